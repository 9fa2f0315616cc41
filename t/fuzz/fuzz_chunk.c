
/*
 * The chunk assembler against a second one, written from the table of
 * sync-protocol 1.3 without any care for speed or memory.
 *
 * Input: WebSocket messages, each of them ended by a byte 0xff.
 */


#include <stdlib.h>

#include "td_chunk.h"


#define FUZZ_MAX  512


typedef struct {
    int          collecting;
    uint64_t     total;
    uint64_t     stored;
    char         text[FUZZ_MAX];
    size_t       len;
} fuzz_model_t;


/* 1: rest and k are set; the number may have any length. */

static int
fuzz_match(td_str_t s, uint64_t *k, td_str_t *rest)
{
    size_t  i;

    *k = 0;

    for (i = 0; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++) {
        if (*k < (uint64_t) 1 << 59) {
            *k = *k * 10 + (uint64_t) (s.data[i] - '0');
        }
    }

    if (i == 0 || i == s.len || s.data[i] != '_') {
        return 0;
    }

    rest->data = s.data + i + 1;
    rest->len = s.len - i - 1;

    return *k <= (uint64_t) 1 << 53;
}


static int
fuzz_model(fuzz_model_t *m, td_str_t s, td_str_t *message)
{
    uint64_t  k;
    td_str_t  rest;

    if (!m->collecting) {
        m->len = 0;
        m->stored = 0;

        if (s.len != 0 && s.data[0] == '{') {
            *message = s;
            return s.len <= FUZZ_MAX ? TD_CHUNK_MESSAGE : TD_TOO_BIG;
        }
    }

    if (!fuzz_match(s, &k, &rest)) {
        m->collecting = 0;
        return TD_BAD;
    }

    if (!m->collecting) {
        m->total = k + 1;
        m->collecting = 1;

    } else if (k != m->total - m->stored - 1) {
        m->collecting = 0;
        return TD_BAD;
    }

    if (m->len + rest.len > FUZZ_MAX) {
        m->collecting = 0;
        return TD_TOO_BIG;
    }

    memcpy(m->text + m->len, rest.data, rest.len);
    m->len += rest.len;
    m->stored++;

    if (m->stored != m->total) {
        return TD_CHUNK_MORE;
    }

    m->collecting = 0;
    message->data = m->text;
    message->len = m->len;

    return TD_CHUNK_MESSAGE;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int         rc;
    char       *copy;
    size_t      i, n;
    td_str_t    s, got, want;
    td_chunk_t  c;

    static fuzz_model_t  m;

    memset(&c, 0, sizeof(td_chunk_t));
    memset(&m, 0, sizeof(fuzz_model_t));

    for (i = 0; i < size; i += n + 1) {

        for (n = 0; i + n < size && data[i + n] != 0xff; n++) {
            /* void */
        }

        copy = malloc(n);
        memcpy(copy, data + i, n);

        s.data = copy;
        s.len = n;

        memset(&got, 0, sizeof(td_str_t));
        memset(&want, 0, sizeof(td_str_t));

        rc = td_chunk_feed(&c, s, FUZZ_MAX, &got);

        if (rc != fuzz_model(&m, s, &want)) {
            __builtin_trap();
        }

        if (rc == TD_CHUNK_MESSAGE && !td_str_eq(got, want)) {
            __builtin_trap();
        }

        if (c.collecting != (unsigned) m.collecting
            || (rc < 0 && c.text.data != NULL))
        {
            __builtin_trap();
        }

        free(copy);
    }

    td_chunk_reset(&c);

    return 0;
}
