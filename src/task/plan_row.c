#include "task/plan_row.h"

#include "cert/coverage.h"
#include "codec/json_format.h"
#include <string.h>
#include <strings.h>

/* What a row is made of, gathered from its slots. */
struct gathered {
    const char **names; /* covered ones */
    size_t name_count, wanted_count;
    struct bound *old; /* what is replaced, our certificate left out */
    size_t old_count;
    struct bound *ours; /* entries that are the certificate already */
    size_t ours_count;
    const char **lost;
    size_t lost_count;
    bool adds; /* a rule's host without a certificate */
};

static size_t count_old(const struct slot *const *slots, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += slots[i]->old_count;
    return total;
}

static size_t count_names(const struct slot *const *slots, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += slots[i]->name_count;
    return total;
}

static void add_name(struct gathered *g, const char *name)
{
    for (size_t i = 0; i < g->name_count; i++)
        if (strcmp(g->names[i], name) == 0)
            return;
    g->names[g->name_count++] = name;
}

static void gather_slot(struct arena *a, const struct plan_certificate *cert, const struct slot *slot,
                        struct gathered *g)
{
    struct fitness f = slot_fitness(a, slot, cert);
    for (size_t i = 0; i < slot->name_count; i++)
        if (coverage_any(cert->domains, cert->domain_count, slot->names[i], NULL))
            add_name(g, slot->names[i]);
    g->wanted_count += slot->name_count;
    for (size_t i = 0; i < f.lost_count; i++)
        g->lost[g->lost_count++] = f.lost[i];
    for (size_t i = 0; i < slot->old_count; i++)
        if (bound_is_certificate(&slot->old[i], &cert->row))
            g->ours[g->ours_count++] = slot->old[i];
        else
            g->old[g->old_count++] = slot->old[i];
    g->adds |= slot->addition;
}

static struct gathered gather(struct arena *a, const struct plan_certificate *cert,
                              const struct slot *const *slots, size_t count)
{
    size_t names = count_names(slots, count), old = count_old(slots, count);
    struct gathered g = {.names = arena_array(a, const char *, names),
                         .lost = arena_array(a, const char *, names),
                         .old = arena_array(a, struct bound, old),
                         .ours = arena_array(a, struct bound, old)};
    for (size_t i = 0; i < count; i++)
        gather_slot(a, cert, slots[i], &g);
    return g;
}

static const char *reason_text(struct arena *a, const struct plan_certificate *cert, const struct slot *slot,
                               const struct gathered *g, const char *chosen)
{
    struct buf b = buf_new(a, 2048);
    const char *by = "";
    (void)coverage_any(cert->domains, cert->domain_count, g->names[0], &by);
    buf_printf(&b, "%s covered by %s (%s)", g->names[0], by, evidence_name(slot->evidence));
    if (g->name_count > 1)
        buf_printf(&b, " and %zu more", g->name_count - 1);
    if (g->name_count < g->wanted_count)
        buf_printf(&b, "; covers %zu of %zu names", g->name_count, g->wanted_count);
    if (g->lost_count)
        buf_printf(&b, "; loses %s%s", g->lost[0], g->lost_count > 1 ? " and others" : "");
    if (g->old_count > 1)
        buf_printf(&b, "; replaces %zu entries", g->old_count);
    if (g->adds)
        buf_puts(&b, "; adds an SNI entry");
    if (slot->first)
        buf_puts(&b, "; switches HTTPS on");
    if (g->old_count && g->old[0].key_type[0] && strcmp(g->old[0].key_type, cert->row.key_type) != 0)
        buf_printf(&b, "; the key type changes from %s to %s", g->old[0].key_type, cert->row.key_type);
    if (!cert->row.has_key)
        buf_puts(&b, "; by the copy that lies in the account, as its key is not here");
    buf_puts(&b, chosen);
    return b.data;
}

static const char *undo_text(const struct plan_input *in, const struct product *product,
                             const struct resource *r, const struct gathered *g, bool untold)
{
    for (size_t i = 0; i < g->old_count; i++) {
        const char *reason = NULL;
        if (in->undo)
            in->undo(in->context, product, r, &g->old[i], &reason);
        else if (!g->old[i].ref[0])
            reason = "the old certificate has no id at the vendor, and its key is not ours";
        if (reason)
            return reason;
    }
    return untold && g->old_count == 0
               ? "which SM certificate stands there now cannot be read, so that it could not be put back"
               : "";
}

