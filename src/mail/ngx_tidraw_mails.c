
/*
 * The queue of mails, on its way to the mail server: one at a time in a
 * worker.
 *
 * The first worker of a host looks every few seconds, any other when it has
 * queued one itself.  Whoever sends a mail claims it first: its next attempt
 * moves beyond the time that this one can take, and the count of its attempts
 * says whose it is.  A worker that is killed in between leaves the mail to
 * whoever looks after that time.  When the mail server had taken it already,
 * it is sent twice then, under the same Message-ID; nothing can tell.
 */


#include "ngx_tidraw_mail.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_MAILS_FIRST    500        /* ms after the start */
#define NGX_TIDRAW_MAILS_POLL     2000
#define NGX_TIDRAW_MAILS_AGAIN    1000
#define NGX_TIDRAW_MAILS_TIMEOUT  60         /* seconds of an attempt */
#define NGX_TIDRAW_MAILS_CLAIM    180000     /* ms, well beyond that */
#define NGX_TIDRAW_MAILS_HOLD     500        /* ms between two looks */


struct ngx_tidraw_mails_s {
    ngx_tidraw_site_t        *site;
    ngx_event_t               timer;
    ngx_event_t               hold;      /* keeps an exiting worker alive
                                            while a mail is claimed */
    ngx_msec_t                claimed;   /* when */
    ngx_msec_t                leaving;   /* since when it exits, or 0 */
    ngx_connection_t          dummy;     /* the timers' */

    ngx_tidraw_op_t          *op;        /* pending */
    ngx_tidraw_smtp_job_t    *job;       /* pending */

    /* the mail that it is about */
    ngx_pool_t               *pool;
    ngx_str_t                 id;
    ngx_str_t                 to;
    ngx_str_t                 subject;
    ngx_str_t                 plain;
    ngx_str_t                 html;
    int64_t                   created;
    int64_t                   expires;
    int64_t                   tries;     /* with this one */

    ngx_int_t                 rc;        /* of the attempt */
    ngx_uint_t                kicked;    /* unsigned, 1: more have come */
};


static void ngx_tidraw_mails_handler(ngx_event_t *ev);
static void ngx_tidraw_mails_held(ngx_event_t *ev);
static void ngx_tidraw_mails_found(ngx_tidraw_op_t *op);
static ngx_int_t ngx_tidraw_mails_copy(ngx_tidraw_mails_t *mails,
    ngx_tidraw_result_t *res);
static void ngx_tidraw_mails_claimed(ngx_tidraw_op_t *op);
static void ngx_tidraw_mails_sent(ngx_tidraw_smtp_job_t *job);
static void ngx_tidraw_mails_result(ngx_tidraw_mails_t *mails, ngx_int_t rc,
    ngx_str_t *error);
static void ngx_tidraw_mails_settle(ngx_tidraw_mails_t *mails);
static void ngx_tidraw_mails_settled(ngx_tidraw_op_t *op);
static void ngx_tidraw_mails_expired(ngx_tidraw_op_t *op);
static void ngx_tidraw_mails_next(ngx_tidraw_mails_t *mails, ngx_uint_t more);


/* Milliseconds to the next attempt, and from the last of these on. */

static int64_t  ngx_tidraw_mails_pauses[] = {
    60 * 1000, 5 * 60 * 1000, 30 * 60 * 1000, 2 * 3600 * 1000,
    6 * 3600 * 1000
};


ngx_tidraw_mails_t *
ngx_tidraw_mails_create(ngx_tidraw_site_t *site)
{
    ngx_tidraw_mails_t  *mails;

    mails = ngx_calloc(sizeof(ngx_tidraw_mails_t), site->log);
    if (mails == NULL) {
        return NULL;
    }

    mails->site = site;

    mails->dummy.fd = (ngx_socket_t) -1;
    mails->dummy.data = mails;

    mails->timer.handler = ngx_tidraw_mails_handler;
    mails->timer.data = &mails->dummy;
    mails->timer.log = site->log;
    mails->timer.cancelable = 1;

    mails->hold.handler = ngx_tidraw_mails_held;
    mails->hold.data = &mails->dummy;
    mails->hold.log = site->log;

    if (!ngx_tidraw_mail_on(site)) {
        return mails;
    }

    if (ngx_tidraw_smtp_init(site->log) != NGX_OK) {
        ngx_free(mails);
        return NULL;
    }

    if (ngx_worker == 0) {
        ngx_add_timer(&mails->timer, NGX_TIDRAW_MAILS_FIRST);
    }

    return mails;
}


