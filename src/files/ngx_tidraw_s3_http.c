
/*
 * One try of a request to S3, in a thread: signed, carried by libcurl, and
 * what failed in words for whoever runs the server.  It touches the request's
 * own memory and the configuration, and nothing else; no secret and no
 * address with a signature gets into the words.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>
#include <time.h>

#include "ngx_tidraw_s3_private.h"
#include "ngx_tidraw_curl.h"
#include "td_digest.h"


#define NGX_TIDRAW_S3_CONNECT   5         /* seconds */
#define NGX_TIDRAW_S3_STALLED   20        /* seconds without a byte */
#define NGX_TIDRAW_S3_BLOCK     65536


static void ngx_tidraw_s3_sha256(uint8_t out[TD_S3_HASH], const char *p,
    size_t n);
static void ngx_tidraw_s3_hmac(uint8_t out[TD_S3_HASH], const char *key,
    size_t keylen, const char *p, size_t n);

#if (NGX_TIDRAW_CURL)
static ngx_int_t ngx_tidraw_s3_payload(ngx_tidraw_s3_ctx_t *ctx,
    char hex[TD_S3_HEX]);
static CURLcode ngx_tidraw_s3_build(ngx_tidraw_s3_ctx_t *ctx,
    struct curl_slist **headers, td_buf_t *url);
static CURLcode ngx_tidraw_s3_header(struct curl_slist **headers,
    const char *name, const char *value, size_t len);
static CURLcode ngx_tidraw_s3_set(ngx_tidraw_s3_ctx_t *ctx,
    struct curl_slist *headers, td_buf_t *url, char *error);
static size_t ngx_tidraw_s3_read(char *p, size_t size, size_t n, void *data);
static int ngx_tidraw_s3_seek(void *data, curl_off_t offset, int origin);
static size_t ngx_tidraw_s3_write(char *p, size_t size, size_t n,
    void *data);
static size_t ngx_tidraw_s3_head(char *p, size_t size, size_t n, void *data);
static int ngx_tidraw_s3_progress(void *data, curl_off_t dltotal,
    curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow);
static void ngx_tidraw_s3_answered(ngx_tidraw_s3_ctx_t *ctx);
static void ngx_tidraw_s3_refused(ngx_tidraw_s3_ctx_t *ctx,
    td_str_t message);
static void ngx_tidraw_s3_broken(ngx_tidraw_s3_ctx_t *ctx, CURLcode code,
    char *error);
#endif


const td_s3_hash_t  ngx_tidraw_s3_hash = {
    ngx_tidraw_s3_sha256,
    ngx_tidraw_s3_hmac
};


static void
ngx_tidraw_s3_sha256(uint8_t out[TD_S3_HASH], const char *p, size_t n)
{
    (void) crypto_hash_sha256(out, (const unsigned char *) p, n);
}


static void
ngx_tidraw_s3_hmac(uint8_t out[TD_S3_HASH], const char *key, size_t keylen,
    const char *p, size_t n)
{
    crypto_auth_hmacsha256_state  state;

    (void) crypto_auth_hmacsha256_init(&state, (const unsigned char *) key,
                                       keylen);
    (void) crypto_auth_hmacsha256_update(&state, (const unsigned char *) p,
                                         n);
    (void) crypto_auth_hmacsha256_final(&state, out);
}


void
ngx_tidraw_s3_prepare(ngx_tidraw_s3_t *s3, td_s3_request_t *r,
    u_char date[TD_S3_DATE + 1])
{
    time_t     now;
    struct tm  tm;

    ngx_memzero(r, sizeof(td_s3_request_t));

    now = time(NULL);
    (void) gmtime_r(&now, &tm);
    (void) strftime((char *) date, TD_S3_DATE + 1, "%Y%m%dT%H%M%SZ", &tm);

    r->date.data = (char *) date;
    r->date.len = TD_S3_DATE;

    r->host.data = (char *) s3->host.data;
    r->host.len = s3->host.len;
    r->region.data = (char *) s3->region.data;
    r->region.len = s3->region.len;
    r->key.data = (char *) s3->key.data;
    r->key.len = s3->key.len;
    r->secret.data = (char *) s3->secret.data;
    r->secret.len = s3->secret.len;
}


