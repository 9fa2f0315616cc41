
/*
 * What a file is: real headers by hand, and what only looks like them.
 */


#include <stdlib.h>

#include "td_sniff.h"
#include "tap.h"


typedef struct {
    const uint8_t  *data;
    size_t          len;
    size_t          reads;
} bytes_t;


static size_t
from_memory(void *ctx, uint64_t offset, uint8_t *buf, size_t n)
{
    bytes_t  *b = ctx;

    b->reads++;

    if (offset >= b->len) {
        return 0;
    }

    if (n > b->len - offset) {
        n = b->len - (size_t) offset;
    }

    memcpy(buf, b->data + offset, n);

    return n;
}


static td_sniff_t
sniff(const char *data, size_t len)
{
    bytes_t     b;
    td_sniff_t  s;

    b.data = (const uint8_t *) data;
    b.len = len;
    b.reads = 0;

    td_sniff(&s, len, from_memory, &b);

    tap_ok(b.reads <= 600, "%zu bytes: %zu reads", len, b.reads);

    return s;
}


static void
is(const char *name, const char *data, size_t len, const char *type,
    td_sniff_kind_e kind, unsigned width, unsigned height)
{
    size_t      n;
    char       *copy;
    td_sniff_t  s;

    s = sniff(data, len);

    tap_ok(strcmp(s.type, type) == 0, "%s: %s", name, s.type);
    tap_ok(s.kind == kind, "%s: kind %d", name, s.kind);
    tap_ok(s.width == width && s.height == height, "%s: %ux%u", name,
           s.width, s.height);
    tap_ok(td_sniff_kind((td_str_t) { strlen(type), type }) == kind,
           "%s: the kind of its type", name);

    /* cut anywhere it is something, read within its bytes */

    for (n = 0; n < len && n < 200; n++) {
        bytes_t  b;

        copy = malloc(n + 1);
        memcpy(copy, data, n);

        b.data = (const uint8_t *) copy;
        b.len = n;
        b.reads = 0;

        td_sniff(&s, n, from_memory, &b);
        free(copy);

        if (s.type == NULL) {
            tap_ok(0, "%s: cut at %zu", name, n);
        }
    }
}


#define IS(name, data, type, kind, w, h)                                      \
    is(name, data, sizeof(data) - 1, type, kind, w, h)

#define OTHER(name, data)                                                     \
    IS(name, data, "application/octet-stream", TD_SNIFF_OTHER, 0, 0)

#define PNG  "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"

#define FTYP(major, brands)  "\0\0\0\x18" "ftyp" major "\0\0\0\0" brands "abcd"


static void
test_images(void)
{
    IS("png", PNG "\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0\0crc4",
       "image/png", TD_SNIFF_RASTER, 640, 480);
    IS("png of too many pixels", PNG "\x7f\xff\xff\xff\x7f\xff\xff\xff"
       "\x08\x06\0\0\0crc4", "image/png", TD_SNIFF_RASTER, 0x7fffffff,
       0x7fffffff);
    OTHER("png without pixels", PNG "\0\0\0\0\0\0\x01\xe0\x08\x06\0\0\0crc4");
    OTHER("png signature alone", "\x89PNG\r\n\x1a\n");
    OTHER("png with another chunk first",
          "\x89PNG\r\n\x1a\n\0\0\0\x0dtEXt\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0"
          "\0crc4");

    IS("gif", "GIF89a\x80\x02\xe0\x01\xf7\0\0", "image/gif", TD_SNIFF_RASTER,
       640, 480);
    IS("gif 87", "GIF87a\x01\0\x02\0\0\0\0", "image/gif", TD_SNIFF_RASTER, 1,
       2);
    OTHER("gif cut", "GIF89a\x80\x02\xe0\x01");
    OTHER("gif 88", "GIF88a\x01\0\x02\0\0\0\0");

    IS("jpeg", "\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
       "\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03\x01\x22\0\x02\x11\x01\x03\x11"
       "\x01", "image/jpeg", TD_SNIFF_RASTER, 640, 480);
    IS("progressive jpeg with fill bytes",
       "\xff\xd8\xff\xff\xff\xc2\0\x11\x08\0\x02\0\x01\x03\x01\x22\0\x02\x11"
       "\x01\x03\x11\x01", "image/jpeg", TD_SNIFF_RASTER, 1, 2);
    OTHER("jpeg without a frame", "\xff\xd8\xff\xe0\0\x04xx\xff\xda\0\x08"
          "\x01\0\0\0\0\0\xff\xc0\0\x11\x08\0\x02\0\x01\x03");
    OTHER("jpeg that ends in a segment", "\xff\xd8\xff\xe0\xff\xffxx");
    OTHER("jpeg with a segment of no length", "\xff\xd8\xff\xe0\0\0xx");
    OTHER("jpeg with text in it", "\xff\xd8\xff\xe0\0\x04xx<script>");

    IS("webp, lossy", "RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a"
       "\x80\x02\xe0\x01\0\0", "image/webp", TD_SNIFF_RASTER, 640, 480);
    IS("webp, lossless", "RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x7f\xc2\x77\0"
       "\0\0\0\0\0\0\0\0", "image/webp", TD_SNIFF_RASTER, 640, 480);
    IS("webp, extended", "RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x7f\x02"
       "\0\xdf\x01\0", "image/webp", TD_SNIFF_RASTER, 640, 480);
    OTHER("webp of an unknown kind", "RIFF\x24\0\0\0WEBPVP9 \x0a\0\0\0\x10\0"
          "\0\0\x7f\x02\0\xdf\x01\0");

    IS("avif", "\0\0\0\x1c" "ftypavif\0\0\0\0avifmif1miaf"
       "\0\0\0\x48meta\0\0\0\0"
       "\0\0\0\x3ciprp" "\0\0\0\x34ipco"
       "\0\0\0\x14ispe\0\0\0\0\0\0\0\x10\0\0\0\x10"
       "\0\0\0\x18ispe\0\0\0\0\0\0\x02\x80\0\0\x01\xe0more",
       "image/avif", TD_SNIFF_RASTER, 640, 480);
    OTHER("avif without extents", "\0\0\0\x1c" "ftypavif\0\0\0\0avifmif1miaf");
    OTHER("avif with a box beyond its end",
          "\0\0\0\x1c" "ftypavif\0\0\0\0avifmif1miaf\xff\xff\xff\xffmeta\0\0");
    OTHER("avif with a box of 64 bits beyond its end",
          "\0\0\0\x1c" "ftypavif\0\0\0\0avifmif1miaf"
          "\0\0\0\x01metb\xff\xff\xff\xff\xff\xff\xff\xffmeta");
    IS("heic is only saved", FTYP("heic", "mif1"), "image/heic",
       TD_SNIFF_OTHER, 0, 0);
}


