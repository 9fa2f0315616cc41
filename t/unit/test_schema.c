
/*
 * Schema descriptions: loading, hostile files, matching clients, scopes, and
 * what records of hand-made descriptions are checked for.  The shipped
 * descriptions are compared with their clients in t/schema.
 */


#include <stdio.h>
#include <stdlib.h>

#include "td_schema.h"
#include "tap.h"


#define HEAD "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":2," \
             "\"sequences\":{\"com.tldraw.store\":5,\"com.tldraw.shape\":4," \
             "\"com.tldraw.shape.geo\":10,\"com.tldraw.shape.group\":0}}," \
             "\"notRetroactive\":[\"com.tldraw.store\"],\"types\":"

#define ONE(validator)                                                        \
    HEAD "{\"t\":{\"scope\":\"document\",\"validator\":" validator "}}}"

#define FIELD(validator)                                                      \
    ONE("[\"object\",{\"typeName\":[\"literal\",\"t\"],\"v\":" validator "}]")


typedef struct {
    const char  *text;
    const char  *what;
} case_t;


typedef struct {
    const char  *validator;
    const char  *value;         /* NULL: the field is missing */
    int          valid;
} value_t;


static td_schema_t *
load(const char *text)
{
    int           rc;
    char          error[128];
    td_schema_t  *s;

    rc = td_schema_load(text, strlen(text), &s, error, sizeof(error));

    if (rc != TD_OK) {
        printf("# %s\n", error);
        return NULL;
    }

    return s;
}


static char *
read_file(const char *path, size_t *len)
{
    long   n;
    char  *p;
    FILE  *f;

    *len = 0;

    f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }

    fseek(f, 0, SEEK_END);
    n = ftell(f);
    rewind(f);

    p = malloc(n + 1);
    if (p != NULL) {
        *len = fread(p, 1, n, f);
        p[*len] = '\0';
    }

    fclose(f);

    return p;
}


static int
check(const td_schema_t *s, const char *text, char *error, size_t size)
{
    int          ok;
    td_json_t   *record;
    td_arena_t  *a;

    a = td_arena_create(4096, 0);
    ok = -1;

    if (td_json_parse(a, text, strlen(text), 1000, &record) == TD_OK) {
        ok = td_schema_check(s, record, error, size);
    }

    td_arena_destroy(a);

    return ok;
}


static int
matches(const td_schema_t *s, const char *text)
{
    int          ok;
    td_json_t   *client;
    td_arena_t  *a;

    a = td_arena_create(4096, 0);
    ok = -1;

    if (td_json_parse(a, text, strlen(text), 1000, &client) == TD_OK) {
        ok = td_schema_matches(s, client);
    }

    td_arena_destroy(a);

    return ok;
}


static void
test_the_shipped_descriptions_load(void)
{
    char         *text, path[64];
    size_t        len, i;
    td_str_t      name;
    td_schema_t  *s;

    static const char    *versions[] = { "3.15.6", "4.5.12", "5.4.2" };
    static const size_t   sequences[] = { 27, 27, 28 };

    for (i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "../../conf/schema/tldraw-%s.json",
                 versions[i]);

        text = read_file(path, &len);

        if (!tap_ok(text != NULL && (s = load(text)) != NULL, "%s loads",
                    path))
        {
            free(text);
            continue;
        }

        memset(text, 'x', len);
        free(text);

        name = td_schema_name(s);

        tap_ok(name.len > 7 && memcmp(name.data, "tldraw ", 7) == 0
               && memcmp(name.data + 7, versions[i], name.len - 7) == 0,
               "its name is tldraw %s, with the text gone", versions[i]);
        tap_ok(td_schema_sequences(s) == sequences[i], "it has %d sequences",
               (int) sequences[i]);

        snprintf(path, sizeof(path), "%.*s",
                 (int) sizeof("{\"schemaVersion\":2,\"sequences\":{") - 1,
                 td_schema_serialized(s).data);

        tap_ok(strcmp(path, "{\"schemaVersion\":2,\"sequences\":{") == 0,
               "its serialized schema is what clients send");

        tap_ok(td_schema_scope(s, td_str("shape")) == TD_SCOPE_DOCUMENT
               && td_schema_scope(s, td_str("instance_presence"))
                  == TD_SCOPE_PRESENCE
               && td_schema_scope(s, td_str("camera")) == TD_SCOPE_SESSION
               && (td_schema_scope(s, td_str("user")) == TD_SCOPE_DOCUMENT)
                  == (i == 2),
               "record types have their scopes");

        tap_ok(td_schema_scope(s, td_str("toString")) == TD_SCOPE_NONE
               && td_schema_scope(s, td_str("__proto__")) == TD_SCOPE_NONE
               && td_schema_scope(s, td_str("constructor")) == TD_SCOPE_NONE
               && td_schema_scope(s, td_str("")) == TD_SCOPE_NONE,
               "names of prototypes are no record types");

        td_schema_destroy(s);
    }
}


