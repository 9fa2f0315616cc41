
/*
 * Pushes tried on a room: each one whole or not at all, the room untouched
 * until the changes are durable.  Everything lives in the overlay's arena.
 */


#include "td_room.h"


#define TD_OVERLAY_BUCKETS    64
#define TD_OVERLAY_DEPTH      128


typedef enum {
    TD_OP_NONE = 0,
    TD_OP_PUT,
    TD_OP_PATCH,
    TD_OP_REMOVE
} td_op_e;


/* One op of a push, tried. */

typedef struct {
    td_op_e            effect;
    unsigned           verbatim:1;     /* the effect is the op as it came */
    td_str_t           id;
    uint32_t           hash;
    td_change_t       *change;         /* the overlay's, if any */
    td_entry_t        *entry;
    td_str_t           current;        /* data NULL: no record */
    td_str_t           text;           /* the record afterwards */
    const td_json_t   *op;
    td_json_t         *diff;           /* of a patch */
    td_json_t         *legacy;         /* the same without string appends */
} td_try_t;


static int td_overlay_try(td_overlay_t *o, const td_schema_t *schema,
    const td_member_t *m, unsigned flags, unsigned legacy, td_try_t *t,
    td_effect_t *e);
static int td_overlay_try_put(td_overlay_t *o, const td_schema_t *schema,
    const td_member_t *m, unsigned flags, unsigned legacy, td_try_t *t,
    td_effect_t *e);
static int td_overlay_try_patch(td_overlay_t *o, const td_schema_t *schema,
    const td_member_t *m, unsigned flags, unsigned legacy, td_try_t *t,
    td_effect_t *e);
static int td_overlay_diff(td_overlay_t *o, td_json_t *r, td_json_t *s,
    unsigned flags, unsigned legacy, td_try_t *t);
static int td_overlay_refuse(td_effect_t *e, const char *reason);
static void td_overlay_keep(td_overlay_t *o, td_try_t *t, uint64_t clock);
static void td_overlay_unlink(td_overlay_t *o, td_change_t *c);
static void td_overlay_append(td_overlay_t *o, td_change_t *c);
static td_change_t *td_overlay_find(td_overlay_t *o, td_str_t id,
    uint32_t hash);
static int td_overlay_write(td_overlay_t *o, td_try_t *tries, uint32_t n,
    unsigned legacy, td_str_t *text);
static int td_overlay_copy(td_arena_t *a, td_buf_t *b, td_str_t *text);


td_overlay_t *
td_overlay_create(td_arena_t *a, td_room_t *room)
{
    td_overlay_t  *o;

    o = td_arena_alloc(a, sizeof(td_overlay_t));
    if (o == NULL) {
        return NULL;
    }

    memset(o, 0, sizeof(td_overlay_t));

    o->buckets = td_arena_alloc(a,
                                TD_OVERLAY_BUCKETS * sizeof(td_change_t *));
    if (o->buckets == NULL) {
        return NULL;
    }

    memset(o->buckets, 0, TD_OVERLAY_BUCKETS * sizeof(td_change_t *));

    o->nbuckets = TD_OVERLAY_BUCKETS;
    o->room = room;
    o->arena = a;
    o->clock = room->clock;

    return o;
}


