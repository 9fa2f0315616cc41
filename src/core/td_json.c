
/*
 * JSON parser.
 *
 * A tree belongs to the arena it was parsed into and points into the caller's
 * text.  The text comes from the network: whatever it holds, the work stays
 * within O(n log n) and the recursion within the depth the caller allows.
 */


#include <stdlib.h>

#include "td_json_private.h"


/* Containers being parsed keep their children here until they close. */

#define TD_STACK_MEMBERS  64
#define TD_STACK_ITEMS    128

/* Nodes are taken from the arena in groups, small ones first. */

#define TD_NODES_MIN      4
#define TD_NODES_MAX      64


typedef struct {
    td_arena_t   *arena;
    const char   *end;
    int           rc;

    td_json_t    *nodes;            /* taken, not used yet */
    size_t        nnodes;
    size_t        take;

    td_member_t  *members;
    size_t        nmembers;
    size_t        members_size;
    td_json_t   **items;
    size_t        nitems;
    size_t        items_size;

    td_member_t   first_members[TD_STACK_MEMBERS];
    td_json_t    *first_items[TD_STACK_ITEMS];
} td_parse_t;


static const char *td_parse_value(td_parse_t *ps, const char *p,
    unsigned depth, td_json_t **value);


/*
 * The first quote, backslash or control character at or after p, or end.
 * Eight bytes at a time; the exact place is looked for byte by byte.
 */

static const char *
td_scan(const char *p, const char *end)
{
    uint64_t       v, quote, slash;
    unsigned char  c;

    while (end - p >= 8) {
        v = td_load64(p);
        quote = v ^ (TD_ONES * '"');
        slash = v ^ (TD_ONES * '\\');

        v = (((v - TD_ONES * 0x20) & ~v)
             | ((quote - TD_ONES) & ~quote)
             | ((slash - TD_ONES) & ~slash))
            & TD_HIGHS;

        if (v != 0) {

#if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

            /* a borrow marks only bytes after a true match */

            return p + __builtin_ctzll(v) / 8;
#else
            break;
#endif
        }

        p += 8;
    }

    for ( /* void */ ; p < end; p++) {
        c = (unsigned char) *p;

        if (c == '"' || c == '\\' || c < 0x20) {
            break;
        }
    }

    return p;
}


static const char *
td_parse_fail(td_parse_t *ps, int rc)
{
    ps->rc = rc;

    return NULL;
}


static const char *
td_skip_space(const char *p, const char *end)
{
    while (p < end
           && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    {
        p++;
    }

    return p;
}


/* The value of four hexadecimal digits or -1. */

static int
td_parse_hex4(const char *p)
{
    int  i, c, v;

    v = 0;

    for (i = 0; i < 4; i++) {
        c = (unsigned char) p[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else {
            c |= 0x20;

            if (c < 'a' || c > 'f') {
                return -1;
            }

            c -= 'a' - 10;
        }

        v = v << 4 | c;
    }

    return v;
}


/*
 * Decodes the escape at p, which opens with a backslash and has at least one
 * byte behind it.  Halves of a surrogate pair that stand alone become three
 * bytes each.
 */

static const char *
td_decode_escape(const char *p, const char *end, char **dst)
{
    int    unit, low;
    char  *d;

    d = *dst;

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
        *d++ = p[1];
        break;

    case 'b':
        *d++ = '\b';
        break;

    case 'f':
        *d++ = '\f';
        break;

    case 'n':
        *d++ = '\n';
        break;

    case 'r':
        *d++ = '\r';
        break;

    case 't':
        *d++ = '\t';
        break;

    case 'u':

        if (end - p < 6) {
            return NULL;
        }

        unit = td_parse_hex4(p + 2);
        if (unit < 0) {
            return NULL;
        }

        if (unit < 0x80) {
            *d++ = (char) unit;

        } else if (unit < 0x800) {
            *d++ = (char) (0xc0 | unit >> 6);
            *d++ = (char) (0x80 | (unit & 0x3f));

        } else {

            if (unit >= 0xd800 && unit <= 0xdbff
                && end - p >= 12 && p[6] == '\\' && p[7] == 'u')
            {
                low = td_parse_hex4(p + 8);

                if (low >= 0xdc00 && low <= 0xdfff) {
                    unit = 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff));

                    *d++ = (char) (0xf0 | unit >> 18);
                    *d++ = (char) (0x80 | (unit >> 12 & 0x3f));
                    *d++ = (char) (0x80 | (unit >> 6 & 0x3f));
                    *d++ = (char) (0x80 | (unit & 0x3f));
                    *dst = d;

                    return p + 12;
                }
            }

            *d++ = (char) (0xe0 | unit >> 12);
            *d++ = (char) (0x80 | (unit >> 6 & 0x3f));
            *d++ = (char) (0x80 | (unit & 0x3f));
        }

        *dst = d;

        return p + 6;

    default:
        return NULL;
    }

    *dst = d;

    return p + 2;
}


