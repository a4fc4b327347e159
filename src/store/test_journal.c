/* Tasks, deployments, the rules of the journal, and who still needs what. */
#include "store/task.h"

#include "store/deployment.h"
#include "store/test_support.h"

struct job {
    struct certificate_row cert, old_cert;
    struct access_row access;
    struct task_row task;
    struct deployment_row d;
};

/* A submitted task with one pending deployment of cert over old_cert. */
static void begin_job(struct yard *y, struct job *j)
{
    *j = (struct job){.cert = yard_certificate(y, "new", "new-fingerprint"),
                      .old_cert = yard_certificate(y, "old", "old-fingerprint"),
                      .access = yard_access(y, "prod"),
                      .task = yard_task(y, "renewal")};
    j->task.state = "processing";
    j->task.submitted_ms = NOW_MS;
    j->d = yard_deployment(y, j->task.id, j->cert.id, j->access.id);
    struct bound old[] = {{.slot = "default", .fingerprint = "old-fingerprint"},
                          {.slot = "other", .fingerprint = "x"}};
    j->d.old = bound_to_json(y->a, old, countof(old));
    j->d.state = DEPLOYMENT_PENDING;
    struct secret *s = bench_secret(y->b, "S");
    assert_ok(y, store_certificate_add(y->db, &j->cert, s, NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &j->old_cert, s, NULL, &y->err));
    assert_ok(y, store_access_add(y->db, &j->access, s, NULL, &y->err));
    assert_ok(y, store_task_add(y->db, &j->task, &j->d, 1, &y->err));
    j->d.version = 1;
}

static bool save(struct yard *y, struct deployment_row *d, const char *before)
{
    return store_deployment_save(y->db, d, before, &y->err);
}

static void deployment_comes_back_as_it_was(void **state)
{
    struct yard *y = *state;
    struct job j;
    begin_job(y, &j);
    struct deployment_row d = j.d, got = {0};
    d.state = DEPLOYMENT_PROCESSING;
    d.step = STEP_BIND;
    d.vendor_store = "cas:cn-hangzhou";
    d.new_ref = "1-cn-hangzhou";
    d.goal = "{\"slot\":\"default\"}";
    d.already_bound = false;
    d.writes = 1;
    d.write_started_ms = 11;
    d.step_started_ms = 12;
    d.again_at_ms = 13;
    d.attempts = 14;
    d.verdict = "verified";
    d.verdict_text = "served at 1.2.3.4:443";
    d.cause_kind = "vendor";
    d.cause_code = "Busy";
    d.cause_request_id = "req";
    d.cause_text = "busy";
    d.advice = "wait";
    d.started_ms = 15;
    d.finished_ms = 16;
    d.claimed_by = "node";
    d.claimed_until_ms = 17;
    y->clock.now_ms += 1000;
    assert_ok(y, save(y, &d, "{\"bound\":[]}"));
    assert_int_equal(d.version, 2);
    assert_true(d.has_before);
    assert_ok(y, store_deployment_load(y->db, y->a, d.id, &got, &y->err));
    assert_int_equal(got.updated_ms, NOW_MS + 1000);
    assert_int_equal(got.created_ms, NOW_MS);
    for (size_t i = 0; i < DEPLOYMENT_FIELDS; i++) {
        struct value want[1], have[1];
        d.created_ms = NOW_MS;
        row_values(&deployment_fields[i], 1, &d, want);
        row_values(&deployment_fields[i], 1, &got, have);
        assert_int_equal(want[0].integer, have[0].integer);
        assert_int_equal(want[0].size, have[0].size);
        if (want[0].size)
            assert_memory_equal(want[0].data, have[0].data, want[0].size);
    }
    const char *before = NULL;
    assert_ok(y, store_deployment_before(y->db, y->a, d.id, &before, &y->err));
    assert_string_equal(before, "{\"bound\":[]}");
}

