
/*
 * S3 and compatible stores, by libcurl in threads: single requests, and a
 * whole file by one request or by parts.
 *
 * A request is one exchange and is repeated by itself after failures that may
 * pass, from the event loop, so that nothing waits in a thread.  At most
 * NGX_TIDRAW_S3_JOBS run at a time in a worker; the others wait in a queue,
 * which is bounded by what asks: uploads, downloads, one collector, one mover.
 */


#ifndef _NGX_TIDRAW_S3_H_INCLUDED_
#define _NGX_TIDRAW_S3_H_INCLUDED_


#include "ngx_tidraw.h"
#include "td_s3.h"


#define NGX_TIDRAW_S3_JOBS      4          /* at a time, a worker */
#define NGX_TIDRAW_S3_ARGS      3
#define NGX_TIDRAW_S3_SHORT     4096       /* bytes of an answer that nobody
                                              wants but to know what failed */
#define NGX_TIDRAW_S3_PRESIGN   300        /* seconds */


/* The store, from the configuration; lives as long as that. */

struct ngx_tidraw_s3_s {
    ngx_str_t                bucket;       /* empty: off */
    ngx_str_t                origin;       /* "https://host:port" */
    ngx_str_t                host;         /* the header Host */
    ngx_str_t                path;         /* of the bucket, no "/" at its
                                              end: "" or "/bucket" */
    ngx_str_t                region;
    ngx_str_t                key;          /* name of the access key */
    ngx_str_t                secret;       /* must never reach a log */
    ngx_str_t                prefix;       /* of the names of objects */
    ngx_str_t                ca;           /* file; empty: the system's */
    ngx_uint_t               redirect;     /* unsigned, 1: downloads */
    ngx_uint_t               disk;         /* unsigned, 1: what is new goes
                                              to disk all the same */

    /* texts as they were given; data NULL: not given */
    ngx_str_t                endpoint;
    ngx_str_t                style;
    ngx_str_t                download;
    ngx_str_t                uploads;
    unsigned                 complete:1;
};


typedef struct ngx_tidraw_s3_request_s  ngx_tidraw_s3_request_t;
typedef struct ngx_tidraw_s3_put_s      ngx_tidraw_s3_put_t;

typedef void (*ngx_tidraw_s3_pt)(ngx_tidraw_s3_request_t *req);
typedef void (*ngx_tidraw_s3_put_pt)(void *data, ngx_int_t rc);


struct ngx_tidraw_s3_request_s {
    const char              *method;
    ngx_str_t                name;         /* of the object, below the prefix;
                                              empty: the bucket */
    td_s3_pair_t             args[NGX_TIDRAW_S3_ARGS];
    ngx_uint_t               nargs;

    /* what may be set before send() */
    ngx_str_t                type;         /* Content-Type, static */
    off_t                    first;        /* of a range, and the byte after */
    off_t                    end;          /* its last; 0: all */
    ngx_fd_t                 fd;           /* the body, owned; or */
    off_t                    offset;
    off_t                    size;
    td_buf_t                 body;         /* the body, owned */
    ngx_uint_t               tries;        /* at most */

    /* the outcome */
    ngx_int_t                rc;           /* NGX_OK; NGX_DECLINED: there is
                                              no such object; NGX_ERROR: it
                                              failed, logged */
    ngx_uint_t               status;       /* of HTTP; 0: none came */
    u_char                  *answer;       /* freed with the request */
    size_t                   answer_len;
    size_t                   answer_max;
    off_t                    length;       /* Content-Length, -1: none */
    u_char                   etag[72];     /* null-terminated */

    ngx_tidraw_s3_pt         handler;
    void                    *data;
};


/* 1: there is a store. */
ngx_uint_t ngx_tidraw_s3_on(ngx_tidraw_site_t *site);

/* In init_process, for each site, and in exit_process, once the threads have
 * ended.  NGX_OK or NGX_ERROR, logged. */
ngx_int_t ngx_tidraw_s3_init(ngx_tidraw_site_t *site);
void ngx_tidraw_s3_exit(void);

/*
 * A new request; name is copied, method static, max the bytes of answer that
 * are wanted (0: none).  NULL when out of memory.
 */
ngx_tidraw_s3_request_t *ngx_tidraw_s3_request(ngx_tidraw_site_t *site,
    const char *method, ngx_str_t *name, size_t max);

/* An argument of the query, copied but for its name. */
ngx_int_t ngx_tidraw_s3_arg(ngx_tidraw_s3_request_t *req, const char *name,
    u_char *value, size_t len);

/*
 * Sends it.  handler(req) is called once from the event loop, never from
 * inside this call; after it, or before, whoever sent it closes it.  handler
 * NULL: nobody waits for it, and it closes itself.
 */
void ngx_tidraw_s3_send(ngx_tidraw_s3_request_t *req,
    ngx_tidraw_s3_pt handler, void *data);

/* At any time: the handler is not called any more, a transfer ends within a
 * second. */
void ngx_tidraw_s3_close(ngx_tidraw_s3_request_t *req);


/*
 * Stores size bytes of fd, from its begin, as object "name"; fd is only
 * duplicated.  handler(data, rc) is called once, as above, when they are
 * durable there (NGX_OK) or will not be (NGX_ERROR, logged; what came of it is
 * removed).  NULL when out of memory or descriptors.
 */
ngx_tidraw_s3_put_t *ngx_tidraw_s3_put(ngx_tidraw_site_t *site,
    ngx_str_t *name, ngx_fd_t fd, off_t size, ngx_str_t *type,
    ngx_tidraw_s3_put_pt handler, void *data);

/* At any time.  Before the handler was called: nothing of it shall stay. */
void ngx_tidraw_s3_put_close(ngx_tidraw_s3_put_t *put);

/* Deletes an object in the background; a failure is logged. */
void ngx_tidraw_s3_delete(ngx_tidraw_site_t *site, ngx_str_t *name);

/*
 * The address under which a browser gets the object for
 * NGX_TIDRAW_S3_PRESIGN seconds with these headers; method is "GET" or
 * "HEAD".  In the pool; NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_tidraw_s3_presign(ngx_pool_t *pool, ngx_tidraw_s3_t *s3,
    ngx_str_t *method, ngx_str_t *name, ngx_str_t *type,
    ngx_str_t *disposition, ngx_str_t *cache, ngx_str_t *url);


#endif /* _NGX_TIDRAW_S3_H_INCLUDED_ */
