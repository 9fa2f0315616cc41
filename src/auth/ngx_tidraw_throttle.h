
/*
 * Slows down whoever guesses: attempts per account, per address, and at the
 * setup code; and whoever makes many accounts, has many mails sent, or many
 * pages looked up.
 *
 * An attempt is counted when it starts, so that many at once do not slip
 * through, and taken back when it was right.  After some free attempts each
 * further one has to wait twice as long as the one before, up to a limit;
 * what is old is forgotten.  All workers of the host count together, and go on
 * after a reload.
 */


#ifndef _NGX_TIDRAW_THROTTLE_H_INCLUDED_
#define _NGX_TIDRAW_THROTTLE_H_INCLUDED_


#include "ngx_tidraw.h"


typedef enum {
    NGX_TIDRAW_THROTTLE_ACCOUNT = 0,   /* key: the e-mail, also unknown ones */
    NGX_TIDRAW_THROTTLE_ADDRESS,       /* key: ngx_tidraw_throttle_address() */
    NGX_TIDRAW_THROTTLE_SETUP,         /* key: the same */
    NGX_TIDRAW_THROTTLE_REGISTER,      /* key: the same */
    NGX_TIDRAW_THROTTLE_RESET,         /* key: the e-mail, also unknown ones */
    NGX_TIDRAW_THROTTLE_CONFIRM,       /* key: as of an address; asking for a
                                          new password and setting it */
    NGX_TIDRAW_THROTTLE_INVITE,        /* key: id of the user who invites */
    NGX_TIDRAW_THROTTLE_PREVIEW        /* key: id of the user, or as of an
                                          address */
} ngx_tidraw_throttle_e;


/*
 * Counts an attempt.  0: it may go on; else the seconds to wait, and it was
 * not counted.
 */
ngx_uint_t ngx_tidraw_throttle_take(ngx_tidraw_site_t *site,
    ngx_tidraw_throttle_e kind, ngx_str_t *key);

/* The attempt was right: an account is forgotten, others count one less. */
void ngx_tidraw_throttle_good(ngx_tidraw_site_t *site,
    ngx_tidraw_throttle_e kind, ngx_str_t *key);

/*
 * The part of the peer's address that one client cannot change at will:
 * points into the connection.
 */
void ngx_tidraw_throttle_address(ngx_connection_t *c, ngx_str_t *key);


#endif /* _NGX_TIDRAW_THROTTLE_H_INCLUDED_ */
