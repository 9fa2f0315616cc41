
/*
 * The document of one board: its records, tombstones and clocks, and the
 * overlay on which pushes are tried before they are durable.
 *
 * A room owns its entries on the heap.  An overlay owns nothing: it lives in
 * an arena, refers to the room and to the pushes, and changes neither until
 * td_overlay_merge().  Presence is no part of it.
 */


#ifndef _TD_ROOM_H_INCLUDED_
#define _TD_ROOM_H_INCLUDED_


#include "td_schema.h"
#include "td_value.h"


/* Tombstones kept, and kept after pruning (sync-protocol 3.5). */

#define TD_TOMBSTONES_MAX    5000
#define TD_TOMBSTONES_KEEP   4000


typedef struct td_entry_s    td_entry_t;
typedef struct td_room_s     td_room_t;
typedef struct td_change_s   td_change_t;
typedef struct td_overlay_s  td_overlay_t;


/*
 * One id: a record (text set) or a tombstone (text NULL).  All entries of a
 * room hang in one list in the order of their clocks.  The id is the
 * canonical JSON text of the id without quotes, so that it is copied into
 * messages and columns as it is.
 */

struct td_entry_s {
    td_entry_t    *chain;       /* same bucket */
    td_entry_t    *prev;        /* older */
    td_entry_t    *next;        /* newer */
    uint64_t       clock;
    char          *text;        /* JSON of the record, own allocation */
    uint32_t       text_len;
    uint32_t       hash;
    uint32_t       id_len;
    char           id[1];
};


struct td_room_s {
    td_entry_t   **buckets;
    uint32_t       nbuckets;    /* a power of two */
    uint32_t       seed;
    uint32_t       nrecords;
    uint32_t       ntombstones;
    td_entry_t    *oldest;
    td_entry_t    *newest;
    uint64_t       clock;
    uint64_t       history;     /* deletions are known from here on */
    size_t         bytes;       /* text of all records */
};


/* One id that an overlay changes; text.data NULL: it is removed. */

struct td_change_s {
    td_change_t   *prev;
    td_change_t   *next;        /* in the order of their clocks */
    td_str_t       id;
    td_str_t       text;
    uint64_t       clock;
    td_entry_t    *entry;       /* what the room has, NULL if nothing */
    uint32_t       hash;
    td_change_t   *chain;
};


struct td_overlay_s {
    td_room_t     *room;
    td_arena_t    *arena;
    td_change_t   *first;
    td_change_t   *last;
    uint32_t       nchanges;
    uint64_t       clock;       /* room's plus one for each changing push */
    int64_t        growth;      /* bytes of text against the room */
    size_t         max_bytes;   /* of the board's text; 0: no limit */
    uint32_t       nbuckets;
    td_change_t  **buckets;
};


typedef enum {
    TD_ACTION_COMMIT = 0,
    TD_ACTION_DISCARD,
    TD_ACTION_REBASE
} td_action_e;


/* What one push did.  Texts are JSON objects in the arena or in the push. */

typedef struct {
    unsigned       changed:1;   /* the clock rose by one */
    td_action_e    action;
    td_str_t       diff;        /* for the others, and the rebase */
    td_str_t       legacy;      /* diff for receivers of protocol <= 7;
                                   len 0: diff serves them too */
    char           error[128];  /* why TD_INVALID, for the log */
} td_effect_t;


/* An empty document at the given clocks; seed is random.  TD_OK, TD_NOMEM. */
int td_room_init(td_room_t *room, uint32_t seed, uint64_t clock,
    uint64_t history);
void td_room_free(td_room_t *room);

/* Hash of an id under the room's seed. */
uint32_t td_room_hash(uint32_t seed, td_str_t id);

/* The entry of an id or NULL. */
td_entry_t *td_room_get(const td_room_t *room, td_str_t id);

/*
 * Sets an id to a record (text copied) or, text.data NULL, to a tombstone.
 * The entry becomes the newest; clock must not be lower than any other's, or
 * entries are loaded in the order of their clocks.  Does not touch
 * room->clock.  TD_OK, TD_NOMEM (nothing changed), TD_TOO_BIG.
 */
int td_room_set(td_room_t *room, td_str_t id, td_str_t text, uint64_t clock);

/*
 * The history start that pruning would give: room->history when there is
 * nothing to prune, else the clock of the oldest tombstone that stays, or
 * "clock" (sync-protocol 3.5).
 */
uint64_t td_room_prune_point(const td_room_t *room, uint64_t clock);

/* Drops tombstones older than history and sets the history start. */
void td_room_prune(td_room_t *room, uint64_t history);


/* Hydration (sync-protocol 3.4): 1 when a client that knows clock "known"
 * must be sent everything. */
int td_room_wipe_all(const td_room_t *room, int64_t known);

/*
 * Appends the members of a hydration diff, without braces, joined by commas:
 * all records, or what changed after "since".
 */
void td_room_write_all(const td_room_t *room, td_buf_t *b);
void td_room_write_since(const td_room_t *room, uint64_t since, td_buf_t *b);


/* An empty overlay in the arena, which must live as long; NULL: no memory. */
td_overlay_t *td_overlay_create(td_arena_t *a, td_room_t *room);

/*
 * Tries the document part of a push (sync-protocol 4.2): all of it or
 * nothing.  diff is the parsed "diff" member; it and its text must outlive
 * the overlay.  protocol is the sender's, legacy: whether receivers of
 * protocol <= 7 exist.
 * TD_OK: e is filled.  TD_INVALID: the push is refused, the overlay stands as
 * before, e->error says why.  TD_TOO_BIG: likewise, it would make the board
 * grow beyond max_bytes.  TD_NOMEM: likewise, without a reason.
 */
int td_overlay_push(td_overlay_t *o, const td_schema_t *schema,
    const td_json_t *diff, unsigned protocol, unsigned legacy,
    td_effect_t *e);

/*
 * Gives e->legacy to a push that was tried without, for receivers of protocol
 * <= 7 who came only while it was stored.  Called after td_overlay_merge():
 * every record of the diff is put as the room has it now, so that each push
 * of the overlay leads them straight to its end.  TD_OK or TD_NOMEM.
 */
int td_overlay_legacy(td_overlay_t *o, td_effect_t *e);

/*
 * Moves the changes into the room, oldest first, and the room's clock on.
 * TD_OK or TD_NOMEM; then the room is torn and must be loaded again.
 */
int td_overlay_merge(td_overlay_t *o);

/*
 * What another writer stored for an id (text.data NULL: removed) as a member
 * of a patch for our sessions: appends `"id":op`, legacy likewise for
 * receivers of protocol <= 7.  Appends nothing and returns 0 when the room
 * already shows it, else 1; TD_NOMEM, TD_BAD when a stored text is no JSON.
 */
int td_room_foreign(td_arena_t *a, const td_room_t *room, td_str_t id,
    td_str_t text, td_buf_t *b, td_buf_t *legacy);


/*
 * Follows a push that another worker committed at "clock", the room's plus
 * one: diff is its effect, trusted.  Appends a diff for receivers of protocol
 * <= 7 to legacy when it needs another one.
 * TD_OK; TD_BAD, TD_NOMEM: the diff does not fit what we have, or no memory;
 * the room is torn then and must be loaded again.
 */
int td_room_follow(td_arena_t *a, td_room_t *room, const td_json_t *diff,
    uint64_t clock, td_buf_t *legacy);

/* The canonical text of a record id: JSON without quotes.  s.data NULL when
 * the arena is exhausted. */
td_str_t td_id_canonical(td_arena_t *a, td_str_t id);


#endif /* _TD_ROOM_H_INCLUDED_ */
