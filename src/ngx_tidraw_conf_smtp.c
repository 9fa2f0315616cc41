
/*
 * The mail server: tidraw_smtp and its environment variables.  What the
 * directive does not say is taken from the environment, so that a password
 * need not stand in the configuration.  No message repeats a value that could
 * be one.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_curl.h"
#include "ngx_tidraw_smtp.h"


static char *ngx_tidraw_smtp_host(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp,
    ngx_str_t *value);
static char *ngx_tidraw_smtp_port(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp,
    ngx_str_t *value);
static char *ngx_tidraw_smtp_tls(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp);
static char *ngx_tidraw_smtp_from(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp);
static char *ngx_tidraw_smtp_url(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp);
static ngx_uint_t ngx_tidraw_smtp_loopback(ngx_str_t *host);
static ngx_uint_t ngx_tidraw_smtp_address(ngx_str_t *s);
static ngx_uint_t ngx_tidraw_smtp_is(ngx_str_t *s, const char *word);


static struct {
    ngx_str_t    name;
    const char  *env;
    size_t       offset;
} ngx_tidraw_smtp_params[] = {
    { ngx_string("user="), "SMTP_USER", offsetof(ngx_tidraw_smtp_t, user) },
    { ngx_string("password="), "SMTP_PASSWORD",
      offsetof(ngx_tidraw_smtp_t, password) },
    { ngx_string("from="), "SMTP_FROM",
      offsetof(ngx_tidraw_smtp_t, given_from) },
    { ngx_string("tls="), "SMTP_TLS",
      offsetof(ngx_tidraw_smtp_t, given_tls) },
    { ngx_string("ca="), "SMTP_CA", offsetof(ngx_tidraw_smtp_t, ca) },
    { ngx_null_string, NULL, 0 }
};


/* tidraw_smtp off | host[:port] [user=] [password=] [from=] [tls=] [ca=] */

