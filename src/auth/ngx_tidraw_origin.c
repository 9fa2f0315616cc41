
/*
 * Where a request comes from.  Reads the request only.  Forwarded headers may
 * only ever make an answer stricter here, except for the Secure attribute of
 * the sender's own cookie.
 */


#include "ngx_tidraw_origin.h"


#define NGX_TIDRAW_MAX_REQUEST_ID  64


typedef struct {
    ngx_uint_t   https;       /* unsigned, 1 or 0 */
    ngx_str_t    host;        /* name[:port], default port removed */
} ngx_tidraw_origin_t;


static ngx_int_t ngx_tidraw_origin_parse(ngx_str_t *url,
    ngx_tidraw_origin_t *origin);
static void ngx_tidraw_origin_strip_port(ngx_str_t *host, ngx_uint_t https);
static ngx_uint_t ngx_tidraw_origin_same(ngx_str_t *a, ngx_str_t *b);
static ngx_uint_t ngx_tidraw_origin_loopback_name(ngx_str_t *host);


ngx_table_elt_t *
ngx_tidraw_header(ngx_http_request_t *r, const char *name, ngx_uint_t *count)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *found;

    n = 0;
    found = NULL;
    len = ngx_strlen(name);

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncmp(h[i].lowcase_key, name, len) == 0)
        {
            n++;

            if (found == NULL) {
                found = &h[i];
            }
        }
    }

    if (count != NULL) {
        *count = n;
    }

    return found;
}


ngx_uint_t
ngx_tidraw_origin_https(ngx_http_request_t *r)
{
    ngx_str_t               host;
    ngx_table_elt_t        *h;
    ngx_tidraw_origin_t     origin;
    ngx_tidraw_loc_conf_t  *tlcf;

#if (NGX_HTTP_SSL)
    if (r->connection->ssl != NULL) {
        return 1;
    }
#endif

    h = ngx_tidraw_header(r, "x-forwarded-proto", NULL);

    if (h != NULL) {
        return h->value.len == 5
               && ngx_strncasecmp(h->value.data, (u_char *) "https", 5) == 0;
    }

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    if (r->headers_in.host == NULL
        || ngx_tidraw_origin_parse(&tlcf->public_url, &origin) != NGX_OK)
    {
        return 0;
    }

    host = r->headers_in.host->value;
    ngx_tidraw_origin_strip_port(&host, origin.https);

    return origin.https && ngx_tidraw_origin_same(&host, &origin.host);
}


ngx_uint_t
ngx_tidraw_origin_own(ngx_http_request_t *r)
{
    ngx_str_t               host, *v;
    ngx_uint_t              n;
    ngx_table_elt_t        *h;
    ngx_tidraw_origin_t     origin, own;
    ngx_tidraw_loc_conf_t  *tlcf;

    h = ngx_tidraw_header(r, "sec-fetch-site", &n);

    if (n != 0) {
        v = &h->value;

        if (n > 1
            || !((v->len == 11 && ngx_strncmp(v->data, "same-origin", 11) == 0)
                 || (v->len == 4 && ngx_strncmp(v->data, "none", 4) == 0)))
        {
            return 0;
        }
    }

    h = ngx_tidraw_header(r, "origin", &n);

    if (n == 0) {
        return 1;
    }

    if (n > 1 || ngx_tidraw_origin_parse(&h->value, &origin) != NGX_OK) {
        return 0;
    }

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    if (ngx_tidraw_origin_parse(&tlcf->public_url, &own) == NGX_OK
        && own.https == origin.https
        && ngx_tidraw_origin_same(&own.host, &origin.host))
    {
        return 1;
    }

    if (r->headers_in.host == NULL) {
        return 0;
    }

#if (NGX_HTTP_SSL)
    if (r->connection->ssl != NULL && !origin.https) {
        return 0;
    }
#endif

    host = r->headers_in.host->value;
    ngx_tidraw_origin_strip_port(&host, origin.https);

    return ngx_tidraw_origin_same(&host, &origin.host);
}


ngx_uint_t
ngx_tidraw_origin_direct(ngx_http_request_t *r)
{
    return r->connection->proxy_protocol == NULL
           && ngx_tidraw_header(r, "x-forwarded-for", NULL) == NULL
           && ngx_tidraw_header(r, "x-forwarded-host", NULL) == NULL
           && ngx_tidraw_header(r, "x-forwarded-proto", NULL) == NULL
           && ngx_tidraw_header(r, "x-real-ip", NULL) == NULL
           && ngx_tidraw_header(r, "forwarded", NULL) == NULL
           && ngx_tidraw_header(r, "via", NULL) == NULL;
}


