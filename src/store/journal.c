/* journal.c - the crash-safety story: the deployment row is the journal, and this is the only place that writes it.
 *
 * A commit returns when it is on disk (synchronous=FULL), so what is said here to be committed survives kill -9 and
 * lost power. A cloud call is made only after the commit that announces it; its outcome is committed before anything
 * is built on it. Between the two the journal says "perhaps", and only reading the cloud turns that into yes or no.
 *
 * Steps that only read the cloud are not announced: they share the commit of the next write, of the end, or of the
 * pause that follows them, and a restart just makes them again. In the shortest way, two commits are all there are.
 *
 *  1. pending -> processing, snapshot: only reads. A user who cancels meanwhile wins: the next commit, made before
 *     anything is written, finds another version. What holds the certificate already goes to success at once.
 *  2. snapshot -> upload: the saved binding (`before`, sealed), the goal and vendor_store are committed at the latest
 *     with the announcement of the first write. From here on the way back is known.
 *  3. upload: at most one write to the certificate store, announced by write_started_ms and found again by its name. A
 *     restart repeats the step: it looks the copy up first. new_ref, the whole goal and the copy's row are committed
 *     with the move to bind, at once: others wait for the copy.
 *  4. bind: before each write, one commit counts it (`writes`) and sets write_started_ms; a commit without goal or
 *     saved binding is refused, so no write can lack its way back. The outcome is committed
 *     with what the next read shows. An answer lost, or a crash: the row still says write_started_ms; a restart
 *     reads the cloud until the write shows (then on to settle) or the product's consistency_ms has passed since
 *     write_started_ms (then, and only then, bind may write again). So nothing is done twice.
 *  5. settle <-> bind: settle only reads. When the binding is ready and the change is not complete (make before
 *     break), back to bind for the next write towards the same goal; the goal cannot change once a write was begun.
 *  6. verify: asks the entry point; only reads. The verdict is committed with success, or error for a contradiction.
 *     Success is refused while the outcome of a write is unknown. An error keeps write_started_ms where it is: retry
 *     and rollback go by it, so that neither writes beside, nor judges before, a write that is still to show.
 *  7. rollback: success or error -> rollback resets `writes` (they count one direction), looks again (snapshot), and
 *     walks bind, settle, verify by the same rules towards the reverse of the goal; the saved binding cannot be
 *     replaced any more.
 *  8. retry: error -> pending. What never wrote begins afresh; what wrote goes on at bind with its goal and its saved
 *     binding. Cancelling is possible until the first write; afterwards a deployment is finished or rolled back.
 *  9. release: in a submitted task what waits for its time, its window or its wave is still planned; wave.c makes it
 *     pending, many rows in one statement. What has not written may be withdrawn, back to planned, when a window closes
 *     or the task is paused: the engine's next commit then finds another version and leaves the row.
 * 10. quota (quota.h): what the step holds, uses or returns is part of the same commit.
 * 11. version and fence: a save that was not based on the row as it is now changes nothing and answers ERR_CONFLICT,
 *     so that two engines, or an engine and a user, cannot overwrite each other's journal.
 *
 * A restart therefore asks store_deployment_open for what is pending, processing or rolling back, and goes on with
 * each at its step. Whatever would break these rules is refused as ERR_INTERNAL: an engine that is wrong stops at the
 * journal and not at a customer's listener.
 */
#include "store/deployment.h"

#include "codec/json.h"

#include <assert.h>
#include <string.h>

static const char *const state_names[] = {
    [DEPLOYMENT_PLANNED] = "planned",
    [DEPLOYMENT_HELD] = "held",
    [DEPLOYMENT_PENDING] = "pending",
    [DEPLOYMENT_PROCESSING] = "processing",
    [DEPLOYMENT_SUCCESS] = "success",
    [DEPLOYMENT_ERROR] = "error",
    [DEPLOYMENT_CANCELLED] = "cancelled",
    [DEPLOYMENT_ROLLBACK] = "rollback",
    [DEPLOYMENT_ROLLBACK_SUCCESS] = "rollback_success",
    [DEPLOYMENT_ROLLBACK_ERROR] = "rollback_error",
};

static const char *const step_names[] = {
    [STEP_NONE] = "",     [STEP_SNAPSHOT] = "snapshot", [STEP_UPLOAD] = "upload",
    [STEP_BIND] = "bind", [STEP_SETTLE] = "settle",     [STEP_VERIFY] = "verify",
};

