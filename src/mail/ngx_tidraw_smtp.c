
/*
 * SMTP by libcurl.  A job is on the heap and belongs to its thread until that
 * is done, which touches nothing else but the configuration; the completion
 * frees it.  What is sent, and the password, never come into a log.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_smtp.h"
#include "ngx_tidraw_curl.h"


#define NGX_TIDRAW_SMTP_CONNECT   15     /* seconds */
#define NGX_TIDRAW_SMTP_JOBS      4      /* at a time */
#define NGX_TIDRAW_SMTP_REPLY     160    /* bytes shown of the server's */


typedef struct {
    ngx_tidraw_smtp_job_t    job;        /* must be first */

    ngx_thread_task_t        task;
    ngx_tidraw_smtp_t       *smtp;
    long                     timeout;    /* seconds */

    td_buf_t                 message;
    size_t                   sent;

    unsigned                 cancelled:1;
    ngx_uint_t               aborted;    /* the thread only reads it */
    ngx_uint_t               ended;      /* the thread's */

    u_char                   from[300];  /* "<address>" */
    u_char                   to[300];
    u_char                   reply[NGX_TIDRAW_SMTP_REPLY];
    size_t                   reply_len;
    u_char                   text[512];  /* of the error */
} ngx_tidraw_smtp_task_t;


static void ngx_tidraw_smtp_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_smtp_done(ngx_event_t *ev);
static void ngx_tidraw_smtp_free(ngx_tidraw_smtp_task_t *t);

#if (NGX_TIDRAW_CURL)
static CURLcode ngx_tidraw_smtp_set(CURL *curl, ngx_tidraw_smtp_task_t *t,
    struct curl_slist *to, char *error);
static size_t ngx_tidraw_smtp_read(char *p, size_t size, size_t n,
    void *data);
static size_t ngx_tidraw_smtp_reply(char *p, size_t size, size_t n,
    void *data);
static int ngx_tidraw_smtp_progress(void *data, curl_off_t dltotal,
    curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow);
static void ngx_tidraw_smtp_explain(ngx_tidraw_smtp_task_t *t, CURLcode code,
    char *error);
#endif


/* of the process */
static ngx_uint_t  ngx_tidraw_smtp_jobs;


ngx_int_t
ngx_tidraw_smtp_init(ngx_log_t *log)
{
#if (NGX_TIDRAW_CURL)

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ngx_tidraw_log(NGX_LOG_EMERG, log, 0, "start_failed",
                       "call=curl_global_init");
        return NGX_ERROR;
    }

#endif

    return NGX_OK;
}


void
ngx_tidraw_smtp_exit(void)
{
#if (NGX_TIDRAW_CURL)

    curl_global_cleanup();

#endif
}


ngx_tidraw_smtp_job_t *
ngx_tidraw_smtp_send(ngx_tidraw_site_t *site, ngx_tidraw_smtp_t *smtp,
    td_mail_t *mail, ngx_uint_t timeout, ngx_tidraw_smtp_pt handler,
    void *data)
{
    ngx_tidraw_smtp_task_t  *t;

    if (ngx_tidraw_smtp_jobs == NGX_TIDRAW_SMTP_JOBS) {
        return NULL;
    }

    t = ngx_calloc(sizeof(ngx_tidraw_smtp_task_t), site->log);
    if (t == NULL) {
        return NULL;
    }

    mail->from.data = (char *) smtp->from.data;
    mail->from.len = smtp->from.len;
    mail->from_name.data = (char *) smtp->from_name.data;
    mail->from_name.len = smtp->from_name.len;

    /* addresses that pass are at most 254 bytes long */

    if (td_mail_build(mail, &t->message) != TD_OK) {
        ngx_tidraw_smtp_free(t);
        return NULL;
    }

    (void) ngx_sprintf(t->from, "<%*s>%Z", mail->from.len, mail->from.data);
    (void) ngx_sprintf(t->to, "<%*s>%Z", mail->to.len, mail->to.data);

    t->smtp = smtp;
    t->timeout = timeout;
    t->job.handler = handler;
    t->job.data = data;

    t->task.ctx = t;
    t->task.handler = ngx_tidraw_smtp_thread;
    t->task.event.data = t;
    t->task.event.handler = ngx_tidraw_smtp_done;
    t->task.event.log = site->log;

    if (ngx_thread_task_post(site->thread_pool, &t->task) != NGX_OK) {
        ngx_tidraw_smtp_free(t);
        return NULL;
    }

    ngx_tidraw_smtp_jobs++;

    return &t->job;
}


void
ngx_tidraw_smtp_cancel(ngx_tidraw_smtp_job_t *job)
{
    ngx_tidraw_smtp_task_t  *t;

    t = (ngx_tidraw_smtp_task_t *) job;
    t->cancelled = 1;
}


void
ngx_tidraw_smtp_abort(ngx_tidraw_smtp_job_t *job)
{
    ngx_tidraw_smtp_task_t  *t;

    t = (ngx_tidraw_smtp_task_t *) job;
    t->aborted = 1;
}


