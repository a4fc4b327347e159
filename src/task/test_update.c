#include "task/test_world.h"

static struct task_view created(struct yard_world *w, const struct selection *s)
{
    struct task_view view;
    assert_ok(w->y, task_create(&w->c, w->y->a, "uid:1000", "one", s, &view, &w->y->err));
    return view;
}

static struct texts one(struct yard_world *w, const char *text)
{
    const char **items = arena_array(w->y->a, const char *, 1);
    items[0] = text;
    return (struct texts){items, 1};
}

static void R78_R104_resources_are_added_and_removed_while_editing(void **state)
{
    struct yard_world *w = *state;
    struct task_view view;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    new_thing(w, "aliyun/cdn", "off", "off.example.com", NULL);
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    assert_int_equal(created(w, &s).count, 1);
    struct task_change change = {.add = one(w, "off")};
    assert_ok(w->y, task_update(&w->c, w->y->a, "one", &change, &view, &w->y->err));
    assert_int_equal(view.count, 2);
    change = (struct task_change){.remove = one(w, "www"), .name = "two"};
    assert_ok(w->y, task_update(&w->c, w->y->a, "one", &change, &view, &w->y->err));
    assert_int_equal(view.count, 1);
    assert_string_equal(view.deployments[0].title, "off");
    assert_string_equal(view.task.name, "two");
    change = (struct task_change){.add = one(w, "www"), .remove = one(w, "off")}; /* back again */
    assert_ok(w->y, task_update(&w->c, w->y->a, "two", &change, &view, &w->y->err));
    assert_int_equal(view.count, 1);
    assert_string_equal(view.deployments[0].title, "www");
    assert_ok(w->y, task_submit(&w->c, view.task.id, view.task.version, &w->y->err));
    assert_err(w->y, ERR_CONFLICT, task_update(&w->c, w->y->a, "two", &change, &view, &w->y->err));
    assert_non_null(strstr(w->y->err.text, "not submitted"));
}

static bool bind_another(struct db *db, void *context, struct err *err)
{
    static const struct bound other = {.slot = "default",
                                       .ref = "old-3",
                                       .name = "old-3",
                                       .fingerprint = "",
                                       .serial = "",
                                       .key_type = "",
                                       .issuer = "",
                                       .not_after_ms = NOW_MS + 9 * DAY_MS};
    struct resource *r = NULL;
    size_t count = 0;
    return store_resource_called(db, context, "www", &r, &count, err) && count == 1 &&
           store_resource_set_bound(db, r[0].id, &other, 1, err);
}

static void submit_refuses_what_the_inventory_no_longer_holds(void **state)
{
    struct yard_world *w = *state;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    struct task_view view = created(w, &s);
    new_thing(w, "aliyun/cdn", "shop", "shop.example.com", "old-2"); /* matched since */
    assert_err(w->y, ERR_CONFLICT, task_submit(&w->c, view.task.id, view.task.version, &w->y->err));
    assert_non_null(strstr(w->y->err.text, "shop"));
    assert_ok(w->y, task_preview(&w->c, w->y->a, "one", &view, &w->y->err));
    assert_ok(w->y, store_write(w->y->s, bind_another, w->y->a, &w->y->err));
    assert_err(w->y, ERR_CONFLICT, task_submit(&w->c, view.task.id, view.task.version, &w->y->err));
    assert_non_null(strstr(w->y->err.text, "held old-1 when the plan was made, and holds old-3 now"));
    assert_ok(w->y, task_preview(&w->c, w->y->a, "one", &view, &w->y->err));
    assert_ok(w->y, task_submit(&w->c, view.task.id, view.task.version, &w->y->err));
}

static void R62_one_task_holds_one_type(void **state)
{
    struct yard_world *w = *state;
    struct adding ad = {.y = w->y};
    struct task_view view;
    const char *both[] = {"new", "bought"};
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    (void)new_certificate(w, "new", "[\"*.example.com\"]");
    ad.certificate = yard_certificate(w->y, "bought", "fp-bought");
    ad.certificate.kind = "official";
    ad.key = secret_in(w->y->a, secret_new("KEY", 3));
    assert_ok(w->y, store_write(w->y->s, add_certificate, &ad, &w->y->err));
    struct selection s = {.certificates = {both, 2}, .replaces = "", .verify = true};
    assert_err(w->y, ERR_INPUT, task_create(&w->c, w->y->a, "uid:1000", "one", &s, &view, &w->y->err));
    assert_non_null(strstr(w->y->err.text, "one type"));
}

