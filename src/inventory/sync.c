#include "inventory/sync.h"

#include "store/room.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_ONCE = 8,
    AT_ONCE_PER_ACCESS = 4,
    AT_ONCE_MOST = 64,
    PATIENCE_MS = 60000,
    CHUNK = 200,
    CHUNK_BYTES = 64 << 20,
    ACCESSES_MAX = 1000,
};

/* One thing to ask: the regions of a product (region NULL), or one listing. */
struct unit {
    int64_t access_id;
    const struct product *product;
    const char *region;
    bool running, done, rooms; /* rooms: its certificate stores were asked how much they take */
};

struct sync {
    struct cloud *cloud;
    struct store *store;
    const struct clock *clock;
    struct sync_options options;
    sync_progress_fn *progress;
    void *context;
    pthread_mutex_t mutex; /* guards all below, and the arena */
    pthread_cond_t wake;
    struct arena *a;
    struct unit **units; /* each allocated on its own: workers keep pointers while the list grows */
    size_t unit_count, unit_capacity;
    struct sync_summary summary;
    size_t row_capacity;
};

static struct sync_row *add_outcome(struct sync *s)
{
    void *rows = s->summary.rows;
    struct sync_row *row =
        arena_push(s->a, &rows, &s->summary.listings, &s->row_capacity, sizeof(struct sync_row));
    s->summary.rows = rows;
    return row;
}

/* Called with the mutex held, or before threads start. */
static void add_unit(struct sync *s, int64_t access_id, const struct product *product, const char *region)
{
    void *units = s->units;
    struct unit **at = arena_push(s->a, &units, &s->unit_count, &s->unit_capacity, sizeof(struct unit *));
    s->units = units;
    *at = arena_make(s->a, struct unit);
    **at = (struct unit){.access_id = access_id, .product = product, .region = arena_strdup(s->a, region)};
}

struct chunk {
    struct sync *s;
    const struct unit *unit;
    struct arena *a;
    struct resource *items;
    size_t count;
    int64_t generation, now_ms, total;
};

static const char *text_copy(struct arena *a, const char *text)
{
    return arena_strdup(a, text ? text : "");
}

static struct bound *bound_copy(struct arena *a, const struct bound *bound, size_t count)
{
    struct bound *copy = arena_array(a, struct bound, count);
    for (size_t i = 0; i < count; i++) {
        const struct bound *b = &bound[i];
        copy[i] = (struct bound){.slot = text_copy(a, b->slot),
                                 .ref = text_copy(a, b->ref),
                                 .name = text_copy(a, b->name),
                                 .fingerprint = text_copy(a, b->fingerprint),
                                 .serial = text_copy(a, b->serial),
                                 .names = arena_array(a, const char *, b->name_count),
                                 .name_count = b->name_count,
                                 .not_after_ms = b->not_after_ms,
                                 .key_type = text_copy(a, b->key_type),
                                 .issuer = text_copy(a, b->issuer)};
        for (size_t j = 0; j < b->name_count; j++)
            copy[i].names[j] = text_copy(a, b->names[j]);
    }
    return copy;
}

static struct resource resource_copy(struct arena *a, const struct resource *r)
{
    struct resource copy = *r;
    copy.owner = text_copy(a, r->owner);
    copy.vendor_id = text_copy(a, r->vendor_id);
    copy.title = text_copy(a, r->title && r->title[0] ? r->title : r->vendor_id);
    copy.names = arena_array(a, struct resource_name, r->name_count);
    for (size_t i = 0; i < r->name_count; i++)
        copy.names[i] = (struct resource_name){text_copy(a, r->names[i].name), r->names[i].evidence};
    copy.bound = bound_copy(a, r->bound, r->bound_count);
    copy.host = text_copy(a, r->host);
    copy.reach = text_copy(a, r->reach && r->reach[0] ? r->reach : "unknown");
    copy.lock = text_copy(a, r->lock);
    copy.alias_of = text_copy(a, r->alias_of);
    copy.managed_by = text_copy(a, r->managed_by);
    copy.unfit = text_copy(a, r->unfit);
    copy.extra = text_copy(a, r->extra);
    return copy;
}

