#include "cloud/product.h"

#include "base/file.h"
#include "codec/json.h"
#include "crypto/mint.h"
#include "store/test_support.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Every product against the simulated clouds: list, read, upload, bind until settled, put back; quietly, throttled, and
 * with a fifth of all calls failing. The little loop here stands for the engine: it reads, and acts on what it reads.
 */

extern char **environ;

enum {
    GENERATED_PER_PRODUCT = 15,
    RESOURCES_PER_PRODUCT = 6,
    TURNS = 3000,
    WAIT_MS = 10,
    PATIENCE_MS = 20000
};

struct sky { /* a running simulator with an access per cloud */
    struct yard *y;
    pid_t sim;
    char *log;
    struct gate *gate;
    struct cloud *cloud;
    const struct json *ready;
    struct {
        const char *cloud;
        int64_t id;
    } accesses[8];
    size_t access_count;
};

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static pid_t start(struct arena *a, const char *log, const char *ready, const char *const *options)
{
    size_t count = 0;
    while (products[count])
        count++;
    const char *domains = arena_printf(a, "%zu", count * GENERATED_PER_PRODUCT);
    const char *sim = getenv("CERTFERRY_SIM");
    if (!sim) {
        fail_msg("CERTFERRY_SIM does not name the simulator");
        return -1;
    }
    const char *args[24] = {sim,     "--listen", "127.0.0.1:0",  "--domains", domains,
                            "--log", log,        "--ready-file", ready};
    count = 9;
    for (; *options; options++)
        args[count++] = *options;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* a failed test leaves nothing running */
        execve(sim, (char *const *)(uintptr_t)args, environ);
        _exit(127);
    }
    return pid;
}

static const struct json *wait_ready(struct yard *y, const char *path, pid_t sim)
{
    for (int turn = 0; turn < TURNS; turn++, wait_ms(WAIT_MS)) {
        char *text;
        size_t size;
        const struct json *v;
        if (access(path, R_OK) == 0 && file_read(y->a, path, 8 << 20, &text, &size, NULL) &&
            json_parse(y->a, text, size, &v, NULL))
            return v;
        assert_int_equal(waitpid(sim, NULL, WNOHANG), 0);
    }
    fail_msg("the simulator is not ready");
    return NULL;
}

static void add_access(struct sky *k, const struct json *access, double calls_per_second)
{
    struct yard *y = k->y;
    const char *secret_text = json_str(json_at(access, "/secret"), "");
    const char *cloud = json_str(json_at(access, "/cloud"), "");
    cleanup(secret_free_p) struct secret *secret = secret_new(secret_text, strlen(secret_text));
    struct access_row row = {.id = store_new_id(y->s),
                             .owner = "uid:1000",
                             .name = arena_printf(y->a, "%s-%lld", cloud, (long long)store_new_id(y->s)),
                             .cloud = cloud,
                             .key_id = json_str(json_at(access, "/key_id"), ""),
                             .site = strcmp(cloud, "aws") == 0 ? "international" : "china",
                             .regions = "[]",
                             .gateway = json_str(json_at(k->ready, "/gateway"), ""),
                             .ca_file = "",
                             .proxy = "",
                             .calls_per_second = calls_per_second,
                             .account_id = "",
                             .key_source = "stored",
                             .secret_command = "",
                             .role = "",
                             .external_id = "",
                             .state = "unchecked",
                             .state_text = ""};
    assert_ok(y, store_access_add(y->db, &row, secret, NULL, &y->err));
    k->accesses[k->access_count].cloud = cloud;
    k->accesses[k->access_count++].id = row.id;
}

static struct sky *open_sky(struct yard *y, double calls_per_second, const char *const *options)
{
    struct sky *k = arena_make(y->a, struct sky);
    k->y = y;
    k->log = bench_path(y->b, "sim.log");
    const char *ready = bench_path(y->b, "ready.json");
    (void)unlink(ready);
    k->sim = start(y->a, k->log, ready, options);
    k->ready = wait_ready(y, ready, k->sim);
    assert_ok(y, gate_open(&k->gate, &y->err));
    assert_ok(y, cloud_open(y->s, k->gate, &clock_system, &k->cloud, &y->err));
    const struct json *list = json_at(k->ready, "/accesses");
    for (size_t i = 0; i < json_count(list) && i < countof(k->accesses); i++)
        add_access(k, json_item(list, i), calls_per_second);
    return k;
}

static void close_sky(struct sky *k)
{
    k->cloud = cloud_close(k->cloud);
    k->gate = gate_close(k->gate);
    kill(k->sim, SIGTERM);
    waitpid(k->sim, NULL, 0);
}

