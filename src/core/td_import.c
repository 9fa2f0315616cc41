
/*
 * Taking a board apart: a scanner finds the members of the whole and the
 * items of its array of records; each item is then parsed strictly, alone.
 */


#include "td_import.h"
#include "td_room.h"
#include "td_utf8.h"

#include <stdio.h>


/* As deep as a record may nest in the message of a push. */
#define TD_IMPORT_DEPTH     96

#define TD_IMPORT_SCRATCH   (128 * 1024 * 1024)


typedef struct {
    const char  *p;
    const char  *last;
} td_scan_t;


/* Members of the whole; data NULL: it has none of that name. */

typedef struct {
    td_str_t     schema;
    td_str_t     records;       /* items are records */
    td_str_t     documents;     /* items are {"state":record,…} */
} td_import_parts_t;


static int td_import_split(td_import_t *im, td_arena_t *scratch,
    const char *text, size_t len, td_import_parts_t *parts);
static int td_import_schema(td_import_t *im, td_arena_t *scratch,
    td_str_t text, td_schema_t **schemas, size_t n);
static int td_import_records(td_import_t *im, td_arena_t *a,
    td_arena_t *scratch, td_str_t items, int wrapped, size_t max);
static int td_import_record(td_import_t *im, td_arena_t *a,
    const td_json_t *record, td_import_record_t ***last);
static void td_scan_blank(td_scan_t *s);
static int td_scan_char(td_scan_t *s, char c);
static int td_scan_value(td_scan_t *s, td_str_t *value);
static int td_scan_string(td_scan_t *s);
static int td_import_bad(td_import_t *im, int rc, const char *field,
    const char *error);


int
td_import(td_import_t *im, td_arena_t *a, const char *text, size_t len,
    td_schema_t **schemas, size_t n, size_t max)
{
    int                 rc;
    td_utf8_t           utf8;
    td_arena_t         *scratch;
    td_import_parts_t   parts;

    memset(im, 0, sizeof(td_import_t));
    memset(&utf8, 0, sizeof(td_utf8_t));

    if (td_utf8_feed(&utf8, (const uint8_t *) text, len) != TD_OK
        || !td_utf8_complete(&utf8))
    {
        return td_import_bad(im, TD_BAD, NULL, "It is not UTF-8.");
    }

    scratch = td_arena_create(16384, TD_IMPORT_SCRATCH);
    if (scratch == NULL) {
        return TD_NOMEM;
    }

    rc = td_import_split(im, scratch, text, len, &parts);

    if (rc == TD_OK) {
        rc = td_import_schema(im, scratch, parts.schema, schemas, n);
    }

    if (rc == TD_OK) {
        rc = parts.records.data
             ? td_import_records(im, a, scratch, parts.records, 0, max)
             : td_import_records(im, a, scratch, parts.documents, 1, max);
    }

    td_arena_destroy(scratch);

    return rc;
}


static int
td_import_split(td_import_t *im, td_arena_t *scratch, const char *text,
    size_t len, td_import_parts_t *parts)
{
    int         end;
    td_str_t    key, value;
    td_scan_t   s;
    td_json_t  *name;

    static const char  form[] = "It is no board: a JSON object with a schema"
                                " and records.";

    memset(parts, 0, sizeof(td_import_parts_t));

    s.p = text;
    s.last = text + len;

    if (!td_scan_char(&s, '{')) {
        return td_import_bad(im, TD_BAD, NULL, form);
    }

    end = td_scan_char(&s, '}');

    while (!end) {

        if (!td_scan_value(&s, &key)
            || key.data[0] != '"'
            || !td_scan_char(&s, ':')
            || !td_scan_value(&s, &value))
        {
            return td_import_bad(im, TD_BAD, NULL, form);
        }

        td_arena_reset(scratch);

        if (td_json_parse(scratch, key.data, key.len, 1, &name) != TD_OK) {
            return td_import_bad(im, TD_BAD, NULL, form);
        }

        if (td_str_is(name->u.string, "schema")) {
            parts->schema = value;

        } else if (td_str_is(name->u.string, "records")) {
            parts->records = value;

        } else if (td_str_is(name->u.string, "documents")) {
            parts->documents = value;
        }

        end = td_scan_char(&s, '}');

        if (!end && !td_scan_char(&s, ',')) {
            return td_import_bad(im, TD_BAD, NULL, form);
        }
    }

    td_scan_blank(&s);

    if (s.p != s.last
        || parts->schema.data == NULL
        || (parts->records.data == NULL && parts->documents.data == NULL))
    {
        return td_import_bad(im, TD_BAD, NULL, form);
    }

    return TD_OK;
}


static int
td_import_schema(td_import_t *im, td_arena_t *scratch, td_str_t text,
    td_schema_t **schemas, size_t n)
{
    int         rc;
    size_t      i;
    td_json_t  *schema;

    td_arena_reset(scratch);

    rc = td_json_parse(scratch, text.data, text.len, TD_IMPORT_DEPTH,
                       &schema);

    if (rc == TD_NOMEM) {
        return TD_NOMEM;
    }

    if (rc == TD_OK) {
        for (i = 0; i < n; i++) {
            if (td_schema_matches(schemas[i], schema)) {
                im->schema = schemas[i];
                return TD_OK;
            }
        }
    }

    return td_import_bad(im, TD_BAD, "schema",
                         "It was written by a version of the editor that is"
                         " not known here.");
}


