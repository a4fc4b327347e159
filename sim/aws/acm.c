/* ACM, one store per region: no two imports are one, and a list without key types holds small RSA certificates only. For
 * a while after an import the other services do not know the certificate yet.
 */
#include "sim/aws/aws.h"
#include "sim/core.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 100, CERT_BYTES = 32768, KEY_BYTES = 5120, TAGS_MAX = 50, FIELDS_MAX = 72 };
static const int64_t day_ms = 86400000;

const char aws_acm_kind[] = "acm.certificate";

const struct sim_object *aws_cert_ever(struct sim_state *s, const char *account, const char *arn)
{
    const char *region = strncmp(arn, "arn:aws:acm:", 12) ? NULL : arn + 12;
    const char *name = strrchr(arn, '/');
    if (region)
        return state_find_ever(s, "aws", account, aws_acm_kind, NULL, arn);
    return name ? state_find_ever(s, "aws", account, aws_iam_kind, "", name + 1) : NULL;
}

const struct sim_object *aws_cert_ready(struct sim_call *c, const char *arn)
{
    const struct sim_object *o = aws_cert_ever(c->state, c->access->account, arn);
    bool known = o && !o->gone && o->cert && (!*o->scope || !strcmp(o->scope, c->region));
    return known && !strcmp(sim_show(c, o, "@ready"), "1") && !strcmp(sim_get(c, o, "@arn"), arn) ? o : NULL;
}

static const char *type_of(struct sim_call *c, const struct sim_object *o)
{
    return strcmp(sim_get(c, o, "Official"), "1") ? "IMPORTED" : "AMAZON_ISSUED";
}

const char *aws_seed_acm(struct sim_seeding *s, const char *region, const char *names)
{
    const char *hex = sim_hex_id(s->arena, arena_printf(s->arena, "old acm %s %s", region, names), 32),
               *chain, *key;
    const char *arn = arena_printf(s->arena, "arn:aws:acm:%s:%s:certificate/%.8s-%.4s-%.4s-%.4s-%.12s",
                                   region, s->account, hex, hex + 8, hex + 12, hex + 16, hex + 20);
    sim_seed_cert(s, names, &chain, &key);
    SIM_SEED(s, aws_acm_kind, region, arn, {"@arn", arn}, {"@ready", "1"}, {"Cert", chain}, {"Key", key},
             {"@imported", arena_printf(s->arena, "%lld", (long long)(s->now_ms - 80 * day_ms) / 1000)});
    return arn;
}

static struct sim_object *wanted(struct sim_call *c)
{
    const char *arn = sim_arg(c, "CertificateArn");
    struct sim_object *o = sim_find(c, aws_acm_kind, c->region, arn);
    if (strncmp(arn, "arn:aws:acm:", 12))
        sim_fail(c, 400, "InvalidArnException", "The ARN %s is not valid.", arn);
    else if (!o || !o->cert)
        sim_fail(c, 400, "ResourceNotFoundException", "Could not find certificate %s.", arn);
    return o && o->cert ? o : NULL;
}

const char *aws_users(struct sim_call *c, const struct sim_object *cert)
{
    const char *arn = sim_get(c, cert, "@arn"), *id = sim_get(c, cert, "ServerCertificateId");
    const char *list = aws_elb_users(c, arn), *more = aws_cloudfront_users(c, *id ? id : arn), *item;
    for (size_t i = 0; (item = sim_list_item(c->arena, more, i)); i++)
        list = sim_list_add(c->arena, list, item);
    more = *id ? "" : aws_classic_users(c, arn); /* IAM does not know of these */
    for (size_t i = 0; (item = sim_list_item(c->arena, more, i)); i++)
        list = sim_list_add(c->arena, list, item);
    return list;
}

static const char *key_algorithm(struct sim_call *c, const struct x509 *leaf, char dash)
{
    if (leaf->key_type == KEY_RSA)
        return arena_printf(c->arena, "RSA%c%u", dash, leaf->key_bits);
    return !strcmp(leaf->curve, "P-384")   ? "EC_secp384r1"
           : !strcmp(leaf->curve, "P-521") ? "EC_secp521r1"
                                           : "EC_prime256v1";
}

