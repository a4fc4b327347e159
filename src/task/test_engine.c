#include "task/test_listener.h"

static void R105_a_deployment_is_delivered_verified_and_taken_back(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    int64_t certificate = new_certificate(w, "new", "[\"www.example.com\"]");
    struct task_view view = deployed(w, certificate, "one");
    assert_int_equal(view.count, 1);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_string_equal(view.deployments[0].verdict, "verified");
    assert_string_equal(world->asked_name, "www.example.com");
    assert_string_equal(view.task.state, "success");
    assert_int_equal(task_exit_code(&view.counts, false), 0);
    assert_true(has(t, "default", "ref-fp-new") && !has(t, "default", "old-1"));
    assert_int_equal(t->writes, 1);
    assert_int_equal(world->uploads, 1);
    view = rolled_back(w, view.task.id);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_string_equal(view.label, "rolled back"); /* C4 */
    assert_string_equal(view.task.state, "success");
    assert_int_equal(task_exit_code(&view.counts, true), 0);
    assert_true(has(t, "default", "old-1") && !has(t, "default", "ref-fp-new"));
    assert_int_equal(t->writes, 2);
}

static void R85_already_bound_is_success_without_a_write(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    int64_t certificate = new_certificate(w, "new", "[\"www.example.com\"]");
    (void)deployed(w, certificate, "one");
    struct task_view view = deployed(w, certificate, "two");
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_true(view.deployments[0].already_bound);
    assert_string_equal(view.deployments[0].cause_text, "already bound");
    assert_int_equal(view.counts.already_bound, 1);
    assert_int_equal(task_exit_code(&view.counts, false), 0);
    assert_int_equal(t->writes, 1);
    assert_int_equal(world->uploads, 1);
}

/* What is announced before the write, and what came of it; all that only reads is announced with them. */
static void the_shortest_way_takes_two_commits(void **state)
{
    struct yard_world *w = *state;
    world->settle_ms = world->stale_ms = 0;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    int64_t certificate = new_certificate(w, "new", "[\"*.example.com\"]");
    (void)deployed(w, certificate, "one"); /* brings the copy */
    new_thing(w, "aliyun/cdn", "api", "api.example.com", "old-2");
    struct selection s = select_certificate(w, certificate);
    int64_t task = submitted(w, &s, "two");
    int64_t before = seen(w, task).deployments[0].version;
    run(w);
    struct task_view view = seen(w, task);
    for (size_t i = 0; i < view.count; i++) {
        expect_state(&view.deployments[i], DEPLOYMENT_SUCCESS);
        assert_int_equal(view.deployments[i].version - before, view.deployments[i].already_bound ? 1 : 2);
    }
}

static void what_is_bound_under_the_vendors_id_is_seen_before_any_write(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "ref-fp-new");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_true(view.deployments[0].already_bound);
    assert_int_equal(t->writes, 0);
}

static void a_slot_changed_since_the_plan_is_a_conflict(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    int64_t task = submitted(w, &s, "one");
    put(t, "default", "old-1", "somebody-elses");
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_ERROR);
    assert_string_equal(view.deployments[0].cause_kind, "conflict");
    assert_non_null(strstr(view.deployments[0].cause_text, "old-1"));
    assert_non_null(strstr(view.deployments[0].cause_text, "somebody-elses"));
    assert_string_not_equal(view.deployments[0].advice, "");
    assert_string_equal(view.task.state, "error");
    assert_int_equal(task_exit_code(&view.counts, false), 1);
    assert_int_equal(t->writes, 0);
}

/* Every transient fault, at each call in turn, ends in success with one change. */
static void transient_faults_end_in_success_with_one_change(void **state)
{
    struct yard_world *w = *state;
    static const enum fault faults[] = {FAULT_THROTTLE, FAULT_LOST_APPLIED, FAULT_LOST,
                                        FAULT_UNSENT,   FAULT_BUSY,         FAULT_500};
    int64_t certificate = new_certificate(w, "new", "[\"www.example.com\"]");
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    for (size_t i = 0; i < countof(faults); i++)
        for (int op = 0; op < OP_COUNT; op++)
            for (int nth = 0; nth < 3; nth++) {
                memset(world->faults, 0, sizeof world->faults);
                memset(world->calls, 0, sizeof world->calls);
                t->writes = 0;
                world->faults[op][nth] = faults[i];
                struct task_view view = deployed(w, certificate, "again");
                expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
                assert_int_equal(t->writes, 1);
                world->calls[op] = 8;
                view = rolled_back(w, view.task.id);
                expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
                assert_int_equal(t->writes, 2);
                assert_ok(w->y, task_delete(&w->c, view.task.id, &w->y->err));
            }
    assert_int_equal(world->uploads, 1);
}

