#include "task/plan_load.h"

#include "codec/json.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED_PAGE = 1000, UNDO_PATIENCE_MS = 10000 };

struct loading {
    const struct task_context *c;
    struct arena *a;
    const struct selection *selection;
    const struct certificate_row *given; /* one more, not stored; NULL none */
    struct plan_certificate *certificates;
    size_t certificate_count;
    struct resource *resources;
    size_t resource_count, resource_capacity;
    int64_t *access_ids;
    const char *replaces_fingerprint;
    struct first_contact_row *contacts;
    size_t contact_count;
};

static bool add_certificate(struct db *db, struct loading *l, const struct certificate_row *row,
                            struct err *err)
{
    struct plan_certificate *cert = &l->certificates[l->certificate_count];
    const struct json *domains = NULL;
    if (!json_parse(l->a, row->domains, strlen(row->domains), &domains, err))
        return err_add(err, "domains of certificate %s", row->name);
    cert->row = *row;
    cert->domain_count = json_count(domains);
    cert->domains = arena_array(l->a, const char *, cert->domain_count);
    for (size_t i = 0; i < cert->domain_count; i++)
        cert->domains[i] = json_str(json_item(domains, i), "");
    l->certificate_count++;
    int64_t *held = NULL;
    if (!row->has_key && !store_certificate_held(db, l->a, row->id, &held, &cert->held_count, err))
        return false;
    cert->held = held;
    return true;
}

static bool load_certificates(struct db *db, struct loading *l, struct err *err)
{
    const struct texts *wanted = &l->selection->certificates;
    l->certificates = arena_array(l->a, struct plan_certificate, wanted->count + 1);
    if (l->given && !add_certificate(db, l, l->given, err))
        return false;
    for (size_t i = 0; i < wanted->count; i++) {
        struct certificate_row row;
        if (!store_certificate_find(db, l->a, wanted->items[i], &row, err))
            return err_add(err, "certificate %s", wanted->items[i]);
        if (!add_certificate(db, l, &row, err))
            return false;
    }
    return true;
}

static bool load_accesses(struct db *db, struct loading *l, struct err *err)
{
    const struct texts *wanted = &l->selection->access;
    l->access_ids = arena_array(l->a, int64_t, wanted->count);
    for (size_t i = 0; i < wanted->count; i++) {
        struct access_row row;
        if (!store_access_find(db, l->a, wanted->items[i], &row, err))
            return err_add(err, "access %s", wanted->items[i]);
        l->access_ids[i] = row.id;
    }
    return true;
}

