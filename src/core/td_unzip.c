
/*
 * Reading an archive that may have been made to do harm.  The directory is
 * all that is believed, and only as far as its entries lie apart from one
 * another; so no archive unpacks to more than zlib makes of its own length.
 */


#include "td_zip.h"
#include "td_utf8.h"

#include <stdlib.h>


#define TD_UNZIP_TAIL     (65535 + 22)         /* the longest comment */
#define TD_UNZIP_DIR_MAX  (128u * 1024 * 1024)

/* of empty blocks zlib reads any number without giving a byte */
#define TD_UNZIP_SLACK    32768

#define TD_UNZIP_LOCAL    30
#define TD_UNZIP_LINE     46


typedef struct {
    uint64_t  entries;
    uint64_t  size;
    uint64_t  start;
    uint64_t  end;              /* where the first end record begins */
} td_unzip_where_t;


static int td_unzip_end_record(td_unzip_where_t *w, uint64_t size,
    td_zip_read_pt read, void *ctx, td_arena_t *a);
static int td_unzip_line(td_zip_dir_t *dir, const uint8_t *p, size_t len,
    size_t *used);
static int td_unzip_zip64(td_zip_entry_t *e, const uint8_t *p, size_t len);
static int td_unzip_name(td_str_t name);
static int td_unzip_apart(td_zip_dir_t *dir);
static int td_unzip_by_name(const void *one, const void *two);
static int td_unzip_by_offset(const void *one, const void *two);
static int td_unzip_bad(td_zip_dir_t *dir, int rc, const char *error);
static unsigned td_unzip_16(const uint8_t *p);
static uint32_t td_unzip_32(const uint8_t *p);
static uint64_t td_unzip_64(const uint8_t *p);


int
td_zip_open(td_zip_dir_t *dir, td_arena_t *a, uint64_t size,
    td_zip_read_pt read, void *ctx)
{
    int                rc;
    size_t             i, used, left;
    uint8_t           *p;
    td_unzip_where_t   w;

    memset(dir, 0, sizeof(td_zip_dir_t));

    rc = td_unzip_end_record(&w, size, read, ctx, a);

    if (rc != TD_OK) {
        return td_unzip_bad(dir, rc, "This is not a ZIP archive, or it is cut"
                                     " off.");
    }

    if (w.entries > TD_ZIP_ENTRIES_MAX || w.size > TD_UNZIP_DIR_MAX) {
        return td_unzip_bad(dir, TD_TOO_BIG,
                            "There are too many files in the archive.");
    }

    /* what the lines themselves take, before memory is given to them */

    if (w.start > w.end || w.size > w.end - w.start
        || w.entries > w.size / TD_UNZIP_LINE)
    {
        return td_unzip_bad(dir, TD_BAD, "The directory of the archive is"
                                         " damaged.");
    }

    p = td_arena_alloc(a, (size_t) w.size);
    dir->entries = td_arena_alloc(a, (size_t) w.entries
                                     * sizeof(td_zip_entry_t));

    if (p == NULL || dir->entries == NULL) {
        return TD_NOMEM;
    }

    if (read(ctx, w.start, p, (size_t) w.size) != w.size) {
        return td_unzip_bad(dir, TD_BAD, "The archive cannot be read.");
    }

    dir->end = w.start;         /* entries stand before it */
    left = (size_t) w.size;

    for (i = 0; i < w.entries; i++) {
        rc = td_unzip_line(dir, p, left, &used);

        if (rc != TD_OK) {
            return rc;
        }

        p += used;
        left -= used;
    }

    return td_unzip_apart(dir);
}


/* Where the directory is: at the end, behind it at most a comment. */

