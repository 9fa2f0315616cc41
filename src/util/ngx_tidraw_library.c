
/*
 * Loading shared libraries.  A table of functions is filled once, by the one
 * thread that reads configurations, and is only read after that; processes
 * and threads that come later have it whole.
 */


#include "ngx_tidraw_library.h"

#include <dlfcn.h>


static u_char  ngx_tidraw_library_error[512];


char *
ngx_tidraw_library_load(ngx_tidraw_library_t *library)
{
    void        *handle, *function;
    u_char      *p, *last;
    ngx_uint_t   i;

    if (library->loaded) {
        return NULL;
    }

    handle = dlopen(library->file, RTLD_NOW|RTLD_LOCAL);

    if (handle == NULL) {
        goto failed;
    }

    p = library->functions;

    for (i = 0; i < library->n; i++) {
        function = dlsym(handle, library->names[i]);

        if (function == NULL) {
            goto failed;
        }

        p = ngx_cpymem(p, &function, sizeof(function));
    }

    library->loaded = 1;

    return NULL;

failed:

    last = ngx_snprintf(ngx_tidraw_library_error,
                        sizeof(ngx_tidraw_library_error) - 1,
                        "needs %s, which cannot be loaded (%s); on Debian: "
                        "apt-get install %s", library->file, dlerror(),
                        library->package);
    *last = '\0';

    if (handle) {
        (void) dlclose(handle);
    }

    return (char *) ngx_tidraw_library_error;
}
