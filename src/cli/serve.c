#include "cli/verb.h"
#include <stdio.h>

const struct option_def serve_options[] = {
    {"config", "FILE", false, "read settings from this file; default $CERTFERRY_CONFIG, else none"},
    {"print-config", NULL, false, "print a configuration file with every key, and end"},
#define SETTING(section, member, name, value, kind, fallback, rule, help) {name, value, false, help},
#define EVERYWHERE(section, member, name, value, kind, fallback, rule, help)
#include "cli/settings.def"
#undef EVERYWHERE
#undef SETTING
    {NULL, NULL, false, NULL},
};

int verb_serve(struct command *c)
{
    struct err err = {0};
    if (args_flag(&c->args, "print-config")) {
        settings_print_sample();
        return EXIT_DONE;
    }
    bool served = c->house->serve(c->house->context, &c->globals, &c->settings, &err);
    return served ? EXIT_DONE : command_fail(c, &err);
}

int verb_version(struct command *c)
{
    (void)c;
    puts("certferry " CERTFERRY_VERSION);
    return EXIT_DONE;
}
