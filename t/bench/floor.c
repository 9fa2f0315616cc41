/*
 * The floor of the benchmark: the least a server of this protocol can cost.
 *
 * One thread, one epoll.  It answers the upgrade and "connect" with fixed
 * texts, unmasks, copies each push to the other clients of its room (the
 * path) in one frame a 16 ms tick, and acknowledges it.  No JSON is parsed,
 * nothing is applied, checked or stored.  It serves the load generator of
 * this folder on loopback and must never meet anybody else.
 *
 *     floor PORT
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>


#define FL_TICK       16000000
#define FL_MAX_IN     (1024 * 1024)
#define FL_MAX_OUT    (64 * 1024 * 1024)
#define FL_MAX_PATH   128
#define FL_ACKS       64
#define FL_ACK_LEN    96

#define FL_KEY        "dGhlIHNhbXBsZSBub25jZQ=="

#define FL_UPGRADED                                                           \
    "HTTP/1.1 101 Switching Protocols\r\n"                                    \
    "Upgrade: websocket\r\n"                                                  \
    "Connection: Upgrade\r\n"                                                 \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

#define FL_PREFIX     "{\"type\":\"data\",\"data\":["
#define FL_SUFFIX     "]}"
#define FL_PATCH      "{\"type\":\"patch\",\"serverClock\":1,"

#define fl_len(s)     (sizeof(s) - 1)


typedef struct {
    char               *data;
    size_t              len;
    size_t              size;
} fl_buf_t;


typedef struct fl_client_s  fl_client_t;
typedef struct fl_room_s    fl_room_t;


/* one push of this tick: its text for the others lies in the room's buffer,
 * the answer for its author is written when the frame is */

typedef struct {
    fl_client_t        *author;
    size_t              start;
    size_t              end;
    unsigned            clock;
} fl_push_t;


struct fl_client_s {
    int                 fd;
    unsigned            upgraded:1;
    unsigned            joined:1;
    unsigned            writing:1;
    unsigned            pushes;         /* of this tick */
    fl_room_t          *room;
    fl_client_t        *next;           /* in the room */
    fl_buf_t            in;
    fl_buf_t            out;
};


struct fl_room_s {
    char                path[FL_MAX_PATH];
    fl_client_t        *clients;
    fl_buf_t            text;
    fl_push_t          *pushes;
    size_t              npushes;
    size_t              size;
    fl_room_t          *next;
    fl_room_t          *dirty;          /* next one of this tick */
};


static void fl_die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
static int fl_listen(unsigned port);
static void fl_accept(int ls);
static void fl_read(fl_client_t *c);
static size_t fl_upgrade(fl_client_t *c, char *p, size_t len);
static size_t fl_frames(fl_client_t *c, char *p, size_t len);
static void fl_message(fl_client_t *c, const char *p, size_t len);
static void fl_push(fl_client_t *c, const char *p, const char *last);
static void fl_connect(fl_client_t *c, const char *p, const char *last);
static void fl_tick(void);
static void fl_flush_room(fl_room_t *r);
static void fl_flush_client(fl_room_t *r, fl_client_t *c);
static void fl_send_data(fl_client_t *c, struct iovec *iov, int n);
static size_t fl_frame_head(unsigned char *d, size_t len);
static void fl_send_text(fl_client_t *c, const char *text, size_t len);
static void fl_send(fl_client_t *c, struct iovec *iov, int n);
static void fl_write(fl_client_t *c);
static void fl_watch(fl_client_t *c, unsigned writing);
static void fl_close(fl_client_t *c);
static char *fl_reserve(fl_buf_t *b, size_t n);
static uint64_t fl_clock(void);


static int          fl_ep;
static fl_room_t   *fl_rooms;
static fl_room_t   *fl_dirty;
static uint64_t     fl_due;             /* of the tick; 0: nothing to do */
static char         fl_input[FL_MAX_IN];


