/*
 * Kills its process before the n-th thing that it does to a file beside a log, so that a test can let it die between
 * any two of them. Loaded with LD_PRELOAD; KILL_AT is n.
 */
#include "interpose.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static char watched[65536];
static long done;

/* A file beside the log, or the folder itself, which is opened to be synced. */
static int beside(const char *path) {
    const char *name = strrchr(path, '/');
    return !strcmp(path, ".") || strstr(name ? name : path, "rehome.db.") != NULL;
}

static void step(void) {
    const char *at = getenv("KILL_AT");
    pthread_mutex_lock(&order);
    long now = ++done;
    pthread_mutex_unlock(&order);
    if (at && now == atol(at)) kill(getpid(), SIGKILL);
}

static int opening(int (*call)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    int of_log = beside(path);
    if (of_log) step();
    int fd = call(path, flags, mode);
    if (fd >= 0 && fd < (int)sizeof watched) watched[fd] = (char)of_log;
    return fd;
}

OPENS(opening)

static int of_log(int fd) {
    return fd >= 0 && fd < (int)sizeof watched && watched[fd];
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (of_log(fd)) step();
    return REAL(write)(fd, bytes, length);
}

int fsync(int fd) {
    if (of_log(fd)) step();
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    if (of_log(fd)) step();
    return REAL(fdatasync)(fd);
}

int ftruncate64(int fd, off64_t length) {
    if (of_log(fd)) step();
    return REAL(ftruncate64)(fd, length);
}

int close(int fd) {
    if (fd >= 0 && fd < (int)sizeof watched) watched[fd] = 0;
    return REAL(close)(fd);
}

int rename(const char *from, const char *to) {
    if (beside(from) || beside(to)) step();
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    if (beside(path)) step();
    return REAL(unlink)(path);
}
