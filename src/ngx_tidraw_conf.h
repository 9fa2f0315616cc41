
/*
 * Configuration of the module: directives, their environment variables, and
 * the sites that come out of it.
 */


#ifndef _NGX_TIDRAW_CONF_H_INCLUDED_
#define _NGX_TIDRAW_CONF_H_INCLUDED_


#include "ngx_tidraw.h"


void *ngx_tidraw_create_main_conf(ngx_conf_t *cf);
void *ngx_tidraw_create_loc_conf(ngx_conf_t *cf);
char *ngx_tidraw_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

/* The site of a location, made when it is the first with its database. */
char *ngx_tidraw_site_add(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf);

/*
 * Reads the templates of a folder into site->templates; a folder that is not
 * there has none.
 */
char *ngx_tidraw_templates_load(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *dir);

/*
 * The value of an environment variable, or the first line of the file that
 * NAME_FILE names, in the pool of cf; *value stays when neither is there, else
 * the variable is kept as by the next.  NGX_CONF_ERROR: logged.
 */
char *ngx_tidraw_conf_env(ngx_conf_t *cf, const char *name, ngx_str_t *value);

/*
 * As "env NAME;" does: the binary that follows this one in an upgrade gets the
 * variable, too.  NGX_ERROR: out of memory.
 */
ngx_int_t ngx_tidraw_conf_keep(ngx_conf_t *cf, const char *name);

/*
 * The administrator of ADMIN_EMAIL, ADMIN_PASSWORD and ADMIN_NAME, checked as
 * the API would, into site->first.  NGX_CONF_OK or NGX_CONF_ERROR, logged.
 */
char *ngx_tidraw_conf_first(ngx_conf_t *cf, ngx_tidraw_site_t *site);

extern ngx_command_t  ngx_tidraw_commands[];

/* Values: ngx_tidraw_conf_value.c */

#define NGX_TIDRAW_MIN_SECRET   8

typedef struct {
    char                 *(*set)(ngx_conf_t *cf, ngx_command_t *cmd,
                                 void *conf);      /* nginx's own slot */
    int64_t                 min;
    int64_t                 max;
    const char             *hint;       /* behind "it must be" */
} ngx_tidraw_range_t;

/* NULL, or what is wrong with it, without repeating it. */
typedef char *(*ngx_tidraw_check_pt)(ngx_conf_t *cf, ngx_str_t *s);

/* A number, a size or a time; post is an ngx_tidraw_range_t. */
char *ngx_tidraw_set_range(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* A text; post is an ngx_tidraw_check_pt, or NULL. */
char *ngx_tidraw_set_text(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* As a check does, of what no text may be, and by the check. */
char *ngx_tidraw_value_text(ngx_conf_t *cf, ngx_str_t *s, void *check);

char *ngx_tidraw_check_database(ngx_conf_t *cf, ngx_str_t *url);
char *ngx_tidraw_check_redis(ngx_conf_t *cf, ngx_str_t *url);
char *ngx_tidraw_check_secret(ngx_conf_t *cf, ngx_str_t *secret);
char *ngx_tidraw_check_url(ngx_conf_t *cf, ngx_str_t *url);

char *ngx_tidraw_set_registration(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_tidraw_merge_registration(ngx_conf_t *cf,
    ngx_tidraw_loc_conf_t *conf);

/* tidraw_metrics: ngx_tidraw_conf_metrics.c */
char *ngx_tidraw_set_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* tidraw_smtp: ngx_tidraw_conf_smtp.c */

char *ngx_tidraw_set_smtp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_tidraw_merge_smtp(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf);
ngx_uint_t ngx_tidraw_smtp_same(ngx_tidraw_smtp_t *one,
    ngx_tidraw_smtp_t *two);

/* tidraw_previews: ngx_tidraw_conf_previews.c */

char *ngx_tidraw_merge_previews(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf);

/* tidraw_s3: ngx_tidraw_conf_s3.c */

char *ngx_tidraw_set_s3(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_tidraw_merge_s3(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf);
ngx_uint_t ngx_tidraw_s3_same(ngx_tidraw_s3_t *one, ngx_tidraw_s3_t *two);


/*
 * In init_module, not under "nginx -t": makes what a site needs on disk and
 * reads its secret.  NGX_OK or NGX_ERROR, logged.
 */
ngx_int_t ngx_tidraw_site_prepare(ngx_tidraw_site_t *site,
    ngx_cycle_t *cycle);


#endif /* _NGX_TIDRAW_CONF_H_INCLUDED_ */
