/* The ledger of quota: what each step of a deployment does to it, and that no concurrency makes or loses a unit. */
#include "store/quota.h"

#include "store/test_support.h"
#include <pthread.h>

static struct quota_balance balance(struct yard *y, const char *account)
{
    struct quota_balance b;
    assert_ok(y, store_quota_balance(y->db, account, &b, &y->err));
    if (b.limited)
        assert_int_equal(b.total, b.available + b.held + b.used);
    return b;
}

static void expect(struct yard *y, const char *account, int64_t available, int64_t held, int64_t used)
{
    struct quota_balance b = balance(y, account);
    assert_int_equal(b.available, available);
    assert_int_equal(b.held, held);
    assert_int_equal(b.used, used);
}

/* A submitted task whose deployments, one a resource, are pending and charged. */
static int64_t waiting_of(struct yard *y, const char *owner, struct deployment_row *d, size_t count)
{
    struct task_row task = yard_task(y, "renewal");
    task.owner = owner;
    task.state = "processing";
    task.submitted_ms = NOW_MS;
    for (size_t i = 0; i < count; i++) {
        d[i] = yard_deployment(y, task.id, 1, 2);
        d[i].owner = owner;
        d[i].resource_id = 100 + (int64_t)i;
        d[i].state = DEPLOYMENT_PENDING;
        d[i].charged = true;
    }
    assert_ok(y, store_task_add(y->db, &task, d, count, &y->err));
    for (size_t i = 0; i < count; i++)
        d[i].version = 1;
    return task.id;
}

static int64_t waiting(struct yard *y, struct deployment_row *d, size_t count)
{
    return waiting_of(y, "", d, count);
}

/* On failure the database stays as it was, as within store_write. */
static bool go(struct yard *y, struct deployment_row *d, enum deployment_state state)
{
    struct deployment_row wanted = *d;
    wanted.state = state;
    wanted.writes = state == DEPLOYMENT_ROLLBACK ? 0 : wanted.writes;
    if (!db_run(y->db, SQL_BEGIN, NULL, 0, NULL, &y->err))
        return false;
    if (!store_deployment_save(y->db, &wanted, NULL, &y->err) ||
        !db_run(y->db, SQL_COMMIT, NULL, 0, NULL, &y->err)) {
        db_rollback(y->db);
        return false;
    }
    *d = wanted;
    return true;
}

static void grant(struct yard *y, const char *account, int64_t count)
{
    assert_ok(y, store_quota_grant(y->db, account, count, "a package", &y->err));
}

static void R53_held_at_start_and_used_on_success(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[2];
    grant(y, "", 3);
    int64_t task = waiting(y, d, 2);
    expect(y, "", 3, 0, 0); /* submitted is not started */
    assert_ok(y, go(y, &d[0], DEPLOYMENT_PROCESSING));
    expect(y, "", 2, 1, 0);
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d[0], DEPLOYMENT_SUCCESS));
    expect(y, "", 1, 1, 1);
    struct quota_sums sums;
    assert_ok(y, store_quota_of_task(y->db, task, &sums, &y->err));
    assert_int_equal(sums.held, 1);
    assert_int_equal(sums.used, 1);
    assert_int_equal(sums.returned, 0);
}

static void R49_returned_when_the_resource_fails(void **state)
{
    struct yard *y = *state;
    static const enum deployment_state ends[] = {DEPLOYMENT_ERROR, DEPLOYMENT_CANCELLED, DEPLOYMENT_PENDING};
    struct deployment_row d[3];
    grant(y, "", 3);
    int64_t task = waiting(y, d, countof(d));
    for (size_t i = 0; i < countof(ends); i++) {
        assert_ok(y, go(y, &d[i], DEPLOYMENT_PROCESSING));
        expect(y, "", 2, 1, 0);
        assert_ok(y, go(y, &d[i], ends[i]));
        expect(y, "", 3, 0, 0);
    }
    struct quota_sums sums;
    assert_ok(y, store_quota_of_task(y->db, task, &sums, &y->err));
    assert_int_equal(sums.returned, 3);
}

static void R50_R110_a_rollback_gives_nothing_back(void **state)
{
    struct yard *y = *state;
    struct deployment_row d;
    grant(y, "", 3);
    waiting(y, &d, 1);
    assert_ok(y, go(y, &d, DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d, DEPLOYMENT_SUCCESS));
    assert_ok(y, go(y, &d, DEPLOYMENT_ROLLBACK));
    expect(y, "", 2, 0, 1);
    assert_ok(y, go(y, &d, DEPLOYMENT_ROLLBACK_ERROR));
    assert_ok(y, go(y, &d, DEPLOYMENT_ROLLBACK));
    assert_ok(y, go(y, &d, DEPLOYMENT_ROLLBACK_SUCCESS));
    expect(y, "", 2, 0, 1);
}

