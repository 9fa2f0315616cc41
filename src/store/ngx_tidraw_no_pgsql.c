
/*
 * In the place of the PostgreSQL driver where the module is built without
 * libpq (TIDRAW_WITHOUT): its URLs are known, and refused.
 */


#include "ngx_tidraw_store_private.h"


static ngx_uint_t ngx_tidraw_no_pgsql_match(ngx_str_t *url);
static char *ngx_tidraw_no_pgsql_check(ngx_str_t *url);


const ngx_tidraw_driver_t  ngx_tidraw_pgsql_driver = {
    ngx_tidraw_no_pgsql_match,
    ngx_tidraw_no_pgsql_check,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL
};


static ngx_uint_t
ngx_tidraw_no_pgsql_match(ngx_str_t *url)
{
    return url->len >= 8 && ngx_strncmp(url->data, "postgres", 8) == 0;
}


static char *
ngx_tidraw_no_pgsql_check(ngx_str_t *url)
{
    return "names PostgreSQL, which this build is without";
}
