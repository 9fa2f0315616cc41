
/*
 * Computing the patch between two values.
 *
 * Diffs live in the given arena and share the values of the new object.  The
 * rules are those of the clients, so that an author's own diff and the one
 * computed here are equal.
 */


#include "td_value.h"


typedef struct {
    td_arena_t   *arena;
    unsigned      flags;
} td_diff_t;


typedef struct {
    td_member_t  *members;
    uint32_t      count;
    uint32_t      size;
} td_ops_t;


/* The names of ops, shared by all diffs; never written to. */

static td_json_t  td_op_put = {
    .type = TD_STRING, .raw = { 5, "\"put\"" }, .u.string = { 3, "put" }
};

static td_json_t  td_op_patch = {
    .type = TD_STRING, .raw = { 7, "\"patch\"" }, .u.string = { 5, "patch" }
};

static td_json_t  td_op_append = {
    .type = TD_STRING, .raw = { 8, "\"append\"" }, .u.string = { 6, "append" }
};

static td_json_t  td_op_delete = {
    .type = TD_STRING, .raw = { 8, "\"delete\"" }, .u.string = { 6, "delete" }
};


static int td_diff_value(td_diff_t *d, const td_json_t *r, td_json_t *s,
    td_json_t **op);


static int
td_op(td_diff_t *d, td_json_t *name, td_json_t *value, td_json_t **op)
{
    td_json_t  *v;

    v = td_json_array(d->arena, value != NULL ? 2 : 1);
    if (v == NULL) {
        return TD_NOMEM;
    }

    v->u.items[0] = name;

    if (value != NULL) {
        v->u.items[1] = value;
    }

    *op = v;

    return TD_OK;
}


static int
td_op_append_at(td_diff_t *d, td_json_t *value, size_t offset, td_json_t **op)
{
    td_json_t  *v, *n;

    v = td_json_array(d->arena, 3);
    n = td_json_uint(d->arena, offset);

    if (v == NULL || n == NULL) {
        return TD_NOMEM;
    }

    v->u.items[0] = &td_op_append;
    v->u.items[1] = value;
    v->u.items[2] = n;
    *op = v;

    return TD_OK;
}


static int
td_ops_add(td_diff_t *d, td_ops_t *ops, td_str_t key, td_json_t *op)
{
    uint32_t      size;
    td_member_t  *members;

    if (ops->count == ops->size) {

        if (ops->size > UINT32_MAX / 2) {
            return TD_NOMEM;
        }

        size = ops->size != 0 ? ops->size * 2 : 4;

        members = td_arena_alloc(d->arena, size * sizeof(td_member_t));
        if (members == NULL) {
            return TD_NOMEM;
        }

        if (ops->count != 0) {
            memcpy(members, ops->members, ops->count * sizeof(td_member_t));
        }

        ops->members = members;
        ops->size = size;
    }

    ops->members[ops->count].key = key;
    ops->members[ops->count].value = op;
    ops->count++;

    return TD_OK;
}


/* NULL in *diff when there is no op. */

static int
td_ops_object(td_diff_t *d, td_ops_t *ops, td_json_t **diff)
{
    *diff = NULL;

    if (ops->count == 0) {
        return TD_OK;
    }

    *diff = td_json_object(d->arena, ops->count);
    if (*diff == NULL) {
        return TD_NOMEM;
    }

    memcpy((*diff)->u.members, ops->members,
           ops->count * sizeof(td_member_t));

    return TD_OK;
}


/*
 * What b has after a, in code units: TD_OK and *suffix, or TD_INVALID when b
 * does not start with a.  If a ends inside a surrogate pair of b, the other
 * half opens the suffix.
 */

