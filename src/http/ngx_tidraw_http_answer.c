
/*
 * Answers of the API: JSON, failures in their one form.  Answers are never
 * stored by caches; they must never hold a password, or a token of somebody
 * who may not see it.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_zone.h"


/*
 * Whole boards wait in memory for their readers, who may be slow on purpose:
 * beyond so many bytes in a worker a further one is told to come later.
 */

#define NGX_TIDRAW_ANSWER_LARGE   (256 * 1024)
#define NGX_TIDRAW_ANSWERS_MAX    (64 * 1024 * 1024)


typedef struct {
    ngx_uint_t     status;
    const char    *code;
    const char    *message;
} ngx_tidraw_error_t;


static ngx_int_t ngx_tidraw_call_hold(ngx_tidraw_call_t *call);
static void ngx_tidraw_call_instead(ngx_tidraw_call_t *call,
    ngx_tidraw_error_e error);
static ngx_int_t ngx_tidraw_http_send(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *body, ngx_str_t *type, ngx_str_t *cache,
    ngx_uint_t retry);
static void ngx_tidraw_http_write_error(ngx_http_request_t *r, td_buf_t *b,
    ngx_tidraw_error_e error, const char *message, const char *field);
static void ngx_tidraw_http_free_buf(void *data);


/* Bytes of this worker's large answers that wait for their readers. */
static size_t  ngx_tidraw_answers;


static ngx_tidraw_error_t  ngx_tidraw_errors[NGX_TIDRAW_ERRORS_MAX] = {
    { 400, "bad_request", "The request has the wrong form." },
    { 400, "weak_password", "This is one of the passwords that are tried"
           " first. Please choose another one." },
    { 401, "not_authenticated", "Please sign in first." },
    { 401, "invalid_credentials", "The e-mail or the password is wrong." },
    { 401, "link_password", "This link needs its password." },
    { 403, "forbidden", "You may not do this." },
    { 403, "bad_origin", "The request came from another site. Behind a proxy,"
           " pass the Host header on or set tidraw_public_url." },
    { 403, "registration_closed", "New accounts are not open here." },
    { 403, "invite_required", "A new account needs an invitation." },
    { 403, "setup_code_required", "The first account needs the setup code"
           " from the log of the server." },
    { 403, "setup_code_invalid", "This is not the setup code." },
    { 404, "not_found", "There is nothing here." },
    { 405, "method_not_allowed", "This cannot be done here." },
    { 409, "conflict", "This contradicts what is there." },
    { 409, "email_taken", "There is an account with this e-mail already." },
    { 410, "gone", "This has expired or was used already." },
    { 412, "precondition_failed", "The board has changed meanwhile." },
    { 413, "too_large", "The request is too large." },
    { 415, "unsupported_media_type", "The body must be application/json." },
    { 426, "upgrade_required", "This address speaks WebSocket only." },
    { 429, "too_many_attempts", "Too many attempts. Please wait a little." },
    { 507, "quota_exceeded", "There is no room left for more files." },
    { 507, "storage_full", "The disk of the server is full." },
    { 500, "internal", "Something went wrong on the server." },
    { 502, "mail_failed", "The mail could not be sent." },
    { 502, "preview_failed", "There is no preview of this page." },
    { 503, "unavailable", "The server is busy. Please try again." }
};


void
ngx_tidraw_call_answer(ngx_tidraw_call_t *call, ngx_uint_t status)
{
    ngx_int_t            rc;
    ngx_str_t            body;
    ngx_http_request_t  *r;

    r = call->request;

    if (call->answered) {
        ngx_tidraw_log(NGX_LOG_ALERT, r->connection->log, 0,
                       "call_answered_twice", "request=%V",
                       ngx_tidraw_request_ref(r));
        return;
    }

    if (call->out.failed) {
        status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        call->retry = 0;
        ngx_tidraw_call_instead(call, NGX_TIDRAW_ERROR_INTERNAL);

    } else if (ngx_tidraw_call_hold(call) != NGX_OK) {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;
        call->retry = 2;
        ngx_tidraw_call_instead(call, NGX_TIDRAW_ERROR_UNAVAILABLE);
    }

    call->answered = 1;

    ngx_tidraw_count(call->site, status < 400 ? NGX_TIDRAW_COUNT_API_2XX
                                 : status < 500 ? NGX_TIDRAW_COUNT_API_4XX
                                                : NGX_TIDRAW_COUNT_API_5XX,
                     1);

    ngx_tidraw_call_detach(call);

    if (call->unread) {
        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc);
            return;
        }
    }

    body.data = (u_char *) call->out.data;
    body.len = call->out.len;

    rc = ngx_tidraw_http_send(r, status, &body, &call->type, &call->cache,
                              call->retry);

    ngx_http_finalize_request(r, rc);
}


/* One of any size always goes. */

