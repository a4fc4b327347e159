/* Amazon Web Services: hosts, errors, regions, ACM and IAM.
 *
 * ACM keeps duplicates and gives no digest, so that certificates are read and their own digest compared.
 */
#include "cloud/aws/aws.h"

#include "cloud/session.h"
#include "codec/text.h"
#include <string.h>

/* Query services say "Throttling", JSON ones "ThrottlingException": both forms are listed by prefix. */
static const struct vendor_error errors[] = {
    {"SignatureDoesNotMatch", ERR_CREDENTIAL, false, true},
    {"InvalidSignature*", ERR_CREDENTIAL, false, true},
    {"RequestExpired", ERR_CREDENTIAL, false, true},
    {"RequestInTheFuture", ERR_CREDENTIAL, false, true},
    {"RequestTimeTooSkewed", ERR_CREDENTIAL, false, true},
    {"AuthFailure", ERR_CREDENTIAL, false, true},
    {"InvalidClientTokenId", ERR_CREDENTIAL, false, false},
    {"UnrecognizedClient*", ERR_CREDENTIAL, false, false},
    {"InvalidAccessKeyId", ERR_CREDENTIAL, false, false},
    {"ExpiredToken*", ERR_CREDENTIAL, false, false},
    {"IncompleteSignature*", ERR_CREDENTIAL, false, false},
    {"MissingAuthenticationToken*", ERR_CREDENTIAL, false, false},
    {"AccessDenied*", ERR_PERMISSION, false, false},
    {"UnauthorizedOperation", ERR_PERMISSION, false, false},
    {"OptInRequired", ERR_PERMISSION, false, false},
    {"Throttl*", ERR_THROTTLED, true, false},
    {"RequestThrottled*", ERR_THROTTLED, true, false},
    {"TooManyRequests*", ERR_THROTTLED, true, false},
    {"RequestLimitExceeded", ERR_THROTTLED, true, false},
    {"BandwidthLimitExceeded", ERR_THROTTLED, true, false},
    {"SlowDown", ERR_THROTTLED, true, false},
    {"PriorRequestNotComplete", ERR_THROTTLED, true, false},
    {"EC2Throttled*", ERR_THROTTLED, true, false},
    {"DependencyThrottle*", ERR_THROTTLED, true, false},
    {"LimitExceeded*", ERR_QUOTA, false, false},
    {"TooMany*", ERR_QUOTA, false, false},
    {"PreconditionFailed", ERR_CONFLICT, false, false},
    {"InvalidIfMatchVersion", ERR_CONFLICT, false, false},
    {"ResourceInUse*", ERR_CONFLICT, true, false},
    {"Conflict*", ERR_CONFLICT, true, false},
    {"OperationAborted", ERR_CONFLICT, true, false},
    {"EntityAlreadyExists", ERR_CONFLICT, true, false}, /* its list was not up to date */
    {"ConcurrentModification", ERR_CONFLICT, true, false},
    {"InvalidConfigurationRequest", ERR_VENDOR, false, false},
    {"NoSuch*", ERR_NOT_FOUND, false, false},
    {"*NotFound*", ERR_NOT_FOUND, false, false},
    {"InvalidViewerCertificate", ERR_INVALID_CERTIFICATE, false, false},
    {"MalformedCertificate", ERR_INVALID_CERTIFICATE, false, false},
    {"KeyPairMismatch", ERR_INVALID_CERTIFICATE, false, false},
    {"UnsupportedCertificate", ERR_INVALID_CERTIFICATE, false, false},
    {"RequestTimeout*", ERR_VENDOR, true, false},
    {"ServiceUnavailable*", ERR_VENDOR, true, false},
    {"InternalFailure", ERR_VENDOR, true, false},
    {"InternalError*", ERR_VENDOR, true, false},
    {"InternalServer*", ERR_VENDOR, true, false},
    {"ServiceFailure", ERR_VENDOR, true, false},
};

/* "prefix#Code:url" is the code of a JSON service. */
static const char *bare_code(struct arena *a, const char *text)
{
    const char *hash = strchr(text, '#');
    const char *code = hash ? hash + 1 : text;
    return arena_copy(a, code, strcspn(code, ":"));
}

static bool refusal(struct arena *a, long status, const struct json *json, const struct xml *xml,
                    struct refusal *ret)
{
    const struct xml *error = xml ? xml_at(xml, "Error") : NULL;
    if (xml && !error)
        error = xml_at(xml, "Errors/Error"); /* EC2 */
    if (xml) {
        const struct xml *from = error ? error : xml;
        ret->code = xml_text(from, "Code", "");
        ret->message = xml_text(from, "Message", "");
        ret->request_id = xml_text(xml, "RequestId", xml_text(xml, "RequestID", ""));
    } else {
        ret->code = bare_code(a, json_text(a, json_at(json, "/__type"), ""));
        ret->message = json_text(a, json_at(json, "/message"), json_text(a, json_at(json, "/Message"), ""));
    }
    return status >= 300 || error;
}

