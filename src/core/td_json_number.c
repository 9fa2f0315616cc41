
/*
 * JSON numbers to doubles, rounded correctly.
 *
 * Reads the caller's bytes only; the locale has no influence.
 */


#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "td_json_private.h"


/* Significant decimal digits that decide how a number rounds: 767 and one. */

#define TD_DIGITS_MAX    800


static const double  td_powers[] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
    1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};


#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128  td_uint128_t;


/*
 * m / 10^k rounded once, for m > 0 and 0 < k < 20: what a coordinate of 16 or
 * 17 digits looks like.  The quotient has at least 64 bits, and its rest
 * breaks ties.
 */

static double
td_number_divide(uint64_t m, unsigned k)
{
    int           shift, drop;
    double        scale;
    uint64_t      d, mantissa, bits;
    td_uint128_t  n, q, low, half;

    d = 1;

    for ( /* void */ ; k > 0; k--) {
        d *= 10;
    }

    shift = __builtin_clzll(m);
    n = (td_uint128_t) (m << shift) << 64;
    q = n / d;

    bits = (uint64_t) (q >> 64);
    drop = (bits != 0 ? 127 - __builtin_clzll(bits) : 63) - 52;

    mantissa = (uint64_t) (q >> drop);
    half = (td_uint128_t) 1 << (drop - 1);
    low = q & (half * 2 - 1);

    if (low > half || (low == half && (q * d != n || (mantissa & 1)))) {
        mantissa++;
    }

    bits = (uint64_t) (1023 + drop - 64 - shift) << 52;
    memcpy(&scale, &bits, sizeof(scale));

    return (double) mantissa * scale;
}

#endif


/*
 * The rare number: too many digits or too large an exponent for exact
 * arithmetic.  strtod() sees a bounded copy of the significant digits with no
 * decimal point in it, and a last digit that stands for those cut off.
 */

static double
td_number_slow(const char *p, const char *end, int64_t exponent)
{
    int     n, cut, fraction;
    char    text[TD_DIGITS_MAX + 32];

    n = 0;
    cut = 0;
    fraction = 0;

    for ( /* void */ ; p < end; p++) {

        if (*p == '.') {
            fraction = 1;
            continue;
        }

        if (n == 0 && *p == '0') {
            exponent -= fraction;

        } else if (n < TD_DIGITS_MAX) {
            text[n++] = *p;
            exponent -= fraction;

        } else {
            cut |= (*p != '0');
            exponent += !fraction;
        }
    }

    if (cut) {
        text[n++] = '1';
        exponent--;
    }

    if (n == 0) {
        return 0;
    }

    if (exponent > 9999) {
        exponent = 9999;

    } else if (exponent < -9999) {
        exponent = -9999;
    }

    (void) snprintf(text + n, sizeof(text) - (size_t) n, "e%d",
                    (int) exponent);

    return strtod(text, NULL);
}


const char *
td_json_number(const char *p, const char *end, double *number)
{
    int          minus, minus_exp;
    double       d;
    int64_t      e, exponent;
    uint64_t     m;
    ptrdiff_t    n;
    const char  *digits, *mantissa_end, *point;

    minus = (*p == '-');
    p += minus;

    digits = p;
    m = 0;
    exponent = 0;
    e = 0;

    while (p < end && (unsigned char) (*p - '0') < 10) {
        m = m * 10 + (uint64_t) (*p++ - '0');
    }

    if (p == digits || (*digits == '0' && p - digits > 1)) {
        return NULL;
    }

    if (p < end && *p == '.') {
        point = ++p;

        while (p < end && (unsigned char) (*p - '0') < 10) {
            m = m * 10 + (uint64_t) (*p++ - '0');
        }

        if (p == point) {
            return NULL;
        }

        e = point - p;
    }

    mantissa_end = p;

    /* digits that count: neither the point nor the zero before it */

    n = (p - digits) - (e != 0) - (*digits == '0');

    if (p < end && (*p | 0x20) == 'e') {
        minus_exp = 0;
        p++;

        if (p < end && (*p == '-' || *p == '+')) {
            minus_exp = (*p++ == '-');
        }

        point = p;

        while (p < end && (unsigned char) (*p - '0') < 10) {
            if (exponent < 100000000000) {
                exponent = exponent * 10 + (*p - '0');
            }

            p++;
        }

        if (p == point) {
            return NULL;
        }

        if (minus_exp) {
            exponent = -exponent;
        }
    }

    /*
     * With at most 19 digits m has not overflowed; if it is exact as a double
     * and the power of ten is too, one operation rounds once and therefore
     * correctly.
     */

    e += exponent;

    if (FLT_EVAL_METHOD == 0 && n <= 19
        && m <= (uint64_t) 1 << 53 && e >= -22 && e <= 22)
    {
        d = (double) m;
        d = (e < 0) ? d / td_powers[-e] : d * td_powers[e];

#ifdef __SIZEOF_INT128__

    } else if (n <= 19 && m != 0 && e < 0 && e >= -19) {
        d = td_number_divide(m, (unsigned) -e);

#endif

    } else {
        d = td_number_slow(digits, mantissa_end, exponent);
    }

    *number = minus ? -d : d;

    return p;
}