int
main(int argc, char **argv)
{
    int                 i, n, ls;
    uint64_t            now, wait;
    fl_client_t        *c;
    struct rlimit       rl;
    struct timespec     ts;
    struct epoll_event  events[256];

    if (argc != 2) {
        fl_die("usage: floor PORT");
    }

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
        rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
    }

    signal(SIGPIPE, SIG_IGN);

    fl_ep = epoll_create1(EPOLL_CLOEXEC);
    if (fl_ep == -1) {
        fl_die("epoll_create1() failed: %s", strerror(errno));
    }

    ls = fl_listen((unsigned) atoi(argv[1]));

    for ( ;; ) {

        now = fl_clock();
        wait = fl_due > now ? fl_due - now : 0;

        ts.tv_sec = 0;
        ts.tv_nsec = (long) wait;

        n = epoll_pwait2(fl_ep, events, 256, fl_due ? &ts : NULL, NULL);

        if (n == -1 && errno != EINTR) {
            fl_die("epoll_pwait2() failed: %s", strerror(errno));
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c == NULL) {
                fl_accept(ls);
                continue;
            }

            if (events[i].events & EPOLLOUT) {
                fl_write(c);
            }

            if (events[i].events & (EPOLLIN|EPOLLERR|EPOLLHUP)) {
                fl_read(c);
            }
        }

        if (fl_due && fl_clock() >= fl_due) {
            fl_tick();
        }
    }
}


static void
fl_die(const char *fmt, ...)
{
    va_list  args;

    fputs("floor: ", stderr);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);

    exit(1);
}


static int
fl_listen(unsigned port)
{
    int                 ls, on;
    struct sockaddr_in  sin;
    struct epoll_event  ev;

    ls = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (ls == -1) {
        fl_die("socket() failed: %s", strerror(errno));
    }

    on = 1;
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    if (bind(ls, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        fl_die("bind() to port %u failed: %s", port, strerror(errno));
    }

    if (listen(ls, 511) == -1) {
        fl_die("listen() failed: %s", strerror(errno));
    }

    ev.events = EPOLLIN;
    ev.data.ptr = NULL;

    if (epoll_ctl(fl_ep, EPOLL_CTL_ADD, ls, &ev) == -1) {
        fl_die("epoll_ctl() failed: %s", strerror(errno));
    }

    return ls;
}


static void
fl_accept(int ls)
{
    int                 fd, on;
    fl_client_t        *c;
    struct epoll_event  ev;

    for ( ;; ) {

        fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);
        if (fd == -1) {
            return;
        }

        on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

        c = calloc(1, sizeof(fl_client_t));
        if (c == NULL) {
            fl_die("out of memory");
        }

        c->fd = fd;

        ev.events = EPOLLIN;
        ev.data.ptr = c;

        if (epoll_ctl(fl_ep, EPOLL_CTL_ADD, fd, &ev) == -1) {
            fl_die("epoll_ctl() failed: %s", strerror(errno));
        }
    }
}


static void
fl_read(fl_client_t *c)
{
    char     *p;
    size_t    len, used;
    ssize_t   n;

    /* whole frames are handled where they were read to */

    memcpy(fl_input, c->in.len ? c->in.data : "", c->in.len);

    n = recv(c->fd, fl_input + c->in.len, sizeof(fl_input) - c->in.len, 0);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n <= 0) {
        fl_close(c);
        return;
    }

    p = fl_input;
    len = c->in.len + (size_t) n;
    c->in.len = 0;

    if (!c->upgraded) {
        used = fl_upgrade(c, p, len);
        p += used;
        len -= used;
    }

    if (c->upgraded) {
        used = fl_frames(c, p, len);

        if (used == (size_t) -1) {
            fl_close(c);
            return;
        }

        p += used;
        len -= used;
    }

    if (len == sizeof(fl_input)) {
        fl_close(c);
        return;
    }

    if (len > 0) {
        memcpy(fl_reserve(&c->in, len), p, len);
        c->in.len = len;
    }
}


/* Bytes of the request, 0 while it is incomplete. */

