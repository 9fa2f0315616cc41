
/*
 * The data folder, and with whose rights we go on: as root with those of the
 * folder's owner, keeping no more than the right to listen below port 1024.
 * Names of users are never looked up: a static program cannot do that
 * everywhere.
 */


#include "single.h"

#include <linux/capability.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>


#define TIDRAW_NOBODY  65534


static void tidraw_make_folder(const char *path);
static void tidraw_give_to(const char *path, struct stat *st);
static int tidraw_folder_empty(const char *path);
static long tidraw_id(const char *name);
static void tidraw_drop(uid_t uid, gid_t gid);
static void tidraw_lock(const char *data);


char *
tidraw_data_folder(const char *path)
{
    char         *data;
    u_char       *p;
    struct stat   st;

    tidraw_make_folder(path);

    data = realpath(path, NULL);

    if (data == NULL || stat(data, &st) == -1) {
        tidraw_die(errno, "%s", path);
    }

    /* it is going to stand between quotes in nginx's configuration */

    for (p = (u_char *) data; *p; p++) {
        if (*p < ' ' || *p == 0x7f || *p == '"' || *p == '\\' || *p == '$') {
            tidraw_die(0, "the name of the data folder must not contain "
                       "quotes, backslashes, dollar signs or control "
                       "characters");
        }
    }

    if (geteuid() == 0) {

        if (st.st_uid == 0) {
            tidraw_give_to(data, &st);
        }

        tidraw_drop(st.st_uid, st.st_gid);
    }

    if (access(data, R_OK|W_OK|X_OK) == -1) {
        tidraw_die(errno, "%s", data);
    }

    tidraw_lock(data);

    return data;
}


static void
tidraw_make_folder(const char *path)
{
    char         *p, *name;
    struct stat   st;

    name = strdup(path);

    if (name == NULL) {
        tidraw_die(errno, "no memory");
    }

    for (p = name + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            (void) mkdir(name, 0755);
            *p = '/';
        }
    }

    if (mkdir(name, 0700) == -1 && errno != EEXIST) {
        tidraw_die(errno, "cannot make the folder %s", name);
    }

    if (stat(name, &st) == -1) {
        tidraw_die(errno, "%s", name);
    }

    if (!S_ISDIR(st.st_mode)) {
        tidraw_die(0, "%s is no folder", name);
    }

    free(name);
}


/* An empty folder of root's becomes that of who called sudo, or nobody's. */

static void
tidraw_give_to(const char *path, struct stat *st)
{
    long  uid, gid;

    if (!tidraw_folder_empty(path)) {
        tidraw_die(0, "%s belongs to root: give it (chown -R) to the user "
                   "with whose rights Tidraw shall run", path);
    }

    uid = tidraw_id("SUDO_UID");
    gid = tidraw_id("SUDO_GID");

    if (uid <= 0 || gid <= 0) {
        uid = TIDRAW_NOBODY;
        gid = TIDRAW_NOBODY;
    }

    if (chown(path, uid, gid) == -1) {
        tidraw_die(errno, "cannot change the owner of %s", path);
    }

    st->st_uid = uid;
    st->st_gid = gid;
}


static int
tidraw_folder_empty(const char *path)
{
    int             n;
    DIR            *dir;
    struct dirent  *de;

    dir = opendir(path);

    if (dir == NULL) {
        tidraw_die(errno, "%s", path);
    }

    n = 0;

    for ( ;; ) {
        de = readdir(dir);

        if (de == NULL) {
            break;
        }

        if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0) {
            n++;
        }
    }

    closedir(dir);

    return n == 0;
}


/* The number in a variable, -1 when there is none. */

static long
tidraw_id(const char *name)
{
    char  *p;

    p = getenv(name);

    return p ? ngx_atoi((u_char *) p, strlen(p)) : -1;
}


static void
tidraw_drop(uid_t uid, gid_t gid)
{
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    caps[2];

    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1
        || setgroups(0, NULL) == -1
        || setgid(gid) == -1
        || setuid(uid) == -1)
    {
        tidraw_die(errno, "cannot take the rights of user %d", (int) uid);
    }

    memset(&head, 0, sizeof(head));
    memset(caps, 0, sizeof(caps));

    head.version = _LINUX_CAPABILITY_VERSION_3;

    caps[0].effective = 1 << CAP_NET_BIND_SERVICE;
    caps[0].permitted = 1 << CAP_NET_BIND_SERVICE;

    /* a container may not have it: the port will tell */

    if (syscall(SYS_capset, &head, caps) == -1) {
        memset(caps, 0, sizeof(caps));

        if (syscall(SYS_capset, &head, caps) == -1) {
            tidraw_die(errno, "cannot give up the rights of root");
        }
    }
}


static void
tidraw_lock(const char *data)
{
    int   dir, fd;
    char  busy;

    dir = open(data, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (dir == -1
        || (mkdirat(dir, "run", 0700) == -1 && errno != EEXIST))
    {
        tidraw_die(errno, "%s/run", data);
    }

    fd = openat(dir, "run/lock", O_RDWR|O_CREAT|O_NOFOLLOW, 0600);

    if (fd == -1) {
        tidraw_die(errno, "%s/run/lock", data);
    }

    busy = flock(fd, LOCK_EX|LOCK_NB) == -1;

    if (busy) {
        tidraw_die(0, "another Tidraw is at work in %s: stop it, or name "
                   "another folder with --data", data);
    }

    /* fd stays open, here and in the workers */

    (void) close(dir);
}
