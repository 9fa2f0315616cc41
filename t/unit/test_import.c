
/*
 * Whole boards that come as one text: both forms, how they are taken apart,
 * what is left out, what is refused and why, and texts cut anywhere.
 */


#include <stdio.h>
#include <stdlib.h>

#include "td_import.h"
#include "td_room.h"
#include "tap.h"


#define NEWER  0
#define OLDER  1

#define CLIENT(n)                                                             \
    "{\"schemaVersion\":2,\"sequences\":{\"com.tldraw.store\":" n "}}"

#define DESCRIPTION(n)                                                        \
    "{\"format\":1,\"name\":\"v" n "\",\"schema\":" CLIENT(n) ","             \
    "\"notRetroactive\":[],\"types\":{\"s\":{\"scope\":\"session\"},"         \
    "\"p\":{\"scope\":\"presence\",\"validator\":\"unknown\"},"               \
    "\"t\":{\"scope\":\"document\",\"validator\":[\"object\",{"               \
    "\"typeName\":[\"literal\",\"t\"],\"id\":\"any\","                        \
    "\"v\":[\"optional\",\"any\"],\"n\":[\"optional\",\"number\"]}]}}}"

#define FILE_OF(records)                                                      \
    "{\"tldrawFileFormatVersion\":1,\"schema\":" CLIENT("4")                  \
    ",\"records\":" records "}"

#define T(id)  "{\"id\":\"" id "\",\"typeName\":\"t\"}"


static td_schema_t  *schemas[2];


static int
import(td_import_t *im, td_arena_t *a, const char *text, size_t len,
    size_t max)
{
    int    rc;
    char  *copy;

    /* what is found points into a copy, which ends where the text does */

    copy = td_arena_alloc(a, len);
    memcpy(copy, text, len);

    rc = td_import(im, a, copy, len, schemas, 2, max);

    if (rc == TD_BAD || rc == TD_INVALID) {
        if (im->error[0] == '\0'
            || memchr(im->error, '\0', sizeof(im->error)) == NULL)
        {
            tap_ok(0, "a refusal says why");
        }
    }

    return rc;
}


/* ids and texts of the records as one line */

static void
is(const char *name, const char *text, const char *records)
{
    int                  rc;
    size_t               n, bytes;
    td_buf_t             b;
    td_arena_t          *a;
    td_import_t          im;
    td_import_record_t  *r;

    a = td_arena_create(4096, 0);
    memset(&b, 0, sizeof(td_buf_t));

    rc = import(&im, a, text, strlen(text), 0);

    if (!tap_ok(rc == TD_OK, "%s: %d %s", name, rc, im.error)) {
        td_arena_destroy(a);
        return;
    }

    n = 0;
    bytes = 0;

    for (r = im.records; r != NULL; r = r->next) {
        td_buf_str(&b, r->id);
        td_buf_char(&b, '=');
        td_buf_str(&b, r->text);
        td_buf_char(&b, ';');
        n++;
        bytes += r->text.len;
    }

    tap_ok(b.len == strlen(records)
           && (b.len == 0 || memcmp(b.data, records, b.len) == 0),
           "%s: %.*s", name, (int) b.len, b.data ? b.data : "");
    tap_ok(n == im.nrecords && bytes == im.bytes, "%s: counted", name);

    td_buf_free(&b);
    td_arena_destroy(a);
}


static void
is_refused(const char *text, int rc, const char *field, const char *why)
{
    int           got;
    td_arena_t   *a;
    td_import_t   im;

    a = td_arena_create(4096, 0);
    got = import(&im, a, text, strlen(text), 0);

    tap_ok(got == rc, "%.60s: %d", text, got);
    tap_ok(field == NULL ? im.field == NULL
                         : im.field != NULL && strcmp(im.field, field) == 0,
           "names %s", field ? field : "nothing");
    tap_ok(strstr(im.error, why) != NULL, "because %s", im.error);

    td_arena_destroy(a);
}


