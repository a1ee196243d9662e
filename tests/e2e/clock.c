/* A wall clock of one's own, for a program that is started with it in LD_PRELOAD: the true time and
   as many seconds as the file CLOCK_OFFSET holds, a number of 8 bytes, whenever it is looked at. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile long long *offset(void)
{
    static const volatile long long *mapped;
    if (!mapped) {
        int file = open(getenv("CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
        mapped = mmap(NULL, sizeof *mapped, PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    return mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME)
        now->tv_sec += *offset();
    return failed;
}
