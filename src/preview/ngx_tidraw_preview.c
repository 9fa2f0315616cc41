
/*
 * Previews by libcurl.  A job is on the heap and belongs to its thread until
 * that is done, which touches nothing else; the completion frees it, or the
 * end of the process.
 *
 * What must never happen is a connection to an address that is not public.
 * libcurl resolves and connects, and asks for each socket here: what it is
 * about to connect to is what is checked, so neither a name that changes its
 * address nor another reading of a URL leads elsewhere.  There are no
 * proxies, no cookies, no credentials, and no protocols but HTTP.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_tidraw_preview.h"
#include "ngx_tidraw_curl.h"

#include "td_address.h"


/* At a time, so that threads are left for the database. */
#define NGX_TIDRAW_PREVIEW_JOBS       2

#define NGX_TIDRAW_PREVIEW_TIME       5000           /* ms, redirects too */
#define NGX_TIDRAW_PREVIEW_CONNECT    3000
#define NGX_TIDRAW_PREVIEW_REDIRECTS  3
#define NGX_TIDRAW_PREVIEW_PAGE       (512 * 1024)   /* bytes, unpacked */
#define NGX_TIDRAW_PREVIEW_HEADERS    (64 * 1024)


typedef struct {
    ngx_tidraw_preview_t     preview;    /* must be first */

    ngx_queue_t              queue;
    ngx_thread_task_t        task;
    volatile ngx_uint_t      cancelled;  /* the event loop's, the thread looks
                                            at it */

    td_link_t                link;       /* of url */
    u_char                   url[TD_LINK_MAX + 1];

#if (NGX_TIDRAW_CURL)
    CURL                    *curl;
#endif
    uint64_t                 deadline;   /* milliseconds of the clock that
                                            nobody sets */
    size_t                   headers;    /* bytes of them */
    td_buf_t                 html;
    unsigned                 refused:1;  /* an address */
    unsigned                 enough:1;   /* the rest is not read */

    u_char                   text[256];  /* of the error */
} ngx_tidraw_preview_job_t;


#if (NGX_TIDRAW_CURL)

static void ngx_tidraw_preview_thread(void *data, ngx_log_t *log);
static void ngx_tidraw_preview_done(ngx_event_t *ev);
static void ngx_tidraw_preview_free(ngx_tidraw_preview_job_t *job);
static const char *ngx_tidraw_preview_get(ngx_tidraw_preview_job_t *job);
static const char *ngx_tidraw_preview_go(ngx_tidraw_preview_job_t *job,
    long *status);
static CURLcode ngx_tidraw_preview_set(ngx_tidraw_preview_job_t *job);
static const char *ngx_tidraw_preview_follow(ngx_tidraw_preview_job_t *job,
    const char *url);
static curl_socket_t ngx_tidraw_preview_socket(void *data,
    curlsocktype purpose, struct curl_sockaddr *address);
static size_t ngx_tidraw_preview_header(char *p, size_t size, size_t n,
    void *data);
static size_t ngx_tidraw_preview_body(char *p, size_t size, size_t n,
    void *data);
static int ngx_tidraw_preview_progress(void *data, curl_off_t dltotal,
    curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow);
static td_str_t ngx_tidraw_preview_type(ngx_tidraw_preview_job_t *job);
static uint64_t ngx_tidraw_preview_clock(void);


/* of the process */

static ngx_queue_t  ngx_tidraw_preview_jobs;
static ngx_uint_t   ngx_tidraw_preview_njobs;
static ngx_uint_t   ngx_tidraw_preview_ready;


