
/*
 * Link previews: tidraw_previews and its environment variable.  They are off
 * unless somebody says so, because then the server asks for foreign pages.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_curl.h"


char *
ngx_tidraw_merge_previews(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf)
{
    char       *rv;
    ngx_str_t   value;

    if (conf->previews == NGX_CONF_UNSET) {

        ngx_str_null(&value);

        rv = ngx_tidraw_conf_env(cf, "LINK_PREVIEWS", &value);
        if (rv != NGX_CONF_OK) {
            return rv;
        }

        if (value.len == 2 && ngx_strncasecmp(value.data, (u_char *) "on", 2)
                              == 0)
        {
            conf->previews = 1;

        } else if (value.len == 0
                   || (value.len == 3
                       && ngx_strncasecmp(value.data, (u_char *) "off", 3)
                          == 0))
        {
            conf->previews = 0;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" of LINK_PREVIEWS, it "
                               "must be on or off", &value);
            return NGX_CONF_ERROR;
        }
    }

    if (conf->previews) {
        rv = ngx_tidraw_curl_load();

        if (rv) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "a link preview %s", rv);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
