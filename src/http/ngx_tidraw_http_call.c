
/*
 * The life of a call: who makes it, whether he may, and waiting for the
 * database and for passwords.
 *
 * A call lives in the pool of its request and holds one count of it from
 * start to answer.  It denies by default.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_http_import.h"
#include "ngx_tidraw_session.h"


#define NGX_TIDRAW_CALL_TIMEOUT   30000


typedef struct {
    ngx_tidraw_call_t    call;
    ngx_connection_t     dummy;      /* the timer's data: nginx's debug log
                                        looks at it */
} ngx_tidraw_call_ctx_t;


static void ngx_tidraw_call_cleanup(void *data);
static void ngx_tidraw_call_accessed(ngx_tidraw_access_t *access);
static ngx_int_t ngx_tidraw_call_identify(ngx_tidraw_call_t *call,
    ngx_tidraw_access_t *access);
static ngx_int_t ngx_tidraw_call_permit(ngx_tidraw_call_t *call,
    ngx_tidraw_access_t *access);
static ngx_int_t ngx_tidraw_call_prolong(ngx_tidraw_call_t *call);
static void ngx_tidraw_call_handle(ngx_tidraw_call_t *call);
static void ngx_tidraw_call_timeout(ngx_event_t *ev);
static void ngx_tidraw_call_op_done(ngx_tidraw_op_t *op);
static void ngx_tidraw_call_password_done(ngx_tidraw_password_t *job);
static void ngx_tidraw_call_replay_done(ngx_tidraw_replay_t *replay);
static void ngx_tidraw_call_enter(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op, ngx_tidraw_activity_t *a);


ngx_tidraw_call_t *
ngx_tidraw_call_create(ngx_http_request_t *r, ngx_tidraw_route_t *route,
    ngx_str_t *params)
{
    ngx_tidraw_call_t      *call;
    ngx_http_cleanup_t     *cln;
    ngx_tidraw_call_ctx_t  *ctx;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_tidraw_call_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_tidraw_call_ctx_t));

    call = &ctx->call;
    cln->handler = ngx_tidraw_call_cleanup;

    call->request = r;
    call->conf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);
    call->site = call->conf->site;
    call->route = route;
    call->params[0] = params[0];
    call->params[1] = params[1];

    ctx->dummy.fd = (ngx_socket_t) -1;
    ctx->dummy.data = call;

    call->timer.data = &ctx->dummy;
    call->timer.handler = ngx_tidraw_call_timeout;
    call->timer.log = r->connection->log;

    ngx_http_set_ctx(r, call, ngx_tidraw_module);

    return call;
}


void
ngx_tidraw_call_detach(ngx_tidraw_call_t *call)
{
    if (call->access != NULL) {
        ngx_tidraw_access_cancel(call->access);
        call->access = NULL;
    }

    if (call->op != NULL) {
        ngx_tidraw_op_cancel(call->op);
        call->op = NULL;
    }

    if (call->password != NULL) {
        ngx_tidraw_password_cancel(call->password);
        call->password = NULL;
    }

    if (call->replay != NULL) {
        ngx_tidraw_replay_cancel(call->replay);
        call->replay = NULL;
    }

    if (call->import != NULL) {
        ngx_tidraw_import_cancel(call->import);
        call->import = NULL;
    }

    if (call->mail != NULL) {
        ngx_tidraw_smtp_cancel(call->mail);
        call->mail = NULL;
    }

    if (call->preview != NULL) {
        ngx_tidraw_preview_cancel(call->preview);
        call->preview = NULL;
    }

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }
}


/* The request ends, answered or not. */

static void
ngx_tidraw_call_cleanup(void *data)
{
    ngx_tidraw_call_t  *call = data;

    ngx_tidraw_call_detach(call);
    ngx_tidraw_call_release(call);

    if (call->route->body == NGX_TIDRAW_BODY_BOARD) {
        ngx_free(call->text);

    } else if (call->text != NULL) {
        sodium_memzero(call->text, call->length);
    }

    if (call->arena != NULL) {
        td_arena_destroy(call->arena);
        call->arena = NULL;
    }

    td_buf_free(&call->out);
    ngx_memzero(&call->out, sizeof(td_buf_t));
}