ngx_tidraw_preview_t *
ngx_tidraw_preview(ngx_tidraw_site_t *site, ngx_str_t *url,
    ngx_tidraw_preview_pt handler, void *data)
{
    ngx_tidraw_preview_job_t  *job;

    if (!ngx_tidraw_preview_ready) {

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            return NULL;
        }

        ngx_queue_init(&ngx_tidraw_preview_jobs);
        ngx_tidraw_preview_ready = 1;
    }

    if (ngx_tidraw_preview_njobs == NGX_TIDRAW_PREVIEW_JOBS
        || url->len > TD_LINK_MAX)
    {
        return NULL;
    }

    job = ngx_calloc(sizeof(ngx_tidraw_preview_job_t), site->log);
    if (job == NULL) {
        return NULL;
    }

    ngx_memcpy(job->url, url->data, url->len);

    job->preview.handler = handler;
    job->preview.data = data;

    job->task.ctx = job;
    job->task.handler = ngx_tidraw_preview_thread;
    job->task.event.data = job;
    job->task.event.handler = ngx_tidraw_preview_done;
    job->task.event.log = site->log;

    if (ngx_thread_task_post(site->thread_pool, &job->task) != NGX_OK) {
        ngx_free(job);
        return NULL;
    }

    ngx_queue_insert_tail(&ngx_tidraw_preview_jobs, &job->queue);
    ngx_tidraw_preview_njobs++;

    return &job->preview;
}


void
ngx_tidraw_preview_cancel(ngx_tidraw_preview_t *pv)
{
    ngx_tidraw_preview_job_t  *job;

    job = (ngx_tidraw_preview_job_t *) pv;
    job->cancelled = 1;
}


void
ngx_tidraw_preview_exit(void)
{
    ngx_queue_t  *q;

    if (!ngx_tidraw_preview_ready) {
        return;
    }

    while (!ngx_queue_empty(&ngx_tidraw_preview_jobs)) {
        q = ngx_queue_head(&ngx_tidraw_preview_jobs);

        ngx_tidraw_preview_free(
                         ngx_queue_data(q, ngx_tidraw_preview_job_t, queue));
    }

    curl_global_cleanup();
    ngx_tidraw_preview_ready = 0;
}


static void
ngx_tidraw_preview_done(ngx_event_t *ev)
{
    ngx_tidraw_preview_job_t  *job;

    job = ev->data;

    if (!job->cancelled) {
        job->preview.handler(&job->preview);
    }

    ngx_tidraw_preview_free(job);
}


static void
ngx_tidraw_preview_free(ngx_tidraw_preview_job_t *job)
{
    ngx_queue_remove(&job->queue);
    ngx_tidraw_preview_njobs--;

    td_buf_free(&job->html);
    ngx_free(job);
}


/* In a thread: the job's own memory, and libcurl. */

static void
ngx_tidraw_preview_thread(void *data, ngx_log_t *log)
{
    u_char                    *p;
    const char                *error;
    ngx_tidraw_preview_job_t  *job;

    (void) log;

    job = data;

    job->curl = curl_easy_init();

    error = ngx_tidraw_preview_get(job);

    if (error == NULL) {
        td_preview_parse(&job->preview.page, job->html.data, job->html.len,
                         ngx_tidraw_preview_type(job));
        job->preview.rc = NGX_OK;

    } else {
        p = ngx_slprintf(job->text, job->text + sizeof(job->text), "%*s: %s",
                         job->link.host.len, job->link.host.data, error);

        job->preview.error.data = job->text;
        job->preview.error.len = p - job->text;
        job->preview.rc = NGX_ERROR;
    }

    if (job->curl != NULL) {
        curl_easy_cleanup(job->curl);
    }
}


/* NULL: the page is there; otherwise why it is not. */

static const char *
ngx_tidraw_preview_get(ngx_tidraw_preview_job_t *job)
{
    char        *url;
    long         status;
    td_str_t     text;
    ngx_uint_t   n;
    const char  *error;

    text.data = (char *) job->url;
    text.len = ngx_strlen(job->url);

    if (td_link_parse(&job->link, text) != TD_OK) {
        return "no public address";
    }

    if (job->curl == NULL || ngx_tidraw_preview_set(job) != CURLE_OK) {
        return "libcurl cannot be set up";
    }

    job->deadline = ngx_tidraw_preview_clock() + NGX_TIDRAW_PREVIEW_TIME;

    for (n = 0; /* void */ ; n++) {

        error = ngx_tidraw_preview_go(job, &status);
        if (error != NULL) {
            return error;
        }

        if (status == 200) {
            return td_preview_html(ngx_tidraw_preview_type(job))
                   ? NULL : "it is no page";
        }

        if (curl_easy_getinfo(job->curl, CURLINFO_REDIRECT_URL, &url)
            != CURLE_OK
            || url == NULL)
        {
            return "it does not answer with a page";
        }

        if (n == NGX_TIDRAW_PREVIEW_REDIRECTS) {
            return "too many redirects";
        }

        error = ngx_tidraw_preview_follow(job, url);
        if (error != NULL) {
            return error;
        }
    }
}


