/* kube.h - the way into an ACK cluster: a temporary kubeconfig from the CS API, calls to the cluster's own API server, and
 * errors that name the cluster and the rights it takes.
 */
#pragma once
#include "cloud/aliyun/aliyun.h"

/* What calls to an API server have in common, within a struct call. */
#define KUBE(name, verb, where)                                                                              \
    .service = "k8s", .operation = (name), .method = (verb), .version = "v1", .path = (where),               \
    .host = "{apiserver}", .style = CALL_REST_JSON
#define KUBE_PAGES(at_once) PAGES_BY_MARKER("/items", "/metadata/continue", "continue", "limit", at_once)

struct cluster {
    const char *region, *id, *name;
    bool private; /* its API server is reached within the VPC only */
};

extern const struct call kube_get_kubeconfig;

/* From now on the job, whose arena is one that is wiped, calls the cluster. Kubeconfigs are kept for half an hour. */
must_use bool kube_enter(struct job *hidden, const struct cluster *cluster, struct err *err);

/* A call to the cluster failed: names the cluster, and what to grant where rights are missing. Somebody who was faster has
 * refused nothing: what is read next tells whether the change is still wanted. Returns false.
 */
bool kube_failed(struct job *job, const struct cluster *cluster, struct err *err);

/* The parts of a kubeconfig's current context. The text is YAML or JSON. */
must_use bool kube_config_parse(struct arena *a, const char *text, size_t size, struct endpoint *ret,
                                struct err *err);
