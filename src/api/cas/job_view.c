#include "api/cas/job.h"

#include "api/cas/product_code.h"
#include "api/cas/resource.h"
#include "cert/certificate.h"
#include "store/approval.h"
#include <string.h>

enum { DOMAINS_SHOWN = 200, CERTIFICATES_SHOWN = 100 };

static const char *const job_types[] = {"user", "cloud", NULL};
static const char *const job_states[] = {"editing", "pending", "scheduling", "processing",
                                         "success", "error",   NULL};

const struct cas_parameter cas_job_or_none_parameters[] = {
    {"JobId", CAS_NUMBER, false, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_list_jobs_parameters[] = {
    {"JobType", CAS_WORD, false, 0, job_types},
    {"Status", CAS_WORD, false, 0, job_states},
    CAS_PAGE_PARAMETERS,
    CAS_PARAMETERS_END,
};

/* ---- loading ---- */

static void chosen_resources(struct arena *a, struct cas_job *job)
{
    const struct texts *chosen = &job->selection.resource;
    job->resources = arena_array(a, int64_t, chosen->count);
    for (size_t i = 0; i < chosen->count; i++) {
        int64_t id;
        if (request_id_parse(chosen->items[i], &id) && !texts_have(&job->selection.exclude, chosen->items[i]))
            job->resources[job->resource_count++] = id;
    }
}

static bool among(const int64_t *sorted, size_t count, int64_t id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && sorted[low] == id;
}

static bool find_unmatched(struct db *db, struct arena *a, struct cas_job *job, struct err *err)
{
    int64_t *matched;
    size_t count;
    if (!store_task_resources(db, a, job->row.id, &matched, &count, err))
        return false;
    job->unmatched = arena_array(a, int64_t, job->resource_count);
    for (size_t i = 0; i < job->resource_count; i++)
        if (!among(matched, count, job->resources[i]))
            job->unmatched[job->unmatched_count++] = job->resources[i];
    return true;
}

static bool fill(struct db *db, struct arena *a, struct cas_job *job, struct err *err)
{
    const char *text = job->row.selection;
    if (!selection_from_json(a, text, strlen(text), &job->selection, err) ||
        !store_task_count(db, job->row.id, &job->counts, err))
        return false;
    chosen_resources(a, job);
    return true;
}

bool cas_job_load(struct db *db, struct cas_call *call, int64_t id, struct cas_job *ret, struct err *err)
{
    struct cas_job job = {0};
    if (!cas_own_task(db, call, id, &job.row, err) || !fill(db, call->arena, &job, err) ||
        !find_unmatched(db, call->arena, &job, err))
        return false;
    *ret = job;
    return true;
}

bool cas_job_submitted(const struct cas_job *job)
{
    return job->row.submitted_ms != 0;
}

/* ---- one task ---- */

/* One that waits for a second person was submitted all the same. */
static bool status_of(struct db *db, struct cas_call *call, const struct task_row *row, const char **ret,
                      struct err *err)
{
    struct approval_row approval;
    struct err none = {0};
    *ret = strcmp(row->state, "cancelled") == 0 ? "error" : row->state;
    if (strcmp(row->state, "editing") != 0)
        return true;
    if (store_approval_of(db, call->arena, row->id, &approval, &none))
        *ret = "pending";
    else if (none.kind != ERR_NOT_FOUND) {
        *err = none;
        return false;
    }
    return true;
}

static int64_t rolled(const struct task_counts *n)
{
    return n->by_state[DEPLOYMENT_ROLLBACK] + n->by_state[DEPLOYMENT_ROLLBACK_SUCCESS] +
           n->by_state[DEPLOYMENT_ROLLBACK_ERROR];
}

static bool put_certificates_of(struct db *db, struct cas_call *call, const struct cas_job *job,
                                struct err *err)
{
    struct buf domains = buf_new(call->arena, 1 << 20);
    const char *type = "upload";
    for (size_t i = 0; i < job->selection.certificates.count && i < CERTIFICATES_SHOWN; i++) {
        struct certificate_row row;
        struct err gone = {0};
        if (!store_certificate_find(db, call->arena, job->selection.certificates.items[i], &row, &gone)) {
            if (gone.kind == ERR_NOT_FOUND)
                continue; /* deleted since: a finished task outlives it */
            *err = gone;
            return false;
        }
        type = cas_certificate_type(&row);
        buf_printf(&domains, "%s%s", domains.size ? "," : "",
                   cas_joined(call->arena, row.domains, DOMAINS_SHOWN));
    }
    cas_put_text(call, "CertDomain", domains.data);
    cas_put_text(call, "CertType", type);
    return true;
}

static bool put_products_of(struct db *db, struct cas_call *call, int64_t task_id, struct err *err)
{
    struct product_count *counts;
    struct buf b = buf_new(call->arena, 4096);
    size_t count;
    if (!store_task_products(db, call->arena, task_id, &counts, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        buf_printf(&b, "%s%s", i ? "," : "", cas_product_code(counts[i].product));
    cas_put_text(call, "ProductName", b.data);
    return true;
}

static bool put_job(struct db *db, struct cas_call *call, const struct cas_job *job, struct err *err)
{
    const struct task_row *row = &job->row;
    const char *type = *row->type ? row->type : job->counts.elsewhere ? "cloud" : "user", *status;
    if (!status_of(db, call, row, &status, err))
        return false;
    cas_put_number(call, "Id", row->id);
    cas_put_text(call, "InstanceId",
                 cas_text_id(call->arena, arena_printf(call->arena, "cas-job-%s-", type), row->id));
    cas_put_user(call);
    cas_put_text(call, "Name", row->name);
    cas_put_text(call, "JobType", type);
    cas_put_text(call, "Status", status);
    cas_put_number(call, "Rollback", rolled(&job->counts) > 0); /* R107 */
    cas_put_number(call, "Del", 0);
    cas_put_time(call, "ScheduleTime", row->start_at_ms);
    cas_put_time(call, "StartTime", row->submitted_ms ? int64_max(row->submitted_ms, row->start_at_ms) : 0);
    cas_put_time(call, "EndTime", row->finished_ms);
    cas_put_time(call, "GmtCreate", row->created_ms);
    cas_put_time(call, "GmtModified", row->updated_ms);
    return put_certificates_of(db, call, job, err) && put_products_of(db, call, row->id, err);
}

static const char *config_of(struct arena *a, const struct cas_job *job)
{
    struct buf b = buf_new(a, 1 << 20);
    for (size_t i = 0; i < job->selection.certificates.count; i++)
        buf_printf(&b, "%s%s", i ? "," : "", job->selection.certificates.items[i]);
    return arena_printf(a, "{\"shareCertIds\":[],\"certIds\":[%s]}", b.data);
}

static bool put_contacts(struct db *db, struct cas_call *call, int64_t task_id, struct err *err)
{
    struct contact_row *rows;
    size_t count;
    if (!store_task_contacts(db, call->arena, task_id, &rows, &count, err))
        return false;
    json_key(&call->w, "CasContacts");
    json_open_array(&call->w);
    for (size_t i = 0; i < count; i++) {
        json_open_object(&call->w);
        cas_put_text(call, "Id", arena_printf(call->arena, "%lld", (long long)rows[i].id)); /* a text here */
        cas_put_text(call, "Name", rows[i].name);
        cas_put_text(call, "Email", rows[i].mail);
        cas_put_text(call, "Mobile", rows[i].mobile);
        json_close_object(&call->w);
    }
    json_close_array(&call->w);
    return true;
}

static bool describe(struct db *db, void *context, struct err *err)
{
    struct cas_call *call = context;
    struct cas_job job;
    if (!cas_job_load(db, call, cas_number(&call->given, "JobId", 0), &job, err) ||
        !put_job(db, call, &job, err) || !put_contacts(db, call, job.row.id, err))
        return false;
    cas_put_text(call, "Config", config_of(call->arena, &job));
    return true;
}

bool cas_describe_job(struct cas_call *call, struct err *err)
{
    return cas_read(call, describe, call, err);
}

/* ---- counters ---- */

static bool put_quota(struct db *db, struct cas_call *call, struct err *err)
{
    const char *account;
    struct quota_balance balance;
    if (!store_quota_account(db, call->owner, &account, err) ||
        !store_quota_balance(db, account, &balance, err))
        return false;
    cas_put_number(call, "ResourceCount", balance.total);
    cas_put_number(call, "BuyCount", balance.bought);
    cas_put_number(call, "UseCount", balance.used + balance.free_used);
    return true;
}

static bool put_product_counts(struct db *db, struct cas_call *call, int64_t task_id, struct err *err)
{
    struct product_count *counts = NULL;
    size_t count = 0;
    if (task_id && !store_task_products(db, call->arena, task_id, &counts, &count, err))
        return false;
    json_key(&call->w, "ProductWorkerCount");
    json_open_array(&call->w);
    for (size_t i = 0; i < count; i++)
        json_put_raw(&call->w, json_format(call->arena, "{'ProductName':%s,'Count':%lld}",
                                           cas_product_code(counts[i].product), (long long)counts[i].count));
    json_close_array(&call->w);
    return true;
}

/* R101: successes and failures are all there are in the end, but for what went back, which is counted apart. What is held back,
 * cancelled or matches no certificate will not come any more once the task was submitted.
 */
static void put_counters(struct cas_call *call, const struct cas_job *job)
{
    const struct task_counts *n = &job->counts;
    int64_t unmatched = (int64_t)job->unmatched_count, over = 0;
    if (cas_job_submitted(job))
        over = n->by_state[DEPLOYMENT_HELD] + n->by_state[DEPLOYMENT_CANCELLED] + unmatched;
    cas_put_number(call, "CertCount", (int64_t)job->selection.certificates.count);
    cas_put_number(call, "WorkerCount", n->total + unmatched);
    cas_put_number(call, "MatchWorkerCount", n->total);
    cas_put_number(call, "SuccessCount", n->by_state[DEPLOYMENT_SUCCESS]);
    cas_put_number(call, "FailedCount", n->by_state[DEPLOYMENT_ERROR] + over);
    cas_put_number(call, "RollbackCount", rolled(n));
    cas_put_number(call, "RollbackSuccessCount", n->by_state[DEPLOYMENT_ROLLBACK_SUCCESS]);
    cas_put_number(call, "RollbackFailedCount", n->by_state[DEPLOYMENT_ROLLBACK_ERROR]);
}

static bool describe_status(struct db *db, void *context, struct err *err)
{
    struct cas_call *call = context;
    struct cas_job job = {0};
    int64_t id = cas_number(&call->given, "JobId", 0), cost = 0;
    if (id && (!cas_job_load(db, call, id, &job, err) || !store_task_cost(db, id, &cost, err)))
        return false;
    put_counters(call, &job);
    cas_put_number(call, "CostCount", cost);
    return put_quota(db, call, err) && put_product_counts(db, call, id, err);
}

bool cas_describe_job_status(struct cas_call *call, struct err *err)
{
    return cas_read(call, describe_status, call, err);
}

/* ---- lists ---- */

struct list {
    struct cas_call *call;
    struct task_numbered_filter filter;
    struct cas_page page;
    int64_t total;
};

static bool put_jobs(struct db *db, void *context, struct err *err)
{
    struct list *list = context;
    struct cas_call *call = list->call;
    struct task_row *rows;
    size_t count;
    if (!store_task_numbered(db, call->arena, call->owner, &list->filter, &list->page.at, &rows, &count,
                             &list->total, err))
        return false;
    json_key(&call->w, "Data");
    json_open_array(&call->w);
    for (size_t i = 0; i < count; i++) {
        struct cas_job job = {.row = rows[i]};
        json_open_object(&call->w);
        if (!fill(db, call->arena, &job, err) || !put_job(db, call, &job, err))
            return false;
        json_close_object(&call->w);
    }
    json_close_array(&call->w);
    return true;
}

bool cas_list_jobs(struct cas_call *call, struct err *err)
{
    struct list list = {.call = call,
                        .filter = {cas_text(&call->given, "Status"), cas_text(&call->given, "JobType")}};
    if (!cas_page(call, 50, &list.page, err) || !cas_read(call, put_jobs, &list, err))
        return false;
    cas_put_page(call, &list.page, "Total", list.total);
    return true;
}

static const char *status_code_of(const struct cas_call *call, const struct certificate_row *row)
{
    switch (certificate_status_at(row->not_before_ms, row->not_after_ms, row->revoked, call->now_ms)) {
    case CERTIFICATE_REVOKED:
        return "revoked";
    case CERTIFICATE_EXPIRED:
        return "expired";
    case CERTIFICATE_WILL_EXPIRE:
        return "willExpired";
    case CERTIFICATE_ISSUED:
    case CERTIFICATE_NOT_YET_VALID:
        break;
    }
    return strcmp(row->kind, "uploaded") == 0 ? "upload" : "issued";
}

static void put_certificate(struct cas_call *call, const struct certificate_row *row)
{
    int64_t month_ms = (int64_t)30 * 24 * 3600 * 1000;
    json_open_object(&call->w);
    cas_put_number(call, "CertId", row->id);
    cas_put_text(call, "CertInstanceId",
                 cas_text_id(call->arena, strcmp(row->kind, "uploaded") == 0 ? "cas-upload-" : "cas-ivauto-",
                             row->id));
    cas_put_text(call, "CertName", row->name);
    cas_put_text(call, "CertOrderType", cas_certificate_type(row));
    cas_put_text(call, "Algorithm", cas_algorithm(row->key_type));
    cas_put_text(call, "CommonName",
                 *row->common_name ? row->common_name : cas_joined(call->arena, row->domains, 1));
    cas_put_bool(call, "IsTrustee", false);
    cas_put_number(call, "Month", (row->not_after_ms - row->not_before_ms + month_ms / 2) / month_ms);
    cas_put_number(call, "NotBeforeTime", row->not_before_ms);
    cas_put_number(call, "NotAfterTime", row->not_after_ms);
    json_member_raw(&call->w, "Sans", row->domains);
    cas_put_text(call, "StatusCode", status_code_of(call, row));
    json_close_object(&call->w);
}

static bool put_certificates(struct db *db, void *context, struct err *err)
{
    struct cas_call *call = context;
    struct cas_job job;
    if (!cas_job_load(db, call, cas_number(&call->given, "JobId", 0), &job, err))
        return false;
    json_key(&call->w, "Data");
    json_open_array(&call->w);
    for (size_t i = 0; i < job.selection.certificates.count; i++) {
        struct certificate_row row;
        struct err gone = {0};
        if (store_certificate_find(db, call->arena, job.selection.certificates.items[i], &row, &gone))
            put_certificate(call, &row);
        else if (gone.kind != ERR_NOT_FOUND) {
            *err = gone;
            return false;
        }
    }
    json_close_array(&call->w);
    return true;
}

bool cas_list_job_certificates(struct cas_call *call, struct err *err)
{
    return cas_read(call, put_certificates, call, err);
}

/* Meant for a task that has not finished; what vanished from the inventory is left out. */
static bool put_resources(struct db *db, void *context, struct err *err)
{
    struct cas_call *call = context;
    struct cas_job job;
    if (!cas_job_load(db, call, cas_number(&call->given, "JobId", 0), &job, err))
        return false;
    json_key(&call->w, "Data");
    json_open_array(&call->w);
    for (size_t i = 0; i < job.resource_count; i++) {
        struct resource r;
        struct access_row access;
        struct err gone = {0};
        bool there = cas_own_resource(db, call, job.resources[i], "NotFound", &r, &access, &gone);
        if (!there && gone.kind != ERR_NOT_FOUND) {
            *err = gone;
            return false;
        }
        if (there && !r.missing && !cas_put_resource(db, call, &r, &access, CAS_ACCESS_NUMBER, err))
            return false;
    }
    json_close_array(&call->w);
    return true;
}

bool cas_list_job_resources(struct cas_call *call, struct err *err)
{
    return cas_read(call, put_resources, call, err);
}
