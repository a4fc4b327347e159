#include "sim/aws/cloudfront.h"

#include <ctype.h>
#include <string.h>

enum { FIELDS_MAX = 48 };

bool cloudfront_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "cloudfront",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "@domain"))};
    return true;
}

const struct sim_object *cloudfront_choose(struct sim_state *s, const struct sim_object *o,
                                           const struct sim_fields *view, const char *server_name)
{
    const char *cert = sim_field(view, "@cert");
    (void)server_name;
    if (!*cert)
        return NULL;
    return strncmp(cert, "arn:", 4) ? aws_iam_by_id(s, o->account, cert) : aws_cert_ever(s, o->account, cert);
}

static char *aliases(struct sim_seeding *s, const char *names)
{
    struct buf b = buf_new(s->arena, 4096);
    const char *name;
    buf_printf(&b, "<Aliases><Quantity>%zu</Quantity>%s", sim_list_count(names), *names ? "<Items>" : "");
    for (size_t i = 0; (name = sim_list_item(s->arena, names, i)); i++)
        buf_printf(&b, "<CNAME>%s</CNAME>", name);
    buf_printf(&b, "%s</Aliases>", *names ? "</Items>" : "");
    return b.data;
}

static char *viewer(struct sim_seeding *s, const char *arn)
{
    if (!*arn)
        return arena_strdup(
            s->arena, "<ViewerCertificate><CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate>"
                      "<SSLSupportMethod>vip</SSLSupportMethod><MinimumProtocolVersion>TLSv1"
                      "</MinimumProtocolVersion><CertificateSource>cloudfront</CertificateSource>"
                      "</ViewerCertificate>");
    return arena_printf(
        s->arena,
        "<ViewerCertificate><CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate>"
        "<ACMCertificateArn>%s</ACMCertificateArn><SSLSupportMethod>sni-only</SSLSupportMethod>"
        "<MinimumProtocolVersion>TLSv1.2_2021</MinimumProtocolVersion><Certificate>%s</Certificate>"
        "<CertificateSource>acm</CertificateSource></ViewerCertificate>",
        arn, arn);
}

/* Some ask for client certificates. */
static const char *viewer_mtls(size_t n)
{
    return n % 4 == 1 ? "<ViewerMtlsConfig><Mode>required</Mode><TrustStoreConfig><TrustStoreId>ts-made-1</"
                        "TrustStoreId>"
                        "<AdvertiseTrustStoreCaNames>true</AdvertiseTrustStoreCaNames>"
                        "<IgnoreCertificateExpiry>false</IgnoreCertificateExpiry></TrustStoreConfig></"
                        "ViewerMtlsConfig>"
                      : "";
}

static char *config_of(struct sim_seeding *s, size_t n, const char *names, const char *arn)
{
    return arena_printf(
        s->arena,
        "<DistributionConfig xmlns=\"" CLOUDFRONT_NAMESPACE "\"><CallerReference>made-%zu</CallerReference>%s"
        "<DefaultRootObject>index.html</DefaultRootObject><Origins><Quantity>1</"
        "Quantity><Items><Origin><Id>origin</Id>"
        "<DomainName>origin-%zu.example.net</DomainName><OriginPath></OriginPath><CustomHeaders><Quantity>0</"
        "Quantity>"
        "</CustomHeaders><CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</"
        "HTTPSPort><OriginProtocolPolicy>"
        "https-only</OriginProtocolPolicy><OriginSslProtocols><Quantity>1</"
        "Quantity><Items><SslProtocol>TLSv1.2"
        "</SslProtocol></Items></OriginSslProtocols><OriginReadTimeout>30</"
        "OriginReadTimeout><OriginKeepaliveTimeout>5"
        "</OriginKeepaliveTimeout></CustomOriginConfig><ConnectionAttempts>3</"
        "ConnectionAttempts><ConnectionTimeout>10"
        "</ConnectionTimeout></Origin></Items></Origins><DefaultCacheBehavior><TargetOriginId>origin</"
        "TargetOriginId>"
        "<ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy><Compress>true</"
        "Compress><SmoothStreaming>false"
        "</SmoothStreaming></DefaultCacheBehavior><CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>"
        "<CustomErrorResponses><Quantity>0</Quantity></CustomErrorResponses><Comment>shop &amp; more "
        "%zu</Comment>"
        "<Logging><Enabled>false</Enabled><IncludeCookies>false</IncludeCookies><Bucket></Bucket><Prefix></"
        "Prefix>"
        "</Logging><PriceClass>PriceClass_All</PriceClass><Enabled>true</"
        "Enabled>%s<Restrictions><GeoRestriction>"
        "<RestrictionType>none</RestrictionType><Quantity>0</Quantity></GeoRestriction></"
        "Restrictions><WebACLId>"
        "</WebACLId><HttpVersion>http2and3</HttpVersion><IsIPV6Enabled>true</IsIPV6Enabled><Staging>false</"
        "Staging>"
        "%s</DistributionConfig>",
        n, aliases(s, names), n, n, viewer(s, arn), *arn ? viewer_mtls(n) : "");
}

void cloudfront_generate(struct sim_seeding *s, size_t n)
{
    const char *names = sim_seed_names(s, n);
    bool on = sim_seed_has_https(n);
    const char *arn = on ? aws_seed_acm(s, "us-east-1", names) : "";
    const char *hex = sim_hex_id(s->arena, arena_printf(s->arena, "distribution %zu", n), 13);
    char *id = arena_printf(s->arena, "E%s", hex);
    const char *config = config_of(s, n, on ? names : "", arn);
    const struct xml *parsed;
    struct sim_field fields[FIELDS_MAX];
    size_t count = 0;
    for (char *p = id; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    if (!xml_parse(s->arena, config, strlen(config), &parsed, NULL))
        return;
    for (const struct xml *e = parsed->child; e && count < FIELDS_MAX - 6; e = e->next)
        fields[count++] = (struct sim_field){e->name, cloudfront_canonical(s->arena, e)};
    fields[count++] = (struct sim_field){"@config", config};
    fields[count++] =
        (struct sim_field){"@etag", arena_printf(s->arena, "E%.13s", sim_hex_id(s->arena, id, 13))};
    fields[count++] = (struct sim_field){"@cert", arn};
    fields[count++] = (struct sim_field){"@names", names};
    fields[count++] = (struct sim_field){"@domain", arena_printf(s->arena, "d%s.cloudfront.net", hex)};
    fields[count++] = (struct sim_field){"@modified", time_iso(s->arena, s->now_ms - 80 * 86400000LL)};
    sim_seed_object(s, cloudfront_kind, "", id, fields, count);
}
