
/*
 * Mails on their way into the queue, or into the error log where there is no
 * mail server: whoever runs it passes the link on.  These links are the only
 * secrets that ever stand in a log, and each of them is good for one use and
 * a limited time.
 */


#include "ngx_tidraw_mail.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_MAIL_QUEUE     10000     /* mails that wait */
#define NGX_TIDRAW_MAIL_LIFE      (2 * 24 * 3600 * (int64_t) 1000)
#define NGX_TIDRAW_MAIL_HOUR      (3600 * (int64_t) 1000)
#define NGX_TIDRAW_MAIL_TIMEOUT   20        /* seconds for a test */


static const char  *ngx_tidraw_mail_texts[] = {
    "a link to set a new password, valid for an hour",
    "a link to set the first password, valid for seven days",
    "an invitation to a board, valid for seven days"
};


/* On its way into the queue; in the pool of its operation. */

typedef struct {
    ngx_tidraw_site_t    *site;
    ngx_tidraw_mail_t     mail;
    ngx_str_t             to;
} ngx_tidraw_mail_post_t;


static void ngx_tidraw_mail_posted(ngx_tidraw_op_t *op);
static void ngx_tidraw_mail_facts(td_mail_facts_t *facts, ngx_str_t *locale,
    ngx_str_t *from, ngx_str_t *board, ngx_str_t *link);
static void ngx_tidraw_mail_log(ngx_tidraw_site_t *site,
    ngx_tidraw_mail_t *mail);
static void ngx_tidraw_mail_lost(ngx_tidraw_site_t *site, ngx_str_t *to,
    const char *why);


ngx_uint_t
ngx_tidraw_mail_on(ngx_tidraw_site_t *site)
{
    return site->conf->smtp != NULL && site->conf->smtp->host.len != 0;
}


void
ngx_tidraw_mail(ngx_tidraw_site_t *site, ngx_tidraw_mail_t *mail)
{
    ngx_tidraw_op_t         *op;
    ngx_tidraw_mail_post_t  *post;

    if (!ngx_tidraw_mail_on(site) || mail->doubtful) {

        if (ngx_tidraw_mail_on(site)) {
            ngx_tidraw_log(NGX_LOG_WARN, site->log, 0, "mail_refused",
                           "to=%V error=%s hint=%s", mail->to,
                           "its link may lead anywhere",
                           "set tidraw_public_url");
        }

        ngx_tidraw_mail_log(site, mail);
        return;
    }

    op = ngx_tidraw_op_create(site->store, 1);
    if (op == NULL) {
        ngx_tidraw_mail_lost(site, mail->to, "no memory");
        return;
    }

    post = ngx_pcalloc(op->pool, sizeof(ngx_tidraw_mail_post_t));

    if (post != NULL) {
        post->to.data = ngx_pstrdup(op->pool, mail->to);
    }

    if (post == NULL || post->to.data == NULL) {
        ngx_tidraw_op_free(op);
        ngx_tidraw_mail_lost(site, mail->to, "no memory");
        return;
    }

    ngx_tidraw_mail_step(site, op, mail);

    post->site = site;
    post->mail = *mail;
    post->to.len = mail->to->len;
    post->mail.to = &post->to;

    ngx_tidraw_op_run(op, ngx_tidraw_mail_posted, post);
}


static void
ngx_tidraw_mail_posted(ngx_tidraw_op_t *op)
{
    ngx_tidraw_mail_post_t  *post;

    post = op->data;

    if (op->rc != NGX_OK) {
        ngx_tidraw_mail_lost(post->site, &post->to,
                             "the database is busy or away");
        return;
    }

    ngx_tidraw_mail_stored(post->site, op, &post->mail);
}


void
ngx_tidraw_mail_step(ngx_tidraw_site_t *site, ngx_tidraw_op_t *op,
    ngx_tidraw_mail_t *mail)
{
    u_char            id[NGX_TIDRAW_ID_LEN];
    int64_t           now, life;
    td_buf_t          subject, plain, html;
    ngx_str_t         i, s, p, h;
    td_mail_facts_t   facts;

    if (!ngx_tidraw_mail_on(site)) {
        return;
    }

    ngx_memzero(&subject, sizeof(td_buf_t));
    ngx_memzero(&plain, sizeof(td_buf_t));
    ngx_memzero(&html, sizeof(td_buf_t));

    ngx_tidraw_mail_facts(&facts, mail->locale, mail->from, mail->board,
                          mail->link);

    mail->step = op->nsteps;

    if (td_mail_write((td_mail_kind_e) mail->kind, &facts, &subject, &plain,
                      &html)
        == TD_OK)
    {
        ngx_tidraw_random_id(id, 16);

        i.len = sizeof(id);
        i.data = id;
        s.len = subject.len;
        s.data = (u_char *) subject.data;
        p.len = plain.len;
        p.data = (u_char *) plain.data;
        h.len = html.len;
        h.data = (u_char *) html.data;

        now = ngx_tidraw_now();

        /* nobody is sent a link that has expired */

        life = mail->kind == NGX_TIDRAW_MAIL_RESET ? NGX_TIDRAW_MAIL_HOUR
                                                   : NGX_TIDRAW_MAIL_LIFE;

        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MAIL_PUT, "sssssiii",
                                  &i, mail->to, &s, &p, &h, now, now + life,
                                  (int64_t) NGX_TIDRAW_MAIL_QUEUE);
        (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MAIL_WAITS, "s", &i);
    }

    td_buf_free(&subject);
    td_buf_free(&plain);
    td_buf_free(&html);
}


