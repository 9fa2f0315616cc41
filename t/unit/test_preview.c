
/*
 * What pages say of themselves: where titles and descriptions stand, markup
 * as people write it, encodings, references, and texts that nobody is to see.
 */


#include <stdlib.h>

#include "td_preview.h"
#include "td_utf8.h"
#include "tap.h"


#define HTML  "text/html"


typedef struct {
    const char  *html;
    const char  *title;
    const char  *description;
} page_t;


static td_preview_t
preview(const char *html, size_t len, const char *type)
{
    char          *copy;
    td_str_t       t;
    td_utf8_t      utf8;
    td_preview_t   pv;

    t.data = type;
    t.len = strlen(type);

    /* a copy of its own, so that a read beyond the end is seen */

    copy = malloc(len + !len);
    memcpy(copy, html, len);

    td_preview_parse(&pv, copy, len, t);

    free(copy);

    memset(&utf8, 0, sizeof(td_utf8_t));

    if (pv.title_len > TD_PREVIEW_TITLE
        || pv.description_len > TD_PREVIEW_DESCRIPTION
        || td_utf8_feed(&utf8, (uint8_t *) pv.title, pv.title_len) != TD_OK
        || !td_utf8_complete(&utf8)
        || td_utf8_feed(&utf8, (uint8_t *) pv.description,
                        pv.description_len) != TD_OK
        || !td_utf8_complete(&utf8))
    {
        abort();
    }

    return pv;
}


static void
is(const char *name, const char *type, const char *html, size_t len,
    const char *title, const char *description)
{
    td_preview_t  pv;

    pv = preview(html, len, type);

    tap_ok(pv.title_len == strlen(title)
           && memcmp(pv.title, title, pv.title_len) == 0,
           "%s: title \"%.*s\"", name, (int) pv.title_len, pv.title);

    tap_ok(pv.description_len == strlen(description)
           && memcmp(pv.description, description, pv.description_len) == 0,
           "%s: description \"%.*s\"", name, (int) pv.description_len,
           pv.description);
}


