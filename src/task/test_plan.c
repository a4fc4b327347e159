#include "task/test_desk.h"

static void R37_to_R43_what_a_certificate_covers(void **state)
{
    struct desk *d = *state;
    static const struct {
        const char *rule, *certificate, *resource;
        bool matches;
    } cases[] = {
        {"R37 exact", "example.com", "example.com", true},
        {"R37 exact covers no www", "example.com", "www.example.com", false},
        {"R37 www covers no apex", "www.example.com", "example.com", false},
        {"R38 wildcard, one label", "*.example.com", "www.example.com", true},
        {"R39 wildcard covers no apex", "*.example.com", "example.com", false},
        {"R40 wildcard covers nothing deeper", "*.example.com", "a.b.example.com", false},
        {"R41 exact for deeper", "a.b.example.com", "a.b.example.com", true},
        {"R41 deeper wildcard", "*.b.example.com", "a.b.example.com", true},
        {"R42 any of the bound domains", "x.org www.example.com", "www.example.com", true},
        {"R43 wildcard resource, same wildcard", "*.example.com", "*.example.com", true},
        {"R43 wildcard resource, exact names", "a.example.com b.example.com", "*.example.com", false},
        {"R44 mismatch", "example.org", "www.example.com", false},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        d->in.certificate_count = d->in.resource_count = 0;
        certificate(d, cases[i].certificate);
        domain(d, "aliyun/cdn", cases[i].resource);
        plan(d);
        if (d->plan.count != (cases[i].matches ? 1 : 0))
            fail_msg("%s: %zu rows", cases[i].rule, d->plan.count);
    }
}

static void R24_R25_certificates_that_may_not_be_deployed(void **state)
{
    struct desk *d = *state;
    static const struct {
        int64_t begins, ends; /* days from now */
        bool revoked, allow_expiring;
        const char *refused; /* NULL: deployable */
    } cases[] = {
        {-10, 80, false, false, NULL},         {-90, -1, false, false, "has expired"},
        {-90, -1, false, true, "has expired"}, {1, 90, false, true, "not valid yet"},
        {-10, 80, true, true, "revoked"},      {-80, 10, false, false, "--allow-expiring"},
        {-80, 10, false, true, NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        d->in.certificate_count = d->in.resource_count = 0;
        struct plan_certificate *c = certificate(d, "www.example.com");
        struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
        r->bound[0].not_after_ms = 0;
        c->row.not_before_ms = now_ms + cases[i].begins * DAY_MS;
        c->row.not_after_ms = now_ms + cases[i].ends * DAY_MS;
        c->row.revoked = cases[i].revoked;
        d->selection.allow_expiring = cases[i].allow_expiring;
        if (cases[i].refused)
            nothing_but_note(d, "certificate", cases[i].refused);
        else
            assert_int_equal(only_row(d)->state, DEPLOYMENT_PLANNED);
    }
}

static void R8_first_deployment_only_where_the_product_can_and_by_name(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.com");
    struct resource *r = resource(d, "aliyun/cdn", "www.example.com");
    name(d, r, "www.example.com", EVIDENCE_DOMAIN);
    r->https = false;
    nothing_but_note(d, "left_out", "HTTPS is off"); /* R77 */
    d->selection.resource = texts(d, "www.example.com");
    const struct deployment_row *row = only_row(d);
    assert_non_null(strstr(row->reason, "switches HTTPS on"));
    assert_string_equal(row->old, "[]");
    assert_string_equal(row->undo, "");
}

static void R9_R23_R76_no_first_certificate_on_other_products(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.com");
    struct resource *r = resource(d, "aws/cloudfront", "www.example.com");
    name(d, r, "www.example.com", EVIDENCE_DOMAIN);
    nothing_but_note(d, "left_out", "no certificate is bound yet");
    r->https = false;
    d->selection.resource = texts(d, "www.example.com");
    nothing_but_note(d, "left_out", "enable HTTPS first");
}

/* Whatever sets no first certificate is refused one, so that there is never none to go back to. */
static void R8_R9_no_product_without_first_deployment_is_planned_one(void **state)
{
    struct desk *d = *state;
    size_t refused = 0;
    certificate(d, "www.example.com");
    d->in.find_product = product_find;
    d->selection.resource = texts(d, "www.example.com");
    for (size_t i = 0; products[i]; i++) {
        if (products[i]->first_deployment)
            continue;
        d->in.resource_count = 0;
        struct resource *r = resource(d, products[i]->code, "www.example.com");
        name(d, r, "www.example.com", EVIDENCE_DOMAIN);
        r->https = false;
        nothing_but_note(d, "left_out", "enable HTTPS first");
        r->https = true;
        nothing_but_note(d, "left_out", "no certificate is bound yet");
        refused++;
    }
    assert_true(refused > 0);
}

static void R31_all_names_or_nothing(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com b.example.com");
    domain(d, "aws/cloudfront", "a.example.com b.example.com c.example.com")->must_cover_all = true;
    nothing_but_note(d, "left_out", "covers 2 of 3 names");
    certificate(d, "*.example.com");
    assert_int_equal(only_row(d)->certificate_id, 2);
}

static void some_names_lost_on_a_resource_that_takes_any(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "a.example.com b.example.com");
    const struct deployment_row *row = only_row(d);
    assert_int_equal(row->state, DEPLOYMENT_HELD);
    assert_string_equal(row->holds, "[\"lose-names\",\"partial\"]");
    r->bound[0].name_count = 1; /* the old one never served b */
    assert_int_equal(only_row(d)->state, DEPLOYMENT_PLANNED);
    r->bound[0].name_count = 0; /* nobody knows */
    assert_int_equal(only_row(d)->state, DEPLOYMENT_HELD);
}

