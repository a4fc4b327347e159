/* What the plan says besides its rows: certificates without a match, names without a certificate, what is not known. */
#include "base/buf.h"
#include "cert/certificate.h"
#include "task/plan_private.h"
#include <stdio.h>
#include <string.h>

enum { UNCOVERED_MOST = 200, REGIONS_NAMED = 3 };

/* R88: a certificate that goes nowhere is told, with what to do. */
static void tell_unmatched(struct planning *p)
{
    for (size_t i = 0; i < p->candidate_count; i++) {
        const struct candidate *c = &p->candidates[i];
        if (c->rows > 0)
            continue;
        const char *text = c->fits_somewhere
                               ? "matches 0 slots of its own: every slot it covers is better served by "
                                 "another certificate of the task"
                               : arena_printf(p->a,
                                              "matches 0 resources (%zu looked at, %zu left out): "
                                              "synchronise the resources, widen the "
                                              "selection, or choose a certificate that covers their names",
                                              p->looked_at, p->left_out);
        plan_add_note(p, "unmatched", c->cert->row.id, NULL, c->cert->row.name, text);
    }
    if (p->plan->count == 0)
        plan_add_note(p, "no_match", 0, NULL, "",
                      "no certificate matches: a task submitted like this ends as failed. Correct the "
                      "choice with `certferry task update`");
}

static void tell_expiring(struct planning *p)
{
    for (size_t i = 0; i < p->candidate_count; i++) {
        const struct certificate_row *row = &p->candidates[i].cert->row;
        if (p->candidates[i].rows &&
            certificate_status_at(row->not_before_ms, row->not_after_ms, row->revoked, p->in->now_ms) ==
                CERTIFICATE_WILL_EXPIRE)
            plan_add_note(p, "expiring", row->id, NULL, row->name,
                          arena_printf(p->a, "is about to expire, on %s: have it renewed soon",
                                       time_format(p->a, row->not_after_ms, "%Y-%m-%d")));
    }
}

static void tell_uncovered(struct planning *p, const char *name, const struct resource *r, const char *text)
{
    if (index_first(&p->uncovered, name) || p->uncovered_count >= UNCOVERED_MOST)
        return;
    index_add(p->a, &p->uncovered, name, 0);
    if (++p->uncovered_count == UNCOVERED_MOST)
        text = "is not covered either, nor are more names, which are not listed";
    plan_add_note(p, "uncovered", 0, r, name, text);
}

void plan_note_names(struct planning *p, const struct resource *r, const struct slot *slot)
{
    for (size_t i = 0; i < slot->name_count; i++)
        if (p->uncovered_count < UNCOVERED_MOST && !index_covering(&p->certificates, slot->names[i]))
            tell_uncovered(p, slot->names[i], r,
                           arena_printf(p->a,
                                        "served by %s, and no chosen certificate covers it: have the name "
                                        "appended and the certificate reissued, or choose another one",
                                        r->title));
}

/* A name asked for that no certificate covers. */
static void tell_not_covered(struct planning *p)
{
    for (size_t i = 0; i < p->domain.count && p->candidate_count > 0; i++)
        if (!index_covering(&p->certificates, p->domain.items[i]))
            tell_uncovered(p, p->domain.items[i], NULL,
                           "no chosen certificate covers this name: have it appended and reissued, or choose "
                           "another one");
}

static void mark(const struct index *list, const char *text, bool *found)
{
    for (const struct index_entry *e = index_first(list, text); e; e = index_next(e))
        found[e->value] = true;
}

static void tell_missing_of(struct planning *p, const struct texts *list, const struct index *names)
{
    bool *found = arena_array(p->a, bool, list->count);
    for (size_t i = 0; i < p->in->resource_count && list->count; i++) {
        const struct resource *r = &p->in->resources[i];
        char id[24];
        snprintf(id, sizeof id, "%lld", (long long)r->id);
        const char *texts[] = {r->vendor_id, r->title, id};
        for (size_t j = 0; !r->missing && j < countof(texts); j++)
            mark(names, texts[j], found);
    }
    for (size_t i = 0; i < list->count; i++)
        if (!found[i])
            plan_add_note(
                p, "not_found", 0, NULL, list->items[i],
                "no such resource is known: synchronise, or check whether its product is supported");
}

static bool writes(const struct deployment_row *row)
{
    return !row->already_bound && row->state != DEPLOYMENT_HELD;
}

/* Once for each access and product. */
static void tell_first_contact(struct planning *p)
{
    struct index told = index_new(p->a, 64);
    for (size_t i = 0; i < p->in->contact_count; i++)
        index_add(p->a, &told,
                  arena_printf(p->a, "%lld %s", (long long)p->in->contacts[i].access_id,
                               p->in->contacts[i].product),
                  0);
    for (size_t i = 0; i < p->plan->count; i++) {
        const struct deployment_row *row = &p->plan->rows[i];
        char key[128];
        snprintf(key, sizeof key, "%lld %s", (long long)row->access_id, row->product);
        if (!writes(row) || index_first(&told, key))
            continue;
        index_add(p->a, &told, arena_strdup(p->a, key), 0);
        plan_add_note(p, "first_contact", 0, NULL, row->product,
                      "never tried on this access: one resource goes first, and the rest once that one "
                      "succeeded");
    }
}

