
/*
 * Schema descriptions: loading, matching with a client, scopes.
 *
 * The text comes from an operator's file and is not trusted: every shape that
 * the exporter does not write is refused with a reason, sizes and nesting are
 * bounded.  The parsed tree is thrown away; what stays is compiled into the
 * schema's own arena (td_schema_compile.c).
 */


#include "td_schema_node.h"


#define TD_SCHEMA_JSON_DEPTH  (TD_SCHEMA_NODE_DEPTH * 2 + 16)
#define TD_SCHEMA_PREFIX      "com.tldraw."


static int td_schema_compile(td_load_t *l, const td_json_t *root);
static int td_schema_compile_sequences(td_load_t *l, const td_json_t *root);
static int td_schema_compile_types(td_load_t *l, const td_json_t *root);
static const td_json_t *td_schema_client(const td_json_t *client,
    double schema_version, td_str_t name);


int
td_schema_load(const char *text, size_t len, td_schema_t **schema,
    char *error, size_t size)
{
    int           rc;
    char         *copy;
    td_json_t    *root;
    td_load_t     l;
    td_arena_t   *arena, *temp;

    *schema = NULL;

    l.schema = NULL;
    l.error = error;
    l.size = (error == NULL) ? 0 : size;

    if (l.size) {
        error[0] = '\0';
    }

    if (len > TD_SCHEMA_TEXT_MAX) {
        return td_schema_fail(&l, "description is larger than 4 MB");
    }

    arena = td_arena_create(64 * 1024, 0);
    if (arena == NULL) {
        return TD_NOMEM;
    }

    temp = td_arena_create(64 * 1024, 0);
    if (temp == NULL) {
        td_arena_destroy(arena);
        return TD_NOMEM;
    }

    rc = TD_NOMEM;

    l.schema = td_arena_alloc(arena, sizeof(td_schema_t));
    copy = td_arena_alloc(temp, len);

    if (l.schema == NULL || copy == NULL) {
        goto done;
    }

    memset(l.schema, 0, sizeof(td_schema_t));
    l.schema->arena = arena;

    if (len) {
        memcpy(copy, text, len);
    }

    rc = td_json_parse(temp, copy, len, TD_SCHEMA_JSON_DEPTH, &root);

    if (rc == TD_OK) {
        rc = td_schema_compile(&l, root);

    } else if (rc == TD_DEPTH) {
        rc = td_schema_fail(&l, "description is nested too deep");

    } else if (rc == TD_BAD) {
        rc = td_schema_fail(&l, "description is not JSON");
    }

done:

    td_arena_destroy(temp);

    if (rc != TD_OK) {
        td_arena_destroy(arena);
        return rc;
    }

    *schema = l.schema;

    return TD_OK;
}


void
td_schema_destroy(td_schema_t *s)
{
    if (s != NULL) {
        td_arena_destroy(s->arena);
    }
}


td_str_t
td_schema_name(const td_schema_t *s)
{
    return s->name;
}


td_str_t
td_schema_serialized(const td_schema_t *s)
{
    return s->serialized;
}


size_t
td_schema_sequences(const td_schema_t *s)
{
    return s->nsequences;
}


int
td_schema_matches(const td_schema_t *s, const td_json_t *client)
{
    size_t            i;
    double            version;
    td_sequence_t    *seq;
    const td_json_t  *v;

    v = td_json_get_lit(client, "schemaVersion");

    if (v == NULL || v->type != TD_NUMBER) {
        return 0;
    }

    version = v->u.number;

    if (version == 2) {
        v = td_json_get_lit(client, "sequences");

    } else if (version == 1) {
        v = td_json_get_lit(client, "recordVersions");

    } else {
        return 0;
    }

    if (v == NULL || v->type != TD_OBJECT) {
        return 0;
    }

    for (i = 0; i < s->nsequences; i++) {
        seq = &s->sequences[i];
        v = td_schema_client(client, version, seq->name);

        if (v == NULL) {
            if (seq->version == 0 || !seq->retroactive) {
                continue;
            }

            return 0;
        }

        if (v->type != TD_NUMBER || v->u.number != (double) seq->version) {
            return 0;
        }
    }

    return 1;
}


