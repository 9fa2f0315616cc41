
/*
 * The web app: the files of its build, and index.html for every other path.
 *
 * Files are opened through nginx's cache of open files, which owns them.
 * Nothing outside of the folder, no hidden file, and never the database is
 * served: a path goes to the file system only when it is plain.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_s3.h"


#define NGX_TIDRAW_APP_INDEX_MAX   262144


typedef struct {
    ngx_str_t    exten;
    ngx_str_t    type;
    ngx_uint_t   text;         /* unsigned, 1: UTF-8, worth a compressed
                                  sibling */
} ngx_tidraw_app_type_t;


static ngx_uint_t ngx_tidraw_app_plain(ngx_str_t *rel);
static ngx_int_t ngx_tidraw_app_open(ngx_http_request_t *r, ngx_str_t *rel,
    const char *suffix, ngx_open_file_info_t *of, ngx_str_t *path);
static ngx_int_t ngx_tidraw_app_file(ngx_http_request_t *r, ngx_str_t *rel,
    ngx_open_file_info_t *of, ngx_str_t *path);
static ngx_int_t ngx_tidraw_app_index(ngx_http_request_t *r);
static ngx_int_t ngx_tidraw_app_read_index(ngx_http_request_t *r,
    ngx_open_file_info_t *of, ngx_str_t *path, ngx_str_t *page);
static ngx_int_t ngx_tidraw_app_type(ngx_http_request_t *r, ngx_str_t *rel,
    ngx_uint_t *text);
static ngx_int_t ngx_tidraw_app_headers(ngx_http_request_t *r,
    ngx_uint_t immutable);
static ngx_int_t ngx_tidraw_app_policy(ngx_http_request_t *r,
    ngx_str_t *value);
static ngx_int_t ngx_tidraw_app_failed(ngx_http_request_t *r);


/* What a build consists of, so that an http block without types will do. */

static ngx_tidraw_app_type_t  ngx_tidraw_app_types[] = {
    { ngx_string("html"), ngx_string("text/html"), 1 },
    { ngx_string("css"), ngx_string("text/css"), 1 },
    { ngx_string("js"), ngx_string("text/javascript"), 1 },
    { ngx_string("mjs"), ngx_string("text/javascript"), 1 },
    { ngx_string("json"), ngx_string("application/json"), 1 },
    { ngx_string("map"), ngx_string("application/json"), 1 },
    { ngx_string("txt"), ngx_string("text/plain"), 1 },
    { ngx_string("svg"), ngx_string("image/svg+xml"), 1 },
    { ngx_string("webmanifest"), ngx_string("application/manifest+json"), 1 },
    { ngx_string("wasm"), ngx_string("application/wasm"), 0 },
    { ngx_string("woff2"), ngx_string("font/woff2"), 0 },
    { ngx_string("woff"), ngx_string("font/woff"), 0 },
    { ngx_string("png"), ngx_string("image/png"), 0 },
    { ngx_string("webp"), ngx_string("image/webp"), 0 },
    { ngx_string("ico"), ngx_string("image/x-icon"), 0 },
    { ngx_null_string, ngx_null_string, 0 }
};


ngx_int_t
ngx_tidraw_http_app(ngx_http_request_t *r, ngx_str_t *rel)
{
    ngx_int_t             rc;
    ngx_str_t             path;
    ngx_open_file_info_t  of;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (rel->len != 0 && !ngx_tidraw_app_plain(rel)) {
        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_NOT_FOUND, NULL);
    }

    if (rel->len != 0 && rel->data[rel->len - 1] != '/'
        && !(rel->len == 10 && ngx_strncmp(rel->data, "index.html", 10) == 0))
    {
        rc = ngx_tidraw_app_open(r, rel, "", &of, &path);

        if (rc == NGX_OK) {
            return ngx_tidraw_app_file(r, rel, &of, &path);
        }

        if (rc != NGX_DECLINED) {
            return ngx_tidraw_app_failed(r);
        }
    }

    /* what a page of yesterday asks for is gone, and is no page */

    if (rel->len >= 7 && ngx_strncmp(rel->data, "assets/", 7) == 0) {
        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_NOT_FOUND, NULL);
    }

    return ngx_tidraw_app_index(r);
}


