
/*
 * Inside of the sync folder: a board in a worker, its sessions, what waits to
 * be committed and what waits to be sent.
 *
 * A room owns its sessions and pushes; a session owns its place in the room
 * and, while it lasts, the use of its connection.  The database decides
 * (DESIGN 1): everything here may be dropped and loaded again.
 */


#ifndef _NGX_TIDRAW_ROOM_H_INCLUDED_
#define _NGX_TIDRAW_ROOM_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_ws.h"
#include "ngx_tidraw_store.h"
#include "ngx_tidraw_access.h"
#include "ngx_tidraw_zone.h"
#include "ngx_tidraw_sync.h"

#include "td_chunk.h"
#include "td_message.h"


#define NGX_TIDRAW_TICK              16      /* ms: one frame, one commit */

#define NGX_TIDRAW_CONNECT_TIMEOUT   10000
#define NGX_TIDRAW_IDLE_TIMEOUT      20000
#define NGX_TIDRAW_GONE_TIMEOUT      5000
#define NGX_TIDRAW_UNLOAD_TIMEOUT    30000

/* Who a session is on every worker: of its user and its sessionId. */
#define NGX_TIDRAW_KEY_LEN           16

/* A session with more than this waiting to be committed is not read. */
#define NGX_TIDRAW_PENDING_MAX       256
#define NGX_TIDRAW_PENDING_BYTES     (1024 * 1024)

/* Memory for the values of one message: a tree of very small values takes up
 * to 28 times its text. */
#define NGX_TIDRAW_SCRATCH_MAX       (128 * 1024 * 1024)

/* A board with more than this waiting, also of authors who are gone, takes no
 * further pushes. */
#define NGX_TIDRAW_ROOM_PENDING      (64 * 1024 * 1024)

/* Items in a batch before it leaves at once. */
#define NGX_TIDRAW_BATCH_MAX         1000

/* Workers elsewhere that a batch waits for. */
#define NGX_TIDRAW_BATCH_PEERS       8


typedef struct ngx_tidraw_room_s     ngx_tidraw_room_t;
typedef struct ngx_tidraw_client_s  ngx_tidraw_client_t;
typedef struct ngx_tidraw_push_s     ngx_tidraw_push_t;


/*
 * ev->data of our timers and posted events: it looks like a connection to the
 * debug log of nginx.  The owner is found from the event's own address.
 */

extern ngx_connection_t  ngx_tidraw_no_connection;

#define ngx_tidraw_event_owner(ev, type, field)                               \
    (type *) ((u_char *) (ev) - offsetof(type, field))


struct ngx_tidraw_rooms_s {
    ngx_tidraw_site_t          *site;
    ngx_rbtree_t                tree;         /* ngx_tidraw_room_t by id */
    ngx_rbtree_node_t           sentinel;
    ngx_queue_t                 rooms;        /* the same rooms */
    ngx_queue_t                 entering;     /* sessions without a room */
    ngx_uint_t                  nsessions;    /* that hold a connection */
    ngx_uint_t                  nrooms;       /* in the queue */
    ngx_uint_t                  npushes;      /* of all boards, that wait */
    uint64_t                    failed[4];    /* of ngx_tidraw_gauges.c */
    td_arena_t                 *scratch;      /* of one message */

    ngx_event_t                 tick;         /* of ngx_tidraw_people.c */
    ngx_uint_t                  unplaced;     /* unsigned, 1: some session has
                                                 no place in the zone */

    ngx_event_t                 overlap;      /* of ngx_tidraw_generations.c */
    ngx_uint_t                  overlapped;   /* unsigned, 1: it runs */

    ngx_queue_t                 crowds;       /* of ngx_tidraw_crowd.c */
    ngx_uint_t                  ncrowd;       /* people in them */
    ngx_uint_t                  moved;        /* unsigned, 1: tell of ours */
    ngx_uint_t                  told;         /* ticks since */

    ngx_event_t                 poll;
    ngx_uint_t                  polls;        /* rounds so far */
    ngx_tidraw_op_t            *asked;        /* in flight */
    ngx_uint_t                  hurry;        /* rooms to ask for at once */

