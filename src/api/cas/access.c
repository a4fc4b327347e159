#include "api/cas/access.h"

#include "api/access_edit.h"
#include "api/cas/cas.h"
#include "api/cas/product_code.h"
#include <string.h>

enum { KEY_ID_BYTES = 256, SECRET_BYTES = 4096, NAME_OF_KEY_BYTES = 40, ACCESSES_MAX = 1000 };

const struct cas_parameter cas_add_access_parameters[] = {
    {"CloudName", CAS_TEXT, true, 16, NULL},
    {"SecretId", CAS_SECRET, true, KEY_ID_BYTES, NULL},
    {"SecretKey", CAS_SECRET, true, SECRET_BYTES, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_delete_access_parameters[] = {
    {"AccessId", CAS_NUMBER, true, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_list_accesses_parameters[] = {
    {"CloudName", CAS_TEXT, false, 16, NULL},
    {"SecretId", CAS_TEXT, false, KEY_ID_BYTES, NULL},
    CAS_PAGE_PARAMETERS,
    CAS_PARAMETERS_END,
};

struct work {
    struct cas_call *call;
    int64_t id;
    struct access_row row, *rows;
    const struct secret *secret;
    struct access_numbered_filter filter;
    struct cas_page page;
    size_t count;
    int64_t total;
};

/* ERR_NOT_FOUND stays inside: whoever has no own account sees other accesses all the same. */
static bool own_account(struct db *db, struct cas_call *call, struct access_row *ret, bool *ret_found,
                        struct err *err)
{
    struct err missing = {0};
    *ret_found = store_access_own(db, call->arena, call->owner, "aliyun", ret, &missing);
    if (*ret_found || missing.kind == ERR_NOT_FOUND)
        return true;
    *err = missing;
    return false;
}

/* ---- add ---- */

/* The API has no parameter for the ways out, so that a new access takes those of the owner's own account. */
static bool take_ways_out(struct db *db, struct work *work, struct err *err)
{
    struct access_row own;
    bool found;
    if (!own_account(db, work->call, &own, &found, err))
        return false;
    if (!found)
        return true;
    work->row.gateway = own.gateway;
    work->row.proxy = own.proxy;
    work->row.ca_file = own.ca_file;
    if (strcmp(work->row.cloud, "aws") != 0)
        work->row.site = own.site;
    return true;
}

static bool is_connected(struct db *db, struct work *work, bool *ret, struct err *err)
{
    struct access_numbered_filter same = {.cloud = work->row.cloud, .key_id = work->row.key_id};
    struct numbered one = {0, 1};
    return store_access_numbered(db, work->call->arena, work->call->owner, &same, &one, &work->rows,
                                 &work->count, &work->total, err) &&
           (*ret = work->count > 0, true);
}

static bool add(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    bool connected = false;
    if (!is_connected(db, work, &connected, err) || !take_ways_out(db, work, err))
        return false;
    if (connected)
        return cas_refuse_saying(err, "InvalidSecretId", "This AccessKey pair is connected already.");
    return access_check(work->call->arena, &work->row, err) &&
           store_access_add(db, &work->row, work->secret, NULL, err);
}

bool cas_add_access(struct cas_call *call, struct err *err)
{
    const char *cloud = cas_cloud_of(cas_text(&call->given, "CloudName"));
    const char *key_id = cas_text(&call->given, "SecretId"), *secret = cas_text(&call->given, "SecretKey");
    struct work work = {.call = call, .secret = secret_in(call->arena, secret_new(secret, strlen(secret)))};
    if (!cloud)
        return cas_refuse_invalid(err, "CloudName");
    work.row = access_blank(call->api->parts.store, cloud);
    work.row.owner = call->owner;
    work.row.key_id = key_id;
    work.row.key_source = "stored";
    work.row.name = arena_printf(call->arena, "%s-%.*s", cloud, NAME_OF_KEY_BYTES, key_id);
    call->made_id = work.row.id;
    if (!cas_write(call, add, &work, err))
        return false;
    cas_discover(call->api->cas, &work.row.id, 1, true);
    return true;
}

/* ---- delete ---- */

static bool drop(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    const char *reason = NULL;
    if (!cas_own_access(db, work->call, work->id, &work->row, err) ||
        !store_access_needed(db, work->call->arena, work->id, &reason, err))
        return false;
    return reason ? err_set(err, ERR_CONFLICT, "access %s stays: %s", work->row.name, reason)
                  : store_access_delete(db, work->id, err);
}

bool cas_delete_access(struct cas_call *call, struct err *err)
{
    struct work work = {.call = call, .id = cas_number(&call->given, "AccessId", 0)};
    if (!cas_write(call, drop, &work, err))
        return false;
    cloud_session_refresh(call->api->parts.cloud, work.id);
    return true;
}

/* ---- list ---- */

/* Other accounts alone: the own one needs no AccessKey at the vendor's. */
static bool load_list(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    struct access_row own;
    bool found;
    if (!own_account(db, work->call, &own, &found, err))
        return false;
    work->filter.without = found ? own.id : 0;
    return store_access_numbered(db, work->call->arena, work->call->owner, &work->filter, &work->page.at,
                                 &work->rows, &work->count, &work->total, err);
}

static bool cloud_asked(const struct cas_call *call, const char **ret, struct err *err)
{
    const char *name = cas_text(&call->given, "CloudName");
    *ret = name ? cas_cloud_of(name) : NULL;
    return !name || *ret || cas_refuse_invalid(err, "CloudName");
}

bool cas_list_accesses(struct cas_call *call, struct err *err)
{
    struct work work = {.call = call};
    work.filter.key_id = cas_text(&call->given, "SecretId");
    if (!cloud_asked(call, &work.filter.cloud, err) || !cas_page(call, 50, &work.page, err) ||
        !cas_read(call, load_list, &work, err))
        return false;
    json_key(&call->w, "CloudAccessList");
    json_open_array(&call->w);
    for (size_t i = 0; i < work.count; i++) {
        json_open_object(&call->w);
        cas_put_number(call, "AccessId", work.rows[i].id);
        cas_put_text(call, "CloudName", cas_cloud_name(work.rows[i].cloud));
        cas_put_text(call, "SecretId", work.rows[i].key_id);
        cas_put_text(call, "ServiceStatus", work.rows[i].state); /* "normal" is the vendor's own word */
        json_close_object(&call->w);
    }
    json_close_array(&call->w);
    if (work.page.asked)
        cas_put_page(call, &work.page, "TotalCount", work.total);
    else
        cas_put_number(call, "TotalCount", work.total);
    return true;
}

bool cas_accesses(struct db *db, struct cas_call *call, const char *cloud, const char *key_id, bool own,
                  struct access_row **ret, size_t *ret_count, struct err *err)
{
    struct access_numbered_filter filter = {.cloud = cloud, .key_id = key_id};
    struct numbered all = {0, ACCESSES_MAX};
    bool found = false;
    int64_t total;
    if (cloud || key_id || !own)
        return store_access_numbered(db, call->arena, call->owner, &filter, &all, ret, ret_count, &total,
                                     err);
    *ret = arena_make(call->arena, struct access_row);
    if (!own_account(db, call, *ret, &found, err))
        return false;
    *ret_count = found;
    return true;
}
