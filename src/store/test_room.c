#include "store/room.h"

#include "store/test_support.h"

static struct access_row add_access(struct yard *y)
{
    struct access_row row = yard_access(y, "main");
    assert_ok(y,
              store_access_add(y->db, &row, secret_in(y->a, secret_new("SECRET-SECRET", 13)), NULL, &y->err));
    return row;
}

static struct room_row only(struct yard *y)
{
    struct room_row *rows = NULL;
    size_t count = 0;
    assert_ok(y, store_room_list(y->db, y->a, &rows, &count, &y->err));
    assert_int_equal(count, 1);
    return rows[0];
}

static void what_comes_and_goes_is_counted_until_the_vendor_tells_again(void **state)
{
    struct yard *y = *state;
    struct access_row access = add_access(y);
    struct room_row row = {0, access.id, "acm:us-east-1", 7, 2500, 9, 5000, NOW_MS};
    assert_ok(y, store_room_put(y->db, &row, &y->err));
    assert_ok(y, store_room_brought(y->db, access.id, "acm:us-east-1", &y->err));
    assert_ok(y, store_room_brought(y->db, access.id, "acm:us-east-12", &y->err));
    assert_int_equal(only(y).used, 8);
    assert_int_equal(only(y).lately, 10);
    assert_ok(y, store_room_freed(y->db, access.id, "acm:us-east-1", &y->err));
    assert_int_equal(only(y).used, 7);
    assert_int_equal(only(y).lately, 10); /* AWS counts what was brought, not what is there */
    assert_ok(y, store_room_put(y->db, &row, &y->err));
    assert_int_equal(only(y).lately, 9);
    for (size_t i = 0; i < 12; i++)
        assert_ok(y, store_room_brought(y->db, access.id, "acm:us-east-1", &y->err));
    assert_ok(y, store_room_put(y->db, &row, &y->err));
    assert_int_equal(only(y).lately, 13); /* ours alone, though the vendor lists fewer */
    y->clock.now_ms += (int64_t)366 * 86400000;
    assert_int_equal(only(y).lately, 9);
}

static void a_room_counts_for_all_stores_below_its_name(void **state)
{
    struct yard *y = *state;
    struct access_row access = add_access(y);
    struct room_row row = {0, access.id, "iam", 19, 20, -1, -1, NOW_MS};
    assert_ok(y, store_room_put(y->db, &row, &y->err));
    assert_ok(y, store_room_brought(y->db, access.id, "iam:/cloudfront/certferry/", &y->err));
    assert_ok(y, store_room_brought(y->db, access.id, "iamb:/", &y->err));
    assert_int_equal(only(y).used, 20);
    assert_int_equal(only(y).lately, -1);
    assert_true(room_holds("iam", "iam:/") && room_holds("waf:r", "waf:r:0") && !room_holds("iam", "iamb:/"));
}

static void a_refusal_teaches_how_much_there_is_room_for(void **state)
{
    struct yard *y = *state;
    struct access_row access = add_access(y);
    struct room_row row = {0, access.id, "waf:cn-north-4", 10, -1, -1, -1, NOW_MS};
    assert_ok(y, store_room_put(y->db, &row, &y->err));
    assert_ok(y, store_room_full(y->db, access.id, "waf:cn-north-4:0", &y->err));
    assert_int_equal(only(y).most, 10);
    row.used = 8;
    assert_ok(y, store_room_put(y->db, &row, &y->err));
    assert_int_equal(only(y).most, 10);
    row.used = 11; /* it was raised */
    assert_ok(y, store_room_put(y->db, &row, &y->err));
    assert_int_equal(only(y).most, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(what_comes_and_goes_is_counted_until_the_vendor_tells_again),
        yard_test(a_room_counts_for_all_stores_below_its_name),
        yard_test(a_refusal_teaches_how_much_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
