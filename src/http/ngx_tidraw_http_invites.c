
/*
 * Invitations to a board: valid for 7 days, once, for one e-mail or for
 * whoever has the token.  The token follows from the id and the secret of the
 * site, as that of a link.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_control.h"
#include "ngx_tidraw_mail.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_INVITES_MAX      100      /* open ones of a board */
#define NGX_TIDRAW_INVITE_LIFE      (7 * 24 * 3600 * (int64_t) 1000)


typedef struct {
    u_char               id[NGX_TIDRAW_ID_LEN];
    ngx_tidraw_role_e    role;
    ngx_str_t            email;
    int64_t              created;

    ngx_tidraw_mail_t    mail;           /* when there is an e-mail */
    ngx_str_t            link;
    ngx_str_t            locale;
    ngx_str_t            board;
} ngx_tidraw_invite_t;


/* On its way to be accepted. */

typedef struct {
    u_char               hash[NGX_TIDRAW_HASH_LEN];
    u_char               room[NGX_TIDRAW_ID_LEN];
    int64_t              num;
    ngx_tidraw_role_e    role;
} ngx_tidraw_accept_t;


static void ngx_tidraw_invites_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_invite_row(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);
static void ngx_tidraw_invite_facts(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_invite_store(ngx_tidraw_call_t *call);
static ngx_int_t ngx_tidraw_invite_mail(ngx_tidraw_call_t *call,
    ngx_str_t *token);
static void ngx_tidraw_invite_created(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_invite_deleted(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_invite_shown(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_invite_valid(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_invite_found(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_invite_membership(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_invite_used(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_invite(ngx_tidraw_call_t *call, ngx_str_t *id,
    ngx_str_t *role, ngx_str_t *email, int64_t created, int64_t expires);


void
ngx_tidraw_http_invites_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_LIST, "ii",
                              call->room, ngx_tidraw_now());

    ngx_tidraw_call_run(call, op, ngx_tidraw_invites_listed);
}


static void
ngx_tidraw_invites_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_tidraw_call_answer_rows(call, op, "invites", ngx_tidraw_invite_row);
}


static void
ngx_tidraw_invite_row(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res,
    ngx_uint_t row)
{
    ngx_str_t  id, role, email;

    id = ngx_tidraw_cell_str(res, row, 0);
    role = ngx_tidraw_cell_str(res, row, 1);
    email = ngx_tidraw_cell_str(res, row, 2);

    ngx_tidraw_json_invite(call, &id, &role, &email,
                           ngx_tidraw_cell_int(res, row, 3),
                           ngx_tidraw_cell_int(res, row, 4));
}


void
ngx_tidraw_http_invites_create(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t      *op;
    ngx_tidraw_invite_t  *invite;

    invite = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_invite_t));
    if (invite == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = invite;

    if (ngx_tidraw_field_role(call, NGX_TIDRAW_ROLE_OWNER, &invite->role)
        != NGX_OK
        || ngx_tidraw_field_email(call, "email", 1, &invite->email)
           == NGX_ERROR)
    {
        return;
    }

    if (invite->email.len == 0) {
        ngx_tidraw_invite_store(call);
        return;
    }

    if (ngx_tidraw_call_throttled(call, NGX_TIDRAW_THROTTLE_INVITE,
                                  &call->user_id))
    {
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_FACTS, "iss",
                              call->room, &call->user_id, &invite->email);

    ngx_tidraw_call_run(call, op, ngx_tidraw_invite_facts);
}


/* The mail is in the language of who gets it, or else of who invites. */

static void
ngx_tidraw_invite_facts(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             board, locale;
    ngx_tidraw_invite_t  *invite;

    invite = call->state;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such board.");
        return;
    }

    board = ngx_tidraw_cell_str(op->results, 0, 0);
    locale = ngx_tidraw_cell_str(op->results, 0, 2);

    if (locale.len == 0) {
        locale = ngx_tidraw_cell_str(op->results, 0, 1);
    }

    if (ngx_tidraw_call_copy(call, &invite->board, &board) != NGX_OK
        || ngx_tidraw_call_copy(call, &invite->locale, &locale) != NGX_OK)
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_invite_store(call);
}


static void
ngx_tidraw_invite_store(ngx_tidraw_call_t *call)
{
    u_char                hash[NGX_TIDRAW_HASH_LEN];
    u_char                token[NGX_TIDRAW_TOKEN_LEN];
    int64_t               max;
    ngx_str_t             i, t, h;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_invite_t  *invite;

    invite = call->state;

    invite->created = ngx_tidraw_now();
    ngx_tidraw_random_id(invite->id, 16);

    i.len = sizeof(invite->id);
    i.data = invite->id;
    ngx_tidraw_token_derive(call->site, "invite:", &i, token);

    t.len = sizeof(token);
    t.data = token;
    ngx_tidraw_token_hash(&t, hash);

    h.len = sizeof(hash);
    h.data = hash;

    if (invite->email.len && ngx_tidraw_invite_mail(call, &t) != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    max = NGX_TIDRAW_INVITES_MAX;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_LOCK, "i", call->room);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_CREATE, "sissssiii",
                              &i, call->room, &h,
                              ngx_tidraw_role_name(invite->role),
                              &invite->email, &call->user_id, invite->created,
                              invite->created + NGX_TIDRAW_INVITE_LIFE, max);

    if (invite->email.len) {
        ngx_tidraw_mail_step(call->site, op, &invite->mail);
    }

    ngx_tidraw_call_run(call, op, ngx_tidraw_invite_created);
}


static ngx_int_t
ngx_tidraw_invite_mail(ngx_tidraw_call_t *call, ngx_str_t *token)
{
    ngx_str_t             url;
    ngx_tidraw_mail_t    *mail;
    ngx_tidraw_invite_t  *invite;

    invite = call->state;

    if (ngx_tidraw_call_url(call, &url) != NGX_OK) {
        return NGX_ERROR;
    }

    invite->link.data = ngx_pnalloc(call->request->pool,
                                    url.len + sizeof("invite/") + token->len);

    if (invite->link.data == NULL) {
        return NGX_ERROR;
    }

    invite->link.len = ngx_sprintf(invite->link.data, "%Vinvite/%V", &url,
                                   token)
                       - invite->link.data;

    mail = &invite->mail;

    mail->kind = NGX_TIDRAW_MAIL_INVITE;
    mail->to = &invite->email;
    mail->locale = &invite->locale;
    mail->from = &call->user_name;
    mail->board = &invite->board;
    mail->link = &invite->link;

    return NGX_OK;
}


static void
ngx_tidraw_invite_created(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             id;
    ngx_tidraw_invite_t  *invite;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The board has too many open invitations.");
        return;
    }

    invite = call->state;

    if (invite->email.len) {
        ngx_tidraw_mail_stored(call->site, op, &invite->mail);
    }

    id.len = sizeof(invite->id);
    id.data = invite->id;

    ngx_tidraw_json_invite(call, &id, ngx_tidraw_role_name(invite->role),
                           &invite->email, invite->created,
                           invite->created + NGX_TIDRAW_INVITE_LIFE);

    ngx_tidraw_call_answer(call, NGX_HTTP_CREATED);
}


void
ngx_tidraw_http_invite_delete(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_DELETE, "is",
                              call->room, &call->params[1]);

    ngx_tidraw_call_run(call, op, ngx_tidraw_invite_deleted);
}


