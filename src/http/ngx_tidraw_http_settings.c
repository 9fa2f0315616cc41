
/*
 * Settings, as administrators see them: each with its value and with where
 * that comes from.  Who may register can be changed here as long as neither a
 * directive nor the environment fixes it.  Of secrets only whether they are
 * there is told; the other rows of the table "settings" are nobody's business.
 */


#include "ngx_tidraw_http.h"


/* a name of DNS and an address of mail are at most 254 bytes each */

#define NGX_TIDRAW_SETTING_SMTP_LEN   544


typedef enum {
    NGX_TIDRAW_SETTING_TEXT = 0,
    NGX_TIDRAW_SETTING_SECRET,
    NGX_TIDRAW_SETTING_DATABASE,       /* its URL may hold a password */
    NGX_TIDRAW_SETTING_SMTP,           /* host, port, and the sender */
    NGX_TIDRAW_SETTING_SIZE,
    NGX_TIDRAW_SETTING_OFF,
    NGX_TIDRAW_SETTING_SEC,
    NGX_TIDRAW_SETTING_MSEC,
    NGX_TIDRAW_SETTING_NUMBER,
    NGX_TIDRAW_SETTING_FLAG,
    NGX_TIDRAW_SETTING_REGISTRATION
} ngx_tidraw_setting_e;


typedef struct {
    const char            *name;       /* of the directive, "tidraw_" */
    ngx_tidraw_setting_e   type;
    const char            *unit;       /* NULL: none */
    const char            *env;        /* NULL: none */
    const char            *other;      /* another variable, or NULL */
    size_t                 offset;
} ngx_tidraw_setting_t;


