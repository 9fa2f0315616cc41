
/*
 * Goes through the boards, one at a time and never in a hurry.  What is older
 * than a day is thinned to one row a minute; what is older than tidraw_history
 * gives way to the board as it was then.
 *
 * The keeper has one thing under way: an operation, or a replay.  Another
 * host may do the same: whoever is first moves rooms.thinned, and what the
 * other has made is undone with its transaction.
 */


#include "ngx_tidraw_keep.h"
#include "ngx_tidraw_replay.h"


#define NGX_TIDRAW_KEEP_FIRST     5000       /* ms after the start */
#define NGX_TIDRAW_KEEP_NEXT      200        /* to the next board */
#define NGX_TIDRAW_KEEP_INTERVAL  3600000    /* to the next round */

#define NGX_TIDRAW_KEEP_DAY       ((int64_t) 86400 * 1000)
#define NGX_TIDRAW_KEEP_MINUTE    60000
#define NGX_TIDRAW_KEEP_ROWS      2000       /* thinned in one go */
#define NGX_TIDRAW_KEEP_BYTES     (16 * 1024 * 1024)  /* and about so much */
#define NGX_TIDRAW_KEEP_PEOPLE    32


typedef struct {
    uint64_t                since;
    uint64_t                clock;
    int64_t                 at;
    ngx_str_t               people;
    ngx_str_t               changes;
    ngx_uint_t              first;           /* of its minute, or behind a
                                                state */
} ngx_tidraw_keep_row_t;


struct ngx_tidraw_keep_s {
    ngx_tidraw_site_t      *site;
    ngx_event_t             timer;
    ngx_connection_t        dummy;

    ngx_tidraw_op_t        *op;              /* pending */
    ngx_tidraw_replay_t    *replay;          /* pending */

    int64_t                 room;            /* where it is */
    int64_t                 thinned;         /* of that room */
    uint64_t                clock;           /* the last that is forgotten */
    int64_t                 at;

    ngx_pool_t             *pool;            /* of the rows, while it thins */
    ngx_tidraw_keep_row_t  *rows;
    ngx_uint_t              nrows;
    ngx_array_t             thin;            /* ngx_tidraw_keep_row_t; filled
                                                in the thread */
    td_buf_t                texts;           /* theirs */
};


static void ngx_tidraw_keep_handler(ngx_event_t *ev);
static ngx_int_t ngx_tidraw_keep_run(ngx_tidraw_keep_t *keep,
    ngx_tidraw_op_t *op, ngx_int_t rc, ngx_tidraw_op_pt handler);
