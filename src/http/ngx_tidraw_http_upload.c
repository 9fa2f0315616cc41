
/*
 * Files that come: a new one of a board, or a reduced copy of one.
 *
 * Who may is known before the first byte is read.  The body goes straight
 * into a sink, which pauses the reading while the disk is busy; nothing is
 * kept in memory but the sink's two buffers.  The file is durable under its
 * name before the database hears of it, and the answer leaves after that.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_files.h"


#define NGX_TIDRAW_UPLOAD_WAIT    60000     /* for the disk, milliseconds */
#define NGX_TIDRAW_UPLOAD_SYNC    300000    /* the last wait, for fsync() */
#define NGX_TIDRAW_UPLOAD_NAME    255       /* bytes of a name */
#define NGX_TIDRAW_UPLOAD_QUOTA   ((int64_t) 1 << 62)


typedef struct {
    ngx_tidraw_call_t    *call;
    ngx_tidraw_sink_t    *sink;
    off_t                 max;         /* bytes of this body */
    int64_t               board_max;   /* bytes of all files of the board */
    int64_t               user_max;
    int64_t               w;           /* of a reduced copy, or 0 */
    ngx_str_t             id;
    ngx_str_t             name;

    /* of the original, where this is a reduced copy */
    int64_t               width;
    int64_t               size;

    unsigned              paused:1;    /* the sink is full */
    unsigned              settling:1;
} ngx_tidraw_upload_t;


