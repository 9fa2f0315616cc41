
/*
 * The activity log, as administrators read it: newest first, with filters.
 */


#include "ngx_tidraw_http_admin.h"


static void ngx_tidraw_activity_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


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
    td_buf_t                 *b;
    ngx_uint_t                i, n;
    ngx_tidraw_result_t      *res;
    ngx_tidraw_admin_list_t  *list;

    list = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    b = &call->out;
    res = op->results;
    n = ngx_min(res->nrows, (ngx_uint_t) list->limit);

    td_buf_lit(b, "{\"activity\":[");

    for (i = 0; i < n; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        td_buf_lit(b, "{\"id\":\"");
        ngx_tidraw_json_cell_int(b, res, i, 0);
        td_buf_lit(b, "\",\"at\":");
        ngx_tidraw_json_cell_int(b, res, i, 1);
        td_buf_lit(b, ",\"action\":");
        ngx_tidraw_json_cell(b, res, i, 2);
        td_buf_lit(b, ",\"actor\":");
        ngx_tidraw_json_person(b, res, i, 3);
        td_buf_lit(b, ",\"actor_name\":");
        ngx_tidraw_json_cell(b, res, i, 7);
        td_buf_lit(b, ",\"room\":");

        if (res->cells[i * res->ncols + 8].data != NULL) {
            td_buf_lit(b, "{\"id\":");
            ngx_tidraw_json_cell(b, res, i, 8);
            td_buf_lit(b, ",\"name\":");
            ngx_tidraw_json_cell(b, res, i, 9);
            td_buf_char(b, '}');

        } else {
            td_buf_lit(b, "null");
        }

        td_buf_lit(b, ",\"target\":");
        ngx_tidraw_json_cell(b, res, i, 10);
        td_buf_lit(b, ",\"address\":");
        ngx_tidraw_json_cell(b, res, i, 11);
        td_buf_lit(b, ",\"agent\":");
        ngx_tidraw_json_cell(b, res, i, 12);
        td_buf_char(b, '}');
    }

    ngx_tidraw_admin_next(b, res->nrows > n,
                          n ? ngx_tidraw_cell_int(res, n - 1, 0) : 0);

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}
