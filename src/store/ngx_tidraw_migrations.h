
/*
 * The schema of the database as numbered steps.  A step that has been
 * released is never changed; what follows is a new one.
 */


#ifndef _NGX_TIDRAW_MIGRATIONS_H_INCLUDED_
#define _NGX_TIDRAW_MIGRATIONS_H_INCLUDED_


/* The version this module works with: the number of the last step. */
#define NGX_TIDRAW_SCHEMA_VERSION   10


typedef struct {
    /* statements, run in order, ended by NULL */
    const char * const  *sqlite;
    const char * const  *pgsql;
} ngx_tidraw_migration_t;


/* [n] leads from version n to n + 1 */
extern const ngx_tidraw_migration_t
    ngx_tidraw_migrations[NGX_TIDRAW_SCHEMA_VERSION];


/* For both databases; run under a lock. */

#define NGX_TIDRAW_VERSION_CREATE                                            \
    "CREATE TABLE IF NOT EXISTS tidraw_version"                              \
    " (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)"

#define NGX_TIDRAW_VERSION_SELECT                                            \
    "SELECT coalesce(max(version), 0) FROM tidraw_version"


#endif /* _NGX_TIDRAW_MIGRATIONS_H_INCLUDED_ */
