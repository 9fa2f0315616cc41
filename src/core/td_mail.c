
/*
 * The form of a mail.  Texts are quoted-printable, headers that are not plain
 * ASCII are encoded words; no byte of a text reaches the message otherwise.
 * Keeps nothing: what it is given is the caller's.
 */


#include <stdio.h>
#include <time.h>

#include "td_mail.h"


#define TD_MAIL_LINE      76      /* bytes, without the line's end */
#define TD_MAIL_WORD      39      /* bytes of text in an encoded word */
#define TD_MAIL_ADDRESS   254


static void td_mail_header(td_buf_t *b, const char *name, td_str_t text,
    int phrase);
static int td_mail_simple(td_str_t s);
static void td_mail_encoded(td_buf_t *b, td_str_t s);
static void td_mail_base64(td_buf_t *b, const unsigned char *p, size_t n);
static void td_mail_part(td_buf_t *b, const char *type, td_str_t id,
    td_str_t text);
static void td_mail_quoted(td_buf_t *b, td_str_t s);
static void td_mail_date(td_buf_t *b, int64_t date);
static int td_mail_id(td_str_t s);


int
td_mail_address(td_str_t s)
{
    size_t               i, at;
    const unsigned char  *p;

    if (s.len > TD_MAIL_ADDRESS) {
        return 0;
    }

    p = (const unsigned char *) s.data;
    at = 0;

    for (i = 0; i < s.len; i++) {

        if (p[i] <= 0x20 || p[i] >= 0x7f
            || strchr("()<>,;:\\\"[]", p[i]) != NULL)
        {
            return 0;
        }

        if (p[i] == '@') {

            if (i == 0 || at != 0) {
                return 0;
            }

            at = i;

        } else if (p[i] == '.') {

            if (i == 0 || p[i - 1] == '.' || p[i - 1] == '@'
                || i + 1 == s.len || p[i + 1] == '@')
            {
                return 0;
            }
        }
    }

    /* a host does not begin like an option, whatever passes it on */

    return at != 0 && at <= 64 && at + 1 < s.len && p[at + 1] != '-';
}


static int
td_mail_id(td_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!((s.data[i] >= '0' && s.data[i] <= '9')
              || (s.data[i] >= 'a' && s.data[i] <= 'z')
              || (s.data[i] >= 'A' && s.data[i] <= 'Z')
              || s.data[i] == '-' || s.data[i] == '_'))
        {
            return 0;
        }
    }

    return s.len > 0 && s.len <= 40;
}


int
td_mail_build(const td_mail_t *mail, td_buf_t *b)
{
    td_str_t     host;
    const char  *at;

    if (!td_mail_address(mail->from)
        || !td_mail_address(mail->to)
        || !td_mail_id(mail->id))
    {
        return TD_BAD;
    }

    at = memchr(mail->from.data, '@', mail->from.len);
    host.data = at + 1;
    host.len = mail->from.len - (size_t) (host.data - mail->from.data);

    if (mail->from_name.len) {
        td_mail_header(b, "From:", mail->from_name, 1);
        td_buf_lit(b, "\r\n <");

    } else {
        td_buf_lit(b, "From: <");
    }

    td_buf_str(b, mail->from);
    td_buf_lit(b, ">\r\nTo: <");
    td_buf_str(b, mail->to);
    td_buf_lit(b, ">\r\n");

    td_mail_header(b, "Subject:", mail->subject, 0);
    td_buf_lit(b, "\r\nDate: ");
    td_mail_date(b, mail->date);
    td_buf_lit(b, "\r\nMessage-ID: <");
    td_buf_str(b, mail->id);
    td_buf_char(b, '@');
    td_buf_str(b, host);

    /* no answer of a machine, please: it would come to the sender */

    td_buf_lit(b, ">\r\nAuto-Submitted: auto-generated\r\n"
                  "MIME-Version: 1.0\r\n"
                  "Content-Type: multipart/alternative;\r\n"
                  " boundary=\"=_");
    td_buf_str(b, mail->id);
    td_buf_lit(b, "\"\r\n\r\n");

    td_mail_part(b, "plain", mail->id, mail->plain);
    td_mail_part(b, "html", mail->id, mail->html);

    td_buf_lit(b, "--=_");
    td_buf_str(b, mail->id);
    td_buf_lit(b, "--\r\n");

    return b->failed ? TD_NOMEM : TD_OK;
}


/* phrase: a name before an address, which takes quotes where it is ASCII */

