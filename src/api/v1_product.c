#include "api/v1_product.h"

#include "api/view.h"
#include "cloud/vendor.h"
#include <string.h>

enum { ACCESSES_TOLD = 1000 };

struct listing {
    struct arena *arena;
    struct access_row *accesses;
    struct first_contact_row *contacts;
    size_t access_count, contact_count;
};

/* Whether an earlier call of the list says the same of its service. */
static bool is_told(const struct call *const *calls, size_t at, bool operation)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(calls[i]->service, calls[at]->service) == 0 &&
            strcmp(calls[i]->version, calls[at]->version) == 0 &&
            (!operation || strcmp(calls[i]->operation, calls[at]->operation) == 0))
            return true;
    return false;
}

static void put_apis(struct json_writer *w, const struct product *product)
{
    json_key(w, "apis");
    json_open_array(w);
    for (size_t i = 0; product->calls[i]; i++) {
        if (is_told(product->calls, i, false))
            continue;
        json_open_object(w);
        json_member_string(w, "service", product->calls[i]->service);
        json_member_string(w, "version", *product->calls[i]->version ? product->calls[i]->version : NULL);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_operations(struct json_writer *w, struct arena *a, const char *name,
                           const struct call *const *calls)
{
    json_key(w, name);
    json_open_array(w);
    for (size_t i = 0; calls[i]; i++) {
        const struct call *call = calls[i];
        if (is_told(calls, i, true))
            continue;
        json_open_object(w);
        json_member_string(w, "service", call->service);
        json_member_string(w, "operation", call->operation);
        json_member_bool(w, "write", call->write);
        json_key(w, "calls_per_second");
        json_put_raw(w, call->per_second > 0 ? arena_printf(a, "%g", call->per_second) : "null");
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_capabilities(struct json_writer *w, const struct product *product)
{
    json_key(w, "capabilities");
    json_open_object(w);
    json_member_bool(w, "regional", !product->global);
    json_member_bool(w, "sni", product->sni);
    json_member_bool(w, "sm2", product->takes_sm2);
    json_member_bool(w, "first_deployment", product->first_deployment);
    json_member_bool(w, "needs_complete_chain", product->needs_chain);
    json_close_object(w);
}

static void put_limits(struct json_writer *w, const struct product *product)
{
    json_key(w, "limits");
    json_open_object(w);
    json_key(w, "sni_certificates");
    if (product->sni_max)
        json_put_int(w, product->sni_max);
    else
        json_put_null(w);
    json_member_int(w, "settles_within_seconds", product->settle_ms / 1000);
    json_member_int(w, "served_within_seconds", product->propagation_ms / 1000);
    json_close_object(w);
}

static void put_product(struct json_writer *w, const struct product *product, const struct listing *l)
{
    json_open_object(w);
    json_member_string(w, "code", product->code);
    json_member_string(w, "cloud", product->cloud);
    json_member_string(w, "title", product->title);
    put_capabilities(w, product);
    put_apis(w, product);
    put_operations(w, l->arena, "operations", product->calls);
    put_limits(w, product);
    json_key(w, "never_tried_on");
    json_open_array(w);
    for (size_t i = 0; i < l->access_count; i++)
        if (strcmp(l->accesses[i].cloud, product->cloud) == 0 &&
            !first_contact_made(l->contacts, l->contact_count, l->accesses[i].id, product->code))
            json_put_string(w, l->accesses[i].name);
    json_close_array(w);
    json_close_object(w);
}

static bool load_products(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    return store_access_list(db, l->arena, &(struct page){.limit = ACCESSES_TOLD}, &l->accesses,
                             &l->access_count, err) &&
           store_first_contact_list(db, l->arena, 0, &l->contacts, &l->contact_count, err);
}

/* What is asked of a cloud whatever the product: identity, roles, the certificate services; and what `access clean` asks. */
static void put_clouds(struct json_writer *w, struct arena *a)
{
    json_key(w, "clouds");
    json_open_array(w);
    for (const struct vendor *const *vendor = vendors; *vendor; vendor++) {
        json_open_object(w);
        json_member_string(w, "cloud", (*vendor)->cloud);
        put_operations(w, a, "operations", (*vendor)->calls);
        put_operations(w, a, "clean_operations", (*vendor)->clean_calls);
        json_close_object(w);
    }
    json_close_array(w);
}

bool v1_product_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct listing l = {.arena = rq->arena};
    struct json_writer w = json_writer_to(&reply->body);
    if (!store_read(rq->api->parts.store, load_products, &l, err))
        return false;
    view_list_open(&w);
    for (const struct product *const *product = products; *product; product++)
        put_product(&w, *product, &l);
    json_close_array(&w);
    put_clouds(&w, rq->arena);
    json_key(&w, "next");
    json_put_null(&w);
    json_close_object(&w);
    return true;
}
