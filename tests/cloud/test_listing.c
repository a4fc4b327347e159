/* Conformance: everything is listed, once, whatever the pages are, and whatever a region does. */
#include "cloud/suite.h"

static bool same_resource(const struct resource *a, const struct resource *b)
{
    return strcmp(a->region, b->region) == 0 && strcmp(a->vendor_id, b->vendor_id) == 0;
}

static const struct resource *find(const struct found *in, const struct resource *r)
{
    for (size_t i = 0; i < in->count; i++)
        if (same_resource(&in->items[i], r))
            return &in->items[i];
    return NULL;
}

static void check_once(const struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (find(found, &found->items[i]) != &found->items[i])
            fail_msg("%s %s %s: listed twice", found->items[i].product, found->items[i].region,
                     found->items[i].vendor_id);
}

/* Both hold the same resources with the same names and certificates. */
static void check_same(const struct found *a, const struct found *b, unsigned page)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct resource *x = &a->items[i], *y = find(b, x);
        if (!y)
            fail_msg("%s %s %s: not listed in pages of %u", x->product, x->region, x->vendor_id, page);
        else if (x->name_count != y->name_count || x->bound_count != y->bound_count ||
                 strcmp(x->host, y->host) != 0 || strcmp(x->managed_by, y->managed_by) != 0)
            fail_msg("%s %s: told otherwise in pages of %u", x->product, x->vendor_id, page);
    }
    if (a->count != b->count)
        fail_msg("%s: %zu in all, %zu in pages of %u", a->count ? a->items[0].product : "?", a->count,
                 b->count, page);
}

static bool is_paged(const struct product *p)
{
    bool paged = false;
    for (const struct call *const *call = p->calls; *call; call++)
        paged |= (*call)->page.style != PAGE_NONE && (*call)->page.size;
    return paged;
}

static const char not_paged[] = "its API lists without pages that a client could size";

static const char *lists_nothing(struct sky *k, struct job *job)
{
    (void)k;
    assert_int_equal(suite_discover(job).count, 0);
    return NULL;
}

static const char *lists_one(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    (void)k;
    check_once(&found);
    return found.count ? NULL : "";
}

/* A page per item, and pages that do and do not come out even; the number of calls says that they were really made. */
static const char *lists_pages(struct sky *k, struct job *job, const unsigned *sizes, size_t count)
{
    (void)suite_discover(job); /* what it keeps of certificates is known from here on */
    size_t mark = sky_mark(k);
    struct found all = suite_discover(job);
    size_t calls = sky_count(k, mark, "\"action\"");
    check_once(&all);
    if (!is_paged(job->product))
        return not_paged;
    if (all.count < 4)
        return "";
    for (size_t i = 0; i < count; i++) {
        job->page_most = sizes[i] ? sizes[i] : (unsigned)all.count;
        mark = sky_mark(k);
        struct found paged = suite_discover(job);
        check_once(&paged);
        check_same(&all, &paged, job->page_most);
        if (job->page_most == 1 && sky_count(k, mark, "\"action\"") <= calls)
            fail_msg("%s: pages of one took no more calls", job->product->code);
    }
    return NULL;
}

static const char *lists_many(struct sky *k, struct job *job)
{
    return lists_pages(k, job, (const unsigned[]){1, 3}, 2);
}

static const char *lists_multiple(struct sky *k, struct job *job)
{
    return lists_pages(k, job, (const unsigned[]){5, 0}, 2); /* the generator makes twenty */
}

/* The last one listed stands on a page of its own, with its names. */
static const char *finds_on_last_page(struct sky *k, struct job *job)
{
    if (!is_paged(job->product))
        return not_paged;
    struct found all = suite_discover(job);
    (void)k;
    job->page_most = 1;
    struct found paged = suite_discover(job);
    if (!all.count)
        return "";
    const struct resource *last = &all.items[all.count - 1], *again = find(&paged, last);
    assert_non_null(again);
    assert_int_equal(again->name_count, last->name_count);
    for (size_t i = 0; i < last->name_count; i++)
        assert_string_equal(again->names[i].name, last->names[i].name);
    return NULL;
}

static void R_what_is_listed_does_not_depend_on_pages(void **state)
{
    struct sky *k = sky_open(*state, 0, 5000, (const char *[]){NULL});
    suite_case(k, "paging: empty", lists_nothing);
    sky_close(k);
    k = sky_open(*state, 1, 5000, (const char *[]){NULL});
    suite_case(k, "paging: one", lists_one);
    sky_close(k);
    k = sky_open(*state, SUITE_EACH, 5000, (const char *[]){NULL});
    suite_case(k, "paging: many", lists_many);
    suite_case(k, "paging: exact multiple", lists_multiple);
    suite_case(k, "paging: match on the last page", finds_on_last_page);
    assert_int_equal(sky_wrong(k), 0);
    sky_close(k);
}

/* ---- regions ---- */

enum { FAILING_MAX = 4 };

struct failing { /* a region per cloud that has resources, but is not the only one */
    const char *cloud, *region;
};

static const char *last_region(struct sky *k, struct arena *a, const struct product *p)
{
    struct job job;
    const char *first = NULL, *last = NULL;
    if (p->global || !sky_job(k, a, p, &job))
        return NULL;
    struct found found = suite_discover(&job);
    for (size_t i = 0; i < found.count; i++) {
        first = first ? first : found.items[i].region;
        last = strcmp(found.items[i].region, first) != 0 ? found.items[i].region : last;
    }
    return last;
}

