/* gate.h - the one way out: every HTTP request of the program, over libcurl, on one thread.
 *
 * Workers block in gate_send; one thread runs the transfers over one connection pool. TLS is always verified
 * (system CA bundle, or the request's ca_file instead). Redirects are refused, as are answers over the request's
 * limit, addresses the address rule forbids (checked where the socket is opened, after DNS), and environment
 * proxies. Request and answer bodies are never logged. Per host at most GATE_HOST_CONNECTIONS connections.
 * A request goes onto the wire once: libcurl's own repetition, when a kept connection dies before the answer, is let
 * through for GET and HEAD only, as the other side may have acted.
 * gate_open starts the thread; gate_close (no request may be in flight) ends it. The program ignores SIGPIPE.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "net/address.h"

struct gate;

enum {
    GATE_HOST_CONNECTIONS = 64,
    GATE_ANSWER_BYTES = 8 << 20,
    GATE_CONNECT_MS = 10000,
    GATE_TOTAL_MS = 60000
};

must_use bool gate_open(struct gate **ret, struct err *err);
struct gate *gate_close(struct gate *g);

struct http_header {
    const char *name, *value;
};

struct http_request {
    const char *method; /* "POST" */
    const char *url;    /* scheme, host, raw path and query, sent as written */
    const struct http_header
        *headers; /* exactly these are sent, plus Content-Length, Accept where absent; Host overrides */
    size_t header_count;
    const void *body;       /* may hold a private key: it is not copied anywhere but onto the wire */
    size_t body_size;       /* 0: no body, and no Content-Type of libcurl's own */
    const char *proxy;      /* an HTTP proxy URL; NULL: none, whatever the environment says */
    const char *ca_file;    /* NULL: the system's bundle */
    const char *ca_pem;     /* CA certificates trusted instead of ca_file and the system's; NULL: those */
    const char *client_pem; /* what we show to a server that asks, leaf first; NULL: nothing */
    const struct secret *client_key; /* its key; not copied */
    const char *unix_socket;         /* connect there instead; NULL: TCP */
    int64_t connect_ms, total_ms;    /* 0: the defaults above */
    size_t max_answer;               /* 0: GATE_ANSWER_BYTES */
    bool write;                      /* it changes something there: gate_hurry lets it wait for its answer */
    struct address_rule addresses;   /* of a proxy only what is always forbidden: an administrator named it */
};

struct http_answer {
    long status;
    struct http_header *headers; /* names lower case */
    size_t header_count;
    const char *body; /* NUL-terminated */
    size_t body_size;
};

/* Sends and waits. The answer lives in the arena. err: ERR_TIMEOUT, ERR_NETWORK (unsent set where surely nothing
 * was sent: DNS, connect, TLS), ERR_INPUT for a bad URL, ERR_VENDOR for an answer over the limit or a redirect
 * (3xx). Any other HTTP status is an answer. Any thread but the gate's.
 */
must_use bool gate_send(struct gate *g, struct arena *a, const struct http_request *request,
                        struct http_answer *ret, struct err *err);

/* Like gate_send for an answer that goes on and on (server-sent events): on_data gets each piece of a 2xx answer's body
 * on the gate's thread, where it must not block nor use the gate; false ends the transfer. ret->body holds the body of
 * any other answer. True when the server ended the answer or on_data did. total_ms 0: no limit.
 */
typedef bool gate_data_fn(void *context, const char *data, size_t size);
must_use bool gate_stream(struct gate *g, struct arena *a, const struct http_request *request,
                          gate_data_fn *on_data, void *context, struct http_answer *ret, struct err *err);

/* The program is about to end: no request begins any more, those under way are given up at once, and those that change
 * something after grace_ms. Who waits gets ERR_TIMEOUT. Any thread, at once.
 */
void gate_hurry(struct gate *g, int64_t grace_ms);

const char *http_answer_header(const struct http_answer *answer,
                               const char *lower_case_name); /* NULL if absent */
