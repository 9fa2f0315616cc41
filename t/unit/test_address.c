
/*
 * Which addresses are public: both ends of every range that is not, and what
 * lies beside them; and the strict form of links.
 */


#include <stdlib.h>
#include <sys/socket.h>
#include <arpa/inet.h>

#include "td_address.h"
#include "td_link.h"
#include "tap.h"


static int
public4(uint32_t n)
{
    uint8_t  addr[4];

    addr[0] = (uint8_t) (n >> 24);
    addr[1] = (uint8_t) (n >> 16);
    addr[2] = (uint8_t) (n >> 8);
    addr[3] = (uint8_t) n;

    return td_address_public(addr, 4);
}


static uint32_t
number(const char *text)
{
    struct in_addr  in;

    if (inet_pton(AF_INET, text, &in) != 1) {
        abort();
    }

    return ntohl(in.s_addr);
}


static int
public6(const char *text)
{
    uint8_t  addr[16];

    if (inet_pton(AF_INET6, text, addr) != 1) {
        abort();
    }

    return td_address_public(addr, 16);
}


#define RANGES  17

/* first, last, and whether their neighbours are public */

static const struct {
    const char  *first;
    const char  *last;
    int          below;
    int          above;
} ranges[RANGES] = {
    { "0.0.0.0", "0.255.255.255", -1, 1 },
    { "10.0.0.0", "10.255.255.255", 1, 1 },
    { "100.64.0.0", "100.127.255.255", 1, 1 },
    { "127.0.0.0", "127.255.255.255", 1, 1 },
    { "169.254.0.0", "169.254.255.255", 1, 1 },
    { "172.16.0.0", "172.31.255.255", 1, 1 },
    { "192.0.0.0", "192.0.0.255", 1, 1 },
    { "192.0.2.0", "192.0.2.255", 1, 1 },
    { "192.31.196.0", "192.31.196.255", 1, 1 },
    { "192.52.193.0", "192.52.193.255", 1, 1 },
    { "192.88.99.0", "192.88.99.255", 1, 1 },
    { "192.168.0.0", "192.168.255.255", 1, 1 },
    { "192.175.48.0", "192.175.48.255", 1, 1 },
    { "198.18.0.0", "198.19.255.255", 1, 1 },
    { "198.51.100.0", "198.51.100.255", 1, 1 },
    { "203.0.113.0", "203.0.113.255", 1, 1 },
    { "224.0.0.0", "255.255.255.255", 1, -1 }
};


static void
test_ipv4(void)
{
    size_t    i;
    uint32_t  n, first, last, bounds[RANGES][2];
    uint64_t  wrong, a;

    for (i = 0; i < RANGES; i++) {
        first = number(ranges[i].first);
        last = number(ranges[i].last);

        bounds[i][0] = first;
        bounds[i][1] = last;

        tap_ok(!public4(first), "%s is not public", ranges[i].first);
        tap_ok(!public4(last), "%s is not public", ranges[i].last);

        if (ranges[i].below == 1) {
            tap_ok(public4(first - 1), "the one before is");
        }

        if (ranges[i].above == 1) {
            tap_ok(public4(last + 1), "the one behind is");
        }
    }

    /* the ranges above and nothing else */

    wrong = 0;

    for (a = 0; a < (uint64_t) 1 << 32; a += 1021) {
        n = (uint32_t) a;

        for (i = 0; i < RANGES; i++) {
            if (n >= bounds[i][0] && n <= bounds[i][1]) {
                break;
            }
        }

        if (public4(n) != (i == RANGES)) {
            wrong++;
        }
    }

    tap_ok(wrong == 0, "all over: %u wrong", (unsigned) wrong);
}