static void
test_forms(void)
{
    is("a file", FILE_OF("[" T("a") "," T("b") "]"),
       "a=" T("a") ";b=" T("b") ";");
    is("an empty one", FILE_OF("[]"), "");
    is("a snapshot",
       "{\"clock\":7,\"documents\":[{\"state\":" T("a") ","
       "\"lastChangedClock\":3},{\"lastChangedClock\":3,\"state\":" T("b")
       "}],\"tombstones\":{\"x\":[1,{\"y\":\"]}\"}]},\"schema\":" CLIENT("4")
       "}", "a=" T("a") ";b=" T("b") ";");
    is("both forms: the file counts",
       "{\"documents\":[{\"state\":" T("a") "}],\"records\":[" T("b") "],"
       "\"schema\":" CLIENT("4") "}", "b=" T("b") ";");
    is("of several members of a name the last counts",
       "{\"records\":[" T("a") "],\"schema\":{},\"schema\":" CLIENT("4")
       ",\"records\":[" T("b") "]}", "b=" T("b") ";");
    is("names may be escaped",
       "{\"sch\\u0065ma\":" CLIENT("4") ",\"\\u0072ecords\":[" T("a") "]}",
       "a=" T("a") ";");
    is("blanks between", " \t\r\n{ \"schema\" : " CLIENT("4")
       " ,\n\"records\"\n:\n[ \n" T("a") " , " T("b") "\n]\n}\n ",
       "a=" T("a") ";b=" T("b") ";");
    is("what is not asked for may be anything",
       "{\"x\":\"a\\\"}]\\\\\",\"y\":[[[\"}\"]]],\"schema\":" CLIENT("4")
       ",\"records\":[" T("a") "],\"z\":-1.5e3}", "a=" T("a") ";");
    is("one id twice stays twice", FILE_OF("[" T("a") "," T("a") "]"),
       "a=" T("a") ";a=" T("a") ";");
    is("texts stay as they came",
       FILE_OF("[{ \"id\":\"a\\u0000\\ud800\\u00e4\", \"v\":[1.50,\"]}\","
               "{\"w\":1e2}],\"typeName\":\"t\"}]"),
       "a\\u0000\\ud800\xc3\xa4={ \"id\":\"a\\u0000\\ud800\\u00e4\","
       " \"v\":[1.50,\"]}\",{\"w\":1e2}],\"typeName\":\"t\"};");
    is("ids may be escaped",
       FILE_OF("[{\"id\":\"\\u0061\",\"typeName\":\"t\"},"
               "{\"id\":\"\\u0062\",\"typeName\":\"t\"}]"),
       "a={\"id\":\"\\u0061\",\"typeName\":\"t\"};"
       "b={\"id\":\"\\u0062\",\"typeName\":\"t\"};");
    is("sessions and presence are left out",
       FILE_OF("[{\"id\":\"s\",\"typeName\":\"s\",\"any\":1}," T("a")
               ",{\"id\":\"p\",\"typeName\":\"p\"}]"), "a=" T("a") ";");
}


static void
test_refusals(void)
{
    size_t  i;

    static const char *const  bad[] = {
        "", " ", "x", "1", "null", "\"\"", "[]", "{", "}", "{}", "{\"\"}",
        "{\"schema\"}", "{\"schema\":}", "{\"schema\":,}", "{,}", "{1:2}",
        "{\"schema\":" CLIENT("4") "}", "{\"records\":[]}",
        "{schema:1,records:[]}", "{\"schema\":" CLIENT("4") ",\"records\":[]",
        FILE_OF("[]") "x", FILE_OF("[]") "{}", FILE_OF("[") , FILE_OF("[]}"),
        "{\"schema\":1 \"records\":[]}", "{\"schema\":1,\"records\":[],}",
        "{\"\\x\":1,\"schema\":1,\"records\":[]}", "{\"a", "{\"a\\",
        "\xef\xbb\xbf" FILE_OF("[]"), NULL
    };

    for (i = 0; bad[i] != NULL; i++) {
        is_refused(bad[i], TD_BAD, NULL, "It is no board");
    }

    is_refused("{\"a\":\"\xff\"}", TD_BAD, NULL, "not UTF-8");
    is_refused(FILE_OF("[]") "\xe2\x82", TD_BAD, NULL, "not UTF-8");

    is_refused("{\"schema\":" CLIENT("99") ",\"records\":[]}", TD_BAD,
               "schema", "not known");
    is_refused("{\"schema\":{},\"records\":[]}", TD_BAD, "schema",
               "not known");
    is_refused("{\"schema\":x,\"records\":[]}", TD_BAD, "schema",
               "not known");

    is_refused(FILE_OF("{}"), TD_BAD, "records", "no array");
    is_refused(FILE_OF("1"), TD_BAD, "records", "no array");
    is_refused(FILE_OF("[x]"), TD_BAD, "records", "no array");
    is_refused(FILE_OF("[,]"), TD_BAD, "records", "no array");
    is_refused(FILE_OF("[" T("a") ",]"), TD_BAD, "records", "no array");
    is_refused(FILE_OF("[" T("a") T("b") "]"), TD_BAD, "records", "no array");
    is_refused(FILE_OF("[{\"id\":\"a\",}]"), TD_BAD, "records", "no array");
    is_refused("{\"schema\":" CLIENT("4") ",\"documents\":[" T("a") "]}",
               TD_BAD, "records", "no array");

    is_refused(FILE_OF("[1]"), TD_INVALID, "records", "no id");
    is_refused(FILE_OF("[{\"id\":\"a\"}]"), TD_INVALID, "records", "no id");
    is_refused(FILE_OF("[{\"typeName\":\"t\"}]"), TD_INVALID, "records",
               "no id");
    is_refused(FILE_OF("[{\"id\":1,\"typeName\":\"t\"}]"), TD_INVALID,
               "records", "no id");
    is_refused(FILE_OF("[{\"id\":\"a\",\"typeName\":\"u\"}]"), TD_INVALID,
               "records", "not known");
    is_refused(FILE_OF("[{\"id\":\"a\",\"typeName\":\"t\",\"n\":\"x\"}]"),
               TD_INVALID, "records", "not valid");
    is_refused(FILE_OF("[{\"id\":\"a\",\"typeName\":\"t\",\"more\":1}]"),
               TD_INVALID, "records", "not valid");
}


