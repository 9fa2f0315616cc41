
/*
 * Passwords: changing one's own, which needs the old one, and setting a new
 * one by a link, which needs the mailbox.
 *
 * Whoever asks for a link is answered before anybody has looked whether there
 * is such an account, so that neither the answer nor its time tells.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_http.h"
#include "ngx_tidraw_mail.h"
#include "ngx_tidraw_session.h"


#define NGX_TIDRAW_RESET_LIFE      (3600 * (int64_t) 1000)
#define NGX_TIDRAW_RESET_PENDING   64


typedef struct {
    ngx_str_t               password;
    ngx_str_t               address;     /* of the throttle */
    ngx_str_t               user_id;     /* the reset's */
    ngx_str_t               user_name;
    u_char                  token[NGX_TIDRAW_HASH_LEN];
} ngx_tidraw_renewal_t;


/* A link on its way to its owner; in the pool of its operation. */

typedef struct {
    ngx_tidraw_auth_t      *auth;
    ngx_str_t               link;
    ngx_str_t               address;
    ngx_str_t               agent;
} ngx_tidraw_reset_t;


static ngx_tidraw_renewal_t *ngx_tidraw_renewal_create(
    ngx_tidraw_call_t *call);
static void ngx_tidraw_password_current(ngx_tidraw_call_t *call);
static void ngx_tidraw_password_hashed(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
static void ngx_tidraw_password_stored(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_reset_start(ngx_tidraw_call_t *call,
    ngx_str_t *email);
static void ngx_tidraw_reset_stored(ngx_tidraw_op_t *op);
static void ngx_tidraw_confirm_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_confirm_hashed(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
static void ngx_tidraw_confirm_stored(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


static ngx_tidraw_renewal_t *
ngx_tidraw_renewal_create(ngx_tidraw_call_t *call)
{
    ngx_tidraw_renewal_t  *n;

    n = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_renewal_t));

    if (n == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
    }

    call->state = n;

    return n;
}


void
ngx_tidraw_http_password(ngx_tidraw_call_t *call)
{
    ngx_tidraw_renewal_t  *n;

    n = ngx_tidraw_renewal_create(call);
    if (n == NULL) {
        return;
    }

    if (ngx_tidraw_field_password(call, "password", &n->password) == NGX_OK) {
        ngx_tidraw_call_current(call, "current", ngx_tidraw_password_current);
    }
}


static void
ngx_tidraw_password_current(ngx_tidraw_call_t *call)
{
    ngx_tidraw_renewal_t  *n;

    n = call->state;

    ngx_tidraw_call_password(call, &n->password, 0, NULL,
                             ngx_tidraw_password_hashed);
}


static void
ngx_tidraw_password_hashed(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job)
{
    int64_t           now;
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_PASSWORD, "sssi",
                              &call->user_id, &job->hash, &call->user_secret,
                              now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_FORGET, "s",
                              &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSIONS_END, "sni",
                              &call->user_id, (int64_t) 0);

    ngx_tidraw_call_session(call, op, &call->user_id);
    ngx_tidraw_call_activity(call, op, "auth.password", NULL, NULL);
    ngx_tidraw_call_session_last(call, op, &call->user_id, 1);

    ngx_tidraw_call_run(call, op, ngx_tidraw_password_stored);
}


static void
ngx_tidraw_password_stored(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc == NGX_DECLINED) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The password was just changed elsewhere.");
        return;
    }

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_signed_in(call, op, NGX_HTTP_NO_CONTENT);
}


void
ngx_tidraw_http_reset(ngx_tidraw_call_t *call)
{
    ngx_str_t  email, address;

    if (ngx_tidraw_field_email(call, "email", 0, &email) != NGX_OK) {
        return;
    }

    ngx_tidraw_throttle_address(call->request->connection, &address);

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_CONFIRM, &address)
        || ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_RESET, &email))
    {
        return;
    }

    if (!ngx_tidraw_store_ready(call->site->store)
        || ngx_tidraw_reset_start(call, &email) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


/* The rest is done when the answer has left; bounded in number. */

static ngx_int_t
ngx_tidraw_reset_start(ngx_tidraw_call_t *call, ngx_str_t *email)
{
    u_char               token[NGX_TIDRAW_TOKEN_LEN], *p;
    u_char               hash[NGX_TIDRAW_HASH_LEN];
    int64_t              now;
    ngx_str_t            url, t, h, *address;
    ngx_tidraw_op_t     *op;
    ngx_tidraw_auth_t   *auth;
    ngx_tidraw_reset_t  *reset;

    auth = call->site->auth;

    if (auth->resets == NGX_TIDRAW_RESET_PENDING
        || ngx_tidraw_call_url(call, &url) != NGX_OK)
    {
        return NGX_ERROR;
    }

    op = ngx_tidraw_op_create(call->site->store, 1);
    if (op == NULL) {
        return NGX_ERROR;
    }

    address = &call->request->connection->addr_text;

    reset = ngx_pcalloc(op->pool, sizeof(ngx_tidraw_reset_t));
    p = ngx_pnalloc(op->pool, url.len + sizeof("reset/") + sizeof(token)
                              + address->len + NGX_TIDRAW_SESSION_AGENT);

    if (reset == NULL || p == NULL) {
        ngx_tidraw_op_free(op);
        return NGX_ERROR;
    }

    ngx_tidraw_token_random(token);

    t.len = NGX_TIDRAW_TOKEN_LEN;
    t.data = token;
    ngx_tidraw_token_hash(&t, hash);

    h.len = NGX_TIDRAW_HASH_LEN;
    h.data = hash;

    reset->auth = auth;
    reset->link.data = p;
    p = ngx_sprintf(p, "%Vreset/%V", &url, &t);
    reset->link.len = p - reset->link.data;

    reset->address.data = p;
    reset->address.len = address->len;
    p = ngx_cpymem(p, address->data, address->len);

    ngx_tidraw_session_agent(call->request, p, &reset->agent);

    sodium_memzero(token, sizeof(token));

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_USER, "s", email);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_EXPIRE, "i", now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_CREATE, "siis", &h,
                              now, now + NGX_TIDRAW_RESET_LIFE, email);

    auth->resets++;
    ngx_tidraw_op_run(op, ngx_tidraw_reset_stored, reset);

    return NGX_OK;
}


