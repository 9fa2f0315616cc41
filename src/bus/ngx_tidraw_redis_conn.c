
/*
 * One connection to Redis: bytes by nginx, replies by hiredis.
 *
 * Whatever goes wrong is told by ngx_tidraw_redis_failed(), at the end of a
 * handler and never from inside of a reply.  Nothing that Redis sends may do
 * more than end the connection.
 */


#include "ngx_tidraw_redis.h"


#define NGX_TIDRAW_REDIS_BUDGET     64            /* reads in one go */
#define NGX_TIDRAW_REDIS_ELEMENTS   16            /* of an array */
#define NGX_TIDRAW_REDIS_IN         (1024 * 1024) /* of one reply */
#define NGX_TIDRAW_REDIS_KEEP       65536         /* of an empty buffer */


#if (HIREDIS_MAJOR >= 1)
typedef size_t  ngx_tidraw_redis_size_t;
#else
typedef int     ngx_tidraw_redis_size_t;
#endif


static void *ngx_tidraw_redis_array(const redisReadTask *task,
    ngx_tidraw_redis_size_t n);
static void ngx_tidraw_redis_connected(ngx_event_t *ev);
static void ngx_tidraw_redis_greet(ngx_tidraw_redis_conn_t *rc);
static void ngx_tidraw_redis_word(ngx_str_t *word, const char *text);
static void ngx_tidraw_redis_read(ngx_event_t *rev);
static ngx_int_t ngx_tidraw_redis_replies(ngx_tidraw_redis_conn_t *rc,
    char *error);
static ngx_int_t ngx_tidraw_redis_reply(ngx_tidraw_redis_conn_t *rc,
    redisReply *reply, char *error);
static ngx_int_t ngx_tidraw_redis_push(ngx_tidraw_redis_conn_t *rc,
    redisReply *reply);
static void ngx_tidraw_redis_write(ngx_event_t *wev);
static void ngx_tidraw_redis_flush_handler(ngx_event_t *ev);

#if (NGX_SSL)
static ngx_int_t ngx_tidraw_redis_handshake(ngx_tidraw_redis_conn_t *rc);
static void ngx_tidraw_redis_handshaken(ngx_connection_t *c);
#endif


static u_char  ngx_tidraw_redis_in[16384];

/* what is wrong with a connection is logged once, and not by nginx */

static ngx_log_t  ngx_tidraw_redis_quiet;

static void  *(*ngx_tidraw_redis_default_array)(const redisReadTask *task,
                                                ngx_tidraw_redis_size_t n);


ngx_int_t
ngx_tidraw_redis_connect(ngx_tidraw_redis_conn_t *rc,
    struct sockaddr *sockaddr, socklen_t socklen)
{
    ngx_int_t               n;
    ngx_connection_t       *c;
    ngx_peer_connection_t   peer;

    rc->name = rc->redis->conf.host;

    rc->reader = redisReaderCreate();
    if (rc->reader == NULL) {
        return NGX_ERROR;
    }

    /* an announced length alone must not take memory */

    rc->fn = *rc->reader->fn;
    ngx_tidraw_redis_default_array = rc->fn.createArray;
    rc->fn.createArray = ngx_tidraw_redis_array;
    rc->reader->fn = &rc->fn;

    ngx_tidraw_redis_quiet = *rc->redis->site->log;
    ngx_tidraw_redis_quiet.log_level = NGX_LOG_STDERR;

    ngx_memzero(&peer, sizeof(ngx_peer_connection_t));

    peer.sockaddr = sockaddr;
    peer.socklen = socklen;
    peer.name = &rc->name;
    peer.get = ngx_event_get_peer;
    peer.log = &ngx_tidraw_redis_quiet;
    peer.log_error = NGX_ERROR_IGNORE_ECONNRESET;

    n = ngx_event_connect_peer(&peer);

    c = peer.connection;
    rc->connection = c;

    if (n == NGX_ERROR || n == NGX_DECLINED || n == NGX_BUSY) {
        return NGX_ERROR;
    }

    c->data = rc;
    c->read->handler = ngx_tidraw_redis_connected;
    c->write->handler = ngx_tidraw_redis_connected;

    c->pool = ngx_create_pool(512, c->log);
    if (c->pool == NULL) {
        return NGX_ERROR;
    }

    rc->flush.handler = ngx_tidraw_redis_flush_handler;
    rc->flush.data = c;
    rc->flush.log = c->log;

    if (n == NGX_OK) {

        /* a Unix socket; not from inside of this call */

        ngx_post_event(c->write, &ngx_posted_events);
    }

    return NGX_OK;
}


