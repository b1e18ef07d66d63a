/* Loaded before libc (LD_PRELOAD): counts what a process does to the files below one folder, and at the N-th operation
 * makes it fail, or kills the process. Python, Lance (Rust), FAISS and Arrow (C++) all pass here.
 *
 * An operation is: opening for writing, writing, syncing, renaming, linking, unlinking, making a folder, setting a
 * file's length. harness/faults.py arms it; a child made by fork is not armed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE = 2, SYNC = 4, RENAME = 8, LINK = 16, UNLINK = 32, MKDIR = 64, LENGTH = 128 };
enum { GO = 0, FAIL = -1 };

static char folder[PATH_MAX];
static size_t folder_length;
static atomic_long done;
static atomic_int armed;
static long fail_at;
static int fail_with; /* an errno; 0: SIGKILL */
static int fail_onwards;
static int fail_kinds;
static int journal = -1;

static void disarm_child(void) { armed = 0; }

__attribute__((constructor)) static void begin(void) { pthread_atfork(NULL, NULL, disarm_child); }

/* Count from now on what happens below `where`. at: which operation of `kinds` fails with `error` (0: SIGKILL), the
 * first is 1, 0 is none; onwards: all after it fail as well; journal_path: a file that gets a line an operation. */
void faults_arm(const char *where, long at, int error, int onwards, int kinds, const char *journal_path) {
    snprintf(folder, sizeof folder, "%s", where);
    folder_length = strlen(folder);
    done = 0;
    fail_at = at;
    fail_with = error;
    fail_onwards = onwards;
    fail_kinds = kinds;
    if (journal_path && *journal_path)
        journal = syscall(SYS_openat, AT_FDCWD, journal_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    armed = 1;
}

/* Let everything pass again; return how many operations of the kinds there were. */
long faults_disarm(void) {
    armed = 0;
    if (journal >= 0) syscall(SYS_close, journal);
    journal = -1;
    return done;
}

static int below(const char *path) {
    return !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

static const char *path_of(int descriptor, char *into) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, into, PATH_MAX - 1);
    into[length > 0 ? length : 0] = 0;
    return into;
}

static const char *whole(int at, const char *path, char *into) {
    char base[PATH_MAX];
    if (path[0] == '/') return path;
    if (at == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) base[0] = 0;
    } else {
        path_of(at, base);
    }
    snprintf(into, PATH_MAX, "%.2000s/%.2000s", base, path);
    return into;
}

static void note(const char *name, const char *path, const char *other) {
    char line[2 * PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s\t%.4000s\t%.4000s\n", name, path, other);
    if (journal >= 0) syscall(SYS_write, journal, line, (size_t)length);
}

/* Of a folder that is about to be synced, the names in it: those are what the sync keeps. */
static void note_names(int descriptor) {
    char path[PATH_MAX], inside[PATH_MAX];
    int before = errno;
    if (!armed || journal < 0 || !below(path_of(descriptor, path))) return;
    DIR *names = opendir(path); /* NULL: a file */
    for (struct dirent *one; names && (one = readdir(names));) {
        snprintf(inside, sizeof inside, "%.2000s/%.255s", path, one->d_name);
        note("has", inside, "");
    }
    if (names) closedir(names);
    errno = before;
}

/* Count one operation; FAIL with errno set where it is to fail. */
static int count(int kind, const char *name, const char *path, const char *other) {
    if (!armed || !(below(path) || below(other))) return GO;
    note(name, path, other);
    if (!(kind & fail_kinds)) return GO;
    long number = ++done;
    if (!fail_at || number < fail_at || (number > fail_at && !fail_onwards)) return GO;
    if (!fail_with) {
        syscall(SYS_kill, getpid(), SIGKILL);
        for (;;) pause();
    }
    errno = fail_with;
    return FAIL;
}

static int count_path(int kind, const char *name, int at, const char *path) {
    char into[PATH_MAX];
    return armed ? count(kind, name, whole(at, path, into), "") : GO;
}

static int count_pair(int kind, const char *name, int at, const char *path, int other_at, const char *other) {
    char into[PATH_MAX], other_into[PATH_MAX];
    return armed ? count(kind, name, whole(at, path, into), whole(other_at, other, other_into)) : GO;
}

static int count_descriptor(int kind, const char *name, int descriptor) {
    char into[PATH_MAX];
    if (!armed) return GO;
    if (descriptor == 1 && kind == WRITE) note("say", "", "");
    return count(kind, name, path_of(descriptor, into), "");
}

#define REAL(result, name, ...)                                          \
    static result (*real)(__VA_ARGS__);                                  \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC); }

