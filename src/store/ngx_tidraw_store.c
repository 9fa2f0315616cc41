
/*
 * Operations on the database and the queue in front of its driver.
 *
 * The store owns an operation from run() until its handler has returned;
 * an operation lives in its own pool and goes with it.  Nothing here waits,
 * except close(), which runs when the event loop has ended.
 */


#include "ngx_tidraw_store_private.h"


static const ngx_tidraw_driver_t *ngx_tidraw_store_driver(ngx_str_t *url);
static void ngx_tidraw_store_arm(ngx_tidraw_store_t *st);
static void ngx_tidraw_store_kick_handler(ngx_event_t *ev);
static void ngx_tidraw_store_finish_handler(ngx_event_t *ev);
static void ngx_tidraw_store_timer_handler(ngx_event_t *ev);


#define TD_STMT(name, text)    { #name, text, 0 },
#define TD_GUARD(name, text)   { #name, text, 1 },

const ngx_tidraw_statement_t  ngx_tidraw_statements[] = {
#include "ngx_tidraw_statements.h"
    { NULL, NULL, 0 }
};

#undef TD_STMT
#undef TD_GUARD


static const ngx_tidraw_driver_t  *ngx_tidraw_store_drivers[] = {
    &ngx_tidraw_sqlite_driver,
    &ngx_tidraw_pgsql_driver,
    NULL
};


static const ngx_tidraw_driver_t *
ngx_tidraw_store_driver(ngx_str_t *url)
{
    ngx_uint_t  i;

    for (i = 0; ngx_tidraw_store_drivers[i]; i++) {
        if (ngx_tidraw_store_drivers[i]->match(url)) {
            return ngx_tidraw_store_drivers[i];
        }
    }

    return NULL;
}


char *
ngx_tidraw_store_check(ngx_str_t *url)
{
    const ngx_tidraw_driver_t  *driver;

    if (url->len && ngx_strlchr(url->data, url->data + url->len, '\0')) {
        return "must not contain a null character";
    }

    driver = ngx_tidraw_store_driver(url);

    if (driver == NULL) {
        return "must start with \"sqlite:\" or \"postgresql://\"";
    }

    return driver->check(url);
}


ngx_int_t
ngx_tidraw_store_prepare(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    const ngx_tidraw_driver_t  *driver;

    driver = ngx_tidraw_store_driver(&site->database);

    if (driver == NULL) {
        return NGX_ERROR;
    }

    return driver->prepare ? driver->prepare(site, cycle) : NGX_OK;
}


ngx_tidraw_store_t *
ngx_tidraw_store_open(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    ngx_tidraw_store_t  *st;

    st = ngx_calloc(sizeof(ngx_tidraw_store_t), cycle->log);
    if (st == NULL) {
        return NULL;
    }

    st->driver = ngx_tidraw_store_driver(&site->database);

    if (st->driver == NULL) {
        ngx_free(st);
        return NULL;
    }

    st->site = site;
    st->cycle = cycle;
    st->log = cycle->log;

    ngx_queue_init(&st->waiting[0]);
    ngx_queue_init(&st->waiting[1]);
    ngx_queue_init(&st->done);

    ngx_tidraw_store_event(st, &st->kick, &st->dummy,
                           ngx_tidraw_store_kick_handler, st);
    ngx_tidraw_store_event(st, &st->finish, &st->dummy,
                           ngx_tidraw_store_finish_handler, st);
    ngx_tidraw_store_event(st, &st->timer, &st->dummy,
                           ngx_tidraw_store_timer_handler, st);

    if (st->driver->open(st) != NGX_OK) {
        ngx_free(st);
        return NULL;
    }

    return st;
}