static void what_stays_in_a_plan_keeps_its_id(void **state)
{
    struct yard_world *w = *state;
    struct task_view view;
    new_thing(w, "aliyun/cdn", "a", "a.example.com", "old-1");
    new_thing(w, "aliyun/cdn", "b", "b.example.com", "old-2");
    new_thing(w, "aliyun/cdn", "c", "c.example.com", "old-3");
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    struct task_view first = created(w, &s);
    assert_int_equal(first.count, 3);
    const struct deployment_row *middle = &first.deployments[1];
    struct task_change change = {
        .remove = one(w, arena_printf(w->y->a, "%lld/%s", (long long)middle->resource_id, middle->slot))};
    assert_ok(w->y, task_update(&w->c, w->y->a, "one", &change, &view, &w->y->err));
    assert_int_equal(view.count, 2);
    assert_int_equal(view.deployments[0].id, first.deployments[0].id);
    assert_int_equal(view.deployments[1].id, first.deployments[2].id);
    change = (struct task_change){.add = one(w, "d")}; /* what is new may come in between */
    new_thing(w, "aliyun/cdn", "d", "d.example.com", "old-4");
    assert_ok(w->y, task_update(&w->c, w->y->a, "one", &change, &view, &w->y->err));
    for (size_t i = 1; i < view.count; i++)
        assert_true(view.deployments[i - 1].id < view.deployments[i].id);
}

static struct task_view scheduled(struct yard_world *w, int64_t start_at_ms)
{
    struct selection s = select_certificate(w, new_certificate(w, "new", "[\"*.example.com\"]"));
    struct task_form form = {"uid:1000", "one", "cloud", start_at_ms};
    struct task_view view;
    assert_ok(w->y, task_create_as(&w->c, w->y->a, &form, &s, &view, &w->y->err));
    assert_string_equal(view.task.type, "cloud");
    assert_ok(w->y, task_submit(&w->c, view.task.id, view.task.version, &w->y->err));
    assert_ok(w->y, task_show(&w->c, w->y->a, "one", &view, &w->y->err));
    return view;
}

static void R92_a_waiting_task_goes_back_to_editing(void **state)
{
    struct yard_world *w = *state;
    int64_t later = NOW_MS + DAY_MS;
    new_thing(w, "aliyun/cdn", "www", "www.example.com", "old-1");
    struct task_view view = scheduled(w, later);
    assert_string_equal(view.task.state, "pending");
    assert_ok(w->y, task_unsubmit(&w->c, view.task.id, &w->y->err));
    assert_err(w->y, ERR_CONFLICT, task_unsubmit(&w->c, view.task.id, &w->y->err)); /* it is not submitted */
    struct task_change change = {.name = "two", .start_at_ms = &later};
    assert_ok(w->y, task_update(&w->c, w->y->a, "one", &change, &view, &w->y->err));
    assert_string_equal(view.task.state, "editing");
    assert_int_equal(view.task.start_at_ms, later);
    int64_t next = 0;
    engine_wake(w->e);
    assert_int_equal(engine_run_due(w->e, &next), 0);
    assert_ok(w->y, task_submit(&w->c, view.task.id, 0, &w->y->err));
    assert_ok(w->y, task_start(&w->c, view.task.id, &w->y->err));
    assert_ok(w->y, task_show(&w->c, w->y->a, "two", &view, &w->y->err));
    assert_string_equal(view.task.state, "scheduling");
    assert_err(w->y, ERR_CONFLICT, task_unsubmit(&w->c, view.task.id, &w->y->err)); /* it has begun */
    assert_err(w->y, ERR_CONFLICT, task_start(&w->c, view.task.id, &w->y->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(R78_R104_resources_are_added_and_removed_while_editing),
        world_test(submit_refuses_what_the_inventory_no_longer_holds),
        world_test(R62_one_task_holds_one_type),
        world_test(what_stays_in_a_plan_keeps_its_id),
        world_test(R92_a_waiting_task_goes_back_to_editing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
