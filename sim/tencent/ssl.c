/* SSL, the certificate store. Ids are eight characters and known to every product in every region. An upload of what is
 * there makes another id unless Repeatable is false; then both fields of the answer name the old one.
 */
#include "crypto/mint.h"
#include "sim/tencent/tencent.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE_SIZE = 10 };
static const int64_t day_ms = 86400000;

const char tencent_cert_kind[] = "ssl.certificate";

/* Eight letters and digits; not 0 alone, which stands for "none" elsewhere. */
static char *new_id(struct arena *a, const char *name)
{
    char *id = sim_hex_id(a, name, 8);
    for (char *p = id; *p; p++)
        *p = (char)(*p >= '0' && *p <= '9' ? 'K' + (*p - '0') : *p);
    return id;
}

const char *tencent_seed_cert(struct sim_seeding *s, const char *names)
{
    const char *chain, *key, *id = new_id(s->arena, arena_printf(s->arena, "%s old", names));
    sim_seed_cert(s, names, &chain, &key);
    SIM_SEED(s, tencent_cert_kind, "", id, {"Alias", arena_printf(s->arena, "old-%s", id)},
             {"ProjectId", "0"}, {"CertificateType", "SVR"},
             {"InsertTime", tencent_time(s->arena, s->now_ms - 80 * day_ms)}, {"Cert", chain}, {"Key", key});
    return id;
}

const char *tencent_seed_rsa(struct sim_seeding *s, const char *names)
{
    const char *list[16], *id = new_id(s->arena, arena_printf(s->arena, "%s rsa", names));
    size_t count = 0;
    struct minted leaf;
    struct err err;
    while (count < countof(list) && (list[count] = sim_list_item(s->arena, names, count)))
        count++;
    if (!mint_leaf(s->arena, s->ca, list, count, KEY_RSA, 2048, s->now_ms - 80 * day_ms,
                   s->now_ms + 10 * day_ms, &leaf, &err))
        abort();
    SIM_SEED(s, tencent_cert_kind, "", id, {"Alias", arena_printf(s->arena, "old-%s", id)},
             {"ProjectId", "0"}, {"CertificateType", "SVR"},
             {"InsertTime", tencent_time(s->arena, s->now_ms - 80 * day_ms)},
             {"Cert", arena_printf(s->arena, "%s%s", x509_pem(s->arena, &leaf.cert),
                                   x509_pem(s->arena, &s->ca->cert))},
             {"Key", secret_bytes(leaf.key)});
    return id;
}

const char *tencent_seed_ca(struct sim_seeding *s)
{
    static const char id[] = "clientCA";
    SIM_SEED(s, tencent_cert_kind, "", id, {"Alias", "partners"}, {"ProjectId", "0"},
             {"CertificateType", "CA"}, {"InsertTime", tencent_time(s->arena, s->now_ms - 80 * day_ms)},
             {"Cert", x509_pem(s->arena, &s->ca->cert)}, {"Key", ""});
    return id;
}

static const char *main_domain(const struct x509 *leaf)
{
    return *leaf->common_name ? leaf->common_name : leaf->name_count ? leaf->names[0] : "";
}

static const char *algorithm(const struct x509 *leaf)
{
    return leaf->key_type == KEY_RSA ? "RSA" : leaf->key_type == KEY_SM2 ? "SM2" : "ECC";
}

static int64_t status_of(struct sim_call *c, const struct x509 *leaf)
{
    return leaf->not_after_ms < c->now_ms ? 3 : 1;
}

/* The list names the main domain among the others, the detail does not. */
static void put_names(struct json_writer *w, const char *key, const struct x509 *leaf, bool with_main)
{
    json_key(w, key);
    json_open_array(w);
    for (size_t i = 0; i < leaf->name_count; i++)
        if (with_main || strcasecmp(leaf->names[i], main_domain(leaf)))
            json_put_string(w, leaf->names[i]);
    json_close_array(w);
}

