/* A copy's row is made too old to be relied on before the copy is deleted: a task that comes meanwhile looks in the store
 * again. The row itself goes after the vendor's word that the copy is gone. Whoever dies in between, or gets no answer,
 * leaves a row that the next clean-up finds and asks about again; none leaves a copy that no row tells of.
 */
#include "inventory/clean.h"

#include "cloud/vendor.h"
#include "store/certificate.h"
#include "store/room.h"
#include <string.h>

enum { PATIENCE_MS = 20000, AT_ONCE = 50 };

struct run {
    struct cloud *cloud;
    struct store *store;
    const struct clean_options *options;
    struct arena *keep; /* as long as the run */
    const struct vendor *vendor;
    struct job job;
    struct copy_row *rows;
    size_t row_count;
    clean_progress_fn *progress;
    void *context;
    size_t *counts;
};

struct item { /* one copy */
    struct run *run;
    struct arena *a;
    const struct copy_row *row;
    struct certificate_row certificate;
    const char *needed; /* by us */
};

const char *clean_state_name(enum clean_state state)
{
    static const char *const names[CLEAN_STATE_COUNT] = {"kept", "unused", "deleted", "failed"};
    return names[state];
}

static void tell(const struct item *item, enum clean_state state, const char *reason)
{
    struct run *run = item->run;
    run->counts[state]++;
    run->progress(run->context, item->row, item->certificate.name, state, reason);
}

static bool load_rows(struct db *db, void *context, struct err *err)
{
    struct run *run = context;
    return store_copy_brought(db, run->keep, run->options->access_id, &run->rows, &run->row_count, err);
}

static bool look(struct db *db, void *context, struct err *err)
{
    struct item *item = context;
    return store_certificate_load(db, item->a, item->row->certificate_id, &item->certificate, err) &&
           store_copy_needed(db, item->a, item->row->id, &item->needed, err);
}

/* The row, if it still tells of the same copy. */
static bool find_row(struct db *db, const struct item *item, struct copy_row *ret, struct err *err)
{
    return store_copy_find(db, item->a, item->row->access_id, item->row->certificate_id,
                           item->row->vendor_store, ret, err) &&
           ((strcmp(ret->ref, item->row->ref) == 0 && ret->brought) ||
            err_set(err, ERR_CONFLICT, "it was brought anew meanwhile"));
}

/* No task relies on it from here on, if nothing needs it by now. */
static bool doubt_row(struct db *db, void *context, struct err *err)
{
    struct item *item = context;
    struct copy_row now;
    return store_copy_needed(db, item->a, item->row->id, &item->needed, err) &&
           (item->needed || (find_row(db, item, &now, err) && store_copy_doubt(db, now.id, err)));
}

static bool drop_row(struct db *db, void *context, struct err *err)
{
    struct copy_row now;
    return find_row(db, context, &now, err) && store_copy_delete(db, now.id, err) &&
           store_room_freed(db, now.access_id, now.vendor_store, err);
}

static void discard(struct item *item, struct job *job, const struct stored *copy)
{
    struct run *run = item->run;
    struct err failed = {0}, lost = {0};
    if (!store_write(run->store, doubt_row, item, &failed)) {
        tell(item, CLEAN_FAILED, failed.text);
        return;
    }
    if (item->needed) {
        tell(item, CLEAN_KEPT, item->needed);
        return;
    }
    bool done = copy->gone || run->vendor->discard(job, copy, &failed);
    if (!done && !(failed.kind == ERR_NOT_FOUND && *failed.code)) {
        tell(item, CLEAN_FAILED, failed.text);
        return;
    }
    if (!store_write(run->store, drop_row, item, &lost))
        log_err(LOG_WARNING, job->log, "clean.drop_row", &lost); /* the next clean-up finds it gone */
    tell(item, CLEAN_DELETED, copy->gone || !done ? "it was gone already" : NULL);
}

static void judge(struct item *item, struct job *job, const struct stored *copy)
{
    if (copy->kept)
        tell(item, CLEAN_KEPT, copy->kept);
    else if (!item->run->options->remove)
        tell(item, CLEAN_UNUSED, copy->gone ? "it is gone already" : NULL);
    else
        discard(item, job, copy);
}

static bool is_wanted(const struct clean_options *o, int64_t id)
{
    for (size_t i = 0; i < o->only_count && o->only; i++)
        if (o->only[i] == id)
            return true;
    return !o->only;
}

/* What we need ourselves is not asked about. */
static bool run_some(struct run *run, const struct copy_row *rows, size_t count, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct item *items = arena_array(a, struct item, count);
    struct stored *copies = arena_array(a, struct stored, count);
    size_t asked = 0;
    struct job job = run->job;
    job.arena = a;
    for (size_t i = 0; i < count; i++) {
        struct item item = {.run = run, .a = a, .row = &rows[i]};
        if (!is_wanted(run->options, rows[i].id))
            continue;
        if (!store_read(run->store, look, &item, err))
            return false;
        if (item.needed) {
            tell(&item, CLEAN_KEPT, item.needed);
            continue;
        }
        copies[asked] = (struct stored){.vendor_store = rows[i].vendor_store,
                                        .ref = rows[i].ref,
                                        .fingerprint = item.certificate.fingerprint};
        items[asked++] = item;
    }
    if (asked)
        run->vendor->used(&job, copies, asked);
    for (size_t i = 0; i < asked; i++)
        judge(&items[i], &job, &copies[i]);
    return true;
}

bool inventory_clean(struct cloud *cloud, struct store *store, const struct clean_options *options,
                     clean_progress_fn *progress, void *context, size_t ret[CLEAN_STATE_COUNT],
                     struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct log_ctx log = {NULL, "job", "clean"};
    struct access_row row;
    struct run run = {.cloud = cloud,
                      .store = store,
                      .options = options,
                      .keep = a,
                      .progress = progress,
                      .context = context,
                      .counts = ret};
    run.job = (struct job){.arena = a, .log = &log, .patience_ms = PATIENCE_MS, .stop = options->stop};
    memset(ret, 0, CLEAN_STATE_COUNT * sizeof *ret);
    if (!cloud_session(cloud, options->access_id, &run.job.session, err) ||
        !session_row(run.job.session, a, &row, err) || !store_read(store, load_rows, &run, err))
        return false;
    if (options->remove && row.read_only)
        return err_set(err, ERR_INPUT, "access %s is read-only: nothing is deleted through it", row.name);
    run.vendor = vendor_find(row.cloud);
    for (size_t i = 0; i < run.row_count; i += AT_ONCE)
        if (!run_some(&run, &run.rows[i], run.row_count - i < AT_ONCE ? run.row_count - i : AT_ONCE, err))
            return false;
    return true;
}
