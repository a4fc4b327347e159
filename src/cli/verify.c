#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>

const struct option_def verify_options[] = {
    {"connect", "ADDR:PORT", false, "ask there instead of where the name points"},
    {"gateway", "URL", false, "reach it by HTTP CONNECT through this gateway"},
    {NULL, NULL, false, NULL},
};

static void print_verdict(struct command *c, const struct json *answer, bool good)
{
    const char *held = json_str(json_at(answer, "/certificate/name"), NULL);
    printf("%s at %s serves %s\n", json_str(json_at(answer, "/name"), ""),
           json_str(json_at(answer, "/address"), ""),
           text_clean_cut(c->arena, texts_join(c->arena, json_at(answer, "/domains"), 5), 0));
    printf("  issuer       %s\n", text_clean_cut(c->arena, json_str(json_at(answer, "/issuer"), ""), 0));
    printf("  valid        %s to %s%s\n", date_of(c->arena, json_str(json_at(answer, "/not_before"), NULL)),
           date_of(c->arena, json_str(json_at(answer, "/not_after"), NULL)),
           json_bool(json_at(answer, "/expired"), false) ? "  NOT VALID NOW" : "");
    printf("  fingerprint  %s\n", json_str(json_at(answer, "/fingerprint"), ""));
    int64_t sent = json_int(json_at(answer, "/chain_length"), 0);
    printf("  protocol     %s, %lld certificate%s sent\n", json_str(json_at(answer, "/tls"), ""),
           (long long)sent, sent == 1 ? "" : "s");
    printf("  ours         %s\n",
           held ? text_clean_cut(c->arena, held, 0) : "no, this certificate is not in the store");
    if (!good)
        printf("  the certificate does not cover this name, or is not valid now\n");
}

int verb_verify(struct command *c)
{
    const struct json *answer;
    struct err err = {0};
    const char *body = json_format(c->arena, "{'name':%s,'connect':%s,'gateway':%s}", c->args.arguments[0],
                                   args_get(&c->args, "connect"), args_get(&c->args, "gateway"));
    if (!command_call(c, "POST", "/api/v1/verify", body, &answer, &err))
        return command_fail(c, &err);
    bool good =
        json_bool(json_at(answer, "/covers_name"), false) && !json_bool(json_at(answer, "/expired"), true);
    if (c->globals.json)
        command_print_json(c, answer);
    else
        print_verdict(c, answer, good);
    return good ? EXIT_DONE : EXIT_FAILED;
}
