/*
 * Cuts its process off as long as a test says so: from everything at an address while the file "network" is in the folder
 * CUT_OFF, and from what listens on a socket of this machine while "socket" is there. What was sent before that may have
 * arrived; its answer is lost. Loaded with LD_PRELOAD.
 */
#include "interpose.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MANY 65536

/* Which kind of connection each descriptor is, and whether it broke once. */
static char kind[MANY], broken[MANY];

static int is_cut(char of) {
    const char *folder = getenv("CUT_OFF");
    char path[4096];
    if (!folder || !of) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, of == 'n' ? "network" : "socket");
    return access(path, F_OK) == 0;
}

static int breaks(int fd) {
    int saved = errno;
    if (fd < 0 || fd >= MANY || !kind[fd]) return 0;
    if (!broken[fd] && is_cut(kind[fd])) broken[fd] = 1;
    errno = broken[fd] ? ECONNRESET : saved;
    return broken[fd];
}

int connect(int fd, const struct sockaddr *to, socklen_t length) {
    char of = to->sa_family == AF_UNIX ? 's' : to->sa_family == AF_INET || to->sa_family == AF_INET6 ? 'n' : 0;
    if (is_cut(of)) {
        errno = ECONNREFUSED;
        return -1;
    }
    if (fd >= 0 && fd < MANY) {
        kind[fd] = of;
        broken[fd] = 0;
    }
    return REAL(connect)(fd, to, length);
}

int close(int fd) {
    if (fd >= 0 && fd < MANY) kind[fd] = 0;
    return REAL(close)(fd);
}

#define MOVES(type, name, declared, ...)      \
    type name declared {                      \
        if (breaks(fd)) return -1;            \
        return REAL(name)(__VA_ARGS__);       \
    }

MOVES(ssize_t, read, (int fd, void *bytes, size_t length), fd, bytes, length)
MOVES(ssize_t, write, (int fd, const void *bytes, size_t length), fd, bytes, length)
MOVES(ssize_t, readv, (int fd, const struct iovec *parts, int many), fd, parts, many)
MOVES(ssize_t, writev, (int fd, const struct iovec *parts, int many), fd, parts, many)
MOVES(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), fd, bytes, length, flags)
MOVES(ssize_t, send, (int fd, const void *bytes, size_t length, int flags), fd, bytes, length, flags)
MOVES(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), fd, message, flags)
MOVES(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), fd, message, flags)