void
ngx_tidraw_http_openapi(ngx_tidraw_call_t *call)
{
    ngx_int_t              rc;
    ngx_str_t              path;
    ngx_http_request_t    *r;
    ngx_open_file_info_t   of;

    static ngx_str_t       name = ngx_string("openapi.json");

    r = call->request;

    rc = ngx_tidraw_app_open(r, &name, "", &of, &path);

    if (rc != NGX_OK) {
        ngx_tidraw_call_error(call, rc == NGX_DECLINED
                                    ? NGX_TIDRAW_ERROR_NOT_FOUND
                                    : NGX_TIDRAW_ERROR_INTERNAL,
                              rc == NGX_DECLINED
                              ? "The description is not installed." : NULL);
        return;
    }

    ngx_tidraw_call_sent(call);

    rc = ngx_tidraw_app_file(r, &name, &of, &path);

    ngx_http_finalize_request(r, rc);
}


/* No part of the path starts with a dot or is empty; nothing unusual in it. */

static ngx_uint_t
ngx_tidraw_app_plain(ngx_str_t *rel)
{
    u_char  c, prev;
    size_t  i;

    prev = '/';

    for (i = 0; i < rel->len; i++) {
        c = rel->data[i];

        if (c < 0x20 || c == 0x7f || c == '\\'
            || (prev == '/' && (c == '.' || c == '/')))
        {
            return 0;
        }

        prev = c;
    }

    return 1;
}


/*
 * NGX_OK: a regular file; NGX_DECLINED: there is none; NGX_ERROR.  path is
 * null-terminated.
 */

