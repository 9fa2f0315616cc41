/*
 * What the load generator does and when: timers, connecting, the measured
 * window, waiting for the last answers.  Owns the heap of timers.
 */


#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "load.h"


#define LD_MAX_PENDING    32
#define LD_CONNECT_TIME   60
#define LD_SHAPES_A_PUSH  50
#define LD_PING_PERIOD    5.0

#define ld_ns(seconds)    ((uint64_t) ((seconds) * 1e9))


typedef enum {
    LD_TIMER_PING = 0,
    LD_TIMER_PRESENCE,
    LD_TIMER_EDIT
} ld_timer_e;


typedef struct {
    uint64_t     time;      /* with jitter */
    uint64_t     slot;      /* without */
    ld_conn_t   *conn;
    ld_timer_e   type;
} ld_timer_t;


static void ld_timer_add(ld_conn_t *c, ld_timer_e type, double rate);
static void ld_timer_sift(size_t i);
static void ld_timers(unsigned pushing);
static void ld_poll(uint64_t until);
static void ld_connect_all(void);
static void ld_drain(unsigned last);
static unsigned ld_missing(unsigned kind);
static void ld_board_reply(ld_conn_t *c);
static void ld_event(const char *name);
static double ld_cpu(void);


static ld_timer_t  *ld_heap;
static size_t       ld_nheap;


static void
ld_timer_add(ld_conn_t *c, ld_timer_e type, double rate)
{
    size_t       i;
    ld_timer_t  *t, swap;

    if (rate <= 0) {
        return;
    }

    i = ld_nheap++;
    t = &ld_heap[i];

    t->slot = ld.now + ld_ns(ld_uniform() / rate);
    t->time = t->slot;
    t->conn = c;
    t->type = type;

    while (i > 0 && ld_heap[(i - 1) / 2].time > ld_heap[i].time) {
        swap = ld_heap[i];
        ld_heap[i] = ld_heap[(i - 1) / 2];
        ld_heap[(i - 1) / 2] = swap;
        i = (i - 1) / 2;
    }
}


static void
ld_timer_sift(size_t i)
{
    size_t      child;
    ld_timer_t  swap;

    for ( ;; ) {
        child = 2 * i + 1;

        if (child >= ld_nheap) {
            return;
        }

        if (child + 1 < ld_nheap
            && ld_heap[child + 1].time < ld_heap[child].time)
        {
            child++;
        }

        if (ld_heap[i].time <= ld_heap[child].time) {
            return;
        }

        swap = ld_heap[i];
        ld_heap[i] = ld_heap[child];
        ld_heap[child] = swap;
        i = child;
    }
}


/* Sends what is due.  Pings always go, pushes only when pushing. */

static void
ld_timers(unsigned pushing)
{
    double       period;
    uint64_t     now;
    ld_timer_t  *t;

    now = ld_clock();
    ld.now = now;

    while (ld_nheap > 0 && ld_heap[0].time <= now && !ld.fatal) {

        t = &ld_heap[0];
        period = 0;

        if (now >= ld.t_start && now < ld.t_end && now - t->time > ld.late) {
            ld.late = now - t->time;
        }

        switch (t->type) {

        case LD_TIMER_PING:
            ld_send_ping(t->conn);
            period = LD_PING_PERIOD;
            break;

        case LD_TIMER_PRESENCE:
            if (pushing) {
                ld_send_presence(t->conn);
            }

            period = 1 / ld.presence;
            break;

        case LD_TIMER_EDIT:
            if (pushing && ld.mode == LD_STROKES) {
                ld_send_stroke(t->conn);

            } else if (pushing) {
                ld_send_move(t->conn);
            }

            period = 1 / ld.edits;
            break;
        }

        /* steady on the long run, up to a fifth of a period off each time */

        t->slot += ld_ns(period);
        t->time = t->slot + ld_ns(period * 0.2 * ld_uniform());

        ld_timer_sift(0);
    }
}


/* Waits for sockets, at most until the given time or the next timer. */

