
/*
 * The object store for files: tidraw_s3 and its environment variables.  What
 * the directive does not say is taken from the environment, so that a secret
 * need not stand in the configuration.  No message repeats a value that could
 * be one.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_curl.h"
#include "ngx_tidraw_s3.h"


#define NGX_TIDRAW_S3_PREFIX   200       /* bytes */


static char *ngx_tidraw_s3_bucket(ngx_conf_t *cf, ngx_tidraw_s3_t *s3,
    ngx_str_t *value);
static char *ngx_tidraw_s3_check(ngx_conf_t *cf, ngx_tidraw_s3_t *s3);
static char *ngx_tidraw_s3_endpoint(ngx_conf_t *cf, ngx_tidraw_s3_t *s3);
static char *ngx_tidraw_s3_address(ngx_conf_t *cf, ngx_tidraw_s3_t *s3,
    ngx_str_t *scheme, ngx_str_t *host, ngx_str_t *path, ngx_uint_t virtual);
static ngx_uint_t ngx_tidraw_s3_host(ngx_str_t *host);
static ngx_uint_t ngx_tidraw_s3_is(ngx_str_t *s, const char *word);


static struct {
    ngx_str_t    name;
    const char  *env;
    size_t       offset;
} ngx_tidraw_s3_params[] = {
    { ngx_string("endpoint="), "S3_ENDPOINT",
      offsetof(ngx_tidraw_s3_t, endpoint) },
    { ngx_string("region="), "S3_REGION", offsetof(ngx_tidraw_s3_t, region) },
    { ngx_string("key="), "S3_ACCESS_KEY_ID",
      offsetof(ngx_tidraw_s3_t, key) },
    { ngx_string("secret="), "S3_SECRET_ACCESS_KEY",
      offsetof(ngx_tidraw_s3_t, secret) },
    { ngx_string("prefix="), "S3_PREFIX", offsetof(ngx_tidraw_s3_t, prefix) },
    { ngx_string("style="), "S3_STYLE", offsetof(ngx_tidraw_s3_t, style) },
    { ngx_string("download="), "S3_DOWNLOAD",
      offsetof(ngx_tidraw_s3_t, download) },
    { ngx_string("uploads="), "S3_UPLOADS",
      offsetof(ngx_tidraw_s3_t, uploads) },
    { ngx_string("ca="), "S3_CA", offsetof(ngx_tidraw_s3_t, ca) },
    { ngx_null_string, NULL, 0 }
};


/*
 * tidraw_s3 off | bucket [endpoint=] [region=] [key=] [secret=] [prefix=]
 *     [style=] [download=] [uploads=] [ca=]
 */

char *
ngx_tidraw_set_s3(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_loc_conf_t  *tlcf = conf;

    ngx_str_t        *value, *s;
    ngx_uint_t        i, k;
    ngx_tidraw_s3_t  *s3;

    if (tlcf->s3) {
        return "is duplicate";
    }

    s3 = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_s3_t));
    if (s3 == NULL) {
        return NGX_CONF_ERROR;
    }

    tlcf->s3 = s3;
    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_tidraw_s3_is(&value[1], "off")) {
        s3->complete = 1;
        return NGX_CONF_OK;
    }

    if (ngx_tidraw_s3_bucket(cf, s3, &value[1]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        for (k = 0; ngx_tidraw_s3_params[k].env; k++) {
            s = &ngx_tidraw_s3_params[k].name;

            if (value[i].len >= s->len
                && ngx_strncmp(value[i].data, s->data, s->len) == 0)
            {
                break;
            }
        }

        if (ngx_tidraw_s3_params[k].env == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter %ui of \"tidraw_s3\" is none of "
                               "endpoint=, region=, key=, secret=, prefix=, "
                               "style=, download=, uploads=, ca=", i);
            return NGX_CONF_ERROR;
        }

        value[i].data += s->len;
        value[i].len -= s->len;

        s = (ngx_str_t *) ((char *) s3 + ngx_tidraw_s3_params[k].offset);
        *s = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_tidraw_merge_s3(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf)
{
    char             *rv;
    ngx_str_t         bucket, *s;
    ngx_uint_t        i;
    ngx_tidraw_s3_t  *s3;

    if (conf->s3 == NULL) {

        ngx_str_null(&bucket);

        rv = ngx_tidraw_conf_env(cf, "S3_BUCKET", &bucket);
        if (rv != NGX_CONF_OK || bucket.len == 0) {
            return rv;
        }

        conf->s3 = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_s3_t));
        if (conf->s3 == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_tidraw_s3_bucket(cf, conf->s3, &bucket) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    s3 = conf->s3;

    if (s3->complete) {
        return NGX_CONF_OK;
    }

    s3->complete = 1;

    rv = ngx_tidraw_curl_load();

    if (rv) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "S3 %s", rv);
        return NGX_CONF_ERROR;
    }

    for (i = 0; ngx_tidraw_s3_params[i].env; i++) {
        s = (ngx_str_t *) ((char *) s3 + ngx_tidraw_s3_params[i].offset);

        if (s->data == NULL
            && ngx_tidraw_conf_env(cf, ngx_tidraw_s3_params[i].env, s)
               != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (s3->region.len == 0) {
        ngx_str_set(&s3->region, "us-east-1");
    }

    if (ngx_tidraw_s3_check(cf, s3) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (s3->ca.len && ngx_conf_full_name(cf->cycle, &s3->ca, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_tidraw_s3_endpoint(cf, s3);
}


static char *
ngx_tidraw_s3_bucket(ngx_conf_t *cf, ngx_tidraw_s3_t *s3, ngx_str_t *value)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'))
        {
            break;
        }
    }

    if (i != value->len || value->len < 3 || value->len > 63) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name of a bucket in \"tidraw_s3\" or "
                           "S3_BUCKET");
        return NGX_CONF_ERROR;
    }

    s3->bucket = *value;

    return NGX_CONF_OK;
}


