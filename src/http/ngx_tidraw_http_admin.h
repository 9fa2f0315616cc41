
/*
 * What the lists of the administration share: their arguments.
 */


#ifndef _NGX_TIDRAW_HTTP_ADMIN_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_ADMIN_H_INCLUDED_


#include "ngx_tidraw_http.h"


typedef struct {
    int64_t      limit;
    int64_t      cursor;      /* rows before; -1: none was given */
    ngx_str_t    pattern;     /* of "q" for LIKE with '!'; data NULL: none */
} ngx_tidraw_admin_list_t;


/* In the request's pool; NULL: it has answered. */
ngx_tidraw_admin_list_t *ngx_tidraw_admin_list(ngx_tidraw_call_t *call);

/*
 * An argument of the query, decoded, at most 200 bytes of plain text; data
 * NULL when it is absent or empty.  NGX_OK, or it has answered.
 */
ngx_int_t ngx_tidraw_admin_arg(ngx_tidraw_call_t *call, const char *name,
    ngx_str_t *value);

/* The same, a number; *value stays when it is absent. */
ngx_int_t ngx_tidraw_admin_number(ngx_tidraw_call_t *call, const char *name,
    int64_t most, int64_t *value);

/* Closes the list and the object with the cursor of what follows, if any. */
void ngx_tidraw_admin_next(td_buf_t *b, ngx_uint_t more, int64_t cursor);


#endif /* _NGX_TIDRAW_HTTP_ADMIN_H_INCLUDED_ */