ngx_int_t
ngx_tidraw_s3_path(ngx_tidraw_s3_t *s3, ngx_str_t *name, td_buf_t *b)
{
    td_buf_add(b, (char *) s3->path.data, s3->path.len);

    if (name->len != 0) {
        td_buf_char(b, '/');
        td_buf_add(b, (char *) s3->prefix.data, s3->prefix.len);
        td_buf_add(b, (char *) name->data, name->len);

    } else if (s3->path.len == 0) {
        td_buf_char(b, '/');
    }

    return b->failed ? NGX_ERROR : NGX_OK;
}


#if (NGX_TIDRAW_CURL)

void
ngx_tidraw_s3_perform(ngx_tidraw_s3_ctx_t *ctx)
{
    char                error[CURL_ERROR_SIZE];
    td_buf_t            url;
    CURLcode            code;
    struct curl_slist  *headers;

    ctx->request.rc = NGX_ERROR;
    ctx->request.status = 0;
    ctx->request.answer_len = 0;
    ctx->request.length = -1;
    ctx->request.etag[0] = '\0';
    ctx->again = 0;
    ctx->code[0] = '\0';
    ctx->why[0] = '\0';
    ctx->sent = 0;

    error[0] = '\0';
    headers = NULL;
    ngx_memzero(&url, sizeof(td_buf_t));

    code = CURLE_OUT_OF_MEMORY;

    if (ctx->curl == NULL) {
        ctx->curl = curl_easy_init();

    } else {
        curl_easy_reset(ctx->curl);
    }

    if (ctx->curl != NULL) {
        code = ngx_tidraw_s3_build(ctx, &headers, &url);
    }

    if (code == CURLE_OK) {
        code = ngx_tidraw_s3_set(ctx, headers, &url, error);
    }

    if (code == CURLE_OK) {
        code = curl_easy_perform(ctx->curl);
    }

    if (code == CURLE_OK) {
        ngx_tidraw_s3_answered(ctx);

    } else {
        ngx_tidraw_s3_broken(ctx, code, error);
    }

    curl_slist_free_all(headers);
    td_buf_free(&url);
}


/* The hash of the body: S3 notices what came differently. */

static ngx_int_t
ngx_tidraw_s3_payload(ngx_tidraw_s3_ctx_t *ctx, char hex[TD_S3_HEX])
{
    off_t                      left;
    u_char                    *block, hash[TD_S3_HASH];
    ssize_t                    n;
    td_digest_t                digest;
    ngx_tidraw_s3_request_t   *req;

    req = &ctx->request;

    td_digest_init(&digest, TD_DIGEST_SHA256);

    if (req->fd == NGX_INVALID_FILE) {
        td_digest_add(&digest, req->body.data, req->body.len);
        left = 0;

    } else {
        block = malloc(NGX_TIDRAW_S3_BLOCK);
        if (block == NULL) {
            return NGX_ERROR;
        }

        for (left = req->size; left > 0; left -= n) {
            n = pread(req->fd, block,
                      ngx_min(left, (off_t) NGX_TIDRAW_S3_BLOCK),
                      req->offset + req->size - left);

            if (n <= 0) {
                break;
            }

            td_digest_add(&digest, block, n);
        }

        free(block);
    }

    td_digest_end(&digest, hash);
    td_s3_hex(hex, hash, TD_S3_HASH);

    return left == 0 ? NGX_OK : NGX_ERROR;
}


