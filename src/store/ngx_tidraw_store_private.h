
/*
 * What the store and its drivers share: the inside of an operation, the
 * queues, and the driver's interface.  Nothing outside this folder includes
 * this file.
 *
 * Life of an operation: waiting (in st->waiting) -> taken by the driver ->
 * st->done -> its handler -> freed.  A driver may put back what it took.
 * While a driver's thread works on an operation, the event loop touches
 * nothing of it but op.handler, which no thread looks at.
 */


#ifndef _NGX_TIDRAW_STORE_PRIVATE_H_INCLUDED_
#define _NGX_TIDRAW_STORE_PRIVATE_H_INCLUDED_


#include "ngx_tidraw_store.h"


#define NGX_TIDRAW_STORE_MAX_OPS     4096
#define NGX_TIDRAW_STORE_MAX_BYTES   (256 * 1024 * 1024)
#define NGX_TIDRAW_STORE_TIMEOUT     10000      /* ms an operation waits */
#define NGX_TIDRAW_STORE_TICK        500
#define NGX_TIDRAW_STORE_CLOSE       5000       /* ms to finish at exit */
#define NGX_TIDRAW_STORE_RETRY_MIN   100
#define NGX_TIDRAW_STORE_RETRY_MAX   1000


typedef struct {
    u_char                       type;      /* 'i', 's' or 'n' */
    int64_t                      number;
    ngx_str_t                    text;
} ngx_tidraw_param_t;


typedef struct {
    ngx_uint_t                   stmt;
    ngx_uint_t                   nparams;
    ngx_tidraw_param_t          *params;
} ngx_tidraw_step_t;


typedef struct ngx_tidraw_opx_s  ngx_tidraw_opx_t;


struct ngx_tidraw_opx_s {
    ngx_tidraw_op_t              op;        /* first: both are one address */
    ngx_queue_t                  queue;
    ngx_array_t                  steps;     /* ngx_tidraw_step_t */
    size_t                       size;      /* bytes of its parameters */
    ngx_msec_t                   since;     /* when run() or sending began */
    ngx_uint_t                   write;     /* unsigned */
    ngx_uint_t                   broken;    /* a step could not be added */
    ngx_uint_t                   lock;      /* unsigned: of this room's row */
    int64_t                      room;
    ngx_tidraw_opx_t            *next;      /* goes on with the lock */
    void                        *driver;    /* the driver's, in op.pool */
};


typedef struct {
    const char                  *name;
    const char                  *text;
    ngx_uint_t                   guard;     /* unsigned */
} ngx_tidraw_statement_t;


typedef struct {
    /* the forms of URL it takes */
    ngx_uint_t                 (*match)(ngx_str_t *url);

    /* NULL, or what is wrong with the URL */
    char                      *(*check)(ngx_str_t *url);

    /* in the master: makes what unprivileged workers cannot */
    ngx_int_t                  (*prepare)(ngx_tidraw_site_t *site,
                                   ngx_cycle_t *cycle);

    /* sets st->data; NGX_ERROR only when out of memory */
    ngx_int_t                  (*open)(ngx_tidraw_store_t *st);

    /* operations wait: take them, if there is a hand free */
    void                       (*kick)(ngx_tidraw_store_t *st);

    /*
     * The handler of an operation with a lock has returned: runs opx->next, or
     * gives back the lock.  NULL: there are no locks
     */
    void                       (*unlock)(ngx_tidraw_store_t *st,
                                   ngx_tidraw_opx_t *opx);

    /* every NGX_TIDRAW_STORE_TICK while there are operations */
    void                       (*tick)(ngx_tidraw_store_t *st);

    /* finishes what waits until the deadline, gives everything back */
    void                       (*close)(ngx_tidraw_store_t *st,
                                   ngx_msec_t deadline);
} ngx_tidraw_driver_t;


struct ngx_tidraw_store_s {
    const ngx_tidraw_driver_t   *driver;
    void                        *data;      /* the driver's */

    ngx_tidraw_site_t           *site;
    ngx_cycle_t                 *cycle;
    ngx_log_t                   *log;

    ngx_queue_t                  waiting[2];   /* reads, writes; oldest first */
    ngx_queue_t                  done;         /* handlers to be called */
    ngx_uint_t                   nops;         /* from run() to the handler */
    size_t                       nbytes;
    uint64_t                     failed[4];    /* as the statistics have them */

    ngx_event_t                  kick;      /* posted */
    ngx_event_t                  finish;    /* posted */
    ngx_event_t                  timer;     /* armed while nops, so that an
                                               exiting worker finishes */
    ngx_connection_t             dummy;     /* events look for an fd here */

    ngx_tidraw_log_pace_t        pace_away;
    ngx_tidraw_log_pace_t        pace_back;
    ngx_tidraw_log_pace_t        pace_full;
    ngx_tidraw_log_pace_t        pace_writable;

    unsigned                     ready:1;
    unsigned                     complained:1;
    unsigned                     full:1;
    unsigned                     locking:1; /* an operation has a lock, or
                                               waits for it */
};


extern const ngx_tidraw_statement_t  ngx_tidraw_statements[];
extern const ngx_tidraw_driver_t     ngx_tidraw_sqlite_driver;
extern const ngx_tidraw_driver_t     ngx_tidraw_pgsql_driver;


/* Ends an operation that is in no queue; event loop only. */
void ngx_tidraw_store_done(ngx_tidraw_opx_t *opx, ngx_int_t rc);

/* The oldest waiting operation, taken out; NULL when there is none. */
ngx_tidraw_opx_t *ngx_tidraw_store_take(ngx_tidraw_store_t *st);

/* Puts back operations, which keep their order and are the oldest. */
void ngx_tidraw_store_put_back(ngx_tidraw_store_t *st, ngx_queue_t *ops);

/* State of the database; logs changes only.  reason is a text. */
void ngx_tidraw_store_up(ngx_tidraw_store_t *st);
void ngx_tidraw_store_down(ngx_tidraw_store_t *st, const char *reason);
void ngx_tidraw_store_full(ngx_tidraw_store_t *st, const char *reason);
void ngx_tidraw_store_writable(ngx_tidraw_store_t *st);

/* Frees an operation in no queue at exit: its handler is not called. */
void ngx_tidraw_store_drop(ngx_tidraw_opx_t *opx);

/* Delay before attempt number n (from 0) with jitter. */
ngx_msec_t ngx_tidraw_store_backoff(ngx_uint_t n);

/* Sets up an event of the store: handler gets ev->data = &st->dummy, whose
   own data is data. */
void ngx_tidraw_store_event(ngx_tidraw_store_t *st, ngx_event_t *ev,
    ngx_connection_t *dummy, ngx_event_handler_pt handler, void *data);


#endif /* _NGX_TIDRAW_STORE_PRIVATE_H_INCLUDED_ */
