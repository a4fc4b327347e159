/* What every call goes through: parameters, limits, faults, denials, the log. */
#include "base/file.h"
#include "sim/test_help.h"

#include <unistd.h>

static void parameters_are_refused_as_the_vendor_would(void **state)
{
    (void)state;
    static const struct {
        const char *action, *params, *code;
    } cases[] = {
        {"DescribeUserDomains", "PageSize=501", "InvalidParameter"},
        {"DescribeUserDomains", "PageSize=0", "InvalidParameter"},
        {"DescribeUserDomains", "PageSize=ten", "InvalidParameter"},
        {"DescribeUserDomains", "PageNumber=1&PageNumber=2", "InvalidParameter"},
        {"DescribeUserDomains", "Pagesize=20", "InvalidParameter"},
        {"DescribeUserDomains", "DomainSearchType=regex", "InvalidParameter"},
        {"DescribeUserDomains", "CheckDomainShow=yes", "InvalidParameter"},
        {"DescribeDomainCertificateInfo", "", "MissingDomainName"},
        {"DescribeDomainCertificateInfo", "DomainName=other.example.org", "InvalidDomain.NotFound"},
        {"SetCdnDomainSSLCertificate", "DomainName=r0000.example.com", "MissingSSLProtocol"},
        {"SetCdnDomainSSLCertificate", "DomainName=r0000.example.com&SSLProtocol=maybe", "InvalidParameter"},
        {"SetCdnDomainSSLCertificate", "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas",
         "MissingCertName"},
        {"SetCdnDomainSSLCertificate", "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas&CertName=x",
         "SSLPri.MissingParameter"},
        {"SetCdnDomainSSLCertificate",
         "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas&CertName=x&CertId=1&CertRegion=cn-beijing",
         "Abs.CertRegion.ValueNotSupported"},
        {"SetCdnDomainSSLCertificate",
         "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas&CertName=x&CertId=1",
         "Certificate.NotFound"},
        {"DescribeNothing", "", "InvalidAction.NotFound"},
    };
    struct fixture *f = fixture_new(4, 0);
    for (size_t i = 0; i < countof(cases); i++) {
        struct outcome o = cdn(f, cases[i].action, cases[i].params);
        if (strcmp(o.code, cases[i].code))
            fail_msg("%s %s: %s instead of %s", cases[i].action, cases[i].params, o.code, cases[i].code);
    }
    assert_string_equal(alb(f, "ListListeners", "MaxResults=101").code, "InvalidParameter");
    assert_string_equal(alb(f, "ListListeners", "NextToken=made-up").code, "IllegalParam.NextToken");
    assert_string_equal(rpc(f, "cdn.aliyuncs.com", "2018-05-11", "DescribeUserDomains", NULL).code,
                        "InvalidVersion");
    fixture_free(f);
}

static void lists_longer_than_allowed_and_incomplete_ones_are_refused(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    struct buf many = buf_new(f->arena, 1 << 16);
    buf_puts(&many, "ListenerId=lsn-x");
    for (int i = 1; i <= 21; i++)
        buf_printf(&many, "&Certificates.%d.CertificateId=%d-cn-hangzhou", i, i);
    assert_string_equal(alb(f, "AssociateAdditionalCertificatesWithListener", many.data).code,
                        "InvalidParameter");
    assert_string_equal(alb(f, "AssociateAdditionalCertificatesWithListener", "ListenerId=lsn-x").code,
                        "MissingCertificates");
    assert_string_equal(
        alb(f, "AssociateAdditionalCertificatesWithListener", "ListenerId=lsn-x&Certificates.1=5").code,
        "InvalidParameter");
    fixture_free(f);
}

static void pages_cover_every_resource_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 0);
    size_t total =
               (size_t)json_int(json_at(cdn(f, "DescribeUserDomains", "PageSize=1").json, "/TotalCount"), 0),
           seen = 0;
    for (int page = 1; seen < total; page++) {
        struct outcome o = cdn(f, "DescribeUserDomains", param(f, "PageSize=7&PageNumber=%d", page));
        size_t n = json_count(json_at(o.json, "/Domains/PageData"));
        assert_true(n == 7 || seen + n == total);
        seen += n;
    }
    assert_true(total >= 10);
    const char *token = "";
    size_t listeners = 0;
    do {
        struct outcome o =
            alb(f, "ListListeners",
                param(f, "MaxResults=3%s%s", *token ? "&NextToken=" : "", url_encode(f->arena, token)));
        listeners += json_count(json_at(o.json, "/Listeners"));
        token = at(f, o, "/NextToken");
        total = (size_t)json_int(json_at(o.json, "/TotalCount"), 0);
    } while (*token);
    assert_int_equal(listeners, total);
    fixture_free(f);
}

