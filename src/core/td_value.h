
/*
 * Value operations of the sync protocol: apply a patch to an object, compute
 * the patch between two objects (sync-protocol 4.3 and 4.5).
 *
 * Pure functions over immutable trees; all results live in the given arena
 * and share nodes with their inputs.
 */


#ifndef _TD_VALUE_H_INCLUDED_
#define _TD_VALUE_H_INCLUDED_


#include "td_json.h"


/* How td_value_diff() writes what differs. */

#define TD_DIFF_V8         0x00
#define TD_DIFF_NO_APPEND  0x01   /* strings by put: for receivers <= 7 */
#define TD_DIFF_V7         0x03   /* and only "props" is diffed inside, as
                                     protocol 7 clients do themselves */

/*
 * Applies patch (an object: key -> value op) to object (object or array) and
 * sets *result, which is "object" itself when nothing changed.
 * TD_OK, TD_NOMEM, or TD_BAD for a malformed op (null op, op that is no
 * array, patch without an object as argument; sync-protocol 4.2 and 12.8) and
 * for an array key that is not a canonical index.  An index beyond the end of
 * the array names no value; a put there has an effect only at its very end.
 * A key "__proto__" in a patch has no effect (sync-protocol 4.3).
 */
int td_value_apply(td_arena_t *a, td_json_t *object, const td_json_t *patch,
    td_json_t **result);

/*
 * The object diff that turns r into s, both objects (a whole record), by the
 * rules of sync-protocol 4.5; *diff is NULL when nothing differs.  Only an
 * array that becomes an object, or the reverse, is put, where the published
 * packages lose it.
 * flags: TD_DIFF_*.  TD_OK or TD_NOMEM.
 */
int td_value_diff(td_arena_t *a, const td_json_t *r, const td_json_t *s,
    unsigned flags, td_json_t **diff);

/* Whether the diff contains a string append anywhere, so that a receiver
 * of protocol <= 7 needs it rewritten. */
int td_value_has_string_append(const td_json_t *diff);


#endif /* _TD_VALUE_H_INCLUDED_ */
