/* http.h - HTTP/1.1 as the gateway speaks it: one connection, plain or inside TLS, blocking.
 *
 * The target is kept as it came, since signatures are made over bytes. Framing is strict: both Content-Length and
 * Transfer-Encoding, a repeated Content-Length or Host, a bare LF, folded headers, control characters, a target over
 * 64 KiB, headers over 96 KiB or 128 lines, a body over 16 MiB end the connection with 400, 413, 414 or 431.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "crypto/tls.h"

enum { SIM_TARGET_BYTES = 64 << 10, SIM_HEADER_BYTES = 96 << 10, SIM_BODY_BYTES = 16 << 20 };

struct sim_header {
    const char *name, *value; /* name in lower case, value trimmed */
};

struct sim_request {
    const char *method;
    const char *target;               /* as written on the request line */
    const char *host;                 /* of an absolute target, else the Host header; lower case */
    const char *path, *query;         /* raw, of either form; query "" if none */
    const struct sim_header *headers; /* in order, repeated ones repeated */
    size_t header_count;
    const char *body; /* NUL after it */
    size_t body_size;
    bool keep_alive;
    const char *client; /* as of the stream */
};

const char *sim_request_header(const struct sim_request *r, const char *lower_case_name); /* NULL if absent */

struct sim_stream { /* a connection; the descriptor and the session are its owner's */
    int fd;
    struct tls *tls; /* NULL: plain */
    char *buffer;    /* SIM_STREAM_BYTES; read and not yet used: begin..end */
    size_t begin, end;
    char client[65]; /* digest of the certificate that the visitor showed within TLS; "" if none */
};
enum { SIM_STREAM_BYTES = 16 << 10 };

/* Reads one request into the arena. False at the end of the connection (status 0) or for a request that is refused
 * (status to answer before closing).
 */
must_use bool sim_request_read(struct sim_stream *s, struct arena *a, struct sim_request *ret,
                               unsigned *ret_status);
/* One request of these bytes, for tests and for signature vectors. */
must_use bool sim_request_parse(struct arena *a, const char *text, size_t size, struct sim_request *ret,
                                unsigned *ret_status);

must_use bool sim_stream_write(struct sim_stream *s, const void *data, size_t size);
const char *sim_status_text(unsigned status);
