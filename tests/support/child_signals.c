/* Lets SIGTERM through while child_init hooks run, as worker and event did before httpd 2.4.33 and prefork
 * before 2.4.49, and sends it all the time: a line in the error log says where it came in. */
#include "httpd.h"
#include "http_config.h"
#include "http_log.h"
#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <time.h>
#include <ucontext.h>

APLOG_USE_MODULE(child_signals);

#define PERIOD_NS 50000

static struct {
    uintptr_t base, end;
} code;
static volatile sig_atomic_t within, elsewhere;
static sigset_t mask;
static struct sigaction action;
static timer_t timer;

static int measure(struct dl_phdr_info *info, size_t size, void *data)
{
    int i;
    if (info->dlpi_addr != code.base) {
        return 0;
    }
    for (i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t end = code.base + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && end > code.end) {
            code.end = end;
        }
    }
    return 1;
}

static void came_in(int number, siginfo_t *info, void *context)
{
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
#if defined(__x86_64__)
    uintptr_t at = (uintptr_t)machine->gregs[REG_RIP];
#elif defined(__aarch64__)
    uintptr_t at = (uintptr_t)machine->pc;
#else
#error "where does this machine keep its program counter?"
#endif
    if (at >= code.base && at < code.end) {
        within++;
    }
    else {
        elsewhere++;
    }
}

static void before(apr_pool_t *pool, server_rec *server)
{
    struct sigaction ours = { .sa_sigaction = came_in, .sa_flags = SA_SIGINFO | SA_RESTART };
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM };
    struct itimerspec times = { { 0, PERIOD_NS }, { 0, PERIOD_NS } };
    module *jk = ap_find_linked_module("mod_jk.c");
    Dl_info where;
    sigset_t none;

    if (jk == NULL || !dladdr(jk, &where)) {
        return;
    }
    code.base = (uintptr_t)where.dli_fbase;
    dl_iterate_phdr(measure, NULL);
    sigaction(SIGTERM, &ours, &action);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, &mask);
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    timer_settime(timer, 0, &times, NULL);
}

static void behind(apr_pool_t *pool, server_rec *server)
{
    sigset_t now;
    int number, blocked = 0;

    if (code.base == 0) {
        return;
    }
    timer_delete(timer);
    pthread_sigmask(SIG_SETMASK, &mask, &now);
    sigaction(SIGTERM, &action, NULL);
    for (number = 1; number < NSIG; number++) {
        blocked += sigismember(&now, number) == 1;
    }
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server,
                 "child_signals: %d within the module, %d elsewhere, %d left blocked",
                 (int)within, (int)elsewhere, blocked);
}

static void hooks(apr_pool_t *pool)
{
    ap_hook_child_init(before, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_child_init(behind, NULL, NULL, APR_HOOK_REALLY_LAST);
}

module AP_MODULE_DECLARE_DATA child_signals_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks
};