static void
test_hostile_descriptions_do_not_load(void)
{
    int           rc, good;
    char         *text, *p, error[128];
    size_t        i, n, len;
    td_schema_t  *s;

    static const case_t  cases[] = {
        { "", "nothing" },
        { "null", "null" },
        { "[]", "an array" },
        { "{}", "an empty object" },
        { "{\"format\":2,\"name\":\"n\"}", "another format" },
        { "{\"format\":1,\"name\":\"\"}", "an empty name" },
        { "{\"format\":1,\"name\":7}", "a name that is a number" },
        { "{\"format\":1,\"name\":\"n\",\"schema\":[]}", "a schema array" },
        { "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":1,"
          "\"sequences\":{\"a\":1}},\"notRetroactive\":[],\"types\":{}}",
          "schemaVersion 1" },
        { "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":2,"
          "\"sequences\":{\"a\":-1}},\"notRetroactive\":[],\"types\":{}}",
          "a negative sequence" },
        { "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":2,"
          "\"sequences\":{\"a\":1e400}},\"notRetroactive\":[],\"types\":{}}",
          "an endless sequence" },
        { "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":2,"
          "\"sequences\":{\"a\":1}},\"notRetroactive\":[\"b\"],\"types\":{}}",
          "an unknown sequence that is not retroactive" },
        { "{\"format\":1,\"name\":\"n\",\"schema\":{\"schemaVersion\":2,"
          "\"sequences\":{\"a\":1}},\"notRetroactive\":[1],\"types\":{}}",
          "a number that is not retroactive" },
        { HEAD "{}}", "no types" },
        { HEAD "{\"t\":7}}", "a type that is a number" },
        { HEAD "{\"t\":{\"scope\":\"other\"}}}", "an unknown scope" },
        { HEAD "{\"t\":{\"scope\":\"document\"}}}", "no validator" },
        { ONE("7"), "a number as validator" },
        { ONE("[]"), "an empty array as validator" },
        { ONE("{}"), "an object as validator" },
        { ONE("\"strings\""), "an unknown leaf" },
        { ONE("\"toString\""), "toString as leaf" },
        { ONE("[\"object\"]"), "an object without fields" },
        { ONE("[\"object\",[]]"), "fields as an array" },
        { ONE("[\"object\",{},1]"), "a number for open" },
        { ONE("[\"object\",{},true,1]"), "too many arguments" },
        { ONE("[\"object\",{\"a\":null}]"), "null as field" },
        { ONE("[\"union\",\"a\"]"), "a union without variants" },
        { ONE("[\"union\",1,{}]"), "a union with a number as key" },
        { ONE("[\"union\",\"a\",{},\"other\"]"), "a strange union" },
        { ONE("[\"union\",\"a\",{\"01\":\"any\"},\"number\"]"),
          "a number union with an octal variant" },
        { ONE("[\"union\",\"a\",{\"-0\":\"any\"},\"number\"]"),
          "a number union with minus zero" },
        { ONE("[\"array\"]"), "an array without items" },
        { ONE("[\"array\",\"any\",-1]"), "a negative least size" },
        { ONE("[\"array\",\"any\",1,1]"), "an array with too much" },
        { ONE("[\"dict\",\"any\"]"), "a dict without values" },
        { ONE("[\"or\",\"any\"]"), "half an or" },
        { ONE("[\"optional\",\"any\",\"any\"]"), "two in optional" },
        { ONE("[\"nullable\"]"), "nullable of nothing" },
        { ONE("[\"literal\"]"), "no literal" },
        { ONE("[\"literal\",1,2]"), "two literals" },
        { ONE("[\"literal\",[]]"), "an array as literal" },
        { ONE("[\"enum\",{}]"), "an object in an enum" },
        { ONE("[\"enum\",1e400]"), "infinity in an enum" },
        { ONE("[\"prefix\",1]"), "a number as prefix" },
        { ONE("[1,2]"), "a kind that is a number" },
        { ONE("[\"range\",1]"), "an unknown kind" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        error[0] = '\0';
        rc = td_schema_load(cases[i].text, strlen(cases[i].text), &s, error,
                            sizeof(error));

        tap_ok(rc == TD_BAD && s == NULL && error[0] != '\0',
               "%s does not load: %s", cases[i].what, error);
        td_schema_destroy(s);
    }

    for (n = 30; n <= 100000; n = (n == 30) ? 66 : n * 38) {
        text = malloc(n * 16 + 1024);
        p = text + sprintf(text, "%s", HEAD "{\"t\":{\"scope\":"
                           "\"document\",\"validator\":");

        for (i = 0; i < n; i++) {
            p += sprintf(p, "[\"nullable\",");
        }

        p += sprintf(p, "\"any\"");

        for (i = 0; i < n; i++) {
            *p++ = ']';
        }

        strcpy(p, "}}}");

        rc = td_schema_load(text, strlen(text), &s, error, sizeof(error));

        tap_ok(rc == (n == 30 ? TD_OK : TD_BAD), "%d validators around "
               "another: %s", (int) n, n == 30 ? "loads" : error);

        td_schema_destroy(s);
        free(text);
    }

    text = read_file("../../conf/schema/tldraw-3.15.6.json", &len);
    good = (text != NULL);

    for (i = 0; good && i + 2 < len; i += 53) {
        rc = td_schema_load(text, i, &s, error, sizeof(error));
        good = (rc == TD_BAD);
        td_schema_destroy(s);
    }

    tap_ok(good, "no cut description loads");

    rc = td_schema_load("{", 1, &s, NULL, 0);
    tap_ok(rc == TD_BAD, "the reason may be of no interest");

    rc = td_schema_load("{", 1, &s, error, 4);
    tap_ok(rc == TD_BAD && strlen(error) == 3, "or be cut");

    free(text);

    text = malloc(5 * 1024 * 1024);
    memset(text, ' ', 5 * 1024 * 1024);
    rc = td_schema_load(text, 5 * 1024 * 1024, &s, error, sizeof(error));
    tap_ok(rc == TD_BAD, "5 MB do not load: %s", error);
    free(text);

    td_schema_destroy(NULL);
}


static void
test_a_client_matches_by_the_sequences_known_here(void)
{
    size_t        i;
    td_schema_t  *s;

#define SEQ(list)  "{\"schemaVersion\":2,\"sequences\":{" list "}}"
#define STORE      "\"com.tldraw.store\":5"
#define SHAPE      "\"com.tldraw.shape\":4"
#define GEO        "\"com.tldraw.shape.geo\":10"
#define GROUP      "\"com.tldraw.shape.group\":0"

    static const value_t  cases[] = {
        { "the same", SEQ(STORE "," SHAPE "," GEO "," GROUP), 1 },
        { "one more", SEQ(STORE "," SHAPE "," GEO "," GROUP ",\"x\":9"), 1 },
        { "without one that is 0", SEQ(STORE "," SHAPE "," GEO), 1 },
        { "without one that is not retroactive", SEQ(SHAPE "," GEO), 1 },
        { "without a retroactive one", SEQ(STORE "," SHAPE "," GROUP), 0 },
        { "an older one", SEQ(STORE "," SHAPE
          ",\"com.tldraw.shape.geo\":9"), 0 },
        { "a newer one", SEQ(STORE "," SHAPE
          ",\"com.tldraw.shape.geo\":11"), 0 },
        { "an older one, not retroactive", SEQ("\"com.tldraw.store\":4,"
          SHAPE "," GEO), 0 },
        { "0 where it is not 0, not retroactive",
          SEQ("\"com.tldraw.store\":0," SHAPE "," GEO), 0 },
        { "1 where it is 0", SEQ(SHAPE "," GEO
          ",\"com.tldraw.shape.group\":1"), 0 },
        { "a fraction", SEQ(STORE "," SHAPE
          ",\"com.tldraw.shape.geo\":10.5"), 0 },
        { "a string", SEQ(STORE "," SHAPE
          ",\"com.tldraw.shape.geo\":\"10\""), 0 },
        { "null for one that may be missing", SEQ("\"com.tldraw.store\":null,"
          SHAPE "," GEO), 0 },
        { "10.0 for 10", SEQ(STORE "," SHAPE
          ",\"com.tldraw.shape.geo\":10.0"), 1 },
        { "nothing", SEQ(""), 0 },
        { "no sequences", "{\"schemaVersion\":2}", 0 },
        { "sequences as an array",
          "{\"schemaVersion\":2,\"sequences\":[]}", 0 },
        { "schemaVersion 3", "{\"schemaVersion\":3,\"sequences\":{"
          STORE "," SHAPE "," GEO "}}", 0 },
        { "schemaVersion 0", "{\"schemaVersion\":0,\"sequences\":{}}", 0 },
        { "no schemaVersion", "{\"sequences\":{" SHAPE "," GEO "}}", 0 },
        { "schemaVersion as a string", "{\"schemaVersion\":\"2\","
          "\"sequences\":{" SHAPE "," GEO "}}", 0 },
        { "null", "null", 0 },
        { "a string", "\"2\"", 0 },
        { "an array", "[2]", 0 },
        { "the old form", "{\"schemaVersion\":1,\"storeVersion\":5,"
          "\"recordVersions\":{\"shape\":{\"version\":4,"
          "\"subTypeKey\":\"type\",\"subTypeVersions\":{\"geo\":10}}}}", 1 },
        { "the old form, another store", "{\"schemaVersion\":1,"
          "\"storeVersion\":4,\"recordVersions\":{\"shape\":{\"version\":4,"
          "\"subTypeKey\":\"type\",\"subTypeVersions\":{\"geo\":10}}}}", 0 },
        { "the old form, another geo", "{\"schemaVersion\":1,"
          "\"storeVersion\":5,\"recordVersions\":{\"shape\":{\"version\":4,"
          "\"subTypeKey\":\"type\",\"subTypeVersions\":{\"geo\":9}}}}", 0 },
        { "the old form without subtypes", "{\"schemaVersion\":1,"
          "\"storeVersion\":5,\"recordVersions\":{\"shape\":"
          "{\"version\":4}}}", 0 },
        { "the old form with a number for shape", "{\"schemaVersion\":1,"
          "\"storeVersion\":5,\"recordVersions\":{\"shape\":4}}", 0 },
        { "the old form without records",
          "{\"schemaVersion\":1,\"storeVersion\":5}", 0 }
    };

    s = load(ONE("\"any\""));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_ok(matches(s, cases[i].value) == cases[i].valid, "%s %s",
               cases[i].validator, cases[i].valid ? "matches" : "does not");
    }

    td_schema_destroy(s);
}


