
/*
 * The frame parser: a stream must mean the same however it is cut, never use
 * bytes it was not shown, and never leave more than it may.
 *
 * Input: one byte that picks the limits, one that picks the cuts, the stream.
 */


#include <stdlib.h>

#include "td_frame.h"


/* What a stream said, as the number of its events and a sum over them. */

typedef struct {
    size_t       n;
    uint64_t     said;
    uint64_t     sum;           /* of the message that is coming in */
    uint64_t     len;
    td_frame_t   frame;
    uint8_t      rest[TD_FRAME_REST];
    size_t       nrest;
    int          over;
} fuzz_log_t;


static void
fuzz_event(fuzz_log_t *l, uint64_t kind, uint64_t value)
{
    l->said = (l->said * 31 + kind) * 1099511628211ull + value;
    l->n++;
}


static uint64_t
fuzz_sum(uint64_t sum, const uint8_t *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        sum = sum * 1099511628211ull + p[i] + 1;
    }

    return sum;
}


static void
fuzz_data(fuzz_log_t *l, td_frame_event_t *ev)
{
    td_utf8_t  utf8;

    if (ev->first) {
        l->sum = 0;
        l->len = 0;
    }

    l->sum = fuzz_sum(l->sum, ev->data, ev->len);
    l->len += ev->len;

    if (ev->first && ev->last) {
        memset(&utf8, 0, sizeof(td_utf8_t));

        if (td_utf8_feed(&utf8, ev->data, ev->len) != TD_OK
            || !td_utf8_complete(&utf8))
        {
            __builtin_trap();
        }
    }

    if (l->len > l->frame.max_frame && l->len > l->frame.max_message) {
        __builtin_trap();
    }

    if (ev->last) {
        fuzz_event(l, 1, l->sum ^ l->len);
    }
}


static void
fuzz_feed(fuzz_log_t *l, const uint8_t *p, size_t n)
{
    int                rc;
    size_t             used;
    uint8_t           *copy, *pos;
    td_frame_event_t   ev;

    if (l->over) {
        return;
    }

    /* exactly as large, so that a byte too far is noticed */

    copy = malloc(l->nrest + n);
    memcpy(copy, l->rest, l->nrest);
    memcpy(copy + l->nrest, p, n);

    n += l->nrest;
    pos = copy;

    for ( ;; ) {
        rc = td_frame_next(&l->frame, pos, n, &used, &ev);

        if (used > n) {
            __builtin_trap();
        }

        if (rc != TD_FRAME_EVENT_MORE && rc != TD_BAD && ev.len != 0
            && (ev.data < pos || ev.data + ev.len > pos + used))
        {
            __builtin_trap();
        }

        pos += used;
        n -= used;

        if (rc == TD_FRAME_EVENT_DATA) {
            fuzz_data(l, &ev);
            continue;
        }

        if (rc == TD_FRAME_EVENT_PING || rc == TD_FRAME_EVENT_PONG) {
            if (ev.len > TD_FRAME_MAX_CONTROL) {
                __builtin_trap();
            }

            fuzz_event(l, (uint64_t) rc, fuzz_sum(0, ev.data, ev.len));
            continue;
        }

        if (rc == TD_FRAME_EVENT_CLOSE) {
            fuzz_event(l, 4, fuzz_sum(ev.code, ev.data, ev.len));
            continue;
        }

        if (rc == TD_BAD) {
            if (!td_frame_close_code_valid(ev.code)) {
                __builtin_trap();
            }

            fuzz_event(l, 5, ev.code);
            l->over = 1;
        }

        break;
    }

    if (!l->over) {
        if (n > TD_FRAME_REST) {
            __builtin_trap();
        }

        memcpy(l->rest, pos, n);
        l->nrest = n;
    }

    free(copy);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      i, n;
    unsigned    seed;

    static fuzz_log_t  whole, split;

    static const size_t  limits[4][2] = {
        { 786432, 8388608 }, { 125, 300 }, { 300, 125 }, { 0, 0 }
    };

    if (size < 2) {
        return 0;
    }

    memset(&whole, 0, sizeof(fuzz_log_t));
    whole.frame.max_frame = limits[data[0] % 4][0];
    whole.frame.max_message = limits[data[0] % 4][1];
    split = whole;
    seed = data[1];

    data += 2;
    size -= 2;

    fuzz_feed(&whole, data, size);

    for (i = 0; i < size; i += n) {
        seed = seed * 1103515245 + 12345;
        n = 1 + (seed >> 16) % (1 + (data[-1] & 0x3f));
        n = (n < size - i) ? n : size - i;

        fuzz_feed(&split, data + i, n);
    }

    if (whole.n != split.n || whole.said != split.said
        || whole.over != split.over)
    {
        __builtin_trap();
    }

    return 0;
}
