/* Moves a process's time of day by as many seconds as a file says, which may change while it runs; time that only goes on stays. */
#define _GNU_SOURCE
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

/* what a part's command line says; everybody else reads the first file */
static const char *const parts[][2] = {
    {"--name worker-1", "worker-1"}, {"--name worker-2", "worker-2"}, {"worker.cli store", "store"}, {"-m bridge", "bridge"}};

static const volatile int64_t *ahead;

__attribute__((constructor)) static void open_clock(void) {
    const char *folder = getenv("GROOVE_TEST_CLOCK"), *part = "all";
    char line[4096] = "", path[4096];
    int file = open("/proc/self/cmdline", O_RDONLY);
    ssize_t length = file < 0 ? 0 : read(file, line, sizeof line - 1);
    close(file);
    for (ssize_t i = 0; i < length; i++)
        if (!line[i]) line[i] = ' ';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(line, parts[i][0])) part = parts[i][1];
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "", part);
    if ((file = open(path, O_RDONLY)) < 0) return;
    void *found = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED) ahead = found;
    close(file);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, id, now);
    if (!failed && ahead && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec found;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &found)) return -1;
    now->tv_sec = found.tv_sec;
    now->tv_usec = found.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
