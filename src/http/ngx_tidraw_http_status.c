
/*
 * What the web app asks first, and what a monitor asks all the time.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"


static void ngx_tidraw_config_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_config_answer(ngx_tidraw_call_t *call,
    ngx_uint_t needed, ngx_uint_t registration);
static void ngx_tidraw_readyz_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


void
ngx_tidraw_http_config(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    if (call->site->auth->setup.done
        && ngx_tidraw_registration_fixed(call->conf))
    {
        ngx_tidraw_config_answer(call, 0, call->conf->registration);
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_ANY, "");
    ngx_tidraw_registration_step(op);

    ngx_tidraw_call_run(call, op, ngx_tidraw_config_done);
}


static void
ngx_tidraw_config_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_uint_t  needed;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    needed = ngx_tidraw_cell_int(op->results, 0, 0) == 0;

    if (!needed) {
        call->site->auth->setup.done = 1;
    }

    ngx_tidraw_config_answer(call, needed,
                             ngx_tidraw_registration(call->conf,
                                                     &op->results[1]));
}


static void
ngx_tidraw_config_answer(ngx_tidraw_call_t *call, ngx_uint_t needed,
    ngx_uint_t registration)
{
    td_buf_t   *b;
    ngx_str_t  *key;

    b = &call->out;

    td_buf_lit(b, "{\"version\":\"" NGX_TIDRAW_VERSION "\",\"registration\":");

    ngx_tidraw_json_str(b, ngx_tidraw_registration_name(registration));
    td_buf_lit(b, ",\"setup\":{\"needed\":");

    if (needed) {
        td_buf_lit(b, "true");
    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, ",\"code_required\":");

    if (needed && !ngx_tidraw_origin_local(call->request)) {
        td_buf_lit(b, "true");
    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, "},\"license_key\":");

    key = &call->conf->license_key;

    if (key->len != 0) {
        ngx_tidraw_json_str(b, key);
    } else {
        td_buf_lit(b, "null");
    }

    td_buf_lit(b, ",\"max_upload\":");
    ngx_tidraw_json_int(b, call->conf->max_upload);

    if (call->conf->previews) {
        td_buf_lit(b, ",\"previews\":true");
    } else {
        td_buf_lit(b, ",\"previews\":false");
    }

    td_buf_char(b, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


/* This process answers, whatever the database does. */

void
ngx_tidraw_http_healthz(ngx_tidraw_call_t *call)
{
    td_buf_lit(&call->out, "{\"status\":\"ok\"}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


/*
 * The database answers and has the tables of this version.  Whether it can be
 * written is no part of it: boards can be looked at without, and nobody would
 * find out that it can be again.
 */

void
ngx_tidraw_http_readyz(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    /* an operation would wait for a database that is away */

    if (!ngx_tidraw_store_ready(call->site->store)) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE,
                              "The database does not answer.");
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PING, "");

    ngx_tidraw_call_run(call, op, ngx_tidraw_readyz_done);
}


static void
ngx_tidraw_readyz_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_http_healthz(call);
}
