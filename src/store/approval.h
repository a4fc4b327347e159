/* store/approval.h - tasks that were submitted and wait for a second person. */
#pragma once
#include "store/store.h"

struct approval_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner; /* "" */
    int64_t task_id, task_version;
    const char *who_kind; /* who submitted it: a caller's kind, id and name */
    int64_t who_id;
    const char *who;
    const char *request; /* JSON: the body it was submitted with */
};

/* Whether the task deploys to an access of a group that wants a second person. */
must_use bool store_approval_needed(struct db *db, int64_t task_id, bool *ret, struct err *err);
/* Takes the place of one that was there. */
must_use bool store_approval_put(struct db *db, const struct approval_row *row, struct err *err);
/* ERR_NOT_FOUND */
must_use bool store_approval_of(struct db *db, struct arena *a, int64_t task_id, struct approval_row *ret,
                                struct err *err);
must_use bool store_approval_drop(struct db *db, int64_t task_id, struct err *err);
