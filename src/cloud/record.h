/* record.h - answers of reads, kept for people who compare them with what is documented: no keys, no signatures, no secrets,
 * and of a certificate its fingerprint alone.
 */
#pragma once
#include "cloud/call.h"

enum { RECORD_ANSWERS_MAX = 100, RECORD_BODY_BYTES = 256 << 10, RECORD_BYTES = 1 << 20 };

struct recorded {
    const struct call *call;
    const char *region; /* "" for global ones */
    long status;
    const char *body; /* redacted; "" where left_out says why there is none */
    const char *left_out;
};

struct record { /* of one job, by one thread; all of it is the arena's */
    struct arena *arena;
    struct recorded *answers;
    size_t count, capacity, bytes;
};

/* Keeps the answer; beyond RECORD_ANSWERS_MAX nothing, and of one that is too large or made to hold keys no body. */
void record_add(struct record *r, const struct call *call, const char *region, const struct http_answer *http,
                const struct secret *const *secrets, size_t secret_count);

/* JSON: an array of {service, operation, version, method, path, region, status, body, left_out}; the body as JSON where it is. */
char *record_json(struct arena *a, const struct record *r);
