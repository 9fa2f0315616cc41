
/*
 * Small pictures that live in the database: previews of boards, faces of
 * people.
 */


#ifndef _NGX_TIDRAW_HTTP_IMAGE_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_IMAGE_H_INCLUDED_


#include "ngx_tidraw_http.h"


/*
 * What the body of the call is, from its bytes: PNG, JPEG or WebP, else it
 * has been answered with 415.  data is base64 for the database, in the
 * request's pool; type is static.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_tidraw_image_take(ngx_tidraw_call_t *call, ngx_str_t *type,
    ngx_str_t *data);

/* The same of bytes from elsewhere; NGX_DECLINED: they are no such image. */
ngx_int_t ngx_tidraw_image_encode(ngx_pool_t *pool, ngx_str_t *bytes,
    ngx_str_t *type, ngx_str_t *data);

/*
 * Answers with a picture as ngx_tidraw_image_take() gave it, from the columns
 * version, type, data of the first row; 404 without one.  The version is its
 * ETag; a request that names it as ?v= may keep the answer for good.  A
 * handler of an operation.
 */
void ngx_tidraw_image_found(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op);


#endif /* _NGX_TIDRAW_HTTP_IMAGE_H_INCLUDED_ */
