
/*
 * The batch of a tick: what happened in a room, written once, sent to every
 * session with one write each.
 *
 * Patches stand behind one another in one buffer, each with a leading comma,
 * so that a frame for somebody who wrote none of them is one piece of it; for
 * an author his own patches are cut out and his results put in their place.
 * The order of the items is the order of the room (sync-protocol 4.9).
 */


#include "ngx_tidraw_remote.h"


#define NGX_TIDRAW_SHARED_HEAD  offsetof(ngx_tidraw_shared_t, data)

/* A batch with more text than this leaves at once. */
#define NGX_TIDRAW_BATCH_BYTES  (16 * 1024 * 1024)


static ngx_tidraw_item_t *ngx_tidraw_fanout_item(ngx_tidraw_room_t *room);
static ngx_int_t ngx_tidraw_fanout_begin(td_buf_t *b);
static void ngx_tidraw_fanout_undo(td_buf_t *b, size_t len);
static ngx_tidraw_shared_t *ngx_tidraw_fanout_share(td_buf_t *b);
static void ngx_tidraw_fanout_release(td_buf_t *b, ngx_tidraw_shared_t *shared);
static ngx_uint_t ngx_tidraw_fanout_slices(ngx_tidraw_client_t *s,
    ngx_tidraw_shared_t *text, ngx_tidraw_shared_t *extra);
static void ngx_tidraw_fanout_measure(ngx_tidraw_room_t *room);


static u_char  ngx_tidraw_data_head[] = "{\"type\":\"data\",\"data\":[";
static u_char  ngx_tidraw_data_tail[] = "]}";

static ngx_tidraw_slice_t  ngx_tidraw_slices[2 * NGX_TIDRAW_BATCH_MAX + 8];


void
ngx_tidraw_fanout_free(ngx_tidraw_room_t *room)
{
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    ngx_tidraw_event_stop(&b->event);

    if (b->items) {
        ngx_free(b->items);
    }

    td_buf_free(&b->text);
    td_buf_free(&b->extra);
}


ngx_tidraw_item_t *
ngx_tidraw_fanout_patch(ngx_tidraw_room_t *room, ngx_tidraw_client_t *origin,
    uint64_t clock, td_str_t *id, td_str_t diff, td_str_t legacy)
{
    size_t               text, extra;
    ngx_uint_t           others;
    ngx_tidraw_item_t   *item;
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    item = ngx_tidraw_fanout_item(room);
    if (item == NULL) {
        return NULL;
    }

    item->origin = origin;

    if (origin) {
        origin->batched++;
    }

    others = room->nconnected;

    if (origin && origin->state == NGX_TIDRAW_CLIENT_CONNECTED) {
        others--;
    }

    if (others == 0) {
        return item;
    }

    text = b->text.len;
    extra = b->extra.len;

    if (ngx_tidraw_fanout_begin(&b->text) != NGX_OK) {
        goto failed;
    }

    item->patch = b->text.len;

    if (id) {
        td_write_patch_one(&b->text, clock, *id, diff);

    } else {
        td_write_patch(&b->text, clock, diff);
    }

    item->patch_len = b->text.len - item->patch;

    if (legacy.len && room->nlegacy) {

        if (ngx_tidraw_fanout_begin(&b->extra) != NGX_OK) {
            goto failed;
        }

        item->legacy = b->extra.len;

        if (id) {
            td_write_patch_one(&b->extra, clock, *id, legacy);

        } else {
            td_write_patch(&b->extra, clock, legacy);
        }

        item->legacy_len = b->extra.len - item->legacy;
    }

    if (b->text.failed || b->text.len > NGX_MAX_UINT32_VALUE
        || b->extra.failed || b->extra.len > NGX_MAX_UINT32_VALUE)
    {
        goto failed;
    }

    if (item->legacy_len) {
        b->nlegacy++;
    }

    return item;

failed:

    /* half a patch must not leave with the others */

    ngx_tidraw_fanout_undo(&b->text, text);
    ngx_tidraw_fanout_undo(&b->extra, extra);

    if (origin) {
        origin->batched--;
    }

    b->nitems--;

    return NULL;
}


static void
ngx_tidraw_fanout_undo(td_buf_t *b, size_t len)
{
    b->len = len;
    b->failed = 0;
}


