
/*
 * A disk with a cache that forgets: a file system (FUSE) with one file,
 * "disk", for a loop device.  What is written there is in memory only until
 * it is synced; then it is in IMAGE.
 *
 *     disk IMAGE FOLDER [torn]
 *
 * Words written into its other file, "control":
 *
 *     cut    the power goes: every write and sync from now on fails, and of
 *            what was not synced nothing is left; "torn": of each sector any
 *            of the versions that came since the last sync
 *     lie    syncs do nothing any more, as with a disk that ignores them
 *     fail   writes and syncs fail, as on a disk that breaks
 */


#define FUSE_USE_VERSION  31
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>


#define SECTOR  512


static char    *image;          /* what is left, IMAGE itself */
static char    *cache;          /* what a reader sees */
static char    *dirty;          /* a byte for each sector */
static size_t   size;

static int      torn, cut, lie, fail;


static void
keep(size_t n)
{
    memcpy(image + n * SECTOR, cache + n * SECTOR, SECTOR);
}


static int
disk_attr(const char *path, struct stat *sb, struct fuse_file_info *fi)
{
    (void) fi;

    memset(sb, 0, sizeof(struct stat));

    if (strcmp(path, "/") == 0) {
        sb->st_mode = S_IFDIR|0700;
        sb->st_nlink = 2;
        return 0;
    }

    sb->st_mode = S_IFREG|0600;
    sb->st_nlink = 1;

    if (strcmp(path, "/disk") == 0) {
        sb->st_size = size;
        return 0;
    }

    return strcmp(path, "/control") == 0 ? 0 : -ENOENT;
}


static int
disk_read(const char *path, char *buf, size_t n, off_t at,
    struct fuse_file_info *fi)
{
    (void) fi;

    if (strcmp(path, "/disk") != 0 || (size_t) at >= size) {
        return 0;
    }

    n = n < size - at ? n : size - at;
    memcpy(buf, cache + at, n);

    return n;
}


static void
control(const char *word, size_t n)
{
    size_t  i;

    if (n == 3 && memcmp(word, "cut", 3) == 0) {
        cut = 1;

        for (i = 0; torn && i < size / SECTOR; i++) {
            if (dirty[i] && random() % 2) {
                keep(i);
            }
        }

    } else if (n == 3 && memcmp(word, "lie", 3) == 0) {
        lie = 1;

    } else if (n == 4 && memcmp(word, "fail", 4) == 0) {
        fail = 1;
    }
}


static int
disk_write(const char *path, const char *buf, size_t n, off_t at,
    struct fuse_file_info *fi)
{
    size_t  i;

    (void) fi;

    if (strcmp(path, "/control") == 0) {
        control(buf, n);
        return n;
    }

    if (cut || fail || (size_t) at + n > size) {
        return -EIO;
    }

    for (i = at / SECTOR; i * SECTOR < at + n; i++) {

        /* a disk writes when it likes, this one before it must forget */

        if (torn && dirty[i] && random() % 2) {
            keep(i);
        }

        dirty[i] = 1;
    }

    memcpy(cache + at, buf, n);

    return n;
}


static int
disk_fsync(const char *path, int data, struct fuse_file_info *fi)
{
    size_t  i;

    (void) path;
    (void) data;
    (void) fi;

    if (cut || fail) {
        return -EIO;
    }

    if (lie) {
        return 0;
    }

    for (i = 0; i < size / SECTOR; i++) {
        if (dirty[i]) {
            keep(i);
            dirty[i] = 0;
        }
    }

    return 0;
}


static int
disk_truncate(const char *path, off_t length, struct fuse_file_info *fi)
{
    (void) length;
    (void) fi;

    return strcmp(path, "/control") == 0 ? 0 : -EPERM;
}


static const struct fuse_operations  operations = {
    .getattr = disk_attr,
    .truncate = disk_truncate,
    .read = disk_read,
    .write = disk_write,
    .fsync = disk_fsync,
};


int
main(int argc, char **argv)
{
    int          fd;
    struct stat  sb;

    char  *args[] = { argv[0], "-f", "-s", "-o", "fsname=tidraw-disk",
                      argv[2], NULL };

    if (argc != 3 && (argc != 4 || strcmp(argv[3], "torn") != 0)) {
        fprintf(stderr, "usage: disk IMAGE FOLDER [torn]\n");
        return 2;
    }

    fd = open(argv[1], O_RDWR);

    if (fd == -1 || fstat(fd, &sb) == -1) {
        perror(argv[1]);
        return 1;
    }

    torn = (argc == 4);
    size = sb.st_size / SECTOR * SECTOR;

    image = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    cache = malloc(size);
    dirty = calloc(size / SECTOR, 1);

    if (image == MAP_FAILED || cache == NULL || dirty == NULL) {
        perror("memory");
        return 1;
    }

    memcpy(cache, image, size);
    srandom(getpid());

    return fuse_main(6, args, &operations, NULL);
}
