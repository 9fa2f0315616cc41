
/*
 * An archive that is being taken away: its state, and what is packed of a
 * board.
 */


#ifndef _NGX_TIDRAW_HTTP_ARCHIVE_EXPORT_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_ARCHIVE_EXPORT_H_INCLUDED_


#include "ngx_tidraw_http_archive.h"
#include "ngx_tidraw_packer.h"
#include "ngx_tidraw_s3.h"


typedef enum {
    NGX_TIDRAW_EXPORT_PROFILE = 0,
    NGX_TIDRAW_EXPORT_PICTURE,
    NGX_TIDRAW_EXPORT_BOARD,               /* the next one is looked up */
    NGX_TIDRAW_EXPORT_RECORDS,
    NGX_TIDRAW_EXPORT_THUMBNAIL,
    NGX_TIDRAW_EXPORT_FILES,
    NGX_TIDRAW_EXPORT_ABOUT,
    NGX_TIDRAW_EXPORT_DIRECTORY,
    NGX_TIDRAW_EXPORT_LAST
} ngx_tidraw_export_e;


typedef struct {
    ngx_str_t                id;
    int64_t                  w;
    ngx_str_t                name;         /* data NULL: none */
    ngx_str_t                hash;
    ngx_str_t                gen;
    int64_t                  size;
    ngx_str_t                type;
    int64_t                  created;
    ngx_str_t                path;         /* within the board's folder */
    ngx_uint_t               remote;       /* unsigned, 1: it is in S3 */
} ngx_tidraw_export_file_t;


typedef struct {
    ngx_tidraw_call_t         *call;
    ngx_tidraw_packer_t       *packer;
    ngx_tidraw_op_t           *op;         /* pending */
    ngx_tidraw_s3_request_t   *fetch;      /* likewise */
    off_t                      fetched;    /* of the file */
    ngx_tidraw_export_e        stage;

    u_char                    *boards;     /* ids, one behind the other */
    ngx_uint_t                 nboards;
    ngx_uint_t                 board;
    u_char                    *folders;    /* likewise */
    ngx_uint_t                 nfolders;
    td_buf_t                   profile;
    td_buf_t                   picture;
    ngx_str_t                  picture_name;

    /* of the board */
    ngx_pool_t                *pool;
    ngx_str_t                  dir;
    int64_t                    updated;
    td_buf_t                   records;
    td_buf_t                   thumbnail;
    ngx_str_t                  thumbnail_name;
    td_buf_t                   about;
    ngx_tidraw_export_file_t  *files;
    ngx_uint_t                 nfiles;
    ngx_uint_t                 file;
    ngx_uint_t                 nlisted;    /* of them, in about */

    /* on the way to the client */
    td_buf_t                   waiting;
    td_buf_t                   sending;
    ngx_buf_t                  buf;
    ngx_chain_t                chain;

    unsigned                   given:1;    /* sending: to the filters */
    unsigned                   working:1;  /* the packer */
    unsigned                   within:1;   /* an entry */
    unsigned                   filing:1;   /* that is a file */
} ngx_tidraw_export_t;


/*
 * The board that an operation has read: board, records, preview and files.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_tidraw_export_taken(ngx_tidraw_export_t *ex,
    ngx_tidraw_op_t *op);

/* A file of the board was packed. */
void ngx_tidraw_export_listed(ngx_tidraw_export_t *ex);

/*
 * A small picture whose type and base64 text stand in two columns of the first
 * row, if there is one; its name is base with the type.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_tidraw_export_image(ngx_pool_t *pool, td_buf_t *b,
    ngx_str_t *name, const char *base, ngx_tidraw_result_t *res,
    ngx_uint_t type);


#endif /* _NGX_TIDRAW_HTTP_ARCHIVE_EXPORT_H_INCLUDED_ */
