
/*
 * The history of a board: when somebody changed it and who, the board at a
 * moment, and back to it, as a change like any other.
 */


#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_sync.h"


#define NGX_TIDRAW_HISTORY_MOMENTS   500       /* of an answer, about */
#define NGX_TIDRAW_HISTORY_ROWS      4000      /* of its operation */
#define NGX_TIDRAW_HISTORY_STEP      1000      /* ms, the shortest */
#define NGX_TIDRAW_HISTORY_PEOPLE    64
#define NGX_TIDRAW_HISTORY_TRIES     5


typedef struct {
    int64_t             from;
    int64_t             to;
    int64_t             step;
    uint64_t            clock;
    ngx_uint_t          tries;
    ngx_uint_t          copy;
    ngx_str_t           name;

    td_buf_t            moments;                   /* freed with the pool */
    td_buf_t            versions;
    ngx_str_t           people[NGX_TIDRAW_HISTORY_PEOPLE];
    ngx_uint_t          npeople;
} ngx_tidraw_history_t;


static ngx_tidraw_history_t *ngx_tidraw_history_create(
    ngx_tidraw_call_t *call);
static void ngx_tidraw_history_cleanup(void *data);
static ngx_int_t ngx_tidraw_history_arg(ngx_tidraw_call_t *call,
    const char *name, int64_t *value);
static void ngx_tidraw_history_bounds(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_history_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_history_moments(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_history_person(ngx_tidraw_call_t *call,
    ngx_tidraw_history_t *h, td_buf_t *b, td_str_t s);
static void ngx_tidraw_history_versions(ngx_tidraw_history_t *h,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_history_answer(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
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


/* Moments: GET api/rooms/ID/history?from=&to=&step= */

void
ngx_tidraw_http_history_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t       *op;
    ngx_tidraw_history_t  *h;

    h = ngx_tidraw_history_create(call);
    if (h == NULL) {
        return;
    }

    if (ngx_tidraw_history_arg(call, "from", &h->from) != NGX_OK
        || ngx_tidraw_history_arg(call, "to", &h->to) != NGX_OK
        || ngx_tidraw_history_arg(call, "step", &h->step) != NGX_OK)
    {
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_BOUNDS, "i",
                              call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_history_bounds);
}


static ngx_tidraw_history_t *
ngx_tidraw_history_create(ngx_tidraw_call_t *call)
{
    ngx_pool_cleanup_t    *cln;
    ngx_tidraw_history_t  *h;

    cln = ngx_pool_cleanup_add(call->request->pool,
                               sizeof(ngx_tidraw_history_t));
    if (cln == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    h = cln->data;
    ngx_memzero(h, sizeof(ngx_tidraw_history_t));
    cln->handler = ngx_tidraw_history_cleanup;

    call->state = h;

    return h;
}


static void
ngx_tidraw_history_cleanup(void *data)
{
    ngx_tidraw_history_t  *h = data;

    td_buf_free(&h->moments);
    td_buf_free(&h->versions);
}


/* NGX_OK, also when it is absent, or it has answered. */

static ngx_int_t
ngx_tidraw_history_arg(ngx_tidraw_call_t *call, const char *name,
    int64_t *value)
{
    ngx_str_t  arg;

    if (ngx_http_arg(call->request, (u_char *) name, ngx_strlen(name), &arg)
        != NGX_OK)
    {
        return NGX_OK;
    }

    *value = ngx_atotm(arg.data, arg.len);

    if (*value == NGX_ERROR) {
        ngx_tidraw_call_bad_field(call, name, "A time in milliseconds.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_tidraw_history_bounds(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    int64_t                first, last;
    ngx_tidraw_history_t  *h;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    h = call->state;

    first = ngx_tidraw_cell_int(op->results, 0, 0);
    last = ngx_tidraw_cell_int(op->results, 0, 1);

    h->from = ngx_max(h->from, first);
    h->to = (h->to == 0) ? last : ngx_min(h->to, last);

    if (h->step == 0) {
        h->step = (h->to - h->from) / NGX_TIDRAW_HISTORY_MOMENTS;
    }

    h->step = ngx_max(h->step, NGX_TIDRAW_HISTORY_STEP);

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_MOMENTS, "iiiii",
                              call->room, h->from, h->to, h->step,
                              (int64_t) NGX_TIDRAW_HISTORY_ROWS);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_VERSIONS, "i",
                              call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_history_listed);
}


/* Who they are is asked for once all of them are known. */

static void
ngx_tidraw_history_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_uint_t             i;
    ngx_tidraw_history_t  *h;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    h = call->state;

    ngx_tidraw_history_moments(call, &op->results[0]);
    ngx_tidraw_history_versions(h, &op->results[1]);

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PING, "");

    for (i = 0; i < h->npeople; i++) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_PERSON, "s",
                                  &h->people[i]);
    }

    ngx_tidraw_call_run(call, op, ngx_tidraw_history_answer);
}


/* Rows of one step of time are one moment: bucket, people, clock, time. */

