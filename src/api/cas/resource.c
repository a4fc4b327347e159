#include "api/cas/resource.h"

#include "api/cas/access.h"
#include "api/cas/cas.h"
#include "api/cas/product_code.h"
#include "cloud/product.h"
#include <string.h>

enum { MATCHED_MAX = 2000 };

const struct cas_parameter cas_list_resources_parameters[] = {
    {"CloudName", CAS_TEXT, false, 16, NULL},
    {"CloudProduct", CAS_TEXT, false, 32, NULL},
    {"SecretId", CAS_TEXT, false, 256, NULL},
    {"Keyword", CAS_TEXT, false, 512, NULL},
    {"CertIds", CAS_ID_LIST, false, 100, NULL},
    CAS_PAGE_PARAMETERS,
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_resource_status_parameters[] = {
    {"SecretId", CAS_TEXT, false, 256, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_matched_resources_parameters[] = {
    {"CertIds", CAS_ID_LIST, true, 100, NULL},
    {"MaxResults", CAS_NUMBER, false, MATCHED_MAX, NULL},
    {"NextToken", CAS_TEXT, false, 128, NULL},
    {"ResourceScope", CAS_TEXT, false, 128, NULL},
    CAS_PARAMETERS_END,
};

/* ---- one resource ---- */

const char *cas_instance_of(const struct resource *r)
{
    const char *colon = strchr(r->lock, ':');
    return cas_product_listens(r->product) ? (colon ? colon + 1 : r->vendor_id) : "";
}

const char *cas_listener_of(struct arena *a, const struct resource *r)
{
    if (!cas_product_listens(r->product))
        return "";
    return r->port ? arena_printf(a, "%s@%u", r->vendor_id, r->port) : r->vendor_id;
}

const char *cas_domain_of(const struct resource *r)
{
    return r->name_count ? r->names[0].name : r->title;
}

/* Our certificate behind what the first slot holds; row->id 0 where it is none of ours. */
static bool held_certificate(struct db *db, struct cas_call *call, const struct resource *r,
                             struct certificate_row *ret, struct err *err)
{
    struct err missing = {0};
    *ret = (struct certificate_row){0};
    if (!r->bound_count || !*r->bound[0].fingerprint)
        return true;
    if (store_certificate_by_fingerprint(db, call->arena, r->bound[0].fingerprint, call->owner, ret,
                                         &missing))
        return true;
    *ret = (struct certificate_row){0};
    if (missing.kind == ERR_NOT_FOUND)
        return true;
    *err = missing;
    return false;
}

static void put_held(struct cas_call *call, const struct resource *r, const struct certificate_row *held)
{
    if (held->id) {
        cas_put_number(call, "CertId", held->id);
        cas_put_text(call, "CertName", held->name);
        cas_put_time(call, "CertStartTime", held->not_before_ms);
        cas_put_time(call, "CertEndTime", held->not_after_ms);
    } else if (r->bound_count) {
        cas_put_text(call, "CertName", r->bound[0].name);
        cas_put_time(call, "CertEndTime", r->bound[0].not_after_ms);
    }
}

static void put_listener(struct cas_call *call, const struct resource *r)
{
    if (!cas_product_listens(r->product))
        return;
    cas_put_text(call, "InstanceId", cas_instance_of(r));
    cas_put_text(call, "ListenerId", cas_listener_of(call->arena, r));
    if (r->port)
        cas_put_text(call, "ListenerPort", arena_printf(call->arena, "%u", r->port));
    cas_put_number(call, "DefaultResource", r->bound_count && strcmp(r->bound[0].slot, "default") == 0);
}

bool cas_put_resource(struct db *db, struct cas_call *call, const struct resource *r,
                      const struct access_row *access, enum cas_access_shown shown, struct err *err)
{
    struct certificate_row held;
    bool foreign = strcmp(access->cloud, "aliyun") != 0;
    if (!held_certificate(db, call, r, &held, err))
        return false;
    json_open_object(&call->w);
    cas_put_number(call, "Id", r->id);
    cas_put_user(call);
    cas_put_text(call, "CloudName", cas_cloud_name(access->cloud));
    cas_put_text(call, "CloudProduct", cas_product_code(r->product));
    cas_put_text(call, "RegionId", r->region);
    cas_put_text(call, "CloudRegion", r->region);
    cas_put_text(call, "Domain", cas_domain_of(r));
    put_listener(call, r);
    cas_put_number(call, "EnableHttps", r->https);
    cas_put_text(call, "Status", *r->unfit ? r->unfit : "online");
    put_held(call, r, &held);
    if (foreign) {
        cas_put_number(call, "UseSsl", held.id != 0);
        cas_put_text(call, "CloudAccessId",
                     shown == CAS_ACCESS_KEY_ID ? access->key_id
                                                : arena_printf(call->arena, "%lld", (long long)access->id));
    }
    cas_put_time(call, "GmtCreate", r->synced_ms);
    cas_put_time(call, "GmtModified", r->synced_ms);
    json_close_object(&call->w);
    return true;
}

/* ---- lists ---- */

struct list {
    struct cas_call *call;
    const char *cloud, *key_id;
    struct resource_numbered_filter filter;
    struct cas_page page;
    struct access_row *accesses;
    size_t access_count;
    int64_t *ids;
    int64_t total;
};

static const struct access_row *access_of(const struct list *list, int64_t id)
{
    for (size_t i = 0; i < list->access_count; i++)
        if (list->accesses[i].id == id)
            return &list->accesses[i];
    return NULL;
}

/* Only certificates of the owner's are asked for: others do not exist. */
static bool certificates_asked(struct db *db, struct list *list, struct err *err)
{
    struct cas_call *call = list->call;
    struct buf b = buf_new(call->arena, 4096);
    int64_t *ids;
    size_t count;
    cas_ids(call->arena, &call->given, "CertIds", &ids, &count);
    for (size_t i = 0; i < count; i++) {
        struct certificate_row row;
        if (!cas_own_certificate(db, call, ids[i], "InvalidCertId.NotFound", &row, err))
            return false;
        buf_printf(&b, "%s%lld,", i ? "" : ",", (long long)ids[i]);
    }
    list->filter.certificates = count ? b.data : NULL;
    return true;
}

static bool put_list(struct db *db, void *context, struct err *err)
{
    struct list *list = context;
    struct resource *rows;
    size_t count;
    if (!cas_accesses(db, list->call, list->cloud, list->key_id, false, &list->accesses, &list->access_count,
                      err) ||
        !certificates_asked(db, list, err))
        return false;
    list->ids = arena_array(list->call->arena, int64_t, list->access_count);
    for (size_t i = 0; i < list->access_count; i++)
        list->ids[i] = list->accesses[i].id;
    if (!store_resource_numbered(db, list->call->arena, list->ids, list->access_count, &list->filter,
                                 &list->page.at, &rows, &count, &list->total, err))
        return false;
    json_key(&list->call->w, "Data");
    json_open_array(&list->call->w);
    for (size_t i = 0; i < count; i++)
        if (!cas_put_resource(db, list->call, &rows[i], access_of(list, rows[i].access_id), CAS_ACCESS_KEY_ID,
                              err))
            return false;
    json_close_array(&list->call->w);
    return true;
}

bool cas_list_resources(struct cas_call *call, struct err *err)
{
    const char *cloud = cas_text(&call->given, "CloudName"),
               *product = cas_text(&call->given, "CloudProduct");
    struct list list = {.call = call, .key_id = cas_text(&call->given, "SecretId")};
    list.filter.text = cas_text(&call->given, "Keyword");
    if (cloud && !(list.cloud = cas_cloud_of(cloud)))
        return cas_refuse_invalid(err, "CloudName");
    if (product && !(list.filter.product = cas_product_of(product)))
        return cas_refuse_invalid(err, "CloudProduct");
    if (!cas_page(call, 20, &list.page, err) || !cas_read(call, put_list, &list, err))
        return false;
    cas_put_page(call, &list.page, "Total", list.total);
    cas_discover(call->api->cas, list.ids, list.access_count, false);
    return true;
}

/* ---- counts ---- */

static int64_t count_of(const struct product_count *counts, size_t count, const char *product)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(counts[i].product, product) == 0)
            return counts[i].count;
    return 0;
}

/* Every product of the cloud, also where there is nothing (R84). */
static bool put_counts(struct db *db, struct cas_call *call, const struct access_row *access, struct err *err)
{
    struct product_count *counts;
    size_t count;
    if (!store_resource_products(db, call->arena, access->id, &counts, &count, err))
        return false;
    for (size_t i = 0; products[i]; i++) {
        if (strcmp(products[i]->cloud, access->cloud) != 0)
            continue;
        json_open_object(&call->w);
        cas_put_text(call, "CloudName", cas_cloud_name(access->cloud));
        cas_put_text(call, "CloudProduct", cas_product_code(products[i]->code));
        cas_put_number(call, "TotalCount", count_of(counts, count, products[i]->code));
        json_close_object(&call->w);
    }
    return true;
}

static bool put_status(struct db *db, void *context, struct err *err)
{
    struct list *list = context;
    struct cas_call *call = list->call;
    if (!cas_accesses(db, call, NULL, list->key_id, true, &list->accesses, &list->access_count, err))
        return false;
    json_key(&call->w, "Data");
    json_open_array(&call->w);
    for (size_t i = 0; i < list->access_count; i++)
        if (!put_counts(db, call, &list->accesses[i], err))
            return false;
    json_close_array(&call->w);
    return true;
}

bool cas_resource_status(struct cas_call *call, struct err *err)
{
    struct list list = {.call = call, .key_id = cas_text(&call->given, "SecretId")};
    if (!cas_read(call, put_status, &list, err))
        return false;
    for (size_t i = 0; i < list.access_count; i++)
        cas_discover(call->api->cas, &list.accesses[i].id, 1, false);
    return true;
}

/* ---- matching ---- */

struct matching {
    struct cas_call *call;
    struct selection selection;
    struct task_view view;
    size_t most;
};

static bool select_certificates(struct db *db, void *context, struct err *err)
{
    struct matching *m = context;
    struct cas_call *call = m->call;
    int64_t *ids;
    size_t count, access_count;
    struct access_row *accesses;
    cas_ids(call->arena, &call->given, "CertIds", &ids, &count);
    if (!cas_accesses(db, call, NULL, NULL, false, &accesses, &access_count, err))
        return false;
    const char **certificates = arena_array(call->arena, const char *, count),
               **names = arena_array(call->arena, const char *, access_count);
    for (size_t i = 0; i < count; i++) {
        struct certificate_row row;
        if (!cas_own_certificate(db, call, ids[i], "InvalidCertId.NotFound", &row, err))
            return false;
        certificates[i] = arena_printf(call->arena, "%lld", (long long)ids[i]);
    }
    for (size_t i = 0; i < access_count; i++)
        names[i] = arena_printf(call->arena, "%lld", (long long)accesses[i].id);
    m->selection = (struct selection){.certificates = {certificates, count},
                                      .access = {names, access_count},
                                      .replaces = "",
                                      .allow_expiring = true};
    return true;
}

/* R76, R77: what the plan would choose by itself, each resource once; rows of one stand together. */
static bool put_matched(struct db *db, void *context, struct err *err)
{
    struct matching *m = context;
    size_t put = 0;
    int64_t last = 0;
    json_key(&m->call->w, "Data");
    json_open_array(&m->call->w);
    for (size_t i = 0; i < m->view.count && put < m->most; i++) {
        const struct deployment_row *row = &m->view.deployments[i];
        struct resource r;
        struct access_row access;
        if (row->resource_id == last || strstr(row->holds, "\"managed\""))
            continue;
        last = row->resource_id;
        if (!cas_own_resource(db, m->call, last, "NotFound", &r, &access, err) ||
            !cas_put_resource(db, m->call, &r, &access, CAS_ACCESS_KEY_ID, err))
            return false;
        put++;
    }
    json_close_array(&m->call->w);
    return true;
}

bool cas_matched_resources(struct cas_call *call, struct err *err)
{
    struct task_context context = cas_task_context(call);
    struct matching m = {.call = call, .most = (size_t)cas_number(&call->given, "MaxResults", MATCHED_MAX)};
    if (!cas_read(call, select_certificates, &m, err))
        return false;
    if (m.selection.access.count && !task_plan(&context, call->arena, &m.selection, NULL, &m.view, err))
        return false;
    return cas_read(call, put_matched, &m, err);
}