static void a_lost_write_is_repeated_only_after_the_consistency_bound(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    world->faults[OP_BIND][0] = FAULT_LOST;
    int64_t lost_at = 0, next = 0;
    (void)submitted(w, &s, "one");
    do {
        (void)engine_run_due(w->e, &next);
        if (world->calls[OP_BIND] == 1 && !lost_at)
            lost_at = world->now_ms;
        world->now_ms = next > world->now_ms ? next : world->now_ms + 1;
    } while (engine_open_count(w->e) > 0);
    assert_int_equal(world->calls[OP_BIND], 2);
    assert_true(t->last_write_ms >= lost_at + CONSISTENCY_MS);
}

static void R94_R95_a_sticky_permission_error_fails_at_once_with_its_cause(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    world->always[OP_BIND] = FAULT_PERMISSION;
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    expect_state(&view.deployments[0], DEPLOYMENT_ERROR);
    assert_string_equal(view.deployments[0].cause_kind, "permission");
    assert_string_equal(view.deployments[0].cause_code, "Forbidden");
    assert_int_equal(world->calls[OP_BIND], 1);
    world->always[OP_BIND] = FAULT_NONE;
    assert_ok(w->y, task_retry(&w->c, view.task.id, NULL, 0, &w->y->err));
    assert_string_equal(seen(w, view.task.id).task.state, "processing");
    engine_wake(w->e);
    run(w);
    view = seen(w, view.task.id);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_string_equal(view.task.state, "success");
    assert_int_equal(t->writes, 1);
    assert_err(w->y, ERR_CONFLICT, task_retry(&w->c, view.task.id, NULL, 0, &w->y->err));
}

static void an_outage_ends_in_its_own_cause(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    world->always[OP_READ] = FAULT_500;
    int64_t begin = world->now_ms;
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    expect_state(&view.deployments[0], DEPLOYMENT_ERROR);
    assert_string_equal(view.deployments[0].cause_kind, "vendor");
    assert_true(world->now_ms - begin < 200000);
}

static void a_change_that_never_settles_is_a_timeout_and_can_go_back(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    world->settle_ms = 10000000;
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    expect_state(&view.deployments[0], DEPLOYMENT_ERROR);
    assert_string_equal(view.deployments[0].cause_kind, "timeout");
    world->settle_ms = 0;
    t->ready_at = 0;
    view = rolled_back(w, view.task.id);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "default", "old-1"));
}

static void a_change_that_the_cloud_gives_up_is_its_error(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    world->faults[OP_BIND][0] = FAULT_LOST; /* nothing was applied, and the cloud says so */
    t->failed = "configuration rejected";
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS); /* an old failure says nothing about our write */
    assert_int_equal(t->writes, 1);
}

static void R109_a_first_deployment_goes_back_to_none(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", NULL);
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    const char *named[] = {"www"};
    s.resource = (struct texts){named, 1};
    int64_t task = submitted(w, &s, "first");
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_true(t->https);
    view = rolled_back(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_false(t->https);
    assert_false(has(t, "default", NULL));
}

static void deploy_a_deploy_b_roll_back_a_is_a_conflict(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct task_view a = deployed(w, new_certificate(w, "a", "[\"www.example.com\"]"), "A");
    struct task_view b = deployed(w, new_certificate(w, "b", "[\"www.example.com\"]"), "B");
    expect_state(&b.deployments[0], DEPLOYMENT_SUCCESS);
    a = rolled_back(w, a.task.id);
    expect_state(&a.deployments[0], DEPLOYMENT_ROLLBACK_ERROR);
    assert_string_equal(a.deployments[0].cause_kind, "conflict");
    assert_int_equal(task_exit_code(&a.counts, true), 1);
    assert_int_equal(t->writes, 2);
    assert_true(has(t, "default", "ref-fp-b"));
    b = rolled_back(w, b.task.id);
    expect_state(&b.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "default", "ref-fp-a"));
    a = rolled_back(w, a.task.id); /* now it is ours again */
    expect_state(&a.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "default", "old-1"));
}

