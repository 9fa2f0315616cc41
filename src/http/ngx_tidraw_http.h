
/*
 * The HTTP API: one call is one request on its way through routing, body,
 * access check, resource handler and answer.
 */


#ifndef _NGX_TIDRAW_HTTP_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_access.h"
#include "ngx_tidraw_auth.h"
#include "ngx_tidraw_mail.h"
#include "ngx_tidraw_preview.h"
#include "ngx_tidraw_replay.h"
#include "ngx_tidraw_store.h"


#define NGX_TIDRAW_HTTP_MAX_BODY   65536
#define NGX_TIDRAW_HTTP_MAX_IMAGE  (256 * 1024)
#define NGX_TIDRAW_HTTP_MAX_DEPTH  16


/* The codes of failures; status and text stand in ngx_tidraw_http_answer.c. */

typedef enum {
    NGX_TIDRAW_ERROR_BAD_REQUEST = 0,
    NGX_TIDRAW_ERROR_WEAK_PASSWORD,
    NGX_TIDRAW_ERROR_NOT_AUTHENTICATED,
    NGX_TIDRAW_ERROR_INVALID_CREDENTIALS,
    NGX_TIDRAW_ERROR_LINK_PASSWORD,
    NGX_TIDRAW_ERROR_FORBIDDEN,
    NGX_TIDRAW_ERROR_BAD_ORIGIN,
    NGX_TIDRAW_ERROR_REGISTRATION_CLOSED,
    NGX_TIDRAW_ERROR_INVITE_REQUIRED,
    NGX_TIDRAW_ERROR_SETUP_CODE_REQUIRED,
    NGX_TIDRAW_ERROR_SETUP_CODE_INVALID,
    NGX_TIDRAW_ERROR_NOT_FOUND,
    NGX_TIDRAW_ERROR_METHOD_NOT_ALLOWED,
    NGX_TIDRAW_ERROR_CONFLICT,
    NGX_TIDRAW_ERROR_EMAIL_TAKEN,
    NGX_TIDRAW_ERROR_GONE,
    NGX_TIDRAW_ERROR_PRECONDITION_FAILED,
    NGX_TIDRAW_ERROR_TOO_LARGE,
    NGX_TIDRAW_ERROR_UNSUPPORTED_MEDIA_TYPE,
    NGX_TIDRAW_ERROR_UPGRADE_REQUIRED,
    NGX_TIDRAW_ERROR_TOO_MANY_ATTEMPTS,
    NGX_TIDRAW_ERROR_QUOTA_EXCEEDED,
    NGX_TIDRAW_ERROR_STORAGE_FULL,
    NGX_TIDRAW_ERROR_INTERNAL,
    NGX_TIDRAW_ERROR_MAIL_FAILED,
    NGX_TIDRAW_ERROR_PREVIEW_FAILED,
    NGX_TIDRAW_ERROR_UNAVAILABLE
} ngx_tidraw_error_e;


/* Who may make a call: the column "who" of docs/api.md. */

typedef enum {
    NGX_TIDRAW_WHO_NOBODY = 0,
    NGX_TIDRAW_WHO_ANYONE,
    NGX_TIDRAW_WHO_ANYONE_KNOWN,      /* the session is looked up if any */
    NGX_TIDRAW_WHO_SESSION,
    NGX_TIDRAW_WHO_VIEWER,
    NGX_TIDRAW_WHO_VIEWER_SESSION,
    NGX_TIDRAW_WHO_EDITOR,
    NGX_TIDRAW_WHO_EDITOR_MEMBER,
    NGX_TIDRAW_WHO_OWNER,
    NGX_TIDRAW_WHO_OWNER_OR_SELF,     /* self: the second parameter */
    NGX_TIDRAW_WHO_OWNER_BIN,         /* of a board in the bin, too */
    NGX_TIDRAW_WHO_ADMIN
} ngx_tidraw_who_e;


/* What comes with a call; it is read into call->text before the handler. */