td_scope_e
td_schema_scope(const td_schema_t *s, td_str_t type_name)
{
    const td_record_type_t  *t;

    t = td_schema_type(s, type_name);

    return (t == NULL) ? TD_SCOPE_NONE : t->scope;
}


const td_record_type_t *
td_schema_type(const td_schema_t *s, td_str_t name)
{
    size_t  i;

    for (i = 0; i < s->ntypes; i++) {
        if (td_str_eq(s->types[i].name, name)) {
            return &s->types[i];
        }
    }

    return NULL;
}


/* The client's number for a sequence, of either version of the format. */

static const td_json_t *
td_schema_client(const td_json_t *client, double schema_version, td_str_t name)
{
    size_t            i;
    td_str_t          type, sub;
    const td_json_t  *types, *v;

    if (schema_version == 2) {
        return td_json_get(td_json_get_lit(client, "sequences"), name);
    }

    if (td_str_is(name, TD_SCHEMA_PREFIX "store")) {
        return td_json_get_lit(client, "storeVersion");
    }

    if (name.len < sizeof(TD_SCHEMA_PREFIX) - 1
        || memcmp(name.data, TD_SCHEMA_PREFIX, sizeof(TD_SCHEMA_PREFIX) - 1)
           != 0)
    {
        return NULL;
    }

    types = td_json_get_lit(client, "recordVersions");

    type.data = name.data + sizeof(TD_SCHEMA_PREFIX) - 1;
    type.len = name.len - (sizeof(TD_SCHEMA_PREFIX) - 1);

    for (i = 0; i < type.len; i++) {
        if (type.data[i] != '.') {
            continue;
        }

        sub.data = type.data + i + 1;
        sub.len = type.len - i - 1;
        type.len = i;

        v = td_json_get(types, type);

        if (v == NULL || td_json_get_lit(v, "subTypeKey") == NULL) {
            return NULL;
        }

        v = td_json_get_lit(v, "subTypeVersions");

        return (v == NULL) ? NULL : td_json_get(v, sub);
    }

    v = td_json_get(types, type);

    return (v == NULL) ? NULL : td_json_get_lit(v, "version");
}


static int
td_schema_compile(td_load_t *l, const td_json_t *root)
{
    int               rc;
    uint32_t          n;
    td_buf_t          buf;
    td_str_t          text;
    const td_json_t  *v;

    if (root->type != TD_OBJECT) {
        return td_schema_fail(l, "description is not an object");
    }

    v = td_json_get_lit(root, "format");

    if (v == NULL || td_schema_uint(v, &n) != TD_OK || n != 1) {
        return td_schema_fail(l, "\"format\" is not 1");
    }

    v = td_json_get_lit(root, "name");

    if (v == NULL || v->type != TD_STRING || v->u.string.len == 0
        || v->u.string.len > 128)
    {
        return td_schema_fail(l, "\"name\" is not a string of 1 to 128 bytes");
    }

    rc = td_schema_copy(l, v->u.string, &l->schema->name);
    if (rc != TD_OK) {
        return rc;
    }

    rc = td_schema_compile_sequences(l, root);
    if (rc != TD_OK) {
        return rc;
    }

    memset(&buf, 0, sizeof(td_buf_t));
    td_json_write(&buf, td_json_get_lit(root, "schema"));

    text.data = buf.data;
    text.len = buf.len;

    rc = buf.failed ? TD_NOMEM
                    : td_schema_copy(l, text, &l->schema->serialized);

    td_buf_free(&buf);

    if (rc != TD_OK) {
        return rc;
    }

    return td_schema_compile_types(l, root);
}


