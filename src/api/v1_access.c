#include "api/v1_access.h"

#include "api/access_edit.h"
#include "api/authority.h"
#include "api/v1_owner.h"
#include "api/view.h"
#include "cloud/policy.h"
#include "cloud/record.h"
#include "codec/text.h"
#include "inventory/probe_access.h"
#include <string.h>

#define ACCESS_SETTINGS                                                                                      \
    {"machine", FIELD_BOOL, false, 0, OBJECT_NONE, RIGHT_GOVERN},                                            \
        {"secret_command", FIELD_TEXT, false, 1024, OBJECT_NONE, RIGHT_GOVERN},                              \
        {"role", FIELD_TEXT, false, 512}, {"external_id", FIELD_TEXT, false, 1224},                          \
        {"session_token", FIELD_SECRET, false, 8192}, {"site", FIELD_TEXT, false, 16},                       \
        {"regions", FIELD_TEXTS, false, 64},                                                                 \
        {"gateway", FIELD_TEXT, false, 1024, OBJECT_NONE, RIGHT_GOVERN},                                     \
        {"ca_file", FIELD_TEXT, false, 1024, OBJECT_NONE, RIGHT_GOVERN},                                     \
        {"proxy", FIELD_TEXT, false, 1024, OBJECT_NONE, RIGHT_GOVERN},                                       \
        {"calls_per_second", FIELD_NUMBER, false, 100000}, {"read_only", FIELD_BOOL, false, 0},              \
    {                                                                                                        \
        NULL, FIELD_TEXT, false, 0                                                                           \
    }

const struct field access_add_fields[] = {
    {"cloud", FIELD_TEXT, true, 16},    {"name", FIELD_TEXT, true, 63},
    {"key_id", FIELD_TEXT, false, 256}, {"secret", FIELD_SECRET, false, 4096},
    {"owner", FIELD_TEXT, false, 63},   ACCESS_SETTINGS,
};

const struct field access_update_fields[] = {
    {"name", FIELD_TEXT, false, 63},
    {"key_id", FIELD_TEXT, false, 256},
    {"secret", FIELD_SECRET, false, 4096},
    ACCESS_SETTINGS,
};

const struct field access_policy_fields[] = {
    {"cloud", FIELD_TEXT, true, 16}, {"product", FIELD_TEXTS, false, 64}, {"read_only", FIELD_BOOL, false, 0},
    {"clean", FIELD_BOOL, false, 0}, {NULL, FIELD_TEXT, false, 0},
};

const struct field access_check_fields[] = {
    {"product", FIELD_TEXTS, false, 64},
    {"record", FIELD_BOOL, false, 0}, /* what the cloud answered, redacted; for one product */
    {NULL, FIELD_TEXT, false, 0},
};

struct access_work {
    struct request *rq;
    struct access_row row, *rows;
    size_t count;
    bool *seen; /* of each row */
    struct page page;
    const struct secret *secret, *token;
    struct access_row wanted; /* the row to write */
};

static bool check_regions(struct request *rq, struct err *err)
{
    size_t count;
    const char **regions = request_texts(rq, "regions", &count);
    for (size_t i = 0; i < count; i++)
        if (!*regions[i] || strspn(regions[i], "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(regions[i]))
            return err_set(err, ERR_INPUT, "\"%.40s\" is no region: lower-case letters, digits and hyphens",
                           regions[i]);
    return true;
}

/* A session token travels in a header, and no cloud's secret holds a blank: a pasted line end is the usual cause. */
static bool check_secrets(struct request *rq, struct err *err)
{
    static const char *const names[] = {"secret", "session_token"};
    for (size_t i = 0; i < countof(names); i++) {
        const char *text = request_text(rq, names[i]);
        if (text && *text && !access_text_check(i ? "the session token" : "the secret", text, err))
            return false;
    }
    return true;
}

static bool check_row(struct request *rq, const struct access_row *row, struct err *err)
{
    return access_check(rq->arena, row, err) && check_regions(rq, err) && check_secrets(rq, err);
}

/* What the body names replaces what the row has. */
static void apply_body(struct request *rq, struct access_row *row)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"name", &row->name},
                 {"key_id", &row->key_id},
                 {"site", &row->site},
                 {"gateway", &row->gateway},
                 {"ca_file", &row->ca_file},
                 {"proxy", &row->proxy},
                 {"secret_command", &row->secret_command},
                 {"role", &row->role},
                 {"external_id", &row->external_id}};
    for (size_t i = 0; i < countof(texts); i++) {
        const char *text = request_text(rq, texts[i].name);
        if (text)
            *texts[i].to = text;
    }
    if (!json_is_null(json_at(rq->body, "/regions"))) {
        size_t count;
        const char **regions = request_texts(rq, "regions", &count);
        row->regions = json_strings(rq->arena, regions, count);
    }
    if (request_bool(rq, "machine", false))
        row->key_source = "machine";
    else if (request_text(rq, "secret_command") && *row->secret_command)
        row->key_source = "command";
    else if (request_text(rq, "secret"))
        row->key_source = "stored";
    if (strcmp(row->key_source, "command") != 0)
        row->secret_command = "";
    row->calls_per_second = json_double(json_at(rq->body, "/calls_per_second"), row->calls_per_second);
    row->read_only = request_bool(rq, "read_only", row->read_only);
}

