/* Stands between the platform and the C library, as LD_PRELOAD: sets the wall clock, and fails an fsync. What it does
 * is told by a page that the test writes into while the platform runs (FAULT_SHIM names the file), in numbers of 64 bits:
 *
 *   0  microseconds that are added to the wall clock
 *   1  fsyncs of the chosen file until one fails with EIO, once; 0: none does
 *   2  which file: 1 the write-ahead log, 2 the database
 *   3  how many have failed (written here)
 *   4, 5  the octets of the log that were written and not yet safe when it failed: from and to (written here)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CLOCK, FSYNC_AFTER, WHICH, FAILED, LOST_FROM, LOST_TO, NUMBERS };
enum { NEITHER, LOG, DATABASE };

static volatile int64_t none[NUMBERS];
static volatile int64_t *page = none;
static int64_t unsafe_from = INT64_MAX, unsafe_to = 0;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_SHIM");
    if (!path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) page = mapped;
}

static int kind_of(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return NEITHER;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    if (!name) return NEITHER;
    if (!strcmp(name, "/sambac.db-wal")) return LOG;
    return strcmp(name, "/sambac.db") ? NEITHER : DATABASE;
}

static int synced(int fd, long call) {
    int kind = page == none ? NEITHER : kind_of(fd);
    if (kind != NEITHER && kind == page[WHICH] && page[FSYNC_AFTER] > 0 && --page[FSYNC_AFTER] == 0) {
        page[LOST_FROM] = unsafe_from;
        page[LOST_TO] = unsafe_to;
        page[FAILED]++;
        errno = EIO;
        return -1;
    }
    int done = (int)syscall(call, fd);
    if (kind == LOG && done == 0) unsafe_from = INT64_MAX, unsafe_to = 0;
    return done;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

ssize_t pwrite64(int fd, const void *octets, size_t count, off64_t at) {
    int kind = page == none ? NEITHER : kind_of(fd);
    if (kind == LOG) {
        if (at < unsafe_from) unsafe_from = at;
        if ((int64_t)(at + count) > unsafe_to) unsafe_to = at + count;
    }
    return syscall(SYS_pwrite64, fd, octets, count, at);
}

ssize_t pwrite(int fd, const void *octets, size_t count, off_t at) { return pwrite64(fd, octets, count, at); }

int clock_gettime(clockid_t which, struct timespec *now) {
    int done = (int)syscall(SYS_clock_gettime, which, now);
    int64_t offset = page[CLOCK];
    if (done == 0 && offset && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
        int64_t micros = now->tv_sec * 1000000LL + now->tv_nsec / 1000 + offset;
        now->tv_nsec = micros % 1000000 * 1000 + now->tv_nsec % 1000;
        now->tv_sec = micros / 1000000;
    }
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (into) *into = precise.tv_sec;
    return precise.tv_sec;
}
