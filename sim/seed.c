#include "sim/seed.h"

#include "base/file.h"
#include "codec/name.h"
#include "crypto/mint.h"
#include "sim/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEED_BYTES = JSON_MAX_BYTES,
    PRINT_BYTES = 256 << 20,
    RESOURCE_BYTES = 8 << 20,
    FIELDS_MAX = 256,
    SEED_NAMES = 100
};

static const int64_t day_ms = 86400000;

/* ---- generating ---- */

/* Each of the names given stands at one resource of every product; after these come labels below the wildcards, as many
 * as are wanted. NULL: there is no wildcard, the scheme fills up.
 */
static char *given_names(struct sim_seeding *s, size_t n)
{
    const char *name, *wildcards[SEED_NAMES];
    size_t count = 0;
    for (size_t i = 0; (name = sim_list_item(s->arena, s->names, i)); i++) {
        if (i == n)
            return arena_strdup(s->arena, name);
        if (*name == '*' && count < countof(wildcards))
            wildcards[count++] = name + 1;
    }
    unsigned long long number = s->number;
    const char *below = count ? wildcards[n % count] : NULL;
    if (!below || n % 20 == 13)
        return NULL;
    if (n % 10 == 6)
        return arena_printf(s->arena, "r%04llu%s s%04llu%s", number, below, number,
                            wildcards[(n + 1) % count]);
    return n % 10 == 7 ? arena_printf(s->arena, "r%04llu%s x%04llu.other.example", number, below, number)
                       : arena_printf(s->arena, "r%04llu%s", number, below);
}

char *sim_seed_names(struct sim_seeding *s, size_t n)
{
    unsigned long long number = s->number;
    char *given = s->names ? given_names(s, n) : NULL;
    if (given)
        return given;
    if (n == 1)
        return arena_strdup(s->arena, "*.shop.example");
    if (n % 20 == 13)
        return arena_printf(s->arena, "*.w%04llu.example.net", number);
    if (n % 10 == 3)
        return arena_printf(s->arena, "s%04llu.shop.example", number);
    if (n % 10 == 6)
        return arena_printf(s->arena, "r%04llu.example.com s%04llu.shop.example", number, number);
    if (n % 10 == 7)
        return arena_printf(s->arena, "r%04llu.example.com x%04llu.other.example", number, number);
    return arena_printf(s->arena, "r%04llu.example.com", number);
}

bool sim_seed_has_https(size_t n)
{
    return n % 10 != 9;
}

bool sim_seed_is_owned(size_t n)
{
    return n % 10 == 8;
}

void sim_seed_cert(struct sim_seeding *s, const char *names, const char **ret_chain_pem,
                   const char **ret_key_pem)
{
    const char *list[16];
    size_t count = 0;
    while (count < countof(list) && (list[count] = sim_list_item(s->arena, names, count)))
        count++;
    uint64_t hash = sim_hash(s->number, names);
    int64_t end_ms =
        s->now_ms + (s->days ? s->days * day_ms : 5 * day_ms + (int64_t)(hash % (uint64_t)(15 * day_ms)));
    struct minted leaf;
    struct err err;
    if (!mint_leaf(s->arena, s->ca, list, count, KEY_ECDSA, 256, end_ms - 90 * day_ms, end_ms, &leaf, &err)) {
        fprintf(stderr, "certferry-sim: %s\n", err.text);
        abort();
    }
    *ret_chain_pem =
        arena_printf(s->arena, "%s%s", x509_pem(s->arena, &leaf.cert), x509_pem(s->arena, &s->ca->cert));
    *ret_key_pem = secret_bytes(leaf.key);
}

struct sim_object *sim_seed_object(struct sim_seeding *s, const char *kind, const char *scope, const char *id,
                                   const struct sim_field *fields, size_t count)
{
    struct sim_object *o = state_find(s->state, s->cloud, s->account, kind, scope, id);
    return o ? o : state_create(s->state, s->cloud, s->account, kind, scope, id, fields, count);
}

/* An access in the vendor's spelling. */
static const struct {
    const char *cloud, *key_prefix, *account;
    size_t key_digits, secret_digits;
    bool upper;
    const char *role_prefix, *role_suffix; /* around the account's id */
} access_styles[] = {
    {"aliyun", "LTAI5t", "1234567890123456", 18, 30, false, "acs:ram::", ":role/certferry"},
    {"tencent", "AKID", "100012345678", 32, 32, false, "qcs::cam::uin/", ":roleName/certferry"},
    {"aws", "AKIA", "123456789012", 16, 40, true, "arn:aws:iam::", ":role/certferry"},
    {"huawei", "HPUA", "fedcba9876543210fedcba9876543210", 16, 40, true, "iam::", ":agency:certferry"},
};

