
/*
 * One connection to PostgreSQL in the event loop: connecting, reading and
 * writing when the socket allows, giving up.
 *
 * libpq owns the socket, opens others while it connects, and closes them; we
 * watch it with level-triggered events, since libpq reads and writes a
 * bounded amount and stops before the kernel says EAGAIN.
 */


#include "ngx_tidraw_pgsql.h"


static void ngx_tidraw_pgsql_start(ngx_tidraw_pgsql_conn_t *pc);
static void ngx_tidraw_pgsql_poll(ngx_tidraw_pgsql_conn_t *pc);
static ngx_int_t ngx_tidraw_pgsql_connected(ngx_tidraw_pgsql_conn_t *pc);
static ngx_int_t ngx_tidraw_pgsql_watch(ngx_tidraw_pgsql_conn_t *pc);
static void ngx_tidraw_pgsql_unwatch(ngx_tidraw_pgsql_conn_t *pc);
static ngx_int_t ngx_tidraw_pgsql_want(ngx_tidraw_pgsql_conn_t *pc,
    ngx_uint_t read, ngx_uint_t write);
static void ngx_tidraw_pgsql_read_handler(ngx_event_t *rev);
static void ngx_tidraw_pgsql_write_handler(ngx_event_t *wev);
static void ngx_tidraw_pgsql_notice(void *data, const char *message);
static void ngx_tidraw_pgsql_retry(ngx_tidraw_pgsql_conn_t *pc);


void
ngx_tidraw_pgsql_connect(ngx_tidraw_pgsql_conn_t *pc)
{
    if (pc->pg->closing) {
        return;
    }

    pc->error[0] = '\0';

    if (pc->pg->names == NULL) {
        ngx_tidraw_pgsql_start(pc);
        return;
    }

    pc->state = NGX_TIDRAW_PGSQL_RESOLVING;

    if (ngx_tidraw_pgsql_look_up(pc->pg) != NGX_OK) {
        ngx_tidraw_pgsql_drop(pc, "no thread to look up its name");
    }
}


void
ngx_tidraw_pgsql_resolved(ngx_tidraw_pgsql_conn_t *pc)
{
    if (pc->state != NGX_TIDRAW_PGSQL_RESOLVING || pc->pg->closing) {
        return;
    }

    if (pc->pg->names->rc != NGX_OK) {
        ngx_tidraw_pgsql_drop(pc, pc->pg->names->error);
        return;
    }

    ngx_tidraw_pgsql_start(pc);
}


static void
ngx_tidraw_pgsql_start(ngx_tidraw_pgsql_conn_t *pc)
{
    pc->state = NGX_TIDRAW_PGSQL_CONNECTING;
    pc->conn = ngx_tidraw_pgsql_connect_start(pc->pg);

    if (pc->conn == NULL) {
        ngx_tidraw_pgsql_drop(pc, "out of memory");
        return;
    }

    if (PQstatus(pc->conn) == CONNECTION_BAD) {
        ngx_tidraw_pgsql_drop(pc, PQerrorMessage(pc->conn));
        return;
    }

    (void) PQsetNoticeProcessor(pc->conn, ngx_tidraw_pgsql_notice, pc);

    ngx_add_timer(&pc->timer, NGX_TIDRAW_PGSQL_CONNECT_TIMEOUT);

    /* libpq says to begin as if it had asked for writing */

    if (ngx_tidraw_pgsql_watch(pc) != NGX_OK
        || ngx_tidraw_pgsql_want(pc, 0, 1) != NGX_OK)
    {
        ngx_tidraw_pgsql_drop(pc, "no connection slot or event left");
    }
}


static void
ngx_tidraw_pgsql_poll(ngx_tidraw_pgsql_conn_t *pc)
{
    ngx_int_t                  rc;
    PostgresPollingStatusType  status;

    status = PQconnectPoll(pc->conn);

    if (status == PGRES_POLLING_FAILED) {
        ngx_tidraw_pgsql_drop(pc, PQerrorMessage(pc->conn));
        return;
    }

    rc = ngx_tidraw_pgsql_watch(pc);

    if (rc == NGX_OK) {

        switch (status) {

        case PGRES_POLLING_READING:
            rc = ngx_tidraw_pgsql_want(pc, 1, 0);
            break;

        case PGRES_POLLING_WRITING:
            rc = ngx_tidraw_pgsql_want(pc, 0, 1);
            break;

        default: /* PGRES_POLLING_OK */
            rc = ngx_tidraw_pgsql_want(pc, 1, 0);
            break;
        }
    }

    if (rc != NGX_OK) {
        ngx_tidraw_pgsql_drop(pc, "no connection slot or event left");
        return;
    }

    if (status != PGRES_POLLING_OK) {
        return;
    }

    if (ngx_tidraw_pgsql_connected(pc) != NGX_OK) {
        ngx_tidraw_pgsql_drop(pc, PQerrorMessage(pc->conn));
        return;
    }

    ngx_tidraw_pgsql_flush(pc);
}


