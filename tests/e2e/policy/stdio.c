/* A policy that uses its C library as programs do; languages.rs compiles it. */
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static time_t started;

bool exports_rjk_policy_router_configure(exports_rjk_policy_router_balancer_t *balancer,
                                         exports_rjk_policy_router_list_member_t *members, policy_string_t *config,
                                         policy_string_t *error) {
    unsigned char bytes[16] = {0};
    (void)balancer, (void)members, (void)config, (void)error;
    fputs("configured ", stderr);
    fputs(getenv("HOME") == NULL ? "without HOME, " : "with HOME, ", stderr);
    fputs(fopen("/etc/passwd", "r") == NULL ? "a file or arguments, " : "and a file, ", stderr);
    started = time(NULL);
    fputs(started > 1577836800 ? "after 2020\n" : "before 2020\n", stderr);
    return getentropy(bytes, sizeof bytes) == 0;
}

void exports_rjk_policy_router_choose(uint32_t *sticky, exports_rjk_policy_router_decision_t *decision) {
    struct timespec now;
    (void)sticky;
    decision->tag = RJK_POLICY_TYPES_DECISION_WORKER;
    decision->val.worker = clock_gettime(CLOCK_MONOTONIC, &now) == 0 && time(NULL) >= started;
}

void __component_type_object_force_link_policy(void) {}
