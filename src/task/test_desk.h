/* test_desk.h - what the tests of the plan plan: certificates and resources added one by one. */
#pragma once
#include "task/plan.h"

#include "crypto/test_support.h"

static const int64_t now_ms = NOW_MS;

static const struct product cdn = {.cloud = "aliyun",
                                   .name = "cdn",
                                   .code = "aliyun/cdn",
                                   .title = "Alibaba Cloud CDN",
                                   .global = true,
                                   .first_deployment = true};
static const struct product front = {.cloud = "aws",
                                     .name = "cloudfront",
                                     .code = "aws/cloudfront",
                                     .title = "Amazon CloudFront",
                                     .global = true,
                                     .needs_chain = true};
static const struct product alb = {.cloud = "aliyun",
                                   .name = "alb",
                                   .code = "aliyun/alb",
                                   .title = "Alibaba Cloud ALB",
                                   .sni = true,
                                   .sni_max = 3};
static const struct product sm2_cdn = {.code = "tencent/cdn", .title = "Tencent CDN", .takes_sm2 = true},
                            sm2_beside = {.code = "x/sm", .title = "x", .takes_sm2 = true, .sm_slot = true};

static const struct product *find(const char *code)
{
    static const struct product *const all[] = {&cdn, &front, &alb, &sm2_cdn, &sm2_beside};
    for (size_t i = 0; i < countof(all); i++)
        if (strcmp(all[i]->code, code) == 0)
            return all[i];
    return NULL;
}

/* What a test plans: certificates and resources added one by one. */
struct desk {
    struct arena *a;
    struct plan_certificate certificates[8];
    struct resource resources[8];
    struct selection selection;
    struct plan_input in;
    struct plan plan;
};

static inline int desk_begin(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    d->a = arena_new(64 << 20);
    d->selection.replaces = "";
    d->in = (struct plan_input){.certificates = d->certificates,
                                .resources = d->resources,
                                .selection = &d->selection,
                                .find_product = find,
                                .now_ms = now_ms};
    *state = d;
    return 0;
}

static inline int desk_end(void **state)
{
    struct desk *d = *state;
    arena_free(d->a);
    free(d);
    return 0;
}

#define desk_test(f) cmocka_unit_test_setup_teardown(f, desk_begin, desk_end)

static const char **split(struct arena *a, const char *text, size_t *ret_count)
{
    const char **words = arena_array(a, const char *, 64);
    *ret_count = 0;
    char *copy = arena_strdup(a, text), *save = NULL;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        words[(*ret_count)++] = word;
    return words;
}

static inline struct texts texts(struct desk *d, const char *words)
{
    struct texts t = {0};
    return t.items = split(d->a, words, &t.count), t;
}

static inline struct plan_certificate *certificate(struct desk *d, const char *domains)
{
    size_t n = d->in.certificate_count++;
    struct plan_certificate *c = &d->certificates[n];
    c->domains = split(d->a, domains, &c->domain_count);
    c->row = (struct certificate_row){.id = (int64_t)n + 1,
                                      .name = arena_printf(d->a, "cert-%zu", n + 1),
                                      .fingerprint = arena_printf(d->a, "new%zu", n + 1),
                                      .serial = arena_printf(d->a, "aabbccdd%zu", n + 1),
                                      .key_type = "ecdsa",
                                      .has_key = true,
                                      .not_before_ms = now_ms - DAY_MS,
                                      .not_after_ms = now_ms + 90 * DAY_MS,
                                      .chain_complete = true};
    return c;
}

static inline struct bound *hold(struct desk *d, struct resource *r, const char *slot, const char *ref,
                                 const char *names)
{
    struct bound *list = arena_array(d->a, struct bound, r->bound_count + 1);
    if (r->bound_count)
        memcpy(list, r->bound, r->bound_count * sizeof *list);
    struct bound *b = &list[r->bound_count++];
    *b = (struct bound){.slot = slot,
                        .ref = ref,
                        .name = ref,
                        .fingerprint = arena_printf(d->a, "fp-%s", ref),
                        .serial = "",
                        .not_after_ms = now_ms + 10 * DAY_MS,
                        .key_type = "ecdsa",
                        .issuer = ""};
    b->names = split(d->a, names, &b->name_count);
    r->bound = list;
    return b;
}

static inline void name(struct desk *d, struct resource *r, const char *names, enum evidence evidence)
{
    size_t count = 0;
    const char **list = split(d->a, names, &count);
    struct resource_name *all = arena_array(d->a, struct resource_name, r->name_count + count);
    for (size_t i = 0; i < r->name_count; i++)
        all[i] = r->names[i];
    for (size_t i = 0; i < count; i++)
        all[r->name_count + i] = (struct resource_name){list[i], evidence};
    r->names = all;
    r->name_count += count;
}

static inline struct resource *resource(struct desk *d, const char *product, const char *title)
{
    size_t n = d->in.resource_count++;
    struct resource *r = &d->resources[n];
    *r = (struct resource){.id = 100 + (int64_t)n,
                           .access_id = 7,
                           .product = product,
                           .region = "",
                           .vendor_id = arena_printf(d->a, "v-%s", title),
                           .title = title,
                           .https = true,
                           .host = "",
                           .reach = "public",
                           .lock = title,
                           .alias_of = "",
                           .managed_by = "",
                           .unfit = "",
                           .extra = "{}"};
    return r;
}

static inline struct resource *domain(struct desk *d, const char *product, const char *names)
{
    struct resource *r = resource(d, product, names);
    name(d, r, names, EVIDENCE_DOMAIN);
    hold(d, r, "default", "old", names);
    return r;
}

static inline struct resource *listener(struct desk *d, const char *default_names)
{
    struct resource *r = resource(d, "aliyun/alb", "lsn-1");
    r->region = "cn-hangzhou";
    hold(d, r, "default", "old-default", default_names);
    return r;
}

static inline void plan(struct desk *d)
{
    plan_compute(d->a, &d->in, &d->plan);
}

static inline const struct deployment_row *only_row(struct desk *d)
{
    plan(d);
    if (d->plan.count != 1)
        fail_msg("%zu rows; notes %s", d->plan.count,
                 plan_notes_json(d->a, d->plan.notes, d->plan.note_count));
    return &d->plan.rows[0];
}

static inline bool noted(struct desk *d, const char *kind, const char *part)
{
    for (size_t i = 0; i < d->plan.note_count; i++)
        if (strcmp(d->plan.notes[i].kind, kind) == 0 && strstr(d->plan.notes[i].text, part))
            return true;
    print_message("notes: %s\n", plan_notes_json(d->a, d->plan.notes, d->plan.note_count));
    return false;
}
#define assert_noted(d, kind, part) assert_true(noted((d), (kind), (part)))

static inline void nothing_but_note(struct desk *d, const char *kind, const char *part)
{
    plan(d);
    assert_int_equal(d->plan.count, 0);
    assert_noted(d, kind, part);
}
