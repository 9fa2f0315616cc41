
/*
 * Packing an archive on the thread pool.  The thread has the archive, the
 * piece and what is read to itself while a job runs.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_files_private.h"
#include "ngx_tidraw_packer.h"
#include "td_zip.h"


#define NGX_TIDRAW_PACKER_PIECE   (256 * 1024)
#define NGX_TIDRAW_PACKER_LEVEL   6


typedef enum {
    NGX_TIDRAW_PACKER_BEGIN = 0,
    NGX_TIDRAW_PACKER_NEXT,
    NGX_TIDRAW_PACKER_FINISH
} ngx_tidraw_packer_e;


typedef struct {
    ngx_tidraw_packer_t      packer;      /* must be first */

    ngx_tidraw_file_job_t    job;
    ngx_queue_t              queue;       /* of all packers */
    unsigned                 closed:1;    /* there is no owner */

    /* the thread's, while a job runs */

    ngx_tidraw_packer_e      what;
    td_zip_t                 zip;
    u_char                   name[TD_ZIP_NAME_MAX];
    size_t                   name_len;
    int64_t                  time;
    int                      level;
    off_t                    size;        /* of the entry */
    off_t                    pos;
    td_buf_t                 text;
    off_t                    before;      /* where text begins in it */
    unsigned                 is_file:1;
    unsigned                 fed:1;       /* text is a piece of it */
    ngx_fd_t                 fd;
    ngx_err_t                err;
    const char              *failed;      /* which call */
    u_char                  *path;
    u_char                   piece[NGX_TIDRAW_PACKER_PIECE];
} ngx_tidraw_packer_ctx_t;


static void ngx_tidraw_packer_name(ngx_tidraw_packer_ctx_t *ctx,
    ngx_str_t *name, int64_t time);
static void ngx_tidraw_packer_post(ngx_tidraw_packer_ctx_t *ctx,
    ngx_tidraw_packer_e what);
