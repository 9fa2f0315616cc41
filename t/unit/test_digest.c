
/*
 * Hashes of what comes in pieces, as sha256sum and "b2sum -l 256" give them.
 */


#include <stdlib.h>
#include <string.h>

#include "td_digest.h"
#include "tap.h"


static const struct {
    td_digest_e    kind;
    const char    *text;
    size_t         times;
    const char    *hash;
} cases[] = {
    { TD_DIGEST_SHA256, "", 1,
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { TD_DIGEST_SHA256, "abc", 1,
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { TD_DIGEST_SHA256, "a", 1000000,
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
    { TD_DIGEST_BLAKE2B, "", 1,
      "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8" },
    { TD_DIGEST_BLAKE2B, "abc", 1,
      "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319" },
    { TD_DIGEST_BLAKE2B, "a", 1000000,
      "0741850f36cba4259628355d1073e24ddb9ca0e1bfac36fd39ae5dc2101e23a4" },
};


static void
hash(td_digest_e kind, const char *p, size_t n, size_t step, char hex[65])
{
    size_t        i, len;
    uint8_t       out[TD_DIGEST];
    td_digest_t   d;

    td_digest_init(&d, kind);

    for (i = 0; i < n; i += len) {
        len = n - i < step ? n - i : step;
        td_digest_add(&d, p + i, len);
    }

    td_digest_end(&d, out);

    for (i = 0; i < TD_DIGEST; i++) {
        sprintf(hex + 2 * i, "%02x", out[i]);
    }
}


int
main(void)
{
    char    hex[65], *p;
    size_t  i, k, n, len;

    static const size_t  steps[] = { 1, 63, 64, 65, 127, 129, 4096, 1 << 20 };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        len = strlen(cases[i].text);
        n = len * cases[i].times;
        p = malloc(n + 1);

        for (k = 0; k < cases[i].times; k++) {
            memcpy(p + k * len, cases[i].text, len);
        }

        for (k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            hash(cases[i].kind, p, n, steps[k], hex);
            tap_ok(strcmp(hex, cases[i].hash) == 0,
                   "%s of %zu bytes in steps of %zu",
                   cases[i].kind == TD_DIGEST_SHA256 ? "SHA-256" : "BLAKE2b",
                   n, steps[k]);
        }

        free(p);
    }

    return tap_done();
}
