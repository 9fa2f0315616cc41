
/*
 * What nobody needs any more: files that no record and no history of their
 * board names for tidraw_file_keep, contents that no file has, and what lies
 * in the upload folder without a row.
 *
 * One worker of a host goes round once an hour, one operation or one job of
 * the thread pool at a time.  Several hosts may do so at once: every decision
 * is one statement that looks again.
 *
 * A file without a row here may have one in another database.  So each one
 * leaves its name in the folder, and where there are two of them nothing is
 * deleted that only lacks a row.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>
#include <dirent.h>
#include <sys/file.h>

#include "ngx_tidraw_files_private.h"
#include "ngx_tidraw_s3.h"
#include "ngx_tidraw_store.h"


#define NGX_TIDRAW_COLLECT_FIRST   3000           /* milliseconds */
#define NGX_TIDRAW_COLLECT_EVERY   (60 * 60 * 1000)
#define NGX_TIDRAW_COLLECT_PAUSE   20             /* between two steps */
#define NGX_TIDRAW_COLLECT_DAY     ((int64_t) 24 * 60 * 60 * 1000)
#define NGX_TIDRAW_COLLECT_TMP     60             /* seconds */
#define NGX_TIDRAW_COLLECT_BATCH   64
#define NGX_TIDRAW_COLLECT_FOLDERS 256


typedef enum {
    NGX_TIDRAW_COLLECT_FILES = 0,
    NGX_TIDRAW_COLLECT_BLOBS,
    NGX_TIDRAW_COLLECT_SITE,
    NGX_TIDRAW_COLLECT_DISK
} ngx_tidraw_collect_e;


typedef struct {
    int64_t                    room;
    u_char                     hash[NGX_TIDRAW_BLOB_HASH_LEN];  /* or an id */
    u_char                     gen[NGX_TIDRAW_ID_LEN];
    unsigned                   remote:1;    /* in S3 */
} ngx_tidraw_collect_item_t;


struct ngx_tidraw_collector_s {
    ngx_tidraw_files_t        *files;
    ngx_event_t                timer;
    ngx_connection_t           dummy;       /* the timer's data */
    ngx_tidraw_op_t           *op;          /* pending */
    ngx_tidraw_file_job_t      job;

    ngx_tidraw_collect_e       stage;
    ngx_uint_t                 folder;      /* of the disk, 256: tmp */
    ngx_tidraw_collect_item_t  items[NGX_TIDRAW_COLLECT_BATCH];
    ngx_uint_t                 nitems;
    ngx_uint_t                 item;        /* the next one */
    unsigned                   more:1;      /* the batch was full */
    unsigned                   alone:1;     /* in the folder */

    u_char                     site[NGX_TIDRAW_ID_LEN + 1];

    u_char                    *path;        /* what a job deletes */
};


static void ngx_tidraw_collector_wait(ngx_tidraw_collector_t *c,
    ngx_msec_t ms);
