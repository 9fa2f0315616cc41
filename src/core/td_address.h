
/*
 * Addresses of the Internet: which ones belong to machines that everybody may
 * reach.
 */


#ifndef _TD_ADDRESS_H_INCLUDED_
#define _TD_ADDRESS_H_INCLUDED_


#include "td_core.h"


/*
 * addr: an address in network order, len: 4 (IPv4) or 16 (IPv6).
 * 1: it is a unicast address of the public Internet, by the registries of
 * RFC 6890 and their later entries; 0: private, local, shared, multicast,
 * reserved, for documentation or tests, or a form of IPv6 that carries an
 * IPv4 address of these kinds (RFC 4291, 3056, 4380, 5214, 6052), or len is
 * neither.  Of such forms those alone are public that lead to a public
 * address by a translator (64:ff9b::/96, RFC 6052) or within a public prefix
 * (RFC 5214): hosts without IPv4 reach it so.
 */
int td_address_public(const uint8_t *addr, size_t len);


#endif /* _TD_ADDRESS_H_INCLUDED_ */
