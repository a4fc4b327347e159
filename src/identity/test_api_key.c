/* API keys and tokens: what is kept of their secrets, when they end, and what they may. */
#include "identity/api_key.h"

#include "crypto/digest.h"
#include "store/test_support.h"
#include <string.h>

static struct api_key_wanted wanted(struct yard *y, const char *name, enum role role)
{
    return (struct api_key_wanted){.id = yard_id(y), .name = name, .role = role};
}

static int64_t an_access(struct yard *y, const char *name)
{
    struct access_row row = yard_access(y, name);
    assert_ok(y, store_access_add(y->db, &row, bench_secret(y->b, "s"), NULL, &y->err));
    return row.id;
}

static void a_key_is_found_by_its_id_with_the_secret_it_was_made_with(void **state)
{
    struct yard *y = *state;
    struct api_key_wanted w = wanted(y, "pipeline", ROLE_OPERATOR);
    struct api_key_row row;
    struct secret *secret;
    struct api_key key;
    assert_ok(y, api_key_create(y->db, y->a, &w, &row, &secret, &y->err));
    assert_int_equal(strlen(row.key_id), API_KEY_ID_CHARACTERS);
    assert_int_equal(secret_size(secret), API_KEY_SECRET_CHARACTERS);
    assert_ok(y, api_key_find(y->db, y->a, row.key_id, NOW_MS, &key, &y->err));
    assert_true(secret_equal(key.secret, secret));
    assert_string_equal(key.caller.name, "pipeline");
    assert_int_equal(key.caller.kind, CALLER_KEY);
    assert_int_equal(key.caller.everywhere, ROLE_OPERATOR);
    assert_false(key.caller.may_export);
    assert_err(y, ERR_NOT_FOUND,
               api_key_find(y->db, y->a, "CFXXXXXXXXXXXXXXXXXXXXXX", NOW_MS, &key, &y->err));
    assert_err(y, ERR_NOT_FOUND, api_key_find(y->db, y->a, "", NOW_MS, &key, &y->err));
}

static void a_token_is_found_by_itself_alone(void **state)
{
    struct yard *y = *state;
    struct api_key_wanted w = wanted(y, "dash", ROLE_VIEWER);
    struct api_key_row row, found;
    struct secret *token;
    struct caller caller;
    assert_ok(y, token_create(y->db, y->a, &w, &row, &token, &y->err));
    assert_ok(y, token_find(y->db, y->a, secret_bytes(token), NOW_MS, &found, &caller, &y->err));
    assert_int_equal(found.id, row.id);
    assert_int_equal(caller.kind, CALLER_TOKEN);
    const char *const others[] = {"",
                                  "cft_",
                                  row.hash,
                                  "cft_0000",
                                  arena_printf(y->a, "%sx", secret_bytes(token)),
                                  arena_printf(y->a, "cft_%0500d", 1)};
    for (size_t i = 0; i < countof(others); i++)
        assert_err(y, ERR_NOT_FOUND, token_find(y->db, y->a, others[i], NOW_MS, &found, &caller, &y->err));
    assert_string_equal(row.hash, sha256_hex(y->a, secret_bytes(token), secret_size(token)));
}

static void a_key_that_ended_is_as_absent_as_none(void **state)
{
    struct yard *y = *state;
    struct api_key_wanted w = wanted(y, "brief", ROLE_ADMIN);
    struct api_key_row row;
    struct secret *secret;
    struct api_key key;
    struct caller caller;
    w.expires_ms = NOW_MS + 1;
    assert_ok(y, api_key_create(y->db, y->a, &w, &row, &secret, &y->err));
    assert_ok(y, api_key_find(y->db, y->a, row.key_id, NOW_MS, &key, &y->err));
    assert_err(y, ERR_NOT_FOUND, api_key_find(y->db, y->a, row.key_id, NOW_MS + 1, &key, &y->err));
    w = wanted(y, "token", ROLE_ADMIN);
    w.expires_ms = NOW_MS + 1;
    assert_ok(y, token_create(y->db, y->a, &w, &row, &secret, &y->err));
    assert_err(y, ERR_NOT_FOUND,
               token_find(y->db, y->a, secret_bytes(secret), NOW_MS + 1, &row, &caller, &y->err));
}

