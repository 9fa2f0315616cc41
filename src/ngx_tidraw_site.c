
/*
 * Sites: one database each, with its schema descriptions and its secret.
 * Made when the configuration is read, they live as long as its cycle.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_bus.h"
#include "ngx_tidraw_common.h"
#include "ngx_tidraw_files.h"
#include "ngx_tidraw_store.h"
#include "ngx_tidraw_zone.h"

#include <sodium.h>


static char *ngx_tidraw_site_same(ngx_conf_t *cf,
    ngx_tidraw_loc_conf_t *conf);
static ngx_uint_t ngx_tidraw_site_is_off(ngx_str_t *redis);
static char *ngx_tidraw_site_schemas(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *dir);
static char *ngx_tidraw_site_schema(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *path);
static void ngx_tidraw_site_cleanup(void *data);
static int ngx_libc_cdecl ngx_tidraw_site_cmp_schemas(const void *one,
    const void *two);
static ngx_int_t ngx_tidraw_site_dir(ngx_str_t *dir, ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_site_secret(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_site_read_secret(ngx_tidraw_site_t *site,
    u_char *path, ngx_cycle_t *cycle);
static ngx_int_t ngx_tidraw_site_write_secret(ngx_tidraw_site_t *site,
    u_char *path, ngx_cycle_t *cycle);


char *
ngx_tidraw_site_add(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf)
{
    char                     *err;
    ngx_uint_t                i;
    ngx_tidraw_site_t       **sites, *site, **sp;
    ngx_pool_cleanup_t       *cln;
    ngx_tidraw_main_conf_t   *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf, ngx_tidraw_module);

    sites = tmcf->sites.elts;

    for (i = 0; i < tmcf->sites.nelts; i++) {
        if (sites[i]->database.len == conf->database.len
            && ngx_memcmp(sites[i]->database.data, conf->database.data,
                          conf->database.len) == 0)
        {
            conf->site = sites[i];
            return ngx_tidraw_site_same(cf, conf);
        }
    }

    err = ngx_tidraw_store_check(&conf->database);

    if (err) {

        /* the URL may hold a password, so it is not repeated */

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"tidraw_database\": %s", err);
        return NGX_CONF_ERROR;
    }

    site = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_site_t));
    if (site == NULL) {
        return NGX_CONF_ERROR;
    }

    site->database = conf->database;
    site->state_dir = conf->state_dir;
    site->conf = conf;
    site->log = &cf->cycle->new_log;

    site->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (site->thread_pool == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_array_init(&site->schemas, cf->pool, 4, sizeof(td_schema_t *))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_tidraw_site_cleanup;
    cln->data = site;

    sp = ngx_array_push(&tmcf->sites);
    if (sp == NULL) {
        return NGX_CONF_ERROR;
    }

    *sp = site;
    conf->site = site;

    if (ngx_tidraw_zone_add(cf, site, conf->zone) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (!ngx_tidraw_site_is_off(&conf->redis)) {
        err = ngx_tidraw_bus_configure(cf, site, &conf->redis);

        if (err) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid \"tidraw_redis\": %s", err);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_tidraw_common_load(cf, &conf->passwords, &site->common)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_tidraw_conf_first(cf, site) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    err = ngx_tidraw_site_schemas(cf, site, &conf->schema_dir);

    if (err != NGX_CONF_OK) {
        return err;
    }

    return ngx_tidraw_templates_load(cf, site, &conf->template_dir);
}


static char *
ngx_tidraw_site_same(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf)
{
    ngx_str_t  *one, *two;

    one = &conf->redis;
    two = &conf->site->conf->redis;

    if (one->len != two->len
        || ngx_memcmp(one->data, two->data, one->len) != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tidraw_redis\" must be the same wherever "
                           "\"tidraw_database\" is");
        return NGX_CONF_ERROR;
    }

    if (!ngx_tidraw_smtp_same(conf->smtp, conf->site->conf->smtp)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tidraw_smtp\" must be the same wherever "
                           "\"tidraw_database\" is");
        return NGX_CONF_ERROR;
    }

    if (!ngx_tidraw_s3_same(conf->s3, conf->site->conf->s3)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tidraw_s3\" must be the same wherever "
                           "\"tidraw_database\" is");
        return NGX_CONF_ERROR;
    }

    if (conf->zone != conf->site->conf->zone) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tidraw_zone\" must be the same wherever "
                           "\"tidraw_database\" is");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_tidraw_site_is_off(ngx_str_t *redis)
{
    return redis->len == 0
           || (redis->len == 3 && ngx_memcmp(redis->data, "off", 3) == 0);
}


