/* db.h - one connection, as the aggregates use it: what the databases have in common. Internal to store/.
 *
 * Every statement of the program stands in statements.def; a connection prepares each once, when first used. A
 * connection has one user at a time.
 */
#pragma once
#include "store/store.h"

enum statement {
#define STATEMENT(name, sql) name,
#include "store/statements.def"
#undef STATEMENT
    STATEMENT_COUNT
};

enum value_type { VALUE_NULL, VALUE_INT, VALUE_REAL, VALUE_TEXT, VALUE_BLOB };

/* A parameter. Text and bytes are borrowed until the statement ends. */
struct value {
    enum value_type type;
    int64_t integer;
    double real;
    const void *data;
    size_t size;
};

struct value value_int(int64_t integer);
struct value value_text(const char *text); /* NULL is "" */
struct value value_blob(const void *data, size_t size);

/* The parameters $1, $2, ... of a statement: values and their count. */
#define VALUES(...)                                                                                          \
    (const struct value[]){__VA_ARGS__}, sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)

/* One running statement and the row it stands on. Close it before the same statement runs again. */
struct query {
    void *handle; /* NULL: closed */
    struct db *db;
};
must_use bool query_open(struct db *db, enum statement statement, const struct value *values, size_t count,
                         struct query *ret, struct err *err);
/* ERR_CONFLICT where a unique column holds the value already; ERR_STORE otherwise. */
must_use bool query_next(struct query *q, bool *ret_row, struct err *err);
int64_t query_int(const struct query *q, unsigned column); /* columns count from 0 */
double query_real(const struct query *q, unsigned column);
const char *query_text(const struct query *q, struct arena *a, unsigned column); /* "" for NULL */
const void *query_blob(const struct query *q, struct arena *a, unsigned column,
                       size_t *ret_size); /* NULL for NULL */
void query_close(struct query *q);        /* for cleanup() */

/* Runs a statement that returns no rows; ret_changes (may be NULL) is how many it changed. */
must_use bool db_run(struct db *db, enum statement statement, const struct value *values, size_t count,
                     int64_t *ret_changes, struct err *err);

/* The first column of the first row; `fallback` when there is none. */
must_use bool db_int(struct db *db, enum statement statement, const struct value *values, size_t count,
                     int64_t fallback, int64_t *ret, struct err *err);

struct store *db_store(const struct db *db);
int64_t db_now_ms(const struct db *db); /* wall */

/* What store.c asks of a database. */
enum db_mode { DB_WRITER, DB_READER };
must_use bool db_open(const char *directory, enum db_mode mode, struct store *s, struct db **ret,
                      struct err *err);
struct db *db_close(struct db *db); /* accepts NULL; a writer puts its log into the file first */
must_use bool db_has_tables(struct db *db, bool *ret, struct err *err);
/* Runs the statements of a schema file, with its words replaced. */
must_use bool db_script(struct db *db, const char *text, struct err *err);
bool db_in_transaction(const struct db *db);
void db_rollback(struct db *db); /* does nothing outside a transaction */
/* Prepares the statement, as a test does with all of them. */
must_use bool db_check(struct db *db, enum statement statement, struct err *err);
