#include "store/db.h"

#include "base/buf.h"
#include "store/columns.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 5000, SCHEMA_BYTES = 256 << 10 };

struct db {
    struct store *store;
    sqlite3 *handle;
    sqlite3_stmt *prepared[STATEMENT_COUNT];
    enum db_mode mode;
};

/* What differs from PostgreSQL, where these are bigint, text, double precision, bytea and nothing. */
static const struct {
    const char *word, *text;
} words[] = {
    {"$INT", "INTEGER"}, {"$TEXT", "TEXT"},    {"$REAL", "REAL"},
    {"$BLOB", "BLOB"},   {"$TABLE", "STRICT"}, {"$INDEX", "STRICT, WITHOUT ROWID"},
};

static const char *const statement_texts[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [name] = sql,
#include "store/statements.def"
#undef STATEMENT
};

/* What the disk of the data directory does to us, in words that say how to mend it. NULL: it is not the disk. */
static const char *disk_trouble(sqlite3 *handle)
{
    int code = sqlite3_extended_errcode(handle), number = sqlite3_system_errno(handle);
    bool io = (code & 0xff) == SQLITE_IOERR, open = (code & 0xff) == SQLITE_CANTOPEN;
    bool full = (io || open) && (number == ENOSPC || number == EDQUOT);
    if (code == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE || full)
        return "the disk of the data directory is full; free some space";
    if ((code & 0xff) == SQLITE_READONLY || ((io || open) && number == EROFS))
        return "the data directory is read-only for us: mount it for writing, or give its files to this user";
    if (io)
        return "the disk of the data directory cannot be written or read: look into the kernel's log (dmesg)";
    if (open)
        return "the database cannot be opened: the data directory must be there and writable for this user";
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED || code == SQLITE_PROTOCOL)
        return "another program holds the database: end it (`fuser` on its file names it), then try again";
    return NULL;
}

/* A unique column that holds the value already is the caller's to explain; everything else is the store's. */
static bool failed(struct db *db, struct err *err)
{
    const char *text = sqlite3_errmsg(db->handle), *trouble = disk_trouble(db->handle);
    if (trouble)
        return err_set(err, ERR_STORE, "%s (%s)", trouble, text);
    switch (sqlite3_extended_errcode(db->handle)) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return err_set(err, ERR_CONFLICT, "that name exists already: choose another one");
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return err_set(err, ERR_NOT_FOUND, "what it belongs to does not exist");
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return err_set(err, ERR_STORE, "the database file is damaged (%s); restore it from a backup", text);
    default:
        return err_set(err, ERR_STORE, "database: %s", text);
    }
}

static bool prepare(struct db *db, enum statement statement, sqlite3_stmt **ret, struct err *err)
{
    if (!db->prepared[statement] &&
        sqlite3_prepare_v3(db->handle, statement_texts[statement], -1, SQLITE_PREPARE_PERSISTENT,
                           &db->prepared[statement], NULL) != SQLITE_OK)
        return failed(db, err);
    *ret = db->prepared[statement];
    return true;
}

static int bind_one(sqlite3_stmt *stmt, int index, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL:
        return sqlite3_bind_null(stmt, index);
    case VALUE_INT:
        return sqlite3_bind_int64(stmt, index, v->integer);
    case VALUE_REAL:
        return sqlite3_bind_double(stmt, index, v->real);
    case VALUE_TEXT:
        return sqlite3_bind_text64(stmt, index, v->data, v->size, SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BLOB:
        return sqlite3_bind_blob64(stmt, index, v->data, v->size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

/* By name: SQLite numbers $1, $2, ... by where they first appear. */
static bool bind_all(struct db *db, sqlite3_stmt *stmt, const struct value *values, size_t count,
                     struct err *err)
{
    assert((size_t)sqlite3_bind_parameter_count(stmt) == count);
    for (size_t i = 0; i < count; i++) {
        char name[16];
        sqlite3_snprintf(sizeof name, name, "$%d", (int)i + 1);
        int index = sqlite3_bind_parameter_index(stmt, name);
        assert(index > 0);
        if (bind_one(stmt, index, &values[i]) != SQLITE_OK)
            return failed(db, err);
    }
    return true;
}

bool query_open(struct db *db, enum statement statement, const struct value *values, size_t count,
                struct query *ret, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    if (!prepare(db, statement, &stmt, err))
        return false;
    assert(!sqlite3_stmt_busy(stmt));
    if (!bind_all(db, stmt, values, count, err)) {
        sqlite3_clear_bindings(stmt);
        return false;
    }
    *ret = (struct query){.handle = stmt, .db = db};
    return true;
}

bool query_next(struct query *q, bool *ret_row, struct err *err)
{
    int result = sqlite3_step(q->handle);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return failed(q->db, err);
    *ret_row = result == SQLITE_ROW;
    return true;
}

int64_t query_int(const struct query *q, unsigned column)
{
    return sqlite3_column_int64(q->handle, (int)column);
}

double query_real(const struct query *q, unsigned column)
{
    return sqlite3_column_double(q->handle, (int)column);
}

const char *query_text(const struct query *q, struct arena *a, unsigned column)
{
    const unsigned char *text = sqlite3_column_text(q->handle, (int)column);
    int size = sqlite3_column_bytes(q->handle, (int)column);
    return text && size > 0 ? arena_copy(a, text, (size_t)size) : "";
}

const void *query_blob(const struct query *q, struct arena *a, unsigned column, size_t *ret_size)
{
    const void *data = sqlite3_column_blob(q->handle, (int)column);
    size_t size = (size_t)sqlite3_column_bytes(q->handle, (int)column);
    *ret_size = size;
    return data ? arena_copy(a, data, size) : NULL;
}

void query_close(struct query *q)
{
    if (!q->handle)
        return;
    sqlite3_reset(q->handle);
    sqlite3_clear_bindings(q->handle);
    q->handle = NULL;
}

bool db_run(struct db *db, enum statement statement, const struct value *values, size_t count,
            int64_t *ret_changes, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, statement, values, count, &q, err) || !query_next(&q, &row, err))
        return false;
    if (ret_changes)
        *ret_changes = sqlite3_changes64(db->handle);
    return true;
}

bool db_int(struct db *db, enum statement statement, const struct value *values, size_t count,
            int64_t fallback, int64_t *ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, statement, values, count, &q, err) || !query_next(&q, &row, err))
        return false;
    *ret = row ? query_int(&q, 0) : fallback;
    return true;
}

