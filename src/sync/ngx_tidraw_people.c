
/*
 * Who is here: what the shared zone is told of this worker's sessions, for
 * lists of people and for the workers of before and after a reload.
 *
 * Cursors do not go there.  A session is written when it comes, when it is
 * named differently, when it loses its connection and when it goes.
 *
 * Whoever is signed in is listed under the name and color of the account.  A
 * guest is what he says he is, as are all on their cursors: what a page shows
 * there is its own business (a link lets anybody say any name), and presence
 * is passed on in the bytes that it came in.
 */


#include "ngx_tidraw_people.h"


#define NGX_TIDRAW_PEOPLE_TICK    1000
#define NGX_TIDRAW_PEOPLE_DEPTH   100
#define NGX_TIDRAW_PEOPLE_MAX     1000       /* of a board, in a list */


static void ngx_tidraw_people_handler(ngx_event_t *ev);
static void ngx_tidraw_people_again(ngx_tidraw_rooms_t *rooms,
    ngx_uint_t all);
static uint8_t ngx_tidraw_people_text(char *dst, size_t max,
    const char *data, size_t len);
static int ngx_libc_cdecl ngx_tidraw_people_cmp(const void *one,
    const void *two);
static ngx_uint_t ngx_tidraw_people_says(td_str_t op, const char *name,
    size_t len);


void
ngx_tidraw_people_start(ngx_tidraw_rooms_t *rooms)
{
    rooms->tick.handler = ngx_tidraw_people_handler;
    rooms->tick.data = &ngx_tidraw_no_connection;
    rooms->tick.log = rooms->site->log;
    rooms->tick.cancelable = 1;

    ngx_add_timer(&rooms->tick, NGX_TIDRAW_PEOPLE_TICK);

    ngx_tidraw_generations_look(rooms);
}


void
ngx_tidraw_people_stop(ngx_tidraw_rooms_t *rooms)
{
    if (rooms->tick.timer_set) {
        ngx_del_timer(&rooms->tick);
    }

    ngx_tidraw_generations_stop(rooms);
}


static void
ngx_tidraw_people_handler(ngx_event_t *ev)
{
    ngx_tidraw_rooms_t  *rooms;

    rooms = ngx_tidraw_event_owner(ev, ngx_tidraw_rooms_t, tick);

    if (ngx_tidraw_zone_tick(rooms->site) != NGX_OK) {
        ngx_tidraw_people_again(rooms, 1);

    } else if (rooms->unplaced) {
        ngx_tidraw_people_again(rooms, 0);
    }

    ngx_tidraw_gauges_tick(rooms);
    ngx_tidraw_generations_look(rooms);
    ngx_tidraw_crowd_tick(rooms);

    ngx_add_timer(ev, NGX_TIDRAW_PEOPLE_TICK);
}


/* Those who have no place; all: the places of all others are void, too. */

static void
ngx_tidraw_people_again(ngx_tidraw_rooms_t *rooms, ngx_uint_t all)
{
    ngx_queue_t          *rq, *q;
    ngx_tidraw_room_t    *room;
    ngx_tidraw_client_t  *s;

    rooms->unplaced = 0;

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

            if (all) {
                s->place = -1;
            }

            if (s->place == -1 && !rooms->unplaced) {
                td_arena_reset(rooms->scratch);
                ngx_tidraw_people_here(s);
            }
        }
    }
}


void
ngx_tidraw_people_here(ngx_tidraw_client_t *s)
{
    td_zone_who_t  who;

    if (ngx_tidraw_people_look(s, &who) != NGX_OK) {
        return;
    }

    s->rooms->moved = 1;

    if (s->place == -1) {
        s->unrecorded = (s->presence.len != 0);
    }

    s->place = ngx_tidraw_zone_put(s->rooms->site, s->place, &who);

    if (s->place == -1) {
        s->rooms->unplaced = 1;
    }
}


void
ngx_tidraw_people_shown(ngx_tidraw_client_t *s, td_str_t op)
{
    s->unrecorded = 1;

    /* most ops move a cursor, as patches; a put is the first */

    if ((op.len > 6 && ngx_memcmp(op.data, "[\"put\"", 6) == 0)
        || (s->guest
            && (ngx_tidraw_people_says(op, "\"userName\"", 10)
                || ngx_tidraw_people_says(op, "\"color\"", 7))))
    {
        ngx_tidraw_people_here(s);
    }
}


void
ngx_tidraw_people_left(ngx_tidraw_client_t *s)
{
    td_zone_drop(&s->rooms->site->zone->z, s->place);
    s->place = -1;
    s->rooms->moved = 1;
}


