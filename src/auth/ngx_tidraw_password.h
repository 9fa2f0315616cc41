
/*
 * Passwords: Argon2id on the thread pool, a few at a time.
 *
 * At most NGX_TIDRAW_PASSWORD_RUNNING hashes run at once in a worker, each
 * with NGX_TIDRAW_PASSWORD_MEMORY bytes, so that a flood of logins can take
 * neither the memory nor the processors of a small machine.
 */


#ifndef _NGX_TIDRAW_PASSWORD_H_INCLUDED_
#define _NGX_TIDRAW_PASSWORD_H_INCLUDED_


#include "ngx_tidraw.h"


#define NGX_TIDRAW_PASSWORD_PASSES    2
#define NGX_TIDRAW_PASSWORD_MEMORY    (32 * 1024 * 1024)
#define NGX_TIDRAW_PASSWORD_RUNNING   2
#define NGX_TIDRAW_PASSWORD_WAITING   64

#define NGX_TIDRAW_PASSWORD_HASH_LEN  128   /* crypto_pwhash_STRBYTES */


typedef struct ngx_tidraw_passwords_s  ngx_tidraw_passwords_t;
typedef struct ngx_tidraw_password_s   ngx_tidraw_password_t;

typedef void (*ngx_tidraw_password_pt)(ngx_tidraw_password_t *job);


struct ngx_tidraw_password_s {
    ngx_int_t                rc;       /* NGX_OK: hashed, or it matches;
                                          NGX_DECLINED: it does not match;
                                          NGX_ERROR: out of memory */
    ngx_str_t                hash;     /* a new hash to store; empty when the
                                          stored one may stay */

    ngx_tidraw_password_pt   handler;
    void                    *data;
};


/* In init_process; NULL when out of memory. */
ngx_tidraw_passwords_t *ngx_tidraw_passwords_create(ngx_tidraw_site_t *site);

/* In exit_process, when the thread pool has stopped. */
void ngx_tidraw_passwords_destroy(ngx_tidraw_passwords_t *pw);

/*
 * Hashes a password, or verifies it against a stored hash (NULL: there is no
 * account, which takes as long and ends as NGX_DECLINED).  Both are copied.
 * handler is called once from the event loop, never from inside this call;
 * the job is freed when it returns.  NULL: too many wait already, or out of
 * memory.
 */
ngx_tidraw_password_t *ngx_tidraw_password_hash(ngx_tidraw_passwords_t *pw,
    ngx_str_t *password, ngx_tidraw_password_pt handler, void *data);
ngx_tidraw_password_t *ngx_tidraw_password_verify(ngx_tidraw_passwords_t *pw,
    ngx_str_t *password, ngx_str_t *stored, ngx_tidraw_password_pt handler,
    void *data);

/* The requester goes away: handler is not called. */
void ngx_tidraw_password_cancel(ngx_tidraw_password_t *job);


#endif /* _NGX_TIDRAW_PASSWORD_H_INCLUDED_ */
