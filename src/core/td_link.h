
/*
 * Addresses of pages that the server itself may ask for: strict, so that no
 * two parsers can read them differently.
 */


#ifndef _TD_LINK_H_INCLUDED_
#define _TD_LINK_H_INCLUDED_


#include "td_core.h"


#define TD_LINK_MAX    2048      /* bytes */


/* All of it points into the text that was parsed. */

typedef struct {
    td_str_t     url;            /* without the fragment */
    td_str_t     host;           /* without brackets */
    unsigned     port;           /* 80 or 443 */
    unsigned     tls:1;
} td_link_t;


/*
 * Takes "http://" or "https://", a host, ":80" or ":443" or no port, and what
 * follows a "/", "?" or "#", in printable ASCII without a backslash.  The host
 * is a name of two labels at least, as DNS has them (underscores are let
 * pass), the last of which begins with a letter; or a public address (see
 * td_address.h) in its usual form: four plain decimal numbers, or IPv6 in
 * brackets.  No credentials, no dot at the end, nothing percent-encoded in the
 * host: browsers turn international names into ASCII before they send them.
 * TD_OK; TD_TOO_BIG; TD_BAD: of another form; TD_INVALID: an address that is
 * not public.
 */
int td_link_parse(td_link_t *link, td_str_t text);


#endif /* _TD_LINK_H_INCLUDED_ */
