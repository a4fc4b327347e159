/* args.h - verbs and options as tables; the help, the completions and the man pages are made from the same tables. */
#pragma once
#include "cli/cli.h"

struct option_def {
    const char *name;  /* "cert-file" */
    const char *value; /* "FILE"; NULL: a flag */
    bool many;         /* may be repeated */
    const char *help;
};

struct command;
typedef int verb_fn(struct command *command);

struct verb {
    const char *words;     /* "cert import" */
    const char *arguments; /* "TASK [DEPLOYMENT...]"; NULL: none */
    unsigned min_arguments, max_arguments;
    const char *summary;              /* one line */
    const char *text;                 /* what a reader needs to know; examples */
    const struct option_def *options; /* ends with a NULL name; NULL: none */
    verb_fn *run;
    bool engine; /* starts the engine when no other process owns the store */
};

extern const struct verb verbs[];
extern const size_t verb_count;
extern const struct option_def global_options[];

struct given {
    const char *name, *value;
};

struct args {
    const struct verb *verb; /* NULL when help was asked for without a verb */
    bool help;
    struct given *given;
    size_t given_count, given_capacity;
    const char **arguments;
    size_t argument_count;
};

/* Global flags may stand before or after the verb. ERR_INPUT with one sentence and the way to the help. */
must_use bool args_parse(struct arena *a, int argc, char **argv, struct args *ret, struct err *err);

const char *args_get(const struct args *args, const char *name); /* the last; NULL if absent */
bool args_flag(const struct args *args, const char *name);
const char **args_list(struct arena *a, const struct args *args, const char *name, size_t *ret_count);
