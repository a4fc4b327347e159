#include "base/arena.h"

#include "base/test.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void memory_is_zeroed_and_aligned(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 16, 4095, 4096, 4097, 1 << 20, 3 << 20};
    TEST_ARENA(a);
    for (size_t i = 0; i < countof(sizes); i++) {
        char *p = arena_alloc(a, sizes[i]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(p[j], 0);
        memset(p, 0xAA, sizes[i]);
    }
}

static void allocations_do_not_overlap(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    TEST_ARENA(a);
    unsigned char *items[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        memset(items[i] = arena_alloc(a, i % 37 + 1), (int)(i & 0xFF), i % 37 + 1);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i % 37 + 1; j++)
            assert_int_equal(items[i][j], i & 0xFF);
}

static void texts_are_copied(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_null(arena_strdup(a, NULL));
    assert_string_equal(arena_strdup(a, ""), "");
    assert_memory_equal(arena_copy(a, "a\0b", 3), "a\0b", 4);
    assert_string_equal(arena_copy(a, NULL, 0), "");
    assert_string_equal(arena_printf(a, "%s-%d", "x", 7), "x-7");
    char *longer = arena_printf(a, "%0*d", 100000, 1);
    assert_int_equal(strlen(longer), 100000);
}

static void push_grows_and_keeps(void **state)
{
    (void)state;
    TEST_ARENA(a);
    void *items = NULL;
    size_t count = 0, capacity = 0;
    for (int i = 0; i < 1000; i++) {
        int *added = arena_push(a, &items, &count, &capacity, sizeof *added);
        assert_int_equal(*added, 0);
        *added = i;
    }
    assert_int_equal(count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(((int *)items)[i], i);
}

struct trail {
    char text[16];
};

static void add_a(void *data)
{
    struct trail *trail = data;
    trail->text[strlen(trail->text)] = 'a';
}

static void add_b(void *data)
{
    struct trail *trail = data;
    trail->text[strlen(trail->text)] = 'b';
}

static void deferred_functions_run_newest_first_once(void **state)
{
    (void)state;
    struct trail trail = {""};
    struct arena *a = arena_new(1 << 16);
    arena_defer(a, add_a, &trail);
    arena_defer(a, add_b, &trail);
    arena_reset(a);
    assert_string_equal(trail.text, "ba");
    assert_int_equal(arena_used(a), 0);
    arena_defer(a, add_a, &trail);
    assert_null(arena_free(a));
    assert_string_equal(trail.text, "baa");
    assert_null(arena_free(NULL));
}

static void reset_gives_the_whole_maximum_back(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new_secret(1 << 16);
    for (int i = 0; i < 100; i++) {
        memset(arena_alloc(a, 60000), 1, 60000);
        assert_true(arena_used(a) >= 60000);
        arena_reset(a);
    }
}

/* The child must die by abort, not by anything else. */
static bool aborts(void (*fn)(void))
{
    pid_t child = fork();
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        sigaction(SIGABRT, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
        fn();
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void over_maximum(void)
{
    struct arena *a = arena_new(1000);
    (void)arena_alloc(a, 600);
    (void)arena_alloc(a, 600);
}

static void overflowing_array(void)
{
    struct arena *a = arena_new(SIZE_MAX);
    (void)arena_alloc_array(a, SIZE_MAX / 2, 3);
}

static void maximum_is_enforced(void **state)
{
    (void)state;
    assert_true(aborts(over_maximum));
    assert_true(aborts(overflowing_array));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maximum_is_enforced),
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(allocations_do_not_overlap),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(push_grows_and_keeps),
        cmocka_unit_test(deferred_functions_run_newest_first_once),
        cmocka_unit_test(reset_gives_the_whole_maximum_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
