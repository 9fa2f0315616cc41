
/*
 * The head of a page: a tokenizer of HTML that knows tags, attributes,
 * comments, and the elements whose content is no markup.  It remembers where
 * the texts stand; td_preview_text.c makes them fit to be shown.
 */


#include "td_preview_text.h"


typedef struct {
    const char   *p;
    const char   *last;
} td_html_t;


/* What counts of the attributes of a tag; data NULL: it has none. */

typedef struct {
    td_str_t      name;
    td_str_t      property;
    td_str_t      content;
    td_str_t      charset;
    td_str_t      equiv;
} td_html_attrs_t;


/* Best first. */

enum {
    TD_PREVIEW_OG = 0,
    TD_PREVIEW_TWITTER,
    TD_PREVIEW_PLAIN,
    TD_PREVIEW_SOURCES
};


typedef struct {
    td_str_t      titles[TD_PREVIEW_SOURCES];
    td_str_t      descriptions[TD_PREVIEW_SOURCES];
    td_str_t      charset;              /* that a meta element names */
} td_preview_found_t;


static int td_preview_tag(td_html_t *s, td_preview_found_t *found);
static void td_preview_meta(td_preview_found_t *found, td_str_t name,
    td_str_t content);
static void td_preview_keep(td_str_t *place, td_str_t value);
static int td_html_markup(td_html_t *s);
static void td_html_skip(td_html_t *s, const char *what);
static td_str_t td_html_name(td_html_t *s);
static void td_html_attrs(td_html_t *s, td_html_attrs_t *attrs);
static td_str_t td_html_value(td_html_t *s);
static td_str_t td_html_raw(td_html_t *s, td_str_t name);
static void td_html_blank(td_html_t *s);
static int td_html_is_blank(char c);
static td_str_t td_preview_charset(td_str_t type);


/* Their content ends at their end tag and nowhere else. */

static const char *const  td_html_raw_names[] = {
    "title", "script", "style", "textarea", "xmp", "iframe", "noembed",
    "noframes", NULL
};


int
td_preview_html(td_str_t type)
{
    size_t  i;

    for (i = 0; i < type.len; i++) {
        if (type.data[i] == ';' || td_html_is_blank(type.data[i])) {
            break;
        }
    }

    type.len = i;

    return td_text_is(type, "text/html")
           || td_text_is(type, "application/xhtml+xml");
}


int
td_preview_complete(const char *html, size_t len, size_t from)
{
    td_str_t  end;

    end.len = sizeof("</head") - 1;

    /* it may stand across the border */

    from = from > end.len ? from - end.len : 0;

    for ( ; from + end.len <= len; from++) {
        end.data = html + from;

        if (html[from] == '<' && td_text_is(end, "</head")) {
            return 1;
        }
    }

    return 0;
}


void
td_preview_parse(td_preview_t *pv, const char *html, size_t len,
    td_str_t type)
{
    size_t              i;
    td_str_t            page, *charset;
    td_html_t           s;
    td_charset_e        in;
    td_preview_found_t  found;

    memset(pv, 0, sizeof(td_preview_t));
    memset(&found, 0, sizeof(td_preview_found_t));

    page.data = html;
    page.len = len;

    s.p = html;
    s.last = html + len;

    while (s.p < s.last) {

        s.p = memchr(s.p, '<', (size_t) (s.last - s.p));

        if (s.p == NULL) {
            break;
        }

        s.p++;

        if (td_html_markup(&s)) {
            continue;
        }

        if (!td_preview_tag(&s, &found)) {
            break;
        }
    }

    type = td_preview_charset(type);
    charset = type.len ? &type : &found.charset;

    in = td_text_charset(page, *charset);

    for (i = 0; i < TD_PREVIEW_SOURCES && pv->title_len == 0; i++) {
        pv->title_len = td_text_clean(pv->title, TD_PREVIEW_TITLE,
                                      found.titles[i], in);
    }

    for (i = 0; i < TD_PREVIEW_SOURCES && pv->description_len == 0; i++) {
        pv->description_len = td_text_clean(pv->description,
                                            TD_PREVIEW_DESCRIPTION,
                                            found.descriptions[i], in);
    }
}


