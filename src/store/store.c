#include "store/store.h"

#include "base/file.h"
#include "crypto/digest.h"
#include "store/rows.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    READERS_MAX = 8,
    GROUP_MS = 40, /* a group takes no further work after this; with the commit it stays under 50 ms */
    ID_RANDOM_BITS = 12,
};
static const int64_t ID_EPOCH_MS = 1704067200000; /* 2024-01-01: 41 bits reach into 2093 */

/* Migrations, in order. `oldest_reader` is the oldest program, by the number of its last migration, that may still
 * work on a store after this one.
 */
static const struct migration {
    int64_t version, oldest_reader;
    const char *text;
} migrations[] = {
    {
        1,
        1,
#include "store/schema_001.inc"
    },
    {
        2,
        2,
#include "store/schema_002.inc"
    },
    {
        3,
        3,
#include "store/schema_003.inc"
    },
    {
        4,
        3,
#include "store/schema_004.inc"
    },
    {
        5, 5, /* who does not know of `brought` would leave it to a certificate that was found */
#include "store/schema_005.inc"
    },
    {
        6, 6, /* who does not know of contacts cannot read a selection that names some */
#include "store/schema_006.inc"
    },
    {
        7, 7, /* who does not know of waiting deployments would call their task done */
#include "store/schema_007.inc"
    },
    {
        8, 8, /* who does not know of quota would charge none */
#include "store/schema_008.inc"
    },
    {
        9,
        8,
#include "store/schema_009.inc"
    },
    {
        10,
        8,
#include "store/schema_010.inc"
    },
    {
        11, 8, /* who does not know of rooms counts nothing, and the next synchronisation does */
#include "store/schema_011.inc"
    },
    {
        12, 8, /* who knows no API keys serves none */
#include "store/schema_012.inc"
    },
    {
        13, 8, /* nonces are used by who serves signed requests, and only there */
#include "store/schema_013.inc"
    },
    {
        14,
        8,
#include "store/schema_014.inc"
    },
    {
        15, 15, /* who does not know of the audit would change things without a trace */
#include "store/schema_015.inc"
    },
    {
        16, 16, /* who does not know of a second person would start without it */
#include "store/schema_016.inc"
    },
};

/* One caller of store_write, on its stack while it waits. */
struct work {
    store_fn *fn;
    void *context;
    struct err *err;
    struct work *next;
    bool ok, done;
};

struct store {
    const struct seal *seal;
    const struct clock *clock;
    char *directory;

    pthread_mutex_t write_mutex; /* guards queue, leading and the done of every work */
    pthread_cond_t write_turn;
    struct work *first, **last;
    bool leading; /* somebody runs a group; only that thread touches the writer */
    struct db *writer;

    pthread_mutex_t read_mutex; /* guards idle and reader counts */
    pthread_cond_t read_turn;
    struct db *idle[READERS_MAX];
    size_t idle_count, reader_count;

    pthread_mutex_t latency_mutex; /* guards latency */
    struct store_latency latency;

    void (*on_commit)(void *context);
    void *on_commit_context;
    int64_t last_id; /* atomic */
};

static bool meta_get(struct db *db, struct arena *a, const char *name, const char **ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, SQL_META_GET, VALUES(value_text(name)), &q, err) || !query_next(&q, &row, err))
        return false;
    *ret = row ? query_text(&q, a, 0) : "";
    return true;
}

static bool meta_put(struct db *db, const char *name, const char *value, struct err *err)
{
    int64_t now = db_now_ms(db);
    return db_run(db, SQL_META_PUT,
                  VALUES(value_int(store_new_id(db_store(db))), value_text(""), value_int(1), value_int(now),
                         value_int(now), value_text(name), value_text(value)),
                  NULL, err);
}

static bool meta_put_number(struct db *db, struct arena *a, const char *name, int64_t value, struct err *err)
{
    return meta_put(db, name, arena_printf(a, "%lld", (long long)value), err);
}

static bool run_migration(struct db *db, struct arena *a, const struct migration *m, struct err *err)
{
    if (!db_script(db, m->text, err) || !meta_put_number(db, a, "version", m->version, err) ||
        !meta_put_number(db, a, "oldest_reader", m->oldest_reader, err))
        return err_add(err, "bring the store to version %lld", (long long)m->version);
    return true;
}

/* Whether this program may work on the store, and which version it has; 0: empty. */
static bool check_version(struct db *db, struct arena *a, int64_t *ret_version, struct err *err)
{
    bool tables;
    if (!db_has_tables(db, &tables, err))
        return false;
    if (!tables) {
        *ret_version = 0;
        return true;
    }
    const char *version, *oldest_reader;
    if (!meta_get(db, a, "version", &version, err) || !meta_get(db, a, "oldest_reader", &oldest_reader, err))
        return err_add(err, "this is not a store of certferry");
    int64_t ours = migrations[countof(migrations) - 1].version;
    if (strtoll(oldest_reader, NULL, 10) > ours)
        return err_set(
            err, ERR_STORE,
            "the store was written by a newer certferry (version %s, readable from %s on; this program "
            "knows %lld); use that program, or restore a backup made before",
            version, oldest_reader, (long long)ours);
    *ret_version = strtoll(version, NULL, 10);
    return *ret_version > 0 || err_set(err, ERR_STORE, "the store has no version; restore it from a backup");
}

