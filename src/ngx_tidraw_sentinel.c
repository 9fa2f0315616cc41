
/*
 * Learns that the worker goes away: one idle connection which nginx closes
 * when it tells a worker to quit.  Owns one descriptor that nothing is ever
 * read from.
 */


#include "ngx_tidraw.h"
#include "ngx_tidraw_sentinel.h"

#include <sys/eventfd.h>


static void ngx_tidraw_sentinel_handler(ngx_event_t *ev);
static void ngx_tidraw_sentinel_dummy(ngx_event_t *ev);


static ngx_connection_t           *ngx_tidraw_sentinel;
static ngx_tidraw_sentinel_pt      ngx_tidraw_sentinel_quit;


ngx_int_t
ngx_tidraw_sentinel_open(ngx_cycle_t *cycle, ngx_tidraw_sentinel_pt quit)
{
    int                fd;
    ngx_connection_t  *c;

    fd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);

    if (fd == -1) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=eventfd");
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, cycle->log);

    if (c == NULL) {
        (void) close(fd);
        return NGX_ERROR;
    }

    c->log = cycle->log;
    c->read->log = cycle->log;
    c->write->log = cycle->log;
    c->read->handler = ngx_tidraw_sentinel_handler;
    c->write->handler = ngx_tidraw_sentinel_dummy;
    c->idle = 1;

    ngx_tidraw_sentinel = c;
    ngx_tidraw_sentinel_quit = quit;

    return NGX_OK;
}


void
ngx_tidraw_sentinel_close(void)
{
    int                fd;
    ngx_connection_t  *c;

    c = ngx_tidraw_sentinel;

    if (c == NULL) {
        return;
    }

    fd = c->fd;

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    (void) close(fd);

    ngx_tidraw_sentinel = NULL;
}


/* Also called when connections run out; the descriptor stays then. */

static void
ngx_tidraw_sentinel_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;
    c->close = 0;

    if (!ngx_exiting) {
        return;
    }

    c->idle = 0;

    ngx_tidraw_sentinel_quit();
}


static void
ngx_tidraw_sentinel_dummy(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, ev->log, 0, "tidraw sentinel write");
}