static void
test_pages(void)
{
    size_t  i, n, len;

    static const page_t  pages[] = {
        { "", "", "" },
        { "plain text", "", "" },
        { "<title>A page</title>", "A page", "" },
        { "<!DOCTYPE html><html><head><title>A page</title>"
          "<meta name=\"description\" content=\"About it\"></head>", "A page",
          "About it" },
        { "<TITLE lang=en>A page</Title >", "A page", "" },
        { "<title>A page", "A page", "" },
        { "<title>One</title><title>Two</title>", "One", "" },
        { "<title></title><title>Two</title>", "Two", "" },
        { "<title> \n A\t\tpage \r\n</title>", "A page", "" },
        { "<title>a<b>c</titl></title", "a<b>c</titl>", "" },
        { "<title>a<!-- b --></title>", "a<!-- b -->", "" },
        { "<title>One</title>"
          "<meta name='twitter:title' content='Two'>"
          "<meta property='og:title' content='Three'>"
          "<meta name='description' content='Four'>"
          "<meta name='twitter:description' content='Five'>"
          "<meta property='og:description' content='Six'>", "Three", "Six" },
        { "<title>One</title><meta name='twitter:title' content='Two'>"
          "<meta name='description' content='Four'>"
          "<meta name='twitter:description' content='Five'>", "Two", "Five" },
        { "<meta property='og:title' content=' '><title>One</title>", "One",
          "" },
        { "<meta property='og:title' content='&#x200b;&#8206;'>"
          "<title>One</title>", "One", "" },
        { "<meta name=x property='og:title' content=Three>", "Three", "" },
        { "<meta name='og:title' property=y content=Three>", "Three", "" },
        { "<META NAME=Description CONTENT=About>", "", "About" },
        { "<meta content='About' name='description'/>", "", "About" },
        { "<meta name = \"description\" content = 'About \"it\"' >", "",
          "About \"it\"" },
        { "<meta name=description content=a/b>", "", "a/b" },
        { "<meta name=description content=a content=b>", "", "a" },
        { "<meta name=description content>", "", "" },
        { "<meta name=description content=>", "", "" },
        { "<meta/name=description/content=a>", "", "" },
        { "<meta/name='description'/content=a>", "", "a" },
        { "<meta =name=description content=a>", "", "" },
        { "<meta name=description content='a", "", "a" },
        { "<meta name=description content=\"a>b\">", "", "a>b" },
        { "<meta name=description content=\"<title>x</title>\">"
          "<title>y</title>", "y", "<title>x</title>" },
        { "<!-- <title>x</title> --><title>y</title>", "y", "" },
        { "<!--><title>y</title>", "y", "" },
        { "<!---><title>y</title>", "y", "" },
        { "<!-- <title>x</title>", "", "" },
        { "<?xml version='1.0'?><title>y</title>", "y", "" },
        { "<![CDATA[<title>x</title>", "", "" },
        { "<script>'<title>x</title>'</script><title>y</title>", "y", "" },
        { "<script></script ><title>y</title>", "y", "" },
        { "<script></scripty></script/><title>y</title>", "y", "" },
        { "<style><title>x</title></style><title>y</title>", "y", "" },
        { "<noscript><title>y</title></noscript>", "y", "" },
        { "<script><title>x</title>", "", "" },
        { "a < b <1 <title>y</title>", "y", "" },
        { "<>< ></><title>y</title>", "y", "" },
        { "<head></head><title>x</title>", "", "" },
        { "<body><title>x</title>", "", "" },
        { "<body", "", "" },
        { "<header><title>y</title>", "y", "" },
        { "</body><title>y</title>", "y", "" },
        { "<titles>x</titles><metas name=description content=x>", "", "" },
        { "<title>Tom &amp; Jerry &lt;3 &quot;x&quot; &apos; &#39;</title>",
          "Tom & Jerry <3 \"x\" ' '", "" },
        { "<title>&auml;&ouml;&uuml;&szlig; &Auml; &eacute; &euro; &ndash;"
          " &hellip; &raquo;</title>",
          "äöüß Ä é € – … »", "" },
        { "<title>&#228; &#xE4; &#XE4; &#8364; &#x1F600;</title>",
          "ä ä ä € 😀", "" },
        { "<title>&#128; &#150; &#x99;</title>", "€ – ™", "" },
        { "<title>AT&T &amp &; &#; &#x; &#xg; &nothing; &#12a; &</title>",
          "AT&T &amp &; &nothing; &", "" },
        { "<title>&thereisnosuchthing; &verylongname;</title>",
          "&thereisnosuchthing; &verylongname;", "" },
        { "<title>a&#0;b&#x110000;c&#xd800;d&#99999999;e&#65534;</title>",
          "abcde", "" },
        { "<title>a&nbsp;b&#x2028;c&emsp;d</title>", "a b c d", "" },
        { "<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>",
          "<script>alert(1)</script>", "" },
        { "<title>user&#x202e;gnp.exe\xe2\x80\xae\xe2\x81\xa6</title>",
          "usergnp.exe", "" },
        { "<title>a\x01\x1b[31m\x7f" "b\xc2\x9b\xef\xbb\xbf</title>",
          "a[31mb", "" }
    };

    for (i = 0; i < sizeof(pages) / sizeof(page_t); i++) {
        len = strlen(pages[i].html);

        is(pages[i].html, HTML, pages[i].html, len, pages[i].title,
           pages[i].description);

        /* cut anywhere it is read within its bytes */

        for (n = 0; n < len; n++) {
            (void) preview(pages[i].html, n, HTML);
        }
    }

    is("a NUL byte", HTML, "<ti\0tle>x</title><title>a\0b</title>", 35, "ab",
       "");
}


static void
test_encodings(void)
{
#define E(type, html, title)  is(type " " html, type, html,                   \
                                 sizeof(html) - 1, title, "")

    E(HTML, "<title>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</title>",
      "ä€😀");
    E(HTML, "<title>\xe4\xf6\xfc \x80\x93</title>", "äöü €“");
    E("text/html; charset=utf-8", "<title>a\xe4" "b\xff\xc3</title>", "ab");
    E("text/html; charset=utf-8", "<title>a\xed\xa0\x80\xc0\x80z</title>",
      "az");
    E("text/html;charset=\"UTF-8\"", "<title>\xc3\xa4</title>", "ä");
    E("text/html; charset=ISO-8859-1", "<title>\xc3\xa4\x81</title>", "Ã¤");
    E("text/html; x=y; charset=latin1; z", "<title>\xe4</title>", "ä");
    E(HTML, "<meta charset=windows-1252><title>\xc3\xa4</title>", "Ã¤");
    E(HTML, "<meta http-equiv=Content-Type content='text/html;"
      " charset=iso-8859-1'><title>\xc3\xa4</title>", "Ã¤");
    E("text/html; charset=utf-8",
      "<meta charset=windows-1252><title>\xc3\xa4</title>", "ä");
    E("text/html; charset=iso-8859-1",
      "\xef\xbb\xbf<title>\xc3\xa4</title>", "ä");
    E("text/html; charset=shift_jis", "<title>plain</title>", "plain");
    E("text/html; charset=shift_jis", "<title>\x83\x65 x</title>", "");
    E("text/html; charset=shift_jis", "<title>\xc3\xa4</title>", "ä");
    E("text/html; charset=utf-16", "\xff\xfe<\0t\0i\0", "");

