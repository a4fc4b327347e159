/* Pushing: what is refused before anything is sent, that each region has its own row, and that nothing is sent twice. */
#include "inventory/push.h"

#include "cloud/test_stage.h"
#include <string.h>

#define ID "scs1600313391074"
#define SHOWN(status)                                                                                        \
    {                                                                                                        \
        200, NULL, "{\"id\":\"" ID "\",\"status\":\"" status "\"}"                                           \
    }
#define PROJECTS                                                                                             \
    {                                                                                                        \
        200, NULL,                                                                                           \
            "{\"projects\":[{\"name\":\"cn-north-4\",\"id\":\"p4\"},{\"name\":\"cn-east-3\",\"id\":\"p3\"}]" \
            "}"                                                                                              \
    }
#define RECORDS(list)                                                                                        \
    {                                                                                                        \
        200, NULL, "{\"push_history_list\":[" list "]}"                                                      \
    }
#define RECORD(service, region)                                                                              \
    "{\"push_time\":\"1700000000000\",\"push_remote_project\":" region ",\"push_service\":\"" service "\"}"
#define RESULT(region, id, message)                                                                          \
    "{\"project_name\":\"" region "\",\"cert_id\":\"" id "\",\"message\":\"" message "\"}"
#define RESULTS(list)                                                                                        \
    {                                                                                                        \
        200, NULL, "{\"results\":[" list "]}"                                                                \
    }
#define CUT                                                                                                  \
    {                                                                                                        \
        200, NULL, NULL                                                                                      \
    }

static const char *both[] = {"cn-north-4", "cn-east-3"};

/* An account that was checked, and a certificate that lies in its SCM. */
static void begin(struct stage *g)
{
    struct yard *y = g->y;
    begin_as(g, "huawei", false);
    assert_ok(y, store_access_set_state(y->db, g->access_id, "normal", "", "acc", &y->err));
    cloud_session_refresh(g->cloud, g->access_id);
    struct certificate_row cert = yard_certificate(y, "site", "aa11bb22");
    assert_ok(y, store_certificate_add(y->db, &cert, bench_secret(y->b, "KEY"), NULL, &y->err));
    struct copy_row copy = {.id = yard_id(y),
                            .access_id = g->access_id,
                            .certificate_id = cert.id,
                            .vendor_store = "scm",
                            .ref = ID,
                            .name = "certferry-aa11bb22",
                            .created_ms = NOW_MS};
    assert_ok(y, store_copy_put(y->db, &copy, &y->err));
    y->err = (struct err){0};
}

static bool push(struct stage *g, const char *product, size_t regions, struct push_view *ret)
{
    struct push_request request = {.certificate = "site",
                                   .access = "test-huawei",
                                   .product = product,
                                   .regions = both,
                                   .region_count = regions};
    g->y->err = (struct err){0};
    return inventory_push(g->cloud, g->y->s, &g->y->clock.clock, g->y->a, &request, ret, &g->y->err);
}

static size_t sent(struct stage *g, const char *text)
{
    size_t count = 0;
    for (size_t i = 0; i < calls_seen(g); i++)
        count += strstr(g->log[i], text) != NULL;
    return count;
}

static void R122_only_hosted_and_issued_certificates_are_pushed(void **state)
{
    struct stage *g = *state;
    struct push_view view;
    begin(g);
    REPLIES(g, SHOWN("REVOKED"), SHOWN("UPLOAD"), PROJECTS, RECORDS(""),
            RESULTS(RESULT("cn-north-4", "c1", "success")), SHOWN("ISSUED"), RECORDS(""),
            RESULTS(RESULT("cn-north-4", "c2", "success")));
    assert_err(g->y, ERR_INVALID_CERTIFICATE, push(g, "huawei/waf", 1, &view));
    assert_non_null(strstr(g->y->err.text, "REVOKED"));
    assert_int_equal(sent(g, "batch-push"), 0);
    assert_ok(g->y, push(g, "huawei/waf", 1, &view));
    assert_ok(g->y, push(g, "huawei/elb", 1, &view));
}

