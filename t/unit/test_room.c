
/*
 * Boards: entries and tombstones in the order of their clocks, hydration,
 * pruning, and the overlay on which pushes are tried (sync-protocol 3.4, 3.5,
 * 4.2 to 4.6).
 */


#include <stdlib.h>

#include "td_room.h"
#include "tap.h"


#define DESCRIPTION                                                           \
    "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":2,"           \
    "\"sequences\":{\"a\":1}},\"notRetroactive\":[],\"types\":{"              \
    "\"camera\":{\"scope\":\"session\"},"                                     \
    "\"instance_presence\":{\"scope\":\"presence\",\"validator\":\"any\"},"   \
    "\"t\":{\"scope\":\"document\",\"validator\":[\"object\",{"               \
    "\"id\":\"string\",\"typeName\":[\"literal\",\"t\"],\"n\":\"string\","    \
    "\"v\":[\"optional\",\"number\"],\"props\":[\"optional\",\"jsonValue\"]," \
    "\"o\":[\"optional\",\"jsonValue\"]}]}}}"

#define T(id, rest)  "{\"id\":\"" id "\",\"typeName\":\"t\"," rest "}"
#define PUT(id, rest)  "\"" id "\":[\"put\"," T(id, rest) "]"


static td_room_t      room;
static td_schema_t   *schema;
static td_arena_t    *arena;
static td_overlay_t  *overlay;
static td_effect_t    effect;


static td_str_t
str(const char *s)
{
    td_str_t  out;

    out.data = s;
    out.len = strlen(s);

    return out;
}


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


static void
set(const char *id, const char *text, uint64_t clock)
{
    td_str_t  none = { 0, NULL };

    if (td_room_set(&room, str(id), text ? str(text) : none, clock) != TD_OK) {
        tap_ok(0, "set %s", id);
    }
}


/* A new, empty room at clock 1, and an overlay on it. */

static void
begin(void)
{
    td_room_free(&room);
    td_arena_destroy(arena);

    td_room_init(&room, 12345, 1, 1);
    arena = td_arena_create(4096, 0);
    overlay = td_overlay_create(arena, &room);
}


/* The next overlay after what is in the room now. */

static void
next(void)
{
    td_arena_reset(arena);
    overlay = td_overlay_create(arena, &room);
}


static int
push(const char *diff, unsigned protocol, unsigned legacy)
{
    td_json_t  *v;

    if (td_json_parse(arena, diff, strlen(diff), 100, &v) != TD_OK) {
        printf("# no JSON: %s\n", diff);
        return TD_BAD;
    }

    return td_overlay_push(overlay, schema, v, protocol, legacy, &effect);
}


static int
all_is(const char *want)
{
    int       same;
    td_buf_t  b;
    td_str_t  got;

    memset(&b, 0, sizeof(td_buf_t));
    td_room_write_all(&room, &b);

    got.data = b.data ? b.data : "";
    got.len = b.len;

    same = is(got, want);
    td_buf_free(&b);

    return same;
}


static int
since_is(uint64_t since, const char *want)
{
    int       same;
    td_buf_t  b;
    td_str_t  got;

    memset(&b, 0, sizeof(td_buf_t));
    td_room_write_since(&room, since, &b);

    got.data = b.data ? b.data : "";
    got.len = b.len;

    same = is(got, want);
    td_buf_free(&b);

    return same;
}


