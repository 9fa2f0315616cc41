
/*
 * Files that go: to whoever may see the board, by nginx's own way of sending
 * a file, with ranges and conditions, or from S3, through here or by an
 * address that is good for a few minutes.
 *
 * What people upload must never run on the site's origin.  The type is the
 * one that was found in the content and no browser may guess another; the
 * policy makes a document of it powerless; and all but pictures and films is
 * only ever saved.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_files.h"
#include "ngx_tidraw_s3.h"


typedef struct {
    int64_t      w;           /* the least width; a large one: the original */
    unsigned     again:1;     /* it was not where the row said */

    /* the row, in the request's pool */
    ngx_str_t    hash;
    ngx_str_t    gen;
    ngx_str_t    type;
    ngx_str_t    name;
    int64_t      size;
    int64_t      created;
} ngx_tidraw_file_t;


static void ngx_tidraw_file_look(ngx_tidraw_call_t *call);
static void ngx_tidraw_file_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_file_copy(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res);
static ngx_int_t ngx_tidraw_file_open(ngx_tidraw_call_t *call,
    ngx_str_t *path, ngx_open_file_info_t *of);
static ngx_int_t ngx_tidraw_file_headers(ngx_tidraw_call_t *call);
static void ngx_tidraw_file_missing(ngx_tidraw_call_t *call);
static void ngx_tidraw_file_remote(ngx_tidraw_call_t *call);
static void ngx_tidraw_file_redirect(ngx_tidraw_call_t *call,
    ngx_str_t *object);
static ngx_int_t ngx_tidraw_file_disposition(ngx_http_request_t *r,
    ngx_tidraw_file_t *file, ngx_str_t *value);
static ngx_int_t ngx_tidraw_file_etag(ngx_http_request_t *r,
    ngx_str_t *hash);
static ngx_int_t ngx_tidraw_file_send(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of);


void
ngx_tidraw_http_file_get(ngx_tidraw_call_t *call)
{
    int64_t             w;
    ngx_int_t           n;
    ngx_str_t           arg;
    ngx_tidraw_file_t  *file;

    /* beyond any copy: the original */

    w = (int64_t) 1 << 30;

    if (ngx_http_arg(call->request, (u_char *) "w", 1, &arg) == NGX_OK
        && arg.len > 0)
    {
        n = arg.len <= 5 ? ngx_atoi(arg.data, arg.len) : NGX_ERROR;

        if (n < 1) {
            ngx_tidraw_call_bad_field(call, "w", "The width must be a number"
                                      " of pixels.");
            return;
        }

        w = n;
    }

    file = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_file_t));
    if (file == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    file->w = w;
    call->state = file;

    ngx_tidraw_file_look(call);
}


static void
ngx_tidraw_file_look(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t    *op;
    ngx_tidraw_file_t  *file;

    file = call->state;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_GET, "isi", call->room,
                              &call->params[1], file->w);

    ngx_tidraw_call_run(call, op, ngx_tidraw_file_found);
}


