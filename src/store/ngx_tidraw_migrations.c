
/*
 * The tables.  One text for both databases; what differs is passed in:
 *
 *   SERIAL   a number the database gives out and never again
 *   KEY      a text that is looked up: compared byte by byte, so that an
 *            index never depends on the locale of the machine
 *
 * Times are milliseconds since 1970 UTC, booleans 0 or 1.
 */


#include <stddef.h>

#include "ngx_tidraw_migrations.h"


#define NGX_TIDRAW_MIGRATION_1(SERIAL, KEY)                                  \
                                                                             \
    "CREATE TABLE users ("                                                   \
    " id " KEY " NOT NULL PRIMARY KEY,"                                      \
    " email " KEY " NOT NULL UNIQUE,"                                        \
    " name TEXT NOT NULL,"                                                   \
    " color TEXT,"                                                           \
    " role TEXT NOT NULL DEFAULT 'user',"                                    \
    " password_hash TEXT,"                                                   \
    " disabled INTEGER NOT NULL DEFAULT 0,"                                  \
    " created_at BIGINT NOT NULL,"                                           \
    " updated_at BIGINT NOT NULL)",                                          \
                                                                             \
    "CREATE TABLE sessions ("                                                \
    " token_hash " KEY " NOT NULL PRIMARY KEY,"                              \
    " user_id " KEY " NOT NULL REFERENCES users (id) ON DELETE CASCADE,"     \
    " created_at BIGINT NOT NULL,"                                           \
    " last_used_at BIGINT NOT NULL,"                                         \
    " expires_at BIGINT NOT NULL,"                                           \
    " agent TEXT,"                                                           \
    " address TEXT)",                                                        \
    "CREATE INDEX sessions_user ON sessions (user_id)",                      \
    "CREATE INDEX sessions_expires ON sessions (expires_at)",                \
                                                                             \
    "CREATE TABLE rooms ("                                                   \
    " num " SERIAL ","                                                       \
    " id " KEY " NOT NULL UNIQUE,"                                           \
    " name TEXT NOT NULL,"                                                   \
    " clock BIGINT NOT NULL DEFAULT 1,"                                      \
    " history_start BIGINT NOT NULL DEFAULT 1,"                              \
    " schema TEXT,"                                                          \
    " created_by " KEY ","                                                   \
    " created_at BIGINT NOT NULL,"                                           \
    " updated_at BIGINT NOT NULL,"                                           \
    " deleted_at BIGINT)",                                                   \
                                                                             \
    "CREATE TABLE members ("                                                 \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " user_id " KEY " NOT NULL REFERENCES users (id) ON DELETE CASCADE,"     \
    " role TEXT NOT NULL,"                                                   \
    " created_at BIGINT NOT NULL,"                                           \
    " PRIMARY KEY (room, user_id))",                                         \
    "CREATE INDEX members_user ON members (user_id)",                        \
                                                                             \
    "CREATE TABLE links ("                                                   \
    " id " KEY " NOT NULL PRIMARY KEY,"                                      \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " token_hash " KEY " NOT NULL UNIQUE,"                                   \
    " role TEXT NOT NULL,"                                                   \
    " created_by " KEY ","                                                   \
    " created_at BIGINT NOT NULL,"                                           \
    " expires_at BIGINT)",                                                   \
    "CREATE INDEX links_room ON links (room)",                               \
                                                                             \
    "CREATE TABLE invites ("                                                 \
    " id " KEY " NOT NULL PRIMARY KEY,"                                      \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " token_hash " KEY " NOT NULL UNIQUE,"                                   \
    " role TEXT NOT NULL,"                                                   \
    " email " KEY ","                                                        \
    " created_by " KEY ","                                                   \
    " created_at BIGINT NOT NULL,"                                           \
    " expires_at BIGINT NOT NULL,"                                           \
    " used_at BIGINT,"                                                       \
    " used_by " KEY ")",                                                     \
    "CREATE INDEX invites_room ON invites (room)",                           \
                                                                             \
    "CREATE TABLE records ("                                                 \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " id " KEY " NOT NULL,"                                                  \
    " clock BIGINT NOT NULL,"                                                \
    " state TEXT NOT NULL,"                                                  \
    " PRIMARY KEY (room, id))",                                              \
    "CREATE INDEX records_clock ON records (room, clock)",                   \
                                                                             \
    "CREATE TABLE tombstones ("                                              \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " id " KEY " NOT NULL,"                                                  \
    " clock BIGINT NOT NULL,"                                                \
    " PRIMARY KEY (room, id))",                                              \
    "CREATE INDEX tombstones_clock ON tombstones (room, clock)",             \
                                                                             \
    "CREATE TABLE settings ("                                                \
    " key " KEY " NOT NULL PRIMARY KEY,"                                     \
    " value TEXT)",                                                          \
                                                                             \
    NULL


