
/*
 * What goes into an archive of one board, from what the database has of it.
 */


#include "ngx_tidraw_http_archive_export.h"
#include "ngx_tidraw_http_room.h"


#define NGX_TIDRAW_EXPORT_NAME   180       /* bytes of a name in a path */


static void ngx_tidraw_export_about(ngx_tidraw_export_t *ex,
    ngx_tidraw_result_t *res);
static ngx_int_t ngx_tidraw_export_files(ngx_tidraw_export_t *ex,
    ngx_tidraw_result_t *res);
static ngx_int_t ngx_tidraw_export_name(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *head, ngx_str_t *name);


ngx_int_t
ngx_tidraw_export_taken(ngx_tidraw_export_t *ex, ngx_tidraw_op_t *op)
{
    u_char                number[32];
    ngx_str_t             head, name, schema;
    ngx_tidraw_result_t  *board;

    board = &op->results[0];

    ex->pool = ngx_create_pool(4096, ex->call->request->connection->log);

    if (ex->pool == NULL) {
        return NGX_ERROR;
    }

    ex->file = 0;
    ex->nlisted = 0;
    ex->updated = ngx_tidraw_cell_int(board, 0, 2);

    head.data = number;
    head.len = ngx_sprintf(number, "boards/%04ui", ex->board + 1) - number;
    name = ngx_tidraw_cell_str(board, 0, 0);

    if (ngx_tidraw_export_name(ex->pool, &ex->dir, &head, &name) != NGX_OK) {
        return NGX_ERROR;
    }

    ex->dir.data[ex->dir.len++] = '/';

    schema = ngx_tidraw_cell_str(board, 0, 3);
    ngx_tidraw_write_tldr(&ex->records, ex->call->site, &schema,
                          &op->results[1], 2);

    if (ex->records.failed
        || ngx_tidraw_export_image(ex->pool, &ex->thumbnail,
                                   &ex->thumbnail_name, "thumbnail",
                                   &op->results[2], 0)
           != NGX_OK
        || ngx_tidraw_export_files(ex, &op->results[3]) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_tidraw_export_about(ex, board);

    return NGX_OK;
}


static void
ngx_tidraw_export_about(ngx_tidraw_export_t *ex, ngx_tidraw_result_t *res)
{
    td_buf_t    *b;
    ngx_str_t    folder;
    ngx_uint_t   i;

    b = &ex->about;

    td_buf_lit(b, "{\"name\":");
    ngx_tidraw_json_cell(b, res, 0, 0);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, res, 0, 1);
    td_buf_lit(b, ",\"updated_at\":");
    ngx_tidraw_json_cell_int(b, res, 0, 2);
    td_buf_lit(b, ",\"template\":");
    ngx_tidraw_json_cell(b, res, 0, 4);
    td_buf_lit(b, ",\"favourite\":");

    if (ngx_tidraw_cell_int(res, 0, 6)) {
        td_buf_lit(b, "true");

    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, ",\"folder\":");
    folder = ngx_tidraw_cell_str(res, 0, 7);

    for (i = 0; i < ex->nfolders; i++) {

        if (folder.len == NGX_TIDRAW_ID_LEN
            && ngx_memcmp(folder.data, ex->folders + i * NGX_TIDRAW_ID_LEN,
                          NGX_TIDRAW_ID_LEN)
               == 0)
        {
            break;
        }
    }

    if (i < ex->nfolders) {
        ngx_tidraw_json_int(b, i);

    } else {
        td_buf_lit(b, "null");
    }

    td_buf_lit(b, ",\"thumbnail\":");

    if (ex->thumbnail.len) {
        ngx_tidraw_json_str(b, &ex->thumbnail_name);

    } else {
        td_buf_lit(b, "null");
    }

    td_buf_lit(b, ",\"files\":[");
}


