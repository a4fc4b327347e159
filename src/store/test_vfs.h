/* test_vfs.h - a disk under SQLite that is watched and made to fail: every call of the database's files passes here.
 *
 * What is written, cut short, synchronised and deleted goes through to the real file and is kept in order, so that a
 * power cut can be tried at each of these afterwards (test_power.c); and any call can be made to fail (test_disk.c). Each
 * test is one thread. For tests only.
 */
#pragma once
#include "store/test_support.h"
#include <sqlite3.h>

enum disk_call {
    DISK_OPEN,
    DISK_READ,
    DISK_WRITE,
    DISK_TRUNCATE,
    DISK_SYNC,
    DISK_DELETE,
    DISK_LOCK,
    DISK_SHM,
    DISK_NOTE, /* no call: a mark that the test left */
};
#define DISK(call) (1U << (call))
enum { DISK_FILES = 4 };

struct disk_op {
    enum disk_call call;
    unsigned file;          /* its place in disk.names */
    int64_t offset, number; /* of a write or the size cut to; of a note */
    size_t size;
    bool folder; /* what was made and deleted in the folder before is on the disk, too */
    unsigned char *data;
};

struct disk {
    sqlite3_vfs vfs, *real;
    char names[DISK_FILES][32]; /* the last part of the path */
    unsigned name_count;
    struct disk_op *ops;
    size_t count, capacity;
    bool keep; /* the calls */
    /* What fails: of the calls in the mask, those from number `first` on, `most` of them, with this code. */
    unsigned mask;
    int code;
    int64_t seen, first, most, failed;
};

static struct disk disk; /* of the running test */

struct disk_file {
    sqlite3_file base;
    unsigned name;
    bool fresh; /* a log just made: SQLite synchronises the folder with its first synchronisation */
    sqlite3_file real[];
};

static inline unsigned disk_name(const char *path)
{
    const char *last = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    for (unsigned i = 0; i < disk.name_count; i++)
        if (strcmp(disk.names[i], last) == 0)
            return i;
    assert_true(disk.name_count < DISK_FILES);
    (void)snprintf(disk.names[disk.name_count], sizeof disk.names[0], "%s", last);
    return disk.name_count++;
}

static inline void disk_keep(struct disk_op op, const void *data)
{
    if (!disk.keep)
        return;
    if (disk.count == disk.capacity) {
        disk.capacity = disk.capacity * 2 + 1024;
        disk.ops = realloc(disk.ops, disk.capacity * sizeof *disk.ops);
        assert_non_null(disk.ops);
    }
    if (data) {
        op.data = malloc(op.size + 1);
        assert_non_null(op.data);
        memcpy(op.data, data, op.size);
    }
    disk.ops[disk.count++] = op;
}

static inline void disk_note(int64_t number)
{
    disk_keep((struct disk_op){.call = DISK_NOTE, .number = number}, NULL);
}

/* SQLITE_OK, or what this call fails with. */
static inline int disk_fault(enum disk_call call)
{
    if (!(disk.mask & DISK(call)))
        return SQLITE_OK;
    int64_t number = ++disk.seen;
    if (number < disk.first || number - disk.first >= disk.most)
        return SQLITE_OK;
    disk.failed++;
    return disk.code;
}

static inline struct disk_file *disk_of(sqlite3_file *file)
{
    return (struct disk_file *)file;
}

static inline int disk_close(sqlite3_file *file)
{
    struct disk_file *f = disk_of(file);
    return f->real->pMethods->xClose(f->real);
}

static inline int disk_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    struct disk_file *f = disk_of(file);
    int fault = disk_fault(DISK_READ);
    return fault ? fault : f->real->pMethods->xRead(f->real, data, size, offset);
}

static inline int disk_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    struct disk_file *f = disk_of(file);
    int fault = disk_fault(DISK_WRITE);
    if (fault)
        return fault;
    disk_keep((struct disk_op){.call = DISK_WRITE, .file = f->name, .offset = offset, .size = (size_t)size},
              data);
    return f->real->pMethods->xWrite(f->real, data, size, offset);
}

static inline int disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct disk_file *f = disk_of(file);
    int fault = disk_fault(DISK_TRUNCATE);
    if (fault)
        return fault;
    disk_keep((struct disk_op){.call = DISK_TRUNCATE, .file = f->name, .offset = size}, NULL);
    return f->real->pMethods->xTruncate(f->real, size);
}

static inline int disk_sync(sqlite3_file *file, int flags)
{
    struct disk_file *f = disk_of(file);
    int fault = disk_fault(DISK_SYNC);
    if (fault)
        return fault;
    disk_keep((struct disk_op){.call = DISK_SYNC, .file = f->name, .folder = f->fresh}, NULL);
    f->fresh = false;
    return f->real->pMethods->xSync(f->real, flags);
}

static inline int disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return disk_of(file)->real->pMethods->xFileSize(disk_of(file)->real, size);
}

static inline int disk_lock(sqlite3_file *file, int level)
{
    int fault = disk_fault(DISK_LOCK);
    return fault ? fault : disk_of(file)->real->pMethods->xLock(disk_of(file)->real, level);
}

static inline int disk_unlock(sqlite3_file *file, int level)
{
    return disk_of(file)->real->pMethods->xUnlock(disk_of(file)->real, level);
}

static inline int disk_reserved(sqlite3_file *file, int *ret)
{
    return disk_of(file)->real->pMethods->xCheckReservedLock(disk_of(file)->real, ret);
}

