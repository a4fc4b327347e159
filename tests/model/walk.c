/* walk.c - the engine itself, on random walks of the model: verbs, changes by others, faults, and the death of the process
 * at any commit or effect. After each step both deployments must stand where the model could stand, too, having seen the
 * same; and in the end the store says what the cloud holds.
 *
 * CERTFERRY_WALK_SEED is the first seed (1), CERTFERRY_WALKS how many are walked (200). A failure names its seed.
 */
#include "model/model.h"

#include "base/log.h"
#include "store/quota.h"
#include "task/test_world.h"

enum { THINGS_WALKED = 2, STEPS_MOST = 14, ENGINE_ROUNDS = 6, GRAPH_STATES = 1 << 17, SUCCESSORS_MOST = 24 };

/* What can be seen of a deployment from outside, in the store and in its cloud. */
struct seen_of {
    uint8_t state, step, writes, unknown, before, already, now;
};

/* All states of the model of one deployment, and what follows each without anybody's wish. */
struct graph {
    struct model_state *states;
    struct seen_of *seen;
    uint32_t count, *table, (*next)[SUCCESSORS_MOST];
    uint8_t *next_count;
};

static const struct model one = {.deployments = 1, .quota = 1, .foreign = 1, .verbs = 3, .alone = true};
static struct graph graph; /* made once */

static uint32_t place_of(const struct model_state *s)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < sizeof *s; i++)
        hash = (hash ^ ((const unsigned char *)s)[i]) * 1099511628211u;
    uint32_t at = (uint32_t)(hash ^ hash >> 32) % (2 * GRAPH_STATES);
    while (graph.table[at] && memcmp(&graph.states[graph.table[at] - 1], s, sizeof *s) != 0)
        at = (at + 1) % (2 * GRAPH_STATES);
    return at;
}

static struct seen_of seen_in(const struct model_state *s)
{
    const struct model_deployment *d = &s->d[0];
    return (struct seen_of){d->state, d->step, d->writes, d->unknown, d->before, d->already, s->r[0].now};
}

static uint32_t graph_add(const struct model_state *s)
{
    uint32_t at = place_of(s);
    if (!graph.table[at]) {
        assert_true(graph.count < GRAPH_STATES);
        graph.states[graph.count] = *s;
        graph.seen[graph.count] = seen_in(s);
        graph.table[at] = ++graph.count;
    }
    return graph.table[at] - 1;
}

static int graph_begin(void **state)
{
    (void)state;
    graph = (struct graph){.states = calloc(GRAPH_STATES, sizeof *graph.states),
                           .seen = calloc(GRAPH_STATES, sizeof *graph.seen),
                           .table = calloc(2 * GRAPH_STATES, sizeof *graph.table),
                           .next = calloc(GRAPH_STATES, sizeof *graph.next),
                           .next_count = calloc(GRAPH_STATES, 1)};
    struct model_state first = model_begin(&one);
    (void)graph_add(&first);
    for (uint32_t at = 0; at < graph.count; at++)
        for (size_t r = 0; r < model_rule_count; r++) {
            struct model_state s = graph.states[at];
            if (!model_rules[r].apply(&one, &s, 0))
                continue;
            uint32_t to = graph_add(&s);
            if (!model_rules[r].user) {
                assert_true(graph.next_count[at] < SUCCESSORS_MOST);
                graph.next[at][graph.next_count[at]++] = to;
            }
        }
    print_message("%u states of one deployment\n", graph.count);
    return 0;
}

static int graph_end(void **state)
{
    (void)state;
    free(graph.states);
    free(graph.seen);
    free(graph.table);
    free(graph.next);
    free(graph.next_count);
    return 0;
}

/* Where in the model a deployment may be. */
struct trace {
    uint32_t *at, count;
    uint32_t *mark, round; /* mark[state] == round: it is in `at` */
};

static void trace_add(struct trace *t, uint32_t state)
{
    if (t->mark[state] == t->round)
        return;
    t->mark[state] = t->round;
    t->at[t->count++] = state;
}

static void trace_begin(struct trace *t)
{
    if (!t->at)
        *t = (struct trace){.at = calloc(GRAPH_STATES, sizeof *t->at),
                            .mark = calloc(GRAPH_STATES, sizeof *t->mark)};
    t->count = 0;
    t->round++;
    trace_add(t, 0);
}

static void trace_end(struct trace *t)
{
    free(t->at);
    free(t->mark);
}

/* Somebody's wish: it is done where it can be, and changes nothing elsewhere. */
static void trace_wish(struct trace *t, const char *name)
{
    uint32_t count = t->count;
    size_t r = 0;
    while (strcmp(model_rules[r].name, name) != 0)
        r++;
    t->count = 0;
    t->round++;
    for (uint32_t i = 0; i < count; i++) { /* `at` is filled no faster than it is read */
        struct model_state s = graph.states[t->at[i]];
        bool done = model_rules[r].apply(&one, &s, 0);
        trace_add(t, done ? graph_add(&s) : t->at[i]);
    }
}

