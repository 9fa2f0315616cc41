
/*
 * The PostgreSQL driver, between its files:
 *
 *   ngx_tidraw_pgsql.c        the driver: a small pool, who gets what
 *   ngx_tidraw_pgsql_conn.c   one connection: connecting, events, the end
 *   ngx_tidraw_pgsql_setup.c  what a new connection does first: migrations
 *   ngx_tidraw_pgsql_pipe.c   operations into the pipeline, results out of it
 *   ngx_tidraw_pgsql_url.c    the URL, and names into addresses in a thread
 *
 *   ngx_tidraw_pgsql_library.c  libpq, loaded when a URL is configured
 *
 * Everything but the look-up of names happens in the event loop and never
 * waits.  libpq owns the sockets and closes them.
 */


#ifndef _NGX_TIDRAW_PGSQL_H_INCLUDED_
#define _NGX_TIDRAW_PGSQL_H_INCLUDED_


#include "ngx_tidraw_store_private.h"
#include "ngx_tidraw_pgsql_library.h"


#define NGX_TIDRAW_PGSQL_CONNS             2
#define NGX_TIDRAW_PGSQL_DEPTH             32     /* operations in flight */
#define NGX_TIDRAW_PGSQL_CONNECT_TIMEOUT   10000
#define NGX_TIDRAW_PGSQL_SETUP_TIMEOUT     60000
#define NGX_TIDRAW_PGSQL_MIGRATE_TIMEOUT   3600000
#define NGX_TIDRAW_PGSQL_TIMEOUT           10000  /* without any progress */
#define NGX_TIDRAW_PGSQL_ERROR_LEN         256
#define NGX_TIDRAW_PGSQL_HOSTS_LEN         4096


typedef struct ngx_tidraw_pgsql_s       ngx_tidraw_pgsql_t;
typedef struct ngx_tidraw_pgsql_conn_s  ngx_tidraw_pgsql_conn_t;


typedef enum {
    NGX_TIDRAW_PGSQL_DOWN = 0,
    NGX_TIDRAW_PGSQL_RESOLVING,
    NGX_TIDRAW_PGSQL_CONNECTING,
    NGX_TIDRAW_PGSQL_SETUP,
    NGX_TIDRAW_PGSQL_READY
} ngx_tidraw_pgsql_state_e;


/* What the server owes us next: the pipeline answers in order. */

typedef enum {
    NGX_TIDRAW_PGSQL_PREPARE = 0,   /* index: statement */
    NGX_TIDRAW_PGSQL_RESULT,        /* index: step of the operation */
    NGX_TIDRAW_PGSQL_SNAPSHOT,      /* of the operation */
    NGX_TIDRAW_PGSQL_LOCK,          /* before the operation */
    NGX_TIDRAW_PGSQL_COMMIT,        /* opx NULL: gives back a lock */
    NGX_TIDRAW_PGSQL_VERSION,       /* setup */
    NGX_TIDRAW_PGSQL_COMMAND,       /* setup: must succeed */
    NGX_TIDRAW_PGSQL_SYNC           /* opx NULL: of a preparation, or of the
                                       setup when index is not 0 */
} ngx_tidraw_pgsql_kind_e;


typedef struct {
    ngx_tidraw_opx_t          *opx;
    uint32_t                   kind;
    uint32_t                   index;
} ngx_tidraw_pgsql_expect_t;


struct ngx_tidraw_pgsql_conn_s {
    ngx_tidraw_pgsql_t        *pg;
    PGconn                    *conn;
    ngx_connection_t          *connection;
    ino_t                      inode;       /* of the socket: libpq may open
                                               another under the same fd */

    ngx_uint_t                 state;
    ngx_uint_t                 attempts;    /* since it was ready last */

    ngx_queue_t                sent;        /* operations, oldest first */
    ngx_tidraw_opx_t          *lock;        /* whose transaction is open: no
                                               other operation is sent */
    ngx_uint_t                 nsent;
    ngx_msec_t                 progress;    /* when one was finished last */

    ngx_tidraw_pgsql_expect_t *expect;      /* a ring */
    ngx_uint_t                 first;
    ngx_uint_t                 nexpect;
    ngx_uint_t                 size;

    int64_t                    version;     /* setup */
    ngx_uint_t                 phase;

    ngx_event_t                timer;       /* cancelable: connecting, or the
                                               wait before doing so */
    ngx_connection_t           dummy;

    unsigned                   separator:1; /* a NULL result comes next */
    unsigned                   lost:1;      /* of no more use */
    unsigned                   retire:1;    /* drop it once it is idle */

