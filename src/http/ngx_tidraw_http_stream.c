
/*
 * Files from S3, through here.  They are fetched in pieces, each by a request
 * of its own, and the next one while one is sent: a slow reader holds two
 * pieces of memory and no thread.
 *
 * nginx's filters answer conditions and find the range; only what they will
 * let through is fetched.  The first piece is there before the headers go, so
 * that a store that is away is told with 503.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_s3.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_STREAM_PIECE   (512 * 1024)
#define NGX_TIDRAW_STREAMS_MAX    (64 * 1024 * 1024)   /* of a worker */
#define NGX_TIDRAW_STREAM_WAIT    120000               /* for S3 */
#define NGX_TIDRAW_STREAM_RETRY   10                   /* seconds */


typedef struct {
    ngx_http_request_t        *request;
    ngx_tidraw_call_t         *call;
    ngx_tidraw_stream_pt       headers;
    ngx_tidraw_call_pt         missing;
    ngx_str_t                  name;
    off_t                      size;

    off_t                      next;       /* the first byte not asked for */
    off_t                      end;        /* behind the last that is wanted */
    off_t                      at;         /* where the newest piece begins */
    off_t                      sent;       /* given to the filters */

    ngx_tidraw_s3_request_t   *fetch;      /* pending */
    ngx_tidraw_s3_request_t   *ready;      /* waits for its turn */
    ngx_tidraw_s3_request_t   *out;        /* is being sent */
    ngx_buf_t                 *buf;        /* of it */
} ngx_tidraw_stream_t;


static void ngx_tidraw_stream_cleanup(void *data);
static off_t ngx_tidraw_stream_hint(ngx_http_request_t *r, off_t size);
static ngx_int_t ngx_tidraw_stream_fetch(ngx_tidraw_stream_t *st);
static void ngx_tidraw_stream_fetched(ngx_tidraw_s3_request_t *req);
static void ngx_tidraw_stream_close(ngx_tidraw_stream_t *st,
    ngx_tidraw_s3_request_t **req);
static void ngx_tidraw_stream_refuse(ngx_tidraw_stream_t *st, ngx_int_t rc);
static void ngx_tidraw_stream_begin(ngx_tidraw_stream_t *st);
static off_t ngx_tidraw_stream_range(ngx_tidraw_stream_t *st);
static ngx_int_t ngx_tidraw_stream_hole(ngx_tidraw_stream_t *st, off_t size);
static void ngx_tidraw_stream_write(ngx_http_request_t *r);
static void ngx_tidraw_stream_run(ngx_tidraw_stream_t *st);
static ngx_int_t ngx_tidraw_stream_piece(ngx_tidraw_stream_t *st);


/* bytes of this worker's pieces */
static size_t  ngx_tidraw_stream_held;


