
/*
 * WebSocket frames: parser and header writer.
 *
 * Writes to the payload it is shown (the mask is taken off in place) and to
 * nothing else; must never trust a length before it was held against a
 * limit, and never needs one to find memory.
 */


#include "td_frame.h"


#define TD_FRAME_FIN        0x80
#define TD_FRAME_RSV        0x70
#define TD_FRAME_OPCODE     0x0f
#define TD_FRAME_CONTROL    0x08
#define TD_FRAME_MASKED     0x80
#define TD_FRAME_LENGTH     0x7f


typedef struct {
    uint64_t     len;
    size_t       size;          /* of the header itself */
    unsigned     opcode;
    unsigned     fin:1;
    uint8_t      mask[4];
} td_frame_header_t;


/*
 * Takes the mask off and turns it, so that it fits the byte that follows.
 */

static void
td_frame_unmask(uint8_t *mask, uint8_t *p, size_t n)
{
    size_t    i;
    uint8_t   m[4];
    uint32_t  m32;
    uint64_t  m64, w[4];

    memcpy(m, mask, 4);
    memcpy(&m32, m, 4);

    m64 = ((uint64_t) m32 << 32) | m32;

    for (i = 0; i < 4; i++) {
        mask[i] = m[(i + n) & 3];
    }

    while (n >= sizeof(w)) {
        memcpy(w, p, sizeof(w));

        w[0] ^= m64;
        w[1] ^= m64;
        w[2] ^= m64;
        w[3] ^= m64;

        memcpy(p, w, sizeof(w));

        p += sizeof(w);
        n -= sizeof(w);
    }

    while (n >= sizeof(m64)) {
        memcpy(w, p, sizeof(m64));
        w[0] ^= m64;
        memcpy(p, w, sizeof(m64));

        p += sizeof(m64);
        n -= sizeof(m64);
    }

    for (i = 0; i < n; i++) {
        p[i] ^= m[i & 3];
    }
}


static int
td_frame_fail(td_frame_t *f, td_frame_event_t *ev, unsigned code)
{
    f->failed = 1;
    f->left = code;

    ev->code = code;

    return TD_BAD;
}


/*
 * Every byte is judged as soon as it is there, by itself and by the bytes
 * before it: how the stream was cut cannot change the verdict.
 * Returns a TD_CLOSE_* code, or 0, with h->size 0 if bytes are missing.
 */

static unsigned
td_frame_parse_header(td_frame_t *f, const uint8_t *p, size_t n,
    td_frame_header_t *h)
{
    size_t    i, bytes;
    unsigned  short_len;

    h->size = 0;

    if (n == 0) {
        return 0;
    }

    h->opcode = p[0] & TD_FRAME_OPCODE;
    h->fin = (p[0] & TD_FRAME_FIN) != 0;

    if (p[0] & TD_FRAME_RSV) {
        return TD_CLOSE_PROTOCOL;
    }

    switch (h->opcode) {

    case TD_FRAME_CONTINUATION:
        if (!f->in_message) {
            return TD_CLOSE_PROTOCOL;
        }

        break;

    case TD_FRAME_TEXT:
    case TD_FRAME_BINARY:
        if (f->in_message) {
            return TD_CLOSE_PROTOCOL;
        }

        break;

    case TD_FRAME_CLOSE:
    case TD_FRAME_PING:
    case TD_FRAME_PONG:
        if (!h->fin) {
            return TD_CLOSE_PROTOCOL;
        }

        break;

    default:
        return TD_CLOSE_PROTOCOL;
    }

    if (n == 1) {
        return 0;
    }

    if (!(p[1] & TD_FRAME_MASKED)) {
        return TD_CLOSE_PROTOCOL;
    }

    short_len = p[1] & TD_FRAME_LENGTH;

    if ((h->opcode & TD_FRAME_CONTROL) && short_len > TD_FRAME_MAX_CONTROL) {
        return TD_CLOSE_PROTOCOL;
    }

    if (h->opcode == TD_FRAME_CLOSE && short_len == 1) {
        return TD_CLOSE_PROTOCOL;
    }

    bytes = (short_len == 126) ? 2 : (short_len == 127) ? 8 : 0;

    if (n < 2 + bytes) {
        return 0;
    }

    h->len = short_len;

    if (bytes != 0) {
        h->len = 0;

        for (i = 0; i < bytes; i++) {
            h->len = (h->len << 8) | p[2 + i];
        }

        if (h->len >> 63 || h->len < (bytes == 2 ? 126 : 65536)) {
            return TD_CLOSE_PROTOCOL;
        }
    }

    if (!(h->opcode & TD_FRAME_CONTROL)) {

        if (h->len > f->max_frame) {
            return TD_CLOSE_TOO_BIG;
        }

        /* total is at most max_message here, so nothing wraps round */

        if ((f->in_message || !h->fin)
            && (f->total > f->max_message
                || h->len > f->max_message - f->total))
        {
            return TD_CLOSE_TOO_BIG;
        }
    }

    if (n < 2 + bytes + 4) {
        return 0;
    }

    memcpy(h->mask, p + 2 + bytes, 4);
    h->size = 2 + bytes + 4;

    return 0;
}


