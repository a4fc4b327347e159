/* The simulator's tables and answers against operations.json, the vendors' models as data. */
#include "sim/test_model.h"

/* Whether `name` is `pattern`, or stands below a pattern that ends in ".*". */
static bool is_named(const char *pattern, const char *name)
{
    size_t size = strlen(pattern);
    if (size > 2 && !strcmp(pattern + size - 2, ".*"))
        return !strncmp(pattern, name, size - 2) && (!name[size - 2] || strchr(".[", name[size - 2]));
    return !strcmp(pattern, name);
}

static unsigned place_of(const char *in)
{
    static const struct {
        const char *in;
        unsigned place;
    } places[] = {{"query", IN_QUERY}, {"form", IN_FORM}, {"header", IN_HEADER},
                  {"path", IN_PATH},   {"json", IN_JSON}, {"xml", IN_XML}};
    for (size_t i = 0; i < countof(places); i++)
        if (!strcmp(places[i].in, in))
            return places[i].place;
    return 0;
}

/* Each row is a parameter of the model in its place; says which one is not. */
static const char *row_unknown_to(const struct json *request, const struct sim_operation *o)
{
    for (size_t i = 0; i < o->param_count; i++) {
        bool known = false;
        for (size_t k = 0; k < json_count(request) && !known; k++) {
            const struct json *p = json_item(request, k);
            known = is_named(o->params[i].name, json_str(json_at(p, "/name"), "")) &&
                    (o->params[i].in & place_of(json_str(json_at(p, "/in"), "")));
        }
        if (!known)
            return o->params[i].name;
    }
    return NULL;
}

/* Each parameter of the model has a row, required where the model says so; says which one has not. */
static const char *parameter_without_row(const struct json *request, const struct sim_operation *o)
{
    for (size_t k = 0; k < json_count(request); k++) {
        const struct json *p = json_item(request, k);
        const char *name = json_str(json_at(p, "/name"), "");
        bool required = json_bool(json_at(p, "/required"), false),
             known = !strcmp(json_str(json_at(p, "/in"), ""), "host");
        for (size_t i = 0; i < o->param_count && !known; i++) {
            bool below = strcmp(o->params[i].name, name) != 0;
            known = is_named(o->params[i].name, name) && (below || o->params[i].required == required);
        }
        if (!known)
            return name;
    }
    return NULL;
}

static void tables_agree_with_the_model(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(256 << 20);
    const struct json *operations = model(a);
    size_t compared = 0;
    for (size_t i = 0; sim_services[i]; i++)
        for (size_t n = 0; n < sim_services[i]->operation_count; n++) {
            const struct sim_operation *o = &sim_services[i]->operations[n];
            const struct json *m =
                operation_of(operations, sim_services[i]->cloud, sim_services[i]->code, o->name);
            if (!m)
                continue; /* beyond what certferry calls */
            const char *wrong = row_unknown_to(json_at(m, "/request"), o);
            if (wrong)
                fail_msg("%s %s: %s is no parameter there", sim_services[i]->code, o->name, wrong);
            wrong = parameter_without_row(json_at(m, "/request"), o);
            if (wrong)
                fail_msg("%s %s: %s has no row, or is required where it is not", sim_services[i]->code,
                         o->name, wrong);
            compared++;
        }
    assert_true(compared >= 50);
}

/* ---- answers ---- */

static void answers_hold_nothing_the_vendor_lacks(void **state)
{
    (void)state;
    static const struct {
        const char *service, *host, *version, *action, *params;
    } calls[] = {
        {"sts", "sts.aliyuncs.com", "2015-04-01", "GetCallerIdentity", ""},
        {"ecs", "ecs.aliyuncs.com", "2014-05-26", "DescribeRegions", ""},
        {"cas", "cas.aliyuncs.com", "2020-04-07", "ListUserCertificateOrder", "OrderType=CERT"},
        {"cas", "cas.aliyuncs.com", "2020-04-07", "GetUserCertificateDetail", "CertId=7000000"},
        {"cdn", "cdn.aliyuncs.com", "2018-05-10", "DescribeUserDomains", ""},
        {"cdn", "cdn.aliyuncs.com", "2018-05-10", "DescribeDomainCertificateInfo",
         "DomainName=r0000.example.com"},
        {"cdn", "cdn.aliyuncs.com", "2018-05-10", "DescribeCdnDomainDetail", "DomainName=r0000.example.com"},
        {"cdn", "cdn.aliyuncs.com", "2018-05-10", "SetCdnDomainSSLCertificate",
         "DomainName=r0000.example.com&SSLProtocol=off"},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "DescribeRegions", ""},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "ListLoadBalancers", "MaxResults=1"},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "ListListeners", "MaxResults=3"},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "GetListenerAttribute", "ListenerId=%s"},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "ListListenerCertificates", "ListenerId=%s"},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "UpdateListenerAttribute",
         "ListenerId=%s&GzipEnabled=false"},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "ListRules", ""},
        {"alb", "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", "ListAsynJobs", ""},
    };
    struct fixture *f = fixture_new(120, 0);
    const struct json *operations = model(f->arena);
    const char *listener =
        at(f, alb(f, "ListListeners", "ListenerProtocol=HTTPS"), "/Listeners/0/ListenerId");
    for (size_t i = 0; i < countof(calls); i++) {
        const char *hole = strstr(calls[i].params, "%s");
        const char *text =
            hole ? param(f, "%.*s%s%s", (int)(hole - calls[i].params), calls[i].params, listener, hole + 2)
                 : calls[i].params;
        struct pairs p = query(f, text);
        struct outcome o = rpc(f, calls[i].host, calls[i].version, calls[i].action, &p);
        assert_int_equal(o.status, 200);
        const struct json *m = operation_of(operations, "aliyun", calls[i].service, calls[i].action);
        assert_non_null(m);
        check_members(f->arena, json_at(m, "/response"), o.json, "");
    }
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_agree_with_the_model),
        cmocka_unit_test(answers_hold_nothing_the_vendor_lacks),
    };
    return cmocka_run_group_tests_name("sim_contract", tests, NULL, NULL);
}