    ngx_event_t                 bin;          /* of ngx_tidraw_bin.c */
    ngx_tidraw_op_t            *purge;        /* in flight */

    ngx_queue_t                 due[2];       /* sessions to be looked up; 1:
                                                 as soon as possible */
    ngx_event_t                 recheck;
    ngx_tidraw_op_t            *rechecking;   /* in flight */
    int64_t                     order;        /* the latest one read */
    unsigned                    ordered:1;    /* it was */

    ngx_event_t                 identify;     /* of ngx_tidraw_hosts.c */
    ngx_tidraw_op_t            *identity;     /* in flight */
};


typedef enum {
    NGX_TIDRAW_CLIENT_ACCESS = 0,   /* who is it? (rooms->entering) */
    NGX_TIDRAW_CLIENT_LOADING,      /* waits for the board */
    NGX_TIDRAW_CLIENT_WAITING,      /* waits for connect */
    NGX_TIDRAW_CLIENT_CONNECTED,
    NGX_TIDRAW_CLIENT_GONE,         /* no connection; presence is kept */
    NGX_TIDRAW_CLIENT_DEAD          /* out of the room, connection closing */
} ngx_tidraw_client_e;


struct ngx_tidraw_client_s {
    ngx_queue_t                 queue;        /* rooms->entering, or
                                                 room->sessions */
    ngx_queue_t                 due;          /* rooms->due */
    ngx_tidraw_client_t       **looked_up;    /* its place in the operation */
    ngx_tidraw_rooms_t         *rooms;
    ngx_tidraw_room_t          *room;         /* NULL before and after */
    ngx_tidraw_ws_t            *ws;           /* NULL once closed() came */
    ngx_tidraw_access_t        *access;       /* while the first look-up
                                                 runs */
    ngx_event_t                 timer;

    ngx_str_t                   room_id;      /* the strings are in */
    ngx_str_t                   session_id;   /* the session's own block */
    ngx_str_t                   user_id;      /* own allocation: user or link,
                                                 the hashes of login and link
                                                 token */
    ngx_str_t                   login;
    ngx_str_t                   link;
    ngx_str_t                   user_name;    /* own allocation: of the account,
                                                 with the color */
    ngx_str_t                   user_color;
    u_char                      presence_id[18 + NGX_TIDRAW_ID_LEN];
    u_char                      key[NGX_TIDRAW_KEY_LEN];

    ngx_tidraw_client_e        state;
    ngx_tidraw_role_e           role;

    td_chunk_t                  chunk;
    td_str_t                    presence;     /* own allocation */
    td_str_t                    connect;      /* waits for catching up, own
                                                 allocation */

    int                         place;        /* in the zone, or -1 */
    int64_t                     since;        /* it is here, ms UTC */

    ngx_msec_t                  seen;         /* last connect, push, ping */
    ngx_msec_t                  taken;        /* last hand-over of the id */
    ngx_msec_t                  checked;      /* its rights */
    int64_t                     expires;      /* of its link; 0: never */
    ngx_uint_t                  pending;      /* pushes not yet answered */
    size_t                      pending_bytes;
    uint64_t                    refused;      /* cycle that refuses it */
    ngx_uint_t                  batched;      /* own items in the batch */

    unsigned                    protocol:8;
    unsigned                    old_refusal:1;  /* protocol 5 and 6 */
    unsigned                    looked:2;     /* catch-ups it waited for */
    unsigned                    again:1;      /* rights changed meanwhile */
    unsigned                    queued:1;     /* in rooms->due */
    unsigned                    behind:1;     /* was sent no presence */
    unsigned                    paused:1;
    unsigned                    unrecorded:1; /* the zone has not its
                                                 presence as it is */
    unsigned                    guest:1;      /* user_id is a link's */
    unsigned                    leaving:1;    /* close when answered */
};


/* A push that waits: the message as it came. */