static int
td_frame_control(td_frame_t *f, td_frame_header_t *h, uint8_t *p,
    td_frame_event_t *ev)
{
    td_utf8_t  utf8;

    td_frame_unmask(h->mask, p, h->len);

    ev->data = p;
    ev->len = h->len;

    if (h->opcode == TD_FRAME_PING) {
        return TD_FRAME_EVENT_PING;
    }

    if (h->opcode == TD_FRAME_PONG) {
        return TD_FRAME_EVENT_PONG;
    }

    if (h->len == 0) {
        f->closed = 1;
        ev->code = TD_CLOSE_NO_CODE;

        return TD_FRAME_EVENT_CLOSE;
    }

    ev->code = ((unsigned) p[0] << 8) | p[1];
    ev->data += 2;
    ev->len -= 2;

    if (!td_frame_close_code_valid(ev->code)) {
        return td_frame_fail(f, ev, TD_CLOSE_PROTOCOL);
    }

    memset(&utf8, 0, sizeof(td_utf8_t));

    if (td_utf8_feed(&utf8, ev->data, ev->len) != TD_OK
        || !td_utf8_complete(&utf8))
    {
        return td_frame_fail(f, ev, TD_CLOSE_BAD_DATA);
    }

    f->closed = 1;

    return TD_FRAME_EVENT_CLOSE;
}


/*
 * Shows what is there of the payload of a data frame.  An empty piece is
 * shown only where it ends a message.
 */

static int
td_frame_payload(td_frame_t *f, uint8_t *p, size_t n, size_t *used,
    td_frame_event_t *ev)
{
    if (n > f->left) {
        n = (size_t) f->left;
    }

    if (n == 0 && (f->left != 0 || !f->fin)) {
        f->in_frame = (f->left != 0);
        return TD_FRAME_EVENT_MORE;
    }

    td_frame_unmask(f->mask, p, n);

    *used += n;
    f->left -= n;

    ev->data = p;
    ev->len = n;
    ev->first = !f->begun;
    ev->last = (f->left == 0 && f->fin);

    if (td_utf8_feed(&f->utf8, p, n) != TD_OK
        || (ev->last && !td_utf8_complete(&f->utf8)))
    {
        return td_frame_fail(f, ev, TD_CLOSE_BAD_DATA);
    }

    f->in_frame = (f->left != 0);
    f->begun = 1;

    if (ev->last) {
        f->in_message = 0;
        f->begun = 0;
        f->total = 0;
    }

    return TD_FRAME_EVENT_DATA;
}


int
td_frame_next(td_frame_t *f, uint8_t *p, size_t n, size_t *used,
    td_frame_event_t *ev)
{
    int                rc;
    unsigned           code;
    td_frame_header_t  h;

    *used = 0;
    memset(ev, 0, sizeof(td_frame_event_t));

    if (f->failed) {
        return td_frame_fail(f, ev, (unsigned) f->left);
    }

    if (f->closed) {
        *used = n;
        return TD_FRAME_EVENT_MORE;
    }

    for ( ;; ) {

        if (!f->in_frame) {
            code = td_frame_parse_header(f, p + *used, n - *used, &h);

            if (code != 0) {
                return td_frame_fail(f, ev, code);
            }

            if (h.size == 0) {
                return TD_FRAME_EVENT_MORE;
            }

            if (h.opcode & TD_FRAME_CONTROL) {

                if (n - *used - h.size < h.len) {
                    return TD_FRAME_EVENT_MORE;
                }

                p += *used + h.size;
                *used += h.size + (size_t) h.len;

                return td_frame_control(f, &h, p, ev);
            }

            *used += h.size;

            if (!f->in_message) {
                memset(&f->utf8, 0, sizeof(td_utf8_t));
            }

            memcpy(f->mask, h.mask, 4);

            f->in_frame = 1;
            f->in_message = 1;
            f->fin = h.fin;
            f->left = h.len;
            f->total += h.len;
        }

        rc = td_frame_payload(f, p + *used, n - *used, used, ev);

        if (rc != TD_FRAME_EVENT_MORE || f->in_frame) {
            return rc;
        }
    }
}


int
td_frame_close_code_valid(unsigned code)
{
    if (code >= 3000 && code <= 4999) {
        return 1;
    }

    return (code >= 1000 && code <= 1014
            && code != 1004 && code != 1005 && code != 1006);
}


size_t
td_frame_header(uint8_t *dst, unsigned opcode, uint64_t len)
{
    size_t  i;

    dst[0] = (uint8_t) (TD_FRAME_FIN | opcode);

    if (len < 126) {
        dst[1] = (uint8_t) len;
        return 2;
    }

    if (len < 65536) {
        dst[1] = 126;
        dst[2] = (uint8_t) (len >> 8);
        dst[3] = (uint8_t) len;
        return 4;
    }

    dst[1] = 127;

    for (i = 0; i < 8; i++) {
        dst[2 + i] = (uint8_t) (len >> (56 - 8 * i));
    }

    return 10;
}
