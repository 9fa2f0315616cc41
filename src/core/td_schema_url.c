
/*
 * URLs: whether the WHATWG parser takes a text, and its scheme.
 *
 * Only what can make the parser fail is looked at: credentials, host and
 * port.  Paths, queries and fragments never fail.  Tabs and line ends are
 * skipped wherever they stand, as the standard wants it.  Nothing is built or
 * allocated; the host is read byte by byte.
 */


#include "td_schema_node.h"
#include "td_idna.h"


typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
} td_span_t;


static td_url_e td_url_known(const char *scheme, size_t len);
static td_url_e td_url_relative(td_span_t in);
static int td_url_authority(td_span_t in, unsigned special);
static int td_url_port(td_span_t in);
static int td_url_host(td_span_t in, unsigned special);
static int td_url_domain(td_span_t in);
static int td_url_ipv6(td_span_t in);
static int td_url_ipv6_tail(const char *p);
static int td_url_next(td_span_t *in);
static int td_url_is_tab(int c);
static int td_url_hex(int c);


td_url_e
td_url_scheme(td_str_t s)
{
    int        c;
    char       scheme[8];
    size_t     n;
    td_url_e   url;
    td_span_t  in, rest;

    if (s.len == 0) {
        return TD_URL_NONE;
    }

    in.p = (const unsigned char *) s.data;
    in.end = in.p + s.len;

    while (in.end > in.p && in.end[-1] <= 0x20) {
        in.end--;
    }

    /* these two have no scheme, and only they are tried with a base */

    if (s.data[0] == '/') {
        return td_url_relative(in);
    }

    if (s.data[0] == '.') {
        return (s.len > 1 && s.data[1] == '/') ? TD_URL_HTTP : TD_URL_NONE;
    }

    while (in.p < in.end && *in.p <= 0x20) {
        in.p++;
    }

    n = 0;

    for ( ;; ) {
        c = td_url_next(&in);

        if (c == ':') {
            break;
        }

        if (c >= 'A' && c <= 'Z') {
            c |= 0x20;
        }

        if (c < 'a' || c > 'z' || n == sizeof(scheme)) {
            return TD_URL_NONE;
        }

        scheme[n++] = (char) c;
    }

    url = td_url_known(scheme, n);

    switch (url) {

    case TD_URL_NONE:
        return TD_URL_NONE;

    case TD_URL_HTTP:
        return td_url_authority(in, 1) ? url : TD_URL_NONE;

    default:
        rest = in;

        if (td_url_next(&rest) == '/' && td_url_next(&rest) == '/'
            && !td_url_authority(rest, 0))
        {
            return TD_URL_NONE;
        }

        return url;
    }
}


static td_url_e
td_url_known(const char *scheme, size_t len)
{
    td_str_t  s;

    s.data = scheme;
    s.len = len;

    if (td_str_is(s, "http") || td_str_is(s, "https")) {
        return TD_URL_HTTP;
    }

    if (td_str_is(s, "mailto")) {
        return TD_URL_MAILTO;
    }

    if (td_str_is(s, "data")) {
        return TD_URL_DATA;
    }

    if (td_str_is(s, "asset")) {
        return TD_URL_ASSET;
    }

    return TD_URL_NONE;
}


/* "/path" has the host of the base, "//host" and its like their own. */

static td_url_e
td_url_relative(td_span_t in)
{
    int        c;
    td_span_t  rest;

    (void) td_url_next(&in);

    rest = in;
    c = td_url_next(&rest);

    if (c != '/' && c != '\\') {
        return TD_URL_HTTP;
    }

    return td_url_authority(in, 1) ? TD_URL_HTTP : TD_URL_NONE;
}


/* special: the scheme is http or https. */

static int
td_url_authority(td_span_t in, unsigned special)
{
    int                   c, bracket;
    td_span_t             rest, host;
    const unsigned char  *p;

    if (special) {
        for ( ;; ) {
            rest = in;
            c = td_url_next(&rest);

            if (c != '/' && c != '\\') {
                break;
            }

            in = rest;
        }
    }

    host.p = in.p;

    for (p = in.p; p < in.end; p++) {
        if (*p == '/' || *p == '?' || *p == '#' || (*p == '\\' && special)) {
            break;
        }

        if (*p == '@') {
            host.p = p + 1;
        }
    }

    in.end = p;
    bracket = 0;

    for (p = host.p; p < in.end; p++) {
        if (*p == '[') {
            bracket = 1;

        } else if (*p == ']') {
            bracket = 0;

        } else if (*p == ':' && !bracket) {
            break;
        }
    }

    host.end = p;
    rest = host;

    if (td_url_next(&rest) == -1) {
        /* no host: never after credentials, before a port, or with http */
        return !special && host.p == in.p && host.end == in.end;
    }

    if (host.end < in.end) {
        rest.p = host.end + 1;
        rest.end = in.end;

        if (!td_url_port(rest)) {
            return 0;
        }
    }

    return td_url_host(host, special);
}