void
ngx_tidraw_call_start(ngx_tidraw_call_t *call)
{
    ngx_str_t  *room;

    switch (call->route->who) {

    case NGX_TIDRAW_WHO_ANYONE:
        ngx_tidraw_call_handle(call);
        return;

    case NGX_TIDRAW_WHO_ANYONE_KNOWN:
    case NGX_TIDRAW_WHO_SESSION:
    case NGX_TIDRAW_WHO_ADMIN:
        room = NULL;
        break;

    default:
        room = &call->params[0];
    }

    call->access = ngx_tidraw_access_check(call->request, room,
                                           ngx_tidraw_call_accessed, call);

    if (call->access == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_call_accessed(ngx_tidraw_access_t *access)
{
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    call = access->data;
    call->access = NULL;

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    if (ngx_tidraw_call_identify(call, access) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);

    } else if (ngx_tidraw_call_permit(call, access) == NGX_OK) {
        ngx_tidraw_call_handle(call);
    }

    ngx_http_run_posted_requests(c);
}


/* Copies what outlives the access check. */

static ngx_int_t
ngx_tidraw_call_identify(ngx_tidraw_call_t *call, ngx_tidraw_access_t *access)
{
    ngx_uint_t   i;
    ngx_str_t   *from[] = { &access->user_id, &access->user_name,
                            &access->user_email, &access->user_color,
                            &access->session_hash };
    ngx_str_t   *to[] = { &call->user_id, &call->user_name,
                          &call->user_email, &call->user_color,
                          &call->session_hash };

    for (i = 0; i < 5; i++) {
        to[i]->data = ngx_pstrdup(call->request->pool, from[i]);

        if (to[i]->data == NULL) {
            return NGX_ERROR;
        }

        to[i]->len = from[i]->len;
    }

    call->user_created = access->user_created;
    call->admin = access->admin;
    call->scopes = access->scopes;
    call->role = access->role;
    call->member = access->member_role;
    call->room = access->room_num;

    if (access->touched) {
        return ngx_tidraw_call_prolong(call);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_call_prolong(ngx_tidraw_call_t *call)
{
    ngx_str_t  token;

    if (ngx_tidraw_session_cookie(call->request, &token) != NGX_OK) {
        return NGX_OK;
    }

    return ngx_tidraw_session_set_cookie(call->request, &token);
}


/* NGX_OK: allowed; otherwise it has answered. */

static ngx_int_t
ngx_tidraw_call_permit(ngx_tidraw_call_t *call, ngx_tidraw_access_t *access)
{
    ngx_uint_t         known, allowed;
    ngx_tidraw_who_e   who;
    ngx_tidraw_role_e  role;

    who = call->route->who;
    role = access->role;
    known = access->user_id.len != 0;

    switch (access->status) {

    case NGX_TIDRAW_ACCESS_OK:
        break;

    case NGX_TIDRAW_ACCESS_NOT_AUTHENTICATED:

        if (who == NGX_TIDRAW_WHO_ANYONE_KNOWN) {
            return NGX_OK;
        }

        ngx_tidraw_call_error(call, access->link_expired
                                    ? NGX_TIDRAW_ERROR_GONE
                                    : access->link_locked
                                    ? NGX_TIDRAW_ERROR_LINK_PASSWORD
                                    : NGX_TIDRAW_ERROR_NOT_AUTHENTICATED,
                              NULL);
        return NGX_DECLINED;

    case NGX_TIDRAW_ACCESS_FORBIDDEN:
        ngx_tidraw_call_error(call, access->link_expired
                                    ? NGX_TIDRAW_ERROR_GONE
                                    : access->link_locked
                                    ? NGX_TIDRAW_ERROR_LINK_PASSWORD
                                    : NGX_TIDRAW_ERROR_FORBIDDEN, NULL);
        return NGX_DECLINED;

    case NGX_TIDRAW_ACCESS_NOT_FOUND:

        if (who == NGX_TIDRAW_WHO_OWNER_BIN && access->in_bin
            && access->member_role == NGX_TIDRAW_ROLE_OWNER)
        {
            break;
        }

        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return NGX_DECLINED;

    default: /* NGX_TIDRAW_ACCESS_AWAY */
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return NGX_DECLINED;
    }

    switch (who) {

    case NGX_TIDRAW_WHO_ANYONE_KNOWN:
        allowed = 1;
        break;

    case NGX_TIDRAW_WHO_SESSION:
        allowed = known;
        break;

    case NGX_TIDRAW_WHO_ADMIN:
        allowed = known && access->admin;
        break;

    case NGX_TIDRAW_WHO_VIEWER:
        allowed = role >= NGX_TIDRAW_ROLE_VIEWER;
        break;

    case NGX_TIDRAW_WHO_VIEWER_SESSION:
        allowed = known && role >= NGX_TIDRAW_ROLE_VIEWER;
        break;

    case NGX_TIDRAW_WHO_EDITOR:
        allowed = role >= NGX_TIDRAW_ROLE_EDITOR;
        break;

    case NGX_TIDRAW_WHO_EDITOR_MEMBER:
        allowed = access->member_role >= NGX_TIDRAW_ROLE_EDITOR;
        break;

    case NGX_TIDRAW_WHO_OWNER:
    case NGX_TIDRAW_WHO_OWNER_BIN:
        allowed = access->member_role == NGX_TIDRAW_ROLE_OWNER;
        break;

    case NGX_TIDRAW_WHO_OWNER_OR_SELF:
        allowed = access->member_role == NGX_TIDRAW_ROLE_OWNER
                  || (known
                      && call->params[1].len == call->user_id.len
                      && ngx_memcmp(call->params[1].data, call->user_id.data,
                                    call->user_id.len)
                         == 0);
        break;

    default: /* NGX_TIDRAW_WHO_NOBODY */
        allowed = 0;
    }

    if (!allowed) {
        ngx_tidraw_call_error(call, known ? NGX_TIDRAW_ERROR_FORBIDDEN
                                          : NGX_TIDRAW_ERROR_NOT_AUTHENTICATED,
                              NULL);
        return NGX_DECLINED;
    }

    if ((access->scopes & call->route->scope) != call->route->scope) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_FORBIDDEN,
                              "The token does not allow this.");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_tidraw_call_handle(ngx_tidraw_call_t *call)
{
    if (call->route->body == NGX_TIDRAW_BODY_JSON
        && ngx_tidraw_call_parse_body(call) != NGX_OK)
    {
        return;
    }

    call->route->handler(call);
}


/* While something is pending: notice a client that has gone, and time. */

void
ngx_tidraw_call_wait(ngx_tidraw_call_t *call)
{
    ngx_http_request_t  *r;

    r = call->request;

    /* a body that is being discarded has its own reader */

    if (!r->discard_body) {
        r->read_event_handler = ngx_http_test_reading;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (!call->timer.timer_set) {
        ngx_add_timer(&call->timer, NGX_TIDRAW_CALL_TIMEOUT);
    }
}


static void
ngx_tidraw_call_timeout(ngx_event_t *ev)
{
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    c = ev->data;
    call = c->data;
    ev->timedout = 0;

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    ngx_tidraw_log(NGX_LOG_WARN, c->log, 0, "call_timeout", "request=%V",
                   ngx_tidraw_request_ref(call->request));

    ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);

    ngx_http_run_posted_requests(c);
}


ngx_tidraw_op_t *
ngx_tidraw_call_op(ngx_tidraw_call_t *call, ngx_uint_t write)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_op_create(call->site->store, write);

    if (op == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
    }

    return op;
}


void
ngx_tidraw_call_run(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_call_op_pt handler)
{
    call->op = op;
    call->op_handler = handler;

    ngx_tidraw_op_run(op, ngx_tidraw_call_op_done, call);

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_call_op_done(ngx_tidraw_op_t *op)
{
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    call = op->data;
    call->op = NULL;

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    switch (op->rc) {

    case NGX_OK:
    case NGX_DECLINED:
    case NGX_TIDRAW_STORE_CONFLICT:
        call->op_handler(call, op);
        break;

    case NGX_TIDRAW_STORE_AWAY:
    case NGX_TIDRAW_STORE_FULL:
    case NGX_TIDRAW_STORE_UNKNOWN:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        break;

    default:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_tidraw_call_password(ngx_tidraw_call_t *call, ngx_str_t *password,
    ngx_uint_t verify, ngx_str_t *stored,
    ngx_tidraw_call_password_pt handler)
{
    ngx_tidraw_passwords_t  *pw;

    pw = call->site->auth->passwords;
    call->password_handler = handler;

    if (verify) {
        call->password = ngx_tidraw_password_verify(pw, password, stored,
                                          ngx_tidraw_call_password_done, call);
    } else {
        call->password = ngx_tidraw_password_hash(pw, password,
                                          ngx_tidraw_call_password_done, call);
    }

    sodium_memzero(password->data, password->len);

    if (call->password == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_call_password_done(ngx_tidraw_password_t *job)
{
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    call = job->data;
    call->password = NULL;

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    if (job->rc == NGX_ERROR) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);

    } else {
        call->password_handler(call, job);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_tidraw_call_replay(ngx_tidraw_call_t *call, uint64_t clock,
    ngx_uint_t what, ngx_tidraw_call_replay_pt handler)
{
    call->replay_handler = handler;
    call->replay = ngx_tidraw_replay(call->site, call->room, clock, what,
                                     ngx_tidraw_call_replay_done, call);

    if (call->replay == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        return;
    }

    ngx_tidraw_call_wait(call);
}


static void
ngx_tidraw_call_replay_done(ngx_tidraw_replay_t *replay)
{
    ngx_connection_t   *c;
    ngx_tidraw_call_t  *call;

    call = replay->data;
    call->replay = NULL;

    c = call->request->connection;
    ngx_http_set_log_request(c->log, call->request);

    switch (replay->rc) {

    case NGX_OK:
        call->replay_handler(call, replay);
        break;

    case NGX_DECLINED:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "Nothing is kept of that moment.");
        break;

    case NGX_TIDRAW_STORE_AWAY:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_UNAVAILABLE, NULL);
        break;

    default:
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_tidraw_call_activity(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *action, ngx_str_t *room, ngx_str_t *target)
{
    ngx_tidraw_activity_t  a;

    a.action = action;
    a.actor = call->user_id.len ? &call->user_id : NULL;
    a.actor_name = call->user_id.len ? &call->user_name : NULL;
    a.room = room;
    a.target = target;

    ngx_tidraw_call_enter(call, op, &a);
}


void
ngx_tidraw_call_activity_of(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *action, ngx_str_t *actor, ngx_str_t *actor_name,
    ngx_str_t *target)
{
    ngx_tidraw_activity_t  a;

    a.action = action;
    a.actor = actor;
    a.actor_name = actor_name;
    a.room = NULL;
    a.target = target;

    ngx_tidraw_call_enter(call, op, &a);
}


static void
ngx_tidraw_call_enter(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_activity_t *a)
{
    u_char     buf[NGX_TIDRAW_SESSION_AGENT];
    ngx_str_t  agent;

    ngx_tidraw_session_agent(call->request, buf, &agent);

    a->address = &call->request->connection->addr_text;
    a->agent = &agent;

    if (op != NULL) {
        ngx_tidraw_activity_step(op, a);

    } else {
        ngx_tidraw_activity_write(call->site, a);
    }
}
