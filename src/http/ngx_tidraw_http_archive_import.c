
/*
 * An account that is brought: the archive comes into a spool, then one board
 * after the other is made, each of them whole or not at all.
 *
 * The answer begins with the first board, since proxies do not wait for
 * minutes: a line of JSON for each board and a last one for all.
 */


#include "ngx_tidraw_http_archive.h"
#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_origin.h"


#define NGX_TIDRAW_ARCHIVE_ROOM     ((off_t) 1 << 30)  /* beside its files */
#define NGX_TIDRAW_ARCHIVE_MAX      ((off_t) 1 << 50)
#define NGX_TIDRAW_ARCHIVE_PROFILE  (1024 * 1024)
#define NGX_TIDRAW_ARCHIVE_DEPTH    8
#define NGX_TIDRAW_ARCHIVE_FOLDERS  200                /* of an account */
#define NGX_TIDRAW_ARCHIVE_WAIT     300000             /* ms, for one step */


static void ngx_tidraw_archive_cleanup(void *data);
static void ngx_tidraw_archive_came(ngx_tidraw_intake_t *in, ngx_int_t rc);
static void ngx_tidraw_archive_unpacked(ngx_tidraw_unpacker_t *up);
static void ngx_tidraw_archive_opened(ngx_tidraw_archive_t *ar);
static const td_zip_entry_t *ngx_tidraw_archive_profile(
    ngx_tidraw_archive_t *ar);
static void ngx_tidraw_archive_known(ngx_tidraw_archive_t *ar);
static ngx_int_t ngx_tidraw_archive_names(ngx_tidraw_archive_t *ar,
    td_json_t *names);
