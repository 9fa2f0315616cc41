
/*
 * The contents of the shared zone of a site: which workers live, who is on
 * which board, throttles and counters.  Pure: memory comes from the caller.
 *
 * Several processes use it at once and any of them may be killed at any
 * moment, so nothing here is linked by pointers and there is no lock to be
 * left behind: each slot has one writer, and a reader checks by sequence
 * numbers and lengths that it saw a whole one.  What a dead worker left is
 * cleaned by whoever notices first.
 */


#ifndef _TD_ZONE_H_INCLUDED_
#define _TD_ZONE_H_INCLUDED_


#include "td_core.h"


/* Bytes below which td_zone_map() refuses. */
#define TD_ZONE_MIN        (96 * 1024)

#define TD_ZONE_COUNTERS   192

#define TD_ZONE_ROOM       22
#define TD_ZONE_ID         40       /* a presence id */
#define TD_ZONE_KEY        16
#define TD_ZONE_USER       22
#define TD_ZONE_NAME       128      /* bytes of UTF-8 */
#define TD_ZONE_COLOR      16

#define TD_ZONE_SLOT       2048

/* ms that sessions of a worker that ended in peace are kept. */
#define TD_ZONE_LINGER     5000

/* ms without a sign of life after which a worker is not believed to live. */
#define TD_ZONE_SILENT     30000


/*
 * A worker.  Its pid is what claims the place; all but that is written by the
 * worker itself.
 */

typedef struct {
    uint64_t            pid;          /* 0: free */
    uint64_t            node;         /* 0: not filled in yet */
    uint64_t            generation;   /* workers that hear one another */
    uint64_t            started;      /* ms since 1970 */
    uint64_t            beat;         /* ms, monotonic */
    uint64_t            quits;        /* 1: it was told to; 2: it has ended,
                                         its sessions are expected */
    uint64_t            spare[2];
    uint64_t            counters[TD_ZONE_COUNTERS];
} td_zone_worker_t;


/* A session. */

typedef struct {
    uint64_t            node;         /* its worker, */
    uint64_t            generation;   /* set by td_zone_put() */
    uint64_t            since;        /* ms since 1970 */
    char                room[TD_ZONE_ROOM];
    char                id[TD_ZONE_ID];
    char                key[TD_ZONE_KEY];
    char                user[TD_ZONE_USER];
    char                user_name[TD_ZONE_NAME];
    char                user_color[TD_ZONE_COLOR];
    char                name[TD_ZONE_NAME];      /* that it shows */
    char                color[TD_ZONE_COLOR];
    uint8_t             user_len;     /* 0: a guest */
    uint8_t             user_name_len;
    uint8_t             user_color_len;
    uint8_t             name_len;
    uint8_t             color_len;
    uint8_t             role;
    uint8_t             away;         /* it lost its connection */
} td_zone_who_t;

#define TD_ZONE_RECORD     (TD_ZONE_SLOT - sizeof(td_zone_who_t) - 8)


typedef struct {
    uint32_t            seq;          /* odd: being written */
    uint32_t            len;          /* of the record */
    td_zone_who_t       who;
    char                record[TD_ZONE_RECORD];
} td_zone_slot_t;


typedef struct {
    unsigned char       key[TD_ZONE_KEY];
    uint64_t            used;         /* ms, monotonic, as are all here */
    uint64_t            last;
    uint64_t            until;
    uint64_t            count;
} td_zone_throttle_t;


typedef struct {
    uint64_t            magic;
    uint64_t            size;
    unsigned char       secret[32];   /* of the throttles' keys */
    uint64_t            past[TD_ZONE_COUNTERS];   /* of workers that ended */
} td_zone_head_t;


/* Where in the zone things are: of a process, not shared. */

typedef struct {
    td_zone_head_t      *head;
    td_zone_worker_t    *workers;
    uint64_t            *index;       /* room's hash and worker, a slot */
    td_zone_throttle_t  *throttles;
    td_zone_slot_t      *slots;
    uint32_t             nworkers;
    uint32_t             nsets;
    uint32_t             nslots;
    uint32_t             next;        /* where to look for a free slot */
    int                  me;          /* our place among the workers, or -1 */
    uint64_t             pid;
    uint64_t             started;
    int                (*alive)(uint64_t pid);
} td_zone_t;


/*
 * Uses size bytes at mem (aligned to 64).  fresh: they are zero and become a
 * zone, secret is 32 random bytes; else they are one already.  alive says
 * whether a process exists.  TD_OK, TD_TOO_BIG: it does not fit, TD_BAD: not a
 * zone of this form and size.
 */
int td_zone_map(td_zone_t *z, void *mem, size_t size, int fresh,
    const unsigned char *secret, int (*alive)(uint64_t pid));


/*
 * Takes a place among the workers: TD_OK, or TD_TOO_BIG when all are taken,
 * then nothing but reading and throttles works.  started: when this process
 * began, ms since 1970; it tells it from another that had its pid.  now is
 * monotonic, in ms, here and below.  Cleans what the dead left.
 */
int td_zone_join(td_zone_t *z, uint64_t pid, uint64_t node,
    uint64_t generation, uint64_t started, uint64_t now);

/*
 * Gives it back with all its sessions.  linger: those are kept for
 * TD_ZONE_LINGER, since others expect them.
 */
void td_zone_leave(td_zone_t *z, int linger, uint64_t now);

/* We live.  TD_OK; TD_BAD: we were believed dead, join again. */
int td_zone_beat(td_zone_t *z, uint64_t now);

/* Cleans what dead workers left; their number. */
unsigned td_zone_reap(td_zone_t *z, uint64_t now);

/* 1 when the n-th worker is known, and lives or is lingering. */
int td_zone_alive(td_zone_t *z, uint32_t n, uint64_t now);


/*
 * Writes who a session is into its slot, or into a free one (slot -1).  The
 * slot; -1: none is free.
 */
int td_zone_put(td_zone_t *z, int slot, const td_zone_who_t *who);

/* The session's record; one that is too long is left out. */
void td_zone_record(td_zone_t *z, int slot, const char *text, size_t len);

/* The session has left: the slot is free. */
void td_zone_drop(td_zone_t *z, int slot);

/* Drops what a worker that has ended left of a presence: it moved. */
void td_zone_moved(td_zone_t *z, const char *room, const char *id);

/*
 * The next slot from *pos on that may be of the room (NULL: of any); -1: no
 * more.  *pos begins with 0.
 */
int td_zone_next(td_zone_t *z, const char *room, uint32_t *pos);

/*
 * A copy of a slot; record may be NULL, else has TD_ZONE_RECORD bytes.
 * version changes with everything that is written.  TD_OK; TD_BAD: it is
 * free, half written, damaged, or of a worker that is not there.
 */
int td_zone_read(td_zone_t *z, int slot, td_zone_who_t *who, char *record,
    size_t *len, uint64_t *version);


/*
 * Throttles: sets of few entries, the least recently used one of its set gives
 * way.  The caller keeps others out; if it cannot, attempts are miscounted.
 *
 * Counts an attempt; 0, or the seconds to wait: then it was not counted.
 * free attempts go before the first wait, which then doubles up to longest
 * seconds.
 */
uint32_t td_zone_take(td_zone_t *z, const unsigned char *key, uint32_t free,
    uint32_t longest, uint64_t now);

/* It was right; all: forgets the others, too. */
void td_zone_good(td_zone_t *z, const unsigned char *key, int all);


/* The sum of a counter over all workers, and those that ended if past. */
uint64_t td_zone_sum(td_zone_t *z, unsigned counter, int past);


#endif /* _TD_ZONE_H_INCLUDED_ */
