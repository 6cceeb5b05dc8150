#include "json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What is left to be read. */
typedef struct {
    char *at;
    char *end;
} input;

static void skip_space(input *in) {
    while (in->at < in->end && strchr(" \t\r\n", *in->at) != NULL && *in->at != '\0')
        in->at++;
}

/* Whether this letter comes next, after spaces; it is taken. */
static bool take(input *in, char letter) {
    skip_space(in);
    if (in->at == in->end || *in->at != letter)
        return false;
    in->at++;
    return true;
}

/* Four hexadecimal digits. */
static bool take_unit(input *in, uint32_t *unit) {
    if (in->end - in->at < 4)
        return false;
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = *in->at++;
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            digit = (uint32_t)((c | 32) - 'a') + 10;
        else
            return false;
        *unit = *unit * 16 + digit;
    }
    return true;
}

/* What follows \u: a character, which may take two units. */
static bool take_character(input *in, uint32_t *character) {
    uint32_t low;
    if (!take_unit(in, character))
        return false;
    if (*character < 0xD800 || *character > 0xDFFF)
        return true;
    if (*character > 0xDBFF || in->end - in->at < 2 || in->at[0] != '\\' || in->at[1] != 'u')
        return false;
    in->at += 2;
    if (!take_unit(in, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *character = 0x10000 + ((*character - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static char *put_utf8(char *out, uint32_t c) {
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xC0 | c >> 6);
        *out++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *out++ = (char)(0xE0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    } else {
        *out++ = (char)(0xF0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 63));
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    }
    return out;
}

/* What follows a backslash. */
static bool take_escape(input *in, char **out) {
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t character;
    if (in->at == in->end)
        return false;
    char letter = *in->at++;
    if (letter == 'u') {
        if (!take_character(in, &character))
            return false;
        *out = put_utf8(*out, character);
        return true;
    }
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL)
        return false;
    *(*out)++ = meant[found - letters];
    return true;
}

/* A text, where it stands: it never gets longer. */
static bool take_text(input *in, text *into) {
    if (!take(in, '"'))
        return false;
    char *out = in->at;
    into->at = out;
    while (in->at < in->end && *in->at != '"') {
        if (*in->at != '\\') {
            *out++ = *in->at++;
            continue;
        }
        in->at++;
        if (!take_escape(in, &out))
            return false;
    }
    into->length = (size_t)(out - into->at);
    return take(in, '"');
}

static bool push(table *into, pair one) {
    /* Each power of two is a full array. */
    if ((into->count & (into->count - 1)) == 0) {
        size_t room = into->count == 0 ? 1 : into->count * 2;
        pair *more = realloc(into->pairs, room * sizeof *more);
        if (more == NULL)
            return false;
        into->pairs = more;
    }
    into->pairs[into->count++] = one;
    return true;
}

bool json_table(char *json, size_t length, table *into, text *culprit) {
    input in = {json, json + length};
    pair one;
    *into = (table){NULL, 0};
    *culprit = (text){NULL, 0};
    if (!take(&in, '{'))
        return false;
    if (!take(&in, '}')) {
        do {
            if (!take_text(&in, &one.key) || !take(&in, ':'))
                return false;
            if (!take_text(&in, &one.value)) {
                *culprit = one.key;
                return false;
            }
            if (!push(into, one))
                return false;
        } while (take(&in, ','));
        if (!take(&in, '}'))
            return false;
    }
    skip_space(&in);
    return in.at == in.end;
}