struct ngx_tidraw_push_s {
    ngx_queue_t                 queue;
    ngx_tidraw_client_t        *client;      /* NULL: the author is gone, the
                                                 push still counts */
    td_str_t                    client_clock; /* in the cycle's arena */
    td_effect_t                 effect;
    uint64_t                    clock;
    ngx_msec_t                  came;
    int                         rc;           /* of td_overlay_push() */
    unsigned                    protocol:8;
    unsigned                    document:1;   /* 0: only the answer waits */
    size_t                      len;
    u_char                      text[1];
};


typedef enum {
    NGX_TIDRAW_COMMIT_IDLE = 0,
    NGX_TIDRAW_COMMIT_RUNNING,
    NGX_TIDRAW_COMMIT_CATCHING_UP,
    NGX_TIDRAW_COMMIT_BACKING_OFF
} ngx_tidraw_commit_e;


typedef struct {
    ngx_tidraw_commit_e         state;
    ngx_queue_t                 waiting;      /* ngx_tidraw_push_t */
    ngx_queue_t                 running;      /* of the cycle in flight */
    ngx_event_t                 event;        /* next cycle */
    ngx_tidraw_op_t            *op;           /* in flight; it may outlive a
                                                 room that is destroyed */
    td_arena_t                 *arena;
    td_overlay_t               *overlay;
    uint64_t                    base;         /* the clock it started from */
    uint64_t                    history;      /* after this commit */
    ngx_str_t                   changes;      /* for the history, in the
                                                 arena; len 0: not kept */
    size_t                      logged;       /* the bytes of them */
    unsigned                    whole:1;      /* it stores the board whole */
    uint64_t                    cycle;
    unsigned                    legacy:1;     /* tried for protocol <= 7 */
    unsigned                    following:1;  /* the next one goes behind that
                                                 of another worker */
    unsigned                    followed:1;   /* so did the last one */
    unsigned                    locked:1;     /* "op" catches up with the
                                                 board's row locked */
    unsigned                    rivals:1;     /* it did, while others write: so
                                                 will the next one */
    ngx_msec_t                  started;
    ngx_msec_t                  took;         /* the last one */
    ngx_msec_t                  yielded;      /* when it let others go first */
    ngx_msec_t                  asked;        /* when "op" was started */
    ngx_msec_t                  failing;      /* since; valid if failures */
    ngx_uint_t                  failures;
    ngx_uint_t                  losses;       /* races lost in a row */
    size_t                      bytes;        /* of waiting and running */
    ngx_msec_t                  pruned;
} ngx_tidraw_commit_t;


/*
 * What leaves with the next frame, in the one order of the room.  A batch
 * item is a patch for everybody but its origin and, with it, the origin's
 * push_result.
 */

typedef struct {
    ngx_tidraw_client_t       *origin;       /* NULL: from elsewhere */
    uint32_t                    patch;        /* offset and length in "text" */
    uint32_t                    patch_len;    /* 0: none */
    uint32_t                    legacy;       /* in "extra" */
    uint32_t                    legacy_len;   /* 0: the patch serves all */
    uint32_t                    result;       /* in "extra" */
    uint32_t                    result_len;
    ngx_msec_t                  came;         /* the edit; if timed */
    unsigned                    timed:1;
    unsigned                    thin:1;       /* may be left out for a slow
                                                 reader */
} ngx_tidraw_item_t;


/* A worker elsewhere that writes to the same board. */

typedef struct {
    uint64_t                    node;         /* 0: none */
    ngx_msec_t                  heard;
    unsigned                    answered:1;   /* since the batch is due */
} ngx_tidraw_peer_t;


typedef struct {
    ngx_tidraw_item_t          *items;
    ngx_uint_t                  nitems;
    ngx_uint_t                  size;
    ngx_uint_t                  nlegacy;      /* items with a legacy text */
    ngx_uint_t                  ntimed;
    td_buf_t                    text;         /* both begin with the head of a
                                                 ngx_tidraw_shared_t, so that
                                                 they are sent uncopied */
    td_buf_t                    extra;
    ngx_event_t                 event;        /* ngx_tidraw_pace.c */
    ngx_msec_t                  flushed;
    ngx_msec_t                  left;         /* the others were told */
    ngx_tidraw_peer_t           peers[NGX_TIDRAW_BATCH_PEERS];
    unsigned                    due:1;        /* it leaves soon */
    unsigned                    told:1;       /* and the others know */
} ngx_tidraw_batch_t;


