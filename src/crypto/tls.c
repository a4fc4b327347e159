#include "crypto/tls.h"

#include "crypto/openssl.h"
#include "crypto/pem.h"
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

enum { TLS_CHAIN_MAX = 32, TLS_SERVER_NAME_MAX = 253 };

struct tls {
    SSL *ssl;
    SSL_CTX *context;
    tls_choose_fn *choose;
    void *choose_context;
    bool refused; /* choose() said no */
};

/* What a client offers when only one kind of certificate is wanted. Old digests too: it looks, it does not trust. */
static const char *const signature_lists[] = {
    [KEY_RSA] = "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1",
    [KEY_ECDSA] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA1",
    [KEY_SM2] = NULL, /* OpenSSL speaks no SM2 over TLS */
    [KEY_ED25519] = "ed25519",
    [KEY_OTHER] = NULL,
};

static bool tls_new(int fd, const SSL_METHOD *method, struct tls **ret, struct err *err)
{
    cleanup(tls_free_p) struct tls *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(err, ERR_INTERNAL, "no memory for a TLS session");
    t->context = SSL_CTX_new(method);
    /* Level 0: short keys and SHA-1 must be seen, not refused, by who looks; and served by who simulates. */
    bool ready = t->context && SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) == 1 &&
                 SSL_CTX_set_cipher_list(t->context, "DEFAULT:@SECLEVEL=0") == 1;
    if (ready) {
        SSL_CTX_set_verify(t->context, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_session_cache_mode(t->context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(t->context,
                            SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_num_tickets(t->context, 0);
        SSL_CTX_set_mode(t->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        t->ssl = SSL_new(t->context);
    }
    if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
        ERR_clear_error();
        return err_set(err, ERR_INTERNAL, "OpenSSL cannot begin a TLS session");
    }
    *ret = take(t);
    return true;
}

bool tls_client_new(int fd, const char *server_name, enum key_type signature, struct tls **ret,
                    struct err *err)
{
    static const unsigned char alpn[] = "\x02h2\x08http/1.1";
    cleanup(tls_free_p) struct tls *t = NULL;
    if (signature == KEY_SM2)
        return err_set(err, ERR_INPUT, "SM2 certificates cannot be asked for over TLS here");
    if (server_name && (!*server_name || strlen(server_name) > TLS_SERVER_NAME_MAX))
        return err_set(err, ERR_INPUT, "a server name has 1 to %d characters", TLS_SERVER_NAME_MAX);
    if (!tls_new(fd, TLS_client_method(), &t, err))
        return false;
    const char *list = signature_lists[signature];
    bool ready = (!server_name || SSL_set_tlsext_host_name(t->ssl, server_name) == 1) &&
                 (!list || SSL_set1_sigalgs_list(t->ssl, list) == 1) &&
                 SSL_set_alpn_protos(t->ssl, alpn, sizeof alpn - 1) == 0;
    ERR_clear_error();
    if (!ready)
        return err_set(err, ERR_INTERNAL, "OpenSSL refuses the settings of a TLS client");
    SSL_set_connect_state(t->ssl);
    *ret = take(t);
    return true;
}

/* The rest of the chain: every certificate of the PEM but the first. */
static bool identity_use(SSL *ssl, const struct tls_identity *identity)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key = key_object(identity->key);
    struct pem_block block;
    size_t offset = 0, size = strlen(identity->chain_pem);
    unsigned count = 0;
    while (pem_next(identity->chain_pem, size, &offset, &block, NULL) && *block.label) {
        unsigned char *der;
        size_t der_size;
        if (!pem_is_certificate(&block))
            continue;
        if (!pem_decode(a, &block, &der, &der_size, NULL) || count >= TLS_CHAIN_MAX)
            return false;
        const unsigned char *p = der;
        cleanup(X509_free_p) X509 *x = d2i_X509(NULL, &p, (long)der_size);
        bool used = x && (count++ ? SSL_add1_chain_cert(ssl, x) == 1 : SSL_use_certificate(ssl, x) == 1);
        if (!used)
            return false;
    }
    return count && key && SSL_use_PrivateKey(ssl, key) == 1;
}

static int certificate_choose(SSL *ssl, void *context)
{
    struct tls *t = context;
    struct tls_identity identity = {0};
    if (!t->choose(t->choose_context, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), &identity)) {
        t->refused = true;
        return 0;
    }
    SSL_certs_clear(ssl);
    return identity_use(ssl, &identity);
}

static int alpn_choose(SSL *ssl, const unsigned char **ret, unsigned char *ret_size,
                       const unsigned char *offered, unsigned offered_size, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl, (void)context;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, ret_size, ours, sizeof ours - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *ret = chosen;
    return SSL_TLSEXT_ERR_OK;
}

bool tls_server_new(int fd, tls_choose_fn *choose, void *context, struct tls **ret, struct err *err)
{
    cleanup(tls_free_p) struct tls *t = NULL;
    if (!tls_new(fd, TLS_server_method(), &t, err))
        return false;
    t->choose = choose;
    t->choose_context = context;
    SSL_CTX_set_alpn_select_cb(t->context, alpn_choose, NULL);
    SSL_set_cert_cb(t->ssl, certificate_choose, t);
    SSL_set_accept_state(t->ssl);
    *ret = take(t);
    return true;
}