static void ngx_tidraw_keep_found(ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_keep_forget(ngx_tidraw_keep_t *keep);
static void ngx_tidraw_keep_last(ngx_tidraw_op_t *op);
static void ngx_tidraw_keep_base(ngx_tidraw_replay_t *replay);
static ngx_int_t ngx_tidraw_keep_thin(ngx_tidraw_keep_t *keep);
static void ngx_tidraw_keep_read(ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_keep_copy(ngx_tidraw_keep_t *keep,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_keep_work(ngx_tidraw_replay_t *replay);
static int ngx_tidraw_keep_merge(ngx_tidraw_keep_t *keep,
    td_history_t *history, td_arena_t *a, ngx_uint_t from, ngx_uint_t to);
static int ngx_tidraw_keep_people(td_arena_t *a, ngx_tidraw_keep_row_t *rows,
    ngx_uint_t n, td_buf_t *b);
static void ngx_tidraw_keep_write(ngx_tidraw_replay_t *replay);
static void ngx_tidraw_keep_done(ngx_tidraw_op_t *op);
static void ngx_tidraw_keep_next(ngx_tidraw_keep_t *keep, ngx_uint_t skip);
static void ngx_tidraw_keep_release(ngx_tidraw_keep_t *keep);


ngx_tidraw_keep_t *
ngx_tidraw_keep_create(ngx_tidraw_site_t *site)
{
    ngx_tidraw_keep_t  *keep;

    keep = ngx_calloc(sizeof(ngx_tidraw_keep_t), site->log);
    if (keep == NULL) {
        return NULL;
    }

    keep->site = site;

    keep->dummy.fd = (ngx_socket_t) -1;
    keep->dummy.data = keep;

    keep->timer.handler = ngx_tidraw_keep_handler;
    keep->timer.data = &keep->dummy;
    keep->timer.log = site->log;
    keep->timer.cancelable = 1;

    if (ngx_worker == 0 && site->conf->history != 0) {
        ngx_add_timer(&keep->timer, NGX_TIDRAW_KEEP_FIRST);
    }

    return keep;
}


void
ngx_tidraw_keep_destroy(ngx_tidraw_keep_t *keep)
{
    if (keep->timer.timer_set) {
        ngx_del_timer(&keep->timer);
    }

    if (keep->op) {
        ngx_tidraw_op_cancel(keep->op);
    }

    /* a replay that runs in a thread reads our rows: it has ended by now */

    if (keep->replay) {
        ngx_tidraw_replay_cancel(keep->replay);
    }

    ngx_tidraw_keep_release(keep);
    ngx_free(keep);
}


/* The next board with anything to do. */

static void
ngx_tidraw_keep_handler(ngx_event_t *ev)
{
    int64_t             now, old;
    ngx_int_t           rc;
    ngx_tidraw_op_t    *op;
    ngx_connection_t   *c;
    ngx_tidraw_keep_t  *keep;

    c = ev->data;
    keep = c->data;

    /* a day more, so that a board is not stored whole with every round */

    now = ngx_tidraw_now();
    old = now - (int64_t) keep->site->conf->history * 1000
          - NGX_TIDRAW_KEEP_DAY;

    op = ngx_tidraw_op_create(keep->site->store, 0);
    rc = NGX_ERROR;

    if (op != NULL) {
        rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_KEEP_FIND, "iii",
                                keep->room, old, now - NGX_TIDRAW_KEEP_DAY);
    }

    (void) ngx_tidraw_keep_run(keep, op, rc, ngx_tidraw_keep_found);
}


/* rc: whether the steps of op could be made. */

static ngx_int_t
ngx_tidraw_keep_run(ngx_tidraw_keep_t *keep, ngx_tidraw_op_t *op,
    ngx_int_t rc, ngx_tidraw_op_pt handler)
{
    if (op == NULL || rc != NGX_OK) {

        if (op) {
            ngx_tidraw_op_free(op);
        }

        ngx_tidraw_keep_next(keep, 1);
        return NGX_ERROR;
    }

    keep->op = op;
    ngx_tidraw_op_run(op, handler, keep);

    return NGX_OK;
}


/* num, thinned, whether its first row is too old, whether some are to thin */

static void
ngx_tidraw_keep_found(ngx_tidraw_op_t *op)
{
    ngx_tidraw_keep_t  *keep;

    keep = op->data;
    keep->op = NULL;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        keep->room = 0;
        ngx_add_timer(&keep->timer, NGX_TIDRAW_KEEP_INTERVAL);
        return;
    }

    keep->room = ngx_tidraw_cell_int(op->results, 0, 0);
    keep->thinned = ngx_tidraw_cell_int(op->results, 0, 1);

    (void) (ngx_tidraw_cell_int(op->results, 0, 2)
            ? ngx_tidraw_keep_forget(keep) : ngx_tidraw_keep_thin(keep));
}


/* The last row that is too old: the board is stored as it was then. */

static ngx_int_t
ngx_tidraw_keep_forget(ngx_tidraw_keep_t *keep)
{
    ngx_int_t         rc;
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_op_create(keep->site->store, 0);
    rc = NGX_ERROR;

    if (op != NULL) {
        rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_KEEP_LAST, "ii",
                                keep->room,
                                ngx_tidraw_now()
                                - (int64_t) keep->site->conf->history * 1000);
    }

    return ngx_tidraw_keep_run(keep, op, rc, ngx_tidraw_keep_last);
}