/* China is a partition of its own: another suffix, and other hosts for what is global elsewhere. */
static const char *host(struct arena *a, const char *site, const struct call *call, const char *region)
{
    static const struct {
        const char *service, *host;
    } china[] = {
        {"cloudfront", "cloudfront.cn-northwest-1.amazonaws.com.cn"},
        {"iam", "iam.cn-north-1.amazonaws.com.cn"},
        {"sts", "sts.cn-north-1.amazonaws.com.cn"},
    };
    (void)a;
    (void)region;
    for (size_t i = 0; strcmp(site, "china") == 0 && i < countof(china); i++)
        if (strcmp(china[i].service, call->service) == 0)
            return china[i].host;
    return NULL;
}

static const char *sign_region(const char *site, const struct call *call, const char *region)
{
    bool china = strcmp(site, "china") == 0;
    if (*region)
        return region;
    if (!china)
        return "us-east-1";
    return strcmp(call->service, "cloudfront") == 0 ? "cn-northwest-1" : "cn-north-1";
}

static const struct call get_caller_identity = {
    .service = "sts",
    .operation = "GetCallerIdentity",
    .method = "POST",
    .host = "sts.us-east-1.amazonaws.com",
    .path = "/",
    .version = "2011-06-15",
    .style = CALL_AWS_QUERY,
};

static const struct call assume_role = {
    .service = "sts",
    .operation = "AssumeRole",
    .method = "POST",
    .host = "sts.us-east-1.amazonaws.com",
    .path = "/",
    .version = "2011-06-15",
    .style = CALL_AWS_QUERY,
    .parameters = "RoleArn RoleSessionName DurationSeconds ExternalId",
};

#define ROLE_KEYS "AssumeRoleResult/Credentials/"
static const struct role_exchange roles = {
    .call = &assume_role,
    .region = "",
    .role = "RoleArn",
    .session_name = "RoleSessionName",
    .seconds = "DurationSeconds",
    .external_id = "ExternalId",
    .shape = {ROLE_KEYS "AccessKeyId", ROLE_KEYS "SecretAccessKey", ROLE_KEYS "SessionToken",
              ROLE_KEYS "Expiration"},
};

/* IMDSv2. */
static const struct machine machine = {
    .host = "169.254.169.254",
    .ttl_header = "X-aws-ec2-metadata-token-ttl-seconds",
    .token_header = "X-aws-ec2-metadata-token",
    .path = "/latest/meta-data/iam/security-credentials/",
    .shape = {"/AccessKeyId", "/SecretAccessKey", "/Token", "/Expiration"},
};

static bool identify(struct job *job, struct identity *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_caller_identity, "", &answer, err, "{}"))
        return false;
    ret->account_id = xml_text(answer.xml, "GetCallerIdentityResult/Account", "");
    ret->principal = xml_text(answer.xml, "GetCallerIdentityResult/Arn", "");
    return true;
}

const struct call aws_acm_list = {
    AWS_ACM("ListCertificates"),
    .parameters = "Includes.keyTypes[] CertificateKeyPairOrigins[] MaxItems NextToken",
    .per_second = 8,
    .page = {.items = "/CertificateSummaryList",
             .next = "/NextToken",
             .position = "NextToken",
             .size = "MaxItems",
             .size_value = 100,
             .style = PAGE_MARKER},
};
const struct call aws_acm_get = {AWS_ACM("GetCertificate"), .parameters = "CertificateArn", .per_second = 10};
static const struct call import_certificate = {
    AWS_ACM("ImportCertificate"),
    .parameters = "Certificate PrivateKey CertificateChain Tags[].Key Tags[].Value",
    .write = true,
    .per_second = 1,
};
static const struct call list_regions = {
    .service = "ec2",
    .version = "2016-11-15",
    .operation = "DescribeRegions",
    .method = "POST",
    .path = "/",
    .host = "ec2.{region}.amazonaws.com{site}",
    .style = CALL_AWS_EC2,
};

