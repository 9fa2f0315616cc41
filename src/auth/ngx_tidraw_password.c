
/*
 * Passwords on the thread pool.  A job is on the heap: the thread touches
 * nothing else.  Its owner is the queue it stands in; a requester that leaves
 * marks it, and the completion frees it.  Passwords are wiped as soon as they
 * have been hashed, and never logged.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_password.h"


typedef struct {
    ngx_tidraw_password_t    job;         /* must be first */

    ngx_queue_t              queue;
    ngx_thread_task_t        task;
    ngx_tidraw_passwords_t  *owner;

    unsigned                 verify:1;
    unsigned                 known:1;     /* there is a stored hash */
    unsigned                 running:1;
    unsigned                 cancelled:1;

    size_t                   len;         /* of the password */

    u_char                   stored[NGX_TIDRAW_PASSWORD_HASH_LEN];
    u_char                   fresh[NGX_TIDRAW_PASSWORD_HASH_LEN];
    u_char                   password[1];
} ngx_tidraw_password_job_t;


struct ngx_tidraw_passwords_s {
    ngx_tidraw_site_t       *site;
    ngx_queue_t              waiting;
    ngx_queue_t              running;
    ngx_uint_t               nwaiting;
    ngx_uint_t               nrunning;

    /* what the password of an unknown account is compared with */
    u_char                   dummy[NGX_TIDRAW_PASSWORD_HASH_LEN];
};


static ngx_tidraw_password_job_t *ngx_tidraw_password_create(
    ngx_tidraw_passwords_t *pw, ngx_str_t *password,
    ngx_tidraw_password_pt handler, void *data);
static ngx_tidraw_password_t *ngx_tidraw_password_submit(
    ngx_tidraw_password_job_t *job);
static ngx_int_t ngx_tidraw_password_start(ngx_tidraw_password_job_t *job);
static void ngx_tidraw_password_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_password_done(ngx_event_t *ev);
static void ngx_tidraw_password_next(ngx_tidraw_passwords_t *pw);
static void ngx_tidraw_password_free(ngx_tidraw_password_job_t *job);


ngx_tidraw_passwords_t *
ngx_tidraw_passwords_create(ngx_tidraw_site_t *site)
{
    u_char                  *p;
    ngx_tidraw_passwords_t  *pw;

    pw = ngx_calloc(sizeof(ngx_tidraw_passwords_t), site->log);
    if (pw == NULL) {
        return NULL;
    }

    pw->site = site;
    ngx_queue_init(&pw->waiting);
    ngx_queue_init(&pw->running);

    /* a hash of the same cost that nobody knows a password for */

    p = ngx_sprintf(pw->dummy, "$argon2id$v=19$m=%ui,t=%ui,p=1$",
                    (ngx_uint_t) NGX_TIDRAW_PASSWORD_MEMORY / 1024,
                    (ngx_uint_t) NGX_TIDRAW_PASSWORD_PASSES);
    ngx_memset(p, 'A', 22);
    p += 22;
    *p++ = '$';
    ngx_memset(p, 'A', 43);

    return pw;
}


void
ngx_tidraw_passwords_destroy(ngx_tidraw_passwords_t *pw)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&pw->waiting)) {
        q = ngx_queue_head(&pw->waiting);
        ngx_queue_remove(q);
        ngx_tidraw_password_free(
                       ngx_queue_data(q, ngx_tidraw_password_job_t, queue));
    }

    while (!ngx_queue_empty(&pw->running)) {
        q = ngx_queue_head(&pw->running);
        ngx_queue_remove(q);
        ngx_tidraw_password_free(
                       ngx_queue_data(q, ngx_tidraw_password_job_t, queue));
    }

    ngx_free(pw);
}


ngx_tidraw_password_t *
ngx_tidraw_password_hash(ngx_tidraw_passwords_t *pw, ngx_str_t *password,
    ngx_tidraw_password_pt handler, void *data)
{
    ngx_tidraw_password_job_t  *job;

    job = ngx_tidraw_password_create(pw, password, handler, data);
    if (job == NULL) {
        return NULL;
    }

    return ngx_tidraw_password_submit(job);
}


ngx_tidraw_password_t *
ngx_tidraw_password_verify(ngx_tidraw_passwords_t *pw, ngx_str_t *password,
    ngx_str_t *stored, ngx_tidraw_password_pt handler, void *data)
{
    ngx_tidraw_password_job_t  *job;

    job = ngx_tidraw_password_create(pw, password, handler, data);
    if (job == NULL) {
        return NULL;
    }

    job->verify = 1;

    if (stored != NULL && stored->len < NGX_TIDRAW_PASSWORD_HASH_LEN) {
        ngx_memcpy(job->stored, stored->data, stored->len);
        job->known = 1;

    } else {
        ngx_memcpy(job->stored, pw->dummy, NGX_TIDRAW_PASSWORD_HASH_LEN);
    }

    return ngx_tidraw_password_submit(job);
}


