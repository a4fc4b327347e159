/* The order, which matters when the process dies:
 *  1. what is there is looked at: our rows, the certificate's status, the vendor's records;
 *  2. the certificate is brought into the vendor's service where it is not yet, and that is noted;
 *  3. a row `pushing` per region is committed;
 *  4. one call pushes to all of them;
 *  5. each row gets its outcome.
 * Death before 4 or between 4 and 5 leaves rows that the next start makes `unknown`, which step 1 settles by the vendor's
 * records the next time somebody asks.
 */
#include "inventory/push.h"

#include "cert/certificate.h"
#include "cloud/vendor.h"
#include <string.h>

enum { PATIENCE_MS = 20000, SHOWS_WITHIN_MS = 60000 };

struct run {
    struct cloud *cloud;
    struct store *store;
    const struct clock *clock;
    struct arena *a;
    const struct push_request *request;
    struct push_view *view;
    const struct pusher *pusher;
    const struct push_product *product;
    struct job job;
    struct push *pushes; /* beside view->rows */
    const char *ref;     /* of the certificate in the vendor's service; "" */
    bool brought, records_told, records_complete;
};

/* ---- what was asked ---- */

static bool find_product(struct run *run, struct err *err)
{
    const struct vendor *vendor = vendor_find(run->view->access.cloud);
    run->pusher = vendor ? vendor->pusher : NULL;
    const struct push_product *p = run->pusher ? run->pusher->products : NULL;
    for (; p && p->code && strcmp(p->code, run->request->product) != 0;)
        p++;
    run->product = p && p->code ? p : NULL;
    if (run->product)
        return true;
    if (run->pusher)
        return err_set(err, ERR_INPUT,
                       "certificates cannot be pushed to %.60s: huawei/waf, huawei/elb or huawei/cdn",
                       run->request->product);
    return err_set(err, ERR_INPUT,
                   "access %s is of %s: only Huawei Cloud's certificate service pushes; elsewhere, deploy",
                   run->view->access.name, run->view->access.cloud);
}

static bool check_regions(struct run *run, struct err *err)
{
    const struct push_request *r = run->request;
    if (run->product->global && r->region_count)
        return err_set(err, ERR_INPUT, "%s has no regions: push to it without one", run->product->code);
    if (!run->product->global && (!r->region_count || r->region_count > run->pusher->regions_max))
        return err_set(err, ERR_INPUT, "a push goes to 1 to %u regions", run->pusher->regions_max);
    for (size_t i = 0; i < r->region_count; i++) {
        const char *region = r->regions[i];
        size_t size = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
        if (!size || region[size] || size > 32)
            return err_set(err, ERR_INPUT,
                           "\"%.40s\" is no region: up to 32 lower-case letters, digits and hyphens", region);
        for (size_t k = 0; k < i; k++)
            if (strcmp(region, r->regions[k]) == 0)
                return err_set(err, ERR_INPUT, "region %s is named twice", region);
    }
    return true;
}

static bool check_certificate(const struct run *run, struct err *err)
{
    const struct certificate_row *c = &run->view->certificate;
    enum certificate_status status =
        certificate_status_at(c->not_before_ms, c->not_after_ms, c->revoked, clock_wall_ms(run->clock));
    if (status == CERTIFICATE_ISSUED || status == CERTIFICATE_WILL_EXPIRE)
        return true;
    return err_set(err, ERR_INVALID_CERTIFICATE, "certificate %s is %s: only a valid one is pushed", c->name,
                   certificate_status_name(status));
}

static bool load_asked(struct db *db, void *context, struct err *err)
{
    struct run *run = context;
    return store_certificate_find(db, run->a, run->request->certificate, &run->view->certificate, err) &&
           store_access_find(db, run->a, run->request->access, &run->view->access, err);
}

