
/*
 * One session: from the upgrade to the end of its presence.
 *
 * A session is keyed by its connection, never by the id the client names
 * (sync-protocol 2.4).  While it holds a connection, s->ws is set and
 * closed() will come; it is freed there, or when its presence has expired.
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_people.h"


#define NGX_TIDRAW_ENTER_TIMEOUT   15000

/* ms for which a board that was opened counts as just opened */
#define NGX_TIDRAW_OPENED_AGAIN    60000


static void ngx_tidraw_client_access(ngx_tidraw_access_t *access);
static void ngx_tidraw_client_opened(ngx_tidraw_access_t *access,
    ngx_str_t *room_id);
static void ngx_tidraw_client_noted(ngx_tidraw_op_t *op);
static ngx_uint_t ngx_tidraw_client_too_many(ngx_tidraw_client_t *s,
    ngx_tidraw_room_t *room);
static void ngx_tidraw_client_message(ngx_tidraw_ws_t *ws, u_char *data,
    size_t len);
static void ngx_tidraw_client_handle(ngx_tidraw_client_t *s, td_str_t text,
    ngx_uint_t assembled);
static void ngx_tidraw_client_push(ngx_tidraw_client_t *s, td_message_t *m,
    td_str_t text);
static void ngx_tidraw_client_drained(ngx_tidraw_ws_t *ws);
static void ngx_tidraw_client_shutdown(ngx_tidraw_ws_t *ws);
static void ngx_tidraw_client_closed(ngx_tidraw_ws_t *ws);
static void ngx_tidraw_client_timeout(ngx_event_t *ev);
static void ngx_tidraw_client_detach(ngx_tidraw_client_t *s,
    ngx_uint_t drop);


static u_char  ngx_tidraw_pong[] = "{\"type\":\"pong\"}";


ngx_tidraw_ws_handlers_t  ngx_tidraw_client_handlers = {
    ngx_tidraw_client_message,
    ngx_tidraw_client_drained,
    ngx_tidraw_client_shutdown,
    ngx_tidraw_client_closed
};


ngx_tidraw_client_t *
ngx_tidraw_client_create(ngx_tidraw_rooms_t *rooms, ngx_http_request_t *r,
    ngx_str_t *room_id)
{
    u_char                *p;
    ngx_str_t              id;
    ngx_tidraw_client_t  *s;

    if (ngx_http_arg(r, (u_char *) "sessionId", 9, &id) != NGX_OK
        || id.len > 128)
    {
        ngx_str_null(&id);
    }

    s = ngx_calloc(sizeof(ngx_tidraw_client_t) + room_id->len + id.len,
                   rooms->site->log);
    if (s == NULL) {
        return NULL;
    }

    p = (u_char *) s + sizeof(ngx_tidraw_client_t);

    s->room_id.data = p;
    s->room_id.len = room_id->len;
    p = ngx_cpymem(p, room_id->data, room_id->len);

    s->session_id.data = p;
    s->session_id.len = id.len;
    ngx_memcpy(p, id.data, id.len);

    p = ngx_cpymem(s->presence_id, "instance_presence:", 18);
    ngx_tidraw_random_id(p, 16);

    s->place = -1;
    s->rooms = rooms;
    s->timer.handler = ngx_tidraw_client_timeout;
    s->timer.data = &ngx_tidraw_no_connection;
    s->timer.log = rooms->site->log;

    return s;
}


void
ngx_tidraw_client_free(ngx_tidraw_client_t *s)
{
    if (s->access) {
        ngx_tidraw_access_cancel(s->access);
    }

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    td_chunk_reset(&s->chunk);

    if (s->presence.len) {
        ngx_free((void *) s->presence.data);
    }

    if (s->connect.len) {
        ngx_free((void *) s->connect.data);
    }

    if (s->user_id.data) {
        ngx_free(s->user_id.data);
    }

    if (s->user_name.data) {
        ngx_free(s->user_name.data);
    }

    ngx_free(s);
}


/* The connection is open and paused: who is it, and what may he do here? */

