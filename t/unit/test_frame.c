
/*
 * Frame parser: the rules of RFC 6455 by their section numbers, and the
 * oracle that any cut of a stream means the same as the whole.
 */


#include <stdlib.h>

#include "td_frame.h"
#include "tap.h"


#define MAX_FRAME    4096
#define MAX_MESSAGE  8192
#define SPACE        262144


/*
 * What a stream says, as text: M:<text> or M<length>:<sum> for a message,
 * P:<payload> for a ping, O:<payload> for a pong, C<code>:<reason> for a
 * close and E<code> for an error.
 */

typedef struct {
    char         text[65536];
    size_t       len;
    size_t       message;
    char         head[16];      /* its first bytes */
    uint32_t     sum;           /* of all */
    td_frame_t   frame;
    uint8_t      rest[TD_FRAME_REST];
    size_t       nrest;
    int          over;
} log_t;


/* frames being composed */

static uint8_t  stream[SPACE];
static size_t   stream_len;


static void
add(unsigned first, unsigned lenbyte, const void *payload, size_t n)
{
    size_t    i;
    uint8_t  *p, mask[4];

    p = stream + stream_len;

    *p++ = (uint8_t) first;
    *p++ = (uint8_t) (0x80 | lenbyte);

    if (lenbyte == 126) {
        *p++ = (uint8_t) (n >> 8);
        *p++ = (uint8_t) n;

    } else if (lenbyte == 127) {
        for (i = 0; i < 8; i++) {
            *p++ = (uint8_t) ((uint64_t) n >> (56 - 8 * i));
        }
    }

    for (i = 0; i < 4; i++) {
        mask[i] = (uint8_t) rand();
        *p++ = mask[i];
    }

    for (i = 0; i < n; i++) {
        *p++ = ((const uint8_t *) payload)[i] ^ mask[i & 3];
    }

    stream_len = (size_t) (p - stream);
}


static void
frame(unsigned first, const void *payload, size_t n)
{
    add(first, n < 126 ? (unsigned) n : n < 65536 ? 126 : 127, payload, n);
}


static void
text(unsigned first, const char *payload)
{
    frame(first, payload, strlen(payload));
}


static void
raw(const char *bytes, size_t n)
{
    memcpy(stream + stream_len, bytes, n);
    stream_len += n;
}


__attribute__((format(printf, 4, 5)))
static void
record(log_t *l, const void *b, size_t n, const char *fmt, ...)
{
    size_t   left;
    va_list  args;

    left = sizeof(l->text) - l->len;

    va_start(args, fmt);
    l->len += (size_t) vsnprintf(l->text + l->len, left, fmt, args);
    va_end(args);

    memcpy(l->text + l->len, b, n);
    l->len += n;

    l->text[l->len++] = ' ';
    l->text[l->len] = '\0';
}


static void
feed(log_t *l, const uint8_t *p, size_t n)
{
    int                rc;
    size_t             i, used;
    uint8_t           *copy, *pos;
    td_frame_event_t   ev;

    if (l->over) {
        return;
    }

    /* a piece of memory of exactly that size: AddressSanitizer watches */

    copy = malloc(l->nrest + n + 1);
    memcpy(copy, l->rest, l->nrest);
    memcpy(copy + l->nrest, p, n);

    n += l->nrest;
    pos = copy;

    for ( ;; ) {
        rc = td_frame_next(&l->frame, pos, n, &used, &ev);

        pos += used;
        n -= used;

        if (rc == TD_FRAME_EVENT_MORE) {
            break;
        }

        switch (rc) {

        case TD_FRAME_EVENT_DATA:
            if (ev.first) {
                l->message = 0;
                l->sum = 17;
            }

            for (i = 0; i < ev.len; i++) {
                if (l->message < sizeof(l->head)) {
                    l->head[l->message] = (char) ev.data[i];
                }

                l->message++;
                l->sum = l->sum * 31 + ev.data[i];
            }

            if (!ev.last) {
                continue;
            }

            if (l->message <= sizeof(l->head)) {
                record(l, l->head, l->message, "M:");

            } else {
                record(l, "", 0, "M%zu:%x", l->message, l->sum);
            }

            continue;

        case TD_FRAME_EVENT_PING:
            record(l, ev.data, ev.len, "P:");
            continue;

        case TD_FRAME_EVENT_PONG:
            record(l, ev.data, ev.len, "O:");
            continue;

        case TD_FRAME_EVENT_CLOSE:
            record(l, ev.data, ev.len, "C%u:", ev.code);
            continue;

        default:
            record(l, "", 0, "E%u", ev.code);
            l->over = 1;
            break;
        }

        break;
    }

    if (!l->over) {

        if (n > TD_FRAME_REST) {
            record(l, "", 0, "rest too long: %zu", n);
            l->over = 1;

        } else {
            memcpy(l->rest, pos, n);
            l->nrest = n;
        }
    }

    free(copy);
}


