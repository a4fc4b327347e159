/* The sites of the simulated ESA: what their entries say, what their edges serve, which are made for trials. */
#include "sim/aliyun/esa.h"

#include <string.h>

enum { ENTRY_WORDS = 5 };

static struct esa_entry entry_of(struct arena *a, const struct sim_field *field)
{
    const char *words[ENTRY_WORDS];
    for (size_t i = 0; i < ENTRY_WORDS; i++) {
        const char *word = sim_list_item(a, field->value, i);
        words[i] = word && strcmp(word, "-") ? word : "";
    }
    return (struct esa_entry){field->name + 5, words[0], words[1], words[2], words[3], words[4]};
}

char *esa_entry_text(struct arena *a, const struct esa_entry *e)
{
    return arena_printf(a, "%s %s %s %s %s", e->type, *e->site ? e->site : "-", e->number,
                        *e->name ? e->name : "-", e->time);
}

bool esa_next_entry(struct arena *a, const struct sim_fields *fields, size_t *cursor, struct esa_entry *ret)
{
    while (*cursor < fields->count) {
        const struct sim_field *field = &fields->items[(*cursor)++];
        if (!strncmp(field->name, "cert.", 5)) {
            *ret = entry_of(a, field);
            return true;
        }
    }
    return false;
}

const struct sim_object *esa_content(struct sim_state *s, const struct sim_object *site,
                                     const struct esa_entry *e)
{
    bool cas = !strcmp(e->type, "cas");
    return state_find_ever(s, "aliyun", site->account, cas ? "cas.certificate" : ESA_OWN, cas ? e->site : "",
                           e->number);
}

/* ---- resources ---- */

bool esa_edge(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "esa",
                              .id = o->id,
                              .domain = arena_strdup(a, sim_field(o->now, "@name")),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "@cname"))};
    return true;
}

/* The certificate that covers the name: a customer's before a free one, the younger before the older. */
const struct sim_object *esa_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    const struct sim_object *best = NULL;
    bool best_free = true;
    const char *best_time = "";
    struct esa_entry e;
    for (size_t cursor = 0; esa_next_entry(a, view, &cursor, &e);) {
        const struct sim_object *cert = esa_content(s, o, &e);
        bool is_free = !strcmp(e.type, "free");
        if (!cert || !cert->cert || !sim_cert_covers(cert->cert, server_name))
            continue;
        if (!best || (best_free && !is_free) || (best_free == is_free && strcmp(e.time, best_time) >= 0)) {
            best = cert;
            best_free = is_free;
            best_time = arena_strdup(a, e.time);
        }
    }
    return best;
}

static const char *cname_of(struct arena *a, const char *name)
{
    return arena_printf(a, "%s.a1.initesa.com", *name == '*' ? name + 2 : name);
}

/* Returns the record's number, the i-th of its site's. */
static const char *seed_record(struct sim_seeding *s, const char *site, const char *name, bool proxied,
                               size_t i)
{
    const char *id = arena_printf(s->arena, "%s%02zu", site, i);
    SIM_SEED(s, ESA_RECORD, site, name, {"RecordType", "A/AAAA"}, {"Proxied", proxied ? "true" : "false"},
             {"RecordCname", proxied ? cname_of(s->arena, name) : ""}, {"RecordId", id});
    return id;
}

/* An entry of the site's, as a field. */
static struct sim_field seed_entry(struct sim_seeding *s, const char *site, size_t i, const char *type,
                                   const char *names)
{
    bool cas = !strcmp(type, "cas");
    const char *number, *chain, *key;
    if (cas) {
        number = aliyun_seed_cas(s, "cn-hangzhou", names);
    } else {
        number = arena_printf(s->arena, "%s0%zu", site, i);
        sim_seed_cert(s, names, &chain, &key);
        SIM_SEED(s, ESA_OWN, "", number, {"Cert", chain}, {"Key", key});
    }
    struct esa_entry e = {.type = type,
                          .site = cas ? "cn-hangzhou" : "",
                          .number = number,
                          .name = arena_printf(s->arena, "old_%s", number),
                          .time = time_iso(s->arena, s->now_ms - 80 * 86400000LL)};
    const char *id = sim_hex_id(s->arena, arena_printf(s->arena, "esa %s %zu", site, i), 32);
    return (struct sim_field){arena_printf(s->arena, "cert.%s", id), esa_entry_text(s->arena, &e)};
}

/* A site for each resource: its names are records, each with a certificate of its own; one in five has a host with a free
 * certificate besides, another fifth custom hostnames, one in four a plan without room for another certificate.
 */
void esa_generate(struct sim_seeding *s, size_t n)
{
    const char *names = sim_seed_names(s, n), *name;
    const char *id = arena_printf(s->arena, "%llu", 120000000ull + (unsigned long long)s->number);
    const char *first = sim_list_item(s->arena, names, 0), *apex = first + 2 * (*first == '*');
    struct sim_field fields[16] = {
        {"SiteName", apex},
        {"Status", "active"},
        {"AccessType", "CNAME"},
        {"InstanceId", arena_printf(s->arena, "esa-site-%s", id)},
        {"PlanName", "entranceplan"},
        {"PlanSpecName", "entrance"},
        {"Coverage", "domestic"},
        {"CreateTime", time_iso(s->arena, s->now_ms - 100 * 86400000LL)},
        {"ResourceGroupId", "rg-acfmv3s4eaqayaq"},
        {"@name", first},
        {"@cname", cname_of(s->arena, first)},
    };
    size_t count = 11, certificates = 0;
    for (size_t i = 0; (name = sim_list_item(s->arena, names, i)); i++) {
        seed_record(s, id, name, true, i);
        if (sim_seed_has_https(n))
            fields[count++] = seed_entry(s, id, certificates++, "cas", name);
    }
    seed_record(s, id, arena_printf(s->arena, "mail.%s", apex), false, 90);
    if (n % 5 == 2) {
        const char *host = arena_printf(s->arena, "free%04llu.example.org", (unsigned long long)s->number);
        seed_record(s, id, host, true, 91);
        fields[count++] = seed_entry(s, id, 9, "free", host);
    }
    if (n % 5 == 4) {
        const char *name_for_all = arena_printf(s->arena, "saas.%s", apex);
        esa_generate_hosts(s, id, seed_record(s, id, name_for_all, true, 92), name_for_all, n / 5);
    }
    fields[count++] =
        (struct sim_field){"@quota", arena_printf(s->arena, "%zu", n % 4 == 3 ? certificates : 10)};
    sim_seed_object(s, ESA_SITE, "", id, fields, count);
}
