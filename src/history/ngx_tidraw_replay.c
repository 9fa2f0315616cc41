
/*
 * A board as it was.  The texts are copied out of the operation, for the
 * thread works on memory of the replay alone; it parses and compares whole
 * boards, which would hold up the event loop.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_replay.h"


#define NGX_TIDRAW_REPLAY_MAX     8         /* at a time, in a worker */
#define NGX_TIDRAW_REPLAY_VALUES  (512 * 1024 * 1024)


typedef struct {
    ngx_str_t                  text;
    ngx_str_t                  id;           /* of a record */
    uint64_t                   since;
    uint64_t                   clock;
} ngx_tidraw_replay_row_t;


typedef struct {
    ngx_tidraw_replay_t        replay;
    ngx_thread_task_t          task;
    ngx_queue_t                queue;        /* ngx_tidraw_replays */

    ngx_tidraw_site_t         *site;
    ngx_tidraw_op_t           *op;           /* in flight */
    ngx_uint_t                 what;
    uint64_t                   clock;

    u_char                    *texts;        /* own allocation, also of the
                                                schemas */
    ngx_str_t                  state;        /* data NULL: there was none */
    uint64_t                   state_clock;
    ngx_tidraw_replay_row_t   *rows;         /* own allocation */
    ngx_uint_t                 nrows;
    ngx_uint_t                 nrecords;     /* of them, at the end: those of
                                                the board as it is */

    td_room_t                  today;

    unsigned                   running:1;
    unsigned                   cancelled:1;
} ngx_tidraw_replay_job_t;


static ngx_int_t ngx_tidraw_replay_read(ngx_tidraw_replay_job_t *job,
    int64_t room);
static void ngx_tidraw_replay_was_read(ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_replay_copy(ngx_tidraw_replay_job_t *job,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_replay_rows(ngx_tidraw_replay_job_t *job,
    ngx_tidraw_result_t *res, ngx_uint_t records, u_char **p);
static ngx_str_t ngx_tidraw_replay_text(ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t col, u_char **p);
static void ngx_tidraw_replay_thread(void *data, ngx_log_t *log);
static int ngx_tidraw_replay_then(ngx_tidraw_replay_job_t *job);
static int ngx_tidraw_replay_records(ngx_tidraw_replay_job_t *job,
    td_room_t *room);
static void ngx_tidraw_replay_done(ngx_event_t *ev);
static void ngx_tidraw_replay_finish(ngx_tidraw_replay_job_t *job,
    ngx_int_t rc);
static void ngx_tidraw_replay_free(ngx_tidraw_replay_job_t *job);


static ngx_queue_t  ngx_tidraw_replays;
static ngx_uint_t   ngx_tidraw_nreplays;


ngx_tidraw_replay_t *
ngx_tidraw_replay(ngx_tidraw_site_t *site, int64_t room, uint64_t clock,
    ngx_uint_t what, ngx_tidraw_replay_pt handler, void *data)
{
    ngx_tidraw_replay_job_t  *job;

    if (ngx_tidraw_nreplays >= NGX_TIDRAW_REPLAY_MAX) {
        return NULL;
    }

    job = ngx_calloc(sizeof(ngx_tidraw_replay_job_t), site->log);
    if (job == NULL) {
        return NULL;
    }

    job->site = site;
    job->what = what;
    job->clock = clock;

    job->replay.handler = handler;
    job->replay.data = data;

    job->task.ctx = job;
    job->task.handler = ngx_tidraw_replay_thread;
    job->task.event.data = job;
    job->task.event.handler = ngx_tidraw_replay_done;
    job->task.event.log = site->log;

    if (ngx_tidraw_replay_read(job, room) != NGX_OK) {
        ngx_free(job);
        return NULL;
    }

    if (ngx_tidraw_nreplays++ == 0) {
        ngx_queue_init(&ngx_tidraw_replays);
    }

    ngx_queue_insert_tail(&ngx_tidraw_replays, &job->queue);

    return &job->replay;
}


void
ngx_tidraw_replay_cancel(ngx_tidraw_replay_t *replay)
{
    ngx_tidraw_replay_job_t  *job;

    job = (ngx_tidraw_replay_job_t *) replay;

    if (job->running) {
        job->cancelled = 1;
        return;
    }

    if (job->op) {
        ngx_tidraw_op_cancel(job->op);
    }

    ngx_tidraw_replay_free(job);
}


void
ngx_tidraw_replay_exit(void)
{
    ngx_queue_t  *q;

    /* the thread pool has ended before us */

    while (ngx_tidraw_nreplays) {
        q = ngx_queue_head(&ngx_tidraw_replays);
        ngx_tidraw_replay_free(ngx_queue_data(q, ngx_tidraw_replay_job_t,
                                              queue));
    }
}


/* The room comes first, the records as they are come last. */

static ngx_int_t
ngx_tidraw_replay_read(ngx_tidraw_replay_job_t *job, int64_t room)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_op_create(job->site->store, 0);
    if (op == NULL) {
        return NGX_ERROR;
    }

    if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CLOCK, "i", room)
        != NGX_OK)
    {
        goto failed;
    }

    if (job->what != NGX_TIDRAW_REPLAY_TODAY
        && (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_STATE, "ii", room,
                               (int64_t) job->clock)
            != NGX_OK
            || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_ROWS, "ii",
                                  room, (int64_t) job->clock)
               != NGX_OK))
    {
        goto failed;
    }

    if (job->what != NGX_TIDRAW_REPLAY_THEN
        && ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_RECORDS_SINCE, "ii",
                              room, (int64_t) 0)
           != NGX_OK)
    {
        goto failed;
    }

    job->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_replay_was_read, job);

    return NGX_OK;