static void put_common(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    json_member_string(w, "OwnerUin", c->access->account);
    json_member_string(w, "ProjectId", sim_get(c, o, "ProjectId"));
    json_member_string(w, "From", strcmp(sim_get(c, o, "Official"), "1") ? "upload" : "trustasia");
    json_member_string(w, "CertificateType", sim_get(c, o, "CertificateType"));
    json_member_string(w, "CertificateId", o->id);
    json_member_string(w, "Alias", sim_get(c, o, "Alias"));
    json_member_string(w, "Domain", main_domain(leaf));
    json_member_int(w, "Status", status_of(c, leaf));
    json_member_string(w, "StatusName", status_of(c, leaf) == 1 ? "Issued" : "Expired");
    json_member_string(w, "CertBeginTime", tencent_time(c->arena, leaf->not_before_ms));
    json_member_string(w, "CertEndTime", tencent_time(c->arena, leaf->not_after_ms));
    json_member_string(w, "InsertTime", sim_get(c, o, "InsertTime"));
    json_member_bool(w, "IsWildcard", strncmp(main_domain(leaf), "*.", 2) == 0);
    json_member_bool(w, "Deployable", true);
    json_key(w, "Tags");
    json_open_array(w);
    json_close_array(w);
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, tencent_cert_kind, "", sim_arg(c, "CertificateId"));
    if (!o || !o->cert)
        sim_fail(c, 200, "FailedOperation.CertificateNotFound", "The certificate does not exist.");
    return o && o->cert ? o : NULL;
}

/* ---- UploadCertificate ---- */

static const struct sim_param upload_certificate_params[] = {
    {"CertificatePublicKey", IN_JSON, T_STRING, .required = true},
    {"CertificatePrivateKey", IN_JSON, T_STRING},
    {"CertificateType", IN_JSON, T_STRING, .values = "SVR CA"},
    {"Alias", IN_JSON, T_STRING},
    {"ProjectId", IN_JSON, T_INTEGER},
    {"CertificateUse", IN_JSON, T_STRING},
    {"Tags[]", IN_JSON, T_OBJECT},
    {"Tags[].TagKey", IN_JSON, T_STRING, .required = true},
    {"Tags[].TagValue", IN_JSON, T_STRING, .required = true},
    {"Repeatable", IN_JSON, T_BOOLEAN},
    {"KeyPassword", IN_JSON, T_STRING},
};

static const struct sim_object *same_certificate(struct sim_call *c, const struct sim_cert *cert)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, tencent_cert_kind, "", &cursor));)
        if (o->cert && !strcmp(sim_leaf(o->cert)->sha256, sim_leaf(cert)->sha256))
            return o;
    return NULL;
}

static bool is_accepted(struct sim_call *c, struct sim_cert **ret)
{
    static const struct {
        const char *code, *message;
    } refusals[] = {
        [CERT_UNREADABLE] = {"FailedOperation.CertificateParseError", "The certificate cannot be parsed."},
        [CERT_BAD_KEY] = {"FailedOperation.CertificateInvalid", "The private key cannot be parsed."},
        [CERT_MISMATCH] = {"FailedOperation.CertificateMatchError", "The key is not the certificate's."},
        [CERT_OUT_OF_ORDER] = {"FailedOperation.CertificateChainError", "The chain is not in order."},
        [CERT_INCOMPLETE] = {"FailedOperation.CertificateChainError", "The chain is incomplete."},
        [CERT_EXPIRED] = {"FailedOperation.CertificateInvalid", "The certificate has expired."},
        [CERT_NOT_YET_VALID] = {"FailedOperation.CertificateInvalid", "The certificate is not valid yet."},
        [CERT_UNTRUSTED] = {"FailedOperation.CertificateCaError", "The chain is not trusted."},
    };
    enum sim_cert_fault fault =
        sim_check_cert(c, sim_arg(c, "CertificatePublicKey"), sim_arg(c, "CertificatePrivateKey"),
                       CHECK_ORDER | CHECK_TIME, ret);
    if (fault != CERT_FINE)
        sim_fail(c, 200, refusals[fault].code, "%s", refusals[fault].message);
    return fault == CERT_FINE;
}

