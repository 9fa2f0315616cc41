/*
 * Values in lines of the log: what is quoted, escaped and cut.
 */


#include <stdlib.h>

#include "td_log.h"
#include "tap.h"


static void
test_value(const char *name, td_str_t value, const char *want)
{
    char    buf[TD_LOG_VALUE_MAX];
    size_t  n;

    n = td_log_value(buf, value);

    tap_ok(n == strlen(want) && memcmp(buf, want, n) == 0, name);
}


int
main(void)
{
    char      buf[TD_LOG_VALUE_MAX], *text;
    size_t    i, n;
    td_str_t  s;

    test_value("a word", td_str("no_such.thing"), "no_such.thing");
    test_value("a path", td_str("/a/b-c@d:1+2,3%"), "/a/b-c@d:1+2,3%");
    test_value("nothing", td_str(""), "-");
    test_value("a dash", td_str("-"), "\"-\"");
    test_value("blanks", td_str("a b"), "\"a b\"");
    test_value("what looks like a key", td_str("a event=x"),
               "\"a event=x\"");
    test_value("an equals sign", td_str("a=b"), "\"a=b\"");
    test_value("quotes", td_str("a\"b\\"), "\"a\\\"b\\\\\"");
    test_value("lines", td_str("a\r\nb\t"), "\"a\\x0d\\x0ab\\x09\"");
    test_value("null", td_str("a\0b"), "\"a\\x00b\"");
    test_value("escape sequences", td_str("\x1b[31m\x7f"),
               "\"\\x1b[31m\\x7f\"");
    test_value("UTF-8", td_str("Gr\xc3\xbc\xc3\x9f" "e \xf0\x9f\x98\x80"),
               "\"Gr\xc3\xbc\xc3\x9f" "e \xf0\x9f\x98\x80\"");
    test_value("C1 controls", td_str("\xc2\x9b" "31m"),
               "\"\\xc2\\x9b31m\"");
    test_value("a separator of lines", td_str("\xe2\x80\xa8"),
               "\"\\xe2\\x80\\xa8\"");
    test_value("a mark of direction", td_str("\xe2\x80\xae"),
               "\"\\xe2\\x80\\xae\"");
    test_value("no UTF-8", td_str("\xff\xc3"), "\"\\xff\\xc3\"");
    test_value("overlong", td_str("\xc0\xaf"), "\"\\xc0\\xaf\"");
    test_value("a surrogate", td_str("\xed\xa0\x80"),
               "\"\\xed\\xa0\\x80\"");

    text = malloc(10000);
    s.data = text;

    memset(text, 'a', 10000);
    s.len = TD_LOG_VALUE_MAX;
    tap_ok(td_log_value(buf, s) == TD_LOG_VALUE_MAX && buf[0] == 'a',
           "a long word has room");

    s.len++;
    n = td_log_value(buf, s);
    tap_ok(n <= TD_LOG_VALUE_MAX && memcmp(buf + n - 4, "...\"", 4) == 0,
           "a longer one is cut");

    for (i = 0; i < 4; i++) {
        memset(text, "\n\"\xf0\xe4"[i], 10000);
        s.len = 10000;
        n = td_log_value(buf, s);
        tap_ok(n <= TD_LOG_VALUE_MAX && memcmp(buf + n - 4, "...\"", 4) == 0,
               "as one that has to be escaped");
    }

    free(text);

    return tap_done();
}
