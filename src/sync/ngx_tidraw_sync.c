
/*
 * The sync endpoint: upgrades on connect/ID, and what starts beside them.
 */


#include "ngx_tidraw_remote.h"
#include "ngx_tidraw_people.h"


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
ngx_tidraw_sync_quit(ngx_tidraw_site_t *site)
{
    if (site->rooms) {
        ngx_tidraw_generations_leave(site->rooms);
    }
}