static void stale_row_changes_nothing(void **state)
{
    struct yard *y = *state;
    struct job j;
    begin_job(y, &j);
    struct deployment_row mine = j.d, theirs = j.d, other_fence = j.d, gone = j.d;
    mine.state = theirs.state = other_fence.state = gone.state = DEPLOYMENT_PROCESSING;
    const char *before = "untouched";
    assert_ok(y, save(y, &mine, NULL));
    assert_err(y, ERR_CONFLICT, save(y, &theirs, "{}"));
    assert_int_equal(theirs.version, 1);
    other_fence.version = 2;
    other_fence.fence = 1;
    assert_err(y, ERR_CONFLICT, save(y, &other_fence, NULL));
    gone.id = 1;
    assert_err(y, ERR_NOT_FOUND, save(y, &gone, NULL));
    assert_err(y, ERR_NOT_FOUND, store_deployment_before(y->db, y->a, j.d.id, &before, &y->err));
    assert_string_equal(before, "untouched");
}

#define S(name) DEPLOYMENT_##name
static void states_follow_the_table_alone(void **state)
{
    (void)state;
    static const struct {
        enum deployment_state from, to;
    } legal[] = {
        {S(PLANNED), S(HELD)},
        {S(PLANNED), S(PENDING)},
        {S(PLANNED), S(ERROR)},
        {S(PLANNED), S(CANCELLED)},
        {S(HELD), S(PLANNED)},
        {S(HELD), S(PENDING)},
        {S(HELD), S(CANCELLED)},
        {S(PENDING), S(PLANNED)},
        {S(PENDING), S(PROCESSING)},
        {S(PENDING), S(ERROR)},
        {S(PENDING), S(CANCELLED)},
        {S(PROCESSING), S(PLANNED)},
        {S(PROCESSING), S(PENDING)},
        {S(PROCESSING), S(SUCCESS)},
        {S(PROCESSING), S(ERROR)},
        {S(PROCESSING), S(CANCELLED)},
        {S(SUCCESS), S(ROLLBACK)},
        {S(ERROR), S(PLANNED)},
        {S(ERROR), S(PENDING)},
        {S(ERROR), S(ROLLBACK)},
        {S(CANCELLED), S(PLANNED)},
        {S(CANCELLED), S(PENDING)},
        {S(ROLLBACK), S(ROLLBACK_SUCCESS)},
        {S(ROLLBACK), S(ROLLBACK_ERROR)},
        {S(ROLLBACK_ERROR), S(ROLLBACK)},
    };
    for (unsigned from = 0; from <= S(ROLLBACK_ERROR); from++)
        for (unsigned to = 0; to <= S(ROLLBACK_ERROR); to++) {
            bool want = from == to;
            for (size_t i = 0; i < countof(legal); i++)
                want |= legal[i].from == from && legal[i].to == to;
            struct deployment_row old = {.state = (enum deployment_state)from},
                                  new = {.state = (enum deployment_state)to};
            if (want != !deployment_illegal(&old, &new, NULL))
                fail_msg("%s -> %s", deployment_state_name(old.state), deployment_state_name(new.state));
        }
    struct deployment_row pending = {.state = S(PENDING)},
                          bound = {.state = S(SUCCESS), .already_bound = true};
    assert_null(deployment_illegal(&pending, &bound, NULL)); /* at its first look */
}

#define ROW(s, p, ...)                                                                                       \
    {                                                                                                        \
        .state = S(s), .step = STEP_##p, __VA_ARGS__                                                         \
    }
