
/*
 * GET metrics: what all workers of this host count, in the text format of
 * Prometheus.  Reads the shared zone and nothing else, so that it also answers
 * while the database is away.  It is for the addresses of "tidraw_metrics"
 * alone, and for nobody behind a proxy that is not trusted.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_origin.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_METRIC_GAUGE     0
#define NGX_TIDRAW_METRIC_COUNTER   1


/* Counters of the zone, one after the other, as samples of one metric. */

typedef struct {
    const char  *name;
    ngx_uint_t   type;
    ngx_uint_t   first;
    ngx_uint_t   n;
    const char  *label;       /* NULL: one sample without */
    size_t       skip;        /* of a counter's name, in front of the value */
    const char  *help;
} ngx_tidraw_metric_t;


typedef struct {
    const char  *name;
    ngx_uint_t   seconds;     /* unsigned, 1: its values are ms */
    const char  *help;
} ngx_tidraw_histogram_t;


static ngx_uint_t ngx_tidraw_metrics_allowed(ngx_http_request_t *r);
static void ngx_tidraw_metrics_state(ngx_tidraw_call_t *call, td_buf_t *b);
static void ngx_tidraw_metrics_counters(ngx_tidraw_call_t *call, td_buf_t *b);
static void ngx_tidraw_metrics_errors(ngx_tidraw_call_t *call, td_buf_t *b);
static void ngx_tidraw_metrics_histogram(ngx_tidraw_call_t *call, td_buf_t *b,
    ngx_uint_t hist);
static void ngx_tidraw_metrics_head(td_buf_t *b, const char *name,
    const char *type, const char *help);
static void ngx_tidraw_metrics_gauge(td_buf_t *b, const char *name,
    const char *help, uint64_t value);
static void ngx_tidraw_metrics_seconds(td_buf_t *b, uint64_t ms);
static void ngx_tidraw_metrics_text(td_buf_t *b, const char *s);


#define ngx_tidraw_gauge_of(name, count, help)                                \
    { name, NGX_TIDRAW_METRIC_GAUGE, NGX_TIDRAW_COUNT_##count, 1, NULL, 0,    \
      help }

#define ngx_tidraw_counter_of(name, count, help)                              \
    { name, NGX_TIDRAW_METRIC_COUNTER, NGX_TIDRAW_COUNT_##count, 1, NULL, 0,  \
      help }


