
/*
 * Old history in the background: thinned, and in the end forgotten.
 */


#ifndef _NGX_TIDRAW_KEEP_H_INCLUDED_
#define _NGX_TIDRAW_KEEP_H_INCLUDED_


#include "ngx_tidraw.h"


/*
 * In init_process, with the store open; does nothing in all workers of a host
 * but the first, or where no history is kept.  NULL: no memory.
 */
ngx_tidraw_keep_t *ngx_tidraw_keep_create(ngx_tidraw_site_t *site);

/* In exit_process, before the store is closed. */
void ngx_tidraw_keep_destroy(ngx_tidraw_keep_t *keep);


#endif /* _NGX_TIDRAW_KEEP_H_INCLUDED_ */
