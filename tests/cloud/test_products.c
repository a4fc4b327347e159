/* Conformance: what a change does to a resource, and that it can be taken back. */
#include "cloud/suite.h"

#include "cloud/vendor.h"
#include "net/probe.h"
#include <strings.h>

enum { TRIED_PER_SLOT = 3, SERVED_TURNS = 400 };

/* One certificate on its way onto one slot, and back. */
struct trip {
    struct sky *k;
    struct job *job;
    const struct resource *r;
    const char *slot, *old, *ref; /* old NULL: the slot had none */
    struct binding before, there, after;
    const char *fields_there, *fields_back; /* what the cloud changed */
    struct change change;
    struct material m;
    size_t
        lost; /* times when the slot held neither the old nor the new certificate, or an entry of others was gone */
};

static bool has_others(const struct binding *now, const struct trip *t)
{
    for (size_t i = 0; i < t->before.bound_count; i++) {
        const struct bound *b = &t->before.bound[i];
        bool ours = strcmp(b->slot, t->slot) == 0 && t->old && strcmp(b->ref, t->old) == 0;
        if (!ours && !binding_holds(now, b->slot, b->ref))
            return false;
    }
    return true;
}

static void watch(void *context, const struct binding *now)
{
    struct trip *t = context;
    bool held = !t->old || binding_holds(now, t->slot, t->old) || binding_holds(now, t->slot, t->ref);
    t->lost += !held || !has_others(now, t);
}

static void go(struct trip *t)
{
    t->before = suite_read(t->job, t->r);
    t->m = suite_material_for(t->k, t->r);
    suite_keep(t->k, &t->m);
    t->ref = suite_upload(t->job, t->r, &t->m);
    t->change = suite_change(t->job->arena, t->slot, t->old, t->ref);
    size_t mark = sky_mark(t->k);
    suite_carry(t->job, t->r, &t->change, &(struct way){.m = &t->m, .watch = watch, .context = t});
    t->fields_there = sky_changed(t->k, t->job->arena, mark);
    t->there = suite_read(t->job, t->r);
    if (!binding_holds(&t->there, t->slot, t->ref) || (t->old && binding_holds(&t->there, t->slot, t->old)))
        fail_msg("%s %s: %s does not hold the new certificate alone", t->r->product, t->r->title, t->slot);
}

static void go_back(struct trip *t)
{
    struct change back = change_reverse(t->job->arena, &t->change);
    size_t mark = sky_mark(t->k);
    suite_carry(t->job, t->r, &back, &(struct way){.before = &t->before, .watch = watch, .context = t});
    t->fields_back = sky_changed(t->k, t->job->arena, mark);
    t->after = suite_read(t->job, t->r);
    if (binding_holds(&t->after, t->slot, t->ref) || (t->old && !binding_holds(&t->after, t->slot, t->old)))
        fail_msg("%s %s: %s does not hold the old certificate alone", t->r->product, t->r->title, t->slot);
}

/* There and back; where the old certificate cannot be put back, it is one of ours that is replaced and put back. */
static struct trip there_and_back(struct sky *k, struct job *job, const struct resource *r,
                                  const struct bound *old)
{
    struct trip t = {.k = k, .job = job, .r = r, .slot = old->slot, .old = old->ref};
    const char *why;
    if (!suite_can_put_back(job, r, old, &why)) {
        struct trip first = t;
        go(&first);
        t.old = first.ref;
    }
    go(&t);
    go_back(&t);
    if (t.lost)
        fail_msg("%s %s: on the way %s held neither certificate, or lost others %zu times", r->product,
                 r->title, t.slot, t.lost);
    return t;
}

/* Whether the name asked for chooses the slot's certificate: one of a set, or that of a domain. */
static bool is_by_name(const char *slot)
{
    return strcmp(slot, "sni") == 0 || strchr(slot, '.');
}

/* Calls for the first resources of each kind of slot, or of those chosen by name alone; NULL when it was called at all. */
static const char *each_trip(struct sky *k, struct job *job, bool by_name,
                             void (*check)(const struct trip *t))
{
    struct found found = suite_discover(job);
    size_t of_default = 0, of_sni = 0, of_others = 0, calls = 0;
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        const char *last = NULL;
        for (size_t j = 0; suite_fit(r) && j < r->bound_count; j++) {
            const struct bound *b = &r->bound[j];
            size_t *tried = strcmp(b->slot, "default") == 0 ? &of_default
                            : strcmp(b->slot, "sni") == 0   ? &of_sni
                                                            : &of_others;
            if (*tried >= TRIED_PER_SLOT || (by_name && !is_by_name(b->slot)) ||
                (last && strcmp(last, b->slot) == 0))
                continue;
            last = b->slot;
            struct trip t = there_and_back(k, job, r, b);
            if (check)
                check(&t);
            ++*tried;
            calls++;
        }
    }
    return calls ? NULL : "";
}