static int
td_unzip_end_record(td_unzip_where_t *w, uint64_t size, td_zip_read_pt read,
    void *ctx, td_arena_t *a)
{
    size_t     n, i;
    uint8_t   *p, *e, end64[56];
    uint64_t   at;

    n = size < TD_UNZIP_TAIL ? (size_t) size : TD_UNZIP_TAIL;

    if (n < 22) {
        return TD_BAD;
    }

    p = td_arena_alloc(a, n);
    if (p == NULL) {
        return TD_NOMEM;
    }

    if (read(ctx, size - n, p, n) != n) {
        return TD_BAD;
    }

    for (i = n - 22; /* void */ ; i--) {

        if (td_unzip_32(p + i) == 0x06054b50
            && td_unzip_16(p + i + 20) == n - i - 22)
        {
            break;
        }

        if (i == 0) {
            return TD_BAD;
        }
    }

    e = p + i;

    w->end = size - n + i;
    w->entries = td_unzip_16(e + 10);
    w->size = td_unzip_32(e + 12);
    w->start = td_unzip_32(e + 16);

    if (i < 20 || td_unzip_32(e - 20) != 0x07064b50) {
        return TD_OK;
    }

    at = td_unzip_64(e - 12);

    if (w->end - 20 < sizeof(end64) || at > w->end - 20 - sizeof(end64)
        || read(ctx, at, end64, sizeof(end64)) != sizeof(end64)
        || td_unzip_32(end64) != 0x06064b50)
    {
        return TD_BAD;
    }

    w->end = at;
    w->entries = td_unzip_64(end64 + 32);
    w->size = td_unzip_64(end64 + 40);
    w->start = td_unzip_64(end64 + 48);

    return TD_OK;
}


static int
td_unzip_line(td_zip_dir_t *dir, const uint8_t *p, size_t len, size_t *used)
{
    size_t           name, extra, comment;
    unsigned         flags;
    td_zip_entry_t  *e;

    if (len < TD_UNZIP_LINE || td_unzip_32(p) != 0x02014b50) {
        return td_unzip_bad(dir, TD_BAD, "The directory of the archive is"
                                         " damaged.");
    }

    name = td_unzip_16(p + 28);
    extra = td_unzip_16(p + 30);
    comment = td_unzip_16(p + 32);

    if (name + extra + comment > len - TD_UNZIP_LINE) {
        return td_unzip_bad(dir, TD_BAD, "The directory of the archive is"
                                         " damaged.");
    }

    *used = TD_UNZIP_LINE + name + extra + comment;

    e = &dir->entries[dir->nentries];

    e->name.data = (const char *) p + TD_UNZIP_LINE;
    e->name.len = name;
    e->method = td_unzip_16(p + 10);
    e->crc = td_unzip_32(p + 16);
    e->packed = td_unzip_32(p + 20);
    e->size = td_unzip_32(p + 24);
    e->offset = td_unzip_32(p + 42);

    flags = td_unzip_16(p + 8);

    if (td_unzip_zip64(e, p + TD_UNZIP_LINE + name, extra) != TD_OK) {
        return td_unzip_bad(dir, TD_BAD, "The directory of the archive is"
                                         " damaged.");
    }

    if (name != 0 && e->name.data[name - 1] == '/' && e->size == 0) {
        return TD_OK;
    }

    if (flags & 0x2041) {
        return td_unzip_bad(dir, TD_BAD, "The archive is encrypted.");
    }

    if (e->method != 0 && e->method != Z_DEFLATED) {
        return td_unzip_bad(dir, TD_BAD, "The archive is packed in a way that"
                                         " is not known here.");
    }

    if (td_unzip_name(e->name) != TD_OK) {
        return td_unzip_bad(dir, TD_BAD, "A file in the archive has a name"
                                         " that no file may have.");
    }

    if (dir->end < TD_UNZIP_LOCAL
        || e->offset > dir->end - TD_UNZIP_LOCAL
        || e->packed > dir->end - TD_UNZIP_LOCAL - e->offset
        || (e->method == 0 && e->packed != e->size)
        || e->size / 1100 > e->packed
        || e->packed / 2 > e->size + TD_UNZIP_SLACK)
    {
        return td_unzip_bad(dir, TD_BAD, "The lengths in the archive cannot be"
                                         " right.");
    }

    dir->nentries++;

    return TD_OK;
}


