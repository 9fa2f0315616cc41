
/*
 * Records and tombstones of one board, by id and in the order of their
 * clocks.  The room owns every entry and its text.
 */


#include "td_room.h"

#include <stdlib.h>


#define TD_ROOM_BUCKETS_MIN   16
#define TD_ROOM_BUCKETS_MAX   (1U << 24)

/* Records nest less deep than the message that carried them. */
#define TD_ROOM_DEPTH         128


static void td_room_grow(td_room_t *room);
static void td_room_unlink(td_room_t *room, td_entry_t *e);
static void td_room_append(td_room_t *room, td_entry_t *e);
static void td_room_drop(td_room_t *room, td_entry_t *e);
static void td_room_write_entry(const td_entry_t *e, td_buf_t *b,
    size_t start);


int
td_room_init(td_room_t *room, uint32_t seed, uint64_t clock, uint64_t history)
{
    memset(room, 0, sizeof(td_room_t));

    room->buckets = calloc(TD_ROOM_BUCKETS_MIN, sizeof(td_entry_t *));
    if (room->buckets == NULL) {
        return TD_NOMEM;
    }

    room->nbuckets = TD_ROOM_BUCKETS_MIN;
    room->seed = seed;
    room->clock = clock;
    room->history = history;

    return TD_OK;
}


void
td_room_free(td_room_t *room)
{
    td_entry_t  *e, *next;

    for (e = room->oldest; e; e = next) {
        next = e->next;
        free(e->text);
        free(e);
    }

    free(room->buckets);

    memset(room, 0, sizeof(td_room_t));
}


/* Multiply and fold; the seed keeps clients from choosing the bucket. */

