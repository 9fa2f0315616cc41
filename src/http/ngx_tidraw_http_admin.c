
/*
 * The arguments of the administration's lists, and their answer.
 */


#include "ngx_tidraw_http_admin.h"


#define NGX_TIDRAW_ADMIN_ARG      200       /* bytes */
#define NGX_TIDRAW_ADMIN_LIMIT    50
#define NGX_TIDRAW_ADMIN_MAX      200


ngx_tidraw_admin_list_t *
ngx_tidraw_admin_list(ngx_tidraw_call_t *call)
{
    u_char                   *p;
    size_t                    i;
    ngx_str_t                 q;
    ngx_tidraw_admin_list_t  *list;

    list = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_admin_list_t));
    if (list == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    list->limit = NGX_TIDRAW_ADMIN_LIMIT;
    list->cursor = -1;

    if (ngx_tidraw_admin_number(call, "limit", NGX_TIDRAW_ADMIN_MAX,
                                &list->limit)
        != NGX_OK
        || ngx_tidraw_admin_number(call, "cursor", NGX_MAX_INT32_VALUE,
                                   &list->cursor)
           != NGX_OK
        || ngx_tidraw_admin_arg(call, "q", &q) != NGX_OK)
    {
        return NULL;
    }

    if (list->limit < 1) {
        ngx_tidraw_call_bad_field(call, "limit",
                                  "The limit is a number from 1 to 200.");
        return NULL;
    }

    if (q.data == NULL) {
        return list;
    }

    p = ngx_pnalloc(call->request->pool, q.len * 2 + 2);
    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    list->pattern.data = p;
    *p++ = '%';

    for (i = 0; i < q.len; i++) {

        if (q.data[i] == '%' || q.data[i] == '_' || q.data[i] == '!') {
            *p++ = '!';
        }

        *p++ = q.data[i];
    }

    *p++ = '%';
    list->pattern.len = p - list->pattern.data;

    return list;
}


ngx_int_t
ngx_tidraw_admin_arg(ngx_tidraw_call_t *call, const char *name,
    ngx_str_t *value)
{
    u_char     *src, *dst;
    ngx_str_t   arg;

    ngx_str_null(value);

    if (ngx_http_arg(call->request, (u_char *) name, ngx_strlen(name), &arg)
        != NGX_OK
        || arg.len == 0)
    {
        return NGX_OK;
    }

    /* an encoded byte takes three */

    if (arg.len > 3 * NGX_TIDRAW_ADMIN_ARG) {
        goto invalid;
    }

    dst = ngx_pnalloc(call->request->pool, arg.len);
    if (dst == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    value->data = dst;
    src = arg.data;

    ngx_unescape_uri(&dst, &src, arg.len, 0);

    value->len = dst - value->data;

    if (value->len == 0 || value->len > NGX_TIDRAW_ADMIN_ARG
        || !ngx_tidraw_text_plain(value))
    {
        goto invalid;
    }

    return NGX_OK;

invalid:

    ngx_tidraw_call_bad_field(call, name, "This is a text of up to 200"
                                          " bytes.");
    return NGX_ERROR;
}


ngx_int_t
ngx_tidraw_admin_number(ngx_tidraw_call_t *call, const char *name,
    int64_t most, int64_t *value)
{
    off_t      n;
    ngx_str_t  arg;

    if (ngx_http_arg(call->request, (u_char *) name, ngx_strlen(name), &arg)
        != NGX_OK)
    {
        return NGX_OK;
    }

    n = ngx_atoof(arg.data, arg.len);

    if (n < 0 || n > most) {
        ngx_tidraw_call_bad_field(call, name, "This is not a number that can"
                                              " stand here.");
        return NGX_ERROR;
    }

    *value = n;

    return NGX_OK;
}


void
ngx_tidraw_admin_answer(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *name, ngx_tidraw_call_row_pt write, ngx_uint_t by_id)
{
    td_buf_t                 *b;
    ngx_uint_t                n;
    ngx_tidraw_result_t      *res;
    ngx_tidraw_admin_list_t  *list;

    list = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    b = &call->out;
    res = op->results;
    n = ngx_min(res->nrows, (ngx_uint_t) list->limit);

    ngx_tidraw_json_rows(call, name, res, n, write);

    td_buf_lit(b, ",\"next\":");

    if (res->nrows > n) {
        td_buf_char(b, '"');
        ngx_tidraw_json_int(b, by_id ? ngx_tidraw_cell_int(res, n - 1, 0)
                                     : ngx_max(list->cursor, 0)
                                       + (int64_t) n);
        td_buf_char(b, '"');

    } else {
        td_buf_lit(b, "null");
    }

    td_buf_char(b, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}