/* The account is part of what is done once: who was never checked is checked now (R21). */
static bool check_access(struct run *run, struct err *err)
{
    struct identity identity;
    if (*run->view->access.account_id)
        return true;
    if (!cloud_check(run->job.session, run->a, &identity, err))
        return err_add(err, "access %s has to be checked before a push", run->view->access.name);
    run->view->access.account_id = identity.account_id;
    return true;
}

static void make_rows(struct run *run)
{
    struct push_view *v = run->view;
    v->product = run->product->code;
    v->next = run->product->next;
    v->count = run->product->global ? 1 : run->request->region_count;
    v->rows = arena_array(run->a, struct push_row, v->count);
    run->pushes = arena_array(run->a, struct push, v->count);
    for (size_t i = 0; i < v->count; i++) {
        const char *region = run->product->global ? "" : run->request->regions[i];
        v->rows[i] = (struct push_row){.owner = "",
                                       .access_id = v->access.id,
                                       .certificate_id = v->certificate.id,
                                       .access = v->access.name,
                                       .certificate = v->certificate.name,
                                       .account_id = v->access.account_id,
                                       .product = v->product,
                                       .region = region,
                                       .state = PUSH_PLANNED,
                                       .ref = "",
                                       .copy_ref = "",
                                       .text = ""};
        run->pushes[i] = (struct push){.region = region, .ref = "", .text = ""};
    }
}

/* ---- what is there ---- */

static bool load_rows(struct db *db, void *context, struct err *err)
{
    struct run *run = context;
    struct push_view *v = run->view;
    struct copy_row copy;
    struct err none = {0};
    run->ref =
        store_copy_find(db, run->a, v->access.id, v->certificate.id, run->pusher->vendor_store, &copy, &none)
            ? copy.ref
            : "";
    for (size_t i = 0; i < v->count; i++) {
        struct push_row found;
        none = (struct err){0};
        if (store_push_find(db, run->a, &v->rows[i], &found, &none))
            v->rows[i] = found;
        else if (none.kind != ERR_NOT_FOUND)
            return err_set(err, none.kind, "%s", none.text);
        if (!*run->ref && *v->rows[i].ref)
            run->ref = v->rows[i].ref;
    }
    return true;
}

/* The certificate over there. One that is gone is brought anew, and what was pushed of the old one is not asked about. */
static bool look_there(struct run *run, struct err *err)
{
    struct err why = {0};
    if (*run->ref && !run->pusher->ready(&run->job, run->ref, &why)) {
        if (why.kind != ERR_NOT_FOUND || !run->view->certificate.has_key) {
            if (err)
                *err = why;
            return false;
        }
        run->ref = "";
    }
    run->view->brings = !*run->ref;
    if (!*run->ref && !run->view->certificate.has_key)
        return err_set(
            err, ERR_INVALID_CERTIFICATE,
            "certificate %s does not lie in %s of this account, and its private key is not here to "
            "bring it: import the key, or `certferry cert sync --access %s`",
            run->view->certificate.name, run->pusher->vendor_store, run->view->access.name);
    return true;
}

/* The vendor's records are of its old API: where they are not to be had, its own refusal of a second push has to do. */
static bool ask_records(struct run *run, struct err *err)
{
    struct err why = {0};
    if (!*run->ref)
        return true;
    run->records_told = run->pusher->records(&run->job, run->ref, run->product, run->pushes, run->view->count,
                                             &run->records_complete, &why);
    if (run->records_told ||
        (why.kind != ERR_CREDENTIAL && why.kind != ERR_TIMEOUT && why.kind != ERR_NETWORK))
        return true;
    if (err)
        *err = why;
    return err_add(err, "the records of pushes");
}

