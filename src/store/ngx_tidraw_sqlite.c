
/*
 * The half of the SQLite driver that lives in the event loop: hands batches
 * to the thread pool, takes them back, opens again with growing delays.
 *
 * The handle is opened in the worker, in a thread: handles do not survive a
 * fork.  Nothing else in the process may ever open the database file, since
 * closing it would take away the locks of our handle.
 */


#include "ngx_tidraw_sqlite.h"

#include <fcntl.h>
#include <poll.h>


#define NGX_TIDRAW_SQLITE_PACE  5       /* ms between batches of writes */
#define NGX_TIDRAW_SQLITE_KEPT  100     /* ms until the turn is given back */


typedef struct {
    ngx_tidraw_sqlite_lane_t   lanes[2];    /* reader, writer */
    ngx_tidraw_store_t        *store;

    ngx_str_t                  path;        /* with a NUL */
    char                     **texts;

    ngx_event_t                retry;       /* cancelable */
    ngx_event_t                pace;        /* next batch of writes */
    ngx_event_t                kept;        /* ends our turn, cancelable */
    ngx_msec_t                 wrote;       /* when the last one began */
    ngx_connection_t           dummy;
    ngx_uint_t                 attempts;

    unsigned                   migrated:1;
    unsigned                   refused:1;   /* newer: has been logged */
} ngx_tidraw_sqlite_t;


