
/*
 * Schema descriptions: what one client generation may write.
 *
 * A description is JSON emitted by web/schema (the packages' own validators
 * as data, sync-protocol 8.3).  It is loaded once, read-only afterwards, and
 * decides which clients may join a board and which records may be stored.
 */


#ifndef _TD_SCHEMA_H_INCLUDED_
#define _TD_SCHEMA_H_INCLUDED_


#include "td_json.h"


/*
 * How deep a record may nest, itself counted as 0: what is deeper is refused,
 * so that a record which passed can be parsed and written again.
 */
#define TD_SCHEMA_DEPTH  200


typedef struct td_schema_s  td_schema_t;


typedef enum {
    TD_SCOPE_NONE = 0,      /* no such record type */
    TD_SCOPE_DOCUMENT,
    TD_SCOPE_PRESENCE,
    TD_SCOPE_SESSION
} td_scope_e;


/*
 * Loads a description from its JSON text, which is copied.  On TD_BAD,
 * error (size bytes, may be NULL) gets a NUL-terminated reason.
 * TD_OK, TD_BAD, TD_NOMEM.  Freed by td_schema_destroy().
 */
int td_schema_load(const char *text, size_t len, td_schema_t **schema,
    char *error, size_t size);

void td_schema_destroy(td_schema_t *s);

/* Name of the description, such as "tldraw 3.15.6". */
td_str_t td_schema_name(const td_schema_t *s);

/* The serialized schema as JSON text: {"schemaVersion":2,"sequences":{…}}. */
td_str_t td_schema_serialized(const td_schema_t *s);

/* Number of sequences: of several matching descriptions the one that knows
 * more sequences is the better match. */
size_t td_schema_sequences(const td_schema_t *s);

/*
 * Whether a client with this serialized schema (schemaVersion 1 or 2) may use
 * a board of this description: every sequence known here has the same number,
 * or is missing there and is 0 or not retroactive here; others are ignored
 * (sync-protocol 6.4).  1 or 0; 0 for anything malformed.
 */
int td_schema_matches(const td_schema_t *s, const td_json_t *client);

/* Scope of a record type by its typeName. */
td_scope_e td_schema_scope(const td_schema_t *s, td_str_t type_name);

/*
 * Checks a whole record with the validators of its typeName, with the same
 * result as the client's own (sync-protocol 8).  1 valid, 0 not.  When not,
 * error (size bytes, may be NULL) gets a NUL-terminated path and reason for
 * the log, cut to size, never quoting more than 32 bytes of the value.
 * Bounded recursion; no allocation.  Numbers that overflowed are refused,
 * and so is what nests deeper than TD_SCHEMA_DEPTH.
 */
int td_schema_check(const td_schema_t *s, const td_json_t *record,
    char *error, size_t size);


#endif /* _TD_SCHEMA_H_INCLUDED_ */
