
/*
 * Archives: whatever the bytes are, opening and unpacking ends, within memory
 * that follows their length; entries lie apart, have names of their own, and
 * give what they said or fail.
 */


#include <stdlib.h>

#include "td_zip.h"


typedef struct {
    const uint8_t  *data;
    size_t          len;
} fuzz_bytes_t;


static size_t
fuzz_read(void *ctx, uint64_t offset, uint8_t *buf, size_t n)
{
    fuzz_bytes_t  *b = ctx;

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
    int              rc;
    size_t           i, got;
    uint64_t         all;
    td_arena_t      *a;
    td_unzip_t       u;
    fuzz_bytes_t     b;
    td_zip_dir_t     dir;
    static uint8_t   buf[4096];

    b.data = data;
    b.len = size;

    a = td_arena_create(1024, 0);
    if (a == NULL) {
        return 0;
    }

    rc = td_zip_open(&dir, a, size, fuzz_read, &b);

    if (td_arena_size(a) > 200000 + 8 * size || (rc != TD_OK && dir.nentries))
    {
        abort();
    }

    for (i = 0; rc == TD_OK && i < dir.nentries; i++) {

        if (td_zip_find(&dir, dir.entries[i].name) != &dir.entries[i]) {
            abort();
        }

        all = 0;
        rc = td_unzip_begin(&u, &dir.entries[i], fuzz_read, &b);

        while (rc == TD_OK) {
            rc = td_unzip_read(&u, buf, sizeof(buf), &got);
            all += got;

            if (all > 1100 * (uint64_t) size) {
                abort();
            }

            if (rc == TD_OK && got < sizeof(buf)) {

                if (all != dir.entries[i].size) {
                    abort();
                }

                break;
            }
        }

        td_unzip_end(&u);

        rc = TD_OK;
    }

    td_arena_destroy(a);

    return 0;
}