static int take_any(int ok, X509_STORE_CTX *store)
{
    (void)ok, (void)store;
    return 1;
}

void tls_server_ask_client(struct tls *t)
{
    SSL_set_verify(t->ssl, SSL_VERIFY_PEER, take_any);
}

void tls_thread_end(void)
{
    OPENSSL_thread_stop();
}

struct tls *tls_free(struct tls *t)
{
    if (!t)
        return NULL;
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    free(t);
    return NULL;
}

void tls_free_p(struct tls **t)
{
    *t = tls_free(*t);
}

/* What went wrong, in the other side's words where it sent an alert. */
static enum tls_want failed(const struct tls *t, const char *what, int error, int system_error,
                            struct err *err)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (t->refused)
        err_set(err, ERR_NETWORK, "%s: no certificate for this server name", what);
    else if (error == SSL_ERROR_SYSCALL && !reason && system_error)
        err_set(err, ERR_NETWORK, "%s: %s", what, strerrordesc_np(system_error));
    else
        err_set(err, ERR_NETWORK, "%s: %s", what, reason ? reason : "the other side closed the connection");
    ERR_clear_error();
    return TLS_FAILED;
}

static enum tls_want outcome(struct tls *t, int done, const char *what, struct err *err)
{
    int system_error = errno;
    if (done > 0)
        return TLS_DONE;
    int error = SSL_get_error(t->ssl, done);
    if (error == SSL_ERROR_WANT_READ)
        return TLS_WANT_READ;
    if (error == SSL_ERROR_WANT_WRITE)
        return TLS_WANT_WRITE;
    return failed(t, what, error, system_error, err);
}

enum tls_want tls_handshake(struct tls *t, struct err *err)
{
    ERR_clear_error();
    errno = 0;
    return outcome(t, SSL_do_handshake(t->ssl), "TLS handshake", err);
}

enum tls_want tls_read(struct tls *t, void *data, size_t room, size_t *ret_size, struct err *err)
{
    size_t size = 0;
    ERR_clear_error();
    errno = 0;
    int done = SSL_read_ex(t->ssl, data, room, &size);
    if (done != 1 && SSL_get_error(t->ssl, done) == SSL_ERROR_ZERO_RETURN) {
        *ret_size = 0;
        return TLS_DONE;
    }
    enum tls_want want = outcome(t, done, "TLS read", err);
    if (want == TLS_DONE)
        *ret_size = size;
    return want;
}

enum tls_want tls_write(struct tls *t, const void *data, size_t size, size_t *ret_size, struct err *err)
{
    size_t written = 0;
    ERR_clear_error();
    errno = 0;
    enum tls_want want = outcome(t, SSL_write_ex(t->ssl, data, size, &written), "TLS write", err);
    if (want == TLS_DONE)
        *ret_size = written;
    return want;
}

void tls_shutdown(struct tls *t)
{
    if (SSL_is_init_finished(t->ssl))
        (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
}

bool tls_peer_chain(struct tls *t, struct arena *a, struct x509 **ret, size_t *ret_count, struct err *err)
{
    X509 *leaf = SSL_get0_peer_certificate(t->ssl);
    STACK_OF(X509) *all = SSL_get_peer_cert_chain(t->ssl);
    int own = SSL_is_server(t->ssl) && leaf; /* a client's leaf does not stand in its chain */
    int count = own + (all ? sk_X509_num(all) : 0);
    if (!leaf || count <= 0 || count > TLS_CHAIN_MAX)
        return err_set(err, ERR_NETWORK, "the other side served %s",
                       count > 0 ? "too long a chain" : "no certificate");
    struct x509 *chain = arena_array(a, struct x509, (size_t)count);
    size_t parsed = 0;
    for (bool readable = true; readable && parsed < (size_t)count; parsed += readable) {
        unsigned char *der = NULL;
        int size = i2d_X509(own && !parsed ? leaf : sk_X509_value(all, (int)parsed - own), &der);
        struct err *leaf_err = parsed ? NULL : err;
        readable = (size > 0 || err_set(leaf_err, ERR_INTERNAL, "OpenSSL cannot write it as DER")) &&
                   x509_parse(a, der, (size_t)size, &chain[parsed], leaf_err);
        OPENSSL_free(der);
    }
    if (!parsed)
        return err_add(err, "the certificate that the other side served");
    *ret = chain;
    *ret_count = parsed;
    return true;
}

const char *tls_version(const struct tls *t)
{
    return SSL_get_version(t->ssl);
}

/* Compared with what we offer, so that the answer is static text. */
const char *tls_alpn(const struct tls *t)
{
    static const char *const known[] = {"h2", "http/1.1"};
    const unsigned char *chosen = NULL;
    unsigned size = 0;
    SSL_get0_alpn_selected(t->ssl, &chosen, &size);
    for (size_t i = 0; i < countof(known); i++)
        if (size == strlen(known[i]) && memcmp(chosen, known[i], size) == 0)
            return known[i];
    return "";
}