static bool check_master_key(struct db *db, struct arena *a, const struct seal *seal, struct err *err)
{
    const char *key_id;
    if (!meta_get(db, a, "master_key", &key_id, err))
        return false;
    if (!*key_id)
        return meta_put(db, "master_key", seal_key_id(seal), err);
    if (strcmp(key_id, seal_key_id(seal)) != 0)
        return err_set(
            err, ERR_STORE,
            "the master key does not belong to this store: its secrets are sealed with key %s, the key file "
            "given holds %s; give the file of that key (--master-key FILE)",
            key_id, seal_key_id(seal));
    return true;
}

/* Each migration is a transaction of its own, so that a crash between two leaves a version that goes on from there. */
static bool migrate(struct db *db, const struct seal *seal, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    int64_t version = 0;
    if (!check_version(db, a, &version, err))
        return false;
    for (size_t i = 0; i < countof(migrations); i++) {
        if (migrations[i].version <= version)
            continue;
        if (!db_run(db, SQL_BEGIN, NULL, 0, NULL, err))
            return false;
        if (!run_migration(db, a, &migrations[i], err) || !check_master_key(db, a, seal, err) ||
            !db_run(db, SQL_COMMIT, NULL, 0, NULL, err)) {
            db_rollback(db);
            return false;
        }
    }
    return check_master_key(db, a, seal, err);
}

/* Ids go on after the newest there is, also when the clock was set back since. */
static bool resume_ids(struct store *s, struct err *err)
{
    int64_t newest = 0;
    if (!db_int(s->writer, SQL_NEWEST_ID, NULL, 0, 0, &newest, err))
        return false;
    s->last_id = int64_max(s->last_id, newest);
    return true;
}

bool store_open(const char *directory, const struct seal *seal, const struct clock *clock, struct store **ret,
                struct err *err)
{
    if (!file_make_directory(directory, err))
        return false;
    struct store *s = calloc(1, sizeof *s);
    char *copy = strdup(directory);
    assert(s && copy);
    *s = (struct store){.seal = seal, .clock = clock, .directory = copy};
    s->last = &s->first;
    pthread_mutex_init(&s->write_mutex, NULL);
    pthread_mutex_init(&s->read_mutex, NULL);
    pthread_mutex_init(&s->latency_mutex, NULL);
    pthread_cond_init(&s->write_turn, NULL);
    pthread_cond_init(&s->read_turn, NULL);
    if (!db_open(directory, DB_WRITER, s, &s->writer, err) || !migrate(s->writer, seal, err) ||
        !resume_ids(s, err)) {
        store_close(s);
        return err_add(err, "store %s", directory);
    }
    *ret = s;
    return true;
}

struct store *store_close(struct store *s)
{
    if (!s)
        return NULL;
    assert(!s->first && s->idle_count == s->reader_count);
    for (size_t i = 0; i < s->idle_count; i++)
        db_close(s->idle[i]);
    db_close(s->writer);
    pthread_cond_destroy(&s->read_turn);
    pthread_cond_destroy(&s->write_turn);
    pthread_mutex_destroy(&s->latency_mutex);
    pthread_mutex_destroy(&s->read_mutex);
    pthread_mutex_destroy(&s->write_mutex);
    free(s->directory);
    free(s);
    return NULL;
}

/* Runs one work in its savepoint. False when the connection itself failed, so that the whole group is lost. */
static bool run_work(struct db *db, struct work *work, struct err *err)
{
    if (!db_run(db, SQL_SAVEPOINT, NULL, 0, NULL, err))
        return false;
    work->ok = work->fn(db, work->context, work->err);
    if (!db_in_transaction(db)) /* SQLite gives up the transaction by itself when the disk fails */
        return err_set(err, ERR_STORE, "the database gave up the transaction");
    if (!work->ok && !db_run(db, SQL_ROLLBACK_TO, NULL, 0, NULL, err))
        return false;
    return db_run(db, SQL_RELEASE, NULL, 0, NULL, err);
}

static bool run_group(struct store *s, struct work *group, struct work **ret_rest, struct err *err)
{
    struct db *db = s->writer;
    int64_t end_ms = clock_monotonic_ms(&clock_system) + GROUP_MS;
    struct work *work = group;
    bool ok = db_run(db, SQL_BEGIN, NULL, 0, NULL, err);
    while (ok && work) {
        ok = run_work(db, work, err);
        work = work->next;
        if (clock_monotonic_ms(&clock_system) >= end_ms)
            break;
    }
    *ret_rest = ok ? work : NULL;
    if (ok && db_run(db, SQL_COMMIT, NULL, 0, NULL, err))
        return true;
    db_rollback(db);
    return err_add(err, "commit");
}

