/* Huawei Cloud: errors, the project of a region, ELB's certificates.
 *
 * Every regional call names a project, found by the region's name among those the access may see and kept in the
 * session. Only a region's own project is used. ELB keeps duplicates, so that ours is looked for by name first and told
 * by its digest.
 */
#include "cloud/huawei/huawei.h"
#include "cloud/huawei/scm.h"

#include "base/buf.h"
#include "codec/name.h"
#include <string.h>

static const struct vendor_error errors[] = {
    {"APIGW.0301", ERR_CREDENTIAL, false, true}, /* signature, key or clock: the text tells */
    {"APIGW.0302", ERR_PERMISSION, false, false},
    {"APIGW.0308", ERR_THROTTLED, true, false},
    {"APIGW.0201", ERR_VENDOR, true, false},
    {"APIGW.0101", ERR_VENDOR, false, false},
    {"APIGW.0106", ERR_VENDOR, false, false},
    {"APIGW.*", ERR_VENDOR, true, false},
    {"SCM.1000", ERR_CREDENTIAL, false, false},
    {"SCM.0011", ERR_QUOTA, false, false},
    {"SCM.0008", ERR_NOT_FOUND, false, false},
    {"SCM.0020", ERR_NOT_FOUND, false, false},
    {"SCM.0003", ERR_PERMISSION, false, false},
    {"SCM.0006", ERR_INVALID_CERTIFICATE, false, false},
    {"SCM.0009", ERR_INVALID_CERTIFICATE, false, false},
    {"SCM.0012", ERR_INVALID_CERTIFICATE, false, false},
    {"SCM.0013", ERR_INVALID_CERTIFICATE, false, false},
    {"SCM.0014", ERR_INVALID_CERTIFICATE, false, false},
    {"SCM.0079", ERR_INVALID_CERTIFICATE, false, false},
    {"CDN.0108", ERR_PERMISSION, false, false},
    {"CDN.00010182", ERR_PERMISSION, false, false},
    {"CDN.0105", ERR_NOT_FOUND, false, false},
    {"CDN.0170", ERR_NOT_FOUND, false, false},
    {"CDN.0106", ERR_CONFLICT, true, false},
    {"CDN.0005", ERR_QUOTA, false, false},
    {"CDN.0000", ERR_VENDOR, true, false},
    {"CDN.0001", ERR_VENDOR, true, false},
    {"CDN.00010198", ERR_PERMISSION, false, false},
    {"ELB.1003", ERR_NOT_FOUND, false, false},
    {"ELB.1011", ERR_INVALID_CERTIFICATE, false, false},
    {"ELB.1015", ERR_CONFLICT, true, false},
    {"WAF.00010001", ERR_VENDOR, true, false},
    {"WAF.00010002", ERR_CONFLICT, true, false},
    {"WAF.00011019", ERR_INVALID_CERTIFICATE, false, false},
    {"WAF.00011021", ERR_INVALID_CERTIFICATE, false, false},
    {"WAF.00011016", ERR_CONFLICT, false, false},
};

/* Four shapes: error_code at the top, inside error, error.code with error.message, and a message alone. */
static bool refusal(struct arena *a, long status, const struct json *json, const struct xml *xml,
                    struct refusal *ret)
{
    (void)xml;
    static const char *const codes[] = {"/error_code", "/error/error_code", "/error/code", "/code"};
    static const char *const messages[] = {"/error_msg", "/error/error_msg", "/error/message", "/message"};
    for (size_t i = 0; i < countof(codes) && !*ret->code; i++)
        ret->code = json_text(a, json_at(json, codes[i]), "");
    for (size_t i = 0; i < countof(messages) && !*ret->message; i++)
        ret->message = json_text(a, json_at(json, messages[i]), "");
    ret->request_id = json_text(a, json_at(json, "/request_id"), "");
    bool error = json_at(json, "/error_code") || json_is_object(json_at(json, "/error"));
    return status >= 300 || (error && *ret->code);
}

#define IAM(name, where)                                                                                     \
    .service = "iam", .operation = (name), .method = "GET", .host = "iam.myhuaweicloud.com",                 \
    .path = (where), .version = "", .style = CALL_REST_JSON