/* Everything that may have happened by itself; then what was not seen is struck off. False: the model was never there. */
static bool trace_look(struct trace *t, const struct seen_of *seen)
{
    for (uint32_t i = 0; i < t->count; i++)
        for (unsigned k = 0; k < graph.next_count[t->at[i]]; k++)
            trace_add(t, graph.next[t->at[i]][k]);
    uint32_t count = t->count;
    t->count = 0;
    t->round++;
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&graph.seen[t->at[i]], seen, sizeof *seen) == 0)
            trace_add(t, t->at[i]);
    return t->count > 0;
}

/* ---- the walk ---- */

struct walk {
    struct yard_world *w;
    unsigned seed, number;
    int64_t task, units; /* units: of quota, that there are in all */
    struct thing *things[THINGS_WALKED];
    struct trace traces[THINGS_WALKED];
    char names[THINGS_WALKED][32], ours[64], story[4096];
    bool changed[THINGS_WALKED]; /* by somebody else */
    bool
        stray; /* a write or an upload was left open by an error: its lock is free while the cloud is busy with it */
};

static unsigned chance(struct walk *k, unsigned below)
{
    return (unsigned)rand_r(&k->seed) % below;
}

__attribute__((format(printf, 2, 3))) static void tell(struct walk *k, const char *format, ...)
{
    size_t size = strlen(k->story);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(k->story + size, sizeof k->story - size, format, arguments);
    va_end(arguments);
}

static uint8_t value_of(const struct walk *k, const struct thing *t)
{
    return has(t, "default", k->ours) ? VALUE_OURS : has(t, "default", "old-1") ? VALUE_OLD : VALUE_FOREIGN;
}

static struct seen_of seen_now(const struct walk *k, const struct deployment_row *d, const struct thing *t)
{
    return (struct seen_of){.state = (uint8_t)d->state,
                            .step = (uint8_t)d->step,
                            .writes = (uint8_t)(d->writes < MODEL_WRITES ? d->writes : MODEL_WRITES),
                            .unknown = d->write_started_ms != 0,
                            .before = d->has_before ? 1 + VALUE_OLD : 0,
                            .already = d->already_bound,
                            .now = value_of(k, t)};
}

static const struct deployment_row *row_of(struct walk *k, const struct task_view *view, unsigned i)
{
    for (size_t j = 0; j < view->count; j++)
        if (strcmp(view->deployments[j].vendor_id, k->names[i]) == 0)
            return &view->deployments[j];
    fail_msg("seed %u: deployment %u is gone", k->number, i);
    return NULL;
}

struct ledger {
    int64_t task, wanted; /* wanted: units that are to be available */
    struct quota_balance balance;
    struct quota_sums sums;
};

static bool read_ledger(struct db *db, void *context, struct err *err)
{
    struct ledger *l = context;
    return store_quota_balance(db, "", &l->balance, err) &&
           (!l->task || store_quota_of_task(db, l->task, &l->sums, err));
}

static bool set_available(struct db *db, void *context, struct err *err)
{
    struct ledger *l = context;
    int64_t more = l->wanted - l->balance.available;
    return more > 0   ? store_quota_grant(db, "", more, "walk", err)
           : more < 0 ? store_quota_revoke(db, "", -more, "walk", err)
                      : true;
}

/* Just enough for the walk. */
static void deal_quota(struct walk *k)
{
    struct yard *y = k->w->y;
    struct ledger l = {.wanted = THINGS_WALKED};
    assert_ok(y, store_read(y->s, read_ledger, &l, &y->err));
    assert_ok(y, store_write(y->s, set_available, &l, &y->err));
    assert_ok(y, store_read(y->s, read_ledger, &l, &y->err));
    k->units = l.balance.total;
}

/* How many deployments that cost a unit are in these states. */
static int64_t charged_in(const struct task_view *view, unsigned states)
{
    int64_t count = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct deployment_row *d = &view->deployments[i];
        count += d->charged && !d->already_bound && (states & (1U << d->state));
    }
    return count;
}

