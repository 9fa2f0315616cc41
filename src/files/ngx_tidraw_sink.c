
/*
 * Where the bytes of an upload go: two buffers, of which one is filled from
 * the event loop while one thread hashes the other and another one writes it,
 * into a file that gets its name when all of it is on disk.
 *
 * A sink is on the heap.  Its owner closes it; while a job of it runs, the end
 * of the job frees it.  What the threads touch, the event loop leaves alone
 * until both are done.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>
#include <sys/file.h>

#include "ngx_tidraw_sink_private.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_SINK_BUFFER   (256 * 1024)

/* So often the kernel is told to begin writing, for a short fsync() at last. */

#define NGX_TIDRAW_SINK_FLUSH    (8 * 1024 * 1024)


static void ngx_tidraw_sink_free(ngx_tidraw_sink_ctx_t *ctx);
static ngx_int_t ngx_tidraw_sink_buffer(ngx_tidraw_sink_ctx_t *ctx,
    ngx_uint_t n);
static void ngx_tidraw_sink_next(ngx_tidraw_sink_ctx_t *ctx);
static ngx_uint_t ngx_tidraw_sink_busy(ngx_tidraw_sink_ctx_t *ctx);
static void ngx_tidraw_sink_done(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_sink_hashed(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_sink_stored(ngx_tidraw_sink_ctx_t *ctx);
static void ngx_tidraw_sink_failed(ngx_tidraw_sink_ctx_t *ctx);
static void ngx_tidraw_sink_work(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_sink_hash(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_sink_error(ngx_tidraw_sink_ctx_t *ctx,
    const char *failed);
static ngx_int_t ngx_tidraw_sink_create_file(ngx_tidraw_sink_ctx_t *ctx);
static ngx_int_t ngx_tidraw_sink_write_out(ngx_tidraw_sink_ctx_t *ctx);
static void ngx_tidraw_sink_complete(ngx_tidraw_sink_ctx_t *ctx);
static size_t ngx_tidraw_sink_read(void *data, uint64_t offset, uint8_t *buf,
    size_t n);
static ngx_int_t ngx_tidraw_sink_name(ngx_tidraw_sink_ctx_t *ctx);
static ngx_int_t ngx_tidraw_sink_sync_dir(ngx_tidraw_sink_ctx_t *ctx,
    u_char *dir);
static void ngx_tidraw_sink_settle_file(ngx_tidraw_sink_ctx_t *ctx);
static void ngx_tidraw_sink_delete(ngx_tidraw_sink_ctx_t *ctx);


ngx_tidraw_sink_t *
ngx_tidraw_sink_open(ngx_tidraw_files_t *files, ngx_tidraw_sink_kind_e kind,
    off_t expected, ngx_tidraw_sink_pt handler, void *data)
{
    size_t                  size;
    u_char                 *p;
    ngx_str_t              *dir;
    ngx_tidraw_sink_ctx_t  *ctx;

    if (files->nsinks >= NGX_TIDRAW_SINKS_MAX) {
        return NULL;
    }

    dir = &files->dir;

    /* four names, and the state of the hash, which wants to be aligned */

    size = ngx_tidraw_blob_path_size(dir);

    ctx = ngx_calloc(sizeof(ngx_tidraw_sink_ctx_t) + dir->len + 1 + 4 * size
                     + sizeof(td_digest_t) + 64,
                     files->site->log);
    if (ctx == NULL) {
        return NULL;
    }

    p = (u_char *) ctx + sizeof(ngx_tidraw_sink_ctx_t);

    ctx->digest = (td_digest_t *) ngx_align_ptr(p, 64);
    p = (u_char *) ctx->digest + sizeof(td_digest_t);

    td_digest_init(ctx->digest, td_digest_fastest());

    ctx->tmp = p;
    ctx->folder = p + size;
    ctx->path = p + 2 * size;
    ctx->other = p + 3 * size;

    p += 4 * size;

    ctx->dir.data = p;
    ctx->dir.len = dir->len;
    ngx_memcpy(p, dir->data, dir->len);
    p[dir->len] = '\0';

    ctx->buf_size = NGX_TIDRAW_SINK_BUFFER;

    if (expected >= 0 && expected < NGX_TIDRAW_SINK_BUFFER) {
        ctx->buf_size = expected ? (size_t) expected : 1;
    }

    ctx->fd = NGX_INVALID_FILE;
    ctx->max_pixels = files->site->conf->max_pixels;
    ctx->rc = NGX_OK;

    ctx->sink.remote = kind == NGX_TIDRAW_SINK_BLOB
                       && ngx_tidraw_s3_on(files->site)
                       && !files->site->conf->s3->disk;

    ngx_tidraw_random_id(ctx->gen, 16);

    ctx->kind = kind;

    ctx->sink.rc = NGX_OK;
    ctx->sink.fd = NGX_INVALID_FILE;
    ctx->sink.handler = handler;
    ctx->sink.data = data;
    ctx->sink.hash.data = ctx->hash;
    ctx->sink.hash.len = NGX_TIDRAW_BLOB_HASH_LEN;
    ctx->sink.gen.data = ctx->gen;
    ctx->sink.gen.len = NGX_TIDRAW_ID_LEN;

    ctx->job.work = ngx_tidraw_sink_work;
    ctx->job.done = ngx_tidraw_sink_done;
    ctx->job.files = files;

    ctx->hashing.work = ngx_tidraw_sink_hash;
    ctx->hashing.done = ngx_tidraw_sink_hashed;

    if (ngx_tidraw_sink_buffer(ctx, 0) != NGX_OK) {
        ngx_free(ctx);
        return NULL;
    }

    ngx_queue_insert_tail(&files->sinks, &ctx->queue);
    files->nsinks++;

    return &ctx->sink;
}


static ngx_int_t
ngx_tidraw_sink_buffer(ngx_tidraw_sink_ctx_t *ctx, ngx_uint_t n)
{
    if (ctx->bufs[n] == NULL) {
        ctx->bufs[n] = ngx_alloc(ctx->buf_size, ctx->job.files->site->log);
    }

    return ctx->bufs[n] != NULL ? NGX_OK : NGX_ERROR;
}


static void
ngx_tidraw_sink_free(ngx_tidraw_sink_ctx_t *ctx)
{
    ngx_queue_remove(&ctx->queue);
    ctx->job.files->nsinks--;

    if (ctx->bufs[0] != NULL) {
        ngx_free(ctx->bufs[0]);
    }

    if (ctx->bufs[1] != NULL) {
        ngx_free(ctx->bufs[1]);
    }

    ngx_free(ctx);
}


u_char *
ngx_tidraw_sink_room(ngx_tidraw_sink_t *sink, size_t *n)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = (ngx_tidraw_sink_ctx_t *) sink;

    if (sink->rc != NGX_OK) {
        return NULL;
    }

    if (ctx->lens[ctx->fill] == ctx->buf_size) {

        if (ngx_tidraw_sink_busy(ctx)) {
            ctx->full = 1;
            return NULL;
        }

        ngx_tidraw_sink_next(ctx);
    }

    if (ngx_tidraw_sink_buffer(ctx, ctx->fill) != NGX_OK) {
        sink->rc = NGX_ERROR;
        ctx->full = 1;
        return NULL;
    }

    *n = ctx->buf_size - ctx->lens[ctx->fill];

    return ctx->bufs[ctx->fill] + ctx->lens[ctx->fill];
}


size_t
ngx_tidraw_sink_write(ngx_tidraw_sink_t *sink, u_char *p, size_t n)
{
    size_t                  len, taken;
    u_char                 *room;
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = (ngx_tidraw_sink_ctx_t *) sink;
    taken = 0;

    while (n > 0) {

        room = ngx_tidraw_sink_room(sink, &len);

        if (room == NULL) {
            break;
        }

        len = ngx_min(n, len);

        if (p != room) {
            ngx_memcpy(room, p, len);
        }

        ctx->lens[ctx->fill] += len;

        p += len;
        n -= len;
        taken += len;
    }

    sink->size += taken;

    return taken;
}


void
ngx_tidraw_sink_finish(ngx_tidraw_sink_t *sink)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = (ngx_tidraw_sink_ctx_t *) sink;
    ctx->ending = 1;

    if (!ngx_tidraw_sink_busy(ctx)) {
        ngx_tidraw_sink_next(ctx);
    }
}


/* Gives the threads the buffer that was filled, and takes the other one. */

static void
ngx_tidraw_sink_next(ngx_tidraw_sink_ctx_t *ctx)
{
    ctx->writing = ctx->fill;
    ctx->fill = 1 - ctx->fill;
    ctx->lens[ctx->fill] = 0;

    if (ctx->ending) {
        ngx_tidraw_sink_post(ctx, NGX_TIDRAW_SINK_FINISH);
        return;
    }

    ngx_tidraw_sink_post(ctx, NGX_TIDRAW_SINK_WRITE);

    if (ctx->kind == NGX_TIDRAW_SINK_BLOB) {
        ngx_tidraw_file_job_post(ctx->job.files, &ctx->hashing);
    }
}


void
ngx_tidraw_sink_settle(ngx_tidraw_sink_t *sink, ngx_str_t *gen)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = (ngx_tidraw_sink_ctx_t *) sink;
    ctx->keep = 1;
    ctx->other[0] = '\0';

    if (sink->remote && ngx_tidraw_sink_settle_s3(ctx, gen) == NGX_OK) {
        return;
    }

    if (!sink->remote
        && gen->len == NGX_TIDRAW_ID_LEN
        && ngx_memcmp(gen->data, ctx->gen, NGX_TIDRAW_ID_LEN) != 0)
    {
        ngx_tidraw_blob_names(&ctx->dir, ctx->hash, gen->data, NULL,
                              ctx->other);
    }

    ngx_tidraw_sink_post(ctx, NGX_TIDRAW_SINK_SETTLE);
}


void
ngx_tidraw_sink_leave(ngx_tidraw_sink_t *sink, ngx_uint_t leave)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = (ngx_tidraw_sink_ctx_t *) sink;
    ctx->keep = leave ? 1 : 0;
}


