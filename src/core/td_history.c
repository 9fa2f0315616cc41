
/*
 * Replaying the history of a board.  The replay owns a board of its own and
 * what it remembers since the mark; nothing here touches a live board.
 */


#include <stdlib.h>

#include "td_history.h"


#define TD_HISTORY_DEPTH    256


/* What a record was at the mark. */

typedef struct td_before_s  td_before_t;

struct td_before_s {
    td_before_t    *next;        /* the order in which they changed */
    td_str_t        id;
    td_str_t        text;        /* data NULL: it was not there */
};


struct td_history_s {
    td_room_t       room;
    td_arena_t     *row;         /* values of the row that is applied */
    td_arena_t     *kept;        /* since the mark */
    td_room_t       seen;        /* ids that changed since the mark */
    td_before_t    *first;
    td_before_t   **last;
    unsigned        marked:1;
};


static const char *td_history_string(const char *p, const char *last);
static const char *td_history_object(const char *p, const char *last);
static int td_history_remember(td_history_t *h, const td_json_t *diff);
static int td_history_keep(td_history_t *h, td_str_t from, td_str_t *to);
static int td_history_op(td_arena_t *a, td_str_t id, td_str_t from,
    td_str_t to, td_buf_t *b);


td_history_t *
td_history_create(size_t limit)
{
    td_history_t  *h;

    h = calloc(1, sizeof(td_history_t));
    if (h == NULL) {
        return NULL;
    }

    h->row = td_arena_create(16384, limit);
    h->kept = td_arena_create(4096, 0);

    if (h->row == NULL
        || h->kept == NULL
        || td_room_init(&h->room, 1, 1, 1) != TD_OK
        || td_room_init(&h->seen, 1, 1, 1) != TD_OK)
    {
        td_history_destroy(h);
        return NULL;
    }

    h->last = &h->first;

    return h;
}


void
td_history_destroy(td_history_t *h)
{
    td_room_free(&h->room);
    td_room_free(&h->seen);
    td_arena_destroy(h->row);
    td_arena_destroy(h->kept);
    free(h);
}


/* The text is cut into records without parsing them: it may be large. */

int
td_history_state(td_history_t *h, td_str_t state, uint64_t clock)
{
    int          rc;
    td_str_t     id, text;
    const char  *p, *last;

    td_room_free(&h->room);

    if (td_room_init(&h->room, 1, 1, 1) != TD_OK) {
        return TD_NOMEM;
    }

    p = state.data;
    last = p + state.len;

    while (p < last) {

        id.data = p + 1;
        p = td_history_string(p, last);

        if (p == NULL) {
            return TD_BAD;
        }

        id.len = p - id.data - 1;

        if ((size_t) (last - p) < sizeof(":[\"put\",") - 1
            || memcmp(p, ":[\"put\",", sizeof(":[\"put\",") - 1) != 0)
        {
            return TD_BAD;
        }

        text.data = p + sizeof(":[\"put\",") - 1;
        p = td_history_object(text.data, last);

        if (p == NULL || p == last || *p != ']') {
            return TD_BAD;
        }

        text.len = p - text.data;

        rc = td_room_set(&h->room, id, text, clock);

        if (rc != TD_OK) {
            return rc;
        }

        p++;

        if (p < last && *p++ != ',') {
            return TD_BAD;
        }
    }

    h->room.clock = clock;

    return TD_OK;
}


/* Behind the string or the object that begins at p, or NULL. */

static const char *
td_history_string(const char *p, const char *last)
{
    if (p == last || *p != '"') {
        return NULL;
    }

    for (p++; p < last; p++) {

        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\') {
            p++;
        }
    }

    return NULL;
}


static const char *
td_history_object(const char *p, const char *last)
{
    size_t  depth;

    if (p == last || *p != '{') {
        return NULL;
    }

    depth = 0;

    while (p && p < last) {

        switch (*p) {

        case '"':
            p = td_history_string(p, last);
            continue;

        case '{':
        case '[':
            depth++;
            break;

        case '}':
        case ']':
            depth--;
            break;
        }

        p++;

        if (depth == 0) {
            return p;
        }
    }

    return NULL;
}


int
td_history_row(td_history_t *h, td_str_t changes, uint64_t since,
    uint64_t clock, uint64_t target)
{
    int         rc;
    uint32_t    i;
    uint64_t    to;
    td_buf_t    legacy;
    td_json_t  *diffs;

    if (since != h->room.clock || clock <= since) {
        return TD_BAD;
    }

    td_arena_reset(h->row);

    rc = td_json_parse(h->row, changes.data, changes.len, TD_HISTORY_DEPTH,
                       &diffs);
    if (rc != TD_OK) {
        return rc;
    }

    if (diffs->type != TD_ARRAY
        || (diffs->count != 1 && diffs->count != clock - since))
    {
        return TD_BAD;
    }

    memset(&legacy, 0, sizeof(td_buf_t));

    for (i = 0; i < diffs->count && rc == TD_OK; i++) {
        to = (diffs->count == 1) ? clock : since + i + 1;

        if (to > target) {
            break;
        }

        if (h->marked) {
            rc = td_history_remember(h, diffs->u.items[i]);

            if (rc != TD_OK) {
                break;
            }
        }

        /* a thinned row leads over many clocks in one step */

        h->room.clock = to - 1;
        legacy.len = 0;

        rc = td_room_follow(h->row, &h->room, diffs->u.items[i], to, &legacy);
    }

    td_buf_free(&legacy);
    td_arena_reset(h->row);

    return rc;
}


td_room_t *
td_history_room(td_history_t *h)
{
    return &h->room;
}


