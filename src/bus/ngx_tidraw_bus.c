
/*
 * The front of the bus: hands everything to the mesh and to Redis.  Both are
 * there only where somebody could listen.
 */


#include "ngx_tidraw_bus_private.h"

#include <sodium.h>


uint64_t                    ngx_tidraw_bus_number;
ngx_tidraw_bus_handlers_t  *ngx_tidraw_bus_handlers;

static ngx_array_t         *ngx_tidraw_bus_sites;


char *
ngx_tidraw_bus_configure(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *url)
{
    return ngx_tidraw_redis_configure(cf, site, url);
}


ngx_int_t
ngx_tidraw_bus_prepare(ngx_cycle_t *cycle)
{
    return ngx_tidraw_mesh_prepare(cycle);
}


ngx_int_t
ngx_tidraw_bus_open(ngx_cycle_t *cycle, ngx_tidraw_bus_handlers_t *handlers)
{
    ngx_tidraw_main_conf_t  *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_tidraw_module);

    ngx_tidraw_bus_sites = &tmcf->sites;
    ngx_tidraw_bus_handlers = handlers;

    do {
        randombytes_buf(&ngx_tidraw_bus_number, sizeof(uint64_t));
    } while (ngx_tidraw_bus_number == 0);

    return ngx_tidraw_mesh_open(cycle);
}


ngx_int_t
ngx_tidraw_bus_identify(ngx_tidraw_site_t *site, ngx_str_t *id)
{
    return site->redis ? ngx_tidraw_redis_open(site, id) : NGX_OK;
}


void
ngx_tidraw_bus_close(void)
{
    ngx_uint_t           i;
    ngx_tidraw_site_t  **sites;

    if (ngx_tidraw_bus_sites == NULL) {
        return;
    }

    sites = ngx_tidraw_bus_sites->elts;

    for (i = 0; i < ngx_tidraw_bus_sites->nelts; i++) {
        ngx_tidraw_redis_close(sites[i]);
    }

    ngx_tidraw_mesh_close();
}


ngx_uint_t
ngx_tidraw_bus_active(ngx_tidraw_site_t *site)
{
    return site->redis != NULL || ngx_tidraw_mesh_active();
}


ngx_uint_t
ngx_tidraw_bus_hosts(ngx_tidraw_site_t *site)
{
    return site->redis != NULL;
}


ngx_uint_t
ngx_tidraw_bus_up(ngx_tidraw_site_t *site)
{
    return ngx_tidraw_redis_up(site);
}


ngx_uint_t
ngx_tidraw_bus_peers(void)
{
    return ngx_tidraw_mesh_peers();
}


uint64_t
ngx_tidraw_bus_node(void)
{
    return ngx_tidraw_bus_number;
}


uint64_t
ngx_tidraw_bus_generation(void)
{
    return ngx_tidraw_mesh_host();
}


void
ngx_tidraw_bus_tick(void)
{
    ngx_tidraw_mesh_tick();
}


void
ngx_tidraw_bus_join(ngx_tidraw_site_t *site, ngx_str_t *room)
{
    if (site->redis) {
        ngx_tidraw_redis_join(site, room);
    }
}


void
ngx_tidraw_bus_leave(ngx_tidraw_site_t *site, ngx_str_t *room)
{
    if (site->redis) {
        ngx_tidraw_redis_leave(site, room);
    }
}


ngx_int_t
ngx_tidraw_bus_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len)
{
    ngx_int_t  rc;

    if (len > NGX_TIDRAW_BUS_MAX) {
        return NGX_DECLINED;
    }

    rc = (type == NGX_TIDRAW_BUS_PEOPLE)
         ? NGX_OK : ngx_tidraw_mesh_send(site, type, room, data, len);

    if (site->redis
        && type != NGX_TIDRAW_BUS_HELLO
        && ngx_tidraw_redis_send(site, type, room, data, len) != NGX_OK)
    {
        rc = NGX_DECLINED;
    }

    return rc;
}


ngx_int_t
ngx_tidraw_bus_answer(ngx_tidraw_site_t *site, uint64_t node,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len)
{
    if (len > NGX_TIDRAW_BUS_MAX) {
        return NGX_DECLINED;
    }

    if (ngx_tidraw_mesh_answer(site, node, type, room, data, len) == NGX_OK) {
        return NGX_OK;
    }

    return site->redis ? ngx_tidraw_redis_answer(site, node, type, room, data,
                                                 len)
                       : NGX_DECLINED;
}
