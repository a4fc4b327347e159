#include "task/test_shape.h"
#include "task/test_world.h"

static void make_private(struct resource *r)
{
    r->reach = "private";
}

static void make_unknown(struct resource *r)
{
    r->reach = "unknown";
}

static void make_quic(struct resource *r)
{
    r->quic = true;
}

static void make_nameless(struct resource *r)
{
    r->host = "";
}

static const struct {
    const char *rule, *served;
    void (*shape)(struct resource *r);
    bool dont_verify;
    enum deployment_state state;
    const char *verdict, *text;
    bool waits; /* for the product's bound */
} cases[] = {
    {"serves it", "", NULL, false, DEPLOYMENT_SUCCESS, "verified", "serves it", false},
    {"another leaf after the bound", "fp-else", NULL, false, DEPLOYMENT_ERROR, "contradicted",
     "served.example.com", true},
    {"a leaf of another kind of key after the bound", "other-key", NULL, false, DEPLOYMENT_ERROR,
     "contradicted", "served.example.com", true},
    {"refuses connections", "down", NULL, false, DEPLOYMENT_SUCCESS, "not verified",
     "delivered, not verified", false},
    {"private", "fp-else", make_private, false, DEPLOYMENT_SUCCESS, "not verified", "not known to be public",
     false},
    {"private, but it answers", "", make_private, false, DEPLOYMENT_SUCCESS, "verified", "", false},
    {"reach unknown", "fp-else", make_unknown, false, DEPLOYMENT_SUCCESS, "not verified",
     "not known to be public", false},
    {"QUIC", "fp-else", make_quic, false, DEPLOYMENT_SUCCESS, "not verified", "QUIC", false},
    {"no entry point", "", make_nameless, false, DEPLOYMENT_SUCCESS, "not verified", "not known", false},
    {"switched off", "fp-else", NULL, true, DEPLOYMENT_SUCCESS, "not verified", "does not ask", false},
};

static void R99_verdicts_of_the_entry_point(void **state)
{
    for (size_t i = 0; i < countof(cases); i++) {
        world_end(state);
        world_begin(state);
        struct yard_world *w = *state;
        new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
        struct shaping shaping = {w->y, cases[i].shape};
        if (cases[i].shape)
            assert_ok(w->y, store_write(w->y->s, shape_resource, &shaping, &w->y->err));
        struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
        s.verify = !cases[i].dont_verify;
        snprintf(world->served, sizeof world->served, "%s", cases[i].served);
        int64_t task = submitted(w, &s, "one");
        int64_t begin = world->now_ms;
        run(w);
        struct task_view view = seen(w, task);
        const struct deployment_row *d = &view.deployments[0];
        if (d->state != cases[i].state || strcmp(d->verdict, cases[i].verdict) != 0 ||
            !strstr(d->verdict_text, cases[i].text))
            fail_msg("%s: %s, %s: %s", cases[i].rule, deployment_state_name(d->state), d->verdict,
                     d->verdict_text);
        bool waited = world->now_ms - begin >= fake_cdn.propagation_ms;
        if (waited != cases[i].waits)
            fail_msg("%s: took %lld ms", cases[i].rule, (long long)(world->now_ms - begin));
    }
}

/* Each of the four causes, in their order, with what is known of it. */
static void expect_causes(const struct task_view *view, const char *const *told, size_t count)
{
    const char *at = view->deployments[0].advice;
    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(at, told[i]);
        if (!found)
            fail_msg("\"%s\" is not told, or too early: %s", told[i], view->deployments[0].advice);
        at = found;
    }
}

static void R100_a_contradiction_comes_with_what_is_known_of_each_cause(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    (void)new_certificate(w, "else", "[\"www.example.com\"]");
    snprintf(world->served, sizeof world->served, "fp-else");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "one");
    static const char *const alone[] = {"(1)",
                                        "covered: no, *.example.com covers www.example.com",
                                        "(2)",
                                        "knows none for this name",
                                        "entry point www:443",
                                        "(3)",
                                        "knows none for this name",
                                        "(4)",
                                        "is \"else\" of this store",
                                        "deployed is \"new\""};
    expect_causes(&view, alone, countof(alone));
    assert_int_equal(view.counts.contradicted, 1);
    view = rolled_back(w, view.task.id); /* it was delivered, so it can be taken back */
    expect_state(&view.deployments[0], DEPLOYMENT_ROLLBACK_SUCCESS);
}