ngx_uint_t
ngx_tidraw_origin_trusted(ngx_http_request_t *r)
{
    ngx_str_t                  *client;
    ngx_uint_t                  key;
    ngx_http_variable_value_t  *v;

    static ngx_str_t  name = ngx_string("realip_remote_addr");

    key = ngx_hash_key(name.data, name.len);
    v = ngx_http_get_variable(r, &name, key);

    if (v == NULL || v->not_found) {
        return 0;
    }

    /* the peer's own address, where the module of nginx has put another */

    client = &r->connection->addr_text;

    return v->len != client->len
           || ngx_memcmp(v->data, client->data, client->len) != 0;
}


ngx_str_t
ngx_tidraw_request_id(ngx_http_request_t *r)
{
    u_char                      c;
    size_t                      i;
    ngx_str_t                   id;
    ngx_uint_t                  n;
    ngx_table_elt_t            *h;
    ngx_tidraw_main_conf_t     *tmcf;
    ngx_http_variable_value_t  *v;

    h = ngx_tidraw_header(r, "x-request-id", &n);

    if (n == 1 && ngx_tidraw_origin_trusted(r)) {

        id = h->value;

        for (i = 0; i < id.len && id.len <= NGX_TIDRAW_MAX_REQUEST_ID; i++) {
            c = id.data[i];

            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
                  || (c >= 'A' && c <= 'Z')
                  || c == '-' || c == '_' || c == '.'))
            {
                break;
            }
        }

        if (i && i == id.len) {
            return id;
        }
    }

    tmcf = ngx_http_get_module_main_conf(r, ngx_tidraw_module);
    v = ngx_http_get_indexed_variable(r, tmcf->request_id);

    ngx_str_null(&id);

    if (v && !v->not_found) {
        id.data = v->data;
        id.len = v->len;
    }

    return id;
}


ngx_str_t *
ngx_tidraw_request_ref(ngx_http_request_t *r)
{
    static ngx_str_t  id;

    id = ngx_tidraw_request_id(r);

    return &id;
}


ngx_uint_t
ngx_tidraw_origin_local(ngx_http_request_t *r)
{
    u_char               *p;
    struct sockaddr      *sa;
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    sa = r->connection->sockaddr;

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;

        if ((ntohl(sin->sin_addr.s_addr) >> 24) != 127) {
            return 0;
        }

        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            p = sin6->sin6_addr.s6_addr;

            if (p[12] != 127) {
                return 0;
            }

        } else if (!IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr)) {
            return 0;
        }

        break;
#endif

    default:
        return 0;
    }

    if (!ngx_tidraw_origin_direct(r)) {
        return 0;
    }

    /*
     * A page of a foreign name that resolves to this machine would pass all
     * other checks: the host has to be a loopback one as well.
     */

    return ngx_tidraw_origin_loopback_name(&r->headers_in.server);
}


static ngx_int_t
ngx_tidraw_origin_parse(ngx_str_t *url, ngx_tidraw_origin_t *origin)
{
    u_char  *p, *last;

    if (url->len > 8
        && ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0)
    {
        origin->https = 1;
        p = url->data + 8;

    } else if (url->len > 7
               && ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0)
    {
        origin->https = 0;
        p = url->data + 7;

    } else {
        return NGX_DECLINED;
    }

    last = url->data + url->len;

    origin->host.data = p;

    while (p < last && *p != '/' && *p != '?' && *p != '#' && *p != '@') {
        p++;
    }

    if (p < last && *p != '/') {
        return NGX_DECLINED;
    }

    origin->host.len = p - origin->host.data;

    ngx_tidraw_origin_strip_port(&origin->host, origin->https);

    return origin->host.len ? NGX_OK : NGX_DECLINED;
}


static void
ngx_tidraw_origin_strip_port(ngx_str_t *host, ngx_uint_t https)
{
    size_t       len;
    const char  *port;

    port = https ? ":443" : ":80";
    len = ngx_strlen(port);

    if (host->len > len
        && ngx_strncmp(host->data + host->len - len, port, len) == 0)
    {
        host->len -= len;
    }
}


static ngx_uint_t
ngx_tidraw_origin_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && ngx_strncasecmp(a->data, b->data, a->len) == 0;
}


static ngx_uint_t
ngx_tidraw_origin_loopback_name(ngx_str_t *host)
{
    in_addr_t  addr;

    if (host->len == 9
        && ngx_strncasecmp(host->data, (u_char *) "localhost", 9) == 0)
    {
        return 1;
    }

    if (host->len == 5 && ngx_strncmp(host->data, "[::1]", 5) == 0) {
        return 1;
    }

    addr = ngx_inet_addr(host->data, host->len);

    return addr != INADDR_NONE && (ntohl(addr) >> 24) == 127;
}