failed:

    ngx_tidraw_op_free(op);

    return NGX_ERROR;
}


static void
ngx_tidraw_replay_was_read(ngx_tidraw_op_t *op)
{
    ngx_int_t                 rc;
    ngx_tidraw_replay_job_t  *job;

    job = op->data;
    job->op = NULL;

    rc = op->rc;

    if (rc == NGX_OK) {
        rc = (op->results[0].nrows == 0) ? NGX_DECLINED
                                         : ngx_tidraw_replay_copy(job, op);

    } else if (rc != NGX_TIDRAW_STORE_AWAY) {
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK
        && ngx_thread_task_post(job->site->thread_pool, &job->task) == NGX_OK)
    {
        job->running = 1;
        return;
    }

    ngx_tidraw_replay_finish(job, rc == NGX_OK ? NGX_ERROR : rc);
}


static ngx_int_t
ngx_tidraw_replay_copy(ngx_tidraw_replay_job_t *job, ngx_tidraw_op_t *op)
{
    size_t                len;
    u_char               *p;
    ngx_uint_t            i, n;
    ngx_tidraw_result_t  *res;

    len = 0;
    n = 0;

    for (i = 0; i < op->nsteps; i++) {
        res = &op->results[i];

        n += res->nrows;

        len += ngx_tidraw_result_size(res);
    }

    job->texts = ngx_alloc(len + 1, job->site->log);
    job->rows = ngx_alloc(n * sizeof(ngx_tidraw_replay_row_t) + 1,
                          job->site->log);

    if (job->texts == NULL || job->rows == NULL) {
        return NGX_ERROR;
    }

    p = job->texts;
    res = op->results;

    job->replay.now = ngx_tidraw_cell_int(res, 0, 0);
    job->replay.schema_now = ngx_tidraw_replay_text(res, 0, 2, &p);
    job->replay.schema = job->replay.schema_now;

    i = 1;

    if (job->what != NGX_TIDRAW_REPLAY_TODAY) {
        res = &op->results[i++];

        if (res->nrows) {
            job->state_clock = ngx_tidraw_cell_int(res, 0, 0);
            job->replay.schema = ngx_tidraw_replay_text(res, 0, 1, &p);
            job->state = ngx_tidraw_replay_text(res, 0, 2, &p);
        }

        ngx_tidraw_replay_rows(job, &op->results[i++], 0, &p);
    }

    if (job->what != NGX_TIDRAW_REPLAY_THEN) {
        ngx_tidraw_replay_rows(job, &op->results[i], 1, &p);
    }

    return NGX_OK;
}


static void
ngx_tidraw_replay_rows(ngx_tidraw_replay_job_t *job, ngx_tidraw_result_t *res,
    ngx_uint_t records, u_char **p)
{
    ngx_uint_t                i;
    ngx_tidraw_replay_row_t  *row;

    for (i = 0; i < res->nrows; i++) {
        row = &job->rows[job->nrows++];

        row->clock = ngx_tidraw_cell_int(res, i, 1);

        if (records) {
            row->id = ngx_tidraw_replay_text(res, i, 0, p);
            job->nrecords++;

        } else {
            row->since = ngx_tidraw_cell_int(res, i, 0);
        }

        row->text = ngx_tidraw_replay_text(res, i, 2, p);
    }
}


