
/*
 * Redis as the bus between hosts, of one site in one worker: a channel for
 * each open board, one for each worker, and one for control, where every
 * worker also says every two seconds that it lives.  Its own word coming back
 * is how it knows that Redis does.
 *
 * A message is a head and the bytes of the sender; those of one's own host
 * are ignored, the mesh has brought them.  It may be lost or come from
 * anybody who reaches Redis: nothing here or above may depend on it.
 */


#include "ngx_tidraw_redis.h"


#define NGX_TIDRAW_REDIS_MAGIC      0x54645231    /* of this form of head */

#define NGX_TIDRAW_REDIS_CONNECT    3000
#define NGX_TIDRAW_REDIS_DELAY      100
#define NGX_TIDRAW_REDIS_MAX_DELAY  2000
#define NGX_TIDRAW_REDIS_STABLE     10000
#define NGX_TIDRAW_REDIS_FLAPS      5
#define NGX_TIDRAW_REDIS_TELL       60000
#define NGX_TIDRAW_REDIS_BEAT       2000
#define NGX_TIDRAW_REDIS_SILENT     5000          /* Redis is gone */
#define NGX_TIDRAW_REDIS_DEAD       8000          /* a node is gone */
#define NGX_TIDRAW_REDIS_NODES      1024


typedef struct {
    uint32_t                    magic;
    uint16_t                    type;
    uint16_t                    room;         /* bytes of room in the name */
    uint64_t                    host;
    uint64_t                    node;
    u_char                      name[NGX_TIDRAW_ID_LEN + 2];
} ngx_tidraw_redis_head_t;


/* A worker on another host. */

typedef struct {
    ngx_queue_t                 queue;
    uint64_t                    node;
    ngx_msec_t                  heard;
} ngx_tidraw_redis_node_t;


static void ngx_tidraw_redis_timer(ngx_event_t *ev);
static void ngx_tidraw_redis_dial(ngx_tidraw_redis_t *redis,
    struct sockaddr *sockaddr, socklen_t socklen);
static void ngx_tidraw_redis_beat(ngx_event_t *ev);
static void ngx_tidraw_redis_look_after(ngx_tidraw_redis_t *redis);
static size_t ngx_tidraw_redis_channel(ngx_tidraw_redis_t *redis,
    ngx_str_t *room, u_char *p);
static size_t ngx_tidraw_redis_own(ngx_tidraw_redis_t *redis, uint64_t node,
    u_char *p);
static ngx_int_t ngx_tidraw_redis_publish(ngx_tidraw_redis_t *redis,
    ngx_str_t *channel, ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data,
    size_t len);
static void ngx_tidraw_redis_subscribe(ngx_tidraw_site_t *site,
    const char *command, ngx_str_t *room);
static ngx_uint_t ngx_tidraw_redis_turn(ngx_tidraw_redis_t *redis,
    uint64_t number);
static ngx_int_t ngx_tidraw_redis_meet(ngx_tidraw_redis_t *redis,
    uint64_t node);
static void ngx_tidraw_redis_bye(ngx_tidraw_redis_t *redis,
    ngx_tidraw_redis_node_t *node);


static ngx_connection_t  ngx_tidraw_redis_none = { .fd = (ngx_socket_t) -1 };

static u_char  ngx_tidraw_redis_buf[sizeof(ngx_tidraw_redis_head_t)
                                    + NGX_TIDRAW_BUS_MAX];


ngx_int_t
ngx_tidraw_redis_open(ngx_tidraw_site_t *site, ngx_str_t *id)
{
    u_char              *p;
    ngx_tidraw_redis_t  *redis;

    redis = site->redis;

    if (redis->open || id->len == 0 || id->len > NGX_TIDRAW_REDIS_NAME) {
        return NGX_ERROR;
    }

    redis->site = site;
    redis->open = 1;

    redis->listen.redis = redis;
    redis->listen.listens = 1;
    redis->speak.redis = redis;

    p = ngx_sprintf(redis->channel_data, "tidraw:%ui:%V", redis->conf.db, id);

    redis->channel.data = redis->channel_data;
    redis->channel.len = p - redis->channel_data;

    redis->own.data = redis->own_data;
    redis->own.len = ngx_tidraw_redis_own(redis, ngx_tidraw_bus_number,
                                          redis->own_data);

    ngx_queue_init(&redis->nodes);

    redis->timer.handler = ngx_tidraw_redis_timer;
    redis->timer.data = &ngx_tidraw_redis_none;
    redis->timer.log = site->log;
    redis->timer.cancelable = 1;

    redis->beat.handler = ngx_tidraw_redis_beat;
    redis->beat.data = &ngx_tidraw_redis_none;
    redis->beat.log = site->log;
    redis->beat.cancelable = 1;

    redis->ticked = ngx_current_msec;

    ngx_add_timer(&redis->timer, 1);
    ngx_add_timer(&redis->beat, NGX_TIDRAW_REDIS_BEAT);

    return NGX_OK;
}