void
ngx_tidraw_client_enter(ngx_tidraw_client_t *s, ngx_http_request_t *r)
{
    ngx_queue_insert_tail(&s->rooms->entering, &s->queue);
    s->rooms->nsessions++;
    ngx_tidraw_gauge(s->rooms->site, NGX_TIDRAW_COUNT_SESSIONS,
                     s->rooms->nsessions);

    ngx_add_timer(&s->timer, NGX_TIDRAW_ENTER_TIMEOUT);

    ngx_tidraw_ws_pause(s->ws);

    s->access = ngx_tidraw_access_check(r, &s->room_id,
                                        ngx_tidraw_client_access, s);
    if (s->access == NULL) {
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
    }
}


static void
ngx_tidraw_client_access(ngx_tidraw_access_t *access)
{
    u_char                *p;
    ngx_str_t             *id;
    ngx_tidraw_room_t     *room;
    ngx_tidraw_client_t  *s;

    s = access->data;
    s->access = NULL;

    if (ngx_tidraw_recheck_denied(s, access) != NGX_OK) {
        return;
    }

    s->guest = (access->user_id.len == 0);

    id = s->guest ? &access->link_id : &access->user_id;

    p = ngx_alloc(id->len + access->session_hash.len + access->link_hash.len
                  + 1,
                  s->rooms->site->log);

    if (p == NULL || ngx_tidraw_people_named(s, access) == NGX_ERROR) {

        if (p) {
            ngx_free(p);
        }

        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        return;
    }

    s->user_id.data = p;
    s->user_id.len = id->len;
    p = ngx_cpymem(p, id->data, id->len);

    s->login.data = p;
    s->login.len = access->session_hash.len;
    p = ngx_cpymem(p, access->session_hash.data, access->session_hash.len);

    s->link.data = p;
    s->link.len = access->link_hash.len;
    ngx_memcpy(p, access->link_hash.data, access->link_hash.len);

    s->role = access->role;

    ngx_tidraw_recheck_passed(s, access);
    ngx_tidraw_remote_key(s);

    room = ngx_tidraw_room_get(s->rooms, &s->room_id);

    if (room == NULL || room->state == NGX_TIDRAW_ROOM_CLOSED) {
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        return;
    }

    if (ngx_tidraw_client_too_many(s, room)) {
        ngx_tidraw_client_refuse(s, "ROOM_FULL");
        return;
    }

    ngx_queue_remove(&s->queue);
    ngx_queue_insert_tail(&room->sessions, &s->queue);

    room->nsessions++;

    s->room = room;
    s->state = NGX_TIDRAW_CLIENT_LOADING;

    ngx_tidraw_client_opened(access, &s->room_id);

    ngx_tidraw_room_left(room);

    if (room->state == NGX_TIDRAW_ROOM_READY) {
        ngx_tidraw_client_room_ready(s);
    }

    if (s->again) {
        s->again = 0;
        ngx_tidraw_recheck(s, 1);
    }
}


/* A member opened the board: for his list of boards, and not more. */

static void
ngx_tidraw_client_opened(ngx_tidraw_access_t *access, ngx_str_t *room_id)
{
    int64_t           now;
    ngx_tidraw_op_t  *op;

    now = ngx_tidraw_now();

    if (access->member_role == NGX_TIDRAW_ROLE_NONE
        || now - access->opened_at < NGX_TIDRAW_OPENED_AGAIN)
    {
        return;
    }

    op = ngx_tidraw_op_create(access->site->store, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_OPENED, "ssi",
                              room_id, &access->user_id, now);

    ngx_tidraw_op_run(op, ngx_tidraw_client_noted, NULL);
}


/* It is not worth a word when it failed. */

static void
ngx_tidraw_client_noted(ngx_tidraw_op_t *op)
{
}


/*
 * A client that resets itself opens the new socket before the old one is
 * gone (sync-protocol 1.1): it takes its own place again.
 */

static ngx_uint_t
ngx_tidraw_client_too_many(ngx_tidraw_client_t *s, ngx_tidraw_room_t *room)
{
    ngx_uint_t    max;
    ngx_queue_t  *q;

    max = s->rooms->site->conf->max_sessions;

    if (room->nsessions < max) {
        return 0;
    }

    if (s->session_id.len == 0 || room->nsessions - max >= max) {
        return 1;
    }

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = ngx_queue_next(q))
    {
        if (ngx_tidraw_client_same(s, ngx_queue_data(q, ngx_tidraw_client_t,
                                                     queue)))
        {
            return 0;
        }
    }

    return 1;
}


