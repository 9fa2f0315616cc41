
/*
 * Schema check: walks a record along the compiled validators.
 *
 * Runs for every record that a push touches: no allocation, one pass over the
 * members, no look at a string that is not asked for.  Recursion follows the
 * description, whose nesting is bounded at load, and free-form values down to
 * TD_SCHEMA_DEPTH.  It must never accept what a client of the description
 * refuses, nor the other way round.
 */


#include <math.h>
#include <stdio.h>

#include "td_schema_node.h"


#define TD_QUOTE_MAX    32


/* One step of the way from the record to a value, for the message. */

typedef struct td_step_s  td_step_t;

struct td_step_s {
    const td_step_t  *parent;
    td_str_t          key;
    uint32_t          index;        /* when key.data is NULL */
};


typedef struct {
    char             *error;
    size_t            size;
} td_check_t;


static int td_check_node(td_check_t *c, const td_step_t *step,
    const td_node_t *node, const td_json_t *v, unsigned depth);
static int td_check_object(td_check_t *c, const td_step_t *step,
    const td_node_t *node, const td_json_t *v, unsigned depth);
static int td_check_array_as_object(td_check_t *c, const td_step_t *step,
    const td_node_t *node, const td_json_t *v, unsigned depth);
static int td_check_union(td_check_t *c, const td_step_t *step,
    const td_node_t *node, const td_json_t *v, unsigned depth);
static int td_check_array(td_check_t *c, const td_step_t *step,
    const td_node_t *node, const td_json_t *v, unsigned depth);
static int td_check_dict(td_check_t *c, const td_step_t *step,
    const td_node_t *node, const td_json_t *v, unsigned depth);
static int td_check_number(td_op_e op, double n);
static int td_check_url(td_op_e op, td_str_t s);
static int td_check_values(const td_node_t *node, const td_json_t *v);
static int td_check_prefix(const td_node_t *node, td_str_t s);
static int td_check_free(const td_json_t *v, unsigned depth);
static const td_json_t *td_check_own(const td_json_t *v, td_str_t key,
    td_json_t *length);
static int td_check_index(td_str_t key, uint32_t *index);
static int td_check_fail(td_check_t *c, const td_step_t *step,
    const char *reason);
static size_t td_check_quote(char *p, size_t size, td_str_t s);


static const char  *td_op_expected[] = {
    "expected a finite value",
    "expected a string",
    "expected a finite number",
    "expected a number not below 0",
    "expected a number above 0",
    "expected a number other than 0",
    "expected a number between 0 and 1",
    "expected an integer",
    "expected an integer not below 0",
    "expected an integer above 0",
    "expected a boolean",
    "expected an array",
    "expected an object",
    "expected a finite value",
    "expected nothing that JSON can carry",
    "expected a link url",
    "expected a source url",
    "expected an http url",
    "expected an index key",
    "expected an index key",
    "expected an index key",
    "expected an object",
    "expected an object",
    "expected an array",
    "expected an object",
    "expected the one value allowed here",
    "expected one of the values allowed here",
    "expected another value or null",
    "expected another value",
    "expected a string with the right prefix"
};


int
td_schema_check(const td_schema_t *s, const td_json_t *record, char *error,
    size_t size)
{
    td_check_t               c;
    const td_json_t         *name;
    const td_record_type_t  *type;

    c.error = error;
    c.size = (error == NULL) ? 0 : size;

    name = td_json_get_lit(record, "typeName");

    if (name == NULL || name->type != TD_STRING) {
        return td_check_fail(&c, NULL, "expected an object with a typeName");
    }

    type = td_schema_type(s, name->u.string);

    if (type == NULL || type->node == NULL) {
        return td_check_fail(&c, NULL, "typeName of no synced record");
    }

    if (!td_check_node(&c, NULL, type->node, record, 0)) {
        return 0;
    }

    if (c.size) {
        error[0] = '\0';
    }

    return 1;
}