typedef enum {
    NGX_TIDRAW_BODY_NONE = 0,
    NGX_TIDRAW_BODY_JSON,             /* an object, parsed into call->body */
    NGX_TIDRAW_BODY_IMAGE,            /* bytes; the type is not believed */
    NGX_TIDRAW_BODY_FILE,             /* the same, read by the handler and
                                         never held in memory */
    NGX_TIDRAW_BODY_BOARD             /* a whole board; the handler reads it,
                                         once the caller is known */
} ngx_tidraw_body_e;


typedef struct ngx_tidraw_call_s    ngx_tidraw_call_t;
typedef struct ngx_tidraw_import_s  ngx_tidraw_import_t;
typedef struct ngx_tidraw_intake_s  ngx_tidraw_intake_t;
typedef struct ngx_tidraw_current_s ngx_tidraw_current_t;

typedef void (*ngx_tidraw_call_pt)(ngx_tidraw_call_t *call);
typedef void (*ngx_tidraw_call_op_pt)(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
typedef void (*ngx_tidraw_call_password_pt)(ngx_tidraw_call_t *call,
    ngx_tidraw_password_t *job);
typedef void (*ngx_tidraw_call_replay_pt)(ngx_tidraw_call_t *call,
    ngx_tidraw_replay_t *replay);
typedef void (*ngx_tidraw_call_row_pt)(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);


typedef struct {
    ngx_uint_t               method;     /* NGX_HTTP_GET also serves HEAD */
    const char              *path;       /* ":" a parameter of an id's form,
                                            "@" one of a token's form,
                                            "#" a number */
    ngx_tidraw_who_e         who;
    ngx_uint_t               scope;      /* NGX_TIDRAW_SCOPE_..., what the
                                            credentials must be good for */
    ngx_tidraw_body_e        body;
    ngx_tidraw_call_pt       handler;
} ngx_tidraw_route_t;


/* Every call, ended by one without a path: ngx_tidraw_http_routes.c */
extern ngx_tidraw_route_t  ngx_tidraw_routes[];


/*
 * In the pool of its request.  Exactly one thing is pending at a time: the
 * body, an access check, an operation, a password, a replay, an import, a mail
 * or a preview; when the request dies, it is cancelled.  Every handler ends in
 * an answer or in something pending.
 */

struct ngx_tidraw_call_s {
    ngx_http_request_t           *request;
    ngx_tidraw_site_t            *site;
    ngx_tidraw_loc_conf_t        *conf;
    ngx_tidraw_route_t           *route;
    ngx_str_t                     params[2];

    u_char                       *text;      /* of the body, request's pool;
                                                of a board: own allocation */
    size_t                        length;
    size_t                        max_body;
    td_arena_t                   *arena;     /* freed with the call */
    td_json_t                    *body;      /* an object, or NULL */

    /* who it is: copies in the request's pool; user_id empty: nobody */
    ngx_str_t                     user_id;
    ngx_str_t                     user_name;
    ngx_str_t                     user_email;
    ngx_str_t                     user_color;
    int64_t                       user_created;
    ngx_str_t                     session_hash;
    ngx_tidraw_current_t         *current;   /* see ngx_tidraw_call_current */
    ngx_str_t                     user_secret;   /* the hash that it found */
    ngx_uint_t                    admin;     /* unsigned, 1 or 0 */
    ngx_uint_t                    scopes;    /* NGX_TIDRAW_SCOPE_... */
    ngx_tidraw_role_e             role;
    ngx_tidraw_role_e             member;    /* role by membership alone */
    int64_t                       room;      /* number, where there is one */

    ngx_tidraw_access_t          *access;    /* pending */
    ngx_tidraw_op_t              *op;        /* pending */
    ngx_tidraw_call_op_pt         op_handler;
    ngx_tidraw_password_t        *password;  /* pending */
    ngx_tidraw_call_password_pt   password_handler;
    ngx_tidraw_replay_t          *replay;    /* pending */
    ngx_tidraw_call_replay_pt     replay_handler;
    ngx_tidraw_import_t          *import;    /* pending */
    ngx_tidraw_smtp_job_t        *mail;      /* pending */
    ngx_tidraw_preview_t         *preview;   /* pending */
    ngx_tidraw_intake_t          *intake;    /* closed with the request */
    ngx_event_t                   timer;     /* keeps an exiting worker alive,
                                                and ends what hangs */

    td_buf_t                      out;       /* the answer; freed with the
                                                call */
    size_t                        held;      /* of a large answer */
    ngx_str_t                     type;      /* of it; empty: JSON */
    ngx_str_t                     cache;     /* Cache-Control; empty:
                                                no-store */
    const char                   *field;     /* the bad field of the body */
    ngx_uint_t                    retry;     /* Retry-After, seconds */

    void                         *state;     /* the resource handler's own */

    ngx_str_t                     replaced;  /* hash of the session before */
    u_char                        token[NGX_TIDRAW_TOKEN_LEN];
                                             /* of the new session */
    ngx_str_t                     ended;     /* user whose logins ended */
    ngx_uint_t                    user_step; /* number of it */

    unsigned                      answered:1;
    unsigned                      unread:1;  /* the body, up to now */
};


/* Content handler of a location with "tidraw on". */
ngx_int_t ngx_tidraw_http_handler(ngx_http_request_t *r);


/* Answers: ngx_tidraw_http_answer.c */

/*
 * Sends what stands in call->out, finalizes the request; the call must not be
 * touched afterwards.
 */
void ngx_tidraw_call_answer(ngx_tidraw_call_t *call, ngx_uint_t status);

/* The request of a large answer ends. */
void ngx_tidraw_call_release(ngx_tidraw_call_t *call);

/*
 * The ETag of the answer, a number; a GET that names it gets 304.  NGX_OK or
 * NGX_ERROR.
 */
ngx_int_t ngx_tidraw_call_etag(ngx_tidraw_call_t *call, int64_t version);

/*
 * The handler sends the answer itself, status 200, and finalizes the request:
 * the call is at its end, nothing of it is pending any more.
 */
void ngx_tidraw_call_sent(ngx_tidraw_call_t *call);

/* An answer that is a failure; message NULL: the usual one of the code. */
void ngx_tidraw_call_error(ngx_tidraw_call_t *call, ngx_tidraw_error_e error,
    const char *message);

/* The failure as a text, where an answer has begun already. */
void ngx_tidraw_write_error(ngx_http_request_t *r, td_buf_t *b,
    ngx_tidraw_error_e error);

/* 400 that names the field. */
void ngx_tidraw_call_bad_field(ngx_tidraw_call_t *call, const char *field,
    const char *message);

/*
 * The failure as the answer of a content handler, without a call: discards
 * the body and returns what the handler returns.
 */
ngx_int_t ngx_tidraw_http_send_error(ngx_http_request_t *r,
    ngx_tidraw_error_e error, const char *message);

/* The n-th code of a failure; NULL beyond the last one. */
const char *ngx_tidraw_error_code(ngx_uint_t n);

/* A header of the answer; key and value must live as long as the request. */
ngx_int_t ngx_tidraw_http_add_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value);

