
/*
 * The most common passwords: one text in the memory of the configuration,
 * searched by halves.  Never logs what it is asked for.
 */


#include "ngx_tidraw_common.h"


#define NGX_TIDRAW_COMMON_WORD   64


static ngx_uint_t ngx_tidraw_common_sorted(ngx_str_t *list);
static u_char *ngx_tidraw_common_line(u_char *p, u_char *last,
    ngx_str_t *line);


char *
ngx_tidraw_common_load(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *list)
{
    u_char     *p, *last;
    ngx_str_t   line, text;

    if (ngx_tidraw_conf_file(cf, cf->pool,
                             "\"tidraw_passwords\", the list of common ones",
                             path, &text)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    p = text.data;
    last = p + text.len;

    while (p < last && *p == '#') {
        p = ngx_tidraw_common_line(p, last, &line);
    }

    list->data = p;
    list->len = last - p;

    if (!ngx_tidraw_common_sorted(list)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "list of passwords \"%V\" is not sorted, use "
                           "\"LC_ALL=C sort\"", path);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_tidraw_common_sorted(ngx_str_t *list)
{
    u_char     *p, *last;
    ngx_str_t   line, before;

    ngx_str_null(&before);

    p = list->data;
    last = p + list->len;

    while (p < last) {
        p = ngx_tidraw_common_line(p, last, &line);

        if (before.data != NULL
            && ngx_memn2cmp(before.data, line.data, before.len, line.len) > 0)
        {
            return 0;
        }

        before = line;
    }

    return 1;
}


/* The line that begins at p; where the next one does. */

static u_char *
ngx_tidraw_common_line(u_char *p, u_char *last, ngx_str_t *line)
{
    u_char  *end;

    end = ngx_strlchr(p, last, LF);

    line->data = p;
    line->len = (end != NULL ? end : last) - p;

    return end != NULL ? end + 1 : last;
}


ngx_uint_t
ngx_tidraw_common_has(ngx_str_t *list, ngx_str_t *password)
{
    u_char     *low, *high, *p, *next, word[NGX_TIDRAW_COMMON_WORD];
    ngx_int_t   rc;
    ngx_str_t   line;

    if (password->len > sizeof(word)) {
        return 0;
    }

    ngx_strlow(word, password->data, password->len);

    low = list->data;
    high = list->data + list->len;

    while (low < high) {

        /* the beginning of the line that holds the middle */

        p = low + (high - low) / 2;

        while (p > low && p[-1] != LF) {
            p--;
        }

        next = ngx_tidraw_common_line(p, high, &line);

        rc = ngx_memn2cmp(word, line.data, password->len, line.len);

        if (rc == 0) {
            break;
        }

        if (rc < 0) {
            high = p;

        } else {
            low = next;
        }
    }

    ngx_explicit_memzero(word, sizeof(word));

    return low < high;
}