/* A string with escapes: p is its first byte, escape the first backslash. */

static const char *
td_parse_escaped(td_parse_t *ps, const char *p, const char *escape,
    td_str_t *s)
{
    char        *dst, *start;
    const char  *close, *run;

    for (close = escape; *close != '"'; /* void */ ) {

        if (*close != '\\' || ps->end - close < 2) {
            return td_parse_fail(ps, TD_BAD);
        }

        close = td_scan(close + 2, ps->end);

        if (close == ps->end) {
            return td_parse_fail(ps, TD_BAD);
        }
    }

    start = td_arena_alloc(ps->arena, (size_t) (close - p));
    if (start == NULL) {
        return td_parse_fail(ps, TD_NOMEM);
    }

    dst = start;
    run = p;
    p = escape;

    for ( ;; ) {
        memcpy(dst, run, (size_t) (p - run));
        dst += p - run;

        if (p == close) {
            break;
        }

        run = td_decode_escape(p, close, &dst);
        if (run == NULL) {
            return td_parse_fail(ps, TD_BAD);
        }

        p = td_scan(run, close);
    }

    s->data = start;
    s->len = (size_t) (dst - start);

    return close + 1;
}


/* p is behind the opening quote. */

static const char *
td_parse_string(td_parse_t *ps, const char *p, td_str_t *s)
{
    const char  *q;

    q = td_scan(p, ps->end);

    if (q == ps->end) {
        return td_parse_fail(ps, TD_BAD);
    }

    if (*q != '"') {
        return td_parse_escaped(ps, p, q, s);
    }

    s->data = p;
    s->len = (size_t) (q - p);

    return q + 1;
}


static int
td_push_member(td_parse_t *ps, td_str_t key, td_json_t *value)
{
    size_t        size;
    td_member_t  *members;

    if (ps->nmembers == ps->members_size) {
        size = ps->members_size * 2;
        members = ps->members == ps->first_members ? NULL : ps->members;

        members = realloc(members, size * sizeof(td_member_t));
        if (members == NULL) {
            return TD_NOMEM;
        }

        if (ps->members == ps->first_members) {
            memcpy(members, ps->first_members, sizeof(ps->first_members));
        }

        ps->members = members;
        ps->members_size = size;
    }

    ps->members[ps->nmembers].key = key;
    ps->members[ps->nmembers].value = value;
    ps->nmembers++;

    return TD_OK;
}


static int
td_push_item(td_parse_t *ps, td_json_t *value)
{
    size_t       size;
    td_json_t  **items;

    if (ps->nitems == ps->items_size) {
        size = ps->items_size * 2;
        items = ps->items == ps->first_items ? NULL : ps->items;

        items = realloc(items, size * sizeof(td_json_t *));
        if (items == NULL) {
            return TD_NOMEM;
        }

        if (ps->items == ps->first_items) {
            memcpy(items, ps->first_items, sizeof(ps->first_items));
        }

        ps->items = items;
        ps->items_size = size;
    }

    ps->items[ps->nitems++] = value;

    return TD_OK;
}


