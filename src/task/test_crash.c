/* The process dies at every commit, and before and after every effect in the cloud, in turn; the next one goes on. */
#include "task/test_world.h"

static void run_all(void *context)
{
    run(context);
}

/* Runs the engine in a child that dies at its n-th point; true when it came to its end instead. */
static bool ran_through(struct yard_world *w, int die_at)
{
    return world_dies_at(w, die_at, run_all, w);
}

static void reset(struct thing *t, const char *ref)
{
    memset(t->now, 0, sizeof t->now);
    memset(t->stale, 0, sizeof t->stale);
    put(t, "default", NULL, ref);
    t->writes = 0;
    t->ready_at = t->fresh_at = 0;
}

struct ledger {
    struct yard_world *w;
    int64_t task;
    struct quota_balance balance;
};

static bool grant_one(struct db *db, void *context, struct err *err)
{
    (void)context;
    return store_quota_grant(db, "", 1, "", err);
}

static bool read_ledger(struct db *db, void *context, struct err *err)
{
    struct ledger *l = context;
    const char *fault = quota_fault_of_task(db, l->w->y->a, l->task);
    if (*fault)
        return err_set(err, ERR_INTERNAL, "%s", fault);
    return store_quota_balance(db, "", &l->balance, err);
}

/* Exactly one unit for each task, whatever died: nothing stays held, nothing is charged twice. */
static void expect_one_unit(struct yard_world *w, int64_t task, int64_t used)
{
    struct ledger l = {.w = w, .task = task};
    assert_ok(w->y, store_read(w->y->s, read_ledger, &l, &w->y->err));
    assert_int_equal(l.balance.used, used);
    assert_int_equal(l.balance.held, 0);
    assert_int_equal(l.balance.available, 0);
}

/* There and back, killed at the n-th point of each direction. */
static bool there_and_back(struct yard_world *w, struct thing *t, int64_t certificate, int die_at)
{
    struct selection s = select_certificate(w, certificate);
    assert_ok(w->y, store_write(w->y->s, grant_one, NULL, &w->y->err));
    int64_t task = submitted(w, &s, "one");
    bool through = ran_through(w, die_at);
    run(w);
    struct task_view view = seen(w, task);
    expect_one_unit(w, task, die_at);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_string_equal(view.task.state, "success");
    assert_string_equal(view.deployments[0].verdict, "verified");
    assert_int_equal(t->writes, 1);
    assert_true(has(t, "default", "ref-fp-new"));
    struct task_refusal *refused = NULL;
    size_t count = 0;
    assert_ok(w->y, task_rollback(&w->c, w->y->a, task, NULL, 0, false, &refused, &count, &w->y->err));
    bool back_through = ran_through(w, die_at);
    run(w);
    view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_int_equal(t->writes, 2);
    assert_true(has(t, "default", "old-1"));
    expect_one_unit(w, task, die_at);
    assert_ok(w->y, task_delete(&w->c, task, &w->y->err));
    return through && back_through;
}

static void killed_at_any_point_nothing_is_lost_or_done_twice(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    int64_t certificate = new_certificate(w, "new", "[\"www.example.com\"]");
    int at = 1;
    reset(t, "old-1");
    while (!there_and_back(w, t, certificate, at)) {
        reset(t, "old-1");
        assert_true(++at < 60);
    }
    assert_true(at > 5);
    assert_int_equal(world->uploads, 1);
}

static void killed_during_the_upload_it_is_found_again(void **state)
{
    struct yard_world *w = *state;
    for (int at = 1; at < 14; at++) {
        int uploads = world->uploads;
        const char *name = arena_printf(w->y->a, "w%d.example.com", at);
        struct thing *t = new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "w%d", at), name, "old-1");
        struct selection s = select_certificate(w, new_certificate(w, arena_printf(w->y->a, "new%d", at),
                                                                   arena_printf(w->y->a, "[\"%s\"]", name)));
        int64_t task = submitted(w, &s, "one");
        (void)ran_through(w, at);
        run(w);
        struct task_view view = seen(w, task);
        expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
        assert_int_equal(world->uploads, uploads + 1);
        assert_int_equal(t->writes, 1);
    }
}

/* A write whose answer was lost, and then a look that is refused for good: an error, and the write is yet to show. */
static int64_t failed_with_a_write_to_show(struct yard_world *w, struct thing **ret)
{
    *ret = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    world->stale_ms = CONSISTENCY_MS - 500;
    world->faults[OP_BIND][0] = FAULT_LOST_APPLIED;
    world->faults[OP_READ][1] = FAULT_PERMISSION;
    int64_t task = submitted(w, &s, "one");
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_ERROR);
    assert_int_equal((*ret)->writes, 1);
    assert_true(world->now_ms < (*ret)->fresh_at);
    return task;
}

static void a_retry_waits_for_a_write_that_may_still_show(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = NULL;
    int64_t task = failed_with_a_write_to_show(w, &t);
    assert_ok(w->y, task_retry(&w->c, task, NULL, 0, &w->y->err));
    engine_wake(w->e);
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_int_equal(t->writes, 1); /* not a second time */
}

static void a_rollback_waits_for_a_write_that_may_still_show(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = NULL;
    int64_t task = failed_with_a_write_to_show(w, &t);
    struct task_view view = rolled_back(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    world->now_ms = t->fresh_at + 1;
    assert_true(has(t, "default", "old-1")); /* and not the new one, which came late */
    assert_int_equal(t->writes, 2);
}

static void what_failed_with_a_write_to_show_can_be_retried_after_a_restart(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = NULL;
    int64_t task = failed_with_a_write_to_show(w, &t);
    engine_end(w);
    store_again(w, true);
    engine_begin(w, 0);
    assert_ok(w->y, task_retry(&w->c, task, NULL, 0, &w->y->err));
    engine_wake(w->e);
    run(w);
    assert_int_equal(t->writes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(killed_at_any_point_nothing_is_lost_or_done_twice),
        world_test(killed_during_the_upload_it_is_found_again),
        world_test(a_retry_waits_for_a_write_that_may_still_show),
        world_test(a_rollback_waits_for_a_write_that_may_still_show),
        world_test(what_failed_with_a_write_to_show_can_be_retried_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
