
/*
 * The table of the functions of libcurl that are used.
 */


#include "ngx_tidraw_curl.h"
#include "ngx_tidraw_library.h"


#if (NGX_TIDRAW_CURL)

#define ngx_tidraw_curl_name(name)  "curl_" #name,

static const char  *ngx_tidraw_curl_names[] = {
    NGX_TIDRAW_CURL_FUNCTIONS(ngx_tidraw_curl_name)
};


ngx_tidraw_curl_t  ngx_tidraw_curl;


static ngx_tidraw_library_t  ngx_tidraw_curl_library = {
    NGX_TIDRAW_CURL_FILE,
    NGX_TIDRAW_CURL_PACKAGE,
    ngx_tidraw_curl_names,
    &ngx_tidraw_curl,
    sizeof(ngx_tidraw_curl_names) / sizeof(ngx_tidraw_curl_names[0]),
    0
};


char *
ngx_tidraw_curl_load(void)
{
    return ngx_tidraw_library_load(&ngx_tidraw_curl_library);
}

#else

char *
ngx_tidraw_curl_load(void)
{
    return "needs a module that was built with libcurl";
}

#endif
