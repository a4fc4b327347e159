#include "cloud/material.h"
#include "cloud/product.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "task/advice.h"
#include "task/engine_private.h"
#include "task/plan.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t turn_now(const struct turn *t)
{
    return clock_wall_ms(t->e->clock);
}

int64_t turn_waited_ms(const struct turn *t)
{
    int64_t begun_ms = int64_max(t->row.step_started_ms, t->row.write_started_ms);
    return turn_now(t) - int64_max(begun_ms, t->item->since_ms);
}

bool turn_read(struct turn *t, struct binding *ret)
{
    if (!product_read(&t->job, &t->resource, ret, &t->err))
        return err_add(&t->err, "read %s", t->row.title);
    return true;
}

bool turn_surely_nothing(const struct err *err)
{
    return err->unsent || err->kind == ERR_THROTTLED || err->kind == ERR_CONFLICT ||
           err->kind == ERR_INVALID_CERTIFICATE ||
           (!err->transient && err->kind != ERR_NETWORK && err->kind != ERR_TIMEOUT);
}

bool turn_may_still_show(const struct turn *t)
{
    return t->row.write_started_ms && turn_now(t) < t->row.write_started_ms + t->product->consistency_ms;
}

/* What the inventory knew of an entry (names, fingerprint, end) stays known when the read told only its id. */
static void fill_entry(struct bound *b, const struct bound *known, size_t count)
{
    for (size_t i = 0; i < count && b->ref[0]; i++) {
        const struct bound *k = &known[i];
        if (strcmp(k->ref, b->ref) != 0)
            continue;
        if (!b->fingerprint[0])
            b->fingerprint = k->fingerprint;
        if (!b->serial[0])
            b->serial = k->serial;
        if (!b->name[0])
            b->name = k->name;
        if (!b->key_type[0])
            b->key_type = k->key_type;
        if (!b->issuer[0])
            b->issuer = k->issuer;
        if (b->name_count == 0) {
            b->names = k->names;
            b->name_count = k->name_count;
        }
        if (b->not_after_ms == 0)
            b->not_after_ms = k->not_after_ms;
    }
}

static void json_texts(struct arena *a, const char *text, const char ***ret, size_t *ret_count)
{
    const struct json *list = NULL;
    *ret = NULL;
    *ret_count = 0;
    if (!json_parse(a, text, strlen(text), &list, NULL))
        return;
    *ret_count = json_count(list);
    *ret = arena_array(a, const char *, *ret_count);
    for (size_t i = 0; i < *ret_count; i++)
        (*ret)[i] = json_str(json_item(list, i), "");
}

static struct bound our_entry(struct turn *t)
{
    const struct certificate_row *c = &t->certificate;
    struct bound ours = {.slot = t->row.slot,
                         .ref = t->row.new_ref,
                         .name = "",
                         .fingerprint = c->fingerprint,
                         .serial = c->serial,
                         .not_after_ms = c->not_after_ms,
                         .key_type = c->key_type,
                         .issuer = c->issuer};
    json_texts(t->a, c->domains, &ours.names, &ours.name_count);
    return ours;
}

bool turn_settled(struct turn *t, const struct binding *now, struct err *err)
{
    struct bound *bound = arena_array(t->a, struct bound, now->bound_count);
    struct bound ours = {0}, *old = NULL;
    size_t old_count = 0;
    bool have_ours = turn_certificate(t, NULL); /* it may have been deleted since */
    if (have_ours)
        ours = our_entry(t);
    if (!bound_from_json(t->a, t->row.old, &old, &old_count, err))
        return false;
    for (size_t i = 0; i < now->bound_count; i++) {
        bound[i] = now->bound[i];
        if (have_ours)
            fill_entry(&bound[i], &ours, 1);
        fill_entry(&bound[i], old, old_count);
        fill_entry(&bound[i], t->resource.bound, t->resource.bound_count);
    }
    t->resource.bound = bound;
    t->resource.bound_count = now->bound_count;
    t->resource.https = now->https;
    t->owed.settled = true;
    return true;
}

