#include "store/rows.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct value value_int(int64_t integer)
{
    return (struct value){.type = VALUE_INT, .integer = integer};
}

struct value value_text(const char *text)
{
    const char *present = text ? text : "";
    return (struct value){.type = VALUE_TEXT, .data = present, .size = strlen(present)};
}

struct value value_blob(const void *data, size_t size)
{
    return (struct value){.type = data ? VALUE_BLOB : VALUE_NULL, .data = data, .size = size};
}

static struct value value_real(double real)
{
    return (struct value){.type = VALUE_REAL, .real = real};
}

static const char *word_of(const struct field *f, unsigned value)
{
    assert(value < f->word_count);
    return f->words[value];
}

void row_values(const struct field *fields, size_t count, const void *row, struct value *ret)
{
    for (size_t i = 0; i < count; i++) {
        const void *member = (const char *)row + fields[i].offset;
        switch (fields[i].type) {
        case FIELD_INT:
            ret[i] = value_int(*(const int64_t *)member);
            break;
        case FIELD_UNSIGNED:
            ret[i] = value_int(*(const unsigned *)member);
            break;
        case FIELD_BOOL:
            ret[i] = value_int(*(const bool *)member);
            break;
        case FIELD_REAL:
            ret[i] = value_real(*(const double *)member);
            break;
        case FIELD_TEXT:
            ret[i] = value_text(*(const char *const *)member);
            break;
        case FIELD_WORD:
            ret[i] = value_text(word_of(&fields[i], *(const unsigned *)member));
            break;
        }
    }
}

static bool read_word(const struct field *f, const char *word, unsigned *ret, struct err *err)
{
    for (size_t i = 0; i < f->word_count; i++)
        if (strcmp(f->words[i], word) == 0) {
            *ret = (unsigned)i;
            return true;
        }
    return err_set(err, ERR_STORE, "the database holds a state this program does not know: \"%s\"", word);
}

static bool read_field(const struct query *q, struct arena *a, unsigned column, const struct field *f,
                       void *member, struct err *err)
{
    switch (f->type) {
    case FIELD_INT:
        *(int64_t *)member = query_int(q, column);
        return true;
    case FIELD_UNSIGNED:
        *(unsigned *)member = (unsigned)query_int(q, column);
        return true;
    case FIELD_BOOL:
        *(bool *)member = query_int(q, column) != 0;
        return true;
    case FIELD_REAL:
        *(double *)member = query_real(q, column);
        return true;
    case FIELD_TEXT:
        *(const char **)member = query_text(q, a, column);
        return true;
    case FIELD_WORD:
        return read_word(f, query_text(q, a, column), member, err);
    }
    return err_set(err, ERR_INTERNAL, "a column of no known type");
}

static bool read_row(const struct query *q, struct arena *a, const struct table *table, void *row,
                     struct err *err)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *f = &table->fields[i];
        if (!read_field(q, a, (unsigned)i, f, (char *)row + f->offset, err))
            return false;
    }
    return true;
}

bool row_one(struct db *db, enum statement statement, const struct value *values, size_t count,
             struct arena *a, const struct table *table, const char *what, void *ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, statement, values, count, &q, err) || !query_next(&q, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "%s %s does not exist", table->noun, what);
    void *read = arena_alloc(a, table->row_bytes);
    if (!read_row(&q, a, table, read, err))
        return false;
    memcpy(ret, read, table->row_bytes);
    return true;
}

bool row_all(struct db *db, enum statement statement, const struct value *values, size_t count,
             struct arena *a, const struct table *table, void **ret, size_t *ret_count, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    if (!query_open(db, statement, values, count, &q, err))
        return false;
    void *rows = NULL;
    size_t row_count = 0, capacity = 0;
    for (bool row;;) {
        if (!query_next(&q, &row, err))
            return false;
        if (!row)
            break;
        if (!read_row(&q, a, table, arena_push(a, &rows, &row_count, &capacity, table->row_bytes), err))
            return false;
    }
    *ret = rows;
    *ret_count = row_count;
    return true;
}

/* An id as people type it: digits alone, in range. */
static bool read_id(const char *text, int64_t *ret)
{
    if (text[0] < '1' || text[0] > '9' || strlen(text) > 16)
        return false;
    char *end;
    long long id = strtoll(text, &end, 10);
    *ret = id;
    return *end == '\0';
}

bool row_ids(struct db *db, enum statement statement, const struct value *values, size_t count,
             struct arena *a, int64_t **ret, size_t *ret_count, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    void *items = NULL;
    size_t found = 0, capacity = 0;
    if (!query_open(db, statement, values, count, &q, err))
        return false;
    for (bool row;;) {
        if (!query_next(&q, &row, err))
            return false;
        if (!row)
            break;
        *(int64_t *)arena_push(a, &items, &found, &capacity, sizeof(int64_t)) = query_int(&q, 0);
    }
    *ret = items;
    *ret_count = found;
    return true;
}

