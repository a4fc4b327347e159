#include "api/cas/job.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "store/approval.h"
#include <stdio.h>
#include <string.h>

enum { CERTIFICATES_MAX = 1000, RESOURCES_MAX = 10000 };

static const char *const job_types[] = {"user", "cloud", NULL};
static const char *const job_states[] = {"pending", "scheduling", "editing", NULL};

/* How far ahead a time may lie is the vendor's 13 digits; a time that has passed starts at once (R68). */
const struct cas_parameter cas_create_job_parameters[] = {
    {"Name", CAS_TEXT, true, 4 * TASK_NAME_CHARACTERS, NULL},
    {"JobType", CAS_WORD, true, 0, job_types},
    {"CertIds", CAS_IDS, true, CERTIFICATES_MAX, NULL},
    {"ResourceIds", CAS_IDS, true, RESOURCES_MAX, NULL},
    {"ContactIds", CAS_IDS, true, CONTACTS_OF_TASK, NULL},
    {"ScheduleTime", CAS_NUMBER, false, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_update_job_parameters[] = {
    {"JobId", CAS_NUMBER, true, 0, NULL},
    {"Name", CAS_TEXT, false, 4 * TASK_NAME_CHARACTERS, NULL},
    {"CertIds", CAS_IDS, false, CERTIFICATES_MAX, NULL},
    {"ResourceIds", CAS_IDS, false, RESOURCES_MAX, NULL},
    {"ContactIds", CAS_IDS, false, CONTACTS_OF_TASK, NULL},
    {"ScheduleTime", CAS_NUMBER, false, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_update_job_status_parameters[] = {
    {"JobId", CAS_NUMBER, true, 0, NULL},
    {"Status", CAS_WORD, true, 0, job_states},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_job_parameters[] = {
    {"JobId", CAS_NUMBER, true, 0, NULL},
    CAS_PARAMETERS_END,
};

/* What this API has no question for is accepted by submitting: that the old certificate cannot be put back, and that the new
 * one ends earlier. What would take names from visitors stays held, and its worker says so.
 */
static const char *accepted[] = {"no-rollback", "shorter"};

/* ---- what a task is made of ---- */

struct choice {
    struct cas_call *call;
    int64_t *certificates, *resources, *contacts;
    size_t certificate_count, resource_count, contact_count;
    const char *type;
};

static bool check_certificates(struct db *db, const struct choice *c, struct err *err)
{
    struct certificate_row row;
    for (size_t i = 0; i < c->certificate_count; i++)
        if (!cas_own_certificate(db, c->call, c->certificates[i], "InvalidCertId.NotFound", &row, err))
            return false;
    return true;
}

static bool check_contacts(struct db *db, const struct choice *c, struct err *err)
{
    struct contact_row row;
    for (size_t i = 0; i < c->contact_count; i++)
        if (!cas_own_contact(db, c->call, c->contacts[i], "InvalidContactId.NotFound", &row, err))
            return false;
    return true;
}

/* R20: such a listener is deployed to alone. */
static bool fits_bulk(const struct choice *c, const struct resource *r, struct err *err)
{
    bool several = strcmp(r->product, "aliyun/clb") == 0 && r->bound_count > 1;
    bool bulk = c->resource_count > 1 || c->certificate_count > 1;
    return !several || !bulk ||
           cas_refuse_saying(
               err, "ResourceNotSupportCert",
               "%s holds several server certificates: make a task for it alone, with one certificate.",
               r->title);
}

/* user: in the own account alone; cloud: beyond it. */
static bool fits_type(const struct choice *c, const struct resource *r, const struct access_row *access,
                      int64_t own_id, struct err *err)
{
    bool own = access->id == own_id;
    if (own == (strcmp(c->type, "user") == 0))
        return true;
    return cas_refuse_saying(err, "InvalidJobType", "%s lies %s: JobType %s is for it.", r->title,
                             own ? "in your own Alibaba Cloud account"
                                 : "beyond your own Alibaba Cloud account",
                             own ? "user" : "cloud");
}

static bool check_resources(struct db *db, const struct choice *c, struct err *err)
{
    struct access_row own, access;
    struct err missing = {0};
    bool found = store_access_own(db, c->call->arena, c->call->owner, "aliyun", &own, &missing);
    for (size_t i = 0; i < c->resource_count; i++) {
        struct resource r;
        if (!cas_own_resource(db, c->call, c->resources[i], "InvalidResourceId.NotFound", &r, &access, err))
            return false;
        if (r.missing)
            return cas_refuse(err, "InvalidResourceId.NotFound");
        if (!fits_type(c, &r, &access, found ? own.id : 0, err) || !fits_bulk(c, &r, err))
            return false;
    }
    return true;
}

static bool check_choice(struct db *db, void *context, struct err *err)
{
    const struct choice *c = context;
    return check_certificates(db, c, err) && check_contacts(db, c, err) && check_resources(db, c, err);
}

static void read_choice(struct cas_call *call, struct choice *c)
{
    c->call = call;
    cas_ids(call->arena, &call->given, "CertIds", &c->certificates, &c->certificate_count);
    cas_ids(call->arena, &call->given, "ResourceIds", &c->resources, &c->resource_count);
    cas_ids(call->arena, &call->given, "ContactIds", &c->contacts, &c->contact_count);
}

static struct texts texts_of(struct arena *a, const int64_t *ids, size_t count)
{
    const char **items = arena_array(a, const char *, count);
    for (size_t i = 0; i < count; i++)
        items[i] = arena_printf(a, "%lld", (long long)ids[i]);
    return (struct texts){items, count};
}

static bool check_name(const char *name, struct err *err)
{
    size_t count = 0, size = strlen(name);
    for (size_t at = 0; at < size; at += utf8_size(name + at, size - at))
        count++;
    return count <= TASK_NAME_CHARACTERS || cas_refuse_invalid(err, "Name");
}

/* ---- verbs ---- */

bool cas_create_job(struct cas_call *call, struct err *err)
{
    struct arena *a = call->arena;
    struct task_context context = cas_task_context(call);
    struct choice choice = {.type = cas_text(&call->given, "JobType")};
    struct task_form form = {.owner = call->owner,
                             .name = cas_text(&call->given, "Name"),
                             .type = choice.type,
                             .start_at_ms = cas_number(&call->given, "ScheduleTime", 0)};
    struct task_view view;
    read_choice(call, &choice);
    if (!check_name(form.name, err) || !cas_read(call, check_choice, &choice, err))
        return false;
    struct selection selection = {.certificates = texts_of(a, choice.certificates, choice.certificate_count),
                                  .resource = texts_of(a, choice.resources, choice.resource_count),
                                  .contacts = texts_of(a, choice.contacts, choice.contact_count),
                                  .accept = {accepted, countof(accepted)},
                                  .replaces = "",
                                  .verify = true};
    if (!task_create_as(&context, a, &form, &selection, &view, err))
        return false;
    call->made_id = view.task.id;
    cas_put_number(call, "JobId", view.task.id);
    return true;
}

struct loading {
    struct cas_call *call;
    struct cas_job job;
};

static bool load_job(struct db *db, void *context, struct err *err)
{
    struct loading *l = context;
    return cas_job_load(db, l->call, cas_number(&l->call->given, "JobId", 0), &l->job, err);
}

static void put_ids(struct json_writer *w, const char *member, const int64_t *ids, size_t count)
{
    json_key(w, member);
    json_open_array(w);
    for (size_t i = 0; i < count; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)ids[i]);
        json_put_string(w, text);
    }
    json_close_array(w);
}

/* The members of the selection that change; other resources forget what was taken out of the old ones. */
static bool changed_members(const struct choice *c, const struct json **ret, struct err *err)
{
    struct arena *a = c->call->arena;
    struct buf b = buf_new(a, 1 << 20);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    if (c->certificate_count)
        put_ids(&w, "certificates", c->certificates, c->certificate_count);
    if (c->resource_count) {
        put_ids(&w, "resource", c->resources, c->resource_count);
        json_member_raw(&w, "exclude", "[]");
    }
    if (c->contact_count)
        put_ids(&w, "contacts", c->contacts, c->contact_count);
    json_close_object(&w);
    return json_parse(a, b.data, b.size, ret, err);
}

/* What stays has to fit what is new. */
static void complete_choice(const struct cas_job *job, struct choice *c)
{
    c->type = *job->row.type ? job->row.type : job->counts.elsewhere ? "cloud" : "user";
    if (!c->resource_count) {
        c->resources = job->resources;
        c->resource_count = job->resource_count;
    }
}

bool cas_update_job(struct cas_call *call, struct err *err)
{
    struct task_context context = cas_task_context(call);
    struct loading l = {.call = call};
    struct choice choice = {0}, whole;
    struct task_view view;
    int64_t start_at_ms = cas_number(&call->given, "ScheduleTime", 0);
    struct task_change change = {.name = cas_text(&call->given, "Name"),
                                 .start_at_ms = start_at_ms ? &start_at_ms : NULL};
    read_choice(call, &choice);
    if ((change.name && !check_name(change.name, err)) || !cas_read(call, load_job, &l, err) ||
        !changed_members(&choice, &change.members, err))
        return false;
    whole = choice;
    complete_choice(&l.job, &whole);
    return cas_read(call, check_choice, &whole, err) &&
           task_update(&context, call->arena, arena_printf(call->arena, "%lld", (long long)l.job.row.id),
                       &change, &view, err);
}

struct submitting {
    struct cas_call *call;
    int64_t id, version;
    const char *at; /* "": when the task says */
    bool needed;
};

static bool ask_needed(struct db *db, void *context, struct err *err)
{
    struct submitting *s = context;
    return store_approval_needed(db, s->id, &s->needed, err);
}

static bool wait_for_approval(struct db *db, void *context, struct err *err)
{
    struct submitting *s = context;
    const struct caller *caller = &s->call->caller;
    struct approval_row row = {.id = store_new_id(s->call->api->parts.store),
                               .owner = "",
                               .task_id = s->id,
                               .task_version = s->version,
                               .who_kind = caller_kind_name(caller->kind),
                               .who_id = caller->subject_id,
                               .who = caller->name,
                               .request = json_format(s->call->arena, "{'at':%s}", s->at)};
    return store_approval_put(db, &row, err);
}

static bool withdraw_approval(struct db *db, void *context, struct err *err)
{
    const struct submitting *s = context;
    return store_approval_drop(db, s->id, err);
}

/* What was planned is compared with the inventory, which may have changed since: the vendor has no second look, so that the
 * plan is made anew once, and goes as it then is. Where a second person is wanted it waits for that one.
 */
static bool submit(struct cas_call *call, const struct task_row *row, bool now, struct err *err)
{
    struct task_context context = cas_task_context(call);
    struct task_view view;
    struct texts said;
    struct submitting s = {.call = call, .id = row->id, .at = now ? time_iso(call->arena, call->now_ms) : ""};
    struct task_when when = {.at = s.at, .time_zone = "UTC", .canary = "", .rollback_on = ""};
    if (!task_preview(&context, call->arena, arena_printf(call->arena, "%lld", (long long)row->id), &view,
                      err) ||
        !cas_read(call, ask_needed, &s, err))
        return false;
    s.version = view.task.version;
    return s.needed ? cas_write(call, wait_for_approval, &s, err)
                    : task_submit_when(&context, call->arena, s.id, s.version, &when, &said, err) &&
                          cas_write(call, withdraw_approval, &s, err); /* of another time */
}

static bool take_back(struct cas_call *call, const struct task_row *row, bool editing, struct err *err)
{
    struct task_context context = cas_task_context(call);
    struct submitting s = {.call = call, .id = row->id};
    return editing ? cas_write(call, withdraw_approval, &s, err) : task_unsubmit(&context, row->id, err);
}

/* A task that needs approval and is submitted already was approved: it only begins earlier. */
static bool set_status(struct cas_call *call, const struct task_row *row, const char *status, struct err *err)
{
    struct task_context context = cas_task_context(call);
    bool editing = strcmp(row->state, "editing") == 0;
    if (strcmp(status, "editing") == 0)
        return take_back(call, row, editing, err);
    bool now = strcmp(status, "scheduling") == 0;
    return now && !editing ? task_start(&context, row->id, err) : submit(call, row, now, err);
}

bool cas_update_job_status(struct cas_call *call, struct err *err)
{
    struct loading l = {.call = call};
    if (!cas_read(call, load_job, &l, err) ||
        !set_status(call, &l.job.row, cas_text(&call->given, "Status"), err))
        return false;
    if (call->api->parts.engine)
        engine_wake(call->api->parts.engine);
    cas_put_text(call, "Data", "[]");
    return true;
}

bool cas_delete_job(struct cas_call *call, struct err *err)
{
    struct task_context context = cas_task_context(call);
    struct loading l = {.call = call};
    return cas_read(call, load_job, &l, err) && task_delete(&context, l.job.row.id, err);
}
