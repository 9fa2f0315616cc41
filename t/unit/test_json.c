
/*
 * JSON parser, lookup, equality and writer.
 */


#include <math.h>
#include <stdlib.h>

#include "td_json_private.h"
#include "tap.h"


#define DEPTH  64


static td_arena_t  *arena;


/* Every text is parsed from memory of just its size, to catch over-reads. */

static char    *copies[1024];
static size_t   ncopies;


static void
forget(void)
{
    while (ncopies > 0) {
        free(copies[--ncopies]);
    }

    td_arena_reset(arena);
}


static int
parse_bytes(const char *text, size_t len, unsigned depth, td_json_t **v)
{
    char  *copy;

    if (ncopies == sizeof(copies) / sizeof(copies[0])) {
        forget();
    }

    copy = malloc(len != 0 ? len : 1);
    memcpy(copy, text, len);
    copies[ncopies++] = copy;
    *v = NULL;

    return td_json_parse(arena, copy, len, depth, v);
}


static int
parse_rc(const char *text)
{
    td_json_t  *v;

    return parse_bytes(text, strlen(text), DEPTH, &v);
}


static td_json_t *
parse(const char *text)
{
    td_json_t  *v;

    if (parse_bytes(text, strlen(text), DEPTH, &v) != TD_OK) {
        printf("# cannot parse %.60s\n", text);
        exit(1);
    }

    return v;
}


static int
is_string(const td_json_t *v, const char *bytes, size_t len)
{
    return v != NULL && v->type == TD_STRING && v->u.string.len == len
           && memcmp(v->u.string.data, bytes, len) == 0;
}


#define is_text(v, lit)  is_string(v, lit, sizeof(lit) - 1)


/* Compares what the writer makes of v with its raw text taken away. */

static int
writes(td_json_t *v, const char *expected)
{
    int       same;
    td_buf_t  b;

    memset(&b, 0, sizeof(b));
    td_json_write(&b, v);

    same = b.len == strlen(expected) && memcmp(b.data, expected, b.len) == 0;

    if (!same) {
        printf("#   wrote %.*s\n", (int) b.len, b.data);
    }

    td_buf_free(&b);

    return same;
}


static void
test_accepts_json(void)
{
    size_t              i;
    static const char  *good[] = {
        "0", "-0", "1", "-1.5", "1e5", "1E+5", "1e-5", "0.5e1", "0e0",
        "123456789012345678901234567890", "\"\"", "\"a\"", "true", "false",
        "null", "[]", "[ ]", "{}", "{ }", " [ 1 , 2 ] ",
        "\t\n\r {\"a\" : {\"b\":[]} , \"c\":null}\n", "[[[[]]]]",
        "\"\\u0000\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\uD83D\"", "\"\\uABCD\"",
        "{\"\":0}", "\"\x7f\""
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        tap_ok(parse_rc(good[i]) == TD_OK, "accepts case %zu", i);
    }
}


static void
test_refuses_what_is_no_json(void)
{
    size_t              i;
    static const char  *bad[] = {
        "", " ", "01", "-", "-a", "+1", ".5", "1.", "1.e5", "1e", "1e+", "0x1",
        "--1", "1a", "1 2", "NaN", "Infinity", "-Infinity", "tru", "truex",
        "True", "nul", "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"",
        "\"\\u12g4\"", "\"\\u", "\"\n\"", "\"\\\n\"", "\"\x01\"", "'a'",
        "\"aaaaaaaaaaaaaaaaaaa\x1f\"", "\"\\ud83d\\u\"", "\"\\ud83d\\uzzzz\"",
        "[", "]", "[,]", "[1,]", "[1 2]", "[1", "[1,", "[1}", "{", "}",
        "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}",
        "{1:1}", "{\"a\" 1}", "{\"a\":1]", "{,}", "{\"a\":1 \"b\":2}",
        "[1]]", "{}{}", "null,", "/**/1", "1//", "\xef\xbb\xbf{}", "\v1",
        "00", "-01", "0 0", "1.5.5", "1e5e5", "\"\\U0041\"", "[\"a\":1]"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_ok(parse_rc(bad[i]) == TD_BAD, "refuses case %zu", i);
    }

    tap_ok(parse_rc("1\0") == TD_OK, "the length counts");
}