static void
test_entries(void)
{
    int          good;
    char         id[32];
    uint64_t     i, last;
    td_entry_t  *e;

    begin();

    tap_ok(td_room_get(&room, str("a")) == NULL, "an empty room");

    set("a", "{1}", 2);
    set("b", "{22}", 3);
    set("c", NULL, 4);

    tap_ok(room.nrecords == 2 && room.ntombstones == 1 && room.bytes == 7,
           "records, tombstones and bytes are counted");
    tap_ok(room.clock == 1, "the room's clock is the caller's business");

    set("a", "{333}", 5);
    tap_ok(room.newest == td_room_get(&room, str("a")) && room.bytes == 9
           && room.nrecords == 2, "what is set again is the newest");

    set("a", NULL, 6);
    set("c", "{4}", 7);
    tap_ok(room.nrecords == 2 && room.ntombstones == 1 && room.bytes == 7,
           "records and tombstones turn into each other");

    set("", "{}", 8);
    tap_ok(td_room_get(&room, str("")) != NULL, "an empty id");

    good = 1;

    for (i = 0; i < 20000; i++) {
        snprintf(id, sizeof(id), "shape:%llu", (unsigned long long) i);
        set(id, i % 3 ? "{}" : NULL, 10 + i);
    }

    for (i = 0; i < 20000; i++) {
        snprintf(id, sizeof(id), "shape:%llu", (unsigned long long) i);
        e = td_room_get(&room, str(id));
        good &= e != NULL && e->clock == 10 + i
                && (e->text != NULL) == (i % 3 != 0);
    }

    tap_ok(good, "20 000 ids are found");
    tap_ok(td_room_get(&room, str("shape:20000")) == NULL, "others are not");

    last = 0;
    good = 1;

    for (e = room.oldest; e; e = e->next) {
        good &= e->clock >= last;
        last = e->clock;
    }

    tap_ok(good && room.nbuckets >= 16384, "and hang in order, spread out");

    tap_ok(td_room_hash(1, td_str("shape:a")) != td_room_hash(2,
           td_str("shape:a")), "the hash depends on the seed");
}


static void
test_hydration(void)
{
    begin();

    tap_ok(all_is("") && since_is(0, ""), "nothing to say");

    set("a", "{\"a\":1}", 2);
    set("gone", NULL, 3);
    set("b", "{\"b\":1}", 3);
    room.clock = 3;

    tap_ok(all_is("\"a\":[\"put\",{\"a\":1}],\"b\":[\"put\",{\"b\":1}]"),
           "3.4: everything: the records alone");
    tap_ok(since_is(2, "\"b\":[\"put\",{\"b\":1}],\"gone\":[\"remove\"]"),
           "3.4: since a clock: puts and removes");
    tap_ok(since_is(3, ""), "3.4: since now: nothing");

    room.history = 2;

    tap_ok(td_room_wipe_all(&room, -1) && td_room_wipe_all(&room, 0)
           && td_room_wipe_all(&room, 1), "3.4: before the history start");
    tap_ok(!td_room_wipe_all(&room, 2) && !td_room_wipe_all(&room, 3),
           "3.4: from there to now");
    tap_ok(td_room_wipe_all(&room, 4)
           && td_room_wipe_all(&room, INT64_MAX), "3.4: beyond now");
}


static void
test_pruning(void)
{
    char      id[32];
    uint64_t  i, point;

    begin();

    for (i = 0; i < TD_TOMBSTONES_MAX; i++) {
        snprintf(id, sizeof(id), "%llu", (unsigned long long) i);
        set(id, NULL, 10 + i / 7);
    }

    set("record", "{}", 5000);

    tap_ok(td_room_prune_point(&room, 9000) == room.history,
           "3.5: 5000 tombstones stay");

    set("one more", NULL, 8000);

    /* 1001 and what shares the clock of the last of them: 143 sevens */

    point = td_room_prune_point(&room, 9000);

    tap_ok(point == 10 + 1001 / 7, "3.5: history starts with the oldest that "
           "stays, no clock is split (%llu)", (unsigned long long) point);

    td_room_prune(&room, point);

    tap_ok(room.ntombstones == TD_TOMBSTONES_MAX + 1 - 1001
           && room.nrecords == 1 && room.history == point,
           "3.5: older tombstones are gone");
    tap_ok(td_room_get(&room, str("1000")) == NULL
           && td_room_get(&room, str("1001")) != NULL
           && td_room_get(&room, str("record")) != NULL, "exactly those");

    td_room_prune(&room, point - 1);
    tap_ok(room.history == point, "the history start never goes back");

    begin();

    for (i = 0; i <= TD_TOMBSTONES_MAX; i++) {
        snprintf(id, sizeof(id), "%llu", (unsigned long long) i);
        set(id, NULL, 42);
    }

    point = td_room_prune_point(&room, 77);
    td_room_prune(&room, point);

    tap_ok(point == 77 && room.ntombstones == 0,
           "3.5: when none remain it starts at the clock");
}