static void ngx_tidraw_settings_look(ngx_tidraw_loc_conf_t *conf);
static ngx_uint_t ngx_tidraw_settings_env(const char *name);
static void ngx_tidraw_settings_read(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static void ngx_tidraw_settings_set(ngx_tidraw_call_t *call,
    ngx_tidraw_op_t *op);
static ngx_uint_t ngx_tidraw_registration_value(ngx_str_t *name);
static void ngx_tidraw_settings_answer(ngx_tidraw_call_t *call,
    ngx_uint_t registration);
static void ngx_tidraw_json_setting(td_buf_t *b, ngx_tidraw_loc_conf_t *conf,
    ngx_uint_t n, ngx_uint_t registration);
static void ngx_tidraw_json_setting_value(td_buf_t *b,
    ngx_tidraw_loc_conf_t *conf, ngx_tidraw_setting_t *setting);
static void ngx_tidraw_json_smtp(td_buf_t *b, ngx_tidraw_smtp_t *smtp);
static void ngx_tidraw_json_word(td_buf_t *b, const char *name,
    const char *value);
static void ngx_tidraw_json_flag(td_buf_t *b, ngx_uint_t flag);


#define ngx_tidraw_setting(name, field, type, unit, env, other)               \
    { name, NGX_TIDRAW_SETTING_##type, unit, env, other,                      \
      offsetof(ngx_tidraw_loc_conf_t, field) }


static ngx_tidraw_setting_t  ngx_tidraw_settings[] = {

    /* the first one, see ngx_tidraw_registration_fixed() */
    ngx_tidraw_setting("registration", registration, REGISTRATION, NULL,
                       "REGISTRATION", NULL),

    ngx_tidraw_setting("public_url", public_url, TEXT, NULL,
                       "PUBLIC_URL", NULL),
    ngx_tidraw_setting("embed_origins", embed_origins, TEXT, NULL, NULL,
                       NULL),
    ngx_tidraw_setting("database", database, DATABASE, NULL,
                       "DATABASE_URL", NULL),
    ngx_tidraw_setting("redis", redis, SECRET, NULL, "REDIS_URL", NULL),
    ngx_tidraw_setting("smtp", smtp, SMTP, NULL, "SMTP_HOST", NULL),
    ngx_tidraw_setting("secret", secret, SECRET, NULL, "TIDRAW_SECRET",
                       "JWT_SECRET"),
    ngx_tidraw_setting("license_key", license_key, SECRET, NULL,
                       "TLDRAW_LICENSE_KEY", NULL),
    ngx_tidraw_setting("previews", previews, FLAG, NULL, "LINK_PREVIEWS",
                       NULL),
    ngx_tidraw_setting("state_dir", state_dir, TEXT, NULL, NULL, NULL),
    ngx_tidraw_setting("upload_dir", upload_dir, TEXT, NULL, "UPLOAD_DIR",
                       NULL),
    ngx_tidraw_setting("web", web_root, TEXT, NULL, NULL, NULL),
    ngx_tidraw_setting("schema", schema_dir, TEXT, NULL, NULL, NULL),
    ngx_tidraw_setting("templates", template_dir, TEXT, NULL, NULL, NULL),
    ngx_tidraw_setting("passwords", passwords, TEXT, NULL, NULL, NULL),
    ngx_tidraw_setting("bin_keep", bin_keep, SEC, "seconds", NULL, NULL),
    ngx_tidraw_setting("activity_keep", activity_keep, SEC, "seconds", NULL,
                       NULL),
    ngx_tidraw_setting("history", history, SEC, "seconds", NULL, NULL),
    ngx_tidraw_setting("file_keep", file_keep, SEC, "seconds", NULL, NULL),
    ngx_tidraw_setting("recheck", recheck, MSEC, "seconds", NULL, NULL),
    ngx_tidraw_setting("zone", zone, SIZE, "bytes", NULL, NULL),
    ngx_tidraw_setting("max_upload", max_upload, OFF, "bytes", NULL, NULL),
    ngx_tidraw_setting("max_pixels", max_pixels, OFF, "pixels", NULL, NULL),
    ngx_tidraw_setting("board_files", board_files, OFF, "bytes", NULL, NULL),
    ngx_tidraw_setting("user_files", user_files, OFF, "bytes", NULL, NULL),
    ngx_tidraw_setting("max_message", max_message, SIZE, "bytes", NULL, NULL),
    ngx_tidraw_setting("max_room", max_room, SIZE, "bytes", NULL, NULL),
    ngx_tidraw_setting("max_queue", max_queue, SIZE, "bytes", NULL, NULL),
    ngx_tidraw_setting("max_sessions", max_sessions, NUMBER, NULL, NULL, NULL)
};

/* at most 64: there is a bit for each in the configuration */

#define NGX_TIDRAW_SETTINGS                                                   \
    (sizeof(ngx_tidraw_settings) / sizeof(ngx_tidraw_setting_t))

static ngx_str_t  ngx_tidraw_registration_key = ngx_string("registration");

static ngx_str_t  ngx_tidraw_registrations[] = {
    ngx_string("open"), ngx_string("invite"), ngx_string("closed")
};


void
ngx_tidraw_settings_directives(ngx_tidraw_loc_conf_t *prev,
    ngx_tidraw_loc_conf_t *conf)
{
    /* the level of http is never merged itself */

    ngx_tidraw_settings_look(prev);
    ngx_tidraw_settings_look(conf);

    conf->directives |= prev->directives;
}


static void
ngx_tidraw_settings_look(ngx_tidraw_loc_conf_t *conf)
{
    char                  *p;
    ngx_uint_t             i, set;
    ngx_tidraw_setting_t  *setting;

    if (conf->looked) {
        return;
    }

    conf->looked = 1;

    for (i = 0; i < NGX_TIDRAW_SETTINGS; i++) {

        setting = &ngx_tidraw_settings[i];
        p = (char *) conf + setting->offset;

        switch (setting->type) {

        case NGX_TIDRAW_SETTING_SIZE:
            set = *(size_t *) p != NGX_CONF_UNSET_SIZE;
            break;

        case NGX_TIDRAW_SETTING_OFF:
            set = *(off_t *) p != NGX_CONF_UNSET;
            break;

        case NGX_TIDRAW_SETTING_SEC:
            set = *(time_t *) p != NGX_CONF_UNSET;
            break;

        case NGX_TIDRAW_SETTING_MSEC:
            set = *(ngx_msec_t *) p != NGX_CONF_UNSET_MSEC;
            break;

        case NGX_TIDRAW_SETTING_FLAG:
            set = *(ngx_flag_t *) p != NGX_CONF_UNSET;
            break;

        case NGX_TIDRAW_SETTING_NUMBER:
        case NGX_TIDRAW_SETTING_REGISTRATION:
            set = *(ngx_uint_t *) p != NGX_CONF_UNSET_UINT;
            break;

        case NGX_TIDRAW_SETTING_SMTP:
            set = *(ngx_tidraw_smtp_t **) p != NULL;
            break;

        default:
            set = ((ngx_str_t *) p)->data != NULL;
        }

        if (set) {
            conf->directives |= (uint64_t) 1 << i;
        }
    }
}


void
ngx_tidraw_settings_environment(ngx_tidraw_loc_conf_t *conf)
{
    ngx_uint_t             i;
    ngx_tidraw_setting_t  *setting;

    for (i = 0; i < NGX_TIDRAW_SETTINGS; i++) {

        setting = &ngx_tidraw_settings[i];

        if (ngx_tidraw_settings_env(setting->env)
            || ngx_tidraw_settings_env(setting->other))
        {
            conf->environment |= (uint64_t) 1 << i;
        }
    }

    conf->environment &= ~conf->directives;
}


static ngx_uint_t
ngx_tidraw_settings_env(const char *name)
{
    char  *value, file[64];

    if (name == NULL) {
        return 0;
    }

    value = getenv(name);

    if (value == NULL || *value == '\0') {
        (void) ngx_snprintf((u_char *) file, sizeof(file), "%s_FILE%Z", name);
        value = getenv(file);
    }

    return value != NULL && *value != '\0';
}


ngx_uint_t
ngx_tidraw_registration_fixed(ngx_tidraw_loc_conf_t *conf)
{
    return ((conf->directives | conf->environment) & 1) != 0;
}


void
ngx_tidraw_registration_step(ngx_tidraw_op_t *op)
{
    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SETTING_GET, "s",
                              &ngx_tidraw_registration_key);
}