/* ---- cases ---- */

static bool same_bound(const struct bound *a, size_t a_count, const struct bound *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++) {
        same = false;
        for (size_t j = 0; j < b_count; j++)
            same |= strcmp(a[i].slot, b[j].slot) == 0 && strcmp(a[i].ref, b[j].ref) == 0;
    }
    return same;
}

static const char *reads(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    size_t held = 0;
    (void)k;
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        assert_string_equal(r->product, job->product->code);
        if (*r->unfit)
            continue;
        struct binding now = suite_read(job, r);
        if (now.https != r->https || !same_bound(now.bound, now.bound_count, r->bound, r->bound_count))
            fail_msg("%s %s: listed and read differ", r->product, r->title);
        for (size_t j = 0; j < now.bound_count; j++)
            assert_true(*now.bound[j].slot && *now.bound[j].ref);
        assert_true(now.ready && now.settings && *now.settings == '{');
        held += now.bound_count;
    }
    return held ? NULL : "";
}

static const char *binds(struct sky *k, struct job *job)
{
    return each_trip(k, job, false, NULL);
}

static void check_restored(const struct trip *t)
{
    if (t->after.https != t->before.https ||
        !same_bound(t->after.bound, t->after.bound_count, t->before.bound, t->before.bound_count))
        fail_msg("%s %s: not as before", t->r->product, t->r->title);
}

static const char *restores(struct sky *k, struct job *job)
{
    return each_trip(k, job, false, check_restored);
}

static void check_neighbours(const struct trip *t)
{
    if (strcmp(t->before.settings, t->there.settings) != 0 ||
        strcmp(t->before.settings, t->after.settings) != 0)
        fail_msg("%s %s: settings were %s, then %s, then %s", t->r->product, t->r->title, t->before.settings,
                 t->there.settings, t->after.settings);
    /* What is lost on the way there does not come back by itself: then less changes on the way back. */
    if (strcmp(t->fields_there, t->fields_back) != 0)
        fail_msg("%s %s: the cloud changed %s on the way there, %s on the way back", t->r->product,
                 t->r->title, t->fields_there, t->fields_back);
    print_message("%s %s: changed %s\n", t->r->product, t->slot, t->fields_there);
}

static const char *neighbours(struct sky *k, struct job *job)
{
    return each_trip(k, job, false, check_neighbours);
}

/* A product says that it has a set exactly where a resource of its holds one. */
static void check_set(struct job *job)
{
    struct found found = suite_discover(job);
    bool held = false;
    for (size_t i = 0; i < found.count; i++)
        for (size_t j = 0; j < found.items[i].bound_count; j++)
            held |= strcmp(found.items[i].bound[j].slot, "sni") == 0;
    if (held != job->product->sni)
        fail_msg("%s: it says that it has %s set", job->product->code, held ? "no" : "a");
}

static const char *keeps_sni(struct sky *k, struct job *job)
{
    check_set(job);
    const char *untried = each_trip(k, job, true, check_restored);
    if (!untried || job->product->sni)
        return untried;
    return "its API has no set of further certificates"; /* and nothing that it lists holds one */
}

static bool is_set(const struct json *v)
{
    const char *text = json_is_string(v) ? json_str(v, "") : NULL;
    if (text)
        return *text && strcasecmp(text, "off") != 0 && strcasecmp(text, "none") != 0 &&
               strcasecmp(text, "false") != 0 && strcmp(text, "0") != 0;
    return json_count(v) > 0 || json_bool(v, false) || json_int(v, 0) != 0;
}

/* Whether what is called so is about client certificates. */
static bool names_client_ca(const char *name)
{
    static const char *const words[] = {"client_ca",  "clientca",    "client_cert", "clientcert", "mutual",
                                        "two_way",    "verify_clie", "verifyclie",  "ca_cert",    "cacert",
                                        "ca_enabled", "caenabled",   "mtls"};
    for (size_t w = 0; w < countof(words); w++)
        if (strcasestr(name, words[w]))
            return true;
    return false;
}

/* Whether the settings tell of client certificates that are asked for. */
static bool is_mutual(const struct json *settings)
{
    const struct json *value;
    const char *name;
    for (size_t i = 0; json_is_object(settings) && json_member(settings, i, &name, &value); i++) {
        if ((names_client_ca(name) && is_set(value)) || is_mutual(value))
            return true;
    }
    return false;
}