static ngx_str_t
ngx_tidraw_replay_text(ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    ngx_str_t  s;

    s = ngx_tidraw_cell_str(res, row, col);

    ngx_memcpy(*p, s.data, s.len);
    s.data = *p;
    *p += s.len;

    return s;
}


/* In a thread: memory of the job, nothing else. */

static void
ngx_tidraw_replay_thread(void *data, ngx_log_t *log)
{
    int                       rc;
    ngx_tidraw_replay_job_t  *job;

    (void) log;

    job = data;

    job->replay.history = td_history_create(NGX_TIDRAW_REPLAY_VALUES);

    rc = (job->replay.history == NULL) ? TD_NOMEM : ngx_tidraw_replay_then(job);

    if (rc == TD_OK && job->what == NGX_TIDRAW_REPLAY_BOTH) {

        rc = td_room_init(&job->today, 1, 1, 1);

        if (rc == TD_OK) {
            rc = ngx_tidraw_replay_records(job, &job->today);
        }

        if (rc == TD_OK) {
            rc = td_history_diff(job->replay.history, &job->today,
                                 &job->replay.diff);
            rc = (rc < 0) ? rc : TD_OK;
        }

        job->replay.today = &job->today;
    }

    switch (rc) {

    case TD_OK:
        job->replay.rc = NGX_OK;
        job->replay.then = td_history_room(job->replay.history);
        break;

    case TD_BAD:
        job->replay.rc = NGX_DECLINED;
        break;

    default:
        job->replay.rc = NGX_ERROR;
    }

    if (job->replay.rc == NGX_OK && job->replay.work) {
        job->replay.work(&job->replay);
    }
}


static int
ngx_tidraw_replay_then(ngx_tidraw_replay_job_t *job)
{
    int                       rc;
    td_str_t                  text;
    ngx_uint_t                i;
    ngx_tidraw_replay_row_t  *row;

    if (job->what == NGX_TIDRAW_REPLAY_TODAY) {
        return ngx_tidraw_replay_records(job,
                                    td_history_room(job->replay.history));
    }

    if (job->state.data != NULL) {
        text.data = (char *) job->state.data;
        text.len = job->state.len;

        rc = td_history_state(job->replay.history, text, job->state_clock);

        if (rc != TD_OK || job->state_clock == job->clock) {
            return rc;
        }
    }

    for (i = 0; i < job->nrows - job->nrecords; i++) {
        row = &job->rows[i];

        text.data = (char *) row->text.data;
        text.len = row->text.len;

        rc = td_history_row(job->replay.history, text, row->since, row->clock,
                            job->clock);

        if (rc != TD_OK) {
            return rc;
        }
    }

    /* nothing before it is kept, or the row that leads there was thinned */

    return td_history_room(job->replay.history)->clock == job->clock
           && (job->state.data != NULL || i != 0) ? TD_OK : TD_BAD;
}


static int
ngx_tidraw_replay_records(ngx_tidraw_replay_job_t *job, td_room_t *room)
{
    int                       rc;
    td_str_t                  id, text;
    ngx_uint_t                i;
    ngx_tidraw_replay_row_t  *row;

    for (i = job->nrows - job->nrecords; i < job->nrows; i++) {
        row = &job->rows[i];

        id.data = (char *) row->id.data;
        id.len = row->id.len;

        text.data = (char *) row->text.data;
        text.len = row->text.len;

        rc = td_room_set(room, id, text, row->clock);

        if (rc != TD_OK) {
            return rc;
        }
    }

    room->clock = job->replay.now;

    return TD_OK;
}


static void
ngx_tidraw_replay_done(ngx_event_t *ev)
{
    ngx_tidraw_replay_job_t  *job;

    job = ev->data;
    job->running = 0;

    ngx_tidraw_replay_finish(job, job->replay.rc);
}


static void
ngx_tidraw_replay_finish(ngx_tidraw_replay_job_t *job, ngx_int_t rc)
{
    job->replay.rc = rc;

    if (!job->cancelled) {
        job->replay.handler(&job->replay);
    }

    ngx_tidraw_replay_free(job);
}


static void
ngx_tidraw_replay_free(ngx_tidraw_replay_job_t *job)
{
    ngx_queue_remove(&job->queue);
    ngx_tidraw_nreplays--;

    if (job->replay.history) {
        td_history_destroy(job->replay.history);
    }

    td_room_free(&job->today);
    td_buf_free(&job->replay.diff);

    if (job->texts) {
        ngx_free(job->texts);
    }

    if (job->rows) {
        ngx_free(job->rows);
    }

    ngx_free(job);
}
