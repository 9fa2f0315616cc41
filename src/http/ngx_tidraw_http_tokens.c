
/*
 * Personal API tokens: their holder may do what its owner may, within the
 * scopes it was made for.  The token is shown once; the database holds its
 * hash.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_control.h"
#include "ngx_tidraw_http.h"
#include "ngx_tidraw_session.h"


#define NGX_TIDRAW_TOKENS_MAX    50                        /* of a user */
#define NGX_TIDRAW_TOKENS_NEVER  ((int64_t) 253402300799000)  /* year 9999 */


typedef struct {
    ngx_str_t      name;
    int64_t        scopes;
    int64_t        created;
    int64_t        expires;
    u_char         id[NGX_TIDRAW_ID_LEN];
    u_char         token[NGX_TIDRAW_BEARER_LEN];
} ngx_tidraw_bearer_t;


static ngx_int_t ngx_tidraw_tokens_scopes(ngx_tidraw_call_t *call,
    int64_t *scopes);
static void ngx_tidraw_tokens_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_bearer(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);
static void ngx_tidraw_tokens_created(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_token_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_token_deleted(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_scopes(td_buf_t *b, int64_t scopes);
static void ngx_tidraw_json_expiry(td_buf_t *b, int64_t expires);


static struct {
    ngx_str_t     name;
    ngx_uint_t    bit;
} ngx_tidraw_scopes[] = {
    { ngx_string("read"), NGX_TIDRAW_SCOPE_READ },
    { ngx_string("write"), NGX_TIDRAW_SCOPE_WRITE },
    { ngx_string("admin"), NGX_TIDRAW_SCOPE_ADMIN },
    { ngx_null_string, 0 }
};


void
ngx_tidraw_http_tokens_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOKEN_LIST, "si",
                              &call->user_id, ngx_tidraw_now());

    ngx_tidraw_call_run(call, op, ngx_tidraw_tokens_listed);
}


static void
ngx_tidraw_tokens_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_call_answer_rows(call, op, "tokens", ngx_tidraw_json_bearer);
}


static void
ngx_tidraw_json_bearer(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    td_buf_t  *b;

    b = &call->out;

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_cell(b, res, row, 0);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, row, 1);
    td_buf_lit(b, ",\"scopes\":");
    ngx_tidraw_json_scopes(b, ngx_tidraw_cell_int(res, row, 2));
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 3);
    td_buf_lit(b, ",\"last_used_at\":");

    /* 0: not yet */

    if (ngx_tidraw_cell_int(res, row, 4) != 0) {
        ngx_tidraw_json_cell_int(b, res, row, 4);
    } else {
        td_buf_lit(b, "null");
    }

    td_buf_lit(b, ",\"expires_at\":");
    ngx_tidraw_json_expiry(b, ngx_tidraw_cell_int(res, row, 5));
    td_buf_char(b, '}');
}


void
ngx_tidraw_http_tokens_create(ngx_tidraw_call_t *call)
{
    u_char                hash[NGX_TIDRAW_HASH_LEN];
    ngx_str_t             token, id, h;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_bearer_t  *t;

    t = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_bearer_t));
    if (t == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = t;

    if (ngx_tidraw_field_name(call, "name", 0, &t->name) != NGX_OK
        || ngx_tidraw_tokens_scopes(call, &t->scopes) != NGX_OK
        || ngx_tidraw_field_time(call, "expires_at", &t->expires) == NGX_ERROR)
    {
        return;
    }

    t->created = ngx_tidraw_now();

    if (t->expires == 0) {
        t->expires = NGX_TIDRAW_TOKENS_NEVER;

    } else if (t->expires <= t->created
               || t->expires > NGX_TIDRAW_TOKENS_NEVER)
    {
        ngx_tidraw_call_bad_field(call, "expires_at",
                                  "The time must lie in the future.");
        return;
    }

    if ((t->scopes & NGX_TIDRAW_SCOPE_ADMIN) && !call->admin) {
        call->field = "scopes";
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_FORBIDDEN,
                              "Only administrators have tokens for this.");
        return;
    }

    ngx_memcpy(t->token, NGX_TIDRAW_BEARER_PREFIX, 4);
    ngx_tidraw_token_random(t->token + 4);
    ngx_tidraw_random_id(t->id, 16);

    token.len = NGX_TIDRAW_BEARER_LEN;
    token.data = t->token;
    ngx_tidraw_token_hash(&token, hash);

    h.len = NGX_TIDRAW_HASH_LEN;
    h.data = hash;

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = t->id;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOKEN_CREATE, "sssiisii",
                              &h, &id, &call->user_id, t->created, t->expires,
                              &t->name, t->scopes,
                              (int64_t) NGX_TIDRAW_TOKENS_MAX);
    ngx_tidraw_call_activity(call, op, "auth.token", NULL, &t->name);

    ngx_tidraw_call_run(call, op, ngx_tidraw_tokens_created);
}


