/* Alibaba Cloud: hosts, errors, CAS.
 *
 * CAS answers neither the reference that products take nor one clear digest: the list has numeric ids only, so the
 * reference comes from GetUserCertificateDetail; `Sha2` and `CertSha2` are both compared. Certificate names hold
 * letters, digits and underscores. Uploads go as RPC V1, because ACS3 would put the private key into the URL.
 */
#include "cloud/aliyun/aliyun.h"

#include "cloud/aliyun/clb.h"
#include "codec/json_slice.h"
#include "codec/name.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    NAMES_MAX = 10000
}; /* far more than a certificate has: what reaches it is taken as unknown (session_facts) */

static const struct vendor_error errors[] = {
    {"*Throttling*", ERR_THROTTLED, true, false},
    {"Kubernetes.TooManyRequests", ERR_THROTTLED, true, false},
    {"Kubernetes.Unauthorized", ERR_PERMISSION, false, false}, /* says nothing about the access's own key */
    {"Kubernetes.Forbidden", ERR_PERMISSION, false, false},
    {"Kubernetes.NotFound", ERR_NOT_FOUND, false, false},
    {"Kubernetes.Conflict", ERR_CONFLICT, false, false},
    {"Kubernetes.Invalid", ERR_INPUT, false, false},
    {"Kubernetes.BadRequest", ERR_INPUT, false, false},
    {"Kubernetes.*", ERR_VENDOR, true, false},
    {"ServiceUnavailable*", ERR_VENDOR, true, false},
    {"SystemBusy", ERR_CONFLICT, true, false},
    {"InternalError*", ERR_VENDOR, true, false},
    {"InvalidTimeStamp*", ERR_CREDENTIAL, false, true},
    {"RequestTimeTooSkewed", ERR_CREDENTIAL, false, true},
    {"SignatureNonceUsed", ERR_CONFLICT, true, false}, /* never ran: every attempt has a nonce of its own */
    {"InvalidAccessKeyId*", ERR_CREDENTIAL, false, false},
    {"SignatureDoesNotMatch", ERR_CREDENTIAL, false, false},
    {"IncompleteSignature", ERR_CREDENTIAL, false, false},
    {"MissingSecurityToken", ERR_CREDENTIAL, false, false},
    {"InvalidSecurityToken*", ERR_CREDENTIAL, false, false},
    {"Forbidden*", ERR_PERMISSION, false, false},
    {"NoPermission*", ERR_PERMISSION, false, false},
    {"AccessDenied*", ERR_PERMISSION, false, false},
    {"IncorrectStatus.*", ERR_CONFLICT, true, false},
    {"IncorrectBusinessStatus.*", ERR_CONFLICT, true, false},
    {"ResourceInConfiguring.*", ERR_CONFLICT, true, false},
    {"VipStatusNotSupport", ERR_CONFLICT, true, false},
    {"IdempotenceProcessing", ERR_CONFLICT, true, false},
    {"ServiceBusy", ERR_CONFLICT, true, false},
    {"FlowControlError", ERR_THROTTLED, true, false}, /* DCDN */
    {"Waf.Pullin.ResourceProcessing", ERR_CONFLICT, true, false},
    {"StateError.*", ERR_CONFLICT, true, false},
    {"NotActive.*", ERR_CONFLICT, true, false},
    {"NotExist.BasicBandwidthPackage", ERR_CONFLICT, true, false},
    {"-22001", ERR_CONFLICT, true, false},
    {"-21020", ERR_CONFLICT, true, false},
    {"-22031", ERR_CONFLICT, true, false},
    {"ServiceIsConfiguring", ERR_CONFLICT, true, false}, /* CLB, as the next four */
    {"OperationFailed.ListenerStatusNotSupport", ERR_CONFLICT, true, false},
    {"DomainExtensionProcessing", ERR_CONFLICT, true, false},
    {"BackendServer.configuring", ERR_CONFLICT, true, false},
    {"CertificateAndPrivateKeyIsRefered", ERR_CONFLICT, false, false},
    {"ServerCertificateId.NotFound", ERR_INVALID_CERTIFICATE, false, false},
    {"InvalidLoadBalancerId.NotFound", ERR_NOT_FOUND, false, false},
    {"InvalidParameter.DomainExtensionId", ERR_NOT_FOUND, false, false},
    {"NameRepeat*", ERR_CONFLICT, false, false},
    {"QuotaExceeded*", ERR_QUOTA, false, false},
    {"CertQuotaCheckFailed", ERR_QUOTA, false, false},
    {"CertificateInvalidCasId", ERR_INVALID_CERTIFICATE, false, false}, /* OSS */
    {"NeedVerifyDomainOwnership", ERR_NOT_FOUND, false, false},         /* the bucket has no such domain */
    {"Certificate.Duplicated", ERR_CONFLICT, false, false},
    {"SiteNotFound", ERR_NOT_FOUND, false, false},
    {"ResourceQuotaExceeded*", ERR_QUOTA, false, false},
    {"ResourceNotFound.Certificate", ERR_INVALID_CERTIFICATE, false, false},
    {"ResourceNotFound.certificate", ERR_INVALID_CERTIFICATE, false, false}, /* NLB */
    {"ResourceNotFound*", ERR_NOT_FOUND, false, false},
    {"*CertNotExist*", ERR_INVALID_CERTIFICATE, false, false},
    {"*CertificateNotExist*", ERR_INVALID_CERTIFICATE, false, false},
    {"NotExist.Certificate", ERR_INVALID_CERTIFICATE, false, false},
    {"*DomainNotExist*", ERR_NOT_FOUND, false, false},
    {"NotExist.*", ERR_NOT_FOUND, false, false},
    {"InvalidDomain.NotFound", ERR_NOT_FOUND, false, false},
    {"InvalidCertIdentifier*", ERR_INVALID_CERTIFICATE, false, false}, /* CDN, DCDN: SM */
    {"NotFound*", ERR_NOT_FOUND, false, false},
    {"DomainNameNotFound", ERR_NOT_FOUND, false, false},
    {"RepeatedCommit", ERR_CONFLICT, true, false},
    {"403", ERR_PERMISSION, false, false}, /* mse: numbers within an HTTP 200 */
    {"404", ERR_NOT_FOUND, false, false},
    {"409", ERR_CONFLICT, true, false},
    {"429", ERR_THROTTLED, true, false},
    {"500", ERR_VENDOR, true, false},
    {"503", ERR_VENDOR, true, false},
};

