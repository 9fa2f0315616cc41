/*
 * Load generator of the benchmark: options, phases, report.  load.h says how
 * it is built; bench.pl runs it.
 *
 *     load -p PORT[,PORT]... [-a HOST] [-u PATH] [-H LINE]...
 *          -S SCHEMA.json [-V 7|8] [-m mixed|strokes|board|return]
 *          [-r ROOMS] [-c CLIENTS_A_ROOM]
 *          [-P PRESENCE/s] [-E EDITS/s] [-w WARMUP] [-d SECONDS] [-D DRAIN]
 *          [-R ROOM_NAMES] [-n SHAPES] [-N SHAPES_EXPECTED] [-k REPEATS]
 *          [-l LABEL] [-i]
 *
 * return: between "start" and "end" somebody reloads the server.
 *
 * PATH may hold %r (name of the room: a line of ROOM_NAMES, else roomN) and
 * %c (number of the client).  -i: writes a line to stderr when clients are
 * connected and when the measured window starts, ends, and all answers are
 * in, and waits then for a line on stdin before it closes.
 *
 * One line of JSON goes to stdout.  Exit status: 0; 1 when the server did
 * something wrong ("errors" says what); 2 when the run made no sense.
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"


static void ld_options(int argc, char **argv);
static void ld_ports(char *list);
static char *ld_file(const char *name);
static void ld_rooms(const char *name);
static void ld_clients(unsigned n);
static void ld_report(void);
static void ld_report_hist(const char *name, const ld_hist_t *h);


ld_t  ld;


int
main(int argc, char **argv)
{
    unsigned       i;
    struct rlimit  rl;

    ld_options(argc, argv);

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
        rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
    }

    prctl(PR_SET_TIMERSLACK, 1000UL);

    ld.ep = epoll_create1(EPOLL_CLOEXEC);
    if (ld.ep == -1) {
        ld_die("epoll_create1() failed: %s", strerror(errno));
    }

    ld.now = ld_clock();
    ld.t_start = UINT64_MAX;
    ld.t_end = UINT64_MAX;

    if (ld.mode == LD_BOARD) {
        ld_clients(ld.repeats + 1);
        ld_board();

    } else {
        ld_clients(ld.nrooms * ld.per_room);

        if (ld.mode == LD_RETURN) {
            ld_return();

        } else {
            ld_run();
        }
    }

    ld_report();

    for (i = 0; i < ld.nconns; i++) {
        ld_conn_close(&ld.conns[i]);
    }

    return ld.nerrors ? 1 : 0;
}


static void
ld_options(int argc, char **argv)
{
    int          c;
    char        *headers, *p, *names, *schema;
    size_t       size;

    ld.host = "127.0.0.1";
    ld.path = "/connect/%r?sessionId=bench-%c&storeId=bench-%c";
    ld.protocol = 8;
    ld.nrooms = 1;
    ld.per_room = 1;
    ld.warmup = 2;
    ld.seconds = 10;
    ld.drain = 20;
    ld.expect = UINT32_MAX;
    ld.repeats = 20;
    ld.label = "";

    headers = NULL;
    names = NULL;
    schema = NULL;
    size = 1;

    while ((c = getopt(argc, argv,
                       "a:p:u:H:S:V:m:r:c:P:E:w:d:D:R:n:N:k:l:i")) != -1)
    {
        switch (c) {
        case 'a': ld.host = optarg; break;
        case 'p': ld_ports(optarg); break;
        case 'u': ld.path = optarg; break;
        case 'S': schema = optarg; break;
        case 'V': ld.protocol = (unsigned) atoi(optarg); break;
        case 'r': ld.nrooms = (unsigned) atoi(optarg); break;
        case 'c': ld.per_room = (unsigned) atoi(optarg); break;
        case 'P': ld.presence = atof(optarg); break;
        case 'E': ld.edits = atof(optarg); break;
        case 'w': ld.warmup = atof(optarg); break;
        case 'd': ld.seconds = atof(optarg); break;
        case 'D': ld.drain = atof(optarg); break;
        case 'R': names = optarg; break;
        case 'n': ld.shapes = (unsigned) atoi(optarg); break;
        case 'N': ld.expect = (unsigned) atoi(optarg); break;
        case 'k': ld.repeats = (unsigned) atoi(optarg); break;
        case 'l': ld.label = optarg; break;
        case 'i': ld.events = 1; break;

        case 'H':
            p = realloc(headers, size + strlen(optarg) + 2);
            if (p == NULL) {
                ld_die("out of memory");
            }

            headers = p;
            size += (size_t) sprintf(headers + size - 1, "%s\r\n", optarg);
            break;

        case 'm':
            if (strcmp(optarg, "mixed") == 0) {
                ld.mode = LD_MIXED;

            } else if (strcmp(optarg, "strokes") == 0) {
                ld.mode = LD_STROKES;

            } else if (strcmp(optarg, "board") == 0) {
                ld.mode = LD_BOARD;

            } else if (strcmp(optarg, "return") == 0) {
                ld.mode = LD_RETURN;

            } else {
                ld_die("unknown mode \"%s\"", optarg);
            }

            break;

        default:
            ld_die("unknown option");
        }
    }

    if (ld.nports == 0 || schema == NULL
        || ld.nrooms == 0 || ld.per_room == 0)
    {
        ld_die("-p and -S are needed, -r and -c cannot be 0");
    }

    if (ld.mode == LD_BOARD) {
        ld.nrooms = 1;
        ld.per_room = ld.repeats + 1;
        ld.presence = 0;
        ld.edits = 0;

        if (ld.expect == UINT32_MAX) {
            ld.expect = ld.shapes;
        }
    }

    if (ld.mode == LD_STROKES && ld.protocol != 7) {
        ld_die("strokes are those of protocol 7");
    }

    if (ld.per_room > LD_MAX_CLIENTS / ld.nrooms) {
        ld_die("more than %d clients", LD_MAX_CLIENTS);
    }

    ld.headers = headers ? headers : "";
    ld.schema = ld_file(schema);
    ld.flips = strstr(ld.schema, "\"com.tldraw.shape.geo\":12") != NULL;

    ld_rooms(names);
}


static void
ld_ports(char *list)
{
    char  *rest, *item;

    rest = list;

    while ((item = strtok_r(rest, ",", &rest)) != NULL) {

        if (ld.nports == LD_MAX_PORTS || atoi(item) == 0) {
            ld_die("at most %d ports", LD_MAX_PORTS);
        }

        ld.ports[ld.nports++] = (unsigned) atoi(item);
    }
}


static char *
ld_file(const char *name)
{
    char    *text;
    FILE    *f;
    size_t   n, size;

    f = fopen(name, "r");
    if (f == NULL) {
        ld_die("open(\"%s\") failed: %s", name, strerror(errno));
    }

    size = 1024 * 1024;
    text = ld_alloc(1, size);
    n = fread(text, 1, size - 1, f);

    fclose(f);

    while (n > 0 && text[n - 1] == '\n') {
        text[--n] = '\0';
    }

    return text;
}


static void
ld_rooms(const char *name)
{
    char      *line, *rest;
    unsigned   i;

    ld.rooms = ld_alloc(ld.nrooms, sizeof(char *));
    rest = name ? ld_file(name) : NULL;

    for (i = 0; i < ld.nrooms; i++) {

        if (name != NULL) {
            line = strtok_r(rest, "\n", &rest);

            if (line == NULL) {
                ld_die("\"%s\" names %u of %u rooms", name, i, ld.nrooms);
            }

        } else {
            line = ld_alloc(1, 32);
            snprintf(line, 32, "room%u", i);
        }

        ld.rooms[i] = line;
    }
}


static void
ld_clients(unsigned n)
{
    unsigned    i, k;
    double      rate[LD_KINDS];
    ld_conn_t  *c;

    ld.conns = ld_alloc(n, sizeof(ld_conn_t));
    ld.nconns = n;

    rate[LD_PRESENCE] = ld.presence;
    rate[LD_EDIT] = ld.edits;

    for (i = 0; i < n; i++) {
        c = &ld.conns[i];
        c->fd = -1;
        c->id = i;
        c->room = i % ld.nrooms;
        c->slot = i / ld.nrooms;

        /* untouched pages of these cost nothing */

        c->pushes = ld_alloc(LD_RING, sizeof(ld_push_t));

        for (k = 0; k < LD_KINDS; k++) {
            if (rate[k] > 0) {
                c->sent[k] = ld_alloc(LD_RING, sizeof(uint64_t));
                c->seen[k] = ld_alloc(ld.per_room, sizeof(uint32_t));
            }
        }
    }
}


