
/*
 * What a board was: changes that were stored with every commit, replayed on a
 * state that was stored whole, and rows of changes made shorter.
 *
 * A state is the text of td_room_write_all(); the changes of a row are a JSON
 * array of diffs as receivers of the newest protocol get them, one for each
 * clock that the row leads over, or a single one once it has been thinned.
 * All of it is read back from a database and never trusted.
 */


#ifndef _TD_HISTORY_H_INCLUDED_
#define _TD_HISTORY_H_INCLUDED_


#include "td_room.h"


typedef struct td_history_s  td_history_t;


/*
 * A replay that stands at clock 1 with an empty board; NULL: no memory.
 * limit: bytes that the values of one row may take while it is applied.
 * Freed with td_history_destroy().
 */
td_history_t *td_history_create(size_t limit);
void td_history_destroy(td_history_t *h);

/*
 * Goes to a stored state, forgetting what was before.  TD_OK, TD_BAD (no
 * state), TD_NOMEM; then the replay is of no use any more.
 */
int td_history_state(td_history_t *h, td_str_t state, uint64_t clock);

/*
 * Applies a row that leads from clock "since" to "clock", its changes up to
 * the clock "target" only.  A row that was thinned is applied if it ends at
 * the target or before it.
 * TD_OK; TD_BAD: it does not continue where the replay stands, or is no row;
 * TD_NOMEM.
 */
int td_history_row(td_history_t *h, td_str_t changes, uint64_t since,
    uint64_t clock, uint64_t target);

/* Where the replay stands.  Its board belongs to the replay. */
td_room_t *td_history_room(td_history_t *h);

/*
 * From here on the replay remembers what each record was before it changed.
 * TD_OK or TD_NOMEM.
 */
int td_history_mark(td_history_t *h);

/*
 * Appends the changes from the mark to here as those of one thinned row,
 * "[{...}]".  TD_OK, TD_NOMEM or TD_BAD (a record is no JSON).
 */
int td_history_since_mark(td_history_t *h, td_buf_t *b);

/*
 * Appends a diff "{...}" that makes the board "from" the board of the replay.
 * Returns the number of records it changes, or TD_NOMEM, TD_BAD.
 */
int td_history_diff(td_history_t *h, const td_room_t *from, td_buf_t *b);


#endif /* _TD_HISTORY_H_INCLUDED_ */
