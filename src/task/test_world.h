/* test_world.h - a cloud of two products made for tests, with faults by script, and the engine on a clock moved by hand.
 *
 * The world lives in shared memory, so that a child process can be killed at any instant and its parent look at what it
 * did. For tests only.
 */
#pragma once
#include "cloud/session.h"
#include "store/test_support.h"
#include "task/engine.h"
#include "task/task.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { THINGS = 64, ENTRIES = 12, SETTLE_MS = 3000, CONSISTENCY_MS = 5000, STALE_MS = 1500 };

enum op { OP_READ, OP_UPLOAD, OP_BIND, OP_COUNT };
enum fault {
    FAULT_NONE,
    FAULT_THROTTLE,
    FAULT_LOST_APPLIED,
    FAULT_LOST,
    FAULT_UNSENT,
    FAULT_PERMISSION,
    FAULT_BUSY,
    FAULT_500,
    FAULT_STORE
};

struct entry {
    char slot[16], ref[64];
};

struct thing { /* one resource, as the cloud has it */
    char id[32];
    struct entry now[ENTRIES], stale[ENTRIES];
    bool https;
    int64_t ready_at, fresh_at; /* until then: not ready; reads show what was before */
    const char *failed;
    int writes; /* that changed something */
    int64_t last_write_ms;
};

struct world {
    struct thing things[THINGS];
    int64_t now_ms;
    int calls[OP_COUNT];
    enum fault faults[OP_COUNT][8]; /* of the first calls */
    enum fault always[OP_COUNT];
    double rate; /* of transient faults */
    unsigned seed;
    int uploads, busy, twice; /* twice: writes of what was there already */
    char copies[8][64];
    int64_t settle_ms, stale_ms;
    int die_at, points; /* the process ends at the n-th point (commit, or before and after an effect) */
    char served[128];   /* fingerprint that every entry point serves; "": what is bound, "down": nothing */
    char asked_name[128];
    bool threads;
    void (*reading)(int64_t read_task); /* what happens during the next read; NULL: nothing */
    int64_t read_task;
    pthread_mutex_t mutex;
};

static struct world *world; /* of the running test */

struct yard_world {
    struct yard *y;
    struct cloud *cloud;
    struct engine *e;
    struct task_context c;
    struct clock clock;
    int64_t access_id;
};

static inline int64_t world_ms(const struct clock *clock)
{
    (void)clock;
    return __atomic_load_n(&world->now_ms, __ATOMIC_RELAXED);
}

static inline void point(void)
{
    if (world->die_at && ++world->points == world->die_at)
        _exit(9);
}

static inline enum fault fault_for(enum op op)
{
    int nth = world->calls[op]++;
    if (world->always[op])
        return world->always[op];
    if (nth < 8 && world->faults[op][nth])
        return world->faults[op][nth];
    static const enum fault transient[] = {FAULT_THROTTLE, FAULT_LOST_APPLIED, FAULT_LOST, FAULT_UNSENT,
                                           FAULT_500};
    if (world->rate > 0 && rand_r(&world->seed) < world->rate * RAND_MAX)
        return transient[(unsigned)rand_r(&world->seed) % countof(transient)];
    return FAULT_NONE;
}

/* Fails as the fault says; false means: go on and succeed. */
static inline bool fails(enum fault fault, struct err *err)
{
    switch (fault) {
    case FAULT_NONE:
        return false;
    case FAULT_THROTTLE:
        return !err_set(err, ERR_THROTTLED, "slow down");
    case FAULT_LOST:
    case FAULT_LOST_APPLIED:
        return !err_set(err, ERR_TIMEOUT, "no answer");
    case FAULT_UNSENT:
        err_set(err, ERR_NETWORK, "refused");
        err->unsent = true;
        return true;
    case FAULT_STORE:
        return !err_set(err, ERR_STORE, "the disk is ill");
    case FAULT_PERMISSION:
        err_set(err, ERR_PERMISSION, "not authorised");
        snprintf(err->code, sizeof err->code, "Forbidden");
        return true;
    case FAULT_BUSY:
        return !err_set(err, ERR_CONFLICT, "busy");
    case FAULT_500:
        err_set(err, ERR_VENDOR, "internal error");
        err->transient = true;
        return true;
    }
    return true;
}