static void
test_what_a_push_does(void)
{
    begin();

    tap_ok(push("{" PUT("a", "\"n\":\"x\"") "}", 8, 0) == TD_OK
           && effect.changed && effect.action == TD_ACTION_COMMIT
           && is(effect.diff, "{" PUT("a", "\"n\":\"x\"") "}")
           && overlay->clock == 2, "4.6: a put: commit, its own words");
    tap_ok(room.clock == 1 && room.nrecords == 0, "the room knows nothing");

    tap_ok(push("{\"a\":[\"patch\",{\"v\":[\"put\",1]}]}", 8, 0) == TD_OK
           && effect.action == TD_ACTION_COMMIT && overlay->clock == 3,
           "the next push sees it");
    tap_ok(push("{\"a\":[\"patch\",{\"v\":[\"put\",1.0]}]}", 8, 0) == TD_OK
           && !effect.changed && effect.action == TD_ACTION_DISCARD
           && overlay->clock == 3, "4.6: no effect: discard, the same clock");
    tap_ok(push("{}", 8, 0) == TD_OK && effect.action == TD_ACTION_DISCARD,
           "4.6: nothing: discard");
    tap_ok(push("null", 8, 0) == TD_OK && effect.action == TD_ACTION_DISCARD
           && push("null", 7, 0) == TD_OK
           && effect.action == TD_ACTION_COMMIT, "4.6: null, v8 and v7");
    tap_ok(push("{" PUT("a", "\"n\":\"xy\",\"v\":1") "}", 8, 0) == TD_OK
           && effect.action == TD_ACTION_REBASE
           && is(effect.diff, "{\"a\":[\"patch\",{\"n\":[\"append\",\"y\",1]}]"
                 "}"), "4.2: a put over a record: rebase with the diff");
    tap_ok(push("{\"a\":[\"patch\",{\"v\":[\"put\",2]}],\"q\":[\"remove\"]}",
                8, 0) == TD_OK && effect.action == TD_ACTION_REBASE
           && is(effect.diff, "{\"a\":[\"patch\",{\"v\":[\"put\",2]}]}"),
           "4.6: partly without effect: rebase");
    tap_ok(push("{\"a\":[\"patch\",{\"v\":[\"put\",3]}],"
                PUT("b", "\"n\":\"\"") "}", 8, 0) == TD_OK
           && effect.action == TD_ACTION_COMMIT && overlay->clock == 6,
           "4.10: one push, one step of the clock");
    tap_ok(push("{\"a\":[\"what\",1],\"none\":[\"patch\",{\"v\":null}]}", 8, 0)
           == TD_OK && effect.action == TD_ACTION_DISCARD,
           "4.2: unknown ops and a patch of nothing");
    tap_ok(push("{\"a\":[\"remove\"]}", 8, 0) == TD_OK && effect.changed
           && push("{\"a\":[\"remove\"]}", 8, 0) == TD_OK && !effect.changed,
           "4.2: a remove, once");

    tap_ok(td_overlay_merge(overlay) == TD_OK && room.clock == 7
           && all_is("\"b\":[\"put\"," T("b", "\"n\":\"\"") "]")
           && room.ntombstones == 1
           && room.newest == td_room_get(&room, str("a"))
           && room.newest->clock == 7, "merged, in the order of the clocks");

    next();

    tap_ok(push("{" PUT("a", "\"n\":\"again\"") "}", 8, 0) == TD_OK
           && effect.action == TD_ACTION_COMMIT
           && td_overlay_merge(overlay) == TD_OK && room.ntombstones == 0
           && room.nrecords == 2, "3.5: a put takes the tombstone away");
}


static void
test_refused(const char *name, const char *op)
{
    char           diff[512];
    uint32_t       n;
    uint64_t       clock;
    int64_t        growth;
    td_change_t   *last;

    n = overlay->nchanges;
    clock = overlay->clock;
    growth = overlay->growth;
    last = overlay->last;

    snprintf(diff, sizeof(diff), "{" PUT("good", "\"n\":\"\"") ","
             "\"a\":[\"remove\"],\"x\":%s}", op);

    tap_ok(push(diff, 8, 0) == TD_INVALID && effect.error[0] != '\0'
           && overlay->nchanges == n && overlay->clock == clock
           && overlay->growth == growth && overlay->last == last,
           "4.2, 12.8: refused whole: %s (%s)", name, effect.error);
}


