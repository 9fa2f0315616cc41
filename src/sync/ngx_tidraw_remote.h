
/*
 * Inside of the sync folder: what this worker and the others tell one another
 * about a board.
 *
 * A room keeps the presence of other workers' sessions, and forgets it when
 * their worker ends.  Edits of others are shown only in the order of their
 * clocks; where one is missing the board catches up from the database.
 */


#ifndef _NGX_TIDRAW_REMOTE_H_INCLUDED_
#define _NGX_TIDRAW_REMOTE_H_INCLUDED_


#include "ngx_tidraw_room.h"
#include "ngx_tidraw_bus.h"


/* The length of a presence id. */
#define NGX_TIDRAW_REMOTE_ID     (18 + NGX_TIDRAW_ID_LEN)


typedef enum {
    NGX_TIDRAW_REMOTE_HERE = 0,
    NGX_TIDRAW_REMOTE_AWAY,          /* lost its connection */
    NGX_TIDRAW_REMOTE_TAKER          /* here, and closed another tab for it */
} ngx_tidraw_remote_e;


/* Presence of one session elsewhere; the room owns it and its text. */

typedef struct {
    ngx_queue_t                 queue;        /* room->remotes */
    uint64_t                    node;
    u_char                      id[18 + NGX_TIDRAW_ID_LEN];
    u_char                      key[NGX_TIDRAW_KEY_LEN];
    td_str_t                    text;
    ngx_msec_t                  taken;        /* when it evicted another tab */
    uint64_t                    zone;         /* node, if the shared zone told
                                                 of it */
    uint64_t                    version;      /* of what that told */
    ngx_msec_t                  met;          /* there */
    unsigned                    away:1;       /* lost its connection */
    unsigned                    stale:1;      /* until it is told again */
} ngx_tidraw_remote_t;


/* The room opened here: asks the others who is there. */
void ngx_tidraw_remote_hello(ngx_tidraw_room_t *room);

/* Everything of the room that came from elsewhere. */
void ngx_tidraw_remote_free(ngx_tidraw_room_t *room);

/*
 * What the others are told with the next flush.  Losing it is allowed: memory
 * that is missing makes them catch up, or a cursor jump.
 */
void ngx_tidraw_remote_document(ngx_tidraw_room_t *room, uint64_t clock,
    td_str_t diff);
void ngx_tidraw_remote_presence(ngx_tidraw_client_t *s, td_str_t op);
void ngx_tidraw_remote_state(ngx_tidraw_client_t *s,
    ngx_tidraw_remote_e state);
void ngx_tidraw_remote_gone(ngx_tidraw_room_t *room, ngx_tidraw_client_t *s);
void ngx_tidraw_remote_flush(ngx_tidraw_room_t *room);

/* Another worker, node, took a presence over: p is its id, and whose it was. */
void ngx_tidraw_remote_take_away(ngx_tidraw_room_t *room, uint64_t node,
    u_char *p);

/* An item for all others; a put of the session's presence for a buffer. */
void ngx_tidraw_remote_item(ngx_tidraw_room_t *room, char kind,
    td_str_t *parts, ngx_uint_t n);
void ngx_tidraw_remote_put(ngx_tidraw_client_t *s, td_buf_t *b);

/* Whose presence an id is: of a session elsewhere, or here; or NULL. */
ngx_tidraw_remote_t *ngx_tidraw_remote_find(ngx_tidraw_room_t *room,
    u_char *id);
ngx_tidraw_client_t *ngx_tidraw_remote_here(ngx_tidraw_room_t *room,
    u_char *id);

/* Forgets it; tell: the sessions here hear of its end. */
void ngx_tidraw_remote_drop(ngx_tidraw_room_t *room,
    ngx_tidraw_remote_t *remote, ngx_uint_t tell);

/* Who the client is on every worker: set once its user is known. */
void ngx_tidraw_remote_key(ngx_tidraw_client_t *s);


/* The presence of a session of node: id, key, op.  NGX_OK, NGX_DECLINED: a
 * patch of a record that we do not have.  Resets the scratch arena. */
ngx_int_t ngx_tidraw_remote_on_presence(ngx_tidraw_room_t *room,
    uint64_t node, u_char *p, size_t len);

/* Handlers of the bus. */
void ngx_tidraw_remote_receive(ngx_tidraw_site_t *site,
    ngx_tidraw_bus_message_t *m);
void ngx_tidraw_remote_node_gone(ngx_tidraw_site_t *site, uint64_t node);


/* ngx_tidraw_hosts.c: other hosts, where there is a Redis */

void ngx_tidraw_hosts_start(ngx_tidraw_rooms_t *rooms);

/* Handlers of the bus. */
void ngx_tidraw_hosts_ready(ngx_tidraw_site_t *site, ngx_uint_t again);
void ngx_tidraw_hosts_missed(ngx_tidraw_site_t *site, ngx_str_t *id);


#endif /* _NGX_TIDRAW_REMOTE_H_INCLUDED_ */
