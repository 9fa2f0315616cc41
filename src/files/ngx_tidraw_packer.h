
/*
 * An archive on its way out: texts and files are packed in a thread, piece by
 * piece, and nothing but two pieces of it is in memory.
 *
 * A packer is on the heap.  Its owner closes it; while a job of it runs, the
 * end of the job frees it.
 */


#ifndef _NGX_TIDRAW_PACKER_H_INCLUDED_
#define _NGX_TIDRAW_PACKER_H_INCLUDED_


#include "ngx_tidraw_files.h"


#define NGX_TIDRAW_PACKERS_MAX   4       /* at a time, a worker */


typedef struct ngx_tidraw_packer_s  ngx_tidraw_packer_t;

typedef void (*ngx_tidraw_packer_pt)(ngx_tidraw_packer_t *pk);


struct ngx_tidraw_packer_s {
    ngx_int_t                rc;         /* NGX_OK; NGX_DECLINED: there is no
                                            such file, nothing was written of
                                            it; NGX_ERROR (logged) */
    ngx_uint_t               ended;      /* unsigned, 1: the entry is */
    td_buf_t                 out;        /* to be sent; the owner takes it */

    ngx_tidraw_packer_pt     handler;
    void                    *data;
};


/*
 * NULL: too many, or no memory.  handler is called from the event loop, never
 * from inside these calls, once after each of the others.
 */
ngx_tidraw_packer_t *ngx_tidraw_packer_open(ngx_tidraw_files_t *files,
    ngx_tidraw_packer_pt handler, void *data);

/*
 * Begins an entry and writes its first piece; time in ms since 1970.  Of a
 * text the memory becomes the packer's, the buffer is left empty.  packed: 1
 * when the file is packed already.
 */
void ngx_tidraw_packer_text(ngx_tidraw_packer_t *pk, ngx_str_t *name,
    int64_t time, td_buf_t *text);
void ngx_tidraw_packer_file(ngx_tidraw_packer_t *pk, ngx_str_t *name,
    int64_t time, ngx_str_t *hash, ngx_str_t *gen, off_t size,
    ngx_uint_t packed);

/* The next piece of an entry that has not ended. */
void ngx_tidraw_packer_next(ngx_tidraw_packer_t *pk);

/*
 * An entry of size bytes whose pieces the owner brings, the first one here and
 * each other one by feed(); their memory becomes the packer's.
 */
void ngx_tidraw_packer_pieces(ngx_tidraw_packer_t *pk, ngx_str_t *name,
    int64_t time, off_t size, ngx_uint_t packed, td_buf_t *piece);
void ngx_tidraw_packer_feed(ngx_tidraw_packer_t *pk, td_buf_t *piece);

/* After the last entry: the directory. */
void ngx_tidraw_packer_finish(ngx_tidraw_packer_t *pk);

void ngx_tidraw_packer_close(ngx_tidraw_packer_t *pk);


#endif /* _NGX_TIDRAW_PACKER_H_INCLUDED_ */