static void upload(struct sim_call *c)
{
    const char *type = sim_arg_or(c, "CertificateType", "SVR"), *key = sim_arg(c, "CertificatePrivateKey");
    struct sim_cert *cert;
    if (!strcmp(type, "SVR") && !key) {
        sim_fail(c, 200, "MissingParameter",
                 "The request is missing a required parameter `CertificatePrivateKey`.");
        return;
    }
    if (!is_accepted(c, &cert))
        return;
    const struct sim_object *same = sim_arg_bool(c, "Repeatable", true) ? NULL : same_certificate(c, cert);
    sim_cert_free(cert);
    const char *id =
        same ? same->id : new_id(c->arena, arena_printf(c->arena, "%lld", (long long)sim_serial(c)));
    if (!same)
        SIM_CREATE(c, tencent_cert_kind, "", id, {"Alias", sim_arg_or(c, "Alias", "")},
                   {"ProjectId", sim_arg_or(c, "ProjectId", "0")}, {"CertificateType", type},
                   {"InsertTime", tencent_time(c->arena, c->now_ms)},
                   {"Cert", sim_arg(c, "CertificatePublicKey")}, {"Key", key ? key : ""});
    c->resource = id;
    struct tencent_answer *answer = tencent_begin(c);
    json_member_string(&answer->w, "CertificateId", id);
    json_member_string(&answer->w, "RepeatCertId", same ? id : "");
    tencent_end(c, answer);
}

/* ---- DescribeCertificates ---- */

static const struct sim_param describe_certificates_params[] = {
    {"Offset", IN_JSON, T_INTEGER},
    {"Limit", IN_JSON, T_INTEGER, .min = 0, .max = 1000},
    {"SearchKey", IN_JSON, T_STRING},
    {"CertificateType", IN_JSON, T_STRING, .values = "CA SVR"},
    {"ProjectId", IN_JSON, T_INTEGER},
    {"ExpirationSort", IN_JSON, T_STRING, .values = "DESC ASC"},
    {"CertificateStatus[]", IN_JSON, T_INTEGER},
    {"Deployable", IN_JSON, T_INTEGER},
    {"Upload", IN_JSON, T_INTEGER},
    {"Renew", IN_JSON, T_INTEGER},
    {"FilterSource", IN_JSON, T_STRING, .values = "upload buy"},
    {"IsSM", IN_JSON, T_INTEGER},
    {"FilterExpiring", IN_JSON, T_INTEGER},
    {"Hostable", IN_JSON, T_INTEGER},
    {"Tags[]", IN_JSON, T_OBJECT},
    {"Tags[].TagKey", IN_JSON, T_STRING, .required = true},
    {"Tags[].TagValue", IN_JSON, T_STRING, .required = true},
    {"IsPendingIssue", IN_JSON, T_INTEGER},
    {"CertIds[]", IN_JSON, T_STRING},
    {"ServiceId", IN_JSON, T_STRING},
};

static bool number_is_asked(struct sim_call *c, const char *pattern, int64_t value)
{
    const char *text = arena_printf(c->arena, "%lld", (long long)value), *item;
    for (size_t i = 0; (item = sim_arg_item(c, pattern, i)); i++)
        if (!strcmp(item, text))
            return true;
    return !sim_arg_count(c, pattern);
}

static bool id_is_asked(struct sim_call *c, const char *id)
{
    const char *item;
    for (size_t i = 0; (item = sim_arg_item(c, "CertIds[]", i)); i++)
        if (!strcmp(item, id))
            return true;
    return !sim_arg_count(c, "CertIds[]");
}

static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    const char *text = sim_arg_or(c, "SearchKey", "");
    bool found = !*text || strstr(o->id, text) || strstr(sim_get(c, o, "Alias"), text) ||
                 strstr(sim_cert_names(c->arena, o->cert, " "), text);
    return found && id_is_asked(c, o->id) && number_is_asked(c, "CertificateStatus[]", status_of(c, leaf)) &&
           !strcmp(sim_arg_or(c, "CertificateType", sim_get(c, o, "CertificateType")),
                   sim_get(c, o, "CertificateType")) &&
           !strcmp(sim_arg_or(c, "ProjectId", sim_get(c, o, "ProjectId")), sim_get(c, o, "ProjectId")) &&
           strcmp(sim_arg_or(c, "FilterSource", ""), "buy") && sim_arg_int(c, "Upload", 1) == 1 &&
           sim_arg_int(c, "Deployable", 1) == 1 && !sim_arg_count(c, "Tags[]") &&
           (!sim_arg(c, "IsSM") || sim_arg_int(c, "IsSM", 0) == (leaf->key_type == KEY_SM2)) &&
           (!sim_arg_int(c, "FilterExpiring", 0) || leaf->not_after_ms < c->now_ms + 30 * day_ms);
}

static void put_listed(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    json_open_object(w);
    put_common(c, w, o);
    put_names(w, "SubjectAltName", leaf, true);
    put_names(w, "CertSANs", leaf, true);
    json_member_bool(w, "IsSM", leaf->key_type == KEY_SM2);
    json_member_string(w, "EncryptAlgorithm", algorithm(leaf));
    json_member_bool(w, "IsExpiring", leaf->not_after_ms < c->now_ms + 30 * day_ms);
    json_member_bool(w, "AllowDownload", true);
    json_close_object(w);
}