static void R125_R126_what_is_asked_is_checked_first(void **state)
{
    struct stage *g = *state;
    struct push_view view;
    begin(g);
    REPLIES(g, SHOWN("UPLOAD"));
    assert_err(g->y, ERR_INPUT, push(g, "huawei/obs", 1, &view));
    assert_err(g->y, ERR_INPUT, push(g, "huawei/elb", 0, &view));
    assert_err(g->y, ERR_INPUT, push(g, "huawei/cdn", 1, &view));
    const char *eleven[11];
    for (size_t i = 0; i < countof(eleven); i++)
        eleven[i] = arena_printf(g->y->a, "cn-north-%zu", i);
    const char *twice[] = {"cn-north-4", "cn-north-4"}, *odd[] = {"cn north"};
    struct push_request request = {.certificate = "site", .access = "test-huawei", .product = "huawei/elb"};
    const struct {
        const char **regions;
        size_t count;
    } cases[] = {{eleven, 11}, {twice, 2}, {odd, 1}};
    for (size_t i = 0; i < countof(cases); i++) {
        request.regions = cases[i].regions;
        request.region_count = cases[i].count;
        assert_err(g->y, ERR_INPUT,
                   inventory_push(g->cloud, g->y->s, &g->y->clock.clock, g->y->a, &request, &view,
                                  &g->y->err));
    }
    assert_int_equal(calls_seen(g), 0);
    g->y->clock.now_ms += 100 * DAY_MS; /* R27 */
    assert_err(g->y, ERR_INVALID_CERTIFICATE, push(g, "huawei/elb", 1, &view));
    assert_int_equal(calls_seen(g), 0);
}

static void R130_R133_each_region_has_its_own_result(void **state)
{
    struct stage *g = *state;
    struct push_view view;
    begin(g);
    REPLIES(g, SHOWN("UPLOAD"), PROJECTS, RECORDS(""),
            RESULTS(RESULT("cn-east-3", "", "Push cert error") "," RESULT("cn-north-4", "c1", "success")),
            SHOWN("UPLOAD"), RECORDS(""), RESULTS(RESULT("cn-east-3", "c3", "success")));
    assert_ok(g->y, push(g, "huawei/elb", 2, &view));
    assert_string_equal(view.rows[0].state, "success");
    assert_string_equal(view.rows[0].copy_ref, "c1");
    assert_string_equal(view.rows[1].state, "error");
    assert_non_null(strstr(view.rows[1].text, "Push cert error"));
    /* What failed may be asked again; what succeeded is not sent again. */
    assert_ok(g->y, push(g, "huawei/elb", 2, &view));
    assert_int_equal(view.planned, 1);
    assert_string_equal(view.rows[1].state, "success");
    assert_int_equal(sent(g, "\"target_projects\":[\"cn-east-3\"]"), 1);
}

static void R124_a_push_is_made_once(void **state)
{
    struct stage *g = *state;
    struct push_view view;
    begin(g);
    REPLIES(g, SHOWN("UPLOAD"), PROJECTS, RECORDS(""), RESULTS(RESULT("cn-north-4", "c1", "success")),
            SHOWN("UPLOAD"), RECORDS(RECORD("Enhance_ELB", "\"cn-north-4\"")), SHOWN("UPLOAD"),
            RECORDS(RECORD("WAF", "\"cn-north-4\"")), SHOWN("UPLOAD"), RECORDS(RECORD("CDN", "null")));
    assert_ok(g->y, push(g, "huawei/elb", 1, &view));
    assert_err(g->y, ERR_CONFLICT, push(g, "huawei/elb", 1, &view));
    assert_err(g->y, ERR_CONFLICT, push(g, "huawei/waf", 1, &view)); /* by somebody else */
    assert_non_null(strstr(g->y->err.text, "records"));
    assert_err(g->y, ERR_CONFLICT, push(g, "huawei/cdn", 0, &view));
    assert_int_equal(sent(g, "batch-push"), 1);
    struct push_row *rows;
    size_t count;
    assert_ok(g->y,
              store_push_list(g->y->db, g->y->a, &(struct page){.limit = 10}, 0, &rows, &count, &g->y->err));
    assert_int_equal(count, 1);
}

static void R124_a_lost_answer_is_looked_up_and_never_repeated(void **state)
{
    struct stage *g = *state;
    struct push_view view;
    begin(g);
    REPLIES(g, SHOWN("UPLOAD"), PROJECTS, RECORDS(""), CUT, RECORDS(RECORD("ELB", "\"cn-east-3\"")),
            SHOWN("UPLOAD"), RECORDS(RECORD("ELB", "\"cn-east-3\"")), SHOWN("UPLOAD"),
            RECORDS(RECORD("ELB", "\"cn-east-3\"")), RESULTS(RESULT("cn-north-4", "c9", "success")));
    assert_ok(g->y, push(g, "huawei/elb", 2, &view));
    assert_string_equal(view.rows[0].state, "unknown");
    assert_string_equal(view.rows[1].state, "success");              /* as the records show */
    assert_err(g->y, ERR_CONFLICT, push(g, "huawei/elb", 2, &view)); /* it may show yet */
    assert_int_equal(sent(g, "batch-push"), 1);
    g->y->clock.now_ms += 60000;
    assert_ok(g->y, push(g, "huawei/elb", 2, &view)); /* it never came */
    assert_int_equal(view.planned, 1);
    assert_string_equal(view.rows[0].copy_ref, "c9");
    assert_int_equal(sent(g, "batch-push"), 2);
}

