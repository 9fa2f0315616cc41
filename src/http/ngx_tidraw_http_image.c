
/*
 * Small pictures: taken from a body, kept as base64 text, given back as what
 * their bytes say they are and never as a document.
 */


#include "ngx_tidraw_http_image.h"
#include "td_sniff.h"


static size_t ngx_tidraw_image_read(void *ctx, uint64_t offset, uint8_t *buf,
    size_t n);


static ngx_str_t  ngx_tidraw_image_types[] = {
    ngx_string("image/png"),
    ngx_string("image/jpeg"),
    ngx_string("image/webp")
};


ngx_int_t
ngx_tidraw_image_take(ngx_tidraw_call_t *call, ngx_str_t *type,
    ngx_str_t *data)
{
    ngx_str_t  body;

    body.data = call->text;
    body.len = call->length;

    switch (ngx_tidraw_image_encode(call->request->pool, &body, type, data)) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNSUPPORTED_MEDIA_TYPE,
                              "The body must be a PNG, JPEG or WebP image.");
        return NGX_ERROR;

    default: /* NGX_ERROR */
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }
}


ngx_int_t
ngx_tidraw_image_encode(ngx_pool_t *pool, ngx_str_t *bytes, ngx_str_t *type,
    ngx_str_t *data)
{
    ngx_str_t   *t;
    ngx_uint_t   i, n;
    td_sniff_t   sniff;

    td_sniff(&sniff, bytes->len, ngx_tidraw_image_read, bytes);

    n = sizeof(ngx_tidraw_image_types) / sizeof(ngx_tidraw_image_types[0]);

    for (i = 0; i < n; i++) {
        t = &ngx_tidraw_image_types[i];

        if (ngx_strlen(sniff.type) == t->len
            && ngx_strncmp(sniff.type, t->data, t->len) == 0)
        {
            break;
        }
    }

    if (i == n) {
        return NGX_DECLINED;
    }

    *type = ngx_tidraw_image_types[i];

    data->data = ngx_pnalloc(pool, ngx_base64_encoded_length(bytes->len));

    if (data->data == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64(data, bytes);

    return NGX_OK;
}


static size_t
ngx_tidraw_image_read(void *ctx, uint64_t offset, uint8_t *buf, size_t n)
{
    ngx_str_t  *body = ctx;

    if (offset >= body->len) {
        return 0;
    }

    n = ngx_min(n, body->len - (size_t) offset);
    ngx_memcpy(buf, body->data + offset, n);

    return n;
}


void
ngx_tidraw_image_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    u_char               *p, buf[NGX_INT64_LEN];
    int64_t               version;
    ngx_str_t             type, data, out, arg;
    ngx_tidraw_result_t  *res;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    res = op->results;

    if (res->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such picture.");
        return;
    }

    version = ngx_tidraw_cell_int(res, 0, 0);
    type = ngx_tidraw_cell_str(res, 0, 1);
    data = ngx_tidraw_cell_str(res, 0, 2);

    if (td_buf_reserve(&call->out, ngx_base64_decoded_length(data.len))
        != TD_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    out.data = (u_char *) call->out.data;

    if (ngx_decode_base64(&out, &data) != NGX_OK
        || ngx_tidraw_call_copy(call, &call->type, &type) != NGX_OK
        || ngx_tidraw_call_etag(call, version) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->out.len = out.len;

    ngx_str_set(&call->cache, "private, no-cache");

    p = ngx_sprintf(buf, "%L", version);

    if (ngx_http_arg(call->request, (u_char *) "v", 1, &arg) == NGX_OK
        && arg.len == (size_t) (p - buf)
        && ngx_memcmp(arg.data, buf, arg.len) == 0)
    {
        ngx_str_set(&call->cache, "private, max-age=31536000, immutable");
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}
