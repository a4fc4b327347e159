#include "task/test_world.h"

static struct task_view created(struct yard_world *w, int64_t certificate, const char *name)
{
    struct selection s = select_certificate(w, certificate);
    struct task_view view;
    assert_ok(w->y, task_create(&w->c, w->y->a, "uid:1000", name, &s, &view, &w->y->err));
    return view;
}

static const char *text_of(struct yard_world *w, int64_t id)
{
    return arena_printf(w->y->a, "%lld", (long long)id);
}

static void R89_R92_a_new_task_is_editing_and_runs_nothing(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct task_view view = created(w, new_certificate(w, "new", "[\"www.example.com\"]"), "");
    assert_string_equal(view.task.state, "editing");
    assert_int_equal(strncmp(view.task.name, "new 2026", 8), 0);
    assert_int_equal(view.count, 1);
    engine_wake(w->e);
    int64_t next = 0;
    assert_int_equal(engine_run_due(w->e, &next), 0); /* R89 */
    assert_err(w->y, ERR_CONFLICT, task_cancel(&w->c, view.task.id, &w->y->err));
    assert_err(w->y, ERR_CONFLICT, task_retry(&w->c, view.task.id, NULL, 0, &w->y->err));
    assert_err(w->y, ERR_CONFLICT, task_resume(&w->c, view.task.id, &w->y->err));
    assert_ok(w->y, task_delete(&w->c, view.task.id, &w->y->err));
    assert_err(w->y, ERR_NOT_FOUND, task_show(&w->c, w->y->a, text_of(w, view.task.id), &view, &w->y->err));
}

static void a_dry_run_writes_nothing(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    struct task_view view;
    assert_ok(w->y, task_plan(&w->c, w->y->a, &s, NULL, &view, &w->y->err));
    assert_int_equal(view.count, 1);
    assert_int_equal(view.counts.by_state[DEPLOYMENT_PLANNED], 1);
    assert_err(w->y, ERR_NOT_FOUND, task_show(&w->c, w->y->a, view.task.name, &view, &w->y->err));
}

static void R81_R86_a_preview_follows_the_inventory_and_submit_wants_what_was_seen(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct task_view first = created(w, new_certificate(w, "new", "[\"*.example.com\"]"), "one"), again;
    assert_ok(w->y, task_preview(&w->c, w->y->a, "one", &again, &w->y->err));
    assert_int_equal(again.task.version, first.task.version); /* nothing changed */
    new_thing(w, "aliyun/cdn", "shop", "shop.example.com", "old-2");
    assert_ok(w->y, task_preview(&w->c, w->y->a, "one", &again, &w->y->err));
    assert_int_equal(again.count, 2);
    assert_err(w->y, ERR_CONFLICT, task_submit(&w->c, first.task.id, first.task.version, &w->y->err));
    assert_ok(w->y, task_submit(&w->c, first.task.id, again.task.version, &w->y->err));
    assert_err(w->y, ERR_CONFLICT, task_submit(&w->c, first.task.id, 0, &w->y->err)); /* R104 */
    assert_string_equal(seen(w, first.task.id).task.state, "scheduling");
    assert_err(w->y, ERR_CONFLICT, task_delete(&w->c, first.task.id, &w->y->err)); /* C6 */
    engine_wake(w->e);
    run(w);
    assert_string_equal(seen(w, first.task.id).task.state, "success");
    assert_ok(w->y, task_delete(&w->c, first.task.id, &w->y->err));
    assert_true(has(&world->things[0], "default", "ref-fp-new")); /* R113 */
}

static void R88_a_task_without_match_ends_as_failed(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"example.org\"]"));
    int64_t task = submitted(w, &s, "none");
    struct task_view view = seen(w, task);
    assert_string_equal(view.task.state, "error");
    assert_int_equal(task_exit_code(&view.counts, false), 3);
    assert_true(view.note_count > 0);
}

