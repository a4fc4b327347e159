#include "task/schedule.h"

#include "task/test_world.h"

static const struct task_when at_once = {.at = "", .time_zone = "UTC", .canary = "", .rollback_on = ""};

/* Things of different locks: c00, d00 ... */
static void new_things(struct yard_world *w, const char *product, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *id = arena_printf(w->y->a, "%c-%s", (char)('a' + i), strchr(product, '/') + 1);
        new_thing(w, product, id, arena_printf(w->y->a, "%s.example.com", id),
                  arena_printf(w->y->a, "old-%s", id));
    }
}

static int64_t submit_when(struct yard_world *w, int64_t certificate, const struct task_when *when,
                           struct texts *ret_said)
{
    struct selection s = select_certificate(w, certificate);
    struct task_view view;
    assert_ok(w->y, task_create(&w->c, w->y->a, "uid:1000", "", &s, &view, &w->y->err));
    assert_ok(w->y,
              task_submit_when(&w->c, w->y->a, view.task.id, view.task.version, when, ret_said, &w->y->err));
    return view.task.id;
}

static int64_t scheduled(struct yard_world *w, const struct task_when *when)
{
    struct texts said;
    return submit_when(w, new_certificate(w, "new", "[\"*.example.com\"]"), when, &said);
}

static bool tick(struct yard_world *w)
{
    bool more = false;
    assert_ok(w->y, schedule_tick(w->y->s, world->now_ms, &more, &w->y->err));
    engine_wake(w->e);
    return more;
}

static char *in(struct yard_world *w, int64_t ms)
{
    return time_iso(w->y->a, world->now_ms + ms);
}

static int writes(void)
{
    int writes = 0;
    for (size_t i = 0; i < THINGS; i++)
        writes += world->things[i].writes;
    return writes;
}

static int64_t count_of(struct yard_world *w, int64_t task, enum deployment_state state)
{
    return seen(w, task).counts.by_state[state];
}

static void expect_task(struct yard_world *w, int64_t task, const char *state, const char *label)
{
    struct task_view view = seen(w, task);
    if (strcmp(view.task.state, state) != 0 || strcmp(view.label, label) != 0)
        fail_msg("the task is %s (%s), not %s (%s)", view.task.state, view.label, state, label);
}

enum { HOUR_MS = 3600000 };

static void R67_a_custom_time_starts_the_task_by_itself(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 2);
    struct task_when when = at_once;
    when.at = in(w, HOUR_MS);
    int64_t task = scheduled(w, &when), next = 0;
    expect_task(w, task, "pending", "pending"); /* R92: queued */
    assert_false(tick(w));
    assert_int_equal(engine_run_due(w->e, &next), 0);
    assert_err(w->y, ERR_CONFLICT, task_delete(&w->c, task, &w->y->err)); /* C6 */
    world->now_ms += HOUR_MS - 1;
    assert_false(tick(w));
    world->now_ms += 1;
    assert_true(tick(w));
    expect_task(w, task, "scheduling", "scheduling"); /* R92: now */
    assert_false(tick(w));                            /* not twice */
    run(w);
    expect_task(w, task, "success", "success");
    assert_int_equal(writes(), 2);
}

static void R68_past_time_starts_at_once_and_says_so(void **state)
{
    struct yard_world *w = *state;
    struct texts said;
    new_things(w, "aliyun/cdn", 1);
    struct task_when when = at_once;
    when.at = in(w, -HOUR_MS);
    int64_t task = submit_when(w, new_certificate(w, "new", "[\"*.example.com\"]"), &when, &said);
    assert_int_equal(said.count, 1);
    assert_non_null(strstr(said.items[0], "has passed: the task starts at once"));
    expect_task(w, task, "scheduling", "scheduling");
    engine_wake(w->e);
    run(w);
    expect_task(w, task, "success", "success");
}

static void R68_a_restart_loses_no_scheduled_task(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 2);
    struct task_when when = at_once;
    when.at = in(w, HOUR_MS);
    int64_t task = scheduled(w, &when);
    engine_end(w);
    store_again(w, true);
    engine_begin(w, 0);
    assert_false(tick(w));
    engine_end(w);
    world->now_ms += 5 * HOUR_MS; /* the time goes by while nothing runs */
    store_again(w, true);
    engine_begin(w, 0); /* the engine looks by itself when it starts */
    run(w);
    expect_task(w, task, "success", "success");
    assert_int_equal(writes(), 2);
}

