
/*
 * Commits that failed: the pushes wait and are tried again, and are given up
 * after a while; and pushes that are refused, or whose author has gone.
 * Nothing is answered here.
 */


#include "ngx_tidraw_room.h"


static ngx_tidraw_log_pace_t  ngx_tidraw_commit_waits;
static ngx_tidraw_log_pace_t  ngx_tidraw_commit_lost;


#define NGX_TIDRAW_COMMIT_PATIENCE 10000       /* ms of failing */


void
ngx_tidraw_commit_again(ngx_tidraw_room_t *room)
{
    ngx_queue_t          *q;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    while (!ngx_queue_empty(&c->running)) {
        q = ngx_queue_last(&c->running);
        ngx_queue_remove(q);
        ngx_queue_insert_head(&c->waiting, q);
    }

    c->overlay = NULL;
}


void
ngx_tidraw_commit_failed(ngx_tidraw_room_t *room, ngx_int_t rc)
{
    const char           *what;
    ngx_uint_t            level;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    ngx_tidraw_commit_again(room);

    switch (rc) {

    case NGX_TIDRAW_STORE_AWAY:
        what = "database unavailable";
        break;

    case NGX_TIDRAW_STORE_FULL:
        what = "disk full or read-only";
        break;

    case NGX_TIDRAW_STORE_UNKNOWN:

        /* trying again tells: what was stored makes the next try come second */

        what = "outcome unknown";
        break;

    default:
        ngx_tidraw_commit_give_up(room, NGX_TIDRAW_WS_INTERNAL,
                                  "cannot be stored");
        return;
    }

    ngx_tidraw_count(room->rooms->site, NGX_TIDRAW_COUNT_COMMIT_FAILURES, 1);

    if (c->failures++ == 0) {
        c->failing = c->asked;
        level = ngx_tidraw_log_pace(&ngx_tidraw_commit_waits, NGX_LOG_ERR);
        ngx_tidraw_log(level, room->rooms->site->log, 0, "board_waits",
                       "room=%V error=%s", &room->sn.str, what);
    }

    /* twice: a worker that stood still finds its time over, and can go on */

    if (c->failures > 1
        && ngx_current_msec - c->failing >= NGX_TIDRAW_COMMIT_PATIENCE)
    {
        ngx_tidraw_commit_give_up(room, NGX_TIDRAW_WS_TRY_LATER, what);
        return;
    }

    c->state = NGX_TIDRAW_COMMIT_BACKING_OFF;

    ngx_add_timer(&c->event, ngx_min(100 * c->failures, 1000));
}


/*
 * Pushes that cannot be stored are never answered: their authors are closed,
 * come back, and send them again.
 */

void
ngx_tidraw_commit_give_up(ngx_tidraw_room_t *room, ngx_uint_t code,
    const char *reason)
{
    ngx_uint_t            n, level;
    ngx_queue_t          *q;
    ngx_tidraw_push_t    *push;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    ngx_tidraw_commit_again(room);

    for (n = 0; !ngx_queue_empty(&c->waiting); n++) {
        q = ngx_queue_head(&c->waiting);
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->client) {

            /* drops all that wait of this client */

            ngx_tidraw_client_close(push->client, code, reason);

        } else {
            ngx_queue_remove(q);
            ngx_tidraw_commit_drop(c, push);
        }
    }

    if (n) {
        level = ngx_tidraw_log_pace(&ngx_tidraw_commit_lost, NGX_LOG_ERR);
        ngx_tidraw_log(level, room->rooms->site->log, 0, "board_given_up",
                       "room=%V error=%s", &room->sn.str, reason);
    }

    room->unsure = 1;
    c->state = NGX_TIDRAW_COMMIT_IDLE;
    c->failures = 0;
    c->losses = 0;
}


void
ngx_tidraw_commit_refuse(ngx_tidraw_room_t *room, ngx_tidraw_push_t *push)
{
    ngx_tidraw_client_t  *s;

    s = push->client;

    if (push->rc == TD_TOO_BIG) {
        ngx_tidraw_log(NGX_LOG_WARN, ngx_tidraw_ws_log(s->ws), 0, "board_full",
                       "room=%V user=%V request=%V hint=%s", &s->room_id,
                       &s->user_id, ngx_tidraw_ws_request(s->ws),
                       "increase tidraw_max_room");
        ngx_tidraw_client_refuse(s, "ROOM_FULL");
        return;
    }

    ngx_tidraw_log(NGX_LOG_INFO, ngx_tidraw_ws_log(s->ws), 0,
                   "message_refused", "room=%V user=%V request=%V error=%s",
                   &s->room_id, &s->user_id, ngx_tidraw_ws_request(s->ws),
                   push->effect.error);
    ngx_tidraw_client_refuse(s, "INVALID_RECORD");
}


void
ngx_tidraw_commit_forget(ngx_tidraw_client_t *s, ngx_uint_t drop)
{
    ngx_queue_t          *q, *next;
    ngx_tidraw_push_t    *push;
    ngx_tidraw_commit_t  *c;

    c = &s->room->commit;

    for (q = ngx_queue_head(&c->running);
         s->pending && q != ngx_queue_sentinel(&c->running);
         q = ngx_queue_next(q))
    {
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->client == s) {
            push->client = NULL;
            s->pending--;
        }
    }

    for (q = ngx_queue_head(&c->waiting);
         s->pending && q != ngx_queue_sentinel(&c->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->client != s) {
            continue;
        }

        push->client = NULL;
        s->pending--;

        if (drop) {
            ngx_queue_remove(q);
            ngx_tidraw_commit_drop(c, push);
        }
    }

    s->pending_bytes = 0;
}