/* An unknown row is settled by the records, or by time where they would show it or its certificate is gone from there. */
static void judge(const struct run *run, struct push_row *row, const struct push *push)
{
    bool unknown = strcmp(row->state, PUSH_UNKNOWN) == 0;
    bool old = clock_wall_ms(run->clock) - row->created_ms >= SHOWS_WITHIN_MS;
    if (unknown && push->recorded) {
        row->state = PUSH_SUCCESS;
        row->text = "the answer was lost; the cloud's records show the push";
    } else if (unknown && old &&
               (strcmp(row->ref, run->ref) != 0 || (run->records_told && run->records_complete))) {
        row->state = PUSH_ERROR;
        row->text = "the answer was lost, and the cloud's records show no push";
    } else if (strcmp(row->state, PUSH_PLANNED) == 0 && push->recorded) {
        row->state = PUSH_THERE;
        row->text = "it was pushed there before, as the cloud's records show";
    }
}

struct settling {
    struct run *run;
    size_t i;
};

static bool end_row(struct db *db, void *context, struct err *err)
{
    const struct settling *s = context;
    const struct push_row *row = &s->run->view->rows[s->i];
    return store_push_end(db, row->id, row->state, row->copy_ref, row->text, err);
}

/* Writes what was found out; what surely failed is planned again. */
static bool settle(struct run *run, struct err *err)
{
    struct push_view *v = run->view;
    for (size_t i = 0; i < v->count; i++) {
        struct settling s = {run, i};
        struct push_row *row = &v->rows[i];
        const char *before = row->state;
        judge(run, row, &run->pushes[i]);
        if (row->id && strcmp(before, row->state) != 0 && !store_write(run->store, end_row, &s, err))
            return false;
        if (strcmp(row->state, PUSH_ERROR) == 0) {
            row->id = 0;
            row->state = PUSH_PLANNED;
            row->text = "";
        }
        v->planned += strcmp(row->state, PUSH_PLANNED) == 0;
    }
    return true;
}

static bool look(struct run *run, struct err *err)
{
    struct push_view *v = run->view;
    *v = (struct push_view){0};
    return store_read(run->store, load_asked, run, err) && find_product(run, err) &&
           check_regions(run, err) && check_certificate(run, err) &&
           cloud_session(run->cloud, v->access.id, &run->job.session, err) && check_access(run, err) &&
           (make_rows(run), store_read(run->store, load_rows, run, err)) && look_there(run, err) &&
           ask_records(run, err) && settle(run, err);
}

/* ---- doing it ---- */

static bool note_copy(struct db *db, void *context, struct err *err)
{
    struct run *run = context;
    struct copy_row copy = {.id = store_new_id(run->store),
                            .access_id = run->view->access.id,
                            .certificate_id = run->view->certificate.id,
                            .vendor_store = run->pusher->vendor_store,
                            .ref = run->ref,
                            .name =
                                arena_printf(run->a, "certferry-%.16s", run->view->certificate.fingerprint),
                            .created_ms = clock_wall_ms(run->clock),
                            .brought = run->brought};
    return store_copy_put(db, &copy, err);
}

static bool bring(struct run *run, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct job job = run->job;
    struct material m;
    const char *ref = NULL;
    job.arena = hidden;
    job.wrote = &run->brought;
    if (!session_material(&job, run->view->certificate.fingerprint, &m, err) ||
        !run->pusher->bring(&job, &m, &ref, err))
        return err_add(err, "bring certificate %s to %s", run->view->certificate.name,
                       run->pusher->vendor_store);
    run->ref = arena_strdup(run->a, ref);
    return store_write(run->store, note_copy, run, err) && run->pusher->ready(&run->job, run->ref, err);
}

static bool add_rows(struct db *db, void *context, struct err *err)
{
    struct run *run = context;
    struct push_view *v = run->view;
    for (size_t i = 0; i < v->count; i++) {
        struct push_row row = v->rows[i];
        if (strcmp(row.state, PUSH_PLANNED) != 0)
            continue;
        row.id = store_new_id(run->store);
        row.state = PUSH_PUSHING;
        row.ref = run->ref;
        if (!store_push_add(db, &row, err) || !store_push_load(db, run->a, row.id, &v->rows[i], err))
            return false;
    }
    return true;
}