static char *
ngx_tidraw_s3_check(ngx_conf_t *cf, ngx_tidraw_s3_t *s3)
{
    size_t  i;

    if (s3->key.len == 0 || s3->secret.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "S3 needs the access key (\"key=\" of "
                           "\"tidraw_s3\", S3_ACCESS_KEY_ID) and its secret "
                           "(\"secret=\", S3_SECRET_ACCESS_KEY)");
        return NGX_CONF_ERROR;
    }

    /* they become part of a header */

    for (i = 0; i < s3->key.len; i++) {
        if (s3->key.data[i] <= ' ' || s3->key.data[i] > '~') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid access key of S3 (\"key=\", "
                               "S3_ACCESS_KEY_ID)");
            return NGX_CONF_ERROR;
        }
    }

    if (!ngx_tidraw_s3_host(&s3->region)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid region of S3 (\"region=\", S3_REGION)");
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < s3->prefix.len; i++) {
        if (s3->prefix.data[i] < ' ' || s3->prefix.data[i] == 0x7f) {
            break;
        }
    }

    if (i != s3->prefix.len || s3->prefix.len > NGX_TIDRAW_S3_PREFIX
        || (s3->prefix.len && s3->prefix.data[0] == '/'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid prefix of S3 (\"prefix=\", S3_PREFIX), it "
                           "should look like \"boards/\"");
        return NGX_CONF_ERROR;
    }

    if (ngx_tidraw_s3_is(&s3->download, "redirect")) {
        s3->redirect = 1;

    } else if (s3->download.len && !ngx_tidraw_s3_is(&s3->download, "stream"))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid way of downloads (\"download=\" of "
                           "\"tidraw_s3\", S3_DOWNLOAD), it must be stream "
                           "or redirect");
        return NGX_CONF_ERROR;
    }

    if (ngx_tidraw_s3_is(&s3->uploads, "disk")) {
        s3->disk = 1;

    } else if (s3->uploads.len && !ngx_tidraw_s3_is(&s3->uploads, "s3")) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid place of new files (\"uploads=\" of "
                           "\"tidraw_s3\", S3_UPLOADS), it must be s3 or "
                           "disk");
        return NGX_CONF_ERROR;
    }

    if (s3->style.len && !ngx_tidraw_s3_is(&s3->style, "path")
        && !ngx_tidraw_s3_is(&s3->style, "host"))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid style of S3 (\"style=\", S3_STYLE), it "
                           "must be path or host");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* "http[s]://host[:port][/path]", or that of AWS for the region. */

