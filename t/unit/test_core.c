
/*
 * Arena and output buffer.
 */


#include <stdlib.h>

#include "td_core.h"
#include "tap.h"


static void
test_arena_serves_aligned_memory_of_any_size(void)
{
    char        *p;
    size_t       n, total;
    unsigned     i, good;
    td_arena_t  *a;

    a = td_arena_create(1, 0);
    good = 1;
    total = 0;

    for (i = 0; i < 3000; i++) {
        n = (i * 7919) % (i % 100 == 0 ? 70000 : 300);
        p = td_arena_alloc(a, n);

        if (p == NULL || (uintptr_t) p % 8 != 0) {
            good = 0;
            break;
        }

        memset(p, (int) i, n);
        total += n;
    }

    tap_ok(good, "memory of any size is aligned to 8 and writable");
    tap_ok(td_arena_size(a) >= total, "the size covers all of it");
    tap_ok(td_arena_size(a) < total * 2 + 65536,
           "and wastes less than it serves");
    tap_ok(td_arena_alloc(a, 0) != NULL, "nothing is served too");
    tap_ok(td_arena_alloc(a, SIZE_MAX) == NULL
           && td_arena_alloc(a, SIZE_MAX - 8) == NULL
           && td_arena_alloc(a, SIZE_MAX / 2 + 1) == NULL,
           "impossible sizes are refused");

    td_arena_destroy(a);
    td_arena_destroy(NULL);
}


static void
test_arena_keeps_its_limit(void)
{
    size_t       limit, n, served;
    unsigned     good;
    td_arena_t  *a;

    good = 1;

    for (limit = 8; limit < 5000; limit += 77) {

        for (n = 1; n < 400; n = n * 3 + 1) {
            a = td_arena_create(512, limit);
            served = 0;

            while (td_arena_alloc(a, n) != NULL) {
                served += n;
            }

            if (td_arena_size(a) > limit || served > limit) {
                good = 0;
            }

            td_arena_destroy(a);
        }
    }

    tap_ok(good, "blocks never pass the limit");
}


static void
test_arena_reset_keeps_the_first_block(void)
{
    void        *first;
    unsigned     i;
    td_arena_t  *a;

    a = td_arena_create(1024, 100000);
    first = td_arena_alloc(a, 100);

    for (i = 0; i < 50; i++) {
        (void) td_arena_alloc(a, 1000);
    }

    tap_ok(td_arena_size(a) > 50000, "the arena grows");

    td_arena_reset(a);

    tap_ok(td_arena_size(a) == 1024, "a reset leaves the first block");
    tap_ok(td_arena_alloc(a, 100) == first, "which is used again");

    td_arena_destroy(a);
}


static void
test_buffer_grows_and_writes(void)
{
    unsigned   i;
    td_buf_t   b;

    memset(&b, 0, sizeof(b));

    td_buf_lit(&b, "n=");
    td_buf_uint(&b, 0);
    td_buf_char(&b, ',');
    td_buf_uint(&b, UINT64_MAX);
    td_buf_add(&b, NULL, 0);

    tap_ok(b.len == 24 && memcmp(b.data, "n=0,18446744073709551615", 24) == 0,
           "pieces are joined");

    for (i = 0; i < 100000; i++) {
        td_buf_char(&b, 'x');
    }

    tap_ok(b.len == 100024 && b.data[100023] == 'x' && !b.failed,
           "the buffer grows");

    td_buf_free(&b);
    tap_ok(b.data == NULL && b.len == 0, "a freed buffer is empty");
}


static void
test_buffer_keeps_little_memory(void)
{
    char      *data;
    unsigned   i;
    td_buf_t   b;

    memset(&b, 0, sizeof(b));

    td_buf_reset(&b);
    tap_ok(b.data == NULL && b.len == 0, "an empty buffer may be reset");

    while (b.len < TD_BUF_KEEP / 2) {
        td_buf_char(&b, 'x');
    }

    data = b.data;
    td_buf_reset(&b);

    tap_ok(b.data == data && b.size != 0 && b.len == 0,
           "a small one keeps its memory when it is reset");

    td_buf_lit(&b, "abc");
    tap_ok(b.data == data && b.len == 3 && memcmp(b.data, "abc", 3) == 0,
           "and is written to anew");

    b.failed = 1;
    td_buf_reset(&b);
    tap_ok(!b.failed, "a failure is forgotten");

    for (i = 0; i < TD_BUF_KEEP + 1; i++) {
        td_buf_char(&b, 'x');
    }

    td_buf_reset(&b);
    tap_ok(b.data == NULL && b.size == 0 && b.len == 0,
           "a large one gives it back");

    td_buf_lit(&b, "def");
    tap_ok(b.len == 3 && memcmp(b.data, "def", 3) == 0, "and is usable");

    td_buf_free(&b);
}


static void
test_buffer_remembers_failure(void)
{
    td_buf_t  b;

    memset(&b, 0, sizeof(b));
    td_buf_lit(&b, "abc");

    tap_ok(td_buf_reserve(&b, SIZE_MAX - 1) == TD_NOMEM && b.failed,
           "an impossible reserve fails");

    td_buf_lit(&b, "def");
    td_buf_char(&b, 'g');

    tap_ok(b.len == 3, "later writes do nothing");

    td_buf_free(&b);
    tap_ok(!b.failed, "a freed buffer is usable again");
}


int
main(void)
{
    test_arena_serves_aligned_memory_of_any_size();
    test_arena_keeps_its_limit();
    test_arena_reset_keeps_the_first_block();
    test_buffer_grows_and_writes();
    test_buffer_keeps_little_memory();
    test_buffer_remembers_failure();

    return tap_done();
}
