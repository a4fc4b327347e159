/* SLB's certificates: a store of each region, where nothing is known of the others'. They come as PEM, whose chain has no
 * blank lines, or as a link to a certificate of CAS.
 */
#include "sim/aliyun/slb.h"

#include "sim/aliyun/page.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char slb_cert_kind[] = "slb.certificate";

/* "1234567890123456_166f8204689_1714763408_709981430" */
static char *id_of(struct arena *a, const char *account, const char *from)
{
    unsigned long long digits = strtoull(sim_hex_id(a, from, 12), NULL, 16);
    return arena_printf(a, "%s_%s_%llu_%llu", account, sim_hex_id(a, from, 11), digits % 1000000007,
                        digits % 998244353);
}

const char *slb_seed_cert(struct sim_seeding *s, const char *region, const char *name)
{
    const char *chain, *key;
    const char *id = id_of(s->arena, s->account,
                           arena_printf(s->arena, "%s %s %llu", region, name, (unsigned long long)s->number));
    sim_seed_cert(s, name, &chain, &key);
    SIM_SEED(s, slb_cert_kind, region, id,
             {"Name", arena_printf(s->arena, "old-%llu", (unsigned long long)s->number)}, {"Cert", chain},
             {"Key", key});
    return id;
}

static char *colons(struct arena *a, const char *hex)
{
    char *out = arena_alloc(a, strlen(hex) * 2), *end = out;
    for (size_t i = 0; hex[i]; i++) {
        if (i && i % 2 == 0)
            *end++ = ':';
        *end++ = hex[i];
    }
    *end = 0;
    return out;
}

/* What the upload and the list both tell. */
static void put_cert(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    const char *linked = sim_get(c, o, "AliCloudCertificateId");
    json_member_string(w, "ServerCertificateId", o->id);
    json_member_string(w, "ServerCertificateName", sim_get(c, o, "Name"));
    json_member_string(w, "CommonName",
                       *leaf->common_name ? leaf->common_name
                       : leaf->name_count ? leaf->names[0]
                                          : "");
    json_key(w, "SubjectAlternativeNames");
    json_open_object(w);
    json_key(w, "SubjectAlternativeName");
    json_open_array(w);
    for (size_t i = 0; i < leaf->name_count; i++)
        json_put_string(w, leaf->names[i]);
    json_close_array(w);
    json_close_object(w);
    json_member_string(w, "Fingerprint", colons(c->arena, leaf->sha1));
    json_member_string(w, "ExpireTime", aliyun_time(c, leaf->not_after_ms));
    json_member_int(w, "ExpireTimeStamp", leaf->not_after_ms);
    json_member_int(w, "IsAliCloudCertificate", *linked ? 1 : 0);
    if (*linked) {
        json_member_string(w, "AliCloudCertificateId", linked);
        json_member_string(w, "AliCloudCertificateName", sim_get(c, o, "AliCloudCertificateName"));
    }
    json_member_string(w, "RegionId", c->region);
    json_member_string(w, "ResourceGroupId", "rg-acfmv3s4eaqayaq");
}

/* ---- UploadServerCertificate ---- */

const struct sim_param slb_upload_params[] = {
    {"AliCloudCertificateId", IN_QUERY, T_STRING},
    {"AliCloudCertificateName", IN_QUERY, T_STRING},
    {"AliCloudCertificateRegionId", IN_QUERY, T_STRING},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"PrivateKey", IN_QUERY, T_STRING},
    {"RegionId", IN_QUERY, T_STRING, .required = true},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"ServerCertificate", IN_QUERY, T_STRING},
    {"ServerCertificateName", IN_QUERY, T_STRING, .min = 1, .max = 80},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static bool bad(struct sim_call *c, const char *why)
{
    sim_fail(c, 400, "InvalidParameter", "%s", why);
    return false;
}

static bool name_is_fine(struct sim_call *c, const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-._", *p))
            return bad(
                c, "The ServerCertificateName may hold letters, digits, periods, hyphens and underscores.");
    return isalpha((unsigned char)*name) || bad(c, "The ServerCertificateName must begin with a letter.");
}

