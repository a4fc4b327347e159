/* page.h - lists by MaxResults and NextToken, and the filters that go with them. */
#pragma once
#include "sim/aliyun/aliyun.h"

struct aliyun_page {
    size_t from, size, seen;
    struct aliyun_answer *answer;
};

/* Begins the answer and its list; false after refusing a token that was never given out. */
must_use bool aliyun_page_open(struct sim_call *c, struct aliyun_page *p, const char *list);
/* Counts an entry; true if it stands on this page. */
bool aliyun_page_holds(struct aliyun_page *p);
void aliyun_page_close(struct sim_call *c, struct aliyun_page *p);

/* The same for lists by PageNumber and PageSize, of which only TotalCount is told at the end. */
void aliyun_numbered_open(struct sim_call *c, struct aliyun_page *p, const char *list, int64_t size);
void aliyun_numbered_close(struct sim_call *c, struct aliyun_page *p);

/* Whether the value is one of those sent as `pattern` ("ListenerIds[]"), or none were sent. */
bool aliyun_is_asked(struct sim_call *c, const char *pattern, const char *value);
/* Whether the value is the one sent as `arg`, or none was sent. */
bool aliyun_arg_fits(struct sim_call *c, const char *arg, const char *value);