static void fail_group(struct work *group, const struct work *rest, const struct err *err)
{
    for (struct work *work = group; work != rest; work = work->next) {
        if (work->ok || !work->err || work->err->kind == ERR_NONE)
            err_set(work->err, ERR_STORE, "%s", err->text);
        work->ok = false;
    }
}

/* Called with the mutex held, as the leader: takes what waits, runs it, and puts back what was out of time. */
static void lead(struct store *s)
{
    struct work *group = s->first, *rest;
    struct work **last = s->last;
    s->first = NULL;
    s->last = &s->first;
    s->leading = true;
    pthread_mutex_unlock(&s->write_mutex);
    struct err err = {0};
    bool ok = run_group(s, group, &rest, &err);
    if (!ok)
        fail_group(group, rest, &err);
    if (ok && s->on_commit)
        s->on_commit(s->on_commit_context);
    pthread_mutex_lock(&s->write_mutex);
    for (struct work *work = group, *next; work != rest; work = next) {
        next = work->next; /* once done, the work may be gone with its caller's stack */
        work->done = true;
    }
    if (rest) {
        *last = s->first;
        s->last = s->first ? s->last : last;
        s->first = rest;
    }
    s->leading = false;
    pthread_cond_broadcast(&s->write_turn);
}

static void latency_note(struct store *s, struct histogram *h, int64_t begun_ms)
{
    pthread_mutex_lock(&s->latency_mutex);
    histogram_add(h, clock_monotonic_ms(s->clock) - begun_ms);
    pthread_mutex_unlock(&s->latency_mutex);
}

struct store_latency store_latency_now(struct store *s)
{
    pthread_mutex_lock(&s->latency_mutex);
    struct store_latency latency = s->latency;
    pthread_mutex_unlock(&s->latency_mutex);
    return latency;
}

bool store_write(struct store *s, store_fn *fn, void *context, struct err *err)
{
    struct err ignored = {0};
    int64_t begun_ms = clock_monotonic_ms(s->clock);
    struct work work = {.fn = fn, .context = context, .err = err ? err : &ignored};
    *work.err = (struct err){0};
    pthread_mutex_lock(&s->write_mutex);
    *s->last = &work;
    s->last = &work.next;
    while (!work.done) {
        if (s->leading)
            pthread_cond_wait(&s->write_turn, &s->write_mutex);
        else
            lead(s);
    }
    pthread_mutex_unlock(&s->write_mutex);
    latency_note(s, &s->latency.write, begun_ms);
    return work.ok;
}

static bool take_reader(struct store *s, struct db **ret, struct err *err)
{
    pthread_mutex_lock(&s->read_mutex);
    while (!s->idle_count && s->reader_count == READERS_MAX)
        pthread_cond_wait(&s->read_turn, &s->read_mutex);
    struct db *db = s->idle_count ? s->idle[--s->idle_count] : NULL;
    s->reader_count += !db;
    pthread_mutex_unlock(&s->read_mutex);
    if (db || db_open(s->directory, DB_READER, s, &db, err)) {
        *ret = db;
        return true;
    }
    pthread_mutex_lock(&s->read_mutex);
    s->reader_count--;
    pthread_cond_signal(&s->read_turn);
    pthread_mutex_unlock(&s->read_mutex);
    return false;
}

static void give_reader(struct store *s, struct db *db)
{
    pthread_mutex_lock(&s->read_mutex);
    s->idle[s->idle_count++] = db;
    pthread_cond_signal(&s->read_turn);
    pthread_mutex_unlock(&s->read_mutex);
}

bool store_read(struct store *s, store_fn *fn, void *context, struct err *err)
{
    struct db *db = NULL;
    int64_t begun_ms = clock_monotonic_ms(s->clock);
    if (!take_reader(s, &db, err))
        return false;
    bool ok = db_run(db, SQL_BEGIN, NULL, 0, NULL, err) && fn(db, context, err);
    db_rollback(db);
    give_reader(s, db);
    latency_note(s, &s->latency.read, begun_ms);
    return ok;
}

int64_t store_new_id(struct store *s)
{
    int64_t ms = int64_max(clock_wall_ms(s->clock) - ID_EPOCH_MS, 0);
    int64_t random = random_id() & ((1 << ID_RANDOM_BITS) - 1);
    int64_t candidate = (ms << ID_RANDOM_BITS | random) + (ms == 0);
    int64_t last = __atomic_load_n(&s->last_id, __ATOMIC_RELAXED), id;
    do
        id = int64_max(candidate, last + 1);
    while (!__atomic_compare_exchange_n(&s->last_id, &last, id, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    assert(id < (int64_t)1 << 53);
    return id;
}

void store_on_commit(struct store *s, void (*fn)(void *context), void *context)
{
    s->on_commit = fn;
    s->on_commit_context = context;
}

const struct clock *store_clock(const struct store *s)
{
    return s->clock;
}

const struct seal *store_seal(const struct store *s)
{
    return s->seal;
}
