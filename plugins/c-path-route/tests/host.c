#include "host.h"

#include <stdlib.h>
#include <string.h>

unsigned host_calls;
static const char *path;
static const bool *usable;
static struct {
    uint32_t matching;
    char **texts;
    size_t count;
} made;

static policy_string_t copied(const char *from) {
    policy_string_t copy;
    policy_string_dup(&copy, from);
    return copy;
}

const char *host_configure(const char *config, const char *const *names, size_t count) {
    static char message[1000];
    exports_rjk_policy_router_balancer_t balancer = {copied("lb"), copied("Request"), true, false};
    exports_rjk_policy_router_list_member_t members = {calloc(count, sizeof *members.ptr), count};
    for (size_t i = 0; i < count; i++) {
        members.ptr[i].name = copied(names[i]);
        members.ptr[i].route = copied(names[i]);
    }
    policy_string_t text = copied(config), error;
    if (exports_rjk_policy_router_configure(&balancer, &members, &text, &error))
        return NULL;
    memcpy(message, error.ptr, error.len);
    message[error.len] = '\0';
    policy_string_free(&error);
    return message;
}

exports_rjk_policy_router_decision_t host_choose(const char *of, const bool *now) {
    exports_rjk_policy_router_decision_t decision;
    path = of;
    usable = now;
    host_calls = 0;
    exports_rjk_policy_router_choose(NULL, &decision);
    return decision;
}

/* --- what the policy imports ----------------------------------------------------------------------- */

uint32_t rjk_policy_sources_source(uint32_t kind, policy_string_t *name) {
    (void)name;
    return kind == 3 ? 0 : UINT32_MAX;
}

uint32_t rjk_policy_sources_table(uint32_t source, uint32_t matching, policy_list_string_t *texts) {
    if (source != 0)
        abort();
    for (size_t i = 0; i < made.count; i++)
        free(made.texts[i]);
    made.matching = matching;
    made.count = texts->len;
    made.texts = realloc(made.texts, texts->len * sizeof *made.texts);
    for (size_t i = 0; i < texts->len; i++)
        made.texts[i] = strndup((const char *)texts->ptr[i].ptr, texts->ptr[i].len);
    return 0;
}

bool rjk_policy_sources_look_up(uint32_t table, uint32_t *place) {
    size_t best = 0;
    host_calls++;
    if (table != 0 || made.matching != 1)
        abort();
    for (size_t i = 0; i < made.count; i++) {
        size_t length = strlen(made.texts[i]);
        if (length > best && strncmp(path, made.texts[i], length) == 0) {
            best = length;
            *place = (uint32_t)i;
        }
    }
    return best > 0;
}

bool rjk_policy_members_is_candidate(uint32_t member) {
    host_calls++;
    return usable[member];
}

/* --- what the bindings have besides ---------------------------------------------------------------- */

void policy_string_dup(policy_string_t *into, const char *from) {
    into->len = strlen(from);
    into->ptr = (uint8_t *)strdup(from);
}

void policy_string_free(policy_string_t *text) {
    free(text->ptr);
}

void exports_rjk_policy_router_balancer_free(exports_rjk_policy_router_balancer_t *balancer) {
    policy_string_free(&balancer->name);
    policy_string_free(&balancer->method);
}

void exports_rjk_policy_router_list_member_free(exports_rjk_policy_router_list_member_t *members) {
    for (size_t i = 0; i < members->len; i++) {
        policy_string_free(&members->ptr[i].name);
        policy_string_free(&members->ptr[i].route);
    }
    free(members->ptr);
}
