
/*
 * Presence of a room in this worker: never stored, never waited for, the
 * first thing to be thinned out (DESIGN 1.3).
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_people.h"


static void ngx_tidraw_presence_member(td_buf_t *b, size_t start, u_char *id,
    td_str_t record);


static td_str_t  ngx_tidraw_presence_end = { 10, "[\"remove\"]" };
static td_str_t  ngx_tidraw_presence_none = { 0, NULL };


ngx_int_t
ngx_tidraw_presence_push(ngx_tidraw_client_t *s, td_message_t *m)
{
    int                 rc;
    char               *copy;
    td_str_t            id;
    td_presence_t       p;
    ngx_tidraw_item_t  *item;
    ngx_tidraw_room_t  *room;

    room = s->room;

    id.data = (char *) s->presence_id;
    id.len = sizeof(s->presence_id);

    rc = td_presence_push(s->rooms->scratch, room->schema, id, s->presence,
                          m->presence, s->protocol, room->nlegacy != 0, &p);

    if (rc == TD_INVALID) {
        ngx_tidraw_log(NGX_LOG_INFO, ngx_tidraw_ws_log(s->ws), 0,
                       "message_refused",
                       "room=%V user=%V request=%V error=%s", &s->room_id,
                       &s->user_id, ngx_tidraw_ws_request(s->ws), p.error);

        ngx_tidraw_client_offended(s, "INVALID_RECORD");
        return NGX_DECLINED;
    }

    if (rc != TD_OK) {
        goto failed;
    }

    if (!p.changed) {
        return NGX_OK;
    }

    copy = ngx_alloc(p.text.len, s->rooms->site->log);
    if (copy == NULL) {
        goto failed;
    }

    ngx_memcpy(copy, p.text.data, p.text.len);

    if (s->presence.len) {
        ngx_free((void *) s->presence.data);
    }

    s->presence.data = copy;
    s->presence.len = p.text.len;

    item = ngx_tidraw_fanout_patch(room, s, room->doc.clock, &id, p.op,
                                   p.legacy);
    if (item == NULL) {
        goto failed;
    }

    item->thin = 1;

    ngx_tidraw_remote_presence(s, p.op);
    ngx_tidraw_people_shown(s, p.op);

    return NGX_OK;

failed:

    ngx_tidraw_client_close(s, NGX_TIDRAW_WS_TRY_LATER, "no memory");

    return NGX_DECLINED;
}


void
ngx_tidraw_presence_remove(ngx_tidraw_room_t *room, ngx_tidraw_client_t *s)
{
    if (s->presence.len == 0) {
        return;
    }

    ngx_free((void *) s->presence.data);
    s->presence.data = NULL;
    s->presence.len = 0;

    ngx_tidraw_remote_gone(room, s);
    ngx_tidraw_presence_gone(room, s->presence_id);
}


void
ngx_tidraw_presence_gone(ngx_tidraw_room_t *room, u_char *presence_id)
{
    td_str_t  id;

    if (room->state != NGX_TIDRAW_ROOM_READY) {
        return;
    }

    id.data = (char *) presence_id;
    id.len = 18 + NGX_TIDRAW_ID_LEN;

    if (ngx_tidraw_fanout_patch(room, NULL, room->doc.clock, &id,
                                ngx_tidraw_presence_end,
                                ngx_tidraw_presence_none)
        == NULL)
    {
        /* a cursor without an owner stays until the next hydration */

        ngx_tidraw_log(NGX_LOG_WARN, room->rooms->site->log, 0,
                       "presence_stuck", "room=%V error=%s", &room->sn.str,
                       "no memory");
        return;
    }

    ngx_tidraw_pace_schedule(room);
}


void
ngx_tidraw_presence_write(ngx_tidraw_client_t *s, td_buf_t *b)
{
    size_t                start;
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *other;
    ngx_tidraw_remote_t  *remote;

    start = b->len;

    for (q = ngx_queue_head(&s->room->sessions);
         q != ngx_queue_sentinel(&s->room->sessions);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (other != s && other->presence.len) {
            ngx_tidraw_presence_member(b, start, other->presence_id,
                                       other->presence);
        }
    }

    for (q = ngx_queue_head(&s->room->remotes);
         q != ngx_queue_sentinel(&s->room->remotes);
         q = ngx_queue_next(q))
    {
        remote = ngx_queue_data(q, ngx_tidraw_remote_t, queue);

        ngx_tidraw_presence_member(b, start, remote->id, remote->text);
    }
}


static void
ngx_tidraw_presence_member(td_buf_t *b, size_t start, u_char *id,
    td_str_t record)
{
    if (b->len != start) {
        td_buf_char(b, ',');
    }

    td_buf_char(b, '"');
    td_buf_add(b, (char *) id, 18 + NGX_TIDRAW_ID_LEN);
    td_buf_lit(b, "\":[\"put\",");
    td_buf_str(b, record);
    td_buf_char(b, ']');
}


void
ngx_tidraw_presence_resend(ngx_tidraw_client_t *s)
{
    size_t              start;
    td_buf_t            b;
    ngx_tidraw_slice_t  slice;

    /* what waits in the batch is older than what we send now */

    ngx_tidraw_fanout_flush(s->room);

    ngx_memzero(&b, sizeof(td_buf_t));

    td_buf_lit(&b, "{\"type\":\"data\",\"data\":[{\"type\":\"patch\","
                   "\"serverClock\":");
    td_buf_uint(&b, s->room->doc.clock);
    td_buf_lit(&b, ",\"diff\":{");

    start = b.len;

    ngx_tidraw_presence_write(s, &b);

    if (b.len == start) {
        td_buf_free(&b);
        return;
    }

    td_buf_lit(&b, "}}]}");

    if (ngx_tidraw_slice_copy(&slice, &b, s->rooms->site->log) == NGX_OK) {
        (void) ngx_tidraw_ws_send(s->ws, &slice, 1, 0);
        ngx_tidraw_shared_free(slice.owner);
    }
}