static void R109_no_write_without_its_way_back(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct deployment_row old, new;
        const char *before;
        bool legal;
    } cases[] = {
        {"first write, binding saved", ROW(PROCESSING, BIND, .has_before = true, .goal = "g"),
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 5), NULL,
         true},
        {"first write, nothing saved", ROW(PROCESSING, BIND, .goal = "g"),
         ROW(PROCESSING, BIND, .goal = "g", .writes = 1, .write_started_ms = 5), NULL, false},
        {"first write, a claim is no saved binding", ROW(PROCESSING, BIND, .goal = "g"),
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 5), NULL,
         false},
        {"first write, saved in the same commit", ROW(PROCESSING, BIND, .goal = "g"),
         ROW(PROCESSING, BIND, .goal = "g", .writes = 1, .write_started_ms = 5), "{}", true},
        {"first write, no goal", ROW(PROCESSING, BIND, .has_before = true),
         ROW(PROCESSING, BIND, .has_before = true, .writes = 1, .write_started_ms = 5), NULL, false},
        {"goal moves after a write", ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1),
         ROW(PROCESSING, BIND, .has_before = true, .goal = "h", .writes = 1), NULL, false},
        {"goal moves before any write", ROW(PROCESSING, BIND, .has_before = true, .goal = "g"),
         ROW(PROCESSING, BIND, .has_before = true, .goal = "h"), NULL, true},
        {"success with a write unknown",
         ROW(PROCESSING, VERIFY, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 5),
         ROW(SUCCESS, VERIFY, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 5), NULL,
         false},
        {"error with a write unknown",
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 5),
         ROW(ERROR, BIND, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 5), NULL, true},
        {"cancelled after a write", ROW(PROCESSING, SETTLE, .has_before = true, .goal = "g", .writes = 1),
         ROW(CANCELLED, SETTLE, .has_before = true, .goal = "g", .writes = 1), NULL, false},
        {"withdrawn before a write", ROW(PROCESSING, BIND, .has_before = true, .goal = "g"),
         ROW(PLANNED, NONE, .has_before = true, .goal = "g"), NULL, true},
        {"withdrawn after a write", ROW(PROCESSING, SETTLE, .has_before = true, .goal = "g", .writes = 1),
         ROW(PLANNED, NONE, .has_before = true, .goal = "g"), NULL, false},
        {"withdrawn with a write unknown",
         ROW(PROCESSING, UPLOAD, .has_before = true, .goal = "g", .write_started_ms = 5),
         ROW(PLANNED, NONE, .has_before = true, .goal = "g", .write_started_ms = 5), NULL, false},
        {"writes shrink", ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 2),
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1), NULL, false},
        {"back to snapshot before a write", ROW(PROCESSING, BIND, .has_before = true, .goal = "g"),
         ROW(PROCESSING, SNAPSHOT, .has_before = true, .goal = "g"), "{}", true},
        {"back to snapshot after a write",
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1),
         ROW(PROCESSING, SNAPSHOT, .has_before = true, .goal = "g", .writes = 1), NULL, false},
        {"binding replaced after a write",
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1),
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1), "{}", false},
        {"binding replaced while rolling back",
         ROW(SUCCESS, VERIFY, .has_before = true, .goal = "g", .writes = 1),
         ROW(ROLLBACK, BIND, .has_before = true, .goal = "g"), "{}", false},
        {"rollback begins at bind", ROW(SUCCESS, VERIFY, .has_before = true, .goal = "g", .writes = 2),
         ROW(ROLLBACK, BIND, .has_before = true, .goal = "g"), NULL, true},
        {"rollback writes", ROW(ROLLBACK, BIND, .has_before = true, .goal = "g"),
         ROW(ROLLBACK, BIND, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 9), NULL,
         true},
        {"rollback succeeds with a write unknown",
         ROW(ROLLBACK, BIND, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 9),
         ROW(ROLLBACK_SUCCESS, BIND, .has_before = true, .goal = "g", .writes = 1, .write_started_ms = 9),
         NULL, false},
        {"settle to bind", ROW(PROCESSING, SETTLE, .has_before = true, .goal = "g", .writes = 1),
         ROW(PROCESSING, BIND, .has_before = true, .goal = "g", .writes = 1), NULL, true},
        {"snapshot after settle", ROW(PROCESSING, SETTLE), ROW(PROCESSING, SNAPSHOT), NULL, false},
        {"upload after verify", ROW(PROCESSING, VERIFY), ROW(PROCESSING, UPLOAD), NULL, false},
        {"a write outside of the walk", ROW(SUCCESS, VERIFY, .has_before = true, .goal = "g"),
         ROW(SUCCESS, VERIFY, .has_before = true, .goal = "g", .write_started_ms = 5), NULL, false},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        const char *rule = deployment_illegal(&cases[i].old, &cases[i].new, cases[i].before);
        if (cases[i].legal != !rule)
            fail_msg("%s: %s", cases[i].name, rule ? rule : "taken");
    }
}