#undef E

    tap_ok(td_preview_html(td_str("text/html")), "a page");
    tap_ok(td_preview_html(td_str("Text/HTML; charset=x")), "a page");
    tap_ok(td_preview_html(td_str("application/xhtml+xml")), "a page");
    tap_ok(!td_preview_html(td_str("")), "no type");
    tap_ok(!td_preview_html(td_str("text/htm")), "text/htm");
    tap_ok(!td_preview_html(td_str("text/htmlx")), "text/htmlx");
    tap_ok(!td_preview_html(td_str("image/png")), "image/png");
    tap_ok(!td_preview_html(td_str("x; text/html")), "x; text/html");
}


static void
test_lengths(void)
{
    char          *html;
    size_t         i, n, len;
    td_preview_t   pv;

    /* letters of one, two, three and four bytes */

    static const char *const  letters[] = { "a", "ä", "€", "😀" };

    for (i = 0; i < 4; i++) {
        html = malloc(8000);
        len = strlen(letters[i]);

        memcpy(html, "<title>", 7);

        for (n = 0; n < 1000; n++) {
            memcpy(html + 7 + n * len, letters[i], len);
        }

        pv = preview(html, 7 + 1000 * len, HTML);

        tap_ok(pv.title_len <= TD_PREVIEW_TITLE
               && pv.title_len > TD_PREVIEW_TITLE - 8
               && memcmp(pv.title + pv.title_len - 3, "…", 3) == 0,
               "a title that is too long ends in an ellipsis: %zu",
               pv.title_len);

        n = TD_PREVIEW_TITLE / len;
        pv = preview(html, 7 + n * len, HTML);

        tap_ok(pv.title_len == n * len
               && memcmp(pv.title + pv.title_len - len, letters[i], len) == 0,
               "one that just fits does not");

        free(html);
    }

    /* many tags, none of which ends */

    len = 512 * 1024;
    html = malloc(len);

    for (i = 0; i < len; i++) {
        html[i] = "<a b='"[i % 6];
    }

    pv = preview(html, len, HTML);
    tap_ok(pv.title_len == 0, "tags without an end");

    for (i = 0; i < len; i++) {
        html[i] = "<!--"[i % 4];
    }

    pv = preview(html, len, HTML);
    tap_ok(pv.title_len == 0, "comments without an end");

    for (i = 0; i < len; i++) {
        html[i] = "</script"[i % 8];
    }

    memcpy(html, "<script>", 8);
    pv = preview(html, len, HTML);
    tap_ok(pv.title_len == 0, "an element without an end");

    for (i = 0; i < len; i++) {
        html[i] = "&#6"[i % 3];
    }

    memcpy(html, "<title>", 7);
    pv = preview(html, len, HTML);
    tap_ok(pv.title_len > TD_PREVIEW_TITLE - 4, "references without an end");

    free(html);
}


static void
test_complete(void)
{
    size_t  i, n;

    static const char  html[] = "<title>x</title></HEAD>";

    n = strstr(html, "</HEAD") - html + 6;

    for (i = 0; i < sizeof(html); i++) {
        tap_ok(td_preview_complete(html, i, 0) == (i >= n), "of %zu bytes",
               i);

        if (i > 0) {
            tap_ok(td_preview_complete(html, i, i - 1)
                   == (i >= n && i - 1 <= n), "the last of %zu", i);
        }
    }
}


int
main(void)
{
    test_pages();
    test_encodings();
    test_lengths();
    test_complete();

    return tap_done();
}