static void *
ngx_tidraw_redis_array(const redisReadTask *task, ngx_tidraw_redis_size_t n)
{
    if (n > NGX_TIDRAW_REDIS_ELEMENTS) {
        return NULL;
    }

    return ngx_tidraw_redis_default_array(task, n);
}


void
ngx_tidraw_redis_disconnect(ngx_tidraw_redis_conn_t *rc)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    c = rc->connection;

    if (c) {

#if (NGX_SSL)
        if (c->ssl) {
            c->ssl->no_wait_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }
#endif

        pool = c->pool;
        ngx_close_connection(c);

        if (pool) {
            ngx_destroy_pool(pool);
        }

        rc->connection = NULL;
    }

    if (rc->flush.posted) {
        ngx_delete_posted_event(&rc->flush);
    }

    if (rc->reader) {
        redisReaderFree(rc->reader);
        rc->reader = NULL;
    }

    if (rc->out) {
        ngx_free(rc->out);
        rc->out = NULL;
    }

    rc->pos = 0;
    rc->last = 0;
    rc->size = 0;
    rc->greeting = 0;
    rc->connected = 0;
    rc->ready = 0;
}


static void
ngx_tidraw_redis_connected(ngx_event_t *ev)
{
    int                       err;
    socklen_t                 len;
    ngx_connection_t         *c;
    ngx_tidraw_redis_conn_t  *rc;

    c = ev->data;
    rc = c->data;

    err = 0;
    len = sizeof(int);

    if (c->close
        || getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1
        || err)
    {
        ngx_tidraw_redis_failed(rc->redis, err, "connect() failed");
        return;
    }

    c->read->handler = ngx_tidraw_redis_read;
    c->write->handler = ngx_tidraw_redis_write;

    if (rc->redis->conf.addr.sockaddr == NULL
        || rc->redis->conf.addr.sockaddr->sa_family != AF_UNIX)
    {
        (void) ngx_tcp_nodelay(c);
    }

#if (NGX_SSL)
    if (rc->redis->conf.ssl) {
        if (ngx_tidraw_redis_handshake(rc) != NGX_OK) {
            ngx_tidraw_redis_failed(rc->redis, 0, "TLS cannot be started");
        }

        return;
    }
#endif

    ngx_tidraw_redis_greet(rc);
}


#if (NGX_SSL)

