
/*
 * The commit cycle of a board, one in flight per board and worker: take what
 * waits, try it on an overlay, store it if the board's clock still is the one
 * we know, and only then show it to anybody (DESIGN 3).
 *
 * A lost race leads through catching up back to the start with the same
 * pushes, and so does an unknown outcome, if it was stored: what had been has
 * no effect then.
 */


#include "ngx_tidraw_remote.h"


#define NGX_TIDRAW_COMMIT_MAX      1024        /* pushes of one cycle */
#define NGX_TIDRAW_COMMIT_BYTES    (8 * 1024 * 1024)
#define NGX_TIDRAW_COMMIT_LOSSES   2           /* until the row is locked */
#define NGX_TIDRAW_COMMIT_PAUSE    1000        /* ms at most */
#define NGX_TIDRAW_COMMIT_RIVALS   5000        /* ms since others wrote */
#define NGX_TIDRAW_COMMIT_YIELD    1000
#define NGX_TIDRAW_COMMIT_BEHIND   (NGX_TIDRAW_TICK / 4)
#define NGX_TIDRAW_COMMIT_LATEST   (NGX_TIDRAW_TICK * 2)
#define NGX_TIDRAW_PRUNE_INTERVAL  1000
#define NGX_TIDRAW_ARENA_KEEP      65536


static ngx_tidraw_log_pace_t  ngx_tidraw_commit_told;


static void ngx_tidraw_commit_handler(ngx_event_t *ev);
static void ngx_tidraw_commit_take(ngx_tidraw_commit_t *c);
static ngx_int_t ngx_tidraw_commit_try(ngx_tidraw_room_t *room);
static ngx_tidraw_op_t *ngx_tidraw_commit_op(ngx_tidraw_room_t *room);
static ngx_int_t ngx_tidraw_commit_change(ngx_tidraw_room_t *room,
    ngx_tidraw_op_t *op, td_change_t *change);
static void ngx_tidraw_commit_done(ngx_tidraw_op_t *op);
static void ngx_tidraw_commit_measure(ngx_tidraw_room_t *room);
static void ngx_tidraw_commit_merge(ngx_tidraw_room_t *room);
static void ngx_tidraw_commit_answer(ngx_tidraw_room_t *room);
static ngx_int_t ngx_tidraw_commit_answer_push(ngx_tidraw_room_t *room,
    ngx_tidraw_push_t *push);
static void ngx_tidraw_commit_finish(ngx_tidraw_room_t *room);


void
ngx_tidraw_commit_init(ngx_tidraw_room_t *room)
{
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    ngx_queue_init(&c->waiting);
    ngx_queue_init(&c->running);

    c->event.handler = ngx_tidraw_commit_handler;
    c->event.data = &ngx_tidraw_no_connection;
    c->event.log = room->rooms->site->log;

    c->started = ngx_current_msec - NGX_TIDRAW_TICK;
    c->pruned = ngx_current_msec;
}


void
ngx_tidraw_commit_free(ngx_tidraw_room_t *room)
{
    ngx_queue_t          *q;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    ngx_tidraw_event_stop(&c->event);

    if (c->op) {
        ngx_tidraw_op_cancel(c->op);
    }

    ngx_tidraw_commit_again(room);

    while (!ngx_queue_empty(&c->waiting)) {
        q = ngx_queue_head(&c->waiting);
        ngx_queue_remove(q);
        ngx_tidraw_commit_drop(c, ngx_queue_data(q, ngx_tidraw_push_t,
                                                 queue));
    }

    td_arena_destroy(c->arena);
}


