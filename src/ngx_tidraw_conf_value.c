
/*
 * Values of directives, checked where they stand, so that what nginx says
 * names the line, and what would be right.  Values of environment variables
 * are checked by the same functions once all levels are merged.  No message
 * repeats a value that may hold a password.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_bus.h"
#include "ngx_tidraw_store.h"


static int64_t ngx_tidraw_value_of(ngx_tidraw_range_t *range, void *p);
static char *ngx_tidraw_registration_of(ngx_conf_t *cf, ngx_str_t *value,
    const char *name, ngx_uint_t *registration);


static ngx_conf_enum_t  ngx_tidraw_registration_enum[] = {
    { ngx_string("open"), NGX_TIDRAW_REGISTRATION_OPEN },
    { ngx_string("invite"), NGX_TIDRAW_REGISTRATION_INVITE },
    { ngx_string("closed"), NGX_TIDRAW_REGISTRATION_CLOSED },
    { ngx_null_string, 0 }
};


char *
ngx_tidraw_set_range(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                *rv;
    int64_t              n;
    ngx_str_t           *value;
    ngx_command_t        plain;
    ngx_tidraw_range_t  *range;

    range = cmd->post;
    value = cf->args->elts;

    plain = *cmd;
    plain.post = NULL;

    rv = range->set(cf, &plain, conf);

    if (rv == NGX_CONF_OK) {

        n = ngx_tidraw_value_of(range, (char *) conf + cmd->offset);

        if (n >= range->min && n <= range->max) {
            return NGX_CONF_OK;
        }

    } else if (ngx_strcmp(rv, "is duplicate") == 0) {
        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\", it must be %s",
                       &value[1], &cmd->name, range->hint);

    return NGX_CONF_ERROR;
}


static int64_t
ngx_tidraw_value_of(ngx_tidraw_range_t *range, void *p)
{
    if (range->set == ngx_conf_set_size_slot) {
        return (int64_t) *(size_t *) p;
    }

    if (range->set == ngx_conf_set_off_slot) {
        return (int64_t) *(off_t *) p;
    }

    if (range->set == ngx_conf_set_msec_slot) {
        return (int64_t) *(ngx_msec_t *) p;
    }

    if (range->set == ngx_conf_set_sec_slot) {
        return (int64_t) *(time_t *) p;
    }

    return (int64_t) *(ngx_int_t *) p;
}


char *
ngx_tidraw_set_text(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char           *rv, *wrong;
    ngx_str_t      *s;
    ngx_command_t   plain;

    plain = *cmd;
    plain.post = NULL;

    rv = ngx_conf_set_str_slot(cf, &plain, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    s = (ngx_str_t *) ((char *) conf + cmd->offset);
    wrong = ngx_tidraw_value_text(cf, s, cmd->post);

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid \"%V\": %s",
                           &cmd->name, wrong);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_tidraw_value_text(ngx_conf_t *cf, ngx_str_t *s, void *check)
{
    char         *(*handler)(ngx_conf_t *cf, ngx_str_t *s);
    size_t        i;

    if (s->len == 0) {
        return "it must not be empty";
    }

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < ' ' || s->data[i] == 0x7f) {
            return "it must not hold control characters";
        }
    }

    if (check == NULL) {
        return NULL;
    }

    handler = *(char *(**)(ngx_conf_t *, ngx_str_t *)) check;

    return handler(cf, s);
}


char *
ngx_tidraw_check_url(ngx_conf_t *cf, ngx_str_t *url)
{
    size_t  i, scheme;

    scheme = 0;

    if (url->len > 8 && ngx_strncmp(url->data, "https://", 8) == 0) {
        scheme = 8;

    } else if (url->len > 7 && ngx_strncmp(url->data, "http://", 7) == 0) {
        scheme = 7;
    }

    if (scheme && (url->data[scheme] == '/' || url->data[scheme] == ':')) {
        scheme = 0;
    }

    for (i = scheme; scheme && i < url->len; i++) {
        if (ngx_strchr("?#@\\\" ", url->data[i]) != NULL) {
            scheme = 0;
        }
    }

    return scheme ? NULL
                  : "it must look like \"https://boards.example.org/\"";
}


char *
ngx_tidraw_check_secret(ngx_conf_t *cf, ngx_str_t *secret)
{
    return secret->len < NGX_TIDRAW_MIN_SECRET
           ? "it must have at least 8 characters, better 32 random ones, such "
             "as \"openssl rand -hex 32\" makes"
           : NULL;
}


char *
ngx_tidraw_check_database(ngx_conf_t *cf, ngx_str_t *url)
{
    return ngx_tidraw_store_check(url);
}


/* Taken apart for nothing: which site it belongs to is not known here. */

char *
ngx_tidraw_check_redis(ngx_conf_t *cf, ngx_str_t *url)
{
    ngx_tidraw_site_t  *site;

    if (url->len == 3 && ngx_memcmp(url->data, "off", 3) == 0) {
        return NULL;
    }

    /* which OpenSSL looks at */

    if (ngx_tidraw_conf_keep(cf, "SSL_CERT_FILE") != NGX_OK
        || ngx_tidraw_conf_keep(cf, "SSL_CERT_DIR") != NGX_OK)
    {
        return "no memory";
    }

    site = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_site_t));
    if (site == NULL) {
        return "no memory";
    }

    return ngx_tidraw_bus_configure(cf, site, url);
}


char *
ngx_tidraw_set_registration(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_loc_conf_t  *tlcf = conf;

    ngx_str_t  *value;

    if (tlcf->registration != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    return ngx_tidraw_registration_of(cf, &value[1], "tidraw_registration",
                                      &tlcf->registration);
}


static char *
ngx_tidraw_registration_of(ngx_conf_t *cf, ngx_str_t *value, const char *name,
    ngx_uint_t *registration)
{
    ngx_conf_enum_t  *e;

    for (e = ngx_tidraw_registration_enum; e->name.len; e++) {
        if (e->name.len == value->len
            && ngx_strncmp(e->name.data, value->data, value->len) == 0)
        {
            *registration = e->value;
            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of %s, it must be open, invite "
                       "or closed", value, name);

    return NGX_CONF_ERROR;
}


char *
ngx_tidraw_merge_registration(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf)
{
    char       *rv;
    ngx_str_t   value;

    if (conf->registration != NGX_CONF_UNSET_UINT) {
        return NGX_CONF_OK;
    }

    ngx_str_null(&value);

    rv = ngx_tidraw_conf_env(cf, "REGISTRATION", &value);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (value.data == NULL) {
        conf->registration = NGX_TIDRAW_REGISTRATION_INVITE;
        return NGX_CONF_OK;
    }

    return ngx_tidraw_registration_of(cf, &value, "REGISTRATION",
                                      &conf->registration);
}
