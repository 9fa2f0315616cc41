
/*
 * Files that come: a new one of a board, or a reduced copy of one.
 *
 * Who may is known before the first byte is read.  The body goes straight
 * into a sink, which pauses the reading while the disk is busy; nothing is
 * kept in memory but the sink's two buffers.  The file is durable under its
 * name before the database hears of it, and the answer leaves after that.
 */


#include "ngx_tidraw_http_intake.h"


#define NGX_TIDRAW_UPLOAD_SEND    300000    /* to S3, milliseconds, and */
#define NGX_TIDRAW_UPLOAD_RATE    1000      /* bytes of it a millisecond */
#define NGX_TIDRAW_UPLOAD_NAME    255       /* bytes of a name */
#define NGX_TIDRAW_UPLOAD_QUOTA   ((int64_t) 1 << 62)


typedef struct {
    ngx_tidraw_call_t    *call;
    ngx_tidraw_intake_t  *intake;
    off_t                 max;         /* bytes of this body */
    int64_t               board_max;   /* bytes of all files of the board */
    int64_t               user_max;
    int64_t               w;           /* of a reduced copy, or 0 */
    ngx_str_t             id;
    ngx_str_t             name;

    /* of the original, where this is a reduced copy */
    int64_t               width;
    int64_t               size;

    unsigned              reuse:1;     /* S3 has it already */
    unsigned              sending:1;
    unsigned              settling:1;
} ngx_tidraw_upload_t;


static ngx_tidraw_upload_t *ngx_tidraw_upload_create(ngx_tidraw_call_t *call);
static void ngx_tidraw_upload_original(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_upload_use(ngx_tidraw_call_t *call);
static void ngx_tidraw_upload_used(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_upload_fits(ngx_tidraw_upload_t *up,
    ngx_tidraw_op_t *op, off_t size);
static void ngx_tidraw_upload_begin(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_news(ngx_tidraw_intake_t *in, ngx_int_t rc);
static void ngx_tidraw_upload_finished(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_look(ngx_tidraw_upload_t *up);
static void ngx_tidraw_upload_looked(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_upload_send(ngx_tidraw_upload_t *up);
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
    ngx_tidraw_upload_t  *up;

    up = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_upload_t));

    if (up == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    up->call = call;
    up->max = call->conf->max_upload;

    call->state = up;

    return up;
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
    (void) ngx_tidraw_intake(up->call, up->max, NGX_TIDRAW_SINK_BLOB,
                             ngx_tidraw_upload_news, up);
}


static void
ngx_tidraw_upload_news(ngx_tidraw_intake_t *in, ngx_int_t rc)
{
    ngx_tidraw_upload_t  *up;

    up = in->data;
    up->intake = in;

    if (rc == NGX_DECLINED) {
        ngx_tidraw_upload_too_large(up);

    } else if (rc != NGX_OK) {
        ngx_tidraw_intake_failed(in);

    } else if (up->settling) {
        ngx_tidraw_upload_answer(up);

    } else if (up->sending) {
        up->sending = 0;
        ngx_tidraw_upload_store(up);

    } else {
        ngx_tidraw_upload_finished(up);
    }
}


static void
ngx_tidraw_upload_finished(ngx_tidraw_upload_t *up)
{
    td_sniff_t  *s;

    s = &up->intake->sink->sniff;

    if (up->w != 0
        && (s->kind != TD_SNIFF_RASTER || (int64_t) s->width != up->w))
    {
        ngx_tidraw_call_error(up->call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "The body is not an image of this width.");
        return;
    }

    if (up->intake->sink->remote) {
        ngx_tidraw_upload_look(up);
        return;
    }

    ngx_tidraw_upload_store(up);
}


/* What is in S3 already need not be sent again. */

static void
ngx_tidraw_upload_look(ngx_tidraw_upload_t *up)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(up->call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_GET, "s",
                              &up->intake->sink->hash);

    ngx_tidraw_call_run(up->call, op, ngx_tidraw_upload_looked);
}


static void
ngx_tidraw_upload_looked(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             place;
    ngx_tidraw_upload_t  *up;

    up = call->state;

    if (op->results[0].nrows != 0) {
        place = ngx_tidraw_cell_str(&op->results[0], 0, 1);

        if (place.len == 2 && ngx_memcmp(place.data, "s3", 2) == 0) {
            up->reuse = 1;
            ngx_tidraw_upload_store(up);
            return;
        }
    }

    ngx_tidraw_upload_send(up);
}


static void
ngx_tidraw_upload_send(ngx_tidraw_upload_t *up)
{
    ngx_tidraw_call_t  *call;
    ngx_tidraw_sink_t  *sink;

    call = up->call;
    sink = up->intake->sink;

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    ngx_add_timer(&call->timer, NGX_TIDRAW_UPLOAD_SEND
                                + sink->size / NGX_TIDRAW_UPLOAD_RATE);

    up->reuse = 0;
    up->sending = 1;

    if (ngx_tidraw_sink_send(sink) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
    }
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
    sink = up->intake->sink;

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

    if (sink->remote) {
        ngx_str_set(&place, "s3");
    }

    /* the row of the blob is locked until the file's row names it */

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);

    if (up->reuse) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_USE, "ssi",
                                  &sink->hash, &place, now);

    } else {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_PUT, "sssisiii",
                                  &sink->hash, &sink->gen, &place, size,
                                  &type, width, height, now);
    }

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
        ngx_tidraw_sink_settle(up->intake->sink, &gen);
        return;
    }

    ngx_tidraw_sink_leave(up->intake->sink, 0);

    if (op->rc == NGX_TIDRAW_STORE_CONFLICT) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "There is a copy of this width already.");
        return;
    }

    /* perhaps it is not in S3 any more */

    if (op->rc == NGX_DECLINED && up->reuse) {
        ngx_tidraw_upload_send(up);
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

    if (ngx_tidraw_upload_fits(up, op, up->intake->sink->size) != NGX_OK) {
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
    sniff = &up->intake->sink->sniff;
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
    ngx_tidraw_json_int(b, up->intake->sink->size);

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
