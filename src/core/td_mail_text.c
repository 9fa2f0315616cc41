
/*
 * What mails say.  {from} and {board} stand for names that somebody chose, so
 * they are shortened, and cleaned of what could make lines or turn the
 * direction of a text; nothing else of a mail is anybody's choice.
 */


#include "td_mail.h"


#define TD_MAIL_NAME   200     /* bytes of a name */


typedef struct {
    const char  *subject;
    const char  *text;
    const char  *button;
    const char  *note;
} td_mail_text_t;


static const td_mail_text_t  td_mail_english[] = {
    { "A new password for Tidraw",
      "Somebody, most likely you, asked for a new password for your account.",
      "Set a new password",
      "The link works once and for one hour. If it was not you, ignore this"
      " mail: your password stays as it is." },

    { "Your account on Tidraw",
      "{from} has made an account for you on Tidraw, a whiteboard to draw on"
      " together.",
      "Choose a password",
      "The link works once and for seven days." },

    { "{from} invites you to \"{board}\"",
      "{from} would like to draw with you on the board \"{board}\".",
      "Open the board",
      "The invitation works once and for seven days. If you do not know"
      " {from}, ignore this mail." },

    { "A test mail from Tidraw",
      "{from} wanted to know whether mail works. It does.",
      "Open Tidraw",
      "There is nothing to do." }
};


static const td_mail_text_t  td_mail_german[] = {
    { "Ein neues Passwort für Tidraw",
      "Jemand, wahrscheinlich du selbst, möchte ein neues Passwort für dein"
      " Konto.",
      "Neues Passwort setzen",
      "Der Link gilt einmal und eine Stunde lang. Falls du das nicht warst,"
      " ignoriere diese Mail: Dein Passwort bleibt, wie es ist." },

    { "Dein Konto bei Tidraw",
      "{from} hat ein Konto für dich bei Tidraw angelegt, einem Whiteboard,"
      " auf dem man gemeinsam zeichnet.",
      "Passwort wählen",
      "Der Link gilt einmal und sieben Tage lang." },

    { "{from} lädt dich zu „{board}“ ein",
      "{from} möchte mit dir auf dem Board „{board}“ zeichnen.",
      "Board öffnen",
      "Die Einladung gilt einmal und sieben Tage lang. Falls du {from} nicht"
      " kennst, ignoriere diese Mail." },

    { "Eine Testmail von Tidraw",
      "{from} wollte wissen, ob Mails ankommen. Das tun sie.",
      "Tidraw öffnen",
      "Es ist nichts weiter zu tun." }
};


static void td_mail_fill(td_buf_t *b, const char *text,
    const td_mail_facts_t *facts, int html);
static void td_mail_name(td_buf_t *b, td_str_t s, int html);
static size_t td_mail_unwanted(const unsigned char *p, size_t n);
static void td_mail_escape(td_buf_t *b, const char *p, size_t n);


int
td_mail_write(td_mail_kind_e kind, const td_mail_facts_t *facts,
    td_buf_t *subject, td_buf_t *plain, td_buf_t *html)
{
    int                    german;
    const td_mail_text_t  *t;

    german = td_str_is(facts->locale, "de");
    t = german ? &td_mail_german[kind] : &td_mail_english[kind];

    td_mail_fill(subject, t->subject, facts, 0);

    td_mail_fill(plain, t->text, facts, 0);
    td_buf_lit(plain, "\n\n");
    td_mail_fill(plain, t->button, facts, 0);
    td_buf_lit(plain, ":\n");
    td_buf_str(plain, facts->link);
    td_buf_lit(plain, "\n\n");
    td_mail_fill(plain, t->note, facts, 0);
    td_buf_char(plain, '\n');

    td_buf_lit(html, "<!DOCTYPE html>\n<html lang=\"");
    td_buf_add(html, german ? "de" : "en", 2);
    td_buf_lit(html, "\"><head><meta charset=\"utf-8\"><title>");
    td_mail_fill(html, t->subject, facts, 1);
    td_buf_lit(html, "</title></head>\n"
                     "<body style=\"font-family:sans-serif;font-size:16px;"
                     "line-height:1.5;max-width:36em\">\n<p>");
    td_mail_fill(html, t->text, facts, 1);
    td_buf_lit(html, "</p>\n<p><a href=\"");
    td_mail_escape(html, facts->link.data, facts->link.len);
    td_buf_lit(html, "\" style=\"display:inline-block;padding:10px 18px;"
                     "border-radius:6px;background:#3e63dd;color:#ffffff;"
                     "text-decoration:none\">");
    td_mail_fill(html, t->button, facts, 1);
    td_buf_lit(html, "</a></p>\n<p style=\"font-size:14px\">");
    td_mail_escape(html, facts->link.data, facts->link.len);
    td_buf_lit(html, "</p>\n<p style=\"font-size:14px;color:#60646c\">");
    td_mail_fill(html, t->note, facts, 1);
    td_buf_lit(html, "</p>\n</body></html>\n");

    return subject->failed || plain->failed || html->failed ? TD_NOMEM
                                                            : TD_OK;
}


static void
td_mail_fill(td_buf_t *b, const char *text, const td_mail_facts_t *facts,
    int html)
{
    size_t       n;
    const char  *p;

    for (p = text; *p; p += n) {

        if (strncmp(p, "{from}", 6) == 0) {
            td_mail_name(b, facts->from, html);
            n = 6;

        } else if (strncmp(p, "{board}", 7) == 0) {
            td_mail_name(b, facts->board, html);
            n = 7;

        } else {
            n = 1 + strcspn(p + 1, "{");

            if (html) {
                td_mail_escape(b, p, n);

            } else {
                td_buf_add(b, p, n);
            }
        }
    }
}


static void
td_mail_name(td_buf_t *b, td_str_t s, int html)
{
    size_t                i, n;
    const unsigned char  *p;

    p = (const unsigned char *) s.data;

    if (s.len > TD_MAIL_NAME) {
        s.len = TD_MAIL_NAME;

        while (s.len && (p[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }

    for (i = 0; i < s.len; i += n) {

        n = td_mail_unwanted(p + i, s.len - i);

        if (n) {
            td_buf_char(b, ' ');
            continue;
        }

        n = 1;

        if (html) {
            td_mail_escape(b, s.data + i, 1);

        } else {
            td_buf_char(b, s.data[i]);
        }
    }
}


/*
 * Bytes of a control character, of a separator of lines, or of what turns
 * the direction of a text; 0: it is none.
 */

static size_t
td_mail_unwanted(const unsigned char *p, size_t n)
{
    if (p[0] < 0x20 || p[0] == 0x7f) {
        return 1;
    }

    if (n > 1 && p[0] == 0xc2 && p[1] < 0xa0) {
        return 2;
    }

    if (n > 2 && p[0] == 0xe2
        && ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae)
            || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
    {
        return 3;
    }

    return 0;
}


static void
td_mail_escape(td_buf_t *b, const char *p, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        switch (p[i]) {

        case '&':
            td_buf_lit(b, "&amp;");
            break;

        case '<':
            td_buf_lit(b, "&lt;");
            break;

        case '>':
            td_buf_lit(b, "&gt;");
            break;

        case '"':
            td_buf_lit(b, "&quot;");
            break;

        default:
            td_buf_char(b, p[i]);
        }
    }
}