void
ngx_tidraw_client_room_ready(ngx_tidraw_client_t *s)
{
    s->state = NGX_TIDRAW_CLIENT_WAITING;

    ngx_add_timer(&s->timer, NGX_TIDRAW_CONNECT_TIMEOUT);

    ngx_tidraw_ws_resume(s->ws);
}


static void
ngx_tidraw_client_message(ngx_tidraw_ws_t *ws, u_char *data, size_t len)
{
    int                    rc;
    td_str_t               text, message;
    ngx_uint_t             assembled;
    ngx_tidraw_client_t  *s;

    s = ngx_tidraw_ws_data(ws);

    if (s->state != NGX_TIDRAW_CLIENT_WAITING
        && s->state != NGX_TIDRAW_CLIENT_CONNECTED)
    {
        return;
    }

    text.data = (char *) data;
    text.len = len;

    rc = td_chunk_feed(&s->chunk, text, s->rooms->site->conf->max_message,
                       &message);

    switch (rc) {

    case TD_CHUNK_MESSAGE:
        assembled = (message.data != text.data);

        ngx_tidraw_client_handle(s, message, assembled);

        if (assembled && s->state != NGX_TIDRAW_CLIENT_DEAD) {
            td_chunk_reset(&s->chunk);
        }

        return;

    case TD_CHUNK_MORE:
        return;

    case TD_TOO_BIG:
        ngx_tidraw_log(NGX_LOG_WARN, ngx_tidraw_ws_log(ws), 0,
                       "message_too_large",
                       "room=%V user=%V request=%V bytes=%z hint=%s",
                       &s->room_id, &s->user_id, ngx_tidraw_ws_request(s->ws),
                       s->rooms->site->conf->max_message,
                       "increase tidraw_max_message if people need it");

        /* retrying would fail for ever, so this is final */

        ngx_tidraw_client_offended(s, "MESSAGE_TOO_LARGE");
        return;

    case TD_NOMEM:
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        return;

    default: /* TD_BAD */
        ngx_tidraw_log(NGX_LOG_INFO, ngx_tidraw_ws_log(ws), 0,
                       "message_refused",
                       "room=%V user=%V request=%V error=%s", &s->room_id,
                       &s->user_id, ngx_tidraw_ws_request(s->ws),
                       "broken chunks");

        ngx_tidraw_ws_close(ws, NGX_TIDRAW_WS_NO_CODE, NULL);
        return;
    }
}


