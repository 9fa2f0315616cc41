
/*
 * Schema descriptions, compiled: what td_schema.c builds at load time and
 * td_schema_check.c walks for every record.  Private to td_schema_*.c.
 *
 * Everything lives in the arena of the schema and never changes after the
 * load, so that any number of boards share one description.
 */


#ifndef _TD_SCHEMA_NODE_H_INCLUDED_
#define _TD_SCHEMA_NODE_H_INCLUDED_


#include "td_schema.h"


/* Limits of a description; an operator's file beyond them does not load. */

#define TD_SCHEMA_TEXT_MAX    (4 * 1024 * 1024)
#define TD_SCHEMA_NODE_DEPTH  64
#define TD_SCHEMA_NODES_MAX   100000


typedef enum {
    TD_OP_ANY = 0,          /* leaves, by the names of the description */
    TD_OP_STRING,
    TD_OP_NUMBER,
    TD_OP_POSITIVE,         /* >= 0, as upstream means it */
    TD_OP_ABOVE_ZERO,
    TD_OP_NOT_ZERO,
    TD_OP_UNIT,             /* 0..1 */
    TD_OP_INTEGER,
    TD_OP_POSITIVE_INTEGER,
    TD_OP_INTEGER_ABOVE_ZERO,
    TD_OP_BOOLEAN,
    TD_OP_ANY_ARRAY,
    TD_OP_ANY_OBJECT,
    TD_OP_JSON,
    TD_OP_NEVER,            /* what JSON cannot carry */
    TD_OP_LINK_URL,
    TD_OP_SRC_URL,
    TD_OP_HTTP_URL,
    TD_OP_INDEX_3,          /* rules of client generations 3, 4 and 5 */
    TD_OP_INDEX_4,
    TD_OP_INDEX_5,

    TD_OP_OBJECT,           /* with arguments */
    TD_OP_UNION,
    TD_OP_ARRAY,
    TD_OP_DICT,
    TD_OP_LITERAL,
    TD_OP_ENUM,
    TD_OP_NULLABLE,
    TD_OP_OR,
    TD_OP_PREFIX
} td_op_e;


typedef struct td_node_s  td_node_t;


typedef struct {
    td_str_t          name;         /* data is NULL: free slot */
    const td_node_t  *node;         /* NULL for the strings of an enum */
} td_field_t;


/* Open addressing; at least half of the slots are free. */

typedef struct {
    td_field_t       *slots;
    uint32_t          mask;
} td_fields_t;


typedef struct {
    uint8_t           type;         /* td_type_e, no container */
    double            number;
    td_str_t          string;
} td_scalar_t;


struct td_node_s {
    uint8_t           op;           /* td_op_e */
    unsigned          missing:1;    /* accepts a missing field */
    unsigned          open:1;       /* object: unknown fields pass */
    unsigned          numbers:1;    /* union: the variants are numbers */
    uint32_t          required;     /* object: fields that may not miss */
    uint32_t          count;        /* array: least items; values */
    td_fields_t       fields;       /* object, union, enum's strings */
    td_str_t          key;          /* union */
    const td_node_t  *a;            /* inner node, array item, dict key */
    const td_node_t  *b;            /* dict value, second of or */
    td_scalar_t      *values;       /* literal, enum, prefix */
};


typedef struct {
    td_str_t          name;
    uint32_t          version;
    unsigned          retroactive:1;
} td_sequence_t;


typedef struct {
    td_str_t          name;
    td_scope_e        scope;
    const td_node_t  *node;         /* NULL: never stored, session types */
} td_record_type_t;


struct td_schema_s {
    td_arena_t        *arena;       /* owns everything below */
    td_str_t           name;
    td_str_t           serialized;
    td_sequence_t     *sequences;
    size_t             nsequences;
    td_record_type_t  *types;
    size_t             ntypes;
    size_t             nnodes;
};


/* A load on its way; error has room for size bytes, 0 when nobody asks. */

typedef struct {
    td_schema_t  *schema;
    char         *error;
    size_t        size;
} td_load_t;


/*
 * td_schema_compile.c: a validator of the description as a node.  TD_OK,
 * TD_BAD with the reason written, TD_NOMEM.
 */
int td_schema_node(td_load_t *l, const td_json_t *v, unsigned depth,
    const td_node_t **node);

/* Copies into the arena with a NUL behind, so that data is never NULL. */
int td_schema_copy(td_load_t *l, td_str_t from, td_str_t *to);

/* A number of the description that counts something; TD_OK or TD_BAD. */
int td_schema_uint(const td_json_t *v, uint32_t *n);

/* Writes the reason; always TD_BAD. */
int td_schema_fail(td_load_t *l, const char *reason);


/*
 * The slot of a name or NULL.  Lengths and three bytes make the hash: names
 * of fields are few, short and from the operator's file.
 */
static inline uint32_t
td_schema_hash(td_str_t s)
{
    const unsigned char  *p;

    if (s.len == 0) {
        return 0;
    }

    p = (const unsigned char *) s.data;

    return (uint32_t) (s.len * 7 + p[0] * 31 + p[s.len / 2] * 131
                       + p[s.len - 1] * 17);
}


static inline const td_field_t *
td_schema_find(const td_fields_t *f, td_str_t name)
{
    uint32_t           i;
    const td_field_t  *slot;

    if (f->slots == NULL) {
        return NULL;
    }

    for (i = td_schema_hash(name) & f->mask; /* void */ ; i++) {
        slot = &f->slots[i & f->mask];

        if (slot->name.data == NULL) {
            return NULL;
        }

        if (td_str_eq(slot->name, name)) {
            return slot;
        }
    }
}


/* The record type of a name, or NULL. */
const td_record_type_t *td_schema_type(const td_schema_t *s, td_str_t name);


/*
 * Leaves.  s is WTF-8, decoded.  1 accepted, 0 not.  Nothing is allocated;
 * linear in the length of s.
 */

/* op: TD_OP_INDEX_3, _4 or _5, the rules of the three client generations. */
int td_index_key_valid(td_str_t s, td_op_e op);

typedef enum {
    TD_URL_NONE = 0,        /* no URL, or one of a scheme nobody asks for */
    TD_URL_HTTP,            /* http and https */
    TD_URL_MAILTO,
    TD_URL_DATA,
    TD_URL_ASSET
} td_url_e;

/*
 * The scheme of s when the WHATWG parser takes it, on its own or, when it
 * starts with "/" or "./", relative to an http address.
 */
td_url_e td_url_scheme(td_str_t s);


#endif /* _TD_SCHEMA_NODE_H_INCLUDED_ */
