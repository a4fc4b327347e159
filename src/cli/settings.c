#include "cli/settings.h"

#include "base/buf.h"
#include "base/file.h"
#include "net/http_server.h"

#include <ctype.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64, LISTEN_BYTES = 512 };

const struct setting settings_table[] = {
#define SETTING(section, member, name, value, kind, fallback, rule, help)                                    \
    {#section, name, value, kind, fallback, rule, help, offsetof(struct settings, member)},
#define EVERYWHERE SETTING
#include "cli/settings.def"
#undef EVERYWHERE
#undef SETTING
};

const size_t settings_count = countof(settings_table);

static const char **place_of(struct settings *settings, const struct setting *row)
{
    return (const char **)(void *)((char *)settings + row->offset);
}

static const struct setting *setting_find(const char *section, const char *name)
{
    for (size_t i = 0; i < settings_count; i++)
        if (strcmp(settings_table[i].name, name) == 0 &&
            (!section || strcmp(settings_table[i].section, section) == 0))
            return &settings_table[i];
    return NULL;
}

/* Checks */

static bool word_of(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

static bool check_listen(struct arena *a, const char *text, struct err *err)
{
    struct http_listen *listen;
    size_t count;
    return http_listen_parse(a, text, &listen, &count, err);
}

static bool check_path(struct arena *a, const char *text, bool in_file, const char **ret, struct err *err)
{
    static const char credential[] = "credential:";
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    *ret = arena_strdup(a, text);
    if (strncmp(text, credential, strlen(credential)) != 0)
        return !in_file || *text == '/' ||
               err_set(err, ERR_INPUT, "\"%s\": in a file a path begins with / or credential:", text);
    const char *name = text + strlen(credential);
    if (!*name || strchr(name, '/'))
        return err_set(err, ERR_INPUT, "\"%s\" names no credential", text);
    if (!folder)
        return err_set(err, ERR_INPUT, "\"%s\": the service manager gave no credentials", text);
    *ret = arena_printf(a, "%s/%s", folder, name);
    return true;
}

static bool check(struct arena *a, const struct setting *row, const char *text, bool in_file,
                  const char **ret, struct err *err)
{
    if (!*text)
        return err_set(err, ERR_INPUT, "is empty");
    *ret = arena_strdup(a, text);
    switch (row->kind) {
    case SETTING_TEXT:
        return true;
    case SETTING_PATH:
        return check_path(a, text, in_file, ret, err);
    case SETTING_CHOICE:
        return word_of(row->rule, text) || err_set(err, ERR_INPUT, "\"%s\" is none of: %s", text, row->rule);
    case SETTING_LISTEN:
        return check_listen(a, text, err);
    }
    return false;
}

/* Flags and environment */

static const char *variable_of(const char *name, char text[NAME_BYTES])
{
    int size = snprintf(text, NAME_BYTES, "CERTFERRY_%s", name);
    for (int i = 0; i < size && i < NAME_BYTES; i++)
        text[i] = text[i] == '-' ? '_' : (char)toupper((unsigned char)text[i]);
    return text;
}

bool setting_given(struct arena *a, const struct args *args, const char *name, const char **ret,
                   struct err *err)
{
    char variable[NAME_BYTES];
    const struct setting *row = setting_find(NULL, name);
    const char *flag = args_get(args, name), *environment = getenv(variable_of(name, variable));
    *ret = NULL;
    if (flag)
        return check(a, row, flag, false, ret, err) || err_add(err, "--%s", name);
    if (environment && *environment)
        return check(a, row, environment, false, ret, err) || err_add(err, "%s", variable);
    return true;
}

/* The file */

struct reading {
    struct arena *arena;
    const char *path, *rest;
    unsigned line;
    struct settings *settings;
    bool failed;
    struct err *err;
};

/* inih goes on after a failure: the first is kept. */
static int reading_failed(struct reading *r)
{
    if (!r->failed)
        err_add(r->err, "%s:%u", r->path, r->line);
    r->failed = true;
    return 0;
}

/* inih cuts a longer line and takes its rest for another one. */
static char *next_line(char *room, int size, void *context)
{
    struct reading *r = context;
    size_t length = strcspn(r->rest, "\n");
    if (!*r->rest || r->failed)
        return NULL;
    r->line++;
    if (length > SETTINGS_LINE_BYTES || length + 2 > (size_t)size) {
        err_set(r->err, ERR_INPUT, "the line has more than %d characters", SETTINGS_LINE_BYTES);
        reading_failed(r);
        return NULL;
    }
    memcpy(room, r->rest, length);
    room[length] = '\0';
    r->rest += length + (r->rest[length] == '\n');
    return room;
}

static int take_value(void *context, const char *section, const char *name, const char *value)
{
    struct reading *r = context;
    struct err ignored, *err = r->failed ? &ignored : r->err;
    const struct setting *row = setting_find(section, name);
    if (!row) {
        err_set(err, ERR_INPUT, "there is no setting \"%s\" in [%s]", name, section);
        return reading_failed(r);
    }
    const char **place = place_of(r->settings, row);
    if (*place)
        err_set(err, ERR_INPUT, "%s is given twice", name);
    else if (check(r->arena, row, value, true, place, err))
        return 1;
    else
        err_add(err, "%s", name);
    return reading_failed(r);
}

static bool read_file(struct arena *a, const char *path, struct settings *ret, struct err *err)
{
    char *text;
    size_t size;
    if (!file_read(a, path, SETTINGS_FILE_BYTES, &text, &size, err))
        return false;
    if (strlen(text) != size)
        return err_set(err, ERR_INPUT, "%s holds a NUL byte", path);
    struct reading r = {.arena = a, .path = path, .rest = text, .settings = ret, .err = err};
    ini_allow_multiline = false; /* an indented line is a line like any other */
    ini_allow_inline_comments = false;
    int line = ini_parse_stream(next_line, &r, take_value, &r);
    if (r.failed)
        return false;
    return line == 0 || err_set(err, ERR_INPUT, "%s:%d: neither [section] nor name = value", path, line);
}

bool settings_read(struct arena *a, const struct args *args, const char *file, struct settings *ret,
                   struct err *err)
{
    struct settings settings = {0};
    if (file && !read_file(a, file, &settings, err))
        return false;
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *row = &settings_table[i];
        const char **place = place_of(&settings, row), *given;
        if (!setting_given(a, args, row->name, &given, err))
            return false;
        if (given)
            *place = given;
        else if (!*place && *row->fallback)
            *place = row->fallback;
    }
    *ret = settings;
    return true;
}

/* What people read */

static void print_wrapped(const char *before, const char *text)
{
    size_t width = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (width && width + length > 90) {
            putchar('\n');
            width = 0;
        }
        printf("%s%.*s", width ? " " : before, (int)length, text);
        width += length + 1;
        text += length + (text[length] == ' ');
    }
    putchar('\n');
}

