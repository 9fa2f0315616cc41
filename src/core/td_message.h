
/*
 * Messages of the sync protocol (sync-protocol 1.7, 3 to 5): what a client
 * sends, taken apart, and what the server answers, written.
 */


#ifndef _TD_MESSAGE_H_INCLUDED_
#define _TD_MESSAGE_H_INCLUDED_


#include "td_room.h"


#define TD_MESSAGE_DEPTH    100     /* nested containers in a message */

#define TD_PROTOCOL_MIN     5
#define TD_PROTOCOL_MAX     8


typedef enum {
    TD_MESSAGE_UNKNOWN = 0,
    TD_MESSAGE_CONNECT,
    TD_MESSAGE_PUSH,
    TD_MESSAGE_PING
} td_message_e;


typedef struct {
    td_message_e        type;

    /* connect */
    td_str_t            request_id;     /* JSON text */
    int64_t             last_clock;     /* -1 when missing or no number */
    unsigned            protocol;       /* 0 when missing, capped at 255 */
    const td_json_t    *schema;         /* NULL when missing or null */

    /* push */
    td_str_t            client_clock;   /* JSON text, echoed */
    const td_json_t    *diff;           /* NULL when missing */
    const td_json_t    *presence;       /* NULL when missing or null */
} td_message_t;


/*
 * Parses a message; nodes live in the arena and point into text.
 * TD_OK, TD_BAD (no JSON object, or a push without a number as clientClock,
 * a connect without a request id), TD_DEPTH, TD_NOMEM.
 */
int td_message_parse(td_arena_t *a, td_str_t text, td_message_t *m);


/* What one presence op did (sync-protocol 4.7). */

typedef struct {
    unsigned       changed:1;
    td_str_t       text;        /* the new record, in the arena */
    td_str_t       op;          /* for the others */
    td_str_t       legacy;      /* len 0: op serves all */
    char           error[128];
} td_presence_t;

/*
 * Applies a presence op to the session's record (current.len 0: none).  The
 * record's id is forced to id ("instance_presence:…", plain ASCII) and its
 * typeName to instance_presence.
 * TD_OK, TD_INVALID (p->error says why), TD_NOMEM.
 */
int td_presence_push(td_arena_t *a, const td_schema_t *schema, td_str_t id,
    td_str_t current, const td_json_t *op, unsigned protocol,
    unsigned legacy, td_presence_t *p);


/*
 * Follows a presence op of another worker, trusted: appends the record
 * afterwards to b.  current.len 0: none.  *appends: receivers of protocol
 * <= 7 cannot take the op as it is.
 * TD_OK, TD_BAD (a patch of nothing), TD_NOMEM.
 */
int td_presence_follow(td_arena_t *a, td_str_t current, const td_json_t *op,
    td_buf_t *b, int *appends);

/*
 * The "userName" of a presence record as JSON text without its quotes; empty
 * when there is none or it is longer than 100 bytes.
 */
td_str_t td_presence_user_name(td_str_t record);


/*
 * Writers.  All append; a data item starts with a comma, so that items can
 * be joined or cut out in any combination.
 */

/* `,{"type":"patch","serverClock":N,"diff":` diff `}` */
void td_write_patch(td_buf_t *b, uint64_t clock, td_str_t diff);

/* The same with the one-member diff {"id":op}. */
void td_write_patch_one(td_buf_t *b, uint64_t clock, td_str_t id,
    td_str_t op);

/* `,{"type":"push_result",…}`; rebase is used for TD_ACTION_REBASE only. */
void td_write_result(td_buf_t *b, td_str_t client_clock, uint64_t clock,
    td_action_e action, td_str_t rebase);

/* The connect reply up to and with `"diff":{`; the rest is members and `}}`.*/
void td_write_connect(td_buf_t *b, td_str_t request_id, int wipe_all,
    unsigned protocol, td_str_t schema, uint64_t clock, int readonly);


#endif /* _TD_MESSAGE_H_INCLUDED_ */