/* A job on the cloud's access; false where the simulator has no such cloud. */
static bool job_for(struct sky *k, struct arena *a, const struct product *p, struct job *ret)
{
    for (size_t i = 0; i < k->access_count; i++)
        if (strcmp(k->accesses[i].cloud, p->cloud) == 0) {
            struct session *s;
            assert_ok(k->y, cloud_session(k->cloud, k->accesses[i].id, &s, &k->y->err));
            *ret = (struct job){.arena = a, .session = s, .product = p, .patience_ms = PATIENCE_MS};
            return true;
        }
    return false;
}

struct catch
{ /* resources found, copied */
    struct arena *arena;
    struct resource *items;
    size_t count, capacity;
};

static bool catch_resource(void *context, const struct resource *r, struct err *err)
{
    struct catch *c = context;
    (void)err;
    assert_true(*r->vendor_id && *r->title && *r->lock && r->extra && r->unfit && r->managed_by &&
                r->alias_of);
    struct resource *copy = arena_push(c->arena, (void **)&c->items, &c->count, &c->capacity, sizeof *copy);
    *copy = *r;
    const char **texts[] = {&copy->product,  &copy->region,     &copy->vendor_id, &copy->title,
                            &copy->host,     &copy->reach,      &copy->lock,      &copy->extra,
                            &copy->alias_of, &copy->managed_by, &copy->unfit};
    for (size_t i = 0; i < countof(texts); i++)
        *texts[i] = arena_strdup(c->arena, *texts[i]);
    copy->names = arena_array(c->arena, struct resource_name, r->name_count + 1);
    for (size_t i = 0; i < r->name_count; i++)
        copy->names[i] =
            (struct resource_name){arena_strdup(c->arena, r->names[i].name), r->names[i].evidence};
    struct err ignored;
    char *bound = bound_to_json(c->arena, r->bound, r->bound_count);
    assert_true(bound_from_json(c->arena, bound, &copy->bound, &copy->bound_count, &ignored));
    return true;
}

static void discover_region(struct sky *k, struct job *job, const char *region, struct catch *c)
{
    size_t before = c->count;
    for (int turn = 0;; turn++) { /* a synchronisation repeats a region that failed */
        c->count = before;
        struct err err = {0};
        if (job->product->discover(job, region, catch_resource, c, &err))
            return;
        if (turn == 20 || !(err.transient || err.kind == ERR_NETWORK || err.kind == ERR_TIMEOUT))
            fail_msg("%s %s: %s", job->product->code, region, err.text);
    }
    (void)k;
}

static struct catch discover(struct sky *k, struct job *job)
{
    struct catch c = {.arena = k->y->a};
    const char **regions = (const char *[]){""};
    size_t count = 1;
    if (job->product->regions)
        assert_ok(k->y, job->product->regions(job, &regions, &count, &k->y->err));
    for (size_t i = 0; i < count; i++)
        discover_region(k, job, regions[i], &c);
    return c;
}

static void each_product(struct sky *k, void (*run)(struct sky *k, struct job *job))
{
    size_t present = 0;
    for (size_t i = 0; products[i]; i++) {
        struct job job;
        if (!job_for(k, k->y->a, products[i], &job))
            continue;
        print_message("%s\n", products[i]->code);
        run(k, &job);
        present++;
    }
    assert_true(present >= 2);
}

/* A certificate for these names as material, stored as ours too. */
static struct material make_material(struct sky *k, const char *const *names, size_t count)
{
    struct arena *a = k->y->a;
    struct minted ca, leaf;
    int64_t now_ms = clock_wall_ms(&clock_system), day_ms = 86400000;
    assert_ok(k->y, mint_ca(a, "Test Root", KEY_ECDSA, 256, now_ms - day_ms, now_ms + 3650 * day_ms, &ca,
                            &k->y->err));
    assert_ok(k->y, mint_leaf(a, &ca, names, count, KEY_ECDSA, 256, now_ms - day_ms, now_ms + 90 * day_ms,
                              &leaf, &k->y->err));
    const char *pem = x509_pem(a, &leaf.cert);
    return (struct material){.name = arena_printf(a, "certferry-%.16s", leaf.cert.sha256),
                             .fingerprint = arena_strdup(a, leaf.cert.sha256),
                             .serial = leaf.cert.serial,
                             .leaf_pem = pem,
                             .chain_pem = x509_pem(a, &ca.cert),
                             .fullchain_pem = pem,
                             .key = leaf.key,
                             .domains = names,
                             .domain_count = count,
                             .key_type = KEY_ECDSA,
                             .key_bits = 256,
                             .curve = "P-256",
                             .chain_complete = true,
                             .not_before_ms = leaf.cert.not_before_ms,
                             .not_after_ms = leaf.cert.not_after_ms};
}

