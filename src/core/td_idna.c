
/*
 * Host names of http URLs.
 *
 * A code point is mapped, then goes through three readers at once: the rules
 * for its label, the number that the label may be, and the text of the label
 * for punycode.  Everything is fixed in size and the caller's.
 */


#include "td_idna.h"


/* Classes of code points: direction in the low bits, the rest are flags. */

#define TD_IDNA_OTHER       0x00
#define TD_IDNA_RTL         0x01
#define TD_IDNA_AN          0x02
#define TD_IDNA_EN          0x03
#define TD_IDNA_NEUTRAL     0x04
#define TD_IDNA_NSM         0x05
#define TD_IDNA_DISALLOWED  0x06
#define TD_IDNA_IGNORED     0x07
#define TD_IDNA_DIRECTION   0x07
#define TD_IDNA_MARK        0x08
#define TD_IDNA_MAPPED      0x10
#define TD_IDNA_VIRAMA      0x20
#define TD_IDNA_JOINS_LEFT  0x40
#define TD_IDNA_JOINS_RIGHT 0x80

#define TD_IDNA_ZWNJ        0x200c
#define TD_IDNA_ZWJ         0x200d
#define TD_IDNA_SOLIDUS     0x338   /* combining: makes "<" another letter */

#define TD_IDNA_HUGE        ((uint64_t) 1 << 40)


typedef struct {
    uint32_t     first;
    uint32_t     last;
    const char  *text;
} td_idna_run_t;


#include "td_idna_table.h"


static int td_idna_point(td_idna_t *idna, uint32_t cp);
static int td_idna_ascii(td_idna_t *idna, char c);
static int td_idna_char(td_idna_t *idna, uint32_t cp, unsigned class);
static int td_idna_dot(td_idna_t *idna);
static void td_idna_label(td_idna_label_t *l, uint32_t cp, unsigned class);
static int td_idna_label_valid(const td_idna_label_t *l);
static int td_idna_punycode(const char *p, size_t len);
static unsigned td_idna_class(uint32_t cp);
static unsigned td_idna_class_ascii(char c);
static const td_idna_run_t *td_idna_run(uint32_t cp);
static void td_idna_digit(td_idna_part_t *part, char c);
static int64_t td_idna_value(const td_idna_part_t *part);


void
td_idna_start(td_idna_t *idna)
{
    memset(idna, 0, offsetof(td_idna_t, text));
}


int
td_idna_byte(td_idna_t *idna, unsigned char c)
{
    if (idna->need > 0) {
        if ((c & 0xc0) != 0x80) {
            return 0;
        }

        idna->cp = idna->cp << 6 | (c & 0x3f);

        if (--idna->need > 0) {
            return 1;
        }

        return idna->cp >= idna->least && td_idna_point(idna, idna->cp);
    }

    if (c < 0x80) {
        return td_idna_ascii(idna, (char) c);
    }

    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    if (c < 0xe0) {
        idna->need = 1;
        idna->least = 0x80;
        idna->cp = c & 0x1f;

    } else if (c < 0xf0) {
        idna->need = 2;
        idna->least = 0x800;
        idna->cp = c & 0x0f;

    } else {
        idna->need = 3;
        idna->least = 0x10000;
        idna->cp = c & 0x07;
    }

    return 1;
}


int
td_idna_end(td_idna_t *idna)
{
    size_t          n, i;
    td_idna_last_t  last;

    if (idna->need > 0 || idna->total == 0 || !td_idna_dot(idna)) {
        return 0;
    }

    n = idna->parts;
    last = idna->last;

    if (last.empty && n > 1) {
        last = idna->before;
        n--;
    }

    if (!last.digits && last.value == -1) {
        return 1;
    }

    /* a name that ends in a number is an IPv4 address or nothing */

    if (n > 4 || last.value == -1) {
        return 0;
    }

    for (i = 0; i + 1 < n; i++) {
        if (idna->values[i] < 0 || idna->values[i] > 255) {
            return 0;
        }
    }

    return last.value < (int64_t) 1 << (8 * (5 - n));
}


static int
td_idna_point(td_idna_t *idna, uint32_t cp)
{
    unsigned              class;
    const char           *p;
    const td_idna_run_t  *run;

    class = td_idna_class(cp);

    if (class == TD_IDNA_IGNORED) {
        return 1;
    }

    if (class == TD_IDNA_DISALLOWED
        || (idna->angle && cp != TD_IDNA_SOLIDUS))
    {
        return 0;
    }

    idna->angle = 0;

    run = td_idna_run(cp);

    if (run == NULL) {
        return td_idna_char(idna, cp, class);
    }

    if (run->first != run->last) {
        return td_idna_ascii(idna, (char) (run->text[0] + (cp - run->first)));
    }

    for (p = run->text; *p != '\0'; p++) {
        if (!td_idna_ascii(idna, *p)) {
            return 0;
        }
    }

    return 1;
}


