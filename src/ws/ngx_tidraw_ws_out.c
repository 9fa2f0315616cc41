
/*
 * Output of a WebSocket connection.
 *
 * A frame is written at once, with one writev() of its header and slices; only
 * what the socket does not take becomes a node of the queue, which then owns
 * a reference to each slice.  Nothing here closes a connection: errors are
 * returned, limits are kept by the caller.
 */


#include "ngx_tidraw_ws_private.h"


#define NGX_TIDRAW_WS_BUFS  64


static ngx_int_t ngx_tidraw_ws_out_write(ngx_connection_t *c,
    ngx_tidraw_slice_t **slices, ngx_uint_t n, ngx_uint_t flush,
    size_t *sent);
static ngx_tidraw_ws_out_t *ngx_tidraw_ws_out_add(ngx_tidraw_ws_t *ws,
    u_char *head, size_t len, ngx_tidraw_slice_t *slices, ngx_uint_t n,
    ngx_uint_t unlimited);
static void ngx_tidraw_ws_out_wait(ngx_tidraw_ws_t *ws, ssize_t n);
static void ngx_tidraw_ws_out_sent(ngx_tidraw_ws_t *ws, size_t sent);
static void ngx_tidraw_ws_out_free_node(ngx_tidraw_ws_t *ws,
    ngx_tidraw_ws_out_t *out);
static ngx_int_t ngx_tidraw_ws_out_arm(ngx_tidraw_ws_t *ws,
    ngx_uint_t progress);
static void ngx_tidraw_ws_out_disarm(ngx_tidraw_ws_t *ws);


/*
 * Writes up to NGX_TIDRAW_WS_BUFS slices, none of them empty.  send_chain()
 * never comes back to us, so that the chain can stand in static memory.
 */

static ngx_int_t
ngx_tidraw_ws_out_write(ngx_connection_t *c, ngx_tidraw_slice_t **slices,
    ngx_uint_t n, ngx_uint_t flush, size_t *sent)
{
    ngx_uint_t    i;
    ngx_chain_t  *cl;

    static ngx_buf_t    bufs[NGX_TIDRAW_WS_BUFS];
    static ngx_chain_t  chain[NGX_TIDRAW_WS_BUFS];

    for (i = 0; i < n; i++) {
        bufs[i].pos = slices[i]->pos;
        bufs[i].last = slices[i]->last;
        bufs[i].memory = 1;
        bufs[i].flush = 0;

        chain[i].buf = &bufs[i];
        chain[i].next = (i + 1 < n) ? &chain[i + 1] : NULL;
    }

    if (n != 0) {
        bufs[n - 1].flush = flush;
    }

    cl = c->send_chain(c, (n != 0) ? chain : NULL, 0);

    if (cl == NGX_CHAIN_ERROR) {
        c->error = 1;
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        *sent += bufs[i].pos - slices[i]->pos;
    }

    return (cl == NULL) ? NGX_OK : NGX_AGAIN;
}


