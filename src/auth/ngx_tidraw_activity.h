
/*
 * The activity log: who did what, when, and from where.
 *
 * An entry goes with the change it belongs to, in the same transaction, or
 * into the background, where it may be lost under load; it never delays or
 * fails a request by itself.  Entries hold no secrets.  They are kept for
 * tidraw_activity_keep and removed in the background by one worker.
 */


#ifndef _NGX_TIDRAW_ACTIVITY_H_INCLUDED_
#define _NGX_TIDRAW_ACTIVITY_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_store.h"


/* Entries in the background at once; what comes then is dropped and logged. */
#define NGX_TIDRAW_ACTIVITY_QUEUE    256


/*
 * An entry.  action has the form "group.word", as docs/api.md lists them;
 * every text may be NULL or empty but action, is copied, and is cut where it
 * is very long.  The name of the board is looked up when it is written: where
 * a board is removed for good, write before that.
 */

typedef struct {
    const char       *action;
    ngx_str_t        *actor;        /* id of a user */
    ngx_str_t        *actor_name;
    ngx_str_t        *room;         /* id of a board */
    ngx_str_t        *target;       /* what it was done to, for people */
    ngx_str_t        *address;
    ngx_str_t        *agent;        /* printable ASCII */
} ngx_tidraw_activity_t;


typedef struct {
    ngx_tidraw_site_t    *site;
    ngx_uint_t            pending;  /* in the background */
    ngx_uint_t            dropped;  /* since the last line in the log */
    time_t                warned;
    ngx_tidraw_op_t      *op;       /* of the removal; cancelled by stop */
    ngx_event_t           timer;
    ngx_connection_t      dummy;    /* the timer's: nginx's debug log looks at
                                       it */
} ngx_tidraw_activities_t;


/* In auth_create and auth_destroy. */
void ngx_tidraw_activity_start(ngx_tidraw_activities_t *as,
    ngx_tidraw_site_t *site);
void ngx_tidraw_activity_stop(ngx_tidraw_activities_t *as);

/*
 * Appends the entry to a writing operation, as one step, the last one best:
 * it takes a place in op->results.
 */
void ngx_tidraw_activity_step(ngx_tidraw_op_t *op, ngx_tidraw_activity_t *a);

/* Writes the entry in the background. */
void ngx_tidraw_activity_write(ngx_tidraw_site_t *site,
    ngx_tidraw_activity_t *a);


#endif /* _NGX_TIDRAW_ACTIVITY_H_INCLUDED_ */
