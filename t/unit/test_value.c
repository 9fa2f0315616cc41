
/*
 * Patches: applied and computed.  Random ones are compared with the published
 * packages by vectors.t; here are the cases that have a name.
 */


#include <stdlib.h>
#include <time.h>

#include "td_value.h"
#include "tap.h"


static td_arena_t  *arena;


static td_json_t *
parse(const char *text)
{
    char       *copy;
    size_t      len;
    td_json_t  *v;

    len = strlen(text);
    copy = td_arena_alloc(arena, len);
    memcpy(copy, text, len);

    if (td_json_parse(arena, copy, len, 64, &v) != TD_OK) {
        printf("# cannot parse %.60s\n", text);
        exit(1);
    }

    return v;
}


static void
show(const td_json_t *v)
{
    td_buf_t  b;

    memset(&b, 0, sizeof(b));

    if (v != NULL) {
        td_json_write(&b, v);
    }

    printf("#   got %.*s\n", (int) b.len, b.len ? b.data : "");
    td_buf_free(&b);
}


/* The result is compared as a tree and as the text it leaves as. */

static int
is(const td_json_t *v, const char *expected)
{
    int         same;
    td_buf_t    b;
    td_json_t  *again;

    if (v == NULL) {
        return 0;
    }

    memset(&b, 0, sizeof(b));
    td_json_write(&b, v);

    same = td_json_equal(v, parse(expected))
           && td_json_parse(arena, b.data, b.len, 64, &again) == TD_OK
           && td_json_equal(again, v);

    if (!same) {
        show(v);
    }

    td_buf_free(&b);

    return same;
}


static int
applies(const char *object, const char *patch, const char *expected)
{
    td_json_t  *result;

    return td_value_apply(arena, parse(object), parse(patch), &result)
               == TD_OK
           && is(result, expected);
}


/* No effect gives the very same object. */

static int
keeps(const char *object, const char *patch)
{
    td_json_t  *o, *result;

    o = parse(object);

    return td_value_apply(arena, o, parse(patch), &result) == TD_OK
           && result == o;
}


static int
refused(const char *object, const char *patch)
{
    td_json_t  *result;

    return td_value_apply(arena, parse(object), parse(patch), &result)
           == TD_BAD;
}


static void
test_put_and_delete(void)
{
    tap_ok(applies("{\"a\":1}", "{\"a\":[\"put\",2],\"b\":[\"put\",null]}",
                   "{\"a\":2,\"b\":null}"), "put sets and adds");
    tap_ok(keeps("{\"a\":{\"x\":1,\"y\":2}}",
                 "{\"a\":[\"put\",{\"y\":2.0,\"x\":1}]}"),
           "put of an equal value does nothing");
    tap_ok(applies("{\"a\":1,\"b\":2,\"c\":3}",
                   "{\"a\":[\"delete\"],\"c\":[\"delete\"]}", "{\"b\":2}"),
           "delete removes");
    tap_ok(applies("{\"a\":1}", "{\"a\":[\"delete\"]}", "{}"),
           "also the last key");
    tap_ok(keeps("{\"a\":1}", "{\"b\":[\"delete\"]}"),
           "delete of a missing key does nothing");
    tap_ok(keeps("{\"a\":1}", "{\"b\":[\"put\"]}")
           && applies("{\"a\":1}", "{\"a\":[\"put\"]}", "{}"),
           "put without a value is undefined");
    tap_ok(applies("{\"a\":1}", "{\"b\":[\"put\",2],\"a\":[\"delete\"],"
                                "\"c\":[\"put\",3]}", "{\"b\":2,\"c\":3}"),
           "additions survive a deletion");
    tap_ok(keeps("{\"a\":1}", "{}"), "an empty patch does nothing");
}