/* Pairs of digits with colons between them. */
static char *serial(struct sim_call *c, const char *hex)
{
    struct buf b = buf_new(c->arena, 256);
    const char *even = arena_printf(c->arena, "%s%s", strlen(hex) % 2 ? "0" : "", hex);
    for (size_t i = 0; even[i]; i += 2)
        buf_printf(&b, "%s%.2s", i ? ":" : "", even + i);
    return b.data;
}

static const char *main_name(const struct x509 *leaf)
{
    return *leaf->common_name ? leaf->common_name : leaf->name_count ? leaf->names[0] : "";
}

static const char *status_of(const struct sim_call *c, const struct x509 *leaf)
{
    return leaf->not_after_ms < c->now_ms ? "EXPIRED" : "ISSUED";
}

/* ---- ImportCertificate ---- */

static const struct sim_param import_certificate_params[] = {
    {"CertificateArn", IN_JSON, T_STRING, .min = 20, .max = 2048},
    {"Certificate", IN_JSON, T_STRING, .required = true},
    {"PrivateKey", IN_JSON, T_STRING, .required = true},
    {"CertificateChain", IN_JSON, T_STRING},
    {"Tags[]", IN_JSON, T_OBJECT},
    {"Tags[].Key", IN_JSON, T_STRING, .required = true, .min = 1, .max = 128},
    {"Tags[].Value", IN_JSON, T_STRING, .min = 0, .max = 256},
};

static bool invalid(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 400, code, "%s", message);
    return false;
}

/* The PEM text inside a blob; NULL after refusing it. */
static const char *blob(struct sim_call *c, const char *name, size_t max)
{
    const char *text = sim_arg_or(c, name, "");
    unsigned char *bytes;
    size_t size;
    if (!base64_decode(c->arena, text, strlen(text), &bytes, &size, NULL)) {
        c->vendor->refuse(c, REFUSE_BAD_REQUEST, arena_printf(c->arena, "%s is not base64.", name));
        return NULL;
    }
    if (size > max) {
        c->vendor->refuse(c, REFUSE_BAD_PARAMETER, name);
        return NULL;
    }
    return arena_copy(c->arena, (const char *)bytes, size);
}

static bool read_pems(struct sim_call *c, const char **ret_chain, const char **ret_key)
{
    const char *leaf = blob(c, "Certificate", CERT_BYTES),
               *key = leaf ? blob(c, "PrivateKey", KEY_BYTES) : NULL;
    const char *rest = key ? blob(c, "CertificateChain", 2 << 20) : NULL;
    struct sim_cert *cert = NULL;
    if (!rest)
        return false;
    const char *chain =
        arena_printf(c->arena, "%s%s%s", leaf, *leaf && leaf[strlen(leaf) - 1] == '\n' ? "" : "\n", rest);
    if (sim_check_cert(c, leaf, NULL, 0, &cert) != CERT_FINE)
        return invalid(c, "ValidationException", "The certificate field contains no valid certificate.");
    bool several = cert->count > 1;
    sim_cert_free(cert);
    cert = NULL;
    if (several)
        return invalid(c, "ValidationException",
                       "The certificate field contains more than one certificate. You can specify only one "
                       "certificate in this field.");
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER | CHECK_TIME, &cert);
    sim_cert_free(cert);
    *ret_chain = chain;
    *ret_key = key;
    if (fault == CERT_FINE)
        return true;
    return invalid(c, "ValidationException",
                   fault == CERT_MISMATCH       ? "The private key does not match the certificate."
                   : fault == CERT_BAD_KEY      ? "The private key is not supported."
                   : fault == CERT_OUT_OF_ORDER ? "The certificate chain could not be validated."
                   : fault == CERT_EXPIRED || fault == CERT_NOT_YET_VALID
                       ? "The certificate is not valid now."
                       : "The certificate could not be parsed.");
}

/* One import a second and region, where limits are on. */
static bool may_import(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, "@acm.imports", c->region, "last");
    const char *now = arena_printf(c->arena, "%lld", (long long)c->now_ms);
    if (o && c->sim->limiter && c->now_ms - strtoll(sim_get(c, o, "ms"), NULL, 10) < 1000) {
        c->vendor->refuse(c, REFUSE_THROTTLED, NULL);
        return false;
    }
    if (!o)
        SIM_CREATE(c, "@acm.imports", c->region, "last", {"ms", now});
    else
        SIM_CHANGE(c, o, SETTLE_AT_ONCE, {"ms", now});
    return true;
}

