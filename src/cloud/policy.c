#include "cloud/policy.h"

#include "base/buf.h"
#include "cloud/vendor.h"
#include <stdlib.h>
#include <string.h>

enum { ACTIONS_MAX = 1000, DOCUMENT_BYTES = 256 << 10 };

/* A row fits by cloud, service and, where it is given, operation; `actions` NULL: no permission is needed; "" in the place of
 * the operation's own name: prefix and operation. The first row that fits counts.
 */
static const struct {
    const char *cloud, *service, *operation, *prefix, *actions;
} rows[] = {
    {"aliyun", "sts", "GetCallerIdentity", NULL, NULL},
    {"aliyun", "cas", "UploadUserCertificate", NULL,
     "yundun-cert:UploadUserCertificate yundun-cert:CreateSSLCertificate"},
    {"aliyun", "cas", "GetUserCertificateDetail", NULL,
     "yundun-cert:GetUserCertificateDetail yundun-cert:DescribeSSLCertificatePublicKeyDetail"},
    {"aliyun", "cas", NULL, "yundun-cert", NULL},
    /* OSS reads the certificate, and its key, with the rights of the caller. */
    {"aliyun", "oss", "PutCname", NULL, "oss:PutCname yundun-cert:DescribeSSLCertificatePrivateKey"},
    {"aliyun", "waf2", NULL, "yundun-waf", NULL},
    {"aliyun", "waf3", NULL, "yundun-waf", NULL},
    {"aliyun", "ddoscoo", NULL, "yundun-ddoscoo", NULL},
    {"aliyun", "cloudapi", NULL, "apigateway", NULL},
    {"aliyun", "fc2", NULL, "fc", NULL},
    {"aliyun", "fc3", NULL, "fc", NULL},
    {"aliyun", "k8s", NULL, NULL, NULL}, /* a cluster has roles of its own */
    {"tencent", "sts", "GetCallerIdentity", NULL, NULL},
    {"aws", "sts", "GetCallerIdentity", NULL, NULL},
    {"aws", "acm", "ImportCertificate", NULL, "acm:ImportCertificate acm:AddTagsToCertificate"},
    {"aws", "iam", "UploadServerCertificate", NULL, "iam:UploadServerCertificate iam:TagServerCertificate"},
    {"aws", "elb", NULL, "elasticloadbalancing", NULL},
    {"aws", "elbv2", NULL, "elasticloadbalancing", NULL},
    {"huawei", "iam", "KeystoneListAuthDomains", NULL, NULL},
    {"huawei", "iam", "KeystoneListAuthProjects", NULL, NULL},
    {"huawei", "sts", "AssumeAgency", NULL, "sts:agencies:assume"},
    {"huawei", "scm", "ListCertificates", NULL, "scm:cert:list"},
    {"huawei", "scm", "ShowCertificate", NULL, "scm:cert:get"},
    {"huawei", "scm", "DeleteCertificate", NULL, "scm:cert:delete"},
    {"huawei", "scm", "ListDeployedResources", NULL, "scm:cert:deployResources"},
    {"huawei", "scm", "PushCertificate", NULL, "scm:cert:push"},
    {"huawei", "scm", "BatchPushCertificate", NULL, "scm:cert:push"},
    {"huawei", "scm", "ImportCertificate", NULL, "scm:cert:import scm:cert:upload"},
    {"huawei", "scm", "ExportCertificate", NULL, "scm:cert:download"},
    {"huawei", "elb", "ListCertificates", NULL, "elb:certificates:list"},
    {"huawei", "elb", "ShowCertificate", NULL, "elb:certificates:get"},
    {"huawei", "elb", "DeleteCertificate", NULL, "elb:certificates:delete"},
    {"huawei", "elb", "CreateCertificate", NULL, "elb:certificates:create"},
    {"huawei", "elb", "ListListeners", NULL, "elb:listeners:list"},
    {"huawei", "elb", "ShowListener", NULL, "elb:listeners:get"},
    {"huawei", "elb", "UpdateListener", NULL, "elb:listeners:put"},
    {"huawei", "elb", "ListLoadBalancers", NULL, "elb:loadbalancers:list"},
    {"huawei", "elb", "ShowLoadBalancer", NULL, "elb:loadbalancers:get"},
    {"huawei", "elb", NULL, NULL, "elb:l7policies:list elb:l7policies:get"},
    {"huawei", "cdn", "ListDomains", NULL, "cdn:configuration:queryDomains"},
    {"huawei", "cdn", "UpdateDomainFullConfig", NULL, "cdn:configuration:modifyHttpsConf"},
    {"huawei", "cdn", NULL, NULL, "cdn:configuration:queryHttpsConf"},
    {"huawei", "waf", "ListCertificates", NULL, "waf:certificate:list"},
    {"huawei", "waf", "ShowCertificate", NULL, "waf:certificate:get"},
    {"huawei", "waf", "DeleteCertificate", NULL, "waf:certificate:delete"},
    {"huawei", "waf", "CreateCertificate", NULL, "waf:certificate:create"},
    {"huawei", "waf", "ApplyCertificateToHost", NULL, "waf:certificate:apply"},
    {"huawei", "waf", "ListCompositeHosts", NULL, "waf:instance:list"},
    {"huawei", "waf", NULL, NULL, "waf:instance:get"},
};

