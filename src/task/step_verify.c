/* Asks the resource's own entry point what it serves. */
#include "cert/coverage.h"
#include "cloud/material.h"
#include "codec/json.h"
#include "task/causes.h"
#include "task/engine_private.h"
#include "task/slots.h"
#include <stdio.h>
#include <string.h>

/* What the entry point should serve, and how to ask for it. */
struct expected {
    const char *fingerprint, *serial; /* "" unknown */
    const char *server_name;          /* NULL: none is sent */
    enum key_type type;
    bool judged_by_others; /* another certificate bound here covers the name too */
};

/* A name of the slot, an exact one rather than a wildcard's; a wildcard is asked for with a label of ours. */
static const char *name_to_ask(struct turn *t)
{
    const struct json *names = NULL;
    const char *wildcard = NULL;
    if (!json_parse(t->a, t->row.names, strlen(t->row.names), &names, NULL))
        return NULL;
    for (size_t i = 0; i < json_count(names); i++) {
        const char *name = json_str(json_item(names, i), "");
        if (strncmp(name, "*.", 2) != 0)
            return name;
        wildcard = name;
    }
    return wildcard ? arena_printf(t->a, "certferry-probe%s", wildcard + 1) : NULL;
}

/* Which of several certificates for one name a listener serves is its own affair. */
static bool others_cover(const struct turn *t, const struct expected *x)
{
    if (!x->server_name)
        return false;
    for (size_t i = 0; i < t->resource.bound_count; i++) {
        const struct bound *b = &t->resource.bound[i];
        bool same = x->fingerprint[0] && strcmp(b->fingerprint, x->fingerprint) == 0;
        bool replaced_default = strcmp(b->slot, t->row.slot) == 0 && strcmp(b->slot, "sni") != 0;
        bool covers = b->name_count == 0 || coverage_any(b->names, b->name_count, x->server_name, NULL);
        bool fallback = strcmp(b->slot, "default") == 0 && b->name_count == 0;
        if (!same && !replaced_default && !fallback && covers)
            return true;
    }
    return false;
}

static bool expect(struct turn *t, struct expected *ret, struct err *err)
{
    struct expected x = {.fingerprint = "", .serial = ""};
    bool listener_default = !resource_has_domains(&t->resource) && strcmp(t->row.slot, "default") == 0;
    x.server_name = listener_default ? NULL : name_to_ask(t);
    if (!t->back) {
        if (!turn_certificate(t, err))
            return false;
        const struct certificate_row *c = &t->certificate;
        bool digest =
            !strchr(c->fingerprint, '/'); /* else the identity of one that its vendor shows no digest of */
        x.fingerprint = digest ? c->fingerprint : "";
        x.serial = c->serial;
        x.type = material_key_type(c->key_type);
    } else {
        struct bound *old = NULL;
        size_t count = 0;
        if (!bound_from_json(t->a, t->row.old, &old, &count, err))
            return false;
        if (count == 1) {
            x.fingerprint = old[0].fingerprint;
            x.serial = old[0].serial;
        }
        x.type = count == 1 ? material_key_type(old[0].key_type) : KEY_OTHER;
    }
    x.judged_by_others = others_cover(t, &x);
    *ret = x;
    return true;
}

static const char *why_not_asked(struct turn *t, const struct expected *x)
{
    if (!t->verify)
        return "delivered, not verified: the task does not ask entry points";
    if (!t->resource.host[0])
        return "delivered, not verified: the entry point is not known";
    if (t->resource.quic)
        return "delivered, not verified: served over QUIC, which is not asked";
    if (x->type == KEY_SM2)
        return "delivered, not verified: TLS with SM2 cannot be asked";
    if (!x->fingerprint[0] && !x->serial[0])
        return t->back ? "restored, not verified: the old certificate is known by its id alone"
                       : "delivered, not verified: the certificate has no fingerprint";
    return NULL;
}

static bool serves(const struct expected *x, const struct x509 *leaf)
{
    return x->fingerprint[0] ? strcmp(leaf->sha256, x->fingerprint) == 0
                             : strcmp(leaf->serial, x->serial) == 0;
}

