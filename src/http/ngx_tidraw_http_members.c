
/*
 * Members of a board.  Roles change under a lock on the board's row, so that
 * two owners cannot remove each other at once: the last one stays.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_control.h"


static void ngx_tidraw_members_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_member_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_member_added(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_member_changed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_member_removed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_member_gone(ngx_tidraw_call_t *call);
static void ngx_tidraw_json_member(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);


void
ngx_tidraw_http_members_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_LIST, "i",
                              call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_members_listed);
}


static void
ngx_tidraw_members_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_call_answer_rows(call, op, "members", ngx_tidraw_json_member);
}


void
ngx_tidraw_http_members_add(ngx_tidraw_call_t *call)
{
    ngx_str_t           email;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_role_e   role;

    if (ngx_tidraw_field_email(call, "email", 0, &email) != NGX_OK
        || ngx_tidraw_field_role(call, NGX_TIDRAW_ROLE_OWNER, &role)
           != NGX_OK)
    {
        return;
    }

    call->state = ngx_tidraw_role_name(role);

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_BY_EMAIL, "s", &email);

    ngx_tidraw_call_run(call, op, ngx_tidraw_member_found);
}


static void
ngx_tidraw_member_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    int64_t           now;
    ngx_str_t         id;
    ngx_tidraw_op_t  *add;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (op->results->nrows == 0 || ngx_tidraw_cell_int(op->results, 0, 7)) {
        call->field = "email";
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no account with this e-mail.");
        return;
    }

    id = ngx_tidraw_cell_str(op->results, 0, 0);

    add = ngx_tidraw_call_op(call, 1);
    if (add == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(add, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);
    (void) ngx_tidraw_op_step(add, NGX_TIDRAW_STMT_MEMBER_ADD, "issi",
                              call->room, &id, call->state, now);
    (void) ngx_tidraw_op_step(add, NGX_TIDRAW_STMT_MEMBER_GET, "is",
                              call->room, &id);

    ngx_tidraw_control_note(add, NGX_TIDRAW_CONTROL_MEMBER, &call->params[0],
                            &id);

    ngx_tidraw_call_run(call, add, ngx_tidraw_member_added);
}


static void
ngx_tidraw_member_added(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t  id;

    if (op->rc == NGX_TIDRAW_STORE_CONFLICT) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "This person is a member already.");
        return;
    }

    if (op->rc != NGX_OK || op->results[2].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    id = ngx_tidraw_cell_str(&op->results[2], 0, 0);

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_MEMBER,
                            &call->params[0], &id);

    ngx_tidraw_json_member(call, &op->results[2], 0);

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_member_put(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t    *op;
    ngx_tidraw_role_e   role;

    if (ngx_tidraw_field_role(call, NGX_TIDRAW_ROLE_OWNER, &role) != NGX_OK) {
        return;
    }

    call->state = ngx_tidraw_role_name(role);

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_ROLE, "iss",
                              call->room, &call->params[1], call->state);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_GET, "is",
                              call->room, &call->params[1]);

    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_MEMBER, &call->params[0],
                            &call->params[1]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_member_changed);
}


static void
ngx_tidraw_member_changed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t  *wanted, role;

    if (op->rc != NGX_OK || op->results[2].nrows == 0) {
        ngx_tidraw_member_gone(call);
        return;
    }

    wanted = call->state;
    role = ngx_tidraw_cell_str(&op->results[2], 0, 4);

    if (role.len != wanted->len
        || ngx_memcmp(role.data, wanted->data, role.len) != 0)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "A board keeps at least one owner.");
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_MEMBER,
                            &call->params[0], &call->params[1]);

    ngx_tidraw_json_member(call, &op->results[2], 0);

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


void
ngx_tidraw_http_member_delete(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_GET, "is",
                              call->room, &call->params[1]);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_DELETE, "is",
                              call->room, &call->params[1]);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_GET, "is",
                              call->room, &call->params[1]);

    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_MEMBER, &call->params[0],
                            &call->params[1]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_member_removed);
}


static void
ngx_tidraw_member_removed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK || op->results[1].nrows == 0) {
        ngx_tidraw_member_gone(call);
        return;
    }

    if (op->results[3].nrows != 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "A board keeps at least one owner.");
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_MEMBER,
                            &call->params[0], &call->params[1]);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


static void
ngx_tidraw_member_gone(ngx_tidraw_call_t *call)
{
    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                          "There is no such member.");
}


/*
 * Columns id, name, color, email, role, picture.  Who came by a link, and may
 * be anybody, learns nobody's address.
 */

static void
ngx_tidraw_json_member(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    td_buf_t  *b;

    b = &call->out;

    td_buf_lit(b, "{\"user\":{\"id\":");
    ngx_tidraw_json_cell(b, res, row, 0);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, row, 1);
    td_buf_lit(b, ",\"color\":");
    ngx_tidraw_json_cell(b, res, row, 2);
    td_buf_lit(b, ",\"email\":");

    if (call->member != NGX_TIDRAW_ROLE_NONE) {
        ngx_tidraw_json_cell(b, res, row, 3);

    } else {
        td_buf_lit(b, "null");
    }

    td_buf_lit(b, ",\"picture\":");
    ngx_tidraw_json_picture(b, res, row, 0, 5);
    td_buf_lit(b, "},\"role\":");
    ngx_tidraw_json_cell(b, res, row, 4);
    td_buf_char(b, '}');
}
