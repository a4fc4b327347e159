#include "main/tls_source.h"

#include "base/file.h"
#include "cert/certificate.h"
#include "cert/coverage.h"
#include "codec/json.h"
#include "codec/name.h"
#include "store/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGE_ROWS = 200, PAGE_BYTES = 256 << 20 };

static const char *until(struct arena *a, const char *whose, int64_t not_after_ms)
{
    return arena_printf(a, "%s, valid until %s", whose, time_iso(a, not_after_ms));
}

/* Files */

static bool mark_file(struct arena *a, const char *path, const char **ret, struct err *err)
{
    struct stat s;
    if (stat(path, &s) < 0)
        return err_set(err, ERR_INPUT, "%s: %m", path);
    *ret = arena_printf(a, "%lld/%lld/%lld.%09ld", (long long)s.st_ino, (long long)s.st_size,
                        (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    return true;
}

static bool load_files(struct tls_source *s, struct arena *a, struct http_tls **ret, const char **ret_what,
                       struct err *err)
{
    struct certificate_input input = {0};
    struct certificate cert;
    struct secret *key;
    char *pem;
    if (!file_read(a, s->cert_file, CERTIFICATE_FILE_BYTES, &pem, &input.cert_size, err) ||
        !secret_read(s->key_file, CERTIFICATE_FILE_BYTES, &key, err))
        return false;
    secret_in(a, key);
    input.cert_pem = pem;
    input.key_pem = secret_bytes(key);
    input.key_size = secret_size(key);
    if (!certificate_import(a, &input, s->clock, &cert, err))
        return err_add(err, "%s and %s", s->cert_file, s->key_file);
    if (!http_tls_new(certificate_fullchain_pem(a, &cert), cert.key, ret, err))
        return err_add(err, "%s", s->cert_file);
    *ret_what = until(a, s->cert_file, cert.leaf.not_after_ms);
    return true;
}

/* The store */

struct search {
    struct tls_source *source;
    struct arena *arena;
    const char *name;            /* normalised; NULL: id is wanted */
    struct certificate_row best; /* id 0: none */
    struct secret *key;          /* of best */
    int64_t mark;
};

static bool covers(struct arena *a, const struct certificate_row *row, const char *name)
{
    const struct json *domains;
    struct err ignored;
    if (!json_parse(a, row->domains, strlen(row->domains), &domains, &ignored))
        return false;
    for (size_t i = 0; i < json_count(domains); i++)
        if (coverage_name(json_str(json_item(domains, i), ""), name))
            return true;
    return false;
}

static bool better(struct search *q, struct arena *a, const struct certificate_row *row)
{
    enum certificate_status status = certificate_status_at(row->not_before_ms, row->not_after_ms,
                                                           row->revoked, clock_wall_ms(q->source->clock));
    return row->has_key && row->not_after_ms > q->best.not_after_ms && strcmp(row->key_type, "sm2") != 0 &&
           (status == CERTIFICATE_ISSUED || status == CERTIFICATE_WILL_EXPIRE) && covers(a, row, q->name);
}

static bool search_by_name(struct db *db, struct search *q, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(PAGE_BYTES);
    struct page page = {.limit = PAGE_ROWS};
    for (size_t count = PAGE_ROWS; count == PAGE_ROWS;) {
        struct certificate_row *rows;
        arena_reset(a);
        if (!store_certificate_list(db, a, &page, &rows, &count, err))
            return false;
        for (size_t i = 0; i < count; i++) {
            page.before_id = rows[i].id;
            if (better(q, a, &rows[i]))
                q->best = (struct certificate_row){.id = rows[i].id, .not_after_ms = rows[i].not_after_ms};
        }
    }
    return q->best.id || err_set(err, ERR_NOT_FOUND,
                                 "no valid certificate of the store covers \"%s\" and has its key", q->name);
}

static bool search_mark(struct db *db, void *context, struct err *err)
{
    struct search *q = context;
    return store_certificate_mark(db, &q->mark, err);
}

static bool search_certificate(struct db *db, void *context, struct err *err)
{
    struct search *q = context;
    int64_t id = strtoll(q->source->certificate, NULL, 10);
    if (q->name && !search_by_name(db, q, err))
        return false;
    if (!store_certificate_load(db, q->arena, q->name ? q->best.id : id, &q->best, err))
        return false;
    if (!q->best.has_key || strcmp(q->best.key_type, "sm2") == 0)
        return err_set(err, ERR_INPUT, "a TLS server cannot use it: it %s",
                       q->best.has_key ? "is an SM2 certificate" : "has no private key here");
    return store_certificate_key(db, q->arena, q->best.id, &q->key, NULL, err);
}

static bool load_stored(struct tls_source *s, struct arena *a, struct http_tls **ret, const char **ret_what,
                        struct err *err)
{
    struct search q = {.source = s, .arena = a};
    bool by_id = strspn(s->certificate, "0123456789") == strlen(s->certificate);
    if (!by_id && !name_normalise(a, s->certificate, true, &q.name, err))
        return false;
    if (!store_read(s->store, search_certificate, &q, err) ||
        !http_tls_new(arena_printf(a, "%s%s", q.best.leaf_pem, q.best.chain_pem), q.key, ret, err))
        return err_add(err, "certificate %s", s->certificate);
    *ret_what = until(a, arena_printf(a, "certificate %lld", (long long)q.best.id), q.best.not_after_ms);
    return true;
}

/* Both */

static bool mark_now(struct tls_source *s, struct arena *a, const char **ret, struct err *err)
{
    struct search q = {.source = s};
    const char *cert, *key;
    if (!s->certificate) {
        if (!mark_file(a, s->cert_file, &cert, err) || !mark_file(a, s->key_file, &key, err))
            return false;
        *ret = arena_printf(a, "%s %s", cert, key);
        return true;
    }
    if (!store_read(s->store, search_mark, &q, err))
        return false;
    *ret = arena_printf(a, "%lld", (long long)q.mark);
    return true;
}

bool tls_source_load(struct tls_source *s, struct arena *a, bool always, struct http_tls **ret,
                     const char **ret_what, struct err *err)
{
    const char *mark;
    struct http_tls *tls = NULL;
    if (!mark_now(s, a, &mark, err))
        return false;
    *ret = NULL;
    if (!always && strcmp(mark, s->mark) == 0)
        return true;
    snprintf(s->mark, sizeof s->mark, "%s", mark); /* what fails is not tried again before it changes */
    if (!(s->certificate ? load_stored(s, a, &tls, ret_what, err) : load_files(s, a, &tls, ret_what, err)))
        return false;
    *ret = tls;
    return true;
}
