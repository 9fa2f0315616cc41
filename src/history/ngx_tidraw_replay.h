
/*
 * A board as it was: read from the database, replayed in a thread.
 *
 * A replay owns all that it read.  Whoever asked gets it in a handler, once,
 * and may look at it until that returns.  It never touches a board that is
 * open.
 */


#ifndef _NGX_TIDRAW_REPLAY_H_INCLUDED_
#define _NGX_TIDRAW_REPLAY_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_store.h"

#include "td_history.h"


typedef struct ngx_tidraw_replay_s  ngx_tidraw_replay_t;

typedef void (*ngx_tidraw_replay_pt)(ngx_tidraw_replay_t *replay);


/*
 * rc: NGX_OK; NGX_DECLINED: nothing is kept of that moment, or there is no
 * such board; NGX_TIDRAW_STORE_AWAY: the database is; NGX_ERROR (logged).
 * What follows it is set when it is NGX_OK.
 */

struct ngx_tidraw_replay_s {
    ngx_int_t              rc;

    uint64_t               now;          /* the clock of the board */
    ngx_str_t              schema;       /* serialized; of the moment, */
    ngx_str_t              schema_now;   /* and of the board */
    td_history_t          *history;      /* stands at the moment */
    const td_room_t       *then;
    const td_room_t       *today;        /* with NGX_TIDRAW_REPLAY_BOTH */
    td_buf_t               diff;         /* from today to then, likewise */

    ngx_tidraw_replay_pt   handler;
    ngx_tidraw_replay_pt   work;
    void                  *data;
};


#define NGX_TIDRAW_REPLAY_THEN    0
#define NGX_TIDRAW_REPLAY_BOTH    1
#define NGX_TIDRAW_REPLAY_TODAY   2      /* then is the board as it is */


/*
 * The board of number room at a clock.  NULL: no memory, or too many at a
 * time.  Otherwise handler is called once, from the event loop, unless it is
 * cancelled before.  What the caller sets as replay->work at once is called
 * before it, in the thread, if rc is NGX_OK: to go on with the history, and
 * with memory that nobody else touches until the handler is called.
 */
ngx_tidraw_replay_t *ngx_tidraw_replay(ngx_tidraw_site_t *site, int64_t room,
    uint64_t clock, ngx_uint_t what, ngx_tidraw_replay_pt handler,
    void *data);
void ngx_tidraw_replay_cancel(ngx_tidraw_replay_t *replay);

/* In exit_process, after the store is closed: frees what was under way. */
void ngx_tidraw_replay_exit(void);


#endif /* _NGX_TIDRAW_REPLAY_H_INCLUDED_ */
