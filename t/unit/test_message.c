
/*
 * Messages of the sync protocol: what is read from a client's, how the
 * server's are written (sync-protocol 1.7, 3.1 to 3.4, 4.1, 4.6).
 */


#include <math.h>
#include <stdlib.h>

#include "td_message.h"
#include "tap.h"


static td_arena_t    *arena;
static td_message_t   m;


static int
parse(const char *text)
{
    td_str_t  s;

    td_arena_reset(arena);

    s.data = text;
    s.len = strlen(text);

    return td_message_parse(arena, s, &m);
}


static int
is(td_str_t got, const char *want)
{
    return got.len == strlen(want) && memcmp(got.data, want, got.len) == 0;
}


static void
test_types(void)
{
    tap_ok(parse("{\"type\":\"ping\"}") == TD_OK && m.type == TD_MESSAGE_PING,
           "a ping");
    tap_ok(parse(" {\"more\":1 , \"type\" : \"ping\"}\n") == TD_OK
           && m.type == TD_MESSAGE_PING, "with blanks and more");
    tap_ok(parse("{\"type\":\"push\",\"type\":\"ping\"}") == TD_OK
           && m.type == TD_MESSAGE_PING, "4.3: of duplicate keys the last");
    tap_ok(parse("{\"type\":\"p\\u0069ng\"}") == TD_OK
           && m.type == TD_MESSAGE_PING, "with an escape");

    tap_ok(parse("{}") == TD_OK && m.type == TD_MESSAGE_UNKNOWN
           && parse("{\"type\":null}") == TD_OK
           && m.type == TD_MESSAGE_UNKNOWN
           && parse("{\"type\":[\"push\"]}") == TD_OK
           && m.type == TD_MESSAGE_UNKNOWN
           && parse("{\"type\":\"custom\"}") == TD_OK
           && m.type == TD_MESSAGE_UNKNOWN
           && parse("{\"type\":\"Ping\"}") == TD_OK
           && m.type == TD_MESSAGE_UNKNOWN
           && parse("{\"type\":\"pin\"}") == TD_OK
           && m.type == TD_MESSAGE_UNKNOWN, "1.7: others are unknown");

    tap_ok(parse("[]") == TD_BAD && parse("7") == TD_BAD
           && parse("\"ping\"") == TD_BAD && parse("null") == TD_BAD
           && parse("") == TD_BAD && parse("{\"type\":\"ping\"") == TD_BAD
           && parse("{\"type\":\"ping\"}}") == TD_BAD, "no JSON object");
}


static void
test_depth(void)
{
    char   text[512];
    size_t i;

    for (i = 99; i < 101; i++) {
        strcpy(text, "{\"a\":");
        memset(text + 5, '[', i);
        memset(text + 5 + i, ']', i);
        strcpy(text + 5 + 2 * i, "}");

        tap_ok(parse(text) == (i == 99 ? TD_OK : TD_DEPTH),
               "%u containers", (unsigned) i + 1);
    }
}