static void
ld_report(void)
{
    unsigned  i;

    printf("{\"label\":\"%s\",\"clients\":%u,\"rooms\":%u,\"seconds\":%.3f,"
           "\"pushes\":%llu,\"answered\":%llu,\"received\":%llu,"
           "\"expected\":%llu,\"delivered\":%llu,\"skipped_presence\":%llu,"
           "\"skipped_edits\":%llu,\"unseen_presence\":%u,"
           "\"messages\":%llu,\"bytes\":%llu,\"generator_core\":%.3f,"
           "\"generator_late_ms\":%.2f",
           ld.label, ld.nconns, ld.nrooms, ld.window,
           (unsigned long long) ld.pushed, (unsigned long long) ld.answered,
           (unsigned long long) ld.received, (unsigned long long) ld.expected,
           (unsigned long long) (ld.delivered[LD_PRESENCE]
                                 + ld.delivered[LD_EDIT]),
           (unsigned long long) ld.skipped[LD_PRESENCE],
           (unsigned long long) ld.skipped[LD_EDIT], ld.unseen,
           (unsigned long long) ld.messages, (unsigned long long) ld.bytes,
           ld.window > 0 ? ld.cpu_used / ld.window : 0,
           (double) ld.late / 1e6);

    ld_report_hist("presence", &ld_delivery[LD_PRESENCE]);
    ld_report_hist("edit", &ld_delivery[LD_EDIT]);
    ld_report_hist("answer", &ld_answer[LD_PRESENCE]);
    ld_report_hist("durable", &ld_answer[LD_EDIT]);

    if (ld.mode == LD_RETURN) {
        ld_report_hist("away", &ld_away);
        ld_report_hist("back", &ld_back);
    }

    if (ld.mode == LD_BOARD) {
        ld_report_hist("first_byte", &ld_first_byte);
        ld_report_hist("whole_reply", &ld_whole_reply);

        printf(",\"reply_bytes\":%zu,\"load_ms\":%.1f", ld.reply_bytes,
               ld.load_ms);
    }

    printf(",\"ok\":%s,\"nerrors\":%u,\"errors\":[",
           ld.nerrors ? "false" : "true", ld.nerrors);

    for (i = 0; i < ld.nerrors && i < LD_MAX_ERRORS; i++) {
        printf("%s\"%s\"", i ? "," : "", ld.errors[i]);
    }

    printf("]}\n");
    fflush(stdout);
}


static void
ld_report_hist(const char *name, const ld_hist_t *h)
{
    if (h->count == 0) {
        return;
    }

    printf(",\"%s\":{\"n\":%llu,\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}",
           name, (unsigned long long) h->count, ld_hist_at(h, 0.5),
           ld_hist_at(h, 0.99), (double) h->max / 1e6);
}