static void
test_append(void)
{
    tap_ok(applies("{\"a\":[1]}", "{\"a\":[\"append\",[2,3],1]}",
                   "{\"a\":[1,2,3]}")
           && applies("{\"a\":[]}", "{\"a\":[\"append\",[1],0]}",
                      "{\"a\":[1]}"), "arrays");
    tap_ok(applies("{\"a\":\"ab\"}", "{\"a\":[\"append\",\"c\",2]}",
                   "{\"a\":\"abc\"}")
           && applies("{\"a\":\"\"}", "{\"a\":[\"append\",\"c\",0]}",
                      "{\"a\":\"c\"}"), "strings");
    tap_ok(applies("{\"a\":\"\xf0\x9f\x98\x80\"}",
                   "{\"a\":[\"append\",\"c\",2]}",
                   "{\"a\":\"\xf0\x9f\x98\x80" "c\"}")
           && keeps("{\"a\":\"\xf0\x9f\x98\x80\"}",
                    "{\"a\":[\"append\",\"c\",1]}"),
           "an emoji has length 2");
    tap_ok(applies("{\"a\":\"x\\ud83d\"}", "{\"a\":[\"append\",\"\\ude00\","
                   "2]}", "{\"a\":\"x\xf0\x9f\x98\x80\"}"),
           "halves of a pair meet");
    tap_ok(applies("{\"a\":\"\\n\"}", "{\"a\":[\"append\",\"\\t\\u0000\",1]}",
                   "{\"a\":\"\\n\\t\\u0000\"}"), "escapes on both sides");
    tap_ok(keeps("{\"a\":\"ab\",\"b\":[1],\"c\":1}",
                 "{\"a\":[\"append\",\"c\",1],\"b\":[\"append\",[2],2],"
                 "\"c\":[\"append\",\"x\",0],\"d\":[\"append\",\"x\",0]}"),
           "a wrong offset, type or key does nothing");
    tap_ok(keeps("{\"a\":\"ab\",\"b\":[1]}",
                 "{\"a\":[\"append\",[\"c\"],2],\"b\":[\"append\",\"c\",1]}"),
           "an append of another type does nothing");
    tap_ok(keeps("{\"a\":\"ab\"}", "{\"a\":[\"append\",\"c\",\"2\"]}")
           && keeps("{\"a\":\"ab\"}", "{\"a\":[\"append\",\"c\"]}")
           && keeps("{\"a\":\"ab\"}", "{\"a\":[\"append\"]}")
           && keeps("{\"a\":\"ab\"}", "{\"a\":[\"append\",\"c\",2.5]}")
           && keeps("{\"a\":\"ab\"}", "{\"a\":[\"append\",\"c\",1e999]}"),
           "an offset that is no length does nothing");
}


static void
test_nested_patches(void)
{
    tap_ok(applies("{\"p\":{\"s\":[{\"t\":\"a\"},{\"t\":\"b\"}],\"k\":1}}",
                   "{\"p\":[\"patch\",{\"s\":[\"patch\",{\"1\":[\"patch\","
                   "{\"t\":[\"append\",\"c\",1]}]}]}]}",
                   "{\"p\":{\"s\":[{\"t\":\"a\"},{\"t\":\"bc\"}],\"k\":1}}"),
           "objects and arrays");
    tap_ok(keeps("{\"a\":null,\"b\":1,\"c\":\"x\"}",
                 "{\"a\":[\"patch\",{\"x\":[\"put\",1]}],"
                 "\"b\":[\"patch\",{\"x\":[\"put\",1]}],"
                 "\"c\":[\"patch\",{\"x\":[\"put\",1]}],"
                 "\"d\":[\"patch\",{\"x\":[\"put\",1]}]}"),
           "nothing to patch in null, numbers, strings and nothing");
    tap_ok(keeps("{\"a\":{\"b\":1}}",
                 "{\"a\":[\"patch\",{\"b\":[\"put\",1]}]}"),
           "no effect below keeps the object");
    tap_ok(applies("[1,2,3]", "{\"0\":[\"put\",9],\"2\":[\"delete\"]}",
                   "[9,2,null]"), "arrays directly; a hole is null");
}


