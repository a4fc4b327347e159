/* The power fails at each write and each synchronisation in turn: what store_write confirmed is there afterwards.
 *
 * The calls of one run are kept; then the disk is made as it may be found after a cut behind the n-th of them. What was
 * synchronised is there. Of what was not, each sector is there, missing, or garbage, independently of all others, and
 * so is what was cut short or deleted. CERTFERRY_POWER_SEED is where the choices begin (1), CERTFERRY_POWER_TRIES how
 * many disks are tried at each cut (2).
 */
#include "store/test_vfs.h"

#include <sys/stat.h>

enum { SECTOR = 512, PAIRS = 36, IMAGE_MOST = 4 << 20 };

static int64_t number_from(const char *name, int64_t fallback)
{
    const char *text = getenv(name);
    return text ? strtoll(text, NULL, 10) : fallback;
}

/* A file as it is after the cut. */
struct image {
    unsigned char *data;
    size_t size;
    bool exists;
};

enum fate { FATE_LOST, FATE_KEPT, FATE_MIXED, FATES };

struct cut {
    size_t at; /* how many calls went before */
    unsigned seed;
    enum fate fate; /* of what was not synchronised */
};

static bool survives(struct cut *c)
{
    return c->fate == FATE_KEPT || (c->fate == FATE_MIXED && rand_r(&c->seed) % 2);
}

static void cut_short(struct image *image, size_t size)
{
    if (size > image->size)
        memset(image->data + image->size, 0, size - image->size);
    image->size = size;
}

/* Byte by byte up to the next sector's border. garbage: what a torn sector may hold, within what was written. */
static void put(struct image *image, const struct disk_op *op, struct cut *c, bool synchronised)
{
    size_t end = (size_t)op->offset + op->size;
    assert_true(end <= IMAGE_MOST);
    for (size_t at = (size_t)op->offset, next; at < end; at = next) {
        next = size_min(end, (at / SECTOR + 1) * SECTOR);
        bool kept = synchronised || survives(c);
        bool garbage = !synchronised && c->fate == FATE_MIXED && rand_r(&c->seed) % 8 == 0;
        if (!kept && !garbage)
            continue;
        if (next > image->size)
            cut_short(image, next);
        memcpy(image->data + at, op->data + (at - (size_t)op->offset), next - at);
        for (size_t i = at; garbage && i < next; i++)
            image->data[i] = (unsigned char)rand_r(&c->seed);
    }
    image->exists = true;
}

static void apply(struct image *image, const struct disk_op *op, struct cut *c, bool synchronised)
{
    if (op->call == DISK_WRITE)
        put(image, op, c, synchronised);
    if (op->call != DISK_TRUNCATE && op->call != DISK_DELETE)
        return;
    if (!synchronised && !survives(c))
        return;
    if (op->call == DISK_TRUNCATE)
        cut_short(image, size_min((size_t)op->offset, IMAGE_MOST));
    else
        image->size = 0, image->exists = false;
}

/* How many of the calls before the cut are surely on the disk: of this file, and of the folder where file is NULL. */
static size_t safe_until(const struct cut *c, const unsigned *file)
{
    for (size_t i = c->at; i > 0; i--) {
        const struct disk_op *op = &disk.ops[i - 1];
        if (file ? op->file == *file && op->call == DISK_SYNC : op->folder)
            return i;
    }
    return 0;
}

static void image_of(struct image *image, struct cut *c, unsigned file)
{
    size_t safe = safe_until(c, &file), folder = safe_until(c, NULL);
    image->size = 0;
    image->exists = strchr(disk.names[file], '-') == NULL; /* the database was made before its first call */
    for (size_t i = 0; i < c->at; i++)
        if (disk.ops[i].file == file && disk.ops[i].call != DISK_NOTE)
            apply(image, &disk.ops[i], c, i < safe || (i < folder && disk.ops[i].call == DISK_DELETE));
}

