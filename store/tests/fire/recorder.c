/*
 * Stands between a process and its C library, and writes down, in order, everything that the process
 * does to the files of one folder; on request it lets a call fail. Loaded with LD_PRELOAD.
 *
 *   RECORD_FOLDER  the folder
 *   RECORD_TO      the file that the record is appended to
 *
 * Two names in the folder are not files but a way to talk to the recorder: what is written to
 * "@note" goes into the record, in its place in the order; what is written to "@fault" arms a fault:
 * "CALL K ERRNO TIMES SUFFIX", the K-th CALL from now on a name with that ending fails, TIMES times in
 * a row. CALL is open, read, write, truncate or sync; half of a write that fails is carried out.
 */
#include "../../../tests/it/support/interpose.h"
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DESCRIPTORS 65536

enum { UNWATCHED, WATCHED, NOTE, FAULT };

static struct {
    uint8_t kind;
    uint32_t id;
    char name[256];
} table[DESCRIPTORS];

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static char folder[4096];
static int to = -1;
static uint32_t opened;
static struct {
    char call[16], suffix[64];
    long in, times;
    int error;
} fault;

__attribute__((constructor)) static void begin(void) {
    const char *in = getenv("RECORD_FOLDER"), *out = getenv("RECORD_TO");
    if (!in || !out || strlen(in) >= sizeof folder) return;
    to = (int)syscall(SYS_openat, AT_FDCWD, out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    strcpy(folder, in);
}

/* The name below the folder, "" for the folder itself, or null for what is elsewhere. */
static const char *inside(const char *path) {
    size_t length = strlen(folder);
    if (to < 0 || !path || strncmp(path, folder, length) != 0) return NULL;
    if (path[length] == 0) return "";
    return path[length] == '/' ? path + length + 1 : NULL;
}

static int watched(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? table[fd].kind : UNWATCHED;
}

/* One entry: what, which file, a number, how many bytes, the bytes. */
static void record(char what, uint32_t id, uint64_t number, const void *bytes, uint64_t length) {
    struct __attribute__((packed)) {
        char what;
        uint32_t id;
        uint64_t number, length;
    } head = {what, id, number, length};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, length}};
    if (syscall(SYS_writev, to, parts, 2) != (long)(sizeof head + length)) abort();
}

static int fails(const char *call, const char *name) {
    size_t end = strlen(fault.suffix), length = strlen(name);
    if (strcmp(call, fault.call) != 0 || end > length || strcmp(name + length - end, fault.suffix) != 0)
        return 0;
    if (fault.in > 1) return fault.in--, 0;
    if (fault.times == 0) return 0;
    fault.times--;
    record('X', 0, 0, call, strlen(call));
    errno = fault.error;
    return 1;
}

static int opening(int (*call)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    const char *name = inside(path);
    if (!name) return call(path, flags, mode);
    int kind = !strcmp(name, "@note") ? NOTE : !strcmp(name, "@fault") ? FAULT : WATCHED;
    if (kind != WATCHED) path = "/dev/null", flags = O_WRONLY | O_CLOEXEC;
    pthread_mutex_lock(&order);
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    int fd = kind == WATCHED && writes && fails("open", name) ? -1 : call(path, flags, mode);
    if (fd >= 0 && fd < DESCRIPTORS) {
        table[fd].kind = kind;
        table[fd].id = ++opened;
        snprintf(table[fd].name, sizeof table[fd].name, "%s", name);
        if (kind == WATCHED) record('O', opened, (flags & O_TRUNC) != 0, name, strlen(name));
    }
    pthread_mutex_unlock(&order);
    return fd;
}

OPENS(opening)

int close(int fd) {
    if (watched(fd)) table[fd].kind = UNWATCHED;
    return REAL(close)(fd);
}

