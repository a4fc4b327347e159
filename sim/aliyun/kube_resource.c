/* Clusters and what is in them, made for a trial: managed and dedicated ones, some without a public API server; Secrets that
 * Ingresses use, one in ten by cert-manager; AlbConfigs with an HTTP listener before the HTTPS one.
 */
#include "crypto/mint.h"
#include "sim/aliyun/kube.h"
#include "sim/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PER_CLUSTER = 6, CLUSTERS_MAX = 200, ADDRESSES = 250 };

static const int64_t day_ms = 86400000;

static const char *make_cluster(struct sim_seeding *s, size_t number, const char **ret_region)
{
    struct arena *a = s->arena;
    const char *region = aliyun_regions[number % countof(aliyun_regions)];
    const char *id = arena_printf(a, "c%s", sim_hex_id(a, arena_printf(a, "cluster %zu", number), 32));
    *ret_region = region;
    if (state_find(s->state, s->cloud, s->account, kube_cluster_kind, region, id))
        return id;
    struct minted ca;
    struct err err;
    if (!mint_ca(a, "kubernetes", KEY_ECDSA, 256, s->now_ms - day_ms, s->now_ms + 3650 * day_ms, &ca, &err)) {
        fprintf(stderr, "certferry-sim: %s\n", err.text);
        abort();
    }
    SIM_SEED(s, kube_cluster_kind, region, id, {"name", arena_printf(a, "cluster-%zu", number)},
             {"octet", arena_printf(a, "%zu", number + 1)}, {"state", "running"},
             {"cluster_type", number % 2 ? "Kubernetes" : "ManagedKubernetes"},
             {"public", number % 5 == 4 ? "false" : "true"}, {"namespaced", number % 2 ? "true" : "false"});
    SIM_SEED(s, kube_ca_kind, "", id, {"Cert", x509_pem(a, &ca.cert)}, {"Key", secret_bytes(ca.key)});
    return id;
}

static void make_secret(struct sim_seeding *s, size_t n, const char *cluster, const char *names)
{
    struct arena *a = s->arena;
    const char *chain, *key, *namespace = n % 2 ? "default" : "web", *name = arena_printf(a, "tls-%zu", n);
    sim_seed_cert(s, names, &chain, &key);
    const char *pair = sim_hex_id(a, arena_printf(a, "%s%s", chain, key), 40);
    const char *ip = arena_printf(a, "198.18.%zu.%zu", n / ADDRESSES % 256, n % ADDRESSES + 1);
    SIM_SEED(s, kube_cert_kind, "", pair, {"Cert", chain}, {"Key", key});
    SIM_SEED(s, kube_resource_kind, cluster, arena_printf(a, "%s/secret/%s/%s", cluster, namespace, name),
             {"kind", "Secret"}, {"namespace", namespace}, {"name", name}, {"type", "kubernetes.io/tls"},
             {"tls.crt", base64_encode(a, chain, strlen(chain))},
             {"tls.key", base64_encode(a, key, strlen(key))},
             {"ca.crt", n % 4 == 3 ? base64_encode(a, "neighbour", 9) : ""}, {"@pair", pair},
             {"@version", "7"}, {"labels", "{\"app\":\"shop\"}"},
             {"annotations", sim_seed_is_owned(n) ? "{\"cert-manager.io/certificate-name\":\"shop\"}" : "{}"},
             {"@names", names}, {"ip", ip});
    SIM_SEED(s, kube_ingress_kind, cluster, arena_printf(a, "%s/ingress-%zu", namespace, n),
             {"namespace", namespace}, {"name", arena_printf(a, "ingress-%zu", n)}, {"secret", name},
             {"hosts", names}, {"ip", ip}, {"@version", "8"});
}

