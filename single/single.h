
/*
 * Tidraw as one file: what happens before nginx's main().
 *
 *   main.c     options, the configuration, the start
 *   rights.c   the data folder, whose rights we take, the lock
 *   unpack.c   the web app and what else the module reads from files
 *
 * Everything here runs once, in one process, before there is an event loop;
 * whatever fails is said on stderr and ends it with exit code 1.
 */


#ifndef _TIDRAW_SINGLE_H_INCLUDED_
#define _TIDRAW_SINGLE_H_INCLUDED_


#include "ngx_tidraw.h"


/* Says it on stderr, the system's error after it unless err is 0; ends. */
void tidraw_die(int err, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/*
 * Makes the folder if it is missing, gives up root's rights for those of its
 * owner, and takes its lock, which lasts as long as a process of ours does.
 * The folder's full name, never freed.
 */
char *tidraw_data_folder(const char *path);

/*
 * Unpacks the archive that we carry into data/run/app, in the place of what
 * was there.  The configuration template out of it; the caller frees it.
 */
char *tidraw_unpack(const char *data);


#endif /* _TIDRAW_SINGLE_H_INCLUDED_ */
