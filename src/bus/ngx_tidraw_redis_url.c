
/*
 * The URL of a Redis, and the look-up of the host it names: in a thread, and
 * before each attempt, since the address of a fail-over host changes.
 *
 * Nothing here repeats the URL: it may hold a password.
 */


#include "ngx_tidraw_redis.h"

#include <netdb.h>


#define NGX_TIDRAW_REDIS_PORT   6379


static char *ngx_tidraw_redis_parse(ngx_conf_t *cf,
    ngx_tidraw_redis_conf_t *conf, u_char *p, u_char *last);
static ngx_int_t ngx_tidraw_redis_decode(ngx_conf_t *cf, ngx_str_t *value,
    u_char *p, u_char *last);
static ngx_int_t ngx_tidraw_redis_host(ngx_conf_t *cf,
    ngx_tidraw_redis_conf_t *conf, u_char *p, u_char *last);
static char *ngx_tidraw_redis_unix(ngx_conf_t *cf,
    ngx_tidraw_redis_conf_t *conf, u_char *p, size_t len);
static char *ngx_tidraw_redis_tls(ngx_conf_t *cf,
    ngx_tidraw_redis_conf_t *conf);
static void ngx_tidraw_redis_look_up_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_redis_look_up_done(ngx_event_t *ev);


static char  ngx_tidraw_redis_form[] =
    "it must look like \"redis://[[user]:password@]host[:port][/db]\", "
    "\"rediss://\" and the same for TLS, \"unix:/path\" or \"off\"";

static char  ngx_tidraw_redis_nomem[] = "out of memory";


char *
ngx_tidraw_redis_configure(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *url)
{
    char                     *err;
    u_char                   *p, *last;
    ngx_uint_t                i, tls;
    ngx_tidraw_redis_t       *redis;
    ngx_tidraw_redis_conf_t  *conf;

    p = url->data;
    last = p + url->len;

    /* of the rest no letter can be wrong unseen */

    for (i = 0; i < url->len; i++) {
        if (p[i] <= ' ' || p[i] == 0x7f) {
            return ngx_tidraw_redis_form;
        }
    }

    redis = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_redis_t));
    if (redis == NULL) {
        return ngx_tidraw_redis_nomem;
    }

    conf = &redis->conf;

    if (url->len > 5 && ngx_strncmp(p, "unix:", 5) == 0) {
        err = ngx_tidraw_redis_unix(cf, conf, p + 5, url->len - 5);

    } else {
        tls = 0;

        if (url->len > 8 && ngx_strncmp(p, "redis://", 8) == 0) {
            p += 8;

        } else if (url->len > 9 && ngx_strncmp(p, "rediss://", 9) == 0) {
            p += 9;
            tls = 1;

        } else {
            return ngx_tidraw_redis_form;
        }

        err = ngx_tidraw_redis_parse(cf, conf, p, last);

        if (err == NULL && tls) {
            err = ngx_tidraw_redis_tls(cf, conf);
        }
    }

    if (err == NULL) {
        site->redis = redis;
    }

    return err;
}


static char *
ngx_tidraw_redis_parse(ngx_conf_t *cf, ngx_tidraw_redis_conf_t *conf,
    u_char *p, u_char *last)
{
    u_char     *at, *colon, *slash, *end;
    ngx_int_t   n;

    at = NULL;

    for (end = p; end < last && *end != '/'; end++) {
        if (*end == '@') {
            at = end;
        }
    }

    if (at) {
        colon = ngx_strlchr(p, at, ':');

        if (colon == NULL
            || colon + 1 == at
            || ngx_tidraw_redis_decode(cf, &conf->user, p, colon) != NGX_OK
            || ngx_tidraw_redis_decode(cf, &conf->password, colon + 1, at)
               != NGX_OK)
        {
            return ngx_tidraw_redis_form;
        }

        p = at + 1;
    }

    slash = end;

    if (slash + 1 < last) {
        n = ngx_atoi(slash + 1, last - slash - 1);

        if (n == NGX_ERROR || n > 1000000) {
            return "the database after \"/\" must be a number";
        }

        conf->db = n;
    }

    /* [address]:port, or host:port */

    end = slash;

    if (p < slash && *p == '[') {
        colon = ngx_strlchr(p, slash, ']');

        if (colon == NULL) {
            return ngx_tidraw_redis_form;
        }

        end = colon++;
        p++;

        if (colon < slash && *colon != ':') {
            return ngx_tidraw_redis_form;
        }

    } else {
        colon = ngx_strlchr(p, slash, ':');

        if (colon) {
            end = colon;

        } else {
            colon = slash;
        }
    }

    conf->port = NGX_TIDRAW_REDIS_PORT;

    if (colon < slash) {
        n = ngx_atoi(colon + 1, slash - colon - 1);

        if (n < 1 || n > 65535) {
            return "the port must be a number from 1 to 65535";
        }

        conf->port = (in_port_t) n;
    }

    if (p == end || end - p >= NI_MAXHOST) {
        return ngx_tidraw_redis_form;
    }

    if (ngx_tidraw_redis_host(cf, conf, p, end) != NGX_OK) {
        return ngx_tidraw_redis_nomem;
    }

    return NULL;
}