static void R68_a_clock_that_jumps_neither_misses_nor_repeats(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 1);
    struct task_when when = at_once;
    when.at = in(w, HOUR_MS);
    int64_t task = scheduled(w, &when), begin = world->now_ms;
    world->now_ms = begin - 24 * HOUR_MS; /* back: it waits longer */
    assert_false(tick(w));
    world->now_ms = begin + 24 * HOUR_MS; /* far beyond: it is due */
    assert_true(tick(w));
    world->now_ms = begin; /* back again, released as it is */
    assert_false(tick(w));
    expect_task(w, task, "scheduling", "scheduling");
    run(w);
    world->now_ms = begin + 2 * HOUR_MS;
    assert_false(tick(w));
    expect_task(w, task, "success", "success");
    assert_int_equal(writes(), 1);
}

static void R27_certificates_are_looked_at_again_at_the_time(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 2);
    struct task_when when = at_once;
    when.at = in(w, HOUR_MS);
    int64_t task = scheduled(w, &when);
    world->now_ms += 400 * DAY_MS; /* nothing ran for a year */
    (void)tick(w);
    expect_task(w, task, "error", "error");
    struct task_view view = seen(w, task);
    for (size_t i = 0; i < view.count; i++) {
        expect_state(&view.deployments[i], DEPLOYMENT_ERROR);
        assert_string_equal(view.deployments[i].cause_kind, "invalid_certificate");
        assert_true(view.deployments[i].cause_text[0] && view.deployments[i].advice[0]);
    }
    assert_int_equal(writes(), 0);
}

static void R27_a_time_after_the_certificates_end_is_refused(void **state)
{
    struct yard_world *w = *state;
    struct task_view view;
    struct texts said;
    new_things(w, "aliyun/cdn", 1);
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    struct task_when when = at_once;
    when.at = in(w, 400 * DAY_MS);
    assert_ok(w->y, task_create(&w->c, w->y->a, "", "one", &s, &view, &w->y->err));
    assert_err(w->y, ERR_INVALID_CERTIFICATE,
               task_submit_when(&w->c, w->y->a, view.task.id, 0, &when, &said, &w->y->err));
    when.at = in(w, 4000 * DAY_MS);
    assert_err(w->y, ERR_INPUT, task_submit_when(&w->c, w->y->a, view.task.id, 0, &when, &said, &w->y->err));
    expect_task(w, view.task.id, "editing", "editing");
}

static bool needs_access(struct db *db, void *context, struct err *err)
{
    struct yard_world *w = context;
    const char *reason = NULL;
    return store_access_needed(db, w->y->a, w->access_id, &reason, err) &&
           (reason || err_set(err, ERR_INTERNAL, "free"));
}

static void R61_an_access_that_a_waiting_task_needs_stays(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 1);
    struct task_when when = at_once;
    when.at = in(w, HOUR_MS);
    (void)scheduled(w, &when);
    assert_ok(w->y, store_read(w->y->s, needs_access, w, &w->y->err));
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct yard_world *w = *state;
    static const char *windows[17] = {"sometimes"}, *waves[] = {"none"};
    new_things(w, "aliyun/cdn", 1);
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    struct task_when cases[] = {
        {.at = "soon", .time_zone = "", .canary = "", .rollback_on = ""},
        {.at = "", .time_zone = "Mars/Base", .canary = "", .rollback_on = ""},
        {.at = "", .time_zone = "", .canary = "x", .rollback_on = ""},
        {.at = "", .time_zone = "", .canary = "", .rollback_on = "always"},
        {.at = "", .time_zone = "", .canary = "", .rollback_on = "", .windows = {windows, 1}},
        {.at = "", .time_zone = "", .canary = "", .rollback_on = "", .windows = {windows, 17}},
        {.at = "", .time_zone = "", .canary = "", .rollback_on = "", .waves = {waves, 1}},
        {.at = "", .time_zone = "", .canary = "", .rollback_on = "", .waves = {waves, 16}},
    };
    struct task_view view;
    struct texts said;
    assert_ok(w->y, task_create(&w->c, w->y->a, "", "one", &s, &view, &w->y->err));
    for (size_t i = 0; i < countof(cases); i++)
        assert_err(w->y, ERR_INPUT,
                   task_submit_when(&w->c, w->y->a, view.task.id, 0, &cases[i], &said, &w->y->err));
    expect_task(w, view.task.id, "editing", "editing");
}

