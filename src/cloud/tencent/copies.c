/* What uses a certificate is looked up by a task of SSL Certificates, in every product and region; a part that could not be
 * looked up is no answer. Without its cache: that may be half an hour old.
 */
#include "cloud/session.h"
#include "cloud/tencent/tencent.h"

#include <string.h>

enum { AT_ONCE = 100, LOOK_MS = 120000, GONE_MS = 20000, FIRST_PAUSE_MS = 200, PAUSE_MS = 2000 };
enum { RUNNING = 0, DONE = 1 };

/* They begin a look-up and change nothing. */
static const struct call begin = {TENCENT("ssl", "2019-12-05", "CreateCertificateBindResourceSyncTask"),
                                  .parameters = "CertificateIds[] IsCache", .per_second = 10};
static const struct call result = {TENCENT("ssl", "2019-12-05", "DescribeCertificateBindResourceTaskResult"),
                                   .parameters = "TaskIds[]", .per_second = 10};
static const struct call delete_one = {TENCENT("ssl", "2019-12-05", "DeleteCertificate"),
                                       .parameters = "CertificateId IsCheckResource", .write = true,
                                       .per_second = 10};

static const char *text(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

/* One product's answer. */
static void read_product(struct job *job, const struct json *product, struct stored *c)
{
    const struct json *regions = json_at(product, "/BindResourceRegionResult");
    const char *type = text(product, "/ResourceType");
    if (!json_is_array(regions))
        stored_keep(job, c, "it was not said whether %s uses it", type);
    for (size_t i = 0; i < json_count(regions); i++) {
        const struct json *region = json_item(regions, i);
        const char *error = text(region, "/Error"), *where = text(region, "/Region");
        int64_t total = json_int(json_at(region, "/TotalCount"), -1);
        if (total > 0)
            stored_keep(job, c, "%lld of %s%s%s use it", (long long)total, type, *where ? " in " : "", where);
        else if (*error || total < 0)
            stored_keep(job, c, "whether %s%s%s uses it could not be looked up: %s", type,
                        *where ? " in " : "", where, error);
    }
}

static void read_task(struct job *job, const struct json *task, struct stored *c)
{
    const struct json *list = json_at(task, "/BindResourceResult");
    if (json_int(json_at(task, "/Status"), -1) != DONE || *text(task, "/Error/Code") || !json_is_array(list))
        stored_keep(job, c, "what uses it could not be looked up: %s", text(task, "/Error/Message"));
    for (size_t i = 0; i < json_count(list); i++)
        read_product(job, json_item(list, i), c);
}

struct lookup { /* up to AT_ONCE certificates */
    struct stored *copies;
    size_t count;
    const char **ids, **tasks; /* task "": none was begun */
};

static bool begin_tasks(struct job *job, struct lookup *l, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &begin, "", &answer, err, "{'CertificateIds':%p,'IsCache':0}",
                    json_strings(job->arena, l->ids, l->count)))
        return false;
    const struct json *list = json_at(answer.json, "/CertTaskIds");
    for (size_t i = 0; i < l->count; i++) {
        l->tasks[i] = "";
        for (size_t k = 0; k < json_count(list); k++)
            if (strcmp(text(json_item(list, k), "/CertId"), l->ids[i]) == 0)
                l->tasks[i] = text(json_item(list, k), "/TaskId");
    }
    return true;
}

