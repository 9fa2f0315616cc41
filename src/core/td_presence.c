
/*
 * One op on a session's presence record (sync-protocol 4.7).  Pure: the
 * record itself is kept by the caller.
 */


#include "td_message.h"


#define TD_PRESENCE_DEPTH   128
#define TD_PRESENCE_NAME    100


static int td_presence_put(td_arena_t *a, td_str_t id, td_json_t *v,
    td_json_t **record);
static int td_presence_patch(td_arena_t *a, td_json_t *r,
    const td_json_t *patch, td_json_t **record);
static td_json_t *td_presence_without(td_arena_t *a, const td_json_t *v,
    uint32_t extra);
static int td_presence_text(td_arena_t *a, const char *head,
    const td_json_t *v, td_str_t *text);
static int td_presence_refuse(td_presence_t *p, const char *reason);


int
td_presence_push(td_arena_t *a, const td_schema_t *schema, td_str_t id,
    td_str_t current, const td_json_t *op, unsigned protocol, unsigned legacy,
    td_presence_t *p)
{
    int               rc;
    unsigned          flags;
    td_str_t          name;
    td_json_t        *r, *s, *diff, *old;
    const td_json_t  *patch;

    memset(p, 0, sizeof(td_presence_t));

    if (op->type != TD_ARRAY
        || op->count == 0
        || op->u.items[0]->type != TD_STRING)
    {
        return td_presence_refuse(p, "malformed presence op");
    }

    r = NULL;
    s = NULL;
    patch = NULL;

    if (current.len
        && td_json_parse(a, current.data, current.len, TD_PRESENCE_DEPTH, &r)
           != TD_OK)
    {
        return TD_NOMEM;
    }

    name = op->u.items[0]->u.string;

    if (td_str_is(name, "put")) {

        if (op->count < 2 || op->u.items[1]->type != TD_OBJECT) {
            return td_presence_refuse(p, "presence put without a record");
        }

        rc = td_presence_put(a, id, op->u.items[1], &s);

    } else if (td_str_is(name, "patch")) {

        if (op->count < 2 || op->u.items[1]->type != TD_OBJECT) {
            return td_presence_refuse(p, "presence patch without an object");
        }

        if (r == NULL) {
            return TD_OK;
        }

        patch = op->u.items[1];
        rc = td_presence_patch(a, r, patch, &s);

    } else {
        return TD_OK;
    }

    if (rc == TD_BAD) {
        return td_presence_refuse(p, "malformed value op in presence");
    }

    if (rc != TD_OK || s == r) {
        return rc;
    }

    diff = NULL;
    old = NULL;

    if (r) {
        flags = (protocol < 8) ? TD_DIFF_V7 : TD_DIFF_V8;

        rc = td_value_diff(a, r, s, flags, &diff);

        if (rc != TD_OK || diff == NULL) {
            return rc;
        }

        if (legacy && td_value_has_string_append(diff)) {
            rc = td_value_diff(a, r, s, flags | TD_DIFF_NO_APPEND, &old);
            if (rc != TD_OK) {
                return rc;
            }
        }
    }

    if (!td_schema_check(schema, s, p->error, sizeof(p->error))) {
        return TD_INVALID;
    }

    if (td_presence_text(a, NULL, s, &p->text) != TD_OK) {
        return TD_NOMEM;
    }

    if (r == NULL) {
        rc = td_presence_text(a, "[\"put\",", s, &p->op);

    } else if (patch && td_json_equal(diff, patch)) {
        p->op = op->raw;

    } else {
        rc = td_presence_text(a, "[\"patch\",", diff, &p->op);
    }

    if (rc == TD_OK && old) {
        rc = td_presence_text(a, "[\"patch\",", old, &p->legacy);
    }

    if (rc != TD_OK) {
        return rc;
    }

    p->changed = 1;

    return TD_OK;
}


/* The client's record under the id and type that the server gives it. */

static int
td_presence_put(td_arena_t *a, td_str_t id, td_json_t *v, td_json_t **record)
{
    uint32_t    n;
    td_json_t  *s, *value, *type;

    s = td_presence_without(a, v, 2);
    value = td_json_string(a, id);
    type = td_json_string(a, td_str("instance_presence"));

    if (s == NULL || value == NULL || type == NULL) {
        return TD_NOMEM;
    }

    n = s->count;

    s->u.members[n].key = td_str("id");
    s->u.members[n].value = value;
    s->u.members[n + 1].key = td_str("typeName");
    s->u.members[n + 1].value = type;
    s->count = n + 2;

    *record = s;

    return TD_OK;
}


static int
td_presence_patch(td_arena_t *a, td_json_t *r, const td_json_t *patch,
    td_json_t **record)
{
    if (td_json_get_lit(patch, "id") || td_json_get_lit(patch, "typeName")) {
        patch = td_presence_without(a, patch, 0);
        if (patch == NULL) {
            return TD_NOMEM;
        }
    }

    return td_value_apply(a, r, patch, record);
}


/* A copy without "id" and "typeName", with room for "extra" members. */

static td_json_t *
td_presence_without(td_arena_t *a, const td_json_t *v, uint32_t extra)
{
    uint32_t      i, n;
    td_json_t    *s;
    td_member_t  *m;

    s = td_json_object(a, v->count + extra);
    if (s == NULL) {
        return NULL;
    }

    n = 0;

    for (i = 0; i < v->count; i++) {
        m = &v->u.members[i];

        if (td_str_is(m->key, "id") || td_str_is(m->key, "typeName")) {
            continue;
        }

        s->u.members[n++] = *m;
    }

    s->count = n;

    return s;
}


/* Writes v, after head and then closed by a bracket where head is given. */

static int
td_presence_text(td_arena_t *a, const char *head, const td_json_t *v,
    td_str_t *text)
{
    char      *p;
    td_buf_t   b;

    memset(&b, 0, sizeof(td_buf_t));

    if (head) {
        td_buf_add(&b, head, strlen(head));
    }

    td_json_write(&b, v);

    if (head) {
        td_buf_char(&b, ']');
    }

    p = b.failed ? NULL : td_arena_alloc(a, b.len);

    if (p == NULL) {
        td_buf_free(&b);
        return TD_NOMEM;
    }

    memcpy(p, b.data, b.len);

    text->data = p;
    text->len = b.len;

    td_buf_free(&b);

    return TD_OK;
}


static int
td_presence_refuse(td_presence_t *p, const char *reason)
{
    size_t  n;

    n = strlen(reason);
    n = n < sizeof(p->error) ? n : sizeof(p->error) - 1;

    memcpy(p->error, reason, n);
    p->error[n] = '\0';

    return TD_INVALID;
}


td_str_t
td_presence_user_name(td_str_t record)
{
    size_t       n;
    td_str_t     name;
    const char  *p, *last;

    static const char  key[] = "\"userName\":\"";

    name.data = "";
    name.len = 0;

    /* quotes inside of a string are escaped, so this can only be a key */

    n = sizeof(key) - 1;
    last = record.data + record.len;

    for (p = record.data; (size_t) (last - p) > n; p++) {
        p = memchr(p, '"', last - p - n);

        if (p == NULL) {
            return name;
        }

        if (memcmp(p, key, n) == 0) {
            break;
        }
    }

    if ((size_t) (last - p) <= n) {
        return name;
    }

    record.data = p + n;

    for (p = record.data; p < last && *p != '"'; p++) {
        if (*p == '\\') {
            p++;
        }
    }

    if (p < last && p - record.data <= TD_PRESENCE_NAME) {
        name.data = record.data;
        name.len = p - record.data;
    }

    return name;
}
