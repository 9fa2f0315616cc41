
/*
 * One mail to the mail server, by libcurl in a thread.
 */


#ifndef _NGX_TIDRAW_SMTP_H_INCLUDED_
#define _NGX_TIDRAW_SMTP_H_INCLUDED_


#include "ngx_tidraw.h"

#include "td_mail.h"


typedef enum {
    NGX_TIDRAW_SMTP_NONE = 0,       /* no TLS */
    NGX_TIDRAW_SMTP_STARTTLS,       /* or nothing is sent */
    NGX_TIDRAW_SMTP_TLS             /* from the first byte */
} ngx_tidraw_smtp_tls_e;


/* The server, from the configuration; lives as long as that. */

struct ngx_tidraw_smtp_s {
    ngx_str_t                host;         /* IPv6 in brackets; empty: off */
    ngx_uint_t               port;
    ngx_str_t                url;          /* what libcurl gets */
    ngx_str_t                user;         /* empty: does not sign in */
    ngx_str_t                password;
    ngx_str_t                from;         /* address */
    ngx_str_t                from_name;    /* may be empty */
    ngx_str_t                ca;           /* file; empty: the system's */
    ngx_uint_t               tls;          /* ngx_tidraw_smtp_tls_e */

    /* texts as they were given; data NULL: not given */
    ngx_str_t                given_from;
    ngx_str_t                given_tls;
    unsigned                 complete:1;
};


typedef struct ngx_tidraw_smtp_job_s  ngx_tidraw_smtp_job_t;

typedef void (*ngx_tidraw_smtp_pt)(ngx_tidraw_smtp_job_t *job);


struct ngx_tidraw_smtp_job_s {
    ngx_int_t                rc;           /* NGX_OK: the server has it;
                                              NGX_DECLINED: it will never take
                                              it; NGX_ERROR: try later */
    ngx_str_t                error;        /* a sentence for people, without
                                              secrets */
    ngx_tidraw_smtp_pt       handler;
    void                    *data;
};


/*
 * In init_process and exit_process, for each site with a mail server.  NGX_OK
 * or NGX_ERROR, logged.
 */
ngx_int_t ngx_tidraw_smtp_init(ngx_log_t *log);
void ngx_tidraw_smtp_exit(void);

/*
 * Sends a mail within timeout seconds; everything is copied but smtp.
 * handler(job) is called once from the event loop, never from inside this
 * call, and the job is freed when it returns.  NULL: no memory, too many
 * jobs, or an address that is none.
 */
ngx_tidraw_smtp_job_t *ngx_tidraw_smtp_send(ngx_tidraw_site_t *site,
    ngx_tidraw_smtp_t *smtp, td_mail_t *mail, ngx_uint_t timeout,
    ngx_tidraw_smtp_pt handler, void *data);

/* The requester goes away; the mail may still be sent. */
void ngx_tidraw_smtp_cancel(ngx_tidraw_smtp_job_t *job);

/* It ends with an error within a second or so, unless it just succeeds. */
void ngx_tidraw_smtp_abort(ngx_tidraw_smtp_job_t *job);

/*
 * In exit_process, when the threads have ended: 1 when the job came to an
 * end, so that rc and error are valid; the handler is not called any more.
 */
ngx_uint_t ngx_tidraw_smtp_ended(ngx_tidraw_smtp_job_t *job);


#endif /* _NGX_TIDRAW_SMTP_H_INCLUDED_ */
