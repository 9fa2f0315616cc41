
/*
 * A board as a whole, as the database has it: the room snapshot of the sync
 * protocol, and the file that the editor itself saves.
 */


#include "ngx_tidraw_http_room.h"


/* Steps of the operation that reads a board. */

enum {
    NGX_TIDRAW_SNAPSHOT_ROOM = 0,      /* num, clock, history, schema, name */
    NGX_TIDRAW_SNAPSHOT_RECORDS,       /* id, clock, state */
    NGX_TIDRAW_SNAPSHOT_TOMBSTONES     /* id, clock */
};


static void ngx_tidraw_snapshot_load(ngx_tidraw_call_t *call,
    ngx_tidraw_stmt_e records, ngx_tidraw_call_op_pt handler);
static void ngx_tidraw_snapshot_loaded(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_export_loaded(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_snapshot_check(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_snapshot_raw(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t col);
static ngx_int_t ngx_tidraw_export_name(ngx_tidraw_call_t *call,
    ngx_str_t *name);


void
ngx_tidraw_http_snapshot_get(ngx_tidraw_call_t *call)
{
    ngx_tidraw_snapshot_load(call, NGX_TIDRAW_STMT_ROOM_RECORDS,
                             ngx_tidraw_snapshot_loaded);
}


/* In the order of the ids: the same board gives the same file. */

void
ngx_tidraw_http_export(ngx_tidraw_call_t *call)
{
    ngx_tidraw_snapshot_load(call, NGX_TIDRAW_STMT_ROOM_EXPORT,
                             ngx_tidraw_export_loaded);
}


static void
ngx_tidraw_snapshot_load(ngx_tidraw_call_t *call, ngx_tidraw_stmt_e records,
    ngx_tidraw_call_op_pt handler)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_OPEN, "s",
                              &call->params[0]);
    (void) ngx_tidraw_op_step(op, records, "s", &call->params[0]);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_TOMBSTONES, "s",
                              &call->params[0]);

    ngx_tidraw_call_run(call, op, handler);
}


