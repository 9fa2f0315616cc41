
/*
 * When the batch of a room leaves: one frame a tick, also where others send
 * theirs from other workers.
 *
 * Whose tick it is first tells the others what its sessions did, and lets its
 * own frame wait a moment.  Who hears of it joins that tick: tells what its
 * own sessions did, and sends its frame with both.  So workers come into step
 * by themselves, and what crosses them is no later than the rest.  Nothing
 * depends on it: who is not heard in time is in the next frame.
 */


#include "ngx_tidraw_remote.h"


/* ms that a frame waits for other workers, and for other hosts; at most */
#define NGX_TIDRAW_PACE_WAIT        3
#define NGX_TIDRAW_PACE_WAIT_FAR    5
#define NGX_TIDRAW_PACE_WAIT_MAX    (NGX_TIDRAW_TICK / 2)

/* ms after which others that said nothing are not waited for */
#define NGX_TIDRAW_PACE_FORGET      100


static void ngx_tidraw_pace_handler(ngx_event_t *ev);
static void ngx_tidraw_pace_due(ngx_tidraw_room_t *room);
static ngx_uint_t ngx_tidraw_pace_peer(ngx_tidraw_batch_t *b, uint64_t node);
static ngx_uint_t ngx_tidraw_pace_unanswered(ngx_tidraw_batch_t *b);
static ngx_uint_t ngx_tidraw_pace_commits(ngx_tidraw_commit_t *c);
static void ngx_tidraw_pace_wait(ngx_tidraw_batch_t *b, ngx_msec_t ms);


void
ngx_tidraw_pace_init(ngx_tidraw_room_t *room)
{
    room->batch.event.handler = ngx_tidraw_pace_handler;
    room->batch.event.data = &ngx_tidraw_no_connection;
    room->batch.event.log = room->rooms->site->log;
    room->batch.flushed = ngx_current_msec - NGX_TIDRAW_TICK;
}


void
ngx_tidraw_pace_schedule(ngx_tidraw_room_t *room)
{
    ngx_msec_t           elapsed;
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    if ((b->nitems == 0 && room->outbox.len == 0)
        || b->event.posted
        || b->event.timer_set)
    {
        return;
    }

    elapsed = ngx_current_msec - b->flushed;

    if (elapsed >= NGX_TIDRAW_TICK) {
        ngx_post_event(&b->event, &ngx_posted_events);
        return;
    }

    ngx_add_timer(&b->event, NGX_TIDRAW_TICK - elapsed);
}


static void
ngx_tidraw_pace_handler(ngx_event_t *ev)
{
    ngx_tidraw_pace_due(ngx_tidraw_event_owner(ev, ngx_tidraw_room_t,
                                               batch.event));
}


/* Half a tick apart at least: two workers are then in step with the first. */

void
ngx_tidraw_pace_heard(ngx_tidraw_room_t *room, uint64_t node)
{
    ngx_uint_t           i;
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    i = ngx_tidraw_pace_peer(b, node);

    if (!b->due && ngx_current_msec - b->flushed < NGX_TIDRAW_TICK / 2) {
        ngx_tidraw_pace_schedule(room);
        return;
    }

    b->peers[i].answered = 1;

    ngx_tidraw_pace_due(room);
}


/* Its place; of too many, the one heard longest ago is forgotten. */

static ngx_uint_t
ngx_tidraw_pace_peer(ngx_tidraw_batch_t *b, uint64_t node)
{
    ngx_uint_t  i, place;

    place = 0;

    for (i = 0; i < NGX_TIDRAW_BATCH_PEERS; i++) {

        if (b->peers[i].node == node) {
            place = i;
            break;
        }

        if (ngx_current_msec - b->peers[i].heard
            > ngx_current_msec - b->peers[place].heard)
        {
            place = i;
        }
    }

    if (b->peers[place].node != node) {
        b->peers[place].node = node;
        b->peers[place].answered = 0;
    }

    b->peers[place].heard = ngx_current_msec;

    return place;
}


static void
ngx_tidraw_pace_due(ngx_tidraw_room_t *room)
{
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    b->due = 1;

    if (ngx_tidraw_pace_commits(&room->commit)) {
        ngx_tidraw_pace_wait(b, NGX_TIDRAW_TICK / 2);
        return;
    }

    ngx_tidraw_pace_leave(room);
}


/*
 * A commit that is about to end sends the batch with it: one frame instead of
 * two.  It is waited for half a tick.
 */

static ngx_uint_t
ngx_tidraw_pace_commits(ngx_tidraw_commit_t *c)
{
    switch (c->state) {

    case NGX_TIDRAW_COMMIT_IDLE:
        return c->event.posted
               || (c->event.timer_set
                   && (ngx_msec_int_t) (c->event.timer.key - ngx_current_msec)
                      < NGX_TIDRAW_TICK / 4);

    case NGX_TIDRAW_COMMIT_RUNNING:
        return ngx_current_msec - c->started < NGX_TIDRAW_TICK / 2;

    default:
        return 0;
    }
}


void
ngx_tidraw_pace_leave(ngx_tidraw_room_t *room)
{
    ngx_msec_t           elapsed, wait;
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    if (!b->told) {
        ngx_tidraw_remote_flush(room);

        b->due = 1;
        b->told = 1;
        b->left = ngx_current_msec;
    }

    if (ngx_tidraw_pace_unanswered(b)) {

        wait = ngx_tidraw_bus_hosts(room->rooms->site)
               ? NGX_TIDRAW_PACE_WAIT_FAR : NGX_TIDRAW_PACE_WAIT;

        if (ngx_current_msec - room->foreign < NGX_TIDRAW_PACE_FORGET) {

            /* their commits take as long as ours */

            wait = ngx_min(wait + room->commit.took, NGX_TIDRAW_PACE_WAIT_MAX);
        }

        elapsed = ngx_current_msec - b->left;

        if (elapsed < wait) {
            ngx_tidraw_pace_wait(b, wait - elapsed);
            return;
        }
    }

    ngx_tidraw_fanout_flush(room);
}


/* Somebody who was heard in the last ticks has not told of this one. */

static ngx_uint_t
ngx_tidraw_pace_unanswered(ngx_tidraw_batch_t *b)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_TIDRAW_BATCH_PEERS; i++) {
        if (b->peers[i].node != 0
            && !b->peers[i].answered
            && ngx_current_msec - b->peers[i].heard < NGX_TIDRAW_PACE_FORGET)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_tidraw_pace_wait(ngx_tidraw_batch_t *b, ngx_msec_t ms)
{
    ngx_tidraw_event_stop(&b->event);

    ngx_add_timer(&b->event, ms);
}


void
ngx_tidraw_pace_flushed(ngx_tidraw_room_t *room)
{
    ngx_uint_t           i;
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    ngx_tidraw_event_stop(&b->event);

    for (i = 0; i < NGX_TIDRAW_BATCH_PEERS; i++) {
        b->peers[i].answered = 0;
    }

    b->due = 0;
    b->told = 0;

    /* what the others have not heard waits for the next tick */

    if (room->outbox.len) {
        ngx_add_timer(&b->event, NGX_TIDRAW_TICK);
    }
}
