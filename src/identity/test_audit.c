/* The audit's chain: whoever changes, removes, reorders, adds or makes anew is found out. */
#include "identity/audit.h"

#include "store/test_support.h"
#include <string.h>

enum { ROWS = 5 };

static void append(struct yard *y, const char *action, int64_t now_ms)
{
    struct caller caller = caller_local();
    struct audit_entry entry = {.request = "r1",
                                .caller = &caller,
                                .source = "unix",
                                .action = action,
                                .object = "access",
                                .object_id = 7,
                                .object_name = "prod",
                                .changes = "{\"name\":[\"a\",\"b\"]}"};
    assert_ok(y, audit_append(y->db, y->a, yard_id(y), now_ms, &entry, &y->err));
}

static struct audit_verdict verdict(struct yard *y)
{
    struct audit_verdict v;
    assert_ok(y, audit_verify(y->s, y->a, &v, &y->err));
    return v;
}

static int audit_begin(void **state)
{
    if (yard_begin(state) != 0)
        return -1;
    for (int i = 0; i < ROWS; i++)
        append(*state, "PATCH /api/v1/accesses/{access}", NOW_MS + i);
    return 0;
}

#define audit_test(f) cmocka_unit_test_setup_teardown(f, audit_begin, yard_end)

static void an_untouched_audit_is_whole(void **state)
{
    struct yard *y = *state;
    struct audit_verdict v = verdict(y);
    assert_int_equal(v.fault_count, 0);
    assert_int_equal(v.rows, ROWS);
    assert_int_equal(v.place, ROWS);
    assert_int_equal(strlen(v.head), 64);
    append(y, "DELETE /api/v1/tasks/{task}", NOW_MS);
    assert_int_equal(verdict(y).rows, ROWS + 1);
    assert_string_not_equal(verdict(y).head, v.head);
}

static void an_audit_with_nothing_in_it_is_whole(void **state)
{
    struct yard *y = *state;
    struct audit_verdict v = verdict(y);
    assert_int_equal(v.fault_count, 0);
    assert_int_equal(v.rows, 0);
}

static void run(struct yard *y, const char *sql)
{
    assert_ok(y, db_script(y->db, sql, &y->err));
}

static void each_column_that_is_changed_is_found(void **state)
{
    struct yard *y = *state;
    static const char *const columns[] = {"request", "who_kind",    "who",     "source", "action",
                                          "object",  "object_name", "changes", "former", "hash"};
    static const char *const numbers[] = {"created_ms", "who_id", "object_id"};
    for (size_t i = 0; i < countof(columns); i++) {
        const char *c = columns[i];
        run(y, arena_printf(y->a, "UPDATE audit SET %s = %s || 'x' WHERE place = 3", c, c));
        struct audit_verdict v = verdict(y);
        if (!v.fault_count)
            fail_msg("%s was changed, and nobody noticed", c);
        assert_non_null(strstr(v.faults[0], "row 3"));
        run(y, arena_printf(y->a, "UPDATE audit SET %s = substr(%s, 1, length(%s) - 1) WHERE place = 3", c, c,
                            c));
        assert_int_equal(verdict(y).fault_count, 0);
    }
    for (size_t i = 0; i < countof(numbers); i++) {
        const char *n = numbers[i];
        run(y, arena_printf(y->a, "UPDATE audit SET %s = %s + 1 WHERE place = 5", n, n));
        assert_true(verdict(y).fault_count > 0);
        run(y, arena_printf(y->a, "UPDATE audit SET %s = %s - 1 WHERE place = 5", n, n));
    }
}

static void rows_that_are_removed_are_found_wherever_they_stood(void **state)
{
    struct yard *y = *state;
    static const struct {
        const char *sql, *told;
    } cases[] = {{"DELETE FROM audit WHERE place = 1", "row 1 is missing"},
                 {"DELETE FROM audit WHERE place = 3", "row 3 is missing"},
                 {"DELETE FROM audit WHERE place IN (2, 3)", "rows 2 to 3 are missing"},
                 {"DELETE FROM audit WHERE place >= 4", "rows 4 to 5 are missing at the end"},
                 {"DELETE FROM audit", "rows 1 to 5 are missing at the end"}};
    for (size_t i = 0; i < countof(cases); i++) {
        run(y, "CREATE TABLE aside AS SELECT * FROM audit");
        run(y, cases[i].sql);
        struct audit_verdict v = verdict(y);
        assert_true(v.fault_count > 0);
        assert_string_equal(v.faults[0], cases[i].told);
        run(y, "DELETE FROM audit; INSERT INTO audit SELECT * FROM aside; DROP TABLE aside");
        assert_int_equal(verdict(y).fault_count, 0);
    }
}

/* What goes on after a cut does not cover it up. */
static void rows_after_a_cut_leave_it_to_be_seen(void **state)
{
    struct yard *y = *state;
    run(y, "DELETE FROM audit WHERE place >= 4");
    append(y, "POST /api/v1/tasks", NOW_MS);
    struct audit_verdict v = verdict(y);
    assert_int_equal(v.fault_count, 1);
    assert_string_equal(v.faults[0], "rows 4 to 5 are missing");
}

static void rows_that_change_places_are_found(void **state)
{
    struct yard *y = *state;
    run(y, "UPDATE audit SET place = 99 WHERE place = 2; UPDATE audit SET place = 2 WHERE place = 3; "
           "UPDATE audit SET place = 3 WHERE place = 99");
    assert_true(verdict(y).fault_count > 0);
}

/* Who knows how the chain is made, but not the master key. */
static void a_row_that_is_added_beside_the_program_is_found(void **state)
{
    struct yard *y = *state;
    run(y, "CREATE TABLE aside AS SELECT * FROM audit_head");
    append(y, "POST /api/v1/tasks", NOW_MS);
    run(y, "DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM aside");
    assert_string_equal(verdict(y).faults[0], "the last row is not the one that was sealed");
    run(y, "UPDATE audit_head SET head = x'010203'");
    assert_true(verdict(y).fault_count > 0);
    run(y, "DELETE FROM audit_head");
    assert_true(verdict(y).fault_count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        audit_test(an_untouched_audit_is_whole),
        yard_test(an_audit_with_nothing_in_it_is_whole),
        audit_test(each_column_that_is_changed_is_found),
        audit_test(rows_that_are_removed_are_found_wherever_they_stood),
        audit_test(rows_after_a_cut_leave_it_to_be_seen),
        audit_test(rows_that_change_places_are_found),
        audit_test(a_row_that_is_added_beside_the_program_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
