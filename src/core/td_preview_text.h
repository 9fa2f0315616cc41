
/*
 * Texts of foreign pages: their encoding, their character references, and
 * what of them is fit to be shown.
 */


#ifndef _TD_PREVIEW_TEXT_H_INCLUDED_
#define _TD_PREVIEW_TEXT_H_INCLUDED_


#include "td_preview.h"


typedef enum {
    TD_CHARSET_UTF8 = 0,
    TD_CHARSET_1252,
    TD_CHARSET_OTHER            /* ASCII alone is understood */
} td_charset_e;


/* Equal but for the case of ASCII letters; lit is in lower case. */
int td_text_is(td_str_t s, const char *lit);
int td_text_same(td_str_t a, td_str_t b);

/*
 * The encoding of a page: what its first bytes say, else its label (may be
 * empty), else UTF-8 if it is that, and windows-1252 if not.
 */
td_charset_e td_text_charset(td_str_t page, td_str_t label);

/*
 * Writes a text with its references resolved as one clean line of UTF-8 to
 * dst, at most max bytes (3 at least), and returns its length.  0: nothing
 * is left of it, or it is in an encoding that is not understood.
 */
size_t td_text_clean(char *dst, size_t max, td_str_t text, td_charset_e in);


#endif /* _TD_PREVIEW_TEXT_H_INCLUDED_ */
