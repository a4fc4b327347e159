/* Whose certificate may go where, what a task costs, and that the ledger holds whatever becomes of its deployments. */
#include "task/charge.h"

#include "task/test_world.h"

struct owning {
    struct yard *y;
    struct owner_row row;
    const char *account;
    int64_t count;
};

static bool add_owner(struct db *db, void *context, struct err *err)
{
    struct owning *o = context;
    return store_owner_add(db, &o->row, err);
}

static bool update_owner(struct db *db, void *context, struct err *err)
{
    struct owning *o = context;
    struct owner_row row;
    return store_owner_find(db, o->y->a, o->row.name, &row, err) &&
           (row.entity = o->row.entity, row.verified_by = o->row.verified_by, true) &&
           store_owner_update(db, &row, err);
}

static const char *new_owner(struct yard_world *w, const char *name, const char *entity,
                             const char *verified_by)
{
    struct owning o = {.y = w->y};
    o.row = (struct owner_row){.id = store_new_id(w->y->s),
                               .owner = "",
                               .name = name,
                               .entity = entity,
                               .verified_by = verified_by};
    assert_ok(w->y, store_write(w->y->s, add_owner, &o, &w->y->err));
    return owner_key(w->y->a, o.row.id);
}

static void verify_owner(struct yard_world *w, const char *name, const char *entity)
{
    struct owning o = {.y = w->y, .row = {.name = name, .entity = entity, .verified_by = "papers"}};
    assert_ok(w->y, store_write(w->y->s, update_owner, &o, &w->y->err));
}

static bool grant_units(struct db *db, void *context, struct err *err)
{
    struct owning *o = context;
    return store_quota_grant(db, o->account, o->count, "", err);
}

static void grant(struct yard_world *w, const char *account, int64_t count)
{
    struct owning o = {.account = account, .count = count};
    assert_ok(w->y, store_write(w->y->s, grant_units, &o, &w->y->err));
}

static bool read_balance(struct db *db, void *context, struct err *err)
{
    struct quota_balance *b = context;
    return store_quota_balance(db, "", b, err);
}

static void expect_left(struct yard_world *w, int64_t available, int64_t held, int64_t used)
{
    struct quota_balance b;
    assert_ok(w->y, store_read(w->y->s, read_balance, &b, &w->y->err));
    assert_int_equal(b.available, available);
    assert_int_equal(b.held, held);
    assert_int_equal(b.used, used);
}

struct checking {
    struct arena *a;
    int64_t task;
    const char *fault;
};

static bool check_ledger(struct db *db, void *context, struct err *err)
{
    struct checking *ch = context;
    (void)err;
    ch->fault = quota_fault_of_task(db, ch->a, ch->task);
    return true;
}

static void expect_ledger(struct yard_world *w, int64_t task)
{
    struct checking ch = {w->y->a, task, ""};
    assert_ok(w->y, store_read(w->y->s, check_ledger, &ch, &w->y->err));
    assert_string_equal(ch.fault, "");
}

struct needing {
    struct arena *a;
    const struct task_view *view;
    struct charge_need need;
};

static bool read_need(struct db *db, void *context, struct err *err)
{
    struct needing *n = context;
    return charge_need_of(db, n->a, n->view->task.owner, n->view->deployments, n->view->count, &n->need, err);
}

static struct charge_need need_of(struct yard_world *w, const struct task_view *view)
{
    struct needing n = {w->y->a, view, {0}};
    assert_ok(w->y, store_read(w->y->s, read_need, &n, &w->y->err));
    return n.need;
}

static bool set_kind(struct db *db, void *context, struct err *err)
{
    const char *text = arena_printf(((struct owning *)context)->y->a, "UPDATE certificate SET kind = '%s'",
                                    ((struct owning *)context)->row.name);
    return db_script(db, text, err);
}

static void become(struct yard_world *w, const char *kind)
{
    struct owning o = {.y = w->y, .row = {.name = kind}};
    assert_ok(w->y, store_write(w->y->s, set_kind, &o, &w->y->err));
}

/* Two resources that match, one that does not, and one that holds the certificate already. */
static int64_t four_things(struct yard_world *w)
{
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    new_thing(w, "aliyun/cdn", "shop", "shop.example.com", "old-2");
    new_thing(w, "aliyun/cdn", "else", "www.example.org", "old-3");
    return new_certificate(w, "new", "[\"*.example.com\"]");
}

static struct task_view created(struct yard_world *w, int64_t certificate, const char *name)
{
    struct selection s = select_certificate(w, certificate);
    struct task_view view;
    assert_ok(w->y, task_create(&w->c, w->y->a, "uid:1000", name, &s, &view, &w->y->err));
    return view;
}

