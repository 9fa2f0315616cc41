
/*
 * Host names of http URLs: whether the URL parser takes them, that is UTS 46
 * mapping, label rules, punycode and numeric addresses.
 *
 * Fed byte by byte, keeps one label at most, allocates nothing.  It follows
 * what Node says, with two exceptions: right-to-left names follow RFC 5893,
 * of which Node 18 and 20 let some pass that newer engines refuse; and "xn--"
 * labels are not asked whether what they spell is in composed form.
 */


#ifndef _TD_IDNA_H_INCLUDED_
#define _TD_IDNA_H_INCLUDED_


#include "td_core.h"


/* The longest "xn--" label that is decoded; longer ones are refused. */

#define TD_IDNA_LABEL  256


typedef struct {
    uint64_t       dec;             /* the label as a number of each base, */
    uint64_t       oct;             /* saturated */
    uint64_t       hex;
    size_t         len;
    unsigned       not_dec:1;
    unsigned       not_oct:1;
    unsigned       not_hex:1;
    unsigned       zero:1;          /* starts with 0 */
    unsigned       x:1;             /* starts with 0x */
} td_idna_part_t;


typedef struct {
    size_t         len;
    uint8_t        first;           /* classes of code points */
    uint8_t        last;            /* the last that is no mark */
    uint8_t        previous;
    unsigned       unicode:1;       /* has characters beyond ASCII */
    unsigned       rtl:1;
    unsigned       not_rtl:1;       /* has what an RTL label may not have */
    unsigned       en:1;
    unsigned       an:1;
    unsigned       joins:1;         /* a character that joins the next */
    unsigned       waiting:1;       /* for a character that is joined */
    unsigned       bad_joiner:1;
} td_idna_label_t;


typedef struct {
    int64_t        value;           /* as a number, or -1 */
    unsigned       empty:1;
    unsigned       digits:1;        /* has digits only */
} td_idna_last_t;


typedef struct {
    uint32_t         cp;            /* UTF-8 decoder */
    uint32_t         least;
    unsigned         need;
    unsigned         angle;         /* "<" or ">" that must be composed */
    size_t           total;
    size_t           parts;         /* complete labels */
    int64_t          values[4];     /* the first of them as numbers, or -1 */
    td_idna_last_t   last;          /* the last of them */
    td_idna_last_t   before;        /* and the one before it */
    td_idna_part_t   part;
    td_idna_label_t  label;
    char             text[TD_IDNA_LABEL];  /* start of the label in ASCII */
} td_idna_t;


/* Before the first byte of a name; it owns nothing that would be freed. */
void td_idna_start(td_idna_t *idna);

/* The next byte of the name, percent-decoded.  0: refused for good. */
int td_idna_byte(td_idna_t *idna, unsigned char c);

/* After the last byte: 1 accepted, 0 refused. */
int td_idna_end(td_idna_t *idna);


#endif /* _TD_IDNA_H_INCLUDED_ */
