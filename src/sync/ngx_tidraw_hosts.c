
/*
 * What a worker does to hear of other hosts: it finds out how all of them
 * call their site, has its open boards join, and makes up for what neither
 * side heard while the bus was away.
 *
 * The name of the site is in the database that the hosts share, so that
 * several installations can use one Redis.
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_people.h"


#define NGX_TIDRAW_HOSTS_RETRY   1000
#define NGX_TIDRAW_HOSTS_ID      16       /* random bytes of the name */


static void ngx_tidraw_hosts_ask(ngx_event_t *ev);
static void ngx_tidraw_hosts_identified(ngx_tidraw_op_t *op);


void
ngx_tidraw_hosts_start(ngx_tidraw_rooms_t *rooms)
{
    if (!ngx_tidraw_bus_hosts(rooms->site)) {
        return;
    }

    rooms->identify.handler = ngx_tidraw_hosts_ask;
    rooms->identify.data = &ngx_tidraw_no_connection;
    rooms->identify.log = rooms->site->log;
    rooms->identify.cancelable = 1;

    ngx_add_timer(&rooms->identify, 1);
}


void
ngx_tidraw_hosts_stop(ngx_tidraw_rooms_t *rooms)
{
    if (rooms->identify.timer_set) {
        ngx_del_timer(&rooms->identify);
    }

    if (rooms->identity) {
        ngx_tidraw_op_cancel(rooms->identity);
        rooms->identity = NULL;
    }
}


static void
ngx_tidraw_hosts_ask(ngx_event_t *ev)
{
    u_char               data[NGX_TIDRAW_HOSTS_ID * 4 / 3 + 2];
    ngx_str_t            id;
    ngx_tidraw_op_t     *op;
    ngx_tidraw_rooms_t  *rooms;

    rooms = ngx_tidraw_event_owner(ev, ngx_tidraw_rooms_t, identify);

    ngx_tidraw_random_id(data, NGX_TIDRAW_HOSTS_ID);

    id.data = data;
    id.len = NGX_TIDRAW_ID_LEN;

    op = ngx_tidraw_op_create(rooms->site->store, 1);

    if (op == NULL
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SITE_ID_OFFER, "s", &id)
           != NGX_OK
        || ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SITE_ID_GET, "") != NGX_OK)
    {
        if (op) {
            ngx_tidraw_op_free(op);
        }

        ngx_add_timer(ev, NGX_TIDRAW_HOSTS_RETRY);
        return;
    }

    rooms->identity = op;
    ngx_tidraw_op_run(op, ngx_tidraw_hosts_identified, rooms);
}


static void
ngx_tidraw_hosts_identified(ngx_tidraw_op_t *op)
{
    ngx_str_t            id;
    ngx_tidraw_rooms_t  *rooms;

    rooms = op->data;
    rooms->identity = NULL;

    if (op->rc != NGX_OK || op->results[1].nrows == 0) {
        ngx_add_timer(&rooms->identify, NGX_TIDRAW_HOSTS_RETRY);
        return;
    }

    id = ngx_tidraw_cell_str(&op->results[1], 0, 0);

    if (ngx_tidraw_bus_identify(rooms->site, &id) != NGX_OK) {
        ngx_tidraw_log(NGX_LOG_ERR, rooms->site->log, 0, "site_id_damaged",
                       "");
    }
}


void
ngx_tidraw_hosts_ready(ngx_tidraw_site_t *site, ngx_uint_t again)
{
    ngx_queue_t        *q;
    ngx_tidraw_room_t  *room;

    for (q = ngx_queue_head(&site->rooms->rooms);
         q != ngx_queue_sentinel(&site->rooms->rooms);
         q = ngx_queue_next(q))
    {
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        if (room->state == NGX_TIDRAW_ROOM_READY) {
            ngx_tidraw_bus_join(site, &room->sn.str);
        }
    }

    ngx_tidraw_crowd_ask(site->rooms);

    if (again) {
        ngx_tidraw_recheck_all(site->rooms);
    }
}


void
ngx_tidraw_hosts_missed(ngx_tidraw_site_t *site, ngx_str_t *id)
{
    ngx_queue_t          *q;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_remote_t  *remote;

    room = ngx_tidraw_room_find(site->rooms, id);

    if (room == NULL || room->state != NGX_TIDRAW_ROOM_READY) {
        return;
    }

    /* whoever answers names all that it has */

    for (q = ngx_queue_head(&room->remotes);
         q != ngx_queue_sentinel(&room->remotes);
         q = ngx_queue_next(q))
    {
        remote = ngx_queue_data(q, ngx_tidraw_remote_t, queue);
        remote->stale = 1;
    }

    /* it is the first to be asked for */

    ngx_queue_remove(&room->queue);
    ngx_queue_insert_head(&site->rooms->rooms, &room->queue);

    ngx_tidraw_poll_soon(site->rooms, 1);
}
