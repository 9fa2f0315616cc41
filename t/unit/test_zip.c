
/*
 * Archives: what is written is read again, and what lies is found out.
 */


#include <stdlib.h>

#include "td_zip.h"
#include "tap.h"


/* Bytes that stand behind a hole of so many others. */

typedef struct {
    const uint8_t  *data;
    uint64_t        len;
    uint64_t        hole;
} bytes_t;


static size_t
from_memory(void *ctx, uint64_t offset, uint8_t *buf, size_t n)
{
    bytes_t  *b = ctx;

    if (offset < b->hole || offset - b->hole >= b->len) {
        return 0;
    }

    offset -= b->hole;

    if (n > b->len - offset) {
        n = (size_t) (b->len - offset);
    }

    memcpy(buf, b->data + offset, n);

    return n;
}


static void
put(td_zip_t *zip, const char *name, const char *data, size_t n,
    uint64_t size, int level)
{
    td_str_t  s;

    s.data = name;
    s.len = strlen(name);

    tap_ok(td_zip_begin(zip, s, 1700000000000, size, level) == TD_OK
           && td_zip_add(zip, data, n / 2) == TD_OK
           && td_zip_add(zip, data + n / 2, n - n / 2) == TD_OK
           && td_zip_end(zip) == TD_OK, "\"%s\" is written", name);
}


/* The entry in pieces of an odd size; NULL: refused. */

static char *
get(td_zip_dir_t *dir, bytes_t *b, const char *name, size_t *len)
{
    int              rc;
    char            *p;
    size_t           got;
    td_str_t         s;
    td_unzip_t      *u;
    td_zip_entry_t  *e;

    s.data = name;
    s.len = strlen(name);
    *len = 0;

    e = td_zip_find(dir, s);
    if (e == NULL) {
        return NULL;
    }

    u = calloc(1, sizeof(td_unzip_t));
    p = malloc(1 << 20);

    rc = td_unzip_begin(u, e, from_memory, b);

    while (rc == TD_OK) {
        rc = td_unzip_read(u, p + *len, 777, &got);
        *len += got;

        if (got < 777) {
            break;
        }
    }

    td_unzip_end(u);
    free(u);

    if (rc != TD_OK) {
        free(p);
        return NULL;
    }

    return p;
}


static void
round_trip(void)
{
    char          *text, *noise, *p;
    size_t         i, n, len;
    bytes_t        b;
    td_zip_t       zip;
    td_arena_t    *a;
    td_zip_dir_t   dir;

    n = 300000;
    text = malloc(n);
    noise = malloc(n);

    srand(1);

    for (i = 0; i < n; i++) {
        text[i] = "tidraw "[i % 7];
        noise[i] = (char) rand();
    }

    memset(&zip, 0, sizeof(td_zip_t));

    put(&zip, "b/text.json", text, n, n, 6);
    put(&zip, "a/noise.png", noise, n, n, 0);
    put(&zip, "empty", "", 0, 0, 6);
    put(&zip, "large \xc3\xa4.mp4", noise, 1000, (uint64_t) 5 << 30, 0);

    tap_ok(td_zip_finish(&zip) == TD_OK, "the archive is finished");
    tap_ok(zip.offset < zip.out.len && zip.out.len < 2 * n,
           "text is packed, noise is not");

    b.data = (uint8_t *) zip.out.data;
    b.len = zip.out.len;
    b.hole = 0;

    a = td_arena_create(1024, 0);

    tap_ok(td_zip_open(&dir, a, b.len, from_memory, &b) == TD_OK
           && dir.nentries == 4, "it is opened");
    tap_ok(td_str_is(dir.entries[0].name, "a/noise.png"),
           "entries are in the order of their names");

    p = get(&dir, &b, "b/text.json", &len);
    tap_ok(p && len == n && memcmp(p, text, n) == 0, "text comes back");
    free(p);

    p = get(&dir, &b, "a/noise.png", &len);
    tap_ok(p && len == n && memcmp(p, noise, n) == 0, "noise comes back");
    free(p);

    p = get(&dir, &b, "empty", &len);
    tap_ok(p && len == 0, "an empty entry comes back");
    free(p);

    p = get(&dir, &b, "large \xc3\xa4.mp4", &len);
    tap_ok(p && len == 1000 && memcmp(p, noise, 1000) == 0,
           "an entry with Zip64 lengths comes back");
    free(p);

    tap_ok(get(&dir, &b, "nothing", &len) == NULL, "what is not there is not");

    /* any byte of an entry that is another one */

    for (i = 200; i < 300; i++) {
        zip.out.data[i] ^= 0x10;
        p = get(&dir, &b, "b/text.json", &len);
        zip.out.data[i] ^= 0x10;

        if (p != NULL && memcmp(p, text, n) != 0) {
            break;
        }

        free(p);
    }

    tap_ok(i == 300, "damaged data is found");

    td_arena_destroy(a);

    /* cut off anywhere */

    for (len = 0; len < b.len; len += 1 + (len < b.len - 600 ? 997 : 0)) {
        bytes_t  cut = { b.data, len, 0 };

        a = td_arena_create(1024, 0);

        if (td_zip_open(&dir, a, len, from_memory, &cut) == TD_OK) {
            break;
        }

        td_arena_destroy(a);
    }

    if (!tap_ok(len >= b.len, "an archive that is cut off is refused")) {
        td_arena_destroy(a);
    }

    td_zip_free(&zip);
    free(text);
    free(noise);
}


