/* tls.h - TLS sessions over a connected descriptor: the client that looks (it verifies nothing), and a server.
 *
 * Neither knows sockets or time: the caller waits for the direction named and calls again. Any thread, one at a time.
 */
#pragma once
#include "crypto/x509.h"

enum tls_want { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_FAILED };

struct tls; /* one session; the descriptor stays the caller's */

/* A client that reads whatever certificate is served. server_name NULL: no SNI. signature: offer only algorithms of
 * this key type (KEY_OTHER: all). TLS 1.2 and 1.3.
 */
must_use bool tls_client_new(int fd, const char *server_name, enum key_type signature, struct tls **ret,
                             struct err *err);

/* A server context: choose() is asked for the certificate of the SNI name (NULL without SNI); it returns false to
 * abort the handshake. Chain leaf first, key PKCS#8 PEM.
 */
struct tls_identity {
    const char *chain_pem;
    const struct secret *key;
};
typedef bool tls_choose_fn(void *context, const char *server_name, struct tls_identity *ret);
must_use bool tls_server_new(int fd, tls_choose_fn *choose, void *context, struct tls **ret, struct err *err);

/* Before the handshake: the client is asked for a certificate, and any is taken, or none; tls_peer_chain then shows which
 * one it holds the key of.
 */
void tls_server_ask_client(struct tls *t);

/* Gives back what the library keeps for the calling thread. A short-lived thread that used sessions calls it last, if
 * somebody waits for its end by other means than joining it.
 */
void tls_thread_end(void);

struct tls *tls_free(struct tls *t);
void tls_free_p(struct tls **t);

enum tls_want tls_handshake(struct tls *t, struct err *err);
enum tls_want tls_read(struct tls *t, void *data, size_t room, size_t *ret_size,
                       struct err *err); /* size 0 with TLS_DONE: closed */
enum tls_want tls_write(struct tls *t, const void *data, size_t size, size_t *ret_size, struct err *err);
void tls_shutdown(struct tls *t);

/* After the handshake: what the peer served, leaf first, DER parsed, up to the first certificate above the leaf that
 * x509_parse refuses; its version ("TLSv1.3").
 */
must_use bool tls_peer_chain(struct tls *t, struct arena *a, struct x509 **ret, size_t *ret_count,
                             struct err *err);
const char *tls_version(const struct tls *t);
const char *tls_alpn(const struct tls *t); /* "" if none */