static void list(struct sim_call *c)
{
    int64_t from = sim_arg_int(c, "Offset", 0), size = sim_arg_int(c, "Limit", PAGE_SIZE), total = 0;
    struct tencent_answer *answer = tencent_begin(c);
    json_key(&answer->w, "Certificates");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, tencent_cert_kind, "", &cursor));) {
        if (!o->cert || !is_listed(c, o))
            continue;
        if (total >= from && total < from + size)
            put_listed(c, &answer->w, o);
        total++;
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "TotalCount", total);
    tencent_end(c, answer);
}

/* ---- DescribeCertificate, DescribeCertificateDetail, DeleteCertificate ---- */

static const struct sim_param one_params[] = {
    {"CertificateId", IN_JSON, T_STRING, .required = true},
};

static void describe(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct tencent_answer *answer = tencent_begin(c);
    put_common(c, &answer->w, o);
    put_names(&answer->w, "SubjectAltName", sim_leaf(o->cert), false);
    tencent_end(c, answer);
}

static void detail(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    const struct x509 *leaf = sim_leaf(o->cert);
    struct tencent_answer *answer = tencent_begin(c);
    put_common(c, &answer->w, o);
    put_names(&answer->w, "SubjectAltName", leaf, false);
    json_member_string(&answer->w, "CertificatePublicKey", sim_get(c, o, "Cert"));
    json_member_string(&answer->w, "CertificatePrivateKey", sim_get(c, o, "Key"));
    json_member_string(&answer->w, "CertFingerprint", leaf->sha1);
    json_member_string(&answer->w, "EncryptAlgorithm", algorithm(leaf));
    tencent_end(c, answer);
}

static const struct sim_param delete_params[] = {
    {"CertificateId", IN_JSON, T_STRING, .required = true},
    {"IsCheckResource", IN_JSON, T_BOOLEAN},
};

static void delete_one(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const struct sim_object *user;
    size_t cursor = 0;
    if (!o)
        return;
    if (sim_arg_bool(c, "IsCheckResource", false) && sim_next_user(c, &o->id, 1, &cursor, &user)) {
        sim_fail(c, 200, "FailedOperation.BoundResources", "The certificate is bound to resources.");
        return;
    }
    sim_delete(c, o);
    struct tencent_answer *answer = tencent_begin(c);
    json_member_bool(&answer->w, "DeleteResult", true);
    if (sim_arg_bool(c, "IsCheckResource", false))
        json_member_string(&answer->w, "TaskId", sim_hex_id(c->arena, c->request_id, 32));
    tencent_end(c, answer);
}

/* ---- what uses a certificate: a task per certificate, whose result comes later ---- */

static const char task_kind[] = "@ssl.task";

static const struct sim_param begin_params[] = {
    {"CertificateIds[]", IN_JSON, T_STRING, .required = true, .count_min = 1, .count = 100},
    {"IsCache", IN_JSON, T_INTEGER, .required = true, .max = 1},
};

static const struct sim_param result_params[] = {
    {"TaskIds[]", IN_JSON, T_STRING, .required = true, .count_min = 1, .count = 100},
};

static void begin_tasks(struct sim_call *c)
{
    const char *id;
    for (size_t i = 0; (id = sim_arg_item(c, "CertificateIds[]", i)); i++)
        if (!sim_find(c, tencent_cert_kind, "", id)) {
            sim_fail(c, 200, "FailedOperation.CertificateNotFound", "The certificate does not exist.");
            return;
        }
    struct tencent_answer *answer = tencent_begin(c);
    json_key(&answer->w, "CertTaskIds");
    json_open_array(&answer->w);
    for (size_t i = 0; (id = sim_arg_item(c, "CertificateIds[]", i)); i++) {
        const char *task =
            arena_printf(c->arena, "%llu",
                         strtoull(sim_hex_id(c->arena,
                                             arena_printf(c->arena, "task %lld", (long long)sim_serial(c)),
                                             12),
                                  NULL, 16));
        struct sim_object *o = SIM_CREATE(c, task_kind, "", task, {"certificate", id},
                                          {"cache", sim_arg(c, "IsCache")}, {"state", "running"});
        SIM_CHANGE(c, o, SETTLE_EDGE, {"state", "done"});
        json_put_raw(&answer->w, json_format(c->arena, "{'CertId':%s,'TaskId':%s}", id, task));
    }
    json_close_array(&answer->w);
    tencent_end(c, answer);
}

