
/*
 * Boards in a worker: the table, loading and unloading.
 *
 * A room lives from the first session that asks for it until some time after
 * the last one left.  It is a cache: dropping it at any moment loses nothing.
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_people.h"


/* ms that the other workers have to say who is on a board. */
#define NGX_TIDRAW_ANSWER_TIMEOUT  50


static void ngx_tidraw_rooms_forget_access(ngx_queue_t *sessions);
static ngx_tidraw_room_t *ngx_tidraw_room_create(ngx_tidraw_rooms_t *rooms,
    ngx_str_t *id, uint32_t hash);
static void ngx_tidraw_room_load(ngx_tidraw_room_t *room);
static void ngx_tidraw_room_loaded(ngx_tidraw_op_t *op);
static void ngx_tidraw_room_open(ngx_event_t *ev);
static ngx_int_t ngx_tidraw_room_fill(ngx_tidraw_room_t *room,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_failed(ngx_tidraw_room_t *room,
    const char *reason, ngx_uint_t code);
static void ngx_tidraw_room_schema(ngx_tidraw_room_t *room, ngx_str_t *text);
static td_schema_t *ngx_tidraw_room_description(ngx_tidraw_room_t *room,
    ngx_str_t *text);
static void ngx_tidraw_room_unload(ngx_event_t *ev);
static void ngx_tidraw_room_unlist(ngx_tidraw_room_t *room);
static void ngx_tidraw_room_destroy(ngx_tidraw_room_t *room);


ngx_connection_t  ngx_tidraw_no_connection = { .fd = (ngx_socket_t) -1 };


ngx_tidraw_rooms_t *
ngx_tidraw_rooms_create(ngx_tidraw_site_t *site)
{
    ngx_tidraw_rooms_t  *rooms;

    rooms = ngx_calloc(sizeof(ngx_tidraw_rooms_t), site->log);
    if (rooms == NULL) {
        return NULL;
    }

    rooms->scratch = td_arena_create(16384, NGX_TIDRAW_SCRATCH_MAX);
    if (rooms->scratch == NULL) {
        ngx_free(rooms);
        return NULL;
    }

    rooms->site = site;

    ngx_rbtree_init(&rooms->tree, &rooms->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&rooms->rooms);
    ngx_queue_init(&rooms->entering);
    ngx_queue_init(&rooms->crowds);

    ngx_tidraw_recheck_init(rooms);

    return rooms;
}


void
ngx_tidraw_rooms_detach(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_t        *q;
    ngx_tidraw_room_t  *room;

    ngx_tidraw_people_stop(rooms);
    ngx_tidraw_poll_stop(rooms);
    ngx_tidraw_bin_stop(rooms);
    ngx_tidraw_hosts_stop(rooms);
    ngx_tidraw_recheck_stop(rooms);
    ngx_tidraw_rooms_forget_access(&rooms->entering);

    for (q = ngx_queue_head(&rooms->rooms);
         q != ngx_queue_sentinel(&rooms->rooms);
         q = ngx_queue_next(q))
    {
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        ngx_tidraw_rooms_forget_access(&room->sessions);

        if (room->load) {
            ngx_tidraw_op_cancel(room->load);
            room->load = NULL;
        }

        if (room->commit.op) {
            ngx_tidraw_op_cancel(room->commit.op);
            room->commit.op = NULL;
        }
    }
}


static void
ngx_tidraw_rooms_forget_access(ngx_queue_t *sessions)
{
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(sessions);
         q != ngx_queue_sentinel(sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (s->access) {
            ngx_tidraw_access_cancel(s->access);
            s->access = NULL;
        }
    }
}


void
ngx_tidraw_rooms_destroy(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_t           *q;
    ngx_tidraw_room_t     *room;
    ngx_tidraw_client_t  *s;

    while (!ngx_queue_empty(&rooms->entering)) {
        q = ngx_queue_head(&rooms->entering);
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        ngx_queue_remove(q);
        ngx_tidraw_client_free(s);
    }

    while (!ngx_queue_empty(&rooms->rooms)) {
        q = ngx_queue_head(&rooms->rooms);
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        while (!ngx_queue_empty(&room->sessions)) {
            q = ngx_queue_head(&room->sessions);
            s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

            ngx_queue_remove(q);
            ngx_tidraw_client_free(s);
        }

        ngx_tidraw_room_destroy(room);
    }

    ngx_tidraw_crowd_free(rooms);
    td_arena_destroy(rooms->scratch);
    ngx_free(rooms);
}


ngx_tidraw_room_t *
ngx_tidraw_room_find(ngx_tidraw_rooms_t *rooms, ngx_str_t *id)
{
    return (ngx_tidraw_room_t *)
               ngx_str_rbtree_lookup(&rooms->tree, id,
                                     ngx_crc32_long(id->data, id->len));
}


ngx_tidraw_room_t *
ngx_tidraw_room_get(ngx_tidraw_rooms_t *rooms, ngx_str_t *id)
{
    ngx_tidraw_room_t  *room;

    room = ngx_tidraw_room_find(rooms, id);

    if (room || id->len != NGX_TIDRAW_ID_LEN) {
        return room;
    }

    return ngx_tidraw_room_create(rooms, id,
                                  ngx_crc32_long(id->data, id->len));
}


static ngx_tidraw_room_t *
ngx_tidraw_room_create(ngx_tidraw_rooms_t *rooms, ngx_str_t *id, uint32_t hash)
{
    ngx_tidraw_room_t  *room;

    room = ngx_calloc(sizeof(ngx_tidraw_room_t), rooms->site->log);
    if (room == NULL) {
        return NULL;
    }

    if (td_room_init(&room->doc, (uint32_t) ngx_random(), 1, 1) != TD_OK) {
        ngx_free(room);
        return NULL;
    }

    ngx_memcpy(room->id, id->data, NGX_TIDRAW_ID_LEN);

    room->rooms = rooms;
    room->sn.str.data = room->id;
    room->sn.str.len = NGX_TIDRAW_ID_LEN;
    room->sn.node.key = hash;

    room->unload.handler = ngx_tidraw_room_unload;
    room->unload.data = &ngx_tidraw_no_connection;
    room->unload.log = rooms->site->log;
    room->unload.cancelable = 1;

    room->answers.handler = ngx_tidraw_room_open;
    room->answers.data = &ngx_tidraw_no_connection;
    room->answers.log = rooms->site->log;

    ngx_queue_init(&room->sessions);
    ngx_queue_init(&room->remotes);
    ngx_tidraw_commit_init(room);
    ngx_tidraw_pace_init(room);

    ngx_rbtree_insert(&rooms->tree, &room->sn.node);
    ngx_queue_insert_tail(&rooms->rooms, &room->queue);

    rooms->nrooms++;
    ngx_tidraw_gauge(rooms->site, NGX_TIDRAW_COUNT_BOARDS, rooms->nrooms);

    ngx_tidraw_remote_hello(room);
    ngx_tidraw_room_load(room);

    return room;
}


static void
ngx_tidraw_room_load(ngx_tidraw_room_t *room)
{
    ngx_str_t         id;
    ngx_tidraw_op_t  *op;

    id = room->sn.str;

    op = ngx_tidraw_op_create(room->rooms->site->store, 0);

    if (op == NULL
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_OPEN, "s", &id)
           != NGX_OK
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_RECORDS, "s", &id)
           != NGX_OK
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_TOMBSTONES, "s", &id)
           != NGX_OK)
    {
        if (op) {
            ngx_tidraw_op_free(op);
        }

        /* nobody is in the room yet: the first session finds it closed */

        ngx_tidraw_room_unlist(room);
        room->state = NGX_TIDRAW_ROOM_CLOSED;
        ngx_tidraw_room_left(room);
        return;
    }

    room->load = op;
    ngx_tidraw_op_run(op, ngx_tidraw_room_loaded, room);
}