void settings_print_sample(void)
{
    const char *section = "";
    puts(
        "# Settings of certferry serve. What is commented out is the default. Flags (--listen) and the\n"
        "# environment (CERTFERRY_LISTEN) go before what stands here. A secret is never here, but in a file\n"
        "# that is named: by its path, or as credential:NAME where the service manager hands it over.");
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *row = &settings_table[i];
        if (strcmp(section, row->section) != 0)
            printf("\n[%s]\n", row->section);
        section = row->section;
        print_wrapped("# ", row->help);
        printf("#%s = %s\n", row->name, *row->fallback ? row->fallback : row->value);
    }
}

void settings_print_manual(void)
{
    char variable[NAME_BYTES];
    puts("# Configuration\n\n"
         "Made by `certferry help settings` from the table that the program reads (src/cli/settings.def).\n\n"
         "`certferry serve --config FILE` reads an INI file; `certferry serve --print-config` prints one "
         "with\n"
         "every key. A flag goes before the environment, that before the file. A key that does not exist, "
         "stands\n"
         "twice or has a wrong value is refused with file and line, before anything is opened. Paths in the "
         "file\n"
         "are absolute, or `credential:NAME` for a file that systemd hands over (`LoadCredential=`). No "
         "setting\n"
         "carries a secret: secrets are files that are named.\n\n"
         "| section | key, and flag of `serve` | environment | default | |\n|---|---|---|---|---|");
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *row = &settings_table[i];
        const char *bar = strchr(row->value, '|'); /* which would end the column */
        printf("| `[%s]` | `%s` = %.*s%s%s", row->section, row->name, (int)strcspn(row->value, "|"),
               row->value, bar ? " or " : "", bar ? bar + 1 : "");
        printf(" | `%s` | %s%s%s | %s |\n", variable_of(row->name, variable), *row->fallback ? "`" : "",
               row->fallback, *row->fallback ? "`" : "", row->help);
    }
}