ngx_uint_t
ngx_tidraw_redis_up(ngx_tidraw_site_t *site)
{
    return site->redis != NULL && site->redis->up;
}


void
ngx_tidraw_redis_close(ngx_tidraw_site_t *site)
{
    ngx_queue_t         *q;
    ngx_tidraw_redis_t  *redis;

    redis = site->redis;

    if (redis == NULL || !redis->open) {
        return;
    }

    /* others need not wait for our silence */

    if (ngx_tidraw_redis_send(site, NGX_TIDRAW_BUS_BYE, NULL, NULL, 0)
        == NGX_OK)
    {
        (void) ngx_tidraw_redis_flush(&redis->speak);
    }

    ngx_tidraw_redis_disconnect(&redis->listen);
    ngx_tidraw_redis_disconnect(&redis->speak);

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    if (redis->beat.timer_set) {
        ngx_del_timer(&redis->beat);
    }

    while (!ngx_queue_empty(&redis->nodes)) {
        q = ngx_queue_head(&redis->nodes);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_tidraw_redis_node_t, queue));
    }

    /* a look-up that still runs ends with the process */

    if (redis->names && !redis->names->busy) {
        ngx_free(redis->names);
        redis->names = NULL;
    }

    redis->open = 0;
    redis->up = 0;
}


/* Time to connect, or too much time went by connecting. */

static void
ngx_tidraw_redis_timer(ngx_event_t *ev)
{
    ngx_uint_t                 n;
    ngx_tidraw_redis_t        *redis;
    ngx_tidraw_redis_names_t  *names;

    redis = (ngx_tidraw_redis_t *)
                ((u_char *) ev - offsetof(ngx_tidraw_redis_t, timer));

    if (redis->listen.connection || redis->speak.connection) {
        ngx_tidraw_redis_failed(redis, NGX_ETIMEDOUT, "connecting failed");
        return;
    }

    if (!redis->conf.name) {
        ngx_tidraw_redis_dial(redis, redis->conf.addr.sockaddr,
                              redis->conf.addr.socklen);
        return;
    }

    names = redis->names;

    if (names && !names->busy && names->next < names->n) {
        n = names->next++;
        ngx_tidraw_redis_dial(redis, &names->addrs[n].sockaddr,
                              names->lens[n]);
        return;
    }

    if (ngx_tidraw_redis_look_up(redis) != NGX_OK) {
        ngx_tidraw_redis_failed(redis, 0, "no thread to look its name up");
    }
}


void
ngx_tidraw_redis_looked_up(ngx_tidraw_redis_t *redis)
{
    if (!redis->open) {
        return;
    }

    if (redis->names->n == 0) {
        ngx_tidraw_redis_failed(redis, 0, redis->names->error);
        return;
    }

    ngx_tidraw_redis_timer(&redis->timer);
}


static void
ngx_tidraw_redis_dial(ngx_tidraw_redis_t *redis, struct sockaddr *sockaddr,
    socklen_t socklen)
{
    if (ngx_tidraw_redis_connect(&redis->listen, sockaddr, socklen) != NGX_OK
        || ngx_tidraw_redis_connect(&redis->speak, sockaddr, socklen)
           != NGX_OK)
    {
        ngx_tidraw_redis_failed(redis, ngx_socket_errno, "connect() failed");
        return;
    }

    ngx_add_timer(&redis->timer, NGX_TIDRAW_REDIS_CONNECT);
}


void
ngx_tidraw_redis_ready(ngx_tidraw_redis_t *redis)
{
    ngx_uint_t  again;

    if (!redis->listen.ready || !redis->speak.ready) {
        return;
    }

    ngx_del_timer(&redis->timer);

    redis->up = 1;
    redis->lost = 0;
    redis->since = ngx_current_msec;
    redis->heard = ngx_current_msec;

    if (redis->names) {

        /* what works is tried first the next time, too */

        redis->names->next = 0;
        redis->names->n = 0;
    }

    again = redis->down;

    if (redis->told) {
        ngx_tidraw_log(NGX_LOG_NOTICE, redis->site->log, 0, "redis_back",
                       "host=%V", &redis->conf.host);
    }

    redis->down = 0;
    redis->told = 0;

    (void) ngx_tidraw_redis_send(redis->site, NGX_TIDRAW_BUS_MISSED, NULL,
                                 (u_char *) "1", again);

    ngx_tidraw_bus_handlers->ready(redis->site, again);
}


