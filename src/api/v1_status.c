#include "api/v1_status.h"

#include "api/authority.h"
#include "store/task.h"

enum { UNFINISHED_SHOWN = 10 };

struct unfinished {
    struct request *rq;
    struct json_writer *w;
};

/* Tasks that were submitted and are not final, the newest few of each state. */
static bool put_unfinished(struct db *db, void *context, struct err *err)
{
    static const char *const states[] = {"pending", "scheduling", "processing"};
    struct unfinished *u = context;
    for (size_t i = 0; i < countof(states); i++) {
        struct task_row *rows;
        size_t count;
        if (!store_task_list(db, u->rq->arena, &(struct page){.limit = UNFINISHED_SHOWN},
                             &(struct task_filter){.state = states[i]}, &rows, &count, err))
            return false;
        for (size_t k = 0; k < count; k++) {
            bool seen;
            if (!request_sees_task(u->rq, db, &rows[k], &seen, err))
                return false;
            if (seen)
                json_put_int(u->w, rows[k].id);
        }
    }
    return true;
}

bool v1_status(struct request *rq, struct reply *reply, struct err *err)
{
    const struct api_parts *parts = &rq->api->parts;
    struct cloud_counts counts = cloud_counts_now(parts->cloud);
    struct json_writer w = json_writer_to(&reply->body);
    struct unfinished u = {rq, &w};
    json_open_object(&w);
    json_member_string(&w, "version", parts->version);
    json_member_bool(&w, "engine", parts->engine != NULL);
    json_member_int(&w, "open_deployments", parts->engine ? (int64_t)engine_open_count(parts->engine) : 0);
    json_key(&w, "unfinished_tasks");
    json_open_array(&w);
    if (!store_read(parts->store, put_unfinished, &u, err))
        return false;
    json_close_array(&w);
    json_member_raw(&w, "calls",
                    json_format(rq->arena, "{'sent':%lld,'failed':%lld,'throttled':%lld}",
                                (long long)counts.calls, (long long)counts.failed,
                                (long long)counts.throttled));
    json_close_object(&w);
    return true;
}