static ngx_int_t
ngx_tidraw_pgsql_connected(ngx_tidraw_pgsql_conn_t *pc)
{
    if (PQsetnonblocking(pc->conn, 1) != 0
        || PQenterPipelineMode(pc->conn) != 1)
    {
        return NGX_ERROR;
    }

    pc->state = NGX_TIDRAW_PGSQL_SETUP;

    return ngx_tidraw_pgsql_setup(pc);
}


/*
 * Makes sure that the events watch the socket libpq has now.  It closes one
 * and opens another while it goes through hosts, often under the same fd;
 * only the inode tells them apart.
 */

static ngx_int_t
ngx_tidraw_pgsql_watch(ngx_tidraw_pgsql_conn_t *pc)
{
    int                fd;
    struct stat        sb;
    ngx_log_t         *log;
    ngx_connection_t  *c;

    log = pc->pg->store->log;
    fd = PQsocket(pc->conn);

    if (fd == -1 || fstat(fd, &sb) == -1) {
        return NGX_ERROR;
    }

    c = pc->connection;

    if (c && c->fd == fd && pc->inode == sb.st_ino) {
        return NGX_OK;
    }

    ngx_tidraw_pgsql_unwatch(pc);

    c = ngx_get_connection(fd, log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = pc;
    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->read->handler = ngx_tidraw_pgsql_read_handler;
    c->write->handler = ngx_tidraw_pgsql_write_handler;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    pc->connection = c;
    pc->inode = sb.st_ino;

    return NGX_OK;
}


/* Leaves the socket to libpq, which closes it or has done so already. */

static void
ngx_tidraw_pgsql_unwatch(ngx_tidraw_pgsql_conn_t *pc)
{
    struct stat        sb;
    ngx_uint_t         flags;
    ngx_connection_t  *c;

    c = pc->connection;

    if (c == NULL) {
        return;
    }

    /* a socket that is gone took its registration with it */

    flags = NGX_CLOSE_EVENT;

    if (pc->conn && PQsocket(pc->conn) == c->fd
        && fstat(c->fd, &sb) == 0 && sb.st_ino == pc->inode)
    {
        flags = 0;
    }

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);

    c->fd = (ngx_socket_t) -1;

    pc->connection = NULL;
}