/* What is no element: 1, and it has been skipped. */

static int
td_html_markup(td_html_t *s)
{
    char  c;

    if (s->p == s->last) {
        return 1;
    }

    c = *s->p;

    if (c == '!') {
        s->p++;

        if (s->last - s->p >= 2 && s->p[0] == '-' && s->p[1] == '-') {
            td_html_skip(s, "-->");

        } else {
            td_html_skip(s, ">");
        }

        return 1;
    }

    if (c == '?') {
        td_html_skip(s, ">");
        return 1;
    }

    if (c == '/') {
        return 0;
    }

    /* a "<" of a text, else */

    c |= 0x20;

    return c < 'a' || c > 'z';
}


/* 0: the head is over. */

static int
td_preview_tag(td_html_t *s, td_preview_found_t *found)
{
    size_t           i;
    td_str_t         name, text;
    td_html_attrs_t  attrs;

    if (*s->p == '/') {
        s->p++;
        name = td_html_name(s);
        td_html_skip(s, ">");

        return !td_text_is(name, "head");
    }

    name = td_html_name(s);
    td_html_attrs(s, &attrs);

    if (td_text_is(name, "body")) {
        return 0;
    }

    if (td_text_is(name, "meta")) {
        td_preview_keep(&found->charset, attrs.charset);

        if (td_text_is(attrs.equiv, "content-type")) {
            td_preview_keep(&found->charset,
                            td_preview_charset(attrs.content));
        }

        td_preview_meta(found, attrs.name, attrs.content);
        td_preview_meta(found, attrs.property, attrs.content);

        return 1;
    }

    for (i = 0; td_html_raw_names[i] != NULL; i++) {

        if (td_text_is(name, td_html_raw_names[i])) {
            text = td_html_raw(s, name);

            if (i == 0) {
                td_preview_keep(&found->titles[TD_PREVIEW_PLAIN], text);
            }

            break;
        }
    }

    return 1;
}


static void
td_preview_meta(td_preview_found_t *found, td_str_t name, td_str_t content)
{
    if (td_text_is(name, "og:title")) {
        td_preview_keep(&found->titles[TD_PREVIEW_OG], content);

    } else if (td_text_is(name, "twitter:title")) {
        td_preview_keep(&found->titles[TD_PREVIEW_TWITTER], content);

    } else if (td_text_is(name, "og:description")) {
        td_preview_keep(&found->descriptions[TD_PREVIEW_OG], content);

    } else if (td_text_is(name, "twitter:description")) {
        td_preview_keep(&found->descriptions[TD_PREVIEW_TWITTER], content);

    } else if (td_text_is(name, "description")) {
        td_preview_keep(&found->descriptions[TD_PREVIEW_PLAIN], content);
    }
}


/* The first one counts. */

static void
td_preview_keep(td_str_t *place, td_str_t value)
{
    if (place->len == 0) {
        *place = value;
    }
}


/* Behind the next "what", or to the end. */

static void
td_html_skip(td_html_t *s, const char *what)
{
    size_t  n;

    n = strlen(what);

    while ((size_t) (s->last - s->p) >= n) {

        if (memcmp(s->p, what, n) == 0) {
            s->p += n;
            return;
        }

        s->p++;
    }

    s->p = s->last;
}


static td_str_t
td_html_name(td_html_t *s)
{
    td_str_t  name;

    name.data = s->p;

    while (s->p < s->last && *s->p != '>' && *s->p != '/'
           && !td_html_is_blank(*s->p))
    {
        s->p++;
    }

    name.len = (size_t) (s->p - name.data);

    return name;
}


