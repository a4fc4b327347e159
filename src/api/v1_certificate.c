#include "api/v1_certificate.h"

#include "api/certificate_add.h"
#include "api/event_stream.h"
#include "api/problem.h"
#include "api/v1_owner.h"
#include "api/view.h"
#include "cert/certificate.h"
#include "codec/text.h"
#include "inventory/held.h"
#include <string.h>

const struct field certificate_import_fields[] = {
    {"cert", FIELD_TEXT, false, CERTIFICATE_FILE_BYTES, .hidden = true},
    {"key", FIELD_SECRET, false, CERTIFICATE_FILE_BYTES},
    {"chain", FIELD_TEXT, false, CERTIFICATE_FILE_BYTES, .hidden = true},
    {"pkcs12", FIELD_SECRET, false, CERTIFICATE_FILE_BYTES * 2}, /* base64 */
    {"password", FIELD_SECRET, false, 1024},
    {"name", FIELD_TEXT, false, 256},
    {"owner", FIELD_TEXT, false, 63},
    {NULL, FIELD_TEXT, false, 0},
};

const struct field certificate_export_fields[] = {
    {"format", FIELD_TEXT, true, 16}, /* pem, der, pkcs12 */
    {"password", FIELD_SECRET, false, 1024},
    {NULL, FIELD_TEXT, false, 0},
};

static bool parse_input(struct request *rq, struct certificate *ret, struct err *err)
{
    struct certificate_input input = {.cert_pem = request_text(rq, "cert"),
                                      .key_pem = request_text(rq, "key"),
                                      .chain_pem = request_text(rq, "chain")};
    const char *pkcs12 = request_text(rq, "pkcs12"), *password = request_text(rq, "password");
    if (!pkcs12 == !input.cert_pem)
        return err_set(err, ERR_INPUT, "give a certificate: either PEM (cert and key) or PKCS#12");
    if (pkcs12) {
        unsigned char *data;
        if (!base64_decode(rq->arena, pkcs12, strlen(pkcs12), &data, &input.pkcs12_size, err))
            return err_add(err, "pkcs12");
        input.pkcs12 = data;
        input.pkcs12_password =
            secret_in(rq->arena, secret_new(password ? password : "", password ? strlen(password) : 0));
    }
    input.cert_size = input.cert_pem ? strlen(input.cert_pem) : 0;
    input.key_size = input.key_pem ? strlen(input.key_pem) : 0;
    input.chain_size = input.chain_pem ? strlen(input.chain_pem) : 0;
    return certificate_import(rq->arena, &input, rq->api->parts.clock, ret, err);
}

bool v1_certificate_given(struct request *rq, struct certificate_row *ret, struct err *err)
{
    struct certificate cert;
    if (!parse_input(rq, &cert, err))
        return false;
    *ret = certificate_row_of(rq->arena, &cert);
    ret->name = certificate_name_suggest(rq->arena, &cert);
    return true;
}

bool v1_certificate_import(struct request *rq, struct reply *reply, struct err *err)
{
    struct certificate cert;
    struct store *store = rq->api->parts.store;
    const char *name = request_text(rq, "name");
    if ((name && !(certificate_name_check(name, err) && request_name_check(name, err))) ||
        !parse_input(rq, &cert, err))
        return false;
    const char *owner;
    struct certificate_row added;
    bool already;
    if (!v1_owner_key(rq, request_text(rq, "owner"), &owner, err) ||
        !certificate_add(store, rq->arena, &cert, owner, name, &added, &already, err))
        return false;
    rq->made_id = added.id;
    struct buf row = buf_new(rq->arena, 1 << 20);
    struct json_writer row_writer = json_writer_to(&row), w = json_writer_to(&reply->body);
    view_certificate(&row_writer, rq->arena, &added, clock_wall_ms(rq->api->parts.clock));
    json_open_object(&w);
    json_member_bool(&w, "already", already);
    json_member_raw(&w, "certificate", row.data);
    json_close_object(&w);
    reply->status = already ? 200 : 201;
    return true;
}

struct list {
    struct request *rq;
    struct page page;
    struct certificate_row *rows;
    size_t count;
};

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct list *list = context;
    return store_certificate_list(db, list->rq->arena, &list->page, &list->rows, &list->count, err);
}

