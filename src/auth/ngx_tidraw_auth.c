
/*
 * The accounts of a site in a worker: made and destroyed here.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_auth.h"


ngx_tidraw_auth_t *
ngx_tidraw_auth_create(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    ngx_tidraw_auth_t  *auth;

    if (sodium_init() == -1) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, 0, "start_failed",
                       "call=sodium_init");
        return NULL;
    }

    auth = ngx_calloc(sizeof(ngx_tidraw_auth_t), cycle->log);
    if (auth == NULL) {
        return NULL;
    }

    auth->site = site;

    auth->passwords = ngx_tidraw_passwords_create(site);

    if (auth->passwords == NULL) {
        ngx_tidraw_auth_destroy(auth);
        return NULL;
    }

    ngx_tidraw_setup_start(&auth->setup, site, auth->passwords);
    ngx_tidraw_activity_start(&auth->activities, site);

    return auth;
}


void
ngx_tidraw_auth_destroy(ngx_tidraw_auth_t *auth)
{
    ngx_tidraw_setup_stop(&auth->setup);
    ngx_tidraw_activity_stop(&auth->activities);

    if (auth->passwords != NULL) {
        ngx_tidraw_passwords_destroy(auth->passwords);
    }

    ngx_free(auth);
}
