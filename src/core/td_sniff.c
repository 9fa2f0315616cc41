
/*
 * What a file is, from its bytes.  Every offset that a file names is taken as
 * a number to read at, never as a number of bytes to allocate; walks through
 * segments and boxes end after a fixed number of steps.
 */


#include "td_sniff.h"


#define TD_SNIFF_HEAD    1024
#define TD_SNIFF_STEPS   512


typedef struct {
    td_sniff_read_pt    read;
    void               *ctx;
    uint64_t            size;
    unsigned            steps;        /* reads that are left */
    uint32_t            width;
    uint32_t            height;
    size_t              len;          /* of what is in head */
    uint8_t             head[TD_SNIFF_HEAD];
} td_sniff_file_t;


typedef struct {
    uint64_t            pos;          /* of what is in the box */
    uint64_t            end;
    uint8_t             type[4];
} td_sniff_box_t;


static const char *td_sniff_png(td_sniff_file_t *f);
static const char *td_sniff_jpeg(td_sniff_file_t *f);
static const char *td_sniff_gif(td_sniff_file_t *f);
static const char *td_sniff_riff(td_sniff_file_t *f);
static const char *td_sniff_iso(td_sniff_file_t *f);
static int td_sniff_brand(td_sniff_file_t *f, const char *brands);
static void td_sniff_ispe(td_sniff_file_t *f);
static int td_sniff_box(td_sniff_file_t *f, uint64_t pos, uint64_t end,
    td_sniff_box_t *box);
static int td_sniff_find(td_sniff_file_t *f, uint64_t pos, uint64_t end,
    const char *type, td_sniff_box_t *box);
static const char *td_sniff_ebml(td_sniff_file_t *f);
static uint64_t td_sniff_vint(const uint8_t *p, size_t n, size_t *used,
    int keep);
static const char *td_sniff_svg(td_sniff_file_t *f);
static const char *td_sniff_mpeg_audio(td_sniff_file_t *f);
static size_t td_sniff_mpeg_frame(const uint8_t *p);
static const char *td_sniff_plain(td_sniff_file_t *f);
static int td_sniff_at(td_sniff_file_t *f, uint64_t pos, uint8_t *buf,
    size_t n);
static int td_sniff_is(td_sniff_file_t *f, size_t pos, const char *text,
    size_t n);
static uint32_t td_sniff_be32(const uint8_t *p);
static uint32_t td_sniff_le(const uint8_t *p, size_t n);


#define td_sniff_lit(f, pos, s)  td_sniff_is(f, pos, s, sizeof(s) - 1)


static const struct {
    td_str_t          type;
    td_sniff_kind_e   kind;
} td_sniff_kinds[] = {
    { { 9, "image/png" }, TD_SNIFF_RASTER },
    { { 10, "image/jpeg" }, TD_SNIFF_RASTER },
    { { 9, "image/gif" }, TD_SNIFF_RASTER },
    { { 10, "image/webp" }, TD_SNIFF_RASTER },
    { { 10, "image/avif" }, TD_SNIFF_RASTER },
    { { 13, "image/svg+xml" }, TD_SNIFF_SVG },
    { { 9, "video/mp4" }, TD_SNIFF_VIDEO },
    { { 10, "video/webm" }, TD_SNIFF_VIDEO },
    { { 15, "video/quicktime" }, TD_SNIFF_VIDEO }
};


void
td_sniff(td_sniff_t *s, uint64_t size, td_sniff_read_pt read, void *ctx)
{
    size_t           i;
    td_str_t         type;
    td_sniff_file_t  f;

    static const char *(*look[])(td_sniff_file_t *f) = {
        td_sniff_png, td_sniff_jpeg, td_sniff_gif, td_sniff_riff,
        td_sniff_iso, td_sniff_ebml, td_sniff_plain, td_sniff_mpeg_audio,
        td_sniff_svg
    };

    f.read = read;
    f.ctx = ctx;
    f.size = size;
    f.steps = TD_SNIFF_STEPS;
    f.width = 0;
    f.height = 0;

    memset(f.head, 0, TD_SNIFF_HEAD);
    f.len = read(ctx, 0, f.head, TD_SNIFF_HEAD);

    s->type = NULL;

    for (i = 0; i < sizeof(look) / sizeof(look[0]) && s->type == NULL; i++) {
        s->type = look[i](&f);
    }

    if (s->type == NULL) {
        s->type = "application/octet-stream";
    }

    type.data = s->type;
    type.len = strlen(s->type);

    s->kind = td_sniff_kind(type);
    s->width = f.width;
    s->height = f.height;

    /* a picture without pixels is none */

    if (s->kind == TD_SNIFF_RASTER && (f.width == 0 || f.height == 0)) {
        s->type = "application/octet-stream";
        s->kind = TD_SNIFF_OTHER;
    }

    if (s->kind != TD_SNIFF_RASTER) {
        s->width = 0;
        s->height = 0;
    }
}


