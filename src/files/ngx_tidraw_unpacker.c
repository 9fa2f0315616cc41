
/*
 * Unpacking an archive on the thread pool.  What is in the archive was made
 * by somebody else: core/td_unzip.c says what of it is believed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_files_private.h"
#include "ngx_tidraw_unpacker.h"


#define NGX_TIDRAW_UNPACKER_PIECE   (256 * 1024)


typedef enum {
    NGX_TIDRAW_UNPACKER_DIRECTORY = 0,
    NGX_TIDRAW_UNPACKER_TEXT,
    NGX_TIDRAW_UNPACKER_FILE,
    NGX_TIDRAW_UNPACKER_NEXT
} ngx_tidraw_unpacker_e;


typedef struct {
    ngx_tidraw_unpacker_t      unpacker;    /* must be first */

    ngx_tidraw_file_job_t      job;
    ngx_queue_t                queue;       /* of all unpackers */
    unsigned                   closed:1;    /* there is no owner */

    /* the thread's, while a job runs */

    ngx_tidraw_unpacker_e      what;
    ngx_fd_t                   fd;
    off_t                      size;
    td_arena_t                *arena;
    const td_zip_entry_t      *entry;
    size_t                     max;
    td_unzip_t                 unzip;
    u_char                     buf[NGX_TIDRAW_UNPACKER_PIECE];
} ngx_tidraw_unpacker_ctx_t;


static void ngx_tidraw_unpacker_post(ngx_tidraw_unpacker_ctx_t *ctx,
    ngx_tidraw_unpacker_e what);
static void ngx_tidraw_unpacker_done(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_unpacker_free(ngx_tidraw_unpacker_ctx_t *ctx);
static void ngx_tidraw_unpacker_work(ngx_tidraw_file_job_t *job);
static int ngx_tidraw_unpacker_whole(ngx_tidraw_unpacker_ctx_t *ctx);
static int ngx_tidraw_unpacker_begin(ngx_tidraw_unpacker_ctx_t *ctx);
static int ngx_tidraw_unpacker_piece(ngx_tidraw_unpacker_ctx_t *ctx);
static size_t ngx_tidraw_unpacker_read(void *data, uint64_t offset,
    uint8_t *buf, size_t n);


ngx_tidraw_unpacker_t *
ngx_tidraw_unpacker_open(ngx_tidraw_files_t *files, ngx_fd_t fd, off_t size,
    ngx_tidraw_unpacker_pt handler, void *data)
{
    ngx_tidraw_unpacker_ctx_t  *ctx;

    if (files->nunpackers >= NGX_TIDRAW_UNPACKERS_MAX) {
        return NULL;
    }

    ctx = ngx_calloc(sizeof(ngx_tidraw_unpacker_ctx_t), files->site->log);
    if (ctx == NULL) {
        return NULL;
    }

    ctx->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (ctx->fd == NGX_INVALID_FILE) {
        ngx_free(ctx);
        return NULL;
    }

    ctx->size = size;

    ctx->unpacker.handler = handler;
    ctx->unpacker.data = data;

    ctx->job.work = ngx_tidraw_unpacker_work;
    ctx->job.done = ngx_tidraw_unpacker_done;
    ctx->job.files = files;

    ngx_queue_insert_tail(&files->unpackers, &ctx->queue);
    files->nunpackers++;

    return &ctx->unpacker;
}


void
ngx_tidraw_unpacker_directory(ngx_tidraw_unpacker_t *up)
{
    ngx_tidraw_unpacker_post((ngx_tidraw_unpacker_ctx_t *) up,
                             NGX_TIDRAW_UNPACKER_DIRECTORY);
}


void
ngx_tidraw_unpacker_text(ngx_tidraw_unpacker_t *up,
    const td_zip_entry_t *entry, size_t max)
{
    ngx_tidraw_unpacker_ctx_t  *ctx;

    ctx = (ngx_tidraw_unpacker_ctx_t *) up;

    ctx->entry = entry;
    ctx->max = max;

    ngx_tidraw_unpacker_post(ctx, NGX_TIDRAW_UNPACKER_TEXT);
}


void
ngx_tidraw_unpacker_file(ngx_tidraw_unpacker_t *up,
    const td_zip_entry_t *entry)
{
    ngx_tidraw_unpacker_ctx_t  *ctx;

    ctx = (ngx_tidraw_unpacker_ctx_t *) up;

    ctx->entry = entry;

    ngx_tidraw_unpacker_post(ctx, NGX_TIDRAW_UNPACKER_FILE);
}


void
ngx_tidraw_unpacker_next(ngx_tidraw_unpacker_t *up)
{
    ngx_tidraw_unpacker_post((ngx_tidraw_unpacker_ctx_t *) up,
                             NGX_TIDRAW_UNPACKER_NEXT);
}


static void
ngx_tidraw_unpacker_post(ngx_tidraw_unpacker_ctx_t *ctx,
    ngx_tidraw_unpacker_e what)
{
    ctx->what = what;
    ctx->unpacker.ended = 0;
    ctx->unpacker.len = 0;

    ngx_tidraw_file_job_post(ctx->job.files, &ctx->job);
}


void
ngx_tidraw_unpacker_close(ngx_tidraw_unpacker_t *up)
{
    ngx_tidraw_unpacker_ctx_t  *ctx;

    ctx = (ngx_tidraw_unpacker_ctx_t *) up;
    ctx->closed = 1;

    if (!ctx->job.busy) {
        ngx_tidraw_unpacker_free(ctx);
    }
}


static void
ngx_tidraw_unpacker_done(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_unpacker_ctx_t  *ctx;

    ctx = ngx_queue_data(job, ngx_tidraw_unpacker_ctx_t, job);

    if (ctx->closed) {
        ngx_tidraw_unpacker_free(ctx);
        return;
    }

    ctx->unpacker.handler(&ctx->unpacker);
}


static void
ngx_tidraw_unpacker_free(ngx_tidraw_unpacker_ctx_t *ctx)
{
    ngx_queue_remove(&ctx->queue);
    ctx->job.files->nunpackers--;

    if (ctx->unpacker.ours != NULL) {
        ctx->unpacker.free(ctx->unpacker.ours);
    }

    td_unzip_end(&ctx->unzip);
    td_buf_free(&ctx->unpacker.text);
    td_arena_destroy(ctx->arena);

    (void) close(ctx->fd);

    ngx_free(ctx);
}


void
ngx_tidraw_unpackers_drop(ngx_tidraw_files_t *files)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&files->unpackers)) {
        q = ngx_queue_head(&files->unpackers);

        ngx_tidraw_unpacker_free(ngx_queue_data(q, ngx_tidraw_unpacker_ctx_t,
                                                queue));
    }
}