bool aws_enabled_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    struct answer answer;
    *ret_count = 0;
    const char *first = strcmp(session_site(job), "china") == 0 ? "cn-north-1" : "us-east-1";
    if (!cloud_call(job, &list_regions, first, &answer, err, "{}"))
        return false;
    const struct xml *info = xml_at(answer.xml, "regionInfo");
    *ret = arena_array(job->arena, const char *, (info ? xml_count(info, "item") : 0) + 1);
    for (const struct xml *item = info ? xml_at(info, "item") : NULL; item; item = xml_next(item))
        (*ret)[(*ret_count)++] = xml_text(item, "regionName", "");
    return true;
}

bool aws_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    session_regions(job, ret, ret_count);
    return *ret_count || aws_enabled_regions(job, ret, ret_count, err);
}

const char *aws_owner(struct arena *a, const struct xml *description)
{
    static const struct {
        const char *tag, *owner;
    } marks[] = {{"elbv2.k8s.aws/cluster", "eks"},
                 {"kubernetes.io/cluster/", "kubernetes"}, /* the cluster's name ends the key */
                 {"aws:cloudformation:stack-name", "cloudformation"}};
    for (size_t m = 0; m < countof(marks); m++)
        for (const struct xml *tag = xml_at(description, "Tags/member"); tag; tag = xml_next(tag)) {
            const char *key = xml_text(tag, "Key", ""), *value = xml_text(tag, "Value", "");
            size_t size = strlen(marks[m].tag);
            bool in_key = marks[m].tag[size - 1] == '/';
            if (strncmp(key, marks[m].tag, size) == 0 && (in_key || !key[size]))
                return arena_printf(a, "%s:%s", marks[m].owner, in_key ? key + size : value);
        }
    return "";
}

/* The part of an ARN, counted from 0: "arn:aws:acm:us-east-1:123:certificate/..." */
static const char *arn_part(struct arena *a, const char *arn, unsigned part)
{
    for (; part; part--, arn++)
        if (!(arn = strchr(arn, ':')))
            return "";
    return arena_copy(a, arn, strcspn(arn, ":"));
}

static bool facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    struct answer answer;
    const char *service = arn_part(job->arena, b->ref, 2);
    (void)region;
    if (strncmp(b->ref, "iam:", 4) == 0 || strcmp(service, "iam") == 0)
        return aws_iam_facts(job, b, err);
    if (strcmp(service, "acm") != 0)
        return err_set(err, ERR_NOT_FOUND, "%s is no certificate of ACM or IAM", b->ref);
    if (!cloud_call(job, &aws_acm_get, arn_part(job->arena, b->ref, 3), &answer, err, "{'CertificateArn':%s}",
                    b->ref))
        return false;
    return bound_of_pem(job->arena, json_str(json_at(answer.json, "/Certificate"), ""), b) ||
           err_set(err, ERR_NOT_FOUND, "ACM does not show %s", b->ref);
}

/* What a region's ACM takes unless AWS raised it, which it does not tell: more than that is there only where it did. What
 * was imported and deleted since is counted by AWS, and by nobody else.
 */
enum { CERTIFICATES = 2500, IMPORTS_A_YEAR = 5000 };

struct imports { /* of one region */
    size_t all, lately;
};

static bool has_room(const struct imports *n, const char *region, struct err *err)
{
    if (n->all == CERTIFICATES)
        return err_set(
            err, ERR_QUOTA,
            "ACM in %s holds %d imported certificates, as many as it takes: delete unused ones, or ask "
            "AWS to raise the quota",
            region, CERTIFICATES);
    return n->lately != IMPORTS_A_YEAR ||
           err_set(
               err, ERR_QUOTA,
               "ACM in %s took %d imports within 365 days, as many as it takes: wait, or ask AWS to raise "
               "the quota",
               region, IMPORTS_A_YEAR);
}

/* Counts an item that was imported, within the last year or before; false for any other. */
static bool is_imported(struct job *job, const struct json *item, struct imports *n)
{
    int64_t year_ago_s = clock_wall_ms(job->session->cloud->clock) / 1000 - (int64_t)365 * 86400;
    if (!json_is(item, "/Type", "IMPORTED"))
        return false;
    n->all++;
    n->lately += (int64_t)json_double(json_at(item, "/ImportedAt"), 0) > year_ago_s;
    return true;
}

bool aws_acm_room(struct job *job, const char *region, room_fn *each, void *context, struct err *err)
{
    struct imports n = {0};
    if (!*region)
        return true;
    cleanup(pages_close) struct pages p = cloud_pages(job, &aws_acm_list, region, AWS_ACM_ALL);
    for (const struct json *item; (item = pages_next(&p));)
        (void)is_imported(job, item, &n);
    if (!pages_end(&p, err))
        return false;
    struct store_room room = {.vendor_store = arena_printf(job->arena, "acm:%s", region),
                              .used = (int64_t)n.all,
                              .most = n.all > CERTIFICATES ? -1 : CERTIFICATES,
                              .lately = (int64_t)n.lately,
                              .lately_most = n.lately > IMPORTS_A_YEAR ? -1 : IMPORTS_A_YEAR};
    return each(context, &room, err);
}

