
/*
 * What calls about accounts share: the user object, new sessions and the end
 * of old ones, the address of the site.
 */


#include "ngx_tidraw_control.h"
#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_session.h"


void
ngx_tidraw_json_user(td_buf_t *b, ngx_tidraw_result_t *res, ngx_uint_t row)
{
    td_buf_lit(b, "\"id\":");
    ngx_tidraw_json_cell(b, res, row, 0);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, row, 1);
    td_buf_lit(b, ",\"email\":");
    ngx_tidraw_json_cell(b, res, row, 2);
    td_buf_lit(b, ",\"color\":");
    ngx_tidraw_json_cell(b, res, row, 3);
    td_buf_lit(b, ",\"role\":");
    ngx_tidraw_json_cell(b, res, row, 4);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 5);
    td_buf_lit(b, ",\"locale\":");
    ngx_tidraw_json_cell(b, res, row, 6);
    td_buf_lit(b, ",\"picture\":");
    ngx_tidraw_json_picture(b, res, row, 0, 7);
    td_buf_lit(b, ",\"last_seen_at\":");
    ngx_tidraw_json_cell_int(b, res, row, 8);
}


void
ngx_tidraw_json_picture(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t user, ngx_uint_t picture)
{
    ngx_str_t  id;

    if (res->cells[row * res->ncols + picture].data == NULL) {
        td_buf_lit(b, "null");
        return;
    }

    /* ids hold nothing that would need an escape */

    id = ngx_tidraw_cell_str(res, row, user);

    td_buf_lit(b, "\"api/users/");
    td_buf_add(b, (char *) id.data, id.len);
    td_buf_lit(b, "/picture?v=");
    ngx_tidraw_json_cell_int(b, res, row, picture);
    td_buf_char(b, '"');
}


ngx_int_t
ngx_tidraw_call_copy(ngx_tidraw_call_t *call, ngx_str_t *dst, ngx_str_t *src)
{
    dst->len = src->len;
    dst->data = ngx_pstrdup(call->request->pool, src);

    return dst->data == NULL ? NGX_ERROR : NGX_OK;
}


ngx_uint_t
ngx_tidraw_call_throttled(ngx_tidraw_call_t *call, ngx_tidraw_throttle_e kind,
    ngx_str_t *key)
{
    ngx_uint_t  wait;

    wait = ngx_tidraw_throttle_take(call->site, kind, key);

    if (wait == 0) {
        return 0;
    }

    call->retry = wait;
    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_TOO_MANY_ATTEMPTS, NULL);

    return 1;
}


void
ngx_tidraw_call_session(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_str_t *user_id)
{
    ngx_str_t  token;

    if (ngx_tidraw_session_cookie(call->request, &token) == NGX_OK) {
        call->replaced.data = ngx_pnalloc(call->request->pool,
                                          NGX_TIDRAW_HASH_LEN);

        if (call->replaced.data != NULL) {
            call->replaced.len = NGX_TIDRAW_HASH_LEN;
            ngx_tidraw_token_hash(&token, call->replaced.data);
        }
    }

    ngx_tidraw_session_create(call->request, op, user_id, call->token);
}


void
ngx_tidraw_call_session_last(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_str_t *user_id, ngx_uint_t ended)
{
    call->user_step = op->nsteps;
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_GET, "s", user_id);

    if (call->replaced.len != 0) {
        ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_LOGIN_ENDED, NULL,
                                &call->replaced);
    }

    if (ended) {
        call->ended = *user_id;
        ngx_tidraw_control_note(op, NGX_TIDRAW_CONTROL_USER, NULL, user_id);
    }
}


void
ngx_tidraw_call_signed_in(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_uint_t status)
{
    ngx_str_t             token;
    ngx_tidraw_result_t  *user;

    if (call->replaced.len != 0) {
        ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_LOGIN_ENDED,
                                NULL, &call->replaced);
    }

    if (call->ended.len != 0) {
        ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_USER, NULL,
                                &call->ended);
    }

    token.len = NGX_TIDRAW_TOKEN_LEN;
    token.data = call->token;

    user = &op->results[call->user_step];

    if (user->nrows == 0
        || ngx_tidraw_session_set_cookie(call->request, &token) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (status != NGX_HTTP_NO_CONTENT) {
        td_buf_lit(&call->out, "{\"user\":{");
        ngx_tidraw_json_user(&call->out, user, 0);
        td_buf_lit(&call->out, "}}");
    }

    ngx_tidraw_call_answer(call, status);
}


ngx_int_t
ngx_tidraw_call_url(ngx_tidraw_call_t *call, ngx_str_t *url)
{
    u_char     *p, *host;
    ngx_str_t   root, *base;

    base = &call->conf->base;
    root = call->conf->public_url;

    if (root.len != 0) {

        /* with a path of its own it says where the location is seen */

        host = ngx_strlchr(root.data, root.data + root.len, ':') + 3;
        p = ngx_strlchr(host, root.data + root.len, '/');

        if (p != NULL && p + 1 == root.data + root.len) {
            root.len--;

        } else if (p != NULL) {
            base = NULL;

            if (root.data[root.len - 1] == '/') {
                root.len--;
            }
        }

        url->data = ngx_pnalloc(call->request->pool,
                                root.len + call->conf->base.len + 1);
        if (url->data == NULL) {
            return NGX_ERROR;
        }

        p = ngx_cpymem(url->data, root.data, root.len);

    } else {
        root = call->request->headers_in.server;

        if (call->request->headers_in.host != NULL) {
            root = call->request->headers_in.host->value;
        }

        url->data = ngx_pnalloc(call->request->pool,
                                root.len + call->conf->base.len
                                + sizeof("https://"));
        if (url->data == NULL) {
            return NGX_ERROR;
        }

        p = ngx_sprintf(url->data, "http%s://%V",
                        ngx_tidraw_origin_https(call->request) ? "s" : "",
                        &root);
    }

    p = base != NULL ? ngx_cpymem(p, base->data, base->len)
                     : ngx_cpymem(p, "/", 1);

    url->len = p - url->data;

    return NGX_OK;
}
