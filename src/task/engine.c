#include "task/engine.h"

#include "task/engine_private.h"
#include "task/schedule.h"
#include "task/task.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ADOPT_BYTES = 1 << 30, UNFINISHED_MOST = 1000 };

static void *must_have(void *memory)
{
    if (!memory)
        abort(); /* as the arena does; the journal makes it safe */
    return memory;
}

static bool key_take_named(struct engine *e, struct item *item, struct key **key, const char *name)
{
    pthread_mutex_lock(&e->mutex);
    if (!*key)
        *key = key_ref(&e->keys, name);
    bool taken = key_take(*key, item);
    pthread_mutex_unlock(&e->mutex);
    return taken;
}

static void key_drop(struct engine *e, struct item *item, struct key **key)
{
    pthread_mutex_lock(&e->mutex);
    *key = key_unref(&e->keys, *key, item);
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->mutex);
}

bool engine_upload_take(struct engine *e, struct item *item, const char *name)
{
    return key_take_named(e, item, &item->upload, name);
}

void engine_upload_drop(struct engine *e, struct item *item)
{
    key_drop(e, item, &item->upload);
}

bool engine_contact_take(struct engine *e, struct item *item, const char *name)
{
    return key_take_named(e, item, &item->contact, name);
}

void engine_contact_drop(struct engine *e, struct item *item)
{
    key_drop(e, item, &item->contact);
}

bool engine_is_stopping(struct engine *e)
{
    pthread_mutex_lock(&e->mutex);
    bool stopping = e->stopping;
    pthread_mutex_unlock(&e->mutex);
    return stopping;
}

static struct item *item_find(struct engine *e, int64_t id)
{
    struct item *item = e->buckets[(uint64_t)id % ITEM_BUCKETS];
    while (item && item->id != id)
        item = item->next_in_bucket;
    return item;
}

static struct line *line_find(struct engine *e, int64_t task_id)
{
    struct line *line = e->lines;
    while (line && line->task_id != task_id)
        line = line->next;
    return line;
}

static struct line *line_of(struct engine *e, int64_t task_id)
{
    struct line **at = &e->lines;
    if (line_find(e, task_id))
        return line_find(e, task_id);
    while (*at)
        at = &(*at)->next;
    *at = must_have(calloc(1, sizeof **at));
    (*at)->task_id = task_id;
    (*at)->tail = &(*at)->head;
    return *at;
}

static void item_add(struct engine *e, struct item *item)
{
    struct line *line = line_of(e, item->task_id);
    *line->tail = item;
    line->tail = &item->next;
    line->open++;
    e->open++;
    struct item **bucket = &e->buckets[(uint64_t)item->id % ITEM_BUCKETS];
    item->next_in_bucket = *bucket;
    *bucket = item;
}

/* Takes the item out and frees it; true when it was its task's last. */
static bool item_remove(struct engine *e, struct item *item)
{
    struct line **line_at = &e->lines;
    while ((*line_at)->task_id != item->task_id)
        line_at = &(*line_at)->next;
    struct line *line = *line_at;
    struct item **at = &line->head;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    if (line->tail == &item->next)
        line->tail = at;
    struct item **bucket = &e->buckets[(uint64_t)item->id % ITEM_BUCKETS];
    while (*bucket != item)
        bucket = &(*bucket)->next_in_bucket;
    *bucket = item->next_in_bucket;
    (void)key_unref(&e->keys, item->lock, item);
    (void)key_unref(&e->keys, item->upload, item);
    (void)key_unref(&e->keys, item->contact, item);
    item->share->open--;
    free(item);
    e->open--;
    if (--line->open > 0)
        return false;
    *line_at = line->next;
    free(line);
    return true;
}

static struct share *share_of(struct engine *e, int64_t access_id)
{
    struct share **at = &e->shares;
    while (*at && (*at)->access_id != access_id)
        at = &(*at)->next;
    if (!*at)
        *at = must_have(calloc(1, sizeof **at));
    (*at)->access_id = access_id;
    return *at;
}

/* Whether it held its lock when the last process ended: what is under way keeps it until it settled, also while it waits for
 * a better moment. Else another might go first by chance, and on one listener the order counts.
 */
static bool had_its_lock(const struct deployment_row *row)
{
    bool writing = row->step == STEP_BIND || row->step == STEP_SETTLE || row->step == STEP_UPLOAD;
    bool begun = row->state == DEPLOYMENT_PROCESSING || row->again_at_ms > 0;
    return writing || (begun && row->step != STEP_VERIFY);
}

