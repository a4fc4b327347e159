#include "net/loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What happened, in order; every call appends its letter, and "." stops the loop. */
struct entry {
    struct diary *diary;
    char letter;
};

struct diary {
    struct entry last; /* for whoever posts beyond its own life */
    struct loop *loop;
    struct clock_manual clock;
    char text[256];
    size_t size;
    int fds[2];
};

static void note(void *context)
{
    const struct entry *e = context;
    e->diary->text[e->diary->size++] = e->letter;
    if (e->letter == '.')
        loop_stop(e->diary->loop);
}

#define ENTRY(d, c) (&(struct entry){(d), (c)})

static struct diary *diary_new(struct arena *a)
{
    struct diary *d = arena_make(a, struct diary);
    d->last = (struct entry){d, '.'};
    d->clock = clock_manual_at(0);
    assert_true(loop_new(&d->clock.clock, &d->loop, NULL));
    assert_int_equal(pipe2(d->fds, O_CLOEXEC | O_NONBLOCK), 0);
    return d;
}

static void diary_end(struct diary *d, const char *wanted)
{
    loop_run(d->loop);
    assert_string_equal(d->text, wanted);
    loop_free(d->loop);
    close(d->fds[0]);
    close(d->fds[1]);
}

static void timers_fire_in_order_and_once(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct diary *d = diary_new(a);
    loop_timer(d->loop, 30, note, ENTRY(d, 'c'));
    loop_timer(d->loop, 10, note, ENTRY(d, 'a'));
    uint64_t gone = loop_timer(d->loop, 15, note, ENTRY(d, 'x'));
    loop_timer(d->loop, 20, note, ENTRY(d, 'b'));
    loop_timer(d->loop, 30, note, ENTRY(d, 'd'));
    loop_timer(d->loop, 40, note, ENTRY(d, '.'));
    loop_timer(d->loop, 41, note, ENTRY(d, 'y')); /* not yet due */
    loop_timer_cancel(d->loop, gone);
    loop_timer_cancel(d->loop, 12345);
    d->clock.now_ms = 40;
    diary_end(d, "abcd.");
}

static void many_timers_keep_their_order(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct diary *d = diary_new(a);
    static uint64_t ids[COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        ids[i] = loop_timer(d->loop, i * 7919 % COUNT, note, NULL);
    struct entry entries[100];
    char wanted[101] = "";
    for (unsigned i = 0; i < 100; i++) {
        unsigned turn = i * 37 % 100;
        entries[turn] = (struct entry){d, turn == 99 ? '.' : (char)('a' + turn % 26)};
        wanted[turn] = entries[turn].letter;
        loop_timer(d->loop, turn, note, &entries[turn]);
    }
    for (unsigned i = 0; i < COUNT; i++)
        loop_timer_cancel(d->loop, ids[i]);
    d->clock.now_ms = 100;
    diary_end(d, wanted);
}

static void post_more(void *context)
{
    struct diary *d = context;
    note(ENTRY(d, 'p'));
    loop_post(d->loop, note, &d->last);
}

static void posts_run_in_order_also_from_posts(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct diary *d = diary_new(a);
    loop_post(d->loop, note, ENTRY(d, 'a'));
    loop_post(d->loop, post_more, d);
    loop_post(d->loop, note, ENTRY(d, 'b'));
    diary_end(d, "apb.");
}

static void posts_before_the_end_are_not_lost(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct diary *d = diary_new(a);
    loop_stop(d->loop);
    loop_post(d->loop, note, ENTRY(d, 'a'));
    diary_end(d, "a");
}

static void read_one(void *context)
{
    struct diary *d = context;
    char letter;
    assert_int_equal(read(d->fds[0], &letter, 1), 1);
    note(ENTRY(d, letter));
    if (letter == 'c') {
        loop_unwatch(d->loop, d->fds[0]);
        loop_unwatch(d->loop, d->fds[0]);
        loop_unwatch(d->loop, -1);
        loop_stop(d->loop);
    }
}

static void descriptors_are_watched_until_unwatched(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct diary *d = diary_new(a);
    assert_true(loop_watch(d->loop, d->fds[0], false, read_one, d, NULL));
    assert_int_equal(write(d->fds[1], "abcdef", 6), 6);
    assert_false(loop_watch(d->loop, 1000, false, read_one, d, NULL));
    diary_end(d, "abc");
}

static void a_signal_is_a_call(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct diary *d = diary_new(a);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    assert_true(loop_signal(d->loop, SIGUSR1, note, ENTRY(d, '.'), NULL));
    raise(SIGUSR1);
    diary_end(d, ".");
}

enum { POSTERS = 4, POSTS = 20000 };

struct counter {
    struct loop *loop;
    unsigned count;
};

static void count_one(void *context)
{
    struct counter *c = context;
    if (++c->count == POSTERS * POSTS)
        loop_stop(c->loop);
}

static void *post_many(void *context)
{
    struct counter *c = context;
    for (unsigned i = 0; i < POSTS; i++)
        loop_post(c->loop, count_one, c);
    return NULL;
}

static void no_post_is_lost(void **state)
{
    (void)state;
    struct counter c = {.count = 0};
    pthread_t threads[POSTERS];
    assert_true(loop_new(&clock_system, &c.loop, NULL));
    for (unsigned i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &c), 0);
    loop_run(c.loop);
    for (unsigned i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c.count, POSTERS * POSTS);
    loop_free(c.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_and_once),
        cmocka_unit_test(many_timers_keep_their_order),
        cmocka_unit_test(posts_run_in_order_also_from_posts),
        cmocka_unit_test(posts_before_the_end_are_not_lost),
        cmocka_unit_test(descriptors_are_watched_until_unwatched),
        cmocka_unit_test(a_signal_is_a_call),
        cmocka_unit_test(no_post_is_lost),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
