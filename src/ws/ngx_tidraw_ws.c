
/*
 * WebSocket connections: frames in, messages out, the end.
 *
 * A connection is closed only in its own read or write handler: whatever else
 * decides that it must end marks it and posts its read event.
 * Users are never called from inside their own call, and never after closed().
 */


#include "ngx_tidraw_ws_private.h"


#define NGX_TIDRAW_WS_SCRATCH        65536

/* in one go; then the other connections have their turn */
#define NGX_TIDRAW_WS_BUDGET_EVENTS  64
#define NGX_TIDRAW_WS_BUDGET_READS   4


static void ngx_tidraw_ws_read(ngx_tidraw_ws_t *ws);
static void ngx_tidraw_ws_keep_input(ngx_tidraw_ws_t *ws);
static void ngx_tidraw_ws_free_input(ngx_tidraw_ws_t *ws);
static ngx_uint_t ngx_tidraw_ws_parse(ngx_tidraw_ws_t *ws,
    ngx_uint_t *budget);
static void ngx_tidraw_ws_message(ngx_tidraw_ws_t *ws, u_char *data,
    size_t len);
static void ngx_tidraw_ws_data_event(ngx_tidraw_ws_t *ws,
    td_frame_event_t *ev);
static void ngx_tidraw_ws_close_event(ngx_tidraw_ws_t *ws,
    td_frame_event_t *ev);
static void ngx_tidraw_ws_fail(ngx_tidraw_ws_t *ws, ngx_uint_t code);
static void ngx_tidraw_ws_break(ngx_tidraw_ws_t *ws);
static void ngx_tidraw_ws_send_close(ngx_tidraw_ws_t *ws, ngx_uint_t code,
    ngx_str_t *reason);
static void ngx_tidraw_ws_settle(ngx_tidraw_ws_t *ws);


/*
 * What a read brings is handled before the next one, so that all connections
 * of the worker can share the place; what must wait moves to the heap.
 */

static u_char  ngx_tidraw_ws_scratch[NGX_TIDRAW_WS_SCRATCH];


void
ngx_tidraw_ws_read_handler(ngx_event_t *rev)
{
    ngx_connection_t  *c;
    ngx_tidraw_ws_t   *ws;

    c = rev->data;
    ws = c->data;

    if (c->close) {

        /* worker_shutdown_timeout */

        ngx_tidraw_ws_break(ws);

    } else if (rev->timedout) {
        rev->timedout = 0;

        if (!ws->hasty) {
            ngx_tidraw_log(NGX_LOG_INFO, c->log, 0, "socket_ended",
                           "request=%V error=%s", &ws->request,
                           "no answer to the close frame");
        }

        ngx_tidraw_ws_break(ws);

    } else {
        ngx_tidraw_ws_read(ws);

        if (!ws->broken && ngx_handle_read_event(rev, 0) != NGX_OK) {
            ngx_tidraw_ws_break(ws);
        }
    }

    ngx_tidraw_ws_settle(ws);
}


void
ngx_tidraw_ws_write_handler(ngx_event_t *wev)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;
    ngx_tidraw_ws_t   *ws;

    c = wev->data;
    ws = c->data;

    if (wev->timedout) {
        wev->timedout = 0;

        ngx_tidraw_log(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "socket_ended",
                       "request=%V error=%s", &ws->request, "timed out");

        ngx_tidraw_ws_break(ws);

    } else if (!ws->broken && ngx_tidraw_ws_waiting(ws)) {

        rc = ngx_tidraw_ws_out_flush(ws);

        if (rc == NGX_ERROR) {
            ngx_tidraw_ws_break(ws);

        } else if (rc == NGX_OK && !ws->closing) {
            ws->handlers->drained(ws);
        }
    }

    ngx_tidraw_ws_settle(ws);
}