/* From here on: in a thread. */

static void
ngx_tidraw_unpacker_work(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_unpacker_t      *up;
    ngx_tidraw_unpacker_ctx_t  *ctx;

    ctx = ngx_queue_data(job, ngx_tidraw_unpacker_ctx_t, job);
    up = &ctx->unpacker;

    switch (ctx->what) {

    case NGX_TIDRAW_UNPACKER_DIRECTORY:
        ctx->arena = td_arena_create(65536, 0);

        up->rc = ctx->arena == NULL
                 ? TD_NOMEM
                 : td_zip_open(&up->dir, ctx->arena, ctx->size,
                               ngx_tidraw_unpacker_read, ctx);
        return;

    case NGX_TIDRAW_UNPACKER_TEXT:
        up->rc = ngx_tidraw_unpacker_whole(ctx);

        if (up->rc == TD_OK && up->work != NULL) {
            up->work(up);
        }

        return;

    case NGX_TIDRAW_UNPACKER_FILE:
        up->rc = ngx_tidraw_unpacker_begin(ctx);

        if (up->rc != TD_OK) {
            return;
        }

        /* fall through */

    default: /* NGX_TIDRAW_UNPACKER_NEXT */
        up->rc = ngx_tidraw_unpacker_piece(ctx);
    }
}


static int
ngx_tidraw_unpacker_whole(ngx_tidraw_unpacker_ctx_t *ctx)
{
    int                     rc;
    td_buf_t               *b;
    ngx_tidraw_unpacker_t  *up;

    up = &ctx->unpacker;
    b = &up->text;

    td_buf_free(b);
    ngx_memzero(b, sizeof(td_buf_t));

    if (ctx->entry->size > ctx->max) {
        return TD_TOO_BIG;
    }

    rc = ngx_tidraw_unpacker_begin(ctx);

    while (rc == TD_OK && !up->ended) {
        rc = ngx_tidraw_unpacker_piece(ctx);

        td_buf_add(b, (char *) up->piece, up->len);
    }

    return b->failed ? TD_NOMEM : rc;
}


static int
ngx_tidraw_unpacker_begin(ngx_tidraw_unpacker_ctx_t *ctx)
{
    td_unzip_end(&ctx->unzip);

    return td_unzip_begin(&ctx->unzip, ctx->entry, ngx_tidraw_unpacker_read,
                          ctx);
}


static int
ngx_tidraw_unpacker_piece(ngx_tidraw_unpacker_ctx_t *ctx)
{
    int                     rc;
    ngx_tidraw_unpacker_t  *up;

    up = &ctx->unpacker;
    up->piece = ctx->buf;

    rc = td_unzip_read(&ctx->unzip, ctx->buf, NGX_TIDRAW_UNPACKER_PIECE,
                       &up->len);

    if (rc != TD_OK || ctx->unzip.given == ctx->entry->size) {
        up->ended = 1;
        td_unzip_end(&ctx->unzip);
    }

    return rc;
}


static size_t
ngx_tidraw_unpacker_read(void *data, uint64_t offset, uint8_t *buf, size_t n)
{
    size_t                      got;
    ssize_t                     rc;
    ngx_tidraw_unpacker_ctx_t  *ctx = data;

    for (got = 0; got < n; got += rc) {
        rc = pread(ctx->fd, buf + got, n - got, offset + got);

        if (rc <= 0) {
            break;
        }
    }

    return got;
}
