
/*
 * The table of the functions of libpq that are used.
 */


#include "ngx_tidraw_library.h"
#include "ngx_tidraw_pgsql_library.h"


#define ngx_tidraw_pgsql_name(name)  "PQ" #name,

static const char  *ngx_tidraw_pgsql_names[] = {
    NGX_TIDRAW_PGSQL_FUNCTIONS(ngx_tidraw_pgsql_name)
};


ngx_tidraw_libpq_t  ngx_tidraw_libpq;


static ngx_tidraw_library_t  ngx_tidraw_pgsql_library = {
    NGX_TIDRAW_PGSQL_FILE,
    "libpq5",
    ngx_tidraw_pgsql_names,
    &ngx_tidraw_libpq,
    sizeof(ngx_tidraw_pgsql_names) / sizeof(ngx_tidraw_pgsql_names[0]),
    0
};


char *
ngx_tidraw_pgsql_library_load(void)
{
    return ngx_tidraw_library_load(&ngx_tidraw_pgsql_library);
}