bool v1_certificate_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct list list = {.rq = rq};
    if (!request_page(rq, &list.page, err) || !store_read(rq->api->parts.store, load_list, &list, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < list.count; i++)
        if (caller_sees_owner(&rq->caller, list.rows[i].owner))
            view_certificate(&w, rq->arena, &list.rows[i], clock_wall_ms(rq->api->parts.clock));
    view_list_close(&w, list.count == list.page.limit ? list.rows[list.count - 1].id : 0);
    return true;
}

struct show {
    struct request *rq;
    struct certificate_row row;
    struct secret *key, *sm2_key;
    bool with_key;
};

static bool load_one(struct db *db, void *context, struct err *err)
{
    struct show *show = context;
    if (!store_certificate_find(db, show->rq->arena, show->rq->args[0], &show->row, err))
        return false;
    return !show->with_key ||
           store_certificate_key(db, show->rq->arena, show->row.id, &show->key, &show->sm2_key, err);
}

bool v1_certificate_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct show show = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_one, &show, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_certificate(&w, rq->arena, &show.row, clock_wall_ms(rq->api->parts.clock));
    return true;
}

static bool parse_stored(struct show *show, struct certificate *ret, struct err *err)
{
    struct arena *a = show->rq->arena;
    const char *key = secret_bytes(show->key);
    const char *chain = arena_printf(a, "%s%s", show->row.chain_pem, show->row.roots_pem);
    struct certificate_input input = {.cert_pem = show->row.leaf_pem,
                                      .cert_size = strlen(show->row.leaf_pem),
                                      .chain_pem = chain,
                                      .chain_size = strlen(chain),
                                      .key_pem = key,
                                      .key_size = strlen(key)};
    return certificate_import(a, &input, show->rq->api->parts.clock, ret, err);
}

static bool export_pkcs12(struct show *show, struct json_writer *w, struct err *err)
{
    struct request *rq = show->rq;
    struct certificate cert;
    const char *password = request_text(rq, "password");
    unsigned char *data;
    size_t size;
    if (!password || !*password)
        return err_set(err, ERR_INPUT, "PKCS#12 needs a password: give it in a file");
    if (!parse_stored(show, &cert, err))
        return err_add(err, "certificate %s", show->row.name);
    struct x509 *certs = arena_array(rq->arena, struct x509, cert.chain_count + 1);
    certs[0] = cert.leaf;
    for (size_t i = 0; i < cert.chain_count; i++)
        certs[i + 1] = cert.chain[i];
    struct secret *secret = secret_in(rq->arena, secret_new(password, strlen(password)));
    if (!pkcs12_make(rq->arena, show->row.name, certs, cert.chain_count + 1, show->key, secret, &data, &size,
                     err))
        return false;
    json_member_string(w, "pkcs12", base64_encode(rq->arena, data, size));
    return true;
}

static bool export_der(struct show *show, struct json_writer *w, struct err *err)
{
    struct request *rq = show->rq;
    struct certificate cert;
    struct secret *der;
    if (!parse_stored(show, &cert, err) || !key_der(show->key, &der, err))
        return err_add(err, "certificate %s", show->row.name);
    secret_in(rq->arena, der);
    json_member_string(w, "cert", base64_encode(rq->arena, cert.leaf.der, cert.leaf.der_size));
    json_member_string(w, "key", base64_encode(rq->arena, secret_bytes(der), secret_size(der)));
    return true;
}

static bool export_pem(struct show *show, struct json_writer *w, struct err *err)
{
    (void)err;
    json_member_string(w, "cert", show->row.leaf_pem);
    json_member_string(w, "chain", show->row.chain_pem);
    json_member_string(w, "roots", show->row.roots_pem);
    json_member_string(w, "key", secret_bytes(show->key));
    if (*show->row.sm2_encryption_pem) {
        json_member_string(w, "encryption_cert", show->row.sm2_encryption_pem);
        json_member_string(w, "encryption_key", secret_bytes(show->sm2_key));
    }
    return true;
}

static const struct {
    const char *name;
    bool (*put)(struct show *show, struct json_writer *w, struct err *err);
} formats[] = {{"pem", export_pem}, {"der", export_der}, {"pkcs12", export_pkcs12}};

