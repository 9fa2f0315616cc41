
/*
 * An archive that came in, read in a thread: its directory, small entries as
 * a whole, large ones piece by piece.
 *
 * An unpacker is on the heap.  Its owner closes it; while a job of it runs,
 * the end of the job frees it, and what the job works on.
 */


#ifndef _NGX_TIDRAW_UNPACKER_H_INCLUDED_
#define _NGX_TIDRAW_UNPACKER_H_INCLUDED_


#include "ngx_tidraw_files.h"
#include "td_zip.h"


#define NGX_TIDRAW_UNPACKERS_MAX   2       /* at a time, a worker */


typedef struct ngx_tidraw_unpacker_s  ngx_tidraw_unpacker_t;

typedef void (*ngx_tidraw_unpacker_pt)(ngx_tidraw_unpacker_t *up);


struct ngx_tidraw_unpacker_s {
    int                      rc;         /* TD_OK, TD_BAD, TD_TOO_BIG or
                                            TD_NOMEM */
    td_zip_dir_t             dir;        /* after directory() */
    td_buf_t                 text;       /* after text(); the owner may take
                                            its memory */
    u_char                  *piece;      /* after file() and next() */
    size_t                   len;
    ngx_uint_t               ended;      /* unsigned, 1: it was the last */

    ngx_tidraw_unpacker_pt   work;       /* called in the thread with a text,
                                            if set and all is well */
    void                    *ours;       /* what it works on, freed by */
    void                   (*free)(void *ours);
    ngx_tidraw_unpacker_pt   handler;
    void                    *data;
};


/*
 * fd is one of size bytes and may be closed by its owner at any time.  NULL:
 * too many, no memory, or no descriptor.  handler is called from the event
 * loop, never from inside these calls, once after each of those below.
 */
ngx_tidraw_unpacker_t *ngx_tidraw_unpacker_open(ngx_tidraw_files_t *files,
    ngx_fd_t fd, off_t size, ngx_tidraw_unpacker_pt handler, void *data);

void ngx_tidraw_unpacker_directory(ngx_tidraw_unpacker_t *up);

/* The whole entry, which is TD_TOO_BIG beyond max bytes. */
void ngx_tidraw_unpacker_text(ngx_tidraw_unpacker_t *up,
    const td_zip_entry_t *entry, size_t max);

/* The first piece of an entry, and one more until it has ended. */
void ngx_tidraw_unpacker_file(ngx_tidraw_unpacker_t *up,
    const td_zip_entry_t *entry);
void ngx_tidraw_unpacker_next(ngx_tidraw_unpacker_t *up);

void ngx_tidraw_unpacker_close(ngx_tidraw_unpacker_t *up);


#endif /* _NGX_TIDRAW_UNPACKER_H_INCLUDED_ */