static int
td_check_node(td_check_t *c, const td_step_t *step, const td_node_t *node,
    const td_json_t *v, unsigned depth)
{
    int  ok;

    switch (node->op) {

    case TD_OP_OBJECT:
        return td_check_object(c, step, node, v, depth);

    case TD_OP_UNION:
        return td_check_union(c, step, node, v, depth);

    case TD_OP_ARRAY:
        return td_check_array(c, step, node, v, depth);

    case TD_OP_DICT:
        return td_check_dict(c, step, node, v, depth);

    case TD_OP_NULLABLE:
        return v->type == TD_NULL
               || td_check_node(c, step, node->a, v, depth);

    case TD_OP_OR:
        return td_check_node(c, step, node->a, v, depth)
               || td_check_node(c, step, node->b, v, depth);

    case TD_OP_ANY:
    case TD_OP_JSON:
        ok = td_check_free(v, depth);
        break;

    case TD_OP_ANY_ARRAY:
        ok = (v->type == TD_ARRAY && td_check_free(v, depth));
        break;

    case TD_OP_ANY_OBJECT:
        ok = ((v->type == TD_OBJECT || v->type == TD_ARRAY)
              && td_check_free(v, depth));
        break;

    case TD_OP_BOOLEAN:
        ok = (v->type == TD_TRUE || v->type == TD_FALSE);
        break;

    case TD_OP_STRING:
        ok = (v->type == TD_STRING);
        break;

    case TD_OP_PREFIX:
        ok = (v->type == TD_STRING && td_check_prefix(node, v->u.string));
        break;

    case TD_OP_LITERAL:
        ok = td_check_values(node, v);
        break;

    case TD_OP_ENUM:
        ok = (v->type == TD_STRING)
             ? td_schema_find(&node->fields, v->u.string) != NULL
             : td_check_values(node, v);
        break;

    case TD_OP_LINK_URL:
    case TD_OP_SRC_URL:
    case TD_OP_HTTP_URL:
        ok = (v->type == TD_STRING && td_check_url(node->op, v->u.string));
        break;

    case TD_OP_INDEX_3:
    case TD_OP_INDEX_4:
    case TD_OP_INDEX_5:
        ok = (v->type == TD_STRING
              && td_index_key_valid(v->u.string, node->op));
        break;

    case TD_OP_NEVER:
        ok = 0;
        break;

    default:
        ok = (v->type == TD_NUMBER && td_check_number(node->op, v->u.number));
        break;
    }

    return ok ? 1 : td_check_fail(c, step, td_op_expected[node->op]);
}


static int
td_check_object(td_check_t *c, const td_step_t *step, const td_node_t *node,
    const td_json_t *v, unsigned depth)
{
    uint32_t           i, required;
    td_step_t          at;
    td_member_t       *m;
    const td_field_t  *f;

    if (v->type == TD_ARRAY) {
        return td_check_array_as_object(c, step, node, v, depth);
    }

    if (v->type != TD_OBJECT) {
        return td_check_fail(c, step, td_op_expected[node->op]);
    }

    at.parent = step;
    at.key = td_str("");
    at.index = 0;
    required = 0;

    for (i = 0; i < v->count; i++) {
        m = &v->u.members[i];
        at.key = m->key;

        f = td_schema_find(&node->fields, m->key);

        if (f == NULL) {
            if (!node->open) {
                return td_check_fail(c, &at, "unexpected field");
            }

            if (!td_check_free(m->value, depth + 1)) {
                return td_check_fail(c, &at, td_op_expected[TD_OP_ANY]);
            }

            continue;
        }

        if (!td_check_node(c, &at, f->node, m->value, depth + 1)) {
            return 0;
        }

        required += !f->node->missing;
    }

    if (required == node->required) {
        return 1;
    }

    for (i = 0; i <= node->fields.mask; i++) {
        f = &node->fields.slots[i];

        if (f->name.data != NULL && !f->node->missing
            && td_json_get(v, f->name) == NULL)
        {
            at.key = f->name;
            break;
        }
    }

    return td_check_fail(c, &at, "missing field");
}


/*
 * To JavaScript an array is an object, too: with its indices as fields and
 * an own "length" that does not count as an unknown one.
 */

static int
td_check_array_as_object(td_check_t *c, const td_step_t *step,
    const td_node_t *node, const td_json_t *v, unsigned depth)
{
    char               name[16];
    uint32_t           i;
    td_str_t           key;
    td_step_t          at;
    td_json_t          length;
    const td_json_t   *value;
    const td_field_t  *f;

    at.parent = step;
    at.index = 0;

    for (i = 0; i <= node->fields.mask; i++) {
        f = &node->fields.slots[i];

        if (f->name.data == NULL) {
            continue;
        }

        at.key = f->name;
        value = td_check_own(v, f->name, &length);

        if (value == NULL) {
            if (!f->node->missing) {
                return td_check_fail(c, &at, "missing field");
            }

        } else if (!td_check_node(c, &at, f->node, value, depth + 1)) {
            return 0;
        }
    }

    if (node->open) {
        return td_check_free(v, depth)
               || td_check_fail(c, step, td_op_expected[TD_OP_ANY]);
    }

    for (i = 0; i < v->count; i++) {
        key.data = name;
        key.len = snprintf(name, sizeof(name), "%lu", (unsigned long) i);

        if (td_schema_find(&node->fields, key) == NULL) {
            at.key = key;
            return td_check_fail(c, &at, "unexpected field");
        }
    }

    return 1;
}