static void
test_all_or_nothing(void)
{
    begin();

    push("{" PUT("a", "\"n\":\"x\"") "," PUT("x", "\"n\":\"x\"") "}", 8, 0);

    test_refused("an invalid field", "[\"put\"," T("x", "\"n\":1") "]");
    test_refused("a missing field", "[\"put\"," T("x", "\"v\":1") "]");
    test_refused("a field too many",
                 "[\"put\"," T("x", "\"n\":\"\",\"z\":1") "]");
    test_refused("another's id", "[\"put\"," T("y", "\"n\":\"\"") "]");
    test_refused("no id", "[\"put\",{\"typeName\":\"t\",\"n\":\"\"}]");
    test_refused("a session type",
                 "[\"put\",{\"id\":\"x\",\"typeName\":\"camera\"}]");
    test_refused("a presence",
                 "[\"put\",{\"id\":\"x\",\"typeName\":\"instance_presence\"}]");
    test_refused("a prototype name",
                 "[\"put\",{\"id\":\"x\",\"typeName\":\"toString\"}]");
    test_refused("no typeName", "[\"put\",{\"id\":\"x\"}]");
    test_refused("no record", "[\"put\",7]");
    test_refused("a put alone", "[\"put\"]");
    test_refused("null", "null");
    test_refused("a string", "\"remove\"");
    test_refused("an empty list", "[]");
    test_refused("a number as op", "[1]");
    test_refused("a patch alone", "[\"patch\"]");
    test_refused("a patch with a list", "[\"patch\",[]]");
    test_refused("a patch to an invalid value",
                 "[\"patch\",{\"n\":[\"put\",1]}]");
    test_refused("a patch of the id", "[\"patch\",{\"id\":[\"put\",\"z\"]}]");
    test_refused("a patch that drops the id",
                 "[\"patch\",{\"id\":[\"delete\"]}]");
    test_refused("a patch of the type",
                 "[\"patch\",{\"typeName\":[\"put\",\"u\"]}]");
    test_refused("a null value op", "[\"patch\",{\"n\":null}]");
    test_refused("an overflow", "[\"patch\",{\"v\":[\"put\",1e999]}]");
    test_refused("an overflow in any JSON",
                 "[\"patch\",{\"o\":[\"put\",[1e999]]}]");

    tap_ok(push("[]", 8, 0) == TD_INVALID && push("7", 8, 0) == TD_INVALID
           && push("\"x\"", 8, 0) == TD_INVALID, "a diff that is no object");

    tap_ok(td_overlay_merge(overlay) == TD_OK && room.nrecords == 2,
           "what was there stays");
}


static void
test_the_room_may_not_grow_beyond_its_limit(void)
{
    begin();

    /* a record of this kind without text takes 32 bytes */

    overlay->max_bytes = 112;

    tap_ok(push("{" PUT("a", "\"n\":\"x\"") "," PUT("b", "\"n\":\"x\"") "}", 8,
                0) == TD_OK && overlay->growth == 66, "within the limit");
    tap_ok(push("{" PUT("c", "\"n\":\"0123456789012345\"") "}", 8, 0)
           == TD_TOO_BIG && overlay->nchanges == 2 && overlay->clock == 2,
           "beyond it");
    tap_ok(push("{" PUT("c", "\"n\":\"01234567890123\"") "}", 8, 0) == TD_OK
           && overlay->growth == 112, "exactly");
    tap_ok(push("{\"c\":[\"patch\",{\"n\":[\"append\",\"!\",14]}]}", 8, 0)
           == TD_TOO_BIG, "one byte more");
    tap_ok(push("{\"a\":[\"remove\"]," PUT("d", "\"n\":\"y\"") "}", 8, 0)
           == TD_OK && overlay->growth == 112, "one goes, one comes");
    tap_ok(td_overlay_merge(overlay) == TD_OK && room.bytes == 112,
           "as it was counted");

    next();
    overlay->max_bytes = 60;

    tap_ok(push("{\"b\":[\"remove\"]}", 8, 0) == TD_OK
           && push("{" PUT("e", "\"n\":\"\"") "}", 8, 0) == TD_TOO_BIG,
           "a room beyond a new limit may only shrink");
}


