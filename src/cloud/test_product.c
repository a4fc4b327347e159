#include "cloud/product.h"

#include "base/test.h"

/* R5, R7, R18: what is no product is refused, and it is said where to go with it. */
static void R5_R7_R18_what_is_no_product_is_refused_naming_where_to_go(void **state)
{
    static const struct {
        const char *code, *where;
    } cases[] = {
        {"aliyun/live", "console at Alibaba Cloud"},
        {"aliyun/ecs", "on the server itself"},
        {"aliyun/ecsx", "console at Alibaba Cloud"},
        {"aliyun/swas", "on the server itself"},
        {"tencent/teo", "console at Tencent Cloud"},
        {"tencent/cvm", "on the server itself"},
        {"aws/apigateway", "console at AWS"},
        {"aws/ec2", "on the server itself"},
        {"huawei/obs", "console at Huawei Cloud"},
        {"huawei/ecs", "on the server itself"},
        {"azure/cdn", "docs/add-a-product.md"},
        {"aliyunx", "docs/add-a-product.md"},
        {"", "docs/add-a-product.md"},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        assert_null(product_find(cases[i].code));
        assert_false(product_refuse(cases[i].code, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        if (!strstr(err.text, cases[i].where) || !strstr(err.text, "product list"))
            fail_msg("%s: %s", cases[i].code, err.text);
    }
}

static void every_product_has_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; products[i]; i++) {
        const struct product *p = products[i];
        size_t cloud = strlen(p->cloud);
        assert_true(strncmp(p->code, p->cloud, cloud) == 0 && p->code[cloud] == '/');
        assert_string_equal(p->code + cloud + 1, p->name);
        assert_ptr_equal(product_find(p->code), p);
        assert_true(*p->title && p->calls && p->calls[0] && p->settle_ms > 0 && p->consistency_ms > 0);
        assert_true(p->global == !p->regions);
    }
}

static bool bind_nothing(struct job *job, const struct bind *w, struct err *err)
{
    (void)job, (void)err;
    return w->before != NULL;
}

static const struct product shop = {PRODUCT_CODE("x", "shop"), .title = "Shop",
                                    .vendor_store = "cas:{region}", .no_removal = "it always holds one",
                                    .bind = bind_nothing};

static void what_is_declared_is_refused_before_the_adapter_is_asked(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct job job = {.arena = a, .product = &shop};
    struct resource r = {.region = "eu-1"};
    struct material m = {.sm2 = true};
    struct binding now = {0};
    struct change off = {.slot = "default"}, set = {.slot = "sni"};
    const char *store = NULL, *why = NULL;
    struct err err = {0};
    assert_false(product_store_for(&job, &r, &m, &store, &err));
    assert_int_equal(err.kind, ERR_INVALID_CERTIFICATE);
    m.sm2 = false;
    assert_true(product_store_for(&job, &r, &m, &store, &err));
    assert_string_equal(store, "cas:eu-1");
    assert_false(product_bind(&job, &r, &now, &off, NULL, &err));
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text, "it always holds one");
    assert_false(product_bind(&job, &r, &now, &set, NULL, &err));   /* no rollback: nothing before */
    assert_true(product_restore(&job, &r, &now, &now, &set, &err)); /* bind is told what was before */
    assert_true(product_old_key(&job, &r, &(struct bound){.ref = ""}, &why, &err));
    assert_string_equal(why, "it always holds one");
}

static bool take_one(void *context, const struct resource *r, struct err *err)
{
    (void)err;
    *(struct resource *)context = *r;
    return true;
}

static void what_an_adapter_leaves_out_follows_from_the_rest(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct job job = {.arena = a, .product = &shop};
    struct resource found = {0}, r = {.vendor_id = "id-1"};
    struct binding b = {.https = true};
    struct survey to = {"eu-1", take_one, &found};
    struct err err;
    assert_false(resource_of_domain(a, &r, "no name"));
    assert_true(resource_of_domain(a, &r, ".Example.com"));
    for (int i = 0; i < 9; i++)
        resource_add_name(a, &r, arena_printf(a, "h%d.example.com", i % 7), EVIDENCE_RULE);
    assert_null(binding_add(a, &b, "default", ""));
    for (int i = 0; i < 9; i++)
        assert_string_equal(binding_add(a, &b, "sni", arena_printf(a, "ref-%d", i))->name, "");
    assert_true(resource_emit(&job, &to, &r, &b, &err));
    assert_string_equal(found.title, "*.example.com");
    assert_int_equal(found.name_count, 8);
    assert_int_equal(found.bound_count, 9);
    assert_string_equal(found.bound[8].ref, "ref-8");
    assert_string_equal(found.lock, "shop:eu-1:id-1");
    assert_true(found.port == 443 && found.https && !*found.unfit && !*found.alias_of && !*found.managed_by);
    assert_string_equal(found.extra, "{}");
    assert_string_equal(found.reach, "unknown");
    assert_string_equal(resource_extra(a, &found, "/none", "0"), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5_R7_R18_what_is_no_product_is_refused_naming_where_to_go),
        cmocka_unit_test(every_product_has_its_code),
        cmocka_unit_test(what_is_declared_is_refused_before_the_adapter_is_asked),
        cmocka_unit_test(what_an_adapter_leaves_out_follows_from_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
