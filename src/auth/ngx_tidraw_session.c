
/*
 * Sessions: cookie in, cookie out, and the statements that go with them.
 * Owns nothing beyond the request; must never log or store a token.
 */


#include "ngx_tidraw_session.h"
#include "ngx_tidraw_origin.h"


static void ngx_tidraw_session_cookie_name(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_int_t ngx_tidraw_session_find(ngx_str_t *header, ngx_str_t *name,
    ngx_str_t *token);
static void ngx_tidraw_session_touched(ngx_tidraw_op_t *op);


ngx_int_t
ngx_tidraw_session_cookie(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_str_t  name;

    ngx_tidraw_session_cookie_name(r, &name);

    return ngx_tidraw_cookie_get(r, &name, token);
}


ngx_int_t
ngx_tidraw_cookie_get(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *token)
{
#if (nginx_version >= 1023000)
    ngx_table_elt_t   *h;
#else
    ngx_uint_t         i;
    ngx_table_elt_t  **h;
#endif

#if (nginx_version >= 1023000)

    for (h = r->headers_in.cookie; h != NULL; h = h->next) {
        if (ngx_tidraw_session_find(&h->value, name, token) == NGX_OK) {
            return NGX_OK;
        }
    }

#else

    h = r->headers_in.cookies.elts;

    for (i = 0; i < r->headers_in.cookies.nelts; i++) {
        if (ngx_tidraw_session_find(&h[i]->value, name, token) == NGX_OK) {
            return NGX_OK;
        }
    }

#endif

    return NGX_DECLINED;
}


ngx_int_t
ngx_tidraw_session_bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    size_t      len;
    ngx_str_t  *v, rest;

    if (r->headers_in.authorization == NULL) {
        return NGX_DECLINED;
    }

    v = &r->headers_in.authorization->value;
    len = sizeof("Bearer ") - 1;

    if (v->len != len + NGX_TIDRAW_BEARER_LEN
        || ngx_strncasecmp(v->data, (u_char *) "Bearer ", len) != 0
        || ngx_strncmp(v->data + len, NGX_TIDRAW_BEARER_PREFIX, 4) != 0)
    {
        return NGX_DECLINED;
    }

    token->data = v->data + len;
    token->len = NGX_TIDRAW_BEARER_LEN;

    rest.data = token->data + 4;
    rest.len = NGX_TIDRAW_TOKEN_LEN;

    return ngx_tidraw_token_valid(&rest, NGX_TIDRAW_TOKEN_LEN) ? NGX_OK
                                                               : NGX_DECLINED;
}


static void
ngx_tidraw_session_cookie_name(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_tidraw_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    /* only a cookie for the whole host may carry the prefix */

    if (tlcf->base.len == 1 && ngx_tidraw_origin_https(r)) {
        ngx_str_set(name, "__Host-tidraw_session");

    } else {
        ngx_str_set(name, "tidraw_session");
    }
}


/*
 * Browsers send the cookie of the longest path first: the first one of the
 * right form counts.
 */

static ngx_int_t
ngx_tidraw_session_find(ngx_str_t *header, ngx_str_t *name, ngx_str_t *token)
{
    u_char  *p, *last, *start, *end;

    p = header->data;
    last = header->data + header->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ';')) {
            p++;
        }

        start = p;

        while (p < last && *p != ';') {
            p++;
        }

        end = p;

        while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
            end--;
        }

        if ((size_t) (end - start) <= name->len
            || start[name->len] != '='
            || ngx_strncmp(start, name->data, name->len) != 0)
        {
            continue;
        }

        token->data = start + name->len + 1;
        token->len = end - token->data;

        if (ngx_tidraw_token_valid(token, NGX_TIDRAW_TOKEN_LEN)) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_tidraw_session_set_cookie(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_str_t  name;

    ngx_tidraw_session_cookie_name(r, &name);

    return ngx_tidraw_cookie_set(r, &name, token);
}


