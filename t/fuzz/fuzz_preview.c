
/*
 * Previews of pages.  The first byte of the input chooses:
 *
 *   L   the rest is a link: what is taken is what it looks like
 *   any other: the rest is a Content-Type, a line end and a page, whose texts
 *   are short clean UTF-8, also when it is cut
 */


#include <stdlib.h>

#include "td_link.h"
#include "td_preview.h"
#include "td_utf8.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
check_text(const char *text, size_t len, size_t max)
{
    size_t     i;
    td_utf8_t  utf8;

    memset(&utf8, 0, sizeof(td_utf8_t));

    if (len > max
        || td_utf8_feed(&utf8, (const uint8_t *) text, len) != TD_OK
        || !td_utf8_complete(&utf8)
        || (len && (text[0] == ' ' || text[len - 1] == ' ')))
    {
        abort();
    }

    for (i = 0; i < len; i++) {
        if ((uint8_t) text[i] < 0x20 || text[i] == 0x7f
            || (text[i] == ' ' && text[i + 1] == ' '))
        {
            abort();
        }
    }
}


static void
check_page(const char *html, size_t len, td_str_t type)
{
    td_preview_t  pv;

    td_preview_parse(&pv, html, len, type);

    check_text(pv.title, pv.title_len, TD_PREVIEW_TITLE);
    check_text(pv.description, pv.description_len, TD_PREVIEW_DESCRIPTION);
}


static void
check_link(const char *text, size_t len)
{
    size_t     i;
    td_str_t   s;
    td_link_t  l, again;

    s.data = text;
    s.len = len;

    if (td_link_parse(&l, s) != TD_OK) {
        return;
    }

    if (l.url.len > len
        || (l.port != 80 && l.port != 443)
        || l.host.len == 0
        || l.host.data < text + 7
        || l.host.data + l.host.len > text + l.url.len)
    {
        abort();
    }

    for (i = 0; i < l.host.len; i++) {
        if (memchr("@/\\?#% ", l.host.data[i], 7) != NULL) {
            abort();
        }
    }

    if (td_link_parse(&again, l.url) != TD_OK
        || !td_str_eq(again.url, l.url)
        || !td_str_eq(again.host, l.host)
        || again.port != l.port)
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char      *text;
    size_t     len;
    td_str_t   type;

    if (size < 2) {
        return 0;
    }

    /* a copy of its own, so that a read beyond the end is seen */

    len = size - 1;
    text = malloc(len);
    memcpy(text, data + 1, len);

    if (data[0] == 'L') {
        check_link(text, len);
        free(text);
        return 0;
    }

    type.data = text;

    for (type.len = 0; type.len < len && text[type.len] != '\n'; type.len++) {
        /* void */
    }

    if (type.len < len) {
        (void) td_preview_html(type);

        text += type.len + 1;
        len -= type.len + 1;

        check_page(text, len, type);
        check_page(text, len / 2, type);

        if (td_preview_complete(text, len, 0)
            != (td_preview_complete(text, len / 2, 0)
                || td_preview_complete(text, len, len / 2)))
        {
            abort();
        }

        text -= type.len + 1;
    }

    free(text);

    return 0;
}
