
/*
 * UTF-8 validator.
 *
 * Reads the bytes of the caller and owns nothing; ASCII, the bulk of every
 * message, passes in steps of 32 bytes.
 */


#include "td_utf8.h"


#define TD_UTF8_HIGH_BITS  0x8080808080808080ull


static const uint8_t *
td_utf8_skip_ascii(const uint8_t *p, const uint8_t *last)
{
    uint64_t  w[4];

    while ((size_t) (last - p) >= sizeof(w)) {
        memcpy(w, p, sizeof(w));

        if ((w[0] | w[1] | w[2] | w[3]) & TD_UTF8_HIGH_BITS) {
            break;
        }

        p += sizeof(w);
    }

    while (p < last && *p < 0x80) {
        p++;
    }

    return p;
}


/*
 * Only the first continuation byte has narrower bounds than 80..BF; they
 * keep out overlong forms (E0, F0), surrogates (ED) and what lies beyond
 * U+10FFFF (F4).
 */

static int
td_utf8_lead(td_utf8_t *u, uint8_t c)
{
    u->low = 0x80;
    u->high = 0xbf;

    if (c < 0xc2) {
        return TD_BAD;
    }

    if (c < 0xe0) {
        u->need = 1;
        return TD_OK;
    }

    if (c < 0xf0) {
        u->need = 2;

        if (c == 0xe0) {
            u->low = 0xa0;

        } else if (c == 0xed) {
            u->high = 0x9f;
        }

        return TD_OK;
    }

    if (c < 0xf5) {
        u->need = 3;

        if (c == 0xf0) {
            u->low = 0x90;

        } else if (c == 0xf4) {
            u->high = 0x8f;
        }

        return TD_OK;
    }

    return TD_BAD;
}


int
td_utf8_feed(td_utf8_t *u, const uint8_t *p, size_t n)
{
    const uint8_t  *last;

    last = p + n;

    for ( ;; ) {

        if (u->need == 0) {
            p = td_utf8_skip_ascii(p, last);
        }

        if (p == last) {
            return TD_OK;
        }

        if (u->need == 0) {
            if (td_utf8_lead(u, *p++) != TD_OK) {
                return TD_BAD;
            }

            continue;
        }

        if (*p < u->low || *p > u->high) {
            return TD_BAD;
        }

        u->low = 0x80;
        u->high = 0xbf;
        u->need--;
        p++;
    }
}
