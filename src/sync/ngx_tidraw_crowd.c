
/*
 * Who is on the boards of other hosts: each worker tells them who its
 * sessions are, at most once a second when that changed and every five
 * seconds anyway.  What was not heard for a while is forgotten, so that
 * nothing has to be asked for and nothing can go wrong for long.
 *
 * A message is a byte of flags and the people: room, id, role, away, since,
 * five lengths, and the texts of these.
 */


#include "ngx_tidraw_people.h"
#include "ngx_tidraw_bus.h"


#define NGX_TIDRAW_CROWD_EVERY   5          /* ticks of a second */
#define NGX_TIDRAW_CROWD_SILENT  16000
#define NGX_TIDRAW_CROWD_MAX     8192       /* people in all */

#define NGX_TIDRAW_CROWD_FIRST   1          /* of a list: the last one ends */
#define NGX_TIDRAW_CROWD_ASK     2          /* all are to tell */

#define NGX_TIDRAW_CROWD_HEAD                                                 \
    (TD_ZONE_ROOM + TD_ZONE_ID + 2 + sizeof(uint64_t) + 5)


/* The people of one worker of another host. */

typedef struct {
    ngx_queue_t         queue;
    uint64_t            node;
    ngx_msec_t          heard;
    ngx_uint_t          n;
    ngx_uint_t          size;
    td_zone_who_t      *people;
} ngx_tidraw_crowd_t;


static void ngx_tidraw_crowd_tell(ngx_tidraw_rooms_t *rooms);
static void ngx_tidraw_crowd_write(td_buf_t *b, td_zone_who_t *who);
static u_char *ngx_tidraw_crowd_read(u_char *p, u_char *last,
    td_zone_who_t *who);
static ngx_tidraw_crowd_t *ngx_tidraw_crowd_find(ngx_tidraw_rooms_t *rooms,
    uint64_t node);
static ngx_int_t ngx_tidraw_crowd_add(ngx_tidraw_rooms_t *rooms,
    ngx_tidraw_crowd_t *crowd, td_zone_who_t *who);
static void ngx_tidraw_crowd_drop(ngx_tidraw_rooms_t *rooms,
    ngx_tidraw_crowd_t *crowd);


void
ngx_tidraw_crowd_tick(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_t         *q, *next;
    ngx_tidraw_crowd_t  *crowd;

    if (!ngx_tidraw_bus_hosts(rooms->site)) {
        return;
    }

    for (q = ngx_queue_head(&rooms->crowds);
         q != ngx_queue_sentinel(&rooms->crowds);
         q = next)
    {
        next = ngx_queue_next(q);
        crowd = ngx_queue_data(q, ngx_tidraw_crowd_t, queue);

        if (ngx_current_msec - crowd->heard > NGX_TIDRAW_CROWD_SILENT) {
            ngx_tidraw_crowd_drop(rooms, crowd);
        }
    }

    if (rooms->moved || ++rooms->told >= NGX_TIDRAW_CROWD_EVERY) {
        rooms->moved = 0;
        rooms->told = 0;
        ngx_tidraw_crowd_tell(rooms);
    }
}


void
ngx_tidraw_crowd_ask(ngx_tidraw_rooms_t *rooms)
{
    u_char  flags;

    flags = NGX_TIDRAW_CROWD_ASK;

    (void) ngx_tidraw_bus_send(rooms->site, NGX_TIDRAW_BUS_PEOPLE, NULL,
                               &flags, 1);
    rooms->moved = 1;
}