static ngx_int_t
ngx_tidraw_app_open(ngx_http_request_t *r, ngx_str_t *rel, const char *suffix,
    ngx_open_file_info_t *of, ngx_str_t *path)
{
    u_char                    *p;
    size_t                     len;
    ngx_tidraw_loc_conf_t     *tlcf;
    ngx_http_core_loc_conf_t  *clcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    len = tlcf->web_root.len + 1 + rel->len + ngx_strlen(suffix);

    p = ngx_pnalloc(r->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    path->data = p;
    path->len = len;

    p = ngx_sprintf(p, "%V/%V%s", &tlcf->web_root, rel, suffix);
    *p = '\0';

    ngx_memzero(of, sizeof(ngx_open_file_info_t));

    of->read_ahead = clcf->read_ahead;
    of->directio = NGX_MAX_OFF_T_VALUE;
    of->valid = clcf->open_file_cache_valid;
    of->min_uses = clcf->open_file_cache_min_uses;
    of->errors = clcf->open_file_cache_errors;
    of->events = clcf->open_file_cache_events;

    if (ngx_open_cached_file(clcf->open_file_cache, path, of, r->pool)
        != NGX_OK)
    {
        switch (of->err) {

        case NGX_ENOENT:
        case NGX_ENOTDIR:
        case NGX_ENAMETOOLONG:
        case NGX_EACCES:
        case NGX_ELOOP:
            return NGX_DECLINED;

        default:
            ngx_tidraw_log(NGX_LOG_CRIT, r->connection->log, of->err,
                           "file_failed", "request=%V call=%s path=%s",
                           ngx_tidraw_request_ref(r), of->failed, path->data);
            return NGX_ERROR;
        }
    }

    return of->is_file ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_tidraw_app_file(ngx_http_request_t *r, ngx_str_t *rel,
    ngx_open_file_info_t *of, ngx_str_t *path)
{
    ngx_int_t              rc;
    ngx_buf_t             *b;
    ngx_str_t              value, gz_path;
    ngx_uint_t             text, immutable;
    ngx_chain_t            out;
    ngx_open_file_info_t   gz;

    if (ngx_tidraw_app_type(r, rel, &text) != NGX_OK) {
        return ngx_tidraw_app_failed(r);
    }

    immutable = rel->len > 7 && ngx_strncmp(rel->data, "assets/", 7) == 0;

    if (ngx_tidraw_app_headers(r, immutable) != NGX_OK) {
        return ngx_tidraw_app_failed(r);
    }

    if (text) {
        ngx_str_set(&value, "Accept-Encoding");

        if (ngx_tidraw_http_add_header(r, "Vary", &value) != NGX_OK) {
            return ngx_tidraw_app_failed(r);
        }

#if (NGX_HTTP_GZIP)

        if (ngx_http_gzip_ok(r) == NGX_OK
            && ngx_tidraw_app_open(r, rel, ".gz", &gz, &gz_path) == NGX_OK)
        {
            ngx_table_elt_t  *h;

            *of = gz;
            *path = gz_path;

            h = ngx_list_push(&r->headers_out.headers);
            if (h == NULL) {
                return ngx_tidraw_app_failed(r);
            }

            h->hash = 1;
            ngx_str_set(&h->key, "Content-Encoding");
            ngx_str_set(&h->value, "gzip");
#if (nginx_version >= 1023000)
            h->next = NULL;
#endif
            r->headers_out.content_encoding = h;
        }

#endif
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = of->size;
    r->headers_out.last_modified_time = of->mtime;

    if (ngx_http_set_etag(r) != NGX_OK) {
        return ngx_tidraw_app_failed(r);
    }

    r->allow_ranges = 1;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return ngx_tidraw_app_failed(r);
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return ngx_tidraw_app_failed(r);
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->file_pos = 0;
    b->file_last = of->size;

    /* an empty buffer that is not special would raise an alert */

    b->in_file = b->file_last ? 1 : 0;
    b->last_buf = 1;
    b->last_in_chain = 1;

    b->file->fd = of->fd;
    b->file->name = *path;
    b->file->log = r->connection->log;
    b->file->directio = of->is_directio;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_tidraw_app_index(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_buf_t             *b;
    ngx_str_t              path, page;
    ngx_uint_t             text;
    ngx_chain_t            out;
    ngx_open_file_info_t   of;

    static ngx_str_t       index = ngx_string("index.html");

    rc = ngx_tidraw_app_open(r, &index, "", &of, &path);

    if (rc == NGX_DECLINED) {
        ngx_tidraw_log(NGX_LOG_ERR, r->connection->log, of.err, "app_missing",
                       "request=%V path=%s hint=%s", ngx_tidraw_request_ref(r),
                       path.data,
                       "install the web app, or set tidraw_web to its folder");
        return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_NOT_FOUND,
                                          "The web app is not installed.");
    }

    if (rc != NGX_OK
        || ngx_tidraw_app_read_index(r, &of, &path, &page) != NGX_OK
        || ngx_tidraw_app_type(r, &index, &text) != NGX_OK
        || ngx_tidraw_app_headers(r, 0) != NGX_OK)
    {
        return ngx_tidraw_app_failed(r);
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = page.len;
    r->headers_out.last_modified_time = of.mtime;

    b = ngx_calloc_buf(r->pool);

    if (b == NULL || ngx_http_set_etag(r) != NGX_OK) {
        return ngx_tidraw_app_failed(r);
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->pos = page.data;
    b->last = page.data + page.len;
    b->memory = page.len ? 1 : 0;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* The page with the location's own path as the base of all its links. */

static ngx_int_t
ngx_tidraw_app_read_index(ngx_http_request_t *r, ngx_open_file_info_t *of,
    ngx_str_t *path, ngx_str_t *page)
{
    u_char                 *p, *tag, *text;
    size_t                  len, escaped;
    ssize_t                 n;
    ngx_str_t              *base;
    ngx_file_t              file;
    ngx_tidraw_loc_conf_t  *tlcf;

    static ngx_str_t        mark = ngx_string("<base href=\"/\" />");

    if (of->size > NGX_TIDRAW_APP_INDEX_MAX) {
        ngx_tidraw_log(NGX_LOG_ERR, r->connection->log, 0, "app_missing",
                       "request=%V path=%s error=%s",
                       ngx_tidraw_request_ref(r), path->data, "too large");
        return NGX_ERROR;
    }

    len = (size_t) of->size;

    text = ngx_pnalloc(r->pool, len + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.fd = of->fd;
    file.name = *path;
    file.log = r->connection->log;

    n = ngx_read_file(&file, text, len, 0);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    text[n] = '\0';

    page->data = text;
    page->len = n;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);
    base = &tlcf->base;

    tag = ngx_strnstr(text, (char *) mark.data, n);

    if (tag == NULL || base->len == 1) {
        return NGX_OK;
    }

    escaped = base->len + ngx_escape_html(NULL, base->data, base->len);

    p = ngx_pnalloc(r->pool, n + escaped);
    if (p == NULL) {
        return NGX_ERROR;
    }

    page->data = p;

    p = ngx_cpymem(p, text, tag - text);
    p = ngx_cpymem(p, "<base href=\"", sizeof("<base href=\"") - 1);
    p = (u_char *) ngx_escape_html(p, base->data, base->len);
    p = ngx_cpymem(p, "\" />", sizeof("\" />") - 1);

    tag += mark.len;
    p = ngx_cpymem(p, tag, text + n - tag);

    page->len = p - page->data;

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_app_type(ngx_http_request_t *r, ngx_str_t *rel, ngx_uint_t *text)
{
    size_t                  n;
    ngx_tidraw_app_type_t  *t;

    for (t = ngx_tidraw_app_types; t->exten.len != 0; t++) {
        n = t->exten.len;

        if (rel->len > n + 1
            && rel->data[rel->len - n - 1] == '.'
            && ngx_strncmp(rel->data + rel->len - n, t->exten.data, n) == 0)
        {
            r->headers_out.content_type = t->type;
            r->headers_out.content_type_len = t->type.len;
            r->headers_out.content_type_lowcase = NULL;

            if (t->text) {
                ngx_str_set(&r->headers_out.charset, "utf-8");
            }

            *text = t->text;

            return NGX_OK;
        }
    }

    *text = 0;

    return ngx_http_set_content_type(r);
}


static ngx_int_t
ngx_tidraw_app_headers(ngx_http_request_t *r, ngx_uint_t immutable)
{
    ngx_str_t   policy;
    ngx_uint_t  i;

    static struct {
        const char  *key;
        ngx_str_t    value;
    } fixed[] = {
        { "X-Content-Type-Options", ngx_string("nosniff") },
        { "Referrer-Policy", ngx_string("no-referrer") },
        { "Cross-Origin-Opener-Policy", ngx_string("same-origin") },
        { "Permissions-Policy",
          ngx_string("accelerometer=(), camera=(), display-capture=(),"
                     " geolocation=(), gyroscope=(), magnetometer=(),"
                     " microphone=(), midi=(), payment=(), usb=()") },
        { NULL, ngx_null_string }
    };

    static ngx_str_t  forever = ngx_string("public, max-age=31536000,"
                                           " immutable");
    static ngx_str_t  ask = ngx_string("no-cache");

    for (i = 0; fixed[i].key != NULL; i++) {

        if (ngx_tidraw_http_add_header(r, fixed[i].key, &fixed[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_tidraw_app_policy(r, &policy) != NGX_OK
        || ngx_tidraw_http_add_header(r, "Content-Security-Policy", &policy)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_tidraw_http_add_header(r, "Cache-Control",
                                      immutable ? &forever : &ask);
}


/* Some browsers do not count WebSocket to the same host as 'self'. */

static ngx_int_t
ngx_tidraw_app_policy(ngx_http_request_t *r, ngx_str_t *value)
{
    u_char                 *p, c;
    size_t                  i;
    ngx_str_t               host, frames, store;
    const char             *blank;
    ngx_tidraw_loc_conf_t  *tlcf;

    static ngx_str_t  before = ngx_string(
        "default-src 'none'; script-src 'self'; style-src 'self'"
        " 'unsafe-inline'; font-src 'self' data:; worker-src 'self' blob:;"
        " manifest-src 'self'; frame-src 'self' https:;"
        " base-uri 'self'; form-action 'self'");

    ngx_str_null(&host);

    if (r->headers_in.host != NULL) {
        host = r->headers_in.host->value;
    }

    for (i = 0; i < host.len; i++) {
        c = host.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':'
              || c == '[' || c == ']' || c == '_'))
        {
            /* nothing that could end the directive */
            host.len = 0;
            break;
        }
    }

    /* nobody may show a page within his own but those of embed/ */

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    ngx_str_set(&frames, "'none'");

    if (tlcf->embed_origins.len
        && r->uri.len > tlcf->base.len + 6
        && ngx_strncmp(r->uri.data + tlcf->base.len, "embed/", 6) == 0)
    {
        frames = tlcf->embed_origins;
    }

    /* where files may be redirected to */

    blank = "";
    ngx_str_null(&store);

    if (tlcf->s3 != NULL && tlcf->s3->redirect) {
        blank = " ";
        store = tlcf->s3->origin;
    }

    p = ngx_pnalloc(r->pool, before.len + 2 * host.len + frames.len
                             + 3 * store.len
                             + sizeof("; img-src 'self' data: blob: ;"
                                      " media-src 'self' data: blob: ;"
                                      " connect-src 'self' data: blob: "
                                      " ws:// wss://; frame-ancestors ") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    p = ngx_sprintf(p, "%V; img-src 'self' data: blob:%s%V;"
                    " media-src 'self' data: blob:%s%V;"
                    " connect-src 'self' data: blob:%s%V", &before,
                    blank, &store, blank, &store, blank, &store);

    if (host.len) {
        p = ngx_sprintf(p, " ws://%V wss://%V", &host, &host);
    }

    p = ngx_sprintf(p, "; frame-ancestors %V", &frames);
    value->len = p - value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_app_failed(ngx_http_request_t *r)
{
    ngx_http_clean_header(r);

    return ngx_tidraw_http_send_error(r, NGX_TIDRAW_ERROR_INTERNAL, NULL);
}
