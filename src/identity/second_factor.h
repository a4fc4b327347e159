/* second_factor.h - what somebody has besides knowing the password: an app's code, or one of ten codes on paper. */
#pragma once
#include "store/user.h"

enum { RECOVERY_CODES = 10 };

/* A new shared secret for the user, not asked for until it is confirmed. */
must_use bool second_factor_begin(struct db *db, struct arena *a, const struct user_row *user,
                                  struct secret **ret, struct err *err);

/* Whether the code fits: of the app, or of the paper. What is used up by it is used up in `user`, which the caller writes
 * (store_user_update) in the same write.
 */
must_use bool second_factor_use(struct db *db, struct arena *a, struct user_row *user, const char *code,
                                int64_t now_ms, bool *ret_fits, struct err *err);

/* The app shows the right code: from now on it is asked for. The codes for the paper are the arena's, and shown once. */
must_use bool second_factor_confirm(struct db *db, struct arena *a, struct user_row *user, const char *code,
                                    int64_t now_ms, const char **ret_codes, struct err *err);

/* In `user`, which the caller writes, and in the store. */
must_use bool second_factor_end(struct db *db, struct user_row *user, struct err *err);
