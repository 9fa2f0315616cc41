
/*
 * Applying patches to values.
 *
 * Trees are read only: what changes is copied one level deep into the given
 * arena, everything else is shared.  Patches come from the network; every op
 * is checked before it is followed.
 */


#include "td_value.h"


static td_json_t  td_null = { .type = TD_NULL, .raw = { 4, "null" } };


/* The position that a key names in arrays, or -1. */

static int64_t
td_array_index(td_str_t key)
{
    size_t         i;
    int64_t        n;
    unsigned char  c;

    if (key.len == 0 || key.len > 10
        || (key.data[0] == '0' && key.len != 1))
    {
        return -1;
    }

    n = 0;

    for (i = 0; i < key.len; i++) {
        c = (unsigned char) key.data[i];

        if (c < '0' || c > '9') {
            return -1;
        }

        n = n * 10 + (c - '0');
    }

    return n;
}


static int
td_append_array(td_arena_t *a, const td_json_t *current,
    const td_json_t *values, td_json_t **result)
{
    td_json_t  *v;

    if (values->count > UINT32_MAX - current->count) {
        return TD_NOMEM;
    }

    v = td_json_array(a, current->count + values->count);
    if (v == NULL) {
        return TD_NOMEM;
    }

    if (current->count != 0) {
        memcpy(v->u.items, current->u.items,
               current->count * sizeof(td_json_t *));
    }

    if (values->count != 0) {
        memcpy(v->u.items + current->count, values->u.items,
               values->count * sizeof(td_json_t *));
    }

    *result = v;

    return TD_OK;
}


/* Whether s ends, or starts, with one half of a surrogate pair. */

static int
td_ends_high(td_str_t s)
{
    const unsigned char  *p;

    if (s.len < 3) {
        return 0;
    }

    p = (const unsigned char *) s.data + s.len - 3;

    return p[0] == 0xed && (p[1] & 0xf0) == 0xa0;
}


static int
td_starts_low(td_str_t s)
{
    const unsigned char  *p;

    p = (const unsigned char *) s.data;

    return s.len >= 3 && p[0] == 0xed && (p[1] & 0xf0) == 0xb0;
}


/* Halves that meet become one character, as they do in UTF-16. */

static int
td_concat(td_arena_t *a, td_str_t x, td_str_t y, td_str_t *result)
{
    char                 *p;
    uint32_t              code;
    const unsigned char  *high, *low;

    p = td_arena_alloc(a, x.len + y.len);
    if (p == NULL) {
        return TD_NOMEM;
    }

    result->data = p;

    if (td_ends_high(x) && td_starts_low(y)) {
        x.len -= 3;
        high = (const unsigned char *) x.data + x.len;
        low = (const unsigned char *) y.data;

        code = 0x10000u + (((high[1] & 0xfu) << 6 | (high[2] & 0x3fu)) << 10)
               + ((low[1] & 0xfu) << 6 | (low[2] & 0x3fu));

        memcpy(p, x.data, x.len);
        p += x.len;

        *p++ = (char) (0xf0 | code >> 18);
        *p++ = (char) (0x80 | (code >> 12 & 0x3f));
        *p++ = (char) (0x80 | (code >> 6 & 0x3f));
        *p++ = (char) (0x80 | (code & 0x3f));

        y.data += 3;
        y.len -= 3;

    } else {
        memcpy(p, x.data, x.len);
        p += x.len;
    }

    memcpy(p, y.data, y.len);
    p += y.len;

    result->len = (size_t) (p - result->data);

    return TD_OK;
}


/*
 * Where both strings still have their JSON text, the two texts joined are the
 * text of the result, and its bytes too when neither has an escape.
 */

static int
td_append_string(td_arena_t *a, const td_json_t *current,
    const td_json_t *suffix, td_json_t **result)
{
    int        plain;
    char      *p;
    size_t     n;
    td_json_t *v;

    v = td_json_string(a, current->u.string);
    if (v == NULL) {
        return TD_NOMEM;
    }

    *result = v;

    if (current->raw.len == 0 || suffix->raw.len == 0) {
        return td_concat(a, current->u.string, suffix->u.string,
                         &v->u.string);
    }

    n = current->raw.len + suffix->raw.len - 2;

    p = td_arena_alloc(a, n);
    if (p == NULL) {
        return TD_NOMEM;
    }

    memcpy(p, current->raw.data, current->raw.len - 1);
    memcpy(p + current->raw.len - 1, suffix->raw.data + 1,
           suffix->raw.len - 1);

    v->raw.data = p;
    v->raw.len = n;

    /* every escape is longer than what it stands for */

    plain = current->u.string.len + 2 == current->raw.len
            && suffix->u.string.len + 2 == suffix->raw.len;

    if (plain) {
        v->u.string.data = p + 1;
        v->u.string.len = n - 2;

        return TD_OK;
    }

    return td_concat(a, current->u.string, suffix->u.string, &v->u.string);
}


static int
td_apply_append(td_arena_t *a, td_json_t *current, const td_json_t *op,
    td_json_t **result)
{
    const td_json_t  *value, *offset;

    if (current == NULL || op->count < 3) {
        return TD_OK;
    }

    value = op->u.items[1];
    offset = op->u.items[2];

    if (current->type != value->type || offset->type != TD_NUMBER) {
        return TD_OK;
    }

    if (current->type == TD_ARRAY) {

        if ((double) current->count != offset->u.number) {
            return TD_OK;
        }

        return td_append_array(a, current, value, result);
    }

    if (current->type == TD_STRING) {

        if ((double) td_utf16_length(current->u.string) != offset->u.number) {
            return TD_OK;
        }

        return td_append_string(a, current, value, result);
    }

    return TD_OK;
}


