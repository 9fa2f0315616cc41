
/*
 * Previews of foreign pages, by libcurl in a thread: the server asks for a
 * page that somebody has pasted the address of, and for nothing that is not
 * on the public Internet.
 */


#ifndef _NGX_TIDRAW_PREVIEW_H_INCLUDED_
#define _NGX_TIDRAW_PREVIEW_H_INCLUDED_


#include "ngx_tidraw.h"

#include "td_link.h"
#include "td_preview.h"


typedef struct ngx_tidraw_preview_s  ngx_tidraw_preview_t;

typedef void (*ngx_tidraw_preview_pt)(ngx_tidraw_preview_t *pv);


struct ngx_tidraw_preview_s {
    ngx_int_t                rc;           /* NGX_OK: there is a page, which
                                              may have neither text;
                                              NGX_ERROR: none was to be had */
    td_preview_t             page;
    ngx_str_t                error;        /* for the log: why not, without
                                              paths and queries */
    ngx_tidraw_preview_pt    handler;
    void                    *data;
};


/*
 * Asks for a page; url is as td_link_parse() takes it and is copied.  Up to
 * three redirects are followed; after 5 s, all in all, it is given up.
 * handler(pv) is called once from the event loop, never from inside this
 * call; pv is freed when it returns.  NULL: too many are on their way, no
 * memory, or the module was built without libcurl.
 *
 * Whatever names stand for, and wherever redirects lead: a connection is made
 * to an address that td_address_public() takes, at port 80 or 443, or not at
 * all, because the address is checked where the socket for it is made.
 */
ngx_tidraw_preview_t *ngx_tidraw_preview(ngx_tidraw_site_t *site,
    ngx_str_t *url, ngx_tidraw_preview_pt handler, void *data);

/* The requester goes away: the transfer ends soon. */
void ngx_tidraw_preview_cancel(ngx_tidraw_preview_t *pv);

/* In exit_process, when the threads have ended. */
void ngx_tidraw_preview_exit(void);


#endif /* _NGX_TIDRAW_PREVIEW_H_INCLUDED_ */
