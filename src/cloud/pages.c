#include "cloud/call.h"

#include "cloud/session.h"
#include "codec/json_slice.h"
#include <string.h>

enum { PAGES_MAX = 10000, PAGE_ITEMS_MAX = 10000, ITEMS_MAX = 1000000 };

struct pages cloud_pages(struct job *job, const struct call *call, const char *region, const char *arguments,
                         ...)
{
    struct arena *keep = arena_new(ARENA_JOB_BYTES);
    unsigned size = call->page.size_value;
    bool smaller = call->page.size && job->page_most && job->page_most < size;
    va_list args;
    va_start(args, arguments);
    char *text = json_vformat(keep, arguments, args);
    va_end(args);
    return (struct pages){.job = job,
                          .call = call,
                          .region = region,
                          .arguments = text,
                          .outer = job->arena,
                          .keep = keep,
                          .page_size = smaller ? job->page_most : size,
                          .marker = "",
                          .more = true};
}

static bool page_arguments(struct arena *a, const struct pages *p, char **ret, struct err *err)
{
    const struct page_rule *rule = &p->call->page;
    char *text = arena_strdup(a, p->arguments);
    const char *quote = rule->size_as_text ? "\"" : "";
    if (rule->size && !json_splice(a, text, strlen(text), arena_printf(a, "/%s", rule->size),
                                   arena_printf(a, "%s%u%s", quote, p->page_size, quote), &text, err))
        return false;
    const char *position = NULL;
    quote = rule->position_as_text ? "\"" : "";
    if (rule->style == PAGE_NUMBER)
        position = arena_printf(a, "%s%zu%s", quote, p->count + 1, quote);
    else if (rule->style == PAGE_OFFSET)
        position = arena_printf(a, "%s%zu%s", quote, p->items, quote);
    else if (rule->style == PAGE_MARKER && *p->marker)
        position = json_format(a, "%s", p->marker);
    if (position &&
        !json_splice(a, text, strlen(text), arena_printf(a, "/%s", rule->position), position, &text, err))
        return false;
    *ret = text;
    return true;
}

/* The list of this page. An answer without it, taken as an empty one, would retire everything. */
static bool page_items(struct pages *p, const struct answer *answer, struct err *err)
{
    p->list = answer->json ? json_at(answer->json, p->call->page.items) : NULL;
    p->node = answer->xml ? xml_at(answer->xml, p->call->page.items) : NULL;
    p->at = 0;
    p->page_items = json_count(p->list);
    for (const struct xml *node = p->node; node; node = xml_next(node))
        p->page_items++;
    if (!p->list && answer->json && !json_count(answer->json)) {
        err_set(err, ERR_VENDOR, "%s: an answer without the list", p->call->operation);
        err->transient = true;
        return false;
    }
    return json_count(p->list) <= PAGE_ITEMS_MAX ||
           err_set(err, ERR_VENDOR, "%s: a page of %zu items, at most %d are read", p->call->operation,
                   json_count(p->list), PAGE_ITEMS_MAX);
}

/* Whether there is a further page, and where it begins. */
static bool page_more(struct arena *a, struct pages *p, const struct answer *answer, struct err *err)
{
    const struct page_rule *rule = &p->call->page;
    p->items += p->page_items;
    p->count++;
    p->more = false;
    if (rule->style == PAGE_NONE)
        return true;
    if (rule->style != PAGE_MARKER) {
        int64_t total = !rule->total  ? -1
                        : answer->xml ? xml_int(answer->xml, rule->total, -1)
                                      : json_int(json_at(answer->json, rule->total), -1);
        p->more = p->page_items && (total >= 0 ? (int64_t)p->items < total : p->page_items >= p->page_size);
    } else if (!rule->short_is_last || p->page_items >= p->page_size) {
        const char *next = answer->xml ? xml_text(answer->xml, rule->next, "")
                                       : json_text(a, json_at(answer->json, rule->next), "");
        if (*next && strcmp(next, p->marker) == 0)
            return err_set(err, ERR_VENDOR, "%s: the list does not move on after %zu items",
                           p->call->operation, p->items);
        p->marker = arena_strdup(p->keep, next);
        p->more = *next != '\0';
    }
    if (p->more && (p->count >= PAGES_MAX || p->items >= ITEMS_MAX))
        return err_set(err, ERR_VENDOR, "%s: the list does not end after %zu items", p->call->operation,
                       p->items);
    return true;
}

/* Gives the page back; the job goes on with the arena it had before. */
static void page_drop(struct pages *p)
{
    if (p->page)
        p->job->arena = p->outer;
    p->page = arena_free(p->page);
    p->list = NULL;
    p->node = NULL;
    p->at = p->page_items = 0;
}

/* Moves to the next page. A failure to learn what follows is told once this page's items are through. */
static bool turn_page(struct pages *p)
{
    struct answer answer;
    char *arguments;
    page_drop(p);
    if (p->failed || !p->more)
        return false;
    p->page = p->call->private_answer ? arena_new_secret(ARENA_JOB_BYTES) : arena_new(ARENA_JOB_BYTES);
    p->job->arena = p->page;
    if (page_arguments(p->page, p, &arguments, &p->err) &&
        call_make(p->job, p->call, p->region, arguments, NULL, NULL, &answer, &p->err) &&
        page_items(p, &answer, &p->err)) {
        p->failed = !page_more(p->page, p, &answer, &p->err);
        return true;
    }
    p->failed = true;
    page_drop(p);
    return false;
}

const struct json *pages_next(struct pages *p)
{
    while (p->at >= json_count(p->list))
        if (!turn_page(p))
            return NULL;
    return json_item(p->list, p->at++);
}

const struct xml *pages_next_xml(struct pages *p)
{
    while (!p->node)
        if (!turn_page(p))
            return NULL;
    const struct xml *node = p->node;
    p->node = xml_next(node);
    return node;
}

void pages_close(struct pages *p)
{
    page_drop(p);
    p->keep = arena_free(p->keep);
    p->more = false;
}

bool pages_end(struct pages *p, struct err *err)
{
    pages_close(p);
    if (p->failed && err)
        *err = p->err;
    return !p->failed;
}
