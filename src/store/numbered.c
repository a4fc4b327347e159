#include "store/numbered.h"

#include "store/deployment.h"

#define TASK_FIELD(type, name) FIELD(type, struct task_row, name),
static const struct field task_fields[] = {TASK_FIELD(INT, id) TASK_FIELDS(TASK_FIELD)};
static const struct table task_table = TABLE("task", struct task_row, task_fields);

#define CERTIFICATE_FIELD(type, name) FIELD(type, struct certificate_row, name),
static const struct field certificate_fields[] = {CERTIFICATE_FIELD(INT, id)
                                                      CERTIFICATE_FIELDS(CERTIFICATE_FIELD)};
static const struct table certificate_table =
    TABLE("certificate", struct certificate_row, certificate_fields);

#define ACCESS_FIELD(type, name) FIELD(type, struct access_row, name),
static const struct field access_fields[] = {ACCESS_FIELD(INT, id) ACCESS_FIELDS(ACCESS_FIELD)};
static const struct table access_table = TABLE("access", struct access_row, access_fields);

#define CONTACT_FIELD(type, name) FIELD(type, struct contact_row, name),
static const struct field contact_fields[] = {CONTACT_FIELD(INT, id) CONTACT_FIELDS(CONTACT_FIELD)};
static const struct table contact_table = TABLE("contact", struct contact_row, contact_fields);

static const struct field product_fields[] = {FIELD(TEXT, struct product_count, product),
                                              FIELD(INT, struct product_count, count)};
static const struct table product_table = TABLE("product", struct product_count, product_fields);

static struct value limit_of(const struct numbered *at)
{
    return value_int((int64_t)at->limit);
}

static struct value offset_of(const struct numbered *at)
{
    return value_int((int64_t)at->offset);
}

bool store_task_numbered(struct db *db, struct arena *a, const char *owner,
                         const struct task_numbered_filter *filter, const struct numbered *at,
                         struct task_row **ret, size_t *ret_count, int64_t *ret_total, struct err *err)
{
    return row_numbered(db, SQL_TASK_NUMBERED, SQL_TASK_NUMBERED_COUNT,
                        VALUES(value_text(owner), value_text(filter->state), value_text(filter->type),
                               limit_of(at), offset_of(at)),
                        a, &task_table, (void **)ret, ret_count, ret_total, err);
}

bool store_certificate_numbered(struct db *db, struct arena *a, const char *owner,
                                const struct certificate_numbered_filter *filter, const struct numbered *at,
                                struct certificate_row **ret, size_t *ret_count, int64_t *ret_total,
                                struct err *err)
{
    return row_numbered(db, SQL_CERTIFICATE_NUMBERED, SQL_CERTIFICATE_NUMBERED_COUNT,
                        VALUES(value_text(owner), value_text(filter->kind), value_int(filter->now_ms),
                               value_text(filter->status), value_text(row_pattern(a, filter->text)),
                               limit_of(at), offset_of(at)),
                        a, &certificate_table, (void **)ret, ret_count, ret_total, err);
}

bool store_access_numbered(struct db *db, struct arena *a, const char *owner,
                           const struct access_numbered_filter *filter, const struct numbered *at,
                           struct access_row **ret, size_t *ret_count, int64_t *ret_total, struct err *err)
{
    return row_numbered(db, SQL_ACCESS_NUMBERED, SQL_ACCESS_NUMBERED_COUNT,
                        VALUES(value_text(owner), value_int(filter->without), value_text(filter->cloud),
                               value_text(filter->key_id), limit_of(at), offset_of(at)),
                        a, &access_table, (void **)ret, ret_count, ret_total, err);
}

bool store_access_own(struct db *db, struct arena *a, const char *owner, const char *cloud,
                      struct access_row *ret, struct err *err)
{
    return row_one(db, SQL_ACCESS_OWN, VALUES(value_text(owner), value_text(cloud)), a, &access_table, cloud,
                   ret, err);
}

bool store_contact_numbered(struct db *db, struct arena *a, const char *owner, const char *text,
                            const struct numbered *at, struct contact_row **ret, size_t *ret_count,
                            int64_t *ret_total, struct err *err)
{
    return row_numbered(db, SQL_CONTACT_NUMBERED, SQL_CONTACT_NUMBERED_COUNT,
                        VALUES(value_text(owner), value_text(row_pattern(a, text)), limit_of(at),
                               offset_of(at)),
                        a, &contact_table, (void **)ret, ret_count, ret_total, err);
}

bool store_resource_products(struct db *db, struct arena *a, int64_t access_id, struct product_count **ret,
                             size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_RESOURCE_PRODUCTS, VALUES(value_int(access_id)), a, &product_table, (void **)ret,
                   ret_count, err);
}

bool store_certificate_products(struct db *db, struct arena *a, const char *owner, const char *fingerprint,
                                struct product_count **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_CERTIFICATE_PRODUCTS, VALUES(value_text(fingerprint), value_text(owner)), a,
                   &product_table, (void **)ret, ret_count, err);
}

bool store_deployment_numbered(struct db *db, struct arena *a, int64_t task_id,
                               const struct deployment_numbered_filter *filter, const struct numbered *at,
                               struct deployment_row **ret, size_t *ret_count, int64_t *ret_total,
                               struct err *err)
{
    return row_numbered(db, SQL_DEPLOYMENT_NUMBERED, SQL_DEPLOYMENT_NUMBERED_COUNT,
                        VALUES(value_int(task_id), value_text(filter->product), value_text(filter->states),
                               limit_of(at), offset_of(at)),
                        a, &deployment_table, (void **)ret, ret_count, ret_total, err);
}

bool store_task_products(struct db *db, struct arena *a, int64_t task_id, struct product_count **ret,
                         size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_TASK_PRODUCTS, VALUES(value_int(task_id)), a, &product_table, (void **)ret,
                   ret_count, err);
}

bool store_task_resources(struct db *db, struct arena *a, int64_t task_id, int64_t **ret, size_t *ret_count,
                          struct err *err)
{
    return row_ids(db, SQL_TASK_RESOURCES, VALUES(value_int(task_id)), a, ret, ret_count, err);
}

bool store_task_cost(struct db *db, int64_t task_id, int64_t *ret, struct err *err)
{
    return db_int(db, SQL_TASK_COST, VALUES(value_int(task_id)), 0, ret, err);
}
