
/*
 * S3 and compatible stores: the Signature Version 4 of a request, in a header
 * or in the address, and the few answers that are XML.
 *
 * Nothing here does cryptography or knows a network: the caller brings the
 * hash functions, and sends what comes out.
 */


#ifndef _TD_S3_H_INCLUDED_
#define _TD_S3_H_INCLUDED_


#include "td_core.h"


#define TD_S3_HASH       32      /* bytes of SHA-256 */
#define TD_S3_HEX        64
#define TD_S3_DATE       16      /* "20130524T000000Z" */
#define TD_S3_PAIRS_MAX  16


/* SHA-256, and HMAC-SHA-256 with a key of any length. */

typedef struct {
    void       (*sha256)(uint8_t out[TD_S3_HASH], const char *p, size_t n);
    void       (*hmac)(uint8_t out[TD_S3_HASH], const char *key,
                    size_t keylen, const char *p, size_t n);
} td_s3_hash_t;


/* A header (name in lower case) or an argument of the query, not encoded. */

typedef struct {
    td_str_t     name;
    td_str_t     value;
} td_s3_pair_t;


typedef struct {
    td_str_t       method;
    td_str_t       host;         /* as the header Host will have it */
    td_str_t       path;         /* begins with "/", not encoded */
    td_s3_pair_t   query[TD_S3_PAIRS_MAX];
    size_t         nquery;
    td_s3_pair_t   headers[TD_S3_PAIRS_MAX];   /* to sign, beside Host and
                                                  x-amz-date */
    size_t         nheaders;
    td_str_t       payload;      /* hexadecimal SHA-256 of the body, or
                                    "UNSIGNED-PAYLOAD" */
    td_str_t       date;         /* TD_S3_DATE bytes */
    td_str_t       region;
    td_str_t       key;          /* the access key's name */
    td_str_t       secret;
} td_s3_request_t;


/*
 * Appends the value of the header Authorization.  The request must be sent
 * with x-amz-date of r->date, x-amz-content-sha256 of r->payload, which are
 * signed as well, and all of r->headers.  TD_OK, TD_NOMEM, or TD_BAD: more
 * pairs than there is room for.
 *
 * AWS, "Authenticating Requests (AWS Signature Version 4)".
 */
int td_s3_authorize(td_s3_request_t *r, const td_s3_hash_t *hash,
    td_buf_t *out);

/*
 * Appends path and query of an address that is good for "seconds" from
 * r->date, at most seven days.  r->payload is not looked at, r->headers must
 * be sent by whoever follows it.
 */
int td_s3_presign(td_s3_request_t *r, unsigned seconds,
    const td_s3_hash_t *hash, td_buf_t *out);

/* Appends the path, and the query if there is one, as they are sent. */
int td_s3_target(const td_s3_request_t *r, td_buf_t *out);

/* Appends s, encoded for an address; slashes stay where keep is 1. */
void td_s3_encode(td_buf_t *out, td_str_t s, unsigned keep);

/* The hexadecimal form of n bytes, 2 * n characters. */
void td_s3_hex(char *out, const uint8_t *p, size_t n);


/*
 * The text of the next element "name" in xml from *pos on, with the entities
 * that XML has by itself still in it; *pos moves behind it.  1: found, 0: not.
 * It looks for the tags alone: enough for answers whose names are unambiguous.
 */
int td_s3_xml(td_str_t xml, size_t *pos, const char *name, td_str_t *text);

/* Appends the text without entities. */
void td_s3_xml_text(td_buf_t *out, td_str_t text);


#endif /* _TD_S3_H_INCLUDED_ */