/* Fields "tag.<key>" of the tags sent; how many. */
static size_t tag_fields(struct sim_call *c, struct sim_field *fields)
{
    const struct json *tags = json_at(c->json, "/Tags"), *tag;
    size_t n = 0;
    for (; n < TAGS_MAX && (tag = json_item(tags, n)); n++)
        fields[n] = (struct sim_field){arena_printf(c->arena, "tag.%s", json_str(json_at(tag, "/Key"), "")),
                                       json_str(json_at(tag, "/Value"), "")};
    return n;
}

static bool tags_are_fine(struct sim_call *c)
{
    const struct json *tags = json_at(c->json, "/Tags");
    if (!json_is_null(tags) && (!json_count(tags) || json_count(tags) > TAGS_MAX))
        return invalid(c, json_count(tags) ? "TooManyTagsException" : "ValidationException",
                       "The number of tags is not valid.");
    return true;
}

static void import_again(struct sim_call *c, const char *chain, const char *key)
{
    struct sim_object *o = wanted(c);
    struct sim_cert *cert = NULL;
    if (!o || sim_check_cert(c, chain, key, 0, &cert) != CERT_FINE)
        return;
    const struct x509 *old = sim_leaf(o->cert), *new = sim_leaf(cert);
    bool same_key = old->key_type == new->key_type && old->key_bits == new->key_bits;
    sim_cert_free(cert);
    if (!same_key || sim_arg_count(c, "Tags[]")) {
        invalid(c, same_key ? "InvalidParameterException" : "ValidationException",
                same_key ? "Tags cannot be given with a certificate that exists."
                         : "The key type and size cannot change.");
        return;
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"Cert", chain}, {"Key", key});
    aws_reply_json(c, json_format(c->arena, "{'CertificateArn':%s}", o->id));
}

static void import(struct sim_call *c)
{
    struct sim_field fields[FIELDS_MAX];
    const char *chain, *key;
    if (!tags_are_fine(c) || !read_pems(c, &chain, &key) || !may_import(c))
        return;
    if (sim_arg(c, "CertificateArn")) {
        import_again(c, chain, key);
        return;
    }
    const char *hex =
        sim_hex_id(c->arena, arena_printf(c->arena, "%s %lld", c->region, (long long)sim_serial(c)), 32);
    const char *arn = arena_printf(c->arena, "arn:aws:acm:%s:%s:certificate/%.8s-%.4s-%.4s-%.4s-%.12s",
                                   c->region, c->access->account, hex, hex + 8, hex + 12, hex + 16, hex + 20);
    size_t n = tag_fields(c, fields);
    fields[n++] = (struct sim_field){"@arn", arn};
    fields[n++] =
        (struct sim_field){"@imported", arena_printf(c->arena, "%lld", (long long)c->now_ms / 1000)};
    fields[n++] = (struct sim_field){"Cert", chain};
    fields[n++] = (struct sim_field){"Key", key};
    struct sim_object *o = sim_create(c, aws_acm_kind, c->region, arn, fields, n);
    SIM_CHANGE(c, o, SETTLE_READS, {"@ready", "1"});
    c->resource = arn;
    aws_reply_json(c, json_format(c->arena, "{'CertificateArn':%s}", arn));
}

/* ---- ListCertificates ---- */