static void ngx_tidraw_collector_timer(ngx_event_t *ev);
static void ngx_tidraw_collector_fetch(ngx_tidraw_collector_t *c);
static void ngx_tidraw_collector_fetched(ngx_tidraw_op_t *op);
static void ngx_tidraw_collector_identified(ngx_tidraw_op_t *op);
static void ngx_tidraw_collector_site(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_collector_sited(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_collector_item(ngx_tidraw_collector_t *c);
static void ngx_tidraw_collector_named(ngx_tidraw_op_t *op);
static int64_t ngx_tidraw_collector_keep(ngx_tidraw_collector_t *c,
    int64_t now);
static void ngx_tidraw_collector_item_done(ngx_tidraw_op_t *op);
static void ngx_tidraw_collector_next(ngx_tidraw_collector_t *c);
static void ngx_tidraw_collector_unlink(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_collector_unlinked(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_collector_list(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_collector_listed(ngx_tidraw_file_job_t *job);
static void ngx_tidraw_collector_tmp(ngx_tidraw_collector_t *c, DIR *dir);


ngx_tidraw_collector_t *
ngx_tidraw_collector_create(ngx_tidraw_files_t *files)
{
    ngx_tidraw_collector_t  *c;

    c = ngx_calloc(sizeof(ngx_tidraw_collector_t)
                   + ngx_tidraw_blob_path_size(&files->dir),
                   files->site->log);
    if (c == NULL) {
        return NULL;
    }

    c->files = files;
    c->path = (u_char *) c + sizeof(ngx_tidraw_collector_t);

    c->dummy.fd = (ngx_socket_t) -1;
    c->dummy.data = c;

    c->timer.data = &c->dummy;
    c->timer.handler = ngx_tidraw_collector_timer;
    c->timer.log = files->site->log;
    c->timer.cancelable = 1;

    ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_FIRST);

    return c;
}


void
ngx_tidraw_collector_destroy(ngx_tidraw_collector_t *c)
{
    if (c->timer.timer_set) {
        ngx_del_timer(&c->timer);
    }

    if (c->op != NULL) {
        ngx_tidraw_op_cancel(c->op);
    }

    ngx_free(c);
}


static void
ngx_tidraw_collector_wait(ngx_tidraw_collector_t *c, ngx_msec_t ms)
{
    if (!ngx_exiting) {
        ngx_add_timer(&c->timer, ms);
    }
}


static void
ngx_tidraw_collector_timer(ngx_event_t *ev)
{
    ngx_connection_t        *dummy;
    ngx_tidraw_collector_t  *c;

    dummy = ev->data;
    c = dummy->data;
    ev->timedout = 0;

    if (ngx_exiting) {
        return;
    }

    if (c->item < c->nitems) {
        ngx_tidraw_collector_item(c);

    } else {
        ngx_tidraw_collector_fetch(c);
    }
}


/* The next batch of what may be superfluous. */

static void
ngx_tidraw_collector_fetch(ngx_tidraw_collector_t *c)
{
    u_char            data[NGX_TIDRAW_ID_LEN];
    int64_t           before;
    ngx_str_t         id;
    ngx_tidraw_op_t  *op;

    c->nitems = 0;
    c->item = 0;

    if (c->stage == NGX_TIDRAW_COLLECT_DISK) {
        c->job.work = ngx_tidraw_collector_list;
        c->job.done = ngx_tidraw_collector_listed;
        ngx_tidraw_file_job_post(c->files, &c->job);
        return;
    }

    op = ngx_tidraw_op_create(c->files->site->store,
                              c->stage == NGX_TIDRAW_COLLECT_SITE);
    if (op == NULL) {
        ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_EVERY);
        return;
    }

    c->op = op;

    if (c->stage == NGX_TIDRAW_COLLECT_SITE) {
        ngx_tidraw_random_id(data, 16);
        id.data = data;
        id.len = NGX_TIDRAW_ID_LEN;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SITE_ID_OFFER, "s", &id);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SITE_ID_GET, "");

        ngx_tidraw_op_run(op, ngx_tidraw_collector_identified, c);
        return;
    }

    before = ngx_tidraw_now() - NGX_TIDRAW_COLLECT_DAY;

    (void) ngx_tidraw_op_step(op, c->stage == NGX_TIDRAW_COLLECT_FILES
                                  ? NGX_TIDRAW_STMT_FILES_UNCHECKED
                                  : NGX_TIDRAW_STMT_BLOBS_UNUSED, "ii",
                              before, (int64_t) NGX_TIDRAW_COLLECT_BATCH);

    ngx_tidraw_op_run(op, ngx_tidraw_collector_fetched, c);
}


static void
ngx_tidraw_collector_fetched(ngx_tidraw_op_t *op)
{
    ngx_str_t                   key, gen, place;
    ngx_uint_t                  i;
    ngx_tidraw_result_t        *res;
    ngx_tidraw_collector_t     *c;
    ngx_tidraw_collect_item_t  *item;

    c = op->data;
    c->op = NULL;

    if (op->rc != NGX_OK) {
        /* the database says in the log what it has; another time */
        c->stage = NGX_TIDRAW_COLLECT_FILES;
        ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_EVERY);
        return;
    }

    res = &op->results[0];

    for (i = 0; i < res->nrows && i < NGX_TIDRAW_COLLECT_BATCH; i++) {
        item = &c->items[c->nitems];

        key = ngx_tidraw_cell_str(res, i, 0);
        gen = ngx_tidraw_cell_str(res, i, 1);

        if (c->stage == NGX_TIDRAW_COLLECT_FILES) {

            if (key.len != NGX_TIDRAW_ID_LEN) {
                continue;
            }

            item->room = ngx_tidraw_cell_int(res, i, 1);
            ngx_memcpy(item->hash, key.data, key.len);

        } else {

            if (key.len != NGX_TIDRAW_BLOB_HASH_LEN
                || gen.len != NGX_TIDRAW_ID_LEN)
            {
                continue;
            }

            place = ngx_tidraw_cell_str(res, i, 2);

            item->remote = place.len == 2
                           && ngx_memcmp(place.data, "s3", 2) == 0;

            /* its row is what knows of it until it can be deleted */

            if (item->remote && !ngx_tidraw_s3_on(c->files->site)) {
                continue;
            }

            ngx_memcpy(item->hash, key.data, key.len);
            ngx_memcpy(item->gen, gen.data, gen.len);
        }

        c->nitems++;
    }

    c->more = res->nrows == NGX_TIDRAW_COLLECT_BATCH && c->nitems > 0;

    ngx_tidraw_collector_next(c);
}


