#include "task/test_desk.h"

#include "codec/json.h"

static const struct access_row main_access = {.id = 7, .name = "main", .cloud = "aliyun", .site = "china"},
                               abroad = {.id = 7, .name = "main", .cloud = "aliyun", .site = "international"};

static bool warned(struct desk *d, const struct deployment_row *row, const char *kind, const char *part)
{
    const struct json *list = NULL;
    struct err err = {0};
    assert_true(json_parse(d->a, row->warnings, strlen(row->warnings), &list, &err));
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(json_str(json_at(json_item(list, i), "/kind"), ""), kind) == 0 &&
            strstr(json_str(json_at(json_item(list, i), "/text"), ""), part))
            return true;
    return false;
}

static size_t notes_of(struct desk *d, const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < d->plan.note_count; i++)
        count += strcmp(d->plan.notes[i].kind, kind) == 0;
    return count;
}

static void R31_R32_uncovered_names_are_listed_once_with_advice(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com");
    domain(d, "aliyun/cdn", "a.example.com b.example.com");
    domain(d, "aliyun/cdn", "a.example.com b.example.com c.example.com")->vendor_id = "other";
    listener(d, "stranger.org"); /* nobody asked for it, and nothing of it is covered */
    plan(d);
    assert_int_equal(notes_of(d, "uncovered"), 2);
    assert_noted(d, "uncovered", "reissued");
    certificate(d, "b.example.com c.example.com");
    plan(d);
    assert_int_equal(notes_of(d, "uncovered"), 0);
}

