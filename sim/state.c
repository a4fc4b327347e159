#include "sim/state.h"

#include "base/buf.h"
#include "base/file.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "sim/cert.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PENDING_BYTES = 256 << 20, SHELVES = 128, FIELDS_AT_ONCE = 512 };

struct shelf { /* all objects of one kind, in order of creation */
    const char *cloud, *kind;
    struct sim_object **items;
    size_t count, capacity;
};

struct sim_state {
    pthread_mutex_t mutex; /* guards all below and every object */
    const struct clock *clock;
    int64_t settle_ms;
    struct arena *names; /* of what never changes: objects and their identities */
    struct shelf shelves[SHELVES];
    size_t shelf_count;
    struct sim_object **every; /* in order of creation */
    size_t every_count, every_capacity;
    struct sim_object **table; /* open addressing; never shrinks */
    size_t table_used, table_size;
    void **retired; /* snapshots replaced during this call: readers may still hold their text */
    size_t retired_count, retired_capacity;
    struct arena *scratch;
    struct buf pending; /* lines for the file */
    int fd;             /* -1: memory only */
};

static void *must_have(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* ---- fields ---- */

static int compare_fields(const void *a, const void *b)
{
    return strcmp(((const struct sim_field *)a)->name, ((const struct sim_field *)b)->name);
}

static const struct sim_field *find_field(const struct sim_fields *fields, const char *name)
{
    if (!fields)
        return NULL;
    struct sim_field key = {name, NULL};
    return bsearch(&key, fields->items, fields->count, sizeof key, compare_fields);
}

const char *sim_field(const struct sim_fields *fields, const char *name)
{
    const struct sim_field *f = find_field(fields, name);
    return f ? f->value : "";
}

bool sim_has_field(const struct sim_fields *fields, const char *name)
{
    return find_field(fields, name) != NULL;
}

/* One block: the array, then its texts. */
static struct sim_fields *pack_fields(const struct sim_field *items, size_t count)
{
    size_t text = 0;
    for (size_t i = 0; i < count; i++)
        text += strlen(items[i].name) + strlen(items[i].value) + 2;
    struct sim_fields *f = must_have(malloc(sizeof *f + count * sizeof *items + text));
    char *at = (char *)(f->items + count);
    f->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t name_size = strlen(items[i].name) + 1, value_size = strlen(items[i].value) + 1;
        f->items[i] = (struct sim_field){memcpy(at, items[i].name, name_size),
                                         memcpy(at + name_size, items[i].value, value_size)};
        at += name_size + value_size;
    }
    qsort(f->items, count, sizeof *f->items, compare_fields);
    return f;
}

static struct sim_fields *merge_fields(const struct sim_fields *old, const struct sim_field *changes,
                                       size_t count)
{
    struct sim_field merged[FIELDS_AT_ONCE];
    size_t n = 0;
    for (size_t i = 0; old && i < old->count; i++) {
        size_t c = 0;
        while (c < count && strcmp(changes[c].name, old->items[i].name))
            c++;
        if (c == count)
            merged[n++] = old->items[i];
    }
    for (size_t c = 0; c < count; c++) {
        assert(n < FIELDS_AT_ONCE);
        if (changes[c].value)
            merged[n++] = changes[c];
    }
    return pack_fields(merged, n);
}

static void retire(struct sim_state *s, const void *block)
{
    if (!block)
        return;
    if (s->retired_count == s->retired_capacity) {
        s->retired_capacity = s->retired_capacity ? s->retired_capacity * 2 : 16;
        s->retired = must_have(realloc(s->retired, s->retired_capacity * sizeof *s->retired));
    }
    s->retired[s->retired_count++] = (void *)(uintptr_t)block;
}

/* ---- the file ---- */