static void what_wrote_is_not_cancelled_when_it_waits_again(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "w1", "w1.example.com", "old-1");
    world->faults[OP_BIND][0] = FAULT_LOST_APPLIED;
    world->faults[OP_READ][1] = FAULT_PERMISSION;
    struct task_view view = deployed(w, new_certificate(w, "a", "[\"*.example.com\"]"), "A");
    expect_state(&view.deployments[0], DEPLOYMENT_ERROR);
    assert_true(t->writes == 1 && view.deployments[0].writes == 1);
    assert_ok(w->y, task_retry(&w->c, view.task.id, NULL, 0, &w->y->err));
    assert_ok(w->y, task_cancel(&w->c, view.task.id, &w->y->err));
    engine_wake(w->e);
    run(w);
    view = seen(w, view.task.id);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS); /* as cancelled it could never be rolled back */
    view = rolled_back(w, view.task.id);
    assert_true(has(t, "default", "old-1"));
}

static struct yard_world *hasty; /* rolls back the moment that it sees a deployment end */

static void roll_back_at_once(void *context, int64_t task_id)
{
    (void)context;
    struct yard_world *w = hasty;
    struct task_view view = w ? seen(w, task_id) : (struct task_view){0};
    if (!w || view.deployments[0].state != DEPLOYMENT_SUCCESS)
        return;
    struct task_refusal *refused = NULL;
    size_t count = 0;
    int64_t next;
    hasty = NULL;
    assert_ok(w->y, task_rollback(&w->c, w->y->a, task_id, NULL, 0, false, &refused, &count, &w->y->err));
    engine_wake(w->e);
    (void)engine_run_due(w->e, &next); /* another worker looks while ours still holds the item */
}

static void a_rollback_asked_for_while_the_last_turn_ends_is_not_forgotten(void **state)
{
    struct yard_world *w = *state;
    engine_end(w);
    struct engine_options options = {.find_product = fake_find,
                                     .probe = fake_probe,
                                     .changed = roll_back_at_once};
    assert_ok(w->y, cloud_open(w->y->s, NULL, &w->clock, &w->cloud, &w->y->err));
    assert_ok(w->y, engine_open(w->y->s, w->cloud, &w->clock, &options, &w->e, &w->y->err));
    w->c = (struct task_context){w->y->s, w->cloud, &w->clock, fake_find};
    struct thing *t = new_thing(w, "aliyun/cdn", "w1", "w1.example.com", "old-1");
    hasty = w;
    struct task_view view = deployed(w, new_certificate(w, "a", "[\"*.example.com\"]"), "A");
    run(w);
    view = seen(w, view.task.id);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "default", "old-1"));
}

static void on_one_sni_set_the_first_rolled_back_leaves_the_second(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_listener(w, "lsn");
    struct task_view a = deployed(w, new_certificate(w, "a", "[\"a.example.com\"]"), "A");
    struct task_view b = deployed(w, new_certificate(w, "b", "[\"b.example.com\"]"), "B");
    expect_state(&a.deployments[0], DEPLOYMENT_SUCCESS);
    expect_state(&b.deployments[0], DEPLOYMENT_SUCCESS);
    assert_int_equal(t->writes, 4); /* make before break: add, then remove, each */
    assert_true(has(t, "sni", "ref-fp-a") && has(t, "sni", "ref-fp-b") && !has(t, "sni", "old-a"));
    a = rolled_back(w, a.task.id);
    expect_state(&a.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "sni", "old-a") && has(t, "sni", "ref-fp-b") && has(t, "default", "old-default"));
    assert_false(has(t, "sni", "ref-fp-a"));
}

/* Both entries go to one certificate, each by a deployment of its own: the second finds ours in the set. */
static void a_rollback_leaves_an_entry_of_ours_that_was_there_before(void **state)
{
    static const char *const names[] = {"a.example.com", "b.example.com"};
    struct yard_world *w = *state;
    struct thing *t = new_listener(w, "lsn");
    struct selection s =
        select_certificate(w, new_certificate(w, "ab", "[\"a.example.com\",\"b.example.com\"]"));
    struct task_view view[2];
    for (size_t i = 0; i < 2; i++) {
        const char *domain[] = {names[i]};
        s.domain = (struct texts){domain, 1};
        int64_t task = submitted(w, &s, names[i]);
        run(w);
        view[i] = seen(w, task);
        expect_state(&view[i].deployments[0], DEPLOYMENT_SUCCESS);
    }
    assert_true(has(t, "sni", "ref-fp-ab") && !has(t, "sni", "old-a") && !has(t, "sni", "old-b"));
    view[0] = rolled_back(w, view[0].task.id); /* would leave b.example.com without a certificate */
    expect_state(&view[0].deployments[0], DEPLOYMENT_ROLLBACK_ERROR);
    assert_string_equal(view[0].deployments[0].cause_kind, "conflict");
    assert_true(has(t, "sni", "ref-fp-ab"));
    view[1] = rolled_back(w, view[1].task.id);
    expect_state(&view[1].deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "sni", "ref-fp-ab") && has(t, "sni", "old-b") && !has(t, "sni", "old-a"));
    view[0] = rolled_back(w, view[0].task.id);
    expect_state(&view[0].deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
    assert_true(has(t, "sni", "old-a") && has(t, "sni", "old-b") && !has(t, "sni", "ref-fp-ab"));
}