/* How many objects of a service hold it in a region ("": wherever they are). */
static int64_t count_users(struct sim_call *c, const char *cert, const char *service, const char *region)
{
    const struct sim_object *o;
    int64_t n = 0;
    for (size_t cursor = 0; sim_next_user(c, &cert, 1, &cursor, &o);)
        n += !strncmp(o->kind, service, strlen(service)) && o->kind[strlen(service)] == '.' &&
             (!*region || !strcmp(o->scope, region));
    return n;
}

/* From the cache comes what was found some time ago: here, before anything used it. */
static void put_part(struct sim_call *c, struct json_writer *w, const struct sim_object *task,
                     const char *service, const char *region)
{
    bool denied = *region && sim_region_is_denied(c, region),
         cached = !strcmp(sim_get(c, task, "cache"), "1");
    int64_t n = denied || cached ? 0 : count_users(c, sim_get(c, task, "certificate"), service, region);
    json_put_raw(w, json_format(c->arena, "{'Region':%s,'TotalCount':%lld,'Error':%s}", region, (long long)n,
                                denied ? "UnauthorizedOperation" : ""));
}

static void put_result(struct sim_call *c, struct json_writer *w, const struct sim_object *task)
{
    static const struct {
        const char *type;
        bool regional;
    } services[] = {{"clb", true}, {"cdn", false}, {"waf", true}, {"live", false}, {"teo", false}};
    json_open_object(w);
    json_member_string(w, "TaskId", task->id);
    json_member_int(w, "Status", sim_settling(c, task) ? 0 : 1);
    json_member_string(w, "CacheTime", tencent_time(c->arena, c->now_ms));
    json_key(w, "BindResourceResult");
    json_open_array(w);
    for (size_t i = 0; i < countof(services) && !sim_settling(c, task); i++) {
        json_open_object(w);
        json_member_string(w, "ResourceType", services[i].type);
        json_key(w, "BindResourceRegionResult");
        json_open_array(w);
        for (size_t r = 0; r < (services[i].regional ? countof(tencent_regions) : 1); r++)
            put_part(c, w, task, services[i].type, services[i].regional ? tencent_regions[r] : "");
        json_close_array(w);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static void tell_results(struct sim_call *c)
{
    struct tencent_answer *answer = tencent_begin(c);
    const char *id;
    json_key(&answer->w, "SyncTaskBindResourceResult");
    json_open_array(&answer->w);
    for (size_t i = 0; (id = sim_arg_item(c, "TaskIds[]", i)); i++) {
        const struct sim_object *task = sim_find(c, task_kind, "", id);
        if (!task) {
            sim_fail(c, 200, "FailedOperation.CertificateSyncTaskIdInvalid", "The task does not exist.");
            return;
        }
        put_result(c, &answer->w, task);
    }
    json_close_array(&answer->w);
    tencent_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "UploadCertificate",
     .writes = true,
     .resource = "Alias",
     SIM_PARAMS(upload_certificate_params),
     .run = upload},
    {.name = "DescribeCertificates", SIM_PARAMS(describe_certificates_params), .run = list},
    {.name = "DescribeCertificate", .resource = "CertificateId", SIM_PARAMS(one_params), .run = describe},
    {.name = "DescribeCertificateDetail", .resource = "CertificateId", SIM_PARAMS(one_params), .run = detail},
    {.name = "CreateCertificateBindResourceSyncTask", SIM_PARAMS(begin_params), .run = begin_tasks},
    {.name = "DescribeCertificateBindResourceTaskResult", SIM_PARAMS(result_params), .run = tell_results},
    {.name = "DeleteCertificate",
     .writes = true,
     .resource = "CertificateId",
     SIM_PARAMS(delete_params),
     .run = delete_one},
};

static const char *const hosts[] = {"ssl.tencentcloudapi.com", "ssl.intl.tencentcloudapi.com",
                                    "ssl.{region}.tencentcloudapi.com", NULL};

const struct sim_service sim_tencent_ssl = {.cloud = "tencent",
                                            .code = "ssl",
                                            .version = "2019-12-05",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations)};
