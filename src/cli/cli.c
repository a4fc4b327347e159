#include "cli/cli.h"

#include "base/log.h"
#include "base/secret.h"
#include "cli/help.h"
#include "cli/verb.h"
#include "net/address.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES = 128 };

const struct option_def global_options[] = {
#define SETTING(section, member, name, value, kind, fallback, rule, help)
#define EVERYWHERE(section, member, name, value, kind, fallback, rule, help) {name, value, false, help},
#include "cli/settings.def"
#undef EVERYWHERE
#undef SETTING
    {"server", "URL", false, "speak to a certferry elsewhere instead of the store here"},
    {"token-file", "FILE", false,
     "a bearer token to be known by; default $CERTFERRY_TOKEN_FILE, without either the user of this machine"},
    {"json", NULL, false, "print JSON for programs"},
    {"quiet", NULL, false, "no progress on standard error"},
    {"help", NULL, false, "help on this command"},
    {NULL, NULL, false, NULL},
};

static bool default_data(struct arena *a, const char **ret, struct err *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/')
        *ret = arena_printf(a, "%s/certferry", state);
    else if (home && home[0] == '/')
        *ret = arena_printf(a, "%s/.local/state/certferry", home);
    else
        return err_set(err, ERR_INPUT, "neither HOME nor XDG_STATE_HOME is set: give --data DIR");
    return true;
}

static bool is_serve(const struct command *c)
{
    return c->args.verb && c->args.verb->run == verb_serve;
}

/* Private keys travel there: in the clear only on this machine. *server loses a slash at its end. */
static bool check_server(struct arena *a, const char **server, struct err *err)
{
    struct url url;
    if (!url_parse(a, *server, &url, err))
        return err_add(err, "--server");
    if (*url.query || strcmp(url.path, "/") != 0)
        return err_set(err, ERR_INPUT, "--server %s: only scheme, host and port, no path", *server);
    if (strcmp(url.scheme, "http") == 0 && !address_host_is_loopback(url.host))
        return err_set(err, ERR_INPUT, "--server %s: plain http is allowed to this machine only; use https",
                       *server);
    size_t length = strlen(*server);
    *server = arena_copy(a, *server, length - ((*server)[length - 1] == '/'));
    return true;
}

/* The token's file, by option or environment. */
static bool read_token(struct arena *a, const char *path, const char **ret, struct err *err)
{
    struct secret *token = NULL;
    const char *file = path ? path : getenv("CERTFERRY_TOKEN_FILE");
    if (!file || !*file)
        return true;
    if (!secret_read(file, TOKEN_BYTES, &token, err))
        return err_add(err, "--token-file");
    secret_in(a, token);
    for (const char *p = secret_bytes(token); *p; p++)
        if (*p <= ' ' || *p >= 0x7f)
            return err_set(err, ERR_INPUT, "--token-file %s: this is no token", file);
    *ret = secret_bytes(token);
    return true;
}

static bool read_level(const struct command *c, struct err *err)
{
    enum log_level level = is_serve(c) ? LOG_INFO : LOG_ERROR;
    if (c->settings.log_level && !log_level_parse(c->settings.log_level, &level, err))
        return false;
    log_set_level(level);
    if (c->settings.log_format && strcmp(c->settings.log_format, "json") == 0)
        log_set_format(LOG_JSON);
    return true;
}

/* The service's settings come from its file, too; those that all commands know never do. */
static bool read_settings(struct arena *a, struct command *c, struct err *err)
{
    const struct args *args = &c->args;
    const char *file = args_get(args, "config");
    if (is_serve(c))
        return settings_read(a, args, file ? file : getenv("CERTFERRY_CONFIG"), &c->settings, err);
    return setting_given(a, args, "data", &c->settings.data, err) &&
           setting_given(a, args, "master-key", &c->settings.master_key, err) &&
           setting_given(a, args, "log-level", &c->settings.log_level, err);
}

static bool read_globals(struct arena *a, struct command *c, struct err *err)
{
    if (!read_settings(a, c, err) || !read_level(c, err))
        return false;
    struct cli_globals g = {.data = c->settings.data,
                            .master_key = c->settings.master_key,
                            .server = args_get(&c->args, "server"),
                            .json = args_flag(&c->args, "json"),
                            .quiet = args_flag(&c->args, "quiet")};
    if (g.server && is_serve(c))
        return err_set(err, ERR_INPUT, "serve runs here: give --data DIR, not --server");
    if (!g.server && !is_serve(c))
        g.server = getenv("CERTFERRY_SERVER");
    if (g.server && !*g.server)
        g.server = NULL;
    if (g.server && !check_server(a, &g.server, err))
        return false;
    if (!g.data && !default_data(a, &g.data, err))
        return false;
    if (!read_token(a, args_get(&c->args, "token-file"), &g.token, err))
        return false;
    c->globals = g;
    return true;
}

/* Without a server nobody works on what an interrupted command left: whoever only reads should know. */
static void tell_unfinished(struct command *c)
{
    const struct json *status;
    struct err err;
    if (!c->gate || c->other || c->globals.server || c->args.verb->engine ||
        !command_call(c, "GET", "/api/v1/status", NULL, &status, &err))
        return;
    const struct json *tasks = json_at(status, "/unfinished_tasks");
    for (size_t i = 0; i < json_count(tasks); i++)
        command_note(c, "task %s is unfinished and nothing works on it: certferry task resume %s",
                     json_text(c->arena, json_item(tasks, i), ""),
                     json_text(c->arena, json_item(tasks, i), ""));
}

int cli_run(const struct cli_house *house, int argc, char **argv)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret((size_t)1 << 30);
    struct command c = {.arena = a, .house = house};
    struct err err = {0};
    if (!args_parse(a, argc, argv, &c.args, &err) || !read_globals(a, &c, &err)) {
        command_fail(&c, &err);
        return EXIT_MISUSE;
    }
    if (c.args.help || !c.args.verb)
        return help_print(&c, c.args.verb);
    int code = c.args.verb->run(&c);
    tell_unfinished(&c);
    c.gate = gate_close(c.gate);
    if (fflush(stdout) != 0 && errno != EPIPE) { /* a reader that has seen enough is no failure */
        fprintf(stderr, "certferry: standard output: %m\n");
        return EXIT_FAILED;
    }
    return code;
}
