#include "codec/yaml_json.h"

#include "base/buf.h"
#include "base/test.h"
#include "codec/json.h"

static void R_only_what_programs_write_is_read(void **state)
{
    static const char *const refused[] = {
        "",
        "# only a comment\n",
        "a: &x 1\nb: *x\n",
        "a: !!binary AAAA\n",
        "? [a]\n: b\n",
        "a: 1\n---\nb: 2\n",
        "a: [1\n",
        "a: \"\\0\"\n",
        "\ta: 1\n",
        "a: \xff\n",
    };
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        cleanup(arena_free_p) struct arena *a = arena_new(16 << 20);
        struct err err = {0};
        char *json;
        if (yaml_to_json(a, refused[i], strlen(refused[i]), &json, &err))
            fail_msg("taken: %s", refused[i]);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static void R_nesting_and_size_have_limits(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(32 << 20);
    struct buf deep = buf_new(a, 1 << 16), big = buf_new(a, 4 << 20);
    struct err err;
    char *json;
    for (int i = 0; i < 10000; i++)
        buf_puts(&deep, "[");
    assert_false(yaml_to_json(a, deep.data, deep.size, &json, &err));
    for (int i = 0; i < YAML_MAX_BYTES; i++)
        buf_puts(&big, "a ");
    assert_false(yaml_to_json(a, big.data, big.size, &json, &err));
}

static void R_an_error_never_quotes_the_text(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    static const char text[] = "a: b\nclient-key-data: \"U0VDUkVU\n";
    struct err err;
    char *json;
    assert_false(yaml_to_json(a, text, sizeof text - 1, &json, &err));
    assert_null(strstr(err.text, "U0VDUkVU"));
    assert_non_null(strstr(err.text, "line "));
}

static void a_kubeconfig_becomes_json_of_strings(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    static const char text[] = "apiVersion: v1\n"
                               "clusters:\n"
                               "- cluster:\n"
                               "    server: https://192.0.2.1:6443\n"
                               "    certificate-authority-data: LS0t\n"
                               "  name: kubernetes\n"
                               "preferences: {}\n"
                               "users:\n"
                               "- name: \"1\"\n"
                               "  user: {client-key-data: 'a b', flag: true, none: }\n";
    struct err err;
    char *json;
    if (!yaml_to_json(a, text, sizeof text - 1, &json, &err))
        fail_msg("%s", err.text);
    assert_string_equal(
        json, "{\"apiVersion\":\"v1\",\"clusters\":[{\"cluster\":{\"server\":\"https://192.0.2.1:6443\","
              "\"certificate-authority-data\":\"LS0t\"},\"name\":\"kubernetes\"}],\"preferences\":{},"
              "\"users\":[{\"name\":\"1\",\"user\":{\"client-key-data\":\"a b\",\"flag\":\"true\","
              "\"none\":\"\"}}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_only_what_programs_write_is_read),
        cmocka_unit_test(R_nesting_and_size_have_limits),
        cmocka_unit_test(R_an_error_never_quotes_the_text),
        cmocka_unit_test(a_kubeconfig_becomes_json_of_strings),
    };
    return cmocka_run_group_tests_name("yaml_json", tests, NULL, NULL);
}