static void
test_builds_the_tree(void)
{
    td_json_t  *v, *b;

    v = parse(" {\"a\":[1,-2.5,\"x\",null,true,false,{}], "
              "\"b\":{\"c\":\"d\"}} ");

    tap_ok(v->type == TD_OBJECT && v->count == 2, "two members");
    tap_ok(td_str_is(v->u.members[0].key, "a")
           && td_str_is(v->u.members[1].key, "b"), "in order");

    v = td_json_get_lit(v, "a");

    tap_ok(v->type == TD_ARRAY && v->count == 7, "seven items");
    tap_ok(v->u.items[0]->u.number == 1 && v->u.items[1]->u.number == -2.5,
           "numbers");
    tap_ok(is_text(v->u.items[2], "x"), "a string");
    tap_ok(v->u.items[3]->type == TD_NULL && v->u.items[4]->type == TD_TRUE
           && v->u.items[5]->type == TD_FALSE, "literals");
    tap_ok(v->u.items[6]->type == TD_OBJECT && v->u.items[6]->count == 0,
           "an empty object");
    tap_ok(td_str_is(v->raw, "[1,-2.5,\"x\",null,true,false,{}]"),
           "the raw text of an array is exactly its text");
    tap_ok(td_str_is(v->u.items[1]->raw, "-2.5")
           && td_str_is(v->u.items[2]->raw, "\"x\"")
           && td_str_is(v->u.items[3]->raw, "null"), "and of scalars");
    tap_ok(v->u.items[2]->u.string.data == v->u.items[2]->raw.data + 1,
           "a string without escapes points into the text");

    b = td_json_get_lit(parse("{\"b\":{\"c\":\"d\"}}"), "b");

    tap_ok(is_text(td_json_get_lit(b, "c"), "d"), "lookup of a member");
    tap_ok(td_json_get_lit(b, "d") == NULL && td_json_get_lit(b, "") == NULL
           && td_json_get_lit(v, "0") == NULL && td_json_get_lit(NULL, "x")
           == NULL, "nothing where nothing is");
}


static void
test_decodes_strings(void)
{
    tap_ok(is_text(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
                   "\"\\/\b\f\n\r\t"), "short escapes");
    tap_ok(is_text(parse("\"a\\u0000b\""), "a\0b"), "a NUL byte");
    tap_ok(is_text(parse("\"\\u0041\\u00e9\\u20AC\\ud55c\""),
                   "A\xc3\xa9\xe2\x82\xac\xed\x95\x9c"), "\\u of 1 to 3 bytes");
    tap_ok(is_text(parse("\"\\ud83d\\ude00\\uD83D\\uDE00\""),
                   "\xf0\x9f\x98\x80\xf0\x9f\x98\x80"), "surrogate pairs");
    tap_ok(is_text(parse("\"\\udbff\\udfff\\ud800\\udc00\""),
                   "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80"), "the outermost pairs");
    tap_ok(is_text(parse("\"\\ud83dx\""), "\xed\xa0\xbdx"), "a lone high half");
    tap_ok(is_text(parse("\"\\ude00\""), "\xed\xb8\x80"), "a lone low half");
    tap_ok(is_text(parse("\"\\ud83d\\ud83d\\ude00\""),
                   "\xed\xa0\xbd\xf0\x9f\x98\x80"), "a high half and a pair");
    tap_ok(is_text(parse("\"\\ud83d\\n\""), "\xed\xa0\xbd\n"),
           "a high half and another escape");
    tap_ok(is_text(parse("\"aaaaaaaaaaaaaaaa\\n\xf0\x9f\x98\x80"
                         "bbbbbbbbbbbbbbbb\\\"c\""),
                   "aaaaaaaaaaaaaaaa\n\xf0\x9f\x98\x80" "bbbbbbbbbbbbbbbb\"c"),
           "escapes between long runs");
    tap_ok(is_text(parse("{\"\\u006bey\":\"v\"}")->u.members[0].value, "v")
           && td_json_get_lit(parse("{\"\\u006bey\":1}"), "key") != NULL,
           "escapes in keys");
    tap_ok(is_text(parse("\"\xff\xfe\xed\xa0\x80\xc3\""),
                   "\xff\xfe\xed\xa0\x80\xc3"), "invalid bytes pass");
}


