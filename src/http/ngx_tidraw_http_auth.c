
/*
 * Coming and going: register, login, logout.
 *
 * Passwords pass through here once, on their way to the thread that hashes
 * them; they and tokens must never reach a log.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_http.h"
#include "ngx_tidraw_control.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_session.h"


/* On its way from the body to the row; in the request's pool. */

typedef struct {
    ngx_str_t       email;
    ngx_str_t       name;
    ngx_str_t       password;
    ngx_str_t       setup_code;
    ngx_str_t       invite;            /* hash of the token; empty: none */

    ngx_str_t       id;
    ngx_str_t       color;
    ngx_str_t       stored;            /* password hash */

    int64_t         room;              /* of the invitation */
    ngx_str_t       room_role;

    ngx_uint_t      tries;
    unsigned        known:1;           /* login: the account exists */
    unsigned        first:1;           /* register: becomes administrator */
    unsigned        offer:1;           /* register: the code was offered */
} ngx_tidraw_account_t;


static void ngx_tidraw_register_look(ngx_tidraw_call_t *call);
static void ngx_tidraw_register_check(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_register_first(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *setup);
static ngx_int_t ngx_tidraw_register_later(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *invite, ngx_tidraw_result_t *setting);
static void ngx_tidraw_register_hashed(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
static void ngx_tidraw_register_store(ngx_tidraw_call_t *call);
static void ngx_tidraw_register_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_login_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_login_verified(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
static void ngx_tidraw_login_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_logout_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


/* White text is readable on each of them; the web app offers the same. */

static ngx_str_t  ngx_tidraw_colors[] = {
    ngx_string("#5b5bd6"), ngx_string("#0070c5"), ngx_string("#0a7d8c"),
    ngx_string("#1b7f4d"), ngx_string("#5d7512"), ngx_string("#9a6400"),
    ngx_string("#c2490c"), ngx_string("#c8303c"), ngx_string("#bf2f75"),
    ngx_string("#8e4ec6"), ngx_string("#8a5a44"), ngx_string("#5f6672")
};


void
ngx_tidraw_http_register(ngx_tidraw_call_t *call)
{
    u_char                *p;
    ngx_int_t              rc;
    ngx_str_t              token, address;
    ngx_tidraw_account_t  *a;

    a = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_account_t));
    if (a == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = a;

    if (ngx_tidraw_field_email(call, "email", 0, &a->email) != NGX_OK
        || ngx_tidraw_field_name(call, "name", 0, &a->name) != NGX_OK
        || ngx_tidraw_field_password(call, "password", &a->password) != NGX_OK
        || ngx_tidraw_field_text(call, "setup_code", 64, &a->setup_code)
           == NGX_ERROR)
    {
        return;
    }

    rc = ngx_tidraw_field_text(call, "invite", 256, &token);

    if (rc == NGX_ERROR) {
        return;
    }

    ngx_tidraw_throttle_address(call->request->connection, &address);

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_REGISTER,
                                     &address))
    {
        return;
    }

    p = ngx_pnalloc(call->request->pool,
                    NGX_TIDRAW_HASH_LEN + NGX_TIDRAW_ID_LEN);
    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    a->id.len = NGX_TIDRAW_ID_LEN;
    a->id.data = p;
    ngx_tidraw_random_id(p, 16);

    a->color = ngx_tidraw_colors[randombytes_uniform(
                     sizeof(ngx_tidraw_colors) / sizeof(ngx_str_t))];

    if (rc == NGX_OK) {
        a->invite.len = NGX_TIDRAW_HASH_LEN;
        a->invite.data = p + NGX_TIDRAW_ID_LEN;
        ngx_tidraw_token_hash(&token, a->invite.data);
    }

    ngx_tidraw_register_look(call);
}


static void
ngx_tidraw_register_look(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t       *op;
    ngx_tidraw_setup_t    *setup;
    ngx_tidraw_account_t  *a;

    a = call->state;
    setup = &call->site->auth->setup;

    /* a server that has just started may not have offered the code yet */

    a->offer = !setup->done;

    op = ngx_tidraw_call_op(call, a->offer);
    if (op == NULL) {
        return;
    }

    if (a->offer) {
        ngx_tidraw_setup_step(setup, op);
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_ANY, "");
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SETUP_GET, "");
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_BY_EMAIL, "s",
                              &a->email);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_GET, "s", &a->invite);
    ngx_tidraw_registration_step(op);

    ngx_tidraw_call_run(call, op, ngx_tidraw_register_check);
}


