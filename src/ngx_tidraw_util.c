
/*
 * Small helpers that all parts of the module share: shared buffers, random
 * identifiers, the time, planned events.  Owns nothing; must never block.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw.h"


ngx_tidraw_shared_t *
ngx_tidraw_shared_create(size_t size, ngx_log_t *log)
{
    ngx_tidraw_shared_t  *s;

    if (size > NGX_MAX_SIZE_T_VALUE - sizeof(ngx_tidraw_shared_t)) {
        return NULL;
    }

    s = ngx_alloc(offsetof(ngx_tidraw_shared_t, data) + size, log);
    if (s == NULL) {
        return NULL;
    }

    s->refs = 1;
    s->len = 0;
    s->size = size;

    return s;
}


void
ngx_tidraw_shared_free(ngx_tidraw_shared_t *s)
{
    if (--s->refs == 0) {
        ngx_free(s);
    }
}


void
ngx_tidraw_random_id(u_char *dst, size_t n)
{
    size_t     len;
    u_char     bytes[48];
    ngx_str_t  in, out;

    /* pieces of a multiple of 3 bytes join without padding between them */

    while (n > 0) {
        len = ngx_min(n, sizeof(bytes));

        randombytes_buf(bytes, len);

        in.data = bytes;
        in.len = len;
        out.data = dst;

        ngx_encode_base64url(&out, &in);

        dst += out.len;
        n -= len;
    }

    sodium_memzero(bytes, sizeof(bytes));
}


int64_t
ngx_tidraw_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}


uint64_t
ngx_tidraw_memory(void)
{
    u_char     buf[128], *p, *end;
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_int_t  pages;

    fd = ngx_open_file("/proc/self/statm", NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return 0;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));

    (void) ngx_close_file(fd);

    if (n <= 0) {
        return 0;
    }

    p = ngx_strlchr(buf, buf + n, ' ');
    end = p ? ngx_strlchr(p + 1, buf + n, ' ') : NULL;

    if (end == NULL) {
        return 0;
    }

    pages = ngx_atoi(p + 1, end - p - 1);

    return pages < 0 ? 0 : (uint64_t) pages * ngx_pagesize;
}


void
ngx_tidraw_event_stop(ngx_event_t *ev)
{
    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }
}
