#include "api/view.h"

#include "api/v1_owner.h"
#include "task/schedule.h"

void view_time_member(struct json_writer *w, struct arena *a, const char *name, int64_t ms)
{
    json_member_string(w, name, ms ? time_iso(a, ms) : NULL);
}

void view_roles_member(struct json_writer *w, const struct role_row *roles, size_t count)
{
    json_key(w, "roles");
    json_open_array(w);
    for (size_t i = 0; i < count; i++) {
        json_open_object(w);
        json_member_string(w, "role", role_name((enum role)roles[i].role));
        json_member_string(w, "group", roles[i].group_id == EVERYWHERE ? NULL : roles[i].group);
        json_close_object(w);
    }
    json_close_array(w);
}

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

void view_certificate(struct json_writer *w, struct arena *a, const struct certificate_row *row,
                      int64_t now_ms)
{
    enum certificate_status status =
        certificate_status_at(row->not_before_ms, row->not_after_ms, row->revoked, now_ms);
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    view_owner_member(w, row->owner);
    json_member_string(w, "kind", row->kind);
    json_member_string(w, "status", certificate_status_name(status));
    json_member_raw(w, "domains", row->domains);
    view_time_member(w, a, "not_before", row->not_before_ms);
    view_time_member(w, a, "not_after", row->not_after_ms);
    json_member_string(w, "key_type", row->key_type);
    json_member_int(w, "key_bits", row->key_bits);
    json_member_string(w, "issuer", row->issuer);
    json_member_string(w, "serial", row->serial);
    json_member_string(w, "fingerprint", row->fingerprint);
    json_member_bool(w, "has_key", row->has_key);
    json_member_bool(w, "chain_complete", row->chain_complete);
    json_member_raw(w, "warnings", row->warnings);
    view_time_member(w, a, "created", row->created_ms);
    json_close_object(w);
}

void view_access(struct json_writer *w, struct arena *a, const struct access_row *row)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    view_owner_member(w, row->owner);
    json_member_string(w, "cloud", row->cloud);
    json_member_string(w, "key_id", or_null(row->key_id));
    json_member_string(w, "key_source", row->key_source);
    json_member_string(w, "secret_command", or_null(row->secret_command));
    json_member_string(w, "role", or_null(row->role));
    json_member_string(w, "external_id", or_null(row->external_id));
    json_member_string(w, "site", row->site);
    json_member_raw(w, "regions", row->regions);
    json_member_string(w, "state", row->state);
    json_member_string(w, "reason", or_null(row->state_text));
    json_member_string(w, "account_id", or_null(row->account_id));
    json_member_bool(w, "read_only", row->read_only);
    json_member_string(w, "gateway", or_null(row->gateway));
    json_member_string(w, "ca_file", or_null(row->ca_file));
    json_member_string(w, "proxy", or_null(row->proxy));
    json_member_raw(w, "calls_per_second",
                    row->calls_per_second > 0 ? arena_printf(a, "%g", row->calls_per_second) : NULL);
    view_time_member(w, a, "checked", row->checked_ms);
    view_time_member(w, a, "created", row->created_ms);
    json_close_object(w);
}

static void put_bound(struct json_writer *w, struct arena *a, const struct bound *bound)
{
    json_open_object(w);
    json_member_string(w, "slot", bound->slot);
    json_member_string(w, "ref", or_null(bound->ref));
    json_member_string(w, "name", or_null(bound->name));
    json_member_raw(w, "domains", json_strings(a, bound->names, bound->name_count));
    view_time_member(w, a, "not_after", bound->not_after_ms);
    json_member_string(w, "key_type", or_null(bound->key_type));
    json_member_string(w, "issuer", or_null(bound->issuer));
    json_member_string(w, "fingerprint", or_null(bound->fingerprint));
    json_close_object(w);
}

static void put_names(struct json_writer *w, const struct resource *r)
{
    json_key(w, "names");
    json_open_array(w);
    for (size_t i = 0; i < r->name_count; i++) {
        json_open_object(w);
        json_member_string(w, "name", r->names[i].name);
        json_member_string(w, "evidence", evidence_name(r->names[i].evidence));
        json_close_object(w);
    }
    json_close_array(w);
}

void view_resource(struct json_writer *w, struct arena *a, const struct resource *r)
{
    json_open_object(w);
    json_member_int(w, "id", r->id);
    json_member_int(w, "access", r->access_id);
    json_member_string(w, "product", r->product);
    json_member_string(w, "region", or_null(r->region));
    json_member_string(w, "vendor_id", r->vendor_id);
    json_member_string(w, "title", r->title);
    put_names(w, r);
    json_member_bool(w, "https", r->https);
    json_key(w, "slots");
    json_open_array(w);
    for (size_t i = 0; i < r->bound_count; i++)
        put_bound(w, a, &r->bound[i]);
    json_close_array(w);
    json_member_string(w, "entry_point", *r->host ? arena_printf(a, "%s:%u", r->host, r->port) : NULL);
    json_member_string(w, "reach", r->reach);
    json_member_string(w, "managed_by", or_null(r->managed_by));
    json_member_string(w, "unfit", or_null(r->unfit));
    json_member_bool(w, "missing", r->missing);
    view_time_member(w, a, "synchronised", r->synced_ms);
    json_close_object(w);
}

