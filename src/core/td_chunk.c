
/*
 * Assembler of the protocol's own chunks.
 *
 * Owns the text collected so far and gives it up as soon as it is of no use:
 * an idle connection holds nothing here.
 */


#include "td_chunk.h"


/*
 * Splits "<k>_<rest>" with at least one digit.  More parts than 2^53 cannot
 * be announced by any client; they are no chunk.
 */

static int
td_chunk_split(td_str_t text, uint64_t *k, td_str_t *rest)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] < '0' || text.data[i] > '9') {
            break;
        }

        n = n * 10 + (uint64_t) (text.data[i] - '0');

        if (n > (uint64_t) 1 << 53) {
            return TD_BAD;
        }
    }

    if (i == 0 || i == text.len || text.data[i] != '_') {
        return TD_BAD;
    }

    *k = n;
    rest->data = text.data + i + 1;
    rest->len = text.len - i - 1;

    return TD_OK;
}


static int
td_chunk_fail(td_chunk_t *c, int rc)
{
    td_chunk_reset(c);

    return rc;
}


int
td_chunk_feed(td_chunk_t *c, td_str_t text, size_t max, td_str_t *message)
{
    uint64_t  k;
    td_str_t  rest;

    if (!c->collecting) {
        td_chunk_reset(c);

        if (text.len != 0 && text.data[0] == '{') {

            if (text.len > max) {
                return TD_TOO_BIG;
            }

            *message = text;

            return TD_CHUNK_MESSAGE;
        }
    }

    if (td_chunk_split(text, &k, &rest) != TD_OK) {
        return td_chunk_fail(c, TD_BAD);
    }

    if (c->collecting && k != c->left - 1) {
        return td_chunk_fail(c, TD_BAD);
    }

    if (rest.len > max || c->text.len > max - rest.len) {
        return td_chunk_fail(c, TD_TOO_BIG);
    }

    td_buf_add(&c->text, rest.data, rest.len);

    if (c->text.failed) {
        return td_chunk_fail(c, TD_NOMEM);
    }

    c->left = k;
    c->collecting = (k != 0);

    if (c->collecting) {
        return TD_CHUNK_MORE;
    }

    message->data = c->text.data;
    message->len = c->text.len;

    return TD_CHUNK_MESSAGE;
}


void
td_chunk_reset(td_chunk_t *c)
{
    td_buf_free(&c->text);

    c->left = 0;
    c->collecting = 0;
}