static void
ngx_tidraw_invite_deleted(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such invitation.");
        return;
    }

    ngx_tidraw_call_answer(call, NGX_HTTP_NO_CONTENT);
}


void
ngx_tidraw_http_invite_get(ngx_tidraw_call_t *call)
{
    u_char            hash[NGX_TIDRAW_HASH_LEN];
    ngx_str_t         h;
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    ngx_tidraw_token_hash(&call->params[0], hash);
    h.len = sizeof(hash);
    h.data = hash;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_GET, "s", &h);

    ngx_tidraw_call_run(call, op, ngx_tidraw_invite_shown);
}


static void
ngx_tidraw_invite_shown(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t             *b;
    ngx_tidraw_result_t  *res;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    res = op->results;

    if (ngx_tidraw_invite_valid(call, res) != NGX_OK) {
        return;
    }

    b = &call->out;

    td_buf_lit(b, "{\"room\":{\"id\":");
    ngx_tidraw_json_cell(b, res, 0, 0);
    td_buf_lit(b, ",\"name\":");
    ngx_tidraw_json_cell(b, res, 0, 1);
    td_buf_lit(b, "},\"role\":");
    ngx_tidraw_json_cell(b, res, 0, 3);
    td_buf_lit(b, ",\"inviter\":");
    ngx_tidraw_json_person(b, res, 0, 7);
    td_buf_lit(b, ",\"email\":");
    ngx_tidraw_json_cell(b, res, 0, 4);
    td_buf_char(b, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


/* NGX_OK, or it has answered. */

static ngx_int_t
ngx_tidraw_invite_valid(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res)
{
    if (res->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_NOT_FOUND,
                              "There is no such invitation.");
        return NGX_DECLINED;
    }

    if (ngx_tidraw_cell_str(res, 0, 6).len != 0
        || ngx_tidraw_cell_int(res, 0, 5) <= ngx_tidraw_now())
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_GONE, NULL);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


void
ngx_tidraw_http_invite_accept(ngx_tidraw_call_t *call)
{
    ngx_str_t             h;
    ngx_tidraw_op_t      *op;
    ngx_tidraw_accept_t  *accept;

    accept = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_accept_t));
    if (accept == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    call->state = accept;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    ngx_tidraw_token_hash(&call->params[0], accept->hash);
    h.len = sizeof(accept->hash);
    h.data = accept->hash;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_INVITE_GET, "s", &h);

    ngx_tidraw_call_run(call, op, ngx_tidraw_invite_found);
}