static ngx_int_t
ngx_tidraw_pgsql_want(ngx_tidraw_pgsql_conn_t *pc, ngx_uint_t read,
    ngx_uint_t write)
{
    ngx_event_t  *rev, *wev;

    rev = pc->connection->read;
    wev = pc->connection->write;

    if (read && !rev->active
        && ngx_add_event(rev, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (write && !wev->active
        && ngx_add_event(wev, NGX_WRITE_EVENT, NGX_LEVEL_EVENT) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!read && rev->active
        && ngx_del_event(rev, NGX_READ_EVENT, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!write && wev->active
        && ngx_del_event(wev, NGX_WRITE_EVENT, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_tidraw_pgsql_flush(ngx_tidraw_pgsql_conn_t *pc)
{
    int  n;

    n = PQflush(pc->conn);

    if (n == -1) {
        ngx_tidraw_pgsql_drop(pc, PQerrorMessage(pc->conn));
        return;
    }

    /* while the server does not read we have to, or both wait for ever */

    if (ngx_tidraw_pgsql_want(pc, 1, n) != NGX_OK) {
        ngx_tidraw_pgsql_drop(pc, "cannot watch its socket");
    }
}


void
ngx_tidraw_pgsql_input(ngx_tidraw_pgsql_conn_t *pc)
{
    int  alive;

    alive = PQconsumeInput(pc->conn);

    /* what came before the end of the connection still counts */

    ngx_tidraw_pgsql_results(pc);

    if (!alive || pc->lost) {
        ngx_tidraw_pgsql_drop(pc, pc->error[0] ? pc->error
                                               : PQerrorMessage(pc->conn));
        return;
    }

    if (pc->retire && pc->nexpect == 0) {
        ngx_tidraw_pgsql_drop(pc, "it asked for a new connection");
        return;
    }

    ngx_tidraw_pgsql_flush(pc);
}


static void
ngx_tidraw_pgsql_read_handler(ngx_event_t *rev)
{
    ngx_connection_t         *c;
    ngx_tidraw_pgsql_t       *pg;
    ngx_tidraw_pgsql_conn_t  *pc;

    c = rev->data;
    pc = c->data;
    pg = pc->pg;

    if (c->close) {

        /* worker_shutdown_timeout */

        ngx_tidraw_pgsql_drop(pc, "the worker has to end");
        return;
    }

    if (pc->state == NGX_TIDRAW_PGSQL_CONNECTING) {
        ngx_tidraw_pgsql_poll(pc);
        return;
    }

    ngx_tidraw_pgsql_input(pc);
    ngx_tidraw_pgsql_dispatch(pg);
}


static void
ngx_tidraw_pgsql_write_handler(ngx_event_t *wev)
{
    ngx_connection_t         *c;
    ngx_tidraw_pgsql_conn_t  *pc;

    c = wev->data;
    pc = c->data;

    if (pc->state == NGX_TIDRAW_PGSQL_CONNECTING) {
        ngx_tidraw_pgsql_poll(pc);
        return;
    }

    ngx_tidraw_pgsql_flush(pc);
}


static void
ngx_tidraw_pgsql_notice(void *data, const char *message)
{
#if (NGX_DEBUG)
    ngx_tidraw_pgsql_conn_t  *pc = data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, pc->pg->store->log, 0,
                   "postgresql: %s", message);
#endif
}


void
ngx_tidraw_pgsql_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_tidraw_pgsql_conn_t  *pc;

    c = ev->data;
    pc = c->data;

    ev->timedout = 0;

    if (pc->state == NGX_TIDRAW_PGSQL_DOWN) {
        ngx_tidraw_pgsql_connect(pc);
        return;
    }

    ngx_tidraw_pgsql_drop(pc, "connecting timed out");
}


void
ngx_tidraw_pgsql_drop(ngx_tidraw_pgsql_conn_t *pc, const char *reason)
{
    u_char               text[NGX_TIDRAW_PGSQL_ERROR_LEN];
    size_t               len;
    ngx_queue_t         *q, again;
    ngx_uint_t           retire;
    ngx_tidraw_opx_t    *opx;
    ngx_tidraw_store_t  *st;

    st = pc->pg->store;

    /* libpq's messages end with a line break, and go with the connection */

    ngx_cpystrn(text, (u_char *) reason, sizeof(text));

    for (len = ngx_strlen(text); len && text[len - 1] <= ' '; len--) {
        text[len - 1] = '\0';
    }

    retire = pc->retire && pc->state == NGX_TIDRAW_PGSQL_READY;

    ngx_tidraw_pgsql_unwatch(pc);

    if (pc->conn) {
        PQfinish(pc->conn);
        pc->conn = NULL;
    }

    if (pc->expect) {
        ngx_free(pc->expect);
        pc->expect = NULL;
    }

    pc->first = 0;
    pc->nexpect = 0;
    pc->size = 0;
    pc->separator = 0;
    pc->lost = 0;
    pc->retire = 0;
    pc->state = NGX_TIDRAW_PGSQL_DOWN;

    ngx_memzero(pc->prepared, NGX_TIDRAW_STMT_COUNT);

    ngx_queue_init(&again);

    while (!ngx_queue_empty(&pc->sent)) {
        q = ngx_queue_head(&pc->sent);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);

        ngx_queue_remove(q);

        if (opx->op.rc != NGX_OK) {

            /* it had failed already */

            ngx_tidraw_store_done(opx, opx->op.rc);

        } else if (opx->write) {
            ngx_tidraw_store_done(opx, NGX_TIDRAW_STORE_UNKNOWN);

        } else if (opx->driver == NULL) {

            /* reading twice does no harm */

            opx->driver = pc;
            ngx_queue_insert_tail(&again, q);

        } else {
            ngx_tidraw_store_done(opx, NGX_TIDRAW_STORE_AWAY);
        }
    }

    pc->nsent = 0;
    pc->lock = NULL;

    ngx_tidraw_store_put_back(st, &again);

    if (!retire && !ngx_tidraw_pgsql_any_ready(pc->pg)) {
        ngx_tidraw_store_down(st, (char *) text);
    }

    ngx_tidraw_pgsql_retry(pc);
}


static void
ngx_tidraw_pgsql_retry(ngx_tidraw_pgsql_conn_t *pc)
{
    if (pc->timer.timer_set) {
        ngx_del_timer(&pc->timer);
    }

    if (pc->pg->closing) {
        return;
    }

    ngx_add_timer(&pc->timer, ngx_tidraw_store_backoff(pc->attempts++));
}
