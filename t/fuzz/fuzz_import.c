
/*
 * Whole boards: whatever the text is, what is taken of it is a record each,
 * lies within it, passes the check of its description, and gives the same
 * board when it is put together as a file again.
 */


#include <stdlib.h>

#include "td_import.h"
#include "td_room.h"


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static td_schema_t  *schema;


#define CLIENT  "{\"schemaVersion\":2,\"sequences\":{\"com.tldraw.store\":4}}"

static const char  description[] =
    "{\"format\":1,\"name\":\"fuzz\",\"schema\":" CLIENT ","
    "\"notRetroactive\":[],\"types\":{\"s\":{\"scope\":\"session\"},"
    "\"t\":{\"scope\":\"document\",\"validator\":[\"object\",{"
    "\"typeName\":[\"literal\",\"t\"],\"id\":\"any\","
    "\"v\":[\"optional\",\"any\"]}]}}}";


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    if (td_schema_load(description, sizeof(description) - 1, &schema, NULL, 0)
        != TD_OK)
    {
        abort();
    }

    return 0;
}


/* The board as a file; what each record is, is looked at on the way. */

static void
write_file(td_buf_t *b, td_import_t *im, td_arena_t *a, const char *text,
    size_t len)
{
    size_t               n, bytes;
    td_str_t             id;
    td_json_t           *v;
    td_import_record_t  *r;

    td_buf_lit(b, "{\"schema\":" CLIENT ",\"records\":[");

    n = 0;
    bytes = 0;

    for (r = im->records; r != NULL; r = r->next) {

        if (r->text.data < text
            || r->text.data + r->text.len > text + len
            || td_json_parse(a, r->text.data, r->text.len, 300, &v) != TD_OK
            || !td_schema_check(schema, v, NULL, 0))
        {
            abort();
        }

        id = td_id_canonical(a, td_json_get_lit(v, "id")->u.string);

        if (!td_str_eq(id, r->id)) {
            abort();
        }

        if (n++) {
            td_buf_char(b, ',');
        }

        td_buf_str(b, r->text);
        bytes += r->text.len;
    }

    td_buf_lit(b, "]}");

    if (n != im->nrecords || bytes != im->bytes) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   rc;
    char                 *text;
    td_buf_t              b;
    td_arena_t           *a;
    td_import_t           im, again;
    td_import_record_t   *r, *s;

    /* a copy of its own, so that a read beyond the end is seen */

    text = malloc(size + !size);
    memcpy(text, data, size);

    a = td_arena_create(4096, 0);
    rc = td_import(&im, a, text, size, &schema, 1, 0);

    if (rc == TD_OK) {
        memset(&b, 0, sizeof(td_buf_t));
        write_file(&b, &im, a, text, size);

        if (td_import(&again, a, b.data, b.len, &schema, 1, 0) != TD_OK
            || again.nrecords != im.nrecords)
        {
            abort();
        }

        for (r = im.records, s = again.records; r != NULL;
             r = r->next, s = s->next)
        {
            if (!td_str_eq(r->id, s->id) || !td_str_eq(r->text, s->text)) {
                abort();
            }
        }

        td_buf_free(&b);

    } else if ((rc == TD_BAD || rc == TD_INVALID)
               && memchr(im.error, '\0', sizeof(im.error)) == im.error)
    {
        abort();
    }

    td_arena_destroy(a);
    free(text);

    return 0;
}