static void
ld_poll(uint64_t until)
{
    int                 i, n;
    uint64_t            wait;
    struct timespec     ts;
    struct epoll_event  events[256];

    if (ld_nheap > 0 && ld_heap[0].time < until) {
        until = ld_heap[0].time;
    }

    ld.now = ld_clock();
    wait = until > ld.now ? until - ld.now : 0;

    ts.tv_sec = (time_t) (wait / 1000000000);
    ts.tv_nsec = (long) (wait % 1000000000);

    n = epoll_pwait2(ld.ep, events, 256, &ts, NULL);

    if (n == -1) {
        if (errno == EINTR) {
            return;
        }

        ld_die("epoll_pwait2() failed: %s", strerror(errno));
    }

    for (i = 0; i < n && !ld.fatal; i++) {
        ld_conn_event(events[i].data.ptr, events[i].events);
    }
}


static void
ld_connect_all(void)
{
    unsigned  next;
    uint64_t  deadline;

    next = 0;
    deadline = ld.now + ld_ns(LD_CONNECT_TIME);

    while (ld.ready < ld.nconns && !ld.fatal) {

        while (next < ld.nconns && ld.pending < LD_MAX_PENDING) {
            ld_conn_start(&ld.conns[next++]);
        }

        ld_poll(deadline);

        if (ld.now >= deadline) {
            ld_fail("%u of %u clients connected within %d s", ld.ready,
                    ld.nconns, LD_CONNECT_TIME);
        }
    }
}


void
ld_run(void)
{
    double      cpu;
    unsigned    i;
    uint64_t    stop;
    ld_conn_t  *c;

    ld_heap = ld_alloc(ld.nconns * 3, sizeof(ld_timer_t));

    ld_connect_all();

    if (ld.fatal) {
        return;
    }

    ld_event("connected");

    ld.now = ld_clock();

    for (i = 0; i < ld.nconns; i++) {
        c = &ld.conns[i];
        ld_timer_add(c, LD_TIMER_PING, 1 / LD_PING_PERIOD);
        ld_timer_add(c, LD_TIMER_PRESENCE, ld.presence);
        ld_timer_add(c, LD_TIMER_EDIT, ld.edits);
    }

    stop = ld.now + ld_ns(ld.warmup);

    while (ld.now < stop && !ld.fatal) {
        ld_poll(stop);
        ld_timers(1);
    }

    ld_event("start");

    cpu = ld_cpu();
    ld.t_start = ld_clock();
    ld.t_end = ld.t_start + ld_ns(ld.seconds);

    while (ld.now < ld.t_end && !ld.fatal) {
        ld_poll(ld.t_end);
        ld_timers(1);
    }

    ld.cpu_used = ld_cpu() - cpu;
    ld.window = (double) (ld_clock() - ld.t_start) / 1e9;

    ld_event("end");
    ld_drain(1);
    ld_event("done");
}


/* Waits until every push is answered and the last ones have arrived. */

static void
ld_drain(unsigned last)
{
    unsigned    i, open, edits;
    uint64_t    now, start, deadline, step;

    start = ld_clock();
    deadline = start + ld_ns(ld.drain);
    step = start;

    while (!ld.fatal) {

        now = ld_clock();
        open = 0;

        for (i = 0; i < ld.nconns; i++) {
            open += ld.conns[i].clock - ld.conns[i].answered;
        }

        edits = last ? ld_missing(LD_EDIT) : 0;
        ld.unseen = last ? ld_missing(LD_PRESENCE) : 0;

        if (open == 0 && edits == 0
            && (ld.unseen == 0 || now >= start + ld_ns(1)))
        {
            break;
        }

        if (now >= deadline) {
            ld_error("%.0f s after the last push: %u without an answer, "
                     "%u last edits not delivered", ld.drain, open, edits);
            return;
        }

        step = now + ld_ns(0.01);

        while (ld.now < step && !ld.fatal) {
            ld_poll(step);
            ld_timers(0);
        }
    }

    if (ld.expected > 0 && !ld.fatal
        && ld.delivered[LD_PRESENCE] + ld.delivered[LD_EDIT] == 0)
    {
        ld_error("nothing was delivered");
    }

    /* moves may be merged, points cannot be spared */

    if (ld.mode == LD_STROKES && ld.skipped[LD_EDIT] > 0 && !ld.fatal) {
        ld_error("%llu parts of strokes were not delivered",
                 (unsigned long long) ld.skipped[LD_EDIT]);
    }
}


/* How many of the last pushes of a kind some member has not got. */

static unsigned
ld_missing(unsigned kind)
{
    unsigned    i, k, n;
    ld_conn_t  *c, *sender;

    n = 0;

    for (i = 0; i < ld.nconns; i++) {
        c = &ld.conns[i];

        if (c->seen[kind] == NULL) {
            continue;
        }

        for (k = 0; k < ld.per_room; k++) {
            sender = &ld.conns[k * ld.nrooms + c->room];

            if (sender != c && c->seen[kind][k] != sender->seq[kind]) {
                n++;
            }
        }
    }

    return n;
}