ngx_int_t
ngx_tidraw_ws_out_send(ngx_tidraw_ws_t *ws, u_char *head, size_t len,
    ngx_tidraw_slice_t *slices, ngx_uint_t n, ngx_uint_t unlimited)
{
    size_t               sent;
    ngx_int_t            rc;
    ngx_uint_t           i, k;
    ngx_connection_t    *c;
    ngx_tidraw_slice_t   h, *v[NGX_TIDRAW_WS_BUFS];

    c = ws->connection;

    if (ngx_tidraw_ws_waiting(ws)) {
        return (ngx_tidraw_ws_out_add(ws, head, len, slices, n, unlimited)
                == NULL) ? NGX_ERROR : NGX_OK;
    }

    rc = NGX_AGAIN;
    sent = 0;

    if (c->write->ready) {

        h.owner = NULL;
        h.pos = head;
        h.last = head + len;

        v[0] = &h;
        k = 1;
        i = 0;

        do {
            for ( /* void */ ; i < n && k < NGX_TIDRAW_WS_BUFS; i++) {
                if (slices[i].pos != slices[i].last) {
                    v[k++] = &slices[i];
                }
            }

            rc = ngx_tidraw_ws_out_write(c, v, k, i == n, &sent);
            k = 0;

        } while (rc == NGX_OK && i < n);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK && !c->buffered) {
            ngx_tidraw_ws_out_disarm(ws);
            return NGX_OK;
        }
    }

    if (rc == NGX_AGAIN) {

        if (ngx_tidraw_ws_out_add(ws, head, len, slices, n, unlimited)
            == NULL)
        {
            return NGX_ERROR;
        }

        ngx_tidraw_ws_out_sent(ws, sent);
    }

    return ngx_tidraw_ws_out_arm(ws, 1) == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_tidraw_ws_out_pong(ngx_tidraw_ws_t *ws, u_char *data, size_t len)
{
    size_t                size;
    u_char               *p, frame[2 + TD_FRAME_MAX_CONTROL];
    ngx_tidraw_ws_out_t  *out;

    size = td_frame_header(frame, TD_FRAME_PONG, len);
    size += len;

    ngx_memcpy(frame + size - len, data, len);

    if (!ngx_tidraw_ws_waiting(ws)) {
        return ngx_tidraw_ws_out_send(ws, frame, size, NULL, 0, 0);
    }

    out = ws->pong;

    if (out == NULL) {

        /* room for the longest one, which may replace it */

        p = frame + size;
        ngx_memzero(p, sizeof(frame) - size);

        out = ngx_tidraw_ws_out_add(ws, frame, sizeof(frame), NULL, 0, 0);
        if (out == NULL) {
            return NGX_ERROR;
        }

        ws->pong = out;

    } else {
        ngx_memcpy(out->slices[0].pos, frame, size);
    }

    out->slices[0].last = out->slices[0].pos + size;

    ngx_tidraw_ws_out_wait(ws, (ssize_t) size - (ssize_t) out->size);
    out->size = size;

    return NGX_OK;
}


static ngx_tidraw_ws_out_t *
ngx_tidraw_ws_out_add(ngx_tidraw_ws_t *ws, u_char *head, size_t len,
    ngx_tidraw_slice_t *slices, ngx_uint_t n, ngx_uint_t unlimited)
{
    size_t                size;
    u_char               *p;
    ngx_uint_t            i;
    ngx_tidraw_slice_t   *s;
    ngx_tidraw_ws_out_t  *out;

    size = sizeof(ngx_tidraw_ws_out_t) + n * sizeof(ngx_tidraw_slice_t);

    out = ngx_alloc(size + len, ws->connection->log);
    if (out == NULL) {
        return NULL;
    }

    p = (u_char *) out + size;
    ngx_memcpy(p, head, len);

    s = &out->slices[0];
    s->owner = NULL;
    s->pos = p;
    s->last = p + len;

    out->size = len;

    for (i = 0; i < n; i++) {
        s++;
        *s = slices[i];

        if (s->owner != NULL) {
            (void) ngx_tidraw_shared_ref(s->owner);
        }

        out->size += s->last - s->pos;
    }

    out->next = NULL;
    out->first = 0;
    out->nslices = n + 1;
    out->started = 0;
    out->charge = unlimited ? 0 : size + out->size;

    ngx_tidraw_ws_out_wait(ws, (ssize_t) out->size);
    ws->charged += out->charge;

    *ws->out_last = out;
    ws->out_last = &out->next;

    return out;
}


/* n more bytes wait, or fewer; all that wait in this worker are counted. */

static void
ngx_tidraw_ws_out_wait(ngx_tidraw_ws_t *ws, ssize_t n)
{
    ws->queued += n;
    ws->site->zone->waiting += n;
}


/*
 * Takes what has left from the front of the queue, and drops the references
 * of the slices that have left whole.
 */

