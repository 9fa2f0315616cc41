
/*
 * The schema of an SQLite database, brought up to date when it is opened.
 *
 * Before that the database is copied to a file beside it, for whoever wants to
 * go back.  Both happen under SQLite's write lock: the copy is what the
 * migration began with, and of several workers one does it.  The others wait
 * in threads of their own, and try again when it takes longer than their lock
 * waits.
 */


#include "ngx_tidraw_sqlite.h"
#include "ngx_tidraw_migrations.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/statvfs.h>


#define NGX_TIDRAW_SQLITE_COPIES       3
#define NGX_TIDRAW_SQLITE_COPY_PAGES   2048
#define NGX_TIDRAW_SQLITE_COPY_AGAIN   600          /* s */

/* room that has to be left for the migration itself */
#define NGX_TIDRAW_SQLITE_COPY_SPARE   (16 * 1024 * 1024)


static int ngx_tidraw_sqlite_steps(sqlite3 *db, int64_t version);
static int ngx_tidraw_sqlite_number(sqlite3 *db, const char *sql, int64_t *n);
static int ngx_tidraw_sqlite_copy(ngx_tidraw_sqlite_lane_t *lane,
    int64_t version, ngx_log_t *log);
static int ngx_tidraw_sqlite_copy_room(ngx_tidraw_sqlite_lane_t *lane);
static int ngx_tidraw_sqlite_copy_pages(ngx_tidraw_sqlite_lane_t *lane,
    const char *to);
static int ngx_tidraw_sqlite_copy_sync(const char *path, int flags);
static void ngx_tidraw_sqlite_copy_prune(const char *folder,
    const char *base);


int
ngx_tidraw_sqlite_migrate(ngx_tidraw_sqlite_lane_t *lane, ngx_log_t *log)
{
    int       rc;
    int64_t   version;
    sqlite3  *db;

    db = lane->db;

    /* most starts find everything as it should be and take no lock */

    rc = ngx_tidraw_sqlite_number(db, NGX_TIDRAW_VERSION_SELECT, &version);

    if (rc == SQLITE_OK && version == NGX_TIDRAW_SCHEMA_VERSION) {
        return SQLITE_OK;
    }

    if (rc == SQLITE_OK && version > NGX_TIDRAW_SCHEMA_VERSION) {
        goto newer;
    }

    rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, NGX_TIDRAW_VERSION_CREATE, NULL, NULL, NULL);
    }

    if (rc == SQLITE_OK) {
        rc = ngx_tidraw_sqlite_number(db, NGX_TIDRAW_VERSION_SELECT,
                                      &version);
    }

    if (rc != SQLITE_OK) {
        return rc;
    }

    if (version > NGX_TIDRAW_SCHEMA_VERSION) {
        goto newer;
    }

    if (version > 0 && version < NGX_TIDRAW_SCHEMA_VERSION) {
        rc = ngx_tidraw_sqlite_copy(lane, version, log);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }

    rc = ngx_tidraw_sqlite_steps(db, version);

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }

    return rc;

newer:

    lane->opened = NGX_DECLINED;

    ngx_snprintf((u_char *) lane->error, NGX_TIDRAW_SQLITE_ERROR_LEN,
                 "\"%s\" has schema version %L, this module knows %d%Z",
                 lane->path, version, NGX_TIDRAW_SCHEMA_VERSION);
    lane->error[NGX_TIDRAW_SQLITE_ERROR_LEN - 1] = '\0';

    return SQLITE_MISMATCH;
}


static int
ngx_tidraw_sqlite_steps(sqlite3 *db, int64_t version)
{
    int                  rc;
    char                 text[160];
    const char * const  *p;

    rc = SQLITE_OK;

    while (rc == SQLITE_OK && version < NGX_TIDRAW_SCHEMA_VERSION) {

        for (p = ngx_tidraw_migrations[version].sqlite; *p; p++) {
            rc = sqlite3_exec(db, *p, NULL, NULL, NULL);
            if (rc != SQLITE_OK) {
                return rc;
            }
        }

        version++;

        sqlite3_snprintf(sizeof(text), text,
                         "INSERT INTO tidraw_version (version, applied_at)"
                         " VALUES (%lld,"
                         " CAST(strftime('%%s', 'now') AS INTEGER) * 1000)",
                         (long long) version);

        rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    }

    return rc;
}