void ngx_tidraw_json_str(td_buf_t *b, ngx_str_t *s);     /* NULL data: null */
void ngx_tidraw_json_int(td_buf_t *b, int64_t n);
void ngx_tidraw_json_cell(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t col);                     /* a text */
void ngx_tidraw_json_cell_int(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t col);                     /* SQL null: null */

/* person from the columns id, name, color, picture; null without an id */
void ngx_tidraw_json_person(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t col);

/*
 * Lists: rows() writes {"name":[ and the first n rows of res, each by a call
 * of write; the caller closes it.  answer_rows() is the whole answer, with all
 * rows of the first result of op, or with the failure of op.
 */
void ngx_tidraw_json_rows(ngx_tidraw_call_t *call, const char *name,
    ngx_tidraw_result_t *res, ngx_uint_t n, ngx_tidraw_call_row_pt write);
void ngx_tidraw_call_answer_rows(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *name, ngx_tidraw_call_row_pt write);


/* Bodies: ngx_tidraw_http_body.c */

/*
 * Reads the body into call->text, at most call->max_body bytes, and calls
 * handler, or answers with a failure.  Returns what the content handler
 * returns.
 */
ngx_int_t ngx_tidraw_call_read_body(ngx_tidraw_call_t *call,
    ngx_tidraw_call_pt handler);