static void
start(log_t *l)
{
    memset(l, 0, sizeof(log_t));

    l->frame.max_frame = MAX_FRAME;
    l->frame.max_message = MAX_MESSAGE;
}


static log_t  whole, split;


/*
 * Feeds the composed stream at once, byte by byte and in random pieces; all
 * must say the same, and begin with "want" where one is given.
 */

static void
check(const char *want, const char *name)
{
    size_t    i, n;
    unsigned  run, same;

    start(&whole);
    feed(&whole, stream, stream_len);

    same = 1;

    for (run = 0; run < 8; run++) {
        start(&split);

        for (i = 0; i < stream_len; i += n) {
            n = (run == 0) ? 1 : 1 + (size_t) rand() % (run * run * 8);
            n = (n < stream_len - i) ? n : stream_len - i;
            feed(&split, stream + i, n);
        }

        if (strcmp(split.text, whole.text) != 0) {
            same = 0;
            break;
        }
    }

    if (!tap_ok(same && (want == NULL || strcmp(whole.text, want) == 0),
                "%s", name))
    {
        printf("# want:  %s\n# whole: %s\n# split: %s\n", want ? want : "",
               whole.text, split.text);
    }

    stream_len = 0;
}


static void
test_messages(void)
{
    frame(0x81, "", 0);
    check("M: ", "5.6: an empty message");

    text(0x81, "a");
    text(0x82, "a");
    check("M:a M:a ", "5.6: text and binary messages");

    text(0x01, "Hel");
    text(0x80, "lo");
    text(0x81, "Hello");
    check("M:Hello M:Hello ", "5.4: fragments are joined");

    text(0x01, "Hel");
    frame(0x00, "", 0);
    text(0x89, "ping");
    frame(0x00, "", 0);
    text(0x8a, "pong");
    text(0x00, "lo");
    frame(0x80, "", 0);
    check("P:ping O:pong M:Hello ",
          "5.4: control frames and empty fragments in between");
}


static void
test_lengths(void)
{
    size_t  i;
    char    name[64], *big;

    static const size_t  sizes[] = { 1, 124, 125, 126, 127, 4095, 4096 };

    big = malloc(MAX_FRAME + 1);
    memset(big, 'x', MAX_FRAME + 1);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        frame(0x81, big, sizes[i]);
        text(0x89, "x");
        snprintf(name, sizeof(name), "5.2: a payload of %zu", sizes[i]);
        check(NULL, name);
        tap_ok(strstr(whole.text, " P:x ") != NULL, "and what follows it");
    }

    add(0x81, 126, big, 125);
    check("E1002 ", "5.2: 16 bits for 125 are not minimal");

    add(0x81, 127, big, 126);
    check("E1002 ", "5.2: 64 bits for 126 are not minimal");

    raw("\x81\xff\0\0\0\0\0\0\xff\xff", 10);
    check("E1002 ", "5.2: 64 bits for 65535 are not minimal");

    raw("\x81\xff\x80\0\0\0\0\0\0\0", 10);
    check("E1002 ", "5.2: the top bit of 64 must be clear");

    raw("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10);
    check("E1009 ", "10.4: 2^63 - 1 bytes are too much, before the mask");

    frame(0x81, big, MAX_FRAME + 1);
    check("E1009 ", "10.4: a frame over the limit");

    frame(0x01, big, MAX_FRAME);
    frame(0x80, big, MAX_FRAME);
    check(NULL, "10.4: fragments that reach the limit of a message");
    tap_ok(strncmp(whole.text, "M8192:", 6) == 0, "are a message");

    frame(0x01, big, MAX_FRAME);
    frame(0x00, big, MAX_FRAME);
    raw("\x80\x81", 2);
    check("E1009 ", "10.4: one byte more is refused by its header");

    for (i = 0; i < 2100; i++) {
        frame(0x81, "abcd", 4);
    }

    check(NULL, "10.4: the limit is a message's, not a connection's");
    tap_ok(strstr(whole.text, "E") == NULL, "many messages pass it together");

    free(big);
}