static inline struct thing *thing_of(const char *id)
{
    for (size_t i = 0; i < THINGS; i++)
        if (strcmp(world->things[i].id, id) == 0)
            return &world->things[i];
    return NULL;
}

static inline bool fake_read(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    if (world->reading) {
        void (*meanwhile)(int64_t) = world->reading;
        world->reading = NULL;
        meanwhile(world->read_task);
    }
    pthread_mutex_lock(&world->mutex);
    enum fault fault = fault_for(OP_READ);
    struct thing *t = thing_of(r->vendor_id);
    bool ok = !fails(fault, err) && (t || err_set(err, ERR_NOT_FOUND, "gone"));
    if (ok) {
        const struct entry *seen = world->now_ms < t->fresh_at ? t->stale : t->now;
        *ret = (struct binding){.https = t->https,
                                .ready = world->now_ms >= t->ready_at,
                                .failed = t->failed,
                                .etag = ""};
        ret->bound = arena_array(job->arena, struct bound, ENTRIES);
        for (size_t i = 0; i < ENTRIES; i++)
            if (seen[i].ref[0])
                ret->bound[ret->bound_count++] =
                    (struct bound){.slot = arena_strdup(job->arena, seen[i].slot),
                                   .ref = arena_strdup(job->arena, seen[i].ref)};
    }
    pthread_mutex_unlock(&world->mutex);
    return ok;
}

static inline bool fake_store_for(struct job *job, const struct resource *r, const struct material *m,
                                  const char **ret, struct err *err)
{
    (void)job, (void)m, (void)err;
    *ret = strncmp(r->vendor_id, "pem", 3) == 0 ? NULL : "vault";
    return true;
}

static inline bool fake_upload(struct job *job, const char *vendor_store, const struct material *m,
                               const char **ret, struct err *err)
{
    (void)vendor_store;
    pthread_mutex_lock(&world->mutex);
    enum fault fault = fault_for(OP_UPLOAD);
    const char *ref = arena_printf(job->arena, "ref-%s", m->fingerprint);
    bool effect = fault == FAULT_NONE || fault == FAULT_LOST_APPLIED, known = false;
    for (size_t i = 0; i < countof(world->copies); i++)
        known |= strcmp(world->copies[i], ref) == 0;
    point();
    if (effect && !known) {
        assert_true(secret_size(m->key) > 0);
        snprintf(world->copies[world->uploads % 8], sizeof world->copies[0], "%s", ref);
        world->uploads++;
    }
    point();
    bool ok = !fails(fault, err);
    if (ok)
        *ret = ref;
    pthread_mutex_unlock(&world->mutex);
    return ok;
}

static inline void put(struct thing *t, const char *slot, const char *from, const char *to)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *e = &t->now[i];
        bool here = from ? e->ref[0] && strcmp(e->slot, slot) == 0 && strcmp(e->ref, from) == 0 : !e->ref[0];
        if (!here)
            continue;
        *e = (struct entry){0};
        if (to) {
            snprintf(e->slot, sizeof e->slot, "%s", slot);
            snprintf(e->ref, sizeof e->ref, "%s", to);
        }
        return;
    }
}

static inline bool has(const struct thing *t, const char *slot, const char *ref)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (t->now[i].ref[0] && strcmp(t->now[i].slot, slot) == 0 &&
            (!ref || strcmp(t->now[i].ref, ref) == 0))
            return true;
    return false;
}

/* One write: a default is replaced; of a set, first all that is missing comes, then all that is to go goes. */
static inline void change_thing(struct thing *t, const struct change *c)
{
    bool set = strcmp(c->slot, "sni") == 0, added = false;
    memcpy(t->stale, t->now, sizeof t->stale);
    t->writes++;
    world->twice += !set && c->add_count && has(t, c->slot, c->add[0]);
    t->last_write_ms = world->now_ms;
    t->ready_at = world->now_ms + world->settle_ms;
    t->fresh_at = world->now_ms + world->stale_ms;
    t->https = true;
    for (size_t i = 0; i < c->add_count; i++)
        if (!has(t, c->slot, c->add[i])) {
            put(t, c->slot, !set && c->remove_count ? c->remove[0] : NULL, c->add[i]);
            added = true;
        }
    for (size_t i = 0; i < c->remove_count && (!set || !added); i++)
        put(t, c->slot, c->remove[i], NULL);
    if (!set && c->add_count == 0)
        t->https = false;
}