static const struct json *model_operations(struct sky *k)
{
    char *text;
    size_t size;
    const struct json *model;
    assert_ok(k->y, file_read(k->y->a, DATA_DIR "/operations.json", 4 << 20, &text, &size, &k->y->err));
    assert_ok(k->y, json_parse(k->y->a, text, size, &model, &k->y->err));
    return json_at(model, "/operations");
}

/* Whether the vendor's model of the operation takes a client CA. */
static bool takes_client_ca(const struct json *operations, const char *cloud, const struct call *call)
{
    for (size_t i = 0; i < json_count(operations); i++) {
        const struct json *o = json_item(operations, i), *request = json_at(o, "/request");
        if (!json_is(o, "/cloud", cloud) || !json_is(o, "/service", call->service) ||
            !json_is(o, "/operation", call->operation))
            continue;
        for (size_t j = 0; j < json_count(request); j++)
            if (names_client_ca(json_str(json_at(json_item(request, j), "/name"), "")))
                return true;
    }
    return false;
}

/* Where no resource with a client CA can be changed: no write takes one, or none is ever sent, or what has one is unfit. */
static void check_no_client_ca(struct sky *k, const struct product *p, const struct found *found)
{
    const struct json *operations = NULL;
    size_t left_alone = 0;
    for (size_t i = 0; i < found->count; i++)
        left_alone += strstr(found->items[i].unfit, "client CA") != NULL;
    for (const struct call *const *call = p->calls; *call; call++) {
        operations = operations ? operations : model_operations(k);
        if ((*call)->write && takes_client_ca(operations, p->cloud, *call) &&
            names_client_ca((*call)->parameters) && !left_alone)
            fail_msg("%s: %s sends a client CA, and no resource has one", p->code, (*call)->operation);
    }
}

static const char *keeps_mutual_tls(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        if (!suite_fit(r))
            continue;
        struct binding now = suite_read(job, r);
        const struct json *settings;
        assert_ok(k->y, json_parse(job->arena, now.settings, strlen(now.settings), &settings, &k->y->err));
        if (!is_mutual(settings))
            continue;
        struct trip t = there_and_back(k, job, r, &r->bound[0]);
        check_neighbours(&t);
        return NULL;
    }
    check_no_client_ca(k, job->product, &found);
    return "";
}

static const char *knows_already_bound(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        if (!suite_fit(r))
            continue;
        struct trip t = {.k = k, .job = job, .r = r, .slot = r->bound[0].slot, .old = r->bound[0].ref};
        go(&t);
        size_t mark = sky_mark(k);
        assert_string_equal(suite_upload(job, r, &t.m), t.ref); /* found again, not brought twice */
        assert_int_equal(change_progress(&t.there, &t.change), CHANGE_DONE);
        suite_carry(job, r, &t.change, &(struct way){.m = &t.m});
        assert_int_equal(sky_count(k, mark, "\"outcome\":\"changed\""), 0);
        return NULL;
    }
    return "";
}

/* Whether the resource has a set that takes further certificates. What keeps certificate and key itself, or has domains of
 * its own, has one place beside products' resources that are listeners.
 */
static bool has_set(struct sky *k, struct job *job, const struct resource *r)
{
    const char *vendor_store = NULL;
    struct material m = suite_material_for(k, r);
    assert_ok(k->y, product_store_for(job, r, &m, &vendor_store, &k->y->err));
    return vendor_store && r->names[0].evidence != EVIDENCE_DOMAIN;
}

/* Nothing was there before: HTTPS switched on and off again, or an entry added and taken away. */
static const char *begins_and_ends(struct sky *k, struct job *job, const struct resource *r, const char *slot)
{
    struct trip t = {.k = k, .job = job, .r = r, .slot = slot};
    go(&t);
    assert_true(t.there.https);
    go_back(&t);
    check_restored(&t);
    assert_int_equal(t.lost, 0);
    return NULL;
}