/* NOW_MS is a Friday. Two hours of every day around now, less ten minutes. */
static const char *window_now(struct yard_world *w, int64_t from_ms, int64_t to_ms)
{
    return arena_printf(w->y->a, "%s-%s", time_format(w->y->a, world->now_ms + from_ms, "%H:%M"),
                        time_format(w->y->a, world->now_ms + to_ms, "%H:%M"));
}

static void a_window_lets_begin_and_what_has_begun_finishes(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "a1", "a1.example.com", "old-1"); /* the same lock: one waits for the other */
    new_thing(w, "aliyun/cdn", "a2", "a2.example.com", "old-2");
    const char *window = window_now(w, HOUR_MS, 2 * HOUR_MS);
    struct task_when when = at_once;
    when.windows = (struct texts){&window, 1};
    int64_t task = scheduled(w, &when), next = 0;
    expect_task(w, task, "pending", "pending");
    assert_false(tick(w));
    world->now_ms += HOUR_MS + 60000;
    assert_true(tick(w));
    (void)engine_run_due(w->e, &next); /* the first writes, and then waits for the cloud */
    assert_int_equal(writes(), 1);
    world->now_ms += 2 * HOUR_MS; /* the window has closed */
    (void)tick(w);
    run(w);
    assert_int_equal(count_of(w, task, DEPLOYMENT_SUCCESS), 1);
    assert_int_equal(count_of(w, task, DEPLOYMENT_PLANNED), 1);
    expect_task(w, task, "processing", "processing");
    assert_false(tick(w));
    world->now_ms += 22 * HOUR_MS + 1800000; /* the next day's */
    assert_true(tick(w));
    run(w);
    expect_task(w, task, "success", "success");
    assert_int_equal(writes(), 2);
}

static void the_gate_says_when_it_opens(void **state)
{
    struct yard_world *w = *state;
    struct schedule_gate gate;
    struct task_row task = {.name = "one",
                            .time_zone = "UTC",
                            .paused = "",
                            .windows = "[\"Sat 02:00-05:00\"]"};
    int64_t saturday = 1796436000000; /* 2026-12-05T02:00:00Z */
    assert_ok(w->y, schedule_gate(w->y->a, &task, saturday, &gate, &w->y->err));
    assert_null(gate.waits_for);
    assert_ok(w->y, schedule_gate(w->y->a, &task, saturday - 1, &gate, &w->y->err));
    assert_string_equal(gate.waits_for, "window");
    assert_int_equal(gate.next_ms, saturday);
    task.start_at_ms = saturday + DAY_MS; /* a Sunday: the time, and then the window */
    assert_ok(w->y, schedule_gate(w->y->a, &task, saturday, &gate, &w->y->err));
    assert_string_equal(gate.waits_for, "time");
    assert_int_equal(gate.next_ms, saturday + 7 * DAY_MS);
    task.paused = "so";
    assert_ok(w->y, schedule_gate(w->y->a, &task, saturday, &gate, &w->y->err));
    assert_string_equal(gate.waits_for, "resume");
}