static void note_object(struct sim_state *s, const struct sim_object *o)
{
    if (s->fd < 0)
        return;
    struct json_writer w = json_writer_to(&s->pending);
    json_open_object(&w);
    json_member_string(&w, "cloud", o->cloud);
    json_member_string(&w, "account", o->account);
    json_member_string(&w, "kind", o->kind);
    json_member_string(&w, "scope", o->scope);
    json_member_string(&w, "id", o->id);
    if (o->gone) {
        json_member_bool(&w, "gone", true);
    } else {
        json_member_int(&w, "settled_ms", o->settled_ms);
        json_key(&w, "fields");
        json_open_object(&w);
        for (size_t i = 0; i < o->now->count; i++)
            json_member_string(&w, o->now->items[i].name, o->now->items[i].value);
        json_close_object(&w);
    }
    json_close_object(&w);
    buf_putc(&s->pending, '\n');
}

bool sim_state_flush(struct sim_state *s, struct err *err)
{
    for (size_t i = 0; i < s->retired_count; i++)
        free(s->retired[i]);
    s->retired_count = 0;
    if (!s->pending.size)
        return true;
    bool full = s->pending.full;
    for (size_t at = 0; at < s->pending.size;) {
        ssize_t n = write(s->fd, s->pending.data + at, s->pending.size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, ERR_STORE, "write the state: %m");
        at += (size_t)n;
    }
    arena_reset(s->scratch);
    s->pending = buf_new(s->scratch, PENDING_BYTES);
    return full ? err_set(err, ERR_STORE, "a change is too large for the state file") : true;
}

/* ---- objects ---- */

static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return (h ^ 0xff) * 0x100000001b3u;
}

static uint64_t hash_identity(const char *cloud, const char *kind, const char *id)
{
    return hash_text(hash_text(hash_text(0xcbf29ce484222325u, cloud), kind), id);
}

static void table_put(struct sim_state *s, struct sim_object *o)
{
    size_t at = hash_identity(o->cloud, o->kind, o->id) & (s->table_size - 1);
    while (s->table[at])
        at = (at + 1) & (s->table_size - 1);
    s->table[at] = o;
    s->table_used++;
}

static void table_grow(struct sim_state *s)
{
    if (s->table_used * 2 < s->table_size)
        return;
    struct sim_object **old = s->table;
    size_t old_size = s->table_size;
    s->table_size = old_size ? old_size * 2 : 1024;
    s->table = must_have(calloc(s->table_size, sizeof(struct sim_object *)));
    s->table_used = 0;
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            table_put(s, old[i]);
    free(old);
}

static void list_put(struct sim_object ***items, size_t *count, size_t *capacity, struct sim_object *o)
{
    if (*count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 16;
        *items = must_have(realloc(*items, *capacity * sizeof **items));
    }
    (*items)[(*count)++] = o;
}

static struct shelf *shelf_of(struct sim_state *s, const char *cloud, const char *kind, bool make)
{
    for (size_t i = 0; i < s->shelf_count; i++)
        if (!strcmp(s->shelves[i].kind, kind) && !strcmp(s->shelves[i].cloud, cloud))
            return &s->shelves[i];
    if (!make)
        return NULL;
    assert(s->shelf_count < SHELVES);
    struct shelf *shelf = &s->shelves[s->shelf_count++];
    *shelf = (struct shelf){.cloud = arena_strdup(s->names, cloud), .kind = arena_strdup(s->names, kind)};
    return shelf;
}

static bool matches(const struct sim_object *o, const char *account, const char *scope)
{
    return (!account || !strcmp(o->account, account)) && (!scope || !strcmp(o->scope, scope));
}

static struct sim_object *look_up(struct sim_state *s, const char *cloud, const char *account,
                                  const char *kind, const char *scope, const char *id, bool gone_too)
{
    struct sim_object *found = NULL;
    size_t mask = s->table_size - 1;
    if (!s->table_size || !id)
        return NULL;
    for (size_t at = hash_identity(cloud, kind, id) & mask; s->table[at]; at = (at + 1) & mask) {
        struct sim_object *o = s->table[at];
        if ((gone_too || !o->gone) && matches(o, account, scope) && !strcmp(o->id, id) &&
            !strcmp(o->kind, kind) && !strcmp(o->cloud, cloud))
            found = o; /* the last one, should it have been deleted and made again */
    }
    return found;
}