ngx_int_t
ngx_tidraw_commit_push(ngx_tidraw_client_t *s, td_str_t text,
    ngx_uint_t document)
{
    ngx_tidraw_push_t    *push;
    ngx_tidraw_commit_t  *c;

    c = &s->room->commit;

    if (c->bytes > NGX_TIDRAW_ROOM_PENDING) {
        ngx_tidraw_log(NGX_LOG_WARN, ngx_tidraw_ws_log(s->ws), 0, "board_busy",
                       "room=%V user=%V request=%V", &s->room_id, &s->user_id,
                       ngx_tidraw_ws_request(s->ws));
        return NGX_ERROR;
    }

    push = ngx_alloc(sizeof(ngx_tidraw_push_t) + text.len,
                     s->rooms->site->log);
    if (push == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(push, sizeof(ngx_tidraw_push_t));
    ngx_memcpy(push->text, text.data, text.len);

    push->len = text.len;
    push->client = s;
    push->protocol = s->protocol;
    push->document = document;
    push->came = ngx_current_msec;

    s->pending++;
    s->pending_bytes += text.len;

    c->bytes += text.len;
    s->rooms->npushes++;

    ngx_queue_insert_tail(&c->waiting, &push->queue);

    ngx_tidraw_commit_schedule(s->room);

    return NGX_OK;
}


void
ngx_tidraw_commit_drop(ngx_tidraw_commit_t *c, ngx_tidraw_push_t *push)
{
    ngx_tidraw_room_t  *room;

    room = (ngx_tidraw_room_t *) ((u_char *) c
                                  - offsetof(ngx_tidraw_room_t, commit));
    room->rooms->npushes--;

    c->bytes -= push->len;

    ngx_free(push);
}


ngx_uint_t
ngx_tidraw_commit_busy(ngx_tidraw_room_t *room)
{
    return room->commit.state != NGX_TIDRAW_COMMIT_IDLE
           || !ngx_queue_empty(&room->commit.waiting);
}


/*
 * A board that was quiet commits its first push at once, together with all
 * that came in the same turn of the loop; while pushes keep coming there is
 * one commit a tick.  Who lost a race does not wait for the next tick, as the
 * winner does, so that nobody starves.  Where the database is farther away
 * than a tick, the winner waits until a loser can have asked it what was new,
 * and have tried again: each time while others write, and now and then to
 * find out whether they would.  Who locks the row queues for it instead.
 */

void
ngx_tidraw_commit_schedule(ngx_tidraw_room_t *room)
{
    ngx_msec_t            elapsed, pause;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    if (c->state == NGX_TIDRAW_COMMIT_IDLE
        && (room->nwaiting || room->heard > room->doc.clock))
    {
        /* the cycle that was planned would begin in the middle of it */

        ngx_tidraw_event_stop(&c->event);

        c->state = NGX_TIDRAW_COMMIT_CATCHING_UP;
        ngx_tidraw_catchup_start(room);
        return;
    }

    if (c->state != NGX_TIDRAW_COMMIT_IDLE
        || ngx_queue_empty(&c->waiting)
        || c->event.posted
        || c->event.timer_set)
    {
        return;
    }

    if (c->rivals) {

        /* the row was given to the next one just when we heard of our commit */

        ngx_add_timer(&c->event, NGX_TIDRAW_TICK);
        return;
    }

    elapsed = ngx_current_msec - c->started;

    pause = c->followed ? NGX_TIDRAW_TICK + NGX_TIDRAW_COMMIT_BEHIND
                        : NGX_TIDRAW_TICK;

    if (c->took > NGX_TIDRAW_TICK
        && (ngx_current_msec - room->foreign < NGX_TIDRAW_COMMIT_RIVALS
            || ngx_current_msec - c->yielded >= NGX_TIDRAW_COMMIT_YIELD)
        && ngx_tidraw_store_remote(room->rooms->site->store))
    {
        pause = ngx_min(3 * c->took, NGX_TIDRAW_COMMIT_PAUSE);
        c->yielded = ngx_current_msec;
    }

    if (elapsed >= pause || c->losses) {
        ngx_post_event(&c->event, &ngx_posted_events);
        return;
    }

    ngx_add_timer(&c->event, pause - elapsed);
}


/*
 * Workers that write one board do so one behind the other, each beginning with
 * what the one before it stored: at the same time only one could win.  Who is
 * behind plans its next cycle a little later than the first.  However many
 * others write, nobody waits for them longer than a tick: each of them would
 * put it off anew.
 */

void
ngx_tidraw_commit_follow(ngx_tidraw_room_t *room, ngx_uint_t turn)
{
    ngx_msec_t            elapsed, delay;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;
    elapsed = ngx_current_msec - c->started;

    if (c->state != NGX_TIDRAW_COMMIT_IDLE
        || !c->event.timer_set
        || c->took > NGX_TIDRAW_TICK
        || elapsed < NGX_TIDRAW_TICK / 2)
    {
        return;
    }

    ngx_del_timer(&c->event);

    c->following = 1;
    delay = turn * (c->took + 1);

    if (delay == 0 || elapsed >= NGX_TIDRAW_COMMIT_LATEST) {
        ngx_post_event(&c->event, &ngx_posted_events);

    } else {
        ngx_add_timer(&c->event,
                      ngx_min(delay, NGX_TIDRAW_COMMIT_LATEST - elapsed));
    }
}


static void
ngx_tidraw_commit_handler(ngx_event_t *ev)
{
    ngx_tidraw_room_t  *room;

    room = ngx_tidraw_event_owner(ev, ngx_tidraw_room_t, commit.event);

    if (room->state == NGX_TIDRAW_ROOM_CLOSED) {
        ngx_tidraw_commit_give_up(room, NGX_TIDRAW_WS_RESTART,
                                  "board changed");
        return;
    }

    if (room->commit.losses >= NGX_TIDRAW_COMMIT_LOSSES
        && ngx_tidraw_catchup_locked(room) == NGX_OK)
    {
        return;
    }

    ngx_tidraw_commit_run(room, NULL);
}


void
ngx_tidraw_commit_run(ngx_tidraw_room_t *room, ngx_tidraw_op_t *locked)
{
    ngx_tidraw_op_t      *op;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    c->state = NGX_TIDRAW_COMMIT_RUNNING;
    c->rivals = locked
                && c->took > NGX_TIDRAW_TICK
                && ngx_current_msec - room->foreign < NGX_TIDRAW_COMMIT_YIELD;
    c->started = ngx_current_msec;
    c->followed = c->following;
    c->following = 0;
    c->cycle++;

    ngx_tidraw_commit_take(c);

    if (ngx_tidraw_commit_try(room) != NGX_OK) {
        ngx_tidraw_commit_failed(room, NGX_ERROR);
        return;
    }

    if (c->overlay->nchanges == 0) {

        /* nothing to store: the answers hold for the clock that we know */

        c->losses = 0;

        ngx_tidraw_commit_answer(room);
        ngx_tidraw_commit_finish(room);
        return;
    }

    op = ngx_tidraw_commit_op(room);

    if (op == NULL) {
        ngx_tidraw_commit_failed(room, NGX_ERROR);
        return;
    }

    c->op = op;
    c->asked = ngx_current_msec;

    if (locked) {
        ngx_tidraw_op_then(locked, op, ngx_tidraw_commit_done, room);
        return;
    }

    ngx_tidraw_op_run(op, ngx_tidraw_commit_done, room);
}


static void
ngx_tidraw_commit_take(ngx_tidraw_commit_t *c)
{
    size_t              bytes;
    ngx_uint_t          n;
    ngx_queue_t        *q;
    ngx_tidraw_push_t  *push;

    bytes = 0;

    for (n = 0; n < NGX_TIDRAW_COMMIT_MAX; n++) {

        if (ngx_queue_empty(&c->waiting)
            || (n && bytes > NGX_TIDRAW_COMMIT_BYTES))
        {
            return;
        }

        q = ngx_queue_head(&c->waiting);
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&c->running, q);

        bytes += push->len;
    }
}