static void
ngx_tidraw_client_handle(ngx_tidraw_client_t *s, td_str_t text,
    ngx_uint_t assembled)
{
    int                 rc;
    td_message_t        m;
    ngx_tidraw_slice_t  pong;

    td_arena_reset(s->rooms->scratch);

    rc = td_message_parse(s->rooms->scratch, text, &m);

    switch (rc) {

    case TD_OK:
        break;

    case TD_NOMEM:

        /* a tree beyond the arena's limit stays so when it is sent again */

        if (text.len >= NGX_TIDRAW_SCRATCH_MAX / 64) {
            ngx_tidraw_log(NGX_LOG_WARN, ngx_tidraw_ws_log(s->ws), 0,
                           "message_too_large",
                           "room=%V user=%V request=%V error=%s", &s->room_id,
                           &s->user_id, ngx_tidraw_ws_request(s->ws),
                           "too many values");
            ngx_tidraw_client_offended(s, "MESSAGE_TOO_LARGE");
            return;
        }

        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        return;

    case TD_DEPTH:
        ngx_tidraw_log(NGX_LOG_INFO, ngx_tidraw_ws_log(s->ws), 0,
                       "message_refused",
                       "room=%V user=%V request=%V error=%s", &s->room_id,
                       &s->user_id, ngx_tidraw_ws_request(s->ws),
                       "nested too deep");
        ngx_tidraw_client_offended(s, "INVALID_RECORD");
        return;

    default: /* TD_BAD */
        ngx_tidraw_log(NGX_LOG_INFO, ngx_tidraw_ws_log(s->ws), 0,
                       "message_refused",
                       "room=%V user=%V request=%V error=%s", &s->room_id,
                       &s->user_id, ngx_tidraw_ws_request(s->ws),
                       "malformed message");

        if (assembled) {
            ngx_tidraw_ws_close(s->ws, NGX_TIDRAW_WS_NO_CODE, NULL);

        } else {
            ngx_tidraw_client_offended(s, "UNKNOWN_ERROR");
        }

        return;
    }

    switch (m.type) {

    case TD_MESSAGE_CONNECT:
        s->seen = ngx_current_msec;
        ngx_tidraw_hydrate(s, &m, text);
        return;

    case TD_MESSAGE_PUSH:
        if (s->state == NGX_TIDRAW_CLIENT_CONNECTED) {
            s->seen = ngx_current_msec;
            ngx_tidraw_client_push(s, &m, text);
        }

        return;

    case TD_MESSAGE_PING:
        if (s->state == NGX_TIDRAW_CLIENT_CONNECTED) {
            s->seen = ngx_current_msec;

            pong.owner = NULL;
            pong.pos = ngx_tidraw_pong;
            pong.last = ngx_tidraw_pong + sizeof(ngx_tidraw_pong) - 1;

            (void) ngx_tidraw_ws_send(s->ws, &pong, 1, 0);
        }

        return;

    default: /* TD_MESSAGE_UNKNOWN */
        return;
    }
}


static void
ngx_tidraw_client_push(ngx_tidraw_client_t *s, td_message_t *m,
    td_str_t text)
{
    ngx_int_t    rc;
    td_action_e  action;

    if (m->presence && ngx_tidraw_presence_push(s, m) != NGX_OK) {
        return;
    }

    if (m->diff && s->role >= NGX_TIDRAW_ROLE_EDITOR) {
        rc = ngx_tidraw_commit_push(s, text, 1);

    } else if (s->pending) {
        rc = ngx_tidraw_commit_push(s, text, 0);

    } else {
        action = m->diff ? TD_ACTION_DISCARD : TD_ACTION_COMMIT;

        rc = ngx_tidraw_fanout_result(s, NULL, m->client_clock,
                                      s->room->doc.clock, action,
                                      (td_str_t) { 0, NULL });
    }

    if (rc != NGX_OK) {
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        return;
    }

    ngx_tidraw_pace_schedule(s->room);

    if (!s->paused
        && (s->pending >= NGX_TIDRAW_PENDING_MAX
            || s->pending_bytes >= NGX_TIDRAW_PENDING_BYTES))
    {
        s->paused = 1;
        ngx_tidraw_ws_pause(s->ws);
    }
}


void
ngx_tidraw_client_answered(ngx_tidraw_client_t *s, size_t bytes)
{
    s->pending--;
    s->pending_bytes -= bytes;

    if (s->ws == NULL) {
        return;
    }

    if (s->leaving && s->pending == 0) {
        s->leaving = 0;
        ngx_tidraw_fanout_flush(s->room);
        ngx_tidraw_client_shutdown(s->ws);
        return;
    }

    if (s->paused
        && !s->leaving
        && s->pending < NGX_TIDRAW_PENDING_MAX / 2
        && s->pending_bytes < NGX_TIDRAW_PENDING_BYTES / 2)
    {
        s->paused = 0;
        ngx_tidraw_ws_resume(s->ws);
    }
}


static void
ngx_tidraw_client_drained(ngx_tidraw_ws_t *ws)
{
    ngx_tidraw_client_t  *s;

    s = ngx_tidraw_ws_data(ws);

    if (s->state == NGX_TIDRAW_CLIENT_CONNECTED && s->behind) {
        s->behind = 0;
        ngx_tidraw_presence_resend(s);
    }
}


/* Reload or quit: what the client was promised to hear is said first. */

