#include "api/metrics.h"

#include "api/pool.h"
#include "store/metric.h"

#include <string.h>

enum { ENDS_MAX = 1000, RATES_MAX = 1000 };

static void put_head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name="value", with what the format wants escaped. */
static const char *label(struct arena *a, const char *name, const char *value)
{
    struct buf b = buf_new(a, 8 << 10);
    buf_printf(&b, "%s=\"", name);
    for (const char *c = value; *c; c++) {
        if (*c == '\n')
            buf_puts(&b, "\\n");
        else if (*c == '"' || *c == '\\')
            buf_printf(&b, "\\%c", *c);
        else
            buf_putc(&b, *c);
    }
    buf_putc(&b, '"');
    return b.data;
}

static void put_one(struct buf *b, const char *name, const char *type, const char *help, double value)
{
    put_head(b, name, type, help);
    buf_printf(b, "%s %.15g\n", name, value);
}

/* Clouds */

static void put_calls(struct request *rq, struct buf *b)
{
    struct cloud_tally *tallies;
    size_t count;
    cloud_tallies(rq->api->parts.cloud, rq->arena, &tallies, &count);
    put_head(b, "certferry_cloud_calls_total", "counter", "Calls to the clouds, by what came of them.");
    for (size_t i = 0; i < count; i++)
        for (int kind = 0; kind < ERR_KIND_COUNT; kind++)
            if (tallies[i].outcomes[kind])
                buf_printf(b, "certferry_cloud_calls_total{cloud=\"%s\",action=\"%s\",outcome=\"%s\"} %lld\n",
                           tallies[i].cloud, tallies[i].action,
                           kind == ERR_NONE ? "ok" : err_kind_name((enum err_kind)kind),
                           (long long)tallies[i].outcomes[kind]);
    put_head(b, "certferry_cloud_call_seconds", "histogram", "How long calls to the clouds took.");
    for (size_t i = 0; i < count; i++)
        histogram_put(b, "certferry_cloud_call_seconds",
                      arena_printf(rq->arena, "cloud=\"%s\",action=\"%s\"", tallies[i].cloud,
                                   tallies[i].action),
                      &tallies[i].took);
}

static void put_rates(struct request *rq, struct buf *b)
{
    struct cloud_rate *rates;
    size_t count;
    cloud_rates(rq->api->parts.cloud, rq->arena, RATES_MAX, &rates, &count);
    put_head(b, "certferry_limiter_calls_per_second", "gauge", "How fast an access may call an action now.");
    for (size_t i = 0; i < count; i++)
        buf_printf(b, "certferry_limiter_calls_per_second{access=\"%lld\",%s} %.3f\n",
                   (long long)rates[i].access_id, label(rq->arena, "action", rates[i].key),
                   rates[i].per_second);
    put_head(b, "certferry_limiter_ceiling_calls_per_second", "gauge",
             "The rate at which the cloud last refused.");
    for (size_t i = 0; i < count; i++)
        if (rates[i].ceiling > 0)
            buf_printf(b, "certferry_limiter_ceiling_calls_per_second{access=\"%lld\",%s} %.3f\n",
                       (long long)rates[i].access_id, label(rq->arena, "action", rates[i].key),
                       rates[i].ceiling);
}

/* This process */

static void put_process(struct request *rq, struct buf *b)
{
    const struct api_parts *parts = &rq->api->parts;
    struct store_latency latency = store_latency_now(parts->store);
    put_head(b, "certferry_build_info", "gauge", "The program's version.");
    buf_printf(b, "certferry_build_info{version=\"%s\"} 1\n", parts->version);
    put_one(b, "certferry_deployments_open", "gauge",
            "Deployments that the engine has and that are not final.",
            parts->engine ? (double)engine_open_count(parts->engine) : 0);
    put_one(b, "certferry_requests_active", "gauge", "Requests being worked on.",
            (double)atomic_load(&rq->api->active));
    put_head(b, "certferry_queue_length", "gauge", "Requests that wait for a thread.");
    buf_printf(b, "certferry_queue_length{queue=\"readers\"} %zu\n", pool_waiting(rq->api->readers));
    buf_printf(b, "certferry_queue_length{queue=\"jobs\"} %zu\n", pool_waiting(rq->api->jobs));
    put_head(b, "certferry_store_seconds", "histogram", "How long reads and writes of the store took.");
    histogram_put(b, "certferry_store_seconds", "kind=\"read\"", &latency.read);
    histogram_put(b, "certferry_store_seconds", "kind=\"write\"", &latency.write);
}

/* The store */

struct stored {
    struct arena *arena;
    struct metric_deployments *deployments;
    struct metric_end *certificates, *resources;
    size_t deployment_count, certificate_count, resource_count;
};

static bool read_stored(struct db *db, void *context, struct err *err)
{
    struct stored *s = context;
    return store_metric_deployments(db, s->arena, &s->deployments, &s->deployment_count, err) &&
           store_metric_certificates(db, s->arena, ENDS_MAX, &s->certificates, &s->certificate_count, err) &&
           store_metric_resources(db, s->arena, ENDS_MAX, &s->resources, &s->resource_count, err);
}

static void put_stored(struct buf *b, const struct stored *s)
{
    static const char name[] = "certferry_certificate_not_after_seconds";
    put_head(b, "certferry_deployments", "gauge", "Deployments in the store, by state and class of cause.");
    for (size_t i = 0; i < s->deployment_count; i++)
        buf_printf(b, "certferry_deployments{state=\"%s\",cause=\"%s\"} %lld\n", s->deployments[i].state,
                   s->deployments[i].cause, (long long)s->deployments[i].count);
    put_head(
        b, name, "gauge",
        "When certificates end, and those that resources hold: Unix time. The 1,000 that end first of each.");
    for (size_t i = 0; i < s->certificate_count; i++)
        buf_printf(b, "%s{certificate=\"%lld\",%s} %lld\n", name, (long long)s->certificates[i].id,
                   label(s->arena, "name", s->certificates[i].name),
                   (long long)s->certificates[i].not_after_ms / 1000);
    for (size_t i = 0; i < s->resource_count; i++)
        buf_printf(b, "%s{resource=\"%lld\",product=\"%s\",%s} %lld\n", name, (long long)s->resources[i].id,
                   s->resources[i].product, label(s->arena, "name", s->resources[i].name),
                   (long long)s->resources[i].not_after_ms / 1000);
}

bool metrics_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct stored stored = {.arena = rq->arena};
    if (!store_read(rq->api->parts.store, read_stored, &stored, err))
        return false;
    put_process(rq, &reply->body);
    put_calls(rq, &reply->body);
    put_rates(rq, &reply->body);
    put_stored(&reply->body, &stored);
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return true;
}
