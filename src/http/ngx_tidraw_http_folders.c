
/*
 * What somebody keeps about boards for himself: favourites, and folders to
 * keep boards in.  Only members have them; nobody else sees them.
 */


#include "ngx_tidraw_http_room.h"


#define NGX_TIDRAW_FOLDERS_MAX   200      /* of an account */


typedef struct {
    u_char               id[NGX_TIDRAW_ID_LEN];
    ngx_str_t            name;
} ngx_tidraw_folder_t;


static void ngx_tidraw_favourite_set(ngx_tidraw_call_t *call,
    int64_t favourite);
static ngx_int_t ngx_tidraw_folders_member(ngx_tidraw_call_t *call);
static void ngx_tidraw_folder_kept(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_folders_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_folder_row(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);
static ngx_tidraw_folder_t *ngx_tidraw_folder_named(ngx_tidraw_call_t *call,
    ngx_str_t *key);
static void ngx_tidraw_folder_created(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_folder_renamed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_folder(td_buf_t *b, ngx_str_t *id,
    ngx_str_t *name);


void
ngx_tidraw_http_favourite_put(ngx_tidraw_call_t *call)
{
    ngx_tidraw_favourite_set(call, 1);
}


void
ngx_tidraw_http_favourite_delete(ngx_tidraw_call_t *call)
{
    ngx_tidraw_favourite_set(call, 0);
}


static void
ngx_tidraw_favourite_set(ngx_tidraw_call_t *call, int64_t favourite)
{
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_folders_member(call) != NGX_OK) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_FAVOURITE, "isi",
                              call->room, &call->user_id, favourite);

    ngx_tidraw_call_run(call, op, ngx_tidraw_folder_kept);
}


void
ngx_tidraw_http_folder_put(ngx_tidraw_call_t *call)
{
    ngx_int_t         rc;
    ngx_str_t         folder;
    ngx_tidraw_op_t  *op;

    if (ngx_tidraw_folders_member(call) != NGX_OK) {
        return;
    }

    rc = ngx_tidraw_field_text(call, "folder", NGX_TIDRAW_ID_LEN, &folder);

    if (rc == NGX_ERROR) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MEMBER_FOLDER, "iss",
                              call->room, &call->user_id,
                              rc == NGX_OK ? &folder : NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_folder_kept);
}


/* NGX_OK, or it has answered: a link lets somebody in, and no more. */

static ngx_int_t
ngx_tidraw_folders_member(ngx_tidraw_call_t *call)
{
    if (call->member == NGX_TIDRAW_ROLE_NONE) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_FORBIDDEN,
                              "Only members of a board keep it in a list.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_tidraw_folder_kept(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such folder.");
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


void
ngx_tidraw_http_folders_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FOLDER_LIST, "s",
                              &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_folders_listed);
}


static void
ngx_tidraw_folders_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_call_answer_rows(call, op, "folders", ngx_tidraw_folder_row);
}


static void
ngx_tidraw_folder_row(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    ngx_str_t  id, name;

    id = ngx_tidraw_cell_str(res, row, 0);
    name = ngx_tidraw_cell_str(res, row, 1);

    ngx_tidraw_json_folder(&call->out, &id, &name);
}


void
ngx_tidraw_http_folders_create(ngx_tidraw_call_t *call)
{
    int64_t               now, max;
    ngx_str_t             id, key;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_folder_t  *folder;

    folder = ngx_tidraw_folder_named(call, &key);
    if (folder == NULL) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    ngx_tidraw_random_id(folder->id, 16);

    id.len = sizeof(folder->id);
    id.data = folder->id;

    now = ngx_tidraw_now();
    max = NGX_TIDRAW_FOLDERS_MAX;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FOLDER_CREATE, "ssssii",
                              &id, &call->user_id, &folder->name, &key, now,
                              max);

    ngx_tidraw_call_run(call, op, ngx_tidraw_folder_created);
}


/* The name of the body, with its folded form; NULL: it has answered. */

static ngx_tidraw_folder_t *
ngx_tidraw_folder_named(ngx_tidraw_call_t *call, ngx_str_t *key)
{
    ngx_tidraw_folder_t  *folder;

    folder = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_folder_t));
    if (folder == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    if (ngx_tidraw_field_name(call, "name", 0, &folder->name) != NGX_OK) {
        return NULL;
    }

    *key = ngx_tidraw_name_key(call->request->pool, &folder->name);

    if (key->data == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NULL;
    }

    call->state = folder;

    return folder;
}


static void
ngx_tidraw_folder_created(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             id;
    ngx_tidraw_folder_t  *folder;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "You have too many folders.");
        return;
    }

    folder = call->state;

    id.len = sizeof(folder->id);
    id.data = folder->id;

    ngx_tidraw_json_folder(&call->out, &id, &folder->name);

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_folder_patch(ngx_tidraw_call_t *call)
{
    ngx_str_t             key;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_folder_t  *folder;

    folder = ngx_tidraw_folder_named(call, &key);
    if (folder == NULL) {
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FOLDER_RENAME, "ssss",
                              &call->params[0], &call->user_id, &folder->name,
                              &key);

    ngx_tidraw_call_run(call, op, ngx_tidraw_folder_renamed);
}


static void
ngx_tidraw_folder_renamed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_folder_t  *folder;

    if (op->rc != NGX_OK) {
        ngx_tidraw_folder_kept(call, op);
        return;
    }

    folder = call->state;

    ngx_tidraw_json_folder(&call->out, &call->params[0], &folder->name);

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


void
ngx_tidraw_http_folder_delete(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_FOLDER_DELETE, "ss",
                              &call->params[0], &call->user_id);

    ngx_tidraw_call_run(call, op, ngx_tidraw_folder_kept);
}


static void
ngx_tidraw_json_folder(td_buf_t *b, ngx_str_t *id, ngx_str_t *name)
{
    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_str(b, id);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_str(b, name);
    td_buf_char(b, '}');
}
