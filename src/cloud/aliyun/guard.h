/* guard.h - what WAF and Anti-DDoS Proxy share: domains at one of two sites, each with one certificate of the site's store
 * and an entry point of its own.
 */
#pragma once
#include "cloud/aliyun/aliyun.h"

/* product.regions: "cn-hangzhou" for mainland China, "ap-southeast-1" for the rest; of an access that is limited to
 * regions, those in which they lie.
 */
must_use bool guard_sites(struct job *job, const char ***ret, size_t *ret_count, struct err *err);

struct guard_domain { /* as read */
    const char *domain;
    const char *host, *unfit, *extra;
    const struct json
        *ports; /* of HTTPS: numbers, or texts of numbers. 443 is the entry point's if it is among them */
    struct binding binding;
};

/* Emits it as a resource of the site, if its name is one that a certificate could cover. */
must_use bool guard_emit(struct job *job, const struct survey *to, const struct guard_domain *d,
                         struct err *err);