int
td_overlay_push(td_overlay_t *o, const td_schema_t *schema,
    const td_json_t *diff, unsigned protocol, unsigned legacy, td_effect_t *e)
{
    int        rc;
    int64_t    growth;
    unsigned   flags, verbatim, appends;
    uint32_t   i, n;
    td_try_t  *tries, *t;

    memset(e, 0, sizeof(td_effect_t));

    if (diff->type != TD_OBJECT) {
        if (diff->type == TD_NULL) {
            e->action = (protocol < 8) ? TD_ACTION_COMMIT : TD_ACTION_DISCARD;
            return TD_OK;
        }

        return td_overlay_refuse(e, "diff is no object");
    }

    flags = (protocol < 8) ? TD_DIFF_V7 : TD_DIFF_V8;
    legacy = legacy && protocol >= 8;

    tries = td_arena_alloc(o->arena, diff->count * sizeof(td_try_t));
    if (tries == NULL) {
        return TD_NOMEM;
    }

    n = 0;
    growth = 0;
    appends = 0;
    verbatim = 1;

    for (i = 0; i < diff->count; i++) {
        t = &tries[n];

        rc = td_overlay_try(o, schema, &diff->u.members[i], flags, legacy, t,
                            e);
        if (rc != TD_OK) {
            return rc;
        }

        if (t->effect == TD_OP_NONE) {
            verbatim = 0;
            continue;
        }

        if (!t->verbatim) {
            verbatim = 0;
        }

        if (t->legacy) {
            appends = 1;
        }

        growth += (int64_t) t->text.len - (int64_t) t->current.len;

        n++;
    }

    if (n == 0) {
        e->action = TD_ACTION_DISCARD;
        return TD_OK;
    }

    if (o->max_bytes
        && growth > 0
        && (int64_t) o->room->bytes + o->growth + growth
           > (int64_t) o->max_bytes)
    {
        return TD_TOO_BIG;
    }

    if (verbatim) {
        e->action = TD_ACTION_COMMIT;
        e->diff = diff->raw;

    } else {
        e->action = TD_ACTION_REBASE;

        if (td_overlay_write(o, tries, n, 0, &e->diff) != TD_OK) {
            return TD_NOMEM;
        }
    }

    if (appends && td_overlay_write(o, tries, n, 1, &e->legacy) != TD_OK) {
        return TD_NOMEM;
    }

    /*
     * The arena is asked for all changes before the first one is kept, so
     * that running out of memory leaves the overlay as it was.
     */

    for (i = 0; i < n; i++) {
        if (tries[i].change == NULL) {
            tries[i].change = td_arena_alloc(o->arena, sizeof(td_change_t));
            if (tries[i].change == NULL) {
                return TD_NOMEM;
            }

            memset(tries[i].change, 0, sizeof(td_change_t));
        }
    }

    o->clock++;
    o->growth += growth;
    e->changed = 1;

    for (i = 0; i < n; i++) {
        td_overlay_keep(o, &tries[i], o->clock);
    }

    return TD_OK;
}


static int
td_overlay_try(td_overlay_t *o, const td_schema_t *schema,
    const td_member_t *m, unsigned flags, unsigned legacy, td_try_t *t,
    td_effect_t *e)
{
    td_str_t          name;
    const td_json_t  *op;

    memset(t, 0, sizeof(td_try_t));

    op = m->value;

    if (op->type != TD_ARRAY
        || op->count == 0
        || op->u.items[0]->type != TD_STRING)
    {
        return td_overlay_refuse(e, "malformed record op");
    }

    t->op = op;
    t->id = td_id_canonical(o->arena, m->key);

    if (t->id.data == NULL) {
        return TD_NOMEM;
    }

    t->entry = td_room_get(o->room, t->id);
    t->hash = td_room_hash(o->room->seed, t->id);
    t->change = td_overlay_find(o, t->id, t->hash);

    if (t->change) {
        t->current = t->change->text;

    } else if (t->entry && t->entry->text) {
        t->current.data = t->entry->text;
        t->current.len = t->entry->text_len;
    }

    name = op->u.items[0]->u.string;

    if (td_str_is(name, "put")) {
        return td_overlay_try_put(o, schema, m, flags, legacy, t, e);
    }

    if (td_str_is(name, "patch")) {
        return td_overlay_try_patch(o, schema, m, flags, legacy, t, e);
    }

    if (td_str_is(name, "remove") && t->current.data) {
        t->effect = TD_OP_REMOVE;
        t->verbatim = (op->count == 1);
    }

    return TD_OK;
}


static int
td_overlay_try_put(td_overlay_t *o, const td_schema_t *schema,
    const td_member_t *m, unsigned flags, unsigned legacy, td_try_t *t,
    td_effect_t *e)
{
    int         rc;
    td_json_t  *r, *s, *type, *id;

    if (t->op->count < 2) {
        return td_overlay_refuse(e, "put without a record");
    }

    s = t->op->u.items[1];

    type = td_json_get_lit(s, "typeName");

    if (type == NULL
        || type->type != TD_STRING
        || td_schema_scope(schema, type->u.string) != TD_SCOPE_DOCUMENT)
    {
        return td_overlay_refuse(e, "put of something that is no document "
                                 "record");
    }

    id = td_json_get_lit(s, "id");

    if (id == NULL
        || id->type != TD_STRING
        || !td_str_eq(id->u.string, m->key))
    {
        return td_overlay_refuse(e, "record under a foreign id");
    }

    if (t->current.data
        && td_json_parse(o->arena, t->current.data, t->current.len,
                         TD_OVERLAY_DEPTH, &r)
           == TD_OK)
    {
        rc = td_overlay_diff(o, r, s, flags, legacy, t);

        if (rc != TD_OK || t->diff == NULL) {
            return rc;
        }

        t->effect = TD_OP_PATCH;

    } else {
        t->effect = TD_OP_PUT;
        t->verbatim = (t->op->count == 2);
    }

    if (!td_schema_check(schema, s, e->error, sizeof(e->error))) {
        return TD_INVALID;
    }

    t->text = s->raw;

    return TD_OK;
}


