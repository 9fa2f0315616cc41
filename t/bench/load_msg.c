/*
 * Messages of the load generator: the ones it sends, and what it looks for
 * in the ones it gets.  A byte search finds stamps, clientClocks and actions;
 * every result must come once, in order, and say "commit".
 */


#include <stdio.h>
#include <string.h>

#include "load.h"


#define LD_STROKE_POINTS  200

#define ld_find(p, last, s)                                                   \
    memmem(p, (size_t) ((last) - (p)), s, sizeof(s) - 1)


static unsigned ld_geo(char *d, size_t size, const char *id, double x,
    double y, const char *index);
static void ld_stamp(ld_conn_t *c, unsigned kind, char *text);
static void ld_push(ld_conn_t *c, unsigned kind, const char *text, int len);
static void ld_reply(ld_conn_t *c, const char *p, size_t len);
static void ld_deliveries(ld_conn_t *c, const char *p, const char *last);
static unsigned ld_is_stamp(const char *p);
static void ld_delivered(ld_conn_t *c, const char *p);
static void ld_results(ld_conn_t *c, const char *p, const char *last);


/* the longest single message: a push of many shapes */
static char  ld_text[262144];


void
ld_send_connect(ld_conn_t *c)
{
    int  n;

    n = snprintf(ld_text, sizeof(ld_text),
                 "{\"type\":\"connect\",\"connectRequestId\":\"bench-%u\","
                 "\"lastServerClock\":%d,\"protocolVersion\":%u,"
                 "\"schema\":%s}",
                 c->id, ld.protocol >= 8 ? -1 : 0, ld.protocol, ld.schema);

    if (n < 0 || (size_t) n >= sizeof(ld_text)) {
        ld_die("the schema is too long");
    }

    c->t_connect = ld_clock();
    ld_conn_send(c, ld_text, (size_t) n);
}


void
ld_send_ping(ld_conn_t *c)
{
    c->pings++;
    ld_conn_send(c, "{\"type\":\"ping\"}", 15);
}


void
ld_send_setup(ld_conn_t *c)
{
    int         n;
    char        shape[1024], id[32];
    unsigned    comma;

    comma = 0;

    n = snprintf(ld_text, sizeof(ld_text),
                 "{\"type\":\"push\",\"clientClock\":%u,\"diff\":{", c->clock);

    /* as the first client of an empty board does */

    if (c->slot == 0) {
        n += snprintf(ld_text + n, sizeof(ld_text) - (size_t) n,
                      "\"document:document\":[\"put\",{\"gridSize\":10,"
                      "\"name\":\"\",\"meta\":{},\"id\":\"document:document\","
                      "\"typeName\":\"document\"}],"
                      "\"page:page\":[\"put\",{\"meta\":{},"
                      "\"id\":\"page:page\",\"name\":\"Page 1\","
                      "\"index\":\"a1\",\"typeName\":\"page\"}]");
        comma = 1;
    }

    if (ld.mode == LD_MIXED && ld.edits > 0) {
        snprintf(id, sizeof(id), "shape:c%u", c->id);
        ld_geo(shape, sizeof(shape), id, 0, 0, "a1");

        n += snprintf(ld_text + n, sizeof(ld_text) - (size_t) n,
                      "%s\"%s\":[\"put\",%s]", comma ? "," : "", id, shape);
    }

    n += snprintf(ld_text + n, sizeof(ld_text) - (size_t) n,
                  "},\"presence\":[\"put\",{\"lastActivityTimestamp\":1,"
                  "\"followingUserId\":null,\"color\":\"#FF802B\","
                  "\"camera\":{\"x\":0,\"y\":0,\"z\":1},"
                  "\"cursor\":{\"x\":0,\"y\":0,\"rotation\":0,"
                  "\"type\":\"default\"},"
                  "\"screenBounds\":{\"x\":0,\"y\":0,\"w\":1280,\"h\":720},"
                  "\"selectedShapeIds\":[],\"brush\":null,\"scribbles\":[],"
                  "\"chatMessage\":\"\",\"meta\":{},"
                  "\"id\":\"instance_presence:c%u\","
                  "\"currentPageId\":\"page:page\",\"userId\":\"user:c%u\","
                  "\"userName\":\"Client %u\","
                  "\"typeName\":\"instance_presence\"}]}",
                  c->id, c->id, c->id);

    ld_push(c, LD_SETUP, ld_text, n);
}


