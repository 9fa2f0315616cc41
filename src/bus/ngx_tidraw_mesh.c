
/*
 * The mesh: one pair of SOCK_SEQPACKET sockets for each worker of a
 * generation, made by the master before the fork.  A worker reads its own end
 * and writes to the others'.  The kernel keeps messages whole, and those of a
 * worker that died are still delivered.
 *
 * A respawned worker finds what was meant for its predecessor; it knows none
 * of those rooms yet and drops it.
 *
 * Whose socket is full is told nothing more until it has room again, at most
 * once a second, and hears then that it missed something.
 */


#include "ngx_tidraw_bus_private.h"

#include <sodium.h>


#define NGX_TIDRAW_MESH_MAGIC    0x54644d31    /* of this form of header */
#define NGX_TIDRAW_MESH_SNDBUF   (4 * 1024 * 1024)
#define NGX_TIDRAW_MESH_BUDGET   128           /* messages in one go */


typedef struct {
    uint32_t                magic;
    uint16_t                type;
    uint16_t                site;
    uint32_t                place;        /* ngx_worker of the sender */
    uint32_t                room;         /* bytes of room in the name */
    uint64_t                node;
    u_char                  name[NGX_TIDRAW_ID_LEN + 2];
} ngx_tidraw_mesh_head_t;


typedef struct {
    ngx_socket_t            in;           /* of the worker itself */
    ngx_socket_t            out;          /* of all others */
    uint64_t                node;         /* who is there; 0: not known */
    unsigned                lost:1;       /* it missed something */
    unsigned                orders:1;     /* also orders */
} ngx_tidraw_mesh_place_t;


static void ngx_tidraw_mesh_drop(void);
static ngx_int_t ngx_tidraw_mesh_listen(ngx_cycle_t *cycle);
static void ngx_tidraw_mesh_head(ngx_tidraw_mesh_head_t *head,
    ngx_tidraw_site_t *site, ngx_tidraw_bus_e type, ngx_str_t *room);
static ngx_int_t ngx_tidraw_mesh_tell(ngx_tidraw_mesh_place_t *place,
    ngx_tidraw_mesh_head_t *head, u_char *data, size_t len);
static ngx_int_t ngx_tidraw_mesh_write(ngx_tidraw_mesh_place_t *place,
    ngx_tidraw_mesh_head_t *head, u_char *data, size_t len);
static void ngx_tidraw_mesh_read(ngx_event_t *rev);
static void ngx_tidraw_mesh_dummy(ngx_event_t *wev);
static void ngx_tidraw_mesh_receive(u_char *p, size_t len);
static void ngx_tidraw_mesh_meet(uint32_t place, uint64_t node);
static ngx_tidraw_site_t *ngx_tidraw_mesh_site(ngx_uint_t n);


/* made in the master, inherited by its workers */

static ngx_tidraw_mesh_place_t    *ngx_tidraw_mesh_places;
static ngx_uint_t                  ngx_tidraw_mesh_n;
static uint64_t                    ngx_tidraw_mesh_host_id;

/* of a worker */

static ngx_connection_t           *ngx_tidraw_mesh_connection;
static ngx_array_t                *ngx_tidraw_mesh_sites;

static u_char  ngx_tidraw_mesh_buf[sizeof(ngx_tidraw_mesh_head_t)
                                   + NGX_TIDRAW_BUS_MAX + 1];