static int
td_check_union(td_check_t *c, const td_step_t *step, const td_node_t *node,
    const td_json_t *v, unsigned depth)
{
    char               name[32];
    td_str_t           key;
    td_step_t          at;
    td_json_t          length;
    const td_field_t  *f;
    const td_json_t   *variant;

    if (v->type != TD_OBJECT && v->type != TD_ARRAY) {
        return td_check_fail(c, step, td_op_expected[node->op]);
    }

    at.parent = step;
    at.key = node->key;
    at.index = 0;

    variant = td_check_own(v, node->key, &length);

    /* the key of a number union is made a property name: [1] becomes "1" */

    while (node->numbers && variant != NULL && variant->type == TD_ARRAY
           && variant->count == 1)
    {
        variant = variant->u.items[0];
    }

    if (variant == NULL) {
        return td_check_fail(c, &at, "missing field");
    }

    if (variant->type == TD_STRING) {
        key = variant->u.string;

    } else if (node->numbers && variant->type == TD_NUMBER
               && fabs(variant->u.number) < 1e15
               && variant->u.number == floor(variant->u.number))
    {
        key.data = name;
        key.len = snprintf(name, sizeof(name), "%.0f",
                           variant->u.number + 0.0);

    } else {
        return td_check_fail(c, &at, "expected the name of a variant");
    }

    f = td_schema_find(&node->fields, key);

    if (f == NULL) {
        return td_check_fail(c, &at, "expected the name of a variant");
    }

    return td_check_node(c, step, f->node, v, depth);
}


static int
td_check_array(td_check_t *c, const td_step_t *step, const td_node_t *node,
    const td_json_t *v, unsigned depth)
{
    td_step_t  at;

    if (v->type != TD_ARRAY) {
        return td_check_fail(c, step, td_op_expected[node->op]);
    }

    if (v->count < node->count) {
        return td_check_fail(c, step, "array is too short");
    }

    at.parent = step;
    at.key.data = NULL;
    at.key.len = 0;

    for (at.index = 0; at.index < v->count; at.index++) {
        if (!td_check_node(c, &at, node->a, v->u.items[at.index], depth + 1)) {
            return 0;
        }
    }

    return 1;
}


static int
td_check_dict(td_check_t *c, const td_step_t *step, const td_node_t *node,
    const td_json_t *v, unsigned depth)
{
    char        name[16];
    uint32_t    i;
    td_step_t   at;
    td_json_t  *value, key;

    if (v->type != TD_OBJECT && v->type != TD_ARRAY) {
        return td_check_fail(c, step, td_op_expected[node->op]);
    }

    at.parent = step;
    at.index = 0;

    memset(&key, 0, sizeof(td_json_t));
    key.type = TD_STRING;

    for (i = 0; i < v->count; i++) {

        if (v->type == TD_OBJECT) {
            key.u.string = v->u.members[i].key;
            value = v->u.members[i].value;

        } else {
            key.u.string.data = name;
            key.u.string.len = snprintf(name, sizeof(name), "%lu",
                                        (unsigned long) i);
            value = v->u.items[i];
        }

        at.key = key.u.string;

        if (!td_check_node(c, &at, node->a, &key, depth + 1)
            || !td_check_node(c, &at, node->b, value, depth + 1))
        {
            return 0;
        }
    }

    return 1;
}


static int
td_check_number(td_op_e op, double n)
{
    if (!isfinite(n)) {
        return 0;
    }

    switch (op) {

    case TD_OP_POSITIVE:
        return n >= 0;

    case TD_OP_ABOVE_ZERO:
        return n > 0;

    case TD_OP_NOT_ZERO:
        return n != 0;

    case TD_OP_UNIT:
        return n >= 0 && n <= 1;

    case TD_OP_INTEGER:
        return n == floor(n);

    case TD_OP_POSITIVE_INTEGER:
        return n >= 0 && n == floor(n);

    case TD_OP_INTEGER_ABOVE_ZERO:
        return n > 0 && n == floor(n);

    default:
        return 1;
    }
}


static int
td_check_url(td_op_e op, td_str_t s)
{
    td_url_e  scheme;

    if (s.len == 0) {
        return 1;
    }

    scheme = td_url_scheme(s);

    switch (scheme) {

    case TD_URL_HTTP:
        return 1;

    case TD_URL_MAILTO:
        return op == TD_OP_LINK_URL;

    case TD_URL_DATA:
    case TD_URL_ASSET:
        return op == TD_OP_SRC_URL;

    default:
        return 0;
    }
}