/* Most services answer a 4xx or 5xx with Code; some spell it in lower case, some refuse with 200 and Success=false, or
 * with a code that is not "Ok".
 */
static bool refusal(struct arena *a, long status, const struct json *json, const struct xml *xml,
                    struct refusal *ret)
{
    if (xml) {
        ret->code = xml_text(xml, "Code", "");
        ret->message = xml_text(xml, "Message", "");
        ret->request_id = xml_text(xml, "RequestId", "");
        return status >= 300 || strcmp(xml->name, "Error") == 0;
    }
    if (strcmp(json_str(json_at(json, "/kind"), ""), "Status") == 0) { /* an API server of Kubernetes */
        ret->code = arena_printf(a, "Kubernetes.%s", json_str(json_at(json, "/reason"), ""));
        ret->message = json_str(json_at(json, "/message"), "");
        ret->request_id = "";
        return status >= 300 || strcmp(json_str(json_at(json, "/status"), ""), "Failure") == 0;
    }
    bool refused = !json_bool(json_at(json, "/Success"), true);
    const char *own = json_str(json_at(json, "/ErrorCode"), ""); /* beside a Code that is but a status */
    ret->code = refused && *own
                    ? own
                    : json_text(a, json_at(json, "/Code"), json_text(a, json_at(json, "/code"), ""));
    ret->message = json_text(a, json_at(json, "/Message"), json_text(a, json_at(json, "/message"), ""));
    ret->request_id =
        json_text(a, json_at(json, "/RequestId"), json_text(a, json_at(json, "/requestId"), ""));
    const char *outcome = json_str(json_at(json, "/code"), "Ok"); /* apig: within an HTTP 200 */
    return status >= 300 || !json_bool(json_at(json, "/Success"), true) ||
           (strcmp(outcome, "Ok") != 0 && json_at(json, "/requestId"));
}

/* Regions that CLB serves at its oldest host. */
static bool is_central_slb(const char *region)
{
    static const char *const regions[] = {"cn-qingdao",          "cn-beijing",
                                          "cn-hangzhou",         "cn-shanghai",
                                          "cn-shenzhen",         "cn-hongkong",
                                          "ap-southeast-1",      "us-east-1",
                                          "us-west-1",           "cn-shanghai-finance-1",
                                          "cn-hangzhou-finance", "cn-shenzhen-finance-1",
                                          "cn-north-2-gov-1"};
    for (size_t i = 0; i < countof(regions); i++)
        if (strcmp(region, regions[i]) == 0)
            return true;
    return false;
}