static void
ngx_tidraw_crowd_tell(ngx_tidraw_rooms_t *rooms)
{
    td_buf_t              b;
    ngx_queue_t          *rq, *q;
    td_zone_who_t         who;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_client_t  *s;

    ngx_memzero(&b, sizeof(td_buf_t));

    td_buf_char(&b, NGX_TIDRAW_CROWD_FIRST);

    for (rq = ngx_queue_head(&rooms->rooms);
         rq != ngx_queue_sentinel(&rooms->rooms);
         rq = ngx_queue_next(rq))
    {
        room = ngx_queue_data(rq, ngx_tidraw_room_t, queue);

        for (q = ngx_queue_head(&room->sessions);
             q != ngx_queue_sentinel(&room->sessions);
             q = ngx_queue_next(q))
        {
            s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

            td_arena_reset(rooms->scratch);

            if (ngx_tidraw_people_look(s, &who) != NGX_OK) {
                continue;
            }

            ngx_tidraw_crowd_write(&b, &who);

            if (b.len > NGX_TIDRAW_BUS_MAX - NGX_TIDRAW_CROWD_HEAD
                        - sizeof(td_zone_who_t) && !b.failed)
            {
                (void) ngx_tidraw_bus_send(rooms->site,
                                           NGX_TIDRAW_BUS_PEOPLE, NULL,
                                           (u_char *) b.data, b.len);
                b.len = 0;
                td_buf_char(&b, 0);
            }
        }
    }

    if (!b.failed) {
        (void) ngx_tidraw_bus_send(rooms->site, NGX_TIDRAW_BUS_PEOPLE, NULL,
                                   (u_char *) b.data, b.len);
    }

    td_buf_free(&b);
}


static void
ngx_tidraw_crowd_write(td_buf_t *b, td_zone_who_t *who)
{
    td_buf_add(b, who->room, TD_ZONE_ROOM);
    td_buf_add(b, who->id, TD_ZONE_ID);
    td_buf_char(b, who->role);
    td_buf_char(b, who->away);
    td_buf_add(b, (char *) &who->since, sizeof(uint64_t));
    td_buf_char(b, who->user_len);
    td_buf_char(b, who->user_name_len);
    td_buf_char(b, who->user_color_len);
    td_buf_char(b, who->name_len);
    td_buf_char(b, who->color_len);
    td_buf_add(b, who->user, who->user_len);
    td_buf_add(b, who->user_name, who->user_name_len);
    td_buf_add(b, who->user_color, who->user_color_len);
    td_buf_add(b, who->name, who->name_len);
    td_buf_add(b, who->color, who->color_len);
}


/* What follows, or NULL: it is not one of ours. */

static u_char *
ngx_tidraw_crowd_read(u_char *p, u_char *last, td_zone_who_t *who)
{
    ngx_memzero(who, sizeof(td_zone_who_t));

    if ((size_t) (last - p) < NGX_TIDRAW_CROWD_HEAD) {
        return NULL;
    }

    ngx_memcpy(who->room, p, TD_ZONE_ROOM);
    p += TD_ZONE_ROOM;
    ngx_memcpy(who->id, p, TD_ZONE_ID);
    p += TD_ZONE_ID;

    who->role = *p++;
    who->away = *p++;

    ngx_memcpy(&who->since, p, sizeof(uint64_t));
    p += sizeof(uint64_t);

    who->user_len = *p++;
    who->user_name_len = *p++;
    who->user_color_len = *p++;
    who->name_len = *p++;
    who->color_len = *p++;

    if (who->role < NGX_TIDRAW_ROLE_VIEWER
        || who->role > NGX_TIDRAW_ROLE_OWNER
        || (who->user_len != 0 && who->user_len != TD_ZONE_USER)
        || who->user_name_len > TD_ZONE_NAME
        || who->user_color_len > TD_ZONE_COLOR
        || who->name_len > TD_ZONE_NAME
        || who->color_len > TD_ZONE_COLOR
        || last - p < who->user_len + who->user_name_len + who->user_color_len
                      + who->name_len + who->color_len)
    {
        return NULL;
    }

    ngx_memcpy(who->user, p, who->user_len);
    p += who->user_len;
    ngx_memcpy(who->user_name, p, who->user_name_len);
    p += who->user_name_len;
    ngx_memcpy(who->user_color, p, who->user_color_len);
    p += who->user_color_len;
    ngx_memcpy(who->name, p, who->name_len);
    p += who->name_len;
    ngx_memcpy(who->color, p, who->color_len);
    p += who->color_len;

    return p;
}


