#include "task/selection.h"

#include "codec/json.h"
#include "codec/json_format.h"
#include <string.h>

const char *const hold_words[] = {"lose-names", "no-rollback", "shorter", "partial",
                                  "expired",    "managed",     "full",    NULL};

/* The members that are lists of texts. */
static const struct {
    const char *name;
    size_t offset;
} lists[] = {
    {"certificates", offsetof(struct selection, certificates)},
    {"access", offsetof(struct selection, access)},
    {"product", offsetof(struct selection, product)},
    {"region", offsetof(struct selection, region)},
    {"resource", offsetof(struct selection, resource)},
    {"domain", offsetof(struct selection, domain)},
    {"exclude", offsetof(struct selection, exclude)},
    {"add", offsetof(struct selection, add)},
    {"accept", offsetof(struct selection, accept)},
    {"contacts", offsetof(struct selection, contacts)},
};

static struct texts *list_at(struct selection *s, size_t i)
{
    return (struct texts *)(void *)((char *)s + lists[i].offset);
}

bool texts_have(const struct texts *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static bool known_word(const char *word)
{
    for (size_t i = 0; hold_words[i]; i++)
        if (strcmp(hold_words[i], word) == 0)
            return true;
    return false;
}

static bool text_check(const char *member, const char *text, struct err *err)
{
    size_t size = strlen(text);
    if (size == 0)
        return err_set(err, ERR_INPUT, "%s: an entry is empty", member);
    if (size > SELECTION_TEXT_BYTES)
        return err_set(err, ERR_INPUT, "%s: an entry is longer than %d bytes", member, SELECTION_TEXT_BYTES);
    return true;
}

bool selection_check(const struct selection *s, struct err *err)
{
    for (size_t i = 0; i < countof(lists); i++) {
        const struct texts *list = (const struct texts *)(const void *)((const char *)s + lists[i].offset);
        if (list->count > SELECTION_LIST_MAX)
            return err_set(err, ERR_INPUT, "%s: more than %d entries", lists[i].name, SELECTION_LIST_MAX);
        for (size_t j = 0; j < list->count; j++)
            if (!text_check(lists[i].name, list->items[j], err))
                return false;
    }
    if (s->certificates.count == 0)
        return err_set(err, ERR_INPUT, "name at least one certificate");
    if (s->replaces[0] && !text_check("replaces", s->replaces, err))
        return false;
    for (size_t i = 0; i < s->accept.count; i++)
        if (!known_word(s->accept.items[i]))
            return err_set(
                err, ERR_INPUT,
                "accept: \"%s\" is none of lose-names, no-rollback, shorter, partial, expired, managed, full",
                s->accept.items[i]);
    return true;
}

static bool read_list(struct arena *a, const char *name, const struct json *value, struct texts *ret,
                      struct err *err)
{
    if (!json_is_array(value))
        return err_set(err, ERR_INPUT, "%s: expected a list of texts", name);
    size_t count = json_count(value);
    if (count > SELECTION_LIST_MAX)
        return err_set(err, ERR_INPUT, "%s: more than %d entries", name, SELECTION_LIST_MAX);
    const char **items = arena_array(a, const char *, count);
    for (size_t i = 0; i < count; i++) {
        items[i] = arena_strdup(a, json_text(a, json_item(value, i), NULL));
        if (!items[i])
            return err_set(err, ERR_INPUT, "%s: expected a list of texts", name);
    }
    *ret = (struct texts){items, count};
    return true;
}

static bool read_bool(const char *name, const struct json *value, bool *ret, struct err *err)
{
    bool if_absent_true = json_bool(value, true);
    if (if_absent_true != json_bool(value, false))
        return err_set(err, ERR_INPUT, "%s: expected true or false", name);
    *ret = if_absent_true;
    return true;
}

static bool read_member(struct arena *a, const char *name, const struct json *value, struct selection *s,
                        struct err *err)
{
    for (size_t i = 0; i < countof(lists); i++)
        if (strcmp(name, lists[i].name) == 0)
            return read_list(a, name, value, list_at(s, i), err);
    if (strcmp(name, "allow_expiring") == 0)
        return read_bool(name, value, &s->allow_expiring, err);
    if (strcmp(name, "verify") == 0)
        return read_bool(name, value, &s->verify, err);
    if (strcmp(name, "replaces") == 0) {
        s->replaces = arena_strdup(a, json_text(a, value, NULL));
        return s->replaces || err_set(err, ERR_INPUT, "replaces: expected a text");
    }
    return err_set(err, ERR_INPUT, "\"%.64s\" is no member of a selection", name);
}

bool selection_from_json(struct arena *a, const char *json, size_t size, struct selection *ret,
                         struct err *err)
{
    const struct json *document = NULL;
    if (!json_parse(a, json, size, &document, err))
        return err_add(err, "selection");
    if (!json_is_object(document))
        return err_set(err, ERR_INPUT, "selection: expected an object");
    struct selection s = {.replaces = "", .verify = true};
    const char *name = NULL;
    const struct json *value = NULL;
    for (size_t i = 0; json_member(document, i, &name, &value); i++)
        if (!read_member(a, name, value, &s, err))
            return err_add(err, "selection");
    if (!selection_check(&s, err))
        return err_add(err, "selection");
    *ret = s;
    return true;
}

char *selection_to_json(struct arena *a, const struct selection *s)
{
    struct buf b = buf_new(a, (size_t)32 << 20);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    for (size_t i = 0; i < countof(lists); i++) {
        const struct texts *list = (const struct texts *)(const void *)((const char *)s + lists[i].offset);
        json_member_raw(&w, lists[i].name, json_strings(a, list->items, list->count));
    }
    json_member_string(&w, "replaces", s->replaces);
    json_member_bool(&w, "allow_expiring", s->allow_expiring);
    json_member_bool(&w, "verify", s->verify);
    json_close_object(&w);
    return b.data;
}
