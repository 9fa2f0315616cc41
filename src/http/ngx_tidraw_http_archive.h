
/*
 * What an account takes away as one ZIP archive, and brings again:
 *
 *     profile.json                  who it was, and the names of the folders
 *     picture.png
 *     boards/0001 Name/board.tldr   as api/rooms/ID/export has it
 *     boards/0001 Name/thumbnail.png
 *     boards/0001 Name/files/ID name.png
 *     boards/0001 Name/board.json   what belongs to it, written last
 *
 * Nothing in it depends on the ids of boards, folders or people, so that what
 * was brought elsewhere is taken away as the same bytes.
 */


#ifndef _NGX_TIDRAW_HTTP_ARCHIVE_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_ARCHIVE_H_INCLUDED_


#include "ngx_tidraw_http_intake.h"
#include "ngx_tidraw_unpacker.h"
#include "td_import.h"


#define NGX_TIDRAW_ARCHIVE_FORMAT   "tidraw-account"
#define NGX_TIDRAW_ARCHIVE_VERSION  1


/*
 * What is told of a board, or its records: on the heap, parsed in a thread.
 * The records become an operation's.
 */

typedef struct {
    ngx_tidraw_site_t        *site;
    td_json_t                *told;        /* NULL: no JSON */
    td_import_t               im;
    int                       rc;          /* of td_import() */
    td_arena_t               *arena;
    td_buf_t                  text;
} ngx_tidraw_arrival_t;


typedef struct {
    const td_zip_entry_t     *entry;
    ngx_str_t                 id;
    int64_t                   w;
    ngx_str_t                 name;        /* data NULL: none */
    int64_t                   created;
    u_char                    hash[NGX_TIDRAW_BLOB_HASH_LEN];
} ngx_tidraw_arrival_file_t;


typedef struct ngx_tidraw_archive_s  ngx_tidraw_archive_t;

typedef void (*ngx_tidraw_archive_pt)(ngx_tidraw_archive_t *ar);


/* An archive that is being brought; lives with its request. */

struct ngx_tidraw_archive_s {
    ngx_tidraw_call_t          *call;
    ngx_tidraw_intake_t        *intake;    /* the archive lies in its sink */
    ngx_tidraw_unpacker_t      *unpacker;
    ngx_tidraw_op_t            *op;        /* pending */
    ngx_tidraw_archive_pt       step;      /* when the unpacker is done */

    td_arena_t                 *arena;
    ngx_str_t                   prefix;    /* of all names */
    ngx_str_t                  *names;     /* of folders, empty: a bad one */
    ngx_str_t                  *folders;   /* their ids here, or empty */
    ngx_uint_t                  nfolders;
    const td_zip_entry_t      **boards;
    ngx_uint_t                  nboards;
    ngx_uint_t                  board;     /* which one it is at */

    ngx_uint_t                  nmade;
    ngx_uint_t                  nfailed;
    ngx_uint_t                  nfiles_made;
    time_t                      told;      /* when the client last heard */

    /* of the board */
    ngx_pool_t                 *pool;
    ngx_tidraw_arrival_t       *about;     /* what is told of it */
    u_char                      id[NGX_TIDRAW_ID_LEN];
    ngx_str_t                   dir;       /* its folder in the archive */
    ngx_str_t                   name;
    ngx_str_t                   template;
    ngx_str_t                   folder;
    ngx_str_t                   thumbnail_type;
    ngx_str_t                   thumbnail; /* base64 */
    const td_zip_entry_t       *thumbnail_entry;
    int64_t                     created;
    int64_t                     updated;
    ngx_tidraw_arrival_t       *arrival;
    ngx_tidraw_arrival_file_t  *files;
    ngx_uint_t                  nfiles;
    ngx_uint_t                  file;
    ngx_tidraw_sink_t          *sink;
    size_t                      pos;       /* of the piece */

    unsigned                    favourite:1;
    unsigned                    sent:1;      /* to S3 */
    unsigned                    settling:1;
    unsigned                    lost:1;    /* the client */
    unsigned                    counted:1;
};


/* The flow: ngx_tidraw_http_archive_import.c */

/* The entry of that name in the board's folder, or NULL. */
const td_zip_entry_t *ngx_tidraw_archive_entry(ngx_tidraw_archive_t *ar,
    ngx_str_t *name);

/* Where a board ends: it was made, or was refused and why. */
void ngx_tidraw_archive_made(ngx_tidraw_archive_t *ar);
void ngx_tidraw_archive_refused(ngx_tidraw_archive_t *ar, const char *why);

/* Going on makes no sense. */
void ngx_tidraw_archive_broken(ngx_tidraw_archive_t *ar,
    ngx_tidraw_error_e error);

/* Something is going on: the client hears of it now and then. */
void ngx_tidraw_archive_alive(ngx_tidraw_archive_t *ar);


/* One board: ngx_tidraw_http_archive_board.c */

/* Reads and stores the board of ar->board; ends as above. */
void ngx_tidraw_archive_board(ngx_tidraw_archive_t *ar);

/* Frees what it took. */
void ngx_tidraw_archive_board_free(ngx_tidraw_archive_t *ar);


#endif /* _NGX_TIDRAW_HTTP_ARCHIVE_H_INCLUDED_ */
