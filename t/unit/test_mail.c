
/*
 * Mails: addresses, what stands in a message and what never does.
 */


#include <stdlib.h>

#include "td_mail.h"
#include "tap.h"


static td_str_t
str(const char *s)
{
    td_str_t  v;

    v.data = s;
    v.len = strlen(s);

    return v;
}


static td_mail_t
mail(const char *name, const char *subject, const char *plain)
{
    td_mail_t  m;

    m.from = td_str("boards@example.org");
    m.from_name = str(name);
    m.to = td_str("ann@example.net");
    m.id = td_str("AbC-_9");
    m.subject = str(subject);
    m.plain = str(plain);
    m.html = td_str("<p>x</p>\n");
    m.date = 1700000000;

    return m;
}


/* The message as a string; the caller frees it. */

static char *
build(const td_mail_t *m)
{
    td_buf_t  b;

    memset(&b, 0, sizeof(b));

    if (td_mail_build(m, &b) != TD_OK) {
        td_buf_free(&b);
        return NULL;
    }

    td_buf_char(&b, '\0');

    return b.data;
}


static void
has(const td_mail_t *m, const char *part, const char *name)
{
    char  *s;

    s = build(m);

    if (!tap_ok(s != NULL && strstr(s, part) != NULL, "%s", name)) {
        printf("# %s\n", s ? s : "(none)");
    }

    free(s);
}


/* CRLF ends every line, none is too long, all of it is printable ASCII. */

static int
well_formed(const char *s)
{
    size_t  column;

    for (column = 0; *s; s++) {

        if (*s == '\r') {

            if (s[1] != '\n') {
                return 0;
            }

            s++;
            column = 0;
            continue;
        }

        if (*s < 0x20 || *s > 0x7e || ++column > 78) {
            return 0;
        }
    }

    return column == 0;
}


static size_t
headers(const char *s)
{
    size_t       n;
    const char  *end;

    end = strstr(s, "\r\n\r\n");

    for (n = 1; s < end; s++) {
        n += s[0] == '\n' && s[1] != ' ';
    }

    return n;
}


static void
test_addresses(void)
{
    size_t    i;
    char      long_one[300];
    td_str_t  s;

    static const char  *good[] = {
        "a@b", "ann@example.org", "ann+x@mail.example.org",
        "o'neill@example.org", "a.b.c@xn--bcher-kva.example"
    };

    static const char  *bad[] = {
        "", "@", "a@", "@b", "a b@c", "a@b@c", "a..b@c", ".a@b", "a.@b",
        "a@.b", "a@b.", "<a@b>", "a@b\r\nRCPT TO:<x@y>", "a@b\n", "a,b@c",
        "\"a\"@b", "a@[127.0.0.1]", "\xc3\xa4@b", "a@-b", "a@b>"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        tap_ok(td_mail_address(str(good[i])), "%s is an address", good[i]);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        tap_ok(!td_mail_address(str(bad[i])), "no address: number %zu", i);
    }

    s = td_str("a\0@b");
    tap_ok(!td_mail_address(s), "no NUL in an address");

    memset(long_one, 'a', sizeof(long_one));
    long_one[64] = '@';

    s.data = long_one;
    s.len = 254;
    tap_ok(td_mail_address(s), "254 bytes");

    s.len = 255;
    tap_ok(!td_mail_address(s), "not 255");

    s.data = long_one + 1;
    s.len = 100;
    tap_ok(td_mail_address(s), "63 bytes before the host");

    long_one[64] = 'a';
    long_one[65] = '@';
    s.data = long_one;
    tap_ok(!td_mail_address(s), "not 65");
}


