/* CAS, the certificate store. Two sites that know nothing of each other: cas.aliyuncs.com ("cn-hangzhou") and
 * cas.ap-southeast-1.aliyuncs.com. A certificate is known by its number, and to most products as "<number>-<site>".
 */
#include "sim/aliyun/aliyun.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 63, FIRST_ID = 9000000, SEED_ID = 7000000 };
static const int64_t day_ms = 86400000;

static const char kind[] = "cas.certificate";

bool aliyun_is_site(const char *site)
{
    return !strcmp(site, "cn-hangzhou") || !strcmp(site, "ap-southeast-1");
}

static const char *site_of(const struct sim_call *c)
{
    return *c->region ? c->region : "cn-hangzhou";
}

struct sim_object *aliyun_cas_find(struct sim_call *c, const char *site, const char *id)
{
    return sim_find(c, kind, site, id);
}

const struct sim_object *aliyun_cas_by_identifier(struct sim_state *s, const char *account,
                                                  const char *identifier)
{
    size_t digits = strspn(identifier, "0123456789");
    char id[24];
    if (!digits || digits >= sizeof id || identifier[digits] != '-')
        return NULL;
    memcpy(id, identifier, digits);
    id[digits] = 0;
    return state_find_ever(s, "aliyun", account, kind, identifier + digits + 1, id);
}

const char *aliyun_seed_cas(struct sim_seeding *s, const char *site, const char *names)
{
    const char *chain, *key;
    size_t n = 0;
    const char *id;
    do /* a resource may need several certificates */
        id = arena_printf(s->arena, "%llu", (unsigned long long)(SEED_ID + s->number * 10 + n++));
    while (state_find(s->state, s->cloud, s->account, kind, NULL, id));
    sim_seed_cert(s, names, &chain, &key);
    SIM_SEED(s, kind, site, id, {"Name", arena_printf(s->arena, "old_%s", id)}, {"Cert", chain},
             {"Key", key});
    return id;
}

/* ---- what a certificate says ---- */

/* The parsed certificate; of an SM2 pair the signing one. Lives in the call's arena where it must be parsed anew. */
static const struct sim_cert *cert_of(struct sim_call *c, const struct sim_object *o)
{
    struct sim_cert *sm;
    if (o->cert || !sim_cert_new(sim_get(c, o, "SignCert"), NULL, &sm, NULL))
        return o->cert;
    return sm;
}

static void drop_cert(const struct sim_object *o, const struct sim_cert *cert)
{
    if (cert != o->cert)
        sim_cert_free((struct sim_cert *)(uintptr_t)cert);
}

static const char *common_name(struct sim_call *c, const struct sim_cert *cert)
{
    const struct x509 *leaf = sim_leaf(cert);
    return arena_strdup(c->arena, *leaf->common_name ? leaf->common_name
                                  : leaf->name_count ? leaf->names[0]
                                                     : "");
}

static const char *issuer_name(struct sim_call *c, const struct x509 *leaf)
{
    const char *cn = strstr(leaf->issuer, "CN=");
    return cn ? arena_copy(c->arena, cn + 3, strcspn(cn + 3, ",")) : arena_strdup(c->arena, leaf->issuer);
}

static const char *algorithm(const struct x509 *leaf)
{
    return leaf->key_type == KEY_RSA ? "RSA" : leaf->key_type == KEY_SM2 ? "SM2" : "ECC";
}

static char *date(struct sim_call *c, int64_t ms)
{
    return time_format(c->arena, ms, "%Y-%m-%d");
}

/* What the list and the detail have in common. */
static void put_common(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                       const struct sim_cert *cert)
{
    const struct x509 *leaf = sim_leaf(cert);
    json_member_string(w, "Name", sim_get(c, o, "Name"));
    json_member_string(w, "Sans", sim_cert_names(c->arena, cert, ","));
    json_member_string(w, "SerialNo", arena_printf(c->arena, "0%s", leaf->serial));
    json_member_string(w, "Fingerprint", aliyun_upper(c->arena, leaf->sha1));
    json_member_string(w, "Sha2", aliyun_upper(c->arena, leaf->sha256));
    json_member_string(w, "Algorithm", algorithm(leaf));
    json_member_string(w, "Issuer", issuer_name(c, leaf));
    json_member_string(w, "StartDate", date(c, leaf->not_before_ms));
    json_member_string(w, "EndDate", date(c, leaf->not_after_ms));
    json_member_bool(w, "Expired", leaf->not_after_ms < c->now_ms);
    json_member_string(w, "InstanceId", arena_printf(c->arena, "cas-upload-%s", o->id));
    json_member_string(w, "ResourceGroupId", "rg-acfmv3s4eaqayaq");
}

