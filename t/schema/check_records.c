
/*
 * Checks records with a schema description: the C side of judge.mjs.
 *
 * check_records description.json < lines   one record a line, prints 1 or 0
 * for each; with -t as the last argument, prints the microseconds that one
 * check takes on average instead.
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "td_schema.h"


static char *
read_file(const char *path, size_t *len)
{
    char  *p;
    long   n;
    FILE  *f;

    f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }

    fseek(f, 0, SEEK_END);
    n = ftell(f);
    rewind(f);

    p = malloc(n + 1);
    *len = (p == NULL) ? 0 : fread(p, 1, n, f);

    fclose(f);

    return p;
}


static double
measure(const td_schema_t *s, const td_json_t *record)
{
    int              i;
    struct timespec  a, b;

    clock_gettime(CLOCK_MONOTONIC, &a);

    for (i = 0; i < 100; i++) {
        td_schema_check(s, record, NULL, 0);
    }

    clock_gettime(CLOCK_MONOTONIC, &b);

    return ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / 1e5;
}


int
main(int argc, char **argv)
{
    int           rc, timing;
    char         *line, *text, error[256];
    double        spent;
    size_t        size, n, len;
    ssize_t       got;
    td_json_t    *record;
    td_arena_t   *arena;
    td_schema_t  *schema;

    if (argc < 2) {
        fprintf(stderr, "usage: check_records description.json [-t]\n");
        return 2;
    }

    timing = (argc == 3 && strcmp(argv[2], "-t") == 0);

    text = read_file(argv[1], &len);
    if (text == NULL) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 2;
    }

    rc = td_schema_load(text, len, &schema, error, sizeof(error));
    free(text);

    if (rc != TD_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], error);
        return 2;
    }

    arena = td_arena_create(65536, 0);
    if (arena == NULL) {
        return 2;
    }

    line = NULL;
    size = 0;
    spent = 0;

    for (n = 0; (got = getline(&line, &size, stdin)) != -1; n++) {
        td_arena_reset(arena);

        rc = td_json_parse(arena, line, got, TD_SCHEMA_DEPTH + 10, &record);

        if (rc != TD_OK) {
            printf("parse %d\n", rc);

        } else if (timing) {
            spent += measure(schema, record);

        } else {
            printf("%d\n", td_schema_check(schema, record, error,
                                           sizeof(error)));
        }
    }

    if (timing) {
        printf("%.2f\n", n == 0 ? 0 : spent / n);
    }

    free(line);
    td_arena_destroy(arena);
    td_schema_destroy(schema);

    return 0;
}
