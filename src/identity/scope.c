#include "identity/scope.h"

#include "base/buf.h"
#include "task/selection.h"

#include <string.h>

enum { PAGE = 1000, LIST_BYTES = 1 << 20 };

bool scope_is_all(const struct caller *caller)
{
    return caller->any_owner && caller->everywhere >= ROLE_VIEWER && caller->everywhere == caller->highest;
}

bool scope_access(struct db *db, const struct caller *caller, const struct access_row *row, enum role *ret,
                  struct err *err)
{
    if (caller_sees_owner(caller, row->owner))
        return caller_role_at(db, caller, row->id, ret, err);
    *ret = ROLE_NONE;
    return true;
}

bool scope_access_id(struct db *db, struct arena *a, const struct caller *caller, int64_t access_id,
                     enum role *ret, struct err *err)
{
    struct access_row row;
    struct err missing = {0};
    if (scope_is_all(caller)) {
        *ret = caller->everywhere;
        return true;
    }
    if (store_access_load(db, a, access_id, &row, &missing))
        return scope_access(db, caller, &row, ret, err);
    if (missing.kind != ERR_NOT_FOUND)
        return err_set(err, missing.kind, "%s", missing.text);
    *ret = ROLE_NONE;
    return true;
}

enum role scope_owned(const struct caller *caller, const char *owner)
{
    return caller_sees_owner(caller, owner) ? caller->highest : ROLE_NONE;
}

static enum role lower(enum role a, enum role b)
{
    return a < b ? a : b;
}

/* Those that the selection names; *ret stays where it names none. */
static bool named_accesses(struct db *db, struct arena *a, const struct caller *caller,
                           const struct selection *selection, enum role *ret, struct err *err)
{
    for (size_t i = 0; i<selection->access.count && * ret> ROLE_NONE; i++) {
        struct access_row row;
        struct err missing = {0};
        enum role at = ROLE_NONE;
        if (store_access_find(db, a, selection->access.items[i], &row, &missing)) {
            if (!scope_access(db, caller, &row, &at, err))
                return false;
        } else if (missing.kind == ERR_STORE) {
            return err_set(err, missing.kind, "%s", missing.text);
        }
        *ret = lower(*ret, at);
    }
    return true;
}

static bool deployed_accesses(struct db *db, struct arena *a, const struct caller *caller, int64_t task_id,
                              enum role *ret, struct err *err)
{
    int64_t *ids;
    size_t count;
    if (!store_task_accesses(db, a, task_id, &ids, &count, err))
        return false;
    for (size_t i = 0; i<count && * ret> ROLE_NONE; i++) {
        enum role at;
        if (!scope_access_id(db, a, caller, ids[i], &at, err))
            return false;
        *ret = lower(*ret, at);
    }
    return true;
}

bool scope_task(struct db *db, struct arena *a, const struct caller *caller, const struct task_row *row,
                enum role *ret, struct err *err)
{
    struct selection selection;
    enum role role = scope_owned(caller, row->owner);
    if (scope_is_all(caller) || role == ROLE_NONE) {
        *ret = role;
        return true;
    }
    if (!selection_from_json(a, row->selection, strlen(row->selection), &selection, err))
        return err_add(err, "the selection of task %lld", (long long)row->id);
    if (selection.access.count == 0)
        role = caller->everywhere;
    if (!named_accesses(db, a, caller, &selection, &role, err) ||
        !deployed_accesses(db, a, caller, row->id, &role, err))
        return false;
    *ret = role;
    return true;
}

static bool add_accesses(struct db *db, struct arena *a, const struct caller *caller, struct buf *list,
                         struct err *err)
{
    struct page page = {.limit = PAGE};
    struct access_row *rows;
    size_t count;
    do {
        if (!store_access_list(db, a, &page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++) {
            enum role role;
            if (!scope_access(db, caller, &rows[i], &role, err))
                return false;
            if (role >= ROLE_VIEWER)
                buf_printf(list, "%lld,", (long long)rows[i].id);
        }
        page.before_id = count ? rows[count - 1].id : 0;
    } while (count == PAGE);
    return true;
}

bool scope_accesses(struct db *db, struct arena *a, const struct caller *caller, const char **ret,
                    struct err *err)
{
    struct buf list = buf_new(a, LIST_BYTES);
    if (scope_is_all(caller)) {
        *ret = "";
        return true;
    }
    buf_puts(&list, ",0,"); /* no access has it: an empty list is a list */
    if (!add_accesses(db, a, caller, &list, err))
        return false;
    *ret = list.data;
    return !list.full || err_set(err, ERR_INTERNAL, "there are too many accesses");
}
