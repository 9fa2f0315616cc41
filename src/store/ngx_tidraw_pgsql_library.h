
/*
 * libpq, where a configuration names a PostgreSQL database: its functions go
 * by their own names, and must not be called before
 * ngx_tidraw_pgsql_library_load() has been.
 */


#ifndef _NGX_TIDRAW_PGSQL_LIBRARY_H_INCLUDED_
#define _NGX_TIDRAW_PGSQL_LIBRARY_H_INCLUDED_


#include <libpq-fe.h>


#define NGX_TIDRAW_PGSQL_FUNCTIONS(f)                                         \
    f(clear)                                                                  \
    f(connectPoll)                                                            \
    f(connectStartParams)                                                     \
    f(conninfoFree)                                                           \
    f(conninfoParse)                                                          \
    f(consumeInput)                                                           \
    f(enterPipelineMode)                                                      \
    f(errorMessage)                                                           \
    f(finish)                                                                 \
    f(flush)                                                                  \
    f(freemem)                                                                \
    f(getResult)                                                              \
    f(getisnull)                                                              \
    f(getlength)                                                              \
    f(getvalue)                                                               \
    f(isBusy)                                                                 \
    f(nfields)                                                                \
    f(ntuples)                                                                \
    f(pipelineSync)                                                           \
    f(resultErrorField)                                                       \
    f(resultErrorMessage)                                                     \
    f(resultStatus)                                                           \
    f(sendPrepare)                                                            \
    f(sendQueryParams)                                                        \
    f(sendQueryPrepared)                                                      \
    f(setNoticeProcessor)                                                     \
    f(setnonblocking)                                                         \
    f(socket)                                                                 \
    f(status)


#define ngx_tidraw_pgsql_pointer(name)  __typeof__(PQ##name)  *name;

typedef struct {
    NGX_TIDRAW_PGSQL_FUNCTIONS(ngx_tidraw_pgsql_pointer)
} ngx_tidraw_libpq_t;

#undef ngx_tidraw_pgsql_pointer


extern ngx_tidraw_libpq_t  ngx_tidraw_libpq;


#define PQclear               ngx_tidraw_libpq.clear
#define PQconnectPoll         ngx_tidraw_libpq.connectPoll
#define PQconnectStartParams  ngx_tidraw_libpq.connectStartParams
#define PQconninfoFree        ngx_tidraw_libpq.conninfoFree
#define PQconninfoParse       ngx_tidraw_libpq.conninfoParse
#define PQconsumeInput        ngx_tidraw_libpq.consumeInput
#define PQenterPipelineMode   ngx_tidraw_libpq.enterPipelineMode
#define PQerrorMessage        ngx_tidraw_libpq.errorMessage
#define PQfinish              ngx_tidraw_libpq.finish
#define PQflush               ngx_tidraw_libpq.flush
#define PQfreemem             ngx_tidraw_libpq.freemem
#define PQgetResult           ngx_tidraw_libpq.getResult
#define PQgetisnull           ngx_tidraw_libpq.getisnull
#define PQgetlength           ngx_tidraw_libpq.getlength
#define PQgetvalue            ngx_tidraw_libpq.getvalue
#define PQisBusy              ngx_tidraw_libpq.isBusy
#define PQnfields             ngx_tidraw_libpq.nfields
#define PQntuples             ngx_tidraw_libpq.ntuples
#define PQpipelineSync        ngx_tidraw_libpq.pipelineSync
#define PQresultErrorField    ngx_tidraw_libpq.resultErrorField
#define PQresultErrorMessage  ngx_tidraw_libpq.resultErrorMessage
#define PQresultStatus        ngx_tidraw_libpq.resultStatus
#define PQsendPrepare         ngx_tidraw_libpq.sendPrepare
#define PQsendQueryParams     ngx_tidraw_libpq.sendQueryParams
#define PQsendQueryPrepared   ngx_tidraw_libpq.sendQueryPrepared
#define PQsetNoticeProcessor  ngx_tidraw_libpq.setNoticeProcessor
#define PQsetnonblocking      ngx_tidraw_libpq.setnonblocking
#define PQsocket              ngx_tidraw_libpq.socket
#define PQstatus              ngx_tidraw_libpq.status


/*
 * While the configuration is read.  NULL: libpq is there; otherwise why not,
 * as ngx_tidraw_library_load() has it.
 */
char *ngx_tidraw_pgsql_library_load(void);


#endif /* _NGX_TIDRAW_PGSQL_LIBRARY_H_INCLUDED_ */