ngx_uint_t
ngx_tidraw_registration(ngx_tidraw_loc_conf_t *conf, ngx_tidraw_result_t *res)
{
    ngx_str_t   name;
    ngx_uint_t  value;

    value = 0;

    if (!ngx_tidraw_registration_fixed(conf) && res->nrows != 0) {
        name = ngx_tidraw_cell_str(res, 0, 0);
        value = ngx_tidraw_registration_value(&name);
    }

    return value ? value : conf->registration;
}


ngx_str_t *
ngx_tidraw_registration_name(ngx_uint_t registration)
{
    return &ngx_tidraw_registrations[registration - 1];
}


static ngx_uint_t
ngx_tidraw_registration_value(ngx_str_t *name)
{
    ngx_uint_t  i;
    ngx_str_t  *s;

    for (i = NGX_TIDRAW_REGISTRATION_OPEN;
         i <= NGX_TIDRAW_REGISTRATION_CLOSED;
         i++)
    {
        s = ngx_tidraw_registration_name(i);

        if (s->len == name->len
            && ngx_memcmp(s->data, name->data, s->len) == 0)
        {
            return i;
        }
    }

    return 0;
}


void
ngx_tidraw_http_admin_settings(ngx_tidraw_call_t *call)
{
    ngx_tidraw_op_t  *op;

    op = ngx_tidraw_call_op(call, 0);
    if (op == NULL) {
        return;
    }

    ngx_tidraw_registration_step(op);

    ngx_tidraw_call_run(call, op, ngx_tidraw_settings_read);
}


static void
ngx_tidraw_settings_read(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    ngx_str_t  name;

    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_str_null(&name);

    if (op->results[0].nrows != 0) {
        name = ngx_tidraw_cell_str(&op->results[0], 0, 0);
    }

    ngx_tidraw_settings_answer(call, ngx_tidraw_registration_value(&name));
}


