
/*
 * Tidraw as one file: reads the options, makes nginx's configuration in the
 * data folder, says where it listens, and goes on as nginx.
 */


#include "single.h"

#include <getopt.h>


#define TIDRAW_PORT      3000
#define TIDRAW_FOLDER    "tidraw-data"
#define TIDRAW_NOFILE    65536
#define TIDRAW_LISTEN    256


typedef struct {
    const char  *data;
    const char  *address;
    const char  *workers;
    int          port;
} tidraw_options_t;


/* nginx's */

int __real_main(int argc, char *const *argv);
int __wrap_main(int argc, char *const *argv);

static void tidraw_options(tidraw_options_t *o, int argc, char *const *argv);
static int tidraw_number(const char *name, const char *value, int max);
static void tidraw_help(void);
static void tidraw_listen(tidraw_options_t *o, char *out);
static int tidraw_try(int family, const char *address, int port);
static void tidraw_configure(const char *path, char *conf,
    const char *names[][2]);
static int tidraw_nofile(void);


int
__wrap_main(int argc, char *const *argv)
{
    char              *data, *conf, *args[9];
    char               path[NGX_MAX_PATH], listen[TIDRAW_LISTEN];
    char               url[NGX_MAX_PATH], nofile[NGX_INT_T_LEN + 1];
    tidraw_options_t   o;

    tidraw_options(&o, argc, argv);

    data = tidraw_data_folder(o.data);

    tidraw_listen(&o, listen);

    conf = tidraw_unpack(data);

    (void) snprintf(nofile, sizeof(nofile), "%d", tidraw_nofile());
    (void) snprintf(path, sizeof(path), "%s/run/nginx.conf", data);

    tidraw_configure(path, conf, (const char *[][2]) {
        { "@DATA@", data },
        { "@LISTEN@", listen },
        { "@NOFILE@", nofile },
        { "@WORKERS@", o.workers },
        { NULL, NULL }
    });

    free(conf);

    if (getenv("DATABASE_URL") == NULL && getenv("DATABASE_URL_FILE") == NULL)
    {
        (void) snprintf(url, sizeof(url), "sqlite:%s/tidraw.db", data);
        (void) setenv("DATABASE_URL", url, 1);
    }

    printf("Tidraw %s is at http://%s:%d (data in %s, Ctrl-C stops)\n",
           NGX_TIDRAW_VERSION, o.address ? o.address : "localhost", o.port,
           data);
    fflush(stdout);

    /* nginx would write the titles of processes over ours */

    args[0] = strdup(argv[0]);
    args[1] = "-p";
    args[2] = data;
    args[3] = "-c";
    args[4] = path;
    args[5] = "-e";
    args[6] = "stderr";
    args[7] = "-gdaemon off;";
    args[8] = NULL;

    if (args[0] == NULL) {
        tidraw_die(errno, "no memory");
    }

    return __real_main(8, args);
}


static void
tidraw_options(tidraw_options_t *o, int argc, char *const *argv)
{
    int  c;

    static const struct option  known[] = {
        { "port", required_argument, NULL, 'p' },
        { "listen", required_argument, NULL, 'l' },
        { "data", required_argument, NULL, 'd' },
        { "workers", required_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },
        { NULL, 0, NULL, 0 }
    };

    o->data = TIDRAW_FOLDER;
    o->address = NULL;
    o->workers = "1";
    o->port = TIDRAW_PORT;

    for ( ;; ) {
        c = getopt_long(argc, argv, "p:l:d:w:hv", known, NULL);

        switch (c) {

        case -1:
            if (optind < argc) {
                tidraw_die(0, "what is \"%s\"? See --help", argv[optind]);
            }

            return;

        case 'p':
            o->port = tidraw_number("--port", optarg, 65535);
            break;

        case 'l':
            o->address = optarg;
            break;

        case 'd':
            if (*optarg == '\0') {
                tidraw_die(0, "--data needs the name of a folder");
            }

            o->data = optarg;
            break;

        case 'w':
            (void) tidraw_number("--workers", optarg, 256);
            o->workers = optarg;
            break;

        case 'h':
            tidraw_help();
            exit(0);

        case 'v':
            printf("tidraw %s (%s)\n", NGX_TIDRAW_VERSION, NGINX_VER);
            exit(0);

        default:
            fprintf(stderr, "See --help\n");
            exit(1);
        }
    }
}


static int
tidraw_number(const char *name, const char *value, int max)
{
    ngx_int_t  n;

    n = ngx_atoi((u_char *) value, strlen(value));

    if (n < 1 || n > max) {
        tidraw_die(0, "%s must be a number from 1 to %d", name, max);
    }

    return n;
}