void
ld_send_presence(ld_conn_t *c)
{
    int   n;
    char  stamp[LD_STAMP_LEN + 1];

    ld_stamp(c, LD_PRESENCE, stamp);

    n = snprintf(ld_text, sizeof(ld_text),
                 "{\"type\":\"push\",\"clientClock\":%u,"
                 "\"presence\":[\"patch\","
                 "{\"lastActivityTimestamp\":[\"put\",%llu],"
                 "\"cursor\":[\"put\",{\"x\":%s,\"y\":%.2f,\"rotation\":0,"
                 "\"type\":\"default\"}]}]}",
                 c->clock,
                 (unsigned long long) (1700000000000 + ld.now / 1000000),
                 stamp, ld_uniform() * 1000);

    ld_push(c, LD_PRESENCE, ld_text, n);
}


void
ld_send_move(ld_conn_t *c)
{
    int   n;
    char  stamp[LD_STAMP_LEN + 1];

    ld_stamp(c, LD_EDIT, stamp);

    n = snprintf(ld_text, sizeof(ld_text),
                 "{\"type\":\"push\",\"clientClock\":%u,\"diff\":"
                 "{\"shape:c%u\":[\"patch\",{\"x\":[\"put\",%s],"
                 "\"y\":[\"put\",%.2f]}]}}",
                 c->clock, c->id, stamp, ld_uniform() * 1000);

    ld_push(c, LD_EDIT, ld_text, n);
}


/*
 * A pen that moves at 60 points a second: two points a push, a new shape
 * after LD_STROKE_POINTS.  The stamp is the x of the last point.
 */

void
ld_send_stroke(ld_conn_t *c)
{
    int          n;
    char         stamp[LD_STAMP_LEN + 1];
    const char  *done;

    ld_stamp(c, LD_EDIT, stamp);

    c->x += ld_uniform() * 8 - 3;
    c->y += ld_uniform() * 8 - 4;

    if (c->points == 0) {
        c->stroke++;
        c->points = 1;
        c->x = 0;
        c->y = 0;

        n = snprintf(ld_text, sizeof(ld_text),
                     "{\"type\":\"push\",\"clientClock\":%u,\"diff\":"
                     "{\"shape:c%u-%u\":[\"put\",{\"x\":%.2f,\"y\":%.2f,"
                     "\"rotation\":0,\"isLocked\":false,\"opacity\":1,"
                     "\"meta\":{},\"id\":\"shape:c%u-%u\",\"type\":\"draw\","
                     "\"props\":{\"segments\":[{\"type\":\"free\",\"points\":"
                     "[{\"x\":%s,\"y\":0,\"z\":0.5}]}],\"color\":\"black\","
                     "\"fill\":\"none\",\"dash\":\"draw\",\"size\":\"m\","
                     "\"isComplete\":false,\"isClosed\":false,"
                     "\"isPen\":false,\"scale\":1},"
                     "\"parentId\":\"page:page\",\"index\":\"a1\","
                     "\"typeName\":\"shape\"}]}}",
                     c->clock, c->id, c->stroke, ld_uniform() * 1000,
                     ld_uniform() * 1000, c->id, c->stroke, stamp);

        ld_push(c, LD_EDIT, ld_text, n);
        return;
    }

    done = c->points + 2 >= LD_STROKE_POINTS
           ? ",\"isComplete\":[\"put\",true]" : "";

    n = snprintf(ld_text, sizeof(ld_text),
                 "{\"type\":\"push\",\"clientClock\":%u,\"diff\":"
                 "{\"shape:c%u-%u\":[\"patch\",{\"props\":[\"patch\","
                 "{\"segments\":[\"patch\",{\"0\":[\"patch\",{\"points\":"
                 "[\"append\",[{\"x\":%.2f,\"y\":%.2f,\"z\":0.5},"
                 "{\"x\":%s,\"y\":%.2f,\"z\":0.5}],%u]}]}]%s}]}]}}",
                 c->clock, c->id, c->stroke, c->x, c->y, stamp, c->y + 1,
                 c->points, done);

    c->points = *done != '\0' ? 0 : c->points + 2;

    ld_push(c, LD_EDIT, ld_text, n);
}