struct store *db_store(const struct db *db)
{
    return db->store;
}

int64_t db_now_ms(const struct db *db)
{
    return clock_wall_ms(store_clock(db->store));
}

bool db_check(struct db *db, enum statement statement, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    return prepare(db, statement, &stmt, err) || err_add(err, "%s", statement_texts[statement]);
}

bool db_in_transaction(const struct db *db)
{
    return !sqlite3_get_autocommit(db->handle);
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static bool execute(struct db *db, const char *sql, struct err *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || failed(db, err);
}

bool db_has_tables(struct db *db, bool *ret, struct err *err)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db->handle, "SELECT 1 FROM sqlite_schema LIMIT 1", -1, &stmt, NULL) != SQLITE_OK)
        return failed(db, err);
    int result = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return failed(db, err);
    *ret = result == SQLITE_ROW;
    return true;
}

static size_t word_at(const char *text, const char **ret_text)
{
    for (size_t i = 0; i < countof(words); i++) {
        size_t size = strlen(words[i].word);
        if (strncmp(text, words[i].word, size) == 0) {
            *ret_text = words[i].text;
            return size;
        }
    }
    return 0;
}

bool db_script(struct db *db, const char *text, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(4 * SCHEMA_BYTES);
    struct buf sql = buf_new(a, SCHEMA_BYTES);
    while (*text) {
        const char *replaced;
        size_t size = *text == '$' ? word_at(text, &replaced) : 0;
        if (size)
            buf_puts(&sql, replaced);
        else
            buf_putc(&sql, *text);
        text += size ? size : 1;
    }
    assert(!sql.full);
    return execute(db, sql.data, err);
}

/* Made here with a mode of ours; SQLite gives the same one to the files beside it. */
static bool make_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_STORE, "cannot open %s: %m", path);
    close(fd);
    return true;
}

/* WAL is a property of the file; the rest is of the connection. NORMAL would lose the last commits with the power. The
 * caches are small, as there is one a connection and the kernel keeps the pages, too.
 */
static bool configure(struct db *db, struct err *err)
{
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    if (db->mode == DB_READER)
        return execute(db, "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -512;",
                       err);
    return execute(db,
                   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                   "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096; PRAGMA secure_delete = ON;",
                   err);
}

bool db_open(const char *directory, enum db_mode mode, struct store *s, struct db **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 10);
    char *path = arena_printf(a, "%s/certferry.db", directory);
    if (mode == DB_WRITER && !make_file(path, err))
        return false;
    struct db *db = calloc(1, sizeof *db);
    if (!db)
        return err_set(err, ERR_STORE, "out of memory");
    *db = (struct db){.store = s, .mode = mode};
    /* A reader too opens for writing: the shared memory of the log is written by everyone; query_only holds it back. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(path, &db->handle, flags, NULL) == SQLITE_OK || failed(db, err);
    if (!ok || !configure(db, err)) {
        db_close(db);
        return err_add(err, "open %s", path);
    }
    *ret = db;
    return true;
}

struct db *db_close(struct db *db)
{
    if (!db)
        return NULL;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(db->prepared[i]);
    if (db->handle && db->mode == DB_WRITER)
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_close_v2(db->handle);
    free(db);
    return NULL;
}
