#include "cloud/session.h"

#include "codec/json.h"
#include "codec/name.h"
#include "crypto/digest.h"
#include "crypto/pem.h"
#include "crypto/x509.h"
#include <stdlib.h>
#include <string.h>

enum {
    FACT_BYTES = 1 << 20,
    FACT_TEXT_BYTES = FACT_BYTES / 4,
    NOT_FOUND_KEPT_MS = 600000,
    PAIR_BYTES = 128 << 10
};

const char *session_site(struct job *job)
{
    struct session *s = job->session;
    pthread_mutex_lock(&s->lock);
    const char *site = strcmp(s->keys->row.site, "china") == 0 ? "china" : "international";
    pthread_mutex_unlock(&s->lock);
    return site;
}

const char *session_account(struct job *job)
{
    struct session *s = job->session;
    pthread_mutex_lock(&s->lock);
    const char *account = arena_strdup(job->arena, s->keys->row.account_id);
    pthread_mutex_unlock(&s->lock);
    return account;
}

void session_regions(struct job *job, const char ***ret, size_t *ret_count)
{
    struct session *s = job->session;
    pthread_mutex_lock(&s->lock);
    const char *text = arena_strdup(job->arena, s->keys->row.regions);
    pthread_mutex_unlock(&s->lock);
    const struct json *list = NULL;
    *ret = NULL;
    *ret_count = 0;
    if (!*text || !json_parse(job->arena, text, strlen(text), &list, NULL))
        return;
    *ret = arena_array(job->arena, const char *, json_count(list) + 1);
    for (size_t i = 0; i < json_count(list); i++)
        (*ret)[(*ret_count)++] = json_str(json_item(list, i), "");
}

const char *session_get(struct job *job, const char *key)
{
    struct session *s = job->session;
    const char *found = NULL;
    pthread_mutex_lock(&s->lock);
    for (const struct note *n = s->notes; n && !found; n = n->next)
        if (n->value && strcmp(n->key, key) == 0)
            found = arena_strdup(job->arena, n->value);
    pthread_mutex_unlock(&s->lock);
    return found;
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (!made)
        abort();
    return made;
}

