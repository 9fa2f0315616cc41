
/*
 * Who comes by a link: the password that some links ask for, and the way out
 * for who should not be there.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_control.h"
#include "ngx_tidraw_session.h"


#define NGX_TIDRAW_GUEST_PASSWORD   256     /* bytes */


typedef struct {
    u_char       link_hash[NGX_TIDRAW_HASH_LEN];
    ngx_str_t    password;
    ngx_str_t    stored;
} ngx_tidraw_unlock_t;


static void ngx_tidraw_unlock_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_unlock_verified(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
static void ngx_tidraw_kicked(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op);


void
ngx_tidraw_http_link_unlock(ngx_tidraw_call_t *call)
{
    ngx_str_t             token, address, h;
    ngx_uint_t            wait;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_unlock_t  *unlock;

    unlock = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_unlock_t));
    if (unlock == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (ngx_tidraw_field_text(call, "link", 256, &token) == NGX_ERROR
        || ngx_tidraw_field_text(call, "password", NGX_TIDRAW_GUEST_PASSWORD,
                                 &unlock->password)
           == NGX_ERROR)
    {
        return;
    }

    if (!ngx_tidraw_token_valid(&token, NGX_TIDRAW_TOKEN_LEN)) {
        ngx_tidraw_call_bad_field(call, "link", "This is no link.");
        return;
    }

    if (unlock->password.len == 0) {
        ngx_tidraw_call_bad_field(call, "password", "A field is missing.");
        return;
    }

    ngx_tidraw_throttle_address(call->request->connection, &address);

    wait = ngx_tidraw_throttle_take(call->site, NGX_TIDRAW_THROTTLE_ADDRESS,
                                    &address);
    if (wait) {
        call->retry = wait;
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_MANY_ATTEMPTS, NULL);
        return;
    }

    ngx_tidraw_token_hash(&token, unlock->link_hash);
    h.len = NGX_TIDRAW_HASH_LEN;
    h.data = unlock->link_hash;

    call->state = unlock;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_UNLOCK, "ss",
                              &call->params[0], &h);

    ngx_tidraw_call_run(call, op, ngx_tidraw_unlock_found);
}


static void
ngx_tidraw_unlock_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             s;
    ngx_tidraw_unlock_t  *unlock;

    unlock = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (op->results->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such link.");
        return;
    }

    s = ngx_tidraw_cell_str(op->results, 0, 0);

    if (s.len == 0) {
        ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
        return;
    }

    if (ngx_tidraw_call_copy(call, &unlock->stored, &s) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_password(call, &unlock->password, 1, &unlock->stored,
                             ngx_tidraw_unlock_verified);
}


static void
ngx_tidraw_unlock_verified(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job)
{
    u_char                proof[NGX_TIDRAW_TOKEN_LEN];
    u_char                buf[NGX_TIDRAW_UNLOCK_NAME];
    ngx_str_t             name, token, address, h;
    ngx_tidraw_unlock_t  *unlock;

    unlock = call->state;

    if (job->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INVALID_CREDENTIALS,
                              "The password is wrong.");
        return;
    }

    ngx_tidraw_throttle_address(call->request->connection, &address);
    ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_ADDRESS,
                             &address);

    h.len = NGX_TIDRAW_HASH_LEN;
    h.data = unlock->link_hash;

    ngx_tidraw_unlock_name(&h, buf);
    name.len = sizeof(buf);
    name.data = buf;

    ngx_tidraw_unlock_proof(call->site, &unlock->stored, proof);
    token.len = sizeof(proof);
    token.data = proof;

    if (ngx_tidraw_cookie_set(call->request, &name, &token) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


/* Whether somebody of that presence is there only the other workers know. */

void
ngx_tidraw_http_kick(ngx_tidraw_call_t *call)
{
    ngx_str_t        *presence;
    ngx_tidraw_op_t  *op;

    presence = ngx_palloc(call->request->pool, sizeof(ngx_str_t));
    if (presence == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    switch (ngx_tidraw_field_text(call, "presence", 64, presence)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_tidraw_call_bad_field(call, "presence", "A field is missing.");
        return;

    default: /* NGX_ERROR */
        return;
    }

    call->state = presence;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    ngx_tidraw_call_activity(call, op, "share.kick", &call->params[0],
                             presence);
    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_KICK, &call->params[0],
                            presence);

    ngx_tidraw_call_run(call, op, ngx_tidraw_kicked);
}


static void
ngx_tidraw_kicked(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_KICK,
                            &call->params[0], call->state);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