struct sim_object *state_find(struct sim_state *s, const char *cloud, const char *account, const char *kind,
                              const char *scope, const char *id)
{
    return look_up(s, cloud, account, kind, scope, id, false);
}

struct sim_object *state_find_ever(struct sim_state *s, const char *cloud, const char *account,
                                   const char *kind, const char *scope, const char *id)
{
    return look_up(s, cloud, account, kind, scope, id, true);
}

struct sim_object *state_each(struct sim_state *s, size_t *cursor)
{
    while (*cursor < s->every_count) {
        struct sim_object *o = s->every[(*cursor)++];
        if (!o->gone)
            return o;
    }
    return NULL;
}

struct sim_object *state_next(struct sim_state *s, const char *cloud, const char *account, const char *kind,
                              const char *scope, size_t *cursor)
{
    const struct shelf *shelf = shelf_of(s, cloud, kind, false);
    while (shelf && *cursor < shelf->count) {
        struct sim_object *o = shelf->items[(*cursor)++];
        if (!o->gone && matches(o, account, scope))
            return o;
    }
    return NULL;
}

/* What the object holds as a certificate, if it is one. A broken one in a seed is kept, it just cannot be served. */
static void read_cert(struct sim_object *o)
{
    const char *chain = sim_field(o->now, "Cert");
    if (*chain && !sim_cert_new(chain, sim_field(o->now, "Key"), &o->cert, NULL))
        o->cert = NULL;
}

struct sim_object *state_create(struct sim_state *s, const char *cloud, const char *account, const char *kind,
                                const char *scope, const char *id, const struct sim_field *fields,
                                size_t count)
{
    assert(!state_find(s, cloud, account, kind, scope, id));
    struct sim_object *o = arena_make(s->names, struct sim_object);
    struct shelf *shelf = shelf_of(s, cloud, kind, true);
    *o = (struct sim_object){.cloud = shelf->cloud,
                             .kind = shelf->kind,
                             .account = arena_strdup(s->names, account),
                             .scope = arena_strdup(s->names, scope),
                             .id = arena_strdup(s->names, id),
                             .now = merge_fields(NULL, fields, count)};
    read_cert(o);
    table_grow(s);
    table_put(s, o);
    list_put(&shelf->items, &shelf->count, &shelf->capacity, o);
    list_put(&s->every, &s->every_count, &s->every_capacity, o);
    note_object(s, o);
    return o;
}

/* The names that really differ; returns how many. */
static size_t differing(const struct sim_object *o, const struct sim_field *fields, size_t count,
                        const char **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sim_field *f = find_field(o->now, fields[i].name);
        bool same = fields[i].value ? f && !strcmp(f->value, fields[i].value) : !f;
        if (!same && ret)
            ret[n] = fields[i].name;
        n += same ? 0 : 1;
    }
    return n;
}

static void drop_cert(void *cert)
{
    sim_cert_free(cert);
}

int64_t state_now_ms(const struct sim_state *s)
{
    return clock_wall_ms(s->clock);
}

bool state_is_settling(const struct sim_state *s, const struct sim_object *o)
{
    return o->before && state_now_ms(s) < o->settled_ms;
}

const struct sim_fields *state_served(const struct sim_state *s, const struct sim_object *o)
{
    return state_is_settling(s, o) ? o->before : o->now;
}

const struct sim_fields *state_shown(const struct sim_state *s, const struct sim_object *o)
{
    return o->seen && state_now_ms(s) < o->shown_ms ? o->seen : o->now;
}