static void R100_what_the_inventory_knows_of_the_name_is_told(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    new_thing(w, "aliyun/cdn", "twin", "www.example.com", "old-2");
    new_thing(w, "aliyun/alb", "front", "www.example.com", "old-3");
    snprintf(world->served, sizeof world->served, "fp-else");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"www.example.com\"]"));
    const char *named[] = {"www"};
    s.resource = (struct texts){named, 1};
    int64_t task = submitted(w, &s, "one");
    run(w);
    struct task_view view = seen(w, task);
    static const char *const told[] = {"(2)",
                                       "knows aliyun/alb front for this name, without this certificate",
                                       "(3)",
                                       "knows aliyun/cdn twin for this name, without this certificate",
                                       "(4)",
                                       "is not known here"};
    expect_causes(&view, told, countof(told));
}

static void a_wildcard_is_asked_for_by_a_label_of_ours(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "any", "*.example.com", "old-1");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"*.example.com\"]"), "one");
    assert_string_equal(view.deployments[0].verdict, "verified");
    assert_string_equal(world->asked_name, "certferry-probe.example.com");
}

/* A listener: default and, when asked, one SNI entry for `sni`. */
static void new_listener(struct yard_world *w, const char *default_name, const char *sni)
{
    struct thing *t = new_thing(w, "aliyun/alb", "lsn", default_name, "old-default");
    struct adding ad = {.y = w->y};
    const char *names[] = {default_name}, *sni_names[] = {sni};
    struct resource_name all[] = {{default_name, EVIDENCE_CERTIFICATE}, {sni, EVIDENCE_CERTIFICATE}};
    struct bound bound[] = {{.slot = "default", .ref = "old-default", .names = names, .name_count = 1},
                            {.slot = "sni", .ref = "old-sni", .names = sni_names, .name_count = 1}};
    if (sni)
        put(t, "sni", NULL, "old-sni");
    ad.resource = (struct resource){.access_id = w->access_id,
                                    .owner = "",
                                    .product = "aliyun/alb",
                                    .region = "",
                                    .vendor_id = "lsn",
                                    .title = "lsn",
                                    .names = all,
                                    .name_count = sni ? 2 : 1,
                                    .https = true,
                                    .bound = bound,
                                    .bound_count = sni ? 2 : 1,
                                    .host = "lsn",
                                    .port = 443,
                                    .reach = "public",
                                    .lock = "lsn",
                                    .alias_of = "",
                                    .managed_by = "",
                                    .unfit = "",
                                    .extra = "{}"};
    assert_ok(w->y, store_write(w->y->s, add_resource, &ad, &w->y->err));
}

static void a_listeners_default_is_asked_for_without_a_name(void **state)
{
    struct yard_world *w = *state;
    new_listener(w, "www.example.com", NULL);
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    assert_string_equal(view.deployments[0].slot, "default");
    assert_string_equal(view.deployments[0].verdict, "verified");
    assert_string_equal(world->asked_name, "(none)");
}

static void where_another_bound_certificate_covers_the_name_nothing_is_contradicted(void **state)
{
    struct yard_world *w = *state;
    new_listener(w, "*.example.com", "www.example.com");
    snprintf(world->served, sizeof world->served, "fp-else");
    struct task_view view = deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    assert_string_equal(view.deployments[0].slot, "sni");
    expect_state(&view.deployments[0], DEPLOYMENT_SUCCESS);
    assert_string_equal(view.deployments[0].verdict, "not verified");
    assert_non_null(strstr(view.deployments[0].verdict_text, "another certificate"));
}

static bool read_first(struct db *db, void *context, struct err *err)
{
    struct adding *ad = context;
    struct resource *found = NULL;
    size_t count = 0;
    if (!store_resource_list(db, ad->y->a, &(struct resource_filter){0}, &(struct page){.limit = 1}, &found,
                             &count, err))
        return false;
    ad->resource = found[0];
    return true;
}

static void the_inventory_learns_what_is_bound_now(void **state)
{
    struct yard_world *w = *state;
    struct adding ad = {.y = w->y};
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    (void)deployed(w, new_certificate(w, "new", "[\"www.example.com\"]"), "one");
    assert_ok(w->y, store_read(w->y->s, read_first, &ad, &w->y->err));
    assert_int_equal(ad.resource.bound_count, 1);
    assert_string_equal(ad.resource.bound[0].ref, "ref-fp-new");
    assert_string_equal(ad.resource.bound[0].fingerprint, "fp-new");
    assert_string_equal(ad.resource.bound[0].names[0], "www.example.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(R99_verdicts_of_the_entry_point),
        world_test(R100_a_contradiction_comes_with_what_is_known_of_each_cause),
        world_test(R100_what_the_inventory_knows_of_the_name_is_told),
        world_test(a_wildcard_is_asked_for_by_a_label_of_ours),
        world_test(a_listeners_default_is_asked_for_without_a_name),
        world_test(where_another_bound_certificate_covers_the_name_nothing_is_contradicted),
        world_test(the_inventory_learns_what_is_bound_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
