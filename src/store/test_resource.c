/* The inventory: rows and their names, what is missing, filters, and the look-up that the plan stands on. */
#include "store/resource.h"

#include "cert/coverage.h"
#include "store/test_support.h"

static int64_t add_access(struct yard *y, const char *name)
{
    struct access_row row = yard_access(y, name);
    assert_ok(y, store_access_add(y->db, &row, bench_secret(y->b, "S"), NULL, &y->err));
    return row.id;
}

static struct resource resource_of(int64_t access, const char *vendor_id, struct resource_name *names,
                                   size_t count)
{
    return (struct resource){.access_id = access,
                             .owner = "uid:1000",
                             .product = "aliyun/cdn",
                             .region = "",
                             .vendor_id = vendor_id,
                             .title = vendor_id,
                             .names = names,
                             .name_count = count,
                             .https = true,
                             .host = "edge.example.net",
                             .port = 443,
                             .reach = "public",
                             .lock = vendor_id,
                             .extra = "{}",
                             .generation = 1};
}

static size_t list(struct yard *y, struct resource_filter filter, struct resource **ret)
{
    struct resource *rows = NULL;
    size_t count = 0;
    assert_ok(y, store_resource_list(y->db, y->a, &filter, &(struct page){.limit = 1000}, &rows, &count,
                                     &y->err));
    if (ret)
        *ret = rows;
    return count;
}

static size_t matching(struct yard *y, const char *const *domains, size_t count, int64_t **ret)
{
    size_t found = 0;
    assert_ok(y, store_resource_matching(y->db, y->a, domains, count, ret, &found, &y->err));
    return found;
}

static size_t matching_one(struct yard *y, const char *domain)
{
    int64_t *ids;
    return matching(y, &domain, 1, &ids);
}

static void resource_comes_back_as_it_was(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a");
    struct resource_name names[] = {{"www.example.com", EVIDENCE_DOMAIN},
                                    {"*.example.org", EVIDENCE_CERTIFICATE}};
    const char *bound_names[] = {"www.example.com", "例え"};
    struct bound bound[] = {{.slot = "default",
                             .ref = "ref-1",
                             .name = "old \"one\"",
                             .fingerprint = "ff",
                             .serial = "1a",
                             .names = bound_names,
                             .name_count = 2,
                             .not_after_ms = NOW_MS,
                             .key_type = "rsa",
                             .issuer = "CA"},
                            {.slot = "sni"}};
    struct resource r = resource_of(access, "lst-1", names, 2), *rows = NULL, got = {0};
    r.region = "cn-hangzhou";
    r.must_cover_all = r.quic = true;
    r.port = 8443;
    r.alias_of = "lst-0";
    r.managed_by = "ack:c1";
    r.unfit = "offline";
    r.extra = "{\"k\":[1,2]}";
    r.bound = bound;
    r.bound_count = 2;
    r.synced_ms = NOW_MS - 5;
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    assert_ok(y, store_resource_load(y->db, y->a, rows[0].id, &got, &y->err));
    assert_int_equal(got.access_id, access);
    assert_string_equal(got.owner, "uid:1000");
    assert_string_equal(got.region, "cn-hangzhou");
    assert_string_equal(got.vendor_id, "lst-1");
    assert_true(got.must_cover_all && got.quic && got.https && !got.missing);
    assert_int_equal(got.port, 8443);
    assert_string_equal(got.alias_of, "lst-0");
    assert_string_equal(got.managed_by, "ack:c1");
    assert_string_equal(got.unfit, "offline");
    assert_string_equal(got.extra, r.extra);
    assert_int_equal(got.synced_ms, NOW_MS - 5);
    assert_int_equal(got.name_count, 2);
    assert_string_equal(got.names[1].name, "*.example.org");
    assert_int_equal(got.names[1].evidence, EVIDENCE_CERTIFICATE);
    assert_int_equal(got.bound_count, 2);
    assert_string_equal(got.bound[0].name, "old \"one\"");
    assert_string_equal(got.bound[0].names[1], "例え");
    assert_int_equal(got.bound[0].not_after_ms, NOW_MS);
    assert_string_equal(got.bound[0].issuer, "CA");
    assert_string_equal(got.bound[1].slot, "sni");
    assert_string_equal(got.bound[1].fingerprint, "");
    assert_int_equal(got.bound[1].name_count, 0);
    assert_err(y, ERR_NOT_FOUND, store_resource_load(y->db, y->a, 1, &got, &y->err));
    r.access_id = 1;
    assert_err(y, ERR_NOT_FOUND, store_resource_put(y->db, y->s, &r, &y->err));
}