static const struct secret *body_secret(struct request *rq, const char *name)
{
    const char *text = request_text(rq, name);
    return text && *text ? secret_in(rq->arena, secret_new(text, strlen(text))) : NULL;
}

static void put_access(struct request *rq, struct reply *reply, const struct access_row *row)
{
    struct json_writer w = json_writer_to(&reply->body);
    view_access(&w, rq->arena, row);
}

static bool add_row(struct db *db, void *context, struct err *err)
{
    struct access_work *work = context;
    return store_access_add(db, &work->wanted, work->secret, work->token, err) &&
           store_access_load(db, work->rq->arena, work->wanted.id, &work->row, err);
}

bool v1_access_add(struct request *rq, struct reply *reply, struct err *err)
{
    struct store *store = rq->api->parts.store;
    const char *cloud = request_text(rq, "cloud");
    struct access_work work = {.rq = rq,
                               .secret = body_secret(rq, "secret"),
                               .token = body_secret(rq, "session_token")};
    work.wanted = access_blank(store, cloud);
    apply_body(rq, &work.wanted);
    if (!v1_owner_key(rq, request_text(rq, "owner"), &work.wanted.owner, err))
        return false;
    if (request_text(rq, "secret") && !work.secret)
        return err_set(err, ERR_INPUT, "the secret is empty");
    if (!!work.secret + request_bool(rq, "machine", false) + (request_text(rq, "secret_command") != NULL) !=
        1)
        return err_set(err, ERR_INPUT,
                       "give a secret, a secret command or the machine as source of the keys: one of them");
    rq->made_id = work.wanted.id;
    if (!check_row(rq, &work.wanted, err) || !request_write(rq, add_row, &work, err))
        return false;
    put_access(rq, reply, &work.row);
    reply->status = 201;
    return true;
}

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct access_work *work = context;
    struct request *rq = work->rq;
    if (!store_access_list(db, rq->arena, &work->page, &work->rows, &work->count, err))
        return false;
    work->seen = arena_array(rq->arena, bool, work->count);
    for (size_t i = 0; i < work->count; i++)
        if (!request_sees_access(rq, db, &work->rows[i], &work->seen[i], err))
            return false;
    return true;
}

bool v1_access_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct access_work work = {.rq = rq};
    if (!request_page(rq, &work.page, err) || !store_read(rq->api->parts.store, load_list, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.count; i++)
        if (work.seen[i])
            view_access(&w, rq->arena, &work.rows[i]);
    view_list_close(&w, work.count == work.page.limit ? work.rows[work.count - 1].id : 0);
    return true;
}

static bool load_one(struct db *db, void *context, struct err *err)
{
    struct access_work *work = context;
    return store_access_find(db, work->rq->arena, work->rq->args[0], &work->row, err);
}

bool v1_access_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct access_work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_one, &work, err))
        return false;
    put_access(rq, reply, &work.row);
    return true;
}

static bool load_with_secret(struct db *db, void *context, struct err *err)
{
    struct access_work *work = context;
    struct secret *secret, *token;
    if (!load_one(db, context, err) ||
        !store_access_secret(db, work->rq->arena, work->row.id, &secret, &token, err))
        return false;
    if (!work->secret)
        work->secret = secret;
    if (!work->token && secret == work->secret)
        work->token = token;
    return true;
}

static bool update_row(struct db *db, void *context, struct err *err)
{
    struct access_work *work = context;
    return store_access_update(db, &work->wanted, work->secret, work->token, err) &&
           store_access_load(db, work->rq->arena, work->wanted.id, &work->row, err);
}

/* A new key pair must belong to the account the access stands for: waiting tasks were planned against it. Where nobody
 * asked yet which one that is, the old pair tells; where that is refused, nothing can have been planned with it.
 */
static bool check_same_account(struct access_work *work, struct err *err)
{
    struct cloud *cloud = work->rq->api->parts.cloud;
    struct session *session;
    struct identity identity;
    struct err refused;
    if (!*work->row.account_id) {
        if (!cloud_session(cloud, work->row.id, &session, &refused) ||
            !cloud_check(session, work->rq->arena, &identity, &refused))
            return true;
        work->wanted.account_id = identity.account_id;
    }
    return cloud_check_row(cloud, work->rq->arena, &work->wanted, work->secret, work->token, &identity, err);
}

