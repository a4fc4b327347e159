/* ack.h - what listing the resources of ACK clusters (ack_list.c) and changing one (ack.c) share. */
#pragma once
#include "cloud/aliyun/kube.h"

#define ACK_CRD "/apis/alibabacloud.com/v1" /* where AlbConfigs are */

extern const struct call ack_list_regions, ack_list_clusters, ack_list_ingresses, ack_list_secrets,
    ack_list_albconfigs;

/* product.discover. */
must_use bool ack_discover(struct job *job, const struct survey *to, struct err *err);

/* What a Secret holds: nothing where that cannot be read. */
void ack_hold_secret(struct job *job, const struct json *secret, struct binding *b);
/* What a listener of an AlbConfig holds, asked of the cloud itself; and its default certificate, which is the one that says
 * so, or the first.
 */
must_use bool ack_hold_listener(struct job *outside, const char *region, const struct json *listener,
                                struct binding *b, struct err *err);
const struct json *ack_default_of(const struct json *listener);