static inline bool fake_bind(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    (void)job;
    pthread_mutex_lock(&world->mutex);
    enum fault fault = fault_for(OP_BIND);
    struct thing *t = thing_of(r->vendor_id);
    for (size_t i = 0; i < THINGS; i++) /* what shares a lock (the title's first letter) must not overlap */
        world->busy += !world->threads && world->things[i].id[0] == r->vendor_id[0] &&
                       world->now_ms < world->things[i].ready_at;
    point();
    if (fault == FAULT_NONE || fault == FAULT_LOST_APPLIED)
        change_thing(t, w->change);
    point();
    bool ok = !fails(fault, err);
    pthread_mutex_unlock(&world->mutex);
    return ok;
}

static inline bool fake_probe(struct arena *a, const struct clock *clock, const struct probe_target *target,
                              struct probe_result *ret, struct err *err)
{
    (void)clock;
    pthread_mutex_lock(&world->mutex);
    struct thing *t = thing_of(target->host);
    snprintf(world->asked_name, sizeof world->asked_name, "%s",
             target->server_name ? target->server_name : "(none)");
    bool up = strcmp(world->served, "down") != 0 && t;
    const char *fingerprint = world->served;
    for (size_t i = 0; up && !fingerprint[0] && i < ENTRIES; i++)
        if (strncmp(t->now[i].ref, "ref-", 4) == 0)
            fingerprint = t->now[i].ref + 4;
    struct x509 *leaf = arena_make(a, struct x509);
    snprintf(leaf->sha256, sizeof leaf->sha256, "%s", fingerprint);
    leaf->serial = "77", leaf->common_name = "served.example.com", leaf->subject = leaf->issuer = "";
    bool other_key = strcmp(world->served, "other-key") == 0 && target->signature != KEY_OTHER;
    pthread_mutex_unlock(&world->mutex);
    if (!up || other_key)
        return err_set(err, ERR_NETWORK, "%s",
                       up ? "TLS handshake: sslv3 alert handshake failure" : "refused");
    *ret = (struct probe_result){leaf, 1, "192.0.2.1", "TLSv1.3"};
    return true;
}

static const struct product fake_cdn = {.cloud = "aliyun",
                                        .name = "cdn",
                                        .code = "aliyun/cdn",
                                        .title = "Fake CDN",
                                        .global = true,
                                        .first_deployment = true,
                                        .consistency_ms = CONSISTENCY_MS,
                                        .settle_ms = 60000,
                                        .poll_ms = 2000,
                                        .propagation_ms = 30000,
                                        .read = fake_read,
                                        .store_for = fake_store_for,
                                        .upload = fake_upload,
                                        .bind = fake_bind};
static const struct product fake_alb = {.cloud = "aliyun",
                                        .name = "alb",
                                        .code = "aliyun/alb",
                                        .title = "Fake ALB",
                                        .sni = true,
                                        .consistency_ms = CONSISTENCY_MS,
                                        .settle_ms = 60000,
                                        .poll_ms = 2000,
                                        .propagation_ms = 30000,
                                        .read = fake_read,
                                        .store_for = fake_store_for,
                                        .upload = fake_upload,
                                        .bind = fake_bind};

static inline const struct product *fake_find(const char *code)
{
    return strcmp(code, "aliyun/cdn") == 0 ? &fake_cdn : strcmp(code, "aliyun/alb") == 0 ? &fake_alb : NULL;
}

static inline void at_commit(void *context, int64_t task_id)
{
    (void)context, (void)task_id;
    pthread_mutex_lock(&world->mutex);
    point();
    pthread_mutex_unlock(&world->mutex);
}

static inline void world_new(void)
{
    world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(world != MAP_FAILED);
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&world->mutex, &shared);
    world->now_ms = NOW_MS;
    world->settle_ms = SETTLE_MS;
    world->stale_ms = STALE_MS;
    world->seed = 7;
}

