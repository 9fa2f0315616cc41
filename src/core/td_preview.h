
/*
 * What a page says of itself in its head: a title and a description, for the
 * bookmark on a board.  The page is foreign and may be anything.
 */


#ifndef _TD_PREVIEW_H_INCLUDED_
#define _TD_PREVIEW_H_INCLUDED_


#include "td_core.h"


#define TD_PREVIEW_TITLE        300     /* bytes */
#define TD_PREVIEW_DESCRIPTION  600


typedef struct {
    size_t       title_len;             /* 0: the page has none */
    size_t       description_len;
    char         title[TD_PREVIEW_TITLE];
    char         description[TD_PREVIEW_DESCRIPTION];
} td_preview_t;


/* Whether a Content-Type is that of a page.  1 or 0. */
int td_preview_html(td_str_t type);

/*
 * Whether the head of a page ends within its first len bytes; those before
 * "from" are known not to hold its end.  1 or 0.
 */
int td_preview_complete(const char *html, size_t len, size_t from);

/*
 * Reads a page, or what there is of it; type is its Content-Type.  Of several
 * titles that for other sites counts ("og:", then "twitter:"), then that of
 * the page.  The texts come out as one line of UTF-8 without control
 * characters, without those that turn the direction of a text, at most as
 * long as they are kept, with an ellipsis where cut.  Pages in UTF-8 and
 * windows-1252 (or its parts) are understood; a text in another encoding is
 * taken if it is plain ASCII.  Linear in len; allocates nothing.
 */
void td_preview_parse(td_preview_t *pv, const char *html, size_t len,
    td_str_t type);


#endif /* _TD_PREVIEW_H_INCLUDED_ */
