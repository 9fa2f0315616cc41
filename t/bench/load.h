/*
 * The load generator of the benchmark: many WebSocket clients of the tldraw
 * sync protocol in one thread.
 *
 * All clients live in one process, so a push needs no clock in its text: a
 * receiver finds sender and sequence number in a coordinate (the stamp) and
 * looks the time of sending up in the sender's ring.  Nothing here parses
 * JSON beyond a byte search; the generator must never be the slow part.
 */


#ifndef _LOAD_H_INCLUDED_
#define _LOAD_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* pushes of one client that may be unanswered; a power of two */
#define LD_RING          2048

#define LD_MAX_ERRORS    8
#define LD_MAX_PORTS     8

/* what a push carries: the index of rings and counters */
#define LD_PRESENCE      0
#define LD_EDIT          1
#define LD_SETUP         2

#define LD_KINDS         2

/* a stamp: kind, 4 digits of sender, 6 of sequence, and a digit that is not
 * zero, so that no writer of numbers shortens it with an exponent */
#define LD_STAMP_LEN     12
#define LD_MAX_CLIENTS   10000
#define LD_MAX_SEQ       1000000


typedef enum {
    LD_NEW = 0,         /* not started */
    LD_CONNECTING,      /* TCP */
    LD_UPGRADING,       /* request sent */
    LD_OPEN,            /* connect sent */
    LD_JOINED,          /* reply read, own records pushed */
    LD_READY,           /* those were answered */
    LD_CLOSED
} ld_state_e;


typedef enum {
    LD_MIXED = 0,       /* presence and moves at given rates, or none */
    LD_STROKES,         /* growing draw shapes */
    LD_BOARD,           /* first message of a big board */
    LD_RETURN           /* the server sends all away; they come back */
} ld_mode_e;


typedef struct {
    uint64_t             time;
    unsigned             kind;
} ld_push_t;


typedef struct {
    char                *data;
    size_t               pos;
    size_t               len;
    size_t               size;
} ld_buf_t;


typedef struct {
    int                  fd;
    ld_state_e           state;
    unsigned             writing:1;
    unsigned             gone:1;        /* return: the server closed it */
    uint64_t             again;         /* return: when it comes back */
    uint64_t             left;          /* return: when it was sent away */

    unsigned             id;
    unsigned             room;
    unsigned             slot;          /* place in the room */

    ld_buf_t             in;            /* rest of an incomplete frame */
    ld_buf_t             text;          /* fragments of a message */
    ld_buf_t             out;           /* what the socket did not take */

    uint32_t             clock;         /* clientClock of the next push */
    uint32_t             answered;      /* clientClock of the next result */
    ld_push_t           *pushes;        /* by clientClock, LD_RING */

    uint32_t             seq[LD_KINDS];     /* last one sent */
    uint64_t            *sent[LD_KINDS];    /* its time, LD_RING */
    uint32_t            *seen[LD_KINDS];    /* last one of each slot */

    unsigned             stroke;        /* number of the open stroke */
    unsigned             points;        /* in it; 0: none is open */
    double               x;
    double               y;

    unsigned             pings;
    unsigned             pongs;

    uint64_t             t_connect;     /* connect message sent */
    uint64_t             t_first;       /* first byte of the answer */
    uint64_t             t_reply;       /* all of it */
    size_t               reply_bytes;
    size_t               reply_shapes;
} ld_conn_t;


