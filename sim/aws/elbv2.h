/* elbv2.h - the objects of the simulated ELBv2, each in its region (scope), their ARNs as ids.
 *
 * Load balancer: LoadBalancerName, DNSName, Type, Scheme, VpcId, tags ("key=value .."). Listener: LoadBalancerArn, Port,
 * Protocol, SslPolicy, DefaultCertificate, Certificates (the SNI list), and what else ModifyListener sets, by its name
 * there ("AlpnPolicy.member.1"). Rule: ListenerArn, Priority, Hosts.
 */
#pragma once
#include "sim/aws/aws.h"

extern const char elbv2_lb_kind[], elbv2_listener_kind[], elbv2_rule_kind[];

/* The one asked for as ListenerArn; NULL after refusing. */
struct sim_object *elbv2_listener(struct sim_call *c);
/* The listener as this view of it tells: what a read shows by now, or what was just written. */
void elbv2_put_listener(struct sim_call *c, struct aws_xml *x, const struct sim_object *o,
                        const struct sim_fields *view);

void elbv2_describe_load_balancers(struct sim_call *c);
void elbv2_describe_listeners(struct sim_call *c);
void elbv2_describe_listener_certificates(struct sim_call *c);
void elbv2_describe_rules(struct sim_call *c);
void elbv2_describe_tags(struct sim_call *c);

bool elbv2_is_network(const struct sim_object *listener);

/* False for listeners of the other type. */
bool elbv2_application_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                             struct sim_entry *ret);
bool elbv2_network_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                         struct sim_entry *ret);
const struct sim_object *elbv2_choose(struct sim_state *s, const struct sim_object *o,
                                      const struct sim_fields *view, const char *server_name);
/* Five listeners with certificates on a load balancer; where a resource has two names, the second one's certificate is for
 * SNI.
 */
void elbv2_generate_application(struct sim_seeding *s, size_t n);
void elbv2_generate_network(struct sim_seeding *s, size_t n);
