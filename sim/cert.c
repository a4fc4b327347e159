#include "sim/cert.h"

#include "base/buf.h"
#include "base/file.h"
#include "codec/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CERT_BYTES = 4 << 20, CHAIN_MAX = 16, TRUST_BYTES = 4 << 20, TRUST_MAX = 512 };

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";
static const char end_line[] = "-----END CERTIFICATE-----";

/* The next certificate block's DER; moves *text past it. False when none is left or its base64 is broken. */
static bool next_der(struct arena *a, const char **text, unsigned char **ret, size_t *ret_size)
{
    const char *begin = strstr(*text, begin_line);
    const char *end = begin ? strstr(begin, end_line) : NULL;
    if (!end)
        return false;
    begin += strlen(begin_line);
    char *base64 = arena_alloc(a, (size_t)(end - begin) + 1);
    size_t n = 0;
    for (const char *p = begin; p < end; p++)
        if (!strchr(" \t\r\n", *p))
            base64[n++] = *p;
    *text = end + strlen(end_line);
    return base64_decode(a, base64, n, ret, ret_size, NULL);
}

static bool parse_chain(struct sim_cert *c, const char *pem, size_t max, struct err *err)
{
    unsigned char *der = NULL;
    size_t size = 0;
    c->chain = arena_array(c->arena, struct x509, max);
    while (c->count < max && next_der(c->arena, &pem, &der, &size)) {
        if (!x509_parse(c->arena, der, size, &c->chain[c->count], err))
            return false;
        c->count++;
    }
    if (!c->count || strstr(pem, begin_line))
        return err_set(err, ERR_INPUT, "no readable certificate, or too many of them");
    return true;
}

bool sim_cert_new(const char *chain_pem, const char *key_pem, struct sim_cert **ret, struct err *err)
{
    struct arena *a = arena_new(CERT_BYTES);
    struct sim_cert *c = arena_make(a, struct sim_cert);
    c->arena = a;
    c->chain_pem = arena_strdup(a, chain_pem);
    enum key_type type;
    unsigned bits;
    struct secret *key = NULL;
    if (!parse_chain(c, c->chain_pem, CHAIN_MAX, err) ||
        (key_pem && *key_pem && !key_parse(key_pem, strlen(key_pem), &key, &type, &bits, err))) {
        arena_free(a);
        return false;
    }
    c->key = key ? secret_in(a, key) : NULL;
    *ret = c;
    return true;
}

struct sim_cert *sim_cert_free(struct sim_cert *c)
{
    if (c)
        arena_free(c->arena);
    return NULL;
}

static bool one_covers(const char *pattern, const char *name)
{
    if (!strcasecmp(pattern, name))
        return true;
    if (strncmp(pattern, "*.", 2) || name[0] == '*' || name[0] == '.')
        return false;
    const char *dot = strchr(name, '.');
    return dot && strchr(dot + 1, '.') && !strcasecmp(dot + 1, pattern + 2);
}

bool sim_cert_covers(const struct sim_cert *c, const char *name)
{
    const struct x509 *leaf = sim_leaf(c);
    for (size_t i = 0; i < leaf->name_count; i++)
        if (one_covers(leaf->names[i], name))
            return true;
    return !leaf->name_count && *leaf->common_name && one_covers(leaf->common_name, name);
}

/* ---- trust ---- */

struct sim_trust {
    struct sim_cert certs; /* no key */
};

bool sim_trust_load(const char *path, struct sim_trust **ret, struct err *err)
{
    struct arena *a = arena_new(8 * TRUST_BYTES);
    struct sim_trust *t = arena_make(a, struct sim_trust);
    char *pem;
    size_t size;
    t->certs.arena = a;
    if (!file_read(a, path, TRUST_BYTES, &pem, &size, err) || !parse_chain(&t->certs, pem, TRUST_MAX, err)) {
        arena_free(a);
        return err_add(err, "trusted certificates");
    }
    *ret = t;
    return true;
}

struct sim_trust *sim_trust_free(struct sim_trust *t)
{
    if (t)
        arena_free(t->certs.arena);
    return NULL;
}

static bool is_trusted(const struct sim_trust *trust, const struct sim_cert *c)
{
    const struct x509 *last = &c->chain[c->count - 1];
    for (size_t i = 0; i < trust->certs.count; i++)
        if (x509_issued_by(last, &trust->certs.chain[i]) ||
            !strcmp(last->sha256, trust->certs.chain[i].sha256))
            return true;
    return false;
}

/* ---- checks ---- */

static bool in_order(const struct sim_cert *c)
{
    for (size_t i = 0; i + 1 < c->count; i++)
        if (!x509_issued_by(&c->chain[i], &c->chain[i + 1]))
            return false;
    return true;
}

static enum sim_cert_fault look_at(const struct sim_cert *c, unsigned checks, const struct sim_trust *trust,
                                   int64_t now_ms)
{
    if (c->key && !key_matches(c->key, sim_leaf(c)))
        return CERT_MISMATCH;
    if ((checks & CHECK_ORDER) && !in_order(c))
        return CERT_OUT_OF_ORDER;
    if ((checks & CHECK_COMPLETE) && c->count == 1 && !sim_leaf(c)->self_issued)
        return CERT_INCOMPLETE;
    if ((checks & CHECK_TIME) && now_ms > sim_leaf(c)->not_after_ms)
        return CERT_EXPIRED;
    if ((checks & CHECK_TIME) && now_ms < sim_leaf(c)->not_before_ms)
        return CERT_NOT_YET_VALID;
    if ((checks & CHECK_TRUST) && trust && !is_trusted(trust, c))
        return CERT_UNTRUSTED;
    return CERT_FINE;
}

enum sim_cert_fault sim_cert_check(const char *chain_pem, const char *key_pem, unsigned checks,
                                   const struct sim_trust *trust, int64_t now_ms, struct sim_cert **ret)
{
    struct sim_cert *c;
    if (!sim_cert_new(chain_pem, NULL, &c, NULL))
        return CERT_UNREADABLE;
    sim_cert_free(c);
    if (!sim_cert_new(chain_pem, key_pem, &c, NULL) || (key_pem && !c->key))
        return CERT_BAD_KEY;
    enum sim_cert_fault fault = look_at(c, checks, trust, now_ms);
    if (fault == CERT_FINE)
        *ret = c;
    else
        sim_cert_free(c);
    return fault;
}

/* ---- as text ---- */

char *sim_cert_leaf_pem(struct arena *a, const struct sim_cert *c)
{
    return x509_pem(a, sim_leaf(c));
}

char *sim_cert_rest_pem(struct arena *a, const struct sim_cert *c)
{
    struct buf b = buf_new(a, CERT_BYTES);
    for (size_t i = 1; i < c->count; i++)
        buf_puts(&b, x509_pem(a, &c->chain[i]));
    return b.data;
}

char *sim_cert_names(struct arena *a, const struct sim_cert *c, const char *separator)
{
    struct buf b = buf_new(a, CERT_BYTES);
    for (size_t i = 0; i < sim_leaf(c)->name_count; i++)
        buf_printf(&b, "%s%s", i ? separator : "", sim_leaf(c)->names[i]);
    return b.data;
}
