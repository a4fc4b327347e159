/* huawei.h - what all Huawei Cloud products share: errors, projects of regions, ELB's certificates. */
#pragma once
#include "cloud/vendor.h"

extern const struct vendor huawei_vendor;

enum { HUAWEI_DOMAINS_MAX = 100, HUAWEI_DOMAINS_BYTES = 10000 }; /* what a certificate of ELB may list */

/* What ELB's calls have in common, within a struct call; `what` follows the project in the path. */
#define HUAWEI_ELB(name, verb, what)                                                                         \
    .service = "elb", .version = "", .operation = (name), .method = (verb),                                  \
    .host = "elb.{region}.myhuaweicloud.com", .path = "/v3/{project_id}/elb/" what, .style = CALL_REST_JSON
#define HUAWEI_PAGES(list)                                                                                   \
    .page = {.items = (list),                                                                                \
             .next = "/page_info/next_marker",                                                               \
             .position = "marker",                                                                           \
             .size = "limit",                                                                                \
             .size_value = 100,                                                                              \
             .style = PAGE_MARKER,                                                                           \
             .short_is_last = true}

/* What WAF's calls have in common. */
#define HUAWEI_WAF(name, verb, what)                                                                         \
    .service = "waf", .version = "", .operation = (name), .method = (verb),                                  \
    .host = "waf.{region}.myhuaweicloud.com", .path = "/v1/{project_id}/" what, .style = CALL_REST_JSON,     \
    .per_second = 5

/* vendor.held: what the certificate service (SCM) holds. */
must_use bool huawei_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err);

/* product.regions: those of the access, else those it has a project in. */
must_use bool huawei_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err);

/* Pushes by SCM. */
extern const struct pusher huawei_pusher;

/* Those it has a project in, whatever the access is limited to. */
must_use bool huawei_all_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err);

/* vendor.used, vendor.discard, and their calls. */
void huawei_used(struct job *job, struct stored *copies, size_t count);
must_use bool huawei_discard(struct job *job, const struct stored *copy, struct err *err);
extern const struct call *const huawei_clean_calls[];

/* product.upload for the stores "elb:REGION". */
must_use bool huawei_upload(struct job *job, const char *vendor_store, const struct material *m,
                            const char **ret, struct err *err);

/* vendor.facts for what WAF holds; asked where a job is WAF's. */
must_use bool huawei_waf_facts(struct job *job, const char *region, struct bound *b, struct err *err);
/* Which website holds a certificate of WAF, in a sentence, or that WAF did not tell; "": none. */
must_use bool huawei_waf_user(struct job *job, const char *region, const char *id, const char **ret,
                              struct err *err);
/* The parts of the name of a store of WAF, "waf:REGION:PROJECT"; false for any other. */
must_use bool huawei_waf_place(struct arena *a, const char *vendor_store, const char **ret_region,
                               const char **ret_project);