static void put_counts(struct json_writer *w, const struct task_counts *counts)
{
    json_key(w, "deployments");
    json_open_object(w);
    json_member_int(w, "total", counts->total);
    for (size_t i = 0; i < countof(counts->by_state); i++)
        json_member_int(w, deployment_state_name((enum deployment_state)i), counts->by_state[i]);
    json_member_int(w, "already_bound", counts->already_bound);
    json_member_int(w, "verified", counts->verified);
    json_member_int(w, "not_verified", counts->not_verified);
    json_member_int(w, "contradicted", counts->contradicted);
    json_close_object(w);
}

void view_quota_member(struct json_writer *w, const struct quota_sums *quota)
{
    json_key(w, "quota");
    json_open_object(w);
    json_member_int(w, "held", quota->held);
    json_member_int(w, "used", quota->used);
    json_member_int(w, "returned", quota->returned);
    json_close_object(w);
}

/* When and how far it runs, and what it waits for now. */
static void put_when(struct json_writer *w, struct arena *a, const struct task_row *row,
                     const struct task_counts *counts, int64_t now_ms)
{
    struct schedule_gate gate = {0};
    struct err ignored = {0};
    bool waits = row->submitted_ms && counts->by_state[DEPLOYMENT_PLANNED] > 0;
    if (waits && !schedule_gate(a, row, now_ms, &gate, &ignored))
        gate = (struct schedule_gate){.waits_for = "window"}; /* its zone is gone: the log says so */
    view_time_member(w, a, "start_at", row->start_at_ms);
    json_member_string(w, "time_zone", or_null(row->time_zone));
    json_member_raw(w, "windows", row->windows);
    json_member_raw(w, "waves", row->waves);
    json_member_string(w, "rollback_on", or_null(row->rollback_on));
    json_member_string(w, "paused", or_null(row->paused));
    json_member_string(w, "waits_for", gate.waits_for);
    view_time_member(w, a, "next", gate.next_ms);
}

void view_task_open(struct json_writer *w, struct arena *a, const struct task_row *row,
                    const struct task_counts *counts, int64_t now_ms)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    view_owner_member(w, row->owner);
    json_member_string(w, "state", row->state);
    json_member_string(w, "type", *row->type ? row->type : counts->elsewhere ? "cloud" : "user");
    /* R107: the label people know, derived; the state keeps R91's words. */
    json_member_bool(w, "rolled_back", counts->by_state[DEPLOYMENT_ROLLBACK_SUCCESS] > 0);
    put_counts(w, counts);
    json_member_raw(w, "selection", row->selection);
    json_member_raw(w, "notes", row->notes);
    view_time_member(w, a, "created", row->created_ms);
    view_time_member(w, a, "submitted", row->submitted_ms);
    view_time_member(w, a, "finished", row->finished_ms);
    put_when(w, a, row, counts, now_ms);
}

void view_task(struct json_writer *w, struct arena *a, const struct task_row *row,
               const struct task_counts *counts, int64_t now_ms)
{
    view_task_open(w, a, row, counts, now_ms);
    json_close_object(w);
}

static void put_cause(struct json_writer *w, const struct deployment_row *row)
{
    json_key(w, "cause");
    if (!*row->cause_kind && !*row->cause_text) {
        json_put_null(w);
        return;
    }
    json_open_object(w);
    json_member_string(w, "kind", or_null(row->cause_kind));
    json_member_string(w, "code", or_null(row->cause_code));
    json_member_string(w, "text", row->cause_text);
    json_member_string(w, "request_id", or_null(row->cause_request_id));
    json_member_string(w, "advice", or_null(row->advice));
    json_close_object(w);
}

void view_deployment(struct json_writer *w, struct arena *a, const struct deployment_row *row)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_int(w, "task", row->task_id);
    json_member_int(w, "certificate", row->certificate_id);
    json_member_int(w, "resource", row->resource_id);
    json_member_int(w, "access", row->access_id);
    json_member_string(w, "product", row->product);
    json_member_string(w, "region", or_null(row->region));
    json_member_string(w, "vendor_id", row->vendor_id);
    json_member_string(w, "title", row->title);
    json_member_string(w, "slot", row->slot);
    json_member_raw(w, "names", row->names);
    json_member_string(w, "reason", row->reason);
    json_member_raw(w, "old", row->old);
    json_member_raw(w, "holds", row->holds);
    json_member_string(w, "no_rollback", or_null(row->undo));
    json_member_raw(w, "warnings", or_null(row->warnings));
    json_member_raw(w, "calls", or_null(row->calls));
    json_member_string(w, "copied_to", or_null(row->copied_to));
    json_member_bool(w, "charged", row->charged && !row->already_bound);
    json_member_string(w, "state", deployment_state_name(row->state));
    json_member_string(w, "step", row->step == STEP_NONE ? NULL : deployment_step_name(row->step));
    json_member_raw(w, "wave", row->wave ? arena_printf(a, "%lld", (long long)row->wave) : NULL);
    json_member_bool(w, "already_bound", row->already_bound);
    json_member_string(w, "verdict", or_null(row->verdict));
    json_member_string(w, "verdict_text", or_null(row->verdict_text));
    put_cause(w, row);
    view_time_member(w, a, "started", row->started_ms);
    view_time_member(w, a, "finished", row->finished_ms);
    json_close_object(w);
}

void view_list_open(struct json_writer *w)
{
    json_open_object(w);
    json_key(w, "items");
    json_open_array(w);
}

void view_list_close(struct json_writer *w, int64_t next)
{
    json_close_array(w);
    json_key(w, "next");
    if (next)
        json_put_int(w, next);
    else
        json_put_null(w);
    json_close_object(w);
}