static void
ngx_tidraw_register_check(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_int_t              rc;
    ngx_tidraw_result_t   *res;
    ngx_tidraw_account_t  *a;

    a = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    res = op->results + a->offer;

    a->first = ngx_tidraw_cell_int(&res[0], 0, 0) == 0;

    rc = a->first ? ngx_tidraw_register_first(call, &res[1])
                  : ngx_tidraw_register_later(call, &res[3], &res[4]);

    if (rc != NGX_OK) {
        return;
    }

    if (res[2].nrows != 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_EMAIL_TAKEN, NULL);
        return;
    }

    if (a->stored.len != 0) {
        ngx_tidraw_register_store(call);
        return;
    }

    ngx_tidraw_call_password(call, &a->password, 0, NULL,
                             ngx_tidraw_register_hashed);
}


/* NGX_OK: may make the first account; otherwise it has answered. */

static ngx_int_t
ngx_tidraw_register_first(ngx_tidraw_call_t *call, ngx_tidraw_result_t *setup)
{
    ngx_str_t              value, key;
    ngx_tidraw_account_t  *a;

    a = call->state;

    if (setup->nrows == 0) {
        /* another one is just being made */
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return NGX_DECLINED;
    }

    if (ngx_tidraw_origin_local(call->request)) {
        return NGX_OK;
    }

    if (a->setup_code.len == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_SETUP_CODE_REQUIRED,
                              NULL);
        return NGX_DECLINED;
    }

    ngx_tidraw_throttle_address(call->request->connection, &key);

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_SETUP, &key)) {
        return NGX_DECLINED;
    }

    value = ngx_tidraw_cell_str(setup, 0, 0);

    if (!ngx_tidraw_setup_check(&value, &a->setup_code)) {
        call->field = "setup_code";
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_SETUP_CODE_INVALID, NULL);
        return NGX_DECLINED;
    }

    ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_SETUP, &key);

    return NGX_OK;
}


/*
 * NGX_OK: may make an account; otherwise it has answered.  That comes before
 * anything that would tell whether there is an account with this e-mail.
 */

static ngx_int_t
ngx_tidraw_register_later(ngx_tidraw_call_t *call, ngx_tidraw_result_t *invite,
    ngx_tidraw_result_t *setting)
{
    ngx_str_t              s;
    ngx_uint_t             registration;
    ngx_tidraw_account_t  *a;

    a = call->state;
    registration = ngx_tidraw_registration(call->conf, setting);

    if (registration == NGX_TIDRAW_REGISTRATION_CLOSED) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_REGISTRATION_CLOSED,
                              NULL);
        return NGX_DECLINED;
    }

    if (a->invite.len == 0) {

        if (registration == NGX_TIDRAW_REGISTRATION_OPEN) {
            return NGX_OK;
        }

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INVITE_REQUIRED, NULL);
        return NGX_DECLINED;
    }

    call->field = "invite";

    if (invite->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such invitation.");
        return NGX_DECLINED;
    }

    if (ngx_tidraw_cell_str(invite, 0, 6).len != 0
        || ngx_tidraw_cell_int(invite, 0, 5) <= ngx_tidraw_now())
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_GONE, NULL);
        return NGX_DECLINED;
    }

    s = ngx_tidraw_cell_str(invite, 0, 4);

    if (s.len != 0
        && (s.len != a->email.len
            || ngx_memcmp(s.data, a->email.data, s.len) != 0))
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_FORBIDDEN,
                              "The invitation is for another e-mail.");
        return NGX_DECLINED;
    }

    call->field = NULL;

    a->room = ngx_tidraw_cell_int(invite, 0, 2);
    s = ngx_tidraw_cell_str(invite, 0, 3);

    if (ngx_tidraw_call_copy(call, &a->room_role, &s) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_tidraw_register_hashed(ngx_tidraw_call_t *call, ngx_tidraw_password_t *job)
{
    ngx_tidraw_account_t  *a;

    a = call->state;

    if (ngx_tidraw_call_copy(call, &a->stored, &job->hash) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_register_store(call);
}


static void
ngx_tidraw_register_store(ngx_tidraw_call_t *call)
{
    int64_t                now;
    ngx_uint_t             stmt;
    ngx_tidraw_op_t       *op;
    ngx_tidraw_account_t  *a;

    a = call->state;
    now = ngx_tidraw_now();

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    stmt = NGX_TIDRAW_STMT_USER_CREATE;

    if (a->first) {
        /* taking the right to it lets one of several at once pass */
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SETUP_TAKE, "");
        stmt = NGX_TIDRAW_STMT_USER_CREATE_FIRST;
    }

    (void) ngx_tidraw_op_step(op, stmt, "sssssi", &a->id, &a->email, &a->name,
                              &a->color, &a->stored, now);

    if (!a->first && a->invite.len != 0) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_USE, "sis",
                                  &a->invite, now, &a->id);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_JOIN, "issi",
                                  a->room, &a->id, &a->room_role, now);
    }

    ngx_tidraw_call_session(call, op, &a->id);
    ngx_tidraw_call_activity_of(call, op, "user.created", &a->id, &a->name,
                                &a->email);
    ngx_tidraw_call_session_last(call, op, &a->id, 0);

    ngx_tidraw_call_run(call, op, ngx_tidraw_register_done);
}


