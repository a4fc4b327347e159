/* settings.h - what the service is told: by flags, else by the environment (CERTFERRY_LISTEN for --listen), else by the
 * configuration file (INI), else by default. settings.def is the one list of them.
 */
#pragma once
#include "cli/args.h"

enum setting_kind {
    SETTING_TEXT,
    SETTING_PATH, /* absolute in a file; "credential:NAME" is NAME in $CREDENTIALS_DIRECTORY */
    SETTING_CHOICE,
    SETTING_LISTEN
};

struct settings { /* NULL where there is neither value nor default */
#define SETTING(section, member, name, value, kind, fallback, rule, help) const char *member;
#define EVERYWHERE SETTING
#include "cli/settings.def"
#undef EVERYWHERE
#undef SETTING
};

struct setting {
    const char *section, *name, *value;
    enum setting_kind kind;
    const char *fallback, *rule, *help;
    size_t offset; /* of its member of struct settings */
};

extern const struct setting settings_table[];
extern const size_t settings_count;

enum { SETTINGS_FILE_BYTES = 256 << 10, SETTINGS_LINE_BYTES = 190 };

/* One value from flag or environment, checked; *ret NULL when neither gives one. For the flags that all commands know. */
must_use bool setting_given(struct arena *a, const struct args *args, const char *name, const char **ret,
                            struct err *err);

/* All of them. file NULL: none is read. ERR_INPUT names file and line, variable or flag. */
must_use bool settings_read(struct arena *a, const struct args *args, const char *file, struct settings *ret,
                            struct err *err);

void settings_print_sample(void); /* a configuration file with every key, all commented out */
void settings_print_manual(void); /* docs/configuration.md */
