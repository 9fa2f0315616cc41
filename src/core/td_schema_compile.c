
/*
 * Schema descriptions: the validators, compiled into nodes.
 *
 * Reads the parsed description once, at load; every shape that the exporter
 * does not write is refused.  All memory comes from the arena of the schema.
 */


#include <math.h>
#include <stdio.h>

#include "td_schema_node.h"


typedef struct {
    td_str_t      name;
    td_op_e       op;
} td_leaf_name_t;


static int td_schema_leaf(td_load_t *l, const td_json_t *v, td_node_t *node);
static int td_schema_inner(td_load_t *l, const td_json_t *v, unsigned depth,
    td_node_t *node);
static int td_schema_table(td_load_t *l, const td_json_t *v, unsigned depth,
    td_node_t *node);
static int td_schema_values(td_load_t *l, const td_json_t *v,
    td_node_t *node);
static int td_schema_fields(td_load_t *l, td_fields_t *f, uint32_t count);
static td_field_t *td_schema_slot(td_load_t *l, td_fields_t *f, td_str_t name);
static int td_schema_number_key(td_str_t s);


static const td_leaf_name_t  td_leaf_names[] = {
    { td_str("any"), TD_OP_ANY },
    { td_str("unknown"), TD_OP_ANY },
    { td_str("string"), TD_OP_STRING },
    { td_str("number"), TD_OP_NUMBER },
    { td_str("positiveNumber"), TD_OP_POSITIVE },
    { td_str("nonZeroNumber"), TD_OP_ABOVE_ZERO },
    { td_str("nonZeroFiniteNumber"), TD_OP_NOT_ZERO },
    { td_str("unitInterval"), TD_OP_UNIT },
    { td_str("integer"), TD_OP_INTEGER },
    { td_str("positiveInteger"), TD_OP_POSITIVE_INTEGER },
    { td_str("nonZeroInteger"), TD_OP_INTEGER_ABOVE_ZERO },
    { td_str("boolean"), TD_OP_BOOLEAN },
    { td_str("array"), TD_OP_ANY_ARRAY },
    { td_str("unknownObject"), TD_OP_ANY_OBJECT },
    { td_str("jsonValue"), TD_OP_JSON },
    { td_str("bigint"), TD_OP_NEVER },
    { td_str("linkUrl"), TD_OP_LINK_URL },
    { td_str("srcUrl"), TD_OP_SRC_URL },
    { td_str("httpUrl"), TD_OP_HTTP_URL },
    { td_str("indexKey3"), TD_OP_INDEX_3 },
    { td_str("indexKey4"), TD_OP_INDEX_4 },
    { td_str("indexKey5"), TD_OP_INDEX_5 }
};


int
td_schema_node(td_load_t *l, const td_json_t *v, unsigned depth,
    const td_node_t **result)
{
    int         rc;
    td_str_t    op;
    td_node_t  *node;

    if (depth > TD_SCHEMA_NODE_DEPTH) {
        return td_schema_fail(l, "validators are nested too deep");
    }

    if (++l->schema->nnodes > TD_SCHEMA_NODES_MAX) {
        return td_schema_fail(l, "too many validators");
    }

    node = td_arena_alloc(l->schema->arena, sizeof(td_node_t));
    if (node == NULL) {
        return TD_NOMEM;
    }

    memset(node, 0, sizeof(td_node_t));
    *result = node;

    if (v->type == TD_STRING) {
        return td_schema_leaf(l, v, node);
    }

    if (v->type != TD_ARRAY || v->count < 2
        || v->u.items[0]->type != TD_STRING)
    {
        return td_schema_fail(l, "a validator is neither a name nor an array");
    }

    op = v->u.items[0]->u.string;

    if (td_str_is(op, "object")) {
        node->op = TD_OP_OBJECT;
        rc = td_schema_table(l, v, depth, node);

    } else if (td_str_is(op, "union")) {
        node->op = TD_OP_UNION;
        rc = td_schema_table(l, v, depth, node);

    } else if (td_str_is(op, "literal")) {
        node->op = TD_OP_LITERAL;
        rc = td_schema_values(l, v, node);

    } else if (td_str_is(op, "enum")) {
        node->op = TD_OP_ENUM;
        rc = td_schema_values(l, v, node);

    } else if (td_str_is(op, "prefix")) {
        node->op = TD_OP_PREFIX;
        rc = td_schema_values(l, v, node);

    } else {
        rc = td_schema_inner(l, v, depth, node);
    }

    return rc;
}