ngx_uint_t
ngx_tidraw_smtp_ended(ngx_tidraw_smtp_job_t *job)
{
    ngx_tidraw_smtp_task_t  *t;

    t = (ngx_tidraw_smtp_task_t *) job;

    return t->ended;
}


static void
ngx_tidraw_smtp_done(ngx_event_t *ev)
{
    ngx_tidraw_smtp_task_t  *t;

    t = ev->data;

    ngx_tidraw_smtp_jobs--;

    if (!t->cancelled) {
        t->job.handler(&t->job);
    }

    ngx_tidraw_smtp_free(t);
}


static void
ngx_tidraw_smtp_free(ngx_tidraw_smtp_task_t *t)
{
    td_buf_free(&t->message);
    ngx_free(t);
}


#if (NGX_TIDRAW_CURL)

/* In a thread: the job's own memory, the configuration, and libcurl. */

static void
ngx_tidraw_smtp_thread(void *data, ngx_log_t *log)
{
    char                     error[CURL_ERROR_SIZE];
    CURL                    *curl;
    CURLcode                 code;
    curl_socket_t            fd;
    struct curl_slist       *to;
    ngx_tidraw_smtp_task_t  *t;

    (void) log;

    t = data;
    error[0] = '\0';

    curl = curl_easy_init();
    to = curl_slist_append(NULL, (char *) t->to);

    code = CURLE_OUT_OF_MEMORY;

    if (curl != NULL && to != NULL) {
        code = ngx_tidraw_smtp_set(curl, t, to, error);
    }

    if (code == CURLE_OK) {
        code = curl_easy_perform(curl);
    }

    if (code == CURLE_OK) {
        t->job.rc = NGX_OK;

    } else {
        ngx_tidraw_smtp_explain(t, code, error);

        /* libcurl would say QUIT to a silent server and wait for its answer */

        if (curl != NULL
            && curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK
            && fd != CURL_SOCKET_BAD)
        {
            (void) shutdown(fd, SHUT_RDWR);
        }
    }

    curl_slist_free_all(to);

    if (curl != NULL) {
        curl_easy_cleanup(curl);
    }

    t->ended = 1;
}


static CURLcode
ngx_tidraw_smtp_set(CURL *curl, ngx_tidraw_smtp_task_t *t,
    struct curl_slist *to, char *error)
{
    CURLcode            code;
    ngx_tidraw_smtp_t  *smtp;

    smtp = t->smtp;
    code = CURLE_OK;

#define ngx_tidraw_smtp_option(option, value)                                 \
    if (code == CURLE_OK) {                                                   \
        code = curl_easy_setopt(curl, option, value);                         \
    }

    ngx_tidraw_smtp_option(CURLOPT_ERRORBUFFER, error);
    ngx_tidraw_smtp_option(CURLOPT_NOSIGNAL, 1L);
    ngx_tidraw_smtp_option(CURLOPT_PROXY, "");
    ngx_tidraw_smtp_option(CURLOPT_URL, (char *) smtp->url.data);
    ngx_tidraw_smtp_option(CURLOPT_CONNECTTIMEOUT,
                           ngx_min(t->timeout,
                                   (long) NGX_TIDRAW_SMTP_CONNECT));
    ngx_tidraw_smtp_option(CURLOPT_TIMEOUT, t->timeout);

