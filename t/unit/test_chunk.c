
/*
 * Assembler of chunks: check-list item 41, with the vectors of
 * sync-protocol 1.3.
 */


#include <stdlib.h>

#include "td_chunk.h"
#include "tap.h"


#define N    262144
#define MAX  ((size_t) 16 * 1024 * 1024)

#define feed(c, lit)  feed_max(c, td_str(lit), MAX)


static td_str_t  message;


static int
feed_max(td_chunk_t *c, td_str_t text, size_t max)
{
    memset(&message, 0, sizeof(td_str_t));

    return td_chunk_feed(c, text, max, &message);
}


static int
got(const char *text)
{
    return message.len == strlen(text)
           && memcmp(message.data, text, message.len) == 0;
}


static int
idle(td_chunk_t *c)
{
    return !c->collecting && c->text.data == NULL;
}


static void
test_the_example_of_the_reference(void)
{
    td_chunk_t  c;

    memset(&c, 0, sizeof(td_chunk_t));

    tap_ok(feed(&c, "3_{") == TD_CHUNK_MORE, "1.3: the first of four parts");
    tap_ok(feed(&c, "2_\"type\":\"") == TD_CHUNK_MORE, "1.3: the second");
    tap_ok(feed(&c, "1_ping\",\"n") == TD_CHUNK_MORE, "1.3: the third");
    tap_ok(feed(&c, "0_\":12345}") == TD_CHUNK_MESSAGE
           && got("{\"type\":\"ping\",\"n\":12345}"),
           "1.3: the last one completes the message");

    td_chunk_reset(&c);
    tap_ok(idle(&c), "reset gives the text back");
}


static void
test_bare_below_n_and_chunked_at_n(void)
{
    char        *text, *a, *b;
    size_t       i;
    td_str_t     s;
    td_chunk_t   c;

    memset(&c, 0, sizeof(td_chunk_t));

    text = malloc(N);
    a = malloc(8);
    b = malloc(N);

    text[0] = '{';

    for (i = 1; i < N; i++) {
        text[i] = (char) ('a' + i % 26);
    }

    s.data = text;
    s.len = N - 1;

    tap_ok(feed_max(&c, s, MAX) == TD_CHUNK_MESSAGE
           && message.data == text && message.len == N - 1 && idle(&c),
           "N - 1 units come bare and are not copied");

    /* parts of 4 and 262 144 units, prefix included */

    memcpy(a, "1_", 2);
    memcpy(a + 2, text, 2);
    memcpy(b, "0_", 2);
    memcpy(b + 2, text + 2, N - 2);

    s.data = a;
    s.len = 4;

    tap_ok(feed_max(&c, s, MAX) == TD_CHUNK_MORE, "N units: 4 and N");

    s.data = b;
    s.len = N;

    tap_ok(feed_max(&c, s, MAX) == TD_CHUNK_MESSAGE && message.len == N
           && memcmp(message.data, text, N) == 0, "N units are joined");

    td_chunk_reset(&c);

    free(text);
    free(a);
    free(b);
}


static void
test_unusual_parts_that_are_right(void)
{
    td_chunk_t  c;

    memset(&c, 0, sizeof(td_chunk_t));

    tap_ok(feed(&c, "0_{\"a\":1}") == TD_CHUNK_MESSAGE && got("{\"a\":1}"),
           "a message of one part");
    tap_ok(feed(&c, "0_") == TD_CHUNK_MESSAGE && message.len == 0,
           "also an empty one");

    tap_ok(feed(&c, "2_{") == TD_CHUNK_MORE && feed(&c, "1_") == TD_CHUNK_MORE
           && feed(&c, "0_}") == TD_CHUNK_MESSAGE && got("{}"),
           "an empty part in between");

    tap_ok(feed(&c, "0002_{\"") == TD_CHUNK_MORE
           && feed(&c, "01_a") == TD_CHUNK_MORE
           && feed(&c, "00_\":0}") == TD_CHUNK_MESSAGE && got("{\"a\":0}"),
           "leading zeros");

    tap_ok(feed(&c, "1_{\"a\":\"\xe2\x80\xa8\n") == TD_CHUNK_MORE
           && feed(&c, "0_\r\xe2\x80\xa9\"}") == TD_CHUNK_MESSAGE
           && got("{\"a\":\"\xe2\x80\xa8\n\r\xe2\x80\xa9\"}"),
           "line separators and newlines in the parts");

    tap_ok(feed(&c, "1_0_") == TD_CHUNK_MORE
           && feed(&c, "0_1_") == TD_CHUNK_MESSAGE && got("0_1_"),
           "parts that look like a prefix themselves");

    td_chunk_reset(&c);
}


