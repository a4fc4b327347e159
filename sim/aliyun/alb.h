/* alb.h - the objects of the simulated ALB: load balancers, listeners and rules, each in its region. */
#pragma once
#include "sim/aliyun/aliyun.h"

/* Load balancer: LoadBalancerName, DNSName, AddressType, VpcId, LoadBalancerEdition, Tags ("key=value ..").
 * Listener: LoadBalancerId, ListenerProtocol, ListenerPort, Certificates (the default), AdditionalCertificates, settings.
 * Rule: ListenerId, LoadBalancerId, RuleName, Priority, Hosts.
 */
extern const char alb_lb_kind[], alb_listener_kind[], alb_rule_kind[];

/* Five HTTPS listeners on a load balancer; where a resource has two names, the second one's certificate is additional. */
void alb_generate(struct sim_seeding *s, size_t n);