static void the_limit_holds_per_action(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    f->sim.limiter = sim_limiter_new(10, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(cdn(f, "DescribeUserDomains", "").status, 200);
    assert_string_equal(cdn(f, "DescribeUserDomains", "").code, "Throttling.User");
    assert_int_equal(cdn(f, "DescribeDomainCertificateInfo", "DomainName=r0000.example.com").status, 200);
    f->clock.now_ms += 100;
    assert_int_equal(cdn(f, "DescribeUserDomains", "").status, 200);
    assert_string_equal(cdn(f, "DescribeUserDomains", "").code, "Throttling.User");
    fixture_free(f);
}

static void draw(struct fixture *f, const char *faults, char *ret, size_t count)
{
    struct err err;
    sim_faults_free(f->sim.faults);
    assert_true(sim_faults_parse(faults, 7, &f->sim.faults, &err));
    for (size_t i = 0; i < count; i++) {
        struct outcome o = cdn(f, "DescribeUserDomains", "PageSize=1");
        ret[i] = o.delivery == DELIVER_WHOLE ? (o.status == 200   ? '.'
                                                : o.status == 500 ? '5'
                                                                  : 't')
                                             : (char)('0' + o.delivery);
    }
    ret[count] = 0;
}

static void faults_follow_from_the_seed(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    char first[201], second[201];
    draw(f, "throttle=0.1,500=0.1,reset=0.1,lost=0.1,malformed=0.1", first, 200);
    draw(f, "throttle=0.1,500=0.1,reset=0.1,lost=0.1,malformed=0.1", second, 200);
    assert_string_equal(first, second);
    size_t fine = 0;
    for (const char *p = first; *p; p++)
        fine += *p == '.';
    assert_in_range(fine, 70, 130);
    assert_non_null(strchr(first, 't'));
    assert_non_null(strchr(first, '5'));
    assert_non_null(strchr(first, '0' + DELIVER_RESET));
    assert_non_null(strchr(first, '0' + DELIVER_NOTHING));
    assert_non_null(strchr(first, '0' + DELIVER_CUT));
    fixture_free(f);
}

static void fault_arguments_are_checked(void **state)
{
    (void)state;
    static const char *const wrong[] = {"lost",   "lost=2",    "lost=-1",
                                        "lost=x", "bogus=0.1", "throttle=0.6,500=0.6",
                                        "=1"};
    struct sim_faults *faults;
    struct err err;
    for (size_t i = 0; i < countof(wrong); i++)
        assert_false(sim_faults_parse(wrong[i], 1, &faults, &err));
}

static void a_lost_answer_has_acted_and_a_reset_has_not(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    struct err err;
    const char *off = "DomainName=r0000.example.com&SSLProtocol=off";
    const char *show = "DomainName=r0000.example.com";
    assert_true(sim_faults_parse("reset=1", 1, &f->sim.faults, &err));
    assert_int_equal(cdn(f, "SetCdnDomainSSLCertificate", off).delivery, DELIVER_RESET);
    f->sim.faults = sim_faults_free(f->sim.faults);
    assert_string_equal(at(f, cdn(f, "DescribeDomainCertificateInfo", show),
                           "/CertInfos/CertInfo/0/ServerCertificateStatus"),
                        "on");
    assert_true(sim_faults_parse("lost=1", 1, &f->sim.faults, &err));
    assert_int_equal(cdn(f, "SetCdnDomainSSLCertificate", off).delivery, DELIVER_NOTHING);
    f->sim.faults = sim_faults_free(f->sim.faults);
    assert_string_equal(at(f, cdn(f, "DescribeDomainCertificateInfo", show),
                           "/CertInfos/CertInfo/0/ServerCertificateStatus"),
                        "off");
    fixture_free(f);
}

static void echoes_hold_the_request_and_sticky_ones_stay(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    struct err err;
    assert_true(sim_faults_parse("echo=1", 1, &f->sim.faults, &err));
    struct outcome o = cdn(f, "DescribeUserDomains", "DomainName=look-for-me");
    assert_int_equal(o.status, 500);
    assert_string_equal(o.code, "ServiceUnavailable");
    assert_non_null(strstr(at(f, o, "/Message"), "look-for-me"));
    sim_faults_free(f->sim.faults);
    assert_true(sim_faults_parse("echo-credential=0.2", 1, &f->sim.faults, &err));
    int until = 0;
    while (cdn(f, "DescribeUserDomains", "").status == 200 && until < 100)
        until++;
    assert_in_range(until, 0, 99);
    for (int i = 0; i < 20; i++)
        assert_string_equal(cdn(f, "DescribeUserDomains", "").code, "SignatureDoesNotMatch");
    fixture_free(f);
}

static void denials_stick_to_access_action_and_resource(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(40, 0);
    struct err err;
    assert_true(sim_faults_parse("denied=0.3", 1, &f->sim.faults, &err));
    size_t denied = 0;
    for (int i = 0; i < 20; i++) {
        const char *name = param(f, "DomainName=r%04d.example.com", i);
        struct outcome o = cdn(f, "DescribeDomainCertificateInfo", name);
        for (int again = 0; again < 3; again++)
            assert_int_equal(cdn(f, "DescribeDomainCertificateInfo", name).status, o.status);
        denied += o.status == 403;
    }
    assert_in_range(denied, 1, 14);
    fixture_free(f);
}

static void a_marked_resource_denies_writes_only(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    const struct sim_field mark[] = {{"@deny", "1"}};
    struct sim_object *o = state_find(f->sim.state, "aliyun", NULL, "cdn.domain", NULL, "r0000.example.com");
    state_change(f->sim.state, o, SETTLE_AT_ONCE, mark, 1, NULL);
    assert_int_equal(cdn(f, "DescribeDomainCertificateInfo", "DomainName=r0000.example.com").status, 200);
    struct outcome refused =
        cdn(f, "SetCdnDomainSSLCertificate", "DomainName=r0000.example.com&SSLProtocol=off");
    assert_string_equal(refused.code, "Forbidden.RAM");
    assert_string_equal(at(f, refused, "/AccessDeniedDetail/AuthAction"), "cdn:SetCdnDomainSSLCertificate");
    fixture_free(f);
}

static void a_shifted_clock_refuses_and_shows_its_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    f->sim.clock_shift_ms = 20 * 60 * 1000;
    assert_string_equal(cdn(f, "DescribeUserDomains", "").code, "InvalidTimeStamp.Expired");
    fixture_free(f);
}

