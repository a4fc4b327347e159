#include "base/log.h"

#include "base/test.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <unistd.h>

/* What fn writes to standard error. */
static char *captured(struct arena *a, void (*fn)(void *), void *data)
{
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    fn(data);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    rewind(file);
    char *text = arena_alloc(a, 1 << 16);
    size_t size = fread(text, 1, (1 << 16) - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

static void assert_is_one_line(const char *line)
{
    size_t left = strlen(line), size;
    assert_true(left > 3 && left <= LOG_LINE_BYTES);
    assert_int_equal(line[0], '{');
    assert_string_equal(line + left - 2, "}\n");
    bool inside = false;
    for (const char *p = line; left > 2; p += size, left -= size) {
        size = utf8_size(p, left);
        assert_int_not_equal(size, 0);
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7F);
        if (inside && *p == '\\')
            p++, left--;
        else if (*p == '"')
            inside = !inside;
    }
    assert_false(inside);
}

static void write_hostile(void *data)
{
    struct log_ctx outer = {NULL, "access", "quote\" back\\ line\n"}, ctx = {&outer, "task", "t1"};
    log_write(LOG_ERROR, &ctx, "task.start", "%s", (const char *)data);
}

static void any_text_makes_one_line(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *longer = arena_alloc(a, 20001), *wide = arena_alloc(a, 20001), *quotes = arena_alloc(a, 60001);
    memset(longer, 'x', 20000);
    for (size_t i = 0; i < 19998; i += 3)
        memcpy(wide + i, "\xE4\xB8\xAD", 3);
    memset(quotes, '"', 60000);
    char *texts[] = {arena_strdup(a, ""), arena_strdup(a, "a\"b\\c\n\r\t\x01\x7F\xFF\xC2\x9B"), longer, wide,
                     quotes};
    for (size_t i = 0; i < countof(texts); i++) {
        char *line = captured(a, write_hostile, texts[i]);
        assert_is_one_line(line);
        assert_non_null(strstr(line, "\"event\":\"task.start\""));
        assert_non_null(strstr(line, "\"task\":\"t1\""));
        assert_non_null(strstr(line, "\"access\":\"quote\\\" back\\\\ line\\u000a\""));
    }
}

static void write_in_deep_context(void *data)
{
    struct log_ctx ctx[64];
    for (size_t i = 0; i < countof(ctx); i++)
        ctx[i] = (struct log_ctx){i ? &ctx[i - 1] : NULL, "name", data};
    log_write(LOG_ERROR, &ctx[63], "e", "text");
}

static void long_fields_do_not_break_the_line(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *longer = arena_alloc(a, 5001);
    memset(longer, '\\', 5000);
    assert_is_one_line(captured(a, write_in_deep_context, longer));
}

static void write_key(void *data)
{
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\n";
    struct log_ctx ctx = {NULL, "task", pem};
    struct err err = {0};
    (void)data;
    err_set(&err, ERR_VENDOR, "echoed %s", pem);
    snprintf(err.code, sizeof err.code, "%s", "Throttled");
    log_err(LOG_ERROR, &ctx, "e", &err);
    log_write(LOG_ERROR, &ctx, "e", "%s", pem);
}

static void private_keys_do_not_reach_the_log(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *text = captured(a, write_key, NULL);
    assert_null(strstr(text, "MIIE"));
    assert_non_null(strstr(text, "[redacted]"));
    assert_non_null(strstr(text, "\"kind\":\"vendor\",\"code\":\"Throttled\""));
}

static void write_below(void *data)
{
    (void)data;
    log_debug(NULL, "e", "x");
    log_info(NULL, "e", "x");
    log_warn(NULL, "e", "warned");
}

static void levels_below_the_threshold_are_silent(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct err err;
    enum log_level level = LOG_DEBUG;
    assert_false(log_level_parse("loud", &level, &err));
    assert_false(log_level_parse("", &level, &err));
    assert_int_equal(level, LOG_DEBUG);
    assert_true(log_level_parse("warning", &level, &err));
    log_set_level(level);
    char *text = captured(a, write_below, NULL);
    assert_non_null(strstr(text, "\"level\":\"warning\",\"event\":\"e\",\"text\":\"warned\""));
    assert_is_one_line(text);
    log_set_level(LOG_INFO);
}

static void logfmt_quotes_what_is_not_a_word(void **state)
{
    (void)state;
    TEST_ARENA(a);
    log_set_format(LOG_LOGFMT);
    char *line = captured(a, write_hostile, arena_strdup(a, "two words\nlevel=error"));
    log_set_format(LOG_JSON);
    assert_int_equal(strncmp(line, "time=20", 7), 0);
    assert_non_null(strstr(line, " level=error event=task.start task=t1 access=\"quote\\\" back\\\\ "
                                 "line\\u000a\" text=\"two words\\u000alevel=error\"\n"));
    assert_null(strchr(strchr(line, '\n') + 1, '\n'));
}

int main(void)
{
    log_set_format(LOG_JSON);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_makes_one_line),
        cmocka_unit_test(long_fields_do_not_break_the_line),
        cmocka_unit_test(private_keys_do_not_reach_the_log),
        cmocka_unit_test(levels_below_the_threshold_are_silent),
        cmocka_unit_test(logfmt_quotes_what_is_not_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