/*
 * The same for a body that was left alone until the caller was known; its
 * text is an allocation of its own.  Answers with a failure by itself.
 */
void ngx_tidraw_call_read_board(ngx_tidraw_call_t *call,
    ngx_tidraw_call_pt handler);

/* Parses call->text into call->body.  NGX_OK, or it has answered. */
ngx_int_t ngx_tidraw_call_parse_body(ngx_tidraw_call_t *call);


/* Fields of the body: ngx_tidraw_http_field.c */

/*
 * These return NGX_OK, NGX_DECLINED (the field is absent, and that was
 * allowed; *value is empty), or NGX_ERROR: it has been answered with 400.
 * Texts come out checked: UTF-8 without NUL, without lone surrogates.
 */
ngx_int_t ngx_tidraw_check_name(ngx_tidraw_call_t *call, const char *field,
    ngx_str_t *value);                     /* a name from elsewhere */
ngx_int_t ngx_tidraw_field_name(ngx_tidraw_call_t *call, const char *field,
    ngx_uint_t optional, ngx_str_t *value);
ngx_int_t ngx_tidraw_field_email(ngx_tidraw_call_t *call, const char *field,
    ngx_uint_t optional, ngx_str_t *value);
ngx_int_t ngx_tidraw_field_password(ngx_tidraw_call_t *call,
    const char *field, ngx_str_t *value);
ngx_int_t ngx_tidraw_field_color(ngx_tidraw_call_t *call, const char *field,
    ngx_str_t *value);
ngx_uint_t ngx_tidraw_field_null(ngx_tidraw_call_t *call,
    const char *field);                    /* 1: it is there, and null */
ngx_int_t ngx_tidraw_field_text(ngx_tidraw_call_t *call, const char *field,
    size_t max, ngx_str_t *value);                       /* optional */
ngx_int_t ngx_tidraw_field_role(ngx_tidraw_call_t *call,
    ngx_tidraw_role_e highest, ngx_tidraw_role_e *role);
ngx_int_t ngx_tidraw_field_time(ngx_tidraw_call_t *call, const char *field,
    int64_t *value);                                     /* optional */


/* 1: UTF-8 that can be stored, without a control character. */
ngx_uint_t ngx_tidraw_text_plain(ngx_str_t *s);

/*
 * What is wrong with a name, an e-mail or a password of an account, for
 * people; NULL: nothing, and blanks around the first two are cut off.  Whether
 * a password is a common one is another question.
 */
char *ngx_tidraw_text_name(ngx_str_t *value);
char *ngx_tidraw_text_email(ngx_str_t *value);
char *ngx_tidraw_text_password(ngx_str_t *value);

/*
 * A text of the query, decoded, in the request's pool; an empty one is as
 * good as none.  Returns as those above.
 */
ngx_int_t ngx_tidraw_arg_text(ngx_tidraw_call_t *call, const char *name,
    ngx_str_t *value);

/* Whether the database takes it: UTF-8 without NUL. */
ngx_uint_t ngx_tidraw_text_valid(ngx_str_t *s);


/* What calls about accounts share: ngx_tidraw_http_account.c */

/*
 * user from the columns of NGX_TIDRAW_STMT_USER_GET: id, name, email, color,
 * role, created_at, locale, picture, last_seen_at; without the braces, so
 * that a list may add to it.
 */
void ngx_tidraw_json_user(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row);

/*
 * The address of a picture, relative to the location, or null; user and
 * picture are the columns of the user's id and of his picture's version.
 */
