
/*
 * The front door: the module, its configuration hooks, and what happens when
 * a process begins and ends.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_auth.h"
#include "ngx_tidraw_bus.h"
#include "ngx_tidraw_files.h"
#include "ngx_tidraw_keep.h"
#include "ngx_tidraw_mail.h"
#include "ngx_tidraw_preview.h"
#include "ngx_tidraw_replay.h"
#include "ngx_tidraw_sentinel.h"
#include "ngx_tidraw_store.h"
#include "ngx_tidraw_sync.h"
#include "ngx_tidraw_ws.h"
#include "ngx_tidraw_zone.h"

#include <sodium.h>


#if (__GLIBC__)

#include <malloc.h>

#define NGX_TIDRAW_MMAP_THRESHOLD  (128 * 1024)
#define NGX_TIDRAW_ARENAS          2

#endif


static ngx_int_t ngx_tidraw_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_tidraw_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_init_process(ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_init_site(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);
static void ngx_tidraw_quit(void);
static void ngx_tidraw_exit_process(ngx_cycle_t *cycle);


/* Over this time the sessions of an old worker are told to come back. */

#define NGX_TIDRAW_DRAIN_SPREAD  1000


static ngx_http_module_t  ngx_tidraw_module_ctx = {
    ngx_tidraw_preconfiguration,           /* preconfiguration */
    NULL,                                  /* postconfiguration */

    ngx_tidraw_create_main_conf,           /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_tidraw_create_loc_conf,            /* create location configuration */
    ngx_tidraw_merge_loc_conf              /* merge location configuration */
};


ngx_module_t  ngx_tidraw_module = {
    NGX_MODULE_V1,
    &ngx_tidraw_module_ctx,                /* module context */
    ngx_tidraw_commands,                   /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_tidraw_init_module,                /* init module */
    ngx_tidraw_init_process,               /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_tidraw_exit_process,               /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/* By an index a variable has one value throughout a request. */

static ngx_int_t
ngx_tidraw_preconfiguration(ngx_conf_t *cf)
{
    ngx_tidraw_main_conf_t  *tmcf;

    static ngx_str_t  name = ngx_string("request_id");

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_tidraw_module);
    tmcf->request_id = ngx_http_get_variable_index(cf, &name);

    return tmcf->request_id == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_tidraw_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                i;
    ngx_tidraw_site_t       **sites;
    ngx_tidraw_main_conf_t   *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_tidraw_module);

    if (ngx_test_config || tmcf == NULL) {
        return NGX_OK;
    }

    sites = tmcf->sites.elts;

    for (i = 0; i < tmcf->sites.nelts; i++) {
        if (ngx_tidraw_site_prepare(sites[i], cycle) == NGX_OK) {
            continue;
        }

        /*
         * Failing here in a reload would be the end of nginx and of whatever
         * else it serves; the site fares as the log says.
         */

        if (ngx_is_init_cycle(cycle->old_cycle)) {
            return NGX_ERROR;
        }
    }

    if (tmcf->sites.nelts == 0) {
        return NGX_OK;
    }

    return ngx_tidraw_bus_prepare(cycle);
}


static ngx_int_t
ngx_tidraw_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                i;
    ngx_tidraw_site_t       **sites;
    ngx_tidraw_main_conf_t   *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_tidraw_module);

    if (tmcf == NULL
        || tmcf->sites.nelts == 0
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    if (sodium_init() == -1) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, 0, "start_failed",
                       "call=sodium_init");
        return NGX_ERROR;
    }

#if (__GLIBC__)

    /*
     * Boards of all sizes come and go: what is large goes back to the system
     * at once, and few threads need no heaps of their own.
     */

    (void) mallopt(M_MMAP_THRESHOLD, NGX_TIDRAW_MMAP_THRESHOLD);
    (void) mallopt(M_ARENA_MAX, NGX_TIDRAW_ARENAS);

#endif

    if (ngx_tidraw_sentinel_open(cycle, ngx_tidraw_quit) != NGX_OK) {
        return NGX_ERROR;
    }

    sites = tmcf->sites.elts;

    for (i = 0; i < tmcf->sites.nelts; i++) {
        if (ngx_tidraw_init_site(sites[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_tidraw_sync_open(cycle);
}


static ngx_int_t
ngx_tidraw_init_site(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    site->log = cycle->log;

    if (ngx_tidraw_zone_open(site, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    site->store = ngx_tidraw_store_open(site, cycle);
    if (site->store == NULL) {
        return NGX_ERROR;
    }

    site->rooms = ngx_tidraw_rooms_create(site);
    if (site->rooms == NULL) {
        return NGX_ERROR;
    }

    site->auth = ngx_tidraw_auth_create(site, cycle);
    if (site->auth == NULL) {
        return NGX_ERROR;
    }

    site->files = ngx_tidraw_files_create(site);
    if (site->files == NULL) {
        return NGX_ERROR;
    }

    site->keep = ngx_tidraw_keep_create(site);
    if (site->keep == NULL) {
        return NGX_ERROR;
    }

    site->mails = ngx_tidraw_mails_create(site);
    if (site->mails == NULL) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_tidraw_quit(void)
{
    ngx_uint_t                i;
    ngx_tidraw_site_t       **sites;
    ngx_tidraw_main_conf_t   *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(ngx_cycle, ngx_tidraw_module);

    sites = tmcf->sites.elts;

    for (i = 0; i < tmcf->sites.nelts; i++) {
        ngx_tidraw_sync_quit(sites[i]);
    }

    ngx_tidraw_ws_shutdown_all(NGX_TIDRAW_DRAIN_SPREAD);
}


static void
ngx_tidraw_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                i;
    ngx_tidraw_site_t       **sites;
    ngx_tidraw_main_conf_t   *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_tidraw_module);

    if (tmcf == NULL) {
        return;
    }

    /* "stop" gives nobody the time to leave */

    ngx_tidraw_ws_close_all();

    sites = tmcf->sites.elts;

    for (i = 0; i < tmcf->sites.nelts; i++) {

        if (sites[i]->rooms) {
            ngx_tidraw_rooms_detach(sites[i]->rooms);
        }

        if (sites[i]->files) {
            ngx_tidraw_files_destroy(sites[i]->files);
        }

        if (sites[i]->keep) {
            ngx_tidraw_keep_destroy(sites[i]->keep);
        }

        if (sites[i]->mails) {
            ngx_tidraw_mails_destroy(sites[i]->mails);
        }

        if (sites[i]->auth) {
            ngx_tidraw_auth_destroy(sites[i]->auth);
        }

        if (sites[i]->store) {
            ngx_tidraw_store_close(sites[i]->store);
        }

        /* the store finishes what refers to the boards */

        if (sites[i]->rooms) {
            ngx_tidraw_rooms_destroy(sites[i]->rooms);
        }

        ngx_tidraw_zone_close(sites[i]);
    }

    ngx_tidraw_preview_exit();
    ngx_tidraw_replay_exit();
    ngx_tidraw_bus_close();
    ngx_tidraw_sentinel_close();
}