static const struct access_row *access_of(const struct planning *p, int64_t id)
{
    for (size_t i = 0; i < p->in->access_row_count; i++)
        if (p->in->accesses[i].id == id)
            return &p->in->accesses[i];
    return NULL;
}

/* Whether the place lies in mainland China, where a domain needs an ICP filing. Regions abroad carry the same names on both
 * sites; what is served from everywhere follows the site.
 */
static bool in_mainland(const struct access_row *access, const char *region)
{
    static const char *const tencent[] = {"ap-beijing",  "ap-chengdu",  "ap-chongqing", "ap-guangzhou",
                                          "ap-nanjing",  "ap-shanghai", "ap-shenzhen",  "ap-tianjin",
                                          "ap-hangzhou", "ap-wuhan",    "ap-changsha"};
    if (!*region)
        return strcmp(access->site, "china") == 0;
    for (size_t i = 0; i < countof(tencent) && strcmp(access->cloud, "tencent") == 0; i++)
        if (strncmp(region, tencent[i], strlen(tencent[i])) == 0)
            return true;
    return strncmp(region, "cn-", 3) == 0 && strcmp(region, "cn-hongkong") != 0;
}

/* R36, once for each access: nothing here knows whether the domains have their filing. */
static void tell_filing(struct planning *p)
{
    bool *told = arena_array(p->a, bool, p->in->access_row_count);
    for (size_t i = 0; i < p->plan->count; i++) {
        const struct deployment_row *row = &p->plan->rows[i];
        const struct access_row *access = writes(row) ? access_of(p, row->access_id) : NULL;
        if (!access || told[access - p->in->accesses] || !in_mainland(access, row->region))
            continue;
        told[access - p->in->accesses] = true;
        plan_add_note(p, "filing", 0, NULL, access->name,
                      arena_printf(p->a,
                                   "no filing given: %s and others are served in mainland China, where a "
                                   "domain needs an ICP filing, and whether they have one is not known here",
                                   row->title));
    }
}

bool plan_asks_access(const struct plan_input *in, int64_t id)
{
    bool asked = in->access_count == 0;
    for (size_t i = 0; i < in->access_count; i++)
        asked |= in->access_ids[i] == id;
    return asked;
}

static bool asks_listing(const struct planning *p, const struct sync_row *sync)
{
    const struct selection *s = p->in->selection;
    return plan_asks_access(p->in, sync->access_id) && plan_product_in(sync->product, &s->product) &&
           (s->region.count == 0 || texts_have(&s->region, sync->region));
}

/* R79, R80, R84: listings of one access and product that are not to be relied on, from `first` on; their count. */
static size_t tell_listings(struct planning *p, size_t first)
{
    const struct sync_row *head = &p->in->syncs[first];
    const struct access_row *access = access_of(p, head->access_id);
    struct buf running = buf_new(p->a, 2048), failed = buf_new(p->a, 4096);
    size_t count = 0, running_count = 0, failed_count = 0;
    for (; first + count < p->in->sync_count; count++) {
        const struct sync_row *sync = &head[count];
        const char *where = *sync->region ? sync->region : "everywhere";
        if (sync->access_id != head->access_id || strcmp(sync->product, head->product) != 0)
            break;
        if (!asks_listing(p, sync))
            continue;
        if (!sync->finished_ms && running_count++ < REGIONS_NAMED)
            buf_printf(&running, "%s%s", running_count > 1 ? ", " : "", where);
        else if (sync->finished_ms && sync->error_kind[0] && failed_count++ < REGIONS_NAMED)
            buf_printf(&failed, "%s%s (%.200s)", failed_count > 1 ? ", " : "", where, sync->error_text);
    }
    const char *title = arena_printf(p->a, "%s %s", access ? access->name : "", head->product);
    if (running_count)
        plan_add_note(p, "synchronising", 0, NULL, title,
                      arena_printf(p->a,
                                   "%zu listing(s) still under way, %s: what they bring is not in this plan; "
                                   "look at the preview again",
                                   running_count, running.data));
    if (failed_count)
        plan_add_note(p, "not_synchronised", 0, NULL, title,
                      arena_printf(p->a, "%zu listing(s) failed, %s: what lies there may be missing here",
                                   failed_count, failed.data));
    return count;
}

static void tell_synchronising(struct planning *p)
{
    bool *listed = arena_array(p->a, bool, p->in->access_row_count);
    for (size_t i = 0; i < p->in->sync_count; i += tell_listings(p, i)) {
        const struct access_row *access = access_of(p, p->in->syncs[i].access_id);
        if (access)
            listed[access - p->in->accesses] = true;
    }
    for (size_t i = 0; i < p->in->access_row_count; i++)
        if (!listed[i] && plan_asks_access(p->in, p->in->accesses[i].id))
            plan_add_note(p, "not_synchronised", 0, NULL, p->in->accesses[i].name,
                          "its resources were never listed: `certferry resource sync`");
}

void plan_note_all(struct planning *p)
{
    tell_unmatched(p);
    tell_expiring(p);
    tell_first_contact(p);
    tell_filing(p);
    tell_not_covered(p);
    tell_missing_of(p, &p->in->selection->resource, &p->resources);
    tell_missing_of(p, &p->in->selection->add, &p->added);
    tell_synchronising(p);
}