static void R61_R24_submit_checks_again(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct task_view view = created(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    world->now_ms += 60 * DAY_MS; /* about to expire by now */
    assert_err(w->y, ERR_INVALID_CERTIFICATE, task_submit(&w->c, view.task.id, 0, &w->y->err));
    struct selection s = select_certificate(w, view.deployments[0].certificate_id);
    assert_err(w->y, ERR_INVALID_CERTIFICATE, task_create(&w->c, w->y->a, "", "two", &s, &view, &w->y->err));
    s.allow_expiring = true;
    assert_ok(w->y, task_create(&w->c, w->y->a, "", "two", &s, &view, &w->y->err));
}

static bool forget_check(struct db *db, void *context, struct err *err)
{
    const struct yard_world *w = context;
    return store_access_set_state(db, w->access_id, "unchecked", "", "", err);
}

static void R21_no_task_without_a_checked_access(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    struct task_view view;
    struct task_context alone = w->c;
    alone.cloud = NULL; /* nobody to ask */
    assert_ok(w->y, store_write(w->y->s, forget_check, w, &w->y->err));
    assert_ok(w->y, task_plan(&alone, w->y->a, &s, NULL, &view, &w->y->err));
    assert_err(w->y, ERR_INPUT, task_create(&alone, w->y->a, "", "x", &s, &view, &w->y->err));
    assert_non_null(strstr(w->y->err.text, "certferry access check main"));
}

static void what_does_not_exist_is_refused(void **state)
{
    struct yard_world *w = *state;
    const char *unknown[] = {"unheard/of"};
    struct selection s = select_certificate(w, 12345);
    struct task_view view;
    assert_err(w->y, ERR_NOT_FOUND, task_create(&w->c, w->y->a, "", "x", &s, &view, &w->y->err));
    s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    s.access = (struct texts){unknown, 1};
    assert_err(w->y, ERR_NOT_FOUND, task_create(&w->c, w->y->a, "", "x", &s, &view, &w->y->err));
    s.access.count = 0;
    s.product = (struct texts){unknown, 1};
    assert_err(w->y, ERR_INPUT, task_create(&w->c, w->y->a, "", "x", &s, &view, &w->y->err)); /* R5 */
    s.product.count = 0;
    assert_err(w->y, ERR_INPUT,
               task_create(&w->c, w->y->a, "",
                           "0123456789012345678901234567890123456789012345678901234567890123", &s, &view,
                           &w->y->err));
    assert_err(w->y, ERR_INPUT, task_create(&w->c, w->y->a, "", "a\nb", &s, &view, &w->y->err));
}

static void cancelled_before_it_began_it_never_begins(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    int64_t task = submitted(w, &s, "one");
    assert_ok(w->y, task_cancel(&w->c, task, &w->y->err));
    assert_string_equal(seen(w, task).task.state, "cancelled");
    run(w);
    struct task_view view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_CANCELLED);
    assert_int_equal(world->calls[OP_READ], 0);
    assert_int_equal(task_exit_code(&view.counts, false), 2);
    assert_err(w->y, ERR_CONFLICT, task_cancel(&w->c, task, &w->y->err));
}

static void cancelled_on_the_way_it_finishes(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "p1", "p1.example.com", "old-1");
    new_thing(w, "aliyun/cdn", "p2", "p2.example.com", "old-2"); /* the same lock: it waits */
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    int64_t task = submitted(w, &s, "one"), next = 0;
    (void)engine_run_due(w->e, &next);
    assert_ok(w->y, task_cancel(&w->c, task, &w->y->err));
    assert_string_equal(seen(w, task).task.state, "processing");
    run(w);
    struct task_view view = seen(w, task);
    assert_int_equal(view.counts.by_state[DEPLOYMENT_SUCCESS], 1);
    assert_int_equal(view.counts.by_state[DEPLOYMENT_CANCELLED], 1);
    assert_string_equal(view.task.state, "cancelled");
    assert_int_equal(world->things[0].writes + world->things[1].writes, 1);
}

static struct yard_world *cancelling;

static void cancel_all(int64_t task)
{
    assert_ok(cancelling->y, task_cancel(&cancelling->c, task, &cancelling->y->err));
}

static void cancelled_while_it_is_looked_at_nothing_is_written(void **state)
{
    struct yard_world *w = cancelling = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    world->read_task = submitted(w, &s, "one");
    world->reading = cancel_all;
    run(w);
    struct task_view view = seen(w, world->read_task);
    expect_state(&view.deployments[0], DEPLOYMENT_CANCELLED);
    assert_string_equal(view.task.state, "cancelled");
    assert_int_equal(world->calls[OP_READ], 1);
    assert_int_equal(world->uploads + t->writes, 0);
}

static void stopped_and_resumed_it_comes_to_its_end(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    world->faults[OP_BIND][0] = FAULT_500;
    int64_t task = submitted(w, &s, "one"), next = 0;
    (void)engine_run_due(w->e, &next);
    assert_true(engine_stop(w->e, 0));
    assert_int_equal(engine_run_due(w->e, &next), 0);
    engine_end(w);
    engine_begin(w, 0);
    assert_ok(w->y, task_resume(&w->c, task, &w->y->err));
    engine_wake(w->e);
    run(w);
    assert_string_equal(seen(w, task).task.state, "success");
    assert_int_equal(t->writes, 1);
    assert_ok(w->y, task_resume(&w->c, task, &w->y->err)); /* nothing left is no error */
}

