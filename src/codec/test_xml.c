#include "codec/xml.h"

#include "base/test.h"

static const struct xml *parsed(struct arena *a, const char *text)
{
    const struct xml *root = NULL;
    struct err err;
    if (!xml_parse(a, text, strlen(text), &root, &err))
        fail_msg("%s: %s", text, err.text);
    return root;
}

static void bad_documents_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "line 1"},
        {"text", "line 1"},
        {"<a>", "line 1"},
        {"<a></b>", "line 1"},
        {"<a/><b/>", "line 1"},
        {"<a>&nope;</a>", "line 1"},
        {"<a>\n<b>\n</a>", "line 3"},
        {"<a x=1/>", "line 1"},
        {"<a>\x01</a>", "line 1"},
        {"<a>\xFF</a>", "line 1"},
        {"<a>&#0;</a>", "line 1"},
        {"<!DOCTYPE a><a/>", "document type"},
        {"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "document type"},
        {"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "document type"},
        {"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", "UTF-8"},
        {"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", "UTF-8"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        const struct xml *root = NULL;
        struct err err = {0};
        if (xml_parse(a, cases[i].text, strlen(cases[i].text), &root, &err))
            fail_msg("accepted %s", cases[i].text);
        assert_null(root);
        assert_int_equal(err.kind, ERR_INPUT);
        if (!strstr(err.text, cases[i].why))
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

static char *repeated(struct arena *a, const char *piece, size_t count, const char *end)
{
    size_t size = strlen(piece), end_size = strlen(end);
    char *text = arena_alloc(a, (size + end_size) * count + 16), *p = stpcpy(text, "<r>");
    for (size_t i = 0; i < count; i++, p += size)
        memcpy(p, piece, size);
    for (size_t i = 0; i < count; i++, p += end_size)
        memcpy(p, end, end_size);
    stpcpy(p, "</r>");
    return text;
}

static void limits_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *piece, *end;
        size_t count;
        bool taken;
    } cases[] = {
        {"<x>", "</x>", XML_MAX_DEPTH - 1, true},
        {"<x>", "</x>", XML_MAX_DEPTH, false},
        {"<x>", "", 1000000, false},
        {"<x/>", "", XML_MAX_ELEMENTS - 1, true},
        {"<x/>", "", XML_MAX_ELEMENTS, false},
        {"<x>a</x>b", "", XML_MAX_ELEMENTS - 1, true},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        char *text = repeated(a, cases[i].piece, cases[i].count, cases[i].end);
        const struct xml *root;
        struct err err;
        assert_int_equal(xml_parse(a, text, strlen(text), &root, &err), cases[i].taken);
    }
    TEST_ARENA(a);
    char *large = arena_alloc(a, XML_MAX_BYTES + 2);
    memset(large, ' ', XML_MAX_BYTES + 1);
    memcpy(large, "<a/>", 4);
    const struct xml *root;
    struct err err;
    assert_true(xml_parse(a, large, XML_MAX_BYTES, &root, &err));
    assert_false(xml_parse(a, large, XML_MAX_BYTES + 1, &root, &err));
}

static void offsets_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path, *element, *inner;
    } cases[] = {
        {"<a><b x='>'>t</b></a>", "b", "<b x='>'>t</b>", "t"},
        {"<a><b/></a>", "b", "<b/>", ""},
        {"<a><b /></a>", "b", "<b />", ""},
        {"<a><b></b></a>", "b", "<b></b>", ""},
        {"<a><b x='/'></b ></a>", "b", "<b x='/'></b >", ""},
        {"<a><!-- <b>no</b> --><b>yes</b></a>", "b", "<b>yes</b>", "yes"},
        {"<a><![CDATA[<b>no</b>]]><b>y<![CDATA[</b>]]></b></a>", "b", "<b>y<![CDATA[</b>]]></b>",
         "y<![CDATA[</b>]]>"},
        {"<a><?pi <b> ?><b>1</b></a>", "b", "<b>1</b>", "1"},
        {"\xEF\xBB\xBF<a><b>1</b></a>", "b", "<b>1</b>", "1"},
        {"<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<a>\xE4\xB8\xAD<b>\r\n</b></a>\n", "b", "<b>\r\n</b>",
         "\r\n"},
        {"<n:a xmlns:n='u'><n:b>1</n:b></n:a>", "b", "<n:b>1</n:b>", "1"},
        {"<a><b>1</b><b>2</b></a>", "b[2]", "<b>2</b>", "2"},
        {"<a><b><c/><c><d>5</d></c></b></a>", "b/c[2]/d", "<d>5</d>", "5"},
        {"<a>1</a>", "", "<a>1</a>", "1"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        const struct xml *node = xml_at(parsed(a, cases[i].text), cases[i].path);
        assert_non_null(node);
        assert_string_equal(xml_excerpt(a, cases[i].text, node), cases[i].element);
        assert_string_equal(arena_copy(a, cases[i].text + node->inner_begin,
                                       node->inner_end - node->inner_begin),
                            cases[i].inner);
    }
}