static void R124_what_a_dead_process_left_is_settled_by_the_records(void **state)
{
    struct stage *g = *state;
    struct yard *y = g->y;
    struct push_view view;
    struct push_row *rows;
    size_t count;
    begin(g);
    REPLIES(g, SHOWN("UPLOAD"), PROJECTS, RECORDS(""), RESULTS(RESULT("cn-north-4", "c1", "success")),
            SHOWN("UPLOAD"), RECORDS(RECORD("WAF", "\"cn-north-4\"")));
    assert_ok(y, push(g, "huawei/waf", 1, &view));
    assert_ok(y, store_push_end(y->db, view.rows[0].id, "pushing", "", "", &y->err)); /* as if it had died */
    assert_ok(y, store_push_interrupted(y->db, &y->err));
    assert_err(y, ERR_CONFLICT, push(g, "huawei/waf", 1, &view));
    assert_int_equal(sent(g, "batch-push"), 1);
    assert_ok(y, store_push_list(y->db, y->a, &(struct page){.limit = 10}, 0, &rows, &count, &y->err));
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].state, "success");
}

static void R123_a_refusal_is_told_and_can_be_tried_again(void **state)
{
    struct stage *g = *state;
    struct push_view view;
    begin(g);
    REPLIES(g, SHOWN("UPLOAD"), PROJECTS, RECORDS(""),
            {400, NULL, "{\"error_code\":\"SCM.0030\",\"error_msg\":\"Certificates cannot be pushed.\"}"},
            SHOWN("UPLOAD"), {404, NULL, "{\"error_code\":\"APIGW.0101\",\"error_msg\":\"no such API\"}"},
            RESULTS(RESULT("cn-north-4", "c1", "success")));
    assert_ok(g->y, push(g, "huawei/waf", 1, &view));
    assert_string_equal(view.rows[0].state, "error");
    assert_non_null(strstr(view.rows[0].text, "cannot be pushed"));
    assert_ok(g->y, push(g, "huawei/waf", 1, &view)); /* the old API's records may be gone one day */
    assert_string_equal(view.rows[0].state, "success");
}

static void R129_the_latest_records_come_first(void **state)
{
    struct stage *g = *state;
    struct yard *y = g->y;
    struct push_row *rows;
    size_t count;
    for (int i = 0; i < 12; i++) {
        struct push_row row = {.id = yard_id(y),
                               .owner = "",
                               .access_id = 1,
                               .certificate_id = 1 + i % 2,
                               .product = "huawei/elb",
                               .region = arena_printf(y->a, "cn-north-%d", i),
                               .state = PUSH_SUCCESS};
        y->clock.now_ms += 1000;
        assert_ok(y, store_push_add(y->db, &row, &y->err));
    }
    assert_ok(y,
              store_push_list(y->db, y->a, &(struct page){.limit = PUSHES_SHOWN}, 0, &rows, &count, &y->err));
    assert_int_equal(count, 10);
    assert_string_equal(rows[0].region, "cn-north-11");
    assert_string_equal(rows[9].region, "cn-north-2");
    assert_ok(y,
              store_push_list(y->db, y->a, &(struct page){.limit = PUSHES_SHOWN}, 2, &rows, &count, &y->err));
    assert_int_equal(count, 6);
    struct push_row again = {.id = yard_id(y),
                             .owner = "",
                             .access_id = 1,
                             .certificate_id = 2,
                             .product = "huawei/elb",
                             .region = "cn-north-11",
                             .state = PUSH_PUSHING};
    assert_err(y, ERR_CONFLICT, store_push_add(y->db, &again, &y->err)); /* whoever comes second */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R122_only_hosted_and_issued_certificates_are_pushed),
        stage_test(R125_R126_what_is_asked_is_checked_first),
        stage_test(R130_R133_each_region_has_its_own_result),
        stage_test(R124_a_push_is_made_once),
        stage_test(R124_a_lost_answer_is_looked_up_and_never_repeated),
        stage_test(R124_what_a_dead_process_left_is_settled_by_the_records),
        stage_test(R123_a_refusal_is_told_and_can_be_tried_again),
        stage_test(R129_the_latest_records_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
