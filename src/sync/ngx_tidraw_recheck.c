
/*
 * What live sessions may still do: looked up again when an order says so,
 * when the link of a session expires, and from time to time.
 *
 * Sessions wait in one of two queues of their worker, and are looked up some
 * at a time by one operation; those that no order named at a slow pace.  A
 * session leaves the queue, or the operation, with its connection.  While the
 * database is away nobody is closed: nothing can be stored then either.
 */


#include "ngx_tidraw_people.h"


#define NGX_TIDRAW_RECHECK_BATCH   64       /* sessions in one operation */
#define NGX_TIDRAW_RECHECK_PACE    100      /* ms, without an order */
#define NGX_TIDRAW_RECHECK_RETRY   1000


typedef struct {
    ngx_tidraw_rooms_t     *rooms;
    ngx_uint_t              n;

    /* NULL: it left meanwhile */
    ngx_tidraw_client_t    *sessions[NGX_TIDRAW_RECHECK_BATCH];
    ngx_tidraw_access_t    *access[NGX_TIDRAW_RECHECK_BATCH];
} ngx_tidraw_recheck_t;


static void ngx_tidraw_recheck_plan(ngx_tidraw_rooms_t *rooms, ngx_msec_t ms);
static void ngx_tidraw_recheck_handler(ngx_event_t *ev);
static ngx_tidraw_client_t *ngx_tidraw_recheck_next(ngx_tidraw_rooms_t *rooms);
static void ngx_tidraw_recheck_done(ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_recheck_outcome(ngx_tidraw_client_t *s,
    ngx_tidraw_access_t *access);


void
ngx_tidraw_recheck_init(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_init(&rooms->due[0]);
    ngx_queue_init(&rooms->due[1]);

    rooms->recheck.handler = ngx_tidraw_recheck_handler;
    rooms->recheck.data = &ngx_tidraw_no_connection;
    rooms->recheck.log = rooms->site->log;
    rooms->recheck.cancelable = 1;
}


void
ngx_tidraw_recheck_stop(ngx_tidraw_rooms_t *rooms)
{
    ngx_uint_t             i;
    ngx_tidraw_recheck_t  *look;

    if (rooms->recheck.timer_set) {
        ngx_del_timer(&rooms->recheck);
    }

    if (rooms->rechecking == NULL) {
        return;
    }

    /* the operation frees their places */

    look = rooms->rechecking->data;

    for (i = 0; i < look->n; i++) {
        if (look->sessions[i]) {
            look->sessions[i]->looked_up = NULL;
        }
    }

    ngx_tidraw_op_cancel(rooms->rechecking);
    rooms->rechecking = NULL;
}


void
ngx_tidraw_recheck(ngx_tidraw_client_t *s, ngx_uint_t now)
{
    if (s->looked_up) {

        /* what it reads may be from before the change */

        s->again = 1;
        return;
    }

    if (s->queued) {

        if (!now) {
            return;
        }

        ngx_queue_remove(&s->due);
    }

    s->queued = 1;
    ngx_queue_insert_tail(&s->rooms->due[now], &s->due);

    ngx_tidraw_recheck_plan(s->rooms, now ? 1 : NGX_TIDRAW_RECHECK_PACE);
}


void
ngx_tidraw_recheck_forget(ngx_tidraw_client_t *s)
{
    if (s->queued) {
        ngx_queue_remove(&s->due);
        s->queued = 0;
    }

    if (s->looked_up) {
        *s->looked_up = NULL;
        s->looked_up = NULL;
    }
}


ngx_msec_t
ngx_tidraw_recheck_watch(ngx_tidraw_client_t *s, ngx_msec_t delay)
{
    int64_t     left;
    ngx_msec_t  age, interval;

    interval = s->rooms->site->conf->recheck;
    age = ngx_current_msec - s->checked;

    if (age >= interval) {
        ngx_tidraw_recheck(s, 0);

    } else {
        delay = ngx_min(delay, interval - age);
    }

    if (s->expires == 0) {
        return delay;
    }

    left = s->expires - ngx_tidraw_now();

    if (left <= 0) {
        ngx_tidraw_recheck(s, 1);
        return delay;
    }

    return ngx_min(delay, (ngx_msec_t) left);
}


void
ngx_tidraw_recheck_passed(ngx_tidraw_client_t *s, ngx_tidraw_access_t *access)
{
    /* those that came together need not be asked for together for ever */

    s->checked = ngx_current_msec
                 - ngx_random() % (s->rooms->site->conf->recheck / 8 + 1);
    s->expires = access->link_expires;
}


static void
ngx_tidraw_recheck_plan(ngx_tidraw_rooms_t *rooms, ngx_msec_t ms)
{
    if (rooms->rechecking) {
        return;
    }

    if (rooms->recheck.timer_set) {

        if (ms > 1) {
            return;
        }

        ngx_del_timer(&rooms->recheck);
    }

    ngx_add_timer(&rooms->recheck, ms);
}


static void
ngx_tidraw_recheck_handler(ngx_event_t *ev)
{
    ngx_tidraw_op_t       *op;
    ngx_tidraw_rooms_t    *rooms;
    ngx_tidraw_client_t   *s;
    ngx_tidraw_recheck_t  *look;

    rooms = ngx_tidraw_event_owner(ev, ngx_tidraw_rooms_t, recheck);

    if (ngx_queue_empty(&rooms->due[0]) && ngx_queue_empty(&rooms->due[1])) {
        return;
    }

    op = ngx_tidraw_op_create(rooms->site->store, 0);

    if (op == NULL
        || (look = ngx_pcalloc(op->pool, sizeof(ngx_tidraw_recheck_t)))
           == NULL)
    {
        if (op) {
            ngx_tidraw_op_free(op);
        }

        ngx_tidraw_recheck_plan(rooms, NGX_TIDRAW_RECHECK_RETRY);
        return;
    }

    look->rooms = rooms;

    while (look->n < NGX_TIDRAW_RECHECK_BATCH) {

        s = ngx_tidraw_recheck_next(rooms);
        if (s == NULL) {
            break;
        }

        look->access[look->n] = ngx_tidraw_access_ask(op, rooms->site,
                                                      &s->login, &s->link,
                                                      &s->room_id);
        look->sessions[look->n] = s;
        s->looked_up = &look->sessions[look->n++];
    }

    rooms->rechecking = op;
    ngx_tidraw_op_run(op, ngx_tidraw_recheck_done, look);
}


static ngx_tidraw_client_t *
ngx_tidraw_recheck_next(ngx_tidraw_rooms_t *rooms)
{
    ngx_uint_t            i;
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *s;

    i = !ngx_queue_empty(&rooms->due[1]);

    if (ngx_queue_empty(&rooms->due[i])) {
        return NULL;
    }

    q = ngx_queue_head(&rooms->due[i]);
    s = ngx_queue_data(q, ngx_tidraw_client_t, due);

    ngx_queue_remove(q);
    s->queued = 0;

    return s;
}


static void
ngx_tidraw_recheck_done(ngx_tidraw_op_t *op)
{
    ngx_uint_t             i, later;
    ngx_tidraw_rooms_t    *rooms;
    ngx_tidraw_access_t   *access;
    ngx_tidraw_client_t   *s;
    ngx_tidraw_result_t   *res;
    ngx_tidraw_recheck_t  *look;

    look = op->data;
    rooms = look->rooms;
    rooms->rechecking = NULL;

    later = 0;
    res = (op->rc == NGX_OK) ? op->results : NULL;

    for (i = 0; i < look->n; i++) {

        access = look->access[i];

        if (res && access) {
            res = ngx_tidraw_access_read(access, res);
        }

        s = look->sessions[i];

        if (s == NULL) {
            continue;
        }

        s->looked_up = NULL;

        if (res == NULL
            || access == NULL
            || access->status == NGX_TIDRAW_ACCESS_AWAY)
        {
            later = 1;
            s->queued = 1;
            ngx_queue_insert_tail(&rooms->due[1], &s->due);
            continue;
        }

        /* it may be gone after this */

        if (ngx_tidraw_recheck_outcome(s, access) == NGX_OK && s->again) {
            s->again = 0;
            ngx_tidraw_recheck(s, 1);
        }
    }

    if (later) {
        ngx_tidraw_recheck_plan(rooms, NGX_TIDRAW_RECHECK_RETRY);

    } else if (!ngx_queue_empty(&rooms->due[1])) {
        ngx_tidraw_recheck_plan(rooms, 1);

    } else if (!ngx_queue_empty(&rooms->due[0])) {
        ngx_tidraw_recheck_plan(rooms, NGX_TIDRAW_RECHECK_PACE);
    }
}


/* What a client may do is told in the connect reply only, so that a change
 * means a new connection. */

static ngx_int_t
ngx_tidraw_recheck_outcome(ngx_tidraw_client_t *s, ngx_tidraw_access_t *access)
{
    int64_t  left;

    if (s->login.len && access->session_hash.len == 0) {

        /* his login ended, whatever his link allows others */

        access->status = NGX_TIDRAW_ACCESS_NOT_AUTHENTICATED;
    }

    if (ngx_tidraw_recheck_denied(s, access) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (access->role != s->role) {
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_RESTART, "rights changed");
        return NGX_DECLINED;
    }

    ngx_tidraw_recheck_passed(s, access);

    /* the end of its link may be nearer than its next look */

    if (s->expires && s->state == NGX_TIDRAW_CLIENT_CONNECTED) {
        left = ngx_max(s->expires - ngx_tidraw_now(), 1);

        if (left < NGX_TIDRAW_IDLE_TIMEOUT) {
            ngx_add_timer(&s->timer, (ngx_msec_t) left);
        }
    }

    if (ngx_tidraw_people_named(s, access) == NGX_OK) {
        td_arena_reset(s->rooms->scratch);
        ngx_tidraw_people_here(s);
    }

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_recheck_denied(ngx_tidraw_client_t *s, ngx_tidraw_access_t *access)
{
    switch (access->status) {

    case NGX_TIDRAW_ACCESS_OK:
        return NGX_OK;

    case NGX_TIDRAW_ACCESS_NOT_AUTHENTICATED:
        ngx_tidraw_client_refuse(s, "NOT_AUTHENTICATED");
        break;

    case NGX_TIDRAW_ACCESS_FORBIDDEN:
        ngx_tidraw_client_refuse(s, "FORBIDDEN");
        break;

    case NGX_TIDRAW_ACCESS_NOT_FOUND:
        ngx_tidraw_client_refuse(s, "NOT_FOUND");
        break;

    default: /* NGX_TIDRAW_ACCESS_AWAY */
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER,
                                "database unavailable");
        break;
    }

    return NGX_DECLINED;
}
