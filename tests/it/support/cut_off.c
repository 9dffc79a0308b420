/*
 * Cuts its process off as long as a test says so: from everything at an address while the file "network" is in the folder
 * CUT_OFF, and from what listens on a socket of this machine while "socket" is there. What was sent before that may have
 * arrived; its answer is lost. While "silence" is there, such a socket takes everything and delivers nothing, neither way, and the
 * connection stays so: nobody is told that it is dead. Loaded with LD_PRELOAD.
 */
#include "interpose.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MANY 65536

/* Which kind of connection each descriptor is, and whether it broke once. */
static char kind[MANY], broken[MANY], silent[MANY];

static int is_said(const char *name) {
    const char *folder = getenv("CUT_OFF");
    char path[4096];
    int saved = errno, is;
    if (!folder) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    is = access(path, F_OK) == 0;
    errno = saved;
    return is;
}

static int is_cut(char of) {
    return of && is_said(of == 'n' ? "network" : "socket");
}

static int is_silent(int fd) {
    if (fd < 0 || fd >= MANY || kind[fd] != 's') return 0;
    if (!silent[fd] && is_said("silence")) silent[fd] = 1;
    return silent[fd];
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
        broken[fd] = silent[fd] = 0;
    }
    return REAL(connect)(fd, to, length);
}

int close(int fd) {
    if (fd >= 0 && fd < MANY) kind[fd] = 0;
    return REAL(close)(fd);
}

static ssize_t nothing_yet(void) {
    errno = EAGAIN;
    return -1;
}

static ssize_t all_of(const struct iovec *parts, size_t many) {
    ssize_t all = 0;
    for (size_t nth = 0; nth < many; nth++) all += (ssize_t)parts[nth].iov_len;
    return all;
}

/* Each with what it says of a connection that is silent. */
#define MOVES(name, unheard, declared, ...)   \
    ssize_t name declared {                   \
        if (breaks(fd)) return -1;            \
        if (is_silent(fd)) return unheard;    \
        return REAL(name)(__VA_ARGS__);       \
    }

MOVES(read, nothing_yet(), (int fd, void *bytes, size_t length), fd, bytes, length)
MOVES(write, (ssize_t)length, (int fd, const void *bytes, size_t length), fd, bytes, length)
MOVES(readv, nothing_yet(), (int fd, const struct iovec *parts, int many), fd, parts, many)
MOVES(writev, all_of(parts, (size_t)many), (int fd, const struct iovec *parts, int many), fd, parts, many)
MOVES(recv, nothing_yet(), (int fd, void *bytes, size_t length, int flags), fd, bytes, length, flags)
MOVES(send, (ssize_t)length, (int fd, const void *bytes, size_t length, int flags), fd, bytes, length, flags)
MOVES(recvmsg, nothing_yet(), (int fd, struct msghdr *message, int flags), fd, message, flags)
MOVES(sendmsg, all_of(message->msg_iov, message->msg_iovlen), (int fd, const struct msghdr *message, int flags), fd, message, flags)