static void
ngx_tidraw_history_moments(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res)
{
    int64_t                bucket, clock, at;
    uint32_t               k;
    td_buf_t              *b;
    ngx_str_t              text;
    td_json_t             *people;
    ngx_uint_t             i, open;
    ngx_tidraw_history_t  *h;

    h = call->state;
    b = &h->moments;
    open = 0;
    clock = 0;
    at = 0;

    if (call->arena == NULL) {
        call->arena = td_arena_create(4096, 0);
    }

    for (i = 0; call->arena != NULL && i < res->nrows; i++) {

        bucket = ngx_tidraw_cell_int(res, i, 0);
        clock = ngx_max(clock, ngx_tidraw_cell_int(res, i, 2));
        at = ngx_max(at, ngx_tidraw_cell_int(res, i, 3));

        if (!open) {
            td_buf_lit(b, "{\"people\":[");
            open = 1;
        }

        text = ngx_tidraw_cell_str(res, i, 1);

        if (td_json_parse(call->arena, (char *) text.data, text.len, 4,
                          &people)
            == TD_OK
            && people->type == TD_ARRAY)
        {
            for (k = 0; k < people->count; k++) {
                if (people->u.items[k]->type == TD_STRING) {
                    ngx_tidraw_history_person(call, h, b,
                                              people->u.items[k]->u.string);
                }
            }
        }

        if (i + 1 < res->nrows
            && ngx_tidraw_cell_int(res, i + 1, 0) == bucket)
        {
            continue;
        }

        if (b->len && b->data[b->len - 1] == ',') {
            b->len--;
        }

        td_buf_lit(b, "],\"clock\":");
        ngx_tidraw_json_int(b, clock);
        td_buf_lit(b, ",\"at\":");
        ngx_tidraw_json_int(b, at);
        td_buf_lit(b, "},");

        open = 0;
        clock = 0;
        at = 0;
    }
}


/* A user's id, to be looked up, or a guest's name, followed by a comma. */

static void
ngx_tidraw_history_person(ngx_tidraw_call_t *call, ngx_tidraw_history_t *h,
    td_buf_t *b, td_str_t s)
{
    u_char      *p;
    ngx_str_t    name;
    ngx_uint_t   i;

    if (s.len && s.data[0] == '~') {
        name.data = (u_char *) s.data + 1;
        name.len = s.len - 1;

        td_buf_lit(b, "{\"name\":");
        ngx_tidraw_json_str(b, &name);
        td_buf_lit(b, "},");

        return;
    }

    for (i = 0; i < h->npeople; i++) {
        if (h->people[i].len == s.len
            && ngx_memcmp(h->people[i].data, s.data, s.len) == 0)
        {
            break;
        }
    }

    if (i == h->npeople) {

        if (i == NGX_TIDRAW_HISTORY_PEOPLE) {
            return;
        }

        p = ngx_pnalloc(call->request->pool, s.len + 1);
        if (p == NULL) {
            return;
        }

        ngx_memcpy(p, s.data, s.len);

        h->people[i].data = p;
        h->people[i].len = s.len;
        h->npeople++;
    }

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_str(b, &h->people[i]);
    td_buf_lit(b, "},");
}


static void
ngx_tidraw_history_versions(ngx_tidraw_history_t *h, ngx_tidraw_result_t *res)
{
    td_buf_t    *b;
    ngx_uint_t   i;

    b = &h->versions;

    for (i = 0; i < res->nrows; i++) {
        td_buf_lit(b, "{\"clock\":");
        ngx_tidraw_json_cell_int(b, res, i, 0);
        td_buf_lit(b, ",\"at\":");
        ngx_tidraw_json_cell_int(b, res, i, 1);
        td_buf_lit(b, ",\"name\":");
        ngx_tidraw_json_cell(b, res, i, 2);
        td_buf_lit(b, ",\"by\":");
        ngx_tidraw_json_person(b, res, i, 3);
        td_buf_lit(b, "},");
    }
}


static void
ngx_tidraw_history_answer(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t              *b;
    ngx_uint_t             i;
    ngx_tidraw_history_t  *h;

    h = call->state;
    b = &call->out;

    if (op->rc != NGX_OK || h->moments.failed || h->versions.failed) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    td_buf_lit(b, "{\"from\":");
    ngx_tidraw_json_int(b, h->from);
    td_buf_lit(b, ",\"to\":");
    ngx_tidraw_json_int(b, h->to);
    td_buf_lit(b, ",\"step\":");
    ngx_tidraw_json_int(b, h->step);

    td_buf_lit(b, ",\"moments\":[");
    td_buf_add(b, h->moments.data, h->moments.len ? h->moments.len - 1 : 0);
    td_buf_lit(b, "],\"versions\":[");
    td_buf_add(b, h->versions.data, h->versions.len ? h->versions.len - 1 : 0);
    td_buf_lit(b, "],\"people\":[");

    for (i = 1; i < op->nsteps; i++) {

        if (op->results[i].nrows) {
            ngx_tidraw_json_person(b, &op->results[i], 0, 0);
            td_buf_char(b, ',');
        }
    }

    if (b->data[b->len - 1] == ',') {
        b->len--;
    }

    td_buf_lit(b, "]}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
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
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_STATE_NAME, "iissssi",
                              call->room, (int64_t) h->clock, &replay->schema,
                              &state, &h->name, &call->user_id,
                              ngx_tidraw_now())
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
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such version.");
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
