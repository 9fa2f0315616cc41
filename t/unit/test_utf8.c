
/*
 * UTF-8 validator, against an independent decoder and at every cut.
 */


#include <stdlib.h>

#include "td_utf8.h"
#include "tap.h"


/* The whole text at once: 1 valid, 0 not. */

static int
whole(const char *s, size_t n)
{
    td_utf8_t  u;

    memset(&u, 0, sizeof(td_utf8_t));

    return td_utf8_feed(&u, (const uint8_t *) s, n) == TD_OK
           && td_utf8_complete(&u);
}


/* The same by code points, the slow way of the standard's definition. */

static int
reference(const char *s, size_t n)
{
    size_t          i, k, len;
    uint32_t        c;
    const uint8_t  *p;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    p = (const uint8_t *) s;

    for (i = 0; i < n; i += len) {

        if (p[i] < 0x80) {
            len = 1;
            continue;
        }

        if ((p[i] & 0xe0) == 0xc0) {
            len = 2;
            c = p[i] & 0x1f;

        } else if ((p[i] & 0xf0) == 0xe0) {
            len = 3;
            c = p[i] & 0x0f;

        } else if ((p[i] & 0xf8) == 0xf0) {
            len = 4;
            c = p[i] & 0x07;

        } else {
            return 0;
        }

        if (len > n - i) {
            return 0;
        }

        for (k = 1; k < len; k++) {
            if ((p[i + k] & 0xc0) != 0x80) {
                return 0;
            }

            c = c << 6 | (p[i + k] & 0x3f);
        }

        if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return 0;
        }
    }

    return 1;
}


static void
test_all_sequences_of_up_to_three_bytes(void)
{
    char      s[3];
    unsigned  i, bad;

    bad = 0;

    for (i = 0; i < 0x1000000; i++) {
        s[0] = (char) (i >> 16);
        s[1] = (char) (i >> 8);
        s[2] = (char) i;

        if (whole(s, 3) != reference(s, 3)) {
            bad++;
        }

        if (i < 0x10000 && whole(s + 1, 2) != reference(s + 1, 2)) {
            bad++;
        }
    }

    tap_ok(bad == 0, "all texts of two and three bytes are judged right");
}


static void
test_all_sequences_of_four_bytes_at_the_bounds(void)
{
    char      s[4];
    unsigned  a, b, c, d, bad;

    static const unsigned char  edge[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                           0xa0, 0xbf, 0xc0, 0xff };

    bad = 0;

    for (a = 0xe0; a < 0x100; a++) {
        for (b = 0; b < 0x100; b++) {
            for (c = 0; c < sizeof(edge); c++) {
                for (d = 0; d < sizeof(edge); d++) {
                    s[0] = (char) a;
                    s[1] = (char) b;
                    s[2] = (char) edge[c];
                    s[3] = (char) edge[d];

                    if (whole(s, 4) != reference(s, 4)) {
                        bad++;
                    }
                }
            }
        }
    }

    tap_ok(bad == 0, "four bytes: overlong, surrogates, beyond U+10FFFF");
}


static void
test_any_cut_gives_the_same_verdict(void)
{
    int        rc, one;
    char       s[200];
    size_t     i, n, cut, bad, valid;
    unsigned   run;
    td_utf8_t  u;

    static const char  *parts[] = { "a", "\xc3\xa9", "\xe2\x82\xac",
                                    "\xf0\x9f\x98\x80", "0123456789abcdef",
                                    "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf" };

    bad = 0;
    valid = 0;
    srand(1);

    for (run = 0; run < 3000; run++) {

        n = 0;

        while (n < 150) {
            i = (size_t) rand() % (sizeof(parts) / sizeof(parts[0]));
            memcpy(s + n, parts[i], strlen(parts[i]));
            n += strlen(parts[i]);
        }

        if (run % 2) {
            s[(size_t) rand() % n] = (char) rand();
        }

        one = whole(s, n);
        valid += (size_t) one;

        if (one != reference(s, n)) {
            bad++;
        }

        for (cut = 0; cut <= n; cut++) {
            memset(&u, 0, sizeof(td_utf8_t));

            rc = td_utf8_feed(&u, (uint8_t *) s, cut);

            if (rc == TD_OK) {
                rc = td_utf8_feed(&u, (uint8_t *) s + cut, n - cut);
            }

            if ((rc == TD_OK && td_utf8_complete(&u)) != one) {
                bad++;
            }
        }
    }

    tap_ok(bad == 0 && valid >= 1500, "3000 texts, valid and broken, each "
           "cut at every byte (%zu valid)", valid);
}


static void
test_an_unfinished_character_is_no_error_yet(void)
{
    td_utf8_t  u;

    memset(&u, 0, sizeof(td_utf8_t));

    tap_ok(td_utf8_feed(&u, (uint8_t *) "\xf0\x9f", 2) == TD_OK,
           "half a character is accepted");
    tap_ok(!td_utf8_complete(&u), "but the text may not end there");
    tap_ok(td_utf8_feed(&u, (uint8_t *) "\x98\x80", 2) == TD_OK
           && td_utf8_complete(&u), "with the other half it may");

    memset(&u, 0, sizeof(td_utf8_t));

    tap_ok(td_utf8_feed(&u, (uint8_t *) "\xed\xa0", 2) == TD_BAD,
           "a surrogate is refused at its second byte");
}


int
main(void)
{
    test_all_sequences_of_up_to_three_bytes();
    test_all_sequences_of_four_bytes_at_the_bounds();
    test_any_cut_gives_the_same_verdict();
    test_an_unfinished_character_is_no_error_yet();

    return tap_done();
}
