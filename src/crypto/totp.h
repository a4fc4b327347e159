/* totp.h - codes that change each half minute (RFC 6238, by liboath): six digits of HMAC-SHA1, as every app knows them. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

enum { TOTP_SECRET_BYTES = 20, TOTP_STEP_MS = 30000, TOTP_DIGITS = 6 };

struct secret *totp_make(struct arena *a); /* a new shared secret */

/* As people type it into an app: base32. */
must_use bool totp_text(struct arena *a, const struct secret *secret, struct secret **ret, struct err *err);

/* Whether the code is the one of now, or of the step before or after it, as clocks differ. A step up to used_step was used
 * already. *ret_step is what is used by it.
 */
bool totp_fits(const struct secret *secret, const char *code, int64_t now_ms, int64_t used_step,
               int64_t *ret_step);