static ngx_tidraw_metric_t  ngx_tidraw_metrics[] = {

    ngx_tidraw_gauge_of("sessions", SESSIONS, "WebSockets that are open"),
    ngx_tidraw_gauge_of("boards_open", BOARDS,
        "Boards in memory, summed over the workers"),
    ngx_tidraw_gauge_of("edits_waiting", PUSHES_WAIT,
        "Edits that wait to be stored"),
    ngx_tidraw_gauge_of("database_operations_waiting", OPERATIONS_WAIT,
        "Operations that wait for the database or run in it"),
    ngx_tidraw_gauge_of("send_queue_bytes", BYTES_WAIT,
        "Bytes that wait for readers of WebSockets"),
    ngx_tidraw_gauge_of("resident_memory_bytes", MEMORY,
        "Memory of the workers, shared pages counted in each"),

    ngx_tidraw_counter_of("messages_received_total", MESSAGES_IN,
        "Messages of WebSockets received"),
    ngx_tidraw_counter_of("messages_sent_total", MESSAGES_OUT,
        "Messages of WebSockets sent"),
    ngx_tidraw_counter_of("received_bytes_total", BYTES_IN,
        "Payload of the messages received"),
    ngx_tidraw_counter_of("sent_bytes_total", BYTES_OUT,
        "Payload of the messages sent"),
    ngx_tidraw_counter_of("connects_total", CONNECTS,
        "Sessions that were let onto a board"),
    ngx_tidraw_counter_of("edits_total", EDITS, "Edits that were accepted"),
    ngx_tidraw_counter_of("commits_total", COMMITS,
        "Commits of boards that stored something"),
    ngx_tidraw_counter_of("commit_conflicts_total", CONFLICTS,
        "Commits that another worker came before, tried again"),
    ngx_tidraw_counter_of("commit_failures_total", COMMIT_FAILURES,
        "Commits that the database did not take, tried again"),
    ngx_tidraw_counter_of("slow_readers_total", SLOW_READERS,
        "Sessions closed since they did not read (tidraw_max_queue)"),
    ngx_tidraw_counter_of("sessions_unavailable_total", UNAVAILABLE,
        "Sessions told to come again later"),
    ngx_tidraw_counter_of("zone_full_total", ZONE_FULL,
        "Presence that found no place in the zone (tidraw_zone)"),

    { "sessions_refused_total", NGX_TIDRAW_METRIC_COUNTER,
      NGX_TIDRAW_COUNT_REFUSED,
      NGX_TIDRAW_COUNT_UNKNOWN_ERROR - NGX_TIDRAW_COUNT_REFUSED + 1,
      "reason", 0, "Sessions refused with close code 4099" },

    { "api_answers_total", NGX_TIDRAW_METRIC_COUNTER,
      NGX_TIDRAW_COUNT_API_2XX, 3, "class", 4, "Answers of the API" },

    ngx_tidraw_counter_of("throttled_total", THROTTLED,
        "Attempts that were slowed down"),

    { "database_errors_total", NGX_TIDRAW_METRIC_COUNTER,
      NGX_TIDRAW_COUNT_DATABASE, 4, "kind", 9,
      "Operations that the database did not do" },

    ngx_tidraw_counter_of("mails_sent_total", MAILS_SENT,
        "Mails that the mail server has taken"),
    ngx_tidraw_counter_of("mail_failures_total", MAILS_FAILED,
        "Attempts to send a mail that failed"),
    ngx_tidraw_counter_of("mails_given_up_total", MAILS_GIVEN_UP,
        "Mails that were given up"),

    ngx_tidraw_counter_of("upload_failures_total", UPLOADS_FAILED,
        "Files that could not be written to the disk"),
    ngx_tidraw_counter_of("s3_failures_total", S3_FAILED,
        "Requests that S3 did not do"),
    ngx_tidraw_counter_of("activity_lost_total", ACTIVITY_LOST,
        "Entries of the activity log that could not be stored"),

    { NULL, 0, 0, 0, NULL, 0, NULL }
};


static ngx_tidraw_histogram_t  ngx_tidraw_histograms[NGX_TIDRAW_HIST_MAX] = {
    { "edit_durable_seconds", 1,
      "From the arrival of an edit until it is stored" },
    { "edit_peer_seconds", 1,
      "From the arrival of an edit until it is on its way to the others" },
    { "commit_seconds", 1, "What a commit took in the database" },
    { "commit_edits", 0, "Edits stored by one commit" },
    { "commit_bytes", 0, "Bytes of the edits stored by one commit" }
};


void
ngx_tidraw_http_metrics(ngx_tidraw_call_t *call)
{
    td_buf_t    *b;
    ngx_uint_t   i;

    if (!ngx_tidraw_metrics_allowed(call->request)) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_FORBIDDEN,
                              "This address is not one of tidraw_metrics.");
        return;
    }

    b = &call->out;

    ngx_tidraw_metrics_state(call, b);
    ngx_tidraw_metrics_counters(call, b);
    ngx_tidraw_metrics_errors(call, b);

    for (i = 0; i < NGX_TIDRAW_HIST_MAX; i++) {
        ngx_tidraw_metrics_histogram(call, b, i);
    }

    ngx_str_set(&call->type, "text/plain; version=0.0.4; charset=utf-8");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


/* Without the directive: from this machine itself. */

static ngx_uint_t
ngx_tidraw_metrics_allowed(ngx_http_request_t *r)
{
    ngx_tidraw_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_tidraw_module);

    if (tlcf->metrics == NULL) {
        return ngx_tidraw_origin_local(r);
    }

    if (!ngx_tidraw_origin_direct(r) && !ngx_tidraw_origin_trusted(r)) {
        return 0;
    }

    return ngx_cidr_match(r->connection->sockaddr, tlcf->metrics) == NGX_OK;
}