void
ngx_tidraw_http_admin_settings_patch(ngx_tidraw_call_t *call)
{
    u_char           *p;
    ngx_int_t         rc;
    ngx_str_t         value, target;
    ngx_uint_t        registration;
    ngx_tidraw_op_t  *op;

    rc = ngx_tidraw_field_text(call, "registration", 16, &value);

    if (rc == NGX_ERROR) {
        return;
    }

    registration = 0;

    if (rc == NGX_OK) {
        registration = ngx_tidraw_registration_value(&value);
    }

    if (registration == 0) {
        ngx_tidraw_call_bad_field(call, "registration",
                                  "Registration is open, invite or closed.");
        return;
    }

    if (ngx_tidraw_registration_fixed(call->conf)) {
        call->field = "registration";
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_CONFLICT,
                              "The configuration of the server fixes this"
                              " setting.");
        return;
    }

    p = ngx_pnalloc(call->request->pool,
                    ngx_tidraw_registration_key.len + 1 + value.len);
    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    target.data = p;
    target.len = ngx_sprintf(p, "%V %V", &ngx_tidraw_registration_key, &value)
                 - p;

    op = ngx_tidraw_call_op(call, 1);
    if (op == NULL) {
        return;
    }

    (void) ngx_tidraw_op_step(op, NGX_TIDRAW_STMT_SETTING_PUT, "ss",
                              &ngx_tidraw_registration_key, &value);
    ngx_tidraw_call_activity(call, op, "admin.settings", NULL, &target);

    call->state = ngx_tidraw_registration_name(registration);

    ngx_tidraw_call_run(call, op, ngx_tidraw_settings_set);
}


static void
ngx_tidraw_settings_set(ngx_tidraw_call_t *call, ngx_tidraw_op_t *op)
{
    if (op->rc != NGX_OK) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return;
    }

    ngx_tidraw_settings_answer(call,
                               ngx_tidraw_registration_value(call->state));
}


/* registration: what the database says, 0 for nothing. */

