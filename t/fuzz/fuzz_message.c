
/*
 * Fuzzer of the message parser and of what a push does.  The first byte of
 * the input chooses: 1 the authors speak protocol 7, 2 all pushes are one
 * commit, 4 a small limit of the board, 8 all text is one message.  The rest
 * is messages, one a line.  Pushes go to a small board, presence to a record.
 *
 * What must hold, whatever comes: a push is taken whole or not at all; the
 * clock rises by one for each that changes something; the diff for the
 * others, the one for old receivers (which has no append to a string) and
 * the one for other workers lead all of them to the state of the board, and so
 * does the history of it, whole and thinned; every record there is valid; what
 * a new client is sent is JSON.
 *
 * The description is that of conf/schema, looked for from here and in the
 * folder TIDRAW_SCHEMA.
 */


#include <stdio.h>
#include <stdlib.h>

#include "td_history.h"
#include "td_message.h"


#define check(cond)                                                           \
    if (!(cond)) {                                                            \
        fprintf(stderr, "line %d: %s\n", __LINE__, #cond);                    \
        abort();                                                              \
    }

#define PROTOCOL_7   1
#define ONE_COMMIT   2
#define SMALL        4
#define ONE_MESSAGE  8

#define MAX_PUSHES   64
#define SHAPE        "\"typeName\":\"shape\",\"x\":0,\"y\":0,\"rotation\":0," \
                     "\"index\":\"a1\",\"parentId\":\"page:page\","           \
                     "\"isLocked\":false,\"opacity\":1,\"meta\":{}"


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    const char  *id;
    const char  *text;
} record_t;


static td_schema_t  *schema;
static td_arena_t   *arena;          /* of a commit */
static td_arena_t   *work;           /* of a check */
static td_room_t     room;
static td_room_t     others;         /* follows the diffs */
static td_room_t     old;            /* the diffs for protocol <= 7 */
static td_room_t     late;           /* those made after the commit */
static td_room_t     worker;         /* td_room_foreign() */
static td_history_t *replay;
static td_history_t *thinned;        /* stands at the beginning */
static td_str_t      presence;
static unsigned      lost;           /* by design: keys named __proto__ */


static const record_t  records[] = {
    { "document:document", "{\"id\":\"document:document\",\"typeName\":"
      "\"document\",\"gridSize\":10,\"name\":\"\",\"meta\":{}}" },
    { "page:page", "{\"id\":\"page:page\",\"typeName\":\"page\",\"name\":"
      "\"Page 1\",\"index\":\"a1\",\"meta\":{\"s\":\"ab\",\"l\":[1,[2],"
      "{\"s\":\"\"}],\"o\":{\"k\":null}}}" },
    { "shape:g", "{\"id\":\"shape:g\",\"type\":\"group\",\"props\":{},"
      SHAPE "}" },
    { "shape:d", "{\"id\":\"shape:d\",\"type\":\"draw\",\"props\":{"
      "\"color\":\"black\",\"fill\":\"none\",\"dash\":\"draw\",\"size\":\"m\","
      "\"segments\":[{\"type\":\"free\",\"path\":\"AAAA\"}],"
      "\"isComplete\":false,\"isClosed\":false,\"isPen\":false,\"scale\":1,"
      "\"scaleX\":1,\"scaleY\":1}," SHAPE "}" }
};


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int          n;
    char         path[512], *text;
    FILE        *f;
    size_t       i, len;
    const char  *folders[3];

    (void) argc;
    (void) argv;

    folders[0] = getenv("TIDRAW_SCHEMA");
    folders[1] = "conf/schema";
    folders[2] = "../../conf/schema";

    for (i = 0; i < 3 && schema == NULL; i++) {

        n = folders[i] ? snprintf(path, sizeof(path), "%s/tldraw-5.4.2.json",
                                  folders[i]) : -1;
        f = n > 0 && (size_t) n < sizeof(path) ? fopen(path, "rb") : NULL;

        if (f == NULL) {
            continue;
        }

        text = malloc(1 << 20);
        len = fread(text, 1, 1 << 20, f);
        fclose(f);

        check(td_schema_load(text, len, &schema, NULL, 0) == TD_OK);
        free(text);
    }

    check(schema != NULL);

    return 0;
}