static void
test_validators_judge_as_in_javascript(void)
{
    char          text[1024];
    size_t        i;
    td_schema_t  *s;

    static const value_t  cases[] = {
        { "\"any\"", NULL, 1 },
        { "\"unknown\"", NULL, 1 },
        { "\"jsonValue\"", NULL, 0 },
        { "\"any\"", "1e400", 0 },
        { "\"unknown\"", "[{\"a\":-1e400}]", 0 },
        { "\"jsonValue\"", "{\"__proto__\":[1e999]}", 0 },
        { "\"unknownObject\"", "[1e400]", 0 },
        { "\"array\"", "[1e400]", 0 },
        { "\"array\"", "[]", 1 },
        { "\"array\"", "{}", 0 },
        { "\"unknownObject\"", "[]", 1 },
        { "\"unknownObject\"", "null", 0 },
        { "\"number\"", "1e400", 0 },
        { "\"number\"", "\"1\"", 0 },
        { "\"integer\"", "1e308", 1 },
        { "\"integer\"", "1.5", 0 },
        { "\"positiveInteger\"", "-0", 1 },
        { "\"nonZeroInteger\"", "0", 0 },
        { "\"positiveNumber\"", "-0", 1 },
        { "\"nonZeroNumber\"", "-1", 0 },
        { "\"nonZeroNumber\"", "5e-324", 1 },
        { "\"nonZeroNumber\"", "1e-400", 0 },
        { "\"nonZeroFiniteNumber\"", "-0", 0 },
        { "\"unitInterval\"", "1.0000000000000002", 0 },
        { "\"bigint\"", "1", 0 },
        { "[\"optional\",\"string\"]", NULL, 1 },
        { "[\"optional\",\"string\"]", "null", 0 },
        { "[\"nullable\",\"string\"]", "null", 1 },
        { "[\"nullable\",\"string\"]", NULL, 0 },
        { "[\"nullable\",[\"optional\",\"string\"]]", NULL, 1 },
        { "[\"optional\",[\"nullable\",\"string\"]]", "null", 1 },
        { "[\"or\",\"string\",[\"optional\",\"number\"]]", NULL, 1 },
        { "[\"or\",\"string\",\"number\"]", "1", 1 },
        { "[\"or\",\"string\",\"number\"]", "true", 0 },
        { "[\"literal\",0]", "-0", 1 },
        { "[\"literal\",1]", "\"1\"", 0 },
        { "[\"literal\",null]", "null", 1 },
        { "[\"literal\",null]", NULL, 0 },
        { "[\"literal\",false]", "0", 0 },
        { "[\"enum\",\"a\",1,true,null]", "null", 1 },
        { "[\"enum\",\"a\",1,true,null]", "false", 0 },
        { "[\"enum\",\"a\",1,true,null]", "\"a\"", 1 },
        { "[\"enum\",\"a\",1,true,null]", "\"1\"", 0 },
        { "[\"enum\",\"a\"]", "\"toString\"", 0 },
        { "[\"enum\",\"a\",\"\"]", "\"\"", 1 },
        { "[\"array\",\"number\",2]", "[1]", 0 },
        { "[\"array\",\"number\",2]", "[1,2]", 1 },
        { "[\"dict\",\"string\",\"number\"]", "{\"__proto__\":1}", 1 },
        { "[\"dict\",\"string\",\"number\"]", "[1,2]", 1 },
        { "[\"dict\",[\"enum\",\"0\"],\"number\"]", "[1,2]", 0 },
        { "[\"dict\",\"string\",\"number\"]", "{\"a\":null}", 0 },
        { "[\"object\",{}]", "[]", 1 },
        { "[\"object\",{}]", "[1]", 0 },
        { "[\"object\",{}]", "{\"__proto__\":1}", 0 },
        { "[\"object\",{}]", "{\"toString\":1}", 0 },
        { "[\"object\",{},true]", "{\"toString\":1}", 1 },
        { "[\"object\",{},true]", "{\"toString\":1e400}", 0 },
        { "[\"object\",{},true]", "[1e400]", 0 },
        { "[\"object\",{\"0\":\"number\"}]", "[7]", 1 },
        { "[\"object\",{\"0\":\"number\"}]", "[7,8]", 0 },
        { "[\"object\",{\"length\":\"number\"}]", "[]", 1 },
        { "[\"object\",{\"00\":\"number\"}]", "[1]", 0 },
        { "[\"object\",{\"a\":[\"optional\",\"number\"]}]", "[]", 1 },
        { "[\"object\",{\"__proto__\":\"number\"}]", "{\"__proto__\":1}", 1 },
        { "[\"object\",{\"__proto__\":\"number\"}]", "{}", 0 },
        { "[\"object\",{\"toString\":\"any\"}]", "{}", 1 },
        { "[\"union\",\"k\",{\"a\":\"any\"}]", "{\"k\":\"a\"}", 1 },
        { "[\"union\",\"k\",{\"a\":\"any\"}]", "{\"k\":\"toString\"}", 0 },
        { "[\"union\",\"k\",{\"a\":\"any\"}]", "{\"k\":[\"a\"]}", 0 },
        { "[\"union\",\"k\",{\"a\":\"any\"}]", "{}", 0 },
        { "[\"union\",\"k\",{\"a\":\"any\"}]", "\"a\"", 0 },
        { "[\"union\",\"0\",{\"a\":\"any\"}]", "[\"a\"]", 1 },
        { "[\"union\",\"k\",{\"1\":\"any\"},\"number\"]", "{\"k\":1}", 1 },
        { "[\"union\",\"k\",{\"0\":\"any\"},\"number\"]", "{\"k\":-0}", 1 },
        { "[\"union\",\"k\",{\"1\":\"any\"},\"number\"]", "{\"k\":\"1\"}", 1 },
        { "[\"union\",\"k\",{\"1\":\"any\"},\"number\"]", "{\"k\":[[1]]}", 1 },
        { "[\"union\",\"k\",{\"1\":\"any\"},\"number\"]", "{\"k\":1.5}", 0 },
        { "[\"union\",\"k\",{\"1\":\"any\"},\"number\"]", "{\"k\":true}", 0 },
        { "[\"union\",\"k\",{\"1\":\"any\"},\"number\"]", "{\"k\":1e20}", 0 },
        { "[\"prefix\",\"a:\",\"b:\"]", "\"b:\"", 1 },
        { "[\"prefix\",\"a:\",\"b:\"]", "\"c:\"", 0 },
        { "[\"prefix\",\"a:\"]", "\"a\"", 0 },
        { "\"linkUrl\"", "\"\"", 1 },
        { "\"linkUrl\"", "\"mailto:a\"", 1 },
        { "\"linkUrl\"", "\"data:a\"", 0 },
        { "\"srcUrl\"", "\"asset:a\"", 1 },
        { "\"httpUrl\"", "\"mailto:a\"", 0 },
        { "\"httpUrl\"", "\"//a.b/c\"", 1 },
        { "\"httpUrl\"", "\"../a\"", 0 },
        { "\"linkUrl\"", "\"javascript:alert(1)\"", 0 },
        { "\"linkUrl\"", "\"http://a b\"", 0 },
        { "\"linkUrl\"", "\"http://[::1]:80/\"", 1 },
        { "\"linkUrl\"", "\"http://1.2.3.256/\"", 0 },
        { "\"linkUrl\"", "\"http://\\ud83d/\"", 0 },
        { "\"linkUrl\"", "\"http://a/\\ud83d\"", 1 },
        { "\"linkUrl\"", "\"http://\\u0628\\u200c\\u0628/\"", 1 },
        { "\"linkUrl\"", "\"http://\\u0627\\u200c\\u0628/\"", 0 },
        { "\"linkUrl\"", "\"http://a\\u200cb/\"", 0 },
        { "\"linkUrl\"", "\"http://\\u05d01.b/\"", 1 },
        { "\"linkUrl\"", "\"http://\\u05d0b/\"", 0 },
        { "\"linkUrl\"", "\"http://b\\u05d0/\"", 0 },
        { "\"linkUrl\"", "\"http://1\\u05d0/\"", 0 },
        { "\"linkUrl\"", "\"http://xn--bcher-kva/\"", 1 },
        { "\"linkUrl\"", "\"http://xn--a/\"", 0 },
        { "\"indexKey3\"", "\"a10\"", 1 },
        { "\"indexKey4\"", "\"a10\"", 0 },
        { "\"indexKey5\"", "\"a10\"", 0 },
        { "\"indexKey5\"", "\"\"", 0 },
        { "\"indexKey5\"", "\"a1 \"", 1 },
        { "\"indexKey4\"", "\"a1 \"", 0 },
        { "\"indexKey3\"", "\"a1 \"", 1 },
        { "\"indexKey3\"", "\"z0\"", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), FIELD("%s"), cases[i].validator);
        s = load(text);

        snprintf(text, sizeof(text), "{\"typeName\":\"t\"%s%s}",
                 cases[i].value ? ",\"v\":" : "",
                 cases[i].value ? cases[i].value : "");

        tap_ok(s != NULL && check(s, text, NULL, 0) == cases[i].valid,
               "%s %s %s", cases[i].validator,
               cases[i].valid ? "takes" : "refuses",
               cases[i].value ? cases[i].value : "a missing field");

        td_schema_destroy(s);
    }
}