static unsigned
same_double(const char *text)
{
    double     expected;
    td_json_t  *v;

    v = parse(text);
    expected = strtod(text, NULL);

    if (v->type == TD_NUMBER
        && memcmp(&v->u.number, &expected, sizeof(double)) == 0)
    {
        return 1;
    }

    printf("#   %s became %.17g\n", text, v->u.number);

    return 0;
}


static uint64_t
next_random(void)
{
    static uint64_t  state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return state;
}


static void
test_numbers_round_correctly(void)
{
    char                text[2600];
    double              d;
    size_t              i;
    uint64_t            bits;
    unsigned            good;
    static const char  *hard[] = {
        "0", "-0", "0.0", "-0.0e5", "0e999999999999999999999", "1e22", "1e23",
        "9007199254740992", "9007199254740993", "9007199254740991.5",
        "9007199254740993e0", "90071992547409930e-1", "123456789012345678",
        "1234567890123456789", "12345678901234567890", "0.1",
        "0.30000000000000004",
        "2.2250738585072011e-308", "2.2250738585072014e-308", "5e-324",
        "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400",
        "1.7976931348623157e308", "1.7976931348623158e308",
        "1.7976931348623159e308", "1e309", "-1e999", "1e99999999999999999999",
        "1e-99999999999999999999", "0.000000000000000000000000000001",
        "100000000000000000000000000000000", "6929495644600919.5",
        "3.5", "1e-22", "1e-23", "999999999999999e22", "72057594037927945",
        "9223372036854775807", "9223372036854775808", "18446744073709551616",
        "0.00000000000000000000000000000000000000000000123e50",
        "512.3333333333334", "12345.678901234567", "1732284000123.4567"
    };

    for (i = 0; i < sizeof(hard) / sizeof(hard[0]); i++) {
        tap_ok(same_double(hard[i]), "%s", hard[i]);
    }

    good = 0;

    for (i = 0; i < 200000; i++) {
        bits = next_random();

        switch (i % 5) {

        case 0:
            memcpy(&d, &bits, sizeof(d));
            if (!isfinite(d)) {
                d = 1;
            }
            snprintf(text, sizeof(text), "%.17g", d);
            break;

        case 1:
            snprintf(text, sizeof(text), "%.*f", (int) (bits % 18),
                     (double) (int64_t) (bits >> 8) / 1e11);
            break;

        case 2:
            snprintf(text, sizeof(text), "%.17g",
                     (double) (bits >> 12) / (double) ((bits & 0xfff) + 1));
            break;

        case 3:
            snprintf(text, sizeof(text), "%llu.%llue%d",
                     (unsigned long long) (bits >> (bits & 63)),
                     (unsigned long long) next_random() >> (bits >> 6 & 63),
                     (int) (next_random() % 60) - 30);
            break;

        default:
            snprintf(text, sizeof(text), "%llue%d",
                     (unsigned long long) (bits >> (bits & 63)),
                     (int) (next_random() % 700) - 350);
        }

        good += same_double(text);
    }

    tap_ok(good == 200000, "200000 random numbers equal strtod()");

    /* 2^53 + 1 is half way; only the last of many digits breaks the tie */

    strcpy(text, "9007199254740993.");
    memset(text + 17, '0', 2000);
    strcpy(text + 2017, "0");
    tap_ok(parse(text)->u.number == 9007199254740992.0, "a tie rounds to even");

    strcpy(text + 2017, "1");
    tap_ok(parse(text)->u.number == 9007199254740994.0,
           "a digit far behind a tie decides it");

    memset(text, '7', 2000);
    strcpy(text + 2000, "e-1990");
    tap_ok(same_double(text), "two thousand digits");

    strcpy(text, "0.");
    memset(text + 2, '0', 2000);
    strcpy(text + 2002, "25e2002");
    tap_ok(parse(text)->u.number == 25, "two thousand zeros and an exponent");

    tap_ok(isinf(parse("1e400")->u.number)
           && parse("-1e400")->u.number < 0, "overflow gives infinity");
}