static td_json_t *
parse(td_arena_t *a, td_str_t text)
{
    td_json_t  *v;

    check(td_json_parse(a, text.data, text.len, 1000, &v) == TD_OK);

    return v;
}


static int
has_proto(const td_json_t *v)
{
    uint32_t  i;

    for (i = 0; v->type == TD_ARRAY && i < v->count; i++) {
        if (has_proto(v->u.items[i])) {
            return 1;
        }
    }

    for (i = 0; v->type == TD_OBJECT && i < v->count; i++) {
        if (td_str_is(v->u.members[i].key, "__proto__")
            || has_proto(v->u.members[i].value))
        {
            return 1;
        }
    }

    return 0;
}


/* What a client makes of an op on a record; text.data NULL: it is gone. */

static td_str_t
apply(td_str_t before, const td_json_t *op)
{
    char       *p;
    td_buf_t    b;
    td_str_t    name, out;
    td_json_t  *after;

    check(op->type == TD_ARRAY && op->count > 0
          && op->u.items[0]->type == TD_STRING);

    name = op->u.items[0]->u.string;
    out.data = NULL;
    out.len = 0;

    if (td_str_is(name, "remove")) {
        return out;
    }

    check(op->count > 1);

    if (td_str_is(name, "put")) {
        after = op->u.items[1];

    } else {
        check(td_str_is(name, "patch") && before.data != NULL);
        check(td_value_apply(work, parse(work, before), op->u.items[1],
                             &after) == TD_OK);
    }

    memset(&b, 0, sizeof(td_buf_t));
    td_json_write(&b, after);
    check(!b.failed);

    p = td_arena_alloc(work, b.len);
    memcpy(p, b.data, b.len);
    out.data = p;
    out.len = b.len;

    td_buf_free(&b);

    return out;
}


static td_str_t
current(td_room_t *r, td_str_t id)
{
    td_str_t     text = { 0, NULL };
    td_entry_t  *e;

    e = td_room_get(r, id);

    if (e && e->text) {
        text.data = e->text;
        text.len = e->text_len;
    }

    return text;
}


static void
follow(td_room_t *r, td_str_t text, uint64_t clock, int appends)
{
    uint32_t            i;
    td_str_t            id, after;
    td_json_t          *diff;
    const td_member_t  *m;

    diff = parse(work, text);

    check(diff->type == TD_OBJECT && diff->count > 0);

    lost |= has_proto(diff);

    for (i = 0; i < diff->count; i++) {
        m = &diff->u.members[i];

        check(appends || m->value->count < 2
              || td_str_is(m->value->u.items[0]->u.string, "put")
              || !td_value_has_string_append(m->value->u.items[1]));

        id = td_id_canonical(work, m->key);
        after = apply(current(r, id), m->value);

        check(td_room_set(r, id, after, clock) == TD_OK);
    }
}


/* Another worker reads from the database what this overlay stored. */

static void
read_back(td_overlay_t *o)
{
    int           rc;
    td_buf_t      b, legacy;
    td_str_t      text;
    td_change_t  *c;

    memset(&b, 0, sizeof(td_buf_t));
    memset(&legacy, 0, sizeof(td_buf_t));

    for (c = o->first; c; c = c->next) {
        b.len = 0;
        legacy.len = 0;

        td_buf_char(&b, '{');
        td_buf_char(&legacy, '{');

        rc = td_room_foreign(work, &worker, c->id, c->text, &b, &legacy);

        td_buf_char(&b, '}');
        td_buf_char(&legacy, '}');

        check(rc == 0 || rc == 1);

        if (rc) {
            text.data = legacy.data;
            text.len = legacy.len;
            (void) parse(work, text);

            text.data = b.data;
            text.len = b.len;
            follow(&worker, text, c->clock, 1);
        }
    }

    td_buf_free(&b);
    td_buf_free(&legacy);
}


static void
same(td_room_t *r)
{
    td_str_t     id, text;
    td_entry_t  *e;

    for (e = room.oldest; e; e = e->next) {
        id.data = e->id;
        id.len = e->id_len;
        text = current(r, id);

        check((text.data == NULL) == (e->text == NULL));

        if (e->text) {
            check(lost
                  || td_json_equal(parse(work, text),
                                   parse(work, current(&room, id))));
        }
    }

    check(r->nrecords == room.nrecords);
}


/* Valid records, right sums, JSON for newcomers. */