static int
ngx_tidraw_sqlite_number(sqlite3 *db, const char *sql, int64_t *n)
{
    int            rc;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        return rc;
    }

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        *n = sqlite3_column_int64(stmt, 0);
        rc = SQLITE_OK;
    }

    (void) sqlite3_finalize(stmt);

    return rc;
}


/*
 * "tidraw.db-schema7-20260801T030000Z".  A migration that fails is tried again
 * every second, a copy of this worker serves all that for a while.
 */

static int
ngx_tidraw_sqlite_copy(ngx_tidraw_sqlite_lane_t *lane, int64_t version,
    ngx_log_t *log)
{
    int        rc;
    char       to[NGX_MAX_PATH], path[NGX_MAX_PATH], *base;
    time_t     now;
    ngx_tm_t   tm;

    now = time(NULL);

    if (lane->copied && now - lane->copied < NGX_TIDRAW_SQLITE_COPY_AGAIN) {
        return SQLITE_OK;
    }

    if (strlen(lane->path) + sizeof("-schema9223372036854775807"
                                    "-20260801T030000Z")
        > sizeof(path))
    {
        return SQLITE_CANTOPEN;
    }

    ngx_libc_gmtime(now, &tm);

    ngx_sprintf((u_char *) to, "%s-schema.partial%Z", lane->path);
    ngx_sprintf((u_char *) path, "%s-schema%L-%4d%02d%02dT%02d%02d%02dZ%Z",
                lane->path, version, tm.ngx_tm_year + 1900,
                tm.ngx_tm_mon + 1, tm.ngx_tm_mday, tm.ngx_tm_hour,
                tm.ngx_tm_min, tm.ngx_tm_sec);

    /* whoever left one was killed, or our lock would be his */

    (void) unlink(to);

    rc = ngx_tidraw_sqlite_copy_room(lane);

    if (rc == SQLITE_OK) {
        rc = ngx_tidraw_sqlite_copy_pages(lane, to);
    }

    if (rc == SQLITE_OK
        && (ngx_tidraw_sqlite_copy_sync(to, O_RDWR) != SQLITE_OK
            || rename(to, path) == -1))
    {
        rc = SQLITE_IOERR;
    }

    if (rc != SQLITE_OK) {
        (void) unlink(to);

        ngx_snprintf((u_char *) lane->error, NGX_TIDRAW_SQLITE_ERROR_LEN,
                     "\"%s\" has to be copied before its schema goes from %L"
                     " to %d, and could not be: %s (%d)%Z", lane->path,
                     version, NGX_TIDRAW_SCHEMA_VERSION, sqlite3_errstr(rc),
                     rc);
        lane->error[NGX_TIDRAW_SQLITE_ERROR_LEN - 1] = '\0';

        return rc;
    }

    lane->copied = now;

    ngx_tidraw_log(NGX_LOG_NOTICE, log, 0, "schema_upgraded",
                   "from=%L to=%L copy=%s", version,
                   (int64_t) NGX_TIDRAW_SCHEMA_VERSION, path);

    /* the name has a slash: it is a full one */

    base = strrchr(to, '/');
    *base++ = '\0';
    *strrchr(base, '.') = '\0';

    ngx_tidraw_sqlite_copy_prune(to, base);
    (void) ngx_tidraw_sqlite_copy_sync(to, O_RDONLY|O_DIRECTORY);

    return SQLITE_OK;
}


/* Looked at before anything is written: a full disk would stop others, too. */

