/*
 * A bad cable: carries frames between two network interfaces, loses some and
 * delays the others.  What "tc netem" does, where the kernel has none.
 *
 *     cable plain IFACE               its frames leave as they would on a wire
 *     cable carry ONE TWO MS PERCENT  each way, until it is killed
 *
 * The delay keeps the order.  What does not fit into the queue is lost, too.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define CABLE_FRAME   2048
#define CABLE_FRAMES  4096


typedef struct {
    uint64_t        due;            /* ms */
    ssize_t         len;
    unsigned char   data[CABLE_FRAME];
} cable_frame_t;


typedef struct {
    int             in;
    int             out;
    unsigned        first;
    unsigned        n;
    cable_frame_t  *frames;
} cable_way_t;


static void
cable_die(const char *what)
{
    fprintf(stderr, "cable: %s: %s\n", what, strerror(errno));
    exit(2);
}


static uint64_t
cable_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}


/* No checksums left to the hardware, and so no segments either. */

static int
cable_plain(const char *name)
{
    int                   fd;
    struct ifreq          ifr;
    struct ethtool_value  value;

    fd = socket(AF_INET, SOCK_DGRAM, 0);

    memset(&ifr, 0, sizeof(ifr));
    snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);

    value.cmd = ETHTOOL_STXCSUM;
    value.data = 0;
    ifr.ifr_data = (void *) &value;

    if (fd == -1 || ioctl(fd, SIOCETHTOOL, &ifr) == -1) {
        cable_die(name);
    }

    return 0;
}


static int
cable_open(const char *name)
{
    int                 fd;
    struct sockaddr_ll  addr;

    fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

    memset(&addr, 0, sizeof(addr));
    addr.sll_family = AF_PACKET;
    addr.sll_protocol = htons(ETH_P_ALL);
    addr.sll_ifindex = (int) if_nametoindex(name);

    if (fd == -1 || addr.sll_ifindex == 0
        || bind(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1)
    {
        cable_die(name);
    }

    return fd;
}


static void
cable_take(cable_way_t *w, unsigned ms, double loss)
{
    ssize_t             n;
    socklen_t           len;
    cable_frame_t      *f, lost;
    struct sockaddr_ll  from;

    for ( ;; ) {
        f = w->n < CABLE_FRAMES
            ? &w->frames[(w->first + w->n) % CABLE_FRAMES] : &lost;

        len = sizeof(from);
        n = recvfrom(w->in, f->data, CABLE_FRAME, MSG_DONTWAIT,
                     (struct sockaddr *) &from, &len);

        if (n < 0) {
            return;
        }

        /* our own come by here, too */

        if (from.sll_pkttype == PACKET_OUTGOING || f == &lost
            || drand48() * 100 < loss)
        {
            continue;
        }

        f->len = n;
        f->due = cable_now() + ms;
        w->n++;
    }
}


int
main(int argc, char **argv)
{
    int             timeout;
    unsigned        i, ms;
    double          loss;
    uint64_t        now, left;
    cable_way_t     ways[2], *w;
    struct pollfd   fds[2];
    cable_frame_t  *f;

    if (argc == 3 && strcmp(argv[1], "plain") == 0) {
        return cable_plain(argv[2]);
    }

    if (argc != 6 || strcmp(argv[1], "carry") != 0) {
        fprintf(stderr, "usage: cable plain IFACE"
                " | carry ONE TWO MS PERCENT\n");
        return 2;
    }

    ms = (unsigned) atoi(argv[4]);
    loss = atof(argv[5]);
    srand48(getpid());

    for (i = 0; i < 2; i++) {
        fds[i].fd = cable_open(argv[2 + i]);
        fds[i].events = POLLIN;

        ways[i].frames = malloc(CABLE_FRAMES * sizeof(cable_frame_t));
        ways[i].first = 0;
        ways[i].n = 0;

        if (ways[i].frames == NULL) {
            cable_die("malloc");
        }
    }

    for (i = 0; i < 2; i++) {
        ways[i].in = fds[i].fd;
        ways[i].out = fds[1 - i].fd;
    }

    for ( ;; ) {
        now = cable_now();
        timeout = -1;

        for (i = 0; i < 2; i++) {
            w = &ways[i];

            while (w->n) {
                f = &w->frames[w->first];

                if (f->due > now) {
                    left = f->due - now;

                    if (timeout == -1 || left < (uint64_t) timeout) {
                        timeout = (int) left;
                    }

                    break;
                }

                (void) !send(w->out, f->data, (size_t) f->len, MSG_DONTWAIT);

                w->first = (w->first + 1) % CABLE_FRAMES;
                w->n--;
            }
        }

        if (poll(fds, 2, timeout) == -1 && errno != EINTR) {
            cable_die("poll");
        }

        for (i = 0; i < 2; i++) {
            cable_take(&ways[i], ms, loss);
        }
    }
}