static char *spelled(struct arena *a, uint64_t random, const char *what, const char *cloud, size_t digits,
                     bool upper)
{
    char *text =
        sim_hex_id(a, arena_printf(a, "%llu %s %s", (unsigned long long)random, what, cloud), digits);
    for (char *p = text; upper && *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'f' ? *p - 'a' + 'A' : *p >= '0' && *p <= '9' ? *p - '0' + 'G' : *p);
    return text;
}

static void generate_accesses(struct sim_state *state, uint64_t random)
{
    cleanup(arena_free_p) struct arena *a = arena_new(RESOURCE_BYTES);
    for (size_t i = 0; i < countof(access_styles); i++) {
        const char *cloud = access_styles[i].cloud;
        bool present = false;
        for (size_t v = 0; sim_vendors[v]; v++)
            present = present || !strcmp(sim_vendors[v]->cloud, cloud);
        if (!present)
            continue;
        const char *key =
            spelled(a, random, "key", cloud, access_styles[i].key_digits, access_styles[i].upper);
        const struct sim_field fields[] = {
            {"name", "certferry"},
            {"secret", spelled(a, random, "secret", cloud, access_styles[i].secret_digits, false)},
        };
        state_create(state, cloud, access_styles[i].account, "@access", "",
                     arena_printf(a, "%s%s", access_styles[i].key_prefix, key), fields, countof(fields));
        const struct sim_field role[] = {{"name", "certferry"}, {"external_id", "certferry-trial"}};
        state_create(state, cloud, access_styles[i].account, "@role", "",
                     arena_printf(a, "%s%s%s", access_styles[i].role_prefix, access_styles[i].account,
                                  access_styles[i].role_suffix),
                     role, countof(role));
    }
}

static const char *account_of(const char *cloud)
{
    for (size_t i = 0; i < countof(access_styles); i++)
        if (!strcmp(access_styles[i].cloud, cloud))
            return access_styles[i].account;
    return "";
}

/* Whether resources of the service are wanted, by a list as sim_seed_read_services makes it; NULL: all that have any. */
static bool is_wanted(struct arena *a, const struct sim_service *service, const char *services)
{
    return service->generate &&
           (!services || sim_list_has(services, arena_printf(a, "%s/%s", service->cloud, service->code)));
}

size_t sim_seed_services(struct arena *a, const char *services)
{
    size_t n = 0;
    for (size_t i = 0; sim_services[i]; i++)
        n += is_wanted(a, sim_services[i], services);
    return n;
}

bool sim_seed_generate(struct sim_state *state, size_t resources, uint64_t random, const char *names,
                       const char *services, int64_t days, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(RESOURCE_BYTES);
    int64_t now_ms = state_now_ms(state);
    struct minted ca;
    if (!mint_ca(a, "Simulated Clouds Issuing CA", KEY_ECDSA, 256, now_ms - 365 * day_ms,
                 now_ms + 3650 * day_ms, &ca, err))
        return false;
    generate_accesses(state, random);
    size_t kinds = sim_seed_services(a, services), place = 0;
    for (size_t i = 0; sim_services[i]; i++) {
        const struct sim_service *service = sim_services[i];
        if (!is_wanted(a, service, services))
            continue;
        size_t count = resources / kinds + (place < resources % kinds);
        for (size_t n = 0; n < count; n++) {
            cleanup(arena_free_p) struct arena *one = arena_new(RESOURCE_BYTES);
            struct sim_seeding s = {.arena = one,
                                    .state = state,
                                    .now_ms = now_ms,
                                    .cloud = service->cloud,
                                    .account = account_of(service->cloud),
                                    .names = names,
                                    .number = n * kinds + place,
                                    .count = count,
                                    .days = days,
                                    .ca = &ca};
            service->generate(&s, n);
            if (!sim_state_flush(state, err))
                return false;
        }
        place++;
    }
    return sim_state_flush(state, err);
}