void
ngx_tidraw_redis_failed(ngx_tidraw_redis_t *redis, ngx_err_t err,
    const char *reason)
{
    ngx_msec_t                 delay;
    ngx_tidraw_redis_names_t  *names;

    if (redis->up) {
        redis->flaps++;

        if (ngx_current_msec - redis->since > NGX_TIDRAW_REDIS_STABLE) {
            redis->delay = 0;
            redis->flaps = 0;
        }
    }

    /* one that comes and goes does not fill the log */

    if (!redis->down
        && (redis->flaps < NGX_TIDRAW_REDIS_FLAPS
            || ngx_current_msec - redis->tells > NGX_TIDRAW_REDIS_TELL))
    {
        ngx_tidraw_log(NGX_LOG_ERR, redis->site->log, err, "redis_away",
                       "host=%V error=%s", &redis->conf.host, reason);
        redis->told = 1;
        redis->tells = ngx_current_msec;
    }

    redis->down = 1;
    redis->up = 0;

    ngx_tidraw_redis_disconnect(&redis->listen);
    ngx_tidraw_redis_disconnect(&redis->speak);

    redis->delay = redis->delay == 0 ? NGX_TIDRAW_REDIS_DELAY
                       : ngx_min(redis->delay * 2, NGX_TIDRAW_REDIS_MAX_DELAY);

    /* all workers and hosts see it go at once, and need not return so */

    delay = redis->delay / 2 + ngx_random() % (redis->delay / 2 + 1);

    names = redis->names;

    if (names && !names->busy && names->next && names->next < names->n) {
        delay = 1;
    }

    ngx_add_timer(&redis->timer, delay);
}


static void
ngx_tidraw_redis_beat(ngx_event_t *ev)
{
    ngx_msec_t                late;
    ngx_queue_t              *q;
    ngx_tidraw_redis_t       *redis;
    ngx_tidraw_redis_node_t  *node;

    redis = (ngx_tidraw_redis_t *)
                ((u_char *) ev - offsetof(ngx_tidraw_redis_t, beat));

    late = ngx_current_msec - redis->ticked;
    redis->ticked = ngx_current_msec;

    ngx_add_timer(ev, NGX_TIDRAW_REDIS_BEAT);

    if (late > 2 * NGX_TIDRAW_REDIS_BEAT) {

        /*
         * It is us who were away: what others said meanwhile is still to be
         * read, and some may have given us up.
         */

        for (q = ngx_queue_head(&redis->nodes);
             q != ngx_queue_sentinel(&redis->nodes);
             q = ngx_queue_next(q))
        {
            node = ngx_queue_data(q, ngx_tidraw_redis_node_t, queue);
            node->heard = ngx_current_msec;
        }

        redis->heard = ngx_current_msec;
        redis->lost = 1;
    }

    if (redis->up) {
        (void) ngx_tidraw_redis_send(redis->site, NGX_TIDRAW_BUS_BEAT, NULL,
                                     NULL, 0);
    }

    ngx_tidraw_redis_look_after(redis);

    if (redis->up
        && ngx_current_msec - redis->heard > NGX_TIDRAW_REDIS_SILENT)
    {
        ngx_tidraw_redis_failed(redis, 0, "it is silent");
    }
}


/* Workers that have been silent for too long; they are at the end. */

static void
ngx_tidraw_redis_look_after(ngx_tidraw_redis_t *redis)
{
    ngx_queue_t              *q;
    ngx_tidraw_redis_node_t  *node;

    while (!ngx_queue_empty(&redis->nodes)) {

        q = ngx_queue_last(&redis->nodes);
        node = ngx_queue_data(q, ngx_tidraw_redis_node_t, queue);

        if (ngx_current_msec - node->heard
            < NGX_TIDRAW_REDIS_DEAD - NGX_TIDRAW_REDIS_BEAT / 2)
        {
            return;
        }

        ngx_tidraw_log(NGX_LOG_INFO, redis->site->log, 0, "host_gone", "");

        ngx_tidraw_redis_bye(redis, node);
    }
}


static size_t
ngx_tidraw_redis_channel(ngx_tidraw_redis_t *redis, ngx_str_t *room, u_char *p)
{
    u_char  *last;

    last = ngx_cpymem(p, redis->channel.data, redis->channel.len);

    *last++ = ':';
    last = ngx_cpymem(last, room->data, room->len);

    return last - p;
}


