
/*
 * WebSocket connections (RFC 6455): handshake, frames in, one queue out.
 *
 * A connection owns its socket, its input rest and its output queue, and is
 * owned by nobody else: the user of the connection keeps a pointer from
 * upgrade to closed().  It knows no JSON and no room.
 */


#ifndef _NGX_TIDRAW_WS_H_INCLUDED_
#define _NGX_TIDRAW_WS_H_INCLUDED_


#include "ngx_tidraw.h"


typedef struct ngx_tidraw_ws_s  ngx_tidraw_ws_t;


#define NGX_TIDRAW_WS_INTERNAL        1011
#define NGX_TIDRAW_WS_RESTART         1012
#define NGX_TIDRAW_WS_TRY_LATER       1013
#define NGX_TIDRAW_WS_REFUSED         4099   /* sync-protocol 1.5: fatal */
#define NGX_TIDRAW_WS_NO_CODE         1005   /* a close frame without code */


typedef struct {
    /*
     * One whole text or binary message, valid UTF-8, in memory that is valid
     * during the call only.  May call send, close, pause.
     */
    void      (*message)(ngx_tidraw_ws_t *ws, u_char *data, size_t len);

    /*
     * The queue became empty after bytes had to wait in it.  May call send.
     */
    void      (*drained)(ngx_tidraw_ws_t *ws);

    /*
     * The worker is going away (reload, quit): close in your own time, within
     * seconds.  Called at most once.
     */
    void      (*shutdown)(ngx_tidraw_ws_t *ws);

    /*
     * The end, called exactly once, whatever the reason, as soon as either
     * side has decided to close: no other handler is called after it and ws
     * must not be used any more.  Never called from inside send() or close():
     * it is posted then.
     */
    void      (*closed)(ngx_tidraw_ws_t *ws);
} ngx_tidraw_ws_handlers_t;


typedef struct {
    ngx_tidraw_site_t  *site;     /* where its traffic is counted */
    size_t      max_frame;        /* payload of one frame -> close 1009 */
    size_t      max_message;      /* a fragmented message -> close 1009 */
    size_t      max_queue;        /* memory of what waits to leave -> close
                                     1013; one message of any size may wait
                                     where nothing else does */
} ngx_tidraw_ws_limits_t;


/*
 * Checks the handshake (RFC 6455 4.2, Origin against the site's own), answers
 * 101 and takes the connection over.  data is what ngx_tidraw_ws_data()
 * returns.  On NGX_DONE *ws is set and closed() will follow one day; return
 * NGX_DONE from the content handler then.  Otherwise the result is an HTTP
 * status, nothing was taken over, and any header that must go with it (426
 * with Sec-WebSocket-Version) is set in r.
 * Bytes that came with the handshake are handled in the next turn of the
 * loop, never inside this call.  Limits are copied, handlers are not.
 * 503 in a worker that goes away.
 */
ngx_int_t ngx_tidraw_ws_upgrade(ngx_http_request_t *r,
    ngx_tidraw_ws_limits_t *limits, ngx_tidraw_ws_handlers_t *handlers,
    void *data, ngx_tidraw_ws_t **ws);

void *ngx_tidraw_ws_data(ngx_tidraw_ws_t *ws);
ngx_log_t *ngx_tidraw_ws_log(ngx_tidraw_ws_t *ws);

/* Id of the request that opened it, as long as ws. */
ngx_str_t *ngx_tidraw_ws_request(ngx_tidraw_ws_t *ws);

/*
 * Sends one text message made of n slices (n >= 1, empty slices allowed).
 * Writes at once when nothing waits; what the socket does not take is queued
 * with a reference on its owner (bytes without an owner are not copied).
 * NGX_OK; NGX_ERROR: the connection is closing (also because of this send:
 * queue limit, write error, no memory), closed() follows by itself.
 * unlimited: this message does not count for the queue limit (connect reply).
 */
ngx_int_t ngx_tidraw_ws_send(ngx_tidraw_ws_t *ws, ngx_tidraw_slice_t *slices,
    ngx_uint_t n, ngx_uint_t unlimited);

/* Bytes that wait in the queue; 0 when the reader keeps up. */
size_t ngx_tidraw_ws_queued(ngx_tidraw_ws_t *ws);

/*
 * Starts the closing handshake after what is queued: no more messages come in
 * or go out.  reason at most 123 bytes.  closed() follows by itself (posted).
 */
void ngx_tidraw_ws_close(ngx_tidraw_ws_t *ws, ngx_uint_t code,
    ngx_str_t *reason);

/* Stops reading the socket, and goes on.  Counted by nobody: idempotent. */
void ngx_tidraw_ws_pause(ngx_tidraw_ws_t *ws);
void ngx_tidraw_ws_resume(ngx_tidraw_ws_t *ws);

/* All connections of this worker: calls shutdown() of each, spread over
 * "spread" milliseconds.  For the drain of a reload. */
void ngx_tidraw_ws_shutdown_all(ngx_msec_t spread);

/*
 * Says to all that the worker ends, as far as their sockets take it at once;
 * also in exit_process, where nobody hears of it by closed() any more.
 */
void ngx_tidraw_ws_close_all(void);


#endif /* _NGX_TIDRAW_WS_H_INCLUDED_ */