/* None ever was before, as no deployment begins so; where the product says that it cannot go back to none, it refuses. */
static const char *never_ends_so(struct sky *k, struct job *job, const struct found *found)
{
    size_t off = 0, mark = sky_mark(k);
    for (size_t i = 0; i < found->count; i++) {
        const struct resource *r = &found->items[i];
        off += !r->https && !*r->unfit;
        if (!suite_fit(r) || strcmp(r->bound[0].slot, "default") != 0 || !job->product->no_removal)
            continue;
        struct change change = suite_change(job->arena, "default", r->bound[0].ref, NULL);
        struct binding now = suite_read(job, r);
        struct err err = {0};
        assert_false(product_bind(job, r, &now, &change, NULL, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        assert_string_equal(err.text, job->product->no_removal);
    }
    assert_int_equal(sky_count(k, mark, "\"outcome\":\"changed\""), 0);
    return off ? "first certificates are set in its console" : "what it lists always holds a certificate";
}

static const char *restores_none(struct sky *k, struct job *job)
{
    const struct product *p = job->product;
    struct found found = suite_discover(job);
    if (!p->first_deployment && (!p->sni || p->sni_closed))
        return never_ends_so(k, job, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        if (*r->unfit || *r->alias_of || !r->name_count)
            continue;
        if (p->first_deployment ? !r->https : suite_fit(r) && has_set(k, job, r))
            return begins_and_ends(k, job, r, p->first_deployment ? "default" : "sni");
    }
    return "";
}

/* What the product itself was given as text is known by its content alone: it comes back from our own store, or not. */
static const char *puts_back_what_is_ours(struct sky *k, struct job *job, const struct resource *r)
{
    struct material m = suite_material_for(k, r);
    const char *refs[] = {m.fingerprint, arena_printf(job->arena, "pem:%s", m.fingerprint)}, *why;
    for (size_t i = 0; i < countof(refs); i++) {
        struct bound b = {.slot = "default", .ref = refs[i], .name = "", .fingerprint = m.fingerprint};
        if (suite_can_put_back(job, r, &b, &why))
            continue;
        suite_keep(k, &m);
        assert_true(suite_can_put_back(job, r, &b, &why));
        struct change change = suite_change(job->arena, r->bound[0].slot, r->bound[0].ref, refs[i]);
        suite_carry(job, r, &change, &(struct way){.m = NULL});
        struct binding now = suite_read(job, r);
        assert_true(binding_holds(&now, r->bound[0].slot, refs[i]));
        return NULL;
    }
    return "";
}

static const char *says_what_cannot_come_back(struct sky *k, struct job *job)
{
    if (!product_asks_for_old_key(job->product))
        return "every certificate is bound by a reference that stays";
    struct found found = suite_discover(job);
    const char *why;
    for (size_t i = 0; i < found.count; i++)
        for (size_t j = 0; j < found.items[i].bound_count; j++)
            if (!suite_can_put_back(job, &found.items[i], &found.items[i].bound[j], &why)) {
                assert_true(strlen(why) > 10);
                return NULL;
            }
    for (size_t i = 0; i < found.count; i++)
        if (suite_fit(&found.items[i]))
            return puts_back_what_is_ours(k, job, &found.items[i]);
    return "";
}

struct told { /* rooms of one product, by their names */
    struct arena *arena;
    const char *names[64];
    int64_t used[64];
    size_t count;
};

static bool take_room(void *context, const struct store_room *room, struct err *err)
{
    struct told *t = context;
    (void)err;
    assert_true(t->count < countof(t->names) && room->used >= 0 && room->most >= -1);
    t->names[t->count] = arena_strdup(t->arena, room->vendor_store);
    t->used[t->count++] = room->used;
    return true;
}

static int64_t used_of(struct told *t, const char *vendor_store)
{
    for (size_t i = 0; i < t->count; i++)
        if (room_holds(t->names[i], vendor_store))
            return t->used[i];
    fail_msg("nothing is told of %s", vendor_store);
    return -1;
}

static struct told ask_rooms(struct sky *k, struct job *job, const char *region)
{
    struct told told = {.arena = k->y->a};
    assert_ok(k->y, job->product->room(job, "", take_room, &told, &k->y->err));
    if (*region)
        assert_ok(k->y, job->product->room(job, region, take_room, &told, &k->y->err));
    return told;
}

/* The store that a resource's certificate goes into is among those that are told of, and one more is counted there. */
static const char *counts_what_its_stores_hold(struct sky *k, struct job *job)
{
    if (!job->product->room)
        return "no limit of its certificate store is published (that of a set comes with the resource)";
    struct found found = suite_discover(job);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        const char *vendor_store = NULL, *ref = NULL;
        if (!suite_fit(r))
            continue;
        struct material m = suite_material_for(k, r);
        assert_ok(k->y, product_store_for(job, r, &m, &vendor_store, &k->y->err));
        struct told told = ask_rooms(k, job, r->region);
        int64_t before = used_of(&told, vendor_store);
        assert_ok(k->y, job->product->upload(job, vendor_store, &m, &ref, &k->y->err));
        told = ask_rooms(k, job, r->region);
        assert_int_equal(used_of(&told, vendor_store), before + 1);
        return NULL;
    }
    return "";
}

/* What a resource holds is never cleaned away: the look-up says so, or the cloud refuses to delete it. */
static const char *is_not_cleaned_away(struct sky *k, struct job *job)
{
    const struct vendor *vendor = vendor_find(job->product->cloud);
    struct found found = suite_discover(job);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        const char *vendor_store = NULL;
        struct err err;
        if (!suite_fit(r))
            continue;
        struct material m = suite_material_for(k, r);
        assert_ok(k->y, product_store_for(job, r, &m, &vendor_store, &k->y->err));
        if (!vendor_store)
            return "it takes certificate and key itself: no copy lies anywhere";
        struct trip t = {.k = k, .job = job, .r = r, .slot = r->bound[0].slot, .old = r->bound[0].ref};
        go(&t);
        struct stored copy = {.vendor_store = vendor_store, .ref = t.ref, .fingerprint = t.m.fingerprint};
        vendor->used(job, &copy, 1);
        if (copy.gone || (!copy.kept && vendor->discard(job, &copy, &err)))
            fail_msg("%s %s: what it holds was cleaned away", r->product, r->title);
        print_message("%s: %s\n", r->product, copy.kept ? copy.kept : "the cloud refuses to delete it");
        return NULL;
    }
    return "";
}

