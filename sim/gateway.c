#include "sim/gateway.h"

#include "base/file.h"
#include "crypto/mint.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS = 1024,
    STACK_BYTES = 1 << 20,
    CALL_BYTES = 192 << 20,
    IDLE_SECONDS = 75,
    API_HOSTS = 1024
};

struct identity {
    const char *host, *chain_pem;
    struct secret *key;
};

struct sim_gateway {
    struct sim *sim;
    struct sim_edges *edges;
    struct arena *arena;
    int epoll, fd;
    const char *url;
    struct minted ca;
    const char *ca_pem;
    pthread_mutex_t mutex; /* guards what follows, and the arena */
    pthread_cond_t room;
    size_t connections;
    struct identity identities[API_HOSTS];
    size_t identity_count;
};

struct connection {
    struct sim_gateway *gateway;
    const struct sim_edge *edge; /* NULL: the gateway's own port */
    int fd;
};

/* ---- answers ---- */

static bool send_status(struct sim_stream *s, unsigned status)
{
    char text[256];
    int size = snprintf(text, sizeof text, "HTTP/1.1 %u %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                        status, sim_status_text(status));
    return sim_stream_write(s, text, (size_t)size);
}

static bool send_answer(struct sim_stream *s, struct arena *a, const struct sim_answer *answer, bool cut,
                        bool keep_alive, int64_t now_ms)
{
    size_t size = cut && answer->body.size > 1 ? answer->body.size / 2 : answer->body.size;
    struct buf b = buf_new(a, answer->body.size + SIM_HEADER_BYTES);
    buf_printf(&b, "HTTP/1.1 %u %s\r\nDate: %s\r\n", answer->status, sim_status_text(answer->status),
               time_format(a, now_ms, "%a, %d %b %Y %H:%M:%S GMT"));
    for (size_t i = 0; i < answer->header_count; i++)
        buf_printf(&b, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
    if (answer->status != 204)
        buf_printf(&b, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                   answer->content_type ? answer->content_type : "text/plain", size);
    buf_printf(&b, "Connection: %s\r\n\r\n", keep_alive ? "keep-alive" : "close");
    if (answer->status != 204)
        buf_add(&b, answer->body.data, size);
    return sim_stream_write(s, b.data, b.size);
}

/* One call; false when the connection ends with it. */
static bool answer_call(struct sim_gateway *g, struct sim_stream *s, struct arena *a,
                        const struct sim_request *request)
{
    struct sim_answer answer;
    int64_t now_ms;
    switch (sim_handle(g->sim, a, request, &answer, &now_ms)) {
    case DELIVER_WHOLE:
        return send_answer(s, a, &answer, false, request->keep_alive, now_ms) && request->keep_alive;
    case DELIVER_CUT:
        return send_answer(s, a, &answer, true, request->keep_alive, now_ms) && request->keep_alive;
    case DELIVER_NOTHING:
        return false;
    case DELIVER_RESET:
        setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        return false;
    }
    return false;
}

/* ---- TLS to an API host ---- */

static struct identity *identity_of(struct sim_gateway *g, const char *host, const struct minted *ca)
{
    for (size_t i = 0; i < g->identity_count; i++)
        if (!strcmp(g->identities[i].host, host))
            return &g->identities[i];
    if (g->identity_count == API_HOSTS)
        return NULL;
    int64_t now_ms = clock_wall_ms(g->sim->clock), day_ms = 86400000;
    struct minted leaf;
    struct identity *i = &g->identities[g->identity_count];
    i->host = arena_strdup(g->arena, host);
    if (!mint_leaf(g->arena, ca, &i->host, 1, KEY_ECDSA, 256, now_ms - day_ms, now_ms + 365 * day_ms, &leaf,
                   NULL))
        return NULL;
    i->chain_pem =
        arena_printf(g->arena, "%s%s", x509_pem(g->arena, &leaf.cert), x509_pem(g->arena, &ca->cert));
    i->key = leaf.key;
    g->identity_count++;
    return i;
}

struct tunnel {
    struct sim_gateway *gateway;
    const struct sim_edge *edge; /* resources that serve TLS under the API's own host; NULL: none do */
    struct arena *arena;
    const struct sim_service *service;
    const char *host, *region;
};

/* Names of other API hosts may be asked for in one tunnel, but none that has a CA of its own. */
static bool choose_identity(void *context, const char *server_name, struct tls_identity *ret)
{
    const struct tunnel *t = context;
    struct sim_gateway *g = t->gateway;
    const char *host = t->host, *region;
    if (t->edge && server_name && !sim_service_at(t->arena, server_name, 443, &region))
        return sim_edge_identity(t->edge, t->arena, server_name, ret);
    struct minted ca = g->ca;
    if (t->service->authority) {
        sim_state_lock(g->sim->state);
        const struct sim_object *o = t->service->authority(g->sim->state, t->region);
        if (o && o->cert)
            ca = (struct minted){.cert = o->cert->chain[0], .key = o->cert->key};
        sim_state_unlock(g->sim->state);
    } else if (server_name) {
        const struct sim_service *other = sim_service_at(t->arena, server_name, 443, &region);
        host = other && !other->authority ? server_name : host;
    }
    pthread_mutex_lock(&g->mutex);
    const struct identity *i = identity_of(g, host, &ca);
    if (i)
        *ret = (struct tls_identity){i->chain_pem, i->key};
    pthread_mutex_unlock(&g->mutex);
    return i != NULL;
}

/* The stream goes on inside TLS. */
static bool begin_tls(struct sim_stream *s, struct tunnel *tunnel)
{
    struct x509 *chain;
    size_t count;
    if (!tls_server_new(s->fd, choose_identity, tunnel, &s->tls, NULL))
        return false;
    if (tunnel->service->authority)
        tls_server_ask_client(s->tls);
    if (tls_handshake(s->tls, NULL) != TLS_DONE)
        return false;
    if (tunnel->service->authority && tls_peer_chain(s->tls, tunnel->arena, &chain, &count, NULL))
        memcpy(s->client, chain[0].sha256, sizeof s->client);
    return true;
}

/* True: the connection goes on with calls, inside TLS. */
static bool connect_to(struct sim_gateway *g, struct sim_stream *s, struct arena *a, const char *target)
{
    static const char go_on[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    const char *host;
    unsigned port;
    if (s->tls || s->begin != s->end || !host_port_parse(a, target, 443, &host, &port, NULL)) {
        (void)!send_status(s, 400);
        return false;
    }
    struct sim_edge *edge = sim_edges_find(g->edges, arena_printf(a, "%s:%u", host, port));
    struct tunnel tunnel = {.gateway = g, .edge = edge, .arena = a, .host = host};
    tunnel.service = sim_service_at(a, host, port, &tunnel.region);
    if (!tunnel.service && (!edge || sim_edge_refuses(edge))) {
        (void)!send_status(s, 502);
        return false;
    }
    if (!sim_stream_write(s, go_on, sizeof go_on - 1))
        return false;
    if (tunnel.service)
        return begin_tls(s, &tunnel);
    sim_edge_serve(edge, s->fd);
    return false;
}

/* ---- connections ---- */

static void serve_calls(struct sim_gateway *g, struct sim_stream *s)
{
    cleanup(arena_free_p) struct arena *a = arena_new(CALL_BYTES);
    struct sim_request request;
    unsigned status;
    for (bool more = true; more; arena_reset(a)) {
        if (!sim_request_read(s, a, &request, &status)) {
            if (status)
                (void)!send_status(s, status);
            return;
        }
        more = strcmp(request.method, "CONNECT") ? answer_call(g, s, a, &request)
                                                 : connect_to(g, s, a, request.target);
    }
}

static void *run_connection(void *data)
{
    struct connection *c = data;
    struct sim_gateway *g = c->gateway;
    struct timeval idle = {.tv_sec = IDLE_SECONDS};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &idle, sizeof idle);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (c->edge) {
        sim_edge_serve(c->edge, c->fd);
    } else {
        char buffer[SIM_STREAM_BYTES];
        struct sim_stream stream = {.fd = c->fd, .buffer = buffer};
        serve_calls(g, &stream);
        if (stream.tls)
            tls_shutdown(stream.tls);
        tls_free(stream.tls);
    }
    close(c->fd);
    free(c);
    tls_thread_end(); /* before sim_gateway_drain may return */
    pthread_mutex_lock(&g->mutex);
    g->connections--;
    pthread_cond_broadcast(&g->room);
    pthread_mutex_unlock(&g->mutex);
    return NULL;
}

static void start_connection(struct sim_gateway *g, const struct sim_edge *edge, int fd)
{
    pthread_mutex_lock(&g->mutex);
    while (g->connections >= CONNECTIONS)
        pthread_cond_wait(&g->room, &g->mutex);
    g->connections++;
    pthread_mutex_unlock(&g->mutex);
    struct connection *c = malloc(sizeof *c);
    pthread_attr_t attributes;
    pthread_t thread;
    if (!c)
        abort();
    *c = (struct connection){g, edge, fd};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, run_connection, c)) {
        close(fd);
        free(c);
        pthread_mutex_lock(&g->mutex);
        g->connections--;
        pthread_mutex_unlock(&g->mutex);
    }
    pthread_attr_destroy(&attributes);
}

