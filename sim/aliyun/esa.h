/* esa.h - what a simulated ESA site holds, shared by its operations and its edge. */
#pragma once
#include "sim/aliyun/page.h"

#define ESA_SITE "esa.site"
#define ESA_RECORD "esa.record"
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
