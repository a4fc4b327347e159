/* store/audit.h - the rows of the audit. identity/audit.h makes and verifies their chain. */
#pragma once
#include "store/store.h"

struct audit_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;   /* "" */
    int64_t place;       /* 1, 2, 3 ... */
    const char *request; /* its id */
    const char *who_kind;
    int64_t who_id;
    const char *who;
    const char *source; /* an address, or "unix" */
    const char *action;
    const char *object; /* its kind; "" none */
    int64_t object_id;
    const char *object_name;
    const char *changes; /* JSON */
    const char *former, *hash;
};

/* version, created_ms and updated_ms are the row's own: its hash holds the time. */
must_use bool store_audit_add(struct db *db, const struct audit_row *row, struct err *err);
/* Newest first. */
must_use bool store_audit_list(struct db *db, struct arena *a, const struct page *page,
                               struct audit_row **ret, size_t *ret_count, struct err *err);
/* In the order of their ids, after this one. */
must_use bool store_audit_after(struct db *db, struct arena *a, int64_t after_id, size_t limit,
                                struct audit_row **ret, size_t *ret_count, struct err *err);

/* The head as it was sealed; *ret_place 0 where there is none yet. ERR_STORE where it does not open. */
must_use bool store_audit_head(struct db *db, struct arena *a, int64_t *ret_place, const char **ret_hash,
                               struct err *err);
must_use bool store_audit_set_head(struct db *db, int64_t place, const char *hash, struct err *err);