static void a_certificate_that_became_the_default_takes_no_second_place(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_listener(w, "lsn");
    struct task_view view =
        deployed(w, new_certificate(w, "all", "[\"other.org\",\"a.example.com\",\"b.example.com\"]"), "A");
    assert_int_equal(view.count, 2);
    assert_int_equal(view.counts.by_state[DEPLOYMENT_SUCCESS], 2);
    assert_true(has(t, "default", "ref-fp-all"));
    assert_false(has(t, "sni", NULL)); /* the default serves their names now */
    view = rolled_back(w, view.task.id);
    assert_int_equal(view.counts.by_state[DEPLOYMENT_ROLLBACK_SUCCESS], 2);
    assert_true(has(t, "default", "old-default") && has(t, "sni", "old-a") && has(t, "sni", "old-b"));
    assert_false(has(t, "sni", "ref-fp-all") || has(t, "default", "ref-fp-all"));
}

static void a_rollback_when_ours_is_gone_from_the_set_writes_nothing(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_listener(w, "lsn");
    struct task_view a = deployed(w, new_certificate(w, "a", "[\"a.example.com\"]"), "A");
    put(t, "sni", "ref-fp-a", NULL);
    int writes = t->writes;
    a = rolled_back(w, a.task.id);
    expect_state(&a.deployments[0], DEPLOYMENT_ROLLBACK_ERROR);
    assert_string_equal(a.deployments[0].cause_kind, "conflict");
    assert_int_equal(t->writes, writes);
}

static void R108_a_vanished_resource_fails_its_rollback_with_the_reason(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    t->id[0] = 'X';
    view = rolled_back(w, view.task.id);
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_ERROR);
    assert_string_equal(view.deployments[0].cause_kind, "not_found");
}

static void back_to_an_expired_certificate_only_with_a_yes(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    struct task_refusal *refused = NULL;
    size_t count = 0;
    world->now_ms += 20 * DAY_MS;
    assert_err(w->y, ERR_CONFLICT,
               task_rollback(&w->c, w->y->a, view.task.id, NULL, 0, false, &refused, &count, &w->y->err));
    assert_int_equal(count, 1);
    assert_non_null(strstr(refused[0].text, "--accept expired"));
    assert_ok(w->y, task_rollback(&w->c, w->y->a, view.task.id, NULL, 0, true, &refused, &count, &w->y->err));
    engine_wake(w->e);
    run(w);
    assert_true(has(t, "default", "old-1"));
}

static void one_upload_and_one_write_per_lock_at_a_time(void **state)
{
    struct yard_world *w = *state;
    for (int i = 0; i < 20; i++)
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "%c%d", i % 2 ? 'p' : 'q', i),
                  arena_printf(w->y->a, "w%d.example.com", i), "old");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "many");
    assert_int_equal(view.count, 20);
    assert_int_equal(view.counts.by_state[DEPLOYMENT_SUCCESS], 20);
    assert_int_equal(world->uploads, 1);
    assert_int_equal(world->calls[OP_UPLOAD], 1);
    assert_int_equal(world->busy, 0);
}

static void a_copy_deleted_in_the_cloud_is_brought_again(void **state)
{
    struct yard_world *w = *state;
    int64_t certificate = new_certificate(w, "new", "[\"*.example.com\"]");
    new_thing(w, "aliyun/cdn", "one", "one.example.com", "old");
    (void)deployed(w, certificate, "first");
    new_thing(w, "aliyun/cdn", "two", "two.example.com", "old");
    memset(world->copies, 0, sizeof world->copies); /* somebody cleans up in the console */
    world->now_ms += 3600000;
    struct task_view view = deployed(w, certificate, "second");
    assert_int_equal(view.counts.by_state[DEPLOYMENT_ERROR], 0);
    assert_int_equal(world->uploads, 2);
}

static void faults_at_a_fifth_of_calls_lose_nothing(void **state)
{
    struct yard_world *w = *state;
    for (int i = 0; i < THINGS; i++)
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "%c%d", 'A' + i % 50, i),
                  arena_printf(w->y->a, "w%d.example.com", i), "old");
    world->rate = 0.2;
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "many");
    for (size_t i = 0; i < view.count; i++)
        expect_state(&view.deployments[i], DEPLOYMENT_SUCCESS);
    for (int i = 0; i < THINGS; i++)
        assert_int_equal(world->things[i].writes, 1);
    assert_int_equal(world->uploads, 1);
}

