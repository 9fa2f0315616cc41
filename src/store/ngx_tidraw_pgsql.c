
/*
 * The PostgreSQL driver: a few connections a worker, and which of them gets
 * an operation.
 *
 * Operations of one board need no order among themselves (the sync code has
 * one in flight, and guards tell who was first), so the connection with the
 * shortest queue takes the next one.
 */


#include "ngx_tidraw_pgsql.h"

#include <poll.h>


static ngx_uint_t ngx_tidraw_pgsql_match(ngx_str_t *url);
static ngx_int_t ngx_tidraw_pgsql_open(ngx_tidraw_store_t *st);
static const char **ngx_tidraw_pgsql_texts(ngx_log_t *log);
static void ngx_tidraw_pgsql_free(ngx_tidraw_pgsql_t *pg);
static void ngx_tidraw_pgsql_kick(ngx_tidraw_store_t *st);
static void ngx_tidraw_pgsql_unlock(ngx_tidraw_store_t *st,
    ngx_tidraw_opx_t *opx);
static void ngx_tidraw_pgsql_tick(ngx_tidraw_store_t *st);
static void ngx_tidraw_pgsql_close(ngx_tidraw_store_t *st,
    ngx_msec_t deadline);
static ngx_uint_t ngx_tidraw_pgsql_wait(ngx_tidraw_pgsql_t *pg,
    ngx_msec_t deadline);


const ngx_tidraw_driver_t  ngx_tidraw_pgsql_driver = {
    ngx_tidraw_pgsql_match,
    ngx_tidraw_pgsql_check,
    NULL,
    ngx_tidraw_pgsql_open,
    ngx_tidraw_pgsql_kick,
    ngx_tidraw_pgsql_unlock,
    ngx_tidraw_pgsql_tick,
    ngx_tidraw_pgsql_close
};


static ngx_uint_t
ngx_tidraw_pgsql_match(ngx_str_t *url)
{
    return (url->len >= 13
            && ngx_strncmp(url->data, "postgresql://", 13) == 0)
           || (url->len >= 11
               && ngx_strncmp(url->data, "postgres://", 11) == 0);
}


static ngx_int_t
ngx_tidraw_pgsql_open(ngx_tidraw_store_t *st)
{
    ngx_uint_t                i;
    ngx_tidraw_pgsql_t       *pg;
    ngx_tidraw_pgsql_conn_t  *pc;

    pg = ngx_calloc(sizeof(ngx_tidraw_pgsql_t), st->log);
    if (pg == NULL) {
        return NGX_ERROR;
    }

    pg->store = st;
    pg->texts = ngx_tidraw_pgsql_texts(st->log);

    if (pg->texts == NULL || ngx_tidraw_pgsql_parse(pg) != NGX_OK) {
        ngx_tidraw_pgsql_free(pg);
        return NGX_ERROR;
    }

    st->data = pg;

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        pc = &pg->conns[i];

        pc->pg = pg;
        ngx_queue_init(&pc->sent);

        ngx_tidraw_store_event(st, &pc->timer, &pc->dummy,
                               ngx_tidraw_pgsql_timer_handler, pc);
        pc->timer.cancelable = 1;
    }

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        ngx_tidraw_pgsql_connect(&pg->conns[i]);
    }

    return NGX_OK;
}


/* Guards become statements that divide by zero where no row matched. */

static const char **
ngx_tidraw_pgsql_texts(ngx_log_t *log)
{
    char         *p;
    size_t        size;
    ngx_uint_t    i;
    const char  **texts;

    static const char  head[] = "WITH g AS (";
    static const char  tail[] = " RETURNING 1)"
                                " SELECT 1 / (SELECT count(*) FROM g)";

    size = NGX_TIDRAW_STMT_COUNT * sizeof(char *);

    for (i = 0; i < NGX_TIDRAW_STMT_COUNT; i++) {
        if (ngx_tidraw_statements[i].guard) {
            size += ngx_strlen(ngx_tidraw_statements[i].text)
                    + sizeof(head) + sizeof(tail);
        }
    }

    texts = ngx_alloc(size, log);
    if (texts == NULL) {
        return NULL;
    }

    p = (char *) &texts[NGX_TIDRAW_STMT_COUNT];

    for (i = 0; i < NGX_TIDRAW_STMT_COUNT; i++) {

        if (!ngx_tidraw_statements[i].guard) {
            texts[i] = ngx_tidraw_statements[i].text;
            continue;
        }

        texts[i] = p;
        p = (char *) ngx_sprintf((u_char *) p, "%s%s%s%Z", head,
                                 ngx_tidraw_statements[i].text, tail);
    }

    return texts;
}


static void
ngx_tidraw_pgsql_free(ngx_tidraw_pgsql_t *pg)
{
    if (pg->options) {
        PQconninfoFree(pg->options);
    }

    if (pg->names) {
        ngx_free(pg->names);
    }

    if (pg->texts) {
        ngx_free(pg->texts);
    }

    ngx_free(pg);
}


ngx_uint_t
ngx_tidraw_pgsql_any_ready(ngx_tidraw_pgsql_t *pg)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        if (pg->conns[i].state == NGX_TIDRAW_PGSQL_READY) {
            return 1;
        }
    }

    return 0;
}


