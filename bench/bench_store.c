/* bench_store - what the store carries: grouped writes per second, putting resources, and the look-up of the plan.
 *
 *   bench_store DIRECTORY [RESOURCES]     a fresh directory; 1,000,000 resources unless told otherwise
 */
#include "base/file.h"
#include "crypto/seal.h"
#include "store/access.h"
#include "store/resource.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 64, WRITES = 500, CHUNK = 500, ZONES = 100000, DOMAINS = 100 };

struct bench {
    struct store *s;
    struct seal *seal;
    int64_t access;
    long long resources;
    long long first; /* of the chunk being put */
};

static int64_t now_ms(void)
{
    return clock_monotonic_ms(&clock_system);
}

static void must(bool ok, const struct err *err)
{
    if (ok)
        return;
    fprintf(stderr, "bench_store: %s\n", err->text);
    exit(1);
}

static bool add_access(struct db *db, void *context, struct err *err)
{
    struct bench *b = context;
    cleanup(secret_free_p) struct secret *secret = secret_new("secret", 6);
    b->access = store_new_id(b->s);
    struct access_row row = {.id = b->access,
                             .name = "bench",
                             .cloud = "aliyun",
                             .regions = "[]",
                             .state = "normal"};
    return store_access_add(db, &row, secret, NULL, err);
}

static bool touch(struct db *db, void *context, struct err *err)
{
    const struct bench *b = context;
    return store_access_set_state(db, b->access, "normal", "", "1234", err);
}

static void *write_many(void *context)
{
    const struct bench *b = context;
    struct err err;
    for (int i = 0; i < WRITES; i++)
        must(store_write(b->s, touch, context, &err), &err);
    return NULL;
}

static void bench_writes(struct bench *b, unsigned threads)
{
    pthread_t ids[THREADS];
    int64_t begin = now_ms();
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, write_many, b) != 0)
            exit(1);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    int64_t took = int64_max(now_ms() - begin, 1);
    printf("writes from %u threads: %lld/s\n", threads, (long long)threads * WRITES * 1000 / (long long)took);
}

/* Names spread over the zones, one in ten a wildcard of its zone. */
static bool put_chunk(struct db *db, void *context, struct err *err)
{
    const struct bench *b = context;
    for (long long i = b->first; i < b->first + CHUNK && i < b->resources; i++) {
        char name[64], fingerprint[65];
        if (i % 10)
            (void)snprintf(name, sizeof name, "w%lld.zone%lld.example.com", i, i % ZONES);
        else
            (void)snprintf(name, sizeof name, "*.zone%lld.example.com", i % ZONES);
        (void)snprintf(fingerprint, sizeof fingerprint, "%064llx", (unsigned long long)(i % 1000));
        struct resource_name names[] = {{.name = name, .evidence = EVIDENCE_DOMAIN}};
        struct bound bound[] = {{.slot = "default", .ref = "123", .fingerprint = fingerprint}};
        struct resource r = {.access_id = b->access,
                             .product = "aliyun/cdn",
                             .vendor_id = name,
                             .title = name,
                             .names = names,
                             .name_count = 1,
                             .bound = bound,
                             .bound_count = 1,
                             .https = true,
                             .reach = "public",
                             .lock = name,
                             .extra = "{}",
                             .generation = 1};
        char id[32];
        (void)snprintf(id, sizeof id, "r%lld", i);
        r.vendor_id = id;
        if (!store_resource_put(db, b->s, &r, err))
            return false;
    }
    return true;
}

static void bench_puts(struct bench *b, const char *what)
{
    struct err err;
    int64_t begin = now_ms();
    for (b->first = 0; b->first < b->resources; b->first += CHUNK)
        must(store_write(b->s, put_chunk, b, &err), &err);
    int64_t took = int64_max(now_ms() - begin, 1);
    printf("%s %lld resources: %lld ms, %lld/s\n", what, b->resources, (long long)took,
           b->resources * 1000 / (long long)took);
}

static bool match(struct db *db, void *context, struct err *err)
{
    (void)context;
    for (int round = 0; round < 3; round++) {
        cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
        const char *domains[DOMAINS];
        for (int i = 0; i < DOMAINS; i++)
            domains[i] = arena_printf(a, "*.zone%d.example.com", i * 7 + round);
        int64_t *ids;
        size_t count;
        int64_t begin = now_ms();
        if (!store_resource_matching(db, a, domains, DOMAINS, &ids, &count, err))
            return false;
        printf("matching a certificate of %d names: %zu resources, %lld ms\n", DOMAINS, count,
               (long long)(now_ms() - begin));
    }
    return true;
}

static bool match_all(struct db *db, void *context, struct err *err)
{
    (void)context;
    int64_t begin = now_ms();
    size_t total = 0;
    for (int i = 0; i < 1000; i++) {
        cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
        const char *domains[DOMAINS];
        for (int k = 0; k < DOMAINS; k++)
            domains[k] = arena_printf(a, "*.zone%d.example.com", i * DOMAINS + k);
        int64_t *ids;
        size_t count;
        if (!store_resource_matching(db, a, domains, DOMAINS, &ids, &count, err))
            return false;
        total += count;
    }
    printf("matching 1000 certificates over all: %zu resources, %lld ms\n", total,
           (long long)(now_ms() - begin));
    return true;
}

static bool list(struct db *db, void *context, struct err *err)
{
    static const struct {
        const char *what;
        struct resource_filter filter;
    } cases[] = {
        {"newest", {0}},
        {"by name", {.name = "w77777.zone77777.example.com"}},
        {"by text at the far end", {.text = "w17.zone17.example"}},
    };
    (void)context;
    for (size_t i = 0; i < countof(cases); i++) {
        cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
        struct resource *rows;
        size_t count;
        int64_t begin = now_ms();
        if (!store_resource_list(db, a, &cases[i].filter, &(struct page){.limit = 100}, &rows, &count, err))
            return false;
        printf("listing %s: %zu resources, %lld ms\n", cases[i].what, count, (long long)(now_ms() - begin));
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_store DIRECTORY [RESOURCES]\n");
        return 64;
    }
    struct err err;
    struct bench b = {.resources = argc > 2 ? strtoll(argv[2], NULL, 10) : 1000000};
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 16);
    setvbuf(stdout, NULL, _IOLBF, 0);
    must(file_make_directory(argv[1], &err), &err);
    must(seal_load(arena_printf(a, "%s/master.key", argv[1]), true, &b.seal, &err), &err);
    must(store_open(argv[1], b.seal, &clock_system, &b.s, &err), &err);
    must(store_write(b.s, add_access, &b, &err), &err);
    bench_writes(&b, 1);
    bench_writes(&b, 8);
    bench_writes(&b, THREADS);
    bench_puts(&b, "putting");
    bench_puts(&b, "putting again");
    must(store_read(b.s, match, NULL, &err), &err);
    must(store_read(b.s, match_all, NULL, &err), &err);
    must(store_read(b.s, list, NULL, &err), &err);
    store_close(b.s);
    seal_free(b.seal);
    return 0;
}