/* NGX_OK, or NGX_ERROR: no memory, nothing has changed. */

static ngx_int_t
ngx_tidraw_commit_try(ngx_tidraw_room_t *room)
{
    td_str_t              text;
    ngx_queue_t          *q;
    td_message_t          m;
    ngx_tidraw_push_t    *push;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    if (c->arena == NULL) {
        c->arena = td_arena_create(8192, 0);
        if (c->arena == NULL) {
            return NGX_ERROR;
        }
    }

    td_arena_reset(c->arena);

    c->overlay = td_overlay_create(c->arena, &room->doc);
    if (c->overlay == NULL) {
        return NGX_ERROR;
    }

    c->base = room->doc.clock;
    c->overlay->max_bytes = room->rooms->site->conf->max_room;
    c->legacy = (room->nlegacy != 0);

    for (q = ngx_queue_head(&c->running);
         q != ngx_queue_sentinel(&c->running);
         q = ngx_queue_next(q))
    {
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        text.data = (char *) push->text;
        text.len = push->len;

        if (td_message_parse(c->arena, text, &m) != TD_OK) {

            /* it was parsed when it came, so this is memory */

            return NGX_ERROR;
        }

        push->client_clock = m.client_clock;
        push->clock = c->overlay->clock;
        ngx_memzero(&push->effect, sizeof(td_effect_t));

        if (push->client && push->client->refused == c->cycle) {

            /* it comes behind a push that ends the session */

            push->rc = TD_BAD;
            continue;
        }

        if (!push->document) {
            push->rc = TD_OK;
            push->effect.action = m.diff ? TD_ACTION_DISCARD
                                         : TD_ACTION_COMMIT;
            continue;
        }

        push->rc = td_overlay_push(c->overlay, room->schema, m.diff,
                                   push->protocol, c->legacy, &push->effect);

        if (push->rc == TD_NOMEM) {
            return NGX_ERROR;
        }

        push->clock = c->overlay->clock;

        if (push->rc != TD_OK && push->client) {
            push->client->refused = c->cycle;
        }
    }

    return NGX_OK;
}


