
/*
 * The shared zone in nginx: made from the configuration, kept by reloads,
 * mapped and joined by each worker.  The slab allocator gives all there is in
 * one piece when the zone is new; td_zone.h is what it holds.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <sodium.h>

#include "ngx_tidraw_zone.h"


#define NGX_TIDRAW_ZONE_OWN    (1024 * 1024)
#define NGX_TIDRAW_ZONE_WARN   60             /* seconds */
#define NGX_TIDRAW_ZONE_SPIN   1000


static ngx_int_t ngx_tidraw_zone_init(ngx_shm_zone_t *shm, void *data);
static int ngx_tidraw_zone_process(uint64_t pid);
static ngx_int_t ngx_tidraw_zone_own(ngx_tidraw_zone_t *zone);
static void ngx_tidraw_zone_enter(ngx_tidraw_site_t *site);
static void ngx_tidraw_zone_mark(ngx_tidraw_zone_t *zone);
static ngx_uint_t ngx_tidraw_zone_lock(ngx_tidraw_zone_t *zone);
static void ngx_tidraw_zone_unlock(ngx_tidraw_zone_t *zone,
    ngx_uint_t locked);
static void ngx_tidraw_zone_key(ngx_tidraw_zone_t *zone, ngx_uint_t kind,
    ngx_str_t *key, u_char *hash);


/* of a process: when it began, and where it counts without a place */

static uint64_t  ngx_tidraw_zone_started;
static uint64_t  ngx_tidraw_zone_nowhere[TD_ZONE_COUNTERS];


ngx_str_t  ngx_tidraw_zone_names[] = {
    ngx_string("sessions"),
    ngx_string("boards"),
    ngx_string("pushes_wait"),
    ngx_string("operations_wait"),
    ngx_string("bytes_wait"),
    ngx_string("database_down"),
    ngx_string("redis_down"),
    ngx_string("memory"),
    ngx_string("messages_in"),
    ngx_string("messages_out"),
    ngx_string("bytes_in"),
    ngx_string("bytes_out"),
    ngx_string("connects"),
    ngx_string("edits"),
    ngx_string("commits"),
    ngx_string("conflicts"),
    ngx_string("commit_failures"),
    ngx_string("slow_readers"),
    ngx_string("unavailable"),
    ngx_string("zone_full"),
    ngx_string("not_authenticated"),
    ngx_string("forbidden"),
    ngx_string("not_found"),
    ngx_string("client_too_old"),
    ngx_string("server_too_old"),
    ngx_string("invalid_record"),
    ngx_string("message_too_large"),
    ngx_string("rate_limited"),
    ngx_string("room_full"),
    ngx_string("unknown_error"),
    ngx_string("api_2xx"),
    ngx_string("api_4xx"),
    ngx_string("api_5xx"),
    ngx_string("throttled"),
    ngx_string("database_away"),
    ngx_string("database_full"),
    ngx_string("database_unknown"),
    ngx_string("database_refused"),
    ngx_string("mails_sent"),
    ngx_string("mails_failed"),
    ngx_string("mails_given_up"),

    ngx_string("uploads_failed"),
    ngx_string("s3_failed"),
    ngx_string("activity_lost")
};


/* one more line than fits would not compile */

typedef char  ngx_tidraw_zone_fits[NGX_TIDRAW_COUNT_END <= TD_ZONE_COUNTERS
                                   ? 1 : -1];


#define NGX_TIDRAW_ZONE_TIMES                                                 \
    { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000 }

const uint64_t  ngx_tidraw_zone_bounds[NGX_TIDRAW_HIST_MAX]
                                      [NGX_TIDRAW_HIST_BOUNDS] = {
    NGX_TIDRAW_ZONE_TIMES,
    NGX_TIDRAW_ZONE_TIMES,
    NGX_TIDRAW_ZONE_TIMES,
    { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 0 },
    { 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 0 }
};


char *
ngx_tidraw_zone_add(ngx_conf_t *cf, ngx_tidraw_site_t *site, size_t size)
{
    u_char          *p, hash[8];
    ngx_str_t        name;
    ngx_shm_zone_t  *shm;

    /* the URL may hold a password, and names of zones are logged */

    crypto_generichash(hash, sizeof(hash), site->database.data,
                       site->database.len, NULL, 0);

    name.len = sizeof("tidraw_") - 1 + 2 * sizeof(hash);
    name.data = ngx_pnalloc(cf->pool, name.len);

    if (name.data == NULL) {
        return NGX_CONF_ERROR;
    }

    p = ngx_cpymem(name.data, "tidraw_", 7);
    (void) ngx_hex_dump(p, hash, sizeof(hash));

    shm = ngx_shared_memory_add(cf, &name, size, &ngx_tidraw_module);
    if (shm == NULL) {
        return NGX_CONF_ERROR;
    }

    shm->init = ngx_tidraw_zone_init;
    shm->data = site;

    site->shm = shm;

    return NGX_CONF_OK;
}


