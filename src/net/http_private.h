/* http_private.h - what the files of the HTTP server share. All of it belongs to the loop thread, but for what
 * http_reply fills in before it posts.
 */
#pragma once
#include "base/buf.h"
#include "net/address.h"
#include "net/http_server.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <sys/queue.h>

/* What a connection is doing decides how long it may. */
enum phase {
    PHASE_HEADERS, /* the first request's headers are awaited, or a later one's since its first line came */
    PHASE_IDLE,    /* between requests */
    PHASE_BODY,
    PHASE_HANDLING, /* no limit: the handler's business */
    PHASE_ANSWER,
    PHASE_STREAM, /* no limit */
    PHASE_CLOSING
};

struct connection {
    struct http_server *server;
    struct MHD_Connection *mhd;
    int fd;
    enum phase phase;
    int64_t deadline_ms; /* 0: none */
    int64_t peer_uid;
    struct http_tls *tls; /* held; NULL: plain */
    char peer[ADDRESS_TEXT_BYTES];
    TAILQ_ENTRY(connection) link; /* in the order in which they fell idle; busy ones anywhere */
};
TAILQ_HEAD(connections, connection);

struct http_server {
    struct loop *loop;
    const struct clock *clock;
    http_handler_fn *handler;
    void *context;
    struct MHD_Daemon *daemon;
    int epoll; /* libmicrohttpd's */
    unsigned port;
    char *unix_path;      /* NULL: none */
    struct http_tls *tls; /* of the next connection; NULL: all are plain */
    struct connections connections;
    size_t open_count;    /* of connections not in PHASE_CLOSING */
    size_t body_bytes;    /* held by all exchanges */
    uint64_t run_timer;   /* 0: none */
    uint64_t sweep_timer; /* 0: none */
};

struct http_exchange_private {
    struct http_exchange x;
    struct loop *loop;
    struct connection *connection; /* NULL once libmicrohttpd is done with the request */
    bool target_too_long, begun, handled, deferred, resumed;
    struct buf body;
    size_t body_counted; /* our share of the server's body_bytes */
    int64_t begun_ms;
    unsigned body_status; /* why the body is being dropped; 0: it is not */
    size_t body_dropped;
    struct MHD_Response *response; /* whoever answers sets these two */
    unsigned status;
    struct http_stream *stream;
};

/* http_server.c */
void connection_enter(struct connection *c, enum phase phase);
void server_run_soon(struct http_server *s);

/* http_listen.c */
must_use bool listener_open(const struct http_listen *where, int *ret, unsigned *ret_port, struct err *err);

/* http_tls.c */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                 const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **ret_chain,
                 unsigned *ret_count, gnutls_privkey_t *ret_key);

/* http_exchange.c */
struct http_exchange_private *exchange_new(struct connection *c, const char *target);
enum MHD_Result exchange_step(struct http_exchange_private *p, const char *method, const char *version,
                              const char *data, size_t *data_size);
void exchange_completed(struct http_exchange_private *p);
void exchange_answer(struct http_exchange_private *p, unsigned status, struct MHD_Response *response);
char *problem_json(struct arena *a, unsigned status, const char *title, const char *detail);

/* http_stream.c */
void stream_started(struct http_stream *s);   /* the answer is on its way: watch for the client to leave */
void stream_completed(struct http_stream *s); /* the connection is done with it */
