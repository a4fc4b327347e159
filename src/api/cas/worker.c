#include "api/cas/worker.h"

#include "api/cas/job.h"
#include "api/cas/product_code.h"
#include "api/cas/resource.h"
#include <string.h>

enum { DOMAINS_SHOWN = 200 };

static const char *const worker_states[] = {"editing",        "pending", "scheduling", "processing",
                                            "success",        "error",   "rollback",   "rollback_success",
                                            "rollback_error", NULL};
static const char *const rollback_alone[] = {"rollback", NULL};

const struct cas_parameter cas_list_workers_parameters[] = {
    {"JobId", CAS_NUMBER, true, 0, NULL},
    {"CloudProduct", CAS_TEXT, false, 32, NULL},
    {"Status", CAS_WORD, false, 0, worker_states},
    CAS_PAGE_PARAMETERS,
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_delete_worker_parameters[] = {
    {"JobId", CAS_NUMBER, true, 0, NULL},
    {"WorkerId", CAS_NUMBER, true, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_update_worker_status_parameters[] = {
    {"JobId", CAS_NUMBER, true, 0, NULL},
    {"WorkerId", CAS_NUMBER, true, 0, NULL},
    {"Status", CAS_WORD, true, 0, rollback_alone},
    CAS_PARAMETERS_END,
};

/* ---- states ---- */

/* What a deployment's state is called in a task that is being edited, and in one that was submitted. */
static const char *const words[][2] = {
    [DEPLOYMENT_PLANNED] = {"editing", "pending"},
    [DEPLOYMENT_HELD] = {"editing", "error"},
    [DEPLOYMENT_PENDING] = {"scheduling", "scheduling"},
    [DEPLOYMENT_PROCESSING] = {"processing", "processing"},
    [DEPLOYMENT_SUCCESS] = {"success", "success"},
    [DEPLOYMENT_ERROR] = {"error", "error"},
    [DEPLOYMENT_CANCELLED] = {"error", "error"},
    [DEPLOYMENT_ROLLBACK] = {"rollback", "rollback"},
    [DEPLOYMENT_ROLLBACK_SUCCESS] = {"rollback_success", "rollback_success"},
    [DEPLOYMENT_ROLLBACK_ERROR] = {"rollback_error", "rollback_error"},
};

/* Our states that have this word, as a filter; NULL: any. */
static const char *states_of(struct arena *a, const char *word, bool submitted)
{
    struct buf b = buf_new(a, 512);
    if (!word)
        return NULL;
    buf_puts(&b, ",");
    for (size_t i = 0; i < countof(words); i++)
        if (strcmp(words[i][submitted], word) == 0)
            buf_printf(&b, "%s,", deployment_state_name((enum deployment_state)i));
    return b.data;
}

/* ---- list ---- */

struct list {
    struct cas_call *call;
    struct cas_job job;
    const char *status, *product;
    struct cas_page page;
    struct certificate_row certificate; /* of the row before: rows come in runs */
    int64_t total;
};

static bool load_certificate(struct db *db, struct list *list, int64_t id, struct err *err)
{
    struct err gone = {0};
    if (list->certificate.id == id)
        return true;
    if (store_certificate_load(db, list->call->arena, id, &list->certificate, &gone))
        return true;
    list->certificate = (struct certificate_row){.id = id, .name = "", .domains = "[]", .kind = "uploaded"};
    if (gone.kind == ERR_NOT_FOUND)
        return true;
    *err = gone;
    return false;
}

static void put_certificate(const struct list *list)
{
    struct cas_call *call = list->call;
    const struct certificate_row *row = &list->certificate;
    cas_put_number(call, "CertId", row->id);
    cas_put_text(call, "CertName", row->name);
    cas_put_text(call, "CertDomain", cas_joined(call->arena, row->domains, DOMAINS_SHOWN));
    cas_put_text(call, "CertInstanceId",
                 cas_text_id(call->arena, strcmp(row->kind, "uploaded") == 0 ? "cas-upload-" : "cas-ivauto-",
                             row->id));
}

/* ResourceCertId: what a rollback would put back, where it is one of ours. */
static bool put_old_certificate(struct db *db, struct cas_call *call, const struct deployment_row *row,
                                struct err *err)
{
    struct bound *old;
    struct certificate_row held;
    struct err missing = {0};
    size_t count;
    if (!bound_from_json(call->arena, row->old, &old, &count, NULL) || !count || !*old[0].fingerprint)
        return true;
    if (store_certificate_by_fingerprint(db, call->arena, old[0].fingerprint, call->owner, &held, &missing))
        cas_put_number(call, "ResourceCertId", held.id);
    else if (missing.kind != ERR_NOT_FOUND) {
        *err = missing;
        return false;
    }
    return true;
}

/* Where it is; what vanished from the inventory is told by what the plan kept of it. */
static bool put_place(struct db *db, struct cas_call *call, const struct deployment_row *row, struct err *err)
{
    struct resource r;
    struct err gone = {0};
    const char *slash = strchr(row->product, '/');
    const char *cloud = arena_copy(call->arena, row->product, slash ? (size_t)(slash - row->product) : 0);
    bool there = store_resource_load(db, call->arena, row->resource_id, &r, &gone);
    if (!there && gone.kind != ERR_NOT_FOUND) {
        *err = gone;
        return false;
    }
    if (strcmp(cloud, "aliyun") != 0) {
        cas_put_text(call, "CloudName", cas_cloud_name(cloud));
        cas_put_text(call, "CloudRegion", row->region);
    }
    cas_put_number(call, "ResourceId", row->resource_id);
    cas_put_text(call, "CloudProduct", cas_product_code(row->product));
    cas_put_text(call, "RegionId", row->region);
    cas_put_text(call, "ResourceDomain", cas_joined(call->arena, row->names, 1));
    if (!cas_product_listens(row->product))
        return true;
    cas_put_text(call, "InstanceId", there ? cas_instance_of(&r) : "");
    cas_put_text(call, "ListenerId", there ? cas_listener_of(call->arena, &r) : row->vendor_id);
    if (there && r.port)
        cas_put_number(call, "Port", r.port); /* a number here */
    cas_put_bool(call, "DefaultResource", strcmp(row->slot, "default") == 0);
    return true;
}

/* R95: the model of the SDK has no member for the cause, and passes over what it does not know. */
static void put_cause(struct cas_call *call, const struct deployment_row *row)
{
    const char *held = cas_joined(call->arena, row->holds, 8);
    if (row->state == DEPLOYMENT_HELD)
        cas_put_text(call, "ErrorMessage",
                     arena_printf(call->arena,
                                  "Held back: %s. Accept that in certferry before the task is submitted.",
                                  held));
    else if (row->state == DEPLOYMENT_CANCELLED)
        cas_put_text(call, "ErrorMessage", "Cancelled before anything was changed.");
    else if (*row->cause_text)
        cas_put_text(call, "ErrorMessage",
                     arena_printf(call->arena, "%s%s%s", row->cause_text, *row->advice ? ". " : "",
                                  row->advice));
    cas_put_text(call, "ErrorCode", row->cause_code);
    cas_put_text(call, "Verdict", row->verdict);
}

static bool put_worker(struct db *db, struct list *list, const struct deployment_row *row, struct err *err)
{
    struct cas_call *call = list->call;
    if (!load_certificate(db, list, row->certificate_id, err))
        return false;
    json_open_object(&call->w);
    cas_put_number(call, "Id", row->id);
    cas_put_number(call, "JobId", row->task_id);
    cas_put_user(call);
    cas_put_text(call, "Status", words[row->state][cas_job_submitted(&list->job)]);
    put_certificate(list);
    if (!put_place(db, call, row, err) || !put_old_certificate(db, call, row, err))
        return false;
    put_cause(call, row);
    cas_put_time(call, "GmtCreate", row->created_ms);
    cas_put_time(call, "GmtModified", row->updated_ms);
    json_close_object(&call->w);
    return true;
}

/* A chosen resource that no certificate covers (R88). */
static bool put_unmatched(struct db *db, struct list *list, int64_t id, struct err *err)
{
    struct cas_call *call = list->call;
    struct resource r;
    struct access_row access;
    struct err gone = {0};
    bool there = cas_own_resource(db, call, id, "NotFound", &r, &access, &gone);
    if (!there && gone.kind != ERR_NOT_FOUND) {
        *err = gone;
        return false;
    }
    json_open_object(&call->w);
    cas_put_number(call, "Id", id);
    cas_put_number(call, "JobId", list->job.row.id);
    cas_put_user(call);
    cas_put_number(call, "ResourceId", id);
    cas_put_text(call, "Status", words[DEPLOYMENT_HELD][cas_job_submitted(&list->job)]);
    if (there) {
        cas_put_text(call, "CloudProduct", cas_product_code(r.product));
        cas_put_text(call, "RegionId", r.region);
        cas_put_text(call, "ResourceDomain", cas_domain_of(&r));
    }
    cas_put_text(call, "ErrorMessage", "No certificate of the task covers this resource, or it takes none.");
    json_close_object(&call->w);
    return true;
}

/* They follow the deployments, as long as the filter lets them. */
static size_t unmatched_of(const struct list *list)
{
    const char *word = words[DEPLOYMENT_HELD][cas_job_submitted(&list->job)];
    bool wanted = !list->product && (!list->status || strcmp(list->status, word) == 0);
    return wanted ? list->job.unmatched_count : 0;
}

static bool put_workers(struct db *db, void *context, struct err *err)
{
    struct list *list = context;
    struct cas_call *call = list->call;
    struct deployment_row *rows;
    size_t count;
    if (!cas_job_load(db, call, cas_number(&call->given, "JobId", 0), &list->job, err))
        return false;
    struct deployment_numbered_filter filter = {list->product, states_of(call->arena, list->status,
                                                                         cas_job_submitted(&list->job))};
    if (!store_deployment_numbered(db, call->arena, list->job.row.id, &filter, &list->page.at, &rows, &count,
                                   &list->total, err))
        return false;
    json_key(&call->w, "Data");
    json_open_array(&call->w);
    for (size_t i = 0; i < count; i++)
        if (!put_worker(db, list, &rows[i], err))
            return false;
    size_t first =
        list->page.at.offset > (size_t)list->total ? list->page.at.offset - (size_t)list->total : 0;
    size_t unmatched = unmatched_of(list);
    for (size_t i = first; i < unmatched && count + (i - first) < list->page.at.limit; i++)
        if (!put_unmatched(db, list, list->job.unmatched[i], err))
            return false;
    list->total += (int64_t)unmatched;
    json_close_array(&call->w);
    return true;
}

bool cas_list_workers(struct cas_call *call, struct err *err)
{
    const char *product = cas_text(&call->given, "CloudProduct");
    struct list list = {.call = call, .status = cas_text(&call->given, "Status")};
    if (product && !(list.product = cas_product_of(product)))
        return cas_refuse_invalid(err, "CloudProduct");
    if (!cas_page(call, 50, &list.page, err) || !cas_read(call, put_workers, &list, err))
        return false;
    cas_put_page(call, &list.page, "Total", list.total);
    return true;
}

/* ---- verbs ---- */

struct finding {
    struct cas_call *call;
    struct cas_job job;
    struct deployment_row row;
    bool unmatched; /* the worker is a resource without deployment */
};

static bool find_worker(struct db *db, void *context, struct err *err)
{
    struct finding *f = context;
    int64_t id = cas_number(&f->call->given, "WorkerId", 0);
    struct err missing = {0};
    if (!cas_job_load(db, f->call, cas_number(&f->call->given, "JobId", 0), &f->job, err))
        return false;
    for (size_t i = 0; i < f->job.unmatched_count; i++)
        f->unmatched |= f->job.unmatched[i] == id;
    if (f->unmatched ||
        (store_deployment_load(db, f->call->arena, id, &f->row, &missing) && f->row.task_id == f->job.row.id))
        return true;
    return cas_refuse(err, "NotFound");
}

bool cas_delete_worker(struct cas_call *call, struct err *err)
{
    struct task_context context = cas_task_context(call);
    struct finding f = {.call = call};
    struct task_view view;
    if (!cas_read(call, find_worker, &f, err))
        return false;
    const char *out = f.unmatched
                          ? cas_text(&call->given, "WorkerId")
                          : arena_printf(call->arena, "%lld/%s", (long long)f.row.resource_id, f.row.slot);
    struct task_change change = {.remove = {&out, 1}};
    return task_update(&context, call->arena, arena_printf(call->arena, "%lld", (long long)f.job.row.id),
                       &change, &view, err);
}

bool cas_update_worker_status(struct cas_call *call, struct err *err)
{
    struct task_context context = cas_task_context(call);
    struct finding f = {.call = call};
    struct task_refusal *refused;
    size_t refused_count;
    if (!cas_read(call, find_worker, &f, err))
        return false;
    if (f.unmatched)
        return err_set(err, ERR_CONFLICT, "nothing was deployed there: there is nothing to roll back");
    if (!task_rollback(&context, call->arena, f.job.row.id, &f.row.id, 1, false, &refused, &refused_count,
                       err))
        return false;
    if (call->api->parts.engine)
        engine_wake(call->api->parts.engine);
    cas_put_text(call, "Data", "[]");
    return true;
}