ngx_int_t
ngx_tidraw_mesh_prepare(ngx_cycle_t *cycle)
{
    int               s[2], size;
    ngx_int_t         n;
    ngx_uint_t        i;
    ngx_core_conf_t  *ccf;

    ngx_tidraw_mesh_drop();

    randombytes_buf(&ngx_tidraw_mesh_host_id, sizeof(uint64_t));

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    n = ccf->master ? ccf->worker_processes : 1;

    if (n < 2) {
        return NGX_OK;
    }

    ngx_tidraw_mesh_places = ngx_calloc(n * sizeof(ngx_tidraw_mesh_place_t),
                                        cycle->log);
    if (ngx_tidraw_mesh_places == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < (ngx_uint_t) n; i++) {

        if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0,
                       s)
            == -1)
        {
            ngx_tidraw_log(NGX_LOG_CRIT, cycle->log, ngx_socket_errno,
                           "mesh_failed", "call=socketpair");
            ngx_tidraw_mesh_drop();
            return NGX_OK;
        }

        ngx_tidraw_mesh_places[i].in = s[0];
        ngx_tidraw_mesh_places[i].out = s[1];
        ngx_tidraw_mesh_n = i + 1;

        size = NGX_TIDRAW_MESH_SNDBUF;

        if (setsockopt(s[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(int))
            == -1)
        {
            /* not privileged: as much as everybody gets */

            (void) setsockopt(s[1], SOL_SOCKET, SO_SNDBUF, &size,
                              sizeof(int));
        }
    }

    return NGX_OK;
}


static void
ngx_tidraw_mesh_drop(void)
{
    ngx_uint_t  i;

    for (i = 0; i < ngx_tidraw_mesh_n; i++) {
        (void) close(ngx_tidraw_mesh_places[i].in);
        (void) close(ngx_tidraw_mesh_places[i].out);
    }

    if (ngx_tidraw_mesh_places) {
        ngx_free(ngx_tidraw_mesh_places);
    }

    ngx_tidraw_mesh_places = NULL;
    ngx_tidraw_mesh_n = 0;
}


