
/*
 * The half of the SQLite driver that runs in threads: opens the database,
 * works off a lane's batch.
 *
 * All writes of a batch share one transaction and so one sync to the disk; an
 * operation that fails is undone alone.  Nothing here touches what belongs to
 * the event loop: only the lane and the pools of its operations.
 */


#include "ngx_tidraw_sqlite.h"

#include <fcntl.h>


#define NGX_TIDRAW_SQLITE_CHUNK        1024
#define NGX_TIDRAW_SQLITE_CHUNK_MAX    (256 * 1024)


/* Memory for the texts of an operation's results, in growing pieces. */

typedef struct {
    ngx_pool_t          *pool;
    u_char              *pos;
    u_char              *end;
    size_t               size;          /* of the next piece */
    size_t               used;
} ngx_tidraw_sqlite_arena_t;


typedef struct {
    ngx_tidraw_cell_t   *cells;
    ngx_uint_t           n;
    ngx_uint_t           max;
} ngx_tidraw_sqlite_cells_t;


static int ngx_tidraw_sqlite_open_handle(ngx_tidraw_sqlite_lane_t *lane,
    ngx_log_t *log);
static int ngx_tidraw_sqlite_control(ngx_tidraw_sqlite_lane_t *lane,
    ngx_uint_t n);
static void ngx_tidraw_sqlite_read(ngx_tidraw_sqlite_lane_t *lane,
    ngx_log_t *log);
static void ngx_tidraw_sqlite_write_turn(ngx_tidraw_sqlite_lane_t *lane,
    ngx_log_t *log);
static void ngx_tidraw_sqlite_write(ngx_tidraw_sqlite_lane_t *lane,
    ngx_log_t *log);
static ngx_int_t ngx_tidraw_sqlite_write_op(ngx_tidraw_sqlite_lane_t *lane,
    ngx_tidraw_opx_t *opx, ngx_uint_t alone, ngx_log_t *log);
static void ngx_tidraw_sqlite_finish(ngx_tidraw_sqlite_lane_t *lane,
    ngx_queue_t *q, ngx_int_t rc);
static void ngx_tidraw_sqlite_fail(ngx_tidraw_sqlite_lane_t *lane,
    ngx_queue_t *first, ngx_int_t rc);
static ngx_int_t ngx_tidraw_sqlite_op(ngx_tidraw_sqlite_lane_t *lane,
    ngx_tidraw_opx_t *opx, ngx_log_t *log);
static ngx_int_t ngx_tidraw_sqlite_step(ngx_tidraw_sqlite_lane_t *lane,
    ngx_tidraw_step_t *step, ngx_tidraw_result_t *res,
    ngx_tidraw_sqlite_arena_t *arena, ngx_log_t *log);
static int ngx_tidraw_sqlite_bind(sqlite3_stmt *stmt,
    ngx_tidraw_step_t *step);
static ngx_int_t ngx_tidraw_sqlite_row(sqlite3_stmt *stmt,
    ngx_uint_t ncols, ngx_tidraw_sqlite_cells_t *cells,
    ngx_tidraw_sqlite_arena_t *arena);
static u_char *ngx_tidraw_sqlite_alloc(ngx_tidraw_sqlite_arena_t *arena,
    size_t size);
static ngx_int_t ngx_tidraw_sqlite_error(ngx_tidraw_sqlite_lane_t *lane,
    const char *name, int rc, ngx_log_t *log);


static const char  *ngx_tidraw_sqlite_controls[] = {
    "BEGIN",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT op",
    "RELEASE op",
    "ROLLBACK TO op"
};


/*
 * Every edit that was acknowledged survives power loss: synchronous is FULL.
 * temp_store keeps the journals of savepoints in memory.
 */

static const char  ngx_tidraw_sqlite_pragmas[] =
    "PRAGMA foreign_keys = ON;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA cache_size = -1500;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA journal_size_limit = 16777216;";


