#include "cli/help.h"

#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

static const char first_use[] =
    "A first use:\n"
    "  certferry access add --cloud aliyun --name prod --key-id LTAI... --secret-file -\n"
    "  certferry access check prod\n"
    "  certferry resource sync\n"
    "  certferry deploy --cert-file fullchain.pem --key-file privkey.pem --dry-run\n"
    "  certferry deploy --cert-file fullchain.pem --key-file privkey.pem\n";

static const char exit_codes[] =
    "Exit codes: 0 all that was asked is done, 1 failed, 2 partly or rows held back, 3 nothing matched,\n"
    "4 stopped before acting, 64 misuse (nothing was contacted).\n";

static const struct {
    const char *option;
    const char *values; /* for completion: words; "FILE" and "DIR" complete paths */
} value_words[] = {{"cloud", "aliyun tencent aws huawei"},
                   {"site", "china international"},
                   {"format", "pem der pkcs12"},
                   {"accept", "lose-names no-rollback shorter partial expired managed full"},
                   {"log-level", "debug info warning error"}};

static void print_options(const struct option_def *options)
{
    for (; options && options->name; options++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        printf("  %-28s %s%s\n", left, options->help, options->many ? " (may be repeated)" : "");
    }
}

static void print_overview(void)
{
    printf("certferry puts TLS certificates onto the cloud resources that should serve them, proves what is\n"
           "served, and can take it back. Alibaba Cloud, Tencent Cloud, AWS, Huawei Cloud.\n\n"
           "Usage: certferry COMMAND [options]\n\n");
    for (size_t i = 0; i < verb_count; i++)
        printf("  %-16s %s\n", verbs[i].words, verbs[i].summary);
    printf("\nEverywhere:\n");
    print_options(global_options);
    printf("\n%s\n%scertferry help COMMAND tells more.\n", first_use, exit_codes);
}

int help_print(struct command *c, const struct verb *verb)
{
    (void)c;
    if (!verb) {
        print_overview();
        return EXIT_DONE;
    }
    printf("certferry %s%s%s%s - %s\n\n", verb->words, verb->arguments ? " " : "",
           verb->arguments ? verb->arguments : "", verb->options ? " [options]" : "", verb->summary);
    if (*verb->text)
        printf("%s\n", verb->text);
    if (verb->options) {
        printf("Options:\n");
        print_options(verb->options);
        putchar('\n');
    }
    printf("Everywhere: --data DIR, --master-key FILE, --server URL, --token-file FILE, --json, --quiet, "
           "--log-level LEVEL\n");
    return EXIT_DONE;
}

int verb_help(struct command *c)
{
    const char *words = c->args.argument_count == 2
                            ? arena_printf(c->arena, "%s %s", c->args.arguments[0], c->args.arguments[1])
                        : c->args.argument_count ? c->args.arguments[0]
                                                 : NULL;
    if (!words)
        return help_print(c, NULL);
    if (strcmp(words, "man") == 0) {
        help_man();
        return EXIT_DONE;
    }
    if (strcmp(words, "settings") == 0) {
        settings_print_manual();
        return EXIT_DONE;
    }
    for (size_t i = 0; i < verb_count; i++)
        if (strcmp(verbs[i].words, words) == 0)
            return help_print(c, &verbs[i]);
    size_t length = strlen(words), found = 0;
    for (size_t i = 0; i < verb_count; i++)
        if (strncmp(verbs[i].words, words, length) == 0 && verbs[i].words[length] == ' ') {
            printf("  certferry %-16s %s\n", verbs[i].words, verbs[i].summary);
            found++;
        }
    if (found)
        return EXIT_DONE;
    fprintf(stderr, "certferry: no such command: %s\n", words);
    return EXIT_MISUSE;
}

static void roff(const char *text)
{
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        if (*text == '\\' || *text == '-')
            putchar('\\');
        putchar(*text);
        line_start = *text == '\n';
    }
}

static void man_options(const struct option_def *options)
{
    for (; options && options->name; options++) {
        fputs(".TP\n.B \\-\\-", stdout);
        roff(options->name);
        if (options->value)
            printf(" \\fI%s\\fR", options->value);
        putchar('\n');
        roff(options->help);
        putchar('\n');
    }
}

void help_man(void)
{
    printf(".TH CERTFERRY 1 \"\" \"certferry %s\" \"User Commands\"\n.SH NAME\ncertferry \\- deploy TLS "
           "certificates to cloud resources\n"
           ".SH SYNOPSIS\n.B certferry\n\\fICOMMAND\\fR [\\fIoptions\\fR]\n.SH DESCRIPTION\n"
           "Finds the resources of connected cloud accounts, matches them to a certificate's names, shows "
           "what it will do,\n"
           "does it, looks over TLS at what is served afterwards, and can undo it.\n.SH COMMANDS\n",
           CERTFERRY_VERSION);
    for (size_t i = 0; i < verb_count; i++) {
        printf(".SS certferry %s", verbs[i].words);
        if (verbs[i].arguments) {
            putchar(' ');
            roff(verbs[i].arguments);
        }
        putchar('\n');
        roff(verbs[i].summary);
        printf(".\n");
        if (*verbs[i].text) {
            printf(".PP\n.nf\n");
            roff(verbs[i].text);
            printf(".fi\n");
        }
        man_options(verbs[i].options);
    }
    printf(".SH OPTIONS\n");
    man_options(global_options);
    printf(".SH EXIT STATUS\n");
    roff(exit_codes);
    printf(".SH EXAMPLES\n.nf\n");
    roff(first_use);
    printf(".fi\n");
}