static void
ngx_tidraw_ws_read(ngx_tidraw_ws_t *ws)
{
    size_t             rest;
    ssize_t            n;
    ngx_uint_t         reads, budget;
    ngx_event_t       *rev;
    ngx_connection_t  *c;

    c = ws->connection;
    rev = c->read;

    reads = 0;
    budget = NGX_TIDRAW_WS_BUDGET_EVENTS;

    for ( ;; ) {

        /* looks at what was kept, too, when reading goes on after a pause */

        if (!ngx_tidraw_ws_parse(ws, &budget)) {
            break;
        }

        if (!rev->ready) {
            break;
        }

        if (reads++ == NGX_TIDRAW_WS_BUDGET_READS) {
            budget = 0;
            break;
        }

        rest = ws->in_last - ws->in_pos;

        ngx_memmove(ngx_tidraw_ws_scratch, ws->in_pos, rest);

        n = c->recv(c, ngx_tidraw_ws_scratch + rest,
                    NGX_TIDRAW_WS_SCRATCH - rest);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == 0 || n == NGX_ERROR) {

            if (!ws->closing) {
                ngx_tidraw_log(NGX_LOG_INFO, c->log, 0, "socket_ended",
                               "request=%V error=%s", &ws->request,
                               "closed without a close frame");
            }

            ngx_tidraw_ws_break(ws);
            break;
        }

        ngx_tidraw_ws_free_input(ws);

        ws->in_pos = ngx_tidraw_ws_scratch;
        ws->in_last = ngx_tidraw_ws_scratch + rest + n;
    }

    ngx_tidraw_ws_keep_input(ws);

    if (budget == 0 && !ws->paused && !ws->broken) {
        ngx_post_event(rev, &ngx_posted_next_events);
    }
}


/* Nothing of a connection may stay in the scratch buffer. */

static void
ngx_tidraw_ws_keep_input(ngx_tidraw_ws_t *ws)
{
    size_t   rest;
    u_char  *p;

    rest = ws->in_last - ws->in_pos;

    if (rest == 0 || ws->broken) {
        ngx_tidraw_ws_free_input(ws);
        return;
    }

    if (ws->in_pos < ngx_tidraw_ws_scratch
        || ws->in_pos >= ngx_tidraw_ws_scratch + NGX_TIDRAW_WS_SCRATCH)
    {
        return;
    }

    p = ngx_alloc(rest, ws->connection->log);

    if (p == NULL) {
        ngx_tidraw_ws_free_input(ws);
        ngx_tidraw_ws_break(ws);
        return;
    }

    ngx_memcpy(p, ws->in_pos, rest);

    ws->in = p;
    ws->in_pos = p;
    ws->in_last = p + rest;
}


static void
ngx_tidraw_ws_free_input(ngx_tidraw_ws_t *ws)
{
    if (ws->in != NULL) {
        ngx_free(ws->in);
        ws->in = NULL;
    }

    ws->in_pos = NULL;
    ws->in_last = NULL;
}


/* 1: more bytes are needed; 0: stop here, for whatever reason. */

static ngx_uint_t
ngx_tidraw_ws_parse(ngx_tidraw_ws_t *ws, ngx_uint_t *budget)
{
    int               rc;
    size_t            used;
    td_frame_event_t  ev;

    for ( ;; ) {

        if (ws->peer_closed || ws->hasty || ws->broken) {

            /*
             * Nothing that may follow is of interest; but a peer that goes on
             * writing must get rid of it before it reads our close frame.
             */

            ws->in_pos = ws->in_last;

            return !ws->broken;
        }

        if (ws->paused) {
            return 0;
        }

        if (ws->in_pos == ws->in_last) {
            return 1;
        }

        if (*budget == 0) {
            return 0;
        }

        (*budget)--;

        rc = td_frame_next(&ws->frame, ws->in_pos, ws->in_last - ws->in_pos,
                           &used, &ev);

        ws->in_pos += used;

        switch (rc) {

        case TD_FRAME_EVENT_MORE:
            return 1;

        case TD_FRAME_EVENT_DATA:
            ngx_tidraw_ws_data_event(ws, &ev);
            break;

        case TD_FRAME_EVENT_PING:
            if (!ws->closing
                && ngx_tidraw_ws_out_pong(ws, ev.data, ev.len) != NGX_OK)
            {
                ngx_tidraw_ws_break(ws);
            }

            break;

        case TD_FRAME_EVENT_PONG:
            break;

        case TD_FRAME_EVENT_CLOSE:
            ngx_tidraw_ws_close_event(ws, &ev);
            break;

        default: /* TD_BAD */
            ngx_tidraw_log(NGX_LOG_INFO, ws->connection->log, 0,
                           "socket_broken", "request=%V code=%u", &ws->request,
                           (ngx_uint_t) ev.code);

            ngx_tidraw_ws_fail(ws, ev.code);
            break;
        }
    }
}


