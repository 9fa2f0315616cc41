
/*
 * Small helpers that all parts of the module share: shared buffers, random
 * identifiers, the time, planned events, files of the configuration.  Owns
 * nothing; must never block, but while the configuration is read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw.h"


#define NGX_TIDRAW_CONF_FILE_MAX   (4 * 1024 * 1024)


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


char *
ngx_tidraw_conf_file(ngx_conf_t *cf, ngx_pool_t *pool, const char *what,
    ngx_str_t *path, ngx_str_t *text)
{
    char        *rv;
    ssize_t      n;
    ngx_file_t   file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *path;
    file.log = cf->log;
    file.fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed, it should be %s",
                           path, what);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_ERROR;

    if (ngx_fd_info(file.fd, &file.info) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", path);
        goto done;
    }

    if (ngx_file_size(&file.info) > NGX_TIDRAW_CONF_FILE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is too large for %s", path, what);
        goto done;
    }

    text->len = ngx_file_size(&file.info);
    text->data = ngx_pnalloc(pool, text->len + 1);

    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, text->data, text->len, 0);

    if (n != (ssize_t) text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" cannot be read, it should be %s", path,
                           what);
        goto done;
    }

    rv = NGX_CONF_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", path);
    }

    return rv;
}