static void
test_connect(void)
{
    char    text[600];
    size_t  i;

    static const struct {
        const char  *clock;
        int64_t      last;
    } clocks[] = {
        { "0", 0 }, { "-1", -1 }, { "7", 7 }, { "7.0", 7 }, { "7e0", 7 },
        { "9007199254740991", 9007199254740991 }, { "9007199254740992", -1 },
        { "1e300", -1 }, { "1e999", -1 }, { "-1e999", -1 }, { "1.5", -1 },
        { "-7", -1 }, { "null", -1 }, { "\"7\"", -1 }, { "[7]", -1 },
        { "true", -1 }, { "-0", 0 }
    };

    static const struct {
        const char  *version;
        unsigned     protocol;
    } versions[] = {
        { "8", 8 }, { "7", 7 }, { "5", 5 }, { "9", 9 }, { "0", 0 },
        { "-8", 0 }, { "null", 0 }, { "\"8\"", 0 }, { "1e999", 255 },
        { "1000", 255 }, { "256", 255 }, { "4294967304", 255 }, { "[8]", 0 }
    };

    tap_ok(parse("{\"type\":\"connect\",\"connectRequestId\":\"a\\u0062\","
                 "\"lastServerClock\":3,\"protocolVersion\":8,"
                 "\"schema\":{\"schemaVersion\":2}}") == TD_OK
           && m.type == TD_MESSAGE_CONNECT && is(m.request_id, "\"a\\u0062\"")
           && m.last_clock == 3 && m.protocol == 8 && m.schema != NULL,
           "3.1: a connect");

    for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        snprintf(text, sizeof(text), "{\"type\":\"connect\","
                 "\"connectRequestId\":\"\",\"lastServerClock\":%s}",
                 clocks[i].clock);
        tap_ok(parse(text) == TD_OK && m.last_clock == clocks[i].last,
               "3.4: lastServerClock %s is %lld", clocks[i].clock,
               (long long) clocks[i].last);
    }

    for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        snprintf(text, sizeof(text), "{\"type\":\"connect\","
                 "\"connectRequestId\":\"\",\"protocolVersion\":%s}",
                 versions[i].version);
        tap_ok(parse(text) == TD_OK && m.protocol == versions[i].protocol,
               "3.2: protocolVersion %s is %u", versions[i].version,
               versions[i].protocol);
    }

    tap_ok(parse("{\"type\":\"connect\",\"connectRequestId\":\"x\"}") == TD_OK
           && m.last_clock == -1 && m.protocol == 0 && m.schema == NULL,
           "3.2, 3.4: all may be missing but the id");
    tap_ok(parse("{\"type\":\"connect\",\"connectRequestId\":\"x\","
                 "\"schema\":null}") == TD_OK && m.schema == NULL,
           "3.2: a schema that is null");
    tap_ok(parse("{\"type\":\"connect\"}") == TD_BAD
           && parse("{\"type\":\"connect\",\"connectRequestId\":7}") == TD_BAD
           && parse("{\"type\":\"connect\",\"connectRequestId\":null}")
              == TD_BAD, "a connect without an id");

    memset(text, 'x', sizeof(text));
    i = sprintf(text, "{\"type\":\"connect\",\"connectRequestId\":\"");
    text[i] = 'x';
    strcpy(text + i + 254, "\"}");
    tap_ok(parse(text) == TD_OK && m.request_id.len == 256,
           "an id of 254 bytes");

    memset(text + i, 'x', 300);
    strcpy(text + i + 255, "\"}");
    tap_ok(parse(text) == TD_BAD, "one of 255 is too long");
}


static void
test_push(void)
{
    tap_ok(parse("{\"type\":\"push\",\"clientClock\":12,\"diff\":{},"
                 "\"presence\":[\"put\",{}]}") == TD_OK
           && m.type == TD_MESSAGE_PUSH && is(m.client_clock, "12")
           && m.diff && m.diff->type == TD_OBJECT && m.presence
           && m.presence->type == TD_ARRAY, "4.1: a push");
    tap_ok(parse("{\"type\":\"push\",\"clientClock\":0}") == TD_OK
           && m.diff == NULL && m.presence == NULL, "4.1: both may be missing");
    tap_ok(parse("{\"type\":\"push\",\"clientClock\":0,\"diff\":null,"
                 "\"presence\":null}") == TD_OK
           && m.diff && m.diff->type == TD_NULL && m.presence == NULL,
           "4.6: a diff that is null is not missing");
    tap_ok(parse("{\"type\":\"push\",\"clientClock\":1.50e1}") == TD_OK
           && is(m.client_clock, "1.50e1"), "4.1: the clock as it came");
    tap_ok(parse("{\"type\":\"push\"}") == TD_BAD
           && parse("{\"type\":\"push\",\"clientClock\":\"1\"}") == TD_BAD
           && parse("{\"type\":\"push\",\"clientClock\":null}") == TD_BAD
           && parse("{\"type\":\"push\",\"clientClock\":"
                    "111111111111111111111111111111111}") == TD_BAD,
           "4.1: no clock, or one that is no use");
}


