/* Group commit, readers, ids, and a process killed while it writes. */
#include "store/store.h"

#include "store/test_support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { THREADS = 16, WRITES = 40 };

/* A work of two rows: both are there or neither. */
struct pair {
    struct yard *y;
    int64_t number;
    bool fail;
};

static bool put_named(struct db *db, void *context, struct err *err)
{
    struct pair *p = context;
    for (int half = 0; half < 2; half++) {
        char name[64];
        (void)snprintf(name, sizeof name, "pair %lld %d", (long long)p->number, half);
        if (!db_run(db, SQL_META_PUT,
                    VALUES(value_int(store_new_id(db_store(db))), value_text(""), value_int(1), value_int(0),
                           value_int(0), value_text(name), value_text("here")),
                    NULL, err))
            return false;
        if (p->fail)
            return err_set(err, ERR_CONFLICT, "pair %lld is meant to fail", (long long)p->number);
    }
    return true;
}

static int halves_of(struct yard *y, struct db *db, int64_t number)
{
    int found = 0;
    for (int half = 0; half < 2; half++) {
        cleanup(query_close) struct query q = {0};
        bool row = false;
        char *name = arena_printf(y->a, "pair %lld %d", (long long)number, half);
        assert_ok(y, query_open(db, SQL_META_GET, VALUES(value_text(name)), &q, &y->err));
        assert_ok(y, query_next(&q, &row, &y->err));
        found += row;
    }
    return found;
}

struct writer {
    struct yard *y;
    int64_t first;
    unsigned wrong;
};

/* Every third of these fails; its neighbours in the group must not notice. */
static void *write_many(void *context)
{
    struct writer *w = context;
    for (int64_t i = 0; i < WRITES; i++) {
        struct err err = {0};
        struct pair p = {.y = w->y, .number = w->first + i, .fail = i % 3 == 2};
        bool ok = store_write(w->y->s, put_named, &p, &err);
        if (ok == p.fail || (p.fail && err.kind != ERR_CONFLICT))
            w->wrong++;
    }
    return NULL;
}

static void one_failing_work_does_not_hurt_the_group(void **state)
{
    struct yard *y = *state;
    pthread_t threads[THREADS];
    struct writer writers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.y = y, .first = i * 1000};
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(writers[i].wrong, 0);
        for (int64_t k = 0; k < WRITES; k++)
            assert_int_equal(halves_of(y, y->db, i * 1000 + k), k % 3 == 2 ? 0 : 2);
    }
}

static void count_commit(void *context)
{
    __atomic_add_fetch((int *)context, 1, __ATOMIC_RELAXED);
}

static void groups_share_a_commit_and_tell_the_listener(void **state)
{
    struct yard *y = *state;
    int commits = 0;
    pthread_t threads[THREADS];
    struct writer writers[THREADS];
    store_on_commit(y->s, count_commit, &commits);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.y = y, .first = i * 1000};
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(commits > 0);
    assert_true(commits < THREADS * WRITES / 2);
}

static void a_failed_work_leaves_nothing_and_says_why(void **state)
{
    struct yard *y = *state;
    struct pair p = {.y = y, .number = 1, .fail = true};
    assert_err(y, ERR_CONFLICT, store_write(y->s, put_named, &p, &y->err));
    assert_string_equal(y->err.text, "pair 1 is meant to fail");
    assert_int_equal(halves_of(y, y->db, 1), 0);
}

/* The commit itself fails: a deferred constraint is the only honest way without breaking the disk. */
static bool break_commit(struct db *db, void *context, struct err *err)
{
    (void)context;
    return db_script(
        db,
        "CREATE TABLE parent (id $INT PRIMARY KEY) $TABLE; CREATE TABLE child (id $INT PRIMARY KEY, parent "
        "$INT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED) $TABLE; INSERT INTO child VALUES (1, 2);",
        err);
}

static void a_failed_commit_fails_its_group_and_the_next_one_works(void **state)
{
    struct yard *y = *state;
    assert_false(store_write(y->s, break_commit, NULL, &y->err));
    assert_non_null(strstr(y->err.text, "commit"));
    struct pair p = {.y = y, .number = 2};
    assert_ok(y, store_write(y->s, put_named, &p, &y->err));
    assert_int_equal(halves_of(y, y->db, 2), 2);
}

/* A work that ends the transaction behind our back stands for a disk that fails: SQLite rolls back by itself. */
static bool end_transaction(struct db *db, void *context, struct err *err)
{
    (void)context;
    return db_script(db, "ROLLBACK", err);
}

static void a_lost_transaction_fails_its_group_and_the_next_one_works(void **state)
{
    struct yard *y = *state;
    assert_err(y, ERR_STORE, store_write(y->s, end_transaction, NULL, &y->err));
    struct pair p = {.y = y, .number = 3};
    assert_ok(y, store_write(y->s, put_named, &p, &y->err));
    assert_int_equal(halves_of(y, y->db, 3), 2);
}

static bool read_pairs(struct db *db, void *context, struct err *err)
{
    struct writer *w = context;
    (void)err;
    for (int64_t i = 0; i < WRITES; i++)
        w->wrong += halves_of(w->y, db, w->first + i) == 1;
    return true;
}