static ngx_int_t
ngx_tidraw_redis_decode(ngx_conf_t *cf, ngx_str_t *value, u_char *p,
    u_char *last)
{
    u_char     *dst;
    ngx_int_t   c;

    value->data = ngx_pnalloc(cf->pool, last - p + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    dst = value->data;

    while (p < last) {

        if (*p != '%') {
            *dst++ = *p++;
            continue;
        }

        if (last - p < 3 || (c = ngx_hextoi(p + 1, 2)) == NGX_ERROR) {
            return NGX_ERROR;
        }

        *dst++ = (u_char) c;
        p += 3;
    }

    value->len = dst - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_redis_host(ngx_conf_t *cf, ngx_tidraw_redis_conf_t *conf,
    u_char *p, u_char *last)
{
    ngx_int_t  rc;

    conf->host.len = last - p;
    conf->host.data = ngx_pnalloc(cf->pool, conf->host.len + 1);

    if (conf->host.data == NULL) {
        return NGX_ERROR;
    }

    ngx_cpystrn(conf->host.data, p, conf->host.len + 1);

    rc = ngx_parse_addr(cf->pool, &conf->addr, p, last - p);

    if (rc == NGX_OK) {
        ngx_inet_set_port(conf->addr.sockaddr, conf->port);

    } else if (rc == NGX_DECLINED) {
        conf->name = 1;
    }

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static char *
ngx_tidraw_redis_unix(ngx_conf_t *cf, ngx_tidraw_redis_conf_t *conf,
    u_char *p, size_t len)
{
    struct sockaddr_un  *sun;

    if (*p != '/') {
        return "the path of a socket must begin with \"/\"";
    }

    if (len >= sizeof(sun->sun_path)) {
        return "the path of the socket is too long";
    }

    sun = ngx_pcalloc(cf->pool, sizeof(struct sockaddr_un));
    if (sun == NULL) {
        return ngx_tidraw_redis_nomem;
    }

    sun->sun_family = AF_UNIX;
    ngx_memcpy(sun->sun_path, p, len);

    conf->addr.sockaddr = (struct sockaddr *) sun;
    conf->addr.socklen = sizeof(struct sockaddr_un);
    conf->host.data = (u_char *) sun->sun_path;
    conf->host.len = len;

    return NULL;
}


#if (NGX_SSL)

static char *
ngx_tidraw_redis_tls(ngx_conf_t *cf, ngx_tidraw_redis_conf_t *conf)
{
    ngx_pool_cleanup_t  *cln;

    conf->ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (conf->ssl == NULL) {
        return ngx_tidraw_redis_nomem;
    }

    conf->ssl->log = cf->log;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return ngx_tidraw_redis_nomem;
    }

    if (ngx_ssl_create(conf->ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL)
        != NGX_OK)
    {
        return "TLS is not available";
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = conf->ssl;

    /* the system's authorities, or those of SSL_CERT_FILE */

    if (SSL_CTX_set_default_verify_paths(conf->ssl->ctx) != 1) {
        return "the system's certificate authorities cannot be read";
    }

    SSL_CTX_set_verify(conf->ssl->ctx, SSL_VERIFY_PEER, NULL);

    /* what could not be sent yet may be elsewhere when it is tried again */

    SSL_CTX_set_mode(conf->ssl->ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    return NULL;
}

#else

static char *
ngx_tidraw_redis_tls(ngx_conf_t *cf, ngx_tidraw_redis_conf_t *conf)
{
    (void) cf;
    (void) conf;

    return "\"rediss://\" needs an nginx that was built with TLS";
}

#endif


ngx_int_t
ngx_tidraw_redis_look_up(ngx_tidraw_redis_t *redis)
{
    ngx_tidraw_redis_names_t  *names;

    if (redis->names == NULL) {
        names = ngx_calloc(sizeof(ngx_tidraw_redis_names_t),
                           redis->site->log);
        if (names == NULL) {
            return NGX_ERROR;
        }

        names->conf = &redis->conf;
        names->task.ctx = names;
        names->task.handler = ngx_tidraw_redis_look_up_thread;
        names->task.event.data = redis;
        names->task.event.handler = ngx_tidraw_redis_look_up_done;
        names->task.event.log = redis->site->log;

        redis->names = names;
    }

    names = redis->names;

    if (names->busy) {
        return NGX_OK;
    }

    if (ngx_thread_task_post(redis->site->thread_pool, &names->task)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    names->busy = 1;

    return NGX_OK;
}


static void
ngx_tidraw_redis_look_up_done(ngx_event_t *ev)
{
    ngx_tidraw_redis_t  *redis;

    redis = ev->data;
    redis->names->busy = 0;

    ngx_tidraw_redis_looked_up(redis);
}


/* In a thread. */

static void
ngx_tidraw_redis_look_up_thread(void *data, ngx_log_t *log)
{
    ngx_tidraw_redis_names_t *names = data;

    int               rc;
    struct addrinfo   hints, *ai, *list;

    (void) log;

    names->n = 0;
    names->next = 0;

    ngx_memzero(&hints, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo((char *) names->conf->host.data, NULL, &hints, &list);

    if (rc != 0) {
        (void) ngx_snprintf((u_char *) names->error, NGX_TIDRAW_REDIS_ERROR,
                            "host not found: %s%Z", gai_strerror(rc));
        names->error[NGX_TIDRAW_REDIS_ERROR - 1] = '\0';
        return;
    }

    for (ai = list; ai && names->n < NGX_TIDRAW_REDIS_ADDRS;
         ai = ai->ai_next)
    {
        if (ai->ai_addrlen > sizeof(ngx_sockaddr_t)) {
            continue;
        }

        ngx_memcpy(&names->addrs[names->n], ai->ai_addr, ai->ai_addrlen);
        names->lens[names->n] = ai->ai_addrlen;

        ngx_inet_set_port(&names->addrs[names->n].sockaddr,
                          names->conf->port);
        names->n++;
    }

    freeaddrinfo(list);

    if (names->n == 0) {
        ngx_cpystrn((u_char *) names->error, (u_char *) "host has no address",
                    NGX_TIDRAW_REDIS_ERROR);
    }
}