static ngx_int_t
ngx_tidraw_export_files(ngx_tidraw_export_t *ex, ngx_tidraw_result_t *res)
{
    u_char                     buf[64];
    ngx_str_t                  head, cell, *to;
    ngx_uint_t                 i, j;
    ngx_tidraw_export_file_t  *f;

    static ngx_uint_t  texts[] = { 0, 2, 3, 4, 6 };

    ex->nfiles = res->nrows;
    ex->files = ngx_pcalloc(ex->pool, res->nrows
                                      * sizeof(ngx_tidraw_export_file_t) + 1);
    if (ex->files == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < res->nrows; i++) {
        f = &ex->files[i];

        f->w = ngx_tidraw_cell_int(res, i, 1);
        f->size = ngx_tidraw_cell_int(res, i, 5);
        f->created = ngx_tidraw_cell_int(res, i, 7);

        cell = ngx_tidraw_cell_str(res, i, 8);
        f->remote = cell.len == 2 && ngx_memcmp(cell.data, "s3", 2) == 0;

        for (j = 0; j < 5; j++) {
            to = j == 0 ? &f->id : j == 1 ? &f->name : j == 2 ? &f->hash
                 : j == 3 ? &f->gen : &f->type;

            if (res->cells[i * res->ncols + texts[j]].data == NULL) {
                continue;
            }

            cell = ngx_tidraw_cell_str(res, i, texts[j]);

            to->len = cell.len;
            to->data = ngx_pstrdup(ex->pool, &cell);

            if (to->data == NULL) {
                return NGX_ERROR;
            }
        }

        head.data = buf;

        if (f->w != 0) {
            head.len = ngx_snprintf(buf, sizeof(buf), "files/%V %L px", &f->id,
                                    f->w)
                       - buf;
        } else {
            head.len = ngx_snprintf(buf, sizeof(buf), "files/%V", &f->id)
                       - buf;
        }

        if (ngx_tidraw_export_name(ex->pool, &f->path, &head, &f->name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* "head name", with room for one byte more. */

static ngx_int_t
ngx_tidraw_export_name(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *head,
    ngx_str_t *name)
{
    td_buf_t  b;
    td_str_t  s;

    ngx_memzero(&b, sizeof(td_buf_t));

    td_buf_add(&b, (char *) head->data, head->len);

    if (name->len != 0) {
        s.data = (char *) name->data;
        s.len = name->len;

        td_buf_char(&b, ' ');
        td_zip_part(&b, s, NGX_TIDRAW_EXPORT_NAME);
    }

    dst->data = b.failed ? NULL : ngx_pnalloc(pool, b.len + 1);

    if (dst->data != NULL) {
        dst->len = b.len;
        ngx_memcpy(dst->data, b.data, b.len);
    }

    td_buf_free(&b);

    return dst->data != NULL ? NGX_OK : NGX_ERROR;
}


void
ngx_tidraw_export_listed(ngx_tidraw_export_t *ex)
{
    td_buf_t                  *b;
    ngx_tidraw_export_file_t  *f;

    b = &ex->about;
    f = &ex->files[ex->file];

    if (ex->nlisted++ != 0) {
        td_buf_char(b, ',');
    }

    td_buf_lit(b, "\n{\"path\":");
    ngx_tidraw_json_str(b, &f->path);
    td_buf_lit(b, ",\"id\":");
    ngx_tidraw_json_str(b, &f->id);
    td_buf_lit(b, ",\"w\":");
    ngx_tidraw_json_int(b, f->w);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_str(b, &f->name);
    td_buf_lit(b, ",\"type\":");
    ngx_tidraw_json_str(b, &f->type);
    td_buf_lit(b, ",\"size\":");
    ngx_tidraw_json_int(b, f->size);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_int(b, f->created);
    td_buf_char(b, '}');
}


ngx_int_t
ngx_tidraw_export_image(ngx_pool_t *pool, td_buf_t *b, ngx_str_t *name,
    const char *base, ngx_tidraw_result_t *res, ngx_uint_t type)
{
    ngx_str_t  s, out;

    if (res->nrows == 0) {
        return NGX_OK;
    }

    s = ngx_tidraw_cell_str(res, 0, type);

    if (s.len <= sizeof("image/") - 1) {
        return NGX_OK;
    }

    s.data += sizeof("image/") - 1;
    s.len -= sizeof("image/") - 1;

    name->data = ngx_pnalloc(pool, ngx_strlen(base) + 1 + s.len);

    if (name->data == NULL) {
        return NGX_ERROR;
    }

    name->len = ngx_sprintf(name->data, "%s.%V", base, &s) - name->data;

    s = ngx_tidraw_cell_str(res, 0, type + 1);

    if (td_buf_reserve(b, ngx_base64_decoded_length(s.len)) != TD_OK) {
        return NGX_ERROR;
    }

    out.data = (u_char *) b->data;

    if (ngx_decode_base64(&out, &s) != NGX_OK) {
        return NGX_ERROR;
    }

    b->len = out.len;

    return NGX_OK;
}
