
/*
 * The URL of a PostgreSQL database, and the look-up of the hosts it names.
 *
 * libpq would look names up while everything waits.  So a thread does it
 * before each attempt (the address of a fail-over host changes), and libpq
 * gets the addresses beside the names, which TLS and passwords still need.
 */


#include "ngx_tidraw_pgsql.h"

#include <netdb.h>


#define NGX_TIDRAW_PGSQL_MAX_PARAMS   64


static char *ngx_tidraw_pgsql_values(PQconninfoOption *options);
static const char *ngx_tidraw_pgsql_option(ngx_tidraw_pgsql_t *pg,
    const char *name);
static ngx_uint_t ngx_tidraw_pgsql_is_name(const char *host, size_t len);
static void ngx_tidraw_pgsql_look_up_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_pgsql_look_up_done(ngx_event_t *ev);
static ngx_int_t ngx_tidraw_pgsql_add_host(ngx_tidraw_pgsql_names_t *names,
    const char *host, const char *addr, const char *port);
static size_t ngx_tidraw_pgsql_item(const char **list, char *item,
    size_t size);


char *
ngx_tidraw_pgsql_check(ngx_str_t *url)
{
    char              *text, *error;
    PQconninfoOption  *options;

    error = ngx_tidraw_pgsql_library_load();

    if (error) {
        return error;
    }

    text = malloc(url->len + 1);
    if (text == NULL) {
        return "cannot be parsed: out of memory";
    }

    ngx_memcpy(text, url->data, url->len);
    text[url->len] = '\0';

    error = NULL;
    options = PQconninfoParse(text, &error);

    free(text);

    /* libpq's message may hold the password: it is not shown */

    PQfreemem(error);

    if (options == NULL) {
        return "is not a valid PostgreSQL URL";
    }

    error = ngx_tidraw_pgsql_values(options);

    PQconninfoFree(options);

    return error;
}


/* libpq looks at values when it connects only: here those often mistaken. */

static char *
ngx_tidraw_pgsql_values(PQconninfoOption *options)
{
    char               item[NI_MAXSERV];
    size_t             len;
    ngx_int_t          port;
    const char        *list, **mode;
    PQconninfoOption  *o;

    static const char  *modes[] = { "disable", "allow", "prefer", "require",
                                    "verify-ca", "verify-full", NULL };

    for (o = options; o->keyword; o++) {

        if (o->val == NULL || o->val[0] == '\0') {
            continue;
        }

        if (ngx_strcmp(o->keyword, "sslmode") == 0) {

            for (mode = modes; *mode; mode++) {
                if (ngx_strcmp(*mode, o->val) == 0) {
                    break;
                }
            }

            if (*mode == NULL) {
                return "has a wrong sslmode: disable, allow, prefer, require, "
                       "verify-ca or verify-full";
            }
        }

        if (ngx_strcmp(o->keyword, "port") != 0) {
            continue;
        }

        list = o->val;

        do {
            len = ngx_tidraw_pgsql_item(&list, item, sizeof(item));
            port = ngx_atoi((u_char *) item, len);

            if (len && (port < 1 || port > 65535)) {
                return "has a wrong port: it must be from 1 to 65535";
            }

        } while (list);
    }

    return NULL;
}