typedef enum {
    NGX_TIDRAW_ROOM_LOADING = 0,
    NGX_TIDRAW_ROOM_READY,
    NGX_TIDRAW_ROOM_CLOSED           /* out of the table, ends by itself */
} ngx_tidraw_room_e;


struct ngx_tidraw_room_s {
    ngx_str_node_t              sn;           /* id; first field */
    ngx_queue_t                 queue;        /* rooms->rooms */
    ngx_tidraw_rooms_t         *rooms;
    ngx_tidraw_room_e           state;

    int64_t                     num;
    td_room_t                   doc;
    td_schema_t                *schema;       /* NULL: nobody connected yet */
    unsigned                    schema_stored:1;
    unsigned                    schema_unknown:1;
    unsigned                    unsure:1;     /* whether all we know is all
                                                 that we stored */
    uint64_t                    logged;       /* history since the board was
                                                 last stored whole; 0: none
                                                 reaches it */

    ngx_queue_t                 sessions;
    ngx_uint_t                  nsessions;    /* that hold a connection */
    ngx_uint_t                  nconnected;
    ngx_uint_t                  nlegacy;      /* connected, protocol <= 7 */
    ngx_uint_t                  nwaiting;     /* with a connect that waits */

    ngx_tidraw_shared_t        *snapshot;     /* all records as members */
    uint64_t                    snapshot_clock;

    ngx_msec_t                  foreign;      /* when others wrote last */
    uint64_t                    heard;        /* a clock beyond ours exists */
    uint64_t                    heard_then;   /* when catching up began */

    ngx_queue_t                 remotes;      /* presence on other workers */
    ngx_uint_t                  nremotes;
    ngx_msec_t                  asked;        /* for what was missed */
    ngx_uint_t                  nanswers;     /* to its HELLO, so far */
    ngx_event_t                 answers;      /* waits for the others */
    td_buf_t                    outbox;       /* for the other workers */

    ngx_tidraw_op_t            *load;
    ngx_tidraw_commit_t         commit;
    ngx_tidraw_batch_t          batch;
    ngx_event_t                 unload;

    u_char                      id[NGX_TIDRAW_ID_LEN];
};


/* ngx_tidraw_gauges.c: each second, what this worker tells of itself */
void ngx_tidraw_gauges_tick(ngx_tidraw_rooms_t *rooms);


/* ngx_tidraw_room.c: the table of boards */

/*
 * The room of an id, loading it if need be; NULL when out of memory.  The
 * caller adds its session at once; it hears by ngx_tidraw_client_room_ready()
 * or is closed.
 */
ngx_tidraw_room_t *ngx_tidraw_room_get(ngx_tidraw_rooms_t *rooms,
    ngx_str_t *id);

/* The same without loading: NULL when it is not here. */
ngx_tidraw_room_t *ngx_tidraw_room_find(ngx_tidraw_rooms_t *rooms,
    ngx_str_t *id);

/* The board is loaded and somebody has answered: lets the sessions in when
 * there is nobody left to wait for. */
void ngx_tidraw_room_answered(ngx_tidraw_room_t *room);

/* Looks at the room after something left it: it is unloaded in time. */
void ngx_tidraw_room_left(ngx_tidraw_room_t *room);

/*
 * Drops the room from memory: every session is closed, with reason (4099) or,
 * reason NULL, so that it comes back at once and gets the board anew.
 */
void ngx_tidraw_room_close(ngx_tidraw_room_t *room, const char *reason);

/*
 * Whether a stored schema is the one this worker opened the board with; where
 * nobody has connected here yet, the board is opened with it.
 */
ngx_uint_t ngx_tidraw_room_schema_is(ngx_tidraw_room_t *room,
    ngx_str_t *text);

/* To be called after changes: drops what only the board of before had. */
void ngx_tidraw_room_changed(ngx_tidraw_room_t *room);