static int
td_suffix(td_diff_t *d, td_str_t a, td_str_t b, td_str_t *suffix)
{
    char                 *p;
    size_t                n;
    uint32_t              code;
    const unsigned char  *half, *pair;

    if (a.len <= b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0))
    {
        suffix->data = b.data + a.len;
        suffix->len = b.len - a.len;

        return TD_OK;
    }

    if (a.len < 3 || b.len < a.len + 1) {
        return TD_INVALID;
    }

    n = a.len - 3;
    half = (const unsigned char *) a.data + n;
    pair = (const unsigned char *) b.data + n;

    if (half[0] != 0xed || (half[1] & 0xf0) != 0xa0 || pair[0] < 0xf0
        || memcmp(a.data, b.data, n) != 0)
    {
        return TD_INVALID;
    }

    code = (pair[0] & 0x7u) << 18 | (pair[1] & 0x3fu) << 12
           | (pair[2] & 0x3fu) << 6 | (pair[3] & 0x3fu);
    code -= 0x10000;

    if (code >> 10 != ((half[1] & 0xfu) << 6 | (half[2] & 0x3fu))) {
        return TD_INVALID;
    }

    n = b.len - a.len - 1;

    p = td_arena_alloc(d->arena, n + 3);
    if (p == NULL) {
        return TD_NOMEM;
    }

    p[0] = (char) 0xed;
    p[1] = (char) (0xb0 | (code >> 6 & 0xf));
    p[2] = (char) (0x80 | (code & 0x3f));
    memcpy(p + 3, pair + 4, n);

    suffix->data = p;
    suffix->len = n + 3;

    return TD_OK;
}


static int
td_diff_string(td_diff_t *d, const td_json_t *r, td_json_t *s, td_json_t **op)
{
    int         rc;
    td_str_t    suffix;
    td_json_t  *v;

    if (td_str_eq(r->u.string, s->u.string)) {
        return TD_OK;
    }

    if (d->flags & TD_DIFF_NO_APPEND) {
        return td_op(d, &td_op_put, s, op);
    }

    rc = td_suffix(d, r->u.string, s->u.string, &suffix);

    if (rc == TD_INVALID) {
        return td_op(d, &td_op_put, s, op);
    }

    if (rc != TD_OK) {
        return rc;
    }

    v = td_json_string(d->arena, suffix);
    if (v == NULL) {
        return TD_NOMEM;
    }

    return td_op_append_at(d, v, td_utf16_length(r->u.string), op);
}


static int
td_diff_longer(td_diff_t *d, const td_json_t *r, td_json_t *s, td_json_t **op)
{
    uint32_t    i;
    td_json_t  *v;

    if (s->count < r->count) {
        return td_op(d, &td_op_put, s, op);
    }

    for (i = 0; i < r->count; i++) {
        if (!td_json_equal(r->u.items[i], s->u.items[i])) {
            return td_op(d, &td_op_put, s, op);
        }
    }

    v = td_json_array(d->arena, s->count - r->count);
    if (v == NULL) {
        return TD_NOMEM;
    }

    memcpy(v->u.items, s->u.items + r->count,
           v->count * sizeof(td_json_t *));

    return td_op_append_at(d, v, r->count, op);
}


/*
 * Items that are containers are diffed without being compared before, so that
 * the work does not grow with the depth.
 */

static int
td_diff_item(td_diff_t *d, const td_json_t *r, td_json_t *s, td_json_t **op)
{
    if (r->type == s->type && (s->type == TD_OBJECT || s->type == TD_ARRAY)) {
        return td_diff_value(d, r, s, op);
    }

    return td_json_equal(r, s) ? TD_OK : td_op(d, &td_op_put, s, op);
}


static int
td_diff_array(td_diff_t *d, const td_json_t *r, td_json_t *s, td_json_t **op)
{
    int         rc;
    uint32_t    i, max;
    td_ops_t    ops;
    td_json_t  *v, *key;

    if (r->count != s->count) {
        return td_diff_longer(d, r, s, op);
    }

    /* above one item and a fifth of them, all of them are put */

    max = r->count / 5 > 1 ? r->count / 5 : 1;
    memset(&ops, 0, sizeof(ops));

    for (i = 0; i < r->count; i++) {
        v = NULL;

        rc = td_diff_item(d, r->u.items[i], s->u.items[i], &v);
        if (rc != TD_OK) {
            return rc;
        }

        if (v == NULL) {
            continue;
        }

        if (ops.count == max) {
            return td_op(d, &td_op_put, s, op);
        }

        key = td_json_uint(d->arena, i);
        if (key == NULL) {
            return TD_NOMEM;
        }

        rc = td_ops_add(d, &ops, key->raw, v);
        if (rc != TD_OK) {
            return rc;
        }
    }

    rc = td_ops_object(d, &ops, &v);

    if (rc != TD_OK || v == NULL) {
        return rc;
    }

    return td_op(d, &td_op_patch, v, op);
}


/* Whether the member of a record is looked into although it is an object. */

