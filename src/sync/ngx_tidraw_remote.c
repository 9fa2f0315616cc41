
/*
 * Presence and edits that cross workers.
 *
 * A message is a row of items, each a kind, a length and its bytes:
 *
 *   d   clock, diff           a push that was committed
 *   b   clock                 the same, too long to be sent
 *   p   id, key, op           presence
 *   g   id                    presence ended
 *   s   id, state             its session is here, or lost its connection
 *   t   id, node              presence moved to the sender, from that node
 *   a   clock                 the sender has said all it knows of the board
 *
 * Numbers are 64 bits in the order of the host: the bus connects builds of
 * one kind only.
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_people.h"

#include <sodium.h>


#define NGX_TIDRAW_REMOTE_HEAD   (1 + 4)

/* Sessions elsewhere that a board remembers. */
#define NGX_TIDRAW_REMOTE_MAX    4096

/* ms between questions for what was missed. */
#define NGX_TIDRAW_REMOTE_PAUSE  100


static ngx_tidraw_room_t *ngx_tidraw_remote_room(ngx_tidraw_site_t *site,
    ngx_str_t *id);
static ngx_int_t ngx_tidraw_remote_write(td_buf_t *b, char kind,
    td_str_t *parts, ngx_uint_t n);
static void ngx_tidraw_remote_answer(ngx_tidraw_site_t *site,
    ngx_tidraw_bus_message_t *m);
static void ngx_tidraw_remote_answer_flush(ngx_tidraw_site_t *site,
    ngx_tidraw_bus_message_t *m, td_buf_t *b);
static void ngx_tidraw_remote_ask(ngx_tidraw_room_t *room, uint64_t node);
static void ngx_tidraw_remote_answered(ngx_tidraw_room_t *room,
    uint64_t node);
static void ngx_tidraw_remote_missed(ngx_tidraw_site_t *site,
    ngx_tidraw_bus_message_t *m);
static void ngx_tidraw_remote_heard(ngx_tidraw_room_t *room, uint64_t clock);
static void ngx_tidraw_remote_items(ngx_tidraw_room_t *room,
    ngx_tidraw_bus_message_t *m);
static void ngx_tidraw_remote_on_document(ngx_tidraw_room_t *room,
    u_char *p, size_t len);


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
    if (ngx_tidraw_bus_active(room->rooms->site)) {
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

    /* nobody may believe that somebody is still here */

    ngx_tidraw_remote_flush(room);
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
ngx_tidraw_remote_state(ngx_tidraw_client_t *s, ngx_tidraw_remote_e state)
{
    char      c;
    td_str_t  parts[2];

    c = (char) state;

    parts[0].data = (char *) s->presence_id;
    parts[0].len = NGX_TIDRAW_REMOTE_ID;
    parts[1].data = &c;
    parts[1].len = 1;

    ngx_tidraw_remote_item(s->room, 's', parts, 2);
}


void
ngx_tidraw_remote_gone(ngx_tidraw_room_t *room, ngx_tidraw_client_t *s)
{
    td_str_t  part;

    part.data = (char *) s->presence_id;
    part.len = NGX_TIDRAW_REMOTE_ID;

    ngx_tidraw_remote_item(room, 'g', &part, 1);
}


void
ngx_tidraw_remote_item(ngx_tidraw_room_t *room, char kind, td_str_t *parts,
    ngx_uint_t n)
{
    if (!ngx_tidraw_bus_active(room->rooms->site)) {
        return;
    }

    if (ngx_tidraw_remote_write(&room->outbox, kind, parts, n)
        == NGX_DECLINED)
    {
        ngx_tidraw_remote_flush(room);
        (void) ngx_tidraw_remote_write(&room->outbox, kind, parts, n);
    }
}


/* NGX_DECLINED: there is no room behind what is in the buffer. */

static ngx_int_t
ngx_tidraw_remote_write(td_buf_t *b, char kind, td_str_t *parts, ngx_uint_t n)
{
    size_t      size;
    uint32_t    len;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < n; i++) {
        size += parts[i].len;
    }

    if (size + NGX_TIDRAW_REMOTE_HEAD > NGX_TIDRAW_BUS_MAX) {
        return NGX_ERROR;
    }

    if (b->len + size + NGX_TIDRAW_REMOTE_HEAD > NGX_TIDRAW_BUS_MAX) {
        return NGX_DECLINED;
    }

    len = size;

    if (td_buf_reserve(b, size + NGX_TIDRAW_REMOTE_HEAD) != TD_OK) {
        b->failed = 0;
        return NGX_ERROR;
    }

    td_buf_char(b, kind);
    td_buf_add(b, (char *) &len, sizeof(uint32_t));

    for (i = 0; i < n; i++) {
        td_buf_str(b, parts[i]);
    }

    return NGX_OK;
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

    td_buf_reset(&room->outbox);
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
        ngx_tidraw_remote_answer(site, m);
        return;

    case NGX_TIDRAW_BUS_MISSED:
        ngx_tidraw_remote_missed(site, m);
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

        ngx_tidraw_control_heard(site, m->data[0], &m->room, &subject);
        return;

    case NGX_TIDRAW_BUS_PEOPLE:
        ngx_tidraw_crowd_receive(site->rooms, m);
        return;

    default: /* NGX_TIDRAW_BUS_BORN: the bus has done what there was to do */
        return;
    }
}


