
/*
 * Redis as the bus between hosts: one for each site and worker, with one
 * connection that listens and one that speaks.
 *
 * Replies are read by hiredis; bytes travel by nginx's own connections, which
 * brings TLS.  (The asynchronous part of hiredis 0.14 has no TLS and aborts
 * on replies that it does not expect.)
 *
 * The configuration part lives as long as its cycle, the rest from
 * ngx_tidraw_redis_open() to ngx_tidraw_redis_close().
 */


#ifndef _NGX_TIDRAW_REDIS_H_INCLUDED_
#define _NGX_TIDRAW_REDIS_H_INCLUDED_


#include "ngx_tidraw_bus_private.h"

#include <hiredis/hiredis.h>


/* What may wait to be sent; beyond that messages are lost. */
#define NGX_TIDRAW_REDIS_OUT     (4 * 1024 * 1024)

#define NGX_TIDRAW_REDIS_ADDRS   8
#define NGX_TIDRAW_REDIS_ERROR   160

/* "tidraw:", the database, ":", the name of the site, ":", a room */
#define NGX_TIDRAW_REDIS_NAME    64
#define NGX_TIDRAW_REDIS_CHANNEL                                             \
    (sizeof("tidraw::") + NGX_INT_T_LEN + NGX_TIDRAW_REDIS_NAME              \
     + 1 + NGX_TIDRAW_ID_LEN)


typedef struct {
    ngx_str_t                   host;         /* a NUL follows */
    in_port_t                   port;
    ngx_str_t                   user;
    ngx_str_t                   password;
    ngx_uint_t                  db;
    ngx_addr_t                  addr;         /* unless it has to be looked
                                                 up */
    unsigned                    name:1;
#if (NGX_SSL)
    ngx_ssl_t                  *ssl;          /* NULL: plain */
#endif
} ngx_tidraw_redis_conf_t;


typedef struct {
    ngx_tidraw_redis_t         *redis;
    ngx_connection_t           *connection;   /* NULL: closed */
    ngx_str_t                   name;         /* of the peer, for the log */
    redisReader                *reader;
    redisReplyObjectFunctions   fn;
    ngx_event_t                 flush;
    u_char                     *out;
    size_t                      pos;
    size_t                      last;
    size_t                      size;
    ngx_uint_t                  greeting;     /* replies before it is ready */
    unsigned                    listens:1;
    unsigned                    connected:1;
    unsigned                    ready:1;
} ngx_tidraw_redis_conn_t;


/* Addresses of a name; the thread writes while busy. */

typedef struct {
    ngx_thread_task_t           task;
    ngx_tidraw_redis_conf_t    *conf;
    ngx_sockaddr_t              addrs[NGX_TIDRAW_REDIS_ADDRS];
    socklen_t                   lens[NGX_TIDRAW_REDIS_ADDRS];
    ngx_uint_t                  n;
    ngx_uint_t                  next;         /* to be tried */
    unsigned                    busy:1;
    char                        error[NGX_TIDRAW_REDIS_ERROR];
} ngx_tidraw_redis_names_t;


struct ngx_tidraw_redis_s {
    ngx_tidraw_redis_conf_t     conf;

    ngx_tidraw_site_t          *site;
    ngx_tidraw_redis_conn_t     listen;
    ngx_tidraw_redis_conn_t     speak;
    ngx_tidraw_redis_names_t   *names;
    ngx_event_t                 timer;        /* deadline, or next attempt */
    ngx_event_t                 beat;
    ngx_msec_t                  delay;        /* before the next attempt */
    ngx_msec_t                  since;        /* up since */
    ngx_msec_t                  ticked;       /* last beat */
    ngx_msec_t                  heard;        /* own beat came back */
    ngx_queue_t                 nodes;        /* on other hosts, the last
                                                 heard first */
    ngx_uint_t                  nnodes;
    ngx_str_t                   channel;      /* of control, and how those of
                                                 rooms begin */
    u_char                      channel_data[NGX_TIDRAW_REDIS_CHANNEL];
    ngx_str_t                   own;          /* of this worker alone */
    u_char                      own_data[NGX_TIDRAW_REDIS_CHANNEL];
    unsigned                    open:1;
    unsigned                    up:1;
    unsigned                    lost:1;       /* messages of ours */
    unsigned                    down:1;
    unsigned                    told:1;       /* the log says so */
    ngx_msec_t                  tells;        /* when it did last */
    ngx_uint_t                  flaps;        /* times in a row it was up for
                                                 a short while only */
};


/* ngx_tidraw_redis.c: called by a connection */

/* Both are of use when they have had their answers. */
void ngx_tidraw_redis_ready(ngx_tidraw_redis_t *redis);

/* Something was published; valid during the call. */
void ngx_tidraw_redis_message(ngx_tidraw_redis_t *redis, u_char *data,
    size_t len);
void ngx_tidraw_redis_subscribed(ngx_tidraw_redis_t *redis, ngx_str_t *name);

/* All that waited has been sent. */
void ngx_tidraw_redis_sent(ngx_tidraw_redis_t *redis);

/* Closes both connections; they are opened again in time. */
void ngx_tidraw_redis_failed(ngx_tidraw_redis_t *redis, ngx_err_t err,
    const char *reason);

/* ... by the look-up of a name; names->n is 0 where it failed */
void ngx_tidraw_redis_looked_up(ngx_tidraw_redis_t *redis);


/* ngx_tidraw_redis_conn.c */

/* NGX_OK: it is on its way; NGX_ERROR: it is not, and is to be disconnected;
 * the system's error may say why. */
ngx_int_t ngx_tidraw_redis_connect(ngx_tidraw_redis_conn_t *rc,
    struct sockaddr *sockaddr, socklen_t socklen);
void ngx_tidraw_redis_disconnect(ngx_tidraw_redis_conn_t *rc);

/* Queues a command: NGX_OK, or NGX_DECLINED when there is no room for it. */
ngx_int_t ngx_tidraw_redis_command(ngx_tidraw_redis_conn_t *rc,
    ngx_str_t *words, ngx_uint_t n);

/* Sends what waits as far as the socket takes it: NGX_OK, NGX_AGAIN,
 * NGX_ERROR. */
ngx_int_t ngx_tidraw_redis_flush(ngx_tidraw_redis_conn_t *rc);


/* ngx_tidraw_redis_url.c: starts the look-up; NGX_OK or NGX_ERROR */

ngx_int_t ngx_tidraw_redis_look_up(ngx_tidraw_redis_t *redis);


#endif /* _NGX_TIDRAW_REDIS_H_INCLUDED_ */
