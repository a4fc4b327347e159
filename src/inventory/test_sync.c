#include "inventory/sync.h"

#include "store/test_support.h"
#include <stdatomic.h>

/* What the two products of the test show; a test changes it. */
static struct {
    int www;                /* domains of the global product */
    const char *regions[4]; /* of the other; NULL ends */
    const char *failing;    /* region that fails after its first resource; NULL none */
    bool no_regions;        /* the list of regions itself fails */
    bool no_room;           /* how much the stores take cannot be asked */
    _Atomic int rooms;      /* how often it was asked */
    _Atomic int running, most;
} shown;

static bool emit(const char *id, resource_fn *each, void *context, struct err *err)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s.example.com", id);
    struct resource_name names[] = {{name, EVIDENCE_DOMAIN}};
    struct bound bound = {.slot = "default", .ref = "cert-1"}; /* what an adapter leaves out is NULL */
    struct resource r = {.vendor_id = id,
                         .names = names,
                         .name_count = 1,
                         .https = true,
                         .bound = &bound,
                         .bound_count = 1,
                         .port = 443,
                         .lock = id};
    return each(context, &r, err);
}

static bool discover_domains(struct job *job, const struct survey *to, struct err *err)
{
    (void)job;
    assert_string_equal(to->region, "");
    for (int i = 0; i < shown.www; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "w%d", i);
        if (!emit(id, to->each, to->context, err))
            return false;
    }
    return true;
}

static bool list_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    (void)job;
    *ret = shown.regions;
    for (*ret_count = 0; shown.regions[*ret_count];)
        ++*ret_count;
    return !shown.no_regions || err_set(err, ERR_PERMISSION, "regions may not be listed");
}

static bool discover_listeners(struct job *job, const struct survey *to, struct err *err)
{
    (void)job;
    int running = ++shown.running, most = shown.most;
    while (running > most && !atomic_compare_exchange_weak(&shown.most, &most, running))
        continue;
    bool ok = emit("lsn-1", to->each, to->context, err);
    if (ok && shown.failing && strcmp(to->region, shown.failing) == 0)
        ok = err_set(err, ERR_VENDOR, "the region is down");
    ok = ok && emit("lsn-2", to->each, to->context, err);
    shown.running--;
    return ok;
}

static bool ask_room(struct job *job, const char *region, room_fn *each, void *context, struct err *err)
{
    struct store_room room = {arena_printf(job->arena, "store:%s", region), 5, 10, -1, -1};
    shown.rooms++;
    return shown.no_room ? err_set(err, ERR_PERMISSION, "the quota may not be read")
                         : each(context, &room, err);
}

static const struct product domains = {.cloud = "aliyun",
                                       .name = "cdn",
                                       .code = "aliyun/cdn",
                                       .title = "CDN",
                                       .global = true,
                                       .room = ask_room,
                                       .discover = discover_domains};
static const struct product listeners = {.cloud = "aliyun",
                                         .name = "alb",
                                         .code = "aliyun/alb",
                                         .title = "ALB",
                                         .regions = list_regions,
                                         .room = ask_room,
                                         .discover = discover_listeners};
static const struct product *const both[] = {&domains, &listeners, NULL};

struct port {
    struct yard *y;
    struct cloud *cloud;
    struct sync_summary summary;
    int told;
};

static bool add_access(struct db *db, void *context, struct err *err)
{
    struct yard *y = context;
    struct access_row row = yard_access(y, "main");
    struct secret *key = secret_in(y->a, secret_new("SECRET-SECRET", 13));
    row.gateway = row.ca_file = row.proxy = "";
    return store_access_add(db, &row, key, NULL, err);
}

static int port_begin(void **state)
{
    struct port *p = calloc(1, sizeof *p);
    assert_int_equal(yard_begin((void **)&p->y), 0);
    assert_ok(p->y, store_write(p->y->s, add_access, p->y, &p->y->err));
    assert_ok(p->y, cloud_open(p->y->s, NULL, &p->y->clock.clock, &p->cloud, &p->y->err));
    shown.www = 3;
    shown.regions[0] = "cn-hangzhou";
    shown.regions[1] = "cn-beijing";
    shown.regions[2] = NULL;
    shown.failing = NULL;
    shown.no_regions = false;
    shown.no_room = false;
    shown.rooms = 0;
    *state = p;
    return 0;
}

static int port_end(void **state)
{
    struct port *p = *state;
    p->cloud = cloud_close(p->cloud);
    void *yard = p->y;
    free(p);
    return yard_end(&yard);
}

#define port_test(f) cmocka_unit_test_setup_teardown(f, port_begin, port_end)

static void tell(void *context, const struct sync_row *row, size_t done, size_t known)
{
    struct port *p = context;
    (void)row, (void)done, (void)known;
    p->told++;
}

