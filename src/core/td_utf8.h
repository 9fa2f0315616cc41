
/*
 * UTF-8 validator (RFC 3629) that keeps its place between pieces of a text.
 *
 * Overlong forms, surrogates and code points above U+10FFFF are refused at
 * the first byte that makes them certain.
 */


#ifndef _TD_UTF8_H_INCLUDED_
#define _TD_UTF8_H_INCLUDED_


#include "td_core.h"


typedef struct {
    uint8_t      need;      /* continuation bytes still to come */
    uint8_t      low;       /* bounds of the next one; valid if need != 0 */
    uint8_t      high;
} td_utf8_t;

/* A zeroed td_utf8_t stands at the start of a text. */


/*
 * Feeds the next n bytes.  TD_OK: all of them continue a valid text, which
 * may end inside a character.  TD_BAD: the text is invalid whatever follows;
 * the state must be zeroed before it is used again.
 */
int td_utf8_feed(td_utf8_t *u, const uint8_t *p, size_t n);

/* Whether the text may end here: no character is cut. */
#define td_utf8_complete(u)  ((u)->need == 0)


#endif /* _TD_UTF8_H_INCLUDED_ */