static int
td_idna_ascii(td_idna_t *idna, char c)
{
    if (idna->angle) {
        return 0;
    }

    if (c >= 'A' && c <= 'Z') {
        c |= 0x20;
    }

    if (c == '.') {
        idna->total++;
        return td_idna_dot(idna);
    }

    if (c == '<' || c == '>') {
        idna->angle = 1;

    } else if (c <= 0x20 || c == 0x7f || strchr("#/:?@[\\]^|%", c) != NULL) {
        return 0;
    }

    return td_idna_char(idna, (uint32_t) c, td_idna_class_ascii(c));
}


static int
td_idna_char(td_idna_t *idna, uint32_t cp, unsigned class)
{
    if (idna->label.len < TD_IDNA_LABEL) {
        idna->text[idna->label.len] = (cp < 0x80) ? (char) cp : '?';
    }

    idna->total++;

    td_idna_digit(&idna->part, cp < 0x80 ? (char) cp : 'z');
    td_idna_label(&idna->label, cp, class);

    return 1;
}


/* A label is complete. */

static int
td_idna_dot(td_idna_t *idna)
{
    td_idna_label_t  *l;

    if (idna->angle) {
        return 0;
    }

    l = &idna->label;

    if (l->unicode) {
        if (!td_idna_label_valid(l)) {
            return 0;
        }

        if (l->len >= 4 && memcmp(idna->text, "xn--", 4) == 0) {
            return 0;
        }

    } else if (l->len >= 4 && memcmp(idna->text, "xn--", 4) == 0) {
        if (l->len > TD_IDNA_LABEL
            || !td_idna_punycode(idna->text + 4, l->len - 4))
        {
            return 0;
        }
    }

    idna->before = idna->last;
    idna->last.value = td_idna_value(&idna->part);
    idna->last.empty = (l->len == 0);
    idna->last.digits = (l->len > 0 && !idna->part.not_dec);

    if (idna->parts < 4) {
        idna->values[idna->parts] = idna->last.value;
    }

    idna->parts++;

    memset(&idna->part, 0, sizeof(td_idna_part_t));
    memset(l, 0, sizeof(td_idna_label_t));

    return 1;
}


static void
td_idna_label(td_idna_label_t *l, uint32_t cp, unsigned class)
{
    unsigned  direction;

    if (cp == TD_IDNA_ZWJ || cp == TD_IDNA_ZWNJ) {

        /* a joiner stands after a virama or, ZWNJ, between what joins */

        if (l->len == 0 || !(l->previous & TD_IDNA_VIRAMA)) {
            if (cp == TD_IDNA_ZWJ || !l->joins) {
                l->bad_joiner = 1;

            } else {
                l->waiting = 1;
            }
        }

    } else if (class & TD_IDNA_JOINS_LEFT) {
        l->waiting = 0;
    }

    if (class & TD_IDNA_JOINS_RIGHT) {
        l->joins = 1;
    }

    direction = class & TD_IDNA_DIRECTION;

    switch (direction) {

    case TD_IDNA_RTL:
        l->rtl = 1;
        break;

    case TD_IDNA_AN:
        l->rtl = 1;
        l->an = 1;
        break;

    case TD_IDNA_EN:
        l->en = 1;
        break;

    case TD_IDNA_OTHER:
        l->not_rtl = 1;
        break;
    }

    if (l->len == 0) {
        l->first = (uint8_t) class;
    }

    if (direction != TD_IDNA_NSM) {
        l->last = (uint8_t) class;
    }

    l->previous = (uint8_t) class;
    l->unicode |= (cp >= 0x80);
    l->len++;
}


/* RFC 5893 for labels with right-to-left characters, RFC 5892 for joiners. */

static int
td_idna_label_valid(const td_idna_label_t *l)
{
    if (l->bad_joiner || l->waiting || (l->first & TD_IDNA_MARK)) {
        return 0;
    }

    if (!l->rtl) {
        return 1;
    }

    if ((l->first & TD_IDNA_DIRECTION) != TD_IDNA_RTL || l->not_rtl
        || (l->en && l->an))
    {
        return 0;
    }

    switch (l->last & TD_IDNA_DIRECTION) {

    case TD_IDNA_RTL:
    case TD_IDNA_AN:
    case TD_IDNA_EN:
        return 1;

    default:
        return 0;
    }
}


/* RFC 3492: what follows "xn--", lower case.  Whether it names a label. */