/* None is lost or made; what is under way holds one, what was changed for good has used one, and nothing else did. */
static void look_at_quota(struct walk *k, const struct task_view *view)
{
    struct yard *y = k->w->y;
    struct ledger l = {.task = k->task};
    assert_ok(y, store_read(y->s, read_ledger, &l, &y->err));
    int64_t under_way = charged_in(view, 1U << DEPLOYMENT_PROCESSING);
    int64_t used = charged_in(view, 1U << DEPLOYMENT_SUCCESS);
    int64_t gone_back = charged_in(view, 1U << DEPLOYMENT_ROLLBACK | 1U << DEPLOYMENT_ROLLBACK_SUCCESS |
                                             1U << DEPLOYMENT_ROLLBACK_ERROR);
    bool right = l.balance.total == k->units && l.balance.available >= 0 && l.sums.held == under_way &&
                 l.sums.used >= used && l.sums.used <= used + gone_back;
    if (!right)
        fail_msg("seed %u:%s\n%lld units of %lld, %lld available, %lld held, %lld used: %lld under way, %lld "
                 "done, "
                 "%lld gone back",
                 k->number, k->story, (long long)l.balance.total, (long long)k->units,
                 (long long)l.balance.available, (long long)l.sums.held, (long long)l.sums.used,
                 (long long)under_way, (long long)used, (long long)gone_back);
}

static void look(struct walk *k)
{
    struct task_view view = seen(k->w, k->task);
    look_at_quota(k, &view);
    for (unsigned i = 0; i < THINGS_WALKED; i++) {
        const struct deployment_row *d = row_of(k, &view, i);
        struct seen_of now = seen_now(k, d, k->things[i]);
        k->stray |= d->state == DEPLOYMENT_ERROR || d->state == DEPLOYMENT_CANCELLED ||
                    d->state == DEPLOYMENT_ROLLBACK_ERROR;
        if (!trace_look(&k->traces[i], &now))
            fail_msg("seed %u:%s\ndeployment %u: %s %s, %d writes, unknown %d, before %d, already %d, cloud "
                     "%d (%s): the "
                     "model is never there",
                     k->number, k->story, i, deployment_state_name(d->state), deployment_step_name(d->step),
                     now.writes, now.unknown, now.before, now.already, now.now, d->cause_text);
    }
    if (world->twice || (!k->stray && (world->busy || world->uploads > 1)))
        fail_msg("seed %u:%s\n%d writes beside another one, %d for the second time, %d uploads", k->number,
                 k->story, world->busy, world->twice, world->uploads);
}

static void wish(struct walk *k, const char *name)
{
    for (unsigned i = 0; i < THINGS_WALKED; i++)
        trace_wish(&k->traces[i], name);
    tell(k, " %s", name);
}

/* Verbs that the task's state refuses change nothing, neither here nor in the model. */
static void verb(struct walk *k)
{
    struct yard *y = k->w->y;
    struct task_refusal *refused = NULL;
    size_t count = 0;
    bool done = false;
    static const char *const names[] = {"cancel", "retry", "roll_back"};
    unsigned which = chance(k, countof(names));
    switch (which) {
    case 0:
        done = task_cancel(&k->w->c, k->task, &y->err);
        break;
    case 1:
        done = task_retry(&k->w->c, k->task, NULL, 0, &y->err);
        break;
    default:
        done = task_rollback(&k->w->c, y->a, k->task, NULL, 0, false, &refused, &count, &y->err);
    }
    if (done)
        wish(k, names[which]);
    if (!done && y->err.kind != ERR_CONFLICT)
        fail_msg("seed %u:%s: %s: %s", k->number, k->story, names[which], y->err.text);
    engine_wake(k->w->e);
}

static void somebody_else(struct walk *k)
{
    unsigned i = chance(k, THINGS_WALKED);
    struct thing *t = k->things[i];
    if (k->changed[i])
        return;
    k->changed[i] = true;
    memcpy(t->stale, world->now_ms < t->fresh_at ? t->stale : t->now, sizeof t->stale);
    memset(t->now, 0, sizeof t->now);
    put(t, "default", NULL, "foreign-1");
    t->fresh_at = int64_max(t->fresh_at, world->now_ms + world->stale_ms);
    trace_wish(&k->traces[i], "somebody_else_changes");
    tell(k, " somebody_else_changes:%u", i);
}

static void some_faults(struct walk *k)
{
    static const enum fault faults[] = {FAULT_NONE,       FAULT_NONE,         FAULT_NONE, FAULT_NONE,
                                        FAULT_THROTTLE,   FAULT_LOST_APPLIED, FAULT_LOST, FAULT_UNSENT,
                                        FAULT_PERMISSION, FAULT_BUSY,         FAULT_500};
    memset(world->calls, 0, sizeof world->calls);
    for (unsigned op = 0; op < OP_COUNT; op++)
        for (unsigned i = 0; i < 3; i++)
            world->faults[op][i] = faults[chance(k, countof(faults))];
}

static void engine_rounds(struct walk *k, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        int64_t next = 0;
        (void)engine_run_due(k->w->e, &next);
        if (next == 0 || engine_open_count(k->w->e) == 0)
            return;
        world->now_ms = int64_max(next, world->now_ms + 1);
    }
}