void
ngx_tidraw_store_close(ngx_tidraw_store_t *st)
{
    ngx_queue_t       *q;
    ngx_uint_t         i;
    ngx_tidraw_opx_t  *opx;

    ngx_time_update();

    st->driver->close(st, ngx_current_msec + NGX_TIDRAW_STORE_CLOSE);

    for (i = 0; i < 2; i++) {
        while (!ngx_queue_empty(&st->waiting[i])) {
            q = ngx_queue_head(&st->waiting[i]);
            opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);
            ngx_queue_remove(q);
            ngx_tidraw_store_drop(opx);
        }
    }

    while (!ngx_queue_empty(&st->done)) {
        q = ngx_queue_head(&st->done);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);
        ngx_queue_remove(q);
        ngx_tidraw_store_drop(opx);
    }

    if (st->kick.posted) {
        ngx_delete_posted_event(&st->kick);
    }

    if (st->finish.posted) {
        ngx_delete_posted_event(&st->finish);
    }

    if (st->timer.timer_set) {
        ngx_del_timer(&st->timer);
    }

    ngx_free(st);
}


ngx_uint_t
ngx_tidraw_store_remote(ngx_tidraw_store_t *st)
{
    return st->driver == &ngx_tidraw_pgsql_driver;
}


ngx_uint_t
ngx_tidraw_store_ready(ngx_tidraw_store_t *st)
{
    return st->ready;
}


