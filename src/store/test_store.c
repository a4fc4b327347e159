#include "store/store.h"

#include "store/test_support.h"

#include <sys/stat.h>

static void every_statement_prepares(void **state)
{
    struct yard *y = *state;
    for (unsigned i = 0; i < STATEMENT_COUNT; i++)
        assert_ok(y, db_check(y->db, (enum statement)i, &y->err));
}

static bool meta_put(struct yard *y, const char *name, const char *value)
{
    return db_run(y->db, SQL_META_PUT,
                  VALUES(value_int(yard_id(y)), value_text(""), value_int(1), value_int(0), value_int(0),
                         value_text(name), value_text(value)),
                  NULL, &y->err);
}

static bool reopen_fails(struct yard *y, const struct seal *seal)
{
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    y->err = (struct err){0};
    struct store *none = NULL;
    bool failed = !store_open(bench_path(y->b, "data"), seal, &y->clock.clock, &none, &y->err) && !none;
    store_close(none);
    return failed && y->err.kind == ERR_STORE;
}

static void newer_store_is_refused(void **state)
{
    struct yard *y = *state;
    assert_ok(y, meta_put(y, "version", "1000"));
    yard_reopen(y); /* newer, but this program may still read it */
    assert_ok(y, meta_put(y, "oldest_reader", "999"));
    assert_true(reopen_fails(y, y->seal));
    assert_non_null(strstr(y->err.text, "newer certferry"));
}

static void other_master_key_is_refused(void **state)
{
    struct yard *y = *state;
    cleanup(seal_free_p) struct seal *other = NULL;
    assert_ok(y, seal_load(bench_path(y->b, "other.key"), true, &other, &y->err));
    assert_true(reopen_fails(y, other));
    assert_non_null(strstr(y->err.text, seal_key_id(other)));
    assert_non_null(strstr(y->err.text, "--master-key"));
}

static void foreign_file_is_refused(void **state)
{
    struct yard *y = *state;
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    bench_write(y->b, "data/certferry.db", "this is no database, whatever its name says", 43);
    assert_true(reopen_fails(y, y->seal));
}

/* A process that died between making the file and its first commit. */
static void empty_file_is_a_new_store(void **state)
{
    struct yard *y = *state;
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    bench_write(y->b, "data/certferry.db", "", 0);
    yard_reopen(y);
    every_statement_prepares(state);
}

static void directory_that_cannot_be_is_refused(void **state)
{
    struct yard *y = *state;
    struct store *none = NULL;
    bench_write(y->b, "file", "x", 1);
    assert_false(store_open(bench_path(y->b, "file/data"), y->seal, &y->clock.clock, &none, &y->err));
    assert_non_null(strstr(y->err.text, "file"));
    assert_null(none);
}

static void files_are_ours_alone(void **state)
{
    struct yard *y = *state;
    static const char *const names[] = {"data/certferry.db", "data/certferry.db-wal",
                                        "data/certferry.db-shm"};
    for (size_t i = 0; i < countof(names); i++) {
        struct stat status;
        assert_int_equal(stat(bench_path(y->b, names[i]), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void migration_cut_short_leaves_nothing(void **state)
{
    struct yard *y = *state;
    assert_ok(y, db_run(y->db, SQL_BEGIN, NULL, 0, NULL, &y->err));
    assert_ok(y, db_script(y->db, "CREATE TABLE half (id $INT PRIMARY KEY, word $TEXT NOT NULL) $TABLE;",
                           &y->err));
    assert_err(y, ERR_STORE, db_script(y->db, "CREATE TABLE other (id $INT; nonsense", &y->err));
    db_rollback(y->db);
    assert_err(y, ERR_STORE, db_script(y->db, "INSERT INTO half VALUES (1, 'x')", &y->err));
}

/* The schema as it was before owners and quota. */
static const char *const schema_5[] = {
#include "store/schema_001.inc"
    ,
#include "store/schema_002.inc"
    ,
#include "store/schema_003.inc"
    ,
#include "store/schema_004.inc"
    ,
#include "store/schema_005.inc"
};

static void store_of_version_5(struct yard *y, const struct certificate_row *cert,
                               const struct access_row *access, const struct copy_row *copy)
{
    struct db *old = NULL;
    cleanup(secret_free_p) struct secret *key = secret_new("THE-KEY", 7);
    assert_ok(y, file_make_directory(bench_path(y->b, "old"), &y->err));
    assert_ok(y, db_open(bench_path(y->b, "old"), DB_WRITER, y->s, &old, &y->err));
    for (size_t i = 0; i < countof(schema_5); i++)
        assert_ok(y, db_script(old, schema_5[i], &y->err));
    y->db = db_close(y->db);
    y->db = old;
    assert_ok(y, meta_put(y, "version", "5"));
    assert_ok(y, meta_put(y, "oldest_reader", "5"));
    assert_ok(y, meta_put(y, "master_key", seal_key_id(y->seal)));
    assert_ok(y, store_certificate_add(old, cert, key, NULL, &y->err));
    assert_ok(y, store_access_add(old, access, key, NULL, &y->err));
    assert_ok(y, store_copy_put(old, copy, &y->err));
    assert_ok(y, db_script(old, "UPDATE copy SET brought = 1", &y->err)); /* nobody counted that then */
}

static void certificates_keys_and_copies_survive_the_migration(void **state)
{
    struct yard *y = *state;
    struct certificate_row cert = yard_certificate(y, "site", "fp"), got;
    struct access_row access = yard_access(y, "prod");
    struct copy_row copy = {.id = yard_id(y),
                            .access_id = access.id,
                            .certificate_id = cert.id,
                            .vendor_store = "cas",
                            .ref = "17",
                            .name = "certferry-fp",
                            .created_ms = NOW_MS},
                    kept;
    struct secret *key = NULL;
    store_of_version_5(y, &cert, &access, &copy);
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    assert_ok(y, store_open(bench_path(y->b, "old"), y->seal, &y->clock.clock, &y->s, &y->err));
    assert_ok(y, db_open(bench_path(y->b, "old"), DB_WRITER, y->s, &y->db, &y->err));
    assert_ok(y, store_certificate_by_fingerprint(y->db, y->a, "fp", cert.owner, &got, &y->err));
    assert_ok(y, store_certificate_key(y->db, y->a, got.id, &key, NULL, &y->err));
    assert_string_equal(secret_bytes(key), "THE-KEY");
    assert_string_equal(got.domains, cert.domains);
    assert_ok(y, store_copy_find(y->db, y->a, access.id, cert.id, "cas", &kept, &y->err));
    assert_string_equal(kept.ref, "17");
    assert_true(kept.brought);
    assert_ok(y, store_certificate_delete(y->db, cert.id, &y->err)); /* its copies still go with it */
    assert_err(y, ERR_NOT_FOUND, store_copy_find(y->db, y->a, access.id, cert.id, "cas", &kept, &y->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(every_statement_prepares),
        yard_test(newer_store_is_refused),
        yard_test(other_master_key_is_refused),
        yard_test(foreign_file_is_refused),
        yard_test(empty_file_is_a_new_store),
        yard_test(directory_that_cannot_be_is_refused),
        yard_test(files_are_ours_alone),
        yard_test(migration_cut_short_leaves_nothing),
        yard_test(certificates_keys_and_copies_survive_the_migration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
