
/*
 * A body on its way into a sink.  The call is pending all the while; between
 * two pieces of the body the time is nginx's own, while the sink is busy it
 * is ours.
 */


#include "ngx_tidraw_http_intake.h"
#include "ngx_tidraw_origin.h"


#define NGX_TIDRAW_INTAKE_WAIT    60000     /* for the disk, milliseconds */
#define NGX_TIDRAW_INTAKE_SYNC    300000    /* the last wait, for fsync() */
#define NGX_TIDRAW_INTAKE_RETRY   10        /* seconds, when S3 is away */

/* what comes at least in each client_body_timeout, the disk not being busy */

#define NGX_TIDRAW_INTAKE_PACE    (80 * 1024)


static void ngx_tidraw_intake_cleanup(void *data);
static void ngx_tidraw_intake_start(ngx_http_request_t *r);
static void ngx_tidraw_intake_event(ngx_http_request_t *r);
static ngx_int_t ngx_tidraw_intake_take(ngx_tidraw_intake_t *in);
static ngx_int_t ngx_tidraw_intake_room(ngx_tidraw_intake_t *in);
static void ngx_tidraw_intake_pause(ngx_tidraw_intake_t *in);
static void ngx_tidraw_intake_turn(ngx_tidraw_intake_t *in);
static ngx_int_t ngx_tidraw_intake_pace(ngx_tidraw_intake_t *in);
static void ngx_tidraw_intake_broken(ngx_tidraw_call_t *call, ngx_int_t rc);
static void ngx_tidraw_intake_sink(ngx_tidraw_sink_t *sink);


ngx_tidraw_intake_t *
ngx_tidraw_intake(ngx_tidraw_call_t *call, off_t max,
    ngx_tidraw_sink_kind_e kind, ngx_tidraw_intake_pt handler, void *data)
{
    ngx_int_t             rc;
    ngx_http_request_t   *r;
    ngx_http_cleanup_t   *cln;
    ngx_tidraw_intake_t  *in;

    r = call->request;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_tidraw_intake_t));

    if (cln == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    in = cln->data;
    ngx_memzero(in, sizeof(ngx_tidraw_intake_t));

    cln->handler = ngx_tidraw_intake_cleanup;

    in->call = call;
    in->max = max;
    in->handler = handler;
    in->data = data;

    in->sink = ngx_tidraw_sink_open(call->site->files, kind,
                                    r->headers_in.content_length_n,
                                    ngx_tidraw_intake_sink, in);
    if (in->sink == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return NULL;
    }

    call->intake = in;

    /* from here on the time is that of client_body_timeout */

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    call->unread = 0;

    r->request_body_no_buffering = 1;

    /* the reader takes its own count of the request: it gets ours */

    r->main->count--;

    rc = ngx_http_read_client_request_body(r, ngx_tidraw_intake_start);

    if (rc < NGX_HTTP_SPECIAL_RESPONSE) {
        return in;
    }

    r->main->count++;

    r->lingering_close = 1;
    ngx_tidraw_intake_broken(call, rc);

    return NULL;
}


static void
ngx_tidraw_intake_cleanup(void *data)
{
    ngx_tidraw_intake_t  *in = data;

    if (in->sink != NULL) {
        ngx_tidraw_sink_close(in->sink);
        in->sink = NULL;
    }
}


static void
ngx_tidraw_intake_start(ngx_http_request_t *r)
{
    ngx_tidraw_call_t  *call;

    call = ngx_http_get_module_ctx(r, ngx_tidraw_module);

    ngx_tidraw_intake_turn(call->intake);

    r->read_event_handler = ngx_tidraw_intake_event;

    ngx_tidraw_intake_event(r);
}