    ngx_tidraw_smtp_option(CURLOPT_USE_SSL,
                           smtp->tls == NGX_TIDRAW_SMTP_NONE
                           ? (long) CURLUSESSL_NONE : (long) CURLUSESSL_ALL);
    ngx_tidraw_smtp_option(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    ngx_tidraw_smtp_option(CURLOPT_SSL_VERIFYPEER, 1L);
    ngx_tidraw_smtp_option(CURLOPT_SSL_VERIFYHOST, 2L);

    if (smtp->ca.len) {
        ngx_tidraw_smtp_option(CURLOPT_CAINFO, (char *) smtp->ca.data);
    }

    if (smtp->user.len) {
        ngx_tidraw_smtp_option(CURLOPT_USERNAME, (char *) smtp->user.data);
        ngx_tidraw_smtp_option(CURLOPT_PASSWORD,
                               smtp->password.len
                               ? (char *) smtp->password.data : "");
    }

    ngx_tidraw_smtp_option(CURLOPT_MAIL_FROM, (char *) t->from);
    ngx_tidraw_smtp_option(CURLOPT_MAIL_RCPT, to);
    ngx_tidraw_smtp_option(CURLOPT_UPLOAD, 1L);
    ngx_tidraw_smtp_option(CURLOPT_READFUNCTION, ngx_tidraw_smtp_read);
    ngx_tidraw_smtp_option(CURLOPT_READDATA, t);
    ngx_tidraw_smtp_option(CURLOPT_HEADERFUNCTION, ngx_tidraw_smtp_reply);
    ngx_tidraw_smtp_option(CURLOPT_HEADERDATA, t);
    ngx_tidraw_smtp_option(CURLOPT_WRITEFUNCTION, ngx_tidraw_smtp_reply);
    ngx_tidraw_smtp_option(CURLOPT_WRITEDATA, t);
    ngx_tidraw_smtp_option(CURLOPT_XFERINFOFUNCTION,
                           ngx_tidraw_smtp_progress);
    ngx_tidraw_smtp_option(CURLOPT_XFERINFODATA, t);
    ngx_tidraw_smtp_option(CURLOPT_NOPROGRESS, 0L);

#undef ngx_tidraw_smtp_option

    return code;
}


static size_t
ngx_tidraw_smtp_read(char *p, size_t size, size_t n, void *data)
{
    ngx_tidraw_smtp_task_t  *t = data;

    n = ngx_min(size * n, t->message.len - t->sent);

    ngx_memcpy(p, t->message.data + t->sent, n);
    t->sent += n;

    return n;
}


/* Keeps the last line in which the server refused something. */

static size_t
ngx_tidraw_smtp_reply(char *p, size_t size, size_t n, void *data)
{
    size_t                   i;
    ngx_tidraw_smtp_task_t  *t = data;

    n *= size;

    if (n == 0 || (p[0] != '4' && p[0] != '5')) {
        return n;
    }

    t->reply_len = 0;

    for (i = 0; i < n && t->reply_len < NGX_TIDRAW_SMTP_REPLY; i++) {

        if (p[i] == CR || p[i] == LF) {
            break;
        }

        t->reply[t->reply_len++] = (p[i] < 0x20 || p[i] > 0x7e) ? '?' : p[i];
    }

    return n;
}


/*
 * Called about once a second.  A worker that is told to stop gives up, unless
 * the mail is with the server already and only its answer is missing.
 */

static int
ngx_tidraw_smtp_progress(void *data, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    ngx_tidraw_smtp_task_t  *t = data;

    return t->aborted || (ngx_terminate && t->sent < t->message.len);
}


static void
ngx_tidraw_smtp_explain(ngx_tidraw_smtp_task_t *t, CURLcode code, char *error)
{
    u_char             *p, *last;
    ngx_tidraw_smtp_t  *smtp;

    smtp = t->smtp;
    t->job.rc = NGX_ERROR;

    p = t->text;
    last = p + sizeof(t->text);

    switch (code) {

    case CURLE_COULDNT_RESOLVE_HOST:
        p = ngx_slprintf(p, last, "The name of the mail server %V cannot be"
                         " resolved.", &smtp->host);
        break;

    case CURLE_COULDNT_CONNECT:
        p = ngx_slprintf(p, last, "Nothing answers at the mail server's"
                         " address, %V port %ui.", &smtp->host, smtp->port);
        break;

    case CURLE_OPERATION_TIMEDOUT:
        p = ngx_slprintf(p, last, "The mail server %V did not answer in"
                         " time.", &smtp->host);
        break;

    case CURLE_LOGIN_DENIED:
        p = ngx_slprintf(p, last, "The mail server %V refuses the user name"
                         " or the password.", &smtp->host);
        break;

    case CURLE_USE_SSL_FAILED:
        p = ngx_slprintf(p, last, "The mail server %V offers no STARTTLS.",
                         &smtp->host);
        break;

    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
        p = ngx_slprintf(p, last, "The certificate of the mail server %V is"
                         " not to be trusted: %s.", &smtp->host, error);
        break;

    case CURLE_SSL_CONNECT_ERROR:
        p = ngx_slprintf(p, last, "TLS with the mail server %V does not come"
                         " about: %s.", &smtp->host, error);
        break;

    case CURLE_ABORTED_BY_CALLBACK:
        p = ngx_slprintf(p, last, "The server was stopped meanwhile.");
        break;

    case CURLE_OUT_OF_MEMORY:
        p = ngx_slprintf(p, last, "There is no memory.");
        break;

    default:

        /* the whole recipient is wrong, whenever it is tried */

        if (ngx_strncmp(error, "RCPT failed: 55", 15) == 0) {
            t->job.rc = NGX_DECLINED;
        }

        p = ngx_slprintf(p, last, "The mail server %V did not take the mail:"
                         " %s", &smtp->host,
                         error[0] ? error : curl_easy_strerror(code));

        if (t->reply_len) {
            p = ngx_slprintf(p, last, " (%*s)", t->reply_len, t->reply);
        }
    }

    t->job.error.data = t->text;
    t->job.error.len = p - t->text;
}

#else

/* The configuration refuses a mail server then. */

static void
ngx_tidraw_smtp_thread(void *data, ngx_log_t *log)
{
    ngx_tidraw_smtp_task_t  *t = data;

    t->job.rc = NGX_ERROR;
    ngx_str_set(&t->job.error, "The module was built without libcurl.");
    t->ended = 1;
}

#endif
