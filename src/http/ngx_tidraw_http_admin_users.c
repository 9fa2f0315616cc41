
/*
 * Users, as administrators see and change them.  One active administrator
 * stays, whoever asks.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_control.h"
#include "ngx_tidraw_http_admin.h"
#include "ngx_tidraw_mail.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_LINK_RESET     (3600 * (int64_t) 1000)
#define NGX_TIDRAW_LINK_WELCOME   (7 * 24 * 3600 * (int64_t) 1000)


typedef struct {
    ngx_str_t     id;
    ngx_str_t     name;
    ngx_str_t     email;
    ngx_str_t     role;          /* data NULL: stays */
    ngx_str_t     password;
    ngx_str_t     link;
    ngx_str_t     locale;        /* of the mail */
    ngx_uint_t    asker;         /* step that has who asks for it */
    int64_t       disabled;      /* -1: stays */
} ngx_tidraw_admin_user_t;


static ngx_tidraw_admin_user_t *ngx_tidraw_admin_user_create(
    ngx_tidraw_call_t *call);
static void ngx_tidraw_admin_users_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_user_row(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);
static ngx_int_t ngx_tidraw_admin_user_role(ngx_tidraw_call_t *call,
    ngx_str_t *role);
static void ngx_tidraw_admin_user_hashed(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
static void ngx_tidraw_admin_user_store(ngx_tidraw_call_t *call,
    ngx_str_t *hash);
static void ngx_tidraw_admin_user_created(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_user_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_user_changed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_user_out(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_user_known(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_user_linked(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_admin_user_link(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op, int64_t life);
static void ngx_tidraw_admin_user_mail(ngx_tidraw_call_t *call,
    ngx_tidraw_mail_e kind);
static void ngx_tidraw_admin_user_gone(ngx_tidraw_call_t *call);
static void ngx_tidraw_json_admin_user(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row);


static ngx_tidraw_admin_user_t *
ngx_tidraw_admin_user_create(ngx_tidraw_call_t *call)
{
    ngx_tidraw_admin_user_t  *u;

    u = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_admin_user_t));

    if (u == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    u->id = call->params[0];
    u->disabled = -1;
    call->state = u;

    return u;
}


void
ngx_tidraw_http_admin_users(ngx_tidraw_call_t *call)
{
    ngx_str_t                 sort;
    ngx_uint_t                stmt;
    ngx_tidraw_op_t          *op;
    ngx_tidraw_admin_list_t  *list;

    list = ngx_tidraw_admin_list(call);

    if (list == NULL || ngx_tidraw_admin_arg(call, "sort", &sort) != NGX_OK) {
        return;
    }

    if (sort.len == 0
        || (sort.len == 7 && ngx_memcmp(sort.data, "created", 7) == 0))
    {
        stmt = NGX_TIDRAW_STMT_ADMIN_USERS;

    } else if (sort.len == 4 && ngx_memcmp(sort.data, "size", 4) == 0) {
        stmt = NGX_TIDRAW_STMT_ADMIN_USERS_SIZE;

    } else {
        ngx_tidraw_call_bad_field(call, "sort",
                                  "The order is created or size.");
        return;
    }

    call->state = list;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, stmt, "siii", &list->pattern,
                              ngx_tidraw_now(), list->limit + 1,
                              ngx_max(list->cursor, (int64_t) 0));

    ngx_tidraw_call_run(call, op, ngx_tidraw_admin_users_listed);
}


static void
ngx_tidraw_admin_users_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_admin_answer(call, op, "users", ngx_tidraw_admin_user_row, 0);
}


static void
ngx_tidraw_admin_user_row(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    td_buf_t  *b;

    b = &call->out;

    td_buf_char(b, '{');
    ngx_tidraw_json_admin_user(b, res, row);
    td_buf_lit(b, ",\"boards\":");
    ngx_tidraw_json_cell_int(b, res, row, 10);
    td_buf_lit(b, ",\"bytes\":");
    ngx_tidraw_json_int(b, ngx_tidraw_cell_int(res, row, 11));
    td_buf_lit(b, ",\"files\":");
    ngx_tidraw_json_int(b, ngx_tidraw_cell_int(res, row, 12));
    td_buf_lit(b, ",\"sessions\":");
    ngx_tidraw_json_cell_int(b, res, row, 13);
    td_buf_char(b, '}');
}


static ngx_int_t
ngx_tidraw_admin_user_role(ngx_tidraw_call_t *call, ngx_str_t *role)
{
    ngx_int_t  rc;

    rc = ngx_tidraw_field_text(call, "role", 16, role);

    if (rc != NGX_OK
        || (role->len == 5 && ngx_memcmp(role->data, "admin", 5) == 0)
        || (role->len == 4 && ngx_memcmp(role->data, "user", 4) == 0))
    {
        return rc;
    }

    ngx_tidraw_call_bad_field(call, "role", "A role is admin or user.");

    return NGX_ERROR;
}


void
ngx_tidraw_http_admin_user_new(ngx_tidraw_call_t *call)
{
    u_char                   *p;
    ngx_tidraw_admin_user_t  *u;

    u = ngx_tidraw_admin_user_create(call);

    if (u == NULL
        || ngx_tidraw_field_email(call, "email", 0, &u->email) != NGX_OK
        || ngx_tidraw_field_name(call, "name", 0, &u->name) != NGX_OK
        || ngx_tidraw_admin_user_role(call, &u->role) == NGX_ERROR)
    {
        return;
    }

    p = ngx_pnalloc(call->request->pool, NGX_TIDRAW_ID_LEN);
    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_random_id(p, 16);
    u->id.data = p;
    u->id.len = NGX_TIDRAW_ID_LEN;

    if (td_json_get_lit(call->body, "password") == NULL) {
        ngx_tidraw_admin_user_store(call, NULL);
        return;
    }

    if (ngx_tidraw_field_password(call, "password", &u->password) != NGX_OK) {
        return;
    }

    ngx_tidraw_call_password(call, &u->password, 0, NULL,
                             ngx_tidraw_admin_user_hashed);
}


static void
ngx_tidraw_admin_user_hashed(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job)
{
    ngx_tidraw_admin_user_store(call, &job->hash);
}


/* hash NULL: the account gets a link to set its first password */

static void
ngx_tidraw_admin_user_store(ngx_tidraw_call_t *call, ngx_str_t *hash)
{
    int64_t                   now;
    ngx_str_t                 color;
    ngx_tidraw_op_t          *op;
    ngx_tidraw_admin_user_t  *u;

    u = call->state;
    now = ngx_tidraw_now();
    ngx_str_set(&color, "#5b5bd6");

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_CREATE, "sssssi",
                              &u->id, &u->email, &u->name, &color, hash, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_USER_SET, "ssnni",
                              &u->id, &u->role, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_USER, "s", &u->id);

    if (hash == NULL
        && ngx_tidraw_admin_user_link(call, op, NGX_TIDRAW_LINK_WELCOME)
           != NGX_OK)
    {
        return;
    }

    u->asker = op->nsteps;
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->user_id);

    ngx_tidraw_call_activity(call, op, "user.created", NULL, &u->email);

    ngx_tidraw_call_run(call, op, ngx_tidraw_admin_user_created);
}


