
/*
 * One board in the API: create, look at, rename, bin, restore.  The table of
 * routes has decided who may; nothing here grants a right.
 */


#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_control.h"
#include "td_fold.h"


static void ngx_tidraw_json_room_members(td_buf_t *b,
    ngx_tidraw_result_t *res, ngx_uint_t row, ngx_str_t *role);
static void ngx_tidraw_room_created(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_refused(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_changed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_deleted(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_purged(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_room_read(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);


typedef struct {
    ngx_tidraw_role_e    role;
    ngx_uint_t           status;
} ngx_tidraw_room_answer_t;


void
ngx_tidraw_http_rooms_create(ngx_tidraw_call_t *call)
{
    ngx_int_t               rc;
    ngx_str_t               id, name;
    ngx_uint_t              i;
    ngx_tidraw_op_t        *op;
    ngx_tidraw_room_new_t   new;
    ngx_tidraw_template_t  *template;

    ngx_memzero(&new, sizeof(ngx_tidraw_room_new_t));

    if (ngx_tidraw_field_name(call, "name", 0, &new.name) != NGX_OK
        || ngx_tidraw_field_text(call, "folder", NGX_TIDRAW_ID_LEN,
                                 &new.folder)
           == NGX_ERROR)
    {
        return;
    }

    template = NULL;
    rc = ngx_tidraw_field_text(call, "template", 100, &name);

    if (rc == NGX_ERROR) {
        return;
    }

    if (rc == NGX_OK) {
        template = ngx_tidraw_template_find(call, &name);

        if (template == NULL) {
            ngx_tidraw_call_bad_field(call, "template",
                                      "There is no such template.");
            return;
        }

        new.schema = template->schema;
        new.template = template->id;
    }

    op = ngx_tidraw_call_op(call, 1);

    if (op == NULL || ngx_tidraw_room_new(call, op, &new) != NGX_OK) {
        return;
    }

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = new.id;

    for (i = 0; template && i < template->nrecords * 2; i += 2) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_RECORD_ADD, "sss", &id,
                                  &template->records[i],
                                  &template->records[i + 1]);
    }

    ngx_tidraw_room_new_run(call, op, &new, "room.created");
}


ngx_int_t
ngx_tidraw_room_new(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_room_new_t *new)
{
    int64_t    now;
    ngx_str_t  id, key, *schema, *template;

    key = ngx_tidraw_name_key(op->pool, &new->name);

    if (key.data == NULL) {
        ngx_tidraw_op_free(op);
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    now = ngx_tidraw_now();
    schema = new->schema.len ? &new->schema : NULL;
    template = new->template.len ? &new->template : NULL;

    ngx_tidraw_random_id(new->id, 16);
    id.len = NGX_TIDRAW_ID_LEN;
    id.data = new->id;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CREATE, "ssssissi", &id,
                              &new->name, &key, &call->user_id, now, schema,
                              template, (int64_t) NGX_TIDRAW_ROOMS_MAX);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CREATE_OWNER, "ssis",
                              &id, &call->user_id, now, &new->folder);

    return NGX_OK;
}


void
ngx_tidraw_room_new_run(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_room_new_t *new, const char *action)
{
    ngx_str_t  id;

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = new->id;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_MEASURE, "s", &id);
    ngx_tidraw_call_activity(call, op, action, &id, NULL);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_GET_BY_ID, "ss", &id,
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_room_created);
}


static void
ngx_tidraw_room_created(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_result_t  *res;

    if (op->rc == NGX_DECLINED) {

        op = ngx_tidraw_call_op(call, 0);
        if (op == NULL) {
            return;
        }

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOMS_OWNED, "s",
                                  &call->user_id);

        ngx_tidraw_call_run(call, op, ngx_tidraw_room_refused);
        return;
    }

    if (op->rc != NGX_OK || op->results[op->nsteps - 1].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    res = &op->results[op->nsteps - 1];

    ngx_tidraw_json_room(&call->out, res, 0, NULL);

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


/* There are too many, or the one to be copied is gone. */

static void
ngx_tidraw_room_refused(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (ngx_tidraw_cell_int(op->results, 0, 0) >= NGX_TIDRAW_ROOMS_MAX) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "You own as many boards as one user may. Remove"
                              " some for good, also from the bin.");
        return;
    }

    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                          "There is no such board.");
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
    ngx_str_t         name, key;
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_field_name(call, "name", 0, &name) != NGX_OK) {
        return;
    }

    key = ngx_tidraw_name_key(call->request->pool, &name);
    if (key.data == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_RENAME, "isis",
                              call->room, &name, now, &key);
    ngx_tidraw_call_activity(call, op, "room.renamed", &call->params[0],
                             &name);

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
    ngx_tidraw_call_activity(call, op, "room.restored", &call->params[0],
                             NULL);

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
    ngx_str_t         arg;
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    if (ngx_http_arg(call->request, (u_char *) "forever", 7, &arg) == NGX_OK
        && arg.len == 1 && arg.data[0] == '1')
    {
        ngx_tidraw_call_activity(call, op, "room.purged", &call->params[0],
                                 NULL);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_PURGE, "i",
                                  call->room);

        ngx_tidraw_call_run(call, op, ngx_tidraw_room_purged);
        return;
    }

    now = ngx_tidraw_now();

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_DELETE, "ii",
                              call->room, now);
    ngx_tidraw_call_activity(call, op, "room.deleted", &call->params[0],
                             NULL);

    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_BOARD_GONE,
                            &call->params[0], NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_room_deleted);
}