static void
ngx_tidraw_client_shutdown(ngx_tidraw_ws_t *ws)
{
    ngx_str_t              reason;
    ngx_tidraw_client_t  *s;

    s = ngx_tidraw_ws_data(ws);

    if (s->pending) {

        /*
         * What comes from now on belongs to the next worker: were it taken
         * here, there would always be something left to answer, and what was
         * left in the end would be stored behind what is sent there.
         */

        s->leaving = 1;
        s->paused = 1;
        ngx_tidraw_ws_pause(ws);
        return;
    }

    ngx_str_set(&reason, "restart");
    ngx_tidraw_ws_close(ws, NGX_TIDRAW_WS_RESTART, &reason);
}


static void
ngx_tidraw_client_closed(ngx_tidraw_ws_t *ws)
{
    ngx_tidraw_room_t     *room;
    ngx_tidraw_client_t  *s;

    s = ngx_tidraw_ws_data(ws);

    s->ws = NULL;
    s->rooms->nsessions--;
    ngx_tidraw_gauge(s->rooms->site, NGX_TIDRAW_COUNT_SESSIONS,
                     s->rooms->nsessions);

    if (s->state == NGX_TIDRAW_CLIENT_CONNECTED && s->presence.len) {

        room = s->room;

        room->nsessions--;
        room->nconnected--;

        if (s->protocol < TD_PROTOCOL_MAX) {
            room->nlegacy--;
        }

        ngx_tidraw_fanout_forget(s);
        ngx_tidraw_commit_forget(s, 0);

        ngx_tidraw_recheck_forget(s);

        td_chunk_reset(&s->chunk);

        s->state = NGX_TIDRAW_CLIENT_GONE;

        td_arena_reset(s->rooms->scratch);
        ngx_tidraw_people_here(s);

        ngx_tidraw_remote_state(s, NGX_TIDRAW_REMOTE_AWAY);
        ngx_tidraw_remote_flush(room);

        /* an exiting worker does not wait for it */

        if (s->timer.timer_set) {
            ngx_del_timer(&s->timer);
        }

        s->timer.cancelable = 1;
        ngx_add_timer(&s->timer, NGX_TIDRAW_GONE_TIMEOUT);

        return;
    }

    ngx_tidraw_client_detach(s, 0);
    ngx_tidraw_client_free(s);
}


static void
ngx_tidraw_client_timeout(ngx_event_t *ev)
{
    ngx_msec_t             quiet;
    ngx_tidraw_client_t  *s;

    s = ngx_tidraw_event_owner(ev, ngx_tidraw_client_t, timer);

    switch (s->state) {

    case NGX_TIDRAW_CLIENT_ACCESS:
    case NGX_TIDRAW_CLIENT_LOADING:
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER,
                                 "database unavailable");
        return;

    case NGX_TIDRAW_CLIENT_WAITING:
        ngx_tidraw_ws_close(s->ws, NGX_TIDRAW_WS_NO_CODE, NULL);
        return;

    case NGX_TIDRAW_CLIENT_CONNECTED:

        /* a client that we do not read is not idle */

        quiet = s->paused ? 0 : ngx_current_msec - s->seen;

        if (quiet >= NGX_TIDRAW_IDLE_TIMEOUT) {
            ngx_tidraw_ws_close(s->ws, NGX_TIDRAW_WS_NO_CODE, NULL);
            return;
        }

        ngx_add_timer(ev, ngx_tidraw_recheck_watch(s,
                                            NGX_TIDRAW_IDLE_TIMEOUT - quiet));
        return;

    case NGX_TIDRAW_CLIENT_GONE:
        ngx_tidraw_client_detach(s, 0);
        ngx_tidraw_client_free(s);
        return;

    default: /* NGX_TIDRAW_CLIENT_DEAD */
        return;
    }
}


/*
 * Takes the session out of its room, its presence at once.  The session
 * itself is freed with its connection.
 */

