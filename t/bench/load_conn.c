/*
 * A client connection of the load generator: TCP, upgrade, frames.  Owns the
 * socket and the buffers of its ld_conn_t.  Never blocks.
 */


#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"


/* the pair of RFC 6455, 1.3, so that the answer is checked without SHA-1 */
#define LD_KEY        "dGhlIHNhbXBsZSBub25jZQ=="
#define LD_ACCEPT     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define LD_MAX_OUT    (16 * 1024 * 1024)
#define LD_MAX_FRAME  (64 * 1024 * 1024)


static void ld_conn_watch(ld_conn_t *c, unsigned writing);
static void ld_conn_upgrade(ld_conn_t *c);
static int ld_conn_upgraded(ld_conn_t *c);
static void ld_conn_read(ld_conn_t *c);
static int ld_conn_gone(ld_conn_t *c);
static size_t ld_conn_frames(ld_conn_t *c, char *p, size_t len);
static void ld_conn_frame(ld_conn_t *c, unsigned head, char *p, size_t len);
static void ld_conn_frame_out(ld_conn_t *c, unsigned head, const char *p,
    size_t len);
static void ld_conn_write(ld_conn_t *c, const char *p, size_t len);
static void ld_conn_flush(ld_conn_t *c);


static char  ld_input[1024 * 1024];


void
ld_conn_start(ld_conn_t *c)
{
    int                 on, rc;
    unsigned            port;
    struct sockaddr_in  sin;
    struct epoll_event  ev;

    c->fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (c->fd == -1) {
        ld_die("socket() failed: %s", strerror(errno));
    }

    on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    port = ld.ports[(c->room + c->id / ld.nrooms) % ld.nports];
    sin.sin_port = htons((uint16_t) port);

    if (inet_pton(AF_INET, ld.host, &sin.sin_addr) != 1) {
        ld_die("\"%s\" is no IPv4 address", ld.host);
    }

    rc = connect(c->fd, (struct sockaddr *) &sin, sizeof(sin));
    if (rc == -1 && errno != EINPROGRESS) {
        ld_die("connect() to %s:%u failed: %s", ld.host, port,
               strerror(errno));
    }

    c->state = LD_CONNECTING;
    c->writing = 1;
    ld.pending++;

    ev.events = EPOLLIN|EPOLLOUT;
    ev.data.ptr = c;

    if (epoll_ctl(ld.ep, EPOLL_CTL_ADD, c->fd, &ev) == -1) {
        ld_die("epoll_ctl() failed: %s", strerror(errno));
    }
}


void
ld_conn_event(ld_conn_t *c, uint32_t events)
{
    int        err;
    socklen_t  len;

    if (c->state == LD_CONNECTING) {

        err = 0;
        len = sizeof(err);
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);

        if (err != 0) {
            ld_fail("client %u: connect() failed: %s", c->id, strerror(err));
            return;
        }

        if (events & EPOLLOUT) {
            ld_conn_watch(c, 0);
            ld_conn_upgrade(c);
        }

        return;
    }

    if ((events & EPOLLOUT) && c->writing) {
        ld_conn_flush(c);
    }

    if (events & (EPOLLIN|EPOLLERR|EPOLLHUP)) {
        ld_conn_read(c);
    }

    if (c->gone) {
        ld.pending -= c->state != LD_READY;
        ld.ready -= c->state == LD_READY;
        ld_conn_close(c);

        c->gone = 0;
        c->left = c->left ? c->left : ld.now;
        c->again = ld.now + (uint64_t) (ld_uniform() * 5e8);
    }
}


void
ld_conn_send(ld_conn_t *c, const char *text, size_t len)
{
    ld_conn_frame_out(c, 0x81, text, len);
}


void
ld_conn_close(ld_conn_t *c)
{
    if (c->state == LD_NEW || c->state == LD_CLOSED) {
        return;
    }

    if (c->state >= LD_OPEN && !ld.fatal) {
        ld_conn_frame_out(c, 0x88, "\x03\xe8", 2);
    }

    close(c->fd);

    free(c->in.data);
    free(c->out.data);
    free(c->text.data);

    memset(&c->in, 0, sizeof(ld_buf_t));
    memset(&c->out, 0, sizeof(ld_buf_t));
    memset(&c->text, 0, sizeof(ld_buf_t));

    c->state = LD_CLOSED;
}


static void
ld_conn_watch(ld_conn_t *c, unsigned writing)
{
    struct epoll_event  ev;

    if (c->writing == writing) {
        return;
    }

    ev.events = writing ? EPOLLIN|EPOLLOUT : EPOLLIN;
    ev.data.ptr = c;

    if (epoll_ctl(ld.ep, EPOLL_CTL_MOD, c->fd, &ev) == -1) {
        ld_die("epoll_ctl() failed: %s", strerror(errno));
    }

    c->writing = writing;
}


