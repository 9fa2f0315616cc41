
/*
 * Presence and edits that cross workers.
 *
 * A message is a row of items, each a kind, a length and its bytes:
 *
 *   d   clock, diff           a push that was committed
 *   b   clock                 the same, too long to be sent
 *   p   id, key, op           presence
 *   g   id                    presence ended
 *   t   id                    presence moved to the sender
 *
 * Numbers are 64 bits in the order of the host: the bus connects builds of
 * one kind only.
 */


#include "ngx_tidraw_remote.h"

#include <sodium.h>


#define NGX_TIDRAW_REMOTE_HEAD   (1 + 4)
#define NGX_TIDRAW_REMOTE_ID     (18 + NGX_TIDRAW_ID_LEN)

/* Sessions elsewhere that a board remembers. */
#define NGX_TIDRAW_REMOTE_MAX    4096


static void ngx_tidraw_remote_item(ngx_tidraw_room_t *room, char kind,
    td_str_t *parts, ngx_uint_t n);
static ngx_tidraw_room_t *ngx_tidraw_remote_room(ngx_tidraw_site_t *site,
    ngx_str_t *id);
static void ngx_tidraw_remote_answer(ngx_tidraw_room_t *room);
static void ngx_tidraw_remote_put(ngx_tidraw_client_t *s);
static void ngx_tidraw_remote_items(ngx_tidraw_room_t *room,
    ngx_tidraw_bus_message_t *m);
static void ngx_tidraw_remote_on_document(ngx_tidraw_room_t *room,
    u_char *p, size_t len);
static ngx_int_t ngx_tidraw_remote_on_presence(ngx_tidraw_room_t *room,
    uint64_t node, u_char *p, size_t len);
static void ngx_tidraw_remote_on_taken(ngx_tidraw_room_t *room, u_char *id);
static ngx_tidraw_remote_t *ngx_tidraw_remote_find(ngx_tidraw_room_t *room,
    u_char *id);
static void ngx_tidraw_remote_drop(ngx_tidraw_room_t *room,
    ngx_tidraw_remote_t *remote, ngx_uint_t tell);


void
ngx_tidraw_remote_key(ngx_tidraw_client_t *s)
{
    crypto_generichash_state  state;

    (void) crypto_generichash_init(&state, NULL, 0, NGX_TIDRAW_KEY_LEN);
    (void) crypto_generichash_update(&state, s->user_id.data, s->user_id.len);
    (void) crypto_generichash_update(&state, (u_char *) "", 1);
    (void) crypto_generichash_update(&state, s->session_id.data,
                                     s->session_id.len);
    (void) crypto_generichash_final(&state, s->key, NGX_TIDRAW_KEY_LEN);
}


void
ngx_tidraw_remote_hello(ngx_tidraw_room_t *room)
{
    if (ngx_tidraw_bus_active()) {
        (void) ngx_tidraw_bus_send(room->rooms->site, NGX_TIDRAW_BUS_HELLO,
                                   &room->sn.str, NULL, 0);
    }
}


void
ngx_tidraw_remote_free(ngx_tidraw_room_t *room)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&room->remotes)) {
        q = ngx_queue_head(&room->remotes);
        ngx_tidraw_remote_drop(room,
                               ngx_queue_data(q, ngx_tidraw_remote_t, queue),
                               0);
    }

    td_buf_free(&room->outbox);
}


void
ngx_tidraw_remote_document(ngx_tidraw_room_t *room, uint64_t clock,
    td_str_t diff)
{
    td_str_t  parts[2];

    parts[0].data = (char *) &clock;
    parts[0].len = sizeof(uint64_t);
    parts[1] = diff;

    if (diff.len + NGX_TIDRAW_REMOTE_HEAD + sizeof(uint64_t)
        > NGX_TIDRAW_BUS_MAX)
    {
        ngx_tidraw_remote_item(room, 'b', parts, 1);
        return;
    }

    ngx_tidraw_remote_item(room, 'd', parts, 2);
}


void
ngx_tidraw_remote_presence(ngx_tidraw_client_t *s, td_str_t op)
{
    td_str_t  parts[3];

    parts[0].data = (char *) s->presence_id;
    parts[0].len = NGX_TIDRAW_REMOTE_ID;
    parts[1].data = (char *) s->key;
    parts[1].len = NGX_TIDRAW_KEY_LEN;
    parts[2] = op;

    ngx_tidraw_remote_item(s->room, 'p', parts, 3);
}


void
ngx_tidraw_remote_gone(ngx_tidraw_room_t *room, ngx_tidraw_client_t *s)
{
    td_str_t  part;

    part.data = (char *) s->presence_id;
    part.len = NGX_TIDRAW_REMOTE_ID;

    ngx_tidraw_remote_item(room, 'g', &part, 1);
}


