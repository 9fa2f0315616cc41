
/*
 * The preview of a board, made by an editor's browser.
 */


#include "ngx_tidraw_http_image.h"


static void ngx_tidraw_thumbnail_written(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


void
ngx_tidraw_http_thumbnail_get(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_THUMBNAIL_GET, "i",
                              call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_image_found);
}


void
ngx_tidraw_http_thumbnail_put(ngx_tidraw_call_t *call)
{
    int64_t           now;
    ngx_str_t         type, data;
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_image_take(call, &type, &data) != NGX_OK) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_THUMBNAIL_SET, "ii",
                              call->room, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_THUMBNAIL_PUT, "iss",
                              call->room, &type, &data);

    ngx_tidraw_call_run(call, op, ngx_tidraw_thumbnail_written);
}


static void
ngx_tidraw_thumbnail_written(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
