
/*
 * Boards in the API: list, create, look at, rename, bin, restore.  The table
 * of routes has decided who may; nothing here grants a right.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_sync.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_ROOMS_LIMIT       50
#define NGX_TIDRAW_ROOMS_LIMIT_MAX   200


static ngx_int_t ngx_tidraw_rooms_cursor(ngx_str_t *cursor, int64_t *time,
    ngx_str_t *id);
static void ngx_tidraw_rooms_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_rooms_created(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_changed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_deleted(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_read(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_room(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_str_t *role);


typedef struct {
    ngx_tidraw_role_e    role;
    ngx_uint_t           status;
} ngx_tidraw_room_answer_t;


void
ngx_tidraw_http_rooms_list(ngx_tidraw_call_t *call)
{
    int64_t              time, limit;
    ngx_str_t            arg, id;
    ngx_uint_t           bin;
    ngx_tidraw_op_t     *op;
    ngx_http_request_t  *r;

    r = call->request;

    limit = NGX_TIDRAW_ROOMS_LIMIT;
    time = NGX_MAX_INT32_VALUE * (int64_t) 1000000;
    ngx_str_set(&id, "");
    bin = 0;

    if (ngx_http_arg(r, (u_char *) "limit", 5, &arg) == NGX_OK) {
        limit = ngx_atoi(arg.data, arg.len);

        if (limit < 1 || limit > NGX_TIDRAW_ROOMS_LIMIT_MAX) {
            ngx_tidraw_call_bad_field(call, "limit",
                                      "The limit is a number from 1 to 200.");
            return;
        }
    }

    if (ngx_http_arg(r, (u_char *) "cursor", 6, &arg) == NGX_OK
        && ngx_tidraw_rooms_cursor(&arg, &time, &id) != NGX_OK)
    {
        ngx_tidraw_call_bad_field(call, "cursor",
                                  "The cursor is not one of this list.");
        return;
    }

    if (ngx_http_arg(r, (u_char *) "deleted", 7, &arg) == NGX_OK) {
        bin = arg.len == 1 && arg.data[0] == '1';
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    call->state = (void *) (uintptr_t) limit;

    (void) ngx_tidraw_op_step(op, bin ? NGX_TIDRAW_STMT_ROOM_LIST_BIN
                                      : NGX_TIDRAW_STMT_ROOM_LIST,
                              "sisi", &call->user_id, time, &id, limit + 1);

    ngx_tidraw_call_run(call, op, ngx_tidraw_rooms_listed);
}


/* "TIME.ID" of the last board of the page before */

static ngx_int_t
ngx_tidraw_rooms_cursor(ngx_str_t *cursor, int64_t *time, ngx_str_t *id)
{
    u_char  *p;
    time_t   t;

    if (cursor->len < NGX_TIDRAW_ID_LEN + 2) {
        return NGX_DECLINED;
    }

    p = cursor->data + cursor->len - NGX_TIDRAW_ID_LEN - 1;

    id->data = p + 1;
    id->len = NGX_TIDRAW_ID_LEN;

    t = ngx_atotm(cursor->data, p - cursor->data);

    if (*p != '.' || t == NGX_ERROR
        || !ngx_tidraw_token_valid(id, NGX_TIDRAW_ID_LEN))
    {
        return NGX_DECLINED;
    }

    *time = t;

    return NGX_OK;
}