static void a_suspended_access_asks_nothing(void **state)
{
    struct yard_world *w = *state;
    for (int i = 0; i < 30; i++)
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "t%d", i),
                  arena_printf(w->y->a, "w%d.example.com", i), "old");
    struct session *session = NULL;
    struct err why = {0};
    assert_ok(w->y, cloud_session(w->cloud, w->access_id, &session, &w->y->err));
    (void)err_set(&why, ERR_CREDENTIAL, "the key is disabled");
    session_suspend(session, session->keys, &why);
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "many");
    for (size_t i = 0; i < view.count; i++) {
        expect_state(&view.deployments[i], DEPLOYMENT_ERROR);
        assert_string_equal(view.deployments[i].cause_kind, "credential");
        assert_non_null(strstr(view.deployments[i].cause_text, "the key is disabled"));
    }
    assert_int_equal(world->calls[OP_READ] + world->calls[OP_BIND] + world->calls[OP_UPLOAD], 0);
}

static void R27_a_certificate_that_expired_while_waiting_is_not_deployed(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    int64_t task = submitted(w, &s, "one");
    world->now_ms += 100 * DAY_MS;
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_ERROR);
    assert_string_equal(view.deployments[0].cause_kind, "invalid_certificate");
    assert_int_equal(t->writes, 0);
}

static void tasks_take_turns(void **state)
{
    struct yard_world *w = *state;
    for (int i = 0; i < 10; i++) {
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "%c", 'a' + i),
                  arena_printf(w->y->a, "w%d.a.org", i), "old");
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "%c", 'k' + i),
                  arena_printf(w->y->a, "w%d.b.org", i), "old");
    }
    struct selection a = select_certificate(w, new_certificate(w, "a", "[\"*.a.org\"]"));
    struct selection b = select_certificate(w, new_certificate(w, "b", "[\"*.b.org\"]"));
    int64_t first = submitted(w, &a, "first"), second = submitted(w, &b, "second");
    world->always[OP_READ] = FAULT_PERMISSION; /* each ends in its first turn */
    run(w);
    struct task_view x = seen(w, first), y = seen(w, second);
    int64_t turns = 0;
    for (size_t i = 0; i < 10; i++) {
        assert_string_equal(x.deployments[i].cause_kind, "permission");
        turns += x.deployments[i].finished_ms > 0 && y.deployments[i].finished_ms > 0;
    }
    assert_int_equal(turns, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(R105_a_deployment_is_delivered_verified_and_taken_back),
        world_test(R85_already_bound_is_success_without_a_write),
        world_test(the_shortest_way_takes_two_commits),
        world_test(what_is_bound_under_the_vendors_id_is_seen_before_any_write),
        world_test(a_slot_changed_since_the_plan_is_a_conflict),
        world_test(transient_faults_end_in_success_with_one_change),
        world_test(a_lost_write_is_repeated_only_after_the_consistency_bound),
        world_test(R94_R95_a_sticky_permission_error_fails_at_once_with_its_cause),
        world_test(an_outage_ends_in_its_own_cause),
        world_test(a_change_that_never_settles_is_a_timeout_and_can_go_back),
        world_test(a_change_that_the_cloud_gives_up_is_its_error),
        world_test(R109_a_first_deployment_goes_back_to_none),
        world_test(deploy_a_deploy_b_roll_back_a_is_a_conflict),
        world_test(on_one_sni_set_the_first_rolled_back_leaves_the_second),
        world_test(a_rollback_asked_for_while_the_last_turn_ends_is_not_forgotten),
        world_test(what_wrote_is_not_cancelled_when_it_waits_again),
        world_test(a_rollback_leaves_an_entry_of_ours_that_was_there_before),
        world_test(a_certificate_that_became_the_default_takes_no_second_place),
        world_test(a_rollback_when_ours_is_gone_from_the_set_writes_nothing),
        world_test(R108_a_vanished_resource_fails_its_rollback_with_the_reason),
        world_test(back_to_an_expired_certificate_only_with_a_yes),
        world_test(one_upload_and_one_write_per_lock_at_a_time),
        world_test(a_copy_deleted_in_the_cloud_is_brought_again),
        world_test(faults_at_a_fifth_of_calls_lose_nothing),
        world_test(a_suspended_access_asks_nothing),
        world_test(R27_a_certificate_that_expired_while_waiting_is_not_deployed),
        world_test(tasks_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