/* Ours among what was imported; *ret "" where it is not there. What ends at the same second is looked at itself. */
static bool find(struct job *job, const char *region, const struct material *m, struct imports *n,
                 const char **ret, struct err *err)
{
    struct arena *keep = job->arena;
    /* Without all key types and origins the list leaves certificates out. */
    cleanup(pages_close) struct pages p = cloud_pages(job, &aws_acm_list, region, AWS_ACM_ALL);
    *ret = "";
    for (const struct json *item; (item = pages_next(&p));) {
        struct bound b = {.slot = "",
                          .ref = json_get(item, "/CertificateArn"),
                          .name = "",
                          .fingerprint = ""};
        int64_t not_after_s = (int64_t)json_double(json_at(item, "/NotAfter"), 0);
        if (!is_imported(job, item, n) || **ret || (not_after_s && not_after_s != m->not_after_ms / 1000))
            continue;
        if (!session_facts(job, region, &b, err))
            return false;
        if (strcmp(b.fingerprint, m->fingerprint) == 0)
            *ret = arena_strdup(keep, b.ref);
    }
    return pages_end(&p, err);
}

/* ACM wants base64 of the PEM text. */
static const char *blob(struct arena *a, const char *text)
{
    return base64_encode(a, text, strlen(text));
}

static bool import(struct job *job, const char *region, const struct material *m, const char **ret,
                   struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    struct answer answer;
    const char *chain =
        *m->chain_pem ? json_format(hidden, ",'CertificateChain':%s", blob(hidden, m->chain_pem)) : "";
    const char *arguments =
        json_format(hidden,
                    "{'Certificate':%s,'PrivateKey':%s%p,'Tags':[{'Key':'Name','Value':%s},"
                    "{'Key':'certferry-fingerprint','Value':%s}]}",
                    blob(hidden, m->leaf_pem), blob(hidden, secret_bytes(m->key)), chain, m->name,
                    m->fingerprint);
    if (!cloud_call_secret(job, &import_certificate, region, &answer, err, "%p", arguments))
        return false;
    return upload_answered(json_get(answer.json, "/CertificateArn"), "ACM", ret, err);
}

bool aws_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                struct err *err)
{
    const char *place = store_place(vendor_store), *found;
    struct imports n = {0};
    if (strncmp(vendor_store, "iam:", 4) == 0)
        return aws_iam_upload(job, place, m, ret, err);
    if (!find(job, place, m, &n, &found, err))
        return false;
    if (!*found)
        return has_room(&n, place, err) && import(job, place, m, ret, err);
    *ret = found;
    return true;
}

bool aws_store(struct job *job, const char *region, const struct material *m, const char **ret,
               struct err *err)
{
    if (m->sm2 || (m->key_type != KEY_RSA && m->key_type != KEY_ECDSA))
        return err_set(err, ERR_INVALID_CERTIFICATE, "ACM takes RSA and ECDSA certificates only");
    if (m->key_type == KEY_RSA && m->key_bits > 4096)
        return err_set(err, ERR_INVALID_CERTIFICATE, "ACM takes RSA keys of at most 4096 bits");
    *ret = arena_printf(job->arena, "acm:%s", region);
    return true;
}

bool aws_not_yet_known(const struct material *m, struct err *err)
{
    if (err && m) {
        err->kind = ERR_INVALID_CERTIFICATE; /* if it never becomes known, that is what it is */
        err->transient = true;
    }
    return false;
}

static const struct call *const calls[] = {&get_caller_identity, &assume_role,  &aws_acm_list, &aws_acm_get,
                                           &import_certificate,  &list_regions, &aws_iam_list, &aws_iam_get,
                                           &aws_iam_summary,     &aws_iam_put,  NULL};

const struct vendor aws_vendor = {
    .cloud = "aws",
    .sign = sigv4_sign,
    .errors = errors,
    .error_count = countof(errors),
    .site_china = ".cn",
    .site_international = "",
    .limits_by_region = true,
    .host = host,
    .sign_region = sign_region,
    .refusal = refusal,
    .identify = identify,
    .roles = &roles,
    .machine = &machine,
    .facts = facts,
    .held = aws_held,
    .used = aws_used,
    .discard = aws_discard,
    .calls = calls,
    .clean_calls = aws_clean_calls,
};
