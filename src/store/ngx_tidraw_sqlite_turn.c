
/*
 * Whose turn it is to write: the workers queue for a lock on a file of its
 * own before they ask SQLite for its write lock.  The kernel wakes them when
 * it is free, so that nobody sleeps and retries, and whoever waited has
 * collected a larger batch.  The lock goes with the process that holds it.
 */


#include "ngx_tidraw_sqlite.h"


void
ngx_tidraw_sqlite_turn_take(ngx_tidraw_sqlite_lane_t *lane)
{
    char          path[NGX_MAX_PATH];
    struct flock  fl;

    if (lane->turn <= 0) {

        if (strlen(lane->path) + sizeof("-turn") > sizeof(path)) {
            return;
        }

        ngx_sprintf((u_char *) path, "%s-turn%Z", lane->path);

        lane->turn = open(path, O_CREAT|O_RDWR|O_CLOEXEC, 0600);

        /* without it SQLite's own lock still serves, only less fairly */

        if (lane->turn == -1) {
            return;
        }
    }

    ngx_memzero(&fl, sizeof(struct flock));

    fl.l_type = F_WRLCK;
    fl.l_whence = SEEK_SET;

    while (fcntl(lane->turn, F_OFD_SETLKW, &fl) == -1 && errno == EINTR) {
        /* void */
    }
}


void
ngx_tidraw_sqlite_turn_give(ngx_tidraw_sqlite_lane_t *lane)
{
    struct flock  fl;

    if (lane->turn <= 0) {
        return;
    }

    ngx_memzero(&fl, sizeof(struct flock));

    fl.l_type = F_UNLCK;
    fl.l_whence = SEEK_SET;

    (void) fcntl(lane->turn, F_OFD_SETLK, &fl);
}


void
ngx_tidraw_sqlite_turn_close(ngx_tidraw_sqlite_lane_t *lane)
{
    if (lane->turn > 0) {
        (void) close(lane->turn);
        lane->turn = 0;
    }
}
