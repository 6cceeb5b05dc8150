/* The unit tests: `make test`. */

#include "../src/json.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"was1", "was2", "was3"};
static const bool ALL[] = {true, true, true};
static unsigned passed, failed;

static void expect(bool holds, const char *what) {
    holds ? passed++ : failed++;
    if (!holds)
        printf("FAILED: %s\n", what);
}

/* -1: the built-in rules decide. */
static int chosen(const char *path, const bool *usable) {
    exports_rjk_policy_router_decision_t decision = host_choose(path, usable);
    return decision.tag == RJK_POLICY_TYPES_DECISION_WORKER ? (int)decision.val.worker : -1;
}

static void the_longest_beginning_names_the_worker(void) {
    static const char config[] = "{\"/shop/\":\"was1\",\"/shop/admin/\":\"was3\",\"/caf\\u00e9/\":\"was2\"}";
    expect(host_configure(config, NAMES, 3) == NULL, "it is configured");
    expect(chosen("/shop/x", ALL) == 0, "a beginning");
    expect(chosen("/shop/admin/x", ALL) == 2, "the longer one");
    expect(chosen("/shop", ALL) == -1, "shorter than each");
    expect(chosen("/", ALL) == -1, "another path");
    expect(chosen("/caf\xc3\xa9/", ALL) == 1, "an escaped letter");
}

static void a_worker_that_cannot_be_chosen_leaves_it_to_the_builtin_method(void) {
    const bool without_first[] = {false, true, true};
    expect(host_configure("{\"/a/\":\"was1\"}", NAMES, 3) == NULL, "it is configured");
    expect(chosen("/a/", ALL) == 0, "it can be chosen");
    expect(chosen("/a/", without_first) == -1, "it cannot");
}

static void nothing_is_asked_in_vain(void) {
    expect(host_configure("{\"/a/\":\"was1\"}", NAMES, 3) == NULL, "it is configured");
    host_choose("/b", ALL);
    expect(host_calls == 1, "one call without a match");
    host_choose("/a/", ALL);
    expect(host_calls == 2, "two with one");
}

static void configuration_errors_say_what_to_write(void) {
    static const char *const table[][2] = {
        {"{}", "write lines of \"/path/\" = \"worker name\""},
        {"[]", "write lines of \"/path/\" = \"worker name\""},
        {"{\"/a/\":1}", "\"/a/\": write the name of a worker, as a text"},
        {"{\"/a/\":{\"b\":\"c\"}}", "\"/a/\": write the name of a worker, as a text"},
        {"{\"a\":\"was1\"}", "\"a\" is no path: a path begins with /"},
        {"{\"/a/\":\"was9\"}", "\"/a/\": the balancer has no member \"was9\""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *error = host_configure(table[i][0], NAMES, 3);
        expect(error != NULL && strcmp(error, table[i][1]) == 0, table[i][0]);
    }
}

/* The result of reading exactly these bytes, with a guard of the sanitizer behind the last. */
static bool is_read(const char *json, size_t length, table *into) {
    text culprit;
    static char *bytes;
    free(bytes);
    bytes = malloc(length);
    memcpy(bytes, json, length);
    return json_table(bytes, length, into, &culprit);
}

static void json_is_read_as_it_is_written(void) {
    static const struct {
        const char *json;
        const char *value; /* of the first line; NULL: it is an error */
    } cases[] = {
        {" { \"k\" : \"v\" } ", "v"},
        {"{\"k\":\"\"}", ""},
        {"{\"k\":\"a\\\"b\\\\c\\/d\\n\"}", "a\"b\\c/d\n"},
        {"{\"k\":\"\\u0041\\u00DF\\u20ac\"}", "A\xc3\x9f\xe2\x82\xac"},
        {"{\"k\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80"},
        {"{\"k\":\"\\ud83d\"}", NULL},
        {"{\"k\":\"\\ude00\"}", NULL},
        {"{\"k\":\"\\ud83d\\u0041\"}", NULL},
        {"{\"k\":\"\\x\"}", NULL},
        {"{\"k\":\"\\u12g4\"}", NULL},
        {"{\"k\":\"v\"", NULL},
        {"{\"k\":\"v\",}", NULL},
        {"{\"k\":\"v\"}x", NULL},
        {"{\"k\" \"v\"}", NULL},
        {"{k:\"v\"}", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *json = cases[i].json, *value = cases[i].value;
        table read;
        bool ok = is_read(json, strlen(json), &read);
        expect(ok == (value != NULL), json);
        if (ok && value != NULL)
            expect(read.pairs[0].value.length == strlen(value) &&
                       memcmp(read.pairs[0].value.at, value, strlen(value)) == 0,
                   json);
        free(read.pairs);
    }
}

/* Whatever stands there, nothing beyond the end is read or written: the sanitizer would stop. */
static void broken_json_is_an_error_and_no_more(void) {
    static const char whole[] = "{\"/a\\\\b\":\"w\\ud83d\\ude00\",\"k\":\"\\u00e9\"}";
    table read;
    char bytes[sizeof whole];
    for (size_t length = 0; length < sizeof whole - 1; length++) {
        expect(!is_read(whole, length, &read), "cut off");
        free(read.pairs);
    }
    srand(1);
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, whole, sizeof whole);
        for (int change = 0; change < 3; change++)
            bytes[(size_t)rand() % (sizeof whole - 1)] = "\"\\u{}:,d8\0"[rand() % 10];
        is_read(bytes, sizeof whole - 1, &read);
        free(read.pairs);
    }
}

int main(void) {
    the_longest_beginning_names_the_worker();
    a_worker_that_cannot_be_chosen_leaves_it_to_the_builtin_method();
    nothing_is_asked_in_vain();
    configuration_errors_say_what_to_write();
    json_is_read_as_it_is_written();
    broken_json_is_an_error_and_no_more();
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