/* What is replaced may be one of our certificates, or a vendor's id that we know nothing of. */
static bool load_replaced(struct db *db, struct loading *l, struct err *err)
{
    struct certificate_row row;
    struct err missing = {0};
    if (!l->selection->replaces[0])
        return true;
    if (store_certificate_find(db, l->a, l->selection->replaces, &row, &missing)) {
        l->replaces_fingerprint = row.fingerprint;
        return true;
    }
    if (missing.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = missing;
    return err_add(err, "the certificate to be replaced");
}

static void add_resource(struct loading *l, const struct resource *r)
{
    void *items = l->resources;
    *(struct resource *)arena_push(l->a, &items, &l->resource_count, &l->resource_capacity, sizeof *r) = *r;
    l->resources = items;
}

static bool load_matching(struct db *db, struct loading *l, struct err *err)
{
    struct texts all = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < l->certificate_count; i++)
        for (size_t j = 0; j < l->certificates[i].domain_count; j++) {
            void *items = all.items;
            *(const char **)arena_push(l->a, &items, &all.count, &capacity, sizeof(char *)) =
                l->certificates[i].domains[j];
            all.items = items;
        }
    int64_t *ids = NULL;
    size_t count = 0;
    if (!store_resource_matching(db, l->a, all.items, all.count, &ids, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct resource r;
        if (!store_resource_load(db, l->a, ids[i], &r, err))
            return false;
        add_resource(l, &r);
    }
    return true;
}

static bool known(const struct loading *l, int64_t id)
{
    for (size_t i = 0; i < l->resource_count; i++)
        if (l->resources[i].id == id)
            return true;
    return false;
}

/* A resource asked for by name is looked at even when no certificate covers it, so that the plan can say so. */
static bool load_named(struct db *db, struct loading *l, const char *text, struct err *err)
{
    char *end = NULL;
    errno = 0;
    long long id = strtoll(text, &end, 10);
    struct resource one;
    if (errno == 0 && *end == '\0' && id > 0 && !known(l, id) &&
        store_resource_load(db, l->a, id, &one, NULL))
        add_resource(l, &one);
    struct resource *found = NULL;
    size_t count = 0;
    struct resource_filter filter = {.text = text};
    if (!store_resource_list(db, l->a, &filter, &(struct page){.limit = NAMED_PAGE}, &found, &count, err))
        return err_add(err, "look for resource %s", text);
    for (size_t i = 0; i < count; i++)
        if ((strcmp(found[i].vendor_id, text) == 0 || strcmp(found[i].title, text) == 0) &&
            !known(l, found[i].id))
            add_resource(l, &found[i]);
    return true;
}

static bool load(struct db *db, void *context, struct err *err)
{
    struct loading *l = context;
    if (!load_certificates(db, l, err) || !load_accesses(db, l, err) || !load_replaced(db, l, err) ||
        !load_matching(db, l, err) ||
        !store_first_contact_list(db, l->a, 0, &l->contacts, &l->contact_count, err))
        return false;
    for (size_t i = 0; i < l->selection->resource.count; i++)
        if (!load_named(db, l, l->selection->resource.items[i], err))
            return false;
    return true;
}

/* The clouds know whether an old certificate can be put back. An access that does not answer is asked once only. */
struct undo {
    const struct task_context *c;
    struct arena *a;
    struct log_ctx log;
    int64_t silent_access;
    const char *silent_reason;
};

static void ask_undo(void *context, const struct product *product, const struct resource *r,
                     const struct bound *old, const char **ret_reason)
{
    struct undo *u = context;
    struct err err = {0};
    struct job job = {.arena = u->a, .product = product, .log = &u->log, .patience_ms = UNDO_PATIENCE_MS};
    if (!product_asks_for_old_key(product) || !u->c->cloud) {
        *ret_reason =
            old->ref[0] ? NULL : "the old certificate has no id at the vendor, and its key is not ours";
        return;
    }
    if (u->silent_access == r->access_id) {
        *ret_reason = u->silent_reason;
        return;
    }
    if (cloud_session(u->c->cloud, r->access_id, &job.session, &err) &&
        product_old_key(&job, r, old, ret_reason, &err))
        return;
    *ret_reason = arena_printf(u->a, "could not be found out whether the old certificate can be put back: %s",
                               err.text);
    if (err.kind != ERR_NOT_FOUND) {
        u->silent_access = r->access_id;
        u->silent_reason = *ret_reason;
    }
}

/* R5: what is not supported is refused, not silently matched by nothing. */
static bool check_products(const struct selection *s, const struct product *(*find)(const char *code),
                           struct err *err)
{
    static const char *const clouds[] = {"aliyun", "tencent", "aws", "huawei"};
    for (size_t i = 0; i < s->product.count; i++) {
        bool known = find(s->product.items[i]) != NULL;
        for (size_t j = 0; j < countof(clouds); j++)
            known |= strcmp(clouds[j], s->product.items[i]) == 0;
        if (!known)
            return product_refuse(s->product.items[i], err);
    }
    return true;
}

static bool check_strictly(const struct loading *l, struct err *err)
{
    for (size_t i = 0; i < l->certificate_count; i++)
        if (!plan_certificate_check(&l->certificates[i].row, l->selection->allow_expiring,
                                    clock_wall_ms(l->c->clock), err))
            return false;
    return true;
}

bool plan_of(const struct task_context *c, struct arena *a, const struct selection *selection,
             const struct certificate_row *given, bool strict, struct plan *ret, const char **ret_first,
             struct err *err)
{
    struct loading l = {.c = c, .a = a, .selection = selection, .given = given};
    const struct product *(*find)(const char *) = c->find_product ? c->find_product : product_find;
    struct selection checked = *selection;
    const char *given_name[] = {given ? given->name : ""};
    if (given && selection->certificates.count == 0)
        checked.certificates = (struct texts){given_name, 1};
    if (!selection_check(&checked, err) || !check_products(selection, find, err) ||
        !store_read(c->store, load, &l, err))
        return false;
    if (strict && !check_strictly(&l, err))
        return false;
    struct undo undo = {.c = c, .a = a, .log = {NULL, "job", "plan"}};
    struct plan_input input = {.certificates = l.certificates,
                               .certificate_count = l.certificate_count,
                               .resources = l.resources,
                               .resource_count = l.resource_count,
                               .selection = selection,
                               .access_ids = l.access_ids,
                               .access_count = selection->access.count,
                               .replaces_fingerprint = l.replaces_fingerprint,
                               .find_product = find,
                               .contacts = l.contacts,
                               .contact_count = l.contact_count,
                               .undo = ask_undo,
                               .undo_context = &undo,
                               .now_ms = clock_wall_ms(c->clock)};
    plan_compute(a, &input, ret);
    *ret_first = l.certificates[0].row.name;
    return true;
}