static const char *
td_parse_array(td_parse_t *ps, const char *p, unsigned depth, td_json_t *v)
{
    size_t      base, n;
    td_json_t  *item;

    base = ps->nitems;

    p = td_skip_space(p, ps->end);

    if (p < ps->end && *p == ']') {
        v->u.items = NULL;
        return p + 1;
    }

    for ( ;; ) {
        p = td_parse_value(ps, p, depth, &item);
        if (p == NULL) {
            return NULL;
        }

        if (td_push_item(ps, item) != TD_OK) {
            return td_parse_fail(ps, TD_NOMEM);
        }

        p = td_skip_space(p, ps->end);

        if (p == ps->end) {
            return td_parse_fail(ps, TD_BAD);
        }

        if (*p == ',') {
            p++;
            continue;
        }

        if (*p != ']') {
            return td_parse_fail(ps, TD_BAD);
        }

        break;
    }

    n = ps->nitems - base;

    v->u.items = td_arena_alloc(ps->arena, n * sizeof(td_json_t *));
    if (v->u.items == NULL) {
        return td_parse_fail(ps, TD_NOMEM);
    }

    memcpy(v->u.items, ps->items + base, n * sizeof(td_json_t *));
    v->count = (uint32_t) n;
    ps->nitems = base;

    return p + 1;
}


/*
 * Removes duplicate keys of a small object; returns what is left.  A bit set
 * of cheap hashes tells most keys apart from all earlier ones at once.
 */

static uint32_t
td_unique_small(td_member_t *members, uint32_t n)
{
    unsigned     h;
    uint32_t     i, j, k;
    uint64_t     seen, bit;
    td_str_t    *key;

    seen = 0;
    k = 0;

    for (i = 0; i < n; i++) {
        key = &members[i].key;
        h = (unsigned) key->len;

        if (key->len != 0) {
            h = h * 7 + (unsigned char) key->data[0] * 5
                + (unsigned char) key->data[key->len - 1];
        }

        bit = (uint64_t) 1 << (h & 63);
        j = k;

        if (seen & bit) {
            for (j = 0; j < k; j++) {
                if (td_str_eq(members[j].key, *key)) {
                    members[j].value = members[i].value;
                    break;
                }
            }
        }

        if (j == k) {
            seen |= bit;
            members[k++] = members[i];
        }
    }

    return k;
}


static int
td_close_object(td_parse_t *ps, size_t base, td_json_t *v)
{
    uint32_t      n;
    td_index_t   *index;
    td_member_t  *members;

    n = (uint32_t) (ps->nmembers - base);
    members = ps->members + base;
    ps->nmembers = base;

    if (n <= TD_INDEX_MIN) {
        n = td_unique_small(members, n);

    } else {
        index = td_index_create(ps->arena, n);
        if (index == NULL) {
            return TD_NOMEM;
        }

        n = td_index_unique(index, members, n);
        v->index = index;
    }

    v->u.members = td_arena_alloc(ps->arena, n * sizeof(td_member_t));
    if (v->u.members == NULL) {
        return TD_NOMEM;
    }

    memcpy(v->u.members, members, n * sizeof(td_member_t));
    v->count = n;

    return TD_OK;
}


static const char *
td_parse_object(td_parse_t *ps, const char *p, unsigned depth, td_json_t *v)
{
    size_t      base;
    td_str_t    key;
    td_json_t  *value;

    base = ps->nmembers;

    p = td_skip_space(p, ps->end);

    if (p < ps->end && *p == '}') {
        v->u.members = NULL;
        return p + 1;
    }

    for ( ;; ) {

        if (p == ps->end || *p != '"') {
            return td_parse_fail(ps, TD_BAD);
        }

        p = td_parse_string(ps, p + 1, &key);
        if (p == NULL) {
            return NULL;
        }

        p = td_skip_space(p, ps->end);

        if (p == ps->end || *p != ':') {
            return td_parse_fail(ps, TD_BAD);
        }

        p = td_parse_value(ps, p + 1, depth, &value);
        if (p == NULL) {
            return NULL;
        }

        if (td_push_member(ps, key, value) != TD_OK) {
            return td_parse_fail(ps, TD_NOMEM);
        }

        p = td_skip_space(p, ps->end);

        if (p == ps->end) {
            return td_parse_fail(ps, TD_BAD);
        }

        if (*p == ',') {
            p = td_skip_space(p + 1, ps->end);
            continue;
        }

        if (*p != '}') {
            return td_parse_fail(ps, TD_BAD);
        }

        break;
    }

    if (td_close_object(ps, base, v) != TD_OK) {
        return td_parse_fail(ps, TD_NOMEM);
    }

    return p + 1;
}