const char *policy_actions(struct arena *a, const char *cloud, const struct call *call)
{
    for (size_t i = 0; i < countof(rows); i++) {
        if (strcmp(rows[i].cloud, cloud) != 0 || strcmp(rows[i].service, call->service) != 0 ||
            (rows[i].operation && strcmp(rows[i].operation, call->operation) != 0))
            continue;
        return rows[i].prefix ? arena_printf(a, "%s:%s", rows[i].prefix, call->operation) : rows[i].actions;
    }
    return arena_printf(a, "%s:%s", call->service, call->operation);
}

struct actions {
    struct arena *arena;
    const char **items;
    size_t count, capacity;
};

static void add_actions(struct actions *s, const char *cloud, const struct call *const *calls, bool read_only)
{
    for (; *calls; calls++) {
        const char *names = (*calls)->write && read_only ? NULL : policy_actions(s->arena, cloud, *calls);
        if (strncmp((*calls)->operation, "Assume", 6) == 0)
            continue; /* allowed by the role, to whom it trusts */
        for (const char *p = names; p && *p; p += strspn(p, " ")) {
            size_t size = strcspn(p, " ");
            const char *name = arena_copy(s->arena, p, size);
            bool known = false;
            for (size_t i = 0; i < s->count && !known; i++)
                known = strcmp(s->items[i], name) == 0;
            if (!known && s->count < ACTIONS_MAX)
                *(const char **)arena_push(s->arena, (void **)&s->items, &s->count, &s->capacity,
                                           sizeof name) = name;
            p += size;
        }
    }
}

static int by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static bool add_product(struct actions *s, const char *cloud, const char *code, bool read_only,
                        struct err *err)
{
    const struct product *product = product_find(code);
    if (!product)
        return err_set(err, ERR_INPUT, "product %.60s is not supported: see `certferry product list`", code);
    if (strcmp(product->cloud, cloud) != 0)
        return err_set(err, ERR_INPUT, "product %s is none of the cloud %s", code, cloud);
    add_actions(s, cloud, product->calls, read_only);
    return true;
}

/* How each cloud writes it: before the actions, after them. */
static const struct {
    const char *cloud, *before, *after;
} documents[] = {
    {"aliyun",
     "{\n  \"Version\": \"1\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": "
     "[\n",
     "      ],\n      \"Resource\": \"*\"\n    }\n  ]\n}\n"},
    {"tencent",
     "{\n  \"version\": \"2.0\",\n  \"statement\": [\n    {\n      \"effect\": \"allow\",\n      \"action\": "
     "[\n",
     "      ],\n      \"resource\": [\"*\"]\n    }\n  ]\n}\n"},
    {"aws",
     "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      "
     "\"Action\": [\n",
     "      ],\n      \"Resource\": \"*\"\n    }\n  ]\n}\n"},
    {"huawei",
     "{\n  \"Version\": \"1.1\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": "
     "[\n",
     "      ]\n    }\n  ]\n}\n"},
};

bool policy_document(struct arena *a, const char *cloud, const char *const *products_wanted, size_t count,
                     bool read_only, bool clean, char **ret, struct err *err)
{
    struct actions s = {.arena = a};
    size_t d = 0;
    while (d < countof(documents) && strcmp(documents[d].cloud, cloud) != 0)
        d++;
    if (d == countof(documents))
        return err_set(err, ERR_INPUT, "cloud \"%.40s\": aliyun, tencent, aws or huawei", cloud);
    add_actions(&s, cloud, vendor_find(cloud)->calls, read_only);
    if (clean)
        add_actions(&s, cloud, vendor_find(cloud)->clean_calls, read_only);
    for (size_t i = 0; i < count; i++)
        if (!add_product(&s, cloud, products_wanted[i], read_only, err))
            return false;
    for (size_t i = 0; !count && products[i]; i++)
        if (strcmp(products[i]->cloud, cloud) == 0)
            add_actions(&s, cloud, products[i]->calls, read_only);
    if (s.count)
        qsort(s.items, s.count, sizeof *s.items, by_name);
    struct buf b = buf_new(a, DOCUMENT_BYTES);
    buf_puts(&b, documents[d].before);
    for (size_t i = 0; i < s.count; i++)
        buf_printf(&b, "        \"%s\"%s\n", s.items[i], i + 1 < s.count ? "," : "");
    buf_puts(&b, documents[d].after);
    *ret = b.data;
    return true;
}
