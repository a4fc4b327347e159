#include "api/cas/call.h"

#include "api/cas/record.h"
#include "base/clock.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool cas_read(struct cas_call *call, store_fn *fn, void *context, struct err *err)
{
    return store_read(call->api->parts.store, fn, context, err);
}

struct writing {
    struct cas_call *call;
    store_fn *fn;
    void *context;
};

static bool write_and_record(struct db *db, void *context, struct err *err)
{
    struct writing *writing = context;
    return writing->fn(db, writing->context, err) && cas_record(db, writing->call, err);
}

bool cas_write(struct cas_call *call, store_fn *fn, void *context, struct err *err)
{
    struct writing writing = {call, fn, context};
    return store_write(call->api->parts.store, write_and_record, &writing, err);
}

/* Without the clouds: they would keep the caller waiting. */
struct task_context cas_task_context(const struct cas_call *call)
{
    return (struct task_context){.store = call->api->parts.store, .clock = call->api->parts.clock};
}

static bool is_own(const struct cas_call *call, bool found, const char *owner, const char *code,
                   struct err *err)
{
    if (found && strcmp(owner, call->owner) == 0)
        return true;
    if (!found && err->kind != ERR_NOT_FOUND)
        return false;
    return cas_refuse(err, code);
}

bool cas_own_certificate(struct db *db, const struct cas_call *call, int64_t id, const char *code,
                         struct certificate_row *ret, struct err *err)
{
    bool found = store_certificate_load(db, call->arena, id, ret, err);
    return is_own(call, found, found ? ret->owner : "", code, err);
}

bool cas_own_contact(struct db *db, const struct cas_call *call, int64_t id, const char *code,
                     struct contact_row *ret, struct err *err)
{
    bool found = store_contact_load(db, call->arena, id, ret, err);
    return is_own(call, found, found ? ret->owner : "", code, err);
}

bool cas_own_access(struct db *db, const struct cas_call *call, int64_t id, struct access_row *ret,
                    struct err *err)
{
    bool found = store_access_load(db, call->arena, id, ret, err);
    return is_own(call, found, found ? ret->owner : "", "NotFound", err);
}

bool cas_own_task(struct db *db, const struct cas_call *call, int64_t id, struct task_row *ret,
                  struct err *err)
{
    bool found = store_task_load(db, call->arena, id, ret, err);
    return is_own(call, found, found ? ret->owner : "", "NotFound", err);
}

bool cas_own_resource(struct db *db, const struct cas_call *call, int64_t id, const char *code,
                      struct resource *ret, struct access_row *ret_access, struct err *err)
{
    bool found = store_resource_load(db, call->arena, id, ret, err) &&
                 store_access_load(db, call->arena, ret->access_id, ret_access, err);
    return is_own(call, found, found ? ret_access->owner : "", code, err);
}

bool cas_page(struct cas_call *call, int64_t default_size, struct cas_page *ret, struct err *err)
{
    int64_t number = cas_number(&call->given, "CurrentPage", 1),
            size = cas_number(&call->given, "ShowSize", default_size);
    if (number > NUMBERED_DEPTH || number * size > NUMBERED_DEPTH)
        return cas_refuse_saying(err, "InvalidCurrentPage",
                                 "Pages end after %d rows: narrow the list down by a filter, or list by "
                                 "cursor with certferry's own API.",
                                 NUMBERED_DEPTH);
    *ret = (struct cas_page){.at = {(size_t)((number - 1) * size), (size_t)size},
                             .number = number,
                             .size = size,
                             .asked =
                                 cas_text(&call->given, "CurrentPage") || cas_text(&call->given, "ShowSize")};
    return true;
}

void cas_put_page(struct cas_call *call, const struct cas_page *page, const char *total_name, int64_t total)
{
    json_member_int(&call->w, "CurrentPage", page->number);
    json_member_int(&call->w, "ShowSize", page->size);
    json_member_int(&call->w, total_name, total);
}

void cas_put_text(struct cas_call *call, const char *name, const char *text)
{
    if (text && *text)
        json_member_string(&call->w, name, text);
}

void cas_put_number(struct cas_call *call, const char *name, int64_t number)
{
    json_member_int(&call->w, name, number);
}

void cas_put_bool(struct cas_call *call, const char *name, bool value)
{
    json_member_bool(&call->w, name, value);
}

void cas_put_time(struct cas_call *call, const char *name, int64_t ms)
{
    if (ms > 0)
        json_member_string(&call->w, name, arena_printf(call->arena, "%lld", (long long)ms));
}

void cas_put_user(struct cas_call *call)
{
    int64_t id;
    json_member_int(&call->w, "UserId", request_id_parse(call->owner, &id) ? id : OWNER_DEFAULT_ID);
}

const char *cas_text_id(struct arena *a, const char *prefix, int64_t id)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char text[16];
    size_t at = sizeof text;
    text[--at] = '\0';
    for (uint64_t rest = (uint64_t)id; rest > 0 && at > 0; rest /= 36)
        text[--at] = digits[rest % 36];
    return arena_printf(a, "%s%s", prefix, text + at);
}

const char *cas_joined(struct arena *a, const char *json, size_t most)
{
    const struct json *list;
    struct buf b = buf_new(a, 1 << 20);
    if (!json_parse(a, json, strlen(json), &list, NULL))
        return "";
    for (size_t i = 0; i < json_count(list) && i < most; i++)
        buf_printf(&b, "%s%s", i ? "," : "", json_str(json_item(list, i), ""));
    return b.data;
}

const char *cas_day(struct arena *a, int64_t ms)
{
    return time_format(a, ms, "%Y-%m-%d");
}

const char *cas_upper(struct arena *a, const char *text)
{
    char *upper = arena_strdup(a, text);
    for (char *p = upper; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return upper;
}

const char *cas_algorithm(const char *key_type)
{
    return strcmp(key_type, "rsa") == 0 ? "RSA" : strcmp(key_type, "sm2") == 0 ? "SM2" : "ECC";
}

const char *cas_certificate_type(const struct certificate_row *row)
{
    return strcmp(row->kind, "uploaded") == 0 ? "upload" : "buy";
}