/*
 * In the master, also under "nginx -t".  Of a reload that keeps the zone
 * there is nothing to do: its old workers are using it.
 */

static ngx_int_t
ngx_tidraw_zone_init(ngx_shm_zone_t *shm, void *data)
{
    void             *mem;
    size_t            size;
    u_char            secret[32];
    td_zone_t         z;
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) shm->shm.addr;

    if (data || shm->shm.exists) {
        return NGX_OK;
    }

    size = pool->pfree * ngx_pagesize;

    mem = ngx_slab_alloc(pool, size);

    if (sodium_init() == -1 || mem == NULL) {
        return NGX_ERROR;
    }

    randombytes_buf(secret, sizeof(secret));

    /* memory that was just mapped is zero, and takes none until it is used */

    if (td_zone_map(&z, mem, size, 1, secret, NULL) != TD_OK) {
        ngx_tidraw_log(NGX_LOG_EMERG, shm->shm.log, 0, "start_failed",
                       "error=%s bytes=%z hint=%s",
                       "the shared zone is too small", shm->shm.size,
                       "increase tidraw_zone");
        return NGX_ERROR;
    }

    pool->data = mem;

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_zone_open(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    size_t              size;
    td_zone_head_t     *head;
    ngx_slab_pool_t    *pool;
    ngx_tidraw_zone_t  *zone;

    if (ngx_tidraw_zone_started == 0) {
        ngx_tidraw_zone_started = ngx_tidraw_now();
    }

    zone = ngx_calloc(sizeof(ngx_tidraw_zone_t), cycle->log);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->log = cycle->log;
    zone->counters = ngx_tidraw_zone_nowhere;

    site->zone = zone;

    pool = (ngx_slab_pool_t *) site->shm->shm.addr;
    head = pool->data;

    size = (u_char *) head > (u_char *) pool && (u_char *) head < pool->end
           ? (size_t) (pool->end - (u_char *) head) : 0;

    if (size && size >= head->size
        && td_zone_map(&zone->z, head, head->size, 0, NULL,
                       ngx_tidraw_zone_process)
           == TD_OK)
    {
        zone->pool = pool;
        return NGX_OK;
    }

    ngx_tidraw_log(NGX_LOG_ALERT, cycle->log, 0, "zone_other_version",
                   "hint=%s", "restart nginx");

    return ngx_tidraw_zone_own(zone);
}


static int
ngx_tidraw_zone_process(uint64_t pid)
{
    return kill((pid_t) pid, 0) == 0 || ngx_errno != NGX_ESRCH;
}


/* Memory of the worker alone, as long as the zone itself cannot be used. */

static ngx_int_t
ngx_tidraw_zone_own(ngx_tidraw_zone_t *zone)
{
    u_char  secret[32];

    if (posix_memalign(&zone->own, 64, NGX_TIDRAW_ZONE_OWN) != 0) {
        zone->own = NULL;
        return NGX_ERROR;
    }

    ngx_memzero(zone->own, NGX_TIDRAW_ZONE_OWN);
    randombytes_buf(secret, sizeof(secret));

    (void) td_zone_map(&zone->z, zone->own, NGX_TIDRAW_ZONE_OWN, 1, secret,
                       ngx_tidraw_zone_process);

    zone->pool = NULL;

    return NGX_OK;
}


void
ngx_tidraw_zone_join(ngx_tidraw_site_t *site, uint64_t node,
    uint64_t generation)
{
    site->zone->node = node;
    site->zone->generation = generation;

    ngx_tidraw_zone_enter(site);
}


static void
ngx_tidraw_zone_enter(ngx_tidraw_site_t *site)
{
    ngx_tidraw_zone_t  *zone;

    zone = site->zone;

    if (td_zone_join(&zone->z, ngx_pid, zone->node, zone->generation,
                     ngx_tidraw_zone_started, ngx_current_msec)
        == TD_OK)
    {
        zone->counters = zone->z.workers[zone->z.me].counters;
        return;
    }

    ngx_tidraw_log(NGX_LOG_WARN, zone->log, 0, "zone_full", "error=%s hint=%s",
                   "no place for another worker", "increase tidraw_zone");

    zone->counters = ngx_tidraw_zone_nowhere;
}


void
ngx_tidraw_zone_close(ngx_tidraw_site_t *site)
{
    ngx_tidraw_zone_t  *zone;

    zone = site->zone;

    if (zone == NULL) {
        return;
    }

    /* after a reload the others know who is about to come */

    td_zone_leave(&zone->z, ngx_exiting, ngx_current_msec);

    if (zone->own) {
        ngx_free(zone->own);
    }

    site->zone = NULL;
    ngx_free(zone);
}


