
/*
 * Signature Version 4 and the XML of S3.  Everything is built in buffers of
 * the caller or on the stack; a secret never gets into what is put out.
 */


#include "td_s3.h"

#include <stdlib.h>


#define TD_S3_ALGORITHM  "AWS4-HMAC-SHA256"


static int td_s3_check(const td_s3_request_t *r);
static int td_s3_cmp(const void *one, const void *two);
static int td_s3_str_cmp(td_str_t a, td_str_t b);
static void td_s3_query(td_buf_t *out, const td_s3_pair_t *query, size_t n);
static void td_s3_signed(td_buf_t *out, const td_s3_pair_t *headers,
    size_t n);
static void td_s3_value(td_buf_t *out, td_str_t value);
static void td_s3_scope(td_buf_t *out, const td_s3_request_t *r);
static int td_s3_sign(const td_s3_request_t *r, const td_s3_pair_t *headers,
    size_t nheaders, td_str_t payload, const td_s3_hash_t *hash,
    char signature[TD_S3_HEX]);
static td_s3_pair_t td_s3_pair(td_str_t name, td_str_t value);


int
td_s3_authorize(td_s3_request_t *r, const td_s3_hash_t *hash, td_buf_t *out)
{
    int           rc;
    char          signature[TD_S3_HEX];
    size_t        n;
    td_s3_pair_t  headers[TD_S3_PAIRS_MAX + 3];

    if (td_s3_check(r) != TD_OK) {
        return TD_BAD;
    }

    for (n = 0; n < r->nheaders; n++) {
        headers[n] = r->headers[n];
    }

    headers[n++] = td_s3_pair(td_str("host"), r->host);
    headers[n++] = td_s3_pair(td_str("x-amz-content-sha256"), r->payload);
    headers[n++] = td_s3_pair(td_str("x-amz-date"), r->date);

    qsort(headers, n, sizeof(td_s3_pair_t), td_s3_cmp);
    qsort(r->query, r->nquery, sizeof(td_s3_pair_t), td_s3_cmp);

    rc = td_s3_sign(r, headers, n, r->payload, hash, signature);
    if (rc != TD_OK) {
        return rc;
    }

    td_buf_lit(out, TD_S3_ALGORITHM " Credential=");
    td_buf_str(out, r->key);
    td_buf_char(out, '/');
    td_s3_scope(out, r);
    td_buf_lit(out, ",SignedHeaders=");
    td_s3_signed(out, headers, n);
    td_buf_lit(out, ",Signature=");
    td_buf_add(out, signature, TD_S3_HEX);

    return out->failed ? TD_NOMEM : TD_OK;
}


int
td_s3_presign(td_s3_request_t *r, unsigned seconds, const td_s3_hash_t *hash,
    td_buf_t *out)
{
    int           rc;
    char          signature[TD_S3_HEX];
    size_t        n;
    td_buf_t      credential, names, expires;
    td_s3_pair_t  headers[TD_S3_PAIRS_MAX + 1];

    if (td_s3_check(r) != TD_OK || r->nquery + 5 > TD_S3_PAIRS_MAX) {
        return TD_BAD;
    }

    for (n = 0; n < r->nheaders; n++) {
        headers[n] = r->headers[n];
    }

    headers[n++] = td_s3_pair(td_str("host"), r->host);

    qsort(headers, n, sizeof(td_s3_pair_t), td_s3_cmp);

    memset(&credential, 0, sizeof(td_buf_t));
    memset(&names, 0, sizeof(td_buf_t));
    memset(&expires, 0, sizeof(td_buf_t));

    td_buf_str(&credential, r->key);
    td_buf_char(&credential, '/');
    td_s3_scope(&credential, r);
    td_s3_signed(&names, headers, n);
    td_buf_uint(&expires, seconds);

    rc = TD_NOMEM;

    if (credential.failed || names.failed || expires.failed) {
        goto done;
    }

#define td_s3_argument(name, string)                                          \
    r->query[r->nquery++] = td_s3_pair(td_str(name), string)

    td_s3_argument("X-Amz-Algorithm", td_str(TD_S3_ALGORITHM));
    td_s3_argument("X-Amz-Credential",
                   ((td_str_t) { credential.len, credential.data }));
    td_s3_argument("X-Amz-Date", r->date);
    td_s3_argument("X-Amz-Expires",
                   ((td_str_t) { expires.len, expires.data }));
    td_s3_argument("X-Amz-SignedHeaders",
                   ((td_str_t) { names.len, names.data }));

#undef td_s3_argument

    qsort(r->query, r->nquery, sizeof(td_s3_pair_t), td_s3_cmp);

    rc = td_s3_sign(r, headers, n, td_str("UNSIGNED-PAYLOAD"), hash,
                    signature);

    if (rc == TD_OK) {
        (void) td_s3_target(r, out);
        td_buf_lit(out, "&X-Amz-Signature=");
        td_buf_add(out, signature, TD_S3_HEX);

        rc = out->failed ? TD_NOMEM : TD_OK;
    }

    /* what points to the buffers below is of no use to anybody any more */

    r->nquery = 0;

done:

    td_buf_free(&credential);
    td_buf_free(&names);
    td_buf_free(&expires);

    return rc;
}