static void
test_old_receivers(void)
{
    begin();

    push("{" PUT("a", "\"n\":\"x\",\"props\":{\"l\":[{\"s\":\"p\"}]}") ","
         PUT("b", "\"n\":\"\"") "}", 8, 1);
    tap_ok(effect.legacy.len == 0, "12.7: puts serve all");

    push("{\"a\":[\"patch\",{\"n\":[\"append\",\"y\",1],\"props\":[\"patch\","
         "{\"l\":[\"patch\",{\"0\":[\"patch\",{\"s\":[\"append\",\"q\",1]}]}]"
         "}]}],\"b\":[\"patch\",{\"v\":[\"put\",1]}]}", 8, 1);
    tap_ok(effect.action == TD_ACTION_COMMIT
           && is(effect.legacy, "{\"a\":[\"patch\",{\"n\":[\"put\",\"xy\"],"
                 "\"props\":[\"patch\",{\"l\":[\"patch\",{\"0\":[\"patch\","
                 "{\"s\":[\"put\",\"pq\"]}]}]}]}],"
                 "\"b\":[\"patch\",{\"v\":[\"put\",1]}]}"),
           "12.7: string appends become puts, lists and others stay");

    push("{\"a\":[\"patch\",{\"n\":[\"append\",\"z\",2]}]}", 8, 0);
    tap_ok(effect.legacy.len == 0, "without such receivers nothing is made");

    push("{" PUT("b", "\"n\":\"w\",\"v\":1") "}", 7, 1);
    tap_ok(is(effect.diff, "{\"b\":[\"patch\",{\"n\":[\"put\",\"w\"]}]}")
           && effect.legacy.len == 0, "a v7 author's diff has none");
}


static void
test_old_receivers_that_come_late(void)
{
    td_effect_t  first, second;

    begin();

    push("{" PUT("a", "\"n\":\"x\"") "," PUT("b", "\"n\":\"\"") "}", 8, 0);
    td_overlay_merge(overlay);
    next();

    push("{\"a\":[\"patch\",{\"n\":[\"append\",\"y\",1]}],"
         "\"b\":[\"patch\",{\"v\":[\"put\",1]}]}", 8, 0);
    first = effect;
    push("{\"a\":[\"patch\",{\"n\":[\"append\",\"z\",2]}]}", 8, 0);
    second = effect;
    push("{\"b\":[\"patch\",{\"n\":[\"append\",\"b\",0]}]}", 8, 0);
    push("{\"b\":[\"remove\"]}", 8, 0);
    td_overlay_merge(overlay);

    tap_ok(td_overlay_legacy(overlay, &first) == TD_OK
           && is(first.legacy, "{" PUT("a", "\"n\":\"xyz\"") ","
                 "\"b\":[\"remove\"]}"),
           "12.7: they get the records as they are now");
    tap_ok(td_overlay_legacy(overlay, &second) == TD_OK
           && is(second.legacy, "{" PUT("a", "\"n\":\"xyz\"") "}"),
           "again with the next push");
    tap_ok(td_overlay_legacy(overlay, &effect) == TD_OK
           && is(effect.legacy, "{\"b\":[\"remove\"]}"), "and with the last");
}


static int
foreign(const char *id, const char *text, const char *want, const char *old)
{
    int       rc, same;
    td_buf_t  b, legacy;
    td_str_t  got, none = { 0, NULL };

    memset(&b, 0, sizeof(td_buf_t));
    memset(&legacy, 0, sizeof(td_buf_t));

    rc = td_room_foreign(arena, &room, str(id), text ? str(text) : none, &b,
                         &legacy);

    if (want == NULL) {
        same = b.len == 0 && legacy.len == 0 && rc == 0;

    } else {
        got.data = b.data;
        got.len = b.len;
        same = rc == 1 && is(got, want);

        got.data = legacy.data;
        got.len = legacy.len;
        same = same && is(got, old ? old : want);
    }

    td_buf_free(&b);
    td_buf_free(&legacy);

    return same;
}