static void
ngx_tidraw_remote_item(ngx_tidraw_room_t *room, char kind, td_str_t *parts,
    ngx_uint_t n)
{
    size_t      size;
    uint32_t    len;
    td_buf_t   *b;
    ngx_uint_t  i;

    if (!ngx_tidraw_bus_active()) {
        return;
    }

    size = 0;

    for (i = 0; i < n; i++) {
        size += parts[i].len;
    }

    if (size + NGX_TIDRAW_REMOTE_HEAD > NGX_TIDRAW_BUS_MAX) {
        return;
    }

    b = &room->outbox;

    if (b->len + size + NGX_TIDRAW_REMOTE_HEAD > NGX_TIDRAW_BUS_MAX) {
        ngx_tidraw_remote_flush(room);
    }

    len = size;

    if (td_buf_reserve(b, size + NGX_TIDRAW_REMOTE_HEAD) != TD_OK) {
        b->failed = 0;
        return;
    }

    td_buf_char(b, kind);
    td_buf_add(b, (char *) &len, sizeof(uint32_t));

    for (i = 0; i < n; i++) {
        td_buf_str(b, parts[i]);
    }
}


void
ngx_tidraw_remote_flush(ngx_tidraw_room_t *room)
{
    if (room->outbox.len == 0) {
        return;
    }

    (void) ngx_tidraw_bus_send(room->rooms->site, NGX_TIDRAW_BUS_ITEMS,
                               &room->sn.str, (u_char *) room->outbox.data,
                               room->outbox.len);

    room->outbox.len = 0;
}


void
ngx_tidraw_remote_receive(ngx_tidraw_site_t *site, ngx_tidraw_bus_message_t *m)
{
    ngx_str_t           subject;
    ngx_tidraw_room_t  *room;

    if (site->rooms == NULL) {
        return;
    }

    switch (m->type) {

    case NGX_TIDRAW_BUS_HELLO:
        room = ngx_tidraw_remote_room(site, &m->room);

        if (room) {
            ngx_tidraw_remote_answer(room);
        }

        return;

    case NGX_TIDRAW_BUS_ITEMS:
        room = ngx_tidraw_remote_room(site, &m->room);

        if (room) {
            ngx_tidraw_remote_items(room, m);
        }

        return;

    case NGX_TIDRAW_BUS_CONTROL:
        if (m->len == 0) {
            return;
        }

        subject.data = m->data + 1;
        subject.len = m->len - 1;

        ngx_tidraw_sync_control_here(site, m->data[0], &m->room, &subject);
        return;

    default: /* NGX_TIDRAW_BUS_BORN: the bus has done what there was to do */
        return;
    }
}


/* Only a room that is loaded has use for what it hears. */

static ngx_tidraw_room_t *
ngx_tidraw_remote_room(ngx_tidraw_site_t *site, ngx_str_t *id)
{
    ngx_tidraw_room_t  *room;

    room = ngx_tidraw_room_find(site->rooms, id);

    return (room && room->state == NGX_TIDRAW_ROOM_READY) ? room : NULL;
}


static void
ngx_tidraw_remote_answer(ngx_tidraw_room_t *room)
{
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (s->presence.len) {
            ngx_tidraw_remote_put(s);
        }
    }

    ngx_tidraw_remote_flush(room);
}


static void
ngx_tidraw_remote_put(ngx_tidraw_client_t *s)
{
    td_buf_t  b;
    td_str_t  op;

    ngx_memzero(&b, sizeof(td_buf_t));

    td_buf_lit(&b, "[\"put\",");
    td_buf_str(&b, s->presence);
    td_buf_char(&b, ']');

    if (!b.failed) {
        op.data = b.data;
        op.len = b.len;

        ngx_tidraw_remote_presence(s, op);
    }

    td_buf_free(&b);
}