/* The inventory learns what the slots hold now, and a first deployment that HTTPS is on. */
static bool refresh_inventory(struct db *db, struct turn *t, struct err *err)
{
    struct resource fresh;
    if (!store_resource_load(db, t->a, t->row.resource_id, &fresh, err))
        return err && err->kind == ERR_NOT_FOUND; /* deleted meanwhile: nothing to refresh */
    if (fresh.https != t->resource.https) {
        fresh.https = t->resource.https;
        if (!store_resource_put(db, t->e->store, &fresh, err))
            return false;
    }
    return store_resource_set_bound(db, t->row.resource_id, t->resource.bound, t->resource.bound_count, err);
}

struct write {
    struct turn *t;
    struct deployment_row row;
    struct err refusal; /* of the journal */
};

static bool write_row(struct db *db, void *context, struct err *err)
{
    struct write *w = context;
    const struct commit *owed = &w->t->owed;
    w->row = w->t->row;
    if (!store_deployment_save(db, &w->row, owed->before, err))
        return false;
    if (owed->copy && !store_copy_put(db, owed->copy, err))
        return false;
    if (owed->contact && !store_first_contact_put(db, w->row.access_id, w->row.product, err))
        return false;
    return !owed->settled || refresh_inventory(db, w->t, err);
}

/* The journal refused what we were about to do: quota that another deployment took meanwhile, or our own mistake. Either is
 * the end of this deployment's way.
 */
static bool write_refusal(struct db *db, void *context, struct err *err)
{
    struct write *w = context;
    if (!store_deployment_load(db, w->t->a, w->t->row.id, &w->row, err))
        return false;
    w->row.state = w->row.state == DEPLOYMENT_ROLLBACK ? DEPLOYMENT_ROLLBACK_ERROR : DEPLOYMENT_ERROR;
    w->row.step = STEP_NONE;
    w->row.again_at_ms = 0;
    w->row.cause_kind = err_kind_name(w->refusal.kind);
    w->row.cause_code = w->refusal.code;
    w->row.cause_request_id = "";
    w->row.cause_text =
        w->refusal.kind == ERR_INTERNAL ? "the journal refused the next step: see the log" : w->refusal.text;
    w->row.advice = advice_for(w->row.product, w->refusal.kind, w->refusal.code);
    w->row.finished_ms = turn_now(w->t);
    return store_deployment_save(db, &w->row, NULL, err);
}

/* How long the item rests when the store refuses: longer each time, as neither disk nor log gets better by haste. */
static int64_t store_pause_ms(struct turn *t)
{
    unsigned failures = t->item->store_failures++;
    return int64_min((int64_t)STORE_PAUSE_MS << (failures < 10 ? failures : 10), STORE_PAUSE_MOST_MS);
}

bool turn_commit(struct turn *t, enum outcome *ret)
{
    struct write w = {.t = t};
    struct err err = {0};
    if (store_write(t->e->store, write_row, &w, &err)) {
        t->row = w.row;
        t->owed = (struct commit){0};
        t->owes = false;
        t->item->store_failures = 0;
        t->item->with_lock = t->row.step != STEP_VERIFY;
        if (t->e->options.changed)
            t->e->options.changed(t->e->options.context, t->row.task_id);
        return true;
    }
    log_err(err.kind == ERR_CONFLICT ? LOG_INFO : LOG_ERROR, &t->log[1], "deployment.journal", &err);
    bool gone = err.kind == ERR_CONFLICT || err.kind == ERR_NOT_FOUND;
    t->again_at_ms = turn_now(t) + (gone ? POLL_FIRST_MS : store_pause_ms(t));
    t->lost = true;
    *ret = OUTCOME_LATER; /* the next turn reads the row again, and leaves it if it is final */
    w.refusal = err;
    bool refused = err.kind == ERR_INTERNAL || err.kind == ERR_QUOTA;
    if (refused && store_write(t->e->store, write_refusal, &w, &err))
        *ret = OUTCOME_FINAL;
    return false;
}

enum outcome turn_next(struct turn *t, enum deployment_step step)
{
    t->row.step = step;
    t->row.step_started_ms = turn_now(t);
    t->row.attempts = 0;
    t->row.again_at_ms = 0;
    t->row.cause_kind = t->row.cause_code = t->row.cause_request_id = t->row.cause_text = t->row.advice = "";
    t->item->polls = 0;
    t->owes = true;
    return OUTCOME_ON;
}