static void
test_last_duplicate_wins_in_the_first_place(void)
{
    char       text[20000], *p;
    unsigned   i, n, good;
    td_str_t   key;
    td_json_t *v;

    v = parse("{\"a\":1,\"b\":2,\"a\":3,\"\\u0062\":4,\"c\":5,\"a\":6}");

    tap_ok(v->count == 3, "three keys are left");
    tap_ok(td_str_is(v->u.members[0].key, "a")
           && td_str_is(v->u.members[1].key, "b")
           && td_str_is(v->u.members[2].key, "c"), "at their first places");
    tap_ok(v->u.members[0].value->u.number == 6
           && v->u.members[1].value->u.number == 4
           && v->u.members[2].value->u.number == 5, "with their last values");

    /* around the size where an index takes over, and beyond */

    good = 1;

    for (n = 1; n < 200; n++) {
        p = text;
        p += sprintf(p, "{");

        for (i = 0; i < 2 * n; i++) {
            p += sprintf(p, "%s\"k%u\":%u", i ? "," : "", i % n, i);
        }

        sprintf(p, "}");
        v = parse(text);

        if (v->count != n) {
            good = 0;
            break;
        }

        for (i = 0; i < n; i++) {
            key.data = p = text;
            key.len = (size_t) sprintf(p, "k%u", i);

            if (!td_str_eq(v->u.members[i].key, key)
                || v->u.members[i].value->u.number != n + i
                || td_json_get(v, key) != v->u.members[i].value
                || td_json_member(v, key) != &v->u.members[i])
            {
                good = 0;
            }
        }

        if (td_json_get_lit(v, "k") != NULL
            || td_json_get_lit(v, "kx") != NULL
            || td_json_get_lit(v, "") != NULL)
        {
            good = 0;
        }
    }

    tap_ok(good, "the same holds for 1 to 199 keys, and all are found");
}


static void
test_depth_is_bounded(void)
{
    char        text[300000];
    td_json_t  *v;

    tap_ok(parse_bytes("1", 1, 0, &v) == TD_OK
           && parse_bytes("[]", 2, 0, &v) == TD_DEPTH
           && parse_bytes("{}", 2, 0, &v) == TD_DEPTH, "depth 0");
    tap_ok(parse_bytes("[{\"a\":1}]", 9, 2, &v) == TD_OK
           && parse_bytes("[{\"a\":[]}]", 10, 2, &v) == TD_DEPTH, "depth 2");
    tap_ok(parse_bytes("[[],[],[[]]]", 12, 3, &v) == TD_OK,
           "siblings do not add up");

    memset(text, '[', sizeof(text));
    tap_ok(parse_bytes(text, sizeof(text), DEPTH, &v) == TD_DEPTH,
           "300000 brackets");
}


static void
test_memory_is_bounded(void)
{
    size_t              limit;
    unsigned            nomem, good;
    td_json_t          *v;
    td_arena_t         *a;
    static const char   text[] = "{\"a\":[1,2,{\"b\":\"\\n\"}],\"c\":\"d\","
                                 "\"e\":[[],{},null,true]}";

    nomem = 0;
    good = 0;

    for (limit = 8; limit < 4096; limit += 8) {
        a = td_arena_create(64, limit);

        switch (td_json_parse(a, text, sizeof(text) - 1, DEPTH, &v)) {

        case TD_OK:
            good++;
            break;

        case TD_NOMEM:
            nomem += (good == 0);
            break;
        }

        td_arena_destroy(a);
    }

    tap_ok(nomem > 10 && good > 10 && nomem + good == 511,
           "an arena that is too small gives TD_NOMEM");
}