static void
ngx_tidraw_register_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_account_t  *a;

    a = call->state;

    if (op->rc == NGX_TIDRAW_STORE_CONFLICT) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_EMAIL_TAKEN, NULL);
        return;
    }

    if (op->rc == NGX_DECLINED) {

        if (!a->first) {
            ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_GONE, NULL);
            return;
        }

        /* another one was first: what holds for later accounts decides */

        if (a->tries++ == 0) {
            ngx_tidraw_register_look(call);
            return;
        }

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    call->site->auth->setup.done = 1;

    ngx_tidraw_call_signed_in(call, op, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_login(ngx_tidraw_call_t *call)
{
    ngx_int_t               rc;
    ngx_str_t               address;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_account_t   *a;

    a = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_account_t));
    if (a == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = a;

    if (ngx_tidraw_field_email(call, "email", 0, &a->email) != NGX_OK) {
        return;
    }

    rc = ngx_tidraw_field_text(call, "password", 1024, &a->password);

    if (rc != NGX_OK) {
        if (rc == NGX_DECLINED) {
            ngx_tidraw_call_bad_field(call, "password", "A field is missing.");
        }

        return;
    }

    ngx_tidraw_throttle_address(call->request->connection, &address);

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_ADDRESS,
                                     &address))
    {
        return;
    }

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_ACCOUNT,
                                     &a->email))
    {
        ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_ADDRESS,
                                 &address);
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_BY_EMAIL, "s",
                              &a->email);

    ngx_tidraw_call_run(call, op, ngx_tidraw_login_found);
}


static void
ngx_tidraw_login_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t              id, name, stored;
    ngx_tidraw_result_t   *res;
    ngx_tidraw_account_t  *a;

    a = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    res = op->results;

    if (res->nrows != 0) {
        id = ngx_tidraw_cell_str(res, 0, 0);
        name = ngx_tidraw_cell_str(res, 0, 1);
        stored = ngx_tidraw_cell_str(res, 0, 6);

        if (ngx_tidraw_call_copy(call, &a->id, &id) != NGX_OK
            || ngx_tidraw_call_copy(call, &a->name, &name) != NGX_OK
            || ngx_tidraw_call_copy(call, &a->stored, &stored) != NGX_OK)
        {
            ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
            return;
        }

        /* one that was disabled takes as long as a wrong password */

        a->known = ngx_tidraw_cell_int(res, 0, 7) == 0;
    }

    ngx_tidraw_call_password(call, &a->password, 1,
                             res->nrows != 0 ? &a->stored : NULL,
                             ngx_tidraw_login_verified);
}


static void
ngx_tidraw_login_verified(ngx_tidraw_call_t *call, ngx_tidraw_password_t *job)
{
    ngx_str_t               address;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_account_t   *a;

    a = call->state;

    if (job->rc != NGX_OK || !a->known) {
        ngx_tidraw_call_activity_of(call, NULL, "auth.failed", NULL, NULL,
                                    &a->email);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INVALID_CREDENTIALS,
                              NULL);
        return;
    }

    ngx_tidraw_throttle_address(call->request->connection, &address);
    ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_ADDRESS,
                             &address);
    ngx_tidraw_throttle_good(call->site, NGX_TIDRAW_THROTTLE_ACCOUNT,
                             &a->email);

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    if (job->hash.len != 0) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_REHASH, "sss",
                                  &a->id, &a->stored, &job->hash);
    }

    ngx_tidraw_call_session(call, op, &a->id);
    ngx_tidraw_call_activity_of(call, op, "auth.login", &a->id, &a->name,
                                NULL);
    ngx_tidraw_call_session_last(call, op, &a->id, 0);

    ngx_tidraw_call_run(call, op, ngx_tidraw_login_done);
}


static void
ngx_tidraw_login_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_signed_in(call, op, NGX_HTTP_OK);
}


void
ngx_tidraw_http_logout(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_DELETE, "s",
                              &call->session_hash);
    ngx_tidraw_call_activity(call, op, "auth.logout", NULL, NULL);

    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_LOGIN_ENDED, NULL,
                            &call->session_hash);

    ngx_tidraw_call_run(call, op, ngx_tidraw_logout_done);
}


static void
ngx_tidraw_logout_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK
        || ngx_tidraw_session_set_cookie(call->request, NULL) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_LOGIN_ENDED,
                            NULL, &call->session_hash);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