size_t state_change(struct sim_state *s, struct sim_object *o, enum sim_settle settle,
                    const struct sim_field *fields, size_t count, const char **ret_changed)
{
    size_t differ = differing(o, fields, count, ret_changed);
    if (!differ)
        return 0;
    int64_t now_ms = state_now_ms(s), settle_ms = settle == SETTLE_AT_ONCE ? 0 : s->settle_ms;
    const struct sim_fields *next = merge_fields(o->now, fields, count);
    /* What edges serve, and what reads show, stays that for now: neither goes back to something older. */
    const struct sim_fields *old_fields[] = {o->now, o->before, o->seen == o->before ? NULL : o->seen};
    const struct sim_fields *seen = state_shown(s, o);
    o->before = state_served(s, o);
    o->seen = seen;
    o->now = next;
    for (size_t i = 0; i < countof(old_fields); i++)
        if (old_fields[i] != o->before && old_fields[i] != o->seen)
            retire(s, old_fields[i]);
    o->settled_ms = now_ms + settle_ms;
    o->shown_ms = settle == SETTLE_READS ? now_ms + settle_ms / 2 : now_ms;
    struct sim_cert *old = o->cert;
    if (old || sim_has_field(next, "Cert")) {
        read_cert(o);
        if (o->cert != old && old)
            arena_defer(s->names, drop_cert, old);
    }
    note_object(s, o);
    return differ;
}

void state_delete(struct sim_state *s, struct sim_object *o)
{
    o->gone = true;
    note_object(s, o);
}

void sim_state_lock(struct sim_state *s)
{
    pthread_mutex_lock(&s->mutex);
}

void sim_state_unlock(struct sim_state *s)
{
    pthread_mutex_unlock(&s->mutex);
}

bool sim_state_is_empty(const struct sim_state *s)
{
    return s->shelf_count == 0;
}

/* ---- opening ---- */

static void load_object(struct sim_state *s, struct arena *a, const struct json *line)
{
    const char *cloud = json_str(json_at(line, "/cloud"), ""),
               *account = json_str(json_at(line, "/account"), "");
    const char *kind = json_str(json_at(line, "/kind"), ""), *scope = json_str(json_at(line, "/scope"), "");
    const char *id = json_str(json_at(line, "/id"), "");
    const struct json *fields = json_at(line, "/fields");
    struct sim_field *items = arena_array(a, struct sim_field, json_count(fields) + 1);
    const struct json *value;
    size_t n = 0;
    while (n < FIELDS_AT_ONCE && json_member(fields, n, &items[n].name, &value)) {
        items[n].value = json_str(value, "");
        n++;
    }
    struct sim_object *o = state_find(s, cloud, account, kind, scope, id);
    bool gone = json_bool(json_at(line, "/gone"), false);
    if (o && gone) {
        o->gone = true;
    } else if (o) {
        const void *old = o->now;
        o->now = merge_fields(NULL, items, n);
        retire(s, old);
        read_cert(o);
    } else if (!gone) {
        o = state_create(s, cloud, account, kind, scope, id, items, n);
    }
    if (o)
        o->settled_ms = json_int(json_at(line, "/settled_ms"), 0);
}

/* A last line without its end was being written when the process died: its call was never answered. */
static bool load_lines(struct sim_state *s, const char *path, struct err *err)
{
    cleanup(file_close) FILE *f = fopen(path, "re");
    if (!f)
        return errno == ENOENT || err_set(err, ERR_STORE, "open %s: %m", path);
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t size;
    bool fine = true;
    while (fine && (size = getline(&line, &room, f)) > 0 && line[size - 1] == '\n') {
        const struct json *v;
        number++;
        fine = json_parse(a, line, (size_t)size, &v, err) || err_add(err, "%s line %zu", path, number);
        if (fine)
            load_object(s, a, v);
        arena_reset(a);
    }
    free(line);
    return fine;
}

