
/*
 * The activity log: entries on their way to the table, and the removal of old
 * ones.  What is in flight belongs to the store; the timer to the worker.
 */


#include "ngx_tidraw_auth.h"
#include "ngx_tidraw_activity.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_ACTIVITY_TARGET   300               /* bytes */
#define NGX_TIDRAW_ACTIVITY_FIRST    10000             /* milliseconds */
#define NGX_TIDRAW_ACTIVITY_PRUNE    600000
#define NGX_TIDRAW_ACTIVITY_MORE     500
#define NGX_TIDRAW_ACTIVITY_WARN     60                /* seconds */


static void ngx_tidraw_activity_written(ngx_tidraw_op_t *op);
static void ngx_tidraw_activity_drop(ngx_tidraw_activities_t *as);
static void ngx_tidraw_activity_cut(ngx_str_t *dst, ngx_str_t *src);
static void ngx_tidraw_activity_timer(ngx_event_t *ev);
static void ngx_tidraw_activity_looked(ngx_tidraw_op_t *op);
static void ngx_tidraw_activity_pruned(ngx_tidraw_op_t *op);
static int64_t ngx_tidraw_activity_since(ngx_tidraw_site_t *site);


void
ngx_tidraw_activity_start(ngx_tidraw_activities_t *as,
    ngx_tidraw_site_t *site)
{
    as->site = site;

    if (ngx_worker != 0) {
        return;
    }

    as->dummy.fd = (ngx_socket_t) -1;
    as->dummy.data = as;

    as->timer.data = &as->dummy;
    as->timer.handler = ngx_tidraw_activity_timer;
    as->timer.log = site->log;
    as->timer.cancelable = 1;

    ngx_add_timer(&as->timer, NGX_TIDRAW_ACTIVITY_FIRST);
}


void
ngx_tidraw_activity_stop(ngx_tidraw_activities_t *as)
{
    if (as->op != NULL) {
        ngx_tidraw_op_cancel(as->op);
        as->op = NULL;
    }

    if (as->timer.timer_set) {
        ngx_del_timer(&as->timer);
    }
}


void
ngx_tidraw_activity_step(ngx_tidraw_op_t *op, ngx_tidraw_activity_t *a)
{
    ngx_str_t  action, target;

    action.data = (u_char *) a->action;
    action.len = ngx_strlen(a->action);

    ngx_tidraw_activity_cut(&target, a->target);

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ACTIVITY_PUT, "isssssss",
                              ngx_tidraw_now(), &action, a->actor,
                              a->actor_name, a->room, &target, a->address,
                              a->agent);
}


void
ngx_tidraw_activity_write(ngx_tidraw_site_t *site, ngx_tidraw_activity_t *a)
{
    ngx_tidraw_op_t          *op;
    ngx_tidraw_activities_t  *as;

    as = &site->auth->activities;

    if (as->pending == NGX_TIDRAW_ACTIVITY_QUEUE) {
        ngx_tidraw_activity_drop(as);
        return;
    }

    op = ngx_tidraw_op_create(site->store, 1);
    if (op == NULL) {
        ngx_tidraw_activity_drop(as);
        return;
    }

    ngx_tidraw_activity_step(op, a);

    as->pending++;
    ngx_tidraw_op_run(op, ngx_tidraw_activity_written, as);
}


static void
ngx_tidraw_activity_written(ngx_tidraw_op_t *op)
{
    ngx_tidraw_activities_t  *as;

    as = op->data;
    as->pending--;

    if (op->rc != NGX_OK) {
        ngx_tidraw_activity_drop(as);
    }
}


static void
ngx_tidraw_activity_drop(ngx_tidraw_activities_t *as)
{
    as->dropped++;
    ngx_tidraw_count(as->site, NGX_TIDRAW_COUNT_ACTIVITY_LOST, 1);

    if (ngx_time() - as->warned < NGX_TIDRAW_ACTIVITY_WARN) {
        return;
    }

    ngx_tidraw_log(NGX_LOG_WARN, as->site->log, 0, "activity_lost",
                   "entries=%u error=%s", as->dropped,
                   "the database is busy or away");

    as->warned = ngx_time();
    as->dropped = 0;
}


/* Never in the middle of a character. */

static void
ngx_tidraw_activity_cut(ngx_str_t *dst, ngx_str_t *src)
{
    if (src == NULL || src->len == 0) {
        ngx_str_null(dst);
        return;
    }

    *dst = *src;

    if (dst->len <= NGX_TIDRAW_ACTIVITY_TARGET) {
        return;
    }

    dst->len = NGX_TIDRAW_ACTIVITY_TARGET;

    while (dst->len != 0 && (dst->data[dst->len] & 0xc0) == 0x80) {
        dst->len--;
    }
}


/* Looks before it writes: a writer waits for others, a reader does not. */

static void
ngx_tidraw_activity_timer(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_tidraw_op_t          *op;
    ngx_tidraw_activities_t  *as;

    c = ev->data;
    as = c->data;
    ev->timedout = 0;

    op = ngx_tidraw_op_create(as->site->store, 0);
    if (op == NULL) {
        ngx_add_timer(&as->timer, NGX_TIDRAW_ACTIVITY_PRUNE);
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ACTIVITY_OLD, "i",
                              ngx_tidraw_activity_since(as->site));

    as->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_activity_looked, as);
}


static void
ngx_tidraw_activity_looked(ngx_tidraw_op_t *op)
{
    ngx_tidraw_op_t          *prune;
    ngx_tidraw_activities_t  *as;

    as = op->data;
    as->op = NULL;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_add_timer(&as->timer, NGX_TIDRAW_ACTIVITY_PRUNE);
        return;
    }

    prune = ngx_tidraw_op_create(as->site->store, 1);
    if (prune == NULL) {
        ngx_add_timer(&as->timer, NGX_TIDRAW_ACTIVITY_PRUNE);
        return;
    }

    (void) ngx_tidraw_op_step(prune, NGX_TIDRAW_STMT_ACTIVITY_PRUNE, "i",
                              ngx_tidraw_activity_since(as->site));

    as->op = prune;
    ngx_tidraw_op_run(prune, ngx_tidraw_activity_pruned, as);
}


static void
ngx_tidraw_activity_pruned(ngx_tidraw_op_t *op)
{
    ngx_tidraw_activities_t  *as;

    as = op->data;
    as->op = NULL;

    ngx_add_timer(&as->timer, op->rc == NGX_OK ? NGX_TIDRAW_ACTIVITY_MORE
                                               : NGX_TIDRAW_ACTIVITY_PRUNE);
}


static int64_t
ngx_tidraw_activity_since(ngx_tidraw_site_t *site)
{
    return ngx_tidraw_now() - (int64_t) site->conf->activity_keep * 1000;
}