static void
test_headers(void)
{
    char       *s;
    td_mail_t   m;

    m = mail("Our boards", "Hello", "text\n");

    has(&m, "From: \"Our boards\"\r\n <boards@example.org>\r\n",
        "a name is quoted");
    has(&m, "To: <ann@example.net>\r\n", "the recipient");
    has(&m, "Subject: Hello\r\n", "a plain subject stays as it is");
    has(&m, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n", "the date");
    has(&m, "Message-ID: <AbC-_9@example.org>\r\n", "the id");

    s = build(&m);
    tap_ok(s && well_formed(s), "well-formed");
    tap_ok(s && headers(s) == 8, "eight headers");
    free(s);

    m.from_name.len = 0;
    has(&m, "From: <boards@example.org>\r\n", "no name");

    m = mail("A \"B\" \\ C", "x", "x");
    has(&m, "From: \"A \\\"B\\\" \\\\ C\"\r\n", "quotes within quotes");

    m = mail("J\xc3\xb6rg", "Gr\xc3\xbc\xc3\x9f" "e", "x");
    has(&m, "From: =?UTF-8?B?SsO2cmc=?=\r\n", "a name in UTF-8");
    has(&m, "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n", "a subject in UTF-8");

    m = mail("x", "a =?UTF-8?B?eA==?= b", "x");
    has(&m, "Subject: =?UTF-8?B?YSA9P1VURi04P0I/ZUE9PT89IGI=?=\r\n",
        "what looks encoded is encoded");

    /* 3 bytes a character, more than one word */

    m = mail("x", "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
             "\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
             "\xac\xe2\x82\xac\xe2\x82\xac\x61\xe2\x82\xac\xe2\x82\xac", "x");
    has(&m, "YQ==?=\r\n =?UTF-8?B?4oKs4oKs?=\r\n",
        "a character is not cut in two");

    s = build(&m);
    tap_ok(s && well_formed(s), "folded");
    free(s);

    m = mail("x\r\nBcc: all@example.org", "y\r\n\r\nbody\nTo: z", "x");
    s = build(&m);
    tap_ok(s && well_formed(s), "a name of several lines is well-formed");
    tap_ok(s && headers(s) == 8, "and adds no header");
    tap_ok(s && strstr(s, "Bcc") == NULL, "nor stands there");
    free(s);

    m = mail("x", "x", "x");
    m.to = td_str("a@b>\r\nBcc: <c@d");
    tap_ok(build(&m) == NULL, "a recipient that is none");

    m = mail("x", "x", "x");
    m.id = td_str("a@b");
    tap_ok(build(&m) == NULL, "an id that is none");
}


static void
test_texts(void)
{
    char       *s, *end, text[2000];
    size_t      i;
    td_mail_t   m;

    m = mail("x", "x", "a = b\n.\n. dot\ntrailing \nJ\xc3\xb6rg\r\n\tx\n");
    has(&m, "\r\n\r\na =3D b\r\n=2E\r\n=2E dot\r\ntrailing=20\r\n"
        "J=C3=B6rg=0D\r\n=09x\r\n\r\n--=_AbC-_9\r\n", "quoted-printable");

    for (i = 0; i < sizeof(text) - 1; i++) {
        text[i] = "ab .\xc3\xa4="[i % 7];
    }

    text[sizeof(text) - 1] = '\0';

    m = mail("x", "x", text);
    s = build(&m);
    tap_ok(s && well_formed(s), "a long line is folded");
    tap_ok(s && strstr(s, "\n.") == NULL, "no line begins with a dot");
    free(s);

    m = mail("x", "x", "\r\n.\r\n--=_AbC-_9--\r\nQUIT\r\n");
    s = build(&m);
    tap_ok(s && well_formed(s), "bare CR is no end of a line");
    tap_ok(s && strstr(s, "\r\n.\r\n") == NULL, "no end of the mail within");

    end = s ? strstr(s, "--=_AbC-_9--") : NULL;
    tap_ok(end && end[12] == '\r' && end[14] == '\0',
           "no end of the parts within");
    free(s);
}


static char *
write_mail(td_mail_kind_e kind, const char *locale, const char *from,
    const char *board, unsigned part)
{
    td_buf_t         b[3];
    td_mail_facts_t  facts;

    memset(b, 0, sizeof(b));

    facts.locale = str(locale);
    facts.from = str(from);
    facts.board = str(board);
    facts.link = td_str("https://boards.example.org/x?a=1&b=2");

    if (td_mail_write(kind, &facts, &b[0], &b[1], &b[2]) != TD_OK) {
        return NULL;
    }

    td_buf_char(&b[part], '\0');
    td_buf_free(&b[(part + 1) % 3]);
    td_buf_free(&b[(part + 2) % 3]);

    return b[part].data;
}


static void
says(td_mail_kind_e kind, const char *locale, const char *from,
    const char *board, unsigned part, const char *what, const char *name)
{
    char  *s;

    s = write_mail(kind, locale, from, board, part);

    if (!tap_ok(s && strstr(s, what) != NULL, "%s", name)) {
        printf("# %s\n", s ? s : "(none)");
    }

    free(s);
}


static void
test_templates(void)
{
    char      *s, name[1000];
    unsigned   kind, german;

    says(TD_MAIL_INVITE, "en", "Ann", "Plans", 0,
         "Ann invites you to \"Plans\"", "an invitation");
    says(TD_MAIL_INVITE, "de", "Ann", "Plans", 0,
         "Ann lädt dich zu „Plans“ ein", "in German");
    says(TD_MAIL_INVITE, "", "Ann", "Plans", 1,
         ":\nhttps://boards.example.org/x?a=1&b=2\n", "the link");
    says(TD_MAIL_INVITE, "fr", "Ann", "Plans", 2,
         "href=\"https://boards.example.org/x?a=1&amp;b=2\"",
         "the link in HTML");
    says(TD_MAIL_INVITE, "en", "<b>\"A\" & B", "<script>", 2,
         "&lt;b&gt;&quot;A&quot; &amp; B", "a name in HTML");
    says(TD_MAIL_INVITE, "en", "{board}", "{from}", 0,
         "{board} invites you to \"{from}\"", "names are not filled in");
    says(TD_MAIL_INVITE, "en", "A\r\nB\tC\x7f", "x\xe2\x80\xae" "y\xc2\x85z",
         0, "A  B C  invites you to \"x y z\"", "what no name holds");

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memcpy(&name[199], "\xc3\xa4", 2);

    s = write_mail(TD_MAIL_INVITE, "en", name, "x", 0);
    tap_ok(s && strncmp(s + 199, " invites", 8) == 0,
           "a long name is cut between characters");
    free(s);

    for (kind = TD_MAIL_RESET; kind <= TD_MAIL_TEST; kind++) {
        for (german = 0; german < 2; german++) {
            says(kind, german ? "de" : "en", "Ann", "Plans", 2,
                 german ? "<html lang=\"de\">" : "<html lang=\"en\">",
                 "every mail in both languages");
        }
    }
}


int
main(void)
{
    test_addresses();
    test_headers();
    test_texts();
    test_templates();

    return tap_done();
}