    char                       error[NGX_TIDRAW_PGSQL_ERROR_LEN];
    u_char                     prepared[NGX_TIDRAW_STMT_COUNT];
};


/* Names of hosts turned into addresses; belongs to the task while busy. */

typedef struct {
    ngx_thread_task_t          task;
    const char                *host;        /* from the URL, comma lists */
    const char                *port;

    char                       hosts[NGX_TIDRAW_PGSQL_HOSTS_LEN];
    char                       addrs[NGX_TIDRAW_PGSQL_HOSTS_LEN];
    char                       ports[NGX_TIDRAW_PGSQL_HOSTS_LEN];
    ngx_int_t                  rc;
    char                       error[NGX_TIDRAW_PGSQL_ERROR_LEN];

    ngx_uint_t                 busy;        /* event loop */
} ngx_tidraw_pgsql_names_t;


struct ngx_tidraw_pgsql_s {
    ngx_tidraw_store_t        *store;
    ngx_tidraw_pgsql_conn_t    conns[NGX_TIDRAW_PGSQL_CONNS];

    PQconninfoOption          *options;     /* the URL, taken apart */
    ngx_tidraw_pgsql_names_t  *names;       /* NULL: nothing to look up */
    const char               **texts;       /* statements; guards wrapped */
    ngx_tidraw_log_pace_t      told;        /* of statements that failed */

    unsigned                   refused:1;   /* newer: has been logged */
    unsigned                   closing:1;
};


/* ngx_tidraw_pgsql_url.c */

char *ngx_tidraw_pgsql_check(ngx_str_t *url);
ngx_int_t ngx_tidraw_pgsql_parse(ngx_tidraw_pgsql_t *pg);
PGconn *ngx_tidraw_pgsql_connect_start(ngx_tidraw_pgsql_t *pg);
ngx_int_t ngx_tidraw_pgsql_look_up(ngx_tidraw_pgsql_t *pg);

/* ngx_tidraw_pgsql_conn.c */

/* Begins to connect, or waits for the names. */
void ngx_tidraw_pgsql_connect(ngx_tidraw_pgsql_conn_t *pc);

/* The names are known; goes on with connecting. */
void ngx_tidraw_pgsql_resolved(ngx_tidraw_pgsql_conn_t *pc);

/* Gives up the connection; its operations end or wait again. */
void ngx_tidraw_pgsql_drop(ngx_tidraw_pgsql_conn_t *pc, const char *reason);

/* Sends what libpq holds back.  May drop the connection. */
void ngx_tidraw_pgsql_flush(ngx_tidraw_pgsql_conn_t *pc);

/* Reads what is there.  May drop the connection. */
void ngx_tidraw_pgsql_input(ngx_tidraw_pgsql_conn_t *pc);

void ngx_tidraw_pgsql_timer_handler(ngx_event_t *ev);

/* ngx_tidraw_pgsql_setup.c */

/* The first of the questions to a new connection. */
ngx_int_t ngx_tidraw_pgsql_setup(ngx_tidraw_pgsql_conn_t *pc);

/* An answer; SYNC ends a phase and begins the next one. */
void ngx_tidraw_pgsql_setup_result(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_pgsql_expect_t *e, PGresult *res);
void ngx_tidraw_pgsql_setup_sync(ngx_tidraw_pgsql_conn_t *pc);

/* ngx_tidraw_pgsql_pipe.c */

ngx_int_t ngx_tidraw_pgsql_expect(ngx_tidraw_pgsql_conn_t *pc,
    ngx_uint_t kind, ngx_tidraw_opx_t *opx, ngx_uint_t index);

/* Puts an operation into the pipeline; NGX_ERROR: drop the connection. */
ngx_int_t ngx_tidraw_pgsql_send(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *opx);

/* Ends the transaction of an operation with a lock, next (or NULL) in it;
   NGX_ERROR: drop the connection. */
ngx_int_t ngx_tidraw_pgsql_send_end(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_opx_t *next);

/* Works off the results that are complete; may set pc->lost. */
void ngx_tidraw_pgsql_results(ngx_tidraw_pgsql_conn_t *pc);

/* ngx_tidraw_pgsql.c */

void ngx_tidraw_pgsql_dispatch(ngx_tidraw_pgsql_t *pg);
ngx_uint_t ngx_tidraw_pgsql_any_ready(ngx_tidraw_pgsql_t *pg);


#endif /* _NGX_TIDRAW_PGSQL_H_INCLUDED_ */