static void
ngx_tidraw_collector_identified(ngx_tidraw_op_t *op)
{
    ngx_str_t                id;
    ngx_tidraw_collector_t  *c;

    c = op->data;
    c->op = NULL;

    if (op->rc == NGX_OK && op->results[1].nrows != 0) {
        id = ngx_tidraw_cell_str(&op->results[1], 0, 0);

        if (id.len == NGX_TIDRAW_ID_LEN
            && ngx_strlchr(id.data, id.data + id.len, '/') == NULL)
        {
            ngx_memcpy(c->site, id.data, id.len);

            c->job.work = ngx_tidraw_collector_site;
            c->job.done = ngx_tidraw_collector_sited;
            ngx_tidraw_file_job_post(c->files, &c->job);
            return;
        }
    }

    c->stage = NGX_TIDRAW_COLLECT_FILES;
    ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_EVERY);
}


/* In a thread: says who uses the folder, and looks who does. */

static void
ngx_tidraw_collector_site(ngx_tidraw_file_job_t *job)
{
    int                      fd;
    DIR                     *dir;
    ngx_uint_t               n;
    struct dirent           *de;
    ngx_tidraw_collector_t  *c;

    c = ngx_queue_data(job, ngx_tidraw_collector_t, job);

    c->alone = 0;

    (void) ngx_sprintf(c->path, "%V/site-%s%Z", &c->files->dir, c->site);

    fd = open((const char *) c->path, O_WRONLY|O_CREAT|O_NOFOLLOW|O_CLOEXEC,
              0600);
    if (fd == -1) {
        return;
    }

    (void) close(fd);

    (void) ngx_sprintf(c->path, "%V%Z", &c->files->dir);

    dir = opendir((const char *) c->path);
    if (dir == NULL) {
        return;
    }

    n = 0;

    while ((de = readdir(dir)) != NULL) {
        n += (ngx_strncmp(de->d_name, "site-", 5) == 0);
    }

    (void) closedir(dir);

    c->alone = (n == 1);
}


static void
ngx_tidraw_collector_sited(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_collector_t  *c;

    c = ngx_queue_data(job, ngx_tidraw_collector_t, job);

    if (!c->alone) {
        ngx_tidraw_log(NGX_LOG_WARN, c->files->site->log, 0,
                       "upload_dir_shared", "path=%V own=site-%s hint=%s",
                       &c->files->dir, c->site,
                       "give each database its own tidraw_upload_dir, or "
                       "delete the site- files of those that are gone: "
                       "superfluous files are not removed");
    }

    c->stage = NGX_TIDRAW_COLLECT_DISK;
    c->folder = c->alone ? 0 : NGX_TIDRAW_COLLECT_FOLDERS;

    ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_PAUSE);
}