static void a_deleted_key_leaves_no_role_behind(void **state)
{
    struct yard *y = *state;
    struct api_key_wanted w = wanted(y, "gone", ROLE_ADMIN);
    struct api_key_row row;
    struct secret *secret;
    struct api_key key;
    struct role_row *roles;
    size_t count;
    assert_ok(y, api_key_create(y->db, y->a, &w, &row, &secret, &y->err));
    assert_ok(y, store_api_key_delete(y->db, row.id, &y->err));
    assert_err(y, ERR_NOT_FOUND, api_key_find(y->db, y->a, row.key_id, NOW_MS, &key, &y->err));
    assert_ok(y, store_roles_of(y->db, y->a, row.id, &roles, &count, &y->err));
    assert_int_equal(count, 0);
}

static void a_role_in_a_group_counts_at_its_accesses_alone(void **state)
{
    struct yard *y = *state;
    int64_t ours = an_access(y, "ours"), theirs = an_access(y, "theirs");
    struct group_row group = {.id = yard_id(y), .owner = "", .name = "shop"};
    struct api_key_wanted w = wanted(y, "pipeline", ROLE_OPERATOR);
    struct api_key_row row;
    struct secret *secret;
    struct api_key key;
    enum role role;
    assert_ok(y, store_group_add(y->db, &group, &y->err));
    assert_ok(y, store_group_accesses_set(y->db, group.id, (int64_t[]){ours, ours}, 2, &y->err));
    w.group = "shop";
    w.owner = "12";
    assert_ok(y, api_key_create(y->db, y->a, &w, &row, &secret, &y->err));
    assert_ok(y, api_key_find(y->db, y->a, row.key_id, NOW_MS, &key, &y->err));
    assert_int_equal(key.caller.everywhere, ROLE_NONE);
    assert_int_equal(key.caller.highest, ROLE_OPERATOR);
    assert_ok(y, caller_role_at(y->db, &key.caller, ours, &role, &y->err));
    assert_int_equal(role, ROLE_OPERATOR);
    assert_ok(y, caller_role_at(y->db, &key.caller, theirs, &role, &y->err));
    assert_int_equal(role, ROLE_NONE);
    assert_true(caller_sees_owner(&key.caller, "12"));
    assert_false(caller_sees_owner(&key.caller, ""));
    w = wanted(y, "elsewhere", ROLE_VIEWER);
    w.group = "nothing";
    assert_err(y, ERR_NOT_FOUND, api_key_create(y->db, y->a, &w, &row, &secret, &y->err));
}

static void no_secret_of_a_key_or_token_lies_open_in_the_store(void **state)
{
    struct yard *y = *state;
    struct api_key_wanted w = wanted(y, "a", ROLE_VIEWER);
    struct api_key_row row;
    struct secret *secrets[2];
    assert_ok(y, api_key_create(y->db, y->a, &w, &row, &secrets[0], &y->err));
    w = wanted(y, "b", ROLE_VIEWER);
    assert_ok(y, token_create(y->db, y->a, &w, &row, &secrets[1], &y->err));
    static const char *const files[] = {"data/certferry.db", "data/certferry.db-wal"};
    for (size_t i = 0; i < countof(secrets) * countof(files); i++) {
        size_t size;
        const char *bytes = bench_read(y->b, files[i / 2], &size);
        assert_true(size > 1000);
        assert_null(memmem(bytes, size, secret_bytes(secrets[i % 2]), secret_size(secrets[i % 2])));
        assert_null(memmem(bytes, size, secret_bytes(secrets[i % 2]) + 4, 16));
    }
}

static void the_use_of_a_key_is_noted_once_a_minute(void **state)
{
    struct yard *y = *state;
    struct api_key_wanted w = wanted(y, "a", ROLE_VIEWER);
    struct api_key_row row;
    struct secret *secret;
    assert_ok(y, api_key_create(y->db, y->a, &w, &row, &secret, &y->err));
    assert_ok(y, store_api_key_find(y->db, y->a, "a", &row, &y->err));
    assert_true(api_key_use_due(&row, NOW_MS));
    assert_ok(y, store_api_key_used(y->db, row.id, NOW_MS, &y->err));
    assert_ok(y, store_api_key_find(y->db, y->a, "a", &row, &y->err));
    assert_false(api_key_use_due(&row, NOW_MS + 59999));
    assert_true(api_key_use_due(&row, NOW_MS + 60000));
    assert_true(api_key_use_due(&row, NOW_MS - 1)); /* the clock was set back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(a_key_is_found_by_its_id_with_the_secret_it_was_made_with),
        yard_test(a_token_is_found_by_itself_alone),
        yard_test(a_key_that_ended_is_as_absent_as_none),
        yard_test(a_deleted_key_leaves_no_role_behind),
        yard_test(a_role_in_a_group_counts_at_its_accesses_alone),
        yard_test(no_secret_of_a_key_or_token_lies_open_in_the_store),
        yard_test(the_use_of_a_key_is_noted_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
