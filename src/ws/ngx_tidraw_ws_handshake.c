
/*
 * The opening handshake, RFC 6455 4.2: what a request must bring to become a
 * WebSocket, and the HTTP status for each thing that is missing.
 *
 * Only reads the request and adds headers to the answer; never sends.
 */


#include <ngx_sha1.h>

#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_ws_private.h"


#define NGX_TIDRAW_WS_KEY_LEN   24      /* 16 bytes in base64 */
#define NGX_TIDRAW_WS_GUID      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


static ngx_uint_t ngx_tidraw_ws_listed(ngx_http_request_t *r, char *name,
    char *token);
static ngx_uint_t ngx_tidraw_ws_has_token(ngx_str_t *value, char *token);
static ngx_int_t ngx_tidraw_ws_check_key(ngx_str_t *key);
static ngx_int_t ngx_tidraw_ws_add_header(ngx_http_request_t *r, char *name,
    char *value);
static void ngx_tidraw_ws_accept(ngx_str_t *key, u_char *accept);


ngx_int_t
ngx_tidraw_ws_handshake(ngx_http_request_t *r, u_char *accept)
{
    ngx_uint_t        keys, versions;
    ngx_table_elt_t  *key, *version;

    if (r != r->main) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (NGX_HTTP_V2)

    if (r->stream != NULL) {
        return NGX_HTTP_BAD_REQUEST;
    }

#endif

    if (r->method != NGX_HTTP_GET) {
        if (ngx_tidraw_ws_add_header(r, "Allow", "GET") != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_HTTP_NOT_ALLOWED;
    }

    if (r->http_version != NGX_HTTP_VERSION_11
        || r->headers_in.host == NULL
        || r->headers_in.content_length_n > 0
        || r->headers_in.chunked)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (!ngx_tidraw_ws_listed(r, "upgrade", "websocket")
        || !ngx_tidraw_ws_listed(r, "connection", "upgrade"))
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    key = ngx_tidraw_header(r, "sec-websocket-key", &keys);
    version = ngx_tidraw_header(r, "sec-websocket-version", &versions);

    if (version == NULL || versions != 1 || version->value.len != 2
        || ngx_strncmp(version->value.data, "13", 2) != 0)
    {
        if (ngx_tidraw_ws_add_header(r, "Sec-WebSocket-Version", "13")
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_TIDRAW_WS_UPGRADE_REQUIRED;
    }

    if (key == NULL || keys != 1
        || ngx_tidraw_ws_check_key(&key->value) != NGX_OK)
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    /*
     * Browsers send cookies with a WebSocket whichever page opens it, so only
     * our own pages may.
     */

    if (!ngx_tidraw_origin_own(r)) {
        ngx_tidraw_log(NGX_LOG_INFO, r->connection->log, 0, "socket_refused",
                       "request=%V error=%s", ngx_tidraw_request_ref(r),
                       "a page of another site");

        return NGX_HTTP_FORBIDDEN;
    }

    ngx_tidraw_ws_accept(&key->value, accept);

    return NGX_OK;
}


/* Whether any of the headers of that name lists the token. */

static ngx_uint_t
ngx_tidraw_ws_listed(ngx_http_request_t *r, char *name, char *token)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {

        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (header[i].key.len == len
                && ngx_strncmp(header[i].lowcase_key, name, len) == 0
                && ngx_tidraw_ws_has_token(&header[i].value, token))
            {
                return 1;
            }
        }
    }

    return 0;
}


static ngx_uint_t
ngx_tidraw_ws_has_token(ngx_str_t *value, char *token)
{
    size_t   len;
    u_char  *p, *last, *start, *end;

    len = ngx_strlen(token);
    p = value->data;
    last = value->data + value->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        start = p;

        while (p < last && *p != ',') {
            p++;
        }

        end = p;

        while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
            end--;
        }

        if ((size_t) (end - start) == len
            && ngx_strncasecmp(start, (u_char *) token, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_tidraw_ws_check_key(ngx_str_t *key)
{
    u_char     bytes[ngx_base64_decoded_length(NGX_TIDRAW_WS_KEY_LEN)];
    ngx_str_t  dst;

    if (key->len != NGX_TIDRAW_WS_KEY_LEN) {
        return NGX_ERROR;
    }

    dst.data = bytes;

    if (ngx_decode_base64(&dst, key) != NGX_OK || dst.len != 16) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_ws_add_header(ngx_http_request_t *r, char *name, char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


static void
ngx_tidraw_ws_accept(ngx_str_t *key, u_char *accept)
{
    u_char      digest[20];
    ngx_str_t   src, dst;
    ngx_sha1_t  sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, key->data, key->len);
    ngx_sha1_update(&sha1, NGX_TIDRAW_WS_GUID, sizeof(NGX_TIDRAW_WS_GUID) - 1);
    ngx_sha1_final(digest, &sha1);

    src.data = digest;
    src.len = sizeof(digest);
    dst.data = accept;

    ngx_encode_base64(&dst, &src);
}