void
ngx_tidraw_sqlite_work(void *data, ngx_log_t *log)
{
    int                        rc;
    ngx_tidraw_sqlite_lane_t  *lane = data;

    lane->full = 0;
    lane->wrote = 0;
    lane->bytes = 0;
    lane->opened = NGX_OK;

    if (lane->db == NULL) {
        rc = ngx_tidraw_sqlite_open_handle(lane, log);

        if (rc != SQLITE_OK) {
            if (lane->opened == NGX_OK) {
                lane->opened = NGX_ERROR;
            }

            ngx_tidraw_sqlite_close_lane(lane);
        }
    }

    if (lane->opened == NGX_OK && !ngx_queue_empty(&lane->batch)) {

        if (lane->writer) {
            ngx_tidraw_sqlite_write_turn(lane, log);

        } else {
            ngx_tidraw_sqlite_read(lane, log);
        }
    }

    ngx_memory_barrier();

    lane->running = 0;
}


void
ngx_tidraw_sqlite_close_lane(ngx_tidraw_sqlite_lane_t *lane)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_TIDRAW_STMT_COUNT; i++) {
        sqlite3_finalize(lane->stmts[i]);
        lane->stmts[i] = NULL;
    }

    for (i = 0; i < NGX_TIDRAW_SQLITE_NCONTROLS; i++) {
        sqlite3_finalize(lane->controls[i]);
        lane->controls[i] = NULL;
    }

    ngx_tidraw_sqlite_turn_close(lane);

    if (lane->db) {
        (void) sqlite3_close_v2(lane->db);
        lane->db = NULL;
    }
}


static int
ngx_tidraw_sqlite_open_handle(ngx_tidraw_sqlite_lane_t *lane, ngx_log_t *log)
{
    int          fd, rc, flags;
    const char  *text;

    flags = SQLITE_OPEN_READWRITE|SQLITE_OPEN_NOMUTEX;
    lane->error[0] = '\0';

    if (lane->writer) {

        /*
         * SQLite would create the file with mode 0644.  A file that exists is
         * not touched: closing it would take the locks of other handles away.
         */

        fd = open(lane->path, O_CREAT|O_EXCL|O_RDWR|O_CLOEXEC, 0600);

        if (fd != -1) {
            (void) close(fd);

        } else if (errno != EEXIST) {
            ngx_snprintf((u_char *) lane->error, NGX_TIDRAW_SQLITE_ERROR_LEN,
                         "open() \"%s\" failed (%d: %s)%Z",
                         lane->path, errno, strerror(errno));
            lane->error[NGX_TIDRAW_SQLITE_ERROR_LEN - 1] = '\0';
            return SQLITE_CANTOPEN;
        }
    }

    rc = sqlite3_open_v2(lane->path, &lane->db, flags, NULL);

    if (rc == SQLITE_OK) {
        (void) sqlite3_extended_result_codes(lane->db, 1);
        (void) sqlite3_db_config(lane->db, SQLITE_DBCONFIG_LOOKASIDE,
                                 NULL, 256, 64);
        (void) sqlite3_busy_handler(lane->db, ngx_tidraw_sqlite_wait, lane);

        rc = sqlite3_exec(lane->db, ngx_tidraw_sqlite_pragmas, NULL, NULL,
                          NULL);
    }

    if (rc == SQLITE_OK && lane->writer) {

        /* SQLite falls back to reading, and would never write again */

        if (sqlite3_db_readonly(lane->db, "main") == 1) {
            ngx_snprintf((u_char *) lane->error, NGX_TIDRAW_SQLITE_ERROR_LEN,
                         "\"%s\": its file or file system is read-only%Z",
                         lane->path);
            lane->error[NGX_TIDRAW_SQLITE_ERROR_LEN - 1] = '\0';
            return SQLITE_READONLY;
        }

        rc = ngx_tidraw_sqlite_migrate(lane, log);
    }

    if (rc == SQLITE_OK) {
        return rc;
    }

    if (lane->error[0] == '\0') {
        text = lane->db ? sqlite3_errmsg(lane->db) : sqlite3_errstr(rc);

        ngx_snprintf((u_char *) lane->error, NGX_TIDRAW_SQLITE_ERROR_LEN,
                     "\"%s\": %s (%d)%Z", lane->path, text, rc);
        lane->error[NGX_TIDRAW_SQLITE_ERROR_LEN - 1] = '\0';
    }

    return rc;
}


