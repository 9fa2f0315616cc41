
/*
 * The few lines of TAP that the unit tests need.
 *
 * tap_ok() reports one check; main() ends with "return tap_done();".
 */


#ifndef _TAP_H_INCLUDED_
#define _TAP_H_INCLUDED_


#include <stdarg.h>
#include <stdio.h>


static int  tap_count;
static int  tap_failed;


/* Returns ok, so that a test can stop where going on makes no sense. */

__attribute__((format(printf, 4, 5)))
static int
tap_check(int ok, const char *file, int line, const char *fmt, ...)
{
    va_list  args;

    printf("%s %d - ", ok ? "ok" : "not ok", ++tap_count);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");

    if (!ok) {
        tap_failed++;
        printf("#   at %s line %d\n", file, line);
    }

    fflush(stdout);

    return ok;
}


#define tap_ok(cond, ...)                                                     \
    tap_check((cond) ? 1 : 0, __FILE__, __LINE__, __VA_ARGS__)


static int
tap_done(void)
{
    printf("1..%d\n", tap_count);

    return tap_failed != 0;
}


#endif /* _TAP_H_INCLUDED_ */
