
/*
 * The database, whichever it is: operations in, results out, never blocking.
 *
 * An operation is a list of statements from the table in
 * ngx_tidraw_statements.h, run in order as one transaction.  It owns its
 * memory; the store owns it from run() until its handler has returned.
 * Only this folder knows which database is behind it.
 */


#ifndef _NGX_TIDRAW_STORE_H_INCLUDED_
#define _NGX_TIDRAW_STORE_H_INCLUDED_


#include "ngx_tidraw.h"


/*
 * Outcome of an operation (op->rc):
 *
 *   NGX_OK                       done, durable
 *   NGX_DECLINED                 a guard matched no row: nothing stored
 *   NGX_TIDRAW_STORE_CONFLICT    a unique key exists already: nothing stored
 *   NGX_TIDRAW_STORE_AWAY        database away or queue full: nothing stored,
 *                                try later
 *   NGX_TIDRAW_STORE_FULL        disk full or read-only: nothing stored
 *   NGX_TIDRAW_STORE_UNKNOWN     the connection broke while committing: it is
 *                                stored or not, look again
 *   NGX_ERROR                    the database refused it (logged): nothing
 *                                stored
 */

#define NGX_TIDRAW_STORE_CONFLICT   -20
#define NGX_TIDRAW_STORE_AWAY       -21
#define NGX_TIDRAW_STORE_FULL       -22
#define NGX_TIDRAW_STORE_UNKNOWN    -23


/* The statements: enum NGX_TIDRAW_STMT_<name>. */

#define TD_STMT(name, text)    NGX_TIDRAW_STMT_##name,
#define TD_GUARD(name, text)   NGX_TIDRAW_STMT_##name,

typedef enum {
#include "ngx_tidraw_statements.h"
    NGX_TIDRAW_STMT_COUNT
} ngx_tidraw_stmt_e;

#undef TD_STMT
#undef TD_GUARD


typedef struct {
    u_char                 *data;       /* NULL: SQL null */
    size_t                  len;        /* text, as the database prints it;
                                           a NUL follows it */
} ngx_tidraw_cell_t;


typedef struct {
    ngx_uint_t              nrows;
    ngx_uint_t              ncols;
    ngx_tidraw_cell_t      *cells;      /* nrows * ncols, row by row */
} ngx_tidraw_result_t;


typedef struct ngx_tidraw_op_s  ngx_tidraw_op_t;

typedef void (*ngx_tidraw_op_pt)(ngx_tidraw_op_t *op);


struct ngx_tidraw_op_s {
    ngx_int_t               rc;
    ngx_uint_t              nsteps;     /* so far; results[0 .. nsteps - 1],
                                           one a step, valid when rc is
                                           NGX_OK */
    ngx_tidraw_result_t    *results;

    ngx_tidraw_op_pt        handler;
    void                   *data;

    ngx_tidraw_store_t     *store;
    ngx_pool_t             *pool;       /* freed with the operation; before
                                           run() the requester may allocate
                                           from it what must live as long */
};


/*
 * Life of a store, one a site and worker.  open() never fails for something
 * transient: it connects, migrates and retries in the background, and
 * operations wait (bounded in number, 4 096, and time, 10 s) until it is
 * ready.  check() runs when the configuration is read and only looks at the
 * form of the URL: NULL or what is wrong with it.
 * close() in exit_process: finishes what is queued, within 5 s, and frees it
 * without calling a handler; call it before what operations refer to goes
 * away.
 * prepare() in init_module, not under "nginx -t", once a site: makes in the
 * master what unprivileged workers cannot (the folder of an SQLite database).
 * NGX_OK or NGX_ERROR (logged).
 */
char *ngx_tidraw_store_check(ngx_str_t *url);
ngx_int_t ngx_tidraw_store_prepare(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);
ngx_tidraw_store_t *ngx_tidraw_store_open(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);
void ngx_tidraw_store_close(ngx_tidraw_store_t *st);

/* 1 when others than this nginx may write to the database. */
ngx_uint_t ngx_tidraw_store_remote(ngx_tidraw_store_t *st);

/*
 * What a worker's store does: operations that wait or run, and those that
 * failed since it was opened, by how: away, full, unknown, refused.
 */

typedef struct {
    ngx_uint_t              operations;
    uint64_t                failed[4];
} ngx_tidraw_store_stats_t;

void ngx_tidraw_store_stats(ngx_tidraw_store_t *st,
    ngx_tidraw_store_stats_t *stats);

/* 1 while the last contact with the database worked. */
ngx_uint_t ngx_tidraw_store_ready(ngx_tidraw_store_t *st);


/*
 * A new operation; NULL when out of memory.  write: 1 when any step changes
 * something.  One that is never run is freed by ngx_tidraw_op_free().
 */
ngx_tidraw_op_t *ngx_tidraw_op_create(ngx_tidraw_store_t *st,
    ngx_uint_t write);
void ngx_tidraw_op_free(ngx_tidraw_op_t *op);

/*
 * Appends a statement.  format has one letter a parameter ($1, $2, …):
 *   s   ngx_str_t *     text, copied (NULL or .data NULL: SQL null)
 *   S   ngx_str_t *     text, not copied: lives until the handler is called,
 *                       also when the requester cancels
 *   i   int64_t         an integer (pass exactly that type)
 *   n                   SQL null, takes no argument
 * Text never contains a NUL byte.  NGX_OK or NGX_ERROR (out of memory; the
 * operation may be freed or run() will answer NGX_ERROR).
 */
ngx_int_t ngx_tidraw_op_step(ngx_tidraw_op_t *op, ngx_uint_t stmt,
    const char *format, ...);

/*
 * Runs it.  handler(op) is called exactly once, from the event loop, never
 * from inside this call; the operation is freed when it returns.
 */
void ngx_tidraw_op_run(ngx_tidraw_op_t *op, ngx_tidraw_op_pt handler,
    void *data);

/*
 * Takes the row lock of a room in front of the steps of an operation that
 * only reads; what they find stays so until the handler has returned.  Called
 * before run().  NGX_OK, or NGX_DECLINED: nothing is changed, since the
 * database has no such locks (SQLite) or this worker holds or waits for one
 * already.  Waiting for the lock (3 s at most) ends with
 * NGX_TIDRAW_STORE_AWAY.
 *
 * The handler may call then(): next is run in the same transaction, as run()
 * would do it.  Without it, or when op->rc is not NGX_OK, the lock is given
 * back.  One who stands still with it loses it after 2 s.
 */
ngx_int_t ngx_tidraw_op_lock(ngx_tidraw_op_t *op, int64_t room);
void ngx_tidraw_op_then(ngx_tidraw_op_t *op, ngx_tidraw_op_t *next,
    ngx_tidraw_op_pt handler, void *data);

/* The requester goes away: the operation still runs, the handler does not. */
void ngx_tidraw_op_cancel(ngx_tidraw_op_t *op);


/* Cell of a result; an SQL null gives an empty string and 0. */
ngx_str_t ngx_tidraw_cell_str(ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_uint_t col);
int64_t ngx_tidraw_cell_int(ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_uint_t col);

/* The bytes of all texts of a result. */
size_t ngx_tidraw_result_size(ngx_tidraw_result_t *res);


#endif /* _NGX_TIDRAW_STORE_H_INCLUDED_ */