static void
ngx_tidraw_remote_items(ngx_tidraw_room_t *room, ngx_tidraw_bus_message_t *m)
{
    char                  kind;
    size_t                len;
    u_char               *p, *last;
    uint32_t              n;
    uint64_t              clock;
    ngx_tidraw_remote_t  *remote;

    p = m->data;
    last = m->data + m->len;

    while (last - p > NGX_TIDRAW_REMOTE_HEAD) {

        kind = *p;
        ngx_memcpy(&n, p + 1, sizeof(uint32_t));
        p += NGX_TIDRAW_REMOTE_HEAD;

        if (n > (size_t) (last - p)) {
            return;
        }

        len = n;

        switch (kind) {

        case 'd':
            ngx_tidraw_remote_on_document(room, p, len);
            break;

        case 'b':
            if (len == sizeof(uint64_t)) {
                ngx_memcpy(&clock, p, sizeof(uint64_t));
                ngx_tidraw_catchup_to(room, clock);
            }

            break;

        case 'p':
            if (ngx_tidraw_remote_on_presence(room, m->node, p, len)
                == NGX_DECLINED)
            {
                /* its put was lost: ask for all again */

                ngx_tidraw_remote_hello(room);
            }

            break;

        case 'g':
        case 't':
            if (len != NGX_TIDRAW_REMOTE_ID) {
                break;
            }

            remote = ngx_tidraw_remote_find(room, p);

            if (remote && kind == 'g') {
                ngx_tidraw_remote_drop(room, remote, 1);

            } else if (remote) {
                remote->node = m->node;

            } else if (kind == 't') {
                ngx_tidraw_remote_on_taken(room, p);
            }

            break;

        default:
            break;
        }

        /* following may have closed the room */

        if (room->state != NGX_TIDRAW_ROOM_READY) {
            return;
        }

        p += len;
    }

    ngx_tidraw_fanout_schedule(room);
}


static void
ngx_tidraw_remote_on_document(ngx_tidraw_room_t *room, u_char *p, size_t len)
{
    int                 rc;
    uint64_t            clock;
    td_buf_t            legacy;
    td_str_t            diff, old;
    td_json_t          *v;
    ngx_tidraw_item_t  *item;

    if (len <= sizeof(uint64_t)) {
        return;
    }

    ngx_memcpy(&clock, p, sizeof(uint64_t));

    diff.data = (char *) p + sizeof(uint64_t);
    diff.len = len - sizeof(uint64_t);

    if (clock <= room->doc.clock) {
        return;
    }

    /* the first edit of a board also says for which clients it is */

    if (clock > room->doc.clock + 1 || !room->schema_stored) {
        ngx_tidraw_catchup_to(room, clock);
        return;
    }

    td_arena_reset(room->rooms->scratch);
    ngx_memzero(&legacy, sizeof(td_buf_t));

    rc = td_json_parse(room->rooms->scratch, diff.data, diff.len,
                       TD_MESSAGE_DEPTH, &v);

    if (rc == TD_OK) {
        rc = td_room_follow(room->rooms->scratch, &room->doc, v, clock,
                            &legacy);
    }

    item = NULL;

    if (rc == TD_OK) {
        old.data = legacy.data;
        old.len = legacy.len;

        item = ngx_tidraw_fanout_patch(room, NULL, clock, NULL, diff, old);
    }

    td_buf_free(&legacy);

    if (item == NULL) {
        ngx_log_error(NGX_LOG_WARN, room->rooms->site->log, 0,
                      "board \"%V\" cannot follow another worker, it is "
                      "loaded again", &room->sn.str);
        ngx_tidraw_room_close(room, NULL);
    }
}


/* NGX_DECLINED: a patch of a record that we do not have. */

static ngx_int_t
ngx_tidraw_remote_on_presence(ngx_tidraw_room_t *room, uint64_t node,
    u_char *p, size_t len)
{
    int                   appends, rc;
    td_buf_t              text, legacy;
    td_str_t              id, op, current, old;
    td_json_t            *v;
    ngx_tidraw_item_t    *item;
    ngx_tidraw_remote_t  *remote;

    if (len <= NGX_TIDRAW_REMOTE_ID + NGX_TIDRAW_KEY_LEN) {
        return NGX_OK;
    }

    id.data = (char *) p;
    id.len = NGX_TIDRAW_REMOTE_ID;
    op.data = (char *) p + NGX_TIDRAW_REMOTE_ID + NGX_TIDRAW_KEY_LEN;
    op.len = len - NGX_TIDRAW_REMOTE_ID - NGX_TIDRAW_KEY_LEN;

    td_arena_reset(room->rooms->scratch);

    if (td_json_parse(room->rooms->scratch, op.data, op.len,
                      TD_MESSAGE_DEPTH, &v)
        != TD_OK)
    {
        return NGX_OK;
    }

    remote = ngx_tidraw_remote_find(room, p);

    ngx_memzero(&current, sizeof(td_str_t));

    if (remote) {
        current = remote->text;
    }

    ngx_memzero(&text, sizeof(td_buf_t));

    rc = td_presence_follow(room->rooms->scratch, current, v, &text,
                            &appends);

    if (rc != TD_OK) {
        td_buf_free(&text);
        return rc == TD_BAD ? NGX_DECLINED : NGX_OK;
    }

    if (remote == NULL) {

        if (room->nremotes >= NGX_TIDRAW_REMOTE_MAX) {
            td_buf_free(&text);
            return NGX_OK;
        }

        remote = ngx_calloc(sizeof(ngx_tidraw_remote_t),
                            room->rooms->site->log);
        if (remote == NULL) {
            td_buf_free(&text);
            return NGX_OK;
        }

        ngx_memcpy(remote->id, p, NGX_TIDRAW_REMOTE_ID);
        ngx_queue_insert_tail(&room->remotes, &remote->queue);
        room->nremotes++;
    }

    remote->node = node;
    ngx_memcpy(remote->key, p + NGX_TIDRAW_REMOTE_ID, NGX_TIDRAW_KEY_LEN);

    if (remote->text.len) {
        ngx_free((void *) remote->text.data);
    }

    /* the buffer's memory is the record's now */

    remote->text.data = text.data;
    remote->text.len = text.len;

    ngx_memzero(&legacy, sizeof(td_buf_t));

    if (appends && room->nlegacy) {
        td_buf_lit(&legacy, "[\"put\",");
        td_buf_str(&legacy, remote->text);
        td_buf_char(&legacy, ']');
    }

    old.data = legacy.data;
    old.len = legacy.failed ? 0 : legacy.len;

    item = ngx_tidraw_fanout_patch(room, NULL, room->doc.clock, &id, op, old);

    if (item) {
        item->thin = 1;
    }

    td_buf_free(&legacy);

    return NGX_OK;
}


