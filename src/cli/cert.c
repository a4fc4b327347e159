#include "base/file.h"
#include "base/secret.h"
#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES = 256 << 10 };

const struct option_def cert_import_options[] = {
    {"cert", "FILE", false, "the certificate in PEM; may hold chain and key too"},
    {"key", "FILE", false, "its private key in PEM, not encrypted"},
    {"chain", "FILE", false, "intermediate certificates in PEM, any order"},
    {"pkcs12", "FILE", false, "a PKCS#12 file (.p12, .pfx) instead of PEM"},
    {"password-file", "FILE", false, "its password; - reads standard input"},
    {"name", "NAME", false, "what to call it; default: its first name"},
    {"owner", "OWNER", false, "whose it is; default: the default owner's"},
    {NULL, NULL, false, NULL},
};

const struct option_def cert_export_options[] = {
    {"format", "FORMAT", false, "pem (default), der or pkcs12"},
    {"out", "FILE", false, "where to write; the key goes to FILE.key for der"},
    {"password-file", "FILE", false, "password of the PKCS#12 file to make; - reads standard input"},
    {NULL, NULL, false, NULL},
};

const struct option_def cert_sync_options[] = {
    {"access", "ACCESS", false, "the account to ask"},
    {"with-key", NULL, false, "fetch private keys too, where the service gives them"},
    {NULL, NULL, false, NULL},
};

bool option_file(struct command *c, const char *path, size_t max_bytes, const char **ret, size_t *ret_size,
                 struct err *err)
{
    char *data;
    if (!file_read(c->arena, path, max_bytes, &data, ret_size, err))
        return false;
    *ret = data;
    return true;
}

const char *path_of(struct command *c, const char *before, const char *id, const char *after)
{
    return arena_printf(c->arena, "/api/v1/%s/%s%s", before, url_encode(c->arena, id), after);
}

static bool read_password(struct command *c, const char **ret, struct err *err)
{
    const char *path = args_get(&c->args, "password-file");
    struct secret *secret;
    *ret = NULL;
    if (!path)
        return true;
    if (!secret_read(path, 1024, &secret, err))
        return err_add(err, "--password-file");
    *ret = secret_bytes(secret_in(c->arena, secret));
    return true;
}

static bool pem_body(struct command *c, const char **ret, struct err *err)
{
    static const char *const options[] = {"cert", "key", "chain"};
    const char *texts[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        const char *path = args_get(&c->args, options[i]);
        size_t size;
        if (path && !option_file(c, path, FILE_BYTES, &texts[i], &size, err))
            return err_add(err, "--%s", options[i]);
        if (path && strlen(texts[i]) != size)
            return err_set(err, ERR_INPUT, "--%s %s holds NUL bytes: PEM is text; for PKCS#12 use --pkcs12",
                           options[i], path);
    }
    *ret = json_format(c->arena, "{'cert':%s,'key':%s,'chain':%s,'name':%s,'owner':%s}", texts[0], texts[1],
                       texts[2], args_get(&c->args, "name"), args_get(&c->args, "owner"));
    return true;
}

static bool import_body(struct command *c, const char **ret, struct err *err)
{
    const char *pkcs12 = args_get(&c->args, "pkcs12"), *data, *password;
    size_t size;
    if (!pkcs12 == !args_get(&c->args, "cert"))
        return err_set(err, ERR_INPUT, "give --cert FILE --key FILE, or --pkcs12 FILE --password-file FILE");
    if (!pkcs12)
        return pem_body(c, ret, err);
    if (!option_file(c, pkcs12, FILE_BYTES, &data, &size, err) || !read_password(c, &password, err))
        return false;
    *ret = json_format(c->arena, "{'pkcs12':%s,'password':%s,'name':%s,'owner':%s}",
                       base64_encode(c->arena, data, size), password, args_get(&c->args, "name"),
                       args_get(&c->args, "owner"));
    return true;
}