static void text_and_numbers(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct xml *r =
        parsed(a, "<r>a<x>no</x>b&amp;&#x4e2d;<![CDATA[<c>]]><n> -42\n</n><big>9223372036854775808</big>"
                  "<e/><w>1 2</w><m>-9223372036854775808</m><x>two</x></r>");
    assert_string_equal(r->text, "ab&\xE4\xB8\xAD<c>");
    assert_string_equal(xml_text(r, "x", "f"), "no");
    assert_string_equal(xml_text(r, "x[2]", "f"), "two");
    assert_string_equal(xml_text(r, "e", "f"), "");
    assert_string_equal(xml_text(r, "none", "f"), "f");
    assert_int_equal(xml_int(r, "n", 7), -42);
    assert_int_equal(xml_int(r, "m", 7), INT64_MIN);
    static const char *const bad[] = {"big", "e", "w", "x", "none"};
    for (size_t i = 0; i < countof(bad); i++)
        assert_int_equal(xml_int(r, bad[i], 7), 7);
    assert_int_equal(xml_count(r, "x"), 2);
    assert_int_equal(xml_count(NULL, "x"), 0);
    assert_ptr_equal(xml_next(xml_at(r, "x")), xml_at(r, "x[2]"));
    assert_null(xml_next(xml_at(r, "x[2]")));
    assert_null(xml_next(NULL));
    static const char *const absent[] = {"x[0]", "x[3]", "x[-1]", "x[]", "x/y", "/x", "x//x"};
    for (size_t i = 0; i < countof(absent); i++)
        assert_null(xml_at(r, absent[i]));
    assert_null(xml_at(NULL, "x"));
    assert_ptr_equal(xml_at(r, "x")->parent, r);
}

static void splicing_leaves_every_other_byte(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path, *element, *want;
        enum err_kind kind;
    } cases[] = {
        {"<a> <b>1</b> <!--x--></a>\n", "b", "<b>2</b>", "<a> <b>2</b> <!--x--></a>\n", ERR_NONE},
        {"<a><b/><b/></a>", "b[2]", "<c/>", "<a><b/><c/></a>", ERR_NONE},
        {"<a><b/></a>", "c", "<c>1</c>", "<a><b/><c>1</c></a>", ERR_NONE},
        {"<a/>", "c", "<c/>", "<a><c/></a>", ERR_NONE},
        {"<a><n:b x=\"1\" /></a>", "b/c", "<c/>", "<a><n:b x=\"1\" ><c/></n:b></a>", ERR_NONE},
        {"<a><b/></a>", "b[2]", "<b>2</b>", "<a><b/><b>2</b></a>", ERR_NONE},
        {"<?xml version=\"1.0\"?><a/>", "", "<z/>", "<?xml version=\"1.0\"?><z/>", ERR_NONE},
        {"<a><b/></a>", "b[3]", "<b/>", NULL, ERR_NOT_FOUND},
        {"<a><b/></a>", "b[0]", "<b/>", NULL, ERR_NOT_FOUND},
        {"<a><b/></a>", "x/y", "<y/>", NULL, ERR_NOT_FOUND},
        {"<a><b/></a>", "b", "<b>", NULL, ERR_INPUT},
        {"<a><b/></a>", "b", "<b/><c/>", NULL, ERR_INPUT},
        {"<a><b/></a>", "b", " <b/>", NULL, ERR_INPUT},
        {"<a><b/></a>", "b", "<?xml version=\"1.0\"?><b/>", NULL, ERR_INPUT},
        {"<a><b/></a>", "b", "", NULL, ERR_INPUT},
        {"<a><b/>", "b", "<b/>", NULL, ERR_INPUT},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        char *got = NULL;
        struct err err = {0};
        bool done =
            xml_splice(a, cases[i].text, strlen(cases[i].text), cases[i].path, cases[i].element, &got, &err);
        if (done != (cases[i].want != NULL))
            fail_msg("%s at %s: %s", cases[i].text, cases[i].path, err.text);
        if (done)
            assert_string_equal(got, cases[i].want);
        else
            assert_int_equal(err.kind, cases[i].kind);
    }
}

static void escaped_text_comes_back(void **state)
{
    (void)state;
    static const struct {
        const char *text, *back;
    } cases[] = {
        {"", ""},
        {"<&>\"'", "<&>\"'"},
        {"]]>", "]]>"},
        {"a\r\n\tb", "a\r\n\tb"},
        {"\x01\x1F"
         "a\x0B",
         "a"},
        {"\xEF\xBF\xBE\xEF\xBF\xBF"
         "a",
         "a"},
        {"\xFF", "?"},
        {"\xE4\xB8\xAD", "\xE4\xB8\xAD"},
        {"&amp;", "&amp;"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        char *text =
            arena_printf(a, "<a x=\"%s\">%s</a>", xml_escape(a, cases[i].text), xml_escape(a, cases[i].text));
        assert_string_equal(parsed(a, text)->text, cases[i].back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_documents_are_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(offsets_are_exact),
        cmocka_unit_test(text_and_numbers),
        cmocka_unit_test(splicing_leaves_every_other_byte),
        cmocka_unit_test(escaped_text_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