int
td_history_mark(td_history_t *h)
{
    td_room_free(&h->seen);

    if (td_room_init(&h->seen, 1, 1, 1) != TD_OK) {
        return TD_NOMEM;
    }

    td_arena_reset(h->kept);

    h->first = NULL;
    h->last = &h->first;
    h->marked = 1;

    return TD_OK;
}


static int
td_history_remember(td_history_t *h, const td_json_t *diff)
{
    uint32_t      i;
    td_str_t      id, none;
    td_entry_t   *e;
    td_before_t  *before;

    if (diff->type != TD_OBJECT) {
        return TD_BAD;
    }

    none.data = NULL;
    none.len = 0;

    for (i = 0; i < diff->count; i++) {
        id = td_id_canonical(h->row, diff->u.members[i].key);

        if (id.data == NULL) {
            return TD_NOMEM;
        }

        if (td_room_get(&h->seen, id)) {
            continue;
        }

        before = td_arena_alloc(h->kept, sizeof(td_before_t));
        if (before == NULL || td_room_set(&h->seen, id, none, 1) != TD_OK) {
            return TD_NOMEM;
        }

        before->next = NULL;
        before->text = none;

        e = td_room_get(&h->room, id);

        if (td_history_keep(h, id, &before->id) != TD_OK
            || (e && e->text
                && td_history_keep(h, (td_str_t) { e->text_len, e->text },
                                   &before->text)
                   != TD_OK))
        {
            return TD_NOMEM;
        }

        *h->last = before;
        h->last = &before->next;
    }

    return TD_OK;
}


static int
td_history_keep(td_history_t *h, td_str_t from, td_str_t *to)
{
    char  *p;

    p = td_arena_alloc(h->kept, from.len);
    if (p == NULL) {
        return TD_NOMEM;
    }

    memcpy(p, from.data, from.len);

    to->data = p;
    to->len = from.len;

    return TD_OK;
}


int
td_history_since_mark(td_history_t *h, td_buf_t *b)
{
    int           rc, n;
    td_str_t      text;
    td_entry_t   *e;
    td_before_t  *before;

    td_buf_lit(b, "[{");

    n = 0;

    for (before = h->first; before; before = before->next) {

        text.data = NULL;
        text.len = 0;

        e = td_room_get(&h->room, before->id);

        if (e && e->text) {
            text.data = e->text;
            text.len = e->text_len;
        }

        if (n) {
            td_buf_char(b, ',');
        }

        td_arena_reset(h->row);

        rc = td_history_op(h->row, before->id, before->text, text, b);

        if (rc < 0) {
            return rc;
        }

        if (rc) {
            n++;

        } else if (n) {
            b->len--;
        }
    }

    td_arena_reset(h->row);

    td_buf_lit(b, "}]");

    return b->failed ? TD_NOMEM : TD_OK;
}


int
td_history_diff(td_history_t *h, const td_room_t *from, td_buf_t *b)
{
    int          rc, n, pass;
    td_str_t     id, old, text;
    td_entry_t  *e, *other;

    td_buf_char(b, '{');

    n = 0;

    /* what is there now, and what no longer is */

    for (pass = 0; pass < 2; pass++) {

        for (e = pass ? from->oldest : h->room.oldest; e; e = e->next) {

            if (e->text == NULL) {
                continue;
            }

            id.data = e->id;
            id.len = e->id_len;

            other = td_room_get(pass ? &h->room : from, id);

            if (other && other->text == NULL) {
                other = NULL;
            }

            if (pass && other) {
                continue;
            }

            text.data = pass ? NULL : e->text;
            text.len = pass ? 0 : e->text_len;

            if (pass) {
                other = e;
            }

            old.data = other ? other->text : NULL;
            old.len = other ? other->text_len : 0;

            if (n) {
                td_buf_char(b, ',');
            }

            td_arena_reset(h->row);

            rc = td_history_op(h->row, id, old, text, b);

            if (rc < 0) {
                return rc;
            }

            if (rc) {
                n++;

            } else if (n) {
                b->len--;
            }
        }
    }

    td_arena_reset(h->row);

    td_buf_char(b, '}');

    return b->failed ? TD_NOMEM : n;
}


/* Appends `"id":op` and returns 1, or 0: there is no difference. */

static int
td_history_op(td_arena_t *a, td_str_t id, td_str_t from, td_str_t to,
    td_buf_t *b)
{
    int         rc;
    td_json_t  *r, *s, *diff;

    if (td_str_eq(from, to) && (from.data == NULL) == (to.data == NULL)) {
        return 0;
    }

    diff = NULL;

    if (from.data && to.data) {

        rc = td_json_parse(a, from.data, from.len, TD_HISTORY_DEPTH, &r);

        if (rc == TD_OK) {
            rc = td_json_parse(a, to.data, to.len, TD_HISTORY_DEPTH, &s);
        }

        if (rc == TD_OK && r->type == TD_OBJECT && s->type == TD_OBJECT) {
            rc = td_value_diff(a, r, s, TD_DIFF_V8, &diff);
        }

        if (rc != TD_OK) {
            return rc;
        }

        if (diff == NULL) {
            return 0;
        }
    }

    td_buf_char(b, '"');
    td_buf_str(b, id);

    if (diff) {
        td_buf_lit(b, "\":[\"patch\",");
        td_json_write(b, diff);
        td_buf_char(b, ']');

    } else if (to.data) {
        td_buf_lit(b, "\":[\"put\",");
        td_buf_str(b, to);
        td_buf_char(b, ']');

    } else {
        td_buf_lit(b, "\":[\"remove\"]");
    }

    return b->failed ? TD_NOMEM : 1;
}