static size_t
ngx_tidraw_redis_own(ngx_tidraw_redis_t *redis, uint64_t node, u_char *p)
{
    return ngx_sprintf(p, "%V:%016xL", &redis->channel, node) - p;
}


void
ngx_tidraw_redis_join(ngx_tidraw_site_t *site, ngx_str_t *room)
{
    ngx_tidraw_redis_subscribe(site, "SUBSCRIBE", room);
}


void
ngx_tidraw_redis_leave(ngx_tidraw_site_t *site, ngx_str_t *room)
{
    ngx_tidraw_redis_subscribe(site, "UNSUBSCRIBE", room);
}


/* While Redis is away there is nothing to do: ready() has all rooms join. */

static void
ngx_tidraw_redis_subscribe(ngx_tidraw_site_t *site, const char *command,
    ngx_str_t *room)
{
    u_char      channel[NGX_TIDRAW_REDIS_CHANNEL];
    ngx_str_t   words[2];

    if (!site->redis->up || room->len != NGX_TIDRAW_ID_LEN) {
        return;
    }

    words[0].data = (u_char *) command;
    words[0].len = ngx_strlen(command);
    words[1].data = channel;
    words[1].len = ngx_tidraw_redis_channel(site->redis, room, channel);

    (void) ngx_tidraw_redis_command(&site->redis->listen, words, 2);
}


void
ngx_tidraw_redis_subscribed(ngx_tidraw_redis_t *redis, ngx_str_t *name)
{
    ngx_str_t  room;

    if (!redis->up || name->len != redis->channel.len + 1 + NGX_TIDRAW_ID_LEN)
    {
        return;
    }

    room.data = name->data + redis->channel.len + 1;
    room.len = NGX_TIDRAW_ID_LEN;

    /* only now the answers will be heard */

    (void) ngx_tidraw_redis_send(redis->site, NGX_TIDRAW_BUS_HELLO, &room,
                                 NULL, 0);

    ngx_tidraw_bus_handlers->missed(redis->site, &room);
}


ngx_int_t
ngx_tidraw_redis_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len)
{
    u_char               name[NGX_TIDRAW_REDIS_CHANNEL];
    ngx_str_t            channel;
    ngx_tidraw_redis_t  *redis;

    redis = site->redis;
    channel = redis->channel;

    if (room
        && room->len == NGX_TIDRAW_ID_LEN
        && type != NGX_TIDRAW_BUS_CONTROL)
    {
        channel.data = name;
        channel.len = ngx_tidraw_redis_channel(redis, room, channel.data);
    }

    return ngx_tidraw_redis_publish(redis, &channel, type, room, data, len);
}


/* Of a worker that has not been heard of nothing is known. */