void
ngx_tidraw_pgsql_dispatch(ngx_tidraw_pgsql_t *pg)
{
    u_char                    touched[NGX_TIDRAW_PGSQL_CONNS];
    ngx_uint_t                i;
    ngx_tidraw_opx_t         *opx;
    ngx_tidraw_pgsql_conn_t  *pc, *best;

    ngx_memzero(touched, sizeof(touched));

    for ( ;; ) {
        best = NULL;

        for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
            pc = &pg->conns[i];

            if (pc->state == NGX_TIDRAW_PGSQL_READY && !pc->retire
                && pc->lock == NULL && pc->nsent < NGX_TIDRAW_PGSQL_DEPTH
                && (best == NULL || pc->nsent < best->nsent))
            {
                best = pc;
            }
        }

        if (best == NULL) {
            break;
        }

        opx = ngx_tidraw_store_take(pg->store);
        if (opx == NULL) {
            break;
        }

        opx->since = ngx_current_msec;

        if (ngx_tidraw_pgsql_send(best, opx) != NGX_OK) {
            ngx_tidraw_pgsql_drop(best, PQerrorMessage(best->conn));
            touched[best - pg->conns] = 0;
            continue;
        }

        touched[best - pg->conns] = 1;
    }

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        if (touched[i]) {
            ngx_tidraw_pgsql_flush(&pg->conns[i]);
        }
    }
}


static void
ngx_tidraw_pgsql_kick(ngx_tidraw_store_t *st)
{
    ngx_tidraw_pgsql_dispatch(st->data);
}


/*
 * The transaction ends here, one way or the other, so that the connection has
 * been kept for a round trip.
 */

static void
ngx_tidraw_pgsql_unlock(ngx_tidraw_store_t *st, ngx_tidraw_opx_t *opx)
{
    ngx_uint_t                i;
    ngx_tidraw_pgsql_t       *pg;
    ngx_tidraw_opx_t         *next;
    ngx_tidraw_pgsql_conn_t  *pc;

    pg = st->data;
    next = opx->next;

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        pc = &pg->conns[i];

        if (pc->lock != opx) {
            continue;
        }

        pc->lock = NULL;

        if (ngx_tidraw_pgsql_send_end(pc, next) != NGX_OK) {
            ngx_tidraw_pgsql_drop(pc, PQerrorMessage(pc->conn));
            return;
        }

        ngx_tidraw_pgsql_flush(pc);
        ngx_tidraw_pgsql_dispatch(pg);
        return;
    }

    /* the connection broke, and the lock went with it */

    if (next) {
        ngx_tidraw_store_done(next, NGX_TIDRAW_STORE_AWAY);
    }
}


static void
ngx_tidraw_pgsql_tick(ngx_tidraw_store_t *st)
{
    ngx_uint_t                i;
    ngx_tidraw_pgsql_t       *pg;
    ngx_tidraw_pgsql_conn_t  *pc;

    pg = st->data;

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        pc = &pg->conns[i];

        if (pc->nsent
            && ngx_current_msec - pc->progress > NGX_TIDRAW_PGSQL_TIMEOUT)
        {
            ngx_tidraw_pgsql_drop(pc, "it does not answer");
        }
    }

    ngx_tidraw_pgsql_dispatch(pg);
}


/* The event loop has ended: waits here for the writes that are under way. */

static void
ngx_tidraw_pgsql_close(ngx_tidraw_store_t *st, ngx_msec_t deadline)
{
    ngx_uint_t                i;
    ngx_queue_t              *q;
    ngx_tidraw_opx_t         *opx;
    ngx_tidraw_pgsql_t       *pg;
    ngx_tidraw_pgsql_conn_t  *pc;

    pg = st->data;

    pg->closing = 1;

    /* reads have nobody left to answer to */

    while (!ngx_queue_empty(&st->waiting[0])) {
        q = ngx_queue_head(&st->waiting[0]);
        opx = ngx_queue_data(q, ngx_tidraw_opx_t, queue);
        ngx_queue_remove(q);
        ngx_tidraw_store_drop(opx);
    }

    do {
        ngx_tidraw_pgsql_dispatch(pg);
    } while (ngx_tidraw_pgsql_wait(pg, deadline));

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        pc = &pg->conns[i];

        /* not worth a line in the log */

        st->complained = 1;

        ngx_tidraw_pgsql_drop(pc, "closing");
    }

    ngx_tidraw_pgsql_free(pg);
}


/* Waits for an answer and works it off; 0 when there is none to wait for. */

static ngx_uint_t
ngx_tidraw_pgsql_wait(ngx_tidraw_pgsql_t *pg, ngx_msec_t deadline)
{
    ngx_uint_t                i, n;
    struct pollfd             fds[NGX_TIDRAW_PGSQL_CONNS];
    ngx_msec_int_t            left;
    ngx_tidraw_pgsql_conn_t  *pc, *conns[NGX_TIDRAW_PGSQL_CONNS];

    n = 0;

    for (i = 0; i < NGX_TIDRAW_PGSQL_CONNS; i++) {
        pc = &pg->conns[i];

        if (pc->state != NGX_TIDRAW_PGSQL_READY || pc->nsent == 0) {
            continue;
        }

        fds[n].fd = PQsocket(pc->conn);
        fds[n].events = POLLIN;

        if (pc->connection->write->active) {
            fds[n].events |= POLLOUT;
        }

        conns[n++] = pc;
    }

    ngx_time_update();

    left = (ngx_msec_int_t) (deadline - ngx_current_msec);

    if (n == 0 || left <= 0 || poll(fds, n, left) <= 0) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (fds[i].revents) {
            ngx_tidraw_pgsql_input(conns[i]);
        }
    }

    return 1;
}