static void
ngx_tidraw_settings_answer(ngx_tidraw_call_t *call, ngx_uint_t registration)
{
    td_buf_t    *b;
    ngx_uint_t   i;

    b = &call->out;

    if (ngx_tidraw_registration_fixed(call->conf)) {
        registration = 0;
    }

    td_buf_lit(b, "{\"settings\":[");

    for (i = 0; i < NGX_TIDRAW_SETTINGS; i++) {

        if (i != 0) {
            td_buf_char(b, ',');
        }

        ngx_tidraw_json_setting(b, call->conf, i, registration);
    }

    td_buf_lit(b, "],\"license\":{\"present\":");
    ngx_tidraw_json_flag(b, call->conf->license_key.len != 0);
    td_buf_lit(b, "}}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


static void
ngx_tidraw_json_setting(td_buf_t *b, ngx_tidraw_loc_conf_t *conf,
    ngx_uint_t n, ngx_uint_t registration)
{
    const char            *source;
    ngx_uint_t             open;
    ngx_tidraw_setting_t  *setting;

    setting = &ngx_tidraw_settings[n];
    open = setting->type == NGX_TIDRAW_SETTING_REGISTRATION;

    td_buf_char(b, '{');
    ngx_tidraw_json_word(b, "name", setting->name);
    td_buf_lit(b, ",\"value\":");

    if (open) {
        ngx_tidraw_json_str(b, ngx_tidraw_registration_name(
                                   registration ? registration
                                                : conf->registration));
    } else {
        ngx_tidraw_json_setting_value(b, conf, setting);
    }

    if ((conf->directives >> n) & 1) {
        source = "directive";

    } else if ((conf->environment >> n) & 1) {
        source = "environment";

    } else if (open && registration) {
        source = "database";

    } else {
        source = "default";
    }

    td_buf_lit(b, ",\"secret\":");
    ngx_tidraw_json_flag(b, setting->type == NGX_TIDRAW_SETTING_SECRET);
    td_buf_char(b, ',');
    ngx_tidraw_json_word(b, "unit", setting->unit);
    td_buf_char(b, ',');
    ngx_tidraw_json_word(b, "environment", setting->env);
    td_buf_char(b, ',');
    ngx_tidraw_json_word(b, "source", source);
    td_buf_lit(b, ",\"editable\":");
    ngx_tidraw_json_flag(b, open && !ngx_tidraw_registration_fixed(conf));
    td_buf_char(b, '}');
}


static void
ngx_tidraw_json_setting_value(td_buf_t *b, ngx_tidraw_loc_conf_t *conf,
    ngx_tidraw_setting_t *setting)
{
    char       *p;
    ngx_str_t  *s;

    p = (char *) conf + setting->offset;
    s = (ngx_str_t *) p;

    switch (setting->type) {

    case NGX_TIDRAW_SETTING_SIZE:
        td_buf_uint(b, *(size_t *) p);
        return;

    case NGX_TIDRAW_SETTING_OFF:
        ngx_tidraw_json_int(b, *(off_t *) p);
        return;

    case NGX_TIDRAW_SETTING_SEC:
        ngx_tidraw_json_int(b, *(time_t *) p);
        return;

    case NGX_TIDRAW_SETTING_MSEC:
        td_buf_uint(b, *(ngx_msec_t *) p / 1000);
        return;

    case NGX_TIDRAW_SETTING_NUMBER:
    case NGX_TIDRAW_SETTING_REGISTRATION:
        td_buf_uint(b, *(ngx_uint_t *) p);
        return;

    case NGX_TIDRAW_SETTING_FLAG:
        ngx_tidraw_json_flag(b, *(ngx_flag_t *) p);
        return;

    case NGX_TIDRAW_SETTING_SECRET:
        ngx_tidraw_json_flag(b, s->len != 0
                                && (s->len != 3
                                    || ngx_memcmp(s->data, "off", 3) != 0));
        return;

    case NGX_TIDRAW_SETTING_SMTP:
        ngx_tidraw_json_smtp(b, *(ngx_tidraw_smtp_t **) p);
        return;

    case NGX_TIDRAW_SETTING_DATABASE:

        if (s->len < 7 || ngx_memcmp(s->data, "sqlite:", 7) != 0) {
            td_buf_lit(b, "\"postgresql\"");
            return;
        }

        break;

    default:
        break;
    }

    if (s->len != 0 && ngx_tidraw_text_valid(s)) {
        ngx_tidraw_json_str(b, s);
    } else {
        td_buf_lit(b, "null");
    }
}


/* Who signs in there, and with what, is nobody's business. */

static void
ngx_tidraw_json_smtp(td_buf_t *b, ngx_tidraw_smtp_t *smtp)
{
    u_char     *p;
    ngx_str_t   text;
    u_char      buf[NGX_TIDRAW_SETTING_SMTP_LEN];

    if (smtp == NULL || smtp->host.len == 0) {
        td_buf_lit(b, "null");
        return;
    }

    p = ngx_snprintf(buf, sizeof(buf), "%V:%ui, from %V", &smtp->host,
                     smtp->port, &smtp->from);

    text.data = buf;
    text.len = p - buf;

    if (ngx_tidraw_text_valid(&text)) {
        ngx_tidraw_json_str(b, &text);
    } else {
        td_buf_lit(b, "null");
    }
}


static void
ngx_tidraw_json_word(td_buf_t *b, const char *name, const char *value)
{
    td_buf_char(b, '"');
    td_buf_add(b, name, ngx_strlen(name));
    td_buf_lit(b, "\":");

    if (value == NULL) {
        td_buf_lit(b, "null");
        return;
    }

    td_buf_char(b, '"');
    td_buf_add(b, value, ngx_strlen(value));
    td_buf_char(b, '"');
}


static void
ngx_tidraw_json_flag(td_buf_t *b, ngx_uint_t flag)
{
    if (flag) {
        td_buf_lit(b, "true");
    } else {
        td_buf_lit(b, "false");
    }
}
