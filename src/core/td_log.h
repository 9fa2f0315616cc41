
/*
 * How a value stands in a line of the log: what others wrote must not end the
 * line, look like another key, or turn what a terminal shows around.
 */


#ifndef _TD_LOG_H_INCLUDED_
#define _TD_LOG_H_INCLUDED_


#include "td_core.h"


#define TD_LOG_VALUE_MAX  420   /* bytes that one value takes at most */


/*
 * Writes a value to dst, which has room for TD_LOG_VALUE_MAX bytes, and
 * returns how many it took: as it is where it is made of letters, digits and
 * ._:/@+,%- only; "-" for an empty one; else in double quotes, with \" and \\,
 * and \xNN for bytes of control characters and of what is no UTF-8.  What is
 * too long ends with three dots.
 */
size_t td_log_value(char *dst, td_str_t value);


#endif /* _TD_LOG_H_INCLUDED_ */