static const struct sim_param list_certificates_params[] = {
    {"CertificateStatuses[]", IN_JSON, T_STRING,
     .values = "PENDING_VALIDATION ISSUED INACTIVE EXPIRED VALIDATION_TIMED_OUT REVOKED FAILED"},
    {"CertificateKeyPairOrigins[]", IN_JSON, T_STRING, .values = "AWS_MANAGED ACME CUSTOMER_PROVIDED"},
    {"Includes", IN_JSON, T_OBJECT},
    {"Includes.extendedKeyUsage[]", IN_JSON, T_STRING},
    {"Includes.keyUsage[]", IN_JSON, T_STRING,
     .values = "DIGITAL_SIGNATURE NON_REPUDIATION KEY_ENCIPHERMENT DATA_ENCIPHERMENT KEY_AGREEMENT "
               "CERTIFICATE_SIGNING CRL_SIGNING ENCIPHER_ONLY DECIPHER_ONLY ANY CUSTOM"},
    {"Includes.keyTypes[]", IN_JSON, T_STRING,
     .values = "RSA_1024 RSA_2048 RSA_3072 RSA_4096 EC_prime256v1 EC_secp384r1 EC_secp521r1"},
    {"Includes.exportOption", IN_JSON, T_STRING, .values = "ENABLED DISABLED"},
    {"Includes.managedBy", IN_JSON, T_STRING, .values = "CLOUDFRONT"},
    {"NextToken", IN_JSON, T_STRING, .min = 1, .max = 10000},
    {"MaxItems", IN_JSON, T_INTEGER, .min = 1, .max = 1000},
    {"SortBy", IN_JSON, T_STRING, .values = "CREATED_AT"},
    {"SortOrder", IN_JSON, T_STRING, .values = "ASCENDING DESCENDING"},
};

static bool key_is_asked(struct sim_call *c, const struct x509 *leaf)
{
    if (sim_arg_count(c, "Includes.keyTypes[]"))
        return aws_is_asked(c, "Includes.keyTypes[]", key_algorithm(c, leaf, '_'));
    return leaf->key_type == KEY_RSA && leaf->key_bits <= 2048;
}

static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    return key_is_asked(c, leaf) && aws_is_asked(c, "CertificateStatuses[]", status_of(c, leaf)) &&
           aws_is_asked(c, "CertificateKeyPairOrigins[]", "CUSTOMER_PROVIDED") &&
           !sim_arg(c, "Includes.managedBy") && strcmp(sim_arg_or(c, "Includes.exportOption", ""), "ENABLED");
}

static void put_listed(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    size_t names = size_min(leaf->name_count, 100);
    json_put_raw(
        w, json_format(c->arena,
                       "{'CertificateArn':%s,'DomainName':%s,'SubjectAlternativeNameSummaries':%p,"
                       "'HasAdditionalSubjectAlternativeNames':%p,'Status':%s,'Type':%s,'KeyAlgorithm':%s,"
                       "'InUse':%p,'NotBefore':%lld,'NotAfter':%lld,'CreatedAt':%p,'ImportedAt':%p,"
                       "'CertificateKeyPairOrigin':'CUSTOMER_PROVIDED'}",
                       o->id, main_name(leaf), json_strings(c->arena, leaf->names, names),
                       json_boolean(names < leaf->name_count), status_of(c, leaf), type_of(c, o),
                       key_algorithm(c, leaf, '-'), json_boolean(*aws_users(c, o) != 0),
                       (long long)(leaf->not_before_ms / 1000), (long long)(leaf->not_after_ms / 1000),
                       sim_get(c, o, "@imported"), sim_get(c, o, "@imported")));
}

static void list(struct sim_call *c)
{
    const char *token = sim_arg(c, "NextToken");
    size_t from = 0, size = (size_t)sim_arg_int(c, "MaxItems", PAGE_SIZE), seen = 0;
    if (token && !sim_page_token_read(token, &from)) {
        c->vendor->refuse(c, REFUSE_BAD_PARAMETER, "NextToken");
        return;
    }
    struct buf b = buf_new(c->arena, 8 << 20);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    json_key(&w, "CertificateSummaryList");
    json_open_array(&w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, aws_acm_kind, c->region, &cursor));) {
        if (!o->cert || !is_listed(c, o))
            continue;
        if (seen >= from && seen < from + size)
            put_listed(c, &w, o);
        seen++;
    }
    json_close_array(&w);
    if (from + size < seen)
        json_member_string(&w, "NextToken", sim_page_token(c->arena, from + size));
    json_close_object(&w);
    aws_reply_json(c, b.data);
}

/* ---- one certificate ---- */

static const struct sim_param arn_params[] = {
    {"CertificateArn", IN_JSON, T_STRING, .required = true, .min = 20, .max = 2048},
};

static char *users_json(struct sim_call *c, const struct sim_object *o)
{
    const char *list = aws_users(c, o), *items[64];
    size_t n = 0;
    while (n < countof(items) && (items[n] = sim_list_item(c->arena, list, n)))
        n++;
    return json_strings(c->arena, items, n);
}

