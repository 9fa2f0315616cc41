
/*
 * From a request to a connection of our own.
 *
 * As soon as the answer to the handshake has left, the request is freed and
 * its connection kept, as nginx does itself between two requests: an idle
 * WebSocket then costs a third of what its request would hold, and no line of
 * the log can show the token in its address.
 */


#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_ws_private.h"


static ngx_int_t ngx_tidraw_ws_switch(ngx_http_request_t *r, u_char *accept);
static void ngx_tidraw_ws_take_handler(ngx_event_t *ev);
static ngx_int_t ngx_tidraw_ws_take(ngx_http_request_t *r,
    ngx_tidraw_ws_t *ws);
static ngx_int_t ngx_tidraw_ws_take_input(ngx_tidraw_ws_t *ws,
    ngx_buf_t *b);
static void ngx_tidraw_ws_free_headers(ngx_connection_t *c,
    ngx_http_connection_t *hc);
static void ngx_tidraw_ws_cleanup(void *data);


ngx_int_t
ngx_tidraw_ws_upgrade(ngx_http_request_t *r, ngx_tidraw_ws_limits_t *limits,
    ngx_tidraw_ws_handlers_t *handlers, void *data, ngx_tidraw_ws_t **wsp)
{
    u_char               accept[NGX_TIDRAW_WS_ACCEPT_LEN];
    ngx_int_t            rc;
    ngx_str_t           *id;
    ngx_connection_t    *c;
    ngx_tidraw_ws_t     *ws;
    ngx_http_cleanup_t  *cln;

    rc = ngx_tidraw_ws_handshake(r, accept);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_tidraw_ws_draining()) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    c = r->connection;

    id = ngx_tidraw_request_ref(r);

    ws = ngx_calloc(sizeof(ngx_tidraw_ws_t) + id->len, c->log);
    if (ws == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ws->request.len = id->len;
    ws->request.data = (u_char *) (ws + 1);
    ngx_memcpy(ws->request.data, id->data, id->len);

    ws->connection = c;
    ws->handlers = handlers;
    ws->data = data;
    ws->frame.max_frame = limits->max_frame;
    ws->frame.max_message = limits->max_message;
    ws->site = limits->site;
    ws->max_queue = limits->max_queue;
    ws->out_last = &ws->out;

    /* until the request is freed it may still end by itself */

    cln->handler = ngx_tidraw_ws_cleanup;
    cln->data = ws;
    ws->cleanup = cln;

    ngx_tidraw_ws_list_add(ws);

    r->main->count++;

    if (ngx_tidraw_ws_switch(r, accept) != NGX_OK) {
        ws->closing = 1;
        ws->broken = 1;
    }

    /* nginx is not done with the request before this turn of the loop ends */

    c->read->handler = ngx_tidraw_ws_take_handler;
    c->write->handler = ngx_tidraw_ws_take_handler;

    ngx_post_event(c->read, &ngx_posted_events);

    *wsp = ws;

    return NGX_DONE;
}


static ngx_int_t
ngx_tidraw_ws_switch(ngx_http_request_t *r, u_char *accept)
{
    u_char                    *p;
    ngx_int_t                  rc;
    ngx_table_elt_t           *h;
    ngx_connection_t          *c;
    ngx_http_core_loc_conf_t  *clcf;

    c = r->connection;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    p = ngx_pnalloc(r->pool, NGX_TIDRAW_WS_ACCEPT_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, accept, NGX_TIDRAW_WS_ACCEPT_LEN);

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Upgrade");
    ngx_str_set(&h->value, "websocket");

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Sec-WebSocket-Accept");
    h->value.data = p;
    h->value.len = NGX_TIDRAW_WS_ACCEPT_LEN;

    r->keepalive = 0;

    /* frames leave past the filter that keeps the rate */

    r->limit_rate = 0;
    r->limit_rate_set = 1;

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_send_special(r, NGX_HTTP_FLUSH) == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (clcf->tcp_nodelay && ngx_tcp_nodelay(c) != NGX_OK) {
        return NGX_ERROR;
    }

#if (NGX_HTTP_SSL)

    if (c->ssl != NULL && !c->buffered) {
        ngx_ssl_free_buffer(c);
    }

#endif

    return NGX_OK;
}


