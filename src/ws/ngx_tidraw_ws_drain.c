
/*
 * All WebSocket connections of a worker, and how they go when it goes.
 *
 * The list holds connections and owns none of them.  While any is left in a
 * worker that goes away, a timer that is not cancelable keeps the worker
 * alive, and in the end closes those which nobody closed.
 */


#include "ngx_tidraw_ws_private.h"


#define NGX_TIDRAW_WS_DRAIN_TICK   20
#define NGX_TIDRAW_WS_DRAIN_LIMIT  10000


static void ngx_tidraw_ws_drain_handler(ngx_event_t *ev);
static void ngx_tidraw_ws_drain_tell(ngx_uint_t n);


static ngx_queue_t       ngx_tidraw_ws_list;
static ngx_event_t       ngx_tidraw_ws_drain;
static ngx_connection_t  ngx_tidraw_ws_drain_connection;
static ngx_uint_t        ngx_tidraw_ws_drain_step;    /* told in one tick */
static ngx_msec_t        ngx_tidraw_ws_drain_limit;   /* when it is enough */
static ngx_uint_t        ngx_tidraw_ws_drain_on;


void
ngx_tidraw_ws_list_add(ngx_tidraw_ws_t *ws)
{
    if (ngx_tidraw_ws_list.next == NULL) {
        ngx_queue_init(&ngx_tidraw_ws_list);
    }

    ngx_queue_insert_head(&ngx_tidraw_ws_list, &ws->queue);
}


ngx_uint_t
ngx_tidraw_ws_draining(void)
{
    return ngx_tidraw_ws_drain_on || ngx_exiting;
}


void
ngx_tidraw_ws_shutdown_all(ngx_msec_t spread)
{
    ngx_uint_t    n;
    ngx_queue_t  *q;

    if (ngx_tidraw_ws_drain_on) {
        return;
    }

    ngx_tidraw_ws_drain_on = 1;

    if (ngx_tidraw_ws_list.next == NULL) {
        return;
    }

    n = 0;

    for (q = ngx_queue_head(&ngx_tidraw_ws_list);
         q != ngx_queue_sentinel(&ngx_tidraw_ws_list);
         q = ngx_queue_next(q))
    {
        n++;
    }

    if (n == 0) {
        return;
    }

    if (spread < NGX_TIDRAW_WS_DRAIN_TICK) {
        ngx_tidraw_ws_drain_step = n;

    } else {
        ngx_tidraw_ws_drain_step = n * NGX_TIDRAW_WS_DRAIN_TICK / spread + 1;
    }

    ngx_tidraw_ws_drain_limit = ngx_current_msec + spread
                                + NGX_TIDRAW_WS_DRAIN_LIMIT;

    /* the event loop looks for the descriptor of a timer's connection */

    ngx_tidraw_ws_drain_connection.fd = (ngx_socket_t) -1;
    ngx_tidraw_ws_drain.data = &ngx_tidraw_ws_drain_connection;
    ngx_tidraw_ws_drain.handler = ngx_tidraw_ws_drain_handler;
    ngx_tidraw_ws_drain.log = ngx_cycle->log;

    ngx_add_timer(&ngx_tidraw_ws_drain, 1);
}


static void
ngx_tidraw_ws_drain_handler(ngx_event_t *ev)
{
    ev->timedout = 0;

    if (ngx_queue_empty(&ngx_tidraw_ws_list)) {
        return;
    }

    ngx_tidraw_ws_drain_tell(ngx_tidraw_ws_drain_step);

    if ((ngx_msec_int_t) (ngx_current_msec - ngx_tidraw_ws_drain_limit) >= 0) {
        ngx_tidraw_ws_close_all();
    }

    ngx_add_timer(ev, NGX_TIDRAW_WS_DRAIN_TICK);
}


/*
 * Those who were told stand at the end of the list.  Connections leave it
 * only in handlers of their own, never below shutdown() or close().
 */

static void
ngx_tidraw_ws_drain_tell(ngx_uint_t n)
{
    ngx_queue_t      *q;
    ngx_tidraw_ws_t  *ws;

    while (n-- > 0) {

        q = ngx_queue_head(&ngx_tidraw_ws_list);
        ws = ngx_queue_data(q, ngx_tidraw_ws_t, queue);

        if (ws->told) {
            return;
        }

        ws->told = 1;

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&ngx_tidraw_ws_list, q);

        if (!ws->closing) {
            ws->handlers->shutdown(ws);
        }
    }
}


void
ngx_tidraw_ws_close_all(void)
{
    ngx_queue_t      *q;
    ngx_tidraw_ws_t  *ws;

    if (ngx_tidraw_ws_list.next == NULL) {
        return;
    }

    for (q = ngx_queue_head(&ngx_tidraw_ws_list);
         q != ngx_queue_sentinel(&ngx_tidraw_ws_list);
         q = ngx_queue_next(q))
    {
        ws = ngx_queue_data(q, ngx_tidraw_ws_t, queue);

        ngx_tidraw_ws_close(ws, NGX_TIDRAW_WS_RESTART, NULL);
    }
}
