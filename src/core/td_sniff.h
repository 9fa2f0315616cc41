
/*
 * What a file is, from its bytes and from nothing else: media type, and for
 * pictures the pixels that their header announces.
 *
 * No pixel is ever decoded.  A header that is damaged makes the file one of
 * an unknown type, so that nothing of it is handed to a browser to show.
 */


#ifndef _TD_SNIFF_H_INCLUDED_
#define _TD_SNIFF_H_INCLUDED_


#include "td_core.h"


typedef enum {
    TD_SNIFF_OTHER = 0,       /* to be saved, never to be shown in place */
    TD_SNIFF_SVG,             /* a picture that can be a document, too */
    TD_SNIFF_RASTER,
    TD_SNIFF_VIDEO
} td_sniff_kind_e;


typedef struct {
    const char        *type;      /* static: "image/png", … */
    td_sniff_kind_e    kind;
    uint32_t           width;     /* pixels; both 0 when not known */
    uint32_t           height;
} td_sniff_t;


/* Reads up to n bytes at an offset; how many there were, at the end fewer. */
typedef size_t (*td_sniff_read_pt)(void *ctx, uint64_t offset, uint8_t *buf,
    size_t n);


/*
 * Looks at a file of the given size in bytes, in a bounded number of small
 * reads.  Always fills s: "application/octet-stream" is what is not known.
 */
void td_sniff(td_sniff_t *s, uint64_t size, td_sniff_read_pt read, void *ctx);

/* The kind of a type as td_sniff() names it; OTHER for any other text. */
td_sniff_kind_e td_sniff_kind(td_str_t type);


#endif /* _TD_SNIFF_H_INCLUDED_ */
