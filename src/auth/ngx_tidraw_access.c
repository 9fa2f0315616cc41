
/*
 * Credentials of a request to identity and role: the session cookie or API
 * token, the membership, the link.  One transaction, one answer.  Denies by
 * default; must never take a role from anything but the database.
 */


#include "ngx_tidraw_access.h"
#include "ngx_tidraw_session.h"

#include <sodium.h>


typedef struct {
    ngx_tidraw_access_t   access;      /* must be first */

    ngx_event_t           event;       /* answers without the database */
    ngx_connection_t      dummy;       /* the event's data */

    unsigned              session:1;   /* steps of the operation */
    unsigned              room:1;
    unsigned              link:1;

    u_char                hash[NGX_TIDRAW_HASH_LEN];
    u_char                link_hash[NGX_TIDRAW_HASH_LEN
                                    + NGX_TIDRAW_TOKEN_LEN];
} ngx_tidraw_access_ctx_t;


static ngx_tidraw_access_ctx_t *ngx_tidraw_access_create(ngx_pool_t *pool,
    ngx_tidraw_site_t *site, ngx_str_t *login, ngx_str_t *link);
static void ngx_tidraw_access_steps(ngx_tidraw_access_ctx_t *ctx,
    ngx_tidraw_op_t *op, ngx_str_t *room_id);
