#include "cloud/limit.h"

#include "base/test.h"
#include <limits.h>

/* A cloud that allows 20 calls a second with a burst of one second, asked by `workers` that always want to call, and
 * that may refuse every so manieth call whatever the rate.
 */
struct server {
    double rate, tokens;
    int64_t filled_ms;
    unsigned refuse_percent, random;
};

static bool server_accepts(struct server *s, int64_t now_ms)
{
    s->tokens += s->rate * (double)(now_ms - s->filled_ms) / 1000;
    s->filled_ms = now_ms;
    if (s->tokens > s->rate)
        s->tokens = s->rate;
    s->random = s->random * 1664525u + 1013904223u;
    if (s->tokens < 1 || (s->random >> 16) % 100 < s->refuse_percent)
        return false;
    s->tokens -= 1;
    return true;
}

struct outcome {
    int accepted, refused;
    int64_t end_ms;
};

/* Worker i sends at due[i]; an answer takes latency_ms. Counts what happens from from_ms until until_ms, or until `enough`
 * calls were accepted.
 */
static struct outcome simulate(struct limit *l, struct server *s, int workers, int64_t latency_ms,
                               int64_t from_ms, int64_t until_ms, int enough)
{
    struct worker {
        int64_t taken_ms, send_ms, answer_ms;
        bool sent, ok;
    } w[64] = {0};
    struct outcome outcome = {0};
    int64_t retry_ms;
    for (int i = 0; i < workers; i++)
        w[i].send_ms = limit_take(l, 0, INT64_MAX, &retry_ms);
    int64_t now_ms = 0;
    for (; now_ms < until_ms && outcome.accepted < enough; now_ms++) {
        for (int i = 0; i < workers; i++) {
            if (w[i].sent && now_ms >= w[i].answer_ms) {
                if (w[i].ok)
                    limit_accepted(l, now_ms);
                else
                    limit_refused(l, w[i].taken_ms, now_ms, 0);
                w[i].sent = false;
                w[i].taken_ms = now_ms;
                w[i].send_ms = now_ms + limit_take(l, now_ms, INT64_MAX, &retry_ms);
            }
            if (!w[i].sent && now_ms >= w[i].send_ms && w[i].send_ms > w[i].taken_ms &&
                limit_is_void(l, w[i].taken_ms)) {
                w[i].taken_ms = now_ms;
                w[i].send_ms = now_ms + limit_take(l, now_ms, INT64_MAX, &retry_ms);
            }
            if (!w[i].sent && now_ms >= w[i].send_ms) {
                w[i].sent = true;
                w[i].answer_ms = now_ms + latency_ms;
                w[i].ok = server_accepts(s, now_ms);
                if (now_ms >= from_ms && w[i].ok)
                    outcome.accepted++;
                else if (now_ms >= from_ms)
                    outcome.refused++;
            }
        }
    }
    outcome.end_ms = now_ms;
    return outcome;
}

static void check_at_20(double published, double replaced, int workers, int64_t latency_ms)
{
    struct server s = {.rate = 20, .tokens = 20};
    struct limit l = limit_new(published, replaced, 0);
    int64_t from_ms = 120000, until_ms = 720000;
    struct outcome o = simulate(&l, &s, workers, latency_ms, from_ms, until_ms, INT_MAX);
    double reached = o.accepted / 600.0 / 20.0, throttled = (double)o.refused / (o.accepted + o.refused);
    print_message("published %g, given %g, %d workers, %d ms: %.2f %% of the rate, %.3f %% throttled\n",
                  published, replaced, workers, (int)latency_ms, reached * 100, throttled * 100);
    assert_true(reached >= 0.98);
    assert_true(throttled < 0.01);
}

static void R_reaches_98_percent_of_the_ceiling_with_few_refusals(void **state)
{
    (void)state;
    check_at_20(100, 0, 16, 50); /* the vendor publishes more than it gives */
    check_at_20(30, 0, 16, 5);
    check_at_20(30, 0, 64, 200);
    check_at_20(0, 100, 16, 50); /* the user does */
}

/* From the very first call, when the limit is not known yet. 300 deployments read twice: 600 calls of that action. */
static void check_from_the_first(double published, double replaced, int64_t latency_ms, double least)
{
    struct server s = {.rate = 20, .tokens = 20};
    struct limit l = limit_new(published, replaced, 0);
    struct outcome o = simulate(&l, &s, 64, latency_ms, 0, 120000, 600);
    double rate = o.accepted * 1000.0 / (double)o.end_ms,
           share = (double)o.refused / (o.accepted + o.refused);
    print_message("600 calls, published %g, given %g, %d ms: %.2f a second, %.2f %% throttled\n", published,
                  replaced, (int)latency_ms, rate, share * 100);
    assert_true(rate >= least);
    assert_true(share < 0.01);
}

static void R_a_limit_below_the_rate_is_found_at_once_with_few_refusals(void **state)
{
    (void)state;
    static const double figures[] = {30, 40, 50, 100, 200};
    for (size_t i = 0; i < countof(figures); i++) {
        check_from_the_first(figures[i], 0, 2, 19.6);
        check_from_the_first(0, figures[i], 2, 19.6);
    }
    check_from_the_first(0, 1000, 2, 19.6);
    check_from_the_first(50, 0, 30, 19.6);
    check_from_the_first(100, 0, 30, 19.6);
    check_from_the_first(20, 0, 2, 16 * 0.98); /* the limit is not reached: 80 % of what is published */
    check_from_the_first(10, 0, 2, 8 * 0.98);
}

