#include "identity/audit.h"

#include "codec/json_format.h"
#include "crypto/digest.h"
#include <string.h>

enum { PAGE = 500, PAGE_BYTES = 256 << 20 };

/* All that a row tells, in one unambiguous spelling. */
static const char *hash_of(struct arena *a, const struct audit_row *row)
{
    const char *text =
        json_format(a, "[%lld,%lld,%lld,%s,%s,%lld,%s,%s,%s,%s,%lld,%s,%s,%s]", (long long)row->id,
                    (long long)row->created_ms, (long long)row->place, row->request, row->who_kind,
                    (long long)row->who_id, row->who, row->source, row->action, row->object,
                    (long long)row->object_id, row->object_name, row->changes, row->former);
    return sha256_hex(a, text, strlen(text));
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

bool audit_append(struct db *db, struct arena *a, int64_t id, int64_t now_ms, const struct audit_entry *entry,
                  struct err *err)
{
    struct audit_row row = {.id = id,
                            .version = 1,
                            .created_ms = now_ms,
                            .updated_ms = now_ms,
                            .owner = "",
                            .request = or_empty(entry->request),
                            .who_kind = caller_kind_name(entry->caller->kind),
                            .who_id = entry->caller->subject_id,
                            .who = or_empty(entry->caller->name),
                            .source = or_empty(entry->source),
                            .action = entry->action,
                            .object = or_empty(entry->object),
                            .object_id = entry->object_id,
                            .object_name = or_empty(entry->object_name),
                            .changes = entry->changes ? entry->changes : "{}"};
    if (!store_audit_head(db, a, &row.place, &row.former, err))
        return err_add(err, "audit");
    row.place++;
    row.hash = hash_of(a, &row);
    return store_audit_add(db, &row, err) && store_audit_set_head(db, row.place, row.hash, err);
}

struct walk {
    struct arena *a; /* the verdict's */
    struct audit_verdict verdict;
    int64_t last_id, place;
    const char *former;
};

static void fault(struct walk *w, const char *text)
{
    if (w->verdict.fault_count < AUDIT_FAULTS_MAX)
        w->verdict.faults[w->verdict.fault_count++] = text;
}

static void check_row(struct walk *w, struct arena *scratch, const struct audit_row *row)
{
    long long place = (long long)row->place;
    if (row->place > w->place + 1)
        fault(w,
              row->place == w->place + 2
                  ? arena_printf(w->a, "row %lld is missing", (long long)w->place + 1)
                  : arena_printf(w->a, "rows %lld to %lld are missing", (long long)w->place + 1, place - 1));
    else if (row->place <= w->place)
        fault(w, arena_printf(w->a, "row %lld stands after row %lld", place, (long long)w->place));
    else if (strcmp(row->former, w->former) != 0)
        fault(w, arena_printf(w->a, "row %lld does not follow the row before it", place));
    if (strcmp(row->hash, hash_of(scratch, row)) != 0)
        fault(w, arena_printf(w->a, "row %lld was changed", place));
    w->place = row->place;
    w->former = arena_strdup(w->a, row->hash);
    w->last_id = row->id;
    w->verdict.rows++;
}

static bool check_head(struct db *db, struct walk *w)
{
    struct err err = {0};
    struct audit_verdict *v = &w->verdict;
    if (!store_audit_head(db, w->a, &v->place, &v->head, &err)) {
        v->head = "";
        fault(w, arena_printf(w->a, "%s", err.text));
    } else if (v->place != w->place && v->place > w->place) {
        fault(w, arena_printf(w->a, "rows %lld to %lld are missing at the end", (long long)w->place + 1,
                              (long long)v->place));
    } else if (strcmp(v->head, w->former) != 0) {
        fault(w, "the last row is not the one that was sealed");
    }
    return true;
}

/* All in one view of the store, page by page. */
static bool walk_all(struct db *db, void *context, struct err *err)
{
    struct walk *w = context;
    size_t count;
    do {
        cleanup(arena_free_p) struct arena *scratch = arena_new(PAGE_BYTES);
        struct audit_row *rows;
        if (!store_audit_after(db, scratch, w->last_id, PAGE, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            check_row(w, scratch, &rows[i]);
    } while (count == PAGE);
    return check_head(db, w);
}

bool audit_verify(struct store *store, struct arena *a, struct audit_verdict *ret, struct err *err)
{
    struct walk w = {.a = a, .former = "", .verdict = {.head = ""}};
    if (!store_read(store, walk_all, &w, err))
        return false;
    *ret = w.verdict;
    return true;
}