static void
ngx_tidraw_room_loaded(ngx_tidraw_op_t *op)
{
    ngx_str_t           schema;
    ngx_tidraw_room_t  *room;

    room = op->data;
    room->load = NULL;

    if (op->rc == NGX_TIDRAW_STORE_AWAY) {
        ngx_tidraw_room_failed(room, "database unavailable",
                               NGX_TIDRAW_WS_TRY_LATER);
        return;
    }

    if (op->rc != NGX_OK) {
        ngx_tidraw_room_failed(room, "board cannot be read",
                               NGX_TIDRAW_WS_INTERNAL);
        return;
    }

    if (op->results[0].nrows == 0) {
        ngx_tidraw_room_close(room, "NOT_FOUND");
        return;
    }

    room->num = ngx_tidraw_cell_int(&op->results[0], 0, 0);
    room->doc.clock = ngx_tidraw_cell_int(&op->results[0], 0, 1);
    room->doc.history = ngx_tidraw_cell_int(&op->results[0], 0, 2);

    room->logged = ngx_tidraw_cell_int(&op->results[0], 0, 5);

    schema = ngx_tidraw_cell_str(&op->results[0], 0, 3);
    ngx_tidraw_room_schema(room, &schema);

    if (ngx_tidraw_room_fill(room, op) != NGX_OK) {
        ngx_tidraw_room_failed(room, "no memory for the board",
                               NGX_TIDRAW_WS_TRY_LATER);
        return;
    }

    ngx_add_timer(&room->answers, NGX_TIDRAW_ANSWER_TIMEOUT);
    ngx_tidraw_room_answered(room);
}