static void
ngx_tidraw_intake_event(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_tidraw_call_t    *call;
    ngx_tidraw_intake_t  *in;

    call = ngx_http_get_module_ctx(r, ngx_tidraw_module);
    in = call->intake;

    if (in->paused) {
        ngx_tidraw_intake_pause(in);
        return;
    }

    for ( ;; ) {

        rc = ngx_tidraw_intake_take(in);

        if (rc == NGX_AGAIN) {
            in->paused = 1;
            ngx_tidraw_intake_pause(in);
            return;
        }

        if (rc != NGX_OK) {
            r->keepalive = 0;
            in->handler(in, NGX_DECLINED);
            return;
        }

        if (!r->reading_body) {
            ngx_add_timer(&call->timer, NGX_TIDRAW_INTAKE_SYNC);

            r->read_event_handler = ngx_http_test_reading;
            ngx_tidraw_sink_finish(in->sink);
            return;
        }

        if (ngx_tidraw_intake_room(in) != NGX_OK) {
            in->paused = 1;
            ngx_tidraw_intake_pause(in);
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_tidraw_intake_broken(call, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {

            if (ngx_tidraw_intake_pace(in) != NGX_OK) {
                r->connection->timedout = 1;
                ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
            }

            return;
        }
    }
}


/* NGX_AGAIN: the sink is full; NGX_DECLINED: it is too large. */

static ngx_int_t
ngx_tidraw_intake_take(ngx_tidraw_intake_t *in)
{
    size_t                    n, taken;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_t       *r;
    ngx_http_request_body_t  *rb;

    r = in->call->request;
    rb = r->request_body;

    if (rb == NULL) {
        return NGX_OK;
    }

    while (rb->bufs != NULL) {

        cl = rb->bufs;
        b = cl->buf;

        n = ngx_buf_in_memory(b) ? b->last - b->pos : 0;

        if ((off_t) n > in->max - in->sink->size) {
            return NGX_DECLINED;
        }

        taken = ngx_tidraw_sink_write(in->sink, b->pos, n);
        b->pos += taken;

        if (taken < n) {
            return NGX_AGAIN;
        }

        rb->bufs = cl->next;
        ngx_free_chain(r->pool, cl);
    }

    return NGX_OK;
}


/*
 * Lets nginx read the next piece to where the sink wants it, in large steps
 * and without a copy; not where the body has a framing that is taken out of
 * the same buffer.  Nothing is left in nginx's own buffer at this moment.
 * NGX_AGAIN: the sink is full.
 */

static ngx_int_t
ngx_tidraw_intake_room(ngx_tidraw_intake_t *in)
{
    size_t               n;
    u_char              *p;
    ngx_buf_t           *b;
    ngx_http_request_t  *r;

    r = in->call->request;

    if (r->headers_in.chunked || r->http_version > NGX_HTTP_VERSION_11) {
        return NGX_OK;
    }

    p = ngx_tidraw_sink_room(in->sink, &n);

    if (p == NULL) {
        return NGX_AGAIN;
    }

    b = r->request_body->buf;

    b->start = p;
    b->pos = p;
    b->last = p;
    b->end = p + n;

    return NGX_OK;
}


/* What the client sends meanwhile stays in the kernel. */

static void
ngx_tidraw_intake_pause(ngx_tidraw_intake_t *in)
{
    ngx_event_t         *rev;
    ngx_http_request_t  *r;

    r = in->call->request;
    rev = r->connection->read;

    if (rev->timer_set) {
        ngx_del_timer(rev);
    }

    if (!in->call->timer.timer_set) {
        ngx_add_timer(&in->call->timer, NGX_TIDRAW_INTAKE_WAIT);
    }

    if ((ngx_event_flags & NGX_USE_LEVEL_EVENT) && rev->active) {

        if (ngx_del_event(rev, NGX_READ_EVENT, 0) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        }
    }
}


static void
ngx_tidraw_intake_turn(ngx_tidraw_intake_t *in)
{
    in->began = ngx_current_msec;
    in->size = in->sink->size;
}


/*
 * A body that trickles would keep its place, which others may need, and its
 * file for ever: nginx itself ends only one that stands still for that time.
 */

static ngx_int_t
ngx_tidraw_intake_pace(ngx_tidraw_intake_t *in)
{
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = in->call->request;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (ngx_current_msec - in->began < clcf->client_body_timeout) {
        return NGX_OK;
    }

    if (in->sink->size - in->size >= NGX_TIDRAW_INTAKE_PACE) {
        ngx_tidraw_intake_turn(in);
        return NGX_OK;
    }

    ngx_tidraw_log(NGX_LOG_INFO, r->connection->log, 0, "body_ended",
                   "request=%V error=%s bytes=%L", ngx_tidraw_request_ref(r),
                   "the body came too slowly", (int64_t) in->sink->size);

    return NGX_DECLINED;
}


static void
ngx_tidraw_intake_broken(ngx_tidraw_call_t *call, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = call->request;
    r->keepalive = 0;

    switch (rc) {

    case NGX_HTTP_BAD_REQUEST:

        if (r->connection->error) {
            ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
            return;
        }

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST, NULL);
        return;

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE, NULL);
        return;

    default:
        ngx_http_finalize_request(r, rc);
    }
}


static void
ngx_tidraw_intake_sink(ngx_tidraw_sink_t *sink)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_tidraw_intake_t  *in;

    in = sink->data;
    r = in->call->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (in->call->timer.timer_set) {
        ngx_del_timer(&in->call->timer);
    }

    if (sink->rc != NGX_OK) {
        r->keepalive = 0;
        in->handler(in, NGX_ERROR);

    } else if (sink->finished) {
        in->handler(in, NGX_OK);

    } else {
        in->paused = 0;
        ngx_tidraw_intake_turn(in);
        ngx_tidraw_intake_event(r);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_tidraw_intake_failed(ngx_tidraw_intake_t *in)
{
    ngx_tidraw_call_t  *call;

    call = in->call;

    switch (in->sink->rc) {

    case NGX_TIDRAW_SINK_EMPTY:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "The file is empty.");
        return;

    case NGX_TIDRAW_SINK_PIXELS:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE,
                              "The image has more pixels than allowed.");
        return;

    case NGX_TIDRAW_SINK_FULL:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_STORAGE_FULL, NULL);
        return;

    case NGX_TIDRAW_SINK_AWAY:
        call->retry = NGX_TIDRAW_INTAKE_RETRY;
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE,
                              "The server cannot store files right now. Please"
                              " try again later.");
        return;

    default:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
    }
}