static ngx_int_t
ngx_tidraw_call_hold(ngx_tidraw_call_t *call)
{
    size_t  len;

    len = call->out.len;

    if (len < NGX_TIDRAW_ANSWER_LARGE) {
        return NGX_OK;
    }

    if (ngx_tidraw_answers != 0
        && (ngx_tidraw_answers >= NGX_TIDRAW_ANSWERS_MAX
            || len > NGX_TIDRAW_ANSWERS_MAX - ngx_tidraw_answers))
    {
        return NGX_DECLINED;
    }

    ngx_tidraw_answers += len;
    call->held = len;

    return NGX_OK;
}


void
ngx_tidraw_call_release(ngx_tidraw_call_t *call)
{
    ngx_tidraw_answers -= call->held;
    call->held = 0;
}


/* An answer that cannot be given makes room for this one. */

static void
ngx_tidraw_call_instead(ngx_tidraw_call_t *call, ngx_tidraw_error_e error)
{
    td_buf_free(&call->out);
    ngx_memzero(&call->out, sizeof(td_buf_t));

    ngx_str_null(&call->type);
    ngx_str_null(&call->cache);

    ngx_tidraw_http_write_error(call->request, &call->out, error, NULL, NULL);
}


void
ngx_tidraw_call_sent(ngx_tidraw_call_t *call)
{
    call->answered = 1;

    ngx_tidraw_count(call->site, NGX_TIDRAW_COUNT_API_2XX, 1);

    ngx_tidraw_call_detach(call);
}


void
ngx_tidraw_call_error(ngx_tidraw_call_t *call, ngx_tidraw_error_e error,
    const char *message)
{
    call->out.len = 0;
    ngx_str_null(&call->type);
    ngx_str_null(&call->cache);

    if (error == NGX_TIDRAW_ERROR_UNAVAILABLE && call->retry == 0) {
        call->retry = 2;
    }

    ngx_tidraw_http_write_error(call->request, &call->out, error, message,
                                call->field);
    ngx_tidraw_call_answer(call, ngx_tidraw_errors[error].status);
}


const char *
ngx_tidraw_error_code(ngx_uint_t n)
{
    return n < NGX_TIDRAW_ERRORS_MAX ? ngx_tidraw_errors[n].code : NULL;
}


void
ngx_tidraw_call_bad_field(ngx_tidraw_call_t *call, const char *field,
    const char *message)
{
    call->field = field;
    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST, message);
}


