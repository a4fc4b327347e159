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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R5_R7_R18_what_is_no_product_is_refused_naming_where_to_go),
        cmocka_unit_test(every_product_has_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