void
ngx_tidraw_http_stream(ngx_tidraw_call_t *call, ngx_str_t *name, off_t size,
    ngx_tidraw_stream_pt headers, ngx_tidraw_call_pt missing)
{
    ngx_http_cleanup_t   *cln;
    ngx_http_request_t   *r;
    ngx_tidraw_stream_t  *st;

    r = call->request;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_tidraw_stream_t));

    if (cln == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    st = cln->data;
    ngx_memzero(st, sizeof(ngx_tidraw_stream_t));

    cln->handler = ngx_tidraw_stream_cleanup;

    st->request = r;
    st->call = call;
    st->headers = headers;
    st->missing = missing;
    st->name = *name;
    st->size = size;
    st->end = size;

    /* it may well be that nothing of it is wanted */

    if (r->method == NGX_HTTP_HEAD || size == 0
        || r->headers_in.if_none_match != NULL
        || r->headers_in.if_modified_since != NULL
        || r->headers_in.if_match != NULL
        || r->headers_in.if_unmodified_since != NULL)
    {
        ngx_tidraw_stream_begin(st);
        return;
    }

    st->next = ngx_tidraw_stream_hint(r, size);

    if (ngx_tidraw_stream_fetch(st) != NGX_OK) {
        ngx_tidraw_stream_refuse(st, NGX_AGAIN);
        return;
    }

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_stream_cleanup(void *data)
{
    ngx_tidraw_stream_t  *st = data;

    ngx_tidraw_stream_close(st, &st->fetch);
    ngx_tidraw_stream_close(st, &st->ready);
    ngx_tidraw_stream_close(st, &st->out);
}


/* Where a range probably begins; the filter decides. */

static off_t
ngx_tidraw_stream_hint(ngx_http_request_t *r, off_t size)
{
    u_char     *p, *last;
    off_t       n;
    ngx_str_t  *range;

    if (r->headers_in.range == NULL) {
        return 0;
    }

    range = &r->headers_in.range->value;

    if (range->len < 7 || ngx_strncmp(range->data, "bytes=", 6) != 0) {
        return 0;
    }

    last = range->data + range->len;

    for (p = range->data + 6; p < last && *p >= '0' && *p <= '9'; p++) {
        /* void */
    }

    n = ngx_atoof(range->data + 6, p - range->data - 6);

    return n == NGX_ERROR || n >= size ? 0 : n;
}


static ngx_int_t
ngx_tidraw_stream_fetch(ngx_tidraw_stream_t *st)
{
    size_t                    len;
    ngx_tidraw_s3_request_t  *req;

    len = ngx_min(st->end - st->next, (off_t) NGX_TIDRAW_STREAM_PIECE);

    if (ngx_tidraw_stream_held + len > NGX_TIDRAW_STREAMS_MAX) {
        return NGX_ERROR;
    }

    req = ngx_tidraw_s3_request(st->call->site, "GET", &st->name, len);
    if (req == NULL) {
        return NGX_ERROR;
    }

    req->first = st->next;
    req->end = st->next + len;

    st->at = st->next;
    st->next += len;
    st->fetch = req;

    ngx_tidraw_stream_held += req->answer_max;

    ngx_tidraw_s3_send(req, ngx_tidraw_stream_fetched, st);

    return NGX_OK;
}


static void
ngx_tidraw_stream_close(ngx_tidraw_stream_t *st,
    ngx_tidraw_s3_request_t **req)
{
    if (*req != NULL) {
        ngx_tidraw_stream_held -= (*req)->answer_max;
        ngx_tidraw_s3_close(*req);
        *req = NULL;
    }
}


static void
ngx_tidraw_stream_fetched(ngx_tidraw_s3_request_t *req)
{
    ngx_int_t             rc;
    ngx_connection_t     *c;
    ngx_tidraw_stream_t  *st;

    st = req->data;
    c = st->request->connection;

    ngx_http_set_log_request(c->log, st->request);

    st->fetch = NULL;
    st->ready = req;

    rc = req->rc;

    if (rc == NGX_OK && (off_t) req->answer_len != req->end - req->first) {
        ngx_tidraw_count(st->call->site, NGX_TIDRAW_COUNT_S3_FAILED, 1);
        ngx_tidraw_log(NGX_LOG_ERR, c->log, 0, "s3_failed",
                       "request=%V name=%V bytes=%z expected=%L error=%s",
                       ngx_tidraw_request_ref(st->request), &st->name,
                       req->answer_len, (int64_t) (req->end - req->first),
                       "the wrong length");
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_tidraw_stream_close(st, &st->ready);

        if (!st->call->answered) {
            ngx_tidraw_stream_refuse(st, rc);

        } else {
            /* too late to say so: what is missing tells it */
            ngx_http_finalize_request(st->request, NGX_ERROR);
        }

    } else if (!st->call->answered) {
        ngx_tidraw_stream_begin(st);

    } else {
        ngx_tidraw_stream_run(st);
    }

    ngx_http_run_posted_requests(c);
}


/* NGX_DECLINED: no such object; NGX_AGAIN: busy; NGX_ERROR: S3 is away. */

static void
ngx_tidraw_stream_refuse(ngx_tidraw_stream_t *st, ngx_int_t rc)
{
    ngx_tidraw_call_t  *call;

    call = st->call;

    if (rc == NGX_DECLINED) {
        ngx_tidraw_log(NGX_LOG_WARN, st->request->connection->log, 0,
                       "file_missing", "request=%V name=%V hint=%s",
                       ngx_tidraw_request_ref(st->request), &st->name,
                       "look for it in a backup of the bucket");
        st->missing(call);
        return;
    }

    if (rc == NGX_ERROR) {
        call->retry = NGX_TIDRAW_STREAM_RETRY;
    }

    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE,
                          rc == NGX_ERROR
                          ? "The server cannot reach its files right now."
                            " Please try again later." : NULL);
}