static void R78_added_resources_pass_the_filters_and_removed_ones_do_not(void **state)
{
    struct desk *d = *state;
    certificate(d, "*.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    listener(d, "api.example.com");
    d->selection.product = texts(d, "aliyun/cdn");
    assert_int_equal(only_row(d)->resource_id, r->id);
    d->selection.add = texts(d, "lsn-1");
    plan(d);
    assert_int_equal(d->plan.count, 2);
    d->selection.exclude = texts(d, "101/default"); /* this slot of it alone */
    assert_int_equal(only_row(d)->resource_id, r->id);
    d->selection.exclude = texts(d, "lsn-1");
    assert_int_equal(only_row(d)->resource_id, r->id);
    d->selection.exclude = texts(d, "");
    d->selection.add = texts(d, "nobody-knows-it");
    plan(d);
    assert_noted(d, "not_found", "synchronise");
}

static void R77_an_added_resource_may_have_https_off(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.com");
    struct resource *r = resource(d, "aliyun/cdn", "www.example.com");
    name(d, r, "www.example.com", EVIDENCE_DOMAIN);
    r->https = false;
    nothing_but_note(d, "left_out", "--add");
    d->selection.add = texts(d, "www.example.com");
    assert_non_null(strstr(only_row(d)->reason, "switches HTTPS on"));
}

static void warnings_of_what_is_replaced(void **state)
{
    struct desk *d = *state;
    struct plan_certificate *c = certificate(d, "www.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    c->row.issuer = "CN=R3,O=Let's Encrypt,C=US";
    r->bound[0].issuer = "Let's Encrypt";
    r->bound[0].key_type = "ecdsa";
    assert_string_equal(only_row(d)->warnings, "[]");
    r->bound[0].issuer = "DigiCert Inc";
    assert_true(warned(d, only_row(d), "issuer", "DigiCert"));
    r->bound[0].key_type = "rsa";
    assert_true(warned(d, only_row(d), "key-type", "from rsa to ecdsa"));
    r->bound[0].not_after_ms = c->row.not_after_ms + DAY_MS;
    assert_true(warned(d, only_row(d), "shorter", "ends on"));
    r->managed_by = "ack:c1";
    d->selection.accept = texts(d, "managed shorter");
    assert_true(warned(d, only_row(d), "managed", "ack:c1"));
}

static void a_certificate_about_to_expire_is_told_once(void **state)
{
    struct desk *d = *state;
    struct plan_certificate *c = certificate(d, "*.example.com");
    c->row.not_before_ms = now_ms - 80 * DAY_MS;
    c->row.not_after_ms = now_ms + 20 * DAY_MS;
    d->selection.allow_expiring = true;
    domain(d, "aliyun/cdn", "a.example.com");
    domain(d, "aliyun/cdn", "b.example.com");
    plan(d);
    assert_int_equal(notes_of(d, "expiring"), 1);
}

static void R36_no_filing_is_told_once_for_each_access_in_mainland_china(void **state)
{
    struct desk *d = *state;
    certificate(d, "*.example.com");
    domain(d, "aliyun/cdn", "a.example.com");
    domain(d, "aliyun/cdn", "b.example.com");
    d->in.accesses = &main_access;
    d->in.access_row_count = 1;
    plan(d);
    assert_int_equal(notes_of(d, "filing"), 1);
    d->in.accesses = &abroad;
    plan(d);
    assert_int_equal(notes_of(d, "filing"), 0);
    d->resources[0].region = "cn-hongkong";
    plan(d);
    assert_int_equal(notes_of(d, "filing"), 0);
    d->resources[0].region = "cn-hangzhou";
    plan(d);
    assert_int_equal(notes_of(d, "filing"), 1);
}

static void R79_R80_R84_what_is_not_listed_yet_is_told(void **state)
{
    struct desk *d = *state;
    static const struct sync_row rows[] = {
        {.access_id = 7, .product = "aliyun/alb", .region = "a", .finished_ms = 0, .error_kind = ""},
        {.access_id = 7, .product = "aliyun/alb", .region = "b", .finished_ms = 5, .error_kind = ""},
        {.access_id = 7,
         .product = "aliyun/cdn",
         .region = "",
         .finished_ms = 5,
         .error_kind = "network",
         .error_text = "refused"},
    };
    certificate(d, "www.example.com");
    d->in.accesses = &abroad;
    d->in.access_row_count = 1;
    plan(d);
    assert_noted(d, "not_synchronised", "never listed");
    d->in.syncs = rows;
    d->in.sync_count = countof(rows);
    plan(d);
    assert_int_equal(notes_of(d, "not_synchronised"), 1);
    assert_noted(d, "not_synchronised", "refused");
    assert_noted(d, "synchronising", "1 listing(s) still under way, a");
    d->selection.product = texts(d, "aliyun/cdn");
    plan(d);
    assert_int_equal(notes_of(d, "synchronising"), 0);
}

static void R88_a_plan_without_rows_says_that_it_would_fail(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.org");
    domain(d, "aliyun/cdn", "www.example.com");
    nothing_but_note(d, "no_match", "ends as failed");
}

/* What the product's answer to type and size is made of. */
static void place(void *context, const struct product *product, const struct resource *r,
                  const struct plan_certificate *cert, struct plan_place *ret, const char **ret_refusal)
{
    (void)context, (void)product, (void)r;
    if (strcmp(cert->row.key_type, "rsa") == 0)
        *ret_refusal = "takes no RSA keys";
    else
        *ret = (struct plan_place){"cas:cn-hangzhou", true};
}

static void what_the_product_refuses_is_left_out_or_served_by_another(void **state)
{
    struct desk *d = *state;
    d->in.place = place;
    certificate(d, "www.example.com")->row.key_type = "rsa";
    domain(d, "aliyun/cdn", "www.example.com");
    nothing_but_note(d, "left_out", "takes no RSA keys");
    certificate(d, "*.example.com"); /* worse, but taken: the key type as the product allows */
    assert_int_equal(only_row(d)->certificate_id, 2);
}

static void a_copy_is_brought_once_to_each_store_of_each_access(void **state)
{
    struct desk *d = *state;
    static const struct copy_row copy = {.access_id = 7,
                                         .certificate_id = 1,
                                         .vendor_store = "cas:cn-hangzhou"};
    d->in.place = place;
    certificate(d, "*.example.com");
    domain(d, "aliyun/cdn", "a.example.com");
    domain(d, "aliyun/cdn", "b.example.com");
    domain(d, "aliyun/cdn", "c.example.com")->access_id = 8;
    plan(d);
    assert_int_equal(d->plan.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(d->plan.rows[i].copied_to, "cas:cn-hangzhou");
        assert_true((strstr(d->plan.rows[i].calls, "\"uploads\":1") != NULL) == (i != 1));
    }
    d->in.copies = &copy;
    d->in.copy_count = 1;
    plan(d);
    assert_non_null(strstr(d->plan.rows[0].calls, "\"uploads\":0"));
}

static void calls_count_reads_and_writes(void **state)
{
    struct desk *d = *state;
    struct plan_certificate *c = certificate(d, "www.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    assert_string_equal(only_row(d)->calls, "{\"reads\":2,\"writes\":1,\"uploads\":0}");
    r->bound[0].fingerprint = c->row.fingerprint;
    assert_string_equal(only_row(d)->calls, "{\"reads\":1,\"writes\":0,\"uploads\":0}");
}

static void first_contact_is_told_once_for_each_access_and_product(void **state)
{
    struct desk *d = *state;
    static const struct first_contact_row made = {.access_id = 8, .product = "aliyun/cdn"};
    certificate(d, "*.example.com");
    domain(d, "aliyun/cdn", "a.example.com");
    domain(d, "aliyun/cdn", "b.example.com");
    domain(d, "aliyun/cdn", "c.example.com")->access_id = 8;
    plan(d);
    assert_int_equal(notes_of(d, "first_contact"), 2);
    d->in.contacts = &made;
    d->in.contact_count = 1;
    plan(d);
    assert_int_equal(notes_of(d, "first_contact"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        desk_test(R31_R32_uncovered_names_are_listed_once_with_advice),
        desk_test(R78_added_resources_pass_the_filters_and_removed_ones_do_not),
        desk_test(R77_an_added_resource_may_have_https_off),
        desk_test(warnings_of_what_is_replaced),
        desk_test(a_certificate_about_to_expire_is_told_once),
        desk_test(R36_no_filing_is_told_once_for_each_access_in_mainland_china),
        desk_test(R79_R80_R84_what_is_not_listed_yet_is_told),
        desk_test(R88_a_plan_without_rows_says_that_it_would_fail),
        desk_test(what_the_product_refuses_is_left_out_or_served_by_another),
        desk_test(a_copy_is_brought_once_to_each_store_of_each_access),
        desk_test(calls_count_reads_and_writes),
        desk_test(first_contact_is_told_once_for_each_access_and_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