static char *
ngx_tidraw_site_schemas(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *dir)
{
    char       *rv;
    u_char     *p;
    ngx_dir_t   d;
    ngx_str_t   path;
    size_t      len;

    if (ngx_open_dir(dir, &d) == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_dir_n " \"%V\" failed, \"tidraw_schema\" "
                           "must name the folder of the schema descriptions",
                           dir);
        return NGX_CONF_ERROR;
    }

    rv = NGX_CONF_OK;

    for ( ;; ) {
        ngx_set_errno(0);

        if (ngx_read_dir(&d) == NGX_ERROR) {
            break;
        }

        len = ngx_de_namelen(&d);

        if (len < 6
            || ngx_de_name(&d)[0] == '.'
            || ngx_memcmp(ngx_de_name(&d) + len - 5, ".json", 5) != 0)
        {
            continue;
        }

        path.len = dir->len + 1 + len;
        path.data = ngx_pnalloc(cf->pool, path.len + 1);

        if (path.data == NULL) {
            rv = NGX_CONF_ERROR;
            break;
        }

        p = ngx_cpymem(path.data, dir->data, dir->len);
        *p++ = '/';
        ngx_cpystrn(p, ngx_de_name(&d), len + 1);

        rv = ngx_tidraw_site_schema(cf, site, &path);

        if (rv != NGX_CONF_OK) {
            break;
        }
    }

    if (ngx_close_dir(&d) == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_dir_n " \"%V\" failed", dir);
    }

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (site->schemas.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no schema description (*.json) in \"%V\"", dir);
        return NGX_CONF_ERROR;
    }

    /* of several that match a client the first is taken */

    ngx_qsort(site->schemas.elts, site->schemas.nelts, sizeof(td_schema_t *),
              ngx_tidraw_site_cmp_schemas);

    return NGX_CONF_OK;
}


static char *
ngx_tidraw_site_schema(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *path)
{
    int            rc;
    char           error[128];
    ngx_str_t      text;
    td_schema_t   *schema, **sp;

    if (ngx_tidraw_conf_file(cf, cf->temp_pool,
                             "a schema description of \"tidraw_schema\"",
                             path, &text)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    rc = td_schema_load((char *) text.data, text.len, &schema, error,
                        sizeof(error));

    (void) ngx_pfree(cf->temp_pool, text.data);

    if (rc != TD_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid schema description \"%V\": %s", path,
                           rc == TD_BAD ? error : "no memory");
        return NGX_CONF_ERROR;
    }

    sp = ngx_array_push(&site->schemas);

    if (sp == NULL) {
        td_schema_destroy(schema);
        return NGX_CONF_ERROR;
    }

    *sp = schema;

    return NGX_CONF_OK;
}


static void
ngx_tidraw_site_cleanup(void *data)
{
    ngx_tidraw_site_t  *site = data;

    ngx_uint_t     i;
    td_schema_t  **schema;

    schema = site->schemas.elts;

    for (i = 0; i < site->schemas.nelts; i++) {
        td_schema_destroy(schema[i]);
    }

    sodium_memzero(site->secret, sizeof(site->secret));
}


static int ngx_libc_cdecl
ngx_tidraw_site_cmp_schemas(const void *one, const void *two)
{
    size_t        a, b;
    td_str_t      n, m;
    td_schema_t  *first, *second;

    first = *(td_schema_t **) one;
    second = *(td_schema_t **) two;

    a = td_schema_sequences(first);
    b = td_schema_sequences(second);

    if (a != b) {
        return a > b ? -1 : 1;
    }

    /* the order of a folder is nobody's choice: newer names first */

    n = td_schema_name(first);
    m = td_schema_name(second);

    return ngx_memn2cmp((u_char *) m.data, (u_char *) n.data, m.len, n.len);
}


