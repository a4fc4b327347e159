/* IAM: server certificates, for what cannot read ACM. A name is one certificate for ever. */
#include "sim/aws/aws.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 100, QUOTA = 1000 };
static const char quota_kind[] = "@iam.quota";

const char aws_iam_kind[] = "iam.certificate";

const struct sim_object *aws_iam_by_id(struct sim_state *s, const char *account,
                                       const char *server_certificate_id)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = state_next(s, "aws", account, aws_iam_kind, "", &cursor));)
        if (!strcmp(sim_field(o->now, "ServerCertificateId"), server_certificate_id))
            return o;
    return NULL;
}

const char *aws_seed_iam(struct sim_seeding *s, const char *names)
{
    const char *name = arena_printf(s->arena, "old-%s", sim_hex_id(s->arena, names, 12)), *chain, *key;
    const char *arn = arena_printf(s->arena, "arn:aws:iam::%s:server-certificate/%s", s->account, name);
    char *id = arena_printf(s->arena, "ASCA%s", sim_hex_id(s->arena, arn, 17));
    for (char *p = id; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    sim_seed_cert(s, names, &chain, &key);
    SIM_SEED(s, aws_iam_kind, "", name, {"Path", "/"}, {"ServerCertificateId", id}, {"@arn", arn},
             {"@ready", "1"}, {"UploadDate", time_iso(s->arena, s->now_ms - 80 * 86400000LL)},
             {"Cert", chain}, {"Key", key});
    return arn;
}

static struct sim_object *wanted(struct sim_call *c)
{
    const char *name = sim_arg(c, "ServerCertificateName");
    struct sim_object *o = sim_find(c, aws_iam_kind, "", name);
    if (!o || !o->cert)
        sim_fail(c, 404, "NoSuchEntity", "The Server Certificate with name %s cannot be found.", name);
    return o && o->cert ? o : NULL;
}

static void put_metadata(struct sim_call *c, struct aws_xml *x, const struct sim_object *o)
{
    aws_text(x, "ServerCertificateId", sim_get(c, o, "ServerCertificateId"));
    aws_text(x, "ServerCertificateName", o->id);
    aws_text(x, "Path", sim_get(c, o, "Path"));
    aws_text(x, "Arn", sim_get(c, o, "@arn"));
    aws_text(x, "UploadDate", sim_get(c, o, "UploadDate"));
    aws_text(x, "Expiration", time_iso(c->arena, sim_leaf(o->cert)->not_after_ms));
}

/* ---- UploadServerCertificate ---- */

static const struct sim_param upload_server_certificate_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "UploadServerCertificate"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2010-05-08"},
    {"Path", IN_FORM, T_STRING, .min = 1, .max = 512},
    {"ServerCertificateName", IN_FORM, T_STRING, .required = true, .min = 1, .max = 128},
    {"CertificateBody", IN_FORM, T_STRING, .required = true, .min = 1, .max = 16384},
    {"PrivateKey", IN_FORM, T_STRING, .required = true, .min = 1, .max = 16384},
    {"CertificateChain", IN_FORM, T_STRING, .min = 1, .max = 2097152},
    {"Tags.member[]", IN_FORM, T_OBJECT},
    {"Tags.member[].Key", IN_FORM, T_STRING, .required = true, .min = 1, .max = 128},
    {"Tags.member[].Value", IN_FORM, T_STRING, .required = true, .min = 0, .max = 256},
};

static bool bad(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_fail(c, status, code, "%s", message);
    return false;
}

static size_t quota_of(struct sim_call *c)
{
    const struct sim_object *quota = sim_find(c, quota_kind, "", "certificates");
    return quota ? (size_t)strtoull(sim_get(c, quota, "n"), NULL, 10) : QUOTA;
}

static bool name_is_fine(struct sim_call *c, const char *name, const char *path)
{
    size_t size = strlen(path), cursor = 0, count = 0;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("_+=,.@-", *p))
            return bad(c, 400, "ValidationError", "The name of the server certificate is not valid.");
    if (path[0] != '/' || path[size - 1] != '/')
        return bad(c, 400, "ValidationError", "The path must begin and end with a slash.");
    if (sim_find(c, aws_iam_kind, "", name))
        return bad(c, 409, "EntityAlreadyExists",
                   arena_printf(c->arena, "The Server Certificate with name %s already exists.", name));
    while (sim_next(c, aws_iam_kind, "", &cursor))
        count++;
    return count < quota_of(c) ||
           bad(c, 409, "LimitExceeded", "Cannot exceed quota for ServerCertificatesPerAccount.");
}

static bool pair_is_fine(struct sim_call *c, const char *chain, const char *key)
{
    struct sim_cert *cert = NULL;
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &cert);
    sim_cert_free(cert);
    if (fault == CERT_FINE)
        return true;
    return fault == CERT_MISMATCH
               ? bad(c, 400, "KeyPairMismatch", "The certificate and the private key do not match.")
               : bad(c, 400, "MalformedCertificate",
                     "The certificate, its chain or the key cannot be parsed.");
}