#define BIT(state) (1U << (state))
/* Which state may follow; staying is always possible. */
static const unsigned states_after[] = {
    [DEPLOYMENT_PLANNED] =
        BIT(DEPLOYMENT_HELD) | BIT(DEPLOYMENT_PENDING) | BIT(DEPLOYMENT_ERROR) | BIT(DEPLOYMENT_CANCELLED),
    [DEPLOYMENT_HELD] = BIT(DEPLOYMENT_PLANNED) | BIT(DEPLOYMENT_PENDING) | BIT(DEPLOYMENT_CANCELLED),
    [DEPLOYMENT_PENDING] = BIT(DEPLOYMENT_PLANNED) | BIT(DEPLOYMENT_PROCESSING) | BIT(DEPLOYMENT_SUCCESS) |
                           BIT(DEPLOYMENT_ERROR) | BIT(DEPLOYMENT_CANCELLED),
    [DEPLOYMENT_PROCESSING] = BIT(DEPLOYMENT_PLANNED) | BIT(DEPLOYMENT_PENDING) | BIT(DEPLOYMENT_SUCCESS) |
                              BIT(DEPLOYMENT_ERROR) | BIT(DEPLOYMENT_CANCELLED),
    [DEPLOYMENT_SUCCESS] = BIT(DEPLOYMENT_ROLLBACK),
    [DEPLOYMENT_ERROR] = BIT(DEPLOYMENT_PLANNED) | BIT(DEPLOYMENT_PENDING) | BIT(DEPLOYMENT_ROLLBACK),
    [DEPLOYMENT_CANCELLED] = BIT(DEPLOYMENT_PLANNED) | BIT(DEPLOYMENT_PENDING),
    [DEPLOYMENT_ROLLBACK] = BIT(DEPLOYMENT_ROLLBACK_SUCCESS) | BIT(DEPLOYMENT_ROLLBACK_ERROR),
    [DEPLOYMENT_ROLLBACK_SUCCESS] = 0,
    [DEPLOYMENT_ROLLBACK_ERROR] = BIT(DEPLOYMENT_ROLLBACK),
};

/* Which step may follow inside processing and rollback. Going back to snapshot or upload is for deployments that
 * have not written yet.
 */
static const unsigned steps_after[] = {
    [STEP_NONE] = BIT(STEP_SNAPSHOT) | BIT(STEP_BIND),
    [STEP_SNAPSHOT] = BIT(STEP_UPLOAD) | BIT(STEP_BIND) | BIT(STEP_SETTLE) | BIT(STEP_VERIFY),
    [STEP_UPLOAD] = BIT(STEP_SNAPSHOT) | BIT(STEP_BIND),
    [STEP_BIND] = BIT(STEP_SNAPSHOT) | BIT(STEP_UPLOAD) | BIT(STEP_SETTLE) | BIT(STEP_VERIFY),
    [STEP_SETTLE] = BIT(STEP_BIND) | BIT(STEP_VERIFY),
    [STEP_VERIFY] = BIT(STEP_SETTLE) | BIT(STEP_BIND),
};
/* In these the outcome of every write is known. */
static const unsigned states_settled = BIT(DEPLOYMENT_PLANNED) | BIT(DEPLOYMENT_HELD) |
                                       BIT(DEPLOYMENT_SUCCESS) | BIT(DEPLOYMENT_CANCELLED) |
                                       BIT(DEPLOYMENT_ROLLBACK_SUCCESS);

#define DEPLOYMENT_FIELD(type, name) DEPLOYMENT_##type(name)
#define DEPLOYMENT_INT(name) FIELD(INT, struct deployment_row, name),
#define DEPLOYMENT_BOOL(name) FIELD(BOOL, struct deployment_row, name),
#define DEPLOYMENT_TEXT(name) FIELD(TEXT, struct deployment_row, name),
#define DEPLOYMENT_WORDS(name, w)                                                                            \
    {.type = FIELD_WORD,                                                                                     \
     .offset = offsetof(struct deployment_row, name),                                                        \
     .words = (w),                                                                                           \
     .word_count = countof(w)},
#define DEPLOYMENT_STATE(name) DEPLOYMENT_WORDS(name, state_names)
#define DEPLOYMENT_STEP(name) DEPLOYMENT_WORDS(name, step_names)

const struct field deployment_fields[DEPLOYMENT_FIELDS] = {DEPLOYMENT_INT(id) PLAN_FIELDS(DEPLOYMENT_FIELD)
                                                               JOURNAL_FIELDS(DEPLOYMENT_FIELD)};
const struct table deployment_table = TABLE("deployment", struct deployment_row, deployment_fields);

const char *deployment_state_name(enum deployment_state state)
{
    return state_names[state];
}

bool deployment_state_parse(const char *name, enum deployment_state *ret)
{
    for (size_t i = 0; i < countof(state_names); i++)
        if (strcmp(state_names[i], name) == 0) {
            *ret = (enum deployment_state)i;
            return true;
        }
    return false;
}

