
/*
 * Operations into the pipeline of a connection, and results out of it.
 *
 * An operation ends with one sync and is one transaction: its writes happen
 * all or none, whatever happens to the operations around it.  A pipeline
 * cannot branch, so a guard that matches nothing divides by zero, and that
 * error undoes the operation.  Results are not copied: cells point into them
 * and they go with the operation's pool.
 */


#include "ngx_tidraw_pgsql.h"


#define NGX_TIDRAW_PGSQL_INT8OID    20
#define NGX_TIDRAW_PGSQL_TEXTOID    25


static ngx_int_t ngx_tidraw_pgsql_begin(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *opx);
static ngx_int_t ngx_tidraw_pgsql_lock(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *opx);
static ngx_int_t ngx_tidraw_pgsql_command(ngx_tidraw_pgsql_conn_t *pc,
    ngx_uint_t kind, ngx_tidraw_opx_t *opx, const char *text);
static ngx_int_t ngx_tidraw_pgsql_steps(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *opx);
static ngx_int_t ngx_tidraw_pgsql_sync(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *opx);
static ngx_int_t ngx_tidraw_pgsql_prepare(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_step_t *step, ngx_pool_t *pool);
static ngx_int_t ngx_tidraw_pgsql_execute(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_step_t *step, ngx_pool_t *pool);
static void ngx_tidraw_pgsql_op_sync(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *opx);
static void ngx_tidraw_pgsql_result(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_pgsql_expect_t *e, PGresult *res);
static ngx_int_t ngx_tidraw_pgsql_cells(ngx_tidraw_opx_t *opx,
    ngx_uint_t index, PGresult *res);
static void ngx_tidraw_pgsql_cleanup(void *data);
static void ngx_tidraw_pgsql_error(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *opx, const char *name, ngx_uint_t broken,
    PGresult *res);