static int
td_idna_punycode(const char *p, size_t len)
{
    char             c;
    size_t           i, n;
    uint32_t         out[TD_IDNA_LABEL], cp, at, old, w, k, t, bias, digit;
    unsigned         class;
    td_idna_label_t  label;

    n = 0;

    for (i = len; i > 0; i--) {
        if (p[i - 1] == '-') {
            for (n = 0; n < i - 1; n++) {
                out[n] = (uint32_t) p[n];
            }

            break;
        }
    }

    cp = 0x80;
    at = 0;
    bias = 72;

    while (i < len) {
        old = at;
        w = 1;

        for (k = 36; /* void */ ; k += 36) {
            if (i == len) {
                return 0;
            }

            c = p[i++];

            if (c >= 'a' && c <= 'z') {
                digit = c - 'a';

            } else if (c >= '0' && c <= '9') {
                digit = c - '0' + 26;

            } else {
                return 0;
            }

            if (digit > (0x7fffffff - at) / w) {
                return 0;
            }

            at += digit * w;
            t = (k <= bias) ? 1 : (k >= bias + 26) ? 26 : k - bias;

            if (digit < t) {
                break;
            }

            if (w > 0x7fffffff / (36 - t)) {
                return 0;
            }

            w *= 36 - t;
        }

        k = (old == 0) ? at / 700 : (at - old) / 2;
        k += k / (uint32_t) (n + 1);

        for (bias = 0; k > 455; bias += 36) {
            k /= 35;
        }

        bias += 36 * k / (k + 38);

        cp += at / (uint32_t) (n + 1);
        at %= (uint32_t) (n + 1);

        if (cp > 0x10ffff) {
            return 0;
        }

        memmove(&out[at + 1], &out[at], (n - at) * sizeof(uint32_t));
        out[at++] = cp;
        n++;
    }

    memset(&label, 0, sizeof(td_idna_label_t));

    for (i = 0; i < n; i++) {

        if (out[i] < 0x80) {
            class = td_idna_class_ascii((char) out[i]);

        } else {
            class = td_idna_class(out[i]);

            if (class == TD_IDNA_DISALLOWED || class == TD_IDNA_IGNORED
                || (class & TD_IDNA_MAPPED) || td_idna_run(out[i]) != NULL)
            {
                return 0;
            }
        }

        td_idna_label(&label, out[i], class);
    }

    if (n >= 4 && out[0] == 'x' && out[1] == 'n' && out[2] == '-'
        && out[3] == '-')
    {
        return 0;
    }

    return n > 0 && td_idna_label_valid(&label);
}


static unsigned
td_idna_class(uint32_t cp)
{
    size_t  low, high, mid;

    if (cp > 0x10ffff) {
        return TD_IDNA_DISALLOWED;
    }

    low = 0;
    high = sizeof(td_idna_ranges) / sizeof(td_idna_ranges[0]);

    while (high - low > 1) {
        mid = (low + high) / 2;

        if (td_idna_ranges[mid] >> 8 <= cp) {
            low = mid;

        } else {
            high = mid;
        }
    }

    return td_idna_ranges[low] & 0xff;
}


static unsigned
td_idna_class_ascii(char c)
{
    if (c >= 'a' && c <= 'z') {
        return TD_IDNA_OTHER;
    }

    return (c >= '0' && c <= '9') ? TD_IDNA_EN : TD_IDNA_NEUTRAL;
}


/* The entry of a code point that becomes ASCII, or NULL. */

static const td_idna_run_t *
td_idna_run(uint32_t cp)
{
    size_t  low, high, mid;

    low = 0;
    high = sizeof(td_idna_ascii_runs) / sizeof(td_idna_ascii_runs[0]);

    while (low < high) {
        mid = (low + high) / 2;

        if (cp < td_idna_ascii_runs[mid].first) {
            high = mid;

        } else if (cp > td_idna_ascii_runs[mid].last) {
            low = mid + 1;

        } else {
            return &td_idna_ascii_runs[mid];
        }
    }

    return NULL;
}


/* One more character of a label that may be a number. */

static void
td_idna_digit(td_idna_part_t *part, char c)
{
    unsigned  digit;

    digit = (c >= '0' && c <= '9') ? (unsigned) (c - '0')
            : (c >= 'a' && c <= 'f') ? (unsigned) (c - 'a' + 10) : 99;

    part->not_dec |= (digit > 9);

    if (part->len == 0) {
        part->zero = (c == '0');

    } else if (part->len == 1 && part->zero && c == 'x') {
        part->x = 1;
        part->len = 2;
        return;
    }

    part->not_oct |= (digit > 7);
    part->not_hex |= (digit > 15);

    if (part->dec < TD_IDNA_HUGE) {
        part->dec = part->dec * 10 + digit;
    }

    if (part->oct < TD_IDNA_HUGE) {
        part->oct = part->oct * 8 + digit;
    }

    if (part->hex < TD_IDNA_HUGE) {
        part->hex = part->hex * 16 + digit;
    }

    part->len++;
}


static int64_t
td_idna_value(const td_idna_part_t *part)
{
    if (part->len == 0) {
        return -1;
    }

    if (part->x) {
        return part->not_hex ? -1 : (int64_t) part->hex;
    }

    if (part->zero && part->len > 1) {
        return part->not_oct ? -1 : (int64_t) part->oct;
    }

    return part->not_dec ? -1 : (int64_t) part->dec;
}