static const struct call list_auth_domains = {IAM("KeystoneListAuthDomains", "/v3/auth/domains")};
static const struct call list_auth_projects = {IAM("KeystoneListAuthProjects", "/v3/auth/projects")};

/* An agency's keys: its URN "iam::<account id>:agency:<name>" is the role. */
static const struct call assume_agency = {
    .service = "sts",
    .operation = "AssumeAgency",
    .method = "POST",
    .host = "sts.{region}.myhuaweicloud.com",
    .path = "/v5/agencies/assume",
    .version = "",
    .style = CALL_REST_JSON,
    .parameters = "body.agency_urn body.agency_session_name body.duration_seconds body.external_id",
};

static const struct role_exchange roles = {
    .call = &assume_agency,
    .region = "cn-north-4",
    .role = "agency_urn",
    .session_name = "agency_session_name",
    .seconds = "duration_seconds",
    .external_id = "external_id",
    .in_body = true,
    .shape = {"/credentials/access_key_id", "/credentials/secret_access_key", "/credentials/security_token",
              "/credentials/expiration"},
};

static const struct call list_certificates = {
    HUAWEI_ELB("ListCertificates", "GET", "certificates"),
    .parameters = "name[] type[] limit marker",
    HUAWEI_PAGES("/certificates"),
};
static const struct call get_certificate = {
    HUAWEI_ELB("ShowCertificate", "GET", "certificates/{certificate_id}")};
static const struct call create_certificate = {
    HUAWEI_ELB("CreateCertificate", "POST", "certificates"),
    .parameters = "body.certificate.name body.certificate.type body.certificate.certificate "
                  "body.certificate.private_key body.certificate.domain",
    .write = true,
};

static bool identify(struct job *job, struct identity *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_auth_domains, "", &answer, err, "{}"))
        return false;
    ret->account_id = json_text(job->arena, json_at(answer.json, "/domains/0/id"), "");
    ret->principal = json_text(job->arena, json_at(answer.json, "/domains/0/name"), "");
    return true;
}

/* A region's own project has the region's name; sub-projects ("region_name") and others ("MOS") have not. */
static bool is_region(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return size && !name[size] && strchr(name, '-') && name[size - 1] >= '0' && name[size - 1] <= '9';
}

/* The regions that the account has a project in; their ids are kept in the session. */
bool huawei_all_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    if (!cloud_call(job, &list_auth_projects, "", &answer, err, "{}"))
        return false;
    const struct json *list = json_at(answer.json, "/projects");
    const char **names = arena_array(a, const char *, json_count(list) + 1);
    size_t count = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *project = json_item(list, i);
        const char *name = json_str(json_at(project, "/name"), ""),
                   *id = json_str(json_at(project, "/id"), "");
        if (!is_region(name) || !*id || !json_bool(json_at(project, "/enabled"), true))
            continue;
        session_put(job, arena_printf(a, "project:%s", name), id);
        names[count++] = name;
    }
    *ret = names;
    *ret_count = count;
    return true;
}

bool huawei_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    session_regions(job, ret, ret_count);
    return *ret_count || huawei_all_regions(job, ret, ret_count, err);
}

/* The account, which calls of global services name; asked once where no check has told it. */
static bool account(struct job *job, const char **ret, struct err *err)
{
    struct identity who;
    const char *id = session_account(job);
    if (!*id && !(id = session_get(job, "account"))) {
        if (!identify(job, &who, err))
            return err_add(err, "the account");
        id = who.account_id;
        session_put(job, "account", id);
    }
    *ret = id;
    return true;
}

/* Calls of a region name its project in the path and in a header, those of global services the account. */
static bool prepare(struct job *job, const struct call *call, const char *region, struct pairs *path,
                    struct wire *w, struct err *err)
{
    struct arena *a = job->arena;
    const char *key = arena_printf(a, "project:%s", region), **names;
    size_t count;
    const char *id = NULL;
    bool by_account = strcmp(call->service, "cdn") == 0 || strcmp(call->service, "scm") == 0;
    if (!strstr(call->path, "{project_id}")) {
        if (!by_account)
            return true;
        if (!account(job, &id, err))
            return false;
        wire_header(w, "X-Domain-Id", id);
        return true;
    }
    id = session_get(job, key);
    if (!id && !huawei_all_regions(job, &names, &count, err))
        return err_add(err, "the project of %s", region);
    if (!id && !(id = session_get(job, key)))
        return err_set(err, ERR_NOT_FOUND, "the access has no project in the region %s", region);
    pairs_add(a, path, "project_id", id);
    wire_header(w, "X-Project-Id", id);
    return true;
}

