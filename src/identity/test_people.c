/* Passwords, attempts and sessions, by a clock that is moved by hand. */
#include "identity/attempt.h"
#include "identity/password.h"
#include "identity/session.h"
#include "identity/setup.h"

#include "store/test_support.h"
#include <string.h>
#include <sys/stat.h>

static void passwords_that_are_guessed_first_are_refused(void **state)
{
    struct yard *y = *state;
    static const struct {
        const char *password;
        bool taken;
    } cases[] = {
        {"correct horse battery", true},
        {"Zwölf Zeichen!", true},
        {"", false},
        {"short", false},
        {"elevenchars", false},
        {"aaaaaaaaaaaaaaaa", false},
        {"abababababababab", false},
        {"Password1234", false},
        {"qwertyuiop12", false},
        {"johnathan123456", false},         /* made of the name */
        {"a line\nand another one", false}, /* as a file with two lines would give */
        {"not UTF-8 at all \xff\xfe", false},
    };
    for (size_t i = 0; i < countof(cases); i++)
        if (password_check("johnathan", bench_secret(y->b, cases[i].password), &y->err) != cases[i].taken)
            fail_msg("\"%s\" is %s", cases[i].password, cases[i].taken ? "refused" : "taken");
    char *longest = arena_alloc(y->a, PASSWORD_BYTES_MAX + 2);
    for (int i = 0; i <= PASSWORD_BYTES_MAX; i++)
        longest[i] = (char)('a' + i % 26);
    assert_err(y, ERR_INPUT, password_check("x", bench_secret(y->b, longest), &y->err));
    assert_ok(y, password_check("x", password_make(y->a), &y->err));
}

static int64_t attempt(struct yard *y, const char *user, const char *source, int64_t now_ms)
{
    int64_t wait_ms;
    assert_ok(y, attempt_begin(y->db, y->a, user, source, now_ms, &wait_ms, &y->err));
    return wait_ms;
}

static void failures_make_the_user_wait_longer_each_time(void **state)
{
    struct yard *y = *state;
    static const int64_t minutes[] = {1, 2, 4, 8, 15, 15};
    int64_t now = NOW_MS;
    for (int i = 0; i < ATTEMPTS_OF_USER; i++)
        assert_int_equal(attempt(y, "bob", arena_printf(y->a, "10.0.0.%d", i), now), 0);
    for (size_t i = 0; i < countof(minutes); i++) {
        assert_int_equal(attempt(y, "bob", "10.0.1.1", now), minutes[i] * 60000);
        assert_int_equal(attempt(y, "bob", "10.0.1.1", now + minutes[i] * 60000 - 1), 1);
        now += minutes[i] * 60000;
        assert_int_equal(attempt(y, "bob", arena_printf(y->a, "10.0.2.%zu", i), now), 0);
    }
    assert_int_equal(attempt(y, "ann", "10.0.1.1", now), 0); /* others do not wait for it */
    assert_int_equal(attempt(y, "bob", "10.0.1.1", now + 900000 + ATTEMPT_MEMORY_MS), 0);
    assert_int_equal(attempt(y, "bob", "10.0.1.1", now + 900001 + ATTEMPT_MEMORY_MS), 0);
}

static void success_forgives_the_user_but_not_where_others_were_guessed_from(void **state)
{
    struct yard *y = *state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(attempt(y, "bob", "10.0.0.1", NOW_MS), 0);
    assert_ok(y, attempt_end(y->db, y->a, "bob", "10.0.0.1", &y->err));
    for (int i = 0; i < 4; i++)
        assert_int_equal(attempt(y, "bob", "10.0.0.1", NOW_MS), 0);
    /* who has an account of its own guesses no more of others for that */
    for (int i = 0; i < 20 && attempt(y, arena_printf(y->a, "u%d", i), "10.0.0.1", NOW_MS) == 0; i++) {
        assert_in_range(i, 0, 12);
        int64_t wait_ms;
        assert_ok(y, attempt_begin(y->db, y->a, "bob2", "10.0.0.9", NOW_MS, &wait_ms, &y->err));
        assert_ok(y, attempt_end(y->db, y->a, "bob2", "10.0.0.9", &y->err));
    }
    assert_true(attempt(y, "somebody else", "10.0.0.1", NOW_MS) > 0);
    assert_int_equal(attempt(y, "somebody else", "10.0.0.2", NOW_MS), 0);
}

static void one_ipv6_network_is_one_source(void **state)
{
    struct yard *y = *state;
    assert_string_equal(attempt_source_subject(y->a, "2001:db8::1"),
                        attempt_source_subject(y->a, "2001:db8:0:0:ffff::2"));
    assert_string_not_equal(attempt_source_subject(y->a, "2001:db8::1"),
                            attempt_source_subject(y->a, "2001:db8:0:1::1"));
    assert_string_not_equal(attempt_source_subject(y->a, "10.0.0.1"),
                            attempt_source_subject(y->a, "10.0.0.2"));
    assert_null(strstr(attempt_user_subject(y->a, "hunter2"), "hunter2")); /* a password in the wrong field */
}

static struct user_row a_user(struct yard *y, const char *name)
{
    struct user_row row =
        {.id = yard_id(y), .owner = "", .name = name, .password = "$", .any_owner = true, .recovery = "[]"};
    const struct role_row role = {.group_id = EVERYWHERE, .role = ROLE_OPERATOR};
    assert_ok(y, store_user_add(y->db, &row, &y->err));
    assert_ok(y, store_roles_set(y->db, row.id, &role, 1, &y->err));
    return row;
}

