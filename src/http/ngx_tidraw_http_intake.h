
/*
 * Bodies that are never held in memory: from the socket into a sink, which
 * pauses the reading while the disk is busy.
 */


#ifndef _NGX_TIDRAW_HTTP_INTAKE_H_INCLUDED_
#define _NGX_TIDRAW_HTTP_INTAKE_H_INCLUDED_


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_files.h"


typedef void (*ngx_tidraw_intake_pt)(ngx_tidraw_intake_t *in, ngx_int_t rc);


/* In the pool of its request; the sink is closed with that. */

struct ngx_tidraw_intake_s {
    ngx_tidraw_call_t       *call;
    ngx_tidraw_sink_t       *sink;
    off_t                    max;
    ngx_tidraw_intake_pt     handler;
    void                    *data;

    ngx_msec_t               began;      /* the turn that is watched, */
    off_t                    size;       /* and the bytes before it */

    unsigned                 paused:1;   /* the sink is full */
};


/*
 * Reads the body of a call whose route says NGX_TIDRAW_BODY_FILE, at most max
 * bytes, into a sink of that kind.  handler is called with
 *   NGX_OK         the sink is finished, or settled
 *   NGX_DECLINED   more came than max
 *   NGX_ERROR      in->sink->rc says why; ngx_tidraw_intake_failed() answers
 * A body that breaks off, or trickles, has been answered.  NULL: so has this.
 */
ngx_tidraw_intake_t *ngx_tidraw_intake(ngx_tidraw_call_t *call, off_t max,
    ngx_tidraw_sink_kind_e kind, ngx_tidraw_intake_pt handler, void *data);

/* Answers for what a sink refused. */
void ngx_tidraw_intake_failed(ngx_tidraw_intake_t *in);


#endif /* _NGX_TIDRAW_HTTP_INTAKE_H_INCLUDED_ */