static char *
ngx_tidraw_s3_endpoint(ngx_conf_t *cf, ngx_tidraw_s3_t *s3)
{
    u_char      *p, *last;
    ngx_str_t    scheme, host, path;
    ngx_uint_t   virtual;

    p = s3->endpoint.data;
    last = p + s3->endpoint.len;

    if (s3->endpoint.len == 0) {
        ngx_str_set(&scheme, "https://");
        ngx_str_null(&path);

        host.data = ngx_pnalloc(cf->pool, sizeof("s3..amazonaws.com")
                                          + s3->region.len);
        if (host.data == NULL) {
            return NGX_CONF_ERROR;
        }

        host.len = ngx_sprintf(host.data, "s3.%V.amazonaws.com", &s3->region)
                   - host.data;

        /* certificates are good for one label */

        virtual = ngx_strlchr(s3->bucket.data,
                              s3->bucket.data + s3->bucket.len, '.') == NULL;

    } else {

        if (s3->endpoint.len > 8
            && ngx_strncasecmp(p, (u_char *) "https://", 8) == 0)
        {
            ngx_str_set(&scheme, "https://");

        } else if (s3->endpoint.len > 7
                   && ngx_strncasecmp(p, (u_char *) "http://", 7) == 0)
        {
            ngx_str_set(&scheme, "http://");

        } else {
            goto invalid;
        }

        host.data = p + scheme.len;

        for (p = host.data; p < last && *p != '/'; p++) { /* void */ }

        host.len = p - host.data;

        while (last > p && last[-1] == '/') {
            last--;
        }

        path.data = p;
        path.len = last - p;

        if (!ngx_tidraw_s3_host(&host)
            || (path.len && !ngx_tidraw_s3_host(&path)))
        {
            goto invalid;
        }

        virtual = 0;
    }

    /* as libcurl and browsers say it */

    ngx_strlow(host.data, host.data, host.len);

    if (scheme.len == 8 && host.len > 4
        && ngx_strncmp(host.data + host.len - 4, ":443", 4) == 0)
    {
        host.len -= 4;

    } else if (scheme.len == 7 && host.len > 3
               && ngx_strncmp(host.data + host.len - 3, ":80", 3) == 0)
    {
        host.len -= 3;
    }

    if (s3->style.len) {
        virtual = ngx_tidraw_s3_is(&s3->style, "host");
    }

    return ngx_tidraw_s3_address(cf, s3, &scheme, &host, &path, virtual);

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "the address of S3 (\"endpoint=\" of \"tidraw_s3\", "
                       "S3_ENDPOINT) must look like "
                       "\"https://s3.example.org\"");

    return NGX_CONF_ERROR;
}


static char *
ngx_tidraw_s3_address(ngx_conf_t *cf, ngx_tidraw_s3_t *s3, ngx_str_t *scheme,
    ngx_str_t *host, ngx_str_t *path, ngx_uint_t virtual)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, 3 * (s3->bucket.len + 1) + 2 * host->len
                              + scheme->len + path->len + 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    s3->host.data = p;

    if (virtual) {
        p = ngx_sprintf(p, "%V.", &s3->bucket);
        ngx_strlow(s3->host.data, s3->host.data, s3->bucket.len);
    }

    p = ngx_cpymem(p, host->data, host->len);
    s3->host.len = p - s3->host.data;

    s3->origin.data = p;
    p = ngx_sprintf(p, "%V%V", scheme, &s3->host);
    s3->origin.len = p - s3->origin.data;

    s3->path.data = p;
    p = ngx_cpymem(p, path->data, path->len);

    if (!virtual) {
        p = ngx_sprintf(p, "/%V", &s3->bucket);
    }

    s3->path.len = p - s3->path.data;

    return NGX_CONF_OK;
}


/* 1: two locations mean the same store. */

ngx_uint_t
ngx_tidraw_s3_same(ngx_tidraw_s3_t *one, ngx_tidraw_s3_t *two)
{
    ngx_uint_t   i;
    ngx_str_t   *a, *b;

    if (one == two) {
        return 1;
    }

    if (one == NULL || two == NULL) {
        return (one ? one : two)->bucket.len == 0;
    }

    a = &one->bucket;
    b = &two->bucket;

    for (i = 0; /* void */ ; i++) {

        if (a->len != b->len || ngx_memcmp(a->data, b->data, a->len) != 0) {
            return 0;
        }

        if (ngx_tidraw_s3_params[i].env == NULL) {
            return 1;
        }

        a = (ngx_str_t *) ((char *) one + ngx_tidraw_s3_params[i].offset);
        b = (ngx_str_t *) ((char *) two + ngx_tidraw_s3_params[i].offset);
    }
}


/* What can stand in the address of a host without changing its meaning. */

static ngx_uint_t
ngx_tidraw_s3_host(ngx_str_t *host)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < host->len; i++) {
        c = host->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'
              || c == ':' || c == '[' || c == ']' || c == '/'))
        {
            return 0;
        }
    }

    return host->len != 0;
}


static ngx_uint_t
ngx_tidraw_s3_is(ngx_str_t *s, const char *word)
{
    return s->len == ngx_strlen(word)
           && ngx_strncasecmp(s->data, (u_char *) word, s->len) == 0;
}