/* The certificate of CAS that is linked; NULL after a refusal. */
static const struct sim_object *linked(struct sim_call *c)
{
    const char *site = sim_arg_or(c, "AliCloudCertificateRegionId", "");
    const struct sim_object *o =
        aliyun_is_site(site) ? aliyun_cas_find(c, site, sim_arg(c, "AliCloudCertificateId")) : NULL;
    if (!o)
        sim_fail(c, 400, "MissingParameter", "The parameter AliCouldCertificateId is missing or not found.");
    return o;
}

static bool pair_is_fine(struct sim_call *c, const char *chain, const char *key)
{
    struct sim_cert *parsed = NULL;
    if (!chain || !key)
        return bad(c, "ServerCertificate and PrivateKey are both mandatory.");
    if (strstr(chain, "\n\n") || strstr(chain, "\r\n\r\n"))
        return bad(c, "The ServerCertificate must not hold blank lines.");
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    return fault == CERT_FINE ||
           bad(c, fault == CERT_MISMATCH  ? "The certificate does not match the private key."
                  : fault == CERT_BAD_KEY ? "The private key cannot be parsed."
                                          : "The certificate cannot be parsed.");
}

void slb_upload(struct sim_call *c)
{
    const char *chain = sim_arg(c, "ServerCertificate"), *key = sim_arg(c, "PrivateKey"), *from = "";
    const char *name = sim_arg_or(c, "ServerCertificateName", "");
    if (!slb_region(c) || (*name && !name_is_fine(c, name)))
        return;
    if (sim_arg(c, "AliCloudCertificateId")) {
        const struct sim_object *cas = linked(c);
        if (!cas)
            return;
        from = sim_arg(c, "AliCloudCertificateId");
        chain = sim_get(c, cas, "Cert");
        key = sim_get(c, cas, "Key");
    } else if (!pair_is_fine(c, chain, key))
        return;
    const char *id =
        id_of(c->arena, c->access->account, arena_printf(c->arena, "new %lld", (long long)sim_serial(c)));
    const struct sim_object *made =
        SIM_CREATE(c, slb_cert_kind, c->region, id, {"Name", *name ? name : id}, {"Cert", chain},
                   {"Key", key}, {"AliCloudCertificateId", from},
                   {"AliCloudCertificateName", sim_arg_or(c, "AliCloudCertificateName", "")});
    c->resource = id;
    struct aliyun_answer *answer = aliyun_begin(c);
    put_cert(c, &answer->w, made);
    aliyun_end(c, answer);
}

/* ---- DescribeServerCertificates ---- */

const struct sim_param slb_certs_params[] = {
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"ServerCertificateId", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING, .min = 1, .max = 64},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

void slb_list_certs(struct sim_call *c)
{
    const struct sim_object *o;
    if (!slb_region(c))
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "ServerCertificates");
    json_open_object(&answer->w);
    json_key(&answer->w, "ServerCertificate");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, slb_cert_kind, c->region, &cursor));)
        if (aliyun_arg_fits(c, "ServerCertificateId", o->id)) {
            json_open_object(&answer->w);
            put_cert(c, &answer->w, o);
            json_close_object(&answer->w);
        }
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

/* ---- DeleteServerCertificate ---- */

const struct sim_param slb_delete_params[] = {
    {"OwnerAccount", IN_QUERY, T_STRING},     {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING},         {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER}, {"ServerCertificateId", IN_QUERY, T_STRING, .required = true},
};

void slb_delete_cert(struct sim_call *c)
{
    if (!slb_region(c))
        return;
    struct sim_object *o = sim_find(c, slb_cert_kind, c->region, sim_arg(c, "ServerCertificateId"));
    if (!o) {
        sim_fail(c, 404, "ServerCertificateId.NotFound", "The specified ServerCertificateId does not exist.");
        return;
    }
    if (slb_is_used(c, o->id)) {
        sim_fail(c, 400, "CertificateAndPrivateKeyIsRefered",
                 "The certificate is referred to by a listener.");
        return;
    }
    sim_delete(c, o);
    aliyun_end(c, aliyun_begin(c));
}