static void synchronise(struct port *p)
{
    struct sync_options options = {.products = both};
    p->told = 0;
    p->y->clock.now_ms += 60000;
    assert_ok(p->y, inventory_sync(p->cloud, p->y->s, &p->y->clock.clock, &options, p->y->a, tell, p,
                                   &p->summary, &p->y->err));
}

static size_t present(struct port *p, bool missing_too)
{
    struct resource_filter filter = {.include_missing = missing_too};
    struct resource *rows = NULL;
    size_t count = 0;
    assert_ok(p->y, store_resource_list(p->y->db, p->y->a, &filter, &(struct page){.limit = 1000}, &rows,
                                        &count, &p->y->err));
    return count;
}

static void R74_everything_is_found(void **state)
{
    struct port *p = *state;
    synchronise(p);
    assert_int_equal(p->summary.accesses, 1);
    assert_int_equal(p->summary.listings, 3);
    assert_int_equal(p->summary.failed, 0);
    assert_int_equal(p->summary.resources, 7);
    assert_int_equal(p->told, 3);
    assert_int_equal(present(p, true), 7);
    synchronise(p);
    assert_int_equal(present(p, true), 7);
    assert_true(shown.most <= 4);
}

static void more_than_a_chunk_is_kept(void **state)
{
    struct port *p = *state;
    shown.www = 450;
    synchronise(p);
    assert_int_equal(present(p, false), 454);
}

static void what_is_gone_is_missing_and_comes_back(void **state)
{
    struct port *p = *state;
    synchronise(p);
    shown.www = 1;
    synchronise(p);
    assert_int_equal(present(p, false), 5);
    assert_int_equal(present(p, true), 7);
    shown.www = 3;
    synchronise(p);
    assert_int_equal(present(p, false), 7);
}

static void a_listing_cut_short_retires_nothing_and_stops_nothing(void **state)
{
    struct port *p = *state;
    synchronise(p);
    shown.failing = "cn-beijing";
    shown.www = 1;
    synchronise(p);
    assert_int_equal(p->summary.failed, 1);
    assert_int_equal(present(p, false), 5); /* two domains are gone, no listener is */
    struct sync_row *rows = NULL;
    size_t count = 0, failed = 0;
    assert_ok(p->y, store_sync_list(p->y->db, p->y->a, 0, &rows, &count, &p->y->err));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        bool this = strcmp(rows[i].region, "cn-beijing") == 0;
        failed += this && strcmp(rows[i].error_text, "the region is down") == 0;
        assert_true(rows[i].finished_ms > 0);
        assert_true(this || !rows[i].error_text[0]);
    }
    assert_int_equal(failed, 1);
}

static void regions_that_cannot_be_listed_are_one_failure(void **state)
{
    struct port *p = *state;
    shown.no_regions = true;
    synchronise(p);
    assert_int_equal(p->summary.failed, 1);
    assert_int_equal(p->summary.resources, 3);
    bool told = false;
    for (size_t i = 0; i < p->summary.listings; i++)
        told |= strcmp(p->summary.rows[i].product, "aliyun/alb") == 0 &&
                strcmp(p->summary.rows[i].error_kind, "permission") == 0;
    assert_true(told);
}

/* Two products share the function, and it is asked for the account and for each region once. */
static void limits_of_certificate_stores_are_learnt_beside_the_listings(void **state)
{
    struct port *p = *state;
    struct room_row *rows = NULL;
    size_t count = 0;
    synchronise(p);
    assert_int_equal(shown.rooms, 3);
    shown.no_room = true;
    synchronise(p);
    assert_int_equal(p->summary.failed, 0); /* it is no listing */
    assert_ok(p->y, store_room_list(p->y->db, p->y->a, &rows, &count, &p->y->err));
    assert_int_equal(count, 3); /* what was known stays, with its time */
    assert_string_equal(rows[0].vendor_store, "store:");
    assert_string_equal(rows[1].vendor_store, "store:cn-beijing");
    assert_int_equal(rows[1].used, 5);
    assert_int_equal(rows[1].most, 10);
}

static void the_unknown_is_refused(void **state)
{
    struct port *p = *state;
    struct sync_options options = {.products = both, .product = "aliyun/ecs"};
    assert_err(p->y, ERR_INPUT,
               inventory_sync(p->cloud, p->y->s, &p->y->clock.clock, &options, p->y->a, NULL, NULL,
                              &p->summary, &p->y->err));
    options = (struct sync_options){.products = both, .access_id = 99};
    assert_err(p->y, ERR_NOT_FOUND,
               inventory_sync(p->cloud, p->y->s, &p->y->clock.clock, &options, p->y->a, NULL, NULL,
                              &p->summary, &p->y->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        port_test(R74_everything_is_found),
        port_test(more_than_a_chunk_is_kept),
        port_test(what_is_gone_is_missing_and_comes_back),
        port_test(a_listing_cut_short_retires_nothing_and_stops_nothing),
        port_test(regions_that_cannot_be_listed_are_one_failure),
        port_test(limits_of_certificate_stores_are_learnt_beside_the_listings),
        port_test(the_unknown_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
