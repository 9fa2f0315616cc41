
/*
 * An account that is taken away.  The boards are read one after the other;
 * in memory is one of them at a time, and of its files two pieces.  Nothing
 * is read or packed ahead of a client that does not take it.
 *
 * What comes after the header can fail by breaking off only: the chunk that
 * ends the answer is missing then.
 */


#include "ngx_tidraw_http_archive_export.h"
#include "ngx_tidraw_origin.h"


#define NGX_TIDRAW_EXPORT_PIECE  (512 * 1024)   /* from S3 */
#define NGX_TIDRAW_EXPORT_WAIT   120000    /* for others, ms */


static void ngx_tidraw_export_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_export_begin(ngx_tidraw_export_t *ex,
    ngx_tidraw_op_t *op);
static u_char *ngx_tidraw_export_ids(ngx_pool_t *pool,
    ngx_tidraw_result_t *res);
static ngx_int_t ngx_tidraw_export_header(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_cleanup(void *data);
static void ngx_tidraw_export_free_board(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_write(ngx_http_request_t *r);
static void ngx_tidraw_export_go(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_broken(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_produce(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_packed(ngx_tidraw_packer_t *pk);
static void ngx_tidraw_export_next(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_text(ngx_tidraw_export_t *ex,
    ngx_str_t *name, td_buf_t *text, ngx_tidraw_export_e next);
static void ngx_tidraw_export_file(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_path(ngx_tidraw_export_t *ex, u_char *buf,
    ngx_str_t *path);
static ngx_uint_t ngx_tidraw_export_packed_type(ngx_tidraw_export_file_t *f);
static void ngx_tidraw_export_fetch(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_fetched(ngx_tidraw_s3_request_t *req);
static void ngx_tidraw_export_feed(ngx_tidraw_export_t *ex, td_buf_t *piece);
static void ngx_tidraw_export_board(ngx_tidraw_export_t *ex);
static void ngx_tidraw_export_board_read(ngx_tidraw_op_t *op);


void
ngx_tidraw_http_me_export(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t      *op;
    ngx_http_cleanup_t   *cln;
    ngx_tidraw_export_t  *ex;

    cln = ngx_http_cleanup_add(call->request, sizeof(ngx_tidraw_export_t));

    if (cln == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ex = cln->data;
    ngx_memzero(ex, sizeof(ngx_tidraw_export_t));

    cln->handler = ngx_tidraw_export_cleanup;

    ex->call = call;
    call->state = ex;

    ex->packer = ngx_tidraw_packer_open(call->site->files,
                                        ngx_tidraw_export_packed, ex);
    if (ex->packer == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s",
                              &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FOLDER_LIST, "s",
                              &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_PICTURE_GET, "s",
                              &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_BOARDS, "s",
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_export_found);
}


static void
ngx_tidraw_export_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_int_t             rc;
    ngx_http_request_t   *r;
    ngx_tidraw_export_t  *ex;

    ex = call->state;
    r = call->request;

    if (op->rc != NGX_OK || ngx_tidraw_export_begin(ex, op) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (ngx_tidraw_export_header(ex) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_tidraw_call_sent(call);

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_tidraw_export_write;

    ngx_tidraw_export_go(ex);
}


static ngx_int_t
ngx_tidraw_export_begin(ngx_tidraw_export_t *ex, ngx_tidraw_op_t *op)
{
    td_buf_t             *b;
    ngx_pool_t           *pool;
    ngx_uint_t            i;
    ngx_tidraw_result_t  *user, *folders, *boards;

    pool = ex->call->request->pool;
    user = &op->results[0];
    folders = &op->results[1];
    boards = &op->results[3];

    if (user->nrows == 0
        || ngx_tidraw_export_image(pool, &ex->picture, &ex->picture_name,
                                   "picture", &op->results[2], 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex->nboards = boards->nrows;
    ex->boards = ngx_tidraw_export_ids(pool, boards);
    ex->nfolders = folders->nrows;
    ex->folders = ngx_tidraw_export_ids(pool, folders);

    if (ex->boards == NULL || ex->folders == NULL) {
        return NGX_ERROR;
    }

    b = &ex->profile;

    td_buf_lit(b, "{\"format\":\"" NGX_TIDRAW_ARCHIVE_FORMAT "\",\"version\":");
    ngx_tidraw_json_int(b, NGX_TIDRAW_ARCHIVE_VERSION);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, user, 0, 1);
    td_buf_lit(b, ",\"email\":");
    ngx_tidraw_json_cell(b, user, 0, 2);
    td_buf_lit(b, ",\"color\":");
    ngx_tidraw_json_cell(b, user, 0, 3);
    td_buf_lit(b, ",\"locale\":");
    ngx_tidraw_json_cell(b, user, 0, 6);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, user, 0, 5);
    td_buf_lit(b, ",\"folders\":[");

    for (i = 0; i < folders->nrows; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        ngx_tidraw_json_cell(b, folders, i, 1);
    }

    td_buf_lit(b, "]}\n");

    return b->failed ? NGX_ERROR : NGX_OK;
}


static u_char *
ngx_tidraw_export_ids(ngx_pool_t *pool, ngx_tidraw_result_t *res)
{
    u_char      *p;
    ngx_str_t    id;
    ngx_uint_t   i;

    p = ngx_pnalloc(pool, res->nrows * NGX_TIDRAW_ID_LEN + 1);

    for (i = 0; p != NULL && i < res->nrows; i++) {
        id = ngx_tidraw_cell_str(res, i, 0);

        if (id.len != NGX_TIDRAW_ID_LEN) {
            return NULL;
        }

        ngx_memcpy(p + i * NGX_TIDRAW_ID_LEN, id.data, NGX_TIDRAW_ID_LEN);
    }

    return p;
}


static ngx_int_t
ngx_tidraw_export_header(ngx_tidraw_export_t *ex)
{
    ngx_tm_t             tm;
    ngx_str_t            value;
    ngx_http_request_t  *r;

    static ngx_str_t     no_store = ngx_string("no-store");
    static ngx_str_t     nosniff = ngx_string("nosniff");

    r = ex->call->request;

    ngx_gmtime(ngx_time(), &tm);

    value.data = ngx_pnalloc(r->pool, 64);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "attachment; filename=\"tidraw-"
                            "%4d-%02d-%02d.zip\"", tm.ngx_tm_year,
                            tm.ngx_tm_mon, tm.ngx_tm_mday)
                - value.data;

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "application/zip");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (ngx_tidraw_http_add_header(r, "Content-Disposition", &value) != NGX_OK
        || ngx_tidraw_http_add_header(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_tidraw_http_add_header(r, "X-Content-Type-Options", &nosniff)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_tidraw_export_cleanup(void *data)
{
    ngx_tidraw_export_t *ex = data;

    if (ex->op != NULL) {
        ngx_tidraw_op_cancel(ex->op);
    }

    if (ex->fetch != NULL) {
        ngx_tidraw_s3_close(ex->fetch);
    }

    if (ex->packer != NULL) {
        ngx_tidraw_packer_close(ex->packer);
    }

    ngx_tidraw_export_free_board(ex);

    td_buf_free(&ex->profile);
    td_buf_free(&ex->picture);
    td_buf_free(&ex->waiting);
    td_buf_free(&ex->sending);
}


static void
ngx_tidraw_export_free_board(ngx_tidraw_export_t *ex)
{
    if (ex->pool != NULL) {
        ngx_destroy_pool(ex->pool);
        ex->pool = NULL;
    }

    td_buf_free(&ex->records);
    td_buf_free(&ex->thumbnail);
    td_buf_free(&ex->about);

    ngx_memzero(&ex->records, sizeof(td_buf_t));
    ngx_memzero(&ex->thumbnail, sizeof(td_buf_t));
    ngx_memzero(&ex->about, sizeof(td_buf_t));
}


static void
ngx_tidraw_export_write(ngx_http_request_t *r)
{
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    c = r->connection;
    call = ngx_http_get_module_ctx(r, ngx_tidraw_module);

    if (c->write->timedout) {
        ngx_tidraw_log(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "archive_ended",
                       "request=%V error=%s", ngx_tidraw_request_ref(r),
                       "the client does not read");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    ngx_tidraw_export_go(call->state);
}


/* Sends what there is, and has the next piece made meanwhile. */

static void
ngx_tidraw_export_go(ngx_tidraw_export_t *ex)
{
    ngx_int_t                  rc;
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = ex->call->request;
    wev = r->connection->write;

    for ( ;; ) {

        if (ex->sending.len != 0) {
            rc = ngx_http_output_filter(r, ex->given ? NULL : &ex->chain);

            if (rc == NGX_ERROR) {
                ngx_tidraw_export_broken(ex);
                return;
            }

            ex->given = 1;

            if (rc == NGX_AGAIN) {
                break;
            }

            td_buf_free(&ex->sending);
            ngx_memzero(&ex->sending, sizeof(td_buf_t));
        }

        if (ex->waiting.len == 0) {
            break;
        }

        ex->sending = ex->waiting;
        ngx_memzero(&ex->waiting, sizeof(td_buf_t));

        ngx_memzero(&ex->buf, sizeof(ngx_buf_t));
        ex->buf.pos = (u_char *) ex->sending.data;
        ex->buf.last = ex->buf.pos + ex->sending.len;
        ex->buf.memory = 1;
        ex->buf.flush = 1;
        ex->chain.buf = &ex->buf;
        ex->chain.next = NULL;
        ex->given = 0;
    }

    if (ex->stage == NGX_TIDRAW_EXPORT_LAST && !ex->working
        && ex->sending.len == 0)
    {
        if (wev->timer_set) {
            ngx_del_timer(wev);
        }

        ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
        return;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_add_timer(wev, ex->sending.len ? clcf->send_timeout
                                       : NGX_TIDRAW_EXPORT_WAIT);

    if (ngx_handle_write_event(wev, ex->sending.len ? clcf->send_lowat : 0)
        != NGX_OK)
    {
        ngx_tidraw_export_broken(ex);
        return;
    }

    if (ex->waiting.len == 0 && !ex->working && ex->op == NULL) {
        ngx_tidraw_export_produce(ex);
    }
}


static void
ngx_tidraw_export_broken(ngx_tidraw_export_t *ex)
{
    ngx_http_request_t  *r;

    r = ex->call->request;

    r->keepalive = 0;
    ngx_http_finalize_request(r, NGX_ERROR);
}


static void
ngx_tidraw_export_produce(ngx_tidraw_export_t *ex)
{
    if (ex->within && ex->filing && ex->files[ex->file].remote) {
        ngx_tidraw_export_fetch(ex);
        return;
    }

    if (ex->within) {
        ex->working = 1;
        ngx_tidraw_packer_next(ex->packer);
        return;
    }

    ngx_tidraw_export_next(ex);
}


static void
ngx_tidraw_export_packed(ngx_tidraw_packer_t *pk)
{
    ngx_connection_t     *c;
    ngx_tidraw_export_t  *ex;

    ex = pk->data;
    ex->working = 0;
    ex->within = !pk->ended;

    c = ex->call->request->connection;
    ngx_http_set_log_request(c->log, ex->call->request);

    if (pk->rc == NGX_ERROR) {
        ngx_tidraw_export_broken(ex);
        ngx_http_run_posted_requests(c);
        return;
    }

    ex->waiting = pk->out;
    ngx_memzero(&pk->out, sizeof(td_buf_t));

    if (ex->filing && pk->ended) {

        if (pk->rc == NGX_OK) {
            ngx_tidraw_export_listed(ex);
        }

        ex->filing = 0;
        ex->file++;
    }

    ngx_tidraw_export_go(ex);

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_export_next(ngx_tidraw_export_t *ex)
{
    static ngx_str_t  profile = ngx_string("profile.json");
    static ngx_str_t  records = ngx_string("board.tldr");
    static ngx_str_t  about = ngx_string("board.json");

    for ( ;; ) {

        switch (ex->stage) {

        case NGX_TIDRAW_EXPORT_PROFILE:
            ngx_tidraw_export_text(ex, &profile, &ex->profile,
                                   NGX_TIDRAW_EXPORT_PICTURE);
            return;

        case NGX_TIDRAW_EXPORT_PICTURE:

            if (ex->picture.len != 0) {
                ngx_tidraw_export_text(ex, &ex->picture_name, &ex->picture,
                                       NGX_TIDRAW_EXPORT_BOARD);
                return;
            }

            ex->stage = NGX_TIDRAW_EXPORT_BOARD;
            break;

        case NGX_TIDRAW_EXPORT_BOARD:
            ngx_tidraw_export_free_board(ex);

            if (ex->board < ex->nboards) {
                ngx_tidraw_export_board(ex);
                return;
            }

            ex->stage = NGX_TIDRAW_EXPORT_DIRECTORY;
            break;

        case NGX_TIDRAW_EXPORT_RECORDS:
            ngx_tidraw_export_text(ex, &records, &ex->records,
                                   NGX_TIDRAW_EXPORT_THUMBNAIL);
            return;

        case NGX_TIDRAW_EXPORT_THUMBNAIL:

            if (ex->thumbnail.len != 0) {
                ngx_tidraw_export_text(ex, &ex->thumbnail_name, &ex->thumbnail,
                                       NGX_TIDRAW_EXPORT_FILES);
                return;
            }

            ex->stage = NGX_TIDRAW_EXPORT_FILES;
            break;

        case NGX_TIDRAW_EXPORT_FILES:

            if (ex->file < ex->nfiles) {
                ngx_tidraw_export_file(ex);
                return;
            }

            td_buf_lit(&ex->about, "]}\n");
            ex->stage = NGX_TIDRAW_EXPORT_ABOUT;
            break;

        case NGX_TIDRAW_EXPORT_ABOUT:
            ngx_tidraw_export_text(ex, &about, &ex->about,
                                   NGX_TIDRAW_EXPORT_BOARD);
            ex->board++;
            return;

        default: /* NGX_TIDRAW_EXPORT_DIRECTORY */
            ex->stage = NGX_TIDRAW_EXPORT_LAST;
            ex->working = 1;
            ngx_tidraw_packer_finish(ex->packer);
            return;
        }
    }
}


static void
ngx_tidraw_export_text(ngx_tidraw_export_t *ex, ngx_str_t *name,
    td_buf_t *text, ngx_tidraw_export_e next)
{
    u_char      buf[TD_ZIP_NAME_MAX];
    ngx_str_t   path;

    if (text->failed) {
        ngx_tidraw_export_broken(ex);
        return;
    }

    path.data = buf;
    path.len = ngx_snprintf(buf, sizeof(buf), "%V%V", &ex->dir, name) - buf;

    ex->stage = next;
    ex->working = 1;

    ngx_tidraw_packer_text(ex->packer, &path,
                           ex->pool ? ex->updated : ex->call->user_created,
                           text);
}


static void
ngx_tidraw_export_file(ngx_tidraw_export_t *ex)
{
    u_char                     buf[TD_ZIP_NAME_MAX];
    ngx_str_t                  path;
    ngx_tidraw_export_file_t  *f;

    f = &ex->files[ex->file];

    if (f->remote) {
        ex->fetched = 0;
        ngx_tidraw_export_fetch(ex);
        return;
    }

    ngx_tidraw_export_path(ex, buf, &path);

    ex->working = 1;
    ex->filing = 1;

    ngx_tidraw_packer_file(ex->packer, &path, f->created, &f->hash, &f->gen,
                           f->size, ngx_tidraw_export_packed_type(f));
}


static void
ngx_tidraw_export_path(ngx_tidraw_export_t *ex, u_char *buf, ngx_str_t *path)
{
    path->data = buf;
    path->len = ngx_snprintf(buf, TD_ZIP_NAME_MAX, "%V%V", &ex->dir,
                             &ex->files[ex->file].path)
                - buf;
}


/* 1: its content is packed already. */

static ngx_uint_t
ngx_tidraw_export_packed_type(ngx_tidraw_export_file_t *f)
{
    td_str_t         type;
    td_sniff_kind_e  kind;

    type.data = (char *) f->type.data;
    type.len = f->type.len;

    kind = td_sniff_kind(type);

    return kind == TD_SNIFF_RASTER || kind == TD_SNIFF_VIDEO;
}


/* The next piece of a file in S3. */

static void
ngx_tidraw_export_fetch(ngx_tidraw_export_t *ex)
{
    size_t                     len;
    u_char                     buf[NGX_TIDRAW_BLOB_OBJECT_LEN];
    ngx_str_t                  name;
    ngx_tidraw_s3_request_t   *req;
    ngx_tidraw_export_file_t  *f;

    f = &ex->files[ex->file];
    req = NULL;

    if (ngx_tidraw_blob_valid(&f->hash, &f->gen)
        && ngx_tidraw_s3_on(ex->call->site))
    {
        ngx_tidraw_blob_object(f->hash.data, f->gen.data, buf, &name);

        len = ngx_min(f->size - ex->fetched, NGX_TIDRAW_EXPORT_PIECE);
        req = ngx_tidraw_s3_request(ex->call->site, "GET", &name, len);
    }

    if (req == NULL) {
        ngx_tidraw_export_broken(ex);
        return;
    }

    req->first = ex->fetched;
    req->end = ex->fetched + len;

    ex->working = 1;
    ex->fetch = req;

    ngx_tidraw_s3_send(req, ngx_tidraw_export_fetched, ex);
}


static void
ngx_tidraw_export_fetched(ngx_tidraw_s3_request_t *req)
{
    ngx_int_t             rc;
    td_buf_t              piece;
    ngx_connection_t     *c;
    ngx_tidraw_export_t  *ex;

    ex = req->data;
    ex->fetch = NULL;
    ex->working = 0;

    c = ex->call->request->connection;
    ngx_http_set_log_request(c->log, ex->call->request);

    rc = req->rc;

    if (rc == NGX_OK && (off_t) req->answer_len != req->end - req->first) {
        rc = NGX_ERROR;
    }

    ngx_memzero(&piece, sizeof(td_buf_t));

    if (rc == NGX_OK) {
        td_buf_add(&piece, (char *) req->answer, req->answer_len);
    }

    ngx_tidraw_s3_close(req);

    if (rc == NGX_DECLINED && ex->fetched == 0) {

        /* left out like one that is missing on disk */

        ex->file++;
        ngx_tidraw_export_go(ex);

    } else if (rc != NGX_OK || piece.failed) {
        td_buf_free(&piece);
        ngx_tidraw_export_broken(ex);

    } else {
        ngx_tidraw_export_feed(ex, &piece);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_export_feed(ngx_tidraw_export_t *ex, td_buf_t *piece)
{
    off_t                      at;
    u_char                     buf[TD_ZIP_NAME_MAX];
    ngx_str_t                  path;
    ngx_tidraw_export_file_t  *f;

    f = &ex->files[ex->file];
    at = ex->fetched;

    ex->fetched += piece->len;
    ex->working = 1;
    ex->filing = 1;

    if (at != 0) {
        ngx_tidraw_packer_feed(ex->packer, piece);
        return;
    }

    ngx_tidraw_export_path(ex, buf, &path);

    ngx_tidraw_packer_pieces(ex->packer, &path, f->created, f->size,
                             ngx_tidraw_export_packed_type(f), piece);
}


static void
ngx_tidraw_export_board(ngx_tidraw_export_t *ex)
{
    ngx_str_t           id;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_call_t  *call;

    call = ex->call;

    op = ngx_tidraw_op_create(call->site->store, 0);

    if (op == NULL) {
        ngx_tidraw_export_broken(ex);
        return;
    }

    id.data = ex->boards + ex->board * NGX_TIDRAW_ID_LEN;
    id.len = NGX_TIDRAW_ID_LEN;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_BOARD, "ss", &id,
                              &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_EXPORT, "s", &id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_THUMBNAIL, "s",
                              &id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_FILES, "s", &id);

    ex->op = op;

    ngx_tidraw_op_run(op, ngx_tidraw_export_board_read, ex);
}


static void
ngx_tidraw_export_board_read(ngx_tidraw_op_t *op)
{
    ngx_connection_t     *c;
    ngx_tidraw_export_t  *ex;

    ex = op->data;
    ex->op = NULL;

    c = ex->call->request->connection;
    ngx_http_set_log_request(c->log, ex->call->request);

    if (op->rc != NGX_OK) {
        ngx_tidraw_log(NGX_LOG_ERR, c->log, 0, "archive_failed",
                       "request=%V error=%s",
                       ngx_tidraw_request_ref(ex->call->request),
                       "the database does not answer");
        ngx_tidraw_export_broken(ex);

    } else if (op->results[0].nrows == 0) {

        /* deleted or left meanwhile */

        ex->board++;
        ngx_tidraw_export_go(ex);

    } else if (ngx_tidraw_export_taken(ex, op) != NGX_OK) {
        ngx_tidraw_export_broken(ex);

    } else {
        ex->stage = NGX_TIDRAW_EXPORT_RECORDS;
        ngx_tidraw_export_go(ex);
    }

    ngx_http_run_posted_requests(c);
}