/* A project may have chosen to see private keys in answers. */
static bool elb_facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    return facts_shown(job, &get_certificate, region,
                       json_format(job->arena, "{'certificate_id':%s}", b->ref), "/certificate/name",
                       "/certificate/certificate", b, err);
}

/* What a reference names: a certificate of SCM by its form, else of the store of the product. */
static bool facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    if (huawei_is_scm_id(b->ref))
        return huawei_scm_facts(job, b, err);
    bool waf = job->product && strcmp(job->product->code, "huawei/waf") == 0;
    return waf ? huawei_waf_facts(job, region, b, err) : elb_facts(job, region, b, err);
}

/* Ours among those of its name; *ret "" where it is not there. */
static bool find(struct job *job, const char *region, const struct material *m, const char **ret,
                 struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_certificates, region, "{'name':[%s],'type':['server']}", m->name);
    *ret = "";
    for (const struct json *item; !**ret && (item = pages_next(&p));) {
        struct bound b = {.fingerprint = ""};
        if (bound_of_pem(job->arena, json_get(item, "/certificate"), &b) &&
            strcmp(b.fingerprint, m->fingerprint) == 0)
            *ret = arena_strdup(keep, json_get(item, "/id"));
    }
    return pages_end(&p, err);
}

/* The domains as ELB wants them for use in a listener's set. */
static bool domain_list(struct arena *a, const struct material *m, const char **ret, struct err *err)
{
    struct buf out = buf_new(a, HUAWEI_DOMAINS_BYTES);
    for (size_t i = 0; i < m->domain_count; i++)
        if (!name_is_address(m->domains[i]))
            buf_printf(&out, "%s%s", out.size ? "," : "", m->domains[i]);
    *ret = out.data;
    return !out.full || err_set(err, ERR_INVALID_CERTIFICATE,
                                "ELB takes certificates whose domains together have at most %d characters",
                                HUAWEI_DOMAINS_BYTES);
}

bool huawei_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                   struct err *err)
{
    const char *region = store_place(vendor_store), *domains, *id;
    struct answer answer;
    if (!domain_list(job->arena, m, &domains, err) || !find(job, region, m, &id, err))
        return false;
    if (*id) {
        *ret = id;
        return true;
    }
    return upload_has_key(m, err) &&
           cloud_call_secret(job, &create_certificate, region, &answer, err,
                             "{'body':{'certificate':{'name':%s,'type':'server','certificate':%s,"
                             "'private_key':%s,'domain':%s}}}",
                             m->name, m->fullchain_pem, secret_bytes(m->key), domains) &&
           upload_answered(json_get(answer.json, "/certificate/id"), "ELB", ret, err);
}

/* WAF's one host of another domain. */
static const char *host_of(struct arena *a, const char *site, const struct call *call, const char *region)
{
    (void)a;
    (void)site;
    bool special = strcmp(call->service, "waf") == 0 && strcmp(region, "cn-north-9") == 0;
    return special ? "waf.cn-north-9.myhuaweicloud.cn" : NULL;
}

static const struct call *const calls[] = {&list_auth_domains,      &assume_agency,
                                           &list_auth_projects,     &list_certificates,
                                           &get_certificate,        &create_certificate,
                                           &scm_list_certificates,  &scm_show_certificate,
                                           &scm_export_certificate, &scm_import_certificate,
                                           &scm_push_certificate,   &scm_batch_push_certificate,
                                           &scm_push_history,       NULL};

const struct vendor huawei_vendor = {
    .cloud = "huawei",
    .sign = huawei_sign,
    .errors = errors,
    .error_count = countof(errors),
    .site_china = "cn-north-4", /* where the certificate service answers */
    .site_international = "ap-southeast-1",
    .host = host_of,
    .prepare = prepare,
    .refusal = refusal,
    .identify = identify,
    .roles = &roles,
    .facts = facts,
    .held = huawei_held,
    .used = huawei_used,
    .discard = huawei_discard,
    .pusher = &huawei_pusher,
    .calls = calls,
    .clean_calls = huawei_clean_calls,
};
