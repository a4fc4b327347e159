/* Conformance: what clouds refuse, lose and mix up, and that nothing secret is told of it. */
#include "cloud/suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The first resource that a deployment may begin at; NULL if there is none. */
static const struct resource *first_fit(const struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (suite_fit(&found->items[i]))
            return &found->items[i];
    return NULL;
}

static const char *gets_through(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    const struct resource *r = first_fit(&found);
    const char *why;
    if (!r)
        return "";
    struct material m = suite_material_for(k, r);
    suite_keep(k, &m);
    const char *ref = suite_upload(job, r, &m);
    struct change change = suite_change(job->arena, r->bound[0].slot, r->bound[0].ref, ref);
    struct binding before = suite_read(job, r);
    suite_carry(job, r, &change, &(struct way){.m = &m});
    if (!suite_can_put_back(job, r, &r->bound[0], &why))
        return NULL;
    struct change back = change_reverse(job->arena, &change);
    suite_carry(job, r, &back, &(struct way){.before = &before});
    return NULL;
}

static void get_through(struct yard *y, const char *name, const char *fault)
{
    struct sky *k = sky_open(y, 3, 5000, (const char *[]){"--settle-ms", "10", "--fault", fault, NULL});
    suite_case(k, name, gets_through);
    assert_true(sky_count(k, 0, "\"fault\"") > 0);
    sky_close(k);
}

static void R_throttling_is_waited_out(void **state)
{
    get_through(*state, "throttled", "throttle=0.08");
}

static void R_internal_errors_are_asked_again(void **state)
{
    get_through(*state, "5xx", "500=0.08");
}

static void R_a_lost_answer_is_looked_for(void **state)
{
    get_through(*state, "answer lost", "lost=0.06,malformed=0.04,reset=0.02");
}

static void R_a_wrong_clock_is_learnt_on_the_way(void **state)
{
    get_through(*state, "wrong clock", "clock=1");
}

/* ---- refusals ---- */

/* A write call of the product that the text names; NULL if it names none. */
static const char *write_named(const struct product *p, const char *text)
{
    for (const struct call *const *call = p->calls; *call; call++)
        if ((*call)->write && strstr(text, (*call)->operation))
            return (*call)->operation;
    return NULL;
}

/* Binds without patience until the cloud says no, and says what it said; false where it never does. */
static bool bind_until_refused(struct sky *k, struct job *job, const struct resource *r, struct err *err)
{
    struct material m = suite_material_for(k, r);
    const char *ref = suite_upload(job, r, &m);
    struct change change = suite_change(job->arena, r->bound[0].slot, r->bound[0].ref, ref);
    for (int turn = 0; turn < 5; turn++) {
        struct binding now;
        *err = (struct err){0};
        if (!product_read(job, r, &now, err) || !product_bind(job, r, &now, &change, &m, err))
            return true;
    }
    return false;
}

static const char *names_what_to_grant(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    const struct resource *r = first_fit(&found);
    struct err err;
    if (!r)
        return "";
    if (!bind_until_refused(k, job, r, &err))
        fail_msg("%s %s: a denied write went through", r->product, r->title);
    if (err.kind != ERR_PERMISSION || !write_named(job->product, err.text))
        fail_msg("%s %s: %s: %s", r->product, r->title, err_kind_name(err.kind), err.text);
    return NULL;
}

static void R_a_denied_write_names_the_action_to_grant(void **state)
{
    struct sky *k = sky_open(*state, 3, 5000, (const char *[]){"--deny", "*", NULL});
    suite_case(k, "permission denied", names_what_to_grant);
    sky_close(k);
}

static const char *tells_what_is_gone(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    const struct resource *r = first_fit(&found);
    struct err err;
    struct binding now;
    if (!r)
        return "";
    if (!bind_until_refused(k, job, r, &err))
        fail_msg("%s %s: a write on what is gone went through", r->product, r->title);
    if (err.kind != ERR_NOT_FOUND || err.transient)
        fail_msg("%s %s: bind: %s: %s", r->product, r->title, err_kind_name(err.kind), err.text);
    err = (struct err){0};
    if (product_read(job, r, &now, &err) || err.kind != ERR_NOT_FOUND)
        fail_msg("%s %s: read: %s: %s", r->product, r->title, err_kind_name(err.kind), err.text);
    return NULL;
}

