
/*
 * Fields of a JSON body, checked one by one.  What leaves here is safe for
 * the database: UTF-8 without NUL and without surrogates, within its limits.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <math.h>

#include "ngx_tidraw_common.h"
#include "ngx_tidraw_http.h"
#include "td_utf8.h"


#define NGX_TIDRAW_FIELD_NAME       100       /* characters */
#define NGX_TIDRAW_FIELD_EMAIL      254       /* bytes */
#define NGX_TIDRAW_FIELD_PASSWORD   256       /* characters */
#define NGX_TIDRAW_FIELD_TIME       8.64e15   /* the last one of JavaScript */


static ngx_int_t ngx_tidraw_field_string(ngx_tidraw_call_t *call,
    const char *field, ngx_uint_t optional, ngx_str_t *value);
static td_json_t *ngx_tidraw_field_get(ngx_tidraw_call_t *call,
    const char *field);
static ngx_int_t ngx_tidraw_field_next(u_char **p, u_char *last,
    uint32_t *code);
static ngx_int_t ngx_tidraw_field_count(ngx_str_t *s, ngx_uint_t *n);
static ngx_uint_t ngx_tidraw_field_blank(uint32_t c);
static ngx_uint_t ngx_tidraw_field_control(uint32_t c);


static td_json_t *
ngx_tidraw_field_get(ngx_tidraw_call_t *call, const char *field)
{
    td_str_t    key;
    td_json_t  *v;

    key.data = field;
    key.len = ngx_strlen(field);

    v = td_json_get(call->body, key);

    return v != NULL && v->type == TD_NULL ? NULL : v;
}


ngx_uint_t
ngx_tidraw_field_null(ngx_tidraw_call_t *call, const char *field)
{
    td_str_t    key;
    td_json_t  *v;

    key.data = field;
    key.len = ngx_strlen(field);

    v = td_json_get(call->body, key);

    return v != NULL && v->type == TD_NULL;
}


/* Absent and null are the same. */

