
/*
 * Following what another worker has committed: its diffs are applied as they
 * come, without checks, for they are in the database already.
 */


#include "td_message.h"


#define TD_FOLLOW_DEPTH  (TD_SCHEMA_DEPTH + 8)


static int td_follow_patch(td_arena_t *a, td_str_t text,
    const td_json_t *patch, td_buf_t *b);
static int td_follow_op(const td_json_t *op, td_str_t *name);


int
td_room_follow(td_arena_t *a, td_room_t *room, const td_json_t *diff,
    uint64_t clock, td_buf_t *legacy)
{
    int               rc, appends;
    uint32_t          i;
    td_buf_t          b;
    td_str_t          id, name, text;
    td_entry_t       *e;
    const td_json_t  *op;

    if (diff->type != TD_OBJECT || clock != room->clock + 1) {
        return TD_BAD;
    }

    appends = 0;

    for (i = 0; i < diff->count; i++) {
        op = diff->u.members[i].value;

        if (op->type == TD_ARRAY
            && op->count > 1
            && td_value_has_string_append(op->u.items[1]))
        {
            appends = 1;
        }
    }

    memset(&b, 0, sizeof(td_buf_t));

    rc = TD_OK;

    for (i = 0; i < diff->count && rc == TD_OK; i++) {
        op = diff->u.members[i].value;
        id = td_id_canonical(a, diff->u.members[i].key);

        if (id.data == NULL) {
            rc = TD_NOMEM;
            break;
        }

        rc = td_follow_op(op, &name);

        if (rc != TD_OK) {
            break;
        }

        text.data = NULL;
        text.len = 0;

        if (td_str_is(name, "put")) {
            text = op->u.items[1]->raw;

        } else if (td_str_is(name, "patch")) {

            e = td_room_get(room, id);

            if (e == NULL || e->text == NULL) {
                rc = TD_BAD;
                break;
            }

            text.data = e->text;
            text.len = e->text_len;

            b.len = 0;
            rc = td_follow_patch(a, text, op->u.items[1], &b);

            if (rc != TD_OK) {
                break;
            }

            text.data = b.data;
            text.len = b.len;
        }

        if (appends) {
            td_buf_char(legacy, i ? ',' : '{');
            td_buf_char(legacy, '"');
            td_buf_str(legacy, id);

            if (text.data) {
                td_buf_lit(legacy, "\":[\"put\",");
                td_buf_str(legacy, text);
                td_buf_char(legacy, ']');

            } else {
                td_buf_lit(legacy, "\":[\"remove\"]");
            }
        }

        rc = td_room_set(room, id, text, clock);
    }

    td_buf_free(&b);

    if (rc != TD_OK) {
        return rc;
    }

    if (appends) {
        td_buf_char(legacy, '}');
    }

    room->clock = clock;

    return legacy->failed ? TD_NOMEM : TD_OK;
}


int
td_presence_follow(td_arena_t *a, td_str_t current, const td_json_t *op,
    td_buf_t *b, int *appends)
{
    int       rc;
    td_str_t  name;

    *appends = 0;

    rc = td_follow_op(op, &name);

    if (rc != TD_OK) {
        return rc;
    }

    if (td_str_is(name, "put")) {
        td_json_write(b, op->u.items[1]);
        return b->failed ? TD_NOMEM : TD_OK;
    }

    if (!td_str_is(name, "patch") || current.len == 0) {
        return TD_BAD;
    }

    *appends = td_value_has_string_append(op->u.items[1]);

    return td_follow_patch(a, current, op->u.items[1], b);
}


static int
td_follow_op(const td_json_t *op, td_str_t *name)
{
    if (op->type != TD_ARRAY
        || op->count == 0
        || op->u.items[0]->type != TD_STRING)
    {
        return TD_BAD;
    }

    *name = op->u.items[0]->u.string;

    if (td_str_is(*name, "remove")) {
        return TD_OK;
    }

    return (op->count > 1 && op->u.items[1]->type == TD_OBJECT) ? TD_OK
                                                                : TD_BAD;
}


static int
td_follow_patch(td_arena_t *a, td_str_t text, const td_json_t *patch,
    td_buf_t *b)
{
    int         rc;
    td_json_t  *r, *s;

    rc = td_json_parse(a, text.data, text.len, TD_FOLLOW_DEPTH, &r);

    if (rc == TD_OK) {
        rc = td_value_apply(a, r, patch, &s);
    }

    if (rc != TD_OK) {
        return rc;
    }

    td_json_write(b, s);

    return b->failed ? TD_NOMEM : TD_OK;
}
