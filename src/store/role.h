/* store/role.h - access groups, and who has which role in which.
 *
 * A subject is a row that somebody can be authenticated as. EVERYWHERE as a group stands for every access, and for all
 * that belongs to no access.
 */
#pragma once
#include "store/store.h"

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_APPROVER, ROLE_ADMIN }; /* as rows keep it */
enum { EVERYWHERE = 0, GROUPS_MAX = 1000, GROUP_ACCESSES_MAX = 1000, ROLES_OF_SUBJECT = 100 };

/* "viewer", "operator", "approver", "admin"; "none". */
const char *role_name(enum role role);
must_use bool role_parse(const char *name, enum role *ret, struct err *err);

struct group_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner; /* "" */
    const char *name;
    bool second_person; /* what deploys to its accesses starts once another one approved it */
};

must_use bool store_group_add(struct db *db, const struct group_row *row,
                              struct err *err); /* ERR_CONFLICT: the name exists; ERR_INPUT: GROUPS_MAX */
must_use bool store_group_find(struct db *db, struct arena *a, const char *id_or_name, struct group_row *ret,
                               struct err *err);
must_use bool store_group_all(struct db *db, struct arena *a, struct group_row **ret, size_t *ret_count,
                              struct err *err);
must_use bool store_group_update(struct db *db, const struct group_row *row,
                                 struct err *err); /* version checked; ERR_CONFLICT */
/* A sentence when somebody has a role in it, else NULL. */
must_use bool store_group_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                                 struct err *err);
must_use bool store_group_delete(struct db *db, int64_t id, struct err *err);

/* The accesses of a group, ascending. Setting replaces; what is there twice counts once. */
must_use bool store_group_accesses_set(struct db *db, int64_t group_id, const int64_t *ids, size_t count,
                                       struct err *err);
must_use bool store_group_accesses(struct db *db, struct arena *a, int64_t group_id, int64_t **ret,
                                   size_t *ret_count, struct err *err);

struct role_row {
    int64_t group_id;  /* EVERYWHERE, or a group's */
    int64_t role;      /* enum role */
    const char *group; /* its name; "" EVERYWHERE */
};

/* Setting replaces all that the subject has. */
must_use bool store_roles_set(struct db *db, int64_t subject_id, const struct role_row *rows, size_t count,
                              struct err *err);
must_use bool store_roles_of(struct db *db, struct arena *a, int64_t subject_id, struct role_row **ret,
                             size_t *ret_count, struct err *err);
must_use bool store_roles_drop(struct db *db, int64_t subject_id, struct err *err);

/* The highest role the subject has on the access: by its groups, or everywhere. */
must_use bool store_role_at(struct db *db, int64_t subject_id, int64_t access_id, enum role *ret,
                            struct err *err);
