/* clb.h - the objects of the simulated CLB, each in its region (scope).
 *
 * Load balancer: its fields as the API names them. Listener, its id "lb-x/lbl-y": LoadBalancerId, ListenerId, Protocol, Port,
 * SniSwitch, Rules (a list of ids of rules), of each rule "ID.Domain" and "ID.Url", and where certificates stand, "P.SSLMode",
 * "P.SSLVerifyClient", "P.CertId", "P.CertCaId" and "P.ExtCertIds" (a list): P is "Certificate" for the listener, and with
 * SNI the rules' domain.
 */
#pragma once
#include "sim/tencent/tencent.h"

extern const char clb_lb_kind[], clb_listener_kind[];

void clb_describe_load_balancers(struct sim_call *c);
void clb_describe_listeners(struct sim_call *c);
void clb_describe_classic(struct sim_call *c);

bool clb_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret);
const struct sim_object *clb_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name);
/* Two listeners with certificates on a load balancer: with SNI, mutual TLS, two algorithms, TCP_SSL, QUIC, or plain. */
void clb_generate(struct sim_seeding *s, size_t n);