static void putting_again_keeps_the_id_and_rewrites_the_names(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a");
    struct resource_name first[] = {{"a.example.com", EVIDENCE_RULE}},
                         second[] = {{"b.example.com", EVIDENCE_RULE}};
    struct resource r = resource_of(access, "one", first, 1), *rows = NULL;
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    int64_t id = rows[0].id;
    r.names = second;
    r.title = "renamed";
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    assert_int_equal(rows[0].id, id);
    assert_int_equal(rows[0].version, 2);
    assert_string_equal(rows[0].title, "renamed");
    assert_int_equal(matching_one(y, "a.example.com"), 0);
    assert_int_equal(matching_one(y, "b.example.com"), 1);
    r.region = "other"; /* another key, another resource */
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, NULL), 2);
}

/* No listing tells which SM certificate stands at a domain: what a deployment told stays, until the next one tells. */
static void R19_an_sm_entry_stays_when_a_listing_says_nothing_of_it(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a");
    struct resource_name name[] = {{"a.example.com", EVIDENCE_DOMAIN}};
    struct bound bound[] = {{.slot = "default", .ref = "1"}, {.slot = "sm", .ref = "2"}};
    struct resource r = resource_of(access, "one", name, 1), *rows = NULL;
    for (size_t i = 0; i < countof(bound); i++)
        bound[i].name = bound[i].fingerprint = bound[i].serial = bound[i].key_type = bound[i].issuer = "";
    r.bound = bound;
    r.bound_count = 1;
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    assert_int_equal(rows[0].bound_count, 1);
    assert_ok(y, store_resource_set_bound(y->db, rows[0].id, bound, 2, &y->err));
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    assert_int_equal(rows[0].bound_count, 2);
    assert_string_equal(rows[0].bound[1].ref, "2");
    assert_ok(y, store_resource_set_bound(y->db, rows[0].id, bound, 1, &y->err));
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    assert_int_equal(rows[0].bound_count, 1);
}

static void retired_ones_are_missing_until_seen_again(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a");
    struct resource_name name[] = {{"a.example.com", EVIDENCE_RULE}};
    struct resource old = resource_of(access, "old", name, 1), kept = resource_of(access, "kept", name, 1);
    struct resource other = resource_of(access, "other", name, 1);
    other.region = "r2";
    kept.generation = 2;
    assert_ok(y, store_resource_put(y->db, y->s, &old, &y->err));
    assert_ok(y, store_resource_put(y->db, y->s, &kept, &y->err));
    assert_ok(y, store_resource_put(y->db, y->s, &other, &y->err));
    assert_ok(y, store_resource_retire(y->db, access, "aliyun/cdn", "", 2, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, NULL), 2);
    assert_int_equal(list(y, (struct resource_filter){.include_missing = true}, NULL), 3);
    assert_int_equal(matching_one(y, "a.example.com"), 2);
    old.generation = 3;
    assert_ok(y, store_resource_put(y->db, y->s, &old, &y->err));
    assert_int_equal(matching_one(y, "a.example.com"), 3);
}

