
/*
 * What a new connection does before it takes operations: its own limits, the
 * version of the schema, and the migrations that are missing.
 *
 * An advisory lock of the database lets one process migrate; the others find
 * everything done when they get the lock, and try again if that takes longer
 * than they wait.
 */


#include "ngx_tidraw_pgsql.h"
#include "ngx_tidraw_migrations.h"


/*
 * Before a migration all tables are copied, without indexes, to a schema of
 * their own, "tidraw_public_7" for version 7 in "public", in the transaction
 * of the migration; the last two of these stay.  pg_dump would need a program
 * and could not be in the same transaction.  Nobody writes meanwhile: a board
 * is locked before its records, as commits do it.
 */

static const char  ngx_tidraw_pgsql_copy[] =
    "DO $copy$ DECLARE"
    " home text := (SELECT n.nspname FROM pg_class c"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    "  WHERE c.oid = 'tidraw_version'::regclass);"
    " now bigint := (SELECT max(version) FROM tidraw_version);"
    " copy text := format('tidraw_%s_%s', home, now);"
    " names text[] := (SELECT array_agg(tablename::text"
    "  ORDER BY tablename <> 'rooms', tablename) FROM pg_tables"
    "  WHERE schemaname = home AND pg_has_role(tableowner, 'USAGE'));"
    " name text;"
    " BEGIN"
    " EXECUTE 'LOCK TABLE ' || (SELECT string_agg(format('%I.%I', home, n),"
    "  ', ' ORDER BY i) FROM unnest(names) WITH ORDINALITY AS u (n, i))"
    "  || ' IN SHARE ROW EXCLUSIVE MODE';"
    " EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', copy);"
    " EXECUTE format('CREATE SCHEMA %I', copy);"
    " FOREACH name IN ARRAY names LOOP"
    "  EXECUTE format('CREATE TABLE %I.%I AS TABLE %I.%I', copy, name, home,"
    "   name);"
    " END LOOP;"
    " FOR name IN SELECT nspname FROM pg_namespace"
    "  WHERE nspname ~ ('^tidraw_' || home || '_[0-9]+$')"
    "  ORDER BY substring(nspname FROM '[0-9]+$')::bigint DESC OFFSET 2 LOOP"
    "  EXECUTE format('DROP SCHEMA %I CASCADE', name);"
    " END LOOP;"
    " EXCEPTION WHEN OTHERS THEN"
    "  RAISE EXCEPTION 'the tables have to be copied before their schema"
    " changes, and could not be: %', SQLERRM;"
    " END $copy$";


typedef enum {
    NGX_TIDRAW_PGSQL_PHASE_LOOK = 0,
    NGX_TIDRAW_PGSQL_PHASE_LOCK,
    NGX_TIDRAW_PGSQL_PHASE_MIGRATE
} ngx_tidraw_pgsql_phase_e;


static ngx_int_t ngx_tidraw_pgsql_query(ngx_tidraw_pgsql_conn_t *pc,
    ngx_uint_t kind, const char *text);
static ngx_int_t ngx_tidraw_pgsql_phase(ngx_tidraw_pgsql_conn_t *pc,
    ngx_uint_t phase);
static ngx_int_t ngx_tidraw_pgsql_lock(ngx_tidraw_pgsql_conn_t *pc);
static ngx_int_t ngx_tidraw_pgsql_migrate(ngx_tidraw_pgsql_conn_t *pc);
static void ngx_tidraw_pgsql_setup_done(ngx_tidraw_pgsql_conn_t *pc);


ngx_int_t
ngx_tidraw_pgsql_setup(ngx_tidraw_pgsql_conn_t *pc)
{
    pc->version = 0;
    pc->phase = NGX_TIDRAW_PGSQL_PHASE_LOOK;

    /*
     * Were we cut off in the middle of a write, the server would hold the
     * locks of that for hours, while it waits for the rest: its own look at
     * the connection ends that, in 6 s.
     *
     * Two transactions: the table of the version need not exist.
     */

    if (ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_COMMAND,
            "SELECT set_config('statement_timeout', '9000', false),"
            " set_config('idle_in_transaction_session_timeout', '9000',"
            " false), set_config('client_min_messages', 'warning', false),"
            " set_config('tcp_keepalives_idle', '3', false),"
            " set_config('tcp_keepalives_interval', '1', false),"
            " set_config('tcp_keepalives_count', '3', false),"
            " set_config('tcp_user_timeout', '6000', false)")
        != NGX_OK
        || !PQpipelineSync(pc->conn)
        || ngx_tidraw_pgsql_expect(pc, NGX_TIDRAW_PGSQL_SYNC, NULL, 0)
           != NGX_OK
        || ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_VERSION,
                                  NGX_TIDRAW_VERSION_SELECT)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_phase(pc, NGX_TIDRAW_PGSQL_PHASE_LOOK);
}


