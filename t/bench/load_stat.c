/*
 * Clock, random numbers, errors, growing buffers and latency histograms of
 * the load generator.  Owns nothing but the histograms.
 */


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"


ld_hist_t  ld_delivery[LD_KINDS];
ld_hist_t  ld_answer[LD_KINDS];
ld_hist_t  ld_first_byte;
ld_hist_t  ld_whole_reply;
ld_hist_t  ld_away;
ld_hist_t  ld_back;


static uint64_t  ld_seed = 0x9e3779b97f4a7c15;


uint64_t
ld_clock(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


uint64_t
ld_random(void)
{
    ld_seed ^= ld_seed << 13;
    ld_seed ^= ld_seed >> 7;
    ld_seed ^= ld_seed << 17;

    return ld_seed;
}


double
ld_uniform(void)
{
    return (double) (ld_random() >> 11) / 9007199254740992.0;
}


static void
ld_note(const char *fmt, va_list args)
{
    char  *p, *text;

    if (ld.nerrors >= LD_MAX_ERRORS) {
        ld.nerrors++;
        return;
    }

    text = ld.errors[ld.nerrors++];

    vsnprintf(text, sizeof(ld.errors[0]), fmt, args);

    /* the report is JSON, what a server said must not break it */

    for (p = text; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e
            || *p == '"' || *p == '\\')
        {
            *p = '\'';
        }
    }
}


void
ld_error(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    ld_note(fmt, args);
    va_end(args);
}


void
ld_fail(const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    ld_note(fmt, args);
    va_end(args);

    ld.fatal = 1;
}


void
ld_die(const char *fmt, ...)
{
    va_list  args;

    fputs("load: ", stderr);

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fputc('\n', stderr);

    exit(2);
}


void *
ld_alloc(size_t n, size_t size)
{
    void  *p;

    p = calloc(n, size);
    if (p == NULL) {
        ld_die("out of memory");
    }

    return p;
}


char *
ld_buf_reserve(ld_buf_t *b, size_t n)
{
    char    *p;
    size_t   size;

    if (b->size - b->len < n) {

        size = b->size ? b->size : 512;

        while (size - b->len < n) {
            size *= 2;
        }

        p = realloc(b->data, size);
        if (p == NULL) {
            ld_die("out of memory");
        }

        b->data = p;
        b->size = size;
    }

    return b->data + b->len;
}


void
ld_hist_add(ld_hist_t *h, uint64_t ns)
{
    uint64_t  n;

    n = ns / 10000;

    if (n < 10000) {
        h->fine[n]++;

    } else {
        n = ns / 1000000;
        h->coarse[n < 100000 ? n : 99999]++;
    }

    if (ns > h->max) {
        h->max = ns;
    }

    h->count++;
}


double
ld_hist_at(const ld_hist_t *h, double q)
{
    size_t    i;
    uint64_t  n, rank;

    if (h->count == 0) {
        return 0;
    }

    n = 0;
    rank = (uint64_t) (q * (double) (h->count - 1)) + 1;

    for (i = 0; i < 10000; i++) {
        n += h->fine[i];

        if (n >= rank) {
            return (double) (i + 1) / 100;
        }
    }

    for (i = 0; i < 100000; i++) {
        n += h->coarse[i];

        if (n >= rank) {
            return (double) (i + 1);
        }
    }

    return (double) h->max / 1e6;
}