static void a_listeners_default_is_replaced_whole_or_held(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.com example.com");
    struct resource *r = listener(d, "www.example.com example.com");
    assert_int_equal(only_row(d)->state, DEPLOYMENT_PLANNED);
    assert_string_equal(d->plan.rows[0].slot, "default");
    r->bound_count = 0;
    hold(d, r, "default", "old", "www.example.com shop.example.com");
    assert_int_equal(only_row(d)->state, DEPLOYMENT_HELD);
    assert_non_null(strstr(d->plan.rows[0].reason, "shop.example.com"));
    d->selection.accept = texts(d, "lose-names");
    assert_int_equal(only_row(d)->state, DEPLOYMENT_HELD); /* one word is not the other */
    d->selection.accept = texts(d, "lose-names partial");
    assert_int_equal(only_row(d)->state, DEPLOYMENT_PLANNED);
    r->bound_count = 0;
    hold(d, r, "default", "old", "shop.example.org");
    nothing_but_note(d, "left_out", "none of the certificates covers");
    r->bound_count = 0;
    hold(d, r, "default", "old", "");
    nothing_but_note(d, "left_out", "not known");
}

static void R93_sni_entries_of_one_certificate_are_one_deployment(void **state)
{
    struct desk *d = *state;
    certificate(d, "*.example.com example.com");
    struct resource *r = listener(d, "other.org");
    hold(d, r, "sni", "s1", "a.example.com");
    hold(d, r, "sni", "s2", "example.com b.example.com");
    hold(d, r, "sni", "s3", "b.other.org");
    const struct deployment_row *row = only_row(d);
    assert_string_equal(row->slot, "sni");
    assert_string_equal(row->names, "[\"a.example.com\",\"example.com\",\"b.example.com\"]");
    assert_non_null(strstr(row->old, "s1"));
    assert_non_null(strstr(row->old, "s2"));
    assert_null(strstr(row->old, "s3"));
}

static void an_sni_entry_that_would_lose_names_holds_nothing_else_back(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com b.example.com");
    struct resource *r = listener(d, "other.org");
    hold(d, r, "sni", "whole", "a.example.com");
    hold(d, r, "sni", "part", "b.example.com c.example.com");
    plan(d);
    assert_int_equal(d->plan.count, 2);
    assert_int_equal(d->plan.rows[0].state, DEPLOYMENT_PLANNED);
    assert_int_equal(d->plan.rows[1].state, DEPLOYMENT_HELD);
    d->selection.accept = texts(d, "lose-names partial");
    assert_int_equal(only_row(d)->state, DEPLOYMENT_PLANNED);
    assert_non_null(strstr(d->plan.rows[0].old, "part"));
}

static void an_sni_entry_of_another_key_type_stays(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com");
    struct resource *r = listener(d, "other.org");
    hold(d, r, "sni", "rsa", "a.example.com")->key_type = "rsa";
    nothing_but_note(d, "left_out", "another key type");
    hold(d, r, "sni", "ecdsa", "a.example.com");
    const struct deployment_row *row = only_row(d);
    assert_null(strstr(row->old, "\"rsa\""));
}

static void a_rule_host_without_certificate_is_added_beside_the_default(void **state)
{
    struct desk *d = *state;
    certificate(d, "shop.example.com");
    struct resource *r = listener(d, "www.example.com");
    name(d, r, "shop.example.com", EVIDENCE_RULE);
    const struct deployment_row *row = only_row(d);
    assert_string_equal(row->slot, "sni");
    assert_string_equal(row->old, "[]");
    assert_int_equal(row->state, DEPLOYMENT_PLANNED);
    assert_non_null(strstr(row->reason, "(rule)"));
    for (int i = 0; i < 3; i++)
        hold(d, r, "sni", "x", "x.org");
    assert_string_equal(only_row(d)->holds, "[\"full\"]"); /* ours comes before another goes */
    r->bound_count = 0;
    hold(d, r, "default", "old", "*.example.com"); /* covered already: nothing to add */
    nothing_but_note(d, "left_out", "none of the certificates");
}

