#include "api/test_court.h"

#include "identity/api_key.h"
#include "store/push.h"
#include "store/test_support.h"

static const char *const object_words[] = {"ours", "theirs"};

static int64_t put_access(struct court *c, int whose, const char *name)
{
    struct access_row row = yard_access(c->y, name);
    row.owner = whose == OURS ? "" : c->owner;
    assert_ok(c->y, store_access_add(c->y->db, &row, bench_secret(c->y->b, "s"), NULL, &c->y->err));
    return row.id;
}

static int64_t put_certificate(struct court *c, int whose, const char *name)
{
    struct certificate_row row = yard_certificate(c->y, name, arena_printf(c->y->a, "%064d", whose));
    row.owner = whose == OURS ? "" : c->owner;
    assert_ok(c->y, store_certificate_add(c->y->db, &row, bench_secret(c->y->b, "key"), NULL, &c->y->err));
    return row.id;
}

static int64_t put_resource(struct court *c, int whose, const char *name)
{
    struct resource r = {.access_id = c->access[whose],
                         .owner = "",
                         .product = "aliyun/cdn",
                         .region = "",
                         .vendor_id = name,
                         .title = name,
                         .host = "",
                         .reach = "public",
                         .lock = name,
                         .alias_of = "",
                         .managed_by = "",
                         .unfit = "",
                         .extra = "{}",
                         .generation = 1};
    struct resource *rows;
    size_t count;
    assert_ok(c->y, store_resource_put(c->y->db, c->y->s, &r, &c->y->err));
    assert_ok(c->y, store_resource_called(c->y->db, c->y->a, name, &rows, &count, &c->y->err));
    assert_int_equal(count, 1);
    return rows[0].id;
}

static int64_t put_task(struct court *c, int whose, const char *name)
{
    struct task_row task = yard_task(c->y, name);
    struct deployment_row d;
    task.owner = whose == OURS ? "" : c->owner;
    task.selection = arena_printf(c->y->a, "{\"certificates\":[\"%lld\"],\"access\":[\"%lld\"]}",
                                  (long long)c->certificate[whose], (long long)c->access[whose]);
    d = yard_deployment(c->y, task.id, c->certificate[whose], c->access[whose]);
    assert_ok(c->y, store_task_add(c->y->db, &task, &d, 1, &c->y->err));
    return task.id;
}

static int64_t put_push(struct court *c, int whose)
{
    struct push_row row = {.id = yard_id(c->y),
                           .owner = "",
                           .access_id = c->access[whose],
                           .certificate_id = c->certificate[whose],
                           .access = "a",
                           .certificate = "c",
                           .account_id = "1",
                           .product = "huawei/elb",
                           .region = "r",
                           .state = "success",
                           .ref = "",
                           .copy_ref = "",
                           .text = ""};
    assert_ok(c->y, store_push_add(c->y->db, &row, &c->y->err));
    return row.id;
}

int court_begin(void **state)
{
    struct court *c = calloc(1, sizeof *c);
    void *yard;
    if (!c || yard_begin(&yard) != 0)
        return -1;
    struct yard *y = c->y = yard;
    struct owner_row owner = {.id = yard_id(y),
                              .owner = "",
                              .name = "other",
                              .entity = "",
                              .verified_by = ""};
    struct group_row group = {.id = yard_id(y), .owner = "", .name = "group"};
    c->group = group.id;
    c->owner = owner_key(y->a, owner.id);
    c->store = y->s;
    c->clock = &y->clock.clock;
    c->a = y->a;
    assert_ok(y, store_owner_add(y->db, &owner, &y->err));
    for (int whose = OURS; whose <= THEIRS; whose++) {
        c->access[whose] = put_access(c, whose, object_words[whose]);
        c->certificate[whose] = put_certificate(c, whose, object_words[whose]);
        c->resource[whose] = put_resource(c, whose, object_words[whose]);
        c->task[whose] = put_task(c, whose, object_words[whose]);
        c->push[whose] = put_push(c, whose);
    }
    assert_ok(y, store_group_add(y->db, &group, &y->err));
    assert_ok(y, store_group_accesses_set(y->db, group.id, &c->access[OURS], 1, &y->err));
    *state = c;
    return 0;
}

int court_end(void **state)
{
    struct court *c = *state;
    void *yard = c->y;
    free(c);
    return yard_end(&yard);
}

struct caller court_caller(struct court *c, enum role role, enum where where, bool may_export)
{
    struct api_key_wanted wanted = {.id = yard_id(c->y), .role = role, .may_export = may_export};
    struct api_key_row row;
    struct secret *token;
    struct caller caller;
    wanted.name = arena_printf(c->y->a, "k%lld", (long long)wanted.id);
    wanted.group = where == IN_GROUP ? "group" : NULL;
    wanted.owner = where == IN_OWNER ? "" : NULL;
    assert_ok(c->y, token_create(c->y->db, c->y->a, &wanted, &row, &token, &c->y->err));
    assert_ok(c->y, token_find(c->y->db, c->y->a, secret_bytes(token), NOW_MS, &row, &caller, &c->y->err));
    return caller;
}

void court_task(struct court *c, const char *name, const char *selection, int64_t access)
{
    struct task_row task = yard_task(c->y, name);
    struct deployment_row d = yard_deployment(c->y, task.id, c->certificate[OURS], access);
    task.owner = "";
    task.selection = selection;
    assert_ok(c->y, store_task_add(c->y->db, &task, &d, access != 0, &c->y->err));
}
