
/*
 * Who is on a board now: as a list of its own, and in short for the list of
 * boards.
 */


#include "ngx_tidraw_http_room.h"
#include "ngx_tidraw_sync.h"


#define NGX_TIDRAW_PEOPLE_SHORT   5


static void ngx_tidraw_presence_pictures(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_presence_write(ngx_tidraw_call_t *call,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_json_text(td_buf_t *b, const char *data, size_t len);
static ngx_uint_t ngx_tidraw_people_seen(td_zone_who_t *who, ngx_uint_t n);


void
ngx_tidraw_http_presence(ngx_tidraw_call_t *call)
{
    ngx_str_t          id;
    ngx_uint_t         i;
    ngx_array_t       *people;
    td_zone_who_t     *who;
    ngx_tidraw_op_t   *op;

    people = ngx_tidraw_people_of(call->site, &call->params[0],
                                  call->request->pool);
    if (people == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    who = people->elts;

    for (i = 0; i < people->nelts; i++) {

        if (who[i].user_len) {
            id.data = (u_char *) who[i].user;
            id.len = who[i].user_len;

            (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_USER_PICTURE, "s",
                                      &id);
        }
    }

    call->state = people;

    if (op->nsteps == 0) {
        ngx_tidraw_op_free(op);
        ngx_tidraw_presence_write(call, NULL);
        return;
    }

    ngx_tidraw_call_run(call, op, ngx_tidraw_presence_pictures);
}


static void
ngx_tidraw_presence_pictures(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_presence_write(call, op->results);
}


/* res: a result for each of the people who is signed in. */

static void
ngx_tidraw_presence_write(ngx_tidraw_call_t *call, ngx_tidraw_result_t *res)
{
    td_buf_t       *b;
    ngx_uint_t      i;
    ngx_array_t    *people;
    td_zone_who_t  *who;

    b = &call->out;
    people = call->state;
    who = people->elts;

    td_buf_lit(b, "{\"people\":[");

    for (i = 0; i < people->nelts; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        td_buf_lit(b, "{\"id\":");
        ngx_tidraw_json_text(b, who[i].id, TD_ZONE_ID);
        td_buf_lit(b, ",\"user\":");

        if (who[i].user_len) {
            td_buf_lit(b, "{\"id\":");
            ngx_tidraw_json_text(b, who[i].user, who[i].user_len);
            td_buf_lit(b, ",\"name\":");
            ngx_tidraw_json_text(b, who[i].user_name, who[i].user_name_len);
            td_buf_lit(b, ",\"color\":");
            ngx_tidraw_json_text(b, who[i].user_color, who[i].user_color_len);
            td_buf_lit(b, ",\"picture\":");

            if (res->nrows) {
                ngx_tidraw_json_picture(b, res, 0, 0, 1);
            } else {
                td_buf_lit(b, "null");
            }

            td_buf_char(b, '}');
            res++;

        } else {
            td_buf_lit(b, "null");
        }

        td_buf_lit(b, ",\"name\":");
        ngx_tidraw_json_text(b, who[i].name, who[i].name_len);
        td_buf_lit(b, ",\"color\":");

        if (who[i].color_len) {
            ngx_tidraw_json_text(b, who[i].color, who[i].color_len);

        } else {
            td_buf_lit(b, "null");
        }

        td_buf_lit(b, ",\"role\":");
        ngx_tidraw_json_str(b, ngx_tidraw_role_name(who[i].role));
        td_buf_lit(b, ",\"since\":");
        ngx_tidraw_json_int(b, who[i].since);
        td_buf_char(b, '}');
    }

    td_buf_lit(b, "]}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


void
ngx_tidraw_json_people(ngx_tidraw_call_t *call, ngx_str_t *room)
{
    td_buf_t       *b;
    ngx_uint_t      i, n, shown;
    ngx_array_t    *people;
    td_zone_who_t  *who;

    b = &call->out;
    people = ngx_tidraw_people_of(call->site, room, call->request->pool);

    if (people == NULL) {
        b->failed = 1;
        return;
    }

    who = people->elts;
    n = 0;
    shown = 0;

    td_buf_lit(b, "\"people\":[");

    for (i = 0; i < people->nelts; i++) {

        if (ngx_tidraw_people_seen(who, i)) {
            continue;
        }

        n++;

        if (shown == NGX_TIDRAW_PEOPLE_SHORT) {
            continue;
        }

        if (shown++) {
            td_buf_char(b, ',');
        }

        td_buf_lit(b, "{\"id\":");
        ngx_tidraw_json_text(b, who[i].id, TD_ZONE_ID);
        td_buf_lit(b, ",\"name\":");
        ngx_tidraw_json_text(b, who[i].name, who[i].name_len);
        td_buf_lit(b, ",\"color\":");

        if (who[i].color_len) {
            ngx_tidraw_json_text(b, who[i].color, who[i].color_len);

        } else {
            td_buf_lit(b, "null");
        }

        td_buf_char(b, '}');
    }

    td_buf_lit(b, "],\"present\":");
    td_buf_uint(b, n);

    ngx_array_destroy(people);
}


/* The same account in another tab, before the n-th in the list. */

static ngx_uint_t
ngx_tidraw_people_seen(td_zone_who_t *who, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n && who[n].user_len; i++) {
        if (who[i].user_len
            && ngx_memcmp(who[i].user, who[n].user, TD_ZONE_USER) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_tidraw_json_text(td_buf_t *b, const char *data, size_t len)
{
    td_str_t  s;

    s.data = data;
    s.len = len;

    td_json_write_string(b, s);
}