static const char *words_for(const struct option_def *option)
{
    for (size_t i = 0; i < countof(value_words); i++)
        if (strcmp(value_words[i].option, option->name) == 0)
            return value_words[i].values;
    return NULL;
}

static void completion_options(const struct option_def *options)
{
    for (; options && options->name; options++)
        printf(" --%s", options->name);
}

/* What may follow an option; plain: those that we have nothing to offer for, which come last, as another verb's option of
 * the same name may take a file.
 */
static void completion_values(const struct option_def *options, bool plain)
{
    for (; options && options->name; options++) {
        if (!options->value)
            continue;
        const char *words = words_for(options);
        bool path = strcmp(options->value, "FILE") == 0, folder = strcmp(options->value, "DIR") == 0;
        if (plain && !words && !path && !folder)
            printf("    --%s) return;;\n", options->name);
        else if (plain)
            continue;
        else if (words)
            printf("    --%s) COMPREPLY=($(compgen -W '%s' -- \"$word\")); return;;\n", options->name, words);
        else if (path || folder)
            printf("    --%s) COMPREPLY=($(compgen %s -- \"$word\")); return;;\n", options->name,
                   path ? "-f" : "-d");
    }
}

/* One script for both shells: zsh runs it through bashcompinit. Options that several verbs share repeat harmlessly. */
static void print_completion(void)
{
    printf("_certferry() {\n  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= "
           "i\n  COMPREPLY=()\n"
           "  case $before in\n");
    for (int plain = 0; plain < 2; plain++) {
        completion_values(global_options, plain);
        for (size_t i = 0; i < verb_count; i++)
            completion_values(verbs[i].options, plain);
    }
    printf("  esac\n  for ((i = 1; i < COMP_CWORD; i++)); do\n    case \"${COMP_WORDS[i]} "
           "${COMP_WORDS[i+1]}\" in\n");
    for (size_t i = 0; i < verb_count; i++)
        if (strchr(verbs[i].words, ' '))
            printf("    '%s') ((i + 1 < COMP_CWORD)) && verb='%s' && break;;\n", verbs[i].words,
                   verbs[i].words);
    printf("    esac\n    case \"${COMP_WORDS[i]}\" in\n");
    for (size_t i = 0; i < verb_count; i++)
        if (!strchr(verbs[i].words, ' '))
            printf("    %s) verb=%s%s;;\n", verbs[i].words, verbs[i].words,
                   verbs[i].run == verb_help ? "" : "; break"); /* what follows help is a command, too */
    printf("    cert|access|product|resource|task) verb=${COMP_WORDS[i]};;\n    esac\n  done\n  local "
           "words= options=\n  case $verb in\n");
    printf("  ''|help) words='deploy verify cert access product resource task serve completion help "
           "version';;\n");
    static const char *const groups[] = {"cert", "access", "product", "resource", "task"};
    for (size_t g = 0; g < countof(groups); g++) {
        printf("  %s) words='", groups[g]);
        for (size_t i = 0; i < verb_count; i++)
            if (strncmp(verbs[i].words, groups[g], strlen(groups[g])) == 0 &&
                verbs[i].words[strlen(groups[g])] == ' ')
                printf("%s ", verbs[i].words + strlen(groups[g]) + 1);
        printf("';;\n");
    }
    for (size_t i = 0; i < verb_count; i++) {
        printf("  '%s') words='%s' options='", verbs[i].words,
               verbs[i].run == verb_completion ? "bash zsh" : "");
        completion_options(verbs[i].options);
        printf("';;\n");
    }
    printf("  esac\n  [[ $word != -* && -n $words ]] || words=\"$options");
    completion_options(global_options);
    printf("\"\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -F _certferry certferry\n");
}

int verb_completion(struct command *c)
{
    const char *shell = c->args.arguments[0];
    bool zsh = strcmp(shell, "zsh") == 0;
    if (!zsh && strcmp(shell, "bash") != 0) {
        struct err err;
        err_set(&err, ERR_INPUT, "completion for \"%s\": bash or zsh", shell);
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    if (zsh)
        printf("#compdef certferry\nautoload -U +X bashcompinit && bashcompinit\n");
    print_completion();
    if (zsh) /* as a file of $fpath it is read at the first completion, which it then answers, too */
        printf("[[ ${zsh_eval_context[-1]} != loadautofunc ]] || _bash_complete -F _certferry\n");
    return EXIT_DONE;
}
