#include "sim/core.h"

#include <ctype.h>
#include <string.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Whether the text holds the word, not as a part of a longer one. */
static bool has_word(const char *text, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = strstr(text, word); at && size; at = strstr(at + 1, word))
        if ((at == text || !is_word(at[-1])) && !is_word(at[size]))
            return true;
    return false;
}

static bool names(const struct sim_object *o, const char *const *words, size_t count)
{
    for (size_t i = 0; i < o->now->count; i++)
        for (size_t k = 0; k < count; k++)
            if (has_word(o->now->items[i].value, words[k]))
                return true;
    return false;
}

bool sim_next_user(struct sim_call *c, const char *const *words, size_t count, size_t *cursor,
                   const struct sim_object **ret)
{
    const struct sim_object *o;
    while ((o = state_each(c->state, cursor))) {
        bool own = !strcmp(o->cloud, c->vendor->cloud) && !strcmp(o->account, c->access->account);
        const char *dot = strchr(o->kind, '.');
        if (!own || *o->kind == '@' || !dot || !strcmp(dot, ".certificate") || !names(o, words, count))
            continue;
        *ret = o;
        return true;
    }
    return false;
}

bool sim_region_is_denied(const struct sim_call *c, const char *region)
{
    for (size_t i = 0; i < c->sim->denied_count; i++)
        if (!strcmp(c->sim->denied[i], region))
            return true;
    return false;
}
