
/*
 * What the parts of the module share: configuration, sites, shared buffers.
 *
 * A site is one database with everything that hangs on it: its boards,
 * accounts and limits.  All locations that name the same database share one.
 * Sites are made when the configuration is read and live as long as it does.
 */


#ifndef _NGX_TIDRAW_H_INCLUDED_
#define _NGX_TIDRAW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "td_core.h"
#include "td_json.h"
#include "td_schema.h"


#define NGX_TIDRAW_VERSION       "0.1.0"

#define NGX_TIDRAW_ID_LEN        22     /* 128 random bits, base64url */
#define NGX_TIDRAW_TOKEN_LEN     43     /* 256 random bits, base64url */

/* The rights of a live session are never older. */
#define NGX_TIDRAW_RECHECK_MAX   (30 * 60 * 1000)


typedef struct ngx_tidraw_site_s   ngx_tidraw_site_t;
typedef struct ngx_tidraw_store_s  ngx_tidraw_store_t;
typedef struct ngx_tidraw_rooms_s  ngx_tidraw_rooms_t;
typedef struct ngx_tidraw_keep_s   ngx_tidraw_keep_t;
typedef struct ngx_tidraw_auth_s   ngx_tidraw_auth_t;
typedef struct ngx_tidraw_files_s  ngx_tidraw_files_t;
typedef struct ngx_tidraw_redis_s  ngx_tidraw_redis_t;
typedef struct ngx_tidraw_smtp_s   ngx_tidraw_smtp_t;
typedef struct ngx_tidraw_s3_s     ngx_tidraw_s3_t;
typedef struct ngx_tidraw_mails_s  ngx_tidraw_mails_t;
typedef struct ngx_tidraw_zone_s   ngx_tidraw_zone_t;


typedef enum {
    NGX_TIDRAW_ROLE_NONE = 0,
    NGX_TIDRAW_ROLE_VIEWER,
    NGX_TIDRAW_ROLE_EDITOR,
    NGX_TIDRAW_ROLE_OWNER
} ngx_tidraw_role_e;


typedef enum {
    NGX_TIDRAW_REGISTRATION_OPEN = 1,
    NGX_TIDRAW_REGISTRATION_INVITE,
    NGX_TIDRAW_REGISTRATION_CLOSED
} ngx_tidraw_registration_e;


typedef struct {
    ngx_flag_t              enable;
    ngx_str_t               database;       /* tidraw_database */
    ngx_str_t               redis;          /* tidraw_redis */
    ngx_tidraw_smtp_t      *smtp;           /* tidraw_smtp; NULL: none */
    ngx_tidraw_s3_t        *s3;             /* tidraw_s3; NULL: none */
    ngx_array_t            *metrics;        /* tidraw_metrics: ngx_cidr_t;
                                               NULL: this machine's own */
    ngx_str_t               secret;         /* tidraw_secret */
    ngx_str_t               state_dir;      /* tidraw_state_dir */
    ngx_str_t               web_root;       /* tidraw_web: the built app */
    ngx_str_t               schema_dir;     /* tidraw_schema */
    ngx_str_t               template_dir;   /* tidraw_templates */
    ngx_str_t               embed_origins;  /* tidraw_embed_origins */
    ngx_str_t               public_url;     /* tidraw_public_url */
    ngx_str_t               license_key;    /* tidraw_license_key */
    ngx_flag_t              previews;       /* tidraw_previews */
    ngx_uint_t              registration;   /* tidraw_registration */
    ngx_str_t               passwords;      /* tidraw_passwords */
    time_t                  bin_keep;       /* tidraw_bin_keep */
    time_t                  activity_keep;  /* tidraw_activity_keep */

    size_t                  zone;           /* tidraw_zone: bytes */
    ngx_str_t               upload_dir;     /* tidraw_upload_dir */
    off_t                   max_upload;     /* tidraw_max_upload: bytes */
    off_t                   max_pixels;     /* tidraw_max_pixels; 0: any */
    off_t                   board_files;    /* tidraw_board_files: bytes of a
                                               board's files; 0: any */
    off_t                   user_files;     /* tidraw_user_files, a user's */
    time_t                  file_keep;      /* tidraw_file_keep: seconds */

    size_t                  max_message;    /* tidraw_max_message: assembled */
    size_t                  max_room;       /* tidraw_max_room: bytes of text */
    ngx_uint_t              max_sessions;   /* tidraw_max_sessions, a room */
    size_t                  max_queue;      /* tidraw_max_queue, a session */
    time_t                  history;        /* tidraw_history; 0: off */
    ngx_msec_t              recheck;        /* tidraw_recheck */

    uint64_t                directives;     /* by ngx_tidraw_http_settings.c */
    uint64_t                environment;
    ngx_uint_t              looked;         /* unsigned, 1 */

    ngx_tidraw_site_t      *site;           /* NULL where not enabled */

    /* the path of the location itself, ends with "/"; set where enabled */
    ngx_str_t               base;
} ngx_tidraw_loc_conf_t;