/* ---- UploadUserCertificate ---- */

static const struct sim_param upload_params[] = {
    {"Cert", IN_QUERY, T_STRING},
    {"EncryptCert", IN_QUERY, T_STRING},
    {"EncryptPrivateKey", IN_QUERY, T_STRING},
    {"Key", IN_QUERY, T_STRING},
    {"Name", IN_QUERY, T_STRING, .required = true, .min = 1, .max = NAME_MAX_BYTES},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"SignCert", IN_QUERY, T_STRING},
    {"SignPrivateKey", IN_QUERY, T_STRING},
    {"Tags[]", IN_QUERY, T_OBJECT},
    {"Tags[].Key", IN_QUERY, T_STRING},
    {"Tags[].Value", IN_QUERY, T_STRING},
};

static bool name_is_fine(struct sim_call *c, const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_') {
            sim_fail(c, 400, "InvalidParameter",
                     "The certificate name may hold letters, digits and underscores.");
            return false;
        }
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, site_of(c), &cursor));)
        if (!strcmp(sim_get(c, o, "Name"), name)) {
            sim_fail(c, 400, "NameRepeat", "The certificate name already exists.");
            return false;
        }
    return true;
}

static bool pair_is_fine(struct sim_call *c, const char *cert, const char *key)
{
    struct sim_cert *parsed = NULL;
    enum sim_cert_fault fault = sim_check_cert(c, cert ? cert : "", key ? key : "", CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault == CERT_FINE)
        return true;
    sim_fail(c, 400, "InvalidParameter",
             fault == CERT_UNREADABLE     ? "The certificate cannot be parsed."
             : fault == CERT_BAD_KEY      ? "The private key cannot be parsed."
             : fault == CERT_OUT_OF_ORDER ? "The certificate chain is not in order."
                                          : "The certificate does not match the private key.");
    return false;
}

static void upload(struct sim_call *c)
{
    const char *name = sim_arg(c, "Name"), *cert = sim_arg(c, "Cert"), *key = sim_arg(c, "Key");
    bool sm = !cert && !key && sim_arg(c, "SignCert");
    if (!name_is_fine(c, name))
        return;
    if (sm ? !pair_is_fine(c, sim_arg(c, "SignCert"), sim_arg(c, "SignPrivateKey")) ||
                 !pair_is_fine(c, sim_arg(c, "EncryptCert"), sim_arg(c, "EncryptPrivateKey"))
           : !pair_is_fine(c, cert, key))
        return;
    const char *id = arena_printf(c->arena, "%lld", (long long)(FIRST_ID + sim_serial(c)));
    if (sm)
        SIM_CREATE(c, kind, site_of(c), id, {"Name", name}, {"SignCert", sim_arg(c, "SignCert")},
                   {"SignPrivateKey", sim_arg(c, "SignPrivateKey")},
                   {"EncryptCert", sim_arg(c, "EncryptCert")},
                   {"EncryptPrivateKey", sim_arg(c, "EncryptPrivateKey")});
    else
        SIM_CREATE(c, kind, site_of(c), id, {"Name", name}, {"Cert", cert}, {"Key", key});
    c->resource = id;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_int(&answer->w, "CertId", strtoll(id, NULL, 10));
    json_member_string(&answer->w, "ResourceId", arena_printf(c->arena, "cas-upload-%s", id));
    aliyun_end(c, answer);
}

/* ---- GetUserCertificateDetail ---- */

static const struct sim_param detail_params[] = {
    {"CertFilter", IN_QUERY, T_BOOLEAN},
    {"CertId", IN_QUERY, T_INTEGER, .required = true},
};

static void put_pems(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    static const char *const names[] = {"Cert",           "Key",         "SignCert",
                                        "SignPrivateKey", "EncryptCert", "EncryptPrivateKey"};
    for (size_t i = 0; i < countof(names); i++)
        if (*sim_get(c, o, names[i]))
            json_member_string(w, names[i], sim_get(c, o, names[i]));
}

