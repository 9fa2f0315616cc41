
/*
 * A shared library that is loaded when a configuration has a use for it, not
 * with the module: with what it needs itself it would take memory of those
 * who never use it.
 */


#ifndef _NGX_TIDRAW_LIBRARY_H_INCLUDED_
#define _NGX_TIDRAW_LIBRARY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The functions of a library are a structure of n pointers to functions, in
 * the order of their names.
 */

typedef struct {
    const char    *file;         /* "libpq.so.5", as it was built against */
    const char    *package;      /* of Debian */
    const char   **names;
    void          *functions;
    ngx_uint_t     n;
    ngx_uint_t     loaded;
} ngx_tidraw_library_t;


/*
 * While the configuration is read, so that workers share what is loaded; it
 * stays loaded, because libraries that others know of cannot be taken away.
 * NULL: it is there, maybe since before; otherwise what is wrong, "needs
 * libpq.so.5 ...", valid until the next call.
 */
char *ngx_tidraw_library_load(ngx_tidraw_library_t *library);


#endif /* _NGX_TIDRAW_LIBRARY_H_INCLUDED_ */