static void
test_odd_and_malformed_ops(void)
{
    tap_ok(keeps("{\"a\":1}", "{\"a\":[\"remove\"],\"b\":[],\"c\":[null],"
                              "\"d\":[1,2],\"e\":[\"PUT\",1]}"),
           "unknown ops do nothing");
    tap_ok(refused("{\"a\":1}", "{\"a\":null}")
           && refused("{\"a\":1}", "{\"a\":\"put\"}")
           && refused("{\"a\":1}", "{\"b\":{\"0\":\"put\"}}"),
           "an op that is no array is refused");
    tap_ok(refused("{\"a\":{}}", "{\"a\":[\"patch\"]}")
           && refused("{\"a\":{}}", "{\"a\":[\"patch\",null]}")
           && refused("{\"a\":[]}", "{\"a\":[\"patch\",[]]}")
           && refused("{\"a\":{\"b\":{}}}",
                      "{\"a\":[\"patch\",{\"b\":[\"patch\",1]}]}"),
           "a patch without an object is refused");
    tap_ok(refused("{}", "[]") && refused("{}", "null"),
           "and so is one at the top");
    tap_ok(refused("[1]", "{\"-1\":[\"put\",1]}")
           && refused("[1,2]", "{\"01\":[\"put\",1]}")
           && refused("[1,2]", "{\"1.0\":[\"put\",1]}")
           && refused("[1]", "{\"\":[\"put\",1]}")
           && refused("[1]", "{\"length\":[\"put\",1]}")
           && refused("[1]", "{\"99999999999999999999\":[\"put\",1]}")
           && refused("[1]", "{\"1\":null}"),
           "array keys are canonical indices");
    tap_ok(keeps("[{}]", "{\"1\":[\"patch\",{\"a\":[\"put\",1]}],"
                         "\"2\":[\"append\",[1],0],\"3\":[\"delete\"],"
                         "\"7\":[\"put\",1],\"4294967296\":[\"put\",1]}"),
           "an index beyond the end of an array meets no value");
    tap_ok(applies("[1]", "{\"1\":[\"put\",2]}", "[1,2]")
           && applies("[]", "{\"0\":[\"put\",1],\"1\":[\"put\",2],"
                            "\"3\":[\"put\",4]}", "[1,2]"),
           "a put at the end of an array is one more item");
    tap_ok(keeps("{\"a\":1}", "{\"__proto__\":[\"put\",{\"x\":1}]}")
           && keeps("{\"m\":{}}", "{\"m\":[\"patch\","
                    "{\"__proto__\":[\"put\",{}]}]}"),
           "__proto__ in a patch has no effect");
    tap_ok(applies("{}", "{\"toString\":[\"put\",1],"
                         "\"constructor\":[\"put\",2]}",
                   "{\"toString\":1,\"constructor\":2}"),
           "other special names are ordinary");
}


static int
differs(const char *r, const char *s, unsigned flags, const char *expected)
{
    td_json_t  *x, *y, *diff, *result;

    x = parse(r);
    y = parse(s);

    if (td_value_diff(arena, x, y, flags, &diff) != TD_OK || diff == NULL) {
        return 0;
    }

    return is(diff, expected)
           && td_value_apply(arena, x, diff, &result) == TD_OK
           && td_json_equal(result, y);
}


static int
same(const char *r, const char *s)
{
    td_json_t  *diff;

    return td_value_diff(arena, parse(r), parse(s), TD_DIFF_V8, &diff)
               == TD_OK
           && diff == NULL;
}


