
/*
 * The bus: what workers tell one another, on one host by Unix sockets and
 * between hosts by Redis.
 *
 * It is an accelerator and may lose anything at any time (DESIGN 5): whoever
 * sends keeps nothing, whoever receives checks clocks against the database.
 * It knows no JSON and no session.
 */


#ifndef _NGX_TIDRAW_BUS_H_INCLUDED_
#define _NGX_TIDRAW_BUS_H_INCLUDED_


#include "ngx_tidraw.h"


/* The longest message; what does not fit is not sent. */
#define NGX_TIDRAW_BUS_MAX   131072


typedef enum {
    NGX_TIDRAW_BUS_BORN = 1,    /* node takes the place of "place"; no room */
    NGX_TIDRAW_BUS_HELLO,       /* node opened a room: who is there? */
    NGX_TIDRAW_BUS_ITEMS,       /* what happened in a room */
    NGX_TIDRAW_BUS_MISSED,      /* what node said was not all heard; no room.
                                   With data: nor were its orders */
    NGX_TIDRAW_BUS_CONTROL,     /* an order; the room may be empty */
    NGX_TIDRAW_BUS_BEAT,        /* between hosts: node lives */
    NGX_TIDRAW_BUS_BYE,         /* between hosts: node ends */
    NGX_TIDRAW_BUS_PEOPLE       /* between hosts: who is on node's boards */
} ngx_tidraw_bus_e;


typedef struct {
    ngx_tidraw_bus_e        type;
    uint64_t                node;         /* the sender: random, one a worker
                                             and its life */
    ngx_uint_t              turn;         /* others of its kind, mesh or Redis,
                                             between it and us in their ring */
    ngx_str_t               room;         /* 22 bytes, or empty */
    u_char                 *data;         /* valid during the call */
    size_t                  len;
} ngx_tidraw_bus_message_t;


typedef struct {

    /* a message of another worker */
    void                  (*receive)(ngx_tidraw_site_t *site,
                                     ngx_tidraw_bus_message_t *m);

    /* a worker elsewhere ended */
    void                  (*gone)(ngx_tidraw_site_t *site, uint64_t node);

    /* other hosts can be heard from now on: join() every open room; again:
       orders may have been missed */
    void                  (*ready)(ngx_tidraw_site_t *site,
                                   ngx_uint_t again);

    /* what other hosts said of the room was not heard until now; they have
       been asked who is there */
    void                  (*missed)(ngx_tidraw_site_t *site,
                                    ngx_str_t *room);

} ngx_tidraw_bus_handlers_t;


/*
 * While the configuration is read: takes the URL of the site's Redis apart.
 * NULL, or what is wrong with it, without repeating it.
 */
char *ngx_tidraw_bus_configure(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *url);

/*
 * In init_module, not under "nginx -t": sockets for the workers of the next
 * generation; those of the last one are closed in the master.
 */
ngx_int_t ngx_tidraw_bus_prepare(ngx_cycle_t *cycle);

/* In init_process of a worker, after the sites' rooms exist.  The handlers
 * are called from the event loop only, and not after close(). */
ngx_int_t ngx_tidraw_bus_open(ngx_cycle_t *cycle,
    ngx_tidraw_bus_handlers_t *handlers);

/* Once it is known by which name all hosts of the site call it; joins the
 * other hosts, when a Redis is configured. */
ngx_int_t ngx_tidraw_bus_identify(ngx_tidraw_site_t *site, ngx_str_t *id);

/* In exit_process. */
void ngx_tidraw_bus_close(void);

/* 1 when there may be anybody to hear of it. */
ngx_uint_t ngx_tidraw_bus_active(ngx_tidraw_site_t *site);

/* The others who answer a HELLO at once, while they live. */
ngx_uint_t ngx_tidraw_bus_peers(void);

/* This worker's number; and one that all workers share who hear one another
 * without Redis. */
uint64_t ngx_tidraw_bus_node(void);
uint64_t ngx_tidraw_bus_generation(void);

/* 1 when the site has a Redis, there or not. */
ngx_uint_t ngx_tidraw_bus_hosts(ngx_tidraw_site_t *site);

/* Whether Redis can be reached now. */
ngx_uint_t ngx_tidraw_bus_up(ngx_tidraw_site_t *site);

/* A room is open here, or no longer: its messages of other hosts are of use.
 * missed() follows when they come, and the others are asked who is there. */
void ngx_tidraw_bus_join(ngx_tidraw_site_t *site, ngx_str_t *room);
void ngx_tidraw_bus_leave(ngx_tidraw_site_t *site, ngx_str_t *room);

/*
 * Tells the other workers; HELLO goes to those of this host, others are asked
 * by join(); PEOPLE goes to other hosts.  What a full socket does not take is
 * dropped, and so is all that follows until its reader has been told that it
 * missed something.  NGX_OK, or NGX_DECLINED when somebody may have missed it.
 */
ngx_int_t ngx_tidraw_bus_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len);

/* The same for one other. */
ngx_int_t ngx_tidraw_bus_answer(ngx_tidraw_site_t *site, uint64_t node,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len);

/* Each second: tells those who missed something. */
void ngx_tidraw_bus_tick(void);


#endif /* _NGX_TIDRAW_BUS_H_INCLUDED_ */