static void R_what_is_deleted_in_the_middle_is_not_found(void **state)
{
    struct sky *k = sky_open(*state, 3, 5000, (const char *[]){"--vanish", "*", NULL});
    suite_case(k, "resource deleted in the middle", tells_what_is_gone);
    sky_close(k);
}

/* Somebody else's certificate stands in the slot by now: seen as foreign, or, in a set, left alone. */
static const char *sees_others(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    const struct resource *r = first_fit(&found);
    if (!r)
        return "";
    const struct bound *old = &r->bound[0];
    struct material theirs = suite_material_for(k, r), ours = suite_material_for(k, r);
    const char *their_ref = suite_upload(job, r, &theirs);
    struct change their_change = suite_change(job->arena, old->slot, old->ref, their_ref);
    suite_carry(job, r, &their_change, &(struct way){.m = &theirs});
    struct change our_change = suite_change(job->arena, old->slot, old->ref, suite_upload(job, r, &ours));
    struct binding now = suite_read(job, r);
    assert_int_equal(change_progress(&now, &our_change),
                     strcmp(old->slot, "sni") == 0 ? CHANGE_OPEN : CHANGE_FOREIGN);
    return NULL;
}

/* Two changes at a time of what the cloud serialises: refused ones pass by themselves, and none gets lost. */
static const char *overlaps(struct sky *k, struct job *job)
{
    struct found found = suite_discover(job);
    const struct resource *r = first_fit(&found), *other = r;
    if (!r)
        return "";
    for (size_t i = 0; i < found.count; i++) /* rather another of the same lock */
        if (&found.items[i] != r && suite_fit(&found.items[i]) && strcmp(found.items[i].lock, r->lock) == 0)
            other = &found.items[i];
    const struct resource *both[] = {r, other};
    struct material m[2];
    struct change changes[2];
    for (size_t i = 0; i < 2; i++) {
        m[i] = suite_material_for(k, both[i]);
        changes[i] = suite_change(job->arena, both[i]->bound[0].slot, both[i]->bound[0].ref,
                                  suite_upload(job, both[i], &m[i]));
    }
    job->patience_ms = 0;
    for (size_t i = 0; i < 2; i++) {
        struct binding now = suite_read(job, both[i]);
        struct err err = {0};
        if (other == r) /* what was read before the first write: the second one goes by an old picture */
            changes[1].remove = changes[0].remove;
        if (!product_bind(job, both[i], &now, &changes[i], &m[i], &err) && !suite_passes(&err) &&
            err.kind != ERR_CONFLICT)
            fail_msg("%s %s: %s: %s", r->product, both[i]->title, err_kind_name(err.kind), err.text);
    }
    job->patience_ms = SUITE_PATIENCE_MS;
    if (other == r) { /* whichever came last stands, and it alone */
        struct binding now = suite_read(job, r);
        for (int turn = 0; !now.ready && turn < SUITE_TURNS; turn++, suite_wait(SUITE_WAIT_MS))
            now = suite_read(job, r);
        assert_true(now.ready);
        return NULL;
    }
    for (size_t i = 0; i < 2; i++)
        suite_carry(job, both[i], &changes[i], &(struct way){.m = &m[i]});
    for (size_t i = 0; i < 2; i++) {
        struct binding now = suite_read(job, both[i]);
        assert_int_equal(change_progress(&now, &changes[i]), CHANGE_DONE);
    }
    return NULL;
}

static void R_changes_that_meet_are_told_from_each_other(void **state)
{
    struct sky *k = sky_open(*state, SUITE_EACH, 5000, (const char *[]){"--settle-ms", "40", NULL});
    suite_case(k, "conflict", sees_others);
    suite_case(k, "overlapping writes", overlaps);
    sky_close(k);
}

/* ---- secrets ---- */

