/* aliyun.h - what all Alibaba Cloud products share: hosts, errors, the certificate service (CAS) and its references.
 *
 * A certificate is named "<CAS id>-<CAS region>" ("8089870-cn-hangzhou") everywhere in certferry. The region is the
 * CAS site's, not the resource's: two sites hold certificates, cn-hangzhou and ap-southeast-1.
 */
#pragma once
#include "cloud/vendor.h"

extern const struct vendor aliyun_vendor;

/* What the calls of Alibaba's RPC services have in common, within a struct call. */
#define ALIYUN_RPC(product, api, name)                                                                       \
    .service = (product), .version = (api), .operation = (name), .method = "POST", .path = "/"

/* A whole call of an RPC service: its host, where arguments go, its name, what it may send (NULL: nothing), and what else a
 * struct call says.
 */
#define ALIYUN_CALL(product, api, where, how, name, takes, ...)                                              \
    {                                                                                                        \
        ALIYUN_RPC(product, api, name), .host = (where), .style = (how), .parameters = (takes), __VA_ARGS__  \
    }
/* How most of its listings are cut into pages: by number, or by a token. */
#define ALIYUN_PAGES(list, at_once) PAGES_BY_NUMBER(list, "/TotalCount", "PageNumber", "PageSize", at_once)
#define ALIYUN_TOKENS(list, at_once) PAGES_BY_MARKER(list, "/NextToken", "NextToken", "MaxResults", at_once)

/* product.regions: those of the access, else those that the product's lists_regions tells, which takes no arguments and has
 * the region in its host.
 */
must_use bool aliyun_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err);

/* The same for its path-based services: arguments named in the path stand there, the others in the query. */
#define ALIYUN_ROA(product, api, name, verb, where)                                                          \
    .service = (product), .version = (api), .operation = (name), .method = (verb), .path = (where),          \
    .host = product ".{region}.aliyuncs.com", .style = CALL_REST_JSON

/* "cas:cn-hangzhou" for mainland resources (and global ones of a China account), else "cas:ap-southeast-1". */
const char *aliyun_store(struct job *job, const char *resource_region);

/* The store for SM2 pairs, which is the mainland site's; refused where the encryption half is missing. */
must_use bool aliyun_sm_store(const struct material *m, const char **ret, struct err *err);

/* product.upload for that store: finds the certificate by its name or digest, or uploads it. */
must_use bool aliyun_upload(struct job *job, const char *vendor_store, const struct material *m,
                            const char **ret, struct err *err);

/* Whether the failure says, in the vendor's words, that something is no more: what was listed may be deleted meanwhile. */
bool aliyun_is_gone(const struct err *err);

/* vendor.held: what CAS holds on both sites. */
must_use bool aliyun_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err);
extern const struct call aliyun_cas_list, aliyun_cas_detail;

/* vendor.used, vendor.discard, and their calls. */
void aliyun_used(struct job *job, struct stored *copies, size_t count);
must_use bool aliyun_discard(struct job *job, const struct stored *copy, struct err *err);
extern const struct call *const aliyun_clean_calls[];

/* The parts of a reference: "8089870", "cn-hangzhou". False where it is not of that form. */
must_use bool aliyun_ref_parse(struct arena *a, const char *ref, const char **ret_id,
                               const char **ret_region);

/* vendor.facts of a certificate of CAS, by site and number; with sha1 only if it is the one of that fingerprint, else
 * ERR_NOT_FOUND.
 */
must_use bool aliyun_cas_facts(struct job *job, const char *site, const char *id, const char *sha1,
                               struct bound *b, struct err *err);

/* A digest or serial number in lower case, without colons. */
const char *aliyun_hex(struct arena *a, const char *text);

/* Names of a comma or space separated list, normalised; what is no name is left out. */
void aliyun_names(struct arena *a, const char *list, const char ***names, size_t *count);

/* The account's number, which some hosts begin with: from the last check of the access, else asked for once. */
must_use bool aliyun_account(struct job *job, const char **ret, struct err *err);

/* product.store_for, upload and lost_key of products that take certificate and key themselves and keep the key: nothing is
 * uploaded, a certificate is known by its digest, as ours are, and only our own store can put a key back.
 */
#define ALIYUN_KEY_STAYS "the cloud keeps its private key to itself, and it is not in certferry"
#define ALIYUN_REPLACED "a domain's certificate is replaced, never taken away"
must_use bool aliyun_pem_store(struct job *job, const struct resource *r, const struct material *m,
                               const char **ret, struct err *err);
must_use bool aliyun_pem_upload(struct job *job, const char *vendor_store, const struct material *m,
                                const char **ret, struct err *err);
/* product.store_for where the site of the certificate service is all it takes. */
must_use bool aliyun_ref_store(struct job *job, const struct resource *r, const struct material *m,
                               const char **ret, struct err *err);

/* The members of the object at the pointer of an answer that are there and not null, as they came byte by byte, as an
 * object of their own: what goes back with an update that replaces all.
 */
must_use bool aliyun_members(struct arena *a, const struct answer *answer, const char *pointer,
                             const char *const *members, size_t count, const char **ret, struct err *err);
