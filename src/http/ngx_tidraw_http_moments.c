
/*
 * When somebody changed a board and who, and its versions that have a name:
 * what the slider of the history shows.
 */


#include "ngx_tidraw_http_room.h"


#define NGX_TIDRAW_MOMENTS_WANTED    500       /* in an answer, about */
#define NGX_TIDRAW_MOMENTS_ROWS      4000      /* of its operation */
#define NGX_TIDRAW_MOMENTS_STEP      1000      /* ms, the shortest */
#define NGX_TIDRAW_MOMENTS_PEOPLE    64


typedef struct {
    int64_t             from;
    int64_t             to;
    int64_t             step;

    td_buf_t            moments;                   /* freed with the pool */
    td_buf_t            versions;
    ngx_str_t           people[NGX_TIDRAW_MOMENTS_PEOPLE];
    ngx_uint_t          npeople;
} ngx_tidraw_moments_t;


static void ngx_tidraw_moments_cleanup(void *data);
static ngx_int_t ngx_tidraw_moments_arg(ngx_tidraw_call_t *call,
    const char *name, int64_t *value);
static void ngx_tidraw_moments_bounds(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_moments_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_moments_write(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_moments_person(ngx_tidraw_call_t *call,
    ngx_tidraw_moments_t *h, td_buf_t *b, td_str_t s);
static void ngx_tidraw_moments_versions(ngx_tidraw_moments_t *h,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_moments_answer(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


/* Moments: GET api/rooms/ID/history?from=&to=&step= */

void
ngx_tidraw_http_history_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t       *op;
    ngx_pool_cleanup_t    *cln;
    ngx_tidraw_moments_t  *h;

    cln = ngx_pool_cleanup_add(call->request->pool,
                               sizeof(ngx_tidraw_moments_t));
    if (cln == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    h = cln->data;
    ngx_memzero(h, sizeof(ngx_tidraw_moments_t));
    cln->handler = ngx_tidraw_moments_cleanup;

    call->state = h;

    if (ngx_tidraw_moments_arg(call, "from", &h->from) != NGX_OK
        || ngx_tidraw_moments_arg(call, "to", &h->to) != NGX_OK
        || ngx_tidraw_moments_arg(call, "step", &h->step) != NGX_OK)
    {
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_BOUNDS, "i",
                              call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_moments_bounds);
}


static void
ngx_tidraw_moments_cleanup(void *data)
{
    ngx_tidraw_moments_t  *h = data;

    td_buf_free(&h->moments);
    td_buf_free(&h->versions);
}


/* NGX_OK, also when it is absent, or it has answered. */

static ngx_int_t
ngx_tidraw_moments_arg(ngx_tidraw_call_t *call, const char *name,
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
ngx_tidraw_moments_bounds(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    int64_t                first, last;
    ngx_tidraw_moments_t  *h;

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
        h->step = (h->to - h->from) / NGX_TIDRAW_MOMENTS_WANTED;
    }

    h->step = ngx_max(h->step, NGX_TIDRAW_MOMENTS_STEP);

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_MOMENTS, "iiiii",
                              call->room, h->from, h->to, h->step,
                              (int64_t) NGX_TIDRAW_MOMENTS_ROWS);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_VERSIONS, "i",
                              call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_moments_listed);
}


/* Who they are is asked for once all of them are known. */

static void
ngx_tidraw_moments_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_uint_t             i;
    ngx_tidraw_moments_t  *h;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    h = call->state;

    ngx_tidraw_moments_write(call, &op->results[0]);
    ngx_tidraw_moments_versions(h, &op->results[1]);

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PING, "");

    for (i = 0; i < h->npeople; i++) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_PERSON, "s",
                                  &h->people[i]);
    }

    ngx_tidraw_call_run(call, op, ngx_tidraw_moments_answer);
}


/* Rows of one step of time are one moment: bucket, people, clock, time. */

static void
ngx_tidraw_moments_write(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res)
{
    int64_t                bucket, clock, at;
    uint32_t               k;
    td_buf_t              *b;
    ngx_str_t              text;
    td_json_t             *people;
    ngx_uint_t             i, open;
    ngx_tidraw_moments_t  *h;

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
                    ngx_tidraw_moments_person(call, h, b,
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
ngx_tidraw_moments_person(ngx_tidraw_call_t *call, ngx_tidraw_moments_t *h,
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

        if (i == NGX_TIDRAW_MOMENTS_PEOPLE) {
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
ngx_tidraw_moments_versions(ngx_tidraw_moments_t *h, ngx_tidraw_result_t *res)
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
ngx_tidraw_moments_answer(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t              *b;
    ngx_uint_t             i;
    ngx_tidraw_moments_t  *h;

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
