
/*
 * Share links of a board.  The token follows from the id and the secret of
 * the site: it is shown as often as asked for, and stored as a hash only.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_control.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_LINKS_MAX       100   /* of a board */
#define NGX_TIDRAW_LINK_PASSWORD   256   /* bytes */


typedef struct {
    u_char               id[NGX_TIDRAW_ID_LEN];
    ngx_tidraw_role_e    role;
    int64_t              created;
    int64_t              expires;        /* 0: never */
    ngx_str_t            password;       /* its hash; empty: none */
    unsigned             expires_set:1;  /* of a change */
    unsigned             password_set:1;
} ngx_tidraw_link_t;


static void ngx_tidraw_links_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_link_row(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);
static void ngx_tidraw_link_fields(ngx_tidraw_call_t *call,
    ngx_uint_t change);
static void ngx_tidraw_link_hashed(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
static void ngx_tidraw_link_insert(ngx_tidraw_call_t *call);
static void ngx_tidraw_link_update(ngx_tidraw_call_t *call);
static void ngx_tidraw_link_updated(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_link_created(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_link_deleted(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_link(ngx_tidraw_call_t *call, ngx_str_t *id,
    ngx_str_t *role, int64_t created, int64_t expires, ngx_uint_t password);


void
ngx_tidraw_http_links_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_LIST, "i", call->room);

    ngx_tidraw_call_run(call, op, ngx_tidraw_links_listed);
}


static void
ngx_tidraw_links_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_call_answer_rows(call, op, "links", ngx_tidraw_link_row);
}


static void
ngx_tidraw_link_row(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    ngx_str_t  id, role;

    id = ngx_tidraw_cell_str(res, row, 0);
    role = ngx_tidraw_cell_str(res, row, 1);

    ngx_tidraw_json_link(call, &id, &role, ngx_tidraw_cell_int(res, row, 2),
                         ngx_tidraw_cell_int(res, row, 3),
                         ngx_tidraw_cell_str(res, row, 4).len != 0);
}


void
ngx_tidraw_http_links_create(ngx_tidraw_call_t *call)
{
    ngx_tidraw_link_fields(call, 0);
}


void
ngx_tidraw_http_link_patch(ngx_tidraw_call_t *call)
{
    ngx_tidraw_link_fields(call, 1);
}


/*
 * What the body says of a link, new or changed; null takes the end or the
 * password away.  Goes on when the password is hashed.
 */

static void
ngx_tidraw_link_fields(ngx_tidraw_call_t *call, ngx_uint_t change)
{
    ngx_int_t           rc;
    ngx_str_t           password;
    ngx_tidraw_link_t  *link;

    link = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_link_t));
    if (link == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = link;

    if ((!change || td_json_get_lit(call->body, "role") != NULL)
        && ngx_tidraw_field_role(call, NGX_TIDRAW_ROLE_EDITOR, &link->role)
           != NGX_OK)
    {
        return;
    }

    rc = ngx_tidraw_field_time(call, "expires_at", &link->expires);

    if (rc == NGX_ERROR) {
        return;
    }

    link->created = ngx_tidraw_now();

    if (rc == NGX_OK && link->expires <= link->created) {
        ngx_tidraw_call_bad_field(call, "expires_at",
                                  "The link would have expired already.");
        return;
    }

    link->expires_set = (rc == NGX_OK)
                        || ngx_tidraw_field_null(call, "expires_at");

    rc = ngx_tidraw_field_text(call, "password", NGX_TIDRAW_LINK_PASSWORD,
                               &password);

    if (rc == NGX_ERROR) {
        return;
    }

    if (rc == NGX_OK && password.len == 0) {
        ngx_tidraw_call_bad_field(call, "password", "The password is empty.");
        return;
    }

    link->password_set = (rc == NGX_OK)
                         || ngx_tidraw_field_null(call, "password");

    if (rc == NGX_OK) {
        ngx_tidraw_call_password(call, &password, 0, NULL,
                                 ngx_tidraw_link_hashed);
        return;
    }

    ngx_tidraw_link_hashed(call, NULL);
}


