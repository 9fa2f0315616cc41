
/*
 * The shared zone of a site: which workers live, who is on which board,
 * throttles and counters, over all workers of a host and across reloads.
 *
 * Nothing depends on it for correctness.  Where it cannot be had, or has no
 * place left, a worker uses a small one of its own and is alone in it.
 */


#ifndef _NGX_TIDRAW_ZONE_H_INCLUDED_
#define _NGX_TIDRAW_ZONE_H_INCLUDED_


#include "ngx_tidraw.h"
#include "td_zone.h"


#define NGX_TIDRAW_ZONE_MIN      (128 * 1024)
#define NGX_TIDRAW_ZONE_MAX      (1024 * 1024 * 1024)
#define NGX_TIDRAW_ZONE_DEFAULT  (16 * 1024 * 1024)


/*
 * Counters: gauges say how many there are now, the others how many there were
 * since nginx started or the zone changed its size.  A new one goes to the end
 * of its group and to ngx_tidraw_zone_names.
 */

typedef enum {

    /* gauges */
    NGX_TIDRAW_COUNT_SESSIONS = 0,       /* WebSockets that are open */
    NGX_TIDRAW_COUNT_BOARDS,             /* in memory, summed over workers */
    NGX_TIDRAW_COUNT_PUSHES_WAIT,        /* edits that are not stored yet */
    NGX_TIDRAW_COUNT_OPERATIONS_WAIT,    /* of the database */
    NGX_TIDRAW_COUNT_BYTES_WAIT,         /* for readers of WebSockets */
    NGX_TIDRAW_COUNT_DATABASE_DOWN,      /* workers that do not reach it */
    NGX_TIDRAW_COUNT_REDIS_DOWN,
    NGX_TIDRAW_COUNT_MEMORY,             /* bytes that workers hold */

    NGX_TIDRAW_COUNT_TOTALS,

    /* totals */
    NGX_TIDRAW_COUNT_MESSAGES_IN = NGX_TIDRAW_COUNT_TOTALS,
    NGX_TIDRAW_COUNT_MESSAGES_OUT,
    NGX_TIDRAW_COUNT_BYTES_IN,           /* payload of sync messages */
    NGX_TIDRAW_COUNT_BYTES_OUT,
    NGX_TIDRAW_COUNT_CONNECTS,           /* sessions that said hello */
    NGX_TIDRAW_COUNT_EDITS,              /* pushes committed */
    NGX_TIDRAW_COUNT_COMMITS,            /* cycles that stored something */
    NGX_TIDRAW_COUNT_CONFLICTS,          /* lost to another worker */
    NGX_TIDRAW_COUNT_COMMIT_FAILURES,    /* the database did not take it */
    NGX_TIDRAW_COUNT_SLOW_READERS,       /* closed by tidraw_max_queue */
    NGX_TIDRAW_COUNT_UNAVAILABLE,        /* sessions told to try later */
    NGX_TIDRAW_COUNT_ZONE_FULL,          /* presence without a place */

    /* refusals, by the reason of close code 4099 */
    NGX_TIDRAW_COUNT_REFUSED,
    NGX_TIDRAW_COUNT_NOT_AUTHENTICATED = NGX_TIDRAW_COUNT_REFUSED,
    NGX_TIDRAW_COUNT_FORBIDDEN,
    NGX_TIDRAW_COUNT_NOT_FOUND,
    NGX_TIDRAW_COUNT_CLIENT_TOO_OLD,
    NGX_TIDRAW_COUNT_SERVER_TOO_OLD,
    NGX_TIDRAW_COUNT_INVALID_RECORD,
    NGX_TIDRAW_COUNT_MESSAGE_TOO_LARGE,
    NGX_TIDRAW_COUNT_RATE_LIMITED,
    NGX_TIDRAW_COUNT_ROOM_FULL,
    NGX_TIDRAW_COUNT_UNKNOWN_ERROR,

    /* the API: answers by their class, and attempts slowed down */
    NGX_TIDRAW_COUNT_API_2XX,
    NGX_TIDRAW_COUNT_API_4XX,
    NGX_TIDRAW_COUNT_API_5XX,
    NGX_TIDRAW_COUNT_THROTTLED,

    /* operations of the database, by how they failed */
    NGX_TIDRAW_COUNT_DATABASE,
    NGX_TIDRAW_COUNT_DATABASE_AWAY = NGX_TIDRAW_COUNT_DATABASE,
    NGX_TIDRAW_COUNT_DATABASE_FULL,
    NGX_TIDRAW_COUNT_DATABASE_UNKNOWN,
    NGX_TIDRAW_COUNT_DATABASE_REFUSED,

    NGX_TIDRAW_COUNT_MAILS_SENT,
    NGX_TIDRAW_COUNT_MAILS_FAILED,       /* attempts */
    NGX_TIDRAW_COUNT_MAILS_GIVEN_UP,

    NGX_TIDRAW_COUNT_UPLOADS_FAILED,     /* that the disk did not take */
    NGX_TIDRAW_COUNT_S3_FAILED,
    NGX_TIDRAW_COUNT_ACTIVITY_LOST,

    NGX_TIDRAW_COUNT_MAX
} ngx_tidraw_count_e;


