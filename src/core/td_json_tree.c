
/*
 * Reading a JSON tree: key lookup, equality, lengths.
 *
 * Nothing here allocates but the constructor of objects, which sets aside the
 * memory of the index.  Keys come from the network: lookup never degrades
 * beyond O(log n) comparisons, whatever they are.
 */


#include "td_json_private.h"


uint32_t
td_index_hash(td_str_t key)
{
    size_t       n;
    uint64_t     h, tail;
    const char  *p;

    p = key.data;
    n = key.len;
    h = n * 0x9e3779b97f4a7c15ull;

    for ( /* void */ ; n >= 8; n -= 8, p += 8) {
        h = (h ^ td_load64(p)) * 0xff51afd7ed558ccdull;
        h ^= h >> 32;
    }

    if (n != 0) {
        tail = 0;
        memcpy(&tail, p, n);
        h = (h ^ tail) * 0xff51afd7ed558ccdull;
        h ^= h >> 32;
    }

    h *= 0xc4ceb9fe1a85ec53ull;

    return (uint32_t) (h >> 32);
}


static int
td_key_cmp(const td_member_t *members, const td_slot_t *x, const td_slot_t *y)
{
    const td_str_t  *a, *b;

    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }

    a = &members[x->pos].key;
    b = &members[y->pos].key;

    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }

    return a->len != 0 ? memcmp(a->data, b->data, a->len) : 0;
}


/* A stable merge sort: equal keys keep the order of their members. */

static void
td_index_sort(const td_member_t *members, td_slot_t *slots, td_slot_t *aux,
    uint32_t n)
{
    uint32_t    i, j, k, half;
    td_slot_t   slot;

    if (n <= 8) {
        for (i = 1; i < n; i++) {
            slot = slots[i];

            for (j = i; j > 0; j--) {
                if (td_key_cmp(members, &slots[j - 1], &slot) <= 0) {
                    break;
                }

                slots[j] = slots[j - 1];
            }

            slots[j] = slot;
        }

        return;
    }

    half = n / 2;

    td_index_sort(members, slots, aux, half);
    td_index_sort(members, slots + half, aux, n - half);

    memcpy(aux, slots, half * sizeof(td_slot_t));

    for (i = 0, j = half, k = 0; i < half; k++) {

        if (j < n && td_key_cmp(members, &aux[i], &slots[j]) > 0) {
            slots[k] = slots[j++];

        } else {
            slots[k] = aux[i++];
        }
    }
}


static void
td_index_build(td_index_t *index, const td_member_t *members, uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        index->slots[i].hash = td_index_hash(members[i].key);
        index->slots[i].pos = i;
    }

    td_index_sort(members, index->slots, index->slots + index->capacity, n);

    index->ready = 1;
}


td_index_t *
td_index_create(td_arena_t *a, uint32_t n)
{
    td_index_t  *index;

    index = td_arena_alloc(a, sizeof(td_index_t)
                              + 2 * (size_t) n * sizeof(td_slot_t));
    if (index == NULL) {
        return NULL;
    }

    index->ready = 0;
    index->capacity = n;

    return index;
}


/* The sorted slots hold equal keys side by side, in order of appearance. */

uint32_t
td_index_unique(td_index_t *index, td_member_t *members, uint32_t n)
{
    uint32_t      i, k;
    td_slot_t    *slot;
    td_member_t  *first;

    td_index_build(index, members, n);

    slot = index->slots;
    first = &members[slot[0].pos];
    k = n;

    for (i = 1; i < n; i++) {

        if (td_key_cmp(members, &slot[i - 1], &slot[i]) != 0) {
            first = &members[slot[i].pos];
            continue;
        }

        first->value = members[slot[i].pos].value;
        members[slot[i].pos].value = NULL;
        k--;
    }

    if (k == n) {
        return n;
    }

    for (i = 0, k = 0; i < n; i++) {
        if (members[i].value != NULL) {
            members[k++] = members[i];
        }
    }

    td_index_build(index, members, k);

    return k;
}


