#include "identity/caller.h"

#include <string.h>

struct caller caller_local(void)
{
    return (struct caller){.kind = CALLER_LOCAL,
                           .name = "",
                           .owner = "",
                           .any_owner = true,
                           .may_export = true,
                           .everywhere = ROLE_ADMIN,
                           .highest = ROLE_ADMIN};
}

const char *caller_kind_name(enum caller_kind kind)
{
    switch (kind) {
    case CALLER_NOBODY:
        return "nobody";
    case CALLER_LOCAL:
        return "local";
    case CALLER_KEY:
        return "key";
    case CALLER_TOKEN:
        return "token";
    case CALLER_SESSION:
        return "user";
    }
    return "";
}

bool caller_load_roles(struct db *db, struct arena *a, struct caller *caller, struct err *err)
{
    struct role_row *rows;
    size_t count;
    enum role everywhere = ROLE_NONE, highest = ROLE_NONE;
    if (!store_roles_of(db, a, caller->subject_id, &rows, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].role < ROLE_VIEWER || rows[i].role > ROLE_ADMIN)
            return err_set(err, ERR_STORE, "the database holds a role this program does not know: %lld",
                           (long long)rows[i].role);
        if (rows[i].group_id == EVERYWHERE)
            everywhere = (enum role)rows[i].role;
        if (rows[i].role > (int64_t)highest)
            highest = (enum role)rows[i].role;
    }
    caller->everywhere = everywhere;
    caller->highest = highest;
    return true;
}

bool caller_role_at(struct db *db, const struct caller *caller, int64_t access_id, enum role *ret,
                    struct err *err)
{
    if (caller->kind != CALLER_LOCAL && caller->everywhere < caller->highest)
        return store_role_at(db, caller->subject_id, access_id, ret, err);
    *ret = caller->everywhere;
    return true;
}

bool caller_sees_owner(const struct caller *caller, const char *owner)
{
    return caller->any_owner || strcmp(caller->owner, owner) == 0;
}
