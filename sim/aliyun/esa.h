/* esa.h - what a simulated ESA site holds, shared by its operations and its edge. */
#pragma once
#include "sim/aliyun/page.h"

#define ESA_SITE "esa.site"
#define ESA_RECORD "esa.record"
#define ESA_HOST "esa.hostname"
#define ESA_OWN "@esa.certificate"

/* An entry of a site, taken apart. */
struct esa_entry {
    const char *id, *type, *site, *number, *name, *time;
};

char *esa_entry_text(struct arena *a, const struct esa_entry *e);
/* The entries of a site, one after the other; false at the end. */
bool esa_next_entry(struct arena *a, const struct sim_fields *fields, size_t *cursor, struct esa_entry *ret);
/* What an entry serves; NULL if it cannot be told. */
const struct sim_object *esa_content(struct sim_state *s, const struct sim_object *site,
                                     const struct esa_entry *e);

bool esa_edge(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret);
const struct sim_object *esa_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name);
void esa_generate(struct sim_seeding *s, size_t n);
/* The custom hostnames of a site (esa_host.c), behind one of its records. */
void esa_generate_hosts(struct sim_seeding *s, const char *site, const char *record, const char *cname,
                        size_t n);

/* ---- what operations share (esa.c) ---- */

struct esa_page {
    int64_t number, size, seen;
};
struct esa_page esa_page_of(struct sim_call *c);
bool esa_on_page(struct esa_page *p);
struct aliyun_answer *esa_begin_list(struct sim_call *c, const char *list);
void esa_end_page(struct sim_call *c, const struct esa_page *p, struct aliyun_answer *answer);

/* The site that the call names; NULL after a refusal, of the method too. */
struct sim_object *esa_wanted_site(struct sim_call *c, const char *method);
bool esa_method_is(struct sim_call *c, const char *method);
/* Whether a name fits the text: how "exact", "prefix", "suffix", "fuzzy". */
bool esa_name_fits(const char *name, const char *text, const char *how);
/* The certificate in a site of the certificate store; NULL after a refusal. */
const struct sim_object *esa_stored(struct sim_call *c, const char *site, const char *number);
/* Keeps certificate and key given as text, and returns their number; NULL after a refusal. */
const char *esa_keep(struct sim_call *c, const char *chain, const char *key);

/* ---- operations on custom hostnames (esa_host.c) ---- */

extern const struct sim_param esa_list_hosts_params[7], esa_get_host_params[1], esa_set_host_params[8];
void esa_list_hosts(struct sim_call *c);
void esa_get_host(struct sim_call *c);
void esa_set_host(struct sim_call *c);
