
/*
 * The strict parser of addresses.  What a name stands for is not known here:
 * whoever connects checks the address he connects to.
 */


#include <sys/socket.h>
#include <arpa/inet.h>

#include "td_address.h"
#include "td_link.h"


#define TD_LINK_NAME   253
#define TD_LINK_LABEL  63


static int td_link_scheme(td_link_t *link, td_str_t *rest);
static int td_link_port(td_link_t *link, td_str_t port);
static int td_link_host(td_link_t *link);
static int td_link_address(td_str_t host, int family);
static int td_link_name(td_str_t host);


int
td_link_parse(td_link_t *link, td_str_t text)
{
    size_t    i;
    td_str_t  rest, port;

    memset(link, 0, sizeof(td_link_t));

    if (text.len > TD_LINK_MAX) {
        return TD_TOO_BIG;
    }

    link->url = text;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f
            || text.data[i] == '\\')
        {
            return TD_BAD;
        }

        if (text.data[i] == '#') {
            link->url.len = i;
            break;
        }
    }

    for ( ; i < text.len; i++) {
        if (text.data[i] <= 0x20 || text.data[i] == 0x7f) {
            return TD_BAD;
        }
    }

    rest = link->url;

    if (!td_link_scheme(link, &rest)) {
        return TD_BAD;
    }

    for (i = 0; i < rest.len; i++) {
        if (rest.data[i] == '/' || rest.data[i] == '?') {
            break;
        }
    }

    link->host.data = rest.data;
    link->host.len = i;

    /* the port: what follows the last colon that is not within brackets */

    port.data = NULL;
    port.len = 0;

    while (i-- > 0 && rest.data[i] != ']') {

        if (rest.data[i] == ':') {
            port.data = rest.data + i + 1;
            port.len = link->host.len - i - 1;
            link->host.len = i;
            break;
        }
    }

    if (!td_link_port(link, port)) {
        return TD_BAD;
    }

    return td_link_host(link);
}


static int
td_link_scheme(td_link_t *link, td_str_t *rest)
{
    size_t  n;

    static const char  scheme[] = "https";

    for (n = 0; n < rest->len && n < 5; n++) {
        if ((rest->data[n] | 0x20) != scheme[n]) {
            break;
        }
    }

    if (n < 4
        || rest->len < n + 3
        || memcmp(rest->data + n, "://", 3) != 0)
    {
        return 0;
    }

    link->tls = n == 5;

    rest->data += n + 3;
    rest->len -= n + 3;

    return 1;
}


static int
td_link_port(td_link_t *link, td_str_t port)
{
    if (port.data == NULL) {
        link->port = link->tls ? 443 : 80;
        return 1;
    }

    if (td_str_is(port, "80")) {
        link->port = 80;
        return 1;
    }

    if (td_str_is(port, "443")) {
        link->port = 443;
        return 1;
    }

    return 0;
}


static int
td_link_host(td_link_t *link)
{
    char       c;
    size_t     i;
    td_str_t  *host;

    host = &link->host;

    if (host->len == 0) {
        return TD_BAD;
    }

    if (host->data[0] == '[') {

        if (host->data[host->len - 1] != ']') {
            return TD_BAD;
        }

        host->data++;
        host->len -= 2;

        return td_link_address(*host, AF_INET6);
    }

    for (i = 0; i < host->len; i++) {
        c = host->data[i];

        if ((c < '0' || c > '9') && c != '.') {
            return td_link_name(*host) ? TD_OK : TD_BAD;
        }
    }

    return td_link_address(*host, AF_INET);
}


static int
td_link_address(td_str_t host, int family)
{
    char     text[INET6_ADDRSTRLEN];
    uint8_t  addr[16];

    if (host.len >= sizeof(text)) {
        return TD_BAD;
    }

    memcpy(text, host.data, host.len);
    text[host.len] = '\0';

    if (inet_pton(family, text, addr) != 1) {
        return TD_BAD;
    }

    return td_address_public(addr, family == AF_INET ? 4 : 16) ? TD_OK
                                                               : TD_INVALID;
}


static int
td_link_name(td_str_t host)
{
    char    c;
    size_t  i, start;

    if (host.len > TD_LINK_NAME) {
        return 0;
    }

    start = 0;

    for (i = 0; i < host.len; i++) {
        c = host.data[i];

        if (c == '.') {
            if (i == start || i - start > TD_LINK_LABEL) {
                return 0;
            }

            start = i + 1;

        } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
                     || (c >= 'A' && c <= 'Z') || c == '-' || c == '_'))
        {
            return 0;
        }
    }

    if (start == 0 || start == host.len || host.len - start > TD_LINK_LABEL) {
        return 0;
    }

    c = (char) (host.data[start] | 0x20);

    return c >= 'a' && c <= 'z';
}