static void *accept_all(void *data)
{
    struct sim_gateway *g = data;
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(g->epoll, events, countof(events), -1);
        for (int i = 0; i < n; i++) {
            const struct sim_edge *edge = events[i].data.ptr;
            int fd = accept4(edge ? sim_edge_listener(edge) : g->fd, NULL, NULL, SOCK_CLOEXEC);
            if (fd >= 0)
                start_connection(g, edge, fd);
        }
    }
    return NULL;
}

/* ---- opening ---- */

static bool open_port(struct sim_gateway *g, const char *listen_on, struct err *err)
{
    unsigned port;
    char more;
    if (sscanf(listen_on, "127.0.0.1:%5u%c", &port, &more) != 1 || port > 65535)
        return err_set(err, ERR_INPUT, "--listen %s: give 127.0.0.1:PORT; port 0 takes any", listen_on);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    g->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (g->fd >= 0)
        setsockopt(g->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (g->fd < 0 || bind(g->fd, (struct sockaddr *)&address, size) || listen(g->fd, 1024) ||
        getsockname(g->fd, (struct sockaddr *)&address, &size))
        return err_set(err, ERR_INPUT, "listen on %s: %m", listen_on);
    g->url = arena_printf(g->arena, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return true;
}

/* The CA of the API hosts is kept with the state, so that clients of a restarted simulator still trust it. */
static bool open_ca(struct sim_gateway *g, struct err *err)
{
    int64_t now_ms = clock_wall_ms(g->sim->clock), day_ms = 86400000;
    struct sim_state *s = g->sim->state;
    struct sim_object *o = state_find(s, "sim", "", "@ca", "", "api");
    if (!o) {
        struct minted ca;
        if (!mint_ca(g->arena, "certferry-sim API CA", KEY_ECDSA, 256, now_ms - day_ms,
                     now_ms + 3650 * day_ms, &ca, err))
            return false;
        const struct sim_field fields[] = {{"Cert", x509_pem(g->arena, &ca.cert)},
                                           {"Key", secret_bytes(ca.key)}};
        o = state_create(s, "sim", "", "@ca", "", "api", fields, countof(fields));
    }
    if (!o->cert || !o->cert->key)
        return err_set(err, ERR_STORE, "the CA in the state directory cannot be read");
    g->ca = (struct minted){.cert = o->cert->chain[0], .key = o->cert->key};
    g->ca_pem = x509_pem(g->arena, &g->ca.cert);
    return sim_state_flush(s, err);
}

static bool watch(struct sim_gateway *g, int fd, struct sim_edge *edge)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = edge};
    return epoll_ctl(g->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool sim_gateway_open(struct sim *sim, struct sim_edges *edges, const char *listen_on,
                      struct sim_gateway **ret, struct err *err)
{
    struct arena *a = sim->arena;
    struct sim_gateway *g = arena_make(a, struct sim_gateway);
    g->sim = sim;
    g->edges = edges;
    g->arena = a;
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->room, NULL);
    g->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!open_port(g, listen_on, err) || !open_ca(g, err))
        return false;
    bool fine = g->epoll >= 0 && watch(g, g->fd, NULL);
    for (size_t i = 0; fine && i < sim_edges_count(edges); i++) {
        struct sim_edge *edge = sim_edges_at(edges, i);
        if (sim_edge_listener(edge) >= 0)
            fine = watch(g, sim_edge_listener(edge), edge);
    }
    if (!fine)
        return err_set(err, ERR_INTERNAL, "watch the listeners: %m");
    *ret = g;
    return true;
}

const char *sim_gateway_url(const struct sim_gateway *g)
{
    return g->url;
}

const char *sim_gateway_ca_pem(const struct sim_gateway *g)
{
    return g->ca_pem;
}

bool sim_gateway_start(struct sim_gateway *g, struct err *err)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, accept_all, g);
    if (error)
        return err_set(err, ERR_INTERNAL, "start a thread: %s", strerror(error));
    pthread_detach(thread);
    return true;
}

void sim_gateway_drain(struct sim_gateway *g)
{
    pthread_mutex_lock(&g->mutex);
    while (g->connections)
        pthread_cond_wait(&g->room, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
}
