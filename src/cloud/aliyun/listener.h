/* listener.h - what Alibaba Cloud's load balancers share: balancers joined to their listeners, owners, and, for ALB and
 * NLB, a default certificate with a set of further ones.
 */
#pragma once
#include "cloud/aliyun/aliyun.h"

struct aliyun_listeners {            /* in what ALB and NLB differ, for the functions below */
    const struct call *certificates; /* ListListenerCertificates */
    /* Its arguments for the server certificates of one listener. */
    char *(*arguments)(struct arena *a, const char *region, const char *listener);
};

struct aliyun_listing { /* one region, while it is listed */
    const struct aliyun_listeners *kind;
    struct balancers balancers;
    struct links hosts; /* a listener, and the hosts that its forwarding rules mention */
};

/* Why the slot "default" is never emptied. */
#define ALIYUN_DEFAULT_STAYS "a listener always has a default certificate: it can be replaced, not removed"

/* Which controller's tags a load balancer or a listener carries: "ack:c1"; "" if none. */
const char *aliyun_owner_of(struct arena *a, const struct json *tagged);

/* Lists the load balancers of ALB, NLB or CLB into l; arguments are JSON. */
must_use bool aliyun_keep_balancers(struct job *job, const struct call *call, const char *region,
                                    const char *arguments, struct balancers *l, struct err *err);
/* Lists the listeners of ALB or NLB, each a resource. */
must_use bool aliyun_emit_listeners(struct job *job, const struct survey *to, const struct aliyun_listing *l,
                                    const struct call *call, const char *arguments, struct err *err);

/* The binding of a listener of ALB or NLB but for its settings, given its attributes. */
must_use bool aliyun_listener_binding(struct job *job, const struct aliyun_listeners *kind,
                                      const struct resource *r, const struct json *attributes,
                                      struct binding *now, struct err *err);

/* The next write towards a change of such a listener. */
enum aliyun_step { ALIYUN_NOTHING, ALIYUN_SET_DEFAULT, ALIYUN_ASSOCIATE, ALIYUN_DISSOCIATE };
struct aliyun_write {
    enum aliyun_step step;
    const char **refs; /* at most ten, as many as every call takes */
    size_t count;
};
struct aliyun_write aliyun_listener_write(struct arena *a, const struct bind *w);
