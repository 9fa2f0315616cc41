
/*
 * What a commit adds to the history of its board: one row with the changes of
 * its pushes and who made them, in the same transaction.  Now and then, when
 * the rows have grown larger than the board, the board is stored whole before
 * them, so that no moment is far from a state.
 *
 * The texts live in the arena of the commit, the state in its operation.
 */


#include "ngx_tidraw_remote.h"


/* Bytes of changes that never make a state worth its place. */
#define NGX_TIDRAW_HISTORY_STATE    262144
#define NGX_TIDRAW_HISTORY_PEOPLE   32


static ngx_int_t ngx_tidraw_history_changes(ngx_tidraw_commit_t *c,
    ngx_str_t *text);
static ngx_int_t ngx_tidraw_history_people(ngx_tidraw_commit_t *c,
    ngx_str_t *text);
static td_str_t ngx_tidraw_history_person(ngx_tidraw_client_t *s);
static ngx_int_t ngx_tidraw_history_state(ngx_tidraw_room_t *room,
    ngx_tidraw_op_t *op, int64_t now);
static void ngx_tidraw_history_release(void *data);


ngx_int_t
ngx_tidraw_history_prepare(ngx_tidraw_room_t *room)
{
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    c->whole = 1;
    c->logged = 0;
    c->changes.len = 0;

    if (room->rooms->site->conf->history == 0) {
        return NGX_OK;
    }

    if (ngx_tidraw_history_changes(c, &c->changes) != NGX_OK) {
        return NGX_ERROR;
    }

    c->logged = c->changes.len;

    if (room->logged == 0) {

        /* a board that was never stored begins empty at clock 1 */

        c->whole = (room->doc.clock > 1 || room->doc.nrecords);

    } else {
        c->whole = (room->logged > ngx_max(room->doc.bytes,
                                           NGX_TIDRAW_HISTORY_STATE));
    }

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_history_steps(ngx_tidraw_room_t *room, ngx_tidraw_op_t *op,
    int64_t now)
{
    ngx_str_t             people;
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    if (c->changes.len == 0) {
        return NGX_OK;
    }

    if (c->whole && ngx_tidraw_history_state(room, op, now) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_tidraw_history_people(c, &people) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_HISTORY_PUT, "iiiiSS",
                              room->num, (int64_t) c->overlay->clock,
                              (int64_t) room->doc.clock, now, &people,
                              &c->changes);
}


void
ngx_tidraw_history_done(ngx_tidraw_room_t *room)
{
    ngx_tidraw_commit_t  *c;

    c = &room->commit;

    room->logged = c->logged + (c->whole ? 0 : room->logged);
}


/* The diffs of all pushes that changed something, one for each clock. */

static ngx_int_t
ngx_tidraw_history_changes(ngx_tidraw_commit_t *c, ngx_str_t *text)
{
    size_t              len;
    u_char             *p, separator;
    ngx_queue_t        *q;
    ngx_tidraw_push_t  *push;

    len = 1;

    for (q = ngx_queue_head(&c->running);
         q != ngx_queue_sentinel(&c->running);
         q = ngx_queue_next(q))
    {
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->effect.changed) {
            len += push->effect.diff.len + 1;
        }
    }

    p = td_arena_alloc(c->arena, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    text->len = len;

    separator = '[';

    for (q = ngx_queue_head(&c->running);
         q != ngx_queue_sentinel(&c->running);
         q = ngx_queue_next(q))
    {
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (push->effect.changed) {
            *p++ = separator;
            separator = ',';
            p = ngx_cpymem(p, push->effect.diff.data, push->effect.diff.len);
        }
    }

    *p = ']';

    return NGX_OK;
}


/*
 * A list of users' ids and of guests' names, these behind "~".  An author who
 * has left meanwhile is not in it.
 */

static ngx_int_t
ngx_tidraw_history_people(ngx_tidraw_commit_t *c, ngx_str_t *text)
{
    size_t              len;
    u_char             *p;
    td_str_t            who[NGX_TIDRAW_HISTORY_PEOPLE];
    ngx_uint_t          i, n, guests;
    ngx_queue_t        *q;
    ngx_tidraw_push_t  *push;

    n = 0;
    len = 2;
    guests = 0;

    for (q = ngx_queue_head(&c->running);
         q != ngx_queue_sentinel(&c->running)
         && n < NGX_TIDRAW_HISTORY_PEOPLE;
         q = ngx_queue_next(q))
    {
        push = ngx_queue_data(q, ngx_tidraw_push_t, queue);

        if (!push->effect.changed || push->client == NULL) {
            continue;
        }

        who[n] = ngx_tidraw_history_person(push->client);

        for (i = 0; i < n; i++) {
            if (((guests >> i) & 1) == push->client->guest
                && td_str_eq(who[i], who[n]))
            {
                break;
            }
        }

        if (i == n) {
            guests |= (ngx_uint_t) push->client->guest << n;
            len += who[n].len + 4;
            n++;
        }
    }

    p = td_arena_alloc(c->arena, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    *p++ = '[';

    for (i = 0; i < n; i++) {

        if (i != 0) {
            *p++ = ',';
        }

        *p++ = '"';

        if ((guests >> i) & 1) {
            *p++ = '~';
        }

        p = ngx_cpymem(p, who[i].data, who[i].len);
        *p++ = '"';
    }

    *p++ = ']';

    text->len = p - text->data;

    return NGX_OK;
}


/* As it stands between the quotes of a JSON string. */

static td_str_t
ngx_tidraw_history_person(ngx_tidraw_client_t *s)
{
    td_str_t  id;

    if (s->guest) {
        return td_presence_user_name(s->presence);
    }

    id.data = (char *) s->user_id.data;
    id.len = s->user_id.len;

    return id;
}


/* The board as it was before this commit. */

static ngx_int_t
ngx_tidraw_history_state(ngx_tidraw_room_t *room, ngx_tidraw_op_t *op,
    int64_t now)
{
    td_str_t              serialized;
    ngx_str_t             schema, state;
    ngx_pool_cleanup_t   *cln;
    ngx_tidraw_shared_t  *snapshot;

    cln = ngx_pool_cleanup_add(op->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    snapshot = ngx_tidraw_room_snapshot(room);
    if (snapshot == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_tidraw_history_release;
    cln->data = snapshot;

    serialized = td_schema_serialized(room->schema);
    schema.data = (u_char *) serialized.data;
    schema.len = serialized.len;

    state.data = snapshot->data;
    state.len = snapshot->len;

    return ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_STATE_PUT, "iiiSS",
                              room->num, (int64_t) room->doc.clock, now,
                              &schema, &state);
}


static void
ngx_tidraw_history_release(void *data)
{
    ngx_tidraw_shared_free(data);
}