static void print_warnings(struct command *c, const struct json *cert)
{
    const struct json *warnings = json_at(cert, "/warnings");
    for (size_t i = 0; i < json_count(warnings); i++)
        command_note(c, "warning: %s", text_clean_cut(c->arena, json_str(json_item(warnings, i), ""), 0));
}

int verb_cert_import(struct command *c)
{
    const char *body = NULL;
    const struct json *answer;
    struct err err = {0};
    if (!import_body(c, &body, &err)) {
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    if (!command_call(c, "POST", "/api/v1/certificates", body, &answer, &err))
        return command_fail(c, &err);
    const struct json *cert = json_at(answer, "/certificate");
    print_warnings(c, cert);
    if (c->globals.json) {
        command_print_json(c, answer);
        return EXIT_DONE;
    }
    printf("%s certificate %lld (%s) for %s, valid until %s\n",
           json_bool(json_at(answer, "/already"), false) ? "already there:" : "imported",
           (long long)json_int(json_at(cert, "/id"), 0),
           text_clean_cut(c->arena, json_str(json_at(cert, "/name"), ""), 0),
           text_clean_cut(c->arena, texts_join(c->arena, json_at(cert, "/domains"), 5), 0),
           date_of(c->arena, json_str(json_at(cert, "/not_after"), NULL)));
    return EXIT_DONE;
}

static const char *paged(struct command *c, const char *path)
{
    const char *limit = args_get(&c->args, "limit"), *before = args_get(&c->args, "before");
    return arena_printf(c->arena, "%s?limit=%s&before=%s", path, limit ? url_encode(c->arena, limit) : "",
                        before ? url_encode(c->arena, before) : "");
}

static void print_list(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "NAME", "STATUS", "UNTIL", "KEY", "DOMAINS", "NOTE"};
    struct table table = table_new(c->arena, headers, countof(headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *cert = json_item(items, i);
        table_add(&table, json_text(c->arena, json_at(cert, "/id"), ""));
        table_add(&table, json_str(json_at(cert, "/name"), ""));
        table_add(&table, json_str(json_at(cert, "/status"), ""));
        table_add(&table, date_of(c->arena, json_str(json_at(cert, "/not_after"), NULL)));
        table_add(&table, arena_printf(c->arena, "%s %s", json_str(json_at(cert, "/key_type"), ""),
                                       json_text(c->arena, json_at(cert, "/key_bits"), "")));
        table_add(&table, texts_join(c->arena, json_at(cert, "/domains"), 3));
        table_add(&table, json_bool(json_at(cert, "/has_key"), true) ? "" : "no key here");
    }
    table_print(&table);
}

int verb_cert_list(struct command *c)
{
    return command_show(c, "GET", paged(c, "/api/v1/certificates"), print_list);
}

static void print_one(struct command *c, const struct json *answer)
{
    const char *name;
    const struct json *value;
    for (size_t i = 0; json_member(answer, i, &name, &value); i++) {
        const char *text =
            json_is_array(value) ? texts_join(c->arena, value, 50) : json_text(c->arena, value, "");
        printf("%-15s %s\n", name, text_clean_cut(c->arena, text, 0));
    }
}

int verb_cert_show(struct command *c)
{
    return command_show(c, "GET", path_of(c, "certificates", c->args.arguments[0], ""), print_one);
}

static bool write_out(struct command *c, const char *path, const void *data, size_t size, struct err *err)
{
    if (path)
        return file_write(path, data, size, 0600, err);
    if (fwrite(data, 1, size, stdout) != size || fflush(stdout) != 0)
        return err_set(err, ERR_INPUT, "standard output: %m");
    (void)c;
    return true;
}

static bool write_base64(struct command *c, const char *path, const char *text, struct err *err)
{
    unsigned char *data;
    size_t size;
    return base64_decode(c->arena, text, strlen(text), &data, &size, err) &&
           write_out(c, path, data, size, err);
}

static bool write_export(struct command *c, const char *format, const struct json *answer, struct err *err)
{
    const char *out = args_get(&c->args, "out");
    if (strcmp(format, "pkcs12") == 0)
        return write_base64(c, out, json_str(json_at(answer, "/pkcs12"), ""), err);
    if (strcmp(format, "der") == 0) {
        if (!out)
            return err_set(err, ERR_INPUT, "--format der makes two files: give --out FILE");
        return write_base64(c, out, json_str(json_at(answer, "/cert"), ""), err) &&
               write_base64(c, arena_printf(c->arena, "%s.key", out), json_str(json_at(answer, "/key"), ""),
                            err);
    }
    const char *pem =
        arena_printf(c->arena, "%s%s%s%s%s", json_str(json_at(answer, "/cert"), ""),
                     json_str(json_at(answer, "/chain"), ""), json_str(json_at(answer, "/key"), ""),
                     json_str(json_at(answer, "/encryption_cert"), ""),
                     json_str(json_at(answer, "/encryption_key"), ""));
    return write_out(c, out, pem, strlen(pem), err);
}

int verb_cert_export(struct command *c)
{
    const char *format = args_get(&c->args, "format"), *password;
    const struct json *answer;
    struct err err = {0};
    format = format ? format : "pem";
    if (!read_password(c, &password, &err)) {
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    const char *body = json_format(c->arena, "{'format':%s,'password':%s}", format, password);
    if (!command_call(c, "POST", path_of(c, "certificates", c->args.arguments[0], "/export"), body, &answer,
                      &err) ||
        !write_export(c, format, answer, &err))
        return command_fail(c, &err);
    return EXIT_DONE;
}

static void print_deleted(struct command *c, const struct json *answer)
{
    printf("deleted certificate %s\n", json_text(c->arena, json_at(answer, "/deleted"), ""));
}

int verb_cert_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "certificates", c->args.arguments[0], ""), print_deleted);
}