/* Strict equality with one of the values, which are no containers. */

static int
td_check_values(const td_node_t *node, const td_json_t *v)
{
    uint32_t      i;
    td_scalar_t  *s;

    for (i = 0; i < node->count; i++) {
        s = &node->values[i];

        if (s->type != v->type) {
            continue;
        }

        switch (v->type) {

        case TD_NUMBER:
            if (s->number == v->u.number) {
                return 1;
            }

            break;

        case TD_STRING:
            if (td_str_eq(s->string, v->u.string)) {
                return 1;
            }

            break;

        default:
            return 1;
        }
    }

    return 0;
}


static int
td_check_prefix(const td_node_t *node, td_str_t s)
{
    uint32_t  i;
    td_str_t  prefix;

    for (i = 0; i < node->count; i++) {
        prefix = node->values[i].string;

        if (s.len >= prefix.len
            && memcmp(s.data, prefix.data, prefix.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Any JSON value, as long as its numbers are finite and its depth bounded. */

static int
td_check_free(const td_json_t *v, unsigned depth)
{
    uint32_t  i;

    switch (v->type) {

    case TD_NUMBER:
        return isfinite(v->u.number);

    case TD_ARRAY:
        if (depth >= TD_SCHEMA_DEPTH) {
            return 0;
        }

        for (i = 0; i < v->count; i++) {
            if (!td_check_free(v->u.items[i], depth + 1)) {
                return 0;
            }
        }

        return 1;

    case TD_OBJECT:
        if (depth >= TD_SCHEMA_DEPTH) {
            return 0;
        }

        for (i = 0; i < v->count; i++) {
            if (!td_check_free(v->u.members[i].value, depth + 1)) {
                return 0;
            }
        }

        return 1;

    default:
        return 1;
    }
}


/* The own property of an object or array; "length" is made on the spot. */

static const td_json_t *
td_check_own(const td_json_t *v, td_str_t key, td_json_t *length)
{
    uint32_t  index;

    if (v->type == TD_OBJECT) {
        return td_json_get(v, key);
    }

    if (td_str_is(key, "length")) {
        memset(length, 0, sizeof(td_json_t));
        length->type = TD_NUMBER;
        length->u.number = v->count;

        return length;
    }

    if (!td_check_index(key, &index) || index >= v->count) {
        return NULL;
    }

    return v->u.items[index];
}


static int
td_check_index(td_str_t key, uint32_t *index)
{
    size_t  i;

    if (key.len == 0 || key.len > 9 || (key.len > 1 && key.data[0] == '0')) {
        return 0;
    }

    *index = 0;

    for (i = 0; i < key.len; i++) {
        if (key.data[i] < '0' || key.data[i] > '9') {
            return 0;
        }

        *index = *index * 10 + (key.data[i] - '0');
    }

    return 1;
}


/* Writes "props.points.3.x: reason" and returns 0. */

static int
td_check_fail(td_check_t *c, const td_step_t *step, const char *reason)
{
    char              text[TD_QUOTE_MAX + 1];
    size_t            n, at, left;
    unsigned          i, steps;
    const td_step_t  *s, *path[TD_SCHEMA_NODE_DEPTH + 2];

    if (c->size == 0) {
        return 0;
    }

    steps = 0;

    for (s = step; s != NULL && steps < TD_SCHEMA_NODE_DEPTH + 2;
         s = s->parent)
    {
        path[steps++] = s;
    }

    at = 0;

    for (i = steps; i > 0; i--) {
        s = path[i - 1];

        if (s->key.data != NULL) {
            n = td_check_quote(text, sizeof(text), s->key);

        } else {
            n = snprintf(text, sizeof(text), "%lu", (unsigned long) s->index);
        }

        left = c->size - 1 - at;

        if (at > 0 && left > 0) {
            c->error[at++] = '.';
            left--;
        }

        n = (n < left) ? n : left;
        memcpy(c->error + at, text, n);
        at += n;
    }

    snprintf(c->error + at, c->size - at, "%s%s", steps ? ": " : "", reason);

    return 0;
}


/* At most TD_QUOTE_MAX bytes, printable ASCII: it goes to a log. */

static size_t
td_check_quote(char *p, size_t size, td_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len && i < size - 1; i++) {
        p[i] = (s.data[i] >= 0x20 && s.data[i] < 0x7f) ? s.data[i] : '?';
    }

    return i;
}