static void waves_follow_one_another_while_all_is_well(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 5);
    const char *second = "40%";
    struct task_when when = at_once;
    when.canary = "1";
    when.waves = (struct texts){&second, 1};
    int64_t task = scheduled(w, &when);
    assert_int_equal(count_of(w, task, DEPLOYMENT_PENDING), 1);
    engine_wake(w->e);
    for (int i = 0; i < 200 && writes() < 1; i++) {
        int64_t next = 0;
        (void)engine_run_due(w->e, &next);
        world->now_ms = next > world->now_ms ? next : world->now_ms + 1;
    }
    assert_int_equal(writes(), 1);
    assert_int_equal(count_of(w, task, DEPLOYMENT_PLANNED), 4); /* until the canary is through */
    assert_false(tick(w));
    run(w); /* the engine itself lets the next wave go */
    expect_task(w, task, "success", "success");
    assert_int_equal(writes(), 5);
    struct task_view view = seen(w, task);
    int64_t first = INT64_MAX, last[4] = {0};
    for (size_t i = 0; i < view.count; i++)
        last[view.deployments[i].wave] =
            int64_max(last[view.deployments[i].wave], view.deployments[i].finished_ms);
    for (size_t i = 0; i < view.count; i++)
        if (view.deployments[i].wave == 2)
            first = int64_min(first, view.deployments[i].started_ms);
    assert_true(first >= last[1] && last[3] > 0 && last[2] > 0);
}

static void a_failed_canary_stops_the_task_and_says_why(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 3);
    struct task_when when = at_once;
    when.canary = "1";
    world->always[OP_BIND] = FAULT_PERMISSION;
    int64_t task = scheduled(w, &when);
    engine_wake(w->e);
    run(w);
    expect_task(w, task, "processing", "paused");
    assert_string_equal(seen(w, task).task.paused, "wave 1: 1 of 1 deployments failed or were contradicted");
    assert_int_equal(count_of(w, task, DEPLOYMENT_PLANNED), 2);
    assert_false(tick(w));
    world->always[OP_BIND] = FAULT_NONE;
    assert_ok(w->y, task_resume(&w->c, task, &w->y->err)); /* goes on, the failure notwithstanding */
    engine_wake(w->e);
    run(w);
    expect_task(w, task, "error", "error"); /* R101: what failed failed, the others keep their success */
    assert_int_equal(count_of(w, task, DEPLOYMENT_SUCCESS), 2);
    assert_int_equal(count_of(w, task, DEPLOYMENT_ERROR), 1);
}

static void a_canary_that_is_tried_again_is_judged_again(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 3);
    struct task_when when = at_once;
    when.canary = "1";
    world->always[OP_BIND] = FAULT_PERMISSION;
    int64_t task = scheduled(w, &when);
    engine_wake(w->e);
    run(w);
    assert_ok(w->y, task_retry(&w->c, task, NULL, 0, &w->y->err)); /* nothing was mended */
    engine_wake(w->e);
    run(w);
    expect_task(w, task, "processing", "paused");
    assert_int_equal(count_of(w, task, DEPLOYMENT_PLANNED), 2);
    world->always[OP_BIND] = FAULT_NONE;
    assert_ok(w->y, task_retry(&w->c, task, NULL, 0, &w->y->err));
    engine_wake(w->e);
    run(w);
    expect_task(w, task, "success", "success");
    assert_int_equal(writes(), 3);
}

static void paused_nothing_begins_and_what_has_written_finishes(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "a1", "a1.example.com", "old-1");
    new_thing(w, "aliyun/cdn", "a2", "a2.example.com", "old-2"); /* the same lock */
    int64_t task = scheduled(w, &at_once), next = 0;
    engine_wake(w->e);
    (void)engine_run_due(w->e, &next);
    assert_int_equal(writes(), 1);
    assert_ok(w->y, task_pause(&w->c, task, &w->y->err));
    assert_ok(w->y, task_pause(&w->c, task, &w->y->err)); /* already */
    run(w);
    expect_task(w, task, "processing", "paused");
    assert_int_equal(count_of(w, task, DEPLOYMENT_SUCCESS), 1);
    assert_int_equal(count_of(w, task, DEPLOYMENT_PLANNED), 1);
    assert_err(w->y, ERR_CONFLICT, task_delete(&w->c, task, &w->y->err));
    assert_ok(w->y, task_resume(&w->c, task, &w->y->err));
    engine_wake(w->e);
    run(w);
    expect_task(w, task, "success", "success");
    assert_int_equal(writes(), 2);
    assert_err(w->y, ERR_CONFLICT, task_pause(&w->c, task, &w->y->err)); /* R92: final stays final */
}