static void filters_narrow_the_list(void **state)
{
    struct yard *y = *state;
    int64_t one = add_access(y, "one"), two = add_access(y, "two");
    struct certificate_row cert = yard_certificate(y, "c", "fp-1");
    assert_ok(y, store_certificate_add(y->db, &cert, bench_secret(y->b, "K"), NULL, &y->err));
    struct resource_name n1[] = {{"www.example.com", EVIDENCE_DOMAIN}},
                         n2[] = {{"*.example.com", EVIDENCE_RULE}};
    struct resource_name n3[] = {{"a.b.example.com", EVIDENCE_RULE}, {"10.0.0.1", EVIDENCE_RULE}};
    struct bound bound[] = {{.slot = "default", .fingerprint = "fp-1"},
                            {.slot = "sni", .fingerprint = "fp-1"}};
    struct resource r1 = resource_of(one, "r1", n1, 1), r2 = resource_of(one, "100%_sure!", n2, 1);
    struct resource r3 = resource_of(two, "r3", n3, 2);
    r2.product = "aws/alb";
    r2.region = "us-east-1";
    r3.bound = bound;
    r3.bound_count = 2;
    assert_ok(y, store_resource_put(y->db, y->s, &r1, &y->err));
    assert_ok(y, store_resource_put(y->db, y->s, &r2, &y->err));
    assert_ok(y, store_resource_put(y->db, y->s, &r3, &y->err));
    const struct {
        struct resource_filter filter;
        size_t count;
    } cases[] = {
        {{0}, 3},
        {{.access_id = one}, 2},
        {{.access_id = 1}, 0},
        {{.product = "aws/alb"}, 1},
        {{.product = "aliyun/cdn", .access_id = one}, 1},
        {{.region = "us-east-1"}, 1},
        {{.text = "EXAMPLE"}, 3},
        {{.text = "100%_s"}, 1},
        {{.text = "100__s"}, 0}, /* no wild characters */
        {{.text = "sure!"}, 1},
        {{.text = "a.b"}, 1},
        {{.name = "www.example.com"}, 2}, /* itself, and the wildcard that covers it */
        {{.name = "x.example.com"}, 1},   /* the wildcard */
        {{.name = "*.example.com"}, 2},   /* itself, and www, which it covers; not a.b */
        {{.name = "example.com"}, 0},     /* never the apex */
        {{.name = "a.b.example.com"}, 1},
        {{.name = "10.0.0.1"}, 1},
        {{.name = "*.0.0.1"}, 0}, /* addresses have no parent */
        {{.name = "com"}, 0},
        {{.certificate_id = cert.id}, 1},
        {{.certificate_id = cert.id, .access_id = one}, 0},
        {{.certificate_id = cert.id, .name = "a.b.example.com"}, 1},
        {{.certificate_id = cert.id, .name = "www.example.com"}, 0},
    };
    for (size_t i = 0; i < countof(cases); i++)
        if (list(y, cases[i].filter, NULL) != cases[i].count)
            fail_msg("case %zu: %zu rows", i, list(y, cases[i].filter, NULL));
}

static void pages_go_on_at_the_cursor(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a"), last = 0;
    for (int i = 0; i < 7; i++) {
        struct resource r = resource_of(access, arena_printf(y->a, "r%d", i), NULL, 0);
        assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    }
    struct resource *rows = NULL;
    size_t count = 3, seen = 0;
    while (count == 3) {
        assert_ok(y,
                  store_resource_list(y->db, y->a, &(struct resource_filter){0},
                                      &(struct page){.before_id = last, .limit = 3}, &rows, &count, &y->err));
        for (size_t i = 0; i < count; i++, seen++) {
            assert_true(!last || rows[i].id < last);
            last = rows[i].id;
        }
    }
    assert_int_equal(seen, 7);
}

static void R38_wildcard_covers_one_level(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a");
    static const char *const names[] = {"example.com",     "www.example.com", "*.example.com",
                                        "a.b.example.com", "*.b.example.com", "10.0.0.1"};
    for (size_t i = 0; i < countof(names); i++) {
        struct resource_name name = {names[i], EVIDENCE_DOMAIN};
        struct resource r = resource_of(access, names[i], &name, 1);
        assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    }
    static const struct {
        const char *domain;
        size_t count;
    } cases[] = {
        {"example.com", 1},
        {"www.example.com", 1},
        {"*.example.com", 2},
        {"*.b.example.com", 2},
        {"b.example.com", 0},
        {"*.com", 1},
        {"10.0.0.1", 1},
        {"*.0.0.1", 0},
        {"", 0},
        {"*.", 0},
    };
    for (size_t i = 0; i < countof(cases); i++)
        if (matching_one(y, cases[i].domain) != cases[i].count)
            fail_msg("%s: %zu", cases[i].domain, matching_one(y, cases[i].domain));
}