bool sim_seed_read_names(struct arena *a, const char *text, const char **ret, struct err *err)
{
    struct buf list = buf_new(a, SEED_NAMES * 256);
    size_t count = 0;
    while (*text) {
        size_t length = strcspn(text, ",");
        const char *name = arena_printf(a, "%.*s", (int)length, text), *plain;
        if (count++ == SEED_NAMES)
            return err_set(err, ERR_INPUT, "at most %d names", SEED_NAMES);
        if (!name_normalise(a, name, false, &plain, err))
            return false;
        buf_printf(&list, "%s%s", list.size ? " " : "", plain);
        text += length + (text[length] == ',');
    }
    *ret = list.data;
    return list.size || err_set(err, ERR_INPUT, "give names: a.example,*.b.example");
}

bool sim_seed_read_services(struct arena *a, const char *text, const char **ret, struct err *err)
{
    char *list = arena_strdup(a, text);
    for (char *p = list; *p; p++)
        *p = (char)(*p == ',' ? ' ' : *p);
    const char *item;
    for (size_t i = 0; (item = sim_list_item(a, list, i)); i++) {
        bool known = false;
        for (size_t k = 0; sim_services[k] && !known; k++)
            known = is_wanted(a, sim_services[k], item);
        if (!known)
            return err_set(err, ERR_INPUT, "%s: there is no such service that has resources", item);
    }
    *ret = list;
    return *list || err_set(err, ERR_INPUT, "give services: aliyun/cdn,aws/elbv2");
}

/* ---- the file ---- */

static bool load_one(struct sim_state *state, struct arena *a, const struct json *v, struct err *err)
{
    const char *cloud = json_str(json_at(v, "/cloud"), ""), *kind = json_str(json_at(v, "/kind"), "");
    const char *account = json_str(json_at(v, "/account"), ""), *id = json_str(json_at(v, "/id"), "");
    const char *scope = json_str(json_at(v, "/scope"), "");
    const struct json *fields = json_at(v, "/fields"), *value;
    struct sim_field *items = arena_array(a, struct sim_field, FIELDS_MAX);
    size_t n = 0;
    if (!*cloud || !*kind || !*id || !json_is_object(fields))
        return err_set(err, ERR_INPUT, "an object needs cloud, account, kind, scope, id and fields");
    if (state_find(state, cloud, account, kind, scope, id))
        return err_set(err, ERR_INPUT, "%s %s is there twice", kind, id);
    for (; n < FIELDS_MAX && json_member(fields, n, &items[n].name, &value); n++)
        if (!(items[n].value = json_str(value, NULL)))
            return err_set(err, ERR_INPUT, "%s %s: the field %s is not a string", kind, id, items[n].name);
    state_create(state, cloud, account, kind, scope, id, items, n);
    return true;
}

bool sim_seed_load(struct sim_state *state, const char *path, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(16 * (size_t)SEED_BYTES);
    char *text;
    size_t size;
    const struct json *v;
    if (!file_read(a, path, SEED_BYTES, &text, &size, err) || !json_parse(a, text, size, &v, err))
        return err_add(err, "seed %s", path);
    const struct json *objects = json_at(v, "/objects");
    if (!json_is_array(objects))
        return err_set(err, ERR_INPUT, "seed %s: \"objects\" is missing", path);
    for (size_t i = 0; i < json_count(objects); i++)
        if (!load_one(state, a, json_item(objects, i), err))
            return err_add(err, "seed %s: object %zu", path, i);
    return sim_state_flush(state, err);
}

static void print_one(struct json_writer *w, const struct sim_object *o)
{
    json_open_object(w);
    json_member_string(w, "cloud", o->cloud);
    json_member_string(w, "account", o->account);
    json_member_string(w, "kind", o->kind);
    json_member_string(w, "scope", o->scope);
    json_member_string(w, "id", o->id);
    json_key(w, "fields");
    json_open_object(w);
    for (size_t i = 0; i < o->now->count; i++)
        json_member_string(w, o->now->items[i].name, o->now->items[i].value);
    json_close_object(w);
    json_close_object(w);
    buf_putc(w->buf, '\n'); /* an object a line, for those who edit it */
}

char *sim_seed_print(struct sim_state *state, struct arena *a)
{
    struct buf b = buf_new(a, PRINT_BYTES);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    json_key(&w, "objects");
    json_open_array(&w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = state_each(state, &cursor));)
        if (strcmp(o->kind, "@ca"))
            print_one(&w, o);
    json_close_array(&w);
    json_close_object(&w);
    buf_putc(&b, '\n');
    return b.data;
}
