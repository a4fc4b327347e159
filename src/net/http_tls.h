/* http_tls.h - the certificate that an HTTP server presents, in the form its library wants (GnuTLS, which only this
 * folder sees). Read on any thread, then a server's: its loop thread gives it to each connection, which holds it until it
 * ends, so that another certificate can be presented to the next one at any time.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

struct http_tls;

/* Chain in PEM, leaf first; the key in PKCS#8 PEM. ERR_INPUT when either cannot be used. That they belong together was
 * seen where they were imported (cert/certificate.h).
 */
must_use bool http_tls_new(const char *chain_pem, const struct secret *key, struct http_tls **ret,
                           struct err *err);

struct http_tls *http_tls_hold(struct http_tls *t); /* one more owner; returns t */
struct http_tls *http_tls_drop(struct http_tls *t); /* one owner less; accepts NULL, returns NULL */