ngx_int_t
ngx_tidraw_site_prepare(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    ngx_int_t  rc;

    if (sodium_init() == -1) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, 0, "start_failed",
                       "call=sodium_init");
        return NGX_ERROR;
    }

    rc = ngx_tidraw_site_secret(site, cycle);

    if (rc != NGX_OK) {

        /* nothing that could be guessed may stand in its place */

        randombytes_buf(site->secret, sizeof(site->secret));
    }

    if (ngx_tidraw_store_prepare(site, cycle) != NGX_OK) {
        rc = NGX_ERROR;
    }

    if (ngx_tidraw_files_prepare(site, cycle) != NGX_OK) {
        rc = NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_tidraw_site_dir(ngx_str_t *dir, ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    if (ngx_create_dir(dir->data, 0700) == NGX_FILE_ERROR) {

        if (ngx_errno == NGX_EEXIST) {
            return NGX_OK;
        }

        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=mkdir path=%V", dir);
        return NGX_ERROR;
    }

    /* what lies in it is the workers' too */

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (geteuid() == 0
        && chown((const char *) dir->data, ccf->user, ccf->group) == -1)
    {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=chown path=%V", dir);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * The secret of the configuration, hashed to its length, or the one in the
 * state directory, made at the first start.
 */

static ngx_int_t
ngx_tidraw_site_secret(ngx_tidraw_site_t *site, ngx_cycle_t *cycle)
{
    u_char     *path, *p;
    ngx_int_t   rc;

    if (site->conf->secret.len) {
        (void) crypto_generichash(site->secret, sizeof(site->secret),
                                  site->conf->secret.data,
                                  site->conf->secret.len, NULL, 0);
        return NGX_OK;
    }

    if (ngx_tidraw_site_dir(&site->state_dir, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    path = ngx_pnalloc(cycle->pool, site->state_dir.len + sizeof("/secret"));
    if (path == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(path, site->state_dir.data, site->state_dir.len);
    ngx_memcpy(p, "/secret", sizeof("/secret"));

    rc = ngx_tidraw_site_read_secret(site, path, cycle);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    randombytes_buf(site->secret, sizeof(site->secret));

    /* whole or not at all: the name appears when the bytes are on disk */

    return ngx_tidraw_site_write_secret(site, path, cycle);
}


/* NGX_DECLINED: there is none yet. */

static ngx_int_t
ngx_tidraw_site_read_secret(ngx_tidraw_site_t *site, u_char *path,
    ngx_cycle_t *cycle)
{
    ssize_t   n;
    ngx_fd_t  fd;

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd != NGX_INVALID_FILE) {
        n = ngx_read_fd(fd, site->secret, sizeof(site->secret));
        (void) ngx_close_file(fd);

        if (n == sizeof(site->secret)) {
            return NGX_OK;
        }

        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, 0, "start_failed",
                       "error=%s path=%s hint=%s", "the secret is damaged",
                       path,
                       "remove it: links and invitations get new addresses");
        return NGX_ERROR;
    }

    if (ngx_errno != NGX_ENOENT) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=open path=%s", path);
        return NGX_ERROR;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_tidraw_site_write_secret(ngx_tidraw_site_t *site, u_char *path,
    ngx_cycle_t *cycle)
{
    u_char    *temp;
    ssize_t    n;
    ngx_fd_t   fd;

    /* another nginx, maybe of another host, may be about the same */

    temp = ngx_pnalloc(cycle->pool, ngx_strlen(path) + sizeof(".01234567.tmp"));
    if (temp == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(temp, "%s.%08xD.tmp%Z", path, randombytes_random());

    /* the folder is the workers' too: nothing that lies there is followed */

    fd = open((const char *) temp, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW, 0600);

    if (fd == NGX_INVALID_FILE) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=open path=%s", temp);
        return NGX_ERROR;
    }

    n = ngx_write_fd(fd, site->secret, sizeof(site->secret));

    if (n != sizeof(site->secret) || fsync(fd) == -1) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=write path=%s", temp);
        (void) ngx_close_file(fd);
        (void) ngx_delete_file(temp);
        return NGX_ERROR;
    }

    (void) ngx_close_file(fd);

    if (link((const char *) temp, (const char *) path) == 0) {
        (void) ngx_delete_file(temp);
        return NGX_OK;
    }

    if (ngx_errno == NGX_EEXIST) {
        (void) ngx_delete_file(temp);
        return ngx_tidraw_site_read_secret(site, path, cycle);
    }

    /* not all file systems have links */

    if (ngx_rename_file(temp, path) == NGX_FILE_ERROR) {
        ngx_tidraw_log(NGX_LOG_EMERG, cycle->log, ngx_errno, "start_failed",
                       "call=rename path=%s", temp);
        (void) ngx_delete_file(temp);
        return NGX_ERROR;
    }

    return NGX_OK;
}