static void
ngx_tidraw_collector_item(ngx_tidraw_collector_t *c)
{
    int64_t                     now;
    ngx_str_t                   key, gen;
    ngx_tidraw_op_t            *op;
    ngx_tidraw_collect_item_t  *item;

    item = &c->items[c->item];

    op = ngx_tidraw_op_create(c->files->site->store,
                              c->stage == NGX_TIDRAW_COLLECT_BLOBS);
    if (op == NULL) {
        ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_EVERY);
        return;
    }

    now = ngx_tidraw_now();

    key.data = item->hash;
    key.len = NGX_TIDRAW_BLOB_HASH_LEN;
    gen.data = item->gen;
    gen.len = NGX_TIDRAW_ID_LEN;

    switch (c->stage) {

    case NGX_TIDRAW_COLLECT_FILES:
        key.len = NGX_TIDRAW_ID_LEN;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_NAMED, "isi",
                                  item->room, &key,
                                  ngx_tidraw_collector_keep(c, now));

        c->op = op;
        ngx_tidraw_op_run(op, ngx_tidraw_collector_named, c);
        return;

    case NGX_TIDRAW_COLLECT_BLOBS:
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_DELETE, "ssi",
                                  &key, &gen, now - NGX_TIDRAW_COLLECT_DAY);
        break;

    default: /* NGX_TIDRAW_COLLECT_DISK */
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_GET, "s", &key);
    }

    c->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_collector_item_done, c);
}


/* What nothing named may go if the board is still the one that was read. */

static void
ngx_tidraw_collector_named(ngx_tidraw_op_t *op)
{
    int64_t                     now, clock, named;
    ngx_str_t                   id;
    ngx_tidraw_collector_t     *c;
    ngx_tidraw_collect_item_t  *item;

    c = op->data;

    if (op->rc != NGX_OK || op->results[0].nrows == 0) {
        ngx_tidraw_collector_item_done(op);
        return;
    }

    clock = ngx_tidraw_cell_int(&op->results[0], 0, 0);
    named = ngx_tidraw_cell_int(&op->results[0], 0, 1);

    c->op = NULL;

    op = ngx_tidraw_op_create(c->files->site->store, 1);
    if (op == NULL) {
        ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_EVERY);
        return;
    }

    now = ngx_tidraw_now();
    item = &c->items[c->item];

    id.data = item->hash;
    id.len = NGX_TIDRAW_ID_LEN;

    if (named == 0) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_HOLD, "i",
                                  item->room);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_ORPHAN_DELETE,
                                  "isii", item->room, &id, clock,
                                  ngx_tidraw_collector_keep(c, now));
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_CHECKED, "isii",
                              item->room, &id, named, now);

    c->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_collector_item_done, c);
}


/* What was not needed after this may go. */

static int64_t
ngx_tidraw_collector_keep(ngx_tidraw_collector_t *c, int64_t now)
{
    return now - (int64_t) c->files->site->conf->file_keep * 1000;
}


static void
ngx_tidraw_collector_item_done(ngx_tidraw_op_t *op)
{
    u_char                      buf[NGX_TIDRAW_BLOB_OBJECT_LEN];
    ngx_str_t                   gen, name;
    ngx_uint_t                  gone;
    ngx_tidraw_collector_t     *c;
    ngx_tidraw_collect_item_t  *item;

    c = op->data;
    c->op = NULL;

    if (op->rc != NGX_OK && op->rc != NGX_DECLINED) {
        c->stage = NGX_TIDRAW_COLLECT_FILES;
        c->nitems = 0;
        ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_EVERY);
        return;
    }

    item = &c->items[c->item++];
    gone = op->rc == NGX_OK && c->stage == NGX_TIDRAW_COLLECT_BLOBS;

    if (op->rc == NGX_OK && c->stage == NGX_TIDRAW_COLLECT_DISK) {
        gen = ngx_tidraw_cell_str(&op->results[0], 0, 0);

        gone = op->results[0].nrows == 0
               || gen.len != NGX_TIDRAW_ID_LEN
               || ngx_memcmp(gen.data, item->gen, NGX_TIDRAW_ID_LEN) != 0;
    }

    if (gone && c->stage == NGX_TIDRAW_COLLECT_BLOBS && item->remote) {
        ngx_tidraw_blob_object(item->hash, item->gen, buf, &name);
        ngx_tidraw_s3_delete(c->files->site, &name);
        gone = 0;
    }

    if (!gone) {
        ngx_tidraw_collector_next(c);
        return;
    }

    ngx_tidraw_blob_names(&c->files->dir, item->hash, item->gen, NULL,
                          c->path);

    c->job.work = ngx_tidraw_collector_unlink;
    c->job.done = ngx_tidraw_collector_unlinked;
    ngx_tidraw_file_job_post(c->files, &c->job);
}


