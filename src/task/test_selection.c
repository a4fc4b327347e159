#include "task/selection.h"

#include "crypto/test_support.h"
#include "task/plan.h"

static void selections_are_checked(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *json, *error; /* NULL: taken */
    } cases[] = {
        {"{\"certificates\":[\"1\"],\"accept\":[\"shorter\"],\"verify\":false}", NULL},
        {"{\"certificates\":[1]}", NULL},
        {"{}", "at least one certificate"},
        {"[]", "expected an object"},
        {"{\"certificates\":\"1\"}", "list of texts"},
        {"{\"certificates\":[[]]}", "list of texts"},
        {"{\"certificates\":[\"\"]}", "empty"},
        {"{\"certificates\":[\"1\"],\"accept\":[\"everything\"]}", "is none of"},
        {"{\"certificates\":[\"1\"],\"verify\":\"perhaps\"}", "true or false"},
        {"{\"certificates\":[\"1\"],\"replaces\":{}}", "expected a text"},
        {"{\"certificates\":[\"1\"],\"surprise\":1}", "no member"},
        {"{\"certificates\":[", "selection"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct selection s;
        struct err err = {0};
        bool taken = selection_from_json(b->a, cases[i].json, strlen(cases[i].json), &s, &err);
        if (taken != !cases[i].error)
            fail_msg("%s: %s", cases[i].json, err.text);
        if (!taken && (!strstr(err.text, cases[i].error) || err.kind != ERR_INPUT))
            fail_msg("%s: %s", cases[i].json, err.text);
        if (!taken)
            continue;
        const char *again = selection_to_json(b->a, &s);
        struct selection copy;
        assert_true(selection_from_json(b->a, again, strlen(again), &copy, &err));
        assert_string_equal(selection_to_json(b->a, &copy), again);
    }
}

static void lists_have_limits(void **state)
{
    struct bench *b = *state;
    const char **many = arena_array(b->a, const char *, SELECTION_LIST_MAX + 1);
    char *longest = arena_alloc(b->a, SELECTION_TEXT_BYTES + 2);
    for (size_t i = 0; i <= SELECTION_LIST_MAX; i++)
        many[i] = "1";
    memset(longest, 'x', SELECTION_TEXT_BYTES + 1);
    struct selection s = {.certificates = {many, SELECTION_LIST_MAX + 1}, .replaces = ""};
    assert_refused(selection_check(&s, &b->err), b, "more than");
    s.certificates.count = 1;
    assert_true(selection_check(&s, &b->err));
    s.replaces = longest;
    assert_refused(selection_check(&s, &b->err), b, "longer than");
}

static void notes_survive_json(void **state)
{
    struct bench *b = *state;
    struct plan_note note = {"left_out", 1, 2, "a \"title\"", "text"}, *back = NULL;
    size_t count = 0;
    struct err err = {0};
    assert_true(plan_notes_from_json(b->a, plan_notes_json(b->a, &note, 1), &back, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(back[0].title, note.title);
    assert_int_equal(back[0].resource_id, 2);
    assert_false(plan_notes_from_json(b->a, "[", &back, &count, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(selections_are_checked),
        bench_test(lists_have_limits),
        bench_test(notes_survive_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
