/* Certificates, accesses, copies: what people give us, and that their secrets stay ours. */
#include "store/access.h"

#include "store/test_support.h"

static void certificate_comes_back_as_it_was(void **state)
{
    struct yard *y = *state;
    struct certificate_row row = yard_certificate(y, "example.com", "aa11"), got = {0};
    row.warnings = "[\"the chain is incomplete: 中间证书\"]";
    row.sm2_encryption_pem = "SM2";
    struct secret *key = bench_secret(y->b, "KEY ONE"), *sm2 = bench_secret(y->b, "KEY TWO"), *k = NULL,
                  *e = NULL;
    assert_ok(y, store_certificate_add(y->db, &row, key, sm2, &y->err));
    assert_ok(y, store_certificate_load(y->db, y->a, row.id, &got, &y->err));
    assert_int_equal(got.version, 1);
    assert_int_equal(got.created_ms, NOW_MS);
    assert_int_equal(got.updated_ms, NOW_MS);
    assert_string_equal(got.owner, row.owner);
    assert_string_equal(got.name, row.name);
    assert_string_equal(got.kind, row.kind);
    assert_string_equal(got.fingerprint, row.fingerprint);
    assert_string_equal(got.serial, row.serial);
    assert_string_equal(got.issuer, row.issuer);
    assert_string_equal(got.common_name, row.common_name);
    assert_string_equal(got.domains, row.domains);
    assert_string_equal(got.key_type, row.key_type);
    assert_int_equal(got.key_bits, row.key_bits);
    assert_int_equal(got.not_before_ms, row.not_before_ms);
    assert_int_equal(got.not_after_ms, row.not_after_ms);
    assert_true(got.chain_complete && !got.revoked);
    assert_string_equal(got.warnings, row.warnings);
    assert_string_equal(got.leaf_pem, row.leaf_pem);
    assert_string_equal(got.chain_pem, row.chain_pem);
    assert_string_equal(got.roots_pem, ""); /* NULL is "" */
    assert_string_equal(got.sm2_encryption_pem, row.sm2_encryption_pem);
    assert_ok(y, store_certificate_key(y->db, y->a, row.id, &k, &e, &y->err));
    assert_true(secret_equal(k, key) && secret_equal(e, sm2));
}

