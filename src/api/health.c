#include "api/health.h"

#include "store/certificate.h"

static bool say(struct request *rq, struct reply *reply, const char *status)
{
    buf_puts(&reply->body, json_format(rq->arena, "{'status':%s}", status));
    return true;
}

bool health_live(struct request *rq, struct reply *reply, struct err *err)
{
    (void)err;
    return say(rq, reply, "ok");
}

static bool look(struct db *db, void *context, struct err *err)
{
    int64_t *mark = context;
    return store_certificate_mark(db, mark, err);
}

/* What is wrong is for the log: whoever asks may be anybody. */
bool health_ready(struct request *rq, struct reply *reply, struct err *err)
{
    int64_t mark;
    bool stops = atomic_load(&rq->api->stopping);
    if (!stops && store_read(rq->api->parts.store, look, &mark, err))
        return say(rq, reply, "ready");
    reply->status = 503;
    return say(rq, reply, stops ? "stopping" : "the store cannot be read");
}
