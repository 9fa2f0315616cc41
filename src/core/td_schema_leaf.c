
/*
 * Index keys: the strings by which tldraw orders shapes and pages.
 *
 * A key is a head, which tells the length of the integer part, the digits of
 * that part and a fraction.  The client generations differ in what they take
 * for a key; each rule here gives the verdict of that generation's package.
 */


#include "td_schema_node.h"


static size_t td_index_head(td_str_t s, size_t *head);
static int td_index_digits(const char *p, size_t n);
static int td_index_is_digit(char c);


int
td_index_key_valid(td_str_t s, td_op_e op)
{
    size_t  len, head, i;

    if (s.len == 0) {
        return 0;
    }

    if (op == TD_OP_INDEX_3) {
        len = td_index_head(s, &head);

        /*
         * Digits count one unit each, so bytes are as good as units for the
         * integer part, and the fraction may be anything.
         */

        if (len == 0 || len > s.len || !td_index_digits(s.data, len)) {
            return 0;
        }

        if (s.data[0] != 'A' || s.data[head - 1] != 'z') {
            return 1;
        }

        /* the package cannot count beyond the last key of such a head */

        for (i = head; i < len; i++) {
            if (s.data[i] != 'z') {
                return 1;
            }
        }

        return 0;
    }

    if (s.data[0] >= 'a' && s.data[0] <= 'z') {
        len = s.data[0] - 'a' + 2;

    } else if (s.data[0] >= 'A' && s.data[0] <= 'Z') {
        len = 'Z' - s.data[0] + 2;

    } else {
        return 0;
    }

    /*
     * Generation 4 asks its package for keys around the given one, which goes
     * well by chance only when there are other characters than digits.
     */

    if (op == TD_OP_INDEX_4 && !td_index_digits(s.data, s.len)) {
        return 0;
    }

    /* the length in units is only needed where it is short */

    if (s.len <= len * 4) {
        i = td_utf16_length(s);

        if (i < len) {
            return 0;
        }

    } else {
        i = s.len;
    }

    if (i > len && s.data[s.len - 1] == '0') {
        return 0;
    }

    if (s.data[0] == 'A' && s.len == len) {
        for (i = 1; i < len; i++) {
            if (s.data[i] != '0') {
                return 1;
            }
        }

        return 0;
    }

    return 1;
}


/*
 * Generation 3: the length of the integer part, 0 when there is none; *head
 * is the length of its head.  Heads a..y and Z..B stand alone.  After z and A
 * comes a second letter, after zz and AA a third, and so on, with more digits
 * each time.
 */

static size_t
td_index_head(td_str_t s, size_t *head)
{
    char    c, most;
    size_t  i, len;

    c = s.data[0];

    *head = 1;

    if (c >= 'a' && c < 'z') {
        return c - 'a' + 2;
    }

    if (c > 'A' && c <= 'Z') {
        return 'Z' - c + 2;
    }

    if (c != 'z' && c != 'A') {
        return 0;
    }

    most = c;
    len = 26;

    for (i = 1; i < s.len && s.data[i] == most; i++) {
        len += 52;
    }

    if (i == s.len) {
        return 0;
    }

    *head = i + 1;
    c = s.data[i];

    if (c >= 'A' && c <= 'Z') {
        i = c - 'A';

    } else if (c >= 'a' && c <= 'z') {
        i = c - 'a' + 26;

    } else {
        return 0;
    }

    /* i letters from A, 51 - i letters from z */

    return len + 2 + (most == 'z' ? i : 51 - i);
}


static int
td_index_digits(const char *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (!td_index_is_digit(p[i])) {
            return 0;
        }
    }

    return 1;
}


static int
td_index_is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
           || (c >= 'a' && c <= 'z');
}
