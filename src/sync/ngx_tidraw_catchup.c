
/*
 * Catching up: what other writers stored since the clock we know, shown to
 * our sessions as one patch, so that each of them still sees one total order.
 */


#include "ngx_tidraw_room.h"


static ngx_tidraw_op_t *ngx_tidraw_catchup_op(ngx_tidraw_room_t *room);
static void ngx_tidraw_catchup_ask(ngx_tidraw_room_t *room,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_catchup_done(ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_catchup_apply(ngx_tidraw_room_t *room,
    ngx_tidraw_result_t *records, ngx_tidraw_result_t *tombstones,
    uint64_t clock);


void
ngx_tidraw_catchup_start(ngx_tidraw_room_t *room)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_catchup_op(room);

    if (op == NULL) {
        ngx_tidraw_commit_failed(room, NGX_ERROR);
        return;
    }

    ngx_tidraw_catchup_ask(room, op);
}


ngx_int_t
ngx_tidraw_catchup_locked(ngx_tidraw_room_t *room)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_catchup_op(room);

    if (op == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_tidraw_op_lock(op, room->num) != NGX_OK) {
        ngx_tidraw_op_free(op);
        return NGX_DECLINED;
    }

    room->commit.state = NGX_TIDRAW_COMMIT_CATCHING_UP;
    room->commit.locked = 1;

    ngx_tidraw_catchup_ask(room, op);

    return NGX_OK;
}


static ngx_tidraw_op_t *
ngx_tidraw_catchup_op(ngx_tidraw_room_t *room)
{
    int64_t           clock;
    ngx_tidraw_op_t  *op;

    clock = room->doc.clock;

    op = ngx_tidraw_op_create(room->rooms->site->store, 0);
    if (op == NULL) {
        return NULL;
    }

    if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CLOCK, "i", room->num)
        != NGX_OK
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_RECORDS_SINCE, "ii",
                              room->num, clock)
           != NGX_OK
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_TOMBSTONES_SINCE, "ii",
                              room->num, clock)
           != NGX_OK)
    {
        ngx_tidraw_op_free(op);
        return NULL;
    }

    return op;
}


static void
ngx_tidraw_catchup_ask(ngx_tidraw_room_t *room, ngx_tidraw_op_t *op)
{
    room->commit.base = room->doc.clock;
    room->commit.asked = ngx_current_msec;
    room->heard_then = room->heard;

    room->commit.op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_catchup_done, room);
}


void
ngx_tidraw_catchup_to(ngx_tidraw_room_t *room, uint64_t clock)
{
    if (clock > room->doc.clock) {
        room->heard = ngx_max(room->heard, clock);
        ngx_tidraw_commit_schedule(room);
    }
}


void
ngx_tidraw_sync_moved(ngx_tidraw_site_t *site, ngx_str_t *room_id,
    uint64_t clock)
{
    ngx_tidraw_room_t  *room;

    room = ngx_tidraw_room_find(site->rooms, room_id);

    if (room && room->state == NGX_TIDRAW_ROOM_READY) {
        ngx_tidraw_catchup_to(room, clock);
    }
}