static void
test_films(void)
{
    IS("mp4", FTYP("isom", "iso2"), "video/mp4", TD_SNIFF_VIDEO, 0, 0);
    IS("mp4 by another brand", FTYP("abcd", "mp42"), "video/mp4",
       TD_SNIFF_VIDEO, 0, 0);
    IS("quicktime", FTYP("qt  ", "qt  "), "video/quicktime", TD_SNIFF_VIDEO,
       0, 0);
    IS("old quicktime", "\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime",
       TD_SNIFF_VIDEO, 0, 0);
    IS("m4a", FTYP("M4A ", "isom"), "audio/mp4", TD_SNIFF_OTHER, 0, 0);
    OTHER("ftyp of an unknown brand", FTYP("abcd", "efgh"));

    IS("webm", "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82"
       "\x84webm\x42\x87\x81\x04", "video/webm", TD_SNIFF_VIDEO, 0, 0);
    IS("matroska", "\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x13\x42\x86\x81\x01\x42"
       "\x82\x88matroska", "video/x-matroska", TD_SNIFF_OTHER, 0, 0);
    OTHER("ebml of another kind", "\x1a\x45\xdf\xa3\x87\x42\x82\x84othr");
    OTHER("ebml with a length beyond its end",
          "\x1a\x45\xdf\xa3\x9f\x42\x82\x94webm");
}


static void
test_others(void)
{
    char  frames[840];

    IS("pdf", "%PDF-1.7\n", "application/pdf", TD_SNIFF_OTHER, 0, 0);
    IS("zip", "PK\x03\x04xx", "application/zip", TD_SNIFF_OTHER, 0, 0);
    IS("mp3 with a tag", "ID3\x04\0\0\0\0\x0f\x76TIT2", "audio/mpeg",
       TD_SNIFF_OTHER, 0, 0);
    IS("wav", "RIFF\x24\0\0\0WAVEfmt ", "audio/wav", TD_SNIFF_OTHER, 0, 0);
    IS("flac", "fLaC\0\0\0\x22", "audio/flac", TD_SNIFF_OTHER, 0, 0);
    IS("ogg", "OggS\0\x02", "application/ogg", TD_SNIFF_OTHER, 0, 0);

    memset(frames, 0, sizeof(frames));
    memcpy(frames, "\xff\xfb\x90\x44", 4);
    memcpy(frames + 417, "\xff\xfb\x90\x44", 4);

    is("mp3 of two frames", frames, sizeof(frames), "audio/mpeg",
       TD_SNIFF_OTHER, 0, 0);

    frames[417] = 0;

    is("one frame of an mp3", frames, sizeof(frames),
       "application/octet-stream", TD_SNIFF_OTHER, 0, 0);

    OTHER("nothing", "");
    OTHER("html", "<!DOCTYPE html><script>alert(1)</script>");
    OTHER("html named .png", "<html><body onload=alert(1)>");
    OTHER("xhtml", "<?xml version=\"1.0\"?><html xmlns=\"x\"><svg/></html>");
    OTHER("script", "alert(1)//\x89PNG\r\n\x1a\n");
    OTHER("text", "plain text");
}


static void
test_svg(void)
{
    IS("svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "image/svg+xml",
       TD_SNIFF_SVG, 0, 0);
    IS("svg with all before it", "\xef\xbb\xbf \n<?xml version=\"1.0\"?>\n"
       "<!-- <html> -->\r\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\">"
       "<svg>", "image/svg+xml", TD_SNIFF_SVG, 0, 0);
    OTHER("svgx", "<svgx>");
    OTHER("svg behind text", "x<svg>");
    OTHER("svg cut", "<svg");
    OTHER("an open comment", "<!-- <svg>");
    OTHER("a namespace before svg", "<s:svg xmlns:s=\"x\">");
}


int
main(void)
{
    test_images();
    test_films();
    test_others();
    test_svg();

    return tap_done();
}
