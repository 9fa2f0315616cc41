
/*
 * Mail to people: what it is about goes in, the text is made here.  With a
 * mail server (tidraw_smtp) it waits in the database until that has it;
 * without one it goes to the error log.
 */


#ifndef _NGX_TIDRAW_MAIL_H_INCLUDED_
#define _NGX_TIDRAW_MAIL_H_INCLUDED_


#include "ngx_tidraw_smtp.h"
#include "ngx_tidraw_store.h"


typedef enum {
    NGX_TIDRAW_MAIL_RESET = TD_MAIL_RESET,       /* link: sets a new one */
    NGX_TIDRAW_MAIL_WELCOME = TD_MAIL_WELCOME,   /* link: sets the first
                                                    password; from */
    NGX_TIDRAW_MAIL_INVITE = TD_MAIL_INVITE      /* link: accepts; from and
                                                    board */
} ngx_tidraw_mail_e;


typedef struct {
    ngx_tidraw_mail_e    kind;
    ngx_str_t           *to;       /* e-mail address */
    ngx_str_t           *locale;   /* "en", "de"; NULL or empty: not known */
    ngx_str_t           *from;     /* name of a person, NULL where unused */
    ngx_str_t           *board;    /* name of a board, NULL where unused */
    ngx_str_t           *link;     /* the whole address */
    unsigned             doubtful:1;  /* whoever asks may have chosen the host
                                         of the link: it is only logged */

    ngx_uint_t           step;     /* ngx_tidraw_mail_step()'s own */
} ngx_tidraw_mail_t;


/*
 * In init_process with the store open, and in exit_process before it is
 * closed.  NULL: no memory, or it is logged.
 */
ngx_tidraw_mails_t *ngx_tidraw_mails_create(ngx_tidraw_site_t *site);
void ngx_tidraw_mails_destroy(ngx_tidraw_mails_t *mails);


/*
 * Sends it, without waiting and without failing for the caller; everything is
 * copied.  Without a mail server the text, with its link, goes to the error
 * log for the operator.
 */
void ngx_tidraw_mail(ngx_tidraw_site_t *site, ngx_tidraw_mail_t *mail);

/*
 * The same as a part of an operation: step() appends to op what queues the
 * mail, if there is a mail server; stored() is called with the same mail when
 * op has ended well, and with op as its handler got it.
 */
void ngx_tidraw_mail_step(ngx_tidraw_site_t *site, ngx_tidraw_op_t *op,
    ngx_tidraw_mail_t *mail);
void ngx_tidraw_mail_stored(ngx_tidraw_site_t *site, ngx_tidraw_op_t *op,
    ngx_tidraw_mail_t *mail);

/* Whether there is a mail server. */
ngx_uint_t ngx_tidraw_mail_on(ngx_tidraw_site_t *site);

/*
 * A test mail at once, past the queue, as ngx_tidraw_smtp_send(); from is who
 * asks for it, link the address of the site.
 */
ngx_tidraw_smtp_job_t *ngx_tidraw_mail_test(ngx_tidraw_site_t *site,
    ngx_str_t *to, ngx_str_t *locale, ngx_str_t *from, ngx_str_t *link,
    ngx_tidraw_smtp_pt handler, void *data);


/* Mails are there: looks at once instead of at its next round. */
void ngx_tidraw_mails_kick(ngx_tidraw_mails_t *mails);


#endif /* _NGX_TIDRAW_MAIL_H_INCLUDED_ */
