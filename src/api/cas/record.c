#include "api/cas/record.h"

#include "api/v1_access.h"
#include "api/v1_certificate.h"
#include "api/v1_contact.h"
#include "api/v1_task.h"
#include "identity/audit.h"
#include <string.h>

enum { CHANGES_BYTES = 64 << 10 };

/* Nouns, their views, and the parameter that names one. */
static const struct {
    const char *noun, *parameter;
    trail_view_fn *view;
} kinds[] = {
    {"access", "AccessId", v1_access_view},
    {"certificate", "CertId", v1_certificate_view},
    {"contact", "ContactId", v1_contact_view},
    {"task", "JobId", v1_task_view},
};

static bool is_recorded(const struct cas_call *call)
{
    return call->operation->role > ROLE_VIEWER || call->exported;
}

static size_t kind_of(const struct cas_call *call)
{
    size_t i = 0;
    while (i + 1 < countof(kinds) && strcmp(kinds[i].noun, call->operation->object) != 0)
        i++;
    return i;
}

/* What belongs to others or is not there has no view. */
static bool view(struct db *db, struct cas_call *call, struct viewed *ret, struct err *err)
{
    size_t kind = kind_of(call);
    struct request rq = {.api = call->api,
                         .arena = call->arena,
                         .exchange = call->exchange,
                         .caller = call->caller,
                         .id = call->request_id};
    struct err failed = {0};
    int64_t id = call->made_id ? call->made_id : cas_number(&call->given, kinds[kind].parameter, 0);
    *ret = (struct viewed){0};
    if (!id || kinds[kind].view(&rq, db, arena_printf(call->arena, "%lld", (long long)id), ret, &failed))
        return true;
    *ret = (struct viewed){0};
    return failed.kind == ERR_NOT_FOUND || err_set(err, failed.kind, "%s", failed.text);
}

static bool view_before(struct db *db, void *context, struct err *err)
{
    struct cas_call *call = context;
    return view(db, call, &call->before, err);
}

bool cas_record_before(struct cas_call *call, struct err *err)
{
    return !is_recorded(call) || cas_read(call, view_before, call, err);
}

/* Old and new; of secrets, that they were given or left. */
static const char *changes_of(const struct cas_call *call, const struct viewed *after)
{
    struct buf text = buf_new(call->arena, CHANGES_BYTES);
    struct json_writer w = json_writer_to(&text);
    json_open_object(&w);
    if (call->exported)
        json_member_string(&w, "exported", "private key");
    else
        trail_put_changes(&w, call->arena, call->before.json, after->json);
    for (const struct cas_parameter *p = call->operation->parameters; p->name; p++)
        if ((p->type == CAS_SECRET || p->type == CAS_PEM) && cas_text(&call->given, p->name))
            json_member_string(&w, arena_printf(call->arena, "given %s", p->name), "(secret)");
    json_close_object(&w);
    return text.full ? TRAIL_TOO_MANY : text.data;
}

bool cas_record(struct db *db, struct cas_call *call, struct err *err)
{
    struct viewed after;
    if (!is_recorded(call) || call->recorded)
        return true;
    call->recorded = true;
    if (!view(db, call, &after, err))
        return false;
    const struct viewed *known = after.name ? &after : &call->before;
    struct audit_entry entry = {.request = call->request_id,
                                .caller = &call->caller,
                                .source = call->exchange->peer,
                                .action = arena_printf(call->arena, "cas %s", call->action),
                                .object = call->operation->object,
                                .object_id = known->id,
                                .object_name = known->name,
                                .changes = changes_of(call, &after)};
    return audit_append(db, call->arena, store_new_id(call->api->parts.store), call->now_ms, &entry, err);
}

static bool record(struct db *db, void *context, struct err *err)
{
    return cas_record(db, context, err);
}

bool cas_record_after(struct cas_call *call, struct err *err)
{
    if (!is_recorded(call) || call->recorded)
        return true;
    return store_write(call->api->parts.store, record, call, err) ||
           err_add(err, "this was done, but could not be recorded");
}
