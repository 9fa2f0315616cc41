
/*
 * tidraw_metrics: from which addresses the metrics may be read.
 */


#include "ngx_tidraw_conf.h"


/* tidraw_metrics off | address[/bits] ... */

char *
ngx_tidraw_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_loc_conf_t  *tlcf = conf;

    ngx_int_t    rc;
    ngx_str_t   *value;
    ngx_uint_t   i;
    ngx_cidr_t  *cidr;

    if (tlcf->metrics) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tlcf->metrics = ngx_array_create(cf->pool, cf->args->nelts,
                                     sizeof(ngx_cidr_t));
    if (tlcf->metrics == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        cidr = ngx_array_push(tlcf->metrics);
        if (cidr == NULL) {
            return NGX_CONF_ERROR;
        }

        rc = ngx_ptocidr(&value[i], cidr);

        if (rc == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid address \"%V\" of \"tidraw_metrics\", "
                               "it must be off or addresses and networks "
                               "such as 127.0.0.1 10.0.0.0/8 fd00::/8",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "low address bits of %V are meaningless",
                               &value[i]);
        }
    }

    return NGX_CONF_OK;
}