static ssize_t putting(int fd, const void *bytes, size_t length, off_t at) {
    ssize_t (*call)(int, const void *, size_t, off64_t) = REAL(pwrite64);
    if (table[fd].kind == NOTE) return record('N', 0, 0, bytes, length), (ssize_t)length;
    if (table[fd].kind == FAULT) {
        char text[256] = "";
        memcpy(text, bytes, length < 255 ? length : 255);
        memset(&fault, 0, sizeof fault);
        sscanf(text, "%15s %ld %d %ld %63s", fault.call, &fault.in, &fault.error, &fault.times, fault.suffix);
        return (ssize_t)length;
    }
    int failed = fails("write", table[fd].name);
    int why = errno;
    ssize_t done = call(fd, bytes, failed ? length / 2 : length, at);
    if (done > 0) record('W', table[fd].id, (uint64_t)at, bytes, (uint64_t)done);
    if (!failed) return done;
    errno = why;
    return -1;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (!watched(fd)) return REAL(write)(fd, bytes, length);
    pthread_mutex_lock(&order);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = putting(fd, bytes, length, at);
    if (done > 0 && table[fd].kind == WATCHED) lseek(fd, at + done, SEEK_SET);
    pthread_mutex_unlock(&order);
    return done;
}

#define PWRITE(name)                                                          \
    ssize_t name(int fd, const void *bytes, size_t length, off_t at) {        \
        if (!watched(fd)) return REAL(name)(fd, bytes, length, at);           \
        pthread_mutex_lock(&order);                                           \
        ssize_t done = putting(fd, bytes, length, at);                        \
        pthread_mutex_unlock(&order);                                         \
        return done;                                                          \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

static int may_read(int fd) {
    if (!watched(fd)) return 1;
    pthread_mutex_lock(&order);
    int failed = fails("read", table[fd].name);
    pthread_mutex_unlock(&order);
    return !failed;
}

ssize_t read(int fd, void *bytes, size_t length) {
    return may_read(fd) ? REAL(read)(fd, bytes, length) : -1;
}
ssize_t pread(int fd, void *bytes, size_t length, off_t at) {
    return may_read(fd) ? REAL(pread)(fd, bytes, length, at) : -1;
}
ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) {
    return may_read(fd) ? REAL(pread64)(fd, bytes, length, at) : -1;
}

#define TRUNCATE(CALL)                                                        \
    int CALL(int fd, off_t length) {                                          \
        if (!watched(fd)) return REAL(CALL)(fd, length);                      \
        pthread_mutex_lock(&order);                                           \
        int failed = fails("truncate", table[fd].name) ? -1 : REAL(CALL)(fd, length);  \
        if (!failed) record('T', table[fd].id, (uint64_t)length, "", 0);      \
        pthread_mutex_unlock(&order);                                         \
        return failed;                                                        \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

/* A failed sync is recorded as well: what it should have kept may never be kept. */
#define SYNC(CALL)                                                            \
    int CALL(int fd) {                                                        \
        if (!watched(fd)) return REAL(CALL)(fd);                              \
        pthread_mutex_lock(&order);                                           \
        int failed = fails("sync", table[fd].name);                           \
        int why = errno;                                                      \
        record(failed ? 'F' : 'S', table[fd].id, 0, "", 0);                   \
        pthread_mutex_unlock(&order);                                         \
        errno = why;                                                          \
        return failed ? -1 : 0;                                               \
    }
SYNC(fsync)
SYNC(fdatasync)

int unlink(const char *path) {
    const char *name = inside(path);
    if (!name) return REAL(unlink)(path);
    pthread_mutex_lock(&order);
    int failed = REAL(unlink)(path);
    if (!failed) record('U', 0, 0, name, strlen(name));
    pthread_mutex_unlock(&order);
    return failed;
}

int rename(const char *from, const char *target) {
    const char *old = inside(from), *name = inside(target);
    if (!old || !name) return REAL(rename)(from, target);
    char both[1024];
    int length = snprintf(both, sizeof both, "%s\n%s", old, name);
    pthread_mutex_lock(&order);
    int failed = REAL(rename)(from, target);
    if (!failed) record('R', 0, 0, both, (uint64_t)length);
    pthread_mutex_unlock(&order);
    return failed;
}