static void
ngx_tidraw_snapshot_loaded(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t             *b;
    ngx_uint_t            i;
    ngx_tidraw_result_t  *room, *records, *tombstones;

    if (ngx_tidraw_snapshot_check(call, op) != NGX_OK) {
        return;
    }

    b = &call->out;
    room = &op->results[NGX_TIDRAW_SNAPSHOT_ROOM];
    records = &op->results[NGX_TIDRAW_SNAPSHOT_RECORDS];
    tombstones = &op->results[NGX_TIDRAW_SNAPSHOT_TOMBSTONES];

    if (ngx_tidraw_call_etag(call, ngx_tidraw_cell_int(room, 0, 1))
        != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_str_set(&call->cache, "private, no-cache");

    td_buf_lit(b, "{\"clock\":");
    ngx_tidraw_json_cell_int(b, room, 0, 1);
    td_buf_lit(b, ",\"documentClock\":");
    ngx_tidraw_json_cell_int(b, room, 0, 1);
    td_buf_lit(b, ",\"tombstoneHistoryStartsAtClock\":");
    ngx_tidraw_json_cell_int(b, room, 0, 2);

    if (ngx_tidraw_cell_str(room, 0, 3).len) {
        td_buf_lit(b, ",\"schema\":");
        ngx_tidraw_snapshot_raw(b, room, 0, 3);
    }

    td_buf_lit(b, ",\"documents\":[");

    for (i = 0; i < records->nrows; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        td_buf_lit(b, "{\"state\":");
        ngx_tidraw_snapshot_raw(b, records, i, 2);
        td_buf_lit(b, ",\"lastChangedClock\":");
        ngx_tidraw_json_cell_int(b, records, i, 1);
        td_buf_char(b, '}');
    }

    td_buf_lit(b, "],\"tombstones\":{");

    for (i = 0; i < tombstones->nrows; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        /* stored as JSON between its quotes */

        td_buf_char(b, '"');
        ngx_tidraw_snapshot_raw(b, tombstones, i, 0);
        td_buf_lit(b, "\":");
        ngx_tidraw_json_cell_int(b, tombstones, i, 1);
    }

    td_buf_lit(b, "}}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


static void
ngx_tidraw_export_loaded(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             name, schema;
    ngx_tidraw_result_t  *room, *records;

    if (ngx_tidraw_snapshot_check(call, op) != NGX_OK) {
        return;
    }

    room = &op->results[NGX_TIDRAW_SNAPSHOT_ROOM];
    records = &op->results[NGX_TIDRAW_SNAPSHOT_RECORDS];

    name = ngx_tidraw_cell_str(room, 0, 4);

    if (ngx_tidraw_export_name(call, &name) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_str_set(&call->type, "application/vnd.tldraw+json");

    schema = ngx_tidraw_cell_str(room, 0, 3);
    ngx_tidraw_write_tldr(&call->out, call->site, &schema, records, 2);

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


void
ngx_tidraw_write_tldr(td_buf_t *b, ngx_tidraw_site_t *site, ngx_str_t *schema,
    ngx_tidraw_result_t *records, ngx_uint_t col)
{
    td_str_t       s;
    ngx_uint_t     i;
    td_schema_t  **schemas;

    td_buf_lit(b, "{\"tldrawFileFormatVersion\":1,\"schema\":");

    if (schema->len) {
        td_buf_add(b, (char *) schema->data, schema->len);

    } else {

        /* nobody has opened it yet: what every client can read */

        schemas = site->schemas.elts;
        s = td_schema_serialized(schemas[site->schemas.nelts - 1]);
        td_buf_str(b, s);
    }

    td_buf_lit(b, ",\"records\":[");

    for (i = 0; i < records->nrows; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        ngx_tidraw_snapshot_raw(b, records, i, col);
    }

    td_buf_lit(b, "]}");
}


/* NGX_OK, or it has answered. */

static ngx_int_t
ngx_tidraw_snapshot_check(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    if (op->results[NGX_TIDRAW_SNAPSHOT_ROOM].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A text that is JSON already. */

static void
ngx_tidraw_snapshot_raw(td_buf_t *b, ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_uint_t col)
{
    ngx_str_t  s;

    s = ngx_tidraw_cell_str(res, row, col);
    td_buf_add(b, (char *) s.data, s.len);
}


/* To be saved, under the name of the board (RFC 6266). */

static ngx_int_t
ngx_tidraw_export_name(ngx_tidraw_call_t *call, ngx_str_t *name)
{
    u_char     *p;
    size_t      i;
    ngx_str_t   value;

    static u_char  hex[] = "0123456789ABCDEF";

    p = ngx_pnalloc(call->request->pool,
                    sizeof("attachment; filename*=UTF-8''.tldr")
                    + 3 * name->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    p = ngx_cpymem(p, "attachment; filename*=UTF-8''",
                   sizeof("attachment; filename*=UTF-8''") - 1);

    for (i = 0; i < name->len; i++) {

        if ((name->data[i] >= '0' && name->data[i] <= '9')
            || (name->data[i] >= 'A' && name->data[i] <= 'Z')
            || (name->data[i] >= 'a' && name->data[i] <= 'z')
            || (i != 0 && name->data[i] == '.')
            || name->data[i] == '-' || name->data[i] == '_')
        {
            *p++ = name->data[i];
            continue;
        }

        *p++ = '%';
        *p++ = hex[name->data[i] >> 4];
        *p++ = hex[name->data[i] & 0xf];
    }

    p = ngx_cpymem(p, ".tldr", sizeof(".tldr") - 1);
    value.len = p - value.data;

    return ngx_tidraw_http_add_header(call->request, "Content-Disposition",
                                      &value);
}