static int
td_overlay_try_patch(td_overlay_t *o, const td_schema_t *schema,
    const td_member_t *m, unsigned flags, unsigned legacy, td_try_t *t,
    td_effect_t *e)
{
    int         rc;
    td_buf_t    b;
    td_json_t  *r, *s, *before, *after;

    if (t->op->count < 2 || t->op->u.items[1]->type != TD_OBJECT) {
        return td_overlay_refuse(e, "patch without an object");
    }

    if (t->current.data == NULL
        || td_json_parse(o->arena, t->current.data, t->current.len,
                         TD_OVERLAY_DEPTH, &r)
           != TD_OK)
    {
        return TD_OK;
    }

    rc = td_value_apply(o->arena, r, t->op->u.items[1], &s);

    if (rc == TD_BAD) {
        return td_overlay_refuse(e, "malformed value op");
    }

    if (rc != TD_OK) {
        return rc;
    }

    if (s == r) {
        return TD_OK;
    }

    rc = td_overlay_diff(o, r, s, flags, legacy, t);

    if (rc != TD_OK || t->diff == NULL) {
        return rc;
    }

    before = td_json_get_lit(r, "typeName");
    after = td_json_get_lit(s, "typeName");

    if (before == NULL || after == NULL || !td_json_equal(before, after)) {
        return td_overlay_refuse(e, "patch of typeName");
    }

    after = td_json_get_lit(s, "id");

    if (after == NULL
        || after->type != TD_STRING
        || !td_str_eq(after->u.string, m->key))
    {
        return td_overlay_refuse(e, "patch of id");
    }

    if (!td_schema_check(schema, s, e->error, sizeof(e->error))) {
        return TD_INVALID;
    }

    memset(&b, 0, sizeof(td_buf_t));

    td_json_write(&b, s);

    if (td_overlay_copy(o->arena, &b, &t->text) != TD_OK) {
        return TD_NOMEM;
    }

    t->effect = TD_OP_PATCH;
    t->verbatim = (t->op->count == 2
                   && td_json_equal(t->diff, t->op->u.items[1]));

    return TD_OK;
}


/* Sets t->diff, NULL when nothing differs, and t->legacy where it differs. */

static int
td_overlay_diff(td_overlay_t *o, td_json_t *r, td_json_t *s, unsigned flags,
    unsigned legacy, td_try_t *t)
{
    int  rc;

    rc = td_value_diff(o->arena, r, s, flags, &t->diff);

    if (rc != TD_OK || t->diff == NULL || !legacy) {
        return rc;
    }

    if (!td_value_has_string_append(t->diff)) {
        return TD_OK;
    }

    return td_value_diff(o->arena, r, s, flags | TD_DIFF_NO_APPEND,
                         &t->legacy);
}


static int
td_overlay_refuse(td_effect_t *e, const char *reason)
{
    size_t  n;

    n = strlen(reason);
    n = n < sizeof(e->error) ? n : sizeof(e->error) - 1;

    memcpy(e->error, reason, n);
    e->error[n] = '\0';

    return TD_INVALID;
}


static void
td_overlay_keep(td_overlay_t *o, td_try_t *t, uint64_t clock)
{
    td_change_t  *c, **bucket;

    c = t->change;

    if (c->id.data == NULL) {
        c->id = t->id;
        c->hash = t->hash;
        c->entry = t->entry;

        bucket = &o->buckets[c->hash & (o->nbuckets - 1)];
        c->chain = *bucket;
        *bucket = c;

        o->nchanges++;

    } else {
        td_overlay_unlink(o, c);
    }

    c->text = t->text;
    c->clock = clock;

    td_overlay_append(o, c);
}


static void
td_overlay_unlink(td_overlay_t *o, td_change_t *c)
{
    if (c->prev) {
        c->prev->next = c->next;

    } else {
        o->first = c->next;
    }

    if (c->next) {
        c->next->prev = c->prev;

    } else {
        o->last = c->prev;
    }
}


static void
td_overlay_append(td_overlay_t *o, td_change_t *c)
{
    c->prev = o->last;
    c->next = NULL;

    if (o->last) {
        o->last->next = c;

    } else {
        o->first = c;
    }

    o->last = c;
}