static void ngx_tidraw_access_posted(ngx_event_t *ev);
static void ngx_tidraw_access_done(ngx_tidraw_op_t *op);
static void ngx_tidraw_access_user(ngx_tidraw_access_ctx_t *ctx,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_access_room(ngx_tidraw_access_ctx_t *ctx,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_access_link(ngx_tidraw_access_ctx_t *ctx,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_access_finish(ngx_tidraw_access_ctx_t *ctx);


static ngx_str_t  ngx_tidraw_role_names[] = {
    ngx_null_string,
    ngx_string("viewer"),
    ngx_string("editor"),
    ngx_string("owner")
};


ngx_tidraw_access_t *
ngx_tidraw_access_check(ngx_http_request_t *r, ngx_str_t *room_id,
    ngx_tidraw_access_pt handler, void *data)
{
    u_char                    hash[NGX_TIDRAW_HASH_LEN];
    u_char                    name[NGX_TIDRAW_UNLOCK_NAME];
    u_char                    link_hash[NGX_TIDRAW_HASH_LEN
                                        + NGX_TIDRAW_TOKEN_LEN];
    ngx_str_t                 token, login, link, cookie;
    ngx_pool_t               *pool;
    ngx_tidraw_op_t          *op;
    ngx_tidraw_loc_conf_t    *tlcf;
    ngx_tidraw_access_ctx_t  *ctx;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    ngx_str_null(&login);
    ngx_str_null(&link);

    /* whoever shows a token is its holder, or nobody, whatever the cookie */

    if (ngx_tidraw_session_bearer(r, &token) == NGX_OK
        || ngx_tidraw_session_cookie(r, &token) == NGX_OK)
    {
        ngx_tidraw_token_hash(&token, hash);
        login.len = NGX_TIDRAW_HASH_LEN;
        login.data = hash;
    }

    if (room_id != NULL
        && ngx_http_arg(r, (u_char *) "link", 4, &token) == NGX_OK
        && ngx_tidraw_token_valid(&token, NGX_TIDRAW_TOKEN_LEN))
    {
        ngx_tidraw_token_hash(&token, link_hash);
        link.len = NGX_TIDRAW_HASH_LEN;
        link.data = link_hash;

        ngx_tidraw_unlock_name(&link, name);
        cookie.len = NGX_TIDRAW_UNLOCK_NAME;
        cookie.data = name;

        if (ngx_tidraw_cookie_get(r, &cookie, &token) == NGX_OK) {
            ngx_memcpy(link_hash + NGX_TIDRAW_HASH_LEN, token.data,
                       NGX_TIDRAW_TOKEN_LEN);
            link.len += NGX_TIDRAW_TOKEN_LEN;
        }
    }

    pool = ngx_create_pool(1024, tlcf->site->log);
    if (pool == NULL) {
        return NULL;
    }

    ctx = ngx_tidraw_access_create(pool, tlcf->site, &login, &link);
    if (ctx == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ctx->access.handler = handler;
    ctx->access.data = data;

    if (!ctx->session && !ctx->link) {
        ctx->dummy.fd = (ngx_socket_t) -1;
        ctx->dummy.data = ctx;

        ctx->event.data = &ctx->dummy;
        ctx->event.handler = ngx_tidraw_access_posted;
        ctx->event.log = tlcf->site->log;

        ngx_post_event(&ctx->event, &ngx_posted_events);

        return &ctx->access;
    }

    op = ngx_tidraw_op_create(tlcf->site->store, 0);
    if (op == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ngx_tidraw_access_steps(ctx, op, room_id);

    ctx->access.op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_access_done, ctx);

    return &ctx->access;
}


ngx_tidraw_access_t *
ngx_tidraw_access_ask(ngx_tidraw_op_t *op, ngx_tidraw_site_t *site,
    ngx_str_t *login, ngx_str_t *link, ngx_str_t *room_id)
{
    ngx_tidraw_access_ctx_t  *ctx;

    ctx = ngx_tidraw_access_create(op->pool, site, login, link);
    if (ctx == NULL) {
        return NULL;
    }

    ngx_tidraw_access_steps(ctx, op, room_id);

    return &ctx->access;
}


static ngx_tidraw_access_ctx_t *
ngx_tidraw_access_create(ngx_pool_t *pool, ngx_tidraw_site_t *site,
    ngx_str_t *login, ngx_str_t *link)
{
    ngx_tidraw_access_ctx_t  *ctx;

    ctx = ngx_pcalloc(pool, sizeof(ngx_tidraw_access_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->access.status = NGX_TIDRAW_ACCESS_NOT_AUTHENTICATED;
    ctx->access.scopes = NGX_TIDRAW_SCOPE_ALL;
    ctx->access.site = site;
    ctx->access.pool = pool;

    if (login->len == NGX_TIDRAW_HASH_LEN) {
        ngx_memcpy(ctx->hash, login->data, NGX_TIDRAW_HASH_LEN);
        ctx->session = 1;
    }

    if (link->len == NGX_TIDRAW_HASH_LEN
        || link->len == sizeof(ctx->link_hash))
    {
        ngx_memcpy(ctx->link_hash, link->data, link->len);
        ctx->access.link_hash.len = link->len;
        ctx->access.link_hash.data = ctx->link_hash;
        ctx->link = 1;
    }

    return ctx;
}


static void
ngx_tidraw_access_steps(ngx_tidraw_access_ctx_t *ctx, ngx_tidraw_op_t *op,
    ngx_str_t *room_id)
{
    int64_t    now;
    ngx_str_t  login, link;

    now = ngx_tidraw_now();

    ngx_str_null(&login);

    if (ctx->session) {
        login.len = NGX_TIDRAW_HASH_LEN;
        login.data = ctx->hash;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SESSION_GET, "si",
                                  &login, now);
    }

    if (room_id != NULL) {
        ctx->room = 1;
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ACCESS_ROOM, "ssi",
                                  room_id, &login, now);
    }

    if (ctx->link) {
        link.len = NGX_TIDRAW_HASH_LEN;
        link.data = ctx->link_hash;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ACCESS_LINK, "ss",
                                  room_id, &link);
    }
}


void
ngx_tidraw_access_cancel(ngx_tidraw_access_t *access)
{
    ngx_tidraw_access_ctx_t  *ctx;

    ctx = (ngx_tidraw_access_ctx_t *) access;

    if (access->op != NULL) {
        ngx_tidraw_op_cancel(access->op);

    } else if (ctx->event.posted) {
        ngx_delete_posted_event(&ctx->event);
    }

    ngx_destroy_pool(access->pool);
}


static void
ngx_tidraw_access_posted(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_tidraw_access_finish(c->data);
}


static void
ngx_tidraw_access_done(ngx_tidraw_op_t *op)
{
    ngx_tidraw_access_ctx_t  *ctx;

    ctx = op->data;

    ctx->access.op = NULL;

    if (op->rc == NGX_OK) {
        (void) ngx_tidraw_access_read(&ctx->access, op->results);

    } else {
        ctx->access.status = NGX_TIDRAW_ACCESS_AWAY;
    }

    ngx_tidraw_access_finish(ctx);
}


ngx_tidraw_result_t *
ngx_tidraw_access_read(ngx_tidraw_access_t *access, ngx_tidraw_result_t *res)
{
    ngx_tidraw_access_ctx_t  *ctx;

    ctx = (ngx_tidraw_access_ctx_t *) access;

    if (ctx->session) {
        ngx_tidraw_access_user(ctx, res++);
    }

    if (ctx->room) {
        ngx_tidraw_access_room(ctx, res++);
    }

    if (ctx->link) {
        ngx_tidraw_access_link(ctx, res++);
    }

    if (!(access->scopes & NGX_TIDRAW_SCOPE_READ)) {
        access->role = NGX_TIDRAW_ROLE_NONE;

    } else if (!(access->scopes & NGX_TIDRAW_SCOPE_WRITE)
               && access->role > NGX_TIDRAW_ROLE_VIEWER)
    {
        access->role = NGX_TIDRAW_ROLE_VIEWER;
    }

    if (access->status == NGX_TIDRAW_ACCESS_AWAY) {
        /* out of memory for what was found */

    } else if (access->user_id.len == 0 && access->link_id.len == 0) {
        access->status = NGX_TIDRAW_ACCESS_NOT_AUTHENTICATED;

    } else if (!ctx->room) {
        access->status = NGX_TIDRAW_ACCESS_OK;

    } else if (access->room_num == 0 || access->in_bin) {
        access->status = NGX_TIDRAW_ACCESS_NOT_FOUND;

    } else if (access->role == NGX_TIDRAW_ROLE_NONE) {
        access->status = NGX_TIDRAW_ACCESS_FORBIDDEN;

    } else {
        access->status = NGX_TIDRAW_ACCESS_OK;
    }

    return res;
}


static void
ngx_tidraw_access_user(ngx_tidraw_access_ctx_t *ctx, ngx_tidraw_result_t *res)
{
    ngx_str_t             s;
    ngx_uint_t            i;
    ngx_tidraw_access_t  *access;

    access = &ctx->access;

    ngx_str_t  *fields[] = { &access->user_id, &access->user_name,
                             &access->user_email, &access->user_color };

    if (res->nrows == 0) {
        return;
    }

    for (i = 0; i < 4; i++) {
        s = ngx_tidraw_cell_str(res, 0, i);

        fields[i]->len = s.len;
        fields[i]->data = ngx_pstrdup(access->pool, &s);

        if (fields[i]->data == NULL) {
            access->status = NGX_TIDRAW_ACCESS_AWAY;
            return;
        }
    }

    if (ngx_tidraw_cell_str(res, 0, 7).len != 0) {
        access->scopes = ngx_tidraw_cell_int(res, 0, 7)
                         & (NGX_TIDRAW_SCOPE_READ|NGX_TIDRAW_SCOPE_WRITE
                            |NGX_TIDRAW_SCOPE_ADMIN);

        /* who may change something may look at it */

        if (access->scopes & NGX_TIDRAW_SCOPE_WRITE) {
            access->scopes |= NGX_TIDRAW_SCOPE_READ;
        }
    }

    s = ngx_tidraw_cell_str(res, 0, 4);
    access->admin = s.len == 5 && ngx_strncmp(s.data, "admin", 5) == 0;
    access->user_created = ngx_tidraw_cell_int(res, 0, 5);

    access->session_hash.len = NGX_TIDRAW_HASH_LEN;
    access->session_hash.data = ctx->hash;

    if (ngx_tidraw_now() - ngx_tidraw_cell_int(res, 0, 6)
        > NGX_TIDRAW_SESSION_TOUCH)
    {
        access->touched = access->scopes == NGX_TIDRAW_SCOPE_ALL;
        ngx_tidraw_session_touch(access->site, &access->session_hash);
    }
}


static void
ngx_tidraw_access_room(ngx_tidraw_access_ctx_t *ctx, ngx_tidraw_result_t *res)
{
    ngx_str_t             role;
    ngx_tidraw_access_t  *access;

    access = &ctx->access;

    if (res->nrows == 0) {
        return;
    }

    access->room_num = ngx_tidraw_cell_int(res, 0, 0);
    access->in_bin = ngx_tidraw_cell_str(res, 0, 1).data != NULL
                     && ngx_tidraw_cell_str(res, 0, 1).len != 0;

    role = ngx_tidraw_cell_str(res, 0, 2);
    access->member_role = ngx_tidraw_role_parse(&role);
    access->role = access->member_role;
    access->opened_at = ngx_tidraw_cell_int(res, 0, 3);
}


static void
ngx_tidraw_access_link(ngx_tidraw_access_ctx_t *ctx, ngx_tidraw_result_t *res)
{
    u_char                proof[NGX_TIDRAW_TOKEN_LEN];
    ngx_str_t             s;
    ngx_tidraw_role_e     role;
    ngx_tidraw_access_t  *access;

    access = &ctx->access;

    if (res->nrows == 0) {
        return;
    }

    s = ngx_tidraw_cell_str(res, 0, 2);

    if (s.len != 0 && ngx_tidraw_cell_int(res, 0, 2) <= ngx_tidraw_now()) {
        access->link_expired = 1;
        return;
    }

    s = ngx_tidraw_cell_str(res, 0, 3);

    if (s.len != 0) {
        ngx_tidraw_unlock_proof(access->site, &s, proof);

        if (access->link_hash.len != sizeof(ctx->link_hash)
            || sodium_memcmp(proof, ctx->link_hash + NGX_TIDRAW_HASH_LEN,
                             NGX_TIDRAW_TOKEN_LEN)
               != 0)
        {
            access->link_locked = 1;
            return;
        }
    }

    s = ngx_tidraw_cell_str(res, 0, 1);
    role = ngx_tidraw_role_parse(&s);

    /* a link never makes an owner, whatever stands in the row */

    if (role == NGX_TIDRAW_ROLE_NONE || role >= NGX_TIDRAW_ROLE_OWNER) {
        return;
    }

    s = ngx_tidraw_cell_str(res, 0, 0);

    access->link_id.data = ngx_pstrdup(access->pool, &s);

    if (access->link_id.data == NULL) {
        access->status = NGX_TIDRAW_ACCESS_AWAY;
        return;
    }

    access->link_id.len = s.len;
    access->link_expires = ngx_tidraw_cell_int(res, 0, 2);

    if (role > access->role) {
        access->role = role;
    }
}


static void
ngx_tidraw_access_finish(ngx_tidraw_access_ctx_t *ctx)
{
    ngx_pool_t  *pool;

    pool = ctx->access.pool;

    ctx->access.handler(&ctx->access);

    ngx_destroy_pool(pool);
}


void
ngx_tidraw_unlock_proof(ngx_tidraw_site_t *site, ngx_str_t *password_hash,
    u_char *dst)
{
    ngx_tidraw_token_derive(site, "unlock:", password_hash, dst);
}


void
ngx_tidraw_unlock_name(ngx_str_t *link_hash, u_char *dst)
{
    dst = ngx_cpymem(dst, "tidraw_unlock_", sizeof("tidraw_unlock_") - 1);
    ngx_memcpy(dst, link_hash->data,
               NGX_TIDRAW_UNLOCK_NAME - (sizeof("tidraw_unlock_") - 1));
}


ngx_tidraw_role_e
ngx_tidraw_role_parse(ngx_str_t *name)
{
    ngx_uint_t  i;

    for (i = NGX_TIDRAW_ROLE_VIEWER; i <= NGX_TIDRAW_ROLE_OWNER; i++) {

        if (name->len == ngx_tidraw_role_names[i].len
            && ngx_strncmp(name->data, ngx_tidraw_role_names[i].data,
                           name->len)
               == 0)
        {
            return (ngx_tidraw_role_e) i;
        }
    }

    return NGX_TIDRAW_ROLE_NONE;
}


ngx_str_t *
ngx_tidraw_role_name(ngx_tidraw_role_e role)
{
    return &ngx_tidraw_role_names[role];
}