/*
 * Boards in a list: searched and sorted by a folded name, kept in folders.
 * Names that are there already are folded by the database, as well as it can.
 */

#define NGX_TIDRAW_MIGRATION_3(KEY)                                          \
                                                                             \
    "ALTER TABLE rooms ADD COLUMN name_key " KEY " NOT NULL DEFAULT ''",     \
    "UPDATE rooms SET name_key = lower(name)",                               \
    "ALTER TABLE rooms ADD COLUMN thumbnail BIGINT",                         \
    "ALTER TABLE rooms ADD COLUMN template TEXT",                            \
                                                                             \
    "CREATE TABLE thumbnails ("                                              \
    " room BIGINT NOT NULL PRIMARY KEY"                                      \
    " REFERENCES rooms (num) ON DELETE CASCADE,"                             \
    " type TEXT NOT NULL,"                                                   \
    " data TEXT NOT NULL)",                                                  \
                                                                             \
    "CREATE TABLE folders ("                                                 \
    " id " KEY " NOT NULL PRIMARY KEY,"                                      \
    " user_id " KEY " NOT NULL REFERENCES users (id) ON DELETE CASCADE,"     \
    " name TEXT NOT NULL,"                                                   \
    " name_key " KEY " NOT NULL,"                                            \
    " created_at BIGINT NOT NULL)",                                          \
    "CREATE INDEX folders_user ON folders (user_id)",                        \
                                                                             \
    "ALTER TABLE members ADD COLUMN favourite INTEGER NOT NULL DEFAULT 0",   \
    "ALTER TABLE members ADD COLUMN folder " KEY                             \
    " REFERENCES folders (id) ON DELETE SET NULL",                           \
    "ALTER TABLE members ADD COLUMN opened_at BIGINT",                       \
    "CREATE INDEX members_folder ON members (folder)",                       \
                                                                             \
    "ALTER TABLE links ADD COLUMN password_hash TEXT",                       \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_1[] = {
    NGX_TIDRAW_MIGRATION_1("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT")
};


static const char * const  ngx_tidraw_migration_pgsql_1[] = {
    NGX_TIDRAW_MIGRATION_1("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                           "TEXT COLLATE \"C\"")
};


/*
 * Accounts and what is known of them.  A row of sessions with scopes is an
 * API token.  ID gives an id to the sessions that are there.
 */

#define NGX_TIDRAW_MIGRATION_2(SERIAL, KEY, ID)                              \
                                                                             \
    "ALTER TABLE users ADD COLUMN locale TEXT",                              \
    "ALTER TABLE users ADD COLUMN picture BIGINT",                           \
    "ALTER TABLE users ADD COLUMN last_seen_at BIGINT",                      \
                                                                             \
    "CREATE TABLE pictures ("                                                \
    " user_id " KEY " NOT NULL PRIMARY KEY"                                  \
    " REFERENCES users (id) ON DELETE CASCADE,"                              \
    " type TEXT NOT NULL,"                                                   \
    " data TEXT NOT NULL)",                                                  \
                                                                             \
    "ALTER TABLE sessions ADD COLUMN id " KEY,                               \
    "ALTER TABLE sessions ADD COLUMN name TEXT",                             \
    "ALTER TABLE sessions ADD COLUMN scopes BIGINT",                         \
    "UPDATE sessions SET id = substr(" ID ", 1, 22)",                        \
    "CREATE UNIQUE INDEX sessions_id ON sessions (id)",                      \
                                                                             \
    "CREATE TABLE resets ("                                                  \
    " token_hash " KEY " NOT NULL PRIMARY KEY,"                              \
    " user_id " KEY " NOT NULL REFERENCES users (id) ON DELETE CASCADE,"     \
    " created_at BIGINT NOT NULL,"                                           \
    " expires_at BIGINT NOT NULL)",                                          \
    "CREATE INDEX resets_user ON resets (user_id)",                          \
                                                                             \
    "CREATE TABLE activity ("                                                \
    " num " SERIAL ","                                                       \
    " at BIGINT NOT NULL,"                                                   \
    " action " KEY " NOT NULL,"                                              \
    " actor " KEY ","                                                        \
    " actor_name TEXT,"                                                      \
    " room " KEY ","                                                         \
    " room_name TEXT,"                                                       \
    " target TEXT,"                                                          \
    " address TEXT,"                                                         \
    " agent TEXT)",                                                          \
    "CREATE INDEX activity_at ON activity (at)",                             \
    "CREATE INDEX activity_action ON activity (action, num)",                \
    "CREATE INDEX activity_actor ON activity (actor, num)",                  \
    "CREATE INDEX activity_room ON activity (room, num)",                    \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_2[] = {
    NGX_TIDRAW_MIGRATION_2("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT",
                           "lower(hex(randomblob(16)))")
};