static ngx_int_t
ngx_tidraw_redis_handshake(ngx_tidraw_redis_conn_t *rc)
{
    char               *host;
    ngx_int_t           n;
    ngx_connection_t   *c;
    X509_VERIFY_PARAM  *param;

    c = rc->connection;
    host = (char *) rc->redis->conf.host.data;

    if (ngx_ssl_create_connection(rc->redis->conf.ssl, c,
                                  NGX_SSL_BUFFER|NGX_SSL_CLIENT)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    param = SSL_get0_param(c->ssl->connection);

    if (rc->redis->conf.name) {
        if (SSL_set_tlsext_host_name(c->ssl->connection, host) != 1
            || X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
        {
            return NGX_ERROR;
        }

    } else if (X509_VERIFY_PARAM_set1_ip_asc(param, host) != 1) {
        return NGX_ERROR;
    }

    /* its errors and its end are ours to tell, its time is the timer's */

    c->ssl->handler = ngx_tidraw_redis_handshaken;

    n = ngx_ssl_handshake(c);

    if (n == NGX_AGAIN) {
        return NGX_OK;
    }

    /* also when it failed at once */

    ngx_tidraw_redis_handshaken(c);

    return NGX_OK;
}


static void
ngx_tidraw_redis_handshaken(ngx_connection_t *c)
{
    long                      rc;
    const char               *reason;
    ngx_tidraw_redis_conn_t  *conn;

    conn = c->data;

    if (!c->ssl->handshaked) {
        reason = "TLS handshake failed";

        rc = SSL_get_verify_result(c->ssl->connection);

        if (rc != X509_V_OK) {
            reason = X509_verify_cert_error_string(rc);
        }

        ngx_tidraw_redis_failed(conn->redis, 0, reason);
        return;
    }

    c->read->handler = ngx_tidraw_redis_read;
    c->write->handler = ngx_tidraw_redis_write;

    ngx_tidraw_redis_greet(conn);
}

#endif


/* The last of these commands is what the connection is for. */

static void
ngx_tidraw_redis_greet(ngx_tidraw_redis_conn_t *rc)
{
    u_char                    number[NGX_INT_T_LEN];
    ngx_str_t                 words[3];
    ngx_uint_t                n;
    ngx_tidraw_redis_conf_t  *conf;

    conf = &rc->redis->conf;
    rc->connected = 1;

    if (conf->password.len) {
        n = 0;
        ngx_tidraw_redis_word(&words[n++], "AUTH");

        if (conf->user.len) {
            words[n++] = conf->user;
        }

        words[n++] = conf->password;

        (void) ngx_tidraw_redis_command(rc, words, n);
        rc->greeting++;
    }

    if (conf->db) {
        ngx_tidraw_redis_word(&words[0], "SELECT");
        words[1].data = number;
        words[1].len = ngx_sprintf(number, "%ui", conf->db) - number;

        (void) ngx_tidraw_redis_command(rc, words, 2);
        rc->greeting++;
    }

    if (rc->listens) {
        ngx_tidraw_redis_word(&words[0], "SUBSCRIBE");
        words[1] = rc->redis->own;
        words[2] = rc->redis->channel;

        (void) ngx_tidraw_redis_command(rc, words, 3);
        rc->greeting++;

    } else {

        /* says nothing to anybody but whether this user may publish */

        ngx_tidraw_redis_word(&words[0], "PUBLISH");
        words[1] = rc->redis->channel;
        ngx_str_null(&words[2]);

        (void) ngx_tidraw_redis_command(rc, words, 3);
    }

    rc->greeting++;
}


static void
ngx_tidraw_redis_word(ngx_str_t *word, const char *text)
{
    word->data = (u_char *) text;
    word->len = ngx_strlen(text);
}


ngx_int_t
ngx_tidraw_redis_command(ngx_tidraw_redis_conn_t *rc, ngx_str_t *words,
    ngx_uint_t n)
{
    size_t       size, want;
    u_char      *p;
    ngx_uint_t   i;

    if (!rc->connected) {
        return NGX_DECLINED;
    }

    size = 1 + NGX_SIZE_T_LEN + 2;

    for (i = 0; i < n; i++) {
        size += 1 + NGX_SIZE_T_LEN + 2 + words[i].len + 2;
    }

    if (rc->last - rc->pos + size > NGX_TIDRAW_REDIS_OUT) {
        return NGX_DECLINED;
    }

    if (rc->size - rc->last < size) {

        if (rc->pos) {
            ngx_memmove(rc->out, rc->out + rc->pos, rc->last - rc->pos);
            rc->last -= rc->pos;
            rc->pos = 0;
        }

        if (rc->size - rc->last < size) {
            want = ngx_max(rc->size * 2, rc->last + size);

            p = ngx_alloc(want, rc->redis->site->log);
            if (p == NULL) {
                return NGX_DECLINED;
            }

            if (rc->out) {
                ngx_memcpy(p, rc->out, rc->last);
                ngx_free(rc->out);
            }

            rc->out = p;
            rc->size = want;
        }
    }

    p = ngx_sprintf(rc->out + rc->last, "*%ui\r\n", n);

    for (i = 0; i < n; i++) {
        p = ngx_sprintf(p, "$%uz\r\n", words[i].len);
        p = ngx_cpymem(p, words[i].data, words[i].len);
        *p++ = CR;
        *p++ = LF;
    }

    rc->last = p - rc->out;

    /* with all else of this turn of the loop */

    if (rc->connection->write->ready) {
        ngx_post_event(&rc->flush, &ngx_posted_events);
    }

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_redis_flush(ngx_tidraw_redis_conn_t *rc)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = rc->connection;

    while (rc->pos < rc->last) {

        n = c->send(c, rc->out + rc->pos, rc->last - rc->pos);

        if (n == NGX_AGAIN || n == 0) {
            return ngx_handle_write_event(c->write, 0) == NGX_OK ? NGX_AGAIN
                                                                 : NGX_ERROR;
        }

        if (n < 0) {
            return NGX_ERROR;
        }

        rc->pos += n;
    }

    rc->pos = 0;
    rc->last = 0;

    if (rc->size > NGX_TIDRAW_REDIS_KEEP) {
        ngx_free(rc->out);
        rc->out = NULL;
        rc->size = 0;
    }

    return NGX_OK;
}


static void
ngx_tidraw_redis_flush_handler(ngx_event_t *ev)
{
    ngx_int_t                 n;
    ngx_connection_t         *c;
    ngx_tidraw_redis_conn_t  *rc;

    c = ev->data;
    rc = c->data;

    n = ngx_tidraw_redis_flush(rc);

    if (n == NGX_ERROR) {
        ngx_tidraw_redis_failed(rc->redis, 0, "sending failed");

    } else if (n == NGX_OK && !rc->listens) {
        ngx_tidraw_redis_sent(rc->redis);
    }
}


static void
ngx_tidraw_redis_write(ngx_event_t *wev)
{
    ngx_connection_t         *c;
    ngx_tidraw_redis_conn_t  *rc;

    c = wev->data;
    rc = c->data;

    if (rc->connected && rc->pos < rc->last) {
        ngx_tidraw_redis_flush_handler(&rc->flush);
    }
}


static void
ngx_tidraw_redis_read(ngx_event_t *rev)
{
    char                      error[NGX_TIDRAW_REDIS_ERROR];
    ssize_t                   n;
    ngx_uint_t                i;
    ngx_connection_t         *c;
    ngx_tidraw_redis_conn_t  *rc;

    c = rev->data;
    rc = c->data;

    if (c->close) {
        ngx_tidraw_redis_failed(rc->redis, 0, "the worker ends");
        return;
    }

    for (i = 0; i < NGX_TIDRAW_REDIS_BUDGET; i++) {

        n = c->recv(c, ngx_tidraw_redis_in, sizeof(ngx_tidraw_redis_in));

        if (n == NGX_AGAIN) {
            if (ngx_handle_read_event(rev, 0) != NGX_OK) {
                ngx_tidraw_redis_failed(rc->redis, 0, "no event");
            }

            return;
        }

        if (n <= 0) {
            ngx_tidraw_redis_failed(rc->redis, 0, "connection closed");
            return;
        }

        if (redisReaderFeed(rc->reader, (char *) ngx_tidraw_redis_in, n)
            != REDIS_OK)
        {
            ngx_tidraw_redis_failed(rc->redis, 0, "out of memory");
            return;
        }

        if (ngx_tidraw_redis_replies(rc, error) != NGX_OK) {
            ngx_tidraw_redis_failed(rc->redis, 0, error);
            return;
        }
    }

    /* others want to be served, too */

    ngx_post_event(rev, &ngx_posted_next_events);
}


static ngx_int_t
ngx_tidraw_redis_replies(ngx_tidraw_redis_conn_t *rc, char *error)
{
    void       *reply;
    ngx_int_t   n;

    for ( ;; ) {

        if (redisReaderGetReply(rc->reader, &reply) != REDIS_OK) {
            ngx_cpystrn((u_char *) error, (u_char *) "it does not speak the "
                        "protocol of Redis", NGX_TIDRAW_REDIS_ERROR);
            return NGX_ERROR;
        }

        if (reply == NULL) {
            break;
        }

        n = ngx_tidraw_redis_reply(rc, reply, error);

        rc->fn.freeObject(reply);

        if (n != NGX_OK) {
            return n;
        }
    }

    if (rc->reader->len - rc->reader->pos > NGX_TIDRAW_REDIS_IN) {
        ngx_cpystrn((u_char *) error, (u_char *) "a reply is too long",
                    NGX_TIDRAW_REDIS_ERROR);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_redis_reply(ngx_tidraw_redis_conn_t *rc, redisReply *reply,
    char *error)
{
    if (reply->type == REDIS_REPLY_ERROR) {
        ngx_cpystrn((u_char *) error, (u_char *) reply->str,
                    ngx_min((size_t) reply->len + 1, NGX_TIDRAW_REDIS_ERROR));
        return NGX_ERROR;
    }

    if (rc->greeting) {
        rc->greeting--;

        if (rc->greeting) {
            return NGX_OK;
        }

        rc->ready = 1;
        ngx_tidraw_redis_ready(rc->redis);

        return NGX_OK;
    }

    if (!rc->listens) {

        /* how many have heard of it */

        return NGX_OK;
    }

    if (ngx_tidraw_redis_push(rc, reply) != NGX_OK) {
        ngx_cpystrn((u_char *) error, (u_char *) "an unexpected reply",
                    NGX_TIDRAW_REDIS_ERROR);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* [message, channel, bytes], [subscribe, channel, n] or [unsubscribe, …] */

static ngx_int_t
ngx_tidraw_redis_push(ngx_tidraw_redis_conn_t *rc, redisReply *reply)
{
    ngx_str_t     name;
    redisReply  **e;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        return NGX_ERROR;
    }

    e = reply->element;

    if (e[0] == NULL || e[1] == NULL || e[2] == NULL
        || e[0]->type != REDIS_REPLY_STRING
        || e[1]->type != REDIS_REPLY_STRING)
    {
        return NGX_ERROR;
    }

    if (e[0]->len == 7 && ngx_memcmp(e[0]->str, "message", 7) == 0) {

        if (e[2]->type != REDIS_REPLY_STRING) {
            return NGX_ERROR;
        }

        ngx_tidraw_redis_message(rc->redis, (u_char *) e[2]->str, e[2]->len);

        return NGX_OK;
    }

    if (e[0]->len == 9 && ngx_memcmp(e[0]->str, "subscribe", 9) == 0) {
        name.data = (u_char *) e[1]->str;
        name.len = e[1]->len;

        ngx_tidraw_redis_subscribed(rc->redis, &name);
    }

    return NGX_OK;
}
