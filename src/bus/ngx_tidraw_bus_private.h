
/*
 * Inside of the bus folder: its two ways, the mesh of one host's workers and
 * Redis between hosts.
 */


#ifndef _NGX_TIDRAW_BUS_PRIVATE_H_INCLUDED_
#define _NGX_TIDRAW_BUS_PRIVATE_H_INCLUDED_


#include "ngx_tidraw_bus.h"


/* Of a worker: random, never 0; set by ngx_tidraw_bus_open(). */
extern uint64_t                    ngx_tidraw_bus_number;
extern ngx_tidraw_bus_handlers_t  *ngx_tidraw_bus_handlers;


/* ngx_tidraw_mesh.c */

ngx_int_t ngx_tidraw_mesh_prepare(ngx_cycle_t *cycle);
ngx_int_t ngx_tidraw_mesh_open(ngx_cycle_t *cycle);
void ngx_tidraw_mesh_close(void);
ngx_uint_t ngx_tidraw_mesh_active(void);

/* Random, the same in all workers that hear one another by the mesh. */
uint64_t ngx_tidraw_mesh_host(void);

ngx_uint_t ngx_tidraw_mesh_peers(void);
ngx_int_t ngx_tidraw_mesh_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len);
ngx_int_t ngx_tidraw_mesh_answer(ngx_tidraw_site_t *site, uint64_t node,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len);
void ngx_tidraw_mesh_tick(void);


/* ngx_tidraw_redis.c */

/* site->redis is NULL, or was made by ngx_tidraw_redis_configure(). */
ngx_int_t ngx_tidraw_redis_open(ngx_tidraw_site_t *site, ngx_str_t *id);
void ngx_tidraw_redis_close(ngx_tidraw_site_t *site);

/* Whether it can be reached now; 0 where none is configured. */
ngx_uint_t ngx_tidraw_redis_up(ngx_tidraw_site_t *site);

void ngx_tidraw_redis_join(ngx_tidraw_site_t *site, ngx_str_t *room);
void ngx_tidraw_redis_leave(ngx_tidraw_site_t *site, ngx_str_t *room);
ngx_int_t ngx_tidraw_redis_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len);
ngx_int_t ngx_tidraw_redis_answer(ngx_tidraw_site_t *site, uint64_t node,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len);


/* ngx_tidraw_redis_url.c; as ngx_tidraw_bus_configure() */

char *ngx_tidraw_redis_configure(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *url);


#endif /* _NGX_TIDRAW_BUS_PRIVATE_H_INCLUDED_ */
