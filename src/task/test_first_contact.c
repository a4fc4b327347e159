#include "task/test_world.h"

enum { SOME = 6 };

/* The world's things hang on an access with which nothing was ever deployed. */
static void untried(struct yard_world *w)
{
    struct adding ad = {.y = w->y, .access = yard_access(w->y, "fresh"), .untried = true};
    ad.access.gateway = ad.access.ca_file = ad.access.proxy = "";
    ad.key = secret_in(w->y->a, secret_new("SECRET-SECRET", 13));
    assert_ok(w->y, store_write(w->y->s, add_access, &ad, &w->y->err));
    w->access_id = ad.access.id;
    for (int i = 0; i < SOME; i++)
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "%c", 'a' + i),
                  arena_printf(w->y->a, "w%d.example.com", i), "old");
}

static size_t written(void)
{
    size_t count = 0;
    for (int i = 0; i < SOME; i++)
        count += world->things[i].writes > 0;
    return count;
}

static const struct plan_note *contact_note(const struct task_view *view)
{
    for (size_t i = 0; i < view->note_count; i++)
        if (strcmp(view->notes[i].kind, "first_contact") == 0)
            return &view->notes[i];
    return NULL;
}

static void one_goes_first_and_the_rest_once_it_is_verified(void **state)
{
    struct yard_world *w = *state;
    untried(w);
    int64_t certificate = new_certificate(w, "new", "[\"*.example.com\"]");
    struct task_view view = deployed(w, certificate, "first");
    int64_t first_end = INT64_MAX, writes[2] = {INT64_MAX, 0};
    assert_int_equal(view.count, SOME);
    assert_non_null(contact_note(&view));
    assert_non_null(strstr(contact_note(&view)->text, "never tried on this access"));
    for (int i = 0; i < SOME; i++) {
        expect_state(&view.deployments[i], DEPLOYMENT_SUCCESS);
        first_end = int64_min(first_end, view.deployments[i].finished_ms);
        writes[0] = int64_min(writes[0], world->things[i].last_write_ms);
    }
    for (int i = 0; i < SOME; i++) {
        assert_int_equal(world->things[i].writes, 1);
        assert_true(world->things[i].last_write_ms == writes[0] ||
                    world->things[i].last_write_ms >= first_end);
        writes[1] = int64_max(writes[1], world->things[i].last_write_ms);
    }
    assert_true(writes[1] - first_end < 1000); /* the rest went together */
}

static void who_was_tried_never_waits_again(void **state)
{
    struct yard_world *w = *state;
    untried(w);
    (void)deployed(w, new_certificate(w, "one", "[\"*.example.com\"]"), "first");
    struct selection s = select_certificate(w, new_certificate(w, "two", "[\"*.example.com\"]"));
    int64_t task = submitted(w, &s, "second"), next_ms, from = world->now_ms;
    (void)engine_run_due(w->e, &next_ms);
    for (int i = 0; i < SOME; i++)
        assert_true(world->things[i].writes == 2 && world->things[i].last_write_ms == from);
    run(w);
    struct task_view view = seen(w, task);
    assert_null(contact_note(&view));
}

static void one_failure_lets_the_next_try_alone(void **state)
{
    struct yard_world *w = *state;
    untried(w);
    snprintf(world->served, sizeof world->served, "another");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "first");
    for (int i = 0; i < SOME; i++) {
        expect_state(&view.deployments[i], DEPLOYMENT_ERROR);
        assert_string_equal(view.deployments[i].verdict, "contradicted");
        for (int j = 0; j < i; j++)
            assert_true(llabs(world->things[i].last_write_ms - world->things[j].last_write_ms) >= 30000);
    }
}

static void after_a_restart_the_rest_still_waits(void **state)
{
    struct yard_world *w = *state;
    untried(w);
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    int64_t task = submitted(w, &s, "first"), next_ms;
    (void)engine_run_due(w->e, &next_ms);
    assert_int_equal(written(), 1);
    for (int i = 0; i < 3; i++) {
        engine_end(w);
        engine_begin(w, 0);
        world->now_ms += 500;
        (void)engine_run_due(w->e, &next_ms);
        assert_int_equal(written(), 1);
    }
    run(w);
    struct task_view view = seen(w, task);
    for (int i = 0; i < SOME; i++)
        expect_state(&view.deployments[i], DEPLOYMENT_SUCCESS);
}

static void after_a_restart_who_was_uploading_goes_on_first(void **state)
{
    struct yard_world *w = *state;
    untried(w);
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    int64_t task = submitted(w, &s, "first"), next_ms;
    world->faults[OP_UPLOAD][0] = FAULT_LOST;
    (void)engine_run_due(w->e, &next_ms);
    assert_int_equal(world->calls[OP_UPLOAD], 1);
    engine_end(w);
    engine_begin(w, 0);
    (void)engine_run_due(w->e, &next_ms);
    assert_int_equal(written(), 0);
    run(w);
    struct task_view view = seen(w, task);
    for (int i = 0; i < SOME; i++)
        expect_state(&view.deployments[i], DEPLOYMENT_SUCCESS);
}

static void what_is_bound_already_proves_nothing_and_waits_for_nothing(void **state)
{
    struct yard_world *w = *state;
    untried(w);
    int64_t certificate = new_certificate(w, "new", "[\"*.example.com\"]");
    (void)deployed(w, certificate, "first");
    struct task_view view = deployed(w, certificate, "again");
    for (int i = 0; i < SOME; i++)
        assert_true(view.deployments[i].already_bound && world->things[i].writes == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(one_goes_first_and_the_rest_once_it_is_verified),
        world_test(who_was_tried_never_waits_again),
        world_test(one_failure_lets_the_next_try_alone),
        world_test(after_a_restart_the_rest_still_waits),
        world_test(after_a_restart_who_was_uploading_goes_on_first),
        world_test(what_is_bound_already_proves_nothing_and_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