static td_change_t *
td_overlay_find(td_overlay_t *o, td_str_t id, uint32_t hash)
{
    uint32_t       i, n;
    td_change_t   *c, *next, **buckets, **bucket;

    if (o->nchanges > o->nbuckets * 2) {
        n = o->nbuckets * 4;
        buckets = td_arena_alloc(o->arena, n * sizeof(td_change_t *));

        if (buckets) {
            memset(buckets, 0, n * sizeof(td_change_t *));

            for (i = 0; i < o->nbuckets; i++) {
                for (c = o->buckets[i]; c; c = next) {
                    next = c->chain;
                    bucket = &buckets[c->hash & (n - 1)];
                    c->chain = *bucket;
                    *bucket = c;
                }
            }

            o->buckets = buckets;
            o->nbuckets = n;
        }
    }

    for (c = o->buckets[hash & (o->nbuckets - 1)]; c; c = c->chain) {
        if (c->hash == hash && td_str_eq(c->id, id)) {
            return c;
        }
    }

    return NULL;
}


static int
td_overlay_write(td_overlay_t *o, td_try_t *tries, uint32_t n,
    unsigned legacy, td_str_t *text)
{
    uint32_t    i;
    td_buf_t    b;
    td_try_t   *t;

    memset(&b, 0, sizeof(td_buf_t));

    for (i = 0; i < n; i++) {
        t = &tries[i];

        td_buf_char(&b, i ? ',' : '{');
        td_buf_char(&b, '"');
        td_buf_str(&b, t->id);
        td_buf_lit(&b, "\":");

        switch (t->effect) {

        case TD_OP_PUT:
            td_buf_lit(&b, "[\"put\",");
            td_buf_str(&b, t->text);
            td_buf_char(&b, ']');
            break;

        case TD_OP_PATCH:
            td_buf_lit(&b, "[\"patch\",");
            td_json_write(&b, legacy && t->legacy ? t->legacy : t->diff);
            td_buf_char(&b, ']');
            break;

        default: /* TD_OP_REMOVE */
            td_buf_lit(&b, "[\"remove\"]");
            break;
        }
    }

    td_buf_char(&b, '}');

    return td_overlay_copy(o->arena, &b, text);
}


/* Moves the buffer's text into the arena; the buffer is freed. */

static int
td_overlay_copy(td_arena_t *a, td_buf_t *b, td_str_t *text)
{
    char  *p;

    p = b->failed ? NULL : td_arena_alloc(a, b->len);

    if (p == NULL) {
        td_buf_free(b);
        return TD_NOMEM;
    }

    memcpy(p, b->data, b->len);

    text->data = p;
    text->len = b->len;

    td_buf_free(b);

    return TD_OK;
}


int
td_overlay_legacy(td_overlay_t *o, td_effect_t *e)
{
    uint32_t     i;
    td_buf_t     b;
    td_str_t     id;
    td_json_t   *diff;
    td_entry_t  *entry;

    /* a patch nests two containers for each one that it goes into */

    if (td_json_parse(o->arena, e->diff.data, e->diff.len,
                      2 * TD_OVERLAY_DEPTH, &diff)
        != TD_OK)
    {
        return TD_NOMEM;
    }

    memset(&b, 0, sizeof(td_buf_t));

    for (i = 0; i < diff->count; i++) {

        id = td_id_canonical(o->arena, diff->u.members[i].key);
        if (id.data == NULL) {
            td_buf_free(&b);
            return TD_NOMEM;
        }

        entry = td_room_get(o->room, id);

        td_buf_char(&b, i ? ',' : '{');
        td_buf_char(&b, '"');
        td_buf_str(&b, id);

        if (entry && entry->text) {
            td_buf_lit(&b, "\":[\"put\",");
            td_buf_add(&b, entry->text, entry->text_len);
            td_buf_char(&b, ']');

        } else {
            td_buf_lit(&b, "\":[\"remove\"]");
        }
    }

    td_buf_char(&b, '}');

    return td_overlay_copy(o->arena, &b, &e->legacy);
}


int
td_overlay_merge(td_overlay_t *o)
{
    td_change_t  *c;

    for (c = o->first; c; c = c->next) {
        if (td_room_set(o->room, c->id, c->text, c->clock) != TD_OK) {
            return TD_NOMEM;
        }
    }

    o->room->clock = o->clock;

    return TD_OK;
}
