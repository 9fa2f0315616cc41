
/*
 * Inside of the sync folder: who is here, as the shared zone knows it.
 */


#ifndef _NGX_TIDRAW_PEOPLE_H_INCLUDED_
#define _NGX_TIDRAW_PEOPLE_H_INCLUDED_


#include "ngx_tidraw_room.h"
#include "ngx_tidraw_bus.h"


void ngx_tidraw_people_start(ngx_tidraw_rooms_t *rooms);
void ngx_tidraw_people_stop(ngx_tidraw_rooms_t *rooms);

/*
 * The session has the name and color of its account from now on: NGX_OK, or
 * NGX_DECLINED when it has them already, NGX_ERROR: no memory.
 */
ngx_int_t ngx_tidraw_people_named(ngx_tidraw_client_t *s,
    ngx_tidraw_access_t *access);

/* The session is connected, or is gone and still shown, or changed.  Uses the
 * scratch arena without resetting it. */
void ngx_tidraw_people_here(ngx_tidraw_client_t *s);

/* The same, if the op on its presence changes what others read of it. */
void ngx_tidraw_people_shown(ngx_tidraw_client_t *s, td_str_t op);

/* The session has ended. */
void ngx_tidraw_people_left(ngx_tidraw_client_t *s);

/* Who the session is; NGX_DECLINED: it is not connected yet.  Uses the
 * scratch arena without resetting it. */
ngx_int_t ngx_tidraw_people_look(ngx_tidraw_client_t *s, td_zone_who_t *who);

/* Adds to an array of td_zone_who_t, each presence once.  NGX_OK, NGX_ERROR:
 * no memory. */
ngx_int_t ngx_tidraw_people_add(ngx_array_t *people, td_zone_who_t *who);


/* ngx_tidraw_crowd.c: the people of other hosts */

/* Each second. */
void ngx_tidraw_crowd_tick(ngx_tidraw_rooms_t *rooms);

/* Other hosts can be heard from now on. */
void ngx_tidraw_crowd_ask(ngx_tidraw_rooms_t *rooms);

void ngx_tidraw_crowd_receive(ngx_tidraw_rooms_t *rooms,
    ngx_tidraw_bus_message_t *m);
void ngx_tidraw_crowd_gone(ngx_tidraw_rooms_t *rooms, uint64_t node);
void ngx_tidraw_crowd_free(ngx_tidraw_rooms_t *rooms);

/* Adds who is on the board; as ngx_tidraw_people_add(). */
ngx_int_t ngx_tidraw_crowd_of(ngx_tidraw_rooms_t *rooms, ngx_str_t *room,
    ngx_array_t *people);


/* ngx_tidraw_generations.c: workers of before and after a reload */

/* Each second: are there others? */
void ngx_tidraw_generations_look(ngx_tidraw_rooms_t *rooms);
void ngx_tidraw_generations_stop(ngx_tidraw_rooms_t *rooms);

/* This worker was told to quit: shows all it has. */
void ngx_tidraw_generations_leave(ngx_tidraw_rooms_t *rooms);

/* Takes the presence that others show of the room.  Resets the scratch
 * arena. */
void ngx_tidraw_generations_meet(ngx_tidraw_room_t *room);


#endif /* _NGX_TIDRAW_PEOPLE_H_INCLUDED_ */
