
/*
 * Boards, as administrators see them: how large, whose, to the bin, for good,
 * to somebody else.  What is on a board they see only as its members.
 */


#include "ngx_tidraw_control.h"
#include "ngx_tidraw_http_admin.h"
#include "ngx_tidraw_sync.h"


typedef struct {
    ngx_uint_t    what;
    ngx_str_t     owner;         /* id of the new one */
    int64_t       num;
} ngx_tidraw_admin_room_t;


enum {
    NGX_TIDRAW_ADMIN_ROOM_BIN = 0,
    NGX_TIDRAW_ADMIN_ROOM_PURGE,
    NGX_TIDRAW_ADMIN_ROOM_RESTORE,
    NGX_TIDRAW_ADMIN_ROOM_OWNER
};


static void ngx_tidraw_admin_rooms_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_room_row(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);
static void ngx_tidraw_admin_room_start(ngx_tidraw_call_t *call,
    ngx_uint_t what, ngx_str_t *owner);
static void ngx_tidraw_admin_room_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_room_steps(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_admin_room_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


void
ngx_tidraw_http_admin_rooms(ngx_tidraw_call_t *call)
{
    ngx_str_t                 sort;
    ngx_uint_t                stmt;
    ngx_tidraw_op_t          *op;
    ngx_tidraw_admin_list_t  *list;

    list = ngx_tidraw_admin_list(call);

    if (list == NULL || ngx_tidraw_admin_arg(call, "sort", &sort) != NGX_OK) {
        return;
    }

    if (sort.len == 0
        || (sort.len == 7 && ngx_memcmp(sort.data, "updated", 7) == 0))
    {
        stmt = NGX_TIDRAW_STMT_ADMIN_ROOMS_UPDATED;

    } else if (sort.len == 4 && ngx_memcmp(sort.data, "name", 4) == 0) {
        stmt = NGX_TIDRAW_STMT_ADMIN_ROOMS_NAME;

    } else if (sort.len == 4 && ngx_memcmp(sort.data, "size", 4) == 0) {
        stmt = NGX_TIDRAW_STMT_ADMIN_ROOMS_SIZE;

    } else {
        ngx_tidraw_call_bad_field(call, "sort",
                                  "The order is updated, size or name.");
        return;
    }

    list->cursor = ngx_max(list->cursor, (int64_t) 0);
    call->state = list;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, stmt, "sii", &list->pattern,
                              list->limit + 1, list->cursor);

    ngx_tidraw_call_run(call, op, ngx_tidraw_admin_rooms_listed);
}


static void
ngx_tidraw_admin_rooms_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_admin_answer(call, op, "rooms", ngx_tidraw_admin_room_row, 0);
}


static void
ngx_tidraw_admin_room_row(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    td_buf_t     *b;
    ngx_str_t     id;
    ngx_array_t  *people;

    b = &call->out;

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_cell(b, res, row, 0);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, row, 1);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 2);
    td_buf_lit(b, ",\"updated_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 3);
    td_buf_lit(b, ",\"deleted_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 4);
    td_buf_lit(b, ",\"owner\":");
    ngx_tidraw_json_person(b, res, row, 5);
    td_buf_lit(b, ",\"size\":");
    ngx_tidraw_json_cell_int(b, res, row, 9);
    td_buf_lit(b, ",\"files\":");
    ngx_tidraw_json_int(b, ngx_tidraw_cell_int(res, row, 10));

    id = ngx_tidraw_cell_str(res, row, 0);
    people = ngx_tidraw_people_of(call->site, &id, call->request->pool);

    if (people == NULL) {
        b->failed = 1;
        return;
    }

    td_buf_lit(b, ",\"sessions\":");
    td_buf_uint(b, people->nelts);
    td_buf_char(b, '}');

    ngx_array_destroy(people);
}


void
ngx_tidraw_http_admin_room_patch(ngx_tidraw_call_t *call)
{
    ngx_str_t  owner;

    if (ngx_tidraw_field_email(call, "owner", 0, &owner) == NGX_OK) {
        ngx_tidraw_admin_room_start(call, NGX_TIDRAW_ADMIN_ROOM_OWNER,
                                    &owner);
    }
}


void
ngx_tidraw_http_admin_room_delete(ngx_tidraw_call_t *call)
{
    int64_t  forever;

    forever = 0;

    if (ngx_tidraw_admin_number(call, "forever", 1, &forever) == NGX_OK) {
        ngx_tidraw_admin_room_start(call,
                                    forever ? NGX_TIDRAW_ADMIN_ROOM_PURGE
                                            : NGX_TIDRAW_ADMIN_ROOM_BIN,
                                    NULL);
    }
}


void
ngx_tidraw_http_admin_room_restore(ngx_tidraw_call_t *call)
{
    ngx_tidraw_admin_room_start(call, NGX_TIDRAW_ADMIN_ROOM_RESTORE, NULL);
}


static void
ngx_tidraw_admin_room_start(ngx_tidraw_call_t *call, ngx_uint_t what,
    ngx_str_t *owner)
{
    ngx_tidraw_op_t          *op;
    ngx_tidraw_admin_room_t  *room;

    room = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_admin_room_t));
    if (room == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    room->what = what;
    call->state = room;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_ROOM, "s",
                              &call->params[0]);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_BY_EMAIL, "s", owner);

    ngx_tidraw_call_run(call, op, ngx_tidraw_admin_room_found);
}


