
/*
 * A tab that comes back under its sessionId, on this worker or another, goes
 * on with the presence it had (sync-protocol 2.3, 2.4).
 *
 * A presence has one owner at a time.  Who takes it says so to all, and where
 * it was it ends in silence.
 */


#include "ngx_tidraw_remote.h"


static ngx_uint_t ngx_tidraw_client_succeed(ngx_tidraw_client_t *s,
    ngx_tidraw_client_e state);
static ngx_uint_t ngx_tidraw_remote_take_over(ngx_tidraw_client_t *s,
    ngx_uint_t connected);
static void ngx_tidraw_remote_taken(ngx_tidraw_client_t *s, uint64_t node);


void
ngx_tidraw_client_take_over(ngx_tidraw_client_t *s)
{
    if (s->session_id.len == 0) {
        return;
    }

    /* nobody is closed for it while one waits to be continued */

    if (ngx_tidraw_client_succeed(s, NGX_TIDRAW_CLIENT_GONE)
        || ngx_tidraw_remote_take_over(s, 0)
        || ngx_tidraw_client_succeed(s, NGX_TIDRAW_CLIENT_CONNECTED))
    {
        return;
    }

    (void) ngx_tidraw_remote_take_over(s, 1);
}


static ngx_uint_t
ngx_tidraw_client_succeed(ngx_tidraw_client_t *s, ngx_tidraw_client_e state)
{
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *old;

    for (q = ngx_queue_head(&s->room->sessions);
         q != ngx_queue_sentinel(&s->room->sessions);
         q = ngx_queue_next(q))
    {
        old = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (old->state != state || !ngx_tidraw_client_same(s, old)) {
            continue;
        }

        if (old->state == NGX_TIDRAW_CLIENT_CONNECTED) {

            /*
             * The client reset itself, or two tabs share one id.  Such tabs
             * would evict each other for ever: one that lately evicted
             * another stays, and the newcomer is somebody of its own.
             */

            if (old->taken
                && (ngx_msec_int_t) (ngx_current_msec - old->taken)
                   < NGX_TIDRAW_GONE_TIMEOUT)
            {
                continue;
            }

            s->taken = ngx_current_msec | 1;
        }

        ngx_memcpy(s->presence_id, old->presence_id,
                   sizeof(s->presence_id));

        if (s->presence.len) {
            ngx_free((void *) s->presence.data);
        }

        s->since = old->since;
        s->presence = old->presence;
        old->presence.data = NULL;
        old->presence.len = 0;

        ngx_tidraw_client_moved(old);

        ngx_tidraw_remote_state(s, s->taken ? NGX_TIDRAW_REMOTE_TAKER
                                            : NGX_TIDRAW_REMOTE_HERE);
        return 1;
    }

    return 0;
}


ngx_uint_t
ngx_tidraw_client_same(ngx_tidraw_client_t *s, ngx_tidraw_client_t *other)
{
    return other != s
           && (other->state == NGX_TIDRAW_CLIENT_CONNECTED
               || other->state == NGX_TIDRAW_CLIENT_GONE)
           && other->session_id.len == s->session_id.len
           && ngx_memcmp(other->session_id.data, s->session_id.data,
                         s->session_id.len) == 0
           && other->user_id.len == s->user_id.len
           && ngx_memcmp(other->user_id.data, s->user_id.data,
                         s->user_id.len) == 0;
}


/* Of a session elsewhere that lost its connection, or of one that has it. */

static ngx_uint_t
ngx_tidraw_remote_take_over(ngx_tidraw_client_t *s, ngx_uint_t connected)
{
    uint64_t              node;
    ngx_queue_t          *q;
    ngx_tidraw_remote_t  *remote;

    for (q = ngx_queue_head(&s->room->remotes);
         q != ngx_queue_sentinel(&s->room->remotes);
         q = ngx_queue_next(q))
    {
        remote = ngx_queue_data(q, ngx_tidraw_remote_t, queue);

        if (remote->away == connected
            || ngx_memcmp(remote->key, s->key, NGX_TIDRAW_KEY_LEN) != 0)
        {
            continue;
        }

        /* as on one worker: tabs with one id do not evict each other */

        if (connected
            && remote->taken
            && (ngx_msec_int_t) (ngx_current_msec - remote->taken)
               < NGX_TIDRAW_GONE_TIMEOUT)
        {
            continue;
        }

        ngx_memcpy(s->presence_id, remote->id, NGX_TIDRAW_REMOTE_ID);

        if (s->presence.len) {
            ngx_free((void *) s->presence.data);
        }

        if (remote->zone == remote->node) {
            td_zone_moved(&s->rooms->site->zone->z, (char *) s->room->id,
                          (char *) remote->id);
        }

        s->presence = remote->text;
        remote->text.len = 0;
        node = remote->node;

        ngx_tidraw_remote_drop(s->room, remote, 0);
        ngx_tidraw_remote_taken(s, node);

        if (connected) {
            s->taken = ngx_current_msec | 1;
            ngx_tidraw_remote_state(s, NGX_TIDRAW_REMOTE_TAKER);
            ngx_tidraw_remote_flush(s->room);
        }

        return 1;
    }

    return 0;
}


/*
 * The session came back on another worker: here it is over, silently.  Two
 * workers may take it from a third at once; then one of them has to yield,
 * and is told whom it lost to.
 */

void
ngx_tidraw_remote_take_away(ngx_tidraw_room_t *room, uint64_t node, u_char *p)
{
    uint64_t              from;
    ngx_tidraw_client_t  *s;
    ngx_tidraw_remote_t  *remote;

    ngx_memcpy(&from, p + NGX_TIDRAW_REMOTE_ID, sizeof(uint64_t));

    remote = ngx_tidraw_remote_find(room, p);

    if (remote) {
        remote->node = node;
        remote->away = 0;
        remote->stale = 0;
        return;
    }

    s = ngx_tidraw_remote_here(room, p);

    if (s == NULL) {
        return;
    }

    if (from != ngx_tidraw_bus_node() && ngx_tidraw_bus_node() > node) {
        ngx_tidraw_remote_taken(s, node);
        return;
    }

    ngx_tidraw_client_moved(s);
}


/* The presence was that node's. */

static void
ngx_tidraw_remote_taken(ngx_tidraw_client_t *s, uint64_t node)
{
    td_str_t  parts[2];

    parts[0].data = (char *) s->presence_id;
    parts[0].len = NGX_TIDRAW_REMOTE_ID;
    parts[1].data = (char *) &node;
    parts[1].len = sizeof(uint64_t);

    ngx_tidraw_remote_item(s->room, 't', parts, 2);
    ngx_tidraw_remote_flush(s->room);

    /* where it was until now it is a stranger's from here on */

    ngx_tidraw_remote_put(s, &s->room->outbox);
    ngx_tidraw_remote_flush(s->room);
}
