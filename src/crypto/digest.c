#include "crypto/digest.h"

#include "codec/text.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Hashing fails only when OpenSSL is broken or out of memory; going on would sign or store nonsense. */
static void must(bool done, const char *what)
{
    if (done)
        return;
    (void)fprintf(stderr, "certferry: %s failed\n", what);
    abort();
}

static const EVP_MD *digest_method(enum digest digest)
{
    switch (digest) {
    case DIGEST_MD5:
        return EVP_md5();
    case DIGEST_SHA1:
        return EVP_sha1();
    case DIGEST_SHA256:
        return EVP_sha256();
    }
    return NULL;
}

size_t digest_of(enum digest digest, const void *data, size_t size, unsigned char *out)
{
    unsigned written = 0;
    must(EVP_Digest(data, size, out, &written, digest_method(digest), NULL) == 1, "a digest");
    return written;
}

size_t hmac_of(enum digest digest, const void *key, size_t key_size, const void *data, size_t size,
               unsigned char *out)
{
    unsigned written = 0;
    /* A NULL key would mean "the key of last time" to OpenSSL. */
    const void *bytes = key_size ? key : "";
    must(HMAC(digest_method(digest), bytes, (int)key_size, data, size, out, &written), "an HMAC");
    return written;
}

char *sha256_hex(struct arena *a, const void *data, size_t size)
{
    unsigned char out[DIGEST_MAX_BYTES];
    return hex_encode(a, out, digest_of(DIGEST_SHA256, data, size, out));
}

char *hmac_sha256_hex(struct arena *a, const void *key, size_t key_size, const char *text)
{
    unsigned char out[DIGEST_MAX_BYTES];
    return hex_encode(a, out, hmac_of(DIGEST_SHA256, key, key_size, text, strlen(text), out));
}

void random_fill(void *out, size_t size)
{
    unsigned char *bytes = out;
    while (size) {
        ssize_t got = getrandom(bytes, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        must(got > 0, "getrandom");
        bytes += got;
        size -= (size_t)got;
    }
}

char *random_hex(struct arena *a, size_t bytes)
{
    unsigned char *data = arena_alloc(a, bytes);
    random_fill(data, bytes);
    return hex_encode(a, data, bytes);
}

int64_t random_id(void)
{
    uint64_t value = 0;
    while (!value) {
        random_fill(&value, sizeof value);
        value &= (UINT64_C(1) << 53) - 1;
    }
    return (int64_t)value;
}

double random_fraction(void)
{
    uint64_t value;
    random_fill(&value, sizeof value);
    return (double)(value >> 11) / (double)(UINT64_C(1) << 53);
}