static size_t
fl_upgrade(fl_client_t *c, char *p, size_t len)
{
    char          *end, *path, *stop;
    size_t         n;
    fl_room_t     *r;
    struct iovec   iov;

    end = memmem(p, len, "\r\n\r\n", 4);

    if (end == NULL) {
        return 0;
    }

    if (memmem(p, len, FL_KEY, fl_len(FL_KEY)) == NULL
        || memcmp(p, "GET /", 5) != 0)
    {
        fl_die("this server is for the load generator only");
    }

    path = p + 4;
    stop = path + strcspn(path, "? \r");
    n = (size_t) (stop - path);

    if (n >= FL_MAX_PATH) {
        fl_die("the path is too long");
    }

    for (r = fl_rooms; r != NULL; r = r->next) {
        if (strncmp(r->path, path, n) == 0 && r->path[n] == '\0') {
            break;
        }
    }

    if (r == NULL) {
        r = calloc(1, sizeof(fl_room_t));
        if (r == NULL) {
            fl_die("out of memory");
        }

        memcpy(r->path, path, n);
        r->next = fl_rooms;
        fl_rooms = r;
    }

    c->room = r;
    c->next = r->clients;
    r->clients = c;
    c->upgraded = 1;

    iov.iov_base = FL_UPGRADED;
    iov.iov_len = fl_len(FL_UPGRADED);
    fl_send(c, &iov, 1);

    return (size_t) (end - p) + 4;
}


/* Bytes of the whole frames, or -1 when the client is to be closed. */

static size_t
fl_frames(fl_client_t *c, char *p, size_t len)
{
    size_t          i, pos, head, n;
    uint64_t        mask, word;
    unsigned char  *u;

    pos = 0;

    while (len - pos >= 6) {

        u = (unsigned char *) p + pos;
        n = u[1] & 0x7f;
        head = 6;

        if (n >= 126) {
            head = n == 126 ? 8 : 14;

            if (len - pos < head) {
                break;
            }

            for (i = 2, n = 0; i < head - 4; i++) {
                n = n << 8 | u[i];
            }
        }

        if (n > FL_MAX_IN - 14) {
            return (size_t) -1;
        }

        if (len - pos - head < n) {
            break;
        }

        memcpy(&mask, u + head - 4, 4);
        mask &= 0xffffffff;
        mask |= mask << 32;

        u += head;

        for (i = 0; i + 8 <= n; i += 8) {
            memcpy(&word, u + i, 8);
            word ^= mask;
            memcpy(u + i, &word, 8);
        }

        for ( /* void */ ; i < n; i++) {
            u[i] ^= (unsigned char) (mask >> (i % 8 * 8));
        }

        switch (p[pos] & 0x0f) {

        case 0x1:
            fl_message(c, (char *) u, n);
            break;

        case 0x8:
            return (size_t) -1;
        }

        pos += head + n;
    }

    return pos;
}


static void
fl_message(fl_client_t *c, const char *p, size_t len)
{
    static const char  push[] = "{\"type\":\"push\",\"clientClock\":";
    static const char  ping[] = "{\"type\":\"ping\"";
    static const char  pong[] = "{\"type\":\"pong\"}";

    if (len > fl_len(push) && memcmp(p, push, fl_len(push)) == 0) {
        fl_push(c, p + fl_len(push), p + len);
        return;
    }

    if (len > fl_len(ping) && memcmp(p, ping, fl_len(ping)) == 0) {
        fl_send_text(c, pong, fl_len(pong));
        return;
    }

    fl_connect(c, p, p + len);
}


static void
fl_push(fl_client_t *c, const char *p, const char *last)
{
    fl_push_t  *push;
    fl_room_t  *r;

    r = c->room;

    if (r->npushes == r->size) {
        r->size = r->size ? r->size * 2 : 8;
        r->pushes = realloc(r->pushes, r->size * sizeof(fl_push_t));

        if (r->pushes == NULL) {
            fl_die("out of memory");
        }
    }

    if (r->npushes == 0) {
        r->dirty = fl_dirty;
        fl_dirty = r;

        if (fl_due == 0) {
            fl_due = fl_clock();
            fl_due += FL_TICK - fl_due % FL_TICK;
        }
    }

    push = &r->pushes[r->npushes++];
    push->author = c;
    push->clock = 0;

    while (p < last && *p >= '0' && *p <= '9') {
        push->clock = push->clock * 10 + (unsigned) (*p++ - '0');
    }

    if (p < last && *p == ',') {
        p++;
    }

    /* each text ends with a comma: the last one of a frame is left out */

    push->start = r->text.len;

    fl_reserve(&r->text, fl_len(FL_PATCH) + (size_t) (last - p) + 1);

    memcpy(r->text.data + r->text.len, FL_PATCH, fl_len(FL_PATCH));
    r->text.len += fl_len(FL_PATCH);

    memcpy(r->text.data + r->text.len, p, (size_t) (last - p));
    r->text.len += (size_t) (last - p);

    r->text.data[r->text.len++] = ',';

    push->end = r->text.len;

    c->pushes++;
}