static CURLcode
ngx_tidraw_s3_build(ngx_tidraw_s3_ctx_t *ctx, struct curl_slist **headers,
    td_buf_t *url)
{
    char                      hex[TD_S3_HEX], range[64];
    u_char                    date[TD_S3_DATE + 1], *p;
    CURLcode                  code;
    td_buf_t                  path, value;
    ngx_uint_t                i;
    td_s3_request_t           r;
    ngx_tidraw_s3_request_t  *req;

    req = &ctx->request;

    ngx_memzero(&path, sizeof(td_buf_t));
    ngx_memzero(&value, sizeof(td_buf_t));

    if (ngx_tidraw_s3_payload(ctx, hex) != NGX_OK) {
        return CURLE_READ_ERROR;
    }

    ngx_tidraw_s3_prepare(ctx->s3, &r, date);

    code = CURLE_OUT_OF_MEMORY;

    if (ngx_tidraw_s3_path(ctx->s3, &req->name, &path) != NGX_OK) {
        goto done;
    }

    r.method.data = req->method;
    r.method.len = ngx_strlen(req->method);
    r.path.data = path.data;
    r.path.len = path.len;
    r.payload.data = hex;
    r.payload.len = TD_S3_HEX;

    for (i = 0; i < req->nargs; i++) {
        r.query[i] = req->args[i];
    }

    r.nquery = req->nargs;

    if (td_s3_authorize(&r, &ngx_tidraw_s3_hash, &value) != TD_OK) {
        goto done;
    }

    td_buf_add(url, (char *) ctx->s3->origin.data, ctx->s3->origin.len);
    (void) td_s3_target(&r, url);
    td_buf_char(url, '\0');

    if (url->failed) {
        goto done;
    }

    code = ngx_tidraw_s3_header(headers, "Authorization", value.data,
                                value.len);

#define ngx_tidraw_s3_add(name, data, len)                                    \
    if (code == CURLE_OK) {                                                   \
        code = ngx_tidraw_s3_header(headers, name, (char *) (data), len);     \
    }

    ngx_tidraw_s3_add("Host", ctx->s3->host.data, ctx->s3->host.len);
    ngx_tidraw_s3_add("x-amz-content-sha256", hex, TD_S3_HEX);
    ngx_tidraw_s3_add("x-amz-date", date, TD_S3_DATE);
    ngx_tidraw_s3_add("Expect", "", 0);

    if (req->type.len) {
        ngx_tidraw_s3_add("Content-Type", req->type.data, req->type.len);
    }

    if (req->end) {
        p = ngx_sprintf((u_char *) range, "bytes=%O-%O", req->first,
                        req->end - 1);
        ngx_tidraw_s3_add("Range", range, p - (u_char *) range);
    }

#undef ngx_tidraw_s3_add

done:

    td_buf_free(&path);
    td_buf_free(&value);

    return code;
}


static CURLcode
ngx_tidraw_s3_header(struct curl_slist **headers, const char *name,
    const char *value, size_t len)
{
    td_buf_t            b;
    struct curl_slist  *list;

    ngx_memzero(&b, sizeof(td_buf_t));

    td_buf_add(&b, name, ngx_strlen(name));
    td_buf_char(&b, ':');

    if (len) {
        td_buf_char(&b, ' ');
        td_buf_add(&b, value, len);
    }

    td_buf_char(&b, '\0');

    list = b.failed ? NULL : curl_slist_append(*headers, b.data);

    td_buf_free(&b);

    if (list == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }

    *headers = list;

    return CURLE_OK;
}


