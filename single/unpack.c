
/*
 * The archive that we carry: a gzipped ustar of the web app, the schema
 * descriptions, the templates, the list of common passwords and nginx's
 * configuration.  It is unpacked anew at every start, which takes some tens
 * of milliseconds: so what is served is what belongs to this program, whatever
 * was there, half written by a crash or changed.
 */


#include "single.h"

#include <ftw.h>
#include <sys/mman.h>
#include <zlib.h>


#define TIDRAW_TAR_BLOCK   512
#define TIDRAW_TAR_SIZE    124
#define TIDRAW_TAR_MTIME   136
#define TIDRAW_TAR_TYPE    156
#define TIDRAW_TAR_PREFIX  345

#define TIDRAW_CONF        "./nginx.conf"


__asm__(".pushsection .rodata\n"
        ".balign 4096\n"
        "tidraw_bundle:\n"
        ".incbin \"bundle.gz\"\n"
        "tidraw_bundle_end:\n"
        ".balign 8\n"
        "tidraw_bundle_size:\n"
        ".quad tidraw_bundle_end - tidraw_bundle\n"
        ".popsection");

extern u_char    tidraw_bundle[] __attribute__((visibility("hidden")));
extern uint64_t  tidraw_bundle_size __attribute__((visibility("hidden")));


static u_char *tidraw_inflate(size_t *size);
static size_t tidraw_octal(const u_char *p);
static void tidraw_entry(int dir, const char *name, const u_char *head,
    const u_char *body, size_t size);
static int tidraw_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw);


char *
tidraw_unpack(const char *data)
{
    int      dir;
    char     path[NGX_MAX_PATH], name[256 + 1];
    char    *conf;
    u_char  *tar, *p, *last;
    size_t   size, len;

    conf = NULL;

    if (snprintf(path, sizeof(path), "%s/run/app", data)
        >= (int) sizeof(path))
    {
        tidraw_die(0, "the name of the data folder is too long");
    }

    if (nftw(path, tidraw_remove, 16, FTW_DEPTH|FTW_PHYS) != 0
        && errno != ENOENT)
    {
        tidraw_die(errno, "cannot remove %s", path);
    }

    if (mkdir(path, 0700) == -1) {
        tidraw_die(errno, "cannot make the folder %s", path);
    }

    dir = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (dir == -1) {
        tidraw_die(errno, "%s", path);
    }

    tar = tidraw_inflate(&size);
    last = tar + size;

    for (p = tar; last - p >= TIDRAW_TAR_BLOCK && *p; /* void */ ) {

        len = tidraw_octal(p + TIDRAW_TAR_SIZE);

        if (len > (size_t) (last - p) - TIDRAW_TAR_BLOCK) {
            tidraw_die(0, "this program is damaged");
        }

        (void) snprintf(name, sizeof(name), "%.155s%s%.100s",
                        p + TIDRAW_TAR_PREFIX,
                        p[TIDRAW_TAR_PREFIX] ? "/" : "", p);

        if (strcmp(name, TIDRAW_CONF) == 0) {
            conf = strndup((char *) p + TIDRAW_TAR_BLOCK, len);

        } else {
            tidraw_entry(dir, name, p, p + TIDRAW_TAR_BLOCK, len);
        }

        len = ngx_align(len, TIDRAW_TAR_BLOCK) + TIDRAW_TAR_BLOCK;
        p += ngx_min(len, (size_t) (last - p));
    }

    if (conf == NULL) {
        tidraw_die(0, "this program is damaged");
    }

    (void) munmap(tar, size);
    (void) close(dir);

    return conf;
}


/* All of it in memory for a moment. */

static u_char *
tidraw_inflate(size_t *size)
{
    u_char    *tar, *end;
    size_t     len;
    z_stream   z;

    len = tidraw_bundle_size;
    end = tidraw_bundle + len;

    /* gzip ends with the size of what it holds */

    *size = end[-4] | end[-3] << 8 | end[-2] << 16 | (size_t) end[-1] << 24;

    memset(&z, 0, sizeof(z));

    tar = mmap(NULL, *size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
               -1, 0);

    if (tar == MAP_FAILED) {
        tidraw_die(errno, "no memory");
    }

    z.next_in = tidraw_bundle;
    z.avail_in = len;
    z.next_out = tar;
    z.avail_out = *size;

    if (inflateInit2(&z, 15 + 16) != Z_OK
        || inflate(&z, Z_FINISH) != Z_STREAM_END)
    {
        tidraw_die(0, "this program is damaged");
    }

    (void) inflateEnd(&z);

    /* it is not needed again */

    (void) madvise(tidraw_bundle, len, MADV_DONTNEED);

    return tar;
}


static size_t
tidraw_octal(const u_char *p)
{
    size_t      n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; i < 11 && p[i] >= '0' && p[i] <= '7'; i++) {
        n = n * 8 + (p[i] - '0');
    }

    return n;
}


static void
tidraw_entry(int dir, const char *name, const u_char *head,
    const u_char *body, size_t size)
{
    int              fd;
    ssize_t          n;
    struct timespec  times[2];

    if (head[TIDRAW_TAR_TYPE] == '5') {
        if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST) {
            tidraw_die(errno, "cannot make the folder run/app/%s", name);
        }

        return;
    }

    fd = openat(dir, name, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600);

    if (fd == -1) {
        tidraw_die(errno, "cannot make run/app/%s in the data folder", name);
    }

    while (size) {
        n = write(fd, body, size);

        if (n == -1) {
            tidraw_die(errno, "cannot write run/app/%s in the data folder",
                       name);
        }

        body += n;
        size -= n;
    }

    /* browsers know a file by its time */

    memset(times, 0, sizeof(times));

    times[0].tv_sec = tidraw_octal(head + TIDRAW_TAR_MTIME);
    times[1].tv_sec = times[0].tv_sec;

    if (futimens(fd, times) == -1 || close(fd) == -1) {
        tidraw_die(errno, "cannot write run/app/%s in the data folder", name);
    }
}


static int
tidraw_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    return remove(path);
}
