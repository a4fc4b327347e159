/* SCM v3: certificates of the account. The leaf and what follows it are imported apart, a key never shows but in an
 * export, and pushing makes a copy elsewhere that is no longer SCM's.
 */
#include "sim/huawei/scm.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 10, LIST_BYTES = 16 << 20, QUOTA = 100000 };
static const int64_t day_ms = 86400000;

const char scm_cert_kind[] = "scm.certificate";

/* "2026-12-31 23:59:59.0" */
static char *scm_time(struct arena *a, int64_t ms)
{
    const char *iso = time_iso(a, ms);
    return arena_printf(a, "%.10s %.8s.0", iso, iso + 11);
}

static const char *status_of(struct sim_call *c, const struct sim_object *o)
{
    return sim_leaf(o->cert)->not_after_ms < c->now_ms ? "EXPIRED" : sim_get(c, o, "status");
}

const struct sim_object *scm_usable(struct sim_call *c, const char *id)
{
    const struct sim_object *o = sim_find(c, scm_cert_kind, "", id);
    bool fine = o && o->cert && sim_list_has("UPLOAD ISSUED", status_of(c, o));
    return fine ? o : NULL;
}

struct sim_object *scm_wanted(struct sim_call *c)
{
    const char *id = sim_arg(c, "certificate_id");
    struct sim_object *o = sim_find(c, scm_cert_kind, "", id);
    if (strlen(id) != 16 || strncmp(id, "scs", 3))
        sim_fail(c, 400, "SCM.0008", "Abnormal certificate ID.");
    else if (!o || !o->cert)
        sim_fail(c, 400, "SCM.0020", "Incorrect certificate ID.");
    else
        return o;
    return NULL;
}

/* ---- list and show ---- */

static const char *other_names(struct sim_call *c, const struct x509 *leaf)
{
    struct buf b = buf_new(c->arena, 1 << 16);
    for (size_t i = 1; i < leaf->name_count; i++)
        buf_printf(&b, "%s%s", i > 1 ? "," : "", leaf->names[i]);
    return b.size ? b.data : NULL;
}

static const char *first_name(const struct x509 *leaf)
{
    return leaf->name_count ? leaf->names[0] : leaf->common_name;
}

static size_t wildcards(const struct x509 *leaf)
{
    size_t n = 0;
    for (size_t i = 0; i < leaf->name_count; i++)
        n += leaf->names[i][0] == '*';
    return n;
}

static const char *domain_type(const struct x509 *leaf)
{
    return leaf->name_count > 1 ? "MULTI_DOMAIN" : wildcards(leaf) ? "WILDCARD" : "SINGLE_DOMAIN";
}

static char *brief(struct sim_call *c, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    return json_format(
        c->arena,
        "{'id':%s,'name':%s,'domain':%s,'sans':%s,'signature_algorithm':'SHA256withRSA','deploy_support':"
        "true,"
        "'type':'DV_SSL_CERT','brand':%s,'expire_time':%s,'domain_type':%s,'validity_period':%lld,"
        "'status':%s,'domain_count':%zu,'wildcard_count':%zu,'description':null,'domain_id':%s,"
        "'enterprise_project_id':%s}",
        o->id, sim_get(c, o, "name"), first_name(leaf), other_names(c, leaf),
        strcmp(status_of(c, o), "ISSUED") ? NULL : "DIGICERT", scm_time(c->arena, leaf->not_after_ms),
        domain_type(leaf), (long long)((leaf->not_after_ms - leaf->not_before_ms) / (30 * day_ms)),
        status_of(c, o), leaf->name_count, wildcards(leaf), o->account,
        sim_get(c, o, "enterprise_project_id"));
}

static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    const char *status = sim_arg_or(c, "status", "ALL"), *content = sim_arg_or(c, "content", "");
    const char *project = sim_arg_or(c, "enterprise_project_id", "all");
    const struct x509 *leaf = o->cert ? sim_leaf(o->cert) : NULL;
    const char *others = leaf ? other_names(c, leaf) : NULL;
    if (!leaf || (strcmp(status, "ALL") && strcmp(status, status_of(c, o))) ||
        (strcmp(project, "all") && strcmp(project, sim_get(c, o, "enterprise_project_id"))))
        return false;
    return strstr(sim_get(c, o, "name"), content) || strstr(first_name(leaf), content) ||
           (others && strstr(others, content));
}