/* the first totals, up to commits, are told as rates, too */

#define NGX_TIDRAW_RATES                                                      \
    (NGX_TIDRAW_COUNT_COMMITS + 1 - NGX_TIDRAW_COUNT_TOTALS)


/* Totals at one moment. */

typedef struct {
    ngx_msec_t              at;          /* 0: not yet */
    uint64_t                counts[NGX_TIDRAW_RATES];
} ngx_tidraw_zone_mark_t;


/* Histograms: how often a value was at most each bound, and their sum. */

#define NGX_TIDRAW_HIST_BOUNDS   13

typedef enum {
    NGX_TIDRAW_HIST_DURABLE = 0,         /* ms from an edit's arrival until it
                                            is stored */
    NGX_TIDRAW_HIST_PEER,                /* the same until it has been given
                                            to the sockets of the others */
    NGX_TIDRAW_HIST_COMMIT,              /* ms that the database took */
    NGX_TIDRAW_HIST_EDITS,               /* of a commit */
    NGX_TIDRAW_HIST_BYTES,               /* of the pushes of a commit */

    NGX_TIDRAW_HIST_MAX
} ngx_tidraw_hist_e;

/* the bounds, how often it was beyond them, the sum */
#define NGX_TIDRAW_HIST_SIZE     (NGX_TIDRAW_HIST_BOUNDS + 2)

/* Codes of failures of the API: a place for each, see ngx_tidraw_http.h. */
#define NGX_TIDRAW_ERRORS_MAX    48

/* Where all of them stand among the counters of a worker. */

#define NGX_TIDRAW_COUNT_HIST    NGX_TIDRAW_COUNT_MAX
#define NGX_TIDRAW_COUNT_ERRORS                                               \
    (NGX_TIDRAW_COUNT_HIST + NGX_TIDRAW_HIST_MAX * NGX_TIDRAW_HIST_SIZE)
#define NGX_TIDRAW_COUNT_END                                                  \
    (NGX_TIDRAW_COUNT_ERRORS + NGX_TIDRAW_ERRORS_MAX)



struct ngx_tidraw_zone_s {
    td_zone_t               z;
    ngx_slab_pool_t        *pool;        /* NULL: memory of our own */
    void                   *own;         /* that memory, or NULL */
    uint64_t               *counters;    /* where this worker counts */
    size_t                  waiting;     /* bytes in queues of WebSockets */
    uint64_t                node;
    uint64_t                generation;
    time_t                  warned;      /* that it is full */
    ngx_tidraw_zone_mark_t  marks[2];    /* of the last ticks, the older one
                                            first */
    ngx_log_t              *log;
};


typedef struct {
    uint64_t                counts[NGX_TIDRAW_COUNT_MAX];
    uint64_t                rates[NGX_TIDRAW_RATES];  /* in ten seconds, over
                                            the last one or two */
    ngx_uint_t              workers;     /* that live, all generations */
    ngx_uint_t              people;      /* sessions with a place */
    ngx_uint_t              people_max;  /* places in the zone */
    uint64_t                started;     /* of the oldest of them, ms UTC */
} ngx_tidraw_zone_stats_t;