static void
test_only_records_of_synced_types_pass(void)
{
    size_t        i;
    td_schema_t  *s;

    static const value_t  cases[] = {
        { "the type", "{\"typeName\":\"t\"}", 1 },
        { "presence", "{\"typeName\":\"p\"}", 1 },
        { "a session type", "{\"typeName\":\"s\"}", 0 },
        { "an unknown type", "{\"typeName\":\"x\"}", 0 },
        { "toString", "{\"typeName\":\"toString\"}", 0 },
        { "__proto__", "{\"typeName\":\"__proto__\"}", 0 },
        { "a type that is a number", "{\"typeName\":1}", 0 },
        { "a type that is a list", "{\"typeName\":[\"t\"]}", 0 },
        { "no type", "{}", 0 },
        { "an array", "[\"t\"]", 0 },
        { "null", "null", 0 },
        { "a string", "\"t\"", 0 }
    };

    s = load(HEAD "{\"t\":{\"scope\":\"document\",\"validator\":\"any\"},"
             "\"s\":{\"scope\":\"session\"},"
             "\"p\":{\"scope\":\"presence\",\"validator\":\"any\"}}}");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_ok(check(s, cases[i].value, NULL, 0) == cases[i].valid, "%s %s",
               cases[i].validator, cases[i].valid ? "passes" : "does not");
    }

    td_schema_destroy(s);
}


