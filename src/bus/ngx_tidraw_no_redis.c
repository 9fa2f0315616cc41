
/*
 * In the place of Redis where the module is built without hiredis
 * (TIDRAW_WITHOUT): its URL is refused, so no site ever has one.
 */


#include "ngx_tidraw_bus_private.h"


char *
ngx_tidraw_redis_configure(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *url)
{
    return "this build is without Redis";
}


ngx_int_t
ngx_tidraw_redis_open(ngx_tidraw_site_t *site, ngx_str_t *id)
{
    return NGX_OK;
}


void
ngx_tidraw_redis_close(ngx_tidraw_site_t *site)
{
}


ngx_uint_t
ngx_tidraw_redis_up(ngx_tidraw_site_t *site)
{
    return 0;
}


void
ngx_tidraw_redis_join(ngx_tidraw_site_t *site, ngx_str_t *room)
{
}


void
ngx_tidraw_redis_leave(ngx_tidraw_site_t *site, ngx_str_t *room)
{
}


ngx_int_t
ngx_tidraw_redis_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len)
{
    return NGX_OK;
}


ngx_int_t
ngx_tidraw_redis_answer(ngx_tidraw_site_t *site, uint64_t node,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len)
{
    return NGX_OK;
}