static void
test_diff_of_objects(void)
{
    tap_ok(same("{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1.0}"),
           "equal records have no diff");
    tap_ok(differs("{\"a\":1,\"b\":2}", "{\"b\":3,\"c\":null}", TD_DIFF_V8,
                   "{\"a\":[\"delete\"],\"b\":[\"put\",3],"
                   "\"c\":[\"put\",null]}"), "delete and put");
    tap_ok(differs("{\"props\":{\"q\":{\"z\":1},\"r\":1}}",
                   "{\"props\":{\"q\":{\"z\":2},\"r\":1}}", TD_DIFF_V8,
                   "{\"props\":[\"patch\",{\"q\":[\"put\",{\"z\":2}]}]}"),
           "only props and meta are looked into");
    tap_ok(differs("{\"cursor\":{\"x\":1,\"y\":2}}",
                   "{\"cursor\":{\"x\":1,\"y\":3}}", TD_DIFF_V8,
                   "{\"cursor\":[\"put\",{\"x\":1,\"y\":3}]}"),
           "other objects are put");
    tap_ok(differs("{\"meta\":{\"a\":1,\"b\":1}}",
                   "{\"meta\":{\"a\":1,\"b\":2}}", TD_DIFF_V8,
                   "{\"meta\":[\"patch\",{\"b\":[\"put\",2]}]}")
           && differs("{\"meta\":{\"a\":1,\"b\":1}}",
                      "{\"meta\":{\"a\":1,\"b\":2}}", TD_DIFF_NO_APPEND,
                      "{\"meta\":[\"patch\",{\"b\":[\"put\",2]}]}")
           && differs("{\"meta\":{\"a\":1,\"b\":1}}",
                      "{\"meta\":{\"a\":1,\"b\":2}}", TD_DIFF_V7,
                      "{\"meta\":[\"put\",{\"a\":1,\"b\":2}]}"),
           "protocol 7 puts meta");
    tap_ok(differs("{\"props\":null}", "{\"props\":{\"a\":1}}", TD_DIFF_V8,
                   "{\"props\":[\"put\",{\"a\":1}]}")
           && differs("{\"props\":{}}", "{\"props\":[]}", TD_DIFF_V8,
                      "{\"props\":[\"put\",[]]}"), "props of another type");
}


static void
test_diff_of_arrays(void)
{
    tap_ok(differs("{\"a\":[1,2,3]}", "{\"a\":[1,2,4]}", TD_DIFF_V8,
                   "{\"a\":[\"patch\",{\"2\":[\"put\",4]}]}"), "one item");
    tap_ok(differs("{\"a\":[1,2,3]}", "{\"a\":[1,5,4]}", TD_DIFF_V8,
                   "{\"a\":[\"put\",[1,5,4]]}"), "two of three");
    tap_ok(differs("{\"a\":[0,1,2,3,4,5,6,7,8,9]}",
                   "{\"a\":[0,1,2,3,4,5,6,7,9,8]}", TD_DIFF_V8,
                   "{\"a\":[\"patch\",{\"8\":[\"put\",9],"
                   "\"9\":[\"put\",8]}]}"), "two of ten");
    tap_ok(differs("{\"a\":[0,1,2,3,4,5,6,7,8,9]}",
                   "{\"a\":[0,1,2,3,4,5,6,9,9,8]}", TD_DIFF_V8,
                   "{\"a\":[\"put\",[0,1,2,3,4,5,6,9,9,8]]}"),
           "three of ten");
    tap_ok(differs("{\"a\":[1]}", "{\"a\":[1,2]}", TD_DIFF_V7,
                   "{\"a\":[\"append\",[2],1]}")
           && differs("{\"a\":[]}", "{\"a\":[1]}", TD_DIFF_V8,
                      "{\"a\":[\"append\",[1],0]}"), "a longer one");
    tap_ok(differs("{\"a\":[1,2]}", "{\"a\":[1]}", TD_DIFF_V8,
                   "{\"a\":[\"put\",[1]]}")
           && differs("{\"a\":[1]}", "{\"a\":[2,1]}", TD_DIFF_V8,
                      "{\"a\":[\"put\",[2,1]]}"), "a shorter or shifted one");
    tap_ok(differs("{\"a\":[\"x\"]}", "{\"a\":[\"xy\"]}", TD_DIFF_V8,
                   "{\"a\":[\"patch\",{\"0\":[\"put\",\"xy\"]}]}"),
           "strings in arrays are put");
    tap_ok(differs("{\"a\":[[]]}", "{\"a\":[{}]}", TD_DIFF_V8,
                   "{\"a\":[\"patch\",{\"0\":[\"put\",{}]}]}"),
           "an array that becomes an object is put");
}