ngx_int_t
ngx_tidraw_zone_tick(ngx_tidraw_site_t *site)
{
    ngx_uint_t          quits;
    ngx_tidraw_zone_t  *zone;

    zone = site->zone;

    ngx_tidraw_zone_mark(zone);

    (void) td_zone_reap(&zone->z, ngx_current_msec);

    if (td_zone_beat(&zone->z, ngx_current_msec) == TD_OK) {
        return NGX_OK;
    }

    quits = ngx_exiting;

    ngx_tidraw_zone_enter(site);

    if (quits) {
        ngx_tidraw_zone_quits(site);
    }

    return NGX_DECLINED;
}


static void
ngx_tidraw_zone_mark(ngx_tidraw_zone_t *zone)
{
    ngx_uint_t               i;
    ngx_tidraw_zone_mark_t  *mark;

    zone->marks[0] = zone->marks[1];
    mark = &zone->marks[1];

    mark->at = ngx_current_msec;

    for (i = 0; i < NGX_TIDRAW_RATES; i++) {
        mark->counts[i] = td_zone_sum(&zone->z, NGX_TIDRAW_COUNT_TOTALS + i,
                                      1);
    }
}


void
ngx_tidraw_zone_quits(ngx_tidraw_site_t *site)
{
    td_zone_t  *z;

    z = &site->zone->z;

    if (z->me >= 0) {
        z->workers[z->me].quits = 1;
    }
}


int
ngx_tidraw_zone_put(ngx_tidraw_site_t *site, int slot, td_zone_who_t *who)
{
    ngx_tidraw_zone_t  *zone;

    zone = site->zone;

    slot = td_zone_put(&zone->z, slot, who);

    if (slot >= 0) {
        return slot;
    }

    ngx_tidraw_count(site, NGX_TIDRAW_COUNT_ZONE_FULL, 1);

    if (zone->z.me >= 0
        && (zone->warned == 0
            || ngx_time() - zone->warned >= NGX_TIDRAW_ZONE_WARN))
    {
        zone->warned = ngx_time();

        ngx_tidraw_log(NGX_LOG_WARN, zone->log, 0, "zone_full",
                       "error=%s hint=%s", "lists of people are not complete",
                       "increase tidraw_zone");
    }

    return -1;
}


void
ngx_tidraw_zone_stats(ngx_tidraw_site_t *site, ngx_tidraw_zone_stats_t *stats)
{
    uint32_t                 i, pos;
    uint64_t                 started, count;
    td_zone_t               *z;
    ngx_msec_t               passed;
    ngx_tidraw_zone_mark_t  *mark;

    ngx_memzero(stats, sizeof(ngx_tidraw_zone_stats_t));

    z = &site->zone->z;

    for (i = 0; i < NGX_TIDRAW_COUNT_MAX; i++) {
        stats->counts[i] = td_zone_sum(z, i, i >= NGX_TIDRAW_COUNT_TOTALS);
    }

    mark = &site->zone->marks[site->zone->marks[0].at ? 0 : 1];
    passed = mark->at ? ngx_current_msec - mark->at : 0;

    for (i = 0; passed != 0 && i < NGX_TIDRAW_RATES; i++) {
        count = stats->counts[NGX_TIDRAW_COUNT_TOTALS + i];

        if (count > mark->counts[i]) {
            stats->rates[i] = (count - mark->counts[i]) * 10000 / passed;
        }
    }

    for (i = 0; i < z->nworkers; i++) {

        if (!td_zone_alive(z, i, ngx_current_msec)
            || z->workers[i].quits > 1)
        {
            continue;
        }

        started = z->workers[i].started;

        if (stats->workers++ == 0 || started < stats->started) {
            stats->started = started;
        }
    }

    for (pos = 0; td_zone_next(z, NULL, &pos) != -1; /* void */ ) {
        stats->people++;
    }

    stats->people_max = z->nslots;
}


uint64_t
ngx_tidraw_zone_counter(ngx_tidraw_site_t *site, ngx_uint_t n)
{
    return td_zone_sum(&site->zone->z, n, n >= NGX_TIDRAW_COUNT_TOTALS);
}


void
ngx_tidraw_observe(ngx_tidraw_site_t *site, ngx_tidraw_hist_e hist,
    uint64_t value)
{
    uint64_t        *counters;
    ngx_uint_t       i;
    const uint64_t  *bounds;

    bounds = ngx_tidraw_zone_bounds[hist];
    counters = site->zone->counters + NGX_TIDRAW_COUNT_HIST
               + hist * NGX_TIDRAW_HIST_SIZE;

    for (i = 0; i < NGX_TIDRAW_HIST_BOUNDS; i++) {
        if (value <= bounds[i] || bounds[i] == 0) {
            break;
        }
    }

    /* what is beyond a shorter list stands where its end is */

    counters[i]++;
    counters[NGX_TIDRAW_HIST_BOUNDS + 1] += value;
}