static void
ngx_tidraw_collector_next(ngx_tidraw_collector_t *c)
{
    if (c->item >= c->nitems && !c->more) {

        /* this stage has nothing more */

        switch (c->stage) {

        case NGX_TIDRAW_COLLECT_FILES:
            c->stage = NGX_TIDRAW_COLLECT_BLOBS;
            break;

        case NGX_TIDRAW_COLLECT_BLOBS:
            c->stage = NGX_TIDRAW_COLLECT_SITE;
            break;

        default: /* NGX_TIDRAW_COLLECT_DISK */

            if (++c->folder > NGX_TIDRAW_COLLECT_FOLDERS) {
                c->stage = NGX_TIDRAW_COLLECT_FILES;
                ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_EVERY);
                return;
            }
        }
    }

    ngx_tidraw_collector_wait(c, NGX_TIDRAW_COLLECT_PAUSE);
}


static void
ngx_tidraw_collector_unlink(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_collector_t  *c;

    c = ngx_queue_data(job, ngx_tidraw_collector_t, job);

    (void) unlink((const char *) c->path);
}


static void
ngx_tidraw_collector_unlinked(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_collector_t  *c;

    c = ngx_queue_data(job, ngx_tidraw_collector_t, job);

    ngx_tidraw_collector_next(c);
}


/*
 * In a thread: the names of one folder whose files are older than a day.  A
 * folder with more of them than a batch waits for the next time round.
 */

static void
ngx_tidraw_collector_list(ngx_tidraw_file_job_t *job)
{
    DIR                        *dir;
    time_t                      now;
    struct stat                 st;
    struct dirent              *de;
    ngx_tidraw_collector_t     *c;
    ngx_tidraw_collect_item_t  *item;

    c = ngx_queue_data(job, ngx_tidraw_collector_t, job);

    if (c->folder == NGX_TIDRAW_COLLECT_FOLDERS) {
        (void) ngx_sprintf(c->path, "%V/tmp%Z", &c->files->dir);

    } else {
        (void) ngx_sprintf(c->path, "%V/%02xi%Z", &c->files->dir, c->folder);
    }

    dir = opendir((const char *) c->path);
    if (dir == NULL) {
        return;
    }

    if (c->folder == NGX_TIDRAW_COLLECT_FOLDERS) {
        ngx_tidraw_collector_tmp(c, dir);
        (void) closedir(dir);
        return;
    }

    now = time(NULL);

    while (c->nitems < NGX_TIDRAW_COLLECT_BATCH
           && (de = readdir(dir)) != NULL)
    {
        if (strlen(de->d_name) != NGX_TIDRAW_BLOB_NAME_LEN
            || de->d_name[NGX_TIDRAW_BLOB_HASH_LEN] != '-'
            || fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0
            || !S_ISREG(st.st_mode)
            || now - st.st_mtime < NGX_TIDRAW_COLLECT_DAY / 1000)
        {
            continue;
        }

        item = &c->items[c->nitems++];

        ngx_memcpy(item->hash, de->d_name, NGX_TIDRAW_BLOB_HASH_LEN);
        ngx_memcpy(item->gen, de->d_name + NGX_TIDRAW_BLOB_HASH_LEN + 1,
                   NGX_TIDRAW_ID_LEN);
    }

    (void) closedir(dir);
}


static void
ngx_tidraw_collector_listed(ngx_tidraw_file_job_t *job)
{
    ngx_tidraw_collector_t  *c;

    c = ngx_queue_data(job, ngx_tidraw_collector_t, job);

    c->more = 0;

    ngx_tidraw_collector_next(c);
}


/* In a thread.  Whoever still writes a file holds its lock. */

static void
ngx_tidraw_collector_tmp(ngx_tidraw_collector_t *c, DIR *dir)
{
    int             fd;
    struct stat     st;
    struct dirent  *de;

    while ((de = readdir(dir)) != NULL) {

        if (strlen(de->d_name) != NGX_TIDRAW_ID_LEN) {
            continue;
        }

        fd = openat(dirfd(dir), de->d_name, O_RDONLY|O_NOFOLLOW|O_CLOEXEC);

        if (fd == -1) {
            continue;
        }

        if (fstat(fd, &st) == 0
            && time(NULL) - st.st_mtime > NGX_TIDRAW_COLLECT_TMP
            && flock(fd, LOCK_EX|LOCK_NB) == 0)
        {
            (void) unlinkat(dirfd(dir), de->d_name, 0);
        }

        (void) close(fd);
    }
}