/* One request.  NULL: it was answered. */

static const char *
ngx_tidraw_preview_go(ngx_tidraw_preview_job_t *job, long *status)
{
    uint64_t  now;
    CURLcode  code;

    now = ngx_tidraw_preview_clock();

    if (now >= job->deadline) {
        return "it takes too long";
    }

    /* the fragment is of no use to others */

    job->url[job->link.url.len] = '\0';

    job->headers = 0;
    job->enough = 0;

    code = curl_easy_setopt(job->curl, CURLOPT_URL, (char *) job->url);

    if (code == CURLE_OK) {
        code = curl_easy_setopt(job->curl, CURLOPT_TIMEOUT_MS,
                                (long) (job->deadline - now));
    }

    if (code == CURLE_OK) {
        code = curl_easy_perform(job->curl);
    }

    if (job->refused) {
        return "its address is not public";
    }

    if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && job->enough)) {
        return curl_easy_strerror(code);
    }

    if (job->html.failed
        || curl_easy_getinfo(job->curl, CURLINFO_RESPONSE_CODE, status)
           != CURLE_OK)
    {
        return "there is no memory";
    }

    return NULL;
}


static CURLcode
ngx_tidraw_preview_set(ngx_tidraw_preview_job_t *job)
{
    CURLcode  code;

    code = CURLE_OK;

#define ngx_tidraw_preview_option(option, value)                              \
    if (code == CURLE_OK) {                                                   \
        code = curl_easy_setopt(job->curl, option, value);                    \
    }

#if (LIBCURL_VERSION_NUM >= 0x075500)
    ngx_tidraw_preview_option(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    ngx_tidraw_preview_option(CURLOPT_PROTOCOLS,
                              (long) (CURLPROTO_HTTP|CURLPROTO_HTTPS));
#endif

#if (LIBCURL_VERSION_NUM >= 0x075700)

    /* a resolver that hangs is left behind */
    ngx_tidraw_preview_option(CURLOPT_QUICK_EXIT, 1L);

#endif

    ngx_tidraw_preview_option(CURLOPT_NOSIGNAL, 1L);
    ngx_tidraw_preview_option(CURLOPT_PROXY, "");
    ngx_tidraw_preview_option(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
    ngx_tidraw_preview_option(CURLOPT_FOLLOWLOCATION, 0L);
    ngx_tidraw_preview_option(CURLOPT_HTTP_VERSION,
                              (long) CURL_HTTP_VERSION_1_1);
    ngx_tidraw_preview_option(CURLOPT_USERAGENT,
                              "Tidraw/" NGX_TIDRAW_VERSION
                              " (link preview)");
    ngx_tidraw_preview_option(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");

    ngx_tidraw_preview_option(CURLOPT_CONNECTTIMEOUT_MS,
                              (long) NGX_TIDRAW_PREVIEW_CONNECT);

    ngx_tidraw_preview_option(CURLOPT_SSLVERSION,
                              (long) CURL_SSLVERSION_TLSv1_2);
    ngx_tidraw_preview_option(CURLOPT_SSL_VERIFYPEER, 1L);
    ngx_tidraw_preview_option(CURLOPT_SSL_VERIFYHOST, 2L);

    ngx_tidraw_preview_option(CURLOPT_OPENSOCKETFUNCTION,
                              ngx_tidraw_preview_socket);
    ngx_tidraw_preview_option(CURLOPT_OPENSOCKETDATA, job);
    ngx_tidraw_preview_option(CURLOPT_HEADERFUNCTION,
                              ngx_tidraw_preview_header);
    ngx_tidraw_preview_option(CURLOPT_HEADERDATA, job);
    ngx_tidraw_preview_option(CURLOPT_WRITEFUNCTION, ngx_tidraw_preview_body);
    ngx_tidraw_preview_option(CURLOPT_WRITEDATA, job);
    ngx_tidraw_preview_option(CURLOPT_XFERINFOFUNCTION,
                              ngx_tidraw_preview_progress);
    ngx_tidraw_preview_option(CURLOPT_XFERINFODATA, job);
    ngx_tidraw_preview_option(CURLOPT_NOPROGRESS, 0L);

#undef ngx_tidraw_preview_option

    return code;
}


/* Where a page sends us is as strictly looked at as what people paste. */

static const char *
ngx_tidraw_preview_follow(ngx_tidraw_preview_job_t *job, const char *url)
{
    td_str_t   text;
    td_link_t  link;

    text.data = url;
    text.len = ngx_strlen(url);

    if (td_link_parse(&link, text) != TD_OK) {
        return "it leads to no public address";
    }

    ngx_memcpy(job->url, text.data, text.len);
    job->url[text.len] = '\0';

    text.data = (char *) job->url;

    (void) td_link_parse(&job->link, text);

    return NULL;
}


/*
 * The one place where connections begin: the socket is for the address that
 * is looked at, and is not made for one that is not public.
 */

static curl_socket_t
ngx_tidraw_preview_socket(void *data, curlsocktype purpose,
    struct curl_sockaddr *address)
{
    ngx_tidraw_preview_job_t  *job = data;

    in_port_t             port;
    ngx_uint_t            public;
    struct sockaddr_in   *sin;
    struct sockaddr_in6  *sin6;

    port = 0;
    public = 0;

    switch (address->family) {

    case AF_INET:
        sin = (struct sockaddr_in *) &address->addr;
        port = ntohs(sin->sin_port);
        public = td_address_public((uint8_t *) &sin->sin_addr, 4);
        break;

    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) &address->addr;
        port = ntohs(sin6->sin6_port);
        public = td_address_public(sin6->sin6_addr.s6_addr, 16);
        break;
    }

    if (purpose != CURLSOCKTYPE_IPCXN
        || !public
        || (port != 80 && port != 443))
    {
        job->refused = 1;
        return CURL_SOCKET_BAD;
    }

    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}


static size_t
ngx_tidraw_preview_header(char *p, size_t size, size_t n, void *data)
{
    ngx_tidraw_preview_job_t  *job = data;

    job->headers += size * n;

    return job->headers > NGX_TIDRAW_PREVIEW_HEADERS ? 0 : size * n;
}


/* Of what is no page nothing is read, of a page its head. */

static size_t
ngx_tidraw_preview_body(char *p, size_t size, size_t n, void *data)
{
    ngx_tidraw_preview_job_t  *job = data;

    long    status;
    size_t  len;

    status = 0;
    (void) curl_easy_getinfo(job->curl, CURLINFO_RESPONSE_CODE, &status);

    if (status != 200 || !td_preview_html(ngx_tidraw_preview_type(job))) {
        job->enough = 1;
        return 0;
    }

    n *= size;
    len = job->html.len;

    td_buf_add(&job->html, p, ngx_min(n, NGX_TIDRAW_PREVIEW_PAGE - len));

    if (job->html.failed
        || job->html.len == NGX_TIDRAW_PREVIEW_PAGE
        || td_preview_complete(job->html.data, job->html.len, len))
    {
        job->enough = 1;
        return 0;
    }

    return n;
}


/* Called about once a second, and oftener while something comes. */

static int
ngx_tidraw_preview_progress(void *data, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    ngx_tidraw_preview_job_t  *job = data;

    return ngx_terminate || job->cancelled;
}


static td_str_t
ngx_tidraw_preview_type(ngx_tidraw_preview_job_t *job)
{
    char      *type;
    td_str_t   text;

    type = NULL;

    (void) curl_easy_getinfo(job->curl, CURLINFO_CONTENT_TYPE, &type);

    text.data = type;
    text.len = type ? ngx_strlen(type) : 0;

    return text;
}


static uint64_t
ngx_tidraw_preview_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#else

/* The configuration does not let previews be on then. */

ngx_tidraw_preview_t *
ngx_tidraw_preview(ngx_tidraw_site_t *site, ngx_str_t *url,
    ngx_tidraw_preview_pt handler, void *data)
{
    return NULL;
}


void
ngx_tidraw_preview_cancel(ngx_tidraw_preview_t *pv)
{
}


void
ngx_tidraw_preview_exit(void)
{
}

#endif