static int
ngx_tidraw_sqlite_control(ngx_tidraw_sqlite_lane_t *lane, ngx_uint_t n)
{
    int  rc;

    if (lane->controls[n] == NULL) {
        rc = sqlite3_prepare_v3(lane->db, ngx_tidraw_sqlite_controls[n], -1,
                                SQLITE_PREPARE_PERSISTENT, &lane->controls[n],
                                NULL);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }

    (void) sqlite3_step(lane->controls[n]);

    return sqlite3_reset(lane->controls[n]);
}


static void
ngx_tidraw_sqlite_read(ngx_tidraw_sqlite_lane_t *lane, ngx_log_t *log)
{
    int                rc;
    ngx_int_t          result;
    ngx_uint_t         snapshot;
    ngx_queue_t       *q;
    ngx_tidraw_opx_t  *opx;

    while (!ngx_queue_empty(&lane->batch)) {

        if (lane->bytes > NGX_TIDRAW_SQLITE_BATCH_BYTES) {
            return;
        }

        q = ngx_queue_head(&lane->batch);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

        /* a lone statement is a snapshot anyway */

        snapshot = (opx->steps.nelts > 1);

        if (snapshot) {
            rc = ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_BEGIN);

            if (rc != SQLITE_OK) {
                result = ngx_tidraw_sqlite_error(lane, "BEGIN", rc, log);
                ngx_tidraw_sqlite_finish(lane, q, result);
                continue;
            }
        }

        result = ngx_tidraw_sqlite_op(lane, opx, log);

        if (snapshot) {
            (void) ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_COMMIT);

            if (!sqlite3_get_autocommit(lane->db)) {
                (void) ngx_tidraw_sqlite_control(lane,
                                                 NGX_TIDRAW_SQLITE_ROLLBACK);
            }
        }

        ngx_tidraw_sqlite_finish(lane, q, result);
    }
}


/*
 * A board whose commit came second catches up and tries again at once: it is
 * still our turn then, so that it does not lose again and again.  Not twice in
 * a row, or others would wait for ever.
 */

static void
ngx_tidraw_sqlite_write_turn(ngx_tidraw_sqlite_lane_t *lane, ngx_log_t *log)
{
    ngx_uint_t  kept;

    kept = lane->kept;

    if (!kept) {
        ngx_tidraw_sqlite_turn_take(lane);
    }

    lane->second = 0;

    ngx_tidraw_sqlite_write(lane, log);

    lane->kept = lane->second && !kept;

    if (!lane->kept) {
        ngx_tidraw_sqlite_turn_give(lane);
    }
}


