/* What a run has of its machine: randomness from its seed, and one processor.

   The system's randomness, made of a seed: loaded before the C library, so that hash tables, tokio's choices and every generator of
   the process come out alike each time. Each thread has a sequence of its own: threads do not disturb each other. */
#define _GNU_SOURCE
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

static __thread uint64_t state;
static __thread int seeded;

ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
    unsigned char *octets = buffer;
    (void)flags;
    if (!seeded) {
        const char *seed = getenv("SIMULATION_SEED");
        state = seed ? strtoull(seed, NULL, 10) : 0;
        seeded = 1;
    }
    for (size_t at = 0; at < length; at++) {
        uint64_t mixed = (state += 0x9E3779B97F4A7C15u);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
        octets[at] = (unsigned char)(mixed ^ (mixed >> 31));
    }
    return (ssize_t)length;
}

int getentropy(void *buffer, size_t length) {
    return getrandom(buffer, length, 0) < 0 ? -1 : 0;
}

/* A run does one thing at a time, and hands over between two threads for every statement. On one processor that costs half as much. */
__attribute__((constructor)) static void stay(void) {
    const char *place = getenv("SIMULATION_PROCESSOR");
    cpu_set_t may, one;
    CPU_ZERO(&one);
    if (!place || sched_getaffinity(0, sizeof may, &may) || CPU_COUNT(&may) == 0) return;
    int nth = atoi(place) % CPU_COUNT(&may);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &may) && nth-- == 0) CPU_SET(cpu, &one);
    }
    (void)sched_setaffinity(0, sizeof one, &one);
}