/* A small generator of our own: the same names every time. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static const char *random_name(struct yard *y, uint32_t *seed)
{
    static const char *const labels[] = {"a", "b", "www", "xn--fsq"}, *const tops[] = {"com", "example.com",
                                                                                       "co.uk"};
    const char *name = tops[next_random(seed) % countof(tops)];
    for (uint32_t depth = next_random(seed) % 3; depth; depth--)
        name = arena_printf(y->a, "%s.%s", labels[next_random(seed) % countof(labels)], name);
    return next_random(seed) % 4 ? name : arena_printf(y->a, "*.%s", name);
}

enum { RESOURCES = 300, CERTIFICATES = 200, NAMES = 3 };

/* Which of the resources, by ascending id, have a name that the domains cover: the rule, asked one by one. */
static size_t brute_force(const struct resource *rows, size_t count, const char *const *domains,
                          size_t domain_count, int64_t *ret)
{
    size_t found = 0;
    for (size_t i = count; i-- > 0;) {
        bool covered = false;
        for (size_t k = 0; k < rows[i].name_count; k++)
            covered |= coverage_any(domains, domain_count, rows[i].names[k].name, NULL);
        if (covered)
            ret[found++] = rows[i].id;
    }
    return found;
}

static void look_up_agrees_with_the_rule_of_coverage(void **state)
{
    struct yard *y = *state;
    uint32_t seed = 20261120;
    int64_t access = add_access(y, "a"), *ids, expected[RESOURCES];
    assert_ok(y, db_run(y->db, SQL_BEGIN, NULL, 0, NULL, &y->err));
    for (int i = 0; i < RESOURCES; i++) {
        struct resource_name names[NAMES];
        size_t count = next_random(&seed) % (NAMES + 1);
        for (size_t k = 0; k < count; k++)
            names[k] = (struct resource_name){random_name(y, &seed), (enum evidence)(next_random(&seed) % 6)};
        struct resource r = resource_of(access, arena_printf(y->a, "r%d", i), names, count);
        assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    }
    assert_ok(y, db_run(y->db, SQL_COMMIT, NULL, 0, NULL, &y->err));
    struct resource *rows = NULL;
    size_t row_count = list(y, (struct resource_filter){0}, &rows), hits = 0;
    assert_int_equal(row_count, RESOURCES);
    for (int i = 0; i < CERTIFICATES; i++) {
        const char *domains[NAMES];
        size_t count = 1 + next_random(&seed) % NAMES;
        for (size_t k = 0; k < count; k++)
            domains[k] = random_name(y, &seed);
        size_t want = brute_force(rows, row_count, domains, count, expected);
        size_t found = matching(y, domains, count, &ids);
        assert_int_equal(found, want);
        if (want)
            assert_memory_equal(ids, expected, want * sizeof *ids);
        hits += found;
    }
    assert_true(hits > CERTIFICATES); /* the set was worth asking */
}

static void served_certificate_is_needed(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a");
    struct certificate_row cert = yard_certificate(y, "c", "fp-1");
    struct bound bound[] = {{.slot = "default", .fingerprint = "fp-1"}};
    struct resource r = resource_of(access, "cdn.example.com", NULL, 0), *rows = NULL;
    const char *reason = "x";
    assert_ok(y, store_certificate_add(y->db, &cert, bench_secret(y->b, "K"), NULL, &y->err));
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_ok(y, store_certificate_needed(y->db, y->a, cert.id, &reason, &y->err));
    assert_null(reason);
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    assert_ok(y, store_resource_set_bound(y->db, rows[0].id, bound, 1, &y->err));
    assert_ok(y, store_certificate_needed(y->db, y->a, cert.id, &reason, &y->err));
    assert_non_null(strstr(reason, "cdn.example.com"));
    assert_int_equal(list(y, (struct resource_filter){.certificate_id = cert.id}, &rows), 1);
    assert_string_equal(rows[0].bound[0].fingerprint, "fp-1");
    assert_ok(y, store_resource_retire(y->db, access, "aliyun/cdn", "", 2, &y->err));
    assert_ok(y, store_certificate_needed(y->db, y->a, cert.id, &reason, &y->err));
    assert_null(reason); /* what is gone serves nothing */
    r.bound = NULL;
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_ok(y, store_certificate_needed(y->db, y->a, cert.id, &reason, &y->err));
    assert_null(reason);
    assert_err(y, ERR_NOT_FOUND, store_resource_set_bound(y->db, 1, bound, 1, &y->err));
}