static void ngx_tidraw_archive_folders(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_archive_folder(ngx_tidraw_result_t *res,
    ngx_str_t *name, u_char *dst);
static void ngx_tidraw_archive_folders_made(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_archive_begin(ngx_tidraw_archive_t *ar);
static ngx_int_t ngx_tidraw_archive_boards(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_archive_write(ngx_http_request_t *r);
static void ngx_tidraw_archive_next(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_archive_place(ngx_tidraw_archive_t *ar, td_buf_t *b);
static void ngx_tidraw_archive_say(ngx_tidraw_archive_t *ar, td_buf_t *b);
static void ngx_tidraw_archive_end(ngx_tidraw_archive_t *ar);


/* Of this worker. */
static ngx_uint_t  ngx_tidraw_archives;


void
ngx_tidraw_http_me_import(ngx_tidraw_call_t *call)
{
    off_t                  max;
    ngx_http_cleanup_t    *cln;
    ngx_tidraw_archive_t  *ar;

    if (ngx_tidraw_archives >= NGX_TIDRAW_UNPACKERS_MAX) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    max = call->conf->user_files ? call->conf->user_files
                                   + NGX_TIDRAW_ARCHIVE_ROOM
                                 : NGX_TIDRAW_ARCHIVE_MAX;

    if (call->request->headers_in.content_length_n > max) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE, NULL);
        return;
    }

    cln = ngx_http_cleanup_add(call->request, sizeof(ngx_tidraw_archive_t));

    if (cln == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ar = cln->data;
    ngx_memzero(ar, sizeof(ngx_tidraw_archive_t));

    cln->handler = ngx_tidraw_archive_cleanup;

    ar->call = call;
    call->state = ar;

    ngx_tidraw_archives++;
    ar->counted = 1;

    (void) ngx_tidraw_intake(call, max, NGX_TIDRAW_SINK_SPOOL,
                             ngx_tidraw_archive_came, ar);
}


static void
ngx_tidraw_archive_cleanup(void *data)
{
    ngx_tidraw_archive_t *ar = data;

    if (ar->op != NULL) {
        ngx_tidraw_op_cancel(ar->op);
    }

    ngx_tidraw_archive_board_free(ar);

    if (ar->unpacker != NULL) {
        ngx_tidraw_unpacker_close(ar->unpacker);
    }

    td_arena_destroy(ar->arena);

    if (ar->counted) {
        ngx_tidraw_archives--;
    }
}


static void
ngx_tidraw_archive_came(ngx_tidraw_intake_t *in, ngx_int_t rc)
{
    ngx_tidraw_call_t     *call;
    ngx_tidraw_archive_t  *ar;

    ar = in->data;
    call = ar->call;

    if (rc == NGX_DECLINED) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_LARGE, NULL);
        return;
    }

    if (rc != NGX_OK) {
        ngx_tidraw_intake_failed(in);
        return;
    }

    ar->unpacker = ngx_tidraw_unpacker_open(call->site->files, in->sink->fd,
                                            in->sink->size,
                                            ngx_tidraw_archive_unpacked, ar);
    if (ar->unpacker == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    ar->step = ngx_tidraw_archive_opened;
    ngx_tidraw_unpacker_directory(ar->unpacker);

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_archive_unpacked(ngx_tidraw_unpacker_t *up)
{
    ngx_connection_t      *c;
    ngx_tidraw_archive_t  *ar;

    ar = up->data;

    c = ar->call->request->connection;
    ngx_http_set_log_request(c->log, ar->call->request);

    ar->step(ar);

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_archive_opened(ngx_tidraw_archive_t *ar)
{
    ngx_tidraw_unpacker_t  *up;
    const td_zip_entry_t   *entry;

    up = ar->unpacker;

    if (up->rc == TD_NOMEM) {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    if (up->rc != TD_OK) {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              up->dir.error);
        return;
    }

    entry = ngx_tidraw_archive_profile(ar);

    if (entry == NULL) {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "This is not the archive of an account.");
        return;
    }

    ar->step = ngx_tidraw_archive_known;
    ngx_tidraw_unpacker_text(up, entry, NGX_TIDRAW_ARCHIVE_PROFILE);
}


/* Who unpacks it and packs it again often has one folder more around it. */

static const td_zip_entry_t *
ngx_tidraw_archive_profile(ngx_tidraw_archive_t *ar)
{
    u_char          *p, *last;
    size_t           i;
    td_zip_dir_t    *dir;
    td_zip_entry_t  *entry;

    dir = &ar->unpacker->dir;

    ngx_str_set(&ar->prefix, "");

    entry = td_zip_find(dir, td_str("profile.json"));

    for (i = 0; entry == NULL && i < dir->nentries; i++) {
        p = (u_char *) dir->entries[i].name.data;
        last = p + dir->entries[i].name.len;

        ar->prefix.data = p;

        p = ngx_strlchr(p, last, '/');

        if (p != NULL && last - p == sizeof("/profile.json") - 1
            && ngx_memcmp(p, "/profile.json", last - p) == 0)
        {
            ar->prefix.len = p + 1 - ar->prefix.data;
            entry = &dir->entries[i];
        }
    }

    return entry;
}


static void
ngx_tidraw_archive_known(ngx_tidraw_archive_t *ar)
{
    td_json_t              *profile, *v;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_unpacker_t  *up;

    up = ar->unpacker;
    profile = NULL;

    ar->arena = td_arena_create(4096, 64 * NGX_TIDRAW_ARCHIVE_PROFILE);

    if (ar->arena == NULL) {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    if (up->rc == TD_OK) {
        (void) td_json_parse(ar->arena, up->text.data, up->text.len,
                             NGX_TIDRAW_ARCHIVE_DEPTH, &profile);
    }

    v = td_json_get_lit(profile, "format");

    if (v == NULL || v->type != TD_STRING
        || !td_str_is(v->u.string, NGX_TIDRAW_ARCHIVE_FORMAT))
    {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "This is not the archive of an account.");
        return;
    }

    v = td_json_get_lit(profile, "version");

    if (v == NULL || v->type != TD_NUMBER
        || v->u.number != NGX_TIDRAW_ARCHIVE_VERSION)
    {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_BAD_REQUEST,
                              "The archive was made by a newer version.");
        return;
    }

    if (ngx_tidraw_archive_names(ar, td_json_get_lit(profile, "folders"))
        != NGX_OK)
    {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    op = ngx_tidraw_call_op(ar->call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FOLDER_LIST, "s",
                              &ar->call->user_id);

    ngx_tidraw_call_run(ar->call, op, ngx_tidraw_archive_folders);
}


static ngx_int_t
ngx_tidraw_archive_names(ngx_tidraw_archive_t *ar, td_json_t *names)
{
    ngx_str_t    s;
    ngx_uint_t   i;
    ngx_pool_t  *pool;

    pool = ar->call->request->pool;

    if (names != NULL && names->type == TD_ARRAY) {
        ar->nfolders = ngx_min(names->count, NGX_TIDRAW_ARCHIVE_FOLDERS);
    }

    ar->names = ngx_pcalloc(pool, (ar->nfolders + 1) * sizeof(ngx_str_t));
    ar->folders = ngx_pcalloc(pool, (ar->nfolders + 1) * sizeof(ngx_str_t));

    if (ar->names == NULL || ar->folders == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < ar->nfolders; i++) {

        if (names->u.items[i]->type != TD_STRING) {
            continue;
        }

        s.data = (u_char *) names->u.items[i]->u.string.data;
        s.len = names->u.items[i]->u.string.len;

        if (ngx_tidraw_text_name(&s) != NULL) {
            continue;
        }

        ar->names[i].len = s.len;
        ar->names[i].data = ngx_pstrdup(pool, &s);

        if (ar->names[i].data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* A folder that has the name already is taken, others are made. */

static void
ngx_tidraw_archive_folders(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    int64_t                now, max;
    ngx_str_t              key, *to;
    ngx_uint_t             i, n;
    ngx_tidraw_op_t       *make;
    ngx_tidraw_result_t   *res;
    ngx_tidraw_archive_t  *ar;

    ar = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    make = ngx_tidraw_call_op(call, 1);
    if (make == NULL) {
        return;
    }

    res = &op->results[0];
    now = ngx_tidraw_now();
    max = NGX_TIDRAW_ARCHIVE_FOLDERS;
    n = 0;

    for (i = 0; i < ar->nfolders; i++) {
        to = &ar->folders[i];

        if (ar->names[i].len == 0) {
            continue;
        }

        to->data = ngx_pnalloc(call->request->pool, NGX_TIDRAW_ID_LEN + 1);
        key = ngx_tidraw_name_key(make->pool, &ar->names[i]);

        if (to->data == NULL || key.data == NULL) {
            ngx_tidraw_op_free(make);
            ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
            return;
        }

        to->len = NGX_TIDRAW_ID_LEN;

        if (ngx_tidraw_archive_folder(res, &ar->names[i], to->data) == NGX_OK) {
            continue;
        }

        ngx_tidraw_random_id(to->data, 16);
        n++;

        (void) ngx_tidraw_op_step(make, NGX_TIDRAW_STMT_FOLDER_CREATE,
                                  "ssssii", to, &call->user_id, &ar->names[i],
                                  &key, now, max);
    }

    if (n == 0) {
        ngx_tidraw_op_free(make);
        ngx_tidraw_archive_begin(ar);
        return;
    }

    ngx_tidraw_call_run(call, make, ngx_tidraw_archive_folders_made);
}


/* The id of the folder of that name into dst; NGX_DECLINED: there is none. */

static ngx_int_t
ngx_tidraw_archive_folder(ngx_tidraw_result_t *res, ngx_str_t *name,
    u_char *dst)
{
    ngx_str_t   s, id;
    ngx_uint_t  i;

    for (i = 0; i < res->nrows; i++) {
        id = ngx_tidraw_cell_str(res, i, 0);
        s = ngx_tidraw_cell_str(res, i, 1);

        if (id.len == NGX_TIDRAW_ID_LEN && s.len == name->len
            && ngx_memcmp(s.data, name->data, s.len) == 0)
        {
            ngx_memcpy(dst, id.data, NGX_TIDRAW_ID_LEN);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* Where there are too many of them the boards come into none. */

static void
ngx_tidraw_archive_folders_made(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_archive_t  *ar;

    ar = call->state;

    if (op->rc != NGX_OK) {
        ar->nfolders = 0;
    }

    ngx_tidraw_archive_begin(ar);
}


static void
ngx_tidraw_archive_begin(ngx_tidraw_archive_t *ar)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    static ngx_str_t     no_store = ngx_string("no-store");
    static ngx_str_t     nosniff = ngx_string("nosniff");

    r = ar->call->request;

    if (ngx_tidraw_archive_boards(ar) != NGX_OK
        || ngx_tidraw_http_add_header(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_tidraw_http_add_header(r, "X-Content-Type-Options", &nosniff)
           != NGX_OK)
    {
        ngx_tidraw_call_error(ar->call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_sent(ar->call);

    r->headers_out.status = NGX_HTTP_OK;
    ngx_str_set(&r->headers_out.content_type, "application/x-ndjson");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_tidraw_archive_write;

    ngx_tidraw_archive_next(ar);
}


/* boards/NAME/board.json, in the order of the names. */

static ngx_int_t
ngx_tidraw_archive_boards(ngx_tidraw_archive_t *ar)
{
    size_t           i;
    u_char          *p, *last;
    td_zip_dir_t    *dir;
    td_zip_entry_t  *e;

    static ngx_str_t  head = ngx_string("boards/");
    static ngx_str_t  tail = ngx_string("/board.json");

    dir = &ar->unpacker->dir;

    ar->boards = ngx_palloc(ar->call->request->pool,
                            (dir->nentries + 1) * sizeof(td_zip_entry_t *));
    if (ar->boards == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < dir->nentries; i++) {
        e = &dir->entries[i];
        p = (u_char *) e->name.data;
        last = p + e->name.len;

        if (e->name.len <= ar->prefix.len + head.len + tail.len
            || ngx_memcmp(p, ar->prefix.data, ar->prefix.len) != 0
            || ngx_memcmp(p + ar->prefix.len, head.data, head.len) != 0
            || ngx_memcmp(last - tail.len, tail.data, tail.len) != 0
            || ngx_strlchr(p + ar->prefix.len + head.len, last - tail.len, '/')
               != NULL)
        {
            continue;
        }

        ar->boards[ar->nboards++] = e;
    }

    return NGX_OK;
}


static void
ngx_tidraw_archive_write(ngx_http_request_t *r)
{
    ngx_connection_t      *c;
    ngx_tidraw_call_t     *call;
    ngx_tidraw_archive_t  *ar;

    c = r->connection;
    call = ngx_http_get_module_ctx(r, ngx_tidraw_module);
    ar = call->state;

    if (c->write->timedout) {
        ngx_tidraw_log(NGX_LOG_WARN, c->log, NGX_ETIMEDOUT, "archive_ended",
                       "request=%V error=%s", ngx_tidraw_request_ref(r),
                       "the client does not read");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR
        || ngx_handle_write_event(c->write, 0) != NGX_OK)
    {
        ar->lost = 1;
    }
}


static void
ngx_tidraw_archive_next(ngx_tidraw_archive_t *ar)
{
    const td_zip_entry_t  *e;

    ngx_tidraw_archive_board_free(ar);

    if (ar->lost) {
        ngx_http_finalize_request(ar->call->request, NGX_ERROR);
        return;
    }

    if (ar->board == ar->nboards) {
        ngx_tidraw_archive_end(ar);
        return;
    }

    e = ar->boards[ar->board];

    ar->dir.data = (u_char *) e->name.data;
    ar->dir.len = e->name.len - (sizeof("board.json") - 1);

    ngx_tidraw_archive_alive(ar);
    ngx_tidraw_archive_board(ar);
}


const td_zip_entry_t *
ngx_tidraw_archive_entry(ngx_tidraw_archive_t *ar, ngx_str_t *name)
{
    u_char    *p, buf[2 * TD_ZIP_NAME_MAX];
    td_str_t   s;

    if (name->len > TD_ZIP_NAME_MAX) {
        return NULL;
    }

    p = ngx_cpymem(buf, ar->dir.data, ar->dir.len);
    p = ngx_cpymem(p, name->data, name->len);

    s.data = (char *) buf;
    s.len = p - buf;

    return td_zip_find(&ar->unpacker->dir, s);
}


void
ngx_tidraw_archive_made(ngx_tidraw_archive_t *ar)
{
    td_buf_t   b;
    ngx_str_t  id;

    ngx_memzero(&b, sizeof(td_buf_t));

    ar->board++;
    ar->nmade++;
    ar->nfiles_made += ar->nfiles;

    id.data = ar->id;
    id.len = NGX_TIDRAW_ID_LEN;

    ngx_tidraw_archive_place(ar, &b);
    td_buf_lit(&b, ",\"board\":{\"id\":");
    ngx_tidraw_json_str(&b, &id);
    td_buf_lit(&b, ",\"name\":");
    ngx_tidraw_json_str(&b, &ar->name);
    td_buf_lit(&b, "}}\n");

    ngx_tidraw_archive_say(ar, &b);
    ngx_tidraw_archive_next(ar);
}


void
ngx_tidraw_archive_refused(ngx_tidraw_archive_t *ar, const char *why)
{
    td_buf_t   b;
    td_str_t   s;
    ngx_str_t  name;

    ngx_memzero(&b, sizeof(td_buf_t));

    ar->board++;
    ar->nfailed++;

    /* by its folder in the archive */

    name.data = ar->dir.data + ar->prefix.len + sizeof("boards/") - 1;
    name.len = ar->dir.data + ar->dir.len - 1 - name.data;

    s.data = why;
    s.len = ngx_strlen(why);

    ngx_tidraw_archive_place(ar, &b);
    td_buf_lit(&b, ",\"failed\":{\"name\":");
    ngx_tidraw_json_str(&b, &name);
    td_buf_lit(&b, ",\"message\":");
    td_json_write_string(&b, s);
    td_buf_lit(&b, "}}\n");

    ngx_tidraw_archive_say(ar, &b);
    ngx_tidraw_archive_next(ar);
}


static void
ngx_tidraw_archive_place(ngx_tidraw_archive_t *ar, td_buf_t *b)
{
    td_buf_lit(b, "{\"done\":");
    ngx_tidraw_json_int(b, ar->board);
    td_buf_lit(b, ",\"of\":");
    ngx_tidraw_json_int(b, ar->nboards);
}


void
ngx_tidraw_archive_alive(ngx_tidraw_archive_t *ar)
{
    td_buf_t  b;

    ngx_add_timer(ar->call->request->connection->write,
                  NGX_TIDRAW_ARCHIVE_WAIT);

    if (ar->told == ngx_time()) {
        return;
    }

    ngx_memzero(&b, sizeof(td_buf_t));

    ngx_tidraw_archive_place(ar, &b);
    td_buf_lit(&b, "}\n");

    ngx_tidraw_archive_say(ar, &b);
}


/* Takes the text and frees it. */

static void
ngx_tidraw_archive_say(ngx_tidraw_archive_t *ar, td_buf_t *b)
{
    ngx_buf_t           *buf;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = ar->call->request;
    ar->told = ngx_time();

    buf = b->failed ? NULL : ngx_create_temp_buf(r->pool, b->len);

    if (buf != NULL) {
        buf->last = ngx_cpymem(buf->last, b->data, b->len);
        buf->flush = 1;

        out.buf = buf;
        out.next = NULL;

        if (ngx_http_output_filter(r, &out) == NGX_ERROR) {
            ar->lost = 1;
        }

    } else {
        ar->lost = 1;
    }

    td_buf_free(b);
}


void
ngx_tidraw_archive_broken(ngx_tidraw_archive_t *ar, ngx_tidraw_error_e error)
{
    td_buf_t  b;

    ngx_memzero(&b, sizeof(td_buf_t));

    ngx_tidraw_write_error(ar->call->request, &b, error);
    td_buf_char(&b, '\n');

    ngx_tidraw_archive_say(ar, &b);

    if (ar->call->request->connection->write->timer_set) {
        ngx_del_timer(ar->call->request->connection->write);
    }

    ngx_http_finalize_request(ar->call->request,
                              ngx_http_send_special(ar->call->request,
                                                    NGX_HTTP_LAST));
}


static void
ngx_tidraw_archive_end(ngx_tidraw_archive_t *ar)
{
    td_buf_t             b;
    ngx_http_request_t  *r;

    r = ar->call->request;

    ngx_memzero(&b, sizeof(td_buf_t));

    td_buf_lit(&b, "{\"boards\":");
    ngx_tidraw_json_int(&b, ar->nmade);
    td_buf_lit(&b, ",\"failed\":");
    ngx_tidraw_json_int(&b, ar->nfailed);
    td_buf_lit(&b, ",\"files\":");
    ngx_tidraw_json_int(&b, ar->nfiles_made);
    td_buf_lit(&b, "}\n");

    ngx_tidraw_archive_say(ar, &b);

    if (r->connection->write->timer_set) {
        ngx_del_timer(r->connection->write);
    }

    ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
}