ngx_int_t
ngx_tidraw_people_named(ngx_tidraw_client_t *s, ngx_tidraw_access_t *access)
{
    u_char     *p;
    ngx_str_t  *name, *color;

    name = &access->user_name;
    color = &access->user_color;

    if (s->user_name.len == name->len
        && s->user_color.len == color->len
        && ngx_memcmp(s->user_name.data, name->data, name->len) == 0
        && ngx_memcmp(s->user_color.data, color->data, color->len) == 0)
    {
        return NGX_DECLINED;
    }

    p = ngx_alloc(name->len + color->len, s->rooms->site->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (s->user_name.data) {
        ngx_free(s->user_name.data);
    }

    s->user_name.data = p;
    s->user_name.len = name->len;
    p = ngx_cpymem(p, name->data, name->len);

    s->user_color.data = p;
    s->user_color.len = color->len;
    ngx_memcpy(p, color->data, color->len);

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_people_look(ngx_tidraw_client_t *s, td_zone_who_t *who)
{
    td_json_t  *v, *name, *color;

    if (s->state != NGX_TIDRAW_CLIENT_CONNECTED
        && s->state != NGX_TIDRAW_CLIENT_GONE)
    {
        return NGX_DECLINED;
    }

    if (s->since == 0) {
        s->since = ngx_tidraw_now();
    }

    ngx_memzero(who, sizeof(td_zone_who_t));

    ngx_memcpy(who->room, s->room->id, TD_ZONE_ROOM);
    ngx_memcpy(who->id, s->presence_id, TD_ZONE_ID);
    ngx_memcpy(who->key, s->key, TD_ZONE_KEY);

    who->since = s->since;
    who->role = s->role;
    who->away = (s->state == NGX_TIDRAW_CLIENT_GONE);

    if (!s->guest && s->user_id.len == TD_ZONE_USER) {
        who->user_len = TD_ZONE_USER;
        ngx_memcpy(who->user, s->user_id.data, TD_ZONE_USER);

        who->user_name_len = ngx_tidraw_people_text(who->user_name,
                                 TD_ZONE_NAME, (char *) s->user_name.data,
                                 s->user_name.len);
        who->user_color_len = ngx_tidraw_people_text(who->user_color,
                                  TD_ZONE_COLOR, (char *) s->user_color.data,
                                  s->user_color.len);
    }

    if (who->user_len == 0
        && s->presence.len
        && td_json_parse(s->rooms->scratch, s->presence.data, s->presence.len,
                         NGX_TIDRAW_PEOPLE_DEPTH, &v)
           == TD_OK)
    {
        name = td_json_get_lit(v, "userName");
        color = td_json_get_lit(v, "color");

        if (name && name->type == TD_STRING) {
            who->name_len = ngx_tidraw_people_text(who->name, TD_ZONE_NAME,
                                                   name->u.string.data,
                                                   name->u.string.len);
        }

        if (color && color->type == TD_STRING) {
            who->color_len = ngx_tidraw_people_text(who->color, TD_ZONE_COLOR,
                                                    color->u.string.data,
                                                    color->u.string.len);
        }
    }

    if (who->name_len == 0) {
        who->name_len = who->user_name_len;
        ngx_memcpy(who->name, who->user_name, TD_ZONE_NAME);
    }

    if (who->color_len == 0) {
        who->color_len = who->user_color_len;
        ngx_memcpy(who->color, who->user_color, TD_ZONE_COLOR);
    }

    return NGX_OK;
}


/* As much as fits of WTF-8, in whole characters. */

static uint8_t
ngx_tidraw_people_text(char *dst, size_t max, const char *data, size_t len)
{
    if (len > max) {
        for (len = max; len && (data[len] & 0xc0) == 0x80; len--) {
            /* void */
        }
    }

    ngx_memcpy(dst, data, len);

    return (uint8_t) len;
}


static ngx_uint_t
ngx_tidraw_people_says(td_str_t op, const char *name, size_t len)
{
    return memmem(op.data, op.len, name, len) != NULL;
}


ngx_array_t *
ngx_tidraw_people_of(ngx_tidraw_site_t *site, ngx_str_t *room,
    ngx_pool_t *pool)
{
    int             slot;
    size_t          len;
    uint32_t        pos;
    uint64_t        version;
    td_zone_t      *z;
    ngx_array_t    *people;
    td_zone_who_t   who;

    people = ngx_array_create(pool, 8, sizeof(td_zone_who_t));

    if (people == NULL || room->len != TD_ZONE_ROOM) {
        return people;
    }

    z = &site->zone->z;
    pos = 0;

    /* nobody need wait for the next tick to see that a worker died */

    (void) td_zone_reap(z, ngx_current_msec);

    while ((slot = td_zone_next(z, (char *) room->data, &pos)) != -1) {

        if (td_zone_read(z, slot, &who, NULL, &len, &version) == TD_OK
            && ngx_memcmp(who.room, room->data, TD_ZONE_ROOM) == 0
            && ngx_tidraw_people_add(people, &who) != NGX_OK)
        {
            return NULL;
        }
    }

    if (site->rooms
        && ngx_tidraw_crowd_of(site->rooms, room, people) != NGX_OK)
    {
        return NULL;
    }

    ngx_qsort(people->elts, people->nelts, sizeof(td_zone_who_t),
              ngx_tidraw_people_cmp);

    return people;
}


/* A presence that moves is in two places for a moment. */

ngx_int_t
ngx_tidraw_people_add(ngx_array_t *people, td_zone_who_t *who)
{
    uint64_t        since;
    ngx_uint_t      i;
    td_zone_who_t  *p;

    p = people->elts;

    for (i = 0; i < people->nelts; i++) {

        if (ngx_memcmp(p[i].id, who->id, TD_ZONE_ID) == 0) {

            since = ngx_min(p[i].since, who->since);

            if (p[i].away) {
                p[i] = *who;
            }

            p[i].since = since;

            return NGX_OK;
        }
    }

    if (people->nelts == NGX_TIDRAW_PEOPLE_MAX) {
        return NGX_OK;
    }

    p = ngx_array_push(people);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = *who;

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_tidraw_people_cmp(const void *one, const void *two)
{
    const td_zone_who_t *a = one;
    const td_zone_who_t *b = two;

    if (a->since != b->since) {
        return a->since < b->since ? -1 : 1;
    }

    return ngx_memcmp(a->id, b->id, TD_ZONE_ID);
}


ngx_uint_t
ngx_tidraw_sync_redis(ngx_tidraw_site_t *site)
{
    return ngx_tidraw_bus_up(site);
}
