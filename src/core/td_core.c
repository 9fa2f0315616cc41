
/*
 * Arena and output buffer.
 *
 * Both own heap memory and hand out pieces of it; nothing here keeps state
 * outside the objects of the caller or does anything but fail on exhaustion.
 */


#include <stdlib.h>

#include "td_core.h"


#define TD_ARENA_MIN_BLOCK  256
#define TD_ARENA_MAX_BLOCK  ((size_t) 1024 * 1024)
#define TD_BUF_MIN_SIZE     256

#define td_align(n)         (((n) + 7) & ~(size_t) 7)


typedef struct td_block_s  td_block_t;

struct td_block_s {
    td_block_t  *next;
    size_t       size;              /* with this header */
};


/* The first block follows the arena in the same piece of memory. */

struct td_arena_s {
    char        *pos;
    char        *end;
    td_block_t  *blocks;            /* all but the first, newest first */
    size_t       first;
    size_t       next;              /* size of the next block */
    size_t       size;
    size_t       limit;
};


td_arena_t *
td_arena_create(size_t first, size_t limit)
{
    td_arena_t  *a;

    if (first < TD_ARENA_MIN_BLOCK) {
        first = TD_ARENA_MIN_BLOCK;
    }

    if (limit != 0 && first > limit) {
        first = limit;
    }

    first &= ~(size_t) 7;

    if (first > SIZE_MAX / 2) {
        return NULL;
    }

    a = malloc(sizeof(td_arena_t) + first);
    if (a == NULL) {
        return NULL;
    }

    a->blocks = NULL;
    a->first = first;
    a->limit = limit;

    td_arena_reset(a);

    return a;
}


/*
 * A request that would waste much of a fresh block gets a block of its own,
 * and the current one goes on serving the small ones.
 */

static void *
td_arena_grow(td_arena_t *a, size_t n)
{
    int          own;
    size_t       size, left;
    td_block_t  *b;

    own = (n > a->next / 4);
    size = sizeof(td_block_t) + n;

    if (!own && size < a->next) {
        size = a->next;
    }

    if (a->limit != 0) {
        left = a->limit - a->size;

        if (size > left) {
            size = sizeof(td_block_t) + n;

            if (size > left) {
                return NULL;
            }
        }
    }

    b = malloc(size);
    if (b == NULL) {
        return NULL;
    }

    b->next = a->blocks;
    b->size = size;
    a->blocks = b;
    a->size += size;

    if (!own) {
        a->pos = (char *) b + sizeof(td_block_t) + n;
        a->end = (char *) b + (size & ~(size_t) 7);

        if (a->next < TD_ARENA_MAX_BLOCK) {
            a->next *= 2;
        }
    }

    return (char *) b + sizeof(td_block_t);
}


void *
td_arena_alloc(td_arena_t *a, size_t n)
{
    char  *p;

    if (n > SIZE_MAX / 2) {
        return NULL;
    }

    n = td_align(n);

    if (n <= (size_t) (a->end - a->pos)) {
        p = a->pos;
        a->pos += n;

        return p;
    }

    return td_arena_grow(a, n);
}


static void
td_arena_free_blocks(td_arena_t *a)
{
    td_block_t  *b, *next;

    for (b = a->blocks; b != NULL; b = next) {
        next = b->next;
        free(b);
    }

    a->blocks = NULL;
}


void
td_arena_reset(td_arena_t *a)
{
    td_arena_free_blocks(a);

    a->pos = (char *) a + sizeof(td_arena_t);
    a->end = a->pos + a->first;
    a->size = a->first;
    a->next = (a->first < TD_ARENA_MAX_BLOCK / 2) ? a->first * 2
                                                  : TD_ARENA_MAX_BLOCK;
    if (a->next < TD_ARENA_MIN_BLOCK) {
        a->next = TD_ARENA_MIN_BLOCK;
    }
}


size_t
td_arena_size(const td_arena_t *a)
{
    return a->size;
}


void
td_arena_destroy(td_arena_t *a)
{
    if (a == NULL) {
        return;
    }

    td_arena_free_blocks(a);
    free(a);
}


int
td_buf_reserve(td_buf_t *b, size_t n)
{
    char    *data;
    size_t   size;

    if (b->failed) {
        return TD_NOMEM;
    }

    if (n <= b->size - b->len) {
        return TD_OK;
    }

    if (n > SIZE_MAX / 2 || b->len > SIZE_MAX / 2 - n) {
        b->failed = 1;
        return TD_NOMEM;
    }

    size = b->size < TD_BUF_MIN_SIZE / 2 ? TD_BUF_MIN_SIZE : b->size * 2;

    if (size < b->len + n) {
        size = b->len + n;
    }

    data = realloc(b->data, size);
    if (data == NULL) {
        b->failed = 1;
        return TD_NOMEM;
    }

    b->data = data;
    b->size = size;

    return TD_OK;
}


void
td_buf_add(td_buf_t *b, const char *p, size_t n)
{
    if (n == 0 || td_buf_reserve(b, n) != TD_OK) {
        return;
    }

    memcpy(b->data + b->len, p, n);
    b->len += n;
}


void
td_buf_char(td_buf_t *b, char c)
{
    if (td_buf_reserve(b, 1) != TD_OK) {
        return;
    }

    b->data[b->len++] = c;
}


void
td_buf_uint(td_buf_t *b, uint64_t n)
{
    char  *p, digits[20];

    p = digits + sizeof(digits);

    do {
        *--p = (char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    td_buf_add(b, p, (size_t) (digits + sizeof(digits) - p));
}


void
td_buf_free(td_buf_t *b)
{
    free(b->data);

    b->data = NULL;
    b->len = 0;
    b->size = 0;
    b->failed = 0;
}


void
td_buf_reset(td_buf_t *b)
{
    if (b->size > TD_BUF_KEEP) {
        td_buf_free(b);
        return;
    }

    b->len = 0;
    b->failed = 0;
}
