/* store.h - the database: one writer with group commit, several readers, migrations.
 *
 * SQLite in WAL mode with synchronous=FULL. All writes go through store_write: the work function runs inside a
 * savepoint on whichever thread leads the group; the call returns after the commit is on disk. Work functions are
 * short (no cloud, no waiting) and may run only the aggregate's functions on the `db` they are given. Reads take a
 * connection of the reader pool by store_read; they see the last commit.
 * Rows: every aggregate has a header store/<aggregate>.h with its struct and functions; text in a row that a load
 * returns lives in the arena given. Ids come from the program (crypto/digest.h: random_id, made roughly ascending in
 * time by store_new_id) and are below 2^53. Adding a row gives it version 1 and, where created_ms is 0, the time of
 * the store's clock; every change sets updated_ms and raises the version by one. NULL texts are kept as "".
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/histogram.h"
#include "crypto/seal.h"

struct store;
struct db; /* one connection inside a store_write or store_read */

/* Opens or makes DIR/certferry.db and brings its schema to this program's version. Refuses a store whose
 * oldest_reader is newer than this program, or whose master key is another one (ERR_STORE, saying what to do).
 * The seal and the clock are borrowed until store_close.
 */
must_use bool store_open(const char *directory, const struct seal *seal, const struct clock *clock,
                         struct store **ret, struct err *err);
struct store *store_close(struct store *s); /* checkpoints the WAL */

typedef bool store_fn(struct db *db, void *context, struct err *err);

/* Runs fn in the next group commit; false and rolled back (that fn alone) when fn fails. Any thread. */
must_use bool store_write(struct store *s, store_fn *fn, void *context, struct err *err);
must_use bool store_read(struct store *s, store_fn *fn, void *context, struct err *err);

/* A new row id: 41 bits of milliseconds, the rest random: lists by id are lists by time. Any thread. */
int64_t store_new_id(struct store *s);

/* Calls fn(context) after every commit, on the committing thread; it must be quick (set a flag, wake somebody). One
 * listener, set before other threads start.
 */
void store_on_commit(struct store *s, void (*fn)(void *context), void *context);

/* How long reads and writes took, with the wait for their turn. Any thread. */
struct store_latency {
    struct histogram read, write;
};
struct store_latency store_latency_now(struct store *s);

const struct clock *store_clock(const struct store *s);
const struct seal *store_seal(const struct store *s);

/* How a list is asked for: rows after the cursor (0: from the newest), newest first, at most limit. */
struct page {
    int64_t before_id; /* 0: from the newest */
    size_t limit;      /* 1-1000 */
};