static void list(struct sim_call *c)
{
    int64_t from = sim_arg_int(c, "offset", 0), size = sim_arg_int(c, "limit", PAGE_SIZE), total = 0;
    struct buf b = buf_new(c->arena, LIST_BYTES);
    struct json_writer w = json_writer_to(&b);
    const struct sim_object *o;
    json_open_object(&w);
    json_key(&w, "certificates");
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, scm_cert_kind, "", &cursor));) {
        if (!is_listed(c, o))
            continue;
        if (total >= from && total < from + size)
            json_put_raw(&w, brief(c, o));
        total++;
    }
    json_close_array(&w);
    json_member_int(&w, "total_count", total);
    json_close_object(&w);
    huawei_reply(c, 200, b.data);
}

static void show(struct sim_call *c)
{
    const struct sim_object *o = scm_wanted(c);
    if (!o)
        return;
    const struct x509 *leaf = sim_leaf(o->cert);
    huawei_reply(
        c, 200,
        json_format(
            c->arena,
            "{'id':%s,'status':%s,'order_id':null,'name':%s,'type':null,'brand':null,'push_support':'ON',"
            "'revoke_reason':null,'signature_algorithm':'SHA256withRSA','issue_time':null,'not_before':%s,"
            "'not_after':%s,'validity_period':%lld,'validation_method':null,'domain_type':%s,"
            "'multi_domain_type':null,'domain':%s,'sans':%s,'domain_count':%zu,'wildcard_count':%zu,"
            "'fingerprint':%s,'shared':false,'description':null,'enterprise_project_id':%s,"
            "'authentification':[]}",
            o->id, status_of(c, o), sim_get(c, o, "name"), scm_time(c->arena, leaf->not_before_ms),
            scm_time(c->arena, leaf->not_after_ms),
            (long long)((leaf->not_after_ms - leaf->not_before_ms) / (30 * day_ms)), domain_type(leaf),
            first_name(leaf), other_names(c, leaf), leaf->name_count, wildcards(leaf), leaf->sha1,
            sim_get(c, o, "enterprise_project_id")));
}

/* ---- import, export, delete ---- */

static bool bad(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 400, code, "%s", message);
    return false;
}

static const struct {
    enum sim_cert_fault fault;
    const char *code, *message;
} faults[] = {
    {CERT_UNREADABLE, "SCM.0006", "The uploaded certificate cannot be parsed."},
    {CERT_BAD_KEY, "SCM.0012", "The uploaded private key cannot be parsed."},
    {CERT_MISMATCH, "SCM.0014", "The uploaded certificate does not match the private key."},
    {CERT_OUT_OF_ORDER, "SCM.0079", "The certificate chain is in the wrong order."},
    {CERT_INCOMPLETE, "SCM.0013", "The uploaded certificate chain is incomplete."},
    {CERT_EXPIRED, "SCM.0010", "The uploaded certificate has expired."},
};

static bool is_framed(const char *pem)
{
    size_t size = strlen(pem);
    return !size || (!strncmp(pem, "-----BEGIN ", 11) && pem[size - 1] == '-');
}

/* Blank lines around a PEM make the service misbehave; here they are refused. */
static bool texts_are_fine(struct sim_call *c)
{
    static const char *const texts[] = {"certificate", "certificate_chain", "private_key", "enc_certificate",
                                        "enc_private_key"};
    const char *name = sim_arg(c, "name");
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") != strlen(name))
        return bad(c, "SCM.0032", "Incorrect certificate name.");
    for (size_t i = 0; i < countof(texts); i++)
        if (!is_framed(sim_arg_or(c, texts[i], "")))
            return bad(c, strstr(texts[i], "key") ? "SCM.0114" : "SCM.0053",
                       arena_printf(c->arena, "%s lacks its PEM frame.", texts[i]));
    return true;
}

/* The leaf alone counts of `certificate` where a chain is given beside it. */
static const char *whole_chain(struct sim_call *c)
{
    static const char end[] = "-----END CERTIFICATE-----";
    const char *leaf = sim_arg(c, "certificate"), *chain = sim_arg_or(c, "certificate_chain", "");
    const char *stop = strstr(leaf, end);
    if (!*chain || !stop)
        return arena_printf(c->arena, "%s\n", leaf);
    return arena_printf(c->arena, "%.*s\n%s\n", (int)(stop - leaf + (long)sizeof end - 1), leaf, chain);
}