ngx_int_t
ngx_tidraw_cookie_set(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *token)
{
    u_char                 *p;
    size_t                  len;
    ngx_uint_t              https;
    ngx_table_elt_t        *h;
    ngx_tidraw_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    https = ngx_tidraw_origin_https(r);

    len = name->len + NGX_TIDRAW_TOKEN_LEN + tlcf->base.len + NGX_INT_T_LEN
          + sizeof("=; Path=; Max-Age=; HttpOnly; SameSite=Lax; Secure") - 1;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "Set-Cookie");
    h->value.data = p;

    p = ngx_sprintf(p, "%V=", name);

    if (token != NULL) {
        p = ngx_cpymem(p, token->data, token->len);
    }

    p = ngx_sprintf(p, "; Path=%V; Max-Age=%i; HttpOnly; SameSite=Lax%s",
                    &tlcf->base,
                    (ngx_int_t) (token ? NGX_TIDRAW_SESSION_IDLE : 0),
                    https ? "; Secure" : "");

    h->value.len = p - h->value.data;

    return NGX_OK;
}


void
ngx_tidraw_session_create(ngx_http_request_t *r, ngx_tidraw_op_t *op,
    ngx_str_t *user_id, u_char *token)
{
    u_char     hash[NGX_TIDRAW_HASH_LEN], agent[NGX_TIDRAW_SESSION_AGENT];
    u_char     id[NGX_TIDRAW_ID_LEN];
    int64_t    now;
    ngx_str_t  t, h, a, i;

    now = ngx_tidraw_now();

    if (ngx_tidraw_session_cookie(r, &t) == NGX_OK) {
        ngx_tidraw_token_hash(&t, hash);
        h.len = NGX_TIDRAW_HASH_LEN;
        h.data = hash;
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_DELETE, "s", &h);
    }

    ngx_tidraw_token_random(token);

    t.len = NGX_TIDRAW_TOKEN_LEN;
    t.data = token;
    ngx_tidraw_token_hash(&t, hash);

    h.len = NGX_TIDRAW_HASH_LEN;
    h.data = hash;

    ngx_tidraw_random_id(id, 16);
    i.len = NGX_TIDRAW_ID_LEN;
    i.data = id;

    ngx_tidraw_session_agent(r, agent, &a);

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSIONS_EXPIRE, "i", now);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_PUT, "sssiiss", &h,
                              &i, user_id, now,
                              now + (int64_t) NGX_TIDRAW_SESSION_IDLE * 1000,
                              &a, &r->connection->addr_text);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSIONS_TRIM, "si", user_id,
                              (int64_t) NGX_TIDRAW_SESSION_MAX);
}


void
ngx_tidraw_session_agent(ngx_http_request_t *r, u_char *buf, ngx_str_t *agent)
{
    u_char     *p;
    size_t      i;
    ngx_str_t  *s;

    ngx_str_null(agent);

    if (r->headers_in.user_agent == NULL) {
        return;
    }

    s = &r->headers_in.user_agent->value;
    p = buf;

    /* plain characters only: a database refuses broken UTF-8 */

    for (i = 0; i < s->len && i < NGX_TIDRAW_SESSION_AGENT; i++) {
        *p++ = (s->data[i] >= 0x20 && s->data[i] < 0x7f) ? s->data[i] : '?';
    }

    agent->len = i;
    agent->data = buf;
}


void
ngx_tidraw_session_touch(ngx_tidraw_site_t *site, ngx_str_t *hash)
{
    int64_t           now;
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_op_create(site->store, 1);
    if (op == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    if (ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_TOUCH, "sii", hash, now,
                           now + (int64_t) NGX_TIDRAW_SESSION_IDLE * 1000)
        != NGX_OK
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_SEEN, "si", hash, now)
           != NGX_OK)
    {
        ngx_tidraw_op_free(op);
        return;
    }

    ngx_tidraw_op_run(op, ngx_tidraw_session_touched, NULL);
}


/* When it failed, the next request tries again. */

static void
ngx_tidraw_session_touched(ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_log(NGX_LOG_INFO, ngx_cycle->log, 0,
                       "session_not_prolonged", "code=%i", op->rc);
    }
}