const char *deployment_step_name(enum deployment_step step)
{
    return step_names[step];
}

static bool walks(enum deployment_state state)
{
    return state == DEPLOYMENT_PROCESSING || state == DEPLOYMENT_ROLLBACK;
}

static const char *illegal_step(const struct deployment_row *old, const struct deployment_row *new)
{
    if (!walks(new->state) || new->step == old->step)
        return NULL;
    if (old->state != new->state)
        return NULL; /* a direction may begin at the step that suits it */
    if (!(steps_after[old->step] & BIT(new->step)))
        return "this step does not follow that one";
    if (new->writes > 0 && (new->step == STEP_SNAPSHOT || new->step == STEP_UPLOAD) &&
        new->state == DEPLOYMENT_PROCESSING)
        return "after a write there is no way back to snapshot or upload";
    return NULL;
}

static bool text_equal(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static const char *illegal_write(const struct deployment_row *old, const struct deployment_row *new,
                                 const char *before)
{
    bool same = old->state == new->state;
    bool failed = old->state == DEPLOYMENT_ERROR || old->state == DEPLOYMENT_ROLLBACK_ERROR;
    if (failed && old->write_started_ms && !new->write_started_ms)
        return "an error does not make known what a write did";
    if (new->state == DEPLOYMENT_PENDING && old->state == DEPLOYMENT_PROCESSING &&new->write_started_ms)
        return "the outcome of a write is still unknown";
    bool begins =
        new->writes > old->writes || (new->write_started_ms &&new->write_started_ms != old->write_started_ms);
    if (begins && !walks(new->state))
        return "a write begins only inside processing and rollback";
    if (walks(new->state) && new->write_started_ms && !(old->has_before || before))
        return "no write without a saved binding";
    if (walks(new->state) && new->write_started_ms && !(new->goal &&*new->goal))
        return "no write without a goal";
    if (new->write_started_ms && (states_settled & BIT(new->state)))
        return "the outcome of a write is still unknown";
    if (same && walks(new->state) && new->writes < old->writes)
        return "writes of one direction only grow";
    if (same && old->writes > 0 && !text_equal(old->goal, new->goal))
        return "the goal is fixed once a write was begun";
    return NULL;
}

static const char *illegal_before(const struct deployment_row *old, const struct deployment_row *new,
                                  const char *before)
{
    if (!before || !old->has_before)
        return NULL;
    if (new->state != DEPLOYMENT_PROCESSING)
        return "the saved binding is what a rollback needs and stays as it is";
    return old->writes > 0 ? "the saved binding cannot be replaced after a write" : NULL;
}

const char *deployment_illegal(const struct deployment_row *old, const struct deployment_row *new,
                               const char *before)
{
    if (old->state != new->state && !(states_after[old->state] & BIT(new->state)))
        return "this state does not follow that one";
    if (old->state == DEPLOYMENT_PENDING && new->state == DEPLOYMENT_SUCCESS && !new->already_bound)
        return "only what held the certificate already succeeds at its first look";
    if (new->state == DEPLOYMENT_CANCELLED && old->state == DEPLOYMENT_PROCESSING && old->writes > 0)
        return "after a write a deployment is finished or rolled back, not cancelled";
    if (old->writes > 0 && new->state == DEPLOYMENT_PLANNED)
        return "what has written does not wait for its release again";
    const char *rule = illegal_step(old, new);
    rule = rule ? rule : illegal_write(old, new, before);
    return rule ? rule : illegal_before(old, new, before);
}

bool deployment_index_old(struct db *db, struct arena *a, int64_t id, const char *slot,
                          const char *bound_json, struct err *err)
{
    const struct json *bound;
    if (!json_parse(a, bound_json, strlen(bound_json), &bound, err))
        return err_add(err, "certificates bound before");
    for (size_t i = 0; i < json_count(bound); i++) {
        const char *fingerprint = json_str(json_at(json_item(bound, i), "/fingerprint"), "");
        if (!*fingerprint || !text_equal(json_str(json_at(json_item(bound, i), "/slot"), slot), slot))
            continue;
        if (!db_run(db, SQL_DEPLOYMENT_OLD, VALUES(value_text(fingerprint), value_int(id)), NULL, err))
            return false;
    }
    return true;
}

/* A saved binding is the JSON object that cloud/product.h makes, its slots in "bound". */
static bool index_before(struct db *db, struct arena *a, const struct deployment_row *row, const char *before,
                         struct err *err)
{
    const struct json *binding;
    if (!json_parse(a, before, strlen(before), &binding, err))
        return err_add(err, "saved binding");
    const struct json *bound = json_at(binding, "/bound");
    return !json_is_array(bound) || deployment_index_old(db, a, row->id, row->slot, json_dump(a, bound), err);
}

static bool check_change(struct db *db, struct arena *a, const struct deployment_row *row, const char *before,
                         struct deployment_row *ret_old, struct err *err)
{
    struct deployment_row old;
    if (!store_deployment_load(db, a, row->id, &old, err))
        return false;
    if (old.version != row->version || old.fence != row->fence)
        return err_set(err, ERR_CONFLICT, "deployment %lld was changed meanwhile (version %lld, here %lld)",
                       (long long)row->id, (long long)old.version, (long long)row->version);
    const char *rule = deployment_illegal(&old, row, before);
    *ret_old = old;
    if (!rule)
        return true;
    return err_set(err, ERR_INTERNAL, "deployment %lld: %s (%s %s, %lld writes -> %s %s, %lld writes)",
                   (long long)row->id, rule, state_names[old.state], step_names[old.step],
                   (long long)old.writes, state_names[row->state], step_names[row->step],
                   (long long)row->writes);
}

bool store_deployment_save(struct db *db, struct deployment_row *row, const char *before, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(ARENA_JOB_BYTES);
    struct deployment_row old;
    if (!check_change(db, a, row, before, &old, err))
        return false;
    struct deployment_row new = *row;
    new.version = row->version + 1;
    new.updated_ms = db_now_ms(db);
    new.has_before = row->has_before || before;
    enum { JOURNAL = DEPLOYMENT_FIELDS - DEPLOYMENT_JOURNAL_FIRST };
    struct value values[3 + JOURNAL + 2] = {value_int(new.version), value_int(new.updated_ms),
                                            value_int(row->fence)};
    row_values(deployment_fields + DEPLOYMENT_JOURNAL_FIRST, JOURNAL, &new, values + 3);
    values[3 + JOURNAL] =
        row_seal(db, a, "deployment", row->id, "before", before, before ? strlen(before) : 0);
    values[4 + JOURNAL] = value_int(row->id); /* not among what is set: all indexes would be written anew */
    if (!row_change(db, SQL_DEPLOYMENT_SAVE, values, countof(values), &deployment_table, row->id, err) ||
        !deployment_charge(db, &old, &new, err) || (before && !index_before(db, a, row, before, err)))
        return err_add(err, "save deployment %lld", (long long)row->id);
    row->version = new.version;
    row->updated_ms = new.updated_ms;
    row->has_before = new.has_before;
    return true;
}

bool store_deployment_before(struct db *db, struct arena *a, int64_t id, const char **ret_json,
                             struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    struct secret *opened = NULL;
    if (!query_open(db, SQL_DEPLOYMENT_BEFORE, VALUES(value_int(id)), &q, err) ||
        !query_next(&q, &row, err) || (row && !row_open(&q, a, 0, "deployment", id, "before", &opened, err)))
        return false;
    if (!opened)
        return err_set(err, ERR_NOT_FOUND, "deployment %lld has no saved binding", (long long)id);
    *ret_json = arena_copy(a, secret_bytes(opened), secret_size(opened));
    return true;
}

bool store_deployment_open(struct db *db, struct arena *a, int64_t task_id, struct deployment_row **ret,
                           size_t *ret_count, struct err *err)
{
    if (!task_id)
        return row_all(db, SQL_DEPLOYMENT_OPEN, NULL, 0, a, &deployment_table, (void **)ret, ret_count, err);
    return row_all(db, SQL_DEPLOYMENT_OPEN_OF_TASK, VALUES(value_int(task_id)), a, &deployment_table,
                   (void **)ret, ret_count, err);
}

bool store_deployment_open_after(struct db *db, struct arena *a, int64_t id, struct deployment_row **ret,
                                 size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_DEPLOYMENT_OPEN_AFTER, VALUES(value_int(id), value_int(DEPLOYMENT_PAGE)), a,
                   &deployment_table, (void **)ret, ret_count, err);
}

bool store_deployment_back_before(struct db *db, struct arena *a, int64_t id, struct deployment_row **ret,
                                  size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_DEPLOYMENT_BACK_BEFORE, VALUES(value_int(id), value_int(DEPLOYMENT_PAGE)), a,
                   &deployment_table, (void **)ret, ret_count, err);
}

bool store_deployment_relying(struct db *db, struct arena *a, int64_t resource_id, int64_t certificate_id,
                              struct deployment_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_DEPLOYMENT_RELYING, VALUES(value_int(resource_id), value_int(certificate_id)), a,
                   &deployment_table, (void **)ret, ret_count, err);
}