static CURLcode
ngx_tidraw_s3_set(ngx_tidraw_s3_ctx_t *ctx, struct curl_slist *headers,
    td_buf_t *url, char *error)
{
    CURL                     *curl;
    CURLcode                  code;
    curl_off_t                size;
    ngx_tidraw_s3_t          *s3;
    ngx_tidraw_s3_request_t  *req;

    curl = ctx->curl;
    s3 = ctx->s3;
    req = &ctx->request;
    code = CURLE_OK;

#define ngx_tidraw_s3_option(option, value)                                   \
    if (code == CURLE_OK) {                                                   \
        code = curl_easy_setopt(curl, option, value);                         \
    }

    ngx_tidraw_s3_option(CURLOPT_ERRORBUFFER, error);
    ngx_tidraw_s3_option(CURLOPT_NOSIGNAL, 1L);
    ngx_tidraw_s3_option(CURLOPT_PROXY, "");
    ngx_tidraw_s3_option(CURLOPT_URL, url->data);
    ngx_tidraw_s3_option(CURLOPT_PATH_AS_IS, 1L);
    ngx_tidraw_s3_option(CURLOPT_HTTP_VERSION,
                         (long) CURL_HTTP_VERSION_1_1);
    ngx_tidraw_s3_option(CURLOPT_HTTPHEADER, headers);
    ngx_tidraw_s3_option(CURLOPT_USERAGENT, "Tidraw/" NGX_TIDRAW_VERSION);
    ngx_tidraw_s3_option(CURLOPT_MAXCONNECTS, 2L);

    ngx_tidraw_s3_option(CURLOPT_CONNECTTIMEOUT,
                         (long) NGX_TIDRAW_S3_CONNECT);
    ngx_tidraw_s3_option(CURLOPT_LOW_SPEED_LIMIT, 1L);
    ngx_tidraw_s3_option(CURLOPT_LOW_SPEED_TIME,
                         (long) NGX_TIDRAW_S3_STALLED);

    ngx_tidraw_s3_option(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    ngx_tidraw_s3_option(CURLOPT_SSL_VERIFYPEER, 1L);
    ngx_tidraw_s3_option(CURLOPT_SSL_VERIFYHOST, 2L);

    if (s3->ca.len) {
        ngx_tidraw_s3_option(CURLOPT_CAINFO, (char *) s3->ca.data);
    }

    ngx_tidraw_s3_option(CURLOPT_WRITEFUNCTION, ngx_tidraw_s3_write);
    ngx_tidraw_s3_option(CURLOPT_WRITEDATA, ctx);
    ngx_tidraw_s3_option(CURLOPT_HEADERFUNCTION, ngx_tidraw_s3_head);
    ngx_tidraw_s3_option(CURLOPT_HEADERDATA, ctx);
    ngx_tidraw_s3_option(CURLOPT_XFERINFOFUNCTION, ngx_tidraw_s3_progress);
    ngx_tidraw_s3_option(CURLOPT_XFERINFODATA, ctx);
    ngx_tidraw_s3_option(CURLOPT_NOPROGRESS, 0L);

    if (req->method[0] == 'H') {
        ngx_tidraw_s3_option(CURLOPT_NOBODY, 1L);

    } else if (req->method[0] == 'P') {

        /* PUT, and POST, which libcurl need not know as such */

        size = req->fd != NGX_INVALID_FILE ? req->size
                                           : (off_t) req->body.len;

        ngx_tidraw_s3_option(CURLOPT_UPLOAD, 1L);
        ngx_tidraw_s3_option(CURLOPT_INFILESIZE_LARGE, size);
        ngx_tidraw_s3_option(CURLOPT_READFUNCTION, ngx_tidraw_s3_read);
        ngx_tidraw_s3_option(CURLOPT_READDATA, ctx);
        ngx_tidraw_s3_option(CURLOPT_SEEKFUNCTION, ngx_tidraw_s3_seek);
        ngx_tidraw_s3_option(CURLOPT_SEEKDATA, ctx);
    }

    if (req->method[0] == 'D' || req->method[1] == 'O') {
        ngx_tidraw_s3_option(CURLOPT_CUSTOMREQUEST, req->method);
    }

#undef ngx_tidraw_s3_option

    return code;
}


static size_t
ngx_tidraw_s3_read(char *p, size_t size, size_t n, void *data)
{
    ngx_tidraw_s3_ctx_t  *ctx = data;

    ssize_t                   rc;
    ngx_tidraw_s3_request_t  *req;

    req = &ctx->request;
    n *= size;

    if (req->fd == NGX_INVALID_FILE) {
        n = ngx_min(n, req->body.len - (size_t) ctx->sent);

        if (n != 0) {
            ngx_memcpy(p, req->body.data + ctx->sent, n);
        }

        ctx->sent += n;

        return n;
    }

    n = ngx_min((off_t) n, req->size - ctx->sent);

    if (n == 0) {
        return 0;
    }

    rc = pread(req->fd, p, n, req->offset + ctx->sent);

    if (rc <= 0) {
        return CURL_READFUNC_ABORT;
    }

    ctx->sent += rc;

    return rc;
}


/* A kept connection turned out to be closed: from the begin, on another. */

static int
ngx_tidraw_s3_seek(void *data, curl_off_t offset, int origin)
{
    ngx_tidraw_s3_ctx_t  *ctx = data;

    if (origin != SEEK_SET) {
        return CURL_SEEKFUNC_CANTSEEK;
    }

    ctx->sent = offset;

    return CURL_SEEKFUNC_OK;
}


static size_t
ngx_tidraw_s3_write(char *p, size_t size, size_t n, void *data)
{
    ngx_tidraw_s3_ctx_t  *ctx = data;

    long                      status;
    size_t                    len;
    ngx_tidraw_s3_request_t  *req;

    req = &ctx->request;
    n *= size;

    len = ngx_min(n, req->answer_max - req->answer_len);

    ngx_memcpy(req->answer + req->answer_len, p, len);
    req->answer_len += len;

    if (len < n
        && (curl_easy_getinfo(ctx->curl, CURLINFO_RESPONSE_CODE, &status)
            != CURLE_OK || status < 300))
    {
        /* more than was asked for */
        return 0;
    }

    return n;
}


static size_t
ngx_tidraw_s3_head(char *p, size_t size, size_t n, void *data)
{
    ngx_tidraw_s3_ctx_t  *ctx = data;

    size_t  i, len;

    n *= size;
    i = sizeof("ETag:") - 1;

    if (n > i && ngx_strncasecmp((u_char *) p, (u_char *) "ETag:", i) == 0) {

        while (i < n && p[i] == ' ') {
            i++;
        }

        for (len = n; len > i && (u_char) p[len - 1] <= ' '; len--) {
            /* void */
        }

        if (len - i < sizeof(ctx->request.etag)) {
            (void) ngx_cpystrn(ctx->request.etag, (u_char *) p + i,
                               len - i + 1);
        }
    }

    return n;
}


/* Called about once a second. */

static int
ngx_tidraw_s3_progress(void *data, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    ngx_tidraw_s3_ctx_t  *ctx = data;

    return ctx->stop || ngx_terminate;
}


static void
ngx_tidraw_s3_answered(ngx_tidraw_s3_ctx_t *ctx)
{
    long                      status;
    size_t                    pos, n;
    td_str_t                  xml, text, message;
    curl_off_t                length;
    ngx_tidraw_s3_request_t  *req;

    req = &ctx->request;
    status = 0;
    length = -1;

    (void) curl_easy_getinfo(ctx->curl, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(ctx->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
                             &length);

    req->status = status;
    req->length = length;

    xml.data = (char *) req->answer;
    xml.len = req->answer_len;
    message.len = 0;

    /* completing many parts may fail after it has answered with 200 */

    pos = 0;

    if (status >= 200 && status < 300
        && (req->method[1] != 'O' || !td_s3_xml(xml, &pos, "Error", &text)))
    {
        req->rc = NGX_OK;
        return;
    }

    pos = 0;

    if (td_s3_xml(xml, &pos, "Code", &text)) {
        n = ngx_min(text.len, sizeof(ctx->code) - 1);
        ngx_memcpy(ctx->code, text.data, n);
        ctx->code[n] = '\0';
    }

    pos = 0;

    if (!td_s3_xml(xml, &pos, "Message", &message)) {
        message.len = 0;
    }

    if (status == 404
        && ngx_strcmp(ctx->code, "NoSuchBucket") != 0
        && req->name.len != 0)
    {
        req->rc = NGX_DECLINED;
        return;
    }

    ctx->again = status >= 500 || status == 408 || status == 429
                 || status < 300
                 || ngx_strcmp(ctx->code, "RequestTimeout") == 0;

    ngx_tidraw_s3_refused(ctx, message);
}


static void
ngx_tidraw_s3_refused(ngx_tidraw_s3_ctx_t *ctx, td_str_t message)
{
    u_char      *p, *last;
    size_t       i;
    ngx_uint_t   k;

    static struct {
        const char  *code;
        const char  *hint;
    } hints[] = {
        { "InvalidAccessKeyId", "nobody has this access key there: check"
          " S3_ACCESS_KEY_ID" },
        { "SignatureDoesNotMatch", "the secret is not the one of the access"
          " key: check S3_SECRET_ACCESS_KEY" },
        { "NoSuchBucket", "there is no such bucket: check S3_BUCKET, or"
          " create it" },
        { "AccessDenied", "the access key may not do this: it must be allowed"
          " to get, put, delete and list objects of the bucket" },
        { "AuthorizationHeaderMalformed", "this is another region's: check"
          " S3_REGION" },
        { "PermanentRedirect", "the bucket is elsewhere: check S3_REGION and"
          " S3_ENDPOINT" },
        { "RequestTimeTooSkewed", "the clock of this machine is wrong" },
        { "QuotaExceeded", "the store is full" },
        { "XMinioStorageFull", "the store is full" },
        { NULL, NULL }
    };

    p = ctx->why;
    last = p + sizeof(ctx->why) - 1;

    for (k = 0; hints[k].code; k++) {
        if (ngx_strcmp(ctx->code, hints[k].code) == 0) {
            p = ngx_slprintf(p, last, "%s; ", hints[k].hint);
            break;
        }
    }

    if (hints[k].code == NULL && ctx->request.method[0] == 'H'
        && ctx->request.status == 403)
    {
        p = ngx_slprintf(p, last, "the access key, its secret or its rights"
                         " are wrong; ");
    }

    p = ngx_slprintf(p, last, "HTTP %ui %s", ctx->request.status, ctx->code);

    if (message.len) {
        p = ngx_slprintf(p, last, " (");

        for (i = 0; i < message.len && i < 120 && p < last - 1; i++) {
            *p++ = message.data[i] < 0x20 || message.data[i] > 0x7e
                   ? '?' : message.data[i];
        }

        p = ngx_slprintf(p, last, ")");
    }

    *p = '\0';
}


static void
ngx_tidraw_s3_broken(ngx_tidraw_s3_ctx_t *ctx, CURLcode code, char *error)
{
    u_char  *p, *last;

    p = ctx->why;
    last = p + sizeof(ctx->why) - 1;

    ctx->again = 1;

    switch (code) {

    case CURLE_COULDNT_RESOLVE_HOST:
        p = ngx_slprintf(p, last, "the name of the server cannot be resolved:"
                         " check S3_ENDPOINT");
        break;

    case CURLE_COULDNT_CONNECT:
        p = ngx_slprintf(p, last, "nothing answers there: check S3_ENDPOINT,"
                         " or start it");
        break;

    case CURLE_OPERATION_TIMEDOUT:
        p = ngx_slprintf(p, last, "it did not answer in time");
        break;

    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
        ctx->again = 0;
        p = ngx_slprintf(p, last, "its certificate is not to be trusted: %s",
                         error);
        break;

    case CURLE_READ_ERROR:
        ctx->again = 0;
        p = ngx_slprintf(p, last, "the file cannot be read");
        break;

    case CURLE_WRITE_ERROR:
        ctx->again = 0;
        p = ngx_slprintf(p, last, "it sent more than was asked for");
        break;

    case CURLE_ABORTED_BY_CALLBACK:
        ctx->again = 0;
        p = ngx_slprintf(p, last, "ended, because the server was stopped");
        break;

    default:
        p = ngx_slprintf(p, last, "%s",
                         error[0] ? error : curl_easy_strerror(code));
    }

    *p = '\0';
}

#else

/* The configuration refuses S3 then. */

void
ngx_tidraw_s3_perform(ngx_tidraw_s3_ctx_t *ctx)
{
    ctx->request.rc = NGX_ERROR;
    (void) ngx_cpystrn(ctx->why, (u_char *) "built without libcurl",
                       sizeof(ctx->why));
}

#endif
