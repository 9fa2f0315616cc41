
/*
 * Slows down whoever guesses: attempts per account, per address, and at the
 * setup code.
 *
 * An attempt is counted when it starts, so that many at once do not slip
 * through, and taken back when it was right.  After some free attempts each
 * further one has to wait twice as long as the one before, up to a limit;
 * what is old is forgotten.  The state is this worker's own.
 */


#ifndef _NGX_TIDRAW_THROTTLE_H_INCLUDED_
#define _NGX_TIDRAW_THROTTLE_H_INCLUDED_


#include "ngx_tidraw.h"


typedef enum {
    NGX_TIDRAW_THROTTLE_ACCOUNT = 0,   /* key: the e-mail, also unknown ones */
    NGX_TIDRAW_THROTTLE_ADDRESS,       /* key: ngx_tidraw_throttle_address() */
    NGX_TIDRAW_THROTTLE_SETUP          /* key: the same */
} ngx_tidraw_throttle_e;


typedef struct ngx_tidraw_throttle_s  ngx_tidraw_throttle_t;


/* NULL when out of memory.  The memory is bounded and taken here. */
ngx_tidraw_throttle_t *ngx_tidraw_throttle_create(ngx_log_t *log);
void ngx_tidraw_throttle_destroy(ngx_tidraw_throttle_t *t);

/*
 * Counts an attempt.  0: it may go on; else the seconds to wait, and it was
 * not counted.
 */
ngx_uint_t ngx_tidraw_throttle_take(ngx_tidraw_throttle_t *t,
    ngx_tidraw_throttle_e kind, ngx_str_t *key);

/* The attempt was right: an account is forgotten, others count one less. */
void ngx_tidraw_throttle_good(ngx_tidraw_throttle_t *t,
    ngx_tidraw_throttle_e kind, ngx_str_t *key);

/*
 * The part of the peer's address that one client cannot change at will:
 * points into the connection.
 */
void ngx_tidraw_throttle_address(ngx_connection_t *c, ngx_str_t *key);


#endif /* _NGX_TIDRAW_THROTTLE_H_INCLUDED_ */