static ngx_int_t
ngx_tidraw_field_string(ngx_tidraw_call_t *call, const char *field,
    ngx_uint_t optional, ngx_str_t *value)
{
    td_json_t   *v;
    ngx_uint_t   n;

    ngx_str_null(value);

    v = ngx_tidraw_field_get(call, field);

    if (v == NULL) {
        if (optional) {
            return NGX_DECLINED;
        }

        ngx_tidraw_call_bad_field(call, field, "A field is missing.");
        return NGX_ERROR;
    }

    if (v->type != TD_STRING) {
        ngx_tidraw_call_bad_field(call, field, "The field must be a text.");
        return NGX_ERROR;
    }

    value->len = v->u.string.len;
    value->data = (u_char *) v->u.string.data;

    if (ngx_tidraw_field_count(value, &n) != NGX_OK) {
        ngx_tidraw_call_bad_field(call, field,
                                  "The text holds characters that cannot be"
                                  " stored.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_field_name(ngx_tidraw_call_t *call, const char *field,
    ngx_uint_t optional, ngx_str_t *value)
{
    ngx_int_t  rc;

    rc = ngx_tidraw_field_string(call, field, optional, value);

    return rc == NGX_OK ? ngx_tidraw_check_name(call, field, value) : rc;
}


ngx_int_t
ngx_tidraw_check_name(ngx_tidraw_call_t *call, const char *field,
    ngx_str_t *value)
{
    char  *wrong;

    wrong = ngx_tidraw_text_name(value);

    if (wrong) {
        ngx_tidraw_call_bad_field(call, field, wrong);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_tidraw_text_name(ngx_str_t *value)
{
    u_char      *p, *last, *start, *end;
    uint32_t     c;
    ngx_uint_t   n, count;

    p = value->data;
    last = p + value->len;
    start = NULL;
    end = p;
    n = 0;
    count = 0;

    while (p < last && ngx_tidraw_field_next(&p, last, &c) == NGX_OK) {

        if (ngx_tidraw_field_control(c)) {
            return "The name holds control characters.";
        }

        if (ngx_tidraw_field_blank(c)) {
            if (start != NULL) {
                n++;
            }

            continue;
        }

        if (start == NULL) {
            start = p - (c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        }

        n++;
        count = n;
        end = p;
    }

    if (p < last || count < 1 || count > NGX_TIDRAW_FIELD_NAME) {
        return "A name has 1 to 100 characters.";
    }

    value->data = start;
    value->len = end - start;

    return NULL;
}


ngx_int_t
ngx_tidraw_field_email(ngx_tidraw_call_t *call, const char *field,
    ngx_uint_t optional, ngx_str_t *value)
{
    char       *wrong;
    u_char     *lower;
    ngx_int_t   rc;

    rc = ngx_tidraw_field_string(call, field, optional, value);
    if (rc != NGX_OK) {
        return rc;
    }

    wrong = ngx_tidraw_text_email(value);

    if (wrong) {
        ngx_tidraw_call_bad_field(call, field, wrong);
        return NGX_ERROR;
    }

    lower = ngx_pnalloc(call->request->pool, value->len);
    if (lower == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    ngx_strlow(lower, value->data, value->len);
    value->data = lower;

    return NGX_OK;
}


char *
ngx_tidraw_text_email(ngx_str_t *value)
{
    u_char  *p;
    size_t   i, at;

    while (value->len != 0 && value->data[0] == ' ') {
        value->data++;
        value->len--;
    }

    while (value->len != 0 && value->data[value->len - 1] == ' ') {
        value->len--;
    }

    p = value->data;
    at = 0;

    for (i = 0; i < value->len; i++) {

        if (p[i] <= 0x20 || p[i] >= 0x7f
            || ngx_strchr("()<>,;:\\\"[]", p[i]) != NULL)
        {
            goto invalid;
        }

        if (p[i] == '@') {
            if (i == 0 || at != 0) {
                goto invalid;
            }

            at = i;

        } else if (p[i] == '.') {
            if (i == 0 || p[i - 1] == '.' || p[i - 1] == '@'
                || i + 1 == value->len || p[i + 1] == '@')
            {
                goto invalid;
            }
        }
    }

    /* a host without a dot is fine in a local network */

    if (at == 0 || at > 64 || at + 1 >= value->len
        || value->len > NGX_TIDRAW_FIELD_EMAIL)
    {
        goto invalid;
    }

    return NULL;

invalid:

    return "This is no e-mail address.";
}


ngx_int_t
ngx_tidraw_field_password(ngx_tidraw_call_t *call, const char *field,
    ngx_str_t *value)
{
    char       *wrong;
    ngx_int_t   rc;

    rc = ngx_tidraw_field_string(call, field, 0, value);
    if (rc != NGX_OK) {
        return rc;
    }

    wrong = ngx_tidraw_text_password(value);

    if (wrong) {
        ngx_tidraw_call_bad_field(call, field, wrong);
        return NGX_ERROR;
    }

    if (ngx_tidraw_common_has(&call->site->common, value)) {
        call->field = field;
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_WEAK_PASSWORD, NULL);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_tidraw_text_password(ngx_str_t *value)
{
    ngx_uint_t  n;

    if (ngx_tidraw_field_count(value, &n) != NGX_OK
        || n < 8 || n > NGX_TIDRAW_FIELD_PASSWORD)
    {
        return "A password has 8 to 256 characters.";
    }

    return NULL;
}


ngx_int_t
ngx_tidraw_field_color(ngx_tidraw_call_t *call, const char *field,
    ngx_str_t *value)
{
    u_char     *p;
    size_t      i;
    ngx_int_t   rc;

    rc = ngx_tidraw_field_string(call, field, 1, value);
    if (rc != NGX_OK) {
        return rc;
    }

    if (value->len != 7 || value->data[0] != '#') {
        goto invalid;
    }

    for (i = 1; i < 7; i++) {
        p = &value->data[i];

        if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f')
              || (*p >= 'A' && *p <= 'F')))
        {
            goto invalid;
        }
    }

    p = ngx_pnalloc(call->request->pool, 7);
    if (p == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    ngx_strlow(p, value->data, 7);
    value->data = p;

    return NGX_OK;

invalid:

    ngx_tidraw_call_bad_field(call, field, "A color has the form #rrggbb.");

    return NGX_ERROR;
}


ngx_int_t
ngx_tidraw_field_text(ngx_tidraw_call_t *call, const char *field, size_t max,
    ngx_str_t *value)
{
    ngx_int_t  rc;

    rc = ngx_tidraw_field_string(call, field, 1, value);

    if (rc == NGX_OK && value->len > max) {
        ngx_tidraw_call_bad_field(call, field, "The text is too long.");
        return NGX_ERROR;
    }

    return rc;
}


ngx_int_t
ngx_tidraw_field_role(ngx_tidraw_call_t *call, ngx_tidraw_role_e highest,
    ngx_tidraw_role_e *role)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_tidraw_field_string(call, "role", 0, &value);
    if (rc != NGX_OK) {
        return rc;
    }

    *role = ngx_tidraw_role_parse(&value);

    if (*role == NGX_TIDRAW_ROLE_NONE || *role > highest) {
        ngx_tidraw_call_bad_field(call, "role",
                                  highest == NGX_TIDRAW_ROLE_OWNER
                                  ? "A role is owner, editor or viewer."
                                  : "The role is editor or viewer.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_tidraw_field_time(ngx_tidraw_call_t *call, const char *field,
    int64_t *value)
{
    double      n;
    td_json_t  *v;

    *value = 0;

    v = ngx_tidraw_field_get(call, field);

    if (v == NULL) {
        return NGX_DECLINED;
    }

    n = v->type == TD_NUMBER ? v->u.number : -1;

    /* also false for what is no finite number */

    if (!(n >= 0 && n <= NGX_TIDRAW_FIELD_TIME) || floor(n) != n) {
        ngx_tidraw_call_bad_field(call, field,
                                  "A time is a number of milliseconds since"
                                  " 1970.");
        return NGX_ERROR;
    }

    *value = (int64_t) n;

    return NGX_OK;
}


/*
 * Characters, and whether they may be stored: decoded escapes can have made a
 * NUL or half of a surrogate pair.
 */

static ngx_int_t
ngx_tidraw_field_count(ngx_str_t *s, ngx_uint_t *n)
{
    u_char    *p, *last;
    uint32_t   c;

    p = s->data;
    last = p + s->len;
    *n = 0;

    while (p < last) {
        if (ngx_tidraw_field_next(&p, last, &c) != NGX_OK
            || c == 0 || (c >= 0xd800 && c <= 0xdfff))
        {
            return NGX_ERROR;
        }

        (*n)++;
    }

    return NGX_OK;
}


/* The text of the body was checked to be UTF-8; only lengths matter here. */

static ngx_int_t
ngx_tidraw_field_next(u_char **p, u_char *last, uint32_t *code)
{
    u_char      *s;
    uint32_t     c;
    ngx_uint_t   i, n;

    s = *p;
    c = *s++;

    if (c < 0x80) {
        n = 0;

    } else if (c < 0xe0) {
        n = 1;
        c &= 0x1f;

    } else if (c < 0xf0) {
        n = 2;
        c &= 0x0f;

    } else {
        n = 3;
        c &= 0x07;
    }

    if ((size_t) (last - s) < n) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        c = c << 6 | (*s++ & 0x3f);
    }

    *p = s;
    *code = c;

    return NGX_OK;
}


ngx_uint_t
ngx_tidraw_text_plain(ngx_str_t *s)
{
    u_char      *p, *last;
    uint32_t     c;
    ngx_uint_t   n;

    if (!ngx_tidraw_text_valid(s) || ngx_tidraw_field_count(s, &n) != NGX_OK) {
        return 0;
    }

    p = s->data;
    last = p + s->len;

    while (p < last) {

        if (ngx_tidraw_field_next(&p, last, &c) != NGX_OK
            || ngx_tidraw_field_control(c))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_tidraw_field_blank(uint32_t c)
{
    return c == 0x20 || c == 0xa0 || c == 0x1680
           || (c >= 0x2000 && c <= 0x200b) || c == 0x202f || c == 0x205f
           || c == 0x3000 || c == 0xfeff;
}


/* Also what would turn the direction of the text around a name. */

static ngx_uint_t
ngx_tidraw_field_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f)
           || c == 0x2028 || c == 0x2029
           || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}


ngx_int_t
ngx_tidraw_arg_text(ngx_tidraw_call_t *call, const char *name,
    ngx_str_t *value)
{
    u_char     *dst, *src;
    size_t      i;
    ngx_str_t   arg;

    ngx_str_null(value);

    if (ngx_http_arg(call->request, (u_char *) name, ngx_strlen(name), &arg)
        != NGX_OK
        || arg.len == 0)
    {
        return NGX_DECLINED;
    }

    value->data = ngx_pnalloc(call->request->pool, arg.len);

    if (value->data == NULL) {
        ngx_tidraw_call_error(call, NGX_TIDRAW_ERROR_INTERNAL, NULL);
        return NGX_ERROR;
    }

    for (i = 0; i < arg.len; i++) {
        value->data[i] = arg.data[i] == '+' ? ' ' : arg.data[i];
    }

    src = value->data;
    dst = value->data;
    ngx_unescape_uri(&dst, &src, arg.len, 0);
    value->len = dst - value->data;

    if (!ngx_tidraw_text_valid(value)) {
        ngx_tidraw_call_bad_field(call, name, "The text is not UTF-8.");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_tidraw_text_valid(ngx_str_t *s)
{
    td_utf8_t  utf8;

    ngx_memzero(&utf8, sizeof(td_utf8_t));

    return td_utf8_feed(&utf8, s->data, s->len) == TD_OK
           && td_utf8_complete(&utf8)
           && ngx_strlchr(s->data, s->data + s->len, '\0') == NULL;
}