/* Those of the three numbers that do not fit stand there, in this order. */

static int
td_unzip_zip64(td_zip_entry_t *e, const uint8_t *p, size_t len)
{
    size_t     i, n;
    uint64_t  *numbers[] = { &e->size, &e->packed, &e->offset };

    while (len >= 4) {
        n = td_unzip_16(p + 2);

        if (n > len - 4) {
            return TD_BAD;
        }

        if (td_unzip_16(p) != 1) {
            p += 4 + n;
            len -= 4 + n;
            continue;
        }

        p += 4;

        for (i = 0; i < 3; i++) {

            if (*numbers[i] != 0xffffffff) {
                continue;
            }

            if (n < 8) {
                return TD_BAD;
            }

            *numbers[i] = td_unzip_64(p);
            p += 8;
            n -= 8;
        }

        return TD_OK;
    }

    return TD_OK;
}


/* They are keys only; one that tries to be a path elsewhere is an attack. */

static int
td_unzip_name(td_str_t name)
{
    size_t     i, part;
    td_utf8_t  utf8;

    if (name.len == 0 || name.len > TD_ZIP_NAME_MAX || name.data[0] == '/') {
        return TD_BAD;
    }

    memset(&utf8, 0, sizeof(td_utf8_t));

    if (td_utf8_feed(&utf8, (const uint8_t *) name.data, name.len) != TD_OK
        || !td_utf8_complete(&utf8))
    {
        return TD_BAD;
    }

    for (i = 0, part = 0; i <= name.len; i++) {

        if (i == name.len || name.data[i] == '/') {

            if ((i - part == 1 && name.data[part] == '.')
                || (i - part == 2 && name.data[part] == '.'
                    && name.data[part + 1] == '.'))
            {
                return TD_BAD;
            }

            part = i + 1;
            continue;
        }

        if ((unsigned char) name.data[i] < 0x20 || name.data[i] == '\\') {
            return TD_BAD;
        }
    }

    return TD_OK;
}


/* No two entries have one name, or share bytes. */

static int
td_unzip_apart(td_zip_dir_t *dir)
{
    size_t           i;
    td_zip_entry_t  *e;

    e = dir->entries;

    qsort(e, dir->nentries, sizeof(td_zip_entry_t), td_unzip_by_offset);

    for (i = 0; i < dir->nentries; i++) {
        e[i].limit = i + 1 < dir->nentries ? e[i + 1].offset : dir->end;

        if (e[i].limit - e[i].offset < TD_UNZIP_LOCAL + e[i].packed) {
            return td_unzip_bad(dir, TD_BAD, "Files in the archive lie upon one"
                                             " another.");
        }
    }

    qsort(e, dir->nentries, sizeof(td_zip_entry_t), td_unzip_by_name);

    for (i = 1; i < dir->nentries; i++) {

        if (td_str_eq(e[i].name, e[i - 1].name)) {
            return td_unzip_bad(dir, TD_BAD, "Two files in the archive have one"
                                             " name.");
        }
    }

    return TD_OK;
}


static int
td_unzip_by_name(const void *one, const void *two)
{
    int                    rc;
    const td_zip_entry_t  *a = one, *b = two;

    rc = memcmp(a->name.data, b->name.data,
                a->name.len < b->name.len ? a->name.len : b->name.len);

    if (rc != 0) {
        return rc;
    }

    return a->name.len < b->name.len ? -1 : a->name.len > b->name.len;
}


static int
td_unzip_by_offset(const void *one, const void *two)
{
    const td_zip_entry_t  *a = one, *b = two;

    return a->offset < b->offset ? -1 : a->offset > b->offset;
}


td_zip_entry_t *
td_zip_find(const td_zip_dir_t *dir, td_str_t name)
{
    td_zip_entry_t  key;

    if (dir->nentries == 0) {
        return NULL;
    }

    key.name = name;

    return bsearch(&key, dir->entries, dir->nentries, sizeof(td_zip_entry_t),
                   td_unzip_by_name);
}


