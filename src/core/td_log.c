
/*
 * Values of lines of the log.  Owns nothing and allocates nothing.
 */


#include "td_log.h"
#include "td_utf8.h"


#define TD_LOG_ESCAPED  4                       /* \xNN */
#define TD_LOG_END      (sizeof("...\"") - 1)


static size_t td_log_char(const uint8_t *p, size_t n);


/* Length of the character at p that may be shown as it is, or 0. */

static size_t
td_log_char(const uint8_t *p, size_t n)
{
    size_t     i, len;
    uint32_t   cp;
    td_utf8_t  u;

    if (p[0] < 0x80) {
        return p[0] >= ' ' && p[0] != 0x7f ? 1 : 0;
    }

    len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

    memset(&u, 0, sizeof(td_utf8_t));

    if (len > n || td_utf8_feed(&u, p, len) != TD_OK
        || !td_utf8_complete(&u))
    {
        return 0;
    }

    cp = p[0] & (0x7f >> len);

    for (i = 1; i < len; i++) {
        cp = cp << 6 | (p[i] & 0x3f);
    }

    /* C1 controls, separators of lines, marks that turn the direction */

    if (cp < 0xa0 || cp == 0x200e || cp == 0x200f
        || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069))
    {
        return 0;
    }

    return len;
}


size_t
td_log_value(char *dst, td_str_t value)
{
    char           *d, *end;
    size_t          i, n, len;
    const uint8_t  *p;

    static const char  hex[] = "0123456789abcdef";

    if (value.len == 0) {
        dst[0] = '-';
        return 1;
    }

    p = (const uint8_t *) value.data;

    for (i = 0; i < value.len; i++) {
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z')
              || (p[i] >= '0' && p[i] <= '9')
              || (p[i] && strchr("._:/@+,%-", p[i]))))
        {
            break;
        }
    }

    if (i == value.len && i <= TD_LOG_VALUE_MAX
        && !(i == 1 && p[0] == '-'))
    {
        memcpy(dst, p, i);
        return i;
    }

    d = dst;
    end = dst + TD_LOG_VALUE_MAX - TD_LOG_END - TD_LOG_ESCAPED;

    *d++ = '"';

    for (i = 0; i < value.len; i += len) {

        if (d > end) {
            memcpy(d, "...", 3);
            d += 3;
            break;
        }

        n = td_log_char(p + i, value.len - i);
        len = n ? n : 1;

        if (n == 0) {
            *d++ = '\\';
            *d++ = 'x';
            *d++ = hex[p[i] >> 4];
            *d++ = hex[p[i] & 15];

        } else {
            if (p[i] == '"' || p[i] == '\\') {
                *d++ = '\\';
            }

            memcpy(d, p + i, n);
            d += n;
        }
    }

    *d++ = '"';

    return d - dst;
}
