
/*
 * One board of an archive: what is told about it, its records, its preview,
 * its files; then one operation makes it.  A file is stored before the board
 * names it, so nothing of a board that is refused is ever seen; what was
 * stored for it the collector takes.
 */


#include "ngx_tidraw_http_archive.h"
#include "ngx_tidraw_http_image.h"
#include "ngx_tidraw_http_import.h"
#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_ARRIVAL_ABOUT   (8 * 1024 * 1024)
#define NGX_TIDRAW_ARRIVAL_TREE    (4 * NGX_TIDRAW_ARRIVAL_ABOUT)
#define NGX_TIDRAW_ARRIVAL_DEPTH   8
#define NGX_TIDRAW_ARRIVAL_FILES   20000
#define NGX_TIDRAW_ARRIVAL_NAME    255       /* bytes, of a file */
#define NGX_TIDRAW_ARRIVAL_QUOTA   ((int64_t) 1 << 62)


static ngx_int_t ngx_tidraw_arrival_text(ngx_tidraw_archive_t *ar,
    const td_zip_entry_t *entry, size_t max, ngx_tidraw_unpacker_pt work,
    ngx_tidraw_archive_pt step);
static ngx_tidraw_arrival_t *ngx_tidraw_arrival_take(
    ngx_tidraw_archive_t *ar);
static ngx_tidraw_arrival_t *ngx_tidraw_arrival_begin(
    ngx_tidraw_unpacker_t *up, size_t first, size_t limit);
static void ngx_tidraw_arrival_parse(ngx_tidraw_unpacker_t *up);
static void ngx_tidraw_arrival_told(ngx_tidraw_archive_t *ar);
static const char *ngx_tidraw_arrival_about(ngx_tidraw_archive_t *ar,
    td_json_t *about);
static const char *ngx_tidraw_arrival_files(ngx_tidraw_archive_t *ar,
    td_json_t *files);
static ngx_int_t ngx_tidraw_arrival_file(ngx_tidraw_archive_t *ar,
    td_json_t *v, ngx_tidraw_arrival_file_t *f);
static ngx_int_t ngx_tidraw_arrival_str(td_json_t *v, const char *key,
    ngx_str_t *s);
static int64_t ngx_tidraw_arrival_int(td_json_t *v, const char *key,
    int64_t max);