/* Behind 5 GB, and with more entries than fit into 16 bits. */

static void
zip64(void)
{
    char           name[20], *p;
    size_t         i, len;
    bytes_t        b;
    td_str_t       s;
    td_zip_t       zip;
    td_arena_t    *a;
    td_zip_dir_t   dir;

    memset(&zip, 0, sizeof(td_zip_t));

    zip.offset = (uint64_t) 5 << 30;

    for (i = 0; i < 66000; i++) {
        s.data = name;
        s.len = (size_t) sprintf(name, "f%zu", i);

        if (td_zip_begin(&zip, s, 0, 4, 6) != TD_OK
            || td_zip_add(&zip, "abcd", 4) != TD_OK
            || td_zip_end(&zip) != TD_OK)
        {
            break;
        }
    }

    tap_ok(i == 66000 && td_zip_finish(&zip) == TD_OK,
           "66 000 entries behind 5 GB");

    b.data = (uint8_t *) zip.out.data;
    b.len = zip.out.len;
    b.hole = (uint64_t) 5 << 30;

    a = td_arena_create(1024, 0);

    tap_ok(td_zip_open(&dir, a, b.hole + b.len, from_memory, &b) == TD_OK
           && dir.nentries == 66000, "are found");

    p = get(&dir, &b, "f65999", &len);
    tap_ok(p && len == 4 && memcmp(p, "abcd", 4) == 0, "and read");
    free(p);

    td_arena_destroy(a);
    td_zip_free(&zip);
}


static void
limits(void)
{
    td_zip_t  zip;
    td_str_t  s;
    char      name[TD_ZIP_NAME_MAX + 1];

    memset(&zip, 0, sizeof(td_zip_t));
    memset(name, 'a', sizeof(name));

    s.data = name;
    s.len = sizeof(name);
    tap_ok(td_zip_begin(&zip, s, 0, 0, 6) == TD_BAD, "a long name is refused");

    s.len = 0;
    tap_ok(td_zip_begin(&zip, s, 0, 0, 6) == TD_BAD, "no name is refused");

    s.len = 1;
    tap_ok(td_zip_begin(&zip, s, 0, 0, 6) == TD_OK, "a short one is not");
    zip.size = 0xfe000000u;
    tap_ok(td_zip_add(&zip, name, 100) == TD_TOO_BIG,
           "an entry that becomes larger than it said is refused");

    td_zip_free(&zip);
}


/* Opens what mend() has changed in an archive of two entries. */

