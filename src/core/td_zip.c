
/*
 * Writing an archive.  All entries are "deflated", those of level 0 in stored
 * blocks: so a reader that cannot seek finds the end of each, though sizes
 * and checksum stand behind the data.
 */


#include "td_zip.h"

#include <time.h>


#define TD_ZIP_MARGIN     (64 * 1024 * 1024)   /* packing may make it longer */
#define TD_ZIP_PIECE      65536

#define TD_ZIP_LIMIT32    0xffffffffu
#define TD_ZIP_LIMIT16    0xffffu

#define TD_ZIP_FLAGS      0x0808               /* sizes follow; UTF-8 */
#define TD_ZIP_UNIX       (3 << 8)


static int td_zip_pack(td_zip_t *zip, int flush);
static uint32_t td_zip_time(int64_t time);
static void td_zip_16(td_buf_t *b, unsigned n);
static void td_zip_32(td_buf_t *b, uint32_t n);
static void td_zip_64(td_buf_t *b, uint64_t n);


int
td_zip_begin(td_zip_t *zip, td_str_t name, int64_t time, uint64_t size,
    int level)
{
    size_t     len;
    td_buf_t  *b;

    if (name.len == 0 || name.len > TD_ZIP_NAME_MAX) {
        return TD_BAD;
    }

    if (zip->ready && zip->level != level) {
        (void) deflateEnd(&zip->z);
        zip->ready = 0;
    }

    if (zip->ready) {
        (void) deflateReset(&zip->z);

    } else {
        memset(&zip->z, 0, sizeof(z_stream));

        if (deflateInit2(&zip->z, level, Z_DEFLATED, -MAX_WBITS, 8,
                         Z_DEFAULT_STRATEGY)
            != Z_OK)
        {
            return TD_NOMEM;
        }

        zip->ready = 1;
        zip->level = level;
    }

    memcpy(zip->name_buf, name.data, name.len);
    zip->name.data = zip->name_buf;
    zip->name.len = name.len;

    zip->start = zip->offset;
    zip->size = 0;
    zip->packed = 0;
    zip->crc = 0;
    zip->time = td_zip_time(time);
    zip->large = size >= TD_ZIP_LIMIT32 - TD_ZIP_MARGIN;

    b = &zip->out;
    len = b->len;

    td_zip_32(b, 0x04034b50);
    td_zip_16(b, zip->large ? 45 : 20);
    td_zip_16(b, TD_ZIP_FLAGS);
    td_zip_16(b, Z_DEFLATED);
    td_zip_32(b, zip->time);
    td_zip_32(b, 0);
    td_zip_32(b, zip->large ? TD_ZIP_LIMIT32 : 0);
    td_zip_32(b, zip->large ? TD_ZIP_LIMIT32 : 0);
    td_zip_16(b, (unsigned) name.len);
    td_zip_16(b, zip->large ? 20 : 0);
    td_buf_str(b, name);

    if (zip->large) {
        td_zip_16(b, 1);
        td_zip_16(b, 16);
        td_zip_64(b, 0);
        td_zip_64(b, 0);
    }

    zip->offset += b->len - len;

    return b->failed ? TD_NOMEM : TD_OK;
}


int
td_zip_add(td_zip_t *zip, const void *p, size_t n)
{
    if (!zip->large
        && zip->size + n > TD_ZIP_LIMIT32 - TD_ZIP_MARGIN / 2)
    {
        return TD_TOO_BIG;
    }

    zip->crc = (uint32_t) crc32_z(zip->crc, p, n);
    zip->size += n;

    while (n > 0) {
        zip->z.next_in = (Bytef *) p;
        zip->z.avail_in = n > TD_ZIP_PIECE ? TD_ZIP_PIECE : (uInt) n;

        p = (const char *) p + zip->z.avail_in;
        n -= zip->z.avail_in;

        if (td_zip_pack(zip, Z_NO_FLUSH) != TD_OK) {
            return TD_NOMEM;
        }
    }

    return TD_OK;
}


static int
td_zip_pack(td_zip_t *zip, int flush)
{
    size_t     n;
    td_buf_t  *b;

    b = &zip->out;

    do {
        if (td_buf_reserve(b, TD_ZIP_PIECE) != TD_OK) {
            return TD_NOMEM;
        }

        zip->z.next_out = (Bytef *) b->data + b->len;
        zip->z.avail_out = TD_ZIP_PIECE;

        (void) deflate(&zip->z, flush);

        n = TD_ZIP_PIECE - zip->z.avail_out;
        b->len += n;
        zip->packed += n;
        zip->offset += n;

    } while (zip->z.avail_out == 0);

    return TD_OK;
}