static void held_rows_are_not_begun_and_not_done(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    new_thing(w, "aliyun/cdn", "shop", "shop.example.com", ""); /* no id: cannot be undone */
    put(&world->things[1], "default", NULL, "x");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "one");
    assert_int_equal(view.counts.by_state[DEPLOYMENT_HELD], 1);
    assert_int_equal(view.counts.by_state[DEPLOYMENT_SUCCESS], 1);
    assert_string_equal(view.task.state, "success");
    assert_int_equal(task_exit_code(&view.counts, false), 2);
    assert_int_equal(world->things[1].writes, 0);
}

static void exit_codes(void **state)
{
    (void)state;
    static const struct {
        int64_t success, error, held, cancelled, back, back_error;
        bool rollback;
        int code;
    } cases[] = {
        {.success = 2, .code = 0},
        {.error = 2, .code = 1},
        {.success = 1, .error = 1, .code = 2},
        {.success = 1, .held = 1, .code = 2},
        {.held = 1, .code = 2},
        {.code = 3},
        {.success = 1, .cancelled = 1, .code = 2},
        {.back = 2, .rollback = true, .code = 0},
        {.back = 1, .back_error = 1, .rollback = true, .code = 2},
        {.back_error = 1, .rollback = true, .code = 1},
        {.success = 1, .back = 1, .rollback = true, .code = 0},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct task_counts n = {.by_state = {[DEPLOYMENT_SUCCESS] = cases[i].success,
                                             [DEPLOYMENT_ERROR] = cases[i].error,
                                             [DEPLOYMENT_HELD] = cases[i].held,
                                             [DEPLOYMENT_CANCELLED] = cases[i].cancelled,
                                             [DEPLOYMENT_ROLLBACK_SUCCESS] = cases[i].back,
                                             [DEPLOYMENT_ROLLBACK_ERROR] = cases[i].back_error}};
        for (size_t j = 0; j < countof(n.by_state); j++)
            n.total += n.by_state[j];
        if (task_exit_code(&n, cases[i].rollback) != cases[i].code)
            fail_msg("case %zu: %d", i, task_exit_code(&n, cases[i].rollback));
    }
}

static void R106_rollback_says_why_not(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "ref-fp-new");
    new_thing(w, "aliyun/cdn", "shop", "shop.example.com", "old-1");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "one");
    struct task_refusal *refused = NULL;
    size_t count = 0;
    int64_t bound = 0, changed = 0;
    for (size_t i = 0; i < 2; i++)
        *(view.deployments[i].already_bound ? &bound : &changed) = view.deployments[i].id;
    assert_err(w->y, ERR_CONFLICT,
               task_rollback(&w->c, w->y->a, view.task.id, &bound, 1, false, &refused, &count, &w->y->err));
    assert_non_null(strstr(refused[0].text, "bound already"));
    assert_ok(w->y,
              task_rollback(&w->c, w->y->a, view.task.id, NULL, 0, false, &refused, &count, &w->y->err));
    assert_int_equal(count, 0); /* of a whole task, what changed nothing needs no word */
    assert_string_equal(seen(w, view.task.id).label, "rolling back");
    assert_err(w->y, ERR_CONFLICT, task_delete(&w->c, view.task.id, &w->y->err));
    engine_wake(w->e);
    run(w);
    assert_err(w->y, ERR_CONFLICT,
               task_rollback(&w->c, w->y->a, view.task.id, &changed, 1, false, &refused, &count, &w->y->err));
    assert_non_null(strstr(refused[0].text, "rolled back already"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(R89_R92_a_new_task_is_editing_and_runs_nothing),
        world_test(a_dry_run_writes_nothing),
        world_test(R81_R86_a_preview_follows_the_inventory_and_submit_wants_what_was_seen),
        world_test(R88_a_task_without_match_ends_as_failed),
        world_test(R61_R24_submit_checks_again),
        world_test(R21_no_task_without_a_checked_access),
        world_test(what_does_not_exist_is_refused),
        world_test(cancelled_before_it_began_it_never_begins),
        world_test(cancelled_on_the_way_it_finishes),
        world_test(cancelled_while_it_is_looked_at_nothing_is_written),
        world_test(stopped_and_resumed_it_comes_to_its_end),
        world_test(held_rows_are_not_begun_and_not_done),
        cmocka_unit_test(exit_codes),
        world_test(R106_rollback_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