char *
ngx_tidraw_set_smtp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_loc_conf_t  *tlcf = conf;

    ngx_str_t          *value, *s;
    ngx_uint_t          i, k;
    ngx_tidraw_smtp_t  *smtp, rest;

    if (tlcf->smtp) {
        return "is duplicate";
    }

    smtp = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_smtp_t));
    if (smtp == NULL) {
        return NGX_CONF_ERROR;
    }

    tlcf->smtp = smtp;
    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_tidraw_smtp_is(&value[1], "off")) {
        smtp->complete = 1;
        return NGX_CONF_OK;
    }

    if (ngx_tidraw_smtp_host(cf, smtp, &value[1]) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {

        for (k = 0; ngx_tidraw_smtp_params[k].env; k++) {
            s = &ngx_tidraw_smtp_params[k].name;

            if (value[i].len > s->len
                && ngx_strncmp(value[i].data, s->data, s->len) == 0)
            {
                break;
            }
        }

        if (ngx_tidraw_smtp_params[k].env == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter %ui of \"tidraw_smtp\" is none of "
                               "user=, password=, from=, tls=, ca=", i);
            return NGX_CONF_ERROR;
        }

        value[i].data += s->len;
        value[i].len -= s->len;

        s = (ngx_str_t *) ((char *) smtp + ngx_tidraw_smtp_params[k].offset);

        if (s->data) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter %ui of \"tidraw_smtp\" is there "
                               "twice", i);
            return NGX_CONF_ERROR;
        }

        *s = value[i];
    }

    /* what is wrong without the environment is said with its line */

    rest = *smtp;

    if ((rest.given_tls.len && ngx_tidraw_smtp_tls(cf, &rest) != NGX_CONF_OK)
        || (rest.given_from.len
            && ngx_tidraw_smtp_from(cf, &rest) != NGX_CONF_OK))
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_tidraw_merge_smtp(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf)
{
    char               *rv;
    ngx_str_t           host, port, *s;
    ngx_uint_t          i;
    ngx_tidraw_smtp_t  *smtp;

    if (conf->smtp == NULL) {

        ngx_str_null(&host);

        rv = ngx_tidraw_conf_env(cf, "SMTP_HOST", &host);
        if (rv != NGX_CONF_OK || host.len == 0) {
            return rv;
        }

        conf->smtp = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_smtp_t));
        if (conf->smtp == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_tidraw_smtp_host(cf, conf->smtp, &host) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    smtp = conf->smtp;

    if (smtp->complete) {
        return NGX_CONF_OK;
    }

    smtp->complete = 1;

    rv = ngx_tidraw_curl_load();

    if (rv) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "mail %s", rv);
        return NGX_CONF_ERROR;
    }

    for (i = 0; ngx_tidraw_smtp_params[i].env; i++) {
        s = (ngx_str_t *) ((char *) smtp + ngx_tidraw_smtp_params[i].offset);

        if (s->data == NULL
            && ngx_tidraw_conf_env(cf, ngx_tidraw_smtp_params[i].env, s)
               != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (smtp->port == 0) {
        ngx_str_null(&port);

        if (ngx_tidraw_conf_env(cf, "SMTP_PORT", &port) != NGX_CONF_OK
            || (port.len
                && ngx_tidraw_smtp_port(cf, smtp, &port) != NGX_CONF_OK))
        {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_tidraw_smtp_tls(cf, smtp) != NGX_CONF_OK
        || ngx_tidraw_smtp_from(cf, smtp) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (smtp->password.len && smtp->user.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the mail server has a password and no user: set "
                           "SMTP_USER");
        return NGX_CONF_ERROR;
    }

    if (smtp->ca.len
        && ngx_conf_full_name(cf->cycle, &smtp->ca, 0) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_tidraw_smtp_url(cf, smtp);
}


/* "host", "host:port", "[IPv6]:port" or a bare IPv6 address */

static char *
ngx_tidraw_smtp_host(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp,
    ngx_str_t *value)
{
    u_char      *p, *last, *colon;
    ngx_str_t    port;
    ngx_uint_t   colons, six;

    p = value->data;
    last = p + value->len;
    colon = NULL;
    colons = 0;

    six = p < last && *p == '[';

    for ( ; p < last; p++) {

        if (*p == ':') {
            colon = p;
            colons++;

        } else if (*p == ']') {
            colon = NULL;

        } else if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z')
                     || (*p >= 'A' && *p <= 'Z') || *p == '.' || *p == '-'
                     || (*p == '[' && p == value->data)))
        {
            goto invalid;
        }
    }

    smtp->host = *value;

    if (!six && colons > 1) {
        smtp->host.len += 2;
        smtp->host.data = ngx_pnalloc(cf->pool, smtp->host.len);

        if (smtp->host.data == NULL) {
            return NGX_CONF_ERROR;
        }

        (void) ngx_sprintf(smtp->host.data, "[%V]", value);
        return NGX_CONF_OK;
    }

    if (colon) {
        smtp->host.len = colon - value->data;
        port.data = colon + 1;
        port.len = last - port.data;

        if (ngx_tidraw_smtp_port(cf, smtp, &port) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (smtp->host.len == 0
        || (six && smtp->host.data[smtp->host.len - 1] != ']'))
    {
        goto invalid;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "the mail server (\"tidraw_smtp\", SMTP_HOST) must "
                       "look like \"mail.example.org:587\"");

    return NGX_CONF_ERROR;
}


static char *
ngx_tidraw_smtp_port(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp,
    ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n < 1 || n > 65535) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid port \"%V\" of the mail server", value);
        return NGX_CONF_ERROR;
    }

    smtp->port = n;

    return NGX_CONF_OK;
}


/* What was not said follows from the port, and from whether it is far. */

static char *
ngx_tidraw_smtp_tls(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp)
{
    ngx_uint_t   near;
    ngx_str_t   *given;

    given = &smtp->given_tls;
    near = ngx_tidraw_smtp_loopback(&smtp->host);

    if (given->len == 0) {

        if (smtp->port == 465) {
            smtp->tls = NGX_TIDRAW_SMTP_TLS;

        } else if (near && smtp->port != 587) {
            smtp->tls = NGX_TIDRAW_SMTP_NONE;

        } else {
            smtp->tls = NGX_TIDRAW_SMTP_STARTTLS;
        }

    } else if (ngx_tidraw_smtp_is(given, "starttls")) {
        smtp->tls = NGX_TIDRAW_SMTP_STARTTLS;

    } else if (ngx_tidraw_smtp_is(given, "tls")) {
        smtp->tls = NGX_TIDRAW_SMTP_TLS;

    } else if (ngx_tidraw_smtp_is(given, "none")) {
        smtp->tls = NGX_TIDRAW_SMTP_NONE;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid TLS \"%V\" of the mail server "
                           "(\"tls=\", SMTP_TLS), it must be starttls, tls "
                           "or none", given);
        return NGX_CONF_ERROR;
    }

    if (smtp->port == 0) {
        smtp->port = smtp->tls == NGX_TIDRAW_SMTP_TLS ? 465
                     : smtp->tls == NGX_TIDRAW_SMTP_NONE ? 25 : 587;
    }

    return NGX_CONF_OK;
}