static bool ends_earlier(const struct gathered *g, const struct certificate_row *row)
{
    for (size_t i = 0; i < g->old_count; i++)
        if (row->not_after_ms < g->old[i].not_after_ms)
            return true;
    return false;
}

static bool accepts_all(const struct selection *s, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!texts_have(&s->accept, words[i]))
            return false;
    return true;
}

/* Whether ours has to come into a set that holds as many as the cloud allows by default, before another goes. */
static bool set_is_full(const struct product *product, const struct resource *r,
                        const struct certificate_row *row, const char *slot, size_t before)
{
    size_t held = before;
    if (!product->sni_max || strcmp(slot, "sni") != 0)
        return false;
    for (size_t i = 0; i < r->bound_count; i++) {
        if (bound_is_certificate(&r->bound[i], row))
            return false;
        held += strcmp(r->bound[i].slot, "sni") == 0;
    }
    return held >= product->sni_max;
}

/* The words that a user has to accept before the row starts. */
static void add_holds(struct arena *a, const struct plan_input *in, const struct product *product,
                      const struct resource *r, const struct plan_choice *choice, const struct gathered *g,
                      struct deployment_row *ret)
{
    const struct certificate_row *row = &choice->cert->row;
    const char *words[6];
    size_t count = 0;
    if (g->lost_count) {
        words[count++] = "lose-names";
        words[count++] = "partial";
    }
    if (ret->undo[0])
        words[count++] = "no-rollback";
    if (ends_earlier(g, row))
        words[count++] = "shorter";
    if (r->managed_by[0])
        words[count++] = "managed";
    if (set_is_full(product, r, row, ret->slot, choice->before)) {
        words[count++] = "full";
        ret->reason =
            arena_printf(a, "%s; its set is full (%u by default), and ours comes before another goes",
                         ret->reason, product->sni_max);
    }
    ret->holds = json_strings(a, words, count);
    ret->state = accepts_all(in->selection, words, count) ? DEPLOYMENT_PLANNED : DEPLOYMENT_HELD;
}

static void warn(struct json_writer *w, const char *kind, const char *text)
{
    json_open_object(w);
    json_member_string(w, "kind", kind);
    json_member_string(w, "text", text);
    json_close_object(w);
}

static bool same_word(const char *x, size_t x_size, const char *y, size_t y_size)
{
    return x_size == y_size && strncasecmp(x, y, x_size) == 0;
}

/* Clouds write an issuer as its whole name, its organisation or its common name: the same issuer where any word of three
 * letters or more that is no legal form stands in both.
 */
static bool same_issuer(const char *x, const char *y)
{
    static const char sides[] = " ,=/+\"'()";
    static const char *const empty[] = {"inc",         "inc.",    "ltd",    "ltd.",      "llc",
                                        "gmbh",        "limited", "corp",   "authority", "certification",
                                        "certificate", "secure",  "server", "domain",    "validation",
                                        "trust",       "root",    "ssl",    "tls",       "rsa",
                                        "ecc",         "ecdsa"};
    for (size_t size; *x; x += size + (x[size] != '\0')) {
        size = strcspn(x, sides);
        bool says = size >= 3;
        for (size_t i = 0; i < countof(empty) && says; i++)
            says = !same_word(x, size, empty[i], strlen(empty[i]));
        for (const char *word = y; says && *word;) {
            size_t other = strcspn(word, sides);
            if (same_word(x, size, word, other))
                return true;
            word += other + (word[other] != '\0');
        }
    }
    return false;
}

