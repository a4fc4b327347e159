#include "cli/args.h"

#include "base/test.h"
#include "cli/verb.h"

enum { WORDS_MAX = 12 };

static bool parse(struct arena *a, const char *const *words, struct args *ret, struct err *err)
{
    char *argv[WORDS_MAX + 2] = {arena_strdup(a, "certferry")};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = arena_strdup(a, words[argc - 1]);
    return args_parse(a, argc, argv, ret, err);
}

static void misuse_is_one_sentence_that_names_the_word(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX], *text;
    } cases[] = {
        {{"fly"}, "no such command: fly"},
        {{"cert", "fly"}, "no such command: cert fly"},
        {{"cert", "import", "--certt", "x"}, "unknown option --certt"},
        {{"cert", "import", "--cert"}, "--cert needs a value"},
        {{"cert", "import", "--cert", "a", "--cert", "b"}, "--cert is given twice"},
        {{"cert", "import", "--cert", "-", "--key", "-"}, "--cert and --key both read standard input"},
        {{"access", "update", "a", "--secret-file", "-", "--session-token-file=-"},
         "both read standard input"},
        {{"cert", "show"}, "cert show needs CERT"},
        {{"cert", "show", "a", "b"}, "unexpected \"b\""},
        {{"--nope"}, "unknown option --nope"},
        {{"cert", "list", "--json=1"}, "unknown option --json=1"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        struct args args;
        struct err err = {0};
        assert_false(parse(a, cases[i].words, &args, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        if (!strstr(err.text, cases[i].text))
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].text);
    }
}

static void global_flags_stand_before_or_after_the_verb(void **state)
{
    (void)state;
    static const char *const lines[][WORDS_MAX] = {
        {"--json", "--data", "d", "cert", "show", "x"},
        {"cert", "show", "--json", "x", "--data", "d"},
        {"--json", "cert", "show", "--data=d", "x"},
    };
    for (size_t i = 0; i < countof(lines); i++) {
        TEST_ARENA(a);
        struct args args;
        struct err err = {0};
        assert_true(parse(a, lines[i], &args, &err));
        assert_string_equal(args.verb->words, "cert show");
        assert_true(args_flag(&args, "json"));
        assert_string_equal(args_get(&args, "data"), "d");
        assert_int_equal(args.argument_count, 1);
        assert_string_equal(args.arguments[0], "x");
    }
}

static void repeatable_options_keep_their_order(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const char *const words[WORDS_MAX] = {"deploy",  "--cert",   "a",    "--product",
                                                 "aws/alb", "--cert=b", "--yes"};
    struct args args;
    struct err err = {0};
    size_t count;
    assert_true(parse(a, words, &args, &err));
    const char **certs = args_list(a, &args, "cert", &count);
    assert_int_equal(count, 2);
    assert_string_equal(certs[0], "a");
    assert_string_equal(certs[1], "b");
    assert_true(args_flag(&args, "yes"));
}

static void every_verb_has_a_summary_and_documented_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < verb_count; i++) {
        assert_true(strlen(verbs[i].summary) > 10);
        assert_non_null(verbs[i].run);
        assert_true((verbs[i].arguments != NULL) == (verbs[i].max_arguments > 0));
        for (const struct option_def *option = verbs[i].options; option && option->name; option++) {
            assert_true(strlen(option->help) > 5);
            for (const struct option_def *global = global_options; global->name; global++)
                assert_string_not_equal(option->name, global->name);
        }
    }
}

static void a_help_flag_asks_for_no_arguments(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const char *const words[WORDS_MAX] = {"cert", "show", "-h"};
    struct args args;
    struct err err = {0};
    assert_true(parse(a, words, &args, &err));
    assert_true(args.help);
    assert_string_equal(args.verb->words, "cert show");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_is_one_sentence_that_names_the_word),
        cmocka_unit_test(global_flags_stand_before_or_after_the_verb),
        cmocka_unit_test(repeatable_options_keep_their_order),
        cmocka_unit_test(every_verb_has_a_summary_and_documented_options),
        cmocka_unit_test(a_help_flag_asks_for_no_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