static void ngx_tidraw_arrival_check(ngx_tidraw_unpacker_t *up);
static void ngx_tidraw_arrival_free(void *data);
static void ngx_tidraw_arrival_checked(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_pictured(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_next_file(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_piece(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_write(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_sink(ngx_tidraw_sink_t *sink);
static void ngx_tidraw_arrival_sunk(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_put(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_stored(ngx_tidraw_op_t *op);
static void ngx_tidraw_arrival_commit(ngx_tidraw_archive_t *ar);
static void ngx_tidraw_arrival_fill(ngx_tidraw_archive_t *ar,
    ngx_tidraw_op_t *op, ngx_str_t *id, int64_t now);
static void ngx_tidraw_arrival_committed(ngx_tidraw_op_t *op);


void
ngx_tidraw_archive_board(ngx_tidraw_archive_t *ar)
{
    ar->pool = ngx_create_pool(4096, ar->call->site->log);

    if (ar->pool == NULL
        || ngx_tidraw_arrival_text(ar, ar->boards[ar->board],
                                   NGX_TIDRAW_ARRIVAL_ABOUT,
                                   ngx_tidraw_arrival_parse,
                                   ngx_tidraw_arrival_told)
           != NGX_OK)
    {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
    }
}


/* An entry that a thread reads and works on; what comes of it is "ours". */

static ngx_int_t
ngx_tidraw_arrival_text(ngx_tidraw_archive_t *ar, const td_zip_entry_t *entry,
    size_t max, ngx_tidraw_unpacker_pt work, ngx_tidraw_archive_pt step)
{
    ngx_tidraw_arrival_t   *arrival;
    ngx_tidraw_unpacker_t  *up;

    arrival = ngx_calloc(sizeof(ngx_tidraw_arrival_t), ar->call->site->log);

    if (arrival == NULL) {
        return NGX_ERROR;
    }

    arrival->site = ar->call->site;

    up = ar->unpacker;
    up->work = work;
    up->ours = arrival;
    up->free = ngx_tidraw_arrival_free;

    ar->step = step;
    ngx_tidraw_unpacker_text(up, entry, max);

    return NGX_OK;
}


static ngx_tidraw_arrival_t *
ngx_tidraw_arrival_take(ngx_tidraw_archive_t *ar)
{
    ngx_tidraw_arrival_t   *arrival;
    ngx_tidraw_unpacker_t  *up;

    up = ar->unpacker;
    arrival = up->ours;

    up->ours = NULL;
    up->work = NULL;

    return arrival;
}


/* In a thread: the text that came, and memory of its own to read it. */

static ngx_tidraw_arrival_t *
ngx_tidraw_arrival_begin(ngx_tidraw_unpacker_t *up, size_t first, size_t limit)
{
    ngx_tidraw_arrival_t  *arrival;

    arrival = up->ours;

    arrival->text = up->text;
    ngx_memzero(&up->text, sizeof(td_buf_t));

    arrival->arena = td_arena_create(first, limit);

    return arrival;
}


/*
 * In a thread: somebody else may have written millions of nothings.  A tree
 * of what we write takes less than its text twice.
 */

static void
ngx_tidraw_arrival_parse(ngx_tidraw_unpacker_t *up)
{
    ngx_tidraw_arrival_t  *arrival;

    arrival = ngx_tidraw_arrival_begin(up, 4096, NGX_TIDRAW_ARRIVAL_TREE);

    if (arrival->arena != NULL) {
        (void) td_json_parse(arrival->arena, arrival->text.data,
                             arrival->text.len, NGX_TIDRAW_ARRIVAL_DEPTH,
                             &arrival->told);
    }
}


void
ngx_tidraw_archive_board_free(ngx_tidraw_archive_t *ar)
{
    if (ar->sink != NULL) {
        ngx_tidraw_sink_close(ar->sink);
        ar->sink = NULL;
    }

    if (ar->arrival != NULL) {
        ngx_tidraw_arrival_free(ar->arrival);
        ar->arrival = NULL;
    }

    if (ar->pool != NULL) {
        ngx_destroy_pool(ar->pool);
        ar->pool = NULL;
    }

    if (ar->about != NULL) {
        ngx_tidraw_arrival_free(ar->about);
        ar->about = NULL;
    }

    ar->files = NULL;
    ar->nfiles = 0;
    ar->file = 0;
    ar->favourite = 0;
    ar->settling = 0;
    ar->thumbnail_entry = NULL;
    ngx_str_null(&ar->thumbnail);
    ngx_str_null(&ar->folder);
    ngx_str_null(&ar->template);
}


static void
ngx_tidraw_arrival_told(ngx_tidraw_archive_t *ar)
{
    const char            *wrong;
    const td_zip_entry_t  *entry;

    static ngx_str_t  records = ngx_string("board.tldr");

    ar->about = ngx_tidraw_arrival_take(ar);

    if (ar->about->told == NULL) {
        ngx_tidraw_archive_refused(ar, "What is told about the board cannot be"
                                       " read.");
        return;
    }

    wrong = ngx_tidraw_arrival_about(ar, ar->about->told);

    if (wrong != NULL) {
        ngx_tidraw_archive_refused(ar, wrong);
        return;
    }

    entry = ngx_tidraw_archive_entry(ar, &records);

    if (entry == NULL) {
        ngx_tidraw_archive_refused(ar, "The records of the board are"
                                       " missing.");
        return;
    }

    if (ngx_tidraw_arrival_text(ar, entry,
                                ngx_tidraw_import_max(ar->call->request),
                                ngx_tidraw_arrival_check,
                                ngx_tidraw_arrival_checked)
        != NGX_OK)
    {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
    }
}


/* NULL, or what is wrong with it. */

static const char *
ngx_tidraw_arrival_about(ngx_tidraw_archive_t *ar, td_json_t *about)
{
    int64_t     n;
    ngx_str_t   s;
    td_json_t  *v;

    if (ngx_tidraw_arrival_str(about, "name", &ar->name) != NGX_OK) {
        return "The board has no name.";
    }

    if (ngx_tidraw_text_name(&ar->name) != NULL) {
        return "The board has a name that no board may have.";
    }

    n = ngx_tidraw_now();

    ar->created = ngx_tidraw_arrival_int(about, "created_at", n);
    ar->updated = ngx_tidraw_arrival_int(about, "updated_at", n);

    if (ar->created <= 0) {
        ar->created = n;
    }

    if (ar->updated < ar->created) {
        ar->updated = ar->created;
    }

    if (ngx_tidraw_arrival_str(about, "template", &s) == NGX_OK
        && ngx_tidraw_template_find(ar->call, &s) != NULL)
    {
        ar->template = s;
    }

    v = td_json_get_lit(about, "favourite");
    ar->favourite = v != NULL && v->type == TD_TRUE;

    n = ngx_tidraw_arrival_int(about, "folder", NGX_MAX_INT32_VALUE);

    if (n >= 0 && n < (int64_t) ar->nfolders) {
        ar->folder = ar->folders[n];
    }

    if (ngx_tidraw_arrival_str(about, "thumbnail", &s) == NGX_OK) {
        ar->thumbnail_entry = ngx_tidraw_archive_entry(ar, &s);
    }

    return ngx_tidraw_arrival_files(ar, td_json_get_lit(about, "files"));
}


static const char *
ngx_tidraw_arrival_files(ngx_tidraw_archive_t *ar, td_json_t *files)
{
    int64_t                     all, max;
    uint32_t                    i;
    uint64_t                    packed;
    ngx_tidraw_loc_conf_t      *conf;
    ngx_tidraw_arrival_file_t  *f;

    if (files == NULL || files->type != TD_ARRAY || files->count == 0) {
        return NULL;
    }

    if (files->count > NGX_TIDRAW_ARRIVAL_FILES) {
        return "The board has too many files.";
    }

    ar->files = ngx_pcalloc(ar->pool, files->count
                                      * sizeof(ngx_tidraw_arrival_file_t));
    if (ar->files == NULL) {
        return "The server is out of memory.";
    }

    conf = ar->call->conf;
    max = conf->board_files ? conf->board_files : NGX_TIDRAW_ARRIVAL_QUOTA;
    all = 0;
    packed = 0;

    for (i = 0; i < files->count; i++) {
        f = &ar->files[ar->nfiles];

        if (ngx_tidraw_arrival_file(ar, files->u.items[i], f) != NGX_OK) {
            return "A file of the board is missing or told of wrongly.";
        }

        /* one entry told of again and again would be endless work */

        packed += f->entry->packed;

        if (packed > ar->unpacker->dir.end) {
            return "A file of the board is told of too often.";
        }

        if (f->entry->size > (uint64_t) conf->max_upload) {
            return "A file of the board is larger than files may be here.";
        }

        all += f->entry->size;

        if (all > max) {
            return "The files of the board are larger than allowed.";
        }

        ar->nfiles++;
    }

    return NULL;
}


static ngx_int_t
ngx_tidraw_arrival_file(ngx_tidraw_archive_t *ar, td_json_t *v,
    ngx_tidraw_arrival_file_t *f)
{
    int64_t    now;
    ngx_str_t  path;

    if (ngx_tidraw_arrival_str(v, "id", &f->id) != NGX_OK
        || !ngx_tidraw_token_valid(&f->id, NGX_TIDRAW_ID_LEN)
        || ngx_tidraw_arrival_str(v, "path", &path) != NGX_OK)
    {
        return NGX_ERROR;
    }

    f->entry = ngx_tidraw_archive_entry(ar, &path);
    f->w = ngx_tidraw_arrival_int(v, "w", 16384);

    if (f->entry == NULL || f->entry->size == 0
        || (f->w != 0 && f->w < 16))
    {
        return NGX_ERROR;
    }

    if (ngx_tidraw_arrival_str(v, "name", &f->name) != NGX_OK
        || f->name.len == 0 || f->name.len > NGX_TIDRAW_ARRIVAL_NAME
        || !ngx_tidraw_text_plain(&f->name))
    {
        ngx_str_null(&f->name);
    }

    now = ngx_tidraw_now();
    f->created = ngx_tidraw_arrival_int(v, "created_at", now);

    if (f->created <= 0) {
        f->created = now;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_arrival_str(td_json_t *v, const char *key, ngx_str_t *s)
{
    td_str_t  k;

    k.data = key;
    k.len = ngx_strlen(key);

    v = td_json_get(v, k);

    if (v == NULL || v->type != TD_STRING) {
        return NGX_DECLINED;
    }

    s->data = (u_char *) v->u.string.data;
    s->len = v->u.string.len;

    return ngx_tidraw_text_valid(s) ? NGX_OK : NGX_DECLINED;
}


/* A whole number from 0 to max, else -1. */

static int64_t
ngx_tidraw_arrival_int(td_json_t *v, const char *key, int64_t max)
{
    td_str_t  k;

    k.data = key;
    k.len = ngx_strlen(key);

    v = td_json_get(v, k);

    if (v == NULL || v->type != TD_NUMBER
        || !(v->u.number >= 0 && v->u.number <= (double) max))
    {
        return -1;
    }

    return (int64_t) v->u.number;
}


/* In a thread.  The descriptions are read by all and written by none. */

static void
ngx_tidraw_arrival_check(ngx_tidraw_unpacker_t *up)
{
    ngx_tidraw_arrival_t  *arrival;

    arrival = ngx_tidraw_arrival_begin(up, 65536, 0);

    arrival->rc = arrival->arena == NULL
                  ? TD_NOMEM
                  : td_import(&arrival->im, arrival->arena,
                              arrival->text.data, arrival->text.len,
                              arrival->site->schemas.elts,
                              arrival->site->schemas.nelts,
                              arrival->site->conf->max_room);
}


static void
ngx_tidraw_arrival_free(void *data)
{
    ngx_tidraw_arrival_t *arrival = data;

    td_buf_free(&arrival->text);
    td_arena_destroy(arrival->arena);

    ngx_free(arrival);
}


static void
ngx_tidraw_arrival_checked(ngx_tidraw_archive_t *ar)
{
    ngx_tidraw_unpacker_t  *up;

    up = ar->unpacker;

    ar->arrival = ngx_tidraw_arrival_take(ar);

    if (up->rc == TD_TOO_BIG || ar->arrival->rc == TD_TOO_BIG) {
        ngx_tidraw_archive_refused(ar, "The board is larger than boards may be"
                                       " here.");
        return;
    }

    if (up->rc == TD_NOMEM || ar->arrival->rc == TD_NOMEM) {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
        return;
    }

    if (up->rc != TD_OK) {
        ngx_tidraw_archive_refused(ar, "The archive is damaged here.");
        return;
    }

    if (ar->arrival->rc != TD_OK) {
        ngx_tidraw_archive_refused(ar, ar->arrival->im.error);
        return;
    }

    if (ar->thumbnail_entry != NULL) {
        ar->step = ngx_tidraw_arrival_pictured;
        ngx_tidraw_unpacker_text(up, ar->thumbnail_entry,
                                 NGX_TIDRAW_HTTP_MAX_IMAGE);
        return;
    }

    ngx_tidraw_arrival_next_file(ar);
}


/* A preview that is none is left out: browsers make another. */

static void
ngx_tidraw_arrival_pictured(ngx_tidraw_archive_t *ar)
{
    ngx_str_t               bytes;
    ngx_tidraw_unpacker_t  *up;

    up = ar->unpacker;

    bytes.data = (u_char *) up->text.data;
    bytes.len = up->text.len;

    if (up->rc == TD_OK
        && ngx_tidraw_image_encode(ar->pool, &bytes, &ar->thumbnail_type,
                                   &ar->thumbnail)
           != NGX_OK)
    {
        ngx_str_null(&ar->thumbnail);
    }

    ngx_tidraw_arrival_next_file(ar);
}


static void
ngx_tidraw_arrival_next_file(ngx_tidraw_archive_t *ar)
{
    ngx_tidraw_arrival_file_t  *f;

    ngx_tidraw_archive_alive(ar);

    if (ar->file == ar->nfiles) {
        ngx_tidraw_arrival_commit(ar);
        return;
    }

    f = &ar->files[ar->file];

    ar->settling = 0;
    ar->sent = 0;
    ar->sink = ngx_tidraw_sink_open(ar->call->site->files,
                                    NGX_TIDRAW_SINK_BLOB, f->entry->size,
                                    ngx_tidraw_arrival_sink, ar);
    if (ar->sink == NULL) {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
        return;
    }

    ar->step = ngx_tidraw_arrival_piece;
    ngx_tidraw_unpacker_file(ar->unpacker, f->entry);
}


static void
ngx_tidraw_arrival_piece(ngx_tidraw_archive_t *ar)
{
    if (ar->unpacker->rc == TD_NOMEM) {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
        return;
    }

    if (ar->unpacker->rc != TD_OK) {
        ngx_tidraw_archive_refused(ar, "The archive is damaged here.");
        return;
    }

    ngx_tidraw_archive_alive(ar);

    ar->pos = 0;
    ngx_tidraw_arrival_write(ar);
}


/* What the sink does not take waits until it calls. */

static void
ngx_tidraw_arrival_write(ngx_tidraw_archive_t *ar)
{
    ngx_tidraw_unpacker_t  *up;

    up = ar->unpacker;

    ar->pos += ngx_tidraw_sink_write(ar->sink, up->piece + ar->pos,
                                     up->len - ar->pos);

    if (ar->pos < up->len || ar->sink->rc != NGX_OK) {
        return;
    }

    if (up->ended) {
        ngx_tidraw_sink_finish(ar->sink);

    } else {
        ngx_tidraw_unpacker_next(up);
    }
}


static void
ngx_tidraw_arrival_sink(ngx_tidraw_sink_t *sink)
{
    ngx_connection_t      *c;
    ngx_tidraw_archive_t  *ar;

    ar = sink->data;

    c = ar->call->request->connection;
    ngx_http_set_log_request(c->log, ar->call->request);

    ngx_tidraw_arrival_sunk(ar);

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_arrival_sunk(ngx_tidraw_archive_t *ar)
{
    switch (ar->sink->rc) {

    case NGX_OK:
        break;

    case NGX_TIDRAW_SINK_FULL:
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_STORAGE_FULL);
        return;

    case NGX_TIDRAW_SINK_PIXELS:
        ngx_tidraw_archive_refused(ar, "An image has more pixels than"
                                       " allowed.");
        return;

    default:
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_INTERNAL);
        return;
    }

    if (ar->settling) {
        ngx_tidraw_sink_close(ar->sink);
        ar->sink = NULL;
        ar->file++;
        ngx_tidraw_arrival_next_file(ar);

    } else if (ar->sink->finished && ar->sink->remote && !ar->sent) {
        ar->sent = 1;

        if (ngx_tidraw_sink_send(ar->sink) != NGX_OK) {
            ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
        }

    } else if (ar->sink->finished) {
        ngx_tidraw_arrival_put(ar);

    } else {
        ngx_tidraw_arrival_write(ar);
    }
}


static void
ngx_tidraw_arrival_put(ngx_tidraw_archive_t *ar)
{
    int64_t             now, size, width, height;
    ngx_str_t           type, place;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_sink_t  *sink;

    sink = ar->sink;

    op = ngx_tidraw_op_create(ar->call->site->store, 1);

    if (op == NULL) {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
        return;
    }

    ngx_memcpy(ar->files[ar->file].hash, sink->hash.data,
               NGX_TIDRAW_BLOB_HASH_LEN);

    now = ngx_tidraw_now();
    size = sink->size;
    width = sink->sniff.width;
    height = sink->sniff.height;

    type.data = (u_char *) sink->sniff.type;
    type.len = ngx_strlen(type.data);
    ngx_str_set(&place, "disk");

    if (sink->remote) {
        ngx_str_set(&place, "s3");
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_PUT, "sssisiii",
                              &sink->hash, &sink->gen, &place, size, &type,
                              width, height, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_BLOB_GET, "s", &sink->hash);

    ngx_tidraw_sink_leave(sink, 1);

    ar->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_arrival_stored, ar);
}


static void
ngx_tidraw_arrival_stored(ngx_tidraw_op_t *op)
{
    ngx_str_t              gen;
    ngx_connection_t      *c;
    ngx_tidraw_archive_t  *ar;

    ar = op->data;
    ar->op = NULL;

    c = ar->call->request->connection;
    ngx_http_set_log_request(c->log, ar->call->request);

    if (op->rc == NGX_OK && op->results[1].nrows != 0) {
        gen = ngx_tidraw_cell_str(&op->results[1], 0, 0);

        ar->settling = 1;
        ngx_tidraw_sink_settle(ar->sink, &gen);

    } else {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_tidraw_arrival_commit(ngx_tidraw_archive_t *ar)
{
    int64_t              now;
    td_str_t             s;
    ngx_str_t            id, key, schema;
    ngx_tidraw_op_t     *op;
    ngx_tidraw_call_t   *call;
    ngx_pool_cleanup_t  *cln;

    call = ar->call;

    op = ngx_tidraw_op_create(call->site->store, 1);

    if (op == NULL) {
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
        return;
    }

    key = ngx_tidraw_name_key(op->pool, &ar->name);
    cln = ngx_pool_cleanup_add(op->pool, 0);

    if (key.data == NULL || cln == NULL) {
        ngx_tidraw_op_free(op);
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
        return;
    }

    now = ngx_tidraw_now();

    s = td_schema_serialized(ar->arrival->im.schema);
    schema.data = (u_char *) s.data;
    schema.len = s.len;

    ngx_tidraw_random_id(ar->id, 16);
    id.data = ar->id;
    id.len = NGX_TIDRAW_ID_LEN;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_ROOM_PUT, "ssssiissi",
                              &id, &ar->name, &key, &call->user_id,
                              ar->created, ar->updated, &schema,
                              ar->template.len ? &ar->template : NULL,
                              (int64_t) NGX_TIDRAW_ROOMS_MAX);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CREATE_OWNER, "ssis",
                              &id, &call->user_id, now,
                              ar->folder.len ? &ar->folder : NULL);

    ngx_tidraw_arrival_fill(ar, op, &id, now);

    ngx_tidraw_call_activity(call, op, "room.imported", &id, NULL);

    /* its steps refer to the records */

    cln->handler = ngx_tidraw_arrival_free;
    cln->data = ar->arrival;
    ar->arrival = NULL;

    ar->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_arrival_committed, ar);
}


static void
ngx_tidraw_arrival_fill(ngx_tidraw_archive_t *ar, ngx_tidraw_op_t *op,
    ngx_str_t *id, int64_t now)
{
    int64_t                     board_max, user_max;
    ngx_str_t                   record_id, text, hash;
    ngx_uint_t                  i;
    ngx_tidraw_call_t          *call;
    td_import_record_t         *record;
    ngx_tidraw_arrival_file_t  *f;

    call = ar->call;

    if (ar->favourite) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_FAVOURITE, "ss",
                                  id, &call->user_id);
    }

    for (record = ar->arrival->im.records; record; record = record->next) {
        record_id.data = (u_char *) record->id.data;
        record_id.len = record->id.len;
        text.data = (u_char *) record->text.data;
        text.len = record->text.len;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_ADD, "sSS", id,
                                  &record_id, &text);
    }

    if (ar->thumbnail.len) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_THUMBNAIL_PUT,
                                  "sss", id, &ar->thumbnail_type,
                                  &ar->thumbnail);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_THUMBNAIL_SET,
                                  "si", id, now);
    }

    if (ar->nfiles == 0) {
        return;
    }

    board_max = call->conf->board_files ? call->conf->board_files
                                        : NGX_TIDRAW_ARRIVAL_QUOTA;
    user_max = call->conf->user_files ? call->conf->user_files
                                      : NGX_TIDRAW_ARRIVAL_QUOTA;

    for (i = 0; i < ar->nfiles; i++) {
        f = &ar->files[i];

        hash.data = f->hash;
        hash.len = NGX_TIDRAW_BLOB_HASH_LEN;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_FILE_PUT,
                                  "ssisssii", id, &f->id, f->w, &hash,
                                  &f->name, &call->user_id, f->created, now);
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ARCHIVE_FITS, "ssii", id,
                              &call->user_id, board_max, user_max);
}


static void
ngx_tidraw_arrival_committed(ngx_tidraw_op_t *op)
{
    ngx_connection_t      *c;
    ngx_tidraw_archive_t  *ar;

    ar = op->data;
    ar->op = NULL;

    c = ar->call->request->connection;
    ngx_http_set_log_request(c->log, ar->call->request);

    switch (op->rc) {

    case NGX_OK:
        ngx_tidraw_archive_made(ar);
        break;

    case NGX_DECLINED:
        ngx_tidraw_archive_refused(ar, "Your files would become larger, or"
                                       " your boards more, than allowed.");
        break;

    case NGX_TIDRAW_STORE_CONFLICT:
        ngx_tidraw_archive_refused(ar, "Two files of the board have one id.");
        break;

    default:
        ngx_tidraw_archive_broken(ar, NGX_TIDRAW_ERROR_UNAVAILABLE);
    }

    ngx_http_run_posted_requests(c);
}