static const char * const  ngx_tidraw_migration_pgsql_2[] = {
    NGX_TIDRAW_MIGRATION_2("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                           "TEXT COLLATE \"C\"",
                           "md5(random()::text || token_hash)")
};


static const char * const  ngx_tidraw_migration_sqlite_3[] = {
    NGX_TIDRAW_MIGRATION_3("TEXT")
};


static const char * const  ngx_tidraw_migration_pgsql_3[] = {
    NGX_TIDRAW_MIGRATION_3("TEXT COLLATE \"C\"")
};


/*
 * What every commit changed, and boards stored whole for replaying it, some of
 * them with a name.  rooms.logged: bytes of history behind the newest of them,
 * 0 when the history does not reach the board as it is; rooms.thinned: up to
 * which clock the history was thinned.
 */

#define NGX_TIDRAW_MIGRATION_4(KEY)                                          \
                                                                             \
    "ALTER TABLE rooms ADD COLUMN logged BIGINT NOT NULL DEFAULT 0",         \
    "ALTER TABLE rooms ADD COLUMN thinned BIGINT NOT NULL DEFAULT 0",        \
                                                                             \
    "CREATE TABLE history ("                                                 \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " clock BIGINT NOT NULL,"                                                \
    " since BIGINT NOT NULL,"                                                \
    " at BIGINT NOT NULL,"                                                   \
    " people TEXT NOT NULL,"                                                 \
    " changes TEXT NOT NULL,"                                                \
    " PRIMARY KEY (room, clock))",                                           \
                                                                             \
    "CREATE TABLE states ("                                                  \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " clock BIGINT NOT NULL,"                                                \
    " at BIGINT NOT NULL,"                                                   \
    " schema TEXT,"                                                          \
    " state TEXT NOT NULL,"                                                  \
    " name TEXT,"                                                            \
    " named_by " KEY ","                                                     \
    " named_at BIGINT,"                                                      \
    " PRIMARY KEY (room, clock))",                                           \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_4[] = {
    NGX_TIDRAW_MIGRATION_4("TEXT")
};


static const char * const  ngx_tidraw_migration_pgsql_4[] = {
    NGX_TIDRAW_MIGRATION_4("TEXT COLLATE \"C\"")
};


/* Orders to live sessions; their numbers come from "settings". */

static const char * const  ngx_tidraw_migration_5[] = {
    "CREATE TABLE orders ("
    " num BIGINT NOT NULL PRIMARY KEY,"
    " kind BIGINT NOT NULL,"
    " room TEXT,"
    " subject TEXT)",

    NULL
};


/*
 * blobs: what lies in the upload folder, once a content, under hash and gen;
 * place: "disk".  files: what a board has of it; w: 0, or the width of a
 * reduced copy; seen_at: when a record of the board was last found to name
 * it, checked_at: when that was last looked for.
 */

#define NGX_TIDRAW_MIGRATION_6(KEY)                                          \
                                                                             \
    "CREATE TABLE blobs ("                                                   \
    " hash " KEY " NOT NULL PRIMARY KEY,"                                    \
    " gen " KEY " NOT NULL,"                                                 \
    " place TEXT NOT NULL,"                                                  \
    " size BIGINT NOT NULL,"                                                 \
    " type TEXT NOT NULL,"                                                   \
    " width BIGINT NOT NULL,"                                                \
    " height BIGINT NOT NULL,"                                               \
    " created_at BIGINT NOT NULL,"                                           \
    " used_at BIGINT NOT NULL)",                                             \
                                                                             \
    "CREATE TABLE files ("                                                   \
    " room BIGINT NOT NULL REFERENCES rooms (num) ON DELETE CASCADE,"        \
    " id " KEY " NOT NULL,"                                                  \
    " w BIGINT NOT NULL,"                                                    \
    " hash " KEY " NOT NULL REFERENCES blobs (hash),"                        \
    " size BIGINT NOT NULL,"                                                 \
    " name TEXT,"                                                            \
    " created_by " KEY ","                                                   \
    " created_at BIGINT NOT NULL,"                                           \
    " seen_at BIGINT NOT NULL,"                                              \
    " checked_at BIGINT NOT NULL,"                                           \
    " PRIMARY KEY (room, id, w))",                                           \
    "CREATE INDEX files_hash ON files (hash)",                               \
    "CREATE INDEX files_user ON files (created_by)",                         \
    "CREATE INDEX files_checked ON files (checked_at)",                      \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_6[] = {
    NGX_TIDRAW_MIGRATION_6("TEXT")
};


static const char * const  ngx_tidraw_migration_pgsql_6[] = {
    NGX_TIDRAW_MIGRATION_6("TEXT COLLATE \"C\"")
};


