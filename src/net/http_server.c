#include "net/http_server.h"

#include "base/file.h"
#include "net/http_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

enum {
    CONNECTION_MEMORY = 128 << 10, /* a 64 KiB request line needs 80 KiB */
    CLOSING_CONNECTIONS = 64,      /* room for those already shut while new ones come */
    SWEEP_MS = 1000
};

/* Connections */

static int64_t phase_limit_ms(enum phase phase)
{
    switch (phase) {
    case PHASE_HEADERS:
        return HTTP_HEADER_MS;
    case PHASE_IDLE:
        return HTTP_KEEP_MS;
    case PHASE_BODY:
        return HTTP_BODY_MS;
    case PHASE_ANSWER:
        return HTTP_ANSWER_MS;
    case PHASE_HANDLING:
    case PHASE_STREAM:
    case PHASE_CLOSING:
        return 0;
    }
    return 0;
}

void connection_enter(struct connection *c, enum phase phase)
{
    if (c->phase == PHASE_CLOSING)
        return;
    int64_t limit_ms = phase_limit_ms(phase);
    c->phase = phase;
    c->deadline_ms = limit_ms ? clock_monotonic_ms(c->server->clock) + limit_ms : 0;
    if (phase != PHASE_IDLE)
        return;
    TAILQ_REMOVE(&c->server->connections, c, link);
    TAILQ_INSERT_TAIL(&c->server->connections, c, link);
}

/* libmicrohttpd sees the end of the stream on its next run and lets the connection go. */
static void connection_shut(struct connection *c)
{
    c->phase = PHASE_CLOSING;
    c->deadline_ms = 0;
    c->server->open_count--;
    shutdown(c->fd, SHUT_RDWR);
}

/* Nothing of an answer has been sent in these phases, so that one can be written past libmicrohttpd. Not past TLS. */
static void answer_timeout(const struct connection *c)
{
    if (c->tls)
        return;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 10);
    char *body = problem_json(a, 408, "Request Timeout", "The request did not arrive in time.");
    char *answer = arena_printf(a,
                                "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
                                "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                strlen(body), body);
    (void)send(c->fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void sweep(void *context)
{
    struct http_server *s = context;
    int64_t now_ms = clock_monotonic_ms(s->clock);
    struct connection *c;
    TAILQ_FOREACH(c, &s->connections, link)
    {
        if (!c->deadline_ms || now_ms < c->deadline_ms)
            continue;
        if (c->phase == PHASE_HEADERS || c->phase == PHASE_BODY)
            answer_timeout(c);
        connection_shut(c);
    }
    s->sweep_timer = TAILQ_EMPTY(&s->connections) ? 0 : loop_timer(s->loop, SWEEP_MS, sweep, s);
}

/* Waiting for a request, first or next, is being idle. With none idle the newcomer goes. */
static void shed_one(struct http_server *s, struct connection *newcomer)
{
    struct connection *c;
    TAILQ_FOREACH(c, &s->connections, link)
    if (c != newcomer && (c->phase == PHASE_IDLE || c->phase == PHASE_HEADERS))
        break;
    connection_shut(c ? c : newcomer);
}

static void connection_name(struct connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    c->peer_uid = -1;
    if (info && info->client_addr && info->client_addr->sa_family != AF_UNIX) {
        address_text(info->client_addr, c->peer);
        return;
    }
    snprintf(c->peer, sizeof c->peer, "unix");
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
        c->peer_uid = (int64_t)credentials.uid;
}

/* The handshake comes later, and asks the session's pointer for the certificate (tls_retrieve). */
static void connection_secure(struct connection *c)
{
    if (!c->server->tls)
        return;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    c->tls = http_tls_hold(c->server->tls);
    gnutls_session_set_ptr(info->tls_session, c);
}

static void connection_started(struct http_server *s, struct MHD_Connection *mhd, void **ret)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    *c = (struct connection){.server = s, .mhd = mhd, .fd = info->connect_fd};
    TAILQ_INSERT_TAIL(&s->connections, c, link);
    s->open_count++;
    connection_name(c);
    connection_secure(c);
    connection_enter(c, PHASE_HEADERS);
    if (s->open_count > HTTP_CONNECTIONS)
        shed_one(s, c);
    if (!s->sweep_timer)
        s->sweep_timer = loop_timer(s->loop, SWEEP_MS, sweep, s);
    *ret = c;
}

/* What libmicrohttpd calls */

static void on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_started(s, mhd, socket_context);
        return;
    }
    struct connection *c = *socket_context;
    TAILQ_REMOVE(&s->connections, c, link);
    s->open_count -= c->phase != PHASE_CLOSING;
    http_tls_drop(c->tls);
    free(c);
    *socket_context = NULL;
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* The only place where the target is seen as it was sent. */
static void *on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
    (void)context;
    struct connection *c = connection_of(mhd);
    if (c->phase == PHASE_IDLE) /* the first request's time runs since the connection was made */
        connection_enter(c, PHASE_HEADERS);
    return exchange_new(c, target);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **exchange)
{
    (void)context, (void)mhd, (void)url;
    return exchange_step(*exchange, method, version, data, data_size);
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **exchange,
                         enum MHD_RequestTerminationCode why)
{
    (void)context, (void)why;
    struct http_exchange_private *p = *exchange;
    *exchange = NULL;
    if (p)
        exchange_completed(p);
    connection_enter(connection_of(mhd), PHASE_IDLE);
}

