
/*
 * A file to S3: by one request, or by parts when it is large.  One request at
 * a time, each reads its part from the file while it is sent, so that none of
 * it is in memory.  What does not come to its end is undone.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_tidraw_s3.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_S3_PART    ((off_t) 8 * 1024 * 1024)
#define NGX_TIDRAW_S3_LARGE   (2 * NGX_TIDRAW_S3_PART)
#define NGX_TIDRAW_S3_PARTS   9000       /* S3 takes 10 000 */
#define NGX_TIDRAW_S3_TRIES   4


typedef enum {
    NGX_TIDRAW_S3_SINGLE = 0,
    NGX_TIDRAW_S3_CREATE,
    NGX_TIDRAW_S3_UPLOAD,
    NGX_TIDRAW_S3_COMPLETE,
    NGX_TIDRAW_S3_LOOK
} ngx_tidraw_s3_put_e;


struct ngx_tidraw_s3_put_s {
    ngx_tidraw_site_t        *site;
    ngx_pool_t               *pool;
    ngx_tidraw_s3_request_t  *req;        /* pending */
    ngx_tidraw_s3_put_e       state;

    ngx_str_t                 name;
    ngx_str_t                 type;
    ngx_fd_t                  fd;         /* a duplicate */
    off_t                     size;
    off_t                     part;       /* bytes of one */
    ngx_uint_t                number;     /* of the next one, from 1 */
    ngx_str_t                 upload;     /* its id; empty: none */
    td_buf_t                  list;       /* what completes it */

    ngx_tidraw_s3_put_pt      handler;
    void                     *data;
};


static void ngx_tidraw_s3_put_whole(ngx_tidraw_s3_put_t *put);
static void ngx_tidraw_s3_put_create(ngx_tidraw_s3_put_t *put);
static ngx_int_t ngx_tidraw_s3_put_created(ngx_tidraw_s3_put_t *put);
static void ngx_tidraw_s3_put_part(ngx_tidraw_s3_put_t *put);
static void ngx_tidraw_s3_put_complete(ngx_tidraw_s3_put_t *put);
static ngx_int_t ngx_tidraw_s3_put_file(ngx_tidraw_s3_put_t *put, off_t offset,
    off_t size);
static void ngx_tidraw_s3_put_send(ngx_tidraw_s3_put_t *put);
static void ngx_tidraw_s3_put_done(ngx_tidraw_s3_request_t *req);
static void ngx_tidraw_s3_put_end(ngx_tidraw_s3_put_t *put, ngx_int_t rc);
static void ngx_tidraw_s3_put_undo(ngx_tidraw_s3_put_t *put);


