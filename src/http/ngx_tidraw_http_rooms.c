
/*
 * The list of somebody's boards: searched, sorted, in pages that stay stable
 * while boards come and go, since a cursor names the place of the last board
 * and not its number.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_token.h"
#include "td_fold.h"


#define NGX_TIDRAW_ROOMS_LIMIT       50
#define NGX_TIDRAW_ROOMS_LIMIT_MAX   200
#define NGX_TIDRAW_ROOMS_QUERY_MAX   400      /* bytes */


typedef struct {
    ngx_str_t            name;
    ngx_tidraw_stmt_e    stmt;
    ngx_uint_t           col;      /* of the sort key */
} ngx_tidraw_rooms_sort_t;


typedef struct {
    ngx_tidraw_rooms_sort_t  *sort;
    int64_t                   limit;
    int64_t                   time;        /* the place to go on from */
    ngx_str_t                 name;
    ngx_str_t                 id;
    ngx_str_t                 pattern;     /* for LIKE, or empty */
    ngx_str_t                 folder;
    int64_t                   favourite;
    int64_t                   bin;
} ngx_tidraw_rooms_list_t;


static ngx_int_t ngx_tidraw_rooms_args(ngx_tidraw_call_t *call,
    ngx_tidraw_rooms_list_t *list);
static ngx_int_t ngx_tidraw_rooms_sort(ngx_tidraw_call_t *call,
    ngx_tidraw_rooms_list_t *list);
static ngx_int_t ngx_tidraw_rooms_query(ngx_tidraw_call_t *call,
    ngx_tidraw_rooms_list_t *list);
static ngx_int_t ngx_tidraw_rooms_cursor(ngx_tidraw_call_t *call,
    ngx_tidraw_rooms_list_t *list, ngx_str_t *cursor);
static ngx_uint_t ngx_tidraw_rooms_flag(ngx_tidraw_call_t *call,
    const char *name);