/* What was in flight when the last process ended takes its keys before anything else may. */
static void adopt_row(struct engine *e, struct arena *a, const struct deployment_row *row)
{
    struct item *item = item_find(e, row->id);
    if (item) {
        item->asked_again = item->running;
        if (!item->running)
            item->again_at_ms = int64_min(item->again_at_ms, row->again_at_ms);
        return;
    }
    item = must_have(calloc(1, sizeof *item));
    *item = (struct item){.id = row->id,
                          .task_id = row->task_id,
                          .access_id = row->access_id,
                          .with_lock = row->step != STEP_VERIFY,
                          .since_ms = clock_wall_ms(e->clock),
                          .again_at_ms = row->again_at_ms};
    const char *lock =
        row->lock[0] ? row->lock : arena_printf(a, "%s %s %s", row->product, row->region, row->vendor_id);
    item->lock = key_ref(&e->keys, arena_printf(a, "lock %lld %s", (long long)row->access_id, lock));
    item->share = share_of(e, row->access_id);
    item->share->open++;
    item_add(e, item);
    if (had_its_lock(row))
        (void)key_take(item->lock, item);
    if (row->step == STEP_UPLOAD && row->write_started_ms) {
        item->upload = key_ref(&e->keys, upload_key(a, row));
        (void)key_take(item->upload, item);
    }
    /* The one that tries first, if it is still to be tried. Who has the upload's key had this one before. */
    if (row->state == DEPLOYMENT_PROCESSING && (row->writes || item->upload))
        item->contact = key_ref(&e->keys, first_contact_key(a, row));
    if (item->contact && !key_take(item->contact, item))
        item->contact = key_unref(&e->keys, item->contact, item);
}

struct adoption { /* a page of them at a time: there may be very many, with much text each */
    struct arena *a;
    bool back;
    int64_t at; /* the id before or after which the next page begins */
    struct deployment_row *rows;
    size_t count;
};

static bool read_open(struct db *db, void *context, struct err *err)
{
    struct adoption *ad = context;
    return ad->back ? store_deployment_back_before(db, ad->a, ad->at, &ad->rows, &ad->count, err)
                    : store_deployment_open_after(db, ad->a, ad->at, &ad->rows, &ad->count, err);
}

static bool adopt_pages(struct engine *e, bool back, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ADOPT_BYTES);
    struct adoption ad = {.a = a, .back = back, .at = back ? INT64_MAX : 0};
    do {
        arena_reset(a);
        if (!store_read(e->store, read_open, &ad, err))
            return err_add(err, "look for open deployments");
        pthread_mutex_lock(&e->mutex);
        for (size_t i = 0; i < ad.count; i++) {
            ad.at = ad.rows[i].id;
            if ((ad.rows[i].state == DEPLOYMENT_ROLLBACK) == back)
                adopt_row(e, a, &ad.rows[i]);
        }
        pthread_cond_broadcast(&e->wake);
        pthread_mutex_unlock(&e->mutex);
    } while (ad.count == DEPLOYMENT_PAGE);
    return true;
}

/* What was deployed last goes back first: an SNI set may rely on the default that came before it. */
static bool adopt(struct engine *e, struct err *err)
{
    return adopt_pages(e, false, err) && adopt_pages(e, true, err);
}

static bool runnable(const struct item *item, int64_t now_ms)
{
    return !item->running && item->again_at_ms <= now_ms &&
           (!item->with_lock || key_free_for(item->lock, item)) && key_free_for(item->upload, item) &&
           key_free_for(item->contact, item);
}

/* The first runnable item of the first line that has one; that line goes to the end. share 0: no limit per access. */
static struct item *pick_within(struct engine *e, int64_t now_ms, size_t share)
{
    for (struct line **at = &e->lines; *at; at = &(*at)->next)
        for (struct item *item = (*at)->head; item; item = item->next) {
            if ((share && item->share->running >= share) || !runnable(item, now_ms))
                continue;
            struct line *line = *at;
            assert(line);
            *at = line->next;
            line->next = NULL;
            struct line **end = &e->lines;
            while (*end)
                end = &(*end)->next;
            *end = line;
            return item;
        }
    return NULL;
}

/* Whether an access below its share has an item that is not running: else there is no need to ask them all. */
static bool within_share(const struct engine *e, size_t share)
{
    for (const struct share *s = e->shares; s; s = s->next)
        if (s->running < share && s->open > s->running)
            return true;
    return false;
}

