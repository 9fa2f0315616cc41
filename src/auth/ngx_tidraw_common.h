
/*
 * The most common passwords: what everybody tries first is refused.  The list
 * is a file, in lower case, sorted by bytes, one a line; lines that begin
 * with "#" at its head are comments.
 */


#ifndef _NGX_TIDRAW_COMMON_H_INCLUDED_
#define _NGX_TIDRAW_COMMON_H_INCLUDED_


#include "ngx_tidraw.h"


/*
 * Reads the file of that name, ended by a NUL, into list, in the pool of cf.
 * NGX_CONF_OK, or NGX_CONF_ERROR: it has been logged.
 */
char *ngx_tidraw_common_load(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *list);

/* 1 when the password is in the list, letters of either case alike. */
ngx_uint_t ngx_tidraw_common_has(ngx_str_t *list, ngx_str_t *password);


#endif /* _NGX_TIDRAW_COMMON_H_INCLUDED_ */
