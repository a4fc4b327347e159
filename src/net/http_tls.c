#include "net/http_tls.h"

#include "net/http_private.h"

#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 16 };

struct http_tls {
    unsigned owners;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned chain_count;
    gnutls_privkey_t key;
};

struct http_tls *http_tls_hold(struct http_tls *t)
{
    t->owners++;
    return t;
}

struct http_tls *http_tls_drop(struct http_tls *t)
{
    if (!t || --t->owners)
        return NULL;
    for (unsigned i = 0; i < t->chain_count; i++)
        gnutls_pcert_deinit(&t->chain[i]);
    if (t->key)
        gnutls_privkey_deinit(t->key);
    free(t);
    return NULL;
}

static int load_chain(struct http_tls *t, const char *pem)
{
    gnutls_datum_t data = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
    unsigned count = CHAIN_MAX;
    int code = gnutls_pcert_list_import_x509_raw(t->chain, &count, &data, GNUTLS_X509_FMT_PEM,
                                                 GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    t->chain_count = code < 0 ? 0 : count;
    return code;
}

static int load_key(struct http_tls *t, const struct secret *key)
{
    gnutls_datum_t data = {(unsigned char *)(uintptr_t)secret_bytes(key), (unsigned)secret_size(key)};
    int code = gnutls_privkey_init(&t->key);
    return code < 0 ? code : gnutls_privkey_import_x509_raw(t->key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
}

bool http_tls_new(const char *chain_pem, const struct secret *key, struct http_tls **ret, struct err *err)
{
    struct http_tls *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(err, ERR_INTERNAL, "out of memory");
    t->owners = 1;
    int code = load_chain(t, chain_pem);
    const char *what = "certificate";
    if (code >= 0) {
        what = "private key";
        code = load_key(t, key);
    }
    if (code < 0) {
        http_tls_drop(t);
        return err_set(err, ERR_INPUT, "the %s cannot be used for a TLS server: %s", what,
                       gnutls_strerror(code));
    }
    *ret = t;
    return true;
}

/* Called by GnuTLS within a handshake. libmicrohttpd gives it no context: the session's pointer is the connection. */
int tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                 const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **ret_chain,
                 unsigned *ret_count, gnutls_privkey_t *ret_key)
{
    (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    struct connection *c = gnutls_session_get_ptr(session);
    *ret_chain = c->tls->chain;
    *ret_count = c->tls->chain_count;
    *ret_key = c->tls->key;
    return 0;
}