td_member_t *
td_json_member(const td_json_t *v, td_str_t key)
{
    int           rc;
    uint32_t      i, left, right, hash;
    td_index_t   *index;
    td_member_t  *m;

    if (v == NULL || v->type != TD_OBJECT) {
        return NULL;
    }

    m = v->u.members;

    if (v->count <= TD_INDEX_MIN) {

        for (i = 0; i < v->count; i++, m++) {
            if (m->key.len == key.len
                && (key.len == 0
                    || (m->key.data[0] == key.data[0]
                        && memcmp(m->key.data, key.data, key.len) == 0)))
            {
                return m;
            }
        }

        return NULL;
    }

    index = v->index;

    if (!index->ready) {
        td_index_build(index, m, v->count);
    }

    hash = td_index_hash(key);
    left = 0;
    right = v->count;

    while (left < right) {
        i = left + (right - left) / 2;

        if (index->slots[i].hash < hash) {
            left = i + 1;
            continue;
        }

        if (index->slots[i].hash > hash) {
            right = i;
            continue;
        }

        m = &v->u.members[index->slots[i].pos];

        if (m->key.len != key.len) {
            rc = m->key.len < key.len ? -1 : 1;

        } else {
            rc = key.len != 0 ? memcmp(m->key.data, key.data, key.len) : 0;
        }

        if (rc == 0) {
            return m;
        }

        if (rc < 0) {
            left = i + 1;

        } else {
            right = i;
        }
    }

    return NULL;
}


td_json_t *
td_json_get(const td_json_t *v, td_str_t key)
{
    td_member_t  *m;

    m = td_json_member(v, key);

    return m != NULL ? m->value : NULL;
}


td_json_t *
td_json_object(td_arena_t *a, uint32_t count)
{
    td_json_t  *v;

    v = td_arena_alloc(a, sizeof(td_json_t));
    if (v == NULL) {
        return NULL;
    }

    v->type = TD_OBJECT;
    v->count = count;
    v->raw.len = 0;
    v->raw.data = NULL;
    v->index = NULL;

    v->u.members = td_arena_alloc(a, (size_t) count * sizeof(td_member_t));
    if (v->u.members == NULL) {
        return NULL;
    }

    if (count > TD_INDEX_MIN) {
        v->index = td_index_create(a, count);
        if (v->index == NULL) {
            return NULL;
        }
    }

    return v;
}


static int
td_json_equal_objects(const td_json_t *a, const td_json_t *b)
{
    uint32_t      i;
    td_json_t    *other;
    td_member_t  *m, *n;

    m = a->u.members;
    n = b->u.members;

    for (i = 0; i < a->count; i++) {

        /* keys mostly stand in the same order */

        other = td_str_eq(m[i].key, n[i].key) ? n[i].value
                                              : td_json_get(b, m[i].key);

        if (other == NULL || !td_json_equal(m[i].value, other)) {
            return 0;
        }
    }

    return 1;
}


int
td_json_equal(const td_json_t *a, const td_json_t *b)
{
    uint32_t  i;

    if (a == b) {
        return 1;
    }

    if (a->type != b->type) {
        return 0;
    }

    switch (a->type) {

    case TD_NUMBER:
        return a->u.number == b->u.number;

    case TD_STRING:
        return td_str_eq(a->u.string, b->u.string);

    case TD_ARRAY:
    case TD_OBJECT:

        if (a->count != b->count) {
            return 0;
        }

        if (a->raw.len != 0 && a->raw.len == b->raw.len
            && memcmp(a->raw.data, b->raw.data, a->raw.len) == 0)
        {
            return 1;
        }

        if (a->type == TD_OBJECT) {
            return td_json_equal_objects(a, b);
        }

        for (i = 0; i < a->count; i++) {
            if (!td_json_equal(a->u.items[i], b->u.items[i])) {
                return 0;
            }
        }

        return 1;

    default:
        return 1;
    }
}


/*
 * One unit for every byte that does not continue a sequence, and one more for
 * a sequence of four bytes; eight bytes at a time.
 */

size_t
td_utf16_length(td_str_t s)
{
    size_t         n, left;
    uint64_t       v, more, four;
    const char    *p;
    unsigned char  c;

    p = s.data;
    n = s.len;

    for (left = s.len; left >= 8; left -= 8, p += 8) {
        v = td_load64(p);

        if ((v & TD_HIGHS) == 0) {
            continue;
        }

        /* bit 7 of each byte: 10xxxxxx in "more", 1111xxxx in "four" */

        more = v & ~(v << 1) & TD_HIGHS;
        four = v & v << 1 & v << 2 & v << 3 & TD_HIGHS;

        n -= (size_t) ((more >> 7) * TD_ONES >> 56);
        n += (size_t) ((four >> 7) * TD_ONES >> 56);
    }

    for ( /* void */ ; left > 0; left--, p++) {
        c = (unsigned char) *p;

        if ((c & 0xc0) == 0x80) {
            n--;

        } else if (c >= 0xf0) {
            n++;
        }
    }

    return n;
}