static void
ngx_tidraw_ws_message(ngx_tidraw_ws_t *ws, u_char *data, size_t len)
{
    ngx_tidraw_count(ws->site, NGX_TIDRAW_COUNT_MESSAGES_IN, 1);
    ngx_tidraw_count(ws->site, NGX_TIDRAW_COUNT_BYTES_IN, len);

    ws->handlers->message(ws, data, len);
}


static void
ngx_tidraw_ws_data_event(ngx_tidraw_ws_t *ws, td_frame_event_t *ev)
{
    if (ws->closing) {
        return;
    }

    if (ev->first && ev->last) {
        ngx_tidraw_ws_message(ws, ev->data, ev->len);
        return;
    }

    td_buf_add(&ws->message, (char *) ev->data, ev->len);

    if (ws->message.failed) {
        ngx_tidraw_ws_fail(ws, NGX_TIDRAW_WS_INTERNAL);
        return;
    }

    if (ev->last) {
        ngx_tidraw_ws_message(ws, (u_char *) ws->message.data,
                              ws->message.len);
        td_buf_free(&ws->message);
    }
}


static void
ngx_tidraw_ws_close_event(ngx_tidraw_ws_t *ws, td_frame_event_t *ev)
{
    ws->peer_closed = 1;

    if (ws->closing) {
        return;
    }

    /* who has closed does not wait for messages any more */

    ngx_tidraw_ws_out_drop(ws);
    ngx_tidraw_ws_send_close(ws, ev->code, NULL);
}


/*
 * Ends the connection for something that the peer did, and does not wait for
 * its consent: what it sends cannot be understood any more, or it does not
 * read.
 */

static void
ngx_tidraw_ws_fail(ngx_tidraw_ws_t *ws, ngx_uint_t code)
{
    if (ws->broken) {
        return;
    }

    ws->hasty = 1;

    if (!ws->closing) {
        ngx_tidraw_ws_out_drop(ws);
        ngx_tidraw_ws_send_close(ws, code, NULL);
    }

    ngx_post_event(ws->connection->read, &ngx_posted_events);
}


static void
ngx_tidraw_ws_break(ngx_tidraw_ws_t *ws)
{
    ws->closing = 1;
    ws->broken = 1;

    ngx_post_event(ws->connection->read, &ngx_posted_events);
}


static void
ngx_tidraw_ws_send_close(ngx_tidraw_ws_t *ws, ngx_uint_t code,
    ngx_str_t *reason)
{
    size_t  len;
    u_char  frame[2 + TD_FRAME_MAX_CONTROL], *p;

    len = 0;

    if (code != NGX_TIDRAW_WS_NO_CODE) {
        len = 2;

        if (reason != NULL) {
            len += ngx_min(reason->len, TD_FRAME_MAX_CONTROL - 2);
        }
    }

    p = frame + td_frame_header(frame, TD_FRAME_CLOSE, len);

    if (len != 0) {
        *p++ = (u_char) (code >> 8);
        *p++ = (u_char) code;

        if (len > 2) {
            p = ngx_cpymem(p, reason->data, len - 2);
        }
    }

    ws->closing = 1;
    ws->paused = 0;

    if (ngx_tidraw_ws_out_send(ws, frame, p - frame, NULL, 0, 1) != NGX_OK) {
        ngx_tidraw_ws_break(ws);
        return;
    }

    if (ngx_tidraw_ws_waiting(ws)) {
        ngx_add_timer(ws->connection->write,
                      NGX_TIDRAW_WS_FLUSH_TIMEOUT);
    }
}


/*
 * The end of every event: tells the user that it is over, and closes the
 * connection when nothing is left to be done.  ws is gone afterwards then.
 */