static const char *host(struct arena *a, const char *site, const struct call *call, const char *region)
{
    static const char *const fc_regions[] = {"me-central-1", "cn-hangzhou-finance", "cn-shanghai-finance-1",
                                             "cn-heyuan-acdr-1"};
    (void)site;
    if (strcmp(call->service, "cas") == 0 && strcmp(region, "cn-hangzhou") == 0)
        return "cas.aliyuncs.com";
    if (strcmp(call->service, "alb") == 0 && strcmp(region, "cn-hangzhou-finance") == 0)
        return "alb.cn-hangzhou.aliyuncs.com";
    if (strcmp(call->service, "slb") == 0 && is_central_slb(region))
        return "slb.aliyuncs.com";
    for (size_t i = 0; i < countof(fc_regions) && strcmp(call->service, "fc3") == 0; i++)
        if (strcmp(region, fc_regions[i]) == 0)
            return arena_printf(a, "%s.fc.aliyuncs.com", region);
    return NULL;
}

static const struct call get_caller_identity = {
    ALIYUN_RPC("sts", "2015-04-01", "GetCallerIdentity"),
    .host = "sts.aliyuncs.com",
    .style = CALL_RPC_QUERY,
};

static const struct call assume_role = {
    ALIYUN_RPC("sts", "2015-04-01", "AssumeRole"),
    .host = "sts.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "RoleArn RoleSessionName DurationSeconds ExternalId",
    .per_second = 100,
};

const struct call aliyun_cas_list = {
    ALIYUN_RPC("cas", "2020-04-07", "ListUserCertificateOrder"),
    .host = "cas.{region}.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "OrderType Keyword CurrentPage ShowSize",
    .per_second = 10,
    .page = {.items = "/CertificateOrderList",
             .total = "/TotalCount",
             .position = "CurrentPage",
             .size = "ShowSize",
             .size_value = 50,
             .style = PAGE_NUMBER},
};

const struct call aliyun_cas_detail = {
    ALIYUN_RPC("cas", "2020-04-07", "GetUserCertificateDetail"),
    .host = "cas.{region}.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "CertId CertFilter",
    .per_second = 100,
};

static const struct call upload = {
    ALIYUN_RPC("cas", "2020-04-07", "UploadUserCertificate"),
    .host = "cas.{region}.aliyuncs.com",
    .style = CALL_RPC_V1,
    .parameters = "Name Cert Key SignCert SignPrivateKey EncryptCert EncryptPrivateKey",
    .write = true,
    .per_second = 100,
};

static bool identify(struct job *job, struct identity *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_caller_identity, "", &answer, err, "{}"))
        return false;
    ret->account_id = json_text(job->arena, json_at(answer.json, "/AccountId"), "");
    ret->principal = json_text(job->arena, json_at(answer.json, "/Arn"), "");
    return true;
}

bool aliyun_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    const struct call *call = job->product->lists_regions;
    struct answer answer;
    session_regions(job, ret, ret_count);
    if (*ret_count)
        return true;
    bool china = strcmp(session_site(job), "china") == 0;
    if (!cloud_call(job, call, china ? "cn-hangzhou" : "ap-southeast-1", &answer, err, "{}"))
        return false;
    const struct json *list = json_at(answer.json, call->page.items);
    *ret = arena_array(job->arena, const char *, json_count(list) + 1);
    json_each (region, list) {
        const char *id = json_str(json_at(region, "/RegionId"), json_get(region, "/regionId"));
        (*ret)[(*ret_count)++] = json_str(region, id);
    }
    return true;
}

bool aliyun_account(struct job *job, const char **ret, struct err *err)
{
    struct identity who;
    const char *known = session_account(job);
    if (!*known)
        known = session_get(job, "account");
    if (!known && !identify(job, &who, err))
        return err_add(err, "the account's number");
    if (!known)
        session_put(job, "account", known = who.account_id);
    *ret = known;
    return (*known && !known[strspn(known, "0123456789")]) ||
           err_set(err, ERR_VENDOR, "the cloud does not tell the account's number");
}

/* Hosts that begin with the account's number. */
static bool prepare(struct job *job, const struct call *call, const char *region, struct pairs *path,
                    struct wire *w, struct err *err)
{
    const char *account;
    (void)region;
    (void)w;
    if (!strstr(call->host, "{account}"))
        return true;
    if (!aliyun_account(job, &account, err))
        return false;
    pairs_add(job->arena, path, "account", account);
    return true;
}

static const struct role_exchange roles = {
    .call = &assume_role,
    .region = "",
    .role = "RoleArn",
    .session_name = "RoleSessionName",
    .seconds = "DurationSeconds",
    .external_id = "ExternalId",
    .shape = {"/Credentials/AccessKeyId", "/Credentials/AccessKeySecret", "/Credentials/SecurityToken",
              "/Credentials/Expiration"},
};