static void certificate_is_found_as_people_type_it(void **state)
{
    struct yard *y = *state;
    struct certificate_row a = yard_certificate(y, "one", "f1"), b = yard_certificate(y, "two", "f2"),
                           got = {0};
    struct certificate_row other = yard_certificate(y, "two", "f3"),
                           digits = yard_certificate(y, "123", "f4");
    other.owner = "uid:1001";
    struct secret *k = bench_secret(y->b, "K"), *none = k;
    assert_ok(y, store_certificate_add(y->db, &a, k, NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &b, k, NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &other, k, NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &digits, k, NULL, &y->err));
    assert_ok(y, store_certificate_find(y->db, y->a, "one", &got, &y->err));
    assert_int_equal(got.id, a.id);
    assert_ok(y, store_certificate_find(y->db, y->a, arena_printf(y->a, "%lld", (long long)b.id), &got,
                                        &y->err));
    assert_int_equal(got.id, b.id);
    assert_ok(y, store_certificate_find(y->db, y->a, "123", &got, &y->err));
    assert_int_equal(got.id, digits.id);
    assert_ok(y, store_certificate_by_fingerprint(y->db, y->a, "f3", NULL, &got, &y->err));
    assert_int_equal(got.id, other.id);
    assert_err(y, ERR_INPUT, store_certificate_find(y->db, y->a, "two", &got, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_find(y->db, y->a, "three", &got, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_find(y->db, y->a, "99999999999999999999", &got, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_find(y->db, y->a, "one' OR '1'='1", &got, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_load(y->db, y->a, 1, &got, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_by_fingerprint(y->db, y->a, "f9", NULL, &got, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_key(y->db, y->a, 1, &none, NULL, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_delete(y->db, 1, &y->err));
    assert_ptr_equal(none, k); /* outputs stay as they were */
    assert_int_equal(got.id, other.id);
}

static void certificate_exists_once(void **state)
{
    struct yard *y = *state;
    struct certificate_row a = yard_certificate(y, "one", "f1"), got;
    struct secret *k = bench_secret(y->b, "K");
    assert_ok(y, store_certificate_add(y->db, &a, k, NULL, &y->err));
    struct certificate_row same_name = yard_certificate(y, "one", "f2"),
                           same_leaf = yard_certificate(y, "two", "f1");
    assert_err(y, ERR_CONFLICT, store_certificate_add(y->db, &same_name, k, NULL, &y->err));
    assert_err(y, ERR_CONFLICT, store_certificate_add(y->db, &same_leaf, k, NULL, &y->err));
    assert_ok(y, store_certificate_delete(y->db, a.id, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_certificate_load(y->db, y->a, a.id, &got, &y->err));
    assert_ok(y, store_certificate_add(y->db, &same_leaf, k, NULL, &y->err));
}

static void R98_each_owner_may_have_the_same_certificate(void **state)
{
    struct yard *y = *state;
    struct secret *key = bench_secret(y->b, "KEY");
    struct certificate_row mine = yard_certificate(y, "site", "fp"),
                           theirs = yard_certificate(y, "site", "fp"), got;
    mine.owner = "";
    theirs.owner = "77";
    assert_ok(y, store_certificate_add(y->db, &mine, NULL, NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &theirs, key, NULL, &y->err));
    theirs.id = yard_id(y);
    theirs.name = "other";
    assert_err(y, ERR_CONFLICT, store_certificate_add(y->db, &theirs, key, NULL, &y->err));
    assert_ok(y, store_certificate_by_fingerprint(y->db, y->a, "fp", "", &got, &y->err));
    assert_int_equal(got.id, mine.id);
    assert_err(y, ERR_NOT_FOUND, store_certificate_by_fingerprint(y->db, y->a, "fp", "78", &got, &y->err));
    assert_ok(y, store_certificate_by_fingerprint(y->db, y->a, "fp", NULL, &got, &y->err));
    assert_string_equal(got.owner, "77"); /* where its key is */
    assert_err(y, ERR_INPUT, store_certificate_find(y->db, y->a, "site", &got, &y->err));
}

static void owners_come_back_as_they_were(void **state)
{
    struct yard *y = *state;
    struct owner_row *all,
        acme = {.id = yard_id(y), .owner = "", .name = "acme", .entity = "Acme Ltd", .verified_by = "papers"},
        got;
    size_t count;
    const char *reason;
    assert_ok(y, store_owner_add(y->db, &acme, &y->err));
    assert_ok(y, store_owner_find(y->db, y->a, "acme", &got, &y->err));
    assert_string_equal(got.entity, "Acme Ltd");
    assert_string_equal(got.verified_by, "papers");
    got.entity = "Acme GmbH";
    assert_ok(y, store_owner_update(y->db, &got, &y->err));
    assert_err(y, ERR_CONFLICT, store_owner_update(y->db, &got, &y->err));
    acme.id = yard_id(y);
    assert_err(y, ERR_CONFLICT, store_owner_add(y->db, &acme, &y->err));
    assert_ok(y, store_owner_all(y->db, y->a, &all, &count, &y->err));
    assert_int_equal(count, 2);
    assert_string_equal(all[0].name, "default");
    assert_string_equal(owner_key(y->a, all[0].id), "");
    assert_string_equal(owner_name(all, count, owner_key(y->a, got.id)), "acme");
    assert_string_equal(owner_name(all, count, "uid:1000"), "uid:1000");
    assert_ok(y, store_owner_needed(y->db, y->a, all[0].id, &reason, &y->err));
    assert_non_null(reason);
    assert_ok(y, store_owner_needed(y->db, y->a, got.id, &reason, &y->err));
    assert_null(reason);
    struct access_row access = yard_access(y, "prod");
    access.owner = owner_key(y->a, got.id);
    assert_ok(y, store_access_add(y->db, &access, NULL, NULL, &y->err));
    assert_ok(y, store_owner_needed(y->db, y->a, got.id, &reason, &y->err));
    assert_non_null(strstr(reason, "access \"prod\""));
    assert_ok(y, store_access_delete(y->db, access.id, &y->err));
    assert_ok(y, store_owner_delete(y->db, got.id, &y->err));
}

static void R46_sharing_wants_the_same_verified_entity(void **state)
{
    (void)state;
    static const struct owner_row owners[] =
        {{.id = 1, .name = "default", .entity = "Acme", .verified_by = "papers"},
         {.id = 5, .name = "team", .entity = "Acme", .verified_by = "papers"},
         {.id = 6, .name = "claims", .entity = "Acme", .verified_by = ""},
         {.id = 7, .name = "others", .entity = "Other", .verified_by = "papers"},
         {.id = 8, .name = "nobody", .entity = "", .verified_by = "papers"},
         {.id = 9, .name = "none", .entity = "", .verified_by = "papers"}};
    static const struct {
        const char *from, *to;
        enum sharing sharing;
    } cases[] = {{"", "", SHARING_OWN},       {"7", "7", SHARING_OWN},     {"uid:1", "uid:1", SHARING_OWN},
                 {"", "5", SHARING_FREE},     {"5", "", SHARING_FREE},     {"5", "6", SHARING_REFUSED},
                 {"5", "7", SHARING_REFUSED}, {"8", "9", SHARING_REFUSED}, {"", "uid:1", SHARING_REFUSED}};
    for (size_t i = 0; i < countof(cases); i++)
        assert_int_equal(owner_sharing(owners, countof(owners), cases[i].from, cases[i].to),
                         cases[i].sharing);
}

static void lists_are_newest_first_and_go_on_at_the_cursor(void **state)
{
    struct yard *y = *state;
    struct secret *k = bench_secret(y->b, "K");
    int64_t ids[5];
    for (int i = 0; i < 5; i++) {
        struct certificate_row row =
            yard_certificate(y, arena_printf(y->a, "c%d", i), arena_printf(y->a, "f%d", i));
        ids[i] = row.id;
        assert_ok(y, store_certificate_add(y->db, &row, k, NULL, &y->err));
    }
    struct certificate_row *rows = NULL;
    size_t count = 0;
    assert_ok(y, store_certificate_list(y->db, y->a, &(struct page){.limit = 2}, &rows, &count, &y->err));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, ids[4]);
    assert_int_equal(rows[1].id, ids[3]);
    assert_ok(y, store_certificate_list(y->db, y->a, &(struct page){.before_id = ids[3], .limit = 1000},
                                        &rows, &count, &y->err));
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].id, ids[2]);
    assert_ok(y, store_certificate_list(y->db, y->a, &(struct page){.before_id = ids[0], .limit = 9}, &rows,
                                        &count, &y->err));
    assert_int_equal(count, 0);
}

static void access_comes_back_as_it_was(void **state)
{
    struct yard *y = *state;
    struct access_row row = yard_access(y, "prod"), got = {0};
    row.gateway = "http://127.0.0.1:9000";
    row.ca_file = "/etc/ca.pem";
    row.proxy = "http://proxy:3128";
    row.clock_skew_ms = -1500;
    struct secret *secret = bench_secret(y->b, "S1"), *s = NULL, *t = secret;
    assert_ok(y, store_access_add(y->db, &row, secret, NULL, &y->err));
    assert_ok(y, store_access_find(y->db, y->a, "prod", &got, &y->err));
    assert_int_equal(got.id, row.id);
    assert_string_equal(got.cloud, row.cloud);
    assert_string_equal(got.key_id, row.key_id);
    assert_string_equal(got.site, row.site);
    assert_string_equal(got.regions, row.regions);
    assert_string_equal(got.gateway, row.gateway);
    assert_string_equal(got.ca_file, row.ca_file);
    assert_string_equal(got.proxy, row.proxy);
    assert_true(got.calls_per_second > 12.4 && got.calls_per_second < 12.6);
    assert_true(got.read_only);
    assert_string_equal(got.account_id, "");
    assert_string_equal(got.state, "unchecked");
    assert_int_equal(got.clock_skew_ms, -1500);
    assert_ok(y, store_access_secret(y->db, y->a, row.id, &s, &t, &y->err));
    assert_true(secret_equal(s, secret));
    assert_null(t);
    struct access_row again = yard_access(y, "prod");
    assert_err(y, ERR_CONFLICT, store_access_add(y->db, &again, secret, NULL, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_access_secret(y->db, y->a, 1, &s, &t, &y->err));
}

static void access_update_checks_the_version_and_keeps_secrets(void **state)
{
    struct yard *y = *state;
    struct access_row row = yard_access(y, "prod"), got = {0};
    struct secret *s1 = bench_secret(y->b, "S1"), *s2 = bench_secret(y->b, "S2"),
                  *t1 = bench_secret(y->b, "T1");
    struct secret *s = NULL, *t = NULL;
    assert_ok(y, store_access_add(y->db, &row, s1, t1, &y->err));
    assert_ok(y, store_access_load(y->db, y->a, row.id, &got, &y->err));
    y->clock.now_ms += 5000;
    got.name = "production";
    assert_ok(y, store_access_update(y->db, &got, NULL, NULL, &y->err));
    assert_err(y, ERR_CONFLICT, store_access_update(y->db, &got, s2, NULL, &y->err));
    assert_ok(y, store_access_secret(y->db, y->a, row.id, &s, &t, &y->err));
    assert_true(secret_equal(s, s1) && secret_equal(t, t1));
    assert_ok(y, store_access_load(y->db, y->a, row.id, &got, &y->err));
    assert_string_equal(got.name, "production");
    assert_int_equal(got.version, 2);
    assert_int_equal(got.created_ms, NOW_MS);
    assert_int_equal(got.updated_ms, NOW_MS + 5000);
    assert_ok(y, store_access_update(y->db, &got, s2, NULL, &y->err));
    assert_ok(y, store_access_secret(y->db, y->a, row.id, &s, &t, &y->err));
    assert_true(secret_equal(s, s2));
    assert_null(t); /* a session token belongs to its secret */
    got.id = 1;
    assert_err(y, ERR_NOT_FOUND, store_access_update(y->db, &got, NULL, NULL, &y->err));
}

static void access_state_touches_nothing_else(void **state)
{
    struct yard *y = *state;
    struct access_row row = yard_access(y, "prod"), got = {0};
    assert_ok(y, store_access_add(y->db, &row, bench_secret(y->b, "S"), NULL, &y->err));
    y->clock.now_ms += 1000;
    assert_ok(y, store_access_set_state(y->db, row.id, "normal", "", "1234567890", &y->err));
    assert_ok(y, store_access_set_state(y->db, row.id, "suspended", "the key is refused", "", &y->err));
    assert_ok(y, store_access_load(y->db, y->a, row.id, &got, &y->err));
    assert_string_equal(got.state, "suspended");
    assert_string_equal(got.state_text, "the key is refused");
    assert_string_equal(got.account_id, "1234567890");
    assert_int_equal(got.checked_ms, NOW_MS + 1000);
    assert_string_equal(got.name, "prod");
    assert_err(y, ERR_NOT_FOUND, store_access_set_state(y->db, 1, "normal", "", "", &y->err));
}

static void sealed_value_of_another_row_does_not_open(void **state)
{
    struct yard *y = *state;
    struct access_row a = yard_access(y, "a"), b = yard_access(y, "b");
    struct secret *s = NULL, *t = NULL;
    assert_ok(y, store_access_add(y->db, &a, bench_secret(y->b, "SA"), NULL, &y->err));
    assert_ok(y, store_access_add(y->db, &b, bench_secret(y->b, "SB"), NULL, &y->err));
    assert_ok(y, db_script(y->db, "UPDATE access SET secret = (SELECT secret FROM access WHERE name = 'a')",
                           &y->err));
    assert_ok(y, store_access_secret(y->db, y->a, a.id, &s, &t, &y->err));
    assert_err(y, ERR_STORE, store_access_secret(y->db, y->a, b.id, &s, &t, &y->err));
    assert_non_null(strstr(y->err.text, "/secret"));
}

static void copies_are_found_by_key_and_by_ref(void **state)
{
    struct yard *y = *state;
    struct access_row access = yard_access(y, "prod");
    struct certificate_row cert = yard_certificate(y, "one", "f1");
    struct copy_row got = {0};
    assert_ok(y, store_access_add(y->db, &access, bench_secret(y->b, "S"), NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &cert, bench_secret(y->b, "K"), NULL, &y->err));
    struct copy_row copy = {.access_id = access.id,
                            .certificate_id = cert.id,
                            .vendor_store = "cas:cn-hangzhou",
                            .ref = "1-cn-hangzhou",
                            .name = "certferry-aa"};
    assert_ok(y, store_copy_put(y->db, &copy, &y->err));
    assert_ok(y, store_copy_find(y->db, y->a, access.id, cert.id, "cas:cn-hangzhou", &got, &y->err));
    int64_t id = got.id;
    assert_true(id > 0);
    assert_string_equal(got.ref, "1-cn-hangzhou");
    assert_int_equal(got.created_ms, NOW_MS);
    copy.ref = "2-cn-hangzhou";
    assert_ok(y, store_copy_put(y->db, &copy, &y->err));
    assert_ok(y,
              store_copy_by_ref(y->db, y->a, access.id, "cas:cn-hangzhou", "2-cn-hangzhou", &got, &y->err));
    assert_int_equal(got.id, id);
    assert_int_equal(got.certificate_id, cert.id);
    assert_err(y, ERR_NOT_FOUND,
               store_copy_by_ref(y->db, y->a, access.id, "cas:cn-hangzhou", "1-cn-hangzhou", &got, &y->err));
    assert_err(y, ERR_NOT_FOUND,
               store_copy_find(y->db, y->a, access.id, cert.id, "acm:us-east-1", &got, &y->err));
    copy.access_id = 1;
    assert_err(y, ERR_NOT_FOUND, store_copy_put(y->db, &copy, &y->err));
    assert_ok(y, store_copy_delete(y->db, id, &y->err));
    assert_err(y, ERR_NOT_FOUND, store_copy_delete(y->db, id, &y->err));
}

/* What is listed in a store never becomes ours to delete, and what we brought stays ours. */
static void copies_remember_who_brought_them(void **state)
{
    struct yard *y = *state;
    struct access_row access = yard_access(y, "prod");
    struct certificate_row cert = yard_certificate(y, "one", "f1");
    struct copy_row *list = NULL;
    size_t count = 9;
    assert_ok(y, store_access_add(y->db, &access, bench_secret(y->b, "S"), NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &cert, bench_secret(y->b, "K"), NULL, &y->err));
    static const struct {
        const char *ref;
        bool note, brought;
        const char *then; /* what is ours afterwards; NULL: nothing */
    } steps[] = {
        {"1", true, true, NULL}, /* a note never gives it */
        {"1", false, true, "1"},   {"1", false, false, "1"}, {"1", true, false, "1"},
        {"2", true, false, "1"}, /* nor takes it */
        {"2", false, false, NULL}, {"3", true, true, NULL},  {"4", false, true, "4"},
    };
    for (size_t i = 0; i < countof(steps); i++) {
        struct copy_row copy = {.access_id = access.id,
                                .certificate_id = cert.id,
                                .vendor_store = "ssl",
                                .ref = steps[i].ref,
                                .name = "n",
                                .brought = steps[i].brought};
        assert_ok(y, (steps[i].note ? store_copy_note : store_copy_put)(y->db, &copy, &y->err));
        assert_ok(y, store_copy_brought(y->db, y->a, access.id, &list, &count, &y->err));
        assert_int_equal(count, steps[i].then != NULL);
        if (steps[i].then)
            assert_string_equal(list[0].ref, steps[i].then);
    }
}

struct copy_yard { /* a copy in one cloud, and accesses to that cloud and to another */
    struct access_row own, same, other;
    struct certificate_row cert, next;
    struct copy_row copy;
};

static struct copy_yard copy_yard(struct yard *y)
{
    struct copy_yard c = {yard_access(y, "own"),
                          yard_access(y, "same"),
                          yard_access(y, "other"),
                          yard_certificate(y, "one", "f1"),
                          yard_certificate(y, "next", "f2"),
                          {0}};
    c.other.cloud = "aws";
    struct access_row *accesses[] = {&c.own, &c.same, &c.other};
    for (size_t i = 0; i < countof(accesses); i++)
        assert_ok(y, store_access_add(y->db, accesses[i], bench_secret(y->b, "S"), NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &c.cert, bench_secret(y->b, "K"), NULL, &y->err));
    assert_ok(y, store_certificate_add(y->db, &c.next, bench_secret(y->b, "K"), NULL, &y->err));
    c.copy = (struct copy_row){.id = yard_id(y),
                               .access_id = c.own.id,
                               .certificate_id = c.cert.id,
                               .vendor_store = "ssl",
                               .ref = "ref-1",
                               .name = "n",
                               .brought = true};
    assert_ok(y, store_copy_put(y->db, &c.copy, &y->err));
    return c;
}

static void check_needed(struct yard *y, const struct copy_yard *c, bool wanted, const char *what)
{
    const char *reason = NULL;
    assert_ok(y, store_copy_needed(y->db, y->a, c->copy.id, &reason, &y->err));
    if ((reason != NULL) != wanted)
        fail_msg("%s: %s", what, reason ? reason : "not needed");
}

/* Tasks, rollbacks and resources of the same cloud need it, those of another do not. */
static void copies_are_needed_within_their_cloud(void **state)
{
    struct yard *y = *state;
    struct copy_yard c = copy_yard(y);
    const struct {
        const char *what;
        bool is_cert; /* the deployment brings ours; else what comes after it */
        const char *old;
        enum deployment_state state;
        bool before, needed;
    } rows[] = {
        {"waits", true, "[]", DEPLOYMENT_PENDING, false, true},
        {"brought it", true, "[]", DEPLOYMENT_SUCCESS, true, true},
        {"came to nothing", true, "[]", DEPLOYMENT_ERROR, false, false},
        {"took its place", false, "[{\"slot\":\"default\",\"ref\":\"ref-1\"}]", DEPLOYMENT_SUCCESS, true,
         true},
        {"will take its place", false, "[{\"slot\":\"default\",\"ref\":\"ref-1\"}]", DEPLOYMENT_PENDING,
         false, true},
        {"took another's place", false, "[{\"slot\":\"default\",\"ref\":\"ref-2\"}]", DEPLOYMENT_SUCCESS,
         true, false},
    };
    const int64_t accesses[] = {c.own.id, c.same.id, c.other.id};
    check_needed(y, &c, false, "nothing");
    for (size_t i = 0; i < countof(rows) * countof(accesses); i++) {
        const size_t r = i / countof(accesses), a = i % countof(accesses);
        struct task_row task = yard_task(y, "t");
        struct deployment_row d =
            yard_deployment(y, task.id, rows[r].is_cert ? c.cert.id : c.next.id, accesses[a]);
        d.state = rows[r].state;
        d.old = rows[r].old;
        d.has_before = rows[r].before;
        assert_ok(y, store_task_add(y->db, &task, &d, 1, &y->err));
        check_needed(y, &c, rows[r].needed && accesses[a] != c.other.id, rows[r].what);
        assert_ok(y, store_task_delete(y->db, task.id, &y->err));
        check_needed(y, &c, false, "nothing any more");
    }
}

static bool file_holds(struct yard *y, const char *path, const char *needle)
{
    char *data = NULL;
    size_t size = 0;
    cleanup(arena_free_p) struct arena *a = arena_new(80 << 20);
    assert_ok(y, file_read(a, bench_path(y->b, path), 32 << 20, &data, &size, &y->err));
    return memmem(data, size, needle, strlen(needle)) != NULL;
}

static void R60_files_hold_no_secret(void **state)
{
    struct yard *y = *state;
    static const char *const secrets[] = {"PRIVATE-KEY-BYTES", "ACCESS-SECRET-BYTES", "SESSION-TOKEN-BYTES",
                                          "SAVED-BINDING-BYTES", "REPLACED-SECRET-BYTES"};
    struct certificate_row cert = yard_certificate(y, "visible-name", "f1");
    struct access_row access = yard_access(y, "prod");
    struct task_row task = yard_task(y, "t");
    struct deployment_row d = yard_deployment(y, task.id, cert.id, access.id);
    d.state = DEPLOYMENT_PENDING;
    assert_ok(y, store_certificate_add(y->db, &cert, bench_secret(y->b, secrets[0]), NULL, &y->err));
    assert_ok(y, store_access_add(y->db, &access, bench_secret(y->b, secrets[4]),
                                  bench_secret(y->b, secrets[2]), &y->err));
    access.version = 1;
    assert_ok(y, store_access_update(y->db, &access, bench_secret(y->b, secrets[1]),
                                     bench_secret(y->b, secrets[2]), &y->err));
    assert_ok(y, store_task_add(y->db, &task, &d, 1, &y->err));
    d.version = 1;
    d.state = DEPLOYMENT_PROCESSING;
    assert_ok(y, store_deployment_save(y->db, &d, "{\"settings\":\"SAVED-BINDING-BYTES\"}", &y->err));
    assert_true(file_holds(y, "data/certferry.db-wal", "visible-name"));
    for (size_t i = 0; i < countof(secrets); i++)
        assert_false(file_holds(y, "data/certferry.db-wal", secrets[i]));
    yard_reopen(y);
    assert_true(file_holds(y, "data/certferry.db", "visible-name"));
    for (size_t i = 0; i < countof(secrets); i++)
        assert_false(file_holds(y, "data/certferry.db", secrets[i]));
    struct secret *key = NULL;
    assert_ok(y, store_certificate_key(y->db, y->a, cert.id, &key, NULL, &y->err));
    assert_string_equal(secret_bytes(key), secrets[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(certificate_comes_back_as_it_was),
        yard_test(certificate_is_found_as_people_type_it),
        yard_test(certificate_exists_once),
        yard_test(R98_each_owner_may_have_the_same_certificate),
        yard_test(owners_come_back_as_they_were),
        yard_test(R46_sharing_wants_the_same_verified_entity),
        yard_test(lists_are_newest_first_and_go_on_at_the_cursor),
        yard_test(access_comes_back_as_it_was),
        yard_test(access_update_checks_the_version_and_keeps_secrets),
        yard_test(access_state_touches_nothing_else),
        yard_test(sealed_value_of_another_row_does_not_open),
        yard_test(copies_are_found_by_key_and_by_ref),
        yard_test(copies_remember_who_brought_them),
        yard_test(copies_are_needed_within_their_cloud),
        yard_test(R60_files_hold_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
