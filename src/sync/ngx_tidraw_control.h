
/*
 * Orders: how live sockets follow what the API changed.
 *
 * Whoever changes who may do what adds note() to the operation that does it,
 * and calls give() once that is stored.  give() reaches this host at once and
 * others by the bus, which may lose it; what was noted is read from the
 * database by every worker each second, so that an order arrives even when
 * Redis is away or its giver died.
 */


#ifndef _NGX_TIDRAW_CONTROL_H_INCLUDED_
#define _NGX_TIDRAW_CONTROL_H_INCLUDED_


#include "ngx_tidraw.h"
#include "ngx_tidraw_store.h"


/*
 * What the order is about.  Numbers are stored and sent, so they stay.
 *
 *   BOARD_GONE     the board was deleted: its sockets close, NOT_FOUND
 *   BOARD          a link of the board was changed or removed, or anything
 *                  else about who may use it: all sockets on it are looked up
 *   LOGIN_ENDED    subject, the hash of a login, is no longer valid: its
 *                  sockets close, NOT_AUTHENTICATED
 *   USER           subject, the id of a user: he was disabled or removed, or
 *                  some or all of his logins ended (the rows are gone, other
 *                  logins go on): his sockets on all boards are looked up
 *   MEMBER         subject, the id of a user: his role on the board was
 *                  given, changed or taken
 *   REPLACED       the board was replaced as a whole: its sockets close with
 *                  1012 and load it anew; need not be noted, who missed it
 *                  finds the history begin anew at the next poll
 *   KICK           subject, a presence id: its socket closes, FORBIDDEN
 *
 * Looked up: closed with the reason, or with 1012 when the role is another
 * (the client comes back with it), or left alone when nothing changed.  An
 * order too many is harmless.
 */

typedef enum {
    NGX_TIDRAW_CONTROL_BOARD_GONE = 1,
    NGX_TIDRAW_CONTROL_BOARD,
    NGX_TIDRAW_CONTROL_LOGIN_ENDED,
    NGX_TIDRAW_CONTROL_USER,
    NGX_TIDRAW_CONTROL_MEMBER,
    NGX_TIDRAW_CONTROL_REPLACED,
    NGX_TIDRAW_CONTROL_KICK
} ngx_tidraw_control_e;


/*
 * Appends the order to a writing operation, as its last steps: they take a
 * lock that all orders share, and earlier steps keep their numbers in
 * op->results.  room is the id of the board, subject as above; NULL or empty
 * where the kind has none.  Both are copied; a failure shows in op->rc.
 */
void ngx_tidraw_control_note(ngx_tidraw_op_t *op, ngx_tidraw_control_e kind,
    ngx_str_t *room, ngx_str_t *subject);

/* After that operation came back with NGX_OK.  Never fails for the caller. */
void ngx_tidraw_control_give(ngx_tidraw_site_t *site,
    ngx_tidraw_control_e kind, ngx_str_t *room, ngx_str_t *subject);


#endif /* _NGX_TIDRAW_CONTROL_H_INCLUDED_ */