static void R49_a_retry_is_charged_once(void **state)
{
    struct yard *y = *state;
    struct deployment_row d;
    grant(y, "", 1);
    waiting(y, &d, 1);
    for (int i = 0; i < 3; i++) {
        assert_ok(y, go(y, &d, DEPLOYMENT_PROCESSING));
        assert_ok(y, go(y, &d, DEPLOYMENT_ERROR));
        assert_ok(y, go(y, &d, DEPLOYMENT_PENDING));
    }
    assert_ok(y, go(y, &d, DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d, DEPLOYMENT_SUCCESS));
    expect(y, "", 0, 0, 1);
}

static void R53_what_ends_with_its_first_commit_costs_nothing(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[2];
    grant(y, "", 1);
    waiting(y, d, 2);
    d[0].already_bound = true;
    assert_ok(y, go(y, &d[0], DEPLOYMENT_SUCCESS));
    expect(y, "", 1, 0, 0);
    assert_err(y, ERR_INTERNAL, go(y, &d[1], DEPLOYMENT_SUCCESS)); /* nothing is delivered for free */
}

static void R53_a_deployment_without_quota_does_not_start(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[2];
    grant(y, "", 1);
    waiting(y, d, 2);
    assert_ok(y, go(y, &d[0], DEPLOYMENT_PROCESSING));
    assert_err(y, ERR_QUOTA, go(y, &d[1], DEPLOYMENT_PROCESSING));
    assert_string_equal(y->err.code, QUOTA_ERR_CODE);
    assert_non_null(strstr(y->err.text, "of 1, 0 are used and 1 held"));
    struct deployment_row still;
    assert_ok(y, store_deployment_load(y->db, y->a, d[1].id, &still, &y->err));
    assert_int_equal(still.state, DEPLOYMENT_PENDING);
    assert_ok(y, go(y, &d[1], DEPLOYMENT_ERROR));
    expect(y, "", 0, 1, 0);
}

static void R45_what_is_not_charged_or_already_bound_costs_nothing(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[2];
    grant(y, "", 5);
    struct task_row task = yard_task(y, "official");
    task.submitted_ms = NOW_MS;
    for (size_t i = 0; i < countof(d); i++) {
        d[i] = yard_deployment(y, task.id, 1, 2);
        d[i].state = DEPLOYMENT_PENDING;
    }
    d[1].charged = d[1].already_bound = true;
    assert_ok(y, store_task_add(y->db, &task, d, 2, &y->err));
    for (size_t i = 0; i < countof(d); i++) {
        d[i].version = 1;
        assert_ok(y, go(y, &d[i], DEPLOYMENT_PROCESSING));
        assert_ok(y, go(y, &d[i], DEPLOYMENT_SUCCESS));
    }
    expect(y, "", 5, 0, 0);
    /* One that the snapshot finds bound already gives its unit back. */
    waiting(y, d, 1);
    assert_ok(y, go(y, &d[0], DEPLOYMENT_PROCESSING));
    expect(y, "", 4, 1, 0);
    d[0].already_bound = true;
    assert_ok(y, go(y, &d[0], DEPLOYMENT_SUCCESS));
    expect(y, "", 5, 0, 0);
}

/* Three slots of one listener. */
static void R47_the_slots_of_one_resource_share_a_unit(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[3];
    struct task_row task = yard_task(y, "listener");
    grant(y, "", 1);
    task.submitted_ms = NOW_MS;
    for (size_t i = 0; i < countof(d); i++) {
        d[i] = yard_deployment(y, task.id, 1 + (int64_t)i, 2);
        d[i].state = DEPLOYMENT_PENDING;
        d[i].charged = true;
    }
    assert_ok(y, store_task_add(y->db, &task, d, countof(d), &y->err));
    for (size_t i = 0; i < countof(d); i++)
        d[i].version = 1;
    assert_ok(y, go(y, &d[0], DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PROCESSING));
    expect(y, "", 0, 1, 0);
    assert_ok(y, go(y, &d[0], DEPLOYMENT_ERROR)); /* another is at work still */
    expect(y, "", 0, 1, 0);
    assert_ok(y, go(y, &d[1], DEPLOYMENT_ERROR));
    expect(y, "", 1, 0, 0);
    assert_ok(y, go(y, &d[2], DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d[2], DEPLOYMENT_SUCCESS));
    expect(y, "", 0, 0, 1);
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PENDING)); /* the resource was paid for */
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d[1], DEPLOYMENT_ERROR));
    expect(y, "", 0, 0, 1);
}