static void
ngx_tidraw_link_hashed(ngx_tidraw_call_t *call, ngx_tidraw_password_t *job)
{
    ngx_tidraw_link_t  *link;

    link = call->state;

    if (job != NULL
        && ngx_tidraw_call_copy(call, &link->password, &job->hash) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (call->route->method == NGX_HTTP_PATCH) {
        ngx_tidraw_link_update(call);

    } else {
        ngx_tidraw_link_insert(call);
    }
}


static void
ngx_tidraw_link_update(ngx_tidraw_call_t *call)
{
    int64_t             expires_set, password_set;
    ngx_str_t          *role, *password;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_link_t  *link;

    link = call->state;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    expires_set = link->expires_set;
    password_set = link->password_set;
    role = link->role ? ngx_tidraw_role_name(link->role) : NULL;
    password = link->password.len ? &link->password : NULL;

    if (link->expires) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_UPDATE, "issiisi",
                                  call->room, &call->params[1], role,
                                  link->expires, expires_set, password,
                                  password_set);

    } else {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_UPDATE, "issnisi",
                                  call->room, &call->params[1], role,
                                  expires_set, password, password_set);
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_GET, "is", call->room,
                              &call->params[1]);
    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_BOARD, &call->params[0],
                            NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_link_updated);
}


static void
ngx_tidraw_link_updated(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK || op->results[1].nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such link.");
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_BOARD,
                            &call->params[0], NULL);

    ngx_tidraw_link_row(call, &op->results[1], 0);

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


static void
ngx_tidraw_link_insert(ngx_tidraw_call_t *call)
{
    u_char              hash[NGX_TIDRAW_HASH_LEN];
    u_char              token[NGX_TIDRAW_TOKEN_LEN];
    int64_t             max;
    ngx_str_t           i, t, h, *password;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_link_t  *link;

    link = call->state;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    ngx_tidraw_random_id(link->id, 16);

    i.len = sizeof(link->id);
    i.data = link->id;
    ngx_tidraw_token_derive(call->site, "link:", &i, token);

    t.len = sizeof(token);
    t.data = token;
    ngx_tidraw_token_hash(&t, hash);

    h.len = sizeof(hash);
    h.data = hash;

    max = NGX_TIDRAW_LINKS_MAX;
    password = link->password.len ? &link->password : NULL;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);

    if (link->expires != 0) {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_CREATE, "sisssiiis",
                                  &i, call->room, &h,
                                  ngx_tidraw_role_name(link->role),
                                  &call->user_id, link->created,
                                  link->expires, max, password);

    } else {
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_CREATE, "sisssinis",
                                  &i, call->room, &h,
                                  ngx_tidraw_role_name(link->role),
                                  &call->user_id, link->created, max,
                                  password);
    }

    ngx_tidraw_call_run(call, op, ngx_tidraw_link_created);
}


static void
ngx_tidraw_link_created(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t           id;
    ngx_tidraw_link_t  *link;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The board has too many links.");
        return;
    }

    link = call->state;

    id.len = sizeof(link->id);
    id.data = link->id;

    ngx_tidraw_json_link(call, &id, ngx_tidraw_role_name(link->role),
                         link->created, link->expires,
                         link->password.len != 0);

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_link_delete(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_LINK_DELETE, "is",
                              call->room, &call->params[1]);

    ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_BOARD, &call->params[0],
                            NULL);

    ngx_tidraw_call_run(call, op, ngx_tidraw_link_deleted);
}


static void
ngx_tidraw_link_deleted(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such link.");
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_BOARD,
                            &call->params[0], NULL);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


static void
ngx_tidraw_json_link(ngx_tidraw_call_t *call, ngx_str_t *id, ngx_str_t *role,
    int64_t created, int64_t expires, ngx_uint_t password)
{
    u_char      token[NGX_TIDRAW_TOKEN_LEN];
    td_buf_t   *b;
    ngx_str_t   t;

    ngx_tidraw_token_derive(call->site, "link:", id, token);

    t.len = sizeof(token);
    t.data = token;

    b = &call->out;

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_str(b, id);
    td_buf_lit(b, ",\"role\":");
    ngx_tidraw_json_str(b, role);
    td_buf_lit(b, ",\"token\":");
    ngx_tidraw_json_str(b, &t);
    td_buf_lit(b, ",\"has_password\":");

    if (password) {
        td_buf_lit(b, "true");

    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_int(b, created);
    td_buf_lit(b, ",\"expires_at\":");

    if (expires != 0) {
        ngx_tidraw_json_int(b, expires);
    } else {
        td_buf_lit(b, "null");
    }

    td_buf_char(b, '}');
}
