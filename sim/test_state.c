/* What is kept, what survives a death, and how lists and certificates are read. */
#include "base/file.h"
#include "sim/test_help.h"

#include <unistd.h>

static void drop(const char *directory)
{
    char path[256];
    snprintf(path, sizeof path, "%s/state.jsonl", directory);
    unlink(path);
    rmdir(directory);
}

static void a_change_survives_the_process(void **state)
{
    (void)state;
    char directory[] = "/tmp/test_sim_state_XXXXXX";
    assert_non_null(mkdtemp(directory));
    struct fixture *f = fixture_in(directory, NULL, 8, 0);
    const char *secret = access_of(f, "aliyun")->secret, *id = upload(f, "fresh", "r0000.example.com");
    const char *set =
        param(f, "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas&CertName=fresh&CertId=%s", id);
    assert_int_equal(cdn(f, "SetCdnDomainSSLCertificate", set).status, 200);
    assert_int_equal(cas(f, "DeleteUserCertificate", "CertId=7000000").status, 200);
    struct fixture *again = fixture_in(directory, NULL, 8, 0); /* the first one never closed its file */
    assert_string_equal(access_of(again, "aliyun")->secret, secret);
    struct outcome o = cdn(again, "DescribeDomainCertificateInfo", "DomainName=r0000.example.com");
    assert_string_equal(at(again, o, "/CertInfos/CertInfo/0/CertId"), id);
    assert_string_equal(cas(again, "GetUserCertificateDetail", "CertId=7000000").code, "NotFound");
    assert_string_not_equal(upload(again, "next", "r0000.example.com"), id);
    fixture_free(f);
    fixture_free(again);
    drop(directory);
}

static void a_line_cut_short_is_a_call_never_answered(void **state)
{
    (void)state;
    char directory[] = "/tmp/test_sim_state_XXXXXX", path[64], *text;
    size_t size;
    struct err err;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/state.jsonl", directory);
    struct fixture *f = fixture_in(directory, NULL, 8, 0);
    assert_true(file_read(f->arena, path, 64 << 20, &text, &size, &err));
    assert_int_equal(
        cdn(f, "SetCdnDomainSSLCertificate", "DomainName=r0000.example.com&SSLProtocol=off").status, 200);
    FILE *file = fopen(path, "r+e");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), (off_t)size + 40), 0);
    fclose(file);
    struct fixture *again = fixture_in(directory, NULL, 8, 0);
    struct outcome o = cdn(again, "DescribeDomainCertificateInfo", "DomainName=r0000.example.com");
    assert_string_equal(at(again, o, "/CertInfos/CertInfo/0/ServerCertificateStatus"), "on");
    fixture_free(f);
    fixture_free(again);
    drop(directory);
}

static void what_is_printed_can_be_loaded(void **state)
{
    (void)state;
    char path[] = "/tmp/test_sim_seed_XXXXXX";
    struct err err;
    struct fixture *f = fixture_new(20, 0);
    char *text = sim_seed_print(f->sim.state, f->arena);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_true(file_write(path, text, strlen(text), 0600, &err));
    struct sim_state *loaded;
    assert_true(sim_state_open(NULL, f->sim.clock, 0, &loaded, &err));
    assert_true(sim_seed_load(loaded, path, &err));
    assert_string_equal(sim_seed_print(loaded, f->arena), text);
    sim_state_close(loaded);
    assert_true(file_write(path, "{\"objects\":[{\"cloud\":\"aliyun\"}]}", 33, 0600, &err));
    assert_true(sim_state_open(NULL, f->sim.clock, 0, &loaded, &err));
    assert_false(sim_seed_load(loaded, path, &err));
    sim_state_close(loaded);
    unlink(path);
    fixture_free(f);
}

static void generated_certificates_end_in_5_to_20_days(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 0);
    const struct sim_object *o;
    size_t seen = 0;
    for (size_t cursor = 0; (o = state_each(f->sim.state, &cursor));)
        if (o->cert) {
            int64_t left_ms = sim_leaf(o->cert)->not_after_ms - f->clock.now_ms;
            assert_true(left_ms > 5 * 86400000LL - 2000 && left_ms < 20 * 86400000LL);
            assert_int_equal(o->cert->count, 2);
            seen++;
        }
    assert_true(seen >= 10);
    fixture_free(f);
}

