
/*
 * Orders: given by the API, heard by the bus, read from the database.
 *
 * The table "orders" holds the last of them under growing numbers, which are
 * handed out by a row that stays locked until the commit: who has read up to
 * a number has missed none below it.  Nothing here trusts an order further
 * than to look at the database again, but for an end that cannot be undone.
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_control.h"


#define NGX_TIDRAW_CONTROL_KEEP      1000     /* orders in the table */
#define NGX_TIDRAW_CONTROL_SUBJECT   128

/* More than so many at once: all sessions are looked up instead. */
#define NGX_TIDRAW_CONTROL_ROWS      65


static void ngx_tidraw_control_follow(ngx_tidraw_rooms_t *rooms,
    ngx_uint_t kind, ngx_str_t *id, ngx_str_t *subject);
static void ngx_tidraw_control_again(ngx_tidraw_rooms_t *rooms);
static void ngx_tidraw_control_room(ngx_tidraw_room_t *room, ngx_uint_t kind,
    ngx_str_t *subject);


void
ngx_tidraw_control_note(ngx_tidraw_op_t *op, ngx_tidraw_control_e kind,
    ngx_str_t *room, ngx_str_t *subject)
{
    int64_t  number, keep;

    number = kind;
    keep = NGX_TIDRAW_CONTROL_KEEP;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ORDER_NUMBER, "");
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ORDER_PUT, "iss", number,
                              room, subject);
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ORDERS_PRUNE, "i", keep);
}


void
ngx_tidraw_control_give(ngx_tidraw_site_t *site, ngx_tidraw_control_e kind,
    ngx_str_t *room, ngx_str_t *subject)
{
    u_char     order[1 + NGX_TIDRAW_CONTROL_SUBJECT];
    size_t     len;
    ngx_str_t  none;

    ngx_str_null(&none);

    if (room == NULL) {
        room = &none;
    }

    if (subject == NULL) {
        subject = &none;
    }

    order[0] = (u_char) kind;
    len = ngx_min(subject->len, NGX_TIDRAW_CONTROL_SUBJECT);
    ngx_memcpy(order + 1, subject->data, len);

    (void) ngx_tidraw_bus_send(site, NGX_TIDRAW_BUS_CONTROL, room, order,
                               1 + len);

    ngx_tidraw_control_heard(site, kind, room, subject);
}


void
ngx_tidraw_control_heard(ngx_tidraw_site_t *site, ngx_uint_t kind,
    ngx_str_t *id, ngx_str_t *subject)
{
    ngx_tidraw_room_t  *room;

    if (site->rooms == NULL) {
        return;
    }

    if (kind == NGX_TIDRAW_CONTROL_BOARD_GONE
        || kind == NGX_TIDRAW_CONTROL_REPLACED)
    {
        room = ngx_tidraw_room_find(site->rooms, id);

        if (room) {
            ngx_tidraw_room_close(room, kind == NGX_TIDRAW_CONTROL_REPLACED
                                        ? NULL : "NOT_FOUND");
        }

        return;
    }

    ngx_tidraw_control_follow(site->rooms, kind, id, subject);
}


ngx_int_t
ngx_tidraw_control_ask(ngx_tidraw_rooms_t *rooms, ngx_tidraw_op_t *op)
{
    int64_t  limit;

    limit = NGX_TIDRAW_CONTROL_ROWS;

    return ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ORDERS_SINCE, "ii",
                              rooms->order, limit);
}


/*
 * The latest order known is asked for, too, and comes first if there are no
 * newer ones.  Where it is gone, or the ones after it are, nothing is known.
 */