static size_t choose_failing(struct sky *k, struct arena *a, struct failing ret[FAILING_MAX])
{
    size_t count = 0;
    for (size_t i = 0; products[i]; i++) {
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known |= strcmp(ret[j].cloud, products[i]->cloud) == 0;
        const char *region = known || count == FAILING_MAX ? NULL : last_region(k, a, products[i]);
        if (region)
            ret[count++] = (struct failing){products[i]->cloud, arena_strdup(k->y->a, region)};
    }
    return count;
}

static bool fails_there(struct sky *k, const char *region)
{
    return strstr(k->failing, arena_printf(k->y->a, " %s ", region)) != NULL;
}

static const char *survives_a_region(struct sky *k, struct job *job)
{
    if (job->product->global) {
        for (const struct call *const *call = job->product->calls; *call; call++)
            assert_null(strstr((*call)->host, "{region}"));
        return "global: it has no regions";
    }
    const char **regions;
    size_t count, failed = 0, listed = 0;
    suite_regions(job, &regions, &count);
    for (size_t i = 0; i < count; i++) {
        struct found found = {.arena = job->arena};
        struct err err = {0};
        bool ok = suite_try_region(job, regions[i], &found, &err);
        if (!ok && !fails_there(k, regions[i]))
            fail_msg("%s %s: %s", job->product->code, regions[i], err.text);
        if (!ok)
            assert_true(err.kind == ERR_PERMISSION && *err.text);
        if (ok && fails_there(k, regions[i]))
            fail_msg("%s %s: an empty list instead of a failure", job->product->code, regions[i]);
        failed += !ok;
        listed += ok ? found.count : 0;
    }
    return failed && listed ? NULL : "";
}

static void R_a_failing_region_is_told_and_the_rest_is_listed(void **state)
{
    struct yard *y = *state;
    struct failing failing[FAILING_MAX];
    const char *options[2 * FAILING_MAX + 1] = {NULL}, *regions = " ";
    struct sky *k = sky_open(y, SUITE_EACH, 5000, (const char *[]){NULL});
    cleanup(arena_free_p) struct arena *a = arena_new((size_t)512 << 20);
    size_t count = choose_failing(k, a, failing);
    sky_close(k);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        options[2 * i] = "--deny-region";
        options[2 * i + 1] = failing[i].region;
        regions = arena_printf(y->a, "%s%s ", regions, failing[i].region);
    }
    k = sky_open(y, SUITE_EACH, 5000, options);
    k->failing = regions;
    suite_case(k, "regions with one failing", survives_a_region);
    sky_close(k);
}

/* ---- names and dates ---- */

static const char *has_wildcard_and_idn(struct sky *k, struct job *job)
{
    static const char *const wanted[] = {"*.suite.example", "xn--bcher-kva.example"};
    struct found found = suite_discover(job);
    size_t seen = 0;
    for (size_t w = 0; w < countof(wanted); w++)
        for (size_t i = 0; i < found.count; i++) {
            const struct resource *r = &found.items[i];
            size_t n = 0;
            while (n < r->name_count && strcmp(r->names[n].name, wanted[w]) != 0)
                n++;
            if (n == r->name_count || !suite_fit(r))
                continue;
            struct material m = suite_material_for(k, r);
            const char *ref = suite_upload(job, r, &m);
            struct change change = suite_change(job->arena, r->bound[0].slot, r->bound[0].ref, ref);
            suite_carry(job, r, &change, &(struct way){.m = &m});
            seen++;
            break;
        }
    return seen == countof(wanted) ? NULL : "";
}

static void R_wildcards_and_names_beyond_ascii_are_listed_and_bound(void **state)
{
    struct sky *k =
        sky_open(*state, 4, 5000, (const char *[]){"--names", "*.suite.example,b\u00fccher.example", NULL});
    suite_case(k, "wildcard and IDN names", has_wildcard_and_idn);
    sky_close(k);
}

static const char *replaces_expired(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    int64_t now_ms = clock_wall_ms(&clock_system);
    for (size_t i = 0; i < found.count; i++) {
        const struct resource *r = &found.items[i];
        if (!suite_fit(r))
            continue;
        const struct bound *old = &r->bound[0];
        if (!old->not_after_ms || old->not_after_ms > now_ms)
            fail_msg("%s %s: the old certificate is not said to have expired", r->product, r->title);
        struct material m = suite_material_for(k, r);
        const char *ref = suite_upload(job, r, &m);
        struct change change = suite_change(job->arena, old->slot, old->ref, ref);
        suite_carry(job, r, &change, &(struct way){.m = &m});
        return NULL;
    }
    return "";
}

static void R_an_expired_certificate_is_told_and_replaced(void **state)
{
    struct sky *k = sky_open(*state, 2, 5000, (const char *[]){"--cert-days", "-3", NULL});
    suite_case(k, "expired old certificate", replaces_expired);
    sky_close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(R_what_is_listed_does_not_depend_on_pages),
        yard_test(R_a_failing_region_is_told_and_the_rest_is_listed),
        yard_test(R_wildcards_and_names_beyond_ascii_are_listed_and_bound),
        yard_test(R_an_expired_certificate_is_told_and_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