static void make_albconfig(struct sim_seeding *s, size_t n, const char *cluster, const char *region,
                           const char *names)
{
    struct arena *a = s->arena;
    const char *site = strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
    const char *second = sim_list_item(a, names, 1), *name = arena_printf(a, "alb-%zu", n);
    const struct sim_object *owner =
        state_find(s->state, s->cloud, s->account, kube_cluster_kind, region, cluster);
    bool namespaced = !strcmp(sim_field(owner->now, "namespaced"), "true");
    const char *first_id = aliyun_seed_cas(s, site, sim_list_item(a, names, 0));
    const char *more = "";
    if (second)
        more = json_format(a, ",{'CertificateId':%s,'IsDefault':false}",
                           arena_printf(a, "%s-%s", aliyun_seed_cas(s, site, second), site));
    const char *spec =
        json_format(a,
                    "{'config':{'name':%s,'addressType':'Internet','edition':'Standard'},'listeners':[{'port'"
                    ":80,'protocol':'HTTP'},"
                    "{'port':443,'protocol':'HTTPS','certificates':[{'CertificateId':%s,'IsDefault':true}%p],"
                    "'caEnabled':true,"
                    "'caCertificates':[{'CertificateId':'1ef-ca','IsDefault':true}],'http2Enabled':true,"
                    "'securityPolicyId':'tls_cipher_policy_1_2','idleTimeout':15}]}",
                    name, arena_printf(a, "%s-%s", first_id, site), more);
    SIM_SEED(s, kube_resource_kind, cluster,
             namespaced ? arena_printf(a, "%s/albconfig/kube-system/%s/443", cluster, name)
                        : arena_printf(a, "%s/albconfig/%s/443", cluster, name),
             {"kind", "AlbConfig"}, {"namespace", namespaced ? "kube-system" : ""}, {"name", name},
             {"spec", spec}, {"@version", "9"}, {"alb", arena_printf(a, "alb-%s", sim_hex_id(a, name, 18))},
             {"dnsname", arena_printf(a, "alb-%s.%s.alb.aliyuncsslb.com",
                                      sim_hex_id(a, arena_printf(a, "%s %s", cluster, name), 18), region)},
             {"labels", sim_seed_is_owned(n) ? "{\"app.kubernetes.io/managed-by\":\"Helm\"}" : "{}"},
             {"@names", names});
}

void kube_generate(struct sim_seeding *s, size_t n)
{
    const char *region, *names = sim_seed_names(s, n);
    const char *cluster = make_cluster(s, n / PER_CLUSTER % CLUSTERS_MAX, &region);
    if (n % 3 == 1)
        make_albconfig(s, n, cluster, region, names);
    else
        make_secret(s, n, cluster, names);
}

bool kube_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    bool secret = !strcmp(sim_field(o->now, "kind"), "Secret");
    (void)s;
    *ret = (struct sim_entry){.product = "ack",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(o->now, secret ? "ip" : "dnsname")),
                              .port = 443};
    return *ret->host && ret->domain;
}

/* Of the listener at 443: the first additional certificate that covers the name, else the default. */
static const struct sim_object *choose_of_spec(struct sim_state *s, struct arena *a,
                                               const struct sim_object *o, const char *spec,
                                               const char *server_name)
{
    const struct json *v;
    const struct sim_object *standard = NULL;
    if (!json_parse(a, spec, strlen(spec), &v, NULL))
        return NULL;
    const struct json *listeners = json_at(v, "/listeners"), *certificates = NULL;
    for (size_t i = 0; i < json_count(listeners); i++)
        if (json_int(json_at(json_item(listeners, i), "/port"), 0) == 443)
            certificates = json_at(json_item(listeners, i), "/certificates");
    for (size_t i = 0; i < json_count(certificates); i++) {
        const struct json *entry = json_item(certificates, i);
        const struct sim_object *cert =
            aliyun_cas_by_identifier(s, o->account, json_str(json_at(entry, "/CertificateId"), ""));
        if (json_bool(json_at(entry, "/IsDefault"), false))
            standard = cert;
        else if (*server_name && cert && cert->cert && sim_cert_covers(cert->cert, server_name))
            return cert;
    }
    return standard;
}

const struct sim_object *kube_choose(struct sim_state *s, const struct sim_object *o,
                                     const struct sim_fields *view, const char *server_name)
{
    if (!strcmp(sim_field(view, "kind"), "Secret"))
        return state_find(s, "aliyun", o->account, kube_cert_kind, "", sim_field(view, "@pair"));
    cleanup(arena_free_p) struct arena *a = arena_new(8 << 20);
    return choose_of_spec(s, a, o, sim_field(view, "spec"), server_name);
}