static void a_change_on_top_of_another_keeps_what_edges_serve(void **state)
{
    (void)state;
    struct clock_manual clock = clock_manual_at(1000);
    struct sim_state *s;
    struct err err;
    const char *changed[2];
    assert_true(sim_state_open(NULL, &clock.clock, 100, &s, &err));
    struct sim_object *o =
        state_create(s, "c", "a", "k", "", "1", (struct sim_field[]){{"x", "1"}, {"y", "1"}}, 2);
    assert_int_equal(state_change(s, o, SETTLE_EDGE, (struct sim_field[]){{"x", "2"}, {"y", "1"}}, 2,
                                  changed),
                     1);
    assert_string_equal(changed[0], "x");
    clock.now_ms = 1050;
    assert_int_equal(state_change(s, o, SETTLE_EDGE, (struct sim_field[]){{"x", "3"}}, 1, changed), 1);
    assert_int_equal(state_change(s, o, SETTLE_EDGE, (struct sim_field[]){{"x", "3"}}, 1, changed), 0);
    clock.now_ms = 1149;
    assert_string_equal(sim_field(state_served(s, o), "x"), "1");
    assert_string_equal(sim_field(state_shown(s, o), "x"), "3");
    clock.now_ms = 1150;
    assert_string_equal(sim_field(state_served(s, o), "x"), "3");
    assert_int_equal(state_change(s, o, SETTLE_AT_ONCE, (struct sim_field[]){{"y", NULL}}, 1, NULL), 1);
    assert_false(sim_has_field(o->now, "y"));
    sim_state_close(s);
}

static void lists_add_and_remove_whole_items(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    assert_false(sim_list_has("10 200", "20"));
    assert_string_equal(sim_list_add(a, "", "x"), "x");
    assert_string_equal(sim_list_add(a, "x y", "y"), "x y");
    assert_string_equal(sim_list_remove(a, "a b c", "b"), "a c");
    assert_string_equal(sim_list_remove(a, "a b c", "a"), "b c");
    assert_string_equal(sim_list_remove(a, "a b c", "c"), "a b");
    assert_string_equal(sim_list_remove(a, "c", "c"), "");
    assert_string_equal(sim_list_remove(a, "ab", "a"), "ab");
    assert_int_equal(sim_list_count(""), 0);
    assert_int_equal(sim_list_count("a b c"), 3);
    assert_null(sim_list_item(a, "a b", 2));
}

static void coverage_is_one_label_deep(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool covers;
    } cases[] = {
        {"www.example.com", "WWW.example.COM", true},
        {"*.example.com", "www.example.com", true},
        {"*.example.com", "example.com", false},
        {"*.example.com", "a.b.example.com", false},
        {"*.example.com", "*.example.com", true},
        {"www.example.com", "*.example.com", false},
        {"*.com", "example.com", false},
        {"*.example.com", ".example.com", false},
    };
    cleanup(arena_free_p) struct arena *a = arena_new(8 << 20);
    struct minted ca;
    assert_true(mint_ca(a, "CA", KEY_ECDSA, 256, 0, 1000000, &ca, NULL));
    for (size_t i = 0; i < countof(cases); i++) {
        struct minted leaf;
        struct sim_cert *c;
        assert_true(mint_leaf(a, &ca, &cases[i].pattern, 1, KEY_ECDSA, 256, 0, 1000000, &leaf, NULL));
        assert_true(sim_cert_new(x509_pem(a, &leaf.cert), NULL, &c, NULL));
        assert_int_equal(sim_cert_covers(c, cases[i].name), cases[i].covers);
        sim_cert_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_survives_the_process),
        cmocka_unit_test(a_line_cut_short_is_a_call_never_answered),
        cmocka_unit_test(what_is_printed_can_be_loaded),
        cmocka_unit_test(generated_certificates_end_in_5_to_20_days),
        cmocka_unit_test(a_change_on_top_of_another_keeps_what_edges_serve),
        cmocka_unit_test(lists_add_and_remove_whole_items),
        cmocka_unit_test(coverage_is_one_label_deep),
    };
    return cmocka_run_group_tests_name("sim_state", tests, NULL, NULL);
}
