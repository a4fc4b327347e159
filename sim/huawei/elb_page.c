#include "sim/huawei/elb.h"

#include <string.h>

enum { PAGE_SIZE = 2000, PAGE_BYTES = 16 << 20 };

bool elb_page_open(struct sim_call *c, struct elb_page *p, const char *kind, const char *list)
{
    const char *marker = sim_arg(c, "marker");
    *p = (struct elb_page){.size = (size_t)sim_arg_int(c, "limit", PAGE_SIZE), .begun = !marker || !*marker};
    if ((!p->begun && !sim_find(c, kind, c->region, marker)) || sim_arg_bool(c, "page_reverse", false)) {
        c->vendor->refuse(c, REFUSE_BAD_PARAMETER, p->begun ? "page_reverse" : "marker");
        return false;
    }
    p->body = buf_new(c->arena, PAGE_BYTES);
    p->w = json_writer_to(&p->body);
    json_open_object(&p->w);
    json_key(&p->w, list);
    json_open_array(&p->w);
    return true;
}

static bool value_fits(struct sim_call *c, const struct sim_object *o, const char *name, const char *pattern)
{
    const char *value = !strcmp(name, "id") ? o->id : sim_get(c, o, name);
    for (size_t i = 0; i < c->param_count; i++)
        if (!strcmp(c->params[i].pattern, pattern) && !strcmp(c->params[i].value, value))
            return true;
    return false;
}

static bool fits(struct sim_call *c, const struct sim_object *o)
{
    static const char *const others[] = {"marker", "limit", "page_reverse", "display_all_rules",
                                         "include_recycle_bin"};
    for (size_t i = 0; i < c->param_count; i++) {
        const struct sim_param_value *p = &c->params[i];
        const char *name = arena_copy(c->arena, p->pattern, strcspn(p->pattern, "["));
        bool other = p->where != IN_QUERY;
        for (size_t k = 0; k < countof(others); k++)
            other = other || !strcmp(name, others[k]);
        if (!other && !value_fits(c, o, name, p->pattern))
            return false;
    }
    return true;
}

struct sim_object *elb_page_next(struct sim_call *c, struct elb_page *p, const char *kind, size_t *cursor)
{
    struct sim_object *o;
    while ((o = sim_next(c, kind, c->region, cursor))) {
        bool before = !p->begun;
        p->begun = p->begun || !strcmp(o->id, sim_arg(c, "marker"));
        if (before || !fits(c, o))
            continue;
        p->more = p->count == p->size;
        if (p->more)
            return NULL;
        p->count++;
        p->last = o->id;
        return o;
    }
    return NULL;
}

void elb_page_close(struct sim_call *c, struct elb_page *p)
{
    json_close_array(&p->w);
    json_key(&p->w, "page_info");
    json_open_object(&p->w);
    json_member_int(&p->w, "current_count", (int64_t)p->count);
    if (p->more && p->last)
        json_member_string(&p->w, "next_marker", p->last);
    json_close_object(&p->w);
    json_member_string(&p->w, "request_id", c->request_id);
    json_close_object(&p->w);
    huawei_reply(c, 200, p->body.data);
}