static int
td_schema_compile_sequences(td_load_t *l, const td_json_t *root)
{
    int               rc;
    size_t            j;
    uint32_t          i, n;
    td_sequence_t    *seq;
    const td_json_t  *v, *sequences;

    v = td_json_get_lit(root, "schema");

    if (v == NULL || v->type != TD_OBJECT) {
        return td_schema_fail(l, "\"schema\" is not an object");
    }

    sequences = td_json_get_lit(v, "schemaVersion");

    if (sequences == NULL || td_schema_uint(sequences, &n) != TD_OK || n != 2) {
        return td_schema_fail(l, "\"schemaVersion\" is not 2");
    }

    sequences = td_json_get_lit(v, "sequences");

    if (sequences == NULL || sequences->type != TD_OBJECT
        || sequences->count == 0)
    {
        return td_schema_fail(l, "\"sequences\" is not an object with members");
    }

    seq = td_arena_alloc(l->schema->arena,
                         sequences->count * sizeof(td_sequence_t));
    if (seq == NULL) {
        return TD_NOMEM;
    }

    l->schema->sequences = seq;
    l->schema->nsequences = sequences->count;

    for (i = 0; i < sequences->count; i++) {
        if (td_schema_uint(sequences->u.members[i].value, &seq[i].version)
            != TD_OK)
        {
            return td_schema_fail(l, "number of a sequence is not an integer");
        }

        rc = td_schema_copy(l, sequences->u.members[i].key, &seq[i].name);
        if (rc != TD_OK) {
            return rc;
        }

        seq[i].retroactive = 1;
    }

    v = td_json_get_lit(root, "notRetroactive");

    if (v == NULL || v->type != TD_ARRAY) {
        return td_schema_fail(l, "\"notRetroactive\" is not an array");
    }

    if (v->count > l->schema->nsequences) {
        return td_schema_fail(l, "\"notRetroactive\" has too many items");
    }

    for (i = 0; i < v->count; i++) {
        for (j = 0; j < l->schema->nsequences; j++) {
            if (v->u.items[i]->type == TD_STRING
                && td_str_eq(v->u.items[i]->u.string, seq[j].name))
            {
                break;
            }
        }

        if (j == l->schema->nsequences) {
            return td_schema_fail(l,
                                  "\"notRetroactive\" names no known sequence");
        }

        seq[j].retroactive = 0;
    }

    return TD_OK;
}


static int
td_schema_compile_types(td_load_t *l, const td_json_t *root)
{
    int                rc;
    uint32_t           i;
    td_record_type_t  *t;
    const td_json_t   *types, *v;

    types = td_json_get_lit(root, "types");

    if (types == NULL || types->type != TD_OBJECT || types->count == 0) {
        return td_schema_fail(l, "\"types\" is not an object with members");
    }

    if (types->count > 1000) {
        return td_schema_fail(l, "more than 1000 record types");
    }

    t = td_arena_alloc(l->schema->arena,
                       types->count * sizeof(td_record_type_t));
    if (t == NULL) {
        return TD_NOMEM;
    }

    l->schema->types = t;
    l->schema->ntypes = types->count;

    for (i = 0; i < types->count; i++, t++) {
        rc = td_schema_copy(l, types->u.members[i].key, &t->name);
        if (rc != TD_OK) {
            return rc;
        }

        t->node = NULL;

        v = td_json_get_lit(types->u.members[i].value, "scope");

        if (v == NULL || v->type != TD_STRING) {
            return td_schema_fail(l, "a record type has no scope");
        }

        if (td_str_is(v->u.string, "session")) {
            t->scope = TD_SCOPE_SESSION;
            continue;
        }

        if (td_str_is(v->u.string, "document")) {
            t->scope = TD_SCOPE_DOCUMENT;

        } else if (td_str_is(v->u.string, "presence")) {
            t->scope = TD_SCOPE_PRESENCE;

        } else {
            return td_schema_fail(l, "a record type has an unknown scope");
        }

        v = td_json_get_lit(types->u.members[i].value, "validator");

        if (v == NULL) {
            return td_schema_fail(l, "a record type has no validator");
        }

        rc = td_schema_node(l, v, 0, &t->node);
        if (rc != TD_OK) {
            return rc;
        }
    }

    return TD_OK;
}