static bool chain_is_fine(struct sim_call *c, const char *chain)
{
    struct sim_cert *cert = NULL;
    enum sim_cert_fault fault =
        sim_check_cert(c, chain, sim_arg(c, "private_key"), CHECK_ORDER | CHECK_COMPLETE | CHECK_TIME, &cert);
    const char *sha1 = fault == CERT_FINE ? arena_strdup(c->arena, sim_leaf(cert)->sha1) : "";
    sim_cert_free(cert);
    for (size_t i = 0; i < countof(faults); i++)
        if (faults[i].fault == fault)
            return bad(c, faults[i].code, faults[i].message);
    if (fault != CERT_FINE)
        return bad(c, "SCM.0031", "Certificate parsing error.");
    const struct sim_object *o;
    size_t count = 0;
    for (size_t cursor = 0; (o = sim_next(c, scm_cert_kind, "", &cursor)); count++)
        if (sim_arg_bool(c, "duplicate_check", false) && o->cert && !strcmp(sim_leaf(o->cert)->sha1, sha1))
            return bad(c, "SCM.0005", "The certificate exists already.");
    return count < QUOTA || bad(c, "SCM.0011", "The maximum number of certificates has been reached.");
}

static char *new_id(struct arena *a, int64_t serial)
{
    return arena_printf(a, "scs%013lld", (long long)(1700000000000 + serial));
}

static void import(struct sim_call *c)
{
    const char *chain = whole_chain(c);
    if (!texts_are_fine(c) || !chain_is_fine(c, chain))
        return;
    const char *id = new_id(c->arena, sim_serial(c));
    SIM_CREATE(c, scm_cert_kind, "", id, {"name", sim_arg(c, "name")}, {"status", "UPLOAD"},
               {"enterprise_project_id", sim_arg_or(c, "enterprise_project_id", "0")}, {"Cert", chain},
               {"Key", sim_arg(c, "private_key")}, {"EncCert", sim_arg_or(c, "enc_certificate", "")},
               {"EncKey", sim_arg_or(c, "enc_private_key", "")});
    c->resource = id;
    huawei_reply(c, 200, json_format(c->arena, "{'certificate_id':%s}", id));
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static void export(struct sim_call *c)
{
    const struct sim_object *o = scm_wanted(c);
    if (o)
        huawei_reply(c, 200,
                     json_format(c->arena,
                                 "{'entire_certificate':%s,'certificate':%s,'certificate_chain':%s,"
                                 "'private_key':%s,'enc_certificate':%s,'enc_private_key':%s}",
                                 sim_get(c, o, "Cert"), sim_cert_leaf_pem(c->arena, o->cert),
                                 sim_cert_rest_pem(c->arena, o->cert), sim_get(c, o, "Key"),
                                 or_null(sim_get(c, o, "EncCert")), or_null(sim_get(c, o, "EncKey"))));
}

static void delete (struct sim_call *c)
{
    struct sim_object *o = scm_wanted(c);
    if (!o)
        return;
    sim_delete(c, o);
    huawei_reply(c, 204, "");
}

/* ---- tables ---- */

static const struct sim_param list_params[] = {
    {"limit", IN_QUERY, T_INTEGER, .values = "10 20 50"},
    {"offset", IN_QUERY, T_INTEGER, .min = 0, .max = 1000000},
    {"sort_dir", IN_QUERY, T_STRING, .values = "ASC DESC"},
    {"sort_key", IN_QUERY, T_STRING, .values = "certExpiredTime certStatus certUpdateTime"},
    {"status", IN_QUERY, T_STRING},
    {"enterprise_project_id", IN_QUERY, T_STRING},
    {"deploy_support", IN_QUERY, T_BOOLEAN},
    {"owned_by_self", IN_QUERY, T_BOOLEAN},
    {"expired_days_since", IN_QUERY, T_INTEGER, .min = 0, .max = 1095},
    {"content", IN_QUERY, T_STRING},
};

static const struct sim_param one_params[] = {{"certificate_id", IN_PATH, T_STRING, .required = true}};

static const struct sim_param import_params[] = {
    {"name", IN_JSON, T_STRING, .required = true, .min = 3, .max = 63},
    {"certificate", IN_JSON, T_STRING, .required = true, .min = 1, .max = 4096},
    {"certificate_chain", IN_JSON, T_STRING, .min = 0, .max = 8192},
    {"private_key", IN_JSON, T_STRING, .required = true, .min = 1, .max = 4096},
    {"duplicate_check", IN_JSON, T_BOOLEAN},
    {"enterprise_project_id", IN_JSON, T_STRING},
    {"enc_certificate", IN_JSON, T_STRING},
    {"enc_private_key", IN_JSON, T_STRING},
};

static const struct sim_param push_params[] = {
    {"certificate_id", IN_PATH, T_STRING, .required = true},
    {"target_project", IN_JSON, T_STRING, .required = true, .min = 0, .max = 255},
    {"target_service", IN_JSON, T_STRING, .required = true, .min = 1, .max = 64},
};

static const struct sim_param batch_push_params[] = {
    {"certificate_id", IN_PATH, T_STRING, .required = true},
    {"target_projects[]", IN_JSON, T_STRING, .required = true, .min = 1, .max = 32, .count_min = 1,
     .count = 10},
    {"target_service", IN_JSON, T_STRING, .required = true, .min = 1, .max = 64},
};

static const struct sim_param deployed_params[] = {
    {"certificate_ids[]", IN_JSON, T_STRING, .required = true},
    {"service_names[]", IN_JSON, T_STRING, .required = true, .values = "WAF CDN ELB ALL"},
};

static const struct sim_param history_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"cert_id", IN_PATH, T_STRING, .required = true},
};

