
/*
 * JSON bodies of requests: read piece by piece into one buffer of the request
 * with a limit that also holds for chunked bodies, never into a file, and
 * parsed when the caller is known to be allowed to ask.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_http.h"
#include "td_utf8.h"


static void ngx_tidraw_body_start(ngx_http_request_t *r);
static void ngx_tidraw_body_read(ngx_http_request_t *r);
static ngx_int_t ngx_tidraw_body_take(ngx_tidraw_call_t *call);
static ngx_int_t ngx_tidraw_body_grow(ngx_tidraw_call_t *call, size_t size);
static void ngx_tidraw_body_done(ngx_tidraw_call_t *call);


typedef struct {
    ngx_tidraw_call_t    *call;
    ngx_tidraw_call_pt    handler;
    size_t                size;
} ngx_tidraw_body_t;


ngx_int_t
ngx_tidraw_call_read_body(ngx_tidraw_call_t *call, ngx_tidraw_call_pt handler)
{
    ngx_int_t            rc;
    ngx_tidraw_body_t   *body;
    ngx_http_request_t  *r;

    r = call->request;

    body = ngx_palloc(r->pool, sizeof(ngx_tidraw_body_t));
    if (body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body->call = call;
    body->handler = handler;
    body->size = 1024;

    if (r->headers_in.content_length_n > 0) {
        body->size = r->headers_in.content_length_n;
    }

    call->length = 0;
    call->state = body;

    if (ngx_tidraw_body_grow(call, body->size) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_tidraw_body_start);

    if (rc < NGX_HTTP_SPECIAL_RESPONSE) {
        return NGX_DONE;
    }

    /* what follows on the connection cannot be told from the body */

    r->keepalive = 0;
    r->lingering_close = 1;

    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_TOO_LARGE,
                                          NULL);
    }

    if (rc == NGX_HTTP_BAD_REQUEST) {
        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_BAD_REQUEST,
                                          NULL);
    }

    return rc;
}


/*
 * The reader counts the request once more, as it does within a content
 * handler: here it stands for the one that the call held.
 */

void
ngx_tidraw_call_read_board(ngx_tidraw_call_t *call,
    ngx_tidraw_call_pt handler)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = call->request;

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    call->unread = 0;
    r->main->count--;

    rc = ngx_tidraw_call_read_body(call, handler);

    if (rc != NGX_DONE) {
        r->main->count++;
        ngx_http_finalize_request(r, rc);
    }
}


static void
ngx_tidraw_body_start(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_tidraw_body_read;

    ngx_tidraw_body_read(r);
}


static void
ngx_tidraw_body_read(ngx_http_request_t *r)
{
    ngx_int_t           rc;
    ngx_tidraw_call_t  *call;

    call = ngx_http_get_module_ctx(r, ngx_tidraw_module);

    for ( ;; ) {

        rc = ngx_tidraw_body_take(call);

        if (rc != NGX_OK) {
            r->keepalive = 0;
            ngx_tidraw_call_error(call, rc == NGX_DECLINED
                                        ? NGX_TIDRAW_ERROR_TOO_LARGE
                                        : NGX_TIDRAW_ERROR_INTERNAL, NULL);
            return;
        }

        if (!r->reading_body) {
            ngx_tidraw_body_done(call);
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            r->keepalive = 0;

            if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
                ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE, NULL);
                return;
            }

            if (rc == NGX_HTTP_BAD_REQUEST) {
                ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                                      NULL);
                return;
            }

            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }
}


/* NGX_DECLINED: it is too large. */

static ngx_int_t
ngx_tidraw_body_take(ngx_tidraw_call_t *call)
{
    size_t                n;
    ngx_buf_t            *b;
    ngx_chain_t          *cl;
    ngx_tidraw_body_t    *body;
    ngx_http_request_t   *r;

    r = call->request;
    body = call->state;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl != NULL; cl = cl->next) {

        b = cl->buf;

        if (!ngx_buf_in_memory(b)) {
            continue;
        }

        n = b->last - b->pos;

        if (n > call->max_body - call->length) {
            return NGX_DECLINED;
        }

        if (n > body->size - call->length
            && ngx_tidraw_body_grow(call, ngx_max(body->size * 2,
                                                  call->length + n))
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_memcpy(call->text + call->length, b->pos, n);
        call->length += n;

        /* there may be a password in it */

        if (call->route->body == NGX_TIDRAW_BODY_JSON) {
            sodium_memzero(b->pos, n);
        }

        b->pos = b->last;
    }

    r->request_body->bufs = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_body_grow(ngx_tidraw_call_t *call, size_t size)
{
    u_char             *p;
    ngx_uint_t          own;
    ngx_tidraw_body_t  *body;

    body = call->state;
    own = (call->route->body == NGX_TIDRAW_BODY_BOARD);

    p = own ? ngx_alloc(size, call->request->connection->log)
            : ngx_pnalloc(call->request->pool, size);

    if (p == NULL) {
        return NGX_ERROR;
    }

    if (call->text != NULL) {
        ngx_memcpy(p, call->text, call->length);

        if (own) {
            ngx_free(call->text);

        } else {
            sodium_memzero(call->text, call->length);
        }
    }

    call->text = p;
    body->size = size;

    return NGX_OK;
}


static void
ngx_tidraw_body_done(ngx_tidraw_call_t *call)
{
    ngx_tidraw_body_t  *body;

    body = call->state;
    call->state = NULL;

    body->handler(call);
}


ngx_int_t
ngx_tidraw_call_parse_body(ngx_tidraw_call_t *call)
{
    int        rc;
    td_utf8_t  utf8;

    ngx_memzero(&utf8, sizeof(td_utf8_t));

    if (td_utf8_feed(&utf8, call->text, call->length) != TD_OK
        || !td_utf8_complete(&utf8))
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "The body is not UTF-8.");
        return NGX_ERROR;
    }

    call->arena = td_arena_create(2048, 64 * NGX_TIDRAW_HTTP_MAX_BODY);
    if (call->arena == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    rc = td_json_parse(call->arena, (char *) call->text, call->length,
                       NGX_TIDRAW_HTTP_MAX_DEPTH, &call->body);

    if (rc == TD_NOMEM) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    if (rc != TD_OK || call->body->type != TD_OBJECT) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              rc == TD_DEPTH
                              ? "The body is nested too deeply."
                              : "The body is not a JSON object.");
        return NGX_ERROR;
    }

    return NGX_OK;
}