void ngx_tidraw_json_picture(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_uint_t user, ngx_uint_t picture);

/* A copy in the request's pool.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_tidraw_call_copy(ngx_tidraw_call_t *call, ngx_str_t *dst,
    ngx_str_t *src);

/* Counts an attempt.  1: too many, it has answered. */
ngx_uint_t ngx_tidraw_call_throttled(ngx_tidraw_call_t *call,
    ngx_tidraw_throttle_e kind, ngx_str_t *key);

/*
 * Signing in, three calls: session() appends the steps of a new session in
 * the place of the request's own, whose token is always a fresh one; last()
 * the last steps of the operation, with ended 1 when other logins of the user
 * ended in it; signed_in() answers with the cookie, and with {"user"} unless
 * the status is 204.
 */
void ngx_tidraw_call_session(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_str_t *user_id);
void ngx_tidraw_call_session_last(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op, ngx_str_t *user_id, ngx_uint_t ended);
void ngx_tidraw_call_signed_in(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_uint_t status);

/*
 * The address of the site with a slash at its end, in the request's pool, for
 * links that people are sent: tidraw_public_url or what the request says.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_tidraw_call_url(ngx_tidraw_call_t *call, ngx_str_t *url);


/* The life of a call: ngx_tidraw_http_call.c */

/* NULL when out of memory.  Freed with the request. */
ngx_tidraw_call_t *ngx_tidraw_call_create(ngx_http_request_t *r,
    ngx_tidraw_route_t *route, ngx_str_t *params);

/* The body is there: looks up who it is, and calls the resource handler. */
void ngx_tidraw_call_start(ngx_tidraw_call_t *call);

/*
 * A new operation; on failure it has answered and returns NULL.
 */
ngx_tidraw_op_t *ngx_tidraw_call_op(ngx_tidraw_call_t *call,
    ngx_uint_t write);

/*
 * Runs it; handler sees NGX_OK, NGX_DECLINED and NGX_TIDRAW_STORE_CONFLICT,
 * all else has been answered.
 */
void ngx_tidraw_call_run(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_call_op_pt handler);

/* Hashes (verify 0), or verifies against stored, which may be NULL. */
void ngx_tidraw_call_password(ngx_tidraw_call_t *call, ngx_str_t *password,
    ngx_uint_t verify, ngx_str_t *stored,
    ngx_tidraw_call_password_pt handler);

/*
 * The caller has to say the current password, in that field of the body.
 * handler sees a call with the right one, and its hash in call->user_secret;
 * all else, too many wrong ones among it, has been answered.
 */
void ngx_tidraw_call_current(ngx_tidraw_call_t *call, const char *field,
    ngx_tidraw_call_pt handler);

/* The board of the call at a clock; handler sees one that was found, all else
 * has been answered. */
void ngx_tidraw_call_replay(ngx_tidraw_call_t *call, uint64_t clock,
    ngx_uint_t what, ngx_tidraw_call_replay_pt handler);


/*
 * Where settings come from, noted while the configuration is read: before the
 * values of a level are merged with those around it, and when those of a
 * location are known.
 */
void ngx_tidraw_settings_directives(ngx_tidraw_loc_conf_t *prev,
    ngx_tidraw_loc_conf_t *conf);
void ngx_tidraw_settings_environment(ngx_tidraw_loc_conf_t *conf);

/*
 * Who may register, an ngx_tidraw_registration_e: what the configuration
 * fixes, or what an administrator has set, which step() asks for as one step
 * and res is the result of.
 */
ngx_uint_t ngx_tidraw_registration_fixed(ngx_tidraw_loc_conf_t *conf);
void ngx_tidraw_registration_step(ngx_tidraw_op_t *op);
ngx_uint_t ngx_tidraw_registration(ngx_tidraw_loc_conf_t *conf,
    ngx_tidraw_result_t *res);
ngx_str_t *ngx_tidraw_registration_name(ngx_uint_t registration);


/*
 * An entry of the activity log about the caller: within op as its last step,
 * or with op NULL in the background.  action as in ngx_tidraw_activity.h;
 * room (an id) and target may be NULL.
 */