ngx_int_t
ngx_tidraw_pgsql_parse(ngx_tidraw_pgsql_t *pg)
{
    char        *text, *error, item[NI_MAXHOST];
    size_t       len;
    ngx_str_t   *url;
    const char  *host, *list;

    url = &pg->store->site->database;

    text = ngx_alloc(url->len + 1, pg->store->log);
    if (text == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text, url->data, url->len);
    text[url->len] = '\0';

    error = NULL;
    pg->options = PQconninfoParse(text, &error);

    PQfreemem(error);
    ngx_free(text);

    if (pg->options == NULL) {
        return NGX_ERROR;
    }

    host = ngx_tidraw_pgsql_option(pg, "host");

    if (host == NULL || ngx_tidraw_pgsql_option(pg, "hostaddr")) {
        return NGX_OK;
    }

    list = host;

    do {
        len = ngx_tidraw_pgsql_item(&list, item, sizeof(item));

        if (ngx_tidraw_pgsql_is_name(item, len)) {
            break;
        }

    } while (list);

    if (!ngx_tidraw_pgsql_is_name(item, len)) {
        return NGX_OK;
    }

    pg->names = ngx_calloc(sizeof(ngx_tidraw_pgsql_names_t), pg->store->log);
    if (pg->names == NULL) {
        return NGX_ERROR;
    }

    pg->names->host = host;
    pg->names->port = ngx_tidraw_pgsql_option(pg, "port");

    pg->names->task.ctx = pg->names;
    pg->names->task.handler = ngx_tidraw_pgsql_look_up_thread;
    pg->names->task.event.data = pg;
    pg->names->task.event.handler = ngx_tidraw_pgsql_look_up_done;
    pg->names->task.event.log = pg->store->log;

    return NGX_OK;
}