void
ld_send_shapes(ld_conn_t *c, unsigned first, unsigned n)
{
    int          len;
    char         id[32], index[5], shape[1024];
    unsigned     i, k, digit;

    static const char  digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";

    len = snprintf(ld_text, sizeof(ld_text),
                   "{\"type\":\"push\",\"clientClock\":%u,\"diff\":{",
                   c->clock);

    for (i = first; i < first + n; i++) {

        /* "c": an integer part of three more digits */

        index[0] = 'c';
        index[4] = '\0';

        for (k = 3, digit = i; k > 0; k--, digit /= 62) {
            index[k] = digits[digit % 62];
        }

        snprintf(id, sizeof(id), "shape:b%u", i);
        ld_geo(shape, sizeof(shape), id, ld_uniform() * 5000,
               ld_uniform() * 5000, index);

        len += snprintf(ld_text + len, sizeof(ld_text) - (size_t) len,
                        "%s\"%s\":[\"put\",%s]", i == first ? "" : ",", id,
                        shape);

        if ((size_t) len + 2048 > sizeof(ld_text)) {
            ld_die("too many shapes for one push");
        }
    }

    len += snprintf(ld_text + len, sizeof(ld_text) - (size_t) len, "}}");

    ld_push(c, LD_SETUP, ld_text, len);
}


void
ld_message(ld_conn_t *c, const char *p, size_t len)
{
    ld.messages++;

    if (len < 2 || p[0] != '{' || p[len - 1] != '}') {
        ld_fail("client %u: no JSON object: %.*s", c->id,
                len < 100 ? (int) len : 100, p);
        return;
    }

    if (c->state == LD_OPEN) {
        ld_reply(c, p, len);
        return;
    }

    if (len < 32 && ld_find(p, p + len, "\"pong\"") != NULL) {
        c->pongs++;
        return;
    }

    ld_deliveries(c, p, p + len);
    ld_results(c, p, p + len);

    if (c->state == LD_JOINED && c->answered == c->clock) {
        c->state = LD_READY;
        ld.pending--;
        ld.ready++;

        if (c->left) {
            ld_hist_add(&ld_away, ld.now - c->left);
            ld_hist_add(&ld_back, ld.now - ld.t_start);
            c->left = 0;
        }
    }
}


static unsigned
ld_geo(char *d, size_t size, const char *id, double x, double y,
    const char *index)
{
    return (unsigned) snprintf(d, size,
                 "{\"x\":%.2f,\"y\":%.2f,\"rotation\":0,\"isLocked\":false,"
                 "\"opacity\":1,\"meta\":{},\"id\":\"%s\",\"type\":\"geo\","
                 "\"props\":{\"w\":120,\"h\":80,\"geo\":\"rectangle\","
                 "\"dash\":\"draw\",\"growY\":0,\"url\":\"\",\"scale\":1,%s"
                 "\"color\":\"black\",\"labelColor\":\"black\","
                 "\"fill\":\"none\",\"size\":\"m\",\"font\":\"draw\","
                 "\"align\":\"middle\",\"verticalAlign\":\"middle\","
                 "\"richText\":{\"type\":\"doc\",\"content\":"
                 "[{\"type\":\"paragraph\"}]}},\"parentId\":\"page:page\","
                 "\"index\":\"%s\",\"typeName\":\"shape\"}",
                 x, y, id,
                 ld.flips ? "\"flipX\":false,\"flipY\":false," : "", index);
}


/* The stamp of the client's next push of this kind. */

static void
ld_stamp(ld_conn_t *c, unsigned kind, char *text)
{
    if (++c->seq[kind] >= LD_MAX_SEQ) {
        ld_die("too many pushes for a stamp");
    }

    snprintf(text, LD_STAMP_LEN + 1, "%c%04u%06u1", '5' + (int) kind,
             c->id % LD_MAX_CLIENTS, c->seq[kind] % LD_MAX_SEQ);
}


static void
ld_push(ld_conn_t *c, unsigned kind, const char *text, int len)
{
    uint64_t    now;
    ld_push_t  *push;

    if (c->clock - c->answered >= LD_RING) {
        ld_fail("client %u: %d pushes without an answer", c->id, LD_RING);
        return;
    }

    now = ld_clock();

    push = &c->pushes[c->clock & (LD_RING - 1)];
    push->time = now;
    push->kind = kind;

    c->clock++;

    if (kind != LD_SETUP) {
        c->sent[kind][c->seq[kind] & (LD_RING - 1)] = now;
        ld.pushed++;

        if (now >= ld.t_start && now < ld.t_end) {
            ld.expected += ld.per_room - 1;
        }
    }

    ld_conn_send(c, text, (size_t) len);
}


