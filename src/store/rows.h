/* rows.h - rows as structs: the one place that moves columns into members and back. Internal to store/. */
#pragma once
#include "base/secret.h"
#include "store/columns.h"
#include "store/db.h"

enum field_type { FIELD_INT, FIELD_UNSIGNED, FIELD_BOOL, FIELD_REAL, FIELD_TEXT, FIELD_WORD };

struct field {
    enum field_type type;
    size_t offset;
    const char *const *words; /* of an enum kept as its word */
    size_t word_count;
};

struct table {
    const char *noun; /* for "certificate 12 does not exist" */
    const struct field *fields;
    size_t field_count;
    size_t row_bytes;
};

enum { ROW_FIELDS_MAX = 64 };

#define FIELD(t, row, member)                                                                                \
    {                                                                                                        \
        .type = FIELD_##t, .offset = offsetof(row, member)                                                   \
    }
#define TABLE(n, row, f)                                                                                     \
    {                                                                                                        \
        .noun = (n), .fields = (f), .field_count = countof(f), .row_bytes = sizeof(row)                      \
    }

/* The members of a row as parameters, field i as $i+1. */
void row_values(const struct field *fields, size_t count, const void *row, struct value *ret);

/* The one row of a statement that selects the table's columns; ERR_NOT_FOUND where there is none, in words that
 * name `what`.
 */
must_use bool row_one(struct db *db, enum statement statement, const struct value *values, size_t count,
                      struct arena *a, const struct table *table, const char *what, void *ret,
                      struct err *err);
must_use bool row_all(struct db *db, enum statement statement, const struct value *values, size_t count,
                      struct arena *a, const struct table *table, void **ret, size_t *ret_count,
                      struct err *err);

/* The first column of every row, as numbers. */
must_use bool row_ids(struct db *db, enum statement statement, const struct value *values, size_t count,
                      struct arena *a, int64_t **ret, size_t *ret_count, struct err *err);

/* A row by what people type: its id, else its name; ERR_INPUT where several have the name. */
must_use bool row_find(struct db *db, enum statement by_id, enum statement by_name, struct arena *a,
                       const struct table *table, const char *id_or_name, void *ret, struct err *err);

/* Runs an UPDATE or DELETE that has to meet exactly the row `id`: ERR_NOT_FOUND where it does not exist. */
must_use bool row_change(struct db *db, enum statement statement, const struct value *values, size_t count,
                         const struct table *table, int64_t id, struct err *err);

/* The same with a version in its WHERE: ERR_CONFLICT where the row has another one; `version_of` selects it by id. */
must_use bool row_change_version(struct db *db, enum statement statement, const struct value *values,
                                 size_t count, enum statement version_of, const struct table *table,
                                 int64_t id, struct err *err);

/* A page's cursor and limit as parameters. */
struct value page_cursor(const struct page *page);
struct value page_limit(const struct page *page);

/* A LIKE pattern (ESCAPE '!') that finds the text anywhere, in lower case; "" for no text. */
const char *row_pattern(struct arena *a, const char *text);

/* How many rows a statement without limit has, then one page of them. The last two of `values` are limit and offset, which the
 * counting statement does without.
 */
must_use bool row_numbered(struct db *db, enum statement statement, enum statement counting,
                           const struct value *values, size_t count, struct arena *a,
                           const struct table *table, void **ret, size_t *ret_count, int64_t *ret_total,
                           struct err *err);

/* Sealed columns: the identity is "<noun>/<id>/<column>". A NULL secret is NULL in the database and back. */
struct value row_seal(struct db *db, struct arena *a, const char *noun, int64_t id, const char *column,
                      const void *data, size_t size);
struct value row_seal_secret(struct db *db, struct arena *a, const char *noun, int64_t id, const char *column,
                             const struct secret *secret);
must_use bool row_open(const struct query *q, struct arena *a, unsigned column_index, const char *noun,
                       int64_t id, const char *column, struct secret **ret, struct err *err);

/* A question that answers rows of (id, name, detail) where something needs the row asked about; it becomes the
 * sentence `noun "name" (id) lead detail tail`.
 */
struct need {
    enum statement statement;
    const char *noun, *lead, *tail;
};
/* The first need that holds for the row `id`; NULL in *ret_reason when none does. */
must_use bool row_needed(struct db *db, struct arena *a, const struct need *needs, size_t count, int64_t id,
                         const char **ret_reason, struct err *err);
