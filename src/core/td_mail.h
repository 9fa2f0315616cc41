
/*
 * Mails: what they say, in the languages of the web app, and the form in
 * which they travel (RFC 5322, 2045 to 2047).
 *
 * Whatever stands in a name, a subject or a text: it can neither add a header
 * nor end one.
 */


#ifndef _TD_MAIL_H_INCLUDED_
#define _TD_MAIL_H_INCLUDED_


#include "td_core.h"


typedef enum {
    TD_MAIL_RESET = 0,      /* link: sets a new password */
    TD_MAIL_WELCOME,        /* link: sets the first password; from */
    TD_MAIL_INVITE,         /* link: accepts; from and board */
    TD_MAIL_TEST            /* link: the site; from */
} td_mail_kind_e;


/* What a mail is about; UTF-8, at most some hundred bytes of each are shown. */

typedef struct {
    td_str_t       locale;        /* "de", or anything else: English */
    td_str_t       from;          /* name of a person */
    td_str_t       board;         /* name of a board */
    td_str_t       link;          /* a whole address */
} td_mail_facts_t;


/* A mail on its way. */

typedef struct {
    td_str_t       from;          /* address, td_mail_address() */
    td_str_t       from_name;     /* may be empty */
    td_str_t       to;            /* address, td_mail_address() */
    td_str_t       id;            /* of letters, digits, "-" and "_" */
    td_str_t       subject;
    td_str_t       plain;         /* lines end with LF */
    td_str_t       html;
    int64_t        date;          /* seconds since 1970 */
} td_mail_t;


/*
 * Subject, plain text and HTML of a mail, appended to the three buffers.
 * TD_OK or TD_NOMEM.
 */
int td_mail_write(td_mail_kind_e kind, const td_mail_facts_t *facts,
    td_buf_t *subject, td_buf_t *plain, td_buf_t *html);

/*
 * The whole message, lines ended by CRLF and of at most 78 bytes but for
 * addresses, ASCII only; dots at the start of a line are not doubled.  TD_OK,
 * TD_NOMEM, or TD_BAD: an address or the id is none.
 */
int td_mail_build(const td_mail_t *mail, td_buf_t *b);

/*
 * Whether it is an address of the form local@host that can stand in a command
 * and in a header as it is: ASCII without blanks, quotes, brackets and the
 * like, at most 254 bytes.  1 or 0.
 */
int td_mail_address(td_str_t s);


#endif /* _TD_MAIL_H_INCLUDED_ */
