
/*
 * The room object of the API: its columns and how it is written.
 */


#ifndef _NGX_TIDRAW_HTTP_ROOM_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_ROOM_H_INCLUDED_


#include "ngx_tidraw_http.h"


/* Columns of TD_ROOM_COLUMNS in ngx_tidraw_statements.h. */

enum {
    NGX_TIDRAW_ROOM_ID = 0,
    NGX_TIDRAW_ROOM_NAME,
    NGX_TIDRAW_ROOM_CREATED,
    NGX_TIDRAW_ROOM_UPDATED,
    NGX_TIDRAW_ROOM_DELETED,
    NGX_TIDRAW_ROOM_OWNER,               /* id, name, color, picture */
    NGX_TIDRAW_ROOM_ROLE = NGX_TIDRAW_ROOM_OWNER + 4,
    NGX_TIDRAW_ROOM_FAVOURITE,
    NGX_TIDRAW_ROOM_FOLDER,
    NGX_TIDRAW_ROOM_OPENED,
    NGX_TIDRAW_ROOM_THUMBNAIL,
    NGX_TIDRAW_ROOM_TEMPLATE,
    NGX_TIDRAW_ROOM_NAME_KEY
};


/* What one user may own, with those in the bin. */
#define NGX_TIDRAW_ROOMS_MAX   10000


/* A board that is being made; the strings live until its steps are added. */

typedef struct {
    u_char       id[NGX_TIDRAW_ID_LEN];
    ngx_str_t    name;
    ngx_str_t    folder;          /* of its owner; empty: none */
    ngx_str_t    schema;          /* serialized; empty: of whoever comes */
    ngx_str_t    template;        /* its id; empty: none */
} ngx_tidraw_room_new_t;


/*
 * Appends the steps that make a board of the caller, with a fresh id in
 * new->id; steps that fill it may follow.  NGX_OK, or it has answered and
 * freed the operation.
 */
ngx_int_t ngx_tidraw_room_new(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_room_new_t *new);

/*
 * Runs the operation and answers with the board that it made; the log of
 * activity calls it by action.
 */
void ngx_tidraw_room_new_run(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op,
    ngx_tidraw_room_new_t *new, const char *action);

/* The template of an id in the language of the caller, or NULL. */
ngx_tidraw_template_t *ngx_tidraw_template_find(ngx_tidraw_call_t *call,
    ngx_str_t *id);

/*
 * The folded form of a name, from the pool; data NULL: out of memory.
 */
ngx_str_t ngx_tidraw_name_key(ngx_pool_t *pool, ngx_str_t *name);

/* Appends the members "people" and "present" of a room object to the answer. */
void ngx_tidraw_json_people(ngx_tidraw_call_t *call, ngx_str_t *room);

/* The room object of a row as the list has it, with who is there now. */
void ngx_tidraw_json_room_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res, ngx_uint_t row);

/*
 * The text of a .tldr file: schema as the board has it, which may be empty;
 * the records' texts stand in a column.
 */
void ngx_tidraw_write_tldr(td_buf_t *b, ngx_tidraw_site_t *site,
    ngx_str_t *schema, ngx_tidraw_result_t *records, ngx_uint_t col);

/* The room object of a row; role NULL: that of the membership. */
void ngx_tidraw_json_room(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_str_t *role);


#endif /* _NGX_TIDRAW_HTTP_ROOM_H_INCLUDED_ */