static const char *
td_parse_literal(td_parse_t *ps, const char *p, const char *text, size_t len)
{
    if ((size_t) (ps->end - p) < len || memcmp(p, text, len) != 0) {
        return td_parse_fail(ps, TD_BAD);
    }

    return p + len;
}


static int
td_take_nodes(td_parse_t *ps)
{
    ps->nodes = td_arena_alloc(ps->arena, ps->take * sizeof(td_json_t));
    if (ps->nodes == NULL) {
        return TD_NOMEM;
    }

    ps->nnodes = ps->take;

    if (ps->take < TD_NODES_MAX) {
        ps->take *= 2;
    }

    return TD_OK;
}


static const char *
td_parse_value(td_parse_t *ps, const char *p, unsigned depth,
    td_json_t **value)
{
    td_json_t   *v;
    const char  *start;

    p = td_skip_space(p, ps->end);

    if (p == ps->end) {
        return td_parse_fail(ps, TD_BAD);
    }

    if (ps->nnodes == 0 && td_take_nodes(ps) != TD_OK) {
        return td_parse_fail(ps, TD_NOMEM);
    }

    ps->nnodes--;
    v = ps->nodes++;

    start = p;

    v->count = 0;
    v->index = NULL;

    switch (*p) {

    case '"':
        v->type = TD_STRING;
        p = td_parse_string(ps, p + 1, &v->u.string);
        break;

    case '{':
    case '[':

        if (depth == 0) {
            return td_parse_fail(ps, TD_DEPTH);
        }

        if (*p == '{') {
            v->type = TD_OBJECT;
            p = td_parse_object(ps, p + 1, depth - 1, v);

        } else {
            v->type = TD_ARRAY;
            p = td_parse_array(ps, p + 1, depth - 1, v);
        }

        break;

    case 't':
        v->type = TD_TRUE;
        p = td_parse_literal(ps, p, "true", 4);
        break;

    case 'f':
        v->type = TD_FALSE;
        p = td_parse_literal(ps, p, "false", 5);
        break;

    case 'n':
        v->type = TD_NULL;
        p = td_parse_literal(ps, p, "null", 4);
        break;

    default:
        v->type = TD_NUMBER;
        p = td_json_number(p, ps->end, &v->u.number);

        if (p == NULL) {
            return td_parse_fail(ps, TD_BAD);
        }
    }

    if (p == NULL) {
        return NULL;
    }

    v->raw.data = start;
    v->raw.len = (size_t) (p - start);
    *value = v;

    return p;
}


int
td_json_parse(td_arena_t *a, const char *text, size_t len, unsigned depth,
    td_json_t **value)
{
    td_parse_t   ps;
    const char  *p;

    if (len == 0 || len > UINT32_MAX) {
        return TD_BAD;
    }

    ps.arena = a;
    ps.end = text + len;
    ps.rc = TD_OK;
    ps.nnodes = 0;
    ps.take = TD_NODES_MIN;
    ps.members = ps.first_members;
    ps.nmembers = 0;
    ps.members_size = TD_STACK_MEMBERS;
    ps.items = ps.first_items;
    ps.nitems = 0;
    ps.items_size = TD_STACK_ITEMS;

    p = td_parse_value(&ps, text, depth, value);

    if (p != NULL && td_skip_space(p, ps.end) != ps.end) {
        ps.rc = TD_BAD;
    }

    if (ps.members != ps.first_members) {
        free(ps.members);
    }

    if (ps.items != ps.first_items) {
        free(ps.items);
    }

    return ps.rc;
}