static void
ngx_tidraw_catchup_done(ngx_tidraw_op_t *op)
{
    uint64_t            clock, history;
    ngx_str_t           schema;
    ngx_uint_t          locked;
    ngx_tidraw_room_t  *room;

    room = op->data;
    room->commit.op = NULL;

    locked = room->commit.locked;
    room->commit.locked = 0;

    if (op->rc != NGX_OK) {

        /* without the lock the losses still count: the next try asks for it */

        ngx_tidraw_commit_failed(room, op->rc);
        return;
    }

    room->commit.state = NGX_TIDRAW_COMMIT_IDLE;

    if (locked) {
        room->commit.losses = 0;
    }

    /* what was said before we looked, and is not there, is forgotten */

    if (room->heard <= room->heard_then) {
        room->heard = 0;
    }

    if (room->state == NGX_TIDRAW_ROOM_CLOSED) {
        ngx_tidraw_commit_schedule(room);
        return;
    }

    if (op->results[0].nrows == 0) {
        ngx_tidraw_room_close(room, "NOT_FOUND");
        ngx_tidraw_commit_schedule(room);
        return;
    }

    clock = ngx_tidraw_cell_int(&op->results[0], 0, 0);
    history = ngx_tidraw_cell_int(&op->results[0], 0, 1);
    schema = ngx_tidraw_cell_str(&op->results[0], 0, 2);

    /*
     * A board that was replaced or went back, or was empty and is opened for
     * other clients now, is loaded anew by everybody.  By the bus we may have
     * come further than the answer meanwhile.
     */

    if (history > room->doc.clock || clock < room->commit.base
        || !ngx_tidraw_room_schema_is(room, &schema)
        || (clock > room->doc.clock
            && ngx_tidraw_catchup_apply(room, &op->results[1],
                                        &op->results[2], clock)
               != NGX_OK))
    {
        ngx_tidraw_room_close(room, NULL);
        ngx_tidraw_commit_schedule(room);
        return;
    }

    td_room_prune(&room->doc, history);
    room->unsure = 0;

    ngx_tidraw_hydrate_waiting(room);

    /* by the bus we cannot be further than what is locked */

    if (locked
        && room->state == NGX_TIDRAW_ROOM_READY
        && room->doc.clock == clock
        && !ngx_queue_empty(&room->commit.waiting))
    {
        ngx_tidraw_event_stop(&room->commit.event);
        ngx_tidraw_commit_run(room, op);
        return;
    }

    ngx_tidraw_commit_schedule(room);
}


static ngx_int_t
ngx_tidraw_catchup_apply(ngx_tidraw_room_t *room,
    ngx_tidraw_result_t *records, ngx_tidraw_result_t *tombstones,
    uint64_t clock)
{
    int                   rc;
    int64_t               rclock, tclock;
    td_buf_t              diff, legacy;
    td_str_t              id, text, patch, old;
    ngx_str_t             cell;
    td_arena_t           *arena;
    ngx_uint_t            r, t, n;
    ngx_tidraw_item_t    *item;
    ngx_tidraw_result_t  *from;

    arena = room->rooms->scratch;

    ngx_memzero(&diff, sizeof(td_buf_t));
    ngx_memzero(&legacy, sizeof(td_buf_t));

    td_buf_char(&diff, '{');
    td_buf_char(&legacy, '{');

    r = 0;
    t = 0;
    n = 0;

    while (r < records->nrows || t < tombstones->nrows) {

        rclock = r < records->nrows ? ngx_tidraw_cell_int(records, r, 1)
                                    : INT64_MAX;
        tclock = t < tombstones->nrows ? ngx_tidraw_cell_int(tombstones, t, 1)
                                       : INT64_MAX;

        from = (rclock <= tclock) ? records : tombstones;

        cell = ngx_tidraw_cell_str(from, from == records ? r : t, 0);
        id.data = (char *) cell.data;
        id.len = cell.len;

        text.data = NULL;
        text.len = 0;

        if (from == records) {
            cell = ngx_tidraw_cell_str(records, r++, 2);
            text.data = (char *) cell.data;
            text.len = cell.len;

        } else {
            t++;
            rclock = tclock;
        }

        if ((uint64_t) rclock <= room->doc.clock) {
            continue;
        }

        td_arena_reset(arena);

        if (n) {
            td_buf_char(&diff, ',');
            td_buf_char(&legacy, ',');
        }

        rc = td_room_foreign(arena, &room->doc, id, text, &diff, &legacy);

        if (rc < 0
            || td_room_set(&room->doc, id, text, rclock) != TD_OK
            || diff.failed
            || legacy.failed)
        {
            goto failed;
        }

        if (rc) {
            n++;

        } else if (n) {
            diff.len--;
            legacy.len--;
        }
    }

    room->doc.clock = clock;
    room->foreign = ngx_current_msec;
    room->schema_stored = 1;

    if (n) {
        td_buf_char(&diff, '}');
        td_buf_char(&legacy, '}');

        if (diff.failed || legacy.failed) {
            goto failed;
        }

        patch.data = diff.data;
        patch.len = diff.len;
        old.data = legacy.data;
        old.len = legacy.len;

        item = ngx_tidraw_fanout_patch(room, NULL, clock, NULL, patch, old);
        if (item == NULL) {
            goto failed;
        }

        ngx_tidraw_pace_schedule(room);
    }

    td_buf_free(&diff);
    td_buf_free(&legacy);

    return NGX_OK;

failed:

    td_buf_free(&diff);
    td_buf_free(&legacy);

    return NGX_ERROR;
}