static int
td_schema_leaf(td_load_t *l, const td_json_t *v, td_node_t *node)
{
    size_t  i;

    for (i = 0; i < sizeof(td_leaf_names) / sizeof(td_leaf_names[0]); i++) {
        if (td_str_eq(td_leaf_names[i].name, v->u.string)) {
            node->op = td_leaf_names[i].op;
            node->missing = (node->op == TD_OP_ANY);

            return TD_OK;
        }
    }

    return td_schema_fail(l, "unknown name of a validator");
}


/* Validators around one or two others. */

static int
td_schema_inner(td_load_t *l, const td_json_t *v, unsigned depth,
    td_node_t *node)
{
    int       rc;
    td_str_t  op;
    uint32_t  n;

    op = v->u.items[0]->u.string;
    n = 2;

    if (td_str_is(op, "array")) {
        node->op = TD_OP_ARRAY;

        if (v->count == 3) {
            if (td_schema_uint(v->u.items[2], &node->count) != TD_OK) {
                return td_schema_fail(l, "least size of an array is no number");
            }

            n = 3;
        }

    } else if (td_str_is(op, "nullable")) {
        node->op = TD_OP_NULLABLE;

    } else if (td_str_is(op, "optional")) {
        node->op = TD_OP_OR;

    } else if (td_str_is(op, "or")) {
        node->op = TD_OP_OR;
        n = 3;

    } else if (td_str_is(op, "dict")) {
        node->op = TD_OP_DICT;
        n = 3;

    } else {
        return td_schema_fail(l, "unknown kind of a validator");
    }

    if (v->count != n) {
        return td_schema_fail(l, "wrong number of arguments of a validator");
    }

    rc = td_schema_node(l, v->u.items[1], depth + 1, &node->a);

    if (rc == TD_OK && n == 3 && node->op != TD_OP_ARRAY) {
        rc = td_schema_node(l, v->u.items[2], depth + 1, &node->b);
    }

    if (rc != TD_OK) {
        return rc;
    }

    if (node->op == TD_OP_NULLABLE) {
        node->missing = node->a->missing;

    } else if (node->op == TD_OP_OR) {

        if (node->b != NULL) {
            node->missing = (node->a->missing || node->b->missing);

        } else {
            /* optional: for a value that is there, the inner one alone */
            *node = *node->a;
            node->missing = 1;
        }
    }

    return TD_OK;
}


/* ["object", fields, open] and ["union", key, variants, "number"] */

static int
td_schema_table(td_load_t *l, const td_json_t *v, unsigned depth,
    td_node_t *node)
{
    int               rc;
    uint32_t          i, at;
    td_field_t       *slot;
    const td_json_t  *table, *more;

    at = (node->op == TD_OP_UNION) ? 2 : 1;

    if (v->count <= at || v->count > at + 2
        || v->u.items[at]->type != TD_OBJECT)
    {
        return td_schema_fail(l, "object or union has wrong arguments");
    }

    table = v->u.items[at];
    more = (v->count == at + 2) ? v->u.items[at + 1] : NULL;

    if (node->op == TD_OP_UNION) {
        if (v->u.items[1]->type != TD_STRING) {
            return td_schema_fail(l, "key of a union is not a string");
        }

        rc = td_schema_copy(l, v->u.items[1]->u.string, &node->key);
        if (rc != TD_OK) {
            return rc;
        }

        if (more != NULL) {
            if (more->type != TD_STRING
                || !td_str_is(more->u.string, "number"))
            {
                return td_schema_fail(l, "kind of a union is unknown");
            }

            node->numbers = 1;
        }

    } else if (more != NULL) {
        if (more->type != TD_TRUE && more->type != TD_FALSE) {
            return td_schema_fail(l, "\"open\" of an object is no boolean");
        }

        node->open = (more->type == TD_TRUE);
    }

    rc = td_schema_fields(l, &node->fields, table->count);
    if (rc != TD_OK) {
        return rc;
    }

    for (i = 0; i < table->count; i++) {

        if (node->numbers && !td_schema_number_key(table->u.members[i].key)) {
            return td_schema_fail(l, "variant of a number union is no integer");
        }

        slot = td_schema_slot(l, &node->fields, table->u.members[i].key);
        if (slot == NULL) {
            return TD_NOMEM;
        }

        rc = td_schema_node(l, table->u.members[i].value, depth + 1,
                            &slot->node);
        if (rc != TD_OK) {
            return rc;
        }

        if (!slot->node->missing) {
            node->required++;
        }
    }

    return TD_OK;
}