static void
ngx_tidraw_admin_user_created(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_admin_user_t  *u;

    u = call->state;

    if (op->rc == NGX_TIDRAW_STORE_CONFLICT) {
        call->field = "email";
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_EMAIL_TAKEN, NULL);
        return;
    }

    if (op->rc != NGX_OK || op->results[2].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    td_buf_lit(&call->out, "{\"user\":{");
    ngx_tidraw_json_admin_user(&call->out, &op->results[2], 0);
    td_buf_lit(&call->out, "},\"reset_link\":");
    ngx_tidraw_json_str(&call->out, &u->link);
    td_buf_char(&call->out, '}');

    if (u->link.len != 0) {

        /* who is new has said nothing about languages yet */

        if (op->results[u->asker].nrows != 0) {
            u->locale = ngx_tidraw_cell_str(&op->results[u->asker], 0, 6);
        }

        ngx_tidraw_admin_user_mail(call, NGX_TIDRAW_MAIL_WELCOME);
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_admin_user_patch(ngx_tidraw_call_t *call)
{
    td_json_t                *v;
    ngx_tidraw_op_t          *op;
    ngx_tidraw_admin_user_t  *u;

    u = ngx_tidraw_admin_user_create(call);

    if (u == NULL
        || ngx_tidraw_field_name(call, "name", 1, &u->name) == NGX_ERROR
        || ngx_tidraw_admin_user_role(call, &u->role) == NGX_ERROR)
    {
        return;
    }

    v = td_json_get_lit(call->body, "disabled");

    if (v != NULL && v->type != TD_NULL) {

        if (v->type != TD_TRUE && v->type != TD_FALSE) {
            ngx_tidraw_call_bad_field(call, "disabled",
                                      "The field must be true or false.");
            return;
        }

        u->disabled = v->type == TD_TRUE;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_USER, "s", &u->id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_admin_user_found);
}


static void
ngx_tidraw_admin_user_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    int64_t                   now;
    ngx_str_t                 email;
    ngx_tidraw_op_t          *set;
    ngx_tidraw_admin_user_t  *u;

    u = call->state;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_tidraw_admin_user_gone(call);
        return;
    }

    email = ngx_tidraw_cell_str(op->results, 0, 2);
    now = ngx_tidraw_now();

    set = ngx_tidraw_call_op(call, 1);
    if (set == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(set, NGX_TIDRAW_STMT_ADMIN_LOCK, "");

    if (u->disabled >= 0) {
        (void) ngx_tidraw_op_step(set, NGX_TIDRAW_STMT_ADMIN_USER_SET,
                                  "ssisi", &u->id, &u->role, u->disabled,
                                  &u->name, now);
    } else {
        (void) ngx_tidraw_op_step(set, NGX_TIDRAW_STMT_ADMIN_USER_SET,
                                  "ssnsi", &u->id, &u->role, &u->name, now);
    }

    (void) ngx_tidraw_op_step(set, NGX_TIDRAW_STMT_ADMIN_USER, "s", &u->id);

    if (u->disabled == 1) {
        (void) ngx_tidraw_op_step(set, NGX_TIDRAW_STMT_SESSIONS_END, "sni",
                                  &u->id, (int64_t) 0);
        (void) ngx_tidraw_op_step(set, NGX_TIDRAW_STMT_RESET_FORGET, "s",
                                  &u->id);
    }

    if (u->disabled >= 0) {
        ngx_tidraw_call_activity(call, set, u->disabled ? "user.disabled"
                                                        : "user.enabled",
                                 NULL, &email);
    }

    if (u->role.len != 0) {
        ngx_tidraw_call_activity(call, set, "user.role", NULL, &email);
    }

    if (u->name.len != 0) {
        ngx_tidraw_call_activity(call, set, "user.renamed", NULL, &email);
    }

    ngx_tidraw_control_note(set, NGX_TIDRAW_CONTROL_USER, NULL, &u->id);

    ngx_tidraw_call_run(call, set, ngx_tidraw_admin_user_changed);
}


static void
ngx_tidraw_admin_user_changed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_admin_user_t  *u;

    u = call->state;

    if (op->rc == NGX_DECLINED) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The last administrator stays.");
        return;
    }

    if (op->rc != NGX_OK || op->results[2].nrows == 0) {
        ngx_tidraw_admin_user_gone(call);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                            &u->id);

    td_buf_lit(&call->out, "{\"user\":{");
    ngx_tidraw_json_admin_user(&call->out, &op->results[2], 0);
    td_buf_lit(&call->out, "}}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


void
ngx_tidraw_http_admin_user_sessions(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_USER, "s",
                              &call->params[0]);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSIONS_END, "sni",
                              &call->params[0], (int64_t) 1);
    ngx_tidraw_call_activity(call, op, "user.signed_out", NULL,
                             &call->params[0]);
    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->params[0]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_admin_user_out);
}