static void
ngx_tidraw_metrics_state(ngx_tidraw_call_t *call, td_buf_t *b)
{
    ngx_tidraw_site_t        *site;
    ngx_tidraw_zone_stats_t   zone;

    site = call->site;

    ngx_tidraw_zone_stats(site, &zone);

    ngx_tidraw_metrics_head(b, "build_info", "gauge",
                            "Versions, and which database");
    td_buf_lit(b, "tidraw_build_info{version=\"" NGX_TIDRAW_VERSION
                  "\",nginx=\"" NGINX_VERSION "\",database=\"");

    if (ngx_strncmp(site->database.data, "sqlite:", 7) == 0) {
        td_buf_lit(b, "sqlite\"} 1\n");
    } else {
        td_buf_lit(b, "postgresql\"} 1\n");
    }

    ngx_tidraw_metrics_gauge(b, "workers", "Workers that live",
                             zone.workers);
    ngx_tidraw_metrics_gauge(b, "start_time_seconds",
                             "When the oldest worker began, since 1970",
                             zone.started / 1000);
    ngx_tidraw_metrics_gauge(b, "database_up",
                             "Whether all workers reach the database",
                             zone.counts[NGX_TIDRAW_COUNT_DATABASE_DOWN] == 0);

    if (site->redis) {
        ngx_tidraw_metrics_gauge(b, "redis_up",
                                 "Whether all workers reach Redis",
                                 zone.counts[NGX_TIDRAW_COUNT_REDIS_DOWN]
                                 == 0);
    }

    ngx_tidraw_metrics_gauge(b, "redis_configured",
                             "Whether there is a Redis",
                             site->redis != NULL);
    ngx_tidraw_metrics_gauge(b, "mail_configured",
                             "Whether there is a mail server",
                             call->conf->smtp && call->conf->smtp->host.len);
    ngx_tidraw_metrics_gauge(b, "zone_bytes", "Size of the shared zone",
                             call->conf->zone);
    ngx_tidraw_metrics_gauge(b, "zone_places",
                             "Sessions that the zone can hold",
                             zone.people_max);
    ngx_tidraw_metrics_gauge(b, "zone_places_used",
                             "Sessions that it holds", zone.people);
}


static void
ngx_tidraw_metrics_counters(ngx_tidraw_call_t *call, td_buf_t *b)
{
    ngx_uint_t            i;
    ngx_tidraw_metric_t  *m;

    for (m = ngx_tidraw_metrics; m->name; m++) {

        ngx_tidraw_metrics_head(b, m->name,
                                m->type == NGX_TIDRAW_METRIC_GAUGE
                                ? "gauge" : "counter", m->help);

        for (i = m->first; i < m->first + m->n; i++) {

            td_buf_lit(b, "tidraw_");
            ngx_tidraw_metrics_text(b, m->name);

            if (m->label) {
                td_buf_char(b, '{');
                ngx_tidraw_metrics_text(b, m->label);
                td_buf_lit(b, "=\"");
                td_buf_add(b, (char *) ngx_tidraw_zone_names[i].data + m->skip,
                           ngx_tidraw_zone_names[i].len - m->skip);
                td_buf_lit(b, "\"}");
            }

            td_buf_char(b, ' ');
            td_buf_uint(b, ngx_tidraw_zone_counter(call->site, i));
            td_buf_char(b, '\n');
        }
    }
}


static void
ngx_tidraw_metrics_errors(ngx_tidraw_call_t *call, td_buf_t *b)
{
    ngx_uint_t   i;
    const char  *code;

    ngx_tidraw_metrics_head(b, "api_errors_total", "counter",
                            "Answers of the API that are failures");

    for (i = 0; (code = ngx_tidraw_error_code(i)) != NULL; i++) {
        td_buf_lit(b, "tidraw_api_errors_total{code=\"");
        ngx_tidraw_metrics_text(b, code);
        td_buf_lit(b, "\"} ");
        td_buf_uint(b, ngx_tidraw_zone_counter(call->site,
                                             NGX_TIDRAW_COUNT_ERRORS + i));
        td_buf_char(b, '\n');
    }
}