/* The session came back on another worker: here it is over, silently. */

static void
ngx_tidraw_remote_on_taken(ngx_tidraw_room_t *room, u_char *id)
{
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (ngx_memcmp(s->presence_id, id, NGX_TIDRAW_REMOTE_ID) == 0) {
            ngx_tidraw_client_moved(s);
            return;
        }
    }
}


ngx_uint_t
ngx_tidraw_remote_take_over(ngx_tidraw_client_t *s)
{
    td_str_t              part;
    ngx_queue_t          *q;
    ngx_tidraw_remote_t  *remote;

    for (q = ngx_queue_head(&s->room->remotes);
         q != ngx_queue_sentinel(&s->room->remotes);
         q = ngx_queue_next(q))
    {
        remote = ngx_queue_data(q, ngx_tidraw_remote_t, queue);

        if (ngx_memcmp(remote->key, s->key, NGX_TIDRAW_KEY_LEN) != 0) {
            continue;
        }

        ngx_memcpy(s->presence_id, remote->id, NGX_TIDRAW_REMOTE_ID);

        if (s->presence.len) {
            ngx_free((void *) s->presence.data);
        }

        s->presence = remote->text;
        remote->text.len = 0;

        ngx_tidraw_remote_drop(s->room, remote, 0);

        part.data = (char *) s->presence_id;
        part.len = NGX_TIDRAW_REMOTE_ID;

        ngx_tidraw_remote_item(s->room, 't', &part, 1);

        /* where it was until now it is a stranger's from here on */

        ngx_tidraw_remote_put(s);
        ngx_tidraw_remote_flush(s->room);

        return 1;
    }

    return 0;
}


void
ngx_tidraw_remote_node_gone(ngx_tidraw_site_t *site, uint64_t node)
{
    ngx_queue_t          *q, *rq, *next;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_remote_t  *remote;

    if (site->rooms == NULL) {
        return;
    }

    for (q = ngx_queue_head(&site->rooms->rooms);
         q != ngx_queue_sentinel(&site->rooms->rooms);
         q = ngx_queue_next(q))
    {
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        for (rq = ngx_queue_head(&room->remotes);
             rq != ngx_queue_sentinel(&room->remotes);
             rq = next)
        {
            next = ngx_queue_next(rq);
            remote = ngx_queue_data(rq, ngx_tidraw_remote_t, queue);

            if (remote->node == node) {
                ngx_tidraw_remote_drop(room, remote, 1);
            }
        }

        ngx_tidraw_fanout_schedule(room);
    }
}


static ngx_tidraw_remote_t *
ngx_tidraw_remote_find(ngx_tidraw_room_t *room, u_char *id)
{
    ngx_queue_t          *q;
    ngx_tidraw_remote_t  *remote;

    for (q = ngx_queue_head(&room->remotes);
         q != ngx_queue_sentinel(&room->remotes);
         q = ngx_queue_next(q))
    {
        remote = ngx_queue_data(q, ngx_tidraw_remote_t, queue);

        if (ngx_memcmp(remote->id, id, NGX_TIDRAW_REMOTE_ID) == 0) {
            return remote;
        }
    }

    return NULL;
}


static void
ngx_tidraw_remote_drop(ngx_tidraw_room_t *room, ngx_tidraw_remote_t *remote,
    ngx_uint_t tell)
{
    if (tell) {
        ngx_tidraw_presence_gone(room, remote->id);
    }

    ngx_queue_remove(&remote->queue);
    room->nremotes--;

    if (remote->text.len) {
        ngx_free((void *) remote->text.data);
    }

    ngx_free(remote);
}
