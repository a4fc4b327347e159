#include "store/role.h"

#include "store/rows.h"

#include <assert.h>
#include <string.h>

#define GROUP_FIELD(type, name) FIELD(type, struct group_row, name),
static const struct field fields[] = {GROUP_FIELD(INT, id) GROUP_FIELDS(GROUP_FIELD)};
static const struct table table = TABLE("access group", struct group_row, fields);

#define ROLE_FIELD(type, name) FIELD(type, struct role_row, name),
static const struct field role_fields[] = {ROLE_FIELDS(ROLE_FIELD)};
static const struct table role_table = TABLE("role", struct role_row, role_fields);

static const char *const role_names[] = {
    [ROLE_NONE] = "none",         [ROLE_VIEWER] = "viewer", [ROLE_OPERATOR] = "operator",
    [ROLE_APPROVER] = "approver", [ROLE_ADMIN] = "admin",
};

const char *role_name(enum role role)
{
    return role < countof(role_names) ? role_names[role] : "none";
}

bool role_parse(const char *name, enum role *ret, struct err *err)
{
    for (size_t i = ROLE_VIEWER; i < countof(role_names); i++)
        if (strcmp(role_names[i], name) == 0) {
            *ret = (enum role)i;
            return true;
        }
    return err_set(err, ERR_INPUT, "role \"%.40s\": viewer, operator, approver or admin", name);
}

bool store_group_all(struct db *db, struct arena *a, struct group_row **ret, size_t *ret_count,
                     struct err *err)
{
    return row_all(db, SQL_GROUP_ALL, VALUES(value_int(GROUPS_MAX)), a, &table, (void **)ret, ret_count, err);
}

bool store_group_add(struct db *db, const struct group_row *row, struct err *err)
{
    assert(row->id > 0);
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct group_row *all, new = *row;
    size_t count;
    struct value values[countof(fields)];
    if (!store_group_all(db, a, &all, &count, err))
        return false;
    if (count >= GROUPS_MAX)
        return err_set(err, ERR_INPUT, "there are %d access groups already, which is the most", GROUPS_MAX);
    new.version = 1;
    new.created_ms = new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    return db_run(db, SQL_GROUP_ADD, values, countof(values), NULL, err) ||
           err_add(err, "add access group \"%s\"", row->name);
}

bool store_group_find(struct db *db, struct arena *a, const char *id_or_name, struct group_row *ret,
                      struct err *err)
{
    return row_find(db, SQL_GROUP_BY_ID, SQL_GROUP_BY_NAME, a, &table, id_or_name, ret, err);
}

bool store_group_update(struct db *db, const struct group_row *row, struct err *err)
{
    struct group_row new = *row;
    struct value values[countof(fields)];
    new.version = row->version + 1;
    new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    return row_change_version(db, SQL_GROUP_UPDATE, values, countof(values), SQL_GROUP_VERSION, &table,
                              row->id, err) ||
           err_add(err, "update access group \"%s\"", row->name);
}

static const struct need needs[] = {
    {SQL_GROUP_HAS_KEY, "API key", "has", "in it"},
    {SQL_GROUP_HAS_USER, "user", "has", "in it"},
};

bool store_group_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason, struct err *err)
{
    return row_needed(db, a, needs, countof(needs), id, ret_reason, err);
}

bool store_group_delete(struct db *db, int64_t id, struct err *err)
{
    return row_change(db, SQL_GROUP_DELETE, VALUES(value_int(id)), &table, id, err);
}

bool store_group_accesses_set(struct db *db, int64_t group_id, const int64_t *ids, size_t count,
                              struct err *err)
{
    if (!db_run(db, SQL_GROUP_ACCESS_CLEAR, VALUES(value_int(group_id)), NULL, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!db_run(db, SQL_GROUP_ACCESS_ADD, VALUES(value_int(group_id), value_int(ids[i])), NULL, err))
            return err_add(err, "access %lld", (long long)ids[i]);
    return true;
}

bool store_group_accesses(struct db *db, struct arena *a, int64_t group_id, int64_t **ret, size_t *ret_count,
                          struct err *err)
{
    return row_ids(db, SQL_GROUP_ACCESS_LIST, VALUES(value_int(group_id)), a, ret, ret_count, err);
}

bool store_roles_drop(struct db *db, int64_t subject_id, struct err *err)
{
    return db_run(db, SQL_ROLE_CLEAR, VALUES(value_int(subject_id)), NULL, err);
}

bool store_roles_set(struct db *db, int64_t subject_id, const struct role_row *rows, size_t count,
                     struct err *err)
{
    if (count > ROLES_OF_SUBJECT)
        return err_set(err, ERR_INPUT, "nobody has more than %d roles", ROLES_OF_SUBJECT);
    if (!store_roles_drop(db, subject_id, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!db_run(db, SQL_ROLE_PUT,
                    VALUES(value_int(subject_id), value_int(rows[i].group_id), value_int(rows[i].role)), NULL,
                    err))
            return false;
    return true;
}

bool store_roles_of(struct db *db, struct arena *a, int64_t subject_id, struct role_row **ret,
                    size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_ROLE_LIST, VALUES(value_int(subject_id)), a, &role_table, (void **)ret, ret_count,
                   err);
}

bool store_role_at(struct db *db, int64_t subject_id, int64_t access_id, enum role *ret, struct err *err)
{
    int64_t role;
    if (!db_int(db, SQL_ROLE_AT, VALUES(value_int(subject_id), value_int(access_id)), ROLE_NONE, &role, err))
        return false;
    if (role < ROLE_NONE || role > ROLE_ADMIN)
        return err_set(err, ERR_STORE, "the database holds a role this program does not know: %lld",
                       (long long)role);
    *ret = (enum role)role;
    return true;
}