static void illegal_save_is_our_own_mistake(void **state)
{
    struct yard *y = *state;
    struct job j;
    begin_job(y, &j);
    struct deployment_row d = j.d, got = {0};
    d.state = DEPLOYMENT_SUCCESS;
    assert_err(y, ERR_INTERNAL, save(y, &d, NULL));
    assert_ok(y, store_deployment_load(y->db, y->a, d.id, &got, &y->err));
    assert_int_equal(got.state, DEPLOYMENT_PENDING);
    assert_int_equal(got.version, 1);
}

static bool is_open(struct yard *y, int64_t task)
{
    struct deployment_row *rows = NULL;
    size_t all = 0, of_task = 0;
    assert_ok(y, store_deployment_open(y->db, y->a, 0, &rows, &all, &y->err));
    assert_ok(y, store_deployment_open(y->db, y->a, task, &rows, &of_task, &y->err));
    assert_int_equal(all, of_task);
    return all > 0;
}

static void open_is_what_the_engine_has_to_work_on(void **state)
{
    struct yard *y = *state;
    struct job j;
    begin_job(y, &j);
    assert_true(is_open(y, j.task.id));
    static const struct {
        enum deployment_state state;
        bool open;
    } walk[] = {{S(PROCESSING), true},      {S(ERROR), false},   {S(PENDING), true},
                {S(PROCESSING), true},      {S(SUCCESS), false}, {S(ROLLBACK), true},
                {S(ROLLBACK_ERROR), false}, {S(ROLLBACK), true}, {S(ROLLBACK_SUCCESS), false}};
    for (size_t i = 0; i < countof(walk); i++) {
        j.d.state = walk[i].state;
        assert_ok(y, save(y, &j.d, NULL));
        assert_int_equal(is_open(y, j.task.id), walk[i].open);
    }
    struct task_row task = yard_task(y, "editing");
    struct deployment_row d = yard_deployment(y, task.id, j.cert.id, j.access.id);
    d.state = DEPLOYMENT_PENDING;
    assert_ok(y, store_task_add(y->db, &task, &d, 1, &y->err));
    assert_false(is_open(y, task.id)); /* not submitted */
}

/* Who needs what, state by state. */
static void R61_needed_until_nothing_can_come_back(void **state)
{
    struct yard *y = *state;
    struct job j;
    begin_job(y, &j);
    static const char saved[] = "{\"bound\":[{\"slot\":\"default\",\"fingerprint\":\"old-fingerprint\"}]}";
    static const struct {
        enum deployment_state state;
        const char *before;
        int64_t writes;
        bool needed;
    } walk[] = {
        {S(CANCELLED), NULL, 0, false}, {S(PENDING), NULL, 0, true},
        {S(PROCESSING), NULL, 0, true}, {S(ERROR), NULL, 0, false},
        {S(PENDING), NULL, 0, true},    {S(PROCESSING), saved, 0, true},
        {S(ERROR), NULL, 0, false}, /* nothing was written, so nothing can come back */
        {S(PENDING), NULL, 0, true},    {S(PROCESSING), NULL, 1, true},
        {S(ERROR), NULL, 1, true},      {S(PENDING), NULL, 1, true},
        {S(PROCESSING), NULL, 1, true}, {S(SUCCESS), NULL, 1, true},
        {S(ROLLBACK), NULL, 0, true},   {S(ROLLBACK_ERROR), NULL, 0, true},
        {S(ROLLBACK), NULL, 0, true},   {S(ROLLBACK_SUCCESS), NULL, 0, false},
    };
    for (size_t i = 0; i < countof(walk); i++) {
        const char *reasons[3] = {"x", "x", "x"};
        j.d.state = walk[i].state;
        j.d.writes = walk[i].writes;
        assert_ok(y, save(y, &j.d, walk[i].before));
        assert_ok(y, store_access_needed(y->db, y->a, j.access.id, &reasons[0], &y->err));
        assert_ok(y, store_certificate_needed(y->db, y->a, j.cert.id, &reasons[1], &y->err));
        assert_ok(y, store_certificate_needed(y->db, y->a, j.old_cert.id, &reasons[2], &y->err));
        for (size_t k = 0; k < countof(reasons); k++) {
            if (walk[i].needed != (reasons[k] != NULL))
                fail_msg("step %zu, %zu: %s", i, k, reasons[k] ? reasons[k] : "not needed");
            if (reasons[k] && !strstr(reasons[k], "renewal"))
                fail_msg("the sentence does not name the task: %s", reasons[k]);
        }
    }
}