/* Driving libmicrohttpd */

static void run(void *context)
{
    struct http_server *s = context;
    MHD_UNSIGNED_LONG_LONG wait_ms;
    MHD_run(s->daemon);
    loop_timer_cancel(s->loop, s->run_timer);
    s->run_timer = 0;
    if (MHD_get_timeout(s->daemon, &wait_ms) == MHD_YES)
        s->run_timer = loop_timer(s->loop, (int64_t)wait_ms, run, s);
}

void server_run_soon(struct http_server *s)
{
    loop_timer_cancel(s->loop, s->run_timer);
    s->run_timer = loop_timer(s->loop, 0, run, s);
}

static bool start_daemon(struct http_server *s, int listener, struct err *err)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_SUSPEND_RESUME | (listener < 0 ? MHD_USE_NO_LISTEN_SOCKET : 0) |
                     (s->tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS + CLOSING_CONNECTIONS, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL}, /* ours knows what the connection is doing */
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, s},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, s},
        {listener < 0 ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET, listener, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_ARRAY, options,
                                 s->tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, tls_retrieve,
                                 MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES, MHD_OPTION_END);
    if (!s->daemon)
        return err_set(err, ERR_INTERNAL, "libmicrohttpd cannot be started: %m");
    s->epoll = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return loop_watch(s->loop, s->epoll, false, run, s, err);
}

bool http_server_open(struct loop *loop, const struct http_listen *listen, const struct clock *clock,
                      http_handler_fn *handler, void *context, struct http_server **ret, struct err *err)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    *s = (struct http_server){.loop = loop,
                              .clock = clock,
                              .handler = handler,
                              .context = context,
                              .tls = listen->tls,
                              .epoll = -1};
    TAILQ_INIT(&s->connections);
    cleanup(descriptor_close) int listener = -1;
    if (!listener_open(listen, &listener, &s->port, err) || !start_daemon(s, listener, err)) {
        if (s->daemon)
            listener = -1;
        http_server_close(s);
        return false;
    }
    listener = -1; /* libmicrohttpd's now */
    if (listen->unix_path && !listen->inherited)
        s->unix_path = strdup(listen->unix_path);
    *ret = s;
    return true;
}

void http_server_set_tls(struct http_server *s, struct http_tls *tls)
{
    http_tls_drop(s->tls);
    s->tls = tls;
}

unsigned http_server_port(const struct http_server *s)
{
    return s->port;
}

bool http_server_add(struct http_server *s, int fd, struct err *err)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &size) < 0) {
        close(fd);
        return err_set(err, ERR_NETWORK, "the connection is gone: %m");
    }
    if (MHD_add_connection(s->daemon, fd, (struct sockaddr *)&address, size) != MHD_YES)
        return err_set(err, ERR_INTERNAL, "the connection cannot be served: %m"); /* and was closed */
    server_run_soon(s);
    return true;
}

struct http_server *http_server_close(struct http_server *s)
{
    if (!s)
        return NULL;
    loop_unwatch(s->loop, s->epoll);
    loop_timer_cancel(s->loop, s->run_timer);
    loop_timer_cancel(s->loop, s->sweep_timer);
    struct connection *c;
    TAILQ_FOREACH(c, &s->connections, link)
    { /* libmicrohttpd aborts over suspended ones */
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
        if (info && info->suspended == MHD_YES)
            MHD_resume_connection(c->mhd);
    }
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    if (s->unix_path)
        unlink(s->unix_path);
    free(s->unix_path);
    http_tls_drop(s->tls);
    free(s);
    return NULL;
}