void
ngx_tidraw_mail_stored(ngx_tidraw_site_t *site, ngx_tidraw_op_t *op,
    ngx_tidraw_mail_t *mail)
{
    if (!ngx_tidraw_mail_on(site)) {
        ngx_tidraw_mail_log(site, mail);
        return;
    }

    if (mail->step + 1 >= op->nsteps) {
        ngx_tidraw_mail_lost(site, mail->to, "no memory");
        return;
    }

    if (op->results[mail->step + 1].nrows == 0) {
        ngx_tidraw_mail_lost(site, mail->to, "too many mails wait");
        return;
    }

    ngx_tidraw_mails_kick(site->mails);
}


ngx_tidraw_smtp_job_t *
ngx_tidraw_mail_test(ngx_tidraw_site_t *site, ngx_str_t *to,
    ngx_str_t *locale, ngx_str_t *from, ngx_str_t *link,
    ngx_tidraw_smtp_pt handler, void *data)
{
    u_char                  id[NGX_TIDRAW_ID_LEN];
    td_buf_t                subject, plain, html;
    td_mail_t               m;
    td_mail_facts_t         facts;
    ngx_tidraw_smtp_job_t  *job;

    ngx_memzero(&subject, sizeof(td_buf_t));
    ngx_memzero(&plain, sizeof(td_buf_t));
    ngx_memzero(&html, sizeof(td_buf_t));

    ngx_tidraw_mail_facts(&facts, locale, from, NULL, link);

    job = NULL;

    if (td_mail_write(TD_MAIL_TEST, &facts, &subject, &plain, &html)
        == TD_OK)
    {
        ngx_memzero(&m, sizeof(td_mail_t));
        ngx_tidraw_random_id(id, 16);

        m.to.data = (char *) to->data;
        m.to.len = to->len;
        m.id.data = (char *) id;
        m.id.len = sizeof(id);
        m.subject.data = subject.data;
        m.subject.len = subject.len;
        m.plain.data = plain.data;
        m.plain.len = plain.len;
        m.html.data = html.data;
        m.html.len = html.len;
        m.date = ngx_time();

        job = ngx_tidraw_smtp_send(site, site->conf->smtp, &m,
                                   NGX_TIDRAW_MAIL_TIMEOUT, handler, data);
    }

    td_buf_free(&subject);
    td_buf_free(&plain);
    td_buf_free(&html);

    return job;
}


static void
ngx_tidraw_mail_facts(td_mail_facts_t *facts, ngx_str_t *locale,
    ngx_str_t *from, ngx_str_t *board, ngx_str_t *link)
{
    ngx_uint_t   i;
    ngx_str_t   *src[] = { locale, from, board, link };
    td_str_t    *dst[] = { &facts->locale, &facts->from, &facts->board,
                           &facts->link };

    for (i = 0; i < 4; i++) {
        dst[i]->data = src[i] != NULL ? (char *) src[i]->data : "";
        dst[i]->len = src[i] != NULL ? src[i]->len : 0;
    }
}


static void
ngx_tidraw_mail_log(ngx_tidraw_site_t *site, ngx_tidraw_mail_t *mail)
{
    ngx_uint_t  level;

    /* whoever keeps errors only needs the link nevertheless */

    level = ngx_min(NGX_LOG_NOTICE, site->log->log_level);
    level = ngx_max(NGX_LOG_ERR, level);

    ngx_tidraw_log(level, site->log, 0, "mail_not_sent",
                   "to=%V text=%s link=%V", mail->to,
                   ngx_tidraw_mail_texts[mail->kind], mail->link);
}


static void
ngx_tidraw_mail_lost(ngx_tidraw_site_t *site, ngx_str_t *to, const char *why)
{
    ngx_tidraw_count(site, NGX_TIDRAW_COUNT_MAILS_GIVEN_UP, 1);
    ngx_tidraw_log(NGX_LOG_ERR, site->log, 0, "mail_given_up",
                   "to=%V error=%s", to, why);
}