static void what_cannot_be_undone_is_not_kept_for_a_rollback(void **state)
{
    struct yard *y = *state;
    static const struct {
        const char *undo;
        bool already_bound, needed;
    } cases[] = {{"", false, true}, {"the old key is unknown", false, false}, {"", true, false}};
    struct job j;
    begin_job(y, &j);
    j.d.state = S(CANCELLED);
    assert_ok(y, save(y, &j.d, NULL));
    for (size_t i = 0; i < countof(cases); i++) {
        const char *reason = NULL;
        struct task_row task = yard_task(y, "t");
        struct deployment_row d = yard_deployment(y, task.id, j.cert.id, j.access.id);
        d.state = S(PROCESSING);
        d.undo = cases[i].undo;
        d.already_bound = cases[i].already_bound;
        assert_ok(y, store_task_add(y->db, &task, &d, 1, &y->err));
        d.version = 1;
        d.state = S(SUCCESS);
        assert_ok(y, save(y, &d, "{}"));
        assert_ok(y, store_certificate_needed(y->db, y->a, j.cert.id, &reason, &y->err));
        assert_int_equal(reason != NULL, cases[i].needed);
        assert_ok(y, store_task_delete(y->db, task.id, &y->err));
    }
}

static void R109_binding_saved_later_than_planned_is_kept_too(void **state)
{
    struct yard *y = *state;
    struct job j;
    begin_job(y, &j);
    struct certificate_row between = yard_certificate(y, "between", "between-fingerprint");
    const char *reason = NULL;
    assert_ok(y, store_certificate_add(y->db, &between, bench_secret(y->b, "S"), NULL, &y->err));
    assert_ok(y, store_certificate_needed(y->db, y->a, between.id, &reason, &y->err));
    assert_null(reason);
    j.d.state = S(PROCESSING);
    assert_ok(
        y,
        save(y, &j.d,
             "{\"https\":true,\"bound\":[{\"slot\":\"default\",\"fingerprint\":\"between-fingerprint\"}]}"));
    assert_ok(y, store_certificate_needed(y->db, y->a, between.id, &reason, &y->err));
    assert_non_null(strstr(reason, "rollback"));
    assert_err(y, ERR_INPUT, save(y, &j.d, "not JSON"));
}

