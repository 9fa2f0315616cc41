
/*
 * Attempts that are slowed down.  One table of fixed size, owned by the
 * worker: entries are found by a keyed hash and the least recently used one
 * gives way.  Must never grow with the number of attackers.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_throttle.h"


#define NGX_TIDRAW_THROTTLE_ENTRIES   4096
#define NGX_TIDRAW_THROTTLE_BUCKETS   1024
#define NGX_TIDRAW_THROTTLE_FORGET    (3600 * (uint64_t) 1000)


typedef struct {
    ngx_queue_t    lru;
    ngx_queue_t    bucket;
    u_char         key[16];
    uint64_t       last;       /* monotonic milliseconds, as are all here */
    uint64_t       until;
    ngx_uint_t     count;
} ngx_tidraw_throttle_entry_t;


struct ngx_tidraw_throttle_s {
    ngx_queue_t                   lru;       /* most recent first */
    ngx_queue_t                   buckets[NGX_TIDRAW_THROTTLE_BUCKETS];
    ngx_uint_t                    used;
    u_char                        secret[32];
    ngx_tidraw_throttle_entry_t   entries[NGX_TIDRAW_THROTTLE_ENTRIES];
};


/* Free attempts, and the longest wait in seconds. */

static struct {
    ngx_uint_t    free;
    ngx_uint_t    longest;
} ngx_tidraw_throttle_limits[] = {
    { 5, 60 },          /* account: nobody can lock its owner out for long */
    { 30, 300 },        /* address: people behind one router share it */
    { 5, 900 }          /* setup code */
};


static ngx_tidraw_throttle_entry_t *ngx_tidraw_throttle_find(
    ngx_tidraw_throttle_t *t, ngx_tidraw_throttle_e kind, ngx_str_t *key,
    ngx_uint_t add);


ngx_tidraw_throttle_t *
ngx_tidraw_throttle_create(ngx_log_t *log)
{
    ngx_uint_t              i;
    ngx_tidraw_throttle_t  *t;

    /* untouched pages of the table take no memory */

    t = ngx_calloc(sizeof(ngx_tidraw_throttle_t), log);
    if (t == NULL) {
        return NULL;
    }

    ngx_queue_init(&t->lru);

    for (i = 0; i < NGX_TIDRAW_THROTTLE_BUCKETS; i++) {
        ngx_queue_init(&t->buckets[i]);
    }

    randombytes_buf(t->secret, sizeof(t->secret));

    return t;
}


void
ngx_tidraw_throttle_destroy(ngx_tidraw_throttle_t *t)
{
    ngx_free(t);
}


ngx_uint_t
ngx_tidraw_throttle_take(ngx_tidraw_throttle_t *t, ngx_tidraw_throttle_e kind,
    ngx_str_t *key)
{
    uint64_t                      now;
    ngx_uint_t                    over, wait;
    ngx_tidraw_throttle_entry_t  *e;

    now = ngx_current_msec;
    e = ngx_tidraw_throttle_find(t, kind, key, 1);

    if (now < e->until) {
        return (e->until - now + 999) / 1000;
    }

    if (now - e->last > NGX_TIDRAW_THROTTLE_FORGET) {
        e->count = 0;
    }

    e->last = now;
    e->count++;

    if (e->count >= ngx_tidraw_throttle_limits[kind].free) {
        over = e->count - ngx_tidraw_throttle_limits[kind].free;
        wait = over < 16 ? (ngx_uint_t) 1 << over : NGX_MAX_INT32_VALUE;

        e->until = now + 1000 * (uint64_t)
                         ngx_min(wait,
                                 ngx_tidraw_throttle_limits[kind].longest);
    }

    return 0;
}


void
ngx_tidraw_throttle_good(ngx_tidraw_throttle_t *t, ngx_tidraw_throttle_e kind,
    ngx_str_t *key)
{
    ngx_tidraw_throttle_entry_t  *e;

    e = ngx_tidraw_throttle_find(t, kind, key, 0);

    if (e == NULL) {
        return;
    }

    e->until = 0;

    /*
     * An address is not cleared by one right password: whoever has an account
     * could otherwise guess at others for ever.
     */

    if (kind == NGX_TIDRAW_THROTTLE_ACCOUNT) {
        e->count = 0;

    } else if (e->count != 0) {
        e->count--;
    }
}


static ngx_tidraw_throttle_entry_t *
ngx_tidraw_throttle_find(ngx_tidraw_throttle_t *t, ngx_tidraw_throttle_e kind,
    ngx_str_t *key, ngx_uint_t add)
{
    u_char                        hash[16], k;
    ngx_uint_t                    n;
    ngx_queue_t                  *q, *bucket;
    crypto_generichash_state      state;
    ngx_tidraw_throttle_entry_t  *e;

    k = (u_char) kind;

    crypto_generichash_init(&state, t->secret, sizeof(t->secret),
                            sizeof(hash));
    crypto_generichash_update(&state, &k, 1);
    crypto_generichash_update(&state, key->data, key->len);
    crypto_generichash_final(&state, hash, sizeof(hash));

    n = ((ngx_uint_t) hash[0] | (ngx_uint_t) hash[1] << 8)
        % NGX_TIDRAW_THROTTLE_BUCKETS;

    bucket = &t->buckets[n];

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        e = ngx_queue_data(q, ngx_tidraw_throttle_entry_t, bucket);

        if (ngx_memcmp(e->key, hash, sizeof(hash)) == 0) {
            ngx_queue_remove(&e->lru);
            ngx_queue_insert_head(&t->lru, &e->lru);
            return e;
        }
    }

    if (!add) {
        return NULL;
    }

    if (t->used < NGX_TIDRAW_THROTTLE_ENTRIES) {
        e = &t->entries[t->used++];

    } else {
        q = ngx_queue_last(&t->lru);
        e = ngx_queue_data(q, ngx_tidraw_throttle_entry_t, lru);
        ngx_queue_remove(&e->lru);
        ngx_queue_remove(&e->bucket);
    }

    ngx_memcpy(e->key, hash, sizeof(hash));
    e->last = 0;
    e->until = 0;
    e->count = 0;

    ngx_queue_insert_head(&t->lru, &e->lru);
    ngx_queue_insert_head(bucket, &e->bucket);

    return e;
}


void
ngx_tidraw_throttle_address(ngx_connection_t *c, ngx_str_t *key)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) c->sockaddr;
        key->data = (u_char *) &sin->sin_addr;
        key->len = 4;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) c->sockaddr;
        key->data = sin6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            key->data += 12;
            key->len = 4;

        } else {
            key->len = 8;    /* a client is given a whole /64 */
        }

        break;
#endif

    default:
        key->data = (u_char *) "unix";
        key->len = 4;
    }
}
