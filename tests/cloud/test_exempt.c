/* What the conformance suite exempts, against the products and the sheets of the vendors' facts ($CERTFERRY_SHEETS). */
#include "cloud/suite_exempt.h"

#include "base/file.h"
#include "base/test.h"
#include "cloud/product.h"
#include <stdlib.h>

/* Whether the product's own word is behind an exemption from that case. */
static bool declares(const struct product *p, const char *name)
{
    if (strcmp(name, "regions with one failing") == 0)
        return p->global;
    if (strcmp(name, "SNI without loss") == 0)
        return !p->sni;
    if (strcmp(name, "restore of none before") == 0)
        return !p->first_deployment && (!p->sni || p->sni_closed);
    return strcmp(name, "restore without the old key") == 0 && !product_asks_for_old_key(p);
}

static void R_only_known_cases_are_exempt_each_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < exemption_count; i++) {
        const struct exemption *e = &exemptions[i];
        const struct product *p = product_find(e->product);
        assert_non_null(p);
        assert_ptr_equal(suite_exemption(e->product, e->name), e);
        if (strcmp(e->name, "mutual TLS") == 0)
            assert_true(e->why && *e->why);
        else
            assert_true(!e->why && declares(p, e->name));
        assert_true(*e->sheet && strlen(e->line) > 10);
    }
}

static void R_each_exemption_cites_a_line_of_the_sheets(void **state)
{
    const char *folder = getenv("CERTFERRY_SHEETS");
    (void)state;
    if (!folder) {
        print_message("skipped: CERTFERRY_SHEETS does not name the folder of the vendors' facts\n");
        skip();
    }
    cleanup(arena_free_p) struct arena *a = arena_new(256 << 20);
    size_t missing = 0;
    for (size_t i = 0; i < exemption_count; i++) {
        const struct exemption *e = &exemptions[i];
        char *text;
        size_t size;
        struct err err = {0};
        if (!file_read(a, arena_printf(a, "%s/%s", folder, e->sheet), 4 << 20, &text, &size, &err))
            fail_msg("%s", err.text);
        if (strstr(text, e->line))
            continue;
        print_message("%s: %s: %s has no line with: %s\n", e->product, e->name, e->sheet, e->line);
        missing++;
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_only_known_cases_are_exempt_each_once),
        cmocka_unit_test(R_each_exemption_cites_a_line_of_the_sheets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