static void
td_mail_header(td_buf_t *b, const char *name, td_str_t text, int phrase)
{
    size_t  i;

    td_buf_add(b, name, strlen(name));

    if (!td_mail_simple(text)) {
        td_mail_encoded(b, text);
        return;
    }

    td_buf_char(b, ' ');

    if (!phrase) {
        td_buf_str(b, text);
        return;
    }

    td_buf_char(b, '"');

    for (i = 0; i < text.len; i++) {

        if (text.data[i] == '"' || text.data[i] == '\\') {
            td_buf_char(b, '\\');
        }

        td_buf_char(b, text.data[i]);
    }

    td_buf_char(b, '"');
}


/* Can it stand on one line as it is, and mean nothing else there? */

static int
td_mail_simple(td_str_t s)
{
    size_t  i;

    if (s.len == 0 || s.len > 60
        || s.data[0] == ' ' || s.data[s.len - 1] == ' ')
    {
        return 0;
    }

    for (i = 0; i < s.len; i++) {

        if (s.data[i] < 0x20 || s.data[i] > 0x7e
            || (s.data[i] == '=' && i + 1 < s.len && s.data[i + 1] == '?'))
        {
            return 0;
        }
    }

    return 1;
}


/* Each word on a line of its own and of whole characters. */

static void
td_mail_encoded(td_buf_t *b, td_str_t s)
{
    size_t  i, n;

    for (i = 0; i < s.len; i += n) {

        n = s.len - i;

        if (n > TD_MAIL_WORD) {
            n = TD_MAIL_WORD;

            while (n > TD_MAIL_WORD - 4
                   && ((unsigned char) s.data[i + n] & 0xc0) == 0x80)
            {
                n--;
            }
        }

        if (i) {
            td_buf_lit(b, "\r\n");
        }

        td_buf_lit(b, " =?UTF-8?B?");
        td_mail_base64(b, (const unsigned char *) s.data + i, n);
        td_buf_lit(b, "?=");
    }
}


static void
td_mail_base64(td_buf_t *b, const unsigned char *p, size_t n)
{
    size_t    i;
    uint32_t  v;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (i = 0; i < n; i += 3) {

        v = (uint32_t) p[i] << 16;
        v |= i + 1 < n ? (uint32_t) p[i + 1] << 8 : 0;
        v |= i + 2 < n ? p[i + 2] : 0;

        td_buf_char(b, digits[v >> 18]);
        td_buf_char(b, digits[v >> 12 & 63]);
        td_buf_char(b, i + 1 < n ? digits[v >> 6 & 63] : '=');
        td_buf_char(b, i + 2 < n ? digits[v & 63] : '=');
    }
}


static void
td_mail_part(td_buf_t *b, const char *type, td_str_t id, td_str_t text)
{
    td_buf_lit(b, "--=_");
    td_buf_str(b, id);
    td_buf_lit(b, "\r\nContent-Type: text/");
    td_buf_add(b, type, strlen(type));
    td_buf_lit(b, "; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    td_mail_quoted(b, text);
    td_buf_lit(b, "\r\n");
}


/* A line never begins with "--=_": "=" is always written as "=3D". */

static void
td_mail_quoted(td_buf_t *b, td_str_t s)
{
    int            plain;
    size_t         i, column, width;
    unsigned char  c, next;

    static const char  hex[] = "0123456789ABCDEF";

    column = 0;

    for (i = 0; i < s.len; i++) {

        c = (unsigned char) s.data[i];

        if (c == '\n') {
            td_buf_lit(b, "\r\n");
            column = 0;
            continue;
        }

        next = i + 1 < s.len ? (unsigned char) s.data[i + 1] : '\n';

        plain = (c > 0x20 && c < 0x7f && c != '=')
                || (c == ' ' && next != '\n');

        /* a line of one dot would be the end of the mail */

        if (c == '.' && column == 0) {
            plain = 0;
        }

        width = plain ? 1 : 3;

        if (column + width > TD_MAIL_LINE - 1) {
            td_buf_lit(b, "=\r\n");
            column = 0;

            if (c == '.') {
                plain = 0;
                width = 3;
            }
        }

        column += width;

        if (plain) {
            td_buf_char(b, (char) c);
            continue;
        }

        td_buf_char(b, '=');
        td_buf_char(b, hex[c >> 4]);
        td_buf_char(b, hex[c & 15]);
    }
}


static void
td_mail_date(td_buf_t *b, int64_t date)
{
    int        n;
    char       text[64];
    time_t     t;
    struct tm  tm;

    static const char  *days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
                                   "Sat" };
    static const char  *months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov",
                                     "Dec" };

    t = (time_t) date;

    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099) {
        t = 0;
        (void) gmtime_r(&t, &tm);
    }

    n = snprintf(text, sizeof(text), "%s, %d %s %d %02d:%02d:%02d +0000",
                 days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);

    td_buf_add(b, text, (size_t) n);
}