void
ngx_tidraw_sink_close(ngx_tidraw_sink_t *sink)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = (ngx_tidraw_sink_ctx_t *) sink;
    ctx->closed = 1;

    ngx_tidraw_sink_close_s3(ctx);

    if (!ngx_tidraw_sink_busy(ctx)) {
        ngx_tidraw_sink_post(ctx, NGX_TIDRAW_SINK_DROP);
    }
}


void
ngx_tidraw_sink_post(ngx_tidraw_sink_ctx_t *ctx, ngx_tidraw_sink_e what)
{
    ctx->what = what;

    ngx_tidraw_file_job_post(ctx->job.files, &ctx->job);
}


static ngx_uint_t
ngx_tidraw_sink_busy(ngx_tidraw_sink_ctx_t *ctx)
{
    return ctx->job.busy || ctx->hashing.busy;
}


static void
ngx_tidraw_sink_done(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_sink_stored(ngx_queue_data(job, ngx_tidraw_sink_ctx_t, job));
}


static void
ngx_tidraw_sink_hashed(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_sink_stored(ngx_queue_data(job, ngx_tidraw_sink_ctx_t,
                                          hashing));
}


static void
ngx_tidraw_sink_stored(ngx_tidraw_sink_ctx_t *ctx)
{
    ngx_tidraw_sink_t  *sink;

    sink = &ctx->sink;

    /* the same buffer is still hashed or written */

    if (ngx_tidraw_sink_busy(ctx)) {
        return;
    }

    if (ctx->what == NGX_TIDRAW_SINK_DROP) {
        ngx_tidraw_sink_free(ctx);
        return;
    }

    if (ctx->closed) {
        ngx_tidraw_sink_post(ctx, NGX_TIDRAW_SINK_DROP);
        return;
    }

    if (ctx->rc != NGX_OK) {
        ngx_tidraw_sink_failed(ctx);
        return;
    }

    if (sink->rc != NGX_OK || ctx->what != NGX_TIDRAW_SINK_WRITE) {
        sink->finished = sink->rc == NGX_OK;
        sink->handler(sink);
        return;
    }

    if (ctx->ending || ctx->lens[ctx->fill] == ctx->buf_size) {
        ngx_tidraw_sink_next(ctx);
    }

    if (ctx->full) {
        ctx->full = 0;
        sink->handler(sink);
    }
}