/* ["literal", value], ["enum", value...] and ["prefix", text...] */

static int
td_schema_values(td_load_t *l, const td_json_t *v, td_node_t *node)
{
    int               rc;
    uint32_t          i;
    td_scalar_t      *value;
    const td_json_t  *item;

    if (node->op == TD_OP_LITERAL && v->count != 2) {
        return td_schema_fail(l, "literal has not exactly one value");
    }

    value = td_arena_alloc(l->schema->arena,
                           (v->count - 1) * sizeof(td_scalar_t));
    if (value == NULL) {
        return TD_NOMEM;
    }

    node->values = value;

    if (node->op == TD_OP_ENUM) {
        rc = td_schema_fields(l, &node->fields, v->count - 1);
        if (rc != TD_OK) {
            return rc;
        }
    }

    for (i = 1; i < v->count; i++) {
        item = v->u.items[i];

        if (item->type == TD_ARRAY || item->type == TD_OBJECT
            || (node->op == TD_OP_PREFIX && item->type != TD_STRING)
            || (item->type == TD_NUMBER && !isfinite(item->u.number)))
        {
            return td_schema_fail(l, "value of a literal, enum or prefix");
        }

        if (node->op == TD_OP_ENUM && item->type == TD_STRING) {
            if (td_schema_slot(l, &node->fields, item->u.string) == NULL) {
                return TD_NOMEM;
            }

            continue;
        }

        memset(value, 0, sizeof(td_scalar_t));
        value->type = item->type;

        if (item->type == TD_NUMBER) {
            value->number = item->u.number;

        } else if (item->type == TD_STRING) {
            rc = td_schema_copy(l, item->u.string, &value->string);
            if (rc != TD_OK) {
                return rc;
            }
        }

        value++;
        node->count++;
    }

    return TD_OK;
}


static int
td_schema_fields(td_load_t *l, td_fields_t *f, uint32_t count)
{
    uint32_t  n;

    for (n = 4; n < count * 2; n *= 2) { /* void */ }

    f->slots = td_arena_alloc(l->schema->arena, n * sizeof(td_field_t));
    if (f->slots == NULL) {
        return TD_NOMEM;
    }

    memset(f->slots, 0, n * sizeof(td_field_t));
    f->mask = n - 1;

    return TD_OK;
}


/* The slot of a name, a new one if need be; NULL when out of memory. */

static td_field_t *
td_schema_slot(td_load_t *l, td_fields_t *f, td_str_t name)
{
    uint32_t     i;
    td_field_t  *slot;

    for (i = td_schema_hash(name); /* void */ ; i++) {
        slot = &f->slots[i & f->mask];

        if (slot->name.data == NULL) {
            break;
        }

        if (td_str_eq(slot->name, name)) {
            return slot;
        }
    }

    if (td_schema_copy(l, name, &slot->name) != TD_OK) {
        return NULL;
    }

    return slot;
}


/* Whether s is how JavaScript writes a safe integer. */

static int
td_schema_number_key(td_str_t s)
{
    size_t  i;

    i = (s.len > 1 && s.data[0] == '-');

    if (s.len == i || s.len - i > 15
        || (s.data[i] == '0' && (s.len > 1 || i == 1)))
    {
        return 0;
    }

    for ( /* void */ ; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return 0;
        }
    }

    return 1;
}


int
td_schema_copy(td_load_t *l, td_str_t from, td_str_t *to)
{
    char  *p;

    p = td_arena_alloc(l->schema->arena, from.len + 1);
    if (p == NULL) {
        return TD_NOMEM;
    }

    if (from.len) {
        memcpy(p, from.data, from.len);
    }

    p[from.len] = '\0';

    to->data = p;
    to->len = from.len;

    return TD_OK;
}


int
td_schema_uint(const td_json_t *v, uint32_t *n)
{
    if (v->type != TD_NUMBER || !(v->u.number >= 0)
        || v->u.number > 1000000000 || v->u.number != floor(v->u.number))
    {
        return TD_BAD;
    }

    *n = (uint32_t) v->u.number;

    return TD_OK;
}


int
td_schema_fail(td_load_t *l, const char *reason)
{
    if (l->size) {
        snprintf(l->error, l->size, "%s", reason);
    }

    return TD_BAD;
}