static int
ngx_tidraw_sqlite_copy_room(ngx_tidraw_sqlite_lane_t *lane)
{
    int             rc;
    int64_t         pages, size;
    struct statvfs  fs;

    rc = ngx_tidraw_sqlite_number(lane->db, "PRAGMA page_count", &pages);

    if (rc == SQLITE_OK) {
        rc = ngx_tidraw_sqlite_number(lane->db, "PRAGMA page_size", &size);
    }

    if (rc != SQLITE_OK || statvfs(lane->path, &fs) == -1) {
        return rc;
    }

    return (uint64_t) fs.f_bavail * fs.f_frsize
           < (uint64_t) (pages * size) + NGX_TIDRAW_SQLITE_COPY_SPARE
           ? SQLITE_FULL : SQLITE_OK;
}


/*
 * By a handle of its own, since one that writes cannot be copied from: it
 * sees the database as it was before, and nobody else changes that.
 */

static int
ngx_tidraw_sqlite_copy_pages(ngx_tidraw_sqlite_lane_t *lane, const char *to)
{
    int              fd, rc, rv;
    sqlite3         *src, *dst;
    sqlite3_backup  *backup;

    fd = open(to, O_CREAT|O_EXCL|O_RDWR|O_CLOEXEC, 0600);
    if (fd == -1) {
        return SQLITE_CANTOPEN;
    }

    (void) close(fd);

    src = NULL;
    dst = NULL;

    rc = sqlite3_open_v2(lane->path, &src,
                         SQLITE_OPEN_READWRITE|SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_open_v2(to, &dst,
                             SQLITE_OPEN_READWRITE|SQLITE_OPEN_NOMUTEX, NULL);
    }

    /* it is synced once, when it is complete */

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(dst, "PRAGMA journal_mode = OFF;"
                               "PRAGMA synchronous = OFF;", NULL, NULL, NULL);
    }

    if (rc == SQLITE_OK) {
        backup = sqlite3_backup_init(dst, "main", src, "main");

        if (backup == NULL) {
            rc = sqlite3_errcode(dst);

        } else {

            /* a worker that is told to end does not wait for it */

            do {
                rc = sqlite3_backup_step(backup,
                                         NGX_TIDRAW_SQLITE_COPY_PAGES);
            } while (rc == SQLITE_OK && !ngx_terminate && !ngx_exiting);

            if (rc == SQLITE_OK) {
                rc = SQLITE_INTERRUPT;
            }

            rv = sqlite3_backup_finish(backup);

            rc = (rc == SQLITE_DONE) ? rv : rc;
        }
    }

    (void) sqlite3_close(dst);
    (void) sqlite3_close(src);

    return rc;
}


static int
ngx_tidraw_sqlite_copy_sync(const char *path, int flags)
{
    int  fd, rc;

    fd = open(path, flags|O_CLOEXEC);
    if (fd == -1) {
        return SQLITE_CANTOPEN;
    }

    rc = fsync(fd) == 0 ? SQLITE_OK : SQLITE_IOERR;

    (void) close(fd);

    return rc;
}


/* The time is the last part of a name, and all have the same length. */

static void
ngx_tidraw_sqlite_copy_prune(const char *folder, const char *base)
{
    int             fd;
    DIR            *dir;
    char            oldest[NAME_MAX + 1];
    size_t          len;
    ngx_uint_t      n;
    const char     *time;
    struct dirent  *de;

    len = strlen(base);

    do {
        dir = opendir(folder);
        if (dir == NULL) {
            return;
        }

        fd = dirfd(dir);
        n = 0;

        while ((de = readdir(dir)) != NULL) {

            time = strrchr(de->d_name, '-');

            if (strncmp(de->d_name, base, len) != 0
                || de->d_name[len] < '0' || de->d_name[len] > '9'
                || time == NULL || strlen(time) != sizeof("20260801T030000Z"))
            {
                continue;
            }

            if (n++ == 0 || strcmp(time, strrchr(oldest, '-')) < 0) {
                ngx_cpystrn((u_char *) oldest, (u_char *) de->d_name,
                            sizeof(oldest));
            }
        }

        if (n > NGX_TIDRAW_SQLITE_COPIES && unlinkat(fd, oldest, 0) == -1) {
            n = 0;
        }

        (void) closedir(dir);

    } while (n > NGX_TIDRAW_SQLITE_COPIES + 1);
}
