
/*
 * What the files of the JSON parser share.  For td_json*.c only.
 */


#ifndef _TD_JSON_PRIVATE_H_INCLUDED_
#define _TD_JSON_PRIVATE_H_INCLUDED_


#include "td_json.h"


/* Objects with more members than this have an index. */

#define TD_INDEX_MIN     32

/* For work on eight bytes at a time. */

#define TD_ONES          0x0101010101010101ull
#define TD_HIGHS         0x8080808080808080ull


static inline uint64_t
td_load64(const char *p)
{
    uint64_t  v;

    memcpy(&v, p, sizeof(v));

    return v;
}


/*
 * Keys sorted by hash, then by length and bytes, so that colliding keys cost
 * O(log n) comparisons and no secret is needed.
 */

typedef struct {
    uint32_t      hash;
    uint32_t      pos;              /* of the member */
} td_slot_t;


typedef struct {
    uint32_t      ready;
    uint32_t      capacity;
    td_slot_t     slots[];          /* capacity sorted ones, then as many
                                       to sort with */
} td_index_t;


/* Memory for the index of n members, not built yet; NULL when exhausted. */
td_index_t *td_index_create(td_arena_t *a, uint32_t n);

/* The hash that keys are sorted by; it need not resist collisions. */
uint32_t td_index_hash(td_str_t key);

/*
 * Builds the index of n members after removing duplicate keys: the first one
 * keeps its place and gets the value of the last.  Returns what is left.
 */
uint32_t td_index_unique(td_index_t *index, td_member_t *members, uint32_t n);

/*
 * Parses the number at p, which is before end.  Returns what follows it, or
 * NULL when it is malformed.  *number may become +-INFINITY.
 */
const char *td_json_number(const char *p, const char *end, double *number);


#endif /* _TD_JSON_PRIVATE_H_INCLUDED_ */