static void
ngx_tidraw_stream_begin(ngx_tidraw_stream_t *st)
{
    off_t                first;
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = st->request;

    if (st->headers(st->call) != NGX_OK) {
        ngx_http_clean_header(r);
        ngx_tidraw_call_error(st->call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    r->headers_out.content_length_n = st->size;
    r->single_range = 1;

    ngx_tidraw_call_sent(st->call);

    st->call->state = st;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    first = ngx_tidraw_stream_range(st);

    if (first == st->end) {
        ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
        return;
    }

    /* the piece that is there, if it begins where it should */

    if (st->ready != NULL && st->at != first) {
        ngx_tidraw_stream_close(st, &st->ready);
    }

    if (first > 0 && ngx_tidraw_stream_hole(st, first) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    st->sent = first;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_tidraw_stream_write;

    if (st->ready == NULL) {
        st->next = first;

        if (ngx_tidraw_stream_fetch(st) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
            return;
        }
    }

    ngx_tidraw_stream_run(st);
}


/* What the filter has made of the range: its first byte, st->end its end. */

static off_t
ngx_tidraw_stream_range(ngx_tidraw_stream_t *st)
{
    u_char           *p, *dash, *last;
    off_t             first, end;
    ngx_table_elt_t  *h;

    h = st->request->headers_out.content_range;

    if (st->request->headers_out.status != NGX_HTTP_PARTIAL_CONTENT
        || h == NULL || h->value.len < sizeof("bytes 0-0/1") - 1)
    {
        return 0;
    }

    p = h->value.data + sizeof("bytes ") - 1;
    last = h->value.data + h->value.len;

    dash = ngx_strlchr(p, last, '-');
    last = ngx_strlchr(p, last, '/');

    if (dash == NULL || last == NULL || dash > last) {
        return 0;
    }

    first = ngx_atoof(p, dash - p);
    end = ngx_atoof(dash + 1, last - dash - 1);

    if (first == NGX_ERROR || end == NGX_ERROR || first > end
        || end >= st->size)
    {
        return 0;
    }

    st->end = end + 1;

    return first;
}


/*
 * The range filter counts from the first byte of the whole.  It leaves out
 * what lies before the range, and so never looks into this buffer.
 */

static ngx_int_t
ngx_tidraw_stream_hole(ngx_tidraw_stream_t *st, off_t size)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_calloc_buf(st->request->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->in_file = 1;
    b->file_last = size;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(st->request, &out) == NGX_ERROR
           ? NGX_ERROR : NGX_OK;
}


static void
ngx_tidraw_stream_write(ngx_http_request_t *r)
{
    ngx_event_t        *wev;
    ngx_tidraw_call_t  *call;

    wev = r->connection->write;

    if (wev->timedout) {
        ngx_tidraw_log(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                       "download_ended", "request=%V error=%s",
                       ngx_tidraw_request_ref(r), "the client does not read");
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (wev->delayed) {
        if (ngx_handle_write_event(wev, 0) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }

        return;
    }

    call = ngx_http_get_module_ctx(r, ngx_tidraw_module);

    ngx_tidraw_stream_run(call->state);
}


static void
ngx_tidraw_stream_run(ngx_tidraw_stream_t *st)
{
    ngx_int_t                  rc;
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = st->request;
    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    for ( ;; ) {

        if (st->out != NULL) {
            rc = ngx_http_output_filter(r, NULL);

        } else if (st->ready != NULL) {
            rc = ngx_tidraw_stream_piece(st);

        } else {
            break;
        }

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, NGX_ERROR);
            return;
        }

        if (ngx_buf_size(st->buf) != 0) {

            if (!wev->delayed) {
                ngx_add_timer(wev, clcf->send_timeout);
            }

            if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
                ngx_http_finalize_request(r, NGX_ERROR);
            }

            return;
        }

        ngx_tidraw_stream_close(st, &st->out);

        if (st->sent == st->end) {

            if (wev->timer_set && !wev->delayed) {
                ngx_del_timer(wev);
            }

            ngx_http_finalize_request(r, rc);
            return;
        }
    }

    /* S3 has its own deadlines; a worker that exits waits for this one */

    if (!wev->delayed) {
        ngx_add_timer(wev, NGX_TIDRAW_STREAM_WAIT);
    }
}


static ngx_int_t
ngx_tidraw_stream_piece(ngx_tidraw_stream_t *st)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    st->out = st->ready;
    st->ready = NULL;

    /* the next one meanwhile */

    if (st->next < st->end && ngx_tidraw_stream_fetch(st) != NGX_OK) {
        return NGX_ERROR;
    }

    if (st->buf == NULL) {
        st->buf = ngx_calloc_buf(st->request->pool);

        if (st->buf == NULL) {
            return NGX_ERROR;
        }
    }

    b = st->buf;
    ngx_memzero(b, sizeof(ngx_buf_t));

    b->pos = st->out->answer;
    b->last = b->pos + ngx_min((off_t) st->out->answer_len,
                               st->end - st->sent);
    b->start = b->pos;
    b->end = b->last;
    b->memory = 1;
    b->flush = 1;

    st->sent += b->last - b->pos;

    if (st->sent == st->end) {
        b->last_buf = 1;
        b->last_in_chain = 1;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(st->request, &out);
}
