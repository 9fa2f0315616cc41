
/*
 * Whole boards that come in: read, taken apart and checked on the thread
 * pool, then written by an operation that owns them.
 */


#ifndef _NGX_TIDRAW_HTTP_IMPORT_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_IMPORT_H_INCLUDED_


#include "ngx_tidraw_http.h"
#include "td_import.h"


/* In call->import until it is cancelled or given to an operation. */

struct ngx_tidraw_import_s {
    td_import_t              im;
    int                      rc;        /* of td_import() */

    ngx_tidraw_call_t       *call;      /* NULL: gone */
    ngx_tidraw_call_pt       handler;
    ngx_tidraw_site_t       *site;
    ngx_pool_t              *pool;      /* it lives in */
    ngx_event_t              pace;      /* runs while the body comes */
    ngx_connection_t         dummy;     /* its data */
    ngx_thread_task_t       *task;
    u_char                  *text;      /* own allocation */
    size_t                   length;    /* while it comes: a turn ago */
    size_t                   reserved;  /* of the memory for all imports */
    td_arena_t              *arena;
    unsigned                 running:1;
};


/* The longest body of a whole board, in bytes: its records may take up to
 * tidraw_max_room, and come with some words about each. */
size_t ngx_tidraw_import_max(ngx_http_request_t *r);

/*
 * Reads the body of the call as a board, checks it, and calls handler with
 * call->import->im filled; or it has answered.  Bodies of a worker that are
 * underway take no more memory than the largest one may: 503 beyond.  One that
 * comes more slowly than 16 KB/s is cut off.
 */
void ngx_tidraw_import_run(ngx_tidraw_call_t *call,
    ngx_tidraw_call_pt handler);

/*
 * Gives call->import to op, whose steps may refer to its texts: it is freed
 * with it.  NGX_OK, or it has answered and freed the operation.
 */
ngx_int_t ngx_tidraw_import_give(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);

void ngx_tidraw_import_cancel(ngx_tidraw_import_t *im);


#endif /* _NGX_TIDRAW_HTTP_IMPORT_H_INCLUDED_ */
