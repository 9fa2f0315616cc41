
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
    NGX_TIDRAW_BUS_CONTROL      /* an order; the room may be empty */
} ngx_tidraw_bus_e;


typedef struct {
    ngx_tidraw_bus_e        type;
    uint64_t                node;         /* the sender: random, one a worker
                                             and its life */
    ngx_str_t               room;         /* 22 bytes, or empty */
    u_char                 *data;         /* valid during the call */
    size_t                  len;
} ngx_tidraw_bus_message_t;


/* A message of another worker; and, for nodes that ended, their number. */

typedef void (*ngx_tidraw_bus_receive_pt)(ngx_tidraw_site_t *site,
    ngx_tidraw_bus_message_t *m);
typedef void (*ngx_tidraw_bus_gone_pt)(ngx_tidraw_site_t *site,
    uint64_t node);


/*
 * In init_module, not under "nginx -t": sockets for the workers of the next
 * generation; those of the last one are closed in the master.
 */
ngx_int_t ngx_tidraw_mesh_prepare(ngx_cycle_t *cycle);

/* In init_process of a worker, after the sites' rooms exist. */
ngx_int_t ngx_tidraw_bus_open(ngx_cycle_t *cycle,
    ngx_tidraw_bus_receive_pt receive, ngx_tidraw_bus_gone_pt gone);

/* In exit_process. */
void ngx_tidraw_bus_close(void);

/* 1 when there may be anybody to hear of it. */
ngx_uint_t ngx_tidraw_bus_active(void);

/* The others who answer a HELLO at once, while they live. */
ngx_uint_t ngx_tidraw_bus_peers(void);

/* This worker's number. */
uint64_t ngx_tidraw_bus_node(void);

/*
 * Tells the other workers.  What a full socket does not take is dropped, and
 * so is all that follows until its reader has been told that it missed
 * something.  NGX_OK, or NGX_DECLINED when somebody may have missed it.
 */
ngx_int_t ngx_tidraw_bus_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len);

/* The same for one other. */
ngx_int_t ngx_tidraw_bus_answer(ngx_tidraw_site_t *site, uint64_t node,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len);

/* Each second: tells those who missed something. */
void ngx_tidraw_bus_tick(void);


#endif /* _NGX_TIDRAW_BUS_H_INCLUDED_ */
