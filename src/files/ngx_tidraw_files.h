
/*
 * The files of a site: bytes come in through a sink and lie under the hash of
 * their content, on disk or as an object in S3, whichever the row says.
 *
 *     UPLOADS/tmp/…                what is being written; locked while it is
 *     UPLOADS/ab/HASH-GENERATION   what a row of the table "blobs" names
 *     PREFIXab/HASH-GENERATION     the same in S3
 *
 * A row names its file by hash and by a generation of random letters.  So a
 * name is given once and never again, and who deletes a row may delete the
 * file afterwards, whatever others bring in meanwhile.  A file without a row
 * is of no use to anybody and is collected.
 *
 * Every access to the disk that may take its time is a job on the thread pool
 * of nginx, of which at most two run in a worker.
 */


#ifndef _NGX_TIDRAW_FILES_H_INCLUDED_
#define _NGX_TIDRAW_FILES_H_INCLUDED_


#include "ngx_tidraw.h"
#include "td_sniff.h"


/* Hexadecimal, SHA-256 or BLAKE2b-256, whichever was the faster one then. */
#define NGX_TIDRAW_BLOB_HASH_LEN  64

#define NGX_TIDRAW_BLOB_NAME_LEN                                              \
    (NGX_TIDRAW_BLOB_HASH_LEN + 1 + NGX_TIDRAW_ID_LEN)

#define NGX_TIDRAW_SINKS_MAX      64      /* uploads at a time, a worker */

#define NGX_TIDRAW_SINK_FULL      -30     /* no room on the disk */
#define NGX_TIDRAW_SINK_PIXELS    -31     /* more pixels than allowed */
#define NGX_TIDRAW_SINK_EMPTY     -32     /* no byte came */
#define NGX_TIDRAW_SINK_AWAY      -33     /* S3 does not take it, logged */


typedef struct ngx_tidraw_sink_s  ngx_tidraw_sink_t;

typedef void (*ngx_tidraw_sink_pt)(ngx_tidraw_sink_t *sink);


/* Name of a blob in S3, below the prefix: "ab/HASH-GENERATION". */
#define NGX_TIDRAW_BLOB_OBJECT_LEN  (3 + NGX_TIDRAW_BLOB_NAME_LEN)


typedef enum {
    NGX_TIDRAW_SINK_BLOB = 0,     /* hashed, kept under its content */
    NGX_TIDRAW_SINK_SPOOL         /* to be read once, gone with the sink */
} ngx_tidraw_sink_kind_e;


/* What a sink tells its owner. */

struct ngx_tidraw_sink_s {
    ngx_int_t                rc;          /* NGX_OK, NGX_ERROR (logged), or
                                             NGX_TIDRAW_SINK_… */
    ngx_uint_t               finished;    /* unsigned, 1: all of this is
                                             known, and the file durable */
    ngx_uint_t               remote;      /* unsigned, 1: it goes to S3, and
                                             is no file of its own name */
    off_t                    size;
    td_sniff_t               sniff;       /* of a blob, as what follows */
    ngx_str_t                hash;        /* hexadecimal */
    ngx_str_t                gen;

    ngx_fd_t                 fd;          /* of a spool that is finished: to
                                             be read until close() */

    ngx_tidraw_sink_pt       handler;
    void                    *data;
};


/*
 * Life of the files of a site in a worker: init_process and exit_process.
 * prepare() in init_module, not under "nginx -t": makes the folders in the
 * master and gives them to the workers.  NGX_OK or NGX_ERROR, logged.
 */
ngx_int_t ngx_tidraw_files_prepare(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);
ngx_tidraw_files_t *ngx_tidraw_files_create(ngx_tidraw_site_t *site);
void ngx_tidraw_files_destroy(ngx_tidraw_files_t *files);


/*
 * A new sink, or NULL when there are too many or no memory.  expected: how
 * many bytes will come, -1 when that is not known.  handler is called from
 * the event loop, never from inside these calls, each time there is room
 * again after write() took less than it was given, when a failure came up
 * (rc is not NGX_OK; the sink takes nothing more), and when it is finished.
 */
ngx_tidraw_sink_t *ngx_tidraw_sink_open(ngx_tidraw_files_t *files,
    ngx_tidraw_sink_kind_e kind, off_t expected, ngx_tidraw_sink_pt handler,
    void *data);

/*
 * The place, of *n bytes, where what comes next may be put: given to write()
 * from there it is not copied.  Good until any other call with this sink.
 * NULL: there is no room now, as if write() had taken nothing.
 */
u_char *ngx_tidraw_sink_room(ngx_tidraw_sink_t *sink, size_t *n);

/* Takes as many of the bytes as there is room for, and says how many. */
size_t ngx_tidraw_sink_write(ngx_tidraw_sink_t *sink, u_char *p, size_t n);

/*
 * No more will come: handler is called when the file is durable, or, of a
 * spool and of a remote one, when all but that is known.
 */
void ngx_tidraw_sink_finish(ngx_tidraw_sink_t *sink);

/*
 * Sends a finished remote file to S3: handler is called when it is durable
 * there.  NGX_ERROR: out of memory, handler is not called.
 */
ngx_int_t ngx_tidraw_sink_send(ngx_tidraw_sink_t *sink);

/*
 * The database has the row: generation gen is the one it names, in the place
 * where the sink's own would be.  Another one than that: the content was there
 * already, and the new copy goes, or takes the place of the old one where that
 * is missing.  handler is called when that is done, and the file is not
 * deleted by close() any more.
 */
void ngx_tidraw_sink_settle(ngx_tidraw_sink_t *sink, ngx_str_t *gen);

/*
 * leave 1: somebody may know the name of the finished file from now on, so
 * close() leaves it, to the collector if need be; 0: nobody does.
 */
void ngx_tidraw_sink_leave(ngx_tidraw_sink_t *sink, ngx_uint_t leave);

/*
 * The owner goes away, at any time: handler is not called any more.  What was
 * neither settled nor left is deleted.
 */
void ngx_tidraw_sink_close(ngx_tidraw_sink_t *sink);


/* Path of a blob, null-terminated, from a pool; NULL when out of memory. */
u_char *ngx_tidraw_blob_path(ngx_pool_t *pool, ngx_tidraw_site_t *site,
    ngx_str_t *hash, ngx_str_t *gen, size_t *len);

/* 1: hash and generation of a row have the form that they should have. */
ngx_uint_t ngx_tidraw_blob_valid(ngx_str_t *hash, ngx_str_t *gen);

/* The same in S3, of texts that were checked; name points to buf. */
void ngx_tidraw_blob_object(u_char *hash, u_char *gen,
    u_char buf[NGX_TIDRAW_BLOB_OBJECT_LEN], ngx_str_t *name);


#endif /* _NGX_TIDRAW_FILES_H_INCLUDED_ */