static void
ngx_tidraw_ws_take_handler(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_tidraw_ws_t     *ws;
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *r;

    c = ev->data;
    r = c->data;
    ws = NULL;

    for (cln = r->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_tidraw_ws_cleanup) {
            ws = cln->data;
            break;
        }
    }

    if (ws == NULL || ngx_tidraw_ws_take(r, ws) != NGX_OK) {

        /* the cleanup handler tells the user */

        ngx_http_free_request(r, 0);
        ngx_http_close_connection(c);
        return;
    }

    ngx_tidraw_ws_read_handler(c->read);
}


/* Frees the request and keeps its connection. */

static ngx_int_t
ngx_tidraw_ws_take(ngx_http_request_t *r, ngx_tidraw_ws_t *ws)
{
    ngx_connection_t       *c;
    ngx_http_log_ctx_t     *ctx;
    ngx_http_connection_t  *hc;

    c = r->connection;
    hc = r->http_connection;

    /*
     * The answer is 129 bytes into an empty socket buffer; where that does
     * not do, the peer is not worth waiting for.
     */

    if (r->buffered || c->buffered || c->close || c->error || ws->broken) {
        return NGX_ERROR;
    }

    if (ngx_tidraw_ws_take_input(ws, r->header_in) != NGX_OK) {
        return NGX_ERROR;
    }

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    ws->cleanup->handler = NULL;
    ws->cleanup = NULL;

    ngx_http_free_request(r, 0);

    c->destroyed = 0;
    c->data = ws;
    c->read->handler = ngx_tidraw_ws_read_handler;
    c->write->handler = ngx_tidraw_ws_write_handler;

    ctx = c->log->data;
    ctx->current_request = NULL;

    c->log->action = "handling websocket";

    ngx_tidraw_ws_free_headers(c, hc);

    return NGX_OK;
}


/* A client may send its first frames together with the handshake. */

static ngx_int_t
ngx_tidraw_ws_take_input(ngx_tidraw_ws_t *ws, ngx_buf_t *b)
{
    size_t  rest;

    rest = b->last - b->pos;

    if (rest == 0) {
        return NGX_OK;
    }

    ws->in = ngx_alloc(rest, ws->connection->log);
    if (ws->in == NULL) {
        return NGX_ERROR;
    }

    ws->in_pos = ws->in;
    ws->in_last = ngx_cpymem(ws->in, b->pos, rest);

    b->pos = b->last;

    return NGX_OK;
}


/* What held the headers: no later request will need it. */

static void
ngx_tidraw_ws_free_headers(ngx_connection_t *c, ngx_http_connection_t *hc)
{
    ngx_chain_t  *cl;

    while (hc->free != NULL) {
        cl = hc->free;
        hc->free = cl->next;

        (void) ngx_pfree(c->pool, cl->buf->start);
        ngx_free_chain(c->pool, cl);
    }

    while (hc->busy != NULL) {
        cl = hc->busy;
        hc->busy = cl->next;

        (void) ngx_pfree(c->pool, cl->buf->start);
        ngx_free_chain(c->pool, cl);
    }

    if (c->buffer != NULL && ngx_pfree(c->pool, c->buffer->start) == NGX_OK) {
        c->buffer->pos = NULL;
    }
}


/* nginx ends the request before we could take its connection. */

static void
ngx_tidraw_ws_cleanup(void *data)
{
    ngx_tidraw_ws_t           *ws;
    ngx_tidraw_ws_handlers_t  *handlers;

    ws = data;

    ws->closing = 1;
    ws->broken = 1;

    if (ws->handlers != NULL) {
        handlers = ws->handlers;
        ws->handlers = NULL;

        handlers->closed(ws);
    }

    ngx_tidraw_ws_free(ws);
}