static ngx_tidraw_op_t *
ngx_tidraw_commit_op(ngx_tidraw_room_t *room)
{
    int64_t               now;
    td_str_t              text;
    ngx_str_t             schema;
    td_change_t          *change;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    if (ngx_tidraw_history_prepare(room) != NGX_OK) {
        return NULL;
    }

    op = ngx_tidraw_op_create(room->rooms->site->store, 1);
    if (op == NULL) {
        return NULL;
    }

    c->history = room->doc.history;

    if (ngx_current_msec - c->pruned >= NGX_TIDRAW_PRUNE_INTERVAL) {
        c->history = td_room_prune_point(&room->doc, c->overlay->clock);
    }

    text = td_schema_serialized(room->schema);
    schema.data = (u_char *) text.data;
    schema.len = text.len;

    now = ngx_tidraw_now();

    if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_COMMIT, "iiiiSiiii",
                           room->num, (int64_t) room->doc.clock,
                           (int64_t) c->overlay->clock, now,
                           &schema, (int64_t) c->history,
                           (int64_t) c->logged, (int64_t) c->whole,
                           (int64_t) room->doc.bytes + c->overlay->growth)
        != NGX_OK)
    {
        goto failed;
    }

    if (ngx_tidraw_history_steps(room, op, now) != NGX_OK) {
        goto failed;
    }

    for (change = c->overlay->first; change; change = change->next) {
        if (ngx_tidraw_commit_change(room, op, change) != NGX_OK) {
            goto failed;
        }
    }

    if (c->history > room->doc.history) {
        c->pruned = ngx_current_msec;

        if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOMBSTONES_PRUNE, "ii",
                               room->num, (int64_t) c->history)
            != NGX_OK)
        {
            goto failed;
        }
    }

    return op;

failed:

    ngx_tidraw_op_free(op);

    return NULL;
}


static ngx_int_t
ngx_tidraw_commit_change(ngx_tidraw_room_t *room, ngx_tidraw_op_t *op,
    td_change_t *change)
{
    ngx_str_t  id, text;

    id.data = (u_char *) change->id.data;
    id.len = change->id.len;

    if (change->text.data == NULL) {

        if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_DELETE, "iS",
                               room->num, &id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOMBSTONE_PUT, "iSi",
                                  room->num, &id, (int64_t) change->clock);
    }

    if (change->entry && change->entry->text == NULL
        && ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOMBSTONE_DELETE, "iS",
                              room->num, &id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    text.data = (u_char *) change->text.data;
    text.len = change->text.len;

    return ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_PUT, "iSiS",
                              room->num, &id, (int64_t) change->clock, &text);
}