static void
test_first_byte(void)
{
    char      name[64], bytes[2];
    unsigned  i;

    for (i = 1; i < 8; i++) {
        bytes[0] = (char) (0x81 | i << 4);
        raw(bytes, 1);
        snprintf(name, sizeof(name), "5.2: RSV bits %u", i);
        check("E1002 ", name);
    }

    for (i = 0; i < 16; i++) {
        if ((i >= 3 && i <= 7) || i >= 11) {
            bytes[0] = (char) (0x80 | i);
            raw(bytes, 1);
            snprintf(name, sizeof(name), "5.2: opcode %u is reserved", i);
            check("E1002 ", name);
        }
    }

    raw("\x80", 1);
    check("E1002 ", "5.4: a continuation of nothing");

    raw("\x00", 1);
    check("E1002 ", "5.4: nor without FIN");

    text(0x01, "a");
    text(0x80, "b");
    raw("\x80", 1);
    check("M:ab E1002 ", "5.4: nor after the last fragment");

    text(0x01, "a");
    raw("\x81", 1);
    check("E1002 ", "5.4: a new text message between fragments");

    text(0x02, "a");
    raw("\x02", 1);
    check("E1002 ", "5.4: a new binary message between fragments");
}


static void
test_masks(void)
{
    raw("\x81\x00", 2);
    check("E1002 ", "5.1: an unmasked text frame");

    raw("\x89\x00", 2);
    check("E1002 ", "5.1: an unmasked ping");

    raw("\x88\x02\x03\xe8", 4);
    check("E1002 ", "5.1: an unmasked close");

    raw("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    check("M:Hello ", "5.7: the masked \"Hello\" of the RFC");
}


static void
test_control_frames(void)
{
    char  big[126];

    memset(big, 'x', sizeof(big));

    frame(0x89, big, 125);
    check(NULL, "5.5: a ping of 125 bytes");
    tap_ok(strlen(whole.text) == 128, "comes whole");

    raw("\x89\xfe", 2);
    check("E1002 ", "5.5: a ping of 126 bytes");

    raw("\x8a\xff", 2);
    check("E1002 ", "5.5: a pong with 64 bits of length");

    raw("\x88\xfe", 2);
    check("E1002 ", "5.5: a close of 126 bytes");

    raw("\x09", 1);
    check("E1002 ", "5.5: a fragmented ping");

    raw("\x0a", 1);
    check("E1002 ", "5.5: a fragmented pong");

    raw("\x08", 1);
    check("E1002 ", "5.5: a fragmented close");

    frame(0x8a, "", 0);
    check("O: ", "5.5.3: a pong that nobody asked for");
}


static void
test_close(void)
{
    char      name[64], payload[8];
    unsigned  code, wrong, valid;

    frame(0x88, "", 0);
    check("C1005: ", "5.5.1: a close without a code");

    frame(0x88, "\x03", 1);
    check("E1002 ", "5.5.1: half a code");

    frame(0x88, "\x03\xe8", 2);
    check("C1000: ", "5.5.1: a close with a code");

    frame(0x88, "\x03\xe9" "going \xe2\x82\xac", 11);
    check("C1001:going \xe2\x82\xac ", "5.5.1: and with a reason");

    frame(0x88, "\x03\xe8", 2);
    text(0x81, "late");
    raw("\xff\xff\xff", 3);
    check("C1000: ", "5.5.1: nothing counts after a close");

    frame(0x88, "\x03\xe8\xff", 3);
    check("E1007 ", "8.1: a reason that is not UTF-8");

    frame(0x88, "\x03\xe8\xe2\x82", 4);
    check("E1007 ", "8.1: a reason that is cut");

    text(0x01, "a");
    frame(0x88, "\x03\xe8", 2);
    check("C1000: ", "5.4: a close between fragments");

    wrong = 0;

    for (code = 0; code < 65536; code++) {

        /* 7.4.1, the registry, and 7.4.2 */

        valid = (code >= 1000 && code <= 1003)
                || (code >= 1007 && code <= 1014)
                || (code >= 3000 && code <= 4999);

        payload[0] = (char) (code >> 8);
        payload[1] = (char) code;
        frame(0x88, payload, 2);

        snprintf(name, sizeof(name), valid ? "C%u: " : "E1002 ", code);

        start(&whole);
        feed(&whole, stream, stream_len);
        stream_len = 0;

        wrong += (strcmp(whole.text, name) != 0);
        wrong += (td_frame_close_code_valid(code) != (int) valid);
    }

    tap_ok(wrong == 0, "7.4: each of the 65536 codes");
}