static const struct machine machine = {
    .host = "100.100.100.200",
    .ttl_header = "X-aliyun-ecs-metadata-token-ttl-seconds",
    .token_header = "X-aliyun-ecs-metadata-token",
    .path = "/latest/meta-data/ram/security-credentials/",
    .shape = {"/AccessKeyId", "/AccessKeySecret", "/SecurityToken", "/Expiration"},
};

const char *aliyun_store(struct job *job, const char *resource_region)
{
    bool china =
        *resource_region ? strncmp(resource_region, "cn-", 3) == 0 : strcmp(session_site(job), "china") == 0;
    return china ? "cas:cn-hangzhou" : "cas:ap-southeast-1";
}

bool aliyun_is_gone(const struct err *err)
{
    return err->kind == ERR_NOT_FOUND && strstr(err->code, "NotExist");
}

bool aliyun_ref_parse(struct arena *a, const char *ref, const char **ret_id, const char **ret_region)
{
    size_t digits = strspn(ref, "0123456789");
    if (!digits || digits > 18 || ref[digits] != '-' || !ref[digits + 1])
        return false;
    *ret_id = arena_copy(a, ref, digits);
    *ret_region = arena_strdup(a, ref + digits + 1);
    return true;
}

void aliyun_names(struct arena *a, const char *list, const char ***names, size_t *count)
{
    size_t capacity = *count;
    for (const char *p = list; *p && *count < NAMES_MAX;) {
        p += strspn(p, ", ");
        size_t size = strcspn(p, ", ");
        const char *name;
        bool known = false;
        if (size && name_normalise(a, arena_copy(a, p, size), true, &name, NULL)) {
            for (size_t i = 0; i < *count && !known; i++)
                known = strcmp((*names)[i], name) == 0;
            if (!known)
                *(const char **)arena_push(a, (void **)names, count, &capacity, sizeof name) = name;
        }
        p += size;
    }
}

bool aliyun_members(struct arena *a, const struct answer *answer, const char *pointer,
                    const char *const *members, size_t count, const char **ret, struct err *err)
{
    char *out = arena_strdup(a, "{}"), *value;
    for (size_t i = 0; i < count; i++) {
        const char *at = arena_printf(a, "%s/%s", pointer, members[i]);
        if (!json_is_null(json_at(answer->json, at)) &&
            (!json_excerpt(a, answer->text, answer->size, at, &value, err) ||
             !json_splice(a, out, strlen(out), arena_printf(a, "/%s", members[i]), value, &out, err)))
            return false;
    }
    *ret = out;
    return true;
}

const char *aliyun_hex(struct arena *a, const char *text)
{
    char *copy = arena_alloc(a, strlen(text) + 1), *end = copy;
    for (; *text; text++)
        if (*text != ':')
            *end++ = (char)(*text >= 'A' && *text <= 'F' ? *text + 32 : *text);
    return copy;
}

static const char *key_type_of(const char *algorithm)
{
    return strncasecmp(algorithm, "rsa", 3) == 0   ? "rsa"
           : strncasecmp(algorithm, "ec", 2) == 0  ? "ecdsa"
           : strncasecmp(algorithm, "sm2", 3) == 0 ? "sm2"
                                                   : "";
}

static bool detail_of(struct job *job, const char *region, const char *id, struct answer *ret,
                      struct err *err)
{
    return cloud_call(job, &aliyun_cas_detail, region, ret, err, "{'CertId':%p,'CertFilter':true}", id);
}

bool aliyun_cas_facts(struct job *job, const char *site, const char *id, const char *sha1, struct bound *b,
                      struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    if (!detail_of(job, site, id, &answer, err))
        return false;
    const struct json *v = answer.json;
    if (sha1 && strcmp(aliyun_hex(a, json_str(json_at(v, "/Fingerprint"), "")), sha1) != 0)
        return err_set(err, ERR_NOT_FOUND, "certificate %s of %s is another one", id, site);
    const char *digest = aliyun_hex(a, json_str(json_at(v, "/Sha2"), json_str(json_at(v, "/CertSha2"), "")));
    const char *serial = aliyun_hex(a, json_str(json_at(v, "/SerialNo"), ""));
    b->name = json_str(json_at(v, "/Name"), "");
    b->fingerprint = strlen(digest) == 64 ? digest : "";
    b->serial = serial + strspn(serial, "0");
    b->issuer = json_str(json_at(v, "/Issuer"), "");
    b->key_type = key_type_of(json_str(json_at(v, "/Algorithm"), ""));
    b->names = NULL;
    b->name_count = 0;
    aliyun_names(a, json_str(json_at(v, "/Sans"), ""), &b->names, &b->name_count);
    if (!b->name_count)
        aliyun_names(a, json_str(json_at(v, "/Common"), ""), &b->names, &b->name_count);
    if (!time_parse(json_str(json_at(v, "/EndDate"), ""), &b->not_after_ms, NULL))
        b->not_after_ms = 0;
    return true;
}

