/* enumerate.c - every order of events of the small worlds of model.c: prints how many states there are, and fails with
 * the way to it where one breaks an invariant. Then each known mistake is made in turn, and must be found.
 */
#include "model/model.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants those before it */
#include <cmocka.h>

struct found {
    struct model_state state;
    uint32_t from;
    uint8_t rule, deployment;
};

struct search {
    const struct model *m;
    struct found *states;
    uint32_t count, *table; /* open addressing; 0 is free, else 1 + index */
    const char *broken;
    uint32_t broken_at;
};

static uint32_t hash_of(const struct model_state *s)
{
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < sizeof *s; i++)
        hash = (hash ^ ((const unsigned char *)s)[i]) * 1099511628211u;
    return (uint32_t)(hash ^ hash >> 32);
}

static void add(struct search *x, const struct found *f)
{
    uint32_t at = hash_of(&f->state) % (2 * MODEL_STATES);
    for (; x->table[at]; at = (at + 1) % (2 * MODEL_STATES))
        if (memcmp(&x->states[x->table[at] - 1].state, &f->state, sizeof f->state) == 0)
            return;
    assert_true(x->count < MODEL_STATES);
    x->states[x->count] = *f;
    x->table[at] = ++x->count;
    if (!x->broken && model_broken(x->m, &f->state)) {
        x->broken = model_broken(x->m, &f->state);
        x->broken_at = x->count - 1;
    }
}

/* Breadth first, so that the way to a broken state is a shortest one. */
static void search(struct search *x)
{
    add(x, &(struct found){.state = model_begin(x->m)});
    for (uint32_t at = 0; at < x->count && !x->broken; at++)
        for (size_t r = 0; r < model_rule_count; r++)
            for (unsigned i = 0; i < x->m->deployments; i++) {
                struct found next = {x->states[at].state, at, (uint8_t)r, (uint8_t)i};
                if (model_rules[r].apply(x->m, &next.state, i))
                    add(x, &next);
            }
}

static void print_way(const struct search *x, uint32_t at)
{
    const struct found *f = &x->states[at];
    if (at == 0)
        return;
    print_way(x, f->from);
    print_message("    %s %u\n", model_rules[f->rule].name, f->deployment);
}

/* What the search found broken; NULL: nothing. */
static const char *explore(const struct model *m, bool tell)
{
    struct search x = {.m = m,
                       .states = malloc(MODEL_STATES * sizeof *x.states),
                       .table = calloc(2 * (size_t)MODEL_STATES, sizeof *x.table)};
    assert_true(x.states && x.table);
    search(&x);
    print_message("%u deployment%s, quota %u, %u changes by others, %u verbs%s%s: %u states%s%s\n",
                  m->deployments, m->deployments == 1 ? "" : "s", m->quota, m->foreign, m->verbs,
                  m->mistake ? ", mistake: " : "", m->mistake ? m->mistake : "", x.count,
                  x.broken ? ": " : "", x.broken ? x.broken : "");
    if (x.broken && tell)
        print_way(&x, x.broken_at);
    free(x.states);
    free(x.table);
    return x.broken;
}

static void no_order_of_events_breaks_an_invariant(void **state)
{
    static const struct model worlds[] = {
        {.deployments = 1, .quota = 1, .foreign = 2, .verbs = 4},
        {.deployments = 1, .quota = 1, .foreign = 1, .verbs = 3, .alone = true},
        {.deployments = 2, .quota = 3, .foreign = 0, .verbs = 2},
        {.deployments = 2, .quota = 2, .foreign = 0, .verbs = 2},
        {.deployments = 2, .quota = 2, .foreign = 1, .verbs = 1},
    };
    (void)state;
    for (size_t i = 0; i < countof(worlds); i++)
        if (explore(&worlds[i], true))
            fail();
}

static void every_mistake_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; model_mistakes[i]; i++) {
        struct model m = {.deployments = 2,
                          .quota = 2,
                          .foreign = 0,
                          .verbs = 2,
                          .mistake = model_mistakes[i]};
        if (!explore(&m, false))
            fail_msg("%s: not found", model_mistakes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_order_of_events_breaks_an_invariant),
        cmocka_unit_test(every_mistake_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