static void ngx_tidraw_packer_done(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_packer_free(ngx_tidraw_packer_ctx_t *ctx);
static void ngx_tidraw_packer_work(ngx_tidraw_file_job_t *job);
static ngx_int_t ngx_tidraw_packer_begin(ngx_tidraw_packer_ctx_t *ctx);
static ngx_int_t ngx_tidraw_packer_piece(ngx_tidraw_packer_ctx_t *ctx);
static ngx_int_t ngx_tidraw_packer_error(ngx_tidraw_packer_ctx_t *ctx,
    const char *failed);


ngx_tidraw_packer_t *
ngx_tidraw_packer_open(ngx_tidraw_files_t *files, ngx_tidraw_packer_pt handler,
    void *data)
{
    ngx_tidraw_packer_ctx_t  *ctx;

    if (files->npackers >= NGX_TIDRAW_PACKERS_MAX) {
        return NULL;
    }

    ctx = ngx_calloc(sizeof(ngx_tidraw_packer_ctx_t)
                     + ngx_tidraw_blob_path_size(&files->dir),
                     files->site->log);
    if (ctx == NULL) {
        return NULL;
    }

    ctx->path = (u_char *) ctx + sizeof(ngx_tidraw_packer_ctx_t);
    ctx->fd = NGX_INVALID_FILE;

    ctx->packer.handler = handler;
    ctx->packer.data = data;

    ctx->job.work = ngx_tidraw_packer_work;
    ctx->job.done = ngx_tidraw_packer_done;
    ctx->job.files = files;

    ngx_queue_insert_tail(&files->packers, &ctx->queue);
    files->npackers++;

    return &ctx->packer;
}


void
ngx_tidraw_packer_text(ngx_tidraw_packer_t *pk, ngx_str_t *name, int64_t time,
    td_buf_t *text)
{
    ngx_tidraw_packer_ctx_t  *ctx;

    ctx = (ngx_tidraw_packer_ctx_t *) pk;

    ngx_tidraw_packer_name(ctx, name, time);

    ctx->is_file = 0;
    ctx->fed = 0;
    ctx->level = NGX_TIDRAW_PACKER_LEVEL;
    ctx->text = *text;
    ctx->size = text->len;

    ngx_memzero(text, sizeof(td_buf_t));

    ngx_tidraw_packer_post(ctx, NGX_TIDRAW_PACKER_BEGIN);
}


void
ngx_tidraw_packer_file(ngx_tidraw_packer_t *pk, ngx_str_t *name, int64_t time,
    ngx_str_t *hash, ngx_str_t *gen, off_t size, ngx_uint_t packed)
{
    ngx_tidraw_packer_ctx_t  *ctx;

    ctx = (ngx_tidraw_packer_ctx_t *) pk;

    ngx_tidraw_packer_name(ctx, name, time);

    ctx->is_file = 1;
    ctx->level = packed ? 0 : NGX_TIDRAW_PACKER_LEVEL;
    ctx->size = size;
    ctx->path[0] = '\0';

    if (ngx_tidraw_blob_valid(hash, gen)) {
        ngx_tidraw_blob_names(&ctx->job.files->dir, hash->data, gen->data,
                              NULL, ctx->path);
    }

    ngx_tidraw_packer_post(ctx, NGX_TIDRAW_PACKER_BEGIN);
}


void
ngx_tidraw_packer_pieces(ngx_tidraw_packer_t *pk, ngx_str_t *name,
    int64_t time, off_t size, ngx_uint_t packed, td_buf_t *piece)
{
    ngx_tidraw_packer_ctx_t  *ctx;

    ctx = (ngx_tidraw_packer_ctx_t *) pk;

    ngx_tidraw_packer_name(ctx, name, time);

    ctx->is_file = 0;
    ctx->fed = 1;
    ctx->level = packed ? 0 : NGX_TIDRAW_PACKER_LEVEL;
    ctx->text = *piece;
    ctx->size = size;

    ngx_memzero(piece, sizeof(td_buf_t));

    ngx_tidraw_packer_post(ctx, NGX_TIDRAW_PACKER_BEGIN);
}


void
ngx_tidraw_packer_feed(ngx_tidraw_packer_t *pk, td_buf_t *piece)
{
    ngx_tidraw_packer_ctx_t  *ctx;

    ctx = (ngx_tidraw_packer_ctx_t *) pk;

    td_buf_free(&ctx->text);

    ctx->text = *piece;
    ctx->before = ctx->pos;

    ngx_memzero(piece, sizeof(td_buf_t));

    ngx_tidraw_packer_post(ctx, NGX_TIDRAW_PACKER_NEXT);
}


static void
ngx_tidraw_packer_name(ngx_tidraw_packer_ctx_t *ctx, ngx_str_t *name,
    int64_t time)
{
    ctx->name_len = ngx_min(name->len, TD_ZIP_NAME_MAX);
    ngx_memcpy(ctx->name, name->data, ctx->name_len);

    ctx->time = time;
    ctx->pos = 0;
    ctx->before = 0;
}


void
ngx_tidraw_packer_next(ngx_tidraw_packer_t *pk)
{
    ngx_tidraw_packer_post((ngx_tidraw_packer_ctx_t *) pk,
                           NGX_TIDRAW_PACKER_NEXT);
}


void
ngx_tidraw_packer_finish(ngx_tidraw_packer_t *pk)
{
    ngx_tidraw_packer_post((ngx_tidraw_packer_ctx_t *) pk,
                           NGX_TIDRAW_PACKER_FINISH);
}


static void
ngx_tidraw_packer_post(ngx_tidraw_packer_ctx_t *ctx, ngx_tidraw_packer_e what)
{
    ctx->what = what;
    ctx->packer.rc = NGX_OK;
    ctx->packer.ended = 0;

    ngx_tidraw_file_job_post(ctx->job.files, &ctx->job);
}


void
ngx_tidraw_packer_close(ngx_tidraw_packer_t *pk)
{
    ngx_tidraw_packer_ctx_t  *ctx;

    ctx = (ngx_tidraw_packer_ctx_t *) pk;
    ctx->closed = 1;

    if (!ctx->job.busy) {
        ngx_tidraw_packer_free(ctx);
    }
}


static void
ngx_tidraw_packer_done(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_packer_t      *pk;
    ngx_tidraw_packer_ctx_t  *ctx;

    ctx = ngx_queue_data(job, ngx_tidraw_packer_ctx_t, job);
    pk = &ctx->packer;

    if (ctx->closed) {
        ngx_tidraw_packer_free(ctx);
        return;
    }

    if (pk->rc == NGX_ERROR) {
        ngx_tidraw_log(NGX_LOG_ERR, job->files->site->log, ctx->err,
                       "archive_failed", "call=%s", ctx->failed);
    }

    td_buf_free(&pk->out);
    pk->out = ctx->zip.out;
    ngx_memzero(&ctx->zip.out, sizeof(td_buf_t));

    pk->handler(pk);
}


static void
ngx_tidraw_packer_free(ngx_tidraw_packer_ctx_t *ctx)
{
    ngx_queue_remove(&ctx->queue);
    ctx->job.files->npackers--;

    if (ctx->fd != NGX_INVALID_FILE) {
        (void) close(ctx->fd);
    }

    td_zip_free(&ctx->zip);
    td_buf_free(&ctx->text);
    td_buf_free(&ctx->packer.out);

    ngx_free(ctx);
}


void
ngx_tidraw_packers_drop(ngx_tidraw_files_t *files)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&files->packers)) {
        q = ngx_queue_head(&files->packers);

        ngx_tidraw_packer_free(ngx_queue_data(q, ngx_tidraw_packer_ctx_t,
                                              queue));
    }
}