/* Up to the end of the tag; of several of one name the first counts. */

static void
td_html_attrs(td_html_t *s, td_html_attrs_t *attrs)
{
    td_str_t  name, value;

    memset(attrs, 0, sizeof(td_html_attrs_t));

    for ( ;; ) {

        while (s->p < s->last && (*s->p == '/' || td_html_is_blank(*s->p))) {
            s->p++;
        }

        if (s->p == s->last) {
            return;
        }

        if (*s->p == '>') {
            s->p++;
            return;
        }

        /* a name may begin with "=" */

        name.data = s->p++;

        while (s->p < s->last && *s->p != '=' && *s->p != '>'
               && *s->p != '/' && !td_html_is_blank(*s->p))
        {
            s->p++;
        }

        name.len = (size_t) (s->p - name.data);

        td_html_blank(s);

        if (s->p == s->last || *s->p != '=') {
            continue;
        }

        s->p++;
        value = td_html_value(s);

        if (td_text_is(name, "name")) {
            td_preview_keep(&attrs->name, value);

        } else if (td_text_is(name, "property")) {
            td_preview_keep(&attrs->property, value);

        } else if (td_text_is(name, "content")) {
            td_preview_keep(&attrs->content, value);

        } else if (td_text_is(name, "charset")) {
            td_preview_keep(&attrs->charset, value);

        } else if (td_text_is(name, "http-equiv")) {
            td_preview_keep(&attrs->equiv, value);
        }
    }
}


static td_str_t
td_html_value(td_html_t *s)
{
    char      quote;
    td_str_t  value;

    td_html_blank(s);

    value.data = s->p;
    value.len = 0;

    if (s->p == s->last) {
        return value;
    }

    quote = *s->p;

    if (quote == '"' || quote == '\'') {
        value.data = ++s->p;

        while (s->p < s->last && *s->p != quote) {
            s->p++;
        }

        value.len = (size_t) (s->p - value.data);

        if (s->p < s->last) {
            s->p++;
        }

        return value;
    }

    while (s->p < s->last && *s->p != '>' && !td_html_is_blank(*s->p)) {
        s->p++;
    }

    value.len = (size_t) (s->p - value.data);

    return value;
}


/* The text up to the end tag of that name, and behind it. */

static td_str_t
td_html_raw(td_html_t *s, td_str_t name)
{
    td_str_t   text, end;
    td_html_t  tag;

    text.data = s->p;

    for ( ; s->last - s->p >= 2; s->p++) {

        if (s->p[0] != '<' || s->p[1] != '/') {
            continue;
        }

        tag.p = s->p + 2;
        tag.last = s->last;

        if ((size_t) (tag.last - tag.p) > name.len) {
            tag.last = tag.p + name.len + 1;
        }

        end = td_html_name(&tag);

        if (td_text_same(end, name)) {
            text.len = (size_t) (s->p - text.data);

            s->p = tag.p;
            td_html_skip(s, ">");

            return text;
        }
    }

    s->p = s->last;
    text.len = (size_t) (s->p - text.data);

    return text;
}


static void
td_html_blank(td_html_t *s)
{
    while (s->p < s->last && td_html_is_blank(*s->p)) {
        s->p++;
    }
}


static int
td_html_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}


/* The parameter "charset" of a Content-Type. */

static td_str_t
td_preview_charset(td_str_t type)
{
    size_t     i;
    td_str_t   name;
    td_html_t  s;

    name.len = sizeof("charset=") - 1;

    for ( ; type.len >= name.len; type.data++, type.len--) {
        name.data = type.data;

        if (td_text_is(name, "charset=")) {
            s.p = type.data + name.len;
            s.last = type.data + type.len;

            name = td_html_value(&s);

            for (i = 0; i < name.len && name.data[i] != ';'; i++) {
                /* void */
            }

            name.len = i;

            return name;
        }
    }

    name.data = NULL;
    name.len = 0;

    return name;
}
