
/*
 * A whole board that comes as one text: a .tldr file or a room snapshot
 * (sync-protocol 7), taken apart and checked record by record.
 *
 * The tree of the whole text is never built: memory follows the longest
 * record, beside a few words for each.
 */


#ifndef _TD_IMPORT_H_INCLUDED_
#define _TD_IMPORT_H_INCLUDED_


#include "td_schema.h"


typedef struct td_import_record_s  td_import_record_t;


struct td_import_record_s {
    td_import_record_t  *next;
    td_str_t             id;          /* canonical, see td_room.h */
    td_str_t             text;        /* in the text that was taken apart */
};


typedef struct {
    td_schema_t         *schema;      /* the one that it was written with */
    td_import_record_t  *records;     /* as they came; the last of several
                                         with one id counts */
    size_t               nrecords;
    size_t               bytes;       /* of their text */
    const char          *field;       /* what is wrong: "schema", "records" or
                                         NULL: the form of the whole */
    char                 error[160];  /* why, for people */
} td_import_t;


/*
 * Takes a text apart.  schemas: the descriptions that may match, best first.
 * Every record of the document must pass the validators of its description,
 * as a push would; those of a session or of presence are left out.  Results
 * are in the arena and in the text, which must outlive them.
 * max: bytes of text of all records together, 0: no limit.
 * TD_OK; TD_BAD: it is no such text, or of a schema that is not known;
 * TD_INVALID: a record is refused; TD_TOO_BIG; TD_NOMEM.  im->field and
 * im->error are filled for TD_BAD and TD_INVALID.
 */
int td_import(td_import_t *im, td_arena_t *a, const char *text, size_t len,
    td_schema_t **schemas, size_t n, size_t max);


#endif /* _TD_IMPORT_H_INCLUDED_ */