static void
hostile(const char *what, size_t at, const char *bytes, size_t n)
{
    int            rc;
    size_t         line, len;
    bytes_t        b;
    td_zip_t       zip;
    td_arena_t    *a;
    td_zip_dir_t   dir;

    memset(&zip, 0, sizeof(td_zip_t));

    put(&zip, "aa/bb", "0123456789", 10, 10, 6);
    line = zip.directory.len;
    put(&zip, "aa/cc", "9876543210", 10, 10, 6);

    memcpy(zip.directory.data + line + at, bytes, n);
    len = zip.directory.len;

    tap_ok(td_zip_finish(&zip) == TD_OK && len == 2 * line, "%s", what);

    b.data = (uint8_t *) zip.out.data;
    b.len = zip.out.len;
    b.hole = 0;

    a = td_arena_create(1024, 0);

    rc = td_zip_open(&dir, a, b.len, from_memory, &b);
    tap_ok(rc == TD_BAD && dir.error, "refused: %s",
           dir.error ? dir.error : "-");

    td_arena_destroy(a);
    td_zip_free(&zip);
}


/* zlib reads empty blocks without end: what gives nothing is not read. */

static void
idle(void)
{
    size_t         i;
    bytes_t        b;
    td_zip_t       zip;
    td_arena_t    *a;
    td_zip_dir_t   dir;

    static char    noise[70000];

    for (i = 0; i < sizeof(noise); i++) {
        noise[i] = (char) rand();
    }

    memset(&zip, 0, sizeof(td_zip_t));

    put(&zip, "aa/bb", noise, sizeof(noise), sizeof(noise), 0);

    memcpy(zip.directory.data + 24, "\1\0\0\0", 4);
    (void) td_zip_finish(&zip);

    b.data = (uint8_t *) zip.out.data;
    b.len = zip.out.len;
    b.hole = 0;

    a = td_arena_create(1024, 0);

    tap_ok(td_zip_open(&dir, a, b.len, from_memory, &b) == TD_BAD && dir.error,
           "a byte that takes 70 000 is refused");

    td_arena_destroy(a);
    td_zip_free(&zip);
}


static void
part(const char *from, size_t max, const char *to)
{
    td_buf_t  b;
    td_str_t  s;

    memset(&b, 0, sizeof(td_buf_t));

    s.data = from;
    s.len = strlen(from);

    td_zip_part(&b, s, max);

    tap_ok(b.len == strlen(to) && memcmp(b.len ? b.data : "", to, b.len) == 0,
           "\"%s\" is a part as \"%s\"", from, to);

    td_buf_free(&b);
}


int
main(void)
{
    part("Plan: \"A/B\" <1>?", 100, "Plan_ _A_B_ _1__");
    part("..", 100, "");
    part("b\xc3\xa4r", 2, "b");
    part("b\xc3\xa4r", 3, "b\xc3\xa4");
    part("a\nb\\c. ", 100, "a_b_c");

    round_trip();
    zip64();
    limits();
    idle();

    hostile("two of one name", 46 + 3, "bb", 2);
    hostile("a parent folder", 46, "../aa", 5);
    hostile("an absolute name", 46, "/a/bb", 5);
    hostile("a backslash", 46, "a\\abb", 5);
    hostile("a NUL in a name", 46, "a\0abb", 5);
    hostile("no UTF-8", 46, "\xff\xfe/bb", 5);
    hostile("one upon another", 42, "\1\0\0\0", 4);
    hostile("beyond the end", 42, "\xff\xff\0\0", 4);
    hostile("an encrypted one", 8, "\x09\x08", 2);
    hostile("an unknown method", 10, "\x0c\0", 2);
    hostile("a size that cannot be", 24, "\xff\xff\xff\x7f", 4);
    hostile("a packed size that cannot be", 20, "\xff\xff\xff\x7f", 4);
    hostile("no Zip64 numbers where they should be", 20, "\xff\xff\xff\xff",
            4);
    hostile("a name beyond the directory", 28, "\xff\xff", 2);

    return tap_done();
}
