
/*
 * The sync endpoint: upgrades on connect/ID, and orders from the API that
 * live sessions must follow.
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_people.h"


static void ngx_tidraw_sync_again(ngx_tidraw_rooms_t *rooms);
static void ngx_tidraw_sync_recheck(ngx_tidraw_room_t *room);
static void ngx_tidraw_sync_revoke(ngx_tidraw_rooms_t *rooms,
    ngx_str_t *login);


static ngx_tidraw_bus_handlers_t  ngx_tidraw_sync_bus_handlers = {
    ngx_tidraw_remote_receive,
    ngx_tidraw_remote_node_gone,
    ngx_tidraw_hosts_ready,
    ngx_tidraw_hosts_missed
};


ngx_int_t
ngx_tidraw_sync_handler(ngx_http_request_t *r, ngx_str_t *room_id)
{
    ngx_int_t                rc;
    ngx_tidraw_ws_t         *ws;
    ngx_tidraw_rooms_t      *rooms;
    ngx_tidraw_client_t     *s;
    ngx_tidraw_loc_conf_t   *tlcf;
    ngx_tidraw_ws_limits_t   limits;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    rooms = tlcf->site->rooms;

    if (rooms == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    s = ngx_tidraw_client_create(rooms, r, room_id);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /*
     * A frame carries one message or one of its chunks (sync-protocol 1.3),
     * a message of the socket is bounded like the assembled chunks.
     */

    limits.site = tlcf->site;
    limits.max_frame = tlcf->max_message;
    limits.max_message = tlcf->max_message;
    limits.max_queue = tlcf->max_queue;

    rc = ngx_tidraw_ws_upgrade(r, &limits, &ngx_tidraw_client_handlers, s,
                               &ws);

    if (rc != NGX_DONE) {
        ngx_tidraw_client_free(s);
        return rc;
    }

    s->ws = ws;

    ngx_tidraw_client_enter(s, r);

    return NGX_DONE;
}


ngx_int_t
ngx_tidraw_sync_open(ngx_cycle_t *cycle)
{
    ngx_uint_t                i;
    ngx_tidraw_site_t       **sites;
    ngx_tidraw_main_conf_t   *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_tidraw_module);

    sites = tmcf->sites.elts;

    if (ngx_tidraw_bus_open(cycle, &ngx_tidraw_sync_bus_handlers) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < tmcf->sites.nelts; i++) {
        ngx_tidraw_zone_join(sites[i], ngx_tidraw_bus_node(),
                             ngx_tidraw_bus_generation());
        ngx_tidraw_people_start(sites[i]->rooms);
        ngx_tidraw_poll_start(sites[i]->rooms);
        ngx_tidraw_bin_start(sites[i]->rooms);
        ngx_tidraw_hosts_start(sites[i]->rooms);
    }

    return NGX_OK;
}


void
ngx_tidraw_sync_control(ngx_tidraw_site_t *site, ngx_tidraw_control_e kind,
    ngx_str_t *room_id, ngx_str_t *subject)
{
    u_char      order[1 + 128];
    size_t      len;

    order[0] = (u_char) kind;
    len = 1;

    if (subject && subject->len < sizeof(order)) {
        ngx_memcpy(order + 1, subject->data, subject->len);
        len += subject->len;
    }

    (void) ngx_tidraw_bus_send(site, NGX_TIDRAW_BUS_CONTROL, room_id, order,
                               len);

    ngx_tidraw_sync_control_here(site, kind, room_id, subject);
}


void
ngx_tidraw_sync_control_here(ngx_tidraw_site_t *site,
    ngx_tidraw_control_e kind, ngx_str_t *room_id, ngx_str_t *subject)
{
    ngx_tidraw_room_t  *room;

    if (site->rooms == NULL) {
        return;
    }

    if (kind != NGX_TIDRAW_CONTROL_ROOM_DELETED) {
        ngx_tidraw_sync_again(site->rooms);
    }

    if (kind == NGX_TIDRAW_CONTROL_SESSION_REVOKED) {
        ngx_tidraw_sync_revoke(site->rooms, subject);
        return;
    }

    room = ngx_tidraw_room_find(site->rooms, room_id);

    if (room == NULL) {
        return;
    }

    if (kind == NGX_TIDRAW_CONTROL_ROOM_DELETED) {
        ngx_tidraw_room_close(room, "NOT_FOUND");
        return;
    }

    ngx_tidraw_sync_recheck(room);
}


/*
 * Whoever is being looked up may have been read before the change: a second
 * look follows.
 */

static void
ngx_tidraw_sync_again(ngx_tidraw_rooms_t *rooms)
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


void
ngx_tidraw_sync_recheck_all(ngx_tidraw_site_t *site)
{
    ngx_queue_t        *q;
    ngx_tidraw_room_t  *room;

    ngx_tidraw_sync_again(site->rooms);

    for (q = ngx_queue_head(&site->rooms->rooms);
         q != ngx_queue_sentinel(&site->rooms->rooms);
         q = ngx_queue_next(q))
    {
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        ngx_tidraw_sync_recheck(room);
    }
}


static void
ngx_tidraw_sync_recheck(ngx_tidraw_room_t *room)
{
    ngx_queue_t          *q, *next;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (s->ws) {
            ngx_tidraw_client_recheck(s);
        }
    }
}


static void
ngx_tidraw_sync_revoke(ngx_tidraw_rooms_t *rooms, ngx_str_t *login)
{
    ngx_queue_t          *rq, *q, *next;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_client_t  *s;

    for (rq = ngx_queue_head(&rooms->rooms);
         rq != ngx_queue_sentinel(&rooms->rooms);
         rq = ngx_queue_next(rq))
    {
        room = ngx_queue_data(rq, ngx_tidraw_room_t, queue);

        for (q = ngx_queue_head(&room->sessions);
             q != ngx_queue_sentinel(&room->sessions);
             q = next)
        {
            next = ngx_queue_next(q);
            s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

            if (s->ws
                && s->login.len == login->len
                && ngx_memcmp(s->login.data, login->data, login->len) == 0)
            {
                ngx_tidraw_client_refuse(s, "NOT_AUTHENTICATED");
            }
        }
    }
}