int
td_zip_end(td_zip_t *zip)
{
    int        wide;
    size_t     len;
    td_buf_t  *b;

    zip->z.next_in = NULL;
    zip->z.avail_in = 0;

    if (td_zip_pack(zip, Z_FINISH) != TD_OK) {
        return TD_NOMEM;
    }

    b = &zip->out;
    len = b->len;

    td_zip_32(b, 0x08074b50);
    td_zip_32(b, zip->crc);

    if (zip->large) {
        td_zip_64(b, zip->packed);
        td_zip_64(b, zip->size);

    } else {
        td_zip_32(b, (uint32_t) zip->packed);
        td_zip_32(b, (uint32_t) zip->size);
    }

    zip->offset += b->len - len;

    if (b->failed) {
        return TD_NOMEM;
    }

    /* its line of the directory */

    wide = zip->large || zip->start >= TD_ZIP_LIMIT32;
    b = &zip->directory;

    td_zip_32(b, 0x02014b50);
    td_zip_16(b, TD_ZIP_UNIX | (wide ? 45 : 20));
    td_zip_16(b, wide ? 45 : 20);
    td_zip_16(b, TD_ZIP_FLAGS);
    td_zip_16(b, Z_DEFLATED);
    td_zip_32(b, zip->time);
    td_zip_32(b, zip->crc);
    td_zip_32(b, wide ? TD_ZIP_LIMIT32 : (uint32_t) zip->packed);
    td_zip_32(b, wide ? TD_ZIP_LIMIT32 : (uint32_t) zip->size);
    td_zip_16(b, (unsigned) zip->name.len);
    td_zip_16(b, wide ? 28 : 0);
    td_zip_16(b, 0);
    td_zip_16(b, 0);
    td_zip_16(b, 0);
    td_zip_32(b, (uint32_t) 0100644 << 16);
    td_zip_32(b, wide ? TD_ZIP_LIMIT32 : (uint32_t) zip->start);
    td_buf_str(b, zip->name);

    if (wide) {
        td_zip_16(b, 1);
        td_zip_16(b, 24);
        td_zip_64(b, zip->size);
        td_zip_64(b, zip->packed);
        td_zip_64(b, zip->start);
    }

    zip->entries++;

    return b->failed ? TD_NOMEM : TD_OK;
}


int
td_zip_finish(td_zip_t *zip)
{
    int        wide;
    size_t     len;
    uint64_t   start;
    td_buf_t  *b;

    b = &zip->out;
    start = zip->offset;
    len = zip->directory.len;

    td_buf_add(b, zip->directory.data, len);

    wide = zip->entries >= TD_ZIP_LIMIT16 || start >= TD_ZIP_LIMIT32
           || len >= TD_ZIP_LIMIT32;

    if (wide) {
        td_zip_32(b, 0x06064b50);
        td_zip_64(b, 44);
        td_zip_16(b, TD_ZIP_UNIX | 45);
        td_zip_16(b, 45);
        td_zip_32(b, 0);
        td_zip_32(b, 0);
        td_zip_64(b, zip->entries);
        td_zip_64(b, zip->entries);
        td_zip_64(b, len);
        td_zip_64(b, start);

        td_zip_32(b, 0x07064b50);
        td_zip_32(b, 0);
        td_zip_64(b, start + len);
        td_zip_32(b, 1);
    }

    td_zip_32(b, 0x06054b50);
    td_zip_16(b, 0);
    td_zip_16(b, 0);
    td_zip_16(b, wide ? TD_ZIP_LIMIT16 : (unsigned) zip->entries);
    td_zip_16(b, wide ? TD_ZIP_LIMIT16 : (unsigned) zip->entries);
    td_zip_32(b, wide ? TD_ZIP_LIMIT32 : (uint32_t) len);
    td_zip_32(b, wide ? TD_ZIP_LIMIT32 : (uint32_t) start);
    td_zip_16(b, 0);

    return b->failed ? TD_NOMEM : TD_OK;
}


void
td_zip_free(td_zip_t *zip)
{
    if (zip->ready) {
        (void) deflateEnd(&zip->z);
        zip->ready = 0;
    }

    td_buf_free(&zip->out);
    td_buf_free(&zip->directory);
}


void
td_zip_part(td_buf_t *b, td_str_t s, size_t max)
{
    char    c;
    size_t  i;

    if (s.len > max) {

        for (s.len = max; s.len > 0 && (s.data[s.len] & 0xc0) == 0x80;
             s.len--)
        {
            /* void */
        }
    }

    while (s.len > 0
           && (s.data[s.len - 1] == '.' || s.data[s.len - 1] == ' '))
    {
        s.len--;
    }

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if ((unsigned char) c < 0x20 || c == 0x7f
            || strchr("/\\:*?\"<>|", c) != NULL)
        {
            c = '_';
        }

        td_buf_char(b, c);
    }
}


/* Date and time in UTC, from 1980 on, every two seconds. */

static uint32_t
td_zip_time(int64_t time)
{
    time_t     t;
    struct tm  tm;

    t = (time_t) (time / 1000);

    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 80 || tm.tm_year > 207) {
        return (1 << 5 | 1) << 16;
    }

    return (uint32_t) ((tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5
                       | tm.tm_mday) << 16
           | (uint32_t) (tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
}


static void
td_zip_16(td_buf_t *b, unsigned n)
{
    td_buf_char(b, (char) (n & 0xff));
    td_buf_char(b, (char) (n >> 8 & 0xff));
}


static void
td_zip_32(td_buf_t *b, uint32_t n)
{
    td_zip_16(b, n & 0xffff);
    td_zip_16(b, n >> 16);
}


static void
td_zip_64(td_buf_t *b, uint64_t n)
{
    td_zip_32(b, (uint32_t) n);
    td_zip_32(b, (uint32_t) (n >> 32));
}