static void
ngx_tidraw_client_detach(ngx_tidraw_client_t *s, ngx_uint_t drop)
{
    ngx_tidraw_room_t  *room;

    if (s->state == NGX_TIDRAW_CLIENT_DEAD) {
        return;
    }

    ngx_queue_remove(&s->queue);
    ngx_tidraw_recheck_forget(s);

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    room = s->room;

    if (room) {

        ngx_tidraw_hydrate_forget(s);
        ngx_tidraw_fanout_forget(s);
        ngx_tidraw_commit_forget(s, drop);

        if (s->state == NGX_TIDRAW_CLIENT_CONNECTED) {
            room->nconnected--;

            if (s->protocol < TD_PROTOCOL_MAX) {
                room->nlegacy--;
            }
        }

        if (s->state != NGX_TIDRAW_CLIENT_GONE) {
            room->nsessions--;
        }
    }

    ngx_tidraw_people_left(s);

    s->state = NGX_TIDRAW_CLIENT_DEAD;
    s->room = NULL;

    if (room) {
        ngx_tidraw_presence_remove(room, s);
        ngx_tidraw_room_left(room);
    }
}


void
ngx_tidraw_client_refuse(ngx_tidraw_client_t *s, const char *reason)
{
    td_buf_t            b;
    ngx_str_t           why;
    ngx_tidraw_slice_t  slice;

    why.data = (u_char *) reason;
    why.len = ngx_strlen(reason);

    ngx_tidraw_client_detach(s, 1);

    if (s->ws == NULL) {
        ngx_tidraw_client_free(s);
        return;
    }

    ngx_tidraw_log(NGX_LOG_INFO, ngx_tidraw_ws_log(s->ws), 0,
                   "session_refused", "room=%V user=%V request=%V reason=%V",
                   &s->room_id, &s->user_id, ngx_tidraw_ws_request(s->ws),
                   &why);

    ngx_tidraw_zone_refused(s->rooms->site, reason);

    if (!s->old_refusal) {
        ngx_tidraw_ws_close(s->ws, NGX_TIDRAW_WS_REFUSED, &why);
        return;
    }

    /* protocol 5 and 6 know no close reason (sync-protocol 1.5) */

    ngx_memzero(&b, sizeof(td_buf_t));

    td_buf_lit(&b, "{\"type\":\"incompatibility_error\",\"reason\":\"");

    if (ngx_strcmp(reason, "CLIENT_TOO_OLD") == 0) {
        td_buf_lit(&b, "clientTooOld\"}");

    } else if (ngx_strcmp(reason, "SERVER_TOO_OLD") == 0) {
        td_buf_lit(&b, "serverTooOld\"}");

    } else if (ngx_strcmp(reason, "INVALID_RECORD") == 0) {
        td_buf_lit(&b, "invalidRecord\"}");

    } else {
        td_buf_lit(&b, "invalidOperation\"}");
    }

    if (ngx_tidraw_slice_copy(&slice, &b, s->rooms->site->log) == NGX_OK) {
        (void) ngx_tidraw_ws_send(s->ws, &slice, 1, 0);
        ngx_tidraw_shared_free(slice.owner);
    }

    ngx_tidraw_ws_close(s->ws, NGX_TIDRAW_WS_NO_CODE, NULL);
}


void
ngx_tidraw_client_offended(ngx_tidraw_client_t *s, const char *reason)
{
    ngx_tidraw_commit_forget(s, 0);
    ngx_tidraw_client_refuse(s, reason);
}


void
ngx_tidraw_client_close(ngx_tidraw_client_t *s, ngx_uint_t code,
    const char *reason)
{
    ngx_str_t  why;

    why.data = (u_char *) reason;
    why.len = ngx_strlen(reason);

    ngx_tidraw_client_detach(s, 1);

    if (s->ws == NULL) {
        ngx_tidraw_client_free(s);
        return;
    }

    if (code == NGX_TIDRAW_WS_TRY_LATER) {
        ngx_tidraw_count(s->rooms->site, NGX_TIDRAW_COUNT_UNAVAILABLE, 1);
    }

    ngx_tidraw_ws_close(s->ws, code, &why);
}


void
ngx_tidraw_client_moved(ngx_tidraw_client_t *s)
{
    if (s->presence.len) {
        ngx_free((void *) s->presence.data);
    }

    s->presence.data = NULL;
    s->presence.len = 0;

    ngx_tidraw_client_detach(s, 0);

    if (s->ws) {
        ngx_tidraw_ws_close(s->ws, NGX_TIDRAW_WS_NO_CODE, NULL);

    } else {
        ngx_tidraw_client_free(s);
    }
}