struct held_state {
    struct command *c;
    long long found, added, keys, failed;
    bool done;
    struct err problem;
};

static bool held_event(void *context, const char *event, const struct json *data)
{
    struct held_state *state = context;
    struct command *c = state->c;
    const char *error = json_str(json_at(data, "/error"), NULL);
    if (strcmp(event, "progress") == 0) {
        if (error)
            command_note(c, "%s %s: %s", json_str(json_at(data, "/store"), ""),
                         json_str(json_at(data, "/ref"), ""), text_clean_cut(c->arena, error, 0));
        return true;
    }
    if (strcmp(event, "problem") == 0)
        err_set(&state->problem, err_kind_of_name(json_str(json_at(data, "/kind"), "internal")), "%s",
                json_str(json_at(data, "/detail"), ""));
    else {
        state->done = true;
        state->found = json_int(json_at(data, "/found"), 0);
        state->added = json_int(json_at(data, "/added"), 0);
        state->keys = json_int(json_at(data, "/keys"), 0);
        state->failed = json_int(json_at(data, "/failed"), 0);
    }
    return false;
}

int verb_cert_sync(struct command *c)
{
    struct held_state state = {.c = c};
    struct err err = {0};
    const char *access = args_get(&c->args, "access");
    if (!access) {
        err_set(&err, ERR_INPUT, "cert sync needs --access: see certferry help cert sync");
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    const char *body = json_format(c->arena, "{'access':%s,'with_key':%p}", access,
                                   json_boolean(args_flag(&c->args, "with-key")));
    if (!command_events(c, "POST", "/api/v1/certificates/sync", body, held_event, &state, &err))
        return command_fail(c, &err);
    if (!state.done && !*state.problem.text)
        err_set(&state.problem, ERR_NETWORK, "the listing was interrupted: what was found is kept");
    if (!state.done)
        return command_fail(c, &state.problem);
    if (c->globals.json)
        puts(json_format(c->arena, "{'found':%lld,'added':%lld,'keys':%lld,'failed':%lld}", state.found,
                         state.added, state.keys, state.failed));
    else
        printf("%lld certificates found, %lld new, %lld keys fetched, %lld left out\n", state.found,
               state.added, state.keys, state.failed);
    return state.failed ? EXIT_PARTLY : EXIT_DONE;
}