int
td_unzip_begin(td_unzip_t *u, const td_zip_entry_t *entry,
    td_zip_read_pt read, void *ctx)
{
    uint8_t  p[TD_UNZIP_LOCAL];

    memset(u, 0, offsetof(td_unzip_t, window));

    u->entry = entry;
    u->read = read;
    u->ctx = ctx;

    if (read(ctx, entry->offset, p, sizeof(p)) != sizeof(p)
        || td_unzip_32(p) != 0x04034b50
        || td_unzip_16(p + 8) != entry->method)
    {
        return TD_BAD;
    }

    u->pos = entry->offset + TD_UNZIP_LOCAL + td_unzip_16(p + 26)
             + td_unzip_16(p + 28);
    u->left = entry->packed;

    if (u->pos > entry->limit || u->left > entry->limit - u->pos) {
        return TD_BAD;
    }

    if (entry->method == 0) {
        return TD_OK;
    }

    if (inflateInit2(&u->z, -MAX_WBITS) != Z_OK) {
        return TD_NOMEM;
    }

    u->ready = 1;

    return TD_OK;
}


int
td_unzip_read(td_unzip_t *u, void *buf, size_t n, size_t *got)
{
    int       rc;
    size_t    len;
    uint64_t  more;

    *got = 0;
    more = u->entry->size - u->given;

    if (n > more) {
        n = (size_t) more;
    }

    if (n > 0x40000000) {
        n = 0x40000000;
    }

    u->z.next_out = buf;
    u->z.avail_out = (uInt) n;

    while (u->z.avail_out > 0 && !u->ended) {

        if (u->z.avail_in == 0 && u->left > 0) {
            len = u->left < TD_ZIP_WINDOW ? (size_t) u->left : TD_ZIP_WINDOW;

            if (u->read(u->ctx, u->pos, u->window, len) != len) {
                return TD_BAD;
            }

            u->pos += len;
            u->left -= len;
            u->z.next_in = u->window;
            u->z.avail_in = (uInt) len;
        }

        if (u->entry->method == 0) {
            len = u->z.avail_in < u->z.avail_out ? u->z.avail_in
                                                 : u->z.avail_out;
            if (len == 0) {
                return TD_BAD;
            }

            memcpy(u->z.next_out, u->z.next_in, len);

            u->z.next_out += len;
            u->z.avail_out -= (uInt) len;
            u->z.next_in += len;
            u->z.avail_in -= (uInt) len;
            continue;
        }

        rc = inflate(&u->z, Z_NO_FLUSH);

        if (rc == Z_STREAM_END) {
            u->ended = 1;

        } else if (rc == Z_MEM_ERROR) {
            return TD_NOMEM;

        } else if (rc != Z_OK || (u->z.avail_in == 0 && u->left == 0
                                  && u->z.avail_out > 0))
        {
            return TD_BAD;
        }
    }

    *got = n - u->z.avail_out;

    u->crc = (uint32_t) crc32_z(u->crc, buf, *got);
    u->given += *got;

    /* ended before it had given all it said, or all is there and wrong */

    if (*got < n
        || (u->given == u->entry->size && u->crc != u->entry->crc))
    {
        return TD_BAD;
    }

    return TD_OK;
}


void
td_unzip_end(td_unzip_t *u)
{
    if (u->ready) {
        (void) inflateEnd(&u->z);
        u->ready = 0;
    }
}


static int
td_unzip_bad(td_zip_dir_t *dir, int rc, const char *error)
{
    dir->error = error;
    dir->nentries = 0;

    return rc;
}


static unsigned
td_unzip_16(const uint8_t *p)
{
    return p[0] | (unsigned) p[1] << 8;
}


static uint32_t
td_unzip_32(const uint8_t *p)
{
    return td_unzip_16(p) | (uint32_t) td_unzip_16(p + 2) << 16;
}


static uint64_t
td_unzip_64(const uint8_t *p)
{
    return td_unzip_32(p) | (uint64_t) td_unzip_32(p + 4) << 32;
}