static void
ngx_tidraw_file_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_int_t              rc;
    ngx_str_t              path, place;
    ngx_http_request_t    *r;
    ngx_tidraw_result_t   *res;
    ngx_open_file_info_t   of;

    r = call->request;
    res = &op->results[0];

    if (res->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such file on this board.");
        return;
    }

    if (ngx_tidraw_file_copy(call, res) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    place = ngx_tidraw_cell_str(res, 0, 2);

    if (place.len == 2 && ngx_memcmp(place.data, "s3", 2) == 0) {
        ngx_tidraw_file_remote(call);
        return;
    }

    rc = ngx_tidraw_file_open(call, &path, &of);

    if (rc == NGX_DECLINED) {
        ngx_tidraw_file_missing(call);
        return;
    }

    if (rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (ngx_tidraw_file_headers(call) != NGX_OK) {
        ngx_http_clean_header(r);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_sent(call);

    rc = ngx_tidraw_file_send(r, &path, &of);

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_tidraw_file_copy(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res)
{
    ngx_str_t           hash, gen, type, name;
    ngx_tidraw_file_t  *file;

    file = call->state;

    hash = ngx_tidraw_cell_str(res, 0, 0);
    gen = ngx_tidraw_cell_str(res, 0, 1);
    type = ngx_tidraw_cell_str(res, 0, 4);
    name = ngx_tidraw_cell_str(res, 0, 7);

    file->size = ngx_tidraw_cell_int(res, 0, 3);
    file->created = ngx_tidraw_cell_int(res, 0, 8);

    if (ngx_tidraw_call_copy(call, &file->hash, &hash) != NGX_OK
        || ngx_tidraw_call_copy(call, &file->gen, &gen) != NGX_OK
        || ngx_tidraw_call_copy(call, &file->type, &type) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_tidraw_call_copy(call, &file->name, &name);
}


/* It may have been moved since its row was read. */

static void
ngx_tidraw_file_missing(ngx_tidraw_call_t *call)
{
    ngx_tidraw_file_t  *file;

    file = call->state;

    if (!file->again) {
        file->again = 1;
        ngx_tidraw_file_look(call);
        return;
    }

    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                          "The file is missing on the server.");
}


static void
ngx_tidraw_file_remote(ngx_tidraw_call_t *call)
{
    u_char             *p;
    ngx_str_t           object;
    ngx_tidraw_file_t  *file;

    file = call->state;

    if (!ngx_tidraw_s3_on(call->site)) {
        ngx_tidraw_log(NGX_LOG_ERR, call->request->connection->log, 0,
                       "s3_missing", "request=%V hint=%s",
                       ngx_tidraw_request_ref(call->request),
                       "a file lies in S3, which is not configured: set "
                       "tidraw_s3 or S3_BUCKET");
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    p = ngx_pnalloc(call->request->pool, NGX_TIDRAW_BLOB_OBJECT_LEN);

    if (p == NULL || !ngx_tidraw_blob_valid(&file->hash, &file->gen)) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_blob_object(file->hash.data, file->gen.data, p, &object);

    if (call->conf->s3->redirect) {
        ngx_tidraw_file_redirect(call, &object);
        return;
    }

    ngx_tidraw_http_stream(call, &object, file->size, ngx_tidraw_file_headers,
                           ngx_tidraw_file_missing);
}


/* Who may is asked each minute; the address itself is good for a few. */

static void
ngx_tidraw_file_redirect(ngx_tidraw_call_t *call, ngx_str_t *object)
{
    ngx_int_t            rc;
    ngx_str_t            url, disposition;
    ngx_tidraw_file_t   *file;
    ngx_http_request_t  *r;

    static ngx_str_t  kept = ngx_string("private, max-age=31536000,"
                                        " immutable");
    static ngx_str_t  cache = ngx_string("private, max-age=60");
    static ngx_str_t  referrer = ngx_string("no-referrer");

    r = call->request;
    file = call->state;

    if (ngx_tidraw_file_disposition(r, file, &disposition) != NGX_OK
        || ngx_tidraw_s3_presign(r->pool, call->conf->s3, &r->method_name,
                                 object, &file->type, &disposition, &kept,
                                 &url)
           != NGX_OK
        || ngx_tidraw_http_add_header(r, "Location", &url) != NGX_OK
        || ngx_tidraw_http_add_header(r, "Cache-Control", &cache) != NGX_OK
        || ngx_tidraw_http_add_header(r, "Referrer-Policy", &referrer)
           != NGX_OK)
    {
        ngx_http_clean_header(r);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_sent(call);

    r->headers_out.status = NGX_HTTP_MOVED_TEMPORARILY;
    r->headers_out.content_length_n = 0;

    rc = ngx_http_send_header(r);

    if (rc == NGX_OK && !r->header_only) {
        rc = ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    ngx_http_finalize_request(r, rc);
}


/* NGX_OK; NGX_DECLINED: it is not there; NGX_ERROR. */

static ngx_int_t
ngx_tidraw_file_open(ngx_tidraw_call_t *call, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_tidraw_file_t         *file;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = call->request;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    file = call->state;

    path->data = ngx_tidraw_blob_path(r->pool, call->site, &file->hash,
                                      &file->gen, &path->len);
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(of, sizeof(ngx_open_file_info_t));

    of->read_ahead = clcf->read_ahead;
    of->directio = clcf->directio;
    of->valid = clcf->open_file_cache_valid;
    of->min_uses = clcf->open_file_cache_min_uses;
    of->errors = clcf->open_file_cache_errors;
    of->events = clcf->open_file_cache_events;

    if (ngx_open_cached_file(clcf->open_file_cache, path, of, r->pool)
        != NGX_OK)
    {
        ngx_tidraw_log(NGX_LOG_ERR, r->connection->log, of->err, "file_failed",
                       "request=%V call=%s path=%s", ngx_tidraw_request_ref(r),
                       of->failed, path->data);

        return of->err == NGX_ENOENT || of->err == NGX_ENOTDIR
               ? NGX_DECLINED : NGX_ERROR;
    }

    return of->is_file ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_tidraw_file_headers(ngx_tidraw_call_t *call)
{
    ngx_str_t            disposition;
    ngx_uint_t           i;
    ngx_tidraw_file_t   *file;
    ngx_http_request_t  *r;

    static struct {
        const char  *key;
        ngx_str_t    value;
    } fixed[] = {
        { "Cache-Control",
          ngx_string("private, max-age=31536000, immutable") },
        { "X-Content-Type-Options", ngx_string("nosniff") },
        { "Content-Security-Policy",
          ngx_string("default-src 'none'; sandbox") },
        { "Cross-Origin-Resource-Policy", ngx_string("same-origin") },
        { "Referrer-Policy", ngx_string("no-referrer") },
        { NULL, ngx_null_string }
    };

    r = call->request;

    for (i = 0; fixed[i].key != NULL; i++) {

        if (ngx_tidraw_http_add_header(r, fixed[i].key, &fixed[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    file = call->state;

    if (ngx_tidraw_file_disposition(r, file, &disposition) != NGX_OK
        || ngx_tidraw_http_add_header(r, "Content-Disposition", &disposition)
           != NGX_OK
        || ngx_tidraw_file_etag(r, &file->hash) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.content_type = file->type;
    r->headers_out.content_type_len = file->type.len;
    r->headers_out.content_type_lowcase = NULL;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.last_modified_time = file->created / 1000;

    r->allow_ranges = 1;

    return NGX_OK;
}


/* RFC 6266, the name as RFC 8187 has it. */

static ngx_int_t
ngx_tidraw_file_disposition(ngx_http_request_t *r, ngx_tidraw_file_t *file,
    ngx_str_t *value)
{
    u_char           *p, c;
    size_t            i;
    td_str_t          type;
    ngx_str_t        *name;
    td_sniff_kind_e   kind;

    static const char  hex[] = "0123456789ABCDEF";

    type.data = (char *) file->type.data;
    type.len = file->type.len;

    kind = td_sniff_kind(type);
    name = &file->name;

    p = ngx_pnalloc(r->pool, sizeof("attachment; filename*=UTF-8''")
                             + 3 * name->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    p = ngx_sprintf(p, "%s", kind == TD_SNIFF_RASTER || kind == TD_SNIFF_VIDEO
                             ? "inline" : "attachment");

    if (name->len != 0) {
        p = ngx_cpymem(p, "; filename*=UTF-8''",
                       sizeof("; filename*=UTF-8''") - 1);

        for (i = 0; i < name->len; i++) {
            c = name->data[i];

            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_')
            {
                *p++ = c;
                continue;
            }

            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 0xf];
        }
    }

    value->len = p - value->data;

    return NGX_OK;
}


/* The content is its own version. */

static ngx_int_t
ngx_tidraw_file_etag(ngx_http_request_t *r, ngx_str_t *hash)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "ETag");
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    h->value.data = ngx_pnalloc(r->pool, 34);
    if (h->value.data == NULL) {
        h->hash = 0;
        return NGX_ERROR;
    }

    h->value.len = ngx_sprintf(h->value.data, "\"%*s\"",
                               ngx_min(hash->len, 32), hash->data)
                   - h->value.data;

    r->headers_out.etag = h;

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_file_send(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.content_length_n = of->size;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (b->file == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->file_pos = 0;
    b->file_last = of->size;

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
