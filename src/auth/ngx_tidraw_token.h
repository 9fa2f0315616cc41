
/*
 * Secret tokens: sessions, share links, invitations, the setup code.
 *
 * A token is shown to its holder; the database holds its hash and nothing
 * that leads back to it.
 */


#ifndef _NGX_TIDRAW_TOKEN_H_INCLUDED_
#define _NGX_TIDRAW_TOKEN_H_INCLUDED_


#include "ngx_tidraw.h"


#define NGX_TIDRAW_HASH_LEN   64     /* BLAKE2b-256 in hex */


/* 1 when s is len characters of A-Za-z0-9_-. */
ngx_uint_t ngx_tidraw_token_valid(ngx_str_t *s, size_t len);

/* A fresh token of 256 random bits into dst[NGX_TIDRAW_TOKEN_LEN]. */
void ngx_tidraw_token_random(u_char *dst);

/*
 * The token that belongs to an id, into dst[NGX_TIDRAW_TOKEN_LEN]: keyed by
 * the secret of the site, so that it can be shown again without being stored.
 * kind separates the uses, "link:" or "invite:".
 */
void ngx_tidraw_token_derive(ngx_tidraw_site_t *site, const char *kind,
    ngx_str_t *id, u_char *dst);

/* The form a token is stored in, into dst[NGX_TIDRAW_HASH_LEN]. */
void ngx_tidraw_token_hash(ngx_str_t *token, u_char *dst);


#endif /* _NGX_TIDRAW_TOKEN_H_INCLUDED_ */