static bool may_pass(const struct err *err)
{
    return err->transient || err->kind == ERR_NETWORK || err->kind == ERR_TIMEOUT ||
           err->kind == ERR_THROTTLED;
}

static const char *upload(struct sky *k, struct job *job, const struct resource *r, const struct material *m)
{
    const char *vendor_store, *ref = NULL;
    assert_ok(k->y, job->product->store_for(job, r, m, &vendor_store, &k->y->err));
    if (!vendor_store) /* the product takes the PEM itself: ours is known by its fingerprint */
        return m->fingerprint;
    for (int turn = 0; turn < 50; turn++, wait_ms(WAIT_MS)) {
        struct err err = {0};
        if (job->product->upload(job, vendor_store, m, &ref, &err))
            return ref;
        if (!may_pass(&err) &&
            err.kind != ERR_CONFLICT) /* a repeated name after a lost answer is found next time */
            fail_msg("%s: upload: %s", job->product->code, err.text);
    }
    fail_msg("%s: upload does not end", job->product->code);
    return NULL;
}

/* Reads and acts until the change shows and the cloud is done. */
static void carry_out(struct sky *k, struct job *job, const struct resource *r, const struct change *change,
                      const struct material *m)
{
    struct arena *outer = job->arena;
    for (int turn = 0; turn < TURNS; turn++, wait_ms(WAIT_MS)) {
        cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
        struct binding now;
        struct err err = {0};
        job->arena = a;
        bool read = job->product->read(job, r, &now, &err);
        enum change_progress progress = read ? change_progress(&now, change) : CHANGE_OPEN;
        bool done = read && now.ready && progress == CHANGE_DONE;
        if (read && progress == CHANGE_FOREIGN)
            fail_msg("%s %s: foreign", job->product->code, r->title);
        bool ok = !read || !now.ready || done || job->product->bind(job, r, &now, change, m, &err);
        job->arena = outer;
        if ((!read || !ok) && !may_pass(&err))
            fail_msg("%s %s: %s", job->product->code, r->title, err.text);
        if (done)
            return;
    }
    fail_msg("%s %s: the change does not end", job->product->code, r->title);
    (void)k;
}

static const struct bound *held(const struct resource *r, const char *slot)
{
    for (size_t i = 0; i < r->bound_count; i++)
        if (strcmp(r->bound[i].slot, slot) == 0)
            return &r->bound[i];
    return NULL;
}

static void check_holds(struct sky *k, struct job *job, const struct resource *r, const char *slot,
                        const char *ref, bool holds)
{
    struct binding now;
    struct err err = {0};
    for (int turn = 0; turn < 50; turn++) {
        if (job->product->read(job, r, &now, &err)) {
            if (binding_holds(&now, slot, ref) != holds)
                fail_msg("%s %s: %s %s %s", job->product->code, r->title, slot,
                         holds ? "lacks" : "still holds", ref);
            return;
        }
        assert_true(may_pass(&err));
    }
    fail_msg("%s: cannot be read", r->title);
    (void)k;
}

static void keep_as_ours(struct sky *k, const struct material *m)
{
    struct certificate_row row = yard_certificate(k->y, m->name, m->fingerprint);
    row.leaf_pem = m->leaf_pem;
    row.chain_pem = "";
    row.roots_pem = "";
    row.key_type = "ecdsa";
    assert_ok(k->y, store_certificate_add(k->y->db, &row, m->key, NULL, &k->y->err));
}

/* What a product keeps to itself comes back from our own store alone: a certificate of ours takes the place first. */
static const char *put_ours_first(struct sky *k, struct job *job, const struct resource *r, const char *slot,
                                  const char *old, const char *const *names, size_t count)
{
    struct material m = make_material(k, names, count);
    const char *ref = m.fingerprint, *why = NULL;
    struct bound held_now = {.slot = slot, .ref = old, .name = "", .fingerprint = ""};
    assert_ok(k->y, job->product->old_key(job, r, &held_now, &why, &k->y->err));
    assert_non_null(why);
    keep_as_ours(k, &m);
    struct change change = {.slot = slot,
                            .add = &ref,
                            .add_count = 1,
                            .remove = (const char *[]){old},
                            .remove_count = 1};
    carry_out(k, job, r, &change, &m);
    held_now.ref = ref;
    assert_ok(k->y, job->product->old_key(job, r, &held_now, &why, &k->y->err));
    assert_null(why);
    return ref;
}

