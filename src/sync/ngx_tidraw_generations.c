
/*
 * Workers of before and after a reload do not hear one another on the mesh.
 * While both are there they show each other, by the shared zone, the presence
 * of their sessions ten times a second, so that nobody disappears for the
 * others and who comes back goes on as who he was.
 *
 * It is the registry of the zone that says whether there are others; alone, a
 * worker copies nothing.
 */


#include "ngx_tidraw_people.h"
#include "ngx_tidraw_remote.h"


#define NGX_TIDRAW_GENERATIONS_TICK   100


static ngx_uint_t ngx_tidraw_generations_others(ngx_tidraw_rooms_t *rooms);
static void ngx_tidraw_generations_handler(ngx_event_t *ev);
static void ngx_tidraw_generations_show(ngx_tidraw_room_t *room);
static void ngx_tidraw_generations_forget(ngx_tidraw_room_t *room,
    ngx_msec_t now);


void
ngx_tidraw_generations_look(ngx_tidraw_rooms_t *rooms)
{
    if (rooms->overlapped || !ngx_tidraw_generations_others(rooms)) {
        return;
    }

    rooms->overlapped = 1;

    rooms->overlap.handler = ngx_tidraw_generations_handler;
    rooms->overlap.data = &ngx_tidraw_no_connection;
    rooms->overlap.log = rooms->site->log;
    rooms->overlap.cancelable = 1;

    ngx_add_timer(&rooms->overlap, 1);
}


void
ngx_tidraw_generations_stop(ngx_tidraw_rooms_t *rooms)
{
    if (rooms->overlap.timer_set) {
        ngx_del_timer(&rooms->overlap);
    }
}


static ngx_uint_t
ngx_tidraw_generations_others(ngx_tidraw_rooms_t *rooms)
{
    uint32_t           i;
    td_zone_t         *z;
    td_zone_worker_t  *w;

    z = &rooms->site->zone->z;

    for (i = 0; i < z->nworkers; i++) {

        w = &z->workers[i];

        if (td_zone_alive(z, i, ngx_current_msec)
            && w->generation != rooms->site->zone->generation)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_tidraw_generations_handler(ngx_event_t *ev)
{
    ngx_queue_t         *q, *next;
    ngx_tidraw_room_t   *room;
    ngx_tidraw_rooms_t  *rooms;

    rooms = ngx_tidraw_event_owner(ev, ngx_tidraw_rooms_t, overlap);

    (void) td_zone_reap(&rooms->site->zone->z, ngx_current_msec);

    /* when the last one has gone, so has to be what it showed */

    rooms->overlapped = ngx_tidraw_generations_others(rooms);

    for (q = ngx_queue_head(&rooms->rooms);
         q != ngx_queue_sentinel(&rooms->rooms);
         q = next)
    {
        next = ngx_queue_next(q);
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);

        if (room->state != NGX_TIDRAW_ROOM_READY) {
            continue;
        }

        ngx_tidraw_generations_show(room);
        ngx_tidraw_generations_meet(room);
    }

    if (rooms->overlapped) {
        ngx_add_timer(ev, NGX_TIDRAW_GENERATIONS_TICK);
    }
}


void
ngx_tidraw_generations_leave(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_t        *q;
    ngx_tidraw_room_t  *room;

    ngx_tidraw_zone_quits(rooms->site);
    ngx_tidraw_generations_look(rooms);

    if (!rooms->overlapped) {
        return;
    }

    for (q = ngx_queue_head(&rooms->rooms);
         q != ngx_queue_sentinel(&rooms->rooms);
         q = ngx_queue_next(q))
    {
        room = ngx_queue_data(q, ngx_tidraw_room_t, queue);
        ngx_tidraw_generations_show(room);
    }
}


/* What changed since the last time. */

static void
ngx_tidraw_generations_show(ngx_tidraw_room_t *room)
{
    ngx_queue_t          *q;
    ngx_tidraw_client_t  *s;

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (s->unrecorded && s->place != -1) {
            s->unrecorded = 0;
            td_zone_record(&room->rooms->site->zone->z, s->place,
                           s->presence.data, s->presence.len);
        }
    }
}


void
ngx_tidraw_generations_meet(ngx_tidraw_room_t *room)
{
    int                   slot;
    char                 *p;
    size_t                len;
    uint32_t              pos;
    uint64_t              version;
    td_zone_t            *z;
    ngx_msec_t            now;
    td_zone_who_t         who;
    ngx_tidraw_client_t  *s;
    ngx_tidraw_remote_t  *remote;

    static char  buf[NGX_TIDRAW_REMOTE_ID + NGX_TIDRAW_KEY_LEN
                     + sizeof("[\"put\",]") + TD_ZONE_RECORD];

    z = &room->rooms->site->zone->z;
    now = ngx_current_msec;
    pos = 0;

    p = buf + NGX_TIDRAW_REMOTE_ID + NGX_TIDRAW_KEY_LEN
        + sizeof("[\"put\",") - 1;

    while ((slot = td_zone_next(z, (char *) room->id, &pos)) != -1) {

        if (td_zone_read(z, slot, &who, p, &len, &version) != TD_OK
            || len == 0
            || who.generation == room->rooms->site->zone->generation
            || ngx_memcmp(who.room, room->id, TD_ZONE_ROOM) != 0)
        {
            continue;
        }

        s = ngx_tidraw_remote_here(room, (u_char *) who.id);

        if (s) {

            /* it has come back to a worker of after the reload */

            if (ngx_exiting && s->state == NGX_TIDRAW_CLIENT_GONE
                && !who.away)
            {
                ngx_tidraw_client_moved(s);
            }

            continue;
        }

        remote = ngx_tidraw_remote_find(room, (u_char *) who.id);

        if (remote && remote->node != who.node) {

            /* it has moved to somebody whom we hear ourselves */

            continue;
        }

        if (remote == NULL || remote->version != version) {

            ngx_memcpy(buf, who.id, NGX_TIDRAW_REMOTE_ID);
            ngx_memcpy(buf + NGX_TIDRAW_REMOTE_ID, who.key,
                       NGX_TIDRAW_KEY_LEN);
            ngx_memcpy(buf + NGX_TIDRAW_REMOTE_ID + NGX_TIDRAW_KEY_LEN,
                       "[\"put\",", sizeof("[\"put\",") - 1);
            p[len] = ']';

            (void) ngx_tidraw_remote_on_presence(room, who.node,
                                                 (u_char *) buf,
                                                 p + len + 1 - buf);

            remote = ngx_tidraw_remote_find(room, (u_char *) who.id);

            if (remote == NULL) {
                continue;
            }

            remote->version = version;
        }

        remote->zone = who.node;
        remote->away = who.away;
        remote->met = now;
    }

    ngx_tidraw_generations_forget(room, now);

    if (room->state == NGX_TIDRAW_ROOM_READY) {
        ngx_tidraw_pace_schedule(room);
    }
}


/* Those that the zone no longer has. */

static void
ngx_tidraw_generations_forget(ngx_tidraw_room_t *room, ngx_msec_t now)
{
    ngx_queue_t          *q, *next;
    ngx_tidraw_remote_t  *remote;

    for (q = ngx_queue_head(&room->remotes);
         q != ngx_queue_sentinel(&room->remotes);
         q = next)
    {
        next = ngx_queue_next(q);
        remote = ngx_queue_data(q, ngx_tidraw_remote_t, queue);

        if (remote->zone != 0
            && remote->zone == remote->node
            && remote->met != now)
        {
            ngx_tidraw_remote_drop(room, remote, 1);
        }
    }
}
