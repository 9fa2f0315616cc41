
/*
 * Sessions: the cookie, and the rows behind it.
 *
 * A session lives 30 days after its last use.  The cookie holds a token of
 * 256 bits, the database its hash.  API tokens are rows of the same table
 * with scopes; their form differs from that of a cookie, so that neither
 * passes for the other.
 */


#ifndef _NGX_TIDRAW_SESSION_H_INCLUDED_
#define _NGX_TIDRAW_SESSION_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_store.h"
#include "ngx_tidraw_token.h"


#define NGX_TIDRAW_SESSION_IDLE    (30 * 24 * 3600)           /* seconds */
#define NGX_TIDRAW_SESSION_TOUCH   (3600 * (int64_t) 1000)    /* milliseconds */
#define NGX_TIDRAW_SESSION_MAX     100                        /* of a user */
#define NGX_TIDRAW_BEARER_PREFIX   "tdp_"
#define NGX_TIDRAW_BEARER_LEN      (NGX_TIDRAW_TOKEN_LEN + 4)

#define NGX_TIDRAW_SESSION_AGENT   200       /* bytes kept of User-Agent */


/*
 * The token in the session cookie of r: points into the request.  NGX_OK, or
 * NGX_DECLINED when there is none of the right form.
 */
ngx_int_t ngx_tidraw_session_cookie(ngx_http_request_t *r, ngx_str_t *token);

/*
 * The API token in the Authorization header of r: points into the request.
 * Credentials of another form are not ours and NGX_DECLINED.
 */
ngx_int_t ngx_tidraw_session_bearer(ngx_http_request_t *r, ngx_str_t *token);

/*
 * Adds Set-Cookie with the token, or one that removes the cookie when token
 * is NULL.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_tidraw_session_set_cookie(ngx_http_request_t *r,
    ngx_str_t *token);

/*
 * The same with another cookie of the location: its name, and a token.
 */
ngx_int_t ngx_tidraw_cookie_get(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *token);
ngx_int_t ngx_tidraw_cookie_set(ngx_http_request_t *r, ngx_str_t *name,
    ngx_str_t *token);

/*
 * Appends the steps that store a new session of the user to a writing
 * operation: the session of the request, if any, is replaced.  The token goes
 * to token[NGX_TIDRAW_TOKEN_LEN].
 */
void ngx_tidraw_session_create(ngx_http_request_t *r, ngx_tidraw_op_t *op,
    ngx_str_t *user_id, u_char *token);

/*
 * What is kept of the User-Agent of r: printable ASCII, in buf, which has
 * NGX_TIDRAW_SESSION_AGENT bytes; data is NULL when none was sent.
 */
void ngx_tidraw_session_agent(ngx_http_request_t *r, u_char *buf,
    ngx_str_t *agent);

/* Moves the expiry of a session, in the background. */
void ngx_tidraw_session_touch(ngx_tidraw_site_t *site, ngx_str_t *hash);


#endif /* _NGX_TIDRAW_SESSION_H_INCLUDED_ */
