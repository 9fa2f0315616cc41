
/*
 * What a worker tells of itself each second, for whoever asks how the site
 * is: numbers that are kept elsewhere in this process and copied into its
 * place of the shared zone.  Nothing is decided by them.
 */


#include "ngx_tidraw_room.h"


void
ngx_tidraw_gauges_tick(ngx_tidraw_rooms_t *rooms)
{
    ngx_uint_t                 i;
    ngx_tidraw_site_t         *site;
    ngx_tidraw_store_stats_t   stats;

    site = rooms->site;

    ngx_tidraw_store_stats(site->store, &stats);

    for (i = 0; i < sizeof(stats.failed) / sizeof(uint64_t); i++) {
        ngx_tidraw_count(site, NGX_TIDRAW_COUNT_DATABASE + i,
                         stats.failed[i] - rooms->failed[i]);
        rooms->failed[i] = stats.failed[i];
    }

    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_SESSIONS, rooms->nsessions);
    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_BOARDS, rooms->nrooms);
    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_PUSHES_WAIT, rooms->npushes);
    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_OPERATIONS_WAIT,
                     stats.operations);
    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_BYTES_WAIT, site->zone->waiting);
    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_DATABASE_DOWN,
                     !ngx_tidraw_store_ready(site->store));
    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_REDIS_DOWN,
                     site->redis && !ngx_tidraw_sync_redis(site));
    ngx_tidraw_gauge(site, NGX_TIDRAW_COUNT_MEMORY, ngx_tidraw_memory());
}
