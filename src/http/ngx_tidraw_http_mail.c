
/*
 * A test mail, for whoever sets the mail server up: the answer waits for it
 * and says what the matter is.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_mail.h"


static void ngx_tidraw_mail_test_known(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_mail_test_sent(ngx_tidraw_smtp_job_t *job);


void
ngx_tidraw_http_mail_test(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    if (!ngx_tidraw_mail_on(call->site)) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "No mail server is set up: see tidraw_smtp.");
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_mail_test_known);
}


static void
ngx_tidraw_mail_test_known(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t  url, locale;

    if (op->rc != NGX_OK
        || op->results->nrows == 0
        || ngx_tidraw_call_url(call, &url) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    locale = ngx_tidraw_cell_str(op->results, 0, 6);

    call->mail = ngx_tidraw_mail_test(call->site, &call->user_email, &locale,
                                      &call->user_name, &url,
                                      ngx_tidraw_mail_test_sent, call);

    if (call->mail == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_mail_test_sent(ngx_tidraw_smtp_job_t *job)
{
    u_char             *text;
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    call = job->data;
    call->mail = NULL;

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    if (job->rc == NGX_OK) {
        td_buf_lit(&call->out, "{\"sent\":true}");
        ngx_tidraw_call_answer(call, NGX_HTTP_OK);

    } else {
        text = ngx_pnalloc(call->request->pool, job->error.len + 1);

        if (text != NULL) {
            (void) ngx_cpystrn(text, job->error.data, job->error.len + 1);
        }

        ngx_tidraw_log(NGX_LOG_WARN, c->log, 0, "mail_test_failed",
                       "request=%V error=%V",
                       ngx_tidraw_request_ref(call->request), &job->error);

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_MAIL_FAILED,
                              (char *) text);
    }

    ngx_http_run_posted_requests(c);
}
