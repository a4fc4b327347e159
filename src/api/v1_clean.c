#include "api/event_stream.h"
#include "api/v1_access.h"
#include "inventory/clean.h"
#include <stdlib.h>

enum { COPIES_MAX = 10000 };

const struct field access_clean_fields[] = {
    {"delete", FIELD_BOOL, false, 0},
    {"copies", FIELD_TEXTS, false, COPIES_MAX}, /* only these, by their ids */
    {NULL, FIELD_TEXT, false, 0},
};

struct find_access {
    struct request *rq;
    struct access_row row;
};

static bool find_access(struct db *db, void *context, struct err *err)
{
    struct find_access *find = context;
    return store_access_find(db, find->rq->arena, find->rq->args[0], &find->row, err);
}

/* A client that left does not stop the work. */
static void progress(void *context, const struct copy_row *copy, const char *certificate,
                     enum clean_state state, const char *reason)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    const char *text =
        json_format(a,
                    "{'id':%lld,'certificate':%lld,'certificate_name':%s,'store':%s,'ref':%s,'name':%s,'"
                    "state':%s,'reason':%s}",
                    (long long)copy->id, (long long)copy->certificate_id, certificate, copy->vendor_store,
                    copy->ref, copy->name, clean_state_name(state), reason);
    (void)event_stream_put(context, "progress", text);
}

static bool copies_of(struct request *rq, struct arena *a, struct clean_options *o, struct err *err)
{
    size_t count;
    const char **texts = request_texts(rq, "copies", &count);
    if (json_is_null(json_at(rq->body, "/copies")))
        return true;
    int64_t *ids = arena_array(a, int64_t, count + 1);
    for (size_t i = 0; i < count; i++)
        if (!request_id_parse(texts[i], &ids[i]))
            return err_set(err, ERR_INPUT, "\"%.40s\" is no id of a copy", texts[i]);
    o->only = ids;
    o->only_count = count;
    return true;
}

bool v1_access_clean(struct request *rq, struct reply *reply, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(16 << 20);
    const struct api_parts *parts = &rq->api->parts;
    struct find_access access = {.rq = rq};
    struct clean_options options = {.remove = request_bool(rq, "delete", false), .stop = &rq->api->stopping};
    struct err failed = {0};
    size_t counts[CLEAN_STATE_COUNT];
    if (!store_read(parts->store, find_access, &access, err) || !copies_of(rq, a, &options, err))
        return false;
    options.access_id = access.row.id;
    if (options.remove && !request_record(rq, err))
        return false;
    struct event_stream *stream = event_stream_open(rq->exchange);
    reply->taken = true;
    if (inventory_clean(parts->cloud, parts->store, &options, progress, stream, counts, &failed))
        (void)event_stream_put(stream, "done",
                               json_format(a, "{'kept':%zu,'unused':%zu,'deleted':%zu,'failed':%zu}",
                                           counts[CLEAN_KEPT], counts[CLEAN_UNUSED], counts[CLEAN_DELETED],
                                           counts[CLEAN_FAILED]));
    else
        (void)event_stream_put(stream, "problem", problem_document(a, &failed));
    event_stream_close(stream);
    return true;
}