static ngx_uint_t ngx_tidraw_sqlite_match(ngx_str_t *url);
static char *ngx_tidraw_sqlite_check(ngx_str_t *url);
static ngx_int_t ngx_tidraw_sqlite_path(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle, ngx_pool_t *pool, ngx_str_t *path);
static ngx_int_t ngx_tidraw_sqlite_prepare(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_sqlite_folders(u_char *path, uid_t uid,
    gid_t gid);
static ngx_int_t ngx_tidraw_sqlite_chown(const char *name, ngx_uint_t dir,
    uid_t uid, gid_t gid, ngx_log_t *log);
static ngx_int_t ngx_tidraw_sqlite_open(ngx_tidraw_store_t *st);
static char **ngx_tidraw_sqlite_texts(ngx_log_t *log);
static void ngx_tidraw_sqlite_free(ngx_tidraw_sqlite_t *sq);
static void ngx_tidraw_sqlite_kick(ngx_tidraw_store_t *st);
static ngx_uint_t ngx_tidraw_sqlite_early(ngx_tidraw_sqlite_t *sq);
static void ngx_tidraw_sqlite_pace(ngx_event_t *ev);
static void ngx_tidraw_sqlite_kept(ngx_event_t *ev);
static void ngx_tidraw_sqlite_tick(ngx_tidraw_store_t *st);
static void ngx_tidraw_sqlite_post(ngx_tidraw_sqlite_t *sq,
    ngx_tidraw_sqlite_lane_t *lane);
static void ngx_tidraw_sqlite_completion(ngx_event_t *ev);
static void ngx_tidraw_sqlite_opened(ngx_tidraw_sqlite_t *sq,
    ngx_tidraw_sqlite_lane_t *lane);
static void ngx_tidraw_sqlite_retry(ngx_event_t *ev);
static void ngx_tidraw_sqlite_close(ngx_tidraw_store_t *st,
    ngx_msec_t deadline);


const ngx_tidraw_driver_t  ngx_tidraw_sqlite_driver = {
    ngx_tidraw_sqlite_match,
    ngx_tidraw_sqlite_check,
    ngx_tidraw_sqlite_prepare,
    ngx_tidraw_sqlite_open,
    ngx_tidraw_sqlite_kick,
    NULL,
    ngx_tidraw_sqlite_tick,
    ngx_tidraw_sqlite_close
};


static ngx_uint_t
ngx_tidraw_sqlite_match(ngx_str_t *url)
{
    return url->len >= 7 && ngx_strncmp(url->data, "sqlite:", 7) == 0;
}


static char *
ngx_tidraw_sqlite_check(ngx_str_t *url)
{
    if (url->len == 7 || url->data[url->len - 1] == '/') {
        return "names no file";
    }

    if (url->data[7] == ':') {
        return "must name a file: memory is not shared between workers";
    }

    return NULL;
}


static ngx_int_t
ngx_tidraw_sqlite_path(ngx_tidraw_site_t *site, ngx_cycle_t *cycle,
    ngx_pool_t *pool, ngx_str_t *path)
{
    path->len = site->database.len - 7;
    path->data = ngx_pnalloc(pool, path->len + 1);

    if (path->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(path->data, site->database.data + 7, path->len);
    path->data[path->len] = '\0';

    return ngx_get_full_name(pool, &cycle->prefix, path);
}


/*
 * The workers write into the folder (journals live beside the database), so
 * it has to be theirs.  A folder that was made for something else is left
 * alone: only one that is new, empty, or belonged to the workers before.
 */

static ngx_int_t
ngx_tidraw_sqlite_prepare(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    gid_t             gid;
    uid_t             uid;
    u_char           *name, *p;
    ngx_str_t         path;
    ngx_uint_t        i;
    ngx_core_conf_t  *ccf;

    static const char  *suffixes[] = { "", "-wal", "-shm", "-journal", NULL };

    if (ngx_tidraw_sqlite_path(site, cycle, cycle->pool, &path) != NGX_OK) {
        return NGX_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    uid = (uid_t) -1;
    gid = (gid_t) -1;

    if (geteuid() == 0 && ccf->user != (ngx_uid_t) NGX_CONF_UNSET_UINT
        && ccf->user != 0)
    {
        uid = ccf->user;
        gid = ccf->group;
    }

    if (ngx_tidraw_sqlite_folders(path.data, uid, gid) != NGX_OK) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=mkdir path=%V", &path);
        return NGX_ERROR;
    }

    if (uid == (uid_t) -1) {
        return NGX_OK;
    }

    name = ngx_pnalloc(cycle->pool, path.len + sizeof("-journal"));
    if (name == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; suffixes[i]; i++) {
        p = ngx_cpymem(name, path.data, path.len);
        (void) ngx_cpystrn(p, (u_char *) suffixes[i], sizeof("-journal"));

        if (ngx_tidraw_sqlite_chown((char *) name, 0, uid, gid, cycle->log)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* the full name starts with a slash */

    for (p = path.data + path.len - 1; *p != '/'; p--) { /* void */ }

    if (p == path.data) {
        return NGX_OK;
    }

    (void) ngx_cpystrn(name, path.data, p - path.data + 1);

    return ngx_tidraw_sqlite_chown((char *) name, 1, uid, gid, cycle->log);
}


/* Makes the folders on the way to the last slash; new ones are the workers'. */

static ngx_int_t
ngx_tidraw_sqlite_folders(u_char *path, uid_t uid, gid_t gid)
{
    u_char  *p;

    for (p = path + 1; *p; p++) {

        if (*p != '/') {
            continue;
        }

        *p = '\0';

        if (ngx_create_dir(path, 0700) == NGX_FILE_ERROR) {

            if (ngx_errno != NGX_EEXIST) {
                *p = '/';
                return NGX_ERROR;
            }

        } else if (uid != (uid_t) -1
                   && fchownat(AT_FDCWD, (char *) path, uid, gid,
                               AT_SYMLINK_NOFOLLOW)
                      == -1)
        {
            *p = '/';
            return NGX_ERROR;
        }

        *p = '/';
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_sqlite_chown(const char *name, ngx_uint_t dir, uid_t uid,
    gid_t gid, ngx_log_t *log)
{
    int             fd;
    DIR            *d;
    ngx_uint_t      n;
    struct stat     sb;
    struct dirent  *de;

    /* O_PATH: opening a database for good would cost its locks on closing */

    fd = open(name, O_PATH|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1) {
        return (ngx_errno == NGX_ENOENT || dir) ? NGX_OK : NGX_ERROR;
    }

    if (fstat(fd, &sb) == -1 || sb.st_uid == uid) {
        goto done;
    }

    if (!dir) {
        if (!S_ISREG(sb.st_mode) || sb.st_nlink != 1) {
            goto done;
        }

    } else {
        if (!S_ISDIR(sb.st_mode)) {
            goto done;
        }

        if (sb.st_uid == 0) {

            d = opendir(name);
            if (d == NULL) {
                goto done;
            }

            for (n = 0; n < 3; n++) {
                de = readdir(d);
                if (de == NULL) {
                    break;
                }
            }

            (void) closedir(d);

            if (n == 3) {

                /* holds more than "." and ".." */

                goto done;
            }

        } else if ((sb.st_mode & 0777) != 0700) {
            goto done;
        }
    }

    if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == -1) {
        ngx_tidraw_log(NGX_LOG_EMERG, log, ngx_errno, "start_failed",
                       "call=fchownat path=%s", name);
        (void) close(fd);
        return NGX_ERROR;
    }

done:

    (void) close(fd);

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_sqlite_open(ngx_tidraw_store_t *st)
{
    ngx_uint_t                 i;
    ngx_tidraw_sqlite_t       *sq;
    ngx_tidraw_sqlite_lane_t  *lane;

    sq = ngx_calloc(sizeof(ngx_tidraw_sqlite_t), st->log);
    if (sq == NULL) {
        return NGX_ERROR;
    }

    sq->store = st;
    sq->texts = ngx_tidraw_sqlite_texts(st->log);

    if (sq->texts == NULL
        || ngx_tidraw_sqlite_path(st->site, st->cycle, st->cycle->pool,
                                  &sq->path)
           != NGX_OK)
    {
        ngx_tidraw_sqlite_free(sq);
        return NGX_ERROR;
    }

    ngx_tidraw_store_event(st, &sq->retry, &sq->dummy,
                           ngx_tidraw_sqlite_retry, sq);
    sq->retry.cancelable = 1;

    ngx_tidraw_store_event(st, &sq->pace, &sq->dummy,
                           ngx_tidraw_sqlite_pace, sq);
    ngx_tidraw_store_event(st, &sq->kept, &sq->dummy,
                           ngx_tidraw_sqlite_kept, sq);
    sq->kept.cancelable = 1;
    sq->wrote = ngx_current_msec - NGX_TIDRAW_SQLITE_PACE;

    for (i = 0; i < 2; i++) {
        lane = &sq->lanes[i];

        lane->store = st;
        lane->path = (char *) sq->path.data;
        lane->texts = sq->texts;
        lane->writer = i;
        lane->opened = NGX_OK;

        lane->task.ctx = lane;
        lane->task.handler = ngx_tidraw_sqlite_work;
        lane->task.event.data = lane;
        lane->task.event.handler = ngx_tidraw_sqlite_completion;
        lane->task.event.log = st->log;

        ngx_queue_init(&lane->batch);
        ngx_queue_init(&lane->finished);
    }

    st->data = sq;

    /* an empty batch: opens and migrates */

    ngx_tidraw_sqlite_post(sq, &sq->lanes[1]);

    return NGX_OK;
}


/* $1 would be a name to SQLite, ?1 is the first parameter. */

static char **
ngx_tidraw_sqlite_texts(ngx_log_t *log)
{
    char        **texts, *p;
    size_t        size;
    ngx_uint_t    i;
    const char   *s;

    size = NGX_TIDRAW_STMT_COUNT * sizeof(char *);

    for (i = 0; i < NGX_TIDRAW_STMT_COUNT; i++) {
        size += ngx_strlen(ngx_tidraw_statements[i].text) + 1;
    }

    texts = ngx_alloc(size, log);
    if (texts == NULL) {
        return NULL;
    }

    p = (char *) &texts[NGX_TIDRAW_STMT_COUNT];

    for (i = 0; i < NGX_TIDRAW_STMT_COUNT; i++) {
        texts[i] = p;
        s = ngx_tidraw_statements[i].text;

        do {
            *p++ = (*s == '$' && s[1] >= '1' && s[1] <= '9') ? '?' : *s;
        } while (*s++);
    }

    return texts;
}


static void
ngx_tidraw_sqlite_free(ngx_tidraw_sqlite_t *sq)
{
    if (sq->texts) {
        ngx_free(sq->texts);
    }

    ngx_free(sq);
}


static void
ngx_tidraw_sqlite_kick(ngx_tidraw_store_t *st)
{
    ngx_uint_t                 i;
    ngx_tidraw_sqlite_t       *sq;
    ngx_tidraw_sqlite_lane_t  *lane;

    sq = st->data;

    if (!sq->migrated || sq->retry.timer_set) {
        return;
    }

    for (i = 0; i < 2; i++) {
        lane = &sq->lanes[i];

        if (lane->busy
            || ngx_queue_empty(&st->waiting[i])
            || (lane->writer && ngx_tidraw_sqlite_early(sq)))
        {
            continue;
        }

        ngx_queue_add(&lane->batch, &st->waiting[i]);
        ngx_queue_init(&st->waiting[i]);

        ngx_tidraw_sqlite_post(sq, lane);
    }
}


/*
 * A store that was quiet writes at once; while writes keep coming, of however
 * many boards, one transaction and one sync serve all of a third of a tick.
 */

static ngx_uint_t
ngx_tidraw_sqlite_early(ngx_tidraw_sqlite_t *sq)
{
    ngx_msec_t  elapsed;

    elapsed = ngx_current_msec - sq->wrote;

    if (elapsed >= NGX_TIDRAW_SQLITE_PACE || sq->lanes[1].kept) {
        sq->wrote = ngx_current_msec;
        return 0;
    }

    if (!sq->pace.timer_set) {
        ngx_add_timer(&sq->pace, NGX_TIDRAW_SQLITE_PACE - elapsed);
    }

    return 1;
}


static void
ngx_tidraw_sqlite_pace(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_tidraw_sqlite_t  *sq;

    c = ev->data;
    sq = c->data;

    ngx_tidraw_sqlite_kick(sq->store);
}


/* Who came second has not tried again. */

static void
ngx_tidraw_sqlite_kept(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_tidraw_sqlite_t  *sq;

    c = ev->data;
    sq = c->data;

    ev->timedout = 0;

    if (!sq->lanes[1].busy && sq->lanes[1].kept) {
        sq->lanes[1].kept = 0;
        ngx_tidraw_sqlite_turn_give(&sq->lanes[1]);
    }
}


static void
ngx_tidraw_sqlite_tick(ngx_tidraw_store_t *st)
{
    /* a safety net: what waits is normally taken by then */

    ngx_tidraw_sqlite_kick(st);
}


static void
ngx_tidraw_sqlite_post(ngx_tidraw_sqlite_t *sq,
    ngx_tidraw_sqlite_lane_t *lane)
{
    lane->busy = 1;
    lane->running = 1;

    if (ngx_thread_task_post(sq->store->site->thread_pool, &lane->task)
        == NGX_OK)
    {
        return;
    }

    lane->busy = 0;
    lane->running = 0;

    ngx_tidraw_store_put_back(sq->store, &lane->batch);

    if (!sq->retry.timer_set) {
        ngx_add_timer(&sq->retry, NGX_TIDRAW_STORE_RETRY_MIN);
    }
}


static void
ngx_tidraw_sqlite_completion(ngx_event_t *ev)
{
    ngx_queue_t               *q;
    ngx_tidraw_opx_t          *opx;
    ngx_tidraw_store_t        *st;
    ngx_tidraw_sqlite_t       *sq;
    ngx_tidraw_sqlite_lane_t  *lane;

    lane = ev->data;
    st = lane->store;
    sq = st->data;

    lane->busy = 0;

    while (!ngx_queue_empty(&lane->finished)) {
        q = ngx_queue_head(&lane->finished);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

        ngx_queue_remove(q);
        ngx_tidraw_store_done(opx, opx->op.rc);
    }

    ngx_tidraw_store_put_back(st, &lane->batch);

    if (lane->full) {
        ngx_tidraw_store_full(st, lane->error);

    } else if (lane->wrote) {
        ngx_tidraw_store_writable(st);
    }

    ngx_tidraw_sqlite_opened(sq, lane);

    if (lane->kept) {
        ngx_add_timer(&sq->kept, NGX_TIDRAW_SQLITE_KEPT);
    }

    if (!ngx_queue_empty(&st->waiting[lane->writer])) {
        ngx_tidraw_sqlite_kick(st);
    }
}


static void
ngx_tidraw_sqlite_opened(ngx_tidraw_sqlite_t *sq,
    ngx_tidraw_sqlite_lane_t *lane)
{
    ngx_tidraw_store_t  *st;

    st = sq->store;

    if (lane->opened == NGX_OK) {

        if (lane->writer && !sq->migrated) {
            sq->migrated = 1;
            ngx_tidraw_sqlite_kick(st);
        }

        sq->attempts = 0;
        ngx_tidraw_store_up(st);

        return;
    }

    if (lane->opened == NGX_DECLINED) {

        if (!sq->refused) {
            sq->refused = 1;
            st->complained = 1;
            ngx_tidraw_log(NGX_LOG_EMERG, st->log, 0, "database_newer",
                           "error=%s hint=%s", lane->error,
                           "install the version that made it");
        }
    }

    ngx_tidraw_store_down(st, lane->error);

    if (!sq->retry.timer_set) {
        ngx_add_timer(&sq->retry, ngx_tidraw_store_backoff(sq->attempts++));
    }
}


static void
ngx_tidraw_sqlite_retry(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_tidraw_sqlite_t  *sq;

    c = ev->data;
    sq = c->data;

    ev->timedout = 0;

    if (!sq->migrated) {

        if (!sq->lanes[1].busy) {
            ngx_tidraw_sqlite_post(sq, &sq->lanes[1]);
        }

        return;
    }

    ngx_tidraw_sqlite_kick(sq->store);
}


/*
 * The thread pool is gone by now and has finished its tasks, but their
 * completions have not run.  What still waits is done right here.
 */

static void
ngx_tidraw_sqlite_close(ngx_tidraw_store_t *st, ngx_msec_t deadline)
{
    ngx_uint_t                 i, n;
    ngx_queue_t               *q;
    ngx_tidraw_sqlite_t       *sq;
    ngx_tidraw_sqlite_lane_t  *lane;

    sq = st->data;

    if (sq->retry.timer_set) {
        ngx_del_timer(&sq->retry);
    }

    if (sq->kept.timer_set) {
        ngx_del_timer(&sq->kept);
    }

    if (sq->pace.timer_set) {
        ngx_del_timer(&sq->pace);
    }

    for (n = 2; n > 0; n--) {
        lane = &sq->lanes[n - 1];

        for ( ;; ) {
            ngx_memory_barrier();

            if (!lane->running) {
                break;
            }

            ngx_time_update();

            if ((ngx_msec_int_t) (deadline - ngx_current_msec) <= 0) {
                ngx_tidraw_log(NGX_LOG_ALERT, st->log, 0, "database_stuck",
                               "error=%s", "a task did not end in time");

                /* the process ends, and the kernel takes back all of it */

                return;
            }

            (void) poll(NULL, 0, 1);
        }

        /* reads have nobody left to answer to */

        if (lane->writer && !ngx_queue_empty(&st->waiting[1])) {
            ngx_queue_add(&lane->batch, &st->waiting[1]);
            ngx_queue_init(&st->waiting[1]);

            ngx_tidraw_sqlite_work(lane, st->log);
        }
    }

    for (i = 0; i < 2; i++) {
        lane = &sq->lanes[i];

        ngx_tidraw_store_put_back(st, &lane->batch);

        while (!ngx_queue_empty(&lane->finished)) {
            q = ngx_queue_head(&lane->finished);
            ngx_queue_remove(q);
            ngx_tidraw_store_drop(ngx_queue_data(q, ngx_tidraw_opx_t, queue));
        }

        ngx_tidraw_sqlite_close_lane(lane);
    }

    ngx_tidraw_sqlite_free(sq);
}
