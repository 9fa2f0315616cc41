
/*
 * What the files of src/ws share: the connection, its output queue, the
 * handshake.  For nobody else.
 */


#ifndef _NGX_TIDRAW_WS_PRIVATE_H_INCLUDED_
#define _NGX_TIDRAW_WS_PRIVATE_H_INCLUDED_


#include "ngx_tidraw_ws.h"
#include "ngx_tidraw_zone.h"
#include "td_frame.h"


/* sha1 of key and GUID in base64 */
#define NGX_TIDRAW_WS_ACCEPT_LEN     28

#define NGX_TIDRAW_WS_UPGRADE_REQUIRED  426

/* no byte of the queue left for so long: the client is gone */
#define NGX_TIDRAW_WS_WRITE_TIMEOUT  60000

/* the same while the connection is being closed */
#define NGX_TIDRAW_WS_FLUSH_TIMEOUT  5000

/* how long the peer may take to answer our close frame */
#define NGX_TIDRAW_WS_CLOSE_TIMEOUT  2000


typedef struct ngx_tidraw_ws_out_s  ngx_tidraw_ws_out_t;


/*
 * One frame that waits.  The bytes of slices[0] (the frame header, or a whole
 * control frame) stand in this piece of memory behind the slices; the others
 * hold references, dropped when the frame has left.
 */

struct ngx_tidraw_ws_out_s {
    ngx_tidraw_ws_out_t       *next;
    size_t                     size;        /* bytes still to leave */
    size_t                     charge;      /* memory it holds, for the limit;
                                               0 for an unlimited one */
    ngx_uint_t                 first;       /* slice they begin in */
    ngx_uint_t                 nslices;
    unsigned                   started:1;   /* some bytes have left */
    ngx_tidraw_slice_t         slices[1];
};


/* On the heap, like all that it points to; c->data once it is taken. */

struct ngx_tidraw_ws_s {
    ngx_connection_t          *connection;
    ngx_http_cleanup_t        *cleanup;     /* while there is a request */
    ngx_tidraw_ws_handlers_t  *handlers;    /* NULL: closed() was called */
    void                      *data;
    ngx_queue_t                queue;       /* all connections of the worker */
    ngx_str_t                  request;     /* id of the handshake, in the same
                                               allocation */

    td_frame_t                 frame;

    /*
     * Input that was received and not used yet: in "in", which is freed when
     * it is used up, or, while it is read, in the scratch buffer.
     */
    u_char                    *in;
    u_char                    *in_pos;
    u_char                    *in_last;

    td_buf_t                   message;     /* the pieces so far */

    ngx_tidraw_ws_out_t       *out;
    ngx_tidraw_ws_out_t      **out_last;
    ngx_tidraw_ws_out_t       *pong;        /* queued and not started */
    size_t                     queued;      /* bytes */
    size_t                     charged;     /* sum of the charges */
    ngx_tidraw_site_t         *site;        /* where it is counted */
    size_t                     max_queue;   /* limit of it */

    unsigned                   paused:1;
    unsigned                   told:1;      /* shutdown() was called */

    /* either side has decided to close: no message goes in or out any more */
    unsigned                   closing:1;
    unsigned                   peer_closed:1;
    unsigned                   hasty:1;     /* do not wait for the peer */
    unsigned                   broken:1;    /* nothing can be sent */
};


/*
 * Checks the handshake and writes the value of Sec-WebSocket-Accept to
 * accept, which has room for NGX_TIDRAW_WS_ACCEPT_LEN bytes.
 * NGX_OK or an HTTP status, with its headers in r.
 */
ngx_int_t ngx_tidraw_ws_handshake(ngx_http_request_t *r, u_char *accept);

/* Of c->read and c->write once the connection is taken; ws may be gone when
 * they return. */
void ngx_tidraw_ws_read_handler(ngx_event_t *rev);
void ngx_tidraw_ws_write_handler(ngx_event_t *wev);

/* Everything but the connection. */
void ngx_tidraw_ws_free(ngx_tidraw_ws_t *ws);

/* Whether anything, also nginx's and OpenSSL's own, waits to leave. */
#define ngx_tidraw_ws_waiting(ws)                                             \
    ((ws)->out != NULL || (ws)->connection->buffered)

/*
 * Sends one frame: the bytes of head (copied if they must wait), followed by
 * n slices.  Limits are the caller's business.
 * NGX_OK; NGX_ERROR: the connection is of no use any more.
 */
ngx_int_t ngx_tidraw_ws_out_send(ngx_tidraw_ws_t *ws, u_char *head,
    size_t len, ngx_tidraw_slice_t *slices, ngx_uint_t n,
    ngx_uint_t unlimited);

/*
 * Answers a ping.  Where output waits, the newest answer replaces an older
 * one that waits too.  NGX_OK or NGX_ERROR as above.
 */
ngx_int_t ngx_tidraw_ws_out_pong(ngx_tidraw_ws_t *ws, u_char *data,
    size_t len);

/*
 * Writes what waits, as far as the socket takes it.
 * NGX_OK: nothing waits any more; NGX_AGAIN: the write timer and event are
 * armed; NGX_ERROR as above.
 */
ngx_int_t ngx_tidraw_ws_out_flush(ngx_tidraw_ws_t *ws);

/* Forgets the frames of which no byte has left. */
void ngx_tidraw_ws_out_drop(ngx_tidraw_ws_t *ws);

/* Forgets everything, for the end. */
void ngx_tidraw_ws_out_free(ngx_tidraw_ws_t *ws);

/* The list of the worker's connections, and what to do when it goes away. */
ngx_uint_t ngx_tidraw_ws_draining(void);
void ngx_tidraw_ws_list_add(ngx_tidraw_ws_t *ws);


#endif /* _NGX_TIDRAW_WS_PRIVATE_H_INCLUDED_ */
