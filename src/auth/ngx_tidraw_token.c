
/*
 * Secret tokens: making, deriving, hashing.  Owns nothing; must never log a
 * token.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_token.h"


ngx_uint_t
ngx_tidraw_token_valid(ngx_str_t *s, size_t len)
{
    u_char  c;
    size_t  i;

    if (s->len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = s->data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || c == '_' || c == '-')
        {
            continue;
        }

        return 0;
    }

    return 1;
}


void
ngx_tidraw_token_random(u_char *dst)
{
    ngx_tidraw_random_id(dst, 32);
}


void
ngx_tidraw_token_derive(ngx_tidraw_site_t *site, const char *kind,
    ngx_str_t *id, u_char *dst)
{
    u_char                    raw[32];
    ngx_str_t                 from, to;
    crypto_generichash_state  state;

    crypto_generichash_init(&state, site->secret, sizeof(site->secret),
                            sizeof(raw));
    crypto_generichash_update(&state, (const u_char *) kind,
                              ngx_strlen(kind));
    crypto_generichash_update(&state, id->data, id->len);
    crypto_generichash_final(&state, raw, sizeof(raw));

    from.len = sizeof(raw);
    from.data = raw;
    to.data = dst;

    ngx_encode_base64url(&to, &from);

    sodium_memzero(raw, sizeof(raw));
    sodium_memzero(&state, sizeof(state));
}


void
ngx_tidraw_token_hash(ngx_str_t *token, u_char *dst)
{
    u_char  raw[32];

    crypto_generichash(raw, sizeof(raw), token->data, token->len, NULL, 0);

    (void) ngx_hex_dump(dst, raw, sizeof(raw));
}
