
/*
 * What the accounts of a site need in a worker: password threads, and
 * what is known of the first start.
 */


#ifndef _NGX_TIDRAW_AUTH_H_INCLUDED_
#define _NGX_TIDRAW_AUTH_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_activity.h"
#include "ngx_tidraw_password.h"
#include "ngx_tidraw_throttle.h"
#include "ngx_tidraw_setup.h"


struct ngx_tidraw_auth_s {
    ngx_tidraw_site_t       *site;
    ngx_tidraw_passwords_t  *passwords;
    ngx_tidraw_setup_t       setup;
    ngx_tidraw_activities_t  activities;
    ngx_uint_t               resets;      /* links that are being made */
};


/*
 * In init_process, after the store was opened; NULL when out of memory.
 * destroy in exit_process, before the store is closed.
 */
ngx_tidraw_auth_t *ngx_tidraw_auth_create(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);
void ngx_tidraw_auth_destroy(ngx_tidraw_auth_t *auth);


#endif /* _NGX_TIDRAW_AUTH_H_INCLUDED_ */