static inline int disk_control(sqlite3_file *file, int op, void *argument)
{
    return disk_of(file)->real->pMethods->xFileControl(disk_of(file)->real, op, argument);
}

static inline int disk_sector(sqlite3_file *file)
{
    return disk_of(file)->real->pMethods->xSectorSize(disk_of(file)->real);
}

static inline int disk_traits(sqlite3_file *file)
{
    return disk_of(file)->real->pMethods->xDeviceCharacteristics(disk_of(file)->real);
}

static inline int disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    int fault = disk_fault(DISK_SHM);
    return fault ? fault
                 : disk_of(file)->real->pMethods->xShmMap(disk_of(file)->real, page, size, extend, ret);
}

/* What is held is given back whatever happens to the disk. */
static inline int disk_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    int fault = flags & SQLITE_SHM_LOCK ? disk_fault(DISK_LOCK) : SQLITE_OK;
    return fault ? fault : disk_of(file)->real->pMethods->xShmLock(disk_of(file)->real, offset, count, flags);
}

static inline void disk_shm_barrier(sqlite3_file *file)
{
    disk_of(file)->real->pMethods->xShmBarrier(disk_of(file)->real);
}

static inline int disk_shm_unmap(sqlite3_file *file, int remove)
{
    return disk_of(file)->real->pMethods->xShmUnmap(disk_of(file)->real, remove);
}

static const sqlite3_io_methods disk_methods =
    {2,           disk_close,   disk_read,     disk_write,       disk_truncate,  disk_sync,
     disk_size,   disk_lock,    disk_unlock,   disk_reserved,    disk_control,   disk_sector,
     disk_traits, disk_shm_map, disk_shm_lock, disk_shm_barrier, disk_shm_unmap, NULL,
     NULL};

static inline int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
    struct disk_file *f = disk_of(file);
    (void)vfs;
    f->base.pMethods = NULL;
    int code = disk_fault(DISK_OPEN);
    if (code == SQLITE_OK)
        code = disk.real->xOpen(disk.real, path, f->real, flags, ret_flags);
    if (code != SQLITE_OK)
        return code;
    f->name = disk_name(path);
    f->fresh = (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL));
    f->base.pMethods = &disk_methods;
    return SQLITE_OK;
}

static inline int disk_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    (void)vfs;
    int fault = disk_fault(DISK_DELETE);
    if (fault)
        return fault;
    disk_keep((struct disk_op){.call = DISK_DELETE, .file = disk_name(path), .folder = sync_directory != 0},
              NULL);
    return disk.real->xDelete(disk.real, path, sync_directory);
}

/* Nobody else holds a lock in these tests: waiting for it would change nothing. */
static inline int disk_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static inline void disk_begin(void)
{
    disk = (struct disk){.real = sqlite3_vfs_find(NULL)};
    disk.vfs = *disk.real;
    disk.vfs.zName = "watched";
    disk.vfs.pNext = NULL;
    disk.vfs.szOsFile = (int)sizeof(struct disk_file) + disk.real->szOsFile;
    disk.vfs.xOpen = disk_open;
    disk.vfs.xDelete = disk_delete;
    disk.vfs.xSleep = disk_sleep;
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

/* The real disk again, for every file opened from now on. */
static inline void disk_end(void)
{
    (void)sqlite3_vfs_unregister(&disk.vfs);
    assert_int_equal(sqlite3_vfs_register(disk.real, 1), SQLITE_OK);
    for (size_t i = 0; i < disk.count; i++)
        free(disk.ops[i].data);
    free(disk.ops);
    disk = (struct disk){0};
}

/* One work of two rows with texts that follow from its number: both are there or neither. */
enum { HALVES = 2, HALF_MOST = 3000 };

static inline char *half_name(struct arena *a, int64_t number, int half)
{
    return arena_printf(a, "pair %lld %d", (long long)number, half);
}

static inline char *half_text(struct arena *a, int64_t number, int half)
{
    size_t size = (size_t)(number * 977 + half * 331) % HALF_MOST + 1;
    char *text = arena_alloc(a, size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + ((size_t)number + i * 7) % 26);
    text[size] = '\0';
    return text;
}

static inline bool put_pair(struct db *db, void *context, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    int64_t number = *(const int64_t *)context;
    for (int half = 0; half < HALVES; half++)
        if (!db_run(db, SQL_META_PUT,
                    VALUES(value_int(store_new_id(db_store(db))), value_text(""), value_int(1), value_int(0),
                           value_int(0), value_text(half_name(a, number, half)),
                           value_text(half_text(a, number, half))),
                    NULL, err))
            return false;
    return true;
}

static inline bool small_log(struct db *db, void *context, struct err *err)
{
    return db_script(db, context, err);
}

/* How many halves of the pair are there as they were written; a half that is there and wrong fails the test. */
static inline int pair_halves(sqlite3 *handle, struct arena *a, int64_t number)
{
    int found = 0;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(handle, "SELECT value FROM store_meta WHERE name = $1", -1, &stmt, NULL) !=
        SQLITE_OK)
        return 0; /* cut before there was such a table */
    for (int half = 0; half < HALVES; half++) {
        sqlite3_bind_text(stmt, 1, half_name(a, number, half), -1, SQLITE_TRANSIENT);
        if (sqlite3_step(stmt) == SQLITE_ROW) {
            assert_string_equal((const char *)sqlite3_column_text(stmt, 0), half_text(a, number, half));
            found++;
        }
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return found;
}

static inline sqlite3 *disk_look(const char *path)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(handle, "PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(handle, "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        fail_msg("%s: %s", path, sqlite3_errmsg(handle));
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    return handle;
}
