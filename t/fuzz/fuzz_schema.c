
/*
 * Fuzzer of the schema check.  The first byte of the input chooses:
 *
 *   D   the rest is a description to load
 *   M   the rest is the schema of a client, matched with each description
 *   S   the rest is the text of a URL and of an index key
 *   any other: the rest is a record, checked with each description
 *
 * The descriptions are one with every kind of validator and those of
 * conf/schema, looked for from here and in the folder TIDRAW_SCHEMA.
 */


#include <stdio.h>
#include <stdlib.h>

#include "td_schema_node.h"


#define MAX_SCHEMAS  4


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static td_schema_t  *schemas[MAX_SCHEMAS];
static size_t        nschemas;


static const char  every_kind[] =
    "{\"format\":1,\"name\":\"fuzz\",\"schema\":{\"schemaVersion\":2,"
    "\"sequences\":{\"com.tldraw.store\":4,\"com.tldraw.shape.geo\":10}},"
    "\"notRetroactive\":[\"com.tldraw.store\"],\"types\":{"
    "\"s\":{\"scope\":\"session\"},"
    "\"p\":{\"scope\":\"presence\",\"validator\":\"unknown\"},"
    "\"t\":{\"scope\":\"document\",\"validator\":[\"object\",{"
    "\"typeName\":[\"literal\",\"t\"],\"a\":[\"optional\",\"any\"],"
    "\"b\":[\"optional\",[\"array\",\"number\",2]],"
    "\"c\":[\"optional\",[\"dict\",\"indexKey3\",\"jsonValue\"]],"
    "\"d\":[\"optional\",[\"enum\",\"x\",1,null]],"
    "\"e\":[\"optional\",[\"or\",\"linkUrl\",[\"nullable\",\"integer\"]]],"
    "\"f\":[\"optional\",[\"union\",\"k\",{\"1\":[\"object\",{},true]},"
    "\"number\"]],"
    "\"g\":[\"optional\",[\"union\",\"0\",{\"v\":\"unknownObject\"}]],"
    "\"h\":[\"optional\",[\"object\",{\"0\":\"srcUrl\",\"length\":\"any\"}]],"
    "\"i\":[\"optional\",[\"or\",\"indexKey4\",\"httpUrl\"]],"
    "\"j\":[\"optional\",[\"prefix\",\"a:\",\"b:\"]]}]}}}";


static void
add_file(const char *folder, const char *version)
{
    int      n;
    char     path[512], *text;
    FILE    *f;
    size_t   len;

    n = snprintf(path, sizeof(path), "%s/tldraw-%s.json", folder, version);
    if (n < 0 || (size_t) n >= sizeof(path) || nschemas == MAX_SCHEMAS) {
        return;
    }

    f = fopen(path, "rb");
    if (f == NULL) {
        return;
    }

    text = malloc(1 << 20);
    len = fread(text, 1, 1 << 20, f);
    fclose(f);

    if (td_schema_load(text, len, &schemas[nschemas], NULL, 0) == TD_OK) {
        nschemas++;
    }

    free(text);
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    size_t       i, j;
    const char  *folders[3];

    static const char  *versions[] = { "3.15.6", "4.5.12", "5.4.2" };

    (void) argc;
    (void) argv;

    if (td_schema_load(every_kind, sizeof(every_kind) - 1, &schemas[0], NULL,
                       0)
        != TD_OK)
    {
        abort();
    }

    nschemas = 1;

    folders[0] = getenv("TIDRAW_SCHEMA");
    folders[1] = "conf/schema";
    folders[2] = "../../conf/schema";

    for (i = 0; i < 3; i++) {
        for (j = 0; folders[i] != NULL && j < 3; j++) {
            add_file(folders[i], versions[j]);
        }
    }

    return 0;
}


static void
load_description(const char *text, size_t len)
{
    char          error[64];
    td_schema_t  *s;

    if (td_schema_load(text, len, &s, error, sizeof(error)) == TD_OK) {
        (void) td_schema_scope(s, td_str("t"));
        td_schema_destroy(s);
    }
}


static void
check_string(const char *text, size_t len)
{
    td_str_t  s;

    s.data = text;
    s.len = len;

    (void) td_url_scheme(s);
    (void) td_index_key_valid(s, TD_OP_INDEX_3);
    (void) td_index_key_valid(s, TD_OP_INDEX_4);
    (void) td_index_key_valid(s, TD_OP_INDEX_5);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int          ok;
    char        *text, error[64];
    size_t       i;
    td_json_t   *v;
    td_arena_t  *arena;

    if (size < 2) {
        return 0;
    }

    /* a copy of its own, so that a read beyond the end is seen */

    text = malloc(size - 1);
    memcpy(text, data + 1, size - 1);

    if (data[0] == 'D') {
        load_description(text, size - 1);
        free(text);
        return 0;
    }

    if (data[0] == 'S') {
        check_string(text, size - 1);
        free(text);
        return 0;
    }

    arena = td_arena_create(4096, 16 * 1024 * 1024);

    if (td_json_parse(arena, text, size - 1, 300, &v) == TD_OK) {
        for (i = 0; i < nschemas; i++) {

            if (data[0] == 'M') {
                (void) td_schema_matches(schemas[i], v);
                continue;
            }

            ok = td_schema_check(schemas[i], v, error, sizeof(error));

            if (ok != td_schema_check(schemas[i], v, NULL, 0)
                || ok != (error[0] == '\0'))
            {
                abort();
            }
        }
    }

    td_arena_destroy(arena);
    free(text);

    return 0;
}