void ngx_tidraw_call_activity(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *action, ngx_str_t *room, ngx_str_t *target);

/* The same about somebody else than the caller, or one who just signs in. */
void ngx_tidraw_call_activity_of(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    const char *action, ngx_str_t *actor, ngx_str_t *actor_name,
    ngx_str_t *target);

/* Something of the caller's own is pending: notices who has gone, and time. */
void ngx_tidraw_call_wait(ngx_tidraw_call_t *call);

/* Cancels what is pending. */
void ngx_tidraw_call_detach(ngx_tidraw_call_t *call);


/* The resources. */

void ngx_tidraw_http_config(ngx_tidraw_call_t *call);
void ngx_tidraw_http_healthz(ngx_tidraw_call_t *call);
void ngx_tidraw_http_readyz(ngx_tidraw_call_t *call);
void ngx_tidraw_http_metrics(ngx_tidraw_call_t *call);

void ngx_tidraw_http_register(ngx_tidraw_call_t *call);
void ngx_tidraw_http_login(ngx_tidraw_call_t *call);
void ngx_tidraw_http_logout(ngx_tidraw_call_t *call);

void ngx_tidraw_http_session(ngx_tidraw_call_t *call);
void ngx_tidraw_http_me(ngx_tidraw_call_t *call);
void ngx_tidraw_http_me_patch(ngx_tidraw_call_t *call);

void ngx_tidraw_http_me_export(ngx_tidraw_call_t *call);
void ngx_tidraw_http_me_import(ngx_tidraw_call_t *call);
void ngx_tidraw_http_me_delete(ngx_tidraw_call_t *call);

void ngx_tidraw_http_picture_get(ngx_tidraw_call_t *call);
void ngx_tidraw_http_picture_put(ngx_tidraw_call_t *call);
void ngx_tidraw_http_picture_delete(ngx_tidraw_call_t *call);