static void describe(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    const struct x509 *leaf = sim_leaf(o->cert);
    aws_reply_json(
        c, json_format(
               c->arena,
               "{'Certificate':{'CertificateArn':%s,'DomainName':%s,'SubjectAlternativeNames':%p,'Serial':%s,"
               "'Subject':%s,'Issuer':%s,'CreatedAt':%p,'ImportedAt':%p,'Status':%s,'NotBefore':%lld,"
               "'NotAfter':%lld,'KeyAlgorithm':%s,'InUseBy':%p,'Type':%s,"
               "'RenewalEligibility':'INELIGIBLE'}}",
               o->id, main_name(leaf), json_strings(c->arena, leaf->names, leaf->name_count),
               serial(c, leaf->serial), leaf->subject, leaf->issuer, sim_get(c, o, "@imported"),
               sim_get(c, o, "@imported"), status_of(c, leaf), (long long)(leaf->not_before_ms / 1000),
               (long long)(leaf->not_after_ms / 1000), key_algorithm(c, leaf, '-'), users_json(c, o),
               type_of(c, o)));
}

static void get(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        aws_reply_json(c, json_format(c->arena, "{'Certificate':%s,'CertificateChain':%s}",
                                      sim_cert_leaf_pem(c->arena, o->cert),
                                      sim_cert_rest_pem(c->arena, o->cert)));
}

static void delete_one(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    if (*aws_users(c, o)) {
        sim_fail(c, 400, "ResourceInUseException", "Certificate %s is in use.", o->id);
        return;
    }
    sim_delete(c, o);
    aws_reply_json(c, "{}");
}

static const struct sim_param add_tags_to_certificate_params[] = {
    {"CertificateArn", IN_JSON, T_STRING, .required = true, .min = 20, .max = 2048},
    {"Tags[]", IN_JSON, T_OBJECT, .required = true},
    {"Tags[].Key", IN_JSON, T_STRING, .required = true, .min = 1, .max = 128},
    {"Tags[].Value", IN_JSON, T_STRING, .min = 0, .max = 256},
};

static void add_tags(struct sim_call *c)
{
    struct sim_field fields[FIELDS_MAX];
    struct sim_object *o = wanted(c);
    if (!o || !tags_are_fine(c))
        return;
    sim_change(c, o, SETTLE_AT_ONCE, fields, tag_fields(c, fields));
    aws_reply_json(c, "{}");
}

static void list_tags(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    struct buf b = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&b);
    if (!o)
        return;
    json_open_object(&w);
    json_key(&w, "Tags");
    json_open_array(&w);
    for (size_t i = 0; i < o->now->count; i++)
        if (!strncmp(o->now->items[i].name, "tag.", 4))
            json_put_raw(&w, json_format(c->arena, "{'Key':%s,'Value':%s}", o->now->items[i].name + 4,
                                         o->now->items[i].value));
    json_close_array(&w);
    json_close_object(&w);
    aws_reply_json(c, b.data);
}

#define ONE .resource = "CertificateArn", SIM_PARAMS(arn_params)

static const struct sim_operation operations[] = {
    {.name = "ImportCertificate", .writes = true, SIM_PARAMS(import_certificate_params), .run = import},
    {.name = "ListCertificates", SIM_PARAMS(list_certificates_params), .run = list},
    {.name = "DescribeCertificate", ONE, .run = describe},
    {.name = "GetCertificate", ONE, .run = get},
    {.name = "DeleteCertificate", ONE, .writes = true, .run = delete_one},
    {.name = "AddTagsToCertificate",
     .writes = true,
     .resource = "CertificateArn",
     SIM_PARAMS(add_tags_to_certificate_params),
     .run = add_tags},
    {.name = "ListTagsForCertificate", ONE, .run = list_tags},
};

static const char *const hosts[] = {"acm.{region}.amazonaws.com", NULL};

const struct sim_service sim_aws_acm = {.cloud = "aws",
                                        .code = "acm",
                                        .version = "2015-12-08",
                                        .hosts = hosts,
                                        .style = "json",
                                        .operations = operations,
                                        .operation_count = countof(operations)};
