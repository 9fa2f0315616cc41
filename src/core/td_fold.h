
/*
 * Names folded for searching and sorting: without case, and Latin letters
 * without their marks, so that "uber" finds "Über" and "Ärzte" stands near
 * "Arzt", whatever database holds them.
 */


#ifndef _TD_FOLD_H_INCLUDED_
#define _TD_FOLD_H_INCLUDED_


#include "td_core.h"


/*
 * Appends the folded form of s, UTF-8, at most twice as long.  What is no
 * UTF-8 passes through.
 */
void td_fold(td_buf_t *b, td_str_t s);


#endif /* _TD_FOLD_H_INCLUDED_ */
