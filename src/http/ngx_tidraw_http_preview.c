
/*
 * The preview of a page that an editor pastes the address of: from the table
 * of those that were asked for lately, or from the page itself.  Who asks
 * learns no more than the texts of a public page, or that there are none.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_preview.h"
#include "ngx_tidraw_throttle.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_PREVIEW_KEEP    (24 * 3600 * 1000)   /* milliseconds */
#define NGX_TIDRAW_PREVIEWS        2000                 /* in the table */


typedef struct {
    ngx_str_t      url;
    ngx_str_t      hash;       /* of the URL, which the table does not hold */
    u_char         hash_buf[NGX_TIDRAW_HASH_LEN];
} ngx_tidraw_preview_ctx_t;


static void ngx_tidraw_preview_looked(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_preview_had(ngx_tidraw_preview_t *pv);
static void ngx_tidraw_preview_store(ngx_tidraw_call_t *call,
    ngx_tidraw_preview_t *pv);
static void ngx_tidraw_preview_stored(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_preview_answer(ngx_tidraw_call_t *call,
    ngx_str_t *title, ngx_str_t *description);


void
ngx_tidraw_http_preview(ngx_tidraw_call_t *call)
{
    td_str_t                   text;
    ngx_str_t                  key;
    td_link_t                  link;
    ngx_int_t                  rc;
    ngx_tidraw_op_t           *op;
    ngx_tidraw_preview_ctx_t  *ctx;

    if (!call->conf->previews) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "Link previews are off: see tidraw_previews.");
        return;
    }

    ctx = ngx_palloc(call->request->pool, sizeof(ngx_tidraw_preview_ctx_t));
    if (ctx == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = ctx;

    rc = ngx_tidraw_field_text(call, "url", TD_LINK_MAX, &ctx->url);

    if (rc == NGX_ERROR) {
        return;
    }

    text.data = (char *) ctx->url.data;
    text.len = ctx->url.len;

    if (rc != NGX_OK || td_link_parse(&link, text) != TD_OK) {
        ngx_tidraw_call_bad_field(call, "url",
                                  "This is not the address of a public web"
                                  " page.");
        return;
    }

    ctx->url.len = link.url.len;
    ctx->hash.data = ctx->hash_buf;
    ctx->hash.len = NGX_TIDRAW_HASH_LEN;

    ngx_tidraw_token_hash(&ctx->url, ctx->hash_buf);

    /* guests have no id but where they come from */

    key = call->user_id;

    if (key.len == 0) {
        ngx_tidraw_throttle_address(call->request->connection, &key);
    }

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_PREVIEW, &key)) {
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PREVIEW_GET, "si",
                              &ctx->hash,
                              ngx_tidraw_now() - NGX_TIDRAW_PREVIEW_KEEP);

    ngx_tidraw_call_run(call, op, ngx_tidraw_preview_looked);
}


static void
ngx_tidraw_preview_looked(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t                  title, description;
    ngx_tidraw_preview_ctx_t  *ctx;

    if (op->rc == NGX_OK && op->results->nrows != 0) {
        title = ngx_tidraw_cell_str(op->results, 0, 0);
        description = ngx_tidraw_cell_str(op->results, 0, 1);

        ngx_tidraw_preview_answer(call, &title, &description);
        return;
    }

    ctx = call->state;

    call->preview = ngx_tidraw_preview(call->site, &ctx->url,
                                       ngx_tidraw_preview_had, call);

    if (call->preview == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_preview_had(ngx_tidraw_preview_t *pv)
{
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    call = pv->data;
    call->preview = NULL;

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    if (pv->rc == NGX_OK) {
        ngx_tidraw_preview_store(call, pv);

    } else {
        ngx_tidraw_log(NGX_LOG_INFO, c->log, 0, "preview_failed",
                       "request=%V error=%V",
                       ngx_tidraw_request_ref(call->request), &pv->error);

        /* why it failed might tell what the network looks like from here */

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_PREVIEW_FAILED, NULL);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_preview_store(ngx_tidraw_call_t *call, ngx_tidraw_preview_t *pv)
{
    int64_t                    now;
    ngx_str_t                  title, description;
    ngx_tidraw_op_t           *op;
    ngx_tidraw_preview_ctx_t  *ctx;

    ctx = call->state;

    title.data = (u_char *) pv->page.title;
    title.len = pv->page.title_len;
    description.data = (u_char *) pv->page.description;
    description.len = pv->page.description_len;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PREVIEW_PUT, "sssi",
                              &ctx->hash, &title, &description, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PREVIEW_PRUNE, "ii",
                              now - NGX_TIDRAW_PREVIEW_KEEP,
                              (int64_t) NGX_TIDRAW_PREVIEWS);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PREVIEW_GET, "si",
                              &ctx->hash,
                              now - NGX_TIDRAW_PREVIEW_KEEP);

    ngx_tidraw_call_run(call, op, ngx_tidraw_preview_stored);
}


static void
ngx_tidraw_preview_stored(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             title, description;
    ngx_tidraw_result_t  *res;

    res = &op->results[2];

    if (op->rc != NGX_OK || res->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    title = ngx_tidraw_cell_str(res, 0, 0);
    description = ngx_tidraw_cell_str(res, 0, 1);

    ngx_tidraw_preview_answer(call, &title, &description);
}


static void
ngx_tidraw_preview_answer(ngx_tidraw_call_t *call, ngx_str_t *title,
    ngx_str_t *description)
{
    td_buf_t  *b;

    b = &call->out;

    td_buf_lit(b, "{\"title\":");
    ngx_tidraw_json_str(b, title);
    td_buf_lit(b, ",\"description\":");
    ngx_tidraw_json_str(b, description);
    td_buf_char(b, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}
