
/*
 * Basic types of the core: byte strings, result codes, the bump allocator
 * and the growing output buffer.
 *
 * Nothing in td_* includes an nginx header, keeps global state or logs.
 */


#ifndef _TD_CORE_H_INCLUDED_
#define _TD_CORE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>


/* Result codes shared by the core.  Negative means the call failed. */

#define TD_OK             0
#define TD_NOMEM         -1   /* out of memory, or over the arena's limit */
#define TD_BAD           -2   /* malformed input */
#define TD_DEPTH         -3   /* nested deeper than allowed */
#define TD_TOO_BIG       -4   /* longer than allowed */
#define TD_INVALID       -5   /* well-formed, but the schema forbids it */


typedef struct {
    size_t       len;
    const char  *data;      /* not NUL-terminated */
} td_str_t;


#define td_str(s)       ((td_str_t) { sizeof(s) - 1, (s) })

#define td_str_eq(a, b)                                                       \
    ((a).len == (b).len                                                       \
     && ((a).len == 0 || memcmp((a).data, (b).data, (a).len) == 0))

#define td_str_is(a, lit)                                                     \
    ((a).len == sizeof(lit) - 1 && memcmp((a).data, lit, sizeof(lit) - 1) == 0)


/*
 * Arena: many small allocations, freed all at once.
 */

typedef struct td_arena_s  td_arena_t;

/*
 * Creates an arena whose blocks start at "first" bytes and grow; the sum of
 * all blocks never passes "limit" bytes (0: no limit).  NULL when out of
 * memory.  The caller frees it with td_arena_destroy().
 */
td_arena_t *td_arena_create(size_t first, size_t limit);

/* n bytes aligned to 8, uninitialised; NULL on exhaustion.  n may be 0. */
void *td_arena_alloc(td_arena_t *a, size_t n);

/* Forgets all allocations, keeps the first block. */
void td_arena_reset(td_arena_t *a);

/* Bytes of memory the arena holds. */
size_t td_arena_size(const td_arena_t *a);

/* NULL is accepted. */
void td_arena_destroy(td_arena_t *a);


/*
 * Output buffer on the heap.  The first failed growth sets "failed" and turns
 * later writes into no-ops, so that a writer checks once, at its end.
 */

typedef struct {
    char        *data;
    size_t       len;
    size_t       size;
    unsigned     failed:1;
} td_buf_t;

/* A zeroed td_buf_t is a valid empty buffer; td_buf_free() frees its data. */

/* Makes room for n more bytes.  TD_OK or TD_NOMEM. */
int td_buf_reserve(td_buf_t *b, size_t n);

void td_buf_add(td_buf_t *b, const char *p, size_t n);
void td_buf_char(td_buf_t *b, char c);
void td_buf_uint(td_buf_t *b, uint64_t n);
void td_buf_free(td_buf_t *b);

/*
 * Forgets what is in it.  The memory is kept for the next use only if it is
 * TD_BUF_KEEP bytes or less: owners live long and are many, and what each of
 * them ever needed at most is far more than what all need at a time.
 */
void td_buf_reset(td_buf_t *b);

#define TD_BUF_KEEP  8192

#define td_buf_str(b, s)   td_buf_add(b, (s).data, (s).len)
#define td_buf_lit(b, lit) td_buf_add(b, lit, sizeof(lit) - 1)


#endif /* _TD_CORE_H_INCLUDED_ */
