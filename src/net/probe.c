#include "net/probe.h"

#include "base/file.h"
#include "codec/text.h"
#include "net/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROBE_MS = 10000, GATEWAY_ANSWER_BYTES = 8192, STOP_NOTICED_MS = 100 };

/* One attempt's view: the descriptor and when time is up. */
struct attempt {
    const struct clock *clock;
    const struct probe_target *target;
    int64_t until_ms;
    int fd;
};

static int64_t left_ms(const struct attempt *t)
{
    return t->until_ms - clock_monotonic_ms(t->clock);
}

/* A poll that ran its full time is a timeout whatever the clock says: it may be one that stands still. */
static bool wait_for(const struct attempt *t, short events, const char *what, struct err *err)
{
    struct pollfd fd = {.fd = t->fd, .events = events};
    int got = 0;
    for (int64_t left = left_ms(t); left > 0 && got == 0; left -= STOP_NOTICED_MS) {
        if (t->target->stop && atomic_load(t->target->stop))
            return err_set(err, ERR_TIMEOUT, "%s: certferry was told to stop", what);
        got = poll(&fd, 1, (int)int64_min(left, STOP_NOTICED_MS));
    }
    if (got < 0 && errno == EINTR)
        return wait_for(t, events, what, err);
    if (got < 0)
        return err_set(err, ERR_NETWORK, "%s: %m", what);
    return got > 0 || err_set(err, ERR_TIMEOUT, "%s: no answer in time", what);
}

/* Connecting */

static bool fail_connect(int code, struct err *err)
{
    if (code == ECONNREFUSED)
        return err_set(err, ERR_NETWORK, "refused");
    if (code == ETIMEDOUT)
        return err_set(err, ERR_TIMEOUT, "connect: no answer in time");
    return err_set(err, ERR_NETWORK, "unreachable: %s", strerrordesc_np(code));
}

static bool connect_to(struct attempt *t, const struct address_rule *rule, const struct sockaddr *address,
                       socklen_t size, struct err *err)
{
    char text[ADDRESS_TEXT_BYTES];
    int code = 0;
    socklen_t code_size = sizeof code;
    if (!address_allowed(rule, address))
        return err_set(err, ERR_INPUT, "connections to the address %s are not allowed",
                       address_text(address, text));
    t->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->fd < 0)
        return fail_connect(errno, err);
    if (connect(t->fd, address, size) == 0)
        return true;
    if (errno != EINPROGRESS)
        return fail_connect(errno, err);
    if (!wait_for(t, POLLOUT, "connect", err))
        return false;
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &code, &code_size) < 0)
        code = errno;
    return code == 0 || fail_connect(code, err);
}

/* The gateway */