uint32_t
td_room_hash(uint32_t seed, td_str_t id)
{
    size_t    i;
    uint64_t  h, w;

    h = (uint64_t) seed * 0x9e3779b97f4a7c15ULL + id.len;

    for (i = 0; i + 8 <= id.len; i += 8) {
        memcpy(&w, id.data + i, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    }

    for (w = 0; i < id.len; i++) {
        w = (w << 8) | (unsigned char) id.data[i];
    }

    h = (h ^ w) * 0xc4ceb9fe1a85ec53ULL;
    h ^= h >> 29;
    h *= (uint64_t) seed | 1;

    return (uint32_t) (h ^ (h >> 32));
}


td_entry_t *
td_room_get(const td_room_t *room, td_str_t id)
{
    uint32_t     hash;
    td_entry_t  *e;

    hash = td_room_hash(room->seed, id);

    for (e = room->buckets[hash & (room->nbuckets - 1)]; e; e = e->chain) {
        if (e->hash == hash
            && e->id_len == id.len
            && memcmp(e->id, id.data, id.len) == 0)
        {
            return e;
        }
    }

    return NULL;
}


int
td_room_set(td_room_t *room, td_str_t id, td_str_t text, uint64_t clock)
{
    char        *copy;
    td_entry_t  *e, **bucket;

    if (id.len > UINT32_MAX / 2 || text.len > UINT32_MAX / 2) {
        return TD_TOO_BIG;
    }

    copy = NULL;

    if (text.data != NULL) {
        copy = malloc(text.len + 1);
        if (copy == NULL) {
            return TD_NOMEM;
        }

        memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
    }

    e = td_room_get(room, id);

    if (e == NULL) {
        e = malloc(sizeof(td_entry_t) + id.len);
        if (e == NULL) {
            free(copy);
            return TD_NOMEM;
        }

        memcpy(e->id, id.data, id.len);
        e->id[id.len] = '\0';
        e->id_len = (uint32_t) id.len;
        e->hash = td_room_hash(room->seed, id);

        td_room_grow(room);

        bucket = &room->buckets[e->hash & (room->nbuckets - 1)];
        e->chain = *bucket;
        *bucket = e;

    } else {
        td_room_unlink(room, e);
        free(e->text);
    }

    e->text = copy;
    e->text_len = (uint32_t) text.len;
    e->clock = clock;

    td_room_append(room, e);

    return TD_OK;
}


/* Failing to grow only makes look-ups slower. */

static void
td_room_grow(td_room_t *room)
{
    uint32_t      n;
    td_entry_t   *e, **buckets, **bucket;

    if (room->nrecords + room->ntombstones < room->nbuckets
        || room->nbuckets >= TD_ROOM_BUCKETS_MAX)
    {
        return;
    }

    n = room->nbuckets * 2;

    buckets = calloc(n, sizeof(td_entry_t *));
    if (buckets == NULL) {
        return;
    }

    for (e = room->oldest; e; e = e->next) {
        bucket = &buckets[e->hash & (n - 1)];
        e->chain = *bucket;
        *bucket = e;
    }

    free(room->buckets);

    room->buckets = buckets;
    room->nbuckets = n;
}


static void
td_room_unlink(td_room_t *room, td_entry_t *e)
{
    if (e->prev) {
        e->prev->next = e->next;

    } else {
        room->oldest = e->next;
    }

    if (e->next) {
        e->next->prev = e->prev;

    } else {
        room->newest = e->prev;
    }

    if (e->text) {
        room->nrecords--;
        room->bytes -= e->text_len;

    } else {
        room->ntombstones--;
    }
}


static void
td_room_append(td_room_t *room, td_entry_t *e)
{
    e->prev = room->newest;
    e->next = NULL;

    if (room->newest) {
        room->newest->next = e;

    } else {
        room->oldest = e;
    }

    room->newest = e;

    if (e->text) {
        room->nrecords++;
        room->bytes += e->text_len;

    } else {
        room->ntombstones++;
    }
}


static void
td_room_drop(td_room_t *room, td_entry_t *e)
{
    td_entry_t  **p;

    for (p = &room->buckets[e->hash & (room->nbuckets - 1)];
         *p != e;
         p = &(*p)->chain)
    {
        /* void */
    }

    *p = e->chain;

    td_room_unlink(room, e);

    free(e->text);
    free(e);
}


uint64_t
td_room_prune_point(const td_room_t *room, uint64_t clock)
{
    uint32_t     n;
    uint64_t     last;
    td_entry_t  *e;

    if (room->ntombstones <= TD_TOMBSTONES_MAX) {
        return room->history;
    }

    n = room->ntombstones - TD_TOMBSTONES_KEEP;
    last = 0;

    for (e = room->oldest; e; e = e->next) {
        if (e->text) {
            continue;
        }

        if (n == 0 && e->clock != last) {
            return e->clock;
        }

        if (n) {
            n--;
            last = e->clock;
        }
    }

    return clock;
}


void
td_room_prune(td_room_t *room, uint64_t history)
{
    td_entry_t  *e, *next;

    if (history <= room->history) {
        return;
    }

    room->history = history;

    for (e = room->oldest; e && e->clock < history; e = next) {
        next = e->next;

        if (e->text == NULL) {
            td_room_drop(room, e);
        }
    }
}


int
td_room_wipe_all(const td_room_t *room, int64_t known)
{
    return known < 0
           || (uint64_t) known > room->clock
           || (uint64_t) known < room->history;
}


void
td_room_write_all(const td_room_t *room, td_buf_t *b)
{
    size_t       start;
    td_entry_t  *e;

    start = b->len;

    for (e = room->oldest; e; e = e->next) {
        if (e->text) {
            td_room_write_entry(e, b, start);
        }
    }
}


void
td_room_write_since(const td_room_t *room, uint64_t since, td_buf_t *b)
{
    size_t       start;
    td_entry_t  *e;

    start = b->len;

    for (e = room->newest; e && e->clock > since; e = e->prev) {
        td_room_write_entry(e, b, start);
    }
}


static void
td_room_write_entry(const td_entry_t *e, td_buf_t *b, size_t start)
{
    if (b->len != start) {
        td_buf_char(b, ',');
    }

    td_buf_char(b, '"');
    td_buf_add(b, e->id, e->id_len);

    if (e->text) {
        td_buf_lit(b, "\":[\"put\",");
        td_buf_add(b, e->text, e->text_len);
        td_buf_char(b, ']');

    } else {
        td_buf_lit(b, "\":[\"remove\"]");
    }
}


int
td_room_foreign(td_arena_t *a, const td_room_t *room, td_str_t id,
    td_str_t text, td_buf_t *b, td_buf_t *legacy)
{
    int          rc;
    td_json_t   *r, *s, *v8, *v7;
    td_entry_t  *e;

    e = td_room_get(room, id);

    if (text.data == NULL) {
        if (e == NULL || e->text == NULL) {
            return 0;
        }

        td_buf_char(b, '"');
        td_buf_str(b, id);
        td_buf_lit(b, "\":[\"remove\"]");

        td_buf_char(legacy, '"');
        td_buf_str(legacy, id);
        td_buf_lit(legacy, "\":[\"remove\"]");

        return 1;
    }

    rc = td_json_parse(a, text.data, text.len, TD_ROOM_DEPTH, &s);
    if (rc != TD_OK) {
        return rc;
    }

    if (e == NULL
        || e->text == NULL
        || td_json_parse(a, e->text, e->text_len, TD_ROOM_DEPTH, &r) != TD_OK)
    {
        td_buf_char(b, '"');
        td_buf_str(b, id);
        td_buf_lit(b, "\":[\"put\",");
        td_buf_str(b, text);
        td_buf_char(b, ']');

        td_buf_char(legacy, '"');
        td_buf_str(legacy, id);
        td_buf_lit(legacy, "\":[\"put\",");
        td_buf_str(legacy, text);
        td_buf_char(legacy, ']');

        return 1;
    }

    if (td_value_diff(a, r, s, TD_DIFF_V8, &v8) != TD_OK
        || td_value_diff(a, r, s, TD_DIFF_NO_APPEND, &v7) != TD_OK)
    {
        return TD_NOMEM;
    }

    if (v8 == NULL) {
        return 0;
    }

    td_buf_char(b, '"');
    td_buf_str(b, id);
    td_buf_lit(b, "\":[\"patch\",");
    td_json_write(b, v8);
    td_buf_char(b, ']');

    td_buf_char(legacy, '"');
    td_buf_str(legacy, id);
    td_buf_lit(legacy, "\":[\"patch\",");
    td_json_write(legacy, v7 ? v7 : v8);
    td_buf_char(legacy, ']');

    return 1;
}


td_str_t
td_id_canonical(td_arena_t *a, td_str_t id)
{
    size_t    i;
    char     *p;
    td_buf_t  b;

    for (i = 0; i < id.len; i++) {
        if ((unsigned char) id.data[i] < 0x20
            || (unsigned char) id.data[i] >= 0x7f
            || id.data[i] == '"'
            || id.data[i] == '\\')
        {
            break;
        }
    }

    if (i == id.len) {
        return id;
    }

    memset(&b, 0, sizeof(td_buf_t));

    td_json_write_string(&b, id);

    p = b.failed ? NULL : td_arena_alloc(a, b.len);

    if (p == NULL) {
        td_buf_free(&b);
        return (td_str_t) { 0, NULL };
    }

    id.len = b.len - 2;
    memcpy(p, b.data + 1, id.len);
    id.data = p;

    td_buf_free(&b);

    return id;
}
