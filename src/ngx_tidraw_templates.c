
/*
 * Templates of new boards: files of the folder tidraw_templates, read with
 * the configuration and kept as long as it lasts.  A file that the schema
 * descriptions do not allow is left out, so that no board begins broken.
 */


#include "ngx_tidraw_conf.h"
#include "td_import.h"


static char *ngx_tidraw_template_add(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *path, ngx_str_t *text, td_arena_t *arena);
static ngx_int_t ngx_tidraw_template_text(ngx_pool_t *pool, td_json_t *from,
    const char *name, ngx_str_t *value);
static int ngx_libc_cdecl ngx_tidraw_template_cmp(const void *one,
    const void *two);


char *
ngx_tidraw_templates_load(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *dir)
{
    char        *rv;
    ngx_str_t    path, text;
    ngx_glob_t   gl;
    td_arena_t  *arena;

    if (ngx_array_init(&site->templates, cf->pool, 16,
                       sizeof(ngx_tidraw_template_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    path.len = dir->len + sizeof("/*.json") - 1;
    path.data = ngx_pnalloc(cf->pool, path.len + 1);

    arena = td_arena_create(65536, 0);

    if (path.data == NULL || arena == NULL) {
        td_arena_destroy(arena);
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf(path.data, "%V/*.json%Z", dir);

    ngx_memzero(&gl, sizeof(ngx_glob_t));
    gl.pattern = path.data;
    gl.log = cf->log;
    gl.test = 1;

    rv = NGX_CONF_OK;

    if (ngx_open_glob(&gl) == NGX_OK) {

        while (rv == NGX_CONF_OK && ngx_read_glob(&gl, &path) == NGX_OK) {
            rv = ngx_tidraw_conf_file(cf, cf->pool,
                                      "a template of \"tidraw_templates\"",
                                      &path, &text);

            if (rv == NGX_CONF_OK) {
                td_arena_reset(arena);
                rv = ngx_tidraw_template_add(cf, site, &path, &text, arena);
            }
        }

        ngx_close_glob(&gl);
    }

    td_arena_destroy(arena);

    ngx_qsort(site->templates.elts, site->templates.nelts,
              sizeof(ngx_tidraw_template_t), ngx_tidraw_template_cmp);

    return rv;
}


static char *
ngx_tidraw_template_add(ngx_conf_t *cf, ngx_tidraw_site_t *site,
    ngx_str_t *path, ngx_str_t *text, td_arena_t *arena)
{
    int                       rc;
    td_str_t                  schema;
    td_json_t                *root, *about, *order;
    ngx_str_t                 id;
    ngx_uint_t                i;
    td_import_t               im;
    td_import_record_t       *record;
    ngx_tidraw_template_t    *t, new;

    ngx_memzero(&new, sizeof(ngx_tidraw_template_t));

    rc = td_import(&im, arena, (char *) text->data, text->len,
                   site->schemas.elts, site->schemas.nelts, 0);

    if (rc == TD_BAD && im.field != NULL) {

        /* this site is for other clients */

        return NGX_CONF_OK;
    }

    if (rc != TD_OK
        || td_json_parse(arena, (char *) text->data, text->len, 100, &root)
           != TD_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid template \"%V\": %s", path,
                           rc == TD_NOMEM ? "no memory" : im.error);
        return NGX_CONF_ERROR;
    }

    about = td_json_get_lit(root, "template");
    order = td_json_get_lit(about, "order");

    if (ngx_tidraw_template_text(cf->pool, about, "id", &new.id) != NGX_OK
        || ngx_tidraw_template_text(cf->pool, about, "locale", &new.locale)
           != NGX_OK
        || ngx_tidraw_template_text(cf->pool, about, "name", &new.name)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "template \"%V\" does not say its id, locale and"
                           " name", path);
        return NGX_CONF_ERROR;
    }

    if (order != NULL && order->type == TD_NUMBER) {
        new.order = (ngx_int_t) ngx_min(ngx_max(order->u.number, 0), 1000);
    }

    new.nrecords = im.nrecords;
    new.records = ngx_palloc(cf->pool, (im.nrecords + 1) * 2
                                       * sizeof(ngx_str_t));

    if (new.records == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0, record = im.records; record; record = record->next, i += 2) {
        id.data = (u_char *) record->id.data;
        id.len = record->id.len;

        new.records[i].len = id.len;
        new.records[i].data = ngx_pstrdup(cf->pool, &id);

        if (new.records[i].data == NULL) {
            return NGX_CONF_ERROR;
        }

        new.records[i + 1].data = (u_char *) record->text.data;
        new.records[i + 1].len = record->text.len;
    }

    if (im.nrecords) {
        schema = td_schema_serialized(im.schema);
        new.schema.data = (u_char *) schema.data;
        new.schema.len = schema.len;
    }

    t = ngx_array_push(&site->templates);
    if (t == NULL) {
        return NGX_CONF_ERROR;
    }

    *t = new;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_tidraw_template_text(ngx_pool_t *pool, td_json_t *from, const char *name,
    ngx_str_t *value)
{
    td_str_t    key;
    td_json_t  *v;
    ngx_str_t   s;

    key.data = name;
    key.len = ngx_strlen(name);

    v = from ? td_json_get(from, key) : NULL;

    if (v == NULL || v->type != TD_STRING || v->u.string.len == 0
        || v->u.string.len > 100)
    {
        return NGX_ERROR;
    }

    s.data = (u_char *) v->u.string.data;
    s.len = v->u.string.len;

    value->len = s.len;
    value->data = ngx_pstrdup(pool, &s);

    return value->data ? NGX_OK : NGX_ERROR;
}


static int ngx_libc_cdecl
ngx_tidraw_template_cmp(const void *one, const void *two)
{
    const ngx_tidraw_template_t  *first, *second;

    first = one;
    second = two;

    if (first->order != second->order) {
        return first->order < second->order ? -1 : 1;
    }

    return ngx_memn2cmp(first->id.data, second->id.data, first->id.len,
                        second->id.len);
}
