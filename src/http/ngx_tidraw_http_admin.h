
/*
 * What the lists of the administration share: their arguments and answer.
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

/*
 * Answers with the rows of op, which asked for one more than list->limit, as
 * ngx_tidraw_call_answer_rows() does, and with the cursor of what follows, if
 * any: list->cursor, or 0 when there was none, and the rows there are, or the
 * id of the last one when the list is by id (its first column).
 */
void ngx_tidraw_admin_answer(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *name, ngx_tidraw_call_row_pt write, ngx_uint_t by_id);


#endif /* _NGX_TIDRAW_HTTP_ADMIN_H_INCLUDED_ */