static struct item *pick(struct engine *e, int64_t now_ms)
{
    size_t share = e->options.workers / 4;
    struct item *item = within_share(e, share) ? pick_within(e, now_ms, share) : NULL;
    if (!item)
        item = pick_within(e, now_ms, 0);
    if (!item)
        return NULL;
    if (item->with_lock)
        (void)key_take(item->lock, item);
    item->running = true;
    item->share->running++;
    e->running++;
    return item;
}

/* 0: nothing waits for a time. What is due already waits for a key, whose holder will wake us. */
static int64_t next_due(const struct engine *e)
{
    int64_t now_ms = clock_wall_ms(e->clock);
    int64_t due = 0;
    for (const struct line *line = e->lines; line; line = line->next)
        for (const struct item *item = line->head; item; item = item->next)
            if (!item->running && item->again_at_ms > now_ms && (!due || item->again_at_ms < due))
                due = item->again_at_ms;
    return due;
}

struct roll {
    struct arena *a;
    int64_t task_id, now_ms;
};

static bool roll_up(struct db *db, void *context, struct err *err)
{
    const struct roll *roll = context;
    return task_roll_up(db, roll->a, roll->task_id, roll->now_ms, err);
}

/* What the end of a wave or a verdict set going; then the state. True when there is new work in the store. */
static bool settle_task(struct engine *e, int64_t task_id)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct roll roll = {a, task_id, clock_wall_ms(e->clock)};
    struct err err = {0};
    bool more = false;
    if (!(schedule_advance(e->store, task_id, roll.now_ms, &more, &err) &&
          store_write(e->store, roll_up, &roll, &err)) &&
        err.kind != ERR_NOT_FOUND)
        log_err(LOG_ERROR, NULL, "task.roll_up", &err);
    if (e->options.changed)
        e->options.changed(e->options.context, task_id);
    return more;
}

struct unfinished {
    struct arena *a;
    struct task_row *tasks;
    size_t count;
};

static bool read_unfinished(struct db *db, void *context, struct err *err)
{
    struct unfinished *u = context;
    return store_task_unfinished(db, u->a, 0, UNFINISHED_MOST, &u->tasks, &u->count, err);
}

/* A process that died between a task's last deployment and the task's own state left the latter to us. */
static bool settle_unfinished(struct engine *e, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct unfinished u = {.a = a};
    if (!store_read(e->store, read_unfinished, &u, err))
        return err_add(err, "look for unfinished tasks");
    for (size_t i = 0; i < u.count; i++)
        if (!line_find(e, u.tasks[i].id))
            e->reload |= settle_task(e, u.tasks[i].id);
    return true;
}

/* One turn of a picked item. Called and returns with the mutex held. */
static void run_item(struct engine *e, struct item *item)
{
    int64_t task_id = item->task_id, again_at_ms = 0;
    struct line *line = line_of(e, task_id);
    bool first = !line->begun, last = false, more = false;
    enum outcome outcome = OUTCOME_LATER;
    line->begun = true;
    item->asked_again = false;
    pthread_mutex_unlock(&e->mutex);
    if (first)
        more = settle_task(e, task_id);
    turn_run(e, item, &outcome, &again_at_ms);
    pthread_mutex_lock(&e->mutex);
    item->running = false;
    item->share->running--;
    item->again_at_ms = again_at_ms;
    if (!item->with_lock)
        key_release(item->lock, item);
    if (outcome == OUTCOME_FINAL) {
        e->reload |= item->asked_again;
        last = item_remove(e, item);
    }
    if (last) {
        pthread_mutex_unlock(&e->mutex);
        more |= settle_task(e, task_id);
        pthread_mutex_lock(&e->mutex);
    }
    e->reload |= more;
    e->running--;
    pthread_cond_broadcast(&e->quiet);
    pthread_cond_signal(&e->wake);
}

static void reload(struct engine *e)
{
    e->reload = false;
    e->reloading = true;
    pthread_mutex_unlock(&e->mutex);
    struct err err = {0};
    bool ok = adopt(e, &err);
    if (!ok)
        log_err(LOG_ERROR, NULL, "engine.adopt", &err);
    pthread_mutex_lock(&e->mutex);
    e->reloading = false;
    pthread_cond_broadcast(&e->wake);
}

