
/*
 * Mail to people, into the error log: whoever runs the server passes the link
 * on.  These links are the only secrets that ever stand in a log, and each of
 * them is good for one use and a limited time.
 */


#include "ngx_tidraw_mail.h"


static const char  *ngx_tidraw_mail_texts[] = {
    "a link to set a new password, valid for an hour",
    "a link to set the first password, valid for seven days",
    "an invitation to a board, valid for seven days"
};


void
ngx_tidraw_mail(ngx_tidraw_site_t *site, ngx_tidraw_mail_t *mail)
{
    ngx_uint_t  level;

    /* whoever keeps errors only needs the link nevertheless */

    level = ngx_min(NGX_LOG_NOTICE, site->log->log_level);
    level = ngx_max(NGX_LOG_ERR, level);

    ngx_log_error(level, site->log, 0,
                  "tidraw: no mail is set up; for %V, %s: %V", mail->to,
                  ngx_tidraw_mail_texts[mail->kind], mail->link);
}
