
/*
 * Public addresses.  Of IPv4 all is public but what the table names; of IPv6
 * nothing is but 2000::/3, less what the table names.
 */


#include "td_address.h"


typedef struct {
    uint8_t   prefix[4];
    unsigned  bits;
} td_address_range_t;


static int td_address_in(const uint8_t *addr, const td_address_range_t *ranges,
    size_t n);


static const td_address_range_t  td_address_v4[] = {
    { { 0, 0, 0, 0 }, 8 },              /* "this network" */
    { { 10, 0, 0, 0 }, 8 },             /* private */
    { { 100, 64, 0, 0 }, 10 },          /* shared by a provider's customers */
    { { 127, 0, 0, 0 }, 8 },            /* loopback */
    { { 169, 254, 0, 0 }, 16 },         /* link-local, clouds' metadata */
    { { 172, 16, 0, 0 }, 12 },          /* private */
    { { 192, 0, 0, 0 }, 24 },           /* protocol assignments */
    { { 192, 0, 2, 0 }, 24 },           /* documentation */
    { { 192, 31, 196, 0 }, 24 },        /* AS112 */
    { { 192, 52, 193, 0 }, 24 },        /* multicast tunnels */
    { { 192, 88, 99, 0 }, 24 },         /* relays of 6to4 */
    { { 192, 168, 0, 0 }, 16 },         /* private */
    { { 192, 175, 48, 0 }, 24 },        /* AS112 */
    { { 198, 18, 0, 0 }, 15 },          /* benchmarks */
    { { 198, 51, 100, 0 }, 24 },        /* documentation */
    { { 203, 0, 113, 0 }, 24 },         /* documentation */
    { { 224, 0, 0, 0 }, 4 },            /* multicast */
    { { 240, 0, 0, 0 }, 4 }             /* reserved, broadcast */
};


static const td_address_range_t  td_address_v6[] = {
    { { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* protocol assignments: Teredo,
                                           benchmarks, ORCHID */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
    { { 0x20, 0x02, 0x00, 0x00 }, 16 }, /* 6to4 */
    { { 0x3f, 0xff, 0x00, 0x00 }, 20 }  /* documentation */
};


static const uint8_t  td_address_nat64[12] = { 0x00, 0x64, 0xff, 0x9b };


#define td_address_number(ranges)  (sizeof(ranges) / sizeof((ranges)[0]))


int
td_address_public(const uint8_t *addr, size_t len)
{
    if (len == 4) {
        return !td_address_in(addr, td_address_v4,
                              td_address_number(td_address_v4));
    }

    if (len != 16) {
        return 0;
    }

    if (memcmp(addr, td_address_nat64, sizeof(td_address_nat64)) == 0) {
        return td_address_public(addr + 12, 4);
    }

    if ((addr[0] & 0xe0) != 0x20
        || td_address_in(addr, td_address_v6,
                         td_address_number(td_address_v6)))
    {
        return 0;
    }

    /* ISATAP: the interface is ::5efe:a.b.c.d, or ::200:5efe:a.b.c.d */

    if ((addr[8] & 0xfd) == 0 && addr[9] == 0
        && addr[10] == 0x5e && addr[11] == 0xfe)
    {
        return td_address_public(addr + 12, 4);
    }

    return 1;
}


static int
td_address_in(const uint8_t *addr, const td_address_range_t *ranges, size_t n)
{
    size_t          i;
    uint32_t        a, b, mask;
    const uint8_t  *p;

    a = (uint32_t) addr[0] << 24 | (uint32_t) addr[1] << 16
        | (uint32_t) addr[2] << 8 | addr[3];

    for (i = 0; i < n; i++) {
        p = ranges[i].prefix;

        b = (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
            | (uint32_t) p[2] << 8 | p[3];

        mask = 0xffffffff << (32 - ranges[i].bits);

        if ((a & mask) == b) {
            return 1;
        }
    }

    return 0;
}
