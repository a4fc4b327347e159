/* ack.h - what listing the resources of ACK clusters (ack_list.c) and changing one (ack.c) share. */
#pragma once
#include "cloud/aliyun/kube.h"

extern const struct call ack_list_regions, ack_list_clusters, ack_list_ingresses, ack_list_secrets,
    ack_list_albconfigs;

/* product.discover. */
must_use bool ack_discover(struct job *job, const struct survey *to, struct err *err);

/* The certificate of a Secret; false where there is none that can be read. */
bool ack_bound_of_secret(struct job *job, const struct json *secret, struct bound *b);
/* The certificates of a listener of an AlbConfig: the default is the one that says so, or the first. The job's calls go to
 * the cloud itself.
 */
must_use bool ack_bound_of_listener(struct job *outside, const char *region, const struct json *listener,
                                    struct bound **ret, size_t *ret_count, struct err *err);
