
/*
 * Compares td_value_apply() and td_value_diff() with the vectors that
 * vectors/generate.mjs writes, read from standard input.
 *
 * Prints "checked N differing M" at the end and the first differing lines
 * before it.  Exits with 0 if none differs.
 */


#include <stdio.h>
#include <stdlib.h>

#include "td_value.h"


#define DEPTH       64
#define SHOW_MAX    5


static void
show(const char *what, const td_json_t *v)
{
    td_buf_t  b;

    memset(&b, 0, sizeof(b));

    if (v == NULL) {
        td_buf_lit(&b, "none");

    } else {
        td_json_write(&b, v);
    }

    printf("  %s: %.*s\n", what, (int) b.len, b.data);

    td_buf_free(&b);
}


/* Whether v, written and parsed again, is still the same value. */

static int
survives_writing(td_arena_t *a, const td_json_t *v)
{
    int         same;
    td_buf_t    b;
    td_json_t  *again;

    memset(&b, 0, sizeof(b));
    td_json_write(&b, v);

    same = !b.failed
           && td_json_parse(a, b.data, b.len, DEPTH, &again) == TD_OK
           && td_json_equal(v, again) && td_json_equal(again, v);

    td_buf_free(&b);

    return same;
}


static int
check_apply(td_arena_t *a, const td_json_t *v)
{
    int         rc;
    td_json_t  *object, *patch, *expected, *result;

    object = td_json_get_lit(v, "object");
    patch = td_json_get_lit(v, "patch");
    expected = td_json_get_lit(v, "result");

    if (object == NULL || patch == NULL) {
        return 0;
    }

    rc = td_value_apply(a, object, patch, &result);

    if (td_json_get_lit(v, "throws") != NULL) {
        return rc == TD_BAD;
    }

    if (rc != TD_OK || expected == NULL) {
        printf("  apply returned %d\n", rc);
        return 0;
    }

    if (!td_json_equal(result, expected) || !survives_writing(a, result)) {
        show("got", result);
        return 0;
    }

    return 1;
}


static int
check_diff(td_arena_t *a, const td_json_t *v)
{
    unsigned    flags;
    td_str_t    rules;
    td_json_t  *from, *to, *expected, *diff, *result;

    rules = td_json_get_lit(v, "rules")->u.string;
    from = td_json_get_lit(v, "from");
    to = td_json_get_lit(v, "to");
    expected = td_json_get_lit(v, "diff");

    flags = td_str_is(rules, "v7") ? TD_DIFF_V7
            : td_str_is(rules, "legacy") ? TD_DIFF_NO_APPEND : TD_DIFF_V8;

    if (td_value_diff(a, from, to, flags, &diff) != TD_OK) {
        return 0;
    }

    result = from;

    if (diff != NULL
        && (td_value_apply(a, from, diff, &result) != TD_OK
            || !survives_writing(a, diff)))
    {
        show("cannot be applied", diff);
        return 0;
    }

    if (!td_json_equal(result, to)) {
        show("does not turn one into the other", diff);
        return 0;
    }

    if ((flags & TD_DIFF_NO_APPEND) && td_value_has_string_append(diff)) {
        show("has a string append", diff);
        return 0;
    }

    if (expected == NULL) {
        return 1;
    }

    if (diff == NULL ? expected->type != TD_NULL
                     : !td_json_equal(diff, expected))
    {
        show("got", diff);
        return 0;
    }

    return 1;
}


int
main(void)
{
    int          good;
    char        *line;
    size_t       size;
    ssize_t      len;
    td_str_t     kind;
    td_json_t   *v;
    td_arena_t  *a;
    unsigned     checked, differing;

    a = td_arena_create(64 * 1024, 0);
    if (a == NULL) {
        return 2;
    }

    line = NULL;
    size = 0;
    checked = 0;
    differing = 0;

    while ((len = getline(&line, &size, stdin)) > 0) {

        if (td_json_parse(a, line, (size_t) len, DEPTH, &v) != TD_OK
            || td_json_get_lit(v, "kind") == NULL)
        {
            printf("line %u is no vector\n", checked + 1);
            return 2;
        }

        kind = td_json_get_lit(v, "kind")->u.string;

        good = td_str_is(kind, "apply") ? check_apply(a, v)
                                        : check_diff(a, v);
        checked++;

        if (!good && ++differing <= SHOW_MAX) {
            printf("  line %u: %s\n", checked, line);
        }

        td_arena_reset(a);
    }

    printf("checked %u differing %u\n", checked, differing);

    free(line);
    td_arena_destroy(a);

    return differing != 0 || checked == 0;
}