static void
ngx_tidraw_commit_done(ngx_tidraw_op_t *op)
{
    ngx_uint_t            level;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_commit_t  *c;

    room = op->data;
    c = &room->commit;

    c->op = NULL;

    switch (op->rc) {

    case NGX_OK:

        /*
         * Where the database is far away and rivals wrote just before, the
         * next commit begins with the lock too: trying first would cost each
         * of us two losses, and whoever has the lock holds them up.
         */

        c->losses = c->rivals ? NGX_TIDRAW_COMMIT_LOSSES : 0;
        c->took = ngx_current_msec - c->started;
        ngx_tidraw_commit_measure(room);

        if (c->failures) {
            c->failures = 0;
            level = ngx_tidraw_log_pace(&ngx_tidraw_commit_told,
                                        NGX_LOG_NOTICE);
            ngx_tidraw_log(level, room->rooms->site->log, 0, "board_stored",
                           "room=%V", &room->sn.str);
        }

        ngx_tidraw_commit_merge(room);
        return;

    case NGX_DECLINED:

        /* another writer was first: the database knows what it wrote */

        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, room->rooms->site->log, 0,
                       "tidraw commit of board \"%V\" came second",
                       &room->sn.str);

        c->losses++;
        ngx_tidraw_count(room->rooms->site, NGX_TIDRAW_COUNT_CONFLICTS, 1);

        ngx_tidraw_commit_again(room);

        if (room->doc.clock > c->base && room->heard <= room->doc.clock) {

            /* and so do we, by the bus */

            c->state = NGX_TIDRAW_COMMIT_IDLE;
            ngx_tidraw_commit_schedule(room);
            return;
        }

        if (c->losses >= NGX_TIDRAW_COMMIT_LOSSES
            && ngx_tidraw_catchup_locked(room) == NGX_OK)
        {
            return;
        }

        c->state = NGX_TIDRAW_COMMIT_CATCHING_UP;
        ngx_tidraw_catchup_start(room);
        return;

    default:
        ngx_tidraw_commit_failed(room, op->rc);
        return;
    }
}


static void
ngx_tidraw_commit_measure(ngx_tidraw_room_t *room)
{
    size_t                bytes;
    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_tidraw_push_t    *push;
    ngx_tidraw_site_t    *site;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;
    site = room->rooms->site;
    bytes = 0;
    n = 0;

    for (q = ngx_queue_head(&c->running);
         q != ngx_queue_sentinel(&c->running);
         q = ngx_queue_next(q))
    {
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->rc != TD_OK || !push->document) {
            continue;
        }

        bytes += push->len;
        n++;

        ngx_tidraw_observe(site, NGX_TIDRAW_HIST_DURABLE,
                           ngx_current_msec - push->came);
    }

    ngx_tidraw_count(site, NGX_TIDRAW_COUNT_COMMITS, 1);
    ngx_tidraw_observe(site, NGX_TIDRAW_HIST_COMMIT,
                       ngx_current_msec - c->asked);
    ngx_tidraw_observe(site, NGX_TIDRAW_HIST_EDITS, n);
    ngx_tidraw_observe(site, NGX_TIDRAW_HIST_BYTES, bytes);
}


static void
ngx_tidraw_commit_merge(ngx_tidraw_room_t *room)
{
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    if (room->doc.clock != c->base || td_overlay_merge(c->overlay) != TD_OK) {

        /* the database has it, our copy is torn: start anew from there */

        ngx_tidraw_commit_give_up(room, NGX_TIDRAW_WS_RESTART, "no memory");

        if (room->state == NGX_TIDRAW_ROOM_READY) {
            ngx_tidraw_room_close(room, NULL);
        }

        return;
    }

    td_room_prune(&room->doc, c->history);
    ngx_tidraw_history_done(room);

    room->schema_stored = 1;

    ngx_tidraw_commit_answer(room);
    ngx_tidraw_commit_finish(room);
}