/* Only a board that is open, or being opened, has use for what it hears. */

static ngx_tidraw_room_t *
ngx_tidraw_remote_room(ngx_tidraw_site_t *site, ngx_str_t *id)
{
    ngx_tidraw_room_t  *room;

    room = ngx_tidraw_room_find(site->rooms, id);

    return (room && room->state != NGX_TIDRAW_ROOM_CLOSED) ? room : NULL;
}


/*
 * What we know of the board, to the one who asks; also that it is nothing.
 * What waits to be sent to all is older and leaves before.
 */

static void
ngx_tidraw_remote_answer(ngx_tidraw_site_t *site, ngx_tidraw_bus_message_t *m)
{
    char                  state;
    uint64_t              clock;
    td_buf_t              b;
    td_str_t              parts[2];
    ngx_queue_t          *q;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_client_t  *s;

    ngx_memzero(&b, sizeof(td_buf_t));

    room = ngx_tidraw_remote_room(site, &m->room);
    clock = 0;

    if (room && room->state == NGX_TIDRAW_ROOM_READY) {

        ngx_tidraw_remote_flush(room);
        clock = room->doc.clock;

        for (q = ngx_queue_head(&room->sessions);
             q != ngx_queue_sentinel(&room->sessions);
             q = ngx_queue_next(q))
        {
            s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

            if (s->presence.len == 0) {
                continue;
            }

            if (b.len + s->presence.len > NGX_TIDRAW_BUS_MAX / 2) {
                ngx_tidraw_remote_answer_flush(site, m, &b);
            }

            ngx_tidraw_remote_put(s, &b);

            if (s->state == NGX_TIDRAW_CLIENT_GONE) {
                state = NGX_TIDRAW_REMOTE_AWAY;

                parts[0].data = (char *) s->presence_id;
                parts[0].len = NGX_TIDRAW_REMOTE_ID;
                parts[1].data = &state;
                parts[1].len = 1;

                (void) ngx_tidraw_remote_write(&b, 's', parts, 2);
            }
        }
    }

    parts[0].data = (char *) &clock;
    parts[0].len = sizeof(uint64_t);

    if (ngx_tidraw_remote_write(&b, 'a', parts, 1) == NGX_DECLINED) {
        ngx_tidraw_remote_answer_flush(site, m, &b);
        (void) ngx_tidraw_remote_write(&b, 'a', parts, 1);
    }

    ngx_tidraw_remote_answer_flush(site, m, &b);
    td_buf_free(&b);
}


static void
ngx_tidraw_remote_answer_flush(ngx_tidraw_site_t *site,
    ngx_tidraw_bus_message_t *m, td_buf_t *b)
{
    if (b->len) {
        (void) ngx_tidraw_bus_answer(site, m->node, NGX_TIDRAW_BUS_ITEMS,
                                     &m->room, (u_char *) b->data, b->len);
        b->len = 0;
    }
}