static void
ngx_tidraw_admin_user_out(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK || op->results[0].nrows == 0) {
        ngx_tidraw_admin_user_gone(call);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->params[0]);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


void
ngx_tidraw_http_admin_user_reset(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_admin_user_create(call) == NULL) {
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->params[0]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_admin_user_known);
}


static void
ngx_tidraw_admin_user_known(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t                 email, locale;
    ngx_tidraw_op_t          *add;
    ngx_tidraw_admin_user_t  *u;

    u = call->state;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_tidraw_admin_user_gone(call);
        return;
    }

    email = ngx_tidraw_cell_str(op->results, 0, 2);
    locale = ngx_tidraw_cell_str(op->results, 0, 6);

    if (ngx_tidraw_call_copy(call, &u->email, &email) != NGX_OK
        || ngx_tidraw_call_copy(call, &u->locale, &locale) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    add = ngx_tidraw_call_op(call, 1);
    if (add == NULL
        || ngx_tidraw_admin_user_link(call, add, NGX_TIDRAW_LINK_RESET)
           != NGX_OK)
    {
        return;
    }

    ngx_tidraw_call_activity(call, add, "user.reset", NULL, &u->email);

    ngx_tidraw_call_run(call, add, ngx_tidraw_admin_user_linked);
}


static void
ngx_tidraw_admin_user_linked(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_admin_user_t  *u;

    u = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    td_buf_lit(&call->out, "{\"reset_link\":");
    ngx_tidraw_json_str(&call->out, &u->link);
    td_buf_char(&call->out, '}');

    ngx_tidraw_admin_user_mail(call, NGX_TIDRAW_MAIL_RESET);

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


/*
 * The step that stores a link to set a password, and the link itself.  NGX_OK,
 * or it has answered and freed the operation.
 */

static ngx_int_t
ngx_tidraw_admin_user_link(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    int64_t life)
{
    u_char                    hash[NGX_TIDRAW_HASH_LEN], *p;
    u_char                    token[NGX_TIDRAW_TOKEN_LEN];
    int64_t                   now;
    ngx_str_t                 url, t, h;
    ngx_tidraw_admin_user_t  *u;

    u = call->state;
    p = NULL;

    if (ngx_tidraw_call_url(call, &url) == NGX_OK) {
        p = ngx_pnalloc(call->request->pool,
                        url.len + sizeof("reset/") + NGX_TIDRAW_TOKEN_LEN);
    }

    if (p == NULL) {
        ngx_tidraw_op_free(op);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    ngx_tidraw_token_random(token);

    t.len = NGX_TIDRAW_TOKEN_LEN;
    t.data = token;
    ngx_tidraw_token_hash(&t, hash);

    h.len = NGX_TIDRAW_HASH_LEN;
    h.data = hash;

    u->link.data = p;
    u->link.len = ngx_sprintf(p, "%Vreset/%V", &url, &t) - p;

    sodium_memzero(token, sizeof(token));

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_ADD, "ssii", &h,
                              &u->id, now, now + life);

    return NGX_OK;
}


static void
ngx_tidraw_admin_user_mail(ngx_tidraw_call_t *call, ngx_tidraw_mail_e kind)
{
    ngx_tidraw_mail_t         mail;
    ngx_tidraw_admin_user_t  *u;

    u = call->state;

    ngx_memzero(&mail, sizeof(ngx_tidraw_mail_t));

    mail.kind = kind;
    mail.to = &u->email;
    mail.locale = &u->locale;
    mail.from = &call->user_name;
    mail.link = &u->link;

    ngx_tidraw_mail(call->site, &mail);
}


static void
ngx_tidraw_admin_user_gone(ngx_tidraw_call_t *call)
{
    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                          "There is no such account.");
}


/* columns of NGX_TIDRAW_STMT_ADMIN_USER */

static void
ngx_tidraw_json_admin_user(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    ngx_tidraw_json_user(b, res, row);

    if (ngx_tidraw_cell_int(res, row, 9) != 0) {
        td_buf_lit(b, ",\"disabled\":true");
    } else {
        td_buf_lit(b, ",\"disabled\":false");
    }
}