static void
sound(void)
{
    char         error[128];
    size_t       bytes;
    td_buf_t     b;
    td_str_t     text;
    uint64_t     last;
    td_json_t   *v;
    td_entry_t  *e;

    bytes = 0;
    last = 0;

    for (e = room.oldest; e; e = e->next) {
        check(e->clock >= last && e->clock <= room.clock);
        last = e->clock;

        if (e->text == NULL) {
            continue;
        }

        bytes += e->text_len;
        text.data = e->text;
        text.len = e->text_len;

        v = parse(work, text);
        check(td_schema_check(schema, v, error, sizeof(error)));
    }

    check(bytes == room.bytes);

    memset(&b, 0, sizeof(td_buf_t));

    td_buf_char(&b, '{');
    td_room_write_since(&room, 1, &b);
    td_buf_char(&b, '}');
    text.data = b.data;
    text.len = b.len;
    (void) parse(work, text);

    b.len = 1;
    td_room_write_all(&room, &b);
    td_buf_char(&b, '}');
    text.len = b.len;
    text.data = b.data;
    v = parse(work, text);
    check(v->count == room.nrecords);

    td_buf_free(&b);
}


static void
show_presence(td_message_t *m, unsigned flags)
{
    int            rc;
    char          *copy;
    td_str_t       id, text;
    td_json_t     *op;
    td_presence_t  p;

    id = td_str("instance_presence:me");

    rc = td_presence_push(arena, schema, id, presence, m->presence,
                          flags & PROTOCOL_7 ? 7 : 8, 1, &p);

    check(rc == TD_OK || rc == TD_INVALID || rc == TD_NOMEM);
    check(rc != TD_INVALID || (!p.changed && p.error[0] != '\0'));

    if (rc != TD_OK || !p.changed) {
        return;
    }

    op = parse(work, p.op);

    if (!has_proto(op)) {
        text = apply(presence, op);
        check(td_json_equal(parse(work, text), parse(work, p.text)));
    }

    if (p.legacy.len) {
        op = parse(work, p.legacy);
        check(!td_value_has_string_append(op->u.items[1]));

        if (!has_proto(op)) {
            text = apply(presence, op);
            check(td_json_equal(parse(work, text), parse(work, p.text)));
        }
    }

    check(td_schema_check(schema, parse(work, p.text), NULL, 0));

    copy = malloc(p.text.len);
    memcpy(copy, p.text.data, p.text.len);
    free((void *) presence.data);

    presence.data = copy;
    presence.len = p.text.len;
}


/* One row of history, as a commit stores it. */

static void
record(td_overlay_t *o, td_effect_t *effects, size_t n)
{
    size_t    i;
    td_buf_t  b;

    if (n == 0) {
        return;
    }

    memset(&b, 0, sizeof(td_buf_t));

    for (i = 0; i < n; i++) {
        td_buf_char(&b, i ? ',' : '[');
        td_buf_str(&b, effects[i].diff);
    }

    td_buf_char(&b, ']');
    check(!b.failed);

    check(td_history_row(replay, (td_str_t) { b.len, b.data },
                         o->room->clock, o->clock, o->clock)
          == TD_OK);

    td_buf_free(&b);
}


/* All rows made one lead to the same board, and a restored one back. */

static void
thin(void)
{
    td_buf_t   b;
    td_str_t   row;
    td_json_t  *v;

    same(td_history_room(replay));

    memset(&b, 0, sizeof(td_buf_t));
    check(td_history_since_mark(replay, &b) == TD_OK);

    row.data = b.data;
    row.len = b.len;

    if (room.clock > 1) {
        check(td_history_row(thinned, row, 1, room.clock, room.clock)
              == TD_OK);
        same(td_history_room(thinned));
    }

    b.len = 0;
    check(td_history_diff(thinned, &room, &b) >= 0);

    row.data = b.data;
    row.len = b.len;
    v = parse(work, row);
    check(lost || v->count == 0);

    td_buf_free(&b);
}


static void
begin_history(void)
{
    td_buf_t  b;
    td_str_t  state;

    memset(&b, 0, sizeof(td_buf_t));
    td_room_write_all(&room, &b);

    state.data = b.data;
    state.len = b.len;

    replay = td_history_create(0);
    thinned = td_history_create(0);

    check(td_history_state(replay, state, 1) == TD_OK);
    check(td_history_state(thinned, state, 1) == TD_OK);
    check(td_history_mark(replay) == TD_OK);

    td_buf_free(&b);
}