/* The records of the board as hydration members, shared; NULL: no memory.
 * The caller drops its reference. */
ngx_tidraw_shared_t *ngx_tidraw_room_snapshot(ngx_tidraw_room_t *room);


/* ngx_tidraw_client.c */

ngx_tidraw_client_t *ngx_tidraw_client_create(ngx_tidraw_rooms_t *rooms,
    ngx_http_request_t *r, ngx_str_t *room_id);
void ngx_tidraw_client_free(ngx_tidraw_client_t *s);

extern ngx_tidraw_ws_handlers_t  ngx_tidraw_client_handlers;

void ngx_tidraw_client_enter(ngx_tidraw_client_t *s, ngx_http_request_t *r);
void ngx_tidraw_client_room_ready(ngx_tidraw_client_t *s);

/* Ends a session for good (sync-protocol 1.5), its presence at once. */
void ngx_tidraw_client_refuse(ngx_tidraw_client_t *s, const char *reason);

/* The same for what it sent: its pushes before that still count. */
void ngx_tidraw_client_offended(ngx_tidraw_client_t *s, const char *reason);

/* Closes the connection so that the client comes back. */
void ngx_tidraw_client_close(ngx_tidraw_client_t *s, ngx_uint_t code,
    const char *reason);

/* The session goes on with another worker: its presence is not removed. */
void ngx_tidraw_client_moved(ngx_tidraw_client_t *s);

/* One push of the session has been answered. */
void ngx_tidraw_client_answered(ngx_tidraw_client_t *s, size_t bytes);


/* ngx_tidraw_takeover.c */

/* A connect under a sessionId that is known: presence id and record of the
 * old session are the new one's (sync-protocol 2.3, 2.4). */
void ngx_tidraw_client_take_over(ngx_tidraw_client_t *s);

/* Another session, connected or gone, of the same tab and user. */
ngx_uint_t ngx_tidraw_client_same(ngx_tidraw_client_t *s,
    ngx_tidraw_client_t *other);


/* ngx_tidraw_hydrate.c: the connect message and its reply */

/* text is the message that m was taken from. */
void ngx_tidraw_hydrate(ngx_tidraw_client_t *s, td_message_t *m,
    td_str_t text);

/* After catching up: answers what waited for it. */
void ngx_tidraw_hydrate_waiting(ngx_tidraw_room_t *room);

/* The session leaves the room: its connect need not be answered. */
void ngx_tidraw_hydrate_forget(ngx_tidraw_client_t *s);


/* ngx_tidraw_presence.c */

/* NGX_OK, NGX_DECLINED: the session was refused. */
ngx_int_t ngx_tidraw_presence_push(ngx_tidraw_client_t *s,
    td_message_t *m);

/* After the session left the room. */
void ngx_tidraw_presence_remove(ngx_tidraw_room_t *room,
    ngx_tidraw_client_t *s);

/* Tells the sessions here that a presence has ended. */
void ngx_tidraw_presence_gone(ngx_tidraw_room_t *room, u_char *id);

/* Appends everybody else's presence as puts, members joined by commas. */
void ngx_tidraw_presence_write(ngx_tidraw_client_t *s, td_buf_t *b);

/* Presence of everybody else as patches, to one that was left behind. */
void ngx_tidraw_presence_resend(ngx_tidraw_client_t *s);


/* ngx_tidraw_commit.c: the commit cycle */

void ngx_tidraw_commit_init(ngx_tidraw_room_t *room);
void ngx_tidraw_commit_free(ngx_tidraw_room_t *room);

/* Queues a push: NGX_OK, NGX_ERROR (no memory).  document 0: only its answer
 * has to wait for the ones before it. */
ngx_int_t ngx_tidraw_commit_push(ngx_tidraw_client_t *s, td_str_t text,
    ngx_uint_t document);

/* Forgets the author of what is queued; drop: and the pushes that do not run
 * yet with it. */
void ngx_tidraw_commit_forget(ngx_tidraw_client_t *s, ngx_uint_t drop);