static bool put_chunk(struct db *db, void *context, struct err *err)
{
    const struct chunk *c = context;
    for (size_t i = 0; i < c->count; i++)
        if (!store_resource_put(db, c->s->store, &c->items[i], err))
            return false;
    return true;
}

static bool flush(struct chunk *c, struct err *err)
{
    if (c->count > 0 && !store_write(c->s->store, put_chunk, c, err))
        return err_add(err, "store what was found");
    c->total += (int64_t)c->count;
    c->count = 0;
    arena_reset(c->a);
    c->items = arena_array(c->a, struct resource, CHUNK);
    return true;
}

static bool take_resource(void *context, const struct resource *r, struct err *err)
{
    struct chunk *c = context;
    struct resource *copy = &c->items[c->count++];
    *copy = resource_copy(c->a, r);
    copy->access_id = c->unit->access_id;
    copy->product = c->unit->product->code;
    copy->region = c->unit->region;
    copy->generation = c->generation;
    copy->synced_ms = c->now_ms;
    copy->missing = false;
    return c->count < CHUNK || flush(c, err);
}

struct listing {
    const struct unit *unit;
    struct arena *a;
    struct sync_row row;
    bool complete;
};

static bool find_generation(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    struct sync_row *rows = NULL;
    size_t count = 0;
    if (!store_sync_list(db, l->a, l->unit->access_id, &rows, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].product, l->row.product) == 0 && strcmp(rows[i].region, l->row.region) == 0)
            l->row.generation = int64_max(l->row.generation, rows[i].generation + 1);
    return true;
}

static bool begin_listing(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    return find_generation(db, l, err) && store_sync_put(db, &l->row, err);
}

/* What was not seen to the last page says nothing about what is gone. */
static bool end_listing(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    if (l->complete &&
        !store_resource_retire(db, l->unit->access_id, l->row.product, l->row.region, l->row.generation, err))
        return false;
    return store_sync_put(db, &l->row, err);
}

static bool discover(struct sync *s, struct job *job, const struct unit *unit, struct listing *l,
                     struct err *err)
{
    cleanup(arena_free_p) struct arena *chunk_arena = arena_new(CHUNK_BYTES);
    struct chunk c = {.s = s,
                      .unit = unit,
                      .a = chunk_arena,
                      .generation = l->row.generation,
                      .now_ms = l->row.started_ms};
    bool done = flush(&c, err) && product_discover(job, unit->region, take_resource, &c, err);
    struct err late = {0};
    bool stored = flush(&c, done ? err : &late); /* a failed walk keeps what it found */
    l->row.resources = c.total;
    return done && stored;
}

static bool run_listing(struct sync *s, struct job *job, const struct unit *unit, struct listing *l,
                        struct err *err)
{
    l->row.started_ms = clock_wall_ms(s->clock);
    l->row.generation = l->row.started_ms;
    if (!store_write(s->store, begin_listing, l, err))
        return false;
    l->complete =
        cloud_session(s->cloud, unit->access_id, &job->session, err) && discover(s, job, unit, l, err);
    l->row.finished_ms = clock_wall_ms(s->clock);
    if (!l->complete) {
        l->row.error_kind = err_kind_name(err->kind);
        l->row.error_text = arena_strdup(l->a, err->text);
    }
    struct err store_err = {0};
    if (!store_write(s->store, end_listing, l, &store_err)) {
        *err = store_err;
        return false;
    }
    return l->complete;
}

static bool ask_regions(struct sync *s, struct job *job, const struct unit *unit, struct err *err)
{
    const char **regions = NULL;
    size_t count = 0;
    if (!cloud_session(s->cloud, unit->access_id, &job->session, err) ||
        !unit->product->regions(job, &regions, &count, err))
        return err_add(err, "regions of %s", unit->product->title);
    pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < count; i++)
        add_unit(s, unit->access_id, unit->product, regions[i]);
    pthread_mutex_unlock(&s->mutex);
    return true;
}

struct room_seen {
    struct sync *s;
    const struct unit *unit;
};

struct room_put {
    const struct room_seen *seen;
    const struct store_room *room;
};