static void R54_an_unlimited_store_counts_and_limits_nothing(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[3];
    waiting(y, d, 3);
    for (size_t i = 0; i < 2; i++)
        assert_ok(y, go(y, &d[i], DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d[0], DEPLOYMENT_SUCCESS));
    struct quota_balance b = balance(y, "");
    assert_false(b.limited);
    assert_int_equal(b.free_used, 1);
    assert_int_equal(b.free_held, 1);
    grant(y, "", 1); /* what began before is not charged to the package */
    assert_ok(y, go(y, &d[1], DEPLOYMENT_SUCCESS));
    expect(y, "", 1, 0, 0);
    assert_ok(y, go(y, &d[2], DEPLOYMENT_PROCESSING));
    expect(y, "", 0, 1, 0);
    assert_int_equal(balance(y, "").free_used, 2);
}

static void R54_corrections_are_entries(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[2];
    struct quota_row *entries;
    size_t count;
    assert_err(y, ERR_CONFLICT, store_quota_revoke(y->db, "", 1, "", &y->err));
    assert_err(y, ERR_CONFLICT, store_quota_close(y->db, "", "", &y->err));
    assert_err(y, ERR_INPUT, store_quota_grant(y->db, "", 0, "", &y->err));
    assert_err(y, ERR_INPUT, store_quota_grant(y->db, "", -1, "", &y->err));
    assert_err(y, ERR_INPUT, store_quota_grant(y->db, "", (int64_t)QUOTA_COUNT_MAX + 1, "", &y->err));
    grant(y, "", 10);
    waiting(y, d, 2);
    assert_ok(y, go(y, &d[0], DEPLOYMENT_PROCESSING));
    assert_err(y, ERR_QUOTA, store_quota_revoke(y->db, "", 10, "", &y->err));
    assert_non_null(strstr(y->err.text, "9 are left"));
    assert_ok(y, store_quota_revoke(y->db, "", 9, "a mistake", &y->err));
    assert_err(y, ERR_QUOTA, go(y, &d[1], DEPLOYMENT_PROCESSING)); /* all taken back is a limit of 0 more */
    struct quota_balance b = balance(y, "");
    assert_int_equal(b.bought, 10);
    assert_int_equal(b.total, 1);
    assert_ok(y, store_quota_close(y->db, "", "no packages any more", &y->err));
    assert_false(balance(y, "").limited);
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PROCESSING));
    assert_ok(y, store_quota_list(y->db, y->a, &(struct page){.limit = 10}, "", &entries, &count, &y->err));
    assert_int_equal(count, 5);
    assert_int_equal(entries[4].kind, QUOTA_GRANT);
    assert_string_equal(entries[2].text, "a mistake");
    assert_int_equal(entries[1].kind, QUOTA_CLOSE);
}

static void R53_budgets_are_accounts_of_their_own(void **state)
{
    struct yard *y = *state;
    struct deployment_row mine[2], theirs[2];
    grant(y, "", 1);
    grant(y, "77", 1);
    waiting_of(y, "77", mine, 2);
    waiting_of(y, "78", theirs, 2); /* has no budget */
    assert_ok(y, go(y, &mine[0], DEPLOYMENT_PROCESSING));
    assert_err(y, ERR_QUOTA, go(y, &mine[1], DEPLOYMENT_PROCESSING));
    assert_non_null(strstr(y->err.text, "budget"));
    assert_ok(y, go(y, &theirs[0], DEPLOYMENT_PROCESSING));
    assert_err(y, ERR_QUOTA, go(y, &theirs[1], DEPLOYMENT_PROCESSING));
    expect(y, "", 0, 1, 0);
    expect(y, "77", 0, 1, 0);
    /* What is held comes back to where it was held, whatever became of the budget. */
    assert_ok(y, store_quota_close(y->db, "77", "", &y->err));
    assert_ok(y, go(y, &mine[0], DEPLOYMENT_ERROR));
    expect(y, "", 0, 1, 0);
    expect(y, "77", 1, 0, 0);
    assert_ok(y, go(y, &theirs[0], DEPLOYMENT_ERROR));
    assert_ok(y, go(y, &mine[1], DEPLOYMENT_PROCESSING)); /* from the common account now */
    expect(y, "", 0, 1, 0);
    const char **accounts;
    size_t count;
    assert_ok(y, store_quota_accounts(y->db, y->a, &accounts, &count, &y->err));
    assert_int_equal(count, 2);
    assert_string_equal(accounts[0], "");
    assert_string_equal(accounts[1], "77");
}

