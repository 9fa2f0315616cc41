
/*
 * A sink between the part that writes the file and the part that brings it to
 * S3.
 */


#ifndef _NGX_TIDRAW_SINK_PRIVATE_H_INCLUDED_
#define _NGX_TIDRAW_SINK_PRIVATE_H_INCLUDED_


#include "ngx_tidraw_files_private.h"
#include "ngx_tidraw_s3.h"
#include "td_digest.h"


typedef enum {
    NGX_TIDRAW_SINK_WRITE = 0,
    NGX_TIDRAW_SINK_FINISH,
    NGX_TIDRAW_SINK_SETTLE,
    NGX_TIDRAW_SINK_DROP
} ngx_tidraw_sink_e;


typedef struct {
    ngx_tidraw_sink_t              sink;      /* must be first */

    ngx_tidraw_file_job_t          job;
    ngx_tidraw_file_job_t          hashing;   /* beside it */
    ngx_queue_t                    queue;     /* of all sinks */
    ngx_tidraw_sink_e              what;
    ngx_tidraw_sink_kind_e         kind;

    u_char                        *bufs[2];
    size_t                         lens[2];
    size_t                         buf_size;
    ngx_uint_t                     fill;      /* which one is being filled */

    unsigned                       ending:1;  /* finish() was called */
    unsigned                       full:1;    /* write() took too little */
    unsigned                       keep:1;    /* close() deletes nothing */
    unsigned                       closed:1;  /* there is no owner */
    unsigned                       sent:1;    /* to S3, under its own name */

    ngx_tidraw_s3_put_t           *put;       /* pending */
    ngx_tidraw_s3_request_t       *look;      /* pending */

    /* the threads', while a job runs */

    ngx_fd_t                       fd;
    uint64_t                       max_pixels;
    off_t                          flushed;
    ngx_int_t                      rc;
    ngx_err_t                      err;
    const char                    *failed;    /* which call */
    ngx_uint_t                     writing;   /* which buffer */
    td_digest_t                   *digest;

    ngx_str_t                      dir;
    u_char                        *tmp;
    u_char                        *folder;
    u_char                        *path;      /* empty: it has none yet */
    u_char                        *other;     /* of the generation to settle */

    u_char                         hash[NGX_TIDRAW_BLOB_HASH_LEN + 1];
    u_char                         gen[NGX_TIDRAW_ID_LEN + 1];
} ngx_tidraw_sink_ctx_t;


void ngx_tidraw_sink_post(ngx_tidraw_sink_ctx_t *ctx, ngx_tidraw_sink_e what);

/*
 * The row names generation gen, in S3: NGX_DECLINED when that is the sink's
 * own, so that there is nothing to do; NGX_OK: the handler will be called when
 * it is known that the object is there.
 */
ngx_int_t ngx_tidraw_sink_settle_s3(ngx_tidraw_sink_ctx_t *ctx,
    ngx_str_t *gen);

/* Ends what is pending, and deletes what was sent in vain. */
void ngx_tidraw_sink_close_s3(ngx_tidraw_sink_ctx_t *ctx);


#endif /* _NGX_TIDRAW_SINK_PRIVATE_H_INCLUDED_ */