int
td_s3_target(const td_s3_request_t *r, td_buf_t *out)
{
    td_s3_encode(out, r->path, 1);

    if (r->nquery != 0) {
        td_buf_char(out, '?');
        td_s3_query(out, r->query, r->nquery);
    }

    return out->failed ? TD_NOMEM : TD_OK;
}


static int
td_s3_check(const td_s3_request_t *r)
{
    return r->nquery > TD_S3_PAIRS_MAX || r->nheaders > TD_S3_PAIRS_MAX
           || r->date.len != TD_S3_DATE
           ? TD_BAD : TD_OK;
}


static td_s3_pair_t
td_s3_pair(td_str_t name, td_str_t value)
{
    td_s3_pair_t  pair;

    pair.name = name;
    pair.value = value;

    return pair;
}


/* Names first; they are ASCII, so that the encoding does not change order. */

static int
td_s3_cmp(const void *one, const void *two)
{
    int                  rc;
    const td_s3_pair_t  *a = one;
    const td_s3_pair_t  *b = two;

    rc = td_s3_str_cmp(a->name, b->name);

    return rc != 0 ? rc : td_s3_str_cmp(a->value, b->value);
}


static int
td_s3_str_cmp(td_str_t a, td_str_t b)
{
    int     rc;
    size_t  n;

    n = a.len < b.len ? a.len : b.len;
    rc = n != 0 ? memcmp(a.data, b.data, n) : 0;

    if (rc != 0) {
        return rc;
    }

    return a.len < b.len ? -1 : a.len > b.len;
}


void
td_s3_encode(td_buf_t *out, td_str_t s, unsigned keep)
{
    size_t         i;
    unsigned char  c;

    static const char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < s.len; i++) {
        c = (unsigned char) s.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || c == '-' || c == '.' || c == '_' || c == '~'
            || (c == '/' && keep))
        {
            td_buf_char(out, (char) c);
            continue;
        }

        td_buf_char(out, '%');
        td_buf_char(out, hex[c >> 4]);
        td_buf_char(out, hex[c & 0xf]);
    }
}


void
td_s3_hex(char *out, const uint8_t *p, size_t n)
{
    size_t  i;

    static const char  hex[] = "0123456789abcdef";

    for (i = 0; i < n; i++) {
        out[2 * i] = hex[p[i] >> 4];
        out[2 * i + 1] = hex[p[i] & 0xf];
    }
}


static void
td_s3_query(td_buf_t *out, const td_s3_pair_t *query, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (i != 0) {
            td_buf_char(out, '&');
        }

        td_s3_encode(out, query[i].name, 0);
        td_buf_char(out, '=');
        td_s3_encode(out, query[i].value, 0);
    }
}


static void
td_s3_signed(td_buf_t *out, const td_s3_pair_t *headers, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (i != 0) {
            td_buf_char(out, ';');
        }

        td_buf_str(out, headers[i].name);
    }
}


/* Without blanks around it, and with single ones in it. */

static void
td_s3_value(td_buf_t *out, td_str_t value)
{
    size_t    i;
    unsigned  blank;

    blank = 0;

    while (value.len > 0 && value.data[value.len - 1] == ' ') {
        value.len--;
    }

    for (i = 0; i < value.len && value.data[i] == ' '; i++) { /* void */ }

    for ( ; i < value.len; i++) {

        if (value.data[i] != ' ' || !blank) {
            td_buf_char(out, value.data[i]);
        }

        blank = value.data[i] == ' ';
    }
}


static void
td_s3_scope(td_buf_t *out, const td_s3_request_t *r)
{
    td_buf_add(out, r->date.data, 8);
    td_buf_char(out, '/');
    td_buf_str(out, r->region);
    td_buf_lit(out, "/s3/aws4_request");
}


