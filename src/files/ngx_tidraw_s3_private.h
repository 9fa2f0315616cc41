
/*
 * A request to S3 between the event loop and the thread that carries it.
 */


#ifndef _NGX_TIDRAW_S3_PRIVATE_H_INCLUDED_
#define _NGX_TIDRAW_S3_PRIVATE_H_INCLUDED_


#include "ngx_tidraw_s3.h"


/*
 * While "running" is set all of it but "stop" is the thread's, which touches
 * nothing else but the configuration.
 */

typedef struct {
    ngx_tidraw_s3_request_t  request;    /* must be first */

    ngx_tidraw_site_t       *site;
    ngx_tidraw_s3_t         *s3;
    ngx_pool_t              *pool;
    ngx_queue_t              queue;      /* of all requests */
    ngx_queue_t              waiting;
    ngx_thread_task_t        task;
    ngx_event_t              timer;      /* until the next try */
    ngx_connection_t         dummy;      /* the timer's data */
    ngx_uint_t               tried;

    unsigned                 running:1;
    unsigned                 queued:1;
    unsigned                 closed:1;

    ngx_atomic_t             stop;       /* the thread should end */

    /* the thread's */
    void                    *curl;       /* lent to it */
    off_t                    sent;
    unsigned                 again:1;    /* a later try may succeed */
    u_char                   code[64];   /* of S3, null-terminated */
    u_char                   why[256];   /* for the log */
} ngx_tidraw_s3_ctx_t;


/* One try, in a thread. */
void ngx_tidraw_s3_perform(ngx_tidraw_s3_ctx_t *ctx);

/* SHA-256 and HMAC by libsodium. */
extern const td_s3_hash_t  ngx_tidraw_s3_hash;

/* The part of a signature that all requests have in common. */
void ngx_tidraw_s3_prepare(ngx_tidraw_s3_t *s3, td_s3_request_t *r,
    u_char date[TD_S3_DATE + 1]);

/* "/bucket/prefix/name" into b.  NGX_OK or NGX_ERROR. */
ngx_int_t ngx_tidraw_s3_path(ngx_tidraw_s3_t *s3, ngx_str_t *name,
    td_buf_t *b);


#endif /* _NGX_TIDRAW_S3_PRIVATE_H_INCLUDED_ */