static bool send_all(struct attempt *t, const char *data, size_t size, struct err *err)
{
    while (size) {
        ssize_t put = send(t->fd, data, size, MSG_NOSIGNAL);
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            return err_set(err, ERR_NETWORK, "gateway: %m");
        if (put < 0 && !wait_for(t, POLLOUT, "gateway", err))
            return false;
        data += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Byte by byte, so that nothing beyond the answer's head is taken from the TLS session. */
static bool read_head(struct attempt *t, char *head, size_t room, struct err *err)
{
    for (size_t size = 0; size + 1 < room;) {
        ssize_t got = recv(t->fd, head + size, 1, 0);
        if (got == 0)
            return err_set(err, ERR_NETWORK, "the gateway closed the connection");
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return err_set(err, ERR_NETWORK, "gateway: %m");
        if (got < 0 && !wait_for(t, POLLIN, "gateway", err))
            return false;
        if (got < 0)
            continue;
        head[++size] = '\0';
        if (size >= 4 && memcmp(head + size - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return err_set(err, ERR_NETWORK, "the gateway's answer holds more than %zu bytes", room - 1);
}

static bool tunnel(struct attempt *t, struct err *err)
{
    char request[1024], head[GATEWAY_ANSWER_BYTES];
    unsigned status = 0;
    const char *host = t->target->host;
    const char *open = strchr(host, ':') ? "[" : "", *close = *open ? "]" : "";
    int size = snprintf(request, sizeof request, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n\r\n",
                        open, host, close, t->target->port, open, host, close, t->target->port);
    if (size < 0 || (size_t)size >= sizeof request || strpbrk(host, " \r\n\t/"))
        return err_set(err, ERR_INPUT, "the entry point's name cannot be a host name");
    if (!send_all(t, request, (size_t)size, err) || !read_head(t, head, sizeof head, err))
        return false;
    if (sscanf(head, "HTTP/1.%*1[01] %3u", &status) != 1)
        return err_set(err, ERR_NETWORK, "the gateway does not answer with HTTP/1.1");
    if (status / 100 != 2)
        return err_set(err, ERR_NETWORK, "the gateway answered %u to CONNECT", status);
    return true;
}

/* The TLS session */

static bool handshake(struct attempt *t, struct tls *tls, struct err *err)
{
    for (;;) {
        switch (tls_handshake(tls, err)) {
        case TLS_DONE:
            return true;
        case TLS_FAILED:
            return false;
        case TLS_WANT_READ:
            if (!wait_for(t, POLLIN, "handshake", err))
                return false;
            break;
        case TLS_WANT_WRITE:
            if (!wait_for(t, POLLOUT, "handshake", err))
                return false;
            break;
        }
    }
}

static bool look(struct attempt *t, struct arena *a, struct probe_result *ret, struct err *err)
{
    cleanup(tls_free_p) struct tls *tls = NULL;
    struct probe_result result = {.address = arena_strdup(a, t->target->host)};
    if (!tls_client_new(t->fd, t->target->server_name, t->target->signature, &tls, err) ||
        !handshake(t, tls, err) || !tls_peer_chain(tls, a, &result.chain, &result.count, err))
        return false;
    result.version = arena_strdup(a, tls_version(tls));
    tls_shutdown(tls);
    *ret = result;
    return true;
}

static bool attempt(struct attempt *t, struct arena *a, const struct address_rule *rule,
                    const struct resolved *where, size_t i, struct probe_result *ret, struct err *err)
{
    char text[ADDRESS_TEXT_BYTES];
    const struct sockaddr *address = (const struct sockaddr *)&where->addresses[i];
    bool done = connect_to(t, rule, address, where->sizes[i], err) &&
                (!t->target->gateway || tunnel(t, err)) && look(t, a, ret, err);
    descriptor_close(&t->fd);
    if (done && !t->target->gateway)
        ret->address = arena_strdup(a, address_text(address, text));
    return done;
}

static bool find(struct arena *a, const struct probe_target *target, int64_t timeout_ms, struct resolved *ret,
                 struct err *err)
{
    struct url gateway;
    if (!target->gateway)
        return resolve(target->host, target->port, timeout_ms, ret, err);
    if (!url_parse(a, target->gateway, &gateway, err))
        return err_add(err, "gateway");
    if (strcmp(gateway.scheme, "http") != 0)
        return err_set(err, ERR_INPUT, "gateway: only http:// is supported");
    return resolve(gateway.host, gateway.port, timeout_ms, ret, err) || err_add(err, "gateway");
}

bool probe(struct arena *a, const struct clock *clock, const struct probe_target *target,
           struct probe_result *ret, struct err *err)
{
    static const struct address_rule gateway_rule = {.allow_loopback = true, .allow_private = true};
    const struct address_rule *rule = target->gateway ? &gateway_rule : &target->addresses;
    int64_t timeout_ms = target->timeout_ms ? target->timeout_ms : PROBE_MS;
    int64_t until_ms = clock_monotonic_ms(clock) + timeout_ms;
    struct attempt t = {.clock = clock, .target = target, .until_ms = until_ms, .fd = -1};
    struct resolved where = {.count = 0};
    if (!find(a, target, timeout_ms, &where, err))
        return false;
    if (!where.count)
        return err_set(err, ERR_NETWORK, "no address");
    for (size_t i = 0; i < where.count; i++) {
        int64_t now_ms = clock_monotonic_ms(clock);
        t.until_ms = now_ms + (until_ms - now_ms) / (int64_t)(where.count - i);
        if (attempt(&t, a, rule, &where, i, ret, err))
            return true;
    }
    return false;
}