/* From here on: in a thread. */

static void
ngx_tidraw_packer_work(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_packer_t      *pk;
    ngx_tidraw_packer_ctx_t  *ctx;

    ctx = ngx_queue_data(job, ngx_tidraw_packer_ctx_t, job);
    pk = &ctx->packer;

    if (ctx->what == NGX_TIDRAW_PACKER_FINISH) {
        pk->ended = 1;

        if (td_zip_finish(&ctx->zip) != TD_OK) {
            pk->rc = ngx_tidraw_packer_error(ctx, "memory");
        }

        return;
    }

    if (ctx->what == NGX_TIDRAW_PACKER_BEGIN) {
        pk->rc = ngx_tidraw_packer_begin(ctx);

        if (pk->rc != NGX_OK) {
            pk->ended = 1;
            return;
        }
    }

    pk->rc = ngx_tidraw_packer_piece(ctx);

    if (pk->rc != NGX_OK || ctx->pos < ctx->size) {
        return;
    }

    if (td_zip_end(&ctx->zip) != TD_OK) {
        pk->rc = ngx_tidraw_packer_error(ctx, "memory");
    }

    pk->ended = 1;

    if (ctx->is_file) {
        (void) close(ctx->fd);
        ctx->fd = NGX_INVALID_FILE;

    } else {
        td_buf_free(&ctx->text);
        ngx_memzero(&ctx->text, sizeof(td_buf_t));
    }
}


/* A file that is missing, or not what the database says, is left out. */

static ngx_int_t
ngx_tidraw_packer_begin(ngx_tidraw_packer_ctx_t *ctx)
{
    td_str_t     name;
    struct stat  st;

    if (ctx->is_file) {

        if (ctx->path[0] == '\0') {
            return NGX_DECLINED;
        }

        ctx->fd = open((const char *) ctx->path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC);

        if (ctx->fd == NGX_INVALID_FILE) {
            return ngx_errno == NGX_ENOENT
                   ? NGX_DECLINED : ngx_tidraw_packer_error(ctx, "open()");
        }

        if (fstat(ctx->fd, &st) == -1 || st.st_size != ctx->size) {
            (void) close(ctx->fd);
            ctx->fd = NGX_INVALID_FILE;
            return NGX_DECLINED;
        }
    }

    name.data = (char *) ctx->name;
    name.len = ctx->name_len;

    if (td_zip_begin(&ctx->zip, name, ctx->time, ctx->size, ctx->level)
        != TD_OK)
    {
        return ngx_tidraw_packer_error(ctx, "memory");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_packer_piece(ngx_tidraw_packer_ctx_t *ctx)
{
    size_t   n;
    void    *p;
    ssize_t  rc;

    n = ngx_min(ctx->size - ctx->pos, NGX_TIDRAW_PACKER_PIECE);

    if (ctx->fed) {
        n = ctx->text.len;
    }

    if (n == 0) {
        return NGX_OK;
    }

    if (ctx->is_file) {
        rc = pread(ctx->fd, ctx->piece, n, ctx->pos);

        if (rc <= 0) {
            return ngx_tidraw_packer_error(ctx, "pread()");
        }

        p = ctx->piece;
        n = rc;

    } else {
        p = ctx->text.data + (ctx->pos - ctx->before);
    }

    if (td_zip_add(&ctx->zip, p, n) != TD_OK) {
        return ngx_tidraw_packer_error(ctx, "memory");
    }

    ctx->pos += n;

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_packer_error(ngx_tidraw_packer_ctx_t *ctx, const char *failed)
{
    ctx->err = ngx_errno;
    ctx->failed = failed;

    return NGX_ERROR;
}