/* "address" or "Name <address>"; without it the user, if that is one. */

static char *
ngx_tidraw_smtp_from(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp)
{
    u_char     *p;
    ngx_str_t  *s;

    s = &smtp->given_from;

    if (s->len == 0 && ngx_tidraw_smtp_address(&smtp->user)) {
        smtp->from = smtp->user;
        return NGX_CONF_OK;
    }

    smtp->from = *s;

    p = ngx_strlchr(s->data, s->data + s->len, '<');

    if (p && s->data[s->len - 1] == '>') {
        smtp->from.data = p + 1;
        smtp->from.len = s->data + s->len - 1 - smtp->from.data;

        while (p > s->data && (p[-1] == ' ' || p[-1] == '"')) {
            p--;
        }

        smtp->from_name.data = s->data;
        smtp->from_name.len = p - s->data;

        if (smtp->from_name.len && smtp->from_name.data[0] == '"') {
            smtp->from_name.data++;
            smtp->from_name.len--;
        }
    }

    if (!ngx_tidraw_smtp_address(&smtp->from)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the sender of mails (\"from=\" of "
                           "\"tidraw_smtp\", SMTP_FROM) is missing or wrong, "
                           "it must look like "
                           "\"Boards <boards@example.org>\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_tidraw_smtp_url(ngx_conf_t *cf, ngx_tidraw_smtp_t *smtp)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, sizeof("smtps://:65535") + smtp->host.len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    smtp->url.data = p;

    p = ngx_sprintf(p, "%s://%V:%ui%Z",
                    smtp->tls == NGX_TIDRAW_SMTP_TLS ? "smtps" : "smtp",
                    &smtp->host, smtp->port);

    smtp->url.len = p - smtp->url.data - 1;

    return NGX_CONF_OK;
}


/* 1: two locations mean the same server, sender and all. */

ngx_uint_t
ngx_tidraw_smtp_same(ngx_tidraw_smtp_t *one, ngx_tidraw_smtp_t *two)
{
    ngx_uint_t   i;
    ngx_str_t   *a, *b;

    if (one == two) {
        return 1;
    }

    if (one == NULL || two == NULL) {
        return (one ? one : two)->host.len == 0;
    }

    a = &one->url;
    b = &two->url;

    for (i = 0; /* void */ ; i++) {

        if (a->len != b->len || ngx_memcmp(a->data, b->data, a->len) != 0) {
            return 0;
        }

        if (ngx_tidraw_smtp_params[i].env == NULL) {
            return one->tls == two->tls;
        }

        a = (ngx_str_t *) ((char *) one + ngx_tidraw_smtp_params[i].offset);
        b = (ngx_str_t *) ((char *) two + ngx_tidraw_smtp_params[i].offset);
    }
}


static ngx_uint_t
ngx_tidraw_smtp_loopback(ngx_str_t *host)
{
    return ngx_tidraw_smtp_is(host, "localhost")
           || ngx_tidraw_smtp_is(host, "[::1]")
           || (host->len > 4
               && ngx_strncmp(host->data, "127.", 4) == 0
               && ngx_inet_addr(host->data, host->len) != INADDR_NONE);
}


static ngx_uint_t
ngx_tidraw_smtp_address(ngx_str_t *s)
{
    td_str_t  address;

    address.data = (char *) s->data;
    address.len = s->len;

    return td_mail_address(address);
}


static ngx_uint_t
ngx_tidraw_smtp_is(ngx_str_t *s, const char *word)
{
    return s->len == ngx_strlen(word)
           && ngx_strncasecmp(s->data, (u_char *) word, s->len) == 0;
}