static void
ld_reply(ld_conn_t *c, const char *p, size_t len)
{
    const char  *last;

    c->t_reply = ld.now;
    c->reply_bytes = len;

    last = p + len;

    if (ld_find(p, last, "\"type\":\"connect\"") == NULL
        || ld_find(p, last, "\"hydrationType\":\"wipe_all\"") == NULL)
    {
        ld_fail("client %u: no connect reply with wipe_all: %.*s", c->id,
                len < 100 ? (int) len : 100, p);
        return;
    }

    if (ld.mode == LD_BOARD) {
        while ((p = ld_find(p, last, "\"id\":\"shape:")) != NULL) {
            c->reply_shapes++;
            p++;
        }
    }

    c->state = LD_JOINED;
    ld_send_setup(c);
}


static void
ld_deliveries(ld_conn_t *c, const char *p, const char *last)
{
    for ( ;; ) {

        p = ld_find(p, last, "\"x\":");

        if (p == NULL || last - p < LD_STAMP_LEN + 16) {
            return;
        }

        p += 4;

        if (*p == '[') {
            p += sizeof("[\"put\",") - 1;
        }

        if ((*p == '5' || *p == '6') && ld_is_stamp(p)) {
            ld_delivered(c, p);
        }
    }
}


/* All digits, and no more of them: any other coordinate is shorter. */

static unsigned
ld_is_stamp(const char *p)
{
    unsigned  i;

    for (i = 0; i < LD_STAMP_LEN; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return 0;
        }
    }

    return p[i] == ',' || p[i] == ']' || p[i] == '}';
}


static void
ld_delivered(ld_conn_t *c, const char *p)
{
    unsigned    i, kind, id, seq;
    uint32_t   *seen;
    uint64_t    sent;
    ld_conn_t  *sender;

    kind = (unsigned) (*p - '5');
    id = 0;
    seq = 0;

    for (i = 1; i < 5; i++) {
        id = id * 10 + (unsigned) (p[i] - '0');
    }

    for ( /* void */ ; i < LD_STAMP_LEN - 1; i++) {
        seq = seq * 10 + (unsigned) (p[i] - '0');
    }

    if (id >= ld.nconns || c->seen[kind] == NULL) {
        ld_fail("client %u: a stamp that nobody sent: %.12s", c->id, p);
        return;
    }

    sender = &ld.conns[id];

    if (sender->room != c->room || sender == c || seq > sender->seq[kind]) {
        ld_fail("client %u: a stamp out of place: %.12s", c->id, p);
        return;
    }

    seen = &c->seen[kind][sender->slot];

    if (seq <= *seen) {
        ld_error("client %u: push %u of client %u came after %u", c->id, seq,
                 id, *seen);
        return;
    }

    ld.skipped[kind] += seq - *seen - 1;
    *seen = seq;

    if (ld.now >= ld.t_start && ld.now < ld.t_end) {
        ld.received++;
    }

    sent = sender->sent[kind][seq & (LD_RING - 1)];

    if (sent >= ld.t_start && sent < ld.t_end) {
        ld.delivered[kind]++;
        ld_hist_add(&ld_delivery[kind], ld.now - sent);
    }
}


static void
ld_results(ld_conn_t *c, const char *p, const char *last)
{
    uint32_t     clock;
    unsigned     results, commits, setup;
    ld_push_t   *push;
    const char  *start;

    start = p;
    results = 0;
    setup = 0;

    while ((p = ld_find(p, last, "\"clientClock\":")) != NULL) {

        p += sizeof("\"clientClock\":") - 1;
        clock = 0;

        while (p < last && *p >= '0' && *p <= '9') {
            clock = clock * 10 + (uint32_t) (*p++ - '0');
        }

        if (c->answered == c->clock || clock != c->answered) {
            ld_fail("client %u: result of push %u, expected that of %u",
                    c->id, clock, c->answered);
            return;
        }

        push = &c->pushes[clock & (LD_RING - 1)];
        c->answered++;
        results++;

        if (push->kind == LD_SETUP) {
            setup++;
            continue;
        }

        ld.answered++;

        if (push->time >= ld.t_start && push->time < ld.t_end) {
            ld_hist_add(&ld_answer[push->kind], ld.now - push->time);
        }
    }

    if (results == setup) {
        return;
    }

    commits = 0;

    p = start;

    while ((p = ld_find(p, last, "\"action\":\"commit\"")) != NULL) {
        commits++;
        p++;
    }

    if (commits < results - setup) {
        ld_fail("client %u: a push was not answered by commit: %.*s", c->id,
                last - start < 100 ? (int) (last - start) : 100, start);
    }
}