static int
td_s3_sign(const td_s3_request_t *r, const td_s3_pair_t *headers,
    size_t nheaders, td_str_t payload, const td_s3_hash_t *hash,
    char signature[TD_S3_HEX])
{
    char      hex[TD_S3_HEX];
    size_t    i;
    uint8_t   key[TD_S3_HASH], digest[TD_S3_HASH];
    td_buf_t  b, k;

    memset(&b, 0, sizeof(td_buf_t));

    /* the canonical request */

    td_buf_str(&b, r->method);
    td_buf_char(&b, '\n');
    td_s3_encode(&b, r->path, 1);
    td_buf_char(&b, '\n');
    td_s3_query(&b, r->query, r->nquery);
    td_buf_char(&b, '\n');

    for (i = 0; i < nheaders; i++) {
        td_buf_str(&b, headers[i].name);
        td_buf_char(&b, ':');
        td_s3_value(&b, headers[i].value);
        td_buf_char(&b, '\n');
    }

    td_buf_char(&b, '\n');
    td_s3_signed(&b, headers, nheaders);
    td_buf_char(&b, '\n');
    td_buf_str(&b, payload);

    if (b.failed) {
        td_buf_free(&b);
        return TD_NOMEM;
    }

    hash->sha256(digest, b.data, b.len);
    td_s3_hex(hex, digest, TD_S3_HASH);

    /* the string to sign */

    b.len = 0;

    td_buf_lit(&b, TD_S3_ALGORITHM "\n");
    td_buf_str(&b, r->date);
    td_buf_char(&b, '\n');
    td_s3_scope(&b, r);
    td_buf_char(&b, '\n');
    td_buf_add(&b, hex, TD_S3_HEX);

    if (b.failed) {
        td_buf_free(&b);
        return TD_NOMEM;
    }

    memset(&k, 0, sizeof(td_buf_t));

    (void) td_buf_reserve(&k, 4 + r->secret.len);

    td_buf_lit(&k, "AWS4");
    td_buf_str(&k, r->secret);

    if (k.failed) {
        td_buf_free(&k);
        td_buf_free(&b);
        return TD_NOMEM;
    }

    hash->hmac(key, k.data, k.len, r->date.data, 8);

    td_buf_free(&k);

    hash->hmac(digest, (char *) key, TD_S3_HASH, r->region.data,
               r->region.len);
    hash->hmac(key, (char *) digest, TD_S3_HASH, "s3", 2);
    hash->hmac(digest, (char *) key, TD_S3_HASH, "aws4_request", 12);
    hash->hmac(key, (char *) digest, TD_S3_HASH, b.data, b.len);

    td_s3_hex(signature, key, TD_S3_HASH);

    td_buf_free(&b);

    return TD_OK;
}


int
td_s3_xml(td_str_t xml, size_t *pos, const char *name, td_str_t *text)
{
    size_t       len;
    const char  *p, *last, *end;

    len = strlen(name);
    last = xml.data + xml.len;

    for (p = xml.data + *pos; (size_t) (last - p) > len + 1; p++) {

        p = memchr(p, '<', last - p);

        if (p == NULL || (size_t) (last - p) <= len + 1) {
            return 0;
        }

        if (memcmp(p + 1, name, len) != 0
            || (p[len + 1] != '>' && p[len + 1] != ' '))
        {
            continue;
        }

        p = memchr(p, '>', last - p);
        if (p == NULL) {
            return 0;
        }

        text->data = ++p;

        for (end = p; (size_t) (last - end) >= len + 3; end++) {

            end = memchr(end, '<', last - end);

            if (end == NULL || (size_t) (last - end) < len + 3) {
                return 0;
            }

            if (end[1] == '/' && memcmp(end + 2, name, len) == 0
                && end[len + 2] == '>')
            {
                text->len = end - p;
                *pos = end + len + 3 - xml.data;

                return 1;
            }
        }

        return 0;
    }

    return 0;
}


void
td_s3_xml_text(td_buf_t *out, td_str_t text)
{
    size_t  i, k;

    static const struct {
        td_str_t    entity;
        char        c;
    } entities[] = {
        { { 5, "&amp;" }, '&' },
        { { 4, "&lt;" }, '<' },
        { { 4, "&gt;" }, '>' },
        { { 6, "&quot;" }, '"' },
        { { 6, "&apos;" }, '\'' },
        { { 5, "&#34;" }, '"' },
        { { 5, "&#39;" }, '\'' },
        { { 0, NULL }, 0 }
    };

    for (i = 0; i < text.len; /* void */ ) {

        for (k = 0; text.data[i] == '&' && entities[k].entity.len; k++) {

            if (text.len - i >= entities[k].entity.len
                && memcmp(text.data + i, entities[k].entity.data,
                          entities[k].entity.len) == 0)
            {
                break;
            }
        }

        if (text.data[i] == '&' && entities[k].entity.len) {
            td_buf_char(out, entities[k].c);
            i += entities[k].entity.len;
            continue;
        }

        td_buf_char(out, text.data[i++]);
    }
}