static void
ngx_tidraw_remote_ask(ngx_tidraw_room_t *room, uint64_t node)
{
    (void) ngx_tidraw_bus_answer(room->rooms->site, node,
                                 NGX_TIDRAW_BUS_HELLO, &room->sn.str, NULL,
                                 0);
}


/* Whoever was not named again has left meanwhile. */

static void
ngx_tidraw_remote_answered(ngx_tidraw_room_t *room, uint64_t node)
{
    ngx_queue_t          *q, *next;
    ngx_tidraw_remote_t  *remote;

    for (q = ngx_queue_head(&room->remotes);
         q != ngx_queue_sentinel(&room->remotes);
         q = next)
    {
        next = ngx_queue_next(q);
        remote = ngx_queue_data(q, ngx_tidraw_remote_t, queue);

        if (remote->node == node && remote->stale) {
            ngx_tidraw_remote_drop(room, remote, 1);
        }
    }

    room->nanswers++;
    ngx_tidraw_room_answered(room);
}


static void
ngx_tidraw_remote_missed(ngx_tidraw_site_t *site, ngx_tidraw_bus_message_t *m)
{
    ngx_queue_t          *q, *rq;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_remote_t  *remote;

    for (q = ngx_queue_head(&site->rooms->rooms);
         q != ngx_queue_sentinel(&site->rooms->rooms);
         q = ngx_queue_next(q))
    {
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        if (room->state == NGX_TIDRAW_ROOM_CLOSED) {
            continue;
        }

        for (rq = ngx_queue_head(&room->remotes);
             rq != ngx_queue_sentinel(&room->remotes);
             rq = ngx_queue_next(rq))
        {
            remote = ngx_queue_data(rq, ngx_tidraw_remote_t, queue);

            if (remote->node == m->node) {
                remote->stale = 1;
            }
        }

        ngx_tidraw_remote_ask(room, m->node);
    }

    if (m->len) {
        ngx_tidraw_recheck_all(site->rooms);
    }
}


/* A board that is being opened looks once it is. */

static void
ngx_tidraw_remote_heard(ngx_tidraw_room_t *room, uint64_t clock)
{
    if (room->state == NGX_TIDRAW_ROOM_READY) {
        ngx_tidraw_catchup_to(room, clock);
        return;
    }

    room->heard = ngx_max(room->heard, clock);
}


void
ngx_tidraw_remote_put(ngx_tidraw_client_t *s, td_buf_t *b)
{
    td_buf_t  op;
    td_str_t  parts[3];

    ngx_memzero(&op, sizeof(td_buf_t));

    td_buf_lit(&op, "[\"put\",");
    td_buf_str(&op, s->presence);
    td_buf_char(&op, ']');

    if (!op.failed) {
        parts[0].data = (char *) s->presence_id;
        parts[0].len = NGX_TIDRAW_REMOTE_ID;
        parts[1].data = (char *) s->key;
        parts[1].len = NGX_TIDRAW_KEY_LEN;
        parts[2].data = op.data;
        parts[2].len = op.len;

        (void) ngx_tidraw_remote_write(b, 'p', parts, 3);
    }

    td_buf_free(&op);
}