static void R63_the_best_certificate_per_slot_is_chosen_and_explained(void **state)
{
    struct desk *d = *state;
    struct plan_certificate *wildcard = certificate(d, "*.example.com");
    struct plan_certificate *exact = certificate(d, "www.example.com");
    domain(d, "aliyun/cdn", "www.example.com");
    wildcard->row.not_after_ms = now_ms + 300 * DAY_MS;
    wildcard->row.not_before_ms = now_ms - DAY_MS;
    assert_int_equal(only_row(d)->certificate_id, exact->row.id); /* exact before wildcard */
    assert_non_null(strstr(d->plan.rows[0].reason, "chosen before cert-1: it names them exactly"));
    assert_noted(d, "unmatched", "better served");
    wildcard->domains = exact->domains;
    assert_int_equal(only_row(d)->certificate_id, wildcard->row.id); /* then valid longer */
    exact->row.not_after_ms = wildcard->row.not_after_ms;
    wildcard->row.key_type = "rsa";
    assert_int_equal(only_row(d)->certificate_id, exact->row.id); /* then the key type bound there */
}

static void R73_twice_counts_once(void **state)
{
    struct desk *d = *state;
    struct plan_certificate *c = certificate(d, "www.example.com");
    d->certificates[d->in.certificate_count++] = *c;
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    d->resources[d->in.resource_count++] = *r;
    assert_null(strstr(only_row(d)->reason, "chosen before"));
    d->resources[1].id++;
    d->resources[1].vendor_id = "second sight";
    d->resources[1].alias_of = r->vendor_id;
    assert_int_equal(only_row(d)->resource_id, r->id);
}