/*
 * Mails that wait to be sent.  tries counts the attempts that were begun; from
 * begin to end of one next_at stands in the future, so that nobody else begins
 * another.
 */

#define NGX_TIDRAW_MIGRATION_7(KEY)                                          \
                                                                             \
    "CREATE TABLE mails ("                                                   \
    " id " KEY " NOT NULL PRIMARY KEY,"                                      \
    " recipient TEXT NOT NULL,"                                              \
    " subject TEXT NOT NULL,"                                                \
    " plain TEXT NOT NULL,"                                                  \
    " html TEXT NOT NULL,"                                                   \
    " created_at BIGINT NOT NULL,"                                           \
    " expires_at BIGINT NOT NULL,"                                           \
    " next_at BIGINT NOT NULL,"                                              \
    " tries BIGINT NOT NULL,"                                                \
    " error TEXT)",                                                          \
    "CREATE INDEX mails_next ON mails (next_at)",                            \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_7[] = {
    NGX_TIDRAW_MIGRATION_7("TEXT")
};


static const char * const  ngx_tidraw_migration_pgsql_7[] = {
    NGX_TIDRAW_MIGRATION_7("TEXT COLLATE \"C\"")
};


/*
 * What the text of a board's records comes to, so that lists need not read
 * it, and what the database takes as a whole.
 */

#define NGX_TIDRAW_MIGRATION_8(BYTES)                                        \
                                                                             \
    "ALTER TABLE rooms ADD COLUMN size BIGINT NOT NULL DEFAULT 0",           \
    "UPDATE rooms SET size = (SELECT COALESCE(sum(length(x.state)), 0)"      \
    " FROM records x WHERE x.room = rooms.num)",                             \
    "CREATE VIEW database_size AS SELECT " BYTES,                            \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_8[] = {
    NGX_TIDRAW_MIGRATION_8("page_count * page_size AS bytes"
                           " FROM pragma_page_count(), pragma_page_size()")
};


static const char * const  ngx_tidraw_migration_pgsql_8[] = {
    NGX_TIDRAW_MIGRATION_8("pg_database_size(current_database()) AS bytes")
};


/* Previews of foreign pages, by the hash of their address. */

#define NGX_TIDRAW_MIGRATION_9(KEY)                                          \
                                                                             \
    "CREATE TABLE previews ("                                                \
    " hash " KEY " NOT NULL PRIMARY KEY,"                                    \
    " title TEXT NOT NULL,"                                                  \
    " description TEXT NOT NULL,"                                            \
    " fetched_at BIGINT NOT NULL)",                                          \
    "CREATE INDEX previews_fetched ON previews (fetched_at)",                \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_9[] = {
    NGX_TIDRAW_MIGRATION_9("TEXT")
};


static const char * const  ngx_tidraw_migration_pgsql_9[] = {
    NGX_TIDRAW_MIGRATION_9("TEXT COLLATE \"C\"")
};


/*
 * The moments of a board by time.  PostgreSQL refuses long entries of an
 * index, so the people stay out of it there.
 */

#define NGX_TIDRAW_MIGRATION_10(COLUMNS)                                     \
                                                                             \
    "CREATE INDEX history_at ON history (" COLUMNS ")",                      \
                                                                             \
    NULL


static const char * const  ngx_tidraw_migration_sqlite_10[] = {
    NGX_TIDRAW_MIGRATION_10("room, at, clock, people")
};


static const char * const  ngx_tidraw_migration_pgsql_10[] = {
    NGX_TIDRAW_MIGRATION_10("room, at, clock")
};


const ngx_tidraw_migration_t
    ngx_tidraw_migrations[NGX_TIDRAW_SCHEMA_VERSION] =
{
    { ngx_tidraw_migration_sqlite_1, ngx_tidraw_migration_pgsql_1 },
    { ngx_tidraw_migration_sqlite_2, ngx_tidraw_migration_pgsql_2 },
    { ngx_tidraw_migration_sqlite_3, ngx_tidraw_migration_pgsql_3 },
    { ngx_tidraw_migration_sqlite_4, ngx_tidraw_migration_pgsql_4 },
    { ngx_tidraw_migration_5, ngx_tidraw_migration_5 },
    { ngx_tidraw_migration_sqlite_6, ngx_tidraw_migration_pgsql_6 },
    { ngx_tidraw_migration_sqlite_7, ngx_tidraw_migration_pgsql_7 },
    { ngx_tidraw_migration_sqlite_8, ngx_tidraw_migration_pgsql_8 },
    { ngx_tidraw_migration_sqlite_9, ngx_tidraw_migration_pgsql_9 },
    { ngx_tidraw_migration_sqlite_10, ngx_tidraw_migration_pgsql_10 }
};
