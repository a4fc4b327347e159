/* The engine with workers, on the system's clock: for the thread sanitizer, and for what only threads can break. */
#include "task/test_world.h"

static pthread_mutex_t progress_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress = PTHREAD_COND_INITIALIZER;

static void tell(void *context, int64_t task_id)
{
    (void)context, (void)task_id;
    pthread_mutex_lock(&progress_mutex);
    pthread_cond_broadcast(&progress);
    pthread_mutex_unlock(&progress_mutex);
}

static void threads_begin(struct yard_world *w, unsigned workers)
{
    struct engine_options options = {.workers = workers,
                                     .find_product = fake_find,
                                     .probe = fake_probe,
                                     .changed = tell};
    engine_end(w);
    store_again(w, false);
    w->clock = clock_system;
    world->threads = true;
    world->settle_ms = world->stale_ms = 0;
    world->now_ms = INT64_MAX / 2; /* nothing in the world takes time */
    store_again(w, true);
    assert_ok(w->y, cloud_open(w->y->s, NULL, &w->clock, &w->cloud, &w->y->err));
    assert_ok(w->y, engine_open(w->y->s, w->cloud, &w->clock, &options, &w->e, &w->y->err));
    w->c = (struct task_context){w->y->s, w->cloud, &w->clock, fake_find};
}

static void wait_for(struct yard_world *w, int64_t task)
{
    pthread_mutex_lock(&progress_mutex);
    for (;;) {
        struct task_view view = seen(w, task);
        if (task_is_final(&view.task, &view.counts))
            break;
        struct timespec at;
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_sec += 1; /* a change may have come before we listened */
        (void)pthread_cond_timedwait(&progress, &progress_mutex, &at);
    }
    pthread_mutex_unlock(&progress_mutex);
}

/* Certificates of the yard are dated around NOW_MS; these are good by the system's clock. */
static int64_t valid_certificate(struct yard_world *w, const char *name, const char *domains)
{
    struct adding ad = {.y = w->y};
    ad.certificate = yard_certificate(w->y, name, arena_printf(w->y->a, "fp-%s", name));
    ad.certificate.domains = domains;
    ad.certificate.not_before_ms = clock_wall_ms(&clock_system) - DAY_MS;
    ad.certificate.not_after_ms = clock_wall_ms(&clock_system) + 80 * DAY_MS;
    ad.key = secret_in(w->y->a, secret_new("KEY", 3));
    assert_ok(w->y, store_write(w->y->s, add_certificate, &ad, &w->y->err));
    return ad.certificate.id;
}

static void many_workers_write_each_slot_once(void **state)
{
    struct yard_world *w = *state;
    threads_begin(w, 8);
    for (int i = 0; i < THINGS; i++)
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "%c%d", 'A' + i % 20, i),
                  arena_printf(w->y->a, "w%d.%s", i, i % 2 ? "a.org" : "b.org"), "old");
    struct selection a = select_certificate(w, valid_certificate(w, "a", "[\"*.a.org\"]"));
    struct selection b = select_certificate(w, valid_certificate(w, "b", "[\"*.b.org\"]"));
    int64_t first = submitted(w, &a, "first"), second = submitted(w, &b, "second");
    wait_for(w, first);
    wait_for(w, second);
    for (int i = 0; i < THINGS; i++)
        assert_int_equal(world->things[i].writes, 1);
    assert_int_equal(world->calls[OP_UPLOAD], 2);
    assert_int_equal(seen(w, first).counts.verified + seen(w, second).counts.verified, THINGS);
}

static void stopped_in_the_middle_the_rest_goes_on_later(void **state)
{
    struct yard_world *w = *state;
    threads_begin(w, 4);
    for (int i = 0; i < THINGS; i++)
        new_thing(w, "aliyun/cdn", arena_printf(w->y->a, "%c%d", 'A' + i % 20, i),
                  arena_printf(w->y->a, "w%d.a.org", i), "old");
    struct selection a = select_certificate(w, valid_certificate(w, "a", "[\"*.a.org\"]"));
    int64_t task = submitted(w, &a, "first");
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += 1;
    pthread_mutex_lock(&progress_mutex);
    (void)pthread_cond_timedwait(&progress, &progress_mutex, &at);
    pthread_mutex_unlock(&progress_mutex);
    assert_true(engine_stop(w->e, 5000));
    threads_begin(w, 4);
    wait_for(w, task);
    for (int i = 0; i < THINGS; i++)
        assert_int_equal(world->things[i].writes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(many_workers_write_each_slot_once),
        world_test(stopped_in_the_middle_the_rest_goes_on_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