static mode_t mode_in(int flags, va_list rest) {
    return flags & (O_CREAT | __O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0;
}

#define OPEN_AS(name)                                                                   \
    int name(const char *path, int flags, ...) {                                        \
        va_list rest;                                                                   \
        va_start(rest, flags);                                                          \
        mode_t mode = mode_in(flags, rest);                                             \
        va_end(rest);                                                                   \
        REAL(int, name, const char *, int, ...);                                        \
        if (writes(flags) && count_path(OPEN, "open", AT_FDCWD, path)) return -1;       \
        return real(path, flags, mode);                                                 \
    }
OPEN_AS(open)
OPEN_AS(open64)

#define OPENAT_AS(name)                                                                 \
    int name(int at, const char *path, int flags, ...) {                                \
        va_list rest;                                                                   \
        va_start(rest, flags);                                                          \
        mode_t mode = mode_in(flags, rest);                                             \
        va_end(rest);                                                                   \
        REAL(int, name, int, const char *, int, ...);                                   \
        if (writes(flags) && count_path(OPEN, "open", at, path)) return -1;             \
        return real(at, path, flags, mode);                                             \
    }
OPENAT_AS(openat)
OPENAT_AS(openat64)

#define CREAT_AS(name)                                                                  \
    int name(const char *path, mode_t mode) {                                           \
        REAL(int, name, const char *, mode_t);                                          \
        return count_path(OPEN, "open", AT_FDCWD, path) ? -1 : real(path, mode);        \
    }
CREAT_AS(creat)
CREAT_AS(creat64)

#define FOPEN_AS(name)                                                                              \
    FILE *name(const char *path, const char *mode) {                                                \
        REAL(FILE *, name, const char *, const char *);                                             \
        if (strpbrk(mode, "wa+") && count_path(OPEN, "open", AT_FDCWD, path)) return NULL;          \
        return real(path, mode);                                                                    \
    }
FOPEN_AS(fopen)
FOPEN_AS(fopen64)

size_t fwrite(const void *data, size_t size, size_t items, FILE *file) {
    REAL(size_t, fwrite, const void *, size_t, size_t, FILE *);
    return count_descriptor(WRITE, "write", fileno(file)) ? 0 : real(data, size, items, file);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    return count_descriptor(WRITE, "write", descriptor) ? -1 : real(descriptor, data, size);
}

#define PWRITE_AS(name)                                                                             \
    ssize_t name(int descriptor, const void *data, size_t size, off_t offset) {                     \
        REAL(ssize_t, name, int, const void *, size_t, off_t);                                      \
        return count_descriptor(WRITE, "write", descriptor) ? -1 : real(descriptor, data, size, offset); \
    }
PWRITE_AS(pwrite)
PWRITE_AS(pwrite64)

ssize_t writev(int descriptor, const struct iovec *parts, int number) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    return count_descriptor(WRITE, "write", descriptor) ? -1 : real(descriptor, parts, number);
}

#define PWRITEV_AS(name)                                                                            \
    ssize_t name(int descriptor, const struct iovec *parts, int number, off_t offset) {             \
        REAL(ssize_t, name, int, const struct iovec *, int, off_t);                                 \
        return count_descriptor(WRITE, "write", descriptor) ? -1 : real(descriptor, parts, number, offset); \
    }
PWRITEV_AS(pwritev)
PWRITEV_AS(pwritev64)

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t size, unsigned flags) {
    REAL(ssize_t, copy_file_range, int, off_t *, int, off_t *, size_t, unsigned);
    return count_descriptor(WRITE, "write", to) ? -1 : real(from, from_at, to, to_at, size, flags);
}

#define SENDFILE_AS(name)                                                                           \
    ssize_t name(int to, int from, off_t *from_at, size_t size) {                                   \
        REAL(ssize_t, name, int, int, off_t *, size_t);                                             \
        return count_descriptor(WRITE, "write", to) ? -1 : real(to, from, from_at, size);           \
    }
SENDFILE_AS(sendfile)
SENDFILE_AS(sendfile64)

#define SYNC_AS(name)                                                                   \
    int name(int descriptor) {                                                          \
        REAL(int, name, int);                                                           \
        note_names(descriptor);                                                         \
        return count_descriptor(SYNC, "sync", descriptor) ? -1 : real(descriptor);      \
    }
SYNC_AS(fsync)
SYNC_AS(fdatasync)

#define SET_LENGTH(name)                                                                \
    int name(int descriptor, off_t length) {                                            \
        REAL(int, name, int, off_t);                                                    \
        return count_descriptor(LENGTH, "length", descriptor) ? -1 : real(descriptor, length); \
    }
SET_LENGTH(ftruncate)
SET_LENGTH(ftruncate64)

#define ALLOCATE(name) /* returns the errno itself */                                   \
    int name(int descriptor, off_t offset, off_t length) {                              \
        REAL(int, name, int, off_t, off_t);                                             \
        return count_descriptor(LENGTH, "length", descriptor) ? errno : real(descriptor, offset, length); \
    }
ALLOCATE(posix_fallocate)
ALLOCATE(posix_fallocate64)

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    return count_pair(RENAME, "rename", AT_FDCWD, from, AT_FDCWD, to) ? -1 : real(from, to);
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
    REAL(int, renameat, int, const char *, int, const char *);
    return count_pair(RENAME, "rename", from_at, from, to_at, to) ? -1 : real(from_at, from, to_at, to);
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    return count_pair(RENAME, "rename", from_at, from, to_at, to) ? -1 : real(from_at, from, to_at, to, flags);
}

int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *);
    return count_pair(LINK, "link", AT_FDCWD, from, AT_FDCWD, to) ? -1 : real(from, to);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    return count_pair(LINK, "link", from_at, from, to_at, to) ? -1 : real(from_at, from, to_at, to, flags);
}

#define ON_PATH(name, kind, told)                                                       \
    int name(const char *path) {                                                        \
        REAL(int, name, const char *);                                                  \
        return count_path(kind, told, AT_FDCWD, path) ? -1 : real(path);                \
    }
ON_PATH(unlink, UNLINK, "unlink")
ON_PATH(rmdir, UNLINK, "unlink")
ON_PATH(remove, UNLINK, "unlink")

int unlinkat(int at, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    return count_path(UNLINK, "unlink", at, path) ? -1 : real(at, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    return count_path(MKDIR, "mkdir", AT_FDCWD, path) ? -1 : real(path, mode);
}

int mkdirat(int at, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    return count_path(MKDIR, "mkdir", at, path) ? -1 : real(at, path, mode);
}