static const char *lists_https_off(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    (void)k;
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        if (r->https)
            continue;
        assert_int_equal(r->bound_count, 0);
        return NULL;
    }
    return job->product->first_deployment ? "" : "what it lists always has HTTPS on";
}

/* The name that a client would ask for. */
static const char *name_to_ask(struct arena *a, const struct resource *r)
{
    const char *name = r->names[0].name;
    return *name == '*' ? arena_printf(a, "certferry-probe%s", name + 1) : name;
}

/* The entry point, as the product names it, serves the new certificate in the end, and the old one after that. */
static const char *settles(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        if (!suite_fit(r) || r->quic || r->bound_count != 1 || !*r->host)
            continue;
        struct trip t = {.k = k, .job = job, .r = r, .slot = r->bound[0].slot, .old = r->bound[0].ref};
        go(&t);
        struct probe_target target = {.host = r->host,
                                      .port = r->port,
                                      .server_name = name_to_ask(job->arena, r),
                                      .signature = KEY_OTHER,
                                      .gateway = json_str(json_at(k->ready, "/gateway"), "")};
        for (int turn = 0;; turn++, suite_wait(SUITE_WAIT_MS)) {
            struct probe_result served = {0};
            struct err err = {0};
            if (probe(job->arena, &clock_system, &target, &served, &err) && served.count &&
                strcmp(served.chain[0].sha256, t.m.fingerprint) == 0)
                return NULL;
            if (turn == SERVED_TURNS)
                fail_msg("%s %s: %s:%u does not serve it: %s", r->product, r->title, r->host, r->port,
                         err.text);
        }
    }
    return "";
}

static void R_every_product_reads_what_it_lists(void **state)
{
    struct sky *k = sky_open(*state, SUITE_EACH, 5000, (const char *[]){NULL});
    suite_case(k, "read", reads);
    suite_case(k, "HTTPS off", lists_https_off);
    suite_case(k, "restore without the old key", says_what_cannot_come_back);
    assert_int_equal(sky_wrong(k), 0);
    sky_close(k);
}

static void R1_to_R4_R6_R105_every_product_binds_settles_and_puts_back(void **state)
{
    struct sky *k = sky_open(*state, SUITE_EACH, 5000, (const char *[]){"--settle-ms", "20", NULL});
    suite_case(k, "bind", binds);
    suite_case(k, "settle", settles);
    suite_case(k, "already bound", knows_already_bound);
    suite_case(k, "limits of the store", counts_what_its_stores_hold);
    suite_case(k, "restore of none before", restores_none);
    assert_int_equal(sky_wrong(k), 0); /* no lock overlapped either */
    assert_int_equal(sky_count(k, 0, "key_in_url"), 0);
    sky_close(k);
}

static void R14_R97_every_product_leaves_all_else_as_it_was(void **state)
{
    struct sky *k = sky_open(*state, SUITE_EACH, 5000, (const char *[]){NULL});
    suite_case(k, "restore", restores);
    suite_case(k, "neighbours", neighbours);
    suite_case(k, "SNI without loss", keeps_sni);
    suite_case(k, "mutual TLS", keeps_mutual_tls);
    suite_case(k, "clean-up", is_not_cleaned_away);
    sky_close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(R_every_product_reads_what_it_lists),
        yard_test(R1_to_R4_R6_R105_every_product_binds_settles_and_puts_back),
        yard_test(R14_R97_every_product_leaves_all_else_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