ngx_uint_t
ngx_tidraw_zone_workers(ngx_tidraw_site_t *site,
    ngx_tidraw_zone_worker_t *workers, ngx_uint_t n)
{
    uint32_t            i;
    ngx_uint_t          k;
    td_zone_t          *z;
    td_zone_worker_t   *w;

    k = 0;
    z = &site->zone->z;

    for (i = 0; i < z->nworkers && k < n; i++) {

        if (!td_zone_alive(z, i, ngx_current_msec)
            || z->workers[i].quits > 1)
        {
            continue;
        }

        w = &z->workers[i];

        workers[k].pid = (ngx_pid_t) w->pid;
        workers[k].node = w->node;
        workers[k].generation = w->generation;
        workers[k].started = w->started;
        workers[k].quits = (w->quits != 0);
        workers[k].sessions = w->counters[NGX_TIDRAW_COUNT_SESSIONS];
        workers[k].boards = w->counters[NGX_TIDRAW_COUNT_BOARDS];
        k++;
    }

    return k;
}


void
ngx_tidraw_zone_refused(ngx_tidraw_site_t *site, const char *reason)
{
    ngx_uint_t  i;

    for (i = NGX_TIDRAW_COUNT_REFUSED; i < NGX_TIDRAW_COUNT_UNKNOWN_ERROR; i++)
    {
        if (ngx_strcasecmp(ngx_tidraw_zone_names[i].data, (u_char *) reason)
            == 0)
        {
            break;
        }
    }

    ngx_tidraw_count(site, i, 1);
}


ngx_uint_t
ngx_tidraw_zone_take(ngx_tidraw_site_t *site, ngx_uint_t kind, ngx_str_t *key,
    ngx_uint_t free, ngx_uint_t longest)
{
    u_char              hash[TD_ZONE_KEY];
    ngx_uint_t          wait, locked;
    ngx_tidraw_zone_t  *zone;

    zone = site->zone;

    ngx_tidraw_zone_key(zone, kind, key, hash);

    locked = ngx_tidraw_zone_lock(zone);
    wait = td_zone_take(&zone->z, hash, free, longest, ngx_current_msec);
    ngx_tidraw_zone_unlock(zone, locked);

    if (wait) {
        ngx_tidraw_count(site, NGX_TIDRAW_COUNT_THROTTLED, 1);
    }

    return wait;
}


void
ngx_tidraw_zone_good(ngx_tidraw_site_t *site, ngx_uint_t kind, ngx_str_t *key,
    ngx_uint_t all)
{
    u_char              hash[TD_ZONE_KEY];
    ngx_uint_t          locked;
    ngx_tidraw_zone_t  *zone;

    zone = site->zone;

    ngx_tidraw_zone_key(zone, kind, key, hash);

    locked = ngx_tidraw_zone_lock(zone);
    td_zone_good(&zone->z, hash, all);
    ngx_tidraw_zone_unlock(zone, locked);
}


/*
 * Its holder may have been stopped or killed, and nobody waits for that: what
 * follows is harmless without the lock.
 */

static ngx_uint_t
ngx_tidraw_zone_lock(ngx_tidraw_zone_t *zone)
{
    ngx_uint_t  i;

    if (zone->pool == NULL) {
        return 0;
    }

    for (i = 0; i < NGX_TIDRAW_ZONE_SPIN; i++) {

        if (ngx_shmtx_trylock(&zone->pool->mutex)) {
            return 1;
        }

        ngx_sched_yield();
    }

    return 0;
}


static void
ngx_tidraw_zone_unlock(ngx_tidraw_zone_t *zone, ngx_uint_t locked)
{
    if (locked) {
        ngx_shmtx_unlock(&zone->pool->mutex);
    }
}


/* Nobody outside can tell which keys share a set. */

static void
ngx_tidraw_zone_key(ngx_tidraw_zone_t *zone, ngx_uint_t kind, ngx_str_t *key,
    u_char *hash)
{
    u_char                    k;
    crypto_generichash_state  state;

    k = (u_char) kind;

    (void) crypto_generichash_init(&state, zone->z.head->secret,
                                   sizeof(zone->z.head->secret), TD_ZONE_KEY);
    (void) crypto_generichash_update(&state, &k, 1);
    (void) crypto_generichash_update(&state, key->data, key->len);
    (void) crypto_generichash_final(&state, hash, TD_ZONE_KEY);
}
