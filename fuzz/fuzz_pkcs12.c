/* certificate_import on PKCS#12: the first byte chooses the password, the rest is the file. */
#include "cert/certificate.h"
#include "fuzz.h"

enum { ROUNDS_MAX = 2048 }; /* more would measure the key derivation, not us */

/* Whether an octet string of up to 127 bytes, as salts are, ends at this place. */
static bool follows_salt(const uint8_t *data, size_t at)
{
    for (size_t size = 0; size < 128 && size + 2 <= at; size++)
        if (data[at - size - 2] == 4 && data[at - size - 1] == size)
            return true;
    return false;
}

/* Whether an integer of two to four bytes stands behind a salt, as numbers of rounds do, and is too high. */
static bool is_slow(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 6 < size; i++) {
        uint32_t value = 0;
        if (data[i] != 2 || data[i + 1] < 2 || data[i + 1] > 4)
            continue;
        for (size_t byte = 0; byte < data[i + 1]; byte++)
            value = value << 8 | data[i + 2 + byte];
        if (value > ROUNDS_MAX && value <= PKCS12_ITERATIONS_MAX && follows_salt(data, i))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const passwords[] = {"pw", "", "wrong"};
    struct clock_manual clock = clock_manual_at(INT64_C(1795200000000));
    struct certificate cert;
    struct err err = {0};
    if (!size || is_slow(data, size))
        return 0;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    const char *password = passwords[data[0] % countof(passwords)];
    struct certificate_input input = {.pkcs12 = data + 1,
                                      .pkcs12_size = size - 1,
                                      .pkcs12_password = secret_in(a, secret_new(password, strlen(password))),
                                      .roots_path = "/nonexistent/roots.pem"};
    must(certificate_import(a, &input, &clock.clock, &cert, &err) || (err.kind == ERR_INPUT && *err.text));
    return 0;
}