void
ngx_tidraw_password_cancel(ngx_tidraw_password_t *p)
{
    ngx_tidraw_password_job_t  *job;

    job = (ngx_tidraw_password_job_t *) p;

    if (job->running) {
        job->cancelled = 1;
        return;
    }

    ngx_queue_remove(&job->queue);
    job->owner->nwaiting--;

    ngx_tidraw_password_free(job);
}


static ngx_tidraw_password_job_t *
ngx_tidraw_password_create(ngx_tidraw_passwords_t *pw, ngx_str_t *password,
    ngx_tidraw_password_pt handler, void *data)
{
    ngx_tidraw_password_job_t  *job;

    if (pw->nwaiting >= NGX_TIDRAW_PASSWORD_WAITING) {
        return NULL;
    }

    job = ngx_calloc(sizeof(ngx_tidraw_password_job_t) + password->len,
                     pw->site->log);
    if (job == NULL) {
        return NULL;
    }

    job->owner = pw;
    job->job.handler = handler;
    job->job.data = data;

    job->len = password->len;
    ngx_memcpy(job->password, password->data, password->len);

    job->task.ctx = job;
    job->task.handler = ngx_tidraw_password_thread;
    job->task.event.data = job;
    job->task.event.handler = ngx_tidraw_password_done;
    job->task.event.log = pw->site->log;

    return job;
}


static ngx_tidraw_password_t *
ngx_tidraw_password_submit(ngx_tidraw_password_job_t *job)
{
    ngx_tidraw_passwords_t  *pw;

    pw = job->owner;

    if (pw->nrunning >= NGX_TIDRAW_PASSWORD_RUNNING) {
        ngx_queue_insert_tail(&pw->waiting, &job->queue);
        pw->nwaiting++;

        return &job->job;
    }

    if (ngx_tidraw_password_start(job) != NGX_OK) {
        ngx_tidraw_password_free(job);
        return NULL;
    }

    return &job->job;
}


static ngx_int_t
ngx_tidraw_password_start(ngx_tidraw_password_job_t *job)
{
    ngx_tidraw_passwords_t  *pw;

    pw = job->owner;

    if (ngx_thread_task_post(pw->site->thread_pool, &job->task) != NGX_OK) {
        return NGX_ERROR;
    }

    job->running = 1;
    ngx_queue_insert_tail(&pw->running, &job->queue);
    pw->nrunning++;

    return NGX_OK;
}


/* In a thread: the job's own memory and libsodium, nothing else. */

static void
ngx_tidraw_password_thread(void *data, ngx_log_t *log)
{
    char                       *password, *stored, *fresh;
    ngx_uint_t                  hash;
    ngx_tidraw_password_job_t  *job;

    (void) log;

    job = data;
    password = (char *) job->password;
    stored = (char *) job->stored;
    fresh = (char *) job->fresh;

    hash = 1;
    job->job.rc = NGX_OK;

    if (job->verify) {

        if (crypto_pwhash_str_verify(stored, password, job->len) != 0
            || !job->known)
        {
            job->job.rc = NGX_DECLINED;
        }

        /* an account from a time of other parameters moves on by itself */

        hash = job->job.rc == NGX_OK
               && crypto_pwhash_str_needs_rehash(stored,
                                                 NGX_TIDRAW_PASSWORD_PASSES,
                                                 NGX_TIDRAW_PASSWORD_MEMORY)
                  == 1;
    }

    if (hash) {
        if (crypto_pwhash_str_alg(fresh, password, job->len,
                                  NGX_TIDRAW_PASSWORD_PASSES,
                                  NGX_TIDRAW_PASSWORD_MEMORY,
                                  crypto_pwhash_ALG_ARGON2ID13)
            == 0)
        {
            job->job.hash.data = job->fresh;
            job->job.hash.len = strlen(fresh);

        } else if (!job->verify) {
            job->job.rc = NGX_ERROR;
        }
    }

    sodium_memzero(job->password, job->len);
}


static void
ngx_tidraw_password_done(ngx_event_t *ev)
{
    ngx_tidraw_passwords_t     *pw;
    ngx_tidraw_password_job_t  *job;

    job = ev->data;
    pw = job->owner;

    ngx_queue_remove(&job->queue);
    pw->nrunning--;

    ngx_tidraw_password_next(pw);

    if (!job->cancelled) {
        job->job.handler(&job->job);
    }

    ngx_tidraw_password_free(job);
}


static void
ngx_tidraw_password_next(ngx_tidraw_passwords_t *pw)
{
    ngx_queue_t                *q;
    ngx_tidraw_password_job_t  *job;

    while (pw->nrunning < NGX_TIDRAW_PASSWORD_RUNNING
           && !ngx_queue_empty(&pw->waiting))
    {
        q = ngx_queue_head(&pw->waiting);
        job = ngx_queue_data(q, ngx_tidraw_password_job_t, queue);

        ngx_queue_remove(q);
        pw->nwaiting--;

        if (ngx_tidraw_password_start(job) != NGX_OK) {
            job->job.rc = NGX_ERROR;
            job->job.handler(&job->job);
            ngx_tidraw_password_free(job);
        }
    }
}


static void
ngx_tidraw_password_free(ngx_tidraw_password_job_t *job)
{
    sodium_memzero(job->password, job->len);
    ngx_free(job);
}
