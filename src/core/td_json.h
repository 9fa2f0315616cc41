
/*
 * JSON values: parser, tree, writer.
 *
 * The tree lives in an arena and points into the parsed text, which must
 * outlive it.  Trees are immutable: apply and diff build new nodes that share
 * the old ones, and a node that still stands as it was parsed is written by
 * copying its text.  Strings are decoded to WTF-8, so that a lone surrogate
 * survives (sync-protocol 12.12); they leave as escapes again.
 */


#ifndef _TD_JSON_H_INCLUDED_
#define _TD_JSON_H_INCLUDED_


#include "td_core.h"


typedef enum {
    TD_NULL = 0,
    TD_FALSE,
    TD_TRUE,
    TD_NUMBER,
    TD_STRING,
    TD_ARRAY,
    TD_OBJECT
} td_type_e;


typedef struct td_json_s    td_json_t;
typedef struct td_member_s  td_member_t;


struct td_json_s {
    uint8_t           type;       /* td_type_e */
    uint32_t          count;      /* array items, object members */
    td_str_t          raw;        /* its JSON text; len 0: built, not parsed */
    union {
        double        number;     /* +-INFINITY when the text overflows */
        td_str_t      string;     /* decoded, WTF-8, may hold NUL bytes */
        td_json_t   **items;
        td_member_t  *members;    /* in order of first appearance, keys
                                     unique: the last duplicate wins */
    } u;
    void             *index;      /* private: key lookup of large objects */
};


struct td_member_s {
    td_str_t          key;        /* decoded, WTF-8 */
    td_json_t        *value;
};


/*
 * Parses exactly one JSON value with surrounding white space.  Strict
 * RFC 8259; text is UTF-8, checked by the caller or not: invalid bytes in
 * strings pass through, never crash.
 * depth: the number of nested containers allowed; the recursion is as deep.
 * TD_OK, TD_BAD (also for more than 4 GiB), TD_DEPTH, TD_NOMEM.  Linear in the
 * length of the text, O(n log n) in the keys of one object, whatever they are.
 * The tree takes up to 30 times the text (many short items); children of open
 * containers take up to 12 times the text beside the arena while parsing.
 */
int td_json_parse(td_arena_t *a, const char *text, size_t len,
    unsigned depth, td_json_t **value);

/*
 * The member's value or NULL; also NULL when v is not an object.  O(log n)
 * comparisons in a large object.  The index of a large built object is made by
 * the first lookup, in memory that td_json_object() set aside: its members
 * must be complete by then.
 */
td_json_t *td_json_get(const td_json_t *v, td_str_t key);

#define td_json_get_lit(v, lit)  td_json_get(v, td_str(lit))

/* The same, giving the member itself, whose place in v the caller may need. */
td_member_t *td_json_member(const td_json_t *v, td_str_t key);

/* Deep equality, sync-protocol 4.4: numbers as doubles, objects by key set. */
int td_json_equal(const td_json_t *a, const td_json_t *b);

/* Length of WTF-8 text in UTF-16 code units, sync-protocol 4.3. */
size_t td_utf16_length(td_str_t s);

/* Appends v as compact JSON; raw text is copied where a node has it. */
void td_json_write(td_buf_t *b, const td_json_t *v);

/* Appends s as a JSON string with quotes, minimal escapes, ASCII escapes for
 * control characters and lone surrogates. */
void td_json_write_string(td_buf_t *b, td_str_t s);


/* Constructors for built nodes; NULL when the arena is exhausted. */

td_json_t *td_json_string(td_arena_t *a, td_str_t s);     /* s is not copied */
td_json_t *td_json_uint(td_arena_t *a, uint64_t n);
td_json_t *td_json_array(td_arena_t *a, uint32_t count);  /* items unset */
td_json_t *td_json_object(td_arena_t *a, uint32_t count); /* members unset;
                                         the caller keeps the keys unique
                                         and may lower the count */


#endif /* _TD_JSON_H_INCLUDED_ */