/* Keys of two blocks of eight bytes whose hashes are all the same. */

static size_t
colliding_key(uint64_t seed, char *key)
{
    size_t    i;
    uint64_t  first, state;

    memcpy(key, "k0000000", 8);

    for (i = 1; i < 8; i++, seed >>= 5) {
        key[i] = "abcdefghijklmnopqrstuvwxyzABCDEF"[seed & 31];
    }

    memcpy(&first, key, 8);

    state = ((16 * 0x9e3779b97f4a7c15ull) ^ first) * 0xff51afd7ed558ccdull;
    state ^= state >> 32;
    memcpy(key + 8, &state, 8);

    for (i = 8; i < 16; i++) {
        if (key[i] == '"' || key[i] == '\\'
            || (unsigned char) key[i] < 0x20)
        {
            return 0;
        }
    }

    return 16;
}


static void
test_colliding_keys_cost_no_more(void)
{
    char       *text, *p, key[16];
    uint32_t    hash;
    uint64_t    seed;
    unsigned    n, i, found, collide;
    td_json_t  *v, *w;

    text = malloc(100000 * 24);
    p = text;
    *p++ = '{';

    for (n = 0, seed = 0; n < 50000; seed++) {

        if (colliding_key(seed, key) == 0) {
            continue;
        }

        p += sprintf(p, "%s\"%.16s\":%u", n ? "," : "", key, n);
        n++;
    }

    *p++ = '}';

    if (!tap_ok(parse_bytes(text, (size_t) (p - text), 1, &v) == TD_OK
                && v->count == n, "50000 colliding keys are parsed"))
    {
        free(text);
        return;
    }

    hash = td_index_hash(v->u.members[0].key);
    found = 0;
    collide = 0;

    for (i = 0; i < n; i++) {
        collide += td_index_hash(v->u.members[i].key) == hash;
        found += td_json_get(v, v->u.members[i].key)
                 == v->u.members[i].value;
    }

    tap_ok(collide == n, "they do collide");
    tap_ok(found == n, "and each is found");

    text[1 + 16 + 3] = '7';
    (void) parse_bytes(text, (size_t) (p - text), 1, &w);
    tap_ok(!td_json_equal(v, w) && td_json_equal(v, v), "and compared");

    free(text);
    forget();
}


static void
test_very_large_objects(void)
{
    char       *text, *p;
    unsigned    i;
    td_json_t  *v, *w;

    text = malloc(200000 * 24);

    p = text;
    *p++ = '{';
    for (i = 0; i < 200000; i++) {
        p += sprintf(p, "%s\"a\":%u", i ? "," : "", i);
    }
    *p++ = '}';

    tap_ok(parse_bytes(text, (size_t) (p - text), 1, &v) == TD_OK
           && v->count == 1 && v->u.members[0].value->u.number == 199999,
           "200000 times the same key");

    p = text;
    *p++ = '{';
    for (i = 0; i < 100000; i++) {
        p += sprintf(p, "%s\"shape:%u\":%u", i ? "," : "", i, i);
    }
    *p++ = '}';

    tap_ok(parse_bytes(text, (size_t) (p - text), 1, &v) == TD_OK
           && v->count == 100000
           && td_json_get_lit(v, "shape:77777")->u.number == 77777,
           "100000 keys");

    p = text;
    *p++ = '{';
    for (i = 100000; i > 0; i--) {
        p += sprintf(p, "%s\"shape:%u\":%u", i < 100000 ? "," : "", i - 1,
                     i - 1);
    }
    *p++ = '}';

    tap_ok(parse_bytes(text, (size_t) (p - text), 1, &w) == TD_OK
           && td_json_equal(v, w) && td_json_equal(w, v),
           "are equal to the same keys in another order");

    p = text;
    for (i = 0; i < 100000; i++) {
        p += sprintf(p, "%c%u", i ? ',' : '[', i);
    }
    *p++ = ']';

    tap_ok(parse_bytes(text, (size_t) (p - text), 1, &v) == TD_OK
           && v->count == 100000 && v->u.items[99999]->u.number == 99999,
           "100000 items");

    free(text);
    forget();
}


