
/*
 * Directives and their environment variables.  A directive wins over its
 * variable, which is read when the configuration is read; NAME_FILE names a
 * file that holds the value.  Everything here lives in the cycle's pool.
 */


#include "ngx_tidraw_conf.h"
#include "ngx_tidraw_http.h"
#include "ngx_tidraw_zone.h"


#ifndef NGX_TIDRAW_WEB
#define NGX_TIDRAW_WEB      "/usr/share/tidraw/web"
#endif

#ifndef NGX_TIDRAW_SCHEMA
#define NGX_TIDRAW_SCHEMA   "/usr/share/tidraw/schema"
#endif

#ifndef NGX_TIDRAW_PASSWORDS
#define NGX_TIDRAW_PASSWORDS   "/usr/share/tidraw/passwords.txt"
#endif

#ifndef NGX_TIDRAW_TEMPLATES
#define NGX_TIDRAW_TEMPLATES   "/usr/share/tidraw/templates"
#endif


static char *ngx_tidraw_enable(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_tidraw_set_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_tidraw_set_history(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_tidraw_embed_origins(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_tidraw_merge_noname(ngx_conf_t *cf,
    ngx_tidraw_loc_conf_t *prev, ngx_tidraw_loc_conf_t *conf);
static char *ngx_tidraw_merge_str(ngx_conf_t *cf, ngx_str_t *conf,
    const char *env, const char *value, void *check);
static char *ngx_tidraw_merge_base(ngx_conf_t *cf,
    ngx_tidraw_loc_conf_t *conf);


#define NGX_TIDRAW_YEARS   (100 * 365 * (int64_t) 86400)
#define NGX_TIDRAW_TERA    ((int64_t) 1024 * 1024 * 1024 * 1024)


static ngx_tidraw_range_t  ngx_tidraw_range_keep = {
    ngx_conf_set_sec_slot, 0, NGX_TIDRAW_YEARS,
    "from 0 to 100y, such as 30d"
};

static ngx_tidraw_range_t  ngx_tidraw_range_activity_keep = {
    ngx_conf_set_sec_slot, 0, NGX_TIDRAW_YEARS,
    "from 0 to 100y, such as 365d"
};

static ngx_tidraw_range_t  ngx_tidraw_range_max_upload = {
    ngx_conf_set_off_slot, 0, NGX_TIDRAW_TERA,
    "from 0 to 1024g, such as 100m"
};

static ngx_tidraw_range_t  ngx_tidraw_range_max_pixels = {
    ngx_conf_set_off_slot, 0, NGX_TIDRAW_TERA,
    "from 0 (any) to 1024g, such as 100m"
};

static ngx_tidraw_range_t  ngx_tidraw_range_board_files = {
    ngx_conf_set_off_slot, 0, 1024 * NGX_TIDRAW_TERA,
    "from 0 (any) to 1048576g, such as 4g"
};

static ngx_tidraw_range_t  ngx_tidraw_range_user_files = {
    ngx_conf_set_off_slot, 0, 1024 * NGX_TIDRAW_TERA,
    "from 0 (any) to 1048576g, such as 20g"
};

static ngx_tidraw_range_t  ngx_tidraw_range_max_message = {
    ngx_conf_set_size_slot, 1024 * 1024, 1024 * 1024 * 1024,
    "from 1m (clients send frames of up to 768k) to 1024m, such as 16m"
};

static ngx_tidraw_range_t  ngx_tidraw_range_max_room = {
    ngx_conf_set_size_slot, 1024, NGX_TIDRAW_TERA,
    "from 1k to 1024g, such as 256m"
};

static ngx_tidraw_range_t  ngx_tidraw_range_max_sessions = {
    ngx_conf_set_num_slot, 1, 1000000,
    "from 1 to 1000000, such as 500"
};

static ngx_tidraw_range_t  ngx_tidraw_range_max_queue = {
    ngx_conf_set_size_slot, 1024, NGX_TIDRAW_TERA,
    "from 1k to 1024g, such as 8m"
};

static ngx_tidraw_range_t  ngx_tidraw_range_recheck = {
    ngx_conf_set_msec_slot, 1000, NGX_TIDRAW_RECHECK_MAX,
    "from 1s to 30m, such as 30m"
};

static ngx_tidraw_range_t  ngx_tidraw_range_history = {
    ngx_conf_set_sec_slot, 0, NGX_TIDRAW_YEARS,
    "off, or from 1s to 100y, such as 30d"
};

static ngx_tidraw_check_pt  ngx_tidraw_post_database =
    ngx_tidraw_check_database;
static ngx_tidraw_check_pt  ngx_tidraw_post_redis = ngx_tidraw_check_redis;
static ngx_tidraw_check_pt  ngx_tidraw_post_secret = ngx_tidraw_check_secret;
static ngx_tidraw_check_pt  ngx_tidraw_post_url = ngx_tidraw_check_url;


ngx_command_t  ngx_tidraw_commands[] = {

    { ngx_string("tidraw"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_tidraw_enable,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, enable),
      NULL },

    { ngx_string("tidraw_database"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, database),
      &ngx_tidraw_post_database },

    { ngx_string("tidraw_redis"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, redis),
      &ngx_tidraw_post_redis },

    { ngx_string("tidraw_smtp"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_tidraw_set_smtp,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("tidraw_s3"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_tidraw_set_s3,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("tidraw_secret"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, secret),
      &ngx_tidraw_post_secret },

    { ngx_string("tidraw_state_dir"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, state_dir),
      NULL },

    { ngx_string("tidraw_web"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, web_root),
      NULL },

    { ngx_string("tidraw_schema"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, schema_dir),
      NULL },

    { ngx_string("tidraw_templates"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, template_dir),
      NULL },

    { ngx_string("tidraw_embed_origins"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_tidraw_embed_origins,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, embed_origins),
      NULL },

    { ngx_string("tidraw_public_url"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, public_url),
      &ngx_tidraw_post_url },

    { ngx_string("tidraw_license_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, license_key),
      NULL },

    { ngx_string("tidraw_previews"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, previews),
      NULL },

    { ngx_string("tidraw_registration"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_registration,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, registration),
      NULL },

    { ngx_string("tidraw_bin_keep"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, bin_keep),
      &ngx_tidraw_range_keep },

    { ngx_string("tidraw_passwords"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, passwords),
      NULL },

    { ngx_string("tidraw_activity_keep"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, activity_keep),
      &ngx_tidraw_range_activity_keep },

    { ngx_string("tidraw_zone"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_zone,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, zone),
      NULL },

    { ngx_string("tidraw_history"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_history,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, history),
      &ngx_tidraw_range_history },

    { ngx_string("tidraw_upload_dir"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_text,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, upload_dir),
      NULL },

    { ngx_string("tidraw_max_upload"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, max_upload),
      &ngx_tidraw_range_max_upload },

    { ngx_string("tidraw_max_pixels"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, max_pixels),
      &ngx_tidraw_range_max_pixels },

    { ngx_string("tidraw_board_files"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, board_files),
      &ngx_tidraw_range_board_files },

    { ngx_string("tidraw_user_files"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, user_files),
      &ngx_tidraw_range_user_files },

    { ngx_string("tidraw_file_keep"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, file_keep),
      &ngx_tidraw_range_keep },

    { ngx_string("tidraw_max_message"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, max_message),
      &ngx_tidraw_range_max_message },

    { ngx_string("tidraw_max_room"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, max_room),
      &ngx_tidraw_range_max_room },

    { ngx_string("tidraw_max_sessions"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, max_sessions),
      &ngx_tidraw_range_max_sessions },

    { ngx_string("tidraw_max_queue"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, max_queue),
      &ngx_tidraw_range_max_queue },

    { ngx_string("tidraw_metrics"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_tidraw_set_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("tidraw_recheck"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_tidraw_set_range,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_tidraw_loc_conf_t, recheck),
      &ngx_tidraw_range_recheck },

      ngx_null_command
};


void *
ngx_tidraw_create_main_conf(ngx_conf_t *cf)
{
    ngx_tidraw_main_conf_t  *tmcf;

    tmcf = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_main_conf_t));
    if (tmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&tmcf->sites, cf->pool, 1, sizeof(ngx_tidraw_site_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return tmcf;
}


void *
ngx_tidraw_create_loc_conf(ngx_conf_t *cf)
{
    ngx_tidraw_loc_conf_t  *tlcf;

    tlcf = ngx_pcalloc(cf->pool, sizeof(ngx_tidraw_loc_conf_t));
    if (tlcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     the strings = { 0, NULL };
     *     tlcf->smtp = NULL;
     *     tlcf->s3 = NULL;
     *     tlcf->metrics = NULL;
     *     tlcf->site = NULL;
     */

    tlcf->enable = NGX_CONF_UNSET;
    tlcf->previews = NGX_CONF_UNSET;
    tlcf->registration = NGX_CONF_UNSET_UINT;
    tlcf->bin_keep = NGX_CONF_UNSET;
    tlcf->activity_keep = NGX_CONF_UNSET;
    tlcf->zone = NGX_CONF_UNSET_SIZE;
    tlcf->max_upload = NGX_CONF_UNSET;
    tlcf->max_pixels = NGX_CONF_UNSET;
    tlcf->board_files = NGX_CONF_UNSET;
    tlcf->user_files = NGX_CONF_UNSET;
    tlcf->file_keep = NGX_CONF_UNSET;
    tlcf->max_message = NGX_CONF_UNSET_SIZE;
    tlcf->max_room = NGX_CONF_UNSET_SIZE;
    tlcf->history = NGX_CONF_UNSET;
    tlcf->max_sessions = NGX_CONF_UNSET_UINT;
    tlcf->max_queue = NGX_CONF_UNSET_SIZE;
    tlcf->recheck = NGX_CONF_UNSET_MSEC;

    return tlcf;
}


/* Only a location that says "tidraw on" serves it; those below do not. */

static char *
ngx_tidraw_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_loc_conf_t  *tlcf = conf;

    char                      *rv;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || !tlcf->enable) {
        return rv;
    }

    /* a single process never calls init_process for what it reads anew */

    if (ngx_process == NGX_PROCESS_SINGLE
        && !ngx_is_init_cycle(cf->cycle->old_cycle))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tidraw on\" cannot be reloaded with "
                           "\"master_process off\": restart nginx");
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_tidraw_http_handler;

    return NGX_CONF_OK;
}


static char *
ngx_tidraw_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_loc_conf_t  *tlcf = conf;

    ssize_t     size;
    ngx_str_t  *value;

    if (tlcf->zone != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;
    size = ngx_parse_size(&value[1]);

    if (size < NGX_TIDRAW_ZONE_MIN || size > NGX_TIDRAW_ZONE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"tidraw_zone\" size \"%V\", it must be "
                           "from 128k to 1024m, such as 16m", &value[1]);
        return NGX_CONF_ERROR;
    }

    tlcf->zone = size;

    return NGX_CONF_OK;
}


static char *
ngx_tidraw_set_history(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_tidraw_loc_conf_t *tlcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (tlcf->history == NGX_CONF_UNSET
        && ngx_strcmp(value[1].data, "off") == 0)
    {
        tlcf->history = 0;
        return NGX_CONF_OK;
    }

    return ngx_tidraw_set_range(cf, cmd, conf);
}


/*
 * Sources for frame-ancestors: sites by scheme, host and port, where a "*" may
 * stand for the first label or for any site.  What a policy takes for
 * something else is refused.
 */

static char *
ngx_tidraw_embed_origins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    u_char      *p;
    size_t       i, len;
    ngx_str_t   *value, *origins;
    ngx_uint_t   n;

    origins = (ngx_str_t *) ((u_char *) conf + cmd->offset);

    if (origins->data != NULL) {
        return "is duplicate";
    }

    value = cf->args->elts;
    len = 0;

    for (n = 1; n < cf->args->nelts; n++) {
        len += value[n].len + 1;

        for (i = 0; i < value[n].len; i++) {
            if (ngx_strchr("\"';, \t", value[n].data[i]) != NULL
                || value[n].data[i] <= 0x20 || value[n].data[i] >= 0x7f)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid site \"%V\", it should look like "
                                   "https://www.example.org", &value[n]);
                return NGX_CONF_ERROR;
            }
        }
    }

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    origins->data = p;

    for (n = 1; n < cf->args->nelts; n++) {
        p = ngx_cpymem(p, value[n].data, value[n].len);
        *p++ = ' ';
    }

    origins->len = len - 1;

    return NGX_CONF_OK;
}


char *
ngx_tidraw_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_tidraw_loc_conf_t *prev = parent;
    ngx_tidraw_loc_conf_t *conf = child;

    char    *rv;
    u_char  *p;

    ngx_tidraw_settings_directives(prev, conf);

    /* below the level of a location these are only handed down */

    if (conf->enable == NGX_CONF_UNSET) {
        conf->enable = 0;
    }

#define ngx_tidraw_hand_down(field)                                           \
    if (conf->field.data == NULL) {                                           \
        conf->field = prev->field;                                            \
    }

    ngx_tidraw_hand_down(database);
    ngx_tidraw_hand_down(redis);
    ngx_tidraw_hand_down(secret);
    ngx_tidraw_hand_down(state_dir);
    ngx_tidraw_hand_down(web_root);
    ngx_tidraw_hand_down(schema_dir);
    ngx_tidraw_hand_down(passwords);
    ngx_tidraw_hand_down(template_dir);
    ngx_tidraw_hand_down(embed_origins);
    ngx_tidraw_hand_down(public_url);
    ngx_tidraw_hand_down(license_key);
    ngx_tidraw_hand_down(upload_dir);

#undef ngx_tidraw_hand_down

    if (conf->smtp == NULL) {
        conf->smtp = prev->smtp;
    }

    if (conf->previews == NGX_CONF_UNSET) {
        conf->previews = prev->previews;
    }

    if (conf->s3 == NULL) {
        conf->s3 = prev->s3;
    }

    if (conf->metrics == NULL) {
        conf->metrics = prev->metrics;
    }

    if (conf->registration == NGX_CONF_UNSET_UINT) {
        conf->registration = prev->registration;
    }

    ngx_conf_merge_sec_value(conf->bin_keep, prev->bin_keep,
                             30 * 24 * 3600);
    ngx_conf_merge_sec_value(conf->activity_keep, prev->activity_keep,
                             365 * 24 * 3600);
    ngx_conf_merge_size_value(conf->zone, prev->zone,
                              NGX_TIDRAW_ZONE_DEFAULT);
    ngx_conf_merge_off_value(conf->max_upload, prev->max_upload,
                             100 * 1024 * 1024);
    ngx_conf_merge_off_value(conf->max_pixels, prev->max_pixels,
                             100 * 1024 * 1024);
    ngx_conf_merge_off_value(conf->board_files, prev->board_files,
                             (off_t) 4 * 1024 * 1024 * 1024);
    ngx_conf_merge_off_value(conf->user_files, prev->user_files,
                             (off_t) 20 * 1024 * 1024 * 1024);
    ngx_conf_merge_sec_value(conf->file_keep, prev->file_keep,
                             30 * 24 * 60 * 60);

    ngx_conf_merge_size_value(conf->max_message, prev->max_message,
                              16 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_room, prev->max_room,
                              256 * 1024 * 1024);
    ngx_conf_merge_sec_value(conf->history, prev->history, 30 * 86400);
    ngx_conf_merge_uint_value(conf->max_sessions, prev->max_sessions, 500);
    ngx_conf_merge_size_value(conf->max_queue, prev->max_queue,
                              8 * 1024 * 1024);
    ngx_conf_merge_msec_value(conf->recheck, prev->recheck,
                              NGX_TIDRAW_RECHECK_MAX);

    if (!conf->enable) {
        ngx_tidraw_merge_noname(cf, prev, conf);
        return NGX_CONF_OK;
    }

    rv = ngx_tidraw_merge_str(cf, &conf->database, "DATABASE_URL",
                              "sqlite:data/tidraw.db",
                              &ngx_tidraw_post_database);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_str(cf, &conf->redis, "REDIS_URL",
                              "off", &ngx_tidraw_post_redis);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_smtp(cf, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_s3(cf, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_str(cf, &conf->secret, "TIDRAW_SECRET",
                              NULL, &ngx_tidraw_post_secret);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_str(cf, &conf->secret, "JWT_SECRET",
                              NULL, &ngx_tidraw_post_secret);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_str(cf, &conf->public_url, "PUBLIC_URL",
                              NULL, &ngx_tidraw_post_url);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_str(cf, &conf->license_key, "TLDRAW_LICENSE_KEY",
                              NULL, NULL);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_previews(cf, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_tidraw_merge_registration(cf, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ngx_tidraw_settings_environment(conf);

    if (conf->state_dir.data == NULL) {
        ngx_str_set(&conf->state_dir, "data");
    }

    if (conf->web_root.data == NULL) {
        ngx_str_set(&conf->web_root, NGX_TIDRAW_WEB);
    }

    if (conf->schema_dir.data == NULL) {
        ngx_str_set(&conf->schema_dir, NGX_TIDRAW_SCHEMA);
    }

    if (conf->template_dir.data == NULL) {
        ngx_str_set(&conf->template_dir, NGX_TIDRAW_TEMPLATES);
    }

    rv = ngx_tidraw_merge_str(cf, &conf->upload_dir, "UPLOAD_DIR", NULL,
                              NULL);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (conf->upload_dir.data == NULL) {
        p = ngx_pnalloc(cf->pool, conf->state_dir.len + sizeof("/uploads"));
        if (p == NULL) {
            return NGX_CONF_ERROR;
        }

        conf->upload_dir.data = p;

        p = ngx_sprintf(p, "%V/uploads%Z", &conf->state_dir);
        conf->upload_dir.len = p - conf->upload_dir.data - 1;
    }

    if (conf->passwords.data == NULL) {
        ngx_str_set(&conf->passwords, NGX_TIDRAW_PASSWORDS);
    }

    if (ngx_conf_full_name(cf->cycle, &conf->passwords, 0) != NGX_OK
        || ngx_conf_full_name(cf->cycle, &conf->state_dir, 0) != NGX_OK
        || ngx_conf_full_name(cf->cycle, &conf->upload_dir, 0) != NGX_OK
        || ngx_conf_full_name(cf->cycle, &conf->web_root, 0) != NGX_OK
        || ngx_conf_full_name(cf->cycle, &conf->schema_dir, 0) != NGX_OK
        || ngx_conf_full_name(cf->cycle, &conf->template_dir, 0) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rv = ngx_tidraw_merge_base(cf, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_tidraw_site_add(cf, conf);
}


/*
 * "if" and "limit_except" make locations of their own out of a part of the
 * one around them, which serves what comes there.
 */

static void
ngx_tidraw_merge_noname(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *prev,
    ngx_tidraw_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->noname || prev->site == NULL) {
        return;
    }

    *conf = *prev;

    clcf->client_max_body_size = 0;

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = ngx_tidraw_http_handler;
    }
}


/* A value that no directive gave: the environment's, or the default. */

static char *
ngx_tidraw_merge_str(ngx_conf_t *cf, ngx_str_t *conf, const char *env,
    const char *value, void *check)
{
    char  *wrong;

    if (conf->data) {
        return NGX_CONF_OK;
    }

    if (ngx_tidraw_conf_env(cf, env, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (conf->data) {
        wrong = ngx_tidraw_value_text(cf, conf, check);

        if (wrong) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value of the environment variable "
                               "%s: %s", env, wrong);
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (value) {
        conf->data = (u_char *) value;
        conf->len = ngx_strlen(value);
    }

    return NGX_CONF_OK;
}


static char *
ngx_tidraw_merge_base(ngx_conf_t *cf, ngx_tidraw_loc_conf_t *conf)
{
    u_char                    *p;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

#if (NGX_PCRE)
    if (clcf->regex) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tidraw on\" cannot be used in a location given "
                           "by a regular expression");
        return NGX_CONF_ERROR;
    }
#endif

    if (clcf->exact_match || clcf->named || clcf->noname) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tidraw on\" needs a location given by a prefix "
                           "such as \"/\" or \"/boards/\"");
        return NGX_CONF_ERROR;
    }

    /* bodies have limits of their own, with errors in the form of the API */

    clcf->client_max_body_size = 0;

    conf->base = clcf->name;

    if (conf->base.len && conf->base.data[conf->base.len - 1] == '/') {
        /* nginx sends "/boards" to "/boards/" */
        clcf->auto_redirect = 1;
        return NGX_CONF_OK;
    }

    p = ngx_pnalloc(cf->pool, conf->base.len + 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(p, conf->base.data, conf->base.len);
    p[conf->base.len] = '/';

    conf->base.data = p;
    conf->base.len++;

    return NGX_CONF_OK;
}