static const char *
ngx_tidraw_pgsql_option(ngx_tidraw_pgsql_t *pg, const char *name)
{
    PQconninfoOption  *o;

    for (o = pg->options; o->keyword; o++) {
        if (ngx_strcmp(o->keyword, name) == 0) {
            return (o->val && o->val[0]) ? o->val : NULL;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_tidraw_pgsql_is_name(const char *host, size_t len)
{
    struct in_addr   in;
    struct in6_addr  in6;

    if (len == 0 || host[0] == '/' || host[0] == '@') {
        return 0;
    }

    return inet_pton(AF_INET, host, &in) != 1
           && inet_pton(AF_INET6, host, &in6) != 1;
}


PGconn *
ngx_tidraw_pgsql_connect_start(ngx_tidraw_pgsql_t *pg)
{
    ngx_uint_t         i, n;
    const char        *keys[NGX_TIDRAW_PGSQL_MAX_PARAMS];
    const char        *values[NGX_TIDRAW_PGSQL_MAX_PARAMS];
    PQconninfoOption  *o;

    /*
     * Unless the URL says something else.  The last one bounds connecting to
     * each host, too, so that one that is silent does not hide the next; and
     * what the kernel sends again ever more rarely would go on long after the
     * network is back.
     */

    static const char  *defaults[][2] = {
        { "fallback_application_name", "tidraw" },
        { "keepalives_idle", "5" },
        { "keepalives_interval", "1" },
        { "keepalives_count", "3" },
        { "tcp_user_timeout", "2500" }
    };

    n = 0;

#define NGX_TIDRAW_PGSQL_SET(k, v)                                           \
    if (n < NGX_TIDRAW_PGSQL_MAX_PARAMS - 1) {                               \
        keys[n] = k;                                                         \
        values[n++] = v;                                                     \
    }

    for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        NGX_TIDRAW_PGSQL_SET(defaults[i][0], defaults[i][1]);
    }

    /* later values win */

    for (o = pg->options; o->keyword; o++) {
        if (o->val && o->val[0]) {
            NGX_TIDRAW_PGSQL_SET(o->keyword, o->val);
        }
    }

    if (pg->names) {
        NGX_TIDRAW_PGSQL_SET("host", pg->names->hosts);
        NGX_TIDRAW_PGSQL_SET("hostaddr", pg->names->addrs);
        NGX_TIDRAW_PGSQL_SET("port", pg->names->ports);
    }

    /* negotiating GSS would wait for the network */

    NGX_TIDRAW_PGSQL_SET("gssencmode", "disable");
    NGX_TIDRAW_PGSQL_SET("client_encoding", "UTF8");

    keys[n] = NULL;
    values[n] = NULL;

    return PQconnectStartParams(keys, values, 0);
}


ngx_int_t
ngx_tidraw_pgsql_look_up(ngx_tidraw_pgsql_t *pg)
{
    if (pg->names->busy) {
        return NGX_OK;
    }

    if (ngx_thread_task_post(pg->store->site->thread_pool, &pg->names->task)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    pg->names->busy = 1;

    return NGX_OK;
}


static void
ngx_tidraw_pgsql_look_up_done(ngx_event_t *ev)
{
    ngx_uint_t           i;
    ngx_tidraw_pgsql_t  *pg;

    pg = ev->data;

    pg->names->busy = 0;

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        ngx_tidraw_pgsql_resolved(&pg->conns[i]);
    }
}


/* In a thread: every address of every name, in the order of the URL. */

static void
ngx_tidraw_pgsql_look_up_thread(void *data, ngx_log_t *log)
{
    ngx_tidraw_pgsql_names_t *names = data;

    int               rc;
    char              host[NI_MAXHOST], port[NI_MAXSERV], addr[NI_MAXHOST];
    size_t            len;
    const char       *hosts, *ports;
    struct addrinfo   hints, *ai, *list;

    (void) log;

    names->hosts[0] = '\0';
    names->addrs[0] = '\0';
    names->ports[0] = '\0';
    names->rc = NGX_ERROR;

    ngx_cpystrn((u_char *) names->error, (u_char *) "no host to connect to",
                NGX_TIDRAW_PGSQL_ERROR_LEN);

    hosts = names->host;
    ports = names->port;
    port[0] = '\0';

    do {
        len = ngx_tidraw_pgsql_item(&hosts, host, sizeof(host));

        /* one port for all hosts, or one each */

        if (ports) {
            (void) ngx_tidraw_pgsql_item(&ports, port, sizeof(port));
        }

        if (!ngx_tidraw_pgsql_is_name(host, len)) {

            /* an address stands for itself, a socket has none */

            if (ngx_tidraw_pgsql_add_host(names, host,
                                          (len == 0 || host[0] == '/'
                                           || host[0] == '@') ? "" : host,
                                          port)
                == NGX_OK)
            {
                names->rc = NGX_OK;
            }

            continue;
        }

        ngx_memzero(&hints, sizeof(hints));
        hints.ai_socktype = SOCK_STREAM;

        rc = getaddrinfo(host, NULL, &hints, &list);

        if (rc != 0) {
            ngx_snprintf((u_char *) names->error, NGX_TIDRAW_PGSQL_ERROR_LEN,
                         "host \"%s\" not found: %s%Z", host,
                         gai_strerror(rc));
            names->error[NGX_TIDRAW_PGSQL_ERROR_LEN - 1] = '\0';
            continue;
        }

        for (ai = list; ai; ai = ai->ai_next) {

            if (getnameinfo(ai->ai_addr, ai->ai_addrlen, addr, sizeof(addr),
                            NULL, 0, NI_NUMERICHOST)
                == 0
                && ngx_tidraw_pgsql_add_host(names, host, addr, port)
                   == NGX_OK)
            {
                names->rc = NGX_OK;
            }
        }

        freeaddrinfo(list);

    } while (hosts);
}


static ngx_int_t
ngx_tidraw_pgsql_add_host(ngx_tidraw_pgsql_names_t *names, const char *host,
    const char *addr, const char *port)
{
    size_t       n[3];
    char        *lists[3];
    ngx_uint_t   i;
    const char  *items[3];

    lists[0] = names->hosts;
    lists[1] = names->addrs;
    lists[2] = names->ports;

    items[0] = host;
    items[1] = addr;
    items[2] = port;

    for (i = 0; i < 3; i++) {
        n[i] = ngx_strlen(lists[i]);

        if (n[i] + ngx_strlen(items[i]) + 2 > NGX_TIDRAW_PGSQL_HOSTS_LEN) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < 3; i++) {
        ngx_sprintf((u_char *) lists[i] + n[i], "%s%s%Z",
                    names->rc == NGX_OK ? "," : "", items[i]);
    }

    return NGX_OK;
}


/* The next item of a comma list; *list is NULL after the last one. */

static size_t
ngx_tidraw_pgsql_item(const char **list, char *item, size_t size)
{
    size_t       len;
    const char  *end;

    end = strchr(*list, ',');
    len = end ? (size_t) (end - *list) : ngx_strlen(*list);
    len = ngx_min(len, size - 1);

    ngx_memcpy(item, *list, len);
    item[len] = '\0';

    *list = end ? end + 1 : NULL;

    return len;
}
