/*
 * What a library needs that stands between a process and its C library (LD_PRELOAD): the real call behind one of its own,
 * and a definition of the two calls that open a file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

/* The call NAME is OPENING(the real one, path, flags, mode). */
#define OPEN(name, opening)                         \
    int name(const char *path, int flags, ...) {    \
        va_list rest;                               \
        va_start(rest, flags);                      \
        mode_t mode = va_arg(rest, mode_t);         \
        va_end(rest);                               \
        return opening(REAL(name), path, flags, mode); \
    }
#define OPENS(opening)    \
    OPEN(open, opening)   \
    OPEN(open64, opening)
