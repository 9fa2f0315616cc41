
/*
 * The live view of the administration: what all workers of this host count,
 * in all and in the last second or two, what the database holds, how both are.
 */


#include "ngx_tidraw_http.h"
#include "ngx_tidraw_sync.h"
#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_STATS_WORKERS   256


typedef struct {
    ngx_msec_t    since;
} ngx_tidraw_stats_t;


static void ngx_tidraw_stats_done(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_json_workers(td_buf_t *b, ngx_tidraw_call_t *call);


void
ngx_tidraw_http_admin_stats(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t     *op;
    ngx_tidraw_stats_t  *stats;

    stats = ngx_palloc(call->request->pool, sizeof(ngx_tidraw_stats_t));
    if (stats == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    stats->since = ngx_current_msec;
    call->state = stats;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_STATS_COUNTS, "");

    ngx_tidraw_call_run(call, op, ngx_tidraw_stats_done);
}


static void
ngx_tidraw_stats_done(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    td_buf_t                 *b;
    ngx_str_t                *name;
    ngx_uint_t                i;
    ngx_tidraw_stats_t       *stats;
    ngx_tidraw_result_t      *res;
    ngx_tidraw_zone_stats_t   zone;

    stats = call->state;

    if (op->rc != NGX_OK || op->results->nrows == 0) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    b = &call->out;
    res = op->results;

    ngx_tidraw_zone_stats(call->site, &zone);

    td_buf_lit(b, "{\"version\":\"" NGX_TIDRAW_VERSION "\",\"users\":");
    ngx_tidraw_json_cell_int(b, res, 0, 0);
    td_buf_lit(b, ",\"rooms\":");
    ngx_tidraw_json_cell_int(b, res, 0, 1);
    td_buf_lit(b, ",\"rooms_deleted\":");
    ngx_tidraw_json_cell_int(b, res, 0, 2);

    td_buf_lit(b, ",\"sessions\":");
    ngx_tidraw_json_int(b, zone.counts[NGX_TIDRAW_COUNT_SESSIONS]);
    td_buf_lit(b, ",\"rooms_open\":");
    ngx_tidraw_json_int(b, zone.counts[NGX_TIDRAW_COUNT_BOARDS]);
    td_buf_lit(b, ",\"time\":");
    ngx_tidraw_json_int(b, ngx_tidraw_now());
    td_buf_lit(b, ",\"uptime\":");
    ngx_tidraw_json_int(b, zone.started
                        ? (ngx_tidraw_now() - (int64_t) zone.started) / 1000
                        : 0);

    td_buf_lit(b, ",\"totals\":{");

    for (i = NGX_TIDRAW_COUNT_TOTALS; i < NGX_TIDRAW_COUNT_MAX; i++) {

        if (i != NGX_TIDRAW_COUNT_TOTALS) {
            td_buf_char(b, ',');
        }

        name = &ngx_tidraw_zone_names[i];

        ngx_tidraw_json_str(b, name);
        td_buf_char(b, ':');
        td_buf_uint(b, zone.counts[i]);
    }

    td_buf_lit(b, "},\"rates\":{");

    for (i = 0; i < NGX_TIDRAW_RATES; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        ngx_tidraw_json_str(b,
                          &ngx_tidraw_zone_names[NGX_TIDRAW_COUNT_TOTALS + i]);
        td_buf_char(b, ':');
        td_buf_uint(b, zone.rates[i] / 10);
        td_buf_char(b, '.');
        td_buf_uint(b, zone.rates[i] % 10);
    }

    td_buf_lit(b, "},\"memory\":{\"rss\":");
    ngx_tidraw_json_int(b, ngx_tidraw_memory());
    td_buf_lit(b, ",\"zone_size\":");
    ngx_tidraw_json_int(b, call->conf->zone);
    td_buf_lit(b, ",\"zone_used\":");
    ngx_tidraw_json_int(b, (int64_t) zone.people * TD_ZONE_SLOT);
    td_buf_lit(b, ",\"people\":");
    ngx_tidraw_json_int(b, zone.people);
    td_buf_lit(b, ",\"people_max\":");
    ngx_tidraw_json_int(b, zone.people_max);

    td_buf_lit(b, "},\"database\":{\"kind\":");

    if (call->site->database.len > 7
        && ngx_strncmp(call->site->database.data, "sqlite:", 7) == 0)
    {
        td_buf_lit(b, "\"sqlite\"");
    } else {
        td_buf_lit(b, "\"postgresql\"");
    }

    td_buf_lit(b, ",\"ok\":true,\"latency_ms\":");
    ngx_tidraw_json_int(b, ngx_current_msec - stats->since);
    td_buf_lit(b, ",\"size\":");
    ngx_tidraw_json_cell_int(b, res, 0, 3);

    td_buf_lit(b, "},\"redis\":{\"configured\":");

    if (call->site->redis != NULL) {
        td_buf_lit(b, "true");
    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, ",\"ok\":");

    if (ngx_tidraw_sync_redis(call->site)) {
        td_buf_lit(b, "true");
    } else {
        td_buf_lit(b, "false");
    }

    td_buf_lit(b, "},\"workers\":[");
    ngx_tidraw_json_workers(b, call);
    td_buf_lit(b, "]}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


static void
ngx_tidraw_json_workers(td_buf_t *b, ngx_tidraw_call_t *call)
{
    ngx_uint_t                 i, n;
    ngx_tidraw_zone_worker_t  *workers;

    workers = ngx_palloc(call->request->pool,
                         NGX_TIDRAW_STATS_WORKERS
                         * sizeof(ngx_tidraw_zone_worker_t));
    if (workers == NULL) {
        return;
    }

    n = ngx_tidraw_zone_workers(call->site, workers,
                                NGX_TIDRAW_STATS_WORKERS);

    for (i = 0; i < n; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        td_buf_lit(b, "{\"pid\":");
        ngx_tidraw_json_int(b, workers[i].pid);
        td_buf_lit(b, ",\"started_at\":");
        ngx_tidraw_json_int(b, workers[i].started);
        td_buf_lit(b, ",\"sessions\":");
        ngx_tidraw_json_int(b, workers[i].sessions);
        td_buf_lit(b, ",\"rooms_open\":");
        ngx_tidraw_json_int(b, workers[i].boards);
        td_buf_lit(b, ",\"quits\":");

        if (workers[i].quits) {
            td_buf_lit(b, "true}");
        } else {
            td_buf_lit(b, "false}");
        }
    }
}
