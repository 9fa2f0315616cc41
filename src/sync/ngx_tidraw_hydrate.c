
/*
 * The connect message: may this client speak here, and what does it have to
 * be told (sync-protocol 3).
 */


#include "ngx_tidraw_people.h"


static const char *ngx_tidraw_hydrate_check(ngx_tidraw_client_t *s,
    td_message_t *m);
static void ngx_tidraw_hydrate_wait(ngx_tidraw_client_t *s, td_str_t text);
static ngx_int_t ngx_tidraw_hydrate_reply(ngx_tidraw_client_t *s,
    td_message_t *m, unsigned protocol);


static u_char  ngx_tidraw_comma[] = ",";
static u_char  ngx_tidraw_reply_tail[] = "}}";


void
ngx_tidraw_hydrate(ngx_tidraw_client_t *s, td_message_t *m, td_str_t text)
{
    unsigned            protocol;
    const char         *reason;
    ngx_tidraw_room_t  *room;

    room = s->room;

    reason = ngx_tidraw_hydrate_check(s, m);

    if (reason) {
        ngx_tidraw_client_offended(s, reason);
        return;
    }

    /*
     * A clock beyond ours: another worker was faster, or it is no clock.  And
     * who sends again what was given up has to know what of it was stored.
     */

    if ((m->last_clock > (int64_t) room->doc.clock || room->unsure)
        && s->state == NGX_TIDRAW_CLIENT_WAITING
        && s->looked < 2)
    {
        ngx_tidraw_hydrate_wait(s, text);
        return;
    }

    protocol = (m->protocol < 7) ? 7 : m->protocol;

    /*
     * What was merged before must not follow the reply, so it leaves now, to
     * the others; a repeated connect drops what it had not got yet.
     */

    if (s->state == NGX_TIDRAW_CLIENT_CONNECTED) {
        s->state = NGX_TIDRAW_CLIENT_WAITING;
        room->nconnected--;

        if (s->protocol < TD_PROTOCOL_MAX) {
            room->nlegacy--;
        }
    }

    ngx_tidraw_fanout_flush(room);

    ngx_tidraw_client_take_over(s);

    if (ngx_tidraw_hydrate_reply(s, m, protocol) != NGX_OK) {
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        return;
    }

    ngx_tidraw_count(s->rooms->site, NGX_TIDRAW_COUNT_CONNECTS, 1);

    s->state = NGX_TIDRAW_CLIENT_CONNECTED;
    s->protocol = protocol;
    s->behind = 0;

    room->nconnected++;

    if (protocol < TD_PROTOCOL_MAX) {
        room->nlegacy++;
    }

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    ngx_add_timer(&s->timer, ngx_tidraw_recheck_watch(s,
                                                  NGX_TIDRAW_IDLE_TIMEOUT));

    ngx_tidraw_people_here(s);
}


static void
ngx_tidraw_hydrate_wait(ngx_tidraw_client_t *s, td_str_t text)
{
    char  *copy;

    copy = ngx_alloc(text.len, s->rooms->site->log);
    if (copy == NULL) {
        ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        return;
    }

    ngx_memcpy(copy, text.data, text.len);

    s->connect.data = copy;
    s->connect.len = text.len;

    s->room->nwaiting++;

    ngx_tidraw_ws_pause(s->ws);

    ngx_tidraw_commit_schedule(s->room);
}


void
ngx_tidraw_hydrate_waiting(ngx_tidraw_room_t *room)
{
    td_str_t              text;
    ngx_uint_t            n;
    ngx_queue_t          *q;
    td_message_t          m;
    ngx_tidraw_client_t  *s;

    for (n = room->nwaiting; n && room->nwaiting; n--) {

        for (q = ngx_queue_head(&room->sessions);
             q != ngx_queue_sentinel(&room->sessions);
             q = ngx_queue_next(q))
        {
            s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

            if (s->connect.len) {
                break;
            }
        }

        if (q == ngx_queue_sentinel(&room->sessions)) {
            return;
        }

        /* it may have to wait once more: behind those of this round then */

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&room->sessions, q);

        text = s->connect;
        s->connect.data = NULL;
        s->connect.len = 0;
        s->looked++;
        room->nwaiting--;

        ngx_tidraw_ws_resume(s->ws);

        td_arena_reset(room->rooms->scratch);

        if (td_message_parse(room->rooms->scratch, text, &m) == TD_OK) {
            ngx_tidraw_hydrate(s, &m, text);

        } else {
            ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");
        }

        ngx_free((void *) text.data);
    }
}


