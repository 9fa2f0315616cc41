
/*
 * Who may do what: turns the credentials of a request into an identity and
 * its role on a board.  One place for REST and for the sync endpoint.
 */


#ifndef _NGX_TIDRAW_ACCESS_H_INCLUDED_
#define _NGX_TIDRAW_ACCESS_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_store.h"


typedef enum {
    NGX_TIDRAW_ACCESS_OK = 0,
    NGX_TIDRAW_ACCESS_NOT_AUTHENTICATED,   /* nobody, and no valid link */
    NGX_TIDRAW_ACCESS_FORBIDDEN,           /* the board exists, no role */
    NGX_TIDRAW_ACCESS_NOT_FOUND,           /* no such board, or in the bin */
    NGX_TIDRAW_ACCESS_AWAY                 /* the database does not answer */
} ngx_tidraw_access_e;


/*
 * What credentials are good for, as bits: those of an API token what it was
 * made for, a cookie and a link everything; SESSION is what no token may do.
 */

#define NGX_TIDRAW_SCOPE_ANY       0x0
#define NGX_TIDRAW_SCOPE_READ      0x1
#define NGX_TIDRAW_SCOPE_WRITE     0x2
#define NGX_TIDRAW_SCOPE_ADMIN     0x4
#define NGX_TIDRAW_SCOPE_SESSION   0x8
#define NGX_TIDRAW_SCOPE_ALL       0xf


typedef struct ngx_tidraw_access_s  ngx_tidraw_access_t;

typedef void (*ngx_tidraw_access_pt)(ngx_tidraw_access_t *access);


struct ngx_tidraw_access_s {
    ngx_tidraw_access_e     status;

    ngx_str_t               user_id;      /* empty for a guest */
    ngx_str_t               user_name;
    ngx_str_t               user_email;
    ngx_str_t               user_color;
    int64_t                 user_created;
    ngx_str_t               session_hash; /* empty without a session */
    ngx_uint_t              admin;        /* unsigned, 1 for administrators */
    ngx_uint_t              scopes;       /* NGX_TIDRAW_SCOPE_... */
    ngx_uint_t              touched;      /* unsigned, 1: the session was
                                             prolonged, so may be the cookie */

    int64_t                 room_num;     /* 0: there is no such board */
    ngx_uint_t              in_bin;       /* unsigned, 1: the board is deleted,
                                             roles are filled in nevertheless */
    ngx_uint_t              link_expired; /* unsigned, 1: the link was valid */
    ngx_uint_t              link_locked;  /* unsigned, 1: it has a password,
                                             which was not given */
    int64_t                 link_expires; /* 0: never, or no link */

    ngx_str_t               link_id;      /* empty when no link was used */
    ngx_str_t               link_hash;    /* of the token that was given, and
                                             behind it the proof that its
                                             password was, if there is one */
    ngx_tidraw_role_e       role;         /* on the board, the better of
                                             membership and link */
    ngx_tidraw_role_e       member_role;  /* by membership alone */
    int64_t                 opened_at;    /* ms, by this member; 0: never */

    ngx_tidraw_access_pt    handler;
    void                   *data;
    ngx_tidraw_site_t      *site;
    ngx_pool_t             *pool;         /* of the access, strings live here;
                                             destroyed after handler returns */
    void                   *op;           /* private */
};


/*
 * Looks up the API token of r, or else its session cookie, and for a board
 * (room_id not NULL) the membership and the link token in the query argument
 * "link".  Everything that is needed of r is copied before this returns.
 * handler is called once from the event loop, never from inside this call;
 * NULL when out of memory.  Without room_id: OK for a valid session, else
 * NOT_AUTHENTICATED.
 */
ngx_tidraw_access_t *ngx_tidraw_access_check(ngx_http_request_t *r,
    ngx_str_t *room_id, ngx_tidraw_access_pt handler, void *data);

/*
 * The same for many at once and without a request, with the session_hash and
 * link_hash of an earlier access (one may be empty): what live sessions may
 * still do.  ask() appends steps to a reading operation; NULL when out of
 * memory.  read() takes their results, once that was stored with NGX_OK, and
 * returns what follows them.  Everything lives in the operation's pool, there
 * is no handler and nothing to cancel.
 */
ngx_tidraw_access_t *ngx_tidraw_access_ask(ngx_tidraw_op_t *op,
    ngx_tidraw_site_t *site, ngx_str_t *login, ngx_str_t *link,
    ngx_str_t *room_id);
ngx_tidraw_result_t *ngx_tidraw_access_read(ngx_tidraw_access_t *access,
    ngx_tidraw_result_t *res);

/*
 * Proof that the password of a link was given, from the hash that is stored
 * of it, into dst[NGX_TIDRAW_TOKEN_LEN]; and the name of the cookie that holds
 * it, from the hash of the link's token, into dst[NGX_TIDRAW_UNLOCK_NAME].
 */
#define NGX_TIDRAW_UNLOCK_NAME   30

void ngx_tidraw_unlock_proof(ngx_tidraw_site_t *site,
    ngx_str_t *password_hash, u_char *dst);
void ngx_tidraw_unlock_name(ngx_str_t *link_hash, u_char *dst);

/* "owner", "editor", "viewer"; NONE for anything else, and back again. */
ngx_tidraw_role_e ngx_tidraw_role_parse(ngx_str_t *name);
ngx_str_t *ngx_tidraw_role_name(ngx_tidraw_role_e role);

/* The requester goes away: handler is not called. */
void ngx_tidraw_access_cancel(ngx_tidraw_access_t *access);


#endif /* _NGX_TIDRAW_ACCESS_H_INCLUDED_ */