static void
test_no_memory(void)
{
    char         text[20000];
    size_t       i;
    td_str_t     s;
    td_arena_t  *small;

    i = sprintf(text, "{\"type\":\"ping\",\"a\":[0");

    while (i < sizeof(text) - 8) {
        memcpy(text + i, ",0", 2);
        i += 2;
    }

    memcpy(text + i, "]}", 2);
    s.data = text;
    s.len = i + 2;

    small = td_arena_create(1024, 8192);
    tap_ok(td_message_parse(small, s, &m) == TD_NOMEM, "the arena's limit");
    td_arena_destroy(small);
}


static void
written(const char *name, td_buf_t *b, const char *want)
{
    td_json_t  *v;

    tap_ok(!b->failed && b->len == strlen(want)
           && memcmp(b->data, want, b->len) == 0, "%s", name);

    if (b->len != strlen(want) || memcmp(b->data, want, b->len) != 0) {
        printf("# got    %.*s\n# wanted %s\n", (int) b->len, b->data, want);
    }

    if (b->data[0] == ',') {
        td_arena_reset(arena);
        tap_ok(td_json_parse(arena, b->data + 1, b->len - 1, 20, &v) == TD_OK,
               "%s: behind its comma it is JSON", name);
    }

    b->len = 0;
}


static void
test_writers(void)
{
    td_buf_t  b;
    td_str_t  none = { 0, NULL };

    memset(&b, 0, sizeof(td_buf_t));

    td_write_patch(&b, 42, td_str("{\"a\":[\"remove\"]}"));
    written("4.8: a patch", &b, ",{\"type\":\"patch\",\"serverClock\":42,"
            "\"diff\":{\"a\":[\"remove\"]}}");

    td_write_patch_one(&b, 9007199254740991, td_str("a\\u0000"),
                       td_str("[\"remove\"]"));
    written("4.8: a patch of one", &b, ",{\"type\":\"patch\",\"serverClock\":"
            "9007199254740991,\"diff\":{\"a\\u0000\":[\"remove\"]}}");

    td_write_result(&b, td_str("12"), 41, TD_ACTION_COMMIT, none);
    written("4.6: commit", &b, ",{\"type\":\"push_result\",\"clientClock\":12,"
            "\"serverClock\":41,\"action\":\"commit\"}");

    td_write_result(&b, td_str("1e1"), 41, TD_ACTION_DISCARD, td_str("{}"));
    written("4.6: discard", &b, ",{\"type\":\"push_result\",\"clientClock\":"
            "1e1,\"serverClock\":41,\"action\":\"discard\"}");

    td_write_result(&b, td_str("0"), 1, TD_ACTION_REBASE,
                    td_str("{\"a\":[\"remove\"]}"));
    written("4.6: rebase", &b, ",{\"type\":\"push_result\",\"clientClock\":0,"
            "\"serverClock\":1,\"action\":{\"rebaseWithDiff\":"
            "{\"a\":[\"remove\"]}}}");

    td_write_connect(&b, td_str("\"x\""), 1, 8, td_str("{}"), 7, 0);
    written("3.3: a reply", &b, "{\"type\":\"connect\",\"connectRequestId\":"
            "\"x\",\"hydrationType\":\"wipe_all\",\"protocolVersion\":8,"
            "\"schema\":{},\"serverClock\":7,\"isReadonly\":false,\"diff\":{");

    td_write_connect(&b, td_str("\"x\""), 0, 7, td_str("{}"), 7, 1);
    written("3.3: another", &b, "{\"type\":\"connect\",\"connectRequestId\":"
            "\"x\",\"hydrationType\":\"wipe_presence\",\"protocolVersion\":7,"
            "\"schema\":{},\"serverClock\":7,\"isReadonly\":true,\"diff\":{");

    td_buf_free(&b);
}


int
main(void)
{
    arena = td_arena_create(4096, 0);

    test_types();
    test_depth();
    test_connect();
    test_push();
    test_no_memory();
    test_writers();

    td_arena_destroy(arena);

    return tap_done();
}