bool v1_access_update(struct request *rq, struct reply *reply, struct err *err)
{
    struct store *store = rq->api->parts.store;
    struct access_work work = {.rq = rq,
                               .secret = body_secret(rq, "secret"),
                               .token = body_secret(rq, "session_token")};
    bool new_source = request_text(rq, "secret_command") || request_bool(rq, "machine", false);
    bool new_key = work.secret || request_text(rq, "key_id") || new_source || request_text(rq, "role") ||
                   request_text(rq, "external_id");
    if (request_text(rq, "key_id") && !work.secret && !new_source)
        return err_set(err, ERR_INPUT, "a new key id needs its secret too");
    if (!store_read(store, load_with_secret, &work, err))
        return false;
    work.wanted = work.row;
    apply_body(rq, &work.wanted);
    if (new_key) {
        work.wanted.state = "unchecked";
        work.wanted.state_text = "";
    }
    if (!check_row(rq, &work.wanted, err) || (new_key && !check_same_account(&work, err)) ||
        !request_write(rq, update_row, &work, err))
        return err_add(err, "access %s", work.row.name);
    cloud_session_refresh(rq->api->parts.cloud, work.row.id);
    if (rq->api->parts.engine)
        engine_wake(rq->api->parts.engine);
    put_access(rq, reply, &work.row);
    return true;
}

bool v1_access_policy(struct request *rq, struct reply *reply, struct err *err)
{
    size_t count;
    const char **wanted = request_texts(rq, "product", &count);
    char *document;
    if (!policy_document(rq->arena, request_text(rq, "cloud"), wanted, count,
                         request_bool(rq, "read_only", false), request_bool(rq, "clean", false), &document,
                         err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'policy':%p,'text':%s}", document, document));
    return true;
}

/* What each product says, where products were named: they are listed, and one resource of each is read. */
static bool probe_products(struct request *rq, int64_t access_id, const char *cloud, struct json_writer *w,
                           struct err *err)
{
    size_t count;
    const char **wanted = request_texts(rq, "product", &count);
    bool recorded = request_bool(rq, "record", false);
    if (recorded && count != 1)
        return err_set(err, ERR_INPUT, "answers are recorded for one product at a time");
    json_open_array(w);
    for (size_t i = 0; i < count; i++) {
        const struct product *product = product_find(wanted[i]);
        struct access_probe probe = {"", ""};
        struct err refused = {0};
        if (!product || strcmp(product->cloud, cloud) != 0)
            return err_set(err, ERR_INPUT,
                           "product %.60s is none of the cloud %s: see `certferry product list`", wanted[i],
                           cloud);
        struct record record = {.arena = rq->arena};
        bool ok = inventory_probe(rq->api->parts.cloud, rq->arena, access_id, product,
                                  recorded ? &record : NULL, &probe, &refused);
        json_put_raw(w,
                     json_format(rq->arena, "{'product':%s,'ok':%p,'region':%s,'resource':%s,'error':%s%p%p}",
                                 product->code, json_boolean(ok), probe.region, probe.resource,
                                 ok ? NULL : refused.text, recorded ? ",\"answers\":" : "",
                                 recorded ? record_json(rq->arena, &record) : ""));
    }
    json_close_array(w);
    return true;
}

bool v1_access_check(struct request *rq, struct reply *reply, struct err *err)
{
    struct access_work work = {.rq = rq};
    struct session *session;
    struct identity identity;
    if (!store_read(rq->api->parts.store, load_one, &work, err))
        return false;
    cloud_session_refresh(rq->api->parts.cloud, work.row.id);
    if (!cloud_session(rq->api->parts.cloud, work.row.id, &session, err) ||
        !cloud_check(session, rq->arena, &identity, err))
        return err_add(err, "check access %s", work.row.name);
    struct buf probed = buf_new(rq->arena, 6 << 20);
    struct json_writer w = json_writer_to(&probed);
    if (!probe_products(rq, work.row.id, work.row.cloud, &w, err))
        return false;
    buf_puts(
        &reply->body,
        json_format(rq->arena,
                    "{'access':%lld,'name':%s,'state':'normal','account_id':%s,'principal':%s,'products':%p}",
                    (long long)work.row.id, work.row.name, identity.account_id, identity.principal,
                    probed.data));
    return true;
}

static bool delete_row(struct db *db, void *context, struct err *err)
{
    struct access_work *work = context;
    const char *reason;
    if (!load_one(db, context, err) || !store_access_needed(db, work->rq->arena, work->row.id, &reason, err))
        return false;
    if (reason)
        return err_set(err, ERR_CONFLICT, "access %s stays: %s", work->row.name, reason);
    return store_access_delete(db, work->row.id, err);
}

bool v1_access_delete(struct request *rq, struct reply *reply, struct err *err)
{
    struct access_work work = {.rq = rq};
    if (!request_write(rq, delete_row, &work, err))
        return false;
    cloud_session_refresh(rq->api->parts.cloud, work.row.id);
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)work.row.id));
    return true;
}

bool v1_access_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                    struct err *err)
{
    struct access_row row;
    struct buf text = buf_new(rq->arena, 1 << 20);
    struct json_writer w = json_writer_to(&text);
    if (!store_access_find(db, rq->arena, id_or_name, &row, err))
        return false;
    view_access(&w, rq->arena, &row);
    *ret = (struct viewed){row.id, row.name, text.data};
    return true;
}
