
/*
 * Tells when the worker is told to quit, by reload or by signal.
 */


#ifndef _NGX_TIDRAW_SENTINEL_H_INCLUDED_
#define _NGX_TIDRAW_SENTINEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef void (*ngx_tidraw_sentinel_pt)(void);


/* In init_process; quit is called once, from the event loop. */
ngx_int_t ngx_tidraw_sentinel_open(ngx_cycle_t *cycle,
    ngx_tidraw_sentinel_pt quit);

/* In exit_process. */
void ngx_tidraw_sentinel_close(void);


#endif /* _NGX_TIDRAW_SENTINEL_H_INCLUDED_ */