void
ngx_tidraw_mails_destroy(ngx_tidraw_mails_t *mails)
{
    /* the store still writes down what became of it */

    if (mails->job && ngx_tidraw_smtp_ended(mails->job)) {
        ngx_tidraw_mails_result(mails, mails->job->rc, &mails->job->error);
    }

    if (mails->op) {
        ngx_tidraw_op_cancel(mails->op);
    }

    if (mails->timer.timer_set) {
        ngx_del_timer(&mails->timer);
    }

    if (mails->hold.timer_set) {
        ngx_del_timer(&mails->hold);
    }

    if (mails->pool) {
        ngx_destroy_pool(mails->pool);
    }

    if (ngx_tidraw_mail_on(mails->site)) {
        ngx_tidraw_smtp_exit();
    }

    ngx_free(mails);
}


void
ngx_tidraw_mails_kick(ngx_tidraw_mails_t *mails)
{
    if (mails->op || mails->job || mails->pool) {
        mails->kicked = 1;
        return;
    }

    if (mails->timer.timer_set) {
        ngx_del_timer(&mails->timer);
    }

    ngx_add_timer(&mails->timer, 1);
}


static void
ngx_tidraw_mails_handler(ngx_event_t *ev)
{
    ngx_tidraw_op_t     *op;
    ngx_connection_t    *c;
    ngx_tidraw_mails_t  *mails;

    c = ev->data;
    mails = c->data;
    ev->timedout = 0;

    /* the result of an attempt could not be stored up to now */

    if (mails->pool) {
        ngx_tidraw_mails_settle(mails);
        return;
    }

    /* others go on */

    if (ngx_exiting) {
        return;
    }

    op = ngx_tidraw_op_create(mails->site->store, 0);
    if (op == NULL) {
        ngx_tidraw_mails_next(mails, 0);
        return;
    }

    mails->kicked = 0;

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MAIL_DUE, "i",
                              ngx_tidraw_now());

    mails->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_mails_found, mails);
}


/*
 * While it stands in the tree, the worker stays.  At worker_shutdown_timeout
 * the attempt is broken off, and another worker begins the next one.
 */

static void
ngx_tidraw_mails_held(ngx_event_t *ev)
{
    ngx_core_conf_t     *ccf;
    ngx_connection_t    *c;
    ngx_tidraw_mails_t  *mails;

    c = ev->data;
    mails = c->data;
    ev->timedout = 0;

    if (ngx_current_msec - mails->claimed >= NGX_TIDRAW_MAILS_CLAIM) {
        return;
    }

    if (ngx_exiting) {

        if (mails->leaving == 0) {
            mails->leaving = ngx_current_msec;
        }

        ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                               ngx_core_module);

        if (ccf->shutdown_timeout
            && ngx_current_msec - mails->leaving >= ccf->shutdown_timeout)
        {
            if (mails->job == NULL) {
                return;
            }

            ngx_tidraw_smtp_abort(mails->job);
        }
    }

    ngx_add_timer(ev, NGX_TIDRAW_MAILS_HOLD);
}


