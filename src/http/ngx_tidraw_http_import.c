
/*
 * Boards that come as one body: reading them within bounds, and checking them
 * on a thread.
 *
 * An import owns the text and what was found in it.  While a thread works on
 * it nothing else touches it; who cancels it then leaves it to the end of the
 * thread.
 */


#include "ngx_tidraw_http_import.h"
#include "ngx_tidraw_origin.h"


/* a body that comes more slowly than so many bytes in a turn is given up */

#define NGX_TIDRAW_IMPORT_TURN   20000     /* milliseconds */
#define NGX_TIDRAW_IMPORT_PACE   (20 * 16 * 1024)


static void ngx_tidraw_import_pace(ngx_event_t *ev);
static void ngx_tidraw_import_read(ngx_tidraw_call_t *call);
static void ngx_tidraw_import_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_import_done(ngx_event_t *ev);
static void ngx_tidraw_import_answer(ngx_tidraw_call_t *call);
static void ngx_tidraw_import_destroy(void *data);


/* Bytes of this worker that imports hold. */
static size_t  ngx_tidraw_import_reserved;


size_t
ngx_tidraw_import_max(ngx_http_request_t *r)
{
    ngx_tidraw_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    return tlcf->max_room + tlcf->max_room / 2 + NGX_TIDRAW_HTTP_MAX_BODY;
}


void
ngx_tidraw_import_run(ngx_tidraw_call_t *call, ngx_tidraw_call_pt handler)
{
    size_t                size;
    ngx_pool_t           *pool;
    ngx_thread_task_t    *task;
    ngx_tidraw_import_t  *im;

    size = call->max_body;

    if (call->request->headers_in.content_length_n >= 0) {
        size = call->request->headers_in.content_length_n;
    }

    if (ngx_tidraw_import_reserved
        && size > call->max_body
                  - ngx_min(ngx_tidraw_import_reserved, call->max_body))
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    pool = ngx_create_pool(1024, call->site->log);
    if (pool == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    task = ngx_thread_task_alloc(pool, sizeof(ngx_tidraw_import_t));
    if (task == NULL) {
        ngx_destroy_pool(pool);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    im = task->ctx;

    im->call = call;
    im->handler = handler;
    im->site = call->site;
    im->pool = pool;
    im->task = task;
    im->reserved = size;

    ngx_tidraw_import_reserved += size;

    call->import = im;

    im->dummy.fd = (ngx_socket_t) -1;
    im->dummy.data = im;

    im->pace.handler = ngx_tidraw_import_pace;
    im->pace.data = &im->dummy;
    im->pace.log = call->site->log;

    ngx_add_timer(&im->pace, NGX_TIDRAW_IMPORT_TURN);

    ngx_tidraw_call_read_board(call, ngx_tidraw_import_read);
}


/* What it holds of the memory for all imports others may need. */

static void
ngx_tidraw_import_pace(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_tidraw_import_t  *im;

    c = ev->data;
    im = c->data;
    r = im->call->request;
    ev->timedout = 0;

    if (im->call->length - im->length >= NGX_TIDRAW_IMPORT_PACE) {
        im->length = im->call->length;
        ngx_add_timer(&im->pace, NGX_TIDRAW_IMPORT_TURN);
        return;
    }

    c = r->connection;
    ngx_http_set_log_request(c->log, r);

    ngx_tidraw_log(NGX_LOG_INFO, c->log, 0, "import_ended",
                   "request=%V error=%s bytes=%z", ngx_tidraw_request_ref(r),
                   "the board came too slowly", im->call->length);

    c->timedout = 1;
    ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_import_read(ngx_tidraw_call_t *call)
{
    ngx_tidraw_import_t  *im;

    im = call->import;

    ngx_del_timer(&im->pace);

    im->text = call->text;
    im->length = call->length;

    call->text = NULL;
    call->length = 0;

    im->arena = td_arena_create(65536, 0);

    im->task->handler = ngx_tidraw_import_thread;
    im->task->event.handler = ngx_tidraw_import_done;
    im->task->event.data = im;
    im->task->event.log = im->site->log;

    if (im->arena == NULL
        || ngx_thread_task_post(im->site->thread_pool, im->task) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    im->running = 1;

    ngx_tidraw_call_wait(call);
}


/* The descriptions are read by all threads and written by none. */

static void
ngx_tidraw_import_thread(void *data, ngx_log_t *log)
{
    ngx_tidraw_import_t *im = data;

    im->rc = td_import(&im->im, im->arena, (char *) im->text, im->length,
                       im->site->schemas.elts, im->site->schemas.nelts,
                       im->site->conf->max_room);
}


static void
ngx_tidraw_import_done(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_tidraw_call_t    *call;
    ngx_tidraw_import_t  *im;

    im = ev->data;
    im->running = 0;
    call = im->call;

    if (call == NULL) {
        ngx_tidraw_import_destroy(im);
        return;
    }

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    ngx_tidraw_import_answer(call);

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_import_answer(ngx_tidraw_call_t *call)
{
    u_char               *text;
    size_t                len;
    ngx_tidraw_import_t  *im;

    im = call->import;

    switch (im->rc) {

    case TD_OK:
        im->handler(call);
        return;

    case TD_TOO_BIG:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE,
                              "The board is larger than boards may be here.");
        return;

    case TD_BAD:
    case TD_INVALID:

        /* it goes with the import, before the answer is written */

        len = ngx_strlen(im->im.error) + 1;
        text = ngx_pnalloc(call->request->pool, len);

        if (text != NULL) {
            ngx_memcpy(text, im->im.error, len);
        }

        call->field = im->im.field;
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              (char *) text);
        return;

    default: /* TD_NOMEM */
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
    }
}


ngx_int_t
ngx_tidraw_import_give(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(op->pool, 0);

    if (cln == NULL) {
        ngx_tidraw_op_free(op);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    cln->handler = ngx_tidraw_import_destroy;
    cln->data = call->import;

    call->import = NULL;

    return NGX_OK;
}


void
ngx_tidraw_import_cancel(ngx_tidraw_import_t *im)
{
    if (im->running) {
        im->call = NULL;
        return;
    }

    ngx_tidraw_import_destroy(im);
}


static void
ngx_tidraw_import_destroy(void *data)
{
    ngx_tidraw_import_t  *im = data;

    ngx_tidraw_import_reserved -= im->reserved;

    if (im->pace.timer_set) {
        ngx_del_timer(&im->pace);
    }

    if (im->text) {
        ngx_free(im->text);
    }

    td_arena_destroy(im->arena);
    ngx_destroy_pool(im->pool);
}