static void R47_R48_R90_a_unit_for_each_resource_that_matches(void **state)
{
    struct yard_world *w = *state;
    int64_t certificate = four_things(w);
    struct task_view view = created(w, certificate, "one");
    assert_int_equal(view.count, 2);
    assert_int_equal(need_of(w, &view).units, 2);
    grant(w, "", 10);
    assert_ok(w->y, task_submit(&w->c, view.task.id, 0, &w->y->err));
    expect_left(w, 10, 0, 0);
    engine_wake(w->e);
    run(w);
    expect_left(w, 8, 0, 2); /* what was shown is what was charged */
    expect_ledger(w, view.task.id);
    view = created(w, certificate, "again");
    assert_int_equal(need_of(w, &view).units, 0); /* already bound */
}

static void R45_C14_only_uploaded_ones_cost(void **state)
{
    static const char *const kinds[] = {"official", "free"};
    struct yard_world *w = *state;
    int64_t certificate = four_things(w);
    for (size_t i = 0; i < countof(kinds); i++) {
        become(w, kinds[i]);
        struct task_view view = created(w, certificate, kinds[i]);
        assert_int_equal(view.count, 2);
        assert_int_equal(need_of(w, &view).units, 0);
    }
    grant(w, "", 1); /* too few for two, and none is wanted */
    struct task_view view = deployed(w, certificate, "official");
    assert_string_equal(view.task.state, "success");
    expect_left(w, 1, 0, 0);
}

static void R51_submit_is_refused_with_figures_and_changes_nothing(void **state)
{
    struct yard_world *w = *state;
    struct task_view view = created(w, four_things(w), "one"), after;
    grant(w, "", 1);
    struct charge_need need = need_of(w, &view);
    assert_int_equal(need.missing, 1);
    assert_non_null(strstr(need.advice, "certferry quota grant --count 1"));
    assert_err(w->y, ERR_QUOTA, task_submit(&w->c, view.task.id, 0, &w->y->err));
    assert_string_equal(w->y->err.code, QUOTA_ERR_CODE);
    assert_non_null(strstr(w->y->err.text, "takes 2 units of quota, and 1 are left"));
    after = seen(w, view.task.id);
    assert_int_equal(after.task.version, view.task.version);
    assert_string_equal(after.task.state, "editing");
    grant(w, "", 1);
    assert_ok(w->y, task_submit(&w->c, view.task.id, view.task.version, &w->y->err));
}

static size_t refused_for_quota(struct yard_world *w, int64_t task)
{
    size_t refused = 0;
    struct task_view view = seen(w, task);
    for (size_t i = 0; i < view.count; i++) {
        if (strcmp(view.deployments[i].cause_kind, "quota") != 0)
            continue;
        refused++;
        expect_state(&view.deployments[i], DEPLOYMENT_ERROR);
        assert_string_equal(view.deployments[i].cause_code, QUOTA_ERR_CODE);
        assert_non_null(strstr(view.deployments[i].advice, "certferry quota grant"));
    }
    expect_ledger(w, task);
    return refused;
}

static void R53_who_comes_too_late_ends_with_class_quota_and_advice(void **state)
{
    struct yard_world *w = *state;
    struct task_view first = created(w, four_things(w), "first"), second;
    new_thing(w, "aliyun/cdn", "a", "a.example.net", "old-4");
    new_thing(w, "aliyun/cdn", "b", "b.example.net", "old-5");
    second = created(w, new_certificate(w, "other", "[\"*.example.net\"]"), "second");
    grant(w, "", 2);
    assert_ok(w->y, task_submit(&w->c, first.task.id, 0, &w->y->err)); /* both have enough as yet */
    assert_ok(w->y, task_submit(&w->c, second.task.id, 0, &w->y->err));
    engine_wake(w->e);
    run(w);
    assert_int_equal(refused_for_quota(w, first.task.id) + refused_for_quota(w, second.task.id), 2);
    expect_left(w, 0, 0, 2);
    size_t writes = 0;
    for (size_t i = 0; i < 5; i++)
        writes += (size_t)world->things[i].writes;
    assert_int_equal(writes, 2);
    grant(w, "", 2);
    for (size_t i = 0; i < 2; i++) {
        int64_t task = i ? second.task.id : first.task.id;
        if (strcmp(seen(w, task).task.state, "error") == 0)
            assert_ok(w->y, task_retry(&w->c, task, NULL, 0, &w->y->err));
    }
    engine_wake(w->e);
    run(w);
    assert_string_equal(seen(w, second.task.id).task.state, "success");
    expect_left(w, 0, 0, 4);
}

