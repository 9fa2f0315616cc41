
/*
 * One op on a presence record (sync-protocol 4.7, traps 7 and 11).
 */


#include <stdlib.h>

#include "td_message.h"
#include "tap.h"


#define DESCRIPTION                                                           \
    "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":2,"           \
    "\"sequences\":{\"a\":1}},\"notRetroactive\":[],\"types\":{"              \
    "\"instance_presence\":{\"scope\":\"presence\",\"validator\":[\"object\"" \
    ",{\"id\":[\"prefix\",\"instance_presence:\"],"                           \
    "\"typeName\":[\"literal\",\"instance_presence\"],\"n\":\"string\","      \
    "\"c\":[\"optional\",[\"nullable\",\"jsonValue\"]],"                      \
    "\"l\":[\"optional\",[\"array\",\"string\"]]}]}}}"

#define P(rest)                                                               \
    "{" rest ",\"id\":\"instance_presence:me\","                              \
    "\"typeName\":\"instance_presence\"}"


static td_schema_t    *schema;
static td_arena_t     *arena;
static td_presence_t   p;
static char            current[1024];
static size_t          current_len;


static int
is(td_str_t got, const char *want)
{
    int  same;

    same = got.len == strlen(want) && memcmp(got.data, want, got.len) == 0;

    if (!same) {
        printf("# got    %.*s\n# wanted %s\n", (int) got.len, got.data, want);
    }

    return same;
}


/* Applies an op; what it made is the session's record from then on. */

static int
push(const char *op, unsigned protocol, unsigned legacy)
{
    int         rc;
    td_str_t    record;
    td_json_t  *v;

    td_arena_reset(arena);

    if (td_json_parse(arena, op, strlen(op), 50, &v) != TD_OK) {
        return TD_BAD;
    }

    record.data = current;
    record.len = current_len;

    rc = td_presence_push(arena, schema, td_str("instance_presence:me"),
                          record, v, protocol, legacy, &p);

    if (rc == TD_OK && p.changed) {
        memcpy(current, p.text.data, p.text.len);
        current_len = p.text.len;
    }

    return rc;
}


static void
test_puts(void)
{
    current_len = 0;

    tap_ok(push("[\"put\",{\"id\":\"instance_presence:you\",\"n\":\"a\","
                "\"typeName\":\"shape\"}]", 8, 0) == TD_OK && p.changed
           && is(p.text, P("\"n\":\"a\""))
           && is(p.op, "[\"put\"," P("\"n\":\"a\"") "]")
           && p.legacy.len == 0,
           "4.7, 12.11: the first put: id and type are the server's");
    tap_ok(push("[\"put\",{\"n\":\"a\"}]", 8, 0) == TD_OK && !p.changed,
           "an equal put is nothing");
    tap_ok(push("[\"put\",{\"n\":\"ab\",\"c\":1}]", 8, 0) == TD_OK
           && (is(p.op, "[\"patch\",{\"n\":[\"append\",\"b\",1],"
                  "\"c\":[\"put\",1]}]"))
           && is(p.text, P("\"n\":\"ab\",\"c\":1")),
           "4.7: a later put is a patch for the others");
    tap_ok(push("[\"put\",{\"n\":\"abc\",\"c\":1}]", 7, 1) == TD_OK
           && is(p.op, "[\"patch\",{\"n\":[\"put\",\"abc\"]}]")
           && p.legacy.len == 0, "12.7: a v7 author's has no string append");
    tap_ok(push("[\"put\",{\"n\":\"abcd\",\"c\":1}]", 8, 1) == TD_OK
           && is(p.op, "[\"patch\",{\"n\":[\"append\",\"d\",3]}]")
           && is(p.legacy, "[\"patch\",{\"n\":[\"put\",\"abcd\"]}]"),
           "12.7: a v8 author's is rewritten for v7 receivers");
}