static inline void engine_begin(struct yard_world *w, unsigned workers)
{
    struct engine_options options = {.workers = workers,
                                     .find_product = fake_find,
                                     .probe = fake_probe,
                                     .changed = at_commit};
    if (!cloud_open(w->y->s, NULL, &w->clock, &w->cloud, &w->y->err) ||
        !engine_open(w->y->s, w->cloud, &w->clock, &options, &w->e, &w->y->err))
        fail_msg("%s", w->y->err.text);
    w->c = (struct task_context){w->y->s, w->cloud, &w->clock, fake_find};
}

static inline void engine_end(struct yard_world *w)
{
    w->e = engine_close(w->e);
    w->cloud = cloud_close(w->cloud);
}

/* The yard's store closed and opened again on the world's clock. */
static inline void store_again(struct yard_world *w, bool open)
{
    struct yard *y = w->y;
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    if (open)
        assert_ok(y, store_open(bench_path(y->b, "data"), y->seal, &w->clock, &y->s, &y->err));
}

/* The engine and its store are closed, for a child to go on with and die; then opened again. */
static inline void engine_leave(struct yard_world *w)
{
    engine_end(w);
    store_again(w, false);
}

static inline void engine_again(struct yard_world *w)
{
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&world->mutex, &shared); /* the dead may have held it */
    store_again(w, true);
    engine_begin(w, 0);
}

/* Runs fn with the engine in a child that dies at its n-th point; true when it came to its end instead. */
static inline bool world_dies_at(struct yard_world *w, int die_at, void (*fn)(void *context), void *context)
{
    engine_leave(w);
    world->die_at = die_at;
    world->points = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        engine_again(w);
        fn(context);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
    world->die_at = 0;
    engine_again(w);
    return WEXITSTATUS(status) == 0;
}

static inline int world_begin(void **state)
{
    struct yard_world *w = calloc(1, sizeof *w);
    world_new();
    assert_int_equal(yard_begin((void **)&w->y), 0);
    w->clock = (struct clock){world_ms, world_ms};
    store_again(w, true);
    engine_begin(w, 0);
    *state = w;
    return 0;
}

