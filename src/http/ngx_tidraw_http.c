
/*
 * The front door of a location: which call a request makes, and the checks
 * that hold for all of them before a body is read.  What the table of
 * ngx_tidraw_http_routes.c does not name is refused.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_http_import.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_session.h"
#include "ngx_tidraw_sync.h"
#include "ngx_tidraw_token.h"


/* a clock, which is below 2^53 */
#define NGX_TIDRAW_HTTP_MAX_DIGITS  16


static ngx_uint_t ngx_tidraw_http_is_api(ngx_str_t *rel);
static ngx_int_t ngx_tidraw_http_hide(ngx_http_request_t *r, ngx_str_t *rel);
static ngx_int_t ngx_tidraw_http_outside(ngx_http_request_t *r,
    ngx_str_t *base);
static ngx_int_t ngx_tidraw_http_api(ngx_http_request_t *r, ngx_str_t *rel);
static ngx_tidraw_route_t *ngx_tidraw_http_route(ngx_http_request_t *r,
    ngx_str_t *rel, ngx_str_t *params, ngx_uint_t *methods);
static ngx_uint_t ngx_tidraw_http_match(const char *path, ngx_str_t *rel,
    ngx_str_t *params);
static ngx_int_t ngx_tidraw_http_not_allowed(ngx_http_request_t *r,
    ngx_uint_t methods);
static ngx_uint_t ngx_tidraw_http_is_type(ngx_http_request_t *r,
    ngx_tidraw_body_e body);
static ngx_uint_t ngx_tidraw_http_is_file(ngx_str_t *v);
static ngx_int_t ngx_tidraw_http_connect(ngx_http_request_t *r,
    ngx_str_t *rel);


/*
 * A browser asks before it sends one of these types to another site, as
 * ngx_tidraw_body_e lists them.
 */

static struct {
    size_t         max;
    const char    *types[4];
    const char    *message;
} ngx_tidraw_bodies[] = {
    { NGX_TIDRAW_HTTP_MAX_BODY, { "application/json", NULL }, NULL },
    { NGX_TIDRAW_HTTP_MAX_BODY, { "application/json", NULL }, NULL },
    { NGX_TIDRAW_HTTP_MAX_IMAGE,
      { "image/png", "image/jpeg", "image/webp", NULL },
      "The body must be a PNG, JPEG or WebP image." },
    { 0, { NULL }, "The body must be the file, with its type or with"
                   " application/octet-stream." },
    { 0, { "application/json", "application/vnd.tldraw+json",
           "application/octet-stream", NULL },
      "The body must be application/json or application/vnd.tldraw+json." }
};


static struct {
    ngx_uint_t    method;
    const char   *names;
} ngx_tidraw_http_methods[] = {
    { NGX_HTTP_GET, "GET, HEAD" },
    { NGX_HTTP_POST, "POST" },
    { NGX_HTTP_PUT, "PUT" },
    { NGX_HTTP_PATCH, "PATCH" },
    { NGX_HTTP_DELETE, "DELETE" },
    { 0, NULL }
};


