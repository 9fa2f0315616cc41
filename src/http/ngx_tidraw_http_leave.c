
/*
 * The end of an account, one's own or by an administrator.  Boards that
 * others own as well stay; those that nobody else owns are removed for good
 * or given to somebody.  The last active administrator stays.
 */


#include "ngx_tidraw_control.h"
#include "ngx_tidraw_http.h"
#include "ngx_tidraw_session.h"


typedef struct {
    ngx_str_t     user;            /* who goes */
    ngx_str_t     to;              /* e-mail; empty: boards are removed */
    ngx_str_t     heir;            /* its id */
    ngx_array_t   rooms;           /* ngx_str_t, ids of what is removed */
} ngx_tidraw_leave_t;


static ngx_tidraw_leave_t *ngx_tidraw_leave_create(ngx_tidraw_call_t *call,
    ngx_str_t *user);
static void ngx_tidraw_leave_look(ngx_tidraw_call_t *call);
static void ngx_tidraw_leave_looked(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_leave_heir(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_leave_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


void
ngx_tidraw_http_me_delete(ngx_tidraw_call_t *call)
{
    if (ngx_tidraw_leave_create(call, &call->user_id) != NULL) {
        ngx_tidraw_call_current(call, "password", ngx_tidraw_leave_look);
    }
}


void
ngx_tidraw_http_admin_user_delete(ngx_tidraw_call_t *call)
{
    if (ngx_tidraw_leave_create(call, &call->params[0]) != NULL) {
        ngx_tidraw_leave_look(call);
    }
}


/* NULL: it has answered. */

static ngx_tidraw_leave_t *
ngx_tidraw_leave_create(ngx_tidraw_call_t *call, ngx_str_t *user)
{
    ngx_str_t            boards;
    ngx_tidraw_leave_t  *l;

    l = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_leave_t));

    if (l == NULL
        || ngx_array_init(&l->rooms, call->request->pool, 8,
                          sizeof(ngx_str_t))
           != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    l->user = *user;
    call->state = l;

    if (ngx_tidraw_field_text(call, "boards", 16, &boards) == NGX_ERROR) {
        return NULL;
    }

    if (boards.len == 8 && ngx_memcmp(boards.data, "transfer", 8) == 0) {
        return ngx_tidraw_field_email(call, "to", 0, &l->to) == NGX_OK ? l
                                                                       : NULL;
    }

    if (boards.len == 6 && ngx_memcmp(boards.data, "delete", 6) == 0) {
        return l;
    }

    ngx_tidraw_call_bad_field(call, "boards",
                              "What happens to the boards is delete or"
                              " transfer.");
    return NULL;
}


static void
ngx_tidraw_leave_look(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t     *op;
    ngx_tidraw_leave_t  *l;

    l = call->state;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ADMIN_USER, "s", &l->user);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LEAVE_ROOMS, "s", &l->user);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_BY_EMAIL, "s", &l->to);

    ngx_tidraw_call_run(call, op, ngx_tidraw_leave_looked);
}


static void
ngx_tidraw_leave_looked(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t            email, id, *room;
    ngx_uint_t           i;
    ngx_tidraw_op_t     *end;
    ngx_tidraw_leave_t  *l;

    l = call->state;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (op->results[0].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such account.");
        return;
    }

    if (l->to.len != 0
        && ngx_tidraw_leave_heir(call, &op->results[2]) != NGX_OK)
    {
        return;
    }

    email = ngx_tidraw_cell_str(&op->results[0], 0, 2);

    end = ngx_tidraw_call_op(call, 1);
    if (end == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(end, NGX_TIDRAW_STMT_ADMIN_LOCK, "");
    (void) ngx_tidraw_op_step(end, NGX_TIDRAW_STMT_LEAVE_LOCK, "s", &l->user);

    if (l->heir.len != 0) {
        (void) ngx_tidraw_op_step(end, NGX_TIDRAW_STMT_LEAVE_TRANSFER, "ssi",
                                  &l->user, &l->heir, ngx_tidraw_now());

    } else {
        (void) ngx_tidraw_op_step(end, NGX_TIDRAW_STMT_LEAVE_DELETE, "s",
                                  &l->user);
    }

    (void) ngx_tidraw_op_step(end, NGX_TIDRAW_STMT_USER_DELETE, "s",
                              &l->user);
    ngx_tidraw_call_activity(call, end, "user.deleted", NULL, &email);
    ngx_tidraw_control_note(end, NGX_TIDRAW_CONTROL_USER, NULL, &l->user);

    if (l->heir.len != 0) {
        ngx_tidraw_control_note(end, NGX_TIDRAW_CONTROL_USER, NULL, &l->heir);
    }

    for (i = 0; l->heir.len == 0 && i < op->results[1].nrows; i++) {

        id = ngx_tidraw_cell_str(&op->results[1], i, 0);
        room = ngx_array_push(&l->rooms);

        if (room == NULL || ngx_tidraw_call_copy(call, room, &id) != NGX_OK) {
            ngx_tidraw_op_free(end);
            ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
            return;
        }

        ngx_tidraw_control_note(end, NGX_TIDRAW_CONTROL_BOARD_GONE, room,
                                NULL);
    }

    ngx_tidraw_call_run(call, end, ngx_tidraw_leave_done);
}


/* NGX_OK, or it has answered. */

static ngx_int_t
ngx_tidraw_leave_heir(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res)
{
    ngx_str_t            id;
    ngx_tidraw_leave_t  *l;

    l = call->state;
    id = ngx_tidraw_cell_str(res, 0, 0);

    if (res->nrows == 0 || ngx_tidraw_cell_int(res, 0, 7) != 0) {
        call->field = "to";
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no account with this e-mail.");
        return NGX_DECLINED;
    }

    if (id.len == l->user.len
        && ngx_memcmp(id.data, l->user.data, id.len) == 0)
    {
        ngx_tidraw_call_bad_field(call, "to",
                                  "This is the account that goes.");
        return NGX_DECLINED;
    }

    if (ngx_tidraw_call_copy(call, &l->heir, &id) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_tidraw_leave_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t           *rooms;
    ngx_uint_t           i;
    ngx_tidraw_leave_t  *l;

    l = call->state;

    if (op->rc == NGX_DECLINED) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The last administrator stays.");
        return;
    }

    if (op->rc != NGX_OK
        || (l->user.data == call->user_id.data
            && ngx_tidraw_session_set_cookie(call->request, NULL) != NGX_OK))
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                            &l->user);

    if (l->heir.len != 0) {
        ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                                &l->heir);
    }

    rooms = l->rooms.elts;

    for (i = 0; i < l->rooms.nelts; i++) {
        ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_BOARD_GONE,
                                &rooms[i], NULL);
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}