static void
test_diff_of_strings(void)
{
    tap_ok(differs("{\"s\":\"ab\"}", "{\"s\":\"abc\"}", TD_DIFF_V8,
                   "{\"s\":[\"append\",\"c\",2]}")
           && differs("{\"s\":\"\"}", "{\"s\":\"c\"}", TD_DIFF_V8,
                      "{\"s\":[\"append\",\"c\",0]}"), "growing ones append");
    tap_ok(differs("{\"s\":\"ab\"}", "{\"s\":\"abc\"}", TD_DIFF_NO_APPEND,
                   "{\"s\":[\"put\",\"abc\"]}")
           && differs("{\"s\":\"ab\"}", "{\"s\":\"abc\"}", TD_DIFF_V7,
                      "{\"s\":[\"put\",\"abc\"]}"), "but not for protocol 7");
    tap_ok(differs("{\"s\":\"abc\"}", "{\"s\":\"ab\"}", TD_DIFF_V8,
                   "{\"s\":[\"put\",\"ab\"]}")
           && differs("{\"s\":\"abc\"}", "{\"s\":\"xabc\"}", TD_DIFF_V8,
                      "{\"s\":[\"put\",\"xabc\"]}"), "others are put");
    tap_ok(differs("{\"s\":\"\xf0\x9f\x98\x80\"}",
                   "{\"s\":\"\xf0\x9f\x98\x80!\"}", TD_DIFF_V8,
                   "{\"s\":[\"append\",\"!\",2]}"), "lengths in code units");
    tap_ok(differs("{\"s\":\"x\\ud83d\"}", "{\"s\":\"x\\ud83d\\ude00y\"}",
                   TD_DIFF_V8, "{\"s\":[\"append\",\"\\ude00y\",2]}")
           && differs("{\"s\":\"x\\ud83d\"}", "{\"s\":\"x\\ud83e\\ude00\"}",
                      TD_DIFF_V8, "{\"s\":[\"put\",\"x\\ud83e\\ude00\"]}"),
           "an append may complete a pair");
    tap_ok(differs("{\"props\":{\"segments\":[{\"path\":\"a\"}]}}",
                   "{\"props\":{\"segments\":[{\"path\":\"ab\"}]}}",
                   TD_DIFF_V8,
                   "{\"props\":[\"patch\",{\"segments\":[\"patch\",{\"0\":"
                   "[\"patch\",{\"path\":[\"append\",\"b\",1]}]}]}]}"),
           "below array items");
}


static int
has(const char *diff)
{
    return td_value_has_string_append(parse(diff));
}


static void
test_string_appends_are_seen(void)
{
    tap_ok(has("{\"a\":[\"append\",\"x\",0]}")
           && has("{\"b\":[\"delete\"],\"a\":[\"patch\",{\"0\":[\"patch\","
                  "{\"t\":[\"append\",\"x\",1]}]}]}"), "at any depth");
    tap_ok(!has("{\"a\":[\"append\",[\"x\"],0],\"b\":[\"put\",[\"append\","
                "\"x\",0]],\"c\":[\"put\",{\"a\":[\"append\",\"x\",0]}],"
                "\"d\":[\"patch\"],\"e\":null,\"f\":[],\"g\":[\"patch\",1]}"),
           "and nothing else");
    tap_ok(!td_value_has_string_append(NULL), "no diff has none");
}


static char *
large_object(unsigned n, unsigned offset)
{
    char      *text, *p;
    unsigned   i;

    text = malloc(n * 32 + 16);
    p = text;
    p += sprintf(p, "{\"meta\":{");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s\"k%u\":%u", i ? "," : "", (i * 7919 + offset) % n,
                     i == n / 2);
    }

    sprintf(p, "}}");

    return text;
}


static void
test_large_objects(void)
{
    char       *a, *b;
    td_json_t  *x, *y, *diff, *result;

    a = large_object(50000, 0);
    b = large_object(50000, 1);
    x = parse(a);
    y = parse(b);

    tap_ok(td_value_diff(arena, x, y, TD_DIFF_V8, &diff) == TD_OK
           && td_json_get_lit(diff, "meta")->u.items[1]->count == 2,
           "two of 50000 keys in another order differ");
    tap_ok(td_value_apply(arena, x, diff, &result) == TD_OK
           && td_json_equal(result, y) && td_json_equal(y, result),
           "the patch turns one into the other");

    free(a);
    free(b);
    td_arena_reset(arena);
}