static void
ngx_tidraw_room_purged(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "Only a board in the bin is deleted for good.");
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


static void
ngx_tidraw_room_deleted(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_BOARD_GONE,
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

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_GET, "is", room,
                              &call->user_id);

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


ngx_str_t
ngx_tidraw_name_key(ngx_pool_t *pool, ngx_str_t *name)
{
    td_buf_t   b;
    td_str_t   s;
    ngx_str_t  folded, key;

    ngx_memzero(&b, sizeof(td_buf_t));

    s.data = (char *) name->data;
    s.len = name->len;
    td_fold(&b, s);

    folded.data = (u_char *) b.data;
    folded.len = b.len;

    ngx_str_null(&key);

    if (!b.failed) {
        key.len = folded.len;
        key.data = ngx_pstrdup(pool, &folded);
    }

    td_buf_free(&b);

    return key;
}


static void
ngx_tidraw_json_room_members(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_str_t *role)
{
    ngx_str_t  id;

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_cell(b, res, row, NGX_TIDRAW_ROOM_ID);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, row, NGX_TIDRAW_ROOM_NAME);
    td_buf_lit(b, ",\"role\":");

    if (role != NULL) {
        ngx_tidraw_json_str(b, role);

    } else {
        ngx_tidraw_json_cell(b, res, row, NGX_TIDRAW_ROOM_ROLE);
    }

    td_buf_lit(b, ",\"owner\":");
    ngx_tidraw_json_person(b, res, row, NGX_TIDRAW_ROOM_OWNER);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, res, row, NGX_TIDRAW_ROOM_CREATED);
    td_buf_lit(b, ",\"updated_at\":");
    ngx_tidraw_json_cell_int(b, res, row, NGX_TIDRAW_ROOM_UPDATED);
    td_buf_lit(b, ",\"deleted_at\":");
    ngx_tidraw_json_cell_int(b, res, row, NGX_TIDRAW_ROOM_DELETED);
    td_buf_lit(b, ",\"opened_at\":");
    ngx_tidraw_json_cell_int(b, res, row, NGX_TIDRAW_ROOM_OPENED);
    td_buf_lit(b, ",\"favourite\":");

    if (ngx_tidraw_cell_int(res, row, NGX_TIDRAW_ROOM_FAVOURITE)) {
        td_buf_lit(b, "true");

    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, ",\"folder\":");
    ngx_tidraw_json_cell(b, res, row, NGX_TIDRAW_ROOM_FOLDER);
    td_buf_lit(b, ",\"template\":");
    ngx_tidraw_json_cell(b, res, row, NGX_TIDRAW_ROOM_TEMPLATE);
    td_buf_lit(b, ",\"thumbnail\":");

    if (ngx_tidraw_cell_str(res, row, NGX_TIDRAW_ROOM_THUMBNAIL).len != 0) {
        id = ngx_tidraw_cell_str(res, row, NGX_TIDRAW_ROOM_ID);

        td_buf_lit(b, "\"api/rooms/");
        td_buf_add(b, (char *) id.data, id.len);
        td_buf_lit(b, "/thumbnail?v=");
        ngx_tidraw_json_cell_int(b, res, row, NGX_TIDRAW_ROOM_THUMBNAIL);
        td_buf_char(b, '"');

    } else {
        td_buf_lit(b, "null");
    }
}


void
ngx_tidraw_json_room(td_buf_t *b, ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_str_t *role)
{
    ngx_tidraw_json_room_members(b, res, row, role);
    td_buf_char(b, '}');
}


void
ngx_tidraw_json_room_listed(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    ngx_str_t  id;

    id = ngx_tidraw_cell_str(res, row, NGX_TIDRAW_ROOM_ID);

    ngx_tidraw_json_room_members(&call->out, res, row, NULL);

    td_buf_char(&call->out, ',');
    ngx_tidraw_json_people(call, &id);
    td_buf_char(&call->out, '}');
}