static void put_chain(struct sim_call *c, struct json_writer *w, const struct sim_cert *cert)
{
    json_key(w, "CertChain");
    json_open_array(w);
    for (size_t i = 0; i < cert->count; i++) {
        const struct x509 *one = &cert->chain[i];
        json_open_object(w);
        json_member_string(w, "CommonName", one->common_name);
        json_member_string(w, "IssuerCommonName", issuer_name(c, one));
        json_member_int(w, "NotBefore", one->not_before_ms);
        json_member_int(w, "NotAfter", one->not_after_ms);
        json_member_int(w, "RemainDay", (one->not_after_ms - c->now_ms) / day_ms);
        json_close_object(w);
    }
    json_close_array(w);
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = aliyun_cas_find(c, site_of(c), sim_arg(c, "CertId"));
    if (!o)
        sim_fail(c, 404, "NotFound", "The certificate %s does not exist.", sim_arg(c, "CertId"));
    return o;
}

static void detail(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    const struct sim_cert *cert = cert_of(c, o);
    if (!cert) {
        sim_fail(c, 500, "InternalError", "The certificate cannot be read.");
        return;
    }
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    put_common(c, w, o, cert);
    json_member_int(w, "Id", strtoll(o->id, NULL, 10));
    json_member_string(w, "CertIdentifier", arena_printf(c->arena, "%s-%s", o->id, o->scope));
    json_member_string(w, "Common", common_name(c, cert));
    json_member_string(w, "CertSha2", aliyun_upper(c->arena, sim_leaf(cert)->sha256));
    json_member_int(w, "NotBefore", sim_leaf(cert)->not_before_ms);
    json_member_int(w, "NotAfter", sim_leaf(cert)->not_after_ms);
    json_member_bool(w, "BuyInAliyun", false);
    put_chain(c, w, cert);
    if (!sim_arg_bool(c, "CertFilter", false))
        put_pems(c, w, o);
    drop_cert(o, cert);
    aliyun_end(c, answer);
}

/* ---- GetCertificateDetail ---- */

static const struct sim_param users_params[] = {
    {"CertificateId", IN_QUERY, T_INTEGER, .required = true},
};

/* The services whose resources name it, as a list; the list of SANs stays empty, as it is reported to. */
static char *users(struct sim_call *c, const struct sim_object *cert)
{
    const char *words[] = {arena_printf(c->arena, "%s-%s", cert->id, cert->scope), cert->id};
    const struct sim_object *o;
    const char *items[32];
    size_t n = 0;
    for (size_t cursor = 0; n < countof(items) && sim_next_user(c, words, countof(words), &cursor, &o);) {
        const char *service = arena_copy(c->arena, o->kind, strcspn(o->kind, "."));
        bool known = false;
        for (size_t i = 0; i < n && !known; i++)
            known = !strcmp(items[i], service);
        if (!known)
            items[n++] = service;
    }
    return json_strings(c->arena, items, n);
}

static void tell_users(struct sim_call *c)
{
    const struct sim_object *o = aliyun_cas_find(c, site_of(c), sim_arg(c, "CertificateId"));
    const struct sim_cert *cert = o ? cert_of(c, o) : NULL;
    if (!cert) {
        sim_fail(c, 404, "NotFound", "The certificate %s does not exist.", sim_arg(c, "CertificateId"));
        return;
    }
    const struct x509 *leaf = sim_leaf(cert);
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_member_int(w, "CertificateId", strtoll(o->id, NULL, 10));
    json_member_string(w, "CertificateName", sim_get(c, o, "Name"));
    json_member_string(w, "CertIdentifier", arena_printf(c->arena, "%s-%s", o->id, o->scope));
    json_member_string(w, "CommonName", common_name(c, cert));
    json_member_string(w, "Domain", sim_cert_names(c->arena, cert, ","));
    json_member_raw(w, "SubjectAlternativeNames", "[]");
    json_member_string(w, "CertificateStatus", leaf->not_after_ms < c->now_ms ? "expired" : "issued");
    json_member_string(w, "Algorithm", algorithm(leaf));
    json_member_string(w, "FingerPrint", aliyun_upper(c->arena, leaf->sha1));
    json_member_string(w, "Issuer", issuer_name(c, leaf));
    json_member_int(w, "NotBefore", leaf->not_before_ms);
    json_member_int(w, "NotAfter", leaf->not_after_ms);
    json_member_bool(w, "ExistPrivateKey", true);
    json_member_raw(w, "UsingProductList", users(c, o));
    drop_cert(o, cert);
    aliyun_end(c, answer);
}

