#include "crypto/totp.h"

#include "crypto/digest.h"
#include "crypto/password.h"
#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_SECONDS = TOTP_STEP_MS / 1000, STEPS_APART = 1 };

struct secret *totp_make(struct arena *a)
{
    unsigned char bytes[TOTP_SECRET_BYTES];
    random_fill(bytes, sizeof bytes);
    struct secret *made = secret_in(a, secret_new(bytes, sizeof bytes));
    explicit_bzero(bytes, sizeof bytes);
    return made;
}

bool totp_text(struct arena *a, const struct secret *secret, struct secret **ret, struct err *err)
{
    char *text = NULL;
    size_t size = 0;
    if (oath_base32_encode(secret_bytes(secret), secret_size(secret), &text, &size) != OATH_OK)
        return err_set(err, ERR_INTERNAL, "no memory for base32");
    *ret = secret_in(a, secret_new(text, size));
    explicit_bzero(text, size);
    free(text);
    return true;
}

static bool fits_step(const struct secret *secret, const char *code, int64_t step)
{
    char wanted[TOTP_DIGITS + 1] = "";
    bool made =
        step >= 0 && oath_totp_generate(secret_bytes(secret), secret_size(secret), step * STEP_SECONDS,
                                        STEP_SECONDS, 0, TOTP_DIGITS, wanted) == OATH_OK;
    return made && strlen(code) == TOTP_DIGITS && bytes_equal(code, wanted, TOTP_DIGITS);
}

bool totp_fits(const struct secret *secret, const char *code, int64_t now_ms, int64_t used_step,
               int64_t *ret_step)
{
    int64_t now = now_ms / TOTP_STEP_MS;
    for (int64_t step = now - STEPS_APART; step <= now + STEPS_APART; step++)
        if (step > used_step && fits_step(secret, code, step)) {
            *ret_step = step;
            return true;
        }
    return false;
}
