
/*
 * The bin: boards that lie in it for longer than tidraw_bin_keep are removed
 * for good, in the background, a few at a time, by one worker of a host.
 */


#include "ngx_tidraw_room.h"


#define NGX_TIDRAW_BIN_FIRST      5000         /* ms after the start */
#define NGX_TIDRAW_BIN_INTERVAL   3600000
#define NGX_TIDRAW_BIN_MORE       1000


static void ngx_tidraw_bin_handler(ngx_event_t *ev);
static void ngx_tidraw_bin_looked(ngx_tidraw_op_t *op);
static void ngx_tidraw_bin_purged(ngx_tidraw_op_t *op);
static int64_t ngx_tidraw_bin_since(ngx_tidraw_rooms_t *rooms);


void
ngx_tidraw_bin_start(ngx_tidraw_rooms_t *rooms)
{
    if (ngx_worker != 0) {
        return;
    }

    rooms->bin.handler = ngx_tidraw_bin_handler;
    rooms->bin.data = &ngx_tidraw_no_connection;
    rooms->bin.log = rooms->site->log;
    rooms->bin.cancelable = 1;

    ngx_add_timer(&rooms->bin, NGX_TIDRAW_BIN_FIRST);
}


void
ngx_tidraw_bin_stop(ngx_tidraw_rooms_t *rooms)
{
    if (rooms->bin.timer_set) {
        ngx_del_timer(&rooms->bin);
    }

    if (rooms->purge) {
        ngx_tidraw_op_cancel(rooms->purge);
        rooms->purge = NULL;
    }
}


/* Looks before it writes: a writer waits for others, a reader does not. */

static void
ngx_tidraw_bin_handler(ngx_event_t *ev)
{
    ngx_tidraw_op_t     *op;
    ngx_tidraw_rooms_t  *rooms;

    rooms = ngx_tidraw_event_owner(ev, ngx_tidraw_rooms_t, bin);

    op = ngx_tidraw_op_create(rooms->site->store, 0);

    if (op == NULL) {
        ngx_add_timer(ev, NGX_TIDRAW_BIN_INTERVAL);
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOMS_BIN_OLD, "i",
                              ngx_tidraw_bin_since(rooms));

    rooms->purge = op;
    ngx_tidraw_op_run(op, ngx_tidraw_bin_looked, rooms);
}


static void
ngx_tidraw_bin_looked(ngx_tidraw_op_t *op)
{
    int64_t              since;
    ngx_tidraw_op_t     *purge;
    ngx_tidraw_rooms_t  *rooms;

    rooms = op->data;
    rooms->purge = NULL;

    purge = NULL;

    if (op->rc == NGX_OK && op->results->nrows != 0) {
        purge = ngx_tidraw_op_create(rooms->site->store, 1);
    }

    if (purge == NULL) {
        ngx_add_timer(&rooms->bin, NGX_TIDRAW_BIN_INTERVAL);
        return;
    }

    since = ngx_tidraw_bin_since(rooms);

    (void) ngx_tidraw_op_step(purge, NGX_TIDRAW_STMT_ROOMS_BIN_ENTER, "ii",
                              ngx_tidraw_now(), since);
    (void) ngx_tidraw_op_step(purge, NGX_TIDRAW_STMT_ROOMS_BIN_PURGE, "i",
                              since);

    rooms->purge = purge;
    ngx_tidraw_op_run(purge, ngx_tidraw_bin_purged, rooms);
}


static void
ngx_tidraw_bin_purged(ngx_tidraw_op_t *op)
{
    ngx_tidraw_rooms_t  *rooms;

    rooms = op->data;
    rooms->purge = NULL;

    ngx_add_timer(&rooms->bin, op->rc == NGX_OK ? NGX_TIDRAW_BIN_MORE
                                                : NGX_TIDRAW_BIN_INTERVAL);
}


static int64_t
ngx_tidraw_bin_since(ngx_tidraw_rooms_t *rooms)
{
    return ngx_tidraw_now() - (int64_t) rooms->site->conf->bin_keep * 1000;
}
