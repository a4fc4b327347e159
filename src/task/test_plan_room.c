#include "task/test_desk.h"

/* Whether a plan says what finds no room before anything is brought there. */

static void place_of(void *context, const struct product *product, const struct resource *r,
                     const struct plan_certificate *cert, struct plan_place *ret, const char **ret_refusal)
{
    (void)context, (void)product, (void)cert, (void)ret_refusal;
    *ret = (struct plan_place){r->access_id == 7 ? "acm:us-east-1" : "iam:/", true};
}

static struct room_row rooms[2];

/* One certificate for each of n distributions. */
static void lay_out(struct desk *d, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *host = arena_printf(d->a, "h%zu.example.com", i);
        certificate(d, host);
        domain(d, "aws/cloudfront", host);
    }
    rooms[0] = (struct room_row){1, 7, "acm:us-east-1", 2498, 2500, 100, 5000, now_ms};
    rooms[1] = (struct room_row){2, 8, "iam", 18, 20, -1, -1, now_ms};
    d->in.rooms = rooms;
    d->in.room_count = countof(rooms);
    d->in.place = place_of;
}

static size_t held(struct desk *d)
{
    size_t count = 0;
    plan(d);
    for (size_t i = 0; i < d->plan.count; i++) {
        bool full = strstr(d->plan.rows[i].holds, "\"full\"") != NULL;
        assert_true(full == (d->plan.rows[i].state == DEPLOYMENT_HELD));
        count += full;
    }
    return count;
}

static void limits_what_finds_no_place_in_acm_is_held_and_told(void **state)
{
    struct desk *d = *state;
    lay_out(d, 4);
    assert_int_equal(held(d), 2);
    assert_string_equal(d->plan.rows[1].holds, "[]"); /* the last ones wait */
    assert_non_null(strstr(d->plan.rows[3].reason, "acm:us-east-1 holds 2498 of 2500 certificates"));
    assert_non_null(strstr(d->plan.rows[3].reason, "this plan brings 2 before"));
    assert_noted(d, "room", "brings 2 certificates there; 2 of 2500 places are free");
    assert_noted(d, "room", "2 rows are held");
    d->selection.accept = texts(d, "full");
    plan(d);
    assert_int_equal(d->plan.rows[3].state,
                     DEPLOYMENT_PLANNED); /* the quota was raised, says who accepts it */
    assert_string_equal(d->plan.rows[3].holds, "[\"full\"]");
}

static void limits_imports_of_a_year_count_besides(void **state)
{
    struct desk *d = *state;
    lay_out(d, 3);
    rooms[0].used = 10;
    rooms[0].lately = 4999;
    assert_int_equal(held(d), 2);
    assert_non_null(strstr(d->plan.rows[1].reason, "took 4999 of 5000 imports within 365 days"));
    assert_noted(d, "room", "1 of 5000 imports within 365 days are left");
    rooms[0].lately_most = -1; /* more than the usual were imported: it was raised, nobody knows how far */
    assert_int_equal(held(d), 0);
}

static void limits_a_room_of_the_account_counts_all_paths(void **state)
{
    struct desk *d = *state;
    lay_out(d, 3);
    for (size_t i = 0; i < 3; i++)
        d->resources[i].access_id = 8;
    assert_int_equal(held(d), 1);
    assert_non_null(strstr(d->plan.rows[2].reason, "iam holds 18 of 20 certificates"));
    for (size_t i = 0; i < 3; i++)
        d->resources[i].access_id = 9; /* nothing is known of it */
    assert_int_equal(held(d), 0);
}

static void limits_what_is_there_or_brought_once_takes_no_place(void **state)
{
    struct desk *d = *state;
    (void)certificate(d, "*.example.com");
    static const struct copy_row copy = {.access_id = 7,
                                         .certificate_id = 1,
                                         .vendor_store = "acm:us-east-1",
                                         .ref = "x"};
    lay_out(d, 0);
    domain(d, "aws/cloudfront", "a.example.com");
    domain(d, "aws/cloudfront", "b.example.com");
    rooms[0].used = 2499;
    assert_int_equal(held(d), 0); /* one certificate, two distributions */
    assert_noted(d, "room", "brings 1 certificate there; 1 of 2500 places are free");
    rooms[0].used = 2500;
    assert_int_equal(held(d), 2);
    d->in.copies = &copy;
    d->in.copy_count = 1;
    assert_int_equal(held(d), 0);
    for (size_t i = 0; i < d->plan.note_count; i++)
        assert_string_not_equal(d->plan.notes[i].kind, "room");
}

static void limits_a_row_that_is_held_anyway_takes_no_place(void **state)
{
    struct desk *d = *state;
    lay_out(d, 2);
    rooms[0].used = 2499;
    d->resources[0].bound[0].not_after_ms = now_ms + 400 * DAY_MS;
    plan(d);
    assert_string_equal(d->plan.rows[0].holds, "[\"shorter\"]");
    assert_string_equal(d->plan.rows[1].holds, "[]");
    d->selection.accept = texts(d, "shorter");
    plan(d);
    assert_string_equal(d->plan.rows[1].holds, "[\"full\"]");
}

static void limits_where_the_vendor_does_not_tell_the_plan_says_so(void **state)
{
    struct desk *d = *state;
    lay_out(d, 1);
    rooms[0].most = rooms[0].lately_most = -1;
    assert_int_equal(held(d), 0);
    assert_noted(d, "room", "it holds 2498, and the vendor does not tell how many it takes");
}

/* Three fit, and ours comes before another goes: what an earlier row adds stays. */
static void limits_a_set_counts_what_the_plan_adds_before(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com");
    certificate(d, "b.example.com");
    struct resource *r = listener(d, "other.org");
    name(d, r, "a.example.com b.example.com", EVIDENCE_RULE);
    hold(d, r, "sni", "x", "x.org");
    assert_int_equal(held(d), 0);
    hold(d, r, "sni", "y", "y.org");
    assert_int_equal(held(d), 1);
    assert_string_equal(d->plan.rows[1].holds, "[\"full\"]");
}

static void limits_a_plan_that_was_bought_takes_so_many(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com");
    certificate(d, "b.example.com");
    struct resource *r = listener(d, "other.org");
    name(d, r, "a.example.com b.example.com", EVIDENCE_RULE);
    r->extra = "{\"sni_room\":1,\"sni_max\":10}";
    plan(d);
    assert_int_equal(d->plan.count, 1);
    assert_noted(d, "left_out", "its set of SNI certificates is full (10)");
    assert_noted(d, "room", "this plan adds 1 certificate; 1 of 10 places are free");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        desk_test(limits_what_finds_no_place_in_acm_is_held_and_told),
        desk_test(limits_imports_of_a_year_count_besides),
        desk_test(limits_a_room_of_the_account_counts_all_paths),
        desk_test(limits_what_is_there_or_brought_once_takes_no_place),
        desk_test(limits_a_row_that_is_held_anyway_takes_no_place),
        desk_test(limits_where_the_vendor_does_not_tell_the_plan_says_so),
        desk_test(limits_a_set_counts_what_the_plan_adds_before),
        desk_test(limits_a_plan_that_was_bought_takes_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