static bool put_room(struct db *db, void *context, struct err *err)
{
    const struct room_put *put = context;
    const struct store_room *r = put->room;
    struct room_row row = {0,
                           put->seen->unit->access_id,
                           r->vendor_store,
                           r->used,
                           r->most,
                           r->lately,
                           r->lately_most,
                           clock_wall_ms(put->seen->s->clock)};
    return store_room_put(db, &row, err);
}

static bool take_room(void *context, const struct store_room *room, struct err *err)
{
    const struct room_seen *seen = context;
    return store_write(seen->s->store, put_room, &(struct room_put){seen, room}, err);
}

static const char *room_region(const struct unit *unit)
{
    return unit->region ? unit->region : "";
}

/* Products that share a store share the function that asks it. */
static bool first_to_ask(struct sync *s, struct unit *unit)
{
    bool first = true;
    pthread_mutex_lock(&s->mutex);
    for (size_t i = 0; i < s->unit_count; i++) {
        const struct unit *other = s->units[i];
        first &= !other->rooms || other->access_id != unit->access_id ||
                 other->product->room != unit->product->room ||
                 strcmp(room_region(other), room_region(unit)) != 0;
    }
    unit->rooms = first;
    pthread_mutex_unlock(&s->mutex);
    return first;
}

/* What a store does not tell fails no listing: the plan then says nothing of it. */
static void learn_rooms(struct sync *s, struct job *job, struct unit *unit)
{
    struct room_seen seen = {s, unit};
    struct err err = {0};
    if (unit->product->room && first_to_ask(s, unit) &&
        !unit->product->room(job, room_region(unit), take_room, &seen, &err))
        log_err(LOG_WARNING, job->log, "sync.room", &err);
}

static struct sync_row row_copy(struct arena *a, const struct sync_row *row)
{
    struct sync_row copy = *row;
    copy.product = arena_strdup(a, row->product);
    copy.region = arena_strdup(a, row->region);
    copy.error_kind = arena_strdup(a, row->error_kind);
    copy.error_text = arena_strdup(a, row->error_text);
    return copy;
}

/* Counts the outcome and tells it. Only listings, and products whose regions could not be asked, are outcomes. */
static void report(struct sync *s, struct unit *unit, const struct sync_row *row, bool ok,
                   const struct err *err)
{
    pthread_mutex_lock(&s->mutex);
    unit->running = false;
    unit->done = true;
    if (unit->region || !ok) {
        struct sync_row *kept = add_outcome(s);
        *kept = row_copy(s->a, row);
        if (!ok) {
            kept->error_kind = arena_strdup(s->a, err_kind_name(err->kind));
            kept->error_text = arena_strdup(s->a, err->text);
        }
        s->summary.failed += !ok;
        s->summary.resources += row->resources;
        size_t known = 0;
        for (size_t i = 0; i < s->unit_count; i++)
            known += s->units[i]->region != NULL;
        if (s->progress)
            s->progress(s->context, kept, s->summary.listings, known);
    }
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->mutex);
}

static void run_unit(struct sync *s, struct unit *unit)
{
    cleanup(arena_free_p) struct arena *a = arena_new((size_t)512 << 20);
    struct log_ctx log = {NULL, "sync", unit->product->code};
    struct job job = {.arena = a,
                      .product = unit->product,
                      .log = &log,
                      .patience_ms = s->options.patience_ms,
                      .stop = s->options.stop};
    struct listing l = {.unit = unit,
                        .a = a,
                        .row = {.access_id = unit->access_id,
                                .product = unit->product->code,
                                .region = unit->region ? unit->region : "",
                                .error_kind = "",
                                .error_text = ""}};
    struct err err = {0};
    bool ok = unit->region ? run_listing(s, &job, unit, &l, &err) : ask_regions(s, &job, unit, &err);
    if (ok)
        learn_rooms(s, &job, unit);
    else
        log_err(LOG_WARNING, &log, "sync.fail", &err);
    report(s, unit, &l.row, ok, &err);
}