static void
ngx_tidraw_remote_items(ngx_tidraw_room_t *room, ngx_tidraw_bus_message_t *m)
{
    char                  kind;
    size_t                len;
    u_char               *p, *last;
    uint32_t              n;
    uint64_t              clock, before;
    ngx_tidraw_remote_t  *remote;

    before = room->doc.clock;

    p = m->data;
    last = m->data + m->len;

    while (last - p > NGX_TIDRAW_REMOTE_HEAD) {

        kind = *p;
        ngx_memcpy(&n, p + 1, sizeof(uint32_t));
        p += NGX_TIDRAW_REMOTE_HEAD;

        if (n > (size_t) (last - p)) {
            break;
        }

        len = n;

        switch (kind) {

        case 'd':
            ngx_tidraw_remote_on_document(room, p, len);
            break;

        case 'b':
            if (len == sizeof(uint64_t)) {
                ngx_memcpy(&clock, p, sizeof(uint64_t));
                ngx_tidraw_remote_heard(room, clock);
            }

            break;

        case 'a':
            if (len == sizeof(uint64_t)) {
                ngx_memcpy(&clock, p, sizeof(uint64_t));
                ngx_tidraw_remote_heard(room, clock);
                ngx_tidraw_remote_answered(room, m->node);
            }

            break;

        case 'p':
            if (ngx_tidraw_remote_on_presence(room, m->node, p, len)
                == NGX_DECLINED
                && room->state == NGX_TIDRAW_ROOM_READY
                && ngx_current_msec - room->asked
                   >= NGX_TIDRAW_REMOTE_PAUSE)
            {
                /* its put was lost: ask for all again */

                room->asked = ngx_current_msec;
                ngx_tidraw_remote_ask(room, m->node);
            }

            break;

        case 'g':
            remote = (len == NGX_TIDRAW_REMOTE_ID)
                     ? ngx_tidraw_remote_find(room, p) : NULL;

            if (remote) {
                ngx_tidraw_remote_drop(room, remote, 1);
            }

            break;

        case 's':
            remote = (len == NGX_TIDRAW_REMOTE_ID + 1)
                     ? ngx_tidraw_remote_find(room, p) : NULL;

            if (remote) {
                remote->away = (p[len - 1] == NGX_TIDRAW_REMOTE_AWAY);

                if (p[len - 1] == NGX_TIDRAW_REMOTE_TAKER) {
                    remote->taken = ngx_current_msec | 1;
                }
            }

            break;

        case 't':
            if (len == NGX_TIDRAW_REMOTE_ID + sizeof(uint64_t)) {
                ngx_tidraw_remote_take_away(room, m->node, p);
            }

            break;

        default:
            break;
        }

        /* following may have closed the room */

        if (room->state == NGX_TIDRAW_ROOM_CLOSED) {
            return;
        }

        p += len;
    }

    if (room->state != NGX_TIDRAW_ROOM_READY) {
        return;
    }

    if (room->doc.clock != before) {
        ngx_tidraw_commit_follow(room, m->turn);
    }

    ngx_tidraw_pace_heard(room, m->node);
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

    if (room->state != NGX_TIDRAW_ROOM_READY
        || clock > room->doc.clock + 1
        || !room->schema_stored)
    {
        ngx_tidraw_remote_heard(room, clock);
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
        room->foreign = ngx_current_msec;
    }

    td_buf_free(&legacy);

    if (item == NULL) {
        ngx_tidraw_log(NGX_LOG_WARN, room->rooms->site->log, 0,
                       "board_reloaded", "room=%V error=%s", &room->sn.str,
                       "it cannot follow another worker");
        ngx_tidraw_room_close(room, NULL);
    }
}


ngx_int_t
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

    } else if (room->nremotes >= NGX_TIDRAW_REMOTE_MAX
               || ngx_tidraw_remote_here(room, p))
    {
        /* also of one that we took over, and who does not know it yet */

        return NGX_OK;
    }

    ngx_memzero(&text, sizeof(td_buf_t));

    rc = td_presence_follow(room->rooms->scratch, current, v, &text,
                            &appends);

    if (rc != TD_OK) {
        td_buf_free(&text);
        return rc == TD_BAD ? NGX_DECLINED : NGX_OK;
    }

    if (remote == NULL) {

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
    remote->stale = 0;
    ngx_memcpy(remote->key, p + NGX_TIDRAW_REMOTE_ID, NGX_TIDRAW_KEY_LEN);

    if (remote->text.len) {
        ngx_free((void *) remote->text.data);
    }

    /* the buffer's memory is the record's now */

    remote->text.data = text.data;
    remote->text.len = text.len;

    if (room->state != NGX_TIDRAW_ROOM_READY) {
        return NGX_OK;
    }

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


ngx_tidraw_client_t *
ngx_tidraw_remote_here(ngx_tidraw_room_t *room, u_char *id)
{
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (ngx_memcmp(s->presence_id, id, NGX_TIDRAW_REMOTE_ID) == 0) {
            return s;
        }
    }

    return NULL;
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

    ngx_tidraw_crowd_gone(site->rooms, node);

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

        ngx_tidraw_pace_schedule(room);
    }
}


ngx_tidraw_remote_t *
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


void
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