static ngx_int_t
ngx_tidraw_tokens_scopes(ngx_tidraw_call_t *call, int64_t *scopes)
{
    ngx_uint_t   i, n;
    td_json_t   *list, *item;

    *scopes = 0;

    list = td_json_get_lit(call->body, "scopes");

    if (list == NULL || list->type != TD_ARRAY || list->count == 0
        || list->count > 3)
    {
        goto invalid;
    }

    for (i = 0; i < list->count; i++) {
        item = list->u.items[i];

        if (item->type != TD_STRING) {
            goto invalid;
        }

        for (n = 0; ngx_tidraw_scopes[n].bit != 0; n++) {
            if (ngx_tidraw_scopes[n].name.len == item->u.string.len
                && ngx_memcmp(ngx_tidraw_scopes[n].name.data,
                              item->u.string.data, item->u.string.len)
                   == 0)
            {
                break;
            }
        }

        if (ngx_tidraw_scopes[n].bit == 0) {
            goto invalid;
        }

        *scopes |= ngx_tidraw_scopes[n].bit;
    }

    return NGX_OK;

invalid:

    ngx_tidraw_call_bad_field(call, "scopes",
                              "The scopes are a list of read, write and"
                              " admin.");

    return NGX_ERROR;
}


static void
ngx_tidraw_tokens_created(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t             *b;
    ngx_str_t             id;
    ngx_tidraw_bearer_t  *t;

    t = call->state;

    if (op->rc == NGX_DECLINED) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "There are 50 tokens already.");
        return;
    }

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    b = &call->out;

    id.len = NGX_TIDRAW_ID_LEN;
    id.data = t->id;

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_str(b, &id);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_str(b, &t->name);
    td_buf_lit(b, ",\"scopes\":");
    ngx_tidraw_json_scopes(b, t->scopes);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_int(b, t->created);
    td_buf_lit(b, ",\"last_used_at\":null,\"expires_at\":");
    ngx_tidraw_json_expiry(b, t->expires);
    td_buf_lit(b, ",\"token\":\"");
    td_buf_add(b, (char *) t->token, NGX_TIDRAW_BEARER_LEN);
    td_buf_lit(b, "\"}");

    sodium_memzero(t->token, NGX_TIDRAW_BEARER_LEN);

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_token_delete(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_TOKEN_BY_ID, "ss",
                              &call->user_id, &call->params[0]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_token_found);
}


static void
ngx_tidraw_token_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t         name;
    ngx_tidraw_op_t  *end;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (op->results->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such token.");
        return;
    }

    name = ngx_tidraw_cell_str(op->results, 0, 0);

    end = ngx_tidraw_call_op(call, 1);
    if (end == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(end, NGX_TIDRAW_STMT_TOKEN_DELETE, "ss",
                              &call->user_id, &call->params[0]);
    ngx_tidraw_call_activity(call, end, "auth.token_deleted", NULL, &name);
    ngx_tidraw_control_note(end, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->user_id);

    ngx_tidraw_call_run(call, end, ngx_tidraw_token_deleted);
}


static void
ngx_tidraw_token_deleted(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such token.");
        return;
    }

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                            &call->user_id);

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


static void
ngx_tidraw_json_scopes(td_buf_t *b, int64_t scopes)
{
    ngx_uint_t  i, n;

    td_buf_char(b, '[');

    n = 0;

    for (i = 0; ngx_tidraw_scopes[i].bit != 0; i++) {

        if (!(scopes & (int64_t) ngx_tidraw_scopes[i].bit)) {
            continue;
        }

        if (n++ != 0) {
            td_buf_char(b, ',');
        }

        ngx_tidraw_json_str(b, &ngx_tidraw_scopes[i].name);
    }

    td_buf_char(b, ']');
}


static void
ngx_tidraw_json_expiry(td_buf_t *b, int64_t expires)
{
    if (expires == NGX_TIDRAW_TOKENS_NEVER) {
        td_buf_lit(b, "null");
        return;
    }

    ngx_tidraw_json_int(b, expires);
}
