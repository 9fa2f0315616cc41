
/*
 * Inside of the sync folder: who is here, as the shared zone knows it.
 */


#ifndef _NGX_TIDRAW_PEOPLE_H_INCLUDED_
#define _NGX_TIDRAW_PEOPLE_H_INCLUDED_


#include "ngx_tidraw_room.h"


void ngx_tidraw_people_start(ngx_tidraw_rooms_t *rooms);
void ngx_tidraw_people_stop(ngx_tidraw_rooms_t *rooms);

/* The session is connected, or is gone and still shown, or changed.  Uses the
 * scratch arena without resetting it. */
void ngx_tidraw_people_here(ngx_tidraw_client_t *s);

/* The same, if the op on its presence changes what others read of it. */
void ngx_tidraw_people_shown(ngx_tidraw_client_t *s, td_str_t op);

/* The session has ended. */
void ngx_tidraw_people_left(ngx_tidraw_client_t *s);


#endif /* _NGX_TIDRAW_PEOPLE_H_INCLUDED_ */
