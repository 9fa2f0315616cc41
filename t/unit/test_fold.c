
/*
 * Folding of names.
 */


#include "td_fold.h"
#include "tap.h"


static void
folds(const char *from, const char *to)
{
    td_buf_t  b;
    td_str_t  s;

    memset(&b, 0, sizeof(td_buf_t));

    s.data = from;
    s.len = strlen(from);
    td_fold(&b, s);

    tap_ok(b.len == strlen(to) && (b.len == 0 || !memcmp(b.data, to, b.len)),
           "\"%s\" becomes \"%s\"", from, to);

    td_buf_free(&b);
}


int
main(void)
{
    folds("", "");
    folds("Plans 2026 [Z]", "plans 2026 [z]");
    folds("Ärzte ÜBER Öl, Straße", "arzte uber ol, strasse");
    folds("A\xcc\x88rzte", "arzte");
    folds("Çà Été Ñandú Łódź Þór Œuvre Ĳ", "ca ete nandu lodz thor oeuvre ij");
    folds("3 × 4 ÷ 2", "3 × 4 ÷ 2");
    folds("ΣΊΣΥΦΟΣ σας", "σΊσυφοσ σασ");
    folds("Доска ЁЛКА", "доска ёлка");
    folds("看板 \xf0\x9f\x98\x80", "看板 \xf0\x9f\x98\x80");
    folds("\xff\xc3", "\xff\xc3");

    return tap_done();
}
