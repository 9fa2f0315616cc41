
/*
 * SHA-256 and BLAKE2b-256 behind one interface.  Nothing here allocates.
 */


#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include "td_digest.h"


/* What says that there are instructions for SHA-256. */

#define TD_DIGEST_CPUID  (1u << 29)      /* EBX of leaf 7 */
#define TD_DIGEST_HWCAP  (1ul << 6)      /* HWCAP_SHA2 */


td_digest_e
td_digest_fastest(void)
{
#if defined(__x86_64__)
    unsigned  a, b, c, d;

    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & TD_DIGEST_CPUID)) {
        return TD_DIGEST_SHA256;
    }

#elif defined(__aarch64__) && defined(__linux__)

    if (getauxval(AT_HWCAP) & TD_DIGEST_HWCAP) {
        return TD_DIGEST_SHA256;
    }

#endif

    return TD_DIGEST_BLAKE2B;
}


void
td_digest_init(td_digest_t *d, td_digest_e kind)
{
    d->kind = kind;

    if (kind == TD_DIGEST_SHA256) {
        (void) SHA256_Init(&d->state.sha256);
        return;
    }

    (void) crypto_generichash_init(&d->state.blake2b, NULL, 0, TD_DIGEST);
}


void
td_digest_add(td_digest_t *d, const void *p, size_t n)
{
    if (d->kind == TD_DIGEST_SHA256) {
        (void) SHA256_Update(&d->state.sha256, p, n);
        return;
    }

    (void) crypto_generichash_update(&d->state.blake2b, p, n);
}


void
td_digest_end(td_digest_t *d, uint8_t out[TD_DIGEST])
{
    if (d->kind == TD_DIGEST_SHA256) {
        (void) SHA256_Final(out, &d->state.sha256);
        return;
    }

    (void) crypto_generichash_final(&d->state.blake2b, out, TD_DIGEST);
}