struct rounds {
    struct walk *k;
    unsigned count;
};

static void run_rounds(void *context)
{
    struct rounds *r = context;
    engine_rounds(r->k, r->count);
}

/* Some turns of the engine, in a process that may die of it. */
static void engine_walks(struct walk *k)
{
    unsigned rounds = 1 + chance(k, ENGINE_ROUNDS), die_at = chance(k, 3) ? 0 : 1 + chance(k, 12);
    some_faults(k);
    tell(k, " engine:%u", rounds);
    if (die_at) {
        struct rounds r = {k, rounds};
        tell(k, "%s", world_dies_at(k->w, (int)die_at, run_rounds, &r) ? "" : "(killed)");
    } else {
        engine_rounds(k, rounds);
    }
}

static void end_well(struct walk *k)
{
    memset(world->faults, 0, sizeof world->faults);
    tell(k, " to the end");
    run(k->w);
    look(k);
    struct task_view view = seen(k->w, k->task);
    for (unsigned i = 0; i < THINGS_WALKED; i++) {
        const struct deployment_row *d = row_of(k, &view, i);
        uint8_t held = value_of(k, k->things[i]);
        bool wrong = (d->state == DEPLOYMENT_SUCCESS && held != VALUE_OURS) ||
                     (d->state == DEPLOYMENT_ROLLBACK_SUCCESS && held != VALUE_OLD) ||
                     (d->state == DEPLOYMENT_CANCELLED && held == VALUE_OURS);
        if (wrong && !k->changed[i])
            fail_msg("seed %u:%s\ndeployment %u is %s, the cloud holds %d", k->number, k->story, i,
                     deployment_state_name(d->state), held);
    }
}

static void begin_walk(struct walk *k)
{
    struct yard_world *w = k->w;
    struct yard *y = w->y;
    memset(world->things, 0, sizeof world->things);
    memset(world->copies, 0, sizeof world->copies);
    memset(world->faults, 0, sizeof world->faults);
    world->uploads = world->busy = world->twice = 0;
    world->stale_ms = chance(k, 2) ? STALE_MS : CONSISTENCY_MS - 100;
    const char *domains =
        arena_printf(y->a, "[\"w%u-0.example.com\",\"w%u-1.example.com\"]", k->number, k->number);
    const char *certificate = arena_printf(y->a, "new%u", k->number);
    for (unsigned i = 0; i < THINGS_WALKED; i++) {
        (void)snprintf(k->names[i], sizeof k->names[i], "w%u-%u", k->number, i);
        k->things[i] = new_thing(w, "aliyun/cdn", k->names[i],
                                 arena_printf(y->a, "%s.example.com", k->names[i]), "old-1");
        trace_begin(&k->traces[i]);
    }
    (void)snprintf(k->ours, sizeof k->ours, "ref-fp-%s", certificate);
    struct selection s = select_certificate(w, new_certificate(w, certificate, domains));
    deal_quota(k);
    k->task = submitted(w, &s, certificate);
    wish(k, "submit");
}

static void walk(struct walk *k)
{
    begin_walk(k);
    unsigned verbs = one.verbs, steps = 4 + chance(k, STEPS_MOST - 4);
    for (unsigned step = 0; step < steps; step++) {
        unsigned what = chance(k, 10);
        if (what == 0)
            somebody_else(k);
        else if (what < 3 && verbs)
            verb(k), verbs--;
        else
            engine_walks(k);
        look(k);
    }
    end_well(k);
    assert_ok(k->w->y, task_delete(&k->w->c, k->task, &k->w->y->err));
}

static unsigned number_from(const char *name, unsigned fallback)
{
    return getenv(name) ? (unsigned)strtoul(getenv(name), NULL, 10) : fallback;
}

static void the_engine_walks_as_the_model_does(void **state)
{
    struct yard_world *w = *state;
    struct trace traces[THINGS_WALKED] = {{0}};
    unsigned first = number_from("CERTFERRY_WALK_SEED", 1), count = number_from("CERTFERRY_WALKS", 200);
    log_set_level(LOG_ERROR);
    for (unsigned number = first; number < first + count; number++) {
        struct arena *kept = w->y->a;
        cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
        struct walk k = {.w = w, .seed = number, .number = number};
        memcpy(k.traces, traces, sizeof traces);
        w->y->a = a;
        walk(&k);
        memcpy(traces, k.traces, sizeof traces);
        w->y->a = kept;
    }
    for (unsigned i = 0; i < THINGS_WALKED; i++)
        trace_end(&traces[i]);
    print_message("%u walks from seed %u\n", count, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(the_engine_walks_as_the_model_does),
    };
    return cmocka_run_group_tests(tests, graph_begin, graph_end);
}
