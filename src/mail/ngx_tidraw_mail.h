
/*
 * Mail to people: what it is about goes in, the text is made here.
 */


#ifndef _NGX_TIDRAW_MAIL_H_INCLUDED_
#define _NGX_TIDRAW_MAIL_H_INCLUDED_


#include "ngx_tidraw.h"


typedef enum {
    NGX_TIDRAW_MAIL_RESET = 0,     /* link: sets a new password */
    NGX_TIDRAW_MAIL_WELCOME,       /* link: sets the first password */
    NGX_TIDRAW_MAIL_INVITE         /* link: accepts; from and board are set */
} ngx_tidraw_mail_e;


typedef struct {
    ngx_tidraw_mail_e    kind;
    ngx_str_t           *to;       /* e-mail address */
    ngx_str_t           *locale;   /* "en", "de"; NULL or empty: not known */
    ngx_str_t           *from;     /* name of a person, NULL where unused */
    ngx_str_t           *board;    /* name of a board, NULL where unused */
    ngx_str_t           *link;     /* the whole address */
} ngx_tidraw_mail_t;


/*
 * Sends it, without waiting and without failing for the caller; everything is
 * copied.  The text, with its link, goes to the error log for the operator.
 */
void ngx_tidraw_mail(ngx_tidraw_site_t *site, ngx_tidraw_mail_t *mail);


#endif /* _NGX_TIDRAW_MAIL_H_INCLUDED_ */
