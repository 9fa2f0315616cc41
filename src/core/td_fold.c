
/*
 * Folding of names: tables for Latin, arithmetic for Greek and Cyrillic,
 * whose capitals lie at a fixed distance from the small letters.
 */


#include "td_fold.h"


/* U+00C0 to U+017F; '*': two letters, ' ': stays as it is. */

static const char  td_fold_latin[] =
    "aaaaaa*ceeeeiiii"         /* 00C0 */
    "dnooooo ouuuuy**"
    "aaaaaa*ceeeeiiii"         /* 00E0 */
    "dnooooo ouuuuy*y"
    "aaaaaaccccccccdd"         /* 0100 */
    "ddeeeeeeeeeegggg"
    "gggghhhhiiiiiiii"
    "ii**jjkkklllllll"
    "lllnnnnnnnnnoooo"         /* 0140 */
    "oo**rrrrrrssssss"
    "ssttttttuuuuuuuu"
    "uuuuwwyyyzzzzzzs";


static size_t td_fold_decode(const unsigned char *p, size_t n, uint32_t *c);
static void td_fold_latin_letter(td_buf_t *b, uint32_t c,
    const unsigned char *p, size_t n);
static void td_fold_put(td_buf_t *b, uint32_t c);


void
td_fold(td_buf_t *b, td_str_t s)
{
    size_t                n;
    uint32_t              c;
    const unsigned char  *p, *last;

    p = (const unsigned char *) s.data;
    last = p + s.len;

    for ( /* void */ ; p < last; p += n) {

        if (*p < 0x80) {
            n = 1;
            td_buf_char(b, (*p >= 'A' && *p <= 'Z') ? (char) (*p | 0x20)
                                                    : (char) *p);
            continue;
        }

        n = td_fold_decode(p, (size_t) (last - p), &c);

        if (c >= 0xc0 && c <= 0x17f) {
            td_fold_latin_letter(b, c, p, n);

        } else if (c >= 0x300 && c <= 0x36f) {

            /* a mark of its own: the letter before stands without it */

        } else if (c >= 0x391 && c <= 0x3ab && c != 0x3a2) {
            td_fold_put(b, c + 0x20);

        } else if (c == 0x3c2) {
            td_fold_put(b, 0x3c3);

        } else if (c >= 0x410 && c <= 0x42f) {
            td_fold_put(b, c + 0x20);

        } else if (c >= 0x400 && c <= 0x40f) {
            td_fold_put(b, c + 0x50);

        } else {
            td_buf_add(b, (const char *) p, n);
        }
    }
}


/* Length of the character; *c is 0 for what is none. */

static size_t
td_fold_decode(const unsigned char *p, size_t n, uint32_t *c)
{
    if (p[0] >= 0xc2 && p[0] <= 0xdf && n > 1) {
        *c = ((uint32_t) (p[0] & 0x1f) << 6) | (p[1] & 0x3f);
        return 2;
    }

    *c = 0;

    return 1;
}


static void
td_fold_latin_letter(td_buf_t *b, uint32_t c, const unsigned char *p,
    size_t n)
{
    char  letter;

    letter = td_fold_latin[c - 0xc0];

    if (letter == ' ') {
        td_buf_add(b, (const char *) p, n);
        return;
    }

    if (letter != '*') {
        td_buf_char(b, letter);
        return;
    }

    switch (c) {

    case 0xc6:
    case 0xe6:
        td_buf_lit(b, "ae");
        return;

    case 0xde:
    case 0xfe:
        td_buf_lit(b, "th");
        return;

    case 0xdf:
        td_buf_lit(b, "ss");
        return;

    case 0x132:
    case 0x133:
        td_buf_lit(b, "ij");
        return;

    default: /* 0x152, 0x153 */
        td_buf_lit(b, "oe");
    }
}


/* A letter of two bytes. */

static void
td_fold_put(td_buf_t *b, uint32_t c)
{
    td_buf_char(b, (char) (0xc0 | (c >> 6)));
    td_buf_char(b, (char) (0x80 | (c & 0x3f)));
}