void ngx_tidraw_http_admin_users(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_user_new(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_user_patch(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_user_delete(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_user_sessions(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_user_reset(ngx_tidraw_call_t *call);

void ngx_tidraw_http_admin_rooms(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_room_patch(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_room_delete(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_room_restore(ngx_tidraw_call_t *call);

void ngx_tidraw_http_mail_test(ngx_tidraw_call_t *call);

void ngx_tidraw_http_admin_activity(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_stats(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_settings(ngx_tidraw_call_t *call);
void ngx_tidraw_http_admin_settings_patch(ngx_tidraw_call_t *call);

void ngx_tidraw_http_password(ngx_tidraw_call_t *call);
void ngx_tidraw_http_reset(ngx_tidraw_call_t *call);
void ngx_tidraw_http_reset_confirm(ngx_tidraw_call_t *call);

void ngx_tidraw_http_sessions_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_sessions_end(ngx_tidraw_call_t *call);
void ngx_tidraw_http_session_end(ngx_tidraw_call_t *call);

void ngx_tidraw_http_tokens_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_tokens_create(ngx_tidraw_call_t *call);
void ngx_tidraw_http_token_delete(ngx_tidraw_call_t *call);

void ngx_tidraw_http_rooms_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_rooms_create(ngx_tidraw_call_t *call);
void ngx_tidraw_http_room_get(ngx_tidraw_call_t *call);
void ngx_tidraw_http_room_patch(ngx_tidraw_call_t *call);
void ngx_tidraw_http_room_delete(ngx_tidraw_call_t *call);
void ngx_tidraw_http_room_restore(ngx_tidraw_call_t *call);

void ngx_tidraw_http_favourite_put(ngx_tidraw_call_t *call);
void ngx_tidraw_http_favourite_delete(ngx_tidraw_call_t *call);
void ngx_tidraw_http_folder_put(ngx_tidraw_call_t *call);
void ngx_tidraw_http_folders_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_folders_create(ngx_tidraw_call_t *call);
void ngx_tidraw_http_folder_patch(ngx_tidraw_call_t *call);
void ngx_tidraw_http_folder_delete(ngx_tidraw_call_t *call);

void ngx_tidraw_http_templates(ngx_tidraw_call_t *call);

void ngx_tidraw_http_room_duplicate(ngx_tidraw_call_t *call);
void ngx_tidraw_http_room_transfer(ngx_tidraw_call_t *call);
void ngx_tidraw_http_thumbnail_get(ngx_tidraw_call_t *call);
void ngx_tidraw_http_thumbnail_put(ngx_tidraw_call_t *call);
void ngx_tidraw_http_snapshot_get(ngx_tidraw_call_t *call);
void ngx_tidraw_http_snapshot_put(ngx_tidraw_call_t *call);
void ngx_tidraw_http_export(ngx_tidraw_call_t *call);
void ngx_tidraw_http_import(ngx_tidraw_call_t *call);

void ngx_tidraw_http_history_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_history_get(ngx_tidraw_call_t *call);
void ngx_tidraw_http_history_restore(ngx_tidraw_call_t *call);
void ngx_tidraw_http_history_copy(ngx_tidraw_call_t *call);
void ngx_tidraw_http_history_name(ngx_tidraw_call_t *call);
void ngx_tidraw_http_history_unname(ngx_tidraw_call_t *call);

void ngx_tidraw_http_preview(ngx_tidraw_call_t *call);

void ngx_tidraw_http_presence(ngx_tidraw_call_t *call);

void ngx_tidraw_http_members_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_members_add(ngx_tidraw_call_t *call);
void ngx_tidraw_http_member_put(ngx_tidraw_call_t *call);
void ngx_tidraw_http_member_delete(ngx_tidraw_call_t *call);

void ngx_tidraw_http_links_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_links_create(ngx_tidraw_call_t *call);
void ngx_tidraw_http_link_delete(ngx_tidraw_call_t *call);
void ngx_tidraw_http_link_patch(ngx_tidraw_call_t *call);
void ngx_tidraw_http_link_unlock(ngx_tidraw_call_t *call);
void ngx_tidraw_http_kick(ngx_tidraw_call_t *call);

void ngx_tidraw_http_invites_list(ngx_tidraw_call_t *call);
void ngx_tidraw_http_invites_create(ngx_tidraw_call_t *call);
void ngx_tidraw_http_invite_delete(ngx_tidraw_call_t *call);
void ngx_tidraw_http_invite_get(ngx_tidraw_call_t *call);
void ngx_tidraw_http_invite_accept(ngx_tidraw_call_t *call);

void ngx_tidraw_http_file_post(ngx_tidraw_call_t *call);
void ngx_tidraw_http_file_reduced(ngx_tidraw_call_t *call);
void ngx_tidraw_http_file_get(ngx_tidraw_call_t *call);

/*
 * Sends object name of S3, of size bytes, with ranges and conditions:
 * ngx_tidraw_http_stream.c.  headers(call) sets the headers and returns NGX_OK
 * or NGX_ERROR; missing(call) is called instead when there is no such object.
 */
typedef ngx_int_t (*ngx_tidraw_stream_pt)(ngx_tidraw_call_t *call);

void ngx_tidraw_http_stream(ngx_tidraw_call_t *call, ngx_str_t *name,
    off_t size, ngx_tidraw_stream_pt headers, ngx_tidraw_call_pt missing);

/* The web app: rel is the path below the location. */
ngx_int_t ngx_tidraw_http_app(ngx_http_request_t *r, ngx_str_t *rel);

/* The description of the API, which lies beside the pages of the app. */
void ngx_tidraw_http_openapi(ngx_tidraw_call_t *call);

/* Answers with the room object, read anew, as the caller of the call sees it
 * in the given role. */
void ngx_tidraw_call_answer_room(ngx_tidraw_call_t *call, int64_t room,
    ngx_tidraw_role_e role, ngx_uint_t status);



#endif /* _NGX_TIDRAW_HTTP_H_INCLUDED_ */