void
ngx_tidraw_control_read(ngx_tidraw_rooms_t *rooms, ngx_tidraw_result_t *res)
{
    int64_t     newest, known;
    ngx_str_t   room, subject;
    ngx_uint_t  n, missed;

    n = res->nrows;
    known = rooms->order;
    newest = n ? ngx_tidraw_cell_int(res, 0, 0) : 0;

    missed = !rooms->ordered
             || (n == 0 && known != 0)
             || (n != 0 && ngx_tidraw_cell_int(res, n - 1, 0) > known + 1);

    rooms->ordered = 1;
    rooms->order = newest;

    if (missed) {
        ngx_tidraw_recheck_all(rooms);
        return;
    }

    while (n--) {

        if (ngx_tidraw_cell_int(res, n, 0) <= known) {
            continue;
        }

        room = ngx_tidraw_cell_str(res, n, 2);
        subject = ngx_tidraw_cell_str(res, n, 3);

        ngx_tidraw_control_follow(rooms, ngx_tidraw_cell_int(res, n, 1), &room,
                                  &subject);
    }
}


/*
 * A board that is gone may be back when the order is read, so that this is
 * left to the poll, which asks for all open boards.
 */

static void
ngx_tidraw_control_follow(ngx_tidraw_rooms_t *rooms, ngx_uint_t kind,
    ngx_str_t *id, ngx_str_t *subject)
{
    ngx_queue_t        *q;
    ngx_tidraw_room_t  *room;

    if (kind == NGX_TIDRAW_CONTROL_BOARD_GONE
        || kind == NGX_TIDRAW_CONTROL_REPLACED)
    {
        return;
    }

    ngx_tidraw_control_again(rooms);

    if (id->len) {
        room = ngx_tidraw_room_find(rooms, id);

        if (room) {
            ngx_tidraw_control_room(room, kind, subject);
        }

        return;
    }

    for (q = ngx_queue_head(&rooms->rooms);
         q != ngx_queue_sentinel(&rooms->rooms);
         q = ngx_queue_next(q))
    {
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        ngx_tidraw_control_room(room, kind, subject);
    }
}


/*
 * Whoever is being looked up may have been read before the change: a second
 * look follows.
 */

static void
ngx_tidraw_control_again(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(&rooms->entering);
         q != ngx_queue_sentinel(&rooms->entering);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);
        s->again = 1;
    }
}


static void
ngx_tidraw_control_room(ngx_tidraw_room_t *room, ngx_uint_t kind,
    ngx_str_t *subject)
{
    ngx_str_t            *whose;
    ngx_queue_t          *q, *next;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (s->ws == NULL) {
            continue;
        }

        if (kind == NGX_TIDRAW_CONTROL_KICK) {

            if (subject->len == sizeof(s->presence_id)
                && ngx_memcmp(s->presence_id, subject->data, subject->len)
                   == 0)
            {
                ngx_tidraw_client_refuse(s, "FORBIDDEN");
                return;
            }

            continue;
        }

        if (kind != NGX_TIDRAW_CONTROL_BOARD) {

            whose = (kind == NGX_TIDRAW_CONTROL_LOGIN_ENDED) ? &s->login
                                                             : &s->user_id;

            if (whose->len != subject->len
                || ngx_memcmp(whose->data, subject->data, subject->len) != 0)
            {
                continue;
            }

            if (kind == NGX_TIDRAW_CONTROL_LOGIN_ENDED) {
                ngx_tidraw_client_refuse(s, "NOT_AUTHENTICATED");
                continue;
            }
        }

        ngx_tidraw_recheck(s, 1);
    }
}


void
ngx_tidraw_recheck_all(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_t          *rq, *q;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_client_t  *s;

    ngx_tidraw_control_again(rooms);

    for (rq = ngx_queue_head(&rooms->rooms);
         rq != ngx_queue_sentinel(&rooms->rooms);
         rq = ngx_queue_next(rq))
    {
        room = ngx_queue_data(rq, ngx_tidraw_room_t, queue);

        for (q = ngx_queue_head(&room->sessions);
             q != ngx_queue_sentinel(&room->sessions);
             q = ngx_queue_next(q))
        {
            s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

            if (s->ws) {
                ngx_tidraw_recheck(s, 0);
            }
        }
    }
}