static void
test_ipv6(void)
{
    size_t  i;

    static const char *const  good[] = {
        "2000::", "2001:200::1", "2001:4860:4860::8888", "2003::1",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::",
        "2606:2800:220:1::1", "2a00::1", "2620:fe::fe",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "64:ff9b::8.8.8.8", "64:ff9b::1.1.1.1",
        "2a00::5efe:8.8.8.8", "2a00::200:5efe:8.8.8.8",
        "2a00::10.0.0.1", "2a00:0:0:1::5eff:10.0.0.1", NULL
    };

    static const char *const  bad[] = {
        "::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "::10.0.0.1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8",
        "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254",
        "64:ff9b::192.168.0.1", "64:ff9b::", "64:ff9b::ffff:ffff",
        "64:ff9b:1::8.8.8.8", "64:ff9b:1::10.0.0.1", "64:ff9b:0:1::8.8.8.8",
        "64:ff9a::8.8.8.8", "100::1", "100:0:0:1::1", "200::1", "400::1",
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001::", "2001::1", "2001:0:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:1::1", "2001:2::1",
        "2001:10::1", "2001:20::1", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::", "2001:db8::1",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::", "2002:7f00:1::1", "2002:a00:1::1", "2002:808:808::1",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::1", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::1", "5f00::1", "fc00::1", "fd00::1", "fd12:3456:789a:1::1",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::1", "fe80::1",
        "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::1", "feff::1",
        "ff00::1", "ff02::1", "ff05::2", "ff0e::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2a00::5efe:10.0.0.1", "2a00::200:5efe:127.0.0.1",
        "2a00::5efe:169.254.169.254", NULL
    };

    for (i = 0; good[i] != NULL; i++) {
        tap_ok(public6(good[i]), "%s is public", good[i]);
    }

    for (i = 0; bad[i] != NULL; i++) {
        tap_ok(!public6(bad[i]), "%s is not", bad[i]);
    }

    for (i = 0; i < 33; i++) {
        if (i != 4 && i != 16) {
            tap_ok(!td_address_public((const uint8_t *)
                                      "\x2a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0"
                                      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", i),
                   "%zu bytes are no address", i);
        }
    }
}


static int
parse(const char *text, td_link_t *link)
{
    int        rc;
    char      *copy;
    size_t     len;
    td_str_t   s;
    td_link_t  l;

    /* a copy of its own, so that a read beyond the end is seen */

    len = strlen(text);
    copy = malloc(len + !len);
    memcpy(copy, text, len);

    s.data = copy;
    s.len = len;
    rc = td_link_parse(&l, s);

    free(copy);

    s.data = text;

    if (td_link_parse(link, s) != rc) {
        abort();
    }

    return rc;
}


static void
is_link(const char *text, const char *url, const char *host, unsigned port,
    unsigned tls)
{
    int        rc;
    td_link_t  l;

    rc = parse(text, &l);

    if (!tap_ok(rc == TD_OK, "%s: %d", text, rc)) {
        return;
    }

    tap_ok(l.url.len == strlen(url)
           && memcmp(l.url.data, url, l.url.len) == 0, "its address %s", url);
    tap_ok(l.host.len == strlen(host)
           && memcmp(l.host.data, host, l.host.len) == 0, "host %s", host);
    tap_ok(l.port == port && l.tls == tls, "port %u, TLS %u", l.port, l.tls);
}


static void
test_links(void)
{
    int        rc;
    char       text[TD_LINK_MAX + 2];
    size_t     i;
    td_str_t   s;
    td_link_t  l;

    static const char *const  bad[] = {
        "", "h", "http", "http:", "http:/", "http://", "https://",
        "httpx://example.org/", "ftp://example.org/", "file:///etc/passwd",
        "gopher://example.org/", "dict://example.org:80/", "javascript:1",
        "data:text/html,1", "//example.org/", "example.org", "/example.org",
        "http:example.org", "http:/example.org", "http:///example.org",
        "http:\\\\example.org\\", "http://example.org\\@127.0.0.1/",
        "http://user@example.org/", "http://user:pass@example.org/",
        "http://@example.org/", "http://:@example.org/",
        "http://127.0.0.1@example.org/", "http://example.org@127.0.0.1/",
        "http://example.org:80@127.0.0.1/", "http://example.org:@127.0.0.1",
        "http://example.org:", "http://example.org:/",
        "http://example.org:8080/", "http://example.org:22/",
        "http://example.org:080/", "http://example.org:80 /",
        "http://example.org:+80/", "http://example.org:80:80/",
        "http://example.org:65616/", "http://[2a00::1]:81/",
        "http:// example.org/", " http://example.org/",
        "http://example.org/ ", "http://example.org/a b",
        "http://example.org/\t", "http://example.org/\r\nHost: x",
        "http://example.org/\x7f", "http://example.org/\xc3\xa4",
        "http://ex\xc3\xa4mple.org/", "http://example.org/#\xc3\xa4",
        "http://example.org/#\n", "http://ex%61mple.org/",
        "http://%31%32%37.0.0.1/", "http://example.org%00.example.com/",
        "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
        "http://127\xe3\x80\x82" "0.0.1/", "http://\xe2\x91\xa0.example/",
        "http://localhost/", "http://LOCALHOST/", "http://localhost./",
        "http://example/", "http://example./", "http://example.org./",
        "http://.example.org/", "http://example..org/", "http://./",
        "http://../", "http://-/", "http://_/",
        "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
        "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.1/", "http://127.0.0.1./", "http://127.0.0.0x1/",
        "http://127.0.0.01/", "http://8.8.8.010/", "http://8.8.8/",
        "http://8.8.8.8.8/", "http://8.8.8.256/", "http://8.8.8.8./",
        "http://8.8.8.0x8/", "http://0/", "http://0x0/", "http://1.2.3.4.5/",
        "http://example.1/", "http://example.0x7f/", "http://example.1a/",
        "http://[]/", "http://[/", "http://]/", "http://[::1/",
        "http://::1/", "http://2a00::1/", "http://[2a00::1]x/",
        "http://x[2a00::1]/", "http://[2a00::1%25eth0]/",
        "http://[2a00::1%eth0]/", "http://[fe80::1%251]/",
        "http://[8.8.8.8]/", "http://[2a00::1]]/", "http://[[2a00::1]]/",
        "http://[v1.x]/", "http://[2a00:0000:0000:0000:0000:0000:0000:0000:"
        "0000]/", "http://a,b.example/", "http://a*.example/",
        "http://a;b.example/", "http://a'b.example/", "http://a\"b.example/",
        "http://<example.org>/", "http://exam\tple.org/",
        "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "a.example/", NULL
    };

    static const char *const  private[] = {
        "http://127.0.0.1/", "http://127.0.0.1:80/x", "https://10.0.0.1/",
        "http://192.168.1.1/", "http://172.16.0.1", "http://169.254.169.254/"
        "latest/meta-data/", "http://0.0.0.0/", "http://100.64.0.1/",
        "http://198.18.0.1/", "http://203.0.113.1/", "http://224.0.0.1/",
        "http://255.255.255.255/", "http://[::1]/", "http://[::]/",
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:8.8.8.8]/", "http://[fe80::1]/",
        "http://[fd00::1]:443/", "http://[fec0::1]/", "http://[ff02::1]/",
        "http://[64:ff9b::10.0.0.1]/", "http://[2002:7f00:1::]/",
        "http://[2001::1]/", "http://[2001:db8::1]/", NULL
    };

    is_link("http://example.org", "http://example.org", "example.org", 80, 0);
    is_link("https://example.org/", "https://example.org/", "example.org",
            443, 1);
    is_link("HTTPS://Example.ORG/Path?q=a%20b&c=@#top",
            "HTTPS://Example.ORG/Path?q=a%20b&c=@", "Example.ORG", 443, 1);
    is_link("http://example.org:80/", "http://example.org:80/", "example.org",
            80, 0);
    is_link("http://example.org:443?a", "http://example.org:443?a",
            "example.org", 443, 0);
    is_link("https://example.org:80#a:b@c", "https://example.org:80",
            "example.org", 80, 1);
    is_link("http://example.org?@127.0.0.1/", "http://example.org?@127.0.0.1/",
            "example.org", 80, 0);
    is_link("http://example.org/http://127.0.0.1/",
            "http://example.org/http://127.0.0.1/", "example.org", 80, 0);
    is_link("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/",
            "xn--bcher-kva.example", 80, 0);
    is_link("http://a_b.c-d.xn--p1ai/", "http://a_b.c-d.xn--p1ai/",
            "a_b.c-d.xn--p1ai", 80, 0);
    is_link("http://1.2.3.4.example/", "http://1.2.3.4.example/",
            "1.2.3.4.example", 80, 0);
    is_link("http://8.8.8.8/", "http://8.8.8.8/", "8.8.8.8", 80, 0);
    is_link("https://8.8.8.8:443/", "https://8.8.8.8:443/", "8.8.8.8", 443, 1);
    is_link("http://[2a00::1]/", "http://[2a00::1]/", "2a00::1", 80, 0);
    is_link("http://[2A00::1]:443/", "http://[2A00::1]:443/", "2A00::1", 443,
            0);
    is_link("http://[64:ff9b::8.8.8.8]/", "http://[64:ff9b::8.8.8.8]/",
            "64:ff9b::8.8.8.8", 80, 0);

    for (i = 0; bad[i] != NULL; i++) {
        rc = parse(bad[i], &l);
        tap_ok(rc == TD_BAD, "%zu, \"%.*s\", is refused: %d", i,
               (int) strcspn(bad[i], "\r\n"), bad[i], rc);
    }

    for (i = 0; private[i] != NULL; i++) {
        rc = parse(private[i], &l);
        tap_ok(rc == TD_INVALID, "%s is not public: %d", private[i], rc);
    }

    memset(text, 'a', sizeof(text));
    memcpy(text, "http://example.org/", 19);

    s.data = text;
    s.len = TD_LINK_MAX;
    tap_ok(td_link_parse(&l, s) == TD_OK, "as long as may be");

    s.len++;
    tap_ok(td_link_parse(&l, s) == TD_TOO_BIG, "and longer");

    for (i = 7; i < 7 + 252; i++) {
        text[i] = i % 50 ? 'a' : '.';
    }

    s.len = 7 + 253;
    tap_ok(td_link_parse(&l, s) == TD_OK, "the longest name");

    s.len++;
    tap_ok(td_link_parse(&l, s) == TD_BAD, "and one longer");
}


int
main(void)
{
    test_ipv4();
    test_ipv6();
    test_links();

    return tap_done();
}