static void
ngx_tidraw_keep_last(ngx_tidraw_op_t *op)
{
    ngx_tidraw_keep_t  *keep;

    keep = op->data;
    keep->op = NULL;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_tidraw_keep_next(keep, 1);
        return;
    }

    keep->clock = ngx_tidraw_cell_int(op->results, 0, 0);
    keep->at = ngx_tidraw_cell_int(op->results, 0, 1);

    keep->replay = ngx_tidraw_replay(keep->site, keep->room, keep->clock,
                                     NGX_TIDRAW_REPLAY_THEN,
                                     ngx_tidraw_keep_base, keep);
    if (keep->replay == NULL) {
        ngx_tidraw_keep_next(keep, 1);
    }
}


static void
ngx_tidraw_keep_base(ngx_tidraw_replay_t *replay)
{
    td_buf_t            b;
    ngx_int_t           rc;
    ngx_str_t           state;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_keep_t  *keep;

    keep = replay->data;
    keep->replay = NULL;

    /* what nothing leads to is of no use to anybody */

    if (replay->rc != NGX_OK && replay->rc != NGX_DECLINED) {
        ngx_tidraw_keep_next(keep, 1);
        return;
    }

    op = ngx_tidraw_op_create(keep->site->store, 1);
    if (op == NULL) {
        ngx_tidraw_keep_next(keep, 1);
        return;
    }

    rc = NGX_OK;

    if (replay->rc == NGX_OK) {
        ngx_memzero(&b, sizeof(td_buf_t));
        td_room_write_all(replay->then, &b);

        state.data = (u_char *) (b.data ? b.data : "");
        state.len = b.len;

        rc = b.failed ? NGX_ERROR
                      : ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_STATE_PUT,
                                           "iiiss", keep->room,
                                           (int64_t) keep->clock, keep->at,
                                           &replay->schema, &state);
        td_buf_free(&b);
    }

    if (rc == NGX_OK) {
        rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_FORGET, "ii",
                                keep->room, (int64_t) keep->clock);
    }

    if (rc == NGX_OK) {
        rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_STATES_FORGET, "ii",
                                keep->room, (int64_t) keep->clock);
    }

    (void) ngx_tidraw_keep_run(keep, op, rc, ngx_tidraw_keep_done);
}


static ngx_int_t
ngx_tidraw_keep_thin(ngx_tidraw_keep_t *keep)
{
    int64_t           old;
    ngx_int_t         rc;
    ngx_tidraw_op_t  *op;

    old = ngx_tidraw_now() - NGX_TIDRAW_KEEP_DAY;

    op = ngx_tidraw_op_create(keep->site->store, 0);
    rc = NGX_ERROR;

    if (op != NULL) {
        rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_KEEP_ROWS, "iiiii",
                                keep->room, keep->thinned, old,
                                (int64_t) NGX_TIDRAW_KEEP_ROWS,
                                (int64_t) NGX_TIDRAW_KEEP_BYTES);
    }

    return ngx_tidraw_keep_run(keep, op, rc, ngx_tidraw_keep_read);
}


static void
ngx_tidraw_keep_read(ngx_tidraw_op_t *op)
{
    ngx_tidraw_keep_t  *keep;

    keep = op->data;
    keep->op = NULL;

    if (op->rc != NGX_OK
        || op->results->nrows == 0
        || ngx_tidraw_keep_copy(keep, op) != NGX_OK)
    {
        ngx_tidraw_keep_next(keep, 1);
        return;
    }

    keep->replay = ngx_tidraw_replay(keep->site, keep->room,
                                     keep->rows[0].since,
                                     NGX_TIDRAW_REPLAY_THEN,
                                     ngx_tidraw_keep_write, keep);
    if (keep->replay == NULL) {
        ngx_tidraw_keep_next(keep, 1);
        return;
    }

    keep->replay->work = ngx_tidraw_keep_work;
}


/* since, clock, at, people, changes, whether a state stands at "since" */

