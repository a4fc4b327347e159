/* What is found different from the plan, in the cloud or by a synchronisation since, ends a deployment as a conflict. */
#include "task/test_shape.h"
#include "task/test_world.h"

static void manage(struct resource *r)
{
    r->managed_by = "ack:c1";
}

static void rename_it(struct resource *r)
{
    static struct resource_name other[] = {{"other.org", EVIDENCE_DOMAIN}};
    r->names = other;
    r->name_count = 1;
}

static void add_a_name(struct resource *r)
{
    static struct resource_name both[] = {{"www.example.com", EVIDENCE_DOMAIN},
                                          {"more.example.com", EVIDENCE_DOMAIN}};
    r->names = both;
    r->name_count = 2;
}

static void freeze(struct resource *r)
{
    r->unfit = "the domain is offline";
}

static void https_off_in_the_inventory(struct resource *r)
{
    r->https = false;
    r->bound_count = 0;
}

static void switch_off(struct thing *t)
{
    t->https = false;
    put(t, "default", "old-1", NULL);
}

/* Some clouds go on telling which certificate stood there. */
static void switch_off_but_keep(struct thing *t)
{
    t->https = false;
}

static void replace(struct thing *t)
{
    put(t, "default", "old-1", "somebody-elses");
}

static void take_away(struct thing *t)
{
    put(t, "default", "old-1", NULL);
}

static const struct {
    const char *what;
    void (*cloud)(struct thing *t);
    void (*inventory)(struct resource *r);
    const char *old, *found; /* found NULL: no conflict */
} cases[] = {
    {"nothing", NULL, NULL, NULL, NULL},
    {"a further name", NULL, add_a_name, NULL, NULL},
    {"HTTPS switched off", switch_off, NULL, "HTTPS was on", "HTTPS is off"},
    {"HTTPS switched off, the certificate kept", switch_off_but_keep, NULL, "HTTPS was on", "HTTPS is off"},
    {"HTTPS switched off, and seen by a synchronisation", switch_off, https_off_in_the_inventory,
     "HTTPS was on", "HTTPS is off"},
    {"another certificate", replace, NULL, "held old-1", "somebody-elses"},
    {"no certificate any more", take_away, NULL, "held old-1", "nothing"},
    {"the name is gone", NULL, rename_it, "served www.example.com", "serves that name no more"},
    {"managed by somebody", NULL, manage, "nobody managed www", "ack:c1 manages it"},
    {"not fit any more", NULL, freeze, "could be deployed to", "the domain is offline"},
};

static void what_matters_and_changed_since_the_plan_is_a_conflict(void **state)
{
    for (size_t i = 0; i < countof(cases); i++) {
        world_end(state);
        world_begin(state);
        struct yard_world *w = *state;
        struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
        struct shaping shaping = {w->y, cases[i].inventory};
        struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
        int64_t task = submitted(w, &s, "one");
        if (cases[i].cloud)
            cases[i].cloud(t);
        if (cases[i].inventory)
            assert_ok(w->y, store_write(w->y->s, shape_resource, &shaping, &w->y->err));
        run(w);
        struct task_view view = seen(w, task);
        const struct deployment_row *d = &view.deployments[0];
        bool conflict = strcmp(d->cause_kind, "conflict") == 0;
        const char *old = cases[i].old ? strstr(d->cause_text, cases[i].old) : NULL;
        const char *planned = old ? strstr(old, "new was to") : NULL;
        bool told = planned && cases[i].found && strstr(planned, cases[i].found);
        bool wanted = cases[i].found != NULL;
        if (conflict != wanted || told != wanted || (t->writes == 0) != wanted)
            fail_msg("%s: %s, %s: %s", cases[i].what, deployment_state_name(d->state), d->cause_kind,
                     d->cause_text);
    }
}

/* What the plan knew to be off is switched on, as it said it would. */
static void HTTPS_that_was_off_when_planned_is_no_conflict(void **state)
{
    struct yard_world *w = *state;
    struct thing *t = new_thing(w, "aliyun/cdn", "www", "www.example.com", NULL);
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    const char *named[] = {"www"};
    s.resource = (struct texts){named, 1};
    int64_t task = submitted(w, &s, "first");
    struct task_view view = seen(w, task);
    assert_non_null(strstr(view.deployments[0].warnings, "HTTPS is off here"));
    run(w);
    view = seen(w, task);
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_true(t->https);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(what_matters_and_changed_since_the_plan_is_a_conflict),
        world_test(HTTPS_that_was_off_when_planned_is_no_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