static void check_hides(struct arena *a, const char *product, const char *text, const char *secret)
{
    for (size_t i = 0; i + 16 <= strlen(secret); i += 8) /* no piece of it either */
        if (strstr(text, arena_copy(a, secret + i, 16)))
            fail_msg("%s: shown: %s", product, text);
}

static const char *hides(struct sky *k, struct job *job)
{
    const char *names[] = {"www.example.com"}, *vendor_store, *ref;
    struct material m = suite_material(k, names, 1);
    struct resource_name name = {"www.example.com", EVIDENCE_RULE};
    struct resource r = {.product = job->product->code,
                         .region = "cn-hangzhou",
                         .vendor_id = "x",
                         .title = "x",
                         .names = &name,
                         .name_count = 1,
                         .host = "",
                         .extra = "{}"};
    const char *body = strchr(secret_bytes(m.key), '\n');
    job->patience_ms = 0;
    for (int turn = 0; turn < 4; turn++) {
        struct err err = {0};
        if (product_store_for(job, &r, &m, &vendor_store, &err) && vendor_store &&
            job->product->upload(job, vendor_store, &m, &ref, &err) &&
            product_read(job, &r, &(struct binding){0}, &err))
            continue;
        log_err(LOG_WARNING, NULL, "suite.hides", &err);
        check_hides(job->arena, job->product->code, err.text, body);
        check_hides(job->arena, job->product->code, err.text, sky_secret(k, job->product->cloud));
    }
    return NULL;
}

/* Standard error into a file while it runs. */
static void hide_all(struct yard *y, const char *fault)
{
    struct sky *k = sky_open(y, 3, 5000, (const char *[]){"--fault", fault, NULL});
    const char *path = bench_path(y->b, "stderr");
    int kept = dup(STDERR_FILENO), file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(kept >= 0 && file >= 0);
    log_set_level(LOG_DEBUG);
    dup2(file, STDERR_FILENO);
    suite_case(k, arena_printf(y->a, "secrets never logged"), hides);
    dup2(kept, STDERR_FILENO);
    log_set_level(LOG_INFO);
    close(kept);
    close(file);
    char *text;
    size_t size;
    assert_ok(y, file_read(y->a, path, 64 << 20, &text, &size, &y->err));
    assert_true(size > 0);
    assert_null(strstr(text, "PRIVATE KEY"));
    for (size_t i = 0; i < k->access_count; i++)
        check_hides(y->a, "log", text, sky_secret(k, k->accesses[i].cloud));
    assert_int_equal(sky_count(k, 0, "PRIVATE"), 0);
    assert_int_equal(sky_count(k, 0, "key_in_url"), 0);
    sky_close(k);
}

static void R_what_echoes_the_request_shows_neither_key_nor_secret(void **state)
{
    static const char *const faults[] = {"echo=1", "echo=0.5", "echo-credential=1"};
    for (size_t i = 0; i < countof(faults); i++)
        hide_all(*state, faults[i]);
}

/* ---- rates ---- */

static void R_every_product_keeps_below_a_clouds_limit(void **state)
{
    struct sky *k = sky_open(*state, 3, 40, (const char *[]){"--calls-per-second", "20", NULL});
    suite_case(k, "below a limit", gets_through);
    size_t calls = sky_count(k, 0, "\"outcome\""), refused = sky_count(k, 0, "\"outcome\":\"refused\"");
    print_message("%zu calls, %zu refused\n", calls, refused);
    assert_true(refused * 6 < calls); /* a few are how it learns the rate */
    sky_close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(R_throttling_is_waited_out),
        yard_test(R_internal_errors_are_asked_again),
        yard_test(R_a_lost_answer_is_looked_for),
        yard_test(R_a_wrong_clock_is_learnt_on_the_way),
        yard_test(R_a_denied_write_names_the_action_to_grant),
        yard_test(R_what_is_deleted_in_the_middle_is_not_found),
        yard_test(R_changes_that_meet_are_told_from_each_other),
        yard_test(R_what_echoes_the_request_shows_neither_key_nor_secret),
        yard_test(R_every_product_keeps_below_a_clouds_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