/* ---- ListUserCertificateOrder ---- */

static const struct sim_param list_params[] = {
    {"CurrentPage", IN_QUERY, T_INTEGER, .min = 1, .max = 1000000},
    {"Keyword", IN_QUERY, T_STRING},
    {"OrderType", IN_QUERY, T_STRING, .values = "CPACK BUY UPLOAD CERT"},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"ShowSize", IN_QUERY, T_INTEGER, .min = 1, .max = 1000},
    {"Status", IN_QUERY, T_STRING,
     .values = "PAYED CHECKING CHECKED_FAIL ISSUED WILLEXPIRED EXPIRED NOTACTIVATED REVOKED"},
};

static const char *status_of(const struct sim_call *c, const struct sim_cert *cert)
{
    int64_t left_ms = sim_leaf(cert)->not_after_ms - c->now_ms;
    return left_ms < 0 ? "EXPIRED" : left_ms < 30 * day_ms ? "WILLEXPIRED" : "ISSUED";
}

static bool is_listed(struct sim_call *c, const struct sim_object *o, const struct sim_cert *cert)
{
    const char *type = sim_arg_or(c, "OrderType", "CPACK"), *keyword = sim_arg_or(c, "Keyword", "");
    const char *status = sim_arg_or(c, "Status", "");
    if (strcmp(type, "CERT") && strcmp(type, "UPLOAD"))
        return false; /* orders, none of which were ever bought here */
    if (*status && strcmp(status, status_of(c, cert)))
        return false;
    return !*keyword || strcasestr(sim_get(c, o, "Name"), keyword) ||
           strcasestr(common_name(c, cert), keyword) ||
           strcasestr(sim_cert_names(c->arena, cert, ","), keyword);
}

static void put_listed(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                       const struct sim_cert *cert)
{
    json_open_object(w);
    put_common(c, w, o, cert);
    json_member_int(w, "CertificateId", strtoll(o->id, NULL, 10));
    json_member_string(w, "CommonName", common_name(c, cert));
    json_member_int(w, "CertStartTime", sim_leaf(cert)->not_before_ms);
    json_member_int(w, "CertEndTime", sim_leaf(cert)->not_after_ms);
    json_member_bool(w, "Upload", strcmp(sim_get(c, o, "Official"), "1") != 0);
    json_member_string(w, "Status", status_of(c, cert));
    json_close_object(w);
}

static void list(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "CurrentPage", 1), size = sim_arg_int(c, "ShowSize", 50), total = 0;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "CertificateOrderList");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, site_of(c), &cursor));) {
        const struct sim_cert *cert = cert_of(c, o);
        if (cert && is_listed(c, o, cert)) {
            if (total >= (page - 1) * size && total < page * size)
                put_listed(c, &answer->w, o, cert);
            total++;
        }
        drop_cert(o, cert);
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "TotalCount", total);
    json_member_int(&answer->w, "CurrentPage", page);
    json_member_int(&answer->w, "ShowSize", size);
    aliyun_end(c, answer);
}

/* ---- DeleteUserCertificate ---- */

static const struct sim_param delete_params[] = {
    {"CertId", IN_QUERY, T_INTEGER, .required = true},
};

static void delete_one(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    sim_delete(c, o);
    aliyun_end(c, aliyun_begin(c));
}

static const struct sim_operation operations[] = {
    {.name = "UploadUserCertificate",
     .writes = true,
     .resource = "Name",
     SIM_PARAMS(upload_params),
     .run = upload},
    {.name = "GetUserCertificateDetail", .resource = "CertId", SIM_PARAMS(detail_params), .run = detail},
    {.name = "GetCertificateDetail",
     .resource = "CertificateId",
     SIM_PARAMS(users_params),
     .run = tell_users},
    {.name = "ListUserCertificateOrder", SIM_PARAMS(list_params), .run = list},
    {.name = "DeleteUserCertificate",
     .writes = true,
     .resource = "CertId",
     SIM_PARAMS(delete_params),
     .run = delete_one},
};

static const char *const hosts[] = {"cas.aliyuncs.com", "cas.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_cas = {.cloud = "aliyun",
                                           .code = "cas",
                                           .version = "2020-04-07",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations)};