static void R85_the_same_certificate_stays_in_the_plan_as_bound(void **state)
{
    struct desk *d = *state;
    struct plan_certificate *c = certificate(d, "www.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    r->bound[0].fingerprint = c->row.fingerprint;
    r->bound[0].not_after_ms = c->row.not_after_ms + DAY_MS;
    const struct deployment_row *row = only_row(d);
    assert_true(row->already_bound);
    assert_int_equal(row->state, DEPLOYMENT_PLANNED);
    assert_string_equal(row->holds, "[]");
    r->bound[0].fingerprint = "";
    r->bound[0].serial = c->row.serial;
    r->bound[0].not_after_ms = c->row.not_after_ms;
    assert_true(only_row(d)->already_bound);
}

static void R88_no_match_is_told(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.org");
    domain(d, "aliyun/cdn", "www.example.com");
    d->selection.domain = texts(d, "WWW.Example.com.");
    nothing_but_note(d, "unmatched", "matches 0 resources");
    assert_noted(d, "uncovered", "reissued");
}

static void what_others_manage_or_cannot_take_is_left_out(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    r->managed_by = "ack:c123";
    nothing_but_note(d, "left_out", "managed by ack:c123");
    d->selection.accept = texts(d, "managed");
    assert_non_null(strstr(only_row(d)->reason, "managed by ack:c123"));
    r->managed_by = "";
    r->unfit = "offline";
    nothing_but_note(d, "left_out", "offline");
    r->unfit = "", r->missing = true;
    nothing_but_note(d, "unmatched", "");
    r->missing = false;
    r->product = "aliyun/unheard-of";
    nothing_but_note(d, "left_out", "not supported");
}

static void holds_shorter_and_no_rollback(void **state)
{
    struct desk *d = *state;
    certificate(d, "www.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    r->bound[0].not_after_ms = now_ms + 200 * DAY_MS;
    assert_string_equal(only_row(d)->holds, "[\"shorter\"]");
    r->bound[0].ref = "";
    assert_string_equal(only_row(d)->holds, "[\"no-rollback\",\"shorter\"]");
    assert_string_not_equal(only_row(d)->undo, "");
    d->selection.accept = texts(d, "shorter no-rollback");
    assert_int_equal(only_row(d)->state, DEPLOYMENT_PLANNED);
}

static void R19_C13_sm2_and_incomplete_chains_only_where_taken(void **state)
{
    struct desk *d = *state;
    struct plan_certificate *c = certificate(d, "www.example.com");
    struct resource *r = domain(d, "aliyun/cdn", "www.example.com");
    c->row.key_type = "sm2";
    nothing_but_note(d, "left_out", "SM2");
    r->product = "tencent/cdn";
    (void)only_row(d);
    r->product = "x/sm"; /* what stands in its slot there cannot be read */
    assert_string_equal(only_row(d)->slot, "sm");
    assert_string_equal(only_row(d)->holds, "[\"no-rollback\"]");
    c->row.key_type = "rsa";
    assert_string_equal(only_row(d)->slot, "default");
    c->row.chain_complete = false;
    (void)only_row(d);
    r->product = "aws/cloudfront";
    nothing_but_note(d, "left_out", "complete chain");
}

static void R83_filters(void **state)
{
    struct desk *d = *state;
    static const int64_t accesses[] = {7}, other_accesses[] = {8};
    static const struct {
        const char *product, *region, *resource, *domain, *exclude, *replaces;
        const int64_t *access;
        size_t rows;
    } cases[] = {
        {.rows = 2},
        {.product = "aliyun", .rows = 2},
        {.product = "aliyun/alb", .rows = 1},
        {.product = "ali", .rows = 0},
        {.region = "cn-hangzhou", .rows = 1},
        {.resource = "lsn-1", .rows = 1},
        {.resource = "100", .rows = 1},
        {.resource = "v-www.example.com", .rows = 1},
        {.domain = "www.example.com", .rows = 1},
        {.domain = "*.example.com", .rows = 2},
        {.exclude = "www.example.com", .rows = 1},
        {.exclude = "*.example.com", .rows = 0},
        {.exclude = "lsn-1 100", .rows = 0},
        {.replaces = "old-default", .rows = 1},
        {.replaces = "fp-old", .rows = 1},
        {.replaces = "nothing", .rows = 0},
        {.access = accesses, .rows = 2},
        {.access = other_accesses, .rows = 0},
    };
    certificate(d, "*.example.com");
    domain(d, "aliyun/cdn", "www.example.com");
    listener(d, "api.example.com");
    for (size_t i = 0; i < countof(cases); i++) {
        d->selection = (struct selection){.replaces = cases[i].replaces ? cases[i].replaces : "",
                                          .product = texts(d, cases[i].product ? cases[i].product : ""),
                                          .region = texts(d, cases[i].region ? cases[i].region : ""),
                                          .resource = texts(d, cases[i].resource ? cases[i].resource : ""),
                                          .domain = texts(d, cases[i].domain ? cases[i].domain : ""),
                                          .exclude = texts(d, cases[i].exclude ? cases[i].exclude : "")};
        d->in.access_ids = cases[i].access;
        d->in.access_count = cases[i].access ? 1 : 0;
        plan(d);
        if (d->plan.count != cases[i].rows)
            fail_msg("case %zu: %zu rows, expected %zu", i, d->plan.count, cases[i].rows);
    }
    d->selection.resource = texts(d, "nobody-knows-it");
    plan(d);
    assert_noted(d, "not_found", "synchronise");
}

static void two_certificates_share_one_sni_set(void **state)
{
    struct desk *d = *state;
    certificate(d, "a.example.com");
    certificate(d, "b.example.com");
    struct resource *r = listener(d, "other.org");
    hold(d, r, "sni", "s1", "a.example.com");
    hold(d, r, "sni", "s2", "b.example.com");
    plan(d);
    assert_int_equal(d->plan.count, 2);
    assert_int_not_equal(d->plan.rows[0].certificate_id, d->plan.rows[1].certificate_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        desk_test(R37_to_R43_what_a_certificate_covers),
        desk_test(R24_R25_certificates_that_may_not_be_deployed),
        desk_test(R8_first_deployment_only_where_the_product_can_and_by_name),
        desk_test(R9_R23_R76_no_first_certificate_on_other_products),
        desk_test(R8_R9_no_product_without_first_deployment_is_planned_one),
        desk_test(R31_all_names_or_nothing),
        desk_test(some_names_lost_on_a_resource_that_takes_any),
        desk_test(a_listeners_default_is_replaced_whole_or_held),
        desk_test(R93_sni_entries_of_one_certificate_are_one_deployment),
        desk_test(an_sni_entry_that_would_lose_names_holds_nothing_else_back),
        desk_test(an_sni_entry_of_another_key_type_stays),
        desk_test(a_rule_host_without_certificate_is_added_beside_the_default),
        desk_test(R63_the_best_certificate_per_slot_is_chosen_and_explained),
        desk_test(R73_twice_counts_once),
        desk_test(R85_the_same_certificate_stays_in_the_plan_as_bound),
        desk_test(R88_no_match_is_told),
        desk_test(what_others_manage_or_cannot_take_is_left_out),
        desk_test(holds_shorter_and_no_rollback),
        desk_test(R19_C13_sm2_and_incomplete_chains_only_where_taken),
        desk_test(R83_filters),
        desk_test(two_certificates_share_one_sni_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
