/* elb.h - the objects of the simulated ELB, each in its region (scope).
 *
 * Fields are named as the API's, lists as values joined by spaces. Load balancer: name, vip_address, eip (""
 * for an internal one), guaranteed, tags ("key=value .."). Listener: loadbalancer_id, protocol, protocol_port,
 * default_tls_container_ref, sni_container_refs, settings. Certificate: name, type, domain ("a,b"), Cert, Key.
 * Policy: listener_id, name, action. Rule: l7policy_id, type, compare_type, value.
 */
#pragma once
#include "sim/huawei/huawei.h"

extern const char elb_lb_kind[], elb_listener_kind[], elb_cert_kind[], elb_policy_kind[], elb_rule_kind[];

/* ---- pages (elb_page.c) ---- */

struct elb_page {
    size_t size, count;
    const char *last;
    bool begun, more;
    struct buf body;
    struct json_writer w;
};
/* Begins {"<list>":[; false after refusing a marker that is no object's id. */
must_use bool elb_page_open(struct sim_call *c, struct elb_page *p, const char *kind, const char *list);
/* The next object of the kind that fits the query's filters and stands on this page; NULL at its end. */
struct sim_object *elb_page_next(struct sim_call *c, struct elb_page *p, const char *kind, size_t *cursor);
void elb_page_close(struct sim_call *c, struct elb_page *p);

/* ---- the certificate store (elb_cert.c) ---- */

void elb_list_certificates(struct sim_call *c);
void elb_show_certificate(struct sim_call *c);
void elb_create_certificate(struct sim_call *c);
void elb_update_certificate(struct sim_call *c);
void elb_delete_certificate(struct sim_call *c);

/* ---- load balancers, policies, rules (elb_list.c) ---- */

/* One change at a time per load balancer; meanwhile it is PENDING_UPDATE. */
bool elb_is_busy(struct sim_call *c, const char *load_balancer);
void elb_list_load_balancers(struct sim_call *c);
void elb_show_load_balancer(struct sim_call *c);
void elb_list_policies(struct sim_call *c);
void elb_list_rules(struct sim_call *c);

/* ---- resources (elb_resource.c) ---- */

bool elb_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret);
const struct sim_object *elb_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name);
/* Five TLS listeners on a load balancer; where a resource has two names, the second one's certificate is for SNI. */
void elb_generate(struct sim_seeding *s, size_t n);