static void the_log_tells_what_happened_and_no_secret(void **state)
{
    (void)state;
    char path[] = "/tmp/test_sim_log_XXXXXX", *text;
    size_t size;
    struct err err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    struct fixture *f = fixture_new(4, 0);
    assert_true(sim_log_open(path, &f->sim.log, &err));
    const char *id = upload(f, "fresh", "r0000.example.com");
    const char *set =
        param(f, "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas&CertName=fresh&CertId=%s", id);
    assert_int_equal(cdn(f, "SetCdnDomainSSLCertificate", set).status, 200);
    assert_int_equal(cdn(f, "SetCdnDomainSSLCertificate", set).status, 200);
    assert_int_equal(cdn(f, "DescribeUserDomains", "PageSize=900").status, 400);
    assert_true(file_read(f->arena, path, 1 << 20, &text, &size, &err));
    unlink(path);
    assert_non_null(strstr(text, "\"action\":\"UploadUserCertificate\",\"region\":\"\",\"resource\":\""));
    assert_non_null(strstr(text, "\"outcome\":\"changed\",\"status\":200,\"fields\":[\"created\"]"));
    assert_non_null(strstr(text, "\"resource\":\"r0000.example.com\",\"outcome\":\"changed\",\"status\":200,"
                                 "\"fields\":[\"CertId\",\"CertName\"]"));
    assert_non_null(strstr(text, "\"outcome\":\"same\",\"status\":200,\"fields\":[]"));
    assert_non_null(strstr(text, "\"outcome\":\"refused\",\"status\":400,\"code\":\"InvalidParameter\""));
    assert_null(strstr(text, "PRIVATE"));
    assert_null(strstr(text, access_of(f, "aliyun")->secret));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_refused_as_the_vendor_would),
        cmocka_unit_test(lists_longer_than_allowed_and_incomplete_ones_are_refused),
        cmocka_unit_test(pages_cover_every_resource_once),
        cmocka_unit_test(the_limit_holds_per_action),
        cmocka_unit_test(faults_follow_from_the_seed),
        cmocka_unit_test(fault_arguments_are_checked),
        cmocka_unit_test(a_lost_answer_has_acted_and_a_reset_has_not),
        cmocka_unit_test(echoes_hold_the_request_and_sticky_ones_stay),
        cmocka_unit_test(denials_stick_to_access_action_and_resource),
        cmocka_unit_test(a_marked_resource_denies_writes_only),
        cmocka_unit_test(a_shifted_clock_refuses_and_shows_its_time),
        cmocka_unit_test(the_log_tells_what_happened_and_no_secret),
    };
    return cmocka_run_group_tests_name("sim_call", tests, NULL, NULL);
}