/* One slot there and back: the new certificate, read; the old one, read. */
static void there_and_back(struct sky *k, struct job *job, const struct resource *r, const char *slot)
{
    const struct bound *old = held(r, slot);
    const char *names[64], *vendor_store;
    size_t count = 0;
    for (size_t i = 0; i < r->name_count && count < countof(names); i++)
        names[count++] = r->names[i].name;
    if (!old || !count || *r->unfit)
        return;
    const char *before = old->ref;
    assert_true(*before);
    struct material m = make_material(k, names, count);
    assert_ok(k->y, job->product->store_for(job, r, &m, &vendor_store, &k->y->err));
    if (!vendor_store)
        before = put_ours_first(k, job, r, slot, before, names, count);
    const char *ref = upload(k, job, r, &m);
    assert_string_equal(upload(k, job, r, &m), ref); /* found again, not brought twice */
    struct change change = {.slot = slot,
                            .add = &ref,
                            .add_count = 1,
                            .remove = (const char *[]){before},
                            .remove_count = 1};
    carry_out(k, job, r, &change, &m);
    check_holds(k, job, r, slot, ref, true);
    check_holds(k, job, r, slot, before, false);
    struct change back = change_reverse(k->y->a, &change);
    carry_out(k, job, r, &back, NULL);
    check_holds(k, job, r, slot, ref, false);
    check_holds(k, job, r, slot, before, true);
}

static void walk_product(struct sky *k, struct job *job)
{
    struct catch found = discover(k, job);
    assert_true(found.count > 0);
    size_t done = 0;
    for (size_t i = 0; i < found.count && done < RESOURCES_PER_PRODUCT; i++) {
        const struct resource *r = &found.items[i];
        assert_string_equal(r->product, job->product->code);
        if (!r->https || *r->unfit)
            continue;
        there_and_back(k, job, r, "default");
        if (job->product->sni)
            there_and_back(k, job, r, "sni");
        done++;
    }
    assert_true(done > 0);
}

/* The first deployment: HTTPS was off, is switched on, and off again. */
static void switch_product(struct sky *k, struct job *job)
{
    if (!job->product->first_deployment)
        return;
    struct catch found = discover(k, job);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        if (r->https || *r->unfit || !r->name_count)
            continue;
        const char *names[] = {r->names[0].name};
        struct material m = make_material(k, names, 1);
        const char *ref = upload(k, job, r, &m);
        struct change change = {.slot = "default", .add = &ref, .add_count = 1};
        carry_out(k, job, r, &change, &m);
        check_holds(k, job, r, "default", ref, true);
        struct change back = change_reverse(k->y->a, &change);
        carry_out(k, job, r, &back, NULL);
        struct binding now;
        assert_ok(k->y, job->product->read(job, r, &now, &k->y->err));
        assert_false(now.https);
        assert_int_equal(now.bound_count, 0);
        return;
    }
    fail_msg("%s: nothing without HTTPS to try", job->product->code);
}

static void check_access(struct sky *k)
{
    for (size_t i = 0; i < k->access_count; i++) {
        struct session *s;
        struct identity who;
        assert_ok(k->y, cloud_session(k->cloud, k->accesses[i].id, &s, &k->y->err));
        assert_ok(k->y, cloud_check(s, k->y->a, &who, &k->y->err));
        assert_string_equal(who.account_id,
                            json_str(json_at(k->ready, arena_printf(k->y->a, "/accesses/%zu/account", i)),
                                     "?"));
    }
}

static size_t count_lines(struct sky *k, const char *needle)
{
    char *text;
    size_t size, count = 0;
    assert_ok(k->y, file_read(k->y->a, k->log, 32 << 20, &text, &size, &k->y->err));
    for (char *p = text; (p = strstr(p, needle)); p++)
        count++;
    return count;
}

static void R_every_product_lists_binds_settles_and_puts_back(void **state)
{
    struct sky *k = open_sky(*state, 5000, (const char *[]){"--settle-ms", "40", NULL});
    check_access(k);
    each_product(k, walk_product);
    each_product(k, switch_product);
    /* No call was ever wrong, no lock overlapped; only AWS does not know at once what was just imported. */
    assert_int_equal(count_lines(k, "\"outcome\":\"refused\""),
                     count_lines(k, "\"code\":\"CertificateNotFound\"") +
                         count_lines(k, "\"code\":\"InvalidViewerCertificate\""));
    close_sky(k);
}