/* The next unit whose access has a place free. *ret_open: something is still to be done by somebody. */
static struct unit *next_unit(struct sync *s, bool *ret_open)
{
    bool stopped = s->options.stop && atomic_load(s->options.stop);
    *ret_open = false;
    for (size_t i = 0; i < s->unit_count; i++) {
        struct unit *unit = s->units[i];
        bool waits = !unit->done && !unit->running && !stopped;
        *ret_open |= unit->running || waits;
        if (!waits)
            continue;
        size_t running = 0;
        for (size_t j = 0; j < s->unit_count; j++)
            running += s->units[j]->running && s->units[j]->access_id == unit->access_id;
        if (running < AT_ONCE_PER_ACCESS)
            return unit;
    }
    return NULL;
}

static void *work(void *context)
{
    struct sync *s = context;
    pthread_mutex_lock(&s->mutex);
    for (;;) {
        bool open = false;
        struct unit *unit = next_unit(s, &open);
        if (!open)
            break;
        if (!unit) {
            pthread_cond_wait(&s->wake, &s->mutex);
            continue;
        }
        unit->running = true;
        pthread_mutex_unlock(&s->mutex);
        run_unit(s, unit);
        pthread_mutex_lock(&s->mutex);
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

struct accesses {
    const struct sync *s;
    struct access_row *rows;
    size_t count;
};

static bool load_accesses(struct db *db, void *context, struct err *err)
{
    struct accesses *ac = context;
    if (!ac->s->options.access_id)
        return store_access_list(db, ac->s->a, &(struct page){.limit = ACCESSES_MAX}, &ac->rows, &ac->count,
                                 err);
    ac->rows = arena_make(ac->s->a, struct access_row);
    ac->count = 1;
    return store_access_load(db, ac->s->a, ac->s->options.access_id, ac->rows, err);
}

static void add_access(struct sync *s, const struct access_row *access)
{
    const struct product *const *list = s->options.products;
    for (size_t i = 0; list[i]; i++) {
        const struct product *p = list[i];
        if (strcmp(p->cloud, access->cloud) == 0 &&
            (!s->options.product || strcmp(s->options.product, p->code) == 0))
            add_unit(s, access->id, p, p->global ? "" : NULL);
    }
}

static bool prepare(struct sync *s, struct err *err)
{
    struct accesses ac = {.s = s};
    bool known = !s->options.product;
    for (size_t i = 0; s->options.products[i] && !known; i++)
        known = strcmp(s->options.products[i]->code, s->options.product) == 0;
    if (!known)
        return product_refuse(s->options.product, err);
    if (!store_read(s->store, load_accesses, &ac, err))
        return err_add(err, "synchronise");
    s->summary.accesses = ac.count;
    for (size_t i = 0; i < ac.count; i++)
        add_access(s, &ac.rows[i]);
    return true;
}

static void run_all(struct sync *s)
{
    pthread_t threads[AT_ONCE_MOST];
    size_t count = 0;
    while (count + 1 < s->options.at_once && pthread_create(&threads[count], NULL, work, s) == 0)
        count++;
    (void)work(s);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

bool inventory_sync(struct cloud *cloud, struct store *store, const struct clock *clock,
                    const struct sync_options *options, struct arena *a, sync_progress_fn *progress,
                    void *context, struct sync_summary *ret, struct err *err)
{
    struct sync s = {.cloud = cloud,
                     .store = store,
                     .clock = clock,
                     .options = *options,
                     .progress = progress,
                     .context = context,
                     .mutex = PTHREAD_MUTEX_INITIALIZER,
                     .wake = PTHREAD_COND_INITIALIZER,
                     .a = a};
    if (s.options.at_once == 0 || s.options.at_once > AT_ONCE_MOST)
        s.options.at_once = s.options.at_once ? AT_ONCE_MOST : AT_ONCE;
    if (!s.options.patience_ms)
        s.options.patience_ms = PATIENCE_MS;
    if (!s.options.products)
        s.options.products = products;
    bool ok = prepare(&s, err);
    if (ok)
        run_all(&s);
    pthread_cond_destroy(&s.wake);
    pthread_mutex_destroy(&s.mutex);
    if (ok)
        *ret = s.summary;
    return ok;
}
