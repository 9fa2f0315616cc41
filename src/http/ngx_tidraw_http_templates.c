
/*
 * Templates in the API: which there are, in somebody's language.
 */


#include "ngx_tidraw_http_room.h"


static ngx_uint_t ngx_tidraw_template_is(ngx_tidraw_template_t *t,
    ngx_str_t *id, ngx_str_t *locale);
static void ngx_tidraw_template_locale(ngx_tidraw_call_t *call,
    ngx_str_t *locale);


void
ngx_tidraw_http_templates(ngx_tidraw_call_t *call)
{
    td_buf_t               *b;
    ngx_uint_t              i, n;
    ngx_tidraw_template_t  *t;

    b = &call->out;
    t = call->site->templates.elts;
    n = 0;

    td_buf_lit(b, "{\"templates\":[");

    for (i = 0; i < call->site->templates.nelts; i++) {

        if (&t[i] != ngx_tidraw_template_find(call, &t[i].id)) {
            continue;
        }

        if (n++) {
            td_buf_char(b, ',');
        }

        td_buf_lit(b, "{\"id\":");
        ngx_tidraw_json_str(b, &t[i].id);
        td_buf_lit(b, ",\"name\":");
        ngx_tidraw_json_str(b, &t[i].name);
        td_buf_char(b, '}');
    }

    td_buf_lit(b, "]}");

    ngx_tidraw_call_answer(call, NGX_HTTP_OK);
}


ngx_tidraw_template_t *
ngx_tidraw_template_find(ngx_tidraw_call_t *call, ngx_str_t *id)
{
    ngx_str_t               locale;
    ngx_uint_t              i;
    ngx_tidraw_template_t  *t, *found;

    static ngx_str_t        english = ngx_string("en");

    ngx_tidraw_template_locale(call, &locale);

    t = call->site->templates.elts;
    found = NULL;

    for (i = 0; i < call->site->templates.nelts; i++) {

        if (ngx_tidraw_template_is(&t[i], id, &locale)) {
            return &t[i];
        }

        if (ngx_tidraw_template_is(&t[i], id, &english)) {
            found = &t[i];
        }
    }

    return found;
}


static ngx_uint_t
ngx_tidraw_template_is(ngx_tidraw_template_t *t, ngx_str_t *id,
    ngx_str_t *locale)
{
    return t->id.len == id->len
           && ngx_memcmp(t->id.data, id->data, id->len) == 0
           && t->locale.len == locale->len
           && ngx_memcmp(t->locale.data, locale->data, locale->len) == 0;
}


/* As ?locale= says, which may name a region, too. */

static void
ngx_tidraw_template_locale(ngx_tidraw_call_t *call, ngx_str_t *locale)
{
    u_char  *p;

    if (ngx_http_arg(call->request, (u_char *) "locale", 6, locale) != NGX_OK)
    {
        ngx_str_set(locale, "en");
        return;
    }

    p = ngx_strlchr(locale->data, locale->data + locale->len, '-');

    if (p != NULL) {
        locale->len = p - locale->data;
    }
}