bool row_find(struct db *db, enum statement by_id, enum statement by_name, struct arena *a,
              const struct table *table, const char *id_or_name, void *ret, struct err *err)
{
    int64_t id;
    if (read_id(id_or_name, &id)) {
        struct err absent;
        if (row_one(db, by_id, VALUES(value_int(id)), a, table, id_or_name, ret, &absent))
            return true;
        if (absent.kind != ERR_NOT_FOUND)
            return err_set(err, absent.kind, "%s", absent.text);
    }
    void *rows;
    size_t count;
    if (!row_all(db, by_name, VALUES(value_text(id_or_name)), a, table, &rows, &count, err))
        return false;
    if (count == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no %s with the id or name \"%s\"", table->noun,
                       id_or_name);
    if (count > 1)
        return err_set(err, ERR_INPUT, "more than one %s is named \"%s\"; give its id", table->noun,
                       id_or_name);
    memcpy(ret, rows, table->row_bytes);
    return true;
}

bool row_change(struct db *db, enum statement statement, const struct value *values, size_t count,
                const struct table *table, int64_t id, struct err *err)
{
    int64_t changes;
    if (!db_run(db, statement, values, count, &changes, err))
        return false;
    return changes > 0 || err_set(err, ERR_NOT_FOUND, "%s %lld does not exist", table->noun, (long long)id);
}

bool row_change_version(struct db *db, enum statement statement, const struct value *values, size_t count,
                        enum statement version_of, const struct table *table, int64_t id, struct err *err)
{
    int64_t changes, version;
    if (!db_run(db, statement, values, count, &changes, err))
        return false;
    if (changes > 0)
        return true;
    if (!db_int(db, version_of, VALUES(value_int(id)), 0, &version, err))
        return false;
    if (!version)
        return err_set(err, ERR_NOT_FOUND, "%s %lld does not exist", table->noun, (long long)id);
    return err_set(err, ERR_CONFLICT, "%s %lld was changed meanwhile; read it again", table->noun,
                   (long long)id);
}

struct value page_cursor(const struct page *page)
{
    return value_int(page->before_id ? page->before_id : INT64_MAX);
}

struct value page_limit(const struct page *page)
{
    assert(page->limit >= 1 && page->limit <= 1000);
    return value_int((int64_t)page->limit);
}

static const char *identity_of(struct arena *a, const char *noun, int64_t id, const char *column)
{
    return arena_printf(a, "%s/%lld/%s", noun, (long long)id, column);
}

struct value row_seal(struct db *db, struct arena *a, const char *noun, int64_t id, const char *column,
                      const void *data, size_t size)
{
    if (!data)
        return value_blob(NULL, 0);
    unsigned char *sealed;
    size_t sealed_size;
    seal_close(store_seal(db_store(db)), a, identity_of(a, noun, id, column), data, size, &sealed,
               &sealed_size);
    return value_blob(sealed, sealed_size);
}

struct value row_seal_secret(struct db *db, struct arena *a, const char *noun, int64_t id, const char *column,
                             const struct secret *secret)
{
    return row_seal(db, a, noun, id, column, secret ? secret_bytes(secret) : NULL, secret_size(secret));
}

bool row_open(const struct query *q, struct arena *a, unsigned column_index, const char *noun, int64_t id,
              const char *column, struct secret **ret, struct err *err)
{
    size_t size;
    const void *sealed = query_blob(q, a, column_index, &size);
    if (!sealed) {
        *ret = NULL;
        return true;
    }
    struct secret *opened;
    const char *identity = identity_of(a, noun, id, column);
    if (!seal_open(store_seal(db_store(q->db)), identity, sealed, size, &opened, err))
        return err_add(err, "%s", identity);
    *ret = secret_in(a, opened);
    return true;
}

static bool need_of(struct db *db, struct arena *a, const struct need *need, int64_t id,
                    const char **ret_reason, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, need->statement, VALUES(value_int(id)), &q, err) || !query_next(&q, &row, err))
        return false;
    *ret_reason =
        row ? arena_printf(a, "%s \"%s\" (%lld) %s %s %s", need->noun, query_text(&q, a, 1),
                           (long long)query_int(&q, 0), need->lead, query_text(&q, a, 2), need->tail)
            : NULL;
    return true;
}

bool row_needed(struct db *db, struct arena *a, const struct need *needs, size_t count, int64_t id,
                const char **ret_reason, struct err *err)
{
    const char *reason = NULL;
    for (size_t i = 0; i < count && !reason; i++)
        if (!need_of(db, a, &needs[i], id, &reason, err))
            return false;
    *ret_reason = reason;
    return true;
}

const char *row_pattern(struct arena *a, const char *text)
{
    if (!text || !*text)
        return "";
    size_t size = strlen(text);
    char *pattern = arena_alloc(a, 2 * size + 3), *p = pattern;
    *p++ = '%';
    for (size_t i = 0; i < size; i++) {
        if (strchr("%_!", text[i]))
            *p++ = '!';
        *p++ = (char)tolower((unsigned char)text[i]);
    }
    *p++ = '%';
    *p = '\0';
    return pattern;
}

bool row_numbered(struct db *db, enum statement statement, enum statement counting,
                  const struct value *values, size_t count, struct arena *a, const struct table *table,
                  void **ret, size_t *ret_count, int64_t *ret_total, struct err *err)
{
    int64_t total = 0;
    if (!db_int(db, counting, values, count - 2, 0, &total, err) ||
        !row_all(db, statement, values, count, a, table, ret, ret_count, err))
        return false;
    *ret_total = total;
    return true;
}
