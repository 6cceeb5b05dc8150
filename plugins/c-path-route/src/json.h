/* Reads the table `[policy.NAME.config]`, which a policy gets as JSON text. C has nothing for that; this is
 * enough for a table of texts. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

/* A text; it need not end with a zero. */
typedef struct {
    char *at;
    size_t length;
} text;

/* key = "value" */
typedef struct {
    text key;
    text value;
} pair;

typedef struct {
    pair *pairs; /* the caller's to free */
    size_t count;
} table;

/* Reads an object whose values are all texts. The texts lie in `json`, which is written over. When false comes
 * back, `culprit` is the key whose value is no text; its `at` is NULL when `json` is no such object at all. */
bool json_table(char *json, size_t length, table *into, text *culprit);

#endif
