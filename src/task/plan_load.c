#include "task/plan_load.h"
#include "cloud/material.h"

#include "codec/json.h"
#include "task/plan_ask.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ACCESS_PAGE = 1000 };

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
    struct copy_row *copies;
    size_t copy_count;
    struct room_row *rooms;
    size_t room_count;
    struct access_row *accesses;
    size_t access_count;
    struct sync_row *syncs;
    size_t sync_count;
    const struct secret *some_key; /* stands for keys that are here; nobody reads it */
    struct charge_book book;
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
    cert->material = material_of(l->a, row, row->has_key ? l->some_key : NULL,
                                 row->sm2_encryption_pem && *row->sm2_encryption_pem ? l->some_key : NULL);
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

static bool find_accesses(struct db *db, struct loading *l, struct err *err)
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

/* A resource asked for by name is looked at even when no certificate covers it, so that the plan can say so. What is there
 * already is told apart by the plan (R73).
 */
static bool load_named(struct db *db, struct loading *l, const struct texts *names, struct err *err)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *text = names->items[i];
        char *end = NULL;
        errno = 0;
        long long id = strtoll(text, &end, 10);
        struct resource one, *found = NULL;
        size_t count = 0;
        if (errno == 0 && *end == '\0' && id > 0 && store_resource_load(db, l->a, id, &one, NULL))
            add_resource(l, &one);
        if (!store_resource_called(db, l->a, text, &found, &count, err))
            return err_add(err, "look for resource %s", text);
        for (size_t j = 0; j < count; j++)
            add_resource(l, &found[j]);
    }
    return true;
}

static bool load_copies(struct db *db, struct loading *l, struct err *err)
{
    size_t capacity = 0;
    for (size_t i = 0; i < l->certificate_count; i++) {
        struct copy_row *rows = NULL;
        size_t count = 0;
        if (!store_copy_of(db, l->a, l->certificates[i].row.id, &rows, &count, err))
            return false;
        for (size_t j = 0; j < count; j++) {
            void *items = l->copies;
            *(struct copy_row *)arena_push(l->a, &items, &l->copy_count, &capacity, sizeof *rows) = rows[j];
            l->copies = items;
        }
    }
    return true;
}

/* All that are connected: what the plan says of the inventory is said of those it asks for. */
static bool load_accesses(struct db *db, struct loading *l, struct err *err)
{
    struct page page = {.limit = ACCESS_PAGE};
    size_t capacity = 0, count = ACCESS_PAGE;
    while (count == ACCESS_PAGE) {
        struct access_row *rows = NULL;
        if (!store_access_list(db, l->a, &page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++) {
            void *items = l->accesses;
            *(struct access_row *)arena_push(l->a, &items, &l->access_count, &capacity, sizeof *rows) =
                rows[i];
            l->accesses = items;
        }
        page.before_id = count ? rows[count - 1].id : 0;
    }
    return store_sync_list(db, l->a, 0, &l->syncs, &l->sync_count, err);
}

static bool load(struct db *db, void *context, struct err *err)
{
    struct loading *l = context;
    return load_certificates(db, l, err) && find_accesses(db, l, err) && load_replaced(db, l, err) &&
           load_matching(db, l, err) && load_copies(db, l, err) && load_accesses(db, l, err) &&
           store_first_contact_list(db, l->a, 0, &l->contacts, &l->contact_count, err) &&
           store_room_list(db, l->a, &l->rooms, &l->room_count, err) &&
           load_named(db, l, &l->selection->resource, err) && load_named(db, l, &l->selection->add, err) &&
           charge_book_load(db, l->a, &l->book, err);
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

/* R62: one task, one type. */
static bool check_types(const struct loading *l, struct err *err)
{
    const struct certificate_row *first = &l->certificates[0].row;
    for (size_t i = 1; i < l->certificate_count; i++) {
        const struct certificate_row *row = &l->certificates[i].row;
        if (strcmp(row->kind, first->kind) != 0)
            return err_set(err, ERR_INPUT,
                           "one task holds certificates of one type: %s is %s, and %s is %s; make a task for "
                           "each type",
                           first->name, first->kind, row->name, row->kind);
    }
    return true;
}

static bool gather(struct loading *l, const struct product *(*find)(const char *), struct err *err)
{
    struct selection checked = *l->selection;
    const char *given_name[] = {l->given ? l->given->name : ""};
    if (l->given && checked.certificates.count == 0)
        checked.certificates = (struct texts){given_name, 1};
    l->some_key = secret_in(l->a, secret_new("", 0));
    return selection_check(&checked, err) && check_products(l->selection, find, err) &&
           store_read(l->c->store, load, l, err) && check_types(l, err);
}

static void compute(struct loading *l, const struct product *(*find)(const char *),
                    struct plan_asking *asking, struct plan *ret)
{
    struct plan_input input = {.certificates = l->certificates,
                               .certificate_count = l->certificate_count,
                               .resources = l->resources,
                               .resource_count = l->resource_count,
                               .selection = l->selection,
                               .access_ids = l->access_ids,
                               .access_count = l->selection->access.count,
                               .replaces_fingerprint = l->replaces_fingerprint,
                               .find_product = find,
                               .contacts = l->contacts,
                               .contact_count = l->contact_count,
                               .copies = l->copies,
                               .copy_count = l->copy_count,
                               .rooms = l->rooms,
                               .room_count = l->room_count,
                               .accesses = l->accesses,
                               .access_row_count = l->access_count,
                               .syncs = l->syncs,
                               .sync_count = l->sync_count,
                               .book = &l->book,
                               .place = plan_ask_place,
                               .undo = plan_ask_undo,
                               .context = asking,
                               .now_ms = clock_wall_ms(l->c->clock)};
    plan_compute(l->a, &input, ret);
}

static const struct product *(*finder(const struct task_context *c))(const char *code)
{
    return c->find_product ? c->find_product : product_find;
}

bool plan_of(const struct task_context *c, struct arena *a, const struct selection *selection,
             const struct certificate_row *given, bool strict, struct plan *ret, const char **ret_first,
             struct err *err)
{
    struct loading l = {.c = c, .a = a, .selection = selection, .given = given};
    struct plan_asking asking = {.c = c, .a = a, .log = {NULL, "job", "plan"}};
    if (!gather(&l, finder(c), err) || (strict && !check_strictly(&l, err)))
        return false;
    compute(&l, finder(c), &asking, ret);
    *ret_first = l.certificates[0].row.name;
    return true;
}

bool plan_again(const struct task_context *c, struct arena *a, const struct selection *selection,
                const struct deployment_row *seen, size_t count, struct plan *ret, struct err *err)
{
    struct loading l = {.c = c, .a = a, .selection = selection};
    struct plan_asking asking = {.c = c, .a = a, .log = {NULL, "job", "plan"}};
    plan_asking_of_seen(&asking, count ? seen : &(const struct deployment_row){0}, count);
    if (!gather(&l, finder(c), err) || !check_strictly(&l, err))
        return false;
    compute(&l, finder(c), &asking, ret);
    return true;
}