/* 1 while pushes wait or run. */
ngx_uint_t ngx_tidraw_commit_busy(ngx_tidraw_room_t *room);

/* Plans the next cycle, when one is due and none runs. */
void ngx_tidraw_commit_schedule(ngx_tidraw_room_t *room);

/* The cycle itself, with what waits.  locked: NULL, or the operation to whose
 * lock the commit belongs. */
void ngx_tidraw_commit_run(ngx_tidraw_room_t *room, ngx_tidraw_op_t *locked);

/* Another worker has stored something and we know it: where our next cycle is
 * planned it begins after that of "turn" others. */
void ngx_tidraw_commit_follow(ngx_tidraw_room_t *room, ngx_uint_t turn);

/* Frees a push that is in no queue. */
void ngx_tidraw_commit_drop(ngx_tidraw_commit_t *c, ngx_tidraw_push_t *push);


/* ngx_tidraw_commit_failed.c: when it does not work */

/* The cycle, or catching up within it, failed: it is tried again for a time,
 * then its authors are closed.  rc as of an operation. */
void ngx_tidraw_commit_failed(ngx_tidraw_room_t *room, ngx_int_t rc);

/* The pushes of the cycle are the first of the next one. */
void ngx_tidraw_commit_again(ngx_tidraw_room_t *room);

/* Closes the authors of all pushes, with this code and reason, and drops
 * those; the cycle is over. */
void ngx_tidraw_commit_give_up(ngx_tidraw_room_t *room, ngx_uint_t code,
    const char *reason);

/* The author of a push with an error is refused: the session is over. */
void ngx_tidraw_commit_refuse(ngx_tidraw_room_t *room,
    ngx_tidraw_push_t *push);


/* ngx_tidraw_history.c: what a commit changed, and who */

/*
 * Prepares what the commit in the overlay adds to the history, if it is kept:
 * sets commit.logged and commit.whole.  NGX_OK, or NGX_ERROR: no memory.
 */
ngx_int_t ngx_tidraw_history_prepare(ngx_tidraw_room_t *room);

/* Adds it to the operation that commits at the time now. */
ngx_int_t ngx_tidraw_history_steps(ngx_tidraw_room_t *room,
    ngx_tidraw_op_t *op, int64_t now);

/* The commit was stored. */
void ngx_tidraw_history_done(ngx_tidraw_room_t *room);


/* ngx_tidraw_catchup.c: what other writers stored */

/* Fetches what changed since our clock, shows it to the sessions and goes on
 * with the commit cycle.  The cycle is in state CATCHING_UP meanwhile. */
void ngx_tidraw_catchup_start(ngx_tidraw_room_t *room);

/* The same with the lock of the board's row, and what waits is stored before
 * anybody else can: who lost to others twice does not a third time.  NGX_OK,
 * or NGX_DECLINED: not possible, nothing has happened. */
ngx_int_t ngx_tidraw_catchup_locked(ngx_tidraw_room_t *room);

/* Somebody knows of this clock: catches up if it is beyond ours, now or after
 * the cycle that runs. */
void ngx_tidraw_catchup_to(ngx_tidraw_room_t *room, uint64_t clock);


/* ngx_tidraw_poll.c */

void ngx_tidraw_poll_start(ngx_tidraw_rooms_t *rooms);
void ngx_tidraw_poll_stop(ngx_tidraw_rooms_t *rooms);

/* The next n rooms are asked for now. */
void ngx_tidraw_poll_soon(ngx_tidraw_rooms_t *rooms, ngx_uint_t n);


/* ngx_tidraw_bin.c: what is in the bin for too long */

void ngx_tidraw_bin_start(ngx_tidraw_rooms_t *rooms);
void ngx_tidraw_bin_stop(ngx_tidraw_rooms_t *rooms);


/* ngx_tidraw_recheck.c: what sessions may still do */

void ngx_tidraw_recheck_init(ngx_tidraw_rooms_t *rooms);
void ngx_tidraw_recheck_stop(ngx_tidraw_rooms_t *rooms);