static struct note *add_note(struct session *s, const char *key)
{
    for (struct note *n = s->notes; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n;
    if (s->note_count >= NOTES_MAX)
        return NULL;
    struct note *n = calloc(1, sizeof *n);
    if (!n)
        abort();
    *n = (struct note){.next = s->notes, .key = copy(key)};
    s->notes = n;
    s->note_count++;
    return n;
}

void session_put(struct job *job, const char *key, const char *value)
{
    struct session *s = job->session;
    pthread_mutex_lock(&s->lock);
    struct note *n = add_note(s, key);
    if (n) {
        free(n->value);
        n->value = copy(value);
    }
    pthread_mutex_unlock(&s->lock);
}

const struct secret *session_get_secret(struct job *job, const char *key)
{
    struct session *s = job->session;
    const struct secret *found = NULL;
    pthread_mutex_lock(&s->lock);
    int64_t now_ms = clock_monotonic_ms(s->cloud->clock);
    for (const struct note *n = s->notes; n && !found; n = n->next)
        if (n->secret && strcmp(n->key, key) == 0 && now_ms < n->forget_ms)
            found = secret_in(job->arena, secret_copy(n->secret));
    pthread_mutex_unlock(&s->lock);
    return found;
}

void session_put_secret(struct job *job, const char *key, const struct secret *value, int64_t lasts_ms)
{
    struct session *s = job->session;
    pthread_mutex_lock(&s->lock);
    struct note *n = add_note(s, key);
    if (n) {
        secret_free(n->secret);
        n->secret = secret_copy(value);
        n->forget_ms = clock_monotonic_ms(s->cloud->clock) + lasts_ms;
    }
    pthread_mutex_unlock(&s->lock);
}

static struct bound copy_bound(struct arena *a, const struct bound *b)
{
    struct bound made = *b;
    const char **texts[] = {&made.slot,   &made.ref,      &made.name,  &made.fingerprint,
                            &made.serial, &made.key_type, &made.issuer};
    for (size_t i = 0; i < countof(texts); i++)
        *texts[i] = *texts[i] ? arena_strdup(a, *texts[i]) : "";
    made.names = arena_array(a, const char *, b->name_count + 1);
    for (size_t i = 0; i < b->name_count; i++)
        made.names[i] = arena_strdup(a, b->names[i]);
    return made;
}

static size_t slot_of(const char *ref)
{
    uint32_t hash = 2166136261u;
    for (; *ref; ref++)
        hash = (hash ^ (unsigned char)*ref) * 16777619u;
    return hash % FACT_SLOTS;
}

/* The place of the ref in its chain; the lock is held. */
static struct fact **find_fact(struct session *s, const char *ref)
{
    struct fact **place = &s->facts[slot_of(ref)];
    while (*place && strcmp((*place)->bound.ref, ref) != 0)
        place = &(*place)->next;
    return place;
}

static bool recall(struct job *job, struct bound *b)
{
    struct session *s = job->session;
    pthread_mutex_lock(&s->lock);
    const struct fact *f = *find_fact(s, b->ref);
    bool known = f && (!f->forget_ms || clock_monotonic_ms(s->cloud->clock) < f->forget_ms);
    if (known) {
        const char *slot = b->slot, *name = b->name;
        *b = copy_bound(job->arena, &f->bound);
        b->slot = slot;
        if (!*b->name && name)
            b->name = name;
    }
    pthread_mutex_unlock(&s->lock);
    return known;
}

static void remember(struct session *s, const struct bound *b, bool found)
{
    struct arena *a = arena_new(FACT_BYTES);
    struct fact *f = arena_make(a, struct fact);
    *f = (struct fact){.arena = a, .bound = copy_bound(a, b)};
    if (!found)
        f->forget_ms = clock_monotonic_ms(s->cloud->clock) + NOT_FOUND_KEPT_MS;
    pthread_mutex_lock(&s->lock);
    struct fact **place = find_fact(s, b->ref), *old = *place;
    if (old) {
        f->next = old->next;
        *place = f;
        arena_free(old->arena);
    } else if (s->fact_count < FACTS_MAX) {
        *place = f;
        s->fact_count++;
    } else
        arena_free(a);
    pthread_mutex_unlock(&s->lock);
}

/* Whether more is told of a certificate than any has: then it stays unknown. */
static bool too_large(const struct bound *b)
{
    const char *texts[] = {b->ref, b->name, b->fingerprint, b->serial, b->key_type, b->issuer};
    size_t size = 0;
    for (size_t i = 0; i < countof(texts); i++)
        size += texts[i] ? strlen(texts[i]) : 0;
    for (size_t i = 0; i < b->name_count && size <= FACT_TEXT_BYTES; i++)
        size += strlen(b->names[i]) + sizeof(max_align_t);
    return size > FACT_TEXT_BYTES;
}

/* What concerns the one certificate leaves it unknown; what concerns the access ends the work. */
static bool concerns_one(const struct err *err)
{
    return err->kind == ERR_NOT_FOUND || err->kind == ERR_PERMISSION || err->kind == ERR_INPUT ||
           (err->kind == ERR_VENDOR && !err->transient);
}

bool session_facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    const struct vendor *v = job->session->vendor;
    if (!v->facts || !*b->ref || too_large(b) || recall(job, b))
        return true;
    struct err why;
    struct bound found = *b;
    bool ok = v->facts(job, region, &found, &why);
    if (!ok && !concerns_one(&why)) {
        if (err)
            *err = why;
        return err_add(err, "certificate %s", b->ref);
    }
    ok = ok && !too_large(&found);
    if (ok)
        *b = found;
    remember(job->session, b, ok);
    return true;
}

static bool first_of_pem(struct arena *a, const char *pem, struct x509 *ret)
{
    struct pem_block block;
    unsigned char *der;
    size_t offset = 0, size;
    return pem_next(pem, strlen(pem), &offset, &block, NULL) && pem_is_certificate(&block) &&
           pem_decode(a, &block, &der, &size, NULL) && x509_parse(a, der, size, ret, NULL);
}

bool sha1_of_pem(struct arena *a, const char *pem, const char **ret)
{
    struct x509 cert;
    if (!first_of_pem(a, pem, &cert))
        return false;
    *ret = arena_strdup(a, cert.sha1);
    return true;
}

