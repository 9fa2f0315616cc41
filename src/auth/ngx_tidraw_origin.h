
/*
 * Where a request comes from: the scheme and the host the browser sees, and
 * whether a page of another site sent it.
 */


#ifndef _NGX_TIDRAW_ORIGIN_H_INCLUDED_
#define _NGX_TIDRAW_ORIGIN_H_INCLUDED_


#include "ngx_tidraw.h"


/*
 * The first header of that name (lower case), NULL when there is none;
 * count, unless NULL, gets the number of them.
 */
ngx_table_elt_t *ngx_tidraw_header(ngx_http_request_t *r, const char *name,
    ngx_uint_t *count);

/* 1 when the browser talks https, also through a proxy that ends TLS. */
ngx_uint_t ngx_tidraw_origin_https(ngx_http_request_t *r);

/*
 * 1 unless Origin or Sec-Fetch-Site was sent and says another site.  The
 * site's own is the host of the request, or tidraw_public_url.
 */
ngx_uint_t ngx_tidraw_origin_own(ngx_http_request_t *r);

/* 1 unless something says that a proxy stands between. */
ngx_uint_t ngx_tidraw_origin_direct(ngx_http_request_t *r);

/*
 * 1 when the address of the client was told by a proxy that is trusted:
 * nginx's own set_real_ip_from.
 */
ngx_uint_t ngx_tidraw_origin_trusted(ngx_http_request_t *r);

/*
 * What this request is called in logs, in the answer and by X-Request-Id:
 * nginx's $request_id, or what a trusted proxy calls it.  In the request's
 * pool; len 0 when out of memory.
 */
ngx_str_t ngx_tidraw_request_id(ngx_http_request_t *r);

/* The same for a line of the log; valid until it is called again. */
ngx_str_t *ngx_tidraw_request_ref(ngx_http_request_t *r);

/*
 * 1 when the client sits on this machine and no proxy stands between: peer
 * address and host name are loopback, nothing was forwarded.
 */
ngx_uint_t ngx_tidraw_origin_local(ngx_http_request_t *r);


#endif /* _NGX_TIDRAW_ORIGIN_H_INCLUDED_ */
