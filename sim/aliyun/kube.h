/* kube.h - the API servers of simulated ACK clusters: identities, errors and objects of Kubernetes.
 *
 * A cluster is an object "ack.cluster" (scope: region) whose API server listens at 198.51.100.N:6443
 * (inside the VPC 10.99.0.N). Its CA is the object
 * "@ack.ca" of the same id; a kubeconfig's client certificate is an "@ack.client" (scope: cluster, id: digest). What serves
 * TLS in it, Secrets and AlbConfigs, are objects "ack.resource" (scope: cluster, id: "<cluster>/<kind>/[namespace/]name[/port]").
 */
#pragma once
#include "sim/aliyun/aliyun.h"

extern const char kube_cluster_kind[], kube_ca_kind[], kube_client_kind[], kube_resource_kind[],
    kube_ingress_kind[], kube_cert_kind[];
enum { KUBE_PORT = 6443 };
#define KUBE_PUBLIC "198.51.100."
#define KUBE_PRIVATE "10.99.0."

/* What the vendor's functions do for calls to an API server (kube.c). */
bool kube_route(struct sim_call *c);
bool kube_authenticate(struct sim_call *c);
void kube_fail(struct sim_call *c, unsigned status, const char *reason, const char *message);
void kube_refuse(struct sim_call *c, enum sim_refusal why, const char *detail);
const struct sim_object *kube_cluster(struct sim_state *s, const char *last_octet);
const struct sim_object *kube_cluster_of(struct sim_call *c); /* with the state's lock held */
const struct sim_object *kube_authority(struct sim_state *s, const char *last_octet);

/* The operations (kube_secret.c, kube_albconfig.c). */
void kube_list_secrets(struct sim_call *c);
void kube_get_secret(struct sim_call *c);
void kube_patch_secret(struct sim_call *c);
void kube_list_ingresses(struct sim_call *c);
void kube_resources(struct sim_call *c);
void kube_list_albconfigs(struct sim_call *c);
void kube_get_albconfig(struct sim_call *c);
void kube_patch_albconfig(struct sim_call *c);
void kube_replace_albconfig(struct sim_call *c);

struct kube_page { /* one list: limit and continue */
    struct buf body;
    struct json_writer w;
    size_t from, size, seen;
};
bool kube_page_open(struct sim_call *c, struct kube_page *p, const char *api, const char *kind);
bool kube_page_holds(struct kube_page *p);
void kube_page_close(struct sim_call *c, struct kube_page *p);

void kube_reply(struct sim_call *c, const char *body);
/* "metadata" of an object, as JSON. */
char *kube_metadata(struct sim_call *c, const struct sim_object *o);
/* The next version of an object, for its "@version". */
char *kube_next_version(struct sim_call *c);
/* Refuses with 409 unless the version sent ("" or NULL: none) is the object's. */
bool kube_same_version(struct sim_call *c, const struct sim_object *o, const char *sent);

/* How clusters and what is in them are made, and what they serve (kube_resource.c). */
void kube_generate(struct sim_seeding *s, size_t n);
bool kube_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret);
const struct sim_object *kube_choose(struct sim_state *s, const struct sim_object *o,
                                     const struct sim_fields *view, const char *server_name);
