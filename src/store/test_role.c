/* Access groups and roles as rows. */
#include "store/role.h"

#include "store/test_support.h"
#include <string.h>

static int64_t a_group(struct yard *y, const char *name)
{
    struct group_row group = {.id = yard_id(y), .owner = "", .name = name};
    assert_ok(y, store_group_add(y->db, &group, &y->err));
    return group.id;
}

static int64_t an_access(struct yard *y, const char *name)
{
    struct access_row row = yard_access(y, name);
    assert_ok(y, store_access_add(y->db, &row, bench_secret(y->b, "s"), NULL, &y->err));
    return row.id;
}

static void roles_have_words_and_no_others(void **state)
{
    struct err err;
    enum role role;
    (void)state;
    for (enum role i = ROLE_VIEWER; i <= ROLE_ADMIN; i++) {
        assert_true(role_parse(role_name(i), &role, &err));
        assert_int_equal(role, i);
    }
    const char *const others[] = {"", "none", "Admin", "root", "admin "};
    for (size_t i = 0; i < countof(others); i++)
        assert_false(role_parse(others[i], &role, &err));
}

static void the_highest_role_at_an_access_counts(void **state)
{
    struct yard *y = *state;
    int64_t one = an_access(y, "one"), two = an_access(y, "two"), other = an_access(y, "other");
    int64_t first = a_group(y, "first"), both = a_group(y, "both");
    enum role role;
    assert_ok(y, store_group_accesses_set(y->db, first, &one, 1, &y->err));
    assert_ok(y, store_group_accesses_set(y->db, both, (int64_t[]){one, two}, 2, &y->err));
    struct role_row roles[] = {{first, ROLE_ADMIN, ""}, {both, ROLE_OPERATOR, ""}};
    assert_ok(y, store_roles_set(y->db, 77, roles, 2, &y->err));
    const struct {
        int64_t subject, access;
        enum role role;
    } cases[] = {{77, one, ROLE_ADMIN},
                 {77, two, ROLE_OPERATOR},
                 {77, other, ROLE_NONE},
                 {78, one, ROLE_NONE}};
    for (size_t i = 0; i < countof(cases); i++) {
        assert_ok(y, store_role_at(y->db, cases[i].subject, cases[i].access, &role, &y->err));
        assert_int_equal(role, cases[i].role);
    }
    struct role_row everywhere = {EVERYWHERE, ROLE_VIEWER, ""};
    assert_ok(y, store_roles_set(y->db, 77, &everywhere, 1, &y->err));
    assert_ok(y, store_role_at(y->db, 77, one, &role, &y->err));
    assert_int_equal(role, ROLE_VIEWER); /* setting replaced all there was */
}

static void an_access_that_goes_leaves_its_groups(void **state)
{
    struct yard *y = *state;
    int64_t one = an_access(y, "one"), group = a_group(y, "g"), *ids;
    size_t count;
    assert_ok(y, store_group_accesses_set(y->db, group, &one, 1, &y->err));
    assert_ok(y, store_access_delete(y->db, one, &y->err));
    assert_ok(y, store_group_accesses(y->db, y->a, group, &ids, &count, &y->err));
    assert_int_equal(count, 0);
    assert_err(y, ERR_NOT_FOUND, store_group_accesses_set(y->db, group, &one, 1, &y->err));
}

static void the_same_name_twice_is_refused(void **state)
{
    struct yard *y = *state;
    a_group(y, "g");
    struct group_row group = {.id = yard_id(y), .owner = "", .name = "g"};
    assert_err(y, ERR_CONFLICT, store_group_add(y->db, &group, &y->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_have_words_and_no_others),
        yard_test(the_highest_role_at_an_access_counts),
        yard_test(an_access_that_goes_leaves_its_groups),
        yard_test(the_same_name_twice_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