static void
fl_connect(fl_client_t *c, const char *p, const char *last)
{
    int          n, idlen;
    char         text[512];
    const char  *id;

    static const char  name[] = "\"connectRequestId\":\"";

    id = memmem(p, (size_t) (last - p), name, fl_len(name));
    idlen = 0;

    if (id != NULL) {
        id += fl_len(name);

        while (id + idlen < last && id[idlen] != '"' && idlen < 100) {
            idlen++;
        }
    }

    n = snprintf(text, sizeof(text),
                 "{\"type\":\"connect\",\"connectRequestId\":\"%.*s\","
                 "\"hydrationType\":\"wipe_all\",\"protocolVersion\":8,"
                 "\"schema\":{\"schemaVersion\":2,\"sequences\":{}},"
                 "\"serverClock\":1,\"isReadonly\":false,\"diff\":{}}",
                 idlen, id ? id : "");

    c->joined = 1;
    fl_send_text(c, text, (size_t) n);
}


static void
fl_tick(void)
{
    fl_room_t  *r, *next;

    for (r = fl_dirty; r != NULL; r = next) {
        next = r->dirty;
        fl_flush_room(r);
    }

    fl_dirty = NULL;
    fl_due = 0;
}


static void
fl_flush_room(fl_room_t *r)
{
    fl_client_t  *c, *next;

    for (c = r->clients; c != NULL; c = next) {
        next = c->next;

        if (c->joined) {
            fl_flush_client(r, c);
        }

        c->pushes = 0;
    }

    r->npushes = 0;
    r->text.len = 0;
}


/* The texts of the others as they lie there, the own ones replaced by the
 * answers. */

static void
fl_flush_client(fl_room_t *r, fl_client_t *c)
{
    int            n;
    char          *d, acks[FL_ACKS * FL_ACK_LEN];
    size_t         i, pos;
    struct iovec   iov[FL_ACKS * 2 + 4];

    n = 2;
    d = acks;
    pos = 0;

    for (i = 0; i < r->npushes && c->pushes > 0; i++) {

        if (r->pushes[i].author != c) {
            continue;
        }

        c->pushes--;

        if (r->pushes[i].start > pos) {
            iov[n].iov_base = r->text.data + pos;
            iov[n++].iov_len = r->pushes[i].start - pos;
        }

        pos = r->pushes[i].end;

        iov[n].iov_base = d;
        iov[n].iov_len = (size_t) snprintf(d, FL_ACK_LEN,
                             "{\"type\":\"push_result\",\"clientClock\":%u,"
                             "\"serverClock\":1,\"action\":\"commit\"},",
                             r->pushes[i].clock);
        d += iov[n++].iov_len;

        if (n >= FL_ACKS * 2) {
            fl_send_data(c, iov, n);
            n = 2;
            d = acks;
        }
    }

    if (r->text.len > pos) {
        iov[n].iov_base = r->text.data + pos;
        iov[n++].iov_len = r->text.len - pos;
    }

    if (n > 2) {
        fl_send_data(c, iov, n);
    }
}


/* iov[2] .. iov[n - 1] are the messages, two more fit in behind them. */