static int
td_diff_nested(td_diff_t *d, td_str_t key)
{
    return td_str_is(key, "props")
           || (td_str_is(key, "meta")
               && (d->flags & TD_DIFF_V7) != TD_DIFF_V7);
}


static int
td_diff_member(td_diff_t *d, const td_json_t *r, td_json_t *s, int nested,
    td_json_t **op)
{
    if (nested || s->type == TD_ARRAY || s->type == TD_STRING) {
        return td_diff_value(d, r, s, op);
    }

    return td_json_equal(r, s) ? TD_OK : td_op(d, &td_op_put, s, op);
}


static int
td_diff_object(td_diff_t *d, const td_json_t *r, const td_json_t *s, int top,
    td_json_t **diff)
{
    int           rc;
    uint32_t      i, common;
    td_ops_t      ops;
    td_json_t    *value, *op;
    td_member_t  *m, *n;

    memset(&ops, 0, sizeof(ops));

    m = r->u.members;
    n = s->u.members;
    common = 0;

    for (i = 0; i < r->count; i++) {

        /* keys mostly stand in the same order */

        value = (i < s->count && td_str_eq(m[i].key, n[i].key))
                    ? n[i].value : td_json_get(s, m[i].key);
        op = NULL;

        if (value == NULL) {
            rc = td_op(d, &td_op_delete, NULL, &op);

        } else {
            common++;
            rc = td_diff_member(d, m[i].value, value,
                                top && td_diff_nested(d, m[i].key), &op);
        }

        if (rc == TD_OK && op != NULL) {
            rc = td_ops_add(d, &ops, m[i].key, op);
        }

        if (rc != TD_OK) {
            return rc;
        }
    }

    for (i = 0; i < s->count && common < s->count; i++) {

        if ((i < r->count && td_str_eq(m[i].key, n[i].key))
            || td_json_get(r, n[i].key) != NULL)
        {
            continue;
        }

        common++;

        rc = td_op(d, &td_op_put, n[i].value, &op);

        if (rc == TD_OK) {
            rc = td_ops_add(d, &ops, n[i].key, op);
        }

        if (rc != TD_OK) {
            return rc;
        }
    }

    return td_ops_object(d, &ops, diff);
}


/*
 * Leaves *op as it is when the values are equal.  An object that becomes an
 * array, or the other way round, is put, since no patch can say that.
 */

static int
td_diff_value(td_diff_t *d, const td_json_t *r, td_json_t *s, td_json_t **op)
{
    int         rc;
    td_json_t  *v;

    if (r == s) {
        return TD_OK;
    }

    if (r->type != s->type) {
        return td_op(d, &td_op_put, s, op);
    }

    if (r->raw.len != 0 && td_str_eq(r->raw, s->raw)) {
        return TD_OK;
    }

    switch (r->type) {

    case TD_ARRAY:
        return td_diff_array(d, r, s, op);

    case TD_STRING:
        return td_diff_string(d, r, s, op);

    case TD_OBJECT:
        rc = td_diff_object(d, r, s, 0, &v);

        if (rc != TD_OK || v == NULL) {
            return rc;
        }

        return td_op(d, &td_op_patch, v, op);

    default:
        return td_json_equal(r, s) ? TD_OK : td_op(d, &td_op_put, s, op);
    }
}


int
td_value_diff(td_arena_t *a, const td_json_t *r, const td_json_t *s,
    unsigned flags, td_json_t **diff)
{
    td_diff_t  d;

    *diff = NULL;

    if (r == s) {
        return TD_OK;
    }

    d.arena = a;
    d.flags = flags;

    return td_diff_object(&d, r, s, 1, diff);
}


int
td_value_has_string_append(const td_json_t *diff)
{
    uint32_t          i;
    td_str_t          name;
    const td_json_t  *op;

    if (diff == NULL || diff->type != TD_OBJECT) {
        return 0;
    }

    for (i = 0; i < diff->count; i++) {
        op = diff->u.members[i].value;

        if (op->type != TD_ARRAY || op->count < 2
            || op->u.items[0]->type != TD_STRING)
        {
            continue;
        }

        name = op->u.items[0]->u.string;

        if (td_str_is(name, "append")) {
            if (op->u.items[1]->type == TD_STRING) {
                return 1;
            }

        } else if (td_str_is(name, "patch")) {
            if (td_value_has_string_append(op->u.items[1])) {
                return 1;
            }
        }
    }

    return 0;
}