enum outcome turn_poll(struct turn *t, int64_t most_ms)
{
    double wait = POLL_FIRST_MS * pow(1.5, (double)(t->item->polls > 30 ? 30 : t->item->polls));
    t->item->polls++;
    t->again_at_ms = turn_now(t) + int64_max(1, int64_min((int64_t)wait, int64_max(most_ms, POLL_FIRST_MS)));
    return OUTCOME_LATER;
}

static enum outcome finish(struct turn *t)
{
    enum outcome outcome = OUTCOME_FINAL;
    t->row.step = STEP_NONE;
    t->row.again_at_ms = 0;
    if (t->row.state == DEPLOYMENT_SUCCESS || t->row.state == DEPLOYMENT_ROLLBACK_SUCCESS)
        t->row.write_started_ms =
            0; /* after a failure a write may still show: retry and rollback wait for it */
    t->row.finished_ms = turn_now(t);
    t->owed.contact = first_contact_is_made(t);
    if (!turn_commit(t, &outcome))
        return outcome;
    log_info(&t->log[1], "deployment.end", "%s %s", deployment_state_name(t->row.state), t->row.verdict);
    return OUTCOME_FINAL;
}

enum outcome turn_succeed(struct turn *t, const char *verdict, const char *text)
{
    t->row.state = t->back ? DEPLOYMENT_ROLLBACK_SUCCESS : DEPLOYMENT_SUCCESS;
    t->row.verdict = verdict;
    t->row.verdict_text = text;
    t->row.cause_kind = t->row.cause_code = t->row.cause_request_id = t->row.cause_text = t->row.advice = "";
    if (t->row.already_bound)
        t->row.cause_text = "already bound";
    return finish(t);
}

static void set_cause(struct turn *t, const struct err *cause)
{
    t->row.cause_kind = err_kind_name(cause->kind);
    t->row.cause_code = arena_strdup(t->a, cause->code);
    t->row.cause_request_id = arena_strdup(t->a, cause->request_id);
    t->row.cause_text = arena_strdup(t->a, cause->text);
    t->row.advice = t->advice ? t->advice : advice_for(t->row.product, cause->kind, cause->code);
}

enum outcome turn_fail(struct turn *t, const struct err *cause)
{
    log_err(LOG_WARNING, &t->log[1], "deployment.fail", cause);
    set_cause(t, cause);
    t->row.state = t->back ? DEPLOYMENT_ROLLBACK_ERROR : DEPLOYMENT_ERROR;
    return finish(t);
}

static bool worth_repeating(const struct err *err)
{
    switch (err->kind) {
    case ERR_THROTTLED:
    case ERR_TIMEOUT:
    case ERR_NETWORK:
    case ERR_CONFLICT: /* busy, or changed under our hands: the next try reads first */
        return true;
    case ERR_NONE:
    case ERR_INPUT:
    case ERR_CREDENTIAL:
    case ERR_PERMISSION:
    case ERR_NOT_FOUND:
    case ERR_QUOTA:
    case ERR_INVALID_CERTIFICATE:
    case ERR_VENDOR:
    case ERR_STORE:
    case ERR_INTERNAL:
        return err->transient;
    }
    return false;
}

/* Waits longer after each failure in a row, with jitter, and gives up at last with the failure as the cause. */
static enum outcome failed(struct turn *t)
{
    enum outcome outcome = OUTCOME_LATER;
    const struct err *err = &t->err;
    if (err->kind == ERR_STORE && t->item->store_failures < STORE_TRIES_MAX) {
        log_err(LOG_ERROR, &t->log[1], "deployment.store", err);
        t->again_at_ms = turn_now(t) + store_pause_ms(t);
        return OUTCOME_LATER;
    }
    if (engine_is_stopping(t->e) && worth_repeating(err)) { /* it was cut short: no failure of its own */
        t->owes = true;                                     /* what is known of its write */
        return OUTCOME_LATER;
    }
    bool throttled = err->kind == ERR_THROTTLED;
    bool patient = throttled ? turn_waited_ms(t) < THROTTLED_MOST_MS : t->row.attempts + 1 < ATTEMPTS_MAX;
    if (!worth_repeating(err) || !patient)
        return turn_fail(t, err);
    if (!throttled)
        t->row.attempts++;
    double wait = BACKOFF_FIRST_MS * pow(1.6, (double)int64_min(t->row.attempts, 12));
    wait = (wait < BACKOFF_MOST_MS ? wait : BACKOFF_MOST_MS) * (0.5 + random_fraction() / 2);
    t->again_at_ms = turn_now(t) + int64_max((int64_t)wait, err->retry_after_ms);
    t->row.again_at_ms = t->again_at_ms;
    set_cause(t, err);
    log_err(LOG_DEBUG, &t->log[1], "deployment.retry", err);
    return turn_commit(t, &outcome) ? OUTCOME_LATER : outcome;
}