static void warn_of_old(struct arena *a, const struct certificate_row *row, const struct bound *old,
                        bool single, struct json_writer *w)
{
    if (row->not_after_ms < old->not_after_ms)
        warn(w, "shorter",
             arena_printf(a, "ends on %s, and what is served now on %s only",
                          time_format(a, row->not_after_ms, "%Y-%m-%d"),
                          time_format(a, old->not_after_ms, "%Y-%m-%d")));
    if (single && old->key_type[0] && strcmp(old->key_type, row->key_type) != 0)
        warn(w, "key-type",
             arena_printf(a,
                          "the only certificate of this slot changes from %s to %s: clients that know "
                          "%s alone can no longer connect",
                          old->key_type, row->key_type, old->key_type));
    if (old->issuer[0] && row->issuer && row->issuer[0] && !same_issuer(row->issuer, old->issuer))
        warn(w, "issuer",
             arena_printf(a, "the issuer changes from %.200s to %.200s: look whether clients trust or pin it",
                          old->issuer, row->issuer));
}

/* What to look out for in this row alone; what holds it is told by its hold words. */
static const char *warnings_of(struct arena *a, const struct resource *r, const struct certificate_row *row,
                               const struct gathered *g, const struct deployment_row *made)
{
    struct buf b = buf_new(a, 1 << 20);
    struct json_writer w = json_writer_to(&b);
    bool single = strcmp(made->slot, "sni") != 0;
    json_open_array(&w);
    for (size_t i = 0; i < g->old_count; i++)
        warn_of_old(a, row, &g->old[i], single, &w);
    if (!r->https)
        warn(&w, PLAN_WARNS_HTTPS_OFF, "HTTPS is off here, and this switches it on");
    if (r->managed_by[0])
        warn(&w, "managed",
             arena_printf(a, "%s manages this resource and may put back what it had", r->managed_by));
    json_close_array(&w);
    return b.data;
}

char *plan_row_calls(struct arena *a, const struct product *product, const struct deployment_row *row,
                     bool brings)
{
    unsigned reads = product->read_calls ? product->read_calls : 1, writes = 1;
    if (strcmp(row->slot, "sni") == 0 && product->set_writes && strcmp(row->old, "[]") != 0)
        writes = product->set_writes;
    if (row->already_bound)
        return json_format(a, "{'reads':%u,'writes':0,'uploads':0}", reads);
    return json_format(a, "{'reads':%u,'writes':%u,'uploads':%d}", reads * (1 + writes) + brings, writes,
                       brings);
}

struct deployment_row plan_row_make(struct arena *a, const struct plan_input *in,
                                    const struct product *product, const struct resource *r,
                                    const struct plan_choice *choice)
{
    const struct plan_certificate *cert = choice->cert;
    const struct slot *const *slots = choice->slots;
    size_t count = choice->slot_count;
    struct gathered g = gather(a, cert, slots, count);
    struct deployment_row row = {
        .owner = "",
        .certificate_id = cert->row.id,
        .resource_id = r->id,
        .access_id = r->access_id,
        .product = r->product,
        .region = r->region,
        .vendor_id = r->vendor_id,
        .title = r->title,
        .lock = r->lock,
        .slot = slots[0]->slot,
        .names = json_strings(a, g.names, g.name_count),
        .reason = reason_text(a, cert, slots[0], &g, choice->chosen),
        .holds = "[]",
        .undo = "",
        .calls = "{}",
        .copied_to = "",
        .warnings = "[]",
        .state = DEPLOYMENT_PLANNED,
        .vendor_store = "",
        .new_ref = "",
        .goal = "",
        .verdict = "",
        .verdict_text = "",
        .cause_kind = "",
        .cause_code = "",
        .cause_request_id = "",
        .cause_text = "",
        .advice = "",
        .claimed_by = "",
        .already_bound = g.ours_count > 0 && g.old_count == 0,
        .charged = charge_is_due(in->book, &cert->row, r->access_id),
    };
    row.old =
        row.already_bound ? bound_to_json(a, g.ours, g.ours_count) : bound_to_json(a, g.old, g.old_count);
    if (row.already_bound)
        return row;
    row.undo = undo_text(in, product, r, &g, strcmp(row.slot, "sm") == 0 && !product->sm_told);
    add_holds(a, in, product, r, choice, &g, &row);
    row.warnings = warnings_of(a, r, &cert->row, &g, &row);
    if (r->managed_by[0])
        row.reason = arena_printf(a, "%s; managed by %s", row.reason, r->managed_by);
    return row;
}