static void *read_many(void *context)
{
    struct writer *w = context;
    struct yard own = *w->y; /* an arena of this thread's own */
    cleanup(arena_free_p) struct arena *a = arena_new(8 << 20);
    own.a = a;
    struct writer mine = {.y = &own, .first = w->first};
    for (int i = 0; i < 10; i++)
        if (!store_read(own.s, read_pairs, &mine, &own.err))
            mine.wrong++;
    w->wrong = mine.wrong;
    return NULL;
}

static void readers_see_whole_commits(void **state)
{
    struct yard *y = *state;
    pthread_t threads[THREADS + 4];
    struct writer all[THREADS + 4];
    for (int i = 0; i < THREADS + 4; i++) {
        all[i] = (struct writer){.y = y, .first = i % 4 * 1000};
        assert_int_equal(pthread_create(&threads[i], NULL, i < 4 ? write_many : read_many, &all[i]), 0);
    }
    for (int i = 0; i < THREADS + 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(all[i].wrong, 0);
    }
}

static void a_read_cannot_write(void **state)
{
    struct yard *y = *state;
    struct pair p = {.y = y, .number = 4};
    assert_err(y, ERR_STORE, store_read(y->s, put_named, &p, &y->err));
    assert_int_equal(halves_of(y, y->db, 4), 0);
}

enum { IDS = 20000 };

struct id_maker {
    struct store *s;
    int64_t *ids;
};

static void *make_ids(void *context)
{
    struct id_maker *m = context;
    for (size_t i = 0; i < IDS; i++)
        m->ids[i] = store_new_id(m->s);
    return NULL;
}

static void ids_are_unique_and_ascend_with_time(void **state)
{
    struct yard *y = *state;
    int64_t *ids = arena_array(y->a, int64_t, 4 * IDS);
    pthread_t threads[4];
    struct id_maker makers[4];
    for (size_t i = 0; i < 4; i++) {
        makers[i] = (struct id_maker){.s = y->s, .ids = ids + i * IDS};
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, &makers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    qsort(ids, 4 * (size_t)IDS, sizeof *ids, int64_compare);
    for (size_t i = 1; i < 4 * (size_t)IDS; i++)
        assert_true(ids[i - 1] < ids[i]);
    y->clock.now_ms += 60000;
    int64_t later = store_new_id(y->s);
    assert_true(later > ids[4 * IDS - 1]);
    assert_true(later < (int64_t)1 << 53);
}

static void ids_go_on_after_those_of_an_earlier_process(void **state)
{
    struct yard *y = *state;
    for (int round = 0; round < 5; round++) { /* within one millisecond of a clock that was set back */
        struct pair p = {.y = y, .number = round};
        assert_ok(y, store_write(y->s, put_named, &p, &y->err));
        int64_t before = store_new_id(y->s);
        struct task_row task = yard_task(y, "t");
        assert_ok(y, store_task_add(y->db, &task, NULL, 0, &y->err));
        y->clock.now_ms -= 3600000;
        yard_reopen(y);
        assert_true(store_new_id(y->s) > before);
    }
}

/* Writes until killed; says each number on the pipe only after its write returned. */
static void write_for_ever(struct yard *y, int pipe_fd)
{
    for (int64_t number = 0;; number++) {
        struct err err;
        struct pair p = {.y = y, .number = number};
        if (!store_write(y->s, put_named, &p, &err)) {
            (void)fprintf(stderr, "the writing process: %s\n", err.text);
            _exit(1);
        }
        if (write(pipe_fd, &number, sizeof number) != sizeof number)
            _exit(1);
    }
}

static void what_was_confirmed_survives_a_kill(void **state)
{
    struct yard *y = *state;
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        if (!store_open(bench_path(y->b, "data"), y->seal, &y->clock.clock, &y->s, &y->err))
            _exit(1);
        write_for_ever(y, ends[1]);
    }
    close(ends[1]);
    int64_t confirmed = -1, number;
    while (confirmed < 50 && read(ends[0], &number, sizeof number) == sizeof number)
        confirmed = number;
    kill(child, SIGKILL); /* somewhere inside a later write */
    while (read(ends[0], &number, sizeof number) == sizeof number)
        confirmed = number;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && confirmed >= 50);
    yard_reopen(y);
    for (int64_t i = 0; i <= confirmed; i++)
        assert_int_equal(halves_of(y, y->db, i), 2);
    assert_int_not_equal(halves_of(y, y->db, confirmed + 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(one_failing_work_does_not_hurt_the_group),
        yard_test(groups_share_a_commit_and_tell_the_listener),
        yard_test(a_failed_work_leaves_nothing_and_says_why),
        yard_test(a_failed_commit_fails_its_group_and_the_next_one_works),
        yard_test(a_lost_transaction_fails_its_group_and_the_next_one_works),
        yard_test(readers_see_whole_commits),
        yard_test(a_read_cannot_write),
        yard_test(ids_are_unique_and_ascend_with_time),
        yard_test(ids_go_on_after_those_of_an_earlier_process),
        yard_test(what_was_confirmed_survives_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