static void
refused(td_chunk_t *c, const char *name, int rc)
{
    tap_ok(rc == TD_BAD && idle(c), "%s is an error, the state is idle",
           name);
    tap_ok(feed(c, "{\"next\":1}") == TD_CHUNK_MESSAGE
           && got("{\"next\":1}"), "and the next message works");
}


static void
test_what_is_no_chunk(void)
{
    td_chunk_t  c;

    memset(&c, 0, sizeof(td_chunk_t));

    refused(&c, "an empty text", feed(&c, ""));
    refused(&c, "a leading space", feed(&c, " {}"));
    refused(&c, "an array", feed(&c, "[]"));
    refused(&c, "a bare word", feed(&c, "ping"));
    refused(&c, "digits alone", feed(&c, "12"));
    refused(&c, "an underscore alone", feed(&c, "_{}"));
    refused(&c, "a negative number", feed(&c, "-1_{}"));
    refused(&c, "a plus sign", feed(&c, "+1_{}"));
    refused(&c, "a space in the prefix", feed(&c, "1 _{}"));
    refused(&c, "a hexadecimal prefix", feed(&c, "0x1_{}"));
    refused(&c, "a count beyond all clients",
            feed(&c, "99999999999999999999999999_{"));
    refused(&c, "a count of 2^64", feed(&c, "18446744073709551616_{"));
}


static void
test_what_breaks_a_collection(void)
{
    td_chunk_t  c;

    memset(&c, 0, sizeof(td_chunk_t));

    feed(&c, "3_{");
    refused(&c, "a missing part", feed(&c, "1_}"));

    feed(&c, "3_{");
    refused(&c, "a part twice", feed(&c, "3_{"));

    feed(&c, "3_{");
    feed(&c, "2_a");
    refused(&c, "a wrong order", feed(&c, "3_a"));

    feed(&c, "1_{");
    refused(&c, "a bare message in between", feed(&c, "{\"type\":\"ping\"}"));

    feed(&c, "1_{");
    refused(&c, "garbage in between", feed(&c, "garbage"));

    feed(&c, "1_{");
    refused(&c, "an empty text in between", feed(&c, ""));
}


static void
test_the_limit_holds_before_memory_is_taken(void)
{
    td_chunk_t  c;

    memset(&c, 0, sizeof(td_chunk_t));

    tap_ok(feed_max(&c, td_str("{123456789"), 10) == TD_CHUNK_MESSAGE,
           "a bare message of the limit");
    tap_ok(feed_max(&c, td_str("{1234567890"), 10) == TD_TOO_BIG
           && idle(&c), "one byte more is too much");

    tap_ok(feed_max(&c, td_str("1_12345"), 10) == TD_CHUNK_MORE
           && feed_max(&c, td_str("0_67890"), 10) == TD_CHUNK_MESSAGE,
           "parts that reach the limit together");
    tap_ok(feed_max(&c, td_str("1_12345"), 10) == TD_CHUNK_MORE
           && feed_max(&c, td_str("0_678901"), 10) == TD_TOO_BIG
           && idle(&c), "parts that pass it together");
    tap_ok(feed_max(&c, td_str("1_12345678901"), 10) == TD_TOO_BIG
           && idle(&c), "a part that passes it alone");

    td_chunk_reset(&c);
}


int
main(void)
{
    test_the_example_of_the_reference();
    test_bare_below_n_and_chunked_at_n();
    test_unusual_parts_that_are_right();
    test_what_is_no_chunk();
    test_what_breaks_a_collection();
    test_the_limit_holds_before_memory_is_taken();

    return tap_done();
}