#define CERTIFICATES "/v3/scm/certificates"

static const struct sim_operation operations[] = {
    {.name = "ListCertificates", .method = "GET", .path = CERTIFICATES, SIM_PARAMS(list_params), .run = list},
    {.name = "ImportCertificate",
     .method = "POST",
     .path = CERTIFICATES "/import",
     .writes = true,
     .resource = "name",
     SIM_PARAMS(import_params),
     .run = import},
    {.name = "ShowCertificate",
     .method = "GET",
     .path = CERTIFICATES "/{certificate_id}",
     .resource = "certificate_id",
     SIM_PARAMS(one_params),
     .run = show},
    {.name = "ExportCertificate",
     .method = "POST",
     .path = CERTIFICATES "/{certificate_id}/export",
     .resource = "certificate_id",
     SIM_PARAMS(one_params),
     .run = export},
    {.name = "DeleteCertificate",
     .method = "DELETE",
     .path = CERTIFICATES "/{certificate_id}",
     .writes = true,
     .resource = "certificate_id",
     SIM_PARAMS(one_params),
     .run = delete},
    {.name = "PushCertificate",
     .method = "POST",
     .path = CERTIFICATES "/{certificate_id}/push",
     .writes = true,
     .resource = "certificate_id",
     SIM_PARAMS(push_params),
     .run = scm_push},
    {.name = "BatchPushCertificate",
     .method = "POST",
     .path = CERTIFICATES "/{certificate_id}/batch-push",
     .writes = true,
     .resource = "certificate_id",
     SIM_PARAMS(batch_push_params),
     .run = scm_batch_push},
    {.name = "ListDeployedResources",
     .method = "POST",
     .path = "/v3/scm/deployed-resources",
     SIM_PARAMS(deployed_params),
     .run = scm_deployed_resources},
    {.name = "ListPushHistory",
     .method = "GET",
     .path = "/v2/{project_id}/scm/cert/{cert_id}/push-history",
     .resource = "cert_id",
     SIM_PARAMS(history_params),
     .run = scm_push_history},
};

const char *scm_seed_cert(struct sim_seeding *s, const char *names)
{
    const char *chain, *key, *hex = sim_hex_id(s->arena, arena_printf(s->arena, "scm %s", names), 8);
    const char *id = new_id(s->arena, (int64_t)(strtoull(hex, NULL, 16) % 100000000) - 200000000);
    sim_seed_cert(s, names, &chain, &key);
    SIM_SEED(s, scm_cert_kind, "", id, {"name", arena_printf(s->arena, "old-%s", hex)}, {"status", "UPLOAD"},
             {"enterprise_project_id", "0"}, {"Cert", chain}, {"Key", key});
    return id;
}

static const char *const hosts[] = {"scm.{region}.myhuaweicloud.com", NULL};

const struct sim_service sim_huawei_scm = {.cloud = "huawei",
                                           .code = "scm",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations)};