static void lay_out(struct yard *y, struct cut *c, struct image *image)
{
    (void)mkdir(arena_printf(y->a, "%s/cut", y->b->folder), 0700);
    (void)unlink(arena_printf(y->a, "%s/cut/certferry.db-shm", y->b->folder));
    for (unsigned file = 0; file < disk.name_count; file++) {
        const char *path = arena_printf(y->a, "%s/cut/%s", y->b->folder, disk.names[file]);
        image_of(image, c, file);
        (void)unlink(path);
        if (!image->exists)
            continue;
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(image->data, 1, image->size, f), image->size);
        fclose(f);
    }
}

static void whole_and_complete(struct yard *y, const struct cut *c)
{
    bool confirmed[PAIRS] = {0};
    cleanup(arena_free_p) struct arena *a = arena_new(8 << 20);
    for (size_t i = 0; i < c->at; i++)
        if (disk.ops[i].call == DISK_NOTE)
            confirmed[disk.ops[i].number] = true;
    sqlite3 *handle = disk_look(bench_path(y->b, "cut/certferry.db"));
    for (int64_t i = 0; i < PAIRS; i++) {
        int halves = pair_halves(handle, a, i);
        if (halves == 1 || (confirmed[i] && halves != HALVES))
            fail_msg("cut behind call %zu, fate %d, seed %u: pair %lld has %d halves, confirmed: %d", c->at,
                     c->fate, c->seed, (long long)i, halves, confirmed[i]);
    }
    sqlite3_close(handle);
}

/* The program itself starts on what is left, also where its first start was cut. */
static void opens_again(struct yard *y)
{
    struct store *s = NULL;
    assert_ok(y, store_open(bench_path(y->b, "cut"), y->seal, &y->clock.clock, &s, &y->err));
    store_close(s);
}

static void write_pairs(struct yard *y, struct store *s, int64_t from, int64_t to)
{
    static char small[] = "PRAGMA wal_autocheckpoint = 14";
    assert_ok(y, store_write(s, small_log, small, &y->err));
    for (int64_t number = from; number < to; number++) {
        assert_ok(y, store_write(s, put_pair, &number, &y->err));
        disk_note(number);
    }
}

/* A first start with its migrations, writes with checkpoints between them, a stop, a second start with more writes. */
static void record(struct yard *y)
{
    struct store *s = NULL;
    disk_begin();
    disk.keep = true;
    for (int64_t from = 0; from < PAIRS; from += PAIRS / 2) {
        assert_ok(y, store_open(bench_path(y->b, "watched"), y->seal, &y->clock.clock, &s, &y->err));
        write_pairs(y, s, from, from + PAIRS / 2);
        s = store_close(s);
    }
    disk.keep = false;
    (void)sqlite3_vfs_register(disk.real, 1);
}

static void what_was_confirmed_survives_lost_power(void **state)
{
    struct yard *y = *state;
    int64_t seed = number_from("CERTFERRY_POWER_SEED", 1), tries = number_from("CERTFERRY_POWER_TRIES", 2);
    struct image image = {.data = calloc(1, IMAGE_MOST)};
    record(y);
    assert_true(disk.count > 200);
    for (size_t at = 1; at <= disk.count; at++)
        for (int64_t try = 0; try < tries; try++) {
            struct arena *kept = y->a;
            cleanup(arena_free_p) struct arena *a = arena_new(8 << 20);
            unsigned chosen = (unsigned)(seed * 7919 + (int64_t)at * 31 + try);
            struct cut c = {at, chosen, try == 0 ? (enum fate)(at % FATES) : FATE_MIXED};
            y->a = a;
            lay_out(y, &c, &image);
            whole_and_complete(y, &c);
            if (at % 16 == 0 && try == 0)
                opens_again(y);
            y->a = kept;
        }
    print_message("%zu cuts, %lld disks each, seed %lld\n", disk.count, (long long)tries, (long long)seed);
    free(image.data);
    disk_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(what_was_confirmed_survives_lost_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
