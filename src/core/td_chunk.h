
/*
 * Assembler of the protocol's own chunks (sync-protocol 1.3), one per
 * connection.  Owns the collected text on the heap, only while collecting.
 */


#ifndef _TD_CHUNK_H_INCLUDED_
#define _TD_CHUNK_H_INCLUDED_


#include "td_core.h"


typedef struct {
    td_buf_t     text;
    uint64_t     left;          /* parts still to come; valid if collecting */
    unsigned     collecting:1;
} td_chunk_t;

/* A zeroed td_chunk_t is idle. */


#define TD_CHUNK_MESSAGE   1    /* *message is complete */
#define TD_CHUNK_MORE      0

/*
 * Feeds one WebSocket text message.  max bounds the assembled text in bytes
 * and is checked before memory is taken.
 * TD_CHUNK_MESSAGE: *message points into "text" (a bare message) or into the
 * assembler's buffer, valid until the next call.  TD_CHUNK_MORE: wait.
 * TD_BAD: not a chunk, wrong order, bare message in between; the state is
 * idle again.  TD_TOO_BIG, TD_NOMEM: likewise idle.
 */
int td_chunk_feed(td_chunk_t *c, td_str_t text, size_t max,
    td_str_t *message);

/* Frees the collected text; the assembler is idle afterwards. */
void td_chunk_reset(td_chunk_t *c);


#endif /* _TD_CHUNK_H_INCLUDED_ */
