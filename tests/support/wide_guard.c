// Gives each thread a guard of 256 KiB below its stack, preloaded. With the usual 4 KiB a large buffer on the stack
// reaches over it, into the stack of another thread, and nobody sees that the stack was too small.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int pthread_create(pthread_t *thread, const pthread_attr_t *wanted, void *(*body)(void *),
                   void *argument) {
    static create *next;
    if (!next) {
        next = (create *)dlsym(RTLD_NEXT, "pthread_create");
    }
    pthread_attr_t own;
    if (!wanted) {
        pthread_attr_init(&own);
    }
    pthread_attr_t *used = wanted ? (pthread_attr_t *)wanted : &own;
    pthread_attr_setguardsize(used, 256 << 10);
    int failed = next(thread, used, body, argument);
    if (!wanted) {
        pthread_attr_destroy(&own);
    }
    return failed;
}