static void R_refusals_that_do_not_follow_the_rate_do_not_bring_it_to_a_standstill(void **state)
{
    (void)state;
    static const struct {
        unsigned percent;
        double figure, least;
    } cases[] = {{20, 500, 2.5}, {20, 10, 2.5}, {50, 500, 0.5}, {5, 30, 5}};
    for (size_t i = 0; i < countof(cases); i++) {
        double accepted = 0;
        for (unsigned seed = 0; seed < 10; seed++) {
            struct server s = {1000, 1000, .refuse_percent = cases[i].percent, .random = seed * 7919};
            struct limit l = limit_new(30, cases[i].figure, 0);
            accepted += simulate(&l, &s, 16, 50, 60000, 360000, INT_MAX).accepted / 3000.0;
        }
        print_message("%u %% refused: %.1f accepted a second\n", cases[i].percent, accepted);
        assert_true(accepted >= cases[i].least);
    }
}

static void R_begins_at_half_and_stays_below_80_percent_of_what_is_published(void **state)
{
    (void)state;
    struct limit l = limit_new(30, 0, 0);
    assert_true(l.rate == 15);
    struct server s = {.rate = 1000, .tokens = 1000};
    (void)simulate(&l, &s, 16, 10, 0, 60000, INT_MAX);
    assert_true(l.rate > 23.9 && l.rate <= 24);
}

static void R_begins_at_half_of_10_where_nothing_is_published(void **state)
{
    (void)state;
    struct limit l = limit_new(0, 0, 0);
    assert_true(l.rate == 5 && l.most == 10);
}

static void R_a_figure_of_the_user_is_ceiling_and_start(void **state)
{
    (void)state;
    struct limit l = limit_new(30, 500, 0);
    assert_true(l.rate == 500 && l.most == 500);
    struct server s = {.rate = 600, .tokens = 600};
    struct outcome o = simulate(&l, &s, 64, 5, 0, 10000, INT_MAX);
    assert_int_equal(o.refused, 0);
    assert_true(o.accepted > 4900 && o.accepted <= 5500);
}

static void R_a_burst_is_one_second_worth(void **state)
{
    (void)state;
    struct limit l = limit_new(20, 0, 0);
    int64_t retry_ms = 0;
    int at_once = 0;
    while (limit_take(&l, 3600000, 0, &retry_ms) == 0)
        at_once++;
    assert_int_equal(at_once, 10);
    assert_true(retry_ms > 90 && retry_ms <= 101);
}

static void R_a_refusal_costs_5_percent_and_a_second_one_half(void **state)
{
    (void)state;
    struct limit l = limit_new(0, 20, 0);
    limit_refused(&l, 900, 1000, 0);
    assert_true(l.rate == 19 && l.ceiling == 20);
    limit_refused(&l, 950, 1100, 0); /* taken before the rate fell: says nothing about it */
    assert_true(l.rate == 19);
    limit_refused(&l, 1200, 1300, 0);
    assert_true(l.rate == 9.5);
}

static void R_honours_retry_after(void **state)
{
    (void)state;
    struct limit l = limit_new(0, 20, 0);
    int64_t retry_ms = 0;
    limit_refused(&l, 0, 10, 5000);
    assert_int_equal(limit_take(&l, 10, 1000, &retry_ms), -1);
    assert_int_equal(retry_ms, 5000);
    assert_int_equal(limit_take(&l, 10, 60000, &retry_ms), 5000);
    assert_true(limit_take(&l, 5010, 1000, &retry_ms) >= 0);
}

static void R_waits_are_reserved_in_order(void **state)
{
    (void)state;
    struct limit l = limit_new(0, 10, 0);
    int64_t retry_ms, last_ms = -1;
    for (int i = 0; i < 30; i++) {
        int64_t wait_ms = limit_take(&l, 0, 60000, &retry_ms);
        assert_true(wait_ms >= last_ms);
        last_ms = wait_ms;
    }
    assert_true(last_ms > 1900 && last_ms < 2100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_reaches_98_percent_of_the_ceiling_with_few_refusals),
        cmocka_unit_test(R_a_limit_below_the_rate_is_found_at_once_with_few_refusals),
        cmocka_unit_test(R_refusals_that_do_not_follow_the_rate_do_not_bring_it_to_a_standstill),
        cmocka_unit_test(R_begins_at_half_and_stays_below_80_percent_of_what_is_published),
        cmocka_unit_test(R_begins_at_half_of_10_where_nothing_is_published),
        cmocka_unit_test(R_a_figure_of_the_user_is_ceiling_and_start),
        cmocka_unit_test(R_a_burst_is_one_second_worth),
        cmocka_unit_test(R_a_refusal_costs_5_percent_and_a_second_one_half),
        cmocka_unit_test(R_honours_retry_after),
        cmocka_unit_test(R_waits_are_reserved_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
