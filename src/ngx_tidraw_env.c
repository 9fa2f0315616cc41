
/*
 * What the environment says: values that no directive gave, and the
 * administrator of installations nobody attends.  He is only read and checked
 * here; a worker makes him when there is no account yet.  His password must
 * never reach a log.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_common.h"
#include "ngx_tidraw_http.h"


#define NGX_TIDRAW_MAX_ENV  65536


static char *ngx_tidraw_env_file(ngx_conf_t *cf, const char *name,
    char *path, ngx_str_t *value);


char *
ngx_tidraw_conf_env(ngx_conf_t *cf, const char *name, ngx_str_t *value)
{
    char  *p, file[64];

    p = getenv(name);

    if (p && *p) {
        value->len = ngx_strlen(p);
        value->data = ngx_pnalloc(cf->pool, value->len + 1);

        if (value->data == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_cpystrn(value->data, (u_char *) p, value->len + 1);

        return ngx_tidraw_conf_keep(cf, name) == NGX_OK ? NGX_CONF_OK
                                                        : NGX_CONF_ERROR;
    }

    (void) ngx_snprintf((u_char *) file, sizeof(file), "%s_FILE%Z", name);

    p = getenv(file);

    if (p && *p) {

        if (ngx_tidraw_conf_keep(cf, file) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        return ngx_tidraw_env_file(cf, file, p, value);
    }

    return NGX_CONF_OK;
}


/* Without it the binary of an upgrade would serve another database. */

ngx_int_t
ngx_tidraw_conf_keep(ngx_conf_t *cf, const char *name)
{
    size_t            len;
    ngx_str_t        *var;
    ngx_uint_t        i;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);
    len = ngx_strlen(name);
    var = ccf->env.elts;

    for (i = 0; i < ccf->env.nelts; i++) {
        if (var[i].len == len && ngx_memcmp(var[i].data, name, len) == 0) {
            return NGX_OK;
        }
    }

    var = ngx_array_push(&ccf->env);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->len = len;
    var->data = ngx_pnalloc(cf->pool, len + 1);
    if (var->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(var->data, name, len + 1);

    return NGX_OK;
}


/* The first line of the file, without white space at its end. */

static char *
ngx_tidraw_env_file(ngx_conf_t *cf, const char *name, char *path,
    ngx_str_t *value)
{
    u_char   *buf, *p;
    ssize_t   n;
    ngx_fd_t  fd;

    buf = ngx_pnalloc(cf->pool, NGX_TIDRAW_MAX_ENV + 1);
    if (buf == NULL) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%s\" of %s failed", path, name);
        return NGX_CONF_ERROR;
    }

    n = ngx_read_fd(fd, buf, NGX_TIDRAW_MAX_ENV);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%s\" failed", path);
    }

    if (n <= 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "file \"%s\" of %s is empty or unreadable", path,
                           name);
        return NGX_CONF_ERROR;
    }

    for (p = buf; p < buf + n; p++) {
        if (*p == CR || *p == LF || *p == '\0') {
            break;
        }
    }

    while (p > buf && (p[-1] == ' ' || p[-1] == '\t')) {
        p--;
    }

    *p = '\0';

    value->data = buf;
    value->len = p - buf;

    return NGX_CONF_OK;
}


char *
ngx_tidraw_conf_first(ngx_conf_t *cf, ngx_tidraw_site_t *site)
{
    char                *wrong;
    const char          *name;
    ngx_tidraw_first_t  *first;

    first = &site->first;

    if (ngx_tidraw_conf_env(cf, "ADMIN_EMAIL", &first->email) != NGX_CONF_OK
        || ngx_tidraw_conf_env(cf, "ADMIN_PASSWORD", &first->password)
           != NGX_CONF_OK
        || ngx_tidraw_conf_env(cf, "ADMIN_NAME", &first->name) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (first->email.len == 0 && first->password.len == 0) {
        return NGX_CONF_OK;
    }

    if (first->email.len == 0 || first->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "ADMIN_EMAIL and ADMIN_PASSWORD (or "
                           "ADMIN_PASSWORD_FILE) must be given together");
        return NGX_CONF_ERROR;
    }

    if (first->name.len == 0) {
        ngx_str_set(&first->name, "Administrator");
    }

    name = "ADMIN_EMAIL";
    wrong = ngx_tidraw_text_email(&first->email);

    if (wrong == NULL) {
        ngx_strlow(first->email.data, first->email.data, first->email.len);

        name = "ADMIN_NAME";
        wrong = ngx_tidraw_text_valid(&first->name)
                ? ngx_tidraw_text_name(&first->name)
                : "The name is no UTF-8.";
    }

    if (wrong == NULL) {
        name = "ADMIN_PASSWORD";
        wrong = ngx_tidraw_text_password(&first->password);
    }

    if (wrong == NULL
        && ngx_tidraw_common_has(&site->common, &first->password))
    {
        wrong = "This is one of the passwords that are tried first.";
    }

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value of %s: %s",
                           name, wrong);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
