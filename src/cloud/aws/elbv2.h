/* elbv2.h - what Application and Network Load Balancers share; each adds its kind and its struct product. */
#pragma once
#include "cloud/aws/aws.h"

struct elbv2_kind {
    const char *type, *protocol; /* of the load balancer, of the listeners with certificates */
    bool rules;                  /* rules name hosts */
};

extern const struct call *const elbv2_calls[];

/* Every listener of this kind in the region, as a resource of job->product. */
must_use bool elbv2_discover(struct job *job, const struct elbv2_kind *kind, const struct survey *to,
                             struct err *err);

/* As in struct product. */
#define ELBV2_DEFAULT_STAYS "a listener always has a default certificate: it can be replaced, not removed"
must_use bool elbv2_read(struct job *job, const struct resource *r, struct binding *now, struct err *err);
must_use bool elbv2_store_for(struct job *job, const struct resource *r, const struct material *m,
                              const char **ret, struct err *err);
must_use bool elbv2_bind(struct job *job, const struct bind *w, struct err *err);