static void
test_limits(void)
{
    int           rc;
    char         *text;
    size_t        n, len, depth;
    td_arena_t   *a;
    td_import_t   im;

    static const char  two[] = FILE_OF("[" T("a") "," T("b") "]");
    static const char  open[] = "{\"id\":\"a\",\"typeName\":\"t\",\"v\":";

    a = td_arena_create(4096, 0);
    len = 2 * strlen(T("a"));

    tap_ok(import(&im, a, two, strlen(two), len) == TD_OK, "just fits");
    tap_ok(import(&im, a, two, strlen(two), len - 1) == TD_TOO_BIG,
           "one byte less does not");

    rc = import(&im, a, two, strlen(two), 0);
    tap_ok(rc == TD_OK && im.schema == schemas[NEWER],
           "the first description that matches");

    /* cut anywhere it is nothing, and read within its bytes */

    for (n = 0; n < strlen(two); n++) {
        if (import(&im, a, two, n, 0) != TD_BAD) {
            tap_ok(0, "cut at %zu", n);
        }
    }

    tap_ok(1, "texts that are cut");

    td_arena_destroy(a);

    /* nested as deep as records may, and as deep as there is text */

    text = malloc(4 * 1024 * 1024);

    for (depth = 90; depth < 2000000; depth = depth < 100 ? 2000 : depth * 2) {
        a = td_arena_create(4096, 0);

        len = (size_t) sprintf(text, "{\"schema\":" CLIENT("4")
                               ",\"records\":[%s", open);
        memset(text + len, '[', depth);
        memset(text + len + depth, ']', depth);
        len += 2 * depth;
        len += (size_t) sprintf(text + len, "}]}");

        rc = import(&im, a, text, len, 0);

        tap_ok(rc == (depth < 100 ? TD_OK : TD_BAD), "%zu deep: %d %s", depth,
               rc, im.error);

        td_arena_destroy(a);
    }

    free(text);

    /* an arena that is too small */

    a = td_arena_create(256, 256);
    rc = td_import(&im, a, two, strlen(two), schemas, 2, 0);
    tap_ok(rc == TD_OK || rc == TD_NOMEM, "little memory: %d", rc);
    td_arena_destroy(a);
}


int
main(void)
{
    if (td_schema_load(DESCRIPTION("4"), strlen(DESCRIPTION("4")),
                       &schemas[NEWER], NULL, 0)
        != TD_OK
        || td_schema_load(DESCRIPTION("3"), strlen(DESCRIPTION("3")),
                          &schemas[OLDER], NULL, 0)
           != TD_OK)
    {
        return 1;
    }

    test_forms();
    test_refusals();
    test_limits();

    td_schema_destroy(schemas[NEWER]);
    td_schema_destroy(schemas[OLDER]);

    return tap_done();
}