ngx_int_t
ngx_tidraw_http_send_error(ngx_http_request_t *r, ngx_tidraw_error_e error,
    const char *message)
{
    td_buf_t               *b;
    ngx_int_t               rc;
    ngx_str_t               body, none;
    ngx_uint_t              status;
    ngx_http_cleanup_t     *cln;
    ngx_tidraw_loc_conf_t  *tlcf;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    cln = ngx_http_cleanup_add(r, sizeof(td_buf_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b = cln->data;
    ngx_memzero(b, sizeof(td_buf_t));
    cln->handler = ngx_tidraw_http_free_buf;

    ngx_tidraw_http_write_error(r, b, error, message, NULL);

    if (b->failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = (u_char *) b->data;
    body.len = b->len;
    ngx_str_null(&none);

    status = ngx_tidraw_errors[error].status;
    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    ngx_tidraw_count(tlcf->site, status < 500 ? NGX_TIDRAW_COUNT_API_4XX
                                              : NGX_TIDRAW_COUNT_API_5XX, 1);

    return ngx_tidraw_http_send(r, status, &body, &none, &none,
                                error == NGX_TIDRAW_ERROR_UNAVAILABLE ? 2 : 0);
}


static void
ngx_tidraw_http_free_buf(void *data)
{
    td_buf_free(data);
}


/* body lives as long as the request; empty: an answer without one. */

static ngx_int_t
ngx_tidraw_http_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body, ngx_str_t *type, ngx_str_t *cache, ngx_uint_t retry)
{
    u_char            *p;
    ngx_int_t          rc;
    ngx_buf_t         *b;
    ngx_str_t          value;
    ngx_chain_t        out;

    static ngx_str_t   no_store = ngx_string("no-store");
    static ngx_str_t   nosniff = ngx_string("nosniff");
    static ngx_str_t   policy = ngx_string("default-src 'none';"
                                           " frame-ancestors 'none'");

    r->headers_out.status = status;

    if (ngx_tidraw_http_add_header(r, "Cache-Control",
                                   cache->len ? cache : &no_store)
           != NGX_OK
        || ngx_tidraw_http_add_header(r, "X-Content-Type-Options", &nosniff)
           != NGX_OK
        || ngx_tidraw_http_add_header(r, "Content-Security-Policy", &policy)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (retry != 0) {
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        value.data = p;
        value.len = ngx_sprintf(p, "%ui", retry) - p;

        if (ngx_tidraw_http_add_header(r, "Retry-After", &value) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (body->len == 0) {
        r->header_only = 1;

        if (status != NGX_HTTP_NO_CONTENT) {
            r->headers_out.content_length_n = 0;
        }

        return ngx_http_send_header(r);
    }

    if (type->len) {
        r->headers_out.content_type = *type;

    } else {
        ngx_str_set(&r->headers_out.content_type, "application/json");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = body->len;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_tidraw_call_etag(ngx_tidraw_call_t *call, int64_t version)
{
    u_char              *p;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;

    r = call->request;

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN + 2);
    h = ngx_list_push(&r->headers_out.headers);

    if (p == NULL || h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "ETag");
    h->value.data = p;
    h->value.len = ngx_sprintf(p, "\"%L\"", version) - p;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    r->headers_out.etag = h;

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_http_add_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value = *value;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


void
ngx_tidraw_write_error(ngx_http_request_t *r, td_buf_t *b,
    ngx_tidraw_error_e error)
{
    ngx_tidraw_http_write_error(r, b, error, NULL, NULL);
}


/* Every failure comes by here: it is counted, and has its line in the log. */

static void
ngx_tidraw_http_write_error(ngx_http_request_t *r, td_buf_t *b,
    ngx_tidraw_error_e error, const char *message, const char *field)
{
    td_str_t                s;
    ngx_str_t               id;
    ngx_uint_t              level;
    ngx_tidraw_error_t     *e;
    ngx_tidraw_loc_conf_t  *tlcf;

    e = &ngx_tidraw_errors[error];
    id = ngx_tidraw_request_id(r);
    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    ngx_tidraw_count(tlcf->site, NGX_TIDRAW_COUNT_ERRORS + error, 1);

    level = e->status < 500 ? NGX_LOG_INFO
            : e->status == 503 ? NGX_LOG_NOTICE : NGX_LOG_ERR;

    ngx_tidraw_log(level, r->connection->log, 0,
                   e->status < 500 ? "call_refused" : "call_failed",
                   "status=%u code=%s request=%V field=%s", e->status, e->code,
                   &id, field ? field : "");

    td_buf_lit(b, "{\"error\":{\"code\":\"");
    td_buf_add(b, e->code, ngx_strlen(e->code));
    td_buf_lit(b, "\",\"message\":");

    s.data = message ? message : e->message;
    s.len = ngx_strlen(s.data);
    td_json_write_string(b, s);

    if (field != NULL) {
        td_buf_lit(b, ",\"field\":");
        s.data = field;
        s.len = ngx_strlen(field);
        td_json_write_string(b, s);
    }

    td_buf_lit(b, ",\"request\":\"");
    td_buf_add(b, (char *) id.data, id.len);
    td_buf_lit(b, "\"}}");
}


void
ngx_tidraw_json_str(td_buf_t *b, ngx_str_t *s)
{
    td_str_t  t;

    if (s->data == NULL) {
        td_buf_lit(b, "null");
        return;
    }

    t.len = s->len;
    t.data = (char *) s->data;

    td_json_write_string(b, t);
}


void
ngx_tidraw_json_int(td_buf_t *b, int64_t n)
{
    if (n < 0) {
        td_buf_char(b, '-');
        td_buf_uint(b, (uint64_t) 0 - (uint64_t) n);

    } else {
        td_buf_uint(b, (uint64_t) n);
    }
}


void
ngx_tidraw_json_cell(td_buf_t *b, ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_uint_t col)
{
    ngx_str_t           s;
    ngx_tidraw_cell_t  *cell;

    cell = &res->cells[row * res->ncols + col];

    s.len = cell->len;
    s.data = cell->data;

    ngx_tidraw_json_str(b, &s);
}


void
ngx_tidraw_json_cell_int(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t col)
{
    if (res->cells[row * res->ncols + col].data == NULL) {
        td_buf_lit(b, "null");
        return;
    }

    ngx_tidraw_json_int(b, ngx_tidraw_cell_int(res, row, col));
}


void
ngx_tidraw_json_person(td_buf_t *b, ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_uint_t col)
{
    if (res->cells[row * res->ncols + col].data == NULL) {
        td_buf_lit(b, "null");
        return;
    }

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_cell(b, res, row, col);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, row, col + 1);
    td_buf_lit(b, ",\"color\":");
    ngx_tidraw_json_cell(b, res, row, col + 2);
    td_buf_lit(b, ",\"picture\":");
    ngx_tidraw_json_picture(b, res, row, col, col + 3);
    td_buf_char(b, '}');
}


void
ngx_tidraw_json_rows(ngx_tidraw_call_t *call, const char *name,
    ngx_tidraw_result_t *res, ngx_uint_t n, ngx_tidraw_call_row_pt write)
{
    td_buf_t    *b;
    ngx_uint_t   i;

    b = &call->out;

    td_buf_lit(b, "{\"");
    td_buf_add(b, name, ngx_strlen(name));
    td_buf_lit(b, "\":[");

    for (i = 0; i < n; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        write(call, res, i);
    }

    td_buf_char(b, ']');
}


void
ngx_tidraw_call_answer_rows(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *name, ngx_tidraw_call_row_pt write)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_json_rows(call, name, op->results, op->results->nrows, write);
    td_buf_char(&call->out, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}