static bool write_anew(struct sim_state *s, const char *directory, const char *path, struct err *err)
{
    char fresh[4096];
    snprintf(fresh, sizeof fresh, "%s/state.new", directory);
    s->fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return err_set(err, ERR_STORE, "create %s: %m", fresh);
    for (size_t i = 0; i < s->every_count; i++) {
        if (!s->every[i]->gone)
            note_object(s, s->every[i]);
        if (s->pending.size > PENDING_BYTES / 4 && !sim_state_flush(s, err))
            return false;
    }
    if (!sim_state_flush(s, err))
        return false;
    return !rename(fresh, path) || err_set(err, ERR_STORE, "rename %s: %m", fresh);
}

bool sim_state_open(const char *directory, const struct clock *clock, int64_t settle_ms,
                    struct sim_state **ret, struct err *err)
{
    struct sim_state *s = must_have(calloc(1, sizeof *s));
    pthread_mutex_init(&s->mutex, NULL);
    s->clock = clock;
    s->settle_ms = settle_ms;
    s->fd = -1;
    s->names = arena_new(SIZE_MAX);
    s->scratch = arena_new(SIZE_MAX);
    s->pending = buf_new(s->scratch, PENDING_BYTES);
    char path[4096];
    snprintf(path, sizeof path, "%s/state.jsonl", directory ? directory : "");
    if (directory && (!file_make_directory(directory, err) || !load_lines(s, path, err) ||
                      !write_anew(s, directory, path, err))) {
        sim_state_close(s);
        return false;
    }
    *ret = s;
    return true;
}

static void close_object(struct sim_object *o)
{
    free((void *)(uintptr_t)o->now);
    free((void *)(uintptr_t)o->before);
    if (o->seen != o->before)
        free((void *)(uintptr_t)o->seen);
    sim_cert_free(o->cert);
}

struct sim_state *sim_state_close(struct sim_state *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < s->every_count; i++)
        close_object(s->every[i]);
    free(s->every);
    for (size_t i = 0; i < s->shelf_count; i++)
        free(s->shelves[i].items);
    for (size_t i = 0; i < s->retired_count; i++)
        free(s->retired[i]);
    free(s->retired);
    free(s->table);
    descriptor_close(&s->fd);
    arena_free(s->scratch);
    arena_free(s->names);
    pthread_mutex_destroy(&s->mutex);
    free(s);
    return NULL;
}

/* ---- lists ---- */

static const char *find_item(const char *list, const char *value)
{
    size_t size = strlen(value);
    for (const char *at = list; *at;) {
        size_t item = strcspn(at, " ");
        if (item == size && !memcmp(at, value, size))
            return at;
        at += item + (at[item] == ' ');
    }
    return NULL;
}

bool sim_list_has(const char *list, const char *value)
{
    return *value && find_item(list, value) != NULL;
}

size_t sim_list_count(const char *list)
{
    size_t n = *list ? 1 : 0;
    for (; *list; list++)
        n += *list == ' ';
    return n;
}

char *sim_list_item(struct arena *a, const char *list, size_t i)
{
    for (; i && *list; i--) {
        list += strcspn(list, " ");
        list += *list == ' ';
    }
    return *list ? arena_copy(a, list, strcspn(list, " ")) : NULL;
}

char *sim_list_add(struct arena *a, const char *list, const char *value)
{
    if (sim_list_has(list, value))
        return arena_strdup(a, list);
    return arena_printf(a, "%s%s%s", list, *list ? " " : "", value);
}

char *sim_list_remove(struct arena *a, const char *list, const char *value)
{
    const char *at = *value ? find_item(list, value) : NULL;
    if (!at)
        return arena_strdup(a, list);
    const char *rest = at + strlen(value);
    if (*rest)
        return arena_printf(a, "%.*s%s", (int)(at - list), list, rest + 1);
    return arena_copy(a, list, at == list ? 0 : (size_t)(at - list) - 1);
}