static void
ngx_tidraw_reset_stored(ngx_tidraw_op_t *op)
{
    ngx_str_t               id, name, email, locale;
    ngx_tidraw_mail_t       mail;
    ngx_tidraw_auth_t      *auth;
    ngx_tidraw_reset_t     *reset;
    ngx_tidraw_activity_t   a;

    reset = op->data;
    auth = reset->auth;
    auth->resets--;

    if (op->rc != NGX_OK) {
        ngx_tidraw_log(NGX_LOG_ERR, auth->site->log, 0, "reset_lost",
                       "error=%s", "the database is busy or away");
        return;
    }

    if (op->results->nrows == 0) {
        return;
    }

    id = ngx_tidraw_cell_str(op->results, 0, 0);
    name = ngx_tidraw_cell_str(op->results, 0, 1);
    email = ngx_tidraw_cell_str(op->results, 0, 2);
    locale = ngx_tidraw_cell_str(op->results, 0, 3);

    ngx_memzero(&a, sizeof(ngx_tidraw_activity_t));

    a.action = "auth.reset";
    a.actor = &id;
    a.actor_name = &name;
    a.address = &reset->address;
    a.agent = &reset->agent;

    ngx_tidraw_activity_write(auth->site, &a);

    ngx_memzero(&mail, sizeof(ngx_tidraw_mail_t));

    mail.kind = NGX_TIDRAW_MAIL_RESET;
    mail.to = &email;
    mail.locale = &locale;
    mail.link = &reset->link;

    /* its host was in the request, which anybody can make */

    mail.doubtful = (auth->site->conf->public_url.len == 0);

    ngx_tidraw_mail(auth->site, &mail);
}


void
ngx_tidraw_http_reset_confirm(ngx_tidraw_call_t *call)
{
    ngx_str_t              token, hash;
    ngx_tidraw_op_t       *op;
    ngx_tidraw_renewal_t  *n;

    n = ngx_tidraw_renewal_create(call);
    if (n == NULL) {
        return;
    }

    if (ngx_tidraw_field_text(call, "token", 256, &token) == NGX_ERROR) {
        return;
    }

    if (token.len == 0) {
        ngx_tidraw_call_bad_field(call, "token", "A field is missing.");
        return;
    }

    if (ngx_tidraw_field_password(call, "password", &n->password) != NGX_OK) {
        return;
    }

    ngx_tidraw_throttle_address(call->request->connection, &n->address);

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_CONFIRM,
                                  &n->address))
    {
        return;
    }

    ngx_tidraw_token_hash(&token, n->token);

    hash.len = NGX_TIDRAW_HASH_LEN;
    hash.data = n->token;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_GET, "si", &hash,
                              ngx_tidraw_now());

    ngx_tidraw_call_run(call, op, ngx_tidraw_confirm_found);
}


static void
ngx_tidraw_confirm_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t              id, name;
    ngx_tidraw_renewal_t  *n;

    n = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (op->results->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_GONE, NULL);
        return;
    }

    id = ngx_tidraw_cell_str(op->results, 0, 0);
    name = ngx_tidraw_cell_str(op->results, 0, 1);

    if (ngx_tidraw_call_copy(call, &n->user_id, &id) != NGX_OK
        || ngx_tidraw_call_copy(call, &n->user_name, &name) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_password(call, &n->password, 0, NULL,
                             ngx_tidraw_confirm_hashed);
}


/* Whoever lost the password may have lost more: API tokens end, too. */

static void
ngx_tidraw_confirm_hashed(ngx_tidraw_call_t *call, ngx_tidraw_password_t *job)
{
    int64_t                now;
    ngx_str_t              hash;
    ngx_tidraw_op_t       *op;
    ngx_tidraw_renewal_t  *n;

    n = call->state;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    hash.len = NGX_TIDRAW_HASH_LEN;
    hash.data = n->token;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_TAKE, "si", &hash,
                              now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_PASSWORD, "ssni",
                              &n->user_id, &job->hash, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_FORGET, "s",
                              &n->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSIONS_END, "sni",
                              &n->user_id, (int64_t) 1);

    ngx_tidraw_call_session(call, op, &n->user_id);
    ngx_tidraw_call_activity_of(call, op, "auth.password", &n->user_id,
                                &n->user_name, NULL);
    ngx_tidraw_call_session_last(call, op, &n->user_id, 1);

    ngx_tidraw_call_run(call, op, ngx_tidraw_confirm_stored);
}


static void
ngx_tidraw_confirm_stored(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t              email;
    ngx_tidraw_renewal_t  *n;

    n = call->state;

    if (op->rc == NGX_DECLINED) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_GONE, NULL);
        return;
    }

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_CONFIRM,
                             &n->address);

    if (op->results[call->user_step].nrows != 0) {
        email = ngx_tidraw_cell_str(&op->results[call->user_step], 0, 2);

        ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_ACCOUNT,
                                 &email);
    }

    ngx_tidraw_call_signed_in(call, op, NGX_HTTP_OK);
}
