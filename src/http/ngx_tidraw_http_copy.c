
/*
 * Boards that get another owner, or a copy for whoever asks.
 */


#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_control.h"


#define NGX_TIDRAW_COPY_SUFFIX   " (copy)"

/* characters of the old name that stay, so that the new one is no longer
 * than a name may be */
#define NGX_TIDRAW_COPY_NAME     93


static void ngx_tidraw_copy_named(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_copy_run(ngx_tidraw_call_t *call,
    ngx_tidraw_room_new_t *new);
static void ngx_tidraw_transferred(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


void
ngx_tidraw_http_room_duplicate(ngx_tidraw_call_t *call)
{
    ngx_int_t               rc;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_room_new_t   new;

    ngx_memzero(&new, sizeof(ngx_tidraw_room_new_t));

    rc = ngx_tidraw_field_name(call, "name", 1, &new.name);

    if (rc == NGX_ERROR) {
        return;
    }

    if (rc == NGX_OK) {
        ngx_tidraw_copy_run(call, &new);
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_GET, "is", call->room,
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_copy_named);
}


static void
ngx_tidraw_copy_named(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    u_char                 *p;
    size_t                  n, len;
    ngx_str_t               old;
    ngx_tidraw_room_new_t   new;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    ngx_memzero(&new, sizeof(ngx_tidraw_room_new_t));

    old = ngx_tidraw_cell_str(op->results, 0, NGX_TIDRAW_ROOM_NAME);

    /* names are UTF-8 */

    for (len = 0, n = 0; len < old.len; len++) {
        if ((old.data[len] & 0xc0) != 0x80 && n++ == NGX_TIDRAW_COPY_NAME) {
            break;
        }
    }

    p = ngx_pnalloc(call->request->pool,
                    len + sizeof(NGX_TIDRAW_COPY_SUFFIX));
    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    new.name.data = p;
    p = ngx_cpymem(p, old.data, len);
    p = ngx_cpymem(p, NGX_TIDRAW_COPY_SUFFIX,
                   sizeof(NGX_TIDRAW_COPY_SUFFIX) - 1);
    new.name.len = p - new.name.data;

    ngx_tidraw_copy_run(call, &new);
}


/* The lock makes all of it one state of the board. */

static void
ngx_tidraw_copy_run(ngx_tidraw_call_t *call, ngx_tidraw_room_new_t *new)
{
    ngx_str_t         id;
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);

    if (ngx_tidraw_room_new(call, op, new) != NGX_OK) {
        return;
    }

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = new->id;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_COPY, "si", &id,
                              call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORDS_COPY, "si", &id,
                              call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FILES_COPY, "issi",
                              call->room, &id, &call->user_id,
                              ngx_tidraw_now());
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_THUMBNAIL_COPY, "si", &id,
                              call->room);

    ngx_tidraw_room_new_run(call, op, new, "room.duplicated");
}


void
ngx_tidraw_http_room_transfer(ngx_tidraw_call_t *call)
{
    ngx_str_t         user;
    ngx_tidraw_op_t  *op;

    switch (ngx_tidraw_field_text(call, "user", NGX_TIDRAW_ID_LEN, &user)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_tidraw_call_bad_field(call, "user", "A field is missing.");
        return;

    default: /* NGX_ERROR */
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_RAISE, "iss",
                              call->room, &user, &call->user_id);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_ROLE, "iss",
                              call->room, &call->user_id,
                              ngx_tidraw_role_name(NGX_TIDRAW_ROLE_EDITOR));
    ngx_tidraw_call_activity(call, op, "room.transferred", &call->params[0],
                             &user);
    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_BOARD, &call->params[0],
                            NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_transferred);
}


static void
ngx_tidraw_transferred(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The new owner must be another member of the"
                              " board.");
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_BOARD,
                            &call->params[0], NULL);

    ngx_tidraw_call_answer_room(call, call->room, NGX_TIDRAW_ROLE_EDITOR,
                                NGX_HTTP_OK);
}