static void
ngx_tidraw_sqlite_write(ngx_tidraw_sqlite_lane_t *lane, ngx_log_t *log)
{
    int                 rc;
    ngx_int_t           result;
    ngx_uint_t          alone, good;
    ngx_queue_t        *q, *first;
    ngx_tidraw_opx_t   *opx;
    ngx_tidraw_step_t  *step;

    rc = ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_BEGIN_IMMEDIATE);

    if (rc != SQLITE_OK) {
        result = ngx_tidraw_sqlite_error(lane, "BEGIN IMMEDIATE", rc, log);
        ngx_tidraw_sqlite_fail(lane, NULL, result);
        return;
    }

    first = ngx_queue_head(&lane->batch);
    alone = (first == ngx_queue_last(&lane->batch));
    good = 0;

    while (!ngx_queue_empty(&lane->batch)) {
        q = ngx_queue_head(&lane->batch);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

        result = ngx_tidraw_sqlite_write_op(lane, opx, alone, log);

        if (sqlite3_get_autocommit(lane->db)) {

            /* an error that took the whole transaction with it */

            if (result != NGX_TIDRAW_STORE_FULL) {
                result = NGX_TIDRAW_STORE_AWAY;
            }

            ngx_tidraw_sqlite_fail(lane, first, result);
            return;
        }

        step = opx->steps.elts;

        if (result == NGX_OK) {
            good++;

        } else if (result == NGX_DECLINED
                   && step->stmt == NGX_TIDRAW_STMT_ROOM_COMMIT)
        {
            lane->second = 1;
        }

        ngx_tidraw_sqlite_finish(lane, q, result);
    }

    if (good == 0) {
        (void) ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_ROLLBACK);
        return;
    }

    rc = ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_COMMIT);

    if (rc == SQLITE_OK) {
        lane->wrote = 1;
        return;
    }

    result = ngx_tidraw_sqlite_error(lane, "COMMIT", rc, log);

    if ((rc & 0xff) == SQLITE_IOERR) {

        /*
         * The last frame may have reached the disk although syncing it
         * failed: a crash before the next commit could bring it back.
         */

        result = NGX_TIDRAW_STORE_UNKNOWN;
    }

    if (!sqlite3_get_autocommit(lane->db)) {
        (void) ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_ROLLBACK);
    }

    ngx_tidraw_sqlite_fail(lane, first, result);
}


static ngx_int_t
ngx_tidraw_sqlite_write_op(ngx_tidraw_sqlite_lane_t *lane,
    ngx_tidraw_opx_t *opx, ngx_uint_t alone, ngx_log_t *log)
{
    int         rc;
    ngx_int_t   result;
    ngx_uint_t  savepoint;

    /* a statement that fails undoes itself; so does the whole transaction */

    savepoint = (!alone && opx->steps.nelts > 1);

    if (savepoint) {
        rc = ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_SAVEPOINT);
        if (rc != SQLITE_OK) {
            result = ngx_tidraw_sqlite_error(lane, "SAVEPOINT", rc, log);
            goto rollback;
        }
    }

    result = ngx_tidraw_sqlite_op(lane, opx, log);

    if (!savepoint || sqlite3_get_autocommit(lane->db)) {
        return result;
    }

    if (result != NGX_OK) {
        rc = ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_ROLLBACK_TO);
        if (rc != SQLITE_OK) {
            goto rollback;
        }
    }

    rc = ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_RELEASE);

    if (rc == SQLITE_OK) {
        return result;
    }

    if (result == NGX_OK) {
        result = ngx_tidraw_sqlite_error(lane, "RELEASE", rc, log);
    }

rollback:

    if (!sqlite3_get_autocommit(lane->db)) {
        (void) ngx_tidraw_sqlite_control(lane, NGX_TIDRAW_SQLITE_ROLLBACK);
    }

    return result;
}


static void
ngx_tidraw_sqlite_finish(ngx_tidraw_sqlite_lane_t *lane, ngx_queue_t *q,
    ngx_int_t rc)
{
    ngx_tidraw_opx_t  *opx;

    opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);
    opx->op.rc = rc;

    ngx_queue_remove(q);
    ngx_queue_insert_tail(&lane->finished, q);
}


/*
 * The transaction is undone: what had gone well since first has not happened,
 * and what is left of the batch will not.
 */

static void
ngx_tidraw_sqlite_fail(ngx_tidraw_sqlite_lane_t *lane, ngx_queue_t *first,
    ngx_int_t rc)
{
    ngx_queue_t       *q;
    ngx_tidraw_opx_t  *opx;

    while (!ngx_queue_empty(&lane->batch)) {
        ngx_tidraw_sqlite_finish(lane, ngx_queue_head(&lane->batch), rc);
    }

    if (first == NULL) {
        return;
    }

    for (q = first;
         q != ngx_queue_sentinel(&lane->finished);
         q = ngx_queue_next(q))
    {
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

        if (opx->op.rc == NGX_OK) {
            opx->op.rc = rc;
        }
    }
}