ngx_int_t
ngx_tidraw_redis_answer(ngx_tidraw_site_t *site, uint64_t number,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len)
{
    u_char                    own[NGX_TIDRAW_REDIS_CHANNEL];
    ngx_str_t                 channel;
    ngx_queue_t              *q;
    ngx_tidraw_redis_t       *redis;
    ngx_tidraw_redis_node_t  *node;

    redis = site->redis;

    if (!redis->up) {
        return NGX_DECLINED;
    }

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_tidraw_redis_node_t, queue);

        if (node->node == number) {
            channel.data = own;
            channel.len = ngx_tidraw_redis_own(redis, number, own);

            return ngx_tidraw_redis_publish(redis, &channel, type, room, data,
                                            len);
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_tidraw_redis_publish(ngx_tidraw_redis_t *redis, ngx_str_t *channel,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len)
{
    ngx_str_t                words[3];
    ngx_tidraw_redis_head_t  head;

    if (!redis->up || len > NGX_TIDRAW_BUS_MAX) {
        return NGX_DECLINED;
    }

    ngx_memzero(&head, sizeof(ngx_tidraw_redis_head_t));

    head.magic = NGX_TIDRAW_REDIS_MAGIC;
    head.type = type;
    head.host = ngx_tidraw_mesh_host();
    head.node = ngx_tidraw_bus_number;

    ngx_str_set(&words[0], "PUBLISH");
    words[1] = *channel;

    if (room && room->len == NGX_TIDRAW_ID_LEN) {
        head.room = room->len;
        ngx_memcpy(head.name, room->data, room->len);
    }

    ngx_memcpy(ngx_tidraw_redis_buf, &head, sizeof(ngx_tidraw_redis_head_t));

    if (len) {
        ngx_memcpy(ngx_tidraw_redis_buf + sizeof(ngx_tidraw_redis_head_t),
                   data, len);
    }

    words[2].data = ngx_tidraw_redis_buf;
    words[2].len = sizeof(ngx_tidraw_redis_head_t) + len;

    if (ngx_tidraw_redis_command(&redis->speak, words, 3) != NGX_OK) {
        redis->lost = 1;
        return NGX_DECLINED;
    }

    return NGX_OK;
}


void
ngx_tidraw_redis_sent(ngx_tidraw_redis_t *redis)
{
    if (redis->up && redis->lost) {
        redis->lost = 0;

        (void) ngx_tidraw_redis_send(redis->site, NGX_TIDRAW_BUS_MISSED, NULL,
                                     (u_char *) "1", 1);
    }
}


void
ngx_tidraw_redis_message(ngx_tidraw_redis_t *redis, u_char *data, size_t len)
{
    ngx_tidraw_redis_head_t   head;
    ngx_tidraw_bus_message_t  m;

    if (len < sizeof(ngx_tidraw_redis_head_t)
        || len > sizeof(ngx_tidraw_redis_head_t) + NGX_TIDRAW_BUS_MAX)
    {
        return;
    }

    ngx_memcpy(&head, data, sizeof(ngx_tidraw_redis_head_t));

    if (head.magic != NGX_TIDRAW_REDIS_MAGIC
        || (head.room != 0 && head.room != NGX_TIDRAW_ID_LEN))
    {
        return;
    }

    if (head.node == ngx_tidraw_bus_number) {
        redis->heard = ngx_current_msec;
        return;
    }

    if (head.host == ngx_tidraw_mesh_host()
        || ngx_tidraw_redis_meet(redis, head.node) != NGX_OK)
    {
        return;
    }

    switch (head.type) {

    case NGX_TIDRAW_BUS_HELLO:
    case NGX_TIDRAW_BUS_ITEMS:
    case NGX_TIDRAW_BUS_MISSED:
    case NGX_TIDRAW_BUS_CONTROL:
    case NGX_TIDRAW_BUS_PEOPLE:
        break;

    case NGX_TIDRAW_BUS_BYE:

        /* it is the first one: we have just heard of it */

        ngx_tidraw_redis_bye(redis,
                             ngx_queue_data(ngx_queue_head(&redis->nodes),
                                            ngx_tidraw_redis_node_t, queue));
        return;

    default: /* NGX_TIDRAW_BUS_BEAT, and what newer ones may say */
        return;
    }

    m.type = head.type;
    m.node = head.node;
    m.turn = ngx_tidraw_redis_turn(redis, head.node);
    m.room.data = head.name;
    m.room.len = head.room;
    m.data = data + sizeof(ngx_tidraw_redis_head_t);
    m.len = len - sizeof(ngx_tidraw_redis_head_t);

    ngx_tidraw_bus_handlers->receive(redis->site, &m);
}


/* In the order of their numbers. */

static ngx_uint_t
ngx_tidraw_redis_turn(ngx_tidraw_redis_t *redis, uint64_t number)
{
    ngx_uint_t                n;
    ngx_queue_t              *q;
    ngx_tidraw_redis_node_t  *node;

    n = 0;

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_tidraw_redis_node_t, queue);

        if (node->node != number
            && node->node - number < ngx_tidraw_bus_number - number)
        {
            n++;
        }
    }

    return n;
}


static ngx_int_t
ngx_tidraw_redis_meet(ngx_tidraw_redis_t *redis, uint64_t number)
{
    ngx_queue_t              *q;
    ngx_tidraw_redis_node_t  *node;

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_tidraw_redis_node_t, queue);

        if (node->node == number) {
            ngx_queue_remove(q);
            goto found;
        }
    }

    /* of one that we cannot count we would never know that it is gone */

    if (redis->nnodes >= NGX_TIDRAW_REDIS_NODES) {
        return NGX_DECLINED;
    }

    node = ngx_alloc(sizeof(ngx_tidraw_redis_node_t), redis->site->log);
    if (node == NULL) {
        return NGX_DECLINED;
    }

    node->node = number;
    redis->nnodes++;

found:

    node->heard = ngx_current_msec;
    ngx_queue_insert_head(&redis->nodes, &node->queue);

    return NGX_OK;
}


static void
ngx_tidraw_redis_bye(ngx_tidraw_redis_t *redis, ngx_tidraw_redis_node_t *node)
{
    uint64_t  number;

    number = node->node;

    ngx_queue_remove(&node->queue);
    redis->nnodes--;
    ngx_free(node);

    ngx_tidraw_bus_handlers->gone(redis->site, number);
}