static void upload(struct sim_call *c)
{
    const char *name = sim_arg(c, "ServerCertificateName"), *path = sim_arg_or(c, "Path", "/");
    const char *key = sim_arg(c, "PrivateKey");
    const char *chain = arena_printf(c->arena, "%s\n%s", sim_arg(c, "CertificateBody"),
                                     sim_arg_or(c, "CertificateChain", ""));
    if (!name_is_fine(c, name, path) || !pair_is_fine(c, chain, key))
        return;
    char *id =
        arena_printf(c->arena, "ASCA%s",
                     sim_hex_id(c->arena, arena_printf(c->arena, "%lld", (long long)sim_serial(c)), 17));
    for (char *p = id; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    const char *arn =
        arena_printf(c->arena, "arn:aws:iam::%s:server-certificate%s%s", c->access->account, path, name);
    struct sim_object *o =
        SIM_CREATE(c, aws_iam_kind, "", name, {"Path", path}, {"ServerCertificateId", id}, {"@arn", arn},
                   {"UploadDate", time_iso(c->arena, c->now_ms)}, {"Cert", chain}, {"Key", key});
    SIM_CHANGE(c, o, SETTLE_READS, {"@ready", "1"});
    struct aws_xml *x = aws_begin(c);
    aws_open(x, "ServerCertificateMetadata");
    put_metadata(c, x, o);
    aws_close(x, "ServerCertificateMetadata");
    aws_end(c, x);
}

/* ---- list, get, delete ---- */

static const struct sim_param list_server_certificates_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "ListServerCertificates"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2010-05-08"},
    {"PathPrefix", IN_FORM, T_STRING, .min = 1, .max = 512},
    {"Marker", IN_FORM, T_STRING, .min = 1, .max = 320},
    {"MaxItems", IN_FORM, T_INTEGER, .min = 1, .max = 1000},
};

static const struct sim_param get_server_certificate_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "GetServerCertificate"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2010-05-08"},
    {"ServerCertificateName", IN_FORM, T_STRING, .required = true, .min = 1, .max = 128},
};

static const struct sim_param delete_server_certificate_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DeleteServerCertificate"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2010-05-08"},
    {"ServerCertificateName", IN_FORM, T_STRING, .required = true, .min = 1, .max = 128},
};

static const struct sim_param get_account_summary_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "GetAccountSummary"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2010-05-08"},
};

static void list(struct sim_call *c)
{
    const char *prefix = sim_arg_or(c, "PathPrefix", "/");
    struct aws_page p;
    if (!aws_page_open(c, &p, "MaxItems", PAGE_SIZE))
        return;
    struct aws_xml *x = aws_begin(c);
    const struct sim_object *o;
    aws_open(x, "ServerCertificateMetadataList");
    for (size_t cursor = 0; (o = sim_next(c, aws_iam_kind, "", &cursor));) {
        if (!o->cert || strncmp(sim_get(c, o, "Path"), prefix, strlen(prefix)) || !aws_page_holds(&p))
            continue;
        aws_open(x, "member");
        put_metadata(c, x, o);
        aws_close(x, "member");
    }
    aws_close(x, "ServerCertificateMetadataList");
    const char *next = aws_page_next(c, &p);
    aws_text(x, "IsTruncated", next ? "true" : "false");
    if (next)
        aws_text(x, "Marker", next);
    aws_end(c, x);
}

/* Two of the many figures that there are. */
static void summary(struct sim_call *c)
{
    size_t count = 0, cursor = 0;
    while (sim_next(c, aws_iam_kind, "", &cursor))
        count++;
    struct aws_xml *x = aws_begin(c);
    buf_printf(&x->body,
               "<SummaryMap><entry><key>ServerCertificates</key><value>%zu</value></entry>"
               "<entry><key>ServerCertificatesQuota</key><value>%zu</value></entry></SummaryMap>",
               count, quota_of(c));
    aws_end(c, x);
}

static void get(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aws_xml *x = aws_begin(c);
    const char *rest = sim_cert_rest_pem(c->arena, o->cert);
    aws_open(x, "ServerCertificate");
    aws_open(x, "ServerCertificateMetadata");
    put_metadata(c, x, o);
    aws_close(x, "ServerCertificateMetadata");
    aws_text(x, "CertificateBody", sim_cert_leaf_pem(c->arena, o->cert));
    if (*rest)
        aws_text(x, "CertificateChain", rest);
    aws_close(x, "ServerCertificate");
    aws_end(c, x);
}

static void delete_one(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    const char *users = aws_users(c, o);
    if (*users) {
        sim_fail(c, 409, "DeleteConflict",
                 "Certificate: %s is currently in use by %s. Please remove it first.", o->id,
                 sim_list_item(c->arena, users, 0));
        return;
    }
    sim_delete(c, o);
    aws_reply_empty(c);
}

static const struct sim_operation operations[] = {
    {.name = "UploadServerCertificate",
     .writes = true,
     .resource = "ServerCertificateName",
     SIM_PARAMS(upload_server_certificate_params),
     .run = upload},
    {.name = "ListServerCertificates", SIM_PARAMS(list_server_certificates_params), .run = list},
    {.name = "GetServerCertificate",
     .resource = "ServerCertificateName",
     SIM_PARAMS(get_server_certificate_params),
     .run = get},
    {.name = "GetAccountSummary", SIM_PARAMS(get_account_summary_params), .run = summary},
    {.name = "DeleteServerCertificate",
     .writes = true,
     .resource = "ServerCertificateName",
     SIM_PARAMS(delete_server_certificate_params),
     .run = delete_one},
};

static const char *const hosts[] = {"iam.amazonaws.com", NULL};

const struct sim_service sim_aws_iam = {.cloud = "aws",
                                        .code = "iam",
                                        .version = "2010-05-08",
                                        .hosts = hosts,
                                        .style = "query",
                                        .operations = operations,
                                        .operation_count = countof(operations)};