static inline int world_end(void **state)
{
    struct yard_world *w = *state;
    engine_end(w);
    void *yard = w->y;
    yard_end(&yard);
    free(w);
    return munmap(world, sizeof *world);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

struct adding {
    struct yard *y;
    struct certificate_row certificate;
    struct access_row access;
    struct resource resource;
    struct secret *key;
    struct err *err;
    bool untried; /* nothing was ever deployed with this access */
};

static inline bool add_certificate(struct db *db, void *context, struct err *err)
{
    struct adding *ad = context;
    return store_certificate_add(db, &ad->certificate, ad->key, NULL, err);
}

static inline bool add_access(struct db *db, void *context, struct err *err)
{
    struct adding *ad = context;
    return store_access_add(db, &ad->access, ad->key, NULL, err) &&
           store_access_set_state(db, ad->access.id, "normal", "", "", err) &&
           (ad->untried || (store_first_contact_put(db, ad->access.id, "aliyun/cdn", err) &&
                            store_first_contact_put(db, ad->access.id, "aliyun/alb", err)));
}

static inline bool add_resource(struct db *db, void *context, struct err *err)
{
    struct adding *ad = context;
    return store_resource_put(db, ad->y->s, &ad->resource, err);
}

static inline int64_t new_certificate(struct yard_world *w, const char *name, const char *domains)
{
    struct adding ad = {.y = w->y};
    ad.certificate = yard_certificate(w->y, name, arena_printf(w->y->a, "fp-%s", name));
    ad.certificate.domains = domains;
    ad.key = secret_in(w->y->a, secret_new("KEY", 3));
    assert_ok(w->y, store_write(w->y->s, add_certificate, &ad, &w->y->err));
    return ad.certificate.id;
}

static inline int64_t new_access(struct yard_world *w, const char *name)
{
    struct adding ad = {.y = w->y, .access = yard_access(w->y, name)};
    ad.access.gateway = ad.access.ca_file = ad.access.proxy = "";
    ad.key = secret_in(w->y->a, secret_new("SECRET-SECRET", 13));
    assert_ok(w->y, store_write(w->y->s, add_access, &ad, &w->y->err));
    return ad.access.id;
}

/* A resource of the inventory and its thing in the world, holding `ref` (NULL: nothing, HTTPS off). */
static inline struct thing *new_thing(struct yard_world *w, const char *product, const char *id,
                                      const char *name, const char *ref)
{
    struct adding ad = {.y = w->y};
    size_t at = 0;
    while (world->things[at].id[0])
        at++;
    struct thing *t = &world->things[at];
    struct resource_name names[] = {{name, EVIDENCE_DOMAIN}};
    struct bound bound = {.slot = "default",
                          .ref = ref,
                          .name = ref,
                          .fingerprint = "",
                          .serial = "",
                          .key_type = "",
                          .issuer = "",
                          .not_after_ms = NOW_MS + 10 * DAY_MS};
    if (!w->access_id)
        w->access_id = new_access(w, "main");
    snprintf(t->id, sizeof t->id, "%s", id);
    t->https = ref != NULL;
    if (ref)
        put(t, "default", NULL, ref);
    ad.resource = (struct resource){.access_id = w->access_id,
                                    .owner = "",
                                    .product = product,
                                    .region = "",
                                    .vendor_id = id,
                                    .title = id,
                                    .names = names,
                                    .name_count = 1,
                                    .https = ref != NULL,
                                    .bound = &bound,
                                    .bound_count = ref ? 1 : 0,
                                    .host = id,
                                    .port = 443,
                                    .reach = "public",
                                    .lock = arena_printf(w->y->a, "lock-%c", id[0]),
                                    .alias_of = "",
                                    .managed_by = "",
                                    .unfit = "",
                                    .extra = "{}",
                                    .generation = 1};
    assert_ok(w->y, store_write(w->y->s, add_resource, &ad, &w->y->err));
    return t;
}

/* Runs the engine until nothing is open, moving the clock to whatever is due next. */
static inline void run(struct yard_world *w)
{
    for (int i = 0; i < 20000; i++) {
        int64_t next = 0;
        (void)engine_run_due(w->e, &next);
        if (engine_open_count(w->e) == 0)
            return;
        if (next == 0)
            fail_msg("%zu deployments open and nothing due", engine_open_count(w->e));
        world->now_ms = next > world->now_ms ? next : world->now_ms + 1;
    }
    fail_msg("the engine does not come to an end");
}

static inline struct selection select_certificate(struct yard_world *w, int64_t certificate)
{
    const char **id = arena_array(w->y->a, const char *, 1);
    id[0] = arena_printf(w->y->a, "%lld", (long long)certificate);
    return (struct selection){.certificates = {id, 1}, .replaces = "", .verify = true};
}

static inline int64_t submitted(struct yard_world *w, const struct selection *s, const char *name)
{
    struct task_view view;
    assert_ok(w->y, task_create(&w->c, w->y->a, "uid:1000", name, s, &view, &w->y->err));
    assert_ok(w->y, task_submit(&w->c, view.task.id, view.task.version, &w->y->err));
    engine_wake(w->e);
    return view.task.id;
}

static inline struct task_view seen(struct yard_world *w, int64_t task)
{
    struct task_view view;
    assert_ok(w->y,
              task_show(&w->c, w->y->a, arena_printf(w->y->a, "%lld", (long long)task), &view, &w->y->err));
    return view;
}

/* Deploys one certificate onto all it matches and runs to the end. */
static inline struct task_view deployed(struct yard_world *w, int64_t certificate, const char *name)
{
    struct selection s = select_certificate(w, certificate);
    int64_t task = submitted(w, &s, name);
    run(w);
    return seen(w, task);
}

static inline struct task_view rolled_back(struct yard_world *w, int64_t task)
{
    struct task_refusal *refused = NULL;
    size_t count = 0;
    assert_ok(w->y, task_rollback(&w->c, w->y->a, task, NULL, 0, false, &refused, &count, &w->y->err));
    engine_wake(w->e);
    run(w);
    return seen(w, task);
}

static inline void expect_state(const struct deployment_row *d, enum deployment_state state)
{
    if (d->state != state)
        fail_msg("%s is %s, not %s: %s %s", d->title, deployment_state_name(d->state),
                 deployment_state_name(state), d->cause_kind, d->cause_text);
}