/* Whether after this error nobody knows if the cloud acted. */
static bool is_doubt(const struct err *err)
{
    return !err->unsent && (err->kind == ERR_NETWORK || err->kind == ERR_TIMEOUT ||
                            (err->kind == ERR_VENDOR && err->transient));
}

static void put_outcome(struct push_row *row, const struct push *push, const struct err *failed)
{
    row->copy_ref = push->ref;
    row->text = push->text;
    switch (push->outcome) {
    case PUSH_DONE:
        row->state = PUSH_SUCCESS;
        return;
    case PUSH_REFUSED:
        row->state = PUSH_ERROR;
        return;
    case PUSH_NO_ANSWER:
        row->state = failed && !is_doubt(failed) ? PUSH_ERROR : PUSH_UNKNOWN;
        row->text = failed ? failed->text : "the cloud's answer does not name the region";
        return;
    }
}

static bool end_rows(struct db *db, void *context, struct err *err)
{
    struct run *run = context;
    struct push_view *v = run->view;
    for (size_t i = 0; i < v->count; i++) {
        const struct push_row *row = &v->rows[i];
        if (row->id && !row->finished_ms &&
            (!store_push_end(db, row->id, row->state, row->copy_ref, row->text, err) ||
             !store_push_load(db, run->a, row->id, &v->rows[i], err)))
            return false;
    }
    return true;
}

/* Pushes the rows that are `pushing`; a lost answer is looked for once, before anybody is told. */
static bool push_rows(struct run *run, struct err *err)
{
    struct push_view *v = run->view;
    struct push *sent = arena_array(run->a, struct push, v->count);
    struct err failed = {0};
    size_t count = 0, k = 0;
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->rows[i].state, PUSH_PUSHING) == 0)
            sent[count++] = run->pushes[i];
    bool ok = run->pusher->send(&run->job, run->ref, run->product, sent, count, &failed);
    if (!ok && is_doubt(&failed)) {
        struct err ignored = {0};
        bool complete;
        (void)run->pusher->records(&run->job, run->ref, run->product, sent, count, &complete, &ignored);
    }
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->rows[i].state, PUSH_PUSHING) != 0)
            continue;
        put_outcome(&v->rows[i], &sent[k], ok ? NULL : &failed);
        judge(run, &v->rows[i], &sent[k++]);
    }
    return store_write(run->store, end_rows, run, err);
}

static void begin(struct run *run, struct log_ctx *log)
{
    *log = (struct log_ctx){NULL, "job", "push"};
    run->job =
        (struct job){.arena = run->a, .log = log, .patience_ms = PATIENCE_MS, .stop = run->request->stop};
}

bool inventory_push_plan(struct cloud *cloud, struct store *store, const struct clock *clock, struct arena *a,
                         const struct push_request *request, struct push_view *ret, struct err *err)
{
    struct log_ctx log;
    struct run run =
        {.cloud = cloud, .store = store, .clock = clock, .a = a, .request = request, .view = ret};
    begin(&run, &log);
    return look(&run, err);
}

bool inventory_push(struct cloud *cloud, struct store *store, const struct clock *clock, struct arena *a,
                    const struct push_request *request, struct push_view *ret, struct err *err)
{
    struct log_ctx log;
    struct run run =
        {.cloud = cloud, .store = store, .clock = clock, .a = a, .request = request, .view = ret};
    begin(&run, &log);
    if (!look(&run, err))
        return false;
    if (ret->access.read_only)
        return err_set(err, ERR_INPUT, "access %s is read-only: nothing is pushed through it",
                       ret->access.name);
    if (!ret->planned)
        return err_set(err, ERR_CONFLICT, "certificate %s is in %s already: a push is made once%s%s",
                       ret->certificate.name, ret->product, *ret->rows[0].text ? "; " : "",
                       ret->rows[0].text);
    return (*run.ref || bring(&run, err)) && store_write(store, add_rows, &run, err) && push_rows(&run, err);
}
