
/*
 * Looking at the clocks of the open boards: what heals whatever the bus lost,
 * and all there is between hosts without Redis.
 *
 * A worker that is alone on an embedded database does so only at first, while
 * the workers of before a reload may still commit.
 */


#include "ngx_tidraw_room.h"
#include "ngx_tidraw_bus.h"


#define NGX_TIDRAW_POLL_INTERVAL   1000
#define NGX_TIDRAW_POLL_ALONE      20          /* rounds */
#define NGX_TIDRAW_POLL_ROOMS      256         /* in one operation */


typedef struct {
    ngx_tidraw_rooms_t         *rooms;
    ngx_uint_t                  n;
    u_char                     *ids;          /* of the rooms asked for */
    uint64_t                   *clocks;       /* that we knew then */
} ngx_tidraw_poll_t;


static void ngx_tidraw_poll_now(ngx_tidraw_rooms_t *rooms);
static void ngx_tidraw_poll_handler(ngx_event_t *ev);
static void ngx_tidraw_poll_ask(ngx_tidraw_rooms_t *rooms);
static void ngx_tidraw_poll_done(ngx_tidraw_op_t *op);
static void ngx_tidraw_poll_look(ngx_tidraw_room_t *room, uint64_t known,
    ngx_tidraw_result_t *res);


void
ngx_tidraw_poll_start(ngx_tidraw_rooms_t *rooms)
{
    rooms->poll.handler = ngx_tidraw_poll_handler;
    rooms->poll.data = &ngx_tidraw_no_connection;
    rooms->poll.log = rooms->site->log;
    rooms->poll.cancelable = 1;

    /* orders that come before anybody does need no second look */

    ngx_add_timer(&rooms->poll, 1);
}


void
ngx_tidraw_poll_stop(ngx_tidraw_rooms_t *rooms)
{
    if (rooms->poll.timer_set) {
        ngx_del_timer(&rooms->poll);
    }

    if (rooms->asked) {
        ngx_tidraw_op_cancel(rooms->asked);
        rooms->asked = NULL;
    }
}


void
ngx_tidraw_poll_soon(ngx_tidraw_rooms_t *rooms, ngx_uint_t n)
{
    rooms->hurry += n;

    if (rooms->asked == NULL) {
        ngx_tidraw_poll_now(rooms);
    }
}


static void
ngx_tidraw_poll_now(ngx_tidraw_rooms_t *rooms)
{
    if (rooms->poll.timer_set) {
        ngx_del_timer(&rooms->poll);
    }

    ngx_add_timer(&rooms->poll, 1);
}


static void
ngx_tidraw_poll_handler(ngx_event_t *ev)
{
    ngx_tidraw_rooms_t  *rooms;

    rooms = ngx_tidraw_event_owner(ev, ngx_tidraw_rooms_t, poll);

    rooms->polls++;

    ngx_tidraw_bus_tick();

    if (rooms->asked == NULL
        && (!ngx_queue_empty(&rooms->rooms) || !rooms->ordered))
    {
        rooms->hurry -= ngx_min(rooms->hurry, NGX_TIDRAW_POLL_ROOMS);
        ngx_tidraw_poll_ask(rooms);
    }

    if (rooms->polls < NGX_TIDRAW_POLL_ALONE
        || ngx_tidraw_bus_active(rooms->site)
        || ngx_tidraw_store_remote(rooms->site->store))
    {
        ngx_add_timer(ev, NGX_TIDRAW_POLL_INTERVAL);
    }
}


/*
 * New orders, and the rooms that were asked for longest ago; they go to the
 * end of the list.
 */

static void
ngx_tidraw_poll_ask(ngx_tidraw_rooms_t *rooms)
{
    ngx_uint_t          i;
    ngx_queue_t        *q, *last;
    ngx_tidraw_op_t    *op;
    ngx_tidraw_poll_t  *poll;
    ngx_tidraw_room_t  *room;

    op = ngx_tidraw_op_create(rooms->site->store, 0);
    if (op == NULL) {
        return;
    }

    poll = ngx_pcalloc(op->pool, sizeof(ngx_tidraw_poll_t));

    if (poll == NULL
        || (poll->ids = ngx_pnalloc(op->pool, NGX_TIDRAW_POLL_ROOMS
                                              * NGX_TIDRAW_ID_LEN))
           == NULL
        || (poll->clocks = ngx_palloc(op->pool, NGX_TIDRAW_POLL_ROOMS
                                                * sizeof(uint64_t)))
           == NULL)
    {
        ngx_tidraw_op_free(op);
        return;
    }

    poll->rooms = rooms;

    (void) ngx_tidraw_control_ask(rooms, op);

    last = ngx_queue_last(&rooms->rooms);

    for (i = 0; i < NGX_TIDRAW_POLL_ROOMS; i++) {

        q = ngx_queue_head(&rooms->rooms);

        if (q == ngx_queue_sentinel(&rooms->rooms)) {
            break;
        }

        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&rooms->rooms, q);

        if (room->state == NGX_TIDRAW_ROOM_READY
            && room->commit.state == NGX_TIDRAW_COMMIT_IDLE
            && ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_ROOM_CLOCK, "i",
                                  room->num)
               == NGX_OK)
        {
            ngx_memcpy(poll->ids + poll->n * NGX_TIDRAW_ID_LEN, room->id,
                       NGX_TIDRAW_ID_LEN);
            poll->clocks[poll->n++] = room->doc.clock;
        }

        if (q == last) {
            break;
        }
    }

    rooms->asked = op;
    ngx_tidraw_op_run(op, ngx_tidraw_poll_done, poll);
}


static void
ngx_tidraw_poll_done(ngx_tidraw_op_t *op)
{
    ngx_str_t           id;
    ngx_uint_t          i;
    ngx_tidraw_poll_t  *poll;
    ngx_tidraw_room_t  *room;

    poll = op->data;
    poll->rooms->asked = NULL;

    if (poll->rooms->hurry) {
        ngx_tidraw_poll_now(poll->rooms);
    }

    if (op->rc != NGX_OK) {
        return;
    }

    ngx_tidraw_control_read(poll->rooms, &op->results[0]);

    for (i = 0; i < poll->n; i++) {

        id.data = poll->ids + i * NGX_TIDRAW_ID_LEN;
        id.len = NGX_TIDRAW_ID_LEN;

        room = ngx_tidraw_room_find(poll->rooms, &id);

        if (room
            && room->state == NGX_TIDRAW_ROOM_READY
            && room->commit.state == NGX_TIDRAW_COMMIT_IDLE)
        {
            ngx_tidraw_poll_look(room, poll->clocks[i], &op->results[i + 1]);
        }
    }
}


static void
ngx_tidraw_poll_look(ngx_tidraw_room_t *room, uint64_t known,
    ngx_tidraw_result_t *res)
{
    uint64_t  clock;

    if (res->nrows == 0) {
        ngx_tidraw_room_close(room, "NOT_FOUND");
        return;
    }

    clock = ngx_tidraw_cell_int(res, 0, 0);

    /* the database may be a restored backup */

    if (clock < known) {
        ngx_tidraw_log(NGX_LOG_WARN, room->rooms->site->log, 0,
                       "board_reloaded", "room=%V error=%s", &room->sn.str,
                       "it went back in the database");
        ngx_tidraw_room_close(room, NULL);
        return;
    }

    ngx_tidraw_catchup_to(room, clock);
}