/*
 * Gives the new value of a key that has the value "current" or, NULL, none.
 * NULL as the result is no value: deleted, or put without one (undefined).
 */

static int
td_apply_op(td_arena_t *a, td_json_t *current, const td_json_t *op,
    td_json_t **result)
{
    td_json_t  *value;
    td_str_t    name;

    *result = current;

    if (op->type != TD_ARRAY) {
        return TD_BAD;
    }

    if (op->count == 0 || op->u.items[0]->type != TD_STRING) {
        return TD_OK;
    }

    name = op->u.items[0]->u.string;

    if (td_str_is(name, "put")) {
        value = op->count > 1 ? op->u.items[1] : NULL;

        if (current == NULL || value == NULL
            || !td_json_equal(current, value))
        {
            *result = value;
        }

        return TD_OK;
    }

    if (td_str_is(name, "patch")) {

        if (current == NULL
            || (current->type != TD_OBJECT && current->type != TD_ARRAY))
        {
            return TD_OK;
        }

        if (op->count < 2) {
            return TD_BAD;
        }

        return td_value_apply(a, current, op->u.items[1], result);
    }

    if (td_str_is(name, "append")) {
        return td_apply_append(a, current, op, result);
    }

    if (td_str_is(name, "delete")) {
        *result = NULL;
    }

    return TD_OK;
}


/*
 * The author may have seen a longer array than there is now: what reaches
 * beyond its end meets no value, as a missing key of an object does.  A put
 * right at the end is one more item; farther out it would leave a hole, which
 * no record may have, and has no effect.
 */

static int
td_apply_array(td_arena_t *a, td_json_t *array, const td_json_t *patch,
    td_json_t **result)
{
    int           rc;
    int64_t       i, n;
    uint32_t      k;
    td_json_t    *copy, *current, *value;
    td_member_t  *m;

    copy = NULL;

    for (k = 0; k < patch->count; k++) {
        m = &patch->u.members[k];

        i = td_array_index(m->key);
        if (i < 0) {
            return TD_BAD;
        }

        n = copy != NULL ? copy->count : array->count;

        if (i >= n) {
            current = NULL;

        } else {
            current = (copy != NULL ? copy : array)->u.items[i];
        }

        rc = td_apply_op(a, current, m->value, &value);
        if (rc != TD_OK) {
            return rc;
        }

        if (value == current || i > n) {
            continue;
        }

        if (copy == NULL) {
            if (patch->count > UINT32_MAX - array->count) {
                return TD_NOMEM;
            }

            copy = td_json_array(a, array->count + patch->count);
            if (copy == NULL) {
                return TD_NOMEM;
            }

            copy->count = array->count;

            if (array->count != 0) {
                memcpy(copy->u.items, array->u.items,
                       array->count * sizeof(td_json_t *));
            }
        }

        if (i == n) {
            copy->count++;
        }

        /* a hole of the array is null in JSON */

        copy->u.items[i] = value != NULL ? value : &td_null;
    }

    *result = copy != NULL ? copy : array;

    return TD_OK;
}


/* A copy with room for "more" new members. */

static td_json_t *
td_copy_object(td_arena_t *a, const td_json_t *object, uint32_t more)
{
    td_json_t  *copy;

    if (more > UINT32_MAX - object->count) {
        return NULL;
    }

    copy = td_json_object(a, object->count + more);
    if (copy == NULL) {
        return NULL;
    }

    if (object->count != 0) {
        memcpy(copy->u.members, object->u.members,
               object->count * sizeof(td_member_t));
    }

    copy->count = object->count;

    return copy;
}


static void
td_drop_deleted(td_json_t *object)
{
    uint32_t      i, n;
    td_member_t  *members;

    members = object->u.members;
    n = 0;

    for (i = 0; i < object->count; i++) {
        if (members[i].value != NULL) {
            members[n++] = members[i];
        }
    }

    object->count = n;
}


static int
td_apply_object(td_arena_t *a, td_json_t *object, const td_json_t *patch,
    td_json_t **result)
{
    int           rc, deleted;
    uint32_t      i;
    td_json_t    *copy, *current, *value;
    td_member_t  *m, *old;

    copy = NULL;
    deleted = 0;

    for (i = 0; i < patch->count; i++) {
        m = &patch->u.members[i];

        old = td_json_member(object, m->key);
        current = old != NULL ? old->value : NULL;

        rc = td_apply_op(a, current, m->value, &value);
        if (rc != TD_OK) {
            return rc;
        }

        if (value == current || td_str_is(m->key, "__proto__")) {
            continue;
        }

        if (copy == NULL) {
            copy = td_copy_object(a, object, patch->count - i);
            if (copy == NULL) {
                return TD_NOMEM;
            }
        }

        if (old != NULL) {
            copy->u.members[old - object->u.members].value = value;
            deleted |= (value == NULL);

        } else {
            copy->u.members[copy->count].key = m->key;
            copy->u.members[copy->count].value = value;
            copy->count++;
        }
    }

    if (deleted) {
        td_drop_deleted(copy);
    }

    *result = copy != NULL ? copy : object;

    return TD_OK;
}


int
td_value_apply(td_arena_t *a, td_json_t *object, const td_json_t *patch,
    td_json_t **result)
{
    if (patch->type != TD_OBJECT) {
        return TD_BAD;
    }

    if (object->type == TD_OBJECT) {
        return td_apply_object(a, object, patch, result);
    }

    if (object->type == TD_ARRAY) {
        return td_apply_array(a, object, patch, result);
    }

    *result = object;

    return TD_OK;
}
