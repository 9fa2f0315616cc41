
/*
 * The administrator that the environment names, for installations nobody
 * attends.  It is only read and checked here; a worker makes it when there is
 * no account yet.  The password must never reach a log.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_common.h"
#include "ngx_tidraw_http.h"


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
