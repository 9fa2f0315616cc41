
/*
 * A hash of 256 bits of what comes in pieces: SHA-256 by libcrypto, which
 * knows the instructions that processors have for it, or BLAKE2b by libsodium,
 * the faster one where there are none.
 */


#ifndef _TD_DIGEST_H_INCLUDED_
#define _TD_DIGEST_H_INCLUDED_


#include "td_core.h"

/*
 * libcrypto prefers its EVP functions, which allocate, may fail, and bring all
 * of the library into an executable that is linked statically.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>
#include <sodium.h>


#define TD_DIGEST  32      /* bytes */


typedef enum {
    TD_DIGEST_SHA256 = 0,
    TD_DIGEST_BLAKE2B
} td_digest_e;


/* Its memory is the caller's, aligned to 64 bytes. */

typedef struct {
    union {
        crypto_generichash_state  blake2b;
        SHA256_CTX                sha256;
    } state;

    td_digest_e                   kind;
} td_digest_t;


/* Which one takes less time on this processor. */
td_digest_e td_digest_fastest(void);

void td_digest_init(td_digest_t *d, td_digest_e kind);

void td_digest_add(td_digest_t *d, const void *p, size_t n);

/* The hash of all that was added; nothing may be added afterwards. */
void td_digest_end(td_digest_t *d, uint8_t out[TD_DIGEST]);


#endif /* _TD_DIGEST_H_INCLUDED_ */
