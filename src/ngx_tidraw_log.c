
/*
 * The lines that the module writes to nginx's error log, all in one form:
 * "tidraw: event=... key=value ...".  docs/monitoring.md lists the events.
 * Owns nothing.  Also called in threads: it must not allocate.
 */


#include "ngx_tidraw.h"
#include "td_log.h"


#define NGX_TIDRAW_LOG_LINE    1800     /* bytes, below NGX_MAX_ERROR_STR */
#define NGX_TIDRAW_LOG_ERRNO   128

#define NGX_TIDRAW_LOG_BURST   5
#define NGX_TIDRAW_LOG_QUIET   60       /* seconds */


static u_char *ngx_tidraw_log_text(u_char *p, u_char *last, u_char *text,
    size_t len);


void
ngx_tidraw_log(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *event, const char *fmt, ...)
{
    u_char      line[NGX_TIDRAW_LOG_LINE], text[NGX_TIDRAW_LOG_ERRNO];
    u_char     *p, *last, *end, *s;
    va_list     args;
    ngx_str_t  *v;

    if (log->log_level < level) {
        return;
    }

    last = line + NGX_TIDRAW_LOG_LINE;
    p = ngx_slprintf(line, last, "event=%s%s", event, *fmt ? " " : "");

    va_start(args, fmt);

    while (*fmt) {

        if (*fmt != '%') {
            if (p < last) {
                *p++ = *fmt;
            }

            fmt++;
            continue;
        }

        switch (*++fmt) {

        case 'V':
            v = va_arg(args, ngx_str_t *);
            p = ngx_tidraw_log_text(p, last, v->data, v->len);
            break;

        case 's':
            s = va_arg(args, u_char *);
            p = ngx_tidraw_log_text(p, last, s, ngx_strlen(s));
            break;

        case 'u':
            p = ngx_slprintf(p, last, "%ui", va_arg(args, ngx_uint_t));
            break;

        case 'i':
            p = ngx_slprintf(p, last, "%i", va_arg(args, ngx_int_t));
            break;

        case 'z':
            p = ngx_slprintf(p, last, "%uz", va_arg(args, size_t));
            break;

        default: /* 'L' */
            p = ngx_slprintf(p, last, "%L", va_arg(args, int64_t));
            break;
        }

        fmt++;
    }

    va_end(args);

    if (err) {
        end = ngx_slprintf(text, text + NGX_TIDRAW_LOG_ERRNO, "%d: ", err);
        end = ngx_strerror(err, end, text + NGX_TIDRAW_LOG_ERRNO - end);

        p = ngx_slprintf(p, last, " errno=");
        p = ngx_tidraw_log_text(p, last, text, end - text);
    }

    ngx_log_error(level, log, 0, "tidraw: %*s", (size_t) (p - line), line);
}


/* A value that has no room is left out as a whole. */

static u_char *
ngx_tidraw_log_text(u_char *p, u_char *last, u_char *text, size_t len)
{
    size_t    n;
    char      value[TD_LOG_VALUE_MAX];
    td_str_t  s;

    s.data = (char *) text;
    s.len = len;

    n = td_log_value(value, s);

    return n > (size_t) (last - p) ? p : ngx_cpymem(p, value, n);
}


ngx_uint_t
ngx_tidraw_log_pace(ngx_tidraw_log_pace_t *pace, ngx_uint_t level)
{
    if (ngx_time() - pace->since >= NGX_TIDRAW_LOG_QUIET) {
        pace->since = ngx_time();
        pace->n = 0;
    }

    return pace->n++ < NGX_TIDRAW_LOG_BURST ? level
                                            : ngx_max(level, NGX_LOG_INFO);
}