typedef struct {
    /* options */
    const char          *host;
    unsigned             ports[LD_MAX_PORTS];   /* clients take turns */
    unsigned             nports;
    const char          *path;          /* %r: room, %c: client */
    const char          *headers;       /* whole lines with CRLF */
    char                *schema;        /* JSON text */
    char               **rooms;         /* names */
    unsigned             protocol;
    ld_mode_e            mode;
    unsigned             nrooms;
    unsigned             per_room;
    double               presence;      /* pushes a second and client */
    double               edits;
    double               warmup;
    double               seconds;
    double               drain;
    unsigned             shapes;        /* board: to be pushed */
    unsigned             expect;        /* board: to be found */
    unsigned             repeats;
    const char          *label;
    unsigned             events:1;
    unsigned             flips:1;       /* geo has flipX and flipY */

    /* state */
    int                  ep;
    ld_conn_t           *conns;
    unsigned             nconns;
    unsigned             pending;       /* started, not yet ready */
    unsigned             ready;
    uint64_t             now;
    uint64_t             t_start;       /* the measured window */
    uint64_t             t_end;
    unsigned             fatal;

    /* counted */
    uint64_t             pushed;        /* all but set-up */
    uint64_t             answered;
    uint64_t             expected;      /* deliveries of pushes in window */
    uint64_t             delivered[LD_KINDS];   /* of those */
    uint64_t             received;      /* deliveries during the window */
    uint64_t             skipped[LD_KINDS];     /* sequence numbers */
    uint64_t             messages;
    uint64_t             bytes;
    double               cpu_used;      /* s, in the window */
    double               window;        /* s */
    uint64_t             late;          /* ns, the latest start of a push */
    unsigned             unseen;        /* last cursors that never came */
    size_t               reply_bytes;   /* of a board */
    double               load_ms;       /* board: pushing the shapes */

    unsigned             nerrors;
    char                 errors[LD_MAX_ERRORS][160];
} ld_t;


/* latencies: 10 us steps up to 100 ms, then 1 ms steps up to 100 s */
typedef struct {
    uint32_t             fine[10000];
    uint32_t             coarse[100000];
    uint64_t             count;
    uint64_t             max;           /* ns */
} ld_hist_t;


extern ld_t       ld;
extern ld_hist_t  ld_delivery[LD_KINDS];
extern ld_hist_t  ld_answer[LD_KINDS];
extern ld_hist_t  ld_first_byte;
extern ld_hist_t  ld_whole_reply;
extern ld_hist_t  ld_away;
extern ld_hist_t  ld_back;


/* load_stat.c */

/* Monotonic time in ns. */
uint64_t ld_clock(void);

/* The next pseudo-random number; ld_uniform() gives 0 <= n < 1. */
uint64_t ld_random(void);
double ld_uniform(void);

/* Notes an error; the first LD_MAX_ERRORS are kept for the report. */
void ld_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* As ld_error(), and ends the run. */
void ld_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For what cannot go on at all: writes to stderr and exits with 2. */
void ld_die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

void *ld_alloc(size_t n, size_t size);

/* Room for n more bytes at the end, which it returns. */
char *ld_buf_reserve(ld_buf_t *b, size_t n);

void ld_hist_add(ld_hist_t *h, uint64_t ns);

/* Milliseconds below which the part q (0..1) of the values lies. */
double ld_hist_at(const ld_hist_t *h, double q);


/* load_conn.c */

/* Starts a connection; its failure ends the run. */
void ld_conn_start(ld_conn_t *c);

/* Readiness from epoll. */
void ld_conn_event(ld_conn_t *c, uint32_t events);

/* Sends one text message, masked. */
void ld_conn_send(ld_conn_t *c, const char *text, size_t len);

/* Says good-bye and closes; frees the buffers. */
void ld_conn_close(ld_conn_t *c);


/* load_msg.c */

void ld_send_connect(ld_conn_t *c);
void ld_send_ping(ld_conn_t *c);

/* The records a client brings along: presence, page, and its own shape. */
void ld_send_setup(ld_conn_t *c);

/* Moves the client's cursor, its shape, or its pen. */
void ld_send_presence(ld_conn_t *c);
void ld_send_move(ld_conn_t *c);
void ld_send_stroke(ld_conn_t *c);

/* Puts n shapes, numbered from first. */
void ld_send_shapes(ld_conn_t *c, unsigned first, unsigned n);

/* One whole message from the server, as the state of c demands. */
void ld_message(ld_conn_t *c, const char *p, size_t len);


/* load_run.c */

/* Connects all clients, lets them push for the window, waits for the rest. */
void ld_run(void);

/* Connects all clients, and waits until they were sent away and are back. */
void ld_return(void);

/* Fills a board with the first client, lets the others join one by one. */
void ld_board(void);


#endif /* _LOAD_H_INCLUDED_ */