static void
fl_send_data(fl_client_t *c, struct iovec *iov, int n)
{
    int            i;
    size_t         len;
    unsigned char  head[10];

    iov[n - 1].iov_len--;

    iov[n].iov_base = FL_SUFFIX;
    iov[n++].iov_len = fl_len(FL_SUFFIX);

    iov[1].iov_base = FL_PREFIX;
    iov[1].iov_len = fl_len(FL_PREFIX);

    for (i = 1, len = 0; i < n; i++) {
        len += iov[i].iov_len;
    }

    iov[0].iov_base = head;
    iov[0].iov_len = fl_frame_head(head, len);

    fl_send(c, iov, n);
}


static size_t
fl_frame_head(unsigned char *d, size_t len)
{
    size_t  i;

    d[0] = 0x81;

    if (len < 126) {
        d[1] = (unsigned char) len;
        return 2;
    }

    if (len < 65536) {
        d[1] = 126;
        d[2] = (unsigned char) (len >> 8);
        d[3] = (unsigned char) len;
        return 4;
    }

    d[1] = 127;

    for (i = 0; i < 8; i++) {
        d[2 + i] = (unsigned char) ((uint64_t) len >> (56 - 8 * i));
    }

    return 10;
}


static void
fl_send_text(fl_client_t *c, const char *text, size_t len)
{
    char           copy[512];
    unsigned char  head[10];
    struct iovec   iov[2];

    memcpy(copy, text, len);

    iov[0].iov_base = head;
    iov[0].iov_len = fl_frame_head(head, len);
    iov[1].iov_base = copy;
    iov[1].iov_len = len;

    fl_send(c, iov, 2);
}


static void
fl_send(fl_client_t *c, struct iovec *iov, int n)
{
    int      i;
    size_t   sent, len;
    ssize_t  rc;

    sent = 0;

    if (c->out.len == 0) {
        rc = writev(c->fd, iov, n);
        sent = rc > 0 ? (size_t) rc : 0;
    }

    /* what the socket did not take; an error is seen by the next read */

    for (i = 0; i < n; i++) {

        len = iov[i].iov_len;

        if (sent >= len) {
            sent -= len;
            continue;
        }

        len -= sent;

        if (c->out.len + len > FL_MAX_OUT) {
            fl_die("a client does not read");
        }

        memcpy(fl_reserve(&c->out, len), (char *) iov[i].iov_base + sent, len);
        c->out.len += len;
        sent = 0;
    }

    if (c->out.len > 0) {
        fl_watch(c, 1);
    }
}


static void
fl_write(fl_client_t *c)
{
    ssize_t  n;

    n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);

    if (n > 0) {
        c->out.len -= (size_t) n;
        memmove(c->out.data, c->out.data + n, c->out.len);
    }

    if (c->out.len == 0) {
        fl_watch(c, 0);
    }
}


static void
fl_watch(fl_client_t *c, unsigned writing)
{
    struct epoll_event  ev;

    if (c->writing == writing) {
        return;
    }

    ev.events = writing ? EPOLLIN|EPOLLOUT : EPOLLIN;
    ev.data.ptr = c;

    epoll_ctl(fl_ep, EPOLL_CTL_MOD, c->fd, &ev);

    c->writing = writing;
}


static void
fl_close(fl_client_t *c)
{
    size_t         i;
    fl_room_t     *r;
    fl_client_t  **cp;

    r = c->room;

    if (r != NULL) {
        for (cp = &r->clients; *cp != c; cp = &(*cp)->next) { /* void */ }

        *cp = c->next;

        /* what it pushed in this tick still goes to the others */

        for (i = 0; i < r->npushes; i++) {
            if (r->pushes[i].author == c) {
                r->pushes[i].author = NULL;
            }
        }
    }

    close(c->fd);

    free(c->in.data);
    free(c->out.data);
    free(c);
}


static char *
fl_reserve(fl_buf_t *b, size_t n)
{
    char    *p;
    size_t   size;

    if (b->size - b->len < n) {

        for (size = b->size ? b->size : 256; size - b->len < n; size *= 2) {
            /* void */
        }

        p = realloc(b->data, size);
        if (p == NULL) {
            fl_die("out of memory");
        }

        b->data = p;
        b->size = size;
    }

    return b->data + b->len;
}


static uint64_t
fl_clock(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}
