
/*
 * libcurl, where a configuration has a use for it: its functions go by their
 * own names, and must not be called before ngx_tidraw_curl_load() has been.
 */


#ifndef _NGX_TIDRAW_CURL_H_INCLUDED_
#define _NGX_TIDRAW_CURL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * While the configuration is read.  NULL: libcurl is there; otherwise why
 * not, as ngx_tidraw_library_load() has it, or that the module was built
 * without it.
 */
char *ngx_tidraw_curl_load(void);


#if (NGX_TIDRAW_CURL)

#include <curl/curl.h>


#define NGX_TIDRAW_CURL_FUNCTIONS(f)                                          \
    f(global_init)                                                            \
    f(global_cleanup)                                                         \
    f(easy_init)                                                              \
    f(easy_cleanup)                                                           \
    f(easy_reset)                                                             \
    f(easy_setopt)                                                            \
    f(easy_getinfo)                                                           \
    f(easy_perform)                                                           \
    f(easy_strerror)                                                          \
    f(slist_append)                                                           \
    f(slist_free_all)


#define ngx_tidraw_curl_pointer(name)  __typeof__(curl_##name)  *name;

typedef struct {
    NGX_TIDRAW_CURL_FUNCTIONS(ngx_tidraw_curl_pointer)
} ngx_tidraw_curl_t;

#undef ngx_tidraw_curl_pointer


extern ngx_tidraw_curl_t  ngx_tidraw_curl;


/* the header makes macros of these, to look at types */

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define curl_global_init     ngx_tidraw_curl.global_init
#define curl_global_cleanup  ngx_tidraw_curl.global_cleanup
#define curl_easy_init       ngx_tidraw_curl.easy_init
#define curl_easy_cleanup    ngx_tidraw_curl.easy_cleanup
#define curl_easy_reset      ngx_tidraw_curl.easy_reset
#define curl_easy_setopt     ngx_tidraw_curl.easy_setopt
#define curl_easy_getinfo    ngx_tidraw_curl.easy_getinfo
#define curl_easy_perform    ngx_tidraw_curl.easy_perform
#define curl_easy_strerror   ngx_tidraw_curl.easy_strerror
#define curl_slist_append    ngx_tidraw_curl.slist_append
#define curl_slist_free_all  ngx_tidraw_curl.slist_free_all

#endif


#endif /* _NGX_TIDRAW_CURL_H_INCLUDED_ */