static bool read_certificate(struct db *db, void *context, struct err *err)
{
    struct turn *t = context;
    return store_certificate_load(db, t->a, t->row.certificate_id, &t->certificate, err);
}

bool turn_certificate(struct turn *t, struct err *err)
{
    return t->certificate.id || store_read(t->e->store, read_certificate, t, err) ||
           err_add(err, "certificate %lld", (long long)t->row.certificate_id);
}

struct key_read {
    struct turn *t;
    struct secret *key, *sm2_encryption_key;
};

static bool read_key(struct db *db, void *context, struct err *err)
{
    struct key_read *k = context;
    return (k->t->certificate.id || read_certificate(db, k->t, err)) &&
           store_certificate_key(db, k->t->secrets, k->t->certificate.id, &k->key, &k->sm2_encryption_key,
                                 err);
}

bool turn_material(struct turn *t, struct material *ret, struct err *err)
{
    struct key_read k = {.t = t};
    if (!t->material.name) {
        if (!store_read(t->e->store, read_key, &k, err))
            return err_add(err, "certificate %lld", (long long)t->row.certificate_id);
        t->material = material_of(t->a, &t->certificate, k.key, k.sm2_encryption_key);
    }
    *ret = t->material;
    return true;
}

static bool read_turn(struct db *db, void *context, struct err *err)
{
    struct turn *t = context;
    return store_deployment_load(db, t->a, t->item->id, &t->row, err) &&
           store_task_verify(db, t->row.task_id, &t->verify, err);
}

static bool read_things(struct db *db, void *context, struct err *err)
{
    struct turn *t = context;
    return store_resource_load(db, t->a, t->row.resource_id, &t->resource, err) &&
           store_access_load(db, t->a, t->row.access_id, &t->access, err);
}

static bool is_open(enum deployment_state state)
{
    return state == DEPLOYMENT_PENDING || state == DEPLOYMENT_PROCESSING || state == DEPLOYMENT_ROLLBACK;
}

/* What every step needs; a failure here is the deployment's. */
static bool load_things(struct turn *t, struct err *err)
{
    if (!store_read(t->e->store, read_things, t, err))
        return err_add(err, "the resource or its access is gone");
    const struct product *product = t->e->options.find_product(t->row.product);
    if (!product)
        return err_set(err, ERR_INPUT, "product %s is not supported by this version", t->row.product);
    if (!cloud_session(t->e->cloud, t->row.access_id, &t->job.session, err))
        return false;
    t->product = product;
    t->job.arena = t->a;
    t->job.product = product;
    t->job.log = &t->log[1];
    t->job.patience_ms = CALL_PATIENCE_MS;
    t->job.stop = &t->e->stop;
    t->job.known = t->resource.bound;
    t->job.known_count = t->resource.bound_count;
    return true;
}

static bool prepare(struct turn *t, struct err *err)
{
    if (!t->product && !load_things(t, err))
        return false;
    const char *reason = NULL;
    if (session_suspended(t->job.session, t->a, &reason))
        return err_set(err, ERR_CREDENTIAL, "access %s is suspended: %s", t->access.name, reason);
    if (!t->row.goal[0] || t->row.step < STEP_BIND || t->goal == t->row.goal)
        return true;
    if (!change_from_json(t->a, t->row.goal, &t->change, err))
        return err_add(err, "the goal in the journal");
    if (t->back)
        t->change = change_reverse(t->a, &t->change);
    t->goal = t->row.goal;
    return true;
}