ngx_int_t
ngx_tidraw_mesh_open(ngx_cycle_t *cycle)
{
    ngx_uint_t               i;
    ngx_tidraw_main_conf_t  *tmcf;

    tmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_tidraw_module);

    ngx_tidraw_mesh_sites = &tmcf->sites;

    if (ngx_tidraw_mesh_n == 0) {
        return NGX_OK;
    }

    if (ngx_tidraw_mesh_listen(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    /* the others forget who was here before */

    for (i = 0; i < tmcf->sites.nelts; i++) {
        (void) ngx_tidraw_mesh_send(ngx_tidraw_mesh_site(i),
                                    NGX_TIDRAW_BUS_BORN, NULL, NULL, 0);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_tidraw_mesh_listen(ngx_cycle_t *cycle)
{
    ngx_connection_t  *c;

    if (ngx_worker >= ngx_tidraw_mesh_n) {
        return NGX_OK;
    }

    c = ngx_get_connection(ngx_tidraw_mesh_places[ngx_worker].in, cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->log = cycle->log;
    c->read->log = cycle->log;
    c->write->log = cycle->log;
    c->read->handler = ngx_tidraw_mesh_read;
    c->write->handler = ngx_tidraw_mesh_dummy;

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NGX_ERROR;
    }

    ngx_tidraw_mesh_connection = c;

    return NGX_OK;
}


void
ngx_tidraw_mesh_close(void)
{
    ngx_connection_t  *c;

    c = ngx_tidraw_mesh_connection;

    if (c == NULL) {
        return;
    }

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    }

    /* the descriptor goes with the process */

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    ngx_tidraw_mesh_connection = NULL;
}


ngx_uint_t
ngx_tidraw_mesh_active(void)
{
    return ngx_tidraw_mesh_n != 0;
}


uint64_t
ngx_tidraw_mesh_host(void)
{
    return ngx_tidraw_mesh_n ? ngx_tidraw_mesh_host_id : ngx_tidraw_bus_number;
}


ngx_uint_t
ngx_tidraw_mesh_peers(void)
{
    return ngx_tidraw_mesh_n ? ngx_tidraw_mesh_n - 1 : 0;
}


ngx_int_t
ngx_tidraw_mesh_send(ngx_tidraw_site_t *site, ngx_tidraw_bus_e type,
    ngx_str_t *room, u_char *data, size_t len)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_tidraw_mesh_head_t  head;

    if (ngx_tidraw_mesh_n == 0) {
        return NGX_OK;
    }

    ngx_tidraw_mesh_head(&head, site, type, room);

    rc = NGX_OK;

    for (i = 0; i < ngx_tidraw_mesh_n; i++) {

        if (i != ngx_worker
            && ngx_tidraw_mesh_tell(&ngx_tidraw_mesh_places[i], &head, data,
                                    len)
               != NGX_OK)
        {
            rc = NGX_DECLINED;
        }
    }

    return rc;
}


ngx_int_t
ngx_tidraw_mesh_answer(ngx_tidraw_site_t *site, uint64_t node,
    ngx_tidraw_bus_e type, ngx_str_t *room, u_char *data, size_t len)
{
    ngx_uint_t              i;
    ngx_tidraw_mesh_head_t  head;

    for (i = 0; i < ngx_tidraw_mesh_n; i++) {

        if (ngx_tidraw_mesh_places[i].node == node) {
            ngx_tidraw_mesh_head(&head, site, type, room);

            return ngx_tidraw_mesh_tell(&ngx_tidraw_mesh_places[i], &head,
                                        data, len);
        }
    }

    return NGX_DECLINED;
}


void
ngx_tidraw_mesh_tick(void)
{
    u_char                    orders;
    ngx_uint_t                i, n;
    ngx_tidraw_site_t        *site;
    ngx_tidraw_mesh_head_t    head;
    ngx_tidraw_mesh_place_t  *place;

    orders = 1;

    for (i = 0; i < ngx_tidraw_mesh_n; i++) {

        place = &ngx_tidraw_mesh_places[i];

        if (!place->lost) {
            continue;
        }

        for (n = 0; (site = ngx_tidraw_mesh_site(n)) != NULL; n++) {

            ngx_tidraw_mesh_head(&head, site, NGX_TIDRAW_BUS_MISSED, NULL);

            if (ngx_tidraw_mesh_write(place, &head, &orders, place->orders)
                != NGX_OK)
            {
                break;
            }
        }

        if (site == NULL) {
            place->lost = 0;
            place->orders = 0;

            ngx_tidraw_log(NGX_LOG_NOTICE, ngx_cycle->log, 0, "worker_hears",
                           "worker=%u from=%u", i, ngx_worker);
        }
    }
}


static void
ngx_tidraw_mesh_head(ngx_tidraw_mesh_head_t *head, ngx_tidraw_site_t *site,
    ngx_tidraw_bus_e type, ngx_str_t *room)
{
    ngx_tidraw_site_t  **sites;

    ngx_memzero(head, sizeof(ngx_tidraw_mesh_head_t));

    head->magic = NGX_TIDRAW_MESH_MAGIC;
    head->type = type;
    head->place = ngx_worker;
    head->node = ngx_tidraw_bus_number;

    sites = ngx_tidraw_mesh_sites->elts;

    while (sites[head->site] != site) {
        head->site++;
    }

    if (room) {
        head->room = ngx_min(room->len, NGX_TIDRAW_ID_LEN);
        ngx_memcpy(head->name, room->data, head->room);
    }
}


static ngx_int_t
ngx_tidraw_mesh_tell(ngx_tidraw_mesh_place_t *place,
    ngx_tidraw_mesh_head_t *head, u_char *data, size_t len)
{
    if (!place->lost) {

        if (ngx_tidraw_mesh_write(place, head, data, len) == NGX_OK) {
            return NGX_OK;
        }

        place->lost = 1;

        ngx_tidraw_log(NGX_LOG_NOTICE, ngx_cycle->log, 0, "worker_deaf",
                       "worker=%u from=%u",
                       (ngx_uint_t) (place - ngx_tidraw_mesh_places),
                       ngx_worker);
    }

    if (head->type == NGX_TIDRAW_BUS_CONTROL) {
        place->orders = 1;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_tidraw_mesh_write(ngx_tidraw_mesh_place_t *place,
    ngx_tidraw_mesh_head_t *head, u_char *data, size_t len)
{
    ssize_t        n;
    struct iovec   iov[2];
    struct msghdr  msg;

    if (len > NGX_TIDRAW_BUS_MAX) {
        return NGX_DECLINED;
    }

    iov[0].iov_base = head;
    iov[0].iov_len = sizeof(ngx_tidraw_mesh_head_t);
    iov[1].iov_base = data;
    iov[1].iov_len = len;

    ngx_memzero(&msg, sizeof(struct msghdr));

    msg.msg_iov = iov;
    msg.msg_iovlen = len ? 2 : 1;

    do {
        n = sendmsg(place->out, &msg, MSG_DONTWAIT|MSG_NOSIGNAL);
    } while (n == -1 && ngx_socket_errno == NGX_EINTR);

    return n == -1 ? NGX_DECLINED : NGX_OK;
}


static void
ngx_tidraw_mesh_read(ngx_event_t *rev)
{
    ssize_t            n;
    ngx_err_t          err;
    ngx_uint_t         i;
    ngx_connection_t  *c;

    c = rev->data;

    /* of worker_shutdown_timeout; the socket goes with the process */

    c->close = 0;

    for (i = 0; i < NGX_TIDRAW_MESH_BUDGET; i++) {

        n = recv(c->fd, ngx_tidraw_mesh_buf, sizeof(ngx_tidraw_mesh_buf), 0);

        if (n == -1) {
            err = ngx_socket_errno;

            if (err == NGX_EINTR) {
                continue;
            }

            if (err != NGX_EAGAIN) {
                ngx_tidraw_log(NGX_LOG_CRIT, rev->log, err, "mesh_failed",
                               "call=recv");
                ngx_tidraw_mesh_close();
            }

            return;
        }

        if (n == 0) {
            return;
        }

        ngx_tidraw_mesh_receive(ngx_tidraw_mesh_buf, n);
    }
}


static void
ngx_tidraw_mesh_dummy(ngx_event_t *wev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, wev->log, 0, "tidraw mesh write");
}


static void
ngx_tidraw_mesh_receive(u_char *p, size_t len)
{
    ngx_tidraw_site_t         *site;
    ngx_tidraw_mesh_head_t    *head;
    ngx_tidraw_bus_message_t   m;

    head = (ngx_tidraw_mesh_head_t *) p;

    if (len < sizeof(ngx_tidraw_mesh_head_t)
        || len > sizeof(ngx_tidraw_mesh_head_t) + NGX_TIDRAW_BUS_MAX
        || head->magic != NGX_TIDRAW_MESH_MAGIC
        || head->room > NGX_TIDRAW_ID_LEN
        || head->place >= ngx_tidraw_mesh_n
        || head->node == ngx_tidraw_bus_number)
    {
        return;
    }

    site = ngx_tidraw_mesh_site(head->site);

    if (site == NULL) {
        return;
    }

    ngx_tidraw_mesh_meet(head->place, head->node);

    m.type = head->type;
    m.node = head->node;
    m.turn = (ngx_worker + ngx_tidraw_mesh_n - head->place - 1)
             % ngx_tidraw_mesh_n;
    m.room.data = head->name;
    m.room.len = head->room;
    m.data = p + sizeof(ngx_tidraw_mesh_head_t);
    m.len = len - sizeof(ngx_tidraw_mesh_head_t);

    ngx_tidraw_bus_handlers->receive(site, &m);
}


/* Whoever was in this place before is dead. */

static void
ngx_tidraw_mesh_meet(uint32_t place, uint64_t node)
{
    uint64_t                  old;
    ngx_uint_t                i;
    ngx_tidraw_site_t        *site;
    ngx_tidraw_mesh_place_t  *p;

    p = &ngx_tidraw_mesh_places[place];

    if (p->node == node) {
        return;
    }

    old = p->node;
    p->node = node;

    for (i = 0; old && (site = ngx_tidraw_mesh_site(i)) != NULL; i++) {
        ngx_tidraw_bus_handlers->gone(site, old);
    }
}


static ngx_tidraw_site_t *
ngx_tidraw_mesh_site(ngx_uint_t n)
{
    ngx_tidraw_site_t  **sites;

    if (n >= ngx_tidraw_mesh_sites->nelts) {
        return NULL;
    }

    sites = ngx_tidraw_mesh_sites->elts;

    return sites[n];
}