static void
ld_conn_upgrade(ld_conn_t *c)
{
    int          n;
    char         path[1024], *d, *end;
    ld_buf_t     b;
    const char  *s;

    d = path;
    end = path + sizeof(path);

    for (s = ld.path; *s != '\0' && end - d > 128; s++) {

        if (s[0] == '%' && s[1] == 'r') {
            d += snprintf(d, 128, "%.120s", ld.rooms[c->room]);
            s++;

        } else if (s[0] == '%' && s[1] == 'c') {
            d += snprintf(d, 128, "%u", c->id);
            s++;

        } else {
            *d++ = *s;
        }
    }

    *d = '\0';

    memset(&b, 0, sizeof(ld_buf_t));

    n = snprintf(ld_buf_reserve(&b, 2048 + strlen(ld.headers)),
                 2048 + strlen(ld.headers),
                 "GET %s HTTP/1.1\r\n"
                 "Host: %s:%u\r\n"
                 "Upgrade: websocket\r\n"
                 "Connection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: " LD_KEY "\r\n"
                 "%s\r\n", path, ld.host, ld.ports[0], ld.headers);

    c->state = LD_UPGRADING;
    ld_conn_write(c, b.data, (size_t) n);

    free(b.data);
}


/* The answer to the upgrade lies in c->in: 1 when it was all there. */

static int
ld_conn_upgraded(ld_conn_t *c)
{
    char    *end;
    size_t   n;

    end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4);

    if (end == NULL) {
        if (c->in.len > 16384) {
            ld_fail("client %u: no end of the answer to the upgrade", c->id);
        }

        return 0;
    }

    n = (size_t) (end - c->in.data) + 4;

    if (n < 12 || memcmp(c->in.data, "HTTP/1.1 101", 12) != 0) {
        ld_fail("client %u: upgrade refused: %.*s", c->id,
                (int) (c->in.len < 140 ? c->in.len : 140), c->in.data);
        return 0;
    }

    if (memmem(c->in.data, n, LD_ACCEPT, sizeof(LD_ACCEPT) - 1) == NULL) {
        ld_fail("client %u: wrong Sec-WebSocket-Accept", c->id);
        return 0;
    }

    c->in.len -= n;
    memmove(c->in.data, c->in.data + n, c->in.len);

    c->state = LD_OPEN;
    ld_send_connect(c);

    return 1;
}


/* Whether the end of the connection is what is waited for. */

static int
ld_conn_gone(ld_conn_t *c)
{
    c->gone = ld.mode == LD_RETURN && ld.t_start != UINT64_MAX;

    return c->gone;
}


static void
ld_conn_read(ld_conn_t *c)
{
    char     *p;
    size_t    used, room;
    ssize_t   n;

    while (!ld.fatal && c->state != LD_CLOSED) {

        /* whole frames are handled where they were read to, only the rest of
         * an incomplete one is kept */

        if (c->in.len == 0) {
            p = ld_input;
            room = sizeof(ld_input);

        } else {
            room = 65536;
            p = ld_buf_reserve(&c->in, room);
            room = c->in.size - c->in.len;
        }

        n = recv(c->fd, p, room, 0);

        if (n == -1) {
            if (errno == EAGAIN || errno == EINTR) {
                return;
            }

            if (ld_conn_gone(c)) {
                return;
            }

            ld_fail("client %u: recv() failed: %s", c->id, strerror(errno));
            return;
        }

        if (n == 0) {
            if (ld_conn_gone(c)) {
                return;
            }

            ld_fail("client %u: the server closed the connection", c->id);
            return;
        }

        ld.now = ld_clock();
        ld.bytes += (uint64_t) n;

        if (c->t_connect != 0 && c->t_first == 0) {
            c->t_first = ld.now;
        }

        if (c->in.len == 0 && c->state != LD_UPGRADING) {
            used = ld_conn_frames(c, p, (size_t) n);

            if (c->state == LD_CLOSED || ld.fatal) {
                return;
            }

            if (used < (size_t) n) {
                memcpy(ld_buf_reserve(&c->in, (size_t) n - used), p + used,
                       (size_t) n - used);
                c->in.len = (size_t) n - used;
            }

        } else {

            if (c->in.len == 0) {
                memcpy(ld_buf_reserve(&c->in, (size_t) n), p, (size_t) n);
            }

            c->in.len += (size_t) n;

            if (c->state == LD_UPGRADING && !ld_conn_upgraded(c)) {
                continue;
            }

            used = ld_conn_frames(c, c->in.data, c->in.len);

            if (c->state == LD_CLOSED || ld.fatal) {
                return;
            }

            c->in.len -= used;
            memmove(c->in.data, c->in.data + used, c->in.len);
        }

        if ((size_t) n < room) {
            return;
        }
    }
}


/* Handles the whole frames of the buffer, returns their bytes. */

