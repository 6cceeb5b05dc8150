/* A host for one policy in this process: what the bindings would ask httpd. */
#ifndef HOST_H
#define HOST_H

#include "../bindings/policy.h"

#include <stdbool.h>

/* A new instance of the policy, for members of these names. Returns NULL, or the error, which holds until the
 * next call. */
const char *host_configure(const char *config, const char *const *members, size_t count);

/* One decision for a request of this path; `usable` says of each member whether it is a candidate. */
exports_rjk_policy_router_decision_t host_choose(const char *path, const bool *usable);

/* Calls that the policy has made since the last `host_choose` began. */
extern unsigned host_calls;

#endif