static ngx_int_t
ngx_tidraw_keep_copy(ngx_tidraw_keep_t *keep, ngx_tidraw_op_t *op)
{
    u_char                 *p;
    ngx_uint_t              i;
    ngx_tidraw_result_t    *res;
    ngx_tidraw_keep_row_t  *row;

    res = op->results;

    keep->pool = ngx_create_pool(4096, keep->site->log);
    if (keep->pool == NULL) {
        return NGX_ERROR;
    }

    keep->nrows = res->nrows;
    keep->rows = ngx_palloc(keep->pool,
                            res->nrows * sizeof(ngx_tidraw_keep_row_t));
    p = ngx_pnalloc(keep->pool, ngx_tidraw_result_size(res));

    if (keep->rows == NULL
        || p == NULL
        || ngx_array_init(&keep->thin, keep->pool, res->nrows,
                          sizeof(ngx_tidraw_keep_row_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < res->nrows; i++) {
        row = &keep->rows[i];

        row->since = ngx_tidraw_cell_int(res, i, 0);
        row->clock = ngx_tidraw_cell_int(res, i, 1);
        row->at = ngx_tidraw_cell_int(res, i, 2);

        row->people = ngx_tidraw_cell_str(res, i, 3);
        ngx_memcpy(p, row->people.data, row->people.len);
        row->people.data = p;
        p += row->people.len;

        row->changes = ngx_tidraw_cell_str(res, i, 4);
        ngx_memcpy(p, row->changes.data, row->changes.len);
        row->changes.data = p;
        p += row->changes.len;

        row->first = (i == 0
                      || ngx_tidraw_cell_int(res, i, 5)
                      || row->since != row[-1].clock
                      || row->at / NGX_TIDRAW_KEEP_MINUTE
                         != row[-1].at / NGX_TIDRAW_KEEP_MINUTE);
    }

    return NGX_OK;
}


/* In a thread: the rows, the array and the buffer are its alone meanwhile. */

static void
ngx_tidraw_keep_work(ngx_tidraw_replay_t *replay)
{
    ngx_uint_t          i, n;
    td_arena_t         *a;
    ngx_tidraw_keep_t  *keep;

    keep = replay->data;

    a = td_arena_create(4096, 0);
    if (a == NULL) {
        replay->rc = NGX_ERROR;
        return;
    }

    for (i = 0; i < keep->nrows; i += n) {

        for (n = 1; i + n < keep->nrows && !keep->rows[i + n].first; n++) {
            /* void */
        }

        /* where the rows have a gap the rest is left as it is */

        if (ngx_tidraw_keep_merge(keep, replay->history, a, i, i + n)
            != TD_OK)
        {
            break;
        }
    }

    td_arena_destroy(a);
}


static int
ngx_tidraw_keep_merge(ngx_tidraw_keep_t *keep, td_history_t *history,
    td_arena_t *a, ngx_uint_t from, ngx_uint_t to)
{
    int                     rc;
    td_str_t                changes;
    ngx_uint_t              i;
    ngx_tidraw_keep_row_t  *row, *thin;

    rc = td_history_mark(history);

    for (i = from; rc == TD_OK && i < to; i++) {
        row = &keep->rows[i];

        changes.data = (char *) row->changes.data;
        changes.len = row->changes.len;

        rc = td_history_row(history, changes, row->since, row->clock,
                            row->clock);
    }

    if (rc != TD_OK) {
        return rc;
    }

    /* the array was made large enough */

    thin = ngx_array_push(&keep->thin);

    thin->since = keep->rows[from].since;
    thin->clock = keep->rows[to - 1].clock;
    thin->at = keep->rows[to - 1].at;

    thin->people.len = keep->texts.len;
    rc = ngx_tidraw_keep_people(a, &keep->rows[from], to - from,
                                &keep->texts);
    thin->people.len = keep->texts.len - thin->people.len;

    if (rc == TD_OK) {
        thin->changes.len = keep->texts.len;
        rc = td_history_since_mark(history, &keep->texts);
        thin->changes.len = keep->texts.len - thin->changes.len;
    }

    if (rc != TD_OK) {
        keep->thin.nelts--;
    }

    return rc;
}


/* Everybody once. */

static int
ngx_tidraw_keep_people(td_arena_t *a, ngx_tidraw_keep_row_t *rows,
    ngx_uint_t n, td_buf_t *b)
{
    uint32_t     k;
    td_str_t     who[NGX_TIDRAW_KEEP_PEOPLE];
    td_json_t   *list;
    ngx_uint_t   i, j, nwho;

    td_arena_reset(a);

    nwho = 0;

    td_buf_char(b, '[');

    for (i = 0; i < n; i++) {

        if (td_json_parse(a, (char *) rows[i].people.data, rows[i].people.len,
                          4, &list)
            != TD_OK
            || list->type != TD_ARRAY)
        {
            continue;
        }

        for (k = 0; k < list->count; k++) {

            for (j = 0; j < nwho; j++) {
                if (td_str_eq(who[j], list->u.items[k]->raw)) {
                    break;
                }
            }

            if (j < nwho || nwho == NGX_TIDRAW_KEEP_PEOPLE) {
                continue;
            }

            if (nwho) {
                td_buf_char(b, ',');
            }

            who[nwho] = list->u.items[k]->raw;
            td_buf_str(b, who[nwho]);
            nwho++;
        }
    }

    td_buf_char(b, ']');

    return b->failed ? TD_NOMEM : TD_OK;
}


static void
ngx_tidraw_keep_write(ngx_tidraw_replay_t *replay)
{
    u_char                 *p;
    int64_t                 last;
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_keep_t      *keep;
    ngx_tidraw_keep_row_t  *thin;

    keep = replay->data;
    keep->replay = NULL;

    if (replay->rc != NGX_OK && replay->rc != NGX_DECLINED) {
        ngx_tidraw_keep_next(keep, 1);
        return;
    }

    op = ngx_tidraw_op_create(keep->site->store, 1);
    if (op == NULL) {
        ngx_tidraw_keep_next(keep, 1);
        return;
    }

    /* where nothing leads to, or behind a gap, there is nothing to thin */

    thin = keep->thin.elts;
    i = keep->thin.nelts;

    last = (i == 0) ? keep->rows[keep->nrows - 1].clock : thin[i - 1].clock;

    rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_KEEP_THINNED, "iii",
                            keep->room, keep->thinned, last);

    if (rc == NGX_OK && i != 0) {
        rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_CUT, "iii",
                                keep->room, keep->thinned, last);
    }

    p = (u_char *) keep->texts.data;

    for (i = 0; rc == NGX_OK && i < keep->thin.nelts; i++) {

        thin[i].people.data = p;
        thin[i].changes.data = p + thin[i].people.len;
        p = thin[i].changes.data + thin[i].changes.len;

        rc = ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_PUT, "iiiiss",
                                keep->room, (int64_t) thin[i].clock,
                                (int64_t) thin[i].since, thin[i].at,
                                &thin[i].people, &thin[i].changes);
    }

    (void) ngx_tidraw_keep_run(keep, op, rc, ngx_tidraw_keep_done);
}


static void
ngx_tidraw_keep_done(ngx_tidraw_op_t *op)
{
    ngx_tidraw_keep_t  *keep;

    keep = op->data;
    keep->op = NULL;

    ngx_tidraw_keep_next(keep, op->rc != NGX_OK);
}


/* The same board again until there is no more to do, or it is left alone. */

static void
ngx_tidraw_keep_next(ngx_tidraw_keep_t *keep, ngx_uint_t skip)
{
    ngx_tidraw_keep_release(keep);

    if (!skip) {
        keep->room--;
    }

    ngx_add_timer(&keep->timer, NGX_TIDRAW_KEEP_NEXT);
}


static void
ngx_tidraw_keep_release(ngx_tidraw_keep_t *keep)
{
    if (keep->pool) {
        ngx_destroy_pool(keep->pool);
        keep->pool = NULL;
    }

    td_buf_free(&keep->texts);
    ngx_memzero(&keep->texts, sizeof(td_buf_t));

    keep->rows = NULL;
    keep->nrows = 0;
}
