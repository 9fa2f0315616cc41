
/*
 * One's sessions: where one is signed in, and the end of it.  A session is
 * named by an id of its own; neither its token nor the hash leaves the server.
 */


#include "ngx_tidraw_control.h"
#include "ngx_tidraw_http.h"
#include "ngx_tidraw_session.h"


static void ngx_tidraw_sessions_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_session(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);
static void ngx_tidraw_sessions_ended(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_session_ended(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_uint_t ngx_tidraw_session_current(ngx_tidraw_call_t *call,
    ngx_str_t *hash);


void
ngx_tidraw_http_sessions_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_LIST, "si",
                              &call->user_id, ngx_tidraw_now());

    ngx_tidraw_call_run(call, op, ngx_tidraw_sessions_listed);
}


static void
ngx_tidraw_sessions_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_call_answer_rows(call, op, "sessions", ngx_tidraw_json_session);
}


static void
ngx_tidraw_json_session(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    td_buf_t   *b;
    ngx_str_t   hash;

    b = &call->out;
    hash = ngx_tidraw_cell_str(res, row, 1);

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_cell(b, res, row, 0);
    td_buf_lit(b, ",\"current\":");

    if (ngx_tidraw_session_current(call, &hash)) {
        td_buf_lit(b, "true");
    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 2);
    td_buf_lit(b, ",\"last_used_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 3);
    td_buf_lit(b, ",\"address\":");
    ngx_tidraw_json_cell(b, res, row, 4);
    td_buf_lit(b, ",\"agent\":");
    ngx_tidraw_json_cell(b, res, row, 5);
    td_buf_char(b, '}');
}


void
ngx_tidraw_http_sessions_end(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSIONS_END, "ssi",
                              &call->user_id, &call->session_hash,
                              (int64_t) 0);
    ngx_tidraw_call_activity(call, op, "auth.revoked", NULL, NULL);
    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_sessions_ended);
}


static void
ngx_tidraw_sessions_ended(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->user_id);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


void
ngx_tidraw_http_session_end(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_BY_ID, "ss",
                              &call->user_id, &call->params[0]);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_END, "ss",
                              &call->user_id, &call->params[0]);
    ngx_tidraw_call_activity(call, op, "auth.revoked", NULL, NULL);
    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_session_ended);
}


static void
ngx_tidraw_session_ended(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t  hash;

    if (op->rc != NGX_OK || op->results[0].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such session.");
        return;
    }

    hash = ngx_tidraw_cell_str(&op->results[0], 0, 0);

    if (ngx_tidraw_session_current(call, &hash)
        && ngx_tidraw_session_set_cookie(call->request, NULL) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->user_id);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


static ngx_uint_t
ngx_tidraw_session_current(ngx_tidraw_call_t *call, ngx_str_t *hash)
{
    return hash->len == call->session_hash.len
           && ngx_memcmp(hash->data, call->session_hash.data, hash->len) == 0;
}