static void
test_patches(void)
{
    current_len = 0;

    tap_ok(push("[\"patch\",{\"n\":[\"put\",\"x\"]}]", 8, 0) == TD_OK
           && !p.changed, "4.7: a patch of nothing is ignored");

    push("[\"put\",{\"n\":\"a\",\"c\":{\"x\":1},\"l\":[\"p\"]}]", 8, 0);

    tap_ok(push("[\"patch\", {\"n\":[\"put\",\"z\"]}]", 8, 0) == TD_OK
           && is(p.op, "[\"patch\", {\"n\":[\"put\",\"z\"]}]"),
           "what applied as it was said goes on in the same words");
    tap_ok(push("[\"patch\",{\"n\":[\"put\",\"z\"],\"c\":[\"put\",{\"x\":2}]}"
                "]", 8, 0) == TD_OK
           && is(p.op, "[\"patch\",{\"c\":[\"put\",{\"x\":2}]}]"),
           "what has no effect is left out");
    tap_ok(push("[\"patch\",{\"id\":[\"put\",\"x\"],\"typeName\":"
                "[\"delete\"],\"n\":[\"put\",\"q\"]}]", 8, 0) == TD_OK
           && is(p.op, "[\"patch\",{\"n\":[\"put\",\"q\"]}]"),
           "4.7: id and type cannot be patched");
    tap_ok(push("[\"patch\",{\"id\":[\"delete\"]}]", 8, 0) == TD_OK
           && !p.changed, "4.7: not alone either");
    tap_ok(push("[\"patch\",{\"l\":[\"append\",[\"q\"],1]}]", 8, 1) == TD_OK
           && is(p.op, "[\"patch\",{\"l\":[\"append\",[\"q\"],1]}]")
           && p.legacy.len == 0, "12.7: appends to lists serve all");
    tap_ok(push("[\"patch\",{\"n\":[\"append\",\"r\",1]}]", 8, 1) == TD_OK
           && is(p.legacy, "[\"patch\",{\"n\":[\"put\",\"qr\"]}]"),
           "12.7: appends to strings do not");
    tap_ok(push("[\"patch\",{\"n\":[\"append\",\"r\",1]}]", 8, 1) == TD_OK
           && !p.changed, "12.6: a wrong offset is nothing");
}


static void
test_refused(void)
{
    size_t  i;

    static const char  *bad[] = {
        "null", "7", "\"put\"", "{}", "[]", "[1]", "[null]", "[\"put\"]",
        "[\"put\",null]", "[\"put\",[]]", "[\"put\",7]", "[\"patch\"]",
        "[\"patch\",null]", "[\"patch\",[]]", "[\"put\",{}]",
        "[\"put\",{\"n\":1}]", "[\"put\",{\"n\":\"\",\"more\":1}]",
        "[\"put\",{\"n\":\"\",\"c\":1e999}]",
        "[\"patch\",{\"n\":[\"put\",1]}]", "[\"patch\",{\"n\":[\"delete\"]}]",
        "[\"patch\",{\"n\":null}]", "[\"patch\",{\"n\":\"put\"}]",
        "[\"patch\",{\"l\":[\"patch\",{\"0\":[\"put\",1]}]}]",
        "[\"patch\",{\"l\":[\"patch\",{\"01\":[\"put\",\"x\"]}]}]"
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        current_len = 0;
        push("[\"put\",{\"n\":\"a\",\"l\":[\"x\"]}]", 8, 0);

        tap_ok(push(bad[i], 8, 0) == TD_INVALID && p.error[0] != '\0'
               && !p.changed, "4.7: refused: %s (%s)", bad[i], p.error);
    }

    tap_ok(push("[\"remove\"]", 8, 0) == TD_OK && !p.changed
           && push("[\"what\",1]", 8, 0) == TD_OK && !p.changed,
           "4.7: other ops are ignored");
}


int
main(void)
{
    char  error[128];

    if (td_schema_load(DESCRIPTION, sizeof(DESCRIPTION) - 1, &schema, error,
                       sizeof(error))
        != TD_OK)
    {
        tap_ok(0, "the description: %s", error);
        return tap_done();
    }

    arena = td_arena_create(4096, 0);

    test_puts();
    test_patches();
    test_refused();

    td_arena_destroy(arena);
    td_schema_destroy(schema);

    return tap_done();
}
