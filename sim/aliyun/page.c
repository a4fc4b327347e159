#include "sim/aliyun/page.h"

#include <string.h>

enum { PAGE_SIZE = 20 };

bool aliyun_page_open(struct sim_call *c, struct aliyun_page *p, const char *list)
{
    const char *token = sim_arg(c, "NextToken");
    *p = (struct aliyun_page){.size = (size_t)sim_arg_int(c, "MaxResults", PAGE_SIZE)};
    if (token && *token && !sim_page_token_read(token, &p->from)) {
        sim_fail(c, 400, "IllegalParam.NextToken", "The param of NextToken is illegal.");
        return false;
    }
    p->answer = aliyun_begin(c);
    json_key(&p->answer->w, list);
    json_open_array(&p->answer->w);
    return true;
}

bool aliyun_page_holds(struct aliyun_page *p)
{
    size_t i = p->seen++;
    return i >= p->from && i < p->from + p->size;
}

void aliyun_page_close(struct sim_call *c, struct aliyun_page *p)
{
    json_close_array(&p->answer->w);
    json_member_int(&p->answer->w, "TotalCount", (int64_t)p->seen);
    json_member_int(&p->answer->w, "MaxResults", (int64_t)p->size);
    if (p->from + p->size < p->seen)
        json_member_string(&p->answer->w, "NextToken", sim_page_token(c->arena, p->from + p->size));
    aliyun_end(c, p->answer);
}

void aliyun_numbered_open(struct sim_call *c, struct aliyun_page *p, const char *list, int64_t size)
{
    size = sim_arg_int(c, "PageSize", size);
    *p = (struct aliyun_page){.from = (size_t)((sim_arg_int(c, "PageNumber", 1) - 1) * size),
                              .size = (size_t)size};
    p->answer = aliyun_begin(c);
    json_key(&p->answer->w, list);
    json_open_array(&p->answer->w);
}

void aliyun_numbered_close(struct sim_call *c, struct aliyun_page *p)
{
    json_close_array(&p->answer->w);
    json_member_int(&p->answer->w, "TotalCount", (int64_t)p->seen);
    aliyun_end(c, p->answer);
}

bool aliyun_is_asked(struct sim_call *c, const char *pattern, const char *value)
{
    const char *item;
    for (size_t i = 0; (item = sim_arg_item(c, pattern, i)); i++)
        if (!strcmp(item, value))
            return true;
    return !sim_arg_count(c, pattern);
}

bool aliyun_arg_fits(struct sim_call *c, const char *arg, const char *value)
{
    const char *wanted = sim_arg(c, arg);
    return !wanted || !*wanted || !strcmp(wanted, value);
}