static size_t
ld_conn_frames(ld_conn_t *c, char *p, size_t len)
{
    size_t          pos, head;
    uint64_t        n;
    unsigned        i;
    unsigned char  *u;

    pos = 0;

    while (len - pos >= 2 && !ld.fatal && c->state != LD_CLOSED) {

        u = (unsigned char *) p + pos;

        if ((u[0] & 0x70) || (u[1] & 0x80)) {
            ld_fail("client %u: bad frame %02x %02x", c->id, u[0], u[1]);
            break;
        }

        n = u[1];
        head = 2;

        if (n >= 126) {
            head = n == 126 ? 4 : 10;

            if (len - pos < head) {
                break;
            }

            n = 0;
            for (i = 2; i < head; i++) {
                n = n << 8 | u[i];
            }
        }

        if (n > LD_MAX_FRAME) {
            ld_fail("client %u: frame of %llu bytes", c->id,
                    (unsigned long long) n);
            break;
        }

        if (len - pos - head < n) {
            break;
        }

        ld_conn_frame(c, u[0], p + pos + head, (size_t) n);

        pos += head + (size_t) n;
    }

    return pos;
}


static void
ld_conn_frame(ld_conn_t *c, unsigned head, char *p, size_t len)
{
    unsigned  code;

    switch (head & 0x0f) {

    case 0x0:
    case 0x1:

        if ((head & 0x0f) == (c->text.len ? 1 : 0)) {
            ld_fail("client %u: continuation out of place", c->id);
            return;
        }

        if ((head & 0x80) && c->text.len == 0) {
            ld_message(c, p, len);
            return;
        }

        memcpy(ld_buf_reserve(&c->text, len), p, len);
        c->text.len += len;

        if (head & 0x80) {
            ld_message(c, c->text.data, c->text.len);
            c->text.len = 0;
        }

        return;

    case 0x8:
        if (ld_conn_gone(c)) {
            return;
        }

        code = len < 2 ? 1005 : (unsigned) (unsigned char) p[0] << 8
                                | (unsigned char) p[1];

        ld_fail("client %u: closed by the server: %u %.*s", c->id, code,
                len > 2 ? (int) len - 2 : 0, p + 2);
        return;

    case 0x9:
        ld_conn_frame_out(c, 0x8a, p, len);
        return;

    case 0xa:
        return;

    default:
        ld_fail("client %u: frame with opcode %u", c->id, head & 0x0f);
    }
}


static void
ld_conn_frame_out(ld_conn_t *c, unsigned head, const char *p, size_t len)
{
    size_t          i, n;
    uint64_t        mask, word;
    unsigned char  *d, *start;

    static ld_buf_t  b;

    b.len = 0;
    start = (unsigned char *) ld_buf_reserve(&b, len + 32);
    d = start;

    *d++ = (unsigned char) head;

    if (len < 126) {
        *d++ = (unsigned char) (0x80 | len);

    } else if (len < 65536) {
        *d++ = 0x80 | 126;
        *d++ = (unsigned char) (len >> 8);
        *d++ = (unsigned char) len;

    } else {
        *d++ = 0x80 | 127;
        for (i = 0; i < 8; i++) {
            *d++ = (unsigned char) ((uint64_t) len >> (56 - 8 * i));
        }
    }

    mask = ld_random() & 0xffffffff;
    mask |= mask << 32;

    memcpy(d, &mask, 4);
    d += 4;

    for (i = 0; i < len; i += 8) {
        n = len - i < 8 ? len - i : 8;
        word = 0;
        memcpy(&word, p + i, n);
        word ^= mask;
        memcpy(d + i, &word, n);
    }

    ld_conn_write(c, (char *) start, (size_t) (d - start) + len);
}


static void
ld_conn_write(ld_conn_t *c, const char *p, size_t len)
{
    ssize_t  n;

    if (c->out.len == 0) {
        n = send(c->fd, p, len, MSG_NOSIGNAL);

        if (n == -1) {
            if (errno != EAGAIN) {
                ld_fail("client %u: send() failed: %s", c->id,
                        strerror(errno));
                return;
            }

            n = 0;
        }

        p += n;
        len -= (size_t) n;
    }

    if (len == 0) {
        return;
    }

    if (c->out.len - c->out.pos + len > LD_MAX_OUT) {
        ld_fail("client %u: the server does not read", c->id);
        return;
    }

    memcpy(ld_buf_reserve(&c->out, len), p, len);
    c->out.len += len;

    ld_conn_watch(c, 1);
}


static void
ld_conn_flush(ld_conn_t *c)
{
    ssize_t  n;

    while (c->out.pos < c->out.len) {

        n = send(c->fd, c->out.data + c->out.pos, c->out.len - c->out.pos,
                 MSG_NOSIGNAL);

        if (n == -1) {
            if (errno != EAGAIN) {
                ld_fail("client %u: send() failed: %s", c->id,
                        strerror(errno));
            }

            return;
        }

        c->out.pos += (size_t) n;
    }

    c->out.pos = 0;
    c->out.len = 0;

    ld_conn_watch(c, 0);
}
