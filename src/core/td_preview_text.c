
/*
 * Texts of foreign pages, code point by code point: from their encoding,
 * through their character references, past those that nobody should see.
 */


#include "td_preview_text.h"
#include "td_utf8.h"


#define TD_TEXT_NONE       0xffffffffu  /* no code point */
#define TD_TEXT_REFERENCE  10           /* the longest name */


typedef struct {
    char         *dst;
    size_t        max;
    size_t        len;
    size_t        fits;         /* what an ellipsis still has room behind */
    unsigned      blank:1;      /* one is due before the next character */
    unsigned      cut:1;
} td_text_t;


typedef struct {
    const char   *name;
    uint32_t      cp;
} td_reference_t;


static uint32_t td_text_next(const char **p, const char *last,
    td_charset_e in);
static uint32_t td_text_multibyte(const uint8_t **p, const uint8_t *last);
static uint32_t td_text_reference(const char **p, const char *last);
static uint32_t td_text_number(const char *p, const char *end);
static int td_text_is_blank(uint32_t cp);
static int td_text_is_hidden(uint32_t cp);
static void td_text_add(td_text_t *t, uint32_t cp);
static size_t td_text_encode(char *dst, uint32_t cp);


/* 0x80 to 0x9f; 0: nothing is there */

static const uint16_t  td_text_1252[32] = {
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
    0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178
};


/* 0xa0 to 0xff */

static const char *const  td_text_latin[96] = {
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect",
    "uml", "copy", "ordf", "laquo", "not", "shy", "reg", "macr",
    "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde",
    "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring",
    "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave",
    "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc",
    "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml"
};