typedef struct {
    ngx_array_t             sites;          /* ngx_tidraw_site_t * */
    ngx_int_t               request_id;     /* index of the variable */
} ngx_tidraw_main_conf_t;


/* What a new board may begin with, in one language. */

typedef struct {
    ngx_str_t               id;
    ngx_str_t               locale;
    ngx_str_t               name;
    ngx_int_t               order;
    ngx_str_t               schema;         /* empty: the board is, too */
    ngx_uint_t              nrecords;
    ngx_str_t              *records;        /* id and text of each */
} ngx_tidraw_template_t;


/* The administrator made at the first start; email.len 0: none. */

typedef struct {
    ngx_str_t               email;          /* in lower case */
    ngx_str_t               name;
    ngx_str_t               password;       /* must never reach a log */
} ngx_tidraw_first_t;


struct ngx_tidraw_site_s {
    ngx_str_t               database;
    ngx_str_t               state_dir;
    u_char                  secret[32];
    ngx_tidraw_loc_conf_t  *conf;           /* the first location's */

    ngx_array_t             schemas;        /* td_schema_t *, best first */
    ngx_str_t               common;         /* ngx_tidraw_common.h */
    ngx_array_t             templates;      /* ngx_tidraw_template_t */
    ngx_tidraw_first_t      first;

    ngx_tidraw_redis_t     *redis;          /* NULL: none; the bus' own */
    ngx_shm_zone_t         *shm;            /* the zone's own */

    /* made in init_process, gone in exit_process */
    ngx_tidraw_zone_t      *zone;
    ngx_tidraw_store_t     *store;
    ngx_tidraw_rooms_t     *rooms;
    ngx_tidraw_auth_t      *auth;
    ngx_tidraw_files_t     *files;
    ngx_tidraw_keep_t      *keep;           /* of the history */
    ngx_tidraw_mails_t     *mails;

    ngx_thread_pool_t      *thread_pool;
    ngx_log_t              *log;            /* the cycle's */
};


extern ngx_module_t  ngx_tidraw_module;


/*
 * Shared bytes: one encoded message, referenced by every queue that still has
 * to send it.  Never written to once it is shared.
 */

typedef struct {
    ngx_uint_t              refs;
    size_t                  len;
    size_t                  size;
    u_char                  data[1];
} ngx_tidraw_shared_t;

/* refs is 1; NULL when out of memory. */
ngx_tidraw_shared_t *ngx_tidraw_shared_create(size_t size, ngx_log_t *log);
void ngx_tidraw_shared_free(ngx_tidraw_shared_t *s);   /* drops one ref */

#define ngx_tidraw_shared_ref(s)   ((s)->refs++, (s))


/* A piece of a message; owner NULL: the bytes outlive every connection. */

typedef struct {
    ngx_tidraw_shared_t    *owner;
    u_char                 *pos;
    u_char                 *last;
} ngx_tidraw_slice_t;


/* n random bytes as base64url without padding, into dst (n * 4 / 3 + 1). */
void ngx_tidraw_random_id(u_char *dst, size_t n);

/* Bytes of memory that this process holds; 0 where /proc does not say. */
uint64_t ngx_tidraw_memory(void);

/* Milliseconds since 1970 UTC, from nginx's cached time. */
int64_t ngx_tidraw_now(void);

/*
 * Reads a file that the configuration names, at most 4 MB, into text, in pool.
 * path is ended by a NUL; what says in the log what the file should be.
 * NGX_CONF_OK, or NGX_CONF_ERROR: it has been logged.
 */
char *ngx_tidraw_conf_file(ngx_conf_t *cf, ngx_pool_t *pool, const char *what,
    ngx_str_t *path, ngx_str_t *text);

/* What was planned by a timer or posted does not happen any more. */
void ngx_tidraw_event_stop(ngx_event_t *ev);


/*
 * A line of the error log: "tidraw: event=EVENT " and fmt, with err (an errno,
 * 0: none) behind it.  fmt has pairs of key=%x: %V takes an ngx_str_t *, %s a
 * string, both written by td_log_value(); %u an ngx_uint_t, %i an ngx_int_t,
 * %z a size_t, %L an int64_t.  The keys that are the same everywhere: room,
 * user, request (the id), error (why), hint (what the operator can do).  Must
 * be given no secret.  Every event stands in docs/monitoring.md.
 */
void ngx_tidraw_log(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *event, const char *fmt, ...);

/* What keeps trouble that comes in masses from filling the log; zeroed. */

typedef struct {
    time_t                  since;
    ngx_uint_t              n;
} ngx_tidraw_log_pace_t;

/* The level of the next line: after five in a minute it is "info". */
ngx_uint_t ngx_tidraw_log_pace(ngx_tidraw_log_pace_t *pace, ngx_uint_t level);


#endif /* _NGX_TIDRAW_H_INCLUDED_ */