static void
ngx_tidraw_sink_failed(ngx_tidraw_sink_ctx_t *ctx)
{
    ngx_tidraw_sink_t  *sink;

    sink = &ctx->sink;
    sink->rc = ctx->rc;

    if (ctx->failed != NULL) {
        ngx_tidraw_count(ctx->job.files->site,
                         NGX_TIDRAW_COUNT_UPLOADS_FAILED, 1);
        ngx_tidraw_log(NGX_LOG_ERR, ctx->job.files->site->log, ctx->err,
                       "upload_failed", "call=%s path=%s", ctx->failed,
                       ctx->dir.data);
        ctx->failed = NULL;
    }

    sink->handler(sink);
}


/* From here on: in a thread. */

static void
ngx_tidraw_sink_work(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = ngx_queue_data(job, ngx_tidraw_sink_ctx_t, job);

    switch (ctx->what) {

    case NGX_TIDRAW_SINK_WRITE:
        (void) ngx_tidraw_sink_write_out(ctx);
        break;

    case NGX_TIDRAW_SINK_FINISH:
        ngx_tidraw_sink_hash(&ctx->hashing);

        if (ngx_tidraw_sink_write_out(ctx) == NGX_OK) {
            ngx_tidraw_sink_complete(ctx);
        }
        break;

    case NGX_TIDRAW_SINK_SETTLE:
        ngx_tidraw_sink_settle_file(ctx);
        break;

    default: /* NGX_TIDRAW_SINK_DROP */
        ngx_tidraw_sink_delete(ctx);
    }
}


