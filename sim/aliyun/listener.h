/* listener.h - what the simulated ALB and NLB share: a listener has one default certificate ("Certificates") and a set
 * of further ones chosen by SNI ("AdditionalCertificates"); ids are "<number>-<CAS site>", a bare number is unknown.
 * Every change makes a job and puts the listener into Configuring; what comes meanwhile is refused.
 */
#pragma once
#include "sim/aliyun/page.h"

struct listener_kind {
    const char *product;             /* "alb" */
    const char *balancers, *objects; /* kinds of objects: load balancers, listeners */
    const char *jobs, *tokens;
    const char *first, *more;               /* parameters: of the default certificate, of further ones */
    const char *type;                       /* parameter: the type of certificates that are listed */
    const char *protocols;                  /* those with certificates, as a list */
    const char *not_found, *cert_not_found; /* codes */
    const char *busy_code,
        *busy_other_code; /* this listener settles; another one of its load balancer does */
    /* Further certificates that all listeners of this load balancer may have together; NULL: any number. */
    size_t (*more_max)(struct sim_call *c, const struct sim_object *balancer);
};

/* DescribeRegions' list, with endpoints made by the pattern "alb.%s.aliyuncs.com" around the region's name. */
void listener_regions(struct sim_call *c, const char *before, const char *after);

/* "key=value" items as [{key_name, value_name}]. */
void listener_put_tags(struct sim_call *c, struct json_writer *w, const char *tags, const char *key_name,
                       const char *value_name);
/* Whether the object has every tag asked for. */
bool listener_has_tags(struct sim_call *c, const struct sim_object *o);

/* The listener asked for; NULL after a refusal. */
struct sim_object *listener_wanted(struct sim_call *c, const struct listener_kind *kind);
/* The listener when it may be changed now; NULL after an answer. */
struct sim_object *listener_changeable(struct sim_call *c, const struct listener_kind *kind);
/* Answers with a job, which ends when the listener has settled. One that was so already settles at once. */
void listener_finish(struct sim_call *c, const struct listener_kind *kind, const struct sim_object *o);

/* Whole operations. `plain` names the settings that a change may set beside the certificate, as a list. */
void listener_list_certificates(struct sim_call *c, const struct listener_kind *kind);
void listener_update(struct sim_call *c, const struct listener_kind *kind, const char *plain);
void listener_associate(struct sim_call *c, const struct listener_kind *kind);
void listener_dissociate(struct sim_call *c, const struct listener_kind *kind);

bool listener_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                    const struct listener_kind *kind, struct sim_entry *ret);
const struct sim_object *listener_choose(struct sim_state *s, const struct sim_object *o,
                                         const struct sim_fields *view, const char *server_name);
