/* cdn.h - what the simulated CDN and DCDN share: the same service under other names, with other field names. */
#pragma once
#include "sim/aliyun/page.h"

struct aliyun_cdn { /* what differs */
    const char *code, *kind, *own_cert;
    const char *list_https;            /* the switch in a list's entry */
    const char *info_https, *info_pem; /* in a domain's certificate */
    bool info_times;                   /* it tells CertStartTime and CertUpdateTime too */
    const char *detail, *sources,
        *source; /* DescribeCdnDomainDetail: the object, its list, the list's entries */
    const char *detail_https;
    bool sm_list_plain;    /* CertList[] instead of CertList.Cert[] */
    const char *type_name; /* "CdnType"; NULL: none */
    const char *cname;     /* the label that its entry points have in common */
};

void aliyun_cdn_user_domains(struct sim_call *c);
void aliyun_cdn_certificate_info(struct sim_call *c);
void aliyun_cdn_domain_detail(struct sim_call *c);
void aliyun_cdn_domain_configs(struct sim_call *c);
void aliyun_cdn_set_certificate(struct sim_call *c);
void aliyun_cdn_set_sm(struct sim_call *c);
void aliyun_cdn_sm_list(struct sim_call *c);
void aliyun_cdn_sm_detail(struct sim_call *c);

bool aliyun_cdn_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                      struct sim_entry *ret);
const struct sim_object *aliyun_cdn_choose(struct sim_state *s, const struct sim_object *o,
                                           const struct sim_fields *view, const char *server_name);
void aliyun_cdn_seed(struct sim_seeding *s, const char *code, size_t n);
