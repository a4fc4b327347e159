/* A disk that is full, read-only, busy or failing, at each call of the database in turn: the caller hears a clear error,
 * what was confirmed stays, and once the disk is well again the same open store goes on.
 */
#include "store/test_vfs.h"

enum { PAIRS = 10, CALLS_MAX = 2000 };

static const struct trouble {
    const char *name;
    unsigned mask;
    int code;
    const char *says; /* a part of the error's text */
} troubles[] = {
    {"full", DISK(DISK_WRITE), SQLITE_FULL, "full; free some space"},
    {"full, met by the log's index", DISK(DISK_SHM), SQLITE_IOERR_SHMSIZE, "full; free some space"},
    {"read-only", DISK(DISK_WRITE) | DISK(DISK_TRUNCATE) | DISK(DISK_DELETE), SQLITE_READONLY, "read-only"},
    {"failing writes", DISK(DISK_WRITE), SQLITE_IOERR_WRITE, "cannot be written or read"},
    {"failing synchronisation", DISK(DISK_SYNC), SQLITE_IOERR_FSYNC, "cannot be written or read"},
    {"failing reads", DISK(DISK_READ), SQLITE_IOERR_READ, "cannot be written or read"},
    {"failing truncation", DISK(DISK_TRUNCATE), SQLITE_IOERR_TRUNCATE, "cannot be written or read"},
    {"busy", DISK(DISK_LOCK), SQLITE_BUSY, "another program"},
    {"not to be opened", DISK(DISK_OPEN), SQLITE_CANTOPEN, "cannot be opened"},
};

struct run {
    const struct trouble *trouble;
    int64_t first, most; /* which of the calls fail */
    bool confirmed[PAIRS];
};

static void expect_clear(const struct run *r, const struct err *err)
{
    if (err->kind != ERR_STORE || !strstr(err->text, r->trouble->says))
        fail_msg("%s from call %lld on: %s: %s", r->trouble->name, (long long)r->first,
                 err_kind_name(err->kind), err->text);
}

static void make_trouble(const struct run *r)
{
    disk.mask = r->trouble->mask;
    disk.code = r->trouble->code;
    disk.seen = disk.failed = 0;
    disk.first = r->first;
    disk.most = r->most;
}

/* Opens and writes while the disk is ill; false when it never was, as there are fewer calls. */
static bool ill(struct yard *y, struct run *r, struct store **ret)
{
    static char small[] = "PRAGMA wal_autocheckpoint = 6";
    make_trouble(r);
    y->err = (struct err){0};
    bool opened = store_open(bench_path(y->b, "ill"), y->seal, &y->clock.clock, ret, &y->err);
    if (!opened)
        expect_clear(r, &y->err);
    if (opened && !store_write(*ret, small_log, small, &y->err))
        expect_clear(r, &y->err);
    for (int64_t i = 0; opened && i < PAIRS / 2; i++) {
        r->confirmed[i] = store_write(*ret, put_pair, &i, &y->err);
        if (!r->confirmed[i])
            expect_clear(r, &y->err);
    }
    bool met = disk.failed > 0;
    disk.mask = 0;
    return met;
}

static void well_again(struct yard *y, struct run *r, struct store *s)
{
    if (!s)
        assert_ok(y, store_open(bench_path(y->b, "ill"), y->seal, &y->clock.clock, &s, &y->err));
    for (int64_t i = PAIRS / 2; i < PAIRS; i++) {
        if (!store_write(s, put_pair, &i, &y->err))
            fail_msg("%s at call %lld, then well: %s", r->trouble->name, (long long)r->first, y->err.text);
        r->confirmed[i] = true;
    }
    store_close(s);
}

/* What failed may be there if the disk took it all the same, but never one half of it. */
static void nothing_lost(struct yard *y, const struct run *r)
{
    sqlite3 *handle = disk_look(bench_path(y->b, "ill/certferry.db"));
    for (int64_t i = 0; i < PAIRS; i++) {
        int halves = pair_halves(handle, y->a, i);
        if (halves == 1 || (r->confirmed[i] && halves != HALVES))
            fail_msg("%s at call %lld: pair %lld has %d halves, confirmed: %d", r->trouble->name,
                     (long long)r->first, (long long)i, halves, r->confirmed[i]);
    }
    sqlite3_close(handle);
}

static bool trouble_at(struct yard *y, const struct trouble *trouble, int64_t first, int64_t most)
{
    cleanup(arena_free_p) struct arena *a = arena_new(8 << 20);
    struct run r = {trouble, first, most, {false}};
    struct store *s = NULL;
    struct arena *kept = y->a;
    y->a = a;
    for (size_t i = 0; i < 4; i++) {
        static const char *const files[] = {"", "-wal", "-shm", "-journal"};
        (void)unlink(arena_printf(a, "%s/ill/certferry.db%s", y->b->folder, files[i]));
    }
    bool met = ill(y, &r, &s);
    well_again(y, &r, s);
    nothing_lost(y, &r);
    y->a = kept;
    return met;
}

static void every_call_fails_in_turn(struct yard *y, int64_t most)
{
    disk_begin();
    for (size_t i = 0; i < countof(troubles); i++) {
        int64_t first = 1, step = 1;
        while (trouble_at(y, &troubles[i], first, most)) {
            first += step;
            step = first < 24 ? 1 : 11; /* migrations are many calls of one kind */
            assert_true(first < CALLS_MAX);
        }
        print_message("%s: %lld calls\n", troubles[i].name, (long long)first - 1);
        assert_true(first > 1);
    }
    disk_end();
}

static void a_disk_that_stays_ill_loses_nothing(void **state)
{
    every_call_fails_in_turn(*state, INT64_MAX);
}

static void one_call_that_fails_loses_nothing(void **state)
{
    every_call_fails_in_turn(*state, 1);
}

static bool read_one(struct db *db, void *context, struct err *err)
{
    int64_t version = 0;
    (void)context;
    return db_int(db, SQL_NEWEST_ID, NULL, 0, 0, &version, err);
}

/* Readers are opened when they are wanted first: one that could not be does not take the place of another. */
static void a_reader_that_cannot_be_opened_is_tried_again(void **state)
{
    struct yard *y = *state;
    disk_begin();
    struct store *s = NULL;
    struct run r = {&troubles[countof(troubles) - 1], 1, INT64_MAX, {false}};
    assert_ok(y, store_open(bench_path(y->b, "ill"), y->seal, &y->clock.clock, &s, &y->err));
    make_trouble(&r);
    for (int i = 0; i < 20; i++) {
        assert_false(store_read(s, read_one, NULL, &y->err));
        expect_clear(&r, &y->err);
    }
    disk.mask = 0;
    assert_ok(y, store_read(s, read_one, NULL, &y->err));
    store_close(s);
    disk_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(a_disk_that_stays_ill_loses_nothing),
        yard_test(one_call_that_fails_loses_nothing),
        yard_test(a_reader_that_cannot_be_opened_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