void
ngx_tidraw_hydrate_forget(ngx_tidraw_client_t *s)
{
    if (s->connect.len == 0) {
        return;
    }

    ngx_free((void *) s->connect.data);
    s->connect.data = NULL;
    s->connect.len = 0;

    s->room->nwaiting--;
}


/* NULL, or the reason to refuse. */

static const char *
ngx_tidraw_hydrate_check(ngx_tidraw_client_t *s, td_message_t *m)
{
    ngx_uint_t           i;
    td_schema_t        **schema;
    ngx_tidraw_room_t   *room;

    room = s->room;

    if (m->protocol == 5 || m->protocol == 6) {
        s->old_refusal = 1;
    }

    if (m->protocol < TD_PROTOCOL_MIN) {
        return "CLIENT_TOO_OLD";
    }

    if (m->protocol > TD_PROTOCOL_MAX) {
        return "SERVER_TOO_OLD";
    }

    if (m->schema == NULL || room->schema_unknown) {
        return "CLIENT_TOO_OLD";
    }

    if (room->schema) {
        return td_schema_matches(room->schema, m->schema) ? NULL
                                                          : "CLIENT_TOO_OLD";
    }

    /* the first client of an empty board decides; best match first */

    schema = s->rooms->site->schemas.elts;

    for (i = 0; i < s->rooms->site->schemas.nelts; i++) {
        if (td_schema_matches(schema[i], m->schema)) {
            room->schema = schema[i];
            return NULL;
        }
    }

    return "CLIENT_TOO_OLD";
}


static ngx_int_t
ngx_tidraw_hydrate_reply(ngx_tidraw_client_t *s, td_message_t *m,
    unsigned protocol)
{
    size_t                start;
    td_buf_t              head, presence;
    ngx_int_t             rc;
    ngx_uint_t            n, wipe_all, members;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_slice_t    slices[6];
    ngx_tidraw_shared_t  *snapshot;

    room = s->room;
    snapshot = NULL;

    ngx_memzero(&head, sizeof(td_buf_t));
    ngx_memzero(&presence, sizeof(td_buf_t));

    wipe_all = td_room_wipe_all(&room->doc, m->last_clock);

    td_write_connect(&head, m->request_id, wipe_all, protocol,
                     td_schema_serialized(room->schema), room->doc.clock,
                     s->role < NGX_TIDRAW_ROLE_EDITOR);

    start = head.len;

    if (wipe_all) {
        snapshot = ngx_tidraw_room_snapshot(room);

        if (snapshot == NULL) {
            td_buf_free(&head);
            return NGX_ERROR;
        }

        members = snapshot->len;

    } else {
        td_room_write_since(&room->doc, m->last_clock, &head);
        members = head.len - start;
    }

    ngx_tidraw_presence_write(s, &presence);

    n = 0;
    rc = ngx_tidraw_slice_copy(&slices[n++], &head, s->rooms->site->log);

    if (rc == NGX_OK) {

        if (snapshot && snapshot->len) {
            slices[n].owner = snapshot;
            slices[n].pos = snapshot->data;
            slices[n++].last = snapshot->data + snapshot->len;
        }

        if (presence.len) {

            if (members) {
                slices[n].owner = NULL;
                slices[n].pos = ngx_tidraw_comma;
                slices[n++].last = ngx_tidraw_comma + 1;
            }

            rc = ngx_tidraw_slice_copy(&slices[n], &presence,
                                       s->rooms->site->log);
            if (rc != NGX_OK) {
                ngx_tidraw_shared_free(slices[0].owner);

            } else {
                n++;
            }
        }
    }

    if (rc == NGX_OK) {
        slices[n].owner = NULL;
        slices[n].pos = ngx_tidraw_reply_tail;
        slices[n++].last = ngx_tidraw_reply_tail
                           + sizeof(ngx_tidraw_reply_tail) - 1;

        (void) ngx_tidraw_ws_send(s->ws, slices, n, 1);

        ngx_tidraw_shared_free(slices[0].owner);

        if (slices[n - 2].owner != slices[0].owner
            && slices[n - 2].owner != snapshot)
        {
            ngx_tidraw_shared_free(slices[n - 2].owner);
        }
    }

    td_buf_free(&presence);

    if (snapshot) {
        ngx_tidraw_shared_free(snapshot);
    }

    return rc;
}