/* Looks up a session that has a connection: now, or in the course of time. */
void ngx_tidraw_recheck(ngx_tidraw_client_t *s, ngx_uint_t now);

/* NGX_DECLINED: it may not be here and was closed. */
ngx_int_t ngx_tidraw_recheck_denied(ngx_tidraw_client_t *s,
    ngx_tidraw_access_t *access);

/* It may, and access says what. */
void ngx_tidraw_recheck_passed(ngx_tidraw_client_t *s,
    ngx_tidraw_access_t *access);

/* Looks it up if it is time, and says in how many milliseconds, delay at the
 * most, to call this again. */
ngx_msec_t ngx_tidraw_recheck_watch(ngx_tidraw_client_t *s, ngx_msec_t delay);

/* The session goes. */
void ngx_tidraw_recheck_forget(ngx_tidraw_client_t *s);


/* ngx_tidraw_control.c: orders, as others hear of them */

void ngx_tidraw_control_heard(ngx_tidraw_site_t *site, ngx_uint_t kind,
    ngx_str_t *room, ngx_str_t *subject);

/* One step that asks for new orders; its result. */
ngx_int_t ngx_tidraw_control_ask(ngx_tidraw_rooms_t *rooms,
    ngx_tidraw_op_t *op);
void ngx_tidraw_control_read(ngx_tidraw_rooms_t *rooms,
    ngx_tidraw_result_t *res);

/* Orders may have been missed: all sessions, in the course of time. */
void ngx_tidraw_recheck_all(ngx_tidraw_rooms_t *rooms);


/* ngx_tidraw_hosts.c */

void ngx_tidraw_hosts_stop(ngx_tidraw_rooms_t *rooms);


/* ngx_tidraw_fanout.c: the batch of a tick */

void ngx_tidraw_fanout_free(ngx_tidraw_room_t *room);

/*
 * Adds an item: diff is a whole diff object (or, with id, the op of the one
 * id), legacy the same for protocol <= 7 (len 0: not needed).  A patch that
 * nobody would get is not written.  NULL when out of memory: the room must
 * be closed, it would leave its sessions with a gap.
 */
ngx_tidraw_item_t *ngx_tidraw_fanout_patch(ngx_tidraw_room_t *room,
    ngx_tidraw_client_t *origin, uint64_t clock, td_str_t *id, td_str_t diff,
    td_str_t legacy);

/* Adds the origin's push_result to an item, or to a new one (item NULL). */
ngx_int_t ngx_tidraw_fanout_result(ngx_tidraw_client_t *s,
    ngx_tidraw_item_t *item, td_str_t client_clock, uint64_t clock,
    td_action_e action, td_str_t rebase);

/* Sends the batch now; others hear of it, unless that was done. */
void ngx_tidraw_fanout_flush(ngx_tidraw_room_t *room);

/* The session leaves: its items stay for the others. */
void ngx_tidraw_fanout_forget(ngx_tidraw_client_t *s);

/* A slice with a copy of the buffer, which is freed in any case.  The caller
 * drops the owner.  NGX_OK, NGX_ERROR. */
ngx_int_t ngx_tidraw_slice_copy(ngx_tidraw_slice_t *slice, td_buf_t *b,
    ngx_log_t *log);


/* ngx_tidraw_pace.c: when the batch leaves */

void ngx_tidraw_pace_init(ngx_tidraw_room_t *room);

/* Something is in the batch, or for the others: it leaves at once when the
 * room was quiet for a tick, else with the next tick. */
void ngx_tidraw_pace_schedule(ngx_tidraw_room_t *room);

/* Another worker has sent what its sessions did: its tick is ours, too. */
void ngx_tidraw_pace_heard(ngx_tidraw_room_t *room, uint64_t node);

/* Tells the others; sends the batch, or waits a moment for theirs. */
void ngx_tidraw_pace_leave(ngx_tidraw_room_t *room);

/* The batch is being sent: that tick is over. */
void ngx_tidraw_pace_flushed(ngx_tidraw_room_t *room);


#endif /* _NGX_TIDRAW_ROOM_H_INCLUDED_ */