static void a_deleted_task_holds_nothing_and_leaves_its_statement(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[2];
    struct quota_row *entries;
    size_t count;
    grant(y, "", 2);
    int64_t task = waiting(y, d, 2);
    assert_ok(y, go(y, &d[0], DEPLOYMENT_PROCESSING));
    assert_ok(y, go(y, &d[0], DEPLOYMENT_SUCCESS));
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PROCESSING));
    assert_ok(y, store_task_delete(y->db, task, &y->err));
    expect(y, "", 1, 0, 1);
    assert_ok(y, store_quota_statement(y->db, y->a, &(struct page){.limit = 10}, task, &entries, &count,
                                       &y->err));
    assert_int_equal(count, 4);
    assert_int_equal(entries[0].kind, QUOTA_REFUND);
    assert_string_equal(entries[0].text, "www.example.com");
}

static void a_withdrawn_task_holds_only_what_has_written(void **state)
{
    struct yard *y = *state;
    struct deployment_row d[2];
    int64_t changed;
    grant(y, "", 2);
    int64_t task = waiting(y, d, 2);
    assert_ok(y, go(y, &d[0], DEPLOYMENT_PROCESSING));
    d[1].has_before = true;
    d[1].goal = "{}";
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PROCESSING));
    d[1].writes = 1;
    assert_ok(y, go(y, &d[1], DEPLOYMENT_PROCESSING));
    expect(y, "", 0, 2, 0);
    assert_ok(y, store_task_withdraw(y->db, task, 100, &changed, &y->err));
    assert_int_equal(changed, 1);
    expect(y, "", 1, 1, 0);
    assert_true(yard_quota_holds(y));
}

enum { THREADS = 24, EACH = 20, PACKAGE = 100 };

struct worker {
    struct yard *y;
    struct deployment_row d[EACH];
    int refused, used, wrong;
    unsigned seed;
};

static bool save(struct db *db, void *context, struct err *err)
{
    return store_deployment_save(db, context, NULL, err);
}

static bool commit(struct worker *w, struct deployment_row *d, enum deployment_state to, struct err *err)
{
    struct deployment_row wanted = *d;
    wanted.state = to;
    if (!store_write(w->y->s, save, &wanted, err))
        return false;
    *d = wanted;
    return true;
}

/* Starts everything again and again until it succeeds or nothing is left; about half of the starts fail. */
static void *work(void *context)
{
    struct worker *w = context;
    for (size_t i = 0; i < EACH; i++) {
        for (struct err err = {0}; w->d[i].state != DEPLOYMENT_SUCCESS;) {
            if (!commit(w, &w->d[i], DEPLOYMENT_PROCESSING, &err)) {
                w->wrong += err.kind != ERR_QUOTA;
                w->refused++;
                break;
            }
            bool fails = rand_r(&w->seed) % 2;
            w->wrong += !commit(w, &w->d[i], fails ? DEPLOYMENT_ERROR : DEPLOYMENT_SUCCESS, &err);
            w->wrong += fails && !commit(w, &w->d[i], DEPLOYMENT_PENDING, &err);
            w->used += !fails;
        }
    }
    return NULL;
}

static void R53_no_concurrency_makes_or_loses_a_unit(void **state)
{
    struct yard *y = *state;
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    int used = 0;
    grant(y, "", PACKAGE);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.y = y, .seed = i + 1};
        waiting(y, workers[i].d, EACH);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
        used += workers[i].used;
    }
    assert_true(used <= PACKAGE && used > PACKAGE - THREADS); /* who came while all was held was refused */
    expect(y, "", PACKAGE - used, 0, used);
    assert_true(yard_quota_holds(y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(R53_held_at_start_and_used_on_success),
        yard_test(R49_returned_when_the_resource_fails),
        yard_test(R50_R110_a_rollback_gives_nothing_back),
        yard_test(R49_a_retry_is_charged_once),
        yard_test(R53_what_ends_with_its_first_commit_costs_nothing),
        yard_test(R53_a_deployment_without_quota_does_not_start),
        yard_test(R45_what_is_not_charged_or_already_bound_costs_nothing),
        yard_test(R47_the_slots_of_one_resource_share_a_unit),
        yard_test(R54_an_unlimited_store_counts_and_limits_nothing),
        yard_test(R54_corrections_are_entries),
        yard_test(R53_budgets_are_accounts_of_their_own),
        yard_test(a_deleted_task_holds_nothing_and_leaves_its_statement),
        yard_test(a_withdrawn_task_holds_only_what_has_written),
        yard_test(R53_no_concurrency_makes_or_loses_a_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