static int
td_import_records(td_import_t *im, td_arena_t *a, td_arena_t *scratch,
    td_str_t items, int wrapped, size_t max)
{
    int                   rc, end;
    td_str_t              item;
    td_scan_t             s;
    td_json_t            *value;
    td_import_record_t  **last;

    static const char  form[] = "The records are no array of objects.";

    last = &im->records;

    s.p = items.data;
    s.last = items.data + items.len;

    if (!td_scan_char(&s, '[')) {
        return td_import_bad(im, TD_BAD, "records", form);
    }

    end = td_scan_char(&s, ']');

    while (!end) {

        if (!td_scan_value(&s, &item)) {
            return td_import_bad(im, TD_BAD, "records", form);
        }

        td_arena_reset(scratch);

        rc = td_json_parse(scratch, item.data, item.len, TD_IMPORT_DEPTH,
                           &value);

        if (rc == TD_NOMEM) {
            return TD_NOMEM;
        }

        if (rc == TD_OK && wrapped) {
            value = td_json_get_lit(value, "state");
        }

        if (rc != TD_OK || value == NULL) {
            return td_import_bad(im, TD_BAD, "records",
                                 rc == TD_DEPTH ? "A record nests too deep."
                                                : form);
        }

        rc = td_import_record(im, a, value, &last);

        if (rc != TD_OK) {
            return rc;
        }

        if (max && im->bytes > max) {
            return TD_TOO_BIG;
        }

        end = td_scan_char(&s, ']');

        if (!end && !td_scan_char(&s, ',')) {
            return td_import_bad(im, TD_BAD, "records", form);
        }
    }

    return TD_OK;
}


static int
td_import_record(td_import_t *im, td_arena_t *a, const td_json_t *record,
    td_import_record_t ***last)
{
    char                 why[128], *data;
    td_json_t           *id, *type;
    td_import_record_t  *r;

    id = td_json_get_lit(record, "id");
    type = td_json_get_lit(record, "typeName");

    if (id == NULL || id->type != TD_STRING
        || type == NULL || type->type != TD_STRING)
    {
        return td_import_bad(im, TD_INVALID, "records",
                             "A record has no id or no type.");
    }

    switch (td_schema_scope(im->schema, type->u.string)) {

    case TD_SCOPE_DOCUMENT:
        break;

    case TD_SCOPE_PRESENCE:
    case TD_SCOPE_SESSION:
        return TD_OK;

    default: /* TD_SCOPE_NONE */
        return td_import_bad(im, TD_INVALID, "records",
                             "A record is of a type that is not known.");
    }

    if (!td_schema_check(im->schema, record, why, sizeof(why))) {
        im->field = "records";
        snprintf(im->error, sizeof(im->error), "A record is not valid: %s",
                 why);
        return TD_INVALID;
    }

    r = td_arena_alloc(a, sizeof(td_import_record_t));
    if (r == NULL) {
        return TD_NOMEM;
    }

    r->next = NULL;
    r->text = record->raw;
    r->id = td_id_canonical(a, id->u.string);

    if (r->id.data == NULL) {
        return TD_NOMEM;
    }

    /* an id of plain characters that came escaped is in the scratch memory */

    if (r->id.data == id->u.string.data) {
        data = td_arena_alloc(a, r->id.len + 1);
        if (data == NULL) {
            return TD_NOMEM;
        }

        memcpy(data, r->id.data, r->id.len);
        r->id.data = data;
    }

    **last = r;
    *last = &r->next;

    im->nrecords++;
    im->bytes += r->text.len;

    return TD_OK;
}


static void
td_scan_blank(td_scan_t *s)
{
    while (s->p < s->last
           && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n'
               || *s->p == '\r'))
    {
        s->p++;
    }
}


/* Whether this is the next character that counts; then it is taken. */

static int
td_scan_char(td_scan_t *s, char c)
{
    td_scan_blank(s);

    if (s->p == s->last || *s->p != c) {
        return 0;
    }

    s->p++;

    return 1;
}


/*
 * The next value, up to where it must end if it is one: brackets are counted,
 * not matched.  0: there is none.
 */

static int
td_scan_value(td_scan_t *s, td_str_t *value)
{
    size_t  depth;

    td_scan_blank(s);

    value->data = s->p;
    depth = 0;

    while (s->p < s->last) {

        switch (*s->p) {

        case '"':
            if (!td_scan_string(s)) {
                return 0;
            }

            if (depth == 0) {
                goto done;
            }

            continue;

        case '{':
        case '[':
            depth++;
            break;

        case '}':
        case ']':
            if (depth == 0) {
                goto done;
            }

            if (--depth == 0) {
                s->p++;
                goto done;
            }

            break;

        case ',':
        case ':':
            if (depth == 0) {
                goto done;
            }

            break;
        }

        s->p++;
    }

    if (depth) {
        return 0;
    }

done:

    value->len = (size_t) (s->p - value->data);

    return value->len != 0;
}


static int
td_scan_string(td_scan_t *s)
{
    for (s->p++; s->p < s->last; s->p++) {

        if (*s->p == '"') {
            s->p++;
            return 1;
        }

        if (*s->p == '\\' && ++s->p == s->last) {
            return 0;
        }
    }

    return 0;
}


static int
td_import_bad(td_import_t *im, int rc, const char *field, const char *error)
{
    im->field = field;
    snprintf(im->error, sizeof(im->error), "%s", error);

    return rc;
}
