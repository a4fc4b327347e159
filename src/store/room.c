#include "store/room.h"

#include "store/rows.h"
#include <string.h>

#define ROOM_FIELD(type, name) FIELD(type, struct room_row, name),
static const struct field fields[] = {ROOM_FIELD(INT, id) ROOM_FIELDS(ROOM_FIELD)};
static const struct table table = TABLE("room", struct room_row, fields);

static const int64_t year_ms = (int64_t)365 * 86400000;

bool store_room_put(struct db *db, const struct room_row *row, struct err *err)
{
    struct value values[countof(fields)];
    struct room_row new = *row;
    new.id = store_new_id(db_store(db));
    row_values(fields, countof(fields), &new, values);
    return db_run(db, SQL_ROOM_PUT, values, countof(values), NULL, err) ||
           err_add(err, "keep the room of %s", row->vendor_store);
}

bool store_room_list(struct db *db, struct arena *a, struct room_row **ret, size_t *ret_count,
                     struct err *err)
{
    return row_all(db, SQL_ROOM_LIST, VALUES(value_int(db_now_ms(db) - year_ms)), a, &table, (void **)ret,
                   ret_count, err);
}

static bool change(struct db *db, enum statement statement, int64_t access_id, const char *vendor_store,
                   struct err *err)
{
    return db_run(db, statement, VALUES(value_int(access_id), value_text(vendor_store)), NULL, err) ||
           err_add(err, "count what %s holds", vendor_store);
}

bool store_room_brought(struct db *db, int64_t access_id, const char *vendor_store, struct err *err)
{
    int64_t now = db_now_ms(db);
    return db_run(db, SQL_BROUGHT_ADD,
                  VALUES(value_int(store_new_id(db_store(db))), value_int(now), value_int(access_id),
                         value_text(vendor_store)),
                  NULL, err) &&
           db_run(db, SQL_BROUGHT_FORGET, VALUES(value_int(access_id), value_int(now - year_ms)), NULL,
                  err) &&
           change(db, SQL_ROOM_BROUGHT, access_id, vendor_store, err);
}

bool store_room_freed(struct db *db, int64_t access_id, const char *vendor_store, struct err *err)
{
    return change(db, SQL_ROOM_FREED, access_id, vendor_store, err);
}

bool store_room_full(struct db *db, int64_t access_id, const char *vendor_store, struct err *err)
{
    return change(db, SQL_ROOM_FULL, access_id, vendor_store, err);
}

bool room_holds(const char *room, const char *vendor_store)
{
    size_t size = strlen(room);
    return strncmp(vendor_store, room, size) == 0 &&
           (vendor_store[size] == '\0' || vendor_store[size] == ':');
}