static void
ngx_tidraw_ws_out_sent(ngx_tidraw_ws_t *ws, size_t sent)
{
    size_t                n;
    ngx_tidraw_slice_t   *s;
    ngx_tidraw_ws_out_t  *out;

    while (sent != 0) {

        out = ws->out;
        out->started = 1;

        if (ws->pong == out) {
            ws->pong = NULL;
        }

        s = &out->slices[out->first];
        n = ngx_min(sent, (size_t) (s->last - s->pos));

        s->pos += n;
        sent -= n;

        out->size -= n;
        ngx_tidraw_ws_out_wait(ws, -(ssize_t) n);

        if (out->size == 0) {

            ws->out = out->next;

            if (ws->out == NULL) {
                ws->out_last = &ws->out;
            }

            ngx_tidraw_ws_out_free_node(ws, out);

        } else if (s->pos == s->last) {

            if (s->owner != NULL) {
                ngx_tidraw_shared_free(s->owner);
            }

            out->first++;
        }
    }
}


static void
ngx_tidraw_ws_out_free_node(ngx_tidraw_ws_t *ws, ngx_tidraw_ws_out_t *out)
{
    ngx_uint_t           i;
    ngx_tidraw_slice_t  *s;

    for (i = out->first; i < out->nslices; i++) {
        s = &out->slices[i];

        if (s->owner != NULL) {
            ngx_tidraw_shared_free(s->owner);
        }
    }

    ngx_tidraw_ws_out_wait(ws, -(ssize_t) out->size);
    ws->charged -= out->charge;

    if (ws->pong == out) {
        ws->pong = NULL;
    }

    ngx_free(out);
}


ngx_int_t
ngx_tidraw_ws_out_flush(ngx_tidraw_ws_t *ws)
{
    size_t                sent, total;
    ngx_int_t             rc;
    ngx_uint_t            i, k;
    ngx_connection_t     *c;
    ngx_tidraw_slice_t   *v[NGX_TIDRAW_WS_BUFS];
    ngx_tidraw_ws_out_t  *out;

    c = ws->connection;
    total = 0;

    rc = NGX_OK;

    while (rc == NGX_OK && (ws->out != NULL || c->buffered)) {

        k = 0;

        for (out = ws->out; out != NULL; out = out->next) {

            for (i = out->first; i < out->nslices; i++) {

                if (k == NGX_TIDRAW_WS_BUFS) {
                    goto full;
                }

                if (out->slices[i].pos != out->slices[i].last) {
                    v[k++] = &out->slices[i];
                }
            }
        }

    full:

        sent = 0;
        rc = ngx_tidraw_ws_out_write(c, v, k, out == NULL, &sent);

        total += sent;
        ngx_tidraw_ws_out_sent(ws, sent);

        if (rc == NGX_OK && ws->out == NULL && c->buffered) {
            rc = NGX_AGAIN;
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_AGAIN) {
        return ngx_tidraw_ws_out_arm(ws, total != 0);
    }

    ngx_tidraw_ws_out_disarm(ws);

    return NGX_OK;
}


/* NGX_AGAIN, or NGX_ERROR when the event cannot be armed. */

static ngx_int_t
ngx_tidraw_ws_out_arm(ngx_tidraw_ws_t *ws, ngx_uint_t progress)
{
    ngx_event_t  *wev;

    wev = ws->connection->write;

    if (progress || !wev->timer_set) {
        ngx_add_timer(wev, ws->closing ? NGX_TIDRAW_WS_FLUSH_TIMEOUT
                                       : NGX_TIDRAW_WS_WRITE_TIMEOUT);
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static void
ngx_tidraw_ws_out_disarm(ngx_tidraw_ws_t *ws)
{
    ngx_connection_t  *c;

    c = ws->connection;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

#if (NGX_HTTP_SSL)

    /* 16 KB that an idle connection can do without */

    if (c->ssl != NULL) {
        ngx_ssl_free_buffer(c);
    }

#endif
}


void
ngx_tidraw_ws_out_drop(ngx_tidraw_ws_t *ws)
{
    ngx_tidraw_ws_out_t  *out, *next, **last;

    last = &ws->out;

    if (ws->out != NULL && ws->out->started) {
        last = &ws->out->next;
    }

    for (out = *last; out != NULL; out = next) {
        next = out->next;
        ngx_tidraw_ws_out_free_node(ws, out);
    }

    *last = NULL;
    ws->out_last = last;
}


void
ngx_tidraw_ws_out_free(ngx_tidraw_ws_t *ws)
{
    if (ws->out != NULL) {
        ws->out->started = 0;
    }

    ngx_tidraw_ws_out_drop(ws);
}
