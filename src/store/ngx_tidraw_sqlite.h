
/*
 * The SQLite driver, between its two halves: ngx_tidraw_sqlite.c lives in
 * the event loop, ngx_tidraw_sqlite_thread.c in a thread of the pool.
 *
 * A store has two lanes, each with its own handle: one writes, one reads, so
 * that loading a board never holds up a commit, nor the other way round.  A
 * lane has at most one task in flight, and belongs to it from the post to
 * the completion; in between it belongs to the event loop.
 */


#ifndef _NGX_TIDRAW_SQLITE_H_INCLUDED_
#define _NGX_TIDRAW_SQLITE_H_INCLUDED_


#include "ngx_tidraw_store_private.h"

#include <sqlite3.h>


#define NGX_TIDRAW_SQLITE_ERROR_LEN    256

/* results of one task: what goes beyond waits for the next one */
#define NGX_TIDRAW_SQLITE_BATCH_BYTES  (1024 * 1024)


typedef enum {
    NGX_TIDRAW_SQLITE_BEGIN = 0,
    NGX_TIDRAW_SQLITE_BEGIN_IMMEDIATE,
    NGX_TIDRAW_SQLITE_COMMIT,
    NGX_TIDRAW_SQLITE_ROLLBACK,
    NGX_TIDRAW_SQLITE_SAVEPOINT,
    NGX_TIDRAW_SQLITE_RELEASE,
    NGX_TIDRAW_SQLITE_ROLLBACK_TO,
    NGX_TIDRAW_SQLITE_NCONTROLS
} ngx_tidraw_sqlite_control_e;


typedef struct {
    ngx_thread_task_t    task;
    ngx_tidraw_store_t  *store;
    const char          *path;
    char               **texts;         /* statements, one a number */
    unsigned             writer;        /* never changes */
    int                  turn;          /* the thread's; 0: not open */
    int64_t              waits;         /* the thread's: for SQLite's lock,
                                           since, monotonic ms */
    ngx_uint_t           second;        /* unsigned: a board's commit came
                                           second in this batch */
    ngx_uint_t           kept;          /* unsigned: it is still our turn */
    time_t               copied;        /* the thread's: before migrating */

    sqlite3             *db;            /* NULL: to be opened */
    sqlite3_stmt        *stmts[NGX_TIDRAW_STMT_COUNT];
    sqlite3_stmt        *controls[NGX_TIDRAW_SQLITE_NCONTROLS];

    ngx_queue_t          batch;         /* to do, in order */
    ngx_queue_t          finished;      /* done, op.rc is set */
    size_t               bytes;         /* results of this task */

    /* what the task found */
    ngx_int_t            opened;        /* NGX_OK, NGX_ERROR, or NGX_DECLINED:
                                           newer than this module */
    ngx_uint_t           full;          /* unsigned: a write was refused */
    ngx_uint_t           wrote;         /* unsigned: a commit worked */
    char                 error[NGX_TIDRAW_SQLITE_ERROR_LEN];
    ngx_tidraw_log_pace_t  told;        /* of statements that failed */

    ngx_uint_t           busy;          /* event loop: a task is in flight */
    ngx_atomic_t         running;       /* cleared by the thread at its end */
} ngx_tidraw_sqlite_lane_t;


/* The task: opens the database if need be, and works off lane->batch. */
void ngx_tidraw_sqlite_work(void *data, ngx_log_t *log);

/*
 * In the thread, on a writer's new handle: brings the schema up to date, after
 * a copy of the database.  SQLITE_OK, or an error of SQLite; lane->error may
 * say more, and lane->opened is NGX_DECLINED when the database is newer.  Then
 * the handle is to be closed, which undoes what was not finished.
 */
int ngx_tidraw_sqlite_migrate(ngx_tidraw_sqlite_lane_t *lane, ngx_log_t *log);

/*
 * In the thread, around a batch of writes: waits until it is this worker's
 * turn, about a second at most.  Never fails; without the file, and after
 * that second, SQLite's own lock has to do.
 */
void ngx_tidraw_sqlite_turn_take(ngx_tidraw_sqlite_lane_t *lane);
void ngx_tidraw_sqlite_turn_give(ngx_tidraw_sqlite_lane_t *lane);
void ngx_tidraw_sqlite_turn_close(ngx_tidraw_sqlite_lane_t *lane);

/*
 * SQLite's busy handler, data is the lane: 1 to try again after a millisecond,
 * 0 after 5 s.
 */
int ngx_tidraw_sqlite_wait(void *data, int attempt);

/* Closes the handle; no task is in flight. */
void ngx_tidraw_sqlite_close_lane(ngx_tidraw_sqlite_lane_t *lane);


#endif /* _NGX_TIDRAW_SQLITE_H_INCLUDED_ */