static void
test_the_message_names_the_place_and_no_more(void)
{
    char          error[256], text[512];
    size_t        i, n;
    td_schema_t  *s;

    s = load(FIELD("[\"array\",[\"object\",{\"x\":\"number\"}]]"));

    check(s, "{\"typeName\":\"t\",\"v\":[{\"x\":1},{\"x\":\"secret\"}]}",
          error, sizeof(error));
    tap_ok(strcmp(error, "v.1.x: expected a finite number") == 0,
           "\"%s\"", error);

    check(s, "{\"typeName\":\"t\",\"v\":[{}]}", error, sizeof(error));
    tap_ok(strcmp(error, "v.0.x: missing field") == 0, "\"%s\"", error);

    memset(text, 'k', sizeof(text));
    n = snprintf(text, sizeof(text), "{\"typeName\":\"t\",\"v\":[],\"");
    text[n] = 'k';
    strcpy(text + 300, "\":1}");

    check(s, text, error, sizeof(error));

    for (n = 0; error[n] == 'k'; n++) { /* void */ }

    tap_ok(n == 32 && strcmp(error + n, ": unexpected field") == 0,
           "32 bytes of a long name are quoted");

    check(s, "{\"typeName\":\"t\",\"v\":[],\"a\\u0000\\n\\u001b\xc3\xa9\":1}",
          error, sizeof(error));
    tap_ok(strcmp(error, "a?????: unexpected field") == 0,
           "what is no ASCII character is not: \"%s\"", error);

    for (n = 1; n < 20; n++) {
        memset(error, '#', sizeof(error));
        check(s, "{\"typeName\":\"t\",\"v\":[{\"x\":null}]}", error, n);

        for (i = n; i < sizeof(error) && error[i] == '#'; i++) { /* void */ }

        if (strlen(error) >= n || i < sizeof(error)) {
            break;
        }
    }

    tap_ok(n == 20, "it fits into any size");

    check(s, "{\"typeName\":\"t\",\"v\":[]}", error, sizeof(error));
    tap_ok(error[0] == '\0', "it is empty for a valid record");

    td_schema_destroy(s);
}


static void
test_depth_is_bounded(void)
{
    char         *text, *p;
    unsigned      n, i;
    td_schema_t  *s;

    s = load(FIELD("\"jsonValue\""));
    text = malloc(4096);

    for (n = TD_SCHEMA_DEPTH - 1; n <= TD_SCHEMA_DEPTH; n++) {
        p = text + sprintf(text, "{\"typeName\":\"t\",\"v\":");

        for (i = 0; i < n; i++) {
            *p++ = '[';
        }

        for (i = 0; i < n; i++) {
            *p++ = ']';
        }

        strcpy(p, "}");

        tap_ok(check(s, text, NULL, 0) == (n < TD_SCHEMA_DEPTH),
               "a record of %u containers in each other %s", n + 1,
               n < TD_SCHEMA_DEPTH ? "passes" : "does not");
    }

    free(text);
    td_schema_destroy(s);
}


int
main(void)
{
    test_the_shipped_descriptions_load();
    test_hostile_descriptions_do_not_load();
    test_a_client_matches_by_the_sequences_known_here();
    test_validators_judge_as_in_javascript();
    test_only_records_of_synced_types_pass();
    test_the_message_names_the_place_and_no_more();
    test_depth_is_bounded();

    return tap_done();
}
