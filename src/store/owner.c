#include "store/owner.h"

#include "store/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OWNER_FIELD(type, name) FIELD(type, struct owner_row, name),
static const struct field fields[] = {OWNER_FIELD(INT, id) OWNER_FIELDS(OWNER_FIELD)};
static const struct table table = TABLE("owner", struct owner_row, fields);

bool store_owner_all(struct db *db, struct arena *a, struct owner_row **ret, size_t *ret_count,
                     struct err *err)
{
    return row_all(db, SQL_OWNER_ALL, VALUES(value_int(OWNERS_MAX)), a, &table, (void **)ret, ret_count, err);
}

bool store_owner_add(struct db *db, const struct owner_row *row, struct err *err)
{
    assert(row->id > OWNER_DEFAULT_ID);
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct owner_row *all, new = *row;
    size_t count;
    struct value values[countof(fields)];
    if (!store_owner_all(db, a, &all, &count, err))
        return false;
    if (count >= OWNERS_MAX)
        return err_set(err, ERR_INPUT, "there are %d owners already, which is the most", OWNERS_MAX);
    new.version = 1;
    new.created_ms = new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    return db_run(db, SQL_OWNER_ADD, values, countof(values), NULL, err) ||
           err_add(err, "add owner \"%s\"", row->name);
}

bool store_owner_find(struct db *db, struct arena *a, const char *id_or_name, struct owner_row *ret,
                      struct err *err)
{
    return row_find(db, SQL_OWNER_BY_ID, SQL_OWNER_BY_NAME, a, &table, id_or_name, ret, err);
}

bool store_owner_update(struct db *db, const struct owner_row *row, struct err *err)
{
    struct owner_row new = *row;
    struct value values[countof(fields)];
    new.version = row->version + 1;
    new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    return row_change_version(db, SQL_OWNER_UPDATE, values, countof(values), SQL_OWNER_VERSION, &table,
                              row->id, err) ||
           err_add(err, "update owner \"%s\"", row->name);
}

static const struct need needs[] = {
    {SQL_OWNER_HAS_CERTIFICATE, "certificate", "belongs", "it"},
    {SQL_OWNER_HAS_ACCESS, "access", "belongs", "it"},
    {SQL_OWNER_HAS_TASK, "task", "belongs", "it"},
};

bool store_owner_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason, struct err *err)
{
    if (id == OWNER_DEFAULT_ID) {
        *ret_reason = "the default owner stays: what names no owner belongs to it";
        return true;
    }
    return row_needed(db, a, needs, countof(needs), id, ret_reason, err);
}

bool store_owner_delete(struct db *db, int64_t id, struct err *err)
{
    return row_change(db, SQL_OWNER_DELETE, VALUES(value_int(id)), &table, id, err);
}

const char *owner_key(struct arena *a, int64_t id)
{
    return id == OWNER_DEFAULT_ID ? "" : arena_printf(a, "%lld", (long long)id);
}

static const struct owner_row *owner_of(const struct owner_row *owners, size_t count, const char *key)
{
    long long id = *key ? strtoll(key, NULL, 10) : OWNER_DEFAULT_ID;
    for (size_t i = 0; i < count; i++)
        if (owners[i].id == id)
            return &owners[i];
    return NULL;
}

const char *owner_name(const struct owner_row *owners, size_t count, const char *key)
{
    const struct owner_row *row = owner_of(owners, count, key);
    return row ? row->name : key;
}

static const char *verified_entity(const struct owner_row *row)
{
    return row && *row->verified_by ? row->entity : "";
}

enum sharing owner_sharing(const struct owner_row *owners, size_t count, const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return SHARING_OWN;
    const char *x = verified_entity(owner_of(owners, count, from)),
               *y = verified_entity(owner_of(owners, count, to));
    return *x && strcmp(x, y) == 0 ? SHARING_FREE : SHARING_REFUSED;
}
