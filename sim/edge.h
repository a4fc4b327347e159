/* edge.h - where the simulated resources serve TLS: a listener on loopback for each, up to 4,096, and the names under which
 * CONNECT finds them. What an edge serves is looked up in the state at each handshake.
 */
#pragma once
#include "crypto/tls.h"
#include "sim/core.h"

struct sim_edges;
struct sim_edge;

enum { SIM_EDGE_LISTENERS = 4096 };

/* For every resource of the state. One marked "@refuse" gets a port on which nobody listens. */
must_use bool sim_edges_open(struct sim *sim, struct sim_edges **ret, struct err *err);
struct sim_edges *sim_edges_close(struct sim_edges *e);

size_t sim_edges_count(const struct sim_edges *e);
struct sim_edge *sim_edges_at(const struct sim_edges *e, size_t i);
int sim_edge_listener(const struct sim_edge *edge); /* -1: none */

/* The edge of an entry point "host:port", or of a resource's own name at 443; NULL if there is none. */
struct sim_edge *sim_edges_find(const struct sim_edges *e, const char *host_and_port);
bool sim_edge_refuses(const struct sim_edge *edge);

/* What the edge presents to who asks for this name ("" for none), copied to the arena; false: nothing. */
must_use bool sim_edge_identity(const struct sim_edge *edge, struct arena *a, const char *server_name,
                                struct tls_identity *ret);

/* Speaks TLS on a connected descriptor until the visitor goes: one request gets one short page. Blocks. */
void sim_edge_serve(const struct sim_edge *edge, int fd);

/* The member "resources" of the ready file: cloud, product, id, domain, edge ("" beyond the last listener). */
void sim_edges_print(const struct sim_edges *e, struct json_writer *w);
