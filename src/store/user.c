#include "store/user.h"

#include "store/role.h"
#include "store/rows.h"

#include <assert.h>

#define USER_FIELD(type, name) FIELD(type, struct user_row, name),
static const struct field fields[] = {USER_FIELD(INT, id) USER_FIELDS(USER_FIELD)};
static const struct table table = TABLE("user", struct user_row, fields);

#define SESSION_FIELD(type, name) FIELD(type, struct session_row, name),
static const struct field session_fields[] = {SESSION_FIELD(INT, id) SESSION_FIELDS(SESSION_FIELD)};
static const struct table session_table = TABLE("session", struct session_row, session_fields);

#define FAILURE_FIELD(type, name) FIELD(type, struct login_failure_row, name),
static const struct field failure_fields[] = {LOGIN_FAILURE_FIELDS(FAILURE_FIELD)};
static const struct table failure_table = TABLE("login failure", struct login_failure_row, failure_fields);

enum { SEALED_BYTES = 1 << 20 };

bool store_user_count(struct db *db, int64_t *ret, struct err *err)
{
    return db_int(db, SQL_USER_COUNT, NULL, 0, 0, ret, err);
}

bool store_user_add(struct db *db, const struct user_row *row, struct err *err)
{
    assert(row->id > 0);
    struct user_row new = *row;
    struct value values[countof(fields)];
    int64_t count;
    if (!store_user_count(db, &count, err))
        return false;
    if (count >= USERS_MAX)
        return err_set(err, ERR_INPUT, "there are %d users already, which is the most", USERS_MAX);
    new.version = 1;
    new.created_ms = new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    return db_run(db, SQL_USER_ADD, values, countof(values), NULL, err) ||
           err_add(err, "add user \"%s\"", row->name);
}

bool store_user_load(struct db *db, struct arena *a, int64_t id, struct user_row *ret, struct err *err)
{
    return row_one(db, SQL_USER_BY_ID, VALUES(value_int(id)), a, &table,
                   arena_printf(a, "%lld", (long long)id), ret, err);
}

bool store_user_find(struct db *db, struct arena *a, const char *id_or_name, struct user_row *ret,
                     struct err *err)
{
    return row_find(db, SQL_USER_BY_ID, SQL_USER_BY_NAME, a, &table, id_or_name, ret, err);
}

bool store_user_named(struct db *db, struct arena *a, const char *name, struct user_row *ret, struct err *err)
{
    return row_one(db, SQL_USER_BY_NAME, VALUES(value_text(name)), a, &table, "of this name", ret, err);
}

bool store_user_all(struct db *db, struct arena *a, struct user_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_USER_ALL, VALUES(value_int(USERS_MAX)), a, &table, (void **)ret, ret_count, err);
}

bool store_user_update(struct db *db, const struct user_row *row, struct err *err)
{
    struct user_row new = *row;
    struct value values[countof(fields)];
    new.version = row->version + 1;
    new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    return row_change_version(db, SQL_USER_UPDATE, values, countof(values), SQL_USER_VERSION, &table, row->id,
                              err) ||
           err_add(err, "update user \"%s\"", row->name);
}

bool store_user_delete(struct db *db, int64_t id, struct err *err)
{
    return store_roles_drop(db, id, err) &&
           row_change(db, SQL_USER_DELETE, VALUES(value_int(id)), &table, id, err);
}

bool store_user_totp(struct db *db, struct arena *a, int64_t id, struct secret **ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, SQL_USER_TOTP, VALUES(value_int(id)), &q, err) || !query_next(&q, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "user %lld does not exist", (long long)id);
    return row_open(&q, a, 0, "user", id, "totp", ret, err);
}

bool store_user_set_totp(struct db *db, int64_t id, const struct secret *secret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    return row_change(db, SQL_USER_SET_TOTP,
                      VALUES(value_int(id), row_seal_secret(db, a, "user", id, "totp", secret)), &table, id,
                      err);
}

bool store_session_add(struct db *db, const struct session_row *row, struct err *err)
{
    struct session_row new = *row;
    struct value values[countof(session_fields)];
    new.version = 1;
    new.created_ms = new.updated_ms = db_now_ms(db);
    row_values(session_fields, countof(session_fields), &new, values);
    return db_run(db, SQL_SESSION_TRIM, VALUES(value_int(row->user_id), value_int(SESSIONS_OF_USER - 1)),
                  NULL, err) &&
           db_run(db, SQL_SESSION_ADD, values, countof(values), NULL, err);
}

bool store_session_by_hash(struct db *db, struct arena *a, const char *hash, struct session_row *ret,
                           struct err *err)
{
    return row_one(db, SQL_SESSION_BY_HASH, VALUES(value_text(hash)), a, &session_table, "of this cookie",
                   ret, err);
}

bool store_session_seen(struct db *db, int64_t id, int64_t now_ms, struct err *err)
{
    return db_run(db, SQL_SESSION_SEEN, VALUES(value_int(id), value_int(now_ms)), NULL, err);
}

bool store_session_delete(struct db *db, int64_t id, struct err *err)
{
    return db_run(db, SQL_SESSION_DELETE, VALUES(value_int(id)), NULL, err);
}

bool store_sessions_end(struct db *db, int64_t user_id, int64_t but_id, struct err *err)
{
    return db_run(db, SQL_SESSION_END, VALUES(value_int(user_id), value_int(but_id)), NULL, err);
}

bool store_sessions_expire(struct db *db, int64_t now_ms, int64_t idle_ms, struct err *err)
{
    return db_run(db, SQL_SESSION_EXPIRE, VALUES(value_int(now_ms), value_int(now_ms - idle_ms)), NULL, err);
}

bool store_login_failure(struct db *db, struct arena *a, const char *subject, struct login_failure_row *ret,
                         struct err *err)
{
    struct login_failure_row *rows;
    size_t count;
    if (!row_all(db, SQL_LOGIN_FAILURE_GET, VALUES(value_text(subject)), a, &failure_table, (void **)&rows,
                 &count, err))
        return false;
    *ret = count ? rows[0] : (struct login_failure_row){.subject = subject};
    return true;
}

bool store_login_failure_put(struct db *db, const struct login_failure_row *row, struct err *err)
{
    struct value values[countof(failure_fields)];
    row_values(failure_fields, countof(failure_fields), row, values);
    return db_run(db, SQL_LOGIN_FAILURE_PUT, values, countof(values), NULL, err);
}

bool store_login_failure_drop(struct db *db, const char *subject, struct err *err)
{
    return db_run(db, SQL_LOGIN_FAILURE_DROP, VALUES(value_text(subject)), NULL, err);
}

bool store_login_failures_forget(struct db *db, int64_t before_ms, struct err *err)
{
    return db_run(db, SQL_LOGIN_FAILURE_FORGET, VALUES(value_int(before_ms)), NULL, err);
}