ngx_tidraw_s3_put_t *
ngx_tidraw_s3_put(ngx_tidraw_site_t *site, ngx_str_t *name, ngx_fd_t fd,
    off_t size, ngx_str_t *type, ngx_tidraw_s3_put_pt handler, void *data)
{
    ngx_pool_t           *pool;
    ngx_tidraw_s3_put_t  *put;

    pool = ngx_create_pool(1024, site->log);
    if (pool == NULL) {
        return NULL;
    }

    put = ngx_pcalloc(pool, sizeof(ngx_tidraw_s3_put_t));
    if (put == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    put->pool = pool;
    put->site = site;
    put->size = size;
    put->handler = handler;
    put->data = data;

    put->name.len = name->len;
    put->name.data = ngx_pstrdup(pool, name);
    put->type.len = type->len;
    put->type.data = ngx_pstrdup(pool, type);

    put->fd = dup(fd);

    if (put->name.data == NULL || put->type.data == NULL
        || put->fd == NGX_INVALID_FILE)
    {
        ngx_tidraw_s3_put_close(put);
        return NULL;
    }

    if (size <= NGX_TIDRAW_S3_LARGE) {
        ngx_tidraw_s3_put_whole(put);
    } else {
        ngx_tidraw_s3_put_create(put);
    }

    if (put->req == NULL) {
        ngx_tidraw_s3_put_close(put);
        return NULL;
    }

    ngx_tidraw_s3_put_send(put);

    return put;
}


void
ngx_tidraw_s3_put_close(ngx_tidraw_s3_put_t *put)
{
    if (put->req != NULL) {
        ngx_tidraw_s3_close(put->req);
        put->req = NULL;

        ngx_tidraw_s3_put_undo(put);
    }

    if (put->fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(put->fd);
    }

    td_buf_free(&put->list);
    ngx_destroy_pool(put->pool);
}


static void
ngx_tidraw_s3_put_whole(ngx_tidraw_s3_put_t *put)
{
    put->state = NGX_TIDRAW_S3_SINGLE;
    put->req = ngx_tidraw_s3_request(put->site, "PUT", &put->name, 0);

    if (put->req != NULL) {
        put->req->type = put->type;

        if (ngx_tidraw_s3_put_file(put, 0, put->size) != NGX_OK) {
            ngx_tidraw_s3_close(put->req);
            put->req = NULL;
        }
    }
}


static void
ngx_tidraw_s3_put_create(ngx_tidraw_s3_put_t *put)
{
    put->part = ngx_max(NGX_TIDRAW_S3_PART,
                        put->size / NGX_TIDRAW_S3_PARTS + 1);
    put->number = 1;

    put->state = NGX_TIDRAW_S3_CREATE;
    put->req = ngx_tidraw_s3_request(put->site, "POST", &put->name, 0);

    if (put->req != NULL) {
        put->req->type = put->type;

        if (ngx_tidraw_s3_arg(put->req, "uploads", NULL, 0) != NGX_OK) {
            ngx_tidraw_s3_close(put->req);
            put->req = NULL;
        }
    }
}


static ngx_int_t
ngx_tidraw_s3_put_created(ngx_tidraw_s3_put_t *put)
{
    size_t    pos;
    td_buf_t  b;
    td_str_t  xml, text;

    xml.data = (char *) put->req->answer;
    xml.len = put->req->answer_len;
    pos = 0;

    if (!td_s3_xml(xml, &pos, "UploadId", &text) || text.len == 0) {
        ngx_tidraw_count(put->site, NGX_TIDRAW_COUNT_S3_FAILED, 1);
        ngx_tidraw_log(NGX_LOG_ERR, put->site->log, 0, "s3_failed", "error=%s",
                       "the answer to a new upload has no id");
        return NGX_ERROR;
    }

    ngx_memzero(&b, sizeof(td_buf_t));

    td_s3_xml_text(&b, text);

    if (!b.failed) {
        put->upload.data = ngx_pnalloc(put->pool, b.len);

        if (put->upload.data != NULL) {
            ngx_memcpy(put->upload.data, b.data, b.len);
            put->upload.len = b.len;
        }
    }

    td_buf_free(&b);

    td_buf_lit(&put->list, "<CompleteMultipartUpload xmlns=\"http://"
                           "s3.amazonaws.com/doc/2006-03-01/\">");

    return put->upload.len ? NGX_OK : NGX_ERROR;
}


static void
ngx_tidraw_s3_put_part(ngx_tidraw_s3_put_t *put)
{
    off_t   offset;
    u_char  number[NGX_INT_T_LEN], *p;

    offset = (off_t) (put->number - 1) * put->part;

    put->state = NGX_TIDRAW_S3_UPLOAD;
    put->req = ngx_tidraw_s3_request(put->site, "PUT", &put->name, 0);

    if (put->req == NULL) {
        return;
    }

    p = ngx_sprintf(number, "%ui", put->number);

    if (ngx_tidraw_s3_arg(put->req, "partNumber", number, p - number)
           != NGX_OK
        || ngx_tidraw_s3_arg(put->req, "uploadId", put->upload.data,
                             put->upload.len) != NGX_OK
        || ngx_tidraw_s3_put_file(put, offset,
                                  ngx_min(put->part, put->size - offset))
           != NGX_OK)
    {
        ngx_tidraw_s3_close(put->req);
        put->req = NULL;
    }
}


static void
ngx_tidraw_s3_put_complete(ngx_tidraw_s3_put_t *put)
{
    put->state = NGX_TIDRAW_S3_COMPLETE;
    put->req = ngx_tidraw_s3_request(put->site, "POST", &put->name, 0);

    if (put->req == NULL) {
        return;
    }

    td_buf_lit(&put->list, "</CompleteMultipartUpload>");

    ngx_str_set(&put->req->type, "application/xml");

    if (put->list.failed
        || ngx_tidraw_s3_arg(put->req, "uploadId", put->upload.data,
                             put->upload.len) != NGX_OK)
    {
        ngx_tidraw_s3_close(put->req);
        put->req = NULL;
        return;
    }

    put->req->body = put->list;
    ngx_memzero(&put->list, sizeof(td_buf_t));
}


static ngx_int_t
ngx_tidraw_s3_put_file(ngx_tidraw_s3_put_t *put, off_t offset, off_t size)
{
    put->req->fd = dup(put->fd);
    put->req->offset = offset;
    put->req->size = size;

    return put->req->fd != NGX_INVALID_FILE ? NGX_OK : NGX_ERROR;
}


static void
ngx_tidraw_s3_put_send(ngx_tidraw_s3_put_t *put)
{
    put->req->tries = NGX_TIDRAW_S3_TRIES;

    ngx_tidraw_s3_send(put->req, ngx_tidraw_s3_put_done, put);
}


static void
ngx_tidraw_s3_put_done(ngx_tidraw_s3_request_t *req)
{
    ngx_int_t             rc;
    ngx_tidraw_s3_put_t  *put;

    put = req->data;
    rc = req->rc;

    switch (put->state) {

    case NGX_TIDRAW_S3_CREATE:

        if (rc == NGX_OK) {
            rc = ngx_tidraw_s3_put_created(put);
        }

        break;

    case NGX_TIDRAW_S3_UPLOAD:

        if (rc == NGX_OK) {
            td_buf_lit(&put->list, "<Part><PartNumber>");
            td_buf_uint(&put->list, put->number);
            td_buf_lit(&put->list, "</PartNumber><ETag>");
            td_buf_add(&put->list, (char *) req->etag, ngx_strlen(req->etag));
            td_buf_lit(&put->list, "</ETag></Part>");

            put->number++;
        }

        break;

    case NGX_TIDRAW_S3_LOOK:

        if (rc == NGX_OK && req->length != put->size) {
            rc = NGX_ERROR;
        }

        break;

    default:
        break;
    }

    ngx_tidraw_s3_close(req);
    put->req = NULL;

    /* an earlier try to complete it may have had an effect after all */

    if (rc == NGX_DECLINED && put->state == NGX_TIDRAW_S3_COMPLETE) {
        put->state = NGX_TIDRAW_S3_LOOK;
        put->req = ngx_tidraw_s3_request(put->site, "HEAD", &put->name, 0);

    } else if (rc != NGX_OK || put->state == NGX_TIDRAW_S3_SINGLE
               || put->state == NGX_TIDRAW_S3_COMPLETE
               || put->state == NGX_TIDRAW_S3_LOOK)
    {
        ngx_tidraw_s3_put_end(put, rc);
        return;

    } else if ((off_t) (put->number - 1) * put->part < put->size) {
        ngx_tidraw_s3_put_part(put);

    } else {
        ngx_tidraw_s3_put_complete(put);
    }

    if (put->req == NULL) {
        ngx_tidraw_s3_put_end(put, NGX_ERROR);
        return;
    }

    ngx_tidraw_s3_put_send(put);
}


static void
ngx_tidraw_s3_put_end(ngx_tidraw_s3_put_t *put, ngx_int_t rc)
{
    if (rc == NGX_DECLINED) {
        ngx_tidraw_count(put->site, NGX_TIDRAW_COUNT_S3_FAILED, 1);
        ngx_tidraw_log(NGX_LOG_ERR, put->site->log, 0, "s3_failed", "error=%s",
                       "an upload has vanished on its way");
    }

    if (rc != NGX_OK) {
        rc = NGX_ERROR;
        ngx_tidraw_s3_put_undo(put);
    }

    put->handler(put->data, rc);
}


/* Nobody knows whether the last request had an effect. */

static void
ngx_tidraw_s3_put_undo(ngx_tidraw_s3_put_t *put)
{
    ngx_tidraw_s3_request_t  *req;

    if (put->upload.len != 0) {
        req = ngx_tidraw_s3_request(put->site, "DELETE", &put->name, 0);

        if (req != NULL) {
            if (ngx_tidraw_s3_arg(req, "uploadId", put->upload.data,
                                  put->upload.len) == NGX_OK)
            {
                ngx_tidraw_s3_send(req, NULL, NULL);

            } else {
                ngx_tidraw_s3_close(req);
            }
        }
    }

    if (put->state != NGX_TIDRAW_S3_CREATE
        && put->state != NGX_TIDRAW_S3_UPLOAD)
    {
        ngx_tidraw_s3_delete(put->site, &put->name);
    }
}
