
/*
 * WebSocket frames (RFC 6455), the server's side: a parser of what clients
 * send and a writer of frame headers.
 *
 * The parser works in place on bytes of the caller, unmasks them there, owns
 * no memory and keeps nothing but counters: what it does not use yet, never
 * more than TD_FRAME_REST bytes, the caller shows it again with more behind.
 */


#ifndef _TD_FRAME_H_INCLUDED_
#define _TD_FRAME_H_INCLUDED_


#include "td_utf8.h"


#define TD_FRAME_CONTINUATION  0x0
#define TD_FRAME_TEXT          0x1
#define TD_FRAME_BINARY        0x2
#define TD_FRAME_CLOSE         0x8
#define TD_FRAME_PING          0x9
#define TD_FRAME_PONG          0xa

#define TD_FRAME_MAX_CONTROL   125

/* a masked header of the longest form, and a whole control frame */
#define TD_FRAME_MAX_HEADER    14
#define TD_FRAME_REST          (6 + TD_FRAME_MAX_CONTROL - 1)

/* the longest header that a server writes */
#define TD_FRAME_MAX_OUT       10

#define TD_CLOSE_PROTOCOL      1002
#define TD_CLOSE_NO_CODE       1005
#define TD_CLOSE_BAD_DATA      1007
#define TD_CLOSE_TOO_BIG       1009


/* What td_frame_next() found. */

#define TD_FRAME_EVENT_MORE    0    /* nothing; more bytes are needed */
#define TD_FRAME_EVENT_DATA    1    /* a piece of a message */
#define TD_FRAME_EVENT_PING    2
#define TD_FRAME_EVENT_PONG    3
#define TD_FRAME_EVENT_CLOSE   4    /* the last event ever */


typedef struct {
    size_t       max_frame;     /* payload of a data frame */
    size_t       max_message;   /* payload of a fragmented message */

    /* private; all zero at the start */
    uint64_t     left;          /* payload of this frame still to come */
    uint64_t     total;         /* announced by all frames of the message */
    uint8_t      mask[4];       /* mask[0] is for the next byte */
    td_utf8_t    utf8;
    unsigned     in_frame:1;    /* the header of a data frame was used */
    unsigned     fin:1;
    unsigned     in_message:1;  /* fragments are still to come */
    unsigned     begun:1;       /* a piece of the message was shown */
    unsigned     closed:1;
    unsigned     failed:1;
} td_frame_t;


typedef struct {
    uint8_t     *data;          /* into the caller's bytes, unmasked */
    size_t       len;

    /* DATA: the first and the last piece of a message; len may be 0 */
    unsigned     first:1;
    unsigned     last:1;

    /* CLOSE: the peer's code, data is the reason; TD_BAD: our code */
    unsigned     code;
} td_frame_event_t;


/*
 * Looks at the n bytes that follow what was used so far, and returns one
 * event and the number of bytes used.  Loop until EVENT_MORE; the bytes that
 * are unused then must stand in front of the next ones.
 * Pieces of text and binary messages are valid UTF-8 as far as they go, and
 * whole at the end.  After CLOSE everything is used up silently.
 * TD_BAD: the client broke a rule or a limit, ev->code is the code to close
 * with; the parser returns the same for ever after.  Lengths are judged when
 * the header is there, before any payload.
 */
int td_frame_next(td_frame_t *f, uint8_t *p, size_t n, size_t *used,
    td_frame_event_t *ev);

/* Whether a close frame may carry this code (RFC 6455 7.4). */
int td_frame_close_code_valid(unsigned code);

/*
 * Writes the header of an unmasked, unfragmented frame to dst, which has room
 * for TD_FRAME_MAX_OUT bytes; returns its length.
 */
size_t td_frame_header(uint8_t *dst, unsigned opcode, uint64_t len);


#endif /* _TD_FRAME_H_INCLUDED_ */