/* PENDING becomes PROCESSING with the first commit, which is made before anything is changed: when a user cancels
 * meanwhile, that commit finds another version, and nothing was done. A retry that wrote before may end without another
 * write, so that it says at once that it goes on.
 */
static bool begin(struct turn *t, enum outcome *ret)
{
    if (t->row.state != DEPLOYMENT_PENDING)
        return true;
    t->row.state = DEPLOYMENT_PROCESSING;
    t->row.started_ms = turn_now(t);
    (void)turn_next(t, t->row.step == STEP_NONE ? STEP_SNAPSHOT : t->row.step);
    return t->row.writes == 0 || turn_commit(t, ret);
}

static enum outcome run_steps(struct turn *t)
{
    static enum outcome (*const steps[])(struct turn *) = {
        [STEP_NONE] = step_snapshot, [STEP_SNAPSHOT] = step_snapshot, [STEP_UPLOAD] = step_upload,
        [STEP_BIND] = step_bind,     [STEP_SETTLE] = step_settle,     [STEP_VERIFY] = step_verify,
    };
    enum outcome outcome = OUTCOME_ON;
    while (outcome == OUTCOME_ON) {
        t->err = (struct err){0};
        if (!prepare(t, &t->err))
            return failed(t);
        outcome = steps[t->row.step](t);
        if (outcome == OUTCOME_FAILED)
            outcome = failed(t);
        if (outcome == OUTCOME_ON && engine_is_stopping(t->e))
            outcome = OUTCOME_LATER;
    }
    return outcome;
}

static enum outcome load_and_run(struct turn *t)
{
    if (!store_read(t->e->store, read_turn, t, &t->err)) {
        if (t->err.kind == ERR_NOT_FOUND)
            return OUTCOME_FINAL;
        log_err(LOG_ERROR, &t->log[1], "deployment.store", &t->err);
        t->again_at_ms = turn_now(t) + store_pause_ms(t);
        return OUTCOME_LATER;
    }
    if (!is_open(t->row.state))
        return OUTCOME_FINAL;
    t->back = t->row.state == DEPLOYMENT_ROLLBACK;
    enum outcome outcome = OUTCOME_ON;
    if (!begin(t, &outcome))
        return outcome;
    outcome = run_steps(t);
    if (t->owes && !t->lost && !turn_commit(t, &outcome))
        log_debug(&t->log[1], "deployment.owed", "what this turn found is found again");
    return outcome;
}

void turn_run(struct engine *e, struct item *item, enum outcome *ret, int64_t *ret_again_at_ms)
{
    cleanup(arena_free_p) struct arena *a = arena_new(TURN_BYTES);
    cleanup(arena_free_p) struct arena *secrets = arena_new_secret(ARENA_JOB_BYTES);
    char task[24], deployment[24], access[24];
    snprintf(task, sizeof task, "%lld", (long long)item->task_id);
    snprintf(deployment, sizeof deployment, "%lld", (long long)item->id);
    struct turn t = {.e = e, .item = item, .a = a, .secrets = secrets};
    snprintf(access, sizeof access, "%lld", (long long)item->access_id);
    t.log[2] = (struct log_ctx){NULL, "access", access};
    t.log[0] = (struct log_ctx){&t.log[2], "task", task};
    t.log[1] = (struct log_ctx){&t.log[0], "deployment", deployment};
    *ret = load_and_run(&t);
    *ret_again_at_ms = t.again_at_ms;
}

struct saved {
    struct turn *t;
    const char *json;
};

static bool read_before(struct db *db, void *context, struct err *err)
{
    struct saved *s = context;
    return store_deployment_before(db, s->t->secrets, s->t->row.id, &s->json, err);
}

bool turn_before(struct turn *t, struct binding *ret, struct err *err)
{
    struct saved s = {.t = t};
    if (t->owed.before)
        return binding_from_json(t->secrets, t->owed.before, ret, err) || err_add(err, "the saved binding");
    return (store_read(t->e->store, read_before, &s, err) &&
            binding_from_json(t->secrets, s.json, ret, err)) ||
           err_add(err, "the saved binding");
}