/* Reads those that are done. *ret_open: how many are not. */
static bool read_tasks(struct job *job, struct lookup *l, size_t *ret_open, struct err *err)
{
    const char **wanted = arena_array(job->arena, const char *, l->count + 1);
    size_t *whose = arena_array(job->arena, size_t, l->count + 1), count = 0;
    struct answer answer;
    for (size_t i = 0; i < l->count; i++)
        if (l->tasks[i] && *l->tasks[i]) {
            whose[count] = i;
            wanted[count++] = l->tasks[i];
        }
    *ret_open = count;
    if (!count)
        return true;
    if (!cloud_call(job, &result, "", &answer, err, "{'TaskIds':%p}",
                    json_strings(job->arena, wanted, count)))
        return false;
    const struct json *list = json_at(answer.json, "/SyncTaskBindResourceResult");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < json_count(list); k++) {
            const struct json *task = json_item(list, k);
            if (strcmp(text(task, "/TaskId"), wanted[i]) != 0 ||
                json_int(json_at(task, "/Status"), RUNNING) == RUNNING || !l->tasks[whose[i]])
                continue;
            read_task(job, task, &l->copies[whose[i]]);
            l->tasks[whose[i]] = NULL; /* read */
            --*ret_open;
        }
    return true;
}

static bool is_told_to_stop(const struct job *job)
{
    return job->stop && atomic_load(job->stop);
}

static bool look_up(struct job *job, struct lookup *l, struct err *err)
{
    const struct clock *clock = job->session->cloud->clock;
    int64_t until_ms = clock_monotonic_ms(clock) + LOOK_MS, pause_ms = FIRST_PAUSE_MS;
    size_t open = 1;
    if (!begin_tasks(job, l, err))
        return false;
    for (;;) {
        if (!read_tasks(job, l, &open, err))
            return false;
        if (!open || is_told_to_stop(job) || clock_monotonic_ms(clock) + pause_ms > until_ms)
            break;
        sleep_ms(pause_ms);
        pause_ms = pause_ms * 2 < PAUSE_MS ? pause_ms * 2 : PAUSE_MS;
    }
    for (size_t i = 0; i < l->count; i++)
        if (l->tasks[i])
            stored_keep(job, &l->copies[i], "the look-up of what uses it did not end in time");
    return true;
}

void tencent_used(struct job *job, struct stored *copies, size_t count)
{
    for (size_t from = 0; from < count; from += AT_ONCE) {
        struct lookup l = {.copies = arena_array(job->arena, struct stored, AT_ONCE),
                           .ids = arena_array(job->arena, const char *, AT_ONCE),
                           .tasks = arena_array(job->arena, const char *, AT_ONCE)};
        size_t places[AT_ONCE] = {0}, size = count - from < AT_ONCE ? count - from : AT_ONCE;
        struct err why = {0};
        for (size_t i = from; i < from + size; i++)
            if (stored_is_there(job, "", &copies[i])) {
                l.ids[l.count] = copies[i].ref;
                l.copies[l.count] = copies[i];
                places[l.count++] = i;
            }
        bool ok = !l.count || look_up(job, &l, &why);
        for (size_t i = 0; i < l.count; i++) {
            if (!ok)
                stored_doubt(job, &l.copies[i], &why);
            copies[places[i]] = l.copies[i];
        }
    }
}

/* With the check it may be done later, or not at all: what counts is that the certificate is gone. */
bool tencent_discard(struct job *job, const struct stored *copy, struct err *err)
{
    const struct clock *clock = job->session->cloud->clock;
    int64_t until_ms = clock_monotonic_ms(clock) + GONE_MS, pause_ms = FIRST_PAUSE_MS;
    struct answer answer;
    if (!cloud_call(job, &delete_one, "", &answer, err, "{'CertificateId':%s,'IsCheckResource':true}",
                    copy->ref))
        return false;
    for (;;) {
        struct stored c = *copy;
        c.kept = NULL;
        if (!stored_is_there(job, "", &c) && c.gone)
            return true;
        if (is_told_to_stop(job) || clock_monotonic_ms(clock) + pause_ms > until_ms)
            return err_set(err, ERR_CONFLICT,
                           "the certificate service has not deleted it: it may still be checking");
        sleep_ms(pause_ms);
        pause_ms = pause_ms * 2 < PAUSE_MS ? pause_ms * 2 : PAUSE_MS;
    }
}

const struct call *const tencent_clean_calls[] = {&begin, &result, &delete_one, NULL};