typedef struct {
    ngx_pid_t               pid;
    uint64_t                node;
    uint64_t                generation;  /* those of one hear one another */
    uint64_t                started;     /* ms since 1970 */
    ngx_uint_t              quits;       /* unsigned, 1: after a reload */
    uint64_t                sessions;
    uint64_t                boards;
} ngx_tidraw_zone_worker_t;


/* Names of the counters, in the order of ngx_tidraw_count_e. */
extern ngx_str_t  ngx_tidraw_zone_names[];

/* Upper bounds, ascending, 0 behind the last one. */
extern const uint64_t  ngx_tidraw_zone_bounds[NGX_TIDRAW_HIST_MAX]
                                             [NGX_TIDRAW_HIST_BOUNDS];


/*
 * While the configuration is read: the site gets a zone of size bytes.
 * NGX_CONF_OK or NGX_CONF_ERROR, logged.
 */
char *ngx_tidraw_zone_add(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    size_t size);

/*
 * In init_process, before anything else of the site: maps it into site->zone.
 * NGX_ERROR when out of memory.
 */
ngx_int_t ngx_tidraw_zone_open(ngx_tidraw_site_t *site, ngx_cycle_t *cycle);

/*
 * Once the worker has its number on the bus; generation is the same for all
 * workers that hear one another there.  From here on it is registered.
 */
void ngx_tidraw_zone_join(ngx_tidraw_site_t *site, uint64_t node,
    uint64_t generation);

/* In exit_process, last of the site. */
void ngx_tidraw_zone_close(ngx_tidraw_site_t *site);

/*
 * Each second: says that we live and cleans what the dead left.  NGX_DECLINED:
 * we had been believed dead, and are here anew: all slots are void.
 */
ngx_int_t ngx_tidraw_zone_tick(ngx_tidraw_site_t *site);

/* This worker was told to quit. */
void ngx_tidraw_zone_quits(ngx_tidraw_site_t *site);


/*
 * A session's place: writes who it is.  slot is its own, or -1; the slot, or
 * -1 when the zone is full, which is logged once a minute.
 */
int ngx_tidraw_zone_put(ngx_tidraw_site_t *site, int slot,
    td_zone_who_t *who);


/*
 * What all workers counted.  Reads without a lock: each number is right, the
 * sum of two may be of two moments.  Never fails.  Cheap enough for any
 * request, not for every message.
 */
void ngx_tidraw_zone_stats(ngx_tidraw_site_t *site,
    ngx_tidraw_zone_stats_t *stats);

/*
 * One counter of all workers, by its place: below NGX_TIDRAW_COUNT_END.  That
 * of a gauge is of the living ones.
 */
uint64_t ngx_tidraw_zone_counter(ngx_tidraw_site_t *site, ngx_uint_t n);

/* Workers that live, at most n; their number.  A snapshot by value. */
ngx_uint_t ngx_tidraw_zone_workers(ngx_tidraw_site_t *site,
    ngx_tidraw_zone_worker_t *workers, ngx_uint_t n);


/*
 * Counts, in this worker's own cache lines.  Also before join() and after
 * close(), then for nothing.
 */

#define ngx_tidraw_count(site, what, n)                                       \
    ((site)->zone->counters[what] += (n))

/* A gauge is set, not added to. */
#define ngx_tidraw_gauge(site, what, n)                                       \
    ((site)->zone->counters[what] = (n))


/* A value of a histogram: cheap, without a lock, for every edit. */
void ngx_tidraw_observe(ngx_tidraw_site_t *site, ngx_tidraw_hist_e hist,
    uint64_t value);


/* A refusal with this reason of close code 4099. */
void ngx_tidraw_zone_refused(ngx_tidraw_site_t *site, const char *reason);


/*
 * Throttles: key is hashed with the zone's secret and kind, see td_zone.h for
 * the rest.
 */
ngx_uint_t ngx_tidraw_zone_take(ngx_tidraw_site_t *site, ngx_uint_t kind,
    ngx_str_t *key, ngx_uint_t free, ngx_uint_t longest);
void ngx_tidraw_zone_good(ngx_tidraw_site_t *site, ngx_uint_t kind,
    ngx_str_t *key, ngx_uint_t all);


#endif /* _NGX_TIDRAW_ZONE_H_INCLUDED_ */