static void
ngx_tidraw_ws_settle(ngx_tidraw_ws_t *ws)
{
    ngx_connection_t          *c;
    ngx_tidraw_ws_handlers_t  *handlers;

    if (!ws->closing) {
        return;
    }

    c = ws->connection;

    if (ws->handlers != NULL) {
        handlers = ws->handlers;
        ws->handlers = NULL;

        td_buf_free(&ws->message);

        handlers->closed(ws);
    }

    if (!ws->broken && ngx_tidraw_ws_waiting(ws)) {
        return;
    }

    if (ws->broken || ws->peer_closed) {
        ngx_tidraw_ws_free(ws);
        ngx_http_close_connection(c);
        return;
    }

    if (c->read->timer_set) {
        return;
    }

    ngx_add_timer(c->read, NGX_TIDRAW_WS_CLOSE_TIMEOUT);

    /*
     * Nothing that the peer may still say is of interest, but closing now
     * would make the kernel reset what we have just sent.
     */

    if (ws->hasty
        && ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1)
    {
        ngx_connection_error(c, ngx_socket_errno,
                             ngx_shutdown_socket_n " failed");

        ngx_tidraw_ws_break(ws);
    }
}


void
ngx_tidraw_ws_free(ngx_tidraw_ws_t *ws)
{
    ngx_queue_remove(&ws->queue);

    ngx_tidraw_ws_out_free(ws);
    ngx_tidraw_ws_free_input(ws);
    td_buf_free(&ws->message);

    ngx_free(ws);
}


ngx_int_t
ngx_tidraw_ws_send(ngx_tidraw_ws_t *ws, ngx_tidraw_slice_t *slices,
    ngx_uint_t n, ngx_uint_t unlimited)
{
    size_t      len, head;
    u_char      frame[TD_FRAME_MAX_OUT];
    ngx_uint_t  i;

    if (ws->closing) {
        return NGX_ERROR;
    }

    len = 0;

    for (i = 0; i < n; i++) {
        len += slices[i].last - slices[i].pos;
    }

    head = td_frame_header(frame, TD_FRAME_TEXT, len);

    /* one message of any size may wait alone, or it could never be sent */

    if (len > ws->max_queue && ws->queued == 0) {
        unlimited = 1;
    }

    if (!unlimited && ws->charged + head + len > ws->max_queue) {
        ngx_tidraw_log(NGX_LOG_INFO, ws->connection->log, 0, "slow_reader",
                       "request=%V bytes=%z", &ws->request, ws->queued);

        ngx_tidraw_count(ws->site, NGX_TIDRAW_COUNT_SLOW_READERS, 1);
        ngx_tidraw_ws_fail(ws, NGX_TIDRAW_WS_TRY_LATER);

        return NGX_ERROR;
    }

    if (ngx_tidraw_ws_out_send(ws, frame, head, slices, n, unlimited)
        != NGX_OK)
    {
        ngx_tidraw_ws_break(ws);
        return NGX_ERROR;
    }

    ngx_tidraw_count(ws->site, NGX_TIDRAW_COUNT_MESSAGES_OUT, 1);
    ngx_tidraw_count(ws->site, NGX_TIDRAW_COUNT_BYTES_OUT, len);

    return NGX_OK;
}


void
ngx_tidraw_ws_close(ngx_tidraw_ws_t *ws, ngx_uint_t code, ngx_str_t *reason)
{
    if (ws->closing) {
        return;
    }

    ngx_tidraw_ws_send_close(ws, code, reason);

    /* closed() follows from there, and reading goes on if it was paused */

    ngx_post_event(ws->connection->read, &ngx_posted_events);
}


void
ngx_tidraw_ws_pause(ngx_tidraw_ws_t *ws)
{
    if (!ws->closing) {
        ws->paused = 1;
    }
}


void
ngx_tidraw_ws_resume(ngx_tidraw_ws_t *ws)
{
    if (ws->paused) {
        ws->paused = 0;
        ngx_post_event(ws->connection->read, &ngx_posted_events);
    }
}


void *
ngx_tidraw_ws_data(ngx_tidraw_ws_t *ws)
{
    return ws->data;
}


ngx_log_t *
ngx_tidraw_ws_log(ngx_tidraw_ws_t *ws)
{
    return ws->connection->log;
}


ngx_str_t *
ngx_tidraw_ws_request(ngx_tidraw_ws_t *ws)
{
    return &ws->request;
}


size_t
ngx_tidraw_ws_queued(ngx_tidraw_ws_t *ws)
{
    return ws->queued;
}
