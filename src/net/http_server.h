/* http_server.h - HTTP/1.1 for our API, over libmicrohttpd in external epoll mode, on our own loop (loop.h).
 *
 * Handlers run on the loop thread for quick work; a handler that must wait or do slow work takes the request with
 * http_defer and answers later from any thread. Framing rules beyond libmicrohttpd's: a request with both
 * Content-Length and Transfer-Encoding, either or Host repeated, a blank in a header's name, %00, %2F or a control
 * character in the path, a target over 64 KiB, headers not complete after 10 s, or a body over the limit is refused with a JSON problem
 * (RFC 9457). What does not even parse as HTTP/1.1 gets libmicrohttpd's own short page. At most 512 connections: the
 * longest idle one is shed. An idle connection is kept for 60 s, a body may take 60 s, taking an answer 120 s. Who is
 * too slow with headers or body hears 408, over TLS nothing: the connection ends. Each request is logged when its answer
 * begins, without its query, which may hold secrets: at level info where it changes something or fails, else debug.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/text.h"
#include "net/gate.h"
#include "net/http_tls.h"
#include "net/loop.h"

struct http_server;

enum {
    HTTP_BODY_BYTES = 16 << 20,
    HTTP_BODIES_BYTES = 128 << 20, /* of all requests being received or handled; 503 beyond */
    HTTP_TARGET_BYTES = 64 << 10,
    HTTP_QUERY_PAIRS = 1024,
    HTTP_CONNECTIONS = 512,
    HTTP_LISTENERS = 8,
    HTTP_STREAM_BYTES = 1 << 20, /* a stream's client that is further behind is cut off */
    HTTP_HEADER_MS = 10000,
    HTTP_KEEP_MS = 60000,
    HTTP_BODY_MS = 60000,
    HTTP_ANSWER_MS = 120000
};

struct http_exchange {   /* one request and its answer; lives until answered */
    struct arena *arena; /* wiped when it goes: a body may hold a private key */
    const char *method;
    const char *target;          /* as on the wire: "/a%20b?c=d", or absolute, "http://host/a" */
    const char *path;            /* decoded once, percent rules as above; "*" for OPTIONS * */
    struct pairs query;          /* decoded */
    struct http_header *headers; /* names lower case; "host" is the target's own where that is absolute */
    size_t header_count;
    const char *body; /* NUL-terminated */
    size_t body_size;
    int64_t peer_uid; /* of a Unix socket's other end (SO_PEERCRED); -1 over TCP */
    const char *peer; /* "unix" or the address */
    bool secure;      /* came over TLS */
    const char
        *request_id; /* the X-Request-Id it came with if that is one, else a new one; its answer carries it */
    struct http_exchange_private *private;
};

const char *http_header_get(const struct http_exchange *x, const char *lower_case_name); /* NULL if absent */

/* Answers; exactly one of http_reply and http_stream per exchange. The body is copied. content_type NULL: no body.
 * headers may be NULL. After http_defer, callable from any thread; x is gone after the call.
 */
void http_reply(struct http_exchange *x, unsigned status, const char *content_type, const void *body,
                size_t size, const struct http_header *headers, size_t header_count);

/* Answers with a problem: {"type":"about:blank","title":...,"status":...,"detail":...}. As http_reply. */
void http_problem(struct http_exchange *x, unsigned status, const char *title, const char *detail);

/* Takes the exchange away from the loop thread until http_reply. Called by the handler, before it hands x on. Every
 * deferred exchange is answered before the loop ends.
 */
void http_defer(struct http_exchange *x);

/* Server-sent events: answers 200 text/event-stream and keeps the connection; http_stream_write from any thread
 * (copies; false once the client is gone or HTTP_STREAM_BYTES behind); http_stream_end finishes, and the caller must
 * not use the stream any more. `ended(context)` runs on the loop thread once when the client went, the server closed
 * or the ended stream was sent; the stream must not be used after it returned.
 */
struct http_stream;
struct http_stream *http_stream(struct http_exchange *x, void (*ended)(void *context), void *context);
must_use bool http_stream_write(struct http_stream *s, const void *data, size_t size);
void http_stream_end(struct http_stream *s);

typedef void http_handler_fn(void *context, struct http_exchange *x);

struct http_listen {
    const char *unix_path; /* NULL: TCP */
    const char *address;   /* "127.0.0.1", "::1"; NULL too: listen nowhere, see http_server_add */
    unsigned port;         /* 0: any */
    int inherited; /* instead of these: a socket that listens already, the server's from here on; 0: none */
    struct http_tls *tls; /* TLS 1.2 and 1.3 with this certificate, the server's from here on; NULL: plain */
};

/* Reads "ADDR:PORT" and "[ADDR]:PORT" with numeric addresses, several with commas between, or "off" for none. */
must_use bool http_listen_parse(struct arena *a, const char *text, struct http_listen **ret,
                                size_t *ret_count, struct err *err);
/* Whether only this machine can reach what listens there: a Unix socket, or a loopback address. */
bool http_listen_is_local(const struct http_listen *listen);

/* Starts serving on the loop. A stale Unix socket file is replaced; the file is made with mode 0600. `inherited` and
 * `tls` are taken also where this fails.
 */
must_use bool http_server_open(struct loop *loop, const struct http_listen *listen, const struct clock *clock,
                               http_handler_fn *handler, void *context, struct http_server **ret,
                               struct err *err);
unsigned http_server_port(const struct http_server *s); /* 0 unless TCP */

/* Serves a connection that somebody else accepted. The descriptor is the server's from here on. Loop thread. */
must_use bool http_server_add(struct http_server *s, int fd, struct err *err);

/* Connections from here on are given this certificate, which is the server's now; those there are keep theirs. Only where
 * the server was opened with one. Loop thread.
 */
void http_server_set_tls(struct http_server *s, struct http_tls *tls);

/* Ends the connections and streams, removes the Unix socket. On the loop thread, or after the loop ended. */
struct http_server *http_server_close(struct http_server *s);
