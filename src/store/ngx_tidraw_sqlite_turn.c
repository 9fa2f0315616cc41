
/*
 * Whose turn it is to write: the workers queue for a lock on a file of its
 * own before they ask SQLite for its write lock.  The kernel wakes them when
 * it is free, so that nobody sleeps and retries, and whoever waited has
 * collected a larger batch.  The lock goes with the process that holds it;
 * behind one that was stopped nobody waits for ever.
 */


#include "ngx_tidraw_sqlite.h"

#include <poll.h>
#include <signal.h>
#include <time.h>


/* s of waiting for one's turn, and then ms for SQLite's own lock */
#define NGX_TIDRAW_SQLITE_TURN_WAIT    1
#define NGX_TIDRAW_SQLITE_BUSY_MS      5000

#define NGX_TIDRAW_SQLITE_TURN_SIGNAL  SIGRTMIN

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id         _sigev_un._tid
#endif


static void ngx_tidraw_sqlite_turn_wait(int fd, struct flock *fl);
static void ngx_tidraw_sqlite_turn_over(int signo);


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

    if (fcntl(lane->turn, F_OFD_SETLK, &fl) == -1
        && (errno == EAGAIN || errno == EACCES))
    {
        ngx_tidraw_sqlite_turn_wait(lane->turn, &fl);
    }
}


/*
 * Nothing but a signal ends such a wait early: a timer sends one to this
 * thread alone, again and again, as the first might come before the wait has
 * begun.  Threads of nginx block it at other times.
 */

static void
ngx_tidraw_sqlite_turn_wait(int fd, struct flock *fl)
{
    timer_t            timer;
    sigset_t           set, old;
    struct sigevent    ev;
    struct sigaction   sa;
    struct itimerspec  its;

    ngx_memzero(&sa, sizeof(struct sigaction));
    ngx_memzero(&ev, sizeof(struct sigevent));
    ngx_memzero(&its, sizeof(struct itimerspec));

    sa.sa_handler = ngx_tidraw_sqlite_turn_over;
    sigemptyset(&sa.sa_mask);

    ev.sigev_notify = SIGEV_THREAD_ID;
    ev.sigev_signo = NGX_TIDRAW_SQLITE_TURN_SIGNAL;
    ev.sigev_notify_thread_id = ngx_thread_tid();

    its.it_value.tv_sec = NGX_TIDRAW_SQLITE_TURN_WAIT;
    its.it_interval.tv_nsec = 100000000;

    if (sigaction(NGX_TIDRAW_SQLITE_TURN_SIGNAL, &sa, NULL) == -1
        || timer_create(CLOCK_MONOTONIC, &ev, &timer) == -1)
    {
        return;
    }

    if (timer_settime(timer, 0, &its, NULL) == 0) {
        sigemptyset(&set);
        sigaddset(&set, NGX_TIDRAW_SQLITE_TURN_SIGNAL);

        (void) pthread_sigmask(SIG_UNBLOCK, &set, &old);
        (void) fcntl(fd, F_OFD_SETLKW, fl);
        (void) pthread_sigmask(SIG_SETMASK, &old, NULL);
    }

    (void) timer_delete(timer);
}


static void
ngx_tidraw_sqlite_turn_over(int signo)
{
    (void) signo;
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

    lane->kept = 0;
}


/* SQLite's own handler sleeps up to 100 ms, which edits would feel. */

int
ngx_tidraw_sqlite_wait(void *data, int attempt)
{
    int64_t                    now;
    struct timespec            ts;
    ngx_tidraw_sqlite_lane_t  *lane = data;

    /* a busy machine sleeps much longer than it is asked to */

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    now = (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;

    if (attempt == 0) {
        lane->waits = now;
    }

    if (now - lane->waits >= NGX_TIDRAW_SQLITE_BUSY_MS) {
        return 0;
    }

    (void) poll(NULL, 0, 1);

    return 1;
}
