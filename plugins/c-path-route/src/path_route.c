/* Routing policy: the beginning of the path names the worker; the longest one counts. See README.md. */

#include "../bindings/policy.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

/* Kinds of sources and of matching, as bindings/policy.h explains them. */
enum { SOURCE_PATH = 3, MATCH_LONGEST_PREFIX = 1 };

/* What `configure` found. Nothing of it changes afterwards. */
static uint32_t prefixes; /* the host's table */
static uint32_t *workers; /* the member of each prefix */

#define WORDS(letters) ((text){(char *)(letters), sizeof(letters) - 1})
/* Gives the pieces of the message, and false. */
#define FAIL(error, ...) fail(error, (text[]){__VA_ARGS__}, sizeof((text[]){__VA_ARGS__}) / sizeof(text))

static bool fail(policy_string_t *error, const text *pieces, size_t count) {
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += pieces[i].length;
    error->ptr = malloc(length + 1); /* the bindings free it when the host has read it */
    error->len = 0;
    for (size_t i = 0; i < count && error->ptr != NULL; i++) {
        memcpy(error->ptr + error->len, pieces[i].at, pieces[i].length);
        error->len += pieces[i].length;
    }
    return false;
}

static bool find_member(exports_rjk_policy_router_list_member_t *members, text name, uint32_t *position) {
    for (size_t i = 0; i < members->len; i++) {
        policy_string_t *member = &members->ptr[i].name;
        if (member->len == name.length && memcmp(member->ptr, name.at, name.length) == 0) {
            *position = (uint32_t)i;
            return true;
        }
    }
    return false;
}

static bool read_line(pair *line, exports_rjk_policy_router_list_member_t *members, uint32_t *worker,
                      policy_string_t *error) {
    if (line->key.length == 0 || line->key.at[0] != '/')
        return FAIL(error, WORDS("\""), line->key, WORDS("\" is no path: a path begins with /"));
    if (!find_member(members, line->value, worker))
        return FAIL(error, WORDS("\""), line->key, WORDS("\": the balancer has no member \""), line->value,
                    WORDS("\""));
    return true;
}

static bool configure(table *config, exports_rjk_policy_router_list_member_t *members, policy_string_t *error) {
    policy_list_string_t texts = {calloc(config->count, sizeof *texts.ptr), config->count};
    workers = realloc(workers, config->count * sizeof *workers);
    if (texts.ptr == NULL || workers == NULL)
        return FAIL(error, WORDS("out of memory"));
    for (size_t i = 0; i < config->count; i++) {
        pair *line = &config->pairs[i];
        texts.ptr[i] = (policy_string_t){(uint8_t *)line->key.at, line->key.length};
        if (!read_line(line, members, &workers[i], error)) {
            free(texts.ptr);
            return false;
        }
    }
    policy_string_t no_name = {(uint8_t *)"", 0};
    uint32_t path = rjk_policy_sources_source(SOURCE_PATH, &no_name);
    prefixes = rjk_policy_sources_table(path, MATCH_LONGEST_PREFIX, &texts);
    free(texts.ptr); /* the host has copied them */
    return true;
}

bool exports_rjk_policy_router_configure(exports_rjk_policy_router_balancer_t *balancer,
                                         exports_rjk_policy_router_list_member_t *members, policy_string_t *config,
                                         policy_string_t *error) {
    table lines;
    text culprit;
    bool ok;
    if (!json_table((char *)config->ptr, config->len, &lines, &culprit) && culprit.at != NULL)
        ok = FAIL(error, WORDS("\""), culprit, WORDS("\": write the name of a worker, as a text"));
    else if (lines.count == 0)
        ok = FAIL(error, WORDS("write lines of \"/path/\" = \"worker name\""));
    else
        ok = configure(&lines, members, error);
    free(lines.pairs);
    /* Arguments belong to the policy. */
    exports_rjk_policy_router_balancer_free(balancer);
    exports_rjk_policy_router_list_member_free(members);
    policy_string_free(config);
    return ok;
}

/* Takes no memory. */
void exports_rjk_policy_router_choose(uint32_t *sticky, exports_rjk_policy_router_decision_t *decision) {
    uint32_t place;
    (void)sticky;
    decision->tag = RJK_POLICY_TYPES_DECISION_BUILTIN;
    if (rjk_policy_sources_look_up(prefixes, &place) && rjk_policy_members_is_candidate(workers[place])) {
        decision->tag = RJK_POLICY_TYPES_DECISION_WORKER;
        decision->val.worker = workers[place];
    }
}

/* wit-bindgen wants an object file that holds the type of the component; `rjk policy pack` puts it there. */
void __component_type_object_force_link_policy(void) {}