void
ngx_tidraw_crowd_receive(ngx_tidraw_rooms_t *rooms,
    ngx_tidraw_bus_message_t *m)
{
    u_char               *p, *last;
    td_zone_who_t         who;
    ngx_tidraw_crowd_t   *crowd;

    if (m->len == 0) {
        return;
    }

    p = m->data;
    last = p + m->len;

    if (*p & NGX_TIDRAW_CROWD_ASK) {
        rooms->moved = 1;
        return;
    }

    crowd = ngx_tidraw_crowd_find(rooms, m->node);

    if (crowd == NULL) {

        crowd = ngx_calloc(sizeof(ngx_tidraw_crowd_t), rooms->site->log);
        if (crowd == NULL) {
            return;
        }

        crowd->node = m->node;
        ngx_queue_insert_tail(&rooms->crowds, &crowd->queue);
    }

    crowd->heard = ngx_current_msec;

    if (*p++ & NGX_TIDRAW_CROWD_FIRST) {
        rooms->ncrowd -= crowd->n;
        crowd->n = 0;
    }

    while (p && p < last) {

        p = ngx_tidraw_crowd_read(p, last, &who);

        if (p && ngx_tidraw_crowd_add(rooms, crowd, &who) != NGX_OK) {
            return;
        }
    }
}


static ngx_tidraw_crowd_t *
ngx_tidraw_crowd_find(ngx_tidraw_rooms_t *rooms, uint64_t node)
{
    ngx_queue_t         *q;
    ngx_tidraw_crowd_t  *crowd;

    for (q = ngx_queue_head(&rooms->crowds);
         q != ngx_queue_sentinel(&rooms->crowds);
         q = ngx_queue_next(q))
    {
        crowd = ngx_queue_data(q, ngx_tidraw_crowd_t, queue);

        if (crowd->node == node) {
            return crowd;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_tidraw_crowd_add(ngx_tidraw_rooms_t *rooms, ngx_tidraw_crowd_t *crowd,
    td_zone_who_t *who)
{
    ngx_uint_t      size;
    td_zone_who_t  *people;

    if (rooms->ncrowd >= NGX_TIDRAW_CROWD_MAX) {
        return NGX_DECLINED;
    }

    if (crowd->n == crowd->size) {

        size = crowd->size ? crowd->size * 2 : 16;

        people = ngx_alloc(size * sizeof(td_zone_who_t), rooms->site->log);
        if (people == NULL) {
            return NGX_ERROR;
        }

        if (crowd->n) {
            ngx_memcpy(people, crowd->people,
                       crowd->n * sizeof(td_zone_who_t));
        }

        if (crowd->people) {
            ngx_free(crowd->people);
        }

        crowd->people = people;
        crowd->size = size;
    }

    crowd->people[crowd->n++] = *who;
    rooms->ncrowd++;

    return NGX_OK;
}


void
ngx_tidraw_crowd_gone(ngx_tidraw_rooms_t *rooms, uint64_t node)
{
    ngx_tidraw_crowd_t  *crowd;

    crowd = ngx_tidraw_crowd_find(rooms, node);

    if (crowd) {
        ngx_tidraw_crowd_drop(rooms, crowd);
    }
}


static void
ngx_tidraw_crowd_drop(ngx_tidraw_rooms_t *rooms, ngx_tidraw_crowd_t *crowd)
{
    rooms->ncrowd -= crowd->n;

    if (crowd->people) {
        ngx_free(crowd->people);
    }

    ngx_queue_remove(&crowd->queue);
    ngx_free(crowd);
}


void
ngx_tidraw_crowd_free(ngx_tidraw_rooms_t *rooms)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&rooms->crowds)) {
        q = ngx_queue_head(&rooms->crowds);
        ngx_tidraw_crowd_drop(rooms,
                              ngx_queue_data(q, ngx_tidraw_crowd_t, queue));
    }
}


ngx_int_t
ngx_tidraw_crowd_of(ngx_tidraw_rooms_t *rooms, ngx_str_t *room,
    ngx_array_t *people)
{
    ngx_uint_t           i;
    ngx_queue_t         *q;
    ngx_tidraw_crowd_t  *crowd;

    for (q = ngx_queue_head(&rooms->crowds);
         q != ngx_queue_sentinel(&rooms->crowds);
         q = ngx_queue_next(q))
    {
        crowd = ngx_queue_data(q, ngx_tidraw_crowd_t, queue);

        for (i = 0; i < crowd->n; i++) {
            if (ngx_memcmp(crowd->people[i].room, room->data, TD_ZONE_ROOM)
                == 0
                && ngx_tidraw_people_add(people, &crowd->people[i]) != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}
