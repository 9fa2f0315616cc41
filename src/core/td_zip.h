
/*
 * ZIP archives (APPNOTE 6.3.9, with Zip64): written as a stream that is never
 * sought in, read from bytes that somebody else made up.
 *
 * A writer is fed piece by piece and appends what is to be sent to a buffer.
 * Beside that it keeps the directory, some 100 bytes an entry.  A reader
 * believes no length: the directory is checked as a whole before anything is
 * unpacked, and an entry gives exactly as many bytes as it said.
 */


#ifndef _TD_ZIP_H_INCLUDED_
#define _TD_ZIP_H_INCLUDED_


#include "td_core.h"

#include <zlib.h>


#define TD_ZIP_NAME_MAX     512          /* bytes of a name */
#define TD_ZIP_ENTRIES_MAX  200000
#define TD_ZIP_WINDOW       16384        /* bytes that are read at a time */


/*
 * The writer.  A zeroed one is a valid new archive; td_zip_free() in the end.
 */

typedef struct {
    td_buf_t     out;           /* to be sent: whoever takes it sets out.len
                                   to 0, or takes the memory and zeroes out */
    td_buf_t     directory;
    uint64_t     offset;        /* of the next byte that will be appended */
    uint64_t     entries;

    /* the entry that is being written */
    uint64_t     start;         /* where it begins */
    uint64_t     size;
    uint64_t     packed;
    uint32_t     crc;
    uint32_t     time;          /* as DOS has it */
    td_str_t     name;
    char         name_buf[TD_ZIP_NAME_MAX];
    z_stream     z;
    int          level;         /* of z */
    unsigned     large:1;       /* with Zip64 sizes */
    unsigned     ready:1;       /* z is initialised */
} td_zip_t;


/*
 * Begins an entry.  name: UTF-8 with "/" between its parts, at most
 * TD_ZIP_NAME_MAX bytes; time: milliseconds since 1970; size: bytes that will
 * come, or at least no fewer; level: of zlib, 0 for what is packed already.
 * TD_OK, TD_NOMEM, or TD_BAD (the name is too long or empty).
 */
int td_zip_begin(td_zip_t *zip, td_str_t name, int64_t time, uint64_t size,
    int level);

/*
 * A piece of the entry.  Its packed form is appended to out: at most n bytes
 * and some words more.  TD_OK, TD_NOMEM, or TD_TOO_BIG: more than was said.
 */
int td_zip_add(td_zip_t *zip, const void *p, size_t n);

/* The end of the entry, and of the archive.  TD_OK or TD_NOMEM. */
int td_zip_end(td_zip_t *zip);
int td_zip_finish(td_zip_t *zip);

void td_zip_free(td_zip_t *zip);

/*
 * Appends a name that people gave as one part of an entry's name, such as any
 * system can have for a file: other characters become "_", and of a longer one
 * the first max bytes count, whole characters.  s: valid UTF-8.
 */
void td_zip_part(td_buf_t *b, td_str_t s, size_t max);


/*
 * Reads up to n bytes at an offset into buf and says how many: fewer only at
 * the end or when it cannot.
 */
typedef size_t (*td_zip_read_pt)(void *ctx, uint64_t offset, uint8_t *buf,
    size_t n);


typedef struct {
    td_str_t     name;          /* UTF-8 without a NUL; a key, and never fit
                                   to be the path of a file */
    uint64_t     offset;        /* of its local header */
    uint64_t     limit;         /* where the next one begins */
    uint64_t     size;
    uint64_t     packed;
    uint32_t     crc;
    unsigned     method;        /* 0 or 8 */
} td_zip_entry_t;


typedef struct {
    td_zip_entry_t  *entries;   /* in the order of their names */
    size_t           nentries;
    uint64_t         end;       /* of the entries */
    const char      *error;     /* why not, for people */
} td_zip_dir_t;


/*
 * Reads the directory of an archive of size bytes; what it returns is in the
 * arena.  Refused are entries that are encrypted, packed in another way, of
 * one name, or that share bytes; folders are left out.
 * TD_OK; TD_BAD: it is no such archive; TD_TOO_BIG: too many entries;
 * TD_NOMEM.  dir->error is set unless it is TD_OK or TD_NOMEM.
 */
int td_zip_open(td_zip_dir_t *dir, td_arena_t *a, uint64_t size,
    td_zip_read_pt read, void *ctx);

/* The entry of that name, or NULL. */
td_zip_entry_t *td_zip_find(const td_zip_dir_t *dir, td_str_t name);


/* An entry that is being unpacked. */

typedef struct {
    const td_zip_entry_t  *entry;
    td_zip_read_pt         read;
    void                  *ctx;
    uint64_t               pos;      /* of the archive */
    uint64_t               left;     /* packed bytes that were not read */
    uint64_t               given;
    uint32_t               crc;
    z_stream               z;
    unsigned               ready:1;  /* z is initialised */
    unsigned               ended:1;  /* the packed data is */
    uint8_t                window[TD_ZIP_WINDOW];
} td_unzip_t;

/*
 * begin() looks at the local header.  read() unpacks up to n bytes, says in
 * *got how many, and gives less than n only at the end, when size and checksum
 * have been found right.  TD_OK, TD_BAD or TD_NOMEM.  end() frees, after a
 * failure as well; a zeroed one is good for it.
 */
int td_unzip_begin(td_unzip_t *u, const td_zip_entry_t *entry,
    td_zip_read_pt read, void *ctx);
int td_unzip_read(td_unzip_t *u, void *buf, size_t n, size_t *got);
void td_unzip_end(td_unzip_t *u);


#endif /* _TD_ZIP_H_INCLUDED_ */