static void
ngx_tidraw_invite_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             s;
    ngx_tidraw_op_t      *next;
    ngx_tidraw_accept_t  *accept;
    ngx_tidraw_result_t  *res;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    accept = call->state;
    res = op->results;

    if (ngx_tidraw_invite_valid(call, res) != NGX_OK) {
        return;
    }

    s = ngx_tidraw_cell_str(res, 0, 4);

    if (s.len != 0
        && (s.len != call->user_email.len
            || ngx_memcmp(s.data, call->user_email.data, s.len) != 0))
    {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_FORBIDDEN,
                              "The invitation is for another e-mail.");
        return;
    }

    s = ngx_tidraw_cell_str(res, 0, 0);
    ngx_memcpy(accept->room, s.data, ngx_min(s.len, sizeof(accept->room)));

    accept->num = ngx_tidraw_cell_int(res, 0, 2);
    s = ngx_tidraw_cell_str(res, 0, 3);
    accept->role = ngx_tidraw_role_parse(&s);

    next = ngx_tidraw_call_op(call, 0);
    if (next == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(next, NGX_TIDRAW_STMT_MEMBER_GET, "is",
                              accept->num, &call->user_id);

    ngx_tidraw_call_run(call, next, ngx_tidraw_invite_membership);
}


/* Whoever is a member of at least that role leaves it for somebody else. */

static void
ngx_tidraw_invite_membership(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    int64_t               now;
    ngx_str_t             h, s, room;
    ngx_tidraw_op_t      *next;
    ngx_tidraw_role_e     role;
    ngx_tidraw_accept_t  *accept;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    accept = call->state;

    if (op->results->nrows != 0) {
        s = ngx_tidraw_cell_str(op->results, 0, 4);
        role = ngx_tidraw_role_parse(&s);

        if (role >= accept->role) {
            ngx_tidraw_call_answer_room(call, accept->num, role, NGX_HTTP_OK);
            return;
        }
    }

    next = ngx_tidraw_call_op(call, 1);
    if (next == NULL) {
        return;
    }

    now = ngx_tidraw_now();

    h.len = sizeof(accept->hash);
    h.data = accept->hash;

    (void) ngx_tidraw_op_step(next, NGX_TIDRAW_STMT_ROOM_LOCK, "i",
                              accept->num);
    (void) ngx_tidraw_op_step(next, NGX_TIDRAW_STMT_INVITE_USE, "sis", &h, now,
                              &call->user_id);
    (void) ngx_tidraw_op_step(next, NGX_TIDRAW_STMT_MEMBER_JOIN, "issi",
                              accept->num, &call->user_id,
                              ngx_tidraw_role_name(accept->role), now);

    room.len = sizeof(accept->room);
    room.data = accept->room;

    ngx_tidraw_control_note(next, NGX_TIDRAW_CONTROL_MEMBER, &room,
                            &call->user_id);

    ngx_tidraw_call_run(call, next, ngx_tidraw_invite_used);
}


static void
ngx_tidraw_invite_used(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t             room;
    ngx_tidraw_accept_t  *accept;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_GONE, NULL);
        return;
    }

    accept = call->state;

    room.len = sizeof(accept->room);
    room.data = accept->room;

    ngx_tidraw_control_give(call->site, NGX_TIDRAW_CONTROL_MEMBER, &room,
                            &call->user_id);

    ngx_tidraw_call_answer_room(call, accept->num, accept->role, NGX_HTTP_OK);
}


static void
ngx_tidraw_json_invite(ngx_tidraw_call_t *call, ngx_str_t *id,
    ngx_str_t *role, ngx_str_t *email, int64_t created, int64_t expires)
{
    u_char      token[NGX_TIDRAW_TOKEN_LEN];
    td_buf_t   *b;
    ngx_str_t   t;

    ngx_tidraw_token_derive(call->site, "invite:", id, token);

    t.len = sizeof(token);
    t.data = token;

    b = &call->out;

    td_buf_lit(b, "{\"id\":");
    ngx_tidraw_json_str(b, id);
    td_buf_lit(b, ",\"role\":");
    ngx_tidraw_json_str(b, role);
    td_buf_lit(b, ",\"email\":");

    if (email->len != 0) {
        ngx_tidraw_json_str(b, email);
    } else {
        td_buf_lit(b, "null");
    }

    td_buf_lit(b, ",\"token\":");
    ngx_tidraw_json_str(b, &t);
    td_buf_lit(b, ",\"created_at\":");
    ngx_tidraw_json_int(b, created);
    td_buf_lit(b, ",\"expires_at\":");
    ngx_tidraw_json_int(b, expires);
    td_buf_char(b, '}');
}
