
/*
 * Signature Version 4 by the examples that AWS publishes for S3
 * (sig-v4-header-based-auth, sigv4-query-string-auth), odd names, and the XML
 * of answers.
 */


#include <stdlib.h>
#include <sodium.h>

#include "td_s3.h"
#include "tap.h"


#define EMPTY                                                                 \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


static void
sha256(uint8_t out[TD_S3_HASH], const char *p, size_t n)
{
    crypto_hash_sha256(out, (const unsigned char *) p, n);
}


static void
hmac(uint8_t out[TD_S3_HASH], const char *key, size_t keylen, const char *p,
    size_t n)
{
    crypto_auth_hmacsha256_state  st;

    crypto_auth_hmacsha256_init(&st, (const unsigned char *) key, keylen);
    crypto_auth_hmacsha256_update(&st, (const unsigned char *) p, n);
    crypto_auth_hmacsha256_final(&st, out);
}


static const td_s3_hash_t  hash = { sha256, hmac };


static td_str_t
str(const char *s)
{
    td_str_t  v;

    v.data = s;
    v.len = strlen(s);

    return v;
}


static td_s3_request_t
request(const char *method, const char *path)
{
    td_s3_request_t  r;

    memset(&r, 0, sizeof(r));

    r.method = str(method);
    r.host = td_str("examplebucket.s3.amazonaws.com");
    r.path = str(path);
    r.payload = td_str(EMPTY);
    r.date = td_str("20130524T000000Z");
    r.region = td_str("us-east-1");
    r.key = td_str("AKIAIOSFODNN7EXAMPLE");
    r.secret = td_str("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

    return r;
}


static void
header(td_s3_request_t *r, const char *name, const char *value)
{
    r->headers[r->nheaders].name = str(name);
    r->headers[r->nheaders++].value = str(value);
}


static void
argument(td_s3_request_t *r, const char *name, const char *value)
{
    r->query[r->nquery].name = str(name);
    r->query[r->nquery++].value = str(value);
}


static void
is(td_buf_t *b, const char *expected, const char *name)
{
    td_buf_char(b, '\0');

    if (!tap_ok(!b->failed && strcmp(b->data, expected) == 0, "%s", name)) {
        printf("# %s\n# %s\n", b->data, expected);
    }

    td_buf_free(b);
    memset(b, 0, sizeof(td_buf_t));
}


static void
authorize(td_s3_request_t *r, const char *names, const char *signature,
    const char *name)
{
    char      expected[1024];
    td_buf_t  b;

    memset(&b, 0, sizeof(b));

    snprintf(expected, sizeof(expected), "AWS4-HMAC-SHA256 Credential="
             "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
             "SignedHeaders=%s,Signature=%s", names, signature);

    tap_ok(td_s3_authorize(r, &hash, &b) == TD_OK, "%s: done", name);
    is(&b, expected, name);
}


static void
test_examples(void)
{
    char             hex[TD_S3_HEX + 1];
    uint8_t          digest[TD_S3_HASH];
    td_buf_t         b;
    td_s3_request_t  r;

    r = request("GET", "/test.txt");
    header(&r, "range", "bytes=0-9");
    authorize(&r, "host;range;x-amz-content-sha256;x-amz-date",
              "f0e8bdb87c964420e857bd35b5d6ed31"
              "0bd44f0170aba48dd91039c6036bdb41", "GET of a range");

    r = request("PUT", "/test$file.text");
    sha256(digest, "Welcome to Amazon S3.", 21);
    td_s3_hex(hex, digest, TD_S3_HASH);
    r.payload.data = hex;
    header(&r, "x-amz-storage-class", "REDUCED_REDUNDANCY");
    header(&r, "date", "Fri, 24 May 2013 00:00:00 GMT");
    authorize(&r, "date;host;x-amz-content-sha256;x-amz-date;"
              "x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238"
              "d841ea1380cd77a1b5971af0ece108bd", "PUT");

    r = request("GET", "/");
    argument(&r, "lifecycle", "");
    authorize(&r, "host;x-amz-content-sha256;x-amz-date",
              "fea454ca298b7da1c68078a5d1bdbfbb"
              "e0d65c699e0f91ac7a200a0136783543", "an argument alone");

    r = request("GET", "/");
    argument(&r, "prefix", "J");
    argument(&r, "max-keys", "2");
    authorize(&r, "host;x-amz-content-sha256;x-amz-date",
              "34b48302e7b5fa45bde8084f4b7868a8"
              "6f0a534bc59db6670ed5711ef69dc6f7", "arguments in their order");

    r = request("GET", "/test.txt");
    memset(&b, 0, sizeof(b));
    tap_ok(td_s3_presign(&r, 86400, &hash, &b) == TD_OK, "an address");
    is(&b, "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
       "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&"
       "X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders="
       "host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835"
       "f995330da4c265957d157751f604d404", "its signature");
}


static void
test_odd(void)
{
    size_t           i;
    td_buf_t         b, c;
    td_s3_request_t  r;

    r = request("GET", "/a b/\xc3\xa4+%2F~'()*!/x");
    argument(&r, "b", "1 2");
    argument(&r, "a", "/\xc3\xa4&=");
    argument(&r, "a", "");

    memset(&b, 0, sizeof(b));
    memset(&c, 0, sizeof(c));

    tap_ok(td_s3_authorize(&r, &hash, &b) == TD_OK, "odd names");
    td_buf_free(&b);
    memset(&b, 0, sizeof(b));

    (void) td_s3_target(&r, &b);
    is(&b, "/a%20b/%C3%A4%2B%252F~%27%28%29%2A%21/x"
       "?a=&a=%2F%C3%A4%26%3D&b=1%202", "are encoded as S3 has it");

    r = request("GET", "/");
    header(&r, "range", "  bytes=0-9  ");
    (void) td_s3_authorize(&r, &hash, &b);
    r = request("GET", "/");
    header(&r, "range", "bytes=0-9");
    (void) td_s3_authorize(&r, &hash, &c);
    td_buf_char(&c, '\0');
    is(&b, c.data, "blanks around a header do not count");
    td_buf_free(&c);

    r = request("GET", "/");

    for (i = 0; i < TD_S3_PAIRS_MAX - 4; i++) {
        argument(&r, "x", "y");
    }

    tap_ok(td_s3_presign(&r, 1, &hash, &b) == TD_BAD, "too many arguments");
    r.date.len = 3;
    tap_ok(td_s3_authorize(&r, &hash, &b) == TD_BAD, "no date");
    td_buf_free(&b);
}


static void
test_xml(void)
{
    size_t    pos, cut;
    unsigned  n;
    td_buf_t  b;
    td_str_t  xml, text, part;

    xml = td_str("<?xml version=\"1.0\"?><L xmlns=\"http://x/\"><Keys>no</Keys>"
                 "<C><Key>a&amp;b&lt;&#34;&amp;lt;</Key><S>1</S></C>"
                 "<C><Key a=\"b\">two</Key></C><Key></Key><Key>x");

    pos = 0;
    memset(&b, 0, sizeof(b));

    tap_ok(td_s3_xml(xml, &pos, "Key", &text) == 1, "an element");
    td_s3_xml_text(&b, text);
    is(&b, "a&b<\"&lt;", "its text");
    tap_ok(td_s3_xml(xml, &pos, "Key", &text) == 1 && td_str_is(text, "two"),
           "the next, with an attribute");
    tap_ok(td_s3_xml(xml, &pos, "Key", &text) == 1 && text.len == 0,
           "an empty one");
    tap_ok(td_s3_xml(xml, &pos, "Key", &text) == 0, "one that does not end");

    n = 0;

    for (cut = 0; cut <= xml.len; cut++) {
        part.data = malloc(cut + 1);
        memcpy((char *) part.data, xml.data, cut);
        part.len = cut;

        for (pos = 0; td_s3_xml(part, &pos, "Key", &text); n++) { /* void */ }

        free((char *) part.data);
    }

    tap_ok(n > 0, "cut anywhere it stays within its bounds");
}


int
main(void)
{
    test_examples();
    test_odd();
    test_xml();

    return tap_done();
}