static void
merge(td_overlay_t *o, td_effect_t *effects, size_t n)
{
    size_t  i;

    record(o, effects, n);

    check(td_overlay_merge(o) == TD_OK);
    check(room.clock == o->clock);

    for (i = 0; i < n; i++) {
        check(td_overlay_legacy(o, &effects[i]) == TD_OK);
        follow(&late, effects[i].legacy, room.clock, 0);
    }

    sound();
    read_back(o);
    same(&others);
    same(&old);
    same(&late);
    same(&worker);
}


static void
run(const char *text, size_t len, unsigned flags)
{
    int            rc;
    size_t         n, npushes;
    int64_t        growth;
    td_str_t       line;
    uint32_t       nchanges;
    uint64_t       clock;
    const char    *end;
    td_change_t   *last;
    td_effect_t    effects[MAX_PUSHES];
    td_message_t   m;
    td_overlay_t  *o;

    o = td_overlay_create(arena, &room);
    o->max_bytes = flags & SMALL ? room.bytes + 200 : 0;
    npushes = 0;

    for (n = 0; len && n < MAX_PUSHES; n++) {

        end = flags & ONE_MESSAGE ? NULL : memchr(text, '\n', len);
        line.data = text;
        line.len = end ? (size_t) (end - text) : len;

        len -= line.len + (end != NULL);
        text += line.len + (end != NULL);

        if (td_message_parse(arena, line, &m) != TD_OK
            || m.type != TD_MESSAGE_PUSH)
        {
            continue;
        }

        if (m.presence) {
            show_presence(&m, flags);
        }

        if (m.diff == NULL) {
            continue;
        }

        nchanges = o->nchanges;
        clock = o->clock;
        growth = o->growth;
        last = o->last;

        rc = td_overlay_push(o, schema, m.diff, flags & PROTOCOL_7 ? 7 : 8, 1,
                             &effects[npushes]);

        if (rc != TD_OK || !effects[npushes].changed) {
            check(o->nchanges == nchanges && o->clock == clock
                  && o->growth == growth && o->last == last);
            check(rc == TD_OK || rc == TD_INVALID || rc == TD_TOO_BIG
                  || rc == TD_NOMEM);
            check(rc != TD_INVALID || effects[npushes].error[0] != '\0');
            continue;
        }

        check(o->clock == clock + 1);
        check(effects[npushes].action != TD_ACTION_DISCARD);
        check(o->max_bytes == 0 || o->growth <= growth
              || (int64_t) room.bytes + o->growth <= (int64_t) o->max_bytes);

        follow(&others, effects[npushes].diff, o->clock, 1);
        follow(&old, effects[npushes].legacy.len ? effects[npushes].legacy
                                                 : effects[npushes].diff,
               o->clock, 0);
        npushes++;

        if (!(flags & ONE_COMMIT)) {
            merge(o, effects, npushes);
            npushes = 0;

            o = td_overlay_create(arena, &room);
            check(o != NULL);
        }
    }

    merge(o, effects, npushes);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       i, j;
    char        *text;
    td_str_t     id, state;
    td_room_t   *all[] = { &room, &others, &old, &late, &worker };

    if (size < 2) {
        return 0;
    }

    /* a copy of its own, so that a read beyond the end is seen */

    text = malloc(size - 1);
    memcpy(text, data + 1, size - 1);

    arena = td_arena_create(4096, 0);
    work = td_arena_create(4096, 0);
    lost = 0;

    for (i = 0; i < 5; i++) {
        td_room_init(all[i], 7, 1, 1);

        for (j = 0; j < sizeof(records) / sizeof(records[0]); j++) {
            id.data = records[j].id;
            id.len = strlen(id.data);
            state.data = records[j].text;
            state.len = strlen(state.data);
            td_room_set(all[i], id, state, 1);
        }
    }

    sound();
    begin_history();
    run(text, size - 1, data[0]);
    thin();

    td_history_destroy(replay);
    td_history_destroy(thinned);

    for (i = 0; i < 5; i++) {
        td_room_free(all[i]);
    }

    free((void *) presence.data);
    presence.data = NULL;
    presence.len = 0;

    td_arena_destroy(arena);
    td_arena_destroy(work);
    free(text);

    return 0;
}
