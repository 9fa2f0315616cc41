
/*
 * The history of a board: states and rows replayed, rows made shorter.
 */


#include <stdlib.h>

#include "td_history.h"
#include "tap.h"


#define REC(id, rest)  "\"" id "\":[\"put\",{\"id\":\"" id "\"" rest "}]"


static td_history_t  *h;


static td_str_t
str(const char *s)
{
    td_str_t  out;

    out.data = s;
    out.len = strlen(s);

    return out;
}


static void
begin(void)
{
    if (h) {
        td_history_destroy(h);
    }

    h = td_history_create(0);
}


static int
board_is(const char *want)
{
    int       same;
    td_buf_t  b;

    memset(&b, 0, sizeof(td_buf_t));
    td_room_write_all(td_history_room(h), &b);

    same = b.len == strlen(want) && (b.len == 0
                                     || memcmp(b.data, want, b.len) == 0);

    if (!same) {
        printf("# got    %.*s\n# wanted %s\n", (int) b.len, b.data, want);
    }

    td_buf_free(&b);

    return same;
}


static int
row(const char *changes, uint64_t since, uint64_t clock, uint64_t target)
{
    return td_history_row(h, str(changes), since, clock, target);
}


static void
states(void)
{
    size_t       i;
    static const char  *bad[] = {
        "x", "\"a\"", "\"a\":", "\"a\":[\"put\",", "\"a\":[\"put\",{}",
        "\"a\":[\"put\",{\"b\":\"}]", "\"a\":[\"put\",{]", "\"a\":[\"put\",1]",
        "\"a\":[\"patch\",{}]", "\"a\":[\"put\",{}]x", "\"a\":[\"put\",{}],,",
        "\"a\\", "\"a\\\"", "\"a\":[\"put\",{\"b\":\"\\"
    };

    begin();
    tap_ok(board_is(""), "a replay begins with an empty board");

    tap_ok(td_history_state(h, str(REC("a", ",\"t\":\"}]\\\"{\"") ","
                                   REC("b\\u0000\\\"", ",\"o\":{\"x\":[[]]}")),
                            7)
           == TD_OK, "a state is read");
    tap_ok(board_is(REC("a", ",\"t\":\"}]\\\"{\"") ","
                    REC("b\\u0000\\\"", ",\"o\":{\"x\":[[]]}")),
           "record by record, whatever stands in strings and ids");
    tap_ok(td_history_room(h)->clock == 7, "at its clock");

    tap_ok(td_history_state(h, str(""), 9) == TD_OK && board_is(""),
           "an empty state is one");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin();
        tap_ok(td_history_state(h, str(bad[i]), 2) == TD_BAD,
               "no state: %s", bad[i]);
    }
}


static void
rows(void)
{
    static const char  three[] =
        "[{\"a\":[\"put\",{\"v\":1}]},{\"a\":[\"patch\",{\"v\":[\"put\",2]}]},"
        "{\"a\":[\"remove\"],\"b\":[\"put\",{\"v\":3}]}]";

    begin();
    tap_ok(row(three, 1, 4, 4) == TD_OK
           && board_is("\"b\":[\"put\",{\"v\":3}]"), "a row of three pushes");
    tap_ok(td_history_room(h)->clock == 4, "leads to the last of its clocks");

    begin();
    tap_ok(row(three, 1, 4, 3) == TD_OK
           && board_is("\"a\":[\"put\",{\"v\":2}]")
           && td_history_room(h)->clock == 3, "or to the one asked for");

    begin();
    tap_ok(row(three, 2, 5, 5) == TD_BAD, "a gap is noticed");
    tap_ok(row(three, 1, 3, 5) == TD_BAD, "so is a wrong number of pushes");
    tap_ok(row("{}", 1, 2, 2) == TD_BAD && row("[1]", 1, 2, 2) == TD_BAD
           && row("[{\"a\":1}]", 1, 2, 2) == TD_BAD
           && row("[", 1, 2, 2) == TD_BAD
           && row("[{\"a\":[\"patch\",{}]}]", 1, 2, 2) == TD_BAD,
           "and what is no row");

    begin();
    tap_ok(row("[{\"a\":[\"put\",{}]}]", 1, 9, 8) == TD_OK
           && board_is("") && td_history_room(h)->clock == 1,
           "a thinned row is taken whole or not at all");
    tap_ok(row("[{\"a\":[\"put\",{}]}]", 1, 9, 9) == TD_OK
           && td_history_room(h)->clock == 9, "and leads over many clocks");
}


static void
thinning(void)
{
    td_buf_t    b;
    td_str_t    text;
    td_room_t   live;
    td_history_t  *other;

    begin();
    (void) td_history_state(h, str("\"a\":[\"put\",{\"v\":1}],"
                                   "\"b\":[\"put\",{\"v\":1}],"
                                   "\"c\":[\"put\",{\"v\":1}]"), 5);
    tap_ok(td_history_mark(h) == TD_OK, "a mark");

    (void) row("[{\"a\":[\"patch\",{\"v\":[\"put\",2]}]},"
               "{\"a\":[\"patch\",{\"v\":[\"put\",3]}],"
               "\"b\":[\"remove\"]},"
               "{\"c\":[\"patch\",{\"v\":[\"put\",9]}]}]", 5, 8, 8);
    (void) row("[{\"c\":[\"patch\",{\"v\":[\"put\",1]}],"
               "\"d\":[\"put\",{\"v\":4}]},"
               "{\"e\":[\"put\",{}]},{\"e\":[\"remove\"]}]", 8, 11, 11);

    memset(&b, 0, sizeof(td_buf_t));
    tap_ok(td_history_since_mark(h, &b) == TD_OK, "what changed since");

    text.data = b.data;
    text.len = b.len;
    tap_ok(td_str_eq(text, str("[{\"a\":[\"patch\",{\"v\":[\"put\",3]}],"
                               "\"b\":[\"remove\"],"
                               "\"d\":[\"put\",{\"v\":4}]}]")),
           "is one step, without what came to nothing");

    other = h;
    h = td_history_create(0);
    (void) td_history_state(h, str("\"a\":[\"put\",{\"v\":1}],"
                                   "\"b\":[\"put\",{\"v\":1}],"
                                   "\"c\":[\"put\",{\"v\":1}]"), 5);
    tap_ok(td_history_row(h, text, 5, 11, 11) == TD_OK
           && board_is("\"c\":[\"put\",{\"v\":1}],\"a\":[\"put\",{\"v\":3}],"
                       "\"d\":[\"put\",{\"v\":4}]"), "that leads to the same");

    td_history_destroy(other);

    /* back to a board that is alive */

    td_room_init(&live, 77, 20, 1);
    td_room_set(&live, str("a"), str("{\"v\":3}"), 12);
    td_room_set(&live, str("d"), str("{\"v\":5}"), 13);
    td_room_set(&live, str("x"), str("{}"), 14);
    td_room_set(&live, str("gone"), (td_str_t) { 0, NULL }, 15);

    b.len = 0;
    tap_ok(td_history_diff(h, &live, &b) == 3, "what makes it so again");

    text.data = b.data;
    text.len = b.len;
    tap_ok(td_str_eq(text, str("{\"c\":[\"put\",{\"v\":1}],"
                               "\"d\":[\"patch\",{\"v\":[\"put\",4]}],"
                               "\"x\":[\"remove\"]}")),
           "puts, patches and removes what differs");

    td_room_free(&live);
    td_buf_free(&b);
    td_history_destroy(h);
    h = NULL;
}


int
main(void)
{
    states();
    rows();
    thinning();

    if (h) {
        td_history_destroy(h);
    }

    return tap_done();
}