static void
test_what_others_stored(void)
{
    td_buf_t  b, legacy;

    begin();

    set("a", T("a", "\"n\":\"x\",\"v\":1"), 2);
    set("gone", NULL, 3);

    tap_ok(foreign("b", T("b", "\"n\":\"\""), PUT("b", "\"n\":\"\""), NULL),
           "9.30: a new record is put");
    tap_ok(foreign("gone", T("gone", "\"n\":\"\""), PUT("gone", "\"n\":\"\""),
                   NULL), "9.30: one that had gone, too");
    tap_ok(foreign("a", T("a", "\"v\":1.0,\"n\":\"x\""), NULL, NULL),
           "9.30: an equal one is nothing");
    tap_ok(foreign("a", T("a", "\"n\":\"xy\""),
                   "\"a\":[\"patch\",{\"n\":[\"append\",\"y\",1],"
                   "\"v\":[\"delete\"]}]",
                   "\"a\":[\"patch\",{\"n\":[\"put\",\"xy\"],"
                   "\"v\":[\"delete\"]}]"),
           "9.30: a change is a patch, without appends for v7");
    tap_ok(foreign("a", NULL, "\"a\":[\"remove\"]", NULL)
           && foreign("gone", NULL, NULL, NULL)
           && foreign("none", NULL, NULL, NULL),
           "9.30: a remove, where there is something");

    memset(&b, 0, sizeof(td_buf_t));
    memset(&legacy, 0, sizeof(td_buf_t));

    tap_ok(td_room_foreign(arena, &room, td_str("a"), td_str("{\"id\":"), &b,
                           &legacy) == TD_BAD && b.len == 0,
           "a stored text that is no JSON");

    td_buf_free(&b);
    td_buf_free(&legacy);
}


static void
test_ids(void)
{
    td_str_t  nul = { 3, "a\0b" };

    begin();

    tap_ok(is(td_id_canonical(arena, td_str("shape:a")), "shape:a"),
           "plain ids are their own text");
    tap_ok(is(td_id_canonical(arena, nul), "a\\u0000b")
           && is(td_id_canonical(arena, td_str("\"\\\n")), "\\\"\\\\\\n"),
           "others are as in JSON");
    tap_ok(is(td_id_canonical(arena, td_str("\xed\xa0\xbd")), "\\ud83d"),
           "12.12: lone surrogates too");
    tap_ok(push("{\"\\u0061\":[\"put\",{\"id\":\"a\",\"typeName\":\"t\","
                "\"n\":\"1\"}]}", 8, 0) == TD_OK
           && push("{\"a\":[\"remove\"]}", 8, 0) == TD_OK && effect.changed,
           "an id is the same, however it is written");
}


static void
test_many_changes_in_one_overlay(void)
{
    int         good;
    char        diff[128];
    unsigned    i;
    uint64_t    last;
    td_entry_t *e;

    begin();
    good = 1;

    for (i = 0; i < 3000; i++) {
        snprintf(diff, sizeof(diff), "{\"k%u\":[\"put\",{\"id\":\"k%u\","
                 "\"typeName\":\"t\",\"n\":\"%u\"}]}", i % 1000, i % 1000, i);
        good &= push(strcpy(td_arena_alloc(arena, 128), diff), 8, 0) == TD_OK
                && effect.changed;
    }

    tap_ok(good && overlay->nchanges == 1000 && overlay->clock == 3001,
           "3000 pushes on 1000 records");
    tap_ok(td_overlay_merge(overlay) == TD_OK && room.nrecords == 1000
           && room.clock == 3001, "merged");

    last = 0;

    for (e = room.oldest; e; e = e->next) {
        good &= e->clock > last;
        last = e->clock;
    }

    tap_ok(good && room.oldest->clock == 2002, "each at its last clock");
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

    test_entries();
    test_hydration();
    test_pruning();
    test_what_a_push_does();
    test_all_or_nothing();
    test_the_room_may_not_grow_beyond_its_limit();
    test_old_receivers();
    test_old_receivers_that_come_late();
    test_what_others_stored();
    test_ids();
    test_many_changes_in_one_overlay();

    td_room_free(&room);
    td_arena_destroy(arena);
    td_schema_destroy(schema);

    return tap_done();
}
