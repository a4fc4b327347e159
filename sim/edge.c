#include "sim/edge.h"

#include "base/file.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VISIT_BYTES = 1 << 20 };

struct sim_edge {
    struct sim *sim;
    const struct sim_service *service;
    const struct sim_object *object;
    const struct sim_edges *all;
    struct sim_entry entry;
    int fd; /* -1: none */
    unsigned port;
    bool refuses;
};

struct name { /* a row of the name table, sorted by text */
    const char *text;
    struct sim_edge *edge;
};

struct sim_edges {
    struct arena *arena;
    struct sim_edge **items;
    size_t count, capacity;
    struct name *names;
    size_t name_count, name_capacity;
};

/* ---- listeners ---- */

static bool open_listener(struct sim_edge *edge, struct err *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    edge->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (edge->fd < 0 || bind(edge->fd, (struct sockaddr *)&address, size) ||
        (!edge->refuses && listen(edge->fd, 128)) ||
        getsockname(edge->fd, (struct sockaddr *)&address, &size))
        return err_set(err, ERR_INTERNAL, "open an edge's listener: %m");
    edge->port = ntohs(address.sin_port);
    return true;
}

static void add_name(struct sim_edges *e, const char *host, unsigned port, struct sim_edge *edge)
{
    struct name *n = arena_push(e->arena, (void **)&e->names, &e->name_count, &e->name_capacity, sizeof *n);
    *n = (struct name){arena_printf(e->arena, "%s:%u", host, port), edge};
    for (char *p = (char *)(uintptr_t)n->text; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
}

static bool add_edge(struct sim_edges *e, struct sim *sim, const struct sim_service *service,
                     const struct sim_object *object, struct err *err)
{
    struct sim_edge *edge = arena_make(e->arena, struct sim_edge);
    *edge = (struct sim_edge){.sim = sim, .service = service, .object = object, .all = e, .fd = -1};
    if (!service->entry(e->arena, sim->state, object, &edge->entry))
        return true;
    edge->refuses = !strcmp(sim_field(object->now, "@refuse"), "1");
    if (e->count < SIM_EDGE_LISTENERS && !open_listener(edge, err))
        return false;
    struct sim_edge **place =
        arena_push(e->arena, (void **)&e->items, &e->count, &e->capacity, sizeof *place);
    *place = edge;
    add_name(e, edge->entry.host, edge->entry.port, edge);
    if (edge->entry.domain && strcmp(edge->entry.domain, edge->entry.host)) {
        add_name(e, edge->entry.domain, 443, edge);
        add_name(e, arena_printf(e->arena, "%s@%s", edge->entry.domain, edge->entry.host), edge->entry.port,
                 edge);
    }
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

bool sim_edges_open(struct sim *sim, struct sim_edges **ret, struct err *err)
{
    struct arena *a = arena_new(SIZE_MAX);
    struct sim_edges *e = arena_make(a, struct sim_edges);
    e->arena = a;
    for (size_t i = 0; sim_services[i]; i++) {
        const struct sim_object *o;
        const struct sim_service *service = sim_services[i];
        for (size_t cursor = 0;
             service->resource_kind &&
             (o = state_next(sim->state, service->cloud, NULL, service->resource_kind, NULL, &cursor));)
            if (!add_edge(e, sim, service, o, err)) {
                sim_edges_close(e);
                return false;
            }
    }
    if (e->name_count)
        qsort(e->names, e->name_count, sizeof *e->names, compare_names);
    *ret = e;
    return true;
}

struct sim_edges *sim_edges_close(struct sim_edges *e)
{
    for (size_t i = 0; e && i < e->count; i++)
        descriptor_close(&e->items[i]->fd);
    if (e)
        arena_free(e->arena);
    return NULL;
}

size_t sim_edges_count(const struct sim_edges *e)
{
    return e->count;
}

struct sim_edge *sim_edges_at(const struct sim_edges *e, size_t i)
{
    return e->items[i];
}

int sim_edge_listener(const struct sim_edge *edge)
{
    return edge->refuses ? -1 : edge->fd;
}

bool sim_edge_refuses(const struct sim_edge *edge)
{
    return edge->refuses;
}

static struct sim_edge *look_up(const struct sim_edges *e, const char *text)
{
    struct name key = {text, NULL};
    const struct name *n =
        e->name_count ? bsearch(&key, e->names, e->name_count, sizeof key, compare_names) : NULL;
    return n ? n->edge : NULL;
}

struct sim_edge *sim_edges_find(const struct sim_edges *e, const char *host_and_port)
{
    struct sim_edge *edge = look_up(e, host_and_port);
    char wildcard[512];
    const char *dot = strchr(host_and_port, '.');
    if (edge || !dot)
        return edge;
    snprintf(wildcard, sizeof wildcard, "*%s", dot); /* any name of a wildcard resource leads to it */
    return look_up(e, wildcard);
}

void sim_edges_print(const struct sim_edges *e, struct json_writer *w)
{
    json_key(w, "resources");
    json_open_array(w);
    for (size_t i = 0; i < e->count; i++) {
        const struct sim_edge *edge = e->items[i];
        char product[64], address[64] = "";
        snprintf(product, sizeof product, "%s/%s", edge->service->cloud, edge->entry.product);
        if (edge->fd >= 0)
            snprintf(address, sizeof address, "127.0.0.1:%u", edge->port);
        json_open_object(w);
        json_member_string(w, "cloud", edge->service->cloud);
        json_member_string(w, "product", product);
        json_member_string(w, "id", edge->entry.id);
        json_member_string(w, "domain", edge->entry.domain);
        json_member_string(w, "edge", address);
        json_member_string(w, "entry",
                           arena_printf(w->buf->arena, "%s:%u", edge->entry.host, edge->entry.port));
        json_close_object(w);
    }
    json_close_array(w);
}

/* ---- a visit ---- */

struct visit {
    const struct sim_edge *edge;
    struct arena *arena;
};

/* Several resources may stand behind one entry point (domains of a gateway): the name asked for tells them apart. */
static const struct sim_edge *edge_for(const struct sim_edge *edge, struct arena *a, const char *server_name)
{
    const struct sim_edge *own = sim_edges_find(edge->all, arena_printf(a, "%s@%s:%u", server_name,
                                                                        edge->entry.host, edge->entry.port));
    return own ? own : edge;
}

bool sim_edge_identity(const struct sim_edge *edge, struct arena *a, const char *server_name,
                       struct tls_identity *ret)
{
    struct sim_state *s = edge->sim->state;
    edge = edge_for(edge, a, server_name);
    sim_state_lock(s);
    const struct sim_object *o =
        edge->object->gone
            ? NULL
            : edge->service->choose(s, edge->object, state_served(s, edge->object), server_name);
    bool found = o && o->cert && o->cert->key;
    if (found) /* copies: the object may change under the handshake */
        *ret = (struct tls_identity){arena_strdup(a, o->cert->chain_pem),
                                     secret_in(a, secret_copy(o->cert->key))};
    sim_state_unlock(s);
    return found;
}

static bool choose(void *context, const char *server_name, struct tls_identity *ret)
{
    const struct visit *visit = context;
    return sim_edge_identity(visit->edge, visit->arena, server_name ? server_name : "", ret);
}

static void talk(const struct sim_edge *edge, struct arena *a, struct sim_stream *stream)
{
    struct sim_request request;
    unsigned status;
    if (!sim_request_read(stream, a, &request, &status))
        return;
    const char *body = arena_printf(a, "certferry-sim: the edge of %s/%s %s\n", edge->service->cloud,
                                    edge->entry.product, edge->entry.id);
    const char *answer = arena_printf(a,
                                      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                                      "Connection: close\r\n\r\n%s",
                                      strlen(body), body);
    (void)!sim_stream_write(stream, answer, strlen(answer));
}

void sim_edge_serve(const struct sim_edge *edge, int fd)
{
    cleanup(arena_free_p) struct arena *a = arena_new(SIM_BODY_BYTES + 4 * VISIT_BYTES);
    cleanup(tls_free_p) struct tls *tls = NULL;
    struct visit visit = {edge, a};
    if (!tls_server_new(fd, choose, &visit, &tls, NULL) || tls_handshake(tls, NULL) != TLS_DONE)
        return;
    struct sim_stream stream = {.fd = fd, .tls = tls, .buffer = arena_alloc(a, SIM_STREAM_BYTES)};
    talk(edge, a, &stream);
    tls_shutdown(tls);
}