static void
test_utf8(void)
{
    text(0x81, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5");
    check("M:\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5 ",
          "8.1: valid UTF-8");

    text(0x01, "\xf0\x9f");
    text(0x89, "p");
    text(0x80, "\x98\x80");
    check("P:p M:\xf0\x9f\x98\x80 ", "8.1: a character cut by a frame");

    text(0x81, "a\xff");
    check("E1007 ", "8.1: a byte that is none");

    text(0x81, "a\xe2\x82");
    check("E1007 ", "8.1: a character cut by the end");

    text(0x01, "a\xe2\x82");
    frame(0x80, "", 0);
    check("E1007 ", "8.1: also by an empty last fragment");

    text(0x81, "\xed\xa0\x80");
    check("E1007 ", "8.1: a surrogate");

    text(0x81, "\xc0\x80");
    check("E1007 ", "8.1: an overlong NUL");

    text(0x81, "\xf4\x90\x80\x80");
    check("E1007 ", "8.1: beyond U+10FFFF");

    text(0x82, "\xff");
    check("E1007 ", "sync-protocol 1.2: binary messages are text, too");

    text(0x01, "ab\xff");
    check("E1007 ", "8.1: refused before the message ends");

    text(0x01, "\xe2");
    text(0x80, "\x82\xac");
    text(0x81, "\x82");
    check("M:\xe2\x82\xac E1007 ", "8.1: each message starts anew");
}


/* Streams of random frames, right ones and broken ones, at random cuts. */

static void
test_any_cut_of_random_streams(void)
{
    int        fragmented;
    char       payload[600];
    size_t     i, n, at;
    unsigned   run, k, same, errors;

    static const char  *pieces[] = { "word ", "\xc3\xa9", "\xe2\x82\xac",
                                     "\xf0\x9f\x98\x80", "{\"a\":1}" };

    same = 0;
    errors = 0;

    for (run = 0; run < 1500; run++) {

        fragmented = 0;
        stream_len = 0;

        for (k = 0; k < 12; k++) {
            n = 0;

            while (rand() % 8 != 0 && n < 500) {
                i = (size_t) rand() % (sizeof(pieces) / sizeof(pieces[0]));
                memcpy(payload + n, pieces[i], strlen(pieces[i]));
                n += strlen(pieces[i]);
            }

            if (rand() % 4 == 0) {
                frame(rand() % 2 ? 0x89 : 0x8a, payload, n < 125 ? n : 125);
                continue;
            }

            i = (size_t) rand() % 2;
            frame((unsigned) (i << 7) | (fragmented ? 0 : 1), payload, n);
            fragmented = !i;
        }

        if (run % 3 == 1) {
            stream[(size_t) rand() % stream_len] ^= (uint8_t) (1 << rand() % 8);
        }

        start(&whole);
        feed(&whole, stream, stream_len);
        errors += (unsigned) whole.over;

        start(&split);

        for (at = 0; at < stream_len; at += n) {
            n = 1 + (size_t) rand() % (run % 97 + 1);
            n = (n < stream_len - at) ? n : stream_len - at;
            feed(&split, stream + at, n);
        }

        same += (strcmp(split.text, whole.text) == 0);
    }

    stream_len = 0;

    tap_ok(same == 1500 && errors > 100, "1500 streams mean the same in any "
           "pieces (%u of them broken)", errors);
}


static void
test_errors_are_for_ever(void)
{
    size_t            used;
    td_frame_t        f;
    td_frame_event_t  ev;
    uint8_t           bytes[] = { 0x83, 0x81 };

    memset(&f, 0, sizeof(td_frame_t));
    f.max_frame = MAX_FRAME;
    f.max_message = MAX_MESSAGE;

    tap_ok(td_frame_next(&f, bytes, 1, &used, &ev) == TD_BAD
           && ev.code == 1002, "7.1.7: the connection fails");
    bytes[0] = 0x81;
    tap_ok(td_frame_next(&f, bytes, 2, &used, &ev) == TD_BAD
           && ev.code == 1002, "and right frames do not heal it");
}


static void
test_written_headers(void)
{
    uint8_t  h[TD_FRAME_MAX_OUT];

    tap_ok(td_frame_header(h, TD_FRAME_TEXT, 0) == 2
           && memcmp(h, "\x81\x00", 2) == 0, "5.2: writes 0");
    tap_ok(td_frame_header(h, TD_FRAME_CLOSE, 125) == 2
           && memcmp(h, "\x88\x7d", 2) == 0, "5.2: writes 125");
    tap_ok(td_frame_header(h, TD_FRAME_TEXT, 126) == 4
           && memcmp(h, "\x81\x7e\x00\x7e", 4) == 0, "5.2: writes 126");
    tap_ok(td_frame_header(h, TD_FRAME_TEXT, 65535) == 4
           && memcmp(h, "\x81\x7e\xff\xff", 4) == 0, "5.2: writes 65535");
    tap_ok(td_frame_header(h, TD_FRAME_TEXT, 65536) == 10
           && memcmp(h, "\x81\x7f\0\0\0\0\0\x01\0\0", 10) == 0,
           "5.2: writes 65536");
}


int
main(void)
{
    srand(1);

    test_messages();
    test_lengths();
    test_first_byte();
    test_masks();
    test_control_frames();
    test_close();
    test_utf8();
    test_any_cut_of_random_streams();
    test_errors_are_for_ever();
    test_written_headers();

    return tap_done();
}
