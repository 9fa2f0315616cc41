
/*
 * Boards from outside: a file that becomes a new board, and a snapshot that
 * takes the place of what a board has.  Everything has been checked like a
 * push by then.
 */


#include "ngx_tidraw_http_import.h"
#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_control.h"


/* a clock in quotes, of as many digits as a double can hold */
#define NGX_TIDRAW_REPLACE_MATCH  17


static void ngx_tidraw_import_create(ngx_tidraw_call_t *call);
static ngx_int_t ngx_tidraw_import_name(ngx_tidraw_call_t *call,
    ngx_str_t *name);
static void ngx_tidraw_replace_write(ngx_tidraw_call_t *call);
static void ngx_tidraw_replaced(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op);


void
ngx_tidraw_http_import(ngx_tidraw_call_t *call)
{
    ngx_str_t  name;

    if (ngx_tidraw_import_name(call, &name) == NGX_OK) {
        ngx_tidraw_import_run(call, ngx_tidraw_import_create);
    }
}


/* NGX_OK, or it has answered. */

static ngx_int_t
ngx_tidraw_import_name(ngx_tidraw_call_t *call, ngx_str_t *name)
{
    ngx_int_t  rc;

    rc = ngx_tidraw_arg_text(call, "name", name);

    if (rc == NGX_DECLINED) {
        ngx_str_set(name, "Import");
        return NGX_OK;
    }

    return rc == NGX_OK ? ngx_tidraw_check_name(call, "name", name) : rc;
}


static void
ngx_tidraw_import_create(ngx_tidraw_call_t *call)
{
    td_str_t                schema;
    ngx_str_t               id, record_id, text;
    ngx_tidraw_op_t        *op;
    td_import_record_t     *record;
    ngx_tidraw_room_new_t   new;

    ngx_memzero(&new, sizeof(ngx_tidraw_room_new_t));

    if (ngx_tidraw_import_name(call, &new.name) != NGX_OK
        || ngx_tidraw_arg_text(call, "folder", &new.folder) == NGX_ERROR)
    {
        return;
    }

    schema = td_schema_serialized(call->import->im.schema);
    new.schema.data = (u_char *) schema.data;
    new.schema.len = schema.len;

    record = call->import->im.records;

    op = ngx_tidraw_call_op(call, 1);

    if (op == NULL
        || ngx_tidraw_import_give(call, op) != NGX_OK
        || ngx_tidraw_room_new(call, op, &new) != NGX_OK)
    {
        return;
    }

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = new.id;

    for ( /* void */ ; record; record = record->next) {
        record_id.data = (u_char *) record->id.data;
        record_id.len = record->id.len;
        text.data = (u_char *) record->text.data;
        text.len = record->text.len;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_ADD, "sSS", &id,
                                  &record_id, &text);
    }

    ngx_tidraw_room_new_run(call, op, &new, "room.imported");
}


/* Only on top of the state that was looked at: If-Match names its clock. */

void
ngx_tidraw_http_snapshot_put(ngx_tidraw_call_t *call)
{
    ngx_table_elt_t  *h;

    h = call->request->headers_in.if_match;

    if (h == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_PRECONDITION_FAILED,
                              "If-Match must name the clock of the board.");
        return;
    }

    if (h->value.len < 3 || h->value.len > NGX_TIDRAW_REPLACE_MATCH
        || h->value.data[0] != '"'
        || h->value.data[h->value.len - 1] != '"'
        || ngx_atotm(h->value.data + 1, h->value.len - 2) == NGX_ERROR)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_PRECONDITION_FAILED,
                              NULL);
        return;
    }

    ngx_tidraw_import_run(call, ngx_tidraw_replace_write);
}


static void
ngx_tidraw_replace_write(ngx_tidraw_call_t *call)
{
    int64_t              known, clock, now;
    td_str_t             s;
    ngx_str_t            value, schema, id, text;
    ngx_tidraw_op_t     *op;
    td_import_record_t  *record;

    value = call->request->headers_in.if_match->value;

    known = ngx_atotm(value.data + 1, value.len - 2);
    clock = known + 1;
    now = ngx_tidraw_now();

    s = td_schema_serialized(call->import->im.schema);
    schema.data = (u_char *) s.data;
    schema.len = s.len;

    record = call->import->im.records;

    op = ngx_tidraw_call_op(call, 1);

    if (op == NULL || ngx_tidraw_import_give(call, op) != NGX_OK) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_REPLACE, "iiisi",
                              call->room, known, clock, &schema, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORDS_CLEAR, "i",
                              call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOMBSTONES_CLEAR, "i",
                              call->room);

    for ( /* void */ ; record; record = record->next) {
        id.data = (u_char *) record->id.data;
        id.len = record->id.len;
        text.data = (u_char *) record->text.data;
        text.len = record->text.len;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_PUT, "iSiS",
                                  call->room, &id, clock, &text);
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_MEASURE, "s",
                              &call->params[0]);
    ngx_tidraw_call_activity(call, op, "room.replaced", &call->params[0],
                             NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_replaced);
}


static void
ngx_tidraw_replaced(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t  value;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_PRECONDITION_FAILED,
                              NULL);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_REPLACED,
                            &call->params[0], NULL);

    value = call->request->headers_in.if_match->value;

    if (ngx_tidraw_call_etag(call, ngx_atotm(value.data + 1, value.len - 2)
                                   + 1)
        != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