static void
ngx_tidraw_mails_found(ngx_tidraw_op_t *op)
{
    int64_t               now, next;
    ngx_tidraw_op_t      *claim;
    ngx_tidraw_mails_t   *mails;

    mails = op->data;
    mails->op = NULL;

    if (op->rc != NGX_OK || op->results->nrows == 0 || ngx_exiting) {
        ngx_tidraw_mails_next(mails, 0);
        return;
    }

    claim = ngx_tidraw_op_create(mails->site->store, 1);

    if (claim == NULL || ngx_tidraw_mails_copy(mails, op->results) != NGX_OK) {

        if (claim) {
            ngx_tidraw_op_free(claim);
        }

        ngx_tidraw_mails_next(mails, 0);
        return;
    }

    now = ngx_tidraw_now();
    next = ngx_tidraw_cell_int(op->results, 0, 7);

    mails->op = claim;

    if (mails->expires <= now) {
        (void) ngx_tidraw_op_step(claim, NGX_TIDRAW_STMT_MAIL_DONE, "si",
                                  &mails->id, mails->tries);
        ngx_tidraw_op_run(claim, ngx_tidraw_mails_expired, mails);
        return;
    }

    (void) ngx_tidraw_op_step(claim, NGX_TIDRAW_STMT_MAIL_CLAIM, "siii",
                              &mails->id, mails->tries, next,
                              now + NGX_TIDRAW_MAILS_CLAIM);

    mails->claimed = ngx_current_msec;
    ngx_add_timer(&mails->hold, NGX_TIDRAW_MAILS_HOLD);
    ngx_tidraw_op_run(claim, ngx_tidraw_mails_claimed, mails);
}


static ngx_int_t
ngx_tidraw_mails_copy(ngx_tidraw_mails_t *mails, ngx_tidraw_result_t *res)
{
    ngx_uint_t   i;
    ngx_str_t    s, *dst[] = { &mails->id, &mails->to, &mails->subject,
                               &mails->plain, &mails->html };

    mails->pool = ngx_create_pool(4096, mails->site->log);
    if (mails->pool == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < 5; i++) {
        s = ngx_tidraw_cell_str(res, 0, i);

        dst[i]->len = s.len;
        dst[i]->data = ngx_pstrdup(mails->pool, &s);

        if (dst[i]->data == NULL) {
            return NGX_ERROR;
        }
    }

    mails->created = ngx_tidraw_cell_int(res, 0, 5);
    mails->expires = ngx_tidraw_cell_int(res, 0, 6);
    mails->tries = ngx_tidraw_cell_int(res, 0, 8);

    return NGX_OK;
}


static void
ngx_tidraw_mails_expired(ngx_tidraw_op_t *op)
{
    ngx_tidraw_mails_t  *mails;

    mails = op->data;
    mails->op = NULL;

    if (op->rc == NGX_OK) {
        ngx_tidraw_count(mails->site, NGX_TIDRAW_COUNT_MAILS_GIVEN_UP, 1);
        ngx_tidraw_log(NGX_LOG_ERR, mails->site->log, 0, "mail_given_up",
                       "to=%V error=%s", &mails->to, "it has waited too long");
    }

    ngx_tidraw_mails_next(mails, op->rc == NGX_OK);
}


static void
ngx_tidraw_mails_claimed(ngx_tidraw_op_t *op)
{
    ngx_str_t            error;
    td_mail_t            m;
    ngx_tidraw_mails_t  *mails;

    mails = op->data;
    mails->op = NULL;

    if (op->rc != NGX_OK) {

        /* somebody else has it, or nobody knows: it comes back then */

        ngx_tidraw_mails_next(mails, op->rc == NGX_DECLINED);
        return;
    }

    mails->tries++;

    ngx_memzero(&m, sizeof(td_mail_t));

    m.to.data = (char *) mails->to.data;
    m.to.len = mails->to.len;
    m.id.data = (char *) mails->id.data;
    m.id.len = mails->id.len;
    m.subject.data = (char *) mails->subject.data;
    m.subject.len = mails->subject.len;
    m.plain.data = (char *) mails->plain.data;
    m.plain.len = mails->plain.len;
    m.html.data = (char *) mails->html.data;
    m.html.len = mails->html.len;
    m.date = mails->created / 1000;

    mails->job = ngx_tidraw_smtp_send(mails->site, mails->site->conf->smtp,
                                      &m, NGX_TIDRAW_MAILS_TIMEOUT,
                                      ngx_tidraw_mails_sent, mails);

    if (mails->job == NULL) {
        ngx_str_set(&error, "The server is busy, or the address is none.");
        ngx_tidraw_mails_result(mails, NGX_ERROR, &error);
    }
}