static void task_rows_come_and_go(void **state)
{
    struct yard *y = *state;
    struct job j;
    begin_job(y, &j);
    struct task_row task = yard_task(y, "second"), got = {0}, *rows = NULL;
    struct deployment_row two[2] = {yard_deployment(y, task.id, j.cert.id, j.access.id),
                                    yard_deployment(y, task.id, j.cert.id, j.access.id)};
    two[1].state = DEPLOYMENT_HELD;
    two[1].holds = "[\"lose-names\"]";
    struct task_counts counts = {0};
    struct deployment_row *deployments = NULL;
    size_t count = 0;
    assert_ok(y, store_task_add(y->db, &task, two, 2, &y->err));
    assert_ok(y, store_task_find(y->db, y->a, "second", &got, &y->err));
    assert_int_equal(got.id, task.id);
    assert_true(got.verify);
    assert_ok(y, store_deployment_list(y->db, y->a, task.id, &(struct page){.limit = 1}, &deployments, &count,
                                       &y->err));
    assert_int_equal(count, 1);
    assert_int_equal(deployments[0].id, two[0].id);
    assert_ok(y,
              store_deployment_list(y->db, y->a, task.id, &(struct page){.before_id = two[0].id, .limit = 10},
                                    &deployments, &count, &y->err));
    assert_int_equal(count, 1);
    assert_string_equal(deployments[0].holds, "[\"lose-names\"]");
    assert_ok(y, store_task_count(y->db, task.id, &counts, &y->err));
    assert_int_equal(counts.total, 2);
    assert_int_equal(counts.by_state[DEPLOYMENT_PLANNED], 1);
    assert_int_equal(counts.by_state[DEPLOYMENT_HELD], 1);
    got.state = "pending";
    assert_ok(y, store_task_update(y->db, &got, &y->err));
    assert_err(y, ERR_CONFLICT, store_task_update(y->db, &got, &y->err));
    assert_err(y, ERR_CONFLICT, store_task_replan(y->db, &got, two, 1, &y->err));
    got.version++;
    two[0].id = yard_id(y);
    assert_ok(y, store_task_replan(y->db, &got, two, 1, &y->err));
    assert_ok(y, store_task_count(y->db, task.id, &counts, &y->err));
    assert_int_equal(counts.total, 1);
    assert_ok(y, store_task_list(y->db, y->a, &(struct page){.limit = 10},
                                 &(struct task_filter){.state = "pending"}, &rows, &count, &y->err));
    assert_int_equal(count, 1);
    assert_ok(y, store_task_list(y->db, y->a, &(struct page){.limit = 10}, &(struct task_filter){0}, &rows,
                                 &count, &y->err));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, task.id);
    assert_ok(y, store_task_delete(y->db, task.id, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_task_delete(y->db, task.id, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_task_load(y->db, y->a, task.id, &got, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_deployment_load(y->db, y->a, two[0].id, deployments, &y->err));
}

static void R101_counts_tell_verdicts_apart(void **state)
{
    struct yard *y = *state;
    static const char *const verdicts[] = {"verified", "verified", "not verified", "contradicted", ""};
    struct job j;
    begin_job(y, &j);
    struct task_row task = yard_task(y, "many");
    struct deployment_row d[countof(verdicts)];
    for (size_t i = 0; i < countof(verdicts); i++) {
        d[i] = yard_deployment(y, task.id, j.cert.id, j.access.id);
        d[i].verdict = verdicts[i];
        d[i].already_bound = i == 4;
        d[i].state = i == 3 ? DEPLOYMENT_ERROR : DEPLOYMENT_SUCCESS;
    }
    struct task_counts counts = {0};
    assert_ok(y, store_task_add(y->db, &task, d, countof(d), &y->err));
    assert_ok(y, store_task_count(y->db, task.id, &counts, &y->err));
    assert_int_equal(counts.verified, 2);
    assert_int_equal(counts.not_verified, 1);
    assert_int_equal(counts.contradicted, 1);
    assert_int_equal(counts.already_bound, 1);
    assert_int_equal(counts.by_state[DEPLOYMENT_SUCCESS], 4);
    assert_int_equal(counts.by_state[DEPLOYMENT_ERROR], 1);
}

static void R91_R108_state_words_are_those_of_the_contract(void **state)
{
    static const char *const words[] = {"planned",          "held",          "pending",   "processing",
                                        "success",          "error",         "cancelled", "rollback",
                                        "rollback_success", "rollback_error"};
    (void)state;
    for (unsigned i = 0; i <= DEPLOYMENT_ROLLBACK_ERROR; i++) {
        enum deployment_state got = DEPLOYMENT_PLANNED;
        assert_string_equal(deployment_state_name((enum deployment_state)i), words[i]);
        assert_true(deployment_state_parse(deployment_state_name((enum deployment_state)i), &got));
        assert_int_equal(got, i);
    }
    enum deployment_state kept = DEPLOYMENT_HELD;
    assert_false(deployment_state_parse("done", &kept));
    assert_int_equal(kept, DEPLOYMENT_HELD);
    assert_string_equal(deployment_state_name(DEPLOYMENT_ROLLBACK_ERROR), "rollback_error");
    assert_string_equal(deployment_step_name(STEP_SETTLE), "settle");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(deployment_comes_back_as_it_was),
        yard_test(stale_row_changes_nothing),
        cmocka_unit_test(states_follow_the_table_alone),
        cmocka_unit_test(R109_no_write_without_its_way_back),
        yard_test(illegal_save_is_our_own_mistake),
        yard_test(open_is_what_the_engine_has_to_work_on),
        yard_test(R61_needed_until_nothing_can_come_back),
        yard_test(what_cannot_be_undone_is_not_kept_for_a_rollback),
        yard_test(R109_binding_saved_later_than_planned_is_kept_too),
        yard_test(task_rows_come_and_go),
        yard_test(R101_counts_tell_verdicts_apart),
        cmocka_unit_test(R91_R108_state_words_are_those_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