static void R49_R50_R110_failure_returns_rollback_keeps(void **state)
{
    struct yard_world *w = *state;
    int64_t certificate = four_things(w);
    grant(w, "", 10);
    world->always[OP_BIND] = FAULT_PERMISSION;
    struct task_view view = deployed(w, certificate, "one");
    assert_string_equal(view.task.state, "error");
    expect_left(w, 10, 0, 0);
    world->always[OP_BIND] = FAULT_NONE;
    assert_ok(w->y, task_retry(&w->c, view.task.id, NULL, 0, &w->y->err));
    engine_wake(w->e);
    run(w);
    expect_left(w, 8, 0, 2);
    assert_int_equal(rolled_back(w, view.task.id).counts.by_state[DEPLOYMENT_ROLLBACK_SUCCESS], 2);
    expect_left(w, 8, 0, 2);
    expect_ledger(w, view.task.id);
}

/* The things' access is of owner uid:1000, as is the certificate; another owner's is made beside it. */
static int64_t certificate_of(struct yard_world *w, const char *name, const char *owner)
{
    struct adding ad = {.y = w->y};
    ad.certificate = yard_certificate(w->y, name, arena_printf(w->y->a, "fp-%s", name));
    ad.certificate.owner = owner;
    ad.certificate.domains = "[\"*.example.com\"]";
    ad.key = secret_in(w->y->a, secret_new("KEY", 3));
    assert_ok(w->y, store_write(w->y->s, add_certificate, &ad, &w->y->err));
    return ad.certificate.id;
}

static bool give_access(struct db *db, void *context, struct err *err)
{
    struct owning *o = context;
    struct access_row row;
    return store_access_load(db, o->y->a, o->count, &row, err) && (row.owner = o->account, true) &&
           store_access_update(db, &row, NULL, NULL, err);
}

static void R46_R98_sharing_is_free_within_one_entity_and_refused_across(void **state)
{
    struct yard_world *w = *state;
    (void)four_things(w);
    const char *shop = new_owner(w, "shop", "Acme", "papers"),
               *team = new_owner(w, "team", "Other", "papers");
    struct owning give = {.y = w->y, .account = shop, .count = w->access_id};
    assert_ok(w->y, store_write(w->y->s, give_access, &give, &w->y->err));
    struct task_view view = created(w, certificate_of(w, "theirs", team), "one");
    assert_int_equal(view.count, 0);
    bool told = false;
    for (size_t i = 0; i < view.note_count; i++)
        told |= strstr(view.notes[i].text, "cert import --owner shop") != NULL;
    assert_true(told);
    verify_owner(w, "team", "Acme");
    assert_ok(w->y, task_preview(&w->c, w->y->a, "one", &view, &w->y->err));
    assert_int_equal(view.count, 2);
    assert_int_equal(need_of(w, &view).units, 0);
    verify_owner(w, "team", "Other"); /* between preview and submit */
    assert_err(w->y, ERR_PERMISSION, task_submit(&w->c, view.task.id, 0, &w->y->err));
    assert_non_null(strstr(w->y->err.text, "not verified as one entity"));
    verify_owner(w, "team", "Acme");
    grant(w, "", 1); /* fewer than resources: nothing is held */
    assert_ok(w->y, task_submit(&w->c, view.task.id, 0, &w->y->err));
    verify_owner(w, "team", "Other"); /* between submit and start */
    engine_wake(w->e);
    run(w);
    struct task_view ended = seen(w, view.task.id);
    assert_int_equal(ended.counts.by_state[DEPLOYMENT_ERROR], 2);
    assert_string_equal(ended.deployments[0].cause_kind, "permission");
    assert_non_null(strstr(ended.deployments[0].cause_text, "not verified as one entity"));
    assert_int_equal(world->calls[OP_UPLOAD] + world->calls[OP_BIND], 0);
    verify_owner(w, "team", "Acme");
    assert_ok(w->y, task_retry(&w->c, view.task.id, NULL, 0, &w->y->err));
    engine_wake(w->e);
    run(w);
    assert_string_equal(seen(w, view.task.id).task.state, "success");
    expect_left(w, 1, 0, 0);
    view = created(w, certificate_of(w, "own", shop), "two");
    assert_int_equal(need_of(w, &view).units, 2); /* its own are charged */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(R47_R48_R90_a_unit_for_each_resource_that_matches),
        world_test(R45_C14_only_uploaded_ones_cost),
        world_test(R51_submit_is_refused_with_figures_and_changes_nothing),
        world_test(R53_who_comes_too_late_ends_with_class_quota_and_advice),
        world_test(R49_R50_R110_failure_returns_rollback_keeps),
        world_test(R46_R98_sharing_is_free_within_one_entity_and_refused_across),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
