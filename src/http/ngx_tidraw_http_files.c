
/*
 * Files that go: to whoever may see the board, by nginx's own way of sending
 * a file, with ranges and conditions.
 *
 * What people upload must never run on the site's origin.  The type is the
 * one that was found in the content and no browser may guess another; the
 * policy makes a document of it powerless; and all but pictures and films is
 * only ever saved.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_files.h"


static void ngx_tidraw_file_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_file_open(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_str_t *path, ngx_open_file_info_t *of);
static ngx_int_t ngx_tidraw_file_headers(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res);
static ngx_int_t ngx_tidraw_file_disposition(ngx_http_request_t *r,
    ngx_str_t *type, ngx_str_t *name);
static ngx_int_t ngx_tidraw_file_etag(ngx_http_request_t *r,
    ngx_str_t *hash);
static ngx_int_t ngx_tidraw_file_send(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of);


void
ngx_tidraw_http_file_get(ngx_tidraw_call_t *call)
{
    int64_t           w;
    ngx_int_t         n;
    ngx_str_t         arg;
    ngx_tidraw_op_t  *op;

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

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_GET, "isi", call->room,
                              &call->params[1], w);

    ngx_tidraw_call_run(call, op, ngx_tidraw_file_found);
}


static void
ngx_tidraw_file_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_int_t              rc;
    ngx_str_t              path;
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

    rc = ngx_tidraw_file_open(call, res, &path, &of);

    if (rc != NGX_OK) {
        ngx_tidraw_call_error(call, rc == NGX_DECLINED
                                    ? NGX_TIDRAW_ERROR_NOT_FOUND
                                    : NGX_TIDRAW_ERROR_INTERNAL,
                              rc == NGX_DECLINED
                              ? "The file is missing on the server." : NULL);
        return;
    }

    if (ngx_tidraw_file_headers(call, res) != NGX_OK) {
        ngx_http_clean_header(r);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_sent(call);

    rc = ngx_tidraw_file_send(r, &path, &of);

    ngx_http_finalize_request(r, rc);
}


/* NGX_OK; NGX_DECLINED: it is not there; NGX_ERROR. */

static ngx_int_t
ngx_tidraw_file_open(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_str_t *path, ngx_open_file_info_t *of)
{
    ngx_str_t                  hash, gen;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = call->request;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    hash = ngx_tidraw_cell_str(res, 0, 0);
    gen = ngx_tidraw_cell_str(res, 0, 1);

    path->data = ngx_tidraw_blob_path(r->pool, call->site, &hash, &gen,
                                      &path->len);
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
        ngx_log_error(NGX_LOG_ERR, r->connection->log, of->err,
                      "tidraw: %s \"%s\" failed", of->failed, path->data);

        return of->err == NGX_ENOENT || of->err == NGX_ENOTDIR
               ? NGX_DECLINED : NGX_ERROR;
    }

    return of->is_file ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_tidraw_file_headers(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res)
{
    ngx_str_t            hash, type, name;
    ngx_uint_t           i;
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

    hash = ngx_tidraw_cell_str(res, 0, 0);
    type = ngx_tidraw_cell_str(res, 0, 4);
    name = ngx_tidraw_cell_str(res, 0, 7);

    if (ngx_tidraw_file_disposition(r, &type, &name) != NGX_OK
        || ngx_tidraw_file_etag(r, &hash) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.content_type.data = ngx_pstrdup(r->pool, &type);
    if (r->headers_out.content_type.data == NULL) {
        return NGX_ERROR;
    }

    r->headers_out.content_type.len = type.len;
    r->headers_out.content_type_len = type.len;
    r->headers_out.content_type_lowcase = NULL;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.last_modified_time = ngx_tidraw_cell_int(res, 0, 8) / 1000;

    r->allow_ranges = 1;

    return NGX_OK;
}


/* RFC 6266, the name as RFC 8187 has it. */

static ngx_int_t
ngx_tidraw_file_disposition(ngx_http_request_t *r, ngx_str_t *type,
    ngx_str_t *name)
{
    u_char           *p, c;
    size_t            i;
    td_str_t          t;
    ngx_str_t         value;
    td_sniff_kind_e   kind;

    static const char  hex[] = "0123456789ABCDEF";

    t.data = (char *) type->data;
    t.len = type->len;

    kind = td_sniff_kind(t);

    p = ngx_pnalloc(r->pool, sizeof("attachment; filename*=UTF-8''")
                             + 3 * name->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

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

    value.len = p - value.data;

    return ngx_tidraw_http_add_header(r, "Content-Disposition", &value);
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
