
/*
 * Requests to S3, in the event loop: the queue, tries and pauses between them.
 * A request is on the heap and belongs to whoever made it; while a thread has
 * it, closing it leaves the freeing to the thread's end.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_s3_private.h"
#include "ngx_tidraw_curl.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_S3_TRIES   3
#define NGX_TIDRAW_S3_PAUSE   250       /* milliseconds, then four times */
#define NGX_TIDRAW_S3_BUSY    100       /* the thread pool takes no more */
#define NGX_TIDRAW_S3_QUIET   5         /* seconds between two errors */


static void ngx_tidraw_s3_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_s3_next(void);
static void ngx_tidraw_s3_done(ngx_event_t *ev);
static void ngx_tidraw_s3_timer(ngx_event_t *ev);
static void ngx_tidraw_s3_wait(ngx_tidraw_s3_ctx_t *ctx);
static void ngx_tidraw_s3_log(ngx_tidraw_s3_ctx_t *ctx);
static void ngx_tidraw_s3_free(ngx_tidraw_s3_ctx_t *ctx);
static void *ngx_tidraw_s3_lend(void);


/* of the process */

static ngx_queue_t   ngx_tidraw_s3_all;
static ngx_queue_t   ngx_tidraw_s3_waiting;
static ngx_uint_t    ngx_tidraw_s3_running;
static ngx_uint_t    ngx_tidraw_s3_inited;
static ngx_uint_t    ngx_tidraw_s3_ended;
static time_t        ngx_tidraw_s3_logged;

/* with their connections, for the next requests */
static void         *ngx_tidraw_s3_idle[NGX_TIDRAW_S3_JOBS];
static ngx_uint_t    ngx_tidraw_s3_nidle;


ngx_uint_t
ngx_tidraw_s3_on(ngx_tidraw_site_t *site)
{
    return site->conf->s3 != NULL && site->conf->s3->bucket.len != 0;
}


ngx_int_t
ngx_tidraw_s3_init(ngx_tidraw_site_t *site)
{
    if (ngx_tidraw_s3_inited || !ngx_tidraw_s3_on(site)) {
        return NGX_OK;
    }

#if (NGX_TIDRAW_CURL)

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ngx_tidraw_log(NGX_LOG_EMERG, site->log, 0, "start_failed",
                       "call=curl_global_init");
        return NGX_ERROR;
    }

#endif

    ngx_queue_init(&ngx_tidraw_s3_all);
    ngx_queue_init(&ngx_tidraw_s3_waiting);

    ngx_tidraw_s3_inited = 1;

    return NGX_OK;
}


void
ngx_tidraw_s3_exit(void)
{
    ngx_queue_t          *q;
    ngx_tidraw_s3_ctx_t  *ctx;

    if (!ngx_tidraw_s3_inited) {
        return;
    }

    ngx_tidraw_s3_inited = 0;
    ngx_tidraw_s3_ended = 1;

    while (!ngx_queue_empty(&ngx_tidraw_s3_all)) {
        q = ngx_queue_head(&ngx_tidraw_s3_all);
        ctx = ngx_queue_data(q, ngx_tidraw_s3_ctx_t, queue);

        ngx_tidraw_s3_free(ctx);
    }

#if (NGX_TIDRAW_CURL)

    while (ngx_tidraw_s3_nidle) {
        curl_easy_cleanup(ngx_tidraw_s3_idle[--ngx_tidraw_s3_nidle]);
    }

    curl_global_cleanup();

#endif
}