bool bound_of_pem(struct arena *a, const char *pem, struct bound *b)
{
    struct x509 cert;
    if (!first_of_pem(a, pem, &cert))
        return false;
    b->fingerprint = arena_strdup(a, cert.sha256);
    b->serial = cert.serial;
    b->issuer = cert.issuer;
    b->not_after_ms = cert.not_after_ms;
    b->key_type = key_type_name(cert.key_type);
    b->names = arena_array(a, const char *, cert.name_count + 1);
    b->name_count = 0;
    for (size_t i = 0; i < cert.name_count; i++)
        if (name_normalise(a, cert.names[i], true, &b->names[b->name_count], NULL))
            b->name_count++;
    if (!cert.name_count && *cert.common_name &&
        name_normalise(a, cert.common_name, true, &b->names[0], NULL))
        b->name_count = 1;
    return true;
}

static bool recall_pem(struct job *job, const char *digest, struct bound *b)
{
    struct session *s = job->session;
    pthread_mutex_lock(&s->lock);
    const struct fact *f = s->pems[slot_of(digest) % PEM_SLOTS];
    bool known = f && strcmp(f->bound.ref, digest) == 0;
    if (known) {
        struct bound kept = *b;
        *b = copy_bound(job->arena, &f->bound);
        b->slot = kept.slot;
        b->ref = kept.ref;
        b->name = kept.name;
    }
    pthread_mutex_unlock(&s->lock);
    return known;
}

static void remember_pem(struct session *s, const char *digest, const struct bound *b)
{
    struct arena *a = arena_new(FACT_BYTES);
    struct fact *f = arena_make(a, struct fact);
    struct bound named = *b;
    named.ref = digest;
    *f = (struct fact){.arena = a, .bound = copy_bound(a, &named)};
    pthread_mutex_lock(&s->lock);
    struct fact **place = &s->pems[slot_of(digest) % PEM_SLOTS], *old = *place;
    *place = f;
    if (old)
        arena_free(old->arena);
    pthread_mutex_unlock(&s->lock);
}

/* Taking a certificate apart costs more than the call that brought it; its digest says whether that was done before. */
static bool known_by_digest(struct job *job, const char *pem, struct bound *b)
{
    struct pem_block block;
    unsigned char *der;
    size_t offset = 0, size;
    if (!job->known_count || !pem_next(pem, strlen(pem), &offset, &block, NULL) ||
        !pem_is_certificate(&block) || !pem_decode(job->arena, &block, &der, &size, NULL))
        return false;
    const char *fingerprint = sha256_hex(job->arena, der, size);
    for (size_t i = 0; i < job->known_count; i++) {
        const struct bound *k = &job->known[i];
        if (strcmp(k->fingerprint, fingerprint) != 0 || !*k->serial || !*k->key_type || !k->not_after_ms)
            continue;
        struct bound kept = *b;
        *b = *k;
        b->slot = kept.slot;
        b->ref = kept.ref;
        b->name = kept.name;
        return true;
    }
    return false;
}

bool session_bound_of_pem(struct job *job, const char *pem, struct bound *b)
{
    const char *digest = sha256_hex(job->arena, pem, strlen(pem));
    if (recall_pem(job, digest, b) || known_by_digest(job, pem, b))
        return true;
    if (!bound_of_pem(job->arena, pem, b))
        return false;
    remember_pem(job->session, digest, b);
    return true;
}

bool facts_shown(struct job *job, const struct call *call, const char *region, const char *arguments,
                 const char *name, const char *pem, struct bound *b, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    struct answer answer;
    if (!cloud_call(&hidden, call, region, &answer, err, "%p", arguments))
        return false;
    b->name = arena_strdup(job->arena, json_get(answer.json, name));
    return bound_of_pem(job->arena, json_get(answer.json, pem), b) ||
           err_set(err, ERR_NOT_FOUND, "%s shows no certificate %s", call->operation, b->ref);
}

const char *pair_fingerprint(struct arena *a, const char *signing_pem, const char *encryption_pem)
{
    const char *texts[] = {signing_pem, encryption_pem};
    struct buf both = buf_new(a, PAIR_BYTES);
    for (size_t i = 0; i < countof(texts); i++) {
        struct pem_block block;
        unsigned char *der;
        size_t offset = 0, size;
        if (!pem_next(texts[i], strlen(texts[i]), &offset, &block, NULL) || !pem_is_certificate(&block) ||
            !pem_decode(a, &block, &der, &size, NULL))
            return NULL;
        buf_add(&both, der, size);
    }
    return both.full ? NULL : sha256_hex(a, both.data, both.size);
}