static void
ngx_tidraw_mails_sent(ngx_tidraw_smtp_job_t *job)
{
    ngx_tidraw_mails_t  *mails;

    mails = job->data;
    mails->job = NULL;

    ngx_tidraw_mails_result(mails, job->rc, &job->error);
}


/* What became of the attempt: logged, and stored as long as that takes. */

static void
ngx_tidraw_mails_result(ngx_tidraw_mails_t *mails, ngx_int_t rc,
    ngx_str_t *error)
{
    int64_t           now, next;
    ngx_uint_t        last;
    ngx_log_t        *log;
    ngx_tidraw_op_t  *op;

    log = mails->site->log;
    mails->rc = rc;

    if (rc == NGX_OK) {
        ngx_tidraw_count(mails->site, NGX_TIDRAW_COUNT_MAILS_SENT, 1);
        ngx_tidraw_log(NGX_LOG_INFO, log, 0, "mail_sent", "mail=%V to=%V",
                       &mails->id, &mails->to);
        ngx_tidraw_mails_settle(mails);
        return;
    }

    ngx_tidraw_count(mails->site, NGX_TIDRAW_COUNT_MAILS_FAILED, 1);

    now = ngx_tidraw_now();
    last = sizeof(ngx_tidraw_mails_pauses) / sizeof(int64_t) - 1;
    next = now + ngx_tidraw_mails_pauses[ngx_min((ngx_uint_t) mails->tries - 1,
                                                 last)];

    if (rc == NGX_DECLINED || next >= mails->expires) {
        ngx_tidraw_count(mails->site, NGX_TIDRAW_COUNT_MAILS_GIVEN_UP, 1);
        ngx_tidraw_log(NGX_LOG_ERR, log, 0, "mail_given_up",
                       "to=%V attempt=%L error=%V", &mails->to, mails->tries,
                       error);

        mails->rc = NGX_DECLINED;
        ngx_tidraw_mails_settle(mails);
        return;
    }

    ngx_tidraw_log(NGX_LOG_WARN, log, 0, "mail_delayed",
                   "to=%V attempt=%L minutes=%L error=%V", &mails->to,
                   mails->tries, (next - now) / 60000, error);

    /* when this fails it is tried again when the claim has ended */

    op = ngx_tidraw_op_create(mails->site->store, 1);
    if (op == NULL) {
        ngx_tidraw_mails_next(mails, 1);
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MAIL_LATER, "siis",
                              &mails->id, mails->tries, next, error);

    mails->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_mails_settled, mails);
}


/* Away with it, until the database has done that: it must not go twice. */

static void
ngx_tidraw_mails_settle(ngx_tidraw_mails_t *mails)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_op_create(mails->site->store, 1);
    if (op == NULL) {
        ngx_add_timer(&mails->timer, NGX_TIDRAW_MAILS_AGAIN);
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_MAIL_DONE, "si",
                              &mails->id, mails->tries);

    mails->op = op;
    ngx_tidraw_op_run(op, ngx_tidraw_mails_settled, mails);
}


static void
ngx_tidraw_mails_settled(ngx_tidraw_op_t *op)
{
    ngx_tidraw_mails_t  *mails;

    mails = op->data;
    mails->op = NULL;

    if (mails->rc != NGX_ERROR
        && op->rc != NGX_OK
        && op->rc != NGX_DECLINED
        && op->rc != NGX_ERROR)
    {
        ngx_add_timer(&mails->timer, NGX_TIDRAW_MAILS_AGAIN);
        return;
    }

    ngx_tidraw_mails_next(mails, 1);
}


/* Done with this one; more: there may be another. */

static void
ngx_tidraw_mails_next(ngx_tidraw_mails_t *mails, ngx_uint_t more)
{
    if (mails->pool) {
        ngx_destroy_pool(mails->pool);
        mails->pool = NULL;
    }

    if (mails->hold.timer_set) {
        ngx_del_timer(&mails->hold);
    }

    if (more || mails->kicked) {
        ngx_add_timer(&mails->timer, 1);

    } else if (ngx_worker == 0) {
        ngx_add_timer(&mails->timer, NGX_TIDRAW_MAILS_POLL);
    }
}