/*
 * Who is sent away comes back within half a second, with what it brings along
 * when it comes first.
 */

void
ld_return(void)
{
    double      cpu;
    unsigned    i;
    uint64_t    deadline;
    ld_conn_t  *c;

    ld_connect_all();

    if (ld.fatal) {
        return;
    }

    ld_event("connected");

    ld.now = ld_clock();
    deadline = ld.now + ld_ns(ld.warmup);

    while (ld.now < deadline && !ld.fatal) {
        ld_poll(deadline);
    }

    ld_event("start");

    cpu = ld_cpu();
    ld.t_start = ld_clock();
    deadline = ld.t_start + ld_ns(LD_CONNECT_TIME);

    while (ld_back.count < ld.nconns && !ld.fatal) {

        ld_poll(ld.now + ld_ns(0.005));

        for (i = 0; i < ld.nconns; i++) {
            c = &ld.conns[i];

            if (c->state == LD_CLOSED && c->again <= ld.now) {
                c->clock = 0;
                c->answered = 0;
                c->t_connect = 0;
                c->t_first = 0;
                ld_conn_start(c);
            }
        }

        if (ld.now >= deadline) {
            ld_fail("%llu of %u clients came back within %d s",
                    (unsigned long long) ld_back.count, ld.nconns,
                    LD_CONNECT_TIME);
        }
    }

    ld.cpu_used = ld_cpu() - cpu;
    ld.window = (double) (ld_clock() - ld.t_start) / 1e9;

    ld_event("end");
    ld_event("done");
}


/*
 * The first client fills the board and stays; the others come one after the
 * other, and the time from "connect" to its answer is taken.
 */

void
ld_board(void)
{
    double      cpu;
    unsigned    i, n;
    uint64_t    start;
    ld_conn_t  *c;

    ld_conn_start(&ld.conns[0]);

    for (i = 0; i <= ld.repeats; i++) {
        c = &ld.conns[i];

        if (i > 0) {
            ld_conn_start(c);
        }

        start = ld_clock();

        while (c->state < LD_READY && !ld.fatal) {
            ld_poll(start + ld_ns(LD_CONNECT_TIME));

            if (ld.now >= start + ld_ns(LD_CONNECT_TIME)) {
                ld_fail("client %u did not get in", i);
            }
        }

        if (ld.fatal) {
            return;
        }

        if (i > 0 || ld.shapes == 0) {
            ld_board_reply(c);
        }

        if (i > 0) {
            ld_conn_close(c);
            continue;
        }

        for (n = 0; n < ld.shapes && !ld.fatal; n += LD_SHAPES_A_PUSH) {
            ld_send_shapes(c, n, ld.shapes - n < LD_SHAPES_A_PUSH
                                 ? ld.shapes - n : LD_SHAPES_A_PUSH);
        }

        ld_drain(0);

        ld.load_ms = (double) (ld_clock() - start) / 1e6;

        ld_event("connected");
        ld_event("start");

        ld.t_start = ld_clock();
        cpu = ld_cpu();
    }

    ld.cpu_used = ld_cpu() - cpu;
    ld.window = (double) (ld_clock() - ld.t_start) / 1e9;

    ld_event("end");
    ld_event("done");
}


static void
ld_board_reply(ld_conn_t *c)
{
    ld_hist_add(&ld_first_byte, c->t_first - c->t_connect);
    ld_hist_add(&ld_whole_reply, c->t_reply - c->t_connect);

    ld.reply_bytes = c->reply_bytes;

    if (c->reply_shapes != ld.expect) {
        ld_error("client %u got %zu shapes of %u", c->id, c->reply_shapes,
                 ld.expect);
    }
}


static void
ld_event(const char *name)
{
    char  line[64];

    if (!ld.events || ld.fatal) {
        return;
    }

    fprintf(stderr, "event %s\n", name);
    fflush(stderr);

    if (strcmp(name, "done") == 0
        && fgets(line, sizeof(line), stdin) == NULL)
    {
        return;
    }
}


static double
ld_cpu(void)
{
    struct rusage  ru;

    getrusage(RUSAGE_SELF, &ru);

    return (double) (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec)
           + (double) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}