/* CDN's own uploads have no reference: they come back from our store or not at all. */
static void R_what_cdn_alone_held_is_put_back_from_our_own_store(void **state)
{
    struct sky *k = open_sky(*state, 5000, (const char *[]){NULL});
    struct job job;
    assert_true(job_for(k, k->y->a, product_find("aliyun/cdn"), &job));
    struct catch found = discover(k, &job);
    const struct resource *r = found.items;
    while (!r->https || *r->unfit || !held(r, "default"))
        assert_true(++r < found.items + found.count);
    const char *names[] = {r->names[0].name}, *why = "";
    struct material m = make_material(k, names, 1);
    const char *ref = arena_printf(k->y->a, "pem:%s", m.fingerprint);
    struct bound old = {.slot = "default", .ref = ref, .name = "", .fingerprint = m.fingerprint};
    assert_ok(k->y, job.product->old_key(&job, r, &old, &why, &k->y->err));
    assert_non_null(why);
    keep_as_ours(k, &m);
    assert_ok(k->y, job.product->old_key(&job, r, &old, &why, &k->y->err));
    assert_null(why);
    struct change change = {.slot = "default",
                            .add = &ref,
                            .add_count = 1,
                            .remove = (const char *[]){held(r, "default")->ref},
                            .remove_count = 1};
    carry_out(k, &job, r, &change, NULL);
    check_holds(k, &job, r, "default", ref, true);
    assert_int_equal(count_lines(k, "PRIVATE"), 0);
    close_sky(k);
}

static void R_every_product_gets_through_a_fifth_of_failing_calls(void **state)
{
    static const char faults[] = "throttle=0.04,500=0.04,reset=0.04,lost=0.04,malformed=0.04";
    struct sky *k = open_sky(*state, 5000, (const char *[]){"--settle-ms", "20", "--fault", faults, NULL});
    each_product(k, walk_product);
    each_product(k, switch_product);
    close_sky(k);
}

static void check_hides(struct arena *a, const struct err *err, const char *secret)
{
    for (size_t i = 0; i + 16 <= strlen(secret); i += 8) /* no piece of it either */
        if (strstr(err->text, arena_copy(a, secret + i, 16)))
            fail_msg("shown: %s", err->text);
}

static void echo_product(struct sky *k, struct job *job)
{
    const char *names[] = {"www.example.com"}, *vendor_store, *ref;
    struct material m = make_material(k, names, 1);
    struct resource r = {.product = job->product->code,
                         .region = "cn-hangzhou",
                         .vendor_id = "x",
                         .title = "x",
                         .extra = "{}"};
    struct err err = {0};
    const char *body = strchr(secret_bytes(m.key), '\n');
    job->patience_ms = 0;
    if (!job->product->store_for(job, &r, &m, &vendor_store, &err) ||
        !job->product->upload(job, vendor_store, &m, &ref, &err) ||
        !job->product->read(job, &r, &(struct binding){0}, &err)) {
        check_hides(k->y->a, &err, body);
        for (size_t i = 0; i < k->access_count; i++)
            check_hides(k->y->a, &err,
                        json_str(json_at(k->ready, arena_printf(k->y->a, "/accesses/%zu/secret", i)), ""));
    }
}

static void R_an_error_that_echoes_the_request_shows_neither_key_nor_secret(void **state)
{
    static const char *const rates[] = {"echo=1", "echo=0.5", "echo-credential=1"};
    for (size_t i = 0; i < countof(rates); i++) {
        struct sky *k = open_sky(*state, 5000, (const char *[]){"--fault", rates[i], NULL});
        for (int turn = 0; turn < 4; turn++)
            each_product(k, echo_product);
        close_sky(k);
    }
}

static void R_every_product_keeps_below_a_clouds_limit(void **state)
{
    struct sky *k = open_sky(*state, 40, (const char *[]){"--calls-per-second", "20", NULL});
    each_product(k, switch_product);
    size_t calls = count_lines(k, "\"outcome\""), refused = count_lines(k, "\"outcome\":\"refused\"");
    print_message("%zu calls, %zu refused\n", calls, refused);
    assert_true(refused * 10 < calls);
    close_sky(k);
}

static void R_a_wrong_clock_is_learnt_on_the_way(void **state)
{
    struct sky *k = open_sky(*state, 5000, (const char *[]){"--fault", "clock=1", NULL});
    check_access(k);
    each_product(k, switch_product);
    close_sky(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(R_every_product_lists_binds_settles_and_puts_back),
        yard_test(R_what_cdn_alone_held_is_put_back_from_our_own_store),
        yard_test(R_every_product_gets_through_a_fifth_of_failing_calls),
        yard_test(R_an_error_that_echoes_the_request_shows_neither_key_nor_secret),
        yard_test(R_every_product_keeps_below_a_clouds_limit),
        yard_test(R_a_wrong_clock_is_learnt_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
