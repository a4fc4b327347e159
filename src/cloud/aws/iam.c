/* IAM's server certificates, for what cannot read ACM: CloudFront in China, and classic load balancers with keys that they do
 * not take from ACM. One store for the whole account, of 20 places unless AWS raised that. A name is one certificate for
 * ever; the load balancers know it by its ARN, CloudFront by its id.
 */
#include "cloud/aws/aws.h"

#include <string.h>

const struct call aws_iam_list = {
    AWS_IAM("ListServerCertificates"),
    .parameters = "Marker MaxItems",
    .page = {.items = "ListServerCertificatesResult/ServerCertificateMetadataList/member",
             .next = "ListServerCertificatesResult/Marker",
             .position = "Marker",
             .size = "MaxItems",
             .size_value = 100,
             .style = PAGE_MARKER},
};
const struct call aws_iam_get = {AWS_IAM("GetServerCertificate"), .parameters = "ServerCertificateName"};
const struct call aws_iam_summary = {AWS_IAM("GetAccountSummary")};
const struct call aws_iam_put = {
    AWS_IAM("UploadServerCertificate"),
    .parameters = "Path ServerCertificateName CertificateBody PrivateKey CertificateChain Tags[].Key "
                  "Tags[].Value",
    .write = true,
};

struct search {                  /* a certificate looked for in the list */
    const char *name, *id, *arn; /* "" until found */
    size_t count;                /* of all */
};

static bool search(struct job *job, const char *member, const char *wanted, struct search *ret,
                   struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p = cloud_pages(job, &aws_iam_list, "", "{}");
    *ret = (struct search){.name = "", .id = "", .arn = ""};
    for (const struct xml *v; (v = pages_next_xml(&p)); ret->count++)
        if (xml_is(v, member, wanted)) {
            ret->name = arena_strdup(keep, xml_get(v, "ServerCertificateName"));
            ret->id = arena_strdup(keep, xml_get(v, "ServerCertificateId"));
            ret->arn = arena_strdup(keep, xml_get(v, "Arn"));
        }
    return pages_end(&p, err);
}

/* The name is the end of an ARN; behind an id it is looked up. */
bool aws_iam_facts(struct job *job, struct bound *b, struct err *err)
{
    const char *slash = strrchr(b->ref, '/'), *name = slash ? slash + 1 : "";
    struct search s;
    struct answer answer;
    if (!slash) {
        if (!search(job, "ServerCertificateId", b->ref + strlen("iam:"), &s, err))
            return false;
        name = s.name;
    }
    if (!*name)
        return facts_unlisted(err, "IAM", b->ref);
    if (!cloud_call(job, &aws_iam_get, "", &answer, err, "{'ServerCertificateName':%s}", name))
        return false;
    b->name = name;
    const char *pem =
        xml_text(answer.xml, "GetServerCertificateResult/ServerCertificate/CertificateBody", "");
    return bound_of_pem(job->arena, pem, b) || err_set(err, ERR_NOT_FOUND, "IAM does not show %s", b->ref);
}

enum { USUAL_QUOTA = 20 };

/* The account's own quota; the usual one where it may not be asked. */
static bool quota_of(struct job *job, int64_t *ret, struct err *err)
{
    struct answer answer;
    struct err why = {0};
    *ret = USUAL_QUOTA;
    bool told = cloud_call(job, &aws_iam_summary, "", &answer, &why, "{}");
    if (!told && why.kind != ERR_PERMISSION) {
        if (err)
            *err = why;
        return false;
    }
    const struct xml *entry = told ? xml_at(answer.xml, "GetAccountSummaryResult/SummaryMap/entry") : NULL;
    for (; entry; entry = xml_next(entry))
        if (strcmp(xml_text(entry, "key", ""), "ServerCertificatesQuota") == 0)
            *ret = xml_int(entry, "value", *ret);
    return true;
}

/* Whether one more fits; the account's own quota is asked for only where the usual one would be exceeded. */
static bool has_room(struct job *job, size_t count, struct err *err)
{
    int64_t quota;
    if (count < USUAL_QUOTA)
        return true;
    return quota_of(job, &quota, err) &&
           ((int64_t)count < quota ||
            err_set(err, ERR_QUOTA,
                    "IAM holds %zu server certificates, and this account may have %lld: delete unused ones, "
                    "or ask AWS to raise the quota of server certificates",
                    count, (long long)quota));
}

bool aws_iam_room(struct job *job, room_fn *each, void *context, struct err *err)
{
    struct search s;
    struct store_room room = {.vendor_store = "iam", .lately = -1, .lately_most = -1};
    if (!search(job, "ServerCertificateName", "", &s, err) || !quota_of(job, &room.most, err))
        return false;
    room.used = (int64_t)s.count;
    return each(context, &room, err);
}

static bool upload(struct job *job, const char *path, const char *name, const struct material *m,
                   struct search *ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    struct answer answer;
    const char *chain = *m->chain_pem ? json_format(hidden, ",'CertificateChain':%s", m->chain_pem) : "";
    const char *arguments =
        json_format(hidden,
                    "{'Path':%s,'ServerCertificateName':%s,'CertificateBody':%s,'PrivateKey':%s%p,"
                    "'Tags':[{'Key':'certferry-fingerprint','Value':%s}]}",
                    path, name, m->leaf_pem, secret_bytes(m->key), chain, m->fingerprint);
    if (!cloud_call_secret(job, &aws_iam_put, "", &answer, err, "%p", arguments))
        return false;
    const struct xml *made = xml_at(answer.xml, "UploadServerCertificateResult/ServerCertificateMetadata");
    ret->id = made ? xml_get(made, "ServerCertificateId") : "";
    return upload_answered(made ? xml_get(made, "Arn") : "", "IAM", &ret->arn, err);
}

/* Below the path for CloudFront a certificate stands beside the same one for load balancers, under a name of its own. */
bool aws_iam_upload(struct job *job, const char *path, const struct material *m, const char **ret,
                    struct err *err)
{
    bool cloudfront = strncmp(path, "/cloudfront/", 12) == 0;
    const char *name = arena_printf(job->arena, "%s%s", m->name, cloudfront ? "-cloudfront" : "");
    struct search s;
    if (!search(job, "ServerCertificateName", name, &s, err) ||
        (!*s.name && (!has_room(job, s.count, err) || !upload(job, path, name, m, &s, err))))
        return false;
    if (!upload_is_ours(job, "", s.arn, "IAM", m, err))
        return false;
    *ret = cloudfront ? arena_printf(job->arena, "iam:%s", s.id) : s.arn;
    return true;
}

bool aws_iam_store(struct job *job, const char *path, const struct material *m, const char **ret,
                   struct err *err)
{
    if (m->sm2 || (m->key_type != KEY_RSA && m->key_type != KEY_ECDSA))
        return err_set(err, ERR_INVALID_CERTIFICATE, "IAM takes RSA and ECDSA certificates only");
    *ret = arena_printf(job->arena, "iam:%s", path);
    return true;
}