static bool facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    const char *id, *site;
    if (aliyun_is_clb_ref(b->ref) && *region)
        return aliyun_clb_facts(job, region, b, err);
    if (!aliyun_ref_parse(job->arena, b->ref, &id, &site))
        return err_set(err, ERR_NOT_FOUND, "%s is no reference of the certificate service", b->ref);
    return aliyun_cas_facts(job, site, id, NULL, b, err);
}

/* The number of ours, by its digest or name, among those that the keyword finds; "" where there is none. */
static bool search(struct job *job, const char *site, const char *keyword, const char *name,
                   const char *fingerprint, const char **ret, struct err *err)
{
    struct arena *a = job->arena;
    *ret = "";
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &aliyun_cas_list, site, "{'OrderType':'CERT','Keyword':%s}", keyword);
    for (const struct json *item; !**ret && (item = pages_next(&p));)
        if (strcasecmp(json_get(item, "/Sha2"), fingerprint) == 0 || json_is(item, "/Name", name))
            *ret = arena_strdup(a, json_text(job->arena, json_at(item, "/CertificateId"), ""));
    return pages_end(&p, err);
}

/* An upload is either a certificate and its key, or the two of an SM pair. */
static const char *upload_arguments(struct arena *hidden, const char *name, const struct material *m)
{
    if (!m->sm2)
        return json_format(hidden, "{'Name':%s,'Cert':%s,'Key':%s}", name, m->fullchain_pem,
                           secret_bytes(m->key));
    return json_format(
        hidden, "{'Name':%s,'SignCert':%s,'SignPrivateKey':%s,'EncryptCert':%s,'EncryptPrivateKey':%s}", name,
        m->fullchain_pem, secret_bytes(m->key),
        arena_printf(hidden, "%s%s", m->sm2_encryption_pem, m->chain_pem),
        secret_bytes(m->sm2_encryption_key));
}

bool aliyun_sm_store(const struct material *m, const char **ret, struct err *err)
{
    *ret = "cas:cn-hangzhou";
    return (m->sm2_encryption_key && m->sm2_encryption_pem && *m->sm2_encryption_pem) ||
           err_set(err, ERR_INVALID_CERTIFICATE,
                   "the encryption half of the SM2 pair is missing: import both certificates with both keys");
}

bool aliyun_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                   struct err *err)
{
    struct arena *a = job->arena;
    const char *region = strchr(vendor_store, ':') ? strchr(vendor_store, ':') + 1 : "cn-hangzhou";
    const char *name = arena_printf(a, "certferry_%.16s", m->fingerprint), *id = "";
    const char *keywords[] = {name, m->domain_count ? m->domains[0] : NULL};
    struct answer answer;
    bool brought = false;
    for (size_t i = 0; i < countof(keywords) && !*id; i++)
        if (keywords[i] && !search(job, region, keywords[i], name, m->fingerprint, &id, err))
            return false;
    if (!*id) {
        cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
        if (!cloud_call_secret(job, &upload, region, &answer, err, "%p", upload_arguments(hidden, name, m)))
            return false;
        id = json_text(a, json_at(answer.json, "/CertId"), "");
        brought = true;
    }
    if (id[strspn(id, "0123456789")] || !*id)
        return upload_in_doubt(err_set(err, ERR_VENDOR, "the certificate service answered no id"), err);
    if (!detail_of(job, region, id, &answer, err))
        return brought && upload_in_doubt(false, err);
    *ret = json_str(json_at(answer.json, "/CertIdentifier"), arena_printf(a, "%s-%s", id, region));
    return true;
}

static const struct call *const calls[] = {&get_caller_identity, &assume_role, &aliyun_cas_list,
                                           &aliyun_cas_detail,   &upload,      NULL};

const struct vendor aliyun_vendor = {
    .cloud = "aliyun",
    .sign = acs3_sign,
    .errors = errors,
    .error_count = countof(errors),
    .site_china = "cn-hangzhou",
    .site_international = "ap-southeast-1",
    .host = host,
    .prepare = prepare,
    .refusal = refusal,
    .identify = identify,
    .roles = &roles,
    .machine = &machine,
    .facts = facts,
    .held = aliyun_held,
    .used = aliyun_used,
    .discard = aliyun_discard,
    .calls = calls,
    .clean_calls = aliyun_clean_calls,
};