ngx_tidraw_op_t *
ngx_tidraw_op_create(ngx_tidraw_store_t *st, ngx_uint_t write)
{
    ngx_pool_t        *pool;
    ngx_tidraw_opx_t  *opx;

    /* the cycle's log: an operation outlives the request it was made for */

    pool = ngx_create_pool(2048, st->log);
    if (pool == NULL) {
        return NULL;
    }

    opx = ngx_pcalloc(pool, sizeof(ngx_tidraw_opx_t));
    if (opx == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    if (ngx_array_init(&opx->steps, pool, 4, sizeof(ngx_tidraw_step_t))
        != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    opx->op.rc = NGX_ERROR;
    opx->op.store = st;
    opx->op.pool = pool;
    opx->write = write;

    return &opx->op;
}


void
ngx_tidraw_op_free(ngx_tidraw_op_t *op)
{
    if (((ngx_tidraw_opx_t *) op)->lock) {
        op->store->locking = 0;
    }

    ngx_destroy_pool(op->pool);
}


ngx_int_t
ngx_tidraw_op_step(ngx_tidraw_op_t *op, ngx_uint_t stmt, const char *format,
    ...)
{
    va_list              args;
    ngx_str_t           *s;
    ngx_uint_t           i, n;
    ngx_tidraw_opx_t    *opx;
    ngx_tidraw_step_t   *step;
    ngx_tidraw_param_t  *param;

    opx = (ngx_tidraw_opx_t *) op;

    /* until it is complete, run() must not send half an operation */

    n = opx->broken;
    opx->broken = 1;

    step = ngx_array_push(&opx->steps);
    if (step == NULL) {
        return NGX_ERROR;
    }

    step->stmt = stmt;
    step->nparams = ngx_strlen(format);
    step->params = NULL;

    if (step->nparams) {
        step->params = ngx_palloc(op->pool,
                                  step->nparams * sizeof(ngx_tidraw_param_t));
        if (step->params == NULL) {
            return NGX_ERROR;
        }
    }

    va_start(args, format);

    for (i = 0; i < step->nparams; i++) {
        param = &step->params[i];

        param->type = 'n';
        param->number = 0;
        ngx_str_null(&param->text);

        if (format[i] == 'i') {
            param->type = 'i';
            param->number = va_arg(args, int64_t);
            opx->size += sizeof(int64_t);
            continue;
        }

        if (format[i] == 'n') {
            continue;
        }

        s = va_arg(args, ngx_str_t *);

        if (s == NULL || s->data == NULL) {
            continue;
        }

        if (memchr(s->data, '\0', s->len) != NULL) {
            ngx_tidraw_log(NGX_LOG_ERR, op->store->log, 0, "parameter_refused",
                           "statement=%s parameter=%u error=%s",
                           ngx_tidraw_statements[stmt].name, i + 1,
                           "null character");
            va_end(args);
            return NGX_ERROR;
        }

        param->type = 's';
        param->text = *s;
        opx->size += s->len;

        if (format[i] == 'S') {
            continue;
        }

        param->text.data = ngx_pnalloc(op->pool, s->len + 1);
        if (param->text.data == NULL) {
            va_end(args);
            return NGX_ERROR;
        }

        ngx_memcpy(param->text.data, s->data, s->len);
        param->text.data[s->len] = '\0';
    }

    va_end(args);

    opx->broken = n;
    op->nsteps = opx->steps.nelts;

    return NGX_OK;
}


void
ngx_tidraw_op_run(ngx_tidraw_op_t *op, ngx_tidraw_op_pt handler, void *data)
{
    ngx_int_t            rc;
    ngx_tidraw_opx_t    *opx;
    ngx_tidraw_store_t  *st;

    opx = (ngx_tidraw_opx_t *) op;
    st = op->store;

    op->handler = handler;
    op->data = data;

    opx->since = ngx_current_msec;

    st->nops++;
    st->nbytes += opx->size;

    ngx_tidraw_store_arm(st);

    if (opx->broken || opx->steps.nelts == 0) {
        rc = NGX_ERROR;

    } else if (st->nops > NGX_TIDRAW_STORE_MAX_OPS
               || st->nbytes > NGX_TIDRAW_STORE_MAX_BYTES)
    {
        rc = NGX_TIDRAW_STORE_AWAY;

    } else {
        ngx_queue_insert_tail(&st->waiting[opx->write ? 1 : 0], &opx->queue);

        /*
         * Not at once: everything that is asked for in one turn of the event
         * loop makes one batch, which costs one commit.
         */

        ngx_post_event(&st->kick, &ngx_posted_events);

        return;
    }

    op->rc = rc;
    ngx_queue_insert_tail(&st->done, &opx->queue);

    /* the next turn: who tries again at once must not hold up this one */

    ngx_post_event(&st->finish, &ngx_posted_next_events);
}


ngx_int_t
ngx_tidraw_op_lock(ngx_tidraw_op_t *op, int64_t room)
{
    ngx_tidraw_opx_t  *opx;

    if (op->store->driver->unlock == NULL || op->store->locking) {
        return NGX_DECLINED;
    }

    op->store->locking = 1;

    opx = (ngx_tidraw_opx_t *) op;

    opx->lock = 1;
    opx->room = room;

    return NGX_OK;
}


void
ngx_tidraw_op_then(ngx_tidraw_op_t *op, ngx_tidraw_op_t *next,
    ngx_tidraw_op_pt handler, void *data)
{
    ngx_tidraw_opx_t    *opx;
    ngx_tidraw_store_t  *st;

    opx = (ngx_tidraw_opx_t *) next;
    st = op->store;

    next->handler = handler;
    next->data = data;

    opx->since = ngx_current_msec;

    st->nops++;
    st->nbytes += opx->size;

    ngx_tidraw_store_arm(st);

    if (opx->broken || opx->steps.nelts == 0 || op->rc != NGX_OK) {
        ngx_tidraw_store_done(opx, NGX_ERROR);
        return;
    }

    ((ngx_tidraw_opx_t *) op)->next = opx;
}


void
ngx_tidraw_op_cancel(ngx_tidraw_op_t *op)
{
    op->handler = NULL;
    op->data = NULL;
}


ngx_str_t
ngx_tidraw_cell_str(ngx_tidraw_result_t *res, ngx_uint_t row, ngx_uint_t col)
{
    ngx_str_t           s;
    ngx_tidraw_cell_t  *cell;

    ngx_str_set(&s, "");

    if (row >= res->nrows || col >= res->ncols) {
        return s;
    }

    cell = &res->cells[row * res->ncols + col];

    if (cell->data) {
        s.data = cell->data;
        s.len = cell->len;
    }

    return s;
}


int64_t
ngx_tidraw_cell_int(ngx_tidraw_result_t *res, ngx_uint_t row, ngx_uint_t col)
{
    ngx_str_t  s;

    s = ngx_tidraw_cell_str(res, row, col);

    /* a NUL follows every cell */

    return (int64_t) strtoll((char *) s.data, NULL, 10);
}


size_t
ngx_tidraw_result_size(ngx_tidraw_result_t *res)
{
    size_t      size;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < res->nrows * res->ncols; i++) {
        size += res->cells[i].len;
    }

    return size;
}


void
ngx_tidraw_store_done(ngx_tidraw_opx_t *opx, ngx_int_t rc)
{
    ngx_tidraw_store_t  *st;

    st = opx->op.store;

    opx->op.rc = rc;

    switch (rc) {

    case NGX_TIDRAW_STORE_AWAY:
        st->failed[0]++;
        break;

    case NGX_TIDRAW_STORE_FULL:
        st->failed[1]++;
        break;

    case NGX_TIDRAW_STORE_UNKNOWN:
        st->failed[2]++;
        break;

    case NGX_ERROR:
        st->failed[3]++;
        break;
    }

    ngx_queue_insert_tail(&st->done, &opx->queue);

    ngx_post_event(&st->finish, &ngx_posted_events);
}


void
ngx_tidraw_store_stats(ngx_tidraw_store_t *st,
    ngx_tidraw_store_stats_t *stats)
{
    stats->operations = st->nops;
    ngx_memcpy(stats->failed, st->failed, sizeof(st->failed));
}


ngx_tidraw_opx_t *
ngx_tidraw_store_take(ngx_tidraw_store_t *st)
{
    ngx_uint_t         i;
    ngx_queue_t       *q;
    ngx_tidraw_opx_t  *opx, *oldest;

    oldest = NULL;

    for (i = 0; i < 2; i++) {

        if (ngx_queue_empty(&st->waiting[i])) {
            continue;
        }

        q = ngx_queue_head(&st->waiting[i]);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

        if (oldest == NULL
            || (ngx_msec_int_t) (opx->since - oldest->since) < 0)
        {
            oldest = opx;
        }
    }

    if (oldest) {
        ngx_queue_remove(&oldest->queue);
    }

    return oldest;
}


void
ngx_tidraw_store_put_back(ngx_tidraw_store_t *st, ngx_queue_t *ops)
{
    ngx_queue_t       *q;
    ngx_tidraw_opx_t  *opx;

    while (!ngx_queue_empty(ops)) {
        q = ngx_queue_last(ops);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_head(&st->waiting[opx->write ? 1 : 0], q);
    }
}


void
ngx_tidraw_store_up(ngx_tidraw_store_t *st)
{
    if (st->ready) {
        return;
    }

    st->ready = 1;

    if (st->complained) {
        st->complained = 0;
        ngx_tidraw_log(ngx_tidraw_log_pace(&st->pace_back, NGX_LOG_NOTICE),
                       st->log, 0, "database_back", "");
    }
}


void
ngx_tidraw_store_down(ngx_tidraw_store_t *st, const char *reason)
{
    st->ready = 0;

    if (st->complained) {
        return;
    }

    st->complained = 1;

    ngx_tidraw_log(ngx_tidraw_log_pace(&st->pace_away, NGX_LOG_ERR), st->log, 0,
                   "database_away", "error=%s", reason);
}


void
ngx_tidraw_store_full(ngx_tidraw_store_t *st, const char *reason)
{
    if (st->full) {
        return;
    }

    st->full = 1;

    ngx_tidraw_log(ngx_tidraw_log_pace(&st->pace_full, NGX_LOG_CRIT),
                   st->log, 0, "database_full", "error=%s hint=%s", reason,
                   "make room, or mount it for writing");
}


void
ngx_tidraw_store_writable(ngx_tidraw_store_t *st)
{
    if (!st->full) {
        return;
    }

    st->full = 0;

    ngx_tidraw_log(ngx_tidraw_log_pace(&st->pace_writable, NGX_LOG_NOTICE),
                   st->log, 0, "database_writable", "");
}


void
ngx_tidraw_store_drop(ngx_tidraw_opx_t *opx)
{
    ngx_tidraw_store_t  *st;

    st = opx->op.store;

    st->nops--;
    st->nbytes -= opx->size;

    ngx_tidraw_op_free(&opx->op);
}


ngx_msec_t
ngx_tidraw_store_backoff(ngx_uint_t n)
{
    ngx_msec_t  delay;

    delay = NGX_TIDRAW_STORE_RETRY_MIN << ngx_min(n, 5);
    delay = ngx_min(delay, NGX_TIDRAW_STORE_RETRY_MAX);

    return delay + (ngx_msec_t) ngx_random() % (delay / 4);
}


void
ngx_tidraw_store_event(ngx_tidraw_store_t *st, ngx_event_t *ev,
    ngx_connection_t *dummy, ngx_event_handler_pt handler, void *data)
{
    dummy->fd = (ngx_socket_t) -1;
    dummy->data = data;

    ev->handler = handler;
    ev->data = dummy;
    ev->log = st->log;
}


static void
ngx_tidraw_store_arm(ngx_tidraw_store_t *st)
{
    if (!st->timer.timer_set) {
        ngx_add_timer(&st->timer, NGX_TIDRAW_STORE_TICK);
    }
}


static void
ngx_tidraw_store_kick_handler(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_tidraw_store_t  *st;

    c = ev->data;
    st = c->data;

    st->driver->kick(st);
}


static void
ngx_tidraw_store_finish_handler(ngx_event_t *ev)
{
    ngx_queue_t         *q, ready;
    ngx_connection_t    *c;
    ngx_tidraw_op_t     *op;
    ngx_tidraw_opx_t    *opx;
    ngx_tidraw_store_t  *st;

    c = ev->data;
    st = c->data;

    /* what handlers finish comes with the next event */

    ngx_queue_init(&ready);

    if (!ngx_queue_empty(&st->done)) {
        ngx_queue_add(&ready, &st->done);
        ngx_queue_init(&st->done);
    }

    while (!ngx_queue_empty(&ready)) {
        q = ngx_queue_head(&ready);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);
        op = &opx->op;

        ngx_queue_remove(q);

        st->nops--;
        st->nbytes -= opx->size;

        if (op->handler) {
            op->handler(op);
        }

        if (opx->lock) {
            st->driver->unlock(st, opx);
        }

        ngx_tidraw_op_free(op);
    }

    if (st->nops == 0 && st->timer.timer_set) {
        ngx_del_timer(&st->timer);
    }
}


static void
ngx_tidraw_store_timer_handler(ngx_event_t *ev)
{
    ngx_uint_t           i;
    ngx_queue_t         *q;
    ngx_connection_t    *c;
    ngx_tidraw_opx_t    *opx;
    ngx_tidraw_store_t  *st;

    c = ev->data;
    st = c->data;

    ev->timedout = 0;

    for (i = 0; i < 2; i++) {

        while (!ngx_queue_empty(&st->waiting[i])) {
            q = ngx_queue_head(&st->waiting[i]);
            opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

            if (ngx_current_msec - opx->since < NGX_TIDRAW_STORE_TIMEOUT) {
                break;
            }

            ngx_queue_remove(q);
            ngx_tidraw_store_done(opx, NGX_TIDRAW_STORE_AWAY);
        }
    }

    st->driver->tick(st);

    if (st->nops) {
        ngx_tidraw_store_arm(st);
    }
}