static void
ngx_tidraw_rooms_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t             *b;
    ngx_str_t             role, s;
    ngx_uint_t            i, limit;
    ngx_tidraw_result_t  *res;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    b = &call->out;
    res = op->results;
    limit = (uintptr_t) call->state;

    td_buf_lit(b, "{\"rooms\":[");

    for (i = 0; i < res->nrows && i < limit; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        role = ngx_tidraw_cell_str(res, i, 8);
        ngx_tidraw_json_room(b, res, i, &role);
    }

    td_buf_lit(b, "],\"next\":");

    if (res->nrows > limit) {
        td_buf_char(b, '"');
        ngx_tidraw_json_cell_int(b, res, limit - 1, 3);
        td_buf_char(b, '.');
        s = ngx_tidraw_cell_str(res, limit - 1, 0);
        td_buf_add(b, (char *) s.data, s.len);
        td_buf_char(b, '"');

    } else {
        td_buf_lit(b, "null");
    }

    td_buf_char(b, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


void
ngx_tidraw_http_rooms_create(ngx_tidraw_call_t *call)
{
    u_char            data[NGX_TIDRAW_ID_LEN];
    int64_t           now;
    ngx_str_t         id, name;
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_field_name(call, "name", 0, &name) != NGX_OK) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    ngx_tidraw_random_id(data, 16);
    id.len = NGX_TIDRAW_ID_LEN;
    id.data = data;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CREATE, "sssi", &id,
                              &name, &call->user_id, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CREATE_OWNER, "ssi",
                              &id, &call->user_id, now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_GET_BY_ID, "s", &id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_rooms_created);
}


static void
ngx_tidraw_rooms_created(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_result_t  *res;

    if (op->rc != NGX_OK || op->results[2].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    res = &op->results[2];

    ngx_tidraw_json_room(&call->out, res, 0,
                         ngx_tidraw_role_name(NGX_TIDRAW_ROLE_OWNER));

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_room_get(ngx_tidraw_call_t *call)
{
    ngx_tidraw_call_answer_room(call, call->room, call->role, NGX_HTTP_OK);
}


void
ngx_tidraw_http_room_patch(ngx_tidraw_call_t *call)
{
    int64_t           now;
    ngx_str_t         name;
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_field_name(call, "name", 0, &name) != NGX_OK) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_RENAME, "isi",
                              call->room, &name, now);

    ngx_tidraw_call_run(call, op, ngx_tidraw_room_changed);
}


void
ngx_tidraw_http_room_restore(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_RESTORE, "i",
                              call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_room_changed);
}


static void
ngx_tidraw_room_changed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    ngx_tidraw_call_answer_room(call, call->room, call->role, NGX_HTTP_OK);
}


void
ngx_tidraw_http_room_delete(ngx_tidraw_call_t *call)
{
    int64_t           now;
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_DELETE, "ii",
                              call->room, now);

    ngx_tidraw_call_run(call, op, ngx_tidraw_room_deleted);
}


static void
ngx_tidraw_room_deleted(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    ngx_tidraw_sync_control(call->site, NGX_TIDRAW_CONTROL_ROOM_DELETED,
                            &call->params[0], NULL);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


void
ngx_tidraw_call_answer_room(ngx_tidraw_call_t *call, int64_t room,
    ngx_tidraw_role_e role, ngx_uint_t status)
{
    ngx_tidraw_op_t           *op;
    ngx_tidraw_room_answer_t  *answer;

    answer = ngx_palloc(call->request->pool, sizeof(ngx_tidraw_room_answer_t));
    if (answer == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    answer->role = role;
    answer->status = status;
    call->state = answer;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_GET, "i", room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_room_read);
}


static void
ngx_tidraw_room_read(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_result_t       *res;
    ngx_tidraw_room_answer_t  *answer;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    answer = call->state;
    res = op->results;

    if (res->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    ngx_tidraw_json_room(&call->out, res, 0,
                         ngx_tidraw_role_name(answer->role));

    ngx_tidraw_call_answer(call, answer->status);
}


/* columns id, name, created_at, updated_at, deleted_at, person of the owner */

static void
ngx_tidraw_json_room(td_buf_t *b, ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_str_t *role)
{
    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_cell(b, res, row, 0);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, row, 1);
    td_buf_lit(b, ",\"role\":");
    ngx_tidraw_json_str(b, role);
    td_buf_lit(b, ",\"owner\":");
    ngx_tidraw_json_person(b, res, row, 5);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 2);
    td_buf_lit(b, ",\"updated_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 3);
    td_buf_lit(b, ",\"deleted_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 4);
    td_buf_char(b, '}');
}
