
/*
 * The history of a board: the board at a moment, and back to it, as a change
 * like any other; copies of a moment, and names.
 */


#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_sync.h"


#define NGX_TIDRAW_HISTORY_TRIES     5
#define NGX_TIDRAW_HISTORY_NAMED     200       /* of a board: each is whole */


typedef struct {
    uint64_t            clock;
    ngx_uint_t          tries;
    ngx_str_t           name;
} ngx_tidraw_history_t;


static ngx_tidraw_history_t *ngx_tidraw_history_create(
    ngx_tidraw_call_t *call);
static ngx_int_t ngx_tidraw_history_ask(ngx_tidraw_call_t *call,
    ngx_uint_t what, ngx_tidraw_call_replay_pt handler);
static void ngx_tidraw_history_snapshot(ngx_tidraw_call_t *call,
    ngx_tidraw_replay_t *replay);
static void ngx_tidraw_history_restore(ngx_tidraw_call_t *call,
    ngx_tidraw_replay_t *replay);
static ngx_int_t ngx_tidraw_history_change(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op, ngx_tidraw_replay_t *replay);
static void ngx_tidraw_history_restored(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_history_moved(ngx_tidraw_call_t *call, uint64_t clock,
    uint64_t before);
static void ngx_tidraw_history_copy(ngx_tidraw_call_t *call,
    ngx_tidraw_replay_t *replay);
static void ngx_tidraw_history_name(ngx_tidraw_call_t *call,
    ngx_tidraw_replay_t *replay);
static void ngx_tidraw_history_named(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


static ngx_tidraw_history_t *
ngx_tidraw_history_create(ngx_tidraw_call_t *call)
{
    ngx_tidraw_history_t  *h;

    h = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_history_t));

    if (h == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    call->state = h;

    return h;
}


/* The second parameter is the clock. */

static ngx_int_t
ngx_tidraw_history_ask(ngx_tidraw_call_t *call, ngx_uint_t what,
    ngx_tidraw_call_replay_pt handler)
{
    ngx_tidraw_history_t  *h;

    h = call->state;

    if (h == NULL) {
        h = ngx_tidraw_history_create(call);
        if (h == NULL) {
            return NGX_ERROR;
        }
    }

    h->clock = ngx_atotm(call->params[1].data, call->params[1].len);

    ngx_tidraw_call_replay(call, h->clock, what, handler);

    return NGX_OK;
}


/* The board then: GET api/rooms/ID/history/CLOCK */

void
ngx_tidraw_http_history_get(ngx_tidraw_call_t *call)
{
    (void) ngx_tidraw_history_ask(call, NGX_TIDRAW_REPLAY_THEN,
                                  ngx_tidraw_history_snapshot);
}


static void
ngx_tidraw_history_snapshot(ngx_tidraw_call_t *call,
    ngx_tidraw_replay_t *replay)
{
    td_buf_t          *b;
    ngx_uint_t         n;
    const td_entry_t  *e;

    b = &call->out;

    (void) td_buf_reserve(b, replay->then->bytes
                             + replay->then->nrecords * 64 + 512);

    td_buf_lit(b, "{\"clock\":");
    ngx_tidraw_json_int(b, replay->then->clock);
    td_buf_lit(b, ",\"documentClock\":");
    ngx_tidraw_json_int(b, replay->then->clock);

    if (replay->schema.len) {
        td_buf_lit(b, ",\"schema\":");
        td_buf_add(b, (char *) replay->schema.data, replay->schema.len);
    }

    td_buf_lit(b, ",\"documents\":[");

    n = 0;

    for (e = replay->then->oldest; e; e = e->next) {

        if (e->text == NULL) {
            continue;
        }

        if (n++) {
            td_buf_char(b, ',');
        }

        td_buf_lit(b, "{\"state\":");
        td_buf_add(b, e->text, e->text_len);
        td_buf_lit(b, ",\"lastChangedClock\":");
        ngx_tidraw_json_int(b, e->clock);
        td_buf_char(b, '}');
    }

    td_buf_lit(b, "]}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


/* Back to it: POST api/rooms/ID/history/CLOCK/restore */

void
ngx_tidraw_http_history_restore(ngx_tidraw_call_t *call)
{
    (void) ngx_tidraw_history_ask(call, NGX_TIDRAW_REPLAY_BOTH,
                                  ngx_tidraw_history_restore);
}


static void
ngx_tidraw_history_restore(ngx_tidraw_call_t *call,
    ngx_tidraw_replay_t *replay)
{
    ngx_tidraw_op_t       *op;
    ngx_tidraw_history_t  *h;

    h = call->state;

    if (replay->schema.len != replay->schema_now.len
        || ngx_memcmp(replay->schema.data, replay->schema_now.data,
                      replay->schema.len) != 0)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The board was moved to a newer editor since"
                              " then. Copy that moment to a new board.");
        return;
    }

    h->clock = replay->now;

    if (replay->diff.len <= 2) {
        ngx_tidraw_history_moved(call, h->clock, h->clock);
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    if (ngx_tidraw_history_change(call, op, replay) != NGX_OK) {
        ngx_tidraw_op_free(op);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_activity(call, op, "room.rewound", &call->params[0],
                             &call->params[1]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_history_restored);
}


/* A commit like any other, under the clock that was read. */

static ngx_int_t
ngx_tidraw_history_change(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_replay_t *replay)
{
    u_char            *p;
    int64_t            clock, now;
    td_str_t           s;
    ngx_str_t          id, text, people, changes;
    ngx_uint_t         kept;
    const td_entry_t  *e, *other;

    clock = replay->now + 1;
    now = ngx_tidraw_now();
    kept = (call->site->conf->history != 0);

    changes.len = replay->diff.len + 2;
    changes.data = ngx_pnalloc(op->pool, changes.len);
    people.data = ngx_pnalloc(op->pool, call->user_id.len + 5);

    if (changes.data == NULL || people.data == NULL) {
        return NGX_ERROR;
    }

    p = changes.data;
    *p++ = '[';
    p = ngx_cpymem(p, replay->diff.data, replay->diff.len);
    *p = ']';

    /* a guest who edits by a link has no name here */

    people.len = ngx_sprintf(people.data, call->user_id.len ? "[\"%V\"]"
                                                            : "[\"~\"]",
                             &call->user_id)
                 - people.data;

    if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_COMMIT, "iiiisiiii",
                           call->room, (int64_t) replay->now, clock, now,
                           &replay->schema_now, (int64_t) 0,
                           kept ? (int64_t) changes.len : (int64_t) 0,
                           kept ? (int64_t) 0 : (int64_t) 1,
                           (int64_t) replay->then->bytes)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (kept
        && ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_PUT, "iiiiSS",
                              call->room, clock, (int64_t) replay->now, now,
                              &people, &changes)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (e = replay->then->oldest; e; e = e->next) {

        if (e->text == NULL) {
            continue;
        }

        s.data = e->id;
        s.len = e->id_len;

        other = td_room_get(replay->today, s);

        if (other && other->text_len == e->text_len
            && ngx_memcmp(other->text, e->text, e->text_len) == 0)
        {
            continue;
        }

        id.data = (u_char *) e->id;
        id.len = e->id_len;
        text.data = (u_char *) e->text;
        text.len = e->text_len;

        if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOMBSTONE_DELETE, "is",
                               call->room, &id)
            != NGX_OK
            || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_PUT, "isis",
                                  call->room, &id, clock, &text)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (e = replay->today->oldest; e; e = e->next) {

        s.data = e->id;
        s.len = e->id_len;

        other = td_room_get(replay->then, s);

        if (other && other->text) {
            continue;
        }

        id.data = (u_char *) e->id;
        id.len = e->id_len;

        if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_DELETE, "is",
                               call->room, &id)
            != NGX_OK
            || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOMBSTONE_PUT, "isi",
                                  call->room, &id, clock)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_tidraw_history_restored(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_history_t  *h;

    h = call->state;

    if (op->rc != NGX_OK) {

        /* somebody draws: the same again from where the board is now */

        if (++h->tries < NGX_TIDRAW_HISTORY_TRIES) {
            ngx_tidraw_http_history_restore(call);
            return;
        }

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The board is being changed. Try again.");
        return;
    }

    ngx_tidraw_sync_moved(call->site, &call->params[0], h->clock + 1);

    ngx_tidraw_history_moved(call, h->clock + 1, h->clock);
}


/* The clock before is what undoes it. */

static void
ngx_tidraw_history_moved(ngx_tidraw_call_t *call, uint64_t clock,
    uint64_t before)
{
    td_buf_lit(&call->out, "{\"clock\":");
    ngx_tidraw_json_int(&call->out, clock);
    td_buf_lit(&call->out, ",\"before\":");
    ngx_tidraw_json_int(&call->out, before);
    td_buf_char(&call->out, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


/* A board of its own: POST api/rooms/ID/history/CLOCK/copy */

void
ngx_tidraw_http_history_copy(ngx_tidraw_call_t *call)
{
    ngx_tidraw_history_t  *h;

    h = ngx_tidraw_history_create(call);

    if (h == NULL
        || ngx_tidraw_field_name(call, "name", 0, &h->name) != NGX_OK)
    {
        return;
    }

    (void) ngx_tidraw_history_ask(call, NGX_TIDRAW_REPLAY_THEN,
                                  ngx_tidraw_history_copy);
}


static void
ngx_tidraw_history_copy(ngx_tidraw_call_t *call, ngx_tidraw_replay_t *replay)
{
    ngx_str_t               room, id, text;
    const td_entry_t       *e;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_history_t   *h;
    ngx_tidraw_room_new_t   new;

    h = call->state;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    ngx_memzero(&new, sizeof(ngx_tidraw_room_new_t));

    new.name = h->name;
    new.schema = replay->schema;

    if (ngx_tidraw_room_new(call, op, &new) != NGX_OK) {
        return;
    }

    room.len = NGX_TIDRAW_ID_LEN;
    room.data = new.id;

    for (e = replay->then->oldest; e; e = e->next) {

        if (e->text == NULL) {
            continue;
        }

        id.data = (u_char *) e->id;
        id.len = e->id_len;
        text.data = (u_char *) e->text;
        text.len = e->text_len;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_NEW, "sss",
                                  &room, &id, &text);
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILES_COPY, "issi",
                              call->room, &room, &call->user_id,
                              ngx_tidraw_now());

    ngx_tidraw_room_new_run(call, op, &new, "room.duplicated");
}


/*
 * Its name: PUT api/rooms/ID/history/CLOCK/name.  What has one is stored
 * whole and stays, however old.
 */

void
ngx_tidraw_http_history_name(ngx_tidraw_call_t *call)
{
    ngx_tidraw_history_t  *h;

    h = ngx_tidraw_history_create(call);

    if (h == NULL
        || ngx_tidraw_field_name(call, "name", 0, &h->name) != NGX_OK)
    {
        return;
    }

    (void) ngx_tidraw_history_ask(call, NGX_TIDRAW_REPLAY_THEN,
                                  ngx_tidraw_history_name);
}


static void
ngx_tidraw_history_name(ngx_tidraw_call_t *call, ngx_tidraw_replay_t *replay)
{
    td_buf_t               b;
    ngx_str_t              state;
    ngx_tidraw_op_t       *op;
    ngx_tidraw_history_t  *h;

    h = call->state;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    ngx_memzero(&b, sizeof(td_buf_t));

    (void) td_buf_reserve(&b, replay->then->bytes
                              + replay->then->nrecords * 64 + 1);
    td_room_write_all(replay->then, &b);

    state.data = (u_char *) b.data;
    state.len = b.len;

    if (b.failed
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_STATE_NAME, "iissssii",
                              call->room, (int64_t) h->clock, &replay->schema,
                              &state, &h->name, &call->user_id,
                              ngx_tidraw_now(),
                              (int64_t) NGX_TIDRAW_HISTORY_NAMED)
           != NGX_OK)
    {
        td_buf_free(&b);
        ngx_tidraw_op_free(op);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    td_buf_free(&b);

    ngx_tidraw_call_run(call, op, ngx_tidraw_history_named);
}


void
ngx_tidraw_http_history_unname(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_STATE_UNNAME, "ii",
                              call->room,
                              (int64_t) ngx_atotm(call->params[1].data,
                                                  call->params[1].len));

    ngx_tidraw_call_run(call, op, ngx_tidraw_history_named);
}


static void
ngx_tidraw_history_named(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc == NGX_DECLINED && call->state != NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The board has as many named versions as it"
                              " may. Take the name from one of them.");
        return;
    }

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such version.");
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