ngx_int_t
ngx_tidraw_pgsql_expect(ngx_tidraw_pgsql_conn_t *pc, ngx_uint_t kind,
    ngx_tidraw_opx_t *opx, ngx_uint_t index)
{
    ngx_uint_t                  i, size;
    ngx_tidraw_pgsql_expect_t  *ring, *e;

    if (pc->nexpect == pc->size) {
        size = pc->size ? pc->size * 2 : 64;

        ring = ngx_alloc(size * sizeof(ngx_tidraw_pgsql_expect_t),
                         pc->pg->store->log);
        if (ring == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < pc->nexpect; i++) {
            ring[i] = pc->expect[(pc->first + i) % pc->size];
        }

        if (pc->expect) {
            ngx_free(pc->expect);
        }

        pc->expect = ring;
        pc->first = 0;
        pc->size = size;
    }

    e = &pc->expect[(pc->first + pc->nexpect++) % pc->size];

    e->kind = kind;
    e->opx = opx;
    e->index = index;

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_pgsql_send(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *opx)
{
    if (ngx_tidraw_pgsql_begin(pc, opx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (opx->lock) {

        if (ngx_tidraw_pgsql_lock(pc, opx) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (!opx->write && opx->steps.nelts > 1) {

        /* all reads of the operation see one snapshot */

        if (ngx_tidraw_pgsql_command(pc, NGX_TIDRAW_PGSQL_SNAPSHOT, opx,
                                     "SET transaction_isolation"
                                     " TO 'repeatable read'")
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_tidraw_pgsql_steps(pc, opx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_sync(pc, opx);
}


ngx_int_t
ngx_tidraw_pgsql_send_end(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *next)
{
    /* behind a sync of its own, COMMIT also ends what has failed */

    if (next
        && (ngx_tidraw_pgsql_begin(pc, next) != NGX_OK
            || ngx_tidraw_pgsql_steps(pc, next) != NGX_OK
            || ngx_tidraw_pgsql_sync(pc, NULL) != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (ngx_tidraw_pgsql_command(pc, NGX_TIDRAW_PGSQL_COMMIT, next, "COMMIT")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_sync(pc, next);
}


/* The operation is the connection's; its statements get prepared. */

static ngx_int_t
ngx_tidraw_pgsql_begin(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *opx)
{
    ngx_uint_t          i;
    ngx_tidraw_step_t  *step;

    ngx_queue_insert_tail(&pc->sent, &opx->queue);

    if (pc->nsent++ == 0) {
        pc->progress = ngx_current_msec;
    }

    opx->op.rc = NGX_OK;
    opx->op.results = ngx_pcalloc(opx->op.pool, opx->steps.nelts
                                                * sizeof(ngx_tidraw_result_t));
    if (opx->op.results == NULL) {
        return NGX_ERROR;
    }

    step = opx->steps.elts;

    for (i = 0; i < opx->steps.nelts; i++) {

        if (pc->prepared[step[i].stmt]) {
            continue;
        }

        if (ngx_tidraw_pgsql_prepare(pc, &step[i], opx->op.pool) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * A transaction that outlives its sync, and stays open until send_end().  The
 * lock is the one that an update of the board takes, so that rows may still
 * refer to it.  A worker that stands still loses it before those who wait for
 * it give up.
 */

static ngx_int_t
ngx_tidraw_pgsql_lock(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *opx)
{
    u_char  text[sizeof("SELECT 1 FROM rooms WHERE num ="
                        "  FOR NO KEY UPDATE") + NGX_INT64_LEN];

    pc->lock = opx;

    ngx_sprintf(text, "SELECT 1 FROM rooms WHERE num = %L FOR NO KEY UPDATE%Z",
                opx->room);

    if (ngx_tidraw_pgsql_command(pc, NGX_TIDRAW_PGSQL_LOCK, opx,
                                 "BEGIN ISOLATION LEVEL READ COMMITTED")
        != NGX_OK
        || ngx_tidraw_pgsql_command(pc, NGX_TIDRAW_PGSQL_LOCK, opx,
               "SELECT set_config('lock_timeout', '3000', true),"
               " set_config('idle_in_transaction_session_timeout', '2000',"
               " true)")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_command(pc, NGX_TIDRAW_PGSQL_LOCK, opx,
                                    (char *) text);
}


static ngx_int_t
ngx_tidraw_pgsql_command(ngx_tidraw_pgsql_conn_t *pc, ngx_uint_t kind,
    ngx_tidraw_opx_t *opx, const char *text)
{
    if (!PQsendQueryParams(pc->conn, text, 0, NULL, NULL, NULL, NULL, 0)) {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_expect(pc, kind, opx, 0);
}


static ngx_int_t
ngx_tidraw_pgsql_steps(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *opx)
{
    ngx_uint_t          i;
    ngx_tidraw_step_t  *step;

    step = opx->steps.elts;

    for (i = 0; i < opx->steps.nelts; i++) {

        if (ngx_tidraw_pgsql_execute(pc, &step[i], opx->op.pool) != NGX_OK
            || ngx_tidraw_pgsql_expect(pc, NGX_TIDRAW_PGSQL_RESULT, opx, i)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_pgsql_sync(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *opx)
{
    if (!PQpipelineSync(pc->conn)) {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_expect(pc, NGX_TIDRAW_PGSQL_SYNC, opx, 0);
}


/*
 * With a sync of its own: an operation that fails before this point would
 * otherwise take the preparation with it, and those that follow rely on it.
 */

static ngx_int_t
ngx_tidraw_pgsql_prepare(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_step_t *step,
    ngx_pool_t *pool)
{
    Oid         *types;
    u_char       name[NGX_INT_T_LEN + 2];
    ngx_uint_t   i;

    types = ngx_palloc(pool, (step->nparams + 1) * sizeof(Oid));
    if (types == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < step->nparams; i++) {

        switch (step->params[i].type) {

        case 'i':
            types[i] = NGX_TIDRAW_PGSQL_INT8OID;
            break;

        case 's':
            types[i] = NGX_TIDRAW_PGSQL_TEXTOID;
            break;

        default:
            types[i] = 0;       /* what its place in the statement says */
            break;
        }
    }

    ngx_sprintf(name, "s%ui%Z", step->stmt);

    if (!PQsendPrepare(pc->conn, (char *) name, pc->pg->texts[step->stmt],
                       step->nparams, types)
        || !PQpipelineSync(pc->conn)
        || ngx_tidraw_pgsql_expect(pc, NGX_TIDRAW_PGSQL_PREPARE, NULL,
                                   step->stmt)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    pc->prepared[step->stmt] = 1;

    return ngx_tidraw_pgsql_expect(pc, NGX_TIDRAW_PGSQL_SYNC, NULL, 0);
}


/*
 * Texts go in binary format, which for them means bytes with a length: they
 * need no NUL at their end.  Integers go as text, so that the statement says
 * how wide they are.
 */

static ngx_int_t
ngx_tidraw_pgsql_execute(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_step_t *step,
    ngx_pool_t *pool)
{
    int                  *lengths, *formats;
    char                **values;
    u_char               *p, name[NGX_INT_T_LEN + 2];
    ngx_uint_t            i;
    ngx_tidraw_param_t   *param;

    static char  empty[] = "";

    p = ngx_palloc(pool, (step->nparams + 1)
                         * (sizeof(char *) + 2 * sizeof(int)
                            + NGX_INT64_LEN + 1));
    if (p == NULL) {
        return NGX_ERROR;
    }

    values = (char **) p;
    p += (step->nparams + 1) * sizeof(char *);
    lengths = (int *) p;
    p += (step->nparams + 1) * sizeof(int);
    formats = (int *) p;
    p += (step->nparams + 1) * sizeof(int);

    for (i = 0; i < step->nparams; i++) {
        param = &step->params[i];

        values[i] = NULL;
        lengths[i] = 0;
        formats[i] = 0;

        if (param->type == 'i') {
            values[i] = (char *) p;
            p = ngx_sprintf(p, "%L%Z", param->number);

        } else if (param->type == 's') {

            if (param->text.len > INT_MAX) {
                return NGX_ERROR;
            }

            values[i] = param->text.len ? (char *) param->text.data : empty;
            lengths[i] = param->text.len;
            formats[i] = 1;
        }
    }

    ngx_sprintf(name, "s%ui%Z", step->stmt);

    if (!PQsendQueryPrepared(pc->conn, (char *) name, step->nparams,
                             (const char * const *) values, lengths, formats,
                             0))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_tidraw_pgsql_results(ngx_tidraw_pgsql_conn_t *pc)
{
    PGresult                   *res;
    ExecStatusType              status;
    ngx_tidraw_pgsql_expect_t   e;

    while (pc->nexpect && !pc->lost && !PQisBusy(pc->conn)) {

        res = PQgetResult(pc->conn);

        if (res == NULL) {

            if (pc->separator) {
                pc->separator = 0;
                continue;
            }

            if (PQstatus(pc->conn) == CONNECTION_BAD) {
                ngx_cpystrn((u_char *) pc->error,
                            (u_char *) PQerrorMessage(pc->conn),
                            NGX_TIDRAW_PGSQL_ERROR_LEN);
            } else {
                ngx_cpystrn((u_char *) pc->error,
                            (u_char *) "results are out of step",
                            NGX_TIDRAW_PGSQL_ERROR_LEN);
            }

            pc->lost = 1;
            return;
        }

        e = pc->expect[pc->first];
        status = PQresultStatus(res);

        if ((status == PGRES_PIPELINE_SYNC)
            != (e.kind == NGX_TIDRAW_PGSQL_SYNC))
        {
            /* an error while committing, or the end of the connection */

            if (status == PGRES_FATAL_ERROR) {
                ngx_tidraw_pgsql_error(pc, e.opx, "COMMIT", 0, res);
            }

            if (pc->error[0] == '\0') {
                ngx_cpystrn((u_char *) pc->error,
                            (u_char *) "results are out of order",
                            NGX_TIDRAW_PGSQL_ERROR_LEN);
            }

            pc->lost = 1;
            PQclear(res);
            return;
        }

        pc->first = (pc->first + 1) % pc->size;
        pc->nexpect--;

        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(res);

            if (e.opx) {
                ngx_tidraw_pgsql_op_sync(pc, e.opx);

            } else if (e.index) {
                ngx_tidraw_pgsql_setup_sync(pc);
            }

            continue;
        }

        pc->separator = 1;

        ngx_tidraw_pgsql_result(pc, &e, res);
    }
}


static void
ngx_tidraw_pgsql_op_sync(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *opx)
{
    ngx_tidraw_store_t  *st;

    st = pc->pg->store;

    ngx_queue_remove(&opx->queue);
    pc->nsent--;
    pc->progress = ngx_current_msec;

    if (opx->write && opx->op.rc == NGX_OK) {
        ngx_tidraw_store_writable(st);
    }

    ngx_tidraw_store_done(opx, opx->op.rc);
}


static void
ngx_tidraw_pgsql_result(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_pgsql_expect_t *e, PGresult *res)
{
    ExecStatusType      status;
    ngx_tidraw_opx_t   *opx;
    ngx_tidraw_step_t  *step;

    opx = e->opx;
    status = PQresultStatus(res);

    switch (e->kind) {

    case NGX_TIDRAW_PGSQL_VERSION:
    case NGX_TIDRAW_PGSQL_COMMAND:
        ngx_tidraw_pgsql_setup_result(pc, e, res);
        break;

    case NGX_TIDRAW_PGSQL_PREPARE:

        if (status != PGRES_COMMAND_OK) {

            /* what was to run it fails after this; the next one tries again */

            pc->prepared[e->index] = 0;
            ngx_tidraw_pgsql_error(pc, NULL,
                                   ngx_tidraw_statements[e->index].name, 0,
                                   res);
        }

        break;

    case NGX_TIDRAW_PGSQL_SNAPSHOT:

        if (status != PGRES_COMMAND_OK) {
            ngx_tidraw_pgsql_error(pc, opx, "SET transaction_isolation", 0,
                                   res);
        }

        break;

    case NGX_TIDRAW_PGSQL_LOCK:

        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            ngx_tidraw_pgsql_error(pc, opx, "the lock of a board", 0, res);
        }

        break;

    case NGX_TIDRAW_PGSQL_COMMIT:

        if (status != PGRES_COMMAND_OK) {
            ngx_tidraw_pgsql_error(pc, opx, "COMMIT", 0, res);
        }

        break;

    default: /* NGX_TIDRAW_PGSQL_RESULT */
        step = opx->steps.elts;
        step += e->index;

        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            ngx_tidraw_pgsql_error(pc, opx,
                                   ngx_tidraw_statements[step->stmt].name,
                                   !pc->prepared[step->stmt], res);
            break;
        }

        if (ngx_tidraw_statements[step->stmt].guard) {
            break;
        }

        if (ngx_tidraw_pgsql_cells(opx, e->index, res) != NGX_OK) {
            opx->op.rc = opx->write ? NGX_TIDRAW_STORE_UNKNOWN
                                    : NGX_TIDRAW_STORE_AWAY;
        }

        return;
    }

    PQclear(res);
}


static ngx_int_t
ngx_tidraw_pgsql_cells(ngx_tidraw_opx_t *opx, ngx_uint_t index, PGresult *res)
{
    ngx_uint_t            row, col;
    ngx_pool_cleanup_t   *cln;
    ngx_tidraw_cell_t    *cell;
    ngx_tidraw_result_t  *result;

    result = &opx->op.results[index];

    result->nrows = PQntuples(res);
    result->ncols = PQnfields(res);

    if (result->nrows == 0 || result->ncols == 0) {
        result->nrows = 0;
        PQclear(res);
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(opx->op.pool, 0);
    cell = ngx_palloc(opx->op.pool, result->nrows * result->ncols
                                    * sizeof(ngx_tidraw_cell_t));

    if (cln == NULL || cell == NULL) {
        result->nrows = 0;
        PQclear(res);
        return NGX_ERROR;
    }

    cln->handler = ngx_tidraw_pgsql_cleanup;
    cln->data = res;

    result->cells = cell;

    for (row = 0; row < result->nrows; row++) {

        for (col = 0; col < result->ncols; col++, cell++) {

            if (PQgetisnull(res, row, col)) {
                cell->data = NULL;
                cell->len = 0;
                continue;
            }

            cell->data = (u_char *) PQgetvalue(res, row, col);
            cell->len = PQgetlength(res, row, col);
        }
    }

    return NGX_OK;
}


static void
ngx_tidraw_pgsql_cleanup(void *data)
{
    PQclear(data);
}


/*
 * What an error of PostgreSQL means to the requester; the first one counts.
 * broken: the statement is known not to be prepared.
 */

static void
ngx_tidraw_pgsql_error(ngx_tidraw_pgsql_conn_t *pc, ngx_tidraw_opx_t *opx,
    const char *name, ngx_uint_t broken, PGresult *res)
{
    ngx_int_t            rc;
    const char          *state, *text;
    ngx_tidraw_store_t  *st;

    st = pc->pg->store;

    if (PQresultStatus(res) == PGRES_PIPELINE_ABORTED) {
        rc = NGX_ERROR;
        goto done;
    }

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    if (text == NULL) {
        text = PQresultErrorMessage(res);
    }

    /*
     * The connection ends.  Whether the operation was committed just before
     * is not known.
     */

    if (state == NULL
        || ngx_strncmp(state, "08", 2) == 0
        || ngx_strcmp(state, "25P03") == 0      /* stood still with a lock */
        || ngx_strncmp(state, "57P", 3) == 0)
    {
        ngx_cpystrn((u_char *) pc->error, (u_char *) text,
                    NGX_TIDRAW_PGSQL_ERROR_LEN);
        pc->lost = 1;
        return;
    }

    if (ngx_strcmp(state, "22012") == 0         /* division_by_zero: a guard */
        || ngx_strcmp(state, "40001") == 0      /* serialization_failure */
        || ngx_strcmp(state, "40P01") == 0)     /* deadlock_detected */
    {
        rc = NGX_DECLINED;
        goto done;
    }

    if (ngx_strcmp(state, "23505") == 0) {      /* unique_violation */
        rc = NGX_TIDRAW_STORE_CONFLICT;
        goto done;
    }

    if (ngx_strcmp(state, "53100") == 0         /* disk_full */
        || ngx_strcmp(state, "25006") == 0)     /* read_only_sql_transaction */
    {
        ngx_tidraw_store_full(st, text);
        rc = NGX_TIDRAW_STORE_FULL;

        /* a server that is no primary any more: look for another one */

        pc->retire = 1;
        goto done;
    }

    if (ngx_strcmp(state, "26000") == 0 && broken) {

        /* could not be prepared just before, which is in the log */

        rc = NGX_ERROR;
        goto done;
    }

    if (ngx_strncmp(state, "53", 2) == 0        /* insufficient resources */
        || ngx_strcmp(state, "57014") == 0      /* query_canceled */
        || ngx_strcmp(state, "55P03") == 0)     /* lock_not_available */
    {
        ngx_tidraw_log(ngx_tidraw_log_pace(&pc->pg->told, NGX_LOG_WARN),
                       st->log, 0, "statement_failed",
                       "statement=%s code=%s error=%s", name, state, text);
        rc = NGX_TIDRAW_STORE_AWAY;
        goto done;
    }

    ngx_tidraw_log(ngx_tidraw_log_pace(&pc->pg->told, NGX_LOG_ERR), st->log, 0,
                   "statement_failed", "statement=%s code=%s error=%s", name,
                   state, text);

    if (ngx_strcmp(state, "26000") == 0         /* invalid statement name */
        || ngx_strcmp(state, "0A000") == 0)     /* the plan is out of date */
    {
        /* prepared anew on a new connection */

        pc->retire = 1;
    }

    rc = NGX_ERROR;

done:

    if (opx && opx->op.rc == NGX_OK) {
        opx->op.rc = rc;
    }
}