static int64_t allowed_ms(const struct turn *t)
{
    int64_t bound = t->product->propagation_ms, own = t->e->options.verify_for_ms;
    return own > 0 && own < bound ? own : bound;
}

static enum outcome not_verified(struct turn *t, const char *why)
{
    return turn_succeed(t, "not verified",
                        arena_printf(t->a, "%s, not verified: %s", t->back ? "restored" : "delivered", why));
}

static enum outcome unreachable(struct turn *t, const struct err *err)
{
    bool public_reach = strcmp(t->resource.reach, "public") == 0;
    if (public_reach && t->item->polls + 1 < UNREACHABLE_TRIES)
        return turn_poll(t, VERIFY_POLL_MOST_MS);
    return not_verified(t, arena_printf(t->a, "the entry point %s:%u could not be asked (%s)",
                                        t->resource.host, t->resource.port, err->text));
}

static enum outcome another_leaf(struct turn *t, const struct expected *x, const struct x509 *leaf)
{
    int64_t waited = turn_now(t) - t->row.step_started_ms;
    if (x->judged_by_others)
        return not_verified(
            t, "another certificate bound to the same listener covers the name too, and is served");
    if (strcmp(t->resource.reach, "public") != 0)
        return not_verified(
            t, "the entry point is not known to be public, and what answered serves another certificate");
    if (waited < allowed_ms(t))
        return turn_poll(t, VERIFY_POLL_MOST_MS);
    if (waited < t->product->propagation_ms)
        return not_verified(t,
                            arena_printf(t->a, "still propagating after %lld s", (long long)waited / 1000));
    t->row.verdict = "contradicted";
    t->row.verdict_text =
        arena_printf(t->a, "%s:%u serves %s (serial %s) for %s", t->resource.host, t->resource.port,
                     leaf->common_name[0] ? leaf->common_name : leaf->subject, leaf->serial,
                     x->server_name ? x->server_name : "clients without SNI");
    struct err err = {0};
    (void)err_set(&err, ERR_VENDOR, "the entry point still serves another certificate after %lld s: %s",
                  (long long)waited / 1000, t->row.verdict_text);
    (void)snprintf(err.code, sizeof err.code, "contradicted");
    t->advice = causes_known(t, x->server_name, leaf);
    return turn_fail(t, &err);
}

/* Who holds no certificate of the wanted kind of key breaks the handshake off, as does an entry point that still serves the
 * old one: then any kind is asked for, so that this is told from being unreachable.
 */
static bool ask(struct turn *t, const struct expected *x, struct x509 **ret, struct err *err)
{
    struct probe_target target = {.host = t->resource.host,
                                  .port = t->resource.port,
                                  .server_name = x->server_name,
                                  .signature = x->type,
                                  .gateway = t->access.gateway[0] ? t->access.gateway : NULL,
                                  .timeout_ms = t->e->options.probe_timeout_ms,
                                  .stop = &t->e->stop,
                                  .addresses = t->e->options.addresses};
    struct probe_result result = {0};
    bool asked = t->e->options.probe(t->a, t->e->clock, &target, &result, err);
    if (!asked && err->kind == ERR_NETWORK && strstr(err->text, "handshake failure")) {
        target.signature = KEY_OTHER;
        asked = t->e->options.probe(t->a, t->e->clock, &target, &result, err);
    }
    *ret = result.chain;
    return asked && result.count > 0;
}

enum outcome step_verify(struct turn *t)
{
    struct expected x;
    if (!expect(t, &x, &t->err))
        return OUTCOME_FAILED;
    if (t->back && t->change.add_count == 0)
        return turn_succeed(t, "not verified", "removed again: there was no certificate before");
    const char *why = why_not_asked(t, &x);
    if (why)
        return turn_succeed(t, "not verified", why);
    struct x509 *leaf = NULL;
    struct err err = {0};
    if (!ask(t, &x, &leaf, &err))
        return engine_is_stopping(t->e) ? OUTCOME_LATER : unreachable(t, &err);
    if (serves(&x, leaf))
        return turn_succeed(t, "verified",
                            arena_printf(t->a, "%s:%u serves it", t->resource.host, t->resource.port));
    return another_leaf(t, &x, leaf);
}