static void
tidraw_help(void)
{
    printf("Usage: tidraw [options]\n"
           "\n"
           "Serves boards to draw on together, until Ctrl-C or SIGTERM.\n"
           "\n"
           "  --port NUMBER      %d\n"
           "  --listen ADDRESS   all; 127.0.0.1: only this machine\n"
           "  --data FOLDER      ./%s, for everything that is written\n"
           "  --workers NUMBER   1; processes that serve\n"
           "  --version\n"
           "  --help\n"
           "\n"
           "The first account becomes the administrator: on this machine "
           "without more ado,\n"
           "from elsewhere with the code that is printed.  As root it takes "
           "the rights of\n"
           "the owner of the data folder.  Settings come from the "
           "environment (REGISTRATION,\n"
           "PUBLIC_URL, ADMIN_EMAIL, ADMIN_PASSWORD and others, see the "
           "documentation);\n"
           "PostgreSQL, Redis, S3 and mail need the module in an nginx.\n",
           TIDRAW_PORT, TIDRAW_FOLDER);
}


/*
 * The "listen" lines, as the template has them.  A port that is taken is
 * better said here than by nginx, which tries five times.
 */

static void
tidraw_listen(tidraw_options_t *o, char *out)
{
    int  six, err;

    if (o->address) {
        six = strchr(o->address, ':') != NULL;
        err = tidraw_try(six ? AF_INET6 : AF_INET, o->address, o->port);

        (void) snprintf(out, TIDRAW_LISTEN, "        listen  %s%s%s:%d;",
                        six ? "[" : "", o->address, six ? "]" : "", o->port);

    } else {
        err = tidraw_try(AF_INET, "0.0.0.0", o->port);
        six = err == 0 && tidraw_try(AF_INET6, "::", o->port) == 0;

        if (six) {
            (void) snprintf(out, TIDRAW_LISTEN, "        listen  %d;\n"
                            "        listen  [::]:%d;", o->port, o->port);
        } else {
            (void) snprintf(out, TIDRAW_LISTEN, "        listen  %d;",
                            o->port);
        }
    }

    if (err == EADDRINUSE) {
        tidraw_die(0, "port %d is in use: name another with --port", o->port);
    }

    if (err == EACCES) {
        tidraw_die(0, "port %d needs the rights of root: name one from 1024 "
                   "with --port", o->port);
    }

    if (err) {
        tidraw_die(err, "cannot listen on port %d", o->port);
    }
}


/* The system's error, 0 if all is well. */

static int
tidraw_try(int family, const char *address, int port)
{
    int                   fd, err, on;
    struct sockaddr_in    sin;
    struct sockaddr_in6   sin6;

    memset(&sin, 0, sizeof(sin));
    memset(&sin6, 0, sizeof(sin6));

    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin6.sin6_family = AF_INET6;
    sin6.sin6_port = htons(port);

    if (inet_pton(family, address,
                  family == AF_INET ? (void *) &sin.sin_addr
                                    : (void *) &sin6.sin6_addr)
        != 1)
    {
        tidraw_die(0, "--listen needs an address such as 127.0.0.1 or ::1");
    }

    fd = socket(family, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return errno;
    }

    on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    if (family == AF_INET6) {
        (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }

    err = 0;

    if (bind(fd, family == AF_INET ? (struct sockaddr *) &sin
                                   : (struct sockaddr *) &sin6,
             family == AF_INET ? sizeof(sin) : sizeof(sin6))
        == -1
        || listen(fd, 1) == -1)
    {
        err = errno;
    }

    (void) close(fd);

    return err;
}


/* Writes the template with what is between at signs filled in. */

static void
tidraw_configure(const char *path, char *conf, const char *names[][2])
{
    int    i;
    char  *p;
    FILE  *out;

    if (unlink(path) == -1 && errno != ENOENT) {
        tidraw_die(errno, "%s", path);
    }

    out = fopen(path, "wxe");

    if (out == NULL) {
        tidraw_die(errno, "%s", path);
    }

    for (p = conf; *p; /* void */ ) {

        for (i = 0; names[i][0]; i++) {
            if (strncmp(p, names[i][0], strlen(names[i][0])) == 0) {
                break;
            }
        }

        if (names[i][0] == NULL) {
            putc(*p++, out);
            continue;
        }

        fputs(names[i][1], out);
        p += strlen(names[i][0]);
    }

    if (ferror(out) || fclose(out) == EOF) {
        tidraw_die(errno, "cannot write %s", path);
    }
}


/* As many files as we want, or as many as the system lets us have. */

static int
tidraw_nofile(void)
{
    struct rlimit  rlim;

    if (getrlimit(RLIMIT_NOFILE, &rlim) == -1
        || rlim.rlim_max > TIDRAW_NOFILE)
    {
        return TIDRAW_NOFILE;
    }

    return rlim.rlim_max;
}


void
tidraw_die(int err, const char *format, ...)
{
    va_list  args;

    fprintf(stderr, "tidraw: ");

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);

    if (err) {
        fprintf(stderr, ": %s", strerror(err));
    }

    fprintf(stderr, "\n");

    exit(1);
}