ngx_int_t
ngx_tidraw_fanout_result(ngx_tidraw_client_t *s, ngx_tidraw_item_t *item,
    td_str_t client_clock, uint64_t clock, td_action_e action, td_str_t rebase)
{
    size_t               extra;
    ngx_tidraw_batch_t  *b;

    b = &s->room->batch;

    if (item == NULL) {
        item = ngx_tidraw_fanout_item(s->room);
        if (item == NULL) {
            return NGX_ERROR;
        }

        item->origin = s;
        s->batched++;
    }

    extra = b->extra.len;

    if (ngx_tidraw_fanout_begin(&b->extra) != NGX_OK) {
        ngx_tidraw_fanout_undo(&b->extra, extra);
        return NGX_ERROR;
    }

    item->result = b->extra.len;

    td_write_result(&b->extra, client_clock, clock, action, rebase);

    item->result_len = b->extra.len - item->result;

    if (b->extra.failed || b->extra.len > NGX_MAX_UINT32_VALUE) {
        ngx_tidraw_fanout_undo(&b->extra, extra);
        item->result_len = 0;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_tidraw_item_t *
ngx_tidraw_fanout_item(ngx_tidraw_room_t *room)
{
    ngx_uint_t           size;
    ngx_tidraw_item_t   *items, *item;
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    if (b->nitems == NGX_TIDRAW_BATCH_MAX
        || b->text.len + b->extra.len > NGX_TIDRAW_BATCH_BYTES)
    {
        ngx_tidraw_fanout_flush(room);
    }

    if (b->nitems == b->size) {
        size = b->size ? b->size * 2 : 8;

        items = ngx_alloc(size * sizeof(ngx_tidraw_item_t),
                          room->rooms->site->log);
        if (items == NULL) {
            return NULL;
        }

        if (b->items) {
            ngx_memcpy(items, b->items, b->nitems * sizeof(ngx_tidraw_item_t));
            ngx_free(b->items);
        }

        b->items = items;
        b->size = size;
    }

    item = &b->items[b->nitems++];
    ngx_memzero(item, sizeof(ngx_tidraw_item_t));

    return item;
}


/*
 * Leaves room for the head of a ngx_tidraw_shared_t, so that the buffer can
 * be shared where it stands.  td_buf_t allocates as ngx_alloc() does.
 */

static ngx_int_t
ngx_tidraw_fanout_begin(td_buf_t *b)
{
    if (b->len) {
        return NGX_OK;
    }

    if (td_buf_reserve(b, 1024) != TD_OK) {
        return NGX_ERROR;
    }

    b->len = NGX_TIDRAW_SHARED_HEAD;

    return NGX_OK;
}


static ngx_tidraw_shared_t *
ngx_tidraw_fanout_share(td_buf_t *b)
{
    ngx_tidraw_shared_t  *shared;

    if (b->len == 0) {
        return NULL;
    }

    shared = (ngx_tidraw_shared_t *) b->data;

    shared->refs = 1;
    shared->len = b->len - NGX_TIDRAW_SHARED_HEAD;
    shared->size = shared->len;

    return shared;
}


/* Some queue may still refer to it; if none does, the next tick uses it. */

static void
ngx_tidraw_fanout_release(td_buf_t *b, ngx_tidraw_shared_t *shared)
{
    if (shared == NULL) {
        return;
    }

    if (shared->refs == 1) {
        td_buf_reset(b);
        return;
    }

    ngx_tidraw_shared_free(shared);
    ngx_memzero(b, sizeof(td_buf_t));
}


void
ngx_tidraw_fanout_flush(ngx_tidraw_room_t *room)
{
    ngx_uint_t             n;
    ngx_queue_t           *q;
    ngx_tidraw_batch_t    *b;
    ngx_tidraw_shared_t   *text, *extra;
    ngx_tidraw_client_t  *s;

    b = &room->batch;

    if (!b->told) {
        ngx_tidraw_remote_flush(room);
    }

    ngx_tidraw_pace_flushed(room);

    if (b->nitems == 0) {
        return;
    }

    ngx_tidraw_room_changed(room);

    text = ngx_tidraw_fanout_share(&b->text);
    extra = ngx_tidraw_fanout_share(&b->extra);

    /* sending ends no session here: closed() is posted */

    for (q = ngx_queue_head(&room->sessions);
         q != ngx_queue_sentinel(&room->sessions);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_tidraw_client_t, queue);

        if (s->state == NGX_TIDRAW_CLIENT_CONNECTED) {

            n = ngx_tidraw_fanout_slices(s, text, extra);

            if (n) {
                (void) ngx_tidraw_ws_send(s->ws, ngx_tidraw_slices, n, 0);
            }
        }

        s->batched = 0;
    }

    if (b->ntimed) {
        ngx_tidraw_fanout_measure(room);
    }

    b->nitems = 0;
    b->nlegacy = 0;
    b->flushed = ngx_current_msec;

    ngx_tidraw_fanout_release(&b->text, text);
    ngx_tidraw_fanout_release(&b->extra, extra);
}


/* How old the edits are that others have got now. */

static void
ngx_tidraw_fanout_measure(ngx_tidraw_room_t *room)
{
    ngx_uint_t           i;
    ngx_tidraw_batch_t  *b;

    b = &room->batch;

    for (i = 0; i < b->nitems; i++) {
        if (b->items[i].timed) {
            ngx_tidraw_observe(room->rooms->site, NGX_TIDRAW_HIST_PEER,
                               ngx_current_msec - b->items[i].came);
        }
    }

    b->ntimed = 0;
}


/* Fills ngx_tidraw_slices with the message of one session; 0: nothing. */

static ngx_uint_t
ngx_tidraw_fanout_slices(ngx_tidraw_client_t *s, ngx_tidraw_shared_t *text,
    ngx_tidraw_shared_t *extra)
{
    u_char               *p, *last;
    ngx_uint_t            i, n, legacy, slow;
    ngx_tidraw_item_t    *item;
    ngx_tidraw_batch_t   *b;
    ngx_tidraw_slice_t   *slice;
    ngx_tidraw_shared_t  *owner;

    b = &s->room->batch;

    legacy = (s->protocol < TD_PROTOCOL_MAX && b->nlegacy);
    slow = (ngx_tidraw_ws_queued(s->ws) != 0);

    slice = ngx_tidraw_slices;
    slice[0].owner = NULL;
    slice[0].pos = ngx_tidraw_data_head;
    slice[0].last = ngx_tidraw_data_head + sizeof(ngx_tidraw_data_head) - 1;
    n = 1;

    if (s->batched == 0 && !legacy && !slow) {

        if (text == NULL) {
            return 0;
        }

        slice[1].owner = text;
        slice[1].pos = text->data;
        slice[1].last = text->data + text->len;
        n = 2;

        goto done;
    }

    for (i = 0; i < b->nitems; i++) {
        item = &b->items[i];

        if (item->origin == s) {
            if (item->result_len == 0) {
                continue;
            }

            owner = extra;
            p = (u_char *) extra + item->result;
            last = p + item->result_len;

        } else if (item->patch_len == 0) {
            continue;

        } else if (slow && item->thin) {
            s->behind = 1;
            continue;

        } else if (legacy && item->legacy_len) {
            owner = extra;
            p = (u_char *) extra + item->legacy;
            last = p + item->legacy_len;

        } else {
            owner = text;
            p = (u_char *) text + item->patch;
            last = p + item->patch_len;
        }

        if (n > 1 && slice[n - 1].last == p) {
            slice[n - 1].last = last;
            continue;
        }

        slice[n].owner = owner;
        slice[n].pos = p;
        slice[n].last = last;
        n++;
    }

    if (n == 1) {
        return 0;
    }

done:

    /* items begin with a comma */

    slice[1].pos++;

    slice[n].owner = NULL;
    slice[n].pos = ngx_tidraw_data_tail;
    slice[n].last = ngx_tidraw_data_tail + sizeof(ngx_tidraw_data_tail) - 1;

    return n + 1;
}


void
ngx_tidraw_fanout_forget(ngx_tidraw_client_t *s)
{
    ngx_uint_t           i;
    ngx_tidraw_batch_t  *b;

    b = &s->room->batch;

    for (i = 0; s->batched && i < b->nitems; i++) {
        if (b->items[i].origin == s) {
            b->items[i].origin = NULL;
            b->items[i].result_len = 0;
            s->batched--;
        }
    }
}


ngx_int_t
ngx_tidraw_slice_copy(ngx_tidraw_slice_t *slice, td_buf_t *b, ngx_log_t *log)
{
    ngx_tidraw_shared_t  *shared;

    shared = b->failed ? NULL : ngx_tidraw_shared_create(b->len, log);

    if (shared) {
        ngx_memcpy(shared->data, b->data, b->len);
        shared->len = b->len;

        slice->owner = shared;
        slice->pos = shared->data;
        slice->last = shared->data + shared->len;
    }

    td_buf_free(b);

    return shared ? NGX_OK : NGX_ERROR;
}