static unsigned
equal(const char *a, const char *b)
{
    td_json_t  *x, *y;

    x = parse(a);
    y = parse(b);

    return td_json_equal(x, y) + td_json_equal(y, x);
}


static void
test_equality_is_deep_and_by_value(void)
{
    tap_ok(equal("{\"a\":1,\"b\":[1,2]}", "{ \"b\":[1.0,2e0],\"a\":1 }") == 2,
           "objects by key set, numbers by value");
    tap_ok(equal("0", "-0") == 2 && equal("1", "1.0000") == 2
           && equal("0.1", "0.10000000000000000001") == 2
           && equal("0.1", "0.2") == 0, "numbers as doubles");
    tap_ok(equal("\"\\u00e9\"", "\"\xc3\xa9\"") == 2
           && equal("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"") == 2
           && equal("\"\\ud83d\"", "\"\\ud83e\"") == 0
           && equal("\"a\"", "\"a\\u0000\"") == 0, "strings by code units");
    tap_ok(equal("[1,2]", "[2,1]") == 0 && equal("[1]", "[1,1]") == 0
           && equal("[[]]", "[[]]") == 2, "arrays by position");
    tap_ok(equal("[]", "{}") == 0 && equal("null", "false") == 0
           && equal("0", "false") == 0 && equal("\"\"", "null") == 0
           && equal("1", "\"1\"") == 0, "types differ");
    tap_ok(equal("{\"a\":null}", "{}") == 0
           && equal("{\"a\":1}", "{\"b\":1}") == 0, "null is not missing");
    tap_ok(equal("{\"a\":1,\"a\":2}", "{\"a\":2}") == 2, "the last duplicate");
}


static size_t
utf16(const char *text)
{
    return td_utf16_length(parse(text)->u.string);
}


static void
test_lengths_count_code_units(void)
{
    tap_ok(utf16("\"\"") == 0 && utf16("\"abc\"") == 3, "ASCII");
    tap_ok(utf16("\"\xc3\xa9\xe2\x82\xac\"") == 2, "two and three bytes");
    tap_ok(utf16("\"\xf0\x9f\x98\x80\"") == 2, "an emoji is two");
    tap_ok(utf16("\"\\ud83d\"") == 1 && utf16("\"\\ude00\"") == 1,
           "half of one is one");
}


static void
test_writer(void)
{
    td_json_t  *v, *o;
    td_str_t    s;

    tap_ok(writes(parse(" {\"a\": 1.50 } "), "{\"a\": 1.50 }"),
           "a parsed value leaves as it came");

    s.data = "\"\\/\b\f\n\r\t\x01\x1f\x7f\0x";
    s.len = 13;
    tap_ok(writes(td_json_string(arena, s),
           "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000x\""),
           "escapes are minimal");

    s.data = "\xed\xa0\xbd \xed\xb8\x80\xed\x95\x9c\xf0\x9f\x98\x80";
    s.len = 14;
    tap_ok(writes(td_json_string(arena, s),
           "\"\\ud83d \\ude00\xed\x95\x9c\xf0\x9f\x98\x80\""),
           "lone surrogates leave as escapes, Hangul as it is");

    s.data = "\xed\xa0";
    s.len = 2;
    tap_ok(writes(td_json_string(arena, s), "\"\xed\xa0\""),
           "a cut sequence is not read beyond");

    s.len = 0;
    s.data = NULL;
    tap_ok(writes(td_json_string(arena, s), "\"\""), "an empty string");

    v = td_json_array(arena, 4);
    v->u.items[0] = td_json_uint(arena, 0);
    v->u.items[1] = td_json_uint(arena, UINT64_MAX);
    v->u.items[2] = parse("[ true]");
    v->u.items[3] = td_json_array(arena, 0);

    o = td_json_object(arena, 2);
    o->u.members[0].key = (td_str_t) td_str("a\n");
    o->u.members[0].value = v;
    o->u.members[1].key = (td_str_t) td_str("");
    o->u.members[1].value = td_json_object(arena, 0);

    tap_ok(writes(o, "{\"a\\n\":[0,18446744073709551615,[ true],[]],"
                     "\"\":{}}"), "a built tree");
    tap_ok(td_json_equal(o, parse("{\"\":{},\"a\\n\":[0,18446744073709551615,"
                                  "[true],[]]}")),
           "equals its parsed text");
}


static void
test_built_objects_are_found_in(void)
{
    char       *p;
    unsigned    i, found;
    td_json_t  *o;

    o = td_json_object(arena, 1000);

    for (i = 0; i < 1000; i++) {
        p = td_arena_alloc(arena, 16);
        o->u.members[i].key.data = p;
        o->u.members[i].key.len = (size_t) sprintf(p, "key%u", i);
        o->u.members[i].value = td_json_uint(arena, i);
    }

    found = 0;

    for (i = 0; i < 1000; i++) {
        found += td_json_get(o, o->u.members[i].key)
                 == o->u.members[i].value;
    }

    tap_ok(found == 1000 && td_json_get_lit(o, "key1000") == NULL,
           "a large built object has an index too");
}


/* The parser must neither crash nor read beyond, whatever it gets. */

static void
test_survives_damage(void)
{
    char               text[512];
    size_t             len, i;
    unsigned           n, ok, changed;
    td_buf_t           b;
    td_json_t         *v, *w;
    static const char  base[] =
        "{\"type\":\"push\",\"clientClock\":12,"
        "\"diff\":{\"shape:a\":[\"patch\","
        "{\"x\":[\"put\",10.5e-3],\"t\":[\"append\",\"\\ud83d\\ude00\\n\",16],"
        "\"props\":[\"patch\",{\"s\":[true,false,null,-1.25,{}]}]}]}}";

    ok = 0;
    changed = 0;

    for (len = 0; len < sizeof(base); len++) {
        ok += parse_bytes(base, len, DEPTH, &v) == TD_OK;
    }

    tap_ok(ok == 1, "a text cut anywhere is refused");

    ok = 0;

    for (n = 0; n < 100000; n++) {
        len = sizeof(base) - 1;
        memcpy(text, base, len);

        for (i = next_random() % 3 + 1; i > 0; i--) {
            text[next_random() % len] = (next_random() & 1)
                ? "\"\\[]{},:0e-. u"[next_random() % 14]
                : (char) next_random();
        }

        if (parse_bytes(text, len, DEPTH, &v) != TD_OK) {
            continue;
        }

        ok++;
        v->raw.len = 0;

        memset(&b, 0, sizeof(b));
        td_json_write(&b, v);

        if (td_json_parse(arena, b.data, b.len, DEPTH, &w) != TD_OK
            || !td_json_equal(v, w))
        {
            changed++;
        }

        td_buf_free(&b);
    }

    tap_ok(ok > 1000 && changed == 0,
           "%u of 100000 damaged texts parse and survive writing", ok);
}


int
main(void)
{
    arena = td_arena_create(4096, 0);

    test_accepts_json();
    test_refuses_what_is_no_json();
    test_builds_the_tree();
    test_decodes_strings();
    test_numbers_round_correctly();
    test_last_duplicate_wins_in_the_first_place();
    test_depth_is_bounded();
    test_memory_is_bounded();
    test_colliding_keys_cost_no_more();
    test_very_large_objects();
    test_equality_is_deep_and_by_value();
    test_lengths_count_code_units();
    test_writer();
    test_built_objects_are_found_in();
    test_survives_damage();

    forget();
    td_arena_destroy(arena);

    return tap_done();
}
