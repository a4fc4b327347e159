/* scm.h - Huawei Cloud's certificate service (SCM, part of CCM): global, one per account and site.
 *
 * A certificate is named by its SCM id, "scs" and 13 digits. CDN binds by it; ELB and WAF keep copies of their own.
 */
#pragma once
#include "cloud/vendor.h"

/* What its calls have in common, within a struct call. */
#define SCM(name, verb, where)                                                                               \
    .service = "scm", .version = "", .operation = (name), .method = (verb),                                  \
    .host = "scm.{site}.myhuaweicloud.com", .path = "/v3/scm/" where, .style = CALL_REST_JSON,               \
    .per_second = 5

/* What SCM takes of a certificate; more goes to CDN as text. */
enum { SCM_LEAF_BYTES = 4096, SCM_CHAIN_BYTES = 8192, SCM_KEY_BYTES = 4096 };

struct scm_certificate {
    const char *id, *name;
    const char **domains; /* normalised */
    size_t domain_count;
    int64_t not_after_ms; /* 0 unknown */
    const char *status;   /* as SCM says it: "ISSUED", "UPLOAD", "EXPIRED", ... */
    const char *project;  /* enterprise project, "0" by default */
    bool official;        /* ordered there, not uploaded */
    bool usable;          /* may be bound as far as its status tells */
};

/* Called for each certificate; its strings need not outlive the call. False stops the walk with err. */
typedef bool scm_fn(void *context, const struct scm_certificate *c, struct err *err);

/* Every certificate of the account, of all enterprise projects. */
must_use bool huawei_scm_list(struct job *job, scm_fn *each, void *context, struct err *err);

struct scm_export {
    const char *chain_pem;                     /* leaf first */
    const char *encryption_pem;                /* the other half of an SM2 pair; "" if none */
    const struct secret *key, *encryption_key; /* the arena's; NULL where SCM does not have it */
};

/* The certificate with its key. ERR_NOT_FOUND when SCM has none of that id. */
must_use bool huawei_scm_export(struct job *job, const char *id, struct scm_export *ret, struct err *err);

/* Whether something uses the certificate, as far as SCM knows; where it could not look everywhere, that counts as used. */
must_use bool huawei_scm_in_use(struct job *job, const char *id, bool *ret, struct err *err);

/* Whether the text is of the form of an SCM id. */
bool huawei_is_scm_id(const char *text);

/* Whether SCM takes the certificate at all; else it has to go where it is used as text. */
bool huawei_scm_takes(const struct material *m);

/* product.upload for the store "scm": finds the certificate by its name and digest, or imports it. */
must_use bool huawei_scm_upload(struct job *job, const char *vendor_store, const struct material *m,
                                const char **ret, struct err *err);

/* vendor.facts for SCM ids: name, domains and end. The digest that SCM tells is no SHA-256: it stays unknown. */
must_use bool huawei_scm_facts(struct job *job, struct bound *b, struct err *err);

/* Its calls, for the vendor's table. The last three are for pushing copies to other services and what is recorded of it;
 * the records are of the old API, which names a project of the region given.
 */
extern const struct call scm_list_certificates, scm_show_certificate, scm_export_certificate,
    scm_import_certificate, scm_deployed_resources, scm_push_certificate, scm_batch_push_certificate,
    scm_push_history;
