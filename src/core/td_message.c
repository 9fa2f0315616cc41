
/*
 * Messages of the sync protocol, taken apart and written.
 */


#include "td_message.h"


int
td_message_parse(td_arena_t *a, td_str_t text, td_message_t *m)
{
    int         rc;
    td_json_t  *root, *v;

    memset(m, 0, sizeof(td_message_t));

    rc = td_json_parse(a, text.data, text.len, TD_MESSAGE_DEPTH, &root);
    if (rc != TD_OK) {
        return rc;
    }

    if (root->type != TD_OBJECT) {
        return TD_BAD;
    }

    v = td_json_get_lit(root, "type");

    if (v == NULL || v->type != TD_STRING) {
        return TD_OK;
    }

    if (td_str_is(v->u.string, "push")) {
        m->type = TD_MESSAGE_PUSH;

        v = td_json_get_lit(root, "clientClock");

        if (v == NULL || v->type != TD_NUMBER || v->raw.len > 32) {
            return TD_BAD;
        }

        m->client_clock = v->raw;
        m->diff = td_json_get_lit(root, "diff");

        v = td_json_get_lit(root, "presence");
        m->presence = (v && v->type != TD_NULL) ? v : NULL;

        return TD_OK;
    }

    if (td_str_is(v->u.string, "ping")) {
        m->type = TD_MESSAGE_PING;
        return TD_OK;
    }

    if (!td_str_is(v->u.string, "connect")) {
        return TD_OK;
    }

    m->type = TD_MESSAGE_CONNECT;

    v = td_json_get_lit(root, "connectRequestId");

    if (v == NULL || v->type != TD_STRING || v->raw.len > 256) {
        return TD_BAD;
    }

    m->request_id = v->raw;

    v = td_json_get_lit(root, "lastServerClock");

    m->last_clock = -1;

    if (v
        && v->type == TD_NUMBER
        && v->u.number >= 0
        && v->u.number < 9007199254740992.0
        && (double) (int64_t) v->u.number == v->u.number)
    {
        m->last_clock = (int64_t) v->u.number;
    }

    v = td_json_get_lit(root, "protocolVersion");

    if (v && v->type == TD_NUMBER && v->u.number >= 1) {
        m->protocol = v->u.number < 255 ? (unsigned) v->u.number : 255;
    }

    v = td_json_get_lit(root, "schema");
    m->schema = (v && v->type != TD_NULL) ? v : NULL;

    return TD_OK;
}


void
td_write_patch(td_buf_t *b, uint64_t clock, td_str_t diff)
{
    td_buf_lit(b, ",{\"type\":\"patch\",\"serverClock\":");
    td_buf_uint(b, clock);
    td_buf_lit(b, ",\"diff\":");
    td_buf_str(b, diff);
    td_buf_char(b, '}');
}


void
td_write_patch_one(td_buf_t *b, uint64_t clock, td_str_t id, td_str_t op)
{
    td_buf_lit(b, ",{\"type\":\"patch\",\"serverClock\":");
    td_buf_uint(b, clock);
    td_buf_lit(b, ",\"diff\":{\"");
    td_buf_str(b, id);
    td_buf_lit(b, "\":");
    td_buf_str(b, op);
    td_buf_lit(b, "}}");
}


void
td_write_result(td_buf_t *b, td_str_t client_clock, uint64_t clock,
    td_action_e action, td_str_t rebase)
{
    td_buf_lit(b, ",{\"type\":\"push_result\",\"clientClock\":");
    td_buf_str(b, client_clock);
    td_buf_lit(b, ",\"serverClock\":");
    td_buf_uint(b, clock);

    switch (action) {

    case TD_ACTION_COMMIT:
        td_buf_lit(b, ",\"action\":\"commit\"}");
        break;

    case TD_ACTION_DISCARD:
        td_buf_lit(b, ",\"action\":\"discard\"}");
        break;

    default: /* TD_ACTION_REBASE */
        td_buf_lit(b, ",\"action\":{\"rebaseWithDiff\":");
        td_buf_str(b, rebase);
        td_buf_lit(b, "}}");
        break;
    }
}


void
td_write_connect(td_buf_t *b, td_str_t request_id, int wipe_all,
    unsigned protocol, td_str_t schema, uint64_t clock, int readonly)
{
    td_buf_lit(b, "{\"type\":\"connect\",\"connectRequestId\":");
    td_buf_str(b, request_id);

    if (wipe_all) {
        td_buf_lit(b, ",\"hydrationType\":\"wipe_all\"");

    } else {
        td_buf_lit(b, ",\"hydrationType\":\"wipe_presence\"");
    }

    td_buf_lit(b, ",\"protocolVersion\":");
    td_buf_uint(b, protocol);
    td_buf_lit(b, ",\"schema\":");
    td_buf_str(b, schema);
    td_buf_lit(b, ",\"serverClock\":");
    td_buf_uint(b, clock);

    if (readonly) {
        td_buf_lit(b, ",\"isReadonly\":true,\"diff\":{");

    } else {
        td_buf_lit(b, ",\"isReadonly\":false,\"diff\":{");
    }
}