static ngx_tidraw_upload_t *ngx_tidraw_upload_create(ngx_tidraw_call_t *call);
static void ngx_tidraw_upload_cleanup(void *data);
static void ngx_tidraw_upload_original(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_upload_use(ngx_tidraw_call_t *call);
static void ngx_tidraw_upload_used(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_upload_fits(ngx_tidraw_upload_t *up,
    ngx_tidraw_op_t *op, off_t size);
static void ngx_tidraw_upload_begin(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_start(ngx_http_request_t *r);
static void ngx_tidraw_upload_event(ngx_http_request_t *r);
static ngx_int_t ngx_tidraw_upload_take(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_pause(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_broken(ngx_tidraw_call_t *call, ngx_int_t rc);
static void ngx_tidraw_upload_sink(ngx_tidraw_sink_t *sink);
static void ngx_tidraw_upload_failed(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_finished(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_store(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_stored(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_upload_refused(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_upload_answer(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_too_large(ngx_tidraw_upload_t *up);
static ngx_int_t ngx_tidraw_upload_name(ngx_tidraw_upload_t *up);


void
ngx_tidraw_http_file_post(ngx_tidraw_call_t *call)
{
    ngx_tidraw_upload_t  *up;

    up = ngx_tidraw_upload_create(call);
    if (up == NULL) {
        return;
    }

    up->id.data = ngx_pnalloc(call->request->pool, NGX_TIDRAW_ID_LEN + 1);
    if (up->id.data == NULL || ngx_tidraw_upload_name(up) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_random_id(up->id.data, 16);
    up->id.len = NGX_TIDRAW_ID_LEN;

    ngx_tidraw_upload_use(call);
}


void
ngx_tidraw_http_file_reduced(ngx_tidraw_call_t *call)
{
    ngx_int_t             w;
    ngx_str_t             arg;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_upload_t  *up;

    up = ngx_tidraw_upload_create(call);
    if (up == NULL) {
        return;
    }

    w = 0;

    if (ngx_http_arg(call->request, (u_char *) "w", 1, &arg) == NGX_OK
        && arg.len <= 5)
    {
        w = ngx_atoi(arg.data, arg.len);
    }

    if (w < 16 || w > 16384) {
        ngx_tidraw_call_bad_field(call, "w", "The width must be a number of"
                                  " pixels from 16 to 16384.");
        return;
    }

    up->w = w;
    up->id = call->params[1];

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_GET, "isi", call->room,
                              &up->id, (int64_t) 1 << 30);

    ngx_tidraw_call_run(call, op, ngx_tidraw_upload_original);
}


static ngx_tidraw_upload_t *
ngx_tidraw_upload_create(ngx_tidraw_call_t *call)
{
    ngx_http_cleanup_t   *cln;
    ngx_tidraw_upload_t  *up;

    cln = ngx_http_cleanup_add(call->request, sizeof(ngx_tidraw_upload_t));

    if (cln == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    up = cln->data;
    ngx_memzero(up, sizeof(ngx_tidraw_upload_t));

    cln->handler = ngx_tidraw_upload_cleanup;

    up->call = call;
    up->max = call->conf->max_upload;

    call->state = up;

    return up;
}


static void
ngx_tidraw_upload_cleanup(void *data)
{
    ngx_tidraw_upload_t  *up = data;

    if (up->sink != NULL) {
        ngx_tidraw_sink_close(up->sink);
        up->sink = NULL;
    }
}


static void
ngx_tidraw_upload_original(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_str_t              type;
    ngx_str_t             s;
    ngx_tidraw_result_t  *res;
    ngx_tidraw_upload_t  *up;

    up = call->state;
    res = &op->results[0];

    if (res->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such file on this board.");
        return;
    }

    s = ngx_tidraw_cell_str(res, 0, 4);
    type.data = (char *) s.data;
    type.len = s.len;

    up->size = ngx_tidraw_cell_int(res, 0, 3);
    up->width = ngx_tidraw_cell_int(res, 0, 5);

    if (td_sniff_kind(type) != TD_SNIFF_RASTER || up->w >= up->width) {
        ngx_tidraw_call_bad_field(call, "w", "Only an image that is wider can"
                                  " have a copy of this width.");
        return;
    }

    up->max = ngx_min(up->max, up->size);

    ngx_tidraw_upload_use(call);
}


/* How much there is of others, before a byte of this one is read. */

static void
ngx_tidraw_upload_use(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t      *op;
    ngx_tidraw_upload_t  *up;

    up = call->state;

    if (call->request->headers_in.content_length_n > up->max) {
        ngx_tidraw_upload_too_large(up);
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_USE, "is", call->room,
                              call->user_id.len ? &call->user_id : NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_upload_used);
}


static void
ngx_tidraw_upload_used(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    off_t                 len, left;
    ngx_tidraw_upload_t  *up;

    up = call->state;
    len = call->request->headers_in.content_length_n;

    if (ngx_tidraw_upload_fits(up, op, ngx_max(len, 1)) != NGX_OK) {
        return;
    }

    /* what does not say how long it is ends where the space does */

    left = ngx_min(up->board_max - ngx_tidraw_cell_int(op->results, 0, 0),
                   up->user_max - ngx_tidraw_cell_int(op->results, 0, 1));

    up->max = ngx_min(up->max, left);

    ngx_tidraw_upload_begin(up);
}


/* NGX_DECLINED: it has answered. */

static ngx_int_t
ngx_tidraw_upload_fits(ngx_tidraw_upload_t *up, ngx_tidraw_op_t *op,
    off_t size)
{
    ngx_tidraw_loc_conf_t  *conf;

    conf = up->call->conf;

    up->board_max = conf->board_files ? conf->board_files
                                      : NGX_TIDRAW_UPLOAD_QUOTA;
    up->user_max = conf->user_files ? conf->user_files
                                    : NGX_TIDRAW_UPLOAD_QUOTA;

    if (ngx_tidraw_cell_int(op->results, 0, 0) + size > up->board_max) {
        ngx_tidraw_call_error(up->call, NGX_TIDRAW_ERROR_QUOTA_EXCEEDED,
                              "The files of this board would become larger"
                              " than allowed.");
        return NGX_DECLINED;
    }

    if (ngx_tidraw_cell_int(op->results, 0, 1) + size > up->user_max) {
        ngx_tidraw_call_error(up->call, NGX_TIDRAW_ERROR_QUOTA_EXCEEDED,
                              "Your files would become larger than allowed.");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_tidraw_upload_begin(ngx_tidraw_upload_t *up)
{
    ngx_int_t            rc;
    ngx_tidraw_call_t   *call;
    ngx_http_request_t  *r;

    call = up->call;
    r = call->request;

    up->sink = ngx_tidraw_sink_open(call->site->files,
                                    r->headers_in.content_length_n,
                                    ngx_tidraw_upload_sink, up);
    if (up->sink == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    /* from here on the time is that of client_body_timeout */

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    call->unread = 0;

    r->request_body_no_buffering = 1;

    /* the reader takes its own count of the request: it gets ours */

    r->main->count--;

    rc = ngx_http_read_client_request_body(r, ngx_tidraw_upload_start);

    if (rc < NGX_HTTP_SPECIAL_RESPONSE) {
        return;
    }

    r->main->count++;

    r->lingering_close = 1;
    ngx_tidraw_upload_broken(call, rc);
}


static void
ngx_tidraw_upload_start(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_tidraw_upload_event;

    ngx_tidraw_upload_event(r);
}


static void
ngx_tidraw_upload_event(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_tidraw_call_t    *call;
    ngx_tidraw_upload_t  *up;

    call = ngx_http_get_module_ctx(r, ngx_tidraw_module);
    up = call->state;

    if (up->paused) {
        ngx_tidraw_upload_pause(up);
        return;
    }

    for ( ;; ) {

        rc = ngx_tidraw_upload_take(up);

        if (rc == NGX_AGAIN) {
            up->paused = 1;
            ngx_tidraw_upload_pause(up);
            return;
        }

        if (rc != NGX_OK) {
            r->keepalive = 0;
            ngx_tidraw_upload_too_large(up);
            return;
        }

        if (!r->reading_body) {
            ngx_add_timer(&call->timer, NGX_TIDRAW_UPLOAD_SYNC);

            r->read_event_handler = ngx_http_test_reading;
            ngx_tidraw_sink_finish(up->sink);
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_tidraw_upload_broken(call, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }
}


/* NGX_AGAIN: the sink is full; NGX_DECLINED: it is too large. */

static ngx_int_t
ngx_tidraw_upload_take(ngx_tidraw_upload_t *up)
{
    size_t                    n, taken;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rb = up->call->request->request_body;

    if (rb == NULL) {
        return NGX_OK;
    }

    for (cl = rb->bufs; cl != NULL; cl = cl->next) {

        b = cl->buf;

        if (!ngx_buf_in_memory(b)) {
            continue;
        }

        n = b->last - b->pos;

        if ((off_t) n > up->max - up->sink->size) {
            return NGX_DECLINED;
        }

        taken = ngx_tidraw_sink_write(up->sink, b->pos, n);
        b->pos += taken;

        if (taken < n) {
            return NGX_AGAIN;
        }
    }

    rb->bufs = NULL;

    return NGX_OK;
}


/* What the client sends meanwhile stays in the kernel. */

static void
ngx_tidraw_upload_pause(ngx_tidraw_upload_t *up)
{
    ngx_event_t         *rev;
    ngx_http_request_t  *r;

    r = up->call->request;
    rev = r->connection->read;

    if (rev->timer_set) {
        ngx_del_timer(rev);
    }

    if (!up->call->timer.timer_set) {
        ngx_add_timer(&up->call->timer, NGX_TIDRAW_UPLOAD_WAIT);
    }

    if ((ngx_event_flags & NGX_USE_LEVEL_EVENT) && rev->active) {

        if (ngx_del_event(rev, NGX_READ_EVENT, 0) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        }
    }
}


static void
ngx_tidraw_upload_broken(ngx_tidraw_call_t *call, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = call->request;
    r->keepalive = 0;

    switch (rc) {

    case NGX_HTTP_BAD_REQUEST:

        if (r->connection->error) {
            ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
            return;
        }

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST, NULL);
        return;

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE, NULL);
        return;

    default:
        ngx_http_finalize_request(r, rc);
    }
}


static void
ngx_tidraw_upload_sink(ngx_tidraw_sink_t *sink)
{
    ngx_connection_t     *c;
    ngx_http_request_t   *r;
    ngx_tidraw_upload_t  *up;

    up = sink->data;
    r = up->call->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (up->call->timer.timer_set) {
        ngx_del_timer(&up->call->timer);
    }

    if (sink->rc != NGX_OK) {
        ngx_tidraw_upload_failed(up);

    } else if (up->settling) {
        ngx_tidraw_upload_answer(up);

    } else if (sink->finished) {
        ngx_tidraw_upload_finished(up);

    } else {
        up->paused = 0;
        ngx_tidraw_upload_event(r);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_upload_failed(ngx_tidraw_upload_t *up)
{
    ngx_tidraw_call_t  *call;

    call = up->call;
    call->request->keepalive = 0;

    switch (up->sink->rc) {

    case NGX_TIDRAW_SINK_EMPTY:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "The file is empty.");
        return;

    case NGX_TIDRAW_SINK_PIXELS:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE,
                              "The image has more pixels than allowed.");
        return;

    case NGX_TIDRAW_SINK_FULL:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_STORAGE_FULL, NULL);
        return;

    default:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
    }
}


static void
ngx_tidraw_upload_finished(ngx_tidraw_upload_t *up)
{
    td_sniff_t  *s;

    s = &up->sink->sniff;

    if (up->w != 0
        && (s->kind != TD_SNIFF_RASTER || (int64_t) s->width != up->w))
    {
        ngx_tidraw_call_error(up->call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "The body is not an image of this width.");
        return;
    }

    ngx_tidraw_upload_store(up);
}


static void
ngx_tidraw_upload_store(ngx_tidraw_upload_t *up)
{
    int64_t             now, size, width, height;
    ngx_str_t           type, place, *user;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_call_t  *call;
    ngx_tidraw_sink_t  *sink;

    call = up->call;
    sink = up->sink;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();
    size = sink->size;
    width = sink->sniff.width;
    height = sink->sniff.height;
    user = call->user_id.len ? &call->user_id : NULL;

    type.data = (u_char *) sink->sniff.type;
    type.len = ngx_strlen(type.data);

    ngx_str_set(&place, "disk");

    /* the row of the blob is locked until the file's row names it */

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_PUT, "sssisiii",
                              &sink->hash, &sink->gen, &place, size, &type,
                              width, height, now);

    if (up->w == 0) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_PUT, "ississiii",
                                  call->room, &up->id, &sink->hash, size,
                                  &up->name, user, now, up->board_max,
                                  up->user_max);
    } else {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_REDUCED_PUT,
                                  "isisisiii", call->room, &up->id, up->w,
                                  &sink->hash, size, user, now, up->board_max,
                                  up->user_max);
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_GET, "s", &sink->hash);

    if (up->w == 0) {
        ngx_tidraw_call_activity(call, op, "file.added", &call->params[0],
                                 &up->name);
    }

    ngx_tidraw_sink_leave(sink, 1);

    ngx_tidraw_call_run(call, op, ngx_tidraw_upload_stored);
}


static void
ngx_tidraw_upload_stored(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             gen;
    ngx_tidraw_upload_t  *up;

    up = call->state;

    if (op->rc == NGX_OK) {
        gen = ngx_tidraw_cell_str(&op->results[3], 0, 0);

        up->settling = 1;
        ngx_tidraw_sink_settle(up->sink, &gen);
        return;
    }

    ngx_tidraw_sink_leave(up->sink, 0);

    if (op->rc == NGX_TIDRAW_STORE_CONFLICT) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "There is a copy of this width already.");
        return;
    }

    /* the board has gone, or others took the space meanwhile */

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILE_USE, "is", call->room,
                              call->user_id.len ? &call->user_id : NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_upload_refused);
}


static void
ngx_tidraw_upload_refused(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_upload_t  *up;

    up = call->state;

    if (ngx_tidraw_upload_fits(up, op, up->sink->size) != NGX_OK) {
        return;
    }

    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                          up->w ? "There are too many copies of this file."
                                : "The board was deleted meanwhile.");
}


static void
ngx_tidraw_upload_answer(ngx_tidraw_upload_t *up)
{
    td_buf_t           *b;
    td_str_t            type;
    ngx_str_t           s;
    td_sniff_t         *sniff;
    ngx_tidraw_call_t  *call;

    call = up->call;
    sniff = &up->sink->sniff;
    b = &call->out;

    type.data = sniff->type;
    type.len = ngx_strlen(sniff->type);

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_str(b, &up->id);
    td_buf_lit(b, ",\"url\":\"api/rooms/");
    td_buf_add(b, (char *) call->params[0].data, call->params[0].len);
    td_buf_lit(b, "/files/");
    td_buf_add(b, (char *) up->id.data, up->id.len);

    if (up->w != 0) {
        td_buf_lit(b, "?w=");
        ngx_tidraw_json_int(b, up->w);
    }

    td_buf_lit(b, "\",\"type\":");
    td_json_write_string(b, type);
    td_buf_lit(b, ",\"size\":");
    ngx_tidraw_json_int(b, up->sink->size);

    td_buf_lit(b, ",\"name\":");
    s = up->name;
    ngx_tidraw_json_str(b, &s);

    if (sniff->width != 0) {
        td_buf_lit(b, ",\"width\":");
        ngx_tidraw_json_int(b, sniff->width);
        td_buf_lit(b, ",\"height\":");
        ngx_tidraw_json_int(b, sniff->height);

    } else {
        td_buf_lit(b, ",\"width\":null,\"height\":null");
    }

    td_buf_char(b, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


static void
ngx_tidraw_upload_too_large(ngx_tidraw_upload_t *up)
{
    u_char             *p;
    off_t               max;
    ngx_tidraw_call_t  *call;

    call = up->call;
    max = up->call->conf->max_upload;

    if (up->max < max && up->w == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_QUOTA_EXCEEDED, NULL);
        return;
    }

    if (up->w != 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE,
                              "A reduced copy must be smaller than the file.");
        return;
    }

    p = ngx_pnalloc(call->request->pool, 128);

    if (p != NULL) {
        (void) ngx_snprintf(p, 128, "The file is too large, up to %O bytes are"
                            " allowed.%Z", max);
    }

    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE, (char *) p);
}


/*
 * The last part of the path that the client calls it, as text for people; it
 * never gets near the file system.  What is no text is no name.
 */

static ngx_int_t
ngx_tidraw_upload_name(ngx_tidraw_upload_t *up)
{
    u_char              *p, *dst, *src;
    size_t               i;
    ngx_str_t            arg;
    ngx_http_request_t  *r;

    r = up->call->request;

    if (ngx_http_arg(r, (u_char *) "name", 4, &arg) != NGX_OK
        || arg.len == 0 || arg.len > 3 * NGX_TIDRAW_UPLOAD_NAME)
    {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, arg.len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    p = dst;
    src = arg.data;

    ngx_unescape_uri(&dst, &src, arg.len, 0);

    for (i = dst - p; i > 0; i--) {

        if (p[i - 1] == '/' || p[i - 1] == '\\') {
            break;
        }
    }

    arg.data = p + i;
    arg.len = dst - arg.data;

    if (arg.len > 0 && arg.len <= NGX_TIDRAW_UPLOAD_NAME
        && ngx_tidraw_text_plain(&arg))
    {
        up->name = arg;
    }

    return NGX_OK;
}
