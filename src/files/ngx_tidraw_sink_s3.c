
/*
 * An upload that goes to S3: it lies in the temporary folder until all of it
 * has come, its content is known and allowed, and nobody has it already; then
 * it is sent.  So what is refused never gets there, and a client that is slow
 * or goes away leaves nothing in the store.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_sink_private.h"


static void ngx_tidraw_sink_sent(void *data, ngx_int_t rc);
static void ngx_tidraw_sink_looked(ngx_tidraw_s3_request_t *req);
static ngx_int_t ngx_tidraw_sink_put(ngx_tidraw_sink_ctx_t *ctx, u_char *gen,
    ngx_tidraw_s3_put_pt handler);
static void ngx_tidraw_sink_healed(void *data, ngx_int_t rc);


ngx_int_t
ngx_tidraw_sink_send(ngx_tidraw_sink_t *sink)
{
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = (ngx_tidraw_sink_ctx_t *) sink;

    return ngx_tidraw_sink_put(ctx, ctx->gen, ngx_tidraw_sink_sent);
}


static void
ngx_tidraw_sink_sent(void *data, ngx_int_t rc)
{
    ngx_tidraw_sink_ctx_t  *ctx = data;

    ngx_tidraw_s3_put_close(ctx->put);
    ctx->put = NULL;

    if (rc == NGX_OK) {
        ctx->sent = 1;
    } else {
        ctx->sink.rc = NGX_TIDRAW_SINK_AWAY;
    }

    ctx->sink.handler(&ctx->sink);
}


static ngx_int_t
ngx_tidraw_sink_put(ngx_tidraw_sink_ctx_t *ctx, u_char *gen,
    ngx_tidraw_s3_put_pt handler)
{
    u_char     buf[NGX_TIDRAW_BLOB_OBJECT_LEN];
    ngx_str_t  name, type;

    ngx_tidraw_blob_object(ctx->hash, gen, buf, &name);

    type.data = (u_char *) ctx->sink.sniff.type;
    type.len = ngx_strlen(type.data);

    ctx->put = ngx_tidraw_s3_put(ctx->job.files->site, &name, ctx->fd,
                                 ctx->sink.size, &type, handler, ctx);

    return ctx->put != NULL ? NGX_OK : NGX_ERROR;
}


/* It was there already: is it still? */

ngx_int_t
ngx_tidraw_sink_settle_s3(ngx_tidraw_sink_ctx_t *ctx, ngx_str_t *gen)
{
    u_char     buf[NGX_TIDRAW_BLOB_OBJECT_LEN];
    ngx_str_t  name;

    if (gen->len != NGX_TIDRAW_ID_LEN
        || ngx_memcmp(gen->data, ctx->gen, NGX_TIDRAW_ID_LEN) == 0)
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(ctx->other, gen->data, NGX_TIDRAW_ID_LEN);

    ngx_tidraw_blob_object(ctx->hash, gen->data, buf, &name);

    ctx->look = ngx_tidraw_s3_request(ctx->job.files->site, "HEAD", &name, 0);

    if (ctx->look == NULL) {
        return NGX_DECLINED;
    }

    ngx_tidraw_s3_send(ctx->look, ngx_tidraw_sink_looked, ctx);

    return NGX_OK;
}


static void
ngx_tidraw_sink_looked(ngx_tidraw_s3_request_t *req)
{
    ngx_int_t               rc;
    ngx_tidraw_sink_ctx_t  *ctx;

    ctx = req->data;
    rc = req->rc;

    if (rc == NGX_OK && req->length != ctx->sink.size) {
        rc = NGX_DECLINED;
    }

    ngx_tidraw_s3_close(req);
    ctx->look = NULL;

    if (rc == NGX_DECLINED
        && ngx_tidraw_sink_put(ctx, ctx->other, ngx_tidraw_sink_healed)
           == NGX_OK)
    {
        return;
    }

    ngx_tidraw_sink_healed(ctx, rc);
}


static void
ngx_tidraw_sink_healed(void *data, ngx_int_t rc)
{
    ngx_tidraw_sink_ctx_t  *ctx = data;

    if (ctx->put != NULL) {
        ngx_tidraw_s3_put_close(ctx->put);
        ctx->put = NULL;
    }

    /* under its own name it is of no use to anybody then */

    ctx->keep = 0;

    if (rc != NGX_OK) {
        ctx->sink.rc = NGX_TIDRAW_SINK_AWAY;
    }

    ctx->sink.handler(&ctx->sink);
}


void
ngx_tidraw_sink_close_s3(ngx_tidraw_sink_ctx_t *ctx)
{
    u_char     buf[NGX_TIDRAW_BLOB_OBJECT_LEN];
    ngx_str_t  name;

    if (ctx->look != NULL) {
        ngx_tidraw_s3_close(ctx->look);
        ctx->look = NULL;
    }

    if (ctx->put != NULL) {
        ngx_tidraw_s3_put_close(ctx->put);
        ctx->put = NULL;
    }

    if (ctx->sent && !ctx->keep) {
        ctx->sent = 0;

        ngx_tidraw_blob_object(ctx->hash, ctx->gen, buf, &name);
        ngx_tidraw_s3_delete(ctx->job.files->site, &name);
    }
}
