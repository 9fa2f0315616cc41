
/*
 * The password of who asks, said once more: what changes the way into an
 * account, or ends it, takes more than a session that was left open.
 */


#include "ngx_tidraw_http.h"


struct ngx_tidraw_current_s {
    const char         *field;
    ngx_str_t           password;
    ngx_str_t           key;           /* of the throttle: the e-mail, as the
                                          call may change it */
    ngx_tidraw_call_pt  handler;
};


static void ngx_tidraw_current_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_current_verified(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);


void
ngx_tidraw_call_current(ngx_tidraw_call_t *call, const char *field,
    ngx_tidraw_call_pt handler)
{
    ngx_int_t              rc;
    ngx_tidraw_op_t       *op;
    ngx_tidraw_current_t  *current;

    current = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_current_t));
    if (current == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    current->field = field;
    current->key = call->user_email;
    current->handler = handler;
    call->current = current;

    rc = ngx_tidraw_field_text(call, field, 1024, &current->password);

    if (rc != NGX_OK) {
        if (rc == NGX_DECLINED) {
            ngx_tidraw_call_bad_field(call, field,
                                      "This needs the current password.");
        }

        return;
    }

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_ACCOUNT,
                                  &current->key))
    {
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_SECRET, "s",
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_current_found);
}


static void
ngx_tidraw_current_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t  stored;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    stored = ngx_tidraw_cell_str(op->results, 0, 0);

    if (ngx_tidraw_call_copy(call, &call->user_secret, &stored) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_password(call, &call->current->password, 1,
                             stored.len != 0 ? &call->user_secret : NULL,
                             ngx_tidraw_current_verified);
}


static void
ngx_tidraw_current_verified(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job)
{
    ngx_tidraw_current_t  *current;

    current = call->current;

    if (job->rc != NGX_OK) {
        call->field = current->field;
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INVALID_CREDENTIALS,
                              "The password is wrong.");
        return;
    }

    ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_ACCOUNT,
                             &current->key);

    current->handler(call);
}
