/* slb.h - what the simulated SLB is made of: load balancers, listeners, and a certificate store per region. */
#pragma once
#include "sim/aliyun/aliyun.h"

/* Load balancer: LoadBalancerName, Address, AddressType, LoadBalancerSpec ("" on a shared instance), Tags.
 * Listener "lb-.../443": LoadBalancerId, ListenerPort, ListenerProtocol, ServerCertificateId, Extensions ("id,domain,
 * certificate" each), RuleDomains, settings.
 */
extern const char slb_lb_kind[], slb_listener_kind[];
/* The n-th part of an extension. */
char *slb_part(struct arena *a, const char *extension, size_t n);

bool slb_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret);
const struct sim_object *slb_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name);
/* Five HTTPS listeners on a load balancer. The second of two names has a domain extension; one of five listeners has one
 * for a name beside its first; every fourth asks clients for certificates.
 */
void slb_generate(struct sim_seeding *s, size_t n);

/* Name, Cert, Key; where it is linked from CAS: AliCloudCertificateId, AliCloudCertificateName. */
extern const char slb_cert_kind[];

/* Sets the call's region from RegionId; false after a refusal. */
bool slb_region(struct sim_call *c);
/* Whether a listener or an extension of the region holds the certificate. */
bool slb_is_used(struct sim_call *c, const char *cert);

/* A certificate for this name, generated into the store of a region; returns its id. */
const char *slb_seed_cert(struct sim_seeding *s, const char *region, const char *name);

extern const struct sim_param slb_upload_params[15], slb_certs_params[10], slb_delete_params[6];
void slb_upload(struct sim_call *c);
void slb_list_certs(struct sim_call *c);
void slb_delete_cert(struct sim_call *c);