static ngx_int_t
ngx_tidraw_pgsql_query(ngx_tidraw_pgsql_conn_t *pc, ngx_uint_t kind,
    const char *text)
{
    if (!PQsendQueryParams(pc->conn, text, 0, NULL, NULL, NULL, NULL, 0)) {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_expect(pc, kind, NULL, 0);
}


static ngx_int_t
ngx_tidraw_pgsql_phase(ngx_tidraw_pgsql_conn_t *pc, ngx_uint_t phase)
{
    pc->phase = phase;

    if (!PQpipelineSync(pc->conn)) {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_expect(pc, NGX_TIDRAW_PGSQL_SYNC, NULL, 1);
}


void
ngx_tidraw_pgsql_setup_result(ngx_tidraw_pgsql_conn_t *pc,
    ngx_tidraw_pgsql_expect_t *e, PGresult *res)
{
    const char      *state, *text;
    ExecStatusType   status;

    status = PQresultStatus(res);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {

        if (e->kind == NGX_TIDRAW_PGSQL_VERSION && PQntuples(res) == 1) {
            pc->version = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
        }

        return;
    }

    if (status == PGRES_PIPELINE_ABORTED) {
        return;
    }

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (pc->phase == NGX_TIDRAW_PGSQL_PHASE_LOOK && state
        && ngx_strcmp(state, "42P01") == 0)
    {
        /* no such table: an empty database */
        return;
    }

    text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    ngx_cpystrn((u_char *) pc->error,
                (u_char *) (text ? text : PQresultErrorMessage(res)),
                NGX_TIDRAW_PGSQL_ERROR_LEN);

    pc->lost = 1;
}


void
ngx_tidraw_pgsql_setup_sync(ngx_tidraw_pgsql_conn_t *pc)
{
    ngx_int_t            rc;
    ngx_tidraw_pgsql_t  *pg;

    pg = pc->pg;

    if (pc->version > NGX_TIDRAW_SCHEMA_VERSION) {

        ngx_snprintf((u_char *) pc->error, NGX_TIDRAW_PGSQL_ERROR_LEN,
                     "it has schema version %L, this module knows %d%Z",
                     pc->version, NGX_TIDRAW_SCHEMA_VERSION);

        if (!pg->refused) {
            pg->refused = 1;
            pg->store->complained = 1;
            ngx_tidraw_log(NGX_LOG_EMERG, pg->store->log, 0, "database_newer",
                           "error=%s hint=%s", pc->error,
                           "install the version that made it");
        }

        pc->lost = 1;
        return;
    }

    switch (pc->phase) {

    case NGX_TIDRAW_PGSQL_PHASE_LOOK:

        if (pc->version == NGX_TIDRAW_SCHEMA_VERSION) {
            ngx_tidraw_pgsql_setup_done(pc);
            return;
        }

        rc = ngx_tidraw_pgsql_lock(pc);
        break;

    case NGX_TIDRAW_PGSQL_PHASE_LOCK:
        rc = ngx_tidraw_pgsql_migrate(pc);
        break;

    default: /* NGX_TIDRAW_PGSQL_PHASE_MIGRATE */

        if (pc->version > 0 && pc->version < NGX_TIDRAW_SCHEMA_VERSION) {
            ngx_tidraw_log(NGX_LOG_NOTICE, pg->store->log, 0,
                           "schema_upgraded",
                           "from=%L to=%L copy=tidraw_..._%L",
                           pc->version, (int64_t) NGX_TIDRAW_SCHEMA_VERSION,
                           pc->version);
        }

        ngx_tidraw_pgsql_setup_done(pc);
        return;
    }

    if (rc != NGX_OK) {
        ngx_cpystrn((u_char *) pc->error, (u_char *) PQerrorMessage(pc->conn),
                    NGX_TIDRAW_PGSQL_ERROR_LEN);
        pc->lost = 1;
    }
}


static ngx_int_t
ngx_tidraw_pgsql_lock(ngx_tidraw_pgsql_conn_t *pc)
{
    ngx_uint_t  i;

    static const char  *texts[] = {
        "BEGIN",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 60000",

        /* any number that nobody else is likely to use */
        "SELECT pg_advisory_xact_lock(7235419287360512)",

        NGX_TIDRAW_VERSION_CREATE,
        NULL
    };

    /* the lock may be held for as long as another process migrates */

    ngx_add_timer(&pc->timer, NGX_TIDRAW_PGSQL_SETUP_TIMEOUT);

    for (i = 0; texts[i]; i++) {
        if (ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_COMMAND, texts[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_VERSION,
                               NGX_TIDRAW_VERSION_SELECT)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_phase(pc, NGX_TIDRAW_PGSQL_PHASE_LOCK);
}


static ngx_int_t
ngx_tidraw_pgsql_migrate(ngx_tidraw_pgsql_conn_t *pc)
{
    u_char               text[160];
    int64_t              version;
    const char * const  *p;

    if (pc->version > 0 && pc->version < NGX_TIDRAW_SCHEMA_VERSION) {

        ngx_add_timer(&pc->timer, NGX_TIDRAW_PGSQL_MIGRATE_TIMEOUT);

        if (ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_COMMAND,
                                   ngx_tidraw_pgsql_copy)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (version = pc->version;
         version < NGX_TIDRAW_SCHEMA_VERSION;
         version++)
    {
        for (p = ngx_tidraw_migrations[version].pgsql; *p; p++) {
            if (ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_COMMAND, *p)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        ngx_sprintf(text, "INSERT INTO tidraw_version (version, applied_at)"
                    " VALUES (%L, extract(epoch FROM now()) * 1000)%Z",
                    version + 1);

        if (ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_COMMAND,
                                   (char *) text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_tidraw_pgsql_query(pc, NGX_TIDRAW_PGSQL_COMMAND, "COMMIT")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_tidraw_pgsql_phase(pc, NGX_TIDRAW_PGSQL_PHASE_MIGRATE);
}


static void
ngx_tidraw_pgsql_setup_done(ngx_tidraw_pgsql_conn_t *pc)
{
    pc->state = NGX_TIDRAW_PGSQL_READY;
    pc->attempts = 0;
    pc->progress = ngx_current_msec;
    pc->pg->refused = 0;

    if (pc->timer.timer_set) {
        ngx_del_timer(&pc->timer);
    }

    ngx_tidraw_store_up(pc->pg->store);
}