ngx_tidraw_s3_request_t *
ngx_tidraw_s3_request(ngx_tidraw_site_t *site, const char *method,
    ngx_str_t *name, size_t max)
{
    ngx_pool_t               *pool;
    ngx_tidraw_s3_ctx_t      *ctx;
    ngx_tidraw_s3_request_t  *req;

    if (ngx_tidraw_s3_ended) {
        return NULL;
    }

    pool = ngx_create_pool(2048, site->log);
    if (pool == NULL) {
        return NULL;
    }

    ctx = ngx_pcalloc(pool, sizeof(ngx_tidraw_s3_ctx_t));
    if (ctx == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    req = &ctx->request;

    req->name.len = name->len;
    req->name.data = ngx_pstrdup(pool, name);
    req->answer_max = ngx_max(max, NGX_TIDRAW_S3_SHORT);
    req->answer = ngx_alloc(req->answer_max, site->log);

    if (req->answer == NULL || req->name.data == NULL) {
        ngx_free(req->answer);
        ngx_destroy_pool(pool);
        return NULL;
    }

    req->method = method;
    req->fd = NGX_INVALID_FILE;
    req->tries = NGX_TIDRAW_S3_TRIES;

    ctx->site = site;
    ctx->s3 = site->conf->s3;
    ctx->pool = pool;

    ctx->dummy.fd = (ngx_socket_t) -1;
    ctx->dummy.data = ctx;

    ctx->timer.data = &ctx->dummy;
    ctx->timer.handler = ngx_tidraw_s3_timer;
    ctx->timer.log = site->log;

    ngx_queue_insert_tail(&ngx_tidraw_s3_all, &ctx->queue);

    return req;
}


ngx_int_t
ngx_tidraw_s3_arg(ngx_tidraw_s3_request_t *req, const char *name,
    u_char *value, size_t len)
{
    u_char               *p;
    td_s3_pair_t         *pair;
    ngx_tidraw_s3_ctx_t  *ctx;

    ctx = (ngx_tidraw_s3_ctx_t *) req;

    p = ngx_pnalloc(ctx->pool, len + 1);
    if (p == NULL || req->nargs == NGX_TIDRAW_S3_ARGS) {
        return NGX_ERROR;
    }

    if (len != 0) {
        ngx_memcpy(p, value, len);
    }

    pair = &req->args[req->nargs++];

    pair->name.data = name;
    pair->name.len = ngx_strlen(name);
    pair->value.data = (char *) p;
    pair->value.len = len;

    return NGX_OK;
}


void
ngx_tidraw_s3_send(ngx_tidraw_s3_request_t *req, ngx_tidraw_s3_pt handler,
    void *data)
{
    ngx_tidraw_s3_ctx_t  *ctx;

    ctx = (ngx_tidraw_s3_ctx_t *) req;

    req->handler = handler;
    req->data = data;

    ctx->queued = 1;
    ngx_queue_insert_tail(&ngx_tidraw_s3_waiting, &ctx->waiting);

    ngx_tidraw_s3_next();
}


void
ngx_tidraw_s3_close(ngx_tidraw_s3_request_t *req)
{
    ngx_tidraw_s3_ctx_t  *ctx;

    /* exit() has freed all of them */

    if (ngx_tidraw_s3_ended) {
        return;
    }

    ctx = (ngx_tidraw_s3_ctx_t *) req;

    if (ctx->running) {
        ctx->closed = 1;
        ctx->stop = 1;
        return;
    }

    ngx_tidraw_s3_free(ctx);
}


static void
ngx_tidraw_s3_free(ngx_tidraw_s3_ctx_t *ctx)
{
    if (ctx->timer.timer_set) {
        ngx_del_timer(&ctx->timer);
    }

    if (ctx->queued) {
        ngx_queue_remove(&ctx->waiting);
    }

#if (NGX_TIDRAW_CURL)

    if (ctx->curl != NULL) {
        curl_easy_cleanup(ctx->curl);
    }

#endif

    ngx_queue_remove(&ctx->queue);

    if (ctx->request.fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(ctx->request.fd);
    }

    td_buf_free(&ctx->request.body);
    ngx_free(ctx->request.answer);
    ngx_destroy_pool(ctx->pool);
}


static void
ngx_tidraw_s3_next(void)
{
    ngx_queue_t          *q;
    ngx_tidraw_s3_ctx_t  *ctx;

    while (ngx_tidraw_s3_running < NGX_TIDRAW_S3_JOBS
           && !ngx_queue_empty(&ngx_tidraw_s3_waiting))
    {
        q = ngx_queue_head(&ngx_tidraw_s3_waiting);
        ctx = ngx_queue_data(q, ngx_tidraw_s3_ctx_t, waiting);

        ngx_queue_remove(q);
        ctx->queued = 0;

        ngx_memzero(&ctx->task, sizeof(ngx_thread_task_t));

        ctx->task.ctx = ctx;
        ctx->task.handler = ngx_tidraw_s3_thread;
        ctx->task.event.data = ctx;
        ctx->task.event.handler = ngx_tidraw_s3_done;
        ctx->task.event.log = ctx->site->log;

        if (ctx->curl == NULL) {
            ctx->curl = ngx_tidraw_s3_lend();
        }

        if (ngx_thread_task_post(ctx->site->thread_pool, &ctx->task)
            != NGX_OK)
        {
            ngx_add_timer(&ctx->timer, NGX_TIDRAW_S3_BUSY);
            return;
        }

        ctx->running = 1;
        ngx_tidraw_s3_running++;
    }
}


/* One that is idle, or NULL: the thread makes one. */

static void *
ngx_tidraw_s3_lend(void)
{
    if (ngx_tidraw_s3_nidle == 0) {
        return NULL;
    }

    return ngx_tidraw_s3_idle[--ngx_tidraw_s3_nidle];
}


static void
ngx_tidraw_s3_thread(void *data, ngx_log_t *log)
{
    (void) log;

    ngx_tidraw_s3_perform(data);
}


static void
ngx_tidraw_s3_done(ngx_event_t *ev)
{
    ngx_tidraw_s3_ctx_t      *ctx;
    ngx_tidraw_s3_request_t  *req;

    ctx = ev->data;
    req = &ctx->request;

    ctx->running = 0;
    ngx_tidraw_s3_running--;

    if (ctx->curl != NULL && ngx_tidraw_s3_nidle < NGX_TIDRAW_S3_JOBS) {
        ngx_tidraw_s3_idle[ngx_tidraw_s3_nidle++] = ctx->curl;
        ctx->curl = NULL;
    }

    ngx_tidraw_s3_next();

    if (ctx->closed) {
        ngx_tidraw_s3_free(ctx);
        return;
    }

    ctx->tried++;

    if (req->rc == NGX_ERROR && ctx->again && ctx->tried < req->tries) {
        ngx_tidraw_log(NGX_LOG_INFO, ctx->site->log, 0, "s3_retry",
                       "attempt=%u error=%s", ctx->tried, ctx->why);
        ngx_tidraw_s3_wait(ctx);
        return;
    }

    if (req->rc == NGX_ERROR) {
        ngx_tidraw_s3_log(ctx);
    }

    if (req->handler == NULL) {
        ngx_tidraw_s3_free(ctx);
        return;
    }

    req->handler(req);
}


static void
ngx_tidraw_s3_wait(ngx_tidraw_s3_ctx_t *ctx)
{
    ngx_msec_t  ms;

    ms = (ngx_msec_t) NGX_TIDRAW_S3_PAUSE << 2 * (ctx->tried - 1);

    /* not all at once */

    ngx_add_timer(&ctx->timer, ms + ngx_random() % (ms / 2));
}


static void
ngx_tidraw_s3_timer(ngx_event_t *ev)
{
    ngx_connection_t     *dummy;
    ngx_tidraw_s3_ctx_t  *ctx;

    dummy = ev->data;
    ctx = dummy->data;
    ev->timedout = 0;

    ngx_tidraw_s3_send(&ctx->request, ctx->request.handler,
                       ctx->request.data);
}


/* A store that is away has as many failures as there are requests. */

static void
ngx_tidraw_s3_log(ngx_tidraw_s3_ctx_t *ctx)
{
    ngx_uint_t  level;

    ngx_tidraw_count(ctx->site, NGX_TIDRAW_COUNT_S3_FAILED, 1);

    level = NGX_LOG_INFO;

    if (ngx_time() - ngx_tidraw_s3_logged >= NGX_TIDRAW_S3_QUIET) {
        ngx_tidraw_s3_logged = ngx_time();
        level = NGX_LOG_ERR;
    }

    ngx_tidraw_log(level, ctx->site->log, 0, "s3_failed",
                   "method=%s prefix=%V name=%V bucket=%V url=%V error=%s",
                   ctx->request.method, &ctx->s3->prefix, &ctx->request.name,
                   &ctx->s3->bucket, &ctx->s3->origin, ctx->why);
}


void
ngx_tidraw_s3_delete(ngx_tidraw_site_t *site, ngx_str_t *name)
{
    ngx_tidraw_s3_request_t  *req;

    req = ngx_tidraw_s3_request(site, "DELETE", name, 0);

    if (req != NULL) {
        ngx_tidraw_s3_send(req, NULL, NULL);
    }
}


ngx_int_t
ngx_tidraw_s3_presign(ngx_pool_t *pool, ngx_tidraw_s3_t *s3,
    ngx_str_t *method, ngx_str_t *name, ngx_str_t *type,
    ngx_str_t *disposition, ngx_str_t *cache, ngx_str_t *url)
{
    int               rc;
    u_char            date[TD_S3_DATE + 1];
    td_buf_t          path, out;
    ngx_uint_t        i;
    ngx_str_t        *values[] = { type, disposition, cache };
    td_s3_request_t   r;

    static const char  *names[] = { "response-content-type",
                                    "response-content-disposition",
                                    "response-cache-control" };

    ngx_memzero(&path, sizeof(td_buf_t));
    ngx_memzero(&out, sizeof(td_buf_t));

    ngx_tidraw_s3_prepare(s3, &r, date);

    r.method.data = (char *) method->data;
    r.method.len = method->len;

    for (i = 0; i < 3; i++) {
        r.query[i].name.data = names[i];
        r.query[i].name.len = ngx_strlen(names[i]);
        r.query[i].value.data = (char *) values[i]->data;
        r.query[i].value.len = values[i]->len;
    }

    r.nquery = 3;

    td_buf_add(&out, (char *) s3->origin.data, s3->origin.len);

    rc = TD_NOMEM;

    if (ngx_tidraw_s3_path(s3, name, &path) == NGX_OK) {
        r.path.data = path.data;
        r.path.len = path.len;

        rc = td_s3_presign(&r, NGX_TIDRAW_S3_PRESIGN, &ngx_tidraw_s3_hash,
                           &out);
    }

    url->data = NULL;

    if (rc == TD_OK) {
        url->len = out.len;
        url->data = ngx_pnalloc(pool, out.len);

        if (url->data != NULL) {
            ngx_memcpy(url->data, out.data, out.len);
        }
    }

    td_buf_free(&path);
    td_buf_free(&out);

    return url->data != NULL ? NGX_OK : NGX_ERROR;
}