static int
td_url_port(td_span_t in)
{
    int       c;
    unsigned  port;

    port = 0;

    for ( ;; ) {
        c = td_url_next(&in);

        if (c == -1) {
            return 1;
        }

        if (c < '0' || c > '9') {
            return 0;
        }

        port = port * 10 + (c - '0');

        if (port > 65535) {
            return 0;
        }
    }
}


static int
td_url_host(td_span_t in, unsigned special)
{
    int        c;
    td_span_t  rest;

    rest = in;

    if (td_url_next(&rest) == '[') {
        return td_url_ipv6(rest);
    }

    if (special) {
        return td_url_domain(in);
    }

    for ( ;; ) {
        c = td_url_next(&in);

        if (c == -1) {
            return 1;
        }

        if (c == '\0' || (c < 0x80 && strchr(" #/:<>?@[\\]^|", c) != NULL)) {
            return 0;
        }
    }
}


static int
td_url_domain(td_span_t in)
{
    int        c, high, low;
    td_idna_t  idna;
    td_span_t  rest;

    td_idna_start(&idna);

    for ( ;; ) {
        c = td_url_next(&in);

        if (c == -1) {
            return td_idna_end(&idna);
        }

        if (c == '%') {
            rest = in;
            high = td_url_hex(td_url_next(&rest));
            low = td_url_hex(td_url_next(&rest));

            if (high < 0 || low < 0) {
                return 0;
            }

            c = high * 16 + low;
            in = rest;
        }

        if (!td_idna_byte(&idna, (unsigned char) c)) {
            return 0;
        }
    }
}


/* in: what follows "[", up to the end of the host. */

static int
td_url_ipv6(td_span_t in)
{
    int      c, digits, pieces, compress;
    char     text[48], *p;
    size_t   n;

    n = 0;

    for ( ;; ) {
        c = td_url_next(&in);

        if (c == -1) {
            return 0;
        }

        if (c == ']') {
            break;
        }

        if (c == '\0' || n == sizeof(text) - 1) {
            return 0;
        }

        text[n++] = (char) c;
    }

    if (td_url_next(&in) != -1) {
        return 0;
    }

    text[n] = '\0';

    p = text;
    pieces = 0;
    compress = 0;

    if (*p == ':') {
        if (p[1] != ':') {
            return 0;
        }

        p += 2;
        compress = 1;
    }

    while (*p != '\0') {
        if (pieces + compress == 8) {
            return 0;
        }

        if (*p == ':') {
            if (compress) {
                return 0;
            }

            p++;
            compress = 1;
            continue;
        }

        for (digits = 0; digits < 4 && td_url_hex(*p) >= 0; digits++) {
            p++;
        }

        if (*p == '.') {
            if (digits == 0 || pieces + compress > 6) {
                return 0;
            }

            if (!td_url_ipv6_tail(p - digits)) {
                return 0;
            }

            pieces += 2;
            break;
        }

        if (*p == ':') {
            p++;

            if (*p == '\0') {
                return 0;
            }

        } else if (*p != '\0') {
            return 0;
        }

        pieces++;
    }

    return compress || pieces == 8;
}


/* Four decimal numbers up to 255 without leading zeros, to the end. */

static int
td_url_ipv6_tail(const char *p)
{
    int  i, n;

    for (i = 0; i < 4; i++) {
        if (i > 0 && *p++ != '.') {
            return 0;
        }

        if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9')) {
            return 0;
        }

        for (n = 0; *p >= '0' && *p <= '9'; p++) {
            n = n * 10 + (*p - '0');

            if (n > 255) {
                return 0;
            }
        }
    }

    return *p == '\0';
}


/* The next byte that counts, -1 at the end. */

static int
td_url_next(td_span_t *in)
{
    int  c;

    while (in->p < in->end) {
        c = *in->p++;

        if (!td_url_is_tab(c)) {
            return c;
        }
    }

    return -1;
}


static int
td_url_is_tab(int c)
{
    return c == '\t' || c == '\n' || c == '\r';
}


static int
td_url_hex(int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}