ngx_int_t
ngx_tidraw_http_handler(ngx_http_request_t *r)
{
    ngx_str_t               rel, id;
    ngx_uint_t              connect;
    ngx_tidraw_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    if (r != r->main || tlcf->site == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (r->uri.len < tlcf->base.len
        || ngx_strncmp(r->uri.data, tlcf->base.data, tlcf->base.len) != 0)
    {
        return ngx_tidraw_http_outside(r, &tlcf->base);
    }

    rel.data = r->uri.data + tlcf->base.len;
    rel.len = r->uri.len - tlcf->base.len;

    if (ngx_tidraw_http_hide(r, &rel) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    connect = (rel.len > 8 && ngx_strncmp(rel.data, "connect/", 8) == 0);

    if (connect || ngx_tidraw_http_is_api(&rel)) {

        id = ngx_tidraw_request_id(r);

        if (id.len == 0
            || ngx_tidraw_http_add_header(r, "X-Request-Id", &id) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return connect ? ngx_tidraw_http_connect(r, &rel)
                       : ngx_tidraw_http_api(r, &rel);
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_tidraw_http_not_allowed(r, NGX_HTTP_GET);
    }

    return ngx_tidraw_http_app(r, &rel);
}


static ngx_uint_t
ngx_tidraw_http_is_api(ngx_str_t *rel)
{
    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("api"), ngx_string("healthz"), ngx_string("readyz"),
        ngx_string("metrics")
    };

    if (rel->len > 3 && ngx_strncmp(rel->data, "api/", 4) == 0) {
        return 1;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (rel->len == names[i].len
            && ngx_strncmp(rel->data, names[i].data, rel->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * The error log shows the request line and the access log may: without the
 * query, where a link's token stands, and without the token of an invitation
 * or of a new password.
 */

static ngx_int_t
ngx_tidraw_http_hide(ngx_http_request_t *r, ngx_str_t *rel)
{
    u_char     *p;
    ngx_str_t   path, token;

    ngx_str_null(&token);

    path = r->unparsed_uri;
    p = ngx_strlchr(path.data, path.data + path.len, '?');

    if (p != NULL) {
        path.len = p - path.data;
    }

    if (rel->len > 12 && ngx_strncmp(rel->data, "api/invites/", 12) == 0) {
        ngx_str_set(&token, "/api/invites/...");

    } else if (rel->len > 7 && ngx_strncmp(rel->data, "invite/", 7) == 0) {
        ngx_str_set(&token, "/invite/...");

    } else if (rel->len > 6 && ngx_strncmp(rel->data, "reset/", 6) == 0) {
        ngx_str_set(&token, "/reset/...");

    } else if (p == NULL) {
        return NGX_OK;
    }

    if (token.len) {
        path = token;
    }

    p = ngx_pnalloc(r->pool, r->method_name.len + path.len
                             + r->http_protocol.len + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    r->request_line.data = p;

    p = ngx_sprintf(p, "%V %V %V", &r->method_name, &path, &r->http_protocol);

    r->request_line.len = p - r->request_line.data;

    return NGX_OK;
}


/*
 * "location /boards" also gets "/boards", which belongs to "/boards/", and
 * "/boardsmore", which does not.
 */

static ngx_int_t
ngx_tidraw_http_outside(ngx_http_request_t *r, ngx_str_t *base)
{
    if (r->uri.len + 1 != base->len
        || ngx_strncmp(r->uri.data, base->data, r->uri.len) != 0)
    {
        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_NOT_FOUND, NULL);
    }

    ngx_http_clear_location(r);

    r->headers_out.location = ngx_list_push(&r->headers_out.headers);
    if (r->headers_out.location == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.location->hash = 1;
    ngx_str_set(&r->headers_out.location->key, "Location");
    r->headers_out.location->value = *base;
#if (nginx_version >= 1023000)
    r->headers_out.location->next = NULL;
#endif

    return NGX_HTTP_MOVED_PERMANENTLY;
}


static ngx_int_t
ngx_tidraw_http_api(ngx_http_request_t *r, ngx_str_t *rel)
{
    off_t                len;
    size_t               max;
    ngx_int_t            rc;
    ngx_str_t            params[2], token;
    ngx_uint_t           methods;
    ngx_tidraw_call_t   *call;
    ngx_tidraw_route_t  *route;

    ngx_memzero(params, sizeof(params));

    route = ngx_tidraw_http_route(r, rel, params, &methods);

    if (route == NULL) {
        if (methods != 0) {
            return ngx_tidraw_http_not_allowed(r, methods);
        }

        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_NOT_FOUND, NULL);
    }

    len = r->headers_in.content_length_n;

    /*
     * nginx looks at conditions when the answer is there, too late for a
     * change, and refuses in words of its own: it keeps to If-None-Match.
     */

    if (route->method == NGX_HTTP_GET) {
        r->headers_in.if_match = NULL;
        r->headers_in.if_unmodified_since = NULL;

    } else {
        r->disable_not_modified = 1;

        /* no page can make a browser send a token as it sends a cookie */

        if (ngx_tidraw_session_bearer(r, &token) != NGX_OK
            && !ngx_tidraw_origin_own(r))
        {
            return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_BAD_ORIGIN,
                                              NULL);
        }

        if ((route->body != NGX_TIDRAW_BODY_NONE
             || len > 0 || r->headers_in.chunked)
            && !ngx_tidraw_http_is_type(r, route->body))
        {
            return ngx_tidraw_http_send_error(r,
                              NGX_TIDRAW_ERROR_UNSUPPORTED_MEDIA_TYPE,
                              ngx_tidraw_bodies[route->body].message);
        }
    }

    max = ngx_tidraw_bodies[route->body].max;

    if (route->body == NGX_TIDRAW_BODY_BOARD) {
        max = ngx_tidraw_import_max(r);
    }

    if (route->body != NGX_TIDRAW_BODY_FILE && len > (off_t) max) {
        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_TOO_LARGE, NULL);
    }

    call = ngx_tidraw_call_create(r, route, params);
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->max_body = max;

    if (route->body == NGX_TIDRAW_BODY_FILE
        || route->body == NGX_TIDRAW_BODY_BOARD)
    {
        call->unread = 1;
        r->main->count++;
        ngx_tidraw_call_start(call);

        return NGX_DONE;
    }

    if (route->body == NGX_TIDRAW_BODY_NONE) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        r->main->count++;
        ngx_tidraw_call_start(call);

        return NGX_DONE;
    }

    return ngx_tidraw_call_read_body(call, ngx_tidraw_call_start);
}


static ngx_tidraw_route_t *
ngx_tidraw_http_route(ngx_http_request_t *r, ngx_str_t *rel,
    ngx_str_t *params, ngx_uint_t *methods)
{
    ngx_uint_t           method;
    ngx_tidraw_route_t  *route;

    method = r->method == NGX_HTTP_HEAD ? NGX_HTTP_GET : r->method;
    *methods = 0;

    for (route = ngx_tidraw_routes; route->path != NULL; route++) {

        if (!ngx_tidraw_http_match(route->path, rel, params)) {
            continue;
        }

        if (route->method == method) {
            return route;
        }

        *methods |= route->method;
    }

    return NULL;
}


static ngx_uint_t
ngx_tidraw_http_match(const char *path, ngx_str_t *rel, ngx_str_t *params)
{
    size_t      len;
    u_char     *p, *last;
    ngx_str_t   param;
    ngx_uint_t  n;

    p = rel->data;
    last = p + rel->len;
    n = 0;

    for ( /* void */ ; *path != '\0'; path++) {

        if (*path == '#') {

            for (len = 0;
                 p + len < last && p[len] >= '0' && p[len] <= '9';
                 len++)
            {
                /* void */
            }

            if (len == 0 || len > NGX_TIDRAW_HTTP_MAX_DIGITS) {
                return 0;
            }

            params[n].data = p;
            params[n++].len = len;
            p += len;
            continue;
        }

        if (*path != ':' && *path != '@') {

            if (p == last || *p != (u_char) *path) {
                return 0;
            }

            p++;
            continue;
        }

        len = *path == ':' ? NGX_TIDRAW_ID_LEN : NGX_TIDRAW_TOKEN_LEN;

        if ((size_t) (last - p) < len) {
            return 0;
        }

        param.data = p;
        param.len = len;

        if (!ngx_tidraw_token_valid(&param, len)) {
            return 0;
        }

        params[n++] = param;
        p += len;
    }

    return p == last;
}


static ngx_int_t
ngx_tidraw_http_not_allowed(ngx_http_request_t *r, ngx_uint_t methods)
{
    u_char      *p;
    ngx_str_t    value;
    ngx_uint_t   i;

    p = ngx_pnalloc(r->pool, sizeof("GET, HEAD, POST, PUT, PATCH, DELETE, "));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value.data = p;

    for (i = 0; ngx_tidraw_http_methods[i].method != 0; i++) {

        if (!(methods & ngx_tidraw_http_methods[i].method)) {
            continue;
        }

        p = ngx_sprintf(p, "%s%s", p == value.data ? "" : ", ",
                        ngx_tidraw_http_methods[i].names);
    }

    value.len = p - value.data;

    if (ngx_tidraw_http_add_header(r, "Allow", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_METHOD_NOT_ALLOWED,
                                      NULL);
}


static ngx_uint_t
ngx_tidraw_http_is_type(ngx_http_request_t *r, ngx_tidraw_body_e body)
{
    size_t        len;
    ngx_str_t    *v;
    const char  **type;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    v = &r->headers_in.content_type->value;

    if (body == NGX_TIDRAW_BODY_FILE) {
        return ngx_tidraw_http_is_file(v);
    }

    for (type = ngx_tidraw_bodies[body].types; *type != NULL; type++) {
        len = ngx_strlen(*type);

        if (v->len >= len
            && ngx_strncasecmp(v->data, (u_char *) *type, len) == 0
            && (v->len == len || v->data[len] == ';' || v->data[len] == ' '))
        {
            return 1;
        }
    }

    return 0;
}


/* Any type but those that a form of another site could send unasked. */

static ngx_uint_t
ngx_tidraw_http_is_file(ngx_str_t *v)
{
    size_t       len;
    ngx_uint_t   i;

    static const char  *forms[] = {
        "text/plain", "multipart/form-data",
        "application/x-www-form-urlencoded"
    };

    if (ngx_strlchr(v->data, v->data + v->len, '/') == NULL) {
        return 0;
    }

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        len = ngx_strlen(forms[i]);

        if (v->len >= len
            && ngx_strncasecmp(v->data, (u_char *) forms[i], len) == 0)
        {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_tidraw_http_connect(ngx_http_request_t *r, ngx_str_t *rel)
{
    ngx_int_t           rc;
    ngx_str_t           id;
    ngx_tidraw_error_e  error;

    id.data = rel->data + 8;
    id.len = rel->len - 8;

    rc = ngx_tidraw_sync_handler(r, &id);

    switch (rc) {

    case NGX_HTTP_BAD_REQUEST:
        error = NGX_TIDRAW_ERROR_BAD_REQUEST;
        break;

    case NGX_HTTP_FORBIDDEN:
        error = NGX_TIDRAW_ERROR_BAD_ORIGIN;
        break;

    case NGX_HTTP_NOT_FOUND:
        error = NGX_TIDRAW_ERROR_NOT_FOUND;
        break;

    case NGX_HTTP_NOT_ALLOWED:
        return ngx_tidraw_http_not_allowed(r, NGX_HTTP_GET);

    case 426:
        error = NGX_TIDRAW_ERROR_UPGRADE_REQUIRED;
        break;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        error = NGX_TIDRAW_ERROR_INTERNAL;
        break;

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        error = NGX_TIDRAW_ERROR_UNAVAILABLE;
        break;

    default:
        return rc;
    }

    return ngx_tidraw_http_send_error(r, error, NULL);
}