/* Waits for a wake-up; one of the idle workers also for the next due time, so that not all of them wake for it. */
static void wait_for_work(struct engine *e)
{
    int64_t due = next_due(e);
    if (e->timer || !due) {
        pthread_cond_wait(&e->wake, &e->mutex);
        return;
    }
    int64_t wait_ms = int64_max(1, int64_min(due - clock_wall_ms(e->clock), 60000));
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + wait_ms % 1000 * 1000000;
    at.tv_sec += wait_ms / 1000 + ns / 1000000000;
    at.tv_nsec = ns % 1000000000;
    e->timer = true;
    (void)pthread_cond_timedwait(&e->wake, &e->mutex, &at);
    e->timer = false;
    pthread_cond_signal(&e->wake);
}

static void *work(void *context)
{
    struct engine *e = context;
    pthread_mutex_lock(&e->mutex);
    while (!e->stopping) {
        if (e->reload && !e->reloading) {
            reload(e);
            continue;
        }
        struct item *item = pick(e, clock_wall_ms(e->clock));
        if (!item) {
            wait_for_work(e);
            continue;
        }
        pthread_cond_signal(&e->wake);
        run_item(e, item);
    }
    pthread_mutex_unlock(&e->mutex);
    return NULL;
}

size_t engine_run_due(struct engine *e, int64_t *ret_next_ms)
{
    assert(e->options.workers == 0);
    size_t steps = 0;
    pthread_mutex_lock(&e->mutex);
    for (;;) {
        if (e->reload)
            reload(e);
        struct item *item = e->stopping ? NULL : pick(e, clock_wall_ms(e->clock));
        if (!item)
            break;
        run_item(e, item);
        steps++;
    }
    *ret_next_ms = next_due(e);
    pthread_mutex_unlock(&e->mutex);
    return steps;
}

void engine_wake(struct engine *e)
{
    pthread_mutex_lock(&e->mutex);
    e->reload = true;
    pthread_cond_broadcast(&e->wake);
    pthread_mutex_unlock(&e->mutex);
}

size_t engine_open_count(struct engine *e)
{
    pthread_mutex_lock(&e->mutex);
    size_t open = e->open + (e->reload || e->reloading); /* what is not looked at yet may be work */
    pthread_mutex_unlock(&e->mutex);
    return open;
}

bool engine_stop(struct engine *e, int64_t wait_ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += wait_ms / 1000 + 1;
    pthread_mutex_lock(&e->mutex);
    e->stopping = true;
    atomic_store(&e->stop, true);
    pthread_cond_broadcast(&e->wake);
    int status = 0;
    while (wait_ms > 0 && e->running > 0 && status == 0)
        status = pthread_cond_timedwait(&e->quiet, &e->mutex, &at);
    bool quiet = e->running == 0;
    pthread_mutex_unlock(&e->mutex);
    return quiet;
}

static void free_all(struct engine *e)
{
    while (e->lines)
        (void)item_remove(e, e->lines->head);
    while (e->shares) {
        struct share *share = e->shares;
        e->shares = share->next;
        free(share);
    }
    pthread_cond_destroy(&e->wake);
    pthread_cond_destroy(&e->quiet);
    pthread_mutex_destroy(&e->mutex);
    free(e->threads);
    free(e);
}

struct engine *engine_close(struct engine *e)
{
    if (!e)
        return NULL;
    (void)engine_stop(e, 0);
    for (unsigned i = 0; i < e->thread_count; i++)
        pthread_join(e->threads[i], NULL);
    free_all(e);
    return NULL;
}

static bool start_threads(struct engine *e, struct err *err)
{
    e->threads = must_have(calloc(e->options.workers + 1, sizeof *e->threads));
    for (; e->thread_count < e->options.workers; e->thread_count++)
        if (pthread_create(&e->threads[e->thread_count], NULL, work, e) != 0)
            return err_set(err, ERR_INTERNAL, "cannot start worker %u of %u", e->thread_count + 1,
                           e->options.workers);
    return true;
}

bool engine_open(struct store *store, struct cloud *cloud, const struct clock *clock,
                 const struct engine_options *options, struct engine **ret, struct err *err)
{
    struct engine *e = must_have(calloc(1, sizeof *e));
    e->store = store;
    e->cloud = cloud;
    e->clock = clock;
    e->options = *options;
    if (!e->options.find_product)
        e->options.find_product = product_find;
    if (!e->options.probe)
        e->options.probe = probe;
    if (!e->options.probe_timeout_ms)
        e->options.probe_timeout_ms = PROBE_TIMEOUT_MS;
    pthread_mutex_init(&e->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&e->wake, &monotonic);
    pthread_cond_init(&e->quiet, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!adopt(e, err) || !settle_unfinished(e, err) || !start_threads(e, err)) {
        (void)engine_close(e);
        return false;
    }
    *ret = e;
    return true;
}