td_sniff_kind_e
td_sniff_kind(td_str_t type)
{
    size_t  i;

    for (i = 0; i < sizeof(td_sniff_kinds) / sizeof(td_sniff_kinds[0]); i++) {

        if (td_str_eq(td_sniff_kinds[i].type, type)) {
            return td_sniff_kinds[i].kind;
        }
    }

    return TD_SNIFF_OTHER;
}


static const char *
td_sniff_png(td_sniff_file_t *f)
{
    if (!td_sniff_lit(f, 0, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR") || f->len < 33) {
        return NULL;
    }

    f->width = td_sniff_be32(f->head + 16);
    f->height = td_sniff_be32(f->head + 20);

    return "image/png";
}


/* Segments up to the one that says how large it is. */

static const char *
td_sniff_jpeg(td_sniff_file_t *f)
{
    size_t    len;
    uint8_t   b[9], marker;
    uint64_t  pos;

    if (!td_sniff_lit(f, 0, "\xff\xd8\xff")) {
        return NULL;
    }

    pos = 2;

    while (td_sniff_at(f, pos, b, 4)) {

        if (b[0] != 0xff) {
            break;
        }

        marker = b[1];

        if (marker == 0xff) {
            /* fill bytes */
            pos++;
            continue;
        }

        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            pos += 2;
            continue;
        }

        if (marker == 0x00 || marker == 0xd9 || marker == 0xda) {
            /* pixels before their number */
            break;
        }

        len = (size_t) b[2] << 8 | b[3];

        if (len < 2) {
            break;
        }

        if (marker >= 0xc0 && marker <= 0xcf
            && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
        {
            if (len < 8 || !td_sniff_at(f, pos, b, 9)) {
                break;
            }

            f->height = (uint32_t) b[5] << 8 | b[6];
            f->width = (uint32_t) b[7] << 8 | b[8];

            return "image/jpeg";
        }

        pos += 2 + len;
    }

    return "image/jpeg";
}


static const char *
td_sniff_gif(td_sniff_file_t *f)
{
    if (f->len < 13
        || (!td_sniff_lit(f, 0, "GIF87a") && !td_sniff_lit(f, 0, "GIF89a")))
    {
        return NULL;
    }

    f->width = td_sniff_le(f->head + 6, 2);
    f->height = td_sniff_le(f->head + 8, 2);

    return "image/gif";
}


static const char *
td_sniff_riff(td_sniff_file_t *f)
{
    uint32_t        bits;
    const uint8_t  *p;

    if (!td_sniff_lit(f, 0, "RIFF")) {
        return NULL;
    }

    if (td_sniff_lit(f, 8, "WAVE")) {
        return "audio/wav";
    }

    if (!td_sniff_lit(f, 8, "WEBP") || f->len < 30) {
        return NULL;
    }

    p = f->head;

    if (td_sniff_lit(f, 12, "VP8X")) {
        f->width = td_sniff_le(p + 24, 3) + 1;
        f->height = td_sniff_le(p + 27, 3) + 1;

    } else if (td_sniff_lit(f, 12, "VP8L") && p[20] == 0x2f) {
        bits = td_sniff_le(p + 21, 4);
        f->width = (bits & 0x3fff) + 1;
        f->height = (bits >> 14 & 0x3fff) + 1;

    } else if (td_sniff_lit(f, 12, "VP8 ")
               && td_sniff_lit(f, 23, "\x9d\x01\x2a"))
    {
        f->width = td_sniff_le(p + 26, 2) & 0x3fff;
        f->height = td_sniff_le(p + 28, 2) & 0x3fff;
    }

    return "image/webp";
}


/* The family of ISO base media: boxes in boxes. */

static const char *
td_sniff_iso(td_sniff_file_t *f)
{
    if (f->len < 12) {
        return NULL;
    }

    if (!td_sniff_lit(f, 4, "ftyp")) {

        /* QuickTime from before there was a name for it */

        if ((td_sniff_lit(f, 4, "moov") || td_sniff_lit(f, 4, "mdat")
             || td_sniff_lit(f, 4, "wide"))
            && td_sniff_be32(f->head) >= 8)
        {
            return "video/quicktime";
        }

        return NULL;
    }

    if (td_sniff_brand(f, "avifavis")) {
        td_sniff_ispe(f);
        return "image/avif";
    }

    if (td_sniff_brand(f, "heicheixhevcheimheishevmmif1msf1")) {
        return "image/heic";
    }

    if (td_sniff_lit(f, 8, "qt  ")) {
        return "video/quicktime";
    }

    if (td_sniff_lit(f, 8, "M4A ") || td_sniff_lit(f, 8, "M4B ")) {
        return "audio/mp4";
    }

    if (td_sniff_brand(f, "isomiso2iso3iso4iso5iso6iso7iso8iso9mp41mp42avc1"
                          "M4V M4VHM4VPdashmsdhMSNVf4v 3gp43gp5cmfc"))
    {
        return "video/mp4";
    }

    return NULL;
}


/* Is one of these, four bytes each, among the brands of the file? */

static int
td_sniff_brand(td_sniff_file_t *f, const char *brands)
{
    size_t       i, end;
    const char  *b;

    end = td_sniff_be32(f->head);

    if (end > f->len) {
        end = f->len;
    }

    for (i = 8; i + 4 <= end; i += 4) {

        if (i == 12) {
            /* the minor version */
            continue;
        }

        for (b = brands; *b != '\0'; b += 4) {

            if (memcmp(f->head + i, b, 4) == 0) {
                return 1;
            }
        }
    }

    return 0;
}


/* The largest of the extents that an AVIF file announces. */

static void
td_sniff_ispe(td_sniff_file_t *f)
{
    uint8_t         b[12];
    uint32_t        w, h;
    uint64_t        pos;
    td_sniff_box_t  box, in;

    if (!td_sniff_find(f, 0, f->size, "meta", &box)
        || !td_sniff_find(f, box.pos + 4, box.end, "iprp", &in)
        || !td_sniff_find(f, in.pos, in.end, "ipco", &box))
    {
        return;
    }

    for (pos = box.pos; td_sniff_box(f, pos, box.end, &in); pos = in.end) {

        if (memcmp(in.type, "ispe", 4) != 0) {
            continue;
        }

        if (!td_sniff_at(f, in.pos, b, 12)) {
            break;
        }

        w = td_sniff_be32(b + 4);
        h = td_sniff_be32(b + 8);

        if ((uint64_t) w * h > (uint64_t) f->width * f->height) {
            f->width = w;
            f->height = h;
        }
    }
}


/* The box at pos, which must end within end. */

static int
td_sniff_box(td_sniff_file_t *f, uint64_t pos, uint64_t end,
    td_sniff_box_t *box)
{
    uint8_t   b[16];
    uint64_t  len, head;

    if (end < 8 || pos > end - 8 || !td_sniff_at(f, pos, b, 8)) {
        return 0;
    }

    memcpy(box->type, b + 4, 4);

    len = td_sniff_be32(b);
    head = 8;

    if (len == 1) {

        if (!td_sniff_at(f, pos + 8, b, 8)) {
            return 0;
        }

        len = (uint64_t) td_sniff_be32(b) << 32 | td_sniff_be32(b + 4);
        head = 16;

    } else if (len == 0) {
        len = end - pos;
    }

    if (len < head || len > end - pos) {
        return 0;
    }

    box->pos = pos + head;
    box->end = pos + len;

    return 1;
}


static int
td_sniff_find(td_sniff_file_t *f, uint64_t pos, uint64_t end,
    const char *type, td_sniff_box_t *box)
{
    while (td_sniff_box(f, pos, end, box)) {

        if (memcmp(box->type, type, 4) == 0) {
            return 1;
        }

        pos = box->end;
    }

    return 0;
}


/* Matroska's head: elements with an id, a length and what is in them. */

static const char *
td_sniff_ebml(td_sniff_file_t *f)
{
    size_t    pos, used, end;
    uint64_t  id, len;

    if (!td_sniff_lit(f, 0, "\x1a\x45\xdf\xa3")) {
        return NULL;
    }

    len = td_sniff_vint(f->head + 4, f->len - 4, &used, 0);

    if (used == 0) {
        return NULL;
    }

    pos = 4 + used;
    end = len < f->len - pos ? pos + (size_t) len : f->len;

    while (pos < end) {
        id = td_sniff_vint(f->head + pos, end - pos, &used, 1);

        if (used == 0) {
            break;
        }

        pos += used;
        len = td_sniff_vint(f->head + pos, end - pos, &used, 0);

        if (used == 0 || len > end - pos - used) {
            break;
        }

        pos += used;

        if (id == 0x4282) {
            if (len == 4 && memcmp(f->head + pos, "webm", 4) == 0) {
                return "video/webm";
            }

            if (len == 8 && memcmp(f->head + pos, "matroska", 8) == 0) {
                return "video/x-matroska";
            }

            break;
        }

        pos += (size_t) len;
    }

    return NULL;
}


/* used 0: there is none. */

static uint64_t
td_sniff_vint(const uint8_t *p, size_t n, size_t *used, int keep)
{
    size_t    i, len;
    uint8_t   mask;
    uint64_t  v;

    *used = 0;

    if (n == 0 || p[0] == 0) {
        return 0;
    }

    len = 1;
    mask = 0x80;

    while (!(p[0] & mask)) {
        mask >>= 1;
        len++;
    }

    if (len > n) {
        return 0;
    }

    v = keep ? p[0] : (uint64_t) (p[0] & (mask - 1));

    for (i = 1; i < len; i++) {
        v = v << 8 | p[i];
    }

    *used = len;

    return v;
}


/* The first element of the text is an svg, behind what may stand before. */

static const char *
td_sniff_svg(td_sniff_file_t *f)
{
    size_t      i, n;
    const char *p, *end;

    i = td_sniff_lit(f, 0, "\xef\xbb\xbf") ? 3 : 0;

    for ( ;; ) {

        while (i < f->len
               && (f->head[i] == ' ' || f->head[i] == '\t'
                   || f->head[i] == '\r' || f->head[i] == '\n'))
        {
            i++;
        }

        if (td_sniff_lit(f, i, "<?")) {
            end = "?>";

        } else if (td_sniff_lit(f, i, "<!--")) {
            end = "-->";

        } else if (td_sniff_lit(f, i, "<!DOCTYPE svg")) {
            end = ">";

        } else {
            break;
        }

        n = strlen(end);

        for ( /* void */ ; i + n <= f->len; i++) {
            p = (const char *) f->head + i;

            if (memcmp(p, end, n) == 0) {
                break;
            }
        }

        if (i + n > f->len) {
            return NULL;
        }

        i += n;
    }

    if (!td_sniff_lit(f, i, "<svg") || i + 4 >= f->len) {
        return NULL;
    }

    switch (f->head[i + 4]) {

    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '>':
    case '/':
        return "image/svg+xml";

    default:
        return NULL;
    }
}


/* A tag, or two frames in a row: one alone is too little to believe. */

static const char *
td_sniff_mpeg_audio(td_sniff_file_t *f)
{
    size_t   len;
    uint8_t  b[4];

    if (td_sniff_lit(f, 0, "ID3") && f->len >= 10
        && f->head[3] < 0xff && f->head[4] < 0xff
        && !((f->head[6] | f->head[7] | f->head[8] | f->head[9]) & 0x80))
    {
        return "audio/mpeg";
    }

    if (f->len < 4) {
        return NULL;
    }

    len = td_sniff_mpeg_frame(f->head);

    if (len != 0 && td_sniff_at(f, len, b, 4) && td_sniff_mpeg_frame(b) != 0) {
        return "audio/mpeg";
    }

    return NULL;
}


/* Length of a frame of layer III with its header; 0 when it is none. */

static size_t
td_sniff_mpeg_frame(const uint8_t *p)
{
    unsigned  version, rate, freq, pad;

    static const unsigned  rates[2][16] = {
        { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
        { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 }
    };
    static const unsigned  freqs[4][3] = {
        { 11025, 12000, 8000 }, { 0, 0, 0 }, { 22050, 24000, 16000 },
        { 44100, 48000, 32000 }
    };

    if (p[0] != 0xff || (p[1] & 0xe6) != 0xe2) {
        return 0;
    }

    version = p[1] >> 3 & 3;
    rate = rates[version == 3 ? 0 : 1][p[2] >> 4];

    if (rate == 0 || (p[2] >> 2 & 3) == 3) {
        return 0;
    }

    freq = freqs[version][p[2] >> 2 & 3];
    pad = p[2] >> 1 & 1;

    return freq ? (version == 3 ? 144000 : 72000) * rate / freq + pad : 0;
}


/* What its first bytes tell, and what is only ever saved. */

static const char *
td_sniff_plain(td_sniff_file_t *f)
{
    if (td_sniff_lit(f, 0, "%PDF-")) {
        return "application/pdf";
    }

    if (td_sniff_lit(f, 0, "PK\x03\x04")) {
        return "application/zip";
    }

    if (td_sniff_lit(f, 0, "OggS\0")) {
        return "application/ogg";
    }

    if (td_sniff_lit(f, 0, "fLaC")) {
        return "audio/flac";
    }

    return NULL;
}


static int
td_sniff_at(td_sniff_file_t *f, uint64_t pos, uint8_t *buf, size_t n)
{
    if (f->size < n || pos > f->size - n || f->steps == 0) {
        return 0;
    }

    if (pos + n <= f->len) {
        f->steps--;
        memcpy(buf, f->head + pos, n);
        return 1;
    }

    f->steps--;

    return f->read(f->ctx, pos, buf, n) == n;
}


static int
td_sniff_is(td_sniff_file_t *f, size_t pos, const char *text, size_t n)
{
    return f->len >= n && pos <= f->len - n
           && memcmp(f->head + pos, text, n) == 0;
}


static uint32_t
td_sniff_be32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


static uint32_t
td_sniff_le(const uint8_t *p, size_t n)
{
    uint32_t  v;

    v = 0;

    while (n--) {
        v = v << 8 | p[n];
    }

    return v;
}
