
/*
 * One's own profile: name, color, language, e-mail.  Whoever changes the
 * e-mail, to which links for a new password go, says the password again.
 */


#include "ngx_tidraw_control.h"
#include "ngx_tidraw_http.h"


typedef struct {
    ngx_str_t    name;
    ngx_str_t    color;
    ngx_str_t    email;
    ngx_str_t    locale;
    ngx_uint_t   step;           /* that reads it again */
} ngx_tidraw_profile_t;


static void ngx_tidraw_me_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op);
static void ngx_tidraw_me_answer(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op, ngx_uint_t step);
static ngx_int_t ngx_tidraw_me_locale(ngx_tidraw_call_t *call,
    ngx_str_t *locale);
static void ngx_tidraw_me_store(ngx_tidraw_call_t *call);
static void ngx_tidraw_me_stored(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


void
ngx_tidraw_http_session(ngx_tidraw_call_t *call)
{
    if (call->user_id.len == 0) {
        td_buf_lit(&call->out, "{\"user\":null}");
        ngx_tidraw_call_answer(call, NGX_HTTP_OK);
        return;
    }

    ngx_tidraw_http_me(call);
}


void
ngx_tidraw_http_me(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_me_found);
}


static void
ngx_tidraw_me_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_me_answer(call, op, 0);
}


static void
ngx_tidraw_me_answer(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_uint_t step)
{
    ngx_tidraw_result_t  *res;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    res = &op->results[step];

    if (res->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_AUTHENTICATED, NULL);
        return;
    }

    td_buf_lit(&call->out, "{\"user\":{");
    ngx_tidraw_json_user(&call->out, res, 0);
    td_buf_lit(&call->out, "}}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


void
ngx_tidraw_http_me_patch(ngx_tidraw_call_t *call)
{
    ngx_tidraw_profile_t  *p;

    p = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_profile_t));
    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = p;

    if (ngx_tidraw_field_name(call, "name", 1, &p->name) == NGX_ERROR
        || ngx_tidraw_field_color(call, "color", &p->color) == NGX_ERROR
        || ngx_tidraw_field_email(call, "email", 1, &p->email) == NGX_ERROR
        || ngx_tidraw_me_locale(call, &p->locale) == NGX_ERROR)
    {
        return;
    }

    if (p->email.len == call->user_email.len
        && ngx_memcmp(p->email.data, call->user_email.data, p->email.len) == 0)
    {
        ngx_str_null(&p->email);
    }

    if (p->email.len == 0) {
        ngx_tidraw_me_store(call);
        return;
    }

    ngx_tidraw_call_current(call, "current", ngx_tidraw_me_store);
}


/* "" is no choice: the language of the browser */

static ngx_int_t
ngx_tidraw_me_locale(ngx_tidraw_call_t *call, ngx_str_t *locale)
{
    ngx_int_t  rc;

    rc = ngx_tidraw_field_text(call, "locale", 2, locale);

    if (rc != NGX_OK || locale->len == 0) {
        return rc;
    }

    if (locale->len == 2
        && (ngx_strncmp(locale->data, "en", 2) == 0
            || ngx_strncmp(locale->data, "de", 2) == 0))
    {
        return NGX_OK;
    }

    ngx_tidraw_call_bad_field(call, "locale", "The language is en or de.");

    return NGX_ERROR;
}


static void
ngx_tidraw_me_store(ngx_tidraw_call_t *call)
{
    int64_t                now;
    ngx_tidraw_op_t       *op;
    ngx_tidraw_profile_t  *p;

    p = call->state;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_UPDATE, "sssiss",
                              &call->user_id, &p->name, &p->color, now,
                              &p->email, &p->locale);

    if (p->email.len != 0) {

        /* what was sent to the old address is worth nothing any more */

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RESET_FORGET, "s",
                                  &call->user_id);
        ngx_tidraw_call_activity(call, op, "user.email", NULL, &p->email);
    }

    p->step = op->nsteps;
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->user_id);

    if (p->name.len != 0 || p->color.len != 0) {

        /* boards list people by them */

        ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_USER, NULL,
                                &call->user_id);
    }

    ngx_tidraw_call_run(call, op, ngx_tidraw_me_stored);
}


static void
ngx_tidraw_me_stored(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_profile_t  *p;

    p = call->state;

    if (op->rc == NGX_TIDRAW_STORE_CONFLICT) {
        call->field = "email";
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_EMAIL_TAKEN, NULL);
        return;
    }

    if (op->rc == NGX_OK && (p->name.len != 0 || p->color.len != 0)) {
        ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                                &call->user_id);
    }

    ngx_tidraw_me_answer(call, op, p->step);
}