/* The processor time of a diff between two arrays of n below "depth" more. */

static clock_t
diff_time(unsigned depth, unsigned n, int *good)
{
    char       *text[2], *p;
    clock_t     start;
    unsigned    i, k;
    td_json_t  *x, *y, *diff, *result;

    for (k = 0; k < 2; k++) {
        text[k] = p = malloc(2 * n + 2 * depth + 16);
        p += sprintf(p, "{\"a\":");

        for (i = 0; i < depth; i++) {
            *p++ = '[';
        }

        for (i = 0; i < n; i++) {
            *p++ = i == 0 ? '[' : ',';
            *p++ = i == n - 1 && k ? '2' : '1';
        }

        for (i = 0; i < depth + 1; i++) {
            *p++ = ']';
        }

        strcpy(p, "}");
    }

    x = parse(text[0]);
    y = parse(text[1]);

    start = clock();
    *good &= td_value_diff(arena, x, y, TD_DIFF_V8, &diff) == TD_OK;
    start = clock() - start;

    *good &= diff != NULL
             && td_value_apply(arena, x, diff, &result) == TD_OK
             && td_json_equal(result, y);

    free(text[0]);
    free(text[1]);
    td_arena_reset(arena);

    return start;
}


static void
test_diff_does_not_grow_with_depth(void)
{
    int      good;
    clock_t  flat, deep;

    good = 1;
    flat = diff_time(1, 100000, &good);
    deep = diff_time(58, 100000, &good);

    tap_ok(good, "arrays in arrays in arrays are diffed");
    tap_ok(deep < 8 * flat + CLOCKS_PER_SEC / 50,
           "and the innermost is looked at once, not once per level");
}


static void
test_memory_is_bounded(void)
{
    size_t              limit;
    unsigned            nomem, good, wrong;
    td_json_t          *x, *y, *p, *result, *diff;
    td_arena_t         *a;

    x = parse("{\"props\":{\"a\":[1,2,{\"b\":\"c\"}],\"t\":\"\\n\"},\"k\":1,"
              "\"meta\":{}}");
    p = parse("{\"props\":[\"patch\",{\"a\":[\"patch\",{\"2\":[\"patch\","
              "{\"b\":[\"append\",\"d\",1]}]}],\"t\":[\"append\",\"\\t\",1],"
              "\"n\":[\"put\",[]]}],\"k\":[\"delete\"]}");

    nomem = 0;
    good = 0;
    wrong = 0;

    for (limit = 8; limit < 4096; limit += 8) {
        a = td_arena_create(256, limit);
        y = NULL;

        switch (td_value_apply(a, x, p, &y)) {

        case TD_OK:

            switch (td_value_diff(a, x, y, TD_DIFF_V8, &diff)) {

            case TD_OK:
                good++;
                wrong += td_value_apply(arena, x, diff, &result) != TD_OK
                         || !td_json_equal(result, y);
                break;

            case TD_NOMEM:
                nomem++;
                break;

            default:
                wrong++;
            }

            break;

        case TD_NOMEM:
            nomem++;
            break;

        default:
            wrong++;
        }

        td_arena_destroy(a);
    }

    tap_ok(nomem > 10 && good > 10 && wrong == 0,
           "an arena that is too small gives TD_NOMEM");
}


int
main(void)
{
    arena = td_arena_create(65536, 0);

    test_put_and_delete();
    test_append();
    test_nested_patches();
    test_odd_and_malformed_ops();
    test_diff_of_objects();
    test_diff_of_arrays();
    test_diff_of_strings();
    test_string_appends_are_seen();
    test_diff_does_not_grow_with_depth();
    test_memory_is_bounded();
    test_large_objects();

    td_arena_destroy(arena);

    return tap_done();
}
