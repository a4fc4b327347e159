/* digest.h - hashes, HMAC, random bytes. */
#pragma once
#include "base/arena.h"

enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 };
enum { DIGEST_MAX_BYTES = 32 };

/* Fills out (room for DIGEST_MAX_BYTES) and returns the size. */
size_t digest_of(enum digest digest, const void *data, size_t size, unsigned char *out);
size_t hmac_of(enum digest digest, const void *key, size_t key_size, const void *data, size_t size,
               unsigned char *out);

char *sha256_hex(struct arena *a, const void *data, size_t size); /* lower case */
char *hmac_sha256_hex(struct arena *a, const void *key, size_t key_size, const char *text);

void random_fill(void *out, size_t size);
char *random_hex(struct arena *a, size_t bytes);
int64_t random_id(void);      /* 1 to 2^53 - 1, for table rows */
double random_fraction(void); /* 0 <= x < 1, for jitter */