static ngx_int_t
ngx_tidraw_sqlite_op(ngx_tidraw_sqlite_lane_t *lane, ngx_tidraw_opx_t *opx,
    ngx_log_t *log)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_tidraw_step_t          *step;
    ngx_tidraw_result_t        *results;
    ngx_tidraw_sqlite_arena_t   arena;

    results = ngx_pcalloc(opx->op.pool,
                          opx->steps.nelts * sizeof(ngx_tidraw_result_t));
    if (results == NULL) {
        return NGX_TIDRAW_STORE_AWAY;
    }

    opx->op.results = results;

    arena.pool = opx->op.pool;
    arena.pos = NULL;
    arena.end = NULL;
    arena.size = NGX_TIDRAW_SQLITE_CHUNK;
    arena.used = 0;

    step = opx->steps.elts;

    for (i = 0; i < opx->steps.nelts; i++) {
        rc = ngx_tidraw_sqlite_step(lane, &step[i], &results[i], &arena, log);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    lane->bytes += arena.used;

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_sqlite_step(ngx_tidraw_sqlite_lane_t *lane,
    ngx_tidraw_step_t *step, ngx_tidraw_result_t *res,
    ngx_tidraw_sqlite_arena_t *arena, ngx_log_t *log)
{
    int                         rc;
    ngx_int_t                   result;
    sqlite3_stmt               *stmt;
    ngx_tidraw_sqlite_cells_t   cells;

    const ngx_tidraw_statement_t  *st;

    st = &ngx_tidraw_statements[step->stmt];
    stmt = lane->stmts[step->stmt];

    if (stmt == NULL) {
        rc = sqlite3_prepare_v3(lane->db, lane->texts[step->stmt], -1,
                                SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
        if (rc != SQLITE_OK) {
            return ngx_tidraw_sqlite_error(lane, st->name, rc, log);
        }

        lane->stmts[step->stmt] = stmt;
    }

    rc = ngx_tidraw_sqlite_bind(stmt, step);
    if (rc != SQLITE_OK) {
        (void) sqlite3_clear_bindings(stmt);
        return ngx_tidraw_sqlite_error(lane, st->name, rc, log);
    }

    result = NGX_OK;
    cells.cells = NULL;
    cells.n = 0;
    cells.max = 0;

    res->ncols = sqlite3_column_count(stmt);

    for ( ;; ) {
        rc = sqlite3_step(stmt);

        if (rc != SQLITE_ROW) {
            break;
        }

        result = ngx_tidraw_sqlite_row(stmt, res->ncols, &cells, arena);
        if (result != NGX_OK) {
            break;
        }

        res->nrows++;
    }

    res->cells = cells.cells;

    if (rc == SQLITE_DONE && st->guard && sqlite3_changes(lane->db) == 0) {
        result = NGX_DECLINED;
    }

    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
        result = ngx_tidraw_sqlite_error(lane, st->name, rc, log);
    }

    (void) sqlite3_reset(stmt);
    (void) sqlite3_clear_bindings(stmt);

    return result;
}


static int
ngx_tidraw_sqlite_bind(sqlite3_stmt *stmt, ngx_tidraw_step_t *step)
{
    int                  rc;
    ngx_uint_t           i;
    ngx_tidraw_param_t  *param;

    for (i = 0; i < step->nparams; i++) {
        param = &step->params[i];

        switch (param->type) {

        case 'i':
            rc = sqlite3_bind_int64(stmt, i + 1, param->number);
            break;

        case 's':

            /* the operation outlives the binding */

            rc = sqlite3_bind_text64(stmt, i + 1, (char *) param->text.data,
                                     param->text.len, SQLITE_STATIC,
                                     SQLITE_UTF8);
            break;

        default:
            rc = sqlite3_bind_null(stmt, i + 1);
            break;
        }

        if (rc != SQLITE_OK) {
            return rc;
        }
    }

    return SQLITE_OK;
}


static ngx_int_t
ngx_tidraw_sqlite_row(sqlite3_stmt *stmt, ngx_uint_t ncols,
    ngx_tidraw_sqlite_cells_t *cells, ngx_tidraw_sqlite_arena_t *arena)
{
    size_t               len;
    ngx_uint_t           i, max;
    const u_char        *text;
    ngx_tidraw_cell_t   *cell;

    if (cells->n + ncols > cells->max) {
        max = ngx_max(cells->max * 2, cells->n + ncols);

        cell = ngx_palloc(arena->pool, max * sizeof(ngx_tidraw_cell_t));
        if (cell == NULL) {
            return NGX_TIDRAW_STORE_AWAY;
        }

        if (cells->n) {
            ngx_memcpy(cell, cells->cells,
                       cells->n * sizeof(ngx_tidraw_cell_t));
            (void) ngx_pfree(arena->pool, cells->cells);
        }

        cells->cells = cell;
        cells->max = max;
    }

    for (i = 0; i < ncols; i++) {
        cell = &cells->cells[cells->n + i];

        cell->data = NULL;
        cell->len = 0;

        if (sqlite3_column_type(stmt, i) == SQLITE_NULL) {
            continue;
        }

        text = sqlite3_column_text(stmt, i);
        if (text == NULL) {
            return NGX_TIDRAW_STORE_AWAY;
        }

        len = sqlite3_column_bytes(stmt, i);

        cell->data = ngx_tidraw_sqlite_alloc(arena, len + 1);
        if (cell->data == NULL) {
            return NGX_TIDRAW_STORE_AWAY;
        }

        ngx_memcpy(cell->data, text, len);
        cell->data[len] = '\0';
        cell->len = len;
    }

    cells->n += ncols;

    return NGX_OK;
}


static u_char *
ngx_tidraw_sqlite_alloc(ngx_tidraw_sqlite_arena_t *arena, size_t size)
{
    u_char  *p;

    arena->used += size;

    if ((size_t) (arena->end - arena->pos) >= size) {
        p = arena->pos;
        arena->pos += size;
        return p;
    }

    if (size > arena->size / 4) {
        return ngx_pnalloc(arena->pool, size);
    }

    p = ngx_pnalloc(arena->pool, arena->size);
    if (p == NULL) {
        return NULL;
    }

    arena->pos = p + size;
    arena->end = p + arena->size;
    arena->size = ngx_min(arena->size * 4, NGX_TIDRAW_SQLITE_CHUNK_MAX);

    return p;
}


/* What an error of SQLite means to the requester. */

static ngx_int_t
ngx_tidraw_sqlite_error(ngx_tidraw_sqlite_lane_t *lane, const char *name,
    int rc, ngx_log_t *log)
{
    const char  *text;

    switch (rc) {

    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return NGX_TIDRAW_STORE_CONFLICT;
    }

    text = sqlite3_errmsg(lane->db);

    switch (rc & 0xff) {

    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
        ngx_tidraw_log(ngx_tidraw_log_pace(&lane->told, NGX_LOG_WARN), log, 0,
                       "statement_failed", "statement=%s code=%i error=%s",
                       name, (ngx_int_t) rc, text);
        return NGX_TIDRAW_STORE_AWAY;

    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_PERM:

        if (!lane->writer) {
            break;
        }

        /* the event loop logs it, once */

        lane->full = 1;

        ngx_snprintf((u_char *) lane->error, NGX_TIDRAW_SQLITE_ERROR_LEN,
                     "%s: %s (%d)%Z", name, text, rc);
        lane->error[NGX_TIDRAW_SQLITE_ERROR_LEN - 1] = '\0';

        return NGX_TIDRAW_STORE_FULL;
    }

    ngx_tidraw_log(ngx_tidraw_log_pace(&lane->told, NGX_LOG_ERR), log, 0,
                   "statement_failed", "statement=%s code=%i error=%s", name,
                   (ngx_int_t) rc, text);

    return NGX_ERROR;
}