/* Says to everybody what became of the pushes, in the order of the clocks. */

static void
ngx_tidraw_commit_answer(ngx_tidraw_room_t *room)
{
    ngx_queue_t          *q;
    ngx_tidraw_push_t    *push;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    for (q = ngx_queue_head(&c->running);
         q != ngx_queue_sentinel(&c->running);
         q = ngx_queue_next(q))
    {
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->rc == TD_OK && push->document) {
            ngx_tidraw_count(room->rooms->site, NGX_TIDRAW_COUNT_EDITS, 1);
        }

        if (push->rc == TD_OK
            && ngx_tidraw_commit_answer_push(room, push) != NGX_OK)
        {
            /* sessions would miss a change: let them all come anew */

            ngx_tidraw_room_close(room, NULL);
            return;
        }
    }

    /*
     * A session that is refused takes its presence with it, which is told
     * under the board's clock: behind all that has a lower one.
     */

    while (!ngx_queue_empty(&c->running)) {

        q = ngx_queue_head(&c->running);
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->client && push->rc != TD_OK) {
            ngx_tidraw_commit_refuse(room, push);
        }

        ngx_queue_remove(q);

        if (push->client) {
            ngx_tidraw_client_answered(push->client, push->len);
        }

        ngx_tidraw_commit_drop(c, push);
    }

    /*
     * Other workers hear of it at once, so that their next commit begins with
     * it.  The frame that is due has waited for this.  One that is almost due
     * goes along, or each frame would be as late as the latest commit.
     */

    ngx_tidraw_remote_flush(room);

    if (ngx_current_msec - room->batch.flushed >= NGX_TIDRAW_TICK * 3 / 4) {
        ngx_tidraw_pace_leave(room);

    } else {
        ngx_tidraw_pace_schedule(room);
    }
}


static ngx_int_t
ngx_tidraw_commit_answer_push(ngx_tidraw_room_t *room,
    ngx_tidraw_push_t *push)
{
    td_effect_t          *e;
    ngx_tidraw_item_t    *item;
    ngx_tidraw_client_t  *s;

    s = push->client;
    e = &push->effect;

    item = NULL;

    if (e->changed) {

        /* the first session of an old protocol came while we stored */

        if (room->nlegacy
            && !room->commit.legacy
            && td_overlay_legacy(room->commit.overlay, e) != TD_OK)
        {
            return NGX_ERROR;
        }

        item = ngx_tidraw_fanout_patch(room, s, push->clock, NULL, e->diff,
                                       e->legacy);
        if (item == NULL) {
            return NGX_ERROR;
        }

        if (item->patch_len) {
            item->came = push->came;
            item->timed = 1;
            room->batch.ntimed++;
        }

        ngx_tidraw_remote_document(room, push->clock, e->diff);
    }

    if (s == NULL) {
        return NGX_OK;
    }

    return ngx_tidraw_fanout_result(s, item, push->client_clock, push->clock,
                                    e->action, e->diff);
}


static void
ngx_tidraw_commit_finish(ngx_tidraw_room_t *room)
{
    ngx_queue_t          *q;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    while (!ngx_queue_empty(&c->running)) {
        q = ngx_queue_head(&c->running);
        ngx_queue_remove(q);
        ngx_tidraw_commit_drop(c, ngx_queue_data(q, ngx_tidraw_push_t,
                                                 queue));
    }

    c->state = NGX_TIDRAW_COMMIT_IDLE;
    c->overlay = NULL;

    /* boards at rest are many: they hold no memory for the next commit */

    if (ngx_queue_empty(&c->waiting)
        || td_arena_size(c->arena) > NGX_TIDRAW_ARENA_KEEP)
    {
        td_arena_destroy(c->arena);
        c->arena = NULL;
    }

    ngx_tidraw_commit_schedule(room);
}
