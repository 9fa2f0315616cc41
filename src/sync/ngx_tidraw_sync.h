
/*
 * The sync endpoint, as the rest of the module sees it: one handler for
 * connect/ID, and the boards of a site in this worker.
 */


#ifndef _NGX_TIDRAW_SYNC_H_INCLUDED_
#define _NGX_TIDRAW_SYNC_H_INCLUDED_


#include "ngx_tidraw.h"
#include "td_zone.h"


/*
 * Serves a WebSocket upgrade on connect/ID.  NGX_DONE when the connection was
 * taken over, else an HTTP status; headers that belong to it are set in r.
 */
ngx_int_t ngx_tidraw_sync_handler(ngx_http_request_t *r, ngx_str_t *room_id);

/* The boards of a site in this worker; NULL when out of memory. */
ngx_tidraw_rooms_t *ngx_tidraw_rooms_create(ngx_tidraw_site_t *site);

/*
 * In exit_process: detach before the store is closed, since nobody may hear
 * from it afterwards; destroy after that, since what the store still writes is
 * memory of the boards.  Frees everything without sending.
 */
void ngx_tidraw_rooms_detach(ngx_tidraw_rooms_t *rooms);
void ngx_tidraw_rooms_destroy(ngx_tidraw_rooms_t *rooms);

/*
 * Somebody else than its sessions has changed a board, up to this clock: they
 * are shown it here at once, on other workers when these look at the clock.
 */
void ngx_tidraw_sync_moved(ngx_tidraw_site_t *site, ngx_str_t *room_id,
    uint64_t clock);

/* Whether this worker reaches Redis; 0 where none is configured. */
ngx_uint_t ngx_tidraw_sync_redis(ngx_tidraw_site_t *site);

/* The worker was told to quit: others will go on with its sessions. */
void ngx_tidraw_sync_quit(ngx_tidraw_site_t *site);

/*
 * Who is on the board now, or was a moment ago, on all workers and hosts: an
 * array of td_zone_who_t in the pool, in the order they came; NULL when out of
 * memory.  Complete as far as the shared zone has places.
 */
ngx_array_t *ngx_tidraw_people_of(ngx_tidraw_site_t *site, ngx_str_t *room,
    ngx_pool_t *pool);

/* In init_process, after all rooms_create(): joins the other workers. */
ngx_int_t ngx_tidraw_sync_open(ngx_cycle_t *cycle);


#endif /* _NGX_TIDRAW_SYNC_H_INCLUDED_ */
