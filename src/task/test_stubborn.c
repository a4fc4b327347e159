/* A deployment ends well however often the process dies, and however slow the machine is: neither is the cloud's refusal. */
#include "task/test_listener.h"

enum {
    KILLS = 40,
    AT_THE_INTENT = 2,
    AFTER_THE_EFFECT = 4
}; /* points of the process: the task's state is the first */

static void run_all(void *context)
{
    run(context);
}

static void restart(struct yard_world *w)
{
    engine_leave(w);
    engine_again(w);
}

static int64_t submitted_one(struct yard_world *w, struct thing **ret)
{
    *ret = new_thing(w, "aliyun/cdn", "pem1", "www.example.com", "old-1"); /* nothing is uploaded */
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    snprintf(world->served, sizeof world->served, "fp-new");
    return submitted(w, &s, "one");
}

/* Each process announces its write and dies before it is sent. */
static void R102_killed_at_every_announced_write_it_still_ends_as_success(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = NULL;
    int64_t task = submitted_one(w, &t);
    int64_t announced = 0;
    for (int i = 0; i < KILLS; i++) {
        assert_false(world_dies_at(w, AT_THE_INTENT, run_all, w));
        announced = seen(w, task).deployments[0].writes;
    }
    assert_true(announced > KILLS / 2);
    assert_int_equal(t->writes, 0);
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_int_equal(t->writes, 1);
}

/* The write is sent long after the first was announced; who looks next finds the cloud busy with it. */
static void R102_time_without_a_process_is_not_the_clouds_delay(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = NULL;
    int64_t task = submitted_one(w, &t);
    assert_false(world_dies_at(w, AT_THE_INTENT, run_all, w));
    assert_int_equal(seen(w, task).deployments[0].writes, 1);
    world->now_ms += fake_cdn.settle_ms + fake_cdn.consistency_ms;
    assert_false(world_dies_at(w, AFTER_THE_EFFECT, run_all, w));
    assert_int_equal(t->writes, 1);
    assert_true(world->now_ms < t->ready_at);
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_int_equal(t->writes, 1);
}

/* The same for one that was seen to be busy before it began, and for a queue at the vendor. */
static void R102_a_restart_begins_to_wait_anew(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = NULL;
    int64_t next = 0, task = submitted_one(w, &t);
    world->faults[OP_READ][0] = FAULT_500;
    (void)engine_run_due(w->e, &next);
    world->now_ms += 3600000;
    t->ready_at = world->now_ms + SETTLE_MS; /* somebody else changes it */
    world->faults[OP_BIND][0] = FAULT_THROTTLE;
    restart(w);
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
}

/* The SNI entries go back before the default that they rely on, also when who was first has to wait as a process dies. */
static void R105_who_was_first_on_a_listener_stays_first_after_a_restart(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_listener(w, "lsn");
    struct task_view view =
        deployed(w, new_certificate(w, "all", "[\"other.org\",\"a.example.com\",\"b.example.com\"]"), "one");
    assert_int_equal(view.counts.by_state[DEPLOYMENT_SUCCESS], 2);
    struct task_refusal *refused = NULL;
    size_t count = 0;
    int64_t next = 0;
    assert_ok(w->y,
              task_rollback(&w->c, w->y->a, view.task.id, NULL, 0, false, &refused, &count, &w->y->err));
    engine_wake(w->e);
    world->faults[OP_READ][0] = FAULT_500;
    world->calls[OP_READ] = 0;
    (void)engine_run_due(w->e, &next);
    assert_int_equal(world->calls[OP_READ], 1);
    restart(w);
    run(w);
    view = seen(w, view.task.id);
    for (size_t i = 0; i < view.count; i++)
        expect_state(&view.deployments[i], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "default", "old-default") && has(t, "sni", "old-a") && has(t, "sni", "old-b"));
}

/* A store that refuses a while delays; one that refuses for good is the cause, in bounded time. */
static void a_store_that_refuses_reading_is_waited_for_and_at_last_the_cause(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = NULL;
    for (int i = 0; i < 8; i++)
        world->faults[OP_READ][i] = FAULT_STORE;
    int64_t task = submitted_one(w, &t);
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_int_equal(t->writes, 1);
    world->always[OP_READ] = FAULT_STORE;
    int64_t begin = world->now_ms;
    view = rolled_back(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_ERROR);
    assert_string_equal(view.deployments[0].cause_kind, "store");
    assert_true(world->now_ms - begin > 600000 && world->now_ms - begin < 1200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(R102_killed_at_every_announced_write_it_still_ends_as_success),
        world_test(R102_time_without_a_process_is_not_the_clouds_delay),
        world_test(R102_a_restart_begins_to_wait_anew),
        world_test(R105_who_was_first_on_a_listener_stays_first_after_a_restart),
        world_test(a_store_that_refuses_reading_is_waited_for_and_at_last_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