/* Who is on the other workers is part of the first reply, too. */

void
ngx_tidraw_room_answered(ngx_tidraw_room_t *room)
{
    if (room->answers.timer_set
        && room->nanswers >= ngx_tidraw_bus_peers())
    {
        ngx_del_timer(&room->answers);
        ngx_tidraw_room_open(&room->answers);
    }
}


static void
ngx_tidraw_room_open(ngx_event_t *ev)
{
    ngx_queue_t          *q, *next;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_client_t  *s;

    room = ngx_tidraw_event_owner(ev, ngx_tidraw_room_t, answers);

    if (room->state != NGX_TIDRAW_ROOM_LOADING) {
        return;
    }

    if (room->rooms->overlapped) {
        ngx_tidraw_generations_meet(room);
    }

    room->state = NGX_TIDRAW_ROOM_READY;

    ngx_tidraw_bus_join(room->rooms->site, &room->sn.str);

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (s->state == NGX_TIDRAW_CLIENT_LOADING) {
            ngx_tidraw_client_room_ready(s);
        }
    }

    ngx_tidraw_room_left(room);

    /* what the others committed since the board was read */

    ngx_tidraw_commit_schedule(room);
}


/* Records and tombstones come in the order of their clocks, each. */

static ngx_int_t
ngx_tidraw_room_fill(ngx_tidraw_room_t *room, ngx_tidraw_op_t *op)
{
    int64_t               rclock, tclock;
    td_str_t              id, text;
    ngx_str_t             cell;
    ngx_uint_t            r, t;
    ngx_tidraw_result_t  *records, *tombstones;

    records = &op->results[1];
    tombstones = &op->results[2];

    r = 0;
    t = 0;

    while (r < records->nrows || t < tombstones->nrows) {

        rclock = r < records->nrows ? ngx_tidraw_cell_int(records, r, 1)
                                    : INT64_MAX;
        tclock = t < tombstones->nrows ? ngx_tidraw_cell_int(tombstones, t, 1)
                                       : INT64_MAX;

        if (rclock <= tclock) {
            cell = ngx_tidraw_cell_str(records, r, 0);
            id.data = (char *) cell.data;
            id.len = cell.len;

            cell = ngx_tidraw_cell_str(records, r, 2);
            text.data = (char *) cell.data;
            text.len = cell.len;

            r++;

        } else {
            cell = ngx_tidraw_cell_str(tombstones, t, 0);
            id.data = (char *) cell.data;
            id.len = cell.len;

            text.data = NULL;
            text.len = 0;

            t++;
            rclock = tclock;
        }

        if (td_room_set(&room->doc, id, text, rclock) != TD_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_tidraw_room_schema(ngx_tidraw_room_t *room, ngx_str_t *text)
{
    if (text->len == 0) {
        return;
    }

    room->schema_stored = 1;
    room->schema = ngx_tidraw_room_description(room, text);

    if (room->schema) {
        return;
    }

    room->schema_unknown = 1;

    ngx_tidraw_log(NGX_LOG_WARN, room->rooms->site->log, 0, "schema_unknown",
                   "room=%V hint=%s", &room->sn.str,
                   "add its description to the folder of tidraw_schema");
}


/* The description of a stored schema, NULL when there is none. */

static td_schema_t *
ngx_tidraw_room_description(ngx_tidraw_room_t *room, ngx_str_t *text)
{
    td_json_t     *stored;
    ngx_uint_t     i;
    td_schema_t  **schema;

    td_arena_reset(room->rooms->scratch);

    if (td_json_parse(room->rooms->scratch, (char *) text->data, text->len,
                      TD_MESSAGE_DEPTH, &stored)
        != TD_OK)
    {
        return NULL;
    }

    schema = room->rooms->site->schemas.elts;

    for (i = 0; i < room->rooms->site->schemas.nelts; i++) {
        if (td_schema_matches(schema[i], stored)) {
            return schema[i];
        }
    }

    return NULL;
}


ngx_uint_t
ngx_tidraw_room_schema_is(ngx_tidraw_room_t *room, ngx_str_t *text)
{
    td_str_t  own;

    if (text->len == 0) {
        return 1;
    }

    /* another worker was first to open the empty board */

    if (room->schema == NULL && !room->schema_unknown) {
        ngx_tidraw_room_schema(room, text);
    }

    if (room->schema == NULL) {
        return 0;
    }

    own = td_schema_serialized(room->schema);

    return (own.len == text->len
            && ngx_memcmp(own.data, text->data, own.len) == 0)
           || ngx_tidraw_room_description(room, text) == room->schema;
}


/* Closes everybody so that they come back and try again. */

static void
ngx_tidraw_room_failed(ngx_tidraw_room_t *room, const char *reason,
    ngx_uint_t code)
{
    ngx_queue_t           *q;
    ngx_tidraw_client_t  *s;

    ngx_tidraw_room_unlist(room);
    room->state = NGX_TIDRAW_ROOM_CLOSED;

    while (!ngx_queue_empty(&room->sessions)) {
        q = ngx_queue_head(&room->sessions);
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);
        ngx_tidraw_client_close(s, code, reason);
    }

    ngx_tidraw_room_left(room);
}


void
ngx_tidraw_room_close(ngx_tidraw_room_t *room, const char *reason)
{
    ngx_queue_t           *q;
    ngx_tidraw_client_t  *s;

    if (reason == NULL) {
        ngx_tidraw_room_failed(room, "board changed", NGX_TIDRAW_WS_RESTART);
        return;
    }

    ngx_tidraw_room_unlist(room);
    room->state = NGX_TIDRAW_ROOM_CLOSED;

    while (!ngx_queue_empty(&room->sessions)) {
        q = ngx_queue_head(&room->sessions);
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);
        ngx_tidraw_client_refuse(s, reason);
    }

    ngx_tidraw_room_left(room);
}


void
ngx_tidraw_room_left(ngx_tidraw_room_t *room)
{
    if (!ngx_queue_empty(&room->sessions)) {
        if (room->unload.timer_set) {
            ngx_del_timer(&room->unload);
        }

        return;
    }

    /* an empty board forgets for which clients it was opened */

    if (!room->schema_stored
        && room->doc.clock == 1
        && !ngx_tidraw_commit_busy(room))
    {
        room->schema = NULL;
    }

    if (room->unload.timer_set) {
        return;
    }

    ngx_add_timer(&room->unload, room->state == NGX_TIDRAW_ROOM_CLOSED
                                 ? 1 : NGX_TIDRAW_UNLOAD_TIMEOUT);
}


static void
ngx_tidraw_room_unload(ngx_event_t *ev)
{
    ngx_tidraw_room_t  *room;

    room = ngx_tidraw_event_owner(ev, ngx_tidraw_room_t, unload);

    if (!ngx_queue_empty(&room->sessions)) {
        return;
    }

    if (room->load || ngx_tidraw_commit_busy(room)) {
        ngx_add_timer(&room->unload, 100);
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "tidraw unload board \"%V\"", &room->sn.str);

    ngx_tidraw_room_unlist(room);
    ngx_tidraw_room_destroy(room);
}


static void
ngx_tidraw_room_unlist(ngx_tidraw_room_t *room)
{
    if (room->state != NGX_TIDRAW_ROOM_CLOSED) {
        ngx_rbtree_delete(&room->rooms->tree, &room->sn.node);
    }

    if (room->state == NGX_TIDRAW_ROOM_READY) {
        ngx_tidraw_bus_leave(room->rooms->site, &room->sn.str);
    }
}


static void
ngx_tidraw_room_destroy(ngx_tidraw_room_t *room)
{
    ngx_queue_remove(&room->queue);

    room->rooms->nrooms--;
    ngx_tidraw_gauge(room->rooms->site, NGX_TIDRAW_COUNT_BOARDS,
                     room->rooms->nrooms);

    if (room->unload.timer_set) {
        ngx_del_timer(&room->unload);
    }

    if (room->answers.timer_set) {
        ngx_del_timer(&room->answers);
    }

    if (room->load) {
        ngx_tidraw_op_cancel(room->load);
    }

    ngx_tidraw_commit_free(room);
    ngx_tidraw_fanout_free(room);
    ngx_tidraw_remote_free(room);

    if (room->snapshot) {
        ngx_tidraw_shared_free(room->snapshot);
    }

    td_room_free(&room->doc);

    ngx_free(room);
}


void
ngx_tidraw_room_changed(ngx_tidraw_room_t *room)
{
    if (room->snapshot && room->snapshot_clock != room->doc.clock) {
        ngx_tidraw_shared_free(room->snapshot);
        room->snapshot = NULL;
    }
}


ngx_tidraw_shared_t *
ngx_tidraw_room_snapshot(ngx_tidraw_room_t *room)
{
    td_buf_t            b;
    ngx_tidraw_slice_t  slice;

    ngx_tidraw_room_changed(room);

    if (room->snapshot) {
        return ngx_tidraw_shared_ref(room->snapshot);
    }

    ngx_memzero(&b, sizeof(td_buf_t));

    (void) td_buf_reserve(&b, room->doc.bytes + room->doc.nrecords * 64 + 1);

    td_room_write_all(&room->doc, &b);

    if (ngx_tidraw_slice_copy(&slice, &b, room->rooms->site->log) != NGX_OK) {
        return NULL;
    }

    room->snapshot = slice.owner;
    room->snapshot_clock = room->doc.clock;

    return ngx_tidraw_shared_ref(room->snapshot);
}