static void deleting_an_access_takes_its_inventory_along(void **state)
{
    struct yard *y = *state;
    int64_t access = add_access(y, "a");
    struct resource_name name[] = {{"a.example.com", EVIDENCE_RULE}};
    struct resource r = resource_of(access, "one", name, 1);
    struct sync_row sync = {.access_id = access, .product = "aliyun/cdn", .region = ""}, *syncs = NULL;
    size_t count = 9;
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_ok(y, store_sync_put(y->db, &sync, &y->err));
    assert_ok(y, store_access_delete(y->db, access, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_access_delete(y->db, access, &y->err));
    assert_int_equal(list(y, (struct resource_filter){.include_missing = true}, NULL), 0);
    assert_int_equal(matching_one(y, "a.example.com"), 0);
    assert_ok(y, store_sync_list(y->db, y->a, 0, &syncs, &count, &y->err));
    assert_int_equal(count, 0);
}

static void synchronisations_are_kept_per_product_and_region(void **state)
{
    struct yard *y = *state;
    int64_t one = add_access(y, "one"), two = add_access(y, "two");
    struct sync_row row = {.access_id = one,
                           .product = "aws/alb",
                           .region = "us-east-1",
                           .generation = 1,
                           .started_ms = 5};
    struct sync_row *rows = NULL;
    size_t count = 0;
    assert_ok(y, store_sync_put(y->db, &row, &y->err));
    row.finished_ms = 9;
    row.resources = 3;
    row.error_kind = "permission";
    row.error_text = "not allowed";
    assert_ok(y, store_sync_put(y->db, &row, &y->err));
    row.access_id = two;
    assert_ok(y, store_sync_put(y->db, &row, &y->err));
    assert_ok(y, store_sync_list(y->db, y->a, one, &rows, &count, &y->err));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].started_ms, 5);
    assert_int_equal(rows[0].finished_ms, 9);
    assert_int_equal(rows[0].resources, 3);
    assert_string_equal(rows[0].error_kind, "permission");
    assert_ok(y, store_sync_list(y->db, y->a, 0, &rows, &count, &y->err));
    assert_int_equal(count, 2);
}

static void hostile_number_of_names_is_refused(void **state)
{
    struct yard *y = *state;
    enum { MANY = 60000 };
    int64_t access = add_access(y, "a");
    struct resource_name *names = arena_array(y->a, struct resource_name, MANY);
    struct bound *bound = arena_array(y->a, struct bound, MANY);
    for (size_t i = 0; i < MANY; i++) {
        names[i] = (struct resource_name){"www.example.com", EVIDENCE_RULE};
        bound[i] = (struct bound){.slot = "sni"};
    }
    struct resource r = resource_of(access, "huge", names, MANY);
    assert_err(y, ERR_INPUT, store_resource_put(y->db, y->s, &r, &y->err));
    r.name_count = 1;
    r.bound = bound;
    r.bound_count = MANY;
    assert_err(y, ERR_INPUT, store_resource_put(y->db, y->s, &r, &y->err));
    r.bound_count = 0;
    struct resource *rows = NULL;
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
    assert_int_equal(list(y, (struct resource_filter){0}, &rows), 1);
    assert_err(y, ERR_INPUT, store_resource_set_bound(y->db, rows[0].id, bound, MANY, &y->err));
}

static void damaged_json_is_refused(void **state)
{
    struct yard *y = *state;
    static const char *const texts[] = {"", "{}", "[", "null", "[]x", "[{\"slot\":\"a\",\"slot\":\"b\"}]"};
    struct bound *bound = NULL;
    size_t count = 0;
    for (size_t i = 0; i < countof(texts); i++)
        assert_err(y, ERR_INPUT, bound_from_json(y->a, texts[i], &bound, &count, &y->err));
    assert_ok(y, bound_from_json(y->a, "[1,{\"slot\":5,\"names\":{}}]", &bound, &count, &y->err));
    assert_int_equal(count, 2);
    assert_string_equal(bound[1].slot, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(resource_comes_back_as_it_was),
        yard_test(putting_again_keeps_the_id_and_rewrites_the_names),
        yard_test(R19_an_sm_entry_stays_when_a_listing_says_nothing_of_it),
        yard_test(retired_ones_are_missing_until_seen_again),
        yard_test(filters_narrow_the_list),
        yard_test(pages_go_on_at_the_cursor),
        yard_test(R38_wildcard_covers_one_level),
        yard_test(look_up_agrees_with_the_rule_of_coverage),
        yard_test(served_certificate_is_needed),
        yard_test(deleting_an_access_takes_its_inventory_along),
        yard_test(synchronisations_are_kept_per_product_and_region),
        yard_test(hostile_number_of_names_is_refused),
        yard_test(damaged_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
