/* bench_plan - the whole way of a preview (task_plan: certificates and resources loaded, matched, judged) over the store that
 * bench_store left in a directory. A process of its own, so that its memory is that of planning.
 *
 *   bench_plan DIRECTORY
 */
#include "base/buf.h"
#include "codec/json.h"
#include "crypto/seal.h"
#include "store/access.h"
#include "store/certificate.h"
#include "task/task.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { ZONES = 100000, NAMES = 100, CERTIFICATES = 1000, ROUNDS = 11, DAY_MS = 86400000 };

struct bench {
    struct store *s;
    struct seal *seal;
    struct gate *gate;
    struct cloud *cloud;
    int first; /* of the zones of the certificates being added */
    size_t certificates, names;
    const char **ids;
};

static void must(bool ok, const struct err *err)
{
    if (ok)
        return;
    fprintf(stderr, "bench_plan: %s\n", err->text);
    exit(1);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const char *domains_of(struct arena *a, int zone, size_t names)
{
    struct buf json = buf_new(a, 1 << 16);
    for (size_t i = 0; i < names; i++)
        buf_printf(&json, "%s\"*.zone%d.example.com\"", i ? "," : "[", (zone + (int)i * 7) % ZONES);
    buf_puts(&json, "]");
    return json.data;
}

static bool add_certificates(struct db *db, void *context, struct err *err)
{
    struct bench *b = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    cleanup(secret_free_p) struct secret *key = secret_new("no key is read while planning", 29);
    int64_t now = clock_wall_ms(&clock_system);
    for (size_t i = 0; i < b->certificates; i++) {
        int64_t id = store_new_id(b->s);
        struct certificate_row row = {.id = id,
                                      .name = arena_printf(a, "bench-%lld", (long long)id),
                                      .kind = "uploaded",
                                      .fingerprint = arena_printf(a, "%064llx", (unsigned long long)id),
                                      .domains = domains_of(a, b->first + (int)i, b->names),
                                      .key_type = "ecdsa",
                                      .key_bits = 256,
                                      .not_before_ms = now - DAY_MS,
                                      .not_after_ms = now + (int64_t)90 * DAY_MS,
                                      .chain_complete = true,
                                      .warnings = "[]"};
        snprintf((char *)b->ids[i], 24, "%lld", (long long)id);
        if (!store_certificate_add(db, &row, key, NULL, err))
            return false;
    }
    return true;
}

/* Milliseconds of one preview. */
static double preview(const struct bench *b, size_t *ret_deployments)
{
    cleanup(arena_free_p) struct arena *a = arena_new((size_t)512 << 20);
    struct task_context c = {.store = b->s, .cloud = b->cloud, .clock = &clock_system};
    struct selection selection = {.certificates = {b->ids, b->certificates}, .replaces = "", .verify = true};
    struct task_view view;
    struct err err;
    double begin = now_ms();
    must(task_plan(&c, a, &selection, NULL, &view, &err), &err);
    *ret_deployments = view.count;
    return now_ms() - begin;
}

static int compare(const void *left, const void *right)
{
    double l = *(const double *)left, r = *(const double *)right;
    return (l > r) - (l < r);
}

/* Warm: the median, after a round that is not counted. */
static void bench_preview(struct bench *b, int zone, size_t certificates, size_t names, double aim_ms)
{
    struct err err;
    double took[ROUNDS];
    size_t deployments = 0;
    *b = (struct bench){b->s, b->seal, b->gate, b->cloud, zone, certificates, names, b->ids};
    must(store_write(b->s, add_certificates, b, &err), &err);
    (void)preview(b, &deployments);
    for (size_t i = 0; i < ROUNDS; i++)
        took[i] = preview(b, &deployments);
    qsort(took, ROUNDS, sizeof took[0], compare);
    char what[100];
    snprintf(what, sizeof what, "preview of %zu certificate%s, %zu name%s each: %zu deployments",
             certificates, certificates == 1 ? "" : "s", names, names == 1 ? "" : "s", deployments);
    printf("  %-60s%7.1f ms   aim < %.0f ms: %s\n", what, took[ROUNDS / 2], aim_ms,
           took[ROUNDS / 2] < aim_ms ? "met" : "missed");
}

static void open_all(struct arena *a, const char *directory, struct bench *b)
{
    struct err err;
    must(seal_load(arena_printf(a, "%s/master.key", directory), false, &b->seal, &err), &err);
    must(store_open(directory, b->seal, &clock_system, &b->s, &err), &err);
    must(gate_open(&b->gate, &err), &err);
    must(cloud_open(b->s, b->gate, &clock_system, &b->cloud, &err), &err);
}

static void close_all(struct bench *b)
{
    cloud_close(b->cloud);
    gate_close(b->gate);
    store_close(b->s);
    seal_free(b->seal);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct rusage usage;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_plan DIRECTORY\n");
        return 64;
    }
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    (void)mallopt(M_ARENA_MAX, 2); /* this and the next two as src/main/main.c has it */
    (void)mallopt(M_MMAP_THRESHOLD, 256 << 10);
    json_wipe_freed();
    b.ids = arena_array(a, const char *, CERTIFICATES);
    for (size_t i = 0; i < CERTIFICATES; i++)
        b.ids[i] = arena_alloc(a, 24);
    setvbuf(stdout, NULL, _IOLBF, 0);
    open_all(a, argv[1], &b);
    bench_preview(&b, 3, 1, NAMES, 20);
    bench_preview(&b, ZONES / 2, CERTIFICATES, 1, 2000);
    getrusage(RUSAGE_SELF, &usage);
    double mib = (double)usage.ru_maxrss / 1024;
    printf("  %-60s%6.1f MiB   aim < 64 MiB: %s\n", "peak memory of these previews", mib,
           mib < 64 ? "met" : "missed");
    close_all(&b);
    return 0;
}
