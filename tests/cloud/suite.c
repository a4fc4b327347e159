#include "cloud/suite.h"

#include "crypto/mint.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
extern char *program_invocation_short_name;

enum { OPTIONS_MAX = 64, LOG_BYTES = 64 << 20 };

void suite_wait(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* ---- the simulator ---- */

static pid_t start(struct arena *a, size_t each, const char *log, const char *ready,
                   const char *const *options)
{
    const char *sim = getenv("CERTFERRY_SIM");
    if (!sim) {
        fail_msg("CERTFERRY_SIM does not name the simulator");
        return -1;
    }
    const char *number = arena_printf(a, "%zu", each);
    const char *args[OPTIONS_MAX] = {sim,     "--listen", "127.0.0.1:0",  "--each", number,
                                     "--log", log,        "--ready-file", ready};
    size_t count = 9;
    for (; *options && count < OPTIONS_MAX - 1; options++)
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
    for (int turn = 0; turn < 4 * SUITE_TURNS; turn++, suite_wait(10)) {
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

struct sky *sky_open(struct yard *y, size_t each, double calls_per_second, const char *const *options)
{
    struct sky *k = arena_make(y->a, struct sky);
    k->y = y;
    k->log = bench_path(y->b, "sim.log");
    const char *ready = bench_path(y->b, "ready.json");
    (void)unlink(ready);
    (void)unlink(k->log);
    k->sim = start(y->a, each, k->log, ready, options);
    k->ready = wait_ready(y, ready, k->sim);
    assert_ok(y, gate_open(&k->gate, &y->err));
    assert_ok(y, cloud_open(y->s, k->gate, &clock_system, &k->cloud, &y->err));
    const struct json *list = json_at(k->ready, "/accesses");
    for (size_t i = 0; i < json_count(list) && i < countof(k->accesses); i++)
        add_access(k, json_item(list, i), calls_per_second);
    return k;
}

void sky_close(struct sky *k)
{
    k->cloud = cloud_close(k->cloud);
    k->gate = gate_close(k->gate);
    kill(k->sim, SIGTERM);
    waitpid(k->sim, NULL, 0);
}

size_t sky_mark(struct sky *k)
{
    struct stat s;
    return stat(k->log, &s) == 0 ? (size_t)s.st_size : 0;
}

char *sky_log(struct sky *k, struct arena *a, size_t from)
{
    char *text;
    size_t size;
    assert_ok(k->y, file_read(a, k->log, LOG_BYTES, &text, &size, &k->y->err));
    return text + size_min(from, size);
}

size_t sky_count(struct sky *k, size_t from, const char *needle)
{
    cleanup(arena_free_p) struct arena *a = arena_new(2 * (size_t)LOG_BYTES);
    size_t count = 0;
    for (char *p = sky_log(k, a, from); (p = strstr(p, needle)); p++)
        count++;
    return count;
}

/* AWS does not know at once what was just imported; where Alibaba Cloud tells the number of a certificate and not its site, it is
 * asked for at one that may not have it.
 */
static bool is_an_answer(const char *line)
{
    static const char *const refusals[][2] = {
        {"\"code\":\"CertificateNotFound\"", ""},
        {"\"code\":\"InvalidViewerCertificate\"", ""},
        {"\"code\":\"NotFound\"", "\"action\":\"GetUserCertificateDetail\""},
    };
    for (size_t i = 0; i < countof(refusals); i++)
        if (strstr(line, refusals[i][0]) && strstr(line, refusals[i][1]))
            return true;
    return false;
}

size_t sky_wrong(struct sky *k)
{
    cleanup(arena_free_p) struct arena *a = arena_new(2 * (size_t)LOG_BYTES);
    size_t count = 0;
    for (char *line = sky_log(k, a, 0), *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        count += strstr(line, "\"outcome\":\"refused\"") && !is_an_answer(line);
    }
    return count;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *sky_changed(struct sky *k, struct arena *a, size_t from)
{
    char **names = NULL;
    size_t count = 0, capacity = 0;
    for (char *line = sky_log(k, a, from), *end; (end = strchr(line, '\n')); line = end + 1) {
        const struct json *v;
        assert_ok(k->y, json_parse(a, line, (size_t)(end - line), &v, &k->y->err));
        const struct json *fields = json_at(v, "/fields");
        for (size_t i = 0; i < json_count(fields); i++)
            *(char **)arena_push(a, (void **)&names, &count, &capacity, sizeof *names) =
                arena_strdup(a, json_str(json_item(fields, i), ""));
    }
    if (count)
        qsort(names, count, sizeof *names, by_text);
    struct buf b = buf_new(a, 64 << 10);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            buf_printf(&b, "%s%s", b.size ? " " : "", names[i]);
    return b.data;
}

const char *sky_secret(struct sky *k, const char *cloud)
{
    const struct json *list = json_at(k->ready, "/accesses");
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(json_str(json_at(json_item(list, i), "/cloud"), ""), cloud) == 0)
            return json_str(json_at(json_item(list, i), "/secret"), "");
    return "";
}

bool sky_job(struct sky *k, struct arena *a, const struct product *p, struct job *ret)
{
    for (size_t i = 0; i < k->access_count; i++)
        if (strcmp(k->accesses[i].cloud, p->cloud) == 0) {
            struct session *s;
            assert_ok(k->y, cloud_session(k->cloud, k->accesses[i].id, &s, &k->y->err));
            *ret = (struct job){.arena = a, .session = s, .product = p, .patience_ms = SUITE_PATIENCE_MS};
            return true;
        }
    return false;
}

/* ---- cases and their report ---- */

static void report(const char *product, const char *name, const char *result)
{
    const char *folder = getenv("CERTFERRY_SUITE_REPORT");
    print_message("%s: %s: %s\n", product, name, result);
    if (!folder)
        return;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.tsv", folder, program_invocation_short_name);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fprintf(f, "case\t%s\t%s\t%s\n", product, name, result);
    fclose(f);
}

/* Whether a product's own word, that the case cannot arise, takes a line of the sheets beside it. */
static bool takes_a_line(const char *name)
{
    static const char *const names[] = {"regions with one failing", "SNI without loss", "mutual TLS",
                                        "restore of none before", "restore without the old key"};
    for (size_t i = 0; i < countof(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

void suite_case(struct sky *k, const char *name, case_fn *run)
{
    size_t present = 0, unexplained = 0;
    for (size_t i = 0; products[i]; i++) {
        cleanup(arena_free_p) struct arena *a = arena_new((size_t)512 << 20);
        const char *code = products[i]->code;
        struct job job;
        if (!sky_job(k, a, products[i], &job))
            continue;
        print_message("%s: %s\n", code, name);
        const struct exemption *exempt = suite_exemption(code, name);
        const char *why = run(k, &job);
        if (exempt && (!why || !*why != !!exempt->why))
            fail_msg("%s: %s: the table of exemptions has a row that it needs not", code, name);
        if (!exempt && why && (!*why || takes_a_line(name))) {
            print_message("%s: %s: nothing to try it with, and no exemption says why\n", code, name);
            unexplained++;
            continue;
        }
        report(code, name, !why ? "holds" : *why ? why : exempt->why);
        present++;
    }
    assert_int_equal(unexplained, 0);
    assert_true(present >= 2);
}

/* ---- listing ---- */

static bool catch_resource(void *context, const struct resource *r, struct err *err)
{
    struct found *c = context;
    (void)err;
    assert_true(*r->vendor_id && *r->title && *r->lock && r->extra && r->unfit && r->managed_by &&
                r->alias_of && r->host && r->reach);
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

bool suite_try_region(struct job *job, const char *region, struct found *to, struct err *err)
{
    return product_discover(job, region, catch_resource, to, err);
}

bool suite_passes(const struct err *err)
{
    return err->transient || err->kind == ERR_NETWORK || err->kind == ERR_TIMEOUT ||
           err->kind == ERR_THROTTLED;
}

void suite_discover_region(struct job *job, const char *region, struct found *to)
{
    size_t before = to->count;
    for (int turn = 0;; turn++) { /* a synchronisation repeats a region that failed */
        to->count = before;
        struct err err = {0};
        if (suite_try_region(job, region, to, &err))
            return;
        if (turn == 20 || !suite_passes(&err))
            fail_msg("%s %s: %s", job->product->code, region, err.text);
    }
}

void suite_regions(struct job *job, const char ***ret, size_t *ret_count)
{
    struct err err = {0};
    *ret = arena_array(job->arena, const char *, 1);
    (*ret)[0] = "";
    *ret_count = 1;
    for (int turn = 0; job->product->regions; turn++) {
        if (job->product->regions(job, ret, ret_count, &err))
            return;
        if (turn == 20 || !suite_passes(&err))
            fail_msg("%s: regions: %s", job->product->code, err.text);
    }
}

struct found suite_discover(struct job *job)
{
    struct found c = {.arena = job->arena};
    const char **regions;
    size_t count;
    suite_regions(job, &regions, &count);
    for (size_t i = 0; i < count; i++)
        suite_discover_region(job, regions[i], &c);
    return c;
}

bool suite_fit(const struct resource *r)
{
    return r->https && !*r->unfit && !*r->alias_of && r->name_count > 0 && r->bound_count > 0;
}

/* ---- certificates ---- */

struct material suite_material(struct sky *k, const char *const *names, size_t count)
{
    struct arena *a = k->y->a;
    struct minted ca, leaf;
    int64_t now_ms = clock_wall_ms(&clock_system);
    assert_ok(k->y, mint_ca(a, "Test Root", KEY_ECDSA, 256, now_ms - DAY_MS, now_ms + 3650 * DAY_MS, &ca,
                            &k->y->err));
    assert_ok(k->y, mint_leaf(a, &ca, names, count, KEY_ECDSA, 256, now_ms - DAY_MS, now_ms + 90 * DAY_MS,
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

struct material suite_material_for(struct sky *k, const struct resource *r)
{
    const char **names = arena_array(k->y->a, const char *, 64);
    size_t count = 0;
    for (size_t i = 0; i < r->name_count && count < 64; i++)
        names[count++] = arena_strdup(k->y->a, r->names[i].name);
    return suite_material(k, names, count);
}

void suite_keep(struct sky *k, const struct material *m)
{
    struct certificate_row row = yard_certificate(k->y, m->name, m->fingerprint);
    row.leaf_pem = m->leaf_pem;
    row.chain_pem = "";
    row.roots_pem = "";
    row.key_type = "ecdsa";
    assert_ok(k->y, store_certificate_add(k->y->db, &row, m->key, NULL, &k->y->err));
}

const char *suite_upload(struct job *job, const struct resource *r, const struct material *m)
{
    const char *vendor_store = NULL, *ref = NULL;
    for (int turn = 0; turn < 100; turn++, suite_wait(SUITE_WAIT_MS)) {
        struct err err = {0};
        bool ok = product_store_for(job, r, m, &vendor_store, &err);
        if (ok && !vendor_store)
            return m->fingerprint;
        if (ok && job->product->upload(job, vendor_store, m, &ref, &err))
            return ref;
        if (!suite_passes(&err) &&
            err.kind != ERR_CONFLICT) /* a repeated name after a lost answer is found next time */
            fail_msg("%s %s: upload: %s", job->product->code, r->title, err.text);
    }
    fail_msg("%s: upload does not end", job->product->code);
    return NULL;
}

/* ---- changing ---- */

struct change suite_change(struct arena *a, const char *slot, const char *old, const char *ref)
{
    struct change c = {.slot = slot, .add_count = ref != NULL, .remove_count = old != NULL};
    c.add = arena_array(a, const char *, 1);
    c.remove = arena_array(a, const char *, 1);
    c.add[0] = ref;
    c.remove[0] = old;
    return c;
}

static bool act(struct job *job, const struct resource *r, const struct binding *now,
                const struct change *change, const struct way *way, struct err *err)
{
    static const struct binding nothing = {.ready = true, .etag = "", .settings = "{}"};
    if (way->m)
        return product_bind(job, r, now, change, way->m, err);
    struct change ours = change_reverse(job->arena, change);
    return product_restore(job, r, now, way->before ? way->before : &nothing, &ours, err);
}

void suite_carry(struct job *job, const struct resource *r, const struct change *change,
                 const struct way *way)
{
    struct arena *outer = job->arena;
    for (int turn = 0; turn < SUITE_TURNS; turn++, suite_wait(SUITE_WAIT_MS)) {
        cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
        struct binding now;
        struct err err = {0};
        job->arena = a;
        bool read = product_read(job, r, &now, &err);
        enum change_progress progress = read ? change_progress(&now, change) : CHANGE_OPEN;
        bool done = read && now.ready && progress == CHANGE_DONE;
        if (read && progress == CHANGE_FOREIGN)
            fail_msg("%s %s: foreign", job->product->code, r->title);
        if (read && way->watch)
            way->watch(way->context, &now);
        bool ok = !read || !now.ready || done || act(job, r, &now, change, way, &err);
        job->arena = outer;
        if ((!read || !ok) && !suite_passes(&err))
            fail_msg("%s %s: %s", job->product->code, r->title, err.text);
        if (done)
            return;
    }
    fail_msg("%s %s: the change does not end", job->product->code, r->title);
}

struct binding suite_read(struct job *job, const struct resource *r)
{
    for (int turn = 0;; turn++, suite_wait(SUITE_WAIT_MS)) {
        struct binding now;
        struct err err = {0};
        if (product_read(job, r, &now, &err))
            return now;
        if (turn == 100 || !suite_passes(&err))
            fail_msg("%s %s: read: %s", job->product->code, r->title, err.text);
    }
}

bool suite_can_put_back(struct job *job, const struct resource *r, const struct bound *old,
                        const char **ret_why)
{
    *ret_why = NULL;
    for (int turn = 0; product_asks_for_old_key(job->product); turn++) {
        struct err err = {0};
        if (product_old_key(job, r, old, ret_why, &err))
            break;
        if (turn == 100 || !suite_passes(&err))
            fail_msg("%s %s: old_key: %s", job->product->code, r->title, err.text);
    }
    return !*ret_why;
}
