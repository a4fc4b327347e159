#include "api/v1_status.h"

bool v1_status(struct request *rq, struct reply *reply, struct err *err)
{
    const struct api_parts *parts = &rq->api->parts;
    struct cloud_counts counts = cloud_counts_now(parts->cloud);
    (void)err;
    buf_puts(&reply->body,
             json_format(rq->arena,
                         "{'version':%s,'engine':%p,'open_deployments':%zu,"
                         "'calls':{'sent':%lld,'failed':%lld,'throttled':%lld}}",
                         parts->version, json_boolean(parts->engine != NULL),
                         parts->engine ? engine_open_count(parts->engine) : (size_t)0,
                         (long long)counts.calls, (long long)counts.failed, (long long)counts.throttled));
    return true;
}
