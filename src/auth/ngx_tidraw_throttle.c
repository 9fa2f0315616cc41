
/*
 * Attempts that are slowed down: what is counted, and how many are free.  The
 * table is in the shared zone, of fixed size whoever attacks.
 */


#include "ngx_tidraw_throttle.h"
#include "ngx_tidraw_zone.h"


/* Free attempts, and the longest wait in seconds. */

static struct {
    ngx_uint_t    free;
    ngx_uint_t    longest;
} ngx_tidraw_throttle_limits[] = {
    { 5, 60 },          /* account: nobody can lock its owner out for long */
    { 30, 300 },        /* address: people behind one router share it */
    { 5, 900 },         /* setup code */
    { 100, 60 },        /* registration: a school behind one router */
    { 3, 900 },         /* new password, account */
    { 20, 300 },        /* new password, address */
    { 30, 300 },        /* invitations by mail */
    { 30, 60 }          /* previews of pages */
};


ngx_uint_t
ngx_tidraw_throttle_take(ngx_tidraw_site_t *site, ngx_tidraw_throttle_e kind,
    ngx_str_t *key)
{
    return ngx_tidraw_zone_take(site, kind, key,
                                ngx_tidraw_throttle_limits[kind].free,
                                ngx_tidraw_throttle_limits[kind].longest);
}


void
ngx_tidraw_throttle_good(ngx_tidraw_site_t *site, ngx_tidraw_throttle_e kind,
    ngx_str_t *key)
{
    /*
     * An address is not cleared by one right password: whoever has an account
     * could otherwise guess at others for ever.
     */

    ngx_tidraw_zone_good(site, kind, key,
                         kind == NGX_TIDRAW_THROTTLE_ACCOUNT);
}


void
ngx_tidraw_throttle_address(ngx_connection_t *c, ngx_str_t *key)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) c->sockaddr;
        key->data = (u_char *) &sin->sin_addr;
        key->len = 4;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) c->sockaddr;
        key->data = sin6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            key->data += 12;
            key->len = 4;

        } else {
            key->len = 8;    /* a client is given a whole /64 */
        }

        break;
#endif

    default:
        key->data = (u_char *) "unix";
        key->len = 4;
    }
}
