/* identity/audit.h - the audit's chain: who did what, from where, to what, old and new; each row hashes the one before.
 *
 * The last row's hash is sealed beside them, so that cutting rows off the end, or making the whole chain anew, takes the
 * master key. Rows hold no secrets: whoever adds one redacts it.
 */
#pragma once
#include "identity/caller.h"
#include "store/audit.h"

struct audit_entry {
    const char *request; /* its id */
    const struct caller *caller;
    const char *source;
    const char *action;
    const char *object; /* NULL: none */
    int64_t object_id;
    const char *object_name; /* NULL: none */
    const char *changes;     /* JSON object; NULL: {} */
};

/* Within the write that makes the change, so that there is neither without the other. id: store_new_id. */
must_use bool audit_append(struct db *db, struct arena *a, int64_t id, int64_t now_ms,
                           const struct audit_entry *entry, struct err *err);

enum { AUDIT_FAULTS_MAX = 20 };

struct audit_verdict {
    int64_t rows;
    int64_t place;    /* of the head */
    const char *head; /* its hash; "" where nothing was ever added */
    const char *faults[AUDIT_FAULTS_MAX];
    size_t fault_count; /* the first ones only */
};

/* Walks the whole chain. What is wrong is no error of this function, but told in the verdict. */
must_use bool audit_verify(struct store *store, struct arena *a, struct audit_verdict *ret, struct err *err);