static const td_reference_t  td_text_references[] = {
    { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
    { "apos", '\'' }, { "ndash", 0x2013 }, { "mdash", 0x2014 },
    { "lsquo", 0x2018 }, { "rsquo", 0x2019 }, { "sbquo", 0x201a },
    { "ldquo", 0x201c }, { "rdquo", 0x201d }, { "bdquo", 0x201e },
    { "bull", 0x2022 }, { "hellip", 0x2026 }, { "lsaquo", 0x2039 },
    { "rsaquo", 0x203a }, { "euro", 0x20ac }, { "trade", 0x2122 },
    { "ensp", 0x2002 }, { "emsp", 0x2003 }, { "thinsp", 0x2009 },
    { "rarr", 0x2192 }, { "larr", 0x2190 }, { "OElig", 0x0152 },
    { "oelig", 0x0153 }, { "Scaron", 0x0160 }, { "scaron", 0x0161 },
    { "commat", '@' }, { "num", '#' }, { "vert", '|' }, { "colon", ':' },
    { "comma", ',' }, { "period", '.' }, { "excl", '!' }, { "quest", '?' },
    { "lpar", '(' }, { "rpar", ')' }, { "sol", '/' }, { "equals", '=' }
};


int
td_text_is(td_str_t s, const char *lit)
{
    td_str_t  t;

    t.data = lit;
    t.len = strlen(lit);

    return td_text_same(s, t);
}


int
td_text_same(td_str_t a, td_str_t b)
{
    char    c, d;
    size_t  i;

    if (a.len != b.len) {
        return 0;
    }

    for (i = 0; i < a.len; i++) {
        c = a.data[i];
        d = b.data[i];

        c = (c >= 'A' && c <= 'Z') ? (char) (c | 0x20) : c;
        d = (d >= 'A' && d <= 'Z') ? (char) (d | 0x20) : d;

        if (c != d) {
            return 0;
        }
    }

    return 1;
}


td_charset_e
td_text_charset(td_str_t page, td_str_t label)
{
    size_t     i;
    td_utf8_t  utf8;

    static const char *const  labels[] = {
        "windows-1252", "cp1252", "iso-8859-1", "iso8859-1", "latin1",
        "iso-8859-15", "us-ascii", "ascii", NULL
    };

    if (page.len >= 3 && memcmp(page.data, "\xef\xbb\xbf", 3) == 0) {
        return TD_CHARSET_UTF8;
    }

    if (td_text_is(label, "utf-8") || td_text_is(label, "utf8")) {
        return TD_CHARSET_UTF8;
    }

    for (i = 0; labels[i] != NULL; i++) {
        if (td_text_is(label, labels[i])) {
            return TD_CHARSET_1252;
        }
    }

    memset(&utf8, 0, sizeof(td_utf8_t));

    /* it may be cut within a character */

    if (td_utf8_feed(&utf8, (const uint8_t *) page.data, page.len) == TD_OK) {
        return TD_CHARSET_UTF8;
    }

    return label.len ? TD_CHARSET_OTHER : TD_CHARSET_1252;
}


size_t
td_text_clean(char *dst, size_t max, td_str_t text, td_charset_e in)
{
    uint32_t     cp;
    td_text_t    t;
    const char  *p, *last;

    if (text.len == 0) {
        return 0;
    }

    memset(&t, 0, sizeof(td_text_t));

    t.dst = dst;
    t.max = max;

    p = text.data;
    last = p + text.len;

    while (p < last && !t.cut) {

        if (*p == '&') {
            cp = td_text_reference(&p, last);

        } else {
            cp = td_text_next(&p, last, in);

            if (cp == TD_TEXT_NONE && in == TD_CHARSET_OTHER) {
                return 0;
            }
        }

        if (td_text_is_blank(cp)) {
            t.blank = t.len != 0;

        } else if (!td_text_is_hidden(cp)) {
            td_text_add(&t, cp);
        }
    }

    return t.len;
}


/* The next code point; TD_TEXT_NONE: bytes that are none were skipped. */

static uint32_t
td_text_next(const char **p, const char *last, td_charset_e in)
{
    uint8_t  c;

    c = (uint8_t) **p;

    if (c < 0x80) {
        (*p)++;
        return c;
    }

    switch (in) {

    case TD_CHARSET_UTF8:
        return td_text_multibyte((const uint8_t **) p,
                                 (const uint8_t *) last);

    case TD_CHARSET_1252:
        (*p)++;

        if (c >= 0xa0) {
            return c;
        }

        return td_text_1252[c - 0x80] ? td_text_1252[c - 0x80] : TD_TEXT_NONE;

    default:
        (*p)++;
        return TD_TEXT_NONE;
    }
}


static uint32_t
td_text_multibyte(const uint8_t **p, const uint8_t *last)
{
    size_t          n, i;
    uint32_t        cp;
    td_utf8_t       utf8;
    const uint8_t  *s;

    s = *p;
    n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

    memset(&utf8, 0, sizeof(td_utf8_t));

    if ((size_t) (last - s) < n
        || td_utf8_feed(&utf8, s, n) != TD_OK
        || !td_utf8_complete(&utf8))
    {
        (*p)++;
        return TD_TEXT_NONE;
    }

    cp = s[0] & (0x7fu >> n);

    for (i = 1; i < n; i++) {
        cp = cp << 6 | (s[i] & 0x3f);
    }

    *p = s + n;

    return cp;
}


/* At a "&", which stands for itself unless a reference follows. */

static uint32_t
td_text_reference(const char **p, const char *last)
{
    char         c;
    size_t       i;
    uint32_t     cp;
    td_str_t     name;
    const char  *end;

    name.data = *p + 1;
    end = name.data;

    while (end < last && end - name.data <= TD_TEXT_REFERENCE) {
        c = (char) (*end | 0x20);

        if (!((c >= 'a' && c <= 'z') || (*end >= '0' && *end <= '9')
              || (*end == '#' && end == name.data)))
        {
            break;
        }

        end++;
    }

    name.len = (size_t) (end - name.data);

    if (end == last || *end != ';' || name.len == 0) {
        (*p)++;
        return '&';
    }

    cp = TD_TEXT_NONE;

    if (name.data[0] == '#') {
        cp = td_text_number(name.data + 1, end);

        *p = end + 1;
        return cp;
    }

    for (i = 0; i < sizeof(td_text_references) / sizeof(td_reference_t); i++) {
        if (strlen(td_text_references[i].name) == name.len
            && memcmp(td_text_references[i].name, name.data, name.len) == 0)
        {
            cp = td_text_references[i].cp;
        }
    }

    for (i = 0; i < 96; i++) {
        if (strlen(td_text_latin[i]) == name.len
            && memcmp(td_text_latin[i], name.data, name.len) == 0)
        {
            cp = 0xa0 + (uint32_t) i;
        }
    }

    if (cp == TD_TEXT_NONE) {
        (*p)++;
        return '&';
    }

    *p = end + 1;

    return cp;
}


static uint32_t
td_text_number(const char *p, const char *end)
{
    char      c;
    uint32_t  cp, base, digit;

    base = 10;

    if (p < end && (*p | 0x20) == 'x') {
        base = 16;
        p++;
    }

    if (p == end) {
        return TD_TEXT_NONE;
    }

    for (cp = 0; p < end; p++) {
        c = (char) (*p | 0x20);

        digit = (*p >= '0' && *p <= '9') ? (uint32_t) (*p - '0')
                : (c >= 'a' && c <= 'f') ? (uint32_t) (c - 'a' + 10) : 16;

        if (digit >= base) {
            return TD_TEXT_NONE;
        }

        cp = cp * base + digit;

        if (cp > 0x10ffff) {
            return TD_TEXT_NONE;
        }
    }

    if (cp >= 0x80 && cp <= 0x9f) {
        cp = td_text_1252[cp - 0x80];
    }

    return cp;
}


static int
td_text_is_blank(uint32_t cp)
{
    return (cp >= 0x09 && cp <= 0x0d) || cp == ' ' || cp == 0xa0
           || (cp >= 0x2000 && cp <= 0x200a)
           || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f
           || cp == 0x1680 || cp == 0x3000;
}


/* What is not seen, or changes what others look like. */

static int
td_text_is_hidden(uint32_t cp)
{
    return cp < 0x20
           || (cp >= 0x7f && cp <= 0x9f)
           || cp == 0xad
           || cp == 0x061c || cp == 0x180e
           || cp == 0x200b || cp == 0x200e || cp == 0x200f
           || (cp >= 0x202a && cp <= 0x202e)
           || (cp >= 0x2060 && cp <= 0x206f)
           || (cp >= 0xd800 && cp <= 0xdfff)
           || (cp >= 0xe000 && cp <= 0xf8ff)
           || (cp >= 0xfdd0 && cp <= 0xfdef)
           || cp == 0xfeff
           || (cp >= 0xfff0 && cp <= 0xfffb)
           || (cp & 0xfffe) == 0xfffe
           || cp >= 0xe0000;
}


static void
td_text_add(td_text_t *t, uint32_t cp)
{
    char    buf[5];
    size_t  n;

    n = 0;

    if (t->blank) {
        buf[n++] = ' ';
        t->blank = 0;
    }

    n += td_text_encode(buf + n, cp);

    if (t->len + n > t->max) {
        t->len = t->fits + td_text_encode(t->dst + t->fits, 0x2026);
        t->cut = 1;
        return;
    }

    memcpy(t->dst + t->len, buf, n);
    t->len += n;

    if (t->len + 3 <= t->max) {
        t->fits = t->len;
    }
}


static size_t
td_text_encode(char *dst, uint32_t cp)
{
    if (cp < 0x80) {
        dst[0] = (char) cp;
        return 1;
    }

    if (cp < 0x800) {
        dst[0] = (char) (0xc0 | cp >> 6);
        dst[1] = (char) (0x80 | (cp & 0x3f));
        return 2;
    }

    if (cp < 0x10000) {
        dst[0] = (char) (0xe0 | cp >> 12);
        dst[1] = (char) (0x80 | (cp >> 6 & 0x3f));
        dst[2] = (char) (0x80 | (cp & 0x3f));
        return 3;
    }

    dst[0] = (char) (0xf0 | cp >> 18);
    dst[1] = (char) (0x80 | (cp >> 12 & 0x3f));
    dst[2] = (char) (0x80 | (cp >> 6 & 0x3f));
    dst[3] = (char) (0x80 | (cp & 0x3f));

    return 4;
}
