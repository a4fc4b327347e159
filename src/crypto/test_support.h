/* test_support.h - what the tests of crypto and cert share: a folder and an arena per test, the openssl command as a
 * second opinion, and certificates made on the fly. For tests only.
 */
#pragma once
#include "base/file.h"
#include "crypto/mint.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants those before it */
#include <cmocka.h>

#define DAY_MS INT64_C(86400000)
#define NOW_MS INT64_C(1795200000000) /* 2026-11-20 */

struct bench {
    struct arena *a;
    char folder[64];
    struct err err;
};

static inline int bench_begin(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    b->a = arena_new((size_t)256 << 20);
    *state = b;
    const char *const places[] = {getenv("TMPDIR"), "/tmp"};
    for (size_t i = 0; i < countof(places); i++) {
        (void)snprintf(b->folder, sizeof b->folder, "%s/certferry_test.XXXXXX",
                       places[i] ? places[i] : "/tmp");
        if (mkdtemp(b->folder))
            return 0;
    }
    return -1;
}

static inline int bench_end(void **state)
{
    struct bench *b = *state;
    int rc = system(arena_printf(b->a, "rm -rf '%s'", b->folder));
    arena_free(b->a);
    free(b);
    return rc;
}

#define bench_test(f) cmocka_unit_test_setup_teardown(f, bench_begin, bench_end)

static inline char *bench_path(struct bench *b, const char *name)
{
    return arena_printf(b->a, "%s/%s", b->folder, name);
}

/* Runs a shell command in the test's folder; the test fails when it does. */
static inline void bench_run(struct bench *b, const char *command)
{
    char *whole =
        arena_printf(b->a, "cd '%s' && { %s; } >out 2>&1 || { cat out; false; }", b->folder, command);
    if (system(whole) != 0)
        fail_msg("%s", command);
}

static inline void bench_write(struct bench *b, const char *name, const void *data, size_t size)
{
    if (!file_write(bench_path(b, name), data, size, 0600, &b->err))
        fail_msg("%s", b->err.text);
}

static inline char *bench_read(struct bench *b, const char *name, size_t *ret_size)
{
    char *data = NULL;
    if (!file_read(b->a, bench_path(b, name), 1 << 20, &data, ret_size, &b->err))
        fail_msg("%s", b->err.text);
    return data;
}

static inline struct secret *bench_secret(struct bench *b, const char *text)
{
    return secret_in(b->a, secret_new(text, strlen(text)));
}

static inline struct minted bench_mint(struct bench *b, const struct minted *issuer,
                                       struct mint_request request)
{
    struct minted made = {0};
    if (!request.not_after_ms) {
        request.not_before_ms = NOW_MS - 10 * DAY_MS;
        request.not_after_ms = NOW_MS + 80 * DAY_MS;
    }
    if (!request.key && request.key_type == KEY_RSA && !request.key_bits)
        request.key_type = KEY_ECDSA; /* RSA only where it is asked for: it is slow */
    if (!mint_certificate(b->a, issuer, &request, &made, &b->err))
        fail_msg("%s", b->err.text);
    return made;
}

/* Refused, with every one of the words in the sentence, and of kind ERR_INPUT. */
#define assert_refused(call, b, word)                                                                        \
    do {                                                                                                     \
        if (call)                                                                                            \
            fail_msg("taken, but \"%s\" was expected", word);                                                \
        assert_int_equal((b)->err.kind, ERR_INPUT);                                                          \
        if (!strstr((b)->err.text, word))                                                                    \
            fail_msg("refused as \"%s\", not for \"%s\"", (b)->err.text, word);                              \
    } while (0)
