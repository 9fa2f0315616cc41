
/*
 * The sync endpoint, as the rest of the module sees it: one handler for
 * connect/ID, the boards of a site in this worker, and the orders that make
 * live sessions follow what the API changed.
 */


#ifndef _NGX_TIDRAW_SYNC_H_INCLUDED_
#define _NGX_TIDRAW_SYNC_H_INCLUDED_


#include "ngx_tidraw.h"


typedef enum {
    NGX_TIDRAW_CONTROL_ROOM_DELETED = 1,  /* subject unused */
    NGX_TIDRAW_CONTROL_ACCESS_CHANGED,    /* look up every session's role on
                                             the board again; subject unused */
    NGX_TIDRAW_CONTROL_SESSION_REVOKED    /* subject: the session's hash;
                                             room unused */
} ngx_tidraw_control_e;


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
 * Tells live sessions what changed.  room_id and subject may be NULL or empty
 * where the kind does not use them.  Never fails for the caller.
 */
void ngx_tidraw_sync_control(ngx_tidraw_site_t *site,
    ngx_tidraw_control_e kind, ngx_str_t *room_id, ngx_str_t *subject);

/* The same for the sessions of this worker alone. */
void ngx_tidraw_sync_control_here(ngx_tidraw_site_t *site,
    ngx_tidraw_control_e kind, ngx_str_t *room_id, ngx_str_t *subject);

/* Orders may have been missed: looks at the rights of all sessions again. */
void ngx_tidraw_sync_recheck_all(ngx_tidraw_site_t *site);

/* In init_process, after all rooms_create(): joins the other workers. */
ngx_int_t ngx_tidraw_sync_open(ngx_cycle_t *cycle);


#endif /* _NGX_TIDRAW_SYNC_H_INCLUDED_ */
