
/*
 * The activity log, as administrators read it: newest first, with filters.
 */


#include "ngx_tidraw_http_admin.h"


static void ngx_tidraw_activity_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_activity_row(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);


void
ngx_tidraw_http_admin_activity(ngx_tidraw_call_t *call)
{
    int64_t                   from, to;
    ngx_str_t                 action, actor, room;
    ngx_tidraw_op_t          *op;
    ngx_tidraw_admin_list_t  *list;

    from = 0;
    to = NGX_MAX_INT32_VALUE * (int64_t) 1000000;

    list = ngx_tidraw_admin_list(call);

    if (list == NULL
        || ngx_tidraw_admin_arg(call, "action", &action) != NGX_OK
        || ngx_tidraw_admin_arg(call, "actor", &actor) != NGX_OK
        || ngx_tidraw_admin_arg(call, "room", &room) != NGX_OK
        || ngx_tidraw_admin_number(call, "from", to, &from) != NGX_OK
        || ngx_tidraw_admin_number(call, "to", to, &to) != NGX_OK)
    {
        return;
    }

    if (list->cursor < 0) {
        list->cursor = NGX_MAX_INT32_VALUE;
    }

    call->state = list;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ACTIVITY_LIST, "isssiisi",
                              list->cursor, &action, &actor, &room, from, to,
                              &list->pattern, list->limit + 1);

    ngx_tidraw_call_run(call, op, ngx_tidraw_activity_listed);
}


static void
ngx_tidraw_activity_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_admin_answer(call, op, "activity", ngx_tidraw_activity_row, 1);
}


static void
ngx_tidraw_activity_row(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    td_buf_t  *b;

    b = &call->out;

    td_buf_lit(b, "{\"id\":\"");
    ngx_tidraw_json_cell_int(b, res, row, 0);
    td_buf_lit(b, "\",\"at\":");
    ngx_tidraw_json_cell_int(b, res, row, 1);
    td_buf_lit(b, ",\"action\":");
    ngx_tidraw_json_cell(b, res, row, 2);
    td_buf_lit(b, ",\"actor\":");
    ngx_tidraw_json_person(b, res, row, 3);
    td_buf_lit(b, ",\"actor_name\":");
    ngx_tidraw_json_cell(b, res, row, 7);
    td_buf_lit(b, ",\"room\":");

    if (res->cells[row * res->ncols + 8].data != NULL) {
        td_buf_lit(b, "{\"id\":");
        ngx_tidraw_json_cell(b, res, row, 8);
        td_buf_lit(b, ",\"name\":");
        ngx_tidraw_json_cell(b, res, row, 9);
        td_buf_char(b, '}');

    } else {
        td_buf_lit(b, "null");
    }

    td_buf_lit(b, ",\"target\":");
    ngx_tidraw_json_cell(b, res, row, 10);
    td_buf_lit(b, ",\"address\":");
    ngx_tidraw_json_cell(b, res, row, 11);
    td_buf_lit(b, ",\"agent\":");
    ngx_tidraw_json_cell(b, res, row, 12);
    td_buf_char(b, '}');
}
