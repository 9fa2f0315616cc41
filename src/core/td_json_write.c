
/*
 * JSON writer and the constructors of built nodes.
 *
 * Built nodes live in the caller's arena and share what they are given; the
 * writer only reads them.
 */


#include "td_json.h"


/* Bytes that a string cannot hold as they are, or that need a look. */

#define TD_COPY       0
#define TD_ESCAPE     1
#define TD_SURROGATE  2             /* may open a lone surrogate in WTF-8 */


static const unsigned char  td_write_class[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    ['"'] = TD_ESCAPE,
    ['\\'] = TD_ESCAPE,
    [0xed] = TD_SURROGATE
};


static const char  td_hex[] = "0123456789abcdef";


static void
td_json_write_unit(td_buf_t *b, unsigned unit)
{
    char  p[6];

    p[0] = '\\';
    p[1] = 'u';
    p[2] = td_hex[unit >> 12 & 0xf];
    p[3] = td_hex[unit >> 8 & 0xf];
    p[4] = td_hex[unit >> 4 & 0xf];
    p[5] = td_hex[unit & 0xf];

    td_buf_add(b, p, sizeof(p));
}


static void
td_json_write_escape(td_buf_t *b, unsigned char c)
{
    switch (c) {

    case '"':
        td_buf_lit(b, "\\\"");
        break;

    case '\\':
        td_buf_lit(b, "\\\\");
        break;

    case '\b':
        td_buf_lit(b, "\\b");
        break;

    case '\f':
        td_buf_lit(b, "\\f");
        break;

    case '\n':
        td_buf_lit(b, "\\n");
        break;

    case '\r':
        td_buf_lit(b, "\\r");
        break;

    case '\t':
        td_buf_lit(b, "\\t");
        break;

    default:
        td_json_write_unit(b, c);
        break;
    }
}


void
td_json_write_string(td_buf_t *b, td_str_t s)
{
    const unsigned char  *p, *end, *start;

    if (td_buf_reserve(b, s.len + 2) != TD_OK) {
        return;
    }

    td_buf_char(b, '"');

    if (s.len == 0) {
        td_buf_char(b, '"');
        return;
    }

    p = (const unsigned char *) s.data;
    end = p + s.len;
    start = p;

    while (p < end) {

        switch (td_write_class[*p]) {

        case TD_COPY:
            p++;
            continue;

        case TD_ESCAPE:
            td_buf_add(b, (const char *) start, (size_t) (p - start));
            td_json_write_escape(b, *p);
            start = ++p;
            continue;

        default:

            /* U+D000..U+D7FF start with 0xed too and stay as they are */

            if (end - p < 3 || p[1] < 0xa0 || p[1] > 0xbf
                || p[2] < 0x80 || p[2] > 0xbf)
            {
                p++;
                continue;
            }

            td_buf_add(b, (const char *) start, (size_t) (p - start));
            td_json_write_unit(b, 0xd000u | (p[1] & 0x3fu) << 6
                                  | (p[2] & 0x3fu));
            p += 3;
            start = p;
        }
    }

    td_buf_add(b, (const char *) start, (size_t) (end - start));
    td_buf_char(b, '"');
}


static void
td_json_write_array(td_buf_t *b, const td_json_t *v)
{
    uint32_t  i;

    td_buf_char(b, '[');

    for (i = 0; i < v->count; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        td_json_write(b, v->u.items[i]);
    }

    td_buf_char(b, ']');
}


static void
td_json_write_object(td_buf_t *b, const td_json_t *v)
{
    uint32_t  i;

    td_buf_char(b, '{');

    for (i = 0; i < v->count; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        td_json_write_string(b, v->u.members[i].key);
        td_buf_char(b, ':');
        td_json_write(b, v->u.members[i].value);
    }

    td_buf_char(b, '}');
}


void
td_json_write(td_buf_t *b, const td_json_t *v)
{
    if (v->raw.len != 0) {
        td_buf_str(b, v->raw);
        return;
    }

    switch (v->type) {

    case TD_STRING:
        td_json_write_string(b, v->u.string);
        break;

    case TD_ARRAY:
        td_json_write_array(b, v);
        break;

    case TD_OBJECT:
        td_json_write_object(b, v);
        break;

    case TD_TRUE:
        td_buf_lit(b, "true");
        break;

    case TD_FALSE:
        td_buf_lit(b, "false");
        break;

    default:

        /* every number, parsed or built, has its text */

        td_buf_lit(b, "null");
    }
}


static td_json_t *
td_json_node(td_arena_t *a, td_type_e type, uint32_t count)
{
    td_json_t  *v;

    v = td_arena_alloc(a, sizeof(td_json_t));
    if (v == NULL) {
        return NULL;
    }

    v->type = (uint8_t) type;
    v->count = count;
    v->raw.len = 0;
    v->raw.data = NULL;
    v->index = NULL;

    return v;
}


td_json_t *
td_json_string(td_arena_t *a, td_str_t s)
{
    td_json_t  *v;

    v = td_json_node(a, TD_STRING, 0);

    if (v != NULL) {
        v->u.string = s;
    }

    return v;
}


td_json_t *
td_json_uint(td_arena_t *a, uint64_t n)
{
    char       *p, *end;
    uint64_t    rest;
    size_t      len;
    td_json_t  *v;

    v = td_json_node(a, TD_NUMBER, 0);
    if (v == NULL) {
        return NULL;
    }

    for (len = 1, rest = n / 10; rest != 0; rest /= 10) {
        len++;
    }

    p = td_arena_alloc(a, len);
    if (p == NULL) {
        return NULL;
    }

    v->u.number = (double) n;
    v->raw.data = p;
    v->raw.len = len;

    for (end = p + len; end > p; n /= 10) {
        *--end = (char) ('0' + n % 10);
    }

    return v;
}


td_json_t *
td_json_array(td_arena_t *a, uint32_t count)
{
    td_json_t  *v;

    v = td_json_node(a, TD_ARRAY, count);
    if (v == NULL) {
        return NULL;
    }

    v->u.items = td_arena_alloc(a, (size_t) count * sizeof(td_json_t *));

    return v->u.items != NULL ? v : NULL;
}
