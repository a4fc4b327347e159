#include "cli/args.h"

#include "base/buf.h"
#include <getopt.h>
#include <string.h>

enum { OPTIONS_MAX = 48 };

static const struct verb *verb_find(int argc, char **argv, int *ret_words)
{
    for (int words = argc < 2 ? argc : 2; words >= 1; words--)
        for (size_t i = 0; i < verb_count; i++) {
            const char *space = strchr(verbs[i].words, ' ');
            size_t first = space ? (size_t)(space - verbs[i].words) : strlen(verbs[i].words);
            bool two = words == 2;
            if (two != (space != NULL) || strlen(argv[0]) != first ||
                strncmp(argv[0], verbs[i].words, first) != 0)
                continue;
            if (two && strcmp(argv[1], space + 1) != 0)
                continue;
            *ret_words = words;
            return &verbs[i];
        }
    return NULL;
}

static size_t add_options(struct option *table, const struct option_def **defs, size_t count,
                          const struct option_def *options)
{
    for (; options && options->name && count + 1 < OPTIONS_MAX; options++) {
        table[count] = (struct option){.name = options->name,
                                       .has_arg = options->value ? required_argument : no_argument,
                                       .val = (int)count};
        defs[count++] = options;
    }
    return count;
}

/* Reads options from argv[0..argc) with getopt_long. stop_at_first: the first word that is no option ends it. */
static bool read_options(struct arena *a, int argc, char **argv, const struct verb *verb, bool stop_at_first,
                         struct args *args, int *ret_rest, struct err *err)
{
    struct option table[OPTIONS_MAX] = {0};
    const struct option_def *defs[OPTIONS_MAX] = {0};
    size_t count = add_options(table, defs, 0, global_options);
    count = add_options(table, defs, count, verb ? verb->options : NULL);
    optind = 0;
    opterr = 0;
    for (;;) {
        int index = -1, at = optind ? optind : 1;
        int found = getopt_long(argc, argv, stop_at_first ? "+:h" : ":h", table, &index);
        if (found == -1)
            break;
        if (found == 'h') {
            args->help = true;
            continue;
        }
        if (found == '?')
            return err_set(err, ERR_INPUT, "unknown option %s%s%s", argv[optind > at ? optind - 1 : at],
                           verb ? ": see certferry help " : ": see certferry help", verb ? verb->words : "");
        if (found == ':')
            return err_set(err, ERR_INPUT, "%s needs a value", argv[optind - 1]);
        struct given *given = arena_push(a, (void **)&args->given, &args->given_count, &args->given_capacity,
                                         sizeof *args->given);
        *given = (struct given){defs[found]->name, optarg ? optarg : ""};
        args->help = args->help || strcmp(given->name, "help") == 0;
    }
    *ret_rest = optind;
    return true;
}

static bool check_repeats(const struct args *args, struct err *err)
{
    for (size_t i = 0; i < args->given_count; i++) {
        const struct option_def *def = args->verb ? args->verb->options : NULL;
        while (def && def->name && strcmp(def->name, args->given[i].name) != 0)
            def++;
        for (size_t j = i + 1; def && def->name && !def->many && j < args->given_count; j++)
            if (strcmp(args->given[i].name, args->given[j].name) == 0)
                return err_set(err, ERR_INPUT, "--%s is given twice", def->name);
    }
    return true;
}

/* Standard input holds one thing. */
static bool check_standard_input(const struct args *args, struct err *err)
{
    const char *first = NULL;
    for (size_t i = 0; i < args->given_count; i++) {
        if (strcmp(args->given[i].value, "-") != 0)
            continue;
        if (first)
            return err_set(err, ERR_INPUT, "--%s and --%s both read standard input: give one of them a file",
                           first, args->given[i].name);
        first = args->given[i].name;
    }
    return true;
}

/* What is wrong with words that are no verb: "cert" alone wants one more word. */
static bool no_verb(struct arena *a, const char *first, const char *second, struct err *err)
{
    struct buf more = buf_new(a, 4096);
    size_t length = strlen(first);
    for (size_t i = 0; i < verb_count; i++)
        if (strncmp(verbs[i].words, first, length) == 0 && verbs[i].words[length] == ' ')
            buf_printf(&more, "%s%s", more.size ? ", " : "", verbs[i].words + length + 1);
    if (!second && more.size)
        return err_set(err, ERR_INPUT, "%s needs one more word: %s", first, more.data);
    return err_set(err, ERR_INPUT, "no such command: %s%s%s. See certferry help", first, second ? " " : "",
                   second ? second : "");
}

bool args_parse(struct arena *a, int argc, char **argv, struct args *ret, struct err *err)
{
    struct args args = {0};
    int rest, words;
    if (!read_options(a, argc, argv, NULL, true, &args, &rest, err))
        return false;
    if (rest >= argc) {
        args.help = true;
        *ret = args;
        return true;
    }
    args.verb = verb_find(argc - rest, argv + rest, &words);
    if (!args.verb)
        return no_verb(a, argv[rest], rest + 1 < argc ? argv[rest + 1] : NULL, err);
    /* getopt wants a program name in front: the verb's last word serves. */
    int verb_argc = argc - rest - words + 1;
    char **verb_argv = argv + rest + words - 1;
    if (!read_options(a, verb_argc, verb_argv, args.verb, false, &args, &rest, err) ||
        !check_repeats(&args, err) || !check_standard_input(&args, err))
        return false;
    args.arguments = arena_array(a, const char *, (size_t)(verb_argc - rest) + 1);
    for (; rest < verb_argc; rest++)
        args.arguments[args.argument_count++] = verb_argv[rest];
    if (!args.help && args.argument_count < args.verb->min_arguments)
        return err_set(err, ERR_INPUT, "%s needs %s: see certferry help %s", args.verb->words,
                       args.verb->arguments, args.verb->words);
    if (args.argument_count > args.verb->max_arguments)
        return err_set(err, ERR_INPUT, "unexpected \"%s\": see certferry help %s",
                       args.arguments[args.verb->max_arguments], args.verb->words);
    *ret = args;
    return true;
}

const char *args_get(const struct args *args, const char *name)
{
    for (size_t i = args->given_count; i > 0; i--)
        if (strcmp(args->given[i - 1].name, name) == 0)
            return args->given[i - 1].value;
    return NULL;
}

bool args_flag(const struct args *args, const char *name)
{
    return args_get(args, name) != NULL;
}

const char **args_list(struct arena *a, const struct args *args, const char *name, size_t *ret_count)
{
    const char **list = arena_array(a, const char *, args->given_count);
    size_t count = 0;
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].name, name) == 0)
            list[count++] = args->given[i].value;
    *ret_count = count;
    return list;
}