static const char *a_session(struct yard *y, const struct user_row *user, int64_t now_ms)
{
    struct secret *cookie;
    assert_ok(y, session_begin(y->db, y->a, user, yard_id(y), "10.0.0.1", now_ms, &cookie, &y->err));
    return secret_bytes(cookie);
}

static bool is_in(struct yard *y, const char *cookie, int64_t now_ms)
{
    struct session_row session;
    struct caller caller;
    y->err = (struct err){0};
    bool found = session_find(y->db, y->a, cookie, now_ms, &session, &caller, &y->err);
    assert_true(found || y->err.kind == ERR_NOT_FOUND);
    if (found) {
        assert_int_equal(caller.kind, CALLER_SESSION);
        assert_int_equal(caller.everywhere, ROLE_OPERATOR);
    }
    return found;
}

static void a_session_ends_when_it_is_idle_and_when_it_is_old(void **state)
{
    struct yard *y = *state;
    struct user_row user = a_user(y, "bob");
    const char *cookie = a_session(y, &user, NOW_MS);
    struct session_row row;
    struct caller caller;
    assert_true(is_in(y, cookie, NOW_MS + SESSION_IDLE_MS - 1));
    assert_false(is_in(y, cookie, NOW_MS + SESSION_IDLE_MS));
    assert_ok(y, session_find(y->db, y->a, cookie, NOW_MS, &row, &caller, &y->err));
    for (int64_t now = NOW_MS; now < NOW_MS + SESSION_LONGEST_MS; now += SESSION_IDLE_MS / 2) {
        assert_true(is_in(y, cookie, now));
        assert_ok(y, store_session_seen(y->db, row.id, now, &y->err));
    }
    assert_true(is_in(y, cookie, NOW_MS + SESSION_LONGEST_MS - 1));
    assert_false(is_in(y, cookie, NOW_MS + SESSION_LONGEST_MS));
}

static void a_session_ends_with_its_user(void **state)
{
    struct yard *y = *state;
    struct user_row user = a_user(y, "bob");
    const char *first = a_session(y, &user, NOW_MS), *second = a_session(y, &user, NOW_MS);
    assert_true(is_in(y, first, NOW_MS));
    assert_true(is_in(y, second, NOW_MS));
    assert_false(is_in(y, "", NOW_MS));
    assert_false(is_in(y, arena_printf(y->a, "%s0", first), NOW_MS));
    assert_ok(y, store_user_load(y->db, y->a, user.id, &user, &y->err));
    user.disabled = true;
    assert_ok(y, store_user_update(y->db, &user, &y->err));
    assert_false(is_in(y, first, NOW_MS));
    user.version++;
    user.disabled = false;
    assert_ok(y, store_user_update(y->db, &user, &y->err));
    assert_true(is_in(y, first, NOW_MS));
    assert_ok(y, store_user_delete(y->db, user.id, &y->err));
    assert_false(is_in(y, first, NOW_MS));
}

static void only_so_many_sessions_of_a_user_are_kept(void **state)
{
    struct yard *y = *state;
    struct user_row user = a_user(y, "bob");
    const char *oldest = a_session(y, &user, NOW_MS), *second = NULL;
    for (int i = 0; i < SESSIONS_OF_USER; i++) {
        const char *cookie = a_session(y, &user, NOW_MS);
        second = second ? second : cookie;
    }
    assert_false(is_in(y, oldest, NOW_MS));
    assert_true(is_in(y, second, NOW_MS));
}

static void the_value_of_a_page_belongs_to_one_session(void **state)
{
    struct yard *y = *state;
    struct user_row user = a_user(y, "bob");
    const char *one = a_session(y, &user, NOW_MS), *two = a_session(y, &user, NOW_MS);
    assert_true(session_csrf_fits(y->a, one, session_csrf(y->a, one)));
    assert_false(session_csrf_fits(y->a, one, session_csrf(y->a, two)));
    assert_false(session_csrf_fits(y->a, one, one));
    assert_false(session_csrf_fits(y->a, one, ""));
    assert_false(session_csrf_fits(y->a, one, NULL));
}

static void the_setup_token_is_there_until_there_is_a_user(void **state)
{
    struct yard *y = *state;
    const char *directory = bench_path(y->b, "data"), *path, *again;
    struct stat status;
    size_t size;
    assert_ok(y, setup_begin(y->s, y->a, directory, &path, &y->err));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    char *token = bench_read(y->b, "data/setup-token", &size);
    token[size - 1] = '\0';
    assert_ok(y, setup_begin(y->s, y->a, directory, &again, &y->err)); /* a restart changes nothing */
    assert_ok(y, setup_check(directory, token, &y->err));
    assert_err(y, ERR_PERMISSION, setup_check(directory, "", &y->err));
    assert_err(y, ERR_PERMISSION, setup_check(directory, token + 1, &y->err));
    a_user(y, "ann");
    assert_ok(y, setup_begin(y->s, y->a, directory, &path, &y->err));
    assert_null(path);
    assert_err(y, ERR_PERMISSION, setup_check(directory, token, &y->err));
    assert_ok(y, setup_end(directory, &y->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(passwords_that_are_guessed_first_are_refused),
        yard_test(failures_make_the_user_wait_longer_each_time),
        yard_test(success_forgives_the_user_but_not_where_others_were_guessed_from),
        yard_test(one_ipv6_network_is_one_source),
        yard_test(a_session_ends_when_it_is_idle_and_when_it_is_old),
        yard_test(a_session_ends_with_its_user),
        yard_test(only_so_many_sessions_of_a_user_are_kept),
        yard_test(the_value_of_a_page_belongs_to_one_session),
        yard_test(the_setup_token_is_there_until_there_is_a_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
