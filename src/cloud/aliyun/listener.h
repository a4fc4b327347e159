/* listener.h - what Alibaba Cloud's load balancers share: balancers joined to their listeners, owners, and, for ALB and
 * NLB, a default certificate with a set of further ones.
 */
#pragma once
#include "cloud/aliyun/aliyun.h"

struct aliyun_balancer {
    const char *id, *name, *host, *reach, *managed_by;
};

struct aliyun_rule { /* a host that a forwarding rule of the listener mentions */
    const char *listener, *host;
};

struct aliyun_listeners {            /* in what ALB and NLB differ, for the functions below */
    const char *product, *word;      /* "aliyun/alb", "alb" */
    const struct call *certificates; /* ListListenerCertificates */
    /* Its arguments for the server certificates of one listener. */
    char *(*arguments)(struct arena *a, const char *region, const char *listener);
};

struct aliyun_listing { /* one region, while it is listed */
    struct arena *keep;
    const char *region;
    const struct aliyun_listeners *kind;
    struct aliyun_balancer *balancers;
    size_t balancer_count, balancer_capacity;
    struct aliyun_rule *rules;
    size_t rule_count, rule_capacity;
    resource_fn *each;
    void *context;
};

/* Which controller's tags a load balancer or a listener carries: "ack:c1"; "" if none. */
const char *aliyun_owner_of(struct arena *a, const struct json *tagged);

/* item_fn over load balancers; the context is a listing, which keeps them. Takes the spelling of ALB, NLB and CLB. */
must_use bool aliyun_keep_balancer(struct job *job, void *context, const struct json *item,
                                   const struct xml *node, struct err *err);
/* One of those kept; one without name, host and known reach where it is not among them. */
const struct aliyun_balancer *aliyun_balancer_of(const struct aliyun_listing *l, const char *id);

/* item_fn over listeners of ALB and NLB; the context is a listing, whose `each` gets the resource. */
must_use bool aliyun_emit_listener(struct job *job, void *context, const struct json *item,
                                   const struct xml *node, struct err *err);

/* The binding of a listener of ALB or NLB, given its attributes and what of them is to be kept as settings. */
must_use bool aliyun_listener_binding(struct job *job, const struct aliyun_listeners *kind,
                                      const struct resource *r, const struct json *attributes,
                                      const char *settings, struct binding *ret, struct err *err);

/* The next write towards a change of such a listener. */
enum aliyun_step { ALIYUN_NOTHING, ALIYUN_SET_DEFAULT, ALIYUN_ASSOCIATE, ALIYUN_DISSOCIATE };
struct aliyun_write {
    enum aliyun_step step;
    const char **refs; /* at most ten, as many as every call takes */
    size_t count;
};
must_use bool aliyun_listener_write(struct arena *a, const struct binding *now, const struct change *change,
                                    struct aliyun_write *ret, struct err *err);
