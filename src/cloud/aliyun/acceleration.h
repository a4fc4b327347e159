/* acceleration.h - what CDN and DCDN have in common: the same operations under other names, with other field names.
 *
 * A wildcard domain is written ".example.com". Setting is accepted at once and rolls out in the background while
 * DomainStatus is "configuring". Certificates come in three kinds: "cas" is bound by reference and can be put back by
 * it; "upload" lives in the product alone and its key cannot be read back, so that it is named by its digest and put
 * back only from our own store; "free" cannot be put back.
 *
 * An SM certificate stands beside the other one, in the slot "sm", set by a call of its own. No answer tells which it is:
 * what this access set last, or what the inventory keeps from an earlier deployment, is taken for it while the product
 * still knows that certificate.
 */
#pragma once
#include "cloud/aliyun/aliyun.h"

struct acceleration {
    const char *word; /* "CDN" */
    const struct call *list_domains, *get_certificate, *set_certificate, *set_own_key, *set_sm, *get_sm;
    const char *list_https, *info_https,
        *info_pem; /* JSON pointers, from a domain and from its certificate */
};
extern const struct acceleration aliyun_cdn_acceleration, aliyun_dcdn_acceleration;

/* The functions of struct product. */
must_use bool acceleration_discover(struct job *job, const struct survey *to, struct err *err);
must_use bool acceleration_read(struct job *job, const struct resource *r, struct binding *now,
                                struct err *err);
must_use bool acceleration_store_for(struct job *job, const struct resource *r, const struct material *m,
                                     const char **ret, struct err *err);
must_use bool acceleration_bind(struct job *job, const struct bind *w, struct err *err);
must_use bool acceleration_old_key(struct job *job, const struct resource *r, const struct bound *old,
                                   const char **ret, struct err *err);