bool v1_certificate_export(struct request *rq, struct reply *reply, struct err *err)
{
    const char *format = request_text(rq, "format");
    struct show show = {.rq = rq, .with_key = true};
    struct json_writer w = json_writer_to(&reply->body);
    size_t i = 0;
    while (i < countof(formats) && strcmp(formats[i].name, format) != 0)
        i++;
    if (i == countof(formats))
        return err_set(err, ERR_INPUT, "format \"%s\": pem, der or pkcs12", format);
    if (!store_read(rq->api->parts.store, load_one, &show, err))
        return false;
    if (!show.row.has_key)
        return err_set(
            err, ERR_CONFLICT,
            "certificate %s has no private key here: only a vendor's certificate service holds it; "
            "`certferry cert sync --with-key` fetches it where the service gives it",
            show.row.name);
    json_open_object(&w);
    if (!formats[i].put(&show, &w, err))
        return false;
    json_close_object(&w);
    return true;
}

static bool delete_one(struct db *db, void *context, struct err *err)
{
    struct show *show = context;
    const char *reason;
    if (!load_one(db, context, err) ||
        !store_certificate_needed(db, show->rq->arena, show->row.id, &reason, err))
        return false;
    if (reason)
        return err_set(err, ERR_CONFLICT, "certificate %s stays: %s", show->row.name, reason);
    return store_certificate_delete(db, show->row.id, err);
}

bool v1_certificate_delete(struct request *rq, struct reply *reply, struct err *err)
{
    struct show show = {.rq = rq};
    if (!request_write(rq, delete_one, &show, err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)show.row.id));
    return true;
}

const struct field certificate_sync_fields[] = {
    {"access", FIELD_TEXT, true, 64, OBJECT_ACCESS},
    {"with_key", FIELD_BOOL, false, 0},
    {NULL, FIELD_TEXT, false, 0},
};

struct held_run { /* in an arena of its own: the exchange goes when the stream begins */
    struct arena *arena;
    struct event_stream *stream;
};

/* A client that left does not stop the work. */
static void held_progress(void *context, const struct held_outcome *o)
{
    struct held_run *run = context;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    (void)event_stream_put(run->stream, "progress",
                           json_format(a,
                                       "{'store':%s,'ref':%s,'name':%s,'added':%p,'has_key':%p,'error':%s}",
                                       o->vendor_store, o->ref, o->name, json_boolean(o->added),
                                       json_boolean(o->has_key), o->error));
}

struct find_access {
    struct arena *arena;
    const char *name;
    struct access_row row;
};

static bool find_access(struct db *db, void *context, struct err *err)
{
    struct find_access *find = context;
    return store_access_find(db, find->arena, find->name, &find->row, err);
}

bool v1_certificate_sync(struct request *rq, struct reply *reply, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(16 << 20);
    const struct api_parts *parts = &rq->api->parts;
    struct held_run run = {.arena = a};
    struct held_summary sum = {0};
    struct find_access access = {.arena = a, .name = request_text(rq, "access")};
    struct err failed = {0};
    if (!store_read(parts->store, find_access, &access, err) || !request_record(rq, err))
        return false;
    struct held_options options = {access.row.id, request_bool(rq, "with_key", false), &rq->api->stopping};
    run.stream = event_stream_open(rq->exchange);
    reply->taken = true;
    if (inventory_held(parts->cloud, parts->store, parts->clock, &options, held_progress, &run, &sum,
                       &failed))
        (void)event_stream_put(run.stream, "done",
                               json_format(a, "{'found':%zu,'added':%zu,'keys':%zu,'failed':%zu}", sum.found,
                                           sum.added, sum.keys, sum.failed));
    else
        (void)event_stream_put(run.stream, "problem", problem_document(a, &failed));
    event_stream_close(run.stream);
    return true;
}

bool v1_certificate_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                         struct err *err)
{
    struct certificate_row row;
    struct buf text = buf_new(rq->arena, 1 << 20);
    struct json_writer w = json_writer_to(&text);
    if (!store_certificate_find(db, rq->arena, id_or_name, &row, err))
        return false;
    view_certificate(&w, rq->arena, &row, clock_wall_ms(rq->api->parts.clock));
    *ret = (struct viewed){row.id, row.name, text.data};
    return true;
}
