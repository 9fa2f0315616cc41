
/*
 * The files of a site in a worker: folders, names, and jobs on the thread
 * pool.  A job that waits stands in the queue here; one that runs is held by
 * the pool.  At most NGX_TIDRAW_FILE_JOBS run, so that the disk's slowness
 * leaves threads to the database.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_files_private.h"
#include "ngx_tidraw_s3.h"


static ngx_int_t ngx_tidraw_files_dir(u_char *dir, ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_file_job_start(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_file_job_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_file_job_done(ngx_event_t *ev);
static void ngx_tidraw_file_jobs_next(ngx_tidraw_files_t *files);
static void ngx_tidraw_file_jobs_retry(ngx_event_t *ev);


/* When the thread pool takes no more, milliseconds. */

#define NGX_TIDRAW_FILE_RETRY  100


ngx_int_t
ngx_tidraw_files_prepare(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    u_char     *path, *p;
    ngx_str_t  *dir;

    dir = &site->conf->upload_dir;

    path = ngx_pnalloc(cycle->pool, dir->len + sizeof("/tmp"));
    if (path == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(path, dir->data, dir->len);
    *p = '\0';

    if (ngx_tidraw_files_dir(path, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, "/tmp", sizeof("/tmp"));

    return ngx_tidraw_files_dir(path, cycle);
}


static ngx_int_t
ngx_tidraw_files_dir(u_char *dir, ngx_cycle_t *cycle)
{
    ngx_file_info_t   fi;
    ngx_core_conf_t  *ccf;

    if (ngx_create_full_path(dir, 0755) != 0
        || (ngx_create_dir(dir, 0700) == NGX_FILE_ERROR
            && ngx_errno != NGX_EEXIST))
    {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=mkdir path=%s", dir);
        return NGX_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    /* on a disk that is read-only what is right already must be enough */

    if (geteuid() == 0
        && (ngx_file_info(dir, &fi) == NGX_FILE_ERROR
            || fi.st_uid != ccf->user || fi.st_gid != ccf->group)
        && chown((const char *) dir, ccf->user, ccf->group) == -1)
    {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=chown path=%s", dir);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_tidraw_files_t *
ngx_tidraw_files_create(ngx_tidraw_site_t *site)
{
    ngx_tidraw_files_t  *files;

    files = ngx_calloc(sizeof(ngx_tidraw_files_t), site->log);
    if (files == NULL) {
        return NULL;
    }

    if (ngx_tidraw_s3_init(site) != NGX_OK) {
        ngx_free(files);
        return NULL;
    }

    files->site = site;
    files->dir = site->conf->upload_dir;

    ngx_queue_init(&files->sinks);
    ngx_queue_init(&files->packers);
    ngx_queue_init(&files->unpackers);
    ngx_queue_init(&files->waiting);

    files->dummy.fd = (ngx_socket_t) -1;
    files->dummy.data = files;

    files->retry.data = &files->dummy;
    files->retry.handler = ngx_tidraw_file_jobs_retry;
    files->retry.log = site->log;

    if (ngx_worker == 0) {
        files->collector = ngx_tidraw_collector_create(files);

        if (files->collector == NULL) {
            ngx_free(files);
            return NULL;
        }
    }

    return files;
}


void
ngx_tidraw_files_destroy(ngx_tidraw_files_t *files)
{
    if (files->retry.timer_set) {
        ngx_del_timer(&files->retry);
    }

    if (files->collector != NULL) {
        ngx_tidraw_collector_destroy(files->collector);
    }

    ngx_tidraw_s3_exit();
    ngx_tidraw_sinks_drop(files);
    ngx_tidraw_packers_drop(files);
    ngx_tidraw_unpackers_drop(files);
    ngx_free(files);
}


void
ngx_tidraw_blob_names(ngx_str_t *dir, u_char *hash, u_char *gen,
    u_char *folder, u_char *path)
{
    if (folder != NULL) {
        (void) ngx_sprintf(folder, "%V/%*s%Z", dir, (size_t) 2, hash);
    }

    (void) ngx_sprintf(path, "%V/%*s/%*s-%*s%Z", dir, (size_t) 2, hash,
                       (size_t) NGX_TIDRAW_BLOB_HASH_LEN, hash,
                       (size_t) NGX_TIDRAW_ID_LEN, gen);
}


/* They come from the database, which may have been anybody's. */

ngx_uint_t
ngx_tidraw_blob_valid(ngx_str_t *hash, ngx_str_t *gen)
{
    return hash->len == NGX_TIDRAW_BLOB_HASH_LEN
           && gen->len == NGX_TIDRAW_ID_LEN
           && ngx_strlchr(hash->data, hash->data + hash->len, '/') == NULL
           && ngx_strlchr(gen->data, gen->data + gen->len, '/') == NULL;
}


void
ngx_tidraw_blob_object(u_char *hash, u_char *gen,
    u_char buf[NGX_TIDRAW_BLOB_OBJECT_LEN], ngx_str_t *name)
{
    name->data = buf;
    name->len = ngx_sprintf(buf, "%*s/%*s-%*s", (size_t) 2, hash,
                            (size_t) NGX_TIDRAW_BLOB_HASH_LEN, hash,
                            (size_t) NGX_TIDRAW_ID_LEN, gen) - buf;
}


u_char *
ngx_tidraw_blob_path(ngx_pool_t *pool, ngx_tidraw_site_t *site,
    ngx_str_t *hash, ngx_str_t *gen, size_t *len)
{
    u_char     *path;
    ngx_str_t  *dir;

    if (!ngx_tidraw_blob_valid(hash, gen)) {
        return NULL;
    }

    dir = &site->conf->upload_dir;

    path = ngx_pnalloc(pool, ngx_tidraw_blob_path_size(dir));
    if (path == NULL) {
        return NULL;
    }

    ngx_tidraw_blob_names(dir, hash->data, gen->data, NULL, path);

    *len = ngx_strlen(path);

    return path;
}


void
ngx_tidraw_file_job_post(ngx_tidraw_files_t *files,
    ngx_tidraw_file_job_t *job)
{
    job->files = files;
    job->busy = 1;

    ngx_queue_insert_tail(&files->waiting, &job->queue);

    ngx_tidraw_file_jobs_next(files);
}


static void
ngx_tidraw_file_jobs_next(ngx_tidraw_files_t *files)
{
    ngx_queue_t            *q;
    ngx_tidraw_file_job_t  *job;

    while (files->running < NGX_TIDRAW_FILE_JOBS
           && !ngx_queue_empty(&files->waiting))
    {
        q = ngx_queue_head(&files->waiting);
        job = ngx_queue_data(q, ngx_tidraw_file_job_t, queue);

        if (ngx_tidraw_file_job_start(job) != NGX_OK) {

            if (!files->retry.timer_set) {
                ngx_add_timer(&files->retry, NGX_TIDRAW_FILE_RETRY);
            }

            return;
        }

        ngx_queue_remove(q);
    }
}


static void
ngx_tidraw_file_jobs_retry(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;
    ev->timedout = 0;

    ngx_tidraw_file_jobs_next(c->data);
}


static ngx_int_t
ngx_tidraw_file_job_start(ngx_tidraw_file_job_t *job)
{
    ngx_memzero(&job->task, sizeof(ngx_thread_task_t));

    job->task.ctx = job;
    job->task.handler = ngx_tidraw_file_job_thread;
    job->task.event.data = job;
    job->task.event.handler = ngx_tidraw_file_job_done;
    job->task.event.log = job->files->site->log;

    if (ngx_thread_task_post(job->files->site->thread_pool, &job->task)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    job->files->running++;

    return NGX_OK;
}


static void
ngx_tidraw_file_job_thread(void *data, ngx_log_t *log)
{
    ngx_tidraw_file_job_t  *job = data;

    (void) log;

    job->work(job);
}


static void
ngx_tidraw_file_job_done(ngx_event_t *ev)
{
    ngx_tidraw_file_job_t  *job;

    job = ev->data;

    job->files->running--;
    job->busy = 0;

    ngx_tidraw_file_jobs_next(job->files);

    /* it may be the end of the job */

    job->done(job);
}