static void paused_before_it_began_and_cancelled(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 2);
    int64_t task = scheduled(w, &at_once), next = 0;
    assert_ok(w->y, task_pause(&w->c, task, &w->y->err));
    expect_task(w, task, "pending", "paused");
    engine_wake(w->e);
    assert_int_equal(engine_run_due(w->e, &next), 0);
    assert_ok(w->y, task_cancel(&w->c, task, &w->y->err));
    expect_task(w, task, "cancelled", "cancelled");
    assert_ok(w->y, task_delete(&w->c, task, &w->y->err)); /* C6 */
    assert_int_equal(writes(), 0);
}

static void a_waiting_task_is_cancelled_whole(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 3);
    struct task_when when = at_once;
    when.at = in(w, HOUR_MS);
    when.canary = "1";
    int64_t task = scheduled(w, &when);
    assert_ok(w->y, task_cancel(&w->c, task, &w->y->err));
    expect_task(w, task, "cancelled", "cancelled");
    world->now_ms += 2 * HOUR_MS;
    assert_false(tick(w));
    assert_int_equal(writes(), 0);
}

static void contradicted_goes_back_by_itself_where_asked(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 2);
    struct task_when when = at_once;
    when.rollback_on = "contradicted";
    snprintf(world->served, sizeof world->served, "fp-of-somebody-else");
    int64_t task = scheduled(w, &when);
    engine_wake(w->e);
    run(w);
    struct task_view view = seen(w, task);
    expect_task(w, task, "error", "rolled back");
    for (size_t i = 0; i < view.count; i++) {
        assert_true(view.deployments[i].state == DEPLOYMENT_ROLLBACK_SUCCESS ||
                    view.deployments[i].state == DEPLOYMENT_ROLLBACK_ERROR);
        assert_true(has(&world->things[i], "default", arena_printf(w->y->a, "old-%s", world->things[i].id)));
    }
    assert_int_equal(writes(), 4);
}

static void contradicted_stays_where_it_was_not_asked(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 1);
    snprintf(world->served, sizeof world->served, "fp-of-somebody-else");
    int64_t task = scheduled(w, &at_once);
    engine_wake(w->e);
    run(w);
    assert_false(tick(w));
    expect_task(w, task, "error", "error");
    assert_int_equal(writes(), 1);
}

static void R102_R101_one_failure_and_the_others_keep_their_success(void **state)
{
    struct yard_world *w = *state;
    new_things(w, "aliyun/cdn", 4);
    world->faults[OP_BIND][1] = FAULT_PERMISSION;
    int64_t task = scheduled(w, &at_once);
    engine_wake(w->e);
    run(w);
    expect_task(w, task, "error", "error"); /* R91 */
    assert_int_equal(count_of(w, task, DEPLOYMENT_SUCCESS), 3);
    assert_int_equal(count_of(w, task, DEPLOYMENT_ERROR), 1);
    struct task_view view = rolled_back(w, task);
    assert_string_equal(view.task.state, "error");  /* R101: roll-backs are counted apart; R92 */
    assert_string_equal(view.label, "rolled back"); /* R107 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(R67_a_custom_time_starts_the_task_by_itself),
        world_test(R68_past_time_starts_at_once_and_says_so),
        world_test(R68_a_restart_loses_no_scheduled_task),
        world_test(R68_a_clock_that_jumps_neither_misses_nor_repeats),
        world_test(R27_certificates_are_looked_at_again_at_the_time),
        world_test(R27_a_time_after_the_certificates_end_is_refused),
        world_test(R61_an_access_that_a_waiting_task_needs_stays),
        world_test(what_makes_no_sense_is_refused),
        world_test(a_window_lets_begin_and_what_has_begun_finishes),
        world_test(the_gate_says_when_it_opens),
        world_test(waves_follow_one_another_while_all_is_well),
        world_test(a_failed_canary_stops_the_task_and_says_why),
        world_test(a_canary_that_is_tried_again_is_judged_again),
        world_test(paused_nothing_begins_and_what_has_written_finishes),
        world_test(paused_before_it_began_and_cancelled),
        world_test(a_waiting_task_is_cancelled_whole),
        world_test(contradicted_goes_back_by_itself_where_asked),
        world_test(contradicted_stays_where_it_was_not_asked),
        world_test(R102_R101_one_failure_and_the_others_keep_their_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
