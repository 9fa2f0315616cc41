
/*
 * What the files of this folder share: jobs on the thread pool, and the state
 * of a site's files in a worker.
 */


#ifndef _NGX_TIDRAW_FILES_PRIVATE_H_INCLUDED_
#define _NGX_TIDRAW_FILES_PRIVATE_H_INCLUDED_


#include "ngx_tidraw_files.h"


#define NGX_TIDRAW_FILE_JOBS  2           /* at a time */


typedef struct ngx_tidraw_file_job_s      ngx_tidraw_file_job_t;
typedef struct ngx_tidraw_collector_s     ngx_tidraw_collector_t;

typedef void (*ngx_tidraw_file_job_pt)(ngx_tidraw_file_job_t *job);


/*
 * Part of what it works on.  work runs in a thread: it touches nothing but
 * the job's own memory; done runs in the event loop.
 */

struct ngx_tidraw_file_job_s {
    ngx_tidraw_file_job_pt    work;
    ngx_tidraw_file_job_pt    done;
    ngx_tidraw_files_t       *files;
    ngx_thread_task_t         task;
    ngx_queue_t               queue;      /* while it waits */
    unsigned                  busy:1;     /* posted or waiting */
};


struct ngx_tidraw_files_s {
    ngx_tidraw_site_t        *site;
    ngx_str_t                 dir;        /* the site's */
    ngx_queue_t               sinks;      /* all of them */
    ngx_uint_t                nsinks;
    ngx_queue_t               packers;    /* all of them */
    ngx_uint_t                npackers;
    ngx_queue_t               unpackers;
    ngx_uint_t                nunpackers;
    ngx_queue_t               waiting;    /* jobs */
    ngx_uint_t                running;
    ngx_event_t               retry;
    ngx_connection_t          dummy;      /* the timer's data */
    ngx_tidraw_collector_t   *collector;
};


/* job->work and ->done are set; must not be busy. */
void ngx_tidraw_file_job_post(ngx_tidraw_files_t *files,
    ngx_tidraw_file_job_t *job);

/* In exit_process: no job runs any more, none will be done. */
void ngx_tidraw_sinks_drop(ngx_tidraw_files_t *files);
void ngx_tidraw_packers_drop(ngx_tidraw_files_t *files);
void ngx_tidraw_unpackers_drop(ngx_tidraw_files_t *files);

/* In create and destroy; one worker of a host has one. */
ngx_tidraw_collector_t *ngx_tidraw_collector_create(
    ngx_tidraw_files_t *files);
void ngx_tidraw_collector_destroy(ngx_tidraw_collector_t *c);

/* Threads: dir/name of a blob into path; its folder alone into folder. */
void ngx_tidraw_blob_names(ngx_str_t *dir, u_char *hash, u_char *gen,
    u_char *folder, u_char *path);

/* Size of the buffers that ngx_tidraw_blob_names() fills. */
#define ngx_tidraw_blob_path_size(dir)                                        \
    ((dir)->len + sizeof("/ab/") + NGX_TIDRAW_BLOB_NAME_LEN)


#endif /* _NGX_TIDRAW_FILES_PRIVATE_H_INCLUDED_ */
