/* Products whose domains hold one certificate: given as PEM with its key (Function Compute, API Gateway), or by its reference
 * (the cloud-native gateways).
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

bool aliyun_pem_store(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)r;
    (void)job, (void)m, (void)err;
    *ret = NULL;
    return true;
}

bool aliyun_pem_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                       struct err *err)
{
    (void)job;
    (void)vendor_store;
    (void)err;
    *ret = m->fingerprint;
    return true;
}

bool aliyun_ref_store(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)m, (void)err;
    *ret = aliyun_store(job, r->region);
    return true;
}