static void
ngx_tidraw_metrics_histogram(ngx_tidraw_call_t *call, td_buf_t *b,
    ngx_uint_t hist)
{
    uint64_t                 count, sum;
    ngx_uint_t               i, place;
    const uint64_t          *bounds;
    ngx_tidraw_histogram_t  *h;

    h = &ngx_tidraw_histograms[hist];
    bounds = ngx_tidraw_zone_bounds[hist];
    place = NGX_TIDRAW_COUNT_HIST + hist * NGX_TIDRAW_HIST_SIZE;
    count = 0;

    ngx_tidraw_metrics_head(b, h->name, "histogram", h->help);

    for (i = 0; /* void */ ; i++) {

        count += ngx_tidraw_zone_counter(call->site, place + i);

        td_buf_lit(b, "tidraw_");
        ngx_tidraw_metrics_text(b, h->name);
        td_buf_lit(b, "_bucket{le=\"");

        if (i == NGX_TIDRAW_HIST_BOUNDS || bounds[i] == 0) {
            break;
        }

        if (h->seconds) {
            ngx_tidraw_metrics_seconds(b, bounds[i]);
        } else {
            td_buf_uint(b, bounds[i]);
        }

        td_buf_lit(b, "\"} ");
        td_buf_uint(b, count);
        td_buf_char(b, '\n');
    }

    td_buf_lit(b, "+Inf\"} ");
    td_buf_uint(b, count);
    td_buf_lit(b, "\ntidraw_");
    ngx_tidraw_metrics_text(b, h->name);
    td_buf_lit(b, "_sum ");

    sum = ngx_tidraw_zone_counter(call->site,
                                  place + NGX_TIDRAW_HIST_BOUNDS + 1);

    if (h->seconds) {
        ngx_tidraw_metrics_seconds(b, sum);
    } else {
        td_buf_uint(b, sum);
    }

    td_buf_lit(b, "\ntidraw_");
    ngx_tidraw_metrics_text(b, h->name);
    td_buf_lit(b, "_count ");
    td_buf_uint(b, count);
    td_buf_char(b, '\n');
}


static void
ngx_tidraw_metrics_head(td_buf_t *b, const char *name, const char *type,
    const char *help)
{
    td_buf_lit(b, "# HELP tidraw_");
    ngx_tidraw_metrics_text(b, name);
    td_buf_char(b, ' ');
    ngx_tidraw_metrics_text(b, help);
    td_buf_lit(b, "\n# TYPE tidraw_");
    ngx_tidraw_metrics_text(b, name);
    td_buf_char(b, ' ');
    ngx_tidraw_metrics_text(b, type);
    td_buf_char(b, '\n');
}


static void
ngx_tidraw_metrics_gauge(td_buf_t *b, const char *name, const char *help,
    uint64_t value)
{
    ngx_tidraw_metrics_head(b, name, "gauge", help);

    td_buf_lit(b, "tidraw_");
    ngx_tidraw_metrics_text(b, name);
    td_buf_char(b, ' ');
    td_buf_uint(b, value);
    td_buf_char(b, '\n');
}


static void
ngx_tidraw_metrics_seconds(td_buf_t *b, uint64_t ms)
{
    uint64_t  unit;

    td_buf_uint(b, ms / 1000);

    ms %= 1000;

    if (ms == 0) {
        return;
    }

    td_buf_char(b, '.');

    for (unit = 100; ms; unit /= 10) {
        td_buf_char(b, '0' + ms / unit);
        ms %= unit;
    }
}


static void
ngx_tidraw_metrics_text(td_buf_t *b, const char *s)
{
    td_buf_add(b, s, ngx_strlen(s));
}
