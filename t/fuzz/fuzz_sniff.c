
/*
 * What a file is: whatever the bytes are, the answer comes after a bounded
 * number of reads, is one of the known types, and is the same when the reads
 * come up short at the end of the file as they may.
 */


#include <stdlib.h>

#include "td_sniff.h"


typedef struct {
    const uint8_t  *data;
    size_t          len;
    size_t          reads;
} fuzz_bytes_t;


static size_t
fuzz_read(void *ctx, uint64_t offset, uint8_t *buf, size_t n)
{
    fuzz_bytes_t  *b = ctx;

    if (++b->reads > 600 || n > 4096) {
        abort();
    }

    if (offset >= b->len) {
        return 0;
    }

    if (n > b->len - offset) {
        n = b->len - (size_t) offset;
    }

    memcpy(buf, b->data + offset, n);

    return n;
}


int  LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_str_t      type;
    td_sniff_t    s, again;
    fuzz_bytes_t  b;

    b.data = data;
    b.len = size;
    b.reads = 0;

    td_sniff(&s, size, fuzz_read, &b);

    b.reads = 0;
    td_sniff(&again, size, fuzz_read, &b);

    type.data = s.type;
    type.len = strlen(s.type);

    if (td_sniff_kind(type) != s.kind
        || again.type != s.type
        || again.width != s.width
        || again.height != s.height
        || (s.kind == TD_SNIFF_RASTER && (s.width == 0 || s.height == 0))
        || (s.kind != TD_SNIFF_RASTER && (s.width != 0 || s.height != 0)))
    {
        abort();
    }

    /* a file that is longer than it says */

    b.reads = 0;
    td_sniff(&s, size + 100000, fuzz_read, &b);

    b.reads = 0;
    td_sniff(&s, size / 2, fuzz_read, &b);

    return 0;
}
