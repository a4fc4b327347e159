/* test_stage.h - a session of an access over a real gate to a server that answers what the test says. For tests. */
#pragma once
#include "cloud/session.h"

#include "net/test_support.h"
#include "store/test_support.h"

struct reply {
    unsigned status;
    const char *headers; /* more lines, each with \r\n; NULL: none */
    const char *body;    /* NULL: the connection is cut after the request was read */
};

enum { LOG_MAX = 64 };

struct stage {
    struct yard *y;
    struct test_server *server;
    struct gate *gate;
    struct cloud *cloud;
    struct session *session;
    struct job job;
    int64_t access_id;
    pthread_mutex_t lock; /* guards what follows */
    const struct reply *replies;
    size_t reply_count;
    char *log[LOG_MAX]; /* requests as received */
    size_t log_count;
};

extern const char stage_secret[]; /* of the access's key */

int stage_begin(void **state);
int stage_end(void **state);
void begin_as(struct stage *g, const char *cloud, bool read_only);
size_t calls_seen(struct stage *g);

/* The stage's job, as one of that product. */
static inline struct job *job_of(struct stage *g, const struct product *p)
{
    g->job.product = p;
    return &g->job;
}

#define stage_test(f) cmocka_unit_test_setup_teardown(f, stage_begin, stage_end)
#define REPLIES(g, ...)                                                                                      \
    static const struct reply replies_[] = {__VA_ARGS__};                                                    \
    (g)->replies = replies_;                                                                                 \
    (g)->reply_count = countof(replies_)