static void ngx_tidraw_rooms_listed(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_rooms_next(td_buf_t *b, ngx_tidraw_result_t *res,
    ngx_uint_t row, ngx_tidraw_rooms_sort_t *sort);


static ngx_tidraw_rooms_sort_t  ngx_tidraw_rooms_sorts[] = {
    { ngx_string("updated"), NGX_TIDRAW_STMT_ROOM_LIST_UPDATED,
      NGX_TIDRAW_ROOM_UPDATED },
    { ngx_string("opened"), NGX_TIDRAW_STMT_ROOM_LIST_OPENED,
      NGX_TIDRAW_ROOM_OPENED },
    { ngx_string("created"), NGX_TIDRAW_STMT_ROOM_LIST_CREATED,
      NGX_TIDRAW_ROOM_CREATED },
    { ngx_string("name"), NGX_TIDRAW_STMT_ROOM_LIST_NAME,
      NGX_TIDRAW_ROOM_NAME_KEY }
};


#define ngx_tidraw_rooms_by_name(sort)                                        \
    ((sort)->stmt == NGX_TIDRAW_STMT_ROOM_LIST_NAME)


void
ngx_tidraw_http_rooms_list(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t          *op;
    ngx_tidraw_rooms_list_t  *list;

    list = ngx_pcalloc(call->request->pool, sizeof(ngx_tidraw_rooms_list_t));
    if (list == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    if (ngx_tidraw_rooms_args(call, list) != NGX_OK) {
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    call->state = list;

    if (ngx_tidraw_rooms_by_name(list->sort)) {
        (void) ngx_tidraw_op_step(op, list->sort->stmt, "sssisisi",
                                  &call->user_id, &list->name, &list->id,
                                  list->bin, &list->pattern, list->favourite,
                                  &list->folder, list->limit + 1);

    } else {
        (void) ngx_tidraw_op_step(op, list->sort->stmt, "sisisisi",
                                  &call->user_id, list->time, &list->id,
                                  list->bin, &list->pattern, list->favourite,
                                  &list->folder, list->limit + 1);
    }

    ngx_tidraw_call_run(call, op, ngx_tidraw_rooms_listed);
}


/* NGX_OK, or it has answered. */

static ngx_int_t
ngx_tidraw_rooms_args(ngx_tidraw_call_t *call, ngx_tidraw_rooms_list_t *list)
{
    ngx_str_t            arg;
    ngx_http_request_t  *r;

    r = call->request;

    list->limit = NGX_TIDRAW_ROOMS_LIMIT;
    list->time = NGX_MAX_INT32_VALUE * (int64_t) 1000000;
    list->bin = ngx_tidraw_rooms_flag(call, "deleted");
    list->favourite = ngx_tidraw_rooms_flag(call, "favourite");
    ngx_str_set(&list->name, "");
    ngx_str_set(&list->id, "");
    ngx_str_set(&list->pattern, "");
    ngx_str_set(&list->folder, "");

    if (ngx_http_arg(r, (u_char *) "limit", 5, &arg) == NGX_OK) {
        list->limit = ngx_atoi(arg.data, arg.len);

        if (list->limit < 1 || list->limit > NGX_TIDRAW_ROOMS_LIMIT_MAX) {
            ngx_tidraw_call_bad_field(call, "limit",
                                      "The limit is a number from 1 to 200.");
            return NGX_ERROR;
        }
    }

    if (ngx_http_arg(r, (u_char *) "folder", 6, &arg) == NGX_OK && arg.len) {

        if (!ngx_tidraw_token_valid(&arg, NGX_TIDRAW_ID_LEN)
            && !(arg.len == 4 && ngx_strncmp(arg.data, "none", 4) == 0))
        {
            ngx_tidraw_call_bad_field(call, "folder",
                                      "The folder is an id, or \"none\".");
            return NGX_ERROR;
        }

        list->folder = arg;
    }

    if (ngx_tidraw_rooms_sort(call, list) != NGX_OK
        || ngx_tidraw_rooms_query(call, list) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_arg(r, (u_char *) "cursor", 6, &arg) == NGX_OK
        && ngx_tidraw_rooms_cursor(call, list, &arg) != NGX_OK)
    {
        ngx_tidraw_call_bad_field(call, "cursor",
                                  "The cursor is not one of this list.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_rooms_sort(ngx_tidraw_call_t *call, ngx_tidraw_rooms_list_t *list)
{
    ngx_str_t   arg, *name;
    ngx_uint_t  i, n;

    list->sort = &ngx_tidraw_rooms_sorts[0];

    if (ngx_http_arg(call->request, (u_char *) "sort", 4, &arg) != NGX_OK) {
        return NGX_OK;
    }

    n = sizeof(ngx_tidraw_rooms_sorts) / sizeof(ngx_tidraw_rooms_sorts[0]);

    for (i = 0; i < n; i++) {
        name = &ngx_tidraw_rooms_sorts[i].name;

        if (name->len == arg.len
            && ngx_memcmp(name->data, arg.data, arg.len) == 0)
        {
            list->sort = &ngx_tidraw_rooms_sorts[i];
            return NGX_OK;
        }
    }

    ngx_tidraw_call_bad_field(call, "sort", "The order is updated, opened,"
                                            " created or name.");
    return NGX_ERROR;
}


/* What is looked for as a pattern: its wildcards stand for themselves. */

static ngx_int_t
ngx_tidraw_rooms_query(ngx_tidraw_call_t *call, ngx_tidraw_rooms_list_t *list)
{
    u_char     *p;
    size_t      i;
    td_buf_t    folded;
    td_str_t    text;
    ngx_int_t   rc;
    ngx_str_t   s;

    rc = ngx_tidraw_arg_text(call, "q", &s);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    if (s.len > NGX_TIDRAW_ROOMS_QUERY_MAX) {
        ngx_tidraw_call_bad_field(call, "q", "What is looked for is a text of"
                                             " up to 400 bytes.");
        return NGX_ERROR;
    }

    ngx_memzero(&folded, sizeof(td_buf_t));
    text.data = (char *) s.data;
    text.len = s.len;
    td_fold(&folded, text);

    rc = NGX_ERROR;
    p = NULL;

    if (!folded.failed) {
        p = ngx_pnalloc(call->request->pool, folded.len * 2 + 2);
    }

    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        goto done;
    }

    list->pattern.data = p;
    *p++ = '%';

    for (i = 0; i < folded.len; i++) {
        if (ngx_strchr("%_!", folded.data[i]) != NULL) {
            *p++ = '!';
        }

        *p++ = folded.data[i];
    }

    *p++ = '%';
    list->pattern.len = p - list->pattern.data;

    rc = NGX_OK;

done:

    td_buf_free(&folded);

    return rc;
}


/* "TIME.ID", or "NAME.ID" with the name in base64url, of the last board. */

static ngx_int_t
ngx_tidraw_rooms_cursor(ngx_tidraw_call_t *call, ngx_tidraw_rooms_list_t *list,
    ngx_str_t *cursor)
{
    u_char     *p;
    time_t      t;
    ngx_str_t   key;

    if (cursor->len < NGX_TIDRAW_ID_LEN + 1) {
        return NGX_DECLINED;
    }

    p = cursor->data + cursor->len - NGX_TIDRAW_ID_LEN - 1;

    key.data = cursor->data;
    key.len = p - cursor->data;

    list->id.data = p + 1;
    list->id.len = NGX_TIDRAW_ID_LEN;

    if (*p != '.' || !ngx_tidraw_token_valid(&list->id, NGX_TIDRAW_ID_LEN)) {
        return NGX_DECLINED;
    }

    if (ngx_tidraw_rooms_by_name(list->sort)) {
        list->name.data = ngx_pnalloc(call->request->pool,
                                      ngx_base64_decoded_length(key.len));

        if (list->name.data == NULL
            || ngx_decode_base64url(&list->name, &key) != NGX_OK
            || !ngx_tidraw_text_valid(&list->name))
        {
            return NGX_DECLINED;
        }

        return NGX_OK;
    }

    t = ngx_atotm(key.data, key.len);

    if (t == NGX_ERROR) {
        return NGX_DECLINED;
    }

    list->time = t;

    return NGX_OK;
}


static ngx_uint_t
ngx_tidraw_rooms_flag(ngx_tidraw_call_t *call, const char *name)
{
    ngx_str_t  arg;

    return ngx_http_arg(call->request, (u_char *) name, ngx_strlen(name), &arg)
           == NGX_OK
           && arg.len == 1 && arg.data[0] == '1';
}


static void
ngx_tidraw_rooms_listed(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t                 *b;
    ngx_uint_t                i, limit;
    ngx_tidraw_result_t      *res;
    ngx_tidraw_rooms_list_t  *list;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    b = &call->out;
    res = op->results;
    list = call->state;
    limit = list->limit;

    td_buf_lit(b, "{\"rooms\":[");

    for (i = 0; i < res->nrows && i < limit; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        ngx_tidraw_json_room_listed(call, res, i);
    }

    td_buf_lit(b, "],\"next\":");

    if (res->nrows > limit) {
        ngx_tidraw_rooms_next(b, res, limit - 1, list->sort);

    } else {
        td_buf_lit(b, "null");
    }

    td_buf_char(b, '}');

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


static void
ngx_tidraw_rooms_next(td_buf_t *b, ngx_tidraw_result_t *res, ngx_uint_t row,
    ngx_tidraw_rooms_sort_t *sort)
{
    ngx_str_t  s, out;

    td_buf_char(b, '"');

    if (ngx_tidraw_rooms_by_name(sort)) {
        s = ngx_tidraw_cell_str(res, row, sort->col);

        if (td_buf_reserve(b, ngx_base64_encoded_length(s.len)) == TD_OK) {
            out.data = (u_char *) b->data + b->len;
            ngx_encode_base64url(&out, &s);
            b->len += out.len;
        }

    } else {
        ngx_tidraw_json_int(b, ngx_tidraw_cell_int(res, row, sort->col));
    }

    td_buf_char(b, '.');
    s = ngx_tidraw_cell_str(res, row, NGX_TIDRAW_ROOM_ID);
    td_buf_add(b, (char *) s.data, s.len);
    td_buf_char(b, '"');
}
