
/*
 * The pictures of people: one each, seen by everybody who is signed in.
 */


#include "ngx_tidraw_http_image.h"


static void ngx_tidraw_picture_written(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


void
ngx_tidraw_http_picture_get(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PICTURE_GET, "s",
                              &call->params[0]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_image_found);
}


void
ngx_tidraw_http_picture_put(ngx_tidraw_call_t *call)
{
    ngx_str_t         type, data;
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_image_take(call, &type, &data) != NGX_OK) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PICTURE_PUT, "sss",
                              &call->user_id, &type, &data);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PICTURE_SET, "si",
                              &call->user_id, ngx_tidraw_now());
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_picture_written);
}


void
ngx_tidraw_http_picture_delete(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PICTURE_DELETE, "s",
                              &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PICTURE_SET, "sn",
                              &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_picture_written);
}


static void
ngx_tidraw_picture_written(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK || op->results[2].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    td_buf_lit(&call->out, "{\"user\":{");
    ngx_tidraw_json_user(&call->out, &op->results[2], 0);
    td_buf_lit(&call->out, "}}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}
