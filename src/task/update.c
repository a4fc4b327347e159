/* What a task is changed to while it is edited, and whether what a user saw is still so when it is submitted. */
#include "task/update.h"

#include "codec/json_format.h"
#include "task/plan_load.h"
#include "task/verbs.h"
#include <assert.h>
#include <string.h>

static const char *const members[] = {"certificates", "access",         "product", "region", "resource",
                                      "domain",       "exclude",        "add",     "accept", "contacts",
                                      "replaces",     "allow_expiring", "verify"};

/* The stored selection with every member that the patch has in its place. */
static bool merge(struct arena *a, const char *stored, const struct json *patch, struct selection *ret,
                  struct err *err)
{
    const struct json *old = NULL;
    struct buf b = buf_new(a, (size_t)32 << 20);
    struct json_writer w = json_writer_to(&b);
    if (!json_parse(a, stored, strlen(stored), &old, err))
        return err_add(err, "the selection of the task");
    json_open_object(&w);
    for (size_t i = 0; i < countof(members); i++) {
        const char *pointer = arena_printf(a, "/%s", members[i]);
        const struct json *value = json_at(patch, pointer) ? json_at(patch, pointer) : json_at(old, pointer);
        if (value)
            json_member_raw(&w, members[i], json_dump(a, value));
    }
    json_close_object(&w);
    return selection_from_json(a, b.data, strlen(b.data), ret, err);
}

static void put_in(struct arena *a, struct texts *list, const char *text)
{
    if (texts_have(list, text))
        return;
    const char **items = arena_array(a, const char *, list->count + 1);
    if (list->count)
        memcpy(items, list->items, list->count * sizeof *items);
    items[list->count] = text;
    *list = (struct texts){items, list->count + 1};
}

static void take_out(struct texts *list, const char *text)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) != 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

bool update_selection(struct arena *a, const char *stored, const struct task_change *change,
                      struct selection *ret, struct err *err)
{
    struct selection s;
    if (!merge(a, stored, change->members, &s, err))
        return false;
    for (size_t i = 0; i < change->add.count; i++) {
        put_in(a, &s.add, change->add.items[i]);
        take_out(&s.exclude, change->add.items[i]);
    }
    for (size_t i = 0; i < change->remove.count; i++) {
        put_in(a, &s.exclude, change->remove.items[i]);
        take_out(&s.add, change->remove.items[i]);
    }
    *ret = s;
    return selection_check(ret, err);
}

static const char *held(struct arena *a, const struct deployment_row *row)
{
    struct bound *old = NULL;
    size_t count = 0;
    if (!bound_from_json(a, row->old, &old, &count, NULL) || count == 0)
        return "nothing";
    if (count > 1)
        return arena_printf(a, "%zu certificates", count);
    return old->name[0] ? old->name : old->ref[0] ? old->ref : "a certificate";
}

static bool differs(const struct deployment_row *x, const struct deployment_row *y)
{
    return x->certificate_id != y->certificate_id || strcmp(x->old, y->old) != 0 ||
           strcmp(x->names, y->names) != 0 || strcmp(x->holds, y->holds) != 0 ||
           x->already_bound != y->already_bound;
}

static bool same_place(const struct deployment_row *x, const struct deployment_row *y)
{
    return x->resource_id == y->resource_id && strcmp(x->slot, y->slot) == 0;
}

/* What is different first: rows come in the order of their resources. */
static bool tell_difference(struct arena *a, const struct task_view *seen, const struct plan *now, size_t at,
                            struct err *err)
{
    const struct deployment_row *was = at < seen->count ? &seen->deployments[at] : NULL,
                                *is = at < now->count ? &now->rows[at] : NULL;
    if (was && is && same_place(was, is))
        return err_set(err, ERR_CONFLICT,
                       "%s (%s) held %s when the plan was made, and holds %s now: look at the preview again",
                       was->title, was->slot, held(a, was), held(a, is));
    const struct deployment_row *row = was && (!is || was->resource_id <= is->resource_id) ? was : is;
    assert(row); /* one of the two lists goes on here */
    return err_set(err, ERR_CONFLICT, "%s (%s) is %s since the plan was made: look at the preview again",
                   row->title, row->slot, row == was ? "no longer matched" : "matched, too,");
}

bool update_check_current(const struct task_context *c, struct arena *a, const struct task_view *seen,
                          const struct selection *selection, struct err *err)
{
    struct plan now;
    size_t at = 0;
    if (!plan_again(c, a, selection, seen->deployments, seen->count, &now, err))
        return false;
    while (at < seen->count && at < now.count && same_place(&seen->deployments[at], &now.rows[at]) &&
           !differs(&seen->deployments[at], &now.rows[at]))
        at++;
    return (at == seen->count && at == now.count) || tell_difference(a, seen, &now, at, err);
}