static void
ngx_tidraw_sink_hash(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = ngx_queue_data(job, ngx_tidraw_sink_ctx_t, hashing);

    if (ctx->kind == NGX_TIDRAW_SINK_BLOB) {
        td_digest_add(ctx->digest, ctx->bufs[ctx->writing],
                      ctx->lens[ctx->writing]);
    }
}


static void
ngx_tidraw_sink_error(ngx_tidraw_sink_ctx_t *ctx, const char *failed)
{
    ctx->err = ngx_errno;
    ctx->failed = failed;
    ctx->rc = (ctx->err == NGX_ENOSPC || ctx->err == EDQUOT)
              ? NGX_TIDRAW_SINK_FULL : NGX_ERROR;
}


static ngx_int_t
ngx_tidraw_sink_create_file(ngx_tidraw_sink_ctx_t *ctx)
{
    (void) ngx_sprintf(ctx->tmp, "%V/tmp/%s%Z", &ctx->dir, ctx->gen);

    ctx->fd = open((const char *) ctx->tmp,
                   O_RDWR|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);

    if (ctx->fd == NGX_INVALID_FILE) {
        ngx_tidraw_sink_error(ctx, "open()");
        return NGX_ERROR;
    }

    /* the sign that somebody still writes it */

    (void) flock(ctx->fd, LOCK_EX|LOCK_NB);

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_sink_write_out(ngx_tidraw_sink_ctx_t *ctx)
{
    off_t    size;
    size_t   len;
    u_char  *p;
    ssize_t  n;

    if (ctx->fd == NGX_INVALID_FILE
        && ngx_tidraw_sink_create_file(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = ctx->bufs[ctx->writing];
    len = ctx->lens[ctx->writing];

    if (len == 0) {
        return NGX_OK;
    }

    while (len > 0) {
        n = write(ctx->fd, p, len);

        if (n == -1) {
            if (ngx_errno == NGX_EINTR) {
                continue;
            }

            ngx_tidraw_sink_error(ctx, "write()");
            return NGX_ERROR;
        }

        p += n;
        len -= n;
    }

    size = lseek(ctx->fd, 0, SEEK_CUR);

    if (size - ctx->flushed >= NGX_TIDRAW_SINK_FLUSH) {
        (void) sync_file_range(ctx->fd, ctx->flushed, size - ctx->flushed,
                               SYNC_FILE_RANGE_WRITE);
        ctx->flushed = size;
    }

    return NGX_OK;
}


static void
ngx_tidraw_sink_complete(ngx_tidraw_sink_ctx_t *ctx)
{
    u_char       hash[TD_DIGEST];
    td_sniff_t  *s;

    if (ctx->sink.size == 0) {
        ctx->rc = NGX_TIDRAW_SINK_EMPTY;
        return;
    }

    if (ctx->kind == NGX_TIDRAW_SINK_SPOOL) {
        ctx->sink.fd = ctx->fd;
        return;
    }

    s = &ctx->sink.sniff;

    td_sniff(s, ctx->sink.size, ngx_tidraw_sink_read, ctx);

    if (ctx->max_pixels != 0
        && (uint64_t) s->width * s->height > ctx->max_pixels)
    {
        ctx->rc = NGX_TIDRAW_SINK_PIXELS;
        return;
    }

    td_digest_end(ctx->digest, hash);
    (void) ngx_hex_dump(ctx->hash, hash, sizeof(hash));

    if (ctx->sink.remote) {
        return;
    }

    if (fsync(ctx->fd) == -1) {
        ngx_tidraw_sink_error(ctx, "fsync()");
        return;
    }

    (void) ngx_tidraw_sink_name(ctx);
}


static size_t
ngx_tidraw_sink_read(void *data, uint64_t offset, uint8_t *buf, size_t n)
{
    ngx_tidraw_sink_ctx_t  *ctx = data;

    ssize_t  rc;

    rc = pread(ctx->fd, buf, n, offset);

    return rc > 0 ? (size_t) rc : 0;
}


/* The name appears when the bytes are on disk, and is then on disk, too. */

static ngx_int_t
ngx_tidraw_sink_name(ngx_tidraw_sink_ctx_t *ctx)
{
    ngx_tidraw_blob_names(&ctx->dir, ctx->hash, ctx->gen, ctx->folder,
                          ctx->path);

    if (mkdir((const char *) ctx->folder, 0700) == 0) {

        if (ngx_tidraw_sink_sync_dir(ctx, ctx->dir.data) != NGX_OK) {
            ctx->path[0] = '\0';
            return NGX_ERROR;
        }

    } else if (ngx_errno != NGX_EEXIST) {
        ngx_tidraw_sink_error(ctx, "mkdir()");
        ctx->path[0] = '\0';
        return NGX_ERROR;
    }

    if (rename((const char *) ctx->tmp, (const char *) ctx->path) == -1) {
        ngx_tidraw_sink_error(ctx, "rename()");
        ctx->path[0] = '\0';
        return NGX_ERROR;
    }

    return ngx_tidraw_sink_sync_dir(ctx, ctx->folder);
}


static ngx_int_t
ngx_tidraw_sink_sync_dir(ngx_tidraw_sink_ctx_t *ctx, u_char *dir)
{
    ngx_fd_t  fd;

    fd = open((const char *) dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE) {
        ngx_tidraw_sink_error(ctx, "open()");
        return NGX_ERROR;
    }

    if (fsync(fd) == -1) {
        ngx_tidraw_sink_error(ctx, "fsync()");
        (void) close(fd);
        return NGX_ERROR;
    }

    (void) close(fd);

    return NGX_OK;
}


static void
ngx_tidraw_sink_settle_file(ngx_tidraw_sink_ctx_t *ctx)
{
    struct stat  st;

    if (ctx->other[0] == '\0') {
        return;
    }

    if (stat((const char *) ctx->other, &st) == 0
        && st.st_size == ctx->sink.size)
    {
        (void) unlink((const char *) ctx->path);
        return;
    }

    if (rename((const char *) ctx->path, (const char *) ctx->other) == -1) {
        ngx_tidraw_sink_error(ctx, "rename()");
        return;
    }

    (void) ngx_tidraw_sink_sync_dir(ctx, ctx->folder);
}


static void
ngx_tidraw_sink_delete(ngx_tidraw_sink_ctx_t *ctx)
{
    if (ctx->fd == NGX_INVALID_FILE) {
        return;
    }

    if (ctx->path[0] == '\0') {
        (void) unlink((const char *) ctx->tmp);

    } else if (!ctx->keep) {
        (void) unlink((const char *) ctx->path);
    }

    (void) close(ctx->fd);
}


void
ngx_tidraw_sinks_drop(ngx_tidraw_files_t *files)
{
    ngx_queue_t            *q;
    ngx_tidraw_sink_ctx_t  *ctx;

    while (!ngx_queue_empty(&files->sinks)) {
        q = ngx_queue_head(&files->sinks);
        ctx = ngx_queue_data(q, ngx_tidraw_sink_ctx_t, queue);

        ngx_tidraw_sink_close_s3(ctx);
        ngx_tidraw_sink_delete(ctx);
        ngx_tidraw_sink_free(ctx);
    }
}