static void
ngx_tidraw_admin_room_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t                 id;
    ngx_tidraw_op_t          *set;
    ngx_tidraw_result_t      *user;
    ngx_tidraw_admin_room_t  *room;

    room = call->state;

    if (op->rc != NGX_OK || op->results[0].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    room->num = ngx_tidraw_cell_int(&op->results[0], 0, 0);

    if (room->what == NGX_TIDRAW_ADMIN_ROOM_OWNER) {

        user = &op->results[1];

        if (user->nrows == 0 || ngx_tidraw_cell_int(user, 0, 7) != 0) {
            call->field = "owner";
            ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                                  "There is no account with this e-mail.");
            return;
        }

        id = ngx_tidraw_cell_str(user, 0, 0);

        if (ngx_tidraw_call_copy(call, &room->owner, &id) != NGX_OK) {
            ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
            return;
        }
    }

    set = ngx_tidraw_call_op(call, 1);

    if (set != NULL) {
        ngx_tidraw_admin_room_steps(call, set);
        ngx_tidraw_call_run(call, set, ngx_tidraw_admin_room_done);
    }
}


static void
ngx_tidraw_admin_room_steps(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    int64_t                   now;
    const char               *action;
    ngx_tidraw_control_e      order;
    ngx_tidraw_admin_room_t  *room;

    room = call->state;
    now = ngx_tidraw_now();
    order = NGX_TIDRAW_CONTROL_BOARD_GONE;

    switch (room->what) {

    case NGX_TIDRAW_ADMIN_ROOM_PURGE:
        action = "room.purged";

        /* while it still has its name */
        ngx_tidraw_call_activity(call, op, action, &call->params[0], NULL);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_ROOM_PURGE, "i",
                                  room->num);
        break;

    case NGX_TIDRAW_ADMIN_ROOM_BIN:
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_DELETE, "ii",
                                  room->num, now);
        action = "room.deleted";
        break;

    case NGX_TIDRAW_ADMIN_ROOM_RESTORE:
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_RESTORE, "i",
                                  room->num);
        action = "room.restored";
        order = NGX_TIDRAW_CONTROL_BOARD;
        break;

    default: /* NGX_TIDRAW_ADMIN_ROOM_OWNER */
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_ROOM_OWNER, "isi",
                                  room->num, &room->owner, now);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_ROOM_OWNERS, "is",
                                  room->num, &room->owner);
        action = "room.owner";
        order = NGX_TIDRAW_CONTROL_BOARD;
    }

    if (room->what != NGX_TIDRAW_ADMIN_ROOM_PURGE) {
        ngx_tidraw_call_activity(call, op, action, &call->params[0], NULL);
    }

    ngx_tidraw_control_note(op, order, &call->params[0], NULL);
}


static void
ngx_tidraw_admin_room_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_admin_room_t  *room;

    room = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    ngx_tidraw_control_give(call->site,
                            room->what <= NGX_TIDRAW_ADMIN_ROOM_PURGE
                            ? NGX_TIDRAW_CONTROL_BOARD_GONE
                            : NGX_TIDRAW_CONTROL_BOARD,
                            &call->params[0], NULL);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
